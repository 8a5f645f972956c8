//! Loans: what is paid each time, the schedule, what remains, which of several is cheaper, and how much one can borrow.

use super::super::python::number;
use super::{
    facts::{Fact, Period, What},
    lexer::Token,
    program::{Listing, Program, Unit},
    reading::{Reading, Trouble, ask, choose, plain},
    terms::{self, ANNUITY, GATHERED, Rate, Term},
};

const BORROWED: [&str; 9] =
    ["loan", "mortgage", "borrow", "principal", "debt", "lend", "owe", "finance", "pv"];
const PAID: [&str; 6] = ["payment", "pay", "instalment", "repay", "spare", "budget"];
const BALLOON: [&str; 3] = ["balloon", "salvage", "final"];

/// A loan before it is written.
struct Loan {
    price: Vec<f64>,
    down: Option<Fact>,
    balloon: Option<Fact>,
}

/// How much is borrowed.
fn borrowed(reading: &mut Reading) -> Result<Loan, Trouble> {
    let down =
        reading.free(What::Amount).find(|fact| fact.near(&["down", "downpayment"])).map(|f| f.take().clone());
    let down = down.or_else(|| reading.percent(&["down", "downpayment", "deposit"]).cloned());
    let down = down.or_else(|| {
        let loan = reading.any(&["loan", "mortgage", "borrow"]);
        reading
            .free(What::Amount)
            .filter(|_| loan)
            .find(|fact| fact.near(&["deposit"]))
            .map(|f| f.take().clone())
    });
    let balloon = reading.closest(&BALLOON).cloned();
    let steady = |fact: &&Fact| fact.per.is_none();
    let named = reading.free(What::Amount).filter(steady).find(|fact| fact.near(&BORROWED));
    let price = named
        .or_else(|| {
            reading.free(What::Amount).filter(steady).find(|fact| !fact.near(&["extra", "fee", "fees"]))
        })
        .map(|fact| fact.take().values.clone());
    // "quarterly payment of 40,000": what is borrowed, if nothing else is.
    let price = match price {
        None if reading.free(What::Amount).any(|fact| fact.end > fact.start + 1) => {
            return ask("How much is borrowed?");
        }
        None if reading.free(What::Amount).count() == 1 => {
            let only = reading.free(What::Amount).next().map(|fact| fact.take().values.clone());
            reading.assume("the amount is what is borrowed", 8);
            only
        }
        price => price,
    };
    let Some(price) = price else { return ask("How much is borrowed?") };
    if price.iter().any(|value| *value <= 0.0) {
        return ask("How much is borrowed? A loan is more than nothing.");
    }
    let least = price.iter().copied().fold(f64::INFINITY, f64::min);
    let less = [down.as_ref().filter(|down| down.what == What::Amount), balloon.as_ref()];
    if less.iter().flatten().any(|part| part.values.iter().any(|value| *value >= least)) {
        return ask("Which of the sums is the price, and which is paid at the beginning or at the end?");
    }
    if down.is_some() {
        reading.assume("the down payment is taken off the price before the loan", 2);
    }
    Ok(Loan { price, down, balloon })
}

impl Loan {
    /// Writes what is borrowed into `loan`.
    fn write(&self, program: &mut Program) -> String {
        let shown: Vec<String> = self.price.iter().map(|value| number(*value)).collect();
        match &self.down {
            None => program.input("loan", "Loan", &self.price),
            Some(down) => {
                program.input("price", "Price", &self.price);
                if down.what == What::Percent {
                    program.percent("down_payment", "Down payment", &down.values);
                    program.line("loan = price * (1 - down_payment)");
                } else {
                    program.input("down_payment", "Down payment", &down.values);
                    program.line("loan = price - down_payment");
                }
            }
        }
        match &self.down {
            Some(down) => format!(
                "a loan of {} less {}{} down",
                shown.join(", "),
                plain(down),
                if down.what == What::Percent { "%" } else { "" }
            ),
            None => format!("a loan of {}", shown.join(", ")),
        }
    }

    /// Writes the payment of each period into `payment`.
    fn payment(&self, program: &mut Program, advance: bool) {
        program.line(ANNUITY);
        if advance {
            program.line("annuity *= 1 + rate  # paid at the beginning");
        }
        match &self.balloon {
            Some(balloon) => {
                program.input("balloon", "Left at the end", &balloon.values);
                program.line("payment = (loan - balloon / (1 + rate) ** periods) / annuity");
            }
            None => program.line("payment = loan / annuity"),
        }
    }
}

