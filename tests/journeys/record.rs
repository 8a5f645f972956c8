//! What is remembered: read back from the database, with the jail's own sqlite3.

use std::{path::PathBuf, thread};

use ringfence_tests::{
    Installation, commands_with, output_of,
    processes::{eventually, gone, groups_of, kill},
};
use serde_json::{Value, json};

/// Rows that the database answers with, each an object.
pub(crate) fn query(house: &Installation, sql: &str) -> Vec<Value> {
    let database = house.path().join("data/ringfence.db");
    let log = PathBuf::from(format!("{}-wal", database.display()));
    let mut words = ["run", "-", "--language", "bash", "--json"].map(str::to_owned).to_vec();
    for file in [database, log].iter().filter(|file| file.exists()) {
        words.push("--file".to_owned());
        words.push(format!("{}={}", file.file_name().unwrap().display(), file.display()));
    }
    let words: Vec<&str> = words.iter().map(String::as_str).collect();
    let output = output_of(house.command(&words), format!("sqlite3 -json ringfence.db \"{sql}\"").as_bytes());
    let answer: Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!((&answer["status"], &answer["stderr"]), (&json!("succeeded"), &json!("")));
    serde_json::from_str(answer["stdout"].as_str().unwrap()).unwrap()
}

/// Kinds and bodies of a run's events, in their order.
pub(crate) fn events(house: &Installation, run: &str) -> Vec<(String, Value)> {
    let rows = query(house, &format!("select kind, body from events where run = '{run}' order by seq"));
    let text = |row: &Value, column: &str| row[column].as_str().unwrap().to_owned();
    rows.iter().map(|row| (text(row, "kind"), serde_json::from_str(&text(row, "body")).unwrap())).collect()
}

fn kinds(events: &[(String, Value)]) -> Vec<&str> {
    events.iter().map(|(kind, _)| kind.as_str()).collect()
}

#[test]
fn a_spreadsheet_is_read_in_the_jail_before_code_is_written() {
    let house = Installation::new();
    let csv = house.path().join("books.csv");
    std::fs::write(&csv, "shelf,copies\nnorth,3\nsouth,4\n").unwrap();
    let output = house.output(&["ask", "total copies", "--json", "--file", csv.to_str().unwrap()]);
    let answer: Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(answer["value"].as_f64(), Some(7.0));
    let events = events(&house, answer["id"].as_str().unwrap());
    assert_eq!(
        kinds(&events),
        [
            "run.requested",
            "read.started",
            "read.finished",
            "code.asked",
            "code.written",
            "policy.passed",
            "budget.reserved",
            "exec.started",
            "exec.finished",
            "run.settled",
        ]
    );
    // A run of its own, within limits and paid for like any other.
    assert_eq!((&events[1].1["file"], &events[2].1["status"]), (&json!("books.csv"), &json!("succeeded")));
    assert!(events[2].1["used"]["sandboxMs"].as_i64() >= Some(1), "{events:?}");
}

#[test]
fn a_restart_keeps_the_history() {
    let house = Installation::new();
    let server = house.serve();
    let (_, answer) = server.post("/v1/execute", &json!({"language": "python", "code": "print(6*7)"}));
    let key = server.key.clone();
    assert!(server.stop());
    let before = events(&house, answer["id"].as_str().unwrap());
    assert_eq!(kinds(&before).last(), Some(&"run.settled"));
    let mut server = house.serve();
    assert!(server.key.is_empty(), "a second start shows no key");
    server.key = key;
    let (code, second) = server.post("/v1/execute", &json!({"language": "python", "code": "print(6*7)"}));
    assert_eq!((code, &second["stdout"]), (200, &json!("42\n")));
    assert!(server.stop());
    assert_eq!(events(&house, answer["id"].as_str().unwrap()), before);
}

#[test]
fn when_both_processes_die_at_once_nothing_is_lost_or_left() {
    let house = Installation::new();
    let server = house.serve();
    let (pid, supervisor) = (server.pid(), server.supervisor());
    let (_, done) = server.post("/v1/execute", &json!({"language": "bash", "code": "echo kept"}));
    thread::scope(|scope| {
        let running = scope.spawn(|| {
            std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| {
                server.post("/v1/execute", &json!({"language": "bash", "code": "sleep 8.125"}))
            }))
        });
        eventually("the program runs", || !commands_with("sleep 8.125").is_empty());
        // Neither has a moment to clean up after the other.
        kill(&[pid, supervisor]);
        assert!(running.join().unwrap().is_err(), "the server is dead and cannot answer");
    });
    eventually("the program dies with them", || {
        gone(pid) && gone(supervisor) && commands_with("sleep 8.125").is_empty()
    });
    assert!(!groups_of(supervisor).is_empty(), "nobody was left to remove them");
    assert_eq!(kinds(&events(&house, done["id"].as_str().unwrap())).last(), Some(&"run.settled"));
    assert!(groups_of(supervisor).is_empty(), "the next start did not sweep");
    // Nobody is left who could carry the program out, so what was reserved for it is paid.
    let keys: Value = serde_json::from_slice(&house.output(&["keys", "list", "--json"]).stdout).unwrap();
    assert_eq!((&keys[0]["spent"]["runs"], &keys[0]["reserved"]["runs"]), (&json!(2), &json!(0)), "{keys}");
}
