//! Keys over HTTP and on the command line: what each may do, how it ends, and who manages it.

use std::{
    fs,
    io::{BufRead, BufReader, Read},
    thread,
    time::{Duration, Instant},
};

use ringfence_tests::{Installation, Server, agent, output_of};
use serde_json::{Value, json};

/// An answer: its status, headers and JSON body.
struct Reply {
    status: u16,
    headers: ureq::http::HeaderMap,
    body: Value,
}

impl Reply {
    fn is(&self, status: u16, code: &str) -> bool {
        (self.status, self.body["code"].as_str()) == (status, Some(code))
    }
}

fn send(server: &Server, key: &str, method: &str, path: &str, body: Option<&Value>) -> Reply {
    let mut request = ureq::http::Request::builder().method(method).uri(format!("{}{path}", server.url));
    if !key.is_empty() {
        request = request.header("authorization", format!("Bearer {key}"));
    }
    let mut response = match body {
        Some(body) => {
            agent().run(request.header("content-type", "application/json").body(body.to_string()).unwrap())
        }
        None => agent().run(request.body(()).unwrap()),
    }
    .expect("the server answers");
    let text = response.body_mut().read_to_string().expect("text");
    Reply {
        status: response.status().as_u16(),
        headers: response.headers().clone(),
        body: serde_json::from_str(&text).unwrap_or(Value::Null),
    }
}

/// Makes a key over HTTP: its text and its id.
fn make(server: &Server, by: &str, body: &Value) -> (String, String) {
    let reply = send(server, by, "POST", "/v1/keys", Some(body));
    assert_eq!(reply.status, 201, "{}", reply.body);
    let id = reply.body["id"].as_str().unwrap().to_owned();
    assert_eq!(reply.headers["location"], format!("/v1/keys/{id}"));
    (reply.body["key"].as_str().unwrap().to_owned(), id)
}

/// Makes a key on the command line.
fn make_here(house: &Installation, words: &[&str]) -> Value {
    let words: Vec<&str> = ["keys", "create", "--json", "--user", "u"].iter().chain(words).copied().collect();
    let output = house.output(&words);
    serde_json::from_slice(&output.stdout)
        .unwrap_or_else(|_| panic!("{}", String::from_utf8_lossy(&output.stderr)))
}

fn text(value: &Value) -> &str {
    value.as_str().expect("a text")
}

fn runs(server: &Server, key: &str) -> u16 {
    send(server, key, "POST", "/v1/execute", Some(&json!({ "language": "bash", "code": ":" }))).status
}

#[test]
fn every_route_needs_its_own_scope_and_no_other() {
    let house = Installation::new();
    let server = house.serve();
    let scopes = ["execute", "ask", "read", "approve", "admin"];
    let keys: Vec<(&str, String)> = scopes
        .iter()
        .map(|scope| (*scope, make(&server, &server.key, &json!({ "user": "u", "scopes": [scope] })).0))
        .collect();
    let run = send(
        &server,
        &server.key,
        "POST",
        "/v1/execute",
        Some(&json!({ "language": "bash", "code": "echo 1 > f" })),
    );
    let run = format!("/v1/runs/{}", text(&run.body["id"]));
    let code = json!({ "language": "bash", "code": ":" });
    let question = json!({ "question": "sum of b", "files": [{ "name": "t.csv", "content": "a,b\n1,2\n" }] });
    // With the status that the right scope gets: nothing here does harm twice.
    let table: [(&str, &str, String, Option<&Value>, u16); 14] = [
        ("execute", "POST", "/v1/execute".into(), Some(&code), 200),
        ("execute", "POST", "/v1/agent-coderunner/execute".into(), Some(&code), 200),
        ("execute", "DELETE", run.clone(), None, 200),
        ("ask", "POST", "/v1/ask".into(), Some(&question), 200),
        ("read", "GET", "/v1/runs".into(), None, 200),
        ("read", "GET", run.clone(), None, 200),
        ("read", "GET", format!("{run}/events"), None, 200),
        ("read", "GET", format!("{run}/files/f"), None, 200),
        ("admin", "GET", "/v1/keys".into(), None, 200),
        ("admin", "GET", "/v1/keys/aaaaaaaa".into(), None, 404),
        ("admin", "DELETE", "/v1/keys/aaaaaaaa".into(), None, 404),
        ("admin", "POST", "/v1/keys/aaaaaaaa/rotate".into(), None, 404),
        ("admin", "POST", "/v1/keys".into(), Some(&Value::Null), 400),
        ("read", "GET", "/v1/runs/01a1fd43-99a3-758c-aa6a-ff1f2da04380".into(), None, 404),
    ];
    for (needs, method, path, body, status) in &table {
        for (scope, key) in &keys {
            let reply = send(&server, key, method, path, *body);
            if scope == needs {
                assert_eq!(reply.status, *status, "{method} {path}: {}", reply.body);
                // Whoever may stop a run, may not read it.
                assert!(*method != "DELETE" || reply.body["answer"].is_null(), "{}", reply.body);
                continue;
            }
            assert!(reply.is(403, "insufficient_scope"), "{scope} {method} {path}: {}", reply.body);
            assert!(text(&reply.body["detail"]).contains(&format!("the scope {needs}")), "{}", reply.body);
            let challenge = format!("Bearer error=\"insufficient_scope\", scope=\"{needs}\"");
            assert_eq!(reply.headers["www-authenticate"], challenge);
        }
        assert!(send(&server, "", method, path, *body).is(401, "unauthenticated"), "{method} {path}");
    }
    // Who may run only, has not seen what others ran: the table's two, and the first.
    let listed = send(&server, &server.key, "GET", "/v1/runs?limit=100", None);
    assert_eq!(listed.body["data"].as_array().unwrap().len(), 4, "{}", listed.body);
}

