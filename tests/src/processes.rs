//! The program's processes as the system shows them: who they are, what they have, whether they are gone.

use std::{
    fs,
    path::PathBuf,
    process::Command,
    thread,
    time::{Duration, Instant},
};

/// Longest wait for something to become true.
const EVENTUALLY_MAX: Duration = Duration::from_secs(15);

/// Time without a change after which a number counts as settled; loading pandas takes a busy machine a second.
const SETTLED_AFTER: Duration = Duration::from_secs(2);

/// A line of /proc/PID/status; empty if there is no such process or line.
pub fn status(pid: u32, field: &str) -> String {
    let text = fs::read_to_string(format!("/proc/{pid}/status")).unwrap_or_default();
    let line = text.lines().find_map(|line| line.strip_prefix(field)?.strip_prefix(':'));
    line.unwrap_or_default().trim().to_owned()
}

/// A process's words joined by spaces; empty if it has ended.
pub fn command_line(pid: u32) -> String {
    let words = fs::read(format!("/proc/{pid}/cmdline")).unwrap_or_default();
    String::from_utf8_lossy(&words).replace('\0', " ")
}

/// Processes whose command line holds `marker`.
pub fn pids_of(marker: &str) -> Vec<u32> {
    let entries = fs::read_dir("/proc").expect("/proc is there").flatten();
    let pids = entries.filter_map(|entry| entry.file_name().to_str()?.parse().ok());
    pids.filter(|pid| command_line(*pid).contains(marker)).collect()
}

/// The children of a process.
pub fn children(pid: u32) -> Vec<u32> {
    let children = fs::read_to_string(format!("/proc/{pid}/task/{pid}/children")).unwrap_or_default();
    children.split_whitespace().filter_map(|pid| pid.parse().ok()).collect()
}

/// How many jails a supervisor has when it makes no more.
pub fn ready_jails(supervisor: u32) -> usize {
    let (mut count, mut since) = (0, Instant::now());
    while count == 0 || since.elapsed() < SETTLED_AFTER {
        let now = children(supervisor).len();
        if now != count {
            (count, since) = (now, Instant::now());
        }
        thread::sleep(Duration::from_millis(20));
    }
    count
}

/// Kills processes, which have no say in it.
pub fn kill(pids: &[u32]) {
    signal("KILL", pids);
}

/// Kills all processes of a group at once.
pub fn kill_group(leader: u32) {
    let status = Command::new("kill").args(["-KILL", "--", &format!("-{leader}")]).status();
    assert!(status.expect("kill").success());
}

/// Sends a signal by its name.
pub fn signal(name: &str, pids: &[u32]) {
    let status = Command::new("kill").arg(format!("-{name}")).args(pids.iter().map(u32::to_string)).status();
    assert!(status.expect("kill").success());
}

/// Control groups of a supervisor, wherever it made them: each name holds its pid.
pub fn groups_of(supervisor: u32) -> Vec<PathBuf> {
    let mounts = fs::read_to_string("/proc/self/mountinfo").expect("mounts");
    let is_cgroup = |line: &&str| line.contains(" - cgroup ") || line.contains(" - cgroup2 ");
    let points = mounts.lines().filter(is_cgroup).filter_map(|line| line.split(' ').nth(4));
    let mut found = Vec::new();
    let mut waiting: Vec<PathBuf> = points.map(PathBuf::from).collect();
    while let Some(directory) = waiting.pop() {
        for entry in fs::read_dir(&directory).into_iter().flatten().flatten() {
            if !entry.path().is_dir() {
                continue;
            }
            let name = entry.file_name().to_string_lossy().into_owned();
            if name.starts_with("ringfence-") && name.contains(&format!("-{supervisor}-")) {
                found.push(entry.path());
            }
            waiting.push(entry.path());
        }
    }
    found
}

/// Waits until something is true.
pub fn eventually(what: &str, check: impl Fn() -> bool) {
    let begun = Instant::now();
    while !check() {
        assert!(begun.elapsed() < EVENTUALLY_MAX, "{what}");
        thread::sleep(Duration::from_millis(50));
    }
}

/// True if a process has ended, reaped or not.
pub fn gone(pid: u32) -> bool {
    let state = status(pid, "State");
    state.is_empty() || state.starts_with('Z')
}
