//! The value of money over time: what a sum or regular payments are worth today or grow to, how long that takes, and
//! at which rate.

use super::super::python::number;
use super::{
    facts::{Fact, Period, What},
    loans::capital,
    program::{Listing, Program, Unit},
    reading::{Compounding, Reading, Trouble, ask, choose, plain},
    schedules,
    terms::{self, ANNUITY, GATHERED, Rate, Term},
};

const LOAN: [&str; 8] = ["loan", "mortgage", "borrow", "debt", "repay", "owe", "instalment", "card"];

/// Finds a balance by halving; no other tool is needed.
pub(super) const SOLVE: &str = r#"
def solve(function, low, high):
    """Where the function is zero between low and high, by halving."""
    above = function(low) > 0
    for _ in range(200):
        middle = (low + high) / 2
        if (function(middle) > 0) == above:
            low = middle
        else:
            high = middle
    return (low + high) / 2
"#;

/// The periods in which a sum is compounded: those of the payments, otherwise as it is said.
fn periods(reading: &mut Reading, rate: &Rate, payment: Option<&Fact>, term: Option<&Term>) -> Period {
    if let Some(payment) = payment {
        let said = terms::often(reading, payment.per, term);
        return said.unwrap_or_else(|| {
            let each = term.and_then(|term| term.unit).unwrap_or(Period::Year);
            reading.assume(format!("{} payments", each.adjective()), 5);
            each
        });
    }
    rate.added().or_else(|| rate.period()).unwrap_or(Period::Year)
}

/// A payment that falls again and again.
fn regular(reading: &Reading) -> Option<Fact> {
    let named = ["payment", "instalment", "annuity", "contribute", "monthly", "annual", "quarterly"];
    // "1000 compounded monthly" is paid once, and what is to be reached is no payment.
    let once = ["compound", "reach", "goal", "target", "have", "already", "initial", "lump"];
    let plain = |fact: &&Fact| {
        let reached = fact.before.last().is_some_and(|word| word == "to");
        !reached && !fact.near(&once) && !fact.beside(&["today", "now"])
    };
    let of_rate = |fact: &Fact| {
        fact.before.iter().any(|word| ["return", "rate", "interest", "growth"].contains(&word.as_str()))
    };
    let paid = |fact: &&Fact| fact.near(&named) && plain(fact) && !of_rate(fact);
    let found = reading.regular().cloned();
    let found = found.or_else(|| reading.free(What::Amount).find(paid).map(|fact| fact.take().clone()));
    // "save 250 at the end of every month": the time is said apart.
    let moved = ["deposit", "invest", "pay", "receive", "add", "put", "withdraw"];
    let again = reading.frequency().is_some() && (reading.saves() || reading.any(&moved));
    found.or_else(|| {
        again.then(|| reading.free(What::Amount).filter(plain).last().map(|fact| fact.take().clone()))?
    })
}

fn shown(values: &[f64]) -> String {
    let values: Vec<String> = values.iter().map(|value| number(*value)).collect();
    values.join(", ")
}

/// What a sum or payments of the future are worth today.
pub(super) fn present(reading: &mut Reading) -> Result<Program, Trouble> {
    let growth = reading.percent(&["grow", "growth", "increase"]).cloned();
    let rate = terms::rate(reading)?;
    let payment = regular(reading);
    let forever = reading.has("perpetuity");
    if forever || payment.is_some() && growth.is_some() {
        return perpetuity(reading, rate, payment, growth, forever);
    }
    let term = terms::needed_term(reading)?;
    let future = reading.free(What::Amount).next().map(|fact| fact.take().clone());
    if payment.is_none() && future.is_none() {
        return ask("Which sum or which payments should I value?");
    }
    if let Some(now) = future.as_ref().filter(|fact| payment.is_some() && fact.beside(&["now", "today"])) {
        return ask(format!(
            "Should I value the payments without the {} of today, to compare them?",
            plain(now)
        ));
    }
    let advance = reading.in_advance();
    let each = periods(reading, &rate, payment.as_ref(), Some(&term));
    let mut program = Program::default();
    let mut parts = Vec::new();
    let mut what = Vec::new();
    if let Some(payment) = &payment {
        program.input("payment", format!("{} payment", capital(each.adjective())), &payment.values);
        parts.push("payment * annuity");
        what.push(format!("{} a {}", shown(&payment.values), each.noun()));
    }
    if let Some(future) = &future {
        program.input("future", "Sum at the end", &future.values);
        parts.push("future / (1 + rate) ** periods");
        what.push(format!("{} at the end", shown(&future.values)));
    }
    let at = terms::write_rate(&mut program, &rate, each);
    let over = terms::write_term(&mut program, &term, each)?;
    if payment.is_some() {
        program.line(ANNUITY);
        if advance {
            program.line("annuity *= 1 + rate  # paid at the beginning");
        }
    }
    program.line(format!("present_value = {}", parts.join(" + ")));
    program.show("present_value", "Present value", Unit::Money);
    program.said = format!("Present value of {} over {over} at {at}", what.join(" and "));
    program.said += timing(payment.is_some(), advance);
    Ok(program)
}

