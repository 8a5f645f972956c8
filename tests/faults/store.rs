//! A full disk under the data directory: runs are refused before they begin, what cannot be recorded is
//! not given out, no money is lost, and once there is room everything goes on.

use std::{
    fs::{self, File},
    io::Write as _,
    path::PathBuf,
    process::{Command, Output},
    thread,
};

use ringfence_tests::{Installation, Server, commands_with, output_of, processes::eventually, wrapped};
use serde_json::{Value, json};

/// Size of the disk in these tests, in MiB.
const DISK_MIB: u32 = 40;

/// A command of the program with its data directory on a disk of its own, which ends with it.
fn on_a_small_disk(house: &Installation, before: &str, words: &[&str]) -> Command {
    let data = house.path().join("data");
    fs::create_dir(&data).unwrap();
    let script = format!(
        "mount -t tmpfs -o size={DISK_MIB}m,mode=700 none {data}; cd {data}; {before} exec \"$@\"",
        data = data.display()
    );
    wrapped(&house.command(words), &["unshare", "-m", "sh", "-ec", &script, "sh"])
}

/// A server whose disk a test can fill.
struct Cramped<'a> {
    house: &'a Installation,
    server: Server,
}

impl Cramped<'_> {
    fn start(house: &Installation) -> Cramped<'_> {
        let command = on_a_small_disk(house, "", &["serve", "--listen", "127.0.0.1:0"]);
        Cramped { house, server: Server::start(command) }
    }

    /// The data directory as the server sees it.
    fn data(&self) -> PathBuf {
        format!("/proc/{}/root/tmp", self.server.pid()).into()
    }

    /// Leaves no byte.
    fn fill(&self) {
        let mut filler = File::create(self.data().join("filler")).unwrap();
        for bytes in [1 << 20, 4096] {
            while filler.write_all(&vec![0; bytes]).is_ok() {}
        }
    }

    fn make_room(&self) {
        fs::remove_file(self.data().join("filler")).unwrap();
    }

    fn execute(&self, code: &str) -> (u16, Value) {
        self.server.post("/v1/execute", &json!({ "language": "bash", "code": code }))
    }

    fn health(&self) -> (u16, Value) {
        self.server.get("/health")
    }

    /// Another process of the program beside the server, on the same disk.
    fn beside(&self, words: &[&str], input: &[u8]) -> Output {
        let pid = self.server.pid().to_string();
        let mut command = wrapped(&self.house.command(words), &["nsenter", "-t", &pid, "-m"]);
        command.env("RINGFENCE_DATA_DIR", "/tmp");
        output_of(command, input)
    }

    /// What the first key has spent and what is held from it, in runs.
    fn runs(&self) -> (i64, i64) {
        let listed = self.beside(&["keys", "list", "--json"], b"");
        assert!(listed.status.success(), "{}", String::from_utf8_lossy(&listed.stderr));
        let keys: Value = serde_json::from_slice(&listed.stdout).unwrap();
        let figure = |state: &str| keys[0][state]["runs"].as_i64().unwrap();
        (figure("spent"), figure("reserved"))
    }

    /// What the database answers, as Python writes it.
    fn query(&self, sql: &str) -> String {
        let script = "import sqlite3, sys\n\
                      with sqlite3.connect('/tmp/ringfence.db') as base:\n    \
                      print(*base.execute(sys.argv[1]).fetchall())";
        let mut command = Command::new("nsenter");
        command.args(["-t", &self.server.pid().to_string(), "-m", "python3", "-c", script, sql]);
        let output = command.output().unwrap();
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        String::from_utf8(output.stdout).unwrap()
    }
}

#[test]
fn a_deep_look_writes_to_the_store() {
    let house = Installation::new();
    let cramped = Cramped::start(&house);
    cramped.fill();
    let (status, deep) = cramped.server.get("/health/deep");
    assert_eq!((status, &deep["checks"]["store"]["status"]), (503, &json!("failing")), "{deep}");
    assert_eq!(deep["checks"]["bash"]["status"], "ok", "{deep}");
    let (status, ready) = cramped.server.get("/readyz");
    assert_eq!((status, &ready["problems"][0]["code"]), (503, &json!("store_full")), "{ready}");
    cramped.make_room();
    assert_eq!(cramped.server.get("/readyz").0, 200);
    eventually("a deep look finds nothing", || cramped.server.get("/health/deep").0 == 200);
}

