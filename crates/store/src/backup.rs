//! Copies everything while others use it; the copy is a data directory like the one it was made of.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;

use ringfence_pipeline::ports::{Ledger as _, StoreError};
use serde::Serialize;

use crate::data_dir::{BLOBS_DIR, DATABASE_FILE, PEPPER_FILE, make_private_dir};
use crate::room::{FREE_BYTES_MIN, free_bytes};
use crate::sql::{Database, failed};
use crate::sqlite::Sqlite;
use crate::sqlite::backup::Copy;
use crate::{BlobError, Store, blocking};

const DOING: &str = "backing up";

/// Only its owner may read or write.
const FILE_MODE: u32 = 0o600;

/// What a backup holds.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct BackedUp {
    /// Runs.
    pub runs: u64,
    /// Contents: code, inputs, outputs, uploads.
    pub contents: u64,
    /// Bytes of all its files together.
    pub bytes: u64,
    /// Contents that should be there, and are missing or altered where they were copied from, by their
    /// hashes. The backup lacks them as the data directory does.
    pub damaged: Vec<String>,
}

/// Why there is no backup.
#[derive(Debug, thiserror::Error)]
pub enum BackupError {
    /// It would not fit.
    #[error("there is too little room for it: {needed} bytes are needed, {free} are free")]
    Room {
        /// Bytes that it needs, some to spare included.
        needed: u64,
        /// Bytes that are free.
        free: u64,
    },
    /// A file of it cannot be written.
    #[error("it cannot be written: {0}")]
    Target(#[from] io::Error),
    /// The copy of the database is not sound.
    #[error("the copy of the database is not sound: {0}")]
    Unsound(String),
    /// The database is a Postgres.
    #[error(
        "the database is a Postgres: back it up with pg_dump, and the data directory beside it after that"
    )]
    Postgres,
    /// The data cannot be read.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl Store {
    /// Copies everything to the empty private directory `target` while others go on reading and writing,
    /// checks the copy, and has it on disk when it returns. The copy is as of one moment soon after the
    /// call: what was recorded before is in it.
    ///
    /// # Errors
    /// [`BackupError`]; what was written until then is left for the caller to remove.
    pub async fn back_up(&self, target: &Path) -> Result<BackedUp, BackupError> {
        let Database::Sqlite(sqlite) = &self.database else { return Err(BackupError::Postgres) };
        self.catch_up().await;
        self.check_room_for_backup(sqlite, target).await?;
        let database = target.join(DATABASE_FILE);
        // Before the database, which goes on: it then has come at least as far as this says.
        let (checkpoint, dir) = (self.audit.checkpoint.clone(), target.to_path_buf());
        blocking(move || Ok(checkpoint.copy_to(&dir)?)).await.map_err(unwritten)?;
        create(&database)?;
        sqlite.copy_to(&database).await.map_err(failed(DOING))?;
        create(&target.join(PEPPER_FILE))?.write_all(&self.pepper)?;
        let mut copy = Copy::open(&database).await.map_err(failed(DOING))?;
        if let Some(flaw) = copy.flaw().await.map_err(failed(DOING))? {
            return Err(BackupError::Unsound(flaw));
        }
        let (files, bytes) = self.copy_blobs(&mut copy, target).await?;
        let damaged = self.missing(sqlite, &mut copy, target).await?;
        let (runs, small) = copy.counts().await.map_err(failed(DOING))?;
        copy.close().await.map_err(failed(DOING))?;
        let bytes = bytes + fs::metadata(&database)?.len() + self.pepper.len() as u64;
        let written = File::open(target)?;
        // All of it at once: a file at a time takes as long for each.
        blocking(move || Ok(rustix::fs::syncfs(&written).map_err(io::Error::from)?))
            .await
            .map_err(|error| io::Error::other(error.to_string()))?;
        Ok(BackedUp { runs, contents: small + files, bytes, damaged })
    }

    /// Fails before it fills up a disk that others need as well.
    async fn check_room_for_backup(&self, sqlite: &Sqlite, target: &Path) -> Result<(), BackupError> {
        let blobs = self.blobs.clone();
        let files = blocking(move || Ok(blobs.bytes()?)).await.map_err(|error| error.while_doing(DOING))?;
        let database = sqlite.bytes().await.map_err(failed(DOING))?;
        let (needed, free) = (files.saturating_add(database) + FREE_BYTES_MIN, free_bytes(target)?);
        if needed > free { Err(BackupError::Room { needed, free }) } else { Ok(()) }
    }

    /// Copies the contents that are files and that the copied database wants: their number and their bytes.
    async fn copy_blobs(&self, copy: &mut Copy, target: &Path) -> Result<(u64, u64), BackupError> {
        let root = target.join(BLOBS_DIR);
        make_private_dir(&root)?;
        let (mut files, mut bytes) = (0, 0);
        for prefix in self.blobs.prefixes()? {
            let wanted = copy.wanted_below(&prefix).await.map_err(failed(DOING))?;
            let (blobs, root) = (self.blobs.clone(), root.clone());
            let copying = blocking(move || {
                let (mut files, mut bytes) = (0, 0);
                for hash in blobs.list(&prefix)?.iter().filter(|hash| wanted.contains(*hash)) {
                    if let Some(copied) = blobs.copy_to(hash, &root)? {
                        (files, bytes) = (files + 1, bytes + copied);
                    }
                }
                Ok((files, bytes))
            });
            let (more_files, more_bytes): (u64, u64) = copying.await.map_err(unwritten)?;
            (files, bytes) = (files + more_files, bytes + more_bytes);
        }
        Ok((files, bytes))
    }

    /// Contents that the copy says are kept, and that are not there.
    ///
    /// One whose time was over, or that was erased after the database was copied, is not missing: nobody may
    /// read it any more, and its absence is what a reader of the copy is told. One of a run in progress may not
    /// have been written yet.
    async fn missing(
        &self,
        sqlite: &Sqlite,
        copy: &mut Copy,
        target: &Path,
    ) -> Result<Vec<String>, BackupError> {
        let root = target.join(BLOBS_DIR);
        let (mut missing, mut after) = (Vec::new(), String::new());
        loop {
            let now_ms = (self.clock)();
            let names = copy.wanted_files(&after, now_ms).await.map_err(failed(DOING))?;
            let Some(last) = names.last() else { return Ok(missing) };
            after.clone_from(last);
            for hash in names {
                let there = root.join(&hash[..2]).join(&hash).try_exists()?;
                if !there && sqlite.wants(&hash, now_ms).await.map_err(failed(DOING))? {
                    missing.push(hash);
                }
            }
        }
    }
}

/// A file of the backup could not be written, or something of ours was not read.
fn unwritten(error: BlobError) -> BackupError {
    match error {
        BlobError::Io(error) => BackupError::Target(error),
        other => BackupError::Store(other.while_doing(DOING)),
    }
}

/// Creates a file that only its owner may read.
fn create(path: &Path) -> io::Result<File> {
    OpenOptions::new().write(true).create_new(true).mode(FILE_MODE).open(path)
}
