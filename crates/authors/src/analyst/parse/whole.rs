//! Makes a whole query of what was said: what goes without saying is added, what is doubtful asked.

use ringfence_pipeline::ports::{ColumnKind, ColumnRole, TableProfile};

use super::{Choice, Partial, Trouble, ask_column, doubts};
use crate::analyst::{
    dates::{self, Range},
    query::{Agg, Chart, Cmp, Col, Expr, Filter, Having, Key, Measure, Query, Rank, Sort, Task, Unit},
    view::View,
};

/// Most groups by which one figure is broken down.
const KEYS_MAX: usize = 4;

/// Makes a whole query of what was said.
pub(super) fn complete(
    mut partial: Partial,
    view: &View<'_>,
    choices: &[Choice],
) -> Result<(Query, u32), Trouble> {
    if partial.year_earlier {
        return Err(Trouble::Cannot(
            "there is no period before it of which that is the same a year earlier".to_owned(),
        ));
    }
    if partial.keys.len() > KEYS_MAX {
        return Err(Trouble::Cannot(format!("I group by at most {KEYS_MAX} columns")));
    }
    let mode =
        partial.aggs.contains(&Agg::Mode) || partial.measures.iter().any(|measure| measure.agg == Agg::Mode);
    if mode {
        most_common(&mut partial);
    }
    // Rows are never shown where groups were asked for: they are counted.
    if matches!(partial.task, Some(Task::Rows(_)))
        && !partial.keys.is_empty()
        && partial.measures.is_empty()
        && partial.rank.is_some_and(|rank| !rank.within)
        && !partial.prices
    {
        partial.doubt(30);
    }
    // "the 3 biggest orders per country"
    let plain = partial.measures.iter().all(|measure| matches!(measure.of, Expr::Column(_)))
        && partial.measures.len() < 2
        && !partial.agg_said
        && !partial.selects
        && !partial.counts
        && partial.chart.is_none();
    if partial.rows_ranked
        && plain
        && !partial.keys.is_empty()
        && partial.task.is_none()
        && let Some(rank) = &mut partial.rank
    {
        rank.within = true;
        partial.task = Some(Task::Rows(Vec::new()));
    }
    // "the cheapest product in each category"
    if let (Some(Task::Rows(_)), Some(rank), [_, ..], []) =
        (&partial.task, &mut partial.rank, &partial.keys[..], &partial.measures[..])
    {
        rank.within = true;
    }
    let sorted = partial.sort.and_then(|sort| sort.by);
    if let Some(Task::Rows(cols)) = &mut partial.task
        && partial.rank.is_none()
        && cols.iter().all(|col| {
            sorted == Some(*col) || partial.filters.iter().any(|filter| filter.columns().contains(col))
        })
    {
        // What a condition is about is no wish to see that alone.
        cols.clear();
    }
    if matches!(partial.task, Some(Task::Rows(_) | Task::Values(_)))
        && !partial.keys.is_empty()
        && !partial.rank.is_some_and(|rank| rank.within)
    {
        partial.task = None;
        if partial.measures.is_empty() && partial.aggs.is_empty() {
            partial.measures.push(Measure::rows());
        }
    }
    if partial.task == Some(Task::Share(Vec::new())) && partial.keys.is_empty() {
        return Err(Trouble::Lost(String::new()));
    }
    rows_sorted(&mut partial);
    rows_by_day(&mut partial, view);
    nested_days(&mut partial);
    contradictions(&mut partial, view);
    both(&mut partial);
    of_the_day_it_was_done(&mut partial, view);
    not_yet(&mut partial, view);
    doubts::doubts(&mut partial, view);
    let task = partial.task.clone();
    if partial.alphabetical {
        partial.sort = partial.keys.first().map(|key| Sort { by: Some(key.column()), rising: true });
    }
    let having = having(&mut partial, view).map(|having| last_of(having, &mut partial));
    match &task {
        Some(
            Task::Correlation(_)
            | Task::Describe(_)
            | Task::Missing(_)
            | Task::Duplicates(_)
            | Task::Outliers(_)
            | Task::Span(_)
            | Task::Clean(_)
            | Task::GrowthColumns(..),
        ) => {}
        Some(Task::Values(_)) => {}
        Some(Task::Rows(_)) => rows_ranked(&mut partial, view, choices)?,
        _ => {
            if let Some(drawn) = drawn(&partial) {
                partial.task = Some(drawn);
            } else {
                let unsaid = partial.measures.is_empty();
                figures(&mut partial, view, choices)?;
                if unsaid && doubts::is_of_a_meter(&partial, view) {
                    partial.doubt(25);
                }
            }
        }
    }
    worst_first(&mut partial, view);
    // No figure comes of text.
    let texts = |measure: &&Measure| {
        matches!(measure.of, Expr::Column(col) if !view.is_number(col) && (view.kind(col) != ColumnKind::Date || !matches!(measure.agg, Agg::Min | Agg::Max)))
            && !matches!(measure.agg, Agg::Count | Agg::Distinct | Agg::Mode)
            && !matches!(partial.task, Some(Task::Rows(_)))
    };
    if let Some(Expr::Column(col)) = partial.measures.iter().find(texts).map(|measure| &measure.of) {
        return Err(Trouble::Cannot(format!(
            "{:?} holds no numbers; {}",
            view.name(*col),
            view.columns_said()
        )));
    }
    months_melted(&mut partial, view)?;
    // "the first and the last order of each customer"
    if let (Some(Task::Span(col)), false) = (&partial.task, partial.keys.is_empty()) {
        let col = *col;
        partial.measures = [Agg::Min, Agg::Max].map(|agg| Measure::new(agg, Expr::Column(col))).to_vec();
        partial.task = None;
    }
    let task = partial.task.take().unwrap_or(Task::Figures);
    let task = correlated(task, view)?;
    if partial.decimals.is_some() && !matches!(task, Task::Figures) {
        return Err(Trouble::Cannot("I round figures, and figures by group; ask for those".to_owned()));
    }
    let confidence = partial.confidence;
    let mut used: Vec<Col> = partial.measures.iter().flat_map(|measure| measure.of.columns()).collect();
    used.extend(partial.keys.iter().map(|key| key.column()));
    used.extend(partial.filters.iter().flat_map(Filter::columns));
    // What a word was taken for at first, and is not in the end, explains nothing.
    let unused = |note: &String| {
        let rows = partial.measures.iter().any(|measure| measure.of == Expr::Rows);
        rows && (0..view.columns.len())
            .any(|col| !used.contains(&col) && note.ends_with(&format!(" is taken as {}.", view.name(col))))
    };
    partial.notes.retain(|note| !unused(note));
    let query = Query {
        task,
        measures: partial.measures,
        keys: partial.keys,
        filters: partial.filters,
        having,
        rank: partial.rank,
        sort: partial.sort,
        groups_counted: partial.groups_counted,
        groups_shared: partial.groups_shared,
        chart: partial.chart,
        save: partial.save,
        today: partial.today,
        mean_of_groups: partial.mean_of_groups,
        difference: partial.difference,
        moved: partial.moved,
        decimals: partial.decimals,
        notes: partial.notes,
    };
    Ok((query, confidence))
}

