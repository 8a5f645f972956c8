//! Identities: tenants, their users, and the keys that stand for them.

use ringfence_pipeline::ports::{Amount, StoreError};
use ringfence_pipeline::run::{Principal, Role};
use sqlx::sqlite::SqliteRow;
use sqlx::{Row, SqliteConnection};
use subtle::ConstantTimeEq;

use super::ledger::{Budget, budget_from, check_amount};
use super::{Database, failed};
use crate::{
    DEFAULT_KEY_LIMIT, LAST_USED_RESOLUTION_MS, LOCAL_TENANT, NAME_BYTES_MAX, OpenError, Store, key_text,
    random,
};

/// A key just made. Its text exists here only: it is shown once and cannot be found again.
#[derive(Clone, PartialEq, Eq)]
pub struct NewKey {
    /// What its holder sends.
    pub text: String,
    /// Its public id.
    pub id: String,
}

// The text is a secret, so it is kept out of logs.
impl std::fmt::Debug for NewKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("NewKey").field("id", &self.id).finish_non_exhaustive()
    }
}

/// A key in a list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KeyInfo {
    /// Its public id.
    pub id: String,
    /// Who holds it.
    pub user: String,
    /// What its holder may do.
    pub role: Role,
    /// What it is for, in its creator's words.
    pub label: String,
    /// When it was made, in milliseconds since the Unix epoch.
    pub created_ms: i64,
    /// When it was last shown, exact to [`LAST_USED_RESOLUTION_MS`].
    pub last_used_ms: Option<i64>,
    /// When it was revoked.
    pub revoked_ms: Option<i64>,
    /// What it may use, has used and holds.
    pub budget: Budget,
}

/// Why a key is not accepted.
#[derive(Debug, thiserror::Error)]
pub enum KeyError {
    /// Its shape or checksum is wrong.
    #[error("key is incomplete or mistyped, copy it whole: it starts with rf_live_")]
    Malformed,
    /// There is no such key, or its secret is another: which of the two is not said.
    #[error("key is not known here, ask an administrator for one")]
    Unknown,
    /// It was revoked.
    #[error("key {0} was revoked, ask an administrator for another")]
    Revoked(String),
    /// The store failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// Why an identity cannot be made or changed.
#[derive(Debug, thiserror::Error)]
pub enum IdentityError {
    /// A name cannot be used.
    #[error("{what} {name:?} cannot be used, give 1 to {NAME_BYTES_MAX} bytes without control characters")]
    BadName {
        /// `tenant`, `user` or `label`.
        what: &'static str,
        /// The name, shortened.
        name: String,
    },
    /// The tenant has no key with this id.
    #[error("there is no key {0}, list them with: ringfence keys list")]
    NoSuchKey(String),
    /// The store failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl Store {
    /// Makes a key for a user of a tenant, and both of them if they are new. Whether the caller may
    /// do so is decided before. [`crate::DEFAULT_KEY_LIMIT`] is a generous `limit`.
    ///
    /// # Errors
    /// [`IdentityError::BadName`] for an unusable name; [`IdentityError::Store`] if the limit is out
    /// of range or the database fails.
    pub async fn create_key(
        &self,
        tenant: &str,
        user: &str,
        role: Role,
        label: &str,
        limit: Amount,
        now_ms: i64,
    ) -> Result<NewKey, IdentityError> {
        let doing = "creating a key";
        let randomness = |error: getrandom::Error| StoreError::new(doing, error.to_string());
        let id = key_text::id_from(random().map_err(randomness)?);
        let secret = key_text::secret_from(random().map_err(randomness)?);
        let hmac = key_text::hash(&self.pepper, &secret);
        let row = KeyRow { id: &id, tenant, user, role, label, hmac: Some(&hmac), limit };
        let mut tx = self.database.write().await.map_err(failed(doing))?;
        if !insert_key(&mut tx, &row, now_ms).await? {
            let reason = format!("id {id} is taken by chance, try again");
            return Err(StoreError::new(doing, reason).into());
        }
        tx.commit().await.map_err(failed(doing))?;
        Ok(NewKey { text: key_text::write(&id, &secret), id })
    }

    /// The tenant's keys, oldest first, revoked ones included.
    ///
    /// # Errors
    /// [`StoreError`] if the database fails.
    pub async fn list_keys(&self, tenant: &str) -> Result<Vec<KeyInfo>, StoreError> {
        let doing = "listing keys";
        sqlx::query(
            "SELECT keys.*, budgets.* FROM keys JOIN budgets ON budgets.key_id = keys.id
             WHERE tenant = ? ORDER BY created_ms, id",
        )
        .bind(tenant)
        .fetch_all(&self.database.readers)
        .await
        .map_err(failed(doing))?
        .iter()
        .map(|row| key_info(row).map_err(failed(doing)))
        .collect()
    }

