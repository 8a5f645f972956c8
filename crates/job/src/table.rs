//! What a jailed reader says of a person's table: the message between it and whoever asked.
//!
//! The report holds names, kinds, ranges and frequent values, never rows. It comes out of a jail that has parsed
//! hostile input, so whoever takes it checks every field against the bounds below.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::MonthLanguage;

/// Most tables reported of one file: the sheets of a workbook.
pub const TABLES_MAX: usize = 64;

/// Most columns of one table.
pub const COLUMNS_MAX: usize = 1_000;

/// Most columns of all tables of one file.
pub const FILE_COLUMNS_MAX: usize = 2_000;

/// Most rows of one table: those of the largest worksheet.
pub const ROWS_MAX: u64 = 1 << 32;

/// Longest column's or sheet's name, in bytes.
pub const NAME_BYTES_MAX: usize = 200;

/// Longest title, value, mark, unit or format, in bytes.
pub const VALUE_BYTES_MAX: usize = 80;

/// Most values named of one column.
pub const VALUES_MAX: usize = 200;

/// Most marks in the numbers of one column.
pub const MARKS_MAX: usize = 48;

/// Most remarks about one file or one table.
pub const NOTES_MAX: usize = 16;

/// Longest remark, in bytes.
pub const NOTE_BYTES_MAX: usize = 400;

/// Most stretches of rows of one table that are left out, and most merged stretches of one column.
pub const SPANS_MAX: usize = 500;

/// Bytes of the longest report, as JSON.
pub const REPORT_BYTES_MAX: usize = 2 * 1024 * 1024 - 4096;

/// What is in a file.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct FileProfile {
    /// The input file's name.
    pub file: String,
    /// What the file is, by its content.
    pub format: TableFormat,
    /// Its tables: one for each sheet that holds anything, otherwise one. Never empty.
    pub tables: Vec<TableProfile>,
    /// What a person should know about the whole file, a sentence each.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub notes: Vec<String>,
}

/// How a file is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum TableFormat {
    /// Lines of text with a separator: CSV, TSV and their kin.
    Csv,
    /// Excel's workbook in XML, with macros or without.
    Xlsx,
    /// Excel's binary workbook.
    Xlsb,
    /// Excel's workbook until 2003.
    Xls,
    /// OpenDocument's spreadsheet.
    Ods,
    /// One JSON document.
    Json,
    /// A JSON document on each line.
    Jsonl,
    /// Apache Parquet.
    Parquet,
}

impl TableFormat {
    /// True if the file has sheets, whose cells are numbers, dates and text as they are, not as they look.
    pub fn is_workbook(self) -> bool {
        matches!(self, TableFormat::Xlsx | TableFormat::Xlsb | TableFormat::Xls | TableFormat::Ods)
    }
}

impl fmt::Display for TableFormat {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            TableFormat::Csv => "CSV text",
            TableFormat::Xlsx => "an Excel workbook (xlsx)",
            TableFormat::Xlsb => "an Excel workbook (xlsb)",
            TableFormat::Xls => "an Excel workbook (xls)",
            TableFormat::Ods => "an OpenDocument spreadsheet",
            TableFormat::Json => "JSON",
            TableFormat::Jsonl => "JSON lines",
            TableFormat::Parquet => "Parquet",
        })
    }
}

/// What is in a table.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct TableProfile {
    /// The input file's name.
    pub file: String,
    /// What the file is, by its content.
    pub format: TableFormat,
    /// The sheet's name; only a workbook has sheets.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sheet: Option<String>,
    /// True if the workbook hides the sheet.
    #[serde(default, skip_serializing_if = "is_false")]
    pub hidden: bool,
    /// Field separator of CSV text, one ASCII character.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub delimiter: Option<char>,
    /// Encoding of CSV text as Python names it: `utf-8-sig`, `cp1252`, `utf-16`,
    /// `utf-16-le` or `utf-16-be`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub encoding: Option<String>,
    /// How a JSON document holds its rows.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub json: Option<JsonShape>,
    /// `.` or `,`: the decimal separator of numbers that are written as text.
    pub decimal: char,
    /// What stands above the header, if anything, cut to [`VALUE_BYTES_MAX`].
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub title: Option<String>,
    /// Rows above the header, which is the row of this number counted from 0. In CSV text rows are
    /// lines, empty ones too, except that a quoted cell may hold several.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub header_row: u64,
    /// True if no row names the columns: then that row is the first of the data, and columns are called
    /// `Column 1` and so on, by their places in the file.
    #[serde(default, skip_serializing_if = "is_false")]
    pub headerless: bool,
    /// Data rows: neither the header nor what is left out is counted.
    pub rows: u64,
    /// Stretches of rows that are no data, in ascending order. Positions are counted from 0 for the row
    /// after the header, or for the first of the data if there is none; lines of CSV text with nothing on them have no position.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub left_out: Vec<LeftOut>,
    /// Positions after the last data row, whatever stands there. Whoever counts them from the end is right for a
    /// longer table too.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub tail: u64,
    /// Rows between data rows, beside those, that are left out because no column has a value in them. They have a
    /// position.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub blank_rows: u64,
    /// What a person should know about how the table was read, a sentence each.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub notes: Vec<String>,
    /// Columns in the order of the file. Never empty.
    pub columns: Vec<ColumnProfile>,
}

