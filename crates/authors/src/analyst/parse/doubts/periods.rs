//! Doubts about periods: states on a day, every one of several, what changes from one to the next.

use super::{Doubt, Reading};
use crate::analyst::{
    dates::Recurring,
    query::{Agg, Cmp, Filter, Key, Unit},
};

pub(super) const DOUBTS: &[Doubt] = &[
    does_something_in_every_period,
    is_a_state_on_a_day,
    keeps_the_period_to_leave_out,
    is_in_two_periods_at_once,
    tells_the_day_of_each,
    moves_most,
    tells_changes_of_a_balance,
    pays_on_the_day_of_hiring,
    takes_a_month_for_what_is_monthly,
    has_an_empty_condition,
    tells_a_year_of_itself,
    takes_longest_by_one_day,
    takes_what_is_done_for_when_they_came,
];

/// "which customers were invoiced in every quarter".
fn does_something_in_every_period(reading: &Reading<'_>) -> bool {
    let listed = reading.partial.selects || reading.lists_values() || reading.lists_rows();
    let counted = reading.partial.counts && reading.says_next(&["in"], &["every"]);
    (listed || counted)
        && !reading.is_ranked_overall()
        && reading.says_next(&["every", "each"], &["year", "quarter", "month", "week", "day"])
}

/// "who was employed on 31 December", "open on 31 March": a state then, not something of that day.
fn is_a_state_on_a_day(reading: &Reading<'_>) -> bool {
    let one_day = |filter: &Filter| matches!(filter, Filter::During { range, .. } if range.from.zip(range.to).is_some_and(|(from, to)| to - from == 1));
    let state = reading.says(&["employed", "open", "active", "unpaid", "outstanding"]);
    state && reading.filtered(one_day) || is_under_way_on_a_day(reading)
}

/// "who is on leave on 15 May": whoever had begun by then and had not ended, not who began on that day.
fn is_under_way_on_a_day(reading: &Reading<'_>) -> bool {
    const BEGINS: [&str; 6] = ["from", "start", "begin", "checkin", "arrival", "pickup"];
    const ENDS: [&str; 8] = ["to", "end", "until", "till", "checkout", "departure", "return", "returned"];
    const SAID: [&str; 20] = [
        "start",
        "starts",
        "started",
        "starting",
        "begin",
        "begins",
        "began",
        "beginning",
        "from",
        "arrive",
        "arrives",
        "arrived",
        "arriving",
        "arrival",
        "arrivals",
        "check",
        "checkin",
        "hired",
        "joined",
        "new",
    ];
    let view = reading.view;
    let called = |col: usize, names: &[&str]| {
        let words = &view.columns[col].words;
        reading.named(col, names) || names.contains(&words.concat().as_str())
    };
    let lasts = |col: usize| {
        let table = view.columns[col].table;
        let mut others = view.of_kind(ringfence_pipeline::ports::ColumnKind::Date);
        called(col, &BEGINS)
            && others.any(|one| one != col && view.columns[one].table == table && called(one, &ENDS))
    };
    let begun = |filter: &Filter| matches!(filter, Filter::During { col, range, not: false } if range.from.zip(range.to).is_some_and(|(from, to)| to - from == 1) && lasts(*col));
    reading.filtered(begun) && !reading.says(&SAID)
}

/// "all years but 2021", where the year is taken as the one that is meant.
fn keeps_the_period_to_leave_out(reading: &Reading<'_>) -> bool {
    let year = |word: &str| word.len() == 4 && word.chars().all(|one| one.is_ascii_digit());
    let but = reading
        .words()
        .windows(2)
        .any(|pair| ["but", "except", "excluding", "besides"].contains(&pair[0].as_str()) && year(&pair[1]));
    but && reading.filtered(|filter| match filter {
        Filter::Between { low, high, .. } => (low - high).abs() < f64::EPSILON,
        Filter::Number { cmp, .. } => *cmp == Cmp::Equal,
        Filter::During { not, .. } => !not,
        _ => false,
    })
}

/// No day is in January and in February.
fn is_in_two_periods_at_once(reading: &Reading<'_>) -> bool {
    let after = |filter: &Filter, other: &Filter| {
        matches!((filter, other),
            (Filter::During { col, range, not: false }, Filter::During { col: one, range: two, not: false })
            if one == col && range.from.zip(two.to).is_some_and(|(from, to)| from >= to))
    };
    // "guests who came in January and in July".
    let months = |filter: &Filter| matches!(filter, Filter::Recurs { when: Recurring::Months(months), .. } if months.len() > 1);
    let who = reading.partial.measures.is_empty()
        && !reading.partial.counts
        && reading.says(&["who", "which", "that"]);
    reading.filtered(|filter| reading.filtered(|other| after(filter, other)))
        || who && reading.says_next(&["and"], &["in", "also"]) && reading.filtered(months)
}

