//! Promises: a reservation in one row, so that a run need not wait until all of it is written.
//!
//! ```text
//! BEGIN, admit, INSERT INTO promises, COMMIT, sync ──> the run starts
//!                                                  └──> BEGIN, keep: reservation, balances, events, contents, COMMIT
//! ```
//! Whoever writes or reads keeps what it finds promised before it looks at anything else, in any process and
//! after a crash: a promise counts as much as what it stands for. One whose step has ended already is kept with
//! that end. Postgres has no use for it: there a commit costs a way to the server and back, and is made once.

use std::sync::{Arc, MutexGuard, PoisonError};

use ringfence_pipeline::budget::{Account, Amount};
use ringfence_pipeline::keys::Scopes;
use ringfence_pipeline::ports::{Charge, Kept, Ledger as _, LedgerError, StoreError};
use ringfence_pipeline::run::{Principal, Recorded, RunId};
use serde::{Deserialize, Serialize};

use super::holds::has_room;
use super::ledger::{Reservation, State, Taking};
use super::{Conn, Transaction, failed, query};
use crate::Store;

/// Contents that are written with a promise, in bytes; with more, a reservation is written at once.
const CONTENTS_BYTES_MAX: usize = 64 * 1024;

/// Promises kept in one transaction: those of every process that uses the database, each of which makes one at
/// a time.
const KEPT_AT_ONCE: u32 = 64;

/// What is promised, beside the bytes of its contents.
#[derive(Debug, Serialize, Deserialize)]
struct Promise {
    tenant: String,
    user: String,
    key_id: String,
    run: RunId,
    step: u32,
    session: Option<String>,
    author: String,
    amount: Amount,
    at_ms: i64,
    until_ms: i64,
    events: Vec<Recorded>,
    /// What each of the events names.
    contents: Vec<Vec<Named>>,
}

/// What was promised last, for whoever settles it before anybody else writes: nothing need be read again.
#[derive(Debug)]
pub(crate) struct LastPromise {
    /// The promise was the write before this one.
    next_write: u64,
    /// What SQLite says as long as no other process has written.
    data_version: i64,
    reservation: Reservation,
    /// What all who pay for it had without it.
    accounts: Vec<Account>,
}

/// A content that an event names.
#[derive(Debug, Serialize, Deserialize)]
struct Named {
    sha256: String,
    size: u64,
    /// Its bytes are beside the promise.
    is_here: bool,
}

impl Store {
    /// Begins a transaction that may write. What was promised is kept first, in the same transaction.
    pub(crate) async fn write(&self, doing: &'static str) -> Result<Transaction, StoreError> {
        let mut tx = self.database.write().await.map_err(failed(doing))?;
        self.keep_promises(&mut tx).await?;
        Ok(tx)
    }

    /// A connection to read with. What was promised is kept first.
    pub(crate) async fn read(&self) -> Result<Conn, sqlx::Error> {
        let mut conn = self.database.read().await?;
        if is_promised(&mut conn).await? {
            drop(conn);
            // Whoever reads is told what there is, even if nothing can be written.
            self.catch_up().await;
            conn = self.database.read().await?;
        }
        Ok(conn)
    }

    /// Begins a transaction that reads the database as it is at one moment. What was promised is kept first.
    pub(crate) async fn snapshot(&self) -> Result<Transaction, sqlx::Error> {
        drop(self.read().await?);
        self.database.snapshot().await
    }

    /// Promises what is taken, to be kept when the caller has gone on; on disk when this returns. The transaction comes
    /// back, with nothing done, if it is to be written at once.
    pub(super) async fn promise(
        &self,
        mut tx: Transaction,
        taking: &Taking<'_>,
        accounts: Vec<Account>,
        events: &[Recorded],
    ) -> Result<Result<(), Transaction>, LedgerError> {
        let doing = "reserving";
        let Charge { principal, .. } = taking.charge;
        let contents: usize =
            events.iter().flat_map(|event| &event.contents).map(here).map(<[u8]>::len).sum();
        if !matches!(*tx, Conn::Sqlite(_)) || taking.state != State::Held || contents > CONTENTS_BYTES_MAX {
            return Ok(Err(tx));
        }
        // What is not plain is decided on by writing all of it.
        let plain = is_plain(&mut tx, taking, events).await.map_err(failed(doing))?
            && has_room(&mut tx, &self.keeping, principal, events).await.map_err(failed(doing))?;
        if !plain {
            return Ok(Err(tx));
        }
        (taking.admitted)();
        let promise = Promise::of(taking, events);
        promise.write(&mut tx, events).await.map_err(failed(doing))?;
        let last = seen(&mut tx).await.map(|(write, data_version)| LastPromise {
            next_write: write + 1,
            data_version,
            reservation: promise.reservation(),
            accounts,
        });
        // Before anybody else can write.
        *self.last_promise() = last;
        if let Err(error) = tx.commit().await {
            *self.last_promise() = None;
            return Err(failed(doing)(error).into());
        }
        Ok(Ok(()))
    }

