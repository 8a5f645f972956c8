//! What has changed between two tables that the same code is to read: a pure comparison of their profiles.

use std::{
    collections::{BTreeMap, BTreeSet},
    fmt,
};

use serde::Serialize;

use crate::ports::{ColumnKind, ColumnProfile, FileProfile, Stored, TableFormat, TableProfile};

/// Something about a table that is not as it was.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Drift {
    /// The file's name.
    pub file: String,
    /// The sheet's name; none if the file has no sheets, or the change is the whole file's.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub sheet: Option<String>,
    /// What has changed.
    #[serde(flatten)]
    pub change: Change,
}

/// What has changed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(tag = "change", rename_all = "camelCase")]
pub enum Change {
    /// The file is of another format.
    Format {
        /// What it was.
        before: TableFormat,
        /// What it is.
        after: TableFormat,
    },
    /// A sheet is gone, or holds no table any more.
    SheetMissing,
    /// A sheet with a table is new.
    SheetAdded,
    /// The header stands in another row.
    Header {
        /// Rows above it.
        before: u64,
        /// Rows above it.
        after: u64,
    },
    /// Totals, remarks or merged cells stand in other rows, or there are some where there were none.
    LeftOut,
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
    /// The columns that both have stand in other places: programs often read them by their places.
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
    /// is worth a look: another column after the others, whole numbers that have decimals now.
    pub fn stops(&self) -> bool {
        match &self.change {
            Change::Added { .. } | Change::SheetAdded | Change::Incomparable { .. } => false,
            Change::Kind { before, after, .. } => !(is_numeric(*before) && is_numeric(*after)),
            Change::Format { .. }
            | Change::SheetMissing
            | Change::Header { .. }
            | Change::Order
            | Change::LeftOut
            | Change::Missing { .. }
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
        match &self.sheet {
            Some(sheet) => write!(f, "{:?}, sheet {sheet:?}: ", self.file)?,
            None => write!(f, "{:?}: ", self.file)?,
        }
        match &self.change {
            Change::Format { before, after } => write!(f, "it was {before}, now is {after}"),
            Change::SheetMissing => f.write_str("the sheet is gone, or holds no table any more"),
            Change::SheetAdded => f.write_str("the sheet is new"),
            Change::Header { before, after } => {
                write!(f, "the header was in row {}, now is in row {}", before + 1, after + 1)
            }
            Change::LeftOut => f.write_str("totals, remarks or merged cells stand in other rows than before"),
            Change::Missing { column } => write!(f, "column {column:?} is missing"),
            Change::Added { column } => write!(f, "column {column:?} is new"),
            Change::Order => f.write_str("the columns stand in other places"),
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

/// What has changed from one file to another that takes its place.
pub(crate) fn drift(before: &FileProfile, after: &FileProfile) -> Vec<Drift> {
    let said =
        |sheet: &Option<String>, change| Drift { file: after.file.clone(), sheet: sheet.clone(), change };
    if before.format != after.format {
        return vec![said(&None, Change::Format { before: before.format, after: after.format })];
    }
    let mut drifts = Vec::new();
    for was in &before.tables {
        match after.tables.iter().find(|table| table.sheet == was.sheet) {
            Some(is) => {
                drifts.extend(table_drift(was, is).into_iter().map(|change| said(&is.sheet, change)));
            }
            None => drifts.push(said(&was.sheet, Change::SheetMissing)),
        }
    }
    let is_new = |table: &&TableProfile| before.tables.iter().all(|was| was.sheet != table.sheet);
    drifts.extend(after.tables.iter().filter(is_new).map(|table| said(&table.sheet, Change::SheetAdded)));
    drifts
}

fn table_drift(before: &TableProfile, after: &TableProfile) -> Vec<Change> {
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
    if old.iter().any(|(name, was)| new.get(name).is_some_and(|is| is.position != was.position)) {
        changes.push(Change::Order);
    }
    changes
}

fn by_name(table: &TableProfile) -> impl Iterator<Item = (&str, &ColumnProfile)> {
    table.columns.iter().map(|column| (column.name.as_str(), column))
}

/// How the file as a whole is written.
fn written_otherwise(before: &TableProfile, after: &TableProfile) -> Vec<Change> {
    let mut changes = Vec::new();
    if let (Some(before), Some(after)) = (&before.encoding, &after.encoding)
        && before != after
    {
        let (before, after) = (before.clone(), after.clone());
        changes.push(Change::Encoding { before, after });
    }
    if let (Some(before), Some(after)) = (before.delimiter, after.delimiter)
        && before != after
    {
        changes.push(Change::Delimiter { before, after });
    }
    if before.header_row != after.header_row {
        changes.push(Change::Header { before: before.header_row, after: after.header_row });
    }
    let merged = |table: &TableProfile| -> Vec<Vec<(u64, u64)>> {
        table.columns.iter().map(|column| column.merged.clone()).filter(|merged| !merged.is_empty()).collect()
    };
    if (before.left_out_between().0, before.tail) != (after.left_out_between().0, after.tail)
        || merged(before) != merged(after)
    {
        changes.push(Change::LeftOut);
    }
    // Where no number has decimals, the reader's word for their separator means nothing.
    let decimals =
        |column: &ColumnProfile| column.kind == ColumnKind::Number && column.stored != Stored::Native;
    let decimals = after.columns.iter().any(decimals);
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
    if let (Some(before), Some(after)) = (dates_of(was), dates_of(is))
        && before != after
    {
        changes.push(Change::DateFormat { column: column(), before, after });
    }
    let known: BTreeSet<&String> = was.marks.iter().collect();
    let added: Vec<String> = is.marks.iter().filter(|mark| !known.contains(mark)).cloned().collect();
    if is_numeric(was.kind) && !added.is_empty() {
        changes.push(Change::Marks { column: column(), added });
    }
    changes
}

/// How a column's dates are written.
fn dates_of(column: &ColumnProfile) -> Option<String> {
    let language = column.month_language.map(|language| format!(" ({})", language.code()));
    column.date_format.as_ref().map(|format| format!("{format}{}", language.unwrap_or_default()))
}

fn is_numeric(kind: ColumnKind) -> bool {
    matches!(kind, ColumnKind::Integer | ColumnKind::Number)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn column(name: &str, kind: ColumnKind) -> ColumnProfile {
        ColumnProfile { distinct: 1, ..ColumnProfile::new(name, kind) }
    }

    fn table(mut columns: Vec<ColumnProfile>) -> TableProfile {
        (0..).zip(&mut columns).for_each(|(position, column)| column.position = position);
        TableProfile {
            file: "sales.csv".to_owned(),
            format: TableFormat::Csv,
            sheet: None,
            hidden: false,
            delimiter: Some(','),
            encoding: Some("utf-8-sig".to_owned()),
            json: None,
            decimal: '.',
            title: None,
            header_row: 0,
            headerless: false,
            rows: 1,
            left_out: Vec::new(),
            tail: 0,
            blank_rows: 0,
            notes: Vec::new(),
            columns,
        }
    }

    fn file(tables: &[&TableProfile]) -> FileProfile {
        let tables: Vec<TableProfile> = tables.iter().map(|table| (*table).clone()).collect();
        FileProfile { file: "sales.csv".to_owned(), format: tables[0].format, tables, notes: Vec::new() }
    }

    /// What is said, each with whether it stops.
    fn said(before: &TableProfile, after: &TableProfile) -> Vec<(String, bool)> {
        let text = |drift: &Drift| drift.to_string().replace("\"sales.csv\": ", "");
        drift(&file(&[before]), &file(&[after])).iter().map(|drift| (text(drift), drift.stops())).collect()
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
            pair("the columns stand in other places", true),
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
        (after.delimiter, after.decimal, after.encoding) = (Some(';'), ',', Some("cp1252".to_owned()));
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

    #[test]
    fn totals_may_move_with_the_end_of_the_table_and_nowhere_else() {
        use ringfence_job::table::{LeftOut, LeftOutWhy};
        let total = |first| LeftOut { first, last: first, why: LeftOutWhy::Total };
        let mut before = table(vec![column("a", ColumnKind::Integer)]);
        (before.rows, before.left_out, before.tail) = (9, vec![total(9)], 1);
        let mut after = before.clone();
        (after.rows, after.left_out) = (20, vec![total(20)]);
        assert_eq!(said(&before, &after), []);
        (after.left_out, after.tail) = (vec![total(7)], 0);
        let text = "totals, remarks or merged cells stand in other rows than before";
        assert_eq!(said(&before, &after), [pair(text, true)]);
        after.left_out = Vec::new();
        assert_eq!(said(&before, &after), [pair(text, true)]);
    }

    #[test]
    fn sheets_are_followed_by_their_names() {
        let sheet = |name: &str| {
            let mut table = table(vec![column("a", ColumnKind::Integer)]);
            (table.format, table.sheet) = (TableFormat::Xlsx, Some(name.to_owned()));
            (table.delimiter, table.encoding) = (None, None);
            table
        };
        let (one, two, mut three) = (sheet("One"), sheet("Two"), sheet("Three"));
        let said = |after: &[&TableProfile]| -> Vec<(String, bool)> {
            let drifts = drift(&file(&[&one, &two]), &file(after));
            drifts.iter().map(|drift| (drift.to_string(), drift.stops())).collect()
        };
        assert_eq!(said(&[&two, &one]), []);
        assert_eq!(
            said(&[&one, &three]),
            [
                pair("\"sales.csv\", sheet \"Two\": the sheet is gone, or holds no table any more", true),
                pair("\"sales.csv\", sheet \"Three\": the sheet is new", false),
            ]
        );
        three.format = TableFormat::Ods;
        let text = "\"sales.csv\": it was an Excel workbook (xlsx), now is an OpenDocument spreadsheet";
        assert_eq!(said(&[&three]), [pair(text, true)]);
    }
}
