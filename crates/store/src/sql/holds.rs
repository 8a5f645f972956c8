//! Holds: which run keeps which contents, how much that is for its key and its tenant, and what is done
//! with contents that nobody wants any more.
//!
//! ```text
//!   put (large contents)      events that name it         the run has ended
//! ──────────────────────> held ──────────────────> held ─────────────────> held ──> erased
//!                          │     until HOLD_WAIT_MS     until run_ms is over, or room is needed
//!                          └──> given up
//! ```
//! A hold is on disk before its file is, and goes in the transaction that deletes the file: so what is
//! counted is never less than what is there, and no file is deleted that somebody holds.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use ringfence_pipeline::files::QuotaExceeded;
use ringfence_pipeline::ports::{Kept, Part, StoreError};
use ringfence_pipeline::run::{Principal, Recorded, RunId};
use serde_json::json;

use super::contents::write_contents;
use super::{Conn, Query, failed, query};
use crate::blobs::hash_of;
use crate::{ITSELF, Keeping, Store, blocking};

/// Time within which a run names what it has put, in milliseconds; what is older and nobody's, a crash has
/// left. Far more than any run takes from one to the other.
pub const HOLD_WAIT_MS: i64 = 3600 * 1000;

/// What each content counts beside its bytes, in bytes: its rows, or its inode and the rest of its block.
pub const ENTRY_BYTES: u64 = 1024;

/// Runs or uploads whose contents are erased at once, so that others get to write in between.
const ERASED_AT_ONCE: u32 = 200;

/// Files of one directory that are looked at in one sweep.
const LOOKED_AT_ONCE: usize = 1000;

/// Runs that have ended which one sweep looks at. What they keep is kept for days, and there is a sweep every
/// minute, so that an hour is little and enough for all of half a million.
const RUNS_LOOKED_AT_ONCE: u32 = 10_000;

/// Times that contents are erased to make room for what is small. What is over then, the next sweep erases.
const ERASURES_MAX: usize = 8;

/// Rows named by one statement.
const ROWS_AT_ONCE: usize = 64;

/// Time for which a sweep looks at one of the directories of files, in milliseconds: as often as it comes.
const DIRECTORY_MS: i64 = 60 * 1000;

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

/// A run that keeps contents.
#[derive(Debug, Clone, Default)]
struct Keeper {
    tenant: String,
    run: String,
}

/// The last of the runs that were looked at, for the next sweep to go on after it. Cloning it shares it.
#[derive(Debug, Clone, Default)]
pub(crate) struct Place(Arc<Mutex<Keeper>>);

impl Place {
    fn keeper(&self) -> MutexGuard<'_, Keeper> {
        // Whatever a panic left is a place as good as any.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Whose contents they are.
#[derive(Debug, Clone, Copy)]
pub(super) struct Owner<'a> {
    pub(super) tenant: &'a str,
    pub(super) key_id: &'a str,
}

impl<'a> From<&'a Principal> for Owner<'a> {
    fn from(principal: &'a Principal) -> Self {
        Owner { tenant: &principal.tenant, key_id: &principal.key_id }
    }
}

/// Those whose runs share a quota.
#[derive(Debug, Clone, Copy)]
struct Scope<'a> {
    /// `key` or `tenant`.
    name: &'static str,
    id: &'a str,
    limit: u64,
}

impl Scope<'_> {
    /// The condition on what runs keep, up to the id.
    fn condition(self) -> &'static str {
        if self.name == "key" { "key_id = " } else { "tenant = " }
    }

    fn exceeded(self, used: u64) -> QuotaExceeded {
        let advice = "wait until runs have ended, send less, or ask the operator to raise [retention] \
                      key_bytes_max and tenant_bytes_max";
        let (of, unit) = ("inputs of runs in progress", "bytes");
        QuotaExceeded { of, scope: self.name, unit, limit: self.limit / 2, used, advice }
    }
}

/// The scopes that an owner's contents count for.
fn scopes<'a>(keeping: &Keeping, owner: Owner<'a>) -> [Scope<'a>; 2] {
    [
        Scope { name: "key", id: owner.key_id, limit: keeping.run_key_bytes_max },
        Scope { name: "tenant", id: owner.tenant, limit: keeping.run_tenant_bytes_max },
    ]
}

