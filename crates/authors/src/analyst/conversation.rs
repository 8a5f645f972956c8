//! What is remembered of a question, and how the next one continues it.

use ringfence_pipeline::ports::{Assignment, Turn};
use serde::{Deserialize, Serialize};

use super::{
    dates,
    parse::{Choice, Partial},
    query::{Agg, Chart, Cmp, Expr, Filter, Measure, Query, Task},
    spelling::{normal_words, slips},
    view::View,
    words::Token,
};

/// Most choices that are remembered.
const CHOICES_MAX: usize = 8;

/// Longest question that is remembered, in bytes.
const QUESTION_BYTES_MAX: usize = 1000;

/// What the analyst wants to be shown with the next question.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(crate) struct Memory {
    /// Of which tables it speaks; with others it is worth nothing.
    pub(crate) tables: u64,
    /// The table, and those it was joined with.
    pub(crate) view: (usize, Vec<usize>),
    pub(crate) query: Option<Query>,
    pub(crate) pending: Option<Pending>,
}

/// A question that was asked back.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Pending {
    /// The person's question.
    pub(crate) question: String,
    /// What was chosen before.
    pub(crate) choices: Vec<Choice>,
    pub(crate) options: Vec<(String, Choice)>,
}

/// A number that is the same for the same names of tables and columns.
pub(crate) fn fingerprint(assignment: &Assignment) -> u64 {
    let mut hash = 0xcbf2_9ce4_8422_2325_u64;
    let mut add = |text: &str| {
        for byte in text.bytes().chain([0]) {
            hash = (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3);
        }
    };
    for table in &assignment.tables {
        add(&table.name());
        table.columns.iter().for_each(|column| add(&column.name));
    }
    // JSON's numbers are exact to 53 bits everywhere.
    hash >> 11
}

/// What was remembered of the newest earlier question that is of the same tables.
pub(crate) fn recall(assignment: &Assignment, views: &[View<'_>]) -> Option<Memory> {
    let read = |turn: &Turn| serde_json::from_value::<Memory>(turn.memory.clone()?).ok();
    let tables = fingerprint(assignment);
    let newest = assignment.earlier.last().and_then(read);
    let known = newest.or_else(|| assignment.earlier.iter().rev().take(3).find_map(read))?;
    let fits = |view: &View<'_>| known.query.as_ref().is_none_or(|query| query.fits(view));
    (known.tables == tables && view_of(&known, views).is_some_and(fits)).then_some(known)
}

/// The view that a memory speaks of.
pub(crate) fn view_of<'a, 'b>(memory: &Memory, views: &'a [View<'b>]) -> Option<&'a View<'b>> {
    views.iter().find(|view| view_key(view) == memory.view)
}

pub(crate) fn view_key(view: &View<'_>) -> (usize, Vec<usize>) {
    (view.base, view.joins.iter().map(|join| join.table).collect())
}

impl Memory {
    /// As it is handed over.
    pub(crate) fn json(&self) -> Option<serde_json::Value> {
        serde_json::to_value(self).ok()
    }
}

impl Pending {
    pub(crate) fn new(question: &str, choices: &[Choice], options: Vec<(String, Choice)>) -> Pending {
        let question = question.chars().take(QUESTION_BYTES_MAX).collect();
        let choices = choices.iter().rev().take(CHOICES_MAX).rev().cloned().collect();
        Pending { question, choices, options }
    }

