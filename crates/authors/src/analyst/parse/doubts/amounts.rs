//! Doubts about figures: prices added up, percents averaged, net or gross, what comes to nothing.

use ringfence_pipeline::ports::{ColumnKind, ColumnRole};

use super::{Doubt, Reading};
use crate::analyst::{
    mentions,
    parse::{balances, figures, worth},
    query::{Agg, Cmp, Col, Expr, Filter, Measure},
    spelling::singular,
    view::View,
};

pub(super) const DOUBTS: &[Doubt] = &[
    adds_percents,
    adds_what_is_averaged,
    adds_what_is_per_piece,
    adds_prices_of_a_list,
    adds_levels_in_time,
    adds_what_a_meter_shows,
    tells_money_of_what_is_not_billed,
    takes_a_share_for_a_rate,
    adds_both_sides_of_trades,
    takes_a_fee_for_the_money,
    averages_what_it_cost,
    tells_two_figures_for_one,
    takes_a_total_for_pay,
    adds_differences_of_prices,
    picks_a_month_for_the_greatest,
    averages_percents_of_money,
    averages_weights,
    averages_what_is_named_an_extreme,
    multiplies_percents,
    divides_an_average,
    comes_to_nothing,
    is_net_where_there_is_gross,
    takes_cost_for_price,
    ranks_the_dearest_by_no_price,
    compares_a_number_that_is_a_name,
    repeats_what_stands_once,
    has_two_figures_per_unit,
    counts_beside_another_figure,
    takes_terms_for_figures,
    ranks_by_a_price_unasked,
    adds_pieces_for_how_often,
    takes_one_row_for_the_best_rate,
    tells_one_side_of_two,
    bounds_what_every_row_meets,
    takes_what_it_costs_for_its_cost,
    compares_a_kind_with_the_average_of_all,
    averages_what_it_is_a_condition_on,
    counts_different_amounts,
    lists_rows_for_money,
    weighs_nothing,
];

/// Percents add up to nothing.
fn adds_percents(reading: &Reading<'_>) -> bool {
    reading.measures(|agg, col| {
        agg == Agg::Sum
            && (is_percent(reading.view, col)
                || reading
                    .view
                    .profile(col)
                    .is_some_and(|profile| profile.unit.as_deref() == Some("fraction")))
    })
}

/// Nor do ages, scores and the like.
fn adds_what_is_averaged(reading: &Reading<'_>) -> bool {
    reading.measured(|measure| {
        measure.name.is_none()
            && matches!(measure.of, Expr::Column(col) if measure.agg == Agg::Sum && figures::is_averaged(reading.view, col))
    })
}

/// What is paid for an hour or for a piece adds up to nothing.
fn adds_what_is_per_piece(reading: &Reading<'_>) -> bool {
    let per_piece = |agg: Agg, col: Col| {
        agg == Agg::Sum
            && (reading.named(col, &["hourly"])
                || reading.named(col, &["unit", "each"])
                    && reading.named(col, &["price", "cost", "wage", "rate", "fee"]))
    };
    let ranks_rows = reading.is_ranked() && reading.partial.keys.is_empty();
    !ranks_rows && reading.partial.chart.is_none() && reading.measures(per_piece)
}

/// A cost of the list of products stands beside each order of it, whatever the quantity.
fn adds_prices_of_a_list(reading: &Reading<'_>) -> bool {
    let view = reading.view;
    let has = |col: Col, name: &str| view.columns[col].words == [name];
    let list = view.joins.is_empty()
        && (0..view.columns.len()).any(|col| has(col, "price"))
        && (0..view.columns.len()).any(|col| has(col, "cost"))
        && view.of_kind(ColumnKind::Date).next().is_none();
    let listed = |col: Col| list && (has(col, "price") || has(col, "cost"));
    let adds = |measure: &Measure| {
        measure.agg == Agg::Sum
            && !measure.by_row
            && matches!(measure.of, Expr::Column(col) if worth::is_of_a_list(view, col) || listed(col))
    };
    reading.measured(adds)
        || reading.filtered(
            |filter| matches!(filter, Filter::Number { col, .. } if worth::is_of_a_list(reading.view, *col) && !said(reading, *col)),
        )
}

/// True if the question says the name of a column, or a word of it.
fn said(reading: &Reading<'_>, col: Col) -> bool {
    reading.words().iter().any(|word| reading.named(col, &[singular(word).as_str()]))
}