/// What a run comes to hold.
pub(super) struct Holding<'a> {
    pub(super) run: &'a str,
    pub(super) owner: Owner<'a>,
    pub(super) contents: Vec<&'a Kept>,
    /// Until when they are kept, in milliseconds since the Unix epoch; a later time told before stays.
    pub(super) until_ms: i64,
    /// The run has ended with what names them.
    pub(super) ended: bool,
}

/// Has a run hold contents, which count then; small ones are written. Gives the sums of its scopes.
pub(super) async fn hold(conn: &mut Conn, holding: &Holding<'_>) -> Result<Sums, sqlx::Error> {
    let Holding { run, owner, contents, ended, .. } = holding;
    let small = contents.iter().filter_map(|kept| Some((kept.sha256.as_str(), kept.unwritten.as_deref()?)));
    write_contents(conn, small).await?;
    let mut more = 0;
    for contents in contents.chunks(ROWS_AT_ONCE) {
        let mut holds = query("INSERT INTO holds (run, sha256, bytes) ");
        holds.push_values(contents, |kept| {
            vec![(*run).into(), (&kept.sha256).into(), charge(kept.size).into()]
        });
        holds.push(" ON CONFLICT (run, sha256) DO NOTHING RETURNING bytes");
        // What it held before was counted then.
        more += holds.fetch_all::<i64>(&mut *conn).await?.into_iter().sum::<i64>();
    }
    // Most runs that end have kept something before.
    if !ended || end_of_keeping(holding, more).execute(&mut *conn).await? == 0 {
        keep_more(holding, more).execute(&mut *conn).await?;
    }
    query(
        "INSERT INTO used (scope, id, bytes) VALUES ('key', ?, ?), ('tenant', ?, ?)
         ON CONFLICT (scope, id) DO UPDATE SET bytes = used.bytes + excluded.bytes RETURNING scope, bytes",
    )
    .bind(owner.key_id)
    .bind(more)
    .bind(owner.tenant)
    .bind(more)
    .fetch_all(conn)
    .await
}

/// The statement that notes that a run has ended which keeps something, and now so many bytes more.
pub(super) fn end_of_keeping(holding: &Holding<'_>, more: i64) -> Query {
    let Holding { run, owner, contents, until_ms, .. } = holding;
    query(
        "UPDATE kept SET ended = 1, bytes = bytes + ?1, until_ms = CASE WHEN ?2 > until_ms THEN ?2 ELSE until_ms END
         WHERE ended = 0 AND tenant = ?3 AND run = ?4",
    )
    .bind(more)
    // What names nothing keeps nothing for longer.
    .bind(if contents.is_empty() { 0 } else { *until_ms })
    .bind(owner.tenant)
    .bind(*run)
}

/// The statement that notes that a run keeps so many bytes more. One that has ended before does not go on.
fn keep_more(holding: &Holding<'_>, more: i64) -> Query {
    let Holding { run, owner, until_ms, ended, .. } = holding;
    query(
        "INSERT INTO kept (run, tenant, key_id, bytes, ended, until_ms)
         SELECT ?1, ?2, ?3, ?4, CASE WHEN ?5 = 1 OR count(*) > 0 THEN 1 ELSE 0 END, ?6
         FROM kept WHERE ended = 1 AND tenant = ?2 AND run = ?1
         ON CONFLICT (ended, tenant, run) DO UPDATE SET bytes = kept.bytes + excluded.bytes,
             until_ms = CASE WHEN excluded.until_ms > kept.until_ms THEN excluded.until_ms
                             ELSE kept.until_ms END",
    )
    .bind(*run)
    .bind(owner.tenant)
    .bind(owner.key_id)
    .bind(more)
    .bind(i64::from(*ended))
    .bind(*until_ms)
}

/// What the runs of each scope keep in bytes, by the scope's name.
pub(super) type Sums = Vec<(String, i64)>;

