//! The record and whether it is whole, as an operator looks at it.

use std::{fs, process::Output};

use ringfence_tests::{Installation, agent, output_of};
use serde_json::{Value, json};

fn verify(house: &Installation, options: &[&str]) -> (Option<i32>, String) {
    let words: Vec<&str> = ["audit", "verify"].iter().chain(options).copied().collect();
    let Output { status, stdout, .. } = house.output(&words);
    (status.code(), String::from_utf8(stdout).unwrap())
}

fn list(house: &Installation, tenant: &str) -> Vec<Value> {
    let output = house.output(&["audit", "list", "--tenant", tenant, "--json"]);
    serde_json::from_slice(&output.stdout).unwrap()
}

/// Does something to the database of a house that nobody lives in, with the sqlite3 of another one's jail.
fn tamper(house: &Installation, sql: &str) {
    let elsewhere = Installation::new();
    let (database, out) = (house.path().join("data/ringfence.db"), elsewhere.path().join("out"));
    assert!(!database.with_extension("db-wal").exists());
    let file = format!("ringfence.db={}", database.display());
    let command = elsewhere.command(&[
        "run",
        "-",
        "--language",
        "bash",
        "--file",
        &file,
        "--out",
        out.to_str().unwrap(),
        "--limit",
        "outputBytes=64M",
    ]);
    let script = format!(
        "for trigger in $(sqlite3 ringfence.db \"select name from sqlite_master where type = 'trigger'\"); do
             sqlite3 ringfence.db \"drop trigger $trigger\"
         done
         sqlite3 ringfence.db \"{sql}\""
    );
    let output = output_of(command, script.as_bytes());
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    fs::copy(out.join("ringfence.db"), database).unwrap();
}

#[test]
fn whoever_changes_the_record_is_found_out() {
    let house = Installation::new();
    let runs = [house.run("bash", "echo one", &[]), house.run("bash", "echo two", &[])];
    let second = runs[1]["id"].as_str().unwrap();
    let (code, said) = verify(&house, &["--contents"]);
    assert_eq!(code, Some(0), "{said}");
    let head = said.trim().rsplit_once(' ').unwrap().1.to_owned();
    assert!(said.starts_with("local: whole, ") && head.starts_with("local:"), "{said}");
    house.run("bash", "echo three", &[]);
    assert_eq!(verify(&house, &["--expect", &head]).0, Some(0));

    tamper(
        &house,
        &format!("update events set at_ms = at_ms + 1 where run = '{second}' and kind = 'exec.finished'"),
    );
    let (code, said) = verify(&house, &[]);
    assert_eq!(code, Some(1), "{said}");
    assert!(said.contains(&format!("of run {second}: changed")), "{said}");
    let (code, said) = verify(&house, &["--json"]);
    let report: Value = serde_json::from_str(&said).unwrap();
    let finding = &report["chains"][0]["finding"];
    assert_eq!((code, &finding["run"], &finding["fault"]), (Some(1), &json!(second), &json!("changed")));
    assert_eq!(verify(&house, &["--tenant", "default"]).0, Some(0), "another's record is");
}

#[test]
fn a_record_that_was_cut_off_is_found_out_until_that_is_accepted() {
    let house = Installation::new();
    let database = house.path().join("data/ringfence.db");
    house.run("bash", "echo one", &[]);
    let kept = fs::read(&database).unwrap();
    house.run("bash", "echo two", &[]);
    let (_, said) = verify(&house, &[]);
    let head = said.trim().rsplit_once(' ').unwrap().1.to_owned();
    fs::write(&database, kept).unwrap();
    let (code, said) = verify(&house, &[]);
    assert_eq!(code, Some(1));
    assert!(said.starts_with("local: entry ") && said.trim().ends_with(": cut off"), "{said}");
    // It is in use meanwhile, which covers nothing up.
    house.run("bash", "echo three", &[]);
    assert!(verify(&house, &[]).1.contains(": rolled back"));
    assert!(house.output(&["audit", "accept"]).status.success());
    assert_eq!(verify(&house, &[]).0, Some(0));
    assert_eq!(list(&house, "local")[0]["kind"], "audit.accepted");
    // Whoever kept the head knows.
    assert_eq!(verify(&house, &["--expect", &head]).0, Some(1));
}