#[test]
fn no_run_begins_without_room_to_record_it() {
    let house = Installation::new();
    let cramped = Cramped::start(&house);
    assert_eq!(cramped.execute("echo before").0, 200);
    assert_eq!(cramped.health().0, 200);
    cramped.fill();
    for _ in 0..3 {
        let (status, problem) = cramped.execute("sleep 2.015625");
        assert_eq!((status, &problem["code"]), (507, &json!("store_full")), "{problem}");
        let detail = problem["detail"].as_str().unwrap();
        assert!(detail.contains("free space where the data directory is"), "{problem}");
        assert!(commands_with("sleep 2.015625").is_empty(), "it was refused, and ran");
    }
    let ask = json!({"question": "What is the NPV of -1000, 300, 400, 500 at 5%?"});
    assert_eq!(cramped.server.post("/v1/ask", &ask).0, 507);
    let (status, health) = cramped.health();
    assert_eq!((status, &health["status"]), (503, &json!("failing")), "{health}");
    assert_eq!(health["problems"][0]["code"], "store_full");
    cramped.make_room();
    let (status, answer) = cramped.execute("echo after");
    assert_eq!((status, &answer["stdout"]), (200, &json!("after\n")), "{answer}");
    assert_eq!(cramped.health().0, 200);
    assert_eq!(cramped.runs(), (2, 0), "what was refused costs nothing");
    assert!(cramped.server.stop());
}

#[test]
fn a_result_that_cannot_be_recorded_is_not_given_and_its_money_is_held() {
    let house = Installation::new();
    let cramped = Cramped::start(&house);
    let (status, problem) = thread::scope(|scope| {
        // More than the database keeps by itself, so that it needs room.
        let code = "sleep 3.03125; head -c 40000 /dev/zero | tr '\\0' x";
        let running = scope.spawn(|| cramped.execute(code));
        eventually("the program runs", || !commands_with("sleep 3.03125").is_empty());
        cramped.fill();
        running.join().unwrap()
    });
    assert_eq!((status, &problem["code"]), (507, &json!("store_full")), "{problem}");
    let detail = problem["detail"].as_str().unwrap();
    assert!(detail.contains("the program ran, but its result could not be recorded"), "{problem}");
    let run = problem["run_id"].as_str().unwrap().to_owned();
    cramped.make_room();
    assert_eq!(cramped.execute("echo after").0, 200);
    let held = format!("select count(*) from reservations where run = '{run}' and state = 'held'");
    let settled = format!("select count(*) from events where run = '{run}' and kind = 'exec.finished'");
    assert_eq!(cramped.query(&settled), "(0,)\n", "the record has no result that nobody got");
    if cramped.query(&held) == "(1,)\n" {
        assert_eq!(cramped.runs(), (1, 1));
        // Its lease runs out.
        cramped.query(&format!("update reservations set until_ms = 1 where run = '{run}'"));
        assert!(cramped.beside(&["run", "-", "--language", "bash"], b"echo x").status.success());
    }
    assert_eq!(cramped.runs(), (2, 0), "it is paid for, once");
    assert!(cramped.server.stop());
}

#[test]
fn a_short_result_that_still_fits_is_given_and_recorded() {
    let house = Installation::new();
    let cramped = Cramped::start(&house);
    let (status, answer) = thread::scope(|scope| {
        let running = scope.spawn(|| cramped.execute("sleep 3.046875; echo short"));
        eventually("the program runs", || !commands_with("sleep 3.046875").is_empty());
        cramped.fill();
        running.join().unwrap()
    });
    cramped.make_room();
    let run = answer["id"].as_str().or_else(|| answer["run_id"].as_str()).unwrap();
    let settled = format!("select count(*) from events where run = '{run}' and kind = 'run.settled'");
    // The log may have room of its own or not: given is what is recorded, and nothing else.
    assert_eq!(cramped.query(&settled), if status == 200 { "(1,)\n" } else { "(0,)\n" }, "{answer}");
    assert!(status == 200 || answer["code"] == "store_full", "{answer}");
}

#[test]
fn the_command_line_says_it_in_one_line() {
    let fill = "head -c 30M /dev/zero > filler;";
    let all = "cat /dev/zero > filler 2>/dev/null || true;";
    for before in [fill, all] {
        let house = Installation::new();
        let command = on_a_small_disk(&house, before, &["run", "-", "--language", "bash"]);
        let output = output_of(command, b"echo ran");
        let said = String::from_utf8_lossy(&output.stderr);
        assert_eq!((output.status.code(), output.stdout.as_slice()), (Some(125), &b""[..]), "{said}");
        assert_eq!(said.trim().lines().count(), 1, "{said}");
        assert!(said.contains("free space") || said.contains("No space left"), "{said}");
    }
}
