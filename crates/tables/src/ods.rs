//! Looks through an OpenDocument spreadsheet before its reader does: that reader holds all sheets at once, each as
//! the whole area of its cells, and repeats rows and cells as often as the file says.

use std::io::{BufReader, Cursor};

use quick_xml::{
    Reader,
    events::{BytesStart, Event},
};
use ringfence_job::table::TableFormat;
use zip::ZipArchive;

use crate::{
    TableError,
    limits::{HELD_CELLS_MAX, MERGES_MAX, SHEETS_MAX},
    table::Merge,
};

/// Rows and columns that a sheet may have; the reader cuts what is beyond.
const ROWS_MAX: u64 = 1_048_576;
const COLUMNS_MAX: u64 = 16_384;

/// The merged cells of each sheet, in the order of the sheets.
///
/// # Errors
/// The document is damaged, or its sheets would take more than the reader may hold.
pub(crate) fn inspect(bytes: &[u8]) -> Result<Vec<Vec<Merge>>, TableError> {
    let mut archive = ZipArchive::new(Cursor::new(bytes)).map_err(damaged)?;
    let content = archive.by_name("content.xml").map_err(damaged)?;
    let mut reader = Reader::from_reader(BufReader::new(content));
    let mut buffer = Vec::new();
    let (mut scan, mut depth) = (Scan::default(), 0_u64);
    loop {
        buffer.clear();
        match reader.read_event_into(&mut buffer).map_err(damaged)? {
            Event::Start(element) => {
                depth += 1;
                scan.begin(&element, false)?;
            }
            Event::Empty(element) => {
                scan.begin(&element, true)?;
                scan.end(element.name().as_ref())?;
            }
            Event::End(element) => {
                depth = depth.saturating_sub(1);
                scan.end(element.name().as_ref())?;
            }
            Event::Eof if depth > 0 => return Err(damaged("it ends too early".to_owned())),
            Event::Eof => return Ok(scan.merges),
            _ => {}
        }
    }
}

#[derive(Debug, Default)]
struct Scan {
    merges: Vec<Vec<Merge>>,
    merges_count: usize,
    /// Cells that the reader will hold of the sheets so far.
    held: u64,
    /// Of this sheet: rows so far, rows up to the last that is filled, and the greatest width.
    rows: u64,
    filled_rows: u64,
    width: u64,
    /// Of this row: how often it is repeated, cells so far, and cells up to the last that is filled.
    repeat: u64,
    cells: u64,
    filled_cells: u64,
}

impl Scan {
    fn begin(&mut self, element: &BytesStart<'_>, closed: bool) -> Result<(), TableError> {
        match element.name().as_ref() {
            "table:table" => {
                if self.merges.len() == SHEETS_MAX {
                    return Err(TableError::Bomb { what: "too many sheets" });
                }
                self.merges.push(Vec::new());
                (self.rows, self.filled_rows, self.width) = (0, 0, 0);
            }
            "table:table-row" => {
                self.repeat = number(element, "table:number-rows-repeated")?;
                (self.cells, self.filled_cells) = (0, 0);
            }
            "table:table-cell" | "table:covered-table-cell" => {
                let repeat = number(element, "table:number-columns-repeated")?;
                let tall = number(element, "table:number-rows-spanned")?;
                let wide = number(element, "table:number-columns-spanned")?;
                let column = usize::try_from(self.cells).unwrap_or(usize::MAX);
                if tall > 1 && self.merges_count < MERGES_MAX {
                    let columns =
                        (column, column.saturating_add(usize::try_from(wide).unwrap_or(usize::MAX) - 1));
                    let rows = (self.rows, (self.rows + tall - 1).min(ROWS_MAX));
                    self.merges
                        .last_mut()
                        .into_iter()
                        .for_each(|merges| merges.push(Merge { rows, columns }));
                    self.merges_count += 1;
                }
                self.cells = self.cells.saturating_add(repeat).min(COLUMNS_MAX);
                let has_value = element.attributes().flatten().any(|attribute| {
                    let name = attribute.key.as_ref();
                    name.starts_with("office:") || name == "table:formula" || name.starts_with("calcext:")
                });
                if has_value || !closed {
                    self.filled_cells = self.cells;
                }
            }
            _ => {}
        }
        Ok(())
    }

    fn end(&mut self, name: &str) -> Result<(), TableError> {
        match name {
            "table:table-row" => {
                self.rows = self.rows.saturating_add(self.repeat).min(ROWS_MAX);
                self.held += self.filled_cells;
                if self.filled_cells > 0 {
                    self.filled_rows = self.rows;
                    self.width = self.width.max(self.filled_cells);
                }
            }
            "table:table" => {
                self.held += self.filled_rows * self.width;
                (self.rows, self.filled_rows, self.width) = (0, 0, 0);
            }
            _ => {}
        }
        if self.held + self.filled_rows * self.width > HELD_CELLS_MAX {
            return Err(TableError::TooSparse { row: self.filled_rows, column: self.width });
        }
        Ok(())
    }
}

/// A number of the element's, 1 if it does not say.
fn number(element: &BytesStart<'_>, name: &str) -> Result<u64, TableError> {
    let attribute = element.try_get_attribute(name).map_err(damaged)?;
    let Some(attribute) = attribute else { return Ok(1) };
    let value: &str = attribute.value.as_ref();
    value.parse::<u64>().map(|value| value.max(1)).map_err(|_| damaged(format!("{name} is no number")))
}

fn damaged(reason: impl std::fmt::Display) -> TableError {
    TableError::damaged(TableFormat::Ods, reason)
}
