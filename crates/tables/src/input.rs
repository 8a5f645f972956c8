//! Takes bytes out of a file, so many and no more.

use std::io::Read;

use crate::{TableError, limits::PACKAGE_BYTES_MAX};

/// Up to so many bytes from where `file` stands.
pub(crate) fn start(file: &mut impl Read, bytes_max: u64) -> Result<Vec<u8>, TableError> {
    let mut start = Vec::new();
    file.take(bytes_max).read_to_end(&mut start)?;
    Ok(start)
}

/// All that is left of `file`, of a format that is held in memory.
///
/// # Errors
/// That is more than [`PACKAGE_BYTES_MAX`].
pub(crate) fn whole(file: &mut impl Read) -> Result<Vec<u8>, TableError> {
    let bytes = start(file, PACKAGE_BYTES_MAX + 1)?;
    if bytes.len() as u64 > PACKAGE_BYTES_MAX { Err(TableError::PackageTooLarge) } else { Ok(bytes) }
}