#[test]
fn a_key_is_made_shown_listed_and_revoked_at_once() {
    let house = Installation::new();
    let server = house.serve();
    let wish = json!({ "user": "ana", "label": "laptop", "scopes": ["execute", "read"],
        "expiresInSeconds": 3600, "limit": { "runs": 2, "sandboxSeconds": 60 } });
    let (key, id) = make(&server, &server.key, &wish);
    let one = send(&server, &server.key, "GET", &format!("/v1/keys/{id}"), None).body;
    assert_eq!(
        (&one["user"], &one["label"], &one["state"]),
        (&"ana".into(), &"laptop".into(), &"active".into())
    );
    assert_eq!(one["scopes"], json!(["execute", "read"]));
    assert_eq!(one["limit"], json!({ "usd": null, "tokens": null, "runs": 2, "sandboxMs": 60_000 }));
    assert_eq!(one["expiresMs"].as_i64().unwrap() - one["createdMs"].as_i64().unwrap(), 3_600_000);
    assert_eq!((runs(&server, &key), runs(&server, &key), runs(&server, &key)), (200, 200, 402));
    let used = send(&server, &server.key, "GET", &format!("/v1/keys/{id}"), None).body;
    assert_eq!(used["spent"]["runs"], 2);
    assert!(used["lastUsedMs"].is_i64());

    let mut ids = vec![id.clone()];
    for n in 0..4 {
        ids.push(make(&server, &server.key, &json!({ "user": format!("u{n}") })).1);
    }
    let (mut listed, mut path) = (Vec::new(), "/v1/keys?limit=2".to_owned());
    loop {
        let page = send(&server, &server.key, "GET", &path, None);
        assert_eq!(page.status, 200, "{}", page.body);
        assert!(!page.body.to_string().contains("rf_live_"));
        listed.extend(page.body["data"].as_array().unwrap().iter().map(|key| text(&key["id"]).to_owned()));
        let Some(cursor) = page.body["nextCursor"].as_str() else { break };
        path = format!("/v1/keys?limit=2&cursor={cursor}");
    }
    assert_eq!(listed.len(), 6);
    listed.sort();
    ids.sort();
    assert!(ids.iter().all(|id| listed.contains(id)), "{listed:?}");
    for wrong in ["limit=0", "limit=101", "cursor=aaaaaaaa", "cursor=", "colour=red"] {
        let reply = send(&server, &server.key, "GET", &format!("/v1/keys?{wrong}"), None);
        assert!(reply.is(400, "invalid_query"), "{wrong}: {}", reply.body);
    }

    let gone = send(&server, &server.key, "DELETE", &format!("/v1/keys/{id}"), None);
    assert_eq!((gone.status, &gone.body["state"]), (200, &"revoked".into()));
    assert_eq!(runs(&server, &key), 401);
    let again = send(&server, &server.key, "DELETE", &format!("/v1/keys/{id}"), None);
    assert_eq!((again.status, &again.body["revokedMs"]), (200, &gone.body["revokedMs"]));
    let rotated = send(&server, &server.key, "POST", &format!("/v1/keys/{id}/rotate"), None);
    assert!(rotated.is(409, "key_ended"), "{}", rotated.body);
}

