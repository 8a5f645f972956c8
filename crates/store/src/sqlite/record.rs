//! The record: events are appended to a run's history and never touched again.

use async_trait::async_trait;
use ringfence_pipeline::files::Content;
use ringfence_pipeline::ports::{AppendError, Claim, Claimed, Part, Put, Record, StoreError};
use ringfence_pipeline::run::{Principal, Recorded, RunId};
use sqlx::{QueryBuilder, SqliteConnection};
use uuid::Uuid;

use super::failed;
use super::holds::{Holding, Owner, Sums, push_holding};
use crate::{BlobError, Store};

/// Events written by one statement.
const EVENTS_AT_ONCE: usize = 64;

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
        open_run(&mut tx, principal, run, events, (self.clock)()).await?;
        let admitting = !events.iter().any(Recorded::is_end);
        self.append_events(&mut tx, principal.into(), run, events, admitting).await?;
        Ok(self.database.commit(tx).await.map_err(failed(doing))?)
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

    async fn release(&self, principal: &Principal, claim: &Claim) -> Result<(), StoreError> {
        self.forget_claim(principal, claim).await
    }

    async fn runs(
        &self,
        principal: &Principal,
        before: Option<RunId>,
        limit: u32,
    ) -> Result<Vec<RunId>, StoreError> {
        let doing = "listing runs";
        // Ids sort by time. None is before every run but those that are older than anything.
        let rows: Vec<(String,)> =
            sqlx::query_as("SELECT id FROM runs WHERE tenant = ? AND id < ? ORDER BY id DESC LIMIT ?")
                .bind(&principal.tenant)
                .bind(before.map_or_else(|| "g".to_owned(), |run| run.to_string()))
                .bind(limit)
                .fetch_all(&self.database.readers)
                .await
                .map_err(failed(doing))?;
        rows.iter().map(|(id,)| run_id(doing, id)).collect()
    }

    async fn history(&self, principal: &Principal, run: RunId) -> Result<Vec<Recorded>, StoreError> {
        let doing = "reading a history";
        let mut conn = self.database.readers.acquire().await.map_err(failed(doing))?;
        read_history(&mut conn, &principal.tenant, run).await
    }
}

/// Opens a run within a transaction, at its first event, unless it is open.
pub(super) async fn open_run(
    conn: &mut SqliteConnection,
    principal: &Principal,
    run: RunId,
    events: &[Recorded],
    now_ms: i64,
) -> Result<(), StoreError> {
    // A run of another tenant is left alone here, and its events' foreign key then refuses ours.
    sqlx::query(
        "INSERT INTO runs (id, tenant, user, key_id, opened_ms) VALUES (?, ?, ?, ?, ?)
         ON CONFLICT DO NOTHING",
    )
    .bind(run.to_string())
    .bind(&principal.tenant)
    .bind(&principal.user)
    .bind(&principal.key_id)
    .bind(events.first().map_or(now_ms, |event| event.at_ms))
    .execute(conn)
    .await
    .map_err(failed("appending events"))?;
    Ok(())
}

impl Store {
    /// Appends events to a run that is open; it holds the contents that they name, and is refused if it is
    /// only `admitting` and there is no room for them. All goes to the database at once: each way there and
    /// back takes as long as writing it.
    pub(super) async fn append_events(
        &self,
        conn: &mut SqliteConnection,
        owner: Owner<'_>,
        run: RunId,
        events: &[Recorded],
        admitting: bool,
    ) -> Result<(), AppendError> {
        let (doing, id) = ("appending events", run.to_string());
        let Some(last) = events.last() else { return Ok(()) };
        let mut insert = QueryBuilder::new("");
        for events in events.chunks(EVENTS_AT_ONCE) {
            insert.push("; INSERT INTO events (run, seq, tenant, kind, at_ms, body) ");
            insert.push_values(events, |mut row, event| {
                row.push_bind(id.clone()).push_bind(event.seq).push_bind(owner.tenant.to_owned());
                row.push_bind(event.kind.clone()).push_bind(event.at_ms).push_bind(event.body.to_string());
            });
        }
        let contents: Vec<_> = events.iter().flat_map(|event| &event.contents).collect();
        let (until_ms, ended) = (last.at_ms.saturating_add(self.keeping.run_ms), last.is_end());
        if contents.is_empty() {
            if ended {
                insert.push("; UPDATE kept SET ended = 1 WHERE run = ").push_bind(id);
            }
            insert.build().execute(&mut *conn).await.map_err(failed(doing))?;
            return Ok(());
        }
        let holding = Holding { run: &id, owner, contents, until_ms, ended };
        push_holding(&mut insert, &holding);
        let sums: Sums = insert.build_query_as().fetch_all(&mut *conn).await.map_err(failed(doing))?;
        self.make_room(conn, &holding, sums, admitting).await
    }
}

/// A run's events in order, if it is the tenant's.
pub(super) async fn read_history(
    conn: &mut SqliteConnection,
    tenant: &str,
    run: RunId,
) -> Result<Vec<Recorded>, StoreError> {
    let doing = "reading a history";
    let rows: Vec<(i64, String, i64, String)> =
        sqlx::query_as("SELECT seq, kind, at_ms, body FROM events WHERE run = ? AND tenant = ? ORDER BY seq")
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
