//! The log: lines of JSON that name requests and runs, and never hold a word of a client or a program.

use std::{collections::BTreeMap, fs, path::PathBuf, thread};

use ringfence_tests::{
    Installation, Server, commands_with,
    processes::{eventually, kill, pids_of, status},
    wrapped,
};
use serde_json::{Value, json};

/// In everything that a client sends or a program prints here.
const CANARY: &str = "KANARIENVOGEL";

struct Logged {
    house: Installation,
    server: Server,
    log: PathBuf,
}

impl Logged {
    fn start() -> Logged {
        let house = Installation::with_own_runtimes();
        let log = house.path().join("log");
        let script = format!("exec \"$@\" 2>{}", log.display());
        let mut command =
            wrapped(&house.command(&["serve", "--listen", "127.0.0.1:0"]), &["sh", "-c", &script, "sh"]);
        command.env("RINGFENCE_LOG", "info");
        Logged { server: Server::start(command), house, log }
    }

    fn text(&self) -> String {
        fs::read_to_string(&self.log).unwrap()
    }

    fn lines(&self) -> Vec<Value> {
        let text = self.text();
        text.lines()
            .map(|line| serde_json::from_str(line).unwrap_or_else(|_| panic!("no line of JSON: {line}")))
            .collect()
    }

    /// Sends a request: status, the request's id, and the body as text.
    fn send(&self, method: &str, path: &str, headers: &[(&str, &str)], body: &str) -> (u16, String, String) {
        let mut request =
            ureq::http::Request::builder().method(method).uri(format!("{}{path}", self.server.url));
        if !headers.iter().any(|(name, _)| *name == "x-api-key") {
            request = request.header("x-api-key", &self.server.key);
        }
        request = headers.iter().fold(request, |request, (name, value)| request.header(*name, *value));
        let request = request.header("content-type", "application/json").body(body.to_owned()).unwrap();
        let config =
            ureq::Agent::config_builder().http_status_as_error(false).allow_non_standard_methods(true);
        let mut response = config.build().new_agent().run(request).expect("the server answers");
        let id = response.headers()["x-request-id"].to_str().unwrap().to_owned();
        (response.status().as_u16(), id, response.body_mut().read_to_string().expect("text"))
    }

    fn execute(&self, headers: &[(&str, &str)], body: &Value) -> (u16, String, String) {
        self.send("POST", "/v1/execute", headers, &body.to_string())
    }
}

/// The request and the run that a line is about.
fn names(line: &Value) -> (Option<&str>, Option<&str>) {
    let spans = line["spans"].as_array().map(Vec::as_slice).unwrap_or_default();
    let find = |name: &str, field: &str| spans.iter().find(|span| span["name"] == name)?[field].as_str();
    (find("request", "request_id"), find("run", "run_id"))
}

/// A program that takes the canary every way in and every way out, and then does `last`.
fn program(language: &str, last: &str) -> Value {
    let code = match language {
        "python" => format!(
            "import os, sys\nprint('{CANARY}', open('{CANARY}.txt').read(), sys.stdin.read(), sys.argv)\n\
             print(os.environ['{CANARY}'], file=sys.stderr)\nopen('out-{CANARY}', 'w').write('{CANARY}')\n{last}"
        ),
        _ => format!(
            "echo {CANARY}; cat {CANARY}.txt; echo {CANARY} >&2; echo {CANARY} > out-{CANARY}\n{last}"
        ),
    };
    json!({
        "language": language, "code": code, "stdin": CANARY, "args": [CANARY], "env": { CANARY: CANARY },
        "files": [{ "name": format!("{CANARY}.txt"), "content": CANARY }],
    })
}

fn with(mut body: Value, name: &str, value: Value) -> Value {
    body[name] = value;
    body
}

