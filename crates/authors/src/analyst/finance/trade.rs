//! Buying and selling: break-even, margin and markup, tax on a price.

use super::super::python::number;
use super::{
    facts::{COUNTED, Fact, What},
    program::{Program, Unit},
    reading::{Reading, Trouble, ask, choose, plain},
};

const PRICE: [&str; 6] = ["price", "sell", "charge", "revenue", "retail", "invoice"];
const PROFIT: [&str; 5] = ["profit", "income", "earn", "net", "gain"];
const COST: [&str; 8] = ["cost", "buy", "variable", "make", "manufacture", "wholesale", "cogs", "unit"];

fn below_100(fact: &Fact) -> bool {
    fact.values.iter().all(|value| (0.0..100.0).contains(value))
}

/// How much has to be sold to cover the costs.
pub(super) fn break_even(reading: &mut Reading) -> Result<Program, Trouble> {
    // "500 units" are how many, "15 per unit" is what one costs.
    let quantity = reading
        .free(What::Amount)
        .find(|fact| {
            fact.after.first().is_some_and(|word| COUNTED.contains(&word.as_str())) && fact.per.is_none()
        })
        .map(|fact| fact.take().clone());
    let roles: [&[&str]; 4] = [&["profit", "earn"], &["fixed"], &PRICE, &COST];
    let profit = reading.free(What::Amount).find(|fact| fact.role(&roles) == Some(0));
    let profit = profit.map(|fact| fact.take().clone());
    let fixed = reading.amount(&["fixed"]).cloned();
    let contribution = reading.amount(&["contribution"]).cloned();
    let (of_price, of_cost) = (["margin", "contribution"], ["variable", "cost"]);
    let ratio = reading.free(What::Percent).find(|fact| fact.near(&of_price)).cloned();
    let variable_share =
        reading.free(What::Percent).find(|fact| fact.near(&of_cost) && !fact.near(&["fixed"])).cloned();
    let lump = |fact: &&Fact| !fact.near(&["fixed", "unit"]);
    let price = reading
        .free(What::Amount)
        .filter(lump)
        .find(|fact| fact.near(&PRICE) && !fact.near(&["cost", "variable"]))
        .or_else(|| {
            reading.free(What::Amount).find(|fact| fact.near(&PRICE) && !fact.near(&["cost", "variable"]))
        })
        .map(|fact| fact.take().clone());
    let cost = reading.amount(&COST).cloned();
    if let (Some(quantity), Some(cost)) = (&quantity, &cost)
        && reading.has("profit")
        && profit.is_none()
    {
        let at = |fact: &&Fact| fact.before.last().is_some_and(|word| word == "at" || word == "for");
        let price = price.or_else(|| reading.free(What::Amount).find(at).map(|fact| fact.take().clone()));
        let Some(price) = price else { return ask("At which price is a unit sold?") };
        return Ok(profit_of(quantity, &price, cost, fixed.as_ref()));
    }
    // "subscriptions at 29 a month"
    let at = |fact: &&Fact| fact.before.last().is_some_and(|word| word == "at");
    let known = fixed.is_some() && (cost.is_some() || variable_share.is_some());
    let price = price.or_else(|| {
        let found = reading.free(What::Amount).filter(|_| known && quantity.is_none()).find(at);
        found.map(|fact| fact.take().clone())
    });
    let fixed = fixed.or_else(|| {
        // What is left is the largest.
        let free = reading.free(What::Amount);
        free.max_by(|left, right| left.values[0].total_cmp(&right.values[0])).map(|f| f.take().clone())
    });
    let Some(fixed) = fixed else { return ask("How high are the fixed costs?") };
    if let Some(quantity) = quantity {
        return match (&price, &cost, &profit) {
            (None, Some(cost), None) if quantity.values.iter().all(|units| *units > 0.0) => {
                Ok(break_even_price(&fixed, cost, &quantity))
            }
            _ => ask(format!("What should be computed with {} units?", plain(&quantity))),
        };
    }
    let mut program = Program::default();
    program.input("fixed_costs", "Fixed costs", &fixed.values);
    let mut needed = "fixed_costs".to_owned();
    let mut what = format!("fixed costs of {}", plain(&fixed));
    if let Some(profit) = &profit {
        program.input("target_profit", "Target profit", &profit.values);
        needed = "(fixed_costs + target_profit)".to_owned();
        what += &format!(" and a profit of {}", plain(profit));
    }
    let positive = |program: &mut Program, per_unit: bool| {
        if per_unit {
            program.line(format!("units = {needed} / contribution"));
        }
    };
    match (&price, &cost, &contribution) {
        (Some(price), Some(cost), None) => {
            if cost.values.iter().any(|cost| price.values.iter().any(|price| price <= cost)) {
                return Err(Trouble::Cannot(format!(
                    "with a price of {} and a cost of {} each, every unit loses money, so there is no break-even",
                    plain(price),
                    plain(cost)
                )));
            }
            program.input("price", "Price", &price.values);
            program.input("unit_cost", "Cost of a unit", &cost.values);
            program.line("contribution = price - unit_cost  # of each unit to the fixed costs");
            what += &format!(", a price of {} and a cost of {} each", plain(price), plain(cost));
            positive(&mut program, true);
        }
        (price, None, Some(contribution)) => {
            program.input("contribution", "Contribution of a unit", &contribution.values);
            what += &format!(" and a contribution of {} each", plain(contribution));
            if let Some(price) = price {
                program.input("price", "Price", &price.values);
            }
            positive(&mut program, true);
            if price.is_none() {
                units(&mut program);
                program.said = format!("Break-even with {what}");
                return Ok(program);
            }
        }
        (price, None, None) if ratio.is_some() || variable_share.is_some() => {
            let _ = reading.percent(if ratio.is_some() { &of_price } else { &of_cost });
            let share = ratio.as_ref().or(variable_share.as_ref());
            let Some(share) = share.filter(|share| below_100(share) && share.values[0] > 0.0) else {
                return ask("Which share of the price, between 0% and 100%, is left after variable costs?");
            };
            if ratio.is_some() {
                program.percent("margin", "Contribution margin", &share.values);
                what += &format!(" and a contribution margin of {}% of revenue", plain(share));
            } else {
                program.percent("variable_costs", "Variable costs", &share.values);
                program.line("margin = 1 - variable_costs");
                what += &format!(" and variable costs of {}% of revenue", plain(share));
            }
            program.line(format!("revenue = {needed} / margin"));
            program.show("revenue", "Break-even revenue", Unit::Money);
            if let Some(price) = price {
                program.input("price", "Price", &price.values);
                program.line("units = revenue / price");
                units(&mut program);
            }
            program.said = format!("Break-even with {what}");
            return Ok(program);
        }
        (Some(_), None, None) => return ask("What does one unit cost you (the variable cost)?"),
        (None, ..) => return ask("At which price is a unit sold?"),
        (Some(_), Some(_), Some(_)) => {
            return ask("Is the contribution of a unit given, or its price and cost?");
        }
    }
    let revenue = ("units * price", "Break-even revenue");
    if reading.has("revenue") && !reading.any(&["many", "unit"]) {
        program.show(revenue.0, revenue.1, Unit::Money);
        units(&mut program);
    } else {
        units(&mut program);
        program.show(revenue.0, revenue.1, Unit::Money);
    }
    program.said = format!("Break-even: units = fixed costs / contribution of a unit, with {what}");
    Ok(program)
}

