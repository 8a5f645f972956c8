//! A place where a program may escape without harm: an ordinary user inside namespaces and control groups.
//!
//! Root makes the place and gives up everything before the build with removable layers starts in it.

use std::{
    fs,
    os::unix::fs::{PermissionsExt, chown},
    process::Command,
};

use ringfence_tests::{Delegation, ORDINARY_ID, runtimes_dir, weakened_program};
use serde_json::Value;
use tempfile::TempDir;

use crate::{Observed, Program};

/// Most memory of all that happens in the place, in bytes.
const MEMORY_BYTES: u64 = 1 << 30;

/// Most tasks of all that happens in the place.
const TASKS: u64 = 256;

/// Every layer may be missing: that is the point.
const CONFIG: &str = "accept_missing = [\"userNamespace\", \"pidNamespace\", \"mountNamespace\", \
    \"networkNamespace\", \"ipcNamespace\", \"noNewPrivileges\", \"seccomp\", \"landlock\", \
    \"cgroupMemory\", \"cgroupTasks\", \"cgroupCpu\"]\n";

/// The place.
#[derive(Debug)]
pub(crate) struct Outer {
    directory: TempDir,
    delegation: Delegation,
}

impl Outer {
    /// Makes the place; only root can.
    pub(crate) fn new() -> Outer {
        // Not below /tmp, which a supervisor covers.
        let directory = tempfile::tempdir_in("/var/tmp").expect("a directory");
        let path = directory.path();
        fs::set_permissions(path, fs::Permissions::from_mode(0o755)).expect("a mode");
        fs::write(path.join("config.toml"), CONFIG).expect("a configuration");
        fs::write(path.join("ringfence"), "").expect("a place for the program");
        for name in ["data", "runtimes"] {
            fs::create_dir(path.join(name)).expect("a directory");
        }
        fs::set_permissions(path.join("data"), fs::Permissions::from_mode(0o700)).expect("a mode");
        chown(path.join("data"), Some(ORDINARY_ID), Some(ORDINARY_ID)).expect("root makes the place");
        let name = format!("ringfence-escapes-{}", path.file_name().unwrap_or_default().to_string_lossy());
        Outer { directory, delegation: Delegation::new(&name, MEMORY_BYTES, TASKS) }
    }

    /// Runs a program there with `layers` left out, twice if that is what it takes.
    pub(crate) fn run(&self, program: &Program<'_>, layers: &[String]) -> Result<Observed, String> {
        let path = self.directory.path();
        fs::write(path.join("inner.sh"), self.inner_script(program, layers)).expect("a script");
        let network: &[&str] = if program.case.reaches_out { &[] } else { &["--net"] };
        let flags = "--pid --mount --ipc --uts --fork --kill-child --mount-proc";
        let outer = format!(
            "set -e\n{}exec unshare {flags} {} sh {}/inner.sh",
            self.delegation.entered(),
            network.join(" "),
            path.display(),
        );
        let output = Command::new("sh").args(["-c", &outer]).output().expect("a shell");
        let errors = fs::read_to_string(path.join("errors")).unwrap_or_default();
        let text = fs::read(path.join("answer")).unwrap_or_default();
        let answer: Value = serde_json::from_slice(&text).map_err(|_| {
            let outer = String::from_utf8_lossy(&output.stderr);
            format!("no answer without {layers:?}: {errors}{outer}")
        })?;
        let processes = fs::read_to_string(path.join("processes")).expect("a list of processes");
        let survivors =
            processes.lines().filter(|line| line.contains(program.marker)).map(str::to_owned).collect();
        Ok(Observed { answer, survivors })
    }

    /// What pid 1 of the place does, still as root of this machine.
    fn inner_script(&self, program: &Program<'_>, layers: &[String]) -> String {
        let directory = self.directory.path().display();
        let user = format!("--reuid {ORDINARY_ID} --regid {ORDINARY_ID} --clear-groups");
        let environment = format!(
            "PATH=/usr/sbin:/usr/bin:/sbin:/bin RINGFENCE_CANARY=1 RINGFENCE_WEAKEN={}",
            layers.join(",")
        );
        let limits: Vec<String> =
            program.case.limits.iter().map(|(name, value)| format!("--limit {name}={value}")).collect();
        let run = |mode: &str| {
            format!(
                "setpriv {user} --inh-caps=-all --bounding-set=-all env -i {environment} \
                 {directory}/ringfence --config {directory}/config.toml --data-dir {directory}/data \
                 --runtimes-dir {directory}/runtimes run {} --json {} {} -- {}",
                program.path().display(),
                limits.join(" "),
                program.probe().join(" "),
                program.arguments(mode).join(" "),
            )
        };
        let first = if program.case.runs_twice { run("leave") } else { "true".to_owned() };
        format!(
            "mount --bind {} {directory}/runtimes\nmount --bind {} {directory}/ringfence\n\
             {first} > {directory}/first 2>&1\n\
             {} > {directory}/answer 2> {directory}/errors < /dev/null\n\
             for file in /proc/[0-9]*/cmdline; do cat $file | tr '\\0' ' '; echo; done > {directory}/processes 2>&1\n",
            runtimes_dir().display(),
            weakened_program().display(),
            run("look"),
        )
    }
}
