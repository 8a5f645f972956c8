//! Trials: programs that run into each limit, in the jail.

use std::{collections::BTreeMap, time::Duration};

use ringfence_job::{Job, LimitKind, LimitsPatch, LimitsPolicy, Outcome, Runtime, Status};

use super::{Check, CheckState};
use crate::{PoolFigures, Sandbox, Times};

/// Time for which a program that should wait is waited for, and for the supervisor's figures of it.
const POOL_WAIT_MAX: Duration = Duration::from_secs(5);

/// Time between two looks at those figures.
const POOL_LOOK: Duration = Duration::from_millis(20);

/// A program that runs into a limit, and what must come of it.
struct Trial {
    name: &'static str,
    code: &'static str,
    asked: LimitsPatch,
    expect: fn(&Outcome) -> bool,
}

/// Runs a program against each limit, in the jail. A limit that does not hold is `Missing`.
pub async fn self_test(sandbox: &Sandbox, limits: &LimitsPolicy) -> Vec<Check> {
    if !sandbox.has(Runtime::Bash) {
        return vec![
            Check::new("self-test", CheckState::Skipped, "the shell runtime is not built")
                .mended_by("ringfence runtimes build"),
        ];
    }
    let mut checks = Vec::new();
    for trial in trials() {
        checks.push(run_trial(sandbox, limits, &trial).await);
    }
    checks
}

fn trials() -> Vec<Trial> {
    vec![
        Trial {
            name: "a program runs",
            code: "echo ready",
            asked: LimitsPatch::default(),
            expect: |outcome| outcome.status == Status::Succeeded && outcome.stdout == b"ready\n",
        },
        Trial {
            name: "wall-clock limit",
            code: "sleep 20",
            asked: LimitsPatch { wall_ms: Some(100), ..LimitsPatch::default() },
            expect: |outcome| outcome.status == Status::TimedOut && hits(outcome, LimitKind::WallMs),
        },
        Trial {
            name: "cpu limit",
            code: "while :; do :; done",
            asked: LimitsPatch { cpu_ms: Some(100), ..LimitsPatch::default() },
            expect: |outcome| outcome.status == Status::TimedOut && hits(outcome, LimitKind::CpuMs),
        },
        Trial {
            name: "memory limit",
            // One write to each page: slow machines have no time for more.
            code: "dd if=/dev/zero of=/dev/null bs=24M count=1",
            asked: LimitsPatch { memory_bytes: Some(16 << 20), ..LimitsPatch::default() },
            expect: |outcome| outcome.status == Status::OutOfMemory,
        },
        Trial {
            name: "task limit",
            // Bash would try again for seconds.
            code: "exec dash -c 'for i in 1 2 3 4 5 6 7 8; do sleep 20 & done'",
            asked: LimitsPatch { tasks: Some(4), ..LimitsPatch::default() },
            expect: |outcome| hits(outcome, LimitKind::Tasks),
        },
        Trial {
            name: "scratch limit",
            code: "head -c 1M /dev/zero > file",
            asked: LimitsPatch { scratch_bytes: Some(512 << 10), ..LimitsPatch::default() },
            expect: |outcome| hits(outcome, LimitKind::ScratchBytes),
        },
        Trial {
            name: "output limit",
            code: "head -c 10000 /dev/zero",
            asked: LimitsPatch { stdout_bytes: Some(1000), ..LimitsPatch::default() },
            expect: |outcome| outcome.stdout.len() == 1000 && outcome.stdout_truncated,
        },
        Trial {
            name: "no network",
            code: "exec 3<>/dev/tcp/127.0.0.1/1",
            asked: LimitsPatch::default(),
            expect: |outcome| outcome.denied_syscalls.iter().any(|call| call.name == "socket"),
        },
    ]
}

fn hits(outcome: &Outcome, kind: LimitKind) -> bool {
    outcome.limits_hit.iter().any(|hit| hit.limit == kind)
}

/// Runs a program where some wait for one, and tells what waits, and how long forks and takedowns take. A pool in
/// which nobody waits makes runs slow, not unsafe.
pub async fn self_test_pool(sandbox: &Sandbox, limits: &LimitsPolicy) -> Check {
    const NAME: &str = "pool";
    if !pool_comes_to(sandbox, |pool| waiting(pool) > 0).await {
        let detail = format!("nothing waits for runs after {} s", POOL_WAIT_MAX.as_secs());
        return Check::new(NAME, CheckState::Degraded, detail)
            .mended_by("look at what a server logs of zygotes, and at the memory that is left");
    }
    let waits = waiting(&sandbox.pool());
    let ran = run_trial(sandbox, limits, &trials()[0]).await;
    if ran.state != CheckState::Ok {
        return ran;
    }
    pool_comes_to(sandbox, |pool| pool.kinds.values().any(|kind| kind.hits + kind.misses > 0)).await;
    let pool = sandbox.pool();
    let (hits, misses) =
        pool.kinds.values().fold((0, 0), |(hits, misses), kind| (hits + kind.hits, misses + kind.misses));
    let detail = format!(
        "{waits} wait; a run took {}: {hits} hits, {misses} misses{}{}",
        ran.detail,
        mean("forks", pool.forks),
        mean("takedowns", pool.takedowns),
    );
    Check::new(NAME, CheckState::Ok, detail)
}

/// Waits until the supervisor's figures are so; false if they do not come to be.
async fn pool_comes_to(sandbox: &Sandbox, so: impl Fn(&PoolFigures) -> bool) -> bool {
    let looks = async {
        while !so(&sandbox.pool()) {
            tokio::time::sleep(POOL_LOOK).await;
        }
    };
    tokio::time::timeout(POOL_WAIT_MAX, looks).await.is_ok()
}

fn waiting(pool: &PoolFigures) -> u64 {
    pool.kinds.values().map(|kind| kind.waiting).sum()
}

fn mean(what: &str, Times { count, total_us }: Times) -> String {
    total_us.checked_div(count).map_or_else(String::new, |mean| format!(", {what} of {mean} us"))
}

async fn run_trial(sandbox: &Sandbox, limits: &LimitsPolicy, trial: &Trial) -> Check {
    let name = format!("self-test: {}", trial.name);
    // An operator may have set a floor above what a trial asks for.
    let Ok(limits) = limits.resolve(&trial.asked) else {
        return Check::new(name, CheckState::Skipped, "the configured limits leave no room for it");
    };
    let job = Job {
        runtime: Runtime::Bash,
        code: trial.code.to_owned(),
        args: Vec::new(),
        stdin: Vec::new(),
        env: BTreeMap::new(),
        files: Vec::new(),
        limits,
        fresh: false,
    };
    match sandbox.run(&job).await {
        Ok(outcome) if (trial.expect)(&outcome) => {
            Check::new(name, CheckState::Ok, format!("{} ms", outcome.usage.wall_ms))
        }
        Ok(outcome) => {
            let detail = format!("it ended as {} after {} ms", outcome.status, outcome.usage.wall_ms);
            Check::new(name, CheckState::Missing, detail)
                .mended_by("look at the layers above that are not in force")
        }
        Err(error) => Check::new(name, CheckState::Missing, error.to_string()),
    }
}