/// What there was in one year and in another adds up to nothing.
fn adds_levels_in_time(reading: &Reading<'_>) -> bool {
    let view = reading.view;
    let timed = reading.grouped(|key| key.is_time() || view.is_calendar(key.column()))
        || reading
            .filtered(|filter| filter.is_time() || filter.columns().iter().any(|col| view.is_calendar(*col)))
        || reading.grows();
    !timed
        && !reading.is_ranked()
        && reading.measures(|agg, col| agg == Agg::Sum && balances::is_level_in_time(view, col))
}

/// What was used lies between two readings of a meter.
pub(super) fn adds_what_a_meter_shows(reading: &Reading<'_>) -> bool {
    reading.measures(|agg, col| {
        matches!(agg, Agg::Sum | Agg::Mean | Agg::Median) && balances::is_meter(reading.view, col)
    })
}

/// "revenue by client" of hours of which some are not billable: of all, or of those that are?
fn tells_money_of_what_is_not_billed(reading: &Reading<'_>) -> bool {
    let view = reading.view;
    let computed = reading.measured(|measure| matches!(measure.of, Expr::Op('*', ..)));
    let mark =
        |col: &Col| reading.named(*col, &["billable", "chargeable"]) && view.kind(*col) != ColumnKind::Date;
    let told = |col: Col| {
        reading.on_all(|filter| filter.columns().contains(&col)) || reading.grouped(|key| key.column() == col)
    };
    computed && (0..view.columns.len()).filter(mark).any(|col| !told(col))
}

/// "lowest billable rate" beside an `Hourly rate`: the part that is billable, or the rate at which it is?
fn takes_a_share_for_a_rate(reading: &Reading<'_>) -> bool {
    let view = reading.view;
    let other = |col: Col| view.is_measure(col) && view.columns[col].words.iter().any(|word| word == "rate");
    let asked = reading.shares() && reading.is_ranked() && reading.says(&["rate", "rates"]);
    asked && (0..view.columns.len()).any(other)
}

/// "how much did I spend on it", where some rows were bought and others sold.
fn adds_both_sides_of_trades(reading: &Reading<'_>) -> bool {
    let Some((side, _)) = mentions::side_of_trade(reading.view) else { return false };
    let told = reading.on_all(|filter| filter.columns().contains(&side))
        || reading.grouped(|key| key.column() == side);
    let sums = |measure: &Measure| match measure.of {
        Expr::Column(col) => measure.agg == Agg::Sum && !said(reading, col),
        Expr::Op(..) => true,
        _ => false,
    };
    let pieces =
        reading.measures(|agg, col| agg == Agg::Sum && reading.view.role(col) == ColumnRole::Quantity);
    !told && (pieces || reading.measured(sums))
}

/// What is only paid beside it is not what something is worth: a `Fee` beside a `Price`.
fn takes_a_fee_for_the_money(reading: &Reading<'_>) -> bool {
    const BESIDE: [&str; 9] =
        ["fee", "commission", "tax", "vat", "tip", "postage", "shipping", "parking", "toll"];
    const MONEY: [&str; 8] = ["price", "cost", "claim", "amount", "premium", "total", "rent", "value"];
    let view = reading.view;
    let other = |col: Col| {
        (0..view.columns.len()).any(|one| {
            one != col
                && view.is_measure(one)
                && view.columns[one].table == view.columns[col].table
                && reading.named(one, &MONEY)
                && !reading.named(one, &BESIDE)
        })
    };
    let sold = reading.says(&["sold", "sell", "sells", "earn", "earned", "revenue", "income"]);
    reading.measures(|_, col| {
        reading.named(col, &BESIDE) && !said(reading, col) && other(col)
            || sold && reading.named(col, &["claim", "refund", "payout"])
    })
}

/// "cost of retired laptops": what all of them cost, or one on average?
fn averages_what_it_cost(reading: &Reading<'_>) -> bool {
    !reading.partial.agg_said
        && reading.says(&["cost", "costs"])
        && reading.partial.chart.is_none()
        && reading.measures(|agg, col| agg == Agg::Mean && reading.named(col, &["price"]))
}

/// "how much rent was paid": what is paid of it, no rent beside it.
fn tells_two_figures_for_one(reading: &Reading<'_>) -> bool {
    reading.partial.said.how_much
        && reading.partial.measures.len() > 1
        && !reading.says(&["and", "plus", "vs", "versus", "than", "compared", "or", "average"])
}

