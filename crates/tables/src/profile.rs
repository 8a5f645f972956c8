//! Finds out what a file is, by its content, and has it profiled.

use std::io::{Read, Seek};

use ringfence_job::table::{TableFormat, TableProfile};

use crate::{
    FileProfile, TableError, columnar, csv,
    input::{self, whole},
    json,
    limits::PROFILE_BYTES_MAX,
    sheets,
};

/// Bytes at the beginning by which a format is known.
const START_BYTES: u64 = 512;

/// Profiles the tables in `file`, which is read from its beginning; `name` goes into the profile.
///
/// # Errors
/// Says what is wrong with the file and what to do, or which bound of [`crate::limits`] it exceeds.
pub fn profile(name: &str, file: &mut (impl Read + Seek)) -> Result<FileProfile, TableError> {
    file.rewind()?;
    let start = input::start(file, START_BYTES)?;
    file.rewind()?;
    let mut profile = match start.as_slice() {
        [b'P', b'K', 3 | 5 | 7, ..] | [0xd0, 0xcf, 0x11, 0xe0, ..] => sheets::profile(name, &whole(file)?)?,
        [b'P', b'A', b'R', b'1', ..] => single(columnar::profile(name, whole(file)?)?),
        _ if is_json(name, &start) => {
            let text = String::from_utf8(whole(file)?).map_err(|error| TableError::Damaged {
                format: TableFormat::Json,
                reason: format!("it is not text in UTF-8: {}", error.utf8_error()),
            })?;
            single(json::profile(name, &text, has_extension(name, &["jsonl", "ndjson"]))?)
        }
        _ => {
            if let Some(what) = document(&start) {
                return Err(TableError::Document { what });
            }
            let table = csv::profile_csv(name, file)?;
            FileProfile {
                file: name.to_owned(),
                format: table.format,
                tables: vec![table],
                notes: Vec::new(),
            }
        }
    };
    if let Some(note) = misnamed(name, profile.format) {
        profile.notes.insert(0, note);
        profile.notes.truncate(crate::limits::NOTES_MAX);
    }
    fit(profile)
}

fn single(table: TableProfile) -> FileProfile {
    FileProfile { file: table.file.clone(), format: table.format, tables: vec![table], notes: Vec::new() }
}

fn has_extension(name: &str, extensions: &[&str]) -> bool {
    let extension = name.rsplit_once('.').map(|(_, extension)| extension.to_ascii_lowercase());
    extension.is_some_and(|extension| extensions.contains(&extension.as_str()))
}

/// True for text that begins like JSON under a name that says so, or like records under any other.
fn is_json(name: &str, start: &[u8]) -> bool {
    let text = String::from_utf8_lossy(start);
    let text = text.trim_start_matches('\u{feff}').trim_start();
    let records = text.starts_with("[{") || text.starts_with("{\"");
    records || (has_extension(name, &["json", "jsonl", "ndjson"]) && !text.is_empty())
}

/// What a text is that is no table, though spreadsheet programs open it.
fn document(start: &[u8]) -> Option<&'static str> {
    let text = String::from_utf8_lossy(start).trim_start_matches('\u{feff}').trim_start().to_lowercase();
    match () {
        () if text.starts_with("%pdf-") => Some("a PDF document"),
        () if text.starts_with("{\\rtf") => Some("a text document"),
        () if ["<!doctype html", "<html", "<table", "<head", "<meta"]
            .iter()
            .any(|tag| text.starts_with(tag)) =>
        {
            Some("a web page")
        }
        () if text.starts_with("<?xml") => Some("an XML document"),
        () => None,
    }
}

/// A remark if the name says that the file is something else.
fn misnamed(name: &str, format: TableFormat) -> Option<String> {
    let extension = name.rsplit_once('.')?.1.to_ascii_lowercase();
    let named: &[TableFormat] = match extension.as_str() {
        "csv" | "tsv" | "tab" | "psv" | "txt" => &[TableFormat::Csv],
        "xlsx" | "xlsm" | "xltx" | "xltm" => &[TableFormat::Xlsx],
        "xlsb" => &[TableFormat::Xlsb],
        "xls" => &[TableFormat::Xls],
        "ods" => &[TableFormat::Ods],
        "json" => &[TableFormat::Json, TableFormat::Jsonl],
        "jsonl" | "ndjson" => &[TableFormat::Jsonl],
        "parquet" | "pq" => &[TableFormat::Parquet],
        _ => return None,
    };
    (!named.contains(&format))
        .then(|| format!("The file's name ends in .{extension}, but it is {format}; it is read as that."))
}

/// Leaves values away until the report fits into one message: those of the columns that name most come first.
fn fit(mut profile: FileProfile) -> Result<FileProfile, TableError> {
    let size = |profile: &FileProfile| serde_json::to_vec(profile).map_or(usize::MAX, |json| json.len());
    for most in [100, 20, 5, 0] {
        if size(&profile) <= PROFILE_BYTES_MAX {
            return Ok(profile);
        }
        for column in profile.tables.iter_mut().flat_map(|table| &mut table.columns) {
            if column.values.len() > most {
                column.values.truncate(most);
                column.all_values = false;
            }
        }
    }
    if size(&profile) <= PROFILE_BYTES_MAX { Ok(profile) } else { Err(TableError::ProfileTooLarge) }
}
