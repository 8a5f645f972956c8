//! Finds the columns and the values a question speaks of, whatever way it spells them.

use ringfence_pipeline::ports::{ColumnKind, ColumnRole};

use super::{
    query::Col,
    spelling::{derived, normal_words, plain_letters, singular, slips, slips_allowed, stem},
    view::View,
    vocabulary::{
        MONEY_WORDS, codes_of_country, countries_of, filler, is_common, known_words, phrases, same_concept,
        telling_words,
    },
    words::{self, Kind, Token},
};

/// What short codes stand for, in columns that hold few others.
const CODES: [(&[&str], &str); 8] = [
    (&["part time", "part timer"], "pt"),
    (&["full time", "full timer"], "ft"),
    (&["male", "man", "boy"], "m"),
    (&["female", "woman", "girl"], "f"),
    (&["man", "boy"], "male"),
    (&["woman", "girl"], "female"),
    (&["morning"], "am"),
    (&["afternoon"], "pm"),
];

/// Words of praise and size, which are part of a value only with the rest of it.
const VAGUE: [&str; 14] = [
    "good",
    "bad",
    "nice",
    "new",
    "old",
    "big",
    "small",
    "high",
    "low",
    "great",
    "large",
    "important",
    "interesting",
    "special",
];

/// Spans of time, which are no value of one of them.
const CALENDAR: [&str; 5] = ["days", "weeks", "months", "quarters", "years"];

/// Longest phrase, in words, that is compared with names and values.
const PHRASE_WORDS_MAX: usize = 7;

/// A name is meant in full from this score on.
pub(crate) const EXACT: u32 = 95;

/// Scores this close are no reason to prefer one column.
pub(crate) const TIE: u32 = 4;

/// Words that say nothing about which column is meant.
const EMPTY_WORDS: [&str; 30] = [
    "the", "of", "a", "an", "in", "and", "for", "per", "by", "to", "is", "on", "or", "at", "no", "not", "as",
    "from", "all", "with", "over", "under", "was", "are", "it", "we", "i", "than", "how", "what",
];

/// Units at the end of names, which say nothing of what is measured.
const UNITS: [&str; 10] = ["usd", "eur", "gbp", "chf", "pct", "percent", "kwh", "min", "sec", "km"];

/// More of them, by which alone a column may be called as well.
const WEIGHTS: [&str; 8] = ["second", "minute", "tonne", "ton", "kg", "litre", "liter", "hectare"];

/// Units in which something is measured, by which the one column that is in them may be called.
const MEASURES: [&str; 11] =
    ["kg", "tonne", "litre", "kwh", "mwh", "km", "mile", "hour", "minute", "hectare", "gram"];

/// What a rate may be per, behind a stroke.
const DIVISORS: [&str; 14] = [
    "kg", "tonne", "litre", "kwh", "km", "mile", "hour", "h", "day", "week", "month", "night", "unit",
    "piece",
];

/// Who they are that a column says by what they did: `Sold by`.
const ACTORS: [(&[&str], &[&str]); 5] = [
    (&["sold"], &["salesperson", "salesman", "seller", "rep", "agent"]),
    (
        &["done", "fixed", "repaired", "serviced", "performed", "completed"],
        &["mechanic", "technician", "engineer", "worker"],
    ),
    (&["taught", "led"], &["teacher", "instructor", "coach", "tutor"]),
    (&["written"], &["author", "writer"]),
    (&["driven", "delivered"], &["driver", "courier"]),
];

/// True for somebody who is called by what a column says that was done: "salesperson" of `Sold by`.
fn is_actor(word: &str, name: &[String]) -> bool {
    let [done, by] = name else { return false };
    by == "by"
        && ACTORS.iter().any(|(verbs, persons)| verbs.contains(&done.as_str()) && persons.contains(&word))
}

/// Where in the words of a name stands what it is per: `Price (\u{20ac}/kg)`.
fn divisor(raw: &str, name: &[String]) -> Option<usize> {
    let per = normal_words(raw.split_once('/')?.1).into_iter().next()?;
    let at = name.iter().rposition(|word| *word == per)?;
    (at > 0 && DIVISORS.contains(&per.as_str())).then_some(at)
}

/// A phrase that names a column, or several that it could mean, best first.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Mention {
    pub(crate) start: usize,
    pub(crate) end: usize,
    pub(crate) candidates: Vec<(Col, u32)>,
}

impl Mention {
    pub(crate) fn best(&self) -> u32 {
        self.candidates.iter().map(|(_, score)| *score).max().unwrap_or(0)
    }
}

/// A phrase that is a value of a column, or of several.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct ValueMention {
    pub(crate) start: usize,
    pub(crate) end: usize,
    pub(crate) candidates: Vec<(Col, String)>,
    /// The phrase is the whole value.
    pub(crate) exact: bool,
}

