//! Claims: requests that their clients named, so that sending one twice carries it out once.

use ringfence_pipeline::ports::{CLAIM_KEPT_MS, CLAIM_TAKEN_OVER_MS, Claim, Claimed, StoreError};
use ringfence_pipeline::run::{Principal, RunId};

use super::record::run_id;
use super::{Conn, failed, query};
use crate::Store;

/// Old claims that are removed with each new one, so that removing them never takes long.
const OLD_AT_ONCE: i64 = 100;

impl Store {
    pub(super) async fn note_claim(
        &self,
        principal: &Principal,
        claim: &Claim,
    ) -> Result<Claimed, StoreError> {
        let doing = "claiming a request";
        let now_ms = (self.clock)();
        let mut tx = self.write(doing).await?;
        query(
            "DELETE FROM claims WHERE (key_id, name) IN
                 (SELECT key_id, name FROM claims WHERE created_ms < ? ORDER BY created_ms LIMIT ?)
             OR (key_id = ? AND name = ? AND created_ms < ?)",
        )
        .bind(now_ms.saturating_sub(CLAIM_KEPT_MS))
        .bind(OLD_AT_ONCE)
        .bind(&principal.key_id)
        .bind(&claim.name)
        .bind(now_ms.saturating_sub(CLAIM_KEPT_MS))
        .execute(&mut tx)
        .await
        .map_err(failed(doing))?;
        let noted = query(
            "INSERT INTO claims (key_id, name, fingerprint, run, created_ms) VALUES (?, ?, ?, ?, ?)
             ON CONFLICT DO NOTHING",
        )
        .bind(&principal.key_id)
        .bind(&claim.name)
        .bind(&claim.fingerprint)
        .bind(claim.run.to_string())
        .bind(now_ms)
        .execute(&mut tx)
        .await
        .map_err(failed(doing))?;
        let claimed = if noted == 1 {
            Claimed::New
        } else {
            let (fingerprint, run): (String, String) =
                query("SELECT fingerprint, run FROM claims WHERE key_id = ? AND name = ?")
                    .bind(&principal.key_id)
                    .bind(&claim.name)
                    .fetch_one(&mut tx)
                    .await
                    .map_err(failed(doing))?;
            if fingerprint == claim.fingerprint {
                Claimed::Same(run_id(doing, &run)?)
            } else {
                Claimed::Different
            }
        };
        tx.commit().await.map_err(failed(doing))?;
        Ok(claimed)
    }

    pub(super) async fn take_claim_over(
        &self,
        principal: &Principal,
        claim: &Claim,
        gone: RunId,
    ) -> Result<bool, StoreError> {
        let doing = "taking a request over";
        let now_ms = (self.clock)();
        let mut tx = self.write(doing).await?;
        let taken = query(
            "UPDATE claims SET run = ?1, created_ms = ?2
             WHERE key_id = ?3 AND name = ?4 AND fingerprint = ?5 AND run = ?6
               AND (created_ms <= ?7 AND NOT EXISTS (SELECT 1 FROM events WHERE run = ?6)
                    OR EXISTS (SELECT 1 FROM events WHERE run = ?6 AND kind IN ('run.refused', 'run.failed')))",
        )
        .bind(claim.run.to_string())
        .bind(now_ms)
        .bind(&principal.key_id)
        .bind(&claim.name)
        .bind(&claim.fingerprint)
        .bind(gone.to_string())
        .bind(now_ms.saturating_sub(CLAIM_TAKEN_OVER_MS))
        .execute(&mut tx)
        .await
        .map_err(failed(doing))?;
        tx.commit().await.map_err(failed(doing))?;
        Ok(taken == 1)
    }

    pub(super) async fn release_claim(&self, principal: &Principal, run: RunId) -> Result<(), StoreError> {
        let doing = "releasing a request";
        let mut tx = self.write(doing).await?;
        forget_claims(&mut tx, principal, run).await?;
        tx.commit().await.map_err(failed(doing))
    }
}

/// Forgets that a run carries a request out.
pub(super) async fn forget_claims(
    conn: &mut Conn,
    principal: &Principal,
    run: RunId,
) -> Result<(), StoreError> {
    query("DELETE FROM claims WHERE run = ? AND key_id = ?")
        .bind(run.to_string())
        .bind(&principal.key_id)
        .execute(conn)
        .await
        .map_err(failed("releasing a request"))?;
    Ok(())
}
