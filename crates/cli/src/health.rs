//! What the server asks about the rest of the house: what ails it, and, at a deep look, what works.

use std::{
    collections::BTreeMap,
    time::{Duration, Instant},
};

use ringfence_job::LimitsPolicy;
use ringfence_pipeline::ports::StoreError;
use ringfence_sandbox::{
    Sandbox,
    doctor::{LanguageTrial, Tried, try_languages},
};
use ringfence_server::{Ailment, Check, CheckStatus, Examination};
use ringfence_store::Store;
use tokio::time::timeout;

use crate::clock;

/// Longest wait for the store at a deep look.
const STORE_MAX: Duration = Duration::from_secs(5);

/// What keeps runs from being carried through, as far as it is known without trying.
pub(crate) fn ailments(store: &Store, sandbox: &Sandbox) -> Vec<Ailment> {
    let store_ailment = |error: StoreError| Ailment {
        code: match error {
            StoreError { full: true, .. } => "store_full",
            StoreError { gone: true, .. } => "store_unavailable",
            StoreError { .. } => "store_failed",
        },
        detail: error.to_string(),
    };
    let supervisor = if sandbox.is_closed() {
        Some(("supervisor_gone", "the supervisor is gone, start ringfence again"))
    } else if sandbox.is_silent() {
        Some(("supervisor_silent", "the supervisor says nothing about its runs, start ringfence again"))
    } else {
        None
    };
    let supervisor = supervisor.map(|(code, detail)| Ailment { code, detail: detail.to_owned() });
    let damaged = sandbox.damaged_runtimes().into_iter();
    let damaged = damaged.map(|detail| Ailment { code: "runtime_damaged", detail });
    let stored = [store.check_room(), store.check_database()];
    let stored = stored.into_iter().filter_map(Result::err).map(store_ailment);
    stored.chain(supervisor).chain(damaged).collect()
}

/// Runs a program in every language, and writes to the store and reads from it, outside any budget.
/// What fails is logged with its reason; what is told to everybody is that it fails.
pub(crate) async fn examine(store: Store, sandbox: Sandbox, limits: LimitsPolicy) -> Examination {
    let checked_ms = clock::now_ms();
    let (trials, stored) = tokio::join!(try_languages(&sandbox, &limits), try_store(&store));
    let languages = trials.into_iter().map(|trial| (trial.language.name(), of_language(&trial)));
    let checks: BTreeMap<&'static str, Check> = languages.chain([("store", stored)]).collect();
    Examination { checks, checked_ms }
}

fn of_language(trial: &LanguageTrial) -> Check {
    match &trial.tried {
        Tried::Works => check(CheckStatus::Ok, None, trial.took),
        Tried::Busy => check(CheckStatus::Busy, Some("every slot is taken by other runs"), trial.took),
        Tried::Fails(reason) => {
            tracing::error!(language = %trial.language, reason, "a program of ours does not run");
            check(CheckStatus::Failing, Some("a program in it does not run, see the log"), trial.took)
        }
    }
}

async fn try_store(store: &Store) -> Check {
    let began = Instant::now();
    let detail = match timeout(STORE_MAX, store.try_out()).await {
        Ok(Ok(())) => return check(CheckStatus::Ok, None, began.elapsed()),
        Ok(Err(error)) if error.full => {
            tracing::error!(%error, "the store is full");
            "it is full, free space where the data directory is"
        }
        Ok(Err(error)) if error.gone => {
            tracing::error!(%error, reason = error.reason, "the database is gone");
            "the database does not answer"
        }
        Ok(Err(error)) => {
            tracing::error!(%error, "the store does not work");
            "it cannot be written or read, see the log"
        }
        Err(_) => "it does not answer in time",
    };
    check(CheckStatus::Failing, Some(detail), began.elapsed())
}

fn check(status: CheckStatus, detail: Option<&'static str>, took: Duration) -> Check {
    Check { status, detail, duration_ms: u64::try_from(took.as_millis()).unwrap_or(u64::MAX) }
}