/// Figures that go by their first letters.
const ABBREVIATIONS: [&str; 14] =
    ["roas", "roi", "ctr", "cpc", "cpm", "cpa", "cpl", "cac", "aov", "ltv", "arpu", "ebit", "gmv", "mrr"];

/// Words of the question that are taken for others, as slips of the finger: as written, as read.
pub(crate) fn mend(tokens: &mut [Token], view: &View<'_>) -> Vec<(String, String)> {
    let mut names: Vec<String> = Vec::new();
    let mut values: Vec<String> = Vec::new();
    for column in &view.columns {
        names.extend(column.words.iter().cloned());
        if column.profile.kind == ColumnKind::Text {
            values.extend(column.profile.values.iter().flat_map(|value| normal_words(&value.value)));
        }
    }
    names.extend(view.names.iter().cloned());
    // What another table calls a column is no slip.
    let elsewhere: Vec<String> = view
        .tables
        .iter()
        .flat_map(|table| &table.columns)
        .flat_map(|column| normal_words(&column.name))
        .collect();
    let mut mended = Vec::new();
    let accented: Vec<&String> = names.iter().chain(&values).filter(|word| !word.is_ascii()).collect();
    for token in tokens.iter_mut().filter(|token| token.kind == Kind::Word) {
        if let Some(word) = accented.iter().find(|word| plain_letters(word).contains(&token.text)) {
            token.text.clone_from(word);
            token.raw.clone_from(word);
        }
    }
    let phrased = in_phrases(tokens);
    for (at, token) in tokens.iter_mut().enumerate() {
        if phrased[at] || token.kind != Kind::Word || !token.text.chars().all(char::is_alphabetic) {
            continue;
        }
        // What business abbreviates is no slip: ROAS is not "rows".
        if ABBREVIATIONS.contains(&token.text.as_str()) {
            continue;
        }
        let single = singular(&token.text);
        let stemmed = stem(&token.text);
        let known = |word: &str| *word == token.text || *word == single || stem(word) == stemmed;
        let text = [token.text.as_str()];
        if is_common(&token.text)
            || filler(&text) > 0
            || known_words().iter().any(|word| *word == token.text || *word == single)
            || names.iter().chain(&values).chain(&elsewhere).any(|word| known(word))
            || super::dates::month_of(&token.text).is_some()
            || super::dates::weekday_of(&token.text).is_some()
        {
            continue;
        }
        let allowed = slips_allowed(&token.text);
        // Within a sentence, a capital begins a name.
        let capital = at > 0
            && token.raw.chars().next().is_some_and(char::is_uppercase)
            && token.raw.chars().skip(1).any(char::is_lowercase);
        let vocabulary: Vec<String> = if capital {
            Vec::new()
        } else {
            telling_words().iter().map(|word| (*word).to_owned()).collect()
        };
        let nearest = [names.clone(), vocabulary, values.clone()]
            .into_iter()
            .enumerate()
            .flat_map(|(order, words)| words.into_iter().map(move |word| (order, word)))
            .filter(|(_, word)| word.chars().count() >= 3 && first_letters_fit(word, &token.text))
            .filter(|(order, word)| {
                // "film" is no slip in "file": of a word so short, letters are swapped or left out, not changed.
                let count = single.chars().count();
                *order == 0 || count > 4 || word.chars().count() > count || {
                    let letters = |word: &str| {
                        let mut letters: Vec<char> = word.chars().collect();
                        letters.sort_unstable();
                        letters
                    };
                    letters(word) == letters(&token.text) || letters(word) == letters(&single)
                }
            })
            .filter_map(|(order, word)| {
                // A short word is not meant by a long one with two slips.
                let allowed = allowed.min(slips_allowed(&word));
                let best = slips(&word, &token.text, allowed)
                    .into_iter()
                    .chain(slips(&word, &single, allowed))
                    .min();
                best.map(|slips| (slips, order, word))
            })
            .min();
        let nearest = nearest.map(|(_, _, word)| word).or_else(|| abbreviated(&token.text, &names));
        if let Some(word) = nearest {
            mended.push((token.raw.clone(), word.clone()));
            token.kind = words::kind(&word);
            token.text.clone_from(&word);
            token.raw = word;
        }
    }
    mended
}

/// Which words are part of a phrase that is known as a whole.
fn in_phrases(tokens: &[Token]) -> Vec<bool> {
    let words: Vec<&str> = tokens
        .iter()
        .map(|token| if token.kind == Kind::Quoted { "\"" } else { token.text.as_str() })
        .collect();
    let mut covered = vec![false; words.len()];
    for at in 0..words.len() {
        let known =
            phrases(&words[at..]).map(|(length, _)| length).max().unwrap_or(0).max(filler(&words[at..]));
        if known > 1 {
            covered[at..at + known].fill(true);
        }
    }
    covered
}