/// True if contents that events name fit into the quotas of a run that is to be admitted, whether they are held
/// already or not. If they do not, they may all the same, and [`Store::make_room`] knows.
pub(super) async fn has_room(
    conn: &mut Conn,
    keeping: &Keeping,
    principal: &Principal,
    events: &[Recorded],
) -> Result<bool, sqlx::Error> {
    let more = events.iter().flat_map(|event| &event.contents).map(|kept| unsigned(charge(kept.size)));
    let more = more.fold(0_u64, u64::saturating_add);
    let sums = sums_of(conn, principal.into()).await?;
    Ok(scopes(keeping, principal.into()).into_iter().all(|scope| {
        let used = sums.iter().find(|(name, _)| name == scope.name).map_or(0, |(_, bytes)| unsigned(*bytes));
        used.saturating_add(more) <= scope.limit / 2
    }))
}

/// What the runs of an owner's scopes keep.
async fn sums_of(conn: &mut Conn, owner: Owner<'_>) -> Result<Sums, sqlx::Error> {
    query("SELECT scope, bytes FROM used WHERE (scope = 'key' AND id = ?) OR (scope = 'tenant' AND id = ?)")
        .bind(owner.key_id)
        .bind(owner.tenant)
        .fetch_all(conn)
        .await
}

/// Whether what was added may stay.
enum Fit<'a> {
    Fits,
    /// Once so many bytes of the scope's are erased.
    Over(Scope<'a>, u64),
    /// Runs in progress leave no room.
    Never(QuotaExceeded),
}

impl Store {
    /// Holds a large content for a run before it is written; the quota that has no room for it, if so.
    pub(crate) async fn hold(
        &self,
        principal: &Principal,
        run: RunId,
        part: Part,
        kept: &Kept,
    ) -> Result<Option<QuotaExceeded>, StoreError> {
        let doing = "keeping content";
        let (owner, run) = (Owner::from(principal), run.to_string());
        loop {
            let mut tx = self.write(doing).await?;
            let until_ms = (self.clock)().saturating_add(HOLD_WAIT_MS);
            let holding = Holding { run: &run, owner, contents: vec![kept], until_ms, ended: false };
            let sums = hold(&mut tx, &holding).await.map_err(failed(doing))?;
            let fit = self.fit(&mut tx, &holding, &sums, part == Part::Input).await.map_err(failed(doing))?;
            let (scope, bytes) = match fit {
                Fit::Fits => {
                    tx.commit().await.map_err(failed(doing))?;
                    return Ok(None);
                }
                Fit::Never(quota) => return Ok(Some(quota)),
                Fit::Over(scope, bytes) => (scope, bytes),
            };
            // Room is made a little at a time, and for nothing that is not to stay.
            drop(tx);
            let mut tx = self.write(doing).await?;
            if self.erase_oldest(&mut tx, scope, bytes).await? == 0 {
                return Ok(Some(scope.exceeded(scope.limit)));
            }
            tx.commit().await.map_err(failed(doing))?;
        }
    }

    /// Makes room for what a run has come to hold. If there is none, the quota says so to a run that is to be
    /// admitted, and the contents of any other are erased.
    pub(super) async fn make_room(
        &self,
        conn: &mut Conn,
        holding: &Holding<'_>,
        mut sums: Sums,
        admitting: bool,
    ) -> Result<Option<QuotaExceeded>, StoreError> {
        let doing = "making room";
        if sums.is_empty() {
            return Ok(None);
        }
        for _ in 0..ERASURES_MAX {
            match self.fit(conn, holding, &sums, admitting).await.map_err(failed(doing))? {
                Fit::Fits => break,
                Fit::Never(quota) => return Ok(Some(quota)),
                Fit::Over(scope, bytes) => {
                    if self.erase_oldest(conn, scope, bytes).await? == 0 {
                        let own =
                            Keeper { tenant: holding.owner.tenant.to_owned(), run: holding.run.to_owned() };
                        self.erase(conn, &[own]).await?;
                        break;
                    }
                }
            }
            sums = sums_of(conn, holding.owner).await.map_err(failed(doing))?;
        }
        Ok(None)
    }

