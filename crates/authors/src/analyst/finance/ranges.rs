//! Values that stand for the same: `3%, 4% and 5%`, `from 3% to 5% in steps of 0.5%`.

use super::{
    facts::{Fact, What},
    lexer::Token,
};

/// What stands between values that are listed.
const LISTED: &[&str] = &["and", "or", "instead", "of", "rather", "than"];

/// Joins facts that stand for the same into one: `3%, 4% and 5%`, `from 3% to 5% in steps of 0.5%`, `10, 15 or 20 years`.
/// Amounts are joined only if they are said to be several of one kind.
pub(super) fn join_ranges(tokens: &[Token], facts: Vec<Fact>, amounts: bool) -> Vec<Fact> {
    let facts = carry_units(tokens, facts);
    let mut joined: Vec<Fact> = Vec::with_capacity(facts.len());
    let mut at = 0;
    while at < facts.len() {
        let mut fact = facts[at].clone();
        at += 1;
        let joins = match fact.what {
            What::Percent | What::Span(_) => !fact.point,
            What::Amount => amounts,
            _ => false,
        };
        while joins
            && let Some(next) = facts.get(at)
            && next.what == fact.what
            && let Some(link) = link(tokens, &fact, next)
        {
            let step = facts.get(at + 1).filter(|step| link == Link::Range && is_step(tokens, next, step));
            match link {
                Link::List => fact.values.extend(&next.values),
                Link::Range => match range(fact.values[0], next.values[0], step.map(|step| step.values[0])) {
                    Some(values) => fact.values = values,
                    None => break,
                },
            }
            fact.end = next.end;
            fact.after.clone_from(&next.after);
            at += 1;
            if let Some(step) = step {
                fact.end = step.end;
                fact.after.clone_from(&step.after);
                at += 1;
            }
        }
        joined.push(fact);
    }
    joined
}

#[derive(Clone, Copy, PartialEq)]
enum Link {
    List,
    Range,
}

/// What two neighbours have to do with each other.
fn link(tokens: &[Token], left: &Fact, right: &Fact) -> Option<Link> {
    let gap = &tokens[left.end..right.start];
    let between = left.before.iter().any(|word| word == "between");
    let moves = ["grow", "decrease", "go", "goes", "went", "change", "move", "moves", "up", "down"];
    let moved = left.before.iter().any(|word| moves.contains(&word.as_str()));
    match gap {
        [only] if only.is("to") && moved => Some(Link::List),
        [only] if only.is_any(&["to", "through", "till", "until"]) => Some(Link::Range),
        [only] if only.is_mark('-') || only.is_mark('\u{2013}') => Some(Link::Range),
        [up, to] if up.is("up") && to.is("to") => Some(Link::Range),
        [only] if only.is("and") && between => Some(Link::Range),
        [] => None,
        _ if gap.iter().all(|t| t.is_mark(',') || t.is_mark('/') || t.is_any(LISTED)) => Some(Link::List),
        _ => None,
    }
}

/// `in steps of 0.5%`, `in 0.5% steps`, `every 0.5%`.
fn is_step(tokens: &[Token], last: &Fact, step: &Fact) -> bool {
    let words = ["step", "steps", "increment", "increments", "interval", "intervals", "every", "jumps"];
    let gap = &tokens[last.end..step.start];
    let named = gap.iter().chain(tokens[step.end..].iter().take(2)).any(|token| token.is_any(&words));
    gap.len() <= 4 && (named || matches!(gap, [by] if by.is("by")))
}

/// The values from `first` to `last`; a step that fits if none is given.
fn range(first: f64, last: f64, step: Option<f64>) -> Option<Vec<f64>> {
    let width = last - first;
    let step = match step {
        Some(step) => step.abs() * width.signum(),
        None => {
            let fitting = [0.25, 0.5, 1.0, 2.0, 5.0, 10.0, 50.0, 100.0, 1000.0, 10_000.0, 100_000.0];
            fitting.into_iter().find(|step| width.abs() / step <= 10.0)? * width.signum()
        }
    };
    let steps = (width / step + 1e-9).floor();
    if !(1.0..=100.0).contains(&steps) {
        return None;
    }
    let mut values = Vec::new();
    while values.len() < 102 {
        let value = first + step * f64::from(u32::try_from(values.len()).ok()?);
        if (value - last) * width.signum() > 1e-9 {
            break;
        }
        values.push((value * 1e9).round() / 1e9);
    }
    Some(values)
}

/// Gives small bare numbers the unit of the neighbour that they are listed with: `3, 4 and 5%`, `10 or 15 years`.
fn carry_units(tokens: &[Token], mut facts: Vec<Fact>) -> Vec<Fact> {
    for at in (0..facts.len().saturating_sub(1)).rev() {
        let (left, right) = (&facts[at], &facts[at + 1]);
        let plain =
            tokens[left.start].number().is_some_and(|number| !number.negative && number.value.abs() < 100.0);
        let gap = &tokens[left.end..right.start];
        let word = gap
            .iter()
            .any(|t| t.is_any(&["and", "or", "to", "instead"]) || t.is_mark('-') || t.is_mark('\u{2013}'));
        let listed = at > 0
            && facts[at - 1].what == What::Amount
            && facts[at - 1].values[0].abs() < 100.0
            && link(tokens, &facts[at - 1], left).is_some();
        let chained =
            listed || right.values.len() == 1 && at + 2 < facts.len() && facts[at + 2].what == right.what;
        let unit = matches!(right.what, What::Percent | What::Span(_)) && !right.point;
        if left.what == What::Amount
            && left.per.is_none()
            && plain
            && unit
            && link(tokens, left, right).is_some()
            && (word || chained)
        {
            facts[at].what = facts[at + 1].what;
        }
    }
    facts
}
