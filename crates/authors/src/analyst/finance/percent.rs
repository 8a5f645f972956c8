//! Percentages of everyday life: a share, a change, a discount.

use super::super::python::number;
use super::{
    facts::{Fact, What},
    program::{Program, Unit},
    reading::{Reading, Trouble, ask, plain},
};

/// Percent of, percent change, more and less.
pub(super) fn percentage(reading: &mut Reading) -> Result<Program, Trouble> {
    let rate = reading.free(What::Percent).next().map(|fact| fact.take().clone());
    let amounts: Vec<Fact> = reading.free(What::Amount).map(|fact| fact.take().clone()).collect();
    let more: Vec<Fact> = reading.free(What::Percent).map(|fact| fact.take().clone()).collect();
    if let (Some(rate), false, [amount]) = (&rate, more.is_empty(), &amounts[..]) {
        let steps: Vec<&Fact> = std::iter::once(rate).chain(&more).collect();
        return in_turn(reading, &steps, amount);
    }
    match (&rate, &amounts[..]) {
        (Some(rate), [amount]) => of_one(reading, rate, amount),
        (None, [first, second]) => of_two(reading, first, second),
        _ => ask("Which percentage of which number?"),
    }
}

/// One percentage after the other, each of what the one before has left.
fn in_turn(reading: &Reading, steps: &[&Fact], amount: &Fact) -> Result<Program, Trouble> {
    let groups: [&[&str]; 2] = [
        &["down", "minus", "off", "discount", "less", "decrease", "reduce", "subtract", "lose"],
        &["up", "plus", "add", "grow", "markup", "vat", "tax", "surcharge"],
    ];
    let mut program = Program::default();
    program.input("number", "Number", &amount.values);
    program.line("result = number");
    let mut said = Vec::new();
    let mut before = None;
    for step in steps {
        let minus = step.values[0] < 0.0;
        let again =
            step.before.iter().any(|word| ["another", "further", "then", "again"].contains(&word.as_str()));
        let role = if minus { Some(0) } else { step.role(&groups) };
        let Some(role) = role.or_else(|| before.filter(|_| again)) else {
            return ask(format!("Is {} added or taken off?", reading.words(step)));
        };
        before = Some(role);
        let (sign, name) = if role == 0 { ("-", "less") } else { ("+", "plus") };
        let percent = number(step.values[0].abs());
        program.line(format!("result *= 1 {sign} {percent} / 100"));
        said.push(format!("{name} {percent}%"));
    }
    program.show("result", "Result", Unit::Money);
    program.show("(result / number - 1) * 100", "Change in all", Unit::Percent);
    program.said = format!("{} {}, one after the other", plain(amount), said.join(", then "));
    Ok(program)
}

