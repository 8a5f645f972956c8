//! The only way to a job that may be executed: policy, then budget, then [`Cleared`].
//!
//! Each step consumes the value of the step before it, and no value can be made elsewhere: a
//! [`Checked`] comes out of the policy, a [`Reserved`] only out of the ledger's consent to a
//! `Checked` (or to have what was reserved for it: [`Adopted`]), a [`Cleared`] only out of a `Reserved`. An
//! approval will stand between the first two.

use ringfence_job::Job;

use crate::{
    budget::{Amount, Prices},
    policy::Checked,
    ports::{Admitted, Charge, Ledger, LedgerError, StoreError},
    run::{Principal, Recorded, RunId},
};

/// Time that a run may take beyond its wall-clock limit until it is dead and collected, in
/// milliseconds; reserved, and settled at what was used.
pub const SETTLE_MARGIN_MS: i64 = 1000;

/// A job that passed the policy and whose cost the ledger admitted.
#[derive(Debug)]
pub(crate) struct Reserved {
    run: RunId,
    job: Job,
    amount: Amount,
}

/// What a job may use at most: one run if it is somebody's program, none if it is our own reader.
pub(crate) fn bound(job: &Job, prices: &Prices) -> Amount {
    let wall_ms = i64::try_from(job.limits.wall_ms).unwrap_or(i64::MAX);
    let runs = i64::from(job.runtime != ringfence_job::Runtime::Reader);
    let sandbox_ms = wall_ms.saturating_add(SETTLE_MARGIN_MS);
    Amount { nano_usd: prices.sandbox(sandbox_ms), tokens: 0, runs, sandbox_ms }
}

impl Reserved {
    /// Asks the ledger for all that the job may use; the events become durable with its consent. `admitted` as
    /// with [`Ledger::reserve_and_tell`].
    pub(crate) async fn reserve(
        ledger: &dyn Ledger,
        charge: Charge<'_>,
        checked: Checked,
        prices: &Prices,
        events: &[Recorded],
        admitted: Admitted<'_>,
    ) -> Result<Reserved, LedgerError> {
        let job = checked.into_job();
        let amount = bound(&job, prices);
        ledger.reserve_and_tell(charge, amount, events, admitted).await?;
        Ok(Reserved { run: charge.run, job, amount })
    }

    /// Nothing more is asked for: the job may run.
    pub(crate) fn clear(self) -> Cleared {
        let Reserved { run, job, amount } = self;
        Cleared { run, job, amount }
    }
}

/// What was reserved for a step by a process that is gone; only the ledger's consent makes one.
#[derive(Debug)]
pub(crate) struct Adopted {
    run: RunId,
}

impl Adopted {
    /// Asks the ledger for what is reserved; none if somebody holds it.
    pub(crate) async fn of(
        ledger: &dyn Ledger,
        principal: &Principal,
        run: RunId,
        step: u32,
    ) -> Result<Option<Adopted>, StoreError> {
        Ok(ledger.adopt(principal, run, step).await?.then_some(Adopted { run }))
    }

    /// It was reserved for this job.
    pub(crate) fn with(self, checked: Checked, prices: &Prices) -> Reserved {
        let job = checked.into_job();
        let amount = bound(&job, prices);
        Reserved { run: self.run, job, amount }
    }
}

/// A job that passed policy, approval and budget. Only this crate can make one, and the executor
/// accepts nothing else.
///
/// It can be used:
/// ```
/// use ringfence_pipeline::run::{Cleared, RunId};
/// fn job_of(cleared: Cleared) -> (RunId, ringfence_job::Job) {
///     (cleared.run(), cleared.into_job())
/// }
/// ```
/// It cannot be made:
/// ```compile_fail,E0451
/// use ringfence_pipeline::{budget::Amount, run::{Cleared, RunId}};
/// fn forge(run: RunId, job: ringfence_job::Job, amount: Amount) -> Cleared {
///     Cleared { run, job, amount }
/// }
/// ```
#[derive(Debug)]
pub struct Cleared {
    run: RunId,
    job: Job,
    amount: Amount,
}

impl Cleared {
    /// The run this job belongs to.
    pub fn run(&self) -> RunId {
        self.run
    }

    /// What is reserved for it.
    pub(crate) fn amount(&self) -> Amount {
        self.amount
    }

    /// The job.
    pub(crate) fn job(&self) -> &Job {
        &self.job
    }

    /// The job, for an executor that has not prepared it.
    pub fn into_job(self) -> Job {
        self.job
    }
}
