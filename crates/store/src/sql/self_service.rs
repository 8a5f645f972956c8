//! Self-service: keys for whoever asks, a few for each address and day.

use std::net::IpAddr;

use ringfence_pipeline::keys::{Given, IdentityError, KeyRequest};

use super::keys::new_id;
use super::{failed, query};
use crate::{SELF_SERVICE_TENANT, Store};

/// Time in which an address gets its keys, in milliseconds: a day. It is forgotten after that.
const QUOTA_MS: i64 = 24 * 3_600 * 1_000;

impl Store {
    /// Makes a key, in a tenant of its own, for whoever asks from `address`; at most `quota` a day.
    ///
    /// # Errors
    /// As [`Store::create_key`].
    pub async fn give_key(
        &self,
        address: IpAddr,
        quota: u32,
        request: &KeyRequest,
        now_ms: i64,
    ) -> Result<Given, IdentityError> {
        let doing = "giving a key";
        self.check_room()?;
        let address = address.to_string();
        // One transaction, so that requests at the same time are counted one after the other.
        let mut tx = self.write(doing).await?;
        query("DELETE FROM self_service WHERE given_ms <= ?")
            .bind(now_ms.saturating_sub(QUOTA_MS))
            .execute(&mut tx)
            .await
            .map_err(failed(doing))?;
        let (given, oldest_ms): (i64, Option<i64>) =
            query("SELECT count(*), min(given_ms) FROM self_service WHERE address = ?")
                .bind(&address)
                .fetch_one(&mut tx)
                .await
                .map_err(failed(doing))?;
        if given >= i64::from(quota) {
            let next_ms = oldest_ms.unwrap_or(now_ms).saturating_add(QUOTA_MS);
            return Ok(Given::NotNow { wait_ms: next_ms.saturating_sub(now_ms) });
        }
        query("INSERT INTO self_service (address, given_ms) VALUES (?, ?)")
            .bind(&address)
            .bind(now_ms)
            .execute(&mut tx)
            .await
            .map_err(failed(doing))?;
        let id = new_id(doing)?;
        let (asked, tenant) = (self.on_behalf_of(SELF_SERVICE_TENANT), format!("{SELF_SERVICE_TENANT}:{id}"));
        let key = asked.issue(&mut tx, &id, &tenant, request, now_ms).await?;
        tx.commit().await.map_err(failed(doing))?;
        Ok(Given::Key(Box::new(key)))
    }
}
