//! The audit chain in the database: it grows with every write of the record, in the same transaction.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::fs::File;
use std::io;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use ringfence_pipeline::ports::StoreError;
use serde_json::{Value, json};

use super::record::EVENTS_AT_ONCE;
use super::{Conn, Query, execute_all, failed, query};
use crate::blobs::hex;
use crate::chain::{ChainKey, Hash, Head, Row};
use crate::checkpoint::{Checkpoint, CheckpointError, CheckpointFile};
use crate::{OpenError, Store};

/// Tenants whose last entry this process remembers, at most.
const HEADS_KNOWN_MAX: usize = 1024;

/// Runs of an earlier version that get their entries in one transaction.
const RUNS_AT_ONCE: u32 = 200;

/// What a process needs for the chain. Cloning it shares it.
#[derive(Debug, Clone)]
pub(crate) struct Audit {
    pub(super) key: ChainKey,
    pub(crate) checkpoint: CheckpointFile,
    /// The entries appended last by this process: a transaction may have been rolled back and another process
    /// have written since, so each is a guess that the database confirms.
    heads: Arc<Mutex<HashMap<String, Head>>>,
    /// True if something was appended since the checkpoint was renewed.
    appended: Arc<AtomicBool>,
}

impl Audit {
    pub(crate) fn new(key: ChainKey, checkpoint: CheckpointFile) -> Self {
        Self { key, checkpoint, heads: Arc::default(), appended: Arc::default() }
    }

    fn heads(&self) -> MutexGuard<'_, HashMap<String, Head>> {
        // Whatever a panic left is a guess like all else in it.
        self.heads.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn remember(&self, tenant: &str, head: Head) {
        let mut heads = self.heads();
        if heads.len() >= HEADS_KNOWN_MAX && !heads.contains_key(tenant) {
            heads.clear();
        }
        heads.insert(tenant.to_owned(), head);
        self.appended.store(true, Ordering::Relaxed);
    }

