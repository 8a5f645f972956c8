//! The database's part of a backup: a copy as of one moment, and what the copy says it holds.

use std::collections::BTreeSet;
use std::path::Path;

use sqlx::sqlite::SqliteConnectOptions;
use sqlx::{ConnectOptions, Connection, SqliteConnection};

use super::Sqlite;
use super::connection::BUSY_WAIT_MAX;
use crate::sql::Conn;
use crate::sql::query::query;

/// Hashes looked at with one statement.
const HASHES_AT_ONCE: u32 = 1000;

impl Sqlite {
    /// Copies the database, as of one moment, to a file that is there and empty. Others read and write
    /// meanwhile; the write-ahead log grows until it is done. The copy is not synced.
    pub(crate) async fn copy_to(&self, file: &Path) -> Result<(), sqlx::Error> {
        self.settled().await;
        // The readers may not write, not even elsewhere, and the writer is not to wait for this.
        let mut conn = SqliteConnectOptions::new()
            .filename(&self.file)
            .create_if_missing(false)
            .busy_timeout(BUSY_WAIT_MAX)
            .connect()
            .await?;
        let copied = sqlx::query("VACUUM INTO ?").bind(path_text(file)?).execute(&mut conn).await;
        conn.close().await?;
        copied.map(drop)
    }

    /// Bytes that a copy takes at most.
    pub(crate) async fn bytes(&self) -> Result<u64, sqlx::Error> {
        let mut conn = Conn::Sqlite(self.read().await?);
        let pages: i64 = query("PRAGMA page_count").fetch_one(&mut conn).await?;
        let page_bytes: i64 = query("PRAGMA page_size").fetch_one(&mut conn).await?;
        Ok(u64::try_from(pages.saturating_mul(page_bytes)).unwrap_or(0))
    }

    /// True if a content is to be read beyond `now_ms` by whoever ran or uploaded it.
    pub(crate) async fn wants(&self, hash: &str, now_ms: i64) -> Result<bool, sqlx::Error> {
        let mut conn = Conn::Sqlite(self.read().await?);
        query(
            "SELECT EXISTS (SELECT 1 FROM holds JOIN events AS first ON first.run = holds.run AND first.seq = 0
                            JOIN kept ON kept.ended IN (0, 1) AND kept.tenant = first.tenant AND kept.run = first.run
                            WHERE holds.sha256 = ?1 AND kept.until_ms > ?2)
                 OR EXISTS (SELECT 1 FROM files WHERE sha256 = ?1 AND expires_ms > ?2)",
        )
        .bind(hash)
        .bind(now_ms)
        .fetch_one(&mut conn)
        .await
    }
}

fn path_text(path: &Path) -> Result<&str, sqlx::Error> {
    path.to_str().ok_or_else(|| sqlx::Error::Protocol(format!("{path:?} is not UTF-8 text")))
}

/// A copy of a database, to be looked at.
#[derive(Debug)]
pub(crate) struct Copy(SqliteConnection);

impl Copy {
    pub(crate) async fn open(file: &Path) -> Result<Self, sqlx::Error> {
        let options = SqliteConnectOptions::new().filename(file).read_only(true);
        options.pragma("trusted_schema", "off").connect().await.map(Self)
    }

    pub(crate) async fn close(self) -> Result<(), sqlx::Error> {
        self.0.close().await
    }

    /// The first flaw that SQLite finds in the file, if there is one.
    pub(crate) async fn flaw(&mut self) -> Result<Option<String>, sqlx::Error> {
        let said: String = sqlx::query_scalar("PRAGMA integrity_check(1)").fetch_one(&mut self.0).await?;
        Ok((said != "ok").then_some(said))
    }

    /// Runs, and contents that are kept in the database.
    pub(crate) async fn counts(&mut self) -> Result<(u64, u64), sqlx::Error> {
        let counts: (i64, i64) =
            sqlx::query_as("SELECT (SELECT count(*) FROM runs), (SELECT count(*) FROM contents)")
                .fetch_one(&mut self.0)
                .await?;
        Ok((counts.0.unsigned_abs(), counts.1.unsigned_abs()))
    }

    /// Hashes that begin with `prefix`, of contents that a run holds or somebody uploaded.
    pub(crate) async fn wanted_below(&mut self, prefix: &str) -> Result<BTreeSet<String>, sqlx::Error> {
        let hashes: Vec<String> = sqlx::query_scalar(
            "SELECT sha256 FROM holds WHERE sha256 >= ?1 AND sha256 < ?2
             UNION SELECT sha256 FROM files WHERE sha256 >= ?1 AND sha256 < ?2",
        )
        .bind(prefix)
        // Comes after every hexadecimal digit.
        .bind(format!("{prefix}g"))
        .fetch_all(&mut self.0)
        .await?;
        Ok(hashes.into_iter().collect())
    }

    /// Hashes after `after`, some at once and in their order, of contents that runs which have ended hold
    /// beyond `now_ms`, or that are uploaded until then, and that are not in the database.
    pub(crate) async fn wanted_files(
        &mut self,
        after: &str,
        now_ms: i64,
    ) -> Result<Vec<String>, sqlx::Error> {
        sqlx::query_scalar(
            "SELECT sha256 FROM (
                 SELECT holds.sha256 FROM holds CROSS JOIN events AS first CROSS JOIN kept
                 WHERE holds.sha256 > ?1 AND first.run = holds.run AND first.seq = 0 AND kept.ended = 1
                     AND kept.tenant = first.tenant AND kept.run = first.run AND kept.until_ms > ?2
                 UNION SELECT sha256 FROM files WHERE sha256 > ?1 AND expires_ms > ?2)
             WHERE sha256 NOT IN (SELECT sha256 FROM contents)
             ORDER BY sha256 LIMIT ?3",
        )
        .bind(after)
        .bind(now_ms)
        .bind(HASHES_AT_ONCE)
        .fetch_all(&mut self.0)
        .await
    }
}
