//! What is kept in a database, whichever it is: one text for both, in the SQL that they share.
//!
//! Text is compared by its bytes, numbers are whole and have 64 bits, and whoever writes is alone with what it
//! has read until it has committed (`Database::write`).

mod accounts;
pub(crate) mod audit;
mod budgets;
mod claims;
pub(crate) mod contents;
pub(crate) mod files;
pub(crate) mod holds;
pub(crate) mod identities;
mod keys;
pub(crate) mod ledger;
mod pepper;
pub(crate) mod promises;
pub(crate) mod query;
pub(crate) mod record;
pub(crate) mod recovery;
mod self_service;
mod sessions;
mod usage;
mod verify;

use std::ops::{Deref, DerefMut};
use std::time::Instant;

use metrics::histogram;
use ringfence_pipeline::ports::StoreError;
use sqlx::PgConnection;
use sqlx::pool::PoolConnection;

use crate::Store;
use crate::postgres::{Postgres, answered};
use crate::sqlite::Sqlite;
use crate::sqlite::connection::Lent;
use crate::sqlite::owed::Debt;
use query::{Query, StoredRow, Value, execute_all, query};

/// The connections of one process to its database.
#[derive(Debug, Clone)]
pub(crate) enum Database {
    Sqlite(Sqlite),
    Postgres(Postgres),
}

impl Database {
    /// A connection to read with.
    async fn read(&self) -> Result<Conn, sqlx::Error> {
        Ok(match self {
            Database::Sqlite(sqlite) => Conn::Sqlite(sqlite.read().await?),
            Database::Postgres(postgres) => Conn::Postgres(Held::Alone(postgres.read().await?)),
        })
    }

    /// Begins a transaction that reads the database as it is at one moment.
    async fn snapshot(&self) -> Result<Transaction, sqlx::Error> {
        Ok(Transaction(match self {
            Database::Sqlite(sqlite) => Conn::Sqlite(sqlite.snapshot().await?),
            Database::Postgres(postgres) => Conn::Postgres(Held::Within(postgres.snapshot().await?)),
        }))
    }

    /// Begins a transaction that may write. It takes the database's only write lock at once, so that what it
    /// reads cannot change before it writes; dropped without a commit, it leaves nothing behind.
    async fn write(&self) -> Result<Transaction, sqlx::Error> {
        Ok(Transaction(match self {
            Database::Sqlite(sqlite) => Conn::Sqlite(sqlite.write().await?),
            Database::Postgres(postgres) => Conn::Postgres(Held::Within(postgres.write().await?)),
        }))
    }

    /// Notes that whoever has begun to write has still to do so: others who ask wait for that. None for Postgres,
    /// which has others that ask it.
    fn owe(&self) -> Option<Debt> {
        match self {
            Database::Sqlite(sqlite) => Some(sqlite.owe()),
            Database::Postgres(_) => None,
        }
    }

    /// Waits until what is owed is written.
    pub(crate) async fn settled(&self) {
        if let Database::Sqlite(sqlite) = self {
            sqlite.settled().await;
        }
    }

    /// True if it did not answer when it was asked last.
    pub(crate) fn is_gone(&self) -> bool {
        match self {
            Database::Sqlite(_) => false,
            Database::Postgres(postgres) => postgres.is_gone(),
        }
    }

    /// Waits until all that was committed is on disk.
    async fn sync(&self) -> Result<(), sqlx::Error> {
        match self {
            Database::Sqlite(sqlite) => sqlite.sync().await,
            // Every commit is.
            Database::Postgres(_) => Ok(()),
        }
    }

    /// Writes, reads and commits; what was written is taken away in the same transaction. Reads what is
    /// there through another connection.
    pub(crate) async fn try_out(&self) -> Result<(), sqlx::Error> {
        const NAME: &str = "trial";
        let mut tx = self.write().await?;
        query("INSERT INTO contents (sha256, bytes) VALUES (?, ?)")
            .bind(NAME)
            .bind(NAME.as_bytes())
            .execute(&mut tx)
            .await?;
        let taken: Vec<u8> = query("DELETE FROM contents WHERE sha256 = ? RETURNING bytes")
            .bind(NAME)
            .fetch_one(&mut tx)
            .await?;
        tx.commit().await?;
        query("SELECT id FROM runs LIMIT 1").fetch_optional::<String>(self).await?;
        match taken == NAME.as_bytes() {
            true => Ok(()),
            false => Err(sqlx::Error::Protocol("what was written is not what is read".to_owned())),
        }
    }

    pub(crate) async fn close(&self) {
        match self {
            Database::Sqlite(sqlite) => sqlite.close().await,
            Database::Postgres(postgres) => postgres.close().await,
        }
    }
}