    /// Whether what a run has come to hold fits. Runs in progress may have half of a quota, so that there is
    /// room for what comes of them and time to read it.
    async fn fit<'a>(
        &self,
        conn: &mut Conn,
        holding: &Holding<'a>,
        sums: &Sums,
        admitting: bool,
    ) -> Result<Fit<'a>, sqlx::Error> {
        for scope in scopes(&self.keeping, holding.owner) {
            let used =
                sums.iter().find(|(name, _)| name == scope.name).map_or(0, |(_, bytes)| unsigned(*bytes));
            if admitting && used > scope.limit / 2 {
                let (all, own) = in_progress(conn, scope, holding).await?;
                if all > scope.limit / 2 {
                    return Ok(Fit::Never(scope.exceeded(all.saturating_sub(own))));
                }
            }
            if used > scope.limit {
                return Ok(Fit::Over(scope, used - scope.limit));
            }
        }
        Ok(Fit::Fits)
    }

    /// Erases the contents of a scope's oldest runs that have ended, until so many bytes are free or enough is
    /// done at once; the bytes that came free.
    async fn erase_oldest(&self, conn: &mut Conn, scope: Scope<'_>, bytes: u64) -> Result<u64, StoreError> {
        let mut oldest = query("SELECT tenant, run, bytes FROM kept WHERE ");
        oldest.push(scope.condition()).push_bind(scope.id.to_owned());
        oldest.push(" AND ended = 1 ORDER BY run LIMIT ").push_bind(ERASED_AT_ONCE);
        let oldest: Vec<(String, String, i64)> =
            oldest.fetch_all(&mut *conn).await.map_err(failed("making room"))?;
        let (mut freed, mut runs) = (0_u64, Vec::new());
        for (tenant, run, kept) in oldest {
            if freed >= bytes {
                break;
            }
            freed = freed.saturating_add(unsigned(kept));
            runs.push(Keeper { tenant, run });
        }
        self.erase(conn, &runs).await?;
        Ok(freed)
    }

    /// Erases what runs keep and records that; the number of contents that are gone with it.
    async fn erase(&self, conn: &mut Conn, runs: &[Keeper]) -> Result<usize, StoreError> {
        let held = self.drop_holds(conn, runs).await?;
        self.forget_and_note(conn, held).await
    }

    /// Erases what runs of a tenant keep, whether their time is over or not, and records that.
    pub(super) async fn erase_runs(
        &self,
        conn: &mut Conn,
        tenant: &str,
        runs: Vec<String>,
    ) -> Result<(), StoreError> {
        let runs: Vec<Keeper> =
            runs.into_iter().map(|run| Keeper { tenant: tenant.to_owned(), run }).collect();
        self.erase(conn, &runs).await.map(drop)
    }

    /// Lets go of all that runs hold: tenants, each with the hash of a content.
    async fn drop_holds(
        &self,
        conn: &mut Conn,
        runs: &[Keeper],
    ) -> Result<BTreeSet<(String, String)>, StoreError> {
        let mut by_tenant: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
        for Keeper { tenant, run } in runs {
            by_tenant.entry(tenant).or_default().push(run);
        }
        let mut dropped = BTreeSet::new();
        for (tenant, runs) in by_tenant {
            for runs in runs.chunks(ROWS_AT_ONCE) {
                let held = drop_holds_of(conn, tenant, runs).await.map_err(failed("erasing contents"))?;
                dropped.extend(held.into_iter().map(|hash| (tenant.to_owned(), hash)));
            }
        }
        Ok(dropped)
    }

    /// Deletes those of these contents that nobody wants any more, and records for each tenant that did so until
    /// now that they are gone; how many these are.
    async fn forget_and_note(
        &self,
        conn: &mut Conn,
        contents: BTreeSet<(String, String)>,
    ) -> Result<usize, StoreError> {
        let gone = self.forget(conn, contents.iter().map(|(_, hash)| hash.clone()).collect()).await?;
        let mut erased: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
        for (tenant, hash) in contents.iter().filter(|(_, hash)| gone.contains(hash)) {
            erased.entry(tenant).or_default().push(hash);
        }
        for (tenant, hashes) in erased {
            // The hashes themselves are in the events that name them.
            let body = json!({ "contents": hashes.len(), "sha256": hash_of(hashes.concat().as_bytes()) });
            self.note_change(conn, tenant, ITSELF, "contents.erased", &body).await?;
        }
        Ok(gone.len())
    }

    /// Deletes those of these contents that nobody wants, and returns them. Nobody comes to want one before
    /// the transaction is over, and whoever does then writes it again.
    pub(super) async fn forget(
        &self,
        conn: &mut Conn,
        hashes: BTreeSet<String>,
    ) -> Result<BTreeSet<String>, StoreError> {
        let doing = "deleting contents";
        let hashes: Vec<String> = hashes.into_iter().collect();
        let mut gone = BTreeSet::new();
        for hashes in hashes.chunks(ROWS_AT_ONCE) {
            let unwanted = unwanted(conn, hashes).await.map_err(failed(doing))?;
            if unwanted.is_empty() {
                continue;
            }
            let mut small = query("DELETE FROM contents WHERE sha256 IN (");
            small.push_list(&unwanted).push(")");
            small.push(" RETURNING sha256");
            let small: Vec<String> = small.fetch_all(&mut *conn).await.map_err(failed(doing))?;
            // No file goes for a reason that a power cut takes back.
            self.database.sync().await.map_err(failed(doing))?;
            conn.keep_on_disk();
            let blobs = self.blobs.clone();
            let removing = blocking(move || {
                let mut removed = Vec::new();
                for hash in unwanted {
                    if blobs.remove(&hash)? {
                        removed.push(hash);
                    }
                }
                Ok(removed)
            });
            gone.extend(small);
            gone.extend(removing.await.map_err(|error| error.while_doing(doing))?);
        }
        Ok(gone)
    }

    /// As [`Store::forget`], in a transaction of its own if there is anything to delete.
    pub(crate) async fn forget_unwanted(&self, hashes: Vec<String>) -> Result<usize, StoreError> {
        let doing = "deleting contents";
        let mut conn = self.read().await.map_err(failed(doing))?;
        let mut found = Vec::new();
        for hashes in hashes.chunks(ROWS_AT_ONCE) {
            found.extend(unwanted(&mut conn, hashes).await.map_err(failed(doing))?);
        }
        drop(conn);
        if found.is_empty() {
            return Ok(0);
        }
        let mut tx = self.write(doing).await?;
        let gone = self.forget(&mut tx, found.into_iter().collect()).await?;
        tx.commit().await.map_err(failed(doing))?;
        Ok(gone.len())
    }

    /// Gives up what a run has put, if no event of it is there.
    pub(super) async fn give_up_run(&self, principal: &Principal, run: RunId) -> Result<(), StoreError> {
        let doing = "giving up contents";
        let keeper = Keeper { tenant: principal.tenant.clone(), run: run.to_string() };
        let put = "SELECT EXISTS (SELECT 1 FROM kept WHERE ended = 0 AND tenant = ?1 AND run = ?2)
                   AND NOT EXISTS (SELECT 1 FROM events WHERE run = ?2)";
        let put = query(put).bind(&keeper.tenant).bind(&keeper.run);
        if put.fetch_one(self).await.map_err(failed(doing))? {
            let mut tx = self.write(doing).await?;
            let put = self.drop_holds(&mut tx, &[keeper]).await?;
            self.forget(&mut tx, put.into_iter().map(|(_, hash)| hash).collect()).await?;
            tx.commit().await.map_err(failed(doing))?;
        }
        Ok(())
    }

    /// Deletes uploads and contents of runs whose time is over or that exceed a quota, a bounded number at
    /// once; what crashed processes left half-written; and files that nobody ever came to want, in one
    /// directory after the other. Runs that have ended are looked at one after the other too, some in each sweep.
    /// Several processes may do so at once.
    ///
    /// # Errors
    /// [`StoreError`]; what was deleted until then stays deleted, the rest is found again.
    pub async fn sweep(&self, now_ms: i64) -> Result<Swept, StoreError> {
        let doing = "sweeping contents";
        let partials = self.partials.clone();
        let partials = blocking(move || Ok(partials.sweep()?)).await.map_err(|e| e.while_doing(doing))?;
        let strays = self.sweep_strays(now_ms).await?;
        let over = self.runs_are_over(now_ms).await.map_err(failed(doing))?;
        let exceeding = self.exceeding().await.map_err(failed(doing))?;
        let uploads = self.uploads_are_over(now_ms).await.map_err(failed(doing))?;
        if over.is_empty() && exceeding.is_empty() && !uploads {
            return Ok(Swept { partials, contents: strays, more: false });
        }
        let mut tx = self.write(doing).await?;
        let mut contents = strays + self.erase(&mut tx, &over).await?;
        let mut freed = 0;
        for (name, id, limit, bytes) in &exceeding {
            let scope = Scope { name, id, limit: *limit };
            freed += self.erase_oldest(&mut tx, scope, bytes - limit).await?;
        }
        let files: Vec<(String, String)> = query(
            "DELETE FROM files WHERE (tenant, sha256) IN
                 (SELECT tenant, sha256 FROM files WHERE expires_ms <= ? ORDER BY expires_ms LIMIT ?)
             RETURNING tenant, sha256",
        )
        .bind(now_ms)
        .bind(ERASED_AT_ONCE)
        .fetch_all(&mut tx)
        .await
        .map_err(failed(doing))?;
        let most = [over.len(), files.len()].contains(&(ERASED_AT_ONCE as usize)) || freed > 0;
        let uploads: BTreeSet<(String, String)> = files.into_iter().collect();
        contents += self.forget_and_note(&mut tx, uploads).await?;
        tx.commit().await.map_err(failed(doing))?;
        Ok(Swept { contents, partials, more: most })
    }

    /// Deletes files of a directory that nobody wants and that are too old for anybody to be about to.
    async fn sweep_strays(&self, now_ms: i64) -> Result<usize, StoreError> {
        let (blobs, before_ms) = (self.blobs.clone(), now_ms.saturating_sub(HOLD_WAIT_MS));
        let directory = u8::try_from((now_ms / DIRECTORY_MS).rem_euclid(256)).unwrap_or(0);
        let old = blocking(move || blobs.put_before(directory, before_ms, LOOKED_AT_ONCE)).await;
        self.forget_unwanted(old.map_err(|error| error.while_doing("looking for files"))?).await
    }

    /// Runs whose time is over: of those in progress, and of the next ones that have ended.
    async fn runs_are_over(&self, now_ms: i64) -> Result<Vec<Keeper>, sqlx::Error> {
        let in_progress = query("SELECT tenant, run FROM kept WHERE ended = 0 AND until_ms <= ? LIMIT ?");
        let in_progress = in_progress.bind(now_ms).bind(ERASED_AT_ONCE);
        let in_progress: Vec<(String, String)> = in_progress.fetch_all(self).await?;
        let mut over: Vec<Keeper> =
            in_progress.into_iter().map(|(tenant, run)| Keeper { tenant, run }).collect();
        let mut place = self.swept.keeper().clone();
        let ended: Vec<(String, String, i64)> = query(
            "SELECT tenant, run, until_ms FROM kept WHERE ended = 1 AND (tenant, run) > (?, ?)
             ORDER BY tenant, run LIMIT ?",
        )
        .bind(&place.tenant)
        .bind(&place.run)
        .bind(RUNS_LOOKED_AT_ONCE)
        .fetch_all(self)
        .await?;
        let is_last = ended.len() < RUNS_LOOKED_AT_ONCE as usize;
        let mut ended = ended.into_iter();
        while over.len() < ERASED_AT_ONCE as usize {
            let Some((tenant, run, until_ms)) = ended.next() else {
                if is_last {
                    place = Keeper::default();
                }
                break;
            };
            place = Keeper { tenant, run };
            if until_ms <= now_ms {
                over.push(place.clone());
            }
        }
        *self.swept.keeper() = place;
        Ok(over)
    }

    /// Whoever keeps more than a quota that was lowered: the scope, its limit, and how much it keeps.
    async fn exceeding(&self) -> Result<Vec<(&'static str, String, u64, u64)>, sqlx::Error> {
        let limits = [("key", self.keeping.run_key_bytes_max), ("tenant", self.keeping.run_tenant_bytes_max)];
        let mut exceeding = Vec::new();
        for (name, limit) in limits {
            let found: Vec<(String, i64)> =
                query("SELECT id, bytes FROM used WHERE scope = ? AND bytes > ? LIMIT 1")
                    .bind(name)
                    .bind(i64::try_from(limit).unwrap_or(i64::MAX))
                    .fetch_all(self)
                    .await?;
            exceeding.extend(found.into_iter().map(|(id, bytes)| (name, id, limit, unsigned(bytes))));
        }
        Ok(exceeding)
    }

    async fn uploads_are_over(&self, now_ms: i64) -> Result<bool, sqlx::Error> {
        query("SELECT EXISTS (SELECT 1 FROM files WHERE expires_ms <= ?)").bind(now_ms).fetch_one(self).await
    }
}

