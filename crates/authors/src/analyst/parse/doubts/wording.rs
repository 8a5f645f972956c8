//! Doubts about words: two questions in one, what stands before and after "and" and "or", what was lost.

use ringfence_pipeline::ports::ColumnKind;

use super::{Doubt, Reading};
use crate::analyst::{
    query::{Agg, Chart, Expr, Filter, Task},
    spelling,
    view::table_words,
};

pub(super) const DOUBTS: &[Doubt] = &[
    wants_the_total_of_the_first,
    spends_on_something,
    spreads_across_something,
    asks_two_questions,
    asks_for_more_than_a_figure,
    ranks_one_of_two,
    ranks_without_a_figure,
    places_a_group,
    sorts_the_slowest,
    puts_the_oldest_last,
    draws_one_number,
    cleans_and_answers,
    counts_gaps_or_rows,
    mixes_and_with_or,
    counts_what_is_elsewhere,
    trades_in_another_table,
    takes_sales_for_a_value,
    loses_a_place,
    loses_a_count,
    loses_an_order,
    loses_what_is_compared,
    loses_what_stands_beside,
    adds_two_kinds,
    ranks_a_single_row_by_groups,
    changes_passively,
    tells_one_of_two_happenings,
    picks_the_first_of_all_days,
];

/// "the ten largest debits: how much in total?", "the 10 best paid: what do they cost together?"
fn wants_the_total_of_the_first(reading: &Reading<'_>) -> bool {
    reading.ranks_several()
        && reading.partial.keys.is_empty()
        && (reading.says(&["together", "altogether", "combined"]) || reading.says_next(&["in"], &["total"]))
}

/// "what do we spend the most on" asks for kinds of things, not for a row.
fn spends_on_something(reading: &Reading<'_>) -> bool {
    reading.words().last().is_some_and(|word| word == "on")
        && reading.is_ranked_overall()
        && reading.partial.keys.is_empty()
}

/// "regions across products" may be turned either way.
fn spreads_across_something(reading: &Reading<'_>) -> bool {
    matches!(reading.partial.task, Some(Task::Pivot)) && reading.says(&["across"]) && !reading.says(&["down"])
}

/// "which customer ordered most in each country, and when?"
fn asks_two_questions(reading: &Reading<'_>) -> bool {
    let each = reading.is_ranked_overall() && reading.says(&["which"]) && reading.says_per();
    let both = reading.is_ranked() && reading.averages()
        || reading.measured(|measure| matches!(measure.agg, Agg::Max | Agg::Min));
    reading.partial.said.asks_again && (reading.partial.having.is_some() || each || both)
}

/// "and when was it" asks for more than one figure tells.
fn asks_for_more_than_a_figure(reading: &Reading<'_>) -> bool {
    reading.partial.said.asks_again
        && matches!(reading.partial.task, None | Some(Task::Figures))
        && reading.partial.keys.is_empty()
}

/// "most expensive white and red wine": one of each, or of both?
fn ranks_one_of_two(reading: &Reading<'_>) -> bool {
    let grouped = |col: usize| reading.grouped(|key| key.column() == col);
    reading.partial.rank.is_some_and(|rank| rank.count == 1)
        && reading.partial.said.both
        && reading.filtered(|filter| {
            matches!(filter, Filter::Is { col, values, not: false } if values.len() > 1 && !grouped(*col))
        })
}

/// "the smallest stock above its reorder level", "the day with the most no-shows": no other figure is ranked.
fn ranks_without_a_figure(reading: &Reading<'_>) -> bool {
    let taken = |filter: &Filter| matches!(filter, Filter::Columns { .. } | Filter::Empty { not: true, .. });
    reading.is_ranked() && reading.partial.measures.is_empty() && !reading.shares() && reading.filtered(taken)
}

/// "the second biggest" of groups, or within each of them.
fn places_a_group(reading: &Reading<'_>) -> bool {
    let partial = reading.partial;
    partial.rank.is_some_and(|rank| {
        let listed = partial.task.is_none() || reading.lists_rows();
        let grouped = !partial.keys.is_empty() && !partial.selects && !partial.entity_ranked;
        rank.nth && (!listed || grouped || rank.within)
    })
}

