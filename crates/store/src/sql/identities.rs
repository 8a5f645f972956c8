//! Identities: who shows a key, and who uses the command line of this machine.

use ringfence_pipeline::keys::{IdentityError, KeyRequest, KeyState, Scopes};
use ringfence_pipeline::ports::StoreError;
use ringfence_pipeline::run::Principal;
use subtle::{Choice, ConstantTimeEq};

use super::keys::{insert_key, read_key};
use super::{Database, StoredRow, failed, query};
use crate::{LAST_USED_RESOLUTION_MS, LOCAL_TENANT, Store, key_text};

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
    /// Its time is over.
    #[error("key {0} has expired, ask an administrator for another")]
    Expired(String),
    /// The store failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// The id of the built-in identity of a user of this machine.
pub fn local_key_id(user: &str) -> String {
    // The colon keeps it apart from every id that is made at random.
    format!("local:{user}")
}

impl Store {
    /// Who holds the key with this text.
    ///
    /// # Errors
    /// [`KeyError`]; an unknown id and a wrong secret give the same error after the same work.
    pub async fn authenticate(&self, text: &str, now_ms: i64) -> Result<Principal, KeyError> {
        let doing = "checking a key";
        let shown = key_text::parse(text).ok_or(KeyError::Malformed)?;
        let row = query("SELECT * FROM keys WHERE id = ?")
            .bind(shown.id)
            .fetch_optional(self)
            .await
            .map_err(failed(doing))?;
        let secrets = row.as_ref().map(Secrets::from_row).transpose().map_err(failed(doing))?;
        let hmac = key_text::hash(&self.pepper, shown.secret);
        // An unknown id costs the same work as a wrong secret.
        let matches = secrets.unwrap_or_default().hold(&hmac, now_ms);
        let Some(row) = row.filter(|_| matches) else {
            return Err(KeyError::Unknown);
        };
        let key = Known::from_row(&row, now_ms).map_err(failed(doing))?;
        match key.state {
            KeyState::Active => {}
            KeyState::Expired => return Err(KeyError::Expired(key.principal.key_id)),
            KeyState::Revoked => return Err(KeyError::Revoked(key.principal.key_id)),
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
        let id = local_key_id(user);
        let known: Option<StoredRow> = query("SELECT * FROM keys WHERE id = ?")
            .bind(&id)
            .fetch_optional(self)
            .await
            .map_err(failed(doing))?;
        if let Some(row) = known {
            let key = Known::from_row(&row, now_ms).map_err(failed(doing))?;
            self.note_use(&key, now_ms).await;
            return Ok(key.principal);
        }
        let request = KeyRequest {
            label: "built-in identity of this machine".to_owned(),
            scopes: Scopes::ALL,
            ..KeyRequest::new(user)
        };
        let mut tx = self.write(doing).await?;
        if insert_key(&mut tx, &id, LOCAL_TENANT, &request, None, now_ms).await? {
            let key = read_key(&mut tx, LOCAL_TENANT, &id, now_ms).await?;
            self.on_behalf_of(&id).note_key(&mut tx, LOCAL_TENANT, "key.created", &key).await?;
        }
        tx.commit().await.map_err(failed(doing))?;
        Ok(Principal {
            tenant: LOCAL_TENANT.to_owned(),
            user: user.to_owned(),
            scopes: Scopes::ALL,
            key_id: id,
        })
    }

    /// Notes that a key was used, unless that was noted a moment ago. Failing to must not refuse it.
    async fn note_use(&self, key: &Known, now_ms: i64) {
        let noted = key.last_used_ms.unwrap_or(i64::MIN);
        if now_ms.saturating_sub(noted) < LAST_USED_RESOLUTION_MS {
            return;
        }
        let note = async || -> Result<(), sqlx::Error> {
            // What is promised does not bear on it.
            let mut tx = self.database.write().await?;
            query("UPDATE keys SET last_used_ms = ? WHERE id = ?")
                .bind(now_ms)
                .bind(&key.principal.key_id)
                .execute(&mut tx)
                .await?;
            tx.commit().await
        };
        if let Err(error) = note().await {
            tracing::warn!(key = key.principal.key_id, %error, "use of a key could not be noted");
        }
    }
}

impl Database {
    /// Keys that can be checked only with the pepper.
    pub(crate) async fn secret_keys(&self) -> Result<i64, sqlx::Error> {
        query("SELECT count(*) FROM keys WHERE secret_hmac IS NOT NULL").fetch_one(self).await
    }
}

/// What is stored in place of a key's secrets. A key that is not there has one that nothing matches.
#[derive(Default)]
struct Secrets {
    current: Option<Vec<u8>>,
    previous: Option<Vec<u8>>,
    previous_until_ms: Option<i64>,
}

impl Secrets {
    fn from_row(row: &StoredRow) -> Result<Self, sqlx::Error> {
        Ok(Self {
            current: row.try_get("secret_hmac")?,
            previous: row.try_get("previous_hmac")?,
            previous_until_ms: row.try_get("previous_until_ms")?,
        })
    }

    /// True if it is the current secret's, or that of a replaced one which is accepted still. The time it
    /// takes says nothing of which, nor how much of it is right.
    fn hold(&self, hmac: &[u8; 32], now_ms: i64) -> bool {
        let is = |kept: &Option<Vec<u8>>| -> Choice {
            let there = Choice::from(u8::from(kept.is_some()));
            kept.as_deref().unwrap_or(&[0; 32]).ct_eq(hmac) & there
        };
        let accepted = Choice::from(u8::from(self.previous_until_ms.is_some_and(|end_ms| end_ms > now_ms)));
        bool::from(is(&self.current) | (is(&self.previous) & accepted))
    }
}

/// A key as it is found.
struct Known {
    principal: Principal,
    last_used_ms: Option<i64>,
    state: KeyState,
}

impl Known {
    fn from_row(row: &StoredRow, now_ms: i64) -> Result<Self, sqlx::Error> {
        Ok(Self {
            principal: Principal {
                tenant: row.try_get("tenant")?,
                user: row.try_get("user")?,
                scopes: scopes_from(row)?,
                key_id: row.try_get("id")?,
            },
            last_used_ms: row.try_get("last_used_ms")?,
            state: KeyState::at(now_ms, row.try_get("expires_ms")?, row.try_get("revoked_ms")?),
        })
    }
}

pub(super) fn scopes_from(row: &StoredRow) -> Result<Scopes, sqlx::Error> {
    row.try_get::<&str, _>("scopes")?.parse().map_err(|error: String| sqlx::Error::Decode(error.into()))
}
