//! A server that is killed: what it had accepted begins after the restart, and what may have begun does not
//! begin again.

use ringfence_tests::{
    Installation, Server, agent, commands_with,
    processes::{eventually, gone, kill},
};
use serde_json::{Value, json};

/// One slot, so that one run waits for the other.
const CONFIG: &str = "slots = 1\n";

/// Has a program run later: the path of its run.
fn accepted(server: &Server, name: &str, body: &Value) -> String {
    let request = agent().post(format!("{}/v1/execute", server.url));
    let request = request.header("x-api-key", &server.key).header("prefer", "respond-async");
    let response = request.header("idempotency-key", name).send_json(body).expect("an answer");
    assert_eq!(response.status(), 202);
    response.headers()["location"].to_str().expect("a path").to_owned()
}

fn look(server: &Server, key: &str, path: &str) -> Value {
    let request = agent().get(format!("{}{path}", server.url)).header("x-api-key", key);
    request.call().expect("an answer").body_mut().read_json().expect("a JSON body")
}

#[test]
fn what_was_accepted_begins_after_a_crash_and_what_had_begun_is_interrupted() {
    let house = Installation::new();
    let server = house.serve_with(CONFIG);
    let (key, supervisor) = (server.key.clone(), server.supervisor());
    let begun = json!({ "language": "bash", "code": "sleep 30.1015625" });
    let begun = accepted(&server, "begun", &begun);
    eventually("it runs", || !commands_with("sleep 30.1015625").is_empty());
    let waits = json!({
        "language": "bash",
        "code": "cat; echo \"$1 $A $(cat file)\"",
        "args": ["one"],
        "env": { "A": "b" },
        "stdin": "input\n",
        "files": [{ "name": "file", "content": "content" }],
        "limits": { "wallMs": 2345 },
    });
    let path = accepted(&server, "waits", &waits);
    assert_eq!(look(&server, &key, &path)["status"], "queued");
    kill(&[server.pid()]);
    eventually("both processes have ended", || gone(server.pid()) && gone(supervisor));
    drop(server);

    let mut server = house.serve_with(CONFIG);
    server.key = key;
    let status = |path: &str| look(&server, &server.key, path)["status"].clone();
    eventually("it has ended", || status(&path) == "succeeded");
    let answer = &look(&server, &server.key, &path)["answer"];
    assert_eq!(answer["stdout"], "input\none b content\n", "{answer}");
    assert_eq!(answer["limits"]["wallMs"], 2345);
    assert_eq!(answer["cost"]["estimatedUsd"], 0.003_345);
    assert_eq!(status(&begun), "interrupted");
    assert!(commands_with("sleep 30.1015625").is_empty(), "it does not run again");
    assert_eq!(accepted(&server, "waits", &waits), path, "it is the same request");
    let keys: Value = serde_json::from_slice(&house.output(&["keys", "list", "--json"]).stdout).unwrap();
    assert_eq!((&keys[0]["spent"]["runs"], &keys[0]["reserved"]["runs"]), (&json!(2), &json!(0)));
    assert!(server.stop());
}

#[test]
fn what_was_accepted_waits_over_a_stop() {
    let house = Installation::new();
    let server = house.serve_with(CONFIG);
    let key = server.key.clone();
    let long = json!({ "language": "bash", "code": "sleep 30.109375" });
    let long = accepted(&server, "long", &long);
    eventually("it runs", || !commands_with("sleep 30.109375").is_empty());
    let path = accepted(&server, "waits", &json!({ "language": "bash", "code": "echo later" }));
    // The second signal waits for nothing.
    server.terminate();
    assert!(server.stop(), "an orderly stop ends with 0");

    let mut server = house.serve_with(CONFIG);
    server.key = key;
    let run = |path: &str| look(&server, &server.key, path);
    eventually("it has ended", || run(&path)["status"] == "succeeded");
    assert_eq!(run(&path)["answer"]["stdout"], "later\n");
    assert_eq!(run(&long)["status"], "cancelled");
}
