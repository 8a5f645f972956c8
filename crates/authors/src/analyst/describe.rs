//! Says in words how a question was understood.

use std::fmt::Write;

use ringfence_pipeline::ports::ColumnKind;

use super::{
    query::{Agg, Cleaning, Cmp, Col, Expr, Filter, Having, Key, Measure, Part, Query, Rank, Task, Unit},
    view::View,
};

/// Names of columns, for a sentence.
pub(crate) fn names(cols: &[Col], view: &View<'_>) -> String {
    let names: Vec<&str> = cols.iter().map(|col| view.name(*col)).collect();
    match names.split_last() {
        Some((last, rest)) if !rest.is_empty() => format!("{} and {last}", rest.join(", ")),
        Some((one, _)) => (*one).to_owned(),
        None => String::new(),
    }
}

/// `Total Revenue` as `total Revenue`.
pub(crate) fn lower_first(text: &str) -> String {
    let mut chars = text.chars();
    chars.next().map(|first| first.to_lowercase().chain(chars).collect()).unwrap_or_default()
}

pub(crate) fn is_date(measure: &Measure, view: &View<'_>) -> bool {
    matches!(measure.of, Expr::Column(col) if view.kind(col) == ColumnKind::Date)
}

/// What the figure counts, if that is known.
pub(crate) fn unit(measure: &Measure, view: &View<'_>) -> Option<String> {
    if matches!(measure.agg, Agg::Count | Agg::Distinct) {
        return None;
    }
    let of = |col: &Col| view.profile(*col).and_then(|profile| profile.unit.clone());
    match &measure.of {
        Expr::Op('/', ..) => measure.percent.then(|| "%".to_owned()),
        Expr::Days(..) => Some("days".to_owned()),
        Expr::Column(col) => of(col).map(|unit| if unit == "fraction" { "%".to_owned() } else { unit }),
        Expr::Op('+' | '-', left, right) => {
            let units: Vec<Option<String>> = left.columns().iter().chain(&right.columns()).map(of).collect();
            units
                .first()
                .cloned()
                .flatten()
                .filter(|first| units.iter().all(|unit| unit.as_ref() == Some(first)))
        }
        Expr::Together(cols) => cols.first().and_then(of),
        _ => None,
    }
}

fn expression(of: &Expr, view: &View<'_>) -> String {
    match of {
        Expr::Rows => "rows".to_owned(),
        Expr::Column(col) => view.name(*col).to_owned(),
        Expr::Number(value) => super::python::number(*value),
        Expr::Op(sign, left, right) => {
            format!("({} {sign} {})", expression(left, view), expression(right, view))
        }
        Expr::Together(cols) if cols.len() > 3 => {
            format!("{} to {}", view.name(*cols.first().unwrap_or(&0)), view.name(*cols.last().unwrap_or(&0)))
        }
        Expr::Together(cols) => names(cols, view),
        Expr::Days(from, to) => format!("days from {} to {}", view.name(*from), view.name(*to)),
    }
}

/// What a figure is called.
pub(crate) fn figure_name(measure: &Measure, view: &View<'_>) -> String {
    let of = measure.name.clone().unwrap_or_else(|| expression(&measure.of, view));
    let of_fractions = matches!(&measure.of, Expr::Column(col) if view.profile(*col).and_then(|one| one.unit.as_deref()) == Some("fraction"));
    let percent =
        if of_fractions || measure.percent && matches!(measure.of, Expr::Op('/', ..)) { " (%)" } else { "" };
    if let Some(weight) = measure.weight {
        return format!("Average {of} weighted by {}{percent}", view.name(weight));
    }
    match (measure.agg, &measure.of) {
        (_, Expr::Rows) => "Number of rows".to_owned(),
        (_, Expr::Op('/', ..)) if measure.is_ratio() => {
            format!("{}{}", super::dates::capital(&of), if measure.percent { " (%)" } else { "" })
        }
        (Agg::Count, _) => format!("Number of {of}"),
        (Agg::Distinct, _) => format!("Number of different {of}"),
        (Agg::Sum, _) => format!("Total {of}"),
        (Agg::Mean, _) => format!("Average {of}{percent}"),
        (Agg::Median, _) => format!("Median {of}{percent}"),
        (Agg::Min, _) => format!("{} {of}{percent}", if is_date(measure, view) { "First" } else { "Least" }),
        (Agg::Max, _) => {
            format!("{} {of}{percent}", if is_date(measure, view) { "Last" } else { "Greatest" })
        }
        (Agg::Quantile(rank), _) => format!("Percentile {rank} of {of}{percent}"),
        (Agg::Range, _) => format!("Greatest less least {of}{percent}"),
        (Agg::Std, _) => format!("Standard deviation of {of}{percent}"),
        (Agg::Last(_), _) => format!("Last {of}{percent}"),
        (Agg::Mode, _) => format!("Most frequent {of}"),
    }
}

