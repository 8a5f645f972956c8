//! Investments by their cash flows: net present value, internal rates of return, payback, on periods or on days.

use super::super::python::number;
use super::{
    dates::Date,
    facts::{Fact, Period, What},
    flows::{self, Flows},
    loans::capital,
    program::{Listing, Program, Unit, show},
    rates::{RATE_WORDS, take_rates},
    reading::{Reading, Trouble, ask, choose},
    savings::SOLVE,
    topic::Topic,
};

/// Discounts flows.
pub(super) const NPV: &str = r#"
def npv(rate, times, flows):
    """What flows at the given times are worth at time 0."""
    return sum(flow / (1 + rate) ** time for time, flow in zip(times, flows))
"#;

/// Finds every rate at which the flows are worth nothing.
pub(super) const IRR: &str = r#"
def internal_rates(times, flows):
    """Every rate at which the flows are worth nothing at time 0; there may be none or several."""
    low = -0.9 if max(times) <= 200 else -0.4
    grid = [low + step * 0.01 for step in range(200)] + [1.1**step for step in range(1, 50)]
    grid = sorted(rate for rate in grid if rate > -1)
    values = [npv(rate, times, flows) for rate in grid]
    found = []
    for left, right, at_left, at_right in zip(grid, grid[1:], values, values[1:]):
        if at_left == 0:
            found.append(left)
        elif at_left * at_right < 0:
            found.append(solve(lambda rate: npv(rate, times, flows), left, right))
    return found
"#;

/// Finds when an outlay has come back.
pub(super) const PAYBACK: &str = r#"
def payback(times, flows):
    """When the running total reaches zero, each flow spread evenly over its period; None if it never does."""
    total, previous = 0.0, 0.0
    for time, flow in zip(times, flows):
        if total < 0 <= total + flow:
            return previous + (time - previous) * -total / flow
        total, previous = total + flow, time
    return None
"#;

/// Words of what comes back.
const INFLOW: [&str; 10] =
    ["back", "return", "receive", "sell", "withdraw", "worth", "value", "get", "got", "dividend"];

/// What a rate of the question stands for.
struct Rates {
    discount: Option<Fact>,
    /// Of the flows, each period.
    growth: Option<Fact>,
    finance: Option<Fact>,
    reinvest: Option<Fact>,
}

fn rates(topic: Topic, found: Vec<Fact>) -> Result<Rates, Trouble> {
    let mut rates = Rates { discount: None, growth: None, finance: None, reinvest: None };
    for fact in found {
        let bounds = |value: &f64| (-99.0..=1000.0).contains(value);
        if !fact.values.iter().all(bounds) {
            return ask(format!(
                "A rate of {}% cannot be right, which one should I use?",
                number(fact.values[0])
            ));
        }
        let fact = Some(fact);
        let near = |words: &[&str]| fact.as_ref().is_some_and(|fact| fact.near(words));
        let lead = fact.as_ref().and_then(|fact| fact.role(&[&["grow", "growth"], &RATE_WORDS]));
        if lead == Some(0) && rates.growth.is_none() {
            rates.growth = fact;
        } else if topic == Topic::Mirr && near(&["reinvest"]) && rates.reinvest.is_none() {
            rates.reinvest = fact;
        } else if topic == Topic::Mirr
            && (near(&["finance", "financing", "borrow"]) || rates.reinvest.is_some())
            && rates.finance.is_none()
        {
            rates.finance = fact;
        } else if rates.discount.is_none() {
            rates.discount = fact;
        } else if topic == Topic::Mirr && rates.reinvest.is_none() {
            (rates.finance, rates.reinvest) = (rates.discount.take(), fact);
        } else {
            return ask("I see more than one percentage, which of them is the yearly discount rate?");
        }
    }
    Ok(rates)
}

