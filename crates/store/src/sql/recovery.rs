//! Recovery: what becomes of runs whose process is gone.
//!
//! Whoever carries a run out holds a lease on what is reserved for its step, and between two steps one on
//! the run itself. A lease runs out after its time, and when a process opens the database that finds that nobody
//! else has it open.
//! ```text
//! it may have begun                    interrupted, at its bound   run.interrupted
//! it has not begun, and is awaited     held, until it begins       (the run goes on)
//! it has not begun                     released, for nothing       run.interrupted
//! nothing is reserved                                              run.interrupted
//! ```

use ringfence_pipeline::keys::Scopes;
use ringfence_pipeline::ports::StoreError;
use ringfence_pipeline::run::{Event, Left, Principal, Recorded, Run, RunId};

use super::claims::forget_claims;
use super::ledger::{Reservation, State, reservation_from};
use super::record::{read_history, run_id};
use super::{Conn, Query, failed, query};
use crate::{LEASE_MARGIN_MS, Store};

/// Steps or runs recovered in one transaction, so that others get to write in between.
const RECOVERED_AT_ONCE: usize = 100;

/// What a recovery found.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Recovered {
    /// What was reserved and is not held any more: its step was interrupted, or will not begin.
    pub ended: Vec<Reservation>,
    /// Runs that were interrupted between two steps.
    pub runs: Vec<RunId>,
    /// What is reserved for steps that have not begun and are to: whoever can, adopts them.
    pub to_begin: Vec<Reservation>,
}

/// Ends every lease, for whoever finds that nobody else can have one.
pub(crate) const END_LEASES: &str = "UPDATE reservations SET until_ms = 0 WHERE state = 'held'; \
                                     UPDATE in_progress SET until_ms = 0";

/// Whether there are leases.
pub(crate) const HAS_LEASES: &str = "SELECT EXISTS (SELECT 1 FROM reservations WHERE state = 'held') \
                                     OR EXISTS (SELECT 1 FROM in_progress)";

/// Tells that leases could not be ended: they run out, so that nothing is lost but time.
pub(crate) fn warn_of_leases(error: &sqlx::Error) {
    tracing::warn!(%error, "leases of processes that are gone run out in their time");
}

impl Store {
    /// What is reserved although its time has run out: whoever ran these steps is gone, and nobody decided
    /// on those that wait.
    ///
    /// # Errors
    /// [`StoreError`] if the database fails.
    pub async fn interrupted(&self, now_ms: i64) -> Result<Vec<Reservation>, StoreError> {
        let doing = "listing interrupted steps";
        query(
            "SELECT * FROM reservations WHERE state IN ('held', 'waiting') AND until_ms <= ? ORDER BY until_ms",
        )
        .bind(now_ms)
        .fetch_all(self)
        .await
        .map_err(failed(doing))?
        .iter()
        .map(|row| reservation_from(doing, row))
        .collect()
    }

    /// Ends what crashed processes left in progress, but for what is to begin yet. Several processes may do so
    /// at once.
    ///
    /// # Errors
    /// [`StoreError`] if the database fails; what was ended until then stays ended.
    pub async fn recover(&self, now_ms: i64) -> Result<Recovered, StoreError> {
        let doing = "settling interrupted steps";
        let mut recovered = Recovered::default();
        // Looked for without the write lock, as there is hardly ever any.
        for batch in self.interrupted(now_ms).await?.chunks(RECOVERED_AT_ONCE) {
            let mut tx = self.write(doing).await?;
            for reservation in batch {
                if !is_left(&mut tx, reservation, now_ms).await? {
                    continue;
                }
                match self.end_step(&mut tx, reservation, now_ms).await? {
                    Left::ToBegin => recovered.to_begin.push(reservation.clone()),
                    Left::Interrupted | Left::GivenBack => recovered.ended.push(reservation.clone()),
                }
            }
            tx.commit().await.map_err(failed(doing))?;
        }
        for batch in self.unfinished(now_ms).await?.chunks(RECOVERED_AT_ONCE) {
            let mut tx = self.write(doing).await?;
            for (run, ..) in batch {
                recovered.runs.extend(self.end_run(&mut tx, run, now_ms).await?);
            }
            tx.commit().await.map_err(failed(doing))?;
        }
        Ok(recovered)
    }

    /// Ends a step whose process is gone, unless it is to begin yet.
    async fn end_step(
        &self,
        conn: &mut Conn,
        reservation: &Reservation,
        now_ms: i64,
    ) -> Result<Left, StoreError> {
        let doing = "settling interrupted steps";
        let Reservation { run, step, principal, amount, waits, .. } = reservation;
        let mut replayed = replay(conn, &principal.tenant, *run).await?;
        let left = match &replayed {
            // Nobody decided on it.
            _ if *waits => Left::GivenBack,
            Some(run) => run.left(*step),
            // The money must be settled all the same, or it would be held for ever.
            None => Left::Interrupted,
        };
        if left == Left::ToBegin {
            return Ok(left);
        }
        let event = replayed.as_mut().and_then(|run| run.apply(&Event::Interrupted {}, now_ms).ok());
        if left == Left::Interrupted {
            self.charge(conn, doing, reservation, State::Interrupted, *amount, event.as_slice()).await?;
        } else {
            self.release(conn, reservation, event.as_slice()).await?;
            forget_claims(conn, principal, *run).await?;
        }
        Ok(left)
    }

