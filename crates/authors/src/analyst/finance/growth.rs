//! Rates of growth and of return: compound annual growth, effective and nominal rates, return on investment.

use super::super::python::number;
use super::{
    facts::{self, Fact, Period, What},
    program::{Program, Unit},
    reading::{Compounding, Reading, Trouble, ask, choose, plain},
    terms,
};

/// The growth a year that leads from one value to another.
pub(super) fn cagr(reading: &mut Reading) -> Result<Program, Trouble> {
    let mut years: Vec<Fact> = reading.free(What::Year).map(|fact| fact.take().clone()).collect();
    let days: Vec<Fact> =
        reading.facts.iter().filter(|f| matches!(f.what, What::Day(_))).map(|f| f.take().clone()).collect();
    let span = terms::term(reading)?;
    // "between 2018 and 2023", where two other amounts are left.
    if years.is_empty() && span.is_none() && days.is_empty() {
        let year = |fact: &&Fact| {
            let number = reading.tokens[fact.start].number();
            number.is_some_and(|n| n.count().is_some_and(|year| (1900..=2100).contains(&year)))
        };
        let found: Vec<&Fact> = reading.free(What::Amount).filter(year).collect();
        if found.len() == 2 && reading.free(What::Amount).count() == 4 {
            years = found.into_iter().map(|fact| fact.take().clone()).collect();
        }
    }
    let mut amounts: Vec<Fact> = reading.free(What::Amount).map(|fact| fact.take().clone()).collect();
    let backwards = amounts.len() == 2
        && (amounts[0].before.last().is_some_and(|word| word == "to")
            && amounts[1].before.iter().any(|word| word == "from"));
    if backwards {
        amounts.reverse();
    }
    let swapped = years.len() == 2 && years[0].values[0] > years[1].values[0];
    if swapped {
        amounts.reverse();
        years.reverse();
    }
    if amounts.is_empty()
        && let Some((_, factor)) = super::savings::multiple(reading)
    {
        amounts = [1.0, factor].map(Fact::amount).to_vec();
    }
    let [first, last] = &amounts[..] else { return ask("From which value to which value did it grow?") };
    if first.values[0] <= 0.0 || last.values[0] <= 0.0 {
        return Err(Trouble::Cannot("a compound growth rate needs values above 0 at both ends".into()));
    }
    let mut program = Program::default();
    program.input("first", "At the beginning", &first.values);
    program.input("last", "At the end", &last.values);
    // "compound monthly growth rate"
    let asked = (0..reading.tokens.len()).find_map(|at| {
        let (period, used) = facts::frequency(&reading.tokens, at)?;
        let growth = reading.tokens.get(at + used).is_some_and(|token| token.stems(&["growth", "rate"]));
        (growth && period != Period::Year).then_some(period)
    });
    if let Some(each) = asked {
        let Some(term) = span else { return ask(format!("Over how many {}s did it grow?", each.noun())) };
        let over = terms::write_term(&mut program, &term, each)?;
        program.line("growth = (last / first) ** (1 / periods) - 1");
        program.show("growth * 100", format!("Compound {} growth rate", each.adjective()), Unit::Percent);
        program.said = format!(
            "Growth a {} from {} to {} over {over}, compounded",
            each.noun(),
            plain(first),
            plain(last)
        );
        return Ok(program);
    }
    let over = match (&span, &years[..], &days[..]) {
        (Some(term), [], []) => {
            let Some(unit) = term.unit else { return ask("Over how many years?") };
            let factor = unit.per_year();
            if factor == 1.0 {
                program.input("years", "Years", &term.values);
            } else {
                program.input("units", format!("{}s", loans_capital(unit)), &term.values);
                program.line(format!("years = units / {}", number(factor)));
            }
            let values: Vec<String> = term.values.iter().map(|value| number(*value)).collect();
            format!("{} {}s", values.join(", "), unit.noun())
        }
        (None, [from, to], []) => {
            if (to.values[0] - from.values[0]).abs() < 0.5 {
                return ask("From which year to which year?");
            }
            program.input("first_year", "First year", &from.values);
            program.input("last_year", "Last year", &to.values);
            program.line("years = last_year - first_year");
            format!("{} years", number(to.values[0] - from.values[0]))
        }
        (None, [], [from, to]) => {
            let (What::Day(from), What::Day(to)) = (from.what, to.what) else { return Err(Trouble::Other) };
            if from == to {
                return ask("From which day to which day?");
            }
            program.imports.push("from datetime import date");
            program.given = format!("first_day, last_day = {}, {}\n", from.python(), to.python());
            program.line("years = (last_day - first_day).days / 365.25");
            "the days between, 365.25 a year".to_owned()
        }
        _ => return ask("Over how many years did it grow?"),
    };
    program.line("growth = (last / first) ** (1 / years) - 1");
    program.show("growth * 100", "Compound annual growth rate", Unit::Percent);
    program.show("(last / first - 1) * 100", "Growth in all", Unit::Percent);
    program.said =
        format!("Compound annual growth rate from {} to {} over {over}", plain(first), plain(last));
    Ok(program)
}

