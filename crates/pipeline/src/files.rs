//! Files that a tenant uploaded: found by the hash of their content, kept within quotas and for a time.

use std::{
    fmt,
    io::{Cursor, Read},
    str::FromStr,
};

use async_trait::async_trait;
use serde::Serialize;

use crate::{policy::Violation, ports::StoreError, run::Principal};

/// Keeps what tenants upload. The same content twice is the same file: its name and its quota are those of
/// whoever sent it last.
#[async_trait]
pub trait Files: Send + Sync {
    /// Begins to take in files of the principal's; `announced_bytes` come at least, if that is known.
    ///
    /// # Errors
    /// [`FilesError`], if it is clear already that they cannot be kept.
    async fn receive(
        &self,
        principal: &Principal,
        announced_bytes: Option<u64>,
    ) -> Result<Box<dyn Incoming>, FilesError>;

    /// The tenant's files, newest first: at most `limit` of those after `cursor`.
    async fn files(
        &self,
        principal: &Principal,
        cursor: Option<&FileCursor>,
        limit: u32,
    ) -> Result<Vec<FileInfo>, StoreError>;

    /// A file; none if the tenant has none with this id, or its time is over.
    async fn file(&self, principal: &Principal, id: &str) -> Result<Option<FileInfo>, StoreError>;

    /// Forgets a file; false if the tenant has none with this id. Runs that use it have read it.
    async fn remove_file(&self, principal: &Principal, id: &str) -> Result<bool, StoreError>;
}

/// Files that are coming in, one after the other. Dropped, it leaves nothing behind.
#[async_trait]
pub trait Incoming: Send {
    /// Takes in more of the current file.
    ///
    /// # Errors
    /// [`FilesError`]; nothing more can be taken in then.
    async fn write(&mut self, bytes: &[u8]) -> Result<(), FilesError>;

    /// Ends the current file, and returns the SHA-256 of its content.
    ///
    /// # Errors
    /// As [`Incoming::write`].
    async fn end_file(&mut self, name: String) -> Result<[u8; 32], FilesError>;

    /// Keeps every file that was ended, or none.
    ///
    /// # Errors
    /// As [`Incoming::write`].
    async fn keep(self: Box<Self>) -> Result<Vec<FileInfo>, FilesError>;
}

/// A file that a tenant has.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
#[serde(rename_all = "camelCase")]
pub struct FileInfo {
    /// The SHA-256 of its content in 64 lower-case hex digits.
    pub id: String,
    /// What its owner calls it.
    pub name: String,
    /// Its size in bytes.
    pub size: u64,
    /// When it was uploaded first, in milliseconds since the Unix epoch.
    pub created_ms: i64,
    /// Until when it is kept, in milliseconds since the Unix epoch.
    pub expires_ms: i64,
}

/// The place in a list of files after one of them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FileCursor {
    /// When that was uploaded, in milliseconds since the Unix epoch.
    pub created_ms: i64,
    /// Its id.
    pub id: String,
}

impl From<&FileInfo> for FileCursor {
    fn from(file: &FileInfo) -> FileCursor {
        FileCursor { created_ms: file.created_ms, id: file.id.clone() }
    }
}

impl fmt::Display for FileCursor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{}", self.created_ms, self.id)
    }
}

impl FromStr for FileCursor {
    type Err = ();

    fn from_str(text: &str) -> Result<FileCursor, ()> {
        let (created, id) = text.split_once('.').ok_or(())?;
        let cursor = FileCursor { created_ms: created.parse().map_err(drop)?, id: id.to_owned() };
        if cursor.to_string() == text && is_file_id(id) { Ok(cursor) } else { Err(()) }
    }
}

/// True if a text is written as ids of files are.
pub fn is_file_id(text: &str) -> bool {
    text.len() == 64 && text.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'))
}

/// Why files are not taken in.
#[derive(Debug, thiserror::Error)]
pub enum FilesError {
    /// One is too large.
    #[error("the file is above the limit files.file_bytes_max = {limit} bytes")]
    TooLarge {
        /// Largest file there may be, in bytes.
        limit: u64,
    },
    /// They exceed what a key or a tenant may keep.
    #[error(transparent)]
    Quota(#[from] QuotaExceeded),
    /// The store failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// A quota that has no room for more.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error, Serialize)]
#[error("the {scope} may keep {limit} {unit} of {of} and keeps {used}, the new ones do not fit: {advice}")]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
pub struct QuotaExceeded {
    /// What the quota is for, in words.
    #[serde(skip)]
    pub of: &'static str,
    /// Whose: `key` or `tenant`.
    pub scope: &'static str,
    /// What is counted: `bytes` or `files`.
    pub unit: &'static str,
    /// How much may be kept.
    pub limit: u64,
    /// How much is kept, without what was sent.
    pub used: u64,
    /// What to do, in words.
    #[serde(skip)]
    pub advice: &'static str,
}

/// Content that is read in pieces; reading may block.
pub struct Content {
    /// Its size in bytes.
    pub size: u64,
    /// Its bytes.
    pub bytes: Box<dyn Read + Send>,
}

impl From<Vec<u8>> for Content {
    fn from(bytes: Vec<u8>) -> Content {
        Content { size: bytes.len() as u64, bytes: Box::new(Cursor::new(bytes)) }
    }
}

impl fmt::Debug for Content {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Content({} bytes)", self.size)
    }
}

/// A file of a request that was uploaded before.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UploadRef {
    /// Its place among the request's files.
    pub at: usize,
    /// Its name in the working directory.
    pub name: String,
    /// The upload's id.
    pub id: String,
}

impl UploadRef {
    /// There is none, or not any more, or it is another tenant's: which of them is not said.
    pub(crate) fn unknown(&self) -> Violation {
        Violation {
            code: "upload_unknown",
            pointer: format!("/files/{}/upload", self.at),
            detail: "there is no such upload, or it has expired: send it to POST /v1/files".to_owned(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cursor_is_read_as_it_is_written_and_no_other_way() {
        let cursor = FileCursor { created_ms: 1_800_000_000_000, id: "0a".repeat(32) };
        assert_eq!(cursor.to_string().parse(), Ok(cursor));
        let id = "0a".repeat(32);
        for wrong in ["", ".", "1", &format!("+1.{id}"), &format!("1.{id}0"), &format!("x.{id}"), "1.../x"] {
            assert_eq!(wrong.parse::<FileCursor>(), Err(()), "{wrong}");
        }
    }
}