/// A number of thousandths.
#[allow(clippy::cast_precision_loss)]
pub(crate) fn thousandths(number: u64) -> f64 {
    number as f64 / 1000.0
}

fn key_name(key: &Key, view: &View<'_>) -> String {
    match key {
        Key::Column(col) => view.name(*col).to_owned(),
        Key::Months(_) => "month, which are columns".to_owned(),
        Key::Quarters(_) => "quarter of the months, which are columns".to_owned(),
        Key::Band(col, width) => {
            format!("{} in steps of {}", view.name(*col), super::python::number(thousandths(*width)))
        }
        Key::Time(col, unit) => {
            let unit = match unit {
                Unit::Day => "day",
                Unit::Week => "week",
                Unit::Month => "month",
                Unit::Quarter => "quarter",
                Unit::Year => "year",
                Unit::Weekday => "day of the week",
                Unit::Hour => "hour of the day",
            };
            format!("{unit} of {}", view.name(*col))
        }
    }
}

/// A condition in words.
pub(crate) fn condition(filter: &Filter, view: &View<'_>) -> String {
    let name = |col: &Col| view.name(*col).to_owned();
    let no = |not: &bool| if *not { "not " } else { "" };
    match filter {
        Filter::Is { col, values, not } => format!("{} is {}{}", name(col), no(not), values.join(" or ")),
        Filter::Contains { col, text, part, not } => {
            let verb = match part {
                Part::Anywhere => "contains",
                Part::Start => "starts with",
                Part::End => "ends with",
            };
            format!("{} {}{verb} {text:?}", name(col), if *not { "does not: " } else { "" })
        }
        Filter::Number { col, cmp, value } => {
            format!("{} {} {}", name(col), cmp.sign().replace("==", "="), super::python::number(*value))
        }
        Filter::Between { col, low, high } if low == high => {
            format!("{} is {}", name(col), super::python::number(*low))
        }
        Filter::Between { col, low, high } => {
            format!(
                "{} is between {} and {}, both included",
                name(col),
                super::python::number(*low),
                super::python::number(*high)
            )
        }
        Filter::Typical { col, cmp, agg, within: None } => compared(&name(col), *cmp, *agg, "all rows"),
        Filter::Typical { col, cmp, agg, within: Some(group) } => {
            compared(&name(col), *cmp, *agg, &format!("the rows of the same {}", name(group)))
        }
        Filter::Columns { left, cmp, right } => format!("{} {} {}", name(left), cmp.sign(), name(right)),
        Filter::Lasts { from, to, cmp, days } => format!(
            "days from {} to {} {} {}",
            name(from),
            name(to),
            cmp.sign(),
            super::python::number(*days)
        ),
        Filter::During { col, range, not } => format!("{} is {}in {}", name(col), no(not), range.words())
            .replace("in from", "from")
            .replace("in before", "before"),
        Filter::Recurs { col, when, not } => format!("{} is {}in {}", name(col), no(not), when.words()),
        Filter::Empty { col, not: false } => format!("{} is empty", name(col)),
        Filter::Empty { col, not: true } => format!("{} is not empty", name(col)),
        Filter::Flag { col, yes } => format!("{} is {}", name(col), if *yes { "yes" } else { "no" }),
        Filter::Not(filters) => format!(
            "not ({})",
            filters.iter().map(|one| condition(one, view)).collect::<Vec<_>>().join(" and ")
        ),
        Filter::Never { col, of } | Filter::Ever { col, of } => {
            let one = if matches!(filter, Filter::Ever { .. }) { "a" } else { "no" };
            format!(
                "{} has {one} row whose {}",
                name(col),
                of.iter().map(|one| condition(one, view)).collect::<Vec<_>>().join(" and ")
            )
        }
        Filter::Any(filters) => {
            filters.iter().map(|one| condition(one, view)).collect::<Vec<_>>().join(" or ")
        }
        Filter::Known { col, table, not, during, .. } => {
            let when = during
                .as_ref()
                .map(|(date, range)| format!(" with {date} in {}", range.words()).replace("in from", "from"))
                .unwrap_or_default();
            format!(
                "{} is {}in {}{when}",
                name(col),
                no(not),
                view.tables.get(*table).map(|table| table.name()).unwrap_or_default()
            )
        }
    }
}