fn loans_capital(unit: Period) -> String {
    super::loans::capital(unit.noun())
}

/// Effective from nominal rates and back.
pub(super) fn effective(reading: &mut Reading) -> Result<Program, Trouble> {
    let Some((fact, _)) = terms::find_rate(reading) else { return ask("Which rate should I convert?") };
    if fact.values.iter().any(|value| !(-50.0..=1000.0).contains(value)) {
        return ask("Which rate, in percent a year, should I convert?");
    }
    let shown = plain(&fact);
    let mut program = Program::default();
    // "monthly rate equivalent to 8% a year"
    let yearly = fact.per.is_none_or(|per| per == Period::Year);
    let asked = (0..reading.tokens.len()).find_map(|at| {
        let (period, used) = facts::frequency(&reading.tokens, at)?;
        let of_rate = reading.tokens.get(at + used).is_some_and(|token| token.stems(&["rate", "interest"]));
        (of_rate && period != Period::Year && at < fact.start).then_some(period)
    });
    if let Some(each) = asked.filter(|_| yearly && reading.compounding().is_none()) {
        let times = number(each.per_year());
        program.percent("annual_rate", "Rate a year", &fact.values);
        program.show(
            format!("((1 + annual_rate) ** (1 / {times}) - 1) * 100"),
            format!("Rate a {}, compounded", each.noun()),
            Unit::Percent,
        );
        program.show(
            format!("annual_rate / {times} * 100"),
            format!("Rate a {} if {shown}% is nominal", each.noun()),
            Unit::Percent,
        );
        program.said = format!(
            "Rate a {} that comes to {shown}% a year with interest on interest, and beside it a {times}th of the yearly rate",
            each.noun()
        );
        return Ok(program);
    }
    // "1% a month"
    if let Some(per) = fact.per.filter(|per| *per != Period::Year) {
        let times = number(per.per_year());
        program.percent("periodic_rate", format!("Rate a {}", per.noun()), &fact.values);
        program.line(format!("effective_rate = (1 + periodic_rate) ** {times} - 1"));
        program.show("effective_rate * 100", "Effective annual rate", Unit::Percent);
        program.show(format!("periodic_rate * {times} * 100"), "Nominal annual rate", Unit::Percent);
        program.said = format!("Yearly rates for {shown}% a {}, compounded {}", per.noun(), per.adjective());
        return Ok(program);
    }
    let follows = |words: &[&str]| fact.after.iter().any(|word| words.contains(&word.as_str()));
    let known_effective = !follows(&["nominal"])
        && (follows(&["effective", "ear", "apy", "aer"])
            || reading.then(&["what", "which", "what's"], &["nominal"], 3)
            || reading.then(&["to"], &["nominal"], 2));
    let compounding = reading.compounding().or_else(|| {
        // "6% nominal quarterly"
        let said =
            |at: usize| facts::frequency(&reading.tokens, at).filter(|(period, _)| *period != Period::Year);
        (0..reading.tokens.len()).find_map(said).map(|(period, _)| Compounding::Each(period))
    });
    let (expression, back, added) = match compounding {
        Some(Compounding::Continuous) => {
            program.imports.push("import math");
            (
                "math.exp(annual_rate) - 1".to_owned(),
                "math.log(1 + annual_rate)".to_owned(),
                "continuously".to_owned(),
            )
        }
        Some(Compounding::Each(period)) => {
            let times = number(period.per_year());
            (
                format!("(1 + annual_rate / {times}) ** {times} - 1"),
                format!("{times} * ((1 + annual_rate) ** (1 / {times}) - 1)"),
                period.adjective().to_owned(),
            )
        }
        None => {
            return choose(
                "How often is interest added?",
                &["compounded monthly", "compounded quarterly", "compounded daily"],
            );
        }
    };
    program.percent(
        "annual_rate",
        if known_effective { "Effective rate" } else { "Nominal rate" },
        &fact.values,
    );
    if known_effective {
        program.line(format!("nominal_rate = {back}"));
        program.show("nominal_rate * 100", "Nominal annual rate", Unit::Percent);
        program.said = format!("Nominal annual rate, compounded {added}, that comes to {shown}% effective");
    } else {
        program.line(format!("effective_rate = {expression}"));
        program.show("effective_rate * 100", "Effective annual rate", Unit::Percent);
        program.said = format!("Effective annual rate of {shown}% nominal, compounded {added}");
    }
    Ok(program)
}

