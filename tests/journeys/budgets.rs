//! Budgets as people set them, meet them and look at them, over HTTP and on the command line.

use ringfence_tests::{Installation, Server, agent};
use serde_json::{Value, json};

/// What came back, with the headers that are asked about.
struct Reply {
    status: u16,
    headers: ureq::http::HeaderMap,
    body: Value,
    text: String,
}

impl Reply {
    fn is(&self, status: u16, code: &str) -> bool {
        (self.status, self.body["code"].as_str()) == (status, Some(code))
    }

    fn header(&self, name: &str) -> &str {
        self.headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or_default()
    }
}

fn send(server: &Server, method: &str, path: &str, headers: &[(&str, &str)], body: &str) -> Reply {
    let mut request = ureq::http::Request::builder().method(method).uri(format!("{}{path}", server.url));
    let keyed = headers.iter().any(|(name, _)| *name == "x-api-key");
    let own = [("x-api-key", server.key.as_str()), ("content-type", "application/json")];
    for (name, value) in headers.iter().chain(&own[usize::from(keyed)..]) {
        request = request.header(*name, *value);
    }
    let mut response = if body.is_empty() {
        agent().run(request.body(()).unwrap())
    } else {
        agent().run(request.body(body.to_owned()).unwrap())
    }
    .expect("the server answers");
    let text = response.body_mut().read_to_string().expect("text");
    let (status, headers) = (response.status().as_u16(), response.headers().clone());
    Reply { status, headers, body: serde_json::from_str(&text).unwrap_or_default(), text }
}

/// A key of a user of the first tenant.
fn key_of(house: &Installation, user: &str, words: &[&str]) -> Value {
    let words = [&["keys", "create", "--json", "--user", user][..], words].concat();
    let output = house.output(&words);
    serde_json::from_slice(&output.stdout)
        .unwrap_or_else(|_| panic!("{}", String::from_utf8_lossy(&output.stderr)))
}

fn run(server: &Server, key: &str) -> Reply {
    let body = json!({ "language": "bash", "code": "echo hi" }).to_string();
    send(server, "POST", "/v1/execute", &[("x-api-key", key)], &body)
}

fn set(server: &Server, scope: &str, limits: &Value) -> Reply {
    send(server, "PUT", &format!("/v1/budgets/{scope}"), &[], &json!({ "limits": limits }).to_string())
}

#[test]
fn a_run_says_what_it_cost_and_what_is_left() {
    let house = Installation::new();
    let server = house.serve();
    let key = key_of(&house, "ana", &[]);
    let key = key["key"].as_str().unwrap();
    let reply = run(&server, key);
    assert_eq!(reply.status, 200, "{}", reply.text);
    let cost = &reply.body["cost"];
    let (estimated, actual) = (cost["estimatedUsd"].as_f64().unwrap(), cost["actualUsd"].as_f64().unwrap());
    let ms = reply.body["duration"].as_f64().unwrap().max(1.0);
    assert!((actual - ms * 0.000_001).abs() < 1e-12 && actual < estimated, "{cost}");
    assert_eq!(cost["breakdown"][0]["what"], "sandbox");
    assert_eq!(reply.header("x-cost-usd").parse::<f64>().unwrap(), actual);
    // The default: 10 USD a month.
    let left: f64 = reply.header("x-budget-remaining").parse().unwrap();
    assert!((left - (10.0 - actual)).abs() < 1e-9, "{left}");
    let budget = send(&server, "GET", "/v1/budgets/user:ana", &[("x-api-key", key)], "");
    assert_eq!(
        (budget.status, &budget.body["isDefault"], &budget.body["state"]),
        (200, &json!(true), &json!("active"))
    );
    let limit = &budget.body["limits"][0];
    assert_eq!((&limit["period"], &limit["limit"]["usd"]), (&json!("month"), &json!(10.0)));
    assert_eq!(limit["spent"]["usd"].as_f64().unwrap(), actual);
    // Looked up later, it says the same.
    let id = reply.body["id"].as_str().unwrap();
    let later = send(&server, "GET", &format!("/v1/runs/{id}"), &[], "");
    assert_eq!(&later.body["answer"]["cost"], cost);
}