/// True for a part of a name that says of what there are kinds: "people" are no `Member type`.
fn is_kind_of(name: &[String], part: &str) -> bool {
    name.last().is_some_and(|last| {
        last != part && ["type", "status", "kind", "level", "group"].contains(&last.as_str())
    })
}

/// True for a name of somebody: `Name`, `First name`, `Customer name`, but not `Class name`.
fn is_of_person(name: &[String]) -> bool {
    const OTHER: [&str; 12] = [
        "class", "product", "item", "file", "sheet", "event", "course", "company", "project", "campaign",
        "brand", "city",
    ];
    !name.iter().any(|word| OTHER.contains(&word.as_str()))
}

/// True for a head in capitals that is the beginning of a word, or begins with it: `UNEMP`, `COUNCILDIST`.
fn abbreviates(head: &str, word: &str) -> bool {
    let capitals = head.chars().count() > 2 && head.chars().all(|char| char.is_ascii_uppercase());
    let head = head.to_lowercase();
    capitals
        && (word.len() > head.len() + 1 && word.starts_with(&head)
            || word.len() > 4 && head.len() > word.len() + 1 && head.starts_with(word))
}

/// True for a part of a name that is how a word begins: `dest` for destination, `pop` for population.
fn shortens(part: &str, word: &str) -> bool {
    (3..=6).contains(&part.chars().count())
        && word.chars().count() >= part.chars().count() + 3
        && word.starts_with(part)
        && !word.ends_with("est")
        && !is_common(word)
        && filler(&[word]) == 0
        && phrases(&[word]).next().is_none()
}

/// True for a part of a name that is a word without some of its vowels: `bathrm` for bathroom, `amnt` for amount.
fn contracts(part: &str, word: &str) -> bool {
    let plain = |word: &str| word.chars().filter(|char| !"aeiou".contains(*char)).collect::<String>();
    // `mfr` for manufacturer, `qty` for quantity
    let mut letters = word.chars();
    let skeleton = part.len() > 2
        && plain(part) == part
        && word.len() >= 2 * part.len()
        && part.chars().last() == word.chars().last()
        && part.chars().next() == word.chars().next()
        && part.chars().all(|letter| letters.any(|one| one == letter));
    skeleton && !is_common(word) && filler(&[word]) == 0
        || part.len() > 3
            && part.len() < word.len()
            && part.chars().next() == word.chars().next()
            && plain(part) == plain(word)
            && plain(part).len() > 2
            && part.chars().filter(|char| "aeiou".contains(*char)).count() * 2
                <= word.chars().filter(|char| "aeiou".contains(*char)).count()
}

/// True if a short word is made of the first letters of a name: `mpg` of `Miles_per_Gallon`.
fn is_initials(word: &str, name: &[String]) -> bool {
    (3..=5).contains(&name.len())
        && word.chars().count() == name.len()
        && word.chars().zip(name).all(|(letter, part)| part.starts_with(letter))
}

/// The one name that a short form stands for: `rev` for revenue, `amt` for amount.
fn abbreviated(short: &str, names: &[String]) -> Option<String> {
    let length = short.chars().count();
    let stands_for = |name: &&String| {
        let mut letters = name.chars();
        let in_order = short.chars().all(|letter| letters.any(|one| one == letter));
        let ends = name.chars().next() == short.chars().next() && name.chars().last() == short.chars().last();
        name.chars().count() > length && (name.starts_with(short) || (ends && in_order && length <= 5))
    };
    let mut found: Vec<&String> = names.iter().filter(stands_for).collect();
    found.sort_unstable();
    found.dedup();
    match found[..] {
        [one] if length >= 3 => Some(one.clone()),
        _ => None,
    }
}

/// People rarely miss the first letter.
fn first_letters_fit(left: &str, right: &str) -> bool {
    let first = |word: &str| word.chars().next();
    let second = |word: &str| word.chars().nth(1);
    first(left) == first(right) || (first(left) == second(right) && second(left) == first(right))
}

/// True if the phrase can be a name: words and marks that stand in names.
fn is_phrase(phrase: &[Token]) -> bool {
    let (Some(first), Some(last)) = (phrase.first(), phrase.last()) else { return false };
    let inner = |token: &Token| match token.kind {
        Kind::Mark(mark) => matches!(mark, '_' | '-' | '(' | ')' | '/' | '%' | '.' | '&' | '#' | ':' | '\''),
        Kind::Quoted => phrase.len() == 1,
        _ => true,
    };
    let outer = matches!(first.kind, Kind::Mark(_))
        || matches!(last.kind, Kind::Mark(mark) if mark != ')' && mark != '%');
    let closed = !last.is_mark(')') || phrase.iter().any(|token| token.is_mark('('));
    !outer && closed && phrase.iter().all(inner)
}