/// "the worst day for downtime" is that with the most of it, the best the one with the least.
fn worst_first(partial: &mut Partial, view: &View<'_>) {
    const BAD: [&str; 24] = [
        "downtime",
        "defect",
        "defective",
        "scrap",
        "reject",
        "rejected",
        "delay",
        "complaint",
        "error",
        "accident",
        "incident",
        "absence",
        "absent",
        "waste",
        "cost",
        "expense",
        "loss",
        "debt",
        "overdue",
        "wait",
        "waiting",
        "damage",
        "damaged",
        "fault",
    ];
    let said = |word: &str| partial.said.words.iter().any(|one| one == word);
    let (best, worst) = (said("best"), said("worst"));
    let bad = partial.measures.first().is_some_and(|measure| {
        let cols = measure.of.columns();
        let named = |col: &Col| view.columns[*col].words.iter().any(|word| BAD.contains(&word.as_str()));
        !cols.is_empty() && cols.iter().all(named)
    });
    if let Some(rank) = partial.rank.as_mut().filter(|rank| bad && best != worst && rank.lowest == worst) {
        rank.lowest = best;
    }
}

/// Where months are columns, only their values can be told by month.
fn months_melted(partial: &mut Partial, view: &View<'_>) -> Result<(), Trouble> {
    if !partial.keys.iter().any(|key| key.melts())
        || partial.measures.iter().all(|measure| matches!(measure.of, Expr::Together(_)))
    {
        return Ok(());
    }
    let all = view.months();
    let of_months =
        |measure: &Measure| measure.of.columns().iter().all(|col| is_total(view, *col) || all.contains(col));
    if !partial.measures.iter().all(of_months) {
        return Err(Trouble::Cannot(format!(
            "only the columns of the months can be told by month; {}",
            view.columns_said()
        )));
    }
    let agg = partial
        .measures
        .first()
        .map_or(Agg::Sum, |measure| if measure.agg == Agg::Count { Agg::Sum } else { measure.agg });
    let mut measure = Measure::new(agg, Expr::Together(all));
    measure.name = Some("all months".to_owned());
    partial.measures = vec![measure];
    Ok(())
}

/// A column that adds up others: `Year total`.
pub(super) fn is_total(view: &View<'_>, col: Col) -> bool {
    view.columns.get(col).is_some_and(|column| {
        column.words.iter().any(|word| ["total", "sum", "overall"].contains(&word.as_str()))
    })
}

fn most_common(partial: &mut Partial) {
    let col = partial
        .measures
        .iter()
        .find(|measure| measure.agg == Agg::Mode)
        .and_then(|measure| measure.of.columns().first().copied());
    partial.aggs.retain(|agg| *agg != Agg::Mode);
    partial.measures.retain(|measure| measure.agg != Agg::Mode);
    if let Some(col) = col {
        partial.keys.push(Key::Column(col));
        partial.filters.push(Filter::Empty { col, not: true });
    }
    partial.measures = vec![Measure::rows()];
    // "the most popular item in each country"
    let within = col.is_some() && partial.keys.len() > 1 && !partial.selects;
    if let Some(rank) = partial.rank.as_mut() {
        rank.within |= within;
    } else if within {
        partial.rank = Some(Rank { count: 1, lowest: false, within, nth: false });
    }
    if partial.rank.is_none() {
        partial.rank = Some(Rank { count: 1, lowest: false, within: false, nth: false });
    }
}

/// Histograms, scatter and box plots show values, not figures.
fn drawn(partial: &Partial) -> Option<Task> {
    let plain = |measure: &Measure| matches!(measure.of, Expr::Column(_));
    match partial.chart {
        Some(Chart::Histogram | Chart::Box) if partial.measures.iter().any(plain) => Some(Task::Draw),
        Some(Chart::Scatter) if partial.measures.iter().filter(|measure| plain(measure)).count() >= 2 => {
            Some(Task::Draw)
        }
        _ => None,
    }
}

