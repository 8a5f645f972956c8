//! The ledger: what a step may use is reserved before it runs and settled after.
//!
//! ```text
//!            reserve                settle
//! (nothing) ─────────> held ─────────────────> settled       spent += what was used
//!     │                 ^ ├──> interrupted ────────────────── spent += what was held, or more if that is known
//!     │ wait      start │ │      recover, once the lease has run out
//!     └─────────> waiting ┴──> released                       spent += nothing, for it has not begun
//! ```
//! The ends are final: a step is never run twice on one reservation. Admission is decided under the
//! database's write lock on what all who pay have, so that no two callers, of any process, can both take what
//! is left.

use async_trait::async_trait;
use ringfence_pipeline::budget::{AMOUNT_MAX, Account, Amount, BudgetScope, DAY_MS, Unit, admit, money_left};
use ringfence_pipeline::keys::Scopes;
use ringfence_pipeline::ports::{Admitted, Charge, Ledger, LedgerError, Receipt, Rest, StoreError};
use ringfence_pipeline::run::{Principal, Recorded, RunId};

use super::record::run_id;
use super::{Conn, Query, StoredRow, Transaction, accounts, failed, query};
use crate::{LEASE_MARGIN_MS, Store, WAITING_STEPS_MAX};

/// Something held for a step.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reservation {
    /// The run.
    pub run: RunId,
    /// Its step.
    pub step: u32,
    /// Whose run it is. What the key may do is not known here.
    pub principal: Principal,
    /// The conversation it belongs to, if any.
    pub session: Option<String>,
    /// Who wrote the code, or was asked for it.
    pub author: String,
    /// When it was reserved, in milliseconds since the Unix epoch; it counts in the periods of that time.
    pub at_ms: i64,
    /// How much.
    pub amount: Amount,
    /// When it counts as interrupted or, if it waits for a person, is released.
    pub until_ms: i64,
    /// True if it waits for a person.
    pub waits: bool,
}

impl Reservation {
    /// Who pays for it.
    fn path(&self) -> Vec<BudgetScope> {
        BudgetScope::path(&self.principal, self.session.as_deref(), self.run)
    }
}

#[async_trait]
impl Ledger for Store {
    async fn reserve_and_tell(
        &self,
        charge: Charge<'_>,
        amount: Amount,
        events: &[Recorded],
        admitted: Admitted<'_>,
    ) -> Result<(), LedgerError> {
        let at_ms = (self.clock)();
        let until_ms = lease_until(at_ms, amount);
        self.take(&Taking { charge, amount, state: State::Held, at_ms, until_ms, admitted }, events).await
    }

    async fn start(
        &self,
        principal: &Principal,
        run: RunId,
        step: u32,
        events: &[Recorded],
    ) -> Result<(), LedgerError> {
        let doing = "starting a step";
        let now_ms = (self.clock)();
        let mut tx = self.write(doing).await?;
        check_key(&mut tx, principal, now_ms).await?;
        if !renew_lease(&mut tx, doing, principal, run, step, now_ms, Lease::Lasting).await? {
            return Err(
                StoreError::new(doing, format!("nothing is held for step {step} of run {run}")).into()
            );
        }
        self.append_events(&mut tx, principal, run, events, Vec::new()).await?;
        Ok(tx.commit().await.map_err(failed(doing))?)
    }

    async fn adopt(&self, principal: &Principal, run: RunId, step: u32) -> Result<bool, StoreError> {
        let doing = "adopting a step";
        let now_ms = (self.clock)();
        let mut tx = self.write(doing).await?;
        let taken = renew_lease(&mut tx, doing, principal, run, step, now_ms, Lease::RunOut).await?;
        tx.commit().await.map_err(failed(doing))?;
        Ok(taken)
    }

    async fn settle(
        &self,
        principal: &Principal,
        run: RunId,
        step: u32,
        used: Amount,
        events: &[Recorded],
    ) -> Result<Receipt, LedgerError> {
        let (settling, receipt) = self.begin_to_settle(principal, run, step, used).await?;
        if let Some(settling) = settling {
            self.settle_held(settling, events).await?;
        }
        Ok(receipt)
    }

