//! The ledger: what a step may use is reserved before it runs and settled after.
//!
//! ```text
//!            reserve                settle
//! (nothing) ─────────> held ─────────────────> settled       spent += what was used
//!                        └──> interrupted ────────────────── spent += what was held
//!                   recover, once the lease has run out
//! ```
//! Both ends are final: a step is never run twice on one reservation. Admission is one conditional
//! `UPDATE`, so that no two callers, of any process, can both take what is left.

use async_trait::async_trait;
use ringfence_pipeline::ports::{Amount, AppendError, Budget, Ledger, LedgerError, StoreError};
use ringfence_pipeline::run::{Event, Principal, Recorded, Run, RunId};
use sqlx::sqlite::SqliteRow;
use sqlx::{Row, SqliteConnection};

use super::failed;
use super::holds::Owner;
use super::record::{open_run, read_history, run_id};
use crate::{LEASE_MARGIN_MS, Store};

/// The most that one reservation, settlement or limit may say: far above any real one, and small
/// enough that thousands of them add up without leaving an `i64`.
pub(super) const AMOUNT_MAX: i64 = 1_000_000_000_000_000;
/// Reservations recovered in one transaction, so that others get to write in between.
const RECOVERED_AT_ONCE: u32 = 100;

/// Something held for a step.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reservation {
    /// The run.
    pub run: RunId,
    /// Its step.
    pub step: u32,
    /// Whose run it is.
    pub tenant: String,
    /// The key whose budget it is held from.
    pub key_id: String,
    /// How much.
    pub amount: Amount,
    /// When it counts as interrupted, in milliseconds since the Unix epoch.
    pub lease_until_ms: i64,
}

#[async_trait]
impl Ledger for Store {
    async fn reserve(
        &self,
        principal: &Principal,
        run: RunId,
        step: u32,
        amount: Amount,
        events: &[Recorded],
    ) -> Result<(), LedgerError> {
        let doing = "reserving";
        check_amount(doing, amount)?;
        self.room.check(doing)?;
        let mut tx = self.database.write().await.map_err(failed(doing))?;
        let now_ms = (self.clock)();
        open_run(&mut tx, principal, run, events, now_ms).await?;
        if !hold(&mut tx, principal, run, step, amount, lease_until(now_ms, amount)).await? {
            return Ok(check_held(&mut tx, principal, run, step).await?);
        }
        take(&mut tx, principal, amount, now_ms).await?;
        self.append_events(&mut tx, principal.into(), run, events, true).await?;
        Ok(self.database.commit(tx).await.map_err(failed(doing))?)
    }

    async fn settle(
        &self,
        principal: &Principal,
        run: RunId,
        step: u32,
        used: Amount,
        events: &[Recorded],
    ) -> Result<(), LedgerError> {
        let doing = "settling";
        check_amount(doing, used)?;
        let mut tx = self.database.write().await.map_err(failed(doing))?;
        let held: Option<(i64, i64)> = sqlx::query_as(
            "UPDATE reservations SET state = 'settled', used_runs = ?, used_sandbox_ms = ?
             WHERE run = ? AND step = ? AND tenant = ? AND key_id = ? AND state = 'held'
             RETURNING runs, sandbox_ms",
        )
        .bind(used.runs)
        .bind(used.sandbox_ms)
        .bind(run.to_string())
        .bind(step)
        .bind(&principal.tenant)
        .bind(&principal.key_id)
        .fetch_optional(&mut *tx)
        .await
        .map_err(failed(doing))?;
        let Some((runs, sandbox_ms)) = held else {
            return Ok(settled_before(&mut tx, principal, run, step, used).await?);
        };
        spend(&mut tx, &principal.key_id, Amount { runs, sandbox_ms }, used).await?;
        self.append_events(&mut tx, principal.into(), run, events, false).await?;
        Ok(self.database.commit(tx).await.map_err(failed(doing))?)
    }

    async fn check_key(&self, principal: &Principal) -> Result<(), LedgerError> {
        let doing = "checking a key";
        let accepted: i64 = sqlx::query_scalar(
            "SELECT count(*) FROM keys WHERE id = ? AND tenant = ? AND revoked_ms IS NULL
             AND (expires_ms IS NULL OR expires_ms > ?)",
        )
        .bind(&principal.key_id)
        .bind(&principal.tenant)
        .bind((self.clock)())
        .fetch_one(&self.database.readers)
        .await
        .map_err(failed(doing))?;
        if accepted == 1 { Ok(()) } else { Err(LedgerError::KeyEnded(principal.key_id.clone())) }
    }
}

