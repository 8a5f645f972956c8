//! The same for an ordinary user: in control groups that are delegated to it, and without any.
//!
//! Root makes the user's place and runs this test program there as the user. Where `make test` itself is
//! run by an ordinary user, the other tests are that already.

use std::{
    env, fs,
    os::unix::fs::{PermissionsExt, chown},
    path::PathBuf,
    process::{Command, Output},
};

use ringfence_tests::{Delegation, ORDINARY_ID, Server, is_root, program, runtimes_dir};
use serde_json::json;
use tempfile::TempDir;

use crate::MIB;

/// Most memory of everything the user does, in bytes.
const MEMORY_BYTES: u64 = 1024 * MIB;

/// Most tasks of everything the user does.
const TASKS: u64 = 512;

/// Mixed runs after which nothing may be left behind, unless `RINGFENCE_SOAK_RUNS` says otherwise.
const MIXED_RUNS: &str = "56";

/// Names the tests that the user runs, instead of all of them.
const SUBSET: &str = "RINGFENCE_TESTS_OF_ORDINARY_USER";

/// A directory where the user finds what it needs, whatever the modes of the directories it comes from.
struct Place {
    directory: TempDir,
}

impl Place {
    /// Makes the place; `None` without root, who alone can.
    fn new() -> Option<Place> {
        if !is_root() {
            return None;
        }
        // Not below /tmp, which a supervisor covers.
        let directory = tempfile::tempdir_in("/var/tmp").expect("a directory");
        let path = directory.path();
        fs::set_permissions(path, fs::Permissions::from_mode(0o755)).expect("a mode");
        for name in ["ringfence", "tests"] {
            fs::write(path.join(name), "").expect("a place for a program");
        }
        for name in ["runtimes", "own"] {
            fs::create_dir(path.join(name)).expect("a directory");
        }
        chown(path.join("own"), Some(ORDINARY_ID), Some(ORDINARY_ID)).expect("a directory of the user");
        Some(Place { directory })
    }

    fn own(&self) -> PathBuf {
        self.directory.path().join("own")
    }

    /// A shell command of the user, after lines that root runs.
    fn command(&self, as_root: &str, command: &str) -> Command {
        let path = self.directory.path().display();
        let mixed_runs = env::var("RINGFENCE_SOAK_RUNS").unwrap_or_else(|_| MIXED_RUNS.to_owned());
        let script = format!(
            "set -e\n\
             mount --bind {} {path}/ringfence\nmount --bind {} {path}/tests\nmount --bind {} {path}/runtimes\n\
             {as_root}cd {path}/own\n\
             exec setpriv --reuid {ORDINARY_ID} --regid {ORDINARY_ID} --clear-groups --inh-caps=-all \
             --bounding-set=-all env -i PATH=/usr/sbin:/usr/bin:/sbin:/bin HOME={path}/own TMPDIR={path}/own \
             RINGFENCE_BIN={path}/ringfence RINGFENCE_RUNTIMES_DIR={path}/runtimes \
             RINGFENCE_SOAK_RUNS={mixed_runs} RINGFENCE_DATA_DIR={path}/own/data \
             sh -c '{command}'",
            program().display(),
            env::current_exe().expect("this program").display(),
            runtimes_dir().display(),
        );
        let mut shell = Command::new("unshare");
        shell.args(["--mount", "sh", "-c", &script]);
        shell
    }

    fn output(&self, as_root: &str, command: &str) -> Output {
        self.command(as_root, command).output().expect("a shell")
    }

    /// Runs these tests as the user, `threads` at a time; all of them must pass.
    fn test(&self, delegation: &Delegation, filters: &str, threads: u32) {
        let command =
            format!("exec ../tests --test-threads={threads} --skip ordinary:: --skip guest:: {filters}");
        let output = self.output(&delegation.entered(), &command);
        let text = String::from_utf8_lossy(&output.stdout);
        assert!(output.status.success(), "{text}{}", String::from_utf8_lossy(&output.stderr));
        let result = text.lines().find(|line| line.starts_with("test result: ok")).expect("a result");
        assert!(!result.contains(" 0 passed"), "no test was run: {text}");
        eprintln!("{result}");
    }
}

#[test]
fn limits_hold_for_an_ordinary_user() {
    let Some(place) = Place::new() else { return skipped() };
    let name = format!("ringfence-tests-{}", std::process::id());
    let delegation = Delegation::new(&name, MEMORY_BYTES, TASKS);
    match env::var(SUBSET) {
        Ok(subset) => place.test(&delegation, &subset, 2),
        Err(_) => {
            place.test(&delegation, "--skip time:: --skip nothing_is_left_behind", 2);
            // Alone, as they measure time or count everything.
            place.test(&delegation, "time:: nothing_is_left_behind", 1);
        }
    }
}

#[test]
fn without_control_groups_an_ordinary_user_is_refused_or_told() {
    let Some(place) = Place::new() else { return skipped() };
    let refused = place.output("", "exec ../ringfence serve --listen 127.0.0.1:0");
    let words = String::from_utf8_lossy(&refused.stderr);
    assert!(!refused.status.success(), "{words}");
    for part in
        ["refusing to run without cgroupMemory, cgroupTasks, cgroupCpu", "delegated", "ringfence doctor"]
    {
        assert!(words.contains(part), "not said: {part}: {words}");
    }
    let doctor = place.output("", "exec ../ringfence doctor");
    let words = String::from_utf8_lossy(&doctor.stdout);
    assert!(!doctor.status.success() && words.contains("-p Delegate=yes"), "{words}");
    fs::write(place.own().join("config"), "accept_missing = [\"cgroup\"]\n").expect("a configuration");
    let server = place.command("", "exec ../ringfence --config config serve --listen 127.0.0.1:0");
    let server = Server::start(server);
    for _ in 0..2 {
        let (code, answer) = server.post("/v1/execute", &json!({ "language": "bash", "code": "echo fine" }));
        assert_eq!((code, &answer["stdout"]), (200, &json!("fine\n")), "{answer:#}");
        assert_eq!(answer["isolation"]["complete"], false, "{answer:#}");
        for layer in ["cgroupMemory", "cgroupTasks", "cgroupCpu"] {
            assert_eq!(answer["isolation"][layer]["inForce"], false, "{answer:#}");
        }
        assert_eq!(answer["isolation"]["seccomp"]["inForce"], true, "{answer:#}");
    }
}

fn skipped() {
    eprintln!("skipped: only root can become an ordinary user; the other tests are run by one already");
}
