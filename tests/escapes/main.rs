//! Small programs that try to break one containment invariant each, and the proof that they could.
//!
//! Each program in `programs/` opens with why its invariant matters, what must happen and, as `layers:`,
//! everything that stops it. It prints a line `CONTAINED name: …` or `ESCAPED name: …` for each attempt.
//! It runs three times: as everybody runs programs; in the build with removable layers with all of them in
//! force, as an ordinary user inside outer namespaces; and there again without the layers it names, where
//! each attempt must succeed. Invariants 10 and 13 are tried elsewhere.

mod outer;

use std::{
    collections::BTreeSet,
    fs,
    io::Write,
    net::TcpListener,
    os::{
        linux::net::SocketAddrExt,
        unix::{
            fs::PermissionsExt,
            net::{SocketAddr, UnixListener},
        },
    },
    path::PathBuf,
};

use outer::Outer;
use ringfence_tests::{Installation, commands_with, is_root, root};
use serde_json::{Value, json};

/// A program and how its answer is judged, beside what it prints.
struct Case {
    program: &'static str,
    limits: &'static [(&'static str, &'static str)],
    /// What the answer must say.
    check: fn(&Value) -> Result<(), String>,
    /// True if what shows an escape is the answer or a process left over, not a line of the program.
    shows_in_answer: bool,
    /// Attempts that something other than a removable layer stops as well: which and what.
    held_by_others: &'static [(&'static str, &'static str)],
    /// True if it needs the test's own network to show that it could be reached.
    reaches_out: bool,
    /// True if a first run leaves things and a second looks for them.
    runs_twice: bool,
    /// True if it starts our program for raw calls.
    probes: bool,
}

const CASE: Case = Case {
    program: "",
    limits: &[],
    check: succeeded,
    shows_in_answer: false,
    held_by_others: &[],
    reaches_out: false,
    runs_twice: false,
    probes: false,
};

/// What is not tried in JavaScript: Node alone takes nearly as many tasks as are allowed there, and
/// `tests/languages` has its own.
const NOT_IN_JAVASCRIPT: &str = "08_tasks_of_the_tree";

const RUNTIME_OWNER: &str = "the runtime's files belong to root, which the ordinary user is not";
const PRIVILEGED_CALL: &str = "the kernel wants a privilege of the whole machine first";

const NOT_IN_KERNEL: &str = "this kernel was built without it";

const CASES: &[Case] = &[
    Case { program: "01_first_byte", ..CASE },
    Case {
        program: "02_not_root",
        held_by_others: &[
            ("session", "every program gets a session, and a session is nothing to be removed"),
            ("groups", "the ordinary user has none"),
        ],
        ..CASE
    },
    Case { program: "03_sees_only_its_own", ..CASE },
    Case {
        program: "04_read_only",
        held_by_others: &[
            ("write/", RUNTIME_OWNER),
            ("write/usr", RUNTIME_OWNER),
            ("write/etc", RUNTIME_OWNER),
        ],
        ..CASE
    },
    Case { program: "05_scratch", limits: &[("scratchBytes", "1M"), ("scratchInodes", "64")], ..CASE },
    Case {
        program: "06_network",
        reaches_out: true,
        held_by_others: &[("packet", PRIVILEGED_CALL), ("alg", NOT_IN_KERNEL)],
        ..CASE
    },
    Case {
        program: "07_refused_calls",
        check: refused_calls_are_named,
        probes: true,
        held_by_others: &[
            ("mount", PRIVILEGED_CALL),
            ("kexec_load", PRIVILEGED_CALL),
            ("init_module", PRIVILEGED_CALL),
            ("swapon", PRIVILEGED_CALL),
            ("x32_getpid", NOT_IN_KERNEL),
            ("x32_ptrace", NOT_IN_KERNEL),
        ],
        ..CASE
    },
    Case { program: "07_crash_dump", ..CASE },
    Case {
        program: "08_memory_of_the_tree",
        limits: &[("memoryBytes", "48M")],
        check: out_of_memory,
        ..CASE
    },
    Case {
        program: "08_tasks_of_the_tree",
        limits: &[("tasks", "12"), ("wallMs", "2000")],
        check: tasks_named,
        ..CASE
    },
    Case { program: "08_cpu_of_the_tree", limits: &[("cpuMs", "500")], check: cpu_named, ..CASE },
    Case {
        program: "09_outlives_its_time",
        limits: &[("wallMs", "600")],
        check: out_of_time,
        shows_in_answer: true,
        ..CASE
    },
    Case { program: "11_forged_answer", check: failed_with_3, shows_in_answer: true, ..CASE },
    Case { program: "12_outputs", check: one_honest_file, shows_in_answer: true, ..CASE },
    Case { program: "14_done_is_a_claim", check: shut_down_first, shows_in_answer: true, ..CASE },
    Case {
        program: "15_next_run",
        runs_twice: true,
        held_by_others: &[(
            "files",
            "the scratch goes with the mount namespace, without which nothing can be mounted",
        )],
        ..CASE
    },
];

