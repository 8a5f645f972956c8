//! Connections to the file, each lent to one at a time.
//!
//! A statement is carried out on the thread that asks for it: the way to another thread and back takes longer
//! than most statements do. What may take long, a commit or whatever is read, lets others go on meanwhile. The log is
//! synced once for all who have committed until then, and others write meanwhile.

use std::error::Error;
use std::fmt;
use std::fs::File;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use rusqlite::types::{ToSqlOutput, Value as Cell, ValueRef};
use rusqlite::{Connection, OpenFlags, ToSql};
use sqlx::Either;
use sqlx::error::{DatabaseError, ErrorKind};
use tokio::runtime::{Handle, RuntimeFlavor};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::task::block_in_place;
use tokio::time::{sleep, timeout};

use crate::sql::query::{StoredRow, Told, Value};

/// How long a write waits for another process's write.
pub(super) const BUSY_WAIT_MAX: Duration = Duration::from_secs(10);
/// How often it looks whether that is over.
const BUSY_LOOK: Duration = Duration::from_millis(1);
/// How long a call waits for its turn.
const TURN_WAIT_MAX: Duration = Duration::from_secs(30);
/// Time within which what was committed without waiting for it is synced.
const SYNC_WITHIN: Duration = Duration::from_millis(5);
/// Statements that a connection keeps prepared: all that runs use, in their usual sizes.
const STATEMENTS_MAX: usize = 128;

/// What the connections of a pool are for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Purpose {
    Read,
    Write,
}

/// Connections of one process, opened when they are needed.
#[derive(Debug, Clone)]
pub(crate) struct Pool(Arc<Shared>);

#[derive(Debug)]
struct Shared {
    file: PathBuf,
    purpose: Purpose,
    connections: u32,
    turns: Arc<Semaphore>,
    idle: Mutex<Vec<Connection>>,
    /// Transactions that were begun to write.
    writes: AtomicU64,
    log: Log,
}

impl Pool {
    pub(super) fn new(file: &Path, purpose: Purpose, connections: u32) -> Self {
        let turns = Arc::new(Semaphore::new(connections as usize));
        let (file, idle, log) = (file.to_path_buf(), Mutex::default(), Log::of(file));
        let writes = AtomicU64::new(0);
        Self(Arc::new(Shared { file, purpose, connections, turns, idle, writes, log }))
    }

    /// Waits for a connection that nobody else has.
    pub(super) async fn lend(&self) -> Result<Lent, sqlx::Error> {
        let turn = timeout(TURN_WAIT_MAX, Arc::clone(&self.0.turns).acquire_owned()).await;
        let turn = turn.map_err(|_| sqlx::Error::PoolTimedOut)?.map_err(|_| sqlx::Error::PoolClosed)?;
        let idle = self.idle().pop();
        let conn = idle.map_or_else(|| blocking(|| self.open()), Ok)?;
        Ok(Lent { conn: Some(conn), pool: self.clone(), is_for_disk: false, write_number: 0, _turn: turn })
    }

    fn open(&self) -> Result<Connection, sqlx::Error> {
        let Shared { file, purpose, .. } = &*self.0;
        // Each is used by one thread at a time.
        let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
        let conn = Connection::open_with_flags(file, flags).map_err(failure)?;
        let opened = || -> rusqlite::Result<()> {
            // Normal: the log is not synced with each commit, which is for us to do.
            conn.execute_batch(
                "PRAGMA foreign_keys = on; PRAGMA synchronous = normal; PRAGMA temp_store = memory;
                 PRAGMA trusted_schema = off",
            )?;
            match purpose {
                Purpose::Read => {
                    conn.busy_timeout(BUSY_WAIT_MAX)?;
                    conn.execute_batch("PRAGMA query_only = on")?;
                }
                // Whoever waits for another process's write does so where others can go on meanwhile.
                Purpose::Write => conn.busy_timeout(Duration::ZERO)?,
            }
            conn.set_prepared_statement_cache_capacity(STATEMENTS_MAX);
            Ok(())
        };
        opened().map_err(failure)?;
        Ok(conn)
    }

    /// Waits until all that was committed is on disk, by other processes too, of which this one knows nothing.
    pub(super) async fn sync(&self) -> Result<(), sqlx::Error> {
        self.0.log.sync(self.0.log.note_commit()).await
    }

    /// Has a commit that was just made be on disk soon, with all that come until then.
    fn sync_soon(&self) {
        if self.0.log.is_due.swap(true, Ordering::SeqCst) {
            return;
        }
        let pool = self.clone();
        tokio::spawn(async move {
            sleep(SYNC_WITHIN).await;
            let Shared { log, .. } = &*pool.0;
            log.is_due.store(false, Ordering::SeqCst);
            if let Err(error) = log.sync(log.commits.load(Ordering::SeqCst)).await {
                tracing::error!(%error, "what was recorded last may be lost if the power fails");
            }
        });
    }

