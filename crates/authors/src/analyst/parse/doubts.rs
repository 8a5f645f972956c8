//! Readings that are rarely what was meant: they are asked about before anything is computed.

use ringfence_pipeline::ports::{ColumnKind, ColumnRole};

use super::Partial;
use crate::analyst::{
    query::{Agg, Chart, Expr, Filter, Having, Measure, Task},
    view::View,
};

/// True where a figure may be of rows, of groups, or of groups within groups: "average takings per day".
fn is_of_another_level(partial: &Partial, view: &View<'_>) -> bool {
    let shared = matches!(partial.task, Some(Task::Share(_)));
    let part = match &partial.task {
        Some(Task::Share(part)) => part.as_slice(),
        _ => &[],
    };
    let added = |measure: &Measure| {
        matches!(measure.of, Expr::Column(col) if matches!(measure.agg, Agg::Mean | Agg::Median)
            && matches!(view.role(col), ColumnRole::Amount | ColumnRole::Quantity)
            && !super::figures::is_averaged(view, col))
    };
    let once = (0..view.columns.len()).any(|col| {
        view.kind(col) == ColumnKind::Date
            && view.profile(col).is_some_and(|profile| profile.distinct * 10 >= view.rows() * 9)
    });
    let of_periods = partial.said.per_time && !once && !partial.mean_of_groups;
    // "average daily conversions on weekends vs weekdays": the mean must not get lost.
    let lost = partial.said.timed
        && partial.said.means > 0
        && !partial.mean_of_groups
        && !partial.measures.iter().any(|measure| measure.agg == Agg::Mean);
    let lost = lost || partial.mean_of_groups && matches!(partial.task, Some(Task::Growth(..)));
    // "oldest count per warehouse": that of each, or the oldest of all?
    let dated = |measure: &Measure| {
        matches!(measure.of, Expr::Column(col) if view.kind(col) == ColumnKind::Date)
            && matches!(measure.agg, Agg::Min | Agg::Max)
    };
    let each = partial.rank.is_some_and(|rank| rank.count == 1 && !rank.within)
        && !partial.selects
        && !partial.keys.is_empty()
        && partial.said.per
        && partial.measures.iter().any(dated);
    let of_rows = lost || each || of_periods && partial.measures.iter().any(added);
    // "highest daily total per month", "the average of the averages": of groups within groups.
    let extreme = partial.rank.is_some()
        || partial.measures.iter().any(|measure| matches!(measure.agg, Agg::Max | Agg::Min));
    let typical = partial.filters.iter().any(|filter| matches!(filter, Filter::Typical { .. }))
        || matches!(partial.having, Some(Having::Typical { .. }));
    let nested = partial.said.timed && extreme && partial.keys.iter().filter(|key| key.is_time()).count() > 1
        || partial.said.means > 1 && !typical && partial.measures.len() < 2;
    // "and when was it" asks for more than one figure tells.
    let more = partial.said.asks_again
        && matches!(partial.task, None | Some(Task::Figures))
        && partial.keys.is_empty();
    // "most expensive white and red wine": one of each, or of both?
    let joined = partial.rank.is_some_and(|rank| rank.count == 1)
        && partial.said.both
        && partial.filters.iter().any(|filter| {
            matches!(filter, Filter::Is { col, values, not: false }
            if values.len() > 1 && !partial.keys.iter().any(|key| key.column() == *col))
        });
    // "projects with more than 50 hours" in a share, "fees over 300 in total" beside a number of visits: of groups.
    let limited = partial.filters.iter().chain(part).any(|filter| {
        matches!(filter, Filter::Number { col, .. } if view.is_measure(*col)
        && matches!(view.role(*col), ColumnRole::Amount | ColumnRole::Quantity))
    });
    let of_groups =
        limited && (partial.selects && shared || partial.having.is_some() || partial.said.things_sold);
    // "which wine most often" ranks no rows by how many they are.
    let of_groups = of_groups
        || partial.rank.is_some()
            && matches!(partial.task, Some(Task::Rows(_)))
            && matches!(partial.measures.first(), Some(measure) if measure.of == Expr::Rows);
    // "share of each channel per quarter": of the quarter, or of all?
    let within =
        shared && partial.keys.len() == 2 && part.is_empty() && partial.keys.iter().any(|key| key.is_time());
    of_rows || nested || more || joined || of_groups || within
}