fn phrase_words(phrase: &[Token]) -> Vec<String> {
    let plain = |token: &Token| {
        let raw = token
            .raw
            .strip_suffix("'s")
            .or_else(|| token.raw.strip_suffix("\u{2019}s"))
            .filter(|_| token.kind == Kind::Word);
        normal_words(raw.unwrap_or(&token.raw))
    };
    phrase.iter().flat_map(plain).collect()
}

/// Name words without those in brackets: `Term (months)` is called `term`.
fn short_name(name: &str) -> Vec<String> {
    name.split_once('(').map(|(short, _)| normal_words(short)).unwrap_or_default()
}

/// How well a phrase names a column, 0 to 100.
fn score(words: &[String], raw: &str, view: &View<'_>, col: Col) -> u32 {
    let Some(column) = view.columns.get(col) else { return 0 };
    let name = &column.words;
    if name.is_empty() || words.is_empty() {
        return 0;
    }
    if *name == *words {
        return if column.profile.name == raw { 100 } else { 99 };
    }
    if let [word] = words
        && (is_initials(word, name) || is_actor(word, name))
    {
        return 96;
    }
    let joined = words.concat();
    if name.concat() == joined || singular(&name.concat()) == joined {
        return 98;
    }
    // `gdpPercap` for "gdp per capita"
    let more = joined.len().saturating_sub(name.concat().len());
    if words.len() > 1
        && name.len() > 1
        && joined.starts_with(&name.concat())
        && words.last().is_some_and(|last| last.len() > more + 2)
    {
        return 96;
    }
    if short_name(&column.profile.name) == *words {
        return 97;
    }
    // Where months are columns, `Oct 2026` is called October.
    if let [word] = words
        && view.month(col).is_some()
        && view.month(col) == super::dates::month_of(word)
    {
        return 96;
    }
    // "expected to close" of `Expected close`, "closing date" of `Closing`.
    let small = |word: &&String| !EMPTY_WORDS.contains(&word.as_str());
    let ends = [words.first(), words.last()].into_iter().flatten().all(|word| small(&word));
    // "downtime by reason" is no `Downtime reason`.
    let apart = words.iter().any(|word| {
        ["no", "by", "per"].contains(&word.as_str())
            && !name.contains(word)
            && !(word == "per" && column.profile.name.contains('/'))
    });
    if ends && !apart && words.len() > name.len() && name.len() > 1 && words.iter().filter(small).eq(name) {
        return 96;
    }
    if view.kind(col) == ColumnKind::Date
        && [words.strip_suffix(&["date".to_owned()]), words.strip_prefix(&["date".to_owned()])]
            .into_iter()
            .flatten()
            .any(|rest| {
                rest == name.as_slice()
                    || matches!((rest, &name[..]), ([said], [own]) if said.len() > 3 && stem(said) == stem(own))
            })
    {
        return 97;
    }
    // `yield_tonnes` is called yield.
    if let Some(rest) = name.strip_prefix(words)
        && rest.iter().all(|word| UNITS.contains(&word.as_str()) || WEIGHTS.contains(&word.as_str()))
    {
        return 96;
    }
    // Marks join the words of a name: "sales - cost" is computed, "sales cost" may be called so.
    let marked = raw.contains(" - ") || raw.contains(" / ") || raw.contains(" ( ");
    if marked && !name.windows(words.len()).any(|part| part == words) {
        return 0;
    }
    let telling = words.iter().all(|word| {
        !EMPTY_WORDS.contains(&word.as_str())
            && word.chars().any(char::is_alphabetic)
            && word.chars().count() > 1
    });
    if !telling {
        return 0;
    }
    // A name that is a whole question is called by what it asks about.
    let weighty = |word: &&String| {
        !EMPTY_WORDS.contains(&word.as_str())
            && !["you", "us", "your", "our", "do", "did", "likely"].contains(&word.as_str())
            && word.chars().any(char::is_alphabetic)
    };
    let length = if name.len() > 5 { name.iter().filter(weighty).count().max(1) } else { name.len() };
    let share = |matched: usize| u32::try_from(30 * matched / length.max(matched)).unwrap_or(0);
    // What a rate is per says nothing of how many there are: "nights" for `Rate per night`.
    let per = name
        .iter()
        .position(|word| word == "per")
        .or_else(|| divisor(&column.profile.name, name))
        .unwrap_or(name.len());
    let within = words.iter().filter(|word| name[..per].contains(word)).count();
    if within == 0 && per < name.len() && words.iter().any(|word| name.contains(word)) {
        return 0;
    }
    // "kg" is what `Quantity (kg)` holds.
    if let [word] = words
        && within == 1
        && name.last() == Some(word)
        && MEASURES.contains(&word.as_str())
        && view.is_measure(col)
    {
        return 62;
    }
    if within == words.len() {
        // "cost" is rather `Unit Cost` than "unit" is.
        let head = name
            .iter()
            .rev()
            .find(|word| word.chars().count() > 2 && *word != "date" && !UNITS.contains(&word.as_str()))
            .is_some_and(|last| words.contains(last))
            || before_what_was_done(name).is_some_and(|thing| words.contains(thing))
            || short_name(&column.profile.name).last().is_some_and(|last| words.contains(last));
        let adjective = words.len() == 1 && words[0] == "unit";
        return if head {
            60 + share(within)
        } else if adjective {
            0
        } else {
            44 + share(within)
        };
    }
    // A word for another table's rows before a name: "customer city".
    let rest: Vec<String> = words.iter().skip_while(|word| view.names.contains(word)).cloned().collect();
    if !rest.is_empty() && rest.len() < words.len() && rest == *name {
        return 96;
    }
    let plural_value = raw.eq_ignore_ascii_case("values");
    // "answer rate" is of no `Rating`.
    if words.iter().any(|word| word == "rate" && !name.contains(word)) {
        return 0;
    }
    let matches = |word: &String| {
        if name.contains(word)
            || column.meanings.contains(&word.as_str())
            || name
                .iter()
                .any(|part| part.chars().count() > 3 && stem(part) == stem(word) && word.chars().count() > 3)
        {
            2
        } else {
            u32::from(
                column.meanings.iter().any(|part| same_concept(part, word))
                    || name.iter().any(|part| {
                        derived(part, word)
                            || shortens(part, word) && (words.len() > 1 || name.len() == 1)
                            || contracts(part, word)
                    })
                    || name.iter().any(|part| {
                        same_concept(part, word)
                            && (part != "name" || is_of_person(name))
                            && !is_kind_of(name, part)
                    })
                    || (MONEY_WORDS.contains(&word.as_str()) && !plural_value && is_money(view, col)),
            )
        }
    };
    let points: Vec<u32> = words.iter().map(matches).collect();
    if let [word] = words
        && points == [0]
        && abbreviates(&column.profile.name, word)
        && (0..view.columns.len()).filter(|one| abbreviates(&view.columns[*one].profile.name, word)).count()
            == 1
    {
        return 61;
    }
    if points.contains(&0) {
        return 0;
    }
    let strong = points.iter().filter(|point| **point == 2).count() == points.len();
    if strong { 55 + share(words.len()) } else { 30 + share(words.len()) * 5 / 6 }
}

