//! What a program showed: read from a file that it may have written as it liked, so that each bound holds here again.
//!
//! Whatever is wrong with the file is the program's business and never an error: what can be read is taken, and of
//! the rest a note is made.

use ringfence_job::{Outcome, OutputFile, Status};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

/// The output file of a program's results, one JSON text a line; it is no file of the answer.
/// `runtimes/python/ringfence.py` and `runtimes/javascript/ringfence.cjs` have the same name and bounds.
pub const RESULTS_FILE: &str = ".ringfence-results.jsonl";

/// Most results of a run.
pub const RESULTS_MAX: usize = 50;
/// Most rows of a table.
pub const ROWS_MAX: usize = 1000;
/// Most columns of a table.
pub const COLUMNS_MAX: usize = 200;
/// Longest text in a table or chart, in bytes.
pub const CELL_BYTES_MAX: usize = 4 * 1024;
/// Longest text that is a result of its own, in bytes.
pub const TEXT_BYTES_MAX: usize = 16 * 1024;
/// Longest label, unit or name, in bytes.
pub const NAME_BYTES_MAX: usize = 1000;
/// Most values of all series of a chart.
pub const POINTS_MAX: usize = 2000;
/// Most series of a chart.
pub const SERIES_MAX: usize = 50;
/// Largest file of results that is read, in bytes.
pub const ALL_BYTES_MAX: usize = 1024 * 1024;

/// Most notes about what could not be read; more say nothing more.
const NOTES_MAX: usize = 5;

/// Stands for a character that would do something where text is shown.
const REPLACEMENT: char = '\u{fffd}';

/// Something that a program showed, in its order.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
#[serde(tag = "type", rename_all = "lowercase")]
pub enum RunResult {
    /// A number.
    Number {
        /// The number; null if it is none, such as the result of a division by zero.
        #[cfg_attr(feature = "schema", schema(value_type = Option<f64>, required))]
        value: Option<serde_json::Number>,
        /// What it is.
        #[serde(skip_serializing_if = "Option::is_none")]
        #[cfg_attr(feature = "schema", schema(nullable = false))]
        label: Option<String>,
        /// What it is counted in.
        #[serde(skip_serializing_if = "Option::is_none")]
        #[cfg_attr(feature = "schema", schema(nullable = false))]
        unit: Option<String>,
    },
    /// A text.
    Text {
        /// The text; null if there is none.
        #[cfg_attr(feature = "schema", schema(required))]
        value: Option<String>,
        /// What it is.
        #[serde(skip_serializing_if = "Option::is_none")]
        #[cfg_attr(feature = "schema", schema(nullable = false))]
        label: Option<String>,
    },
    /// Yes or no.
    Boolean {
        /// Which.
        value: bool,
        /// What it says.
        #[serde(skip_serializing_if = "Option::is_none")]
        #[cfg_attr(feature = "schema", schema(nullable = false))]
        label: Option<String>,
    },
    /// A day or a moment.
    Date {
        /// As ISO 8601 has it; null if there is none.
        #[cfg_attr(feature = "schema", schema(required))]
        value: Option<String>,
        /// What it is.
        #[serde(skip_serializing_if = "Option::is_none")]
        #[cfg_attr(feature = "schema", schema(nullable = false))]
        label: Option<String>,
    },
    /// A table.
    Table {
        /// What it shows.
        #[serde(skip_serializing_if = "Option::is_none")]
        #[cfg_attr(feature = "schema", schema(nullable = false))]
        label: Option<String>,
        /// Its columns, no two of one name.
        columns: Vec<ResultColumn>,
        /// Its first rows, each with a value for every column: a number, a text, a boolean or null.
        #[cfg_attr(feature = "schema", schema(value_type = Vec<Vec<Value>>))]
        rows: Vec<Vec<Value>>,
        /// How many rows it has.
        #[serde(rename = "totalRows")]
        total_rows: u64,
        /// True if these are not all.
        truncated: bool,
    },
    /// A chart.
    Chart {
        /// How it is drawn.
        kind: ChartKind,
        /// What it shows.
        #[serde(skip_serializing_if = "Option::is_none")]
        #[cfg_attr(feature = "schema", schema(nullable = false))]
        label: Option<String>,
        /// What is across: names, dates or numbers; of a histogram where its bins begin.
        x: ResultValues,
        /// What is up, each with a value or null for every one across. Of boxes these are minimum, quartiles and maximum.
        series: Vec<ResultValues>,
        /// True if the chart has more points than these.
        truncated: bool,
        /// The picture among the run's files.
        #[serde(skip_serializing_if = "Option::is_none")]
        #[cfg_attr(feature = "schema", schema(nullable = false))]
        file: Option<String>,
    },
    /// A file that was saved.
    File {
        /// Its name among the run's files.
        name: String,
        /// Its size.
        bytes: u64,
    },
    /// Why the program failed.
    Error {
        /// What it said last.
        message: String,
    },
}

