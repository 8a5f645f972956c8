//! What the numbers of a question are: amounts, rates, times and days, each with the words beside it.

use std::cell::Cell;

use super::{
    dates::Date,
    lexer::{Kind, Token},
};

/// How often something happens, or what time is counted in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Period {
    Day,
    Week,
    Fortnight,
    Month,
    Quarter,
    HalfYear,
    Year,
}

impl Period {
    /// How many there are in a year.
    pub(super) fn per_year(self) -> f64 {
        match self {
            Period::Day => 365.0,
            Period::Week => 52.0,
            Period::Fortnight => 26.0,
            Period::Month => 12.0,
            Period::Quarter => 4.0,
            Period::HalfYear => 2.0,
            Period::Year => 1.0,
        }
    }

    /// The noun.
    pub(super) fn noun(self) -> &'static str {
        match self {
            Period::Day => "day",
            Period::Week => "week",
            Period::Fortnight => "fortnight",
            Period::Month => "month",
            Period::Quarter => "quarter",
            Period::HalfYear => "half-year",
            Period::Year => "year",
        }
    }

    /// What a payment of this kind is called.
    pub(super) fn adjective(self) -> &'static str {
        match self {
            Period::Day => "daily",
            Period::Week => "weekly",
            Period::Fortnight => "fortnightly",
            Period::Month => "monthly",
            Period::Quarter => "quarterly",
            Period::HalfYear => "half-yearly",
            Period::Year => "yearly",
        }
    }
}

/// What a number is.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum What {
    /// Money, or whatever else has no unit.
    Amount,
    /// In percent.
    Percent,
    /// A length of time; a point in time if it is said to be after it.
    Span(Period),
    /// So many payments.
    Count,
    /// A year of the calendar.
    Year,
    Day(Date),
}

/// A number of the question, or several that stand for the same.
#[derive(Debug, Clone)]
pub(super) struct Fact {
    pub(super) what: What,
    /// More than one if a list or a range was given.
    pub(super) values: Vec<f64>,
    /// `500 a month`, `12% a year`.
    pub(super) per: Option<Period>,
    /// `after 5 years`, `in year 3`.
    pub(super) point: bool,
    /// Stems of the words that lead to it, in their order.
    pub(super) before: Vec<String>,
    /// Stems of the words that belong to it and follow.
    pub(super) after: Vec<String>,
    /// Which tokens it is.
    pub(super) start: usize,
    pub(super) end: usize,
    used: Cell<bool>,
}

impl Fact {
    fn new(what: What, value: f64, start: usize, end: usize) -> Fact {
        Fact {
            what,
            values: vec![value],
            per: None,
            point: false,
            before: Vec::new(),
            after: Vec::new(),
            start,
            end,
            used: Cell::new(false),
        }
    }

    /// A sum that no number of the question says.
    pub(super) fn amount(value: f64) -> Fact {
        Fact::new(What::Amount, value, 0, 0)
    }

    /// True if one of the words beside it is one of these.
    pub(super) fn near(&self, stems: &[&str]) -> bool {
        self.before.iter().chain(&self.after).any(|word| stems.contains(&word.as_str()))
    }

    /// Which of the groups of words is said of it: the last word that leads to it, otherwise the first that follows.
    pub(super) fn role(&self, groups: &[&[&str]]) -> Option<usize> {
        let group = |word: &String| groups.iter().position(|group| group.contains(&word.as_str()));
        self.before.iter().rev().find_map(group).or_else(|| self.after.iter().find_map(group))
    }

    /// True if one of the words stands right beside it.
    pub(super) fn beside(&self, stems: &[&str]) -> bool {
        let known = |word: Option<&String>| word.is_some_and(|word| stems.contains(&word.as_str()));
        let lead = self.before.iter().rev().find(|word| !["of", "is", "a"].contains(&word.as_str()));
        known(lead) || known(self.after.first())
    }