/// What is rarely meant as it was read is asked about: percents added up, a condition that no row can meet.
pub(super) fn doubts(partial: &mut Partial, view: &View<'_>) {
    let percent = |measure: &Measure| {
        matches!(measure.of, Expr::Column(col) if measure.agg == Agg::Sum
        && view.profile(col).is_some_and(|profile| matches!(profile.unit.as_deref(), Some("%" | "fraction")) || profile.name.contains('%')))
    };
    let vacuous = |filter: &Filter| {
        matches!(filter, Filter::Empty { col, not: false }
        if view.columns.get(*col).is_some_and(|column| column.profile.empty == 0 && column.table == view.base))
    };
    let part = match &partial.task {
        Some(Task::Share(part)) => part.as_slice(),
        _ => &[],
    };
    let opposite = partial.filters.iter().chain(part).any(|filter| {
        filter.opposite().is_some_and(|other| partial.filters.iter().chain(part).any(|one| *one == other))
    });
    let counted_gaps = partial.counts && partial.rows_named && matches!(partial.task, Some(Task::Missing(_)));
    let of_sums = !partial.rows_named && !partial.keys.is_empty() && !partial.selects && partial.having.is_none() && partial.filters.iter().any(|filter| {
        matches!(filter, Filter::Number { col, .. } if partial.measures.iter().any(|measure| measure.agg == Agg::Sum && measure.of == Expr::Column(*col)))
    });
    let lacking = partial.selects
        && partial.rank.is_none()
        && partial.keys.iter().any(|key| key.is_time())
        && partial
            .filters
            .iter()
            .any(|filter| matches!(filter, Filter::Is { not: true, .. } | Filter::Empty { not: false, .. }));
    // "cars under 10 (Price)" asks for cars, "max temp by month" for no mean of what is called so.
    let unsaid = !partial.agg_said && partial.measures.iter().any(|measure| matches!(measure.of, Expr::Column(col)
        if measure.agg == Agg::Mean && (!partial.keys.is_empty() && view.columns[col].words.iter().any(|word| ["max", "min"].contains(&word.as_str()))
            || partial.filters.iter().any(|filter| matches!(filter, Filter::Number { col: one, .. } if *one == col)))));
    let of_percent = partial.measures.iter().any(|measure| multiplies_percent(&measure.of, view));
    let plain = |col: usize| partial.measures.iter().any(|measure| measure.of == Expr::Column(col));
    let limits = |filter: &Filter| matches!(filter, Filter::Columns { left, right, .. } if plain(*left) || plain(*right));
    let shared = matches!(partial.task, Some(Task::Share(_)));
    // A share of several figures, or of what is compared, has more than one meaning.
    let compared = |filter: &Filter| matches!(filter, Filter::Columns { .. });
    let averaged_share = shared && partial.measures.iter().any(|measure| measure.agg == Agg::Mean);
    let shares = shared
        && (averaged_share
            || partial.measures.len() > 1
            || part.iter().any(limits)
            || partial.filters.iter().any(compared));
    let placed = partial.rank.is_some_and(|rank| {
        let listed = matches!(partial.task, None | Some(Task::Rows(_)));
        let grouped = !partial.keys.is_empty() && !partial.selects && !partial.entity_ranked;
        rank.nth && (!listed || grouped || rank.within)
    });
    // Cleaning answers nothing else that was asked with it.
    let cleaned = matches!(partial.task, Some(Task::Clean(_)))
        && (!partial.keys.is_empty() || !partial.measures.is_empty() || !partial.aggs.is_empty());
    // The weight of a person is averaged, that of a freight is added up.
    let weighed = !partial.agg_said
        && !partial.keys.is_empty()
        && partial.measures.iter().any(|measure| {
            matches!(measure.of, Expr::Column(col)
        if measure.agg == Agg::Mean && view.columns[col].words.iter().any(|word| word == "weight"))
        });
    // Salaries are not paid on the day on which somebody was hired.
    let hired = partial.keys.iter().any(|key| {
        matches!(key, crate::analyst::query::Key::Time(col, _)
        if view.columns[*col].words.iter().any(|word| ["started", "start", "hired", "hire", "joined", "born", "birth"].contains(&word.as_str())))
    }) && partial.measures.iter().any(|measure| {
        matches!(measure.of, Expr::Column(col)
        if view.columns[col].words.iter().any(|word| ["salary", "wage", "pay", "rent", "hour"].contains(&word.as_str())))
    });
    // What is due each month is not told by the month of something else.
    let monthly = partial.keys.iter().any(|key| matches!(key, crate::analyst::query::Key::Time(_, crate::analyst::query::Unit::Month)))
        && partial.measures.iter().any(|measure| {
            matches!(measure.of, Expr::Column(col) if view.columns[col].words.iter().any(|word| word == "monthly"))
        });
    // A capacity stands once in its own table, and beside each of the sales that are joined with it.
    let tables = |of: &Expr| {
        of.columns().iter().map(|col| view.columns[*col].table).collect::<std::collections::BTreeSet<_>>()
    };
    let repeated = partial
        .measures
        .iter()
        .any(|measure| measure.of.holds_ratio() && !measure.by_row && tables(&measure.of).len() > 1);
    // A chart of one number shows nothing.
    let single = matches!(partial.chart, Some(Chart::Bar | Chart::Pie | Chart::Line))
        && partial.keys.is_empty()
        && partial.task.is_none()
        && partial.measures.len() == 1;
    // A salary beside each of many payslips is no sum of their months.
    let of_other = partial.measures.iter().any(|measure| {
        matches!(measure.of, Expr::Column(col) if measure.agg == Agg::Sum && view.columns[col].table != view.base)
    }) && partial.keys.iter().any(|key| key.is_time() && view.columns[key.column()].table == view.base);
    if weighed || of_other || repeated || single || hired || monthly {
        partial.doubt(30);
    }
    // "how many bikes did we sell at a discount" is not about the average discount.
    let beside = partial.counts
        && !partial.agg_said_beside_count()
        && partial.measures.len() > 1
        && partial.measures.iter().any(|measure| {
            let Expr::Column(col) = measure.of else { return false };
            let bounded = partial.filters.iter().any(|filter| filter.columns().contains(&col));
            // "how many members pay the student fee" is not about what the fees add up to.
            let paid = measure.agg == Agg::Sum
                && view.role(col) == ColumnRole::Amount
                && !partial.said.both
                && !bounded;
            measure.agg == Agg::Mean || paid
        });
    if beside {
        partial.doubt(30);
    }
    let void = partial.measures.iter().any(|measure| is_void(&measure.of));
    let of_price = partial.measures.iter().any(|measure| divides_average(&measure.of, view));
    if shares || placed || cleaned || void || of_price {
        partial.doubt(25);
    }
    if opposite || counted_gaps || of_sums || lacking || unsaid || of_percent {
        partial.doubt(25);
    }
    // What there was in one year and in another adds up to nothing.
    let timed = partial.keys.iter().any(|key| key.is_time() || view.is_calendar(key.column()))
        || partial
            .filters
            .iter()
            .any(|filter| filter.is_time() || filter.columns().iter().any(|col| view.is_calendar(*col)))
        || matches!(partial.task, Some(Task::Growth(..) | Task::GrowthEach));
    let level = |measure: &Measure| {
        measure.agg == Agg::Sum
            && matches!(measure.of, Expr::Column(col) if super::balances::is_level_in_time(view, col))
    };
    if !timed && partial.rank.is_none() && partial.measures.iter().any(level) {
        partial.doubt(25);
    }
    // "how much commission" is no average of percents.
    let rated = |measure: &Measure| {
        matches!(measure.of, Expr::Column(col) if view.profile(col).is_some_and(|profile| profile.unit.as_deref() == Some("%") || profile.name.contains('%')))
            && measure.agg == Agg::Mean
    };
    if partial.said.how_much && partial.measures.iter().any(rated) {
        partial.doubt(25);
    }
    // "average per month" of columns of months: of each month, or of them all?
    let averaged = partial.measures.iter().any(|measure| measure.agg == Agg::Mean);
    if averaged && partial.said.per && partial.keys.iter().any(|key| key.melts()) {
        partial.doubt(25);
    }
    // "average spend per month" may be of the months or of the rows.
    // "the smallest stock above its reorder level", "the day with the most no-shows": no other figure is ranked.
    let taken = |filter: &Filter| matches!(filter, Filter::Columns { .. } | Filter::Empty { not: true, .. });
    let named = !partial.measures.is_empty() || matches!(partial.task, Some(Task::Share(_)));
    if partial.rank.is_some() && !named && partial.filters.iter().any(taken) {
        partial.doubt(25);
    }
    if super::beyond::is_beyond(partial, view) {
        partial.doubt(25);
    }
    if is_of_another_level(partial, view) {
        partial.doubt(25);
    }
    if partial.said.flow_per_period
        && partial.keys.iter().any(|key| key.is_time())
        && !partial.mean_of_groups
        && partial.measures.iter().any(|measure| measure.agg == Agg::Mean)
    {
        partial.doubt(25);
    }
    // "how many bedrooms does the most expensive house have" ranks by no number of bedrooms.
    let worth = ["price", "cost", "amount", "value", "fee", "total", "rent", "rate", "salary", "sold"];
    let dear = partial.measures.first().is_some_and(|measure| {
        matches!(measure.of, Expr::Column(col) if !view.columns[col].words.iter().any(|word| worth.contains(&word.as_str()))
            && !matches!(view.role(col), ColumnRole::Amount | ColumnRole::Rate))
    });
    if partial.prices && partial.rank.is_some() && dear {
        partial.doubt(25);
    }
    // Who says neither net nor gross may mean either.
    let net = |measure: &Measure| matches!(measure.of, Expr::Column(col) if view.columns[col].words.iter().any(|word| word == "net"));
    let gross = (0..view.columns.len()).any(|col| view.columns[col].words.iter().any(|word| word == "gross"));
    if gross && !partial.said.net && partial.rank.is_none() && partial.measures.iter().any(net) {
        partial.doubt(25);
    }
    // What is paid for an hour adds up to nothing.
    let each = |measure: &Measure| {
        let Expr::Column(col) = measure.of else { return false };
        let has = |words: &[&str]| view.columns[col].words.iter().any(|word| words.contains(&word.as_str()));
        let one =
            has(&["hourly"]) || has(&["unit", "each"]) && has(&["price", "cost", "wage", "rate", "fee"]);
        measure.agg == Agg::Sum && one
    };
    if partial.rank.is_none() && partial.chart.is_none() && partial.measures.iter().any(each) {
        partial.doubt(25);
    }
    let averaged = |measure: &Measure| {
        measure.name.is_none()
            && matches!(measure.of, Expr::Column(col) if measure.agg == Agg::Sum && super::figures::is_averaged(view, col))
    };
    if partial.measures.iter().any(|measure| percent(measure) || averaged(measure))
        || (partial.filters.iter().any(vacuous) && !partial.counts)
    {
        partial.doubt(25);
    }
}

/// True for what comes to nothing, whatever the data is: a column less itself.
fn is_void(of: &Expr) -> bool {
    match of {
        Expr::Op('-' | '/', left, right) if left == right => true,
        Expr::Op(_, left, right) => is_void(left) || is_void(right),
        _ => false,
    }
}

/// True for what is of one thing already and divided once more: price / tickets.
fn divides_average(of: &Expr, view: &View<'_>) -> bool {
    matches!(of, Expr::Op('/', left, right) if !right.columns().is_empty()
        && matches!(**left, Expr::Column(col) if super::figures::is_averaged(view, col)))
}

/// True for a product with percents that are not divided by a hundred.
fn multiplies_percent(of: &Expr, view: &View<'_>) -> bool {
    let hundredths = |one: &Expr| matches!(one, Expr::Column(col) if view.profile(*col).is_some_and(|profile| profile.unit.as_deref() == Some("%")));
    match of {
        Expr::Op('*', left, right) => hundredths(left) || hundredths(right),
        _ => false,
    }
}
