//! Questions that ask for more than their reading tells: levels, states, every one of several, one thing against another.

use ringfence_pipeline::ports::{ColumnKind, ColumnRole};

use super::Partial;
use crate::analyst::{
    query::{Agg, Expr, Filter, Key, Measure, Task, Unit},
    view::View,
};

/// True where words of the question ask for what the reading leaves out.
pub(super) fn is_beyond(partial: &Partial, view: &View<'_>) -> bool {
    let words = &partial.said.words;
    let at = |any: &[&str]| words.iter().position(|word| any.contains(&word.as_str()));
    let says = |any: &[&str]| at(any).is_some();
    let next = |first: &[&str], second: &[&str]| {
        words.windows(2).any(|pair| first.contains(&pair[0].as_str()) && second.contains(&pair[1].as_str()))
    };
    let ranked = partial.rank.is_some_and(|rank| !rank.within);
    let several = partial.rank.is_some_and(|rank| rank.count > 1);
    let rows = matches!(partial.task, Some(Task::Rows(_)));
    let grown = matches!(partial.task, Some(Task::Growth(..) | Task::GrowthEach));
    let shared = matches!(partial.task, Some(Task::Share(_)));
    let listed = partial.selects || matches!(partial.task, Some(Task::Values(_) | Task::Rows(_)));
    let per = says(&["per", "each", "every"]);

    // "which customers were invoiced in every quarter"
    let units = ["year", "quarter", "month", "week", "day"];
    let every = listed && next(&["every", "each"], &units) && !ranked;
    // "the ten largest debits: how much in total?", "the 10 best paid: what do they cost together?"
    let together = several
        && partial.keys.is_empty()
        && (says(&["together", "altogether", "combined"]) || next(&["in"], &["total"]));
    // "unpaid share in 2023 versus 2024" is no growth; "how did the share change" neither.
    let grows = [
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
        "yoy",
        "up",
        "down",
    ];
    let share_grown = grown && says(&["share", "percentage", "proportion"]) && !says(&grows);
    // "do team leads earn more than specialists", "who earns more than A's team": one against the other.
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
    let settled = partial.having.is_some()
        || grown
        || partial.difference
        || shared
        || partial.said.ago
        || partial.filters.iter().any(|filter| match filter {
            Filter::Any(several) | Filter::Not(several) => several.iter().any(compares),
            one => compares(one),
        });
    let than = at(&["than"]).is_some_and(|than| {
        words[..than].iter().rev().take(5).any(|word| {
            ["more", "less", "fewer", "higher", "lower", "better", "worse", "bigger", "smaller"]
                .contains(&word.as_str())
        })
    });
    let against = (than || next(&["pay"], &["over", "below"])) && !settled;
    // "who was employed on 31 December", "open on 31 March": a state then, not something of that day.
    let one_day = |filter: &Filter| matches!(filter, Filter::During { range, .. } if range.from.zip(range.to).is_some_and(|(from, to)| to - from == 1));
    let state =
        says(&["employed", "open", "active", "unpaid", "outstanding"]) && partial.filters.iter().any(one_day);
    // "average bonus of those who got one"
    let those = next(&["got", "get", "had", "have", "has"], &["one", "any", "some"])
        && !partial.counts
        && partial.measures.iter().any(|measure| measure.agg == Agg::Mean);
    // "who has the highest bonus in each city": somebody, not the city.
    let who = words.first().is_some_and(|word| word == "who") && ranked && per && partial.keys.len() == 1;
    let who_lost = words.iter().take(2).any(|word| word == "who")
        && !partial.selects
        && !partial.lists
        && !rows
        && !matches!(partial.task, Some(Task::Values(_)));
    let nobody =
        shared && partial.keys.is_empty() && partial_part(partial).len() > 1 && next(&["in"], &["the"]);
    let who_each = words.iter().take(2).any(|word| word == "who")
        && per
        && !partial.keys.is_empty()
        && partial.measures.iter().all(|measure| measure.of == Expr::Rows);
    let oldest = next(&["oldest"], &["first"]) && partial.sort.is_some_and(|sort| !sort.rising);
    // "how many valves do we have": kinds of them, or pieces?
    let stocked = (0..view.columns.len()).any(|col| {
        view.is_measure(col)
            && view.columns[col]
                .words
                .iter()
                .any(|word| ["stock", "hand", "quantity", "qty"].contains(&word.as_str()))
    });
    let pieces = partial.counts
        && stocked
        && next(&["we"], &["have", "hold", "stock"])
        && partial.filters.iter().any(|filter| matches!(filter, Filter::Is { .. } | Filter::Contains { .. }));
    // "projects with less than 500 hours logged": of all entries of each.
    let logged = rows
        && says(&["logged", "worked", "booked"])
        && partial
            .filters
            .iter()
            .any(|filter| matches!(filter, Filter::Number { col, .. } if view.is_measure(*col)));
    let leader = words.first().is_some_and(|word| word == "who")
        && view.tables.len() > 1
        && partial
            .keys
            .iter()
            .any(|key| view.columns[key.column()].words.iter().any(|word| word == "manager"));
    // What is of one table alone needs no other, of which some rows may lack.
    let used: Vec<usize> = partial
        .filters
        .iter()
        .flat_map(Filter::columns)
        .chain(partial.measures.iter().flat_map(|measure| measure.of.columns()))
        .chain(partial.keys.iter().map(|key| key.column()))
        .map(|col| view.columns[col].table)
        .collect();
    let alone = partial.measures.iter().any(|measure| measure.agg == Agg::Distinct)
        && used.first().is_some_and(|table| *table != view.base && used.iter().all(|one| one == table));
    let ratio = shared
        && says(&["ratio"])
        && partial_part(partial)
            .iter()
            .any(|filter| matches!(filter, Filter::Is { values, .. } if values.len() > 1));
    // "sales above 2 million" of a region are not those of a row.
    let additive = |filter: &Filter| {
        matches!(filter, Filter::Number { col, .. } if view.is_measure(*col)
            && matches!(view.role(*col), ColumnRole::Amount | ColumnRole::Quantity)
            && !super::figures::is_averaged(view, *col))
    };
    let distinct = |measure: &Measure| matches!((measure.agg, &measure.of), (Agg::Distinct, Expr::Column(col)) if view.profile(*col).is_some_and(|profile| profile.distinct * 3 < view.rows()));
    let of_rows = partial.measures.iter().any(distinct)
        && partial.filters.iter().any(additive)
        && partial.having.is_none()
        || partial
            .filters
            .iter()
            .any(|filter| matches!(filter, Filter::Ever { of, .. } if of.iter().any(additive)));
    // A cost centre is no cost.
    let numbered = |filter: &Filter| {
        matches!(filter, Filter::Columns { left, right, .. } if view.is_number(*left) && view.is_number(*right)
        && [left, right].iter().any(|col| view.columns[**col].words.iter().any(|word| ["centre", "center", "code", "id", "number", "no"].contains(&word.as_str()))))
    };
    // "balance change during October" is one change.
    let balance = grown
        && partial.measures.iter().any(|measure| matches!(measure.agg, Agg::Last(_)))
        && partial.filters.iter().any(Filter::is_time);
    // "sales per day on average in December": days without any are days.
    let gaps = partial.mean_of_groups
        && partial.keys.iter().any(|key| matches!(key, Key::Time(_, Unit::Day | Unit::Week)))
        && partial.filters.iter().any(|filter| matches!(filter, Filter::Is { .. } | Filter::Contains { .. }));
    // "three largest debits per month" are debits, not months.
    let months =
        several && ranked && per && !partial.selects && matches!(&partial.keys[..], [key] if key.is_time());
    let spent_on = words.last().is_some_and(|word| word == "on") && ranked && partial.keys.is_empty();
    let goes_to =
        shared && (next(&["goes", "go", "went", "going"], &["to"]) || next(&["spent", "spend"], &["on"]));
    let day_of_each = next(&["day"], &["of"])
        && says(&["each", "every"])
        && !partial.keys.iter().any(|key| matches!(key, Key::Time(_, Unit::Weekday)));
    let on_average = (partial.having.is_some() || ranked && partial.filters.iter().any(additive))
        && next(&["on"], &["average"]);
    // What is cost is no price.
    let used = |word: &str| {
        let of = |measure: &Measure| {
            measure.of.columns().iter().any(|col| view.columns[*col].words.iter().any(|one| one == word))
        };
        partial.measures.iter().any(of)
    };
    let price = says(&["price", "prices"]) && !used("price") && used("cost");
    let per_unit = next(&["per"], &["unit", "piece", "item"]) && partial.measures.len() == 2;
    let across = matches!(partial.task, Some(Task::Pivot)) && says(&["across"]) && !says(&["down"]);
    let two_in_one =
        partial.said.asks_again && (partial.having.is_some() || ranked && says(&["which"]) && per);
    // "in which month did revenue fall the most"
    let moves = ranked
        && !grown
        && says(&["fall", "fell", "drop", "dropped", "decline", "declined", "rise", "rose", "grow", "grew"]);
    let full_time = partial.denies
        && says(&["full", "part"])
        && partial.filters.iter().any(|filter| matches!(filter, Filter::Never { .. }));
    // "all years but 2021", where the year is taken as the one that is meant.
    let but = ["but", "except", "excluding", "besides"];
    let year_kept = words.windows(2).any(|pair| {
        but.contains(&pair[0].as_str())
            && pair[1].len() == 4
            && pair[1].chars().all(|one| one.is_ascii_digit())
    }) && partial.filters.iter().any(|filter| {
        matches!(filter, Filter::Between { low, high, .. } if (low - high).abs() < f64::EPSILON)
            || matches!(filter, Filter::Number { cmp: crate::analyst::query::Cmp::Equal, .. })
            || matches!(filter, Filter::During { not: false, .. })
    });
    // "A or B of C" may be (A or B) of C.
    let mixed = partial.filters.iter().any(|filter| {
        matches!(filter, Filter::Any(any) if {
            let mut cols: Vec<_> = any.iter().flat_map(Filter::columns).collect();
            cols.sort_unstable();
            cols.dedup();
            cols.len() > 2
        })
    });
    let apart = partial.filters.iter().any(|filter| matches!(filter, Filter::During { col, range, not: false }
        if partial.filters.iter().any(|other| matches!(other, Filter::During { col: one, range: two, not: false }
            if one == col && range.from.zip(two.to).is_some_and(|(from, to)| from >= to)))));
    let sorted =
        says(&["slowest", "fastest", "quickest"]) && next(&["slowest", "fastest", "quickest"], &["first"]);
    // "employees per manager" of a sheet of departments, where employees have one of their own.
    let elsewhere = partial.counts
        && view.joins.is_empty()
        && view.tables.iter().enumerate().any(|(table, profile)| {
            table != view.base
                && !crate::analyst::view::table_words(profile).iter().any(|name| view.names.contains(name))
                && crate::analyst::view::table_words(profile).iter().any(|name| {
                    words
                        .iter()
                        .any(|word| crate::analyst::spelling::singular(word) == *name && *word != *name)
                })
                && partial.keys.iter().any(|key| view.kind(key.column()) == ColumnKind::Text)
        });
    [
        every,
        together,
        share_grown,
        against,
        state,
        those,
        who,
        who_lost,
        pieces,
        logged,
        leader,
        alone,
        who_each,
        oldest,
        nobody,
        ratio,
        of_rows,
        balance,
        gaps,
        months,
        spent_on,
        goes_to,
        day_of_each,
        on_average,
        price,
        per_unit,
        across,
        two_in_one,
        moves,
        full_time,
        year_kept,
        mixed,
        apart,
        sorted,
        elsewhere,
    ]
    .contains(&true)
        || partial.filters.iter().any(numbered)
}

fn partial_part(partial: &Partial) -> &[Filter] {
    match &partial.task {
        Some(Task::Share(part)) => part,
        _ => &[],
    }
}
