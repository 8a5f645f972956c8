//! Another tenant's things answer as those that never were, whatever is asked of them.

use std::collections::BTreeMap;

use ringfence_tests::{Installation, Server, agent};
use serde_json::{Value, json};
use ureq::http::Request;

use crate::{key_of, operations, served};

/// Parameters that name a thing of a tenant.
const IDS: [&str; 2] = ["id", "scope"];

/// A budget that can be set.
const BUDGET: &str = r#"{"limits":{"month":{"usd":25}}}"#;

/// An id that nothing has.
const UNKNOWN: &str = "01a1fd43-99a3-758c-aa6a-ff1f2da04380";

fn ask(server: &Server, key: &str, method: &str, path: &str, body: &str) -> (u16, Value) {
    let request = Request::builder()
        .method(method)
        .uri(format!("{}{path}", server.url))
        .header("authorization", format!("Bearer {key}"))
        .header("content-type", "application/json")
        .body(body.to_owned())
        .unwrap();
    let mut response = agent().run(request).unwrap();
    let status = response.status().as_u16();
    let text = response.body_mut().read_to_string().unwrap();
    (status, serde_json::from_str(&text).unwrap_or(Value::String(text)))
}

/// Parameters of a path that name something of a tenant, made by its key: for each beginning of a path the
/// values of its parameters. A new kind of thing goes here.
fn things(server: &Server, key: &str) -> BTreeMap<&'static str, BTreeMap<&'static str, String>> {
    let program = json!({ "language": "bash", "code": "echo kept > file.txt" });
    let (status, answer) = ask(server, key, "POST", "/v1/execute", &program.to_string());
    assert_eq!(status, 200, "{answer}");
    let run = answer["id"].as_str().unwrap().to_owned();
    let (status, file) = ask(server, key, "POST", "/v1/files", "content");
    assert_eq!(status, 201, "{file}");
    let (status, other) = ask(server, key, "POST", "/v1/keys", r#"{"user":"somebody"}"#);
    assert_eq!(status, 201, "{other}");
    let scope = format!("key:{}", other["id"].as_str().unwrap());
    let (status, budget) = ask(server, key, "PUT", &format!("/v1/budgets/{scope}"), BUDGET);
    assert_eq!(status, 200, "{budget}");
    let question =
        json!({ "question": "how many rows", "files": [{ "name": "a.csv", "content": "n\n1\n2\n" }] });
    let (status, asked) = ask(server, key, "POST", "/v1/ask", &question.to_string());
    assert_eq!(status, 200, "{asked}");
    let session = BTreeMap::from([("id", asked["sessionId"].as_str().unwrap().to_owned())]);
    let id = |thing: &Value| BTreeMap::from([("id", thing["id"].as_str().unwrap().to_owned())]);
    BTreeMap::from([
        ("/v1/runs/", BTreeMap::from([("id", run), ("name", "file.txt".to_owned())])),
        ("/v1/files/", id(&file)),
        ("/v1/keys/", id(&other)),
        ("/v1/sessions/", session),
        ("/v1/budgets/", BTreeMap::from([("scope", scope)])),
    ])
}

#[test]
fn nothing_is_told_to_another_tenant() {
    let house = Installation::new();
    let server = house.serve();
    let (one, two) = (key_of(&house, "one"), key_of(&house, "two"));
    let things = things(&server, &one);
    let description = served(&server);
    let mut tried = 0;
    for operation in operations(&description) {
        if !operation.path.contains('{') || operation.told.contains_key("security") {
            continue;
        }
        let found = things.iter().find(|(begin, _)| operation.path.starts_with(*begin));
        let (_, values) =
            found.unwrap_or_else(|| panic!("{}: say in `things` how one is made", operation.path));
        let filled = |id: &str| {
            values.iter().fold(operation.path.to_owned(), |path, (name, value)| {
                path.replace(&format!("{{{name}}}"), if IDS.contains(name) { id } else { value })
            })
        };
        let body = match operation.told.contains_key("requestBody") {
            true if operation.path.starts_with("/v1/budgets/") => BUDGET,
            true => "{}",
            false => "",
        };
        let named = IDS.iter().find_map(|name| values.get(name)).expect("a name among IDS");
        let (theirs, nobodys) = (filled(named), filled(UNKNOWN));
        assert!(!theirs.contains('{'), "{theirs}: say in `things` what the other parameters are");
        let as_two = |path: &str| {
            let (status, mut problem) = ask(&server, &two, &operation.method, path, body);
            problem["request_id"].take();
            (status, problem)
        };
        let refused = as_two(&theirs);
        assert_eq!(refused.0, 404, "{} {theirs}: {}", operation.method, refused.1);
        assert_eq!(refused, as_two(&nobodys), "{} {}", operation.method, operation.path);
        // Its owner still has it.
        let safe = if operation.method == "DELETE" { "GET" } else { &operation.method };
        assert_eq!(ask(&server, &one, safe, &theirs, body).0, 200, "{safe} {theirs}");
        tried += 1;
    }
    assert!(tried >= 4, "{tried}");
    // A list shows only its own.
    for operation in operations(&description) {
        let list =
            operation.method == "GET" && operation.path.starts_with("/v1/") && !operation.path.contains('{');
        if list {
            let (status, page) = ask(&server, &two, "GET", operation.path, "");
            // Usage is told in rows, all in one page.
            let own = page["data"].as_array().or_else(|| page["rows"].as_array()).unwrap();
            assert_eq!(status, 200, "{page}");
            // There is the key that asks, its budget, and that it was made.
            let there = ["/v1/keys", "/v1/budgets", "/v1/audit"].contains(&operation.path);
            assert_eq!(own.len(), usize::from(there), "{page}");
        }
    }
}