    /// Revokes a key for good: neither it nor a run it started is admitted from now on. Revoking it
    /// again changes nothing.
    ///
    /// # Errors
    /// [`IdentityError::NoSuchKey`] if the tenant has none with this id.
    pub async fn revoke_key(&self, tenant: &str, id: &str, now_ms: i64) -> Result<(), IdentityError> {
        let revoked =
            sqlx::query("UPDATE keys SET revoked_ms = coalesce(revoked_ms, ?) WHERE id = ? AND tenant = ?")
                .bind(now_ms)
                .bind(id)
                .bind(tenant)
                .execute(&self.database.writer)
                .await
                .map_err(failed("revoking a key"))?;
        one_key(revoked.rows_affected(), id)
    }

    /// Changes what a key may use. What is spent and reserved stays as it is.
    ///
    /// # Errors
    /// [`IdentityError::NoSuchKey`] if the tenant has none with this id; [`IdentityError::Store`] if
    /// the limit is out of range or the database fails.
    pub async fn set_limit(&self, tenant: &str, id: &str, limit: Amount) -> Result<(), IdentityError> {
        let doing = "changing a limit";
        check_amount(doing, limit)?;
        let changed = sqlx::query(
            "UPDATE budgets SET limit_runs = ?, limit_sandbox_ms = ?
             WHERE key_id = (SELECT id FROM keys WHERE id = ? AND tenant = ?)",
        )
        .bind(limit.runs)
        .bind(limit.sandbox_ms)
        .bind(id)
        .bind(tenant)
        .execute(&self.database.writer)
        .await
        .map_err(failed(doing))?;
        one_key(changed.rows_affected(), id)
    }

    /// Who holds the key with this text.
    ///
    /// # Errors
    /// [`KeyError`]; an unknown id and a wrong secret give the same error after the same work.
    pub async fn authenticate(&self, text: &str, now_ms: i64) -> Result<Principal, KeyError> {
        let doing = "checking a key";
        let shown = key_text::parse(text).ok_or(KeyError::Malformed)?;
        let row = sqlx::query("SELECT * FROM keys WHERE id = ?")
            .bind(shown.id)
            .fetch_optional(&self.database.readers)
            .await
            .map_err(failed(doing))?;
        let kept: Option<Vec<u8>> = match &row {
            Some(row) => row.try_get("secret_hmac").map_err(failed(doing))?,
            None => None,
        };
        let hmac = key_text::hash(&self.pepper, shown.secret);
        let matches = bool::from(kept.as_deref().unwrap_or(&[0; 32]).ct_eq(&hmac));
        let (true, Some(_), Some(row)) = (matches, kept, row) else {
            return Err(KeyError::Unknown);
        };
        let key = Known::from_row(&row).map_err(failed(doing))?;
        if key.revoked_ms.is_some() {
            return Err(KeyError::Revoked(key.principal.key_id));
        }
        self.note_use(&key, now_ms).await;
        Ok(key.principal)
    }

    /// The built-in identity of `user` on this machine, made at its first use, with a budget of its
    /// own. No text authenticates as it.
    ///
    /// # Errors
    /// [`IdentityError`] if the name cannot be used or the database fails.
    pub async fn local_principal(&self, user: &str, now_ms: i64) -> Result<Principal, IdentityError> {
        let doing = "looking up the local identity";
        check_name("user", user)?;
        // The colon keeps it apart from every id that is made at random.
        let id = format!("local:{user}");
        let known: Option<SqliteRow> = sqlx::query("SELECT * FROM keys WHERE id = ?")
            .bind(&id)
            .fetch_optional(&self.database.readers)
            .await
            .map_err(failed(doing))?;
        if let Some(row) = known {
            let key = Known::from_row(&row).map_err(failed(doing))?;
            self.note_use(&key, now_ms).await;
            return Ok(key.principal);
        }
        let row = KeyRow {
            id: &id,
            tenant: LOCAL_TENANT,
            user,
            role: Role::Admin,
            label: "built-in identity of this machine",
            hmac: None,
            limit: DEFAULT_KEY_LIMIT,
        };
        let mut tx = self.database.write().await.map_err(failed(doing))?;
        insert_key(&mut tx, &row, now_ms).await?;
        tx.commit().await.map_err(failed(doing))?;
        Ok(Principal {
            tenant: LOCAL_TENANT.to_owned(),
            user: user.to_owned(),
            role: Role::Admin,
            key_id: id,
        })
    }

