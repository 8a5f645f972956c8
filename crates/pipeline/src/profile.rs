//! What the jailed reader reports about a file's tables; the report is not trusted.

use ringfence_job::{
    Outcome, Status,
    table::{
        COLUMNS_MAX, FILE_COLUMNS_MAX, LeftOut, MARKS_MAX, NAME_BYTES_MAX, NOTE_BYTES_MAX, NOTES_MAX,
        ROWS_MAX, SPANS_MAX, TABLES_MAX, VALUE_BYTES_MAX, VALUES_MAX,
    },
};

use crate::ports::{ColumnProfile, FileProfile, TableFormat, TableProfile};

/// Most characters of a reader's own words passed on.
const REASON_CHARS_MAX: usize = 300;

/// Endings of the names of files that the reader understands. What is in them it finds out by itself.
const EXTENSIONS: [&str; 16] = [
    "csv", "tsv", "tab", "xlsx", "xlsm", "xltx", "xltm", "xlsb", "xls", "ods", "json", "jsonl", "ndjson",
    "parquet", "pq", "psv",
];

/// True if the file's name says that it is a table that the reader understands.
pub(crate) fn is_table(name: &str) -> bool {
    let extension = name.rsplit_once('.').map(|(_, extension)| extension.to_ascii_lowercase());
    extension.is_some_and(|extension| EXTENSIONS.contains(&extension.as_str()))
}

/// Reads the table reader's outcome.
///
/// # Errors
/// Says in words fit for the person why the file's tables could not be read.
pub(crate) fn read_profile(file: &str, outcome: &Outcome) -> Result<FileProfile, String> {
    match outcome.status {
        Status::Succeeded if !outcome.stdout_truncated => {}
        Status::TimedOut => return Err("it takes too long to read, send a part of it".to_owned()),
        Status::OutOfMemory => return Err("it needs too much memory to read, send a part of it".to_owned()),
        Status::Failed if !outcome.stderr.is_empty() => return Err(own_words(&outcome.stderr)),
        status => return Err(format!("the reader {status}")),
    }
    let profile: FileProfile = serde_json::from_slice(&outcome.stdout)
        .map_err(|error| format!("the reader's report is not valid: {error}"))?;
    if profile.file != file || !in_bounds(&profile) {
        return Err("the reader's report is out of bounds".to_owned());
    }
    Ok(profile)
}

fn in_bounds(profile: &FileProfile) -> bool {
    let columns: usize = profile.tables.iter().map(|table| table.columns.len()).sum();
    (1..=TABLES_MAX).contains(&profile.tables.len())
        && columns <= FILE_COLUMNS_MAX
        && notes_in_bounds(&profile.notes)
        && profile.tables.iter().all(|table| table_in_bounds(profile, table))
}

fn table_in_bounds(profile: &FileProfile, table: &TableProfile) -> bool {
    let is_text = table.delimiter.is_some() && table.encoding.is_some();
    let no_text = table.delimiter.is_none() && table.encoding.is_none();
    let under = table.json.iter().flat_map(|json| &json.under);
    table.file == profile.file
        && table.format == profile.format
        && table.sheet.is_some() == table.format.is_workbook()
        && table.json.is_some() == (table.format == TableFormat::Json)
        && (if table.format == TableFormat::Csv { is_text } else { no_text })
        && table.delimiter.is_none_or(|delimiter| delimiter.is_ascii())
        && matches!(
            table.encoding.as_deref(),
            None | Some("utf-8-sig" | "cp1252" | "utf-16" | "utf-16-le" | "utf-16-be")
        )
        && matches!(table.decimal, '.' | ',')
        && table.sheet.iter().chain(under).all(|name| name.len() <= NAME_BYTES_MAX)
        && table.title.iter().all(|title| title.len() <= VALUE_BYTES_MAX)
        && notes_in_bounds(&table.notes)
        && [table.header_row, table.rows, table.blank_rows, table.tail].iter().all(|rows| *rows <= ROWS_MAX)
        && spans_in_bounds(table.left_out.iter().map(|LeftOut { first, last, .. }| (*first, *last)))
        && table.left_out.last().is_none_or(|span| span.last < table.left_out_between().1 + table.tail)
        && (1..=COLUMNS_MAX).contains(&table.columns.len())
        && table.columns.iter().all(column_in_bounds)
        && table.columns.is_sorted_by(|left, right| left.position < right.position)
        && are_different(table.columns.iter().map(|column| column.name.as_str()))
        && are_different(profile.tables.iter().map(|table| table.sheet.as_deref().unwrap_or_default()))
}