fn timing(payments: bool, advance: bool) -> &'static str {
    match (payments, advance) {
        (false, _) => "",
        (true, false) => ", payments at the end of each period",
        (true, true) => ", payments at the beginning of each period",
    }
}

/// Payments that never end, or that grow.
fn perpetuity(
    reading: &mut Reading,
    rate: Rate,
    payment: Option<Fact>,
    growth: Option<Fact>,
    forever: bool,
) -> Result<Program, Trouble> {
    let payment = payment.or_else(|| reading.free(What::Amount).next().map(|fact| fact.take().clone()));
    let Some(payment) = payment else { return ask("Which payment should I value?") };
    // "1,000 in the first year"
    let first = |fact: &&Fact| fact.point && fact.what == What::Span(Period::Year) && fact.values == [1.0];
    reading.facts.iter().filter(|_| growth.is_some()).find(first).map(Fact::take);
    let each = terms::often(reading, payment.per, None).unwrap_or(Period::Year);
    if growth.is_some() && each != Period::Year {
        return ask("Do the payments fall, and grow, once a year? I value growing payments by the year.");
    }
    let mut program = Program::default();
    program.input("payment", format!("{} payment", capital(each.adjective())), &payment.values);
    let at = terms::write_rate(&mut program, &rate, each);
    let less = match &growth {
        Some(growth) => {
            if forever && growth.values.iter().any(|growth| rate.values.iter().any(|rate| growth >= rate)) {
                return Err(Trouble::Cannot(
                    "payments that grow as fast as the rate for ever have no finite value".into(),
                ));
            }
            program.percent("growth", "Growth", &growth.values);
            "(rate - growth)"
        }
        None => "rate",
    };
    if rate.values.iter().any(|rate| *rate <= 0.0) {
        return ask("Which rate, above 0%, should I use?");
    }
    let grown = growth
        .as_ref()
        .map_or_else(String::new, |growth| format!(" growing {}% a year", shown(&growth.values)));
    let over = if forever {
        program.line(format!("present_value = payment / {less}"));
        "for ever".to_owned()
    } else {
        let term = terms::needed_term(reading)?;
        let over = terms::write_term(&mut program, &term, each)?;
        program.line("present_value = (\n    payment * (1 - ((1 + growth) / (1 + rate)) ** periods) / (rate - growth)\n    if rate != growth\n    else payment * periods / (1 + rate)\n)");
        format!("over {over}")
    };
    program.show("present_value", "Present value", Unit::Money);
    program.said = format!(
        "Present value of {} a {}{grown} {over} at {at}, the first payment after one {}",
        shown(&payment.values),
        each.noun(),
        each.noun()
    );
    Ok(program)
}

