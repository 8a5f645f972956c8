//! Nothing left behind: many mixed runs through one server, then everything is as it was before.

use std::{
    collections::BTreeSet,
    fs,
    os::unix::fs::MetadataExt,
    path::{Path, PathBuf},
    sync::atomic::{AtomicUsize, Ordering},
    thread,
    time::{Duration, Instant},
};

use ringfence_tests::{Installation, Server, agent, processes::groups_of};
use serde_json::{Value, json};

use crate::{MIB, PATIENCE_MS, assert_status};

/// Runs unless `RINGFENCE_SOAK_RUNS` says otherwise.
const RUNS: usize = 500;

/// Clients at the same time: more than there are slots, so that some wait.
const CLIENTS: usize = 6;

/// Clients that read at the same time: more than the database has connections for them.
const READING_CLIENTS: usize = 16;

/// Lists that each of them reads.
const LISTS: usize = 10;

/// Most networks: what waits, what runs and what has just left, on a machine with few processors.
const NETWORKS_MAX: usize = 64;

/// Longest wait for the kernel to let go of what is dead.
const SETTLE_MAX: Duration = Duration::from_secs(20);

/// Time without a change after which nothing more is made ready: a busy machine takes long to start a Node.
const SETTLED_AFTER: Duration = Duration::from_secs(3);

/// Host ids of inits and guests of a privileged installation begin above this one, the server's.
const SERVICE_ID: u32 = 0x7000_0000;

/// Language, program, how it ends.
const PROGRAMS: &[(&str, &str, &str)] = &[
    ("bash", "echo fine > file; mkdir -p d/e; echo x > /tmp/x; echo y > /dev/shm/y", "succeeded"),
    (
        "python",
        "import os\nif os.fork() == 0:\n    os.setsid()\n    import time; time.sleep(60)",
        "succeeded",
    ),
    ("bash", "sleep 60 & sleep 60 & exit 3", "failed"),
    ("bash", "kill -9 $$", "signaled"),
    (
        "python",
        "import socket, os\ns = socket.socket(socket.AF_UNIX)\ns.bind('\\0left')\ns.listen()\nos._exit(0)",
        "succeeded",
    ),
    (
        "bash",
        "mkfifo pipe; ln -s /etc link; for i in 1 2 3; do (trap '' TERM; sleep 60) & done; exit 0",
        "succeeded",
    ),
    (
        "python",
        "import ctypes\nlibc = ctypes.CDLL(None)\nfor key in range(1, 5):\n    \
        libc.shmget(key, 4096, 0o1666)\n    libc.semget(key, 1, 0o1666)",
        "succeeded",
    ),
    ("bash", "while :; do sleep 1; done", "timed_out"),
    ("bash", "kill -STOP $$", "timed_out"),
    ("bash", "head -c 200M /dev/zero | tail -c 190M", "out_of_memory"),
    ("python", "x = bytearray(200 << 20)", "out_of_memory"),
    ("python", "import os\ntry:\n    while True: os.fork()\nexcept OSError: os._exit(1)", ""),
    ("bash", "head -c 1M /dev/zero > file; head -c 100K /dev/zero", "succeeded"),
    ("python", "import os\nos.memfd_create('left')\nos.kill(os.getpid(), 11)", "signaled"),
    (
        "javascript",
        "require('child_process').spawn('sleep', ['60'], { detached: true }).unref();\n\
        new (require('worker_threads').Worker)('for (;;);', { eval: true });\n\
        require('net').createServer().listen('left', () => process.exit(0))",
        "succeeded",
    ),
    ("typescript", "enum Kept { All }\nawait new Promise((): void => {}); Kept.All", "failed"),
];

/// What the server and its supervisor hold, and what the machine counts.
#[derive(Debug, PartialEq, Eq)]
struct Holdings {
    /// How many processes are below the server, in its control groups, or have a guest's id: those of
    /// the jails that are kept ready are others after each run.
    processes: usize,
    /// How many directories of control groups are below the supervisor's.
    groups: usize,
    /// Mounts of the server and of the supervisor.
    mounts: Vec<usize>,
    /// Open descriptors of the server and of the supervisor, but for the networks that this keeps: as many
    /// as there were jails at a time.
    descriptors: Vec<usize>,
    /// Files of guests in the machine's directories for temporary files.
    files: BTreeSet<PathBuf>,
    /// How many network namespaces those processes are in.
    networks: usize,
    /// Lines of /proc/sysvipc.
    ipc: usize,
}

