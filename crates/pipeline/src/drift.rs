//! What has changed between two tables that the same code is to read: a pure comparison of their profiles.

use std::{
    collections::{BTreeMap, BTreeSet},
    fmt,
};

use serde::Serialize;

use crate::ports::{ColumnKind, ColumnProfile, TableProfile};

/// Something about a table that is not as it was.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Drift {
    /// The table's name.
    pub file: String,
    /// What has changed.
    #[serde(flatten)]
    pub change: Change,
}

/// What has changed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(tag = "change", rename_all = "camelCase")]
pub enum Change {
    /// A column is gone.
    Missing {
        /// Its name.
        column: String,
    },
    /// A column is new.
    Added {
        /// Its name.
        column: String,
    },
    /// The columns that both have stand in another order.
    Order,
    /// A column's values are of another kind.
    Kind {
        /// Its name.
        column: String,
        /// What they were.
        before: ColumnKind,
        /// What they are.
        after: ColumnKind,
    },
    /// A column's dates are written in another format.
    DateFormat {
        /// Its name.
        column: String,
        /// As `strptime` has it.
        before: String,
        /// As `strptime` has it.
        after: String,
    },
    /// A column's numbers hold marks that they did not hold, such as a currency's.
    Marks {
        /// Its name.
        column: String,
        /// Which.
        added: Vec<String>,
    },
    /// Fields are separated by another character.
    Delimiter {
        /// What it was.
        before: char,
        /// What it is.
        after: char,
    },
    /// Decimals are separated by another character.
    Decimal {
        /// What it was.
        before: char,
        /// What it is.
        after: char,
    },
    /// The text is encoded otherwise.
    Encoding {
        /// As Python names it.
        before: String,
        /// As Python names it.
        after: String,
    },
    /// It cannot be read as a table.
    Unreadable {
        /// Why.
        reason: String,
    },
    /// It could not be read as a table before either, so that there is nothing to compare with.
    Incomparable {
        /// Why.
        reason: String,
    },
}

impl Drift {
    /// True if code that was made for the table as it was would fail, or compute something wrong. The rest
    /// is worth a look: another column, another order, whole numbers that have decimals now.
    pub fn stops(&self) -> bool {
        match &self.change {
            Change::Added { .. } | Change::Order | Change::Incomparable { .. } => false,
            Change::Kind { before, after, .. } => !(is_numeric(*before) && is_numeric(*after)),
            Change::Missing { .. }
            | Change::DateFormat { .. }
            | Change::Marks { .. }
            | Change::Delimiter { .. }
            | Change::Decimal { .. }
            | Change::Encoding { .. }
            | Change::Unreadable { .. } => true,
        }
    }
}

// Names come from files, so they are quoted with everything odd escaped.
impl fmt::Display for Drift {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?}: ", self.file)?;
        match &self.change {
            Change::Missing { column } => write!(f, "column {column:?} is missing"),
            Change::Added { column } => write!(f, "column {column:?} is new"),
            Change::Order => f.write_str("the columns stand in another order"),
            Change::Kind { column, before, after } => {
                write!(f, "column {column:?} held {before}, now holds {after}")
            }
            Change::DateFormat { column, before, after } => {
                write!(f, "dates in column {column:?} were written {before:?}, now {after:?}")
            }
            Change::Marks { column, added } => {
                write!(f, "numbers in column {column:?} hold what they did not: {added:?}")
            }
            Change::Delimiter { before, after } => {
                write!(f, "fields were separated by {before:?}, now by {after:?}")
            }
            Change::Decimal { before, after } => {
                write!(f, "decimals were separated by {before:?}, now by {after:?}")
            }
            Change::Encoding { before, after } => write!(f, "the encoding was {before}, now is {after}"),
            Change::Unreadable { reason } => write!(f, "it cannot be read as a table: {reason:?}"),
            Change::Incomparable { reason } => {
                write!(f, "it could not be read as a table before, nothing is compared: {reason:?}")
            }
        }
    }
}

/// What has changed from one table to another that takes its place.
pub(crate) fn drift(before: &TableProfile, after: &TableProfile) -> Vec<Drift> {
    let mut changes = written_otherwise(before, after);
    let old: BTreeMap<&str, &ColumnProfile> = by_name(before).collect();
    let new: BTreeMap<&str, &ColumnProfile> = by_name(after).collect();
    for (name, was) in by_name(before) {
        match new.get(name) {
            Some(is) => changes.extend(held_otherwise(was, is)),
            None => changes.push(Change::Missing { column: name.to_owned() }),
        }
    }
    let added = by_name(after).filter(|(name, _)| !old.contains_key(name));
    changes.extend(added.map(|(name, _)| Change::Added { column: name.to_owned() }));
    let stayed = by_name(before).map(|(name, _)| name).filter(|name| new.contains_key(name));
    if !stayed.eq(by_name(after).map(|(name, _)| name).filter(|name| old.contains_key(name))) {
        changes.push(Change::Order);
    }
    changes.into_iter().map(|change| Drift { file: after.file.clone(), change }).collect()
}

