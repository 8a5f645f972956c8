//! Holds: who wants which content until when, and what is done with contents that nobody wants any more.

use std::collections::{BTreeMap, BTreeSet};

use ringfence_pipeline::ports::StoreError;
use serde_json::json;
use sqlx::{QueryBuilder, Sqlite, SqliteConnection};

use super::failed;
use crate::blobs::hash_of;
use crate::{ITSELF, Store, blocking};

/// Time within which whoever keeps a content comes to hold it, in milliseconds; until then it is not swept,
/// whatever the holds say. Far more than any run takes from one to the other.
pub const HOLD_WAIT_MS: i64 = 3600 * 1000;

/// Holds looked at in one sweep, so that others get to write in between.
const SWEPT_AT_ONCE: u32 = 200;

/// Rows written by one statement, each with three parameters.
const ROWS_AT_ONCE: usize = 64;

/// What a sweep did.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Swept {
    /// Contents that were deleted.
    pub contents: usize,
    /// Files that crashed processes had left in the making.
    pub partials: usize,
    /// True if there may be more to do.
    pub more: bool,
}

/// Adds to a query that `holder` holds contents, each until its time. What is held longer stays so.
pub(super) fn push_holds<'a>(
    query: &mut QueryBuilder<Sqlite>,
    holder: &str,
    contents: impl Iterator<Item = (&'a str, i64)>,
) {
    let mut contents = contents.peekable();
    while contents.peek().is_some() {
        query.push("; INSERT INTO holds (sha256, holder, until_ms) ");
        query.push_values(contents.by_ref().take(ROWS_AT_ONCE), |mut row, (hash, until_ms)| {
            row.push_bind(hash.to_owned()).push_bind(holder.to_owned()).push_bind(until_ms);
        });
        query.push(
            " ON CONFLICT (sha256, holder) DO UPDATE SET until_ms = excluded.until_ms
              WHERE until_ms < excluded.until_ms",
        );
    }
}

impl Store {
    /// Deletes uploads whose time is over, a bounded number of the contents that nobody holds any more, and
    /// what crashed processes left half-written. Several processes may do so at once.
    ///
    /// # Errors
    /// [`StoreError`]; what was deleted until then stays deleted, the rest is found again.
    pub async fn sweep(&self, now_ms: i64) -> Result<Swept, StoreError> {
        let doing = "sweeping contents";
        let partials = self.partials.clone();
        let partials = blocking(move || Ok(partials.sweep()?)).await.map_err(|e| e.while_doing(doing))?;
        let over = self.over(now_ms).await.map_err(failed(doing))?;
        if over.is_empty() && !self.uploads_are_over(now_ms).await.map_err(failed(doing))? {
            return Ok(Swept { partials, ..Swept::default() });
        }
        // Whoever came to hold one of them meanwhile has kept it again before, and then it is too young.
        let unheld: Vec<String> =
            over.iter().filter(|(_, held)| !held).map(|(hash, _)| hash.clone()).collect();
        let (blobs, since_ms) = (self.blobs.clone(), now_ms.saturating_sub(HOLD_WAIT_MS));
        let gone: BTreeSet<String> = blocking(move || {
            let mut gone = BTreeSet::new();
            for hash in unheld {
                if blobs.remove_unless_put_since(&hash, since_ms)? {
                    gone.insert(hash);
                }
            }
            Ok(gone)
        })
        .await
        .map_err(|error| error.while_doing(doing))?;
        let mut tx = self.database.write().await.map_err(failed(doing))?;
        let mut contents = 0;
        let mut erased: BTreeMap<String, BTreeSet<&str>> = BTreeMap::new();
        for (hash, held) in &over {
            let gone = gone.contains(hash) && forget(&mut tx, hash, now_ms).await.map_err(failed(doing))?;
            if gone {
                contents += 1;
                for tenant in holders(&mut tx, hash).await.map_err(failed(doing))? {
                    erased.entry(tenant).or_default().insert(hash);
                }
            }
            drop_holds(&mut tx, hash, gone || *held, now_ms).await.map_err(failed(doing))?;
        }
        let uploads = sqlx::query(
            "DELETE FROM files WHERE (tenant, sha256) IN
                 (SELECT tenant, sha256 FROM files WHERE expires_ms <= ? ORDER BY expires_ms LIMIT ?)",
        )
        .bind(now_ms)
        .bind(SWEPT_AT_ONCE)
        .execute(&mut *tx)
        .await
        .map_err(failed(doing))?
        .rows_affected();
        for (tenant, hashes) in erased {
            // The hashes themselves are in the events that name them.
            let all: String = hashes.iter().copied().collect();
            let body = json!({ "contents": hashes.len(), "sha256": hash_of(all.as_bytes()) });
            self.note_change(&mut tx, &tenant, ITSELF, "contents.erased", &body).await?;
        }
        self.database.commit(tx).await.map_err(failed(doing))?;
        let most = over.len() as u64 == u64::from(SWEPT_AT_ONCE) || uploads == u64::from(SWEPT_AT_ONCE);
        Ok(Swept { contents, partials, more: most })
    }

