//! Remembers: the record of runs, the ledger of budgets, blobs and identities.
//!
//! One data directory holds it all, and several processes may have it open at once:
//! ```text
//! ringfence.db   the record, the ledger, the identities and small contents (SQLite, write-ahead log)
//! blobs/ab/ab…   larger code, inputs and outputs, by the SHA-256 of their content
//! incoming/      files in the making
//! open.lock      locked by whoever has the directory open
//! audit.head     how far the audit chains have come, under a MAC; back it up before the database
//! pepper         32 random bytes that keys are hashed with; back it up with the database
//! ```
//! What a call wrote is on disk when it returns, but for the ends of runs on SQLite ([`Ledger::settle_soon`]); small
//! contents are written with the events that name them.
//! [`Record`], [`Ledger`] and [`Files`] are the pipeline's ports;
//! SQL is in `sql` only, in one text for both databases; what is SQLite's or Postgres' own is in `sqlite` and
//! `postgres`. With Postgres there is no `ringfence.db`, and several servers may share the database; they share
//! the data directory then.
//!
//! [`Record`]: ringfence_pipeline::ports::Record
//! [`Ledger`]: ringfence_pipeline::ports::Ledger
//! [`Files`]: ringfence_pipeline::files::Files

mod backup;
mod blobs;
mod chain;
mod checkpoint;
mod data_dir;
mod key_text;
mod partial;
mod postgres;
mod receiving;
mod room;
mod sql;
mod sqlite;

use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};
use std::time::{SystemTime, UNIX_EPOCH};

use ringfence_pipeline::budget::DefaultBudget;
use ringfence_pipeline::files::Content;
use ringfence_pipeline::ports::{Kept, Part, Put, StoreError};
use ringfence_pipeline::run::{Principal, RunId};

pub use backup::{BackedUp, BackupError};
pub use blobs::BlobError;
pub use data_dir::holds_data;
pub use postgres::check_postgres;
pub use sql::holds::{ENTRY_BYTES, HOLD_WAIT_MS, Swept};
pub use sql::identities::{KeyError, local_key_id};
pub use sql::ledger::Reservation;
pub use sql::recovery::Recovered;

use blobs::{Blobs, check_hash, hash_of, verified};
use chain::ChainKey;
use checkpoint::CheckpointFile;
use data_dir::{OpenLock, Prepared};
use partial::Partials;
use postgres::Postgres;
use room::Room;
use sql::Database;
use sql::audit::Audit;
use sql::contents::SMALL_BYTES_MAX;
use sql::holds::Place;
use sql::promises::LastPromise;
use sqlite::Sqlite;

/// The tenant of the built-in identity that `ringfence run` and `ringfence ask` use.
pub const LOCAL_TENANT: &str = "local";
/// Begins the name of the tenant of a key that was given without asking anybody; the key's id ends it.
pub const SELF_SERVICE_TENANT: &str = "self-service";
/// Who does what nobody asked for, as it is recorded: the first key, and deleting what is kept no longer.
pub const ITSELF: &str = "ringfence";
/// Time a reservation is held beyond the sandbox time it is for, in milliseconds: waiting for a
/// slot, moving files, and settling. After it the step counts as interrupted.
pub const LEASE_MARGIN_MS: i64 = 5 * 60 * 1_000;
/// Steps of one user that may wait for a person at the same time.
pub const WAITING_STEPS_MAX: i64 = 100;
/// `last_used_ms` of a key is exact to this many milliseconds, so that most requests write nothing.
pub const LAST_USED_RESOLUTION_MS: i64 = 60 * 1_000;

/// What is kept of what tenants upload and run, and for how long. Sizes are bytes, times milliseconds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Keeping {
    /// Largest upload.
    pub file_bytes_max: u64,
    /// Uploads of one key together.
    pub key_bytes_max: u64,
    /// Number of one key's uploads.
    pub key_files_max: u64,
    /// Uploads of one tenant together.
    pub tenant_bytes_max: u64,
    /// Number of one tenant's uploads.
    pub tenant_files_max: u64,
    /// Time for which an upload is kept since it was sent last.
    pub file_ms: i64,
    /// What the runs of one key keep together.
    pub run_key_bytes_max: u64,
    /// What the runs of one tenant keep together.
    pub run_tenant_bytes_max: u64,
    /// Time for which the contents of a run are kept.
    pub run_ms: i64,
}

