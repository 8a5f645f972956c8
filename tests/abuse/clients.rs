//! Clients that are slow or never read: they are let go, and keep nobody else from being served.

use std::{
    io::{Read, Write},
    net::TcpStream,
    thread,
    time::{Duration, Instant},
};

use serde_json::{Value, json};

use super::{
    House,
    wire::{connect, exchange},
};

/// Above the longest time limit of the server for a silent client, 30 s.
const PATIENCE: Duration = Duration::from_secs(45);

/// Time between two bytes of a client that drips.
const DRIP_EVERY: Duration = Duration::from_millis(500);

/// Sends one byte after the other until the server closes; true if it did so in time.
fn drip(mut stream: TcpStream, bytes: &[u8]) -> bool {
    stream.set_read_timeout(Some(DRIP_EVERY)).unwrap();
    let began = Instant::now();
    for byte in bytes.iter().chain(std::iter::repeat(&b' ')) {
        if began.elapsed() > PATIENCE {
            return false;
        }
        if stream.write_all(&[*byte]).is_err() {
            return true;
        }
        match stream.read(&mut [0; 1024]) {
            Ok(0) => return true,
            Ok(_) => {}
            Err(error) if error.kind() == std::io::ErrorKind::WouldBlock => {}
            Err(_) => return true,
        }
    }
    unreachable!("drops never end")
}

/// Reads nothing; true once the server has given up, which shows when it takes no more from us.
fn never_read(mut stream: TcpStream, request: &[u8]) -> bool {
    let began = Instant::now();
    stream.set_write_timeout(Some(DRIP_EVERY)).unwrap();
    // Requests without end, whose answers fill every buffer on the way.
    while began.elapsed() < PATIENCE {
        match stream.write(request) {
            Ok(_) => {}
            Err(error) if error.kind() == std::io::ErrorKind::WouldBlock => {}
            Err(_) => return true,
        }
    }
    false
}

#[test]
fn an_early_answer_reaches_a_client_that_is_still_sending() {
    const PIECES: usize = 20;
    const PIECE: [u8; 8192] = [b' '; 8192];
    let house = House::open();
    let length = PIECES * PIECE.len();
    let mut stream = connect(&house.server.url);
    let head = format!(
        "POST /v1/execute HTTP/1.1\r\nhost: localhost\r\nx-api-key: wrong\r\n\
         content-type: application/json\r\ncontent-length: {length}\r\n\r\n"
    );
    stream.write_all(head.as_bytes()).unwrap();
    for piece in 0..PIECES {
        stream.write_all(&PIECE).unwrap_or_else(|error| panic!("piece {piece}: {error}"));
        thread::sleep(Duration::from_millis(20));
    }
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    assert!(answer.starts_with("HTTP/1.1 401 "), "{answer}");
}