/// A connection to either database.
#[derive(Debug)]
pub(crate) enum Conn {
    Sqlite(Lent),
    Postgres(Held),
}

/// A connection to Postgres, in a transaction or not.
#[derive(Debug)]
pub(crate) enum Held {
    Alone(PoolConnection<sqlx::Postgres>),
    Within(sqlx::Transaction<'static, sqlx::Postgres>),
}

impl Conn {
    /// Has what is written be on disk however it is committed: it goes with something beside the database.
    fn keep_on_disk(&mut self) {
        if let Conn::Sqlite(conn) = self {
            conn.keep_on_disk();
        }
    }
}

impl Held {
    fn connection(&mut self) -> &mut PgConnection {
        match self {
            Held::Alone(conn) => conn,
            Held::Within(tx) => tx,
        }
    }
}

/// A connection in a transaction; dropped without a commit, it leaves nothing behind.
#[derive(Debug)]
pub(crate) struct Transaction(Conn);

impl Transaction {
    /// Has what was written stay. It is on disk when this returns.
    async fn commit(mut self) -> Result<(), sqlx::Error> {
        self.keep_on_disk();
        self.commit_soon().await
    }

    /// Has what was written stay even if this process dies now. Should the power fail, SQLite may lose what it was
    /// given within the last 5 ms, unless it is to be [on disk](Conn::keep_on_disk).
    async fn commit_soon(self) -> Result<(), sqlx::Error> {
        let began = Instant::now();
        match self.0 {
            Conn::Sqlite(tx) => tx.commit().await?,
            Conn::Postgres(Held::Within(tx)) => answered(tx.commit()).await?,
            // A transaction is made of nothing else.
            Conn::Postgres(Held::Alone(_)) => {}
        }
        histogram!("ringfence_store_commit_seconds").record(began.elapsed());
        Ok(())
    }
}

impl Deref for Transaction {
    type Target = Conn;

    fn deref(&self) -> &Conn {
        &self.0
    }
}

impl DerefMut for Transaction {
    fn deref_mut(&mut self) -> &mut Conn {
        &mut self.0
    }
}

/// What a statement is carried out on: a connection, or whichever is free to read with.
#[derive(Debug)]
pub(crate) enum On<'a> {
    Conn(&'a mut Conn),
    Database(&'a Database),
    /// As it is with all that is promised.
    Store(&'a Store),
}

impl<'a> From<&'a mut Conn> for On<'a> {
    fn from(conn: &'a mut Conn) -> Self {
        On::Conn(conn)
    }
}

impl<'a> From<&'a mut Transaction> for On<'a> {
    fn from(tx: &'a mut Transaction) -> Self {
        On::Conn(tx)
    }
}

impl<'a> From<&'a Database> for On<'a> {
    fn from(database: &'a Database) -> Self {
        On::Database(database)
    }
}

impl<'a> From<&'a Store> for On<'a> {
    fn from(store: &'a Store) -> Self {
        On::Store(store)
    }
}

/// Says what was being done when the database failed.
pub(crate) fn failed(doing: &'static str) -> impl Fn(sqlx::Error) -> StoreError {
    move |error| StoreError { doing, reason: reason(&error), full: is_full(&error), gone: is_gone(&error) }
}

/// True if nobody answers, or somebody who is about to stop or has just started.
pub(crate) fn is_gone(error: &sqlx::Error) -> bool {
    // Stopped by an administrator, crashed, starting up; all connections are taken.
    const POSTGRES_GONE: [&str; 4] = ["57P01", "57P02", "57P03", "53300"];
    match error {
        sqlx::Error::Io(_) | sqlx::Error::PoolTimedOut => true,
        sqlx::Error::Database(error) => error.code().is_some_and(|code| POSTGRES_GONE.contains(&&*code)),
        _ => false,
    }
}

/// What the database said, or that it said nothing.
pub(crate) fn reason(error: &sqlx::Error) -> String {
    match error {
        sqlx::Error::PoolTimedOut => "the database does not answer in time".to_owned(),
        error => error.to_string(),
    }
}

/// True if the database had no room: it says so itself, or could not make its shared memory longer.
pub(crate) fn is_full(error: &sqlx::Error) -> bool {
    const SQLITE_FULL: &str = "13";
    const SQLITE_IOERR_SHMSIZE: &str = "4874";
    const POSTGRES_DISK_FULL: &str = "53100";
    let code = error.as_database_error().and_then(|error| error.code());
    matches!(code.as_deref(), Some(SQLITE_FULL | SQLITE_IOERR_SHMSIZE | POSTGRES_DISK_FULL))
}