/// A column of a table.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
pub struct ResultColumn {
    /// Its name.
    pub name: String,
    /// What its values are.
    pub kind: ResultKind,
    /// What its numbers are counted in.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "schema", schema(nullable = false))]
    pub unit: Option<String>,
}

/// What values of a column are.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
#[serde(rename_all = "lowercase")]
pub enum ResultKind {
    /// Whole numbers.
    Integer,
    /// Numbers.
    Number,
    /// Texts.
    Text,
    /// Yes or no.
    Boolean,
    /// Days or moments, as ISO 8601 has them.
    Date,
    /// Several of these.
    Mixed,
}

/// How a chart is drawn.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
#[serde(rename_all = "lowercase")]
pub enum ChartKind {
    /// Points that are joined.
    Line,
    /// Bars side by side.
    Bar,
    /// Points.
    Scatter,
    /// Parts of a whole.
    Pie,
    /// How often there are values of each size.
    Histogram,
    /// How values are spread.
    Box,
    /// A picture that has no data here.
    Image,
}

/// Values under one name.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
pub struct ResultValues {
    /// What they are.
    pub name: String,
    /// The values.
    #[cfg_attr(feature = "schema", schema(value_type = Vec<Value>))]
    pub values: Vec<Value>,
}

/// What was shown, and what could not be read.
#[derive(Debug, Clone, Default, PartialEq)]
pub(crate) struct Shown {
    pub(crate) results: Vec<RunResult>,
    pub(crate) notes: Vec<String>,
}

/// Takes the file of results from what a program left: what it holds, and why it ended if it failed.
pub(crate) fn take(outcome: &mut Outcome) -> Shown {
    let mut shown = Shown::default();
    if let Some(at) = outcome.files.iter().position(|file| file.name == RESULTS_FILE) {
        let file = outcome.files.remove(at);
        shown = read(&file.content, &outcome.files, !outcome.stdout.is_empty());
    }
    if outcome.status == Status::Failed
        && let Some(message) = last_line(&outcome.stderr)
    {
        shown.results.truncate(RESULTS_MAX - 1);
        shown.results.push(RunResult::Error { message });
    }
    shown
}

/// Reads a file of results beside the other files of a run; `printed` says whether the program printed something.
fn read(content: &[u8], files: &[OutputFile], printed: bool) -> Shown {
    let mut reading = Reading { files, printed, unread: 0, shown: Shown::default() };
    if content.len() > ALL_BYTES_MAX {
        reading.note(format!("only the first {ALL_BYTES_MAX} bytes of the results were read"));
    }
    let content = &content[..content.len().min(ALL_BYTES_MAX)];
    for line in content.split(|byte| *byte == b'\n').filter(|line| !line.trim_ascii().is_empty()) {
        if reading.shown.results.len() == RESULTS_MAX {
            reading.note(format!("only the first {RESULTS_MAX} results were read"));
            break;
        }
        let read = serde_json::from_slice(line).ok().and_then(|result| reading.result(result));
        match read {
            Some(Some(result)) => reading.shown.results.push(result),
            Some(None) => {}
            None => reading.unread += 1,
        }
    }
    match reading.unread {
        0 => {}
        1 => reading.note("a result could not be read".to_owned()),
        more => reading.note(format!("{more} results could not be read")),
    }
    reading.shown
}

struct Reading<'a> {
    files: &'a [OutputFile],
    printed: bool,
    unread: usize,
    shown: Shown,
}