    /// What is promised for a step, and what all who pay for it have without it, if that was the last that anybody
    /// wrote.
    pub(super) async fn promised_last(
        &self,
        tx: &mut Transaction,
        principal: &Principal,
        run: RunId,
        step: u32,
    ) -> Option<(Reservation, Vec<Account>)> {
        let LastPromise { next_write, data_version, reservation, accounts } = self.last_promise().take()?;
        let Principal { tenant, key_id, .. } = &reservation.principal;
        let is_it = (reservation.run, reservation.step) == (run, step)
            && (tenant, key_id) == (&principal.tenant, &principal.key_id);
        (is_it && seen(tx).await == Some((next_write, data_version))).then_some((reservation, accounts))
    }

    fn last_promise(&self) -> MutexGuard<'_, Option<LastPromise>> {
        // It is replaced as a whole, or taken.
        self.last_promise.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Keeps all promises that are found, in a transaction that writes. Those of one process are few: it keeps one
    /// while it makes the next.
    pub(super) async fn keep_promises(&self, conn: &mut Conn) -> Result<(), StoreError> {
        let doing = "keeping a promise";
        while is_promised(conn).await.map_err(failed(doing))? {
            let promises: Vec<(String, Vec<u8>)> = query("SELECT taking, contents FROM promises LIMIT ?")
                .bind(KEPT_AT_ONCE)
                .fetch_all(&mut *conn)
                .await
                .map_err(failed(doing))?;
            for (taking, contents) in promises {
                let (promise, events) = Promise::read(&taking, &contents)
                    .map_err(|reason| StoreError::new(doing, format!("it is damaged: {reason}")))?;
                promise.forget(conn).await.map_err(failed(doing))?;
                self.write_promised(conn, &promise, &events).await?;
            }
        }
        Ok(())
    }

    /// Keeps all promises that are found, in a transaction of its own.
    pub(crate) async fn keep_left_promises(&self) -> Result<(), StoreError> {
        let doing = "keeping a promise";
        let mut conn = self.database.read().await.map_err(failed(doing))?;
        if !is_promised(&mut conn).await.map_err(failed(doing))? {
            return Ok(());
        }
        drop(conn);
        // They are on disk, and can be kept again.
        self.write(doing).await?.commit_soon().await.map_err(failed(doing))
    }

    async fn write_promised(
        &self,
        conn: &mut Conn,
        promise: &Promise,
        events: &[Recorded],
    ) -> Result<(), StoreError> {
        let principal = promise.principal();
        let taking = promise.taking(&principal);
        let written = self.append_taken(conn, &taking, events).await?;
        match written {
            true => Ok(()),
            // It was accepted when that was promised, and is judged by that time.
            false => {
                Err(StoreError::new("keeping a promise", format!("key {} is not there", promise.key_id)))
            }
        }
    }
}

impl Promise {
    fn of(taking: &Taking<'_>, events: &[Recorded]) -> Promise {
        let Taking { charge: Charge { principal, run, step, session, author }, amount, .. } = *taking;
        let named = |kept: &Kept| Named {
            sha256: kept.sha256.clone(),
            size: kept.size,
            is_here: kept.unwritten.is_some(),
        };
        Promise {
            tenant: principal.tenant.clone(),
            user: principal.user.clone(),
            key_id: principal.key_id.clone(),
            run,
            step,
            session: session.map(str::to_owned),
            author: author.to_owned(),
            amount,
            at_ms: taking.at_ms,
            until_ms: taking.until_ms,
            events: events.to_vec(),
            contents: events.iter().map(|event| event.contents.iter().map(named).collect()).collect(),
        }
    }

    /// What was written, with the events as they were then.
    fn read(taking: &str, contents: &[u8]) -> Result<(Promise, Vec<Recorded>), String> {
        let promise: Promise = serde_json::from_str(taking).map_err(|error| error.to_string())?;
        let mut left = contents;
        let mut events = promise.events.clone();
        for (event, named) in events.iter_mut().zip(&promise.contents) {
            for Named { sha256, size, is_here } in named {
                let mut unwritten = None;
                if *is_here {
                    let size = usize::try_from(*size).unwrap_or(usize::MAX);
                    let (bytes, rest) = left.split_at_checked(size).ok_or("contents are missing")?;
                    (unwritten, left) = (Some(Arc::from(bytes)), rest);
                }
                event.contents.push(Kept { sha256: sha256.clone(), size: *size, unwritten });
            }
        }
        Ok((promise, events))
    }

