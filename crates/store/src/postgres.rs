//! Postgres: one database that several servers share.
//!
//! Whoever writes takes one advisory lock first, so that what is decided on what was read holds until it is
//! written, between servers as well: each statement after it sees all that was committed. Commits come one after
//! the other for that, as with SQLite; a lock for each tenant would not do, for a budget may span them all.

use std::str::FromStr as _;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use sqlx::migrate::MigrateError;
use sqlx::pool::PoolConnection;
use sqlx::postgres::{PgConnectOptions, PgConnection, PgPool, PgPoolOptions};
use sqlx::{AssertSqlSafe, ConnectOptions as _, Connection as _, Transaction};
use tokio::task::JoinSet;
use tokio::time::{sleep, timeout};

use crate::OpenError;
use crate::sql::recovery::{END_LEASES, HAS_LEASES, warn_of_leases};
use crate::sql::{is_full, is_gone, reason};

/// How long a call waits for a connection: for its turn, and for a database that does not answer.
const CONNECTION_WAIT_MAX: Duration = Duration::from_secs(5);
/// Connections that read.
const READERS: u32 = 4;
/// The advisory lock of whoever writes: any number that nobody else uses in this database.
const WRITE_LOCK: i64 = 0x7269_6e67_6665_6e63;
/// The advisory lock that each process shares with every other one that may write, as long as it is connected; one
/// that has it alone while it opens knows that there is no other.
const OPEN_LOCK: i64 = WRITE_LOCK + 1;
/// How long whoever opens waits for processes that have just gone: the database may not have noticed yet.
const GOING_WAIT_MAX: Duration = Duration::from_millis(500);
/// How long after its start, in seconds, nobody is taken for gone: whoever was connected before comes back, once
/// the database has recovered.
const BACK_WAIT_S: f64 = 10.0;
/// How often a process looks whether it is still connected.
const BACK_LOOK: Duration = Duration::from_millis(500);
/// How often whoever opens looks.
const GOING_LOOK: Duration = Duration::from_millis(20);
/// How long a call waits for an answer, longer than the database takes to give a statement up.
const ANSWER_WAIT_MAX: Duration = Duration::from_secs(35);
/// What the database itself bounds, in milliseconds: a statement; the wait for the write lock; and how long a
/// server that has stopped in the middle may keep the lock from the others.
const TIMEOUTS: [(&str, &str); 3] = [
    ("statement_timeout", "30000"),
    ("lock_timeout", "10000"),
    ("idle_in_transaction_session_timeout", "30000"),
];

/// The connections of one process to the database.
#[derive(Debug, Clone)]
pub(crate) struct Postgres {
    /// A single connection: writers of this process queue here in turn, as the others' wait for the lock.
    writer: PgPool,
    readers: PgPool,
    /// True if it did not answer when it was asked last.
    gone: Arc<AtomicBool>,
    /// Sees to it that there is a connection; it ends with what it is for.
    _staying: Arc<JoinSet<()>>,
}

impl Postgres {
    /// Connects, brings the database to this version's layout, and ends every lease if no other process can have
    /// one; of several processes that do so at once, one waits for the other.
    pub(crate) async fn open(url: &str) -> Result<Self, OpenError> {
        let options = options(url)?
            .options(TIMEOUTS)
            // A commit is on disk when it returns, whatever the server's default is.
            .options([("synchronous_commit", "on"), ("client_min_messages", "warning")]);
        let name = display(&options);
        let pool = |connections| {
            PgPoolOptions::new().max_connections(connections).acquire_timeout(CONNECTION_WAIT_MAX)
        };
        let opening = pool(1).connect_lazy_with(options.clone());
        let prepared = prepare(&opening).await;
        opening.close().await;
        // Whoever has leases has this connection, which therefore is not replaced for its age.
        let writer =
            pool(1).idle_timeout(None).max_lifetime(None).after_connect(|conn, _| Box::pin(share(conn)));
        let opened = match prepared {
            Ok(()) => writer.connect_with(options.clone()).await,
            Err(MigrateError::Execute(error) | MigrateError::ExecuteMigration(error, _)) => Err(error),
            Err(error) => return Err(OpenError::Postgres { name, reason: error.to_string() }),
        };
        let writer = opened.map_err(|error| {
            let reason = if is_full(&error) { "its disk is full".to_owned() } else { reason(&error) };
            OpenError::Postgres { name, reason }
        })?;
        let readers = pool(READERS).connect_lazy_with(options);
        let mut staying = JoinSet::new();
        staying.spawn(stay(writer.clone()));
        Ok(Self { writer, readers, gone: Arc::default(), _staying: Arc::new(staying) })
    }

    pub(crate) async fn close(&self) {
        self.readers.close().await;
        self.writer.close().await;
    }

    /// True if it did not answer when it was asked last.
    pub(crate) fn is_gone(&self) -> bool {
        self.gone.load(Ordering::Relaxed)
    }

    /// A connection to read with.
    pub(crate) async fn read(&self) -> Result<PoolConnection<sqlx::Postgres>, sqlx::Error> {
        self.noting(self.readers.acquire()).await
    }

