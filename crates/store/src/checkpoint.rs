//! The file `audit.head`: how far each tenant's chain has come, kept beside the database, so that a chain
//! cut off at its end is noticed. A MAC covers it.
//!
//! ```text
//! ringfence audit head 1
//! whole                                    or: chaining, while older rows get their entries
//! 12 5f0c…(64 digits) acme                 number and MAC of the last entry, tenant
//! mac 77ab…(64 digits)
//! ```

use std::collections::BTreeMap;
use std::fs::{self, File};
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use ringfence_pipeline::audit::AuditHead;
use ringfence_pipeline::ports::StoreError;
use subtle::ConstantTimeEq;

use crate::blobs::hex;
use crate::chain::{ChainKey, Head};
use crate::data_dir::sync_dir;

/// The file's name.
const FILE: &str = "audit.head";
const TITLE: &str = "ringfence audit head 1";
const WHOLE: &str = "whole";
const CHAINING: &str = "chaining";

/// What the file says.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Checkpoint {
    /// False while rows of an earlier version get their entries.
    pub(crate) whole: bool,
    /// Where each tenant's chain ended.
    pub(crate) heads: BTreeMap<String, Head>,
}

/// Why the file is of no use.
#[derive(Debug, thiserror::Error)]
pub(crate) enum CheckpointError {
    /// It is not what was written with this installation's key.
    #[error("{} was changed, or made with another pepper", .0.display())]
    Damaged(PathBuf),
    /// The file system failed.
    #[error("{} cannot be read or written: {source}", path.display())]
    Io { path: PathBuf, source: io::Error },
}

impl CheckpointError {
    /// As the store's failure.
    pub(crate) fn while_doing(self, doing: &'static str) -> StoreError {
        let full = matches!(&self, CheckpointError::Io { source, .. }
            if matches!(source.kind(), io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded));
        StoreError { doing, reason: self.to_string(), full, gone: false }
    }
}

/// Where the file is, and what it is sealed with. Its calls block.
#[derive(Debug, Clone)]
pub(crate) struct CheckpointFile {
    dir: PathBuf,
    key: ChainKey,
}

impl CheckpointFile {
    pub(crate) fn new(data_dir: &Path, key: ChainKey) -> Self {
        Self { dir: data_dir.to_path_buf(), key }
    }

    /// Waits until nobody else renews it; they wait until this is dropped.
    pub(crate) fn lock(&self) -> Result<File, CheckpointError> {
        let lock = || {
            let dir = File::open(&self.dir)?;
            dir.lock()?;
            Ok(dir)
        };
        lock().map_err(|source| self.io(source))
    }

    /// What it says; none if there is no such file.
    pub(crate) fn read(&self) -> Result<Option<Checkpoint>, CheckpointError> {
        let text = match fs::read(self.path()) {
            Ok(bytes) => String::from_utf8(bytes).map_err(|_| CheckpointError::Damaged(self.path()))?,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
            Err(source) => return Err(self.io(source)),
        };
        self.parse(&text).map(Some).ok_or_else(|| CheckpointError::Damaged(self.path()))
    }

    /// Replaces it, durably and at once.
    pub(crate) fn write(&self, checkpoint: &Checkpoint) -> Result<(), CheckpointError> {
        let text = self.text(checkpoint);
        let write = || {
            let mut file = tempfile::NamedTempFile::new_in(&self.dir)?;
            file.write_all(text.as_bytes())?;
            file.as_file().sync_all()?;
            file.persist(self.path()).map_err(|error| error.error)?;
            sync_dir(&self.dir)
        };
        write().map_err(|source| self.io(source))
    }

    fn text(&self, checkpoint: &Checkpoint) -> String {
        let state = if checkpoint.whole { WHOLE } else { CHAINING };
        let mut text = format!("{TITLE}\n{state}\n");
        for (tenant, head) in &checkpoint.heads {
            // Names of tenants hold no control characters, and so no ends of lines.
            text.push_str(&format!("{} {} {tenant}\n", head.n, hex(&head.mac)));
        }
        let mac = hex(&self.key.of_checkpoint(&text));
        text + &format!("mac {mac}\n")
    }

    fn parse(&self, text: &str) -> Option<Checkpoint> {
        let (said, mac) = text.strip_suffix('\n')?.rsplit_once("mac ")?;
        let right = hex(&self.key.of_checkpoint(said));
        if !bool::from(right.as_bytes().ct_eq(mac.as_bytes())) {
            return None;
        }
        let mut lines = said.lines();
        let whole = match (lines.next()?, lines.next()?) {
            (TITLE, WHOLE) => true,
            (TITLE, CHAINING) => false,
            _ => return None,
        };
        let heads = lines.map(|line| {
            let mut parts = line.splitn(3, ' ');
            let (n, mac, tenant) = (parts.next()?, parts.next()?, parts.next()?);
            let head: AuditHead = format!("{tenant}:{n}:{mac}").parse().ok()?;
            Some((head.tenant, Head { n: head.n, mac: head.mac }))
        });
        Some(Checkpoint { whole, heads: heads.collect::<Option<_>>()? })
    }

    /// Writes what it says now to another data directory; nothing if there is no such file.
    pub(crate) fn copy_to(&self, data_dir: &Path) -> io::Result<()> {
        let said = match fs::read(self.path()) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
            other => other?,
        };
        let mut copy = tempfile::NamedTempFile::new_in(data_dir)?;
        copy.write_all(&said)?;
        copy.persist(data_dir.join(FILE)).map(drop).map_err(|error| error.error)
    }

    pub(crate) fn path(&self) -> PathBuf {
        self.dir.join(FILE)
    }

    fn io(&self, source: io::Error) -> CheckpointError {
        CheckpointError::Io { path: self.path(), source }
    }
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt;

    use super::*;

    #[test]
    fn it_is_read_as_it_was_written_and_not_otherwise() {
        let dir = tempfile::tempdir().unwrap();
        let file = CheckpointFile::new(dir.path(), ChainKey::derived_from(b"pepper"));
        assert_eq!(file.read().unwrap(), None);
        let heads = [("acme", 3), ("self-service:a b", 1)]
            .map(|(tenant, n)| (tenant.to_owned(), Head { n, mac: [7; 32] }))
            .into();
        let checkpoint = Checkpoint { whole: true, heads };
        file.write(&Checkpoint::default()).unwrap();
        file.write(&checkpoint).unwrap();
        assert_eq!(file.read().unwrap(), Some(checkpoint));
        assert_eq!(fs::metadata(file.path()).unwrap().permissions().mode() & 0o777, 0o600);
        assert_eq!(fs::read_dir(dir.path()).unwrap().count(), 1);

        let another = CheckpointFile::new(dir.path(), ChainKey::derived_from(b"salt"));
        assert!(matches!(another.read(), Err(CheckpointError::Damaged(_))));
        let text = fs::read_to_string(file.path()).unwrap();
        for at in 0..text.len() {
            let mut changed = text.clone().into_bytes();
            changed[at] ^= 1;
            fs::write(file.path(), &changed).unwrap();
            assert!(matches!(file.read(), Err(CheckpointError::Damaged(_))), "{at}");
            fs::write(file.path(), &text[..at]).unwrap();
            assert!(matches!(file.read(), Err(CheckpointError::Damaged(_))), "{at}");
        }
    }
}