/// What runs in progress of a scope keep, and what this one of them does, in bytes.
async fn in_progress(
    conn: &mut Conn,
    scope: Scope<'_>,
    Holding { run, owner, .. }: &Holding<'_>,
) -> Result<(u64, u64), sqlx::Error> {
    let mut sums =
        query("SELECT CAST(coalesce(sum(bytes), 0) AS BIGINT), CAST(coalesce(sum(CASE WHEN run = ");
    sums.push_bind(*run)
        .push(" THEN bytes ELSE 0 END), 0) AS BIGINT) FROM kept WHERE ended = 0 AND tenant = ");
    sums.push_bind(owner.tenant).push(" AND ").push(scope.condition()).push_bind(scope.id.to_owned());
    let (all, own): (i64, i64) = sums.fetch_one(conn).await?;
    Ok((unsigned(all), unsigned(own)))
}

/// Lets go of all that these runs of a tenant hold; the hashes of these contents.
async fn drop_holds_of(conn: &mut Conn, tenant: &str, runs: &[&str]) -> Result<Vec<String>, sqlx::Error> {
    let mut kept = query("DELETE FROM kept WHERE ended IN (0, 1) AND tenant = ");
    kept.push_bind(tenant).push(" AND run IN (");
    kept.push_list(runs.iter().copied()).push(") RETURNING key_id, bytes");
    let kept: Vec<(String, i64)> = kept.fetch_all(&mut *conn).await?;
    let mut freed: BTreeMap<(&str, &str), i64> = BTreeMap::new();
    for (key_id, bytes) in &kept {
        *freed.entry(("tenant", tenant)).or_default() += bytes;
        *freed.entry(("key", key_id)).or_default() += bytes;
    }
    for ((scope, id), bytes) in freed {
        query("UPDATE used SET bytes = bytes - ? WHERE scope = ? AND id = ?")
            .bind(bytes)
            .bind(scope)
            .bind(id)
            .execute(&mut *conn)
            .await?;
    }
    let mut holds = query("DELETE FROM holds WHERE run IN (");
    holds.push_list(runs.iter().copied()).push(") RETURNING sha256");
    holds.fetch_all(conn).await
}

/// Those of these contents that no run holds and nobody has uploaded.
async fn unwanted(conn: &mut Conn, hashes: &[String]) -> Result<Vec<String>, sqlx::Error> {
    if hashes.is_empty() {
        return Ok(Vec::new());
    }
    let mut wanted = query("SELECT sha256 FROM holds WHERE sha256 IN (");
    wanted.push_list(hashes).push(")");
    wanted.push(" UNION SELECT sha256 FROM files WHERE sha256 IN (");
    wanted.push_list(hashes).push(")");
    let wanted: Vec<String> = wanted.fetch_all(conn).await?;
    let wanted: BTreeSet<&String> = wanted.iter().collect();
    Ok(hashes.iter().filter(|hash| !wanted.contains(hash)).cloned().collect())
}

/// What a content of this size counts, in bytes.
fn charge(size: u64) -> i64 {
    i64::try_from(size.saturating_add(ENTRY_BYTES)).unwrap_or(i64::MAX)
}

/// The tables' checks keep these from being negative.
fn unsigned(figure: i64) -> u64 {
    u64::try_from(figure).unwrap_or(0)
}
