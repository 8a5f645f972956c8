//! Small contents: they wait in memory for the next commit and are written with it, so that keeping
//! them costs no write of their own.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Instant;

use metrics::histogram;
use sqlx::{QueryBuilder, Sqlite, SqliteConnection, Transaction};

use super::Database;

/// Largest content that is kept in the database, in bytes; SQLite reads and writes such ones faster
/// than the file system, <https://sqlite.org/fasterthanfs.html>.
pub(crate) const SMALL_BYTES_MAX: usize = 16 * 1024;

/// Contents that wait at most, in bytes; beyond it they are kept as files.
const WAITING_BYTES_MAX: usize = 4 << 20;

/// Rows written by one statement, each with two parameters.
const ROWS_AT_ONCE: usize = 64;

/// Contents by their hashes.
type Contents = BTreeMap<String, Arc<[u8]>>;

/// What is to be written with the next commit. Cloning it shares it.
#[derive(Debug, Clone, Default)]
pub(crate) struct Waiting(Arc<Mutex<Contents>>);

impl Waiting {
    fn contents(&self) -> MutexGuard<'_, Contents> {
        // The map is never left half-changed, so a panic elsewhere does not spoil it.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Has content written with the next commit; false if there is no room for it.
    pub(crate) fn add(&self, hash: &str, content: &[u8]) -> bool {
        let mut contents = self.contents();
        // Each counts with its hash, so that empty ones count as well.
        let bytes: usize = contents.iter().map(|(hash, content)| hash.len() + content.len()).sum();
        let fits = bytes + hash.len() + content.len() <= WAITING_BYTES_MAX;
        if fits {
            contents.insert(hash.to_owned(), Arc::from(content));
        }
        fits
    }

    /// Content that waits.
    pub(crate) fn get(&self, hash: &str) -> Option<Arc<[u8]>> {
        self.contents().get(hash).cloned()
    }

    fn all(&self) -> Contents {
        self.contents().clone()
    }

    /// These are on disk now. One that is added again meanwhile is the same bytes.
    fn forget(&self, written: &Contents) {
        self.contents().retain(|hash, _| !written.contains_key(hash));
    }
}

impl Database {
    /// Commits a transaction together with every content that waits. They wait on if it fails, and
    /// another commit that comes between writes them as well.
    pub(crate) async fn commit(&self, mut tx: Transaction<'static, Sqlite>) -> Result<(), sqlx::Error> {
        let began = Instant::now();
        let contents = self.waiting.all();
        write(&mut tx, &contents).await?;
        tx.commit().await?;
        histogram!("ringfence_store_commit_seconds").record(began.elapsed());
        self.waiting.forget(&contents);
        Ok(())
    }

    /// Small content that was kept, whether it is on disk already or waits.
    pub(crate) async fn content(&self, hash: &str) -> Result<Option<Vec<u8>>, sqlx::Error> {
        if let Some(content) = self.waiting.get(hash) {
            return Ok(Some(content.to_vec()));
        }
        sqlx::query_scalar("SELECT bytes FROM contents WHERE sha256 = ?")
            .bind(hash)
            .fetch_optional(&self.readers)
            .await
    }

    /// Writes the contents that wait, if there are any.
    pub(super) async fn write_waiting(&self) -> Result<(), sqlx::Error> {
        if self.waiting.all().is_empty() {
            return Ok(());
        }
        self.commit(self.write().await?).await
    }
}

async fn write(conn: &mut SqliteConnection, contents: &Contents) -> Result<(), sqlx::Error> {
    let rows: Vec<(&String, &Arc<[u8]>)> = contents.iter().collect();
    for rows in rows.chunks(ROWS_AT_ONCE) {
        let mut insert = QueryBuilder::new("INSERT INTO contents (sha256, bytes) ");
        insert.push_values(rows, |mut row, (hash, content)| {
            row.push_bind(hash.as_str()).push_bind(content.to_vec());
        });
        // Content that was altered on disk is replaced by what it should be; the same is not written.
        insert
            .push(" ON CONFLICT (sha256) DO UPDATE SET bytes = excluded.bytes WHERE bytes != excluded.bytes");
        insert.build().execute(&mut *conn).await?;
    }
    Ok(())
}