    pub(super) fn is_free(&self) -> bool {
        !self.used.get()
    }

    pub(super) fn take(&self) -> &Fact {
        self.used.set(true);
        self
    }
}

/// Things that are sold.
pub(super) const COUNTED: [&str; 7] = ["unit", "piece", "pieces", "items", "copies", "tickets", "products"];

/// What leads to a number of its own.
const TRADED: [&str; 6] = ["cost", "buy", "sell", "price", "charge", "revenue"];

/// What leads to a percentage.
const RATED: [&str; 9] =
    ["grow", "growth", "inflation", "discount", "coupon", "margin", "markup", "interest", "rate"];

const PAYMENTS: [&str; 4] = ["payment", "instalment", "deposit", "withdraw"];
/// Words that end what belongs to a number, and may lead to the next.
const SOFT: &[&str] = &[
    "what",
    "what's",
    "whats",
    "how",
    "show",
    "give",
    "calculate",
    "compute",
    "find",
    "tell",
    "why",
    "and",
    "with",
    "at",
    "over",
    "for",
    "then",
    "but",
    "while",
    "if",
    "to",
    "in",
    "from",
    "when",
    "which",
    "that",
    "i",
    "you",
    "we",
    "it",
    "or",
    "versus",
    "vs",
    "than",
    "on",
    "of",
    "is",
    "are",
    "by",
    "into",
    "after",
    "against",
    "using",
    "until",
    "has",
    "so",
    "where",
];
/// Words that begin something new.
const HARD: &[&str] = &[
    "what",
    "what's",
    "whats",
    "how",
    "show",
    "give",
    "calculate",
    "compute",
    "find",
    "and",
    "with",
    "but",
    "then",
    "while",
    "if",
    "versus",
    "vs",
];

/// The facts of a question, in its order.
pub(super) fn facts(tokens: &[Token]) -> Vec<Fact> {
    let mut found: Vec<Fact> = Vec::new();
    let mut at = 0;
    while at < tokens.len() {
        // "one payment a year" says how often.
        let one = tokens[at].count() == Some(1);
        if one
            && tokens.get(at + 1).is_some_and(|token| token.stems(&["payment", "instalment"]))
            && frequency(tokens, at + 2).is_some()
        {
            at += 2;
            continue;
        }
        match fact_at(tokens, at) {
            Some(fact) => {
                at = fact.end;
                found.push(fact);
            }
            None => at += 1,
        }
    }
    for index in 0..found.len() {
        let from = index.checked_sub(1).map_or(0, |before| found[before].end);
        let (mut after, before) = between(&tokens[from..found[index].start], index > 0);
        // "cost 40 price 65": the word between leads to the second if the first has its own.
        let sold = |word: &String| TRADED.contains(&word.as_str());
        let soft = before.iter().all(|word| SOFT.contains(&word.as_str()));
        // "90,000 down, 25 years": a comma ends what belongs to the first.
        let ended = tokens[from..found[index].start].last().is_some_and(|token| token.is_mark(','));
        let undecided =
            !after.is_empty() && !ended && index > 0 && (before.is_empty() || soft && after.iter().any(sold));
        let led = index > 0
            && found[index - 1]
                .before
                .iter()
                .any(|word| if before.is_empty() { !SOFT.contains(&word.as_str()) } else { sold(word) });
        if undecided && led {
            // "500 units costing 8": what is counted stays.
            let kept = usize::from(after.first().is_some_and(|word| COUNTED.contains(&word.as_str())));
            let moved = after.split_off(kept);
            found[index].before = moved.into_iter().chain(before).collect();
        } else {
            found[index].before = before;
        }
        // "600 a year growing at 2%": what is said of rates belongs to the rate.
        let soft = found[index].before.iter().all(|word| SOFT.contains(&word.as_str()));
        if soft
            && found[index].what == What::Percent
            && after.last().is_some_and(|word| RATED.contains(&word.as_str()))
        {
            let moved = after.pop();
            found[index].before.splice(0..0, moved);
        }
        if index > 0 {
            found[index - 1].after = after;
        }
    }
    if let Some(last) = found.last_mut() {
        last.after = between(&tokens[last.end..], true).0;
    }
    found
}