/// How often a loan is paid: as is said, otherwise monthly.
fn paid(reading: &mut Reading, term: &Term) -> Period {
    let fallback = if term.unit == Some(Period::Quarter) { Period::Quarter } else { Period::Month };
    match terms::often(reading, None, Some(term)) {
        Some(each) => each,
        None => {
            reading.assume(format!("{} payments", fallback.adjective()), 4);
            fallback
        }
    }
}

fn timing(reading: &Reading) -> (bool, &'static str) {
    let advance = reading.in_advance();
    (advance, if advance { "paid at the beginning of each period" } else { "paid at the end of each period" })
}

/// What is paid each time, of a loan or to reach a sum.
pub(super) fn payment(reading: &mut Reading) -> Result<Program, Trouble> {
    let savings = reading.any(&["target", "goal", "accumulate", "reach", "future", "fv"]) || reading.saves()
        || reading.any(&["deposit", "invest"]) && !reading.any(&BORROWED);
    if savings && !reading.any(&["loan", "mortgage", "borrow", "withdraw"]) {
        return saving(reading);
    }
    if reading.wants_table() && !reading.has("withdraw") && !sweeps(reading) {
        return amortisation(reading);
    }
    if reading.has("refinance") {
        return refinance(reading);
    }
    let rate = terms::rate(reading)?;
    let loan = borrowed(reading)?;
    if reading.says(&["interest only"]) {
        return interest_only(reading, &rate, &loan);
    }
    let term = terms::needed_term(reading)?;
    let each = paid(reading, &term);
    let (advance, when) = timing(reading);
    let mut program = Program::default();
    let what = loan.write(&mut program);
    let at = terms::write_rate(&mut program, &rate, each);
    let over = terms::write_term(&mut program, &term, each)?;
    loan.payment(&mut program, advance);
    let withdrawn = reading.has("withdraw");
    let label = format!("{} {}", capital(each.adjective()), if withdrawn { "withdrawal" } else { "payment" });
    let left = if loan.balloon.is_some() { " + balloon" } else { "" };
    show_paid(reading, &mut program, &label, left);
    program.said = if withdrawn {
        format!(
            "{label} from {} over {over} at {at}, until nothing is left, {when}",
            what.trim_start_matches("a loan of ")
        )
    } else {
        format!("{label} of {what} over {over} at {at}, {when}")
    };
    Ok(program)
}

/// What a lower rate saves each time, and in all, over the years that are left.
fn refinance(reading: &mut Reading) -> Result<Program, Trouble> {
    let (old, new) = (terms::rate(reading)?, terms::rate(reading)?);
    let loan = borrowed(reading)?;
    let term = terms::needed_term(reading)?;
    let each = paid(reading, &term);
    let mut program = Program::default();
    let what = loan.write(&mut program);
    let from = terms::write_rate(&mut program, &old, each);
    let over = terms::write_term(&mut program, &term, each)?;
    program.line(ANNUITY);
    program.line("old_payment = loan / annuity");
    program.percent("new_rate", "New rate", &new.values);
    program.line(format!("rate = new_rate / {}  # per {}", number(each.per_year()), each.noun()));
    program.line(ANNUITY);
    program.line("new_payment = loan / annuity");
    program.show("old_payment - new_payment", format!("Saved a {}", each.noun()), Unit::Money);
    program.show("(old_payment - new_payment) * periods", "Saved in all", Unit::Money);
    program.show("old_payment", "Old payment", Unit::Money);
    program.show("new_payment", "New payment", Unit::Money);
    program.said = format!("{what} over {over} at {from}, then at {}% instead, without costs of the change", number(new.values[0]));
    Ok(program)
}

/// Shows the payment, the total and the interest, first what is asked for.
fn show_paid(reading: &Reading, program: &mut Program, label: &str, left: &str) {
    let much = ["total", "much", "cost"];
    let interest = reading.then(&much, &["interest"], 3) || reading.then(&["interest"], &["total"], 4);
    let total = reading.says(&["in total", "total cost", "total payment", "total pay", "pay in total"])
        || reading.says(&["pay back", "repay"]) && reading.has("total");
    let mut shown = vec![
        ("payment".to_owned(), label),
        (format!("payment * periods{left}"), "Total paid"),
        (format!("payment * periods{left} - loan"), "Total interest"),
    ];
    shown.rotate_left(if interest { 2 } else { usize::from(total) });
    shown.into_iter().for_each(|(value, label)| program.show(value, label, Unit::Money));
}