#[test]
fn who_has_nothing_left_is_told_whose_budget_it_is_and_nothing_runs() {
    let house = Installation::new();
    let server = house.serve();
    let key = key_of(&house, "ana", &[]);
    let key = key["key"].as_str().unwrap();
    // A second of sandbox time costs 0.001 USD, and more than that is reserved.
    assert_eq!(
        set(&server, "user:ana", &json!({ "total": { "usd": 0.000_5 }, "day": { "runs": 0 } })).status,
        200
    );
    let refused = run(&server, key);
    assert!(refused.is(402, "budget_exhausted"), "{}", refused.text);
    let violated = refused.body["violated_scopes"].as_array().unwrap();
    let units: Vec<_> =
        violated.iter().map(|one| (one["period"].as_str().unwrap(), one["unit"].as_str().unwrap())).collect();
    assert_eq!(units, [("day", "runs"), ("total", "usd")]);
    assert_eq!((&violated[0]["scope"], &violated[0]["missing"]), (&json!("user:ana"), &json!(1.0)));
    let detail = refused.body["detail"].as_str().unwrap();
    assert!(detail.contains("user:ana") && detail.contains("ask an administrator"), "{detail}");
    let usage = send(&server, "GET", "/v1/usage?by=user", &[], "");
    assert_eq!(usage.body["rows"], json!([]));
    assert_eq!(set(&server, "user:ana", &json!({ "total": { "usd": 1 } })).status, 200);
    assert_eq!(run(&server, key).status, 200);
}

#[test]
fn a_budget_is_changed_by_those_who_may_as_they_saw_it() {
    let house = Installation::new();
    let server = house.serve();
    let ana = key_of(&house, "ana", &[]);
    let (key, id) = (ana["key"].as_str().unwrap(), ana["id"].as_str().unwrap());
    let seen = send(&server, "GET", "/v1/budgets/user:ana", &[], "");
    assert_eq!(seen.header("etag"), "\"default\"");
    let put = |headers: &[(&str, &str)], usd: f64| {
        let body = json!({ "limits": { "month": { "usd": usd } } }).to_string();
        send(&server, "PUT", "/v1/budgets/user:ana", headers, &body)
    };
    let first = put(&[("if-match", seen.header("etag"))], 5.0);
    assert_eq!(
        (first.status, &first.body["limits"][0]["limit"]["usd"]),
        (200, &json!(5.0)),
        "{}",
        first.text
    );
    for stale in [("if-match", "\"default\""), ("if-none-match", "*")] {
        assert!(put(&[stale], 6.0).is(412, "budget_changed"), "{stale:?}");
    }
    assert!(put(&[("if-match", "5")], 6.0).is(400, "invalid_precondition"));
    assert_eq!(put(&[("if-match", first.header("etag"))], 6.0).status, 200);
    // Who is held by a limit does not set it, and sees no more than is theirs.
    let mine = [("x-api-key", key)];
    for scope in ["user:ana", &format!("key:{id}"), "tenant"] {
        assert!(
            send(&server, "PUT", &format!("/v1/budgets/{scope}"), &mine, "{}").is(403, "insufficient_scope")
        );
    }
    for own in ["user:ana", "tenant"] {
        let status = send(&server, "GET", &format!("/v1/budgets/{own}"), &mine, "").status;
        assert_eq!(status, if own == "tenant" { 404 } else { 200 }, "{own}");
    }
    for other in ["user:admin", "org", "user:nobody", "nonsense", "user:"] {
        let path = format!("/v1/budgets/{other}");
        assert!(send(&server, "GET", &path, &mine, "").is(404, "budget_not_found"), "{other}");
    }
    assert!(set(&server, "tenant", &json!({ "day": { "runs": 1 } })).is(403, "operator_only"));
    assert!(set(&server, "org", &json!({ "day": { "runs": 1 } })).is(404, "budget_not_found"));
    assert!(set(&server, "user:nobody", &json!({ "day": { "runs": 1 } })).is(404, "budget_not_found"));
    for (limits, pointer) in [
        (json!({}), "/limits"),
        (json!({ "month": {} }), "/limits/month"),
        (json!({ "month": { "usd": -1 } }), "/limits/month/usd"),
        (json!({ "month": { "usd": 1e300 } }), "/limits/month/usd"),
        (json!({ "month": { "usd": null } }), "/limits/month/usd"),
        (json!({ "month": { "runs": 1.5 } }), "/limits/month/runs"),
        (json!({ "year": { "runs": 1 } }), "/limits/year"),
    ] {
        let reply = set(&server, "user:ana", &limits);
        assert!(reply.is(400, "invalid_request"), "{limits}: {}", reply.text);
        assert_eq!(reply.body["errors"][0]["pointer"], pointer, "{}", reply.text);
    }
    let listed = send(&server, "GET", "/v1/budgets?limit=1", &[], "");
    assert_eq!(listed.body["data"][0]["scope"], "user:ana");
    assert_eq!(send(&server, "DELETE", "/v1/budgets/user:ana", &[], "").status, 204);
    assert!(send(&server, "DELETE", "/v1/budgets/user:ana", &[], "").is(404, "budget_not_found"));
    assert_eq!(send(&server, "GET", "/v1/budgets", &[], "").body["data"], json!([]));
}