impl Reading<'_> {
    fn note(&mut self, note: String) {
        if self.shown.notes.len() < NOTES_MAX {
            self.shown.notes.push(note);
        }
    }

    /// A result; none if it cannot be read, nothing if it is not to be shown.
    fn result(&mut self, mut result: Map<String, Value>) -> Option<Option<RunResult>> {
        let label = name(result.remove("label"))?;
        let value = result.remove("value");
        let single = |value| Some(Some(value));
        let read = match result.get("type")?.as_str()? {
            "number" => {
                let value = match value? {
                    Value::Null => None,
                    Value::Number(value) => Some(value),
                    _ => return None,
                };
                single(RunResult::Number { value, label, unit: name(result.remove("unit"))? })
            }
            "text" => single(RunResult::Text { value: text(value?, TEXT_BYTES_MAX)?, label }),
            "date" => single(RunResult::Date { value: text(value?, NAME_BYTES_MAX)?, label }),
            "boolean" => single(RunResult::Boolean { value: value?.as_bool()?, label }),
            "table" => return table(result, label).map(Some),
            "chart" => return self.chart(result, label).map(Some),
            "file" => return self.file(&result),
            _ => None,
        };
        // What nobody asked to be shown is of use only if there is nothing else.
        let captured = result.get("captured") == Some(&Value::Bool(true));
        if captured && self.printed { read.map(|_| None) } else { read }
    }

    fn chart(&self, mut chart: Map<String, Value>, label: Option<String>) -> Option<RunResult> {
        let kind = serde_json::from_value(chart.remove("kind")?).ok()?;
        let mut x = values(chart.remove("x")?)?;
        let Value::Array(series) = chart.remove("series")? else { return None };
        let mut truncated = chart.get("truncated") == Some(&Value::Bool(true)) || series.len() > SERIES_MAX;
        let series = series.into_iter().take(SERIES_MAX).map(values);
        let mut series = series.collect::<Option<Vec<ResultValues>>>()?;
        let points = POINTS_MAX / series.len().max(1);
        truncated |= x.values.len() > points;
        x.values.truncate(points);
        for one in &mut series {
            if !one.values.iter().all(|value| value.is_number() || value.is_null()) {
                return None;
            }
            one.values.resize(x.values.len(), Value::Null);
        }
        // A picture that is not there is none.
        let file = chart.get("file").and_then(Value::as_str).and_then(|name| self.find(name));
        let file = file.map(|file| file.name.clone());
        if kind == ChartKind::Image && file.is_none() {
            return None;
        }
        Some(RunResult::Chart { kind, label, x, series, truncated, file })
    }

    fn file(&self, file: &Map<String, Value>) -> Option<Option<RunResult>> {
        let file = self.find(file.get("name")?.as_str()?)?;
        let result = RunResult::File { name: file.name.clone(), bytes: file.content.len() as u64 };
        // One that was saved again is the same.
        Some((!self.shown.results.contains(&result)).then_some(result))
    }

    fn find(&self, name: &str) -> Option<&OutputFile> {
        self.files.iter().find(|file| file.name == name)
    }
}

fn table(mut table: Map<String, Value>, label: Option<String>) -> Option<RunResult> {
    let (Value::Array(columns), Value::Array(rows)) = (table.remove("columns")?, table.remove("rows")?)
    else {
        return None;
    };
    if columns.len() > COLUMNS_MAX {
        return None;
    }
    let columns = unique(columns.into_iter().map(column).collect::<Option<Vec<_>>>()?);
    let given = rows.len();
    let mut kept = Vec::with_capacity(given.min(ROWS_MAX));
    for row in rows.into_iter().take(ROWS_MAX) {
        let Value::Array(row) = row else { return None };
        if row.len() != columns.len() {
            return None;
        }
        kept.push(row.into_iter().map(cell).collect::<Option<Vec<Value>>>()?);
    }
    let total_rows = table.get("totalRows").and_then(Value::as_u64).unwrap_or(0).max(given as u64);
    let truncated = total_rows > kept.len() as u64;
    Some(RunResult::Table { label, columns, rows: kept, total_rows, truncated })
}