/// The interest alone.
fn interest_only(reading: &mut Reading, rate: &Rate, loan: &Loan) -> Result<Program, Trouble> {
    let term = terms::term(reading)?.unwrap_or_else(|| Term {
        values: vec![1.0],
        unit: Some(Period::Year),
        payments: None,
    });
    let each = paid(reading, &term);
    let mut program = Program::default();
    let what = loan.write(&mut program);
    let at = terms::write_rate(&mut program, rate, each);
    let label = format!("{} interest", capital(each.adjective()));
    program.show("loan * rate", label.clone(), Unit::Money);
    program.said = format!("{label} of {what} at {at}, nothing being paid back");
    Ok(program)
}

/// True if several values of a slot are asked for.
fn sweeps(reading: &Reading) -> bool {
    reading.facts.iter().any(|fact| fact.values.len() > 1)
}

/// What has to be put aside each time.
fn saving(reading: &mut Reading) -> Result<Program, Trouble> {
    let rate = terms::rate(reading)?;
    let term = terms::needed_term(reading)?;
    let each = terms::often(reading, None, Some(&term));
    let each = each.unwrap_or_else(|| {
        reading.assume("monthly payments", 5);
        Period::Month
    });
    let had = ["already", "beginning", "initial", "now", "today", "present", "currently", "current"];
    let initial = reading.amount(&had).cloned();
    let goal = reading.closest(&["reach", "goal", "target", "have", "future", "accumulate", "want"]).cloned();
    let goal =
        goal.or_else(|| reading.free(What::Amount).find(|fact| fact.per.is_none()).map(|f| f.take().clone()));
    let Some(goal) = goal else { return ask("Which sum do you want to have at the end?") };
    let (advance, when) = timing(reading);
    let mut program = Program::default();
    program.input("target", "Target", &goal.values);
    if let Some(initial) = &initial {
        program.input("initial", "There already", &initial.values);
    }
    let at = terms::write_rate(&mut program, &rate, each);
    let over = terms::write_term(&mut program, &term, each)?;
    program.line(GATHERED);
    if advance {
        program.line("gathered *= 1 + rate  # paid at the beginning");
    }
    let less = if initial.is_some() { "(target - initial * (1 + rate) ** periods)" } else { "target" };
    program.line(format!("payment = {less} / gathered"));
    let label = format!("{} payment", capital(each.adjective()));
    program.show("payment", label.clone(), Unit::Money);
    program.show("payment * periods", "Paid in", Unit::Money);
    program.said = format!("{label} that grows to {} in {over} at {at}, {when}", plain(&goal));
    Ok(program)
}