/// A heading, for a chart.
pub(crate) fn title(query: &Query, view: &View<'_>) -> String {
    let figures: Vec<String> = query
        .measures
        .iter()
        .map(|measure| match query.task {
            Task::Draw => expression(&measure.of, view),
            _ => figure_name(measure, view),
        })
        .collect();
    let keys: Vec<String> = query.keys.iter().map(|key| key_name(key, view)).collect();
    let by = if keys.is_empty() { String::new() } else { format!(" by {}", keys.join(" and ")) };
    format!("{}{by}", figures.join(", "))
}

/// How the question was understood, in a sentence or a few.
pub(crate) fn sentence(query: &Query, view: &View<'_>) -> String {
    let mut text = what(query, view);
    let conditions: Vec<String> = query.filters.iter().map(|filter| condition(filter, view)).collect();
    if !conditions.is_empty() {
        let _ = write!(text, ", where {}", conditions.join(", and "));
    }
    if let Some(having) = having(query, view) {
        let _ = write!(text, ", with {having}");
    }
    if let Some(sort) = query.sort {
        let by = sort.by.map(|col| format!(" by {}", view.name(col))).unwrap_or_default();
        let _ = write!(text, ", sorted{by} {}", if sort.rising { "ascending" } else { "descending" });
    }
    if let Some(decimals) = query.decimals {
        let _ = match u32::try_from(-decimals) {
            Ok(tens @ 1..) => write!(text, ", rounded to the nearest {}", 10u64.saturating_pow(tens)),
            _ if decimals == 0 => write!(text, ", rounded to whole numbers"),
            _ => write!(text, ", rounded to {decimals} decimal{}", if decimals == 1 { "" } else { "s" }),
        };
    }
    let base = &view.tables[view.base];
    let _ = match (&base.sheet, &view.joins[..]) {
        (_, joins @ [_, ..]) => {
            let others: Vec<String> = joins.iter().map(|join| view.tables[join.table].name()).collect();
            write!(text, ", from {} joined with {}", base.name(), others.join(" and "))
        }
        (Some(sheet), []) if view.stack.is_some() => {
            write!(text, ", from the sheets {sheet:?} of {:?} together", base.file)
        }
        (Some(sheet), []) => write!(text, ", from sheet {sheet:?} of {:?}", base.file),
        (None, []) if view.stack.is_some() => write!(text, ", from {:?} together", base.file),
        (None, []) => write!(text, ", from {:?}", base.file),
    };
    text.push('.');
    for measure in &query.measures {
        if let Expr::Op(..) = measure.of {
            let _ = write!(
                text,
                " {} is computed as {}.",
                figure_name(measure, view),
                expression(&measure.of, view)
            );
        } else if let Expr::Days(from, to) = measure.of {
            let _ = write!(text, " Days are counted from {} to {}.", view.name(from), view.name(to));
        } else if let Expr::Column(col) = measure.of
            && let Some(profile) = view.profile(col).filter(|profile| profile.empty > 0)
            && view.is_number(col)
        {
            let words: Vec<String> =
                profile.no_value.iter().map(|word| format!("{:?}", word.value)).collect();
            let (held, words) = match words.is_empty() {
                true => ("value", String::new()),
                false => ("number", format!(" ({})", words.join(", "))),
            };
            let _ = write!(
                text,
                " {} cells of {:?} hold no {held}{words} and are left out.",
                profile.empty,
                view.name(col)
            );
        }
    }
    for key in &query.keys {
        let empty = view.profile(key.column()).map_or(0, |profile| profile.empty);
        if empty > 0 {
            let _ = match key {
                Key::Time(..) | Key::Months(_) | Key::Quarters(_) => write!(
                    text,
                    " {empty} rows without a date in {:?} are left out.",
                    view.name(key.column())
                ),
                Key::Column(_) if query.leaves_nameless_out() => {
                    write!(text, " {empty} rows without {:?} are left out.", view.name(key.column()))
                }
                Key::Band(..) => {
                    write!(text, " {empty} rows without {:?} are left out.", view.name(key.column()))
                }
                Key::Column(_) => write!(
                    text,
                    " {empty} rows without {:?} are a group of their own.",
                    view.name(key.column())
                ),
            };
        }
    }
    for key in &query.keys {
        if let Key::Column(col) = key
            && view.is_spelled_unlike(*col)
        {
            let _ = write!(
                text,
                " Spellings of {:?} that differ in case or spaces only are one.",
                view.name(*col)
            );
        }
    }
    for note in &query.notes {
        let _ = write!(text, " {note}");
    }
    text
}