/// What a name is about that says last what was done: the units of `Units produced`.
fn before_what_was_done(name: &[String]) -> Option<&String> {
    let [.., thing, done] = name else { return None };
    let did = done.len() > 4 && done.ends_with("ed") || ["sold", "made", "built"].contains(&done.as_str());
    did.then_some(thing)
}

/// True for money of the rows themselves: what stands in a list that is joined with them is of something else.
fn is_money(view: &View<'_>, col: Col) -> bool {
    let own = view.columns[col].table == view.base;
    let percent = view
        .profile(col)
        .is_some_and(|profile| profile.unit.as_deref() == Some("%") || profile.name.contains('%'));
    own && view.role(col) == ColumnRole::Amount && view.is_measure(col) && !percent
}

/// Every mention of a column, longest and most exact first, without overlaps, in the order of the question.
pub(crate) fn columns(tokens: &[Token], view: &View<'_>, blocked: &[bool]) -> Vec<Mention> {
    let mut found: Vec<Mention> = Vec::new();
    for least in [EXACT, 36] {
        for length in (1..=PHRASE_WORDS_MAX.min(tokens.len())).rev() {
            for start in 0..=tokens.len() - length {
                let end = start + length;
                let free = found.iter().all(|mention| end <= mention.start || mention.end <= start);
                if !free || blocked[start..end].contains(&true) || !is_phrase(&tokens[start..end]) {
                    continue;
                }
                // "which employees earn over 4000" is of the table of employees, not of a budget for staff.
                let other = |token: &Token| {
                    let word = singular(&token.text);
                    (word != token.text || word == "staff") && view.others.contains(&word)
                };
                if least < EXACT && length == 1 && other(&tokens[start]) {
                    continue;
                }
                let candidates = named(&tokens[start..end], view, least);
                let ends = [&tokens[start], &tokens[end - 1]];
                let verb = least < EXACT
                    && ends.iter().any(|token| {
                        let named = |col: usize| {
                            let word = singular(&token.text);
                            let column = &view.columns[col];
                            column.words.contains(&word) || column.meanings.contains(&word.as_str())
                        };
                        is_vocabulary(token)
                            && (length == 1 || !candidates.iter().any(|(col, _)| named(*col)))
                    });
                if !candidates.is_empty() && !verb {
                    found.push(Mention { start, end, candidates });
                }
            }
        }
    }
    found.sort_by_key(|mention| mention.start);
    beside_names(found, tokens)
}