/// What follows a number and belongs to it, and what leads to the next.
fn between(gap: &[Token], follows: bool) -> (Vec<String>, Vec<String>) {
    let mark = |token: &Token| matches!(token.kind, Kind::Mark(',' | ';' | '.' | '?' | '!' | '(' | ')'));
    let cut = |token: &Token| mark(token) || token.is_any(SOFT);
    let first = if follows { gap.iter().position(cut).unwrap_or(gap.len()) } else { 0 };
    let rest = &gap[first..];
    let last = rest.iter().rposition(|token| mark(token) || token.is_any(HARD)).unwrap_or(0);
    let names = |tokens: &[Token]| {
        tokens.iter().filter(|t| t.kind == Kind::Word).map(|token| token.name().to_owned()).collect()
    };
    (names(&gap[..first]), names(&rest[last..]))
}

/// The unit of time that a word names.
pub(super) fn unit(token: &Token) -> Option<(Period, f64)> {
    if token.kind != Kind::Word {
        return None;
    }
    Some(match token.name() {
        "year" | "y" => (Period::Year, 1.0),
        "decade" => (Period::Year, 10.0),
        "month" | "mo" | "mth" => (Period::Month, 1.0),
        "quarter" | "qtr" => (Period::Quarter, 1.0),
        "week" => (Period::Week, 1.0),
        "day" => (Period::Day, 1.0),
        _ => return None,
    })
}

/// `monthly`, `every month`, `a year`, `p.a.`, `/month`: how often, and how many tokens say so.
pub(super) fn frequency(tokens: &[Token], at: usize) -> Option<(Period, usize)> {
    let token = tokens.get(at)?;
    let next = |ahead: usize| tokens.get(at + ahead);
    if token.kind == Kind::Word {
        let period = match token.text.as_str() {
            "monthly" | "pcm" => Some(Period::Month),
            "annually" | "annual" | "yearly" | "pa" => Some(Period::Year),
            "quarterly" => Some(Period::Quarter),
            "weekly" => Some(Period::Week),
            "fortnightly" | "biweekly" => Some(Period::Fortnight),
            "daily" => Some(Period::Day),
            "semiannually" | "semiannual" | "biannually" | "halfyearly" => Some(Period::HalfYear),
            _ => None,
        };
        if let Some(period) = period {
            return Some((period, 1));
        }
        if token.is("semi") || token.is("half") {
            let dash = usize::from(next(1).is_some_and(|t| t.is_mark('-')));
            return next(1 + dash).filter(|t| t.stems(&["annual"])).map(|_| (Period::HalfYear, 2 + dash));
        }
        // "p.a.", "p.m."
        if token.is("p") && next(1).is_some_and(|t| t.is_mark('.')) {
            let period = match next(2)?.text.as_str() {
                "a" => Period::Year,
                "m" => Period::Month,
                _ => return None,
            };
            return Some((period, 3 + usize::from(next(3).is_some_and(|t| t.is_mark('.')))));
        }
    }
    let every = token.is_any(&["a", "per", "each", "every", "an"]) || token.is_mark('/');
    // "12% per annum"
    if every {
        let (period, factor) = next(1).and_then(unit)?;
        // "a year from now", but "each year from 500,000"
        let from = next(2).is_some_and(|t| t.is("from")) && next(3).is_none_or(|t| t.number().is_none());
        let later = from || next(2).is_some_and(|t| t.is_any(&["later", "hence", "ago"]));
        return (factor == 1.0 && !later).then_some((period, 2));
    }
    None
}

