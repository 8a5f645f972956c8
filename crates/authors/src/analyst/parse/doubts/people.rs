//! Doubts about people: who is asked for, and what is said of them.

use super::{Doubt, Reading};
use crate::analyst::query::{Expr, Filter};

pub(super) const DOUBTS: &[Doubt] = &[
    takes_a_group_for_somebody,
    names_nobody,
    counts_of_each_for_somebody,
    takes_a_manager_for_the_managed,
    compares_people_with_people,
    has_never_worked_full_time,
    averages_all_for_those_who_have,
    has_only_one_kind,
    has_one_kind_and_no_other,
    has_never_done_this_of_that,
    pays_what_is_paid,
    lists_who_has_another,
    counts_everybody_for_those_dealt_with,
];

/// "who has the highest bonus in each city": somebody, not the city.
fn takes_a_group_for_somebody(reading: &Reading<'_>) -> bool {
    reading.asks_who(1)
        && reading.is_ranked_overall()
        && reading.says_per()
        && reading.partial.keys.len() == 1
}

/// Who is asked for, and the answer has nobody in it.
fn names_nobody(reading: &Reading<'_>) -> bool {
    let asks = reading.asks_who(1)
        || reading.says_next(&["and", "so", "but", "now"], &["who"]) && reading.asks_who(2);
    asks && !reading.partial.selects
        && !reading.partial.lists
        && !reading.lists_rows()
        && !reading.lists_values()
}

/// "who works in each department" asks for names, not for how many.
fn counts_of_each_for_somebody(reading: &Reading<'_>) -> bool {
    reading.asks_who(2)
        && reading.says_per()
        && !reading.partial.keys.is_empty()
        && reading.partial.measures.iter().all(|measure| measure.of == Expr::Rows)
}

/// "who logged the most hours" where another table names the manager of each.
fn takes_a_manager_for_the_managed(reading: &Reading<'_>) -> bool {
    reading.asks_who(1)
        && reading.view.tables.len() > 1
        && reading.grouped(|key| reading.named(key.column(), &["manager"]))
}

/// "do team leads earn more than specialists", "who earns more than A's team": one against the other.
fn compares_people_with_people(reading: &Reading<'_>) -> bool {
    const MORE: [&str; 9] =
        ["more", "less", "fewer", "higher", "lower", "better", "worse", "bigger", "smaller"];
    /// How far before "than" the word stands that it belongs to: "more paid hours a week than".
    const REACH: usize = 5;
    let compares = |filter: &Filter| {
        matches!(
            filter,
            Filter::Number { .. }
                | Filter::Between { .. }
                | Filter::Columns { .. }
                | Filter::Typical { .. }
                | Filter::Lasts { .. }
        )
    };
    let partial = reading.partial;
    let settled = partial.having.is_some()
        || partial.difference
        || partial.said.ago
        || reading.grows()
        || reading.shares()
        || reading.filtered(|filter| match filter {
            Filter::Any(several) | Filter::Not(several) => several.iter().any(compares),
            one => compares(one),
        });
    let words = reading.words();
    let than = words
        .iter()
        .position(|word| word == "than")
        .is_some_and(|than| words[..than].iter().rev().take(REACH).any(|word| MORE.contains(&word.as_str())));
    !settled && (than || reading.says_next(&["pay"], &["over", "below"]))
}

/// "who does not work full time" is no "never".
fn has_never_worked_full_time(reading: &Reading<'_>) -> bool {
    reading.partial.denies
        && reading.says(&["full", "part"])
        && reading.filtered(|filter| matches!(filter, Filter::Never { .. }))
}

/// "average bonus of those who got one".
fn averages_all_for_those_who_have(reading: &Reading<'_>) -> bool {
    reading.says_next(&["got", "get", "had", "have", "has"], &["one", "any", "some"])
        && !reading.partial.counts
        && reading.averages()
}

/// "guests who only ever booked direct": nothing else, not also that.
fn has_only_one_kind(reading: &Reading<'_>) -> bool {
    let only = reading.words().iter().skip(1).any(|word| word == "only");
    let shown =
        reading.partial.measures.is_empty() && !reading.partial.counts && reading.partial.task.is_none();
    let listed = shown || reading.lists_values() || reading.partial.selects && !reading.is_ranked();
    let kind =
        |filter: &Filter| matches!(filter, Filter::Is { .. } | Filter::Flag { .. } | Filter::Empty { .. });
    only && (listed || reading.lists_rows())
        && reading.filtered(kind)
        && reading.says(&["who", "which", "that", "have", "has"])
}

/// "companies with open deals but no won deals": each in rows of its own.
fn has_one_kind_and_no_other(reading: &Reading<'_>) -> bool {
    let shown = reading.partial.measures.is_empty()
        && !reading.partial.counts
        && reading.says_next(&["but"], &["no", "never", "without"]);
    let listed = reading.lists_values() || reading.filtered(|filter| matches!(filter, Filter::Never { .. }));
    (listed || shown)
        && reading.says_next(&["but"], &["no", "never", "not", "without"])
        && !reading.filtered(|filter| matches!(filter, Filter::Ever { .. }))
}

/// "sources that never won a Healthcare deal", "owners who never lost a deal to price": both at once, in no row.
fn has_never_done_this_of_that(reading: &Reading<'_>) -> bool {
    let never = |filter: &Filter| matches!(filter, Filter::Never { .. });
    let other = |filter: &Filter| {
        matches!(
            filter,
            Filter::Is { .. } | Filter::Contains { .. } | Filter::Flag { .. } | Filter::Number { .. }
        )
    };
    let rows = reading.partial.rows_named && !reading.says(&["never", "who", "which", "nobody"]);
    reading.filtered(never) && (reading.filtered(other) || rows)
}

/// "which guest pays the highest rate": nothing of what has been paid.
fn pays_what_is_paid(reading: &Reading<'_>) -> bool {
    reading.says(&["pay", "pays", "paying", "spent", "spends", "spend"])
        && !reading.says(&["paid", "unpaid"])
        && reading.filtered(|filter| {
            matches!(filter, Filter::Flag { col, .. } | Filter::Empty { col, .. } if reading.named(*col, &["paid"]))
        })
}

/// "which vehicles have not had an inspection": those without any, not those that had something else.
fn lists_who_has_another(reading: &Reading<'_>) -> bool {
    let view = reading.view;
    let several =
        |col: usize| view.profile(col).is_some_and(|profile| profile.distinct * 10 < view.rows() * 9);
    let listed = match (&reading.partial.task, &reading.partial.keys[..]) {
        (Some(crate::analyst::query::Task::Values(col)), _) => several(*col),
        (None, [key]) => {
            reading.partial.selects
                && reading.partial.measures.is_empty()
                && !key.is_time()
                && several(key.column())
        }
        _ => false,
    };
    listed
        && reading.says(&["not", "no", "without", "haven't", "hasn't"])
        && reading.filtered(|filter| matches!(filter, Filter::Is { not: true, .. }))
}

/// "how many customers did we serve" is not of everybody in the list of customers.
fn counts_everybody_for_those_dealt_with(reading: &Reading<'_>) -> bool {
    const PARTNERS: [&str; 7] = ["customer", "client", "patient", "guest", "member", "supplier", "tenant"];
    let base = crate::analyst::view::table_words(&reading.view.tables[reading.view.base]);
    reading.partial.counts
        && reading.partial.filters.is_empty()
        && reading.partial.keys.is_empty()
        && reading.view.tables.len() > 1
        && reading.says_next(&["did"], &["we", "i"])
        && base.iter().any(|name| PARTNERS.contains(&name.as_str()))
}
