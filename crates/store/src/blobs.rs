//! Content kept by the SHA-256 of its bytes, one file each, fanned out by the first two digits.

use std::fs::{self, File, FileTimes};
use std::io::{self, Read, Seek, Write};
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use ringfence_pipeline::files::is_file_id;
use ringfence_pipeline::ports::StoreError;
use sha2::{Digest, Sha256};
use tempfile::NamedTempFile;

use crate::data_dir::{make_private_dir, sync_dir};
use crate::partial::Partials;

/// Memory in which content is verified piece by piece, in bytes.
const READ_BUFFER_BYTES: usize = 64 * 1024;

/// Why a blob cannot be given.
#[derive(Debug, thiserror::Error)]
pub enum BlobError {
    /// The name is not a hash.
    #[error("{0:?} is not a content hash, give 64 lower-case hex digits")]
    NotAHash(String),
    /// Nothing is kept under this hash.
    #[error("no content is kept under {0}")]
    Missing(String),
    /// The file's content is not what was kept.
    #[error("content kept under {0} was altered, restore it from a backup")]
    Altered(String),
    /// The file system failed.
    #[error("content cannot be read or written: {0}")]
    Io(#[from] io::Error),
}

impl BlobError {
    /// As the store's failure.
    pub(crate) fn while_doing(self, doing: &'static str) -> StoreError {
        let full = matches!(&self, BlobError::Io(error)
            if matches!(error.kind(), io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded));
        StoreError { doing, reason: self.to_string(), full, gone: false }
    }
}

/// The directory of blobs. Its calls block: use them where blocking is fine.
///
/// Who puts and who removes is told apart by the database: content is held there before it is put, and
/// removed in the transaction that finds that nobody holds it. A file's time of change says when it was put.
#[derive(Debug, Clone)]
pub(crate) struct Blobs {
    root: PathBuf,
    partials: Partials,
}

impl Blobs {
    pub(crate) fn new(root: PathBuf, partials: Partials) -> Self {
        Self { root, partials }
    }

    /// Keeps content durably under its hash. Content that was altered since is replaced.
    pub(crate) fn put(&self, content: &[u8], hash: &str, now_ms: i64) -> Result<(), BlobError> {
        match self.open(hash) {
            // Whoever wrote it may not have come this far.
            Ok(_) => Ok(sync_dir(&self.dir(hash))?),
            Err(_) => {
                let mut file = self.partials.create()?;
                file.write_all(content)?;
                file.as_file().sync_all()?;
                Ok(self.place(file, hash, now_ms)?)
            }
        }
    }

    /// Writes a file and reads it again. It is gone afterwards.
    pub(crate) fn try_out(&self) -> Result<(), BlobError> {
        const WORD: &[u8] = b"here";
        let mut file = tempfile::NamedTempFile::new_in(&self.root)?;
        file.write_all(WORD)?;
        file.as_file().sync_all()?;
        if fs::read(file.path())? != WORD {
            return Err(BlobError::Altered(hash_of(WORD)));
        }
        Ok(file.close()?)
    }

    /// Keeps a file that is written and synced, by the hash of its content. What is there already makes
    /// no difference: how long this takes tells nobody that another has the same content.
    pub(crate) fn adopt(&self, file: NamedTempFile, hash: &str, now_ms: i64) -> Result<(), BlobError> {
        Ok(self.place(file, hash, now_ms)?)
    }

    fn place(&self, file: NamedTempFile, hash: &str, now_ms: i64) -> io::Result<()> {
        let dir = self.dir(hash);
        if !dir.try_exists()? {
            make_private_dir(&dir)?;
            sync_dir(&self.root)?;
        }
        file.as_file().set_times(put_at(now_ms))?;
        file.persist(dir.join(hash)).map_err(|error| error.error)?;
        sync_dir(&dir)
    }

    /// Content by its hash, verified.
    pub(crate) fn get(&self, hash: &str) -> Result<Vec<u8>, BlobError> {
        check_hash(hash)?;
        let content = fs::read(self.path(hash)).map_err(|error| missing(hash, error))?;
        verified(hash, content)
    }

    /// A file by the hash of its content, verified and at its beginning.
    pub(crate) fn open(&self, hash: &str) -> Result<File, BlobError> {
        check_hash(hash)?;
        let mut file = File::open(self.path(hash)).map_err(|error| missing(hash, error))?;
        let (mut hasher, mut buffer) = (Sha256::new(), vec![0; READ_BUFFER_BYTES]);
        loop {
            match file.read(&mut buffer)? {
                0 => break,
                count => hasher.update(&buffer[..count]),
            }
        }
        if hex(&hasher.finalize()) != hash {
            return Err(BlobError::Altered(hash.to_owned()));
        }
        file.rewind()?;
        Ok(file)
    }

