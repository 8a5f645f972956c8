//! Verifying the record: every row has its entry, every entry its row, and no chain is shorter than it was.

use std::collections::{BTreeMap, BTreeSet};

use ringfence_pipeline::audit::{AuditEntry, AuditHead, AuditReport, ChainReport, Fault};
use ringfence_pipeline::ports::StoreError;

use super::audit::{TENANTS, file_work};
use super::{Conn, StoredRow, failed, query};
use crate::blobs::hash_of;
use crate::chain::{Check, Entry, Head, Row};
use crate::checkpoint::{Checkpoint, CheckpointError};
use crate::{Store, blocking};

/// Entries, or contents, read at once.
const ROWS_AT_ONCE: u32 = 500;

/// Rows of each of the record's tables, by tenant, in the order of [`Check::vouched`].
type Counts = [BTreeMap<String, i64>; 3];

/// Number, time, actor, user, kind, run and body of an entry.
type EntryColumns = (i64, i64, String, Option<String>, String, Option<String>, Option<String>);

impl Store {
    /// Looks at the whole record, or that of one tenant: whether anything in it was changed, left out, added or
    /// cut off since it was recorded. `expected` are ends of chains that were kept elsewhere.
    ///
    /// It sees the record as it is when this begins, whoever goes on writing, and holds a page of it at a time.
    ///
    /// # Errors
    /// [`StoreError`] if the database or the file system fails; what is wrong with the record is no error.
    pub async fn verify_audit(
        &self,
        tenant: Option<&str>,
        expected: &[AuditHead],
    ) -> Result<AuditReport, StoreError> {
        let doing = "verifying the audit chain";
        // Read before the record, so that it is never ahead of it.
        let file = self.audit.checkpoint.clone();
        let (kept, checkpoint) = match file_work(move || file.read()).await {
            Ok(Some(kept)) => {
                let unfinished =
                    (!kept.whole).then(|| "audit.head says that chaining is not finished".to_owned());
                (kept, unfinished)
            }
            Ok(None) => (Checkpoint::default(), Some("audit.head is missing".to_owned())),
            Err(error @ CheckpointError::Damaged(_)) => (Checkpoint::default(), Some(error.to_string())),
            Err(error) => return Err(error.while_doing(doing)),
        };
        let mut tx = self.snapshot().await.map_err(failed(doing))?;
        let counts = counts(&mut tx).await.map_err(failed(doing))?;
        let mut tenants: BTreeSet<String> = counts.iter().flat_map(BTreeMap::keys).cloned().collect();
        tenants.extend(chained(&mut tx).await.map_err(failed(doing))?);
        tenants.extend(kept.heads.keys().cloned());
        tenants.extend(expected.iter().map(|head| head.tenant.clone()));
        let mut chains = Vec::new();
        for tenant in tenants.iter().filter(|name| tenant.is_none_or(|tenant| tenant == *name)) {
            let sealed = kept.heads.get(tenant).copied();
            let expected = expected.iter().filter(|head| head.tenant == *tenant);
            let known = expected.map(|head| Head { n: head.n, mac: head.mac }).chain(sealed).collect();
            let chain = self.verify_chain(&mut tx, tenant, known, &counts).await;
            chains.push(chain.map_err(failed(doing))?);
        }
        Ok(AuditReport { chains, checkpoint, altered_contents: Vec::new() })
    }