/// What a sum and regular payments grow to.
pub(super) fn future(reading: &mut Reading) -> Result<Program, Trouble> {
    let rate = terms::rate(reading)?;
    let payment = regular(reading);
    let term = terms::needed_term(reading)?;
    let initial = reading.free(What::Amount).next().map(|fact| fact.take().clone());
    if payment.is_none() && initial.is_none() {
        return ask("Which sum or which payments should grow?");
    }
    let simple = reading.tokens.iter().any(|token| token.is("simple"));
    let mut simple = simple;
    let short = term.unit == Some(Period::Day) && term.values.iter().all(|days| *days <= 366.0);
    if short && !simple && reading.compounding().is_none() && payment.is_none() && !reading.has("compound") {
        reading.assume("simple interest, as it is less than a year", 8);
        simple = true;
    }
    let advance = reading.in_advance();
    let mut each = periods(reading, &rate, payment.as_ref(), Some(&term));
    if payment.is_none() && term.unit.is_none() {
        each = rate.period().unwrap_or(Period::Year);
    }
    let mut program = Program::default();
    let (mut parts, mut paid, mut what) = (Vec::new(), Vec::new(), Vec::new());
    if let Some(initial) = &initial {
        program.input("initial", "Sum at the beginning", &initial.values);
        parts.push(if simple { "initial * (1 + rate * periods)" } else { "initial * (1 + rate) ** periods" });
        paid.push("initial");
        what.push(shown(&initial.values));
    }
    if let Some(payment) = &payment {
        if simple {
            return ask("Simple interest on payments: should I compound instead?");
        }
        program.input("payment", format!("{} payment", capital(each.adjective())), &payment.values);
        parts.push("payment * gathered");
        paid.push("payment * periods");
        what.push(format!("{} a {}", shown(&payment.values), each.noun()));
    }
    let at = terms::write_rate(&mut program, &rate, each);
    let over = terms::write_term(&mut program, &term, each)?;
    if payment.is_some() {
        program.line(GATHERED);
        if advance {
            program.line("gathered *= 1 + rate  # paid at the beginning");
        }
    }
    program.line(format!("future_value = {}", parts.join(" + ")));
    let interest = (format!("future_value - {}", paid.join(" - ")), "Interest".to_owned());
    let value = ("future_value".to_owned(), "Future value".to_owned());
    let first = reading.says(&["compound interest on"])
        || reading.then(&["much", "what"], &["interest"], 2) && !reading.any(&["future", "fv", "worth"])
        || simple && !reading.any(&["future", "fv", "worth", "balance", "total"]);
    let order = if first { [interest, value] } else { [value, interest] };
    order.into_iter().for_each(|(value, label)| program.show(value, label, Unit::Money));
    if reading.wants_table() && !program.varies() {
        let start = if initial.is_some() { "initial" } else { "0.0" };
        let added = match (payment.is_some(), advance, simple) {
            (_, _, true) => "balance += initial * rate",
            (true, true, _) => "balance = (balance + payment) * (1 + rate)",
            (true, false, _) => "balance = balance * (1 + rate) + payment",
            (false, ..) => "balance *= 1 + rate",
        };
        let code = format!(
            "rows = [{{\"Period\": 0, \"Balance\": {start}}}]\nbalance = {start}\nfor period in range(1, round(periods) + 1):\n    {added}\n    rows.append({{\"Period\": period, \"Balance\": balance}})\nbalances = pd.DataFrame(rows).round(2)\n"
        );
        program.listing = Some(Listing {
            code,
            variable: "balances",
            label: format!("Balance by {}", each.noun()),
            chart: ("line", "Period", "Balance"),
        });
    }
    let how = if simple { " with simple interest" } else { "" };
    program.said = format!("Future value of {} after {over} at {at}{how}", what.join(" and "));
    program.said += timing(payment.is_some(), advance);
    Ok(program)
}

/// How many times as much a sum is to become.
pub(super) fn multiple(reading: &Reading) -> Option<(&'static str, f64)> {
    let words = [("double", 2.0), ("triple", 3.0), ("quadruple", 4.0)];
    words.into_iter().find(|(word, _)| reading.has(word))
}

