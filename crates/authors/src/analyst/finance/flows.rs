//! Cash flows: finds outlay and inflows in a question, however they are phrased, and lays them out by period.
//!
//! Convention, stated in every answer: the first flow listed falls at time 0, today. Flows fall at the end of
//! periods 1, 2, … where the question says so: by naming the periods, by "500 a year", or by naming an outlay apart,
//! which is then the flow of time 0.

use super::super::python;
use super::{
    facts::{self, Fact, Period, What},
    lexer::{Kind, Token},
    reading::{Trouble, ask},
};

/// The longest horizon, in periods.
const PERIODS_MAX: u32 = 360;

/// What is beyond a plain series of flows.
const BEYOND: [&str; 11] = [
    "inflation",
    "tax",
    "grow",
    "growth",
    "continuous",
    "depreciation",
    "except",
    "delayed",
    "escalating",
    "rising",
    "perpetuity",
];

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
pub(super) const RATE_WORDS: [&str; 9] =
    ["rate", "discounted", "discounting", "discount", "hurdle", "wacc", "capital", "interest", "r"];
/// Takes the rate at `at..end` out of the question.
fn without(tokens: &[Token], at: usize, end: usize) -> Vec<Token> {
    // "5% a year" and "5% rate": the words belong to the rate, not to the flows.
    let mut end = end;
    while tokens.get(end).is_some_and(|t| {
        t.is_any(&["a", "per", "p", "annual", "annually", "yearly", "each", "every"]) || t.is_mark('/')
    }) && tokens.get(end + 1).is_some_and(|t| t.is_any(&["year", "annum", "yr", "a"]))
    {
        end += 2;
    }
    let mut start = at;
    while start > 0
        && (tokens[start - 1].is_any(&RATE_WORDS)
            || tokens[start - 1].is_any(&[
                "at", "of", "is", "cost", "a", "an", "the", "using", "with", "yearly", "annual", "required",
                "return", "on", "equity",
            ])
            || tokens[start - 1].is_mark('=')
            || tokens[start - 1].is_mark(':'))
    {
        start -= 1;
    }
    let mut rest = tokens[..start].to_vec();
    // A stop between what stood before and after, so that they do not run together.
    rest.push(stop());
    let after = tokens.get(end..).unwrap_or_default();
    let named_after = [
        "discount", "rate", "hurdle", "cost", "of", "capital", "interest", "required", "return", "wacc",
        "annual", "yearly",
    ];
    let skip = after.iter().take_while(|token| token.is_any(&named_after)).count();
    let named = after[..skip].iter().any(|token| token.is_any(&RATE_WORDS) || token.is("return"));
    rest.extend_from_slice(&after[if named { skip } else { 0 }..]);
    rest
}

fn stop() -> Token {
    Token { kind: Kind::Mark(';'), text: ";".into(), stem: "", start: 0, end: 0 }
}

/// Takes the rates out of the question, each with the words beside it.
pub(super) fn take_rates(tokens: &[Token]) -> (Vec<Fact>, Vec<Token>) {
    let mut rest = tokens.to_vec();
    let mut rates = Vec::new();
    loop {
        let found = facts::join_ranges(&rest, facts::facts(&rest), false);
        let Some(fact) = found.into_iter().find(|fact| fact.what == What::Percent) else { break };
        let steps = rest.get(fact.end).is_some_and(|token| token.is_any(&["step", "steps"]));
        let from = fact.start.saturating_sub(usize::from(
            fact.values.len() > 1 && fact.start > 0 && rest[fact.start - 1].is_any(&["from", "between"]),
        ));
        rest = without(&rest, from, fact.end + usize::from(steps));
        rates.push(fact);
    }
    if rates.is_empty()
        && let Some(at) = plain_rate(&rest)
        && let Some(number) = rest[at].number()
    {
        let percent =
            if number.value.abs() >= 1.0 { number.value } else { (number.value * 1e14).round() / 1e12 };
        let mut fact = facts::facts(&rest).into_iter().find(|fact| fact.start == at);
        if let Some(fact) = &mut fact {
            (fact.what, fact.values) = (What::Percent, vec![percent]);
        }
        rest = without(&rest, at, at + 1);
        rates.extend(fact);
    }
    (rates, rest)
}

