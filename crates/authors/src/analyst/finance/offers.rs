//! Several loans side by side: which of them is cheaper.

use super::super::python::number;
use super::{
    facts::{Fact, Period, What},
    lexer::Token,
    loans::capital,
    program::{Program, Unit},
    reading::{Reading, Trouble, ask},
    terms::{self, ANNUITY, Rate, Term},
};

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
        let listed =
            fact.start > 0 && reading.tokens[fact.start - 1].stems(&["loan", "mortgage", "offer", "bank"]);
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
