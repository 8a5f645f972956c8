//! Why a table cannot be read, in words for the person who sent it.

use std::{
    fmt::Display,
    panic::{AssertUnwindSafe, catch_unwind},
};

use ringfence_job::table::TableFormat;

use crate::{
    cell::cut,
    limits::{
        AREA_CELLS_MAX, CELL_BYTES_MAX, COLUMNS_MAX, FILE_BYTES_MAX, PACKAGE_BYTES_MAX, ROWS_BYTES_MAX,
        SPANS_MAX,
    },
};

/// Bytes of a reason that a parser gives.
const REASON_BYTES_MAX: usize = 200;

/// Why a table cannot be read.
#[derive(Debug, thiserror::Error)]
pub enum TableError {
    /// The file cannot be opened or read.
    #[error("cannot be read: {0}")]
    Io(#[from] std::io::Error),
    /// More bytes than [`FILE_BYTES_MAX`].
    #[error("is larger than {FILE_BYTES_MAX} bytes, send a part of it")]
    FileTooLarge,
    /// Nothing that could be a table.
    #[error("holds no table, its first row must name the columns")]
    NoHeader,
    /// A ZIP archive that is no workbook.
    #[error("is an archive and not a workbook, unpack it and send the tables in it")]
    Archive,
    /// A document that is no workbook, under whatever name.
    #[error("is {what} and not a table, open it in a spreadsheet program and save it as xlsx")]
    Document {
        /// What it is, with its article.
        what: &'static str,
    },
    /// A workbook that only its password opens.
    #[error("is protected by a password, save it without one and send it again")]
    Encrypted,
    /// More bytes than [`PACKAGE_BYTES_MAX`] in a format that is held in memory.
    #[error("is larger than {PACKAGE_BYTES_MAX} bytes, send a part of it, or send it as CSV in UTF-8")]
    PackageTooLarge,
    /// More than one of the bounds of what is packed in a workbook.
    #[error("unpacks to more than a workbook may hold ({what}), save the sheets that are needed as CSV")]
    Bomb {
        /// Which bound.
        what: &'static str,
    },
    /// Cells so far apart that the area between them is larger than [`AREA_CELLS_MAX`].
    #[error(
        "has cells up to row {row} and column {column}, an area of more than {AREA_CELLS_MAX} cells, delete what stands far from the table"
    )]
    TooSparse {
        /// The last row with anything in it, from 1.
        row: u64,
        /// The last column with anything in it, from 1.
        column: u64,
    },
    /// A file whose parts do not fit together.
    #[error("is damaged and cannot be read as {format}: {reason}")]
    Damaged {
        /// The format that it begins like.
        format: TableFormat,
        /// What does not fit.
        reason: String,
    },
    /// A file that begins like JSON or is called so, and is none of the shapes that hold a table.
    #[error("is JSON, but no table: {0}")]
    NoTableInJson(String),
    /// UTF-16 that ends in the middle or holds what is no character.
    #[error("begins like text in UTF-16, but is damaged, save it as CSV in UTF-8")]
    NotUtf16,
    /// A row longer than [`ROWS_BYTES_MAX`].
    #[error(
        "has a row of more than {ROWS_BYTES_MAX} bytes near line {line}, look for a quote that is not closed"
    )]
    RowTooLong {
        /// The line that the parser has reached, from 1.
        line: u64,
    },
    /// More stretches of rows to leave out than [`SPANS_MAX`].
    #[error("has more than {SPANS_MAX} rows between its data that add up others, remove them")]
    TooManyTotals,
    /// A profile that does not fit into one message.
    #[error("has so many and so long names that no profile holds them, send the columns that are needed")]
    ProfileTooLarge,
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

impl TableError {
    /// A file whose parts do not fit together, in the words of its parser.
    pub(crate) fn damaged(format: TableFormat, reason: impl Display) -> TableError {
        TableError::Damaged { format, reason: cut(&reason.to_string(), REASON_BYTES_MAX) }
    }

    /// Reads with a parser that may panic over a damaged file, which is not for the person to see.
    pub(crate) fn catch<T>(
        format: TableFormat,
        read: impl FnOnce() -> Result<T, TableError>,
    ) -> Result<T, TableError> {
        catch_unwind(AssertUnwindSafe(read))
            .unwrap_or_else(|_| Err(TableError::damaged(format, "its parts do not fit together")))
    }
}
