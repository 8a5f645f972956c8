//! The terms of a loan or of savings: the rate, how often interest is added and payments fall, and for how long.

use super::super::python::number;
use super::{
    facts::{Fact, Period, What},
    program::Program,
    reading::{Compounding, Reading, Trouble, ask},
};

/// The longest time, in years.
const YEARS_MAX: f64 = 200.0;

/// Most payments of a schedule.
const PERIODS_MAX: f64 = 2400.0;

/// Words that say that a percentage is no rate of interest.
const NO_RATE: [&str; 9] = ["down", "tax", "inflation", "fee", "fees", "vat", "margin", "markup", "deposit"];

/// A rate of interest.
#[derive(Debug, Clone)]
pub(super) struct Rate {
    pub(super) values: Vec<f64>,
    /// What it is the interest of.
    per: Period,
    /// What interest on interest is contained in it.
    effective: bool,
    compounding: Option<Compounding>,
}

/// Finds the rate of interest.
pub(super) fn rate(reading: &mut Reading) -> Result<Rate, Trouble> {
    let fact = find_rate(reading);
    let free = reading.says(&[
        "interest free",
        "no interest",
        "without interest",
        "excluding interest",
        "zero interest",
    ]);
    if fact.is_none() && free {
        return Ok(Rate::yearly(vec![0.0], None));
    }
    let Some((fact, bare)) = fact else {
        return ask("Which yearly interest rate should I use? For example: at 5%.");
    };
    if bare {
        reading.assume(format!("{} is the yearly rate in percent", number(fact.values[0])), 7);
    }
    if fact.values.iter().any(|value| !(-50.0..=1000.0).contains(value)) {
        return ask(format!(
            "A rate of {}% cannot be right, which one should I use?",
            number(fact.values[0])
        ));
    }
    let effective = reading.any(&["effective", "apy", "aer", "ear"]);
    Ok(Rate {
        values: fact.values,
        per: fact.per.unwrap_or(Period::Year),
        effective,
        compounding: reading.compounding(),
    })
}

/// The rate, and true if it was written without a percent sign.
pub(super) fn find_rate(reading: &Reading) -> Option<(Fact, bool)> {
    let percent = reading.free(What::Percent).find(|fact| !fact.near(&NO_RATE));
    if let Some(fact) = percent {
        return Some((fact.take().clone(), false));
    }
    let named = ["rate", "interest", "r", "wacc", "hurdle", "discount"];
    let small =
        |fact: &&Fact| fact.values.iter().all(|value| (0.0..=40.0).contains(value)) && fact.per.is_none();
    let amount = reading
        .free(What::Amount)
        .filter(small)
        .find(|fact| fact.near(&named) || fact.before.last().is_some_and(|word| word == "at"))?;
    let mut fact = amount.take().clone();
    // 0.05 is a fraction, 5 a percentage.
    let fraction = fact.values.iter().all(|value| *value < 1.0);
    if fraction {
        fact.values.iter_mut().for_each(|value| *value = (*value * 1e14).round() / 1e12);
    }
    Some((fact, !fraction))
}

/// For how long.
#[derive(Debug, Clone)]
pub(super) struct Term {
    pub(super) values: Vec<f64>,
    /// What it is counted in; none for a number of payments.
    pub(super) unit: Option<Period>,
    /// How often the counted payments fall, if that was said with them.
    pub(super) payments: Option<Period>,
}

/// Finds for how long, if that is said.
pub(super) fn term(reading: &Reading) -> Result<Option<Term>, Trouble> {
    let count = || reading.free(What::Count).find(|fact| !fact.point).map(Fact::take);
    let found = reading.span().or_else(count).or_else(|| reading.amount(&["nper"]));
    // "in 8 years", "after 15 years": the end, if nothing else is said of time.
    let ends = |fact: &&Fact| fact.point && fact.is_free() && matches!(fact.what, What::Span(_));
    let found = found.or_else(|| reading.facts.iter().find(ends).map(Fact::take));
    let Some(fact) = found else { return Ok(None) };
    let (unit, payments) = match fact.what {
        What::Span(unit) => (Some(unit), None),
        _ => (None, fact.per),
    };
    let years = |value: f64| value / unit.map_or(1.0, Period::per_year);
    let most = if unit.is_some() { YEARS_MAX } else { PERIODS_MAX };
    if fact.values.iter().any(|value| *value <= 0.0 || years(*value) > most) {
        return ask(format!("For how long? I compute up to {YEARS_MAX} years."));
    }
    Ok(Some(Term { values: fact.values.clone(), unit, payments }))
}

/// Finds for how long, or asks.
pub(super) fn needed_term(reading: &Reading) -> Result<Term, Trouble> {
    match term(reading)? {
        Some(term) => Ok(term),
        None => ask("For how many years?"),
    }
}

/// How often payments fall, as the question says it.
pub(super) fn often(reading: &Reading, per: Option<Period>, term: Option<&Term>) -> Option<Period> {
    per.or_else(|| term.and_then(|term| term.payments)).or_else(|| reading.frequency())
}