/// The schedule of a loan, its interest in total, what remains after a time.
pub(super) fn amortisation(reading: &mut Reading) -> Result<Program, Trouble> {
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
    if given.as_ref().is_some_and(|given| given.values.iter().zip(&loan.price).any(|(paid, loan)| paid >= loan)) {
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
        Some(unit) => (value * each.per_year() / unit.per_year(), each.per_year() / unit.per_year(), format!("{} {}", unit.noun(), number(value))),
        None => (value, 1.0, format!("payment {}", number(value))),
    });
    let payments = term.values[0] * term.unit.map_or(1.0, |unit| each.per_year() / unit.per_year());
    if let Some((paid, _, named)) = &point && (*paid > payments + 1e-9 || *paid < 1.0) {
        return ask(format!("The loan has {} payments; is {named} the time that you mean?", number(payments)));
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

/// How much one can borrow with what one can pay.
pub(super) fn affordability(reading: &mut Reading) -> Result<Program, Trouble> {
    let income = reading.amount(&["income", "salary", "earn", "wage", "wages", "make"]).cloned();
    let share = income.as_ref().and_then(|_| {
        reading
            .percent(&["income", "salary", "earn", "spend", "most", "earnings", "it", "pay", "ratio", "dti"])
            .cloned()
    });
    let paid = reading.regular().cloned().or_else(|| reading.amount(&PAID).cloned());
    let paid = if income.is_none() {
        paid.or_else(|| reading.other_amount(&["down", "deposit"]).cloned())
    } else {
        paid
    };
    let down = reading.amount(&["down", "deposit", "downpayment"]).cloned();
    let rate = terms::rate(reading)?;
    let term = terms::needed_term(reading)?;
    let mut program = Program::default();
    let fact = income.as_ref().or(paid.as_ref());
    let each = terms::often(reading, fact.and_then(|fact| fact.per), Some(&term)).unwrap_or(Period::Month);
    let mut each = each;
    match (&income, &share, &paid) {
        (Some(income), Some(share), _) => {
            each = Period::Month;
            program.input(
                "income",
                format!("Income a {}", income.per.unwrap_or(Period::Month).noun()),
                &income.values,
            );
            program.percent("share", "Share of the income", &share.values);
            let months = 12.0 / income.per.unwrap_or(Period::Month).per_year();
            program.line(match months {
                1.0 => "payment = income * share".to_owned(),
                months => format!("payment = income * share / {}", number(months)),
            });
        }
        (Some(_), None, _) => {
            return choose(
                "Which share of the income may the payment take?",
                &["30% of the income", "35% of the income", "40% of the income"],
            );
        }
        (None, _, Some(paid)) => {
            program.input("payment", format!("{} payment", capital(each.adjective())), &paid.values);
        }
        _ => return ask("How much can be paid each month?"),
    }
    let at = terms::write_rate(&mut program, &rate, each);
    let over = terms::write_term(&mut program, &term, each)?;
    program.line(ANNUITY);
    program.line("loan = payment * annuity");
    program.show("loan", "Loan one can afford", Unit::Money);
    if let Some(down) = &down {
        program.input("down_payment", "Down payment", &down.values);
        program.show("loan + down_payment", "Price one can afford", Unit::Money);
    }
    program.show("payment * periods - loan", "Total interest", Unit::Money);
    let what = paid.as_ref().map_or_else(|| "that share of the income".to_owned(), plain);
    program.said = format!(
        "Loan that {what} each {} pays back over {over} at {at}, paid at the end of each period",
        each.noun()
    );
    Ok(program)
}

/// Which of several loans is cheaper.
pub(super) fn comparison(reading: &mut Reading) -> Result<Program, Trouble> {
    let mut groups = offers(reading);
    count_of_offers(reading, groups.len());
    groups.retain(|group| !group.is_empty());
    if groups.len() < 2 {
        return Err(Trouble::Other);
    }
    let each = reading.frequency().unwrap_or_else(|| {
        reading.assume("monthly payments", 2);
        Period::Month
    });
    let mut loans: Vec<[Option<f64>; 3]> = vec![[None; 3]; groups.len()];
    let mut unit = None;
    for (offer, group) in loans.iter_mut().zip(&groups) {
        for at in group {
            let fact = &reading.facts[*at];
            let slot = match fact.what {
                What::Amount if fact.per.is_none() && !fact.near(&["fee", "fees"]) => 0,
                What::Percent if !fact.near(&["down", "fee", "fees"]) => 1,
                What::Span(period) => {
                    if unit.is_some_and(|unit| unit != period) {
                        return ask(
                            "Are all terms in years? I compare loans whose terms have the same unit.",
                        );
                    }
                    unit = Some(period);
                    2
                }
                _ => continue,
            };
            if offer[slot].is_none() {
                offer[slot] = Some(fact.take().values[0]);
            }
        }
    }
    // "over 5" after "over 3 years"
    for (offer, group) in loans.iter_mut().zip(&groups) {
        for at in group {
            let fact = &reading.facts[*at];
            let bare = fact.what == What::Amount && fact.is_free() && fact.values[0] <= 100.0;
            if bare && offer[2].is_none() {
                offer[2] = Some(fact.take().values[0]);
            } else if bare && offer[1].is_none() {
                offer[1] = Some(fact.take().values[0]);
            }
        }
    }
    // What one of them does not say is as with the other.
    for slot in 0..3 {
        let said: Vec<f64> = loans.iter().filter_map(|offer| offer[slot]).collect();
        let what = [
            "Which amounts do the loans have?",
            "Which rates do the loans have?",
            "Over how many years are the loans?",
        ];
        match said[..] {
            [only] => loans.iter_mut().for_each(|offer| offer[slot] = Some(only)),
            _ if said.len() == loans.len() => {}
            _ => return ask(what[slot]),
        }
    }
    let column = |slot: usize| -> Vec<f64> {
        let values: Vec<f64> = loans.iter().map(|offer| offer[slot].unwrap_or_default()).collect();
        let same = values.iter().all(|value| value.to_bits() == values[0].to_bits());
        if same { vec![values[0]] } else { values }
    };
    let unit = unit.unwrap_or(Period::Year);
    let rate = Rate::yearly(column(1), reading.compounding());
    let term = Term { values: column(2), unit: Some(unit), payments: None };
    let mut program = Program::default();
    program.input("loan", "Amount", &column(0));
    let _ = terms::write_rate(&mut program, &rate, each);
    let _ = terms::write_term(&mut program, &term, each)?;
    if !program.varies() {
        return ask("The loans are all alike; in what do they differ?");
    }
    program.line(ANNUITY);
    program.line("payment = loan / annuity");
    let label = format!("{} payment", capital(each.adjective()));
    program.show("payment", label.clone(), Unit::Money);
    program.show("payment * periods", "Total paid", Unit::Money);
    program.show("payment * periods - loan", "Total interest", Unit::Money);
    let described = loans.iter().map(|offer| {
        let [loan, rate, term] = offer.map(|value| number(value.unwrap_or_default()));
        format!("{loan} at {rate}% over {term} {}s", unit.noun())
    });
    let described: Vec<String> = described.collect();
    let names = described.iter().enumerate().map(|(at, text)| format!("{}: {text}", at + 1)).collect();
    program.offers = Some(("Loan", names));
    program.end = format!(
        "cheapest = table.loc[table[\"Total interest\"].idxmin(), \"Loan\"]\nshow(cheapest, \"Least interest in total\")\nlightest = table.loc[table['{label}'].idxmin(), \"Loan\"]\nshow(lightest, \"Lowest {}\")\n",
        label.to_lowercase()
    );
    program.said = format!(
        "Loans compared: {}; {} rate = yearly rate / {}, paid at the end of each period",
        described.join("; "),
        each.adjective(),
        number(each.per_year())
    );
    Ok(program)
}

/// "two loans" counts what is compared.
fn count_of_offers(reading: &Reading, count: usize) {
    let nouns = ["loan", "mortgage", "offer"];
    let counted = reading.free(What::Amount).find(|fact| {
        fact.after.first().is_some_and(|word| nouns.contains(&word.as_str()))
            && usize_of(fact.values[0]) == Some(count)
    });
    if let Some(fact) = counted {
        fact.take();
    }
}

fn usize_of(value: f64) -> Option<usize> {
    (value.fract() == 0.0 && (0.0..100.0).contains(&value)).then(|| format!("{value}").parse().ok())?
}

/// The facts of each offer; what stands before the first one is common to all.
fn offers(reading: &Reading) -> Vec<Vec<usize>> {
    let parts = ["versus", "vs", "than", "or", "against", "other", "with"];
    let mut groups: Vec<Vec<usize>> = vec![Vec::new()];
    for (at, fact) in reading.facts.iter().enumerate() {
        let listed = fact.start > 0 && reading.tokens[fact.start - 1].stems(&["loan", "mortgage", "offer", "bank"]);
        if listed && fact.what == What::Amount && fact.values[0] <= 9.0 {
            fact.take();
            continue;
        }
        let counted = fact.what == What::Amount
            && fact.after.first().is_some_and(|word| ["loan", "mortgage", "offer"].contains(&word.as_str()))
            && fact.values[0] <= 9.0;
        if counted {
            continue;
        }
        let from = at.checked_sub(1).map_or(0, |before| reading.facts[before].end);
        let gap = &reading.tokens[from..fact.start];
        let parted =
            gap.iter().any(|t| t.is_any(&parts[..5]) || t.is("other") || t.is_mark(';') || t.is("second"))
                || gap.iter().any(|t| t.is("and")) && complete(reading, groups.last())
                || compares_with(gap)
                || repeats(reading, groups.last(), fact);
        if parted && groups.last().is_some_and(|group| !group.is_empty()) {
            groups.push(Vec::new());
        }
        if let Some(group) = groups.last_mut() {
            group.push(at);
        }
    }
    groups
}

fn compares_with(gap: &[Token]) -> bool {
    gap.windows(2).any(|pair| pair[0].stems(&["compare"]) && pair[1].is_any(&["with", "to"]))
}

/// True if a complete loan has a fact of this kind already.
fn repeats(reading: &Reading, group: Option<&Vec<usize>>, fact: &Fact) -> bool {
    let alike =
        |at: &usize| std::mem::discriminant(&reading.facts[*at].what) == std::mem::discriminant(&fact.what);
    complete(reading, group) && group.is_some_and(|group| group.iter().any(alike))
}

/// True if the facts are enough to tell a loan from the next.
fn complete(reading: &Reading, group: Option<&Vec<usize>>) -> bool {
    let Some(group) = group else { return false };
    let has = |wanted: fn(&What) -> bool| group.iter().any(|at| wanted(&reading.facts[*at].what));
    has(|what| *what == What::Percent) && has(|what| matches!(what, What::Span(_)))
}

/// With a capital letter.
pub(super) fn capital(word: &str) -> String {
    let mut chars = word.chars();
    chars.next().map(|first| first.to_uppercase().chain(chars).collect()).unwrap_or_default()
}
