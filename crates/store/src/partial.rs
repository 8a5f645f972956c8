//! Files in the making. Whoever writes one holds a lock on it, so that what crashed processes left is told
//! apart at once, however many processes there are.

use std::fs::{self, File, TryLockError};
use std::io;
use std::path::PathBuf;

use tempfile::NamedTempFile;

/// The directory of files in the making. Its calls block.
#[derive(Debug, Clone)]
pub(crate) struct Partials {
    dir: PathBuf,
}

impl Partials {
    pub(crate) fn new(dir: PathBuf) -> Self {
        Self { dir }
    }

    /// A new file, gone when it is dropped.
    pub(crate) fn create(&self) -> io::Result<NamedTempFile> {
        // Between its making and its lock nobody may sweep.
        let dir = File::open(&self.dir)?;
        dir.lock_shared()?;
        let file = NamedTempFile::new_in(&self.dir)?;
        file.as_file().lock()?;
        Ok(file)
    }

    /// Deletes what nobody writes any more, and says how many files that were.
    pub(crate) fn sweep(&self) -> io::Result<usize> {
        let dir = File::open(&self.dir)?;
        dir.lock()?;
        let mut swept = 0;
        for entry in fs::read_dir(&self.dir)? {
            let path = entry?.path();
            // It may be finished, and elsewhere, by now.
            let Ok(file) = File::open(&path) else { continue };
            match file.try_lock() {
                Ok(()) => swept += usize::from(fs::remove_file(&path).is_ok()),
                Err(TryLockError::WouldBlock) => {}
                Err(TryLockError::Error(error)) => return Err(error),
            }
        }
        Ok(swept)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_nobody_writes_is_swept() {
        let dir = tempfile::tempdir().unwrap();
        let partials = Partials::new(dir.path().to_path_buf());
        let file = partials.create().unwrap();
        fs::write(dir.path().join("left by a crash"), b"half").unwrap();
        assert_eq!(partials.sweep().unwrap(), 1);
        assert!(file.path().exists());
        drop(file);
        assert_eq!(fs::read_dir(dir.path()).unwrap().count(), 0);
    }
}
