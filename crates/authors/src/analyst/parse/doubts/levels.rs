//! Doubts about levels: is a figure of rows, of groups, or of groups within groups?

use ringfence_pipeline::ports::{ColumnKind, ColumnRole};

use super::{Doubt, Reading};
use crate::analyst::query::{Agg, Cmp, Expr, Filter, Having, Key, Measure, Task, Unit};

pub(super) const DOUBTS: &[Doubt] = &[
    averages_what_adds_up_per_period,
    loses_the_mean,
    tells_growth_of_a_mean_of_groups,
    dates_all_instead_of_each,
    nests_groups,
    averages_averages,
    bounds_groups_or_rows,
    ranks_rows_by_their_number,
    counts_owners_under_a_bound,
    averages_under_a_bound,
    bounds_rows_of_sums,
    bounds_entries_of_work,
    ranks_periods_for_rows,
    averages_periods_without_gaps,
    averages_flows_per_period,
    averages_listed_periods,
    picks_a_period_by_what_is_lacking,
    counts_kinds_or_pieces,
    counts_what_is_measured,
    takes_rows_for_what_they_are_of,
    leaves_out_who_has_none,
    bounds_rows_in_total,
    dates_what_is_asked_for,
    tells_one_table_through_another,
    counts_parts_for_the_whole,
    ranks_yes_and_no,
];

/// "average takings per day": of the rows of a day, or of the days?
fn averages_what_adds_up_per_period(reading: &Reading<'_>) -> bool {
    let view = reading.view;
    let once = (0..view.columns.len()).any(|col| {
        view.kind(col) == ColumnKind::Date
            && view.profile(col).is_some_and(|profile| profile.distinct * 10 >= view.rows() * 9)
    });
    reading.partial.said.per_time
        && !once
        && !reading.partial.mean_of_groups
        && reading.measures(|agg, col| matches!(agg, Agg::Mean | Agg::Median) && reading.adds_up(col))
}

/// "average daily conversions on weekends vs weekdays": the mean must not get lost.
fn loses_the_mean(reading: &Reading<'_>) -> bool {
    reading.partial.said.timed
        && reading.partial.said.means > 0
        && !reading.partial.mean_of_groups
        && !reading.averages()
}

fn tells_growth_of_a_mean_of_groups(reading: &Reading<'_>) -> bool {
    reading.partial.mean_of_groups && matches!(reading.partial.task, Some(Task::Growth(..)))
}

/// "oldest count per warehouse": that of each, or the oldest of all?
fn dates_all_instead_of_each(reading: &Reading<'_>) -> bool {
    let partial = reading.partial;
    partial.rank.is_some_and(|rank| rank.count == 1 && !rank.within)
        && !partial.selects
        && !partial.keys.is_empty()
        && partial.said.per
        && reading.measures(|agg, col| {
            matches!(agg, Agg::Min | Agg::Max) && reading.view.kind(col) == ColumnKind::Date
        })
}

/// "highest daily total per month": of groups within groups.
fn nests_groups(reading: &Reading<'_>) -> bool {
    let extreme =
        reading.is_ranked() || reading.measured(|measure| matches!(measure.agg, Agg::Max | Agg::Min));
    reading.partial.said.timed
        && extreme
        && reading.partial.keys.iter().filter(|key| key.is_time()).count() > 1
}

/// "the average of the averages".
fn averages_averages(reading: &Reading<'_>) -> bool {
    reading.partial.said.means > 1 && !reading.is_typical() && reading.partial.measures.len() < 2
}

/// "projects with more than 50 hours" in a share, "fees over 300 in total" beside a number of visits.
fn bounds_groups_or_rows(reading: &Reading<'_>) -> bool {
    let partial = reading.partial;
    let bound = |filter: &Filter| matches!(filter, Filter::Number { col, .. } if reading.view.is_measure(*col) && reading.is_additive(*col));
    reading.on_all(bound)
        && (partial.selects && reading.shares() || partial.having.is_some() || partial.said.things_sold)
}

