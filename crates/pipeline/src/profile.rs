//! What the jailed reader reports about a table; the report is not trusted.

use ringfence_job::{Outcome, Status};

use crate::ports::{ColumnProfile, TableProfile};

/// Most columns believed in one report.
const COLUMNS_MAX: usize = 1000;
/// Longest column name, mark or format believed, in bytes.
const TEXT_BYTES_MAX: usize = 400;
/// Most marks believed in one column.
const MARKS_MAX: usize = 32;
/// Most characters of a reader's own words passed on.
const REASON_CHARS_MAX: usize = 300;

/// True if the file's name says that it is a table that the reader understands.
pub(crate) fn is_table(name: &str) -> bool {
    let extension = name.rsplit_once('.').map(|(_, extension)| extension.to_ascii_lowercase());
    matches!(extension.as_deref(), Some("csv" | "tsv"))
}

/// Reads the table reader's outcome.
///
/// # Errors
/// Says in words fit for the person why the table could not be read.
pub(crate) fn read_profile(file: &str, outcome: &Outcome) -> Result<TableProfile, String> {
    match outcome.status {
        Status::Succeeded if !outcome.stdout_truncated => {}
        Status::TimedOut => return Err("it takes too long to read".to_owned()),
        Status::OutOfMemory => return Err("it needs too much memory to read".to_owned()),
        Status::Failed if !outcome.stderr.is_empty() => return Err(own_words(&outcome.stderr)),
        status => return Err(format!("the reader {status}")),
    }
    let profile: TableProfile = serde_json::from_slice(&outcome.stdout)
        .map_err(|error| format!("the reader's report is not valid: {error}"))?;
    if profile.file != file || !in_bounds(&profile) {
        return Err("the reader's report is out of bounds".to_owned());
    }
    Ok(profile)
}

fn in_bounds(profile: &TableProfile) -> bool {
    profile.delimiter.is_ascii()
        && matches!(profile.decimal, '.' | ',')
        && matches!(profile.encoding.as_str(), "utf-8" | "utf-8-sig" | "cp1252")
        && !profile.columns.is_empty()
        && profile.columns.len() <= COLUMNS_MAX
        && profile.columns.iter().all(column_in_bounds)
}

fn column_in_bounds(column: &ColumnProfile) -> bool {
    let texts = column.marks.iter().chain(&column.date_format).chain([&column.name]);
    column.marks.len() <= MARKS_MAX && texts.into_iter().all(|text| text.len() <= TEXT_BYTES_MAX)
}

/// The last line of what a reader wrote, without control characters.
fn own_words(stderr: &[u8]) -> String {
    let text = String::from_utf8_lossy(stderr);
    let line = text.lines().rev().find(|line| !line.trim().is_empty()).unwrap_or("no reason given");
    line.trim().chars().filter(|c| !c.is_control()).take(REASON_CHARS_MAX).collect()
}
