//! A question that continues an earlier one: "and at 6%?", "over 20 years instead", "show the schedule".
//!
//! What is remembered of a question is its text. What follows replaces the numbers of its kind in that text, or is added
//! to it, and the whole is read again.

use ringfence_pipeline::ports::Clarification;
use serde_json::{Value, json};

use super::{
    facts::{Fact, What},
    lexer::Kind,
    ranges::join_ranges,
    reading::{Reading, Trouble},
    topic::Topic,
    vocabulary,
};

/// Longest text that is remembered, in bytes.
const TEXT_BYTES_MAX: usize = 4096;

/// What is remembered of a question.
#[derive(Debug, Clone, serde::Serialize, serde::Deserialize)]
pub(super) struct Memory {
    pub(super) text: String,
    pub(super) topic: Option<Topic>,
}

impl Memory {
    pub(super) fn value(&self) -> Value {
        json!({ "finance": self })
    }

    pub(super) fn read(value: &Value) -> Option<Memory> {
        let memory: Memory = serde_json::from_value(value.get("finance")?.clone()).ok()?;
        (memory.text.len() <= TEXT_BYTES_MAX).then_some(memory)
    }
}

/// Words that carry a follow-up and mean nothing by themselves.
const FILLERS: [&str; 71] = [
    "already", "have", "put", "down", "with", "and", "what", "about", "how", "now", "show", "me", "please",
    "same", "also", "but", "only", "make", "it", "as", "a", "an", "the", "instead", "if", "with", "over",
    "at", "for", "in", "of", "to", "is", "then", "again", "thing", "that", "this", "i", "would", "be", "do",
    "chart", "plot", "graph", "draw", "table", "schedule", "plan", "year", "line", "bar", "by", "from",
    "rather", "than", "use", "try", "were", "was", "it's", "or", "let", "let's", "say", "my", "you", "can",
    "see", "up", "between",
];

/// True if a question says little by itself and may continue another. So many of its words name things in a file;
/// beside a file no other word may be strange.
pub(super) fn may_continue(reading: &Reading, named: usize, strict: bool) -> bool {
    let words = reading.tokens.iter().filter(|token| token.kind == Kind::Word);
    let strange = words.filter(|token| {
        !FILLERS.contains(&token.text.as_str()) && vocabulary::look_up(&token.text).0.is_none()
    });
    reading.tokens.len() <= 30 && strange.count() <= named + usize::from(!strict)
}

/// True if it begins as what continues another does.
pub(super) fn opens_as_more(reading: &Reading) -> bool {
    let first = reading.tokens.first();
    let opens = ["and", "but", "now", "instead", "same", "then", "also", "or"];
    first.is_some_and(|token| token.is_any(&opens))
        || reading.seq(&["what", "about"])
        || reading.seq(&["how", "about"])
        || reading.seq(&["what", "if"]) && reading.facts.len() < 3
        || reading.tokens.iter().any(|token| token.is("instead"))
}

