//! Attacks on the jail: one small program each, run as a user would, and what the answer must say.
//!
//! A program prints `OUTCOME: ` and what it observed. Its first line says what it tries and why. All of
//! them are harmless to the host if they succeed. What happened when each was written, and which layer
//! stopped it, is in docs/attacks.md.

mod bash;
mod javascript;
mod python;
mod typescript;

use std::{
    fs,
    path::{Path, PathBuf},
    process::Stdio,
    sync::atomic::{AtomicUsize, Ordering},
    thread,
    time::{Duration, Instant},
};

use ringfence_tests::{Installation, Server, is_root, root};
use serde_json::{Value, json};

/// One mebibyte in bytes.
const MIB: u64 = 1024 * 1024;

/// Attacks under way at once; two keep the clock's precision on two processors.
const AT_ONCE: usize = 2;

/// How late a run that is out of time may be, in milliseconds; twice the promise, as two run at once.
const LATE_MAX_MS: u64 = 200;

/// Longest time a short program may take beside an attack, in milliseconds. Its median is about 20; what
/// this looks for is a supervisor that waits for the attacker.
const BESIDE_MAX_MS: u128 = 1000;

/// Longest time until a scratch is free after its run's answer; other attacks fill theirs at the same time.
const FREED_WITHIN: Duration = Duration::from_secs(1);

/// A program and what the answer to it must say.
#[derive(Debug, Clone, Copy)]
struct Attack {
    /// File name without its ending.
    program: &'static str,
    /// Part of what it prints.
    outcome: &'static str,
    status: &'static str,
    exit_code: u64,
    limits: &'static [(&'static str, u64)],
    /// Names and contents of its input files.
    inputs: &'static [(&'static str, &'static str)],
    /// Exactly the limits that are named, in any order; `None` where a look is not exact.
    hits: Option<&'static [&'static str]>,
    /// Exactly the refused calls that are named, in any order.
    denied: &'static [&'static str],
    /// Whether the answer says that there were more refused calls than were looked at.
    denied_more: bool,
    /// Exactly the files that are returned; `None` if that is not the point.
    files: Option<&'static [&'static str]>,
}

/// A program that must end well, print `outcome`, fire no limit and make no refused call.
const fn attack(program: &'static str, outcome: &'static str) -> Attack {
    Attack {
        program,
        outcome,
        status: "succeeded",
        exit_code: 0,
        limits: &[],
        inputs: &[],
        hits: Some(&[]),
        denied: &[],
        denied_more: false,
        files: None,
    }
}

impl Attack {
    const fn ends(self, status: &'static str, exit_code: u64) -> Attack {
        Attack { status, exit_code, ..self }
    }

    const fn under(self, limits: &'static [(&'static str, u64)]) -> Attack {
        Attack { limits, ..self }
    }

    const fn beside(self, inputs: &'static [(&'static str, &'static str)]) -> Attack {
        Attack { inputs, ..self }
    }

    const fn hits(self, hits: &'static [&'static str]) -> Attack {
        Attack { hits: Some(hits), ..self }
    }

    const fn hits_vary(self) -> Attack {
        Attack { hits: None, ..self }
    }

    const fn denied(self, denied: &'static [&'static str]) -> Attack {
        Attack { denied, ..self }
    }

    const fn denied_and_more(self, denied: &'static [&'static str]) -> Attack {
        Attack { denied, denied_more: true, ..self }
    }

    const fn files(self, files: &'static [&'static str]) -> Attack {
        Attack { files: Some(files), ..self }
    }

    const fn out_of_time(self) -> Attack {
        self.ends("timed_out", 124)
    }

    const fn out_of_memory(self) -> Attack {
        self.ends("out_of_memory", 137)
    }

    /// What is wrong with the answer.
    fn faults(&self, answer: &Value) -> Vec<String> {
        let mut faults = Vec::new();
        let mut expect = |what: &str, found: &Value, wanted: Value| {
            if *found != wanted {
                faults.push(format!("{what} is {found}, not {wanted}"));
            }
        };
        expect("status", &answer["status"], json!(self.status));
        expect("exitCode", &answer["exitCode"], json!(self.exit_code));
        if let Some(hits) = self.hits {
            expect("limitsHit", &names(&answer["limitsHit"], "limit"), sorted(hits));
        }
        expect("deniedSyscalls", &names(&answer["deniedSyscalls"], "name"), sorted(self.denied));
        expect("truncated", &answer["truncated"]["deniedSyscalls"], json!(self.denied_more));
        if let Some(files) = self.files {
            expect("files", &names(&answer["files"], "name"), sorted(files));
        }
        let text = [&answer["stdout"], &answer["stderr"]].map(|text| text.as_str().unwrap_or_default());
        if !text.concat().contains(self.outcome) {
            let seen = text.concat().lines().filter(|line| line.contains("OUTCOME")).collect::<String>();
            faults.push(format!("the outcome is {seen:?}, not {:?}", self.outcome));
        }
        let wall = answer["limits"]["wallMs"].as_u64().unwrap_or(0);
        if answer["duration"].as_u64().is_none_or(|duration| duration > wall + LATE_MAX_MS) {
            faults.push(format!("it took {} ms of {wall}", answer["duration"]));
        }
        faults
    }
}