#[test]
fn no_word_of_anybody_is_in_it_and_every_request_is() {
    let logged = Logged::start();
    let tight = |name: &str, value: u64| json!({ name: value });
    let mut sent: BTreeMap<String, u16> = BTreeMap::new();
    let mut runs: BTreeMap<String, String> = BTreeMap::new();
    let mut note = |(status, id, body): (u16, String, String), expected: u16| {
        assert_eq!(status, expected, "{body}");
        let body: Value = serde_json::from_str(&body).unwrap_or_default();
        // An answer of `/v1/execute` has its run's id, one of `/v1/ask` its run's answer.
        let of_answer = body["exitCode"].is_i64().then(|| body["id"].as_str()).flatten();
        if let Some(run) =
            of_answer.or_else(|| body["run"]["id"].as_str()).or_else(|| body["run_id"].as_str())
        {
            // A request sent twice is carried out for the first.
            runs.entry(run.to_owned()).or_insert_with(|| id.clone());
        }
        sent.insert(id, status);
    };

    // Every end of a program.
    for (body, expected) in [
        (program("python", ""), 200),
        (program("python", &format!("raise ValueError('{CANARY}')")), 200),
        (program("bash", "kill -9 $$"), 200),
        (with(program("bash", "sleep 20"), "limits", tight("wallMs", 300)), 200),
        (with(program("python", "x = ' ' * 10**9"), "limits", tight("memoryBytes", 64 << 20)), 200),
        (with(program("bash", "seq 100000"), "limits", tight("stdoutBytes", 100)), 200),
        (with(program("bash", "head -c 2M /dev/zero > x"), "limits", tight("scratchBytes", 1 << 20)), 200),
        (program("bash", &format!("exec 3<>/dev/tcp/127.0.0.1/1 # {CANARY}")), 200),
        // Refusals.
        (with(program("python", ""), "limits", tight("wallMs", u64::MAX)), 422),
        (
            with(program("python", ""), "files", json!([{ "name": format!("../{CANARY}"), "content": "" }])),
            422,
        ),
        (with(program("python", ""), "env", json!({ format!("{CANARY}=x"): CANARY })), 422),
        (with(program("python", ""), "language", json!(CANARY)), 400),
        (with(program("python", ""), CANARY, json!(CANARY)), 400),
        (with(program("python", ""), "code", json!([CANARY])), 400),
    ] {
        note(logged.execute(&[], &body), expected);
    }
    note(logged.send("POST", "/v1/execute", &[], &format!("{{\"{CANARY}\": \"{CANARY}")), 400);

    // Ways to ask for an answer.
    note(logged.execute(&[("accept", "text/event-stream")], &program("bash", "exit 3")), 200);
    note(logged.execute(&[("prefer", "respond-async")], &program("bash", "")), 202);
    let named = [("idempotency-key", CANARY)];
    note(logged.execute(&named, &program("bash", "exit 5")), 200);
    note(logged.execute(&named, &program("bash", "exit 5")), 200);
    note(logged.execute(&named, &program("bash", "exit 6")), 422);

    // Keys, paths, methods, headers.
    let revoked = logged.house.output(&["keys", "create", "--user", CANARY, "--json"]);
    let revoked: Value = serde_json::from_slice(&revoked.stdout).unwrap();
    let (key, key_id) = (revoked["key"].as_str().unwrap(), revoked["id"].as_str().unwrap());
    note(logged.execute(&[("x-api-key", key)], &program("bash", "")), 200);
    assert!(logged.house.output(&["keys", "revoke", key_id]).status.success());
    for key in [key, CANARY, &format!("rf_live_{CANARY}")] {
        note(logged.execute(&[("x-api-key", key)], &program("bash", "")), 401);
    }
    let poor = logged.house.output(&["keys", "create", "--user", CANARY, "--runs", "0", "--json"]);
    let poor: Value = serde_json::from_slice(&poor.stdout).unwrap();
    note(logged.execute(&[("x-api-key", poor["key"].as_str().unwrap())], &program("bash", "")), 402);
    note(logged.send("GET", &format!("/{CANARY}?{CANARY}={CANARY}"), &[], ""), 404);
    note(logged.send("GET", &format!("/v1/runs/{CANARY}"), &[("last-event-id", CANARY)], ""), 404);
    note(logged.send("GET", &format!("/v1/runs?cursor={CANARY}"), &[("user-agent", CANARY)], ""), 400);
    note(logged.send(CANARY, "/v1/execute", &[("referer", CANARY)], ""), 405);

    // Questions.
    let csv = |content: String| json!([{ "name": format!("{CANARY}.csv"), "content": content }]);
    let good = csv(format!("{CANARY},b\n{CANARY},2\n{CANARY},3\n"));
    let ask = |question: String, files: &Value| {
        logged.send("POST", "/v1/ask", &[], &json!({ "question": question, "files": files }).to_string())
    };
    note(ask(format!("total b by {CANARY}"), &good), 200);
    note(ask(format!("{CANARY} {CANARY}?"), &good), 422);
    note(ask(format!("sum of {CANARY}"), &csv(format!("{CANARY}\"{CANARY}\n\"{CANARY}"))), 422);

    // Failures of ours.
    let sleep = "sleep 9.2578125";
    let (init, failed) = thread::scope(|scope| {
        let failing = scope.spawn(|| logged.execute(&[], &program("bash", &format!("{sleep} & wait"))));
        eventually("the program runs", || !commands_with(sleep).is_empty());
        let parent = |pid: u32| status(pid, "PPid").parse::<u32>().expect("a parent");
        let init = parent(parent(pids_of(sleep)[0]));
        kill(&[init]);
        (init, failing.join().unwrap())
    });
    assert!(init > 1);
    let failed_id = failed.1.clone();
    note(failed, 500);
    let bash = logged.house.runtimes_dir().join("shell/root/usr/bin/bash");
    fs::remove_file(bash).unwrap();
    note(logged.execute(&[], &program("bash", "")), 503);
    note(logged.send("GET", "/health/deep", &[], ""), 503);

    eventually("the last lines are there", || {
        let text = logged.text();
        text.ends_with('\n') && sent.keys().all(|id| text.contains(id.as_str()))
    });
    let text = logged.text();
    if let Some(line) = text.lines().find(|line| line.contains(CANARY)) {
        panic!("it is in the log: {line}");
    }
    for secret in [&logged.server.key, key] {
        assert!(!text.contains(secret), "a key is in the log");
    }
    let lines = logged.lines();
    for line in &lines {
        let time = line["timestamp"].as_str().unwrap_or_default();
        assert!(time.len() == 27 && time.ends_with('Z') && time.as_bytes()[10] == b'T', "{line}");
        assert!(line["level"].is_string() && line["fields"]["message"].is_string(), "{line}");
    }
    // Each request has its line, with what it was answered.
    for (id, status) in &sent {
        let mine = lines.iter().filter(|line| names(line).0 == Some(id));
        let answered: Vec<&Value> =
            mine.filter(|line| line["fields"]["message"] == "request answered").collect();
        assert!(answered.len() == 1 && answered[0]["fields"]["status"] == *status, "{id}: {answered:?}");
    }
    // Each run has its line, which names its request.
    assert!(runs.len() >= 12, "{runs:?}");
    for (run, request) in &runs {
        let ended = |line: &&Value| {
            names(line) == (Some(request), Some(run)) && line["fields"]["message"] == "run ended"
        };
        assert_eq!(lines.iter().filter(ended).count(), 1, "run {run} of request {request}");
    }
    // Our failure has its reason, in the line of its request.
    let reason = |line: &&Value| line["level"] == "ERROR" && names(line).0 == Some(&failed_id);
    assert_eq!(lines.iter().filter(reason).count(), 1);
}