/// What is earned on a number of units.
fn profit_of(quantity: &Fact, price: &Fact, cost: &Fact, fixed: Option<&Fact>) -> Program {
    let mut program = Program::default();
    program.input("units", "Units sold", &quantity.values);
    program.input("price", "Price", &price.values);
    program.input("unit_cost", "Cost of a unit", &cost.values);
    let mut less = String::new();
    if let Some(fixed) = fixed {
        program.input("fixed_costs", "Fixed costs", &fixed.values);
        less = format!(" less fixed costs of {}", plain(fixed));
    }
    let fixed = if fixed.is_some() { " - fixed_costs" } else { "" };
    program.line(format!("profit = units * (price - unit_cost){fixed}"));
    program.show("profit", "Profit", Unit::Money);
    program.show("units * price", "Revenue", Unit::Money);
    program.said = format!(
        "Profit on {} units at a price of {} and a cost of {} each{less}",
        plain(quantity),
        plain(price),
        plain(cost)
    );
    program
}

/// The price at which a number of units covers the costs.
fn break_even_price(fixed: &Fact, cost: &Fact, quantity: &Fact) -> Program {
    let mut program = Program::default();
    program.input("fixed_costs", "Fixed costs", &fixed.values);
    program.input("unit_cost", "Cost of a unit", &cost.values);
    program.input("units", "Units sold", &quantity.values);
    program.line("price = unit_cost + fixed_costs / units");
    program.show("price", "Break-even price", Unit::Money);
    program.said = format!(
        "Price at which {} units at a cost of {} each cover fixed costs of {}",
        plain(quantity),
        plain(cost),
        plain(fixed)
    );
    program
}

