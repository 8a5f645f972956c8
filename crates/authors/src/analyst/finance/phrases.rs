//! What the phrases of a question mean for its cash flows: amounts, outlays, inflows, years, how often.

use super::{
    flows::PERIODS_MAX,
    lexer::{Kind, Token},
};

const YEAR_WORDS: [&str; 17] = [
    "year", "years", "yr", "yrs", "y", "period", "periods", "month", "months", "mos", "quarter", "quarters",
    "week", "weeks", "day", "days", "annum",
];
const PAYMENT_WORDS: [&str; 9] = [
    "payments",
    "payment",
    "instalments",
    "installments",
    "inflows",
    "receipts",
    "flows",
    "cashflows",
    "sums",
];
const OUTLAY_WORDS: [&str; 27] = [
    "outlay",
    "outlays",
    "invest",
    "invests",
    "invested",
    "investing",
    "investment",
    "cost",
    "costs",
    "costing",
    "spend",
    "spends",
    "spending",
    "spent",
    "pay",
    "paid",
    "buy",
    "buying",
    "bought",
    "purchase",
    "price",
    "capex",
    "expenditure",
    "outflow",
    "upfront",
    "deposit",
    "initial",
];
const INFLOW_WORDS: [&str; 42] = [
    "saving",
    "save",
    "gains",
    "bring",
    "return",
    "returns",
    "returning",
    "returned",
    "get",
    "gets",
    "getting",
    "receive",
    "receives",
    "receiving",
    "earn",
    "earns",
    "earning",
    "inflow",
    "inflows",
    "generates",
    "generate",
    "generating",
    "pays",
    "paying",
    "yields",
    "yielding",
    "yield",
    "produces",
    "produce",
    "brings",
    "bringing",
    "revenue",
    "followed",
    "flows",
    "cashflows",
    "savings",
    "saves",
    "income",
    "profit",
    "profits",
    "benefits",
    "dividends",
];
const SALVAGE_WORDS: [&str; 9] =
    ["salvage", "terminal", "residual", "scrap", "resale", "resold", "liquidation", "sell", "sold"];
/// What a piece of the question means for its flows.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum Item {
    Amount(f64),
    /// Years in which an amount falls.
    When(u32, u32),
    /// `for 3 years`, `3 payments of`.
    Count(u32),
    /// `a year`, `annually`: said of the amount before.
    Yearly,
    /// `annual payments of`: said of the amount that follows.
    YearlyNext,
    Outlay,
    /// `another 20k`: an outlay if the amount before was one.
    Another,
    Inflow,
    Salvage,
    /// `at the end of each year`, or a spreadsheet's NPV: nothing falls today.
    FromYearOne,
    Stop,
}

/// Turns the words of a question into items, longest phrases first.
pub(super) fn items(tokens: &[Token]) -> Vec<Item> {
    let mut items = Vec::new();
    let mut at = 0;
    while at < tokens.len() {
        let (item, used) = item_at(tokens, at);
        // "initial investment" names one outlay.
        if item != Some(Item::Outlay) || items.last() != Some(&Item::Outlay) {
            items.extend(item);
        }
        at += used;
    }
    items
}

