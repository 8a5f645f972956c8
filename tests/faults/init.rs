//! Processes of a run in progress that are killed from outside: its init, which is ours, and the guest's
//! first process, whose death is the guest's result.

use std::{
    thread,
    time::{Duration, Instant},
};

use ringfence_tests::{
    Installation, Server, commands_with, output_of,
    processes::{children, eventually, gone, groups_of, kill, pids_of, ready_jails, signal, status},
};
use serde_json::{Value, json};

/// The init of the run whose program has started `command`, and the guest's first process.
fn jail_of(command: &str) -> (u32, u32) {
    let parent = |pid: u32| status(pid, "PPid").parse().expect("a parent");
    let child = pids_of(command).first().copied().expect("the program runs");
    let guest = parent(child);
    (parent(guest), guest)
}

/// Runs a program in the background, has `act` do something to its init and first process once it runs,
/// and returns the answer.
fn meanwhile(server: &Server, marker: &str, act: impl FnOnce((u32, u32))) -> (u16, Value) {
    let code = format!("echo begun; {marker} & wait; echo woken");
    thread::scope(|scope| {
        let running =
            scope.spawn(|| server.post("/v1/execute", &json!({ "language": "bash", "code": code })));
        eventually("the program runs", || !commands_with(marker).is_empty());
        act(jail_of(marker));
        running.join().unwrap()
    })
}

/// What the first key has spent and what is held from it, in runs.
fn runs(house: &Installation) -> (Value, Value) {
    let listed = house.output(&["keys", "list", "--json"]).stdout;
    let keys: Value = serde_json::from_slice(&listed).unwrap();
    (keys[0]["spent"]["runs"].clone(), keys[0]["reserved"]["runs"].clone())
}

#[test]
fn a_killed_init_is_our_failure_and_nobody_elses() {
    let house = Installation::new();
    let server = house.serve();
    let supervisor = server.supervisor();
    let ready = ready_jails(supervisor);
    let groups = groups_of(supervisor).len();
    let begun = Instant::now();
    let (code, problem) = thread::scope(|scope| {
        let other = scope.spawn(|| {
            server.post("/v1/execute", &json!({ "language": "bash", "code": "sleep 1.1171875; echo other" }))
        });
        let answer = meanwhile(&server, "sleep 9.1171875", |(init, _)| kill(&[init]));
        let (code, other) = other.join().unwrap();
        assert_eq!((code, &other["stdout"]), (200, &json!("other\n")), "a run beside it");
        answer
    });
    assert!(begun.elapsed() < Duration::from_secs(6), "it waited for the program");
    assert_eq!((code, &problem["code"]), (500, &json!("sandbox_failed")), "{problem}");
    assert!(problem["run_id"].is_string() && problem.get("stdout").is_none(), "{problem}");
    assert_eq!(runs(&house), (json!(1), json!(0)), "ours is settled and costs nothing");
    for _ in 0..ready + 2 {
        let (code, answer) = server.post("/v1/execute", &json!({ "language": "bash", "code": "echo on" }));
        assert_eq!((code, &answer["stdout"]), (200, &json!("on\n")), "{answer}");
    }
    assert!(commands_with("sleep 9.1171875").is_empty());
    eventually("nothing is left", || {
        children(supervisor).len() == ready && groups_of(supervisor).len() == groups
    });
}

#[test]
fn a_killed_program_is_the_programs_result() {
    let house = Installation::new();
    let server = house.serve();
    let (code, answer) = meanwhile(&server, "sleep 9.125", |(_, guest)| kill(&[guest]));
    assert_eq!((code, &answer["status"]), (200, &json!("signaled")), "{answer}");
    assert_eq!((&answer["signal"], &answer["exitCode"]), (&json!(9), &json!(137)), "{answer}");
    assert_eq!(answer["stdout"], "begun\n");
    assert!(commands_with("sleep 9.125").is_empty(), "what it started is gone with it");
    assert_eq!(runs(&house), (json!(1), json!(0)));
}

#[test]
fn a_stopped_init_does_not_outlive_the_limit() {
    let house = Installation::new();
    let server = house.serve();
    let code = "sleep 9.140625";
    let body = json!({ "language": "bash", "code": format!("{code} & wait"), "limits": { "wallMs": 1500 } });
    let (status_code, answer) = thread::scope(|scope| {
        let running = scope.spawn(|| server.post("/v1/execute", &body));
        eventually("the program runs", || !commands_with(code).is_empty());
        let (init, _) = jail_of(code);
        signal("STOP", &[init]);
        eventually("it is stopped or over", || gone(init) || status(init, "State").starts_with('T'));
        running.join().unwrap()
    });
    assert_eq!((status_code, &answer["status"]), (200, &json!("timed_out")), "{answer}");
    assert!(commands_with(code).is_empty());
}

#[test]
fn the_command_line_says_it_in_one_line() {
    let house = Installation::new();
    let command = house.command(&["run", "-", "--language", "bash"]);
    let output = thread::scope(|scope| {
        let running = scope.spawn(|| output_of(command, b"echo begun; sleep 9.15625 & wait"));
        eventually("the program runs", || !commands_with("sleep 9.15625").is_empty());
        kill(&[jail_of("sleep 9.15625").0]);
        running.join().unwrap()
    });
    let said = String::from_utf8_lossy(&output.stderr);
    assert_eq!((output.status.code(), output.stdout.as_slice()), (Some(125), &b""[..]), "{said}");
    assert_eq!(said.trim().lines().count(), 1, "{said}");
    assert!(said.contains("init died"), "{said}");
}
