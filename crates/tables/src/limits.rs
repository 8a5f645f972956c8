//! The bounds within which a table is read.

/// Bytes of one file.
pub const FILE_BYTES_MAX: u64 = 1024 * 1024 * 1024;

/// Columns of one table; a profile must stay small enough to be one message.
pub const COLUMNS_MAX: usize = 1_000;

/// Bytes of one column's header, in UTF-8.
pub const HEADER_BYTES_MAX: usize = 200;

/// Bytes of one cell. A quote that is never closed would otherwise swallow the rest of the file.
pub const CELL_BYTES_MAX: usize = 1024 * 1024;

/// Different values counted in one column.
pub const DISTINCT_MAX: usize = 1_000;

/// Bytes at the start of the file from which the field separator is guessed.
pub const SAMPLE_BYTES: usize = 64 * 1024;

/// Bytes of the longest profile that [`crate::reader_main`] can print, for the limit on its output:
/// every header escaped to six bytes for each of its own, every column with its figures.
pub const PROFILE_BYTES_MAX: usize = COLUMNS_MAX * (6 * HEADER_BYTES_MAX + 512) + 4096;
