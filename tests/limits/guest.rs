//! The same on a host with cgroup v2: Debian's cloud kernel in a virtual machine emulated by software.
//!
//! The guest's disk holds this test program, the built program and the runtimes; `guest.sh` is its pid 1.
//! It runs what control groups decide: for root in a session, a service with `Delegate=yes` and a
//! container, and for an ordinary user in a delegated group.

use std::{
    process::{Command, Stdio},
    time::Instant,
};

use ringfence_tests::{Machine, wrapped};

/// What pid 1 of the guest does.
const START: &str = include_str!("guest.sh");

/// Words that the guest prints when everything in a setting has passed.
const PASSED: [&str; 4] = ["PASSED session", "PASSED service", "PASSED container", "PASSED crash dumps"];

/// Longest time from switching the machine on to its end, in seconds.
const GUEST_SECONDS_MAX: &str = "900";

#[test]
fn limits_hold_with_cgroup_v2() {
    let Some(machine) = Machine::find() else { return };
    let directory = tempfile::tempdir_in(env!("CARGO_TARGET_TMPDIR")).expect("a directory");
    let disk = machine.make_disk(directory.path(), START, &[]);
    let begun = Instant::now();
    let text = run_to_its_end(&machine.power(&disk));
    for passed in PASSED {
        let found = text.lines().any(|line| line.trim_end() == passed);
        assert!(found, "{text}\nthe guest did not print: {passed}");
    }
    eprintln!("{} after {} s", PASSED.join(", "), begun.elapsed().as_secs());
}

/// Runs the machine to its end: everything it printed.
fn run_to_its_end(machine: &Command) -> String {
    let mut command = wrapped(machine, &["timeout", GUEST_SECONDS_MAX]);
    let output = command.stdin(Stdio::null()).output().expect("QEMU starts");
    let mut text = String::from_utf8_lossy(&output.stdout).into_owned();
    text.push_str(&String::from_utf8_lossy(&output.stderr));
    text
}