fn units(program: &mut Program) {
    if !program.imports.contains(&"import math") {
        program.imports.push("import math");
    }
    program.show("units", "Break-even units", Unit::Bare);
    program.show("math.ceil(units - 1e-9)", "Whole units needed", Unit::Bare);
}

/// Margin on the price and markup on the cost, in both directions.
pub(super) fn margin(reading: &mut Reading) -> Result<Program, Trouble> {
    let mut program = Program::default();
    let of_rate: [&[&str]; 2] = [&["markup", "mark"], &["margin", "gross"]];
    let said = |group: usize| {
        let named = |fact: &&Fact| {
            let follows = fact
                .after
                .first()
                .and_then(|word| of_rate.iter().position(|words| words.contains(&word.as_str())));
            follows.or_else(|| fact.role(&of_rate)) == Some(group)
        };
        reading.free(What::Percent).find(named).map(|fact| fact.take().clone())
    };
    let (mut markup, mut margin) = (said(0), said(1));
    let groups: [&[&str]; 4] = [&["cogs", "goods"], &PROFIT, &COST, &PRICE];
    let led = |wanted: &[usize]| {
        let named = |fact: &&Fact| {
            let cogs = fact.near(groups[0]);
            let role = if cogs { Some(0) } else { fact.role(&groups) };
            // "cost price"
            let price = fact.before.windows(2).any(|pair| pair == ["cost", "price"]);
            role.map(|role| if price { 2 } else { role }).is_some_and(|role| wanted.contains(&role))
        };
        reading.free(What::Amount).find(named).map(|fact| fact.take().clone())
    };
    let (profit, cost, price) = (led(&[1]), led(&[0, 2]), led(&[3]));
    if margin.is_none()
        && markup.is_none()
        && let Some(fact) = reading.free(What::Percent).next()
    {
        let says_markup = reading.any(&["markup"]) || reading.says(&["mark up"]);
        let fact = fact.take().clone();
        match (reading.has("margin"), says_markup) {
            (true, false) => margin = Some(fact),
            (false, true) => markup = Some(fact),
            _ => {
                return choose(
                    format!("Is {}% a margin or a markup?", plain(&fact)),
                    &[&format!("{}% margin", plain(&fact)), &format!("{}% markup", plain(&fact))],
                );
            }
        }
    }
    if margin.as_ref().is_some_and(|margin| margin.values.iter().any(|value| *value >= 100.0)) {
        return ask("A margin is a share of the price and below 100%; is it a markup on the cost?");
    }
    // "mark up 80 by 25%", "60% markup on 15": the markup is on the cost.
    let marked = cost.is_none() && price.is_none() && markup.is_some();
    let marked = marked.then(|| {
        let mut free = reading.free(What::Amount);
        free.find(|fact| {
            let lead = fact.before.iter().rev().find(|word| *word != "a").map(String::as_str);
            matches!(lead, Some("up" | "on" | "to" | "add")) || reading.then(&["markup"], &["on"], 0)
        })
    });
    let cost = cost.or_else(|| marked.flatten().map(|fact| fact.take().clone()));
    let untold: Vec<Fact> = reading.free(What::Amount).map(|fact| fact.take().clone()).collect();
    let (mut cost, mut price) = (cost, price);
    match (&cost, &price, &untold[..]) {
        (None, None, [only]) if margin.is_some() || markup.is_some() => {
            let shown = plain(only);
            return choose(
                format!("Is {shown} the cost or the price?"),
                &[&format!("cost {shown}"), &format!("price {shown}")],
            );
        }
        (None, None, [first, second]) => {
            let (low, high) =
                if first.values[0] <= second.values[0] { (first, second) } else { (second, first) };
            reading.assume(format!("the cost is {} and the price {}", plain(low), plain(high)), 12);
            (cost, price) = (Some(low.clone()), Some(high.clone()));
        }
        (Some(_), None, [only]) => price = Some(only.clone()),
        (None, Some(_), [only]) => cost = Some(only.clone()),
        (_, _, []) => {}
        (_, _, [first, ..]) => {
            return ask(format!("What does {} stand for: a cost or a price?", plain(first)));
        }
    }
    let both = |program: &mut Program, markup_first: bool| {
        let margin = ("(price - cost) / price * 100", "Margin on the price");
        let markup = ("(price - cost) / cost * 100", "Markup on the cost");
        let order = if markup_first { [markup, margin] } else { [margin, markup] };
        order.into_iter().for_each(|(value, label)| program.show(value, label, Unit::Percent));
    };
    let markup_first = reading.has("markup") && !reading.has("margin") || reading.says(&["mark up"]);
    let rate = margin.as_ref().or(markup.as_ref());
    let at = rate.map_or_else(String::new, |rate| {
        format!(
            "{}% {}",
            plain(rate),
            if margin.is_some() { "margin on the price" } else { "markup on the cost" }
        )
    });
    match (&cost, &price, rate) {
        (Some(cost), Some(price), None) => {
            if cost.values[0] <= 0.0 || price.values[0] <= 0.0 {
                return ask("Which cost and which price, above 0, should I compare?");
            }
            program.input("cost", "Cost", &cost.values);
            program.input("price", "Price", &price.values);
            both(&mut program, markup_first);
            program.show("price - cost", "Profit", Unit::Money);
            program.said = format!(
                "Margin (profit by price) and markup (profit by cost) of buying at {} and selling at {}",
                plain(cost),
                plain(price)
            );
        }
        (Some(cost), None, Some(_)) => {
            program.input("cost", "Cost", &cost.values);
            given_rate(&mut program, margin.as_ref(), markup.as_ref());
            program.line(if margin.is_some() {
                "price = cost / (1 - margin)"
            } else {
                "price = cost * (1 + markup)"
            });
            program.show("price", "Selling price", Unit::Money);
            program.show("price - cost", "Profit", Unit::Money);
            program.said = format!("Price for a cost of {} with a {at}", plain(cost));
        }
        (None, Some(price), Some(_)) => {
            program.input("price", "Price", &price.values);
            given_rate(&mut program, margin.as_ref(), markup.as_ref());
            program.line(if margin.is_some() {
                "cost = price * (1 - margin)"
            } else {
                "cost = price / (1 + markup)"
            });
            program.show("cost", "Cost", Unit::Money);
            program.show("price - cost", "Profit", Unit::Money);
            program.said = format!("Cost for a price of {} with a {at}", plain(price));
        }
        (None, None, Some(_)) => {
            given_rate(&mut program, margin.as_ref(), markup.as_ref());
            if margin.is_some() {
                program.line("markup = margin / (1 - margin)");
                program.show("markup * 100", "Markup on the cost", Unit::Percent);
            } else {
                program.line("margin = markup / (1 + markup)");
                program.show("margin * 100", "Margin on the price", Unit::Percent);
            }
            program.said = format!("What a {at} is the other way round");
        }
        (cost, price, None) if profit.is_some() => {
            let Some(profit) = &profit else { return Err(Trouble::Other) };
            program.input("profit", "Profit", &profit.values);
            match (cost, price) {
                (Some(cost), _) => {
                    program.input("cost", "Cost", &cost.values);
                    program.line("price = cost + profit");
                }
                (None, Some(price)) => {
                    program.input("price", "Price", &price.values);
                    program.line("cost = price - profit");
                }
                _ => return ask("What is the cost, or the price?"),
            }
            both(&mut program, markup_first);
            program.said = format!(
                "Margin (profit by price) and markup (profit by cost) of a profit of {}",
                plain(profit)
            );
        }
        (Some(_), Some(_), Some(_)) => {
            return ask("Cost, price and percentage are all given; what should I compute?");
        }
        (Some(_), None, None) => return ask("What is the selling price?"),
        (None, Some(_), None) => return ask("What is the cost?"),
        (None, None, None) => return ask("What are the cost and the price?"),
    }
    Ok(program)
}

