//! A loan over time: its schedule, what remains after a while, the interest of a year, when it is paid off.

use super::super::python::number;
use super::{
    facts::{Fact, Period, What},
    loans::{BORROWED, Loan, PAID, borrowed, capital, paid, sweeps, timing},
    program::{Listing, Program, Unit},
    reading::{Reading, Trouble, ask, plain},
    terms::{self, Rate, Term},
};

/// The schedule of a loan, its interest in total, what remains after a time.
pub(super) fn amortisation(reading: &mut Reading) -> Result<Program, Trouble> {
    if let Some(extra) = extra(reading) {
        return overpaid(reading, &extra);
    }
    let point = reading.point().map(|(fact, period)| (fact.values[0], period));
    let given = reading.regular().cloned().or_else(|| {
        let steady = reading.free(What::Amount).count() > 1;
        reading
            .free(What::Amount)
            .filter(|_| steady)
            .find(|fact| fact.near(&PAID) && !fact.near(&BORROWED))
            .map(|f| f.take().clone())
    });
    let rate = terms::rate(reading)?;
    let loan = borrowed(reading)?;
    if given
        .as_ref()
        .is_some_and(|given| given.values.iter().zip(&loan.price).any(|(paid, loan)| paid >= loan))
    {
        return ask("Which of the sums is borrowed, and which is paid each time?");
    }
    let (term, point) = match (terms::term(reading)?, point) {
        (Some(term), point) => (Some(term), point),
        // "the schedule of a loan in 5 years": the only time is its term.
        (None, Some((value, unit))) if given.is_none() => {
            let balance = reading.any(&["balance", "outstanding", "owe", "remain", "left"]);
            if balance {
                return ask("Over how many years is the loan paid back?");
            }
            (Some(Term { values: vec![value], unit, payments: None }), None)
        }
        (None, point) => (None, point),
    };
    let Some(term) = term else {
        return match given {
            Some(_) => pay_off(reading, rate, loan, given),
            None => ask("Over how many years is the loan paid back?"),
        };
    };
    let each = match given.as_ref().and_then(|fact| fact.per) {
        Some(each) => each,
        None => paid(reading, &term),
    };
    // The point in payments.
    let point = point.map(|(value, unit)| match unit {
        Some(unit) => (
            value * each.per_year() / unit.per_year(),
            each.per_year() / unit.per_year(),
            format!("{} {}", unit.noun(), number(value)),
        ),
        None => (value, 1.0, format!("payment {}", number(value))),
    });
    let payments = term.values[0] * term.unit.map_or(1.0, |unit| each.per_year() / unit.per_year());
    if let Some((paid, _, named)) = &point
        && (*paid > payments + 1e-9 || *paid < 1.0)
    {
        return ask(format!(
            "The loan has {} payments; is {named} the time that you mean?",
            number(payments)
        ));
    }
    let least = loan.price.iter().copied().fold(f64::INFINITY, f64::min);
    let short =
        |given: &Fact| loan.down.is_none() && loan.balloon.is_none() && given.values[0] * payments < least;
    if point.is_none()
        && let Some(given) = given.as_ref().filter(|given| short(given))
    {
        return ask(format!(
            "{} a {} does not pay back the loan in that time; what is it?",
            plain(given),
            each.noun()
        ));
    }
    let (advance, when) = timing(reading);
    let mut program = Program::default();
    let what = loan.write(&mut program);
    let at = terms::write_rate(&mut program, &rate, each);
    let over = terms::write_term(&mut program, &term, each)?;
    match &given {
        Some(given) => {
            program.input("payment", format!("{} payment", capital(each.adjective())), &given.values);
            reading.assume("the payment is the one given", 5);
        }
        None => loan.payment(&mut program, advance),
    }
    let left = if loan.balloon.is_some() { " + balloon" } else { "" };
    let total = format!("payment * periods{left} - loan");
    let payment_label = format!("{} payment", capital(each.adjective()));
    let balance = reading.any(&["balance", "outstanding", "owe", "remain", "left"]);
    match point {
        Some((paid, factor, named)) => {
            // "in year 3" is that year; "after 3 years" all of them.
            let within = !balance
                && reading.any(&["interest", "principal"])
                && !reading.tokens.iter().any(|t| t.is("after"));
            program.line(format!("paid = {}  # payments made by the end of {named}", number(paid)));
            let grown = |paid: &str| {
                let before = if advance { " * (1 + rate)" } else { "" };
                format!(
                    "loan * (1 + rate) ** {paid} - payment{before} * (((1 + rate) ** {paid} - 1) / rate if rate else {paid})"
                )
            };
            program.line(format!("balance = {}", grown("paid")));
            if within {
                program.line(format!("before = paid - {}", number(factor)));
                program.line(format!("balance_before = {}", grown("before")));
                program.line("principal = balance_before - balance");
                program.line("interest = payment * (paid - before) - principal");
                let (interest, principal) = (
                    ("interest", format!("Interest in {named}")),
                    ("principal", format!("Principal in {named}")),
                );
                let order =
                    if reading.has("interest") { [interest, principal] } else { [principal, interest] };
                order.into_iter().for_each(|(value, label)| program.show(value, label, Unit::Money));
            } else {
                let interest =
                    ("payment * paid - (loan - balance)", format!("Interest paid by the end of {named}"));
                let remains = ("balance", format!("Balance at the end of {named}"));
                let repaid = ("loan - balance", format!("Principal paid by the end of {named}"));
                let order = match () {
                    () if balance => [remains, repaid, interest],
                    () if reading.has("interest") => [interest, repaid, remains],
                    () if reading.has("principal") => [repaid, interest, remains],
                    () => [remains, repaid, interest],
                };
                order.into_iter().for_each(|(value, label)| program.show(value, label, Unit::Money));
            }
            program.show("payment", payment_label, Unit::Money);
            program.said = format!("{what} over {over} at {at}, at the end of {named}, {when}");
        }
        None => {
            let interest = reading.has("interest") && !reading.wants_table() || sweeps(reading);
            let payment = ("payment".to_owned(), payment_label);
            let total = (total, "Total interest".to_owned());
            let order = if interest { [total, payment] } else { [payment, total] };
            order.into_iter().for_each(|(value, label)| program.show(value, label, Unit::Money));
            program.show(format!("payment * periods{left}"), "Total paid", Unit::Money);
            if reading.wants_table() || reading.has("amortisation") {
                let yearly = reading.says(&[
                    "by year",
                    "year by year",
                    "annual summary",
                    "per year",
                    "annual schedule",
                ]) && each != Period::Year;
                program.listing = Some(schedule(each, advance, yearly));
            }
            program.said = format!("{what} over {over} at {at}, {when}");
        }
    }
    Ok(program)
}

