//! Small contents: they are written with the events that name them, so that keeping them costs no write
//! of their own.

use std::collections::BTreeMap;

use super::{Conn, query};
use crate::Store;

/// Largest content that is kept in the database, in bytes; SQLite reads and writes such ones faster
/// than the file system, <https://sqlite.org/fasterthanfs.html>.
pub(crate) const SMALL_BYTES_MAX: usize = 16 * 1024;

/// Rows written by one statement, each with two parameters.
const ROWS_AT_ONCE: usize = 64;

impl Store {
    /// Small content that was kept.
    pub(crate) async fn content(&self, hash: &str) -> Result<Option<Vec<u8>>, sqlx::Error> {
        query("SELECT bytes FROM contents WHERE sha256 = ?").bind(hash).fetch_optional(self).await
    }
}

/// Writes contents: each its hash and its bytes.
pub(super) async fn write_contents<'a>(
    conn: &mut Conn,
    contents: impl Iterator<Item = (&'a str, &'a [u8])>,
) -> Result<(), sqlx::Error> {
    // Each once: Postgres does not write a row twice with one statement.
    let contents: BTreeMap<&str, &[u8]> = contents.collect();
    let mut contents = contents.into_iter().peekable();
    while contents.peek().is_some() {
        let mut insert = query("INSERT INTO contents (sha256, bytes) ");
        insert.push_values(contents.by_ref().take(ROWS_AT_ONCE), |(hash, content)| {
            vec![hash.into(), content.into()]
        });
        // Content that was altered on disk is replaced by what it should be; the same is not written.
        insert.push(
            " ON CONFLICT (sha256) DO UPDATE SET bytes = excluded.bytes
              WHERE contents.bytes != excluded.bytes",
        );
        insert.execute(&mut *conn).await?;
    }
    Ok(())
}
