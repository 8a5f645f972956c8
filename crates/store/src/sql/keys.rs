//! Keys as they are managed: made, listed, given a new secret, limited and revoked.

use ringfence_pipeline::budget::{AMOUNT_MAX, Amount, BudgetScope, Caps, Period, Unit};
use ringfence_pipeline::keys::{
    IdentityError, IssuedKey, KEY_LIFETIME_MS_MAX, KEY_OVERLAP_MS_MAX, Key, KeyRequest, KeyState,
    NAME_BYTES_MAX, Scope,
};
use ringfence_pipeline::ports::StoreError;
use serde_json::json;

use super::accounts::{self, budget_from};
use super::identities::scopes_from;
use super::{Conn, StoredRow, budgets, failed, query};
use crate::{Store, key_text, random};

/// Keys with what each may use, has used and holds in all.
const KEYS: &str = "SELECT keys.*, limit_nano_usd, limit_tokens, limit_runs, limit_sandbox_ms, \
    spent_nano_usd, spent_tokens, spent_runs, spent_sandbox_ms, \
    reserved_nano_usd, reserved_tokens, reserved_runs, reserved_sandbox_ms FROM keys \
    LEFT JOIN budgets AS b ON b.kind = 3 AND b.tenant = keys.tenant AND b.name = keys.id AND b.period = 'total' \
    LEFT JOIN balances AS a ON a.kind = 3 AND a.tenant = keys.tenant AND a.name = keys.id \
        AND a.period = 'total' AND a.first_day = 0";

impl Store {
    /// Makes a key for a user of a tenant, and both of them if they are new. Whether the caller may
    /// do so is decided before.
    ///
    /// # Errors
    /// [`IdentityError::BadName`] for an unusable name, [`IdentityError::OutOfRange`] for a limit or a
    /// lifetime, [`IdentityError::Store`] if the database fails.
    pub async fn create_key(
        &self,
        tenant: &str,
        request: &KeyRequest,
        now_ms: i64,
    ) -> Result<IssuedKey, IdentityError> {
        let doing = "creating a key";
        let id = new_id(doing)?;
        let mut tx = self.write(doing).await?;
        let key = self.issue(&mut tx, &id, tenant, request, now_ms).await?;
        tx.commit().await.map_err(failed(doing))?;
        self.seal_or_warn().await;
        Ok(key)
    }

    /// Makes a key within a transaction.
    pub(super) async fn issue(
        &self,
        conn: &mut Conn,
        id: &str,
        tenant: &str,
        request: &KeyRequest,
        now_ms: i64,
    ) -> Result<IssuedKey, IdentityError> {
        let doing = "creating a key";
        let (text, hmac) = self.new_secret(doing, id)?;
        if !insert_key(conn, id, tenant, request, Some(&hmac), now_ms).await? {
            let reason = format!("id {id} is taken by chance, try again");
            return Err(StoreError::new(doing, reason).into());
        }
        let info = read_key(conn, tenant, id, now_ms).await?;
        self.note_key(conn, tenant, "key.created", &info).await?;
        Ok(IssuedKey { text, info })
    }

    /// The tenant's keys, oldest first, with those that are not accepted any more.
    ///
    /// # Errors
    /// [`StoreError`] if the database fails.
    pub async fn list_keys(&self, tenant: &str, now_ms: i64) -> Result<Vec<Key>, StoreError> {
        let doing = "listing keys";
        let rows = query(format!("{KEYS} WHERE keys.tenant = ? ORDER BY created_ms, id"))
            .bind(tenant)
            .fetch_all(self)
            .await
            .map_err(failed(doing))?;
        rows.iter().map(|row| key_from(row, now_ms).map_err(failed(doing))).collect()
    }

    /// The tenant's keys, newest first: at most `limit` of those that are older than the key `before`.
    ///
    /// # Errors
    /// [`IdentityError::NoSuchKey`] if the tenant has no key `before`.
    pub async fn keys_before(
        &self,
        tenant: &str,
        before: Option<&str>,
        limit: u32,
        now_ms: i64,
    ) -> Result<Vec<Key>, IdentityError> {
        let doing = "listing keys";
        let mut conn = self.read().await.map_err(failed(doing))?;
        // No key is younger than the end of time.
        let (created_ms, id) = match before {
            Some(id) => (read_key(&mut conn, tenant, id, now_ms).await?.created_ms, id),
            None => (i64::MAX, ""),
        };
        let rows = query(format!(
            "{KEYS} WHERE keys.tenant = ? AND (created_ms, id) < (?, ?)
             ORDER BY created_ms DESC, id DESC LIMIT ?"
        ))
        .bind(tenant)
        .bind(created_ms)
        .bind(id)
        .bind(limit)
        .fetch_all(&mut conn)
        .await
        .map_err(failed(doing))?;
        let keys: Result<_, StoreError> =
            rows.iter().map(|row| key_from(row, now_ms).map_err(failed(doing))).collect();
        Ok(keys?)
    }

