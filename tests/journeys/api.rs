//! The HTTP API with real keys, budgets and runs.

use std::{
    io::{Read, Write},
    net::TcpStream,
    thread,
    time::{Duration, Instant},
};

use ringfence_tests::Installation;
use serde_json::{Value, json};

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

#[test]
fn a_client_that_goes_away_stops_its_run() {
    let house = Installation::new();
    let mut command = house.command(&["serve", "--listen", "127.0.0.1:0", "--slots", "1"]);
    command.stderr(std::process::Stdio::null());
    let server = ringfence_tests::Server::start(command);
    let body = r#"{"language":"bash","code":"sleep 9"}"#;
    let mut stream = TcpStream::connect(server.url.trim_start_matches("http://")).unwrap();
    let head = format!(
        "POST /v1/execute HTTP/1.1\r\nhost: x\r\nx-api-key: {}\r\ncontent-type: application/json",
        server.key
    );
    write!(stream, "{head}\r\ncontent-length: {}\r\n\r\n{body}", body.len()).unwrap();
    thread::sleep(Duration::from_millis(500));
    drop(stream);
    let begun = Instant::now();
    let (status, _) = server.post("/v1/execute", &json!({"language": "bash", "code": ":"}));
    assert_eq!(status, 200);
    assert!(begun.elapsed() < Duration::from_secs(6), "the only slot was not freed");
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