    /// The option that an answer takes: by its text, its number, or a name in it.
    pub(crate) fn chosen(&self, answer: &str, tokens: &[Token]) -> Option<Choice> {
        let said = normal_words(answer);
        let by_number = || {
            let number = match tokens {
                [one] => one.count().or(match one.kind {
                    super::words::Kind::Ordinal(position) => Some(position),
                    _ => None,
                }),
                _ => tokens.iter().find_map(|token| match token.kind {
                    super::words::Kind::Ordinal(position) => Some(position),
                    _ => None,
                }),
            }?;
            self.options.get(usize::try_from(number).ok()?.checked_sub(1)?)
        };
        let exact = self.options.iter().find(|(text, _)| normal_words(text) == said);
        let within = || {
            let all_in = |text: &str| {
                let words = normal_words(text);
                !words.is_empty()
                    && words.iter().all(|word| {
                        said.iter()
                            .any(|one| one == word || (word.len() > 4 && slips(one, word, 1).is_some()))
                    })
            };
            let mut found = self.options.iter().filter(|(text, choice)| {
                all_in(text) || matches!(choice, Choice::Column(name) | Choice::Table(name) if all_in(name))
            });
            found.next().filter(|_| found.next().is_none())
        };
        let part = || {
            let telling = |word: &&String| word.len() > 3;
            let mut found = self.options.iter().filter(|(text, _)| {
                let words = normal_words(text);
                said.len() <= 6 && said.iter().filter(telling).any(|word| words.contains(word))
            });
            found.next().filter(|_| found.next().is_none())
        };
        exact.or_else(within).or_else(by_number).or_else(part).map(|(_, choice)| choice.clone())
    }
}

/// Words that a question begins with if it goes on from the one before.
const CUES: [&str; 37] = [
    "and",
    "now",
    "only",
    "just",
    "also",
    "then",
    "same",
    "instead",
    "but",
    "or",
    "as",
    "split",
    "break",
    "without",
    "make",
    "plot",
    "chart",
    "excluding",
    "except",
    "leave out",
    "exclude",
    "ignore",
    "remove",
    "drop",
    "sort",
    "sorted",
    "order by",
    "include",
    "add",
    "skip",
    "what about",
    "how about",
    "the same",
    "by",
    "per",
    "for",
    "in",
];

/// True if a question says itself that it goes on from the one before.
pub(crate) fn continues(tokens: &[Token]) -> bool {
    let words: Vec<&str> = tokens.iter().map(|token| token.text.as_str()).collect();
    let begins = |cue: &&str| {
        let parts: Vec<&str> = cue.split(' ').collect();
        words.starts_with(&parts)
    };
    let refers = words.len() <= 12
        && words.iter().any(|word| ["that", "it", "them", "those", "this", "these"].contains(word))
        && words.iter().any(|word| {
            [
                "chart", "graph", "plot", "pie", "bar", "line", "excel", "file", "table", "save", "export",
                "show", "draw", "percent", "of",
            ]
            .contains(word)
        });
    let relative = ["who", "that", "which", "with", "where", "whose"];
    let theirs = words.len() <= 10
        && words.iter().enumerate().any(|(at, word)| {
            ["their", "them", "those", "these", "they"].contains(word)
                && words.get(at + 1).is_none_or(|next| !relative.contains(next))
        });
    // "the longest wait there": in what was spoken of.
    let there = words
        .iter()
        .rposition(|word| !matches!(*word, "?" | "." | "!" | "then" | "please"))
        .is_some_and(|last| last > 1 && words[last] == "there" && !is_existence(words[last - 1]));
    // "how many orders was that?"
    let plain: Vec<&str> = words.iter().copied().filter(|word| !matches!(*word, "?" | "." | "!")).collect();
    let that = words.len() <= 8
        && [
            ["was", "that"],
            ["is", "that"],
            ["were", "those"],
            ["are", "those"],
            ["were", "they"],
            ["are", "they"],
        ]
        .iter()
        .any(|end| plain.ends_with(end));
    // "what was budgeted for it?"
    let it = words.len() <= 10
        && words.windows(2).any(|pair| ["for", "of", "on"].contains(&pair[0]) && pair[1] == "it");
    CUES.iter().any(begins)
        || it
        || that
        || refers
        || theirs
        || there
        || words.last().is_some_and(|last| ["instead", "only", "too"].contains(last))
}

