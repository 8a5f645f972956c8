//! Small contents: they are written with the events that name them, so that keeping them costs no write
//! of their own.

use std::time::Instant;

use metrics::histogram;
use sqlx::{QueryBuilder, Sqlite, Transaction};

use super::Database;

/// Largest content that is kept in the database, in bytes; SQLite reads and writes such ones faster
/// than the file system, <https://sqlite.org/fasterthanfs.html>.
pub(crate) const SMALL_BYTES_MAX: usize = 16 * 1024;

/// Rows written by one statement, each with two parameters.
const ROWS_AT_ONCE: usize = 64;

impl Database {
    /// Commits a transaction.
    pub(crate) async fn commit(&self, tx: Transaction<'static, Sqlite>) -> Result<(), sqlx::Error> {
        let began = Instant::now();
        tx.commit().await?;
        histogram!("ringfence_store_commit_seconds").record(began.elapsed());
        Ok(())
    }

    /// Small content that was kept.
    pub(crate) async fn content(&self, hash: &str) -> Result<Option<Vec<u8>>, sqlx::Error> {
        sqlx::query_scalar("SELECT bytes FROM contents WHERE sha256 = ?")
            .bind(hash)
            .fetch_optional(&self.readers)
            .await
    }
}

/// Adds to a query that contents are written: each its hash and its bytes.
pub(super) fn push_contents<'a>(
    query: &mut QueryBuilder<Sqlite>,
    contents: impl Iterator<Item = (&'a str, &'a [u8])>,
) {
    let mut contents = contents.peekable();
    while contents.peek().is_some() {
        query.push("; INSERT INTO contents (sha256, bytes) ");
        query.push_values(contents.by_ref().take(ROWS_AT_ONCE), |mut row, (hash, content)| {
            row.push_bind(hash.to_owned()).push_bind(content.to_vec());
        });
        // Content that was altered on disk is replaced by what it should be; the same is not written.
        query.push(
            " ON CONFLICT (sha256) DO UPDATE SET bytes = excluded.bytes
              WHERE contents.bytes != excluded.bytes",
        );
    }
}