fn column_in_bounds(column: &ColumnProfile) -> bool {
    let quartiles = column.quartiles.map_or([0.0; 3], |three| [three.lower, three.median, three.upper]);
    let figures = [column.min, column.max, column.sum].into_iter().flatten().chain(quartiles);
    let texts = column.marks.iter().chain(&column.date_format).chain(&column.unit);
    let texts = texts.chain(column.values.iter().map(|value| &value.value));
    column.name.len() <= NAME_BYTES_MAX
        && u64::from(column.position) <= ROWS_MAX
        && column.marks.len() <= MARKS_MAX
        && column.values.len() <= VALUES_MAX
        && figures.into_iter().all(f64::is_finite)
        && texts.into_iter().all(|text| text.len() <= VALUE_BYTES_MAX)
        && column.marks.iter().all(|mark| !mark.is_empty())
        && column.earliest.iter().chain(&column.latest).all(|moment| is_moment(moment))
        && spans_in_bounds(column.merged.iter().copied())
}

/// `2024-01-31`, perhaps with a time of day.
fn is_moment(text: &str) -> bool {
    const SHAPE: &[u8] = b"0000-00-00T00:00:00";
    let fits = |(byte, shape): (u8, &u8)| if *shape == b'0' { byte.is_ascii_digit() } else { byte == *shape };
    matches!(text.len(), 10 | 19) && text.bytes().zip(SHAPE).all(fits)
}

fn notes_in_bounds(notes: &[String]) -> bool {
    notes.len() <= NOTES_MAX && notes.iter().all(|note| note.len() <= NOTE_BYTES_MAX)
}

/// True if stretches of rows are in order and do not overlap.
fn spans_in_bounds(spans: impl Iterator<Item = (u64, u64)>) -> bool {
    let (mut count, mut next) = (0, 0);
    for (first, last) in spans {
        if first < next || last < first || last > ROWS_MAX || count == SPANS_MAX {
            return false;
        }
        (count, next) = (count + 1, last + 1);
    }
    true
}

fn are_different<'a>(names: impl Iterator<Item = &'a str>) -> bool {
    let mut seen = std::collections::HashSet::new();
    names.into_iter().all(|name| seen.insert(name))
}