    /// One of the tenant's keys.
    ///
    /// # Errors
    /// [`IdentityError::NoSuchKey`] if the tenant has none with this id.
    pub async fn key(&self, tenant: &str, id: &str, now_ms: i64) -> Result<Key, IdentityError> {
        let mut conn = self.read().await.map_err(failed("reading a key"))?;
        read_key(&mut conn, tenant, id, now_ms).await
    }

    /// Revokes a key for good: neither it nor a run it started is admitted from now on. Revoking it
    /// again changes nothing. With `keep_an_admin`, the tenant's last active key with the scope admin stays.
    ///
    /// # Errors
    /// [`IdentityError::NoSuchKey`] if the tenant has none with this id; [`IdentityError::LastAdmin`].
    pub async fn revoke_key(
        &self,
        tenant: &str,
        id: &str,
        keep_an_admin: bool,
        now_ms: i64,
    ) -> Result<Key, IdentityError> {
        let doing = "revoking a key";
        let mut tx = self.write(doing).await?;
        let key = read_key(&mut tx, tenant, id, now_ms).await?;
        let manages = key.state == KeyState::Active && key.scopes.contains(Scope::Admin);
        if keep_an_admin && manages && !others_manage(&mut tx, tenant, id, now_ms).await? {
            return Err(IdentityError::LastAdmin(key.id));
        }
        query("UPDATE keys SET revoked_ms = coalesce(revoked_ms, ?) WHERE id = ?")
            .bind(now_ms)
            .bind(id)
            .execute(&mut tx)
            .await
            .map_err(failed(doing))?;
        let revoked = read_key(&mut tx, tenant, id, now_ms).await?;
        if key.revoked_ms.is_none() {
            self.note_key(&mut tx, tenant, "key.revoked", &revoked).await?;
        }
        tx.commit().await.map_err(failed(doing))?;
        self.seal_or_warn().await;
        Ok(revoked)
    }

    /// Gives a key a new secret. The one it replaces is accepted for another `overlap_ms`, and one that was
    /// replaced before no more. All else stays: id, scopes, budget and the time at which it expires.
    ///
    /// # Errors
    /// [`IdentityError::NoSuchKey`] if the tenant has none with this id, [`IdentityError::Ended`] if it is
    /// not active, [`IdentityError::OutOfRange`] for the overlap.
    pub async fn rotate_key(
        &self,
        tenant: &str,
        id: &str,
        overlap_ms: i64,
        now_ms: i64,
    ) -> Result<IssuedKey, IdentityError> {
        let doing = "rotating a key";
        check_range("overlap_ms", overlap_ms, 0, KEY_OVERLAP_MS_MAX)?;
        let mut tx = self.write(doing).await?;
        let info = read_key(&mut tx, tenant, id, now_ms).await?;
        if info.state != KeyState::Active {
            return Err(IdentityError::Ended { id: info.id, state: info.state });
        }
        let (text, hmac) = self.new_secret(doing, id)?;
        // The built-in identity of a machine has no secret, and gets none.
        let rotated = query(
            "UPDATE keys SET previous_hmac = secret_hmac, previous_until_ms = ?, secret_hmac = ?
             WHERE id = ? AND secret_hmac IS NOT NULL",
        )
        .bind(now_ms.saturating_add(overlap_ms))
        .bind(hmac.as_slice())
        .bind(id)
        .execute(&mut tx)
        .await
        .map_err(failed(doing))?;
        if rotated == 0 {
            return Err(no_such_key(id));
        }
        self.note_key(&mut tx, tenant, "key.rotated", &info).await?;
        tx.commit().await.map_err(failed(doing))?;
        self.seal_or_warn().await;
        Ok(IssuedKey { text, info })
    }

    /// Records what became of a key: all that may be known of it.
    pub(super) async fn note_key(
        &self,
        conn: &mut Conn,
        tenant: &str,
        kind: &str,
        key: &Key,
    ) -> Result<(), StoreError> {
        let body = json!({
            "id": key.id,
            "user": key.user,
            "label": key.label,
            "scopes": key.scopes,
            "expiresMs": key.expires_ms,
            "limit": key.budget.limit,
        });
        self.note_change(conn, tenant, &self.actor, kind, &body).await
    }

    /// A new secret for the key `id`: the key's text, and what is stored.
    fn new_secret(&self, doing: &'static str, id: &str) -> Result<(String, [u8; 32]), StoreError> {
        let random = random().map_err(|error| StoreError::new(doing, error.to_string()))?;
        let secret = key_text::secret_from(random);
        Ok((key_text::write(id, &secret), key_text::hash(&self.pepper, &secret)))
    }
}

/// A new key's public id.
pub(super) fn new_id(doing: &'static str) -> Result<String, StoreError> {
    random().map(key_text::id_from).map_err(|error| StoreError::new(doing, error.to_string()))
}