    async fn settle_soon(
        &self,
        principal: &Principal,
        run: RunId,
        step: u32,
        used: Amount,
        events: &[Recorded],
    ) -> Result<(Receipt, Option<Rest>), LedgerError> {
        let (settling, receipt) = self.begin_to_settle(principal, run, step, used).await?;
        let Some(settling) = settling else { return Ok((receipt, None)) };
        // What there may be no room for is not to be answered.
        let debt = self.room.check("settling").ok().and_then(|()| self.database.owe());
        let Some(debt) = debt else {
            self.settle_held(settling, events).await?;
            return Ok((receipt, None));
        };
        let (store, events) = (self.clone(), events.to_vec());
        let settle = async move {
            if let Err(error) = store.settle_held(settling, &events).await {
                tracing::error!(%run, %error, "a run that was answered is not recorded, it will be interrupted");
            }
            drop(debt);
        };
        Ok((receipt, Some(Box::pin(settle))))
    }

    async fn catch_up(&self) {
        if let Err(error) = self.keep_left_promises().await {
            tracing::warn!(%error, "what is promised cannot be kept yet");
        }
    }

    async fn check_key(&self, principal: &Principal) -> Result<(), LedgerError> {
        let mut conn = self.read().await.map_err(failed("checking a key"))?;
        check_key(&mut conn, principal, (self.clock)()).await
    }
}

impl Store {
    /// Holds `amount` for a step that waits for a person, until `until_ms`, and appends `events`, in one
    /// durable transaction. Repeating it changes nothing.
    ///
    /// # Errors
    /// As [`Ledger::reserve`]; [`LedgerError::TooManyWait`] if the user has [`WAITING_STEPS_MAX`] of them.
    pub async fn wait(
        &self,
        charge: Charge<'_>,
        amount: Amount,
        until_ms: i64,
        events: &[Recorded],
    ) -> Result<(), LedgerError> {
        let at_ms = (self.clock)();
        let (state, admitted) = (State::Waiting, &|| {});
        self.take(&Taking { charge, amount, state, at_ms, until_ms, admitted }, events).await
    }

    /// Gives back what is held for a step that waited and will not begin, and appends `events`.
    ///
    /// # Errors
    /// [`StoreError`] if it does not wait any more, or the database fails.
    pub async fn let_go(
        &self,
        principal: &Principal,
        run: RunId,
        step: u32,
        events: &[Recorded],
    ) -> Result<(), StoreError> {
        let doing = "releasing a step";
        let mut tx = self.write(doing).await?;
        let found = find(&mut tx, doing, principal, run, step).await?;
        let Some(Found { reservation, .. }) = found.filter(|found| found.reservation.waits) else {
            return Err(StoreError::new(doing, format!("step {step} of run {run} does not wait")));
        };
        self.release(&mut tx, &reservation, events).await?;
        tx.commit().await.map_err(failed(doing))
    }

    /// Takes an amount from what is left to all who pay, and notes what it is for; once, however often it is asked.
    async fn take(&self, taking: &Taking<'_>, events: &[Recorded]) -> Result<(), LedgerError> {
        let doing = "reserving";
        check_amount(doing, taking.amount)?;
        self.room.check(doing)?;
        match self.try_take(taking, events).await {
            Ok(()) => Ok(()),
            Err(error) if !self.is_held(taking.charge).await? => Err(error),
            // It was there before, or is and could not be synced.
            Err(_) => Ok(self.database.sync().await.map_err(failed(doing))?),
        }
    }

    /// As [`Store::take`], for a step that nothing is held for; it fails, and leaves nothing, if something is.
    async fn try_take(&self, taking: &Taking<'_>, events: &[Recorded]) -> Result<(), LedgerError> {
        let doing = "reserving";
        let Taking { charge: Charge { principal, run, session, .. }, amount, at_ms, .. } = *taking;
        let path = BudgetScope::path(principal, session, run);
        let mut tx = self.write(doing).await?;
        // Before the reservation is there: a balance that is made now must not count it yet.
        let accounts = accounts::open(&mut tx, doing, &path, at_ms, &self.default_budget).await?;
        admit(&accounts, &amount).map_err(LedgerError::Exhausted)?;
        if taking.state == State::Waiting {
            check_waiting(&mut tx, principal).await?;
        }
        let Err(mut tx) = self.promise(tx, taking, accounts, events).await? else { return Ok(()) };
        (taking.admitted)();
        let written = self.admit_events(&mut tx, principal, run, events, taking.statements()).await?;
        if written.first() != Some(&1) {
            return Err(LedgerError::KeyEnded(principal.key_id.clone()));
        }
        Ok(tx.commit().await.map_err(failed(doing))?)
    }

