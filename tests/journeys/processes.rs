//! The two processes: who has which rights, and what is left when one of them dies.

use std::{fs, thread, time::Duration};

use ringfence_tests::{
    Installation, output_of,
    processes::{children, eventually, gone, groups_of, kill, status},
    wrapped,
};
use serde_json::{Value, json};

#[test]
fn the_server_side_has_no_privilege() {
    let house = Installation::new();
    let server = house.serve();
    assert_eq!(status(server.pid(), "CapEff"), "0000000000000000");
    assert_eq!(status(server.pid(), "CapBnd"), "0000000000000000");
    assert_eq!(status(server.pid(), "NoNewPrivs"), "1");
    assert!(
        !status(server.pid(), "Uid").split_whitespace().any(|uid| uid == "0"),
        "{}",
        status(server.pid(), "Uid")
    );
    let supervisor = server.supervisor();
    assert_eq!(status(supervisor, "Threads"), "1");
    let environment = fs::read(format!("/proc/{supervisor}/environ")).unwrap();
    assert!(environment.iter().all(|byte| *byte == 0), "the supervisor shows its environment");
}

#[test]
fn an_orderly_stop_leaves_nothing() {
    let house = Installation::new();
    let server = house.serve();
    let supervisor = server.supervisor();
    assert_eq!(server.post("/v1/execute", &json!({"language": "bash", "code": ":"})).0, 200);
    assert!(!groups_of(supervisor).is_empty());
    assert!(server.stop());
    assert!(gone(supervisor) && groups_of(supervisor).is_empty());
}

#[test]
fn when_the_server_dies_the_supervisor_ends_every_run() {
    let house = Installation::new();
    let server = house.serve();
    let supervisor = server.supervisor();
    thread::scope(|scope| {
        let running = scope.spawn(|| {
            std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| {
                server.post("/v1/execute", &json!({"language": "bash", "code": "sleep 9"}))
            }))
        });
        thread::sleep(Duration::from_millis(700));
        kill(&[server.pid()]);
        assert!(running.join().unwrap().is_err(), "the server is dead and cannot answer");
    });
    eventually("the supervisor cleans up and ends", || gone(supervisor) && groups_of(supervisor).is_empty());
}

#[test]
fn when_the_supervisor_dies_the_server_ends_and_the_next_start_sweeps() {
    let house = Installation::new();
    let server = house.serve();
    let (pid, supervisor) = (server.pid(), server.supervisor());
    kill(&[supervisor]);
    eventually("the server ends", || gone(pid));
    assert!(!server.stop(), "it did not end well, and says so");
    assert!(!groups_of(supervisor).is_empty(), "nobody was left to remove them");
    assert_eq!(house.run("bash", "echo back", &[])["stdout"], "back\n");
    assert!(groups_of(supervisor).is_empty(), "the next start did not sweep");
}

#[test]
fn a_ready_jail_that_dies_is_replaced() {
    replaced_when_killed(|inits| inits.to_vec());
}

#[test]
fn a_ready_jail_whose_guest_dies_is_replaced() {
    replaced_when_killed(|inits| inits.iter().flat_map(|init| children(*init)).collect());
}

/// The inits of jails whose guests are their children: of the others a zygote forks them.
fn jails(supervisor: u32) -> Vec<u32> {
    let is_init = |pid: &u32| status(*pid, "NSpid").split_whitespace().nth(1) == Some("1");
    let mut inits = children(supervisor);
    inits.retain(|pid| is_init(pid) && !children(*pid).is_empty());
    inits
}

/// Kills what `chosen` makes of the inits of a server's ready jails; every run after it succeeds.
fn replaced_when_killed(chosen: impl Fn(&[u32]) -> Vec<u32>) {
    let house = Installation::new();
    let server = house.serve();
    let supervisor = server.supervisor();
    eventually("jails are kept ready", || !children(supervisor).is_empty());
    // A processor's worth of ready jails for each runtime, and no more.
    thread::sleep(Duration::from_millis(300));
    let ready = jails(supervisor);
    let killed = chosen(&ready);
    assert_eq!(killed.len(), ready.len());
    kill(&killed);
    eventually("they die", || ready.iter().all(|pid| gone(*pid)));
    for _ in 0..ready.len() {
        let (code, answer) = server.post("/v1/execute", &json!({"language": "bash", "code": "echo $$"}));
        // The first process after init, in a jail of its own.
        assert_eq!((code, &answer["stdout"]), (200, &json!("2\n")), "{answer}");
    }
    eventually("the dead are reaped and replaced", || {
        let now = jails(supervisor);
        // What was used is kept ready in a greater number.
        now.len() >= ready.len() && now.iter().all(|pid| !gone(*pid) && !ready.contains(pid))
    });
}

#[test]
fn the_operators_umask_does_not_reach_the_jail() {
    let house = Installation::new();
    let plain = house.command(&["run", "-", "--language", "bash", "--json"]);
    let command = wrapped(&plain, &["sh", "-c", "umask 077; exec \"$@\"", "sh"]);
    let output = output_of(command, b"umask; stat -c %a .");
    let answer: Value = serde_json::from_slice(&output.stdout).expect("an answer object");
    assert_eq!((&answer["exitCode"], &answer["stdout"]), (&json!(0), &json!("0022\n755\n")), "{answer}");
}