/// A rate without a percent sign: `rate of 0.05`, `discounted at 5`, `r = 0.08`, `at 0.05`.
fn plain_rate(tokens: &[Token]) -> Option<usize> {
    let filler =
        ["of", "is", "at", "being", "equal", "to", "equals", "a", "by", "using", "with", "factor", "cost"];
    let number_after = |from: usize| {
        let skipped = tokens[from..]
            .iter()
            .take_while(|t| t.is_any(&filler) || t.is_any(&RATE_WORDS) || t.is_mark('=') || t.is_mark(':'))
            .count();
        let at = from + skipped;
        tokens.get(at).and_then(Token::number).map(|amount| (at, amount.value))
    };
    // As a function is called: npv(0.05, [-100, 60, 60]).
    if let [name, bracket, rate, ..] = tokens
        && name.is_any(&["npv", "mirr"])
        && bracket.is_mark('(')
        && rate.number().is_some_and(|amount| amount.value.abs() < 1.0)
    {
        return Some(2);
    }
    let keyword = (0..tokens.len()).filter(|at| tokens[*at].is_any(&RATE_WORDS));
    let by_keyword =
        keyword.filter_map(|at| number_after(at + 1)).find(|(_, value)| (-0.99..=100.0).contains(value));
    let by_preposition = (0..tokens.len())
        .filter(|at| tokens[*at].is_any(&["at", "using", "with", "@"]) || tokens[*at].is_mark('@'))
        .filter_map(|at| number_after(at + 1))
        .find(|(_, value)| value.abs() < 1.0 && *value != 0.0);
    by_keyword.or(by_preposition).map(|(at, _)| at)
}