fn schedule(each: Period, advance: bool, yearly: bool) -> Listing {
    let noun = capital(each.noun());
    let interest = if advance { "(balance - payment) * rate" } else { "balance * rate" };
    let mut code = format!(
        "rows = []\nbalance = loan\nfor period in range(1, round(periods) + 1):\n    interest = {interest}\n    principal = payment - interest\n    balance -= principal\n    rows.append({{\"Period\": period, \"Payment\": payment, \"Interest\": interest, \"Principal\": principal, \"Balance\": max(balance, 0.0) if abs(balance) < 0.005 else balance}})\nschedule = pd.DataFrame(rows)\n"
    );
    if yearly {
        code += &format!(
            "schedule[\"Year\"] = (schedule[\"Period\"] - 1) // {} + 1\nschedule = schedule.groupby(\"Year\", as_index=False).agg({{\"Payment\": \"sum\", \"Interest\": \"sum\", \"Principal\": \"sum\", \"Balance\": \"last\"}})\n",
            number(each.per_year())
        );
    } else if each != Period::HalfYear {
        code = code.replace("\"Period\"", &format!("\"{noun}\""));
    }
    code += "schedule = schedule.round(2)\n";
    let across = match (yearly, each) {
        (false, Period::Month) => "Month",
        (false, Period::Quarter) => "Quarter",
        (false, Period::Week) => "Week",
        (false, Period::Day) => "Day",
        (false, Period::Fortnight) => "Fortnight",
        (false, Period::HalfYear) => "Period",
        _ => "Year",
    };
    Listing {
        code,
        variable: "schedule",
        label: "Repayment schedule".into(),
        chart: ("line", across, "Balance"),
    }
}

/// The schedule of a loan that is paid until nothing is left.
fn pay_off(reading: &mut Reading, rate: Rate, loan: Loan, given: Option<Fact>) -> Result<Program, Trouble> {
    let Some(given) = given else { return ask("How much is paid each time?") };
    let each = given.per.or_else(|| reading.frequency()).unwrap_or(Period::Month);
    covers(&loan.price, &given.values, &rate, each)?;
    let mut program = Program { imports: vec!["import math"], ..Program::default() };
    let what = loan.write(&mut program);
    program.input("payment", format!("{} payment", capital(each.adjective())), &given.values);
    let at = terms::write_rate(&mut program, &rate, each);
    program.line(
        "exact = -math.log(1 - loan * rate / payment) / math.log(1 + rate) if rate else loan / payment",
    );
    program.line("payments = math.ceil(exact - 1e-9)  # the last one is smaller");
    program.line("last = (loan - payment * ((1 - (1 + rate) ** -(payments - 1)) / rate if rate else payments - 1)) * (1 + rate) ** payments");
    program.line("total = payment * (payments - 1) + last");
    let interest = reading.has("interest") && !reading.any(&["long", "many", "when"]);
    if interest {
        program.show("total - loan", "Total interest", Unit::Money);
    }
    let plural = match each {
        Period::Year => "years",
        Period::Quarter => "quarters",
        Period::Week => "weeks",
        _ => "months",
    };
    let mut shown = vec![
        ("payments".to_owned(), format!("Number of {} payments", each.adjective()), Unit::Bare),
        (
            "exact".to_owned(),
            format!("Exactly, in {}", if each == Period::Fortnight { "fortnights" } else { plural }),
            Unit::Bare,
        ),
    ];
    if each != Period::Year {
        shown.push((format!("exact / {}", number(each.per_year())), "In years".into(), Unit::Of("years")));
    }
    if reading.says(&["how many year", "in year"]) {
        shown.reverse();
    }
    shown.into_iter().for_each(|(value, label, unit)| program.show(value, label, unit));
    if !interest {
        program.show("total - loan", "Total interest", Unit::Money);
    }
    program.said = format!(
        "Time to pay off {what} with {} a {} at {at}, paid at the end of each period, the last payment being smaller",
        plain(&given),
        each.noun()
    );
    Ok(program)
}

