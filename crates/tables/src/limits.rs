//! The bounds within which a table is read.

/// Bytes of one file.
pub const FILE_BYTES_MAX: u64 = 1024 * 1024 * 1024;

pub use ringfence_job::table::{
    COLUMNS_MAX, FILE_COLUMNS_MAX, MARKS_MAX, NAME_BYTES_MAX as HEADER_BYTES_MAX, NOTE_BYTES_MAX, NOTES_MAX,
    REPORT_BYTES_MAX as PROFILE_BYTES_MAX, SPANS_MAX, TABLES_MAX, VALUE_BYTES_MAX, VALUES_MAX,
};

/// Bytes of one cell. A quote that is never closed would otherwise swallow the rest of the file.
pub const CELL_BYTES_MAX: usize = 1024 * 1024;

/// Different values counted in one column.
pub const DISTINCT_MAX: usize = 1_000;

/// Bytes at the start of the file from which the field separator is guessed.
pub const SAMPLE_BYTES: usize = 64 * 1024;