/// "total pay per rep" is of no column that is only called `Total`.
fn takes_a_total_for_pay(reading: &Reading<'_>) -> bool {
    reading.says_next(&["total"], &["pay", "wages", "salary", "salaries", "compensation", "earnings"])
        && reading.measures(|_, col| matches!(&reading.view.columns[col].words[..], [one] if one == "total"))
}

/// "price difference between A and B" adds up to nothing.
fn adds_differences_of_prices(reading: &Reading<'_>) -> bool {
    let each = |of: &Expr| matches!(of, Expr::Column(col) if figures::is_averaged(reading.view, *col));
    reading.measured(|measure| {
        measure.agg == Agg::Sum
            && matches!(&measure.of, Expr::Op('-', left, right) if each(left) && each(right))
    })
}

/// "biggest expense" of rows whose months are columns: that of the year, or of one month?
fn picks_a_month_for_the_greatest(reading: &Reading<'_>) -> bool {
    let extreme = reading.is_ranked() && !reading.grouped(|key| key.melts());
    reading.partial.keys.is_empty()
        && reading.measured(|measure| {
            matches!(measure.of, Expr::Together(_)) && (extreme || matches!(measure.agg, Agg::Max | Agg::Min))
        })
}

/// "how much commission" is no average of percents.
fn averages_percents_of_money(reading: &Reading<'_>) -> bool {
    reading.partial.said.how_much
        && reading.measures(|agg, col| agg == Agg::Mean && is_percent(reading.view, col))
}

/// The weight of a person is averaged, that of a freight is added up.
fn averages_weights(reading: &Reading<'_>) -> bool {
    !reading.partial.agg_said
        && !reading.partial.keys.is_empty()
        && reading.measures(|agg, col| agg == Agg::Mean && reading.named(col, &["weight"]))
}

/// "cars under 10 (Price)" asks for cars, "max temp by month" for no mean of what is called so.
fn averages_what_is_named_an_extreme(reading: &Reading<'_>) -> bool {
    let bounded = |col: Col| {
        reading.filtered(|filter| matches!(filter, Filter::Number { col: one, .. } if *one == col))
    };
    !reading.partial.agg_said
        && reading.measures(|agg, col| {
            let named = !reading.partial.keys.is_empty() && reading.named(col, &["max", "min"]);
            agg == Agg::Mean && (named || bounded(col))
        })
}

/// A product with percents that are not divided by a hundred.
fn multiplies_percents(reading: &Reading<'_>) -> bool {
    let hundredths = |one: &Expr| matches!(one, Expr::Column(col) if reading.view.profile(*col).is_some_and(|profile| profile.unit.as_deref() == Some("%")));
    reading.measured(
        |measure| matches!(&measure.of, Expr::Op('*', left, right) if hundredths(left) || hundredths(right)),
    )
}

/// What is of one thing already and divided once more: price / tickets.
fn divides_an_average(reading: &Reading<'_>) -> bool {
    reading.measured(|measure| {
        matches!(&measure.of, Expr::Op('/', left, right) if !right.columns().is_empty()
            && matches!(**left, Expr::Column(col) if figures::is_averaged(reading.view, col)))
    })
}

/// A column less itself, whatever the data is.
fn comes_to_nothing(reading: &Reading<'_>) -> bool {
    reading.measured(|measure| is_void(&measure.of))
}

/// Who says neither net nor gross may mean either.
fn is_net_where_there_is_gross(reading: &Reading<'_>) -> bool {
    (0..reading.view.columns.len()).any(|col| reading.named(col, &["gross"]))
        && !reading.partial.said.net
        && !reading.is_ranked()
        && reading.measures(|_, col| reading.named(col, &["net"]))
}

/// What something costs us is not its price.
fn takes_cost_for_price(reading: &Reading<'_>) -> bool {
    let uses = |word: &str| {
        reading.measured(|measure| measure.of.columns().iter().any(|col| reading.named(*col, &[word])))
    };
    reading.says(&["price", "prices"]) && !uses("price") && uses("cost")
}

/// "how many bedrooms does the most expensive house have" ranks by no number of bedrooms.
fn ranks_the_dearest_by_no_price(reading: &Reading<'_>) -> bool {
    const WORTH: [&str; 10] =
        ["price", "cost", "amount", "value", "fee", "total", "rent", "rate", "salary", "sold"];
    let dear = reading.partial.measures.first().is_some_and(|measure| {
        matches!(measure.of, Expr::Column(col) if !reading.named(col, &WORTH)
            && !matches!(reading.view.role(col), ColumnRole::Amount | ColumnRole::Rate))
    });
    reading.partial.prices && reading.is_ranked() && dear
}