fn what(query: &Query, view: &View<'_>) -> String {
    let figures: Vec<String> = query.measures.iter().map(|measure| figure_name(measure, view)).collect();
    let figures = figures.join(" and ");
    let keys: Vec<String> = query.keys.iter().map(|key| key_name(key, view)).collect();
    let by = if keys.is_empty() { String::new() } else { format!(" by {}", keys.join(" and ")) };
    match &query.task {
        Task::Figures => match query.rank {
            Some(rank) => format!(
                "The {}{} with the {} {}",
                counted(rank),
                keys.join(" and "),
                side(rank),
                lower_first(&figures)
            ),
            None if query.groups_counted => groups_label(query, view),
            None if query.groups_shared => shared_label(query, view),
            None if query.mean_of_groups => {
                format!("The average, over all groups, of {}{by}", lower_first(&figures))
            }
            None => format!("{figures}{by}"),
        },
        Task::Rows(_) => match query.rank {
            Some(rank) => format!(
                "The {}rows with the {} {}{}",
                counted(rank),
                side(rank),
                query.measures.first().map(|measure| expression(&measure.of, view)).unwrap_or_default(),
                if rank.within { format!(" within each {}", keys.join(" and ")) } else { String::new() }
            ),
            None => "The rows".to_owned(),
        },
        Task::Values(col) => format!("The different values of {}", view.name(*col)),
        Task::Share(part) if part.is_empty() => format!("Share in percent of {}{by}", lower_first(&figures)),
        Task::Share(part) if !query.keys.is_empty() => {
            let part: Vec<String> = part.iter().map(|filter| condition(filter, view)).collect();
            format!(
                "Within each {}, the share in percent of {} of the rows whose {}",
                keys.join(" and "),
                lower_first(&figures),
                part.join(" and ")
            )
        }
        Task::Share(part) => {
            let part: Vec<String> = part.iter().map(|filter| condition(filter, view)).collect();
            format!("Share in percent of {} of the rows whose {}", lower_first(&figures), part.join(" and "))
        }
        Task::GrowthEach => {
            format!("Growth of {}{by}, in percent against the period before", lower_first(&figures))
        }
        Task::Growth(before, after) => format!(
            "{} of {}{by} from {} to {}, in percent{}",
            if query.difference { "Difference and growth" } else { "Growth" },
            lower_first(&figures),
            before.name,
            after.name,
            match query.moved {
                Some(true) => ", where it has risen",
                Some(false) => ", where it has fallen",
                None => "",
            }
        ),
        Task::GrowthColumns(before, after) => {
            format!("Growth from {} to {}{by}, in percent", view.name(*before), view.name(*after))
        }
        Task::Cagr => format!(
            "Compound annual growth rate of {} from the first to the last year",
            lower_first(&figures)
        ),
        Task::Running => format!("Running {}{by}", lower_first(&figures)),
        Task::Pivot => format!("{figures}: {}", keys.join(" down, ") + " across"),
        Task::Duplicates(cols) if cols.is_empty() => {
            let dated = (0..view.columns.len()).any(|col| view.kind(col) == ColumnKind::Date);
            let styles = if dated { " and styles of dates" } else { "" };
            format!(
                "Rows that are the same as an earlier one in every column, spaces around values{styles} aside"
            )
        }
        Task::Duplicates(cols) => format!("Rows that repeat the {} of an earlier one", names(cols, view)),
        Task::Missing(_) => "Missing values of each column".to_owned(),
        Task::Outliers(col) => format!(
            "Rows whose {} is more than one and a half times the interquartile range outside the middle half",
            view.name(*col)
        ),
        Task::Correlation(cols) => format!("Correlation (Pearson) of {}", names(cols, view)),
        Task::Describe(cols) => format!("Key figures of {}", names(cols, view)),
        Task::Span(col) => format!("First and last {}", view.name(*col)),
        Task::Ageing { due, edges } => {
            let edges: Vec<String> = edges.iter().map(u32::to_string).collect();
            let today = super::dates::iso(query.today.unwrap_or_default());
            format!(
                "{figures}{by} in buckets of days since {}, as of {today}, up to {} and over",
                view.name(*due),
                edges.join(", ")
            )
        }
        Task::Clean(steps) => cleaned(steps, view),
        Task::Draw => format!("A chart of {}", title(query, view)),
    }
}