/// Layers by the name that leaves them out, and by the name under which answers show them.
const SHOWN: [(&str, &str); 9] = [
    ("user", "userNamespace"),
    ("pid", "pidNamespace"),
    ("root", "mountNamespace"),
    ("network", "networkNamespace"),
    ("ipc", "ipcNamespace"),
    ("no_new_privs", "noNewPrivileges"),
    ("seccomp", "seccomp"),
    ("landlock", "landlock"),
    ("cgroup", "cgroupMemory"),
];

fn status(answer: &Value, wanted: &str) -> Result<(), String> {
    if answer["status"] == wanted { Ok(()) } else { Err(format!("status {}", answer["status"])) }
}

fn named(answer: &Value, limit: &str) -> Result<(), String> {
    let hits = answer["limitsHit"].as_array().ok_or("no limitsHit")?;
    let found = hits.iter().any(|hit| hit["limit"] == limit);
    if found { Ok(()) } else { Err(format!("{limit} is not named: {hits:?}")) }
}

fn succeeded(answer: &Value) -> Result<(), String> {
    status(answer, "succeeded")
}

fn out_of_memory(answer: &Value) -> Result<(), String> {
    status(answer, "out_of_memory").and_then(|()| named(answer, "memoryBytes"))
}

fn tasks_named(answer: &Value) -> Result<(), String> {
    named(answer, "tasks")
}

fn cpu_named(answer: &Value) -> Result<(), String> {
    status(answer, "timed_out").and_then(|()| named(answer, "cpuMs"))
}

fn out_of_time(answer: &Value) -> Result<(), String> {
    status(answer, "timed_out").and_then(|()| named(answer, "wallMs"))
}

fn failed_with_3(answer: &Value) -> Result<(), String> {
    status(answer, "failed")?;
    let is_data = answer["stdout"].as_str().is_some_and(|text| text.contains("\"status\": \"succeeded\""));
    if answer["exitCode"] == 3 && is_data { Ok(()) } else { Err(format!("forged: {answer:#}")) }
}

fn refused_calls_are_named(answer: &Value) -> Result<(), String> {
    succeeded(answer)?;
    let denied = answer["deniedSyscalls"].as_array().ok_or("no deniedSyscalls")?;
    let names: BTreeSet<&str> = denied.iter().filter_map(|call| call["name"].as_str()).collect();
    let missing: Vec<&str> = ["unshare", "setns", "ptrace", "process_vm_readv", "keyctl", "userfaultfd"]
        .into_iter()
        .filter(|name| !names.contains(name))
        .collect();
    if missing.is_empty() { Ok(()) } else { Err(format!("not named: {missing:?} in {names:?}")) }
}

fn one_honest_file(answer: &Value) -> Result<(), String> {
    succeeded(answer)?;
    let files = answer["files"].as_array().ok_or("no files")?;
    let names: Vec<&Value> = files.iter().map(|file| &file["name"]).collect();
    if names == ["honest.txt"] { Ok(()) } else { Err(format!("files {names:?}")) }
}

fn shut_down_first(answer: &Value) -> Result<(), String> {
    succeeded(answer)?;
    let text = answer["stdout"].as_str().unwrap_or_default();
    let lines: Vec<&str> = text.lines().skip(1).collect();
    if lines == ["thread", "atexit"] { Ok(()) } else { Err(format!("printed {lines:?}")) }
}

/// One program in one language, with what it is told.
pub(crate) struct Program<'a> {
    case: &'a Case,
    ending: &'a str,
    host: &'a Host,
    /// On the command line of whatever the program leaves running.
    marker: &'a str,
}

/// What a run showed.
pub(crate) struct Observed {
    answer: Value,
    /// Command lines with the marker that were there after the answer.
    survivors: Vec<String>,
}

