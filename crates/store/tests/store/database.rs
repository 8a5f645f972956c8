//! The database of these tests: a file of SQLite in the store's directory.

use std::fs;
use std::path::Path;

use sqlx::sqlite::{SqliteConnectOptions, SqlitePool};

/// Connections to the database, beside the store.
pub(crate) type Pool = SqlitePool;

/// How much longer a case takes than with SQLite.
pub(crate) const TIMES_SLOWER: u32 = 1;
/// 32 bytes.
pub(crate) const ZEROS: &str = "zeroblob(32)";
/// The columns of a table by their names, in their order.
pub(crate) const COLUMNS: &str = "SELECT name FROM pragma_table_info($1)";
/// What there is in a data directory.
pub(crate) const FILES: [&str; 4] = ["ringfence.db", "ringfence.db-wal", "ringfence.db-shm", "pepper"];

/// The statement with which rows go without being deleted.
pub(crate) fn replacing(table: &str) -> String {
    format!("INSERT OR REPLACE INTO {table} SELECT * FROM {table}")
}

/// Where the database is.
pub(crate) struct Database;

impl Database {
    pub(crate) fn new() -> Self {
        Self
    }

    /// One that does not forget in a power cut.
    pub(crate) fn durable() -> Self {
        Self
    }

    pub(crate) fn url(&self) -> Option<&str> {
        None
    }

    /// The database beside the store in `dir`, for what the store would never do.
    pub(crate) async fn raw(&self, dir: &Path) -> Pool {
        connect(SqliteConnectOptions::new(), dir).await
    }

    /// The same as somebody has it whom nothing stops.
    pub(crate) async fn unguarded(&self, dir: &Path) -> Pool {
        let options =
            SqliteConnectOptions::new().foreign_keys(false).pragma("ignore_check_constraints", "on");
        let raw = connect(options, dir).await;
        let triggers: Vec<String> =
            sqlx::query_scalar("SELECT name FROM sqlite_master WHERE type = 'trigger'")
                .fetch_all(&raw)
                .await
                .unwrap();
        for trigger in triggers {
            let drop = sqlx::AssertSqlSafe(format!("DROP TRIGGER {trigger}"));
            sqlx::query(drop).execute(&raw).await.unwrap();
        }
        raw
    }

    /// Keeps the database as it is now; nobody has it open.
    pub(crate) fn keep(&self, dir: &Path) {
        fs::copy(dir.join("ringfence.db"), dir.join("kept")).unwrap();
    }

    /// Puts what was kept back; nobody has it open.
    pub(crate) fn restore(&self, dir: &Path) {
        fs::copy(dir.join("kept"), dir.join("ringfence.db")).unwrap();
    }
}

async fn connect(options: SqliteConnectOptions, dir: &Path) -> Pool {
    SqlitePool::connect_with(options.filename(dir.join("ringfence.db"))).await.unwrap()
}