#[test]
fn bad_keys_are_not_made() {
    let house = Installation::new();
    let server = house.serve();
    for (body, pointer) in [
        (json!({}), ""),
        (json!({ "user": "" }), "/user"),
        (json!({ "user": "a\u{7}" }), "/user"),
        (json!({ "user": "a", "label": "x".repeat(129) }), "/label"),
        (json!({ "user": "a", "scopes": [] }), "/scopes"),
        (json!({ "user": "a", "scopes": ["ask", "ask"] }), "/scopes"),
        (json!({ "user": "a", "scopes": ["root"] }), "/scopes/0"),
        (json!({ "user": "a", "expiresInSeconds": 0 }), "/expiresInSeconds"),
        (json!({ "user": "a", "expiresInSeconds": -1 }), "/expiresInSeconds"),
        (json!({ "user": "a", "expiresInSeconds": 315_360_001 }), "/expiresInSeconds"),
        (json!({ "user": "a", "limit": { "runs": -1 } }), "/limit/runs"),
        (json!({ "user": "a", "limit": { "sandboxSeconds": i64::MAX } }), "/limit/sandboxSeconds"),
        (json!({ "user": "a", "tenant": "globex" }), "/tenant"),
    ] {
        let reply = send(&server, &server.key, "POST", "/v1/keys", Some(&body));
        assert!(reply.is(400, "invalid_request"), "{body}: {}", reply.body);
        assert_eq!(
            reply.body["errors"][0]["pointer"].as_str().unwrap_or(""),
            pointer,
            "{body}: {}",
            reply.body
        );
    }
    let one = send(&server, &server.key, "GET", "/v1/keys", None);
    let own = text(&one.body["data"][0]["id"]).to_owned();
    assert!(one.body["data"].as_array().unwrap().len() == 1, "{}", one.body);
    let path = format!("/v1/keys/{own}/rotate");
    let long = send(&server, &server.key, "POST", &path, Some(&json!({ "overlapSeconds": 604_801 })));
    assert!(long.is(400, "invalid_request") && long.body["errors"][0]["pointer"] == "/overlapSeconds");
    assert_eq!(runs(&server, &server.key), 200);
}

#[test]
fn a_key_expires() {
    let house = Installation::new();
    let server = house.serve();
    let key = make_here(&house, &["--expires", "2s"]);
    let (key, id) = (text(&key["key"]), text(&key["id"]));
    assert_eq!(runs(&server, key), 200);
    let begun = Instant::now();
    while runs(&server, key) == 200 {
        assert!(begun.elapsed() < Duration::from_secs(20), "it lasts");
        thread::sleep(Duration::from_millis(200));
    }
    let body = json!({ "language": "bash", "code": ":" });
    let mut refused = send(&server, key, "POST", "/v1/execute", Some(&body)).body;
    let mut unknown = send(&server, "rf_live_x", "POST", "/v1/execute", Some(&body)).body;
    refused["request_id"].take();
    unknown["request_id"].take();
    assert_eq!((&refused, &refused["status"]), (&unknown, &401.into()));
    let one = send(&server, &server.key, "GET", &format!("/v1/keys/{id}"), None).body;
    assert_eq!(one["state"], "expired");
}

#[test]
fn a_new_secret_replaces_the_old_one_at_once_or_after_the_overlap() {
    let house = Installation::new();
    let server = house.serve();
    let (first, id) = make(&server, &server.key, &json!({ "user": "u", "limit": { "runs": 5 } }));
    let path = format!("/v1/keys/{id}/rotate");
    let rotate = |body: Option<&Value>| {
        let reply = send(&server, &server.key, "POST", &path, body);
        assert_eq!((reply.status, &reply.body["id"]), (200, &json!(id)), "{}", reply.body);
        text(&reply.body["key"]).to_owned()
    };
    let second = rotate(Some(&json!({ "overlapSeconds": 600 })));
    assert_eq!((runs(&server, &first), runs(&server, &second)), (200, 200));
    let third = rotate(None);
    assert_eq!((runs(&server, &first), runs(&server, &second), runs(&server, &third)), (401, 401, 200));
    // It is one key still, with one budget.
    let one = send(&server, &server.key, "GET", &format!("/v1/keys/{id}"), None).body;
    assert_eq!(one["spent"]["runs"], 3);
    send(&server, &server.key, "DELETE", &format!("/v1/keys/{id}"), None);
    assert_eq!(runs(&server, &third), 401);
}