    /// Writes what is taken and was admitted before; false if its key is not accepted.
    pub(super) async fn append_taken(
        &self,
        conn: &mut Conn,
        taking: &Taking<'_>,
        events: &[Recorded],
    ) -> Result<bool, StoreError> {
        let Charge { principal, run, .. } = taking.charge;
        let written = self.append_events(conn, principal, run, events, taking.statements()).await?;
        Ok(written.first() == Some(&1))
    }

    /// True if this very reservation is open. One that is final, or another key's, is an error: admitting it
    /// again would run a step that nothing pays for.
    async fn is_held(&self, charge: Charge<'_>) -> Result<bool, StoreError> {
        let Charge { principal, run, step, .. } = charge;
        let doing = "reserving";
        let found: Option<(String, String, String)> =
            query("SELECT tenant, key_id, state FROM reservations WHERE run = ? AND step = ?")
                .bind(run.to_string())
                .bind(step)
                .fetch_optional(self)
                .await
                .map_err(failed(doing))?;
        let Some((tenant, key, state)) = found else { return Ok(false) };
        let reason = if tenant != principal.tenant || key != principal.key_id {
            format!("step {step} of run {run} is another key's")
        } else if [State::Held.name(), State::Waiting.name()].contains(&state.as_str()) {
            return Ok(true);
        } else {
            format!("step {step} of run {run} is {state} already, use a new step")
        };
        Err(StoreError::new(doing, reason))
    }

    /// Looks at a step that is to be settled: if it is held, all that is left is to write that.
    async fn begin_to_settle(
        &self,
        principal: &Principal,
        run: RunId,
        step: u32,
        used: Amount,
    ) -> Result<(Option<Settling>, Receipt), LedgerError> {
        let doing = "settling";
        check_amount(doing, used)?;
        let mut tx = self.database.write().await.map_err(failed(doing))?;
        if let Some((reservation, accounts)) = self.promised_last(&mut tx, principal, run, step).await {
            let (with, receipt) = weigh(accounts, &reservation, Amount::default(), State::Settled, used);
            return Ok((Some(Settling { tx, reservation, with }), receipt));
        }
        self.keep_promises(&mut tx).await?;
        let Some(found) = find(&mut tx, doing, principal, run, step).await? else {
            let reason = format!("nothing is reserved for step {step} of run {run}");
            return Err(StoreError::new(doing, reason).into());
        };
        if found.state != State::Held.name() {
            return Ok((None, self.settle_again(tx, &found, used).await?));
        }
        let reservation = found.reservation;
        let accounts = self.accounts_of(&mut tx, doing, &reservation).await?;
        let (with, receipt) = weigh(accounts, &reservation, reservation.amount, State::Settled, used);
        Ok((Some(Settling { tx, reservation, with }), receipt))
    }

    async fn settle_held(&self, settling: Settling, events: &[Recorded]) -> Result<(), StoreError> {
        let Settling { mut tx, reservation: Reservation { principal, run, .. }, with } = settling;
        self.keep_promises(&mut tx).await?;
        self.append_events(&mut tx, &principal, run, events, with).await?;
        // Should the power fail within the next moment, the step is settled at its bound.
        tx.commit_soon().await.map_err(failed("settling"))
    }

    /// Ends a step that is held: moves what was held to what was spent, by what was really used, and appends
    /// `events`.
    pub(super) async fn charge(
        &self,
        conn: &mut Conn,
        doing: &'static str,
        reservation: &Reservation,
        to: State,
        used: Amount,
        events: &[Recorded],
    ) -> Result<(), StoreError> {
        let accounts = self.accounts_of(conn, doing, reservation).await?;
        let (with, _) = weigh(accounts, reservation, reservation.amount, to, used);
        self.append_events(conn, &reservation.principal, reservation.run, events, with).await.map(drop)
    }

    /// What all who pay for a step have.
    async fn accounts_of(
        &self,
        conn: &mut Conn,
        doing: &'static str,
        reservation: &Reservation,
    ) -> Result<Vec<Account>, StoreError> {
        accounts::open(conn, doing, &reservation.path(), reservation.at_ms, &self.default_budget).await
    }

    /// Gives back what is held for a step that has not begun, and appends `events`.
    pub(super) async fn release(
        &self,
        conn: &mut Conn,
        reservation: &Reservation,
        events: &[Recorded],
    ) -> Result<(), StoreError> {
        let Reservation { run, principal, amount, at_ms, .. } = reservation;
        let with = vec![
            end(reservation, State::Released, None),
            accounts::change(&reservation.path(), *at_ms, Amount::default(), negative(*amount)),
        ];
        self.append_events(conn, principal, *run, events, with).await.map(drop)
    }

