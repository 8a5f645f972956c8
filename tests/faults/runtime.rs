//! Files of a runtime that vanish or are replaced under a running server: no program is blamed for it,
//! the problem says what to do, and what is put back works again.

use std::{
    fs,
    path::{Path, PathBuf},
    process::Command,
    thread,
};

use ringfence_tests::{
    Installation, Server, commands_with, output_of,
    processes::{eventually, signal},
};
use serde_json::{Value, json};

/// A server on a copy of the runtimes that a test may damage.
struct Damaged {
    house: Installation,
    server: Server,
}

impl Damaged {
    fn start() -> Damaged {
        let house = Installation::with_own_runtimes();
        let server = house.serve();
        Damaged { house, server }
    }

    fn root(&self, runtime: &str) -> PathBuf {
        self.house.runtimes_dir().join(runtime).join("root")
    }

    /// In a new process: an interpreter that waits has all that it needs to start.
    fn execute(&self, language: &str, code: &str) -> (u16, Value) {
        self.server.post("/v1/execute", &json!({ "language": language, "code": code, "fresh": true }))
    }

    fn works(&self, language: &str, code: &str) {
        let (status, answer) = self.execute(language, code);
        assert_eq!((status, &answer["stdout"]), (200, &json!("fine\n")), "{answer}");
    }

    /// That a program is refused as often as it is tried, ready jails or new ones, and health says it.
    fn refuses(&self, language: &str, code: &str, says: &[&str]) {
        for _ in 0..6 {
            let (status, problem) = self.execute(language, code);
            assert_eq!((status, &problem["code"]), (503, &json!("runtime_damaged")), "{problem}");
            let detail = problem["detail"].as_str().unwrap();
            assert!(says.iter().all(|part| detail.contains(part)), "{detail}");
        }
        let (status, health) = self.server.get("/health");
        assert_eq!((status, &health["problems"][0]["code"]), (503, &json!("runtime_damaged")), "{health}");
        let detail = health["problems"][0]["detail"].as_str().unwrap();
        assert!(says.iter().all(|part| detail.contains(part)), "{detail}");
    }

    fn is_well(&self) {
        eventually("health is ok", || self.server.get("/health").0 == 200);
    }

    /// What the first key has spent, in runs.
    fn spent(&self) -> Value {
        let listed = self.house.output(&["keys", "list", "--json"]).stdout;
        serde_json::from_slice::<Value>(&listed).unwrap()[0]["spent"]["runs"].clone()
    }
}

const BASH: &str = "echo fine";
const PYTHON: &str = "print('fine')";

#[test]
fn an_interpreter_or_library_that_is_gone_is_named_and_may_come_back() {
    let damaged = Damaged::start();
    damaged.is_well();
    let library = find(&damaged.root("shell").join("usr/lib"), "libtinfo.so.6");
    let python = fs::canonicalize(damaged.root("python").join("usr/bin/python3")).unwrap();
    for (file, name, language, code, other, others_code) in [
        (damaged.root("shell").join("usr/bin/bash"), "/usr/bin/bash", "bash", BASH, "python", PYTHON),
        (library, "libtinfo.so.6", "bash", BASH, "python", PYTHON),
        (python, "/usr/bin/python3", "python", PYTHON, "bash", BASH),
    ] {
        damaged.works(language, code);
        let before = damaged.spent();
        let aside = damaged.house.path().join("aside");
        fs::rename(&file, &aside).unwrap();
        damaged.refuses(language, code, &[name, "ringfence runtimes build --force", "put it back"]);
        assert_eq!(damaged.spent(), before, "our failure costs nothing");
        damaged.works(other, others_code);
        fs::rename(&aside, &file).unwrap();
        damaged.works(language, code);
        damaged.is_well();
    }
    // The same code of a program of its own is a result.
    let (status, answer) = damaged.execute("bash", "exit 127");
    assert_eq!((status, &answer["exitCode"]), (200, &json!(127)), "{answer}");
}

/// A file of this name below a directory.
fn find(directory: &Path, name: &str) -> PathBuf {
    let entries = fs::read_dir(directory).unwrap().map(|entry| entry.unwrap().path());
    entries
        .filter(|path| path.is_dir())
        .map(|path| path.join(name))
        .find(|path| path.exists())
        .unwrap_or_else(|| panic!("no {name} below {}", directory.display()))
}

