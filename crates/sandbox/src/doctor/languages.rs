//! Trials of every language while the service runs: a small program each, in the jail, within its own
//! limits, and with little patience where others wait as well.

use std::{
    collections::BTreeMap,
    future::pending,
    time::{Duration, Instant},
};

use ringfence_job::{Job, Language, LimitsPatch, LimitsPolicy, Progress, Runtime, Status};
use tokio::{sync::watch, task::JoinSet, time::timeout};

use crate::{Sandbox, SandboxError};

/// Longest wait for a slot; programs of clients that wait longer than this are all busy, none is broken.
const SLOT_WAIT_MAX: Duration = Duration::from_secs(2);

/// Wall-clock and cpu limit of a trial, in milliseconds.
const TRIAL_MS: u64 = 5_000;

/// Longest wait for the end of a trial that has a slot: a supervisor that is well ends it before.
const TRIAL_MAX: Duration = Duration::from_secs(6);

/// What every program is to print.
const PRINTS: &[u8] = b"42\n";

/// How the trial of one language turned out.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LanguageTrial {
    /// Which.
    pub language: Language,
    /// What came of it.
    pub tried: Tried,
    /// How long it took, the wait for a slot included.
    pub took: Duration,
}

/// What came of a trial.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Tried {
    /// The program did what it was to do.
    Works,
    /// Every slot was taken for as long as the trial would wait.
    Busy,
    /// It did not; the text says what happened, for the operator.
    Fails(String),
}

/// Runs a small program in every language that was there when the sandbox was started, all at once as
/// far as slots are free.
pub async fn try_languages(sandbox: &Sandbox, limits: &LimitsPolicy) -> Vec<LanguageTrial> {
    let mut trials = JoinSet::new();
    for language in Language::ALL.into_iter().filter(|language| sandbox.has(Runtime::from(*language))) {
        let (sandbox, job) = (sandbox.clone(), job(language, limits));
        trials.spawn(async move {
            let began = Instant::now();
            let tried = match job {
                Ok(job) => try_job(&sandbox, &job).await,
                Err(reason) => Tried::Fails(reason),
            };
            LanguageTrial { language, tried, took: began.elapsed() }
        });
    }
    trials.join_all().await
}

fn job(language: Language, limits: &LimitsPolicy) -> Result<Job, String> {
    let code = match language {
        Language::Python => "print(6 * 7)",
        Language::JavaScript => "console.log(6 * 7)",
        Language::TypeScript => "const answer: number = 6 * 7\nconsole.log(answer)",
        Language::Bash => "echo $((6 * 7))",
    };
    let short = LimitsPatch { wall_ms: Some(TRIAL_MS), cpu_ms: Some(TRIAL_MS), ..LimitsPatch::default() };
    // An operator's ceiling may be shorter still.
    let limits = limits.resolve(&short).or_else(|_| limits.resolve(&LimitsPatch::default()));
    Ok(Job {
        runtime: language.into(),
        code: code.to_owned(),
        args: Vec::new(),
        stdin: Vec::new(),
        env: BTreeMap::new(),
        files: Vec::new(),
        limits: limits.map_err(|_| "the configured limits allow no program".to_owned())?,
        // What waits already shows nothing of what the next one needs.
        fresh: true,
    })
}

async fn try_job(sandbox: &Sandbox, job: &Job) -> Tried {
    let (started, mut has_started) = watch::channel(false);
    let watcher = move |progress: Progress<'_>| {
        if matches!(progress, Progress::Started) {
            started.send_replace(true);
        }
    };
    let impatient = async move {
        if timeout(SLOT_WAIT_MAX, has_started.wait_for(|started| *started)).await.is_ok() {
            pending::<()>().await;
        }
    };
    let trial = async { sandbox.prepare(job)?.run(watcher, impatient).await };
    match timeout(SLOT_WAIT_MAX + TRIAL_MAX, trial).await {
        Ok(Ok(outcome)) if outcome.status == Status::Succeeded && outcome.stdout == PRINTS => Tried::Works,
        Ok(Ok(outcome)) => Tried::Fails(format!("its program ended as {}", outcome.status)),
        Ok(Err(SandboxError::Stopped)) if !sandbox.is_silent() => Tried::Busy,
        Ok(Err(SandboxError::Stopped)) => Tried::Fails("the supervisor is silent".to_owned()),
        Ok(Err(error)) => Tried::Fails(error.to_string()),
        Err(_) => Tried::Fails("its program did not end in time".to_owned()),
    }
}
