//! What the tests of the store share: a store in a directory of its own and a clock set by hand.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

use ringfence_pipeline::budget::{Amount, Budget, Caps, Unit};
use ringfence_pipeline::keys::KeyRequest;
use ringfence_pipeline::ports::{Charge, Kept, LedgerError, Part, Put, Record};
use ringfence_pipeline::run::{Event, Principal, Recorded, RunId};
use ringfence_store::Store;
use tempfile::TempDir;
use uuid::Uuid;

use crate::database::{Database, Pool};

/// When the tests begin, in milliseconds since the Unix epoch.
pub(crate) const START_MS: i64 = 1_800_000_000_000;

/// A store in a directory of its own.
pub(crate) struct World {
    pub(crate) dir: TempDir,
    pub(crate) store: Store,
    pub(crate) database: Database,
    now_ms: Arc<AtomicI64>,
}

impl World {
    pub(crate) async fn new() -> Self {
        let dir = tempfile::tempdir().unwrap();
        let now_ms = Arc::new(AtomicI64::new(START_MS));
        let database = Database::new();
        let store = open(&dir, &database, &now_ms).await;
        Self { dir, store, database, now_ms }
    }

    /// Another instance on the same directory.
    pub(crate) async fn another(&self) -> Store {
        open(&self.dir, &self.database, &self.now_ms).await
    }

    /// Closes the store and opens it again.
    pub(crate) async fn restart(&mut self) {
        self.store.close().await;
        self.store = self.another().await;
    }

    pub(crate) fn now(&self) -> i64 {
        self.now_ms.load(Ordering::SeqCst)
    }

    pub(crate) fn pass(&self, ms: i64) {
        self.now_ms.fetch_add(ms, Ordering::SeqCst);
    }

    /// A principal of `tenant` with a key of its own.
    pub(crate) async fn principal(&self, tenant: &str, limit: Amount) -> Principal {
        let request = KeyRequest { limit: caps(limit), ..KeyRequest::new("ana") };
        let key = self.store.create_key(tenant, &request, self.now()).await.unwrap();
        self.store.authenticate(&key.text, self.now()).await.unwrap()
    }

    /// The database beside the store, for what the store would never do.
    pub(crate) async fn raw(&self) -> Pool {
        self.database.raw(self.dir.path()).await
    }

    /// Where it is, if it is no file.
    pub(crate) fn url(&self) -> Option<&str> {
        self.database.url()
    }
}

async fn open(dir: &TempDir, database: &Database, now_ms: &Arc<AtomicI64>) -> Store {
    let now_ms = Arc::clone(now_ms);
    let clock = Arc::new(move || now_ms.load(Ordering::SeqCst));
    Store::open_with_clock(dir.path(), database.url(), clock).await.unwrap()
}

#[allow(clippy::disallowed_methods)]
pub(crate) fn new_run() -> RunId {
    RunId(Uuid::now_v7())
}

pub(crate) fn amount(runs: i64, sandbox_ms: i64) -> Amount {
    Amount { runs, sandbox_ms, ..Amount::default() }
}

/// Limits in runs and sandbox time.
pub(crate) fn caps(limit: Amount) -> Caps {
    Caps { runs: Some(limit.runs), sandbox_ms: Some(limit.sandbox_ms), ..Caps::default() }
}

/// The first limit that a refusal names: what it counts, how much is missing, and the limit.
pub(crate) fn missing(refusal: &LedgerError) -> (Unit, i64, i64) {
    let LedgerError::Exhausted(shortfalls) = refusal else { panic!("{refusal}") };
    (shortfalls[0].unit, shortfalls[0].missing, shortfalls[0].limit)
}

/// A step of a program that its client sent.
pub(crate) fn charge(principal: &Principal, run: RunId, step: u32) -> Charge<'_> {
    Charge { principal, run, step, session: None, author: "" }
}

/// What the principal's key may use, has used and holds in all.
pub(crate) async fn budget_of(store: &Store, principal: &Principal) -> Budget {
    store.key(&principal.tenant, &principal.key_id, START_MS).await.unwrap().budget
}

/// Content of a run, taken in as its output.
pub(crate) async fn put(store: &Store, who: &Principal, run: RunId, content: &[u8]) -> Kept {
    match store.put_blob(who, run, Part::Output, content).await.unwrap() {
        Put::Kept(kept) => kept,
        Put::NoRoom { quota, .. } => panic!("{quota}"),
    }
}

/// An event that names contents.
pub(crate) fn naming(seq: u32, kind: &str, contents: &[&Kept], at_ms: i64) -> Recorded {
    let contents = contents.iter().map(|&kept| kept.clone()).collect();
    Recorded { contents, at_ms, ..event(seq, kind) }
}

/// The first event of a run of nothing, which is answered `later` or not.
pub(crate) fn requested(later: bool) -> Event {
    Event::Requested {
        question: None,
        language: None,
        code: None,
        stdin: None,
        call: None,
        files: Vec::new(),
        of: None,
        fresh: false,
        later,
    }
}

pub(crate) fn event(seq: u32, kind: &str) -> Recorded {
    let body = serde_json::json!({ "note": "naïve \u{0} \u{1F4C8}", "value": 0.1 + 0.2, "seq": seq });
    Recorded { seq, kind: kind.to_owned(), at_ms: START_MS + i64::from(seq), body, contents: Vec::new() }
}