impl Program<'_> {
    fn file(&self) -> String {
        format!("{}.{}", self.case.program, self.ending)
    }

    fn path(&self) -> PathBuf {
        self.host.directory.path().join(self.file())
    }

    fn arguments(&self, mode: &str) -> Vec<String> {
        let host = self.host;
        let canary = host.directory.path().join("canary/secret.txt");
        let port = host.tcp.local_addr().expect("a port").port();
        vec![
            canary.display().to_string(),
            port.to_string(),
            host.name.clone(),
            self.marker.into(),
            mode.into(),
        ]
    }

    /// Options that send the program for raw calls along.
    fn probe(&self) -> Vec<String> {
        let probe = self.host.directory.path().join("probe");
        if self.case.probes {
            vec!["--file".to_owned(), format!("probe={}", probe.display())]
        } else {
            vec![]
        }
    }

    fn text(&self) -> String {
        fs::read_to_string(self.path()).expect("the program is there")
    }

    /// The layers its opening comment names.
    fn layers(&self) -> Vec<String> {
        let text = self.text();
        let line = text.lines().take(3).find_map(|line| Some(line.split_once("layers: ")?.1));
        let line = line.unwrap_or_else(|| panic!("{} names no layers", self.file()));
        line.split(", ").map(str::to_owned).collect()
    }

    /// Runs it as everybody does.
    fn run(&self) -> Observed {
        let installation = Installation::new();
        let answer =
            if self.case.runs_twice { self.run_twice(&installation) } else { self.run_once(&installation) };
        Observed { answer, survivors: commands_with(self.marker) }
    }

    fn run_once(&self, installation: &Installation) -> Value {
        let path = self.path().display().to_string();
        let limits: Vec<String> =
            self.case.limits.iter().map(|(name, value)| format!("{name}={value}")).collect();
        let mut words = vec!["run", &path, "--json"];
        words.extend(limits.iter().flat_map(|limit| ["--limit", limit]));
        let probe = self.probe();
        words.extend(probe.iter().map(String::as_str));
        words.push("--");
        let arguments = self.arguments("look");
        words.extend(arguments.iter().map(String::as_str));
        let output = installation.command(&words).env("RINGFENCE_CANARY", "1").output().expect("it starts");
        let errors = String::from_utf8_lossy(&output.stderr);
        serde_json::from_slice(&output.stdout).unwrap_or_else(|error| panic!("{path}: {error}: {errors}"))
    }

    /// Two runs in the only slot of one server.
    fn run_twice(&self, installation: &Installation) -> Value {
        let words = ["--slots", "1", "serve", "--listen", "127.0.0.1:0"];
        let server = ringfence_tests::Server::start(installation.command(&words));
        let language = match self.ending {
            "py" => "python",
            "js" => "javascript",
            _ => "bash",
        };
        let [_, second] = ["leave", "look"].map(|mode| {
            let body = json!({ "language": language, "code": self.text(), "args": self.arguments(mode) });
            let (status, answer) = server.post("/v1/execute", &body);
            assert_eq!(status, 200, "{answer:#}");
            answer
        });
        second
    }

    /// What is wrong with what was seen; nothing if the program was contained.
    fn verdict(&self, seen: &Observed) -> Result<(), String> {
        let (contained, escaped) = attempts(&seen.answer);
        if !escaped.is_empty() {
            return Err(format!("escaped: {escaped:?}"));
        }
        if contained.is_empty() {
            return Err(format!("it did not run: {:#}", seen.answer));
        }
        if !seen.survivors.is_empty() {
            return Err(format!("left running: {:?}", seen.survivors));
        }
        (self.case.check)(&seen.answer)
    }
}

/// Names of the attempts that a program says were contained, and of those that were not.
fn attempts(answer: &Value) -> (BTreeSet<String>, BTreeSet<String>) {
    let text = answer["stdout"].as_str().unwrap_or_default();
    let names = |word: &str| {
        let name = |line: &str| Some(line.strip_prefix(word)?.trim().split_once(':')?.0.to_owned());
        text.lines().filter_map(name).collect()
    };
    let (mut contained, escaped): (BTreeSet<String>, BTreeSet<String>) =
        (names("CONTAINED"), names("ESCAPED"));
    contained.retain(|name| !escaped.contains(name));
    (contained, escaped)
}

