//! Inflation: what prices become, what money of the future buys, and what is left of a return.

use super::super::python::number;
use super::{
    facts::{Period, What},
    program::{Program, Unit},
    reading::{Reading, Trouble, ask, choose, plain},
    terms,
};

/// Prices after some years, sums in today's money, the real rate of a nominal one (Fisher: `(1 + n) / (1 + i) - 1`).
pub(super) fn inflation(reading: &mut Reading) -> Result<Program, Trouble> {
    let named = reading.percent(&["inflation"]).cloned();
    let nominal = reading.free(What::Percent).next().map(|fact| fact.take().clone());
    // The only percentage is that of the inflation.
    let (inflation, nominal) = match (named, nominal) {
        (None, only) => (only, None),
        both => both,
    };
    let Some(inflation) = inflation else { return ask("How high is the inflation a year? For example: 2%.") };
    let rates = inflation.values.iter().chain(nominal.iter().flat_map(|rate| &rate.values));
    if rates.into_iter().any(|rate| !(-50.0..=1000.0).contains(rate)) {
        return ask("Which yearly inflation should I use?");
    }
    let mut program = Program::default();
    program.percent("inflation", "Inflation", &inflation.values);
    let at = plain(&inflation);
    let Some(amount) = reading.free(What::Amount).next().map(|fact| fact.take().clone()) else {
        let Some(nominal) = nominal.filter(|_| reading.any(&["real", "nominal", "rate"])) else {
            return ask("Which sum, or which nominal rate, should I convert?");
        };
        program.percent("nominal", "Nominal rate", &nominal.values);
        program.show("((1 + nominal) / (1 + inflation) - 1) * 100", "Real rate a year", Unit::Percent);
        program.said = format!(
            "Real rate of {}% nominal with {at}% inflation, (1 + nominal) / (1 + inflation) - 1",
            plain(&nominal)
        );
        return Ok(program);
    };
    if amount.per.is_some() || reading.frequency().is_some() {
        return ask("I convert one sum with inflation, no payments; which sum, and after how many years?");
    }
    let term = terms::needed_term(reading)?;
    program.input("amount", "Sum", &amount.values);
    let over = terms::write_term(&mut program, &term, Period::Year)?;
    let shown = plain(&amount);
    program.line("prices = (1 + inflation) ** periods  # of what costs 1 today");
    if let Some(nominal) = nominal {
        program.percent("nominal", "Nominal rate", &nominal.values);
        program.line("future_value = amount * (1 + nominal) ** periods");
        program.show("future_value / prices", "Value at the end in today's money", Unit::Money);
        program.show("future_value", "Value at the end", Unit::Money);
        program.said = format!(
            "{shown} after {over} at {}% a year, compounded yearly, with {at}% inflation",
            plain(&nominal)
        );
        return Ok(program);
    }
    let dearer = reading.any(&["cost", "price", "need", "become", "becomes", "pay"]);
    let worth = reading.any(&["worth", "value", "lose", "real", "present"])
        || reading.says(&["today's money", "purchasing power", "buying power"]);
    match (dearer, worth) {
        (true, false) => {
            program.show("amount * prices", "Price at the end", Unit::Money);
            program.said = format!("What costs {shown} today, after {over} of {at}% inflation a year");
        }
        (false, true) => {
            let loss = ("amount - amount / prices", "Purchasing power lost");
            let value = ("amount / prices", "Value in today's money");
            let order = if reading.has("lose") { [loss, value] } else { [value, loss] };
            order.into_iter().for_each(|(value, label)| program.show(value, label, Unit::Money));
            program.said = format!("{shown} after {over} of {at}% inflation a year, in today's money");
        }
        _ => {
            return choose(
                format!("What of {} should I compute?", number(amount.values[0])),
                &["worth in today's money", "what the same will cost then"],
            );
        }
    }
    Ok(program)
}