/// What a piece of the question means for its flows.
#[derive(Debug, Clone, Copy, PartialEq)]
enum Item {
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
fn items(tokens: &[Token]) -> Vec<Item> {
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

/// One amount with what the question says about it.
#[derive(Debug, Clone, Copy)]
struct Flow {
    amount: f64,
    outlay: bool,
    salvage: bool,
    when: Option<(u32, u32)>,
    /// How often it falls, in years that follow each other.
    times: Option<u32>,
    yearly: bool,
}

/// What the items of a question say together.
#[derive(Debug, Default)]
struct Laid {
    flows: Vec<Flow>,
    /// A number of years that belongs to the flows listed one by one.
    span: Option<u32>,
    from_year_one: bool,
    /// Of the flow that is repeated, as a fraction each period.
    growth: f64,
    /// An amount after an outlay that may be one as well: what comes in is named only later.
    unsure: Option<f64>,
}

impl Laid {
    fn of(tokens: &[Token]) -> Laid {
        let items = items(tokens);
        let mut reading = Laid { from_year_one: items.contains(&Item::FromYearOne), ..Laid::default() };
        let label_first = labels_come_first(&items);
        let (mut outlay, mut salvage, mut yearly) = (false, false, false);
        let (mut count, mut label, mut counted_flow) = (None, None, None);
        for (at, item) in items.iter().enumerate() {
            match *item {
                Item::Amount(amount) => {
                    let named_after = !outlay
                        && items.get(at + 1) == Some(&Item::Outlay)
                        && !next_is_amount(&items[at + 2..])
                        && !items[..at]
                            .iter()
                            .rev()
                            .take_while(|i| **i != Item::Stop)
                            .any(|i| *i == Item::Inflow);
                    let is_outlay = outlay || named_after;
                    let since = items[..at].iter().rev().take_while(|item| !matches!(item, Item::Inflow | Item::Stop | Item::Salvage));
                    let bare = !is_outlay && !since.clone().any(|item| matches!(item, Item::Yearly | Item::YearlyNext | Item::Count(_)));
                    let follows = bare && since.clone().any(|item| *item == Item::Outlay) && amount > 0.0;
                    let later = items[at + 1..].windows(2).any(|pair| pair[0] == Item::Inflow && next_is_amount(&pair[1..]));
                    if follows && later && items.get(at + 1) != Some(&Item::Inflow) {
                        reading.unsure = reading.unsure.or(Some(amount));
                    }
                    let amount = if is_outlay { -amount.abs() } else { amount };
                    let when = if is_outlay && label.is_none() { None } else { label.take() };
                    let flow = Flow {
                        amount,
                        outlay: is_outlay,
                        salvage,
                        when,
                        times: None,
                        yearly: std::mem::take(&mut yearly),
                    };
                    reading.flows.push(flow);
                    (outlay, salvage) = (false, false);
                    if !is_outlay && counted_flow.is_none() && count.is_some() {
                        counted_flow = Some(reading.flows.len() - 1);
                    }
                }
                Item::When(first, last) => {
                    let just_before = matches!(items[..at].last(), Some(Item::Amount(_) | Item::Outlay));
                    let zero_after_outlay = (first, last) == (0, 0) && just_before;
                    if label_first && !zero_after_outlay {
                        label = Some((first, last));
                    } else {
                        reading.place(first, last);
                    }
                }
                Item::Count(times) => {
                    count = Some(times);
                    reading.repeat(times);
                }
                Item::Yearly => match reading.flows.last_mut() {
                    Some(flow) if matches!(items[..at].last(), Some(Item::Amount(_) | Item::When(..))) => {
                        flow.yearly = true
                    }
                    _ => yearly = true,
                },
                Item::YearlyNext => yearly = true,
                Item::Outlay => {
                    outlay = !matches!(items[..at].last(), Some(Item::Amount(_)))
                        || next_is_amount(&items[at + 1..])
                }
                Item::Another => outlay = reading.flows.last().is_some_and(|flow| flow.outlay),
                Item::Inflow => outlay = false,
                Item::Salvage => (salvage, outlay) = (true, false),
                Item::FromYearOne => {}
                Item::Stop => {}
            }
        }
        reading.apply_leading_count(count, counted_flow);
        reading
    }

    /// Gives the flows listed last the years `first` to `last`.
    fn place(&mut self, first: u32, last: u32) {
        let length = (last.saturating_sub(first) + 1) as usize;
        let open = self.flows.iter().rev().take_while(|flow| flow.when.is_none() && !flow.outlay).count();
        let total = self.flows.len();
        if length > 1 && open >= length {
            for (year, flow) in (first..=last).zip(&mut self.flows[total - length..]) {
                flow.when = Some((year, year));
            }
        } else if let Some(flow) = self.flows.last_mut()
            && flow.when.is_none()
        {
            flow.when = Some((first, last));
        }
    }

    /// `500 for 3 years` repeats 500; `300, 400, 500 over 3 years` says how many there are.
    fn repeat(&mut self, times: u32) {
        let listed =
            self.flows.iter().filter(|flow| !flow.outlay && !flow.salvage && flow.when.is_none()).count();
        let starts_negative = self.flows.first().is_some_and(|flow| flow.amount < 0.0);
        let same_length =
            times > 1 && (listed == times as usize || starts_negative && listed == times as usize + 1);
        let Some(last) = self.flows.last_mut() else { return };
        // Three or more listed one by one are rather all than each for so long.
        let many = listed > 2 && times > 1 && !last.yearly;
        if last.outlay || last.salvage || many || (same_length && !last.yearly) {
            self.span = Some(times);
        } else if last.times.is_none() {
            last.times = Some(times);
        }
    }

    /// `3 payments of 500`, `over 3 years: 300, 400, 500`, `a 5-year project returning 300 a year`.
    fn apply_leading_count(&mut self, count: Option<u32>, counted: Option<usize>) {
        let (Some(times), Some(first)) = (count, counted) else { return };
        if self.flows.iter().any(|flow| flow.times.is_some()) {
            return;
        }
        let open = self.flows[first..]
            .iter()
            .filter(|flow| flow.when.is_none() && !flow.outlay && !flow.salvage)
            .count();
        if open == 1 {
            self.flows[first].times = Some(times);
        } else {
            self.span = Some(times);
        }
    }

    /// Lays the flows out by year.
    fn flows(&self) -> Result<Vec<f64>, Trouble> {
        let Some(first) = self.flows.first() else {
            return ask("Which cash flows? For example: -1000, 300, 400 and 500.");
        };
        if let Some(amount) = self.unsure {
            return ask(format!("Is {} paid or received? A minus says that it is paid.", python::number(amount)));
        }
        let outlay = self.flows.iter().any(|flow| flow.outlay && flow.when.is_none_or(|(year, _)| year == 0));
        let listed = self.flows.iter().filter(|flow| !flow.outlay && !flow.salvage).count();
        if let Some(flow) =
            self.flows.iter().find(|flow| flow.yearly && flow.times.is_none() && flow.when.is_none())
            && listed == 1
            && self.span.is_none()
        {
            return ask(format!("For how many years do you get {} a year?", python::number(flow.amount)));
        }
        if self.flows.len() == 1 && first.when.is_none() && first.times.is_none() {
            return ask(format!(
                "I see one cash flow, {}; which others are there, and in which years?",
                python::number(first.amount)
            ));
        }
        if let Some(span) = self.span
            && listed > 1
            && ![listed, listed.saturating_sub(1)].contains(&(span as usize))
        {
            return ask(format!("I see {listed} cash flows and {span} periods; which flow falls when?"));
        }
        let spanned = self.span.is_some_and(|span| span as usize == listed);
        let repeated_first = first.times.is_some() && !first.outlay;
        let from_one = outlay || self.from_year_one || spanned || repeated_first;
        let mut cursor = u32::from(from_one);
        let mut years: Vec<(u32, f64)> = Vec::new();
        for flow in self.flows.iter().filter(|flow| !flow.salvage) {
            let (start, end) = match (flow.when, flow.times) {
                (Some((year, _)), Some(times)) => (year, year.saturating_add(times).saturating_sub(1)),
                (Some((start, end)), None) => (start, end),
                (None, _) if flow.outlay => (0, 0),
                (None, times) => (cursor, cursor.saturating_add(times.unwrap_or(1)).saturating_sub(1)),
            };
            if end > PERIODS_MAX || start > end {
                return ask(format!(
                    "I compute up to period {PERIODS_MAX} of a series; when do the cash flows fall?"
                ));
            }
            let mut amount = flow.amount;
            for year in start..=end {
                years.push((year, amount));
                amount *= 1.0 + if flow.times.is_some() { self.growth } else { 0.0 };
            }
            if !(flow.outlay && start == 0) {
                cursor = end + 1;
            }
        }
        let last = years
            .iter()
            .map(|(year, _)| *year)
            .max()
            .unwrap_or(0)
            .max(self.span.filter(|_| listed <= 1).unwrap_or(0));
        for flow in self.flows.iter().filter(|flow| flow.salvage) {
            years.push((flow.when.map_or(last, |(year, _)| year.min(PERIODS_MAX)), flow.amount));
        }
        let length = years.iter().map(|(year, _)| *year).max().unwrap_or(0) + 1;
        let mut flows = vec![0.0; length as usize];
        years.iter().for_each(|(year, amount)| flows[*year as usize] += amount);
        Ok(flows)
    }
}

fn next_is_amount(items: &[Item]) -> bool {
    matches!(items.first(), Some(Item::Amount(_)))
}

/// True for `year 1: 300, year 2: 400`; false for `300 in year 1, 400 in year 2`.
fn labels_come_first(items: &[Item]) -> bool {
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

/// Cash flows by period, from period 0.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Flows {
    pub(super) values: Vec<f64>,
    pub(super) each: Period,
    /// An outlay that regular flows follow for as long as it takes.
    pub(super) level: Option<(f64, f64)>,
}

/// Finds the cash flows in what is left of a question without its rates. `endless` allows regular flows of which
/// nobody said how many there are.
/// Flows whose periods nobody names are as far apart as those of the rate.
pub(super) fn read(
    tokens: &[Token],
    rate: Option<&Fact>,
    growth: Option<&Fact>,
    endless: bool,
) -> Result<Flows, Trouble> {
    let grown = |token: &Token| growth.is_some() && token.stems(&["grow", "growth", "escalating", "rising"]);
    if let Some(beyond) = tokens.iter().find(|token| token.stems(&BEYOND) && !grown(token)) {
        return Err(Trouble::Cannot(format!(
            "I take cash flows as they are listed, or the same each period, and do not know what to do with {:?}; for \
             example: outlay of 1000, then 300, 400 and 500",
            beyond.text
        )));
    }
    let tokens = number_years(tokens);
    let each = period(&tokens)?.or(rate.and_then(|rate| rate.per)).unwrap_or(Period::Year);
    let mut laid = Laid::of(&tokens);
    if let Some(growth) = growth {
        if growth.per.is_some_and(|per| per != each) || growth.values.len() > 1 {
            return ask("By how much do the cash flows grow from each period to the next?");
        }
        laid.growth = growth.values[0] / 100.0;
        if laid.flows.iter().filter(|flow| flow.times.is_some()).count() != 1 {
            return ask("Which of the cash flows grows, and for how many periods does it fall?");
        }
    }
    if endless && growth.is_none() && let Some(level) = laid.level() {
        return Ok(Flows { values: Vec::new(), each, level: Some(level) });
    }
    Ok(Flows { values: laid.flows()?, each, level: None })
}

/// What the flows are apart.
fn period(tokens: &[Token]) -> Result<Option<Period>, Trouble> {
    let mut found: Vec<Period> = Vec::new();
    for at in 0..tokens.len() {
        let said = facts::unit(&tokens[at])
            .map(|(period, _)| period)
            .filter(|_| !tokens[at].is_any(&["y", "day", "days"]));
        let said = said.or_else(|| match facts::frequency(tokens, at) {
            Some((period, 1)) => Some(period),
            _ => None,
        });
        found.extend(said.filter(|period| !found.contains(period)));
    }
    match found[..] {
        [] => Ok(None),
        [only] => Ok(Some(only)),
        _ => ask("Are the periods of the cash flows years or months? I compute with one of them."),
    }
}

/// `2024: -1000, 2025: 300` as years from 0 on.
fn number_years(tokens: &[Token]) -> Vec<Token> {
    let years: Vec<(usize, u32)> = (0..tokens.len())
        .filter_map(|at| Some((at, tokens[at].count().filter(|year| (1990..=2100).contains(year))?)))
        .collect();
    let amounts = tokens.iter().filter(|token| token.number().is_some()).count();
    let runs = years.windows(2).all(|pair| pair[1].1 == pair[0].1 + 1 && pair[1].0 > pair[0].0 + 1);
    let mut tokens = tokens.to_vec();
    if years.len() < 2 || !runs || amounts != 2 * years.len() {
        return tokens;
    }
    for (at, year) in &years {
        let token = &mut tokens[*at];
        token.text = format!("t{}", year - years[0].1);
        token.kind = Kind::Word;
    }
    tokens
}

impl Laid {
    /// An outlay and the same amount each period for as long as it takes.
    fn level(&self) -> Option<(f64, f64)> {
        let [one, other] = &self.flows[..] else { return None };
        let (outlay, flow) = if one.outlay { (one, other) } else { (other, one) };
        // "how long until 5,000 a year pays back 18k": what does not recur is what is paid back.
        let (outlay, flow) = match (one.yearly, other.yearly) {
            (true, false) => (other, one),
            (false, true) => (one, other),
            _ => (outlay, flow),
        };
        let open =
            self.flows.iter().all(|flow| flow.times.is_none() && flow.when.is_none_or(|when| when == (0, 0)));
        let endless = self.span.is_none() && open && flow.yearly && !outlay.yearly;
        endless.then(|| (outlay.amount.abs(), flow.amount))
    }
}
