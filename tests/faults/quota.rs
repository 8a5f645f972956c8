//! What runs keep is bounded by the organisation: a flood fills its own quota and no more, and takes from
//! nobody else.

use std::{
    fs,
    path::Path,
    thread,
    time::{Duration, Instant},
};

use ringfence_tests::{Installation, Server, agent, commands_with, processes::eventually};
use serde_json::{Value, json};

/// What the runs of one organisation may keep in these tests, in bytes.
const QUOTA: u64 = 24 << 20;

/// Size of an input of the flood, in bytes.
const INPUT: usize = 2 << 20;

/// What the database takes beside contents, with its log, in bytes.
const DATABASE_MAX: u64 = 12 << 20;

fn serve(house: &Installation, slots: u32) -> Server {
    let path = house.path().join("ringfence.toml");
    let configuration = format!("slots = {slots}\n[retention]\ntenant_bytes_max = {QUOTA}\n");
    fs::write(&path, configuration).unwrap();
    let mut command = house.command(&["serve", "--listen", "127.0.0.1:0"]);
    command.env("RINGFENCE_CONFIG", path).env("RINGFENCE_LOG", "error");
    Server::start(command)
}

/// A run of Bash with a key, answered later if `later`.
fn execute(server: &Server, key: &str, code: &str, stdin: &str, later: bool) -> (u16, Value) {
    let mut request =
        agent().post(format!("{}/v1/execute", server.url)).header("authorization", format!("Bearer {key}"));
    if later {
        request = request.header("prefer", "respond-async");
    }
    let body = json!({ "language": "bash", "code": code, "stdin": stdin });
    let mut response = request.send_json(&body).unwrap();
    (response.status().as_u16(), response.body_mut().read_json().unwrap())
}

fn get(server: &Server, key: &str, path: &str) -> Value {
    let request =
        agent().get(format!("{}{path}", server.url)).header("authorization", format!("Bearer {key}"));
    request.call().unwrap().body_mut().read_json().unwrap()
}

/// A key of another organisation.
fn key_of(house: &Installation, tenant: &str) -> String {
    let output = house.output(&["keys", "create", "--tenant", tenant, "--user", "ana", "--json"]);
    let made: Value = serde_json::from_slice(&output.stdout).unwrap_or_else(|error| {
        panic!("{error}: {}", String::from_utf8_lossy(&output.stderr));
    });
    made["key"].as_str().unwrap().to_owned()
}

/// Unlike that of every other number.
fn input(number: usize) -> String {
    format!("{number:08}").repeat(INPUT / 8)
}

/// Bytes that a directory takes on disk.
fn bytes_below(path: &Path) -> u64 {
    let entries = fs::read_dir(path).into_iter().flatten().flatten();
    let size =
        |path: &Path| if path.is_dir() { bytes_below(path) } else { path.metadata().map_or(0, |m| m.len()) };
    entries.map(|entry| size(&entry.path())).sum()
}

#[test]
fn a_flood_stays_within_its_quota_and_takes_nothing_from_others() {
    let house = Installation::new();
    let server = serve(&house, 4);
    let (data, other) = (house.path().join("data"), key_of(&house, "globex"));
    let (status, theirs) = execute(&server, &other, "cat | tail -c 9", &input(99_999), false);
    assert_eq!(status, 200, "{theirs}");
    let (mut accepted, mut most, mut sent) = (Vec::new(), 0, 0);
    // Far more comes in than may be kept.
    while accepted.len() * INPUT < 3 * usize::try_from(QUOTA).unwrap() {
        let (status, answer) = execute(&server, &server.key, "wc -c", &input(sent), true);
        match status {
            202 => accepted.push(answer["id"].as_str().unwrap().to_owned()),
            _ => assert_eq!((status, &answer["code"]), (507, &json!("quota_exceeded")), "{answer}"),
        }
        most = most.max(bytes_below(&data));
        sent += 1;
        assert!(sent < 5_000, "{} were accepted", accepted.len());
    }
    let bound = QUOTA + INPUT as u64 + DATABASE_MAX;
    assert!(most <= bound, "{most} bytes of at most {bound}");
    eventually("all have ended", || {
        accepted
            .iter()
            .all(|run| get(&server, &server.key, &format!("/v1/runs/{run}"))["status"] == "succeeded")
    });
    // The last one is there whole, the first one is in the history.
    let last = get(&server, &server.key, &format!("/v1/runs/{}", accepted.last().unwrap()));
    assert_eq!(last["answer"]["stdout"], format!("{INPUT}\n"), "{last}");
    let first = get(&server, &server.key, &format!("/v1/runs/{}", accepted[0]));
    assert_eq!((&first["status"], &first["answer"]), (&json!("succeeded"), &json!(null)), "{first}");
    let theirs = get(&server, &other, &format!("/v1/runs/{}", theirs["id"].as_str().unwrap()));
    assert_eq!(theirs["answer"]["stdout"], "900099999", "{theirs}");
    assert!(server.stop());
}