/// A day in milliseconds.
pub const DAY_MS: i64 = 24 * 3600 * 1000;

impl Default for Keeping {
    fn default() -> Self {
        Self {
            file_bytes_max: 64 << 20,
            key_bytes_max: 1 << 30,
            key_files_max: 1_000,
            tenant_bytes_max: 4 << 30,
            tenant_files_max: 10_000,
            file_ms: 7 * DAY_MS,
            run_key_bytes_max: 2 << 30,
            run_tenant_bytes_max: 8 << 30,
            run_ms: 30 * DAY_MS,
        }
    }
}

/// Tells the time in milliseconds since the Unix epoch.
pub type Clock = Arc<dyn Fn() -> i64 + Send + Sync>;

/// Everything Ringfence remembers. Cloning it shares the same connections.
#[derive(Clone)]
pub struct Store {
    database: Database,
    last_promise: Arc<Mutex<Option<LastPromise>>>,
    blobs: Blobs,
    partials: Partials,
    room: Room,
    keeping: Keeping,
    default_budget: DefaultBudget,
    pepper: Arc<[u8]>,
    audit: Audit,
    /// Whom changes are recorded of.
    actor: Arc<str>,
    clock: Clock,
    swept: Place,
    open: Arc<OpenLock>,
}

impl Store {
    /// Opens the store in `data_dir` and makes what is missing, by the system's clock. Its database is the
    /// Postgres at `database_url` if there is one, and otherwise a file in `data_dir`.
    ///
    /// # Errors
    /// [`OpenError`] says what is wrong with the directory or the database and what to do.
    pub async fn open(data_dir: &Path, database_url: Option<&str>) -> Result<Self, OpenError> {
        Self::open_with_clock(data_dir, database_url, Arc::new(system_clock)).await
    }

    /// Opens the store like [`Store::open`]; `clock` dates leases.
    ///
    /// # Errors
    /// [`OpenError`] says what is wrong with the directory or the database and what to do.
    pub async fn open_with_clock(
        data_dir: &Path,
        database_url: Option<&str>,
        clock: Clock,
    ) -> Result<Self, OpenError> {
        let dir = data_dir.to_path_buf();
        // Waiting for another process to finish opening blocks.
        let prepared =
            tokio::task::spawn_blocking(move || Prepared::new(&dir)).await.map_err(|error| {
                OpenError::Directory { path: data_dir.to_path_buf(), source: io::Error::other(error) }
            })??;
        let database = match database_url {
            Some(url) => Database::Postgres(Postgres::open(url).await?),
            None => Database::Sqlite(Sqlite::open(&prepared.database()?).await?),
        };
        let unreadable =
            |error: sqlx::Error| OpenError::Database { path: data_dir.into(), reason: sql::reason(&error) };
        let pepper = match prepared.pepper()? {
            Some(pepper) => pepper,
            None => {
                let keys = database.secret_keys().await.map_err(unreadable)?;
                first_pepper(&prepared, keys)?
            }
        };
        if !database.is_peppered_with(&pepper).await.map_err(unreadable)? {
            return Err(OpenError::PepperDiffers(prepared.pepper_path().to_path_buf()));
        }
        let partials = Partials::new(prepared.partials.clone());
        let key = ChainKey::derived_from(&pepper);
        let audit = Audit::new(key.clone(), CheckpointFile::new(data_dir, key));
        let store = Self {
            database,
            last_promise: Arc::default(),
            blobs: Blobs::new(prepared.blobs.clone(), partials.clone()),
            partials,
            keeping: Keeping::default(),
            default_budget: DefaultBudget::default(),
            room: Room::of(data_dir),
            pepper: Arc::from(pepper),
            audit,
            actor: Arc::from(ITSELF),
            clock,
            swept: Place::default(),
            open: Arc::clone(&prepared.open),
        };
        if let Database::Sqlite(sqlite) = &store.database {
            // What a crash left promised has a lease as well.
            store
                .keep_left_promises()
                .await
                .map_err(|error| OpenError::Database { path: data_dir.into(), reason: error.to_string() })?;
            if prepared.open.was_alone {
                sqlite.end_leases().await;
            }
        }
        store.begin_audit().await?;
        Ok(store)
    }

