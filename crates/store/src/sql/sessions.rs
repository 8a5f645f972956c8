//! Sessions: conversations, one row each, whose turns are taken one at a time.

use async_trait::async_trait;
use ringfence_pipeline::ports::StoreError;
use ringfence_pipeline::run::Principal;
use ringfence_pipeline::sessions::{Opened, SESSION_KEPT_MS, Session, Sessions, TURN_MS_MAX};

use super::{failed, query};
use crate::Store;

/// Expired sessions that are removed with each turn, so that removing them never takes long.
const OLD_AT_ONCE: i64 = 100;

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
                "INSERT INTO sessions (id, tenant, \"user\", version, turns, busy_until_ms, expires_ms)
                 VALUES (?3, ?4, ?5, ?6 + 1, ?1, 0, ?2) ON CONFLICT DO NOTHING",
            )
        } else {
            query(
                "UPDATE sessions SET turns = ?1, expires_ms = ?2, version = version + 1, busy_until_ms = 0
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
            .execute(&mut tx)
            .await
            .map_err(failed(doing))?;
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
}