impl Store {
    /// What the principal's key may use, has used and holds; `None` if the tenant has no such key.
    ///
    /// # Errors
    /// [`StoreError`] if the database fails.
    pub async fn budget(&self, principal: &Principal) -> Result<Option<Budget>, StoreError> {
        let doing = "reading a budget";
        let mut conn = self.database.readers.acquire().await.map_err(failed(doing))?;
        read_budget(&mut conn, principal).await
    }

    /// What is still held although its lease has run out: whoever ran these steps is gone.
    ///
    /// # Errors
    /// [`StoreError`] if the database fails.
    pub async fn interrupted(&self, now_ms: i64) -> Result<Vec<Reservation>, StoreError> {
        let doing = "listing interrupted steps";
        let mut conn = self.database.readers.acquire().await.map_err(failed(doing))?;
        expired(&mut conn, now_ms, u32::MAX).await
    }

    /// Settles what [`Store::interrupted`] lists at its bound and ends each of the runs that has not
    /// ended with `run.interrupted`; returns what it settled. Several processes may do so at once.
    ///
    /// # Errors
    /// [`StoreError`] if the database fails; what was settled until then stays settled.
    pub async fn recover(&self, now_ms: i64) -> Result<Vec<Reservation>, StoreError> {
        let doing = "settling interrupted steps";
        let mut recovered = Vec::new();
        // Looked for without the write lock, as there is hardly ever any.
        while !self.interrupted(now_ms).await?.is_empty() {
            let mut tx = self.database.write().await.map_err(failed(doing))?;
            let batch = expired(&mut tx, now_ms, RECOVERED_AT_ONCE).await?;
            for reservation in &batch {
                self.interrupt(&mut tx, reservation, now_ms).await.map_err(|error| match error {
                    AppendError::Store(error) => error,
                    AppendError::Quota(quota) => StoreError::new(doing, quota.to_string()),
                })?;
            }
            self.database.commit(tx).await.map_err(failed(doing))?;
            recovered.extend(batch);
        }
        Ok(recovered)
    }

    /// Settles one reservation at its bound and says so in the run's history.
    async fn interrupt(
        &self,
        conn: &mut SqliteConnection,
        reservation: &Reservation,
        now_ms: i64,
    ) -> Result<(), AppendError> {
        let doing = "settling interrupted steps";
        sqlx::query(
            "UPDATE reservations
             SET state = 'interrupted', used_runs = runs, used_sandbox_ms = sandbox_ms
             WHERE run = ? AND step = ?",
        )
        .bind(reservation.run.to_string())
        .bind(reservation.step)
        .execute(&mut *conn)
        .await
        .map_err(failed(doing))?;
        spend(conn, &reservation.key_id, reservation.amount, reservation.amount).await?;
        match interruption(conn, reservation, now_ms).await? {
            Some(event) => {
                let owner = Owner { tenant: &reservation.tenant, key_id: &reservation.key_id };
                self.append_events(conn, owner, reservation.run, &[event], false).await
            }
            None => Ok(()),
        }
    }
}

/// Refuses what no step can use and what sums could not hold.
pub(super) fn check_amount(doing: &'static str, amount: Amount) -> Result<(), StoreError> {
    for (unit, figure) in [("runs", amount.runs), ("sandbox_ms", amount.sandbox_ms)] {
        if !(0..=AMOUNT_MAX).contains(&figure) {
            let reason = format!("{figure} {unit} is not between 0 and {AMOUNT_MAX}");
            return Err(StoreError::new(doing, reason));
        }
    }
    Ok(())
}

/// Reads a budget's six columns.
pub(super) fn budget_from(row: &SqliteRow) -> Result<Budget, sqlx::Error> {
    let amount = |runs, sandbox_ms| -> Result<Amount, sqlx::Error> {
        Ok(Amount { runs: row.try_get(runs)?, sandbox_ms: row.try_get(sandbox_ms)? })
    };
    Ok(Budget {
        limit: amount("limit_runs", "limit_sandbox_ms")?,
        spent: amount("spent_runs", "spent_sandbox_ms")?,
        reserved: amount("reserved_runs", "reserved_sandbox_ms")?,
    })
}

fn lease_until(now_ms: i64, amount: Amount) -> i64 {
    now_ms.saturating_add(amount.sandbox_ms).saturating_add(LEASE_MARGIN_MS)
}