/// "slowest first" sorts, and ranks nothing.
fn sorts_the_slowest(reading: &Reading<'_>) -> bool {
    reading.says_next(&["slowest", "fastest", "quickest"], &["first"])
}

/// "oldest first" where the newest would come first.
fn puts_the_oldest_last(reading: &Reading<'_>) -> bool {
    reading.says_next(&["oldest"], &["first"]) && reading.partial.sort.is_some_and(|sort| !sort.rising)
}

/// A chart of one number shows nothing.
fn draws_one_number(reading: &Reading<'_>) -> bool {
    let partial = reading.partial;
    matches!(partial.chart, Some(Chart::Bar | Chart::Pie | Chart::Line))
        && partial.keys.is_empty()
        && partial.task.is_none()
        && partial.measures.len() == 1
}

/// Cleaning answers nothing else that was asked with it.
fn cleans_and_answers(reading: &Reading<'_>) -> bool {
    let partial = reading.partial;
    matches!(partial.task, Some(Task::Clean(_)))
        && (!partial.keys.is_empty() || !partial.measures.is_empty() || !partial.aggs.is_empty())
}

/// "how many orders are missing": empty cells, or orders that are not there?
fn counts_gaps_or_rows(reading: &Reading<'_>) -> bool {
    reading.partial.counts
        && reading.partial.rows_named
        && matches!(reading.partial.task, Some(Task::Missing(_)))
}

/// "A or B of C" may be (A or B) of C.
fn mixes_and_with_or(reading: &Reading<'_>) -> bool {
    reading.filtered(|filter| {
        let Filter::Any(any) = filter else { return false };
        let cols: std::collections::BTreeSet<_> = any.iter().flat_map(Filter::columns).collect();
        cols.len() > 2
    })
}

/// "employees per manager" of a sheet of departments, where employees have one of their own.
fn counts_what_is_elsewhere(reading: &Reading<'_>) -> bool {
    let view = reading.view;
    let said =
        |name: &String| reading.words().iter().any(|word| spelling::singular(word) == *name && word != name);
    reading.partial.counts
        && view.joins.is_empty()
        && reading.grouped(|key| view.kind(key.column()) == ColumnKind::Text)
        && view.tables.iter().enumerate().any(|(table, profile)| {
            let names = table_words(profile);
            table != view.base
                && !names.iter().any(|name| view.names.contains(name))
                && names.iter().any(said)
        })
}

/// "worst selling product" of a list of products, where the orders stand in another table.
fn trades_in_another_table(reading: &Reading<'_>) -> bool {
    const TRADED: [&str; 7] = ["sold", "sell", "sells", "selling", "bought", "buy", "ordered"];
    const KEPT_IN: [&str; 5] = ["order", "sale", "purchase", "transaction", "invoice"];
    let view = reading.view;
    let kept = |names: &[String]| names.iter().any(|name| KEPT_IN.contains(&name.as_str()));
    reading.says(&TRADED)
        && !reading.says_next(&["selling"], &["price", "prices"])
        && !kept(&view.names)
        && kept(&view.others)
        && !reading.filtered(|filter| matches!(filter, Filter::Known { .. }))
}

/// "sales in Bern" is of no department of that name, where another table holds what was sold.
fn takes_sales_for_a_value(reading: &Reading<'_>) -> bool {
    const MONEY: [&str; 2] = ["sales", "revenue"];
    let money = |value: &String| MONEY.contains(&value.to_lowercase().as_str());
    reading.view.tables.len() > 1
        && reading.says(&MONEY)
        && reading.filtered(|filter| matches!(filter, Filter::Is { values, .. } if values.iter().any(money)))
        && !reading.says(&[
            "department",
            "departments",
            "team",
            "role",
            "staff",
            "employees",
            "who",
            "people",
        ])
}

