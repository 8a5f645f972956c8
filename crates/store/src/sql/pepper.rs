//! Which pepper a database belongs to: with another one no key would be accepted and no entry be right.

use subtle::ConstantTimeEq as _;

use super::{Database, query};
use crate::key_text;

/// What is hashed with the pepper. No secret of a key has a space in it.
const LABEL: &str = "ringfence pepper v1";

impl Database {
    /// True if the database is used with this pepper, which is noted at its first use.
    pub(crate) async fn is_peppered_with(&self, pepper: &[u8]) -> Result<bool, sqlx::Error> {
        let mac = key_text::hash(pepper, LABEL);
        let noted = || query("SELECT mac FROM pepper_check");
        let known: Option<Vec<u8>> = noted().fetch_optional(self).await?;
        let known = match known {
            Some(known) => known,
            None => {
                let mut tx = self.write().await?;
                query("INSERT INTO pepper_check (id, mac) VALUES (1, ?) ON CONFLICT DO NOTHING")
                    .bind(mac.as_slice())
                    .execute(&mut tx)
                    .await?;
                let known = noted().fetch_one(&mut tx).await?;
                tx.commit().await?;
                known
            }
        };
        Ok(known.ct_eq(&mac).into())
    }
}
