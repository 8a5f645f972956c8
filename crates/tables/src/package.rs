//! Looks into a workbook's ZIP package before anything else does: what it is, and what unpacking it would cost.
//!
//! Whoever reads the workbook afterwards holds its shared texts and styles in memory and believes what it says of
//! itself. So every part is unpacked once here, piece by piece, and counted.

use std::io::{Cursor, Read};

use memchr::memmem;
use ringfence_job::table::TableFormat;
use zip::{ZipArchive, result::ZipError};

use crate::{
    TableError,
    limits::{
        PACKAGE_ENTRIES_MAX, PART_BYTES_MAX, SHARED_STRINGS_MAX, STYLES_MAX, UNPACKED_BYTES_FREE,
        UNPACKED_BYTES_MAX, UNPACKED_RATIO_MAX,
    },
};

/// What is known of a workbook before its cells are read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Package {
    pub(crate) format: TableFormat,
    /// Some cells are merged.
    pub(crate) merges: bool,
    /// Some formula may have no stored result.
    pub(crate) uncalculated: bool,
}

/// Bytes looked at together.
const PIECE_BYTES: usize = 64 * 1024;

/// The longest text that is looked for, so that none is missed between two pieces.
const OVERLAP_BYTES: usize = 16;

/// Looks at every part of the package in `bytes`.
///
/// # Errors
/// The archive is no workbook, is damaged or protected, or would unpack to more than a workbook may hold.
pub(crate) fn inspect(bytes: &[u8]) -> Result<Package, TableError> {
    let mut archive = ZipArchive::new(Cursor::new(bytes)).map_err(damaged)?;
    if archive.len() > PACKAGE_ENTRIES_MAX {
        return Err(TableError::Bomb { what: "too many parts" });
    }
    let names: Vec<String> =
        archive.file_names().map(|name| name.map(|name| name.to_string()).unwrap_or_default()).collect();
    let format = format_of(&names, &mut archive)?;
    let mut package = Package { format, merges: false, uncalculated: false };
    let ratio = (bytes.len() as u64).saturating_mul(UNPACKED_RATIO_MAX);
    let mut left = UNPACKED_BYTES_MAX.min(ratio.saturating_add(UNPACKED_BYTES_FREE));
    for index in 0..archive.len() {
        let part = archive.by_index(index).map_err(damaged)?;
        let name = part.name().map(|name| name.to_string()).unwrap_or_default();
        // Pictures and macros are never unpacked.
        let is_read = [".xml", ".rels"].iter().any(|end| name.ends_with(end))
            || (name.ends_with(".bin") && format == TableFormat::Xlsb && !name.contains("vbaProject"));
        if is_read {
            inspect_part(&name, part, &mut left, &mut package)?;
        }
    }
    Ok(package)
}

fn format_of(names: &[String], archive: &mut ZipArchive<Cursor<&[u8]>>) -> Result<TableFormat, TableError> {
    let has = |wanted: &str| names.iter().any(|name| name.eq_ignore_ascii_case(wanted));
    if has("xl/workbook.bin") {
        return Ok(TableFormat::Xlsb);
    }
    if names.iter().any(|name| name.starts_with("xl/")) {
        return Ok(TableFormat::Xlsx);
    }
    if has("word/document.xml") {
        return Err(TableError::Document { what: "a Word document" });
    }
    if has("ppt/presentation.xml") {
        return Err(TableError::Document { what: "a presentation" });
    }
    if has("Index/Document.iwa") {
        return Err(TableError::Document { what: "a document of Apple's" });
    }
    if !has("mimetype") || !has("content.xml") {
        return Err(TableError::Archive);
    }
    let mut mime = Vec::new();
    archive.by_name("mimetype").map_err(damaged)?.take(100).read_to_end(&mut mime)?;
    match mime.as_slice() {
        b"application/vnd.oasis.opendocument.spreadsheet" => Ok(TableFormat::Ods),
        b"application/vnd.oasis.opendocument.text" => Err(TableError::Document { what: "a text document" }),
        _ => Err(TableError::Archive),
    }
}

fn inspect_part(
    name: &str,
    mut part: impl Read,
    left: &mut u64,
    package: &mut Package,
) -> Result<(), TableError> {
    let is_sheet = name.contains("worksheets/") || name == "content.xml";
    let (mut size, mut strings, mut styles) = (0_u64, 0_u64, 0_u64);
    let mut piece = vec![0; OVERLAP_BYTES + PIECE_BYTES];
    let mut kept = 0;
    loop {
        let count = part.read(&mut piece[kept..]).map_err(|error| damaged(ZipError::Io(error)))?;
        if count == 0 {
            return Ok(());
        }
        let bytes = &piece[..kept + count];
        (size, *left) = (size + count as u64, left.saturating_sub(count as u64));
        if *left == 0 {
            return Err(TableError::Bomb { what: "too many bytes" });
        }
        if size > PART_BYTES_MAX && !is_sheet {
            return Err(TableError::Bomb { what: "a part that is too large" });
        }
        // What begins in the overlap was counted with the piece before.
        let count_of =
            |text: &str| memmem::find_iter(bytes, text).filter(|at| at + text.len() > kept).count() as u64;
        let has = |text: &str| memmem::find(bytes, text.as_bytes()).is_some();
        if is_sheet {
            package.merges = package.merges || has("mergeCell ") || name == "content.xml";
            package.uncalculated = package.uncalculated
                || ["</f></c>", "<v></v>", "<v/>", "<v />", "/></c>"].into_iter().any(has);
        } else if name.ends_with("sharedStrings.xml") {
            strings += count_of("/si>") + count_of(":si>") + count_of("si/>");
        } else if name.ends_with("styles.xml") {
            styles += count_of("xf ") + count_of("xf>") + count_of("numFmt ");
        }
        if strings > SHARED_STRINGS_MAX {
            return Err(TableError::Bomb { what: "too many shared texts" });
        }
        if styles > STYLES_MAX {
            return Err(TableError::Bomb { what: "too many formats of cells" });
        }
        let filled = kept + count;
        kept = filled.min(OVERLAP_BYTES);
        piece.copy_within(filled - kept..filled, 0);
    }
}

fn damaged(error: ZipError) -> TableError {
    match error {
        ZipError::UnsupportedArchive(text) if text.to_lowercase().contains("password") => {
            TableError::Encrypted
        }
        error => TableError::Damaged { format: TableFormat::Xlsx, reason: error.to_string() },
    }
}