#[test]
fn nobody_grants_what_they_may_not_do() {
    let house = Installation::new();
    let server = house.serve();
    let (manager, own) = make(&server, &server.key, &json!({ "user": "m", "scopes": ["read", "admin"] }));
    let create = |body: Value| send(&server, &manager, "POST", "/v1/keys", Some(&body));
    for scopes in [json!(["execute"]), json!(["read", "approve"]), json!(["read", "admin", "ask"])] {
        let reply = create(json!({ "user": "m", "scopes": scopes }));
        assert!(reply.is(403, "insufficient_scope"), "{scopes}: {}", reply.body);
        assert_eq!(reply.body["errors"][0]["pointer"], "/scopes");
    }
    assert_eq!(create(json!({ "user": "m" })).status, 403, "what a key gets unasked is granted as well");
    assert_eq!(create(json!({ "user": "m", "scopes": ["read"] })).status, 201);
    // The secret of a key that may do more would be as good.
    let keys = send(&server, &manager, "GET", "/v1/keys", None).body;
    let first = keys["data"].as_array().unwrap().last().unwrap()["id"].clone();
    let stolen = send(&server, &manager, "POST", &format!("/v1/keys/{}/rotate", text(&first)), None);
    assert!(stolen.is(403, "insufficient_scope"), "{}", stolen.body);
    assert_eq!(runs(&server, &server.key), 200, "the first key is what it was");
    let renewed = send(&server, &manager, "POST", &format!("/v1/keys/{own}/rotate"), None);
    assert_eq!(renewed.status, 200, "{}", renewed.body);
    assert_eq!(send(&server, &manager, "GET", "/v1/keys", None).status, 401);
}

#[test]
fn the_last_administrator_cannot_be_locked_out_over_http() {
    let house = Installation::new();
    let server = house.serve();
    let listed = send(&server, &server.key, "GET", "/v1/keys", None).body;
    let first = text(&listed["data"][0]["id"]).to_owned();
    let revoke = |by: &str, id: &str| send(&server, by, "DELETE", &format!("/v1/keys/{id}"), None);
    // Neither an ordinary key, nor a revoked one, nor another tenant's counts.
    make(&server, &server.key, &json!({ "user": "u" }));
    let (_, gone) = make(&server, &server.key, &json!({ "user": "u", "scopes": ["admin"] }));
    assert_eq!(revoke(&server.key, &gone).status, 200);
    make_here(&house, &["--admin", "--tenant", "globex"]);
    let refused = revoke(&server.key, &first);
    assert!(refused.is(409, "last_admin_key"), "{}", refused.body);
    let (other, other_id) = make(&server, &server.key, &json!({ "user": "u", "scopes": ["admin"] }));
    assert_eq!(revoke(&other, &first).status, 200);
    assert_eq!(revoke(&server.key, &other_id).status, 401);
    assert!(revoke(&other, &other_id).is(409, "last_admin_key"));
    // The operator may.
    assert!(house.output(&["keys", "revoke", &other_id]).status.success());
    assert_eq!(revoke(&other, &other_id).status, 401);
}

#[test]
fn another_tenants_keys_are_as_those_that_never_were() {
    let house = Installation::new();
    let server = house.serve();
    let theirs = make_here(&house, &["--admin", "--tenant", "globex"]);
    let (their_key, their_id) = (text(&theirs["key"]), text(&theirs["id"]));
    for (method, path) in [
        ("GET", format!("/v1/keys/{their_id}")),
        ("DELETE", format!("/v1/keys/{their_id}")),
        ("POST", format!("/v1/keys/{their_id}/rotate")),
        ("GET", format!("/v1/keys?cursor={their_id}")),
    ] {
        let mut there = send(&server, &server.key, method, &path, None).body;
        let mut nowhere = send(&server, &server.key, method, &path.replace(their_id, "aaaaaaaa"), None).body;
        there["request_id"].take();
        nowhere["request_id"].take();
        let there: Value = serde_json::from_str(&there.to_string().replace(their_id, "aaaaaaaa")).unwrap();
        assert_eq!(there, nowhere, "{method} {path}");
        assert!(there["status"] == 404 || path.contains("cursor"), "{there}");
    }
    let listed = send(&server, their_key, "GET", "/v1/keys", None).body;
    assert_eq!(listed["data"].as_array().unwrap().len(), 1);
    assert_eq!(listed["data"][0]["id"], their_id);
}

