//! Looks through an old Excel workbook before its reader does: that reader holds all sheets at once, each as the
//! whole area of its cells.

use std::io::{Cursor, Read};

use cfb::CompoundFile;
use ringfence_job::table::TableFormat;

use crate::{
    TableError,
    limits::{HELD_CELLS_MAX, SHARED_STRINGS_MAX, SHEETS_MAX},
};

/// Looks at every record of the workbook in `bytes`.
///
/// # Errors
/// The document is no workbook, is damaged or protected, or its sheets would take more than the reader may hold.
pub(crate) fn inspect(bytes: &[u8]) -> Result<(), TableError> {
    let mut file = CompoundFile::open(Cursor::new(bytes)).map_err(damaged)?;
    if file.exists("EncryptedPackage") {
        return Err(TableError::Encrypted);
    }
    let name = ["Workbook", "Book", "WORKBOOK", "BOOK"].into_iter().find(|name| file.is_stream(name));
    let Some(name) = name else {
        let what = match () {
            () if file.exists("WordDocument") => "a Word document",
            () if file.exists("PowerPoint Document") => "a presentation",
            () => "a document",
        };
        return Err(TableError::Document { what });
    };
    let mut stream = Vec::new();
    let mut opened = file.open_stream(name).map_err(damaged)?;
    // No stream is longer than the file that it is in.
    opened.by_ref().take(bytes.len() as u64).read_to_end(&mut stream).map_err(damaged)?;
    inspect_stream(&stream)
}

fn inspect_stream(stream: &[u8]) -> Result<(), TableError> {
    let mut sheets = Vec::new();
    for (kind, data) in records(stream) {
        match kind {
            FILE_PASS if number(data, 0) != 0 => return Err(TableError::Encrypted),
            BOUND_SHEET => sheets.push(number(data, 0) | number(data, 2) << 16),
            SHARED_STRINGS if (number(data, 4) | number(data, 6) << 16) > SHARED_STRINGS_MAX => {
                return Err(TableError::Bomb { what: "too many shared texts" });
            }
            END => break,
            _ => {}
        }
    }
    if sheets.len() > SHEETS_MAX {
        return Err(TableError::Bomb { what: "too many sheets" });
    }
    let mut held = 0;
    for start in sheets {
        let start = usize::try_from(start).ok().filter(|start| *start <= stream.len());
        let start = start.ok_or_else(|| damaged("a sheet begins beyond its end".to_owned()))?;
        held += area(&stream[start..])?;
        if held > HELD_CELLS_MAX {
            return Err(TableError::Bomb { what: "too many cells" });
        }
    }
    Ok(())
}

const FILE_PASS: u16 = 0x2f;
const BOUND_SHEET: u16 = 0x85;
const SHARED_STRINGS: u16 = 0xfc;
const DIMENSIONS: u16 = 0x200;
const BEGIN: u16 = 0x809;
const END: u16 = 0x0a;

/// Cells that the reader will hold of a sheet: all that there are, and the area around them.
fn area(stream: &[u8]) -> Result<u64, TableError> {
    let (mut rows, mut columns) = ((u64::MAX, 0), (u64::MAX, 0));
    let (mut cells, mut depth) = (0_u64, 0_u32);
    for (kind, data) in records(stream) {
        match kind {
            BEGIN => depth += 1,
            END if depth <= 1 => break,
            END => depth -= 1,
            DIMENSIONS => {
                let (height, width) = match data.len() {
                    14 => {
                        let long = |at| number(data, at) | number(data, at + 2) << 16;
                        (long(4).saturating_sub(long(0)), number(data, 10).saturating_sub(number(data, 8)))
                    }
                    _ => (
                        number(data, 2).saturating_sub(number(data, 0)),
                        number(data, 6).saturating_sub(number(data, 4)),
                    ),
                };
                if (height + 1) * (width + 1) > HELD_CELLS_MAX {
                    return Err(TableError::TooSparse { row: height, column: width });
                }
            }
            // Numbers, texts, truth values, formulas; and several numbers in a row.
            0x06 | 0xbd | 0xd6 | 0xfd | 0x203 | 0x204 | 0x205 | 0x27e => {
                let (row, first) = (number(data, 0), number(data, 2));
                let last =
                    if kind == 0xbd { number(data, data.len().saturating_sub(2)).max(first) } else { first };
                rows = (rows.0.min(row), rows.1.max(row));
                columns = (columns.0.min(first), columns.1.max(last));
                cells += 1 + (last - first);
            }
            _ => {}
        }
        let area = if cells == 0 { 0 } else { (rows.1 - rows.0 + 1) * (columns.1 - columns.0 + 1) };
        if area + cells > HELD_CELLS_MAX {
            return Err(TableError::TooSparse { row: rows.1 + 1, column: columns.1 + 1 });
        }
    }
    Ok(if cells == 0 { 0 } else { cells + (rows.1 - rows.0 + 1) * (columns.1 - columns.0 + 1) })
}

/// The records of a stream as far as they are whole.
fn records(mut stream: &[u8]) -> impl Iterator<Item = (u16, &[u8])> {
    std::iter::from_fn(move || {
        let (head, rest) = stream.split_at_checked(4)?;
        let kind = u16::from_le_bytes([head[0], head[1]]);
        let length = usize::from(u16::from_le_bytes([head[2], head[3]]));
        let (data, rest) = rest.split_at_checked(length)?;
        stream = rest;
        Some((kind, data))
    })
}

/// Two bytes as a number; beyond the end they are 0.
fn number(data: &[u8], at: usize) -> u64 {
    let byte = |at: usize| u64::from(data.get(at).copied().unwrap_or_default());
    byte(at) | byte(at + 1) << 8
}

fn damaged(reason: impl std::fmt::Display) -> TableError {
    TableError::damaged(TableFormat::Xls, reason)
}
