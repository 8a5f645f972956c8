//! Trials: programs that run into each limit, in the jail.

use std::collections::BTreeMap;

use ringfence_job::{Job, LimitKind, LimitsPatch, LimitsPolicy, Outcome, Runtime, Status};

use super::{Check, CheckState};
use crate::Sandbox;

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