#[test]
fn a_run_that_waits_does_not_begin_once_its_key_is_revoked() {
    let house = Installation::new();
    let mut command = house.command(&["serve", "--listen", "127.0.0.1:0", "--slots", "1"]);
    command.env("RINGFENCE_LOG", "error");
    let server = Server::start(command);
    let (key, id) = make(&server, &server.key, &json!({ "user": "u" }));
    let begin = |key: &str, code: &str| {
        let body = json!({ "language": "bash", "code": code }).to_string();
        let request = ureq::http::Request::post(format!("{}/v1/execute", server.url))
            .header("x-api-key", key)
            .header("prefer", "respond-async")
            .header("content-type", "application/json");
        let response = agent().run(request.body(body).unwrap()).expect("the server answers");
        assert_eq!(response.status().as_u16(), 202);
        response.headers()["location"].to_str().unwrap().to_owned()
    };
    let long = begin(&server.key, "sleep 9.2");
    let waiting = begin(&key, "echo never");
    send(&server, &server.key, "DELETE", &format!("/v1/keys/{id}"), None);
    // Its turn comes.
    assert_eq!(send(&server, &server.key, "DELETE", &long, None).status, 200);
    let status = |path: &str| send(&server, &server.key, "GET", path, None).body;
    let begun = Instant::now();
    while ["queued", "running"].contains(&text(&status(&waiting)["status"])) {
        assert!(begun.elapsed() < Duration::from_secs(8), "{}", status(&waiting));
        thread::sleep(Duration::from_millis(100));
    }
    let ended = status(&waiting);
    assert_eq!((&ended["status"], &ended["answer"]), (&json!("error"), &Value::Null), "{ended}");
    assert!(text(&ended["reason"]).contains("revoked"), "{ended}");
    assert_eq!(send(&server, &server.key, "GET", &format!("/v1/keys/{id}"), None).body["spent"]["runs"], 0);
}

/// The rest of an answer that is a stream, after its first line.
fn begun(request: ureq::http::request::Builder, body: &str) -> impl Read {
    let mut response = agent().run(request.body(body.to_owned()).unwrap()).expect("the server answers");
    assert_eq!(response.status().as_u16(), 200);
    let body = std::mem::replace(response.body_mut(), ureq::Body::builder().data(""));
    let mut reader = BufReader::new(body.into_reader());
    let mut line = String::new();
    reader.read_line(&mut line).unwrap();
    assert_eq!(line, "event: exec.started\n");
    reader
}

#[test]
fn a_stream_ends_with_its_readers_key_and_the_run_goes_on() {
    let house = Installation::new();
    let server = house.serve();
    let post = |key: &str| {
        ureq::http::Request::post(format!("{}/v1/execute", server.url))
            .header("x-api-key", key)
            .header("content-type", "application/json")
    };
    let body = json!({ "language": "bash", "code": "sleep 9.4" }).to_string();
    let begin = post(&server.key).header("prefer", "respond-async").body(body).unwrap();
    let run = agent().run(begin).unwrap().headers()["location"].to_str().unwrap().to_owned();
    let end = |method: &str, path: &str| {
        let reply = send(&server, &server.key, method, path, None);
        assert_eq!(reply.status, 200, "{}", reply.body);
    };
    for (seconds, way) in [(60, Some(("DELETE", ""))), (60, Some(("POST", "/rotate"))), (2, None)] {
        let (key, id) = make(&server, &server.key, &json!({ "user": "u", "expiresInSeconds": seconds }));
        let request = ureq::http::Request::get(format!("{}{run}/events", server.url));
        let mut stream = begun(request.header("x-api-key", key), "");
        if let Some((method, path)) = way {
            end(method, &format!("/v1/keys/{id}{path}"));
        }
        let mut told = String::new();
        stream.read_to_string(&mut told).unwrap();
        assert!(told.contains("event: error") && told.contains("unauthenticated"), "{told}");
        assert!(!told.contains("exec.completed"), "{told}");
    }
    let status = send(&server, &server.key, "GET", &run, None).body;
    assert_eq!(status["status"], "running", "{status}");
    // The answer to a request that was accepted comes as it would without a stream.
    let (key, id) = make(&server, &server.key, &json!({ "user": "u" }));
    let body = json!({ "language": "bash", "code": "sleep 2.6; echo done" }).to_string();
    let mut stream = begun(post(&key).header("accept", "text/event-stream"), &body);
    end("DELETE", &format!("/v1/keys/{id}"));
    let mut told = String::new();
    stream.read_to_string(&mut told).unwrap();
    assert!(told.contains("exec.completed") && told.contains("done"), "{told}");
    assert_eq!(send(&server, &server.key, "DELETE", &run, None).status, 200);
}