fn sorted(list: &[&str]) -> Value {
    let mut list = list.to_vec();
    list.sort_unstable();
    json!(list)
}

/// The sorted values of one key in a list of objects.
fn names(list: &Value, key: &str) -> Value {
    let list = list.as_array().map(Vec::as_slice).unwrap_or_default();
    sorted(&list.iter().filter_map(|item| item[key].as_str()).collect::<Vec<_>>())
}

/// Where a program lies.
fn path(language: &str, program: &str) -> PathBuf {
    let ending = match language {
        "bash" => "sh",
        "javascript" => "js",
        "python" => "py",
        _ => "ts",
    };
    root().join("tests/attacks").join(language).join(format!("{program}.{ending}"))
}

fn text(language: &str, program: &str) -> String {
    fs::read_to_string(path(language, program)).expect("the program is there")
}

/// Runs every attack of a list, each in an installation of its own.
fn all_fail(language: &str, attacks: &[Attack]) {
    let next = AtomicUsize::new(0);
    let work = || {
        let mut faults = Vec::new();
        while let Some(attack) = attacks.get(next.fetch_add(1, Ordering::Relaxed)) {
            faults.extend(try_one(language, attack));
        }
        faults
    };
    let faults: Vec<String> = thread::scope(|scope| {
        let threads: Vec<_> = (0..AT_ONCE).map(|_| scope.spawn(work)).collect();
        threads.into_iter().flat_map(|thread| thread.join().expect("no panic")).collect()
    });
    assert!(faults.is_empty(), "{}", faults.join("\n"));
}

fn try_one(language: &str, attack: &Attack) -> Vec<String> {
    let installation = Installation::new();
    let path = path(language, attack.program);
    let limits: Vec<String> = attack.limits.iter().map(|(name, value)| format!("{name}={value}")).collect();
    let mut words = vec!["run", path.to_str().expect("a path of text"), "--json"];
    limits.iter().for_each(|limit| words.extend(["--limit", limit]));
    let inputs: Vec<String> = attack
        .inputs
        .iter()
        .map(|(name, content)| {
            let path = installation.path().join(name);
            fs::write(&path, content).expect("the installation's directory can be written to");
            format!("{name}={}", path.display())
        })
        .collect();
    inputs.iter().for_each(|input| words.extend(["--file", input]));
    words.extend(["--", "first"]);
    let output = installation.output(&words);
    let faults = match serde_json::from_slice(&output.stdout) {
        Ok(answer) => attack.faults(&answer),
        Err(_) => vec![format!("no answer: {}", String::from_utf8_lossy(&output.stderr))],
    };
    faults.into_iter().map(|fault| format!("{language}/{}: {fault}", attack.program)).collect()
}

/// Every committed program is in its list, so that none is forgotten.
fn all_listed(language: &str, lists: &[&[Attack]]) {
    let mut listed: Vec<&str> = lists.iter().copied().flatten().map(|attack| attack.program).collect();
    listed.sort_unstable();
    let folder = root().join("tests/attacks").join(language);
    let mut committed: Vec<String> = fs::read_dir(folder)
        .expect("the folder is there")
        .map(|entry| entry.expect("an entry").path().file_stem().expect("a name").display().to_string())
        .collect();
    committed.sort();
    assert_eq!(listed, committed);
}

