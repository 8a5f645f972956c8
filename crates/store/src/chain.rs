//! The audit chain: every row of the record has an entry, and every entry's MAC covers the one before.
//!
//! ```text
//! digest(n) = SHA-256(what the row is, its tenant, its columns)
//! mac(n)    = HMAC-SHA256(key, tenant, n, mac(n - 1), digest(n))
//! ```
//! Whoever has no key can neither change a row nor leave one out nor add one without its being seen. The
//! end alone is not held by anything: what the last entry was is kept beside the database (`checkpoint.rs`).

use hmac::{Hmac, KeyInit, Mac};
use ringfence_pipeline::audit::{AuditHead, ChainReport, Fault, Finding, MAC_BYTES};
use sha2::{Digest, Sha256};

/// What keeps MACs of different things apart.
const KEY_LABEL: &[u8] = b"ringfence audit key v1";
const ENTRY_LABEL: &[u8] = b"ringfence audit entry v1";
const CHECKPOINT_LABEL: &[u8] = b"ringfence audit checkpoint v1";

/// A SHA-256, or a MAC made with one.
pub(crate) type Hash = [u8; MAC_BYTES];

/// A row of the record.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Row<'a> {
    /// The opening of a run.
    Run { run: &'a str, user: &'a str, key_id: &'a str, opened_ms: i64 },
    /// One of a run's events.
    Event { run: &'a str, seq: i64, kind: &'a str, at_ms: i64, body: &'a str },
    /// A change that is no run's event.
    Change { at_ms: i64, actor: &'a str, kind: &'a str, body: &'a str },
}

impl<'a> Row<'a> {
    /// The run it is about, and its place there, as an entry names them.
    pub(crate) fn place(&self) -> (Option<&'a str>, Option<i64>) {
        match *self {
            Row::Run { run, .. } => (Some(run), None),
            Row::Event { run, seq, .. } => (Some(run), Some(seq)),
            Row::Change { .. } => (None, None),
        }
    }

    /// The SHA-256 of the row, under the tenant that it says it is of.
    pub(crate) fn digest(&self, tenant: &str) -> Hash {
        let mut fields = Fields(Sha256::new());
        match *self {
            Row::Run { run, user, key_id, opened_ms } => {
                fields.text("run").text(tenant).text(run).text(user).text(key_id).number(opened_ms);
            }
            Row::Event { run, seq, kind, at_ms, body } => {
                fields.text("event").text(tenant).text(run).number(seq).text(kind).number(at_ms).text(body);
            }
            Row::Change { at_ms, actor, kind, body } => {
                fields.text("change").text(tenant).number(at_ms).text(actor).text(kind).text(body);
            }
        }
        fields.0.finalize().into()
    }
}

/// Hashes fields so that different ones never hash the same bytes: each text after its length.
struct Fields(Sha256);

impl Fields {
    fn text(&mut self, text: &str) -> &mut Self {
        self.0.update((text.len() as u64).to_be_bytes());
        self.0.update(text);
        self
    }

    fn number(&mut self, number: i64) -> &mut Self {
        self.0.update(number.to_be_bytes());
        self
    }
}

/// Where a chain ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Head {
    pub(crate) n: i64,
    pub(crate) mac: Hash,
}

impl Head {
    /// Of a chain without an entry.
    pub(crate) const NONE: Head = Head { n: 0, mac: [0; MAC_BYTES] };
}

/// What MACs are made with. Cloning it costs less than making it again.
#[derive(Clone)]
pub(crate) struct ChainKey(Hmac<Sha256>);

impl ChainKey {
    /// The key that belongs to an installation's pepper.
    pub(crate) fn derived_from(pepper: &[u8]) -> Self {
        let mut mac = keyed(pepper);
        mac.update(KEY_LABEL);
        Self(keyed(&mac.finalize().into_bytes()))
    }

    /// The entry after `before`, for a row with this digest.
    pub(crate) fn next(&self, tenant: &str, before: Head, digest: &Hash) -> Head {
        let n = before.n + 1;
        let mut mac = self.0.clone();
        mac.update(ENTRY_LABEL);
        mac.update(&(tenant.len() as u64).to_be_bytes());
        mac.update(tenant.as_bytes());
        mac.update(&n.to_be_bytes());
        mac.update(&before.mac);
        mac.update(digest);
        Head { n, mac: mac.finalize().into_bytes().into() }
    }

    /// The MAC of a checkpoint's text.
    pub(crate) fn of_checkpoint(&self, text: &str) -> Hash {
        let mut mac = self.0.clone();
        mac.update(CHECKPOINT_LABEL);
        mac.update(text.as_bytes());
        mac.finalize().into_bytes().into()
    }
}

// A key belongs in no log.
impl std::fmt::Debug for ChainKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("ChainKey").finish_non_exhaustive()
    }
}