    /// Nothing is held: fine if the same was settled before, an error otherwise. What an interrupted step used
    /// beyond its bound is charged all the same.
    async fn settle_again(
        &self,
        mut tx: Transaction,
        found: &Found,
        used: Amount,
    ) -> Result<Receipt, StoreError> {
        let doing = "settling";
        let Found { reservation, state, used: before } = found;
        let Reservation { run, step, principal, at_ms, .. } = reservation;
        let refused = |reason: String| Err(StoreError::new(doing, reason));
        if state == State::Settled.name() {
            let reason = format!("step {step} of run {run} was settled at another amount");
            return if *before == used { Ok(Receipt::default()) } else { refused(reason) };
        }
        if state != State::Interrupted.name() {
            return refused(format!("step {step} of run {run} is {state}"));
        }
        let more = Amount::each(|unit| used.get(unit).saturating_sub(before.get(unit)).max(0));
        if !more.is_nothing() {
            let all = query(
                "UPDATE reservations SET used_nano_usd = used_nano_usd + ?, used_tokens = used_tokens + ?,
                     used_runs = used_runs + ?, used_sandbox_ms = used_sandbox_ms + ?
                 WHERE run = ? AND step = ?",
            );
            let all = all.bind(more.nano_usd).bind(more.tokens).bind(more.runs).bind(more.sandbox_ms);
            let with = vec![
                all.bind(run.to_string()).bind(*step),
                accounts::change(&reservation.path(), *at_ms, more, Amount::default()),
                usage_of(reservation, more),
            ];
            self.append_events(&mut tx, principal, *run, &[], with).await?;
            tx.commit().await.map_err(failed(doing))?;
        }
        refused(format!("step {step} of run {run} was interrupted and settled at its bound"))
    }
}

/// A step that is held, and the statements that end it, in the transaction in which it was found.
struct Settling {
    tx: Transaction,
    reservation: Reservation,
    with: Vec<Query>,
}

/// The statements that end a step that is held, and what all who pay have then. `counted` is what their `accounts`
/// hold for it: nothing yet if it is only promised.
fn weigh(
    mut accounts: Vec<Account>,
    reservation: &Reservation,
    counted: Amount,
    to: State,
    used: Amount,
) -> (Vec<Query>, Receipt) {
    let Reservation { run, amount, at_ms, .. } = reservation;
    // As they are with what is written then.
    for Account { budget, .. } in &mut accounts {
        budget.spent = budget.spent.plus(&used);
        budget.reserved = budget.reserved.plus(&negative(counted));
    }
    let (crossed, notes) = accounts::tell(&accounts, Some(*run), *at_ms);
    let mut with = vec![
        end(reservation, to, Some(used)),
        accounts::change(&reservation.path(), *at_ms, used, negative(*amount)),
        usage_of(reservation, used),
    ];
    with.extend(notes);
    (with, Receipt { left_nano_usd: money_left(&accounts), crossed })
}

/// Where a reservation stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum State {
    Waiting,
    Held,
    Settled,
    Interrupted,
    Released,
}

impl State {
    fn name(self) -> &'static str {
        match self {
            State::Waiting => "waiting",
            State::Held => "held",
            State::Settled => "settled",
            State::Interrupted => "interrupted",
            State::Released => "released",
        }
    }
}

/// What is to be held for a step, and from when until when.
#[derive(Clone, Copy)]
pub(super) struct Taking<'a> {
    pub(super) charge: Charge<'a>,
    pub(super) amount: Amount,
    /// Held, or waiting.
    pub(super) state: State,
    pub(super) at_ms: i64,
    pub(super) until_ms: i64,
    pub(super) admitted: Admitted<'a>,
}

impl Taking<'_> {
    /// The statements that take it; the first writes one row if the key is accepted.
    fn statements(&self) -> Vec<Query> {
        let Charge { principal, session, run, .. } = self.charge;
        let path = BudgetScope::path(principal, session, run);
        vec![note(self), accounts::change(&path, self.at_ms, Amount::default(), self.amount)]
    }
}

/// A reservation as it is found.
struct Found {
    reservation: Reservation,
    /// Where it stands, by its name.
    state: String,
    used: Amount,
}

/// Whether a lease has run out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Lease {
    Lasting,
    RunOut,
}