    async fn verify_chain(
        &self,
        conn: &mut Conn,
        tenant: &str,
        known: Vec<Head>,
        counts: &Counts,
    ) -> Result<ChainReport, sqlx::Error> {
        let mut check = Check::new(&self.audit.key, tenant, known);
        let mut after = i64::MIN;
        'chain: loop {
            let page = entries(conn, tenant, after).await?;
            for row in &page {
                let entry = entry_from(row)?;
                after = entry.n;
                if !check.entry(&entry) {
                    break 'chain;
                }
            }
            if page.is_empty() {
                check.no_more();
                break;
            }
        }
        // Every entry names another row: if there are as many rows, there is none without an entry.
        if check.is_whole() {
            let found = counts.each_ref().map(|count| count.get(tenant).copied().unwrap_or(0));
            if let Some(table) = (0..found.len()).find(|table| found[*table] != check.vouched[*table]) {
                let (n, run, seq) = unchained(conn, tenant, table).await?;
                check.found(Fault::NotChained, n, run.as_deref(), seq);
            }
        }
        Ok(check.report())
    }

    /// What was done in a tenant, newest first: changes, and runs that began and ended. At most `limit` of those
    /// before the entry `before` and not before `since_ms`.
    ///
    /// # Errors
    /// [`StoreError`] if the database fails.
    pub async fn audit_entries(
        &self,
        tenant: &str,
        before: Option<i64>,
        since_ms: i64,
        limit: u32,
    ) -> Result<Vec<AuditEntry>, StoreError> {
        let doing = "listing what was done";
        let rows: Vec<EntryColumns> = query(
            "SELECT audit.n, coalesce(changes.at_ms, events.at_ms), coalesce(changes.actor, runs.key_id),
                    coalesce(runs.\"user\", keys.\"user\"), coalesce(changes.kind, events.kind),
                    audit.run, changes.body
             FROM audit
             LEFT JOIN runs ON runs.tenant = audit.tenant AND runs.id = audit.run
             LEFT JOIN events ON events.run = audit.run AND events.seq = audit.seq
             LEFT JOIN changes ON changes.tenant = audit.tenant AND changes.n = audit.n
             LEFT JOIN keys ON keys.id = changes.actor AND keys.tenant = audit.tenant
             WHERE audit.tenant = ? AND audit.n < ? AND (audit.run IS NULL OR events.kind LIKE 'run.%')
               AND coalesce(changes.at_ms, events.at_ms) >= ?
             ORDER BY audit.n DESC LIMIT ?",
        )
        .bind(tenant)
        .bind(before.unwrap_or(i64::MAX))
        .bind(since_ms)
        .bind(limit)
        .fetch_all(self)
        .await
        .map_err(failed(doing))?;
        rows.into_iter()
            .map(|(n, at_ms, actor, user, kind, run, body)| {
                let details = body.map(|body| serde_json::from_str(&body)).transpose();
                let details = details.map_err(|error| StoreError::new(doing, error.to_string()))?;
                Ok(AuditEntry { n, at_ms, actor, user, kind, run, details })
            })
            .collect()
    }

    /// Hashes of contents that are kept and are not what they were.
    ///
    /// # Errors
    /// [`StoreError`] if the database or the file system fails.
    pub async fn altered_contents(&self) -> Result<Vec<String>, StoreError> {
        let doing = "verifying contents";
        let blobs = self.blobs.clone();
        let mut altered =
            blocking(move || blobs.altered()).await.map_err(|error| error.while_doing(doing))?;
        let mut after = String::new();
        loop {
            let page: Vec<(String, Vec<u8>)> =
                query("SELECT sha256, bytes FROM contents WHERE sha256 > ? ORDER BY sha256 LIMIT ?")
                    .bind(&after)
                    .bind(ROWS_AT_ONCE)
                    .fetch_all(self)
                    .await
                    .map_err(failed(doing))?;
            let Some((last, _)) = page.last() else { break };
            last.clone_into(&mut after);
            altered.extend(
                page.into_iter().filter(|(hash, bytes)| hash_of(bytes) != *hash).map(|(hash, _)| hash),
            );
        }
        altered.sort_unstable();
        Ok(altered)
    }
}

/// How many rows each tenant has.
async fn counts(conn: &mut Conn) -> Result<Counts, sqlx::Error> {
    let mut counts = Counts::default();
    for (count, sql) in [
        (0, "SELECT tenant, count(*) FROM runs GROUP BY tenant"),
        (2, "SELECT tenant, count(*) FROM changes GROUP BY tenant"),
    ] {
        let rows: Vec<(String, i64)> = query(sql).fetch_all(&mut *conn).await?;
        counts[count] = rows.into_iter().collect();
    }
    // No index leads to a tenant's events, and sorting them all would take memory.
    let events = query("SELECT tenant FROM events");
    let count = |tenant: String| *counts[1].entry(tenant).or_default() += 1;
    events.for_each(conn, count).await?;
    Ok(counts)
}