/// "which wine most often" ranks no rows by how many they are.
fn ranks_rows_by_their_number(reading: &Reading<'_>) -> bool {
    reading.is_ranked()
        && (reading.lists_rows() || reading.partial.task.is_none() && reading.partial.keys.is_empty())
        && reading.partial.measures.first().is_some_and(|measure| measure.of == Expr::Rows)
}

/// "how many regions have sales above 2 million": those of a region are not those of a row.
fn counts_owners_under_a_bound(reading: &Reading<'_>) -> bool {
    let view = reading.view;
    let owners = reading.measures(|agg, col| {
        agg == Agg::Distinct && view.profile(col).is_some_and(|profile| profile.distinct * 3 < view.rows())
    });
    let bounds = |filter: &Filter| reading.bounds_sum(filter);
    owners && reading.filtered(bounds) && reading.partial.having.is_none()
        || reading.filtered(|filter| matches!(filter, Filter::Ever { of, .. } if of.iter().any(bounds)))
}

/// "who sold more than 500 on average".
fn averages_under_a_bound(reading: &Reading<'_>) -> bool {
    let bounded = reading.partial.having.is_some()
        || reading.is_ranked_overall() && reading.filtered(|filter| reading.bounds_sum(filter));
    bounded && reading.says_next(&["on"], &["average"])
}

/// "customers over 500" beside the sum of each: is the sum over 500, or are the rows?
fn bounds_rows_of_sums(reading: &Reading<'_>) -> bool {
    let partial = reading.partial;
    let summed = |col: usize| reading.measures(|agg, of| agg == Agg::Sum && of == col);
    !partial.rows_named
        && !partial.keys.is_empty()
        && !partial.selects
        && partial.having.is_none()
        && reading.filtered(|filter| matches!(filter, Filter::Number { col, .. } if summed(*col)))
}

/// "projects with less than 500 hours logged": of all entries of each.
fn bounds_entries_of_work(reading: &Reading<'_>) -> bool {
    reading.lists_rows()
        && reading.says(&["logged", "worked", "booked"])
        && reading
            .filtered(|filter| matches!(filter, Filter::Number { col, .. } if reading.view.is_measure(*col)))
}

/// "three largest debits per month" are debits, not months.
fn ranks_periods_for_rows(reading: &Reading<'_>) -> bool {
    reading.ranks_several()
        && reading.is_ranked_overall()
        && reading.says_per()
        && !reading.partial.selects
        && matches!(&reading.partial.keys[..], [key] if key.is_time())
}

/// "sales per day on average in December": days without any are days.
fn averages_periods_without_gaps(reading: &Reading<'_>) -> bool {
    reading.partial.mean_of_groups
        && reading.grouped(|key| matches!(key, Key::Time(_, Unit::Day | Unit::Week)))
        && reading.filtered(|filter| matches!(filter, Filter::Is { .. } | Filter::Contains { .. }))
}

/// "average spend per month" may be of the months or of the rows.
fn averages_flows_per_period(reading: &Reading<'_>) -> bool {
    reading.partial.said.flow_per_period
        && reading.in_time()
        && !reading.partial.mean_of_groups
        && reading.averages()
}

/// "average per month" of columns of months: of each month, or of them all?
fn averages_listed_periods(reading: &Reading<'_>) -> bool {
    reading.averages() && reading.partial.said.per && reading.grouped(|key| key.melts())
}

/// "which months have no refunds": months without any row stand in no table.
fn picks_a_period_by_what_is_lacking(reading: &Reading<'_>) -> bool {
    reading.partial.selects
        && !reading.is_ranked()
        && reading.in_time()
        && reading.filtered(|filter| {
            matches!(filter, Filter::Is { not: true, .. } | Filter::Empty { not: false, .. })
        })
}

/// "how many valves do we have": kinds of them, or pieces?
fn counts_kinds_or_pieces(reading: &Reading<'_>) -> bool {
    const STOCK: [&str; 4] = ["stock", "hand", "quantity", "qty"];
    let stocked =
        (0..reading.view.columns.len()).any(|col| reading.view.is_measure(col) && reading.named(col, &STOCK));
    reading.partial.counts
        && stocked
        && reading.says_next(&["we"], &["have", "hold", "stock"])
        && reading.filtered(|filter| matches!(filter, Filter::Is { .. } | Filter::Contains { .. }))
}

