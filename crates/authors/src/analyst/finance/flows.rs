//! Cash flows: finds outlay and inflows in a question, however they are phrased, and lays them out by period.
//!
//! Convention, stated in every answer: the first flow listed falls at time 0, today. Flows fall at the end of
//! periods 1, 2, … where the question says so: by naming the periods, by "500 a year", or by naming an outlay apart,
//! which is then the flow of time 0.

use super::super::python;
use super::{
    facts::{self, Fact, Period},
    lexer::{Kind, Token},
    phrases::{Item, items, labels_come_first, next_is_amount},
    reading::{Trouble, ask},
};

/// The longest horizon, in periods.
pub(super) const PERIODS_MAX: u32 = 360;

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
                    let since = items[..at]
                        .iter()
                        .rev()
                        .take_while(|item| !matches!(item, Item::Inflow | Item::Stop | Item::Salvage));
                    let bare = !is_outlay
                        && !since
                            .clone()
                            .any(|item| matches!(item, Item::Yearly | Item::YearlyNext | Item::Count(_)));
                    let follows = bare && since.clone().any(|item| *item == Item::Outlay) && amount > 0.0;
                    let later = items[at + 1..]
                        .windows(2)
                        .any(|pair| pair[0] == Item::Inflow && next_is_amount(&pair[1..]));
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
        let again = |flow: &&Flow| flow.outlay && flow.yearly && flow.when.is_none();
        if let Some(flow) = self.flows.iter().find(again) {
            return ask(format!(
                "When is {} paid? List the cash flows one by one, with a minus where something is paid.",
                python::number(flow.amount.abs())
            ));
        }
        if let Some(amount) = self.unsure {
            return ask(format!(
                "Is {} paid or received? A minus says that it is paid.",
                python::number(amount)
            ));
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
    let each = period(&tokens)?.or_else(|| rate.and_then(|rate| rate.per)).unwrap_or(Period::Year);
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
    if endless
        && growth.is_none()
        && let Some(level) = laid.level()
    {
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