    async fn uploads_are_over(&self, now_ms: i64) -> Result<bool, sqlx::Error> {
        sqlx::query_scalar("SELECT EXISTS (SELECT 1 FROM files WHERE expires_ms <= ?)")
            .bind(now_ms)
            .fetch_one(&self.database.readers)
            .await
    }

    /// Contents of which a hold is over, and whether there is another one that is not.
    async fn over(&self, now_ms: i64) -> Result<Vec<(String, bool)>, sqlx::Error> {
        sqlx::query_as(
            "SELECT over.sha256, EXISTS
                 (SELECT 1 FROM holds WHERE holds.sha256 = over.sha256 AND holds.until_ms > ?1)
             FROM (SELECT DISTINCT sha256 FROM holds WHERE until_ms <= ?1 LIMIT ?2) AS over",
        )
        .bind(now_ms)
        .bind(SWEPT_AT_ONCE)
        .fetch_all(&self.database.readers)
        .await
    }
}

/// Deletes a small content, unless somebody holds it or kept it a moment ago; true if there is none.
async fn forget(conn: &mut SqliteConnection, hash: &str, now_ms: i64) -> Result<bool, sqlx::Error> {
    sqlx::query(
        "DELETE FROM contents WHERE sha256 = ?1 AND put_ms < ?2
         AND NOT EXISTS (SELECT 1 FROM holds WHERE sha256 = ?1 AND until_ms > ?3)",
    )
    .bind(hash)
    .bind(now_ms.saturating_sub(HOLD_WAIT_MS))
    .bind(now_ms)
    .execute(&mut *conn)
    .await?;
    sqlx::query_scalar("SELECT NOT EXISTS (SELECT 1 FROM contents WHERE sha256 = ?)")
        .bind(hash)
        .fetch_one(conn)
        .await
}

/// Tenants whose runs or uploads hold a content, or did so until now.
async fn holders(conn: &mut SqliteConnection, hash: &str) -> Result<Vec<String>, sqlx::Error> {
    sqlx::query_scalar(
        "SELECT runs.tenant FROM holds JOIN runs ON runs.id = holds.holder WHERE holds.sha256 = ?1
         UNION SELECT substr(holder, 8) FROM holds WHERE sha256 = ?1 AND holder LIKE 'tenant:%'",
    )
    .bind(hash)
    .fetch_all(conn)
    .await
}

/// Drops the holds on a content that are over, if the content is `settled`: deleted, or held by others.
/// Otherwise it is too young, and looked at again later.
async fn drop_holds(
    conn: &mut SqliteConnection,
    hash: &str,
    settled: bool,
    now_ms: i64,
) -> Result<(), sqlx::Error> {
    if settled {
        let dropping = sqlx::query("DELETE FROM holds WHERE sha256 = ? AND until_ms <= ?");
        dropping.bind(hash).bind(now_ms).execute(conn).await?;
    } else {
        let waiting = sqlx::query("UPDATE holds SET until_ms = ? WHERE sha256 = ? AND until_ms <= ?");
        let later_ms = now_ms.saturating_add(HOLD_WAIT_MS);
        waiting.bind(later_ms).bind(hash).bind(now_ms).execute(conn).await?;
    }
    Ok(())
}
