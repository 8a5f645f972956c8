//! Tables that hold the same columns, such as a sheet for each year, set below one another as one table.

use std::collections::BTreeMap;

use ringfence_pipeline::ports::{ColumnKind, ColumnProfile, ColumnRole, TableProfile, ValueCount};

use super::{
    dates::{capital, month_of},
    spelling::normal_words,
    view::is_number,
};

/// Most values that are kept of one column.
const VALUES_MAX: usize = 200;

/// A table that is made of others.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Stack {
    /// Its place among all tables.
    pub(crate) table: usize,
    /// The tables that it is made of, in the order of the values of its last column, which tells them apart.
    pub(crate) parts: Vec<usize>,
    /// Their names go on from one another, as years do: then one of them alone is rarely meant.
    pub(crate) is_series: bool,
}

/// The tables, followed by those that can be made of them.
pub(crate) fn with_stacked(tables: &[TableProfile]) -> (Vec<TableProfile>, Vec<Stack>) {
    let mut all = tables.to_vec();
    let mut stacks: Vec<Stack> = Vec::new();
    for first in 0..tables.len() {
        let alike = |at: &usize| !tables[*at].hidden && are_alike(&tables[first], &tables[*at]);
        let parts: Vec<usize> = (first..tables.len()).filter(alike).collect();
        if parts.len() < 2 || tables[first].hidden || stacks.iter().any(|stack| stack.parts.contains(&first))
        {
            continue;
        }
        let members: Vec<&TableProfile> = parts.iter().map(|at| &tables[*at]).collect();
        let labels: Vec<String> = members.iter().map(|table| label(table)).collect();
        stacks.push(Stack { table: all.len(), parts, is_series: is_series(&labels) });
        all.push(stacked(&members, &labels));
    }
    (all, stacks)
}

/// True if the columns of both have the same names and hold values of the same kind.
pub(crate) fn are_alike(one: &TableProfile, other: &TableProfile) -> bool {
    let fits = |left: &ColumnProfile, right: &ColumnProfile| {
        left.kind == right.kind || is_number(left.kind) && is_number(right.kind)
    };
    let twin = |column: &ColumnProfile| {
        other.columns.iter().any(|twin| twin.name == column.name && fits(column, twin))
    };
    one.format == other.format
        && one.columns.len() == other.columns.len()
        && one.columns.len() > 1
        && one.columns.iter().all(twin)
}

/// True if a table is one of those that another is made of.
pub(crate) fn are_part(stacks: &[Stack], stacked: usize, part: usize) -> bool {
    stacks.iter().any(|stack| stack.table == stacked && stack.parts.contains(&part))
}

/// The sheet's name, or the file's without its ending.
fn label(table: &TableProfile) -> String {
    let stem = table.file.rsplit_once('.').map_or(table.file.as_str(), |(stem, _)| stem);
    table.sheet.as_deref().unwrap_or(stem).trim().to_owned()
}

/// True if the names differ in nothing but numbers and months.
fn is_series(labels: &[String]) -> bool {
    let plain = |label: &String| -> Vec<String> {
        let counts = |word: &str| {
            month_of(word).is_some()
                || word.trim_start_matches(['q', 'h', 'w']).chars().all(|char| char.is_ascii_digit())
        };
        normal_words(label).into_iter().filter(|word| !counts(word)).collect()
    };
    let first = labels.first().map(plain);
    labels.iter().all(|label| Some(plain(label)) == first && Some(normal_words(label)) != first)
}

/// The years, quarters or months that tell the tables apart, and what they are called, if it is nothing else.
fn periods(labels: &[String]) -> Option<(&'static str, Vec<String>)> {
    let year =
        |word: &String| word.len() == 4 && word.parse::<u32>().is_ok_and(|year| (1800..2200).contains(&year));
    let quarter =
        |word: &String| word.strip_prefix('q').is_some_and(|number| ["1", "2", "3", "4"].contains(&number));
    let month = |word: &String| month_of(word).is_some();
    let all = |is: &dyn Fn(&String) -> bool| {
        labels.iter().map(|label| normal_words(label).into_iter().find(is)).collect::<Option<Vec<String>>>()
    };
    let found = [("Year", all(&year)), ("Quarter", all(&quarter)), ("Month", all(&month))];
    let mut found = found.into_iter().filter_map(|(name, values)| values.map(|values| (name, values)));
    let (name, values) = found.next().filter(|_| found.next().is_none())?;
    let values = if name == "Year" { values } else { values.iter().map(|value| capital(value)).collect() };
    let mut different = values.clone();
    different.sort_unstable();
    different.dedup();
    (different.len() == labels.len()).then_some((name, values))
}