/// How long it takes to pay off, or to reach.
pub(super) fn how_long(reading: &mut Reading) -> Result<Program, Trouble> {
    let rule = reading.free(What::Amount).find(|fact| fact.values == [72.0] && reading.says(&["rule of"]));
    let rule = rule.map(|fact| fact.take().clone());
    let times = multiple(reading).or_else(|| rule.as_ref().map(|_| ("double", 2.0)));
    let amounts = reading.free(What::Amount).count();
    let reaching = reading.any(&[
        "reach",
        "grow",
        "become",
        "becomes",
        "target",
        "goal",
        "save",
        "accumulate",
        "invest",
        "worth",
    ]) || reading.then(&["get", "turn"], &["to", "into"], 3)
        || reading.any(&["have"]) && !reading.any(&LOAN);
    if times.is_none()
        && (reading.any(&LOAN) || reading.says(&["pay off", "paid off", "pay down"]) || !reaching)
    {
        return schedules::time_to_pay_off(reading);
    }
    let rate = terms::rate(reading)?;
    let payment = regular(reading);
    let each = periods(reading, &rate, payment.as_ref(), None);
    let mut program = Program { imports: vec!["import math"], ..Program::default() };
    let at;
    let what;
    if let Some((word, factor)) = times
        && amounts == usize::from(payment.is_some())
    {
        if payment.is_some() {
            return ask("How much is there at the beginning?");
        }
        at = terms::write_rate(&mut program, &rate, each);
        program.given = format!("factor = {}  # to {word}\n", number(factor));
        program.line("periods = math.log(factor) / math.log(1 + rate)");
        what = format!("Time for a sum to {word}");
    } else {
        let goal = reading.closest(&["reach", "goal", "target", "become", "becomes", "into", "to"]).cloned();
        let goal = goal.or_else(|| reading.amount(&["have", "worth", "until"]).cloned());
        let initial = reading.other_amount(&[]).cloned();
        let (goal, initial) = match (goal, initial, times) {
            (Some(goal), initial, None) => (Some(goal), initial),
            (only, other, Some(_)) => (None, only.or(other)),
            (None, Some(first), None) => match reading.free(What::Amount).next().map(|f| f.take().clone()) {
                Some(second) => (Some(second), Some(first)),
                None => (Some(first), None),
            },
            (None, None, None) => (None, None),
        };
        if let Some(initial) = initial.as_ref().filter(|_| payment.is_none() && reading.saves()) {
            let shown = plain(initial);
            let options =
                [format!("{shown} a month"), format!("{shown} a year"), format!("{shown} once, initially")];
            let options: Vec<&str> = options.iter().map(String::as_str).collect();
            if !reading.any(&["initial", "already", "have", "once"])
                || reading.says(&["have to"]) && !reading.has("initial")
            {
                return choose(format!("How often is {shown} saved?"), &options);
            }
        }
        if let Some(initial) = &initial {
            program.input("initial", "Sum at the beginning", &initial.values);
        }
        let target = match (&goal, &initial, times) {
            (Some(goal), ..) => {
                program.input("target", "Target", &goal.values);
                plain(goal)
            }
            (None, Some(initial), Some((_, factor))) => {
                program.line(format!("target = initial * {}", number(factor)));
                format!("{} times {}", number(factor), plain(initial))
            }
            _ => return ask("Which sum should be reached?"),
        };
        if let Some(payment) = &payment {
            program.input("payment", format!("{} payment", capital(each.adjective())), &payment.values);
        }
        at = terms::write_rate(&mut program, &rate, each);
        match (&initial, &payment) {
            (Some(_), None) => program.line("periods = math.log(target / initial) / math.log(1 + rate)"),
            (start, Some(_)) => {
                let start = if start.is_some() { "initial" } else { "0" };
                program.line(format!(
                    "periods = (\n    math.log((target * rate + payment) / ({start} * rate + payment)) / math.log(1 + rate)\n    if rate\n    else (target - {start}) / payment\n)"
                ));
            }
            (None, None) => return ask("With how much does it begin, or how much is paid in each time?"),
        }
        let smaller = match (&goal, &initial) {
            (Some(goal), Some(initial)) => goal.values[0] <= initial.values[0],
            _ => false,
        };
        if smaller || initial.as_ref().is_some_and(|fact| fact.values[0] <= 0.0) {
            return ask("Which is the sum at the beginning, and which the one to be reached?");
        }
        let from = initial.as_ref().map_or_else(String::new, |initial| format!(" from {}", plain(initial)));
        let with = payment
            .as_ref()
            .map_or_else(String::new, |payment| format!(" with {} a {}", plain(payment), each.noun()));
        what = format!("Time to reach {target}{from}{with}");
    }
    if rate.values.iter().any(|rate| *rate <= 0.0) {
        return ask("Which rate, above 0%, should I use?");
    }
    if rule.is_some() {
        program.show("0.72 / rate", "By the rule of 72", Unit::Of("years"));
    }
    if each == Period::Year {
        program.show("periods", "Years", Unit::Of("years"));
    } else {
        let years = format!("periods / {}", number(each.per_year()));
        let mut shown = [
            ("periods".to_owned(), format!("{}s", capital(each.noun())), Unit::Bare),
            (years, "In years".to_owned(), Unit::Of("years")),
        ];
        if reading.says(&["how many year", "year to", "year until", "in year"]) {
            shown.reverse();
        }
        shown.into_iter().for_each(|(value, label, unit)| program.show(value, label, unit));
    }
    program.said = format!("{what} at {at}");
    program.said += timing(payment.is_some(), false);
    Ok(program)
}

