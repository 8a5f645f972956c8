//! The record: events are appended to a run's history and never touched again.

use std::mem;

use async_trait::async_trait;
use ringfence_pipeline::audit::AuditEntry;
use ringfence_pipeline::files::{Content, QuotaExceeded};
use ringfence_pipeline::ports::{AppendError, Claim, Claimed, Part, Put, Record, StoreError};
use ringfence_pipeline::run::{Principal, Recorded, RunId};
use uuid::Uuid;

use super::holds::{Holding, Sums, end_of_keeping, hold};
use super::recovery::note_progress;
use super::{Conn, Query, execute_all, failed, query};
use crate::chain::Row;
use crate::{BlobError, Store};

/// Events written by one statement.
pub(super) const EVENTS_AT_ONCE: usize = 64;

#[async_trait]
impl Record for Store {
    async fn append(
        &self,
        principal: &Principal,
        run: RunId,
        events: &[Recorded],
    ) -> Result<(), AppendError> {
        let doing = "appending events";
        let mut tx = self.write(doing).await?;
        if events.iter().any(Recorded::is_end) {
            self.append_events(&mut tx, principal, run, events, Vec::new()).await?;
        } else {
            self.admit_events(&mut tx, principal, run, events, Vec::new()).await?;
        }
        Ok(tx.commit().await.map_err(failed(doing))?)
    }

    async fn put_blob(
        &self,
        principal: &Principal,
        run: RunId,
        part: Part,
        content: &[u8],
    ) -> Result<Put, StoreError> {
        self.keep_blob(principal, run, part, content).await
    }

    async fn give_up(&self, principal: &Principal, run: RunId) -> Result<(), StoreError> {
        self.give_up_run(principal, run).await
    }

    async fn get_blob(&self, sha256: &str) -> Result<Option<Vec<u8>>, StoreError> {
        match self.read_blob(sha256).await {
            Ok(content) => Ok(Some(content)),
            Err(BlobError::Missing(_)) => Ok(None),
            Err(error) => Err(StoreError::new("reading content", error.to_string())),
        }
    }

    async fn open_blob(&self, sha256: &str) -> Result<Option<Content>, StoreError> {
        match self.read_blob_in_pieces(sha256).await {
            Ok(content) => Ok(Some(content)),
            Err(BlobError::Missing(_)) => Ok(None),
            Err(error) => Err(error.while_doing("reading content")),
        }
    }

    async fn claim(&self, principal: &Principal, claim: &Claim) -> Result<Claimed, StoreError> {
        self.note_claim(principal, claim).await
    }

    async fn take_over(&self, principal: &Principal, claim: &Claim, gone: RunId) -> Result<bool, StoreError> {
        self.take_claim_over(principal, claim, gone).await
    }

    async fn release(&self, principal: &Principal, run: RunId) -> Result<(), StoreError> {
        self.release_claim(principal, run).await
    }

    async fn runs(
        &self,
        principal: &Principal,
        before: Option<RunId>,
        limit: u32,
    ) -> Result<Vec<RunId>, StoreError> {
        let doing = "listing runs";
        // Ids sort by time. None is before every run but those that are older than anything.
        let rows: Vec<String> =
            query("SELECT id FROM runs WHERE tenant = ? AND id < ? ORDER BY id DESC LIMIT ?")
                .bind(&principal.tenant)
                .bind(before.map_or_else(|| "g".to_owned(), |run| run.to_string()))
                .bind(limit)
                .fetch_all(self)
                .await
                .map_err(failed(doing))?;
        rows.iter().map(|id| run_id(doing, id)).collect()
    }

    async fn history(&self, principal: &Principal, run: RunId) -> Result<Vec<Recorded>, StoreError> {
        let doing = "reading a history";
        let mut conn = self.read().await.map_err(failed(doing))?;
        read_history(&mut conn, &principal.tenant, run).await
    }

    async fn audit(
        &self,
        principal: &Principal,
        before: Option<i64>,
        limit: u32,
    ) -> Result<Vec<AuditEntry>, StoreError> {
        self.audit_entries(&principal.tenant, before, i64::MIN, limit).await
    }
}

impl Store {
    /// The tenant that a run belongs to, if there is such a run: for the operator, who may look at all of them.
    ///
    /// # Errors
    /// [`StoreError`] if the database fails.
    pub async fn tenant_of(&self, run: RunId) -> Result<Option<String>, StoreError> {
        query("SELECT tenant FROM events WHERE run = ? AND seq = 0")
            .bind(run.to_string())
            .fetch_optional(self)
            .await
            .map_err(failed("looking for a run"))
    }

    /// As [`Store::append_events`], if there is room for the contents that they name. Returns how many rows each
    /// statement of `with` wrote.
    pub(super) async fn admit_events(
        &self,
        conn: &mut Conn,
        principal: &Principal,
        run: RunId,
        events: &[Recorded],
        with: Vec<Query>,
    ) -> Result<Vec<u64>, AppendError> {
        let appended = self.append(conn, principal, run, events, with, true).await?;
        appended.quota.map_or(Ok(appended.written), |quota| Err(quota.into()))
    }