#[test]
fn a_run_that_finds_no_room_executes_nothing_and_costs_nothing() {
    let house = Installation::new();
    let server = serve(&house, 1);
    let spent = || get(&server, &server.key, "/v1/keys")["data"][0]["spent"]["runs"].clone();
    let before = spent();
    let began = Instant::now();
    // The slot is taken, and half of the quota fills up with what waits.
    let mut waiting = Vec::new();
    let problem = loop {
        let (status, answer) = execute(&server, &server.key, "sleep 29.015625", &input(waiting.len()), true);
        if status != 202 {
            assert_eq!(status, 507, "{answer}");
            break answer;
        }
        waiting.push(answer["id"].as_str().unwrap().to_owned());
        assert!(began.elapsed() < Duration::from_secs(25), "{} are accepted", waiting.len());
    };
    let fit = usize::try_from(QUOTA / 2).unwrap() / INPUT;
    assert_eq!(waiting.len(), fit - 1, "each counts a little more");
    let expected = (&json!("quota_exceeded"), &json!("tenant"), &json!("bytes"), &json!(QUOTA / 2));
    let found = (&problem["code"], &problem["scope"], &problem["unit"], &problem["limit"]);
    assert_eq!(found, expected, "{problem}");
    assert!(problem["used"].as_u64().unwrap() >= waiting.len() as u64 * INPUT as u64, "{problem}");
    let detail = problem["detail"].as_str().unwrap();
    assert!(detail.contains("wait until runs have ended"), "{detail}");
    let full = bytes_below(&house.path().join("data/blobs"));
    let marker = "sleep 29.03125";
    for number in 100..110 {
        assert_eq!(execute(&server, &server.key, marker, &input(number), false).0, 507);
    }
    assert!(commands_with(marker).is_empty(), "it was refused, and ran");
    assert_eq!(bytes_below(&house.path().join("data/blobs")), full, "it was refused, and is kept");
    let refused = problem["run_id"].as_str().unwrap();
    assert_eq!(get(&server, &server.key, &format!("/v1/runs/{refused}"))["code"], "run_not_found");
    // Small ones go on.
    let small = thread::scope(|scope| {
        let small = scope.spawn(|| execute(&server, &server.key, "echo small", "", false));
        for run in &waiting {
            let url = format!("{}/v1/runs/{run}", server.url);
            agent().delete(url).header("authorization", format!("Bearer {}", server.key)).call().unwrap();
        }
        small.join().unwrap()
    });
    assert_eq!((small.0, &small.1["stdout"]), (200, &json!("small\n")), "{}", small.1);
    // When they have ended there is room again.
    eventually("there is room", || execute(&server, &server.key, "true", &input(200), false).0 == 200);
    let after = spent();
    let cost = after.as_i64().unwrap() - before.as_i64().unwrap();
    assert!(cost <= 2 + i64::try_from(waiting.len()).unwrap(), "{cost} were charged");
    assert!(server.stop());
}
