//! SQLite: one file, one writer at a time, readers that never wait for it.

mod accounts;
pub(crate) mod audit;
pub(crate) mod backup;
mod budgets;
mod claims;
pub(crate) mod contents;
pub(crate) mod files;
pub(crate) mod holds;
pub(crate) mod identities;
mod keys;
pub(crate) mod ledger;
pub(crate) mod record;
pub(crate) mod recovery;
mod self_service;
mod usage;
mod verify;

use std::path::{Path, PathBuf};
use std::pin::Pin;
use std::time::Duration;

use ringfence_pipeline::ports::StoreError;
use sqlx::sqlite::{
    SqliteConnectOptions, SqliteJournalMode, SqlitePool, SqlitePoolOptions, SqliteSynchronous,
};
use sqlx::{
    Connection, Sqlite, SqliteConnection, Transaction, migrate::MigrateError, pool::PoolConnectionMetadata,
};

use crate::OpenError;

/// How long a write waits for another process's write.
const BUSY_TIMEOUT: Duration = Duration::from_secs(10);
/// Connections that read; more would not help on the machines this is for.
const READERS: u32 = 4;

/// The connections of one process to the database.
#[derive(Debug, Clone)]
pub(crate) struct Database {
    file: PathBuf,
    /// A single connection: writers of this process queue here in turn, which is fair and quick,
    /// rather than in SQLite's busy handler, which sleeps.
    writer: SqlitePool,
    readers: SqlitePool,
}

impl Database {
    /// Opens the file and brings it to this version's layout. The caller sees to it that no other
    /// process does so at the same time.
    pub(crate) async fn open(file: &Path) -> Result<Self, OpenError> {
        // Full: a commit is on disk when it returns. With a write-ahead log that is one fsync.
        let options = SqliteConnectOptions::new()
            .filename(file)
            .create_if_missing(false)
            .journal_mode(SqliteJournalMode::Wal)
            .synchronous(SqliteSynchronous::Full)
            .foreign_keys(true)
            .busy_timeout(BUSY_TIMEOUT)
            .pragma("temp_store", "memory")
            .pragma("trusted_schema", "off");
        let database = Self {
            file: file.to_path_buf(),
            writer: pool(1).before_acquire(is_between_transactions).connect_lazy_with(options.clone()),
            readers: pool(READERS).connect_lazy_with(options.pragma("query_only", "on")),
        };
        match sqlx::migrate!().run(&database.writer).await {
            Ok(()) => Ok(database),
            Err(MigrateError::Execute(error) | MigrateError::ExecuteMigration(error, _))
                if is_full(&error) =>
            {
                Err(OpenError::Full(file.to_path_buf()))
            }
            Err(error) => Err(database.broken(&error)),
        }
    }

    /// Writes, reads and commits; what was written is taken away in the same transaction. Reads what is
    /// there through another connection.
    pub(crate) async fn try_out(&self) -> Result<(), sqlx::Error> {
        const NAME: &str = "trial";
        let mut tx = self.write().await?;
        sqlx::query("INSERT INTO contents (sha256, bytes) VALUES (?, ?)")
            .bind(NAME)
            .bind(NAME.as_bytes())
            .execute(&mut *tx)
            .await?;
        let taken: Vec<u8> = sqlx::query_scalar("DELETE FROM contents WHERE sha256 = ? RETURNING bytes")
            .bind(NAME)
            .fetch_one(&mut *tx)
            .await?;
        tx.commit().await?;
        sqlx::query("SELECT id FROM runs LIMIT 1").fetch_optional(&self.readers).await?;
        match taken == NAME.as_bytes() {
            true => Ok(()),
            false => Err(sqlx::Error::Protocol("what was written is not what is read".to_owned())),
        }
    }

    pub(crate) async fn close(&self) {
        self.readers.close().await;
        self.writer.close().await;
    }

    /// The database cannot be used at all.
    fn broken(&self, error: &dyn std::error::Error) -> OpenError {
        OpenError::Database { path: self.file.clone(), reason: error.to_string() }
    }

    /// Begins a transaction that may write. It takes the write lock at once, so that what it reads
    /// cannot change before it writes; dropped without a commit, it leaves nothing behind.
    async fn write(&self) -> Result<Transaction<'static, Sqlite>, sqlx::Error> {
        self.writer.begin_with("BEGIN IMMEDIATE").await
    }
}

fn pool(connections: u32) -> SqlitePoolOptions {
    // A file does not hang up, so connections need no check before use and no replacement.
    SqlitePoolOptions::new()
        .max_connections(connections)
        .test_before_acquire(false)
        .idle_timeout(None)
        .max_lifetime(None)
}

/// Has a connection replaced that takes itself to be in a transaction still. When the disk is full,
/// SQLite rolls back by itself, and the rollback that follows fails for want of a transaction.
fn is_between_transactions(
    conn: &mut SqliteConnection,
    _: PoolConnectionMetadata,
) -> Pin<Box<dyn Future<Output = Result<bool, sqlx::Error>> + Send + '_>> {
    let between = !conn.is_in_transaction();
    Box::pin(async move { Ok(between) })
}

/// Says what was being done when the database failed.
pub(crate) fn failed(doing: &'static str) -> impl Fn(sqlx::Error) -> StoreError {
    move |error| StoreError { doing, reason: error.to_string(), full: is_full(&error) }
}

/// True if the database had no room: it says so itself, or could not make its shared memory longer.
fn is_full(error: &sqlx::Error) -> bool {
    const SQLITE_FULL: &str = "13";
    const SQLITE_IOERR_SHMSIZE: &str = "4874";
    let code = error.as_database_error().and_then(|error| error.code());
    matches!(code.as_deref(), Some(SQLITE_FULL | SQLITE_IOERR_SHMSIZE))
}
