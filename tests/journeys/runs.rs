//! Runs over HTTP: streamed, answered later, listed, stopped, and for their own tenant only.

use std::{
    io::{BufRead, BufReader},
    thread,
    time::{Duration, Instant},
};

use ringfence_tests::{Installation, Server, agent};
use serde_json::{Value, json};

/// One server-sent event.
#[derive(Debug, PartialEq)]
struct Event {
    name: String,
    id: String,
    data: Value,
}

fn request(server: &Server, key: &str, method: &str, path: &str) -> ureq::http::request::Builder {
    ureq::http::Request::builder()
        .method(method)
        .uri(format!("{}{path}", server.url))
        .header("authorization", format!("Bearer {key}"))
}

fn send(request: ureq::http::Request<String>) -> ureq::http::Response<ureq::Body> {
    agent().run(request).expect("the server answers")
}

fn read(mut response: ureq::http::Response<ureq::Body>) -> (u16, Value) {
    (response.status().as_u16(), response.body_mut().read_json().expect("a JSON body"))
}

pub(crate) fn get(server: &Server, path: &str) -> (u16, Value) {
    read(send(request(server, &server.key, "GET", path).body(String::new()).unwrap()))
}

fn execute(server: &Server, header: (&str, &str), body: &Value) -> ureq::http::Response<ureq::Body> {
    let request = request(server, &server.key, "POST", "/v1/execute").header(header.0, header.1);
    send(request.header("content-type", "application/json").body(body.to_string()).unwrap())
}

/// The events of a stream, each given to `see` as it comes.
fn events(response: ureq::http::Response<ureq::Body>, mut see: impl FnMut(&Event)) -> Vec<Event> {
    assert_eq!(response.headers()["content-type"], "text/event-stream");
    let mut found = Vec::new();
    let (mut name, mut id) = (String::new(), String::new());
    for line in BufReader::new(response.into_body().into_reader()).lines() {
        let line = line.expect("a line");
        match line.split_once(": ") {
            Some(("event", text)) => name = text.to_owned(),
            Some(("id", text)) => id = text.to_owned(),
            Some(("data", text)) => {
                let data = serde_json::from_str(text).expect("JSON");
                let event = Event { name: name.clone(), id: id.clone(), data };
                see(&event);
                found.push(event);
            }
            _ => {}
        }
    }
    found
}

fn names(events: &[Event]) -> Vec<&str> {
    events.iter().map(|event| event.name.as_str()).filter(|name| *name != "exec.metrics").collect()
}

/// Starts a run that is answered later: its path.
fn begin(server: &Server, code: &str) -> String {
    let response = execute(server, ("prefer", "respond-async"), &json!({ "language": "bash", "code": code }));
    assert_eq!(response.status().as_u16(), 202);
    assert_eq!(response.headers()["preference-applied"], "respond-async");
    let location = response.headers()["location"].to_str().unwrap().to_owned();
    let (_, body) = read(response);
    assert_eq!(location, format!("/v1/runs/{}", body["id"].as_str().unwrap()));
    location
}

/// What a run's path says once the run is over.
fn over(server: &Server, path: &str) -> Value {
    let begun = Instant::now();
    loop {
        let (status, run) = get(server, path);
        assert_eq!(status, 200, "{run}");
        if !["queued", "running"].contains(&run["status"].as_str().unwrap()) {
            return run;
        }
        assert!(begun.elapsed() < Duration::from_secs(20), "{run}");
        thread::sleep(Duration::from_millis(50));
    }
}

#[test]
fn output_comes_while_the_program_runs() {
    let house = Installation::new();
    let server = house.serve();
    let code = "echo one; sleep 1.2; echo 'zwö' >&2; echo kept > file.txt; exit 3";
    let response =
        execute(&server, ("accept", "text/event-stream"), &json!({ "language": "bash", "code": code }));
    let begun = Instant::now();
    let mut first = None;
    let events = events(response, |event| {
        if event.name == "exec.stdout" {
            first.get_or_insert_with(|| begun.elapsed());
        }
    });
    assert!(first.unwrap() + Duration::from_millis(600) < begun.elapsed(), "it came with the rest");
    assert_eq!(names(&events), ["exec.started", "exec.stdout", "exec.stderr", "exec.completed"]);
    let said = |name: &str| &events.iter().find(|event| event.name == name).unwrap().data;
    assert_eq!(
        (&said("exec.stdout")["content"], &said("exec.stdout")["encoding"]),
        (&json!("one\n"), &json!("utf-8"))
    );
    assert_eq!(said("exec.stderr")["content"], "zwö\n");
    assert_eq!(said("exec.metrics")["usage"]["stdoutBytes"], 4);
    let answer = said("exec.completed");
    assert_eq!((&answer["exitCode"], &answer["stdout"]), (&json!(3), &json!("one\n")));
    assert_eq!(answer["files"][0]["name"], "file.txt");
}