/// Writes a reservation; false if there is one for this step.
async fn hold(
    conn: &mut SqliteConnection,
    principal: &Principal,
    run: RunId,
    step: u32,
    amount: Amount,
    lease_until_ms: i64,
) -> Result<bool, StoreError> {
    let held = sqlx::query(
        "INSERT INTO reservations
             (run, step, tenant, key_id, runs, sandbox_ms, lease_until_ms, state)
         VALUES (?, ?, ?, ?, ?, ?, ?, 'held')
         ON CONFLICT (run, step) DO NOTHING",
    )
    .bind(run.to_string())
    .bind(step)
    .bind(&principal.tenant)
    .bind(&principal.key_id)
    .bind(amount.runs)
    .bind(amount.sandbox_ms)
    .bind(lease_until_ms)
    .execute(conn)
    .await
    .map_err(failed("reserving"))?;
    Ok(held.rows_affected() == 1)
}

/// Fine if this very reservation is held. One that is final, or another key's, is an error: admitting
/// it again would run a step that nothing pays for.
async fn check_held(
    conn: &mut SqliteConnection,
    principal: &Principal,
    run: RunId,
    step: u32,
) -> Result<(), StoreError> {
    let doing = "reserving";
    let (tenant, key, state): (String, String, String) =
        sqlx::query_as("SELECT tenant, key_id, state FROM reservations WHERE run = ? AND step = ?")
            .bind(run.to_string())
            .bind(step)
            .fetch_one(conn)
            .await
            .map_err(failed(doing))?;
    let reason = if tenant != principal.tenant || key != principal.key_id {
        format!("step {step} of run {run} is another key's")
    } else if state == "held" {
        return Ok(());
    } else {
        format!("step {step} of run {run} is {state} already, use a new step")
    };
    Err(StoreError::new(doing, reason))
}

/// Takes an amount from what is left of the key's budget, or says what is missing.
async fn take(
    conn: &mut SqliteConnection,
    principal: &Principal,
    amount: Amount,
    now_ms: i64,
) -> Result<(), LedgerError> {
    let doing = "reserving";
    // A sum beyond an i64 becomes a float in SQLite, which is above every limit: it is refused.
    let taken = sqlx::query(
        "UPDATE budgets
         SET reserved_runs = reserved_runs + ?1, reserved_sandbox_ms = reserved_sandbox_ms + ?2
         WHERE key_id = ?3
           AND spent_runs + reserved_runs + ?1 <= limit_runs
           AND spent_sandbox_ms + reserved_sandbox_ms + ?2 <= limit_sandbox_ms
           AND EXISTS (SELECT 1 FROM keys WHERE id = ?3 AND tenant = ?4 AND revoked_ms IS NULL
                       AND (expires_ms IS NULL OR expires_ms > ?5))",
    )
    .bind(amount.runs)
    .bind(amount.sandbox_ms)
    .bind(&principal.key_id)
    .bind(&principal.tenant)
    .bind(now_ms)
    .execute(&mut *conn)
    .await
    .map_err(failed(doing))?;
    if taken.rows_affected() == 1 {
        return Ok(());
    }
    let refusal =
        read_budget(conn, principal).await?.and_then(|budget| shortfall(&principal.key_id, budget, amount));
    Err(refusal.unwrap_or_else(|| LedgerError::KeyEnded(principal.key_id.clone())))
}

/// What an amount lacks, or `None` if it fits.
fn shortfall(key_id: &str, budget: Budget, amount: Amount) -> Option<LedgerError> {
    let Budget { limit, spent, reserved } = budget;
    [
        ("runs", amount.runs, limit.runs, spent.runs, reserved.runs),
        ("sandbox_ms", amount.sandbox_ms, limit.sandbox_ms, spent.sandbox_ms, reserved.sandbox_ms),
    ]
    .into_iter()
    .find_map(|(unit, amount, limit, spent, reserved)| {
        let left = limit.saturating_sub(spent).saturating_sub(reserved);
        let missing = amount.saturating_sub(left);
        let scope = format!("key {key_id}");
        (missing > 0).then_some(LedgerError::Exhausted { scope, unit, missing, limit })
    })
}

/// Moves what was held to what was spent, by what was really used.
async fn spend(
    conn: &mut SqliteConnection,
    key_id: &str,
    held: Amount,
    used: Amount,
) -> Result<(), StoreError> {
    sqlx::query(
        "UPDATE budgets
         SET reserved_runs = reserved_runs - ?1, reserved_sandbox_ms = reserved_sandbox_ms - ?2,
             spent_runs = spent_runs + ?3, spent_sandbox_ms = spent_sandbox_ms + ?4
         WHERE key_id = ?5",
    )
    .bind(held.runs)
    .bind(held.sandbox_ms)
    .bind(used.runs)
    .bind(used.sandbox_ms)
    .bind(key_id)
    .execute(conn)
    .await
    .map_err(failed("settling"))?;
    Ok(())
}