/// The last line of what a reader wrote, without control characters.
fn own_words(stderr: &[u8]) -> String {
    let text = String::from_utf8_lossy(stderr);
    let line = text.lines().rev().find(|line| !line.trim().is_empty()).unwrap_or("no reason given");
    line.trim().chars().filter(|c| !c.is_control()).take(REASON_CHARS_MAX).collect()
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    fn report() -> Value {
        let column = json!({ "name": "a", "position": 0, "kind": "integer", "role": "quantity", "empty": 0, "distinct": 1,
            "min": 1.0, "quartiles": { "lower": 1.0, "median": 1.0, "upper": 1.0 }, "merged": [[0, 1]],
            "values": [{ "value": "1", "count": 1 }], "marks": ["."] });
        let other = json!({ "name": "b", "position": 2, "kind": "date", "role": "date", "empty": 0, "distinct": 1,
            "earliest": "2024-01-31", "latest": "2024-01-31T10:00:00", "dateFormat": "ISO8601" });
        let left_out =
            json!([{ "first": 1, "last": 1, "why": "total" }, { "first": 4, "last": 5, "why": "remark" }]);
        let table = json!({ "file": "b.xlsx", "format": "xlsx", "sheet": "S", "decimal": ".", "rows": 3, "tail": 2,
            "headerRow": 2, "leftOut": left_out, "columns": [column, other] });
        json!({ "file": "b.xlsx", "format": "xlsx", "tables": [table], "notes": ["n"] })
    }

    fn read(report: &Value) -> bool {
        let profile = serde_json::from_value::<FileProfile>(report.clone());
        profile.is_ok_and(|profile| profile.file == "b.xlsx" && in_bounds(&profile))
    }

    #[test]
    fn a_report_is_believed_within_its_bounds_only() {
        assert!(read(&report()));
        let long = "x".repeat(NAME_BYTES_MAX + 1);
        let changes = [
            ("/file", json!("c.xlsx")),
            ("/format", json!("ods")),
            ("/notes", json!(vec!["n"; NOTES_MAX + 1])),
            ("/notes/0", json!("x".repeat(NOTE_BYTES_MAX + 1))),
            ("/tables", json!([])),
            ("/tables/0/file", json!("c.xlsx")),
            ("/tables/0/sheet", json!(long)),
            ("/tables/0/sheet", Value::Null),
            ("/tables/0/decimal", json!("x")),
            ("/tables/0/rows", json!(-1)),
            ("/tables/0/rows", json!(u64::MAX)),
            ("/tables/0/headerRow", json!(u64::MAX)),
            ("/tables/0/tail", json!(1)),
            ("/tables/0/leftOut/0/last", json!(0)),
            ("/tables/0/leftOut/1/first", json!(1)),
            ("/tables/0/leftOut/1/last", json!(u64::MAX)),
            ("/tables/0/leftOut/1/last", json!(6)),
            ("/tables/0/columns", json!([])),
            ("/tables/0/columns/0/name", json!(long)),
            ("/tables/0/columns/0/name", json!("b")),
            ("/tables/0/columns/0/position", json!(2)),
            ("/tables/0/columns/0/kind", json!("formula")),
            ("/tables/0/columns/0/marks", json!([""])),
            ("/tables/0/columns/0/marks", json!(vec!["."; MARKS_MAX + 1])),
            ("/tables/0/columns/0/merged", json!([[2, 1]])),
            ("/tables/0/columns/0/merged", json!([[0, 1], [1, 2]])),
            ("/tables/0/columns/0/values/0/value", json!("x".repeat(VALUE_BYTES_MAX + 1))),
            ("/tables/0/columns/1/earliest", json!("2024-1-31")),
            ("/tables/0/columns/1/latest", json!("yesterday")),
            ("/tables/0/columns/1/dateFormat", json!("x".repeat(VALUE_BYTES_MAX + 1))),
        ];
        for (pointer, value) in changes {
            let mut report = report();
            *report.pointer_mut(pointer).unwrap() = value.clone();
            assert!(!read(&report), "{pointer} {value}");
        }
        for (pointer, field) in
            [("", "more"), ("/tables/0", "delimiter"), ("/tables/0", "json"), ("/tables/0/columns/0", "more")]
        {
            let mut report = report();
            let value = if field == "json" { json!({}) } else { json!(",") };
            report.pointer_mut(pointer).unwrap().as_object_mut().unwrap().insert(field.to_owned(), value);
            assert!(!read(&report), "{pointer} {field}");
        }
        let mut twice = report();
        let table = twice["tables"][0].clone();
        twice["tables"].as_array_mut().unwrap().push(table);
        assert!(!read(&twice));
    }

    #[test]
    fn tables_are_known_by_their_names() {
        for name in ["a.csv", "A.XLSX", "b.c.ods", "x.jsonl", "x.parquet", "x.xlsm", "x.tsv"] {
            assert!(is_table(name), "{name}");
        }
        for name in ["csv", "a.txt", "a.py", "a.csv.zip", ""] {
            assert!(!is_table(name), "{name}");
        }
    }
}