/// A question about cash flows that it lists.
pub(super) fn investment(reading: &mut Reading, topic: Topic) -> Result<Program, Trouble> {
    let dated = reading.facts.iter().any(|fact| matches!(fact.what, What::Day(_)));
    let (found, rest) = take_rates(&reading.tokens);
    let rates = rates(topic, found)?;
    if dated {
        return on_days(reading, topic, rates.discount);
    }
    let flows = flows::read(&rest, rates.discount.as_ref(), rates.growth.as_ref(), topic == Topic::Payback)?;
    // What the reader of flows has read, it has accounted for.
    reading.facts.iter().for_each(|fact| _ = fact.take());
    let mut program = Program::default();
    if let Some((outlay, flow)) = flows.level {
        return level_payback(program, outlay, flow, &rates, flows.each);
    }
    let signs = |wanted: fn(&f64) -> bool| flows.values.iter().any(wanted);
    let both = signs(|flow| *flow < 0.0) && signs(|flow| *flow > 0.0);
    if !both && !matches!(topic, Topic::Npv) {
        return ask("Which of the cash flows is the outlay? It needs a minus, or a word such as \"invest\".");
    }
    let values: Vec<String> = flows.values.iter().map(|flow| number(*flow)).collect();
    program.given =
        format!("flows = [{}]  # at the end of {}s 0, 1, ...\n", values.join(", "), flows.each.noun());
    program.given += "times = range(len(flows))\n";
    let grown = rates.growth.as_ref().map_or_else(String::new, |growth| {
        format!("the flows grow {}% a {}, the first not yet; ", number(growth.values[0]), flows.each.noun())
    });
    let convention = if flows.values.first() == Some(&0.0) {
        format!(
            "nothing falls today, the flows fall at the end of each {0}, the first after one {0}",
            flows.each.noun()
        )
    } else {
        format!(
            "the first cash flow falls today (time 0) and is not discounted, each next one a {} later",
            flows.each.noun()
        )
    };
    let convention = grown + &convention;
    match topic {
        Topic::Npv | Topic::ProfitabilityIndex => {
            let Some(rate) = &rates.discount else {
                return ask("Which discount rate should I use? For example: at 5%.");
            };
            program.helpers.push(NPV);
            let at = discount(&mut program, rate, flows.each);
            program.line("value = npv(rate, times, flows)");
            if topic == Topic::Npv {
                let label = match rate.values.len() {
                    1 => format!("Net present value at {at}"),
                    _ => "Net present value".to_owned(),
                };
                program.show("value", label, Unit::Money);
            } else {
                program.line("outlay = -flows[0]");
                program.show("(value + outlay) / outlay", "Profitability index", Unit::Bare);
                program.show("value", "Net present value", Unit::Money);
                if flows.values[0] >= 0.0 {
                    return ask("Which outlay falls today?");
                }
            }
            if reading.wants_table() {
                program.listing = Some(discounted_table(flows.each));
            }
            program.said = format!("Net present value at {at}; convention: {convention}");
        }
        Topic::Irr => {
            program.helpers.extend([NPV, SOLVE, IRR]);
            program.line("rates = internal_rates(times, flows)");
            program.end = shown_rates(flows.each, "Internal rate of return");
            if let Some(hurdle) = &rates.discount {
                let at = discount(&mut program, hurdle, flows.each);
                program.line("hurdle = rate");
                program.end +=
                    &show("npv(hurdle, times, flows)", &format!("Net present value at {at}"), None);
            }
            if reading.wants_table() {
                program.listing = Some(running_table(flows.each, false));
            }
            program.said = format!("Internal rate of return; convention: {convention}");
        }
        Topic::Mirr => modified(reading, &mut program, &rates, &flows, &convention)?,
        _ => {
            program.helpers.push(PAYBACK);
            program.line("simple = payback(times, flows)");
            program.end = shown_payback("simple", "Payback period", flows.each);
            let discounted = reading.has("discount") && !reading.says(&["not discount", "without discount"]);
            match &rates.discount {
                Some(rate) if rate.values.len() == 1 => {
                    let at = discount(&mut program, rate, flows.each);
                    program.line("present = [flow / (1 + rate) ** time for time, flow in zip(times, flows)]");
                    program.line("discounted = payback(times, present)");
                    let second = shown_payback(
                        "discounted",
                        &format!("Discounted payback period at {at}"),
                        flows.each,
                    );
                    program.end = if discounted { second + &program.end } else { program.end + &second };
                }
                Some(_) => return ask("At which one rate should I discount?"),
                None if discounted => return ask("At which rate should I discount? For example: at 8%."),
                None => {}
            }
            if reading.wants_table() {
                program.listing = Some(running_table(flows.each, rates.discount.is_some()));
            }
            program.said = format!(
                "Payback period: when the running total reaches 0, each flow spread evenly over its {}; convention: {convention}",
                flows.each.noun()
            );
        }
    }
    Ok(program)
}