impl Holdings {
    fn of(server: &Server) -> Holdings {
        let supervisor = server.supervisor();
        let bases = bases(supervisor);
        let both = [server.pid(), supervisor];
        let processes = processes(server.pid(), &bases);
        Holdings {
            networks: processes.iter().filter_map(network).collect::<BTreeSet<_>>().len(),
            processes: processes.len(),
            groups: bases.iter().flat_map(|base| directories(base)).count(),
            mounts: both.map(|pid| lines(&format!("/proc/{pid}/mountinfo"))).into(),
            descriptors: both.map(|pid| descriptors(pid, |link| !link.starts_with("net:"))).into(),
            files: ["/tmp", "/dev/shm", "/var/tmp", "/run"].iter().flat_map(|path| of_guests(path)).collect(),
            ipc: ["shm", "sem", "msg"].iter().map(|kind| lines(&format!("/proc/sysvipc/{kind}"))).sum(),
        }
    }
}

/// The check itself; how many runs is a matter of patience.
pub(crate) fn many_mixed_runs() {
    let runs = std::env::var("RINGFENCE_SOAK_RUNS").map_or(RUNS, |text| text.parse().expect("a number"));
    let installation = Installation::new();
    let mut command = installation.command(&["serve", "--listen", "127.0.0.1:0"]);
    // Thousands of lines that say a request was answered tell nothing.
    command.env("RINGFENCE_LOG", "warn");
    let server = Server::start(command);
    // Every slot and every connection is used once, so that what stays on purpose is there.
    drive(&server, 8 * CLIENTS);
    read(&server);
    let before = settled(&server, None);
    let groups_before = counted_groups();
    drive(&server, runs);
    let mut after = settled(&server, Some(&before));
    // The machine's: others on it may have removed some of theirs.
    after.ipc = after.ipc.max(before.ipc);
    assert_eq!(after, before);
    let networks = descriptors(server.supervisor(), |link| link.starts_with("net:"));
    assert!(networks <= NETWORKS_MAX, "{networks} networks are kept");
    check_counted_groups(&groups_before);
    let bases = bases(server.supervisor());
    assert!(server.stop(), "the server ends well");
    assert!(bases.iter().all(|base| !base.exists()), "control groups outlive the supervisor: {bases:?}");
}

/// How many open descriptors of a process are links such as these.
fn descriptors(pid: u32, wanted: impl Fn(&str) -> bool) -> usize {
    let directory = format!("/proc/{pid}/fd");
    let links = entries(&directory).into_iter().filter_map(|path| fs::read_link(path).ok());
    links.filter(|link| wanted(&link.to_string_lossy())).count()
}

/// Sends `runs` programs from several clients at once, and looks at each answer.
fn drive(server: &Server, runs: usize) {
    let next = AtomicUsize::new(0);
    thread::scope(|scope| {
        for _ in 0..CLIENTS {
            scope.spawn(|| {
                loop {
                    let index = next.fetch_add(1, Ordering::Relaxed);
                    if index >= runs {
                        return;
                    }
                    one(server, index);
                }
            });
        }
    });
}

/// Has every connection that reads the database opened, which takes that all are needed at the same time.
fn read(server: &Server) {
    thread::scope(|scope| {
        for _ in 0..READING_CLIENTS {
            scope.spawn(|| {
                for _ in 0..LISTS {
                    let request = agent().get(format!("{}/v1/runs?limit=10", server.url));
                    let list = request.header("x-api-key", &server.key).call().expect("an answer");
                    assert_eq!(list.status(), 200);
                }
            });
        }
    });
}

fn one(server: &Server, index: usize) {
    let (language, code, status) = PROGRAMS[index % PROGRAMS.len()];
    let limits = if status == "timed_out" {
        json!({ "wallMs": 100 })
    } else {
        let mut limits = json!({ "wallMs": PATIENCE_MS, "tasks": 24 });
        if matches!(status, "out_of_memory" | "") {
            limits["memoryBytes"] = json!(64 * MIB);
        }
        limits
    };
    // Every other time in a new interpreter, and else in one that waits if there is one.
    let fresh = (index / PROGRAMS.len()).is_multiple_of(2);
    let body = json!({ "language": language, "code": code, "limits": limits, "fresh": fresh });
    let (code, answer): (u16, Value) = server.post("/v1/execute", &body);
    assert_eq!(code, 200, "{answer:#}");
    if !status.is_empty() {
        assert_status(&answer, status);
    }
}

/// What is held once it equals `expected`, or has stopped changing, or patience ends.
fn settled(server: &Server, expected: Option<&Holdings>) -> Holdings {
    let begun = Instant::now();
    let (mut last, mut since) = (Holdings::of(server), begun);
    loop {
        thread::sleep(Duration::from_millis(300));
        let now = Holdings::of(server);
        if now != last {
            since = Instant::now();
        }
        let done = expected.map_or_else(|| since.elapsed() > SETTLED_AFTER, |expected| now == *expected);
        if done || begun.elapsed() > SETTLE_MAX {
            return now;
        }
        last = now;
    }
}