/// A cost centre is no cost.
fn compares_a_number_that_is_a_name(reading: &Reading<'_>) -> bool {
    const NAMES: [&str; 6] = ["centre", "center", "code", "id", "number", "no"];
    reading.filtered(|filter| {
        matches!(filter, Filter::Columns { left, right, .. }
            if reading.view.is_number(*left) && reading.view.is_number(*right)
            && [*left, *right].iter().any(|col| reading.named(*col, &NAMES)))
    })
}

/// A capacity stands once in its own table, and beside each of the sales that are joined with it;
/// a salary beside each of many payslips is no sum of their months.
fn repeats_what_stands_once(reading: &Reading<'_>) -> bool {
    let view = reading.view;
    let table = |col: &Col| view.columns[*col].table;
    let apart = |of: &Expr| {
        let cols = of.columns();
        cols.first().is_some_and(|first| cols.iter().any(|col| table(col) != table(first)))
    };
    // By what the rows of the other table are told apart, each of them is in one group.
    let is_key = |col: Col| {
        view.joins.iter().any(|join| join.on.iter().any(|(left, _)| view.columns[col].at == *left))
    };
    reading.measured(|measure| measure.of.holds_ratio() && !measure.by_row && apart(&measure.of))
        || reading.measured(|measure| {
            let once = !measure.by_row && !matches!(measure.agg, Agg::Count | Agg::Distinct | Agg::Mode);
            once && matches!(measure.of, Expr::Column(col) if table(&col) != view.base)
        }) && reading.grouped(|key| table(&key.column()) == view.base && !is_key(key.column()))
}

/// "cost per unit" beside another figure: which of them is per unit?
fn has_two_figures_per_unit(reading: &Reading<'_>) -> bool {
    reading.says_next(&["per"], &["unit", "piece", "item"]) && reading.partial.measures.len() == 2
}

/// "how many bikes did we sell at a discount" is not about the average discount,
/// "how many members pay the student fee" not about what the fees add up to.
fn counts_beside_another_figure(reading: &Reading<'_>) -> bool {
    let partial = reading.partial;
    let other = |agg: Agg, col: Col| {
        agg == Agg::Mean || !partial.said.both && !reading.filtered(|filter| filter.columns().contains(&col))
    };
    let had = reading.measured(|measure| measure.agg == Agg::Distinct)
        && reading.says(&["had", "have", "with", "having"])
        && !partial.said.both
        && reading.measures(|agg, _| agg == Agg::Sum);
    had || partial.counts
        && !partial.agg_said_beside_count()
        && partial.measures.len() > 1
        && reading.measures(other)
}

/// "gross profit if you use the unit cost of the list": how it is computed is no figure of its own.
fn takes_terms_for_figures(reading: &Reading<'_>) -> bool {
    let computed = |measure: &Measure| measure.name.is_some() && matches!(measure.of, Expr::Op(..));
    reading.says(&["use", "using", "based", "taking", "assuming"])
        && reading.measured(computed)
        && reading.partial.measures.len() > 1
}

/// "top 5 products" of a price list: by what it costs, nobody is best.
fn ranks_by_a_price_unasked(reading: &Reading<'_>) -> bool {
    let view = reading.view;
    let unsaid = reading.partial.measures.is_empty()
        && view.joins.is_empty()
        && view.of_kind(ColumnKind::Date).next().is_none()
        && (0..view.columns.len()).any(|col| view.columns[col].words == ["cost"]);
    reading.is_ranked() && !reading.partial.prices && unsaid
}

/// "products that cost more than 100" may be those of that price, where a price stands beside the cost.
fn takes_what_it_costs_for_its_cost(reading: &Reading<'_>) -> bool {
    let cost = |filter: &Filter| matches!(filter, Filter::Number { col, .. } | Filter::Between { col, .. } if reading.named(*col, &["cost"]));
    let price = (0..reading.view.columns.len()).any(|col| reading.named(col, &["price"]));
    let verb = reading.says_next(
        &["cost", "costs"],
        &["more", "less", "over", "under", "at", "between", "above", "below", "up"],
    );
    price && verb && reading.filtered(cost)
}

/// "repairs that cost more than the average repair": the average of repairs, or of all services?
fn compares_a_kind_with_the_average_of_all(reading: &Reading<'_>) -> bool {
    reading.filtered(|filter| {
        matches!(filter, Filter::Typical { within: None, agg: Agg::Mean | Agg::Median, .. })
    }) && reading.filtered(|filter| matches!(filter, Filter::Is { .. }))
}