/// Refuses what no step can use and what sums could not hold.
pub(super) fn check_amount(doing: &'static str, amount: Amount) -> Result<(), StoreError> {
    for unit in Unit::ALL {
        let figure = amount.get(unit);
        if !(0..=AMOUNT_MAX).contains(&figure) {
            let reason = format!("{figure} {} is not between 0 and {AMOUNT_MAX}", unit.name());
            return Err(StoreError::new(doing, reason));
        }
    }
    Ok(())
}

fn negative(amount: Amount) -> Amount {
    Amount::each(|unit| -amount.get(unit))
}

fn lease_until(now_ms: i64, amount: Amount) -> i64 {
    now_ms.saturating_add(amount.sandbox_ms).saturating_add(LEASE_MARGIN_MS)
}

/// Fine while the principal's key is accepted.
async fn check_key(conn: &mut Conn, principal: &Principal, now_ms: i64) -> Result<(), LedgerError> {
    let accepted: i64 = query(
        "SELECT count(*) FROM keys WHERE id = ? AND tenant = ? AND revoked_ms IS NULL
         AND (expires_ms IS NULL OR expires_ms > ?)",
    )
    .bind(&principal.key_id)
    .bind(&principal.tenant)
    .bind(now_ms)
    .fetch_one(conn)
    .await
    .map_err(failed("checking a key"))?;
    if accepted == 1 { Ok(()) } else { Err(LedgerError::KeyEnded(principal.key_id.clone())) }
}

/// Renews the lease on an open reservation, which is held from now on; false if there is none of the
/// principal's with such a lease.
async fn renew_lease(
    conn: &mut Conn,
    doing: &'static str,
    principal: &Principal,
    run: RunId,
    step: u32,
    now_ms: i64,
    lease: Lease,
) -> Result<bool, StoreError> {
    let renewed = query(
        "UPDATE reservations SET state = 'held', until_ms = ? + sandbox_ms
         WHERE run = ? AND step = ? AND tenant = ? AND key_id = ? AND state IN ('held', 'waiting')
           AND CASE WHEN until_ms <= ? THEN 1 ELSE 0 END = ?",
    )
    .bind(now_ms.saturating_add(LEASE_MARGIN_MS))
    .bind(run.to_string())
    .bind(step)
    .bind(&principal.tenant)
    .bind(&principal.key_id)
    .bind(now_ms)
    .bind(i64::from(lease == Lease::RunOut))
    .execute(conn)
    .await
    .map_err(failed(doing))?;
    Ok(renewed == 1)
}

/// The statement that writes a reservation, if the key is accepted.
fn note(taking: &Taking<'_>) -> Query {
    let Taking { charge, amount, state, at_ms, until_ms, .. } = *taking;
    let Charge { principal, run, step, session, author } = charge;
    query(
        "INSERT INTO reservations (run, step, tenant, \"user\", key_id, session, author, at_ms, nano_usd, tokens,
                                   runs, sandbox_ms, until_ms, state)
         SELECT ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ? FROM keys
         WHERE id = ? AND tenant = ? AND revoked_ms IS NULL AND (expires_ms IS NULL OR expires_ms > ?)",
    )
    .bind(run.to_string())
    .bind(step)
    .bind(&principal.tenant)
    .bind(&principal.user)
    .bind(&principal.key_id)
    .bind(session.unwrap_or_default())
    .bind(author)
    .bind(at_ms)
    .bind(amount.nano_usd)
    .bind(amount.tokens)
    .bind(amount.runs)
    .bind(amount.sandbox_ms)
    .bind(until_ms)
    .bind(state.name())
    .bind(&principal.key_id)
    .bind(&principal.tenant)
    .bind(at_ms)
}

/// Fine if the user has not too many steps that wait for one more: what waits is held, and days may go by.
async fn check_waiting(conn: &mut Conn, principal: &Principal) -> Result<(), LedgerError> {
    let waiting: i64 =
        query("SELECT count(*) FROM reservations WHERE state = 'waiting' AND tenant = ? AND \"user\" = ?")
            .bind(&principal.tenant)
            .bind(&principal.user)
            .fetch_one(conn)
            .await
            .map_err(failed("reserving"))?;
    if waiting < WAITING_STEPS_MAX { Ok(()) } else { Err(LedgerError::TooManyWait(WAITING_STEPS_MAX)) }
}