/// What programs look for on the host.
struct Host {
    directory: tempfile::TempDir,
    tcp: TcpListener,
    name: String,
    _unix: UnixListener,
}

impl Host {
    fn new() -> Host {
        let directory = tempfile::tempdir_in("/var/tmp").expect("a directory");
        let open =
            |path: PathBuf| fs::set_permissions(path, fs::Permissions::from_mode(0o755)).expect("a mode");
        open(directory.path().into());
        fs::create_dir(directory.path().join("canary")).expect("a directory");
        fs::write(directory.path().join("canary/secret.txt"), "canary").expect("a file");
        for entry in fs::read_dir(root().join("tests/escapes/programs")).expect("programs").flatten() {
            fs::copy(entry.path(), directory.path().join(entry.file_name())).expect("a copy");
        }
        fs::copy(env!("CARGO_BIN_EXE_ringfence-probe"), directory.path().join("probe")).expect("a copy");
        let name = format!("ringfence-escapes-{}", std::process::id());
        let address = SocketAddr::from_abstract_name(&name).expect("a name");
        Host {
            directory,
            tcp: TcpListener::bind("127.0.0.1:0").expect("a port"),
            _unix: UnixListener::bind_addr(&address).expect("an abstract name"),
            name,
        }
    }
}

/// Does `work` for every program of a language, and tells of all that went wrong at once.
fn each(ending: &str, work: impl Fn(&Program<'_>) -> Result<String, String>) {
    let host = Host::new();
    let mut wrong = Vec::new();
    for case in CASES.iter().filter(|case| ending != "js" || case.program != NOT_IN_JAVASCRIPT) {
        let marker = format!("ringfence-escape-{}-{}", std::process::id(), case.program);
        let program = Program { case, ending, host: &host, marker: &marker };
        let (word, detail) = match work(&program) {
            Ok(detail) => ("ok", detail),
            Err(detail) => ("WRONG", detail),
        };
        let line = format!("{word:5} {}: {detail}", program.file());
        writeln!(std::io::stderr(), "{line}").expect("a place to print");
        if word == "WRONG" {
            wrong.push(line);
        }
    }
    assert!(wrong.is_empty(), "\n{}", wrong.join("\n"));
}

fn is_contained(ending: &str) {
    each(ending, |program| program.verdict(&program.run()).map(|()| "contained".to_owned()));
}

/// In the place made for it, every program is contained with all layers and escapes without its own.
fn can_fail(ending: &str) {
    if !is_root() {
        eprintln!("skipped: only root can make a place where a program may escape without harm");
        return;
    }
    each(ending, |program| {
        let outer = Outer::new();
        let with = outer.run(program, &[])?;
        program.verdict(&with).map_err(|why| format!("with every layer, as an ordinary user: {why}"))?;
        let layers = program.layers();
        if with.answer["isolation"]["complete"] != true {
            return Err(format!("with every layer, not every layer holds: {:#}", with.answer["isolation"]));
        }
        let without = outer.run(program, &layers)?;
        for (layer, shown) in SHOWN {
            if layers.iter().any(|name| name == layer)
                && without.answer["isolation"][shown]["inForce"] != false
            {
                return Err(format!("the answer claims {shown} without {layer}"));
            }
        }
        let Err(why) = program.verdict(&without) else {
            return Err(format!("contained without {layers:?}: the test cannot fail"));
        };
        let (_, escaped) = attempts(&without.answer);
        let held = |name: &str| program.case.held_by_others.iter().find(|(held, _)| *held == name);
        let mut skipped = Vec::new();
        for name in attempts(&with.answer).0.difference(&escaped) {
            match held(name) {
                Some((name, by)) => skipped.push(format!("skipped {name}: {by}")),
                None if program.case.shows_in_answer => {}
                None => return Err(format!("{name} is contained without {layers:?}: {:#}", without.answer)),
            }
        }
        skipped.insert(0, format!("without {}: {why}", layers.join(", ")));
        Ok(skipped.join("\n      "))
    });
}

#[test]
fn python_is_contained() {
    is_contained("py");
}

#[test]
fn bash_is_contained() {
    is_contained("sh");
}

#[test]
fn javascript_is_contained() {
    is_contained("js");
}

#[test]
fn python_escapes_without_the_layers() {
    can_fail("py");
}

#[test]
fn javascript_escapes_without_the_layers() {
    can_fail("js");
}

#[test]
fn bash_escapes_without_the_layers() {
    can_fail("sh");
}