fn correlated(task: Task, view: &View<'_>) -> Result<Task, Trouble> {
    let numbers = || (0..view.columns.len()).filter(|col| view.is_measure(*col)).collect::<Vec<Col>>();
    Ok(match task {
        Task::Correlation(cols) => {
            let cols: Vec<Col> = cols.into_iter().filter(|col| view.is_number(*col)).collect();
            let cols = if cols.len() < 2 { numbers() } else { cols };
            if cols.len() < 2 {
                return Err(Trouble::Cannot(format!(
                    "there are no two columns of numbers to compare; {}",
                    view.columns_said()
                )));
            }
            Task::Correlation(cols)
        }
        Task::Describe(cols) if cols.is_empty() => Task::Describe(numbers()),
        other => other,
    })
}

/// The rows, or who is in them if they were asked for.
fn listed_by(partial: &Partial) -> Task {
    let filtered = |col: Col| partial.filters.iter().any(|filter| filter.columns().contains(&col));
    partial.who.filter(|col| !filtered(*col)).map_or_else(|| Task::Rows(Vec::new()), Task::Values)
}

/// Beside other figures, the one that groups are chosen by comes last: they are ranked and told by the others.
fn last_of(having: Having, partial: &mut Partial) -> Having {
    match having {
        Having::Number { measure: 0, cmp, value } if partial.measures.len() > 1 => {
            partial.measures.rotate_left(1);
            Having::Number { measure: partial.measures.len() - 1, cmp, value }
        }
        other => other,
    }
}

/// Two figures of a group compared, such as actual over budget by department.
fn having(partial: &mut Partial, view: &View<'_>) -> Option<Having> {
    if partial.having.is_some() {
        return partial.having.clone();
    }
    let additive = |filter: &Filter| match filter {
        Filter::Typical { within, .. } => within.is_none(),
        Filter::Number { col, .. } => {
            view.is_measure(*col)
                && matches!(view.role(*col), ColumnRole::Amount | ColumnRole::Quantity)
                && !super::figures::is_averaged(view, *col)
        }
        _ => false,
    };
    let repeated = |col: Col| view.profile(col).is_some_and(|one| one.distinct * 10 < view.rows() * 9);
    let typical = partial.filters.iter().any(additive)
        && matches!(&partial.task, Some(Task::Values(col)) if repeated(*col));
    // "machines with above average downtime" are groups, whatever a single row says.
    if let (true, Some(Task::Values(col))) = (typical, &partial.task) {
        partial.keys = vec![Key::Column(*col)];
        (partial.task, partial.selects) = (None, true);
    }
    let grouped =
        (partial.selects || partial.groups_counted) && !partial.keys.is_empty() && partial.task.is_none();
    if !grouped {
        return None;
    }
    if let Some(having) = total_compared(partial, view) {
        return Some(having);
    }
    let at = partial
        .filters
        .iter()
        .position(|filter| matches!(filter, Filter::Columns { left, .. } if view.is_number(*left)))?;
    let Filter::Columns { left, cmp, right } = partial.filters.remove(at) else { return None };
    partial.measures.retain(|measure| measure.of != Expr::Rows);
    let mut place = |col: Col| {
        let measure = Measure::new(Agg::Sum, Expr::Column(col));
        partial.measures.iter().position(|known| *known == measure).unwrap_or_else(|| {
            partial.measures.push(measure);
            partial.measures.len() - 1
        })
    };
    let (left, right) = (place(left), place(right));
    // "the smallest stock above its reorder level" is of the stock, or of what is above?
    if partial.rank.is_some_and(|rank| rank.lowest) {
        partial.doubt(25);
    }
    // "most over budget" is by how much.
    if partial.rank.is_some()
        && let [over, under] = [left, right].map(|at| Box::new(partial.measures[at].of.clone()))
    {
        let (over, under) =
            if matches!(cmp, Cmp::Under | Cmp::AtMost) { (under, over) } else { (over, under) };
        partial.measures.insert(0, Measure::new(Agg::Sum, Expr::Op('-', over, under)));
        return None;
    }
    Some(Having::Measures { left, cmp, right })
}

/// "overdue on 31 December": what was paid later was not paid then.
fn not_yet(partial: &mut Partial, view: &View<'_>) {
    let Some(today) = partial.today else { return };
    for filter in &mut partial.filters {
        if let Filter::Empty { col, not: false } = *filter
            && view.kind(col) == ColumnKind::Date
            && view
                .profile(col)
                .and_then(|profile| dates::parse_iso(profile.latest.as_deref()?))
                .is_some_and(|latest| latest > today)
        {
            let later = Range { from: Some(today + 1), to: None };
            *filter = Filter::Any(vec![filter.clone(), Filter::During { col, range: later, not: false }]);
        }
    }
}

/// "how many people left in each year", "the last five invoices paid": by the day of that, which is filled.
fn of_the_day_it_was_done(partial: &mut Partial, view: &View<'_>) {
    let mut filled = partial.filters.iter().filter_map(|filter| match filter {
        Filter::Empty { col, not: true } if view.kind(*col) == ColumnKind::Date => Some(*col),
        _ => None,
    });
    let (Some(day), None) = (filled.next(), filled.next()) else { return };
    let named = partial.named.clone();
    for key in &mut partial.keys {
        if let Key::Time(col, _) = key
            && !named.contains(col)
        {
            *col = day;
        }
    }
    for measure in &mut partial.measures {
        if let Expr::Column(col) = &mut measure.of
            && matches!(measure.agg, Agg::Min | Agg::Max)
            && view.kind(*col) == ColumnKind::Date
            && !named.contains(col)
        {
            *col = day;
        }
    }
}