    /// Removes content; false if it is not there.
    pub(crate) fn remove(&self, hash: &str) -> Result<bool, BlobError> {
        check_hash(hash)?;
        match fs::remove_file(self.path(hash)) {
            Ok(()) => Ok(true),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(false),
            Err(error) => Err(error.into()),
        }
    }

    /// Content in one of the 256 directories that was put before a time, at most `limit` of it.
    pub(crate) fn put_before(&self, dir: u8, before_ms: i64, limit: usize) -> Result<Vec<String>, BlobError> {
        let entries = match fs::read_dir(self.root.join(format!("{dir:02x}"))) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
            entries => entries?,
        };
        let before = time(before_ms);
        let mut found = Vec::new();
        for entry in entries {
            let entry = entry?;
            // It may be gone by now.
            let put = entry.metadata().and_then(|metadata| metadata.modified());
            if let (Ok(name), true) = (entry.file_name().into_string(), put.is_ok_and(|put| put < before))
                && check_hash(&name).is_ok()
            {
                found.push(name);
                if found.len() == limit {
                    break;
                }
            }
        }
        Ok(found)
    }

    /// The beginnings of hashes below which there are files.
    pub(crate) fn prefixes(&self) -> io::Result<Vec<String>> {
        let names = fs::read_dir(&self.root)?.map(|entry| Ok(entry?.file_name().into_string().ok()));
        let names = names.collect::<io::Result<Vec<_>>>()?.into_iter().flatten();
        // Whatever else lies there is not ours.
        Ok(names.filter(|name| name.len() == 2 && self.root.join(name).is_dir()).collect())
    }

    /// Files below a beginning of hashes.
    pub(crate) fn list(&self, prefix: &str) -> io::Result<Vec<String>> {
        let names =
            fs::read_dir(self.root.join(prefix))?.map(|entry| Ok(entry?.file_name().into_string().ok()));
        let names = names.collect::<io::Result<Vec<_>>>()?.into_iter().flatten();
        Ok(names.filter(|name| is_file_id(name)).collect())
    }

    /// Bytes of all files together.
    pub(crate) fn bytes(&self) -> io::Result<u64> {
        let mut bytes: u64 = 0;
        for prefix in self.prefixes()? {
            for entry in fs::read_dir(self.root.join(prefix))? {
                bytes = bytes.saturating_add(entry?.metadata().map_or(0, |metadata| metadata.len()));
            }
        }
        Ok(bytes)
    }

    /// Copies a file to another directory of blobs, and returns its size; none if it is not there any more,
    /// or not what was put. The copy is not synced.
    pub(crate) fn copy_to(&self, hash: &str, root: &Path) -> io::Result<Option<u64>> {
        let mut file = match File::open(self.path(hash)) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
            other => other?,
        };
        let dir = root.join(&hash[..2]);
        make_private_dir(&dir)?;
        let mut copy = NamedTempFile::new_in(&dir)?;
        let (mut hasher, mut buffer, mut bytes) = (Sha256::new(), vec![0; READ_BUFFER_BYTES], 0);
        loop {
            let count = file.read(&mut buffer)?;
            if count == 0 {
                break;
            }
            hasher.update(&buffer[..count]);
            copy.write_all(&buffer[..count])?;
            bytes += count as u64;
        }
        if hex(&hasher.finalize()) != hash {
            return Ok(None);
        }
        copy.as_file().set_times(FileTimes::new().set_modified(file.metadata()?.modified()?))?;
        copy.persist(dir.join(hash)).map_err(|error| error.error)?;
        Ok(Some(bytes))
    }

    /// Hashes of the contents that are not what was kept under them.
    pub(crate) fn altered(&self) -> Result<Vec<String>, BlobError> {
        let mut altered = Vec::new();
        for dir in fs::read_dir(&self.root)? {
            let dir = dir?;
            if !dir.file_type()?.is_dir() {
                continue;
            }
            for file in fs::read_dir(dir.path())? {
                match file?.file_name().to_str().map(|hash| self.open(hash)) {
                    Some(Err(BlobError::Altered(hash))) => altered.push(hash),
                    Some(Err(BlobError::Io(error))) => return Err(error.into()),
                    // Removed meanwhile, or no content.
                    _ => {}
                }
            }
        }
        Ok(altered)
    }

    fn dir(&self, hash: &str) -> PathBuf {
        self.root.join(&hash[..2])
    }

    fn path(&self, hash: &str) -> PathBuf {
        self.dir(hash).join(hash)
    }
}