    /// Waits until every connection is back, and closes them; nobody gets one afterwards.
    pub(super) async fn close(&self) {
        // It only fails if that was done before.
        if let Ok(_turns) = self.0.turns.acquire_many(self.0.connections).await {
            self.0.turns.close();
            let idle = std::mem::take(&mut *self.idle());
            // The last one moves what is in the log to the file.
            blocking(|| drop(idle));
        }
    }

    fn idle(&self) -> MutexGuard<'_, Vec<Connection>> {
        // Whoever panics here has taken a connection or put it back, or not.
        self.0.idle.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A connection that is lent. It goes back when this is dropped, and what is not committed then is undone.
#[derive(Debug)]
pub(crate) struct Lent {
    /// There until it is dropped.
    conn: Option<Connection>,
    pool: Pool,
    is_for_disk: bool,
    write_number: u64,
    _turn: OwnedSemaphorePermit,
}

impl Lent {
    /// Begins a transaction that takes the write lock at once.
    pub(super) async fn begin_write(&mut self) -> Result<(), sqlx::Error> {
        let began = Instant::now();
        loop {
            match self.simply("BEGIN IMMEDIATE") {
                Err(error) if is_busy(&error) && began.elapsed() < BUSY_WAIT_MAX => sleep(BUSY_LOOK).await,
                done => break done.map_err(failure)?,
            }
        }
        self.write_number = self.pool.0.writes.fetch_add(1, Ordering::SeqCst) + 1;
        Ok(())
    }

    /// Which of this process's writes it is for.
    pub(crate) fn write_number(&self) -> u64 {
        self.write_number
    }

    /// Begins a transaction that sees the database as it is at its first statement.
    pub(super) fn begin_read(&mut self) -> Result<(), sqlx::Error> {
        self.simply("BEGIN").map_err(failure)
    }

    /// Has what was written since it began stay: now if this process dies, and within [`SYNC_WITHIN`] if the
    /// power fails. If it is to be [on disk](Self::keep_on_disk), it is when this returns; others may write
    /// meanwhile.
    pub(crate) async fn commit(self) -> Result<(), sqlx::Error> {
        let (pool, is_for_disk) = (self.pool.clone(), self.is_for_disk);
        let log = &pool.0.log;
        // In one go, unless somebody else syncs: to hand over this thread's other work takes as long as a commit.
        let (commit, is_synced) = blocking(|| {
            self.simply("COMMIT").map_err(failure)?;
            let commit = log.note_commit();
            drop(self);
            let mine = if is_for_disk { log.synced.try_lock().ok() } else { None };
            let is_synced = mine.map(|mut synced| log.sync_now(&mut synced, commit)).transpose()?;
            Ok::<_, sqlx::Error>((commit, is_synced.is_some()))
        })?;
        match (is_for_disk, is_synced) {
            (true, false) => log.sync(commit).await?,
            (true, true) => {}
            (false, _) => pool.sync_soon(),
        }
        Ok(())
    }

    /// Has what is written be on disk before anybody goes on.
    pub(crate) fn keep_on_disk(&mut self) {
        self.is_for_disk = true;
    }

    /// Carries out one statement, and tells of each row and then how many it wrote.
    pub(crate) fn carry_out(
        &mut self,
        text: &str,
        values: &[Value],
        what: &mut (dyn FnMut(Told) -> Result<(), sqlx::Error> + Send),
    ) -> Result<(), sqlx::Error> {
        match self.pool.0.purpose {
            Purpose::Read => blocking(|| each(self.conn()?, text, values, what)),
            Purpose::Write => each(self.conn()?, text, values, what),
        }
    }

    fn simply(&self, text: &str) -> rusqlite::Result<()> {
        self.conn.as_ref().map_or(Ok(()), |conn| conn.prepare_cached(text)?.execute([]).map(drop))
    }

    fn conn(&self) -> Result<&Connection, sqlx::Error> {
        self.conn.as_ref().ok_or(sqlx::Error::PoolClosed)
    }
}

impl Drop for Lent {
    fn drop(&mut self) {
        let Some(conn) = self.conn.take() else { return };
        // On a full disk, SQLite has undone it by itself. A connection that cannot do so is of no more use.
        if conn.is_autocommit() || conn.execute_batch("ROLLBACK").is_ok() {
            self.pool.idle().push(conn);
        }
    }
}

/// The write-ahead log as far as it was written by this process.
#[derive(Debug)]
struct Log {
    file: PathBuf,
    /// Commits until now.
    commits: AtomicU64,
    /// How many of them are on disk, for whoever syncs; none any more once that has failed: what the system could
    /// not write then, it has forgotten.
    synced: tokio::sync::Mutex<Option<u64>>,
    /// True if it will be synced soon.
    is_due: AtomicBool,
}

impl Log {
    fn of(database: &Path) -> Self {
        let mut file = database.as_os_str().to_owned();
        file.push("-wal");
        let synced = tokio::sync::Mutex::new(Some(0));
        Self { file: file.into(), commits: AtomicU64::new(0), synced, is_due: AtomicBool::new(false) }
    }