/// Writes the discount rate of a period into `rate`.
fn discount(program: &mut Program, fact: &Fact, each: Period) -> String {
    let shown = if fact.values.len() == 1 { number(fact.values[0]) } else { "each rate, %".to_owned() };
    let per = fact.per.unwrap_or(Period::Year);
    if per == each {
        program.percent("rate", format!("Discount rate a {}", each.noun()), &fact.values);
        return if fact.values.len() == 1 {
            format!("{shown}% a {}", each.noun())
        } else {
            "each rate".to_owned()
        };
    }
    program.percent("given_rate", format!("Discount rate a {}, effective", per.noun()), &fact.values);
    program.line(format!(
        "rate = (1 + given_rate) ** ({} / {}) - 1  # per {}",
        number(per.per_year()),
        number(each.per_year()),
        each.noun()
    ));
    if fact.values.len() == 1 {
        format!("{shown}% a {}, effective", per.noun())
    } else {
        "each rate".to_owned()
    }
}

fn shown_rates(each: Period, label: &str) -> String {
    let mut code = format!(
        "if not rates:\n    show(\"There is no rate at which these flows are worth nothing.\", {0})\nfor rate in rates:\n    show(rate * 100, {0}, \"%\")\n",
        super::super::python::literal(&if each == Period::Year {
            label.to_owned()
        } else {
            format!("{label} a {}", each.noun())
        })
    );
    if each != Period::Year {
        code += &format!(
            "    show(((1 + rate) ** {} - 1) * 100, {}, \"%\")\n",
            number(each.per_year()),
            super::super::python::literal(&format!("{label} a year, effective"))
        );
    }
    code += "if len(rates) > 1:\n    show(\"The flows change their sign more than once, so several rates fit.\", \"Note\")\n";
    code
}

fn shown_payback(variable: &str, label: &str, each: Period) -> String {
    let label = super::super::python::literal(label);
    format!(
        "if {variable} is None:\n    show(\"never: the flows do not add up to the outlay\", {label})\nelse:\n    show({variable}, {label}, \"{}s\")\n",
        each.noun()
    )
}

fn discounted_table(each: Period) -> Listing {
    Listing {
        code: format!(
            "table = pd.DataFrame({{\"{0}\": list(times), \"Cash flow\": flows}})\ntable[\"Present value\"] = table[\"Cash flow\"] / (1 + rate) ** table[\"{0}\"]\ntable[\"Running total\"] = table[\"Present value\"].cumsum()\n",
            capital(each.noun())
        ),
        variable: "table",
        label: "Present value of each cash flow".into(),
        chart: ("bar", time_name(each), "Present value"),
    }
}

fn time_name(each: Period) -> &'static str {
    match each {
        Period::Month => "Month",
        Period::Quarter => "Quarter",
        Period::Week => "Week",
        _ => "Year",
    }
}

fn running_table(each: Period, discounted: bool) -> Listing {
    let name = time_name(each);
    let mut code = format!(
        "table = pd.DataFrame({{\"{name}\": list(times), \"Cash flow\": flows}})\ntable[\"Running total\"] = table[\"Cash flow\"].cumsum()\n"
    );
    if discounted {
        code += "table[\"Present value\"] = present\ntable[\"Discounted total\"] = table[\"Present value\"].cumsum()\n";
    }
    Listing { code, variable: "table", label: "Cash flows".into(), chart: ("bar", name, "Running total") }
}