#[test]
fn health_sees_damage_before_a_run_does() {
    let damaged = Damaged::start();
    let bash = damaged.root("shell").join("usr/bin/bash");
    fs::remove_file(&bash).unwrap();
    eventually("health says it", || damaged.server.get("/health").0 == 503);
    let words = ["run", "-", "--language", "bash"];
    let output = output_of(damaged.house.command(&words), b"echo x");
    let said = String::from_utf8_lossy(&output.stderr);
    assert_eq!((output.status.code(), said.trim().lines().count()), (Some(125), 1), "{said}");
    assert!(said.contains("/usr/bin/bash") && said.contains("ringfence runtimes build --force"), "{said}");
}

#[test]
fn a_deep_look_names_the_language_that_fails_and_sees_it_mended() {
    let damaged = Damaged::start();
    let bash = damaged.root("shell").join("usr/bin/bash");
    let aside = damaged.house.path().join("aside");
    fs::rename(&bash, &aside).unwrap();
    let (status, deep) = damaged.server.get("/health/deep");
    assert_eq!((status, &deep["status"]), (503, &json!("failing")), "{deep}");
    for (name, expected) in
        [("bash", "failing"), ("python", "ok"), ("javascript", "ok"), ("typescript", "ok"), ("store", "ok")]
    {
        assert_eq!(deep["checks"][name]["status"], expected, "{deep}");
    }
    assert!(!deep.to_string().contains('/'), "it tells strangers of files: {deep}");
    eventually("it is not ready", || damaged.server.get("/readyz").0 == 503);
    let (_, ready) = damaged.server.get("/readyz");
    assert_eq!(ready["problems"][0]["code"], "runtime_damaged", "{ready}");
    assert_eq!(damaged.server.get("/livez").0, 200, "a new start would not mend it");
    fs::rename(&aside, &bash).unwrap();
    damaged.is_well();
    eventually("a deep look finds nothing", || damaged.server.get("/health/deep").0 == 200);
    assert_eq!(damaged.server.get("/readyz").0, 200);
    assert_eq!(damaged.spent(), json!(0), "nobody pays for it");
}

#[test]
fn a_supervisor_that_hangs_is_noticed() {
    let house = Installation::new();
    let server = house.serve();
    let supervisor = [server.supervisor()];
    signal("STOP", &supervisor);
    let (status, deep) = server.get("/health/deep");
    assert_eq!((status, &deep["checks"]["store"]["status"]), (503, &json!("ok")), "{deep}");
    for language in ["python", "javascript", "typescript", "bash"] {
        assert_eq!(deep["checks"][language]["status"], "failing", "{deep}");
    }
    // The runs of the deep look are what it says nothing about.
    eventually("it is not ready", || server.get("/readyz").0 == 503);
    let (_, ready) = server.get("/readyz");
    assert_eq!(ready["problems"][0]["code"], "supervisor_silent", "{ready}");
    signal("CONT", &supervisor);
    eventually("it is ready", || server.get("/readyz").0 == 200);
    eventually("a deep look finds nothing", || server.get("/health/deep").0 == 200);
}

/// Puts a new tree in a runtime's place and deletes the former, as a build does.
fn build_anew(runtime: &Path) {
    let former = runtime.with_extension("former");
    fs::rename(runtime, &former).unwrap();
    assert!(Command::new("cp").arg("-al").args([&former, runtime]).status().unwrap().success());
    fs::remove_dir_all(former).unwrap();
}

#[test]
fn a_runtime_that_is_removed_or_built_anew_asks_for_a_restart() {
    let damaged = Damaged::start();
    fs::remove_dir_all(damaged.house.runtimes_dir().join("python")).unwrap();
    damaged.refuses("python", PYTHON, &["Python", "start ringfence again", "ringfence runtimes build"]);
    damaged.works("bash", BASH);
    let (status, problem) = thread::scope(|scope| {
        let running = scope.spawn(|| damaged.execute("bash", "sleep 4.109375; ls; echo $?"));
        eventually("it runs", || !commands_with("sleep 4.109375").is_empty());
        build_anew(&damaged.house.runtimes_dir().join("shell"));
        running.join().unwrap()
    });
    // The program goes on with what it has open; what it starts is gone, which it sees and may ignore.
    assert!(status == 200 || problem["code"] == "runtime_damaged", "{problem}");
    damaged.refuses("bash", BASH, &["built anew", "start ringfence again"]);
    let Damaged { house, server } = damaged;
    let key = server.key.clone();
    assert!(server.stop());
    let mut server = house.serve();
    server.key = key;
    let again = Damaged { house, server };
    again.works("bash", BASH);
    again.is_well();
    let (status, problem) = again.execute("python", PYTHON);
    assert_eq!((status, &problem["code"]), (503, &json!("runtime_missing")), "{problem}");
}