fn column(column: Value) -> Option<ResultColumn> {
    let Value::Object(mut column) = column else { return None };
    Some(ResultColumn {
        name: name(column.remove("name"))??,
        kind: serde_json::from_value(column.remove("kind")?).ok()?,
        unit: name(column.remove("unit"))?,
    })
}

/// Columns of which no two have one name.
fn unique(mut columns: Vec<ResultColumn>) -> Vec<ResultColumn> {
    let mut taken = std::collections::BTreeSet::new();
    for column in &mut columns {
        let base = column.name.clone();
        let mut number = 2;
        while !taken.insert(column.name.clone()) {
            column.name = format!("{base} ({number})");
            number += 1;
        }
    }
    columns
}

fn values(values: Value) -> Option<ResultValues> {
    let Value::Object(mut values) = values else { return None };
    let Value::Array(listed) = values.remove("values")? else { return None };
    let listed = listed.into_iter().take(POINTS_MAX + 1).map(cell).collect::<Option<Vec<Value>>>()?;
    Some(ResultValues { name: name(values.remove("name"))?.unwrap_or_default(), values: listed })
}

/// A value of a table or chart; none if it is not one value.
fn cell(value: Value) -> Option<Value> {
    match value {
        Value::Null | Value::Bool(_) | Value::Number(_) => Some(value),
        Value::String(text) => Some(Value::String(tamed(&text, CELL_BYTES_MAX))),
        Value::Array(_) | Value::Object(_) => None,
    }
}

/// A text that may be missing; none if it is something else.
fn text(value: Value, bytes_max: usize) -> Option<Option<String>> {
    match value {
        Value::Null => Some(None),
        Value::String(text) => Some(Some(tamed(&text, bytes_max))),
        _ => None,
    }
}

/// A name that may be missing, on one line.
fn name(value: Option<Value>) -> Option<Option<String>> {
    let name = text(value.unwrap_or_default(), NAME_BYTES_MAX)?;
    Some(name.map(|name| name.replace(['\n', '\t'], " ")))
}

/// A text that can be shown anywhere: of controls it has only line ends and tabs, and nothing that turns its direction.
fn tamed(text: &str, bytes_max: usize) -> String {
    let mut tamed = String::with_capacity(text.len().min(bytes_max));
    for letter in text.chars() {
        let letter = if turns(letter) || (letter.is_control() && !matches!(letter, '\n' | '\t')) {
            REPLACEMENT
        } else {
            letter
        };
        if tamed.len() + letter.len_utf8() > bytes_max {
            break;
        }
        tamed.push(letter);
    }
    tamed
}

/// Whether a character changes the direction of those around it.
fn turns(letter: char) -> bool {
    matches!(letter, '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}' | '\u{2028}' | '\u{2029}')
}

/// What a failed program said last: of a traceback the error itself.
fn last_line(stderr: &[u8]) -> Option<String> {
    let end = &stderr[stderr.len().saturating_sub(TEXT_BYTES_MAX)..];
    let text = String::from_utf8_lossy(end);
    let line = text.lines().rev().map(str::trim).find(|line| !line.is_empty())?;
    Some(tamed(line, CELL_BYTES_MAX))
}

/// The value and label of the first number or text that was shown.
pub(crate) fn first_value(results: &[RunResult]) -> (Option<Value>, Option<String>) {
    let found = results.iter().find_map(|result| match result {
        RunResult::Number { value: Some(value), label, .. } => Some((value.clone().into(), label.clone())),
        RunResult::Text { value: Some(value), label } => Some((value.clone().into(), label.clone())),
        _ => None,
    });
    found.map_or((None, None), |(value, label)| (Some(value), label))
}

/// A value that a program left in another way, if it is a single one.
pub(crate) fn single(value: Value, label: Option<String>) -> Option<RunResult> {
    let label = label.map(|label| tamed(&label, NAME_BYTES_MAX).replace(['\n', '\t'], " "));
    match value {
        Value::Number(value) => Some(RunResult::Number { value: Some(value), label, unit: None }),
        Value::String(value) => Some(RunResult::Text { value: Some(tamed(&value, TEXT_BYTES_MAX)), label }),
        Value::Bool(value) => Some(RunResult::Boolean { value, label }),
        Value::Null | Value::Array(_) | Value::Object(_) => None,
    }
}

#[cfg(test)]
mod tests;