#[test]
fn a_refused_stream_is_a_plain_problem() {
    let house = Installation::new();
    let server = house.serve();
    let response =
        execute(&server, ("accept", "text/event-stream"), &json!({ "language": "bash", "code": " " }));
    assert_eq!(response.headers()["content-type"], "application/problem+json");
    let (status, problem) = read(response);
    assert_eq!((status, &problem["code"]), (422, &json!("policy_denied")));
}

#[test]
fn a_run_can_be_answered_later_and_its_events_read_again_from_any_place() {
    let house = Installation::new();
    let server = house.serve();
    let path = begin(&server, "echo one; echo two; printf 'a\\xff'; echo kept > 'd ö.txt'");
    let run = over(&server, &path);
    assert_eq!((&run["status"], &run["kind"]), (&json!("succeeded"), &json!("execute")));
    assert_eq!(run["answer"]["stdoutEncoding"], "base64");
    assert_eq!(run["answer"]["files"][0]["content"], "kept\n");

    let whole = |from: Option<&str>| {
        let mut request = request(&server, &server.key, "GET", &format!("{path}/events"));
        if let Some(from) = from {
            request = request.header("last-event-id", from);
        }
        events(send(request.body(String::new()).unwrap()), |_| {})
    };
    let all = whole(None);
    assert_eq!(names(&all), ["exec.started", "exec.stdout", "exec.completed"]);
    assert_eq!(all.last().unwrap().data, run["answer"]);
    let rest = whole(Some("4.0.1"));
    assert_eq!(names(&rest), ["exec.stdout", "exec.completed"]);
    assert_eq!(rest[0].data["content"], "dHdvCmH/");
    assert_eq!(names(&whole(Some(&all.last().unwrap().id))), ["exec.completed"]);

    let mut file = send(
        request(&server, &server.key, "GET", &format!("{path}/files/d%20%C3%B6.txt"))
            .body(String::new())
            .unwrap(),
    );
    let disposition = "attachment; filename=\"d _.txt\"; filename*=UTF-8''d%20%C3%B6.txt";
    assert_eq!(file.headers()["content-disposition"], disposition);
    assert_eq!(file.body_mut().read_to_string().unwrap(), "kept\n");
    assert_eq!(get(&server, &format!("{path}/files/other.txt")).1["code"], "file_not_found");
    let (status, problem) = {
        let request =
            request(&server, &server.key, "GET", &format!("{path}/events")).header("last-event-id", "x");
        read(send(request.body(String::new()).unwrap()))
    };
    assert_eq!((status, &problem["code"]), (400, &json!("invalid_event_id")));
}

#[test]
fn a_run_is_stopped_at_once_with_what_there_was() {
    let house = Installation::new();
    let server = house.serve();
    let path = begin(&server, "echo begun; sleep 9; echo never");
    let events_of =
        request(&server, &server.key, "GET", &format!("{path}/events")).body(String::new()).unwrap();
    let watched = thread::scope(|scope| {
        let watching = scope.spawn(|| events(send(events_of), |_| {}));
        thread::sleep(Duration::from_millis(700));
        let begun = Instant::now();
        let (status, run) =
            read(send(request(&server, &server.key, "DELETE", &path).body(String::new()).unwrap()));
        assert!(begun.elapsed() < Duration::from_secs(2));
        assert_eq!((status, &run["status"]), (200, &json!("cancelled")));
        assert_eq!((&run["answer"]["stdout"], &run["answer"]["exitCode"]), (&json!("begun\n"), &json!(130)));
        assert!(run["answer"]["usage"]["wallMs"].as_u64().unwrap() < 5000);
        watching.join().unwrap()
    });
    assert_eq!(watched.last().unwrap().data["status"], "cancelled");
    // Once more changes nothing.
    let (_, again) = read(send(request(&server, &server.key, "DELETE", &path).body(String::new()).unwrap()));
    assert_eq!(again["status"], "cancelled");
}