    /// Counts a commit; its number.
    fn note_commit(&self) -> u64 {
        self.commits.fetch_add(1, Ordering::SeqCst) + 1
    }

    /// Waits until a commit is on disk. Of those who wait, one syncs for all.
    async fn sync(&self, commit: u64) -> Result<(), sqlx::Error> {
        let mut synced = self.synced.lock().await;
        blocking(|| self.sync_now(&mut synced, commit))
    }

    /// Has a commit be on disk, with all that were made until now, unless it is.
    fn sync_now(&self, synced: &mut Option<u64>, commit: u64) -> Result<(), sqlx::Error> {
        let Some(before) = *synced else { return Err(unsynced(&io::Error::other("it failed before"))) };
        if before >= commit {
            return Ok(());
        }
        let commits = self.commits.load(Ordering::SeqCst);
        let done = match File::open(&self.file) {
            // SQLite has moved all of it to the database.
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
            file => file.and_then(|file| file.sync_data()),
        };
        match done {
            Ok(()) => *synced = Some(commits),
            Err(error) => {
                *synced = None;
                return Err(unsynced(&error));
            }
        }
        Ok(())
    }
}

/// As SQLite says it.
fn unsynced(error: &io::Error) -> sqlx::Error {
    let message = format!("the write-ahead log cannot be synced, restart once the disk is sound: {error}");
    sqlx::Error::Database(Box::new(Failure { code: rusqlite::ffi::SQLITE_IOERR_FSYNC, message }))
}

fn each(
    conn: &Connection,
    text: &str,
    values: &[Value],
    what: &mut (dyn FnMut(Told) -> Result<(), sqlx::Error> + Send),
) -> Result<(), sqlx::Error> {
    let mut statement = conn.prepare_cached(text).map_err(failure)?;
    let names: Arc<[String]> = statement.column_names().into_iter().map(str::to_owned).collect();
    let is_write = !statement.readonly();
    let mut rows = statement.query(rusqlite::params_from_iter(values)).map_err(failure)?;
    while let Some(row) = rows.next().map_err(failure)? {
        let cells = (0..names.len()).map(|at| row.get(at)).collect::<Result<_, _>>().map_err(failure)?;
        what(Either::Right(StoredRow::Sqlite(SqliteRow { names: Arc::clone(&names), cells })))?;
    }
    drop(rows);
    what(Either::Left(if is_write { conn.changes() } else { 0 }))
}

impl ToSql for Value {
    fn to_sql(&self) -> rusqlite::Result<ToSqlOutput<'_>> {
        let value = match self {
            Value::Number(number) => number.map(ValueRef::Integer),
            Value::Text(text) => text.as_deref().map(|text| ValueRef::Text(text.as_bytes())),
            Value::Bytes(bytes) => bytes.as_deref().map(ValueRef::Blob),
        };
        Ok(ToSqlOutput::Borrowed(value.unwrap_or(ValueRef::Null)))
    }
}

/// A row with the names of its columns.
#[derive(Debug)]
pub(crate) struct SqliteRow {
    names: Arc<[String]>,
    cells: Vec<Cell>,
}

impl SqliteRow {
    /// The place of a column that has a name.
    pub(crate) fn place(&self, name: &str) -> Option<usize> {
        self.names.iter().position(|other| other == name)
    }

    /// The column at a place.
    pub(crate) fn get<'r, T: FromCell<'r>>(&'r self, place: usize) -> Result<T, sqlx::Error> {
        let cell = self.cells.get(place);
        let cell = cell.ok_or(sqlx::Error::ColumnIndexOutOfBounds { index: place, len: self.cells.len() })?;
        let other = || sqlx::Error::Decode(format!("column {place} is of another type").into());
        T::from_cell(cell).ok_or_else(other)
    }
}

/// What a cell can be read as.
pub(crate) trait FromCell<'r>: Sized {
    /// `None` if it holds something else.
    fn from_cell(cell: &'r Cell) -> Option<Self>;
}

impl FromCell<'_> for i64 {
    fn from_cell(cell: &Cell) -> Option<Self> {
        if let Cell::Integer(number) = cell { Some(*number) } else { None }
    }
}

impl FromCell<'_> for bool {
    fn from_cell(cell: &Cell) -> Option<Self> {
        i64::from_cell(cell).map(|number| number != 0)
    }
}