    /// Has it keep contents in other bounds than the default ones.
    #[must_use]
    pub fn keeping(self, keeping: Keeping) -> Self {
        Self { keeping, ..self }
    }

    /// Has another limit hold where nobody has said what may be spent.
    #[must_use]
    pub fn default_budget(self, default_budget: DefaultBudget) -> Self {
        Self { default_budget, ..self }
    }

    /// The same store; what is changed with it is recorded as done by `actor`: the id of a key, or another word
    /// for who it is. Otherwise it is [`ITSELF`].
    #[must_use]
    pub fn on_behalf_of(&self, actor: &str) -> Self {
        Self { actor: Arc::from(actor), ..self.clone() }
    }

    /// Fails while there is too little room for new runs. Those in progress are recorded in what is
    /// left.
    ///
    /// # Errors
    /// [`StoreError`], which is `full` unless the file system does not answer.
    pub fn check_room(&self) -> Result<(), StoreError> {
        self.room.check("looking for room")
    }

    /// Fails while the database did not answer when it was asked last; [`Store::try_out`] asks again.
    ///
    /// # Errors
    /// [`StoreError`], which is `gone`.
    pub fn check_database(&self) -> Result<(), StoreError> {
        if !self.database.is_gone() {
            return Ok(());
        }
        let (doing, reason) = ("looking for it", "it did not answer when it was asked last".to_owned());
        Err(StoreError { doing, reason, full: false, gone: true })
    }

    /// Tries what every run needs: room, a durable write and a read, in the database and beside it. Nothing
    /// of it stays.
    ///
    /// # Errors
    /// [`StoreError`] says which of them failed.
    pub async fn try_out(&self) -> Result<(), StoreError> {
        let doing = "trying the store";
        self.room.check(doing)?;
        self.database.try_out().await.map_err(sql::failed(doing))?;
        let blobs = self.blobs.clone();
        blocking(move || blobs.try_out()).await.map_err(|error| error.while_doing(doing))
    }

    /// Waits for what is being done and closes every connection.
    pub async fn close(&self) {
        // The chain ends with what is owed.
        self.database.settled().await;
        self.seal_or_warn().await;
        self.database.close().await;
        self.open.give_up();
    }

    /// Content by the hash it was kept under, verified against it.
    ///
    /// Whoever knows a hash may read: take it from a history, which is checked for the tenant, and
    /// never from a request.
    ///
    /// # Errors
    /// [`BlobError`] if it is not a hash, nothing is kept under it, or the content was altered.
    pub async fn read_blob(&self, hash: &str) -> Result<Vec<u8>, BlobError> {
        check_hash(hash)?;
        if let Some(content) = self.content(hash).await.map_err(io::Error::other)? {
            return verified(hash, content);
        }
        let (blobs, hash) = (self.blobs.clone(), hash.to_owned());
        blocking(move || blobs.get(&hash)).await
    }

    /// As [`Store::read_blob`], to be read in pieces.
    async fn read_blob_in_pieces(&self, hash: &str) -> Result<Content, BlobError> {
        check_hash(hash)?;
        if let Some(content) = self.content(hash).await.map_err(io::Error::other)? {
            return verified(hash, content).map(Content::from);
        }
        let (blobs, hash) = (self.blobs.clone(), hash.to_owned());
        blocking(move || {
            let file = blobs.open(&hash)?;
            Ok(Content { size: file.metadata()?.len(), bytes: Box::new(file) })
        })
        .await
    }

    /// Takes in content of a run: small content waits for its events, large content is held, then written.
    async fn keep_blob(
        &self,
        principal: &Principal,
        run: RunId,
        part: Part,
        content: &[u8],
    ) -> Result<Put, StoreError> {
        let doing = "keeping content";
        let content: Arc<[u8]> = Arc::from(content);
        let size = content.len() as u64;
        if content.len() <= SMALL_BYTES_MAX {
            let kept = Kept { sha256: hash_of(&content), size, unwritten: Some(content) };
            return Ok(Put::Kept(kept));
        }
        let hashed = blocking({
            let content = Arc::clone(&content);
            move || Ok(hash_of(&content))
        });
        let sha256 = hashed.await.map_err(|error| error.while_doing(doing))?;
        let kept = Kept { sha256: sha256.clone(), size, unwritten: None };
        if let Some(quota) = self.hold(principal, run, part, &kept).await? {
            return Ok(Put::NoRoom { sha256, quota });
        }
        // What is left is for what comes of runs in progress.
        if part == Part::Input {
            self.room.check_for(size, doing)?;
        }
        let (blobs, now_ms) = (self.blobs.clone(), (self.clock)());
        let writing = blocking(move || blobs.put(&content, &sha256, now_ms));
        writing.await.map_err(|error| error.while_doing(doing))?;
        Ok(Put::Kept(kept))
    }
}