/// "which vehicle used the most fuel" asks for litres or money, not for rows of a table that is called fuel; nor does
/// "who spends the most on meals".
fn counts_what_is_measured(reading: &Reading<'_>) -> bool {
    const MOST: [&str; 3] = ["most", "least", "much"];
    const GREATEST: [&str; 4] = ["highest", "lowest", "biggest", "largest"];
    let called = |word: &String| reading.view.names.contains(word) || reading.view.others.contains(word);
    let mass = |word: &String| !word.ends_with('s') && *word != "people" && called(word);
    let next_to = |words: &[&str]| {
        reading.words().windows(2).any(|pair| words.contains(&pair[0].as_str()) && mass(&pair[1]))
    };
    let (most, greatest) = (next_to(&MOST), next_to(&GREATEST));
    let counts = |measure: &Measure| measure.of == Expr::Rows || measure.agg == Agg::Distinct;
    let spent = reading.says(&["spend", "spends", "spent", "spending", "earn", "earns", "earned"]);
    let used =
        reading.words().windows(2).any(|pair| {
            mass(&pair[0]) && ["used", "per", "by", "consumed", "burnt"].contains(&pair[1].as_str())
        }) && !reading.partial.counts
            && (reading.shares() || !reading.partial.keys.is_empty());
    let counted = reading.partial.measures.iter().all(counts);
    // "the highest payroll" of a month; "biggest invoice" is a row.
    let of_groups = greatest && !reading.partial.keys.is_empty();
    counted && (used || reading.is_ranked() && (most || spent || of_groups))
}

/// What is of one table alone needs no other, of which some rows may lack.
fn tells_one_table_through_another(reading: &Reading<'_>) -> bool {
    let (partial, view) = (reading.partial, reading.view);
    let used: Vec<usize> = partial
        .filters
        .iter()
        .flat_map(Filter::columns)
        .chain(partial.measures.iter().flat_map(|measure| measure.of.columns()))
        .chain(partial.keys.iter().map(|key| key.column()))
        .map(|col| view.columns[col].table)
        .collect();
    let counts_rows = reading.measured(|measure| measure.of == Expr::Rows);
    (!partial.measures.is_empty() || partial.prices && reading.is_ranked())
        && !counts_rows
        && used.first().is_some_and(|table| *table != view.base && used.iter().all(|one| one == table))
}

/// "how many vehicles had a repair", "top 3 vehicles by service cost": vehicles, not the services of which each may have
/// several.
fn takes_rows_for_what_they_are_of(reading: &Reading<'_>) -> bool {
    let (partial, view) = (reading.partial, reading.view);
    let base = crate::analyst::view::table_words(&view.tables[view.base]);
    let other = |word: &String| {
        let name = crate::analyst::spelling::singular(word);
        name != *word
            && !base.contains(&name)
            && view.tables.iter().enumerate().any(|(at, table)| {
                at != view.base && crate::analyst::view::table_words(table).contains(&name)
            })
    };
    // Only what is asked for, not "of the vehicles".
    let asked = reading.words().iter().position(other).is_some_and(|at| {
        !reading.words()[..at].iter().any(|word| {
            ["per", "by", "of", "in", "each", "from", "to", "for", "with", "at"].contains(&word.as_str())
        })
    });
    let rows = partial.measures.iter().all(|measure| measure.of == Expr::Rows)
        && partial.keys.is_empty()
        && (partial.counts || reading.shares());
    let known = reading.on_all(|filter| matches!(filter, Filter::Known { .. }));
    // Rows that are only listed have no task yet.
    let shown = matches!(partial.task, None | Some(Task::Rows(_)))
        && partial.measures.is_empty()
        && partial.keys.is_empty()
        && !partial.counts;
    let listed = shown
        && reading.filtered(|filter| {
            matches!(filter, Filter::Is { not: true, .. } | Filter::Number { .. } | Filter::Empty { .. })
        });
    // "how much does an average vehicle cost in fuel", "how many girls have a grade".
    let each = reading.words().windows(2).any(|pair| {
        let name = crate::analyst::spelling::singular(&pair[1]);
        pair[0] == "average"
            && !base.contains(&name)
            && view.others.iter().chain(&view.names).any(|one| *one == name)
            && reading.averages()
            && !view.joins.is_empty()
    });
    let holders = partial.counts
        && !view.joins.is_empty()
        && reading.says(&["have", "has", "had", "got", "took"])
        && partial.measures.iter().all(|measure| measure.of == Expr::Rows)
        && partial.keys.is_empty()
        && reading.filtered(|filter| {
            matches!(filter, Filter::Is { col, not: false, .. } if view.columns[*col].table != view.base)
        })
        && !reading.words().get(2).is_some_and(|word| base.contains(&crate::analyst::spelling::singular(word)));
    each || holders || asked && !known && (rows || reading.lists_rows() && reading.is_ranked() || listed)
}