/// The principal's reservation for a step.
async fn find(
    conn: &mut Conn,
    doing: &'static str,
    principal: &Principal,
    run: RunId,
    step: u32,
) -> Result<Option<Found>, StoreError> {
    let row: Option<StoredRow> =
        query("SELECT * FROM reservations WHERE run = ? AND step = ? AND tenant = ? AND key_id = ?")
            .bind(run.to_string())
            .bind(step)
            .bind(&principal.tenant)
            .bind(&principal.key_id)
            .fetch_optional(conn)
            .await
            .map_err(failed(doing))?;
    row.map(|row| {
        Ok(Found {
            reservation: reservation_from(doing, &row)?,
            state: row.try_get("state").map_err(failed(doing))?,
            used: amount_from(&row, USED).map_err(failed(doing))?,
        })
    })
    .transpose()
}

/// The statement that ends an open reservation; one that is released has used nothing.
fn end(reservation: &Reservation, to: State, used: Option<Amount>) -> Query {
    query(
        "UPDATE reservations SET state = ?, used_nano_usd = ?, used_tokens = ?, used_runs = ?, used_sandbox_ms = ?
         WHERE run = ? AND step = ?",
    )
    .bind(to.name())
    .bind(used.map(|used| used.nano_usd))
    .bind(used.map(|used| used.tokens))
    .bind(used.map(|used| used.runs))
    .bind(used.map(|used| used.sandbox_ms))
    .bind(reservation.run.to_string())
    .bind(reservation.step)
}

/// The statement that adds to what was used.
fn usage_of(reservation: &Reservation, used: Amount) -> Query {
    let Reservation { principal, session, author, at_ms, .. } = reservation;
    query(
        "INSERT INTO usage (day, tenant, \"user\", key_id, session, author, nano_usd, tokens, runs, sandbox_ms)
         VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
         ON CONFLICT (day, tenant, \"user\", key_id, session, author) DO UPDATE SET
             nano_usd = usage.nano_usd + excluded.nano_usd, tokens = usage.tokens + excluded.tokens,
             runs = usage.runs + excluded.runs, sandbox_ms = usage.sandbox_ms + excluded.sandbox_ms",
    )
    .bind(at_ms.div_euclid(DAY_MS))
    .bind(&principal.tenant)
    .bind(&principal.user)
    .bind(&principal.key_id)
    .bind(session.as_deref().unwrap_or_default())
    .bind(author)
    .bind(used.nano_usd)
    .bind(used.tokens)
    .bind(used.runs)
    .bind(used.sandbox_ms)
}

const RESERVED: [&str; 4] = ["nano_usd", "tokens", "runs", "sandbox_ms"];
const USED: [&str; 4] = ["used_nano_usd", "used_tokens", "used_runs", "used_sandbox_ms"];

/// An amount from these columns; what is not there is nothing.
fn amount_from(row: &StoredRow, columns: [&str; 4]) -> Result<Amount, sqlx::Error> {
    let [nano_usd, tokens, runs, sandbox_ms] =
        columns.map(|column| row.try_get::<Option<i64>, _>(column).map(Option::unwrap_or_default));
    Ok(Amount { nano_usd: nano_usd?, tokens: tokens?, runs: runs?, sandbox_ms: sandbox_ms? })
}

pub(super) fn reservation_from(doing: &'static str, row: &StoredRow) -> Result<Reservation, StoreError> {
    let session: String = row.try_get("session").map_err(failed(doing))?;
    let read = || -> Result<Reservation, sqlx::Error> {
        Ok(Reservation {
            run: run_id(doing, row.try_get("run")?).map_err(|error| sqlx::Error::Decode(error.into()))?,
            step: u32::try_from(row.try_get::<i64, _>("step")?)
                .map_err(|error| sqlx::Error::Decode(error.into()))?,
            principal: Principal {
                tenant: row.try_get("tenant")?,
                user: row.try_get("user")?,
                scopes: Scopes::NONE,
                key_id: row.try_get("key_id")?,
            },
            session: (!session.is_empty()).then_some(session),
            author: row.try_get("author")?,
            at_ms: row.try_get("at_ms")?,
            amount: amount_from(row, RESERVED)?,
            until_ms: row.try_get("until_ms")?,
            waits: row.try_get::<&str, _>("state")? == State::Waiting.name(),
        })
    };
    read().map_err(failed(doing))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn leases_do_not_overflow_and_amounts_have_bounds() {
        let all = Amount::each(|_| i64::MAX);
        assert_eq!(lease_until(i64::MAX, all), i64::MAX);
        assert!(check_amount("testing", all).is_err());
        assert!(check_amount("testing", Amount { runs: -1, ..Amount::default() }).is_err());
        assert!(check_amount("testing", Amount::each(|_| AMOUNT_MAX)).is_ok());
    }
}