fn keyed(key: &[u8]) -> Hmac<Sha256> {
    <Hmac<Sha256> as KeyInit>::new_from_slice(key).expect("HMAC takes a key of any length")
}

/// An entry as it is found.
#[derive(Debug)]
pub(crate) struct Entry<'a> {
    pub(crate) n: i64,
    pub(crate) run: Option<&'a str>,
    pub(crate) seq: Option<i64>,
    pub(crate) digest: &'a [u8],
    pub(crate) mac: &'a [u8],
    /// The row that it names with the tenant that the row says, if there is one.
    pub(crate) row: Option<(&'a str, Row<'a>)>,
}

/// Looks at a chain's entries one after the other, up to the first one that is wrong.
#[derive(Debug)]
pub(crate) struct Check<'a> {
    key: &'a ChainKey,
    tenant: &'a str,
    /// Where the chain is known to have been.
    known: Vec<Head>,
    head: Head,
    finding: Option<Finding>,
    /// Rows that entries vouch for: runs, events, changes.
    pub(crate) vouched: [i64; 3],
}

impl<'a> Check<'a> {
    pub(crate) fn new(key: &'a ChainKey, tenant: &'a str, known: Vec<Head>) -> Self {
        Self { key, tenant, known, head: Head::NONE, finding: None, vouched: [0; 3] }
    }

    /// Looks at the next entry; false once something is wrong.
    pub(crate) fn entry(&mut self, entry: &Entry<'_>) -> bool {
        if let Err((fault, n)) = self.follow(entry) {
            let named = n == entry.n;
            self.found(fault, Some(n), entry.run.filter(|_| named), entry.seq.filter(|_| named));
        }
        self.finding.is_none()
    }

    fn follow(&mut self, entry: &Entry<'_>) -> Result<(), (Fault, i64)> {
        let n = self.head.n + 1;
        if entry.n != n {
            return Err((Fault::Missing, n));
        }
        let Some((tenant, row)) = &entry.row else {
            return Err((Fault::Missing, n));
        };
        let digest = row.digest(tenant);
        let next = self.key.next(self.tenant, self.head, &digest);
        if next.mac == entry.mac && digest == entry.digest && row.place() == (entry.run, entry.seq) {
            self.vouched[kind_of(row)] += 1;
            self.head = next;
            let differs = self.known.iter().any(|known| known.n == n && known.mac != next.mac);
            return if differs { Err((Fault::RolledBack, n)) } else { Ok(()) };
        }
        // What the entry itself says is right in its place: then it is the row that is not.
        let said = <Hash>::try_from(entry.digest).unwrap_or_default();
        let entry_fits = self.key.next(self.tenant, self.head, &said).mac == entry.mac;
        Err((if entry_fits { Fault::Changed } else { Fault::Forged }, n))
    }

    /// Notes the first thing that is wrong.
    pub(crate) fn found(&mut self, fault: Fault, n: Option<i64>, run: Option<&str>, seq: Option<i64>) {
        self.finding.get_or_insert_with(|| Finding { fault, n, run: run.map(str::to_owned), seq });
    }

    /// There are no more entries.
    pub(crate) fn no_more(&mut self) {
        if self.known.iter().any(|known| known.n > self.head.n) {
            self.found(Fault::Truncated, Some(self.head.n + 1), None, None);
        }
    }

    /// Says what was found.
    pub(crate) fn report(self) -> ChainReport {
        let Head { n, mac } = self.head;
        let whole = self.finding.is_none() && n > 0;
        let tenant = self.tenant.to_owned();
        let head = whole.then(|| AuditHead { tenant: tenant.clone(), n, mac });
        // An entry that was found to be wrong is not among those that are whole.
        let entries = match &self.finding {
            Some(Finding { fault: Fault::RolledBack, .. }) => n - 1,
            _ => n,
        };
        ChainReport { tenant, entries, head, finding: self.finding }
    }

    pub(crate) fn is_whole(&self) -> bool {
        self.finding.is_none()
    }
}

/// Which of the record's tables a row is in: runs, events, changes.
fn kind_of(row: &Row<'_>) -> usize {
    match row {
        Row::Run { .. } => 0,
        Row::Event { .. } => 1,
        Row::Change { .. } => 2,
    }
}
