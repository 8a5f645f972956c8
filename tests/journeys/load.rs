//! More than the server can do at once: bursts, floods, and what clients are told about it.

use std::{
    fs,
    io::{ErrorKind, Read, Write},
    net::{SocketAddr, TcpStream},
    sync::Barrier,
    thread,
    time::Duration,
};

use ringfence_tests::{Installation, Server, commands_with, processes::eventually};
use rustix::net::{AddressFamily, SocketFlags, SocketType, bind, socket_with};
use serde_json::{Value, json};

/// Starts a server with lines of configuration.
fn serve(house: &Installation, configuration: &str) -> Server {
    let path = house.path().join("ringfence.toml");
    fs::write(&path, configuration).unwrap();
    let mut command = house.command(&["serve", "--listen", "127.0.0.1:0"]);
    command.env("RINGFENCE_CONFIG", path).env("RINGFENCE_LOG", "error");
    Server::start(command)
}

struct Reply {
    status: u16,
    head: String,
    body: Value,
}

impl Reply {
    /// The value of a header.
    fn header(&self, name: &str) -> Option<&str> {
        let lines = self.head.lines().filter_map(|line| line.split_once(": "));
        lines.into_iter().find(|(found, _)| *found == name).map(|(_, value)| value)
    }

    /// Checks that it is a problem which says when to come back.
    #[track_caller]
    fn sends_away(&self, code: &str) {
        let Reply { status, head, body } = self;
        assert_eq!((*status, &body["code"]), (429, &json!(code)), "{head}\n{body}");
        assert_eq!(self.header("content-type"), Some("application/problem+json"));
        let seconds: u64 = self.header("retry-after").and_then(|value| value.parse().ok()).expect(head);
        assert!(seconds >= 1);
    }
}

fn connect(server: &Server) -> TcpStream {
    TcpStream::connect(server.url.trim_start_matches("http://")).unwrap()
}

/// Sends a request with more header lines, each ending in a line break, and does not wait.
fn send(server: &Server, request: &str, key: &str, lines: &str, body: &str) -> TcpStream {
    let mut stream = connect(server);
    let length = body.len();
    write!(
        stream,
        "{request} HTTP/1.1\r\nhost: x\r\nconnection: close\r\nx-api-key: {key}\r\n\
         content-type: application/json\r\ncontent-length: {length}\r\n{lines}\r\n{body}"
    )
    .unwrap();
    stream
}

fn receive(mut stream: TcpStream) -> Reply {
    let mut text = String::new();
    stream.read_to_string(&mut text).unwrap();
    let (head, body) = text.split_once("\r\n\r\n").unwrap_or((&text, ""));
    let status = head.get(9..12).and_then(|status| status.parse().ok()).unwrap_or(0);
    Reply { status, head: head.to_ascii_lowercase(), body: serde_json::from_str(body).unwrap_or_default() }
}

fn get(server: &Server, path: &str, lines: &str) -> Reply {
    receive(send(server, &format!("GET {path}"), &server.key, lines, ""))
}

fn execute(server: &Server, key: &str, code: &str) -> TcpStream {
    let body = json!({ "language": "bash", "code": code }).to_string();
    send(server, "POST /v1/execute", key, "", &body)
}

/// Another key of the same tenant.
fn another_key(house: &Installation) -> String {
    let made = house.output(&["keys", "create", "--user", "another"]);
    String::from_utf8(made.stdout).unwrap().trim().to_owned()
}

#[test]
fn two_hundred_at_once_succeed() {
    const REQUESTS: usize = 200;
    let house = Installation::new();
    let server = serve(&house, "queue = 200\n");
    let start = Barrier::new(REQUESTS);
    let replies: Vec<Reply> = thread::scope(|scope| {
        let request = || {
            start.wait();
            receive(execute(&server, &server.key, "echo done"))
        };
        let handles: Vec<_> = (0..REQUESTS).map(|_| scope.spawn(request)).collect();
        handles.into_iter().map(|handle| handle.join().unwrap()).collect()
    });
    let (succeeded, others): (Vec<_>, Vec<_>) = replies.into_iter().partition(|reply| reply.status == 200);
    assert!(succeeded.iter().all(|reply| reply.body["stdout"] == "done\n"));
    others.iter().for_each(|reply| reply.sends_away("busy"));
    assert!(succeeded.len() >= 190, "{} of {REQUESTS} succeed", succeeded.len());
}