fn by_name(table: &TableProfile) -> impl Iterator<Item = (&str, &ColumnProfile)> {
    table.columns.iter().map(|column| (column.name.as_str(), column))
}

/// How the file as a whole is written.
fn written_otherwise(before: &TableProfile, after: &TableProfile) -> Vec<Change> {
    let mut changes = Vec::new();
    if before.encoding != after.encoding {
        let (before, after) = (before.encoding.clone(), after.encoding.clone());
        changes.push(Change::Encoding { before, after });
    }
    if before.delimiter != after.delimiter {
        changes.push(Change::Delimiter { before: before.delimiter, after: after.delimiter });
    }
    // Where no number has decimals, the reader's word for their separator means nothing.
    let decimals = after.columns.iter().any(|column| column.kind == ColumnKind::Number);
    if before.decimal != after.decimal && decimals {
        changes.push(Change::Decimal { before: before.decimal, after: after.decimal });
    }
    changes
}

/// What a column that both have holds.
fn held_otherwise(was: &ColumnProfile, is: &ColumnProfile) -> Vec<Change> {
    let column = || was.name.clone();
    let mut changes = Vec::new();
    if was.kind != is.kind {
        changes.push(Change::Kind { column: column(), before: was.kind, after: is.kind });
    }
    if let (Some(before), Some(after)) = (&was.date_format, &is.date_format)
        && before != after
    {
        let (before, after) = (before.clone(), after.clone());
        changes.push(Change::DateFormat { column: column(), before, after });
    }
    let known: BTreeSet<&String> = was.marks.iter().collect();
    let added: Vec<String> = is.marks.iter().filter(|mark| !known.contains(mark)).cloned().collect();
    if is_numeric(was.kind) && !added.is_empty() {
        changes.push(Change::Marks { column: column(), added });
    }
    changes
}

fn is_numeric(kind: ColumnKind) -> bool {
    matches!(kind, ColumnKind::Integer | ColumnKind::Number)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn column(name: &str, kind: ColumnKind) -> ColumnProfile {
        ColumnProfile {
            name: name.to_owned(),
            kind,
            empty: 0,
            distinct: 1,
            min: None,
            max: None,
            marks: Vec::new(),
            date_format: None,
        }
    }

    fn table(columns: Vec<ColumnProfile>) -> TableProfile {
        TableProfile {
            file: "sales.csv".to_owned(),
            delimiter: ',',
            encoding: "utf-8-sig".to_owned(),
            decimal: '.',
            rows: 1,
            columns,
        }
    }

    /// What is said, each with whether it stops.
    fn said(before: &TableProfile, after: &TableProfile) -> Vec<(String, bool)> {
        let text = |drift: &Drift| drift.to_string().replace("\"sales.csv\": ", "");
        drift(before, after).iter().map(|drift| (text(drift), drift.stops())).collect()
    }

    fn pair(text: &str, stops: bool) -> (String, bool) {
        (text.to_owned(), stops)
    }

    #[test]
    fn the_same_columns_with_other_values_are_no_drift() {
        let before = table(vec![column("a", ColumnKind::Integer), column("b", ColumnKind::Text)]);
        let mut after = before.clone();
        (after.rows, after.columns[0].max, after.columns[1].distinct) = (900, Some(7.0), 400);
        assert_eq!(said(&before, &after), []);
    }

    #[test]
    fn columns_are_followed_by_their_names() {
        use ColumnKind::{Date, Integer, Number, Text};
        let before = table(vec![column("a", Integer), column("b", Text), column("c", Date)]);
        let after = table(vec![column("c", Text), column("n\u{1b}", Text), column("a", Number)]);
        let expected = [
            pair("column \"a\" held integers, now holds numbers", false),
            pair("column \"b\" is missing", true),
            pair("column \"c\" held dates, now holds text", true),
            pair("column \"n\\u{1b}\" is new", false),
            pair("the columns stand in another order", false),
        ];
        assert_eq!(said(&before, &after), expected);
    }

    #[test]
    fn another_way_of_writing_stops() {
        let mut before = table(vec![column("d", ColumnKind::Date), column("x", ColumnKind::Number)]);
        before.columns[0].date_format = Some("%Y-%m-%d".to_owned());
        before.columns[1].marks = vec!["€".to_owned()];
        let mut after = before.clone();
        after.columns[0].date_format = Some("%d.%m.%Y".to_owned());
        after.columns[1].marks = vec!["$".to_owned()];
        (after.delimiter, after.decimal, after.encoding) = (';', ',', "cp1252".to_owned());
        let expected = [
            pair("the encoding was utf-8-sig, now is cp1252", true),
            pair("fields were separated by ',', now by ';'", true),
            pair("decimals were separated by '.', now by ','", true),
            pair("dates in column \"d\" were written \"%Y-%m-%d\", now \"%d.%m.%Y\"", true),
            pair("numbers in column \"x\" hold what they did not: [\"$\"]", true),
        ];
        assert_eq!(said(&before, &after), expected);
        // Whole numbers have no decimals to separate.
        let before = table(vec![column("x", ColumnKind::Integer)]);
        let after = TableProfile { decimal: ',', ..before.clone() };
        assert_eq!(said(&before, &after), []);
    }
}
