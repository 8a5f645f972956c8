//! Control groups of whichever form the machine has: named in answers, swept after a crash.

use std::{
    fs,
    process::Command,
    thread,
    time::{Duration, Instant},
};

use ringfence_tests::{Installation, processes::groups_of};
use serde_json::json;

use crate::{MIB, PATIENCE_MS, assert_status, number, run};

/// Longest wait for a process to end.
const END_MAX: Duration = Duration::from_secs(15);

#[test]
fn answers_name_the_form_of_the_control_groups() {
    let own = fs::read_to_string("/proc/self/cgroup").expect("control groups");
    let is_v1 = own.lines().any(|line| line.split(':').nth(1) == Some("memory"));
    let answer = run("bash", "echo fine", &[]);
    assert_status(&answer, "succeeded");
    for layer in ["cgroupMemory", "cgroupTasks", "cgroupCpu"] {
        let state = &answer["isolation"][layer];
        let expected = json!({ "inForce": true, "detail": if is_v1 { "v1" } else { "v2" } });
        assert_eq!(state, &expected, "{layer}: {answer:#}");
    }
}

#[test]
fn cpu_time_and_memory_are_measured() {
    let answer = run("bash", "head -c 16M /dev/zero | tail -c 12M > /dev/null", &[("wallMs", PATIENCE_MS)]);
    assert_status(&answer, "succeeded");
    assert!(number(&answer, "/usage/cpuMs") > 0, "{answer:#}");
    assert!(number(&answer, "/usage/memoryPeakBytes") > 8 * MIB, "{answer:#}");
}

#[test]
fn cpu_time_is_limited() {
    let answer = run("bash", "(while :; do :; done) & while :; do :; done", &[("cpuMs", 500)]);
    assert_status(&answer, "timed_out");
    // The exact bound is tried where tests run alone.
    assert!((400..1500).contains(&number(&answer, "/usage/cpuMs")), "{answer:#}");
}

fn has_ended(pid: u32) -> bool {
    let stat = fs::read_to_string(format!("/proc/{pid}/stat")).unwrap_or_default();
    stat.rsplit_once(')').is_none_or(|(_, rest)| rest.trim_start().starts_with('Z'))
}

#[test]
fn what_a_crash_leaves_is_swept_by_the_next_start() {
    let installation = Installation::new();
    let server = installation.serve();
    let both = [server.pid(), server.supervisor()];
    thread::scope(|scope| {
        let running = scope.spawn(|| {
            std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| {
                server.post("/v1/execute", &json!({ "language": "bash", "code": "sleep 60 & sleep 60" }))
            }))
        });
        thread::sleep(Duration::from_millis(700));
        let pids = both.map(|pid| pid.to_string());
        assert!(Command::new("kill").arg("-KILL").args(pids).status().expect("kill").success());
        assert!(running.join().expect("a client").is_err(), "the server is dead and cannot answer");
    });
    let begun = Instant::now();
    while !both.into_iter().all(has_ended) {
        assert!(begun.elapsed() < END_MAX, "they do not end");
        thread::sleep(Duration::from_millis(20));
    }
    assert!(!groups_of(both[1]).is_empty(), "nobody was left to remove them");
    assert_eq!(installation.run("bash", "echo back", &[])["stdout"], "back\n");
    assert!(groups_of(both[1]).is_empty(), "the next start did not sweep");
}