/// Tenants that have a chain.
async fn chained(conn: &mut Conn) -> Result<Vec<String>, sqlx::Error> {
    query(format!("{TENANTS} SELECT name FROM tenants WHERE name IS NOT NULL")).fetch_all(conn).await
}

/// A page of a chain, each entry with the row that it names.
async fn entries(conn: &mut Conn, tenant: &str, after: i64) -> Result<Vec<StoredRow>, sqlx::Error> {
    query(
        "SELECT audit.n, audit.run, audit.seq, audit.digest, audit.mac,
                runs.tenant, runs.\"user\", runs.key_id, runs.opened_ms,
                events.tenant, events.kind, events.at_ms, events.body,
                changes.tenant, changes.actor, changes.kind, changes.at_ms, changes.body
         FROM audit
         LEFT JOIN runs ON runs.tenant = audit.tenant AND runs.id = audit.run AND audit.seq IS NULL
         LEFT JOIN events ON events.run = audit.run AND events.seq = audit.seq
         LEFT JOIN changes ON changes.tenant = audit.tenant AND changes.n = audit.n AND audit.run IS NULL
         WHERE audit.tenant = ? AND audit.n > ? ORDER BY audit.n LIMIT ?",
    )
    .bind(tenant)
    .bind(after)
    .bind(ROWS_AT_ONCE)
    .fetch_all(conn)
    .await
}

fn entry_from(row: &StoredRow) -> Result<Entry<'_>, sqlx::Error> {
    let (run, seq): (Option<&str>, Option<i64>) = (row.try_get(1)?, row.try_get(2)?);
    let (opened, happened, changed): (Option<&str>, Option<&str>, Option<&str>) =
        (row.try_get(5)?, row.try_get(9)?, row.try_get(13)?);
    let found = match (run, seq) {
        (Some(run), None) => opened.map(|tenant| {
            let (user, key_id, opened_ms) = (row.try_get(6)?, row.try_get(7)?, row.try_get(8)?);
            Ok((tenant, Row::Run { run, user, key_id, opened_ms }))
        }),
        (Some(run), Some(seq)) => happened.map(|tenant| {
            let (kind, at_ms, body) = (row.try_get(10)?, row.try_get(11)?, row.try_get(12)?);
            Ok((tenant, Row::Event { run, seq, kind, at_ms, body }))
        }),
        (None, _) => changed.map(|tenant| {
            let (actor, kind) = (row.try_get(14)?, row.try_get(15)?);
            let (at_ms, body) = (row.try_get(16)?, row.try_get(17)?);
            Ok((tenant, Row::Change { at_ms, actor, kind, body }))
        }),
    };
    let found: Option<Result<_, sqlx::Error>> = found;
    Ok(Entry {
        n: row.try_get(0)?,
        run,
        seq,
        digest: row.try_get(3)?,
        mac: row.try_get(4)?,
        row: found.transpose()?,
    })
}

/// The first row of one of the record's tables that has no entry. This takes memory for all of them, and is
/// asked only if there is one.
async fn unchained(
    conn: &mut Conn,
    tenant: &str,
    table: usize,
) -> Result<(Option<i64>, Option<String>, Option<i64>), sqlx::Error> {
    let sql = match table {
        0 => {
            "SELECT NULL AS n, id, NULL AS seq FROM runs WHERE tenant = ?1
             EXCEPT SELECT NULL, run, NULL FROM audit WHERE tenant = ?1 AND seq IS NULL ORDER BY id LIMIT 1"
        }
        1 => {
            "SELECT NULL AS n, run, seq FROM events WHERE tenant = ?1
             EXCEPT SELECT NULL, run, seq FROM audit WHERE tenant = ?1 ORDER BY run, seq LIMIT 1"
        }
        _ => {
            "SELECT n, NULL, NULL FROM changes WHERE tenant = ?1
             EXCEPT SELECT n, NULL, NULL FROM audit WHERE tenant = ?1 AND run IS NULL ORDER BY n LIMIT 1"
        }
    };
    Ok(query(sql).bind(tenant).fetch_optional(conn).await?.unwrap_or_default())
}