fn item_at(tokens: &[Token], at: usize) -> (Option<Item>, usize) {
    let token = &tokens[at];
    let next = |ahead: usize| tokens.get(at + ahead);
    let next_is = |ahead: usize, words: &[&str]| next(ahead).is_some_and(|token| token.is_any(words));
    let before = |words: &[&str]| at > 0 && tokens[at - 1].is_any(words);
    if let Some(found) = year_label(tokens, at) {
        return found;
    }
    match &token.kind {
        // "the first flow is today" says where time 0 is.
        Kind::Ordinal(1)
            if let Some(length) = (1..5).find(|ahead| next_is(*ahead, &["today", "now", "immediately"]))
                && !tokens[at..at + length].iter().any(|token| token.number().is_some()) =>
        {
            (None, length + 1)
        }
        Kind::Ordinal(year) if next_is(1, &YEAR_WORDS) => (Some(Item::When(*year, *year)), 2),
        // "first-year cash flow"
        Kind::Ordinal(year) if next(1).is_some_and(|mark| mark.is_mark('-')) && next_is(2, &YEAR_WORDS) => {
            (Some(Item::When(*year, *year)), 3)
        }
        Kind::Number(amount) => {
            if let Some(count) = amount.count() {
                let dash = usize::from(next(1).is_some_and(|mark| mark.is_mark('-')));
                if next_is(1 + dash, &YEAR_WORDS) {
                    let later = next_is(2, &["from", "later", "hence", "time", "out"]);
                    let point = later || before(&["in", "after"]);
                    return (
                        Some(if point { Item::When(count, count) } else { Item::Count(count) }),
                        2 + dash,
                    );
                }
                let described = (1..4)
                    .take_while(|ahead| {
                        next_is(
                            *ahead,
                            &["equal", "annual", "yearly", "cash", "year", "end", "monthly", "quarterly"],
                        )
                    })
                    .count();
                if next_is(1 + described, &PAYMENT_WORDS) {
                    return (Some(Item::Count(count)), 2 + described);
                }
            }
            // More years than there are periods to compute.
            if amount.plain && next_is(1, &YEAR_WORDS) {
                return (Some(Item::Count(u32::MAX)), 2);
            }
            (Some(Item::Amount(amount.value)), 1)
        }
        Kind::Word => word_at(tokens, at),
        Kind::Mark('/') if next_is(1, &["year", "yr", "month", "quarter"]) => (Some(Item::Yearly), 2),
        Kind::Mark(';' | '.' | '?' | '!') => (Some(Item::Stop), 1),
        _ => (None, 1),
    }
}

/// `year 1`, `years 1-3`, `years 1, 2 and 3`, `t=0`, `t1`, `CF2`.
fn year_label(tokens: &[Token], at: usize) -> Option<(Option<Item>, usize)> {
    let token = &tokens[at];
    if token.kind == Kind::Word
        && let Some(digits) =
            ["t", "y", "yr", "year", "cf", "c", "p"].iter().find_map(|p| token.text.strip_prefix(p))
        && let Ok(year) = digits.parse::<u32>()
        && year <= PERIODS_MAX
    {
        return Some((Some(Item::When(year, year)), 1));
    }
    let short = token.is_any(&["t", "cf", "time", "y"]);
    if !short && !token.is_any(&YEAR_WORDS) {
        return None;
    }
    let mut used = 1;
    while tokens.get(at + used).is_some_and(|t| t.is_mark('=') || t.is_mark('#')) {
        used += 1;
    }
    let zero = tokens.get(at + used).is_some_and(|t| t.is("zero"));
    let first = if zero { 0 } else { tokens.get(at + used)?.count().filter(|year| *year <= PERIODS_MAX)? };
    used += 1;
    let to =
        |t: &Token| t.is_mark('-') || t.is_mark('\u{2013}') || t.is_any(&["to", "through", "thru", "until"]);
    if let Some(last) =
        tokens.get(at + used).filter(|t| to(t)).and_then(|_| tokens.get(at + used + 1)?.count())
    {
        return Some((Some(Item::When(first, last)), used + 2));
    }
    let mut last = first;
    let plural = token.text.ends_with('s') && token.text != "cfs";
    // "years 1, 2 and 3"
    loop {
        let gap =
            tokens[at + used..].iter().take_while(|t| t.is_mark(',') || t.is_any(&["and", "&"])).count();
        match tokens.get(at + used + gap).and_then(Token::count) {
            Some(year) if plural && gap > 0 && year == last + 1 => (last, used) = (year, used + gap + 1),
            _ => break,
        }
    }
    Some((Some(Item::When(first, last)), used))
}