/// The text of both, the newer numbers in the place of the older. `named` says that the newer one names things in a file.
pub(super) fn merge(
    old: &str,
    new: &str,
    asked: Option<&Clarification>,
    named: bool,
) -> Result<String, Trouble> {
    if let Some(asked) = asked {
        return Ok(answer(old, new, asked));
    }
    let (before, after) = (Reading::new(old), Reading::new(new));
    let older = join_ranges(&before.tokens, before.facts.clone(), false);
    let newer = join_ranges(&after.tokens, after.facts.clone(), false);
    let mut replaced: Vec<(usize, usize, String)> = Vec::new();
    let mut left = new.to_owned();
    // From the end on, so that places stay as they are.
    for fact in newer.iter().rev() {
        let (start, end) = stretch(&after, fact);
        let mut text = new.get(start..end).unwrap_or_default().to_owned();
        let what = kind_of(&older, fact);
        // "what if I start with 5,000": a sum of its own.
        let around = fact.start.saturating_sub(3)..after.tokens.len().min(fact.end + 2);
        let besides = after.tokens[around].iter().any(|token| token.stems(&BESIDES));
        match (what, fact.what) {
            (What::Percent, What::Amount) => text += "%",
            (What::Span(unit), What::Amount) => text = format!("{text} {}s", unit.noun()),
            _ => {}
        }
        let taken = |old: &Fact| replaced.iter().any(|(from, _, _)| *from == stretch(&before, old).0);
        let alike: Vec<&Fact> = older
            .iter()
            .filter(|old| same_kind(old, what, fact) && !taken(old) && (!besides || old.near(&BESIDES)))
            .collect();
        let target = match alike[..] {
            [] => None,
            [only] => Some(only),
            _ => alike
                .iter()
                .find(|old| {
                    old.before.iter().chain(&old.after).any(|word| telling(word) && fact.near(&[word]))
                })
                .copied(),
        };
        let Some(target) = target else {
            if alike.len() > 1 {
                let options: Vec<String> = alike
                    .iter()
                    .take(4)
                    .map(|old| format!("{text} instead of {}", before.words(old)))
                    .collect();
                return Err(Trouble::Ask(Clarification {
                    question: format!("What should become {text}?"),
                    options,
                }));
            }
            continue;
        };
        let (from, to) = stretch(&before, target);
        replaced.push((from, to, text));
        left.replace_range(start..end, " ");
    }
    let mut merged = old.to_owned();
    // "paid quarterly" takes the place of "monthly".
    if let (Some((_, from, used)), Some((_, at, more))) = (before.frequency_at(), after.frequency_at()) {
        let place = |reading: &Reading, at: usize, used: usize| {
            (reading.tokens[at].start, reading.tokens[at + used - 1].end)
        };
        let (start, end) = place(&after, at, more);
        let (from, to) = place(&before, from, used);
        if !replaced.iter().any(|(start, end, _)| *start < to && from < *end) {
            replaced.push((from, to, new.get(start..end).unwrap_or_default().to_owned()));
        }
    }
    replaced.sort_by_key(|(from, ..)| std::cmp::Reverse(*from));
    for (from, to, text) in replaced {
        merged.replace_range(from..to, &text);
    }
    // What is left says something if one of its words does.
    let rest = Reading::new(&left);
    let says = rest.tokens.iter().any(|token| {
        token.number().is_some()
            || matches!(token.kind, Kind::Date(_))
            || !token.stem.is_empty() && !FILLERS.contains(&token.text.as_str())
            || token.is_any(&[
                "chart", "plot", "graph", "draw", "table", "schedule", "plan", "irr", "mirr", "npv",
            ])
    });
    if says || named {
        merged = format!("{}; {}", merged.trim_end_matches(['?', '.', '!', ' ']), left.trim());
    }
    Ok(merged)
}

fn telling(word: &str) -> bool {
    !FILLERS.contains(&word)
}

/// The kind that a bare number has by the words before it: "at 6" is a rate, "over 20" a time.
fn kind_of(older: &[Fact], fact: &Fact) -> What {
    let bare = fact.what == What::Amount && fact.per.is_none();
    let led = |words: &[&str]| fact.before.last().is_some_and(|word| words.contains(&word.as_str()));
    let small = fact.values.iter().all(|value| value.abs() < 100.0);
    let has = |wanted: fn(&What) -> bool| older.iter().map(|old| old.what).find(wanted);
    if bare && small && led(&["at", "rate", "interest"]) {
        return has(|what| *what == What::Percent).unwrap_or(fact.what);
    }
    if bare && small && led(&["over", "for", "term"]) {
        return has(|what| matches!(what, What::Span(_))).unwrap_or(fact.what);
    }
    fact.what
}

/// Words of sums that stand beside the main one: what is new of them is added.
const BESIDES: [&str; 14] = [
    "beginning",
    "initial",
    "already",
    "down",
    "downpayment",
    "deposit",
    "balloon",
    "salvage",
    "extra",
    "fee",
    "fees",
    "add",
    "inflation",
    "contribute",
];

fn same_kind(old: &Fact, what: What, new: &Fact) -> bool {
    match (old.what, what) {
        (What::Span(_), What::Span(_)) => old.point == new.point,
        (What::Amount, What::Amount) => new.per.is_none() || old.per.is_some(),
        (left, right) => std::mem::discriminant(&left) == std::mem::discriminant(&right),
    }
}