/// Writes a key, its budget, and its tenant and user if they are new; `false` if there is a key of
/// this id, which stays as it is.
pub(super) async fn insert_key(
    conn: &mut Conn,
    id: &str,
    tenant: &str,
    request: &KeyRequest,
    hmac: Option<&[u8; 32]>,
    now_ms: i64,
) -> Result<bool, IdentityError> {
    let doing = "creating a key";
    check_name("tenant", tenant)?;
    check_name("user", &request.user)?;
    if !request.label.is_empty() {
        check_name("label", &request.label)?;
    }
    check_limit(request.limit)?;
    if let Some(lifetime_ms) = request.lifetime_ms {
        check_range("lifetime_ms", lifetime_ms, 1, KEY_LIFETIME_MS_MAX)?;
    }
    query("INSERT INTO tenants (name, created_ms) VALUES (?, ?) ON CONFLICT DO NOTHING")
        .bind(tenant)
        .bind(now_ms)
        .execute(&mut *conn)
        .await
        .map_err(failed(doing))?;
    query("INSERT INTO users (tenant, name, created_ms) VALUES (?, ?, ?) ON CONFLICT DO NOTHING")
        .bind(tenant)
        .bind(&request.user)
        .bind(now_ms)
        .execute(&mut *conn)
        .await
        .map_err(failed(doing))?;
    let inserted = query(
        "INSERT INTO keys (id, tenant, \"user\", label, scopes, secret_hmac, created_ms, expires_ms)
         VALUES (?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT DO NOTHING",
    )
    .bind(id)
    .bind(tenant)
    .bind(&request.user)
    .bind(&request.label)
    .bind(request.scopes.to_string())
    .bind(hmac.map(<[u8; 32]>::as_slice))
    .bind(now_ms)
    .bind(request.lifetime_ms.map(|lifetime_ms| now_ms.saturating_add(lifetime_ms)))
    .execute(&mut *conn)
    .await
    .map_err(failed(doing))?;
    if inserted == 0 {
        return Ok(false);
    }
    // It is there from the start, so that what a key has used in all is told for every key.
    let (scope, nothing) = (BudgetScope::key(tenant, id), Amount::default());
    accounts::put(conn, &scope, Period::Total, now_ms, nothing, nothing).await.map_err(failed(doing))?;
    if !request.limit.is_nothing() {
        budgets::limit(conn, &scope, Period::Total, &request.limit).await.map_err(failed(doing))?;
    }
    Ok(true)
}

/// One of the tenant's keys.
pub(super) async fn read_key(
    conn: &mut Conn,
    tenant: &str,
    id: &str,
    now_ms: i64,
) -> Result<Key, IdentityError> {
    let doing = "reading a key";
    let row = query(format!("{KEYS} WHERE id = ? AND keys.tenant = ?"))
        .bind(id)
        .bind(tenant)
        .fetch_optional(conn)
        .await
        .map_err(failed(doing))?;
    let row = row.ok_or_else(|| no_such_key(id))?;
    Ok(key_from(&row, now_ms).map_err(failed(doing))?)
}

/// True if the tenant has another active key with the scope admin that can be shown.
async fn others_manage(conn: &mut Conn, tenant: &str, id: &str, now_ms: i64) -> Result<bool, StoreError> {
    let others: i64 = query(
        "SELECT count(*) FROM keys
         WHERE tenant = ? AND id != ? AND secret_hmac IS NOT NULL AND revoked_ms IS NULL
           AND (expires_ms IS NULL OR expires_ms > ?)
           AND ',' || scopes || ',' LIKE '%,admin,%'",
    )
    .bind(tenant)
    .bind(id)
    .bind(now_ms)
    .fetch_one(conn)
    .await
    .map_err(failed("looking for administrators"))?;
    Ok(others > 0)
}

fn key_from(row: &StoredRow, now_ms: i64) -> Result<Key, sqlx::Error> {
    let (expires_ms, revoked_ms) = (row.try_get("expires_ms")?, row.try_get("revoked_ms")?);
    Ok(Key {
        id: row.try_get("id")?,
        user: row.try_get("user")?,
        label: row.try_get("label")?,
        scopes: scopes_from(row)?,
        state: KeyState::at(now_ms, expires_ms, revoked_ms),
        created_ms: row.try_get("created_ms")?,
        expires_ms,
        last_used_ms: row.try_get("last_used_ms")?,
        revoked_ms,
        budget: budget_from(row)?,
    })
}

fn no_such_key(id: &str) -> IdentityError {
    IdentityError::NoSuchKey(id.chars().take(80).collect())
}

fn check_name(what: &'static str, name: &str) -> Result<(), IdentityError> {
    let fits = !name.is_empty() && name.len() <= NAME_BYTES_MAX;
    if fits && !name.chars().any(char::is_control) {
        return Ok(());
    }
    Err(IdentityError::BadName { what, name: name.chars().take(80).collect() })
}

fn check_limit(limit: Caps) -> Result<(), IdentityError> {
    Unit::ALL
        .into_iter()
        .try_for_each(|unit| check_range(unit.name(), limit.get(unit).unwrap_or(0), 0, AMOUNT_MAX))
}

fn check_range(what: &'static str, value: i64, least: i64, most: i64) -> Result<(), IdentityError> {
    if (least..=most).contains(&value) {
        return Ok(());
    }
    Err(IdentityError::OutOfRange { what, value, least, most })
}