fn stacked(parts: &[&TableProfile], labels: &[String]) -> TableProfile {
    let first = parts[0];
    let mut table = first.clone();
    let one_file = parts.iter().all(|part| part.file == first.file);
    if !one_file {
        table.file = parts.iter().map(|part| part.file.as_str()).collect::<Vec<_>>().join(", ");
    }
    table.sheet = one_file.then(|| labels.join(", "));
    table.rows = parts.iter().map(|part| part.rows).sum();
    for column in &mut table.columns {
        let twins: Vec<&ColumnProfile> =
            parts.iter().flat_map(|part| part.columns.iter().find(|twin| twin.name == column.name)).collect();
        *column = united(&twins);
    }
    let dated = table.columns.iter().any(|column| column.kind == ColumnKind::Date);
    let periods = periods(labels).filter(|(name, _)| {
        !dated && !table.columns.iter().any(|column| column.name.eq_ignore_ascii_case(name))
    });
    let (name, values) =
        periods.unwrap_or_else(|| (if one_file { "Sheet" } else { "File" }, labels.to_vec()));
    let kind = if name == "Year" { ColumnKind::Integer } else { ColumnKind::Text };
    let mut told = ColumnProfile::new(name, kind);
    while table.columns.iter().any(|column| column.name == told.name) {
        told.name.push('\'');
    }
    let numbers: Vec<f64> = values.iter().filter_map(|value| value.parse().ok()).collect();
    told.role = ColumnRole::Category;
    told.distinct = u64::try_from(values.len()).unwrap_or(u64::MAX);
    if name == "Year" {
        told.min = numbers.iter().copied().reduce(f64::min);
        told.max = numbers.iter().copied().reduce(f64::max);
    }
    told.values = values
        .iter()
        .zip(parts)
        .map(|(value, part)| ValueCount { value: value.clone(), count: part.rows })
        .collect();
    told.all_values = true;
    table.columns.push(told);
    table
}

/// What is known of a column that goes on in other tables.
fn united(parts: &[&ColumnProfile]) -> ColumnProfile {
    let mut column = parts[0].clone();
    let least = |of: &dyn Fn(&ColumnProfile) -> Option<f64>| {
        parts.iter().filter_map(|part| of(part)).reduce(f64::min)
    };
    column.min = least(&|part| part.min);
    column.max = least(&|part| part.max.map(|max| -max)).map(|max| -max);
    column.sum = parts.iter().map(|part| part.sum).sum();
    column.earliest = parts.iter().filter_map(|part| part.earliest.clone()).min();
    column.latest = parts.iter().filter_map(|part| part.latest.clone()).max();
    column.quartiles = None;
    column.empty = parts.iter().map(|part| part.empty).sum();
    if parts.iter().any(|part| part.kind == ColumnKind::Number) {
        column.kind = ColumnKind::Number;
    }
    let mut counts: BTreeMap<&str, u64> = BTreeMap::new();
    for value in parts.iter().flat_map(|part| &part.values) {
        *counts.entry(value.value.as_str()).or_default() += value.count;
    }
    let known = u64::try_from(counts.len()).unwrap_or(u64::MAX);
    let all = parts.iter().all(|part| part.all_values);
    // What is not all known may be told twice; a key that is in every table is none of all of them.
    column.distinct =
        if all { known } else { known.max(parts.iter().map(|part| part.distinct).max().unwrap_or(0)) };
    column.many_distinct = parts.iter().any(|part| part.many_distinct);
    let mut values: Vec<ValueCount> =
        counts.into_iter().map(|(value, count)| ValueCount { value: value.to_owned(), count }).collect();
    values.sort_by_key(|value| std::cmp::Reverse(value.count));
    column.all_values = all && values.len() <= VALUES_MAX;
    values.truncate(VALUES_MAX);
    column.values = values;
    column
}