    /// Carries out statements, which insert rows, together with the one that appends their entries. Returns how
    /// many rows each of them wrote.
    pub(super) async fn write_chained(
        &self,
        conn: &mut Conn,
        mut queries: Vec<Query>,
        tenant: &str,
        rows: &[Row<'_>],
    ) -> Result<Vec<u64>, sqlx::Error> {
        let guess = self.guess(conn, tenant).await?;
        let (entries, head) = self.entries(tenant, guess, rows);
        queries.push(entries);
        let written = execute_all(queries, conn).await?;
        if written.last() == Some(&0) {
            // The rows are there, but the chain ended elsewhere: another process went on with it.
            self.append(conn, tenant, rows).await?;
        } else {
            self.remember(tenant, head);
        }
        Ok(written)
    }

    /// Where a tenant's chain ends, as far as this process knows.
    async fn guess(&self, conn: &mut Conn, tenant: &str) -> Result<Head, sqlx::Error> {
        let known = self.heads().get(tenant).copied();
        match known {
            Some(head) => Ok(head),
            None => last(conn, tenant).await,
        }
    }

    /// Appends entries for rows that are there.
    async fn append(&self, conn: &mut Conn, tenant: &str, rows: &[Row<'_>]) -> Result<(), sqlx::Error> {
        let before = last(conn, tenant).await?;
        let (entries, head) = self.entries(tenant, before, rows);
        entries.execute(conn).await?;
        self.remember(tenant, head);
        Ok(())
    }

    /// The statement that appends an entry for each row, if the chain ends at `before`; and where it ends then.
    fn entries(&self, tenant: &str, before: Head, rows: &[Row<'_>]) -> (Query, Head) {
        let mut head = before;
        let mut entries = query("INSERT INTO audit (tenant, n, run, seq, digest, mac) SELECT * FROM (");
        entries.push_values(rows, |row| {
            let digest = row.digest(tenant);
            head = self.key.next(tenant, head, &digest);
            let (run, seq) = row.place();
            let (digest, mac) = (digest.as_slice(), head.mac.as_slice());
            vec![tenant.into(), head.n.into(), run.into(), seq.into(), digest.into(), mac.into()]
        });
        entries.push(") AS entries WHERE (SELECT mac FROM audit WHERE tenant = ").push_bind(tenant);
        entries.push(" ORDER BY n DESC LIMIT 1) IS NOT DISTINCT FROM ");
        entries.push_bind((before.n > 0).then_some(before.mac.as_slice()));
        (entries, head)
    }
}

impl Store {
    /// Records a change that is no run's event, in the transaction that makes it: `actor` is the id of the
    /// key that did so, or another word for who it was; `body` says what, and holds no secret.
    ///
    /// As the end of the tenant's chain it comes last in a transaction.
    pub(super) async fn note_change(
        &self,
        conn: &mut Conn,
        tenant: &str,
        actor: &str,
        kind: &str,
        body: &Value,
    ) -> Result<(), StoreError> {
        let doing = "recording a change";
        let (at_ms, body) = ((self.clock)(), body.to_string());
        let n = last(conn, tenant).await.map_err(failed(doing))?.n + 1;
        query("INSERT INTO changes (tenant, n, at_ms, actor, kind, body) VALUES (?, ?, ?, ?, ?, ?)")
            .bind(tenant)
            .bind(n)
            .bind(at_ms)
            .bind(actor)
            .bind(kind)
            .bind(&body)
            .execute(&mut *conn)
            .await
            .map_err(failed(doing))?;
        let row = Row::Change { at_ms, actor, kind, body: &body };
        self.audit.append(conn, tenant, &[row]).await.map_err(failed(doing))
    }

    /// Renews the file that says how far the audit chains have come, if they have grown since. A file that
    /// does not fit the record is left as it is, and logged.
    ///
    /// # Errors
    /// [`StoreError`] if the database or the file system fails; then it is still to be done.
    pub async fn seal(&self) -> Result<(), StoreError> {
        if !self.audit.appended.swap(false, Ordering::Relaxed) {
            return Ok(());
        }
        let renewed = self.renew_checkpoint().await;
        if renewed.is_err() {
            self.audit.appended.store(true, Ordering::Relaxed);
        }
        renewed
    }

    /// As [`Store::seal`], where what was asked for is done already and must not fail.
    pub(crate) async fn seal_or_warn(&self) {
        if let Err(error) = self.seal().await {
            tracing::warn!(%error, "audit.head could not be renewed");
        }
    }

    async fn renew_checkpoint(&self) -> Result<(), StoreError> {
        let doing = "renewing audit.head";
        let (_lock, kept) = self.locked_checkpoint().await.map_err(|error| error.while_doing(doing))?;
        let mut conn = self.read().await.map_err(failed(doing))?;
        let heads = heads(&mut conn).await.map_err(failed(doing))?;
        let wrong = match kept {
            Ok(Some(kept)) => {
                let lost = lost(&mut conn, &kept, &heads).await.map_err(failed(doing))?;
                lost.map(|(tenant, n)| format!("the record lacks an entry {n} of {tenant}"))
            }
            Ok(None) => Some("it is missing".to_owned()),
            Err(CheckpointError::Damaged(_)) => Some("it was changed".to_owned()),
            Err(error) => return Err(error.while_doing(doing)),
        };
        drop(conn);
        if let Some(reason) = wrong {
            tracing::error!(reason, "audit.head does not fit the record, run: ringfence audit verify");
            return Ok(());
        }
        // It must never have come further than what a power cut leaves.
        self.database.sync().await.map_err(failed(doing))?;
        self.write_checkpoint(heads).await.map_err(|error| error.while_doing(doing))
    }

    /// Takes the record as it is for whole: `audit.head` says what is there. Each tenant whose record had come
    /// further is told so in it.
    ///
    /// # Errors
    /// [`StoreError`] if the database or the file system fails.
    pub async fn accept_audit(&self) -> Result<(), StoreError> {
        let doing = "accepting the record";
        let (_lock, kept) = self.locked_checkpoint().await.map_err(|error| error.while_doing(doing))?;
        let mut tx = self.write(doing).await?;
        let mut found = heads(&mut tx).await.map_err(failed(doing))?;
        // Without a file that can be read, any of them may have come further.
        let kept = kept.ok().flatten();
        let mut accepted: BTreeSet<String> = BTreeSet::new();
        match &kept {
            None => accepted.extend(found.keys().cloned()),
            Some(kept) => {
                let mut left = kept.clone();
                while let Some((tenant, _)) = lost(&mut tx, &left, &found).await.map_err(failed(doing))? {
                    left.heads.remove(&tenant);
                    accepted.insert(tenant);
                }
            }
        }
        for tenant in &accepted {
            let head = |heads: &BTreeMap<String, Head>| {
                heads.get(tenant).map(|head| json!({ "n": head.n, "mac": hex(&head.mac) }))
            };
            let body =
                json!({ "sealed": kept.as_ref().and_then(|kept| head(&kept.heads)), "found": head(&found) });
            self.note_change(&mut tx, tenant, &self.actor, "audit.accepted", &body).await?;
        }
        found = heads(&mut tx).await.map_err(failed(doing))?;
        tx.commit().await.map_err(failed(doing))?;
        self.write_checkpoint(found).await.map_err(|error| error.while_doing(doing))
    }

    /// What `audit.head` says; nobody else renews it until the file that comes with it is dropped.
    async fn locked_checkpoint(
        &self,
    ) -> Result<(File, Result<Option<Checkpoint>, CheckpointError>), CheckpointError> {
        let file = self.audit.checkpoint.clone();
        file_work(move || Ok((file.lock()?, file.read()))).await
    }

    async fn write_checkpoint(&self, heads: BTreeMap<String, Head>) -> Result<(), CheckpointError> {
        let file = self.audit.checkpoint.clone();
        file_work(move || file.write(&Checkpoint { whole: true, heads })).await
    }

    /// Sees to it that there is a checkpoint, and that what an earlier version recorded has its entries. After
    /// that nothing gets an entry but with the write that records it.
    pub(crate) async fn begin_audit(&self) -> Result<(), OpenError> {
        let file = self.audit.checkpoint.clone();
        let path = file.path();
        let failed = |source: sqlx::Error| OpenError::Database {
            path: path.clone(),
            reason: format!("the audit chain cannot be begun: {source}"),
        };
        let broken = |error: CheckpointError| OpenError::Directory {
            path: path.clone(),
            source: io::Error::other(error.to_string()),
        };
        let read = file.clone();
        match file_work(move || Ok(read.read())).await.map_err(broken)? {
            Ok(Some(kept)) if kept.whole => return Ok(()),
            Ok(Some(_)) => {}
            Ok(None) if !self.has_entries().await.map_err(failed)? => {
                let write = file.clone();
                file_work(move || write.write(&Checkpoint::default())).await.map_err(broken)?;
            }
            // Whoever removed or changed it may have cut off the record as well: that is for people to see.
            Ok(None) | Err(CheckpointError::Damaged(_)) => {
                tracing::error!("audit.head is missing or was changed, run: ringfence audit verify");
                return Ok(());
            }
            Err(error) => return Err(broken(error)),
        }
        let runs = self.chain_earlier_runs().await.map_err(failed)?;
        if runs > 0 {
            tracing::info!(runs, "what an earlier version recorded is in the audit chain now");
        }
        let mut conn = self.read().await.map_err(failed)?;
        let heads = heads(&mut conn).await.map_err(failed)?;
        self.write_checkpoint(heads).await.map_err(broken)
    }

    async fn has_entries(&self) -> Result<bool, sqlx::Error> {
        query("SELECT EXISTS (SELECT 1 FROM audit)").fetch_one(self).await
    }

    /// Gives every run its entries; returns how many it were.
    async fn chain_earlier_runs(&self) -> Result<usize, sqlx::Error> {
        let tenants = query("SELECT DISTINCT tenant FROM runs ORDER BY tenant");
        let mut chained = 0;
        for tenant in tenants.fetch_all::<String>(self).await? {
            chained += self.chain_earlier_runs_of(&tenant).await?;
        }
        Ok(chained)
    }

    /// Gives every run of a tenant its entries, in the order of their ids; returns how many it were. A run has all
    /// of them or none, so that it goes on where a crash left it.
    async fn chain_earlier_runs_of(&self, tenant: &str) -> Result<usize, sqlx::Error> {
        let mut after: String = query("SELECT coalesce(max(run), '') FROM audit WHERE tenant = ?")
            .bind(tenant)
            .fetch_one(self)
            .await?;
        let mut chained = 0;
        loop {
            let mut tx = self.database.write().await?;
            let runs: Vec<(String, String, String, i64)> = query(
                "SELECT id, \"user\", key_id, opened_ms FROM runs WHERE tenant = ? AND id > ?
                 ORDER BY id LIMIT ?",
            )
            .bind(tenant)
            .bind(&after)
            .bind(RUNS_AT_ONCE)
            .fetch_all(&mut tx)
            .await?;
            for (run, user, key_id, opened_ms) in &runs {
                let opening = Row::Run { run, user, key_id, opened_ms: *opened_ms };
                self.audit.append(&mut tx, tenant, &[opening]).await?;
                let events: Vec<(i64, String, i64, String)> =
                    query("SELECT seq, kind, at_ms, body FROM events WHERE run = ? ORDER BY seq")
                        .bind(run)
                        .fetch_all(&mut tx)
                        .await?;
                let rows: Vec<Row<'_>> = events
                    .iter()
                    .map(|(seq, kind, at_ms, body)| Row::Event { run, seq: *seq, kind, at_ms: *at_ms, body })
                    .collect();
                for rows in rows.chunks(EVENTS_AT_ONCE) {
                    self.audit.append(&mut tx, tenant, rows).await?;
                }
            }
            tx.commit().await?;
            let Some((last, ..)) = runs.last() else { return Ok(chained) };
            last.clone_into(&mut after);
            chained += runs.len();
        }
    }
}

/// The first entry of a checkpoint that the record lacks, by tenant and number.
async fn lost(
    conn: &mut Conn,
    kept: &Checkpoint,
    heads: &BTreeMap<String, Head>,
) -> Result<Option<(String, i64)>, sqlx::Error> {
    for (tenant, head) in &kept.heads {
        if heads.get(tenant) == Some(head) {
            continue;
        }
        let mac: Option<Vec<u8>> = query("SELECT mac FROM audit WHERE tenant = ? AND n = ?")
            .bind(tenant)
            .bind(head.n)
            .fetch_optional(&mut *conn)
            .await?;
        if mac.as_deref() != Some(&head.mac) {
            return Ok(Some((tenant.clone(), head.n)));
        }
    }
    Ok(None)
}

/// The tenants that have a chain, as a table in which one more is empty; each is found by itself rather than by
/// looking at all entries.
pub(super) const TENANTS: &str = "WITH RECURSIVE tenants (name) AS (
        SELECT min(tenant) FROM audit
        UNION ALL
        SELECT (SELECT min(tenant) FROM audit WHERE tenant > name) FROM tenants WHERE name IS NOT NULL
    )";

/// The last entry of every tenant's chain, each found by itself rather than by looking at all entries.
async fn heads(conn: &mut Conn) -> Result<BTreeMap<String, Head>, sqlx::Error> {
    let rows: Vec<(String, i64, Vec<u8>)> = query(format!(
        "{TENANTS} SELECT tenant, n, mac FROM tenants JOIN audit ON tenant = name
         WHERE n = (SELECT max(n) FROM audit WHERE tenant = name)",
    ))
    .fetch_all(conn)
    .await?;
    rows.into_iter().map(|(tenant, n, mac)| Ok((tenant, head_from(n, mac)?))).collect()
}

/// Does what blocks on a thread where that is fine.
pub(super) async fn file_work<T: Send + 'static>(
    work: impl FnOnce() -> Result<T, CheckpointError> + Send + 'static,
) -> Result<T, CheckpointError> {
    tokio::task::spawn_blocking(work).await.unwrap_or_else(|error| {
        Err(CheckpointError::Io { path: "audit.head".into(), source: io::Error::other(error) })
    })
}

/// The last entry of a tenant's chain.
async fn last(conn: &mut Conn, tenant: &str) -> Result<Head, sqlx::Error> {
    let last: Option<(i64, Vec<u8>)> =
        query("SELECT n, mac FROM audit WHERE tenant = ? ORDER BY n DESC LIMIT 1")
            .bind(tenant)
            .fetch_optional(conn)
            .await?;
    last.map_or(Ok(Head::NONE), |(n, mac)| head_from(n, mac))
}

fn head_from(n: i64, mac: Vec<u8>) -> Result<Head, sqlx::Error> {
    let mac = Hash::try_from(mac).map_err(|_| sqlx::Error::Decode("a MAC has 32 bytes".into()))?;
    Ok(Head { n, mac })
}
