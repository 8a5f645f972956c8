//! The record: events are appended to a run's history and never touched again.

use async_trait::async_trait;
use ringfence_pipeline::ports::{Record, StoreError};
use ringfence_pipeline::run::{Principal, Recorded, RunId};
use sqlx::SqliteConnection;
use uuid::Uuid;

use super::failed;
use crate::Store;

/// A run in a list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RunSummary {
    /// The run.
    pub run: RunId,
    /// Who asked.
    pub user: String,
    /// The key that was shown.
    pub key_id: String,
    /// When its first event happened, in milliseconds since the Unix epoch.
    pub opened_ms: i64,
    /// Its latest event's name; empty if it has none.
    pub last_kind: String,
}

#[async_trait]
impl Record for Store {
    async fn append(&self, principal: &Principal, run: RunId, events: &[Recorded]) -> Result<(), StoreError> {
        let doing = "appending events";
        let mut tx = self.database.write().await.map_err(failed(doing))?;
        append_events(&mut tx, principal, run, events, (self.clock)()).await?;
        tx.commit().await.map_err(failed(doing))
    }

    async fn put_blob(&self, content: &[u8]) -> Result<String, StoreError> {
        self.keep_blob(content.to_vec()).await
    }

    async fn history(&self, principal: &Principal, run: RunId) -> Result<Vec<Recorded>, StoreError> {
        let doing = "reading a history";
        let mut conn = self.database.readers.acquire().await.map_err(failed(doing))?;
        read_history(&mut conn, &principal.tenant, run).await
    }
}

impl Store {
    /// The tenant's runs, newest first, at most `limit` of them.
    ///
    /// # Errors
    /// [`StoreError`] if the database fails.
    pub async fn runs(&self, principal: &Principal, limit: u32) -> Result<Vec<RunSummary>, StoreError> {
        let doing = "listing runs";
        let rows: Vec<(String, String, String, i64, String)> = sqlx::query_as(
            "SELECT id, user, key_id, opened_ms, coalesce(
                 (SELECT kind FROM events WHERE run = runs.id ORDER BY seq DESC LIMIT 1), '')
             FROM runs WHERE tenant = ? ORDER BY opened_ms DESC, id DESC LIMIT ?",
        )
        .bind(&principal.tenant)
        .bind(limit)
        .fetch_all(&self.database.readers)
        .await
        .map_err(failed(doing))?;
        rows.into_iter()
            .map(|(id, user, key_id, opened_ms, last_kind)| {
                let run = run_id(doing, &id)?;
                Ok(RunSummary { run, user, key_id, opened_ms, last_kind })
            })
            .collect()
    }
}

/// Appends events within a transaction, and opens the run with the first of them.
pub(super) async fn append_events(
    conn: &mut SqliteConnection,
    principal: &Principal,
    run: RunId,
    events: &[Recorded],
    now_ms: i64,
) -> Result<(), StoreError> {
    let doing = "appending events";
    let id = run.to_string();
    // A run of another tenant is left alone here, and its events' foreign key then refuses ours.
    sqlx::query(
        "INSERT INTO runs (id, tenant, user, key_id, opened_ms) VALUES (?, ?, ?, ?, ?)
         ON CONFLICT DO NOTHING",
    )
    .bind(&id)
    .bind(&principal.tenant)
    .bind(&principal.user)
    .bind(&principal.key_id)
    .bind(events.first().map_or(now_ms, |event| event.at_ms))
    .execute(&mut *conn)
    .await
    .map_err(failed(doing))?;
    for event in events {
        append_event(conn, &principal.tenant, &id, event).await?;
    }
    Ok(())
}

/// Appends one event to a run that is open.
pub(super) async fn append_event(
    conn: &mut SqliteConnection,
    tenant: &str,
    run: &str,
    event: &Recorded,
) -> Result<(), StoreError> {
    sqlx::query("INSERT INTO events (run, seq, tenant, kind, at_ms, body) VALUES (?, ?, ?, ?, ?, ?)")
        .bind(run)
        .bind(event.seq)
        .bind(tenant)
        .bind(&event.kind)
        .bind(event.at_ms)
        .bind(event.body.to_string())
        .execute(conn)
        .await
        .map_err(failed("appending events"))?;
    Ok(())
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
            let damaged = |reason: String| StoreError { doing, reason };
            Ok(Recorded {
                seq: u32::try_from(seq).map_err(|error| damaged(error.to_string()))?,
                kind,
                at_ms,
                body: serde_json::from_str(&body).map_err(|error| damaged(error.to_string()))?,
            })
        })
        .collect()
}

/// A run's identity as it is stored.
pub(super) fn run_id(doing: &'static str, text: &str) -> Result<RunId, StoreError> {
    Uuid::parse_str(text).map(RunId).map_err(|error| StoreError { doing, reason: error.to_string() })
}
