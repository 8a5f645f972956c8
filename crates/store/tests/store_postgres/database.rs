//! The database of these tests: one in a Postgres of their own.

use std::path::Path;
use std::str::FromStr;
use std::sync::Arc;

use ringfence_tests::postgres::Cluster;
use sqlx::postgres::{PgConnectOptions, PgPool};

/// Connections to the database, beside the store.
pub(crate) type Pool = PgPool;

/// How much longer a case takes than with SQLite.
pub(crate) const TIMES_SLOWER: u32 = 8;
/// 32 bytes.
pub(crate) const ZEROS: &str = "decode(repeat('00', 32), 'hex')";
/// The columns of a table by their names, in their order.
pub(crate) const COLUMNS: &str = "SELECT column_name::TEXT FROM information_schema.columns
                                  WHERE table_name = $1 ORDER BY ordinal_position";
/// What there is in a data directory.
pub(crate) const FILES: [&str; 1] = ["pepper"];

/// The statement with which rows go without being deleted.
pub(crate) fn replacing(table: &str) -> String {
    format!("TRUNCATE {table} CASCADE")
}

/// Where the database is.
pub(crate) struct Database {
    cluster: Arc<Cluster>,
    url: String,
}

impl Database {
    pub(crate) fn new() -> Self {
        Self::within(Cluster::shared())
    }

    /// One that does not forget in a power cut.
    pub(crate) fn durable() -> Self {
        Self::within(Cluster::start(&[]).map(Arc::new))
    }

    /// Ends the tests with the reason for which there is none.
    fn within(cluster: Result<Arc<Cluster>, String>) -> Self {
        let cluster = cluster.unwrap_or_else(|reason| {
            eprintln!("skipped: {reason}");
            std::process::exit(0);
        });
        let url = cluster.new_database();
        Self { cluster, url }
    }

    pub(crate) fn cluster(&self) -> &Cluster {
        &self.cluster
    }

    pub(crate) fn url(&self) -> Option<&str> {
        Some(&self.url)
    }

    /// The database beside the store, for what the store would never do.
    pub(crate) async fn raw(&self, _: &Path) -> Pool {
        PgPool::connect(&self.url).await.unwrap()
    }

    /// The same as somebody has it whom nothing stops.
    pub(crate) async fn unguarded(&self, _: &Path) -> Pool {
        let options = PgConnectOptions::from_str(&self.url).unwrap();
        let options = options.options([("session_replication_role", "replica")]);
        let raw = PgPool::connect_with(options).await.unwrap();
        let unchecked: Vec<String> = sqlx::query_scalar(
            "SELECT format('ALTER TABLE %s DROP CONSTRAINT %I', conrelid::regclass, conname)
             FROM pg_constraint WHERE contype = 'c' AND conrelid != 0",
        )
        .fetch_all(&raw)
        .await
        .unwrap();
        for statement in unchecked {
            sqlx::query(sqlx::AssertSqlSafe(statement)).execute(&raw).await.unwrap();
        }
        raw
    }

    /// Keeps the database as it is now; nobody has it open.
    pub(crate) fn keep(&self, _: &Path) {
        self.cluster.copy_database(&self.url, &self.kept());
    }

    /// Puts what was kept back; nobody has it open.
    pub(crate) fn restore(&self, _: &Path) {
        self.cluster.copy_database(&self.kept(), &self.url);
    }

    fn kept(&self) -> String {
        format!("{}_kept", self.url)
    }
}