// Neither the pepper nor the clock belongs in a log.
impl std::fmt::Debug for Store {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Store").field("blobs", &self.blobs).finish_non_exhaustive()
    }
}

/// Why the store cannot be opened.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    /// The directory, or a file of ours in it, cannot be made or read.
    #[error("{path} cannot be prepared, check that this user may write there: {source}", path = path.display())]
    Directory {
        /// Which.
        path: PathBuf,
        /// The file system's own words.
        source: io::Error,
    },
    /// Others on this machine may read the directory.
    #[error(
        "{path} is open to others (mode {mode:o}), make it private: chmod 700 {path}",
        path = path.display()
    )]
    NotPrivate {
        /// The directory.
        path: PathBuf,
        /// Its permission bits.
        mode: u32,
    },
    /// The pepper has the wrong length.
    #[error("{path} does not hold 32 bytes, restore it from a backup", path = .0.display())]
    PepperDamaged(PathBuf),
    /// The pepper is gone while keys depend on it.
    #[error(
        "{path} is missing and {keys} keys cannot be checked without it, restore it from a backup",
        path = path.display()
    )]
    PepperMissing {
        /// Where it should be.
        path: PathBuf,
        /// Keys that depend on it.
        keys: i64,
    },
    /// There is no room to make the database or to bring it to this version's layout.
    #[error("no room is left for the data in {path}, free space there", path = .0.display())]
    Full(PathBuf),
    /// The database was used with another pepper.
    #[error(
        "{path} is not the pepper that the database was used with: restore it from a backup; servers that \
         share a database share one data directory",
        path = .0.display()
    )]
    PepperDiffers(PathBuf),
    /// It is not said rightly where the Postgres is.
    #[error("database_url is not valid: {0}; it is like postgres://user:password@host/name")]
    DatabaseUrl(String),
    /// The Postgres does not answer or cannot be brought to this version's layout.
    #[error("database {name} cannot be used: {reason}")]
    Postgres {
        /// Which, without its password.
        name: String,
        /// The database's own words.
        reason: String,
    },
    /// The database cannot be opened or brought to this version's layout.
    #[error("database {path} cannot be opened: {reason}", path = path.display())]
    Database {
        /// Its file.
        path: PathBuf,
        /// The database's own words.
        reason: String,
    },
    /// The system gives no random bytes.
    #[error("system gives no random bytes: {0}")]
    Random(String),
}

/// Makes the pepper, unless keys exist: a new one would silently lock every one of them out.
fn first_pepper(prepared: &Prepared, keys: i64) -> Result<[u8; data_dir::PEPPER_BYTES], OpenError> {
    if keys > 0 {
        return Err(OpenError::PepperMissing { path: prepared.pepper_path().to_path_buf(), keys });
    }
    let pepper = random().map_err(|error| OpenError::Random(error.to_string()))?;
    prepared.keep_pepper(&pepper)?;
    Ok(pepper)
}

/// Random bytes from the system.
fn random<const N: usize>() -> Result<[u8; N], getrandom::Error> {
    let mut bytes = [0; N];
    getrandom::fill(&mut bytes)?;
    Ok(bytes)
}

/// Runs what blocks on a thread where that is fine.
async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> Result<T, BlobError> + Send + 'static,
) -> Result<T, BlobError> {
    tokio::task::spawn_blocking(work)
        .await
        .unwrap_or_else(|error| Err(BlobError::Io(io::Error::other(error))))
}

/// The system's clock, for [`Store::open`] only: everything else is told the time.
#[allow(clippy::disallowed_methods)]
fn system_clock() -> i64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    i64::try_from(since.as_millis()).unwrap_or(i64::MAX)
}
