//! SQLite: one file, one writer at a time, readers that never wait for it.

pub(crate) mod backup;

use std::path::{Path, PathBuf};
use std::pin::Pin;
use std::time::Duration;

use sqlx::sqlite::{
    SqliteConnectOptions, SqliteJournalMode, SqlitePool, SqlitePoolOptions, SqliteSynchronous,
};
use sqlx::{Connection, SqliteConnection, Transaction, migrate::MigrateError, pool::PoolConnectionMetadata};

use crate::OpenError;
use crate::sql::is_full;
use crate::sql::recovery::{END_LEASES, warn_of_leases};

/// How long a write waits for another process's write.
const BUSY_TIMEOUT: Duration = Duration::from_secs(10);
/// Connections that read; more would not help on the machines this is for.
const READERS: u32 = 4;

/// The connections of one process to the database.
#[derive(Debug, Clone)]
pub(crate) struct Sqlite {
    file: PathBuf,
    /// A single connection: writers of this process queue here in turn, which is fair and quick,
    /// rather than in SQLite's busy handler, which sleeps.
    writer: SqlitePool,
    pub(crate) readers: SqlitePool,
}

impl Sqlite {
    /// Opens the file, brings it to this version's layout and, if no other process has it open, ends every lease.
    /// The caller sees to it that no other process does so at the same time.
    pub(crate) async fn open(file: &Path, is_alone: bool) -> Result<Self, OpenError> {
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
            Ok(()) => {}
            Err(MigrateError::Execute(error) | MigrateError::ExecuteMigration(error, _))
                if is_full(&error) =>
            {
                return Err(OpenError::Full(file.to_path_buf()));
            }
            Err(error) => {
                return Err(OpenError::Database { path: file.to_path_buf(), reason: error.to_string() });
            }
        }
        if is_alone && let Err(error) = database.end_leases().await {
            warn_of_leases(&error);
        }
        Ok(database)
    }

    async fn end_leases(&self) -> Result<(), sqlx::Error> {
        let mut conn = self.writer.acquire().await?;
        sqlx::raw_sql(END_LEASES).execute(&mut *conn).await.map(drop)
    }

    pub(crate) async fn close(&self) {
        self.readers.close().await;
        self.writer.close().await;
    }

    /// Begins a transaction that takes the write lock at once.
    pub(crate) async fn write(&self) -> Result<Transaction<'static, sqlx::Sqlite>, sqlx::Error> {
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
