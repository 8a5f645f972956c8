//! The HTTP API with real keys, budgets and runs.

use std::{
    io::{Read, Write},
    net::TcpStream,
    thread,
    time::{Duration, Instant},
};

use ringfence_tests::{Installation, Server, commands_with, processes::eventually};
use serde_json::{Value, json};

use crate::{
    record::{events, query},
    runs::get,
};

fn request(url: &str, head: &str, body: &str) -> String {
    let mut stream = TcpStream::connect(url.trim_start_matches("http://")).unwrap();
    write!(stream, "{head}\r\nhost: x\r\nconnection: close\r\ncontent-length: {}\r\n\r\n{body}", body.len())
        .unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    answer
}

#[test]
fn a_key_from_the_first_start_opens_execute_and_ask() {
    let house = Installation::new();
    let server = house.serve();
    let (status, answer) = server.post("/v1/execute", &json!({"language": "bash", "code": "echo $((6*7))"}));
    assert_eq!((status, &answer["stdout"]), (200, &"42\n".into()));
    let csv = json!({"name": "t.csv", "content": "a,b\n1,2\n3,4\n", "encoding": "utf-8"});
    let (status, answer) = server.post("/v1/ask", &json!({"question": "sum of b", "files": [csv]}));
    assert_eq!((status, answer["value"].as_f64()), (200, Some(6.0)), "{answer}");
    let health = request(&server.url, "GET /health HTTP/1.1", "");
    assert!(health.starts_with("HTTP/1.1 200") && health.contains("\"ok\""), "{health}");
    let body = r#"{"language":"bash","code":"exit 5"}"#;
    let with = |auth: &str| {
        request(
            &server.url,
            &format!("POST /v1/execute HTTP/1.1\r\ncontent-type: application/json{auth}"),
            body,
        )
    };
    assert!(with(&format!("\r\nx-api-key: {}", server.key)).contains("\"exitCode\":5"));
    for auth in ["", "\r\nx-api-key: nonsense", "\r\nauthorization: Bearer rf_live_x"] {
        let refused = with(auth);
        assert!(
            refused.starts_with("HTTP/1.1 401") && refused.contains("application/problem+json"),
            "{refused}"
        );
    }
    assert!(server.stop());
    let again = house.serve();
    assert!(again.key.is_empty(), "the key is shown once");
}

#[test]
fn bad_requests_are_problems_and_run_nothing() {
    let house = Installation::new();
    let server = house.serve();
    for (body, expected) in [
        (json!({"language": "python", "code": "1", "colour": "red"}), 400),
        (json!({"language": "cobol", "code": "1"}), 400),
        (json!({"language": "python", "code": "1", "limits": {"wallMs": 300_001}}), 422),
        (
            json!({"language": "python", "code": "1", "files": [{"name": "../x", "content": "", "encoding": "utf-8"}]}),
            422,
        ),
    ] {
        let (status, problem) = server.post("/v1/execute", &body);
        assert_eq!((status, &problem["status"]), (expected, &expected.into()), "{problem}");
        assert!(problem["detail"].is_string() && problem["title"].is_string());
    }
}

#[test]
fn a_budget_holds_and_a_revoked_key_is_refused_at_once() {
    let house = Installation::new();
    let mut server = house.serve();
    let output = house.output(&["keys", "create", "--user", "u", "--runs", "2", "--json"]);
    let key: Value = serde_json::from_slice(&output.stdout).unwrap();
    server.key = key["key"].as_str().unwrap().to_owned();
    let body = json!({"language": "bash", "code": ":"});
    assert_eq!(server.post("/v1/execute", &body).0, 200);
    assert_eq!(server.post("/v1/execute", &body).0, 200);
    let (status, problem) = server.post("/v1/execute", &body);
    assert_eq!(status, 402, "{problem}");
    let list = house.output(&["keys", "list", "--json"]);
    assert!(!String::from_utf8_lossy(&list.stdout).contains(&server.key));
    assert!(house.output(&["keys", "revoke", key["id"].as_str().unwrap()]).status.success());
    assert_eq!(server.post("/v1/execute", &body).0, 401);
}