    /// Begins a transaction that holds the write lock, in one way there and back.
    pub(crate) async fn write(&self) -> Result<Transaction<'static, sqlx::Postgres>, sqlx::Error> {
        // Each statement is to see what was committed before it, so that none sees what was there before the lock.
        let begin =
            format!("BEGIN ISOLATION LEVEL READ COMMITTED; SELECT pg_advisory_xact_lock({WRITE_LOCK})");
        self.noting(self.writer.begin_with(AssertSqlSafe(begin))).await
    }

    /// Begins a transaction that sees the database as it is at its first statement. It may look at all of it.
    pub(crate) async fn snapshot(&self) -> Result<Transaction<'static, sqlx::Postgres>, sqlx::Error> {
        let begin = "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY; SET LOCAL statement_timeout = 0";
        self.noting(self.readers.begin_with(begin)).await
    }

    async fn noting<T>(
        &self,
        asking: impl Future<Output = Result<T, sqlx::Error>>,
    ) -> Result<T, sqlx::Error> {
        let answer = answered(asking).await;
        self.gone.store(answer.as_ref().is_err_and(is_gone), Ordering::Relaxed);
        answer
    }
}

/// Brings a database to this version's layout and, if nobody else has it open, ends every lease.
async fn prepare(opening: &PgPool) -> Result<(), MigrateError> {
    sqlx::migrate!("./migrations_postgres").run(opening).await?;
    let mut conn = opening.acquire().await?;
    // Nobody gets to share the lock, and so to have a lease, before this connection is closed.
    if is_alone(&mut conn).await?
        && let Err(error) = sqlx::raw_sql(END_LEASES).execute(&mut *conn).await
    {
        warn_of_leases(&error);
    }
    Ok(())
}

/// True if this connection has the lock alone now. If there is a lease to be ended it waits a moment for those who
/// go, and for those who come back.
async fn is_alone(conn: &mut PgConnection) -> Result<bool, sqlx::Error> {
    let mut began = Instant::now();
    loop {
        let lock = sqlx::query_as(
            "SELECT pg_try_advisory_lock($1),
                    extract(epoch FROM clock_timestamp() - pg_postmaster_start_time()) >= $2",
        );
        match lock.bind(OPEN_LOCK).bind(BACK_WAIT_S).fetch_one(&mut *conn).await? {
            (true, true) => return Ok(true),
            (true, false) => {
                sqlx::query("SELECT pg_advisory_unlock($1)").bind(OPEN_LOCK).execute(&mut *conn).await?;
                began = Instant::now();
            }
            (false, _) => {}
        }
        let leases: bool = sqlx::query_scalar(HAS_LEASES).fetch_one(&mut *conn).await?;
        if !leases || began.elapsed() >= GOING_WAIT_MAX {
            return Ok(false);
        }
        sleep(GOING_LOOK).await;
    }
}

/// Has a connection that breaks made anew, for the lock that it holds.
async fn stay(writer: PgPool) {
    while !writer.is_closed() {
        sleep(BACK_LOOK).await;
        // It is tried before it is given.
        drop(writer.acquire().await);
    }
}

/// Tells others that there is a process that may have leases.
async fn share(conn: &mut PgConnection) -> Result<(), sqlx::Error> {
    sqlx::query("SELECT pg_advisory_lock_shared($1)").bind(OPEN_LOCK).execute(conn).await.map(drop)
}

/// What the database says, if it does so in time: one that hangs, or whose machine is gone, does not say that.
pub(crate) async fn answered<T>(
    asking: impl Future<Output = Result<T, sqlx::Error>>,
) -> Result<T, sqlx::Error> {
    timeout(ANSWER_WAIT_MAX, asking).await.unwrap_or(Err(sqlx::Error::PoolTimedOut))
}

/// Asks the Postgres at `url` which one it is, and changes nothing there.
///
/// # Errors
/// [`OpenError`] if the URL is not valid or nobody answers there.
pub async fn check_postgres(url: &str) -> Result<String, OpenError> {
    let options = options(url)?;
    let name = display(&options);
    let unusable = |reason: String| OpenError::Postgres { name: name.clone(), reason };
    let asking = async {
        let mut conn = options.connect().await?;
        let version: String = sqlx::query_scalar("SHOW server_version").fetch_one(&mut conn).await?;
        conn.close().await?;
        Ok::<_, sqlx::Error>(version)
    };
    match timeout(CONNECTION_WAIT_MAX, asking).await {
        Ok(Ok(version)) => Ok(format!("{name}, Postgres {version}")),
        Ok(Err(error)) => Err(unusable(error.to_string())),
        Err(_) => Err(unusable(reason(&sqlx::Error::PoolTimedOut))),
    }
}

fn options(url: &str) -> Result<PgConnectOptions, OpenError> {
    if !url.starts_with("postgres://") && !url.starts_with("postgresql://") {
        return Err(OpenError::DatabaseUrl("it does not begin with postgres://".to_owned()));
    }
    let options = PgConnectOptions::from_str(url);
    options
        .map(|options| options.application_name("ringfence"))
        .map_err(|error| OpenError::DatabaseUrl(error.to_string()))
}

/// Where a database is, without what is secret about it.
fn display(options: &PgConnectOptions) -> String {
    let name = options.get_database().unwrap_or_else(|| options.get_username());
    match options.get_socket() {
        Some(socket) => format!("{name} at {}", socket.display()),
        None => format!("{name} at {}:{}", options.get_host(), options.get_port()),
    }
}
