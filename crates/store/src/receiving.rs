//! Takes in what is uploaded: through one buffer into a file in the making, however large it is.

use std::io::Write;

use async_trait::async_trait;
use ringfence_pipeline::files::{FileInfo, Files as _, FilesError, Incoming};
use ringfence_pipeline::ports::StoreError;
use ringfence_pipeline::run::Principal;
use sha2::{Digest, Sha256};
use tempfile::NamedTempFile;

use crate::blobs::hex;
use crate::sql::contents::SMALL_BYTES_MAX;
use crate::sql::files::NewFile;
use crate::{Store, blocking};

/// Memory that an upload takes, in bytes; beyond it the content is on disk.
const UPLOAD_BUFFER_BYTES: usize = 256 * 1024;

const DOING: &str = "receiving files";

/// Files of one request. Those in the making are gone when it is dropped.
pub(crate) struct Receiving {
    store: Store,
    principal: Principal,
    current: Current,
    ended: Vec<Ended>,
}

/// The file that is coming in.
#[derive(Default)]
struct Current {
    /// What is not written yet.
    buffer: Vec<u8>,
    /// Made once the buffer is full.
    file: Option<NamedTempFile>,
    hasher: Sha256,
    size: u64,
}

/// A file that is there whole.
struct Ended {
    name: String,
    sha256: String,
    size: u64,
    content: Body,
}

enum Body {
    Small(Vec<u8>),
    Large(NamedTempFile),
}

impl Receiving {
    pub(crate) fn new(store: Store, principal: Principal) -> Self {
        Self { store, principal, current: Current::default(), ended: Vec::new() }
    }

    /// Writes the buffer out. Dropped meanwhile, it leaves nothing behind either.
    async fn flush(&mut self) -> Result<(), FilesError> {
        self.store.room.check(DOING)?;
        let (mut current, partials) = (std::mem::take(&mut self.current), self.store.partials.clone());
        let flushed = blocking(move || {
            let mut file = match current.file.take() {
                Some(file) => file,
                None => partials.create()?,
            };
            current.hasher.update(&current.buffer);
            file.write_all(&current.buffer)?;
            current.buffer.clear();
            current.file = Some(file);
            Ok(current)
        });
        self.current = flushed.await.map_err(|error| error.while_doing(DOING))?;
        Ok(())
    }

    fn ended(&self) -> Vec<NewFile<'_>> {
        self.ended.iter().map(Ended::as_new).collect()
    }
}

impl Ended {
    fn as_new(&self) -> NewFile<'_> {
        let small = match &self.content {
            Body::Small(content) => Some(content.as_slice()),
            Body::Large(_) => None,
        };
        NewFile { sha256: &self.sha256, name: &self.name, size: self.size, small }
    }
}

#[async_trait]
impl Incoming for Receiving {
    async fn write(&mut self, mut bytes: &[u8]) -> Result<(), FilesError> {
        let limit = self.store.keeping.file_bytes_max;
        self.current.size = self.current.size.saturating_add(bytes.len() as u64);
        if self.current.size > limit {
            return Err(FilesError::TooLarge { limit });
        }
        while !bytes.is_empty() {
            let (now, later) =
                bytes.split_at(bytes.len().min(UPLOAD_BUFFER_BYTES - self.current.buffer.len()));
            self.current.buffer.extend_from_slice(now);
            bytes = later;
            if self.current.buffer.len() == UPLOAD_BUFFER_BYTES {
                self.flush().await?;
            }
        }
        Ok(())
    }

    async fn end_file(&mut self, name: String) -> Result<[u8; 32], FilesError> {
        if self.current.file.is_some() || self.current.buffer.len() > SMALL_BYTES_MAX {
            self.flush().await?;
        }
        let Current { buffer, file, mut hasher, size } = std::mem::take(&mut self.current);
        let content = match file {
            None => {
                hasher.update(&buffer);
                Body::Small(buffer)
            }
            Some(file) => Body::Large(
                blocking(move || {
                    file.as_file().sync_all()?;
                    Ok(file)
                })
                .await
                .map_err(|error| error.while_doing(DOING))?,
            ),
        };
        let digest: [u8; 32] = hasher.finalize().into();
        self.ended.push(Ended { name, sha256: hex(&digest), size, content });
        self.store.check_quota(&self.principal, &self.ended()).await?;
        Ok(digest)
    }

    async fn keep(self: Box<Self>) -> Result<Vec<FileInfo>, FilesError> {
        // What is admitted must come to be there, whether or not anybody waits for it.
        let keeping = tokio::spawn(async move {
            let (store, principal) = (self.store.clone(), self.principal.clone());
            let kept = store.admit(&principal, &self.ended()).await?;
            if let Err(error) = self.place().await {
                take_back(&store, &principal, &kept).await;
                return Err(error.into());
            }
            // Who deleted one meanwhile found no content to delete.
            store.forget_unwanted(kept.iter().map(|file| file.id.clone()).collect()).await?;
            Ok(kept)
        });
        keeping.await.unwrap_or_else(|error| Err(StoreError::new(DOING, error.to_string()).into()))
    }
}

impl Receiving {
    /// Moves the files that were admitted to where they are found.
    async fn place(self) -> Result<(), StoreError> {
        let (blobs, now_ms) = (self.store.blobs.clone(), (self.store.clock)());
        let moving = blocking(move || {
            for Ended { sha256, content, .. } in self.ended {
                if let Body::Large(file) = content {
                    blobs.adopt(file, &sha256, now_ms)?;
                }
            }
            Ok(())
        });
        moving.await.map_err(|error| error.while_doing(DOING))
    }
}

/// Forgets files that were admitted, and whose content did not come to be there.
async fn take_back(store: &Store, principal: &Principal, files: &[FileInfo]) {
    for file in files {
        if store.read_blob_in_pieces(&file.id).await.is_err()
            && let Err(error) = store.remove_file(principal, &file.id).await
        {
            tracing::error!(file = file.id, %error, "an upload without content could not be forgotten");
        }
    }
}
