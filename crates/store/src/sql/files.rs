//! Files: what tenants uploaded. Each is admitted by one conditional transaction, so that no two
//! requests, of any process, can both take what is left of a quota.

use std::collections::BTreeSet;

use async_trait::async_trait;
use ringfence_pipeline::files::{FileCursor, FileInfo, Files, FilesError, Incoming, QuotaExceeded};
use ringfence_pipeline::ports::StoreError;
use ringfence_pipeline::run::Principal;
use serde_json::json;

use super::contents::write_contents;
use super::{Conn, StoredRow, failed, query};
use crate::receiving::Receiving;
use crate::{Keeping, Store};

/// A file that came in whole.
#[derive(Debug)]
pub(crate) struct NewFile<'a> {
    /// The hash of its content.
    pub(crate) sha256: &'a str,
    /// What its owner calls it.
    pub(crate) name: &'a str,
    /// Its size in bytes.
    pub(crate) size: u64,
    /// Its content, if that is kept in the database.
    pub(crate) small: Option<&'a [u8]>,
}

#[async_trait]
impl Files for Store {
    async fn receive(
        &self,
        principal: &Principal,
        announced_bytes: Option<u64>,
    ) -> Result<Box<dyn Incoming>, FilesError> {
        let limit = self.keeping.file_bytes_max;
        if announced_bytes.is_some_and(|bytes| bytes > limit) {
            return Err(FilesError::TooLarge { limit });
        }
        Ok(Box::new(Receiving::new(self.clone(), principal.clone())))
    }

    async fn files(
        &self,
        principal: &Principal,
        cursor: Option<&FileCursor>,
        limit: u32,
    ) -> Result<Vec<FileInfo>, StoreError> {
        let doing = "listing files";
        // Without a cursor the list begins after what is newer than anything.
        let (created_ms, id) = cursor.map_or((i64::MAX, ""), |cursor| (cursor.created_ms, &cursor.id));
        query(
            "SELECT * FROM files
             WHERE tenant = ? AND expires_ms > ? AND (created_ms, sha256) < (?, ?)
             ORDER BY created_ms DESC, sha256 DESC LIMIT ?",
        )
        .bind(&principal.tenant)
        .bind((self.clock)())
        .bind(created_ms)
        .bind(id)
        .bind(limit)
        .fetch_all(self)
        .await
        .map_err(failed(doing))?
        .iter()
        .map(|row| info(row).map_err(failed(doing)))
        .collect()
    }

    async fn file(&self, principal: &Principal, id: &str) -> Result<Option<FileInfo>, StoreError> {
        let doing = "looking up a file";
        query("SELECT * FROM files WHERE tenant = ? AND sha256 = ? AND expires_ms > ?")
            .bind(&principal.tenant)
            .bind(id)
            .bind((self.clock)())
            .fetch_optional(self)
            .await
            .map_err(failed(doing))?
            .map(|row| info(&row).map_err(failed(doing)))
            .transpose()
    }

    async fn remove_file(&self, principal: &Principal, id: &str) -> Result<bool, StoreError> {
        let doing = "removing a file";
        let now_ms = (self.clock)();
        let mut tx = self.write(doing).await?;
        let removed = query("DELETE FROM files WHERE tenant = ? AND sha256 = ? AND expires_ms > ?")
            .bind(&principal.tenant)
            .bind(id)
            .bind(now_ms)
            .execute(&mut tx)
            .await
            .map_err(failed(doing))?;
        let removed = removed == 1;
        if removed {
            self.forget(&mut tx, BTreeSet::from([id.to_owned()])).await?;
            let body = json!({ "id": id });
            self.note_change(&mut tx, &principal.tenant, &principal.key_id, "file.deleted", &body).await?;
        }
        tx.commit().await.map_err(failed(doing))?;
        Ok(removed)
    }
}