/// Sends a request and leaves without waiting for its answer, in the way that `leave` leaves.
fn go_away(server: &Server, path: &str, body: &Value, leave: impl FnOnce(TcpStream)) {
    let body = body.to_string();
    let mut stream = TcpStream::connect(server.url.trim_start_matches("http://")).unwrap();
    let head = format!(
        "POST {path} HTTP/1.1\r\nhost: x\r\nx-api-key: {}\r\ncontent-type: application/json",
        server.key
    );
    write!(stream, "{head}\r\ncontent-length: {}\r\n\r\n{body}", body.len()).unwrap();
    leave(stream);
}

/// Runs of the first key, the newest first: kinds of their events.
fn histories(house: &Installation) -> Vec<Vec<(String, Value)>> {
    let runs: Vec<Value> = query(house, "select id from runs order by id desc");
    runs.iter().map(|run| events(house, run["id"].as_str().unwrap())).collect()
}

#[test]
fn a_client_that_goes_away_stops_its_run() {
    const SLEEP: &str = "sleep 9.171875";
    let house = Installation::new();
    let server = house.serve();
    let reset = |stream: TcpStream| {
        // With an answer unread, or nothing at all to say any more: a reset, and not an orderly end.
        rustix::net::sockopt::set_socket_linger(&stream, Some(Duration::ZERO)).unwrap();
        drop(stream);
    };
    for leave in [drop::<TcpStream>, reset] {
        let body = json!({ "language": "bash", "code": format!("{SLEEP} & wait") });
        let mut left = Instant::now();
        go_away(&server, "/v1/execute", &body, |stream| {
            eventually("the program runs", || !commands_with(SLEEP).is_empty());
            left = Instant::now();
            leave(stream);
        });
        while !commands_with(SLEEP).is_empty() {
            assert!(left.elapsed() < Duration::from_secs(1), "the jail outlives its client");
            thread::sleep(Duration::from_millis(10));
        }
    }
    assert!(server.stop());
    let keys: Value = serde_json::from_slice(&house.output(&["keys", "list", "--json"]).stdout).unwrap();
    assert_eq!((&keys[0]["spent"]["runs"], &keys[0]["reserved"]["runs"]), (&json!(2), &json!(0)), "{keys}");
    let histories = histories(&house);
    assert_eq!(histories.len(), 2);
    for events in histories {
        let (finished, settled) = (&events[events.len() - 2], &events[events.len() - 1]);
        assert_eq!((finished.0.as_str(), settled.0.as_str()), ("exec.finished", "run.settled"), "{events:?}");
        assert_eq!(finished.1["status"], "cancelled", "{events:?}");
    }
}

#[test]
fn a_question_goes_on_without_whoever_asked() {
    let house = Installation::new();
    let server = house.serve();
    let rows: String = (0..300_000).map(|row| format!("{row},{}\n", row % 7)).collect();
    let file = json!({"name": "left-behind.csv", "content": format!("a,b\n{rows}"), "encoding": "utf-8"});
    go_away(&server, "/v1/ask", &json!({"question": "sum of b", "files": [file]}), |stream| {
        let begun = Instant::now();
        while get(&server, "/v1/runs").1["data"][0]["id"].is_null() {
            assert!(begun.elapsed() < Duration::from_secs(15), "the question is never accepted");
            thread::sleep(Duration::from_millis(5));
        }
        drop(stream);
    });
    eventually("the question is answered", || get(&server, "/v1/runs").1["data"][0]["endedMs"].is_i64());
    assert!(server.stop());
    let histories = histories(&house);
    let kinds: Vec<&str> = histories[0].iter().map(|(kind, _)| kind.as_str()).collect();
    assert_eq!(kinds[kinds.len() - 2..], ["exec.finished", "run.settled"], "{kinds:?}");
    let finished = &histories[0][kinds.len() - 2].1;
    assert_eq!(finished["status"], "succeeded", "{finished}");
}

#[test]
fn runs_beside_each_other_do_not_wait_or_mix() {
    let house = Installation::new();
    let server = house.serve();
    let answers: Vec<Value> = thread::scope(|scope| {
        let ask = |n: u32| {
            server
                .post("/v1/execute", &json!({"language": "bash", "code": format!("sleep 0.3; echo {n}; ls")}))
                .1
        };
        let handles: Vec<_> = (0..6).map(|n| scope.spawn(move || ask(n))).collect();
        handles.into_iter().map(|handle| handle.join().unwrap()).collect()
    });
    for (n, answer) in answers.iter().enumerate() {
        assert_eq!(answer["stdout"], format!("{n}\n"), "{answer}");
    }
}
