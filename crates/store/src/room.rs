//! Room for the data: some is left for runs in progress, so that their ends can be recorded when new
//! runs are refused already.

use std::io;
use std::path::{Path, PathBuf};

use ringfence_pipeline::ports::StoreError;

/// Free bytes below which no run begins.
pub(crate) const FREE_BYTES_MIN: u64 = 16 * 1024 * 1024;
/// Free inodes below which no run begins, where the file system counts them.
const FREE_INODES_MIN: u64 = 64;

/// The file system that the data are on.
#[derive(Debug, Clone)]
pub(crate) struct Room {
    data_dir: PathBuf,
}

impl Room {
    pub(crate) fn of(data_dir: &Path) -> Self {
        Self { data_dir: data_dir.to_path_buf() }
    }

    /// Fails if too little is left.
    pub(crate) fn check(&self, doing: &'static str) -> Result<(), StoreError> {
        self.check_for(0, doing)
    }

    /// Fails if too little would be left by so many bytes more.
    pub(crate) fn check_for(&self, more: u64, doing: &'static str) -> Result<(), StoreError> {
        let stat = rustix::fs::statvfs(&self.data_dir)
            .map_err(|error| StoreError::new(doing, format!("free space cannot be told: {error}")))?;
        let bytes = stat.f_bavail.saturating_mul(stat.f_frsize);
        // Some file systems make inodes as they need them, and say that they have none at all.
        let inodes = if stat.f_files == 0 { u64::MAX } else { stat.f_favail };
        if bytes >= FREE_BYTES_MIN.saturating_add(more) && inodes >= FREE_INODES_MIN {
            return Ok(());
        }
        let reason = format!(
            "{bytes} bytes and {inodes} files more fit, fewer than {FREE_BYTES_MIN} or {FREE_INODES_MIN}"
        );
        Err(StoreError { doing, reason, full: true, gone: false })
    }
}

/// Bytes that are free where `path` is.
pub(crate) fn free_bytes(path: &Path) -> io::Result<u64> {
    let stat = rustix::fs::statvfs(path)?;
    Ok(stat.f_bavail.saturating_mul(stat.f_frsize))
}