fn fact_at(tokens: &[Token], at: usize) -> Option<Fact> {
    let token = tokens.get(at)?;
    let next = |ahead: usize| tokens.get(at + ahead);
    let before = |words: &[&str]| at > 0 && tokens[at - 1].is_any(words);
    match token.kind {
        Kind::Date(date) => Some(Fact::new(What::Day(date), 0.0, at, at + 1)),
        Kind::Ordinal(position) => {
            let what = if next(1).is_some_and(|token| token.stems(&["payment", "instalment"])) {
                What::Count
            } else {
                What::Span(next(1).and_then(unit)?.0)
            };
            let mut fact = Fact::new(what, f64::from(position), at, at + 2);
            fact.point = true;
            Some(fact)
        }
        Kind::Number(number) if number.percent => {
            let mut fact = Fact::new(What::Percent, number.value, at, at + 1);
            if let Some((period, used)) = frequency(tokens, at + 1) {
                (fact.per, fact.end) = (Some(period), at + 1 + used);
            } else if at > 0
                && let Some((period, 1)) = frequency(tokens, at - 1).filter(|_| tokens[at - 1].is("monthly"))
            {
                fact.per = Some(period);
            }
            Some(fact)
        }
        Kind::Number(number) => {
            if number.plain
                && let Some(fact) = time_at(tokens, at, number.value)
            {
                return Some(fact);
            }
            let year = number.count().is_some_and(|year| (1900..=2100).contains(&year));
            if year
                && before(&["in", "year", "since", "during", "fy", "of"])
                && !frequency_follows(tokens, at)
            {
                return Some(Fact::new(What::Year, number.value, at, at + 1));
            }
            let mut fact = Fact::new(What::Amount, number.value, at, at + 1);
            if let Some((period, used)) = frequency(tokens, at + 1) {
                (fact.per, fact.end) = (Some(period), at + 1 + used);
            } else {
                fact.per = announced(&tokens[..at]);
            }
            Some(fact)
        }
        // "FY2019"
        Kind::Word
            if let Some(year) =
                token.text.strip_prefix("fy").and_then(|digits| digits.parse::<u16>().ok())
                && (1900..=2100).contains(&year) =>
        {
            Some(Fact::new(What::Year, f64::from(year), at, at + 1))
        }
        // "in a year"
        Kind::Word if token.is("a") && before(&["in", "after", "for", "over"]) => {
            let (period, factor) = next(1).and_then(unit)?;
            let mut fact = Fact::new(What::Span(period), factor, at, at + 2);
            fact.point = before(&["in", "after"]);
            Some(fact)
        }
        _ => None,
    }
}

fn frequency_follows(tokens: &[Token], at: usize) -> bool {
    frequency(tokens, at + 1).is_some()
}

/// `5 years`, `5-year`, `year 5`, `36 monthly instalments`.
fn time_at(tokens: &[Token], at: usize, value: f64) -> Option<Fact> {
    let next = |ahead: usize| tokens.get(at + ahead);
    let before = |words: &[&str]| at > 0 && tokens[at - 1].is_any(words);
    let dash = usize::from(next(1).is_some_and(|mark| mark.is_mark('-')));
    if let Some((period, factor)) = next(1 + dash).and_then(unit) {
        let mut fact = Fact::new(What::Span(period), value * factor, at, at + 2 + dash);
        let later = next(2 + dash).is_some_and(|t| t.is_any(&["from", "later", "hence"]));
        fact.point = later || before(&["after"]) || before(&["in"]);
        return Some(fact);
    }
    if at > 0 && tokens[at - 1].is_any(&["year", "month", "quarter", "week"]) && value < 1000.0 {
        // "500 a year 3 times" is odd; "a year" belongs to what stands before.
        let every = at > 1 && tokens[at - 2].is_any(&["a", "per", "each", "every"]);
        if let Some((period, _)) = unit(&tokens[at - 1]).filter(|_| !every) {
            let mut fact = Fact::new(What::Span(period), value, at, at + 1);
            fact.point = true;
            return Some(fact);
        }
    }
    // "36 equal monthly instalments"
    let mut ahead = 1;
    let mut per = None;
    while let Some(token) = next(ahead).filter(|_| ahead < 4) {
        if token.stems(&PAYMENTS) {
            let mut fact = Fact::new(What::Count, value, at, at + ahead + 1);
            fact.per = per;
            fact.point = before(&["after"]);
            return Some(fact);
        }
        match frequency(tokens, at + ahead) {
            Some((period, 1)) => per = Some(period),
            _ if token.is_any(&["equal", "level", "regular", "constant"]) => {}
            _ => break,
        }
        ahead += 1;
    }
    None
}