/// "who worked on A but not on B": rows cannot say it, whoever is in them can.
fn contradictions(partial: &mut Partial, view: &View<'_>) {
    // "who did not work in June": nobody has a row of no hours.
    let idle = |filter: &Filter| matches!(filter, Filter::Number { cmp: Cmp::Equal, value: 0.0, .. });
    if let (true, Some(at), Some(entity)) =
        (partial.denies, partial.filters.iter().position(idle), entity(partial, true))
        && let Filter::Number { col, .. } = partial.filters[at]
    {
        let mut of = std::mem::take(&mut partial.filters);
        of[at] = Filter::Number { col, cmp: Cmp::Over, value: 0.0 };
        partial.filters = vec![Filter::Never { col: entity, of }];
        partial.measures.clear();
        partial.keys.clear();
        partial.task = Some(Task::Values(entity));
        return;
    }
    let denied = partial.denies && !partial.never;
    let never = partial.never || denied && entity(partial, true).is_some();
    let negated = |filter: &Filter| match filter {
        Filter::Flag { col, yes: false } if never => Some((*col, Filter::Flag { col: *col, yes: true })),
        Filter::Empty { col, not: false } if never => Some((*col, Filter::Empty { col: *col, not: true })),
        Filter::Is { col, values, not: true } => {
            Some((*col, Filter::Is { col: *col, values: values.clone(), not: false }))
        }
        Filter::During { col, range, not: true } => {
            Some((*col, Filter::During { col: *col, range: *range, not: false }))
        }
        _ => None,
    };
    let affirmed = |col: usize| {
        partial.filters.iter().any(|filter| matches!(filter, Filter::Is { col: one, not: false, .. } | Filter::During { col: one, not: false, .. } if *one == col))
    };
    let found = partial.filters.iter().enumerate().find_map(|(at, filter)| {
        negated(filter).filter(|(col, _)| never || affirmed(*col)).map(|(_, filter)| (at, filter))
    });
    let Some((at, filter)) = found else { return };
    // Who is in another table only has done it in no row either.
    if never && partial.selects && view.tables.len() > 1 && view.stack.is_none() {
        partial.doubt(30);
    }
    let Some(entity) = entity(partial, never) else {
        if !never {
            partial.doubt(30);
        }
        return;
    };
    if filter.columns().contains(&entity) {
        return;
    }
    let mut of = vec![filter];
    if denied && never {
        // "who did not buy A in May" bought none in May, whatever else they did when.
        let mut kept = Vec::new();
        partial.filters.remove(at);
        for other in std::mem::take(&mut partial.filters) {
            if other.is_time() { of.push(other) } else { kept.push(other) }
        }
        partial.filters = kept;
        partial.filters.push(Filter::Never { col: entity, of });
    } else {
        partial.filters[at] = Filter::Never { col: entity, of };
    }
    if partial.measures.iter().all(|measure| measure.of == Expr::Rows) || partial.selects {
        partial.measures.clear();
        partial.keys.clear();
        partial.task = Some(Task::Values(entity));
    }
}

/// Who or what is asked for, of which each may stand in several rows.
fn entity(partial: &Partial, counted: bool) -> Option<Col> {
    match (&partial.task, &partial.keys[..], &partial.measures[..]) {
        (None, [], [Measure { agg: Agg::Distinct, of: Expr::Column(col), .. }]) if counted => Some(*col),
        (Some(Task::Values(col)), ..) => Some(*col),
        (None, [Key::Column(col)], _) if partial.selects || counted => Some(*col),
        (Some(Task::Rows(cols)), [], _) if cols.len() == 1 => Some(cols[0]),
        _ => None,
    }
}

/// "customers who bought both A and B": no row says it, the rows of each customer do.
fn both(partial: &mut Partial) {
    if !partial.both && !partial.done_with_and {
        return;
    }
    let Some(entity) = entity(partial, true) else { return };
    let each: Vec<Vec<Filter>> = partial
        .filters
        .iter()
        .map(|filter| match filter {
            Filter::Is { col, values, not: false } if *col != entity => {
                let one = |value: &String| Filter::Is { col: *col, values: vec![value.clone()], not: false };
                values.iter().map(one).collect()
            }
            Filter::Any(filters) => filters.clone(),
            _ => Vec::new(),
        })
        .collect();
    let Some(at) = each.iter().position(|each| each.len() > 1) else { return };
    // "who bought A and B" is said of either and of both.
    if !partial.both {
        return partial.doubt(25);
    }
    // "in 2025" is of each of the rows.
    let mut others = std::mem::take(&mut partial.filters);
    others.remove(at);
    partial.filters = each[at]
        .iter()
        .map(|is| Filter::Ever { col: entity, of: std::iter::once(is).chain(&others).cloned().collect() })
        .collect();
    let counts = matches!(&partial.measures[..], [Measure { agg: Agg::Distinct, .. }]);
    if !counts {
        partial.measures.clear();
        partial.keys.clear();
        partial.task = Some(Task::Values(entity));
    }
}