#[test]
fn a_flood_by_one_key_does_not_hold_up_another() {
    const FLOOD: usize = 12;
    let house = Installation::new();
    let server = serve(&house, "slots = 2\nqueue = 10\n");
    let light = another_key(&house);
    let flood: Vec<TcpStream> = (0..FLOOD).map(|_| execute(&server, &server.key, "sleep 0.625")).collect();
    eventually("the flood is in", || {
        get(&server, "/v1/runs?limit=100", "").body["data"].as_array().unwrap().len() == FLOOD
    });
    receive(execute(&server, &server.key, "sleep 0.625")).sends_away("busy");
    let answer = receive(execute(&server, &light, "echo through"));
    assert_eq!((answer.status, &answer.body["stdout"]), (200, &json!("through\n")), "{}", answer.body);
    let runs = get(&server, "/v1/runs?limit=100", "").body;
    let waiting = runs["data"].as_array().unwrap().iter().filter(|run| run["status"] != "succeeded").count();
    assert!(waiting >= FLOOD / 2, "the flood was almost through: {waiting} of it are left");
    drop(flood);
    assert!(server.stop());
}

#[test]
fn a_full_queue_records_and_charges_nothing() {
    const SLEEP: &str = "sleep 30.28125";
    let house = Installation::new();
    let server = serve(&house, "slots = 1\nqueue = 0\n");
    let running = execute(&server, &server.key, SLEEP);
    eventually("the program runs", || !commands_with(SLEEP).is_empty());
    let seen = || {
        let keys: Value = serde_json::from_slice(&house.output(&["keys", "list", "--json"]).stdout).unwrap();
        let runs = get(&server, "/v1/runs", "").body["data"].clone();
        (keys[0]["spent"].clone(), keys[0]["reserved"].clone(), runs)
    };
    let before = seen();
    assert_eq!(before.2.as_array().unwrap().len(), 1);
    let unread = "x".repeat(100_000);
    for (path, body) in [
        ("/v1/execute", json!({ "language": "bash", "code": "echo no" })),
        ("/v1/execute", json!({ "language": "bash", "code": unread })),
        ("/v1/ask", json!({ "question": "sum of a" })),
    ] {
        let key = &server.key;
        let refused = receive(send(&server, &format!("POST {path}"), key, "", &body.to_string()));
        refused.sends_away("busy");
        assert!(refused.body.get("run_id").is_none(), "{}", refused.body);
        let later =
            send(&server, &format!("POST {path}"), key, "prefer: respond-async\r\n", &body.to_string());
        receive(later).sends_away("busy");
    }
    assert_eq!(seen(), before);
    drop(running);
    eventually("the program is stopped", || commands_with(SLEEP).is_empty());
    eventually("its place is free", || receive(execute(&server, &server.key, ":")).status == 200);
}

#[test]
fn whoever_comes_too_often_is_told_when_to_come_back() {
    let house = Installation::new();
    let limits = "[rate_limits]\nkey_per_minute = 6\nkey_burst = 3\naddress_per_minute = 60\naddress_burst = 20\n\
                  unknown_keys_per_minute = 1\nunknown_keys_burst = 2\n";
    let server = serve(&house, limits);
    for left in [2, 1, 0] {
        let reply = get(&server, "/v1/runs", "");
        assert_eq!(reply.status, 200);
        assert_eq!(
            reply.header("ratelimit-policy"),
            Some("\"address\";q=20;w=20, \"unknown-key\";q=2;w=120, \"key\";q=3;w=30")
                .filter(|_| left == 2)
                .or(Some("\"address\";q=20;w=20, \"key\";q=3;w=30"))
        );
        let told = reply.header("ratelimit").unwrap();
        assert!(told.contains(&format!("\"key\";r={left};t=")), "{told}");
    }
    let refused = receive(execute(&server, &server.key, "echo no"));
    refused.sends_away("rate_limited");
    assert_eq!(refused.body["violated-policies"], json!(["key"]));
    let seconds: u64 = refused.header("retry-after").unwrap().parse().unwrap();
    assert!((1..=10).contains(&seconds), "{seconds} s until the next of six a minute");
    assert!(refused.header("ratelimit").unwrap().contains(&format!("\"key\";r=0;t={seconds}")));

    // Another key from the same address, and guesses.
    let other = another_key(&house);
    assert_eq!(receive(send(&server, "GET /v1/runs", &other, "", "")).status, 200);
    let guess = || receive(send(&server, "GET /v1/runs", "rf_live_guess", "", ""));
    eventually("guesses are sent away", || guess().status == 429);
    assert_eq!(guess().body["violated-policies"], json!(["unknown-key"]));
    assert_eq!(receive(send(&server, "GET /v1/runs", &other, "", "")).status, 200, "not with a guess");
    eventually("everybody there is", || {
        get(&server, "/v1/nothing", "").body["violated-policies"] == json!(["address"])
    });
    get(&server, "/v1/runs", "").sends_away("rate_limited");
    for _ in 0..30 {
        let health = get(&server, "/health", "");
        assert_eq!((health.status, health.header("ratelimit")), (200, None));
    }
}