#[test]
fn slow_clients_are_let_go_and_others_served() {
    let house = House::open();
    let url = house.server.url.clone();
    let json = "content-type: application/json\r\ncontent-length: 5000\r\n";
    let slow_body = house.request("POST", "/v1/execute", json, b"");
    let (head, body, unread) = (connect(&url), connect(&url), connect(&url));
    let key = house.server.key.clone();
    let slow = [
        (
            "a head in drops",
            thread::spawn(move || drip(head, b"POST /v1/execute HTTP/1.1\r\nhost: x\r\nx: ")),
        ),
        (
            "a body in drops",
            thread::spawn(move || {
                let mut body = body;
                body.write_all(&slow_body).unwrap();
                drip(body, b"{")
            }),
        ),
        (
            "answers that are not read",
            thread::spawn(move || {
                let request = format!(
                    "GET /v1/runs?limit=100 HTTP/1.1\r\nhost: x\r\nauthorization: Bearer {key}\r\n\r\n"
                );
                never_read(unread, request.as_bytes())
            }),
        ),
    ];
    let served = house.post("/v1/execute", br#"{"language":"nothing","code":"x"}"#);
    assert_eq!(served.status, 400, "{served:?}");
    for (what, client) in slow {
        assert!(client.join().unwrap(), "{what}: the server did not let it go");
    }
    house.nothing_happened();
}

/// A request that is begun and kept open; the status line of its answer, or of the invitation to send its body.
fn hold(house: &House, method: &str, path: &str, head: &str) -> (TcpStream, u16) {
    let mut stream = connect(&house.server.url);
    stream.write_all(&house.request(method, path, head, b"")).unwrap();
    let mut line = [0; 12];
    stream.read_exact(&mut line).unwrap();
    (stream, String::from_utf8_lossy(&line[9..]).parse().unwrap())
}

#[test]
fn one_key_leaves_uploads_and_readers_to_others() {
    let house = House::open();
    let output = house.installation.output(&["keys", "create", "--tenant", "other", "--user", "u", "--json"]);
    let other: Value = serde_json::from_slice(&output.stdout).unwrap();
    let as_other = format!("x-api-key: {}\r\n", other["key"].as_str().unwrap());
    let ask = |method: &str, path: &str, head: &str, body: &str| {
        let line = format!("{method} {path} HTTP/1.1\r\nhost: x\r\nconnection: close\r\n{as_other}{head}");
        exchange(&house.server.url, format!("{line}content-length: {}\r\n\r\n{body}", body.len()).as_bytes())
    };
    let json = "content-type: application/json\r\n";
    let of_other = ask("POST", "/v1/execute", json, r#"{"language":"bash","code":"true"}"#).json();
    let begin = br#"{"language":"bash","code":"sleep 60","limits":{"wallMs":60000}}"#;
    let head = format!("{json}prefer: respond-async\r\ncontent-length: {}\r\n", begin.len());
    let run = house.send("POST", "/v1/execute", &head, begin).json();
    let (run, events) =
        (format!("/v1/runs/{}", run["id"].as_str().unwrap()), run["events"].as_str().unwrap());

    let stalled = "expect: 100-continue\r\ncontent-length: 100000\r\n";
    let uploads: Vec<_> = (0..17).map(|_| hold(&house, "POST", "/v1/files", stalled)).collect();
    let readers: Vec<_> = (0..65).map(|_| hold(&house, "GET", events, "")).collect();
    for (flood, taken) in [(&uploads, 100), (&readers, 200)] {
        assert!(
            flood.iter().any(|(_, status)| *status == taken)
                && flood.iter().any(|(_, status)| *status == 429)
        );
    }
    assert_eq!(ask("POST", "/v1/files", "", "content").status, 201);
    let events = format!("/v1/runs/{}/events", of_other["id"].as_str().unwrap());
    assert_eq!(ask("GET", &events, "", "").status, 200);
    drop((uploads, readers));
    assert_eq!(house.send("DELETE", &run, "", b"").status, 200);
}

#[test]
fn answers_that_nobody_reads_do_not_gather() {
    let house = House::open();
    // In JSON it is six times as long, and more than the sockets hold.
    let code = "for n in range(17): open(f'{n}.txt', 'w').write('\\x01' * 60_000)";
    let body = json!({ "language": "python", "code": code }).to_string();
    let head = format!(
        "content-type: application/json\r\nidempotency-key: large\r\ncontent-length: {}\r\n",
        body.len()
    );
    assert_eq!(house.send("POST", "/v1/execute", &head, body.as_bytes()).status, 200);
    let listed = house.send("GET", "/v1/runs?limit=1", "", b"").json();
    let run = format!("/v1/runs/{}", listed["data"][0]["id"].as_str().unwrap());
    let head = format!("{head}\r\n{body}");
    for (method, path, head) in [("GET", run.as_str(), ""), ("POST", "/v1/execute", head.as_str())] {
        let unread: Vec<_> = (0..65).map(|_| hold(&house, method, path, head)).collect();
        for status in [200, 429] {
            assert!(unread.iter().any(|(_, found)| *found == status), "{method}: no {status}");
        }
    }
}

/// Room for one run. Time is short: who reads nothing is let go after a while.
const ONE_PLACE: &str = "slots = 1\nqueue = 0\n\
    [limits.stdoutBytes]\ndefault = 4194304\nfloor = 0\nceiling = 4194304\n";

#[test]
fn a_run_whose_answer_nobody_reads_keeps_its_place() {
    let house = House::with(ONE_PLACE);
    // In JSON it is six times as long, and more than the sockets hold; an answer of the analyst never is.
    let program = json!({ "language": "bash", "code": "head -c 4000000 /dev/zero" });
    let stream = "accept: text/event-stream\r\n";
    for (path, head, body) in [
        ("/v1/execute", "", &program),
        ("/v1/execute", stream, &program),
        ("/v1/agent-coderunner/execute", "", &program),
    ] {
        let body = body.to_string();
        let json = format!("content-type: application/json\r\ncontent-length: {}\r\n", body.len());
        let head = format!("{head}{json}\r\n{body}");
        let unread: Vec<_> = (0..2).map(|_| hold(&house, "POST", path, &head)).collect();
        let statuses: Vec<u16> = unread.iter().map(|(_, status)| *status).collect();
        assert_eq!(statuses, [200, 429], "{path} {head:.30}");
        drop(unread);
        // It is free again once the server has noticed.
        let began = Instant::now();
        while house.post("/v1/execute", br#"{"language":"bash","code":"true"}"#).status == 429 {
            assert!(began.elapsed() < PATIENCE, "{path}: the place is not given back");
        }
    }
}
