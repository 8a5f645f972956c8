//! Depreciation: straight-line, declining and double declining balance, sum of the years' digits.

use super::super::python::number;
use super::{
    facts::{Fact, Period, What},
    program::{Listing, Program, Unit},
    reading::{Reading, Trouble, ask, choose, plain},
    terms,
};

/// How the value goes down.
enum Method {
    Straight,
    /// By a multiple of the straight-line rate.
    Multiple(f64),
    /// By a rate.
    Declining(Fact),
    Digits,
}

/// The depreciation of a thing by year, its value after some, or one year's.
pub(super) fn depreciation(reading: &mut Reading) -> Result<Program, Trouble> {
    let salvage = reading.amount(&["salvage"]).cloned();
    let cost = reading
        .amount(&[
            "cost",
            "buy",
            "price",
            "worth",
            "value",
            "pay",
            "machine",
            "original",
            "initial",
            "equipment",
        ])
        .cloned();
    let cost = cost.or_else(|| {
        reading
            .free(What::Amount)
            .max_by(|l, r| l.values[0].total_cmp(&r.values[0]))
            .map(|f| f.take().clone())
    });
    let salvage = salvage.or_else(|| reading.amount(&["left", "end", "remain", "final", "sell"]).cloned());
    let point = reading.point().map(|(fact, _)| fact.values[0]);
    let life = match terms::term(reading)? {
        Some(term) if term.unit == Some(Period::Year) => Some(term.values[0]),
        Some(term) if term.unit == Some(Period::Month) => Some(term.values[0] / 12.0),
        Some(_) => return ask("Over how many years is it written off?"),
        None => reading.amount(&["life"]).map(|fact| fact.values[0]),
    };
    let method = method(reading)?;
    let Some(cost) = cost else { return ask("What did it cost?") };
    if cost.values[0] <= 0.0 || cost.values.len() > 1 {
        return ask("What did it cost?");
    }
    if salvage.as_ref().is_some_and(|salvage| salvage.values[0] < 0.0 || salvage.values[0] >= cost.values[0])
    {
        return ask("The salvage value has to be less than the cost; which is which?");
    }
    // Without a life, a declining balance is followed as far as it is asked for.
    let life = match (life, &method, point) {
        (Some(life), ..) => life,
        (None, Method::Declining(_), Some(point)) => point,
        (None, Method::Declining(_), None) => return ask("For how many years should I show it?"),
        _ => return ask("Over how many years is it written off?"),
    };
    if !(life > 0.0 && life <= 100.0 && life.fract() == 0.0) {
        return ask("Over how many whole years, up to 100, is it written off?");
    }
    if point.is_some_and(|point| {
        point < 0.0 || point.fract() != 0.0 || (point > life && !matches!(method, Method::Declining(_)))
    }) {
        return ask(format!("Which year, from 1 to {}, do you mean?", number(life)));
    }
    let last = point.map_or(life, |point| point.max(life));
    Ok(write(reading, &method, &cost, salvage.as_ref(), point, life, last))
}

fn method(reading: &mut Reading) -> Result<Method, Trouble> {
    let declining = reading.any(&["decline", "reduce", "ddb", "diminishing", "degressive"]);
    if reading.any(&["syd"])
        || reading.has("sum") && reading.tokens.iter().any(|token| token.text.starts_with("digit"))
    {
        return Ok(Method::Digits);
    }
    if reading.any(&["double", "ddb"]) || reading.says(&["200 decline"]) {
        return Ok(Method::Multiple(2.0));
    }
    let rate = reading.free(What::Percent).next().map(|fact| fact.take().clone());
    if let Some(rate) = rate {
        if reading.has("straight") {
            return ask(
                "Straight-line depreciation has no rate of its own; over how many years is it written off?",
            );
        }
        return match rate.values[0] {
            multiple @ (150.0 | 200.0) => Ok(Method::Multiple(multiple / 100.0)),
            value if value > 0.0 && value < 100.0 && rate.values.len() == 1 => {
                if !declining {
                    reading.assume("a yearly percentage means declining balance", 10);
                }
                Ok(Method::Declining(rate))
            }
            _ => ask("At which rate, between 0% and 100%, does the balance decline?"),
        };
    }
    if reading.has("straight") || reading.has("linear") {
        return Ok(Method::Straight);
    }
    if declining {
        return choose(
            "At which rate does the balance decline?",
            &["double declining", "at 20% a year", "at 25% a year"],
        );
    }
    choose(
        "Which method of depreciation?",
        &["straight-line", "double declining balance", "sum of the years' digits"],
    )
}