/// Where a fact stands in its text, with the words that make it a range.
fn stretch(reading: &Reading, fact: &Fact) -> (usize, usize) {
    let many = fact.values.len() > 1;
    let tokens = &reading.tokens;
    let before = fact.start > 0 && many && tokens[fact.start - 1].is_any(&["from", "between"]);
    let after = tokens.get(fact.end).is_some_and(|token| many && token.is_any(&["step", "steps"]));
    let (first, last) = (fact.start - usize::from(before), fact.end - 1 + usize::from(after));
    (tokens[first].start, tokens[last].end)
}

/// The text with the answer to what was asked back.
fn answer(old: &str, new: &str, asked: &Clarification) -> String {
    let chosen = chosen(new, &asked.options).unwrap_or(new);
    let mut text = old.to_owned();
    if let Some((new, gone)) = chosen.split_once(" instead of ")
        && let Some(at) = text.find(gone)
    {
        text.replace_range(at..at + gone.len(), new);
        return text;
    }
    // A number that is told more of replaces the one that was not understood.
    let (before, after) = (Reading::new(old), Reading::new(chosen));
    let mut gone: Vec<(usize, usize)> = Vec::new();
    for fact in &after.facts {
        let same = before.facts.iter().find(|old| {
            std::mem::discriminant(&old.what) == std::mem::discriminant(&fact.what)
                && !matches!(old.what, What::Day(_))
                && old.values.iter().zip(&fact.values).all(|(left, right)| left.to_bits() == right.to_bits())
        });
        gone.extend(same.map(|old| stretch(&before, old)));
    }
    gone.sort_unstable();
    gone.dedup();
    for (from, to) in gone.into_iter().rev() {
        text.replace_range(from..to, " ");
    }
    format!("{}; {}", text.trim_end_matches(['?', '.', '!', ' ']), chosen.trim())
}

/// The option that an answer names by its number.
fn chosen<'a>(answer: &str, options: &'a [String]) -> Option<&'a str> {
    let answer = answer.trim().trim_matches(['.', ')', '(', '#']).to_lowercase();
    let words = [
        ["1", "first", "the first", "the first one"],
        ["2", "second", "the second", "the second one"],
        ["3", "third", "the third", "the third one"],
        ["4", "fourth", "the fourth", "the fourth one"],
    ];
    let at = words.iter().position(|words| words.contains(&answer.as_str()));
    let part = |option: &String| answer.len() > 2 && option.to_lowercase().contains(&answer);
    let at = at.or_else(|| {
        let mut fitting = options.iter().enumerate().filter(|(_, option)| part(option));
        fitting.next().filter(|_| fitting.next().is_none()).map(|(at, _)| at)
    })?;
    options.get(at).map(String::as_str)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn newer_numbers_take_the_place_of_older_ones() {
        let old = "what would I pay each month on a 250k mortgage at 4.2% over 25 years?";
        let merged = |new: &str| merge(old, new, None, false).unwrap();
        assert_eq!(merged("and at 6%?"), old.replace("4.2%", "6%"));
        assert_eq!(merged("and at 6?"), old.replace("4.2%", "6%"));
        assert_eq!(merged("over 20 years instead"), old.replace("25 years", "20 years"));
        assert_eq!(merged("what about 300k"), old.replace("250k", "300k"));
        assert_eq!(merged("as a chart"), format!("{}; as a chart", old.trim_end_matches('?')));
        assert_eq!(merged("from 3% to 5% in 0.5% steps"), old.replace("4.2%", "from 3% to 5% in 0.5% steps"));
    }

    #[test]
    fn answers_join_the_question() {
        let asked =
            Clarification { question: "?".into(), options: vec!["cost 50".into(), "price 50".into()] };
        assert_eq!(
            merge("50 with a 20% margin", "2", Some(&asked), false).unwrap(),
            "  with a 20% margin; price 50"
        );
        assert_eq!(
            merge("payment on 1000 at 5%", "3 years", Some(&asked), false).unwrap(),
            "payment on 1000 at 5%; 3 years"
        );
    }
}