impl Store {
    /// Admits files, if all of them fit the quotas: from now on they count and their contents are wanted.
    /// Contents that are not in the database are to be there when whoever sent them is told.
    pub(crate) async fn admit(
        &self,
        principal: &Principal,
        files: &[NewFile<'_>],
    ) -> Result<Vec<FileInfo>, FilesError> {
        let doing = "keeping files";
        self.room.check(doing)?;
        let mut tx = self.write(doing).await?;
        let now_ms = (self.clock)();
        self.check_quota_in(&mut tx, principal, files, now_ms).await?;
        let mut kept = Vec::with_capacity(files.len());
        let expires_ms = now_ms.saturating_add(self.keeping.file_ms);
        for file in files {
            let row = upsert(&mut tx, principal, file, now_ms, expires_ms).await.map_err(failed(doing))?;
            kept.push(info(&row).map_err(failed(doing))?);
        }
        let small = files.iter().filter_map(|file| Some((file.sha256, file.small?)));
        write_contents(&mut tx, small).await.map_err(failed(doing))?;
        tx.commit().await.map_err(failed(doing))?;
        Ok(kept)
    }

    /// Fails if files do not fit the quotas as they are now, so that whoever sends too much is told early.
    pub(crate) async fn check_quota(
        &self,
        principal: &Principal,
        files: &[NewFile<'_>],
    ) -> Result<(), FilesError> {
        let mut conn = self.read().await.map_err(failed("checking a quota"))?;
        self.check_quota_in(&mut conn, principal, files, (self.clock)()).await
    }

    async fn check_quota_in(
        &self,
        conn: &mut Conn,
        principal: &Principal,
        files: &[NewFile<'_>],
        now_ms: i64,
    ) -> Result<(), FilesError> {
        let doing = "checking a quota";
        let mut sent: Vec<(&str, u64)> = files.iter().map(|file| (file.sha256, file.size)).collect();
        sent.sort_unstable();
        sent.dedup();
        let (tenant, key) = used(conn, principal, &sent, now_ms).await.map_err(failed(doing))?;
        let more = Used { files: sent.len() as u64, bytes: sent.iter().map(|(_, size)| size).sum() };
        Ok(admits(&self.keeping, key, tenant, more)?)
    }
}

/// What is kept of uploads.
#[derive(Debug, Clone, Copy, Default)]
struct Used {
    files: u64,
    bytes: u64,
}

/// Fails, naming the first quota that has no room for `more`.
fn admits(keeping: &Keeping, key: Used, tenant: Used, more: Used) -> Result<(), QuotaExceeded> {
    let quotas = [
        ("key", "bytes", keeping.key_bytes_max, key.bytes, more.bytes),
        ("key", "files", keeping.key_files_max, key.files, more.files),
        ("tenant", "bytes", keeping.tenant_bytes_max, tenant.bytes, more.bytes),
        ("tenant", "files", keeping.tenant_files_max, tenant.files, more.files),
    ];
    let full = quotas.into_iter().find(|(_, _, limit, used, more)| used.saturating_add(*more) > *limit);
    match full {
        Some((scope, unit, limit, used, _)) => {
            let (of, advice) = ("uploads", "delete some, or wait until they expire");
            Err(QuotaExceeded { of, scope, unit, limit, used, advice })
        }
        None => Ok(()),
    }
}

/// What the tenant and the key keep beside `sent`.
async fn used(
    conn: &mut Conn,
    principal: &Principal,
    sent: &[(&str, u64)],
    now_ms: i64,
) -> Result<(Used, Used), sqlx::Error> {
    let mut sums =
        query("SELECT count(*), CAST(coalesce(sum(bytes), 0) AS BIGINT), count(*) FILTER (WHERE key_id = ");
    sums.push_bind(&principal.key_id);
    sums.push("), CAST(coalesce(sum(bytes) FILTER (WHERE key_id = ").push_bind(&principal.key_id);
    sums.push("), 0) AS BIGINT) FROM files WHERE tenant = ").push_bind(&principal.tenant);
    sums.push(" AND expires_ms > ").push_bind(now_ms).push(" AND sha256 NOT IN (");
    sums.push_list(sent.iter().map(|(hash, _)| *hash)).push(")");
    let (files, bytes, key_files, key_bytes): (i64, i64, i64, i64) = sums.fetch_one(conn).await?;
    let used = |files, bytes| Used { files: unsigned(files), bytes: unsigned(bytes) };
    Ok((used(files, bytes), used(key_files, key_bytes)))
}

/// Writes a file, or what is new about one that the tenant has.
async fn upsert(
    conn: &mut Conn,
    principal: &Principal,
    file: &NewFile<'_>,
    now_ms: i64,
    expires_ms: i64,
) -> Result<StoredRow, sqlx::Error> {
    query(
        "INSERT INTO files (tenant, sha256, key_id, name, bytes, created_ms, expires_ms)
         VALUES (?, ?, ?, ?, ?, ?, ?)
         ON CONFLICT (tenant, sha256) DO UPDATE SET
             key_id = excluded.key_id, name = excluded.name, expires_ms = excluded.expires_ms,
             created_ms = CASE WHEN files.expires_ms > excluded.created_ms THEN files.created_ms
                               ELSE excluded.created_ms END
         RETURNING *",
    )
    .bind(&principal.tenant)
    .bind(file.sha256)
    .bind(&principal.key_id)
    .bind(file.name)
    .bind(i64::try_from(file.size).unwrap_or(i64::MAX))
    .bind(now_ms)
    .bind(expires_ms)
    .fetch_one(conn)
    .await
}

fn info(row: &StoredRow) -> Result<FileInfo, sqlx::Error> {
    Ok(FileInfo {
        id: row.try_get("sha256")?,
        name: row.try_get("name")?,
        size: unsigned(row.try_get("bytes")?),
        created_ms: row.try_get("created_ms")?,
        expires_ms: row.try_get("expires_ms")?,
    })
}

/// The table's checks keep these from being negative.
fn unsigned(figure: i64) -> u64 {
    u64::try_from(figure).unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_quota_that_is_full_is_named() {
        let keeping = Keeping {
            key_bytes_max: 100,
            key_files_max: 10,
            tenant_bytes_max: 150,
            tenant_files_max: 12,
            ..Keeping::default()
        };
        let used = |files, bytes| Used { files, bytes };
        let refused =
            |key, tenant, more| admits(&keeping, key, tenant, more).map_err(|e| (e.scope, e.unit, e.used));
        assert_eq!(refused(used(1, 10), used(2, 20), used(9, 90)), Ok(()));
        assert_eq!(refused(used(1, 10), used(2, 20), used(1, 91)), Err(("key", "bytes", 10)));
        assert_eq!(refused(used(9, 10), used(9, 20), used(2, 1)), Err(("key", "files", 9)));
        assert_eq!(refused(used(1, 10), used(2, 80), used(1, 71)), Err(("tenant", "bytes", 80)));
        assert_eq!(refused(used(1, 10), used(12, 80), used(1, 1)), Err(("tenant", "files", 12)));
        assert!(admits(&keeping, used(u64::MAX, 0), used(0, 0), used(u64::MAX, 0)).is_err());
    }
}