/// The modified internal rate of return.
fn modified(
    reading: &mut Reading,
    program: &mut Program,
    rates: &Rates,
    flows: &Flows,
    convention: &str,
) -> Result<(), Trouble> {
    let finance = rates.finance.as_ref().or(rates.discount.as_ref()).or(rates.reinvest.as_ref());
    let reinvest = rates.reinvest.as_ref().or(rates.discount.as_ref()).or(rates.finance.as_ref());
    let (Some(finance), Some(reinvest)) = (finance, reinvest) else {
        return ask(
            "At which rates are outlays financed and inflows reinvested? For example: finance rate 8%, reinvestment rate 6%.",
        );
    };
    if flows.each != Period::Year {
        return ask("Are the cash flows yearly? I compute a modified rate of return for years.");
    }
    if rates.finance.is_none() || rates.reinvest.is_none() {
        reading.assume("the one rate is used for financing and for reinvesting", 5);
    }
    program.percent("finance_rate", "Finance rate", &finance.values);
    program.percent("reinvest_rate", "Reinvestment rate", &reinvest.values);
    program.line("last = len(flows) - 1");
    program.line(
        "outlays = -sum(flow / (1 + finance_rate) ** time for time, flow in zip(times, flows) if flow < 0)",
    );
    program.line("inflows = sum(flow * (1 + reinvest_rate) ** (last - time) for time, flow in zip(times, flows) if flow > 0)");
    program.line("mirr = (inflows / outlays) ** (1 / last) - 1");
    program.show("mirr * 100", "Modified internal rate of return", Unit::Percent);
    program.said = format!(
        "Modified internal rate of return, outlays discounted at the finance rate and inflows compounded at the reinvestment rate; convention: {convention}"
    );
    Ok(())
}

/// Payback of an outlay by the same amount again and again.
fn level_payback(
    mut program: Program,
    outlay: f64,
    flow: f64,
    rates: &Rates,
    each: Period,
) -> Result<Program, Trouble> {
    if flow <= 0.0 || outlay <= 0.0 {
        return ask("How much was invested, and how much comes back each period?");
    }
    program.input("outlay", "Outlay", &[outlay]);
    program.input("inflow", format!("Inflow a {}", each.noun()), &[flow]);
    let units = match each {
        Period::Month => "months",
        Period::Quarter => "quarters",
        Period::Week => "weeks",
        Period::Day => "days",
        _ => "years",
    };
    program.line("payback = outlay / inflow");
    if let Some(rate) = &rates.discount {
        let highest = rate.values.iter().copied().fold(0.0, f64::max) / 100.0;
        let highest =
            (1.0 + highest).powf(rate.per.unwrap_or(Period::Year).per_year() / each.per_year()) - 1.0;
        if outlay * highest >= flow {
            return Err(Trouble::Cannot(format!(
                "discounted, {} a {} never pays back {}: the interest alone is more",
                number(flow),
                each.noun(),
                number(outlay)
            )));
        }
        program.imports.push("import math");
        let at = discount(&mut program, rate, each);
        program.line(
            "discounted = -math.log(1 - outlay * rate / inflow) / math.log(1 + rate) if rate else payback",
        );
        program.show("discounted", format!("Discounted payback period at {at}"), Unit::Of(units));
    }
    program.show("payback", "Payback period", Unit::Of(units));
    if each != Period::Year {
        program.show(format!("payback / {}", number(each.per_year())), "In years", Unit::Of("years"));
    }
    program.said = format!(
        "Payback of {} by {} a {}, the inflow spread evenly over each {}",
        number(outlay),
        number(flow),
        each.noun(),
        each.noun()
    );
    Ok(program)
}

