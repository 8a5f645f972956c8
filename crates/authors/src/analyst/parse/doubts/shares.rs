//! Doubts about shares: of what, within what, and whether it is a share that is asked for.

use super::{Doubt, Reading};
use crate::analyst::query::{Agg, Expr, Filter, Measure};

pub(super) const DOUBTS: &[Doubt] = &[
    is_of_several_figures,
    is_of_what_is_compared,
    is_within_periods,
    is_of_several_conditions,
    is_a_ratio,
    grew,
    goes_somewhere,
    is_a_rate,
    is_within_or_across,
    is_of_those_that_had,
];

/// A share of several figures, or of an average, has more than one meaning.
fn is_of_several_figures(reading: &Reading<'_>) -> bool {
    reading.shares() && (reading.averages() || reading.partial.measures.len() > 1)
}

fn is_of_what_is_compared(reading: &Reading<'_>) -> bool {
    let plain = |col: usize| reading.measured(|measure| measure.of == Expr::Column(col));
    let limits = |filter: &Filter| matches!(filter, Filter::Columns { left, right, .. } if plain(*left) || plain(*right));
    reading.shares()
        && (reading.part().iter().any(limits)
            || reading.filtered(|filter| matches!(filter, Filter::Columns { .. })))
}

/// "share of each channel per quarter": of the quarter, or of all?
fn is_within_periods(reading: &Reading<'_>) -> bool {
    reading.shares() && reading.partial.keys.len() == 2 && reading.part().is_empty() && reading.in_time()
}

/// "the share of German bookings with children": of all bookings, or of the German ones?
fn is_of_several_conditions(reading: &Reading<'_>) -> bool {
    let kind = |filter: &&Filter| {
        matches!(
            filter,
            Filter::Is { .. } | Filter::Contains { .. } | Filter::Number { .. } | Filter::Flag { .. }
        )
    };
    let others = reading.partial.filters.iter().filter(kind).count();
    let part = reading.part().iter().filter(kind).count();
    // A win rate says itself of what it is a part.
    let within = |filter: &Filter| matches!((filter, reading.part()), (Filter::Is { col, values, .. }, [Filter::Is { col: of, values: part, .. }]) if col == of && part.iter().all(|value| values.contains(value)));
    reading.shares()
        && !reading.filtered(within)
        && reading.partial.keys.is_empty()
        && (part > 1 || part == 1 && others > 0)
}

/// "the ratio of A to B" is no share of both.
fn is_a_ratio(reading: &Reading<'_>) -> bool {
    reading.shares()
        && reading.says(&["ratio"])
        && reading.part().iter().any(|filter| matches!(filter, Filter::Is { values, .. } if values.len() > 1))
}

/// "unpaid share in 2023 versus 2024" is no growth; "how did the share change" is.
fn grew(reading: &Reading<'_>) -> bool {
    const GROWS: [&str; 20] = [
        "grow",
        "grew",
        "grown",
        "growth",
        "change",
        "changed",
        "changes",
        "increase",
        "increased",
        "decrease",
        "decreased",
        "rise",
        "rose",
        "fall",
        "fell",
        "drop",
        "dropped",
        "develop",
        "developed",
        "percent",
    ];
    reading.grows()
        && reading.says(&["share", "percentage", "proportion"])
        && !reading.says(&GROWS)
        && !reading.says(&["yoy", "up", "down"])
}

/// "what share goes to marketing", "what part is spent on rent".
fn goes_somewhere(reading: &Reading<'_>) -> bool {
    reading.shares()
        && (reading.says_next(&["goes", "go", "went", "going"], &["to"])
            || reading.says_next(&["spent", "spend"], &["on"]))
}

/// "tip percentage by waiter" may be the tip in percent of the bill.
fn is_a_rate(reading: &Reading<'_>) -> bool {
    let named = |word: &String| {
        reading.measures(|_, col| reading.named(col, &[crate::analyst::spelling::singular(word).as_str()]))
    };
    let after = reading
        .words()
        .windows(2)
        .any(|pair| named(&pair[0]) && ["percentage", "rate", "ratio"].contains(&pair[1].as_str()));
    reading.shares() && reading.part().is_empty() && after
}

/// "share of won value by industry": how much of each industry's was won, or how what was won is spread?
fn is_within_or_across(reading: &Reading<'_>) -> bool {
    let money = |measure: &Measure| measure.agg == Agg::Sum && measure.of != Expr::Rows;
    reading.shares()
        && reading.part().len() == 1
        && reading.partial.keys.len() == 1
        && reading.measured(money)
        && reading.says_next(&["share", "percentage", "proportion"], &["of"])
        && !reading.says(&["within", "each", "every", "its", "their", "per"])
}

/// "what share of deliveries had returns" is of rows, not of pieces.
fn is_of_those_that_had(reading: &Reading<'_>) -> bool {
    let ratio = |measure: &Measure| measure.percent && measure.name.is_none() && measure.of.is_ratio();
    reading.measured(ratio) && reading.says(&["had", "have", "has", "with", "without"])
}
