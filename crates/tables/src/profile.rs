//! Finds out what a file is, by its content, and has it profiled.

use std::io::{Read, Seek};

use crate::{FileProfile, TableError, csv, limits::PROFILE_BYTES_MAX};

/// Profiles the tables in `file`, which is read from its beginning; `name` goes into the profile.
///
/// # Errors
/// Says what is wrong with the file and what to do, or which bound of [`crate::limits`] it exceeds.
pub fn profile(name: &str, file: &mut (impl Read + Seek)) -> Result<FileProfile, TableError> {
    let table = csv::profile_csv(name, file)?;
    fit(FileProfile { file: name.to_owned(), format: table.format, tables: vec![table], notes: Vec::new() })
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
