//! Statuses and exit codes say what happened, and what outlives its program does not outlive its run.

use std::time::{Duration, Instant};

use ringfence_tests::{Installation, commands_with, output_of};
use serde_json::Value;

use crate::{PATIENCE_MS, assert_status, run, stdout};

fn ends(language: &str, code: &str, status: &str, exit_code: i64, signal: Option<i64>) -> Value {
    let answer = run(language, code, &[("wallMs", PATIENCE_MS), ("memoryBytes", 128 << 20)]);
    assert_status(&answer, status);
    assert_eq!(answer["exitCode"], exit_code, "{answer:#}");
    assert_eq!(answer["signal"].as_i64(), signal, "{answer:#}");
    answer
}

#[test]
fn exits_are_told_from_signals() {
    ends("bash", "exit 0", "succeeded", 0, None);
    ends("bash", "exit 3", "failed", 3, None);
    ends("python", "import sys; sys.exit(3)", "failed", 3, None);
    ends("python", "raise ValueError('no')", "failed", 1, None);
    ends("bash", "exit 124", "failed", 124, None);
    ends("bash", "exit 137", "failed", 137, None);
    ends("python", "import os; os.kill(os.getpid(), 11)", "signaled", 139, Some(11));
    ends("python", "import ctypes; ctypes.string_at(0)", "signaled", 139, Some(11));
    ends("bash", "kill -SEGV $$", "signaled", 139, Some(11));
    ends("bash", "kill -9 $$", "signaled", 137, Some(9));
    ends("python", "import os; os.abort()", "signaled", 134, Some(6));
}

#[test]
fn the_command_lines_exit_code_is_the_programs() {
    let installation = Installation::new();
    let exit_code = |code: &str, limit: &str| {
        let words = ["run", "-", "--language", "bash", "--limit", limit];
        output_of(installation.command(&words), code.as_bytes()).status.code()
    };
    assert_eq!(exit_code("exit 3", "wallMs=5000"), Some(3));
    assert_eq!(exit_code("sleep 5", "wallMs=200"), Some(124));
    assert_eq!(exit_code("while :; do :; done", "cpuMs=200"), Some(124));
    assert_eq!(exit_code("x=$(head -c 200M /dev/zero | tr '\\0' a)", "memoryBytes=32M"), Some(137));
    assert_eq!(exit_code("kill -SEGV $$", "wallMs=5000"), Some(139));
}

/// A Python program that leaves a daemon in a session of its own, named MARKER, which ignores signals.
const DAEMON_PYTHON: &str = "
import os, signal, sys
if os.fork() == 0:
    os.setsid()
    if os.fork() == 0:
        for number in (signal.SIGTERM, signal.SIGHUP, signal.SIGINT):
            signal.signal(number, signal.SIG_IGN)
        os.execv(sys.executable, ['python3', '-c', 'import time; time.sleep(60)', 'MARKER'])
    os._exit(0)
os.wait()
";

/// The same in Bash.
const DAEMON_BASH: &str = "( (trap '' TERM HUP INT; exec -a MARKER sleep 60) & )\n";

/// The program leaves a daemon behind, then does `last` and ends with `status`; nothing is left.
fn leaves_nothing(language: &str, last: &str, status: &str) {
    let marker = format!("ringfence-test-marker-{}-{}", std::process::id(), last.len());
    let daemon = if language == "python" { DAEMON_PYTHON } else { DAEMON_BASH };
    let code = format!("{daemon}{last}").replace("MARKER", &marker);
    let begun = Instant::now();
    let answer = run(language, &code, &[("wallMs", 700)]);
    assert_status(&answer, status);
    // The daemon holds standard output open; the answer does not wait for it.
    assert!(begun.elapsed() < Duration::from_secs(20), "the answer waited for the daemon");
    assert_eq!(commands_with(&marker), Vec::<String>::new(), "{code}");
    if status == "succeeded" {
        assert_eq!(stdout(&answer), "done");
    }
}

#[test]
fn what_a_program_leaves_running_ends_with_it() {
    leaves_nothing("python", "print('done')", "succeeded");
    leaves_nothing("bash", "echo done", "succeeded");
    leaves_nothing("python", "sys.exit(4)", "failed");
    leaves_nothing("bash", "kill -9 $$", "signaled");
}

#[test]
fn a_time_limit_ends_what_ignores_signals_or_is_stopped() {
    leaves_nothing("python", "signal.signal(signal.SIGTERM, signal.SIG_IGN)\nsignal.pause()", "timed_out");
    leaves_nothing("bash", "trap '' TERM INT HUP; sleep 60; sleep 60", "timed_out");
    leaves_nothing("python", "os.kill(os.getpid(), signal.SIGSTOP)", "timed_out");
    leaves_nothing("bash", "kill -STOP $$", "timed_out");
    leaves_nothing("bash", "kill -STOP -1; sleep 60", "timed_out");
}

#[test]
fn a_program_that_stops_being_itself_is_still_the_program() {
    ends("bash", "exec bash -c 'exit 5'", "failed", 5, None);
    ends(
        "python",
        "import os; os.setsid() if os.getsid(0) != os.getpid() else 0; os._exit(6)",
        "failed",
        6,
        None,
    );
}