/// "satisfaction score": a word for the column that is named in full beside it names no other.
fn beside_names(mut found: Vec<Mention>, tokens: &[Token]) -> Vec<Mention> {
    let kinds: Vec<bool> =
        tokens.iter().map(|token| token.is_any(&["type", "types", "kind", "method"])).collect();
    let mut at = 0;
    while at + 1 < found.len() {
        let (left, right) = (&found[at], &found[at + 1]);
        let weaker = if left.best() >= EXACT && right.best() < 60 {
            Some(at + 1)
        } else if right.best() >= EXACT && left.best() < 60 {
            Some(at)
        } else {
            None
        };
        let shares = |weak: &Mention, strong: &Mention| {
            strong.candidates.iter().any(|(col, _)| weak.candidates.iter().any(|(one, _)| one == col))
        };
        // "payment type" beside `Payment`, though another column says of what type.
        let kind = |weak: usize| weak == at + 1 && right.end == right.start + 1 && kinds[right.start];
        match weaker.filter(|weak| {
            left.end == right.start && (shares(&found[*weak], &found[2 * at + 1 - weak]) || kind(*weak))
        }) {
            Some(weak) => {
                let weak = found.remove(weak);
                found[at].start = found[at].start.min(weak.start);
                found[at].end = found[at].end.max(weak.end);
            }
            None => at += 1,
        }
    }
    found
}

/// True if a single word has a use of its own that is stronger than being part of a name.
fn is_vocabulary(token: &Token) -> bool {
    use super::vocabulary::Class;
    phrases(&[token.text.as_str()]).any(|(_, class)| {
        !matches!(
            class,
            Class::Unpaid
                | Class::Paid
                | Class::Late
                | Class::Profit
                | Class::Margin
                | Class::Row
                | Class::Overdue
                | Class::Parse
                | Class::List
                | Class::Growth
                | Class::Have
                | Class::Everything
        )
    }) || ["month", "year", "name", "day", "list", "open", "given", "date's"].contains(&token.text.as_str())
}

fn named(phrase: &[Token], view: &View<'_>, least: u32) -> Vec<(Col, u32)> {
    let raw = phrase.iter().map(|token| token.raw.as_str()).collect::<Vec<_>>().join(" ");
    let words = phrase_words(phrase);
    let quoted = matches!(phrase, [token] if token.kind == Kind::Quoted);
    let mut found: Vec<(Col, u32)> = (0..view.columns.len())
        .map(|col| (col, score(&words, &raw, view, col)))
        .filter(|(col, score)| {
            *score >= least
                && (!quoted
                    || (*score >= EXACT && view.columns[*col].profile.name.eq_ignore_ascii_case(&raw)))
        })
        .collect();
    found.sort_by_key(|(_, score)| std::cmp::Reverse(*score));
    found.truncate(12);
    found
}

/// Every mention of a value, longest first, without overlaps, in the order of the question.
pub(crate) fn values(tokens: &[Token], view: &View<'_>, blocked: &[bool]) -> Vec<ValueMention> {
    let known: Vec<(Col, &str, Vec<String>)> = view
        .of_kind(ColumnKind::Text)
        .flat_map(|col| {
            let values = view.profile(col).map(|profile| profile.values.as_slice()).unwrap_or_default();
            values.iter().map(move |value| (col, value.value.as_str(), normal_words(&value.value)))
        })
        .filter(|(_, _, words)| !words.is_empty())
        .collect();
    let mut found: Vec<ValueMention> = Vec::new();
    for exact in [true, false] {
        for length in (1..=PHRASE_WORDS_MAX.min(tokens.len())).rev() {
            for start in 0..=tokens.len() - length {
                let end = start + length;
                let free = found.iter().all(|mention| end <= mention.start || mention.end <= start);
                if !free || blocked[start..end].contains(&true) || !is_phrase(&tokens[start..end]) {
                    continue;
                }
                let said = is_said_of_rows(tokens, start, end, view);
                let mut candidates = matching(&tokens[start..end], &known, view, exact, said);
                candidates.dedup();
                // "progress of the website" is no state `In progress`.
                if !exact && length == 1 && tokens.get(end).is_some_and(|token| token.is("of")) {
                    candidates.clear();
                }
                if !candidates.is_empty() {
                    found.push(ValueMention { start, end, candidates, exact });
                }
            }
        }
    }
    for (start, spent) in blocked.iter().enumerate() {
        let free = found.iter().all(|mention| start < mention.start || mention.end <= start);
        let candidates = if free && !spent { done(tokens, start, view) } else { Vec::new() };
        if !candidates.is_empty() {
            found.push(ValueMention { start, end: start + 1, candidates, exact: false });
        }
    }
    found.sort_by_key(|mention| mention.start);
    found
}