fn given_rate(program: &mut Program, margin: Option<&Fact>, markup: Option<&Fact>) {
    if let Some(margin) = margin {
        program.percent("margin", "Margin", &margin.values);
    } else if let Some(markup) = markup {
        program.percent("markup", "Markup", &markup.values);
    }
}

/// Tax on a price, added or taken out.
pub(super) fn tax(reading: &mut Reading) -> Result<Program, Trouble> {
    let bare = |fact: &&Fact| {
        let last = fact.before.iter().rev().find(|word| !["of", "at", "is"].contains(&word.as_str()));
        last.is_some_and(|word| ["vat", "tax", "gst"].contains(&word.as_str())) && below_100(fact)
    };
    let rate = reading.free(What::Percent).next().or_else(|| {
        let two = reading.free(What::Amount).count() == 2;
        reading.free(What::Amount).filter(|_| two).find(bare)
    });
    let Some(rate) = rate.map(|fact| fact.take().clone()) else {
        return ask("At which rate is the tax? For example: 19%.");
    };
    let Some(amount) = reading.free(What::Amount).next().map(|fact| fact.take().clone()) else {
        return ask("On which amount is the tax?");
    };
    let shown = plain(&amount);
    // "what is the gross price of 200": the word names what is asked for, not what is known.
    let asks = ["what", "which", "calculate", "compute", "find", "give", "get", "need", "want", "determine"];
    let wanted = |word: &str| reading.then(&asks, &[word], 4) && amount.near(&[word]);
    // "250 net", "1,190 including 19% VAT": what follows counts most.
    let follows = |words: &[&str]| amount.after.first().is_some_and(|word| words.contains(&word.as_str()));
    let not = reading.says(&["not including"]);
    let included =
        reading.tokens.iter().any(|token| token.is_any(&["included", "includes", "inclusive"])) && !not;
    let (with, without) = (["gross", "including", "inclusive"], ["net", "excluding", "plus", "exclusive"]);
    let gap = if amount.end <= rate.start { &reading.tokens[amount.end..rate.start] } else { &[] };
    let contains = gap.iter().any(|token| token.stems(&["including"])) && !not;
    let told = contains || follows(&with) || follows(&without);
    let known_gross = contains
        || follows(&with)
        || !told
            && (amount.near(&["gross", "including", "total", "inclusive"]) && !wanted("gross") || included);
    let known_net = follows(&without) || not || !told && amount.near(&without) && !wanted("net") && !included;
    let asks_gross = reading.any(&["add", "gross", "including", "plus", "adding", "inclusive"])
        || reading.says(&["on top"]);
    let asks_net = reading.any(&[
        "remove",
        "net",
        "excluding",
        "without",
        "strip",
        "subtract",
        "deduct",
        "extract",
        "contain",
        "contains",
        "contained",
        "exclusive",
    ]) || reading.says(&["take off", "back out"])
        || reading.then(&["vat", "tax", "gst"], &["in", "out"], 2);
    let on = reading.then(&["vat", "tax", "gst"], &["on", "for"], 1)
        || amount.before.last().is_some_and(|word| word == "on");
    let gross = match (known_gross, known_net) {
        (true, false) => true,
        (false, true) => false,
        _ if asks_gross && !asks_net => false,
        _ if asks_net && !asks_gross => true,
        _ if on && !asks_gross && !asks_net => false,
        _ => {
            return choose(
                format!("Does {shown} contain the tax already?"),
                &[&format!("{shown} including tax"), &format!("{shown} excluding tax")],
            );
        }
    };
    let mut program = Program::default();
    program.percent("tax_rate", "Tax rate", &rate.values);
    let taxes = ["vat", "tax", "gst"];
    let opens =
        reading.tokens.iter().take(2).any(|token| token.stems(&taxes)) && !reading.any(&["price", "net"]);
    let tax_first = reading.then(&["how", "what"], &taxes, 3) || opens;
    if gross {
        program.input("gross", "Gross price", &amount.values);
        program.line("net = gross / (1 + tax_rate)");
        program.line("tax = gross - net");
        let (net, tax) = (("net", "Net price"), ("tax", "Tax contained"));
        let order = if tax_first && !reading.has("net") { [tax, net] } else { [net, tax] };
        order.into_iter().for_each(|(value, label)| program.show(value, label, Unit::Money));
        program.said = format!("{shown} contains {}% tax, a share of the net price", plain(&rate));
    } else {
        program.input("net", "Net price", &amount.values);
        program.line("tax = net * tax_rate");
        program.line("gross = net + tax");
        let (gross, tax) = (("gross", "Gross price"), ("tax", "Tax"));
        let order =
            if tax_first && !reading.any(&["gross", "including"]) { [tax, gross] } else { [gross, tax] };
        order.into_iter().for_each(|(value, label)| program.show(value, label, Unit::Money));
        program.said = format!("{}% tax is added to {shown}", plain(&rate));
    }
    if on && !known_net && !known_gross && !asks_gross {
        reading.assume(format!("{} does not contain the tax yet", number(amount.values[0])), 8);
    }
    Ok(program)
}