    /// Appends events to a run, which the first of its events opens, and holds the contents that they name; those
    /// for which there is no room are erased at once. What else a transaction has to do, `with` it or
    /// before, comes before, so that nobody waits long for the end of the tenant's chain. Returns how many rows each
    /// statement of `with` wrote.
    pub(super) async fn append_events(
        &self,
        conn: &mut Conn,
        principal: &Principal,
        run: RunId,
        events: &[Recorded],
        with: Vec<Query>,
    ) -> Result<Vec<u64>, StoreError> {
        Ok(self.append(conn, principal, run, events, with, false).await?.written)
    }

    /// Appends events; if it is `admitting` and a quota has no room, they are not to be committed.
    async fn append(
        &self,
        conn: &mut Conn,
        principal: &Principal,
        run: RunId,
        events: &[Recorded],
        with: Vec<Query>,
        admitting: bool,
    ) -> Result<Appended, StoreError> {
        let (doing, id) = ("appending events", run.to_string());
        let Principal { tenant, user, key_id, .. } = principal;
        let (mut queries, mut rows) = (Vec::new(), Vec::new());
        if let Some(first) = events.first().filter(|event| event.seq == 0) {
            let insert = "INSERT INTO runs (tenant, id, \"user\", key_id, opened_ms) VALUES (?, ?, ?, ?, ?)";
            queries.push(query(insert).bind(tenant).bind(&id).bind(user).bind(key_id).bind(first.at_ms));
            rows.push(Row::Run { run: &id, user, key_id, opened_ms: first.at_ms });
        }
        let others = rows.len()..rows.len() + with.len();
        queries.extend(with);
        let Some(last) = events.last() else {
            let written = execute_all(queries, conn).await.map_err(failed(doing))?;
            return Ok(Appended { written, quota: None });
        };
        let contents: Vec<_> = events.iter().flat_map(|event| &event.contents).collect();
        let (until_ms, ended) = (last.at_ms.saturating_add(self.keeping.run_ms), last.is_end());
        let holding = Holding { run: &id, owner: principal.into(), contents, until_ms, ended };
        let mut sums = Sums::new();
        if !holding.contents.is_empty() {
            sums = hold(conn, &holding).await.map_err(failed(doing))?;
        }
        let bodies: Vec<String> = events.iter().map(|event| event.body.to_string()).collect();
        let mut pieces = events.chunks(EVENTS_AT_ONCE).zip(bodies.chunks(EVENTS_AT_ONCE)).peekable();
        let mut written = None;
        while let Some((events, bodies)) = pieces.next() {
            let mut insert = query("INSERT INTO events (run, seq, tenant, kind, at_ms, body) ");
            insert.push_values(events.iter().zip(bodies), |(event, body)| {
                let (seq, kind, at_ms) = (event.seq.into(), (&event.kind).into(), event.at_ms.into());
                vec![(&id).into(), seq, tenant.into(), kind, at_ms, body.into()]
            });
            queries.push(insert);
            rows.extend(events.iter().zip(bodies).map(|(event, body)| {
                let (seq, kind, at_ms) = (i64::from(event.seq), &event.kind, event.at_ms);
                Row::Event { run: &id, seq, kind, at_ms, body }
            }));
            if pieces.peek().is_none() {
                queries.push(note_progress(&id, last));
                if ended && holding.contents.is_empty() {
                    queries.push(end_of_keeping(&holding, 0));
                }
            }
            let (queries, rows) = (mem::take(&mut queries), mem::take(&mut rows));
            let done = self.audit.write_chained(conn, queries, tenant, &rows).await.map_err(failed(doing))?;
            written.get_or_insert(done);
        }
        let written = written.unwrap_or_default().get(others).unwrap_or_default().to_vec();
        let quota = self.make_room(conn, &holding, sums, admitting).await?;
        Ok(Appended { written, quota })
    }
}

/// What came of events being appended.
struct Appended {
    /// How many rows each of the other statements wrote.
    written: Vec<u64>,
    /// The quota that has no room for contents of a run that is to be admitted.
    quota: Option<QuotaExceeded>,
}

/// A run's events in order, if it is the tenant's.
pub(super) async fn read_history(
    conn: &mut Conn,
    tenant: &str,
    run: RunId,
) -> Result<Vec<Recorded>, StoreError> {
    let doing = "reading a history";
    let rows: Vec<(i64, String, i64, String)> =
        query("SELECT seq, kind, at_ms, body FROM events WHERE run = ? AND tenant = ? ORDER BY seq")
            .bind(run.to_string())
            .bind(tenant)
            .fetch_all(conn)
            .await
            .map_err(failed(doing))?;
    rows.into_iter()
        .map(|(seq, kind, at_ms, body)| {
            let damaged = |reason: String| StoreError::new(doing, reason);
            Ok(Recorded {
                seq: u32::try_from(seq).map_err(|error| damaged(error.to_string()))?,
                kind,
                at_ms,
                body: serde_json::from_str(&body).map_err(|error| damaged(error.to_string()))?,
                contents: Vec::new(),
            })
        })
        .collect()
}

/// A run's identity as it is stored.
pub(super) fn run_id(doing: &'static str, text: &str) -> Result<RunId, StoreError> {
    Uuid::parse_str(text).map(RunId).map_err(|error| StoreError::new(doing, error.to_string()))
}