#[test]
fn a_server_records_who_changed_what_and_is_verified_beside_it() {
    let house = Installation::new();
    let server = house.serve();
    let admin = server.key.split('_').nth(2).unwrap().to_owned();
    let (_, made) = server.post("/v1/keys", &json!({"user": "ben", "label": "for ben"}));
    let made = made["id"].as_str().unwrap();
    let (_, answer) = server.post("/v1/execute", &json!({"language": "bash", "code": "echo 1"}));
    let delete = |path: &str| {
        let request = agent().delete(format!("{}{path}", server.url)).header("x-api-key", &server.key);
        request.call().unwrap().status().as_u16()
    };
    let upload = agent().post(format!("{}/v1/files", server.url)).header("x-api-key", &server.key);
    let mut upload = upload.send("content").unwrap();
    let file: Value = upload.body_mut().read_json().unwrap();
    assert_eq!(delete(&format!("/v1/files/{}", file["id"].as_str().unwrap())), 204);
    assert_eq!(delete(&format!("/v1/keys/{made}")), 200);
    // Changes of keys are sealed at once, whatever becomes of the server.
    let sealed = fs::read_to_string(house.path().join("data/audit.head")).unwrap();
    let (code, said) = verify(&house, &[]);
    assert_eq!(code, Some(0), "{said}");
    let head: Vec<&str> = said.trim().rsplit_once(' ').unwrap().1.split(':').collect();
    assert!(sealed.contains(&format!("{} {} default\n", head[1], head[2])), "{sealed}");

    let done = list(&house, "default");
    let told: Vec<(&str, &str)> = done
        .iter()
        .map(|entry| (entry["kind"].as_str().unwrap(), entry["actor"].as_str().unwrap()))
        .collect();
    assert_eq!(
        told,
        [
            ("key.revoked", &*admin),
            ("file.deleted", &admin),
            ("run.settled", &admin),
            ("run.requested", &admin),
            ("key.created", &admin),
            ("key.created", "ringfence"),
        ]
    );
    assert_eq!((&done[0]["details"]["id"], &done[0]["user"]), (&json!(made), &json!("admin")));
    assert_eq!((&done[3]["run"], &done[3]["details"]), (&answer["id"], &Value::Null));
    assert!(!format!("{done:?}").contains(&server.key));
    // The same over HTTP, in pages, for administrators.
    let get = |key: &str, path: &str| {
        let mut response =
            agent().get(format!("{}{path}", server.url)).header("x-api-key", key).call().unwrap();
        (response.status().as_u16(), response.body_mut().read_json::<Value>().unwrap())
    };
    let (mut paged, mut path) = (Vec::new(), "/v1/audit?limit=4".to_owned());
    loop {
        let (status, page) = get(&server.key, &path);
        assert_eq!(status, 200, "{page}");
        paged.extend(page["data"].as_array().unwrap().clone());
        let Some(cursor) = page["nextCursor"].as_str() else { break };
        path = format!("/v1/audit?limit=4&cursor={cursor}");
    }
    assert_eq!(paged, done);
    assert_eq!(get(&server.key, "/v1/audit?cursor=x").0, 400);
    let (_, reader) = server.post("/v1/keys", &json!({"user": "eve", "scopes": ["read"]}));
    assert_eq!(get(reader["key"].as_str().unwrap(), "/v1/audit").0, 403);
    let shown = house.output(&["audit", "list"]);
    assert!(String::from_utf8(shown.stdout).unwrap().contains("file.deleted"));
}

#[test]
fn what_keeps_us_from_looking_is_our_failure() {
    let house = Installation::new();
    house.run("bash", "echo one", &[]);
    fs::remove_file(house.path().join("data/pepper")).unwrap();
    fs::write(house.path().join("data/pepper"), "short").unwrap();
    assert_eq!(verify(&house, &[]).0, Some(125));
    // With another pepper nothing would be what it seems.
    fs::write(house.path().join("data/pepper"), [7; 32]).unwrap();
    let refused = house.output(&["audit", "verify"]);
    let said = String::from_utf8(refused.stderr).unwrap();
    assert!(refused.status.code() == Some(125) && said.contains("is not the pepper"), "{said}");
    assert_eq!(house.output(&["audit", "verify", "--expect", "x"]).status.code(), Some(2));
}