/// "students with less than 3 grades": who has none stands in another table only.
fn leaves_out_who_has_none(reading: &Reading<'_>) -> bool {
    let few = match &reading.partial.having {
        Some(Having::Number { measure, cmp, .. }) => {
            matches!(cmp, Cmp::Under | Cmp::AtMost)
                && reading.partial.measures.get(*measure).is_some_and(|measure| measure.of == Expr::Rows)
        }
        _ => false,
    };
    let all = reading.partial.groups_shared
        && matches!(&reading.partial.having, Some(Having::Number { cmp: Cmp::AtLeast, value, .. }) if *value <= 1.0);
    (few || all) && reading.view.tables.len() > 1 && reading.view.stack.is_none()
}

/// "vehicles with service cost over 1000 in total".
fn bounds_rows_in_total(reading: &Reading<'_>) -> bool {
    reading.says_next(&["in"], &["total"])
        && reading.partial.having.is_none()
        && reading.filtered(|filter| reading.bounds_sum(filter))
}

/// "latest grade of each student": the grade, or its day?
fn dates_what_is_asked_for(reading: &Reading<'_>) -> bool {
    let date = |agg: Agg, col: usize| {
        matches!(agg, Agg::Min | Agg::Max) && reading.view.kind(col) == ColumnKind::Date
    };
    !reading.partial.keys.is_empty()
        && reading.partial.measures.len() == 1
        && reading.measures(date)
        && reading.says(&["latest", "last", "newest", "first", "earliest"])
        && !reading.says(&["when", "date", "dates", "day"])
}

/// "events per month" where each event has a row for each kind of ticket: rows are parts of what is asked for.
fn counts_parts_for_the_whole(reading: &Reading<'_>) -> bool {
    let view = reading.view;
    let whole = |word: &String| {
        let name = crate::analyst::spelling::singular(word);
        name != *word
            && view.is_named(&name)
            && (0..view.columns.len()).any(|col| {
                let column = &view.columns[col];
                column.table == view.base
                    && column.words == [name.as_str()]
                    && view.kind(col) == ColumnKind::Text
                    && column.profile.distinct * 2 <= view.rows()
                    // Kinds of things, of which there are many each, are none of which rows are parts.
                    && column.profile.distinct * 5 >= view.rows()
            })
    };
    let partial = reading.partial;
    let rows = partial.measures.iter().all(|measure| measure.of == Expr::Rows) && partial.having.is_none();
    let bounded = reading.filtered(|filter| matches!(filter, Filter::Number { .. }));
    rows && (bounded || !partial.keys.is_empty()) && reading.words().iter().any(whole)
}

/// "largest gift" is a gift, not one of the two values of `Gift Aid`.
fn ranks_yes_and_no(reading: &Reading<'_>) -> bool {
    let view = reading.view;
    let half_said = |col: usize| {
        let marks = view.role(col) == ColumnRole::Flag || view.kind(col) == ColumnKind::Boolean;
        let words = &view.columns[col].words;
        marks && words.len() > 1 && words.iter().any(|word| !reading.says(&[word.as_str()]))
    };
    reading.is_ranked() && reading.grouped(|key| !key.is_time() && half_said(key.column()))
}