/// Gain by cost.
pub(super) fn roi(reading: &mut Reading) -> Result<Program, Trouble> {
    let groups: [&[&str]; 3] = [
        &["cost", "invest", "spend", "pay", "buy", "outlay", "initial", "put"],
        &["profit", "gain", "gains", "earn"],
        &["back", "return", "sell", "receive", "worth"],
    ];
    let led = |group: usize| {
        let found = reading.free(What::Amount).find(|fact| fact.role(&groups) == Some(group));
        found.map(|fact| fact.take().clone())
    };
    let (cost, gain, back) = (led(0), led(1), led(2));
    let next = || reading.free(What::Amount).next().map(|fact| fact.take().clone());
    let cost = cost.or_else(next);
    let back = back.or_else(|| if gain.is_none() { next() } else { None });
    if let (Some(cost), Some(gain)) = (&cost, &gain)
        && gain.near(&["earn"])
        && gain.values[0] >= cost.values[0]
    {
        let shown = plain(gain);
        let options = [format!("a profit of {shown}"), format!("got back {shown}")];
        return choose(format!("Is {shown} the profit, or all that came back?"), &[&options[0], &options[1]]);
    }
    let term = terms::term(reading)?;
    let Some(cost) = cost else { return ask("How much was invested, and how much came back?") };
    if cost.values[0].abs() < f64::EPSILON {
        return ask("How much was invested?");
    }
    if gain.as_ref().is_some_and(|gain| gain.per.is_some() || gain.near(&["annual", "monthly", "quarterly"]))
    {
        return ask("How much is the gain in all, over the whole time?");
    }
    let mut program = Program::default();
    program.input("invested", "Invested", &cost.values);
    let what = match (&gain, &back) {
        (Some(gain), _) => {
            program.input("gain", "Gain", &gain.values);
            program.line("returned = invested + gain");
            format!("a gain of {}", plain(gain))
        }
        (None, Some(back)) => {
            program.input("returned", "Got back", &back.values);
            program.line("gain = returned - invested");
            format!("{} back", plain(back))
        }
        _ => return ask("How much came back of the investment in all?"),
    };
    program.line("roi = gain / invested");
    program.show("roi * 100", "Return on investment", Unit::Percent);
    program.show("gain", "Gain", Unit::Money);
    if let Some(term) = term
        && let Some(unit) = term.unit
    {
        program.input("time", format!("{}s", loans_capital(unit)), &term.values);
        program.line(format!("years = time / {}", number(unit.per_year())));
        program.show(
            "((returned / invested) ** (1 / years) - 1) * 100",
            "Return a year, compounded",
            Unit::Percent,
        );
    }
    program.said =
        format!("Return on investment: {what} for {} invested, gain by what was invested", plain(&cost));
    Ok(program)
}