/// Nothing is held: fine if the same was settled before, an error otherwise.
async fn settled_before(
    conn: &mut SqliteConnection,
    principal: &Principal,
    run: RunId,
    step: u32,
    used: Amount,
) -> Result<(), StoreError> {
    let doing = "settling";
    let found: Option<(String, i64, i64)> = sqlx::query_as(
        "SELECT state, used_runs, used_sandbox_ms FROM reservations
         WHERE run = ? AND step = ? AND tenant = ? AND key_id = ?",
    )
    .bind(run.to_string())
    .bind(step)
    .bind(&principal.tenant)
    .bind(&principal.key_id)
    .fetch_optional(conn)
    .await
    .map_err(failed(doing))?;
    let reason = match found {
        Some((state, runs, sandbox_ms)) if state == "settled" => {
            if (Amount { runs, sandbox_ms }) == used {
                return Ok(());
            }
            format!("step {step} of run {run} was settled at another amount")
        }
        Some(_) => format!("step {step} of run {run} was interrupted and settled at its bound"),
        None => format!("nothing is reserved for step {step} of run {run}"),
    };
    Err(StoreError::new(doing, reason))
}

async fn read_budget(
    conn: &mut SqliteConnection,
    principal: &Principal,
) -> Result<Option<Budget>, StoreError> {
    let doing = "reading a budget";
    sqlx::query(
        "SELECT budgets.* FROM budgets JOIN keys ON keys.id = budgets.key_id
         WHERE keys.id = ? AND keys.tenant = ?",
    )
    .bind(&principal.key_id)
    .bind(&principal.tenant)
    .fetch_optional(conn)
    .await
    .map_err(failed(doing))?
    .map(|row| budget_from(&row).map_err(failed(doing)))
    .transpose()
}

async fn expired(
    conn: &mut SqliteConnection,
    now_ms: i64,
    limit: u32,
) -> Result<Vec<Reservation>, StoreError> {
    let doing = "listing interrupted steps";
    let rows: Vec<(String, u32, String, String, i64, i64, i64)> = sqlx::query_as(
        "SELECT run, step, tenant, key_id, runs, sandbox_ms, lease_until_ms FROM reservations
         WHERE state = 'held' AND lease_until_ms <= ? ORDER BY lease_until_ms LIMIT ?",
    )
    .bind(now_ms)
    .bind(limit)
    .fetch_all(conn)
    .await
    .map_err(failed(doing))?;
    rows.into_iter()
        .map(|(run, step, tenant, key_id, runs, sandbox_ms, lease_until_ms)| {
            let run = run_id(doing, &run)?;
            let amount = Amount { runs, sandbox_ms };
            Ok(Reservation { run, step, tenant, key_id, amount, lease_until_ms })
        })
        .collect()
}

/// The event that ends an interrupted run; none if it has ended otherwise, as when it failed and its
/// settlement with it.
async fn interruption(
    conn: &mut SqliteConnection,
    reservation: &Reservation,
    now_ms: i64,
) -> Result<Option<Recorded>, StoreError> {
    let history = read_history(conn, &reservation.tenant, reservation.run).await?;
    match Run::replay(reservation.run, &history) {
        Ok(mut run) => Ok(run.apply(&Event::Interrupted {}, now_ms).ok()),
        Err(error) => {
            // The money must be settled all the same, or it would be held for ever.
            tracing::warn!(run = %reservation.run, %error, "history of an interrupted run is unreadable");
            Ok(None)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_missing_is_named_with_its_limit() {
        let amount = |runs, sandbox_ms| Amount { runs, sandbox_ms };
        let budget = Budget { limit: amount(10, 100), spent: amount(4, 40), reserved: amount(5, 50) };
        assert!(shortfall("k", budget, amount(1, 10)).is_none());
        let refusal = shortfall("k", budget, amount(1, 30)).unwrap().to_string();
        assert!(refusal.contains("key k is exhausted: 20 sandbox_ms missing of a limit of 100"));
    }

    #[test]
    fn leases_and_shortfalls_do_not_overflow() {
        let all = Amount { runs: i64::MAX, sandbox_ms: i64::MAX };
        assert_eq!(lease_until(i64::MAX, all), i64::MAX);
        let budget = Budget { limit: Amount::default(), spent: all, reserved: all };
        assert!(shortfall("k", budget, all).is_some());
        assert!(check_amount("testing", all).is_err());
        assert!(check_amount("testing", Amount { runs: -1, sandbox_ms: 0 }).is_err());
    }
}