    /// Notes that a key was used, unless that was noted a moment ago. Failing to must not refuse it.
    async fn note_use(&self, key: &Known, now_ms: i64) {
        let noted = key.last_used_ms.unwrap_or(i64::MIN);
        if now_ms.saturating_sub(noted) < LAST_USED_RESOLUTION_MS {
            return;
        }
        let noting = sqlx::query("UPDATE keys SET last_used_ms = ? WHERE id = ?")
            .bind(now_ms)
            .bind(&key.principal.key_id)
            .execute(&self.database.writer)
            .await;
        if let Err(error) = noting {
            tracing::warn!(key = key.principal.key_id, %error, "use of a key could not be noted");
        }
    }
}

impl Database {
    /// Keys that can be checked only with the pepper.
    pub(crate) async fn secret_keys(&self) -> Result<i64, OpenError> {
        sqlx::query_scalar("SELECT count(*) FROM keys WHERE secret_hmac IS NOT NULL")
            .fetch_one(&self.writer)
            .await
            .map_err(|error| self.broken(&error))
    }
}

/// A key as it is first written.
struct KeyRow<'a> {
    id: &'a str,
    tenant: &'a str,
    user: &'a str,
    role: Role,
    label: &'a str,
    hmac: Option<&'a [u8; 32]>,
    limit: Amount,
}

/// A key as it is found.
struct Known {
    principal: Principal,
    last_used_ms: Option<i64>,
    revoked_ms: Option<i64>,
}

impl Known {
    fn from_row(row: &SqliteRow) -> Result<Self, sqlx::Error> {
        Ok(Self {
            principal: Principal {
                tenant: row.try_get("tenant")?,
                user: row.try_get("user")?,
                role: role_from(row)?,
                key_id: row.try_get("id")?,
            },
            last_used_ms: row.try_get("last_used_ms")?,
            revoked_ms: row.try_get("revoked_ms")?,
        })
    }
}

/// Writes a key, its budget, and its tenant and user if they are new; `false` if there is a key of
/// this id, which stays as it is.
async fn insert_key(
    conn: &mut SqliteConnection,
    key: &KeyRow<'_>,
    now_ms: i64,
) -> Result<bool, IdentityError> {
    let doing = "creating a key";
    check_name("tenant", key.tenant)?;
    check_name("user", key.user)?;
    if !key.label.is_empty() {
        check_name("label", key.label)?;
    }
    check_amount(doing, key.limit)?;
    sqlx::query("INSERT INTO tenants (name, created_ms) VALUES (?, ?) ON CONFLICT DO NOTHING")
        .bind(key.tenant)
        .bind(now_ms)
        .execute(&mut *conn)
        .await
        .map_err(failed(doing))?;
    sqlx::query("INSERT INTO users (tenant, name, created_ms) VALUES (?, ?, ?) ON CONFLICT DO NOTHING")
        .bind(key.tenant)
        .bind(key.user)
        .bind(now_ms)
        .execute(&mut *conn)
        .await
        .map_err(failed(doing))?;
    let inserted = sqlx::query(
        "INSERT INTO keys (id, tenant, user, role, label, secret_hmac, created_ms)
         VALUES (?, ?, ?, ?, ?, ?, ?) ON CONFLICT DO NOTHING",
    )
    .bind(key.id)
    .bind(key.tenant)
    .bind(key.user)
    .bind(role_text(key.role))
    .bind(key.label)
    .bind(key.hmac.map(<[u8; 32]>::as_slice))
    .bind(now_ms)
    .execute(&mut *conn)
    .await
    .map_err(failed(doing))?;
    if inserted.rows_affected() == 0 {
        return Ok(false);
    }
    sqlx::query("INSERT INTO budgets (key_id, limit_runs, limit_sandbox_ms) VALUES (?, ?, ?)")
        .bind(key.id)
        .bind(key.limit.runs)
        .bind(key.limit.sandbox_ms)
        .execute(&mut *conn)
        .await
        .map_err(failed(doing))?;
    Ok(true)
}

fn one_key(rows: u64, id: &str) -> Result<(), IdentityError> {
    if rows == 1 { Ok(()) } else { Err(IdentityError::NoSuchKey(id.chars().take(80).collect())) }
}

fn check_name(what: &'static str, name: &str) -> Result<(), IdentityError> {
    let fits = !name.is_empty() && name.len() <= NAME_BYTES_MAX;
    if fits && !name.chars().any(char::is_control) {
        return Ok(());
    }
    Err(IdentityError::BadName { what, name: name.chars().take(80).collect() })
}

fn key_info(row: &SqliteRow) -> Result<KeyInfo, sqlx::Error> {
    Ok(KeyInfo {
        id: row.try_get("id")?,
        user: row.try_get("user")?,
        role: role_from(row)?,
        label: row.try_get("label")?,
        created_ms: row.try_get("created_ms")?,
        last_used_ms: row.try_get("last_used_ms")?,
        revoked_ms: row.try_get("revoked_ms")?,
        budget: budget_from(row)?,
    })
}

fn role_text(role: Role) -> &'static str {
    match role {
        Role::Member => "member",
        Role::Admin => "admin",
    }
}

fn role_from(row: &SqliteRow) -> Result<Role, sqlx::Error> {
    match row.try_get("role")? {
        "member" => Ok(Role::Member),
        "admin" => Ok(Role::Admin),
        other => Err(sqlx::Error::Decode(format!("unknown role {other:?}").into())),
    }
}