/// Cash flows on days: XNPV and XIRR.
fn on_days(reading: &mut Reading, topic: Topic, rate: Option<Fact>) -> Result<Program, Trouble> {
    if !matches!(topic, Topic::Npv | Topic::Irr) {
        return ask(
            "I compute present values and internal rates of return of cash flows on days; which of them do you want?",
        );
    }
    let days: Vec<Date> = reading
        .facts
        .iter()
        .filter_map(|fact| match fact.what {
            What::Day(day) => {
                fact.take();
                Some(day)
            }
            _ => None,
        })
        .collect();
    if let Some(day) = days.iter().find(|day| day.unsure) {
        return choose(
            format!("Is the {} or the {} the month in the dates?", day.month, day.day),
            &["day first", "month first"],
        );
    }
    if let Some(rate) = &rate {
        reading.facts.iter().filter(|fact| fact.what == What::Percent).for_each(|fact| _ = fact.take());
        // A rate without a percent sign is an amount as well.
        let same = reading
            .free(What::Amount)
            .find(|fact| fact.near(&RATE_WORDS) && (fact.values[0] - rate.values[0] / 100.0).abs() < 1e-9);
        same.map(Fact::take);
    }
    let outlay = ["invest", "pay", "cost", "outlay", "spend", "buy", "outflow", "initial", "put", "deposit"];
    let order: Vec<&Fact> = reading
        .facts
        .iter()
        .filter(|fact| matches!(fact.what, What::Day(_)) || fact.what == What::Amount && fact.is_free())
        .collect();
    // "and another 5,000": as the one before.
    let mut out = false;
    let amounts: Vec<f64> = reading
        .free(What::Amount)
        .map(|fact| {
            let value = fact.take().values[0];
            out = match fact.role(&[
                &outlay,
                &INFLOW,
                &["another", "added", "add", "extra", "more", "plus", "further"],
            ]) {
                Some(0) => true,
                Some(2) => out,
                _ => false,
            };
            if out { -value.abs() } else { value }
        })
        .collect();
    let kinds: Vec<bool> = order.iter().map(|fact| fact.what == What::Amount).collect();
    let paired = kinds.chunks(2).all(|pair| pair.len() == 2 && pair[0] != pair[1]);
    if !paired || amounts.len() < 2 {
        return ask(format!(
            "I see {} amounts and {} dates; which amount falls on which day?",
            amounts.len(),
            days.len()
        ));
    }
    let mut program = Program::default();
    program.imports.push("from datetime import date");
    let pairs: Vec<String> = days
        .iter()
        .zip(&amounts)
        .map(|(day, amount)| format!("    ({}, {}),", day.python(), number(*amount)))
        .collect();
    program.given = format!("cash_flows = [\n{}\n]\n", pairs.join("\n"));
    program.helpers.push(NPV);
    program.line("first_day = min(day for day, _ in cash_flows)");
    program.line("times = [(day - first_day).days / 365 for day, _ in cash_flows]  # in years");
    program.line("flows = [flow for _, flow in cash_flows]");
    let convention = "actual days / 365, time 0 is the first day";
    if topic == Topic::Irr {
        if amounts.iter().all(|amount| *amount >= 0.0) || amounts.iter().all(|amount| *amount <= 0.0) {
            return ask(
                "Which of the cash flows is the outlay? It needs a minus, or a word such as \"invest\".",
            );
        }
        program.helpers.extend([SOLVE, IRR]);
        program.line("rates = internal_rates(times, flows)");
        program.end = shown_rates(Period::Year, "Internal rate of return (XIRR)");
        program.said = format!("Internal rate of return of flows on days (XIRR); convention: {convention}");
    } else {
        let Some(rate) = rate else { return ask("Which discount rate should I use? For example: at 5%.") };
        let at = discount(&mut program, &rate, Period::Year);
        program.line("value = npv(rate, times, flows)");
        program.show("value", format!("Net present value at {at} (XNPV)"), Unit::Money);
        program.said = format!("Net present value at {at} of flows on days (XNPV); convention: {convention}");
    }
    Ok(program)
}