fn write(
    reading: &Reading,
    method: &Method,
    cost: &Fact,
    salvage: Option<&Fact>,
    point: Option<f64>,
    life: f64,
    last: f64,
) -> Program {
    let mut program = Program { imports: vec!["import pandas as pd"], ..Program::default() };
    program.input("cost", "Cost", &cost.values);
    program.input("salvage", "Salvage value", &[salvage.map_or(0.0, |salvage| salvage.values[0])]);
    program.input("years", "Years", &[if matches!(method, Method::Declining(_)) { last } else { life }]);
    let declining =
        |rate: &str| format!("depreciation = min(value * {rate}, value - salvage)  # never below salvage");
    let (formula, name) = match method {
        Method::Straight => {
            ("depreciation = (cost - salvage) / years".to_owned(), "Straight-line depreciation".to_owned())
        }
        Method::Multiple(multiple) => {
            program.line(format!("rate = {} / years", number(*multiple)));
            let name = if number(*multiple) == "2" {
                "Double declining balance".to_owned()
            } else {
                format!("{}% declining balance", number(multiple * 100.0))
            };
            (declining("rate"), name)
        }
        Method::Declining(rate) => {
            program.percent("rate", "Rate", &rate.values);
            (declining("rate"), format!("Declining balance at {}% a year", plain(rate)))
        }
        Method::Digits => {
            program.line("digits = years * (years + 1) / 2");
            (
                "depreciation = (cost - salvage) * (years - year + 1) / digits".to_owned(),
                "Sum of the years' digits".to_owned(),
            )
        }
    };
    program.line("rows = []");
    program.line("value = cost");
    program.line("for year in range(1, years + 1):");
    program.line(format!("    {formula}"));
    program.line("    value -= depreciation");
    program.line("    rows.append({\"Year\": year, \"Depreciation\": depreciation, \"Book value\": value})");
    program.line("schedule = pd.DataFrame(rows)");
    let book = reading.any(&["book", "worth", "left", "remain"]);
    match point {
        Some(point) if point >= 1.0 => {
            let year = number(point);
            let value = (
                format!("schedule.loc[schedule[\"Year\"] == {year}, \"Book value\"].item()"),
                format!("Book value after year {year}"),
            );
            let spent = (
                format!("schedule.loc[schedule[\"Year\"] == {year}, \"Depreciation\"].item()"),
                format!("Depreciation in year {year}"),
            );
            let after = reading.tokens.iter().any(|token| token.is("after"));
            let order = if book || after { [value, spent] } else { [spent, value] };
            order.into_iter().for_each(|(value, label)| program.show(value, label, Unit::Money));
        }
        Some(_) => program.show("cost", "Book value at the beginning", Unit::Money),
        None if book => program.show("value", format!("Book value after year {}", number(last)), Unit::Money),
        None if matches!(method, Method::Straight) && reading.frequency() == Some(Period::Month) => {
            program.show("depreciation / 12", "Depreciation a month", Unit::Money);
        }
        None if matches!(method, Method::Straight) => {
            program.show("depreciation", "Depreciation a year", Unit::Money);
        }
        None => {}
    }
    program.listing = Some(Listing {
        code: String::new(),
        variable: "schedule.round(2)",
        label: format!("{name} by year"),
        chart: ("bar", "Year", "Book value"),
    });
    let kept = salvage.map_or_else(
        || "no salvage value".to_owned(),
        |salvage| format!("a salvage value of {}", plain(salvage)),
    );
    program.said = format!(
        "{name} of {} over {} years with {kept}, whole years from the purchase on",
        plain(cost),
        number(last)
    );
    if matches!(method, Method::Multiple(_) | Method::Declining(_)) {
        program.said += ", never below the salvage value and without a change to straight-line";
    }
    program
}
