//! Why a table cannot be read, in words for the person who sent it.

use crate::limits::{CELL_BYTES_MAX, COLUMNS_MAX, FILE_BYTES_MAX, HEADER_BYTES_MAX};

/// Why a table cannot be read.
#[derive(Debug, thiserror::Error)]
pub enum TableError {
    /// The file cannot be opened or read.
    #[error("cannot be read: {0}")]
    Io(#[from] std::io::Error),
    /// More bytes than [`FILE_BYTES_MAX`].
    #[error("is larger than {FILE_BYTES_MAX} bytes, send a part of it")]
    FileTooLarge,
    /// No header line.
    #[error("is empty, its first line must name the columns")]
    NoHeader,
    /// A workbook or another archive under a CSV's name.
    #[error("is a workbook or an archive and not CSV text, save it as CSV first")]
    Archive,
    /// UTF-16 or UTF-32, or not text at all.
    #[error("is not text in UTF-8 or Windows-1252 (byte {at} is {byte:#04x}), save it as CSV in UTF-8")]
    NotText {
        /// Offset of the first byte that cannot be text, from 0.
        at: u64,
        /// The byte.
        byte: u8,
    },
    /// More columns than [`COLUMNS_MAX`].
    #[error("has more than {COLUMNS_MAX} columns, keep those the question needs")]
    TooManyColumns,
    /// A header longer than [`HEADER_BYTES_MAX`].
    #[error(
        "has a name of more than {HEADER_BYTES_MAX} bytes in column {column}, its first line must name the columns"
    )]
    HeaderTooLong {
        /// The column, from 1.
        column: usize,
    },
    /// A cell longer than [`CELL_BYTES_MAX`].
    #[error(
        "has a cell of more than {CELL_BYTES_MAX} bytes that begins near line {line}, look for a quote that is not closed"
    )]
    CellTooLong {
        /// The line in which the cell begins, from 1.
        line: u64,
    },
    /// A row with more cells than the header has names.
    #[error(
        "has more cells near line {line} than its first line names columns ({columns}), quote cells that contain the separator and remove lines above the header"
    )]
    RowTooWide {
        /// The line in which the row ends, from 1.
        line: u64,
        /// Columns of the header.
        columns: usize,
    },
}
