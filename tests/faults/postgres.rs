//! Two servers on one Postgres, and a Postgres that crashes or hangs under them.

use std::{
    os::unix::fs::symlink,
    sync::atomic::{AtomicBool, Ordering},
    thread,
    time::{Duration, Instant},
};

use ringfence_tests::{Installation, Server, agent, postgres::Cluster, processes::eventually};
use serde_json::{Value, json};

/// Clients at the same time.
const CLIENTS: usize = 64;
/// Runs that they may have together.
const RUNS_MAX: usize = 20;

/// An installation whose record is in a Postgres.
struct Shared {
    cluster: Cluster,
    url: String,
    house: Installation,
}

impl Shared {
    /// None, with a word, if there is no Postgres here.
    fn new() -> Option<Shared> {
        let cluster = Cluster::start(&[]).map_err(|reason| eprintln!("skipped: {reason}")).ok()?;
        let url = cluster.new_database();
        Some(Shared { cluster, url, house: Installation::new() })
    }

    fn command(&self, words: &[&str]) -> std::process::Command {
        let mut command = self.house.command(words);
        command.env("RINGFENCE_DATABASE_URL", &self.url);
        command
    }

    fn serve(&self) -> Server {
        Server::start(self.command(&["serve", "--listen", "127.0.0.1:0"]))
    }

    /// Another server, as if on another machine: it knows the data directory by another name.
    fn serve_elsewhere(&self) -> Server {
        let elsewhere = self.house.path().join("elsewhere");
        symlink(self.house.path().join("data"), &elsewhere).unwrap();
        let mut command = self.command(&["serve", "--listen", "127.0.0.1:0"]);
        command.env("RINGFENCE_DATA_DIR", elsewhere);
        Server::start(command)
    }

    fn says(&self, words: &[&str]) -> Value {
        let output = self.command(words).output().unwrap();
        serde_json::from_slice(&output.stdout)
            .unwrap_or_else(|_| panic!("{}", String::from_utf8_lossy(&output.stderr)))
    }

    fn is_whole(&self) -> bool {
        self.command(&["audit", "verify"]).output().unwrap().status.success()
    }
}

fn execute(server: &Server, key: &str, name: Option<&str>) -> (u16, Value) {
    let mut request =
        agent().post(format!("{}/v1/execute", server.url)).header("authorization", format!("Bearer {key}"));
    if let Some(name) = name {
        request = request.header("idempotency-key", name);
    }
    let mut response = request.send_json(json!({ "language": "bash", "code": ":" })).expect("an answer");
    (response.status().as_u16(), response.body_mut().read_json().expect("JSON"))
}

/// The answer to a request that may be in progress elsewhere.
fn carried_out(server: &Server, key: &str, name: &str) -> Value {
    loop {
        let (status, answer) = execute(server, key, Some(name));
        match status {
            200 => return answer,
            409 => assert_eq!(answer["code"], "request_in_flight", "{answer}"),
            _ => panic!("{status}: {answer}"),
        }
        thread::sleep(Duration::from_millis(20));
    }
}

#[test]
fn two_servers_share_one_budget_and_carry_out_a_request_once() {
    let Some(shared) = Shared::new() else { return };
    let one = shared.serve();
    let other = shared.serve_elsewhere();
    let limit = RUNS_MAX.to_string();
    let created = shared.says(&["keys", "create", "--json", "--user", "ana", "--runs", &limit]);
    let key = created["key"].as_str().expect("a key");
    let servers = [&one, &other];
    let statuses: Vec<u16> = thread::scope(|scope| {
        let clients: Vec<_> =
            (0..CLIENTS).map(|at| scope.spawn(move || execute(servers[at % 2], key, None).0)).collect();
        clients.into_iter().map(|client| client.join().unwrap()).collect()
    });
    let count = |status| statuses.iter().filter(|&&answered| answered == status).count();
    assert_eq!((count(200), count(402)), (RUNS_MAX, CLIENTS - RUNS_MAX), "{statuses:?}");

    for round in 0..8 {
        let name = format!("round-{round}");
        let answers = thread::scope(|scope| {
            let (key, name) = (&one.key, &name);
            servers
                .map(|server| scope.spawn(move || carried_out(server, key, name)))
                .map(|client| client.join().unwrap())
        });
        assert_eq!(answers[0]["id"], answers[1]["id"]);
    }
    let runs = shared.cluster.sql(&shared.url, "SELECT count(*) FROM events WHERE kind = 'exec.started'");
    assert_eq!(runs, (RUNS_MAX + 8).to_string());
    let used = shared.cluster.sql(&shared.url, "SELECT sum(runs) FROM usage");
    assert_eq!(used, (RUNS_MAX + 8).to_string());
    assert!(one.stop() && other.stop());
    assert!(shared.is_whole());
}