#[test]
fn a_request_sent_twice_is_carried_out_once() {
    let house = Installation::new();
    let server = house.serve();
    let once = |name: &str, code: &str| {
        let response =
            execute(&server, ("idempotency-key", name), &json!({ "language": "bash", "code": code }));
        let replayed = response.headers().get("idempotent-replayed").is_some();
        let (status, body) = read(response);
        (status, body, replayed)
    };
    let code = "echo $RANDOM$RANDOM$RANDOM";
    let (first, again) = (once("one", code), once("one", code));
    assert_eq!((first.0, first.2, again.0, again.2), (200, false, 200, true));
    assert_eq!(first.1, again.1);
    assert_ne!(once("two", code).1["stdout"], first.1["stdout"]);
    let other = once("one", "echo other");
    assert_eq!((other.0, &other.1["code"]), (422, &json!("idempotency_key_reused")));
    assert_eq!(once(&"x".repeat(256), code).1["code"], "invalid_idempotency_key");
    // What came to no answer may be sent again under its name.
    assert_eq!(once("three", " ").0, 422);
    assert_eq!(once("three", "echo fine").0, 200);
    thread::scope(|scope| {
        let slow = scope.spawn(|| once("four", "sleep 1.5; echo done"));
        thread::sleep(Duration::from_millis(500));
        let (status, problem, _) = once("four", "sleep 1.5; echo done");
        assert_eq!((status, &problem["code"]), (409, &json!("request_in_flight")));
        assert_eq!(slow.join().unwrap().1["stdout"], "done\n");
    });
    assert_eq!(get(&server, "/v1/runs?limit=100").1["data"].as_array().unwrap().len(), 5);
}

#[test]
fn runs_are_listed_in_pages_and_only_to_their_tenant() {
    let house = Installation::new();
    let server = house.serve();
    let mut paths: Vec<String> = (0..5).map(|n| begin(&server, &format!("echo {n}"))).collect();
    paths.iter().for_each(|path| drop(over(&server, path)));
    paths.reverse();
    let mut listed = Vec::new();
    let mut next = "/v1/runs?limit=2".to_owned();
    loop {
        let (status, page) = get(&server, &next);
        assert_eq!(status, 200, "{page}");
        let ids = page["data"]
            .as_array()
            .unwrap()
            .iter()
            .map(|run| format!("/v1/runs/{}", run["id"].as_str().unwrap()));
        listed.extend(ids);
        match page["nextCursor"].as_str() {
            Some(cursor) => next = format!("/v1/runs?limit=2&cursor={cursor}"),
            None => break,
        }
    }
    assert_eq!(listed, paths);
    for wrong in ["limit=0", "limit=101", "limit=x", "cursor=../x", "colour=red"] {
        assert_eq!(get(&server, &format!("/v1/runs?{wrong}")).1["code"], "invalid_query", "{wrong}");
    }

    let made = house.output(&["keys", "create", "--user", "eve", "--tenant", "other"]);
    let other = String::from_utf8(made.stdout).unwrap().trim().to_owned();
    let as_other = |method: &str, path: &str| {
        read(send(request(&server, &other, method, path).body(String::new()).unwrap()))
    };
    let unknown = "/v1/runs/01a1fd43-99a3-758c-aa6a-ff1f2da04380";
    for (method, path) in [
        ("GET", paths[0].clone()),
        ("DELETE", paths[0].clone()),
        ("GET", format!("{}/events", paths[0])),
        ("GET", format!("{}/files/x", paths[0])),
    ] {
        let (status, mut theirs) = as_other(method, &path);
        let (_, mut nobodys) = as_other(method, &path.replace(&paths[0], unknown));
        // Only the requests' ids differ.
        theirs["request_id"].take();
        nobodys["request_id"].take();
        assert_eq!((status, &theirs), (404, &nobodys), "{method} {path}");
    }
    assert_eq!(as_other("GET", "/v1/runs").1["data"], json!([]));
    assert_eq!(over(&server, &paths[0])["status"], "succeeded");
}