#[test]
fn only_trusted_proxies_say_where_a_request_comes_from() {
    let limits = "[rate_limits]\naddress_per_minute = 1\naddress_burst = 1\n";
    let from = |server: &Server, lines: &str| get(server, "/v1/runs", lines).status;
    let house = Installation::new();
    let server = serve(&house, limits);
    assert_eq!(from(&server, "x-forwarded-for: 192.0.2.1\r\n"), 200);
    assert_eq!(from(&server, "x-forwarded-for: 192.0.2.2\r\n"), 429, "anybody can write that");
    assert!(server.stop());

    let house = Installation::new();
    let server = serve(&house, &format!("trusted_proxies = [\"127.0.0.1\", \"10.0.0.0/8\"]\n{limits}"));
    assert_eq!(from(&server, "x-forwarded-for: 192.0.2.1\r\n"), 200);
    assert_eq!(from(&server, "x-forwarded-for: 192.0.2.2\r\n"), 200);
    assert_eq!(
        from(&server, "x-forwarded-for: 192.0.2.9, 192.0.2.1, 10.1.1.1\r\n"),
        429,
        "the same as the first"
    );
    assert_eq!(from(&server, "x-forwarded-for: 192.0.2.9\r\nx-forwarded-for: 192.0.2.2\r\n"), 429);
    assert_eq!(from(&server, "x-forwarded-for: nobody\r\n"), 200, "the proxy speaks for itself");
    assert_eq!(from(&server, "x-forwarded-for: 192.0.2.9, garbage\r\n"), 429, "and is one");
    assert_eq!(from(&server, "x-forwarded-for: 2001:db8::1\r\n"), 200);
    assert_eq!(from(&server, "x-forwarded-for: [2001:db8::2]:4711\r\n"), 429, "one holder of IPv6");
}

#[test]
fn one_address_cannot_take_every_connection() {
    // More than one address may have open, and fewer than there may be in all.
    const CONNECTIONS: usize = 700;
    let house = Installation::new();
    let server = serve(&house, "");
    let port: u16 = server.url.rsplit(':').next().unwrap().parse().unwrap();
    let idle: Vec<TcpStream> = (0..CONNECTIONS).map(|_| connect(&server)).collect();
    // The whole network 127.0.0.0/8 is this machine: another client has another address of it.
    let socket = socket_with(AddressFamily::INET, SocketType::STREAM, SocketFlags::CLOEXEC, None).unwrap();
    bind(&socket, &SocketAddr::from(([127, 0, 0, 2], 0))).unwrap();
    rustix::net::connect(&socket, &SocketAddr::from(([127, 0, 0, 1], port))).unwrap();
    let mut other = TcpStream::from(socket);
    other.write_all(b"GET /health HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n").unwrap();
    assert_eq!(receive(other).status, 200);
    let closed = |mut stream: &TcpStream| {
        stream.set_read_timeout(Some(Duration::from_millis(1))).unwrap();
        !matches!(stream.read(&mut [0]), Err(error) if error.kind() == ErrorKind::WouldBlock)
    };
    let left = idle.iter().filter(|stream| !closed(stream)).count();
    assert!((1..=512).contains(&left), "{left} connections of one address are open");
}