#[test]
fn the_operator_limits_the_house_and_organisations_on_the_command_line() {
    let house = Installation::new();
    let server = house.serve();
    let ours = |words: &[&str]| {
        let output = house.output(&[&["budget"][..], words].concat());
        (
            output.status.code(),
            String::from_utf8_lossy(&output.stdout).into_owned() + &String::from_utf8_lossy(&output.stderr),
        )
    };
    assert_eq!(run(&server, &server.key).status, 200);
    let (code, shown) = ours(&["set", "org", "--runs", "1", "--period", "day"]);
    assert!(code == Some(0) && shown.contains("org") && shown.contains("runs"), "{shown}");
    let refused = run(&server, &server.key);
    assert!(
        refused.is(402, "budget_exhausted") && refused.text.contains("budget of org"),
        "{}",
        refused.text
    );
    // Another period beside it; the first stays until it is removed.
    assert_eq!(ours(&["set", "org", "--usd", "0.25", "--runs", "100"]).0, Some(0));
    let (_, shown) = ours(&["show", "org", "--json"]);
    let shown: Value = serde_json::from_str(&shown).unwrap();
    assert_eq!(shown["limits"].as_array().unwrap().len(), 2, "{shown}");
    assert_eq!(run(&server, &server.key).status, 402);
    assert_eq!(ours(&["remove", "org", "--period", "day"]).0, Some(0));
    assert_eq!(run(&server, &server.key).status, 200);
    assert_eq!(ours(&["set", "tenant", "--tenant", "default", "--usd", "3", "--period", "total"]).0, Some(0));
    let own = send(&server, "GET", "/v1/budgets/tenant", &[], "");
    assert_eq!((own.status, &own.body["limits"][0]["limit"]["usd"]), (200, &json!(3.0)));
    let (_, listed) = ours(&["list"]);
    assert!(listed.contains("org") && listed.contains("tenant"), "{listed}");
    for wrong in [
        &["set", "house", "--usd", "1"][..],
        &["set", "user:nobody", "--usd", "1"],
        &["set", "org"],
        &["show", "user:nobody"],
        &["remove", "org", "--period", "week"],
    ] {
        let (code, said) = ours(wrong);
        assert_eq!((code, said.trim().lines().count()), (Some(125), 1), "{wrong:?}: {said}");
    }
    assert_eq!(ours(&["set", "org", "--usd", "-1"]).0, Some(2));
}

#[test]
fn usage_is_told_to_each_their_own_and_as_a_table() {
    let house = Installation::new();
    let server = house.serve();
    let ana = key_of(&house, "ana", &[]);
    let key = ana["key"].as_str().unwrap();
    for _ in 0..2 {
        assert_eq!(run(&server, key).status, 200);
    }
    assert_eq!(run(&server, &server.key).status, 200);
    let rows = |path: &str, headers: &[(&str, &str)]| {
        let reply = send(&server, "GET", path, headers, "");
        assert_eq!(reply.status, 200, "{}", reply.text);
        reply.body["rows"].as_array().unwrap().clone()
    };
    let all = rows("/v1/usage?by=user", &[]);
    let runs = |name: &str| all.iter().find(|row| row["name"] == name).unwrap()["runs"].clone();
    assert_eq!((all.len(), runs("ana"), runs("admin")), (2, json!(2), json!(1)));
    let own = rows("/v1/usage?by=key", &[("x-api-key", key)]);
    assert_eq!((own.len(), &own[0]["name"], &own[0]["runs"]), (1, &ana["id"], &json!(2)));
    assert_eq!(rows("/v1/usage", &[]).len(), 1);
    assert_eq!(rows("/v1/usage?from=2000-01-01&to=2000-12-31", &[]).len(), 0);
    let table = send(&server, "GET", "/v1/usage?by=user", &[("accept", "text/csv")], "");
    assert!(table.header("content-type").starts_with("text/csv"));
    let mut lines = table.text.lines();
    assert_eq!(lines.next(), Some("user,usd,tokens,runs,sandbox_ms"));
    assert_eq!(lines.count(), 2);
    let here = house.output(&["budget", "usage", "--by", "user", "--csv"]);
    assert_eq!(String::from_utf8_lossy(&here.stdout).trim(), table.text.trim());
    for wrong in ["by=cat", "from=yesterday", "to=2026-02-30", "colour=red"] {
        assert!(
            send(&server, "GET", &format!("/v1/usage?{wrong}"), &[], "").is(400, "invalid_query"),
            "{wrong}"
        );
    }
}
