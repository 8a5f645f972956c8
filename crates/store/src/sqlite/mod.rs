//! SQLite: one file, one writer at a time, readers that wait only for what it owes.

pub(crate) mod backup;
pub(crate) mod connection;
pub(crate) mod owed;

use std::path::{Path, PathBuf};

use sqlx::migrate::MigrateError;
use sqlx::sqlite::{SqliteConnectOptions, SqliteJournalMode, SqlitePoolOptions};

use crate::OpenError;
use crate::sql::is_full;
use crate::sql::recovery::{END_LEASES, warn_of_leases};
use connection::{BUSY_WAIT_MAX, Lent, Pool, Purpose};
use owed::{Debt, Owed};

/// Connections that read; more would not help on the machines this is for.
const READERS: u32 = 4;

/// The connections of one process to the database.
#[derive(Debug, Clone)]
pub(crate) struct Sqlite {
    file: PathBuf,
    /// A single connection: writers of this process queue here in turn, which is fair and quick, rather than for
    /// the file's lock, for which everybody looks again and again.
    writer: Pool,
    readers: Pool,
    owed: Owed,
}

impl Sqlite {
    /// Opens the file and brings it to this version's layout. The caller sees to it that no other process does so
    /// at the same time.
    pub(crate) async fn open(file: &Path) -> Result<Self, OpenError> {
        match prepare(file).await {
            Ok(()) => Ok(Self {
                file: file.to_path_buf(),
                writer: Pool::new(file, Purpose::Write, 1),
                readers: Pool::new(file, Purpose::Read, READERS),
                owed: Owed::default(),
            }),
            Err(MigrateError::Execute(error) | MigrateError::ExecuteMigration(error, _))
                if is_full(&error) =>
            {
                Err(OpenError::Full(file.to_path_buf()))
            }
            Err(error) => Err(OpenError::Database { path: file.to_path_buf(), reason: error.to_string() }),
        }
    }

    /// Ends every lease, for whoever has it open alone.
    pub(crate) async fn end_leases(&self) {
        let ended = async || -> Result<(), sqlx::Error> {
            let mut conn = self.write().await?;
            for statement in END_LEASES.split(';') {
                conn.carry_out(statement, &[], &mut |_| Ok(()))?;
            }
            conn.commit().await
        };
        if let Err(error) = ended().await {
            warn_of_leases(&error);
        }
    }

    pub(crate) async fn close(&self) {
        // Others may have it open, so that closing it does not do so.
        if let Err(error) = self.sync().await {
            tracing::error!(%error, "what was recorded last may be lost if the power fails");
        }
        self.readers.close().await;
        self.writer.close().await;
    }

    /// Notes that whoever has begun to write has still to do so; see [`owed`].
    pub(crate) fn owe(&self) -> Debt {
        self.owed.owe()
    }

    /// Waits until what is owed is written.
    pub(crate) async fn settled(&self) {
        self.owed.settled().await;
    }

    /// Waits until all that was committed is on disk.
    pub(crate) async fn sync(&self) -> Result<(), sqlx::Error> {
        self.writer.sync().await
    }

    /// A connection to read with.
    pub(crate) async fn read(&self) -> Result<Lent, sqlx::Error> {
        self.settled().await;
        self.readers.lend().await
    }

    /// Begins a transaction that reads the database as it is at one moment.
    pub(crate) async fn snapshot(&self) -> Result<Lent, sqlx::Error> {
        let mut conn = self.read().await?;
        conn.begin_read()?;
        Ok(conn)
    }

    /// Begins a transaction that takes the write lock at once.
    pub(crate) async fn write(&self) -> Result<Lent, sqlx::Error> {
        let mut conn = self.writer.lend().await?;
        conn.begin_write().await?;
        Ok(conn)
    }
}

/// Brings the file to this version's layout.
async fn prepare(file: &Path) -> Result<(), MigrateError> {
    let options = SqliteConnectOptions::new()
        .filename(file)
        .create_if_missing(false)
        .journal_mode(SqliteJournalMode::Wal)
        .foreign_keys(true)
        .busy_timeout(BUSY_WAIT_MAX)
        .pragma("temp_store", "memory")
        .pragma("trusted_schema", "off");
    let opening = SqlitePoolOptions::new().max_connections(1).connect_lazy_with(options);
    let migrated = sqlx::migrate!().run(&opening).await;
    opening.close().await;
    migrated
}
