//! Content kept by the SHA-256 of its bytes, one file each, fanned out by the first two digits.

use std::fs;
use std::io::{self, Write};
use std::path::PathBuf;

use ringfence_pipeline::ports::StoreError;
use sha2::{Digest, Sha256};

use crate::data_dir::{make_private_dir, sync_dir};

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
    /// The failure to keep content.
    pub(crate) fn while_keeping(self) -> StoreError {
        let full = matches!(&self, BlobError::Io(error)
            if matches!(error.kind(), io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded));
        StoreError { doing: "keeping content", reason: self.to_string(), full }
    }
}

/// The directory of blobs. Its calls block: use them where blocking is fine.
#[derive(Debug, Clone)]
pub(crate) struct Blobs {
    root: PathBuf,
}

impl Blobs {
    pub(crate) fn new(root: PathBuf) -> Self {
        Self { root }
    }

    /// Keeps content durably and returns its hash. Content that was altered since is replaced.
    pub(crate) fn put(&self, content: &[u8]) -> Result<String, BlobError> {
        let hash = hash_of(content);
        let dir = self.root.join(&hash[..2]);
        if self.get(&hash).is_err() {
            if !dir.try_exists()? {
                make_private_dir(&dir)?;
                sync_dir(&self.root)?;
            }
            let mut file = tempfile::NamedTempFile::new_in(&dir)?;
            file.write_all(content)?;
            file.as_file().sync_all()?;
            file.persist(dir.join(&hash)).map_err(|error| error.error)?;
        }
        // Also for content that was there: whoever wrote it may not have come this far.
        sync_dir(&dir)?;
        Ok(hash)
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

    /// Content by its hash, verified.
    pub(crate) fn get(&self, hash: &str) -> Result<Vec<u8>, BlobError> {
        check_hash(hash)?;
        let content = fs::read(self.root.join(&hash[..2]).join(hash)).map_err(|error| {
            if error.kind() == io::ErrorKind::NotFound {
                BlobError::Missing(hash.to_owned())
            } else {
                BlobError::Io(error)
            }
        })?;
        verified(hash, content)
    }
}

/// Refuses what is not a hash, before it becomes a path or a question to the database.
pub(crate) fn check_hash(hash: &str) -> Result<(), BlobError> {
    if hash.len() != 64 || !hash.bytes().all(|b| matches!(b, b'0'..=b'9' | b'a'..=b'f')) {
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
    use std::fmt::Write as _;
    let bytes = Sha256::digest(content);
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
        let blobs = Blobs::new(dir.path().to_path_buf());
        (dir, blobs)
    }

    #[test]
    fn content_is_found_by_its_hash_and_kept_once() {
        let (dir, blobs) = blobs();
        let hash = blobs.put(b"abc").unwrap();
        assert_eq!(hash, "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
        assert_eq!(blobs.put(b"abc").unwrap(), hash);
        assert_eq!(blobs.get(&hash).unwrap(), b"abc");
        assert_eq!(fs::read_dir(dir.path().join("ba")).unwrap().count(), 1);
    }

    #[test]
    fn altered_content_is_refused_and_keeping_it_again_mends_it() {
        let (dir, blobs) = blobs();
        let hash = blobs.put(b"the truth").unwrap();
        fs::write(dir.path().join(&hash[..2]).join(&hash), b"a lie....").unwrap();
        assert!(matches!(blobs.get(&hash), Err(BlobError::Altered(_))));
        blobs.put(b"the truth").unwrap();
        assert_eq!(blobs.get(&hash).unwrap(), b"the truth");
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