#[test]
fn self_service_is_off_unless_the_operator_turns_it_on() {
    let house = Installation::new();
    let server = house.serve();
    let ask = |server: &Server| send(server, "", "POST", "/api/keys/create", None);
    let (off, nowhere) = (ask(&server), send(&server, "", "POST", "/api/keys", None));
    assert!(off.is(404, "not_found") && nowhere.is(404, "not_found"));
    assert_eq!(off.body["detail"], nowhere.body["detail"]);
    assert!(server.stop());

    let config = house.path().join("ringfence.toml");
    fs::write(&config, "[self_service]\nenabled = true\ncredits = 2\nkeys_per_address_per_day = 2\n")
        .unwrap();
    let words = ["--config", config.to_str().unwrap(), "serve", "--listen", "127.0.0.1:0"];
    let server = Server::start(house.command(&words));
    let given = ask(&server);
    assert_eq!(given.status, 201, "{}", given.body);
    assert_eq!(given.body.as_object().unwrap().keys().collect::<Vec<_>>(), ["key"]);
    let (mine, theirs) = (text(&given.body["key"]).to_owned(), text(&ask(&server).body["key"]).to_owned());
    let refused = ask(&server);
    assert!(refused.is(429, "key_quota_reached"), "{}", refused.body);
    let wait: u64 = refused.headers["retry-after"].to_str().unwrap().parse().unwrap();
    assert!((86_000..=86_400).contains(&wait), "{wait}");

    assert_eq!((runs(&server, &mine), runs(&server, &mine), runs(&server, &mine)), (200, 200, 402));
    let own = send(&server, &mine, "GET", "/v1/runs", None).body;
    assert_eq!(own["data"].as_array().unwrap().len(), 3);
    let path = format!("/v1/runs/{}", text(&own["data"][0]["id"]));
    assert_eq!(send(&server, &theirs, "GET", &path, None).status, 404);
    assert_eq!(send(&server, &theirs, "GET", "/v1/runs", None).body["data"], json!([]));
    assert!(send(&server, &mine, "GET", "/v1/keys", None).is(403, "insufficient_scope"));
    assert!(
        send(&server, &mine, "POST", "/v1/ask", Some(&json!({ "question": "?" })))
            .is(403, "insufficient_scope")
    );
}

#[test]
fn the_recipes_route_answers_in_its_shape() {
    let house = Installation::new();
    let server = house.serve();
    let run = |body: Value| send(&server, &server.key, "POST", "/v1/agent-coderunner/execute", Some(&body));
    let reply = run(json!({ "language": "python", "code": "print(sum(range(101)))" }));
    let mut fields: Vec<&String> = reply.body.as_object().unwrap().keys().collect();
    fields.sort();
    assert_eq!(fields, ["duration", "exitCode", "id", "language", "stderr", "stdout", "timedOut"]);
    assert_eq!(
        (reply.status, &reply.body["stdout"], &reply.body["exitCode"]),
        (200, &"5050".into(), &0.into())
    );
    assert_eq!((&reply.body["language"], &reply.body["timedOut"]), (&"python".into(), &false.into()));
    assert!(reply.body["duration"].is_u64());
    let stored = send(&server, &server.key, "GET", &format!("/v1/runs/{}", text(&reply.body["id"])), None);
    assert_eq!(stored.body["answer"]["limits"]["wallMs"], 10_000);
    for (language, code) in [
        ("javascript", "console.log('  5050 ')"),
        ("typescript", "const n: string = '  5050'; console.log(n)"),
        ("bash", "printf '  5050\\n\\n'"),
    ] {
        let reply = run(json!({ "language": language, "code": code }));
        assert_eq!(reply.body["stdout"], "  5050", "{language}: {}", reply.body);
    }
    let failed = run(json!({ "language": "bash", "code": "echo no >&2; printf 'a\\xff'; exit 3" }));
    assert_eq!((&failed.body["exitCode"], &failed.body["stderr"]), (&3.into(), &"no\n".into()));
    assert_eq!(failed.body["stdout"], "a\u{fffd}");
    let more = run(json!({ "language": "bash", "code": ":", "stdin": "x" }));
    assert!(
        more.is(400, "invalid_request") && more.body["errors"][0]["pointer"] == "/stdin",
        "{}",
        more.body
    );
    let body = json!({ "language": "bash", "code": ":" });
    assert!(
        send(&server, "", "POST", "/v1/agent-coderunner/execute", Some(&body)).is(401, "unauthenticated")
    );
}

