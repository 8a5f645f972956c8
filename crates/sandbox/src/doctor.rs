//! Says what protects a run on this host, what is missing and what mends it, and tries the limits.

use std::{collections::BTreeMap, path::Path};

use ringfence_job::{
    Isolation, Job, Layer, LayerState, LimitKind, LimitsPatch, LimitsPolicy, Outcome, Runtime, Status,
};
use serde::Serialize;

use crate::{Sandbox, runtimes};

/// How a check turned out.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum CheckState {
    /// In force.
    Ok,
    /// In force in a weaker form.
    Degraded,
    /// Not in force.
    Missing,
    /// Could not be tried.
    Skipped,
}

/// One thing that was looked at.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Check {
    /// What.
    pub name: String,
    /// How it turned out.
    pub state: CheckState,
    /// Why, or in which form.
    pub detail: String,
    /// The command or setting that mends it.
    pub fix: Option<String>,
}

impl Check {
    /// A check without a remedy.
    pub fn new(name: impl Into<String>, state: CheckState, detail: impl Into<String>) -> Check {
        Check { name: name.into(), state, detail: detail.into(), fix: None }
    }

    /// The same with what mends it.
    pub fn mended_by(mut self, fix: impl Into<String>) -> Check {
        self.fix = Some(fix.into());
        self
    }
}

/// Each layer of the jail, as the supervisor found it.
pub fn check_layers(isolation: &Isolation, problems: &[String]) -> Vec<Check> {
    isolation.0.iter().map(|state| check_layer(state, problems)).collect()
}

fn check_layer(state: &LayerState, problems: &[String]) -> Check {
    let name = format!("layer {}", state.layer.name());
    if state.layer == Layer::UserNamespace && state.in_force && state.detail.starts_with("own user") {
        return Check::new(name, CheckState::Degraded, "every run has this user's own uid")
            .mended_by("start ringfence as root: each slot then has a host uid of its own");
    }
    if state.in_force {
        return Check::new(name, CheckState::Ok, &*state.detail);
    }
    let (word, fix) = match state.layer {
        Layer::CgroupMemory | Layer::CgroupTasks | Layer::CgroupCpu => (
            "control group",
            "start ringfence in a control group of your own: systemd-run --user --scope -p Delegate=yes \
             ringfence serve; deploy/README.md has the unit, and what hosts without systemd and containers need",
        ),
        Layer::NetworkNamespace => ("network", "sysctl -w user.max_net_namespaces=10000"),
        Layer::Landlock => ("Landlock", "add lsm=landlock to the kernel's command line and reboot"),
        _ => ("", "sysctl -w user.max_user_namespaces=10000"),
    };
    let why = problems.iter().find(|problem| problem.contains(word)).cloned().unwrap_or_default();
    Check::new(name, CheckState::Missing, why).mended_by(fix)
}

/// What a host offers when no supervisor comes up to say it.
pub fn check_host() -> Vec<Check> {
    let number =
        |path: &str| std::fs::read_to_string(path).ok().and_then(|text| text.trim().parse::<u64>().ok());
    let mut checks = Vec::new();
    for (name, path) in [
        ("user namespaces", "/proc/sys/user/max_user_namespaces"),
        ("network namespaces", "/proc/sys/user/max_net_namespaces"),
        ("mount namespaces", "/proc/sys/user/max_mnt_namespaces"),
        ("pid namespaces", "/proc/sys/user/max_pid_namespaces"),
    ] {
        checks.push(match number(path) {
            Some(0) => Check::new(name, CheckState::Missing, format!("{path} is 0"))
                .mended_by(format!("echo 10000 > {path}")),
            Some(_) => Check::new(name, CheckState::Ok, ""),
            None => Check::new(name, CheckState::Missing, format!("{path} cannot be read"))
                .mended_by("use a kernel with namespaces, and mount /proc"),
        });
    }
    if number("/proc/sys/kernel/unprivileged_userns_clone") == Some(0)
        && !rustix::process::geteuid().is_root()
    {
        let check =
            Check::new("user namespaces of ordinary users", CheckState::Missing, "turned off by the host");
        checks.push(
            check.mended_by("sysctl -w kernel.unprivileged_userns_clone=1, or start ringfence as root"),
        );
    }
    if number("/proc/sys/kernel/apparmor_restrict_unprivileged_userns") == Some(1)
        && !rustix::process::geteuid().is_root()
    {
        let check =
            Check::new("user namespaces of ordinary users", CheckState::Missing, "restricted by AppArmor");
        checks.push(check.mended_by(
            "sysctl -w kernel.apparmor_restrict_unprivileged_userns=0, or start ringfence as root",
        ));
    }
    checks
}

/// Whether each runtime is built; with `deep`, whether every file is as it was built.
pub fn check_runtimes(directory: &Path, deep: bool) -> Vec<Check> {
    runtimes::Name::ALL.into_iter().map(|name| check_runtime(directory, name, deep)).collect()
}

fn check_runtime(directory: &Path, runtime: runtimes::Name, deep: bool) -> Check {
    let name = format!("runtime {}", runtime.as_str());
    let loaded = match runtimes::load(directory, runtime) {
        Ok(loaded) => loaded,
        Err(error) => {
            return Check::new(name, CheckState::Missing, error.to_string())
                .mended_by("ringfence runtimes build");
        }
    };
    let detail = format!("{} libraries, id {}", loaded.libraries.len(), &loaded.id[..12]);
    match deep.then(|| runtimes::verify(&loaded)) {
        Some(Err(error)) => Check::new(name, CheckState::Missing, error.to_string())
            .mended_by("ringfence runtimes build --force"),
        Some(Ok(_)) => Check::new(name, CheckState::Ok, format!("{detail}, every file verified")),
        None => Check::new(name, CheckState::Ok, detail),
    }
}

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
            code: "head -c 64M /dev/zero | tail -c 48M",
            asked: LimitsPatch { memory_bytes: Some(32 << 20), ..LimitsPatch::default() },
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
