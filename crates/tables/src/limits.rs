//! The bounds within which a table is read.

/// Bytes of one file.
pub const FILE_BYTES_MAX: u64 = 1024 * 1024 * 1024;

pub use ringfence_job::table::{
    COLUMNS_MAX, FILE_COLUMNS_MAX, MARKS_MAX, NAME_BYTES_MAX as HEADER_BYTES_MAX, NOTE_BYTES_MAX, NOTES_MAX,
    REPORT_BYTES_MAX as PROFILE_BYTES_MAX, SPANS_MAX, TABLES_MAX, VALUE_BYTES_MAX, VALUES_MAX,
};

/// Bytes of one cell. A quote that is never closed would otherwise swallow the rest of the file.
pub const CELL_BYTES_MAX: usize = 1024 * 1024;

/// Different values counted in all columns of a table together, as 8-byte hashes.
pub const DISTINCT_ALL_MAX: usize = 2_000_000;

/// Numbers kept in all columns of a table together, 8 bytes each, to find their quartiles.
pub const SAMPLES_ALL_MAX: usize = 4_000_000;

/// Bytes of the rows that are kept at once: those in which the header is looked for, or one that is very long.
pub const ROWS_BYTES_MAX: usize = 16 * 1024 * 1024;

/// Bytes of a workbook, of JSON or of Parquet: these are held in memory.
pub const PACKAGE_BYTES_MAX: u64 = 128 * 1024 * 1024;

/// Files in a workbook's package.
pub const PACKAGE_ENTRIES_MAX: usize = 10_000;

/// Bytes of all files in a workbook's package, unpacked.
pub const UNPACKED_BYTES_MAX: u64 = 1024 * 1024 * 1024;

/// Bytes of one file in a workbook's package that has to be held in memory whole: shared text, styles, names.
pub const PART_BYTES_MAX: u64 = 128 * 1024 * 1024;

/// How many times its packed size a package may have when it is unpacked, beyond what any package may have.
pub const UNPACKED_RATIO_MAX: u64 = 200;

/// Bytes that any package may have unpacked, whatever its ratio.
pub const UNPACKED_BYTES_FREE: u64 = 16 * 1024 * 1024;

/// Texts that the cells of a workbook share.
pub const SHARED_STRINGS_MAX: u64 = 3_000_000;

/// Formats of cells in a workbook.
pub const STYLES_MAX: u64 = 100_000;

/// Sheets of a workbook.
pub const SHEETS_MAX: usize = 256;

/// Cells of the area that reaches from the first cell of a sheet to its last, empty ones too.
pub const AREA_CELLS_MAX: u64 = 16 * 1024 * 1024;

/// As [`AREA_CELLS_MAX`], of all sheets together, where a format's reader holds all of them at once.
pub const HELD_CELLS_MAX: u64 = 3_000_000;

/// Merged stretches of cells looked at in a workbook.
pub const MERGES_MAX: usize = 20_000;

/// Depth to which JSON may be nested.
pub const JSON_DEPTH_MAX: usize = 100;

/// Bytes at the start of the file from which the field separator is guessed.
pub const SAMPLE_BYTES: usize = 64 * 1024;