/// The states that a word of the same family says: "did she complete", "cancellations", "privately" of `Completed`,
/// `Cancelled` and `Private`. What may stand beside anything counts only where nothing follows that it could be of.
fn done(tokens: &[Token], start: usize, view: &View<'_>) -> Vec<(Col, String)> {
    let token = &tokens[start];
    let said = singular(&token.text);
    if let Some(irregular) = won_or_lost(tokens, start, view).or_else(|| bought_or_sold(token, view)) {
        return irregular;
    }
    let small = filler(&[token.text.as_str()]) > 0;
    let closed = tokens.get(start + 1).is_none_or(|next| {
        matches!(next.kind, Kind::Mark('?' | '.' | ','))
            || next.is_any(&[
                "and", "or", "in", "by", "per", "on", "last", "this", "since", "before", "after", "rate",
            ])
    });
    let plain = token.kind == Kind::Word
        && said.chars().count() > 4
        && phrases(&[token.text.as_str()]).next().is_none()
        && (!small || closed && (start > 1 || tokens.get(start + 1).is_some_and(|next| next.is("rate"))))
        && !view.is_named(&said)
        && !view.columns.iter().any(|column| column.words.contains(&said));
    if !plain {
        return Vec::new();
    }
    let family = |value: &str| {
        let words = normal_words(value);
        let [state] = &words[..] else { return false };
        let verb = state.ends_with("ed") && stem(state) == stem(&said);
        // "foggy", "sunny"
        let weather = said.strip_suffix('y').is_some_and(|noun| {
            noun == state
                || noun.len() > 3
                    && state
                        .chars()
                        .last()
                        .is_some_and(|last| noun.strip_suffix(last) == Some(state.as_str()))
        });
        weather
            || verb
            || (state.ends_with("ed") && derived(state, &said))
            || said.strip_suffix("ly") == Some(state)
    };
    let mut found: Vec<(Col, String)> = Vec::new();
    for col in view.of_kind(ColumnKind::Text).filter(|col| view.role(*col) == ColumnRole::Category) {
        let values = view.profile(col).map(|profile| profile.values.as_slice()).unwrap_or_default();
        found.extend(
            values.iter().filter(|value| family(&value.value)).map(|value| (col, value.value.clone())),
        );
    }
    if found.len() == 1 { found } else { Vec::new() }
}

/// "how many deals did we win", "win rate", "what have we lost": of a state `Won`, `Lost` or `Closed won`.
fn won_or_lost(tokens: &[Token], start: usize, view: &View<'_>) -> Option<Vec<(Col, String)>> {
    const FORMS: [(&str, &str); 6] = [
        ("win", "won"),
        ("wins", "won"),
        ("winning", "won"),
        ("lose", "lost"),
        ("losing", "lost"),
        ("losses", "lost"),
    ];
    let token = &tokens[start];
    let (said, state) = FORMS.into_iter().find(|(said, _)| token.is(said))?;
    if view.columns.iter().any(|column| column.words.iter().any(|word| word == said)) {
        return None;
    }
    let mut found = Vec::new();
    for col in view.of_kind(ColumnKind::Text).filter(|col| view.role(*col) == ColumnRole::Category) {
        let values = view.profile(col).map(|profile| profile.values.as_slice()).unwrap_or_default();
        let is = |value: &str| {
            let words = normal_words(value);
            words.last().is_some_and(|word| word == state)
                && words[..words.len() - 1].iter().all(|word| word == "closed")
        };
        found.extend(values.iter().filter(|value| is(&value.value)).map(|value| (col, value.value.clone())));
    }
    (found.len() == 1).then_some(found)
}

/// How the two sides of a trade are written.
const SIDES: [&[&str]; 2] = [&["buy", "bought", "purchase"], &["sell", "sold", "sale"]];

/// The column that says of each row whether it was bought or sold, with both values.
pub(crate) fn side_of_trade(view: &View<'_>) -> Option<(Col, [String; 2])> {
    view.of_kind(ColumnKind::Text).find_map(|col| {
        let profile = view.profile(col).filter(|profile| profile.all_values && profile.distinct <= 3)?;
        let written = |words: &[&str]| {
            let value = profile.values.iter().find(
                |value| matches!(&normal_words(&value.value)[..], [one] if words.contains(&one.as_str())),
            )?;
            Some(value.value.clone())
        };
        Some((col, [written(SIDES[0])?, written(SIDES[1])?]))
    })
}

/// "how many shares did I buy", "value of purchases", where a row is of one side of a trade.
fn bought_or_sold(token: &Token, view: &View<'_>) -> Option<Vec<(Col, String)>> {
    const FORMS: [&[&str]; 2] = [
        &["buy", "buys", "bought", "buying", "purchase", "purchases", "purchased"],
        &["sell", "sells", "sold", "selling", "sale", "sales"],
    ];
    let side = FORMS.iter().position(|forms| token.is_any(forms))?;
    let (col, values) = side_of_trade(view)?;
    Some(vec![(col, values[side].clone())])
}