/// True if a question speaks of what the one before was about.
pub(crate) fn refers(tokens: &[Token]) -> bool {
    let word = |at: usize, words: &[&str]| tokens.get(at).is_some_and(|token| token.is_any(words));
    let several = |at: usize| {
        word(at, &["those", "these", "them", "they", "their"])
            && !word(at + 1, &["who", "that", "with", "where", "which", "whose"])
    };
    let one = |at: usize| {
        word(at, &["that", "it"])
            && (at > 0 && word(at - 1, &["of", "for", "is", "was", "be"])
                || tokens.get(at + 1).is_none_or(|next| next.is_mark('?')))
    };
    (0..tokens.len()).any(|at| several(at) || one(at) || word(at, &["same"]))
}

/// True for "how many are unpaid?" after rows under a condition: how many of those is asked, for no others are named.
pub(crate) fn counts_them(tokens: &[Token], earlier: &Query) -> bool {
    const STATES: [&str; 12] =
        ["are", "were", "is", "was", "have", "had", "did", "do", "haven't", "aren't", "weren't", "didn't"];
    const WORDS_MAX: usize = 7;
    let asks = matches!(tokens, [how, many, state, ..]
        if how.is("how") && many.is_any(&["many", "much"]) && state.is_any(&STATES));
    asks && tokens.len() <= WORDS_MAX
        && !tokens.iter().any(|token| token.is_any(&["there", "we", "all", "you", "i"]))
        && !earlier.filters.is_empty()
        && earlier.keys.is_empty()
        && earlier.rank.is_none()
}

/// True for a few words that name nothing to ask of: "how many?", "total value", "how many were cancelled" go on from the
/// rows that were asked about, or from their groups.
pub(crate) fn is_elliptical(tokens: &[Token], earlier: &Query, named: impl Fn(&Token) -> bool) -> bool {
    /// Words of a question that counts, of any other, and of one after groups of all rows.
    const WORDS_MAX: [usize; 3] = [6, 4, 2];
    let words: Vec<&Token> =
        tokens.iter().filter(|token| !matches!(token.kind, super::words::Kind::Mark(_))).collect();
    let counts = matches!(words[..], [how, many, ..] if how.is("how") && many.is_any(&["many", "much"]));
    let most = match () {
        () if !earlier.filters.is_empty() => WORDS_MAX[usize::from(!counts)],
        () if !earlier.keys.is_empty() => WORDS_MAX[2],
        () => 0,
    };
    let whole = [
        "all",
        "overall",
        "everything",
        "everybody",
        "whole",
        "entire",
        "every",
        "each",
        "we",
        "our",
        "there's",
    ];
    !words.is_empty()
        && words.len() <= most
        && !words.iter().any(|token| token.is_any(&whole) || named(token))
}

/// True for a few words that can only change what was asked before: "per month", "only Vienna".
pub(crate) fn is_change(tokens: &[Token]) -> bool {
    tokens.len() <= 4
        && tokens
            .first()
            .is_some_and(|token| token.is_any(&["per", "by", "only", "just", "for", "in", "split"]))
}

/// True if a question can be nothing but a part of another, whatever else it says.
pub(crate) fn is_part(tokens: &[Token]) -> bool {
    let word = |at: usize, words: &[&str]| tokens.get(at).is_some_and(|token| token.is_any(words));
    word(0, &["and", "but", "or", "without", "excluding", "except", "instead", "same"])
        || (word(0, &["what", "how"]) && word(1, &["about"]))
}

/// True before "there" where it only says that there is something: "how many are there".
fn is_existence(before: &str) -> bool {
    ["is", "are", "was", "were", "be", "been"].contains(&before)
}

/// True if new groups come beside those there are.
fn adds_keys(tokens: &[Token]) -> bool {
    let text: Vec<&str> = tokens.iter().take(3).map(|token| token.text.as_str()).collect();
    text.first().is_some_and(|first| ["and", "also"].contains(first))
        || tokens.iter().any(|token| token.is_any(&["also", "additionally", "further", "too", "within"]))
}