/// "average children for bookings with children": of those only.
fn averages_what_it_is_a_condition_on(reading: &Reading<'_>) -> bool {
    let twice = |col: Col| {
        let said =
            reading.words().iter().filter(|word| reading.named(col, &[singular(word).as_str()])).count();
        said > 1 && !reading.filtered(|filter| filter.columns().contains(&col))
    };
    reading.says(&["with", "having", "had", "have"])
        && reading.measures(|agg, col| agg == Agg::Mean && twice(col))
        && reading.partial.keys.is_empty()
}

/// Nobody asks how many different amounts there are.
fn counts_different_amounts(reading: &Reading<'_>) -> bool {
    reading.measures(|agg, col| {
        agg == Agg::Distinct
            && reading.view.is_measure(col)
            && (reading.view.role(col) == ColumnRole::Amount || reading.partial.measures.len() > 1)
    })
}

/// "money still outstanding" is a sum, and no list.
fn lists_rows_for_money(reading: &Reading<'_>) -> bool {
    reading.says(&["money"])
        && reading.partial.measures.is_empty()
        && reading.partial.aggs.is_empty()
        && !reading.partial.counts
}

/// "weighted value" where nothing is weighted.
fn weighs_nothing(reading: &Reading<'_>) -> bool {
    reading.says(&["weighted"])
        && !reading.measured(|measure| measure.weight.is_some() || matches!(measure.of, Expr::Op(..)))
}

fn is_percent(view: &View<'_>, col: Col) -> bool {
    view.profile(col)
        .is_some_and(|profile| profile.unit.as_deref() == Some("%") || profile.name.contains('%'))
}

fn is_void(of: &Expr) -> bool {
    match of {
        Expr::Op('-' | '/', left, right) if left == right => true,
        Expr::Op(_, left, right) => is_void(left) || is_void(right),
        _ => false,
    }
}

/// "how many deliveries did he make" beside `Qty delivered`: how often, or how many pieces?
fn adds_pieces_for_how_often(reading: &Reading<'_>) -> bool {
    let how_often = |phrase: &str, col: Col| {
        let said = phrase.to_lowercase();
        let noun =
            said.ends_with('s') && !said.contains(' ') && !reading.named(col, &[singular(&said).as_str()]);
        noun && reading.named(col, &["qty", "quantity"])
            && !["pieces", "units", "items", "packs", "bottles", "boxes"].contains(&said.as_str())
    };
    reading.partial.said.columns.iter().any(|(phrase, meant)| {
        meant
            .iter()
            .any(|col| how_often(phrase, *col) && reading.measures(|agg, one| agg == Agg::Sum && one == *col))
    })
}

/// "lowest cost per click" is of some group, not of the one row in which nothing was spent.
fn takes_one_row_for_the_best_rate(reading: &Reading<'_>) -> bool {
    reading.is_ranked()
        && reading.partial.keys.is_empty()
        && reading.measured(|measure| measure.name.is_some() && measure.percent | measure.of.is_ratio())
}

/// "incoming vs outgoing per month": two figures, of which one is told.
fn tells_one_side_of_two(reading: &Reading<'_>) -> bool {
    const IN: [&str; 5] = ["income", "incoming", "revenue", "earnings", "inflow"];
    const OUT: [&str; 7] =
        ["outgoing", "outgoings", "expenses", "spending", "expenditure", "expenditures", "outflow"];
    let one_side = |measure: &Measure| matches!(measure.of, Expr::Column(_) | Expr::Op('*', ..));
    reading.says(&IN)
        && reading.says(&OUT)
        && matches!(&reading.partial.measures[..], [measure] if one_side(measure))
}

/// "who bought more than one car" is not of whatever costs more than 1: a bound that every row meets, or none, is of something else.
fn bounds_what_every_row_meets(reading: &Reading<'_>) -> bool {
    reading.filtered(|filter| {
        let Filter::Number { col, cmp, value } = filter else { return false };
        let unsaid = !reading.partial.named.contains(col) && !said(reading, *col);
        let profile = reading.view.profile(*col);
        let (min, max) = (profile.and_then(|one| one.min), profile.and_then(|one| one.max));
        let beyond = match cmp {
            Cmp::Over | Cmp::AtLeast => min.is_some_and(|min| min > *value),
            Cmp::Under | Cmp::AtMost => max.is_some_and(|max| max < *value),
            Cmp::Equal | Cmp::Unequal => false,
        };
        unsaid && beyond
    })
}
