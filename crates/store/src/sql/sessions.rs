//! Sessions: conversations, one row each, whose turns are taken one at a time, and the runs of each.

use async_trait::async_trait;
use ringfence_pipeline::ports::StoreError;
use ringfence_pipeline::run::Principal;
use ringfence_pipeline::sessions::{
    Opened, Removal, SESSION_KEPT_MS, Session, SessionInfo, SessionTurn, SessionView, Sessions, TURN_MS_MAX,
    TurnView,
};
use serde_json::json;

use super::{StoredRow, failed, query};
use crate::Store;

/// Expired sessions that are removed with each turn, so that removing them never takes long.
const OLD_AT_ONCE: i64 = 100;

/// Runs of a session whose contents are erased at once, so that others get to write in between.
const RUNS_AT_ONCE: u32 = 200;

/// What every id of a session is before.
const AFTER_ALL: &str = "g";

#[async_trait]
impl Sessions for Store {
    async fn open_session(&self, principal: &Principal, id: &str) -> Result<Opened, StoreError> {
        let doing = "opening a session";
        let now_ms = (self.clock)();
        let mut tx = self.write(doing).await?;
        let found: Option<(i64, String, i64)> = query(
            "SELECT version, turns, busy_until_ms FROM sessions
             WHERE id = ? AND tenant = ? AND \"user\" = ? AND expires_ms > ?",
        )
        .bind(id)
        .bind(&principal.tenant)
        .bind(&principal.user)
        .bind(now_ms)
        .fetch_optional(&mut tx)
        .await
        .map_err(failed(doing))?;
        let Some((version, turns, busy_until_ms)) = found else { return Ok(Opened::Missing) };
        if busy_until_ms > now_ms {
            return Ok(Opened::Busy);
        }
        let turns =
            serde_json::from_str(&turns).map_err(|error| StoreError::new(doing, error.to_string()))?;
        let version = version.saturating_add(1);
        query("UPDATE sessions SET version = ?, busy_until_ms = ? WHERE id = ?")
            .bind(version)
            .bind(now_ms.saturating_add(TURN_MS_MAX))
            .bind(id)
            .execute(&mut tx)
            .await
            .map_err(failed(doing))?;
        tx.commit().await.map_err(failed(doing))?;
        Ok(Opened::Session(Session { id: id.to_owned(), version, turns }))
    }

    async fn put_session(&self, principal: &Principal, session: &Session) -> Result<bool, StoreError> {
        let doing = "keeping a session";
        let now_ms = (self.clock)();
        let turns = serde_json::to_string(&session.turns)
            .map_err(|error| StoreError::new(doing, error.to_string()))?;
        self.room.check(doing)?;
        let mut tx = self.write(doing).await?;
        query(
            "DELETE FROM sessions WHERE id IN
                 (SELECT id FROM sessions WHERE expires_ms <= ? ORDER BY expires_ms LIMIT ?)",
        )
        .bind(now_ms)
        .bind(OLD_AT_ONCE)
        .execute(&mut tx)
        .await
        .map_err(failed(doing))?;
        let statement = if session.version == 0 {
            query(
                "INSERT INTO sessions (id, tenant, \"user\", version, turns, busy_until_ms, expires_ms, title)
                 VALUES (?3, ?4, ?5, ?6 + 1, ?1, 0, ?2, ?7) ON CONFLICT DO NOTHING",
            )
        } else {
            query(
                "UPDATE sessions SET turns = ?1, expires_ms = ?2, version = version + 1, busy_until_ms = 0,
                     title = CASE WHEN title = '' THEN ?7 ELSE title END
                 WHERE id = ?3 AND tenant = ?4 AND \"user\" = ?5 AND version = ?6",
            )
        };
        let kept = statement
            .bind(turns)
            .bind(now_ms.saturating_add(SESSION_KEPT_MS))
            .bind(&session.id)
            .bind(&principal.tenant)
            .bind(&principal.user)
            .bind(session.version)
            .bind(session.title())
            .execute(&mut tx)
            .await
            .map_err(failed(doing))?;
        if kept == 1 && !session.turns.is_empty() {
            let mut runs = query("INSERT INTO session_runs (session, run) ");
            runs.push_values(&session.turns, |turn| vec![(&session.id).into(), turn.run.to_string().into()]);
            runs.push(" ON CONFLICT DO NOTHING");
            runs.execute(&mut tx).await.map_err(failed(doing))?;
        }
        tx.commit().await.map_err(failed(doing))?;
        Ok(kept == 1)
    }

