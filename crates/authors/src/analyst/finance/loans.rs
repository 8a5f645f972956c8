//! Loans: what is paid each time, with a down payment or a balloon, and how much one can borrow.

use super::super::python::number;
use super::{
    facts::{Fact, Period, What},
    program::{Program, Unit},
    reading::{Reading, Trouble, ask, choose, plain},
    schedules,
    terms::{self, ANNUITY, GATHERED, Rate, Term},
};

pub(super) const BORROWED: [&str; 9] =
    ["loan", "mortgage", "borrow", "principal", "debt", "lend", "owe", "finance", "pv"];
pub(super) const PAID: [&str; 6] = ["payment", "pay", "instalment", "repay", "spare", "budget"];
const BALLOON: [&str; 3] = ["balloon", "salvage", "final"];

/// A loan before it is written.
pub(super) struct Loan {
    pub(super) price: Vec<f64>,
    pub(super) down: Option<Fact>,
    pub(super) balloon: Option<Fact>,
}

/// How much is borrowed.
pub(super) fn borrowed(reading: &mut Reading) -> Result<Loan, Trouble> {
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
    pub(super) fn write(&self, program: &mut Program) -> String {
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
    pub(super) fn payment(&self, program: &mut Program, advance: bool) {
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
pub(super) fn paid(reading: &mut Reading, term: &Term) -> Period {
    let fallback = if term.unit == Some(Period::Quarter) { Period::Quarter } else { Period::Month };
    match terms::often(reading, None, Some(term)) {
        Some(each) => each,
        None => {
            reading.assume(format!("{} payments", fallback.adjective()), 4);
            fallback
        }
    }
}

pub(super) fn timing(reading: &Reading) -> (bool, &'static str) {
    let advance = reading.in_advance();
    (advance, if advance { "paid at the beginning of each period" } else { "paid at the end of each period" })
}

/// What is paid each time, of a loan or to reach a sum.
pub(super) fn payment(reading: &mut Reading) -> Result<Program, Trouble> {
    let savings = reading.any(&["target", "goal", "accumulate", "reach", "future", "fv"])
        || reading.saves()
        || reading.any(&["deposit", "invest"]) && !reading.any(&BORROWED);
    if savings && !reading.any(&["loan", "mortgage", "borrow", "withdraw"]) {
        return saving(reading);
    }
    if reading.wants_table() && !reading.has("withdraw") && !sweeps(reading) {
        return schedules::amortisation(reading);
    }
    if reading.has("refinance") {
        return refinance(reading);
    }
    if reading.free(What::Amount).any(|fact| fact.near(&["extra"])) {
        return schedules::amortisation(reading);
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
    program.said = format!(
        "{what} over {over} at {from}, then at {}% instead, without costs of the change",
        number(new.values[0])
    );
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
pub(super) fn sweeps(reading: &Reading) -> bool {
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

/// With a capital letter.
pub(super) fn capital(word: &str) -> String {
    let mut chars = word.chars();
    chars.next().map(|first| first.to_uppercase().chain(chars).collect()).unwrap_or_default()
}