/// At which rate.
pub(super) fn rate(reading: &mut Reading) -> Result<Program, Trouble> {
    let payment = regular(reading);
    let term = terms::needed_term(reading)?;
    let mut program = Program::default();
    let advance = reading.in_advance();
    let amounts: Vec<Fact> = reading.free(What::Amount).map(|fact| fact.take().clone()).collect();
    let single = |fact: &Fact| fact.values[0];
    let times = multiple(reading);
    if let (Some((word, factor)), None, []) = (times, &payment, &amounts[..]) {
        program.given = format!("factor = {}  # to {word}\n", number(factor));
        let over = terms::write_term(&mut program, &term, Period::Year)?;
        program.line("rate = factor ** (1 / periods) - 1  # per year");
        program.show("rate * 100", "Interest rate a year", Unit::Percent);
        program.said = format!("Yearly rate at which a sum comes to {word} in {over}, compounded yearly");
        return Ok(program);
    }
    match (payment.or_else(|| with_count(reading, &term, &amounts)), &amounts[..]) {
        (None, [first, second]) => {
            let goals = ["to", "reach", "into", "become", "have"];
            let goal =
                first.beside(&goals) && !second.beside(&goals) || first.near(&goals) && !second.near(&goals);
            let (first, second) = if goal { (second, first) } else { (first, second) };
            let each = match reading.compounding() {
                Some(Compounding::Each(each)) => each,
                _ => Period::Year,
            };
            if single(first) <= 0.0 || single(second) <= 0.0 {
                return ask("Which is the sum at the beginning, and which the one at the end?");
            }
            program.input("initial", "Sum at the beginning", &first.values);
            program.input("final", "Sum at the end", &second.values);
            let over = terms::write_term(&mut program, &term, each)?;
            program.line(format!("rate = (final / initial) ** (1 / periods) - 1  # per {}", each.noun()));
            program.show(
                format!("rate * {} * 100", number(each.per_year())),
                "Interest rate a year",
                Unit::Percent,
            );
            program.said = format!(
                "Yearly rate at which {} grows to {} in {over}, compounded {}",
                plain(first),
                plain(second),
                each.adjective()
            );
        }
        (Some(payment), amounts) => {
            let free: Vec<&Fact> = amounts.iter().filter(|fact| fact.start != payment.start).collect();
            let [sum] = free[..] else {
                return ask("Which sum is borrowed or reached, and what is paid each time?");
            };
            let each = terms::often(reading, payment.per, Some(&term)).unwrap_or_else(|| {
                reading.assume("monthly payments", 5);
                Period::Month
            });
            let reached = reading.any(&["reach", "grow", "goal", "target", "future", "save", "accumulate"])
                && !reading.any(&LOAN);
            program.helpers.push(SOLVE);
            program.input("sum", if reached { "Target" } else { "Loan" }, &sum.values);
            program.input("payment", format!("{} payment", capital(each.adjective())), &payment.values);
            let over = terms::write_term(&mut program, &term, each)?;
            let count = term.values[0] * term.unit.map_or(1.0, |unit| each.per_year() / unit.per_year());
            if !reached && single(&payment) * count < single(sum) {
                reading.assume("less is paid back than was borrowed, so the rate is negative", 15);
            }
            let due = if advance { " * (1 + rate)" } else { "" };
            program.line("def worth(rate):");
            program.line(if reached {
                "    \"\"\"What the payments have grown to at the end.\"\"\"\n    return payment * ((1 + rate) ** periods - 1) / rate"
            } else {
                "    \"\"\"What the payments are worth at the beginning.\"\"\"\n    return payment * (1 - (1 + rate) ** -periods) / rate"
            }.to_owned() + due);
            program.line("\n");
            program.line("rate = solve(lambda rate: worth(rate) - sum if rate else payment * periods - sum, -0.5, 2.0)");
            let times = number(each.per_year());
            if each != Period::Year {
                program.show(
                    format!("rate * {times} * 100"),
                    format!("Nominal rate a year ({} rate x {times})", each.adjective()),
                    Unit::Percent,
                );
                program.show(
                    format!("((1 + rate) ** {times} - 1) * 100"),
                    "Effective rate a year",
                    Unit::Percent,
                );
                program.show("rate * 100", format!("Rate a {}", each.noun()), Unit::Percent);
            } else {
                program.show("rate * 100", "Interest rate a year", Unit::Percent);
            }
            let what = if reached { "grow to" } else { "pay back" };
            program.said = format!(
                "Rate at which {} a {} over {over} {what} {}",
                plain(&payment),
                each.noun(),
                plain(sum)
            );
            program.said += timing(true, advance);
        }
        _ => return ask("Which sum is borrowed or invested, and what is paid or received?"),
    }
    Ok(program)
}

/// The payment, where payments are counted: `36 instalments of 322.67`.
fn with_count(reading: &Reading, term: &Term, amounts: &[Fact]) -> Option<Fact> {
    let often = reading.frequency().is_some() || term.unit.is_none();
    let least = amounts.iter().min_by(|left, right| left.values[0].total_cmp(&right.values[0]));
    least.filter(|_| often && amounts.len() == 2).cloned()
}