#[test]
fn an_operator_whose_limit_is_lower_keeps_the_recipes_route() {
    let house = Installation::new();
    let config = house.path().join("ringfence.toml");
    fs::write(&config, "[limits.wallMs]\ndefault = 2000\nfloor = 10\nceiling = 2000\n").unwrap();
    let words = ["--config", config.to_str().unwrap(), "serve", "--listen", "127.0.0.1:0"];
    let server = Server::start(house.command(&words));
    let body = json!({ "language": "bash", "code": "sleep 9.3" });
    let reply = send(&server, &server.key, "POST", "/v1/agent-coderunner/execute", Some(&body));
    assert_eq!((reply.status, &reply.body["timedOut"]), (200, &true.into()), "{}", reply.body);
}

#[test]
fn the_command_line_manages_keys() {
    let house = Installation::new();
    let json = |words: &[&str]| -> Value {
        let output = house.output(words);
        serde_json::from_slice(&output.stdout)
            .unwrap_or_else(|_| panic!("{words:?}: {}", String::from_utf8_lossy(&output.stderr)))
    };
    let made =
        make_here(&house, &["--scope", "read", "--scope", "ask", "--expires", "30d", "--label", "x y"]);
    let id = text(&made["id"]);
    assert_eq!((&made["scopes"], &made["state"]), (&json!(["ask", "read"]), &json!("active")));
    assert_eq!(made["expiresMs"].as_i64().unwrap() - made["createdMs"].as_i64().unwrap(), 2_592_000_000);
    assert_eq!(make_here(&house, &[])["scopes"], json!(["execute", "ask", "read"]));
    assert_eq!(make_here(&house, &["--admin"])["scopes"].as_array().unwrap().len(), 5);
    let rotated = json(&["keys", "rotate", id, "--overlap", "1h", "--json"]);
    assert!(rotated["key"] != made["key"] && rotated["id"] == made["id"], "{rotated}");
    let shown = json(&["keys", "show", id, "--json"]);
    assert!(shown.get("key").is_none() && shown["label"] == "x y", "{shown}");
    assert_eq!(json(&["keys", "revoke", id, "--json"])["state"], "revoked");
    assert_eq!(json(&["keys", "list", "--json"]).as_array().unwrap().len(), 3);
    let table = String::from_utf8(house.output(&["keys", "list"]).stdout).unwrap();
    let line = table.lines().find(|line| line.starts_with(id)).unwrap();
    for word in ["revoked", "in 29d", "ask,read", "x y"] {
        assert!(line.contains(word), "{line}");
    }
    for (words, says) in [
        (&["keys", "show", "aaaaaaaa"][..], "there is no key aaaaaaaa"),
        (&["keys", "show", id, "--tenant", "globex"], "there is no key"),
        (&["keys", "rotate", id], "revoked, make a new one"),
        (&["keys", "create", "--user", "u", "--expires", "0d"], "lifetime_ms is 0"),
        (&["keys", "create", "--user", ""], "user \"\" cannot be used"),
    ] {
        let output = output_of(house.command(words), b"");
        let said = String::from_utf8_lossy(&output.stderr);
        assert_eq!(output.status.code(), Some(125), "{words:?}: {said}");
        assert!(said.contains(says) && said.trim().lines().count() == 1, "{words:?}: {said}");
    }
}
