//! Health and figures, as those who watch a server see them.

use std::thread;

use ringfence_tests::{Installation, Server, agent, commands_with, processes::eventually};
use serde_json::{Value, json};

fn figures(server: &Server, key: &str) -> (u16, String) {
    let request = agent().get(format!("{}/metrics", server.url)).header("x-api-key", key);
    let mut response = request.call().expect("the server answers");
    (response.status().as_u16(), response.body_mut().read_to_string().expect("text"))
}

/// The value of a figure, 0 if it is not there: `name{label="value"}` as it is written.
fn figure(text: &str, name: &str) -> f64 {
    let line = text.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(' '));
    line.map_or(0.0, |value| value.parse().expect("a number"))
}

#[test]
fn a_deep_look_runs_every_language_outside_any_budget() {
    let house = Installation::new();
    let server = house.serve();
    let (status, deep) = server.get("/health/deep");
    assert_eq!((status, &deep["status"]), (200, &json!("ok")), "{deep}");
    let names: Vec<&String> = deep["checks"].as_object().unwrap().keys().collect();
    assert_eq!(names, ["bash", "javascript", "python", "store", "typescript"]);
    for check in deep["checks"].as_object().unwrap().values() {
        assert!(check["status"] == "ok" && check["durationMs"].is_u64(), "{deep}");
    }
    let again = server.get("/health/deep").1;
    assert_eq!(again["checkedMs"], deep["checkedMs"], "the result is kept");
    let keys: Value = serde_json::from_slice(&house.output(&["keys", "list", "--json"]).stdout).unwrap();
    assert_eq!(keys[0]["spent"]["runs"], 0, "{keys}");
    for path in ["/health", "/livez", "/readyz", "/startupz"] {
        let (status, health) = server.get(path);
        assert_eq!((status, &health["status"]), (200, &json!("ok")), "{path}");
        assert_eq!(health["service"], "ringfence");
    }
}

#[test]
fn a_server_that_is_busy_is_not_broken() {
    const SLEEP: &str = "sleep 30.2421875";
    let house = Installation::new();
    let server = Server::start(house.command(&["serve", "--listen", "127.0.0.1:0", "--slots", "1"]));
    let body = json!({ "language": "bash", "code": SLEEP, "limits": { "wallMs": 60_000 } });
    thread::scope(|scope| {
        let busy = scope.spawn(|| server.post("/v1/execute", &body));
        eventually("it runs", || !commands_with(SLEEP).is_empty());
        let (status, deep) = server.get("/health/deep");
        assert_eq!((status, &deep["status"]), (200, &json!("busy")), "{deep}");
        assert_eq!(deep["checks"]["python"]["status"], "busy", "{deep}");
        assert_eq!(deep["checks"]["store"]["status"], "ok", "{deep}");
        assert_eq!(server.get("/readyz").0, 200);
        let text = figures(&server, &server.key).1;
        assert_eq!(figure(&text, "ringfence_sandbox_slots{state=\"taken\"}"), 1.0, "{text}");
        let runs = agent()
            .get(format!("{}/v1/runs", server.url))
            .header("x-api-key", &server.key)
            .call()
            .unwrap()
            .body_mut()
            .read_json::<Value>()
            .unwrap();
        let path = format!("{}/v1/runs/{}", server.url, runs["data"][0]["id"].as_str().unwrap());
        assert_eq!(agent().delete(path).header("x-api-key", &server.key).call().unwrap().status(), 200);
        assert_eq!(busy.join().unwrap().1["status"], "cancelled");
    });
    eventually("it is not busy any more", || server.get("/health/deep").1["status"] == "ok");
}