/// "pupils sorted by marks": rows, not what they add up to.
fn rows_sorted(partial: &mut Partial) {
    let by = partial.sort.and_then(|sort| sort.by).map(Expr::Column);
    if by.is_some()
        && partial.rows_named
        && partial.keys.is_empty()
        && partial.task.is_none()
        && !partial.agg_said
        && partial.measures.iter().all(|measure| Some(&measure.of) == by.as_ref())
    {
        partial.measures.clear();
        partial.task = Some(Task::Rows(Vec::new()));
    }
}

/// "events by date", where each has a day of its own: in that order.
fn rows_by_day(partial: &mut Partial, view: &View<'_>) {
    let [Key::Time(col, Unit::Day)] = partial.keys[..] else { return };
    let apart = !view.is_timed(col)
        && view.profile(col).is_some_and(|profile| profile.distinct * 10 >= view.rows() * 9);
    let plain = partial.rows_named
        && !partial.counts
        && !partial.selects
        && !partial.agg_said
        && partial.chart.is_none()
        && partial.task.is_none()
        && partial.rank.is_none()
        && partial.measures.is_empty();
    if plain && apart && view.columns[col].table == view.base {
        partial.keys.clear();
        partial.sort = Some(Sort { by: Some(col), rising: true });
        partial.task = Some(Task::Rows(Vec::new()));
    }
}

/// "days above 30 by year": days are counted in each year.
fn nested_days(partial: &mut Partial) {
    let coarse = |col: Col| {
        partial.keys.iter().any(|key| matches!(key, Key::Time(one, Unit::Week | Unit::Month | Unit::Quarter | Unit::Year) if *one == col))
    };
    let nested = |key: &Key| matches!(key, Key::Time(col, Unit::Day) if coarse(*col));
    if let Some(at) = partial
        .keys
        .iter()
        .position(nested)
        .filter(|_| partial.measures.iter().all(|measure| measure.of == Expr::Rows))
    {
        partial.keys.remove(at);
        if let Some(Key::Time(col, _)) = partial.keys.iter().find(|key| key.is_time()) {
            let mut days = Measure::new(Agg::Distinct, Expr::Column(*col));
            days.name = Some("days".to_owned());
            partial.measures = vec![days];
        }
    }
}

/// "months with revenue over 50 000": of groups, sums are compared, unless a row is spoken of.
fn total_compared(partial: &mut Partial, view: &View<'_>) -> Option<Having> {
    let additive = |col: Col| {
        view.is_measure(col)
            && matches!(view.role(col), ColumnRole::Amount | ColumnRole::Quantity)
            && !super::figures::is_averaged(view, col)
    };
    let at = partial.filters.iter().position(|filter| {
        matches!(filter, Filter::Number { col, .. } if additive(*col))
            || matches!(filter, Filter::Typical { within: None, .. })
    })?;
    let unique = partial.keys.iter().any(|key| matches!(key, Key::Column(col) if view.is_unique(*col)));
    if partial.rows_named || unique {
        return None;
    }
    let (col, cmp, value, middle) = match partial.filters.remove(at) {
        Filter::Number { col, cmp, value } => (col, cmp, value, None),
        Filter::Typical { col, cmp, agg, .. } => (col, cmp, 0.0, Some(agg)),
        _ => return None,
    };
    let usual = if additive(col) { Agg::Sum } else { Agg::Mean };
    let agg = partial.aggs.first().copied().unwrap_or(usual);
    partial.aggs.clear();
    partial.measures.retain(|measure| measure.of != Expr::Rows);
    let place =
        partial.measures.iter().position(|measure| measure.of == Expr::Column(col)).unwrap_or_else(|| {
            partial.measures.push(Measure::new(agg, Expr::Column(col)));
            partial.measures.len() - 1
        });
    // The average of what each group has, or of all rows?
    if middle.is_some() && usual == Agg::Sum {
        partial.doubt(25);
    }
    Some(match middle {
        Some(agg) => Having::Typical { measure: place, cmp, agg },
        None => Having::Number { measure: place, cmp, value },
    })
}

fn rows_ranked(partial: &mut Partial, view: &View<'_>, choices: &[Choice]) -> Result<(), Trouble> {
    if partial.rank.is_some() && partial.measures.is_empty() {
        let col = main_amount(partial, view, choices)?;
        partial.measures.push(Measure::new(Agg::Sum, Expr::Column(col)));
    }
    Ok(())
}