/// "second most common lost reason" is not the first.
fn loses_a_place(reading: &Reading<'_>) -> bool {
    reading.says_next(
        &["second", "third", "fourth", "fifth", "2nd", "3rd"],
        &["most", "least", "best", "biggest"],
    ) && !reading.partial.rank.is_some_and(|rank| rank.nth)
}

/// "nights and bookings per channel": so many bookings beside the nights.
fn loses_a_count(reading: &Reading<'_>) -> bool {
    let rows = |word: &String| word.ends_with('s') && reading.view.is_named(word);
    let joined = reading.words().windows(2).any(|pair| pair[0] == "and" && rows(&pair[1]));
    joined
        && !reading.partial.keys.is_empty()
        && !reading.partial.measures.is_empty()
        && !reading.measured(|measure| measure.of == Expr::Rows)
        && reading.partial.task.is_none()
}

/// "students alphabetically", "from youngest to oldest", "from most to least won value" of what is only listed.
fn loses_an_order(reading: &Reading<'_>) -> bool {
    let listed = reading.lists_rows() || reading.lists_values();
    let by_nothing = reading.partial.sort.is_some_and(|sort| sort.by.is_none());
    listed && !reading.is_ranked() && (reading.partial.alphabetical || by_nothing)
}

/// "the average score of A compared to class B": both.
fn loses_what_is_compared(reading: &Reading<'_>) -> bool {
    reading.says_next(&["compared", "relative"], &["to", "with"])
        && reading.partial.keys.is_empty()
        && reading.partial.task.is_none()
        && !reading.partial.difference
        && reading.partial.measures.len() < 2
}

/// "vehicles with their drivers": both columns.
fn loses_what_stands_beside(reading: &Reading<'_>) -> bool {
    reading.says_next(&["with"], &["their", "its"]) && reading.lists_values()
}

/// "won and lost count per owner": side by side, or together?
fn adds_two_kinds(reading: &Reading<'_>) -> bool {
    let grouped = |col: usize| reading.grouped(|key| key.column() == col);
    let two = |filter: &Filter| matches!(filter, Filter::Is { col, values, not: false } if values.len() > 1 && !grouped(*col));
    let several = reading.partial.filters.iter().filter(|filter| two(filter)).count();
    let counted = reading.partial.measures.iter().all(|measure| measure.of == Expr::Rows);
    several > 1 && reading.says(&["and"])
        || several == 1
            && counted
            && !reading.partial.keys.is_empty()
            && reading.says_next(&["and"], &["lost"])
        || several == 1 && reading.says_next(&["to"], &["lost", "won"])
}

/// "who has the highest single score".
fn ranks_a_single_row_by_groups(reading: &Reading<'_>) -> bool {
    reading.says(&["single"]) && reading.is_ranked() && !reading.partial.keys.is_empty()
}

/// "how many vehicles had tyres changed" is no growth.
fn changes_passively(reading: &Reading<'_>) -> bool {
    reading.grows()
        && reading.says(&["had", "have", "has", "was", "were"])
        && reading.says(&["changed"])
        && reading.partial.counts
}

/// "tickets opened vs closed per month": both, each by its own day.
fn tells_one_of_two_happenings(reading: &Reading<'_>) -> bool {
    let happened = |filter: &Filter| {
        matches!(filter, Filter::Empty { col, not: true }
            if reading.view.kind(*col) == ringfence_pipeline::ports::ColumnKind::Date)
    };
    let set = ["vs", "versus", "against", "compared"];
    reading.says(&set) && reading.in_time() && reading.filtered(happened)
}

/// "first run of the day": of each day, not of all.
fn picks_the_first_of_all_days(reading: &Reading<'_>) -> bool {
    reading.says_next(&["the"], &["day", "week", "month"])
        && reading.says(&["first", "last", "earliest", "latest"])
        && reading.says_next(&["of"], &["the"])
        && reading.lists_rows()
        && !reading.in_time()
        && !reading.filtered(Filter::is_time)
}