fn word_at(tokens: &[Token], at: usize) -> (Option<Item>, usize) {
    let token = &tokens[at];
    let next_is =
        |ahead: usize, words: &[&str]| tokens.get(at + ahead).is_some_and(|token| token.is_any(words));
    let before = |words: &[&str]| at > 0 && tokens[at - 1].is_any(words);
    if token.is_any(&["a", "per", "each", "every"])
        && next_is(1, &["year", "yr", "annum", "period", "month", "quarter", "week"])
    {
        let year_end = token.is_any(&["each", "every"]) && before(&["of"]);
        let in_a_year = token.is("a") && before(&["in", "after"]);
        let later = token.is("a") && next_is(2, &["from", "later", "hence"]);
        return match () {
            () if in_a_year || later => (Some(Item::When(1, 1)), 2),
            () if year_end => (Some(Item::FromYearOne), 2),
            () => (Some(Item::Yearly), 2),
        };
    }
    if token.is("end") && next_is(1, &["of"]) && next_is(2, &["each", "every"]) {
        return (Some(Item::FromYearOne), 3);
    }
    // "rate of return" is what is asked for.
    if token.is("return") && before(&["of"]) && at > 1 && tokens[at - 2].is("rate") {
        return (None, 1);
    }
    if token.is("next") && next_is(1, &["year", "month"]) {
        return (Some(Item::When(1, 1)), 2);
    }
    if token.is("up") && next_is(1, &["front"])
        || token.is("put") && next_is(1, &["in"])
        || token.is("down") && next_is(1, &["payment"])
    {
        return (Some(Item::Outlay), 2);
    }
    // "paying 1,000 and getting back 1,210"
    if token.is("paying")
        && tokens.get(at + 1).is_some_and(|token| token.number().is_some())
        && tokens[at..].iter().any(|token| token.is_any(&["get", "getting", "receive", "receiving"]))
    {
        return (Some(Item::Outlay), 1);
    }
    if token.is_any(&["pay", "pays", "paid"]) && next_is(1, &["back", "out", "me", "us", "you"]) {
        return (Some(Item::Inflow), 2);
    }
    let item = match () {
        // "5000 out today"
        () if token.is("out") && at > 0 && tokens[at - 1].number().is_some() => Item::Outlay,
        () if token.is("nothing") => Item::Amount(0.0),
        // "worth today" is what is asked for.
        () if token.is_any(&["now", "today"]) && before(&["worth", "value"]) => return (None, 1),
        () if token.is_any(&["now", "today", "immediately"]) => Item::When(0, 0),
        () if token.is("annually")
            || token.is_any(&["yearly", "monthly", "quarterly"])
                && at > 0
                && tokens[at - 1].number().is_some() =>
        {
            Item::Yearly
        }
        () if token.is_any(&["annual", "yearly", "annuity", "monthly", "quarterly"]) => Item::YearlyNext,
        () if token.is("excel") => Item::FromYearOne,
        () if token.is_any(&["another", "further", "additional"]) => Item::Another,
        () if token.is_any(&SALVAGE_WORDS) => Item::Salvage,
        // "this investment: -1000, 300" names a thing; "initial investment: 1000" an amount.
        () if token.is("investment")
            && tokens.get(at + 1).is_some_and(|t| t.is_mark(':'))
            && !before(&["initial"]) =>
        {
            return (None, 1);
        }
        () if token.is_any(&OUTLAY_WORDS) => Item::Outlay,
        () if token.is_any(&INFLOW_WORDS) => Item::Inflow,
        () if token.is_any(&["but", "then", "which", "that"]) => Item::Stop,
        () => return (None, 1),
    };
    (Some(item), 1)
}

pub(super) fn next_is_amount(items: &[Item]) -> bool {
    matches!(items.first(), Some(Item::Amount(_)))
}

/// True for `year 1: 300, year 2: 400`; false for `300 in year 1, 400 in year 2`.
pub(super) fn labels_come_first(items: &[Item]) -> bool {
    let mut outlay = false;
    for (at, item) in items.iter().enumerate() {
        match item {
            Item::Outlay => outlay = true,
            Item::Inflow => outlay = false,
            Item::Amount(_) if std::mem::take(&mut outlay) => {}
            Item::Amount(_) => return false,
            // "1000 today": the day of an outlay just named.
            Item::When(0, 0) if matches!(items[..at].last(), Some(Item::Amount(_) | Item::Outlay)) => {}
            Item::When(..) => return true,
            _ => {}
        }
    }
    false
}