fn put_at(now_ms: i64) -> FileTimes {
    FileTimes::new().set_modified(time(now_ms))
}

fn time(ms: i64) -> SystemTime {
    UNIX_EPOCH + Duration::from_millis(u64::try_from(ms).unwrap_or(0))
}

fn missing(hash: &str, error: io::Error) -> BlobError {
    match error.kind() {
        io::ErrorKind::NotFound => BlobError::Missing(hash.to_owned()),
        _ => BlobError::Io(error),
    }
}

/// Refuses what is not a hash, before it becomes a path or a question to the database.
pub(crate) fn check_hash(hash: &str) -> Result<(), BlobError> {
    if !is_file_id(hash) {
        return Err(BlobError::NotAHash(hash.chars().take(80).collect()));
    }
    Ok(())
}

/// Content, if it is what was kept under its hash.
pub(crate) fn verified(hash: &str, content: Vec<u8>) -> Result<Vec<u8>, BlobError> {
    if hash_of(&content) != hash {
        return Err(BlobError::Altered(hash.to_owned()));
    }
    Ok(content)
}

/// The SHA-256 of content, in 64 lower-case hex digits.
pub(crate) fn hash_of(content: &[u8]) -> String {
    hex(&Sha256::digest(content))
}

/// Bytes in lower-case hex digits.
pub(crate) fn hex(bytes: &[u8]) -> String {
    use std::fmt::Write as _;
    bytes.iter().fold(String::with_capacity(bytes.len() * 2), |mut text, byte| {
        // Writing to a String cannot fail.
        let _ = write!(text, "{byte:02x}");
        text
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn blobs() -> (tempfile::TempDir, Blobs) {
        let dir = tempfile::tempdir().unwrap();
        let (root, partials) = (dir.path().join("blobs"), dir.path().join("incoming"));
        make_private_dir(&root).unwrap();
        make_private_dir(&partials).unwrap();
        let blobs = Blobs::new(root, Partials::new(partials));
        (dir, blobs)
    }

    fn keep(blobs: &Blobs, content: &[u8], now_ms: i64) -> String {
        let hash = hash_of(content);
        blobs.put(content, &hash, now_ms).unwrap();
        hash
    }

    #[test]
    fn content_is_found_by_its_hash_and_kept_once() {
        let (dir, blobs) = blobs();
        let hash = keep(&blobs, b"abc", 1);
        assert_eq!(hash, "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
        assert_eq!(keep(&blobs, b"abc", 2), hash);
        assert_eq!(blobs.get(&hash).unwrap(), b"abc");
        assert_eq!(fs::read_dir(dir.path().join("blobs/ba")).unwrap().count(), 1);
        assert_eq!(fs::read_dir(dir.path().join("incoming")).unwrap().count(), 0);
    }

    #[test]
    fn altered_content_is_refused_and_keeping_it_again_mends_it() {
        let (dir, blobs) = blobs();
        let hash = keep(&blobs, b"the truth", 1);
        fs::write(dir.path().join("blobs").join(&hash[..2]).join(&hash), b"a lie....").unwrap();
        assert!(matches!(blobs.get(&hash), Err(BlobError::Altered(_))));
        assert!(matches!(blobs.open(&hash), Err(BlobError::Altered(_))));
        keep(&blobs, b"the truth", 1);
        assert_eq!(blobs.get(&hash).unwrap(), b"the truth");
    }

    #[test]
    fn old_content_is_found_in_its_directory() {
        let (_dir, blobs) = blobs();
        let old = keep(&blobs, b"abc", 5);
        let dir = u8::from_str_radix(&old[..2], 16).unwrap();
        assert_eq!(blobs.put_before(dir, 6, 9).unwrap(), std::slice::from_ref(&old));
        assert_eq!(blobs.put_before(dir, 5, 9).unwrap(), [""; 0]);
        assert_eq!(blobs.put_before(dir.wrapping_add(1), 6, 9).unwrap(), [""; 0]);
        assert!(blobs.remove(&old).unwrap());
        assert!(!blobs.remove(&old).unwrap());
        assert!(matches!(blobs.get(&old), Err(BlobError::Missing(_))));
    }

    #[test]
    fn a_hash_is_never_a_path() {
        let (_dir, blobs) = blobs();
        let hostile =
            ["", "..", "../../etc/passwd", &"A".repeat(64), &"é".repeat(32), &"../".repeat(22)[..64]];
        for name in hostile {
            assert!(matches!(blobs.get(name), Err(BlobError::NotAHash(_))), "{name}");
        }
        assert!(matches!(blobs.get(&"0".repeat(64)), Err(BlobError::Missing(_))));
    }
}
