//! The record: events are appended to a run's history and never touched again.

use async_trait::async_trait;
use ringfence_pipeline::audit::AuditEntry;
use ringfence_pipeline::files::{Content, QuotaExceeded};
use ringfence_pipeline::ports::{AppendError, Claim, Claimed, Part, Put, Record, StoreError};
use ringfence_pipeline::run::{Principal, Recorded, RunId};
use uuid::Uuid;

use super::holds::{Holding, Owner, Sums, push_holding};
use super::recovery::push_in_progress;
use super::{Batch, Conn, failed, query};
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
        let mut tx = self.database.write().await.map_err(failed(doing))?;
        self.open_run(&mut tx, principal, run, events, (self.clock)()).await?;
        if events.iter().any(Recorded::is_end) {
            self.append_events(&mut tx, principal.into(), run, events).await?;
        } else {
            self.admit_events(&mut tx, principal.into(), run, events).await?;
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

    async fn give_up(&self, _: &Principal, run: RunId) -> Result<(), StoreError> {
        self.give_up_run(run).await
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
                .fetch_all(&self.database)
                .await
                .map_err(failed(doing))?;
        rows.iter().map(|id| run_id(doing, id)).collect()
    }

    async fn history(&self, principal: &Principal, run: RunId) -> Result<Vec<Recorded>, StoreError> {
        let doing = "reading a history";
        let mut conn = self.database.read().await.map_err(failed(doing))?;
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
        query("SELECT tenant FROM runs WHERE id = ?")
            .bind(run.to_string())
            .fetch_optional(&self.database)
            .await
            .map_err(failed("looking for a run"))
    }
}

impl Store {
    /// Opens a run within a transaction, at its first event, unless it is open.
    pub(super) async fn open_run(
        &self,
        conn: &mut Conn,
        principal: &Principal,
        run: RunId,
        events: &[Recorded],
        now_ms: i64,
    ) -> Result<(), StoreError> {
        let doing = "appending events";
        let Principal { tenant, user, key_id, .. } = principal;
        let (id, opened_ms) = (run.to_string(), events.first().map_or(now_ms, |event| event.at_ms));
        let row = Row::Run { run: &id, user, key_id, opened_ms };
        // A run of another tenant is left alone here, and its events' foreign key then refuses ours.
        let insert = query(
            "INSERT INTO runs (tenant, id, \"user\", key_id, opened_ms) VALUES (?, ?, ?, ?, ?)
             ON CONFLICT DO NOTHING",
        );
        let insert = insert.bind(tenant).bind(&id).bind(user).bind(key_id).bind(opened_ms);
        self.audit.write_chained_once(conn, insert, tenant, row).await.map_err(failed(doing))
    }

    /// As [`Store::append_events`], if there is room for the contents that they name.
    pub(super) async fn admit_events(
        &self,
        conn: &mut Conn,
        owner: Owner<'_>,
        run: RunId,
        events: &[Recorded],
    ) -> Result<(), AppendError> {
        Ok(self.append(conn, owner, run, events, true).await?.map_or(Ok(()), Err)?)
    }

    /// Appends events to a run that is open, and holds the contents that they name; those for which there is no
    /// room are erased at once. What else a transaction has to do comes before, so that nobody waits long for
    /// the end of the tenant's chain.
    pub(super) async fn append_events(
        &self,
        conn: &mut Conn,
        owner: Owner<'_>,
        run: RunId,
        events: &[Recorded],
    ) -> Result<(), StoreError> {
        self.append(conn, owner, run, events, false).await.map(drop)
    }

    /// Appends events, unless it is `admitting` and a quota has no room. It all goes to the database at once:
    /// each way there and back takes as long as writing.
    async fn append(
        &self,
        conn: &mut Conn,
        owner: Owner<'_>,
        run: RunId,
        events: &[Recorded],
        admitting: bool,
    ) -> Result<Option<QuotaExceeded>, StoreError> {
        let (doing, id) = ("appending events", run.to_string());
        let Some(last) = events.last() else { return Ok(None) };
        let contents: Vec<_> = events.iter().flat_map(|event| &event.contents).collect();
        let (until_ms, ended) = (last.at_ms.saturating_add(self.keeping.run_ms), last.is_end());
        let holding = Holding { run: &id, owner, contents, until_ms, ended };
        let mut chunks = events.chunks(EVENTS_AT_ONCE).peekable();
        let mut sums = Sums::new();
        while let Some(events) = chunks.next() {
            let bodies: Vec<String> = events.iter().map(|event| event.body.to_string()).collect();
            let rows: Vec<Row<'_>> = events
                .iter()
                .zip(&bodies)
                .map(|(event, body)| {
                    let (seq, kind, at_ms) = (i64::from(event.seq), &event.kind, event.at_ms);
                    Row::Event { run: &id, seq, kind, at_ms, body }
                })
                .collect();
            let mut insert = query("INSERT INTO events (run, seq, tenant, kind, at_ms, body) ");
            insert.push_values(events.iter().zip(&bodies), |(event, body)| {
                let (seq, kind, at_ms) = (event.seq.into(), (&event.kind).into(), event.at_ms.into());
                vec![(&id).into(), seq, owner.tenant.into(), kind, at_ms, body.into()]
            });
            let mut batch = Batch::of(insert);
            if chunks.peek().is_none() {
                push_in_progress(&mut batch, &id, last);
                if !holding.contents.is_empty() {
                    push_holding(&mut batch, &holding);
                } else if ended {
                    batch.push(query("UPDATE kept SET ended = 1 WHERE run = ?").bind(&id));
                }
            }
            let given = self.audit.write_chained(conn, batch, owner.tenant, &rows).await;
            sums = given.map_err(failed(doing))?;
        }
        self.make_room(conn, &holding, sums, admitting).await
    }
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