    /// Runs for which nothing is reserved and whose process has not said for too long that it goes on.
    async fn unfinished(&self, now_ms: i64) -> Result<Vec<Unfinished>, StoreError> {
        let query = query(UNFINISHED).bind(now_ms).bind(None::<String>);
        query.fetch_all(self).await.map_err(failed("listing interrupted runs"))
    }

    /// Ends a run, unless somebody has gone on with it.
    async fn end_run(&self, conn: &mut Conn, id: &str, now_ms: i64) -> Result<Option<RunId>, StoreError> {
        let doing = "ending interrupted runs";
        let found = query(UNFINISHED).bind(now_ms).bind(Some(id)).fetch_optional(&mut *conn).await;
        let found: Option<Unfinished> = found.map_err(failed(doing))?;
        let Some((_, tenant, user, key_id)) = found else { return Ok(None) };
        let (run, principal) = (run_id(doing, id)?, Principal { tenant, user, key_id, scopes: Scopes::NONE });
        let mut replayed = replay(conn, &principal.tenant, run).await?;
        match replayed.as_mut().and_then(|run| run.apply(&Event::Interrupted {}, now_ms).ok()) {
            Some(event) => {
                self.append_events(conn, &principal, run, &[event], Vec::new()).await?;
            }
            // There is nothing more to say about it.
            None => {
                let forget = query("DELETE FROM in_progress WHERE run = ?").bind(id);
                forget.execute(&mut *conn).await.map_err(failed(doing))?;
            }
        }
        Ok(Some(run))
    }
}

/// A run's id, its tenant, its user and its key.
type Unfinished = (String, String, String, String);

/// Runs that nobody goes on with at a time, all or one. SQLite makes cross joins in the order in which they are
/// written: it would begin with all events.
const UNFINISHED: &str = "SELECT runs.id, runs.tenant, runs.\"user\", runs.key_id
    FROM in_progress AS p CROSS JOIN events AS first CROSS JOIN runs
    WHERE p.until_ms <= ?1 AND (?2 IS NULL OR p.run = ?2)
      AND first.run = p.run AND first.seq = 0 AND runs.tenant = first.tenant AND runs.id = p.run
      AND NOT EXISTS (SELECT 1 FROM reservations AS r WHERE r.run = p.run AND r.state IN ('held', 'waiting'))";

/// The statement that notes that a run goes on, or has ended, with its last event.
pub(super) fn note_progress(run: &str, last: &Recorded) -> Query {
    if last.is_end() {
        query("DELETE FROM in_progress WHERE run = ?").bind(run)
    } else {
        query(
            "INSERT INTO in_progress (run, until_ms) VALUES (?, ?)
             ON CONFLICT (run) DO UPDATE SET until_ms = excluded.until_ms",
        )
        .bind(run)
        .bind(last.at_ms.saturating_add(LEASE_MARGIN_MS))
    }
}

/// True if a reservation is open still and nobody has taken it over.
async fn is_left(conn: &mut Conn, reservation: &Reservation, now_ms: i64) -> Result<bool, StoreError> {
    query(
        "SELECT EXISTS (SELECT 1 FROM reservations
             WHERE run = ? AND step = ? AND state IN ('held', 'waiting') AND until_ms <= ?)",
    )
    .bind(reservation.run.to_string())
    .bind(reservation.step)
    .bind(now_ms)
    .fetch_one(conn)
    .await
    .map_err(failed("settling interrupted steps"))
}

/// A run as its history has it; none if that is unreadable.
async fn replay(conn: &mut Conn, tenant: &str, run: RunId) -> Result<Option<Run>, StoreError> {
    let history = read_history(conn, tenant, run).await?;
    let replayed = Run::replay(run, &history);
    if let Err(error) = &replayed {
        tracing::warn!(%run, %error, "history of an interrupted run is unreadable");
    }
    Ok(replayed.ok())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn what_is_in_progress_is_all_that_is_gone_through() {
        let dir = tempfile::tempdir().unwrap();
        let store = Store::open(dir.path(), None).await.unwrap();
        let plan = query(format!("EXPLAIN QUERY PLAN {UNFINISHED}")).bind(0_i64).bind(None::<String>);
        let plan: Vec<(i64, i64, i64, String)> = plan.fetch_all(&store.database).await.unwrap();
        let scanned: Vec<_> = plan.iter().filter(|step| step.3.starts_with("SCAN")).collect();
        assert!(scanned.len() == 1 && scanned[0].3 == "SCAN p", "{plan:?}");
    }
}
