//! Bonds: what coupons and the repayment are worth today.

use super::super::python::number;
use super::{
    facts::{Period, What},
    program::{Program, Unit},
    reading::{Reading, Trouble, ask, plain},
    terms::{self, ANNUITY},
};

/// The price of a bond on the day of a coupon: its coupons and its face value, discounted at the yield.
pub(super) fn bond(reading: &mut Reading) -> Result<Program, Trouble> {
    let groups: [&[&str]; 2] =
        [&["coupon", "coupons"], &["yield", "ytm", "market", "rate", "discount", "return", "interest"]];
    let role = |group: usize| {
        let found = reading.free(What::Percent).find(|fact| fact.role(&groups) == Some(group));
        found.map(|fact| fact.take().clone())
    };
    let (coupon, yields) = (role(0), role(1));
    let rest = || reading.free(What::Percent).next().map(|fact| fact.take().clone());
    let coupon = coupon.or_else(rest);
    let Some(yields) = yields.or_else(rest) else {
        return ask("Which yield does the market ask for? For example: yield 4%.");
    };
    let Some(coupon) = coupon else { return ask("How high is the coupon? For example: coupon 5%.") };
    let Some(face) = reading.free(What::Amount).next().map(|fact| fact.take().clone()) else {
        return ask("What is the face value of the bond?");
    };
    let term = terms::needed_term(reading)?;
    let each = match reading.frequency() {
        Some(each) => each,
        None => {
            reading.assume("one coupon a year", 4);
            Period::Year
        }
    };
    if yields.values.iter().chain(&coupon.values).any(|rate| !(0.0..=100.0).contains(rate)) {
        return ask("Which coupon and which yield, in percent a year, does the bond have?");
    }
    let times = number(each.per_year());
    let mut program = Program::default();
    program.input("face", "Face value", &face.values);
    program.percent("coupon_rate", "Coupon", &coupon.values);
    program.percent("market_yield", "Yield", &yields.values);
    let over = terms::write_term(&mut program, &term, each)?;
    program.line(format!("coupon = face * coupon_rate / {times}"));
    program.line(format!("rate = market_yield / {times}  # per {}", each.noun()));
    program.line(ANNUITY);
    program.line("price = coupon * annuity + face / (1 + rate) ** periods");
    program.show("price", "Price of the bond", Unit::Money);
    program.show("coupon", format!("{} coupon", super::loans::capital(each.adjective())), Unit::Money);
    program.said = format!(
        "Price of a bond with a face value of {} and a coupon of {}% a year over {over} at a yield of {}%, the first coupon after one {}",
        plain(&face),
        plain(&coupon),
        plain(&yields),
        each.noun()
    );
    Ok(program)
}