/// `monthly payments of`: how often what follows falls.
fn announced(before: &[Token]) -> Option<Period> {
    let mut led = false;
    for at in (0..before.len()).rev().take(5) {
        let token = &before[at];
        if let Some((period, used)) = frequency(before, at)
            && !token.is_any(&["a", "an"])
        {
            // "monthly payment on 150,000" says how often what is asked for falls.
            let _ = used;
            let about =
                before[at + 1..].iter().any(|token| token.is_any(&["on", "for", "over", "at", "to", "from"]));
            return (!about || led).then_some(period);
        }
        let amount = matches!(token.kind, Kind::Number(_) | Kind::Mark(',' | ';' | '.' | '?'));
        if amount
            || token.is_any(&["on", "for", "and", "with"])
            || token.stems(&[
                "rate", "return", "interest", "growth", "yield", "give", "reach", "have", "get", "turns",
                "grow",
            ])
        {
            return None;
        }
        led |= token.is("of");
    }
    None
}

#[cfg(test)]
mod tests {
    use super::{
        super::{lexer::cut, ranges::join_ranges},
        *,
    };

    fn of(question: &str) -> Vec<(What, Vec<f64>)> {
        let tokens = cut(question).tokens;
        join_ranges(&tokens, facts(&tokens), false).into_iter().map(|fact| (fact.what, fact.values)).collect()
    }

    #[test]
    fn numbers_get_their_kind() {
        use What::{Amount, Count, Percent, Span, Year};
        assert_eq!(
            of("a 250k mortgage at 4.2% over 25 years"),
            [(Amount, vec![250_000.0]), (Percent, vec![4.2]), (Span(Period::Year), vec![25.0])]
        );
        assert_eq!(of("36 monthly instalments of 322.67"), [(Count, vec![36.0]), (Amount, vec![322.67])]);
        assert_eq!(of("from 5 in 2018")[1], (Year, vec![2018.0]));
        assert_eq!(of("rates from 3% to 5% in steps of 0.5%"), [(Percent, vec![3.0, 3.5, 4.0, 4.5, 5.0])]);
        assert_eq!(of("3, 4 and 5%"), [(Percent, vec![3.0, 4.0, 5.0])]);
        assert_eq!(of("over 10 or 15 years"), [(Span(Period::Year), vec![10.0, 15.0])]);
        assert_eq!(of("2 to 4%"), [(Percent, vec![2.0, 2.25, 2.5, 2.75, 3.0, 3.25, 3.5, 3.75, 4.0])]);
    }

    #[test]
    fn words_stay_with_their_number() {
        let tokens = cut("a van for 35,000 over 6 years with 5,000 salvage value").tokens;
        let facts = facts(&tokens);
        assert!(facts[2].near(&["salvage"]) && !facts[0].near(&["salvage"]));
        let tokens = cut("if a cup sells for 3.20 and costs me 0.70").tokens;
        let facts = super::facts(&tokens);
        assert!(facts[0].near(&["sell"]) && facts[1].near(&["cost"]) && !facts[0].near(&["cost"]));
        let tokens = cut("cost 40 price 65").tokens;
        let facts = super::facts(&tokens);
        assert!(facts[0].near(&["cost"]) && facts[1].near(&["price"]) && !facts[0].near(&["price"]));
    }
}