#[test]
fn a_postgres_that_crashes_under_load_is_told_and_found_again() {
    let Some(shared) = Shared::new() else { return };
    let server = shared.serve();
    let stop = AtomicBool::new(false);
    let answers: Vec<(u16, Value)> = thread::scope(|scope| {
        let clients: Vec<_> = (0..4)
            .map(|_| {
                scope.spawn(|| {
                    let mut answers = Vec::new();
                    while !stop.load(Ordering::Relaxed) {
                        answers.push(execute(&server, &server.key, None));
                    }
                    answers
                })
            })
            .collect();
        for _ in 0..2 {
            thread::sleep(Duration::from_millis(700));
            shared.cluster.kill();
            let (status, problem) = execute(&server, &server.key, None);
            assert_eq!((status, &problem["code"]), (503, &json!("store_unavailable")), "{problem}");
            shared.cluster.start_again();
            eventually("it works again", || execute(&server, &server.key, None).0 == 200);
        }
        stop.store(true, Ordering::Relaxed);
        clients.into_iter().flat_map(|client| client.join().unwrap()).collect()
    });
    let finished: Vec<&Value> =
        answers.iter().filter(|(status, _)| *status == 200).map(|(_, run)| run).collect();
    for (status, problem) in answers.iter().filter(|(status, _)| *status != 200) {
        assert_eq!((*status, &problem["code"]), (503, &json!("store_unavailable")), "{problem}");
    }
    assert!(!finished.is_empty());
    // What was given out is recorded, with its end; and each run began at most once.
    for run in finished {
        let id = run["id"].as_str().expect("an id");
        let ended = format!("SELECT count(*) FROM events WHERE run = '{id}' AND kind = 'run.settled'");
        assert_eq!(shared.cluster.sql(&shared.url, &ended), "1", "{run}");
    }
    let twice = "SELECT count(*) FROM (SELECT run FROM events WHERE kind = 'exec.started'
                 GROUP BY run HAVING count(*) > 1) AS twice";
    assert_eq!(shared.cluster.sql(&shared.url, twice), "0");
    assert!(server.stop());
    assert!(shared.is_whole());
}

#[test]
fn a_postgres_that_hangs_is_told_in_time_and_found_again() {
    /// What the server waits for an answer at most, and some time to say so.
    const TOLD_WITHIN: Duration = Duration::from_secs(45);
    let Some(shared) = Shared::new() else { return };
    let server = shared.serve();
    assert_eq!(execute(&server, &server.key, None).0, 200);
    shared.cluster.hang();
    let began = Instant::now();
    let answers = thread::scope(|scope| {
        let clients = [(); 3].map(|()| scope.spawn(|| execute(&server, &server.key, None)));
        clients.map(|client| client.join().unwrap())
    });
    assert!(began.elapsed() < TOLD_WITHIN, "it took {:?}", began.elapsed());
    for (status, problem) in answers {
        assert_eq!((status, &problem["code"]), (503, &json!("store_unavailable")), "{problem}");
    }
    shared.cluster.go_on();
    eventually("it works again", || execute(&server, &server.key, None).0 == 200);
    // Nothing of those that were refused is held or has run.
    eventually("nothing is held", || {
        let held = "SELECT count(*) FROM reservations WHERE state IN ('held', 'waiting')";
        shared.cluster.sql(&shared.url, held) == "0"
    });
    let (started, used) =
        ("SELECT count(*) FROM events WHERE kind = 'exec.started'", "SELECT sum(runs) FROM usage");
    assert_eq!(shared.cluster.sql(&shared.url, started), shared.cluster.sql(&shared.url, used));
    assert!(server.stop());
    assert!(shared.is_whole());
}

#[test]
fn a_run_outlives_its_postgres_whoever_opens_that_first_when_it_is_back() {
    let Some(shared) = Shared::new() else { return };
    let server = shared.serve();
    let body = json!({ "language": "bash", "code": "sleep 6; echo done" });
    let (status, run) = thread::scope(|scope| {
        let run = scope.spawn(|| server.post("/v1/execute", &body));
        let begun = "SELECT count(*) FROM events WHERE kind = 'exec.started'";
        eventually("it has begun", || shared.cluster.sql(&shared.url, begun) == "1");
        shared.cluster.kill();
        shared.cluster.start_again();
        // The server has not been there since; this would end what a crashed one has left.
        shared.says(&["keys", "list", "--json"]);
        run.join().unwrap()
    });
    assert_eq!((status, &run["stdout"]), (200, &json!("done\n")), "{run}");
    assert!(server.stop());
    assert!(shared.is_whole());
}
