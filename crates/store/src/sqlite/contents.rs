//! Small contents: they wait in memory for the next commit and are written with it, so that keeping
//! them costs no write of their own.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Instant;

use metrics::histogram;
use sqlx::{QueryBuilder, Sqlite, SqliteConnection, Transaction};

use super::Database;
use super::holds::HOLD_WAIT_MS;

/// Largest content that is kept in the database, in bytes; SQLite reads and writes such ones faster
/// than the file system, <https://sqlite.org/fasterthanfs.html>.
pub(crate) const SMALL_BYTES_MAX: usize = 16 * 1024;

/// Contents that wait at most, in bytes; beyond it they are kept as files.
const WAITING_BYTES_MAX: usize = 4 << 20;

/// Rows written by one statement, each with three parameters.
const ROWS_AT_ONCE: usize = 64;

/// Time after which content that is kept again is dated anew, in milliseconds; before that it is recent
/// enough for whoever sweeps.
const DATED_ANEW_MS: i64 = HOLD_WAIT_MS / 2;

/// Contents by their hashes, each with the time when it was kept.
type Contents = BTreeMap<String, (Arc<[u8]>, i64)>;

/// What is to be written with the next commit. Cloning it shares it.
#[derive(Debug, Clone, Default)]
pub(crate) struct Waiting(Arc<Mutex<Contents>>);

impl Waiting {
    fn contents(&self) -> MutexGuard<'_, Contents> {
        // The map is never left half-changed, so a panic elsewhere does not spoil it.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Has content written with the next commit; false if there is no room for it.
    pub(crate) fn add(&self, hash: &str, content: &[u8], now_ms: i64) -> bool {
        let mut contents = self.contents();
        // Each counts with its hash, so that empty ones count as well.
        let bytes: usize = contents.iter().map(|(hash, (content, _))| hash.len() + content.len()).sum();
        let fits = bytes + hash.len() + content.len() <= WAITING_BYTES_MAX;
        if fits {
            contents.insert(hash.to_owned(), (Arc::from(content), now_ms));
        }
        fits
    }

    /// Content that waits.
    pub(crate) fn get(&self, hash: &str) -> Option<Arc<[u8]>> {
        self.contents().get(hash).map(|(content, _)| Arc::clone(content))
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
    let rows: Vec<(&str, &[u8], i64)> =
        contents.iter().map(|(hash, (content, put_ms))| (hash.as_str(), &**content, *put_ms)).collect();
    insert(conn, &rows).await
}

/// Writes contents: each its hash, its bytes, and when it was kept.
pub(super) async fn insert(
    conn: &mut SqliteConnection,
    rows: &[(&str, &[u8], i64)],
) -> Result<(), sqlx::Error> {
    for rows in rows.chunks(ROWS_AT_ONCE) {
        let mut insert = QueryBuilder::new("INSERT INTO contents (sha256, bytes, put_ms) ");
        insert.push_values(rows, |mut row, (hash, content, put_ms)| {
            row.push_bind(*hash).push_bind(content.to_vec()).push_bind(put_ms);
        });
        // Content that was altered on disk is replaced by what it should be; the same is not written.
        insert.push(
            " ON CONFLICT (sha256) DO UPDATE SET bytes = excluded.bytes, put_ms = excluded.put_ms
              WHERE bytes != excluded.bytes OR put_ms + ",
        );
        insert.push_bind(DATED_ANEW_MS).push(" < excluded.put_ms");
        insert.build().execute(&mut *conn).await?;
    }
    Ok(())
}