fn figures(partial: &mut Partial, view: &View<'_>, choices: &[Choice]) -> Result<(), Trouble> {
    if partial.measures.is_empty() && choices.contains(&Choice::Phrase("number of rows".to_owned())) {
        partial.measures.push(Measure::rows());
    }
    if partial.measures.is_empty() {
        let grouped = !partial.keys.is_empty();
        let task = partial.task.is_some();
        if partial.total_only && partial.aggs.is_empty() && grouped && !partial.counts {
            return Err(best_by(view));
        }
        let ranked = partial.rank.is_some();
        if partial.money_named
            && grouped
            && !task
            && !partial.counts
            && partial.aggs.is_empty()
            && let Some(measure) = counted_or_added(view, choices)?
        {
            partial.measures.push(measure);
        } else if !partial.aggs.is_empty() {
            unsaid_among_tables(partial, view);
            let col =
                owed_figure(partial, view).map_or_else(|| main_measure(&partial.aggs, view, choices), Ok)?;
            partial.measures = partial.aggs.iter().map(|agg| Measure::new(*agg, Expr::Column(col))).collect();
        } else if partial.counts
            || (matches!(partial.task, Some(Task::Share(_)))
                && (partial.rows_named
                    || !grouped
                    || matches!(&partial.task, Some(Task::Share(part)) if !part.is_empty())))
            || ((partial.rows_named || begins_with_rows(partial, view))
                && grouped
                && !matches!(partial.task, Some(Task::Ageing { .. })))
        {
            partial.measures.push(Measure::rows());
        } else if !grouped
            && !task
            && !ranked
            && (!partial.filters.is_empty() || partial.save)
            && (partial.rows_named || partial.lists || partial.selects || partial.save)
        {
            partial.task = Some(listed_by(partial));
            return Ok(());
        } else if !grouped && !task && !ranked && !partial.filters.is_empty() && partial.chart.is_none() {
            partial.doubt(6);
            partial.task = Some(listed_by(partial));
            return Ok(());
        } else if grouped && partial.selects && !ranked && !task {
            if partial.filters.is_empty() && !partial.asks_what_there_is {
                return Err(Trouble::Lost(String::new()));
            }
            match partial.keys[0] {
                Key::Column(col) => partial.task = Some(Task::Values(col)),
                _ => partial.measures.push(Measure::rows()),
            }
        } else if !task && !ranked && happens(partial) {
            partial.measures.push(Measure::rows());
        } else if task || ranked || grouped || partial.chart.is_some() {
            let col = main_amount(partial, view, choices)?;
            // "most expensive class": what one costs, not what all do.
            let dear = partial.prices && super::figures::is_averaged(view, col);
            let agg = if dear { Agg::Mean } else { Agg::Sum };
            partial.measures.push(Measure::new(agg, Expr::Column(col)));
        } else {
            return Err(Trouble::Lost(String::new()));
        }
    }
    // "count and sum": the sum is of the one figure there is.
    let listed = !partial.counts && !partial.aggs.is_empty();
    if listed
        && !partial.measures.is_empty()
        && partial.measures.iter().all(|measure| measure.of == Expr::Rows)
    {
        unsaid_among_tables(partial, view);
        let col = main_measure(&partial.aggs, view, choices)?;
        partial.measures.extend(partial.aggs.iter().map(|agg| Measure::new(*agg, Expr::Column(col))));
    }
    // The greatest of a column is its maximum, of a group's figures the group.
    if let Some(rank) = partial.rank
        && partial.keys.is_empty()
        && partial.task.is_none()
    {
        let [measure] = &mut partial.measures[..] else { return Ok(()) };
        // "the most expensive tool" is a tool, not its price.
        if partial.lists || partial.prices || rank.count > 1 {
            partial.task = Some(Task::Rows(Vec::new()));
        } else if matches!(measure.agg, Agg::Sum | Agg::Mean | Agg::Max | Agg::Min) {
            measure.agg = if rank.lowest { Agg::Min } else { Agg::Max };
            partial.rank = None;
        }
    }
    // "highest price by category": the maximum of each, unless a group is asked for.
    if let Some(rank) =
        partial.rank.filter(|rank| rank.count == 1 && !partial.selects && !partial.keys.is_empty())
        && partial.task.is_none()
        && !partial.aggs_said()
    {
        for measure in &mut partial.measures {
            if measure.of != Expr::Rows && matches!(measure.agg, Agg::Sum | Agg::Mean) && !measure.is_ratio()
            {
                measure.agg = if rank.lowest { Agg::Min } else { Agg::Max };
            }
        }
        partial.rank = None;
    }
    Ok(())
}

impl Partial {
    /// Makes what was read so many percent less sure.
    pub(super) fn doubt(&mut self, percent: u32) {
        self.confidence = self.confidence.saturating_sub(percent);
    }

    /// True if it says nothing of what to compute or to list.
    pub(crate) fn is_fragment(&self) -> bool {
        self.measures.is_empty()
            && self.aggs.is_empty()
            && !self.counts
            && self.task.is_none()
            && !self.rows_named
            && !self.lists
            && !self.selects
    }

    /// True if an aggregate was named, rather than taken as usual.
    fn aggs_said(&self) -> bool {
        self.entity_ranked || self.agg_said
    }
}

/// "donations by fund": how many or how much, if there is one amount.
fn counted_or_added(view: &View<'_>, choices: &[Choice]) -> Result<Option<Measure>, Trouble> {
    let amounts: Vec<Col> = (0..view.columns.len())
        .filter(|col| view.role(*col) == ColumnRole::Amount && view.is_measure(*col))
        .collect();
    let [col] = amounts[..] else { return Ok(None) };
    let added = Choice::Column(view.name(col).to_owned());
    let counted = Choice::Phrase("number of rows".to_owned());
    if choices.contains(&added) {
        return Ok(Some(Measure::new(Agg::Sum, Expr::Column(col))));
    }
    if choices.contains(&counted) {
        return Ok(Some(Measure::rows()));
    }
    let options =
        vec![(format!("The total of {}", view.name(col)), added), ("The number of rows".to_owned(), counted)];
    Err(Trouble::Ask("How much, or how many?".to_owned(), options))
}

fn best_by(view: &View<'_>) -> Trouble {
    let mut options: Vec<(String, Choice)> = (0..view.columns.len())
        .filter(|col| view.is_measure(*col) && view.role(*col) != ColumnRole::Rate)
        .take(3)
        .map(|col| (format!("by {}", view.name(col)), Choice::Column(view.name(col).to_owned())))
        .collect();
    options.push(("by number of rows".to_owned(), Choice::Phrase("number of rows".to_owned())));
    Trouble::Ask("Best by which figure?".to_owned(), options)
}