    async fn write(&self, conn: &mut Conn, events: &[Recorded]) -> Result<(), sqlx::Error> {
        let taking = serde_json::to_string(self).map_err(|error| sqlx::Error::Encode(error.into()))?;
        let contents: Vec<u8> =
            events.iter().flat_map(|event| &event.contents).flat_map(here).copied().collect();
        query("INSERT INTO promises (run, step, taking, contents) VALUES (?, ?, ?, ?)")
            .bind(self.run.to_string())
            .bind(self.step)
            .bind(taking)
            .bind(contents)
            .execute(conn)
            .await
            .map(drop)
    }

    /// Takes the promise away, for whoever keeps it; false if that was done before.
    async fn forget(&self, conn: &mut Conn) -> Result<bool, sqlx::Error> {
        let forgotten = query("DELETE FROM promises WHERE run = ? AND step = ?");
        Ok(forgotten.bind(self.run.to_string()).bind(self.step).execute(conn).await? == 1)
    }

    fn principal(&self) -> Principal {
        let Promise { tenant, user, key_id, .. } = self;
        let (tenant, user, key_id) = (tenant.clone(), user.clone(), key_id.clone());
        Principal { tenant, user, key_id, scopes: Scopes::NONE }
    }

    /// As what it stands for is found.
    fn reservation(self) -> Reservation {
        let principal = self.principal();
        let Promise { run, step, session, author, amount, at_ms, until_ms, .. } = self;
        Reservation { run, step, principal, session, author, at_ms, amount, until_ms, waits: false }
    }

    fn taking<'a>(&'a self, principal: &'a Principal) -> Taking<'a> {
        let Promise { run, step, session, author, amount, at_ms, until_ms, .. } = self;
        let charge = Charge { principal, run: *run, step: *step, session: session.as_deref(), author };
        let (state, admitted) = (State::Held, &|| {});
        Taking { charge, amount: *amount, state, at_ms: *at_ms, until_ms: *until_ms, admitted }
    }
}

/// The bytes of a content that are written with its events.
fn here(kept: &Kept) -> &[u8] {
    kept.unwritten.as_deref().unwrap_or_default()
}

/// The number of a write of this process, and what SQLite says of those of others; none if it cannot be told.
async fn seen(conn: &mut Conn) -> Option<(u64, i64)> {
    let Conn::Sqlite(lent) = &*conn else { return None };
    let write = lent.write_number();
    Some((write, query("PRAGMA data_version").fetch_one(conn).await.ok()?))
}

/// True if anything is promised.
async fn is_promised(conn: &mut Conn) -> Result<bool, sqlx::Error> {
    match conn {
        Conn::Sqlite(_) => query("SELECT EXISTS (SELECT 1 FROM promises)").fetch_one(conn).await,
        Conn::Postgres(_) => Ok(false),
    }
}

/// True if nothing that is there stands against it: its key is accepted, nothing is reserved for the step, and the
/// events go on with a run of the tenant's, or begin one.
async fn is_plain(conn: &mut Conn, taking: &Taking<'_>, events: &[Recorded]) -> Result<bool, sqlx::Error> {
    let Taking { charge: Charge { principal, run, step, .. }, at_ms, .. } = *taking;
    let Some(first) = events.first() else { return Ok(false) };
    let run = run.to_string();
    query(
        "SELECT EXISTS (SELECT 1 FROM keys WHERE id = ? AND tenant = ? AND revoked_ms IS NULL
                        AND (expires_ms IS NULL OR expires_ms > ?))
            AND NOT EXISTS (SELECT 1 FROM reservations WHERE run = ? AND step = ?)
            AND NOT EXISTS (SELECT 1 FROM events WHERE run = ? AND seq >= ?)
            AND (? = 0 OR EXISTS (SELECT 1 FROM events WHERE run = ? AND seq = 0 AND tenant = ?))",
    )
    .bind(&principal.key_id)
    .bind(&principal.tenant)
    .bind(at_ms)
    .bind(&run)
    .bind(step)
    .bind(&run)
    .bind(first.seq)
    .bind(first.seq)
    .bind(&run)
    .bind(&principal.tenant)
    .fetch_one(conn)
    .await
}
