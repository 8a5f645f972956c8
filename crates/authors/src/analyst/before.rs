//! Periods that are told from another: "the month before", "a year earlier", "the same quarter of the previous year".

use super::{
    dates::{Range, month_of},
    query::{Filter, Period, Query, Task},
    words::{Kind, Token},
};

/// Words of a short question that say nothing beside the period they ask for.
const SMALL: [&str; 34] = [
    "and", "what", "about", "how", "in", "for", "of", "was", "is", "were", "are", "it", "that", "this",
    "does", "did", "do", "with", "to", "than", "the", "on", "over", "same", "show", "me", "also", "by",
    "much", "many", "there", "then", "from", "these",
];

/// Words that set one period against another.
const AGAINST: [&str; 14] = [
    "compare",
    "compared",
    "comparison",
    "against",
    "versus",
    "vs",
    "change",
    "changed",
    "growth",
    "grow",
    "grown",
    "difference",
    "up",
    "down",
];

/// The period that is told there from one said before it, and where its words end.
pub(crate) fn told(tokens: &[Token], at: usize, known: &Range) -> Option<(usize, Range)> {
    let word = |place: usize, any: &[&str]| tokens.get(place).is_some_and(|token| token.is_any(any));
    let start = at + usize::from(word(at, &["the", "a", "an", "one"]));
    let length = |place: usize| tokens.get(place).and_then(|token| months(&token.text));
    let earlier = ["before", "earlier", "prior", "previously", "ago"];
    if word(start, &["same"]) && length(start + 1).is_some() {
        let mut next = start + 2;
        while word(next, &["of", "in", "for", "from", "the", "a", "one"]) {
            next += 1;
        }
        let before = word(next, &["last", "previous", "prior", "preceding"]) && word(next + 1, &["year"]);
        let ago = word(next, &["year"]) && word(next + 1, &earlier);
        return (before || ago).then(|| (next + 2, known.year_earlier()));
    }
    let (end, of) = if word(start, &["previous", "preceding", "prior"]) {
        (start + 2, length(start + 1)?)
    } else if word(start + 1, &earlier) {
        (start + 2, length(start)?)
    } else {
        return None;
    };
    // "the month before March" is told from March.
    let limit = tokens.get(end).is_some_and(|token| {
        matches!(token.kind, Kind::Number(_)) || month_of(&token.text).is_some() || token.is("the")
    });
    let whole = known.whole_months().map(|(_, _, months)| months);
    let range = match of {
        _ if limit => None,
        Length::Same => known.before(),
        Length::Months(12) if whole != Some(12) => known.from.and(known.to).map(|_| known.year_earlier()),
        Length::Months(months) => known.before().filter(|_| whole == Some(months)),
        Length::Days(days) => {
            known.before().filter(|_| known.from.zip(known.to).is_some_and(|(from, to)| to - from == days))
        }
    }?;
    Some((end, range))
}

/// How long a period is that is named.
enum Length {
    Months(i64),
    Days(i64),
    /// As long as the other.
    Same,
}

fn months(word: &str) -> Option<Length> {
    Some(match word {
        "month" => Length::Months(1),
        "quarter" => Length::Months(3),
        "half" => Length::Months(6),
        "year" => Length::Months(12),
        "week" => Length::Days(7),
        "day" => Length::Days(1),
        "period" | "one" | "time" | "months" | "days" | "weeks" | "quarters" => Length::Same,
        _ => return None,
    })
}

/// What "and the month before?" asks after a question on one period; false with it if it leaves something out.
pub(crate) fn question(earlier: &Query, tokens: &[Token]) -> Option<(Query, bool)> {
    let mut times = earlier.filters.iter().enumerate().filter(|(_, filter)| filter.is_time());
    let (at, known) = match (times.next(), times.next()) {
        (Some((at, Filter::During { range, not: false, .. })), None) => (at, *range),
        _ => return None,
    };
    let (start, (end, range)) =
        (0..tokens.len()).find_map(|start| Some((start, told(tokens, start, &known)?)))?;
    let mut others = tokens[..start].iter().chain(&tokens[end..]);
    if !others.all(|token| token.is_any(&SMALL) || token.is_any(&AGAINST) || token.is_mark('?')) {
        return None;
    }
    let mut query = earlier.clone();
    query.notes.clear();
    let against = tokens.iter().any(|token| token.is_any(&AGAINST));
    if against
        && earlier.keys.is_empty()
        && matches!(earlier.task, Task::Figures)
        && earlier.measures.len() == 1
    {
        let during = query.filters.remove(at);
        let period = |range: Range| {
            let mut filter = during.clone();
            if let Filter::During { range: one, .. } = &mut filter {
                *one = range;
            }
            Box::new(Period { name: range.words(), filters: vec![filter] })
        };
        query.task = Task::Growth(period(range), period(known));
        return Some((query, true));
    }
    if let Some(Filter::During { range: one, .. }) = query.filters.get_mut(at) {
        *one = range;
    }
    Some((query, !against))
}