/// True for "signups per month": what happens on the dates by which there are groups is counted.
fn happens(partial: &Partial) -> bool {
    let dates: Vec<Col> = partial.keys.iter().filter(|key| key.is_time()).map(|key| key.column()).collect();
    let event = |phrase: &str| {
        let last = phrase.rsplit(' ').next().unwrap_or_default().to_lowercase();
        last.len() > 4
            && last.ends_with('s')
            && !["dates", "times", "years", "weeks", "months", "quarters"].contains(&last.as_str())
    };
    partial
        .said
        .columns
        .iter()
        .any(|(phrase, meant)| event(phrase) && meant.iter().any(|col| dates.contains(col)))
}

/// True if a table that is not of the view has figures as well.
fn is_measured_elsewhere(view: &View<'_>) -> bool {
    let joined = |table: usize| table == view.base || view.joins.iter().any(|join| join.table == table);
    let measured = |profile: &TableProfile| {
        profile.columns.iter().any(|column| {
            crate::analyst::view::is_number(column.kind)
                && matches!(column.role, ColumnRole::Amount | ColumnRole::Quantity | ColumnRole::Rate)
        })
    };
    view.stack.is_none()
        && view.tables.iter().enumerate().any(|(table, profile)| !joined(table) && measured(profile))
}

/// "who has the best average", "top 3 drivers overall" are of no one figure, where other tables have figures as well.
fn unsaid_among_tables(partial: &mut Partial, view: &View<'_>) {
    // Nobody asks how many different amounts there are.
    if partial.aggs.contains(&Agg::Distinct) {
        partial.doubt(25);
    }
    let mean = partial.aggs.iter().any(|agg| matches!(agg, Agg::Mean | Agg::Median));
    if (mean || partial.rank.is_some()) && is_measured_elsewhere(view) {
        partial.doubt(25);
    }
}

/// True for "deals created per month": so many of them, and no money that they are worth.
fn begins_with_rows(partial: &Partial, view: &View<'_>) -> bool {
    const MONEY: [&str; 8] =
        ["payments", "sales", "donations", "expenses", "costs", "earnings", "takings", "fees"];
    let small = |word: &&String| ["the", "all", "our", "show", "list", "me"].contains(&word.as_str());
    let mut words = partial.said.words.iter().skip_while(small);
    let (Some(rows), Some(verb)) = (words.next(), words.next()) else { return false };
    let done =
        verb.ends_with("ed") || ["won", "lost", "made", "sold", "sent", "bought"].contains(&verb.as_str());
    done && rows.ends_with('s') && view.is_named(rows) && !MONEY.contains(&rows.as_str())
}