impl TableProfile {
    /// The same without anything that stands in cells: names, kinds and ranges only, for those outside the house.
    #[must_use]
    pub fn without_values(&self) -> TableProfile {
        let mut table = self.clone();
        table.title = None;
        for column in &mut table.columns {
            column.values.clear();
            column.no_value.clear();
            column.all_values = false;
        }
        table
    }

    /// The stretches that are left out between data rows, those below them are in [`TableProfile::tail`], and the
    /// position after the last data row.
    pub fn left_out_between(&self) -> (&[LeftOut], u64) {
        let (mut count, mut end) = (0, self.rows + self.blank_rows);
        for span in &self.left_out {
            if span.first >= end {
                break;
            }
            (count, end) = (count + 1, end + span.rows());
        }
        (&self.left_out[..count], end)
    }

    /// The file's name, with the sheet's if there is one, for a sentence.
    pub fn name(&self) -> String {
        match &self.sheet {
            Some(sheet) => format!("{:?} of {:?}", sheet, self.file),
            None => format!("{:?}", self.file),
        }
    }
}

/// How a JSON document holds its rows.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct JsonShape {
    /// The name under which they stand, if not at the top.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub under: Option<String>,
    /// True for an object with an array for each column, false for an array with an object for each row.
    #[serde(default, skip_serializing_if = "is_false")]
    pub columns: bool,
}

/// A stretch of rows that are no data.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct LeftOut {
    /// Position of the first.
    pub first: u64,
    /// Position of the last.
    pub last: u64,
    /// Why.
    pub why: LeftOutWhy,
}

impl LeftOut {
    /// How many rows it is; 0 if it ends before it begins.
    pub fn rows(&self) -> u64 {
        (self.last + 1).saturating_sub(self.first)
    }
}

/// Why rows are no data.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum LeftOutWhy {
    /// They add up other rows.
    Total,
    /// They say something about the table, below it.
    Remark,
    /// They repeat the header.
    Header,
}

/// What is in a column.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct ColumnProfile {
    /// The header as pandas names the column: `Unnamed: 2` if it is empty, `x.1` if `x` came before.
    pub name: String,
    /// Where it stands in the file, from 0: columns before the table and between its columns are counted.
    pub position: u32,
    /// What its values are.
    pub kind: ColumnKind,
    /// What it is likely to mean.
    pub role: ColumnRole,
    /// How its cells are stored.
    #[serde(default, skip_serializing_if = "Stored::is_text")]
    pub stored: Stored,
    /// What its numbers count, such as `€`, `EUR`, `%`, `kg` or `h`, by their marks, their format or the header;
    /// `fraction` for numbers that are shown as percent, but stored as a share of one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub unit: Option<String>,
    /// Cells that are empty, or in other than text columns say so, such as `n/a`.
    pub empty: u64,
    /// Cells that look empty because the workbook holds no result of their formula.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub uncalculated: u64,
    /// Different values, counted up to a bound; `many_distinct` says that it was reached.
    pub distinct: u64,
    /// True if there are more different values than `distinct`.
    #[serde(default, skip_serializing_if = "is_false")]
    pub many_distinct: bool,
    /// Least value of a number column.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub min: Option<f64>,
    /// Greatest value of a number column.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub max: Option<f64>,
    /// Sum of a number column.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sum: Option<f64>,
    /// Where the values of a number column lie.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub quartiles: Option<Quartiles>,
    /// First day or moment of a date column: `2024-01-31`, or `2024-01-31T10:00:00` if any value has a time of day.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub earliest: Option<String>,
    /// Last day or moment of a date column, written as `earliest`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub latest: Option<String>,
    /// The most frequent values of a text, boolean or whole-number column, most frequent first.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub values: Vec<ValueCount>,
    /// True if `values` are all there are.
    #[serde(default, skip_serializing_if = "is_false")]
    pub all_values: bool,
    /// What to remove from text cells of a number column, in this order, before the decimal separator
    /// becomes a point and the rest parses: separators of thousands, currency, percent. A bracket among
    /// them means that numbers in brackets are negative, a minus sign that one at the end makes them so;
    /// U+2212 is a minus sign.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub marks: Vec<String>,
    /// Words that stand for no value: `absent` among numbers, `N/A` among texts; `empty` counts them too.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub no_value: Vec<ValueCount>,
    /// The `strptime` format of a date column's text cells, or `ISO8601`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub date_format: Option<String>,
    /// The language in which text cells of a date column name months, whole (`%B`) or cut, unless it is English.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub month_language: Option<MonthLanguage>,
    /// Stretches of rows, as first and last position, that one merged cell covers: the value is in the first.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub merged: Vec<(u64, u64)>,
}