/// Pid and parent of every process.
fn parents() -> Vec<(u32, u32)> {
    let pids = entries("/proc").into_iter().filter_map(|path| pid_of(&path));
    pids.filter_map(|pid: u32| {
        let stat = fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
        Some((pid, stat.rsplit_once(')')?.1.split_whitespace().nth(1)?.parse().ok()?))
    })
    .collect()
}

fn pid_of(path: &Path) -> Option<u32> {
    path.file_name()?.to_str()?.parse().ok()
}

fn processes(server: u32, bases: &[PathBuf]) -> BTreeSet<u32> {
    let all = parents();
    let mut found = below(&all, BTreeSet::from([server]));
    for group in bases.iter().flat_map(|base| directories(base)) {
        let members = fs::read_to_string(group.join("cgroup.procs")).unwrap_or_default();
        found.extend(members.lines().filter_map(|pid| pid.parse::<u32>().ok()));
    }
    // Wherever it may have gone: /proc/PID belongs to the process's user. Guests of other supervisors of
    // this machine have the same users.
    let others: BTreeSet<u32> =
        all.iter().map(|(pid, _)| *pid).filter(|pid| is_supervisor(pid) && !found.contains(pid)).collect();
    let theirs = below(&all, others);
    found.extend(
        of_guests("/proc").iter().filter_map(|path| pid_of(path)).filter(|pid| !theirs.contains(pid)),
    );
    found
}

/// Processes and all that descend from them.
fn below(all: &[(u32, u32)], mut found: BTreeSet<u32>) -> BTreeSet<u32> {
    loop {
        let more: BTreeSet<u32> = all
            .iter()
            .filter(|(pid, its)| found.contains(its) && !found.contains(pid))
            .map(|p| p.0)
            .collect();
        if more.is_empty() {
            return found;
        }
        found.extend(more);
    }
}

fn is_supervisor(pid: &u32) -> bool {
    fs::read_to_string(format!("/proc/{pid}/comm")).is_ok_and(|name| name.trim() == "ringfence-super")
}

/// The supervisor's own control groups, which hold its runs'.
fn bases(supervisor: u32) -> Vec<PathBuf> {
    let found = groups_of(supervisor);
    assert!(!found.is_empty(), "no control groups of supervisor {supervisor}");
    found
}

fn directories(base: &Path) -> Vec<PathBuf> {
    entries(&base.to_string_lossy()).into_iter().filter(|path| path.is_dir()).collect()
}

/// How many control groups each controller counts.
fn counted_groups() -> Vec<(String, i64)> {
    let table = fs::read_to_string("/proc/cgroups").expect("control groups");
    let row = |line: &str| {
        let mut fields = line.split_whitespace();
        Some((fields.next()?.to_owned(), fields.nth(1)?.parse().ok()?))
    };
    table.lines().skip(1).filter_map(row).collect()
}

/// The kernel's own count is back, but for some: the kernel keeps a dead memory group until the file
/// cache that it was first to read is gone, and others on this machine may have begun something.
fn check_counted_groups(before: &[(String, i64)]) {
    const OTHERS_MAX: i64 = 50;
    let begun = Instant::now();
    loop {
        let now = counted_groups();
        let grown: Vec<_> = now.iter().zip(before).filter(|(now, old)| now.1 > old.1 + OTHERS_MAX).collect();
        if grown.is_empty() {
            return;
        }
        assert!(begun.elapsed() < SETTLE_MAX, "control groups are left in the kernel: {grown:?}");
        thread::sleep(Duration::from_millis(300));
    }
}

fn network(pid: &u32) -> Option<PathBuf> {
    fs::read_link(format!("/proc/{pid}/ns/net")).ok()
}

fn of_guests(directory: &str) -> Vec<PathBuf> {
    let owner = |path: &PathBuf| fs::symlink_metadata(path).map_or(0, |data| data.uid());
    entries(directory).into_iter().filter(|path| owner(path) > SERVICE_ID).collect()
}

/// Paths in a directory; none if it cannot be read, as when a process has just ended.
fn entries(directory: &str) -> Vec<PathBuf> {
    fs::read_dir(directory).into_iter().flatten().flatten().map(|entry| entry.path()).collect()
}

fn lines(file: &str) -> usize {
    fs::read_to_string(file).unwrap_or_default().lines().count()
}