/// Writes the rate of one period into `rate`, and says the convention.
pub(super) fn write_rate(program: &mut Program, rate: &Rate, each: Period) -> String {
    let times = number(each.per_year());
    let noun = each.noun();
    let shown =
        if rate.values.len() == 1 { format!("{}%", number(rate.values[0])) } else { "each rate".to_owned() };
    if rate.per != Period::Year {
        let name = "periodic_rate";
        program.percent(name, format!("Interest rate a {}", rate.per.noun()), &rate.values);
        if rate.per == each {
            program.line(format!("rate = {name}  # per {noun}"));
            return format!("{shown} a {noun}");
        }
        let per = number(rate.per.per_year());
        program.line(format!("rate = (1 + {name}) ** ({per} / {times}) - 1  # per {noun}"));
        return format!("{shown} a {}, compounded", rate.per.noun());
    }
    program.percent("annual_rate", "Interest rate", &rate.values);
    if rate.effective {
        let line = if each == Period::Year {
            "rate = annual_rate".to_owned()
        } else {
            format!("rate = (1 + annual_rate) ** (1 / {times}) - 1  # per {noun}")
        };
        program.line(line);
        return format!("{shown} a year, effective");
    }
    match rate.compounding {
        Some(Compounding::Continuous) => {
            program.imports.push("import math");
            program.line(format!("rate = math.exp(annual_rate / {times}) - 1  # per {noun}"));
            format!("{shown} a year, compounded continuously")
        }
        Some(Compounding::Each(period)) if period != each => {
            let added = number(period.per_year());
            program
                .line(format!("rate = (1 + annual_rate / {added}) ** ({added} / {times}) - 1  # per {noun}"));
            format!("{shown} a year, compounded {}", period.adjective())
        }
        _ if each == Period::Year => {
            program.line("rate = annual_rate  # per year");
            format!("{shown} a year, compounded yearly")
        }
        _ => {
            program.line(format!("rate = annual_rate / {times}  # per {noun}"));
            format!("{shown} a year, {} rate = yearly rate / {times}", each.adjective())
        }
    }
}

/// Writes the number of periods into `periods`, and says it.
pub(super) fn write_term(program: &mut Program, term: &Term, each: Period) -> Result<String, Trouble> {
    let values: Vec<String> = term.values.iter().map(|value| number(*value)).collect();
    let listed = values.join(", ");
    let Some(unit) = term.unit else {
        program.input("periods", format!("Number of {} payments", each.adjective()), &term.values);
        return Ok(format!("{listed} {} payments", each.adjective()));
    };
    let factor = each.per_year() / unit.per_year();
    if term.values.iter().any(|value| value * factor > PERIODS_MAX * 10.0) {
        return ask("That is more periods than I compute, for how long should it be?");
    }
    let (name, label) = match unit {
        Period::Year => ("years", "Years"),
        Period::Month => ("months", "Months"),
        Period::Quarter => ("quarters", "Quarters"),
        Period::Week => ("weeks", "Weeks"),
        _ => ("days", "Days"),
    };
    program.input(name, label, &term.values);
    program.line(match factor {
        1.0 => format!("periods = {name}"),
        factor if factor >= 1.0 && factor.fract() == 0.0 => format!("periods = {name} * {}", number(factor)),
        _ => format!("periods = {name} * {} / {}", number(each.per_year()), number(unit.per_year())),
    });
    Ok(format!("{listed} {name}"))
}

/// What multiplies a payment at the end of each of `periods` to its value today.
pub(super) const ANNUITY: &str =
    "annuity = (1 - (1 + rate) ** -periods) / rate if rate else periods  # value today of 1 per period";

/// What multiplies a payment at the end of each of `periods` to its value at the end.
pub(super) const GATHERED: &str =
    "gathered = ((1 + rate) ** periods - 1) / rate if rate else periods  # final value of 1 per period";

impl Rate {
    /// A yearly rate.
    pub(super) fn yearly(values: Vec<f64>, compounding: Option<Compounding>) -> Rate {
        Rate { values, per: Period::Year, effective: false, compounding }
    }

    /// The highest of the rates, as a fraction for one period.
    pub(super) fn each(&self, each: Period) -> f64 {
        let rate = self.values.iter().copied().fold(f64::NEG_INFINITY, f64::max) / 100.0;
        let times = each.per_year();
        if self.per != Period::Year {
            return (1.0 + rate).powf(self.per.per_year() / times) - 1.0;
        }
        if self.effective {
            return (1.0 + rate).powf(1.0 / times) - 1.0;
        }
        match self.compounding {
            Some(Compounding::Continuous) => (rate / times).exp() - 1.0,
            Some(Compounding::Each(added)) => {
                (1.0 + rate / added.per_year()).powf(added.per_year() / times) - 1.0
            }
            None => rate / times,
        }
    }

    /// What it is the interest of, if not of a year.
    pub(super) fn period(&self) -> Option<Period> {
        (self.per != Period::Year).then_some(self.per)
    }

    /// How often interest is added, if that is said.
    pub(super) fn added(&self) -> Option<Period> {
        match self.compounding {
            Some(Compounding::Each(period)) => Some(period),
            _ => None,
        }
    }
}