impl ColumnProfile {
    /// A column of which only the name and the kind are known.
    pub fn new(name: impl Into<String>, kind: ColumnKind) -> ColumnProfile {
        ColumnProfile {
            name: name.into(),
            position: 0,
            kind,
            role: ColumnRole::of(kind),
            stored: Stored::Text,
            unit: None,
            empty: 0,
            uncalculated: 0,
            distinct: 0,
            many_distinct: false,
            min: None,
            max: None,
            sum: None,
            quartiles: None,
            earliest: None,
            latest: None,
            values: Vec::new(),
            all_values: false,
            marks: Vec::new(),
            no_value: Vec::new(),
            date_format: None,
            month_language: None,
            merged: Vec::new(),
        }
    }
}

/// Three values that cut the sorted values of a column into quarters, as numpy computes them by default.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Quartiles {
    /// A quarter of the values is at most this.
    pub lower: f64,
    /// Half of the values is at most this.
    pub median: f64,
    /// Three quarters of the values are at most this.
    pub upper: f64,
    /// True if they were computed from a sample of the values, because there are too many to be kept.
    #[serde(default, skip_serializing_if = "is_false")]
    pub sampled: bool,
}

/// A value of a column.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct ValueCount {
    /// The value as text, without white space around it.
    pub value: String,
    /// Cells that hold it; at least so many if `manyDistinct` is set.
    pub count: u64,
}

/// How the cells of a column are stored.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Stored {
    /// As text: CSV always, and numbers or dates that somebody typed as text.
    #[default]
    Text,
    /// As what they are: numbers, dates, truth values.
    Native,
    /// Some as text, some as what they are.
    Mixed,
}

impl Stored {
    fn is_text(&self) -> bool {
        *self == Stored::Text
    }
}

/// What a column's values are.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum ColumnKind {
    /// Whole numbers.
    Integer,
    /// Numbers.
    Number,
    /// Dates or times.
    Date,
    /// `true`/`false`, `yes`/`no`.
    Boolean,
    /// Anything else.
    Text,
    /// No value at all.
    Empty,
}

impl fmt::Display for ColumnKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            ColumnKind::Integer => "integers",
            ColumnKind::Number => "numbers",
            ColumnKind::Date => "dates",
            ColumnKind::Boolean => "truth values",
            ColumnKind::Text => "text",
            ColumnKind::Empty => "nothing",
        })
    }
}

/// What a column is likely to mean: a guess from its name and its values.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum ColumnRole {
    /// When something happened.
    Date,
    /// Money, or another measure that may be added up.
    Amount,
    /// How many, how much or how long; may be added up.
    Quantity,
    /// A price, a percentage, a score: an average says something, a sum does not.
    Rate,
    /// Tells rows apart, or points to a row of another table: a number, a code, a year is none.
    Key,
    /// One of few values, to group by.
    Category,
    /// What people, places or things are called.
    Name,
    /// Yes or no.
    Flag,
    /// Anything else.
    Text,
}

impl ColumnRole {
    /// What a kind alone lets one guess.
    pub fn of(kind: ColumnKind) -> ColumnRole {
        match kind {
            ColumnKind::Integer => ColumnRole::Quantity,
            ColumnKind::Number => ColumnRole::Amount,
            ColumnKind::Date => ColumnRole::Date,
            ColumnKind::Boolean => ColumnRole::Flag,
            ColumnKind::Text | ColumnKind::Empty => ColumnRole::Text,
        }
    }
}

// The signatures are those that serde asks for.
#[allow(clippy::trivially_copy_pass_by_ref)]
fn is_false(value: &bool) -> bool {
    !*value
}

#[allow(clippy::trivially_copy_pass_by_ref)]
fn is_zero(value: &u64) -> bool {
    *value == 0
}