/// Runs each program twice at once on one server; the second run is half a second later, and its answer
/// is looked at.
fn all_fail_in_company(language: &str, attacks: &[Attack]) {
    let installation = Installation::new();
    let server = installation.serve();
    let request = |attack: &Attack, which: &str| json!({ "language": language, "code": text(language, attack.program), "args": [which] });
    let mut faults = Vec::new();
    for attack in attacks {
        let answer = thread::scope(|scope| {
            scope.spawn(|| server.post("/v1/execute", &request(attack, "first")));
            thread::sleep(Duration::from_millis(500));
            server.post("/v1/execute", &request(attack, "second")).1
        });
        let found = attack.faults(&answer);
        faults.extend(found.into_iter().map(|fault| format!("{language}/{}: {fault}", attack.program)));
    }
    assert!(faults.is_empty(), "{}", faults.join("\n"));
}

/// Starts a program on the server, and returns when it has had `head_start` of time.
fn begin<'scope>(
    scope: &'scope thread::Scope<'scope, '_>,
    server: &'scope Server,
    request: Value,
    head_start: Duration,
) -> thread::ScopedJoinHandle<'scope, Value> {
    let run = scope.spawn(move || server.post("/v1/execute", &request).1);
    thread::sleep(head_start);
    run
}

fn bash_request(code: &str, limits: Value) -> Value {
    json!({ "language": "bash", "code": code, "limits": limits })
}

#[test]
fn attacks_in_python_fail() {
    all_fail("python", python::ATTACKS);
}

#[test]
fn attacks_in_bash_fail() {
    all_fail("bash", bash::ATTACKS);
}

#[test]
fn attacks_in_javascript_fail() {
    all_fail("javascript", javascript::ATTACKS);
}

#[test]
fn attacks_in_typescript_fail() {
    all_fail("typescript", typescript::ATTACKS);
}

#[test]
fn attacks_on_another_run_fail() {
    all_fail_in_company("python", python::IN_COMPANY);
    all_fail_in_company("bash", bash::IN_COMPANY);
    all_fail_in_company("javascript", javascript::IN_COMPANY);
    all_fail_in_company("typescript", typescript::IN_COMPANY);
}

#[test]
fn every_program_is_listed() {
    all_listed("python", &[python::ATTACKS, python::IN_COMPANY]);
    all_listed("bash", &[bash::ATTACKS, bash::IN_COMPANY]);
    all_listed("javascript", &[javascript::ATTACKS, javascript::IN_COMPANY]);
    all_listed("typescript", &[typescript::ATTACKS, typescript::IN_COMPANY]);
}

/// Every descriptor that one run's init inherits from the supervisor would keep a dead run's pipes,
/// process and files alive, and the supervisor would take their events for those of the next run.
#[test]
fn a_run_holds_nothing_of_the_one_it_overlaps() {
    let installation = Installation::new();
    let server = installation.serve();
    thread::scope(|scope| {
        let head_start = Duration::from_millis(400);
        let fill = "head -c 100000000 /dev/zero >/tmp/fill; sleep 1";
        let before = shared_memory_bytes();
        let first = begin(scope, &server, bash_request(fill, json!({})), head_start);
        let long = begin(scope, &server, bash_request("sleep 4", json!({})), head_start);
        assert_eq!(first.join().expect("an answer")["status"], "succeeded");
        // The answer does not wait for the kernel to free a hundred megabytes.
        let answered = Instant::now();
        while shared_memory_bytes().saturating_sub(before) >= 50 * MIB {
            let waited = answered.elapsed();
            assert!(waited < FREED_WITHIN, "a dead run's scratch is still there after {waited:?}");
            thread::sleep(Duration::from_millis(10));
        }
        // It takes the first one's place.
        let limits = json!({ "wallMs": 500 });
        let next = begin(scope, &server, bash_request("sleep 3", limits), Duration::from_millis(100));
        let begun = Instant::now();
        server.post("/v1/execute", &bash_request("true", json!({})));
        assert!(begun.elapsed().as_millis() < BESIDE_MAX_MS, "the supervisor waits for a run");
        assert_eq!(next.join().expect("an answer")["status"], "timed_out");
        assert!(!long.is_finished(), "the overlap is too short to show anything");
    });
}

/// Shared memory of the host, tmpfs included.
fn shared_memory_bytes() -> u64 {
    let text = fs::read_to_string("/proc/meminfo").expect("/proc is mounted");
    let line = text.lines().find_map(|line| line.strip_prefix("Shmem:")).expect("a line on shared memory");
    line.trim().trim_end_matches(" kB").parse::<u64>().expect("a number") * 1024
}