/// True if nothing but rows is counted.
fn counts_rows(query: &Query) -> bool {
    !query.measures.is_empty() && query.measures.iter().all(|measure| *measure == Measure::rows())
}

/// The earlier question of those of whom its last condition is not true: "and without?", "and those that are not?"
pub(crate) fn opposite(earlier: &Query, tokens: &[Token]) -> Option<Query> {
    let small = ["and", "what", "about", "those", "the", "ones", "that", "are", "how", "without", "not"];
    let turned = tokens.len() <= 6
        && tokens.iter().any(|token| token.is_any(&["without", "not"]))
        && tokens.iter().all(|token| token.is_any(&small) || token.is_mark('?'));
    let mut query = earlier.clone();
    let last = query.filters.last_mut().filter(|_| turned)?;
    *last = match last.clone() {
        Filter::Flag { col, yes } => Filter::Flag { col, yes: !yes },
        Filter::Empty { col, not } => Filter::Empty { col, not: !not },
        Filter::Is { col, values, not } => Filter::Is { col, values, not: !not },
        _ => return None,
    };
    query.notes.clear();
    Some(query)
}

/// True for a condition that a column of noughts and ones is one.
fn is_kind(filter: &Filter, view: &View<'_>) -> bool {
    let Filter::Number { col, cmp: Cmp::Equal, value: 1.0 } = filter else { return false };
    view.profile(*col).is_some_and(|profile| profile.min == Some(0.0) && profile.max == Some(1.0))
}

/// "deals won this year", "and last year?": by the day that was meant before, unless another is named.
pub(crate) fn keep_date(earlier: &Query, next: &mut Partial, view: &View<'_>) {
    let before = earlier.filters.iter().find_map(|filter| match filter {
        Filter::During { col, .. } => Some(*col),
        _ => None,
    });
    let ended = |value: &String| ["won", "lost", "closed"].contains(&value.to_lowercase().as_str());
    let closed = earlier
        .filters
        .iter()
        .any(|filter| matches!(filter, Filter::Is { values, not: false, .. } if values.iter().all(ended)))
        .then(|| {
            (0..view.columns.len()).find(|col| {
                view.kind(*col) == ringfence_pipeline::ports::ColumnKind::Date
                    && view.columns[*col].words.iter().any(|word| word == "closed")
            })
        })
        .flatten();
    let Some(meant) = before.or(closed) else { return };
    let named = next.named.clone();
    for filter in &mut next.filters {
        if let Filter::During { col, .. } = filter
            && !named.contains(col)
        {
            *col = meant;
        }
    }
}

/// "how many in January 2025", "February?": of the same year.
pub(crate) fn keep_year(earlier: &Query, query: &mut Query) {
    let year = |col: usize| {
        earlier.filters.iter().find_map(|filter| match filter {
            Filter::During { col: one, range, not: false } if *one == col => {
                let (first, last) = (dates::date_of(range.from?).0, dates::date_of(range.to? - 1).0);
                (first == last).then_some(first)
            }
            _ => None,
        })
    };
    for filter in &mut query.filters {
        if let Filter::Recurs { col, when: dates::Recurring::Months(months), not: false } = filter
            && let ([month], Some(year)) = (&months[..], year(*col))
        {
            let month = i64::from(*month);
            let (from, to) = (dates::month_start(year, month), dates::month_start(year, month + 1));
            *filter = Filter::During {
                col: *col,
                range: dates::Range { from: Some(from), to: Some(to) },
                not: false,
            };
            query.notes.clear();
        }
    }
}