fn of_one(reading: &mut Reading, rate: &Fact, amount: &Fact) -> Result<Program, Trouble> {
    let (percent, whole) = (plain(rate), plain(amount));
    let mut program = Program::default();
    program.percent("share", "Percentage", &rate.values);
    let less =
        reading.any(&["off", "discount", "minus", "less", "reduce", "decrease", "cut", "subtract", "take"]);
    let more = reading.any(&["plus", "add", "more", "grow"]);
    let earlier = reading.any(&["original", "before", "was", "were"])
        || reading.then(&["after"], &["discount", "off", "grow", "decrease", "reduce"], 4);
    // "60 is 25% more than what?"
    let reverse =
        reading.then(&["more", "less"], &["than"], 0) && reading.then(&["than"], &["what", "which"], 0);
    let original = (earlier || reverse) && (less || more);
    if original {
        let known = reverse || reading.any(&["original", "excluding"]);
        if !known {
            return ask(format!("Is {whole} the number before or after the {percent}%?"));
        }
        program.input("now", "Now", &amount.values);
        program.line(if less { "original = now / (1 - share)" } else { "original = now / (1 + share)" });
        if less && rate.values.iter().any(|rate| *rate >= 100.0) {
            return ask("Which percentage, below 100%, was taken off?");
        }
        program.show("original", "Originally", Unit::Money);
        let way = if less { "less" } else { "more" };
        program.said = format!("{whole} is {percent}% {way} than the original");
        return Ok(program);
    }
    program.input("number", "Number", &amount.values);
    match (less, more) {
        (true, false) => {
            program.show("number * (1 - share)", format!("{whole} less {percent}%"), Unit::Money);
            program.show("number * share", "Reduction", Unit::Money);
            program.said = format!("{percent}% is taken off {whole}");
        }
        (false, true) => {
            program.show("number * (1 + share)", format!("{whole} plus {percent}%"), Unit::Money);
            program.show("number * share", "Increase", Unit::Money);
            program.said = format!("{percent}% is added to {whole}");
        }
        (false, false) => {
            // "30 is 15% of what number?"
            let gap = reading.tokens.get(amount.end..rate.start).unwrap_or_default();
            let is =
                matches!(gap, [verb] if verb.is_any(&["is", "are", "was", "equals", "represents", "makes"]));
            if is || amount.start < rate.start && reading.then(&["of"], &["what", "which"], 1) {
                program.show("number / share", format!("{whole} is {percent}% of"), Unit::Money);
                program.said = format!("The number of which {whole} is {percent}%");
            } else {
                let apart = reading.tokens.get(rate.end..amount.start);
                let joins = ["of", "on", "from", "for", "to"];
                if apart.is_some_and(|gap| gap.len() > 5 || !gap.iter().any(|token| token.is_any(&joins))) {
                    return ask(format!("What should I do with {percent}% and {whole}?"));
                }
                program.show("number * share", format!("{percent}% of {whole}"), Unit::Money);
                program.said = format!("{percent}% of {whole}");
            }
        }
        (true, true) => return ask(format!("Should {percent}% be added to {whole} or taken off?")),
    }
    Ok(program)
}

fn of_two(reading: &mut Reading, first: &Fact, second: &Fact) -> Result<Program, Trouble> {
    let change = reading.any(&[
        "change",
        "grow",
        "growth",
        "decrease",
        "reduce",
        "increase",
        "difference",
        "up",
        "down",
    ]);
    let ends = |fact: &Fact, word: &str| fact.before.iter().any(|before| before == word);
    let mut program = Program::default();
    let than = ends(second, "than");
    if change || than || ends(first, "from") && ends(second, "to") {
        let backwards = than || ends(first, "to") && ends(second, "from");
        let (from, to) = if backwards { (second, first) } else { (first, second) };
        if from.values[0].abs() < f64::EPSILON {
            return Err(Trouble::Cannot("a change from 0 cannot be told in percent".into()));
        }
        program.input("before", "Before", &from.values);
        program.input("after", "After", &to.values);
        program.show("(after - before) / abs(before) * 100", "Change", Unit::Percent);
        program.show("after - before", "Difference", Unit::Bare);
        program.said = format!("Change from {} to {}, in percent of the first", plain(from), plain(to));
        return Ok(program);
    }
    if reading.any(&["discount", "markdown"]) {
        let (low, high) = if first.values[0] <= second.values[0] { (first, second) } else { (second, first) };
        program.input("original", "Originally", &high.values);
        program.input("now", "Now", &low.values);
        if high.values[0] <= 0.0 {
            return ask("Which is the original price?");
        }
        program.show("(original - now) / original * 100", "Discount", Unit::Percent);
        program.said = format!("Discount from {} to {}, in percent of the original", plain(high), plain(low));
        return Ok(program);
    }
    // "what percent of 80 is 20", "20 of 80", "20 as a percentage of 80"
    let of_first = first.before.last().is_some_and(|word| word == "of");
    let (part, whole) = if of_first { (second, first) } else { (first, second) };
    if !of_first && !second.before.iter().any(|word| word == "of" || word == "out") {
        return ask(format!(
            "Do you mean what share {0} is of {1}, or the change from {0} to {1}?",
            plain(first),
            plain(second)
        ));
    }
    if whole.values[0].abs() < f64::EPSILON {
        return Err(Trouble::Cannot("a share of 0 cannot be told in percent".into()));
    }
    program.input("part", "Part", &part.values);
    program.input("whole", "Whole", &whole.values);
    program.show(
        "part / whole * 100",
        format!("{} as a share of {}", plain(part), plain(whole)),
        Unit::Percent,
    );
    program.said = format!("{} in percent of {}", plain(part), plain(whole));
    Ok(program)
}