/// What is paid each time beyond the payment of a loan whose term is known.
fn extra(reading: &Reading) -> Option<Fact> {
    let said = reading
        .free(What::Amount)
        .find(|fact| fact.role(&[&["extra", "more"], &PAID, &BORROWED]) == Some(0))?;
    (reading.span_count() > 0).then(|| said.take().clone())
}

/// A loan that is paid off sooner by paying more each time.
fn overpaid(reading: &mut Reading, extra: &Fact) -> Result<Program, Trouble> {
    let rate = terms::rate(reading)?;
    let loan = borrowed(reading)?;
    let term = terms::needed_term(reading)?;
    let each = paid(reading, &term);
    if extra.per.is_some_and(|per| per != each) || loan.balloon.is_some() {
        return ask(format!("Is {} paid with each {} payment?", plain(extra), each.adjective()));
    }
    let mut program = Program { imports: vec!["import math"], ..Program::default() };
    let what = loan.write(&mut program);
    program.input("extra", "Extra with each payment", &extra.values);
    let at = terms::write_rate(&mut program, &rate, each);
    let over = terms::write_term(&mut program, &term, each)?;
    loan.payment(&mut program, false);
    program.line("more = payment + extra");
    program.line("exact = -math.log(1 - loan * rate / more) / math.log(1 + rate) if rate else loan / more");
    program.line("payments = math.ceil(exact - 1e-9)  # the last one is smaller");
    program.line("last = (loan - more * ((1 - (1 + rate) ** -(payments - 1)) / rate if rate else payments - 1)) * (1 + rate) ** payments");
    program.line("interest = more * (payments - 1) + last - loan");
    let number_of = ("payments", format!("Number of {} payments", each.adjective()), Unit::Bare);
    let interest = ("interest", "Total interest".to_owned(), Unit::Money);
    let sooner = ("periods - payments", "Payments fewer".to_owned(), Unit::Bare);
    let saved = ("payment * periods - loan - interest", "Interest saved".to_owned(), Unit::Money);
    let saves = reading.any(&["save", "faster", "sooner", "earlier", "shorter"]);
    let order = match (reading.has("interest"), saves) {
        (true, true) => [saved, sooner, interest, number_of],
        (true, false) => [interest, number_of, saved, sooner],
        (false, true) => [sooner, saved, number_of, interest],
        (false, false) => [number_of, sooner, interest, saved],
    };
    order.into_iter().for_each(|(value, label, unit)| program.show(value, label, unit));
    program.show("more", format!("{} payment with the extra", capital(each.adjective())), Unit::Money);
    program.said = format!(
        "{what} over {over} at {at}, with {} more in each payment, paid at the end of each period",
        plain(extra)
    );
    Ok(program)
}

/// An error if a payment is less than the interest.
fn covers(loans: &[f64], payments: &[f64], rate: &Rate, each: Period) -> Result<(), Trouble> {
    let most = loans.iter().copied().fold(0.0, f64::max) * rate.each(each);
    let least = payments.iter().copied().fold(f64::INFINITY, f64::min);
    if least <= 0.0 {
        return ask("How much is paid each time?");
    }
    if most >= least {
        return Err(Trouble::Cannot(format!(
            "a payment of {} a {} does not even cover the interest, so the loan is never paid back",
            number(least),
            each.noun()
        )));
    }
    Ok(())
}

/// How long it takes to pay off a loan.
pub(super) fn time_to_pay_off(reading: &mut Reading) -> Result<Program, Trouble> {
    if let Some(extra) = extra(reading) {
        return overpaid(reading, &extra);
    }
    let given = reading.regular().cloned().or_else(|| {
        reading
            .free(What::Amount)
            .find(|fact| fact.near(&PAID) && !fact.near(&BORROWED) && !fact.near(&["off"]))
            .map(|f| f.take().clone())
    });
    let rate = terms::rate(reading)?;
    let loan = borrowed(reading)?;
    if given.is_none() {
        return ask("How much is paid each month?");
    }
    pay_off(reading, rate, loan, given)
}