#[test]
fn figures_count_what_happened_and_name_nobody() {
    let house = Installation::new();
    let server = house.serve();
    let member =
        house.output(&["keys", "create", "--user", "canaryuser", "--tenant", "canarytenant", "--json"]);
    let member: Value = serde_json::from_slice(&member.stdout).unwrap();
    assert_eq!(figures(&server, "").0, 401);
    assert_eq!(figures(&server, member["key"].as_str().unwrap()).0, 403);

    let python = json!({ "language": "python", "code": "print('canaryoutput')" });
    for (body, expected) in [
        (python, 200),
        (json!({ "language": "bash", "code": "exit 3" }), 200),
        (json!({ "language": "bash", "code": "sleep 20", "limits": { "wallMs": 100 } }), 200),
        (json!({ "language": "bash", "code": ":", "limits": { "wallMs": 1 } }), 422),
        (json!({ "language": "canarylanguage", "code": ":" }), 400),
    ] {
        assert_eq!(server.post("/v1/execute", &body).0, expected, "{body}");
    }
    let csv = json!({ "name": "t.csv", "content": "a,b\n1,2\n3,4\n", "encoding": "utf-8" });
    assert_eq!(server.post("/v1/ask", &json!({ "question": "sum of b", "files": [csv] })).0, 200);
    let id = "01999999-9999-7999-8999-999999999999";
    for path in [&format!("/v1/runs/{id}"), "/canarypath"] {
        drop(agent().get(format!("{}{path}", server.url)).header("x-api-key", &server.key).call());
    }
    let (status, text) = figures(&server, &server.key);
    assert_eq!(status, 200);
    for (name, expected) in [
        ("ringfence_runs_total{outcome=\"succeeded\",language=\"python\"}", 2.0),
        ("ringfence_runs_total{outcome=\"failed\",language=\"bash\"}", 1.0),
        ("ringfence_runs_total{outcome=\"timed_out\",language=\"bash\"}", 1.0),
        ("ringfence_runs_total{outcome=\"refused\",language=\"bash\"}", 1.0),
        ("ringfence_refusals_total{reason=\"policy_denied\"}", 1.0),
        ("ringfence_refusals_total{reason=\"unauthenticated\"}", 1.0),
        ("ringfence_refusals_total{reason=\"insufficient_scope\"}", 1.0),
        ("ringfence_refusals_total{reason=\"run_not_found\"}", 1.0),
        ("ringfence_run_seconds_count{phase=\"total\"}", 5.0),
        ("ringfence_run_seconds_count{phase=\"exec\"}", 4.0),
        ("ringfence_run_seconds_count{phase=\"read\"}", 1.0),
        ("ringfence_run_seconds_count{phase=\"author\"}", 1.0),
        ("ringfence_run_seconds_count{phase=\"queue\"}", 5.0),
        ("ringfence_http_requests_total{route=\"/v1/execute\",method=\"POST\",status=\"200\"}", 3.0),
        ("ringfence_http_requests_total{route=\"/v1/runs/{id}\",method=\"GET\",status=\"404\"}", 1.0),
        ("ringfence_http_requests_total{route=\"none\",method=\"GET\",status=\"404\"}", 1.0),
        ("ringfence_sandbox_slots{state=\"taken\"}", 0.0),
        ("ringfence_queue_waiting", 0.0),
    ] {
        assert_eq!(figure(&text, name), expected, "{name} in {text}");
    }
    assert!(figure(&text, "ringfence_run_seconds_sum{phase=\"total\"}") > 0.1, "{text}");
    assert_eq!(figure(&text, "ringfence_run_seconds_bucket{phase=\"total\",le=\"60\"}"), 5.0, "{text}");
    assert!(figure(&text, "ringfence_store_commit_seconds_count") >= 10.0, "{text}");
    assert!(figure(&text, "process_start_time_seconds") > 1.7e9, "{text}");
    assert!(!text.contains("canary") && !text.contains(id), "it names somebody or something: {text}");
}

#[test]
fn figures_have_a_listener_of_their_own_if_wanted() {
    let house = Installation::new();
    let port = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    let address = format!("127.0.0.1:{port}");
    let server =
        Server::start(house.command(&["serve", "--listen", "127.0.0.1:0", "--metrics-listen", &address]));
    let get = |path: &str| agent().get(format!("http://{address}{path}")).call().unwrap();
    let mut answer = get("/metrics");
    assert_eq!(answer.status(), 200);
    assert!(answer.body_mut().read_to_string().unwrap().contains("ringfence_build_info{version="));
    assert_eq!(get("/v1/runs").status(), 404);
    assert_eq!(server.get("/metrics").0, 401, "the API asks for a key all the same");
}