impl<'r> FromCell<'r> for &'r str {
    fn from_cell(cell: &'r Cell) -> Option<Self> {
        if let Cell::Text(text) = cell { Some(text) } else { None }
    }
}

impl FromCell<'_> for String {
    fn from_cell(cell: &Cell) -> Option<Self> {
        <&str>::from_cell(cell).map(str::to_owned)
    }
}

impl<'r> FromCell<'r> for &'r [u8] {
    fn from_cell(cell: &'r Cell) -> Option<Self> {
        if let Cell::Blob(bytes) = cell { Some(bytes) } else { None }
    }
}

impl FromCell<'_> for Vec<u8> {
    fn from_cell(cell: &Cell) -> Option<Self> {
        <&[u8]>::from_cell(cell).map(<[u8]>::to_vec)
    }
}

impl<'r, T: FromCell<'r>> FromCell<'r> for Option<T> {
    fn from_cell(cell: &'r Cell) -> Option<Self> {
        if *cell == Cell::Null { Some(None) } else { T::from_cell(cell).map(Some) }
    }
}

/// What SQLite says.
#[derive(Debug)]
struct Failure {
    /// Its extended result code.
    code: i32,
    message: String,
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "(code: {}) {}", self.code, self.message)
    }
}

impl Error for Failure {}

impl DatabaseError for Failure {
    fn message(&self) -> &str {
        &self.message
    }

    fn code(&self) -> Option<std::borrow::Cow<'_, str>> {
        Some(self.code.to_string().into())
    }

    fn as_error(&self) -> &(dyn Error + Send + Sync + 'static) {
        self
    }

    fn as_error_mut(&mut self) -> &mut (dyn Error + Send + Sync + 'static) {
        self
    }

    fn into_error(self: Box<Self>) -> Box<dyn Error + Send + Sync + 'static> {
        self
    }

    fn kind(&self) -> ErrorKind {
        ErrorKind::Other
    }
}

/// The same error as the other database would give.
fn failure(error: rusqlite::Error) -> sqlx::Error {
    match error {
        rusqlite::Error::SqliteFailure(error, message) => {
            let message = message.unwrap_or_else(|| error.to_string());
            sqlx::Error::Database(Box::new(Failure { code: error.extended_code, message }))
        }
        error => sqlx::Error::Decode(error.into()),
    }
}

fn is_busy(error: &rusqlite::Error) -> bool {
    error.sqlite_error_code() == Some(rusqlite::ErrorCode::DatabaseBusy)
}

/// Does what may take long, and has another thread go on with what else this one would do.
fn blocking<T>(work: impl FnOnce() -> T) -> T {
    match Handle::try_current().map(|runtime| runtime.runtime_flavor()) {
        Ok(RuntimeFlavor::MultiThread) => block_in_place(work),
        _ => work(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_log_that_cannot_be_synced_once_is_not_taken_for_synced_again() {
        // No file is below a file.
        let log = Log::of(Path::new("/dev/null/database"));
        for _ in 0..2 {
            let error = log.sync(log.note_commit()).await.unwrap_err();
            assert!(error.to_string().contains("cannot be synced"), "{error}");
        }
        assert!(log.sync(0).await.is_err(), "nor is what was committed before");
    }

    #[tokio::test]
    async fn what_comes_after_a_sync_is_synced_soon_too() {
        let directory = tempfile::tempdir().unwrap();
        let file = directory.path().join("database");
        Connection::open(&file)
            .unwrap()
            .execute_batch("PRAGMA journal_mode = wal; CREATE TABLE t (a)")
            .unwrap();
        let pool = Pool::new(&file, Purpose::Write, 1);
        for (at, is_for_disk) in [false, true, false].into_iter().enumerate() {
            let mut conn = pool.lend().await.unwrap();
            conn.begin_write().await.unwrap();
            conn.carry_out(&format!("INSERT INTO t VALUES ({at})"), &[], &mut |_| Ok(())).unwrap();
            conn.is_for_disk = is_for_disk;
            conn.commit().await.unwrap();
        }
        assert_eq!(*pool.0.log.synced.lock().await, Some(2), "the last one is not synced at once");
        while *pool.0.log.synced.lock().await != Some(3) {
            sleep(SYNC_WITHIN).await;
        }
    }

    #[tokio::test]
    async fn one_sync_is_for_all_who_have_committed() {
        let directory = tempfile::tempdir().unwrap();
        let database = directory.path().join("database");
        let log = Log::of(&database);
        let (first, second) = (log.note_commit(), log.note_commit());
        log.sync(first).await.unwrap();
        // Whoever syncs again now fails.
        std::os::unix::fs::symlink("database-wal", directory.path().join("database-wal")).unwrap();
        log.sync(second).await.unwrap();
        log.sync(log.note_commit()).await.unwrap_err();
    }
}