/// True where a word that may say nothing can only be a value: "are done", "done tasks", "a breakdown".
fn is_said_of_rows(tokens: &[Token], start: usize, end: usize, view: &View<'_>) -> bool {
    let next = tokens.get(end);
    let rows = next.is_some_and(|token| view.is_named(&token.text));
    let closed = next.is_none_or(|token| {
        matches!(token.kind, Kind::Mark('?' | '.' | ',')) || token.is_any(&["and", "or", "in", "per"])
    });
    let stated = start > 0
        && tokens[start - 1].is_any(&["is", "are", "was", "were", "be", "been", "not", "a", "an", "already"]);
    // "adults from work", "preventive vs breakdown hours"
    let from = start > 0 && tokens[start - 1].is("from") && next.is_none_or(|token| token.is_mark('?'));
    let set = [start.checked_sub(1).and_then(|before| tokens.get(before)), next]
        .into_iter()
        .flatten()
        .any(|token| token.is_any(&["vs", "versus"]));
    rows || (stated && closed) || from || set
}

fn matching(
    phrase: &[Token],
    known: &[(Col, &str, Vec<String>)],
    view: &View<'_>,
    exact: bool,
    said_of_rows: bool,
) -> Vec<(Col, String)> {
    let words = phrase_words(phrase);
    let Some(first) = phrase.first() else { return Vec::new() };
    let lettered = words.iter().any(|word| word.chars().any(char::is_alphabetic));
    if words.is_empty() || (!lettered && words.len() < 2 && first.kind != Kind::Quoted) {
        return Vec::new();
    }
    let capital = first.raw.chars().next().is_some_and(char::is_uppercase);
    let pick = |fits: &dyn Fn(&[String]) -> bool| -> Vec<(Col, String)> {
        known
            .iter()
            .filter(|(_, _, value)| fits(value))
            .map(|(col, value, _)| (*col, (*value).to_owned()))
            .collect()
    };
    if exact {
        let joined = words.concat();
        let mut found =
            pick(&|value| *value == *words || (value.len() != words.len() && value.concat() == joined));
        // "No" and "on" are rarely values; "is" never.
        let small =
            phrase.len() == 1 && first.kind == Kind::Word && first.text.chars().count() <= 3 && !capital;
        let plain = phrase.len() == 1 && first.kind == Kind::Word && filler(&[first.text.as_str()]) > 0;
        // "days" are no shift that is called `Day`.
        if phrase.len() == 1 && !capital && CALENDAR.contains(&first.text.as_str()) {
            found.clear();
        }
        if small && (filler(&[first.text.as_str()]) > 0 || phrases(&[first.text.as_str()]).next().is_some())
            || (plain && !capital && !said_of_rows)
        {
            found.clear();
        }
        if found.is_empty() {
            let said = words.join(" ");
            let codes: Vec<&str> = CODES
                .iter()
                .filter(|(names, _)| names.contains(&said.as_str()))
                .map(|(_, code)| *code)
                .collect();
            let few = |col: &Col| view.profile(*col).is_some_and(|profile| profile.distinct <= 6);
            found = pick(&|value| matches!(value, [one] if codes.contains(&one.as_str())));
            found.retain(|(col, _)| few(col));
        }
        if found.is_empty() {
            let codes = codes_of_country(&words.join(" "));
            let place = |col: &Col| {
                view.columns[*col]
                    .words
                    .iter()
                    .any(|word| ["country", "nation", "market"].contains(&word.as_str()))
            };
            found = pick(&|value| matches!(value, [one] if codes.contains(&one.as_str())));
            found.retain(|(col, _)| place(col));
        }
        if found.is_empty()
            && let [word] = &words[..]
        {
            let countries: Vec<&str> = countries_of(word).collect();
            found = pick(&|value| countries.contains(&value.join(" ").as_str()));
        }
        return found;
    }
    // Part of a value: only what looks like a name and means one value, or one word of a single column.
    let telling = words.iter().all(|word| word.chars().count() > 2 && filler(&[word.as_str()]) == 0);
    let vocabulary = phrase.len() == 1
        && (phrases(&[first.text.as_str()]).next().is_some()
            || super::dates::month_of(&first.text).is_some());
    if !telling || vocabulary {
        return Vec::new();
    }
    if words.iter().any(|word| VAGUE.contains(&word.as_str())) && phrase.len() == 1 {
        return Vec::new();
    }
    // "vans" in a workbook of vans are no part of the number plate `LN21 VAN`.
    let noun = |word: &String| view.tables.iter().any(|table| super::view::table_words(table).contains(word));
    if words.iter().all(noun) {
        return Vec::new();
    }
    let found = pick(&|value| words.iter().all(|word| value.contains(word)));
    let names_column = words.iter().any(|word| view.columns.iter().any(|column| column.words.contains(word)));
    if found.len() == 1 && !names_column { found } else { Vec::new() }
}