/// The earlier query with what the new question says put in its place.
pub(crate) fn merge(earlier: &Query, next: Partial, tokens: &[Token], view: &View<'_>) -> Query {
    let measured_anew = !next.measures.is_empty();
    let mut query = earlier.clone();
    query.notes = next.notes;
    if next.removes {
        query.filters = if next.filters.is_empty() { vec![Filter::Not(query.filters)] } else { next.filters };
        query.save = true;
        (query.task, query.measures, query.keys, query.rank, query.having) =
            (Task::Rows(Vec::new()), Vec::new(), Vec::new(), None, None);
        return query;
    }
    query.sort =
        next.sort.or_else(|| query.sort.filter(|_| next.keys.is_empty() && next.measures.is_empty()));
    // "and without an e-mail?" asks the same of another column.
    if let ([Filter::Empty { .. }], [Filter::Empty { .. }]) = (&query.filters[..], &next.filters[..])
        && tokens.first().is_some_and(|token| token.is_any(&["and"]))
    {
        query.filters.clear();
    }
    query.save = next.save;
    query.decimals = next.decimals.or(query.decimals).filter(|_| matches!(query.task, Task::Figures));
    if next.year_earlier {
        for filter in &mut query.filters {
            if let Filter::During { col, range, .. } = filter {
                // A year that is not over yet has had so many months only.
                let latest =
                    view.profile(*col).and_then(|profile| dates::parse_iso(profile.latest.as_deref()?));
                let reached =
                    latest.map(dates::date_of).map(|(year, month, _)| dates::month_start(year, month + 1));
                range.to = range.to.map(|to| reached.map_or(to, |reached| to.min(reached)));
                *range = range.year_earlier();
            }
        }
    }
    if next.filters.is_empty() && tokens.iter().any(|token| token.is_any(&["all", "every"])) {
        query.filters.retain(|filter| !filter.columns().iter().all(|col| next.named.contains(col)));
    }
    let goes_on = tokens.first().is_some_and(|token| token.is_any(&["and", "what", "how"]));
    // "just in March" of what was sold by somebody is of the day of the sale.
    let day = next.usual_date.and_then(|usual| {
        let used = earlier.columns();
        let own = |date: usize| used.iter().any(|col| view.is_day_of(date, *col));
        let mut days = (0..view.columns.len()).filter(|col| own(*col));
        days.next().filter(|_| !own(usual)).map(|day| (usual, day))
    });
    for mut filter in next.filters {
        if let (Some((usual, day)), Filter::During { col, .. }) = (day, &mut filter)
            && *col == usual
        {
            *col = day;
        }
        let cols = filter.columns();
        let same = |known: &Filter| {
            let known_cols = known.columns();
            let time = |filter: &Filter| {
                filter.is_time() || filter.columns().iter().all(|col| view.is_calendar(*col))
            };
            // "only 2014" of every July leaves the Julys.
            let narrows = matches!(known, Filter::Recurs { .. })
                && matches!(&filter, Filter::During { range, .. } if range.whole_months().is_some_and(|(_, _, count)| count == 12));
            // "and comedies?" after dramas, where each kind has a column of noughts and ones.
            let other_kind = goes_on && is_kind(known, view) && is_kind(&filter, view);
            ((known_cols == cols && !cols.is_empty()) || (time(known) && time(&filter) && filter.is_time()))
                && !narrows
                || other_kind
        };
        query.filters.retain(|known| !same(known));
        query.filters.push(filter);
    }
    // "how many was that?" of rows that were listed.
    if next.counts && next.task.is_none() && matches!(query.task, Task::Rows(_)) {
        (query.task, query.rank, query.sort) = (Task::Figures, None, None);
    }
    let measured = !next.measures.is_empty();
    // "and how much do they cost?" of those whose share was told.
    if let (true, None, Task::Share(part)) = (measured, &next.task, &mut query.task) {
        query.filters.append(part);
        query.task = Task::Figures;
    }
    if measured {
        let agg = match &query.measures[..] {
            [one] if one.agg != Agg::Count && one.agg != Agg::Distinct => Some(one.agg),
            _ => None,
        };
        query.measures = next.measures;
        // "and actual?" asks for the same of another column.
        if let (Some(agg), true, false) = (agg, next.aggs.is_empty(), next.agg_said) {
            for measure in
                query.measures.iter_mut().filter(|measure| matches!(measure.agg, Agg::Sum | Agg::Mean))
            {
                measure.agg = agg;
            }
        }
    } else if next.counts {
        query.measures = vec![Measure::rows()];
    } else if let [agg] = next.aggs[..] {
        for measure in query.measures.iter_mut().filter(|measure| measure.agg != Agg::Count) {
            measure.agg = agg;
        }
    }
    if !next.keys.is_empty() {
        if adds_keys(tokens) && !query.keys.is_empty() && next.rank.is_none() {
            let fresh: Vec<_> = next.keys.iter().copied().filter(|key| !query.keys.contains(key)).collect();
            query.keys.extend(fresh);
        } else {
            query.keys = next.keys;
        }
        if next.rank.is_none() {
            query.rank = None;
        }
        if matches!(query.task, Task::Rows(_)) {
            query.task = Task::Figures;
            if query.measures.is_empty() {
                query.measures.push(Measure::rows());
            }
        }
    }
    if next.rank.is_some() {
        query.rank = next.rank;
    }
    if next.having.is_some() {
        query.having = next.having;
    }
    if next.today.is_some() {
        query.today = next.today;
    }
    query.chart = next.chart.or_else(|| if next.rank.is_some() { None } else { earlier.chart });
    match next.task {
        Some(Task::Rows(cols)) if cols.is_empty() && !query.measures.is_empty() && next.lists_rows => {
            query.task = Task::Rows(cols)
        }
        // "who is the best of them?" is one of the rows of which there was a figure.
        Some(Task::Rows(cols))
            if query.rank.is_some()
                && query.keys.is_empty()
                && query.task == Task::Figures
                && query.measures.iter().all(|measure| measure.of != Expr::Rows) =>
        {
            query.task = Task::Rows(cols)
        }
        Some(Task::Rows(_)) | None => {}
        Some(Task::Values(_)) => {}
        // "as a percentage" of those that were counted: their share of all.
        Some(Task::Share(part))
            if part.is_empty()
                && query.keys.is_empty()
                && !query.filters.is_empty()
                && counts_rows(&query) =>
        {
            query.task = Task::Share(std::mem::take(&mut query.filters))
        }
        Some(task) => query.task = task,
    }
    // "share of no-shows", where no-shows were counted before: of all of them, not of themselves.
    if let Task::Share(part) = &query.task {
        query.filters.retain(|filter| !part.contains(filter));
    }
    // "the longest there": the greatest of a column.
    if let (Some(rank), [measure]) = (query.rank, &mut query.measures[..])
        && measured_anew
        && rank.count == 1
        && query.keys.is_empty()
        && query.task == Task::Figures
        && matches!(measure.agg, Agg::Sum | Agg::Mean | Agg::Max | Agg::Min)
    {
        measure.agg = if rank.lowest { Agg::Min } else { Agg::Max };
        query.rank = None;
    }
    if matches!(query.chart, Some(Chart::Histogram | Chart::Box)) && !query.measures.is_empty() {
        query.task = Task::Draw;
    }
    query
}

/// True if a question brings nothing that could change an earlier one.
pub(crate) fn is_empty(next: &Partial) -> bool {
    next.filters.is_empty()
        && next.keys.is_empty()
        && next.measures.is_empty()
        && next.aggs.is_empty()
        && next.rank.is_none()
        && next.sort.is_none()
        && !next.removes
        && next.chart.is_none()
        && !next.save
        && next.task.is_none()
        && !next.counts
        && next.today.is_none()
        && !next.year_earlier
        && next.decimals.is_none()
}