fn cleaned(steps: &[Cleaning], view: &View<'_>) -> String {
    let steps: Vec<String> = steps
        .iter()
        .map(|step| match step {
            Cleaning::Trim => "white space trimmed".to_owned(),
            Cleaning::Dedupe => "repeated rows removed".to_owned(),
            Cleaning::Parse => "dates and numbers stored as such".to_owned(),
            Cleaning::DropColumn(col) => format!("without the column {}", view.name(*col)),
            Cleaning::Alike(col) => format!("spellings of {} that differ in case made one", view.name(*col)),
            Cleaning::Fill(col, value) => format!(
                "empty cells{} filled with {}",
                col.map(|col| format!(" of {}", view.name(col))).unwrap_or_default(),
                value.as_deref().unwrap_or("Unknown, numbers with 0")
            ),
            Cleaning::DropMissing(col) => {
                format!("rows without {} removed", col.map_or("all values", |col| view.name(col)))
            }
        })
        .collect();
    format!("A new workbook with the table, {}; the file that was sent stays as it is", steps.join(", "))
}

/// What a part of the groups is called.
pub(crate) fn shared_label(query: &Query, view: &View<'_>) -> String {
    let keys: Vec<String> = query.keys.iter().map(|key| key_name(key, view)).collect();
    format!("Share in percent of the different {}", keys.join(" and "))
}

/// What a number of groups is called.
pub(crate) fn groups_label(query: &Query, view: &View<'_>) -> String {
    let keys: Vec<String> = query
        .keys
        .iter()
        .map(|key| match key {
            Key::Time(col, unit) => {
                format!("{}s of {}", super::vocabulary::unit_word(*unit), view.name(*col))
            }
            other => format!("different {}", key_name(other, view)),
        })
        .collect();
    format!("Number of {}", keys.join(" and "))
}

fn counted(rank: Rank) -> String {
    if rank.count == 1 || rank.nth { String::new() } else { format!("{} ", rank.count) }
}

/// A condition on groups, in words.
fn having(query: &Query, view: &View<'_>) -> Option<String> {
    let name = |at: &usize| {
        query.measures.get(*at).map(|measure| lower_first(&figure_name(measure, view))).unwrap_or_default()
    };
    Some(match query.having.as_ref()? {
        Having::Number { measure, cmp, value } => {
            format!("{} {} {}", name(measure), cmp.sign().replace("==", "="), super::python::number(*value))
        }
        Having::Typical { measure, cmp, agg } => {
            let rows = query.measures.get(*measure).is_some_and(|measure| measure.agg == Agg::Mean);
            let all = if rows { "all rows" } else { "all groups" };
            compared(&name(measure), *cmp, *agg, all)
        }
        Having::Measures { left, cmp, right } => {
            format!("{} {} {}", name(left), cmp.sign().replace("==", "="), name(right))
        }
    })
}

/// How something compares with all others.
fn compared(name: &str, cmp: Cmp, agg: Agg, all: &str) -> String {
    match agg {
        Agg::Quantile(edge) if cmp == Cmp::AtLeast => {
            format!("{name} in the highest {} % of {all}", 100_u8.saturating_sub(edge))
        }
        Agg::Quantile(edge) => format!("{name} in the lowest {edge} % of {all}"),
        Agg::Median => format!("{name} {} the median of {all}", cmp.sign()),
        _ => format!("{name} {} the average of {all}", cmp.sign()),
    }
}

fn side(rank: Rank) -> String {
    let side = if rank.lowest { "lowest" } else { "highest" };
    let place = (rank.count as usize).checked_sub(1).and_then(|at| super::numerals::ORDINALS.get(at));
    match place.filter(|_| rank.nth) {
        Some(place) => format!("{place} {side}"),
        None if rank.nth => format!("{side} but {}", rank.count.saturating_sub(1)),
        None => side.to_owned(),
    }
}
