//! The data directory: private to its owner, made whole by whichever process comes first.

use std::fs::{self, DirBuilder, File, TryLockError};
use std::io::{self, Write};
use std::os::unix::fs::{DirBuilderExt, PermissionsExt};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use crate::OpenError;

/// The database's file.
pub(crate) const DATABASE_FILE: &str = "ringfence.db";
/// Secret that keys are hashed with.
pub(crate) const PEPPER_FILE: &str = "pepper";
/// Length of the pepper, in bytes.
pub(crate) const PEPPER_BYTES: usize = 32;

/// Directory of contents that are files.
pub(crate) const BLOBS_DIR: &str = "blobs";
const PARTIALS_DIR: &str = "incoming";
/// Held while a process prepares the directory, so that two starting at once take turns.
const LOCK_FILE: &str = "opening.lock";
/// Held, together with others, by every process that has the directory open.
const OPEN_FILE: &str = "open.lock";
const DIR_MODE: u32 = 0o700;
const OTHERS: u32 = 0o077;

/// A directory that exists, is private and holds a place for blobs. Other
/// processes wait to open it until this value is dropped.
#[derive(Debug)]
pub(crate) struct Prepared {
    dir: PathBuf,
    pub(crate) blobs: PathBuf,
    pub(crate) partials: PathBuf,
    pepper: PathBuf,
    pub(crate) open: Arc<OpenLock>,
    _lock: File,
}

/// Says, for as long as it lives, that a process has the directory open.
#[derive(Debug)]
pub(crate) struct OpenLock {
    file: File,
    /// True if nobody else had it open: whatever is in progress there, a crash has left.
    pub(crate) was_alone: bool,
}

impl OpenLock {
    /// The caller sees to it that nobody else does so at the same time.
    fn take(path: &Path) -> io::Result<Self> {
        let file = private_file(path, &[])?;
        let was_alone = match file.try_lock() {
            Ok(()) => true,
            Err(TryLockError::WouldBlock) => false,
            Err(TryLockError::Error(error)) => return Err(error),
        };
        file.lock_shared()?;
        Ok(Self { file, was_alone })
    }

    /// Gives it up before it is dropped.
    pub(crate) fn give_up(&self) {
        // It is given up with the descriptor at the latest.
        let _ = self.file.unlock();
    }
}

impl Prepared {
    /// Makes what is missing and refuses a directory of files that others may read.
    pub(crate) fn new(data_dir: &Path) -> Result<Self, OpenError> {
        let io = |source| OpenError::Directory { path: data_dir.to_path_buf(), source };
        make_private_dir(data_dir).map_err(io)?;
        claim(data_dir)?;
        let lock = private_file(&data_dir.join(LOCK_FILE), &[]).map_err(io)?;
        lock.lock().map_err(io)?;
        let (blobs, partials) = (data_dir.join(BLOBS_DIR), data_dir.join(PARTIALS_DIR));
        make_private_dir(&blobs).map_err(io)?;
        make_private_dir(&partials).map_err(io)?;
        let (dir, pepper) = (data_dir.to_path_buf(), data_dir.join(PEPPER_FILE));
        let open = Arc::new(OpenLock::take(&data_dir.join(OPEN_FILE)).map_err(io)?);
        Ok(Self { open, dir, blobs, partials, pepper, _lock: lock })
    }

    /// The database's file, which is there then.
    pub(crate) fn database(&self) -> Result<PathBuf, OpenError> {
        let database = self.dir.join(DATABASE_FILE);
        create_unopened(&database, &[])
            .map_err(|source| OpenError::Directory { path: self.dir.clone(), source })?;
        Ok(database)
    }

    /// The pepper, if there is one.
    pub(crate) fn pepper(&self) -> Result<Option<[u8; PEPPER_BYTES]>, OpenError> {
        match fs::read(&self.pepper) {
            Ok(bytes) => match bytes.try_into() {
                Ok(pepper) => Ok(Some(pepper)),
                Err(_) => Err(OpenError::PepperDamaged(self.pepper.clone())),
            },
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
            Err(source) => Err(OpenError::Directory { path: self.pepper.clone(), source }),
        }
    }

    /// Keeps a new pepper. The caller has made sure that there is none.
    pub(crate) fn keep_pepper(&self, pepper: &[u8; PEPPER_BYTES]) -> Result<(), OpenError> {
        create_unopened(&self.pepper, pepper)
            .map_err(|source| OpenError::Directory { path: self.pepper.clone(), source })
    }