/// More refused calls than are looked at must go on being refused while another run starts.
#[test]
fn refused_calls_return_although_another_run_starts() {
    let installation = Installation::new();
    let server = installation.serve();
    let code = "import ctypes, time\ntime.sleep(0.6)\nlibc = ctypes.CDLL(None)\n\
                for _ in range(1000): libc.syscall(165, 0, 0, 0, 0, 0)";
    thread::scope(|scope| {
        let request = json!({ "language": "python", "code": code });
        let refused = begin(scope, &server, request, Duration::from_millis(200));
        let other = begin(scope, &server, bash_request("sleep 3", json!({})), Duration::ZERO);
        assert_eq!(refused.join().expect("an answer")["status"], "succeeded");
        assert!(!other.is_finished(), "the other run is too short to show anything");
    });
}

/// Whoever closes a file has the kernel look through all locks on it: a guest's must be on no file of the host's.
#[test]
fn locks_on_devices_stay_inside() {
    if !is_root() {
        // Only root can make devices for guests; others lend them the host's.
        return;
    }
    let installation = Installation::new();
    let server = installation.serve();
    let code = "import fcntl, time\nopened = [open(f'/dev/{name}') for name in ('null', 'zero', 'full', 'random', 'urandom')]\n\
                for file in opened: fcntl.flock(file, fcntl.LOCK_EX)\nprint('locked')\ntime.sleep(1)";
    thread::scope(|scope| {
        let request = json!({ "language": "python", "code": code });
        let run = begin(scope, &server, request, Duration::from_millis(600));
        for name in ["null", "zero", "full", "random", "urandom"] {
            let file = fs::File::open(Path::new("/dev").join(name)).expect("every host has it");
            file.try_lock().unwrap_or_else(|_| panic!("a guest holds a lock on the host's {name}"));
        }
        assert_eq!(run.join().expect("an answer")["stdout"], "locked\n");
    });
}

/// Programs that flood the supervisor must not make others wait.
#[test]
fn floods_do_not_delay_others() {
    let installation = Installation::new();
    let server = installation.serve();
    for (language, program) in [
        ("python", "36_output_flood"),
        ("python", "51_refused_call_flood"),
        ("python", "52_tree_of_long_names"),
        ("bash", "15_fork_bomb"),
        ("bash", "42_zombies"),
        ("bash", "43_sync_flood"),
        ("javascript", "28_output_in_single_bytes"),
        ("javascript", "46_refused_call_flood"),
        ("typescript", "33_refused_calls"),
    ] {
        thread::scope(|scope| {
            let request = json!({ "language": language, "code": text(language, program) });
            let flood = begin(scope, &server, request, Duration::from_millis(100));
            while !flood.is_finished() {
                let begun = Instant::now();
                let (status, answer) = server.post("/v1/execute", &bash_request("echo here", json!({})));
                assert_eq!((status, &answer["stdout"]), (200, &json!("here\n")), "beside {program}");
                let waited = begun.elapsed().as_millis();
                assert!(waited < BESIDE_MAX_MS, "{waited} ms beside {program}");
            }
        });
    }
}

/// What a run used is what the kernel counted while it ran, not what is left at its end.
#[test]
fn the_peak_of_memory_cannot_be_hidden() {
    let path = path("python", "38_small_peak");
    let output = Installation::new().output(&["run", path.to_str().expect("a path of text"), "--json"]);
    let answer: Value = serde_json::from_slice(&output.stdout).expect("an answer object");
    let peak = answer["usage"]["memoryPeakBytes"].as_u64().expect("a peak");
    // Memory is looked at every 25 ms, so the last of it may be missed; hidden, it was 6 MiB.
    assert!(peak >= 100 * MIB, "a peak of {peak} bytes after 150 MiB were touched: {answer:#}");
}

/// What a program prints as an answer is data: the exit code of `ringfence run` is the program's.
#[test]
fn a_forged_answer_changes_no_exit_code() {
    let path = path("bash", "30_terminal_escapes");
    let installation = Installation::new();
    let status = installation
        .command(&["run", path.to_str().expect("a path of text")])
        .stdout(Stdio::null())
        .status()
        .expect("the program starts");
    assert_eq!(status.code(), Some(9));
}