/// "the busiest day of each month" is a day.
fn tells_the_day_of_each(reading: &Reading<'_>) -> bool {
    reading.says_next(&["day"], &["of"])
        && reading.says(&["each", "every"])
        && !reading.grouped(|key| matches!(key, Key::Time(_, Unit::Weekday)))
}

/// "in which month did revenue fall the most" is of changes, not of what there was.
fn moves_most(reading: &Reading<'_>) -> bool {
    const MOVES: [&str; 10] =
        ["fall", "fell", "drop", "dropped", "decline", "declined", "rise", "rose", "grow", "grew"];
    reading.is_ranked_overall() && !reading.grows() && reading.says(&MOVES)
}

/// "balance change during October" is one change.
fn tells_changes_of_a_balance(reading: &Reading<'_>) -> bool {
    reading.grows()
        && reading.measured(|measure| matches!(measure.agg, Agg::Last(_)))
        && reading.filtered(Filter::is_time)
}

/// Salaries are not paid on the day on which somebody was hired.
fn pays_on_the_day_of_hiring(reading: &Reading<'_>) -> bool {
    const HIRED: [&str; 7] = ["started", "start", "hired", "hire", "joined", "born", "birth"];
    reading.grouped(|key| matches!(key, Key::Time(col, _) if reading.named(*col, &HIRED)))
        && reading.measures(|_, col| reading.named(col, &["salary", "wage", "pay", "rent", "hour"]))
}

/// What is due each month is not told by the month of something else.
fn takes_a_month_for_what_is_monthly(reading: &Reading<'_>) -> bool {
    reading.grouped(|key| matches!(key, Key::Time(_, Unit::Month)))
        && reading.measures(|_, col| reading.named(col, &["monthly"]))
}

/// A condition that every row meets, or none: what is empty in a column without gaps, both a thing and its opposite.
fn has_an_empty_condition(reading: &Reading<'_>) -> bool {
    let view = reading.view;
    let vacuous = |filter: &Filter| {
        matches!(filter, Filter::Empty { col, not: false }
            if view.columns.get(*col).is_some_and(|column| column.profile.empty == 0 && column.table == view.base))
    };
    let opposed =
        |filter: &Filter| filter.opposite().is_some_and(|other| reading.on_all(|one| *one == other));
    reading.on_all(opposed) || reading.filtered(vacuous) && !reading.partial.counts
}

/// "newest vehicle by year": the year of each year says nothing.
fn tells_a_year_of_itself(reading: &Reading<'_>) -> bool {
    let own = |col: usize| {
        reading.grouped(|key| matches!(key, Key::Column(one) if *one == col))
            && reading.view.looks_like_years(col)
    };
    let lowest = reading.grouped(|key| {
        let col = key.column();
        let named = |word: &String| reading.named(col, &[word.as_str()]);
        !key.is_time()
            && reading.view.looks_like_years(col)
            && reading.words().windows(2).any(|pair| {
                ["lowest", "highest", "latest", "earliest"].contains(&pair[0].as_str()) && named(&pair[1])
            })
    });
    reading.measures(|_, col| own(col)) && !reading.partial.selects || reading.is_ranked() && lowest
}

/// "which deal took the longest to close": from one day to another.
fn takes_longest_by_one_day(reading: &Reading<'_>) -> bool {
    reading.is_ranked()
        && reading.says(&["took", "takes", "take", "taking"])
        && reading.says(&["longest", "shortest", "long"])
        && reading.measures(|agg, col| {
            matches!(agg, Agg::Min | Agg::Max)
                && reading.view.kind(col) == ringfence_pipeline::ports::ColumnKind::Date
        })
}

/// "how many technicians worked in May" is not of those who were hired then.
fn takes_what_is_done_for_when_they_came(reading: &Reading<'_>) -> bool {
    const CAME: [&str; 12] = [
        "since",
        "hired",
        "hire",
        "joined",
        "join",
        "registered",
        "registration",
        "enrolled",
        "employed",
        "onboarded",
        "signed",
        "member",
    ];
    const SAID: [&str; 10] =
        ["new", "since", "start", "started", "became", "become", "gain", "gained", "sign", "hire"];
    let view = reading.view;
    let came = |col: usize| {
        let said = |word: &String| CAME.contains(&word.as_str()) && reading.says(&[word.as_str()]);
        reading.named(col, &CAME)
            && !view.columns[col].words.iter().any(said)
            && !reading.partial.named.contains(&col)
    };
    let timed = |filter: &Filter| filter.is_time() && filter.columns().into_iter().any(came);
    let dated = |table: &ringfence_pipeline::ports::TableProfile| {
        table.columns.iter().any(|column| column.kind == ringfence_pipeline::ports::ColumnKind::Date)
    };
    let elsewhere = view.tables.iter().enumerate().any(|(at, table)| at != view.base && dated(table));
    elsewhere && reading.filtered(timed) && !reading.says(&SAID) && !reading.says(&CAME)
}