    /// Where the pepper is.
    pub(crate) fn pepper_path(&self) -> &Path {
        &self.pepper
    }
}

/// True if a directory is a data directory: it holds a database.
///
/// # Errors
/// The file system does not answer.
pub fn holds_data(data_dir: &Path) -> io::Result<bool> {
    data_dir.join(DATABASE_FILE).try_exists()
}

/// Sees to it that only its owner may look into the directory.
fn claim(data_dir: &Path) -> Result<(), OpenError> {
    let path = || data_dir.to_path_buf();
    let io = |source| OpenError::Directory { path: path(), source };
    // Looked at before the mode, as another process makes it private before it puts files there.
    let empty = fs::read_dir(data_dir).map_err(io)?.next().is_none();
    let mode = fs::metadata(data_dir).map_err(io)?.permissions().mode() & 0o777;
    match mode & OTHERS {
        0 => Ok(()),
        _ if empty => fs::set_permissions(data_dir, fs::Permissions::from_mode(DIR_MODE)).map_err(io),
        // Not made private here: the path may be a mistake, such as a directory others share.
        _ => Err(OpenError::NotPrivate { path: path(), mode }),
    }
}

/// Makes a directory and its parents, readable by their owner only; fine if it is there.
pub(crate) fn make_private_dir(path: &Path) -> io::Result<()> {
    DirBuilder::new().recursive(true).mode(DIR_MODE).create(path)
}

/// Makes what was renamed or linked into a directory survive a power cut.
pub(crate) fn sync_dir(path: &Path) -> io::Result<()> {
    File::open(path)?.sync_all()
}

fn private_file(path: &Path, content: &[u8]) -> io::Result<File> {
    create_unopened(path, content)?;
    File::open(path)
}

/// Creates a file whole and durable, readable by its owner only; fine if it is there.
///
/// The file is written under another name and closed before it gets its own. Nobody reads half of
/// it, and the database's file is never opened and closed beside SQLite: closing any descriptor
/// of it would drop the locks that SQLite holds on it in this process.
fn create_unopened(path: &Path, content: &[u8]) -> io::Result<()> {
    if path.try_exists()? {
        return Ok(());
    }
    let dir = path.parent().unwrap_or_else(|| Path::new("."));
    let mut file = tempfile::NamedTempFile::new_in(dir)?;
    file.write_all(content)?;
    file.as_file().sync_all()?;
    match file.into_temp_path().persist_noclobber(path) {
        Ok(()) => sync_dir(dir),
        Err(error) if error.error.kind() == io::ErrorKind::AlreadyExists => Ok(()),
        Err(error) => Err(error.error),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn mode(path: &Path) -> u32 {
        fs::metadata(path).unwrap().permissions().mode() & 0o777
    }

    fn dir_open_to_others() -> tempfile::TempDir {
        let dir = tempfile::tempdir().unwrap();
        fs::set_permissions(dir.path(), fs::Permissions::from_mode(0o755)).unwrap();
        dir
    }

    #[test]
    fn a_directory_of_files_others_may_read_is_refused_and_left_as_it_is() {
        let dir = dir_open_to_others();
        fs::write(dir.path().join("somebody's file"), b"").unwrap();
        let error = Prepared::new(dir.path()).unwrap_err();
        assert!(error.to_string().contains("chmod 700"), "{error}");
        assert_eq!(mode(dir.path()), 0o755);
        assert_eq!(fs::read_dir(dir.path()).unwrap().count(), 1);
    }

    #[test]
    fn an_empty_directory_is_made_private() {
        let dir = dir_open_to_others();
        Prepared::new(dir.path()).unwrap();
        assert_eq!(mode(dir.path()), 0o700);
    }

    #[test]
    fn whoever_opens_a_directory_knows_whether_another_has_it_open() {
        let dir = tempfile::tempdir().unwrap();
        let open = || Arc::clone(&Prepared::new(dir.path()).unwrap().open);
        let first = open();
        let second = open();
        assert!(first.was_alone && !second.was_alone);
        drop(first);
        assert!(!open().was_alone);
        second.give_up();
        assert!(open().was_alone);
    }

    #[test]
    fn a_pepper_of_the_wrong_length_is_named() {
        let dir = tempfile::tempdir().unwrap();
        let prepared = Prepared::new(dir.path()).unwrap();
        fs::write(dir.path().join(PEPPER_FILE), b"short").unwrap();
        let error = prepared.pepper().unwrap_err();
        assert!(matches!(error, OpenError::PepperDamaged(_)));
    }
}
