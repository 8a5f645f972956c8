//! Measures one column cell by cell, in memory that does not grow with the rows.

use std::{
    collections::HashSet,
    hash::{DefaultHasher, Hash, Hasher},
};

use ringfence_job::table::{ColumnKind, ColumnProfile};

use crate::{
    date::Formats,
    limits::DISTINCT_MAX,
    number::{self, Decimal, Evidence, Marks},
};

/// Words that stand for a missing value in a column of numbers, dates or truth values.
const MISSING: [&str; 10] = ["-", "--", "\u{2014}", "na", "n/a", "#n/a", "nan", "null", "none", "?"];

const BOOLEANS: [&str; 4] = ["true", "false", "yes", "no"];

/// What is known of a column so far, under both readings of its decimal separator.
#[derive(Debug, Default)]
pub(crate) struct Column {
    empty: u64,
    missing: u64,
    values: u64,
    distinct: HashSet<u64>,
    by_point: Numbers,
    by_comma: Numbers,
    dates: Formats,
    not_boolean: bool,
}

impl Column {
    /// Takes the next cell, as it stands in the file.
    pub(crate) fn add(&mut self, cell: &str) {
        let cell = cell.trim();
        if cell.is_empty() {
            self.empty += 1;
            return;
        }
        if self.distinct.len() < DISTINCT_MAX {
            let mut hasher = DefaultHasher::new();
            cell.hash(&mut hasher);
            self.distinct.insert(hasher.finish());
        }
        if MISSING.iter().any(|word| cell.eq_ignore_ascii_case(word)) {
            self.missing += 1;
            return;
        }
        self.values += 1;
        self.by_point.add(cell, Decimal::Point);
        self.by_comma.add(cell, Decimal::Comma);
        self.dates.narrow(cell);
        self.not_boolean |= !BOOLEANS.iter().any(|word| cell.eq_ignore_ascii_case(word));
    }

    pub(crate) fn numbers(&self, decimal: Decimal) -> &Numbers {
        match decimal {
            Decimal::Point => &self.by_point,
            Decimal::Comma => &self.by_comma,
        }
    }

    pub(crate) fn profile(&self, name: String, decimal: Decimal, day_first: bool) -> ColumnProfile {
        let numbers = self.numbers(decimal);
        let kind = self.kind(numbers);
        let is_number = matches!(kind, ColumnKind::Integer | ColumnKind::Number);
        let is_date = kind == ColumnKind::Date;
        let missing = if kind == ColumnKind::Text { 0 } else { self.missing };
        ColumnProfile {
            empty: self.empty + missing,
            distinct: self.distinct.len() as u64,
            min: is_number.then_some(numbers.min),
            max: is_number.then_some(numbers.max),
            marks: if is_number { numbers.marks.names() } else { Vec::new() },
            date_format: if is_date { self.dates.best(day_first).map(str::to_owned) } else { None },
            ..ColumnProfile::new(name, kind)
        }
    }

    fn kind(&self, numbers: &Numbers) -> ColumnKind {
        match () {
            () if self.values + self.missing == 0 => ColumnKind::Empty,
            () if self.values == 0 => ColumnKind::Text,
            () if numbers.is_column() && !numbers.fractions => ColumnKind::Integer,
            () if numbers.is_column() => ColumnKind::Number,
            () if !self.not_boolean => ColumnKind::Boolean,
            () if self.dates.is_possible() => ColumnKind::Date,
            () => ColumnKind::Text,
        }
    }
}

/// A column read as numbers.
#[derive(Debug, Default)]
pub(crate) struct Numbers {
    count: u64,
    percents: u64,
    /// A cell that is no number was seen.
    failed: bool,
    fractions: bool,
    marks: Marks,
    min: f64,
    max: f64,
    pub(crate) clear: u64,
    pub(crate) ambiguous: u64,
}

impl Numbers {
    fn add(&mut self, cell: &str, decimal: Decimal) {
        if self.failed {
            return;
        }
        let Some(number) = number::parse(cell, decimal) else {
            self.failed = true;
            return;
        };
        (self.min, self.max) = match self.count {
            0 => (number.value, number.value),
            _ => (self.min.min(number.value), self.max.max(number.value)),
        };
        self.count += 1;
        self.percents += u64::from(number.marks.has_percent());
        self.fractions |= !number.whole;
        self.marks = self.marks.union(number.marks);
        self.clear += u64::from(number.evidence == Evidence::Clear);
        self.ambiguous += u64::from(number.evidence == Evidence::Ambiguous);
    }

    /// True if the cells are numbers of one unit: `5 %` and `5`, or `$5` and `€5`, do not add up.
    pub(crate) fn is_column(&self) -> bool {
        let one_unit = self.marks.currencies() <= 1 && (self.percents == 0 || self.percents == self.count);
        self.count > 0 && !self.failed && one_unit
    }
}