    async fn close_session(&self, principal: &Principal, session: &Session) -> Result<(), StoreError> {
        let doing = "closing a session";
        let mut tx = self.write(doing).await?;
        query(
            "UPDATE sessions SET busy_until_ms = 0
             WHERE id = ? AND tenant = ? AND \"user\" = ? AND version = ?",
        )
        .bind(&session.id)
        .bind(&principal.tenant)
        .bind(&principal.user)
        .bind(session.version)
        .execute(&mut tx)
        .await
        .map_err(failed(doing))?;
        tx.commit().await.map_err(failed(doing))
    }

    async fn sessions(
        &self,
        principal: &Principal,
        before: Option<&str>,
        limit: u32,
    ) -> Result<Vec<SessionInfo>, StoreError> {
        let doing = "listing sessions";
        query(
            "SELECT id, title, expires_ms,
                 (SELECT count(*) FROM session_runs WHERE session = sessions.id) AS questions
             FROM sessions WHERE tenant = ? AND \"user\" = ? AND expires_ms > ? AND id < ?
             ORDER BY id DESC LIMIT ?",
        )
        .bind(&principal.tenant)
        .bind(&principal.user)
        .bind((self.clock)())
        .bind(before.unwrap_or(AFTER_ALL))
        .bind(limit)
        .fetch_all(self)
        .await
        .map_err(failed(doing))?
        .iter()
        .map(|row| info(row).map_err(failed(doing)))
        .collect()
    }

    async fn session(&self, principal: &Principal, id: &str) -> Result<Option<SessionView>, StoreError> {
        let doing = "looking up a session";
        let found: Option<StoredRow> = query(
            "SELECT id, title, expires_ms, turns,
                 (SELECT count(*) FROM session_runs WHERE session = sessions.id) AS questions
             FROM sessions WHERE tenant = ? AND \"user\" = ? AND expires_ms > ? AND id = ?",
        )
        .bind(&principal.tenant)
        .bind(&principal.user)
        .bind((self.clock)())
        .bind(id)
        .fetch_optional(self)
        .await
        .map_err(failed(doing))?;
        let Some(row) = found else { return Ok(None) };
        let turns: String = row.try_get("turns").map_err(failed(doing))?;
        let turns: Vec<SessionTurn> =
            serde_json::from_str(&turns).map_err(|error| StoreError::new(doing, error.to_string()))?;
        let turns = turns.into_iter().map(TurnView::from).collect();
        Ok(Some(SessionView { info: info(&row).map_err(failed(doing))?, turns }))
    }

    async fn remove_session(&self, principal: &Principal, id: &str) -> Result<Removal, StoreError> {
        let doing = "removing a session";
        loop {
            let now_ms = (self.clock)();
            let mut tx = self.write(doing).await?;
            let busy_until_ms: Option<i64> = query(
                "SELECT busy_until_ms FROM sessions
                 WHERE id = ? AND tenant = ? AND \"user\" = ? AND expires_ms > ?",
            )
            .bind(id)
            .bind(&principal.tenant)
            .bind(&principal.user)
            .bind(now_ms)
            .fetch_optional(&mut tx)
            .await
            .map_err(failed(doing))?;
            match busy_until_ms {
                None => return Ok(Removal::Missing),
                Some(busy_until_ms) if busy_until_ms > now_ms => return Ok(Removal::Busy),
                Some(_) => {}
            }
            let runs: Vec<String> = query(
                "DELETE FROM session_runs WHERE (session, run) IN
                     (SELECT session, run FROM session_runs WHERE session = ? ORDER BY run LIMIT ?)
                 RETURNING run",
            )
            .bind(id)
            .bind(RUNS_AT_ONCE)
            .fetch_all(&mut tx)
            .await
            .map_err(failed(doing))?;
            let is_last = runs.len() < RUNS_AT_ONCE as usize;
            self.erase_runs(&mut tx, &principal.tenant, runs).await?;
            if is_last {
                let gone = query("DELETE FROM sessions WHERE id = ?").bind(id);
                gone.execute(&mut tx).await.map_err(failed(doing))?;
                let (actor, body) = (&principal.key_id, json!({ "id": id }));
                self.note_change(&mut tx, &principal.tenant, actor, "session.deleted", &body).await?;
            }
            tx.commit().await.map_err(failed(doing))?;
            if is_last {
                return Ok(Removal::Removed);
            }
        }
    }
}

fn info(row: &StoredRow) -> Result<SessionInfo, sqlx::Error> {
    let (questions, expires_ms): (i64, i64) = (row.try_get("questions")?, row.try_get("expires_ms")?);
    Ok(SessionInfo {
        id: row.try_get("id")?,
        title: row.try_get("title")?,
        questions: u64::try_from(questions).unwrap_or(0),
        last_ms: expires_ms.saturating_sub(SESSION_KEPT_MS),
        expires_ms,
    })
}