/// The one amount there is, if no figure is named.
fn main_amount(partial: &mut Partial, view: &View<'_>, choices: &[Choice]) -> Result<Col, Trouble> {
    let amounts: Vec<Col> = (0..view.columns.len())
        .filter(|col| {
            view.role(*col) == ColumnRole::Amount
                && view.is_measure(*col)
                && view.columns[*col].table == view.base
        })
        .collect();
    // What is nought for some is beside the point of the others: by a fine, nobody is a top borrower.
    let beside = |col: &Col| view.profile(*col).is_some_and(|profile| profile.min == Some(0.0));
    let chosen = |col: &Col| choices.contains(&Choice::Column(view.name(*col).to_owned()));
    // The best is the best by something.
    let figures = (0..view.columns.len()).filter(|col| view.is_measure(*col)).count();
    if partial.total_only && partial.rank.is_some() && figures > 1 {
        return amounts.iter().copied().find(chosen).ok_or_else(|| best_by(view));
    }
    if partial.rank.is_some() && !partial.prices && !amounts.is_empty() && amounts.iter().all(beside) {
        return amounts.iter().copied().find(chosen).ok_or_else(|| best_by(view));
    }
    let own: Vec<Col> = amounts
        .iter()
        .copied()
        .filter(|col| {
            view.columns[*col].words.iter().any(|word| {
                view.names.iter().any(|name| crate::analyst::vocabulary::same_concept(name, word))
            })
        })
        .collect();
    // What one is sold for comes before what it has cost.
    let priced = |names: &[&str]| {
        let has = |col: &Col, names: &[&str]| {
            view.columns[*col].words.iter().any(|word| names.contains(&word.as_str()))
        };
        let mut found = (0..view.columns.len()).filter(|col| view.is_measure(*col) && has(col, names));
        let first = found.next()?;
        let bought = ["cost", "purchase", "buying", "wholesale"];
        Some(if has(&first, &bought) { found.find(|col| !has(col, &bought)).unwrap_or(first) } else { first })
    };
    if let Some(col) = owed_figure(partial, view) {
        return Ok(col);
    }
    // "the most expensive we sold" by what it was sold for, if that is kept.
    let sold = || {
        let paid = |col: &usize| {
            let words = &view.columns[*col].words;
            view.is_measure(*col)
                && words.first().is_some_and(|word| word == "sold")
                && words.iter().any(|word| ["for", "price", "at"].contains(&word.as_str()))
        };
        (0..view.columns.len()).find(paid).filter(|_| partial.said.sold)
    };
    let dear = partial
        .prices
        .then(|| {
            sold()
                .or_else(|| priced(&["price"]))
                .or_else(|| priced(&["cost"]))
                .or_else(|| priced(&["salary", "amount"]))
        })
        .flatten();
    let col = match (dear, &amounts[..]) {
        (Some(col), _) => col,
        (None, [one]) => *one,
        (None, _) if own.len() == 1 => own[0],
        _ => {
            // A figure that nobody named and that is no sum of money is a guess.
            partial.doubt(25);
            return main_measure(&[], view, choices);
        }
    };
    if partial.rank.is_some() && partial.keys.is_empty() && partial.said.things {
        // "what do they buy most": of what, if not of money?
        partial.doubt(25);
    }
    // "top driver", where fuel and repairs are kept; "biggest invoice" is one of its own table.
    let base = crate::analyst::view::table_words(&view.tables[view.base]);
    let own = partial.keys.is_empty()
        && partial.said.words.iter().any(|word| base.contains(&crate::analyst::spelling::singular(word)));
    if partial.rank.is_some() && !partial.prices && !partial.said.owed && !own && is_measured_elsewhere(view)
    {
        partial.doubt(25);
    }
    if partial.rank.is_some() && !partial.prices && super::worth::is_one_of_several(view, col) {
        partial.doubt(25);
    }
    // "accepted per month", "which customer accepted the most": how many, or how much?
    let done = |word: &String| word.len() > 4 && word.ends_with("ed");
    let before_most =
        partial
            .said
            .words
            .windows(2)
            .any(|pair| done(&pair[0]) && ["most", "least"].contains(&pair[1].as_str()))
            || partial.said.words.windows(3).any(|pair| {
                done(&pair[0]) && pair[1] == "the" && ["most", "least"].contains(&pair[2].as_str())
            });
    if before_most || partial.said.words.first().is_some_and(done) && !partial.keys.is_empty() {
        partial.doubt(25);
    }
    if partial.said.versus || partial.said.compares.is_some() {
        // "too small vs too large" may as well be counted.
        partial.doubt(25);
    }
    // Prices of one each add up to nothing.
    const OF_EACH: [&str; 6] = ["unit", "per", "each", "hourly", "daily", "nightly"];
    let each = view.columns[col].words.iter().any(|word| OF_EACH.contains(&word.as_str()));
    if !partial.prices && (each || super::figures::is_averaged(view, col)) {
        partial.doubt(25);
    }
    let own = partial.said.sold && view.columns[col].words.iter().any(|word| word == "sold");
    // "most expensive item" by which of the prices of several suppliers?
    let prices = (0..view.columns.len()).filter(|one| {
        let words = &view.columns[*one].words;
        view.is_measure(*one)
            && view.columns[*one].table == view.columns[col].table
            && words.len() > 1
            && words.last().is_some_and(|word| word == "price")
            && !words.iter().any(|word| ["cost", "purchase", "buying", "wholesale"].contains(&word.as_str()))
    });
    if partial.prices && !own && view.columns[col].words.len() > 1 && prices.count() > 2 {
        partial.doubt(25);
    }
    if partial.prices && !own && !super::figures::is_averaged(view, col) {
        // What is expensive has a price, which sums of money need not be.
        partial.doubt(25);
    }
    partial.notes.push(format!("No figure is named; {:?} is taken.", view.name(col)));
    // A growth of what nobody named is a guess, if there is more than one figure.
    let several =
        view.tables.len() > 1 || (0..view.columns.len()).filter(|col| view.is_measure(*col)).count() > 1;
    let grows = several && matches!(partial.task, Some(Task::GrowthEach | Task::Growth(..)));
    partial.doubt(if grows { 25 } else { 10 });
    Ok(col)
}

/// What is owed is owed with its tax.
fn owed_figure(partial: &mut Partial, view: &View<'_>) -> Option<Col> {
    let gross = |col: &Col| {
        view.is_measure(*col)
            && view.columns[*col].table == view.base
            && view.columns[*col].words.iter().any(|word| word == "gross")
    };
    let mut found = (0..view.columns.len()).filter(gross);
    let col = found.next().filter(|_| partial.said.owed && found.next().is_none())?;
    partial.notes.push(format!("No figure is named; {:?} is taken.", view.name(col)));
    Some(col)
}

/// The one column that can be meant if none is named.
fn main_measure(aggs: &[Agg], view: &View<'_>, choices: &[Choice]) -> Result<Col, Trouble> {
    let numbers: Vec<Col> = (0..view.columns.len()).filter(|col| view.is_measure(*col)).collect();
    let chosen = numbers.iter().find(|col| {
        choices.iter().any(|choice| matches!(choice, Choice::Column(name) if name == view.name(**col)))
    });
    if let Some(col) = chosen {
        return Ok(*col);
    }
    // Of months as columns, the column that adds them up.
    let months = view.months();
    let rest: Vec<Col> =
        numbers.iter().copied().filter(|col| !months.is_empty() && !months.contains(col)).collect();
    if let [total] = rest[..]
        && is_total(view, total)
    {
        return Ok(total);
    }
    match numbers[..] {
        [] => Err(Trouble::Cannot(format!("no column holds numbers; {}", view.columns_said()))),
        [one] => Ok(one),
        _ => {
            let what = match aggs.first() {
                Some(Agg::Mean) => "The average",
                Some(Agg::Median) => "The median",
                Some(Agg::Max) => "The greatest",
                Some(Agg::Min) => "The least",
                Some(Agg::Sum) => "The total",
                _ => "The figure",
            };
            Err(ask_column(&format!("{what} of which column?"), &numbers, view))
        }
    }
}
