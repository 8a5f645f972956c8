//! Requests whose frame lies: lengths, encodings, types, heads and paths.

use std::io::Write as _;

use super::{
    House,
    wire::{connect, exchange, exchange_and_end, read},
};

const BODY: &[u8] = br#"{"language":"bash","code":"true"}"#;

/// A chunked body of these chunks, without its end.
fn chunks(sizes: &[usize]) -> Vec<u8> {
    sizes.iter().flat_map(|size| format!("{size:x}\r\n{}\r\n", " ".repeat(*size)).into_bytes()).collect()
}

#[test]
fn types_and_encodings_that_we_do_not_read_are_refused() {
    let house = House::open();
    for media_type in [
        "",
        "content-type: \r\n",
        "content-type: text/plain\r\n",
        "content-type: application/x-www-form-urlencoded\r\n",
        "content-type: application/jsonp\r\n",
        "content-type: application/json; charset=latin1\r\n",
        "content-type: application/json; charset=utf-16\r\n",
        "content-type: \u{fffd}\r\n",
    ] {
        let head = format!("{media_type}content-length: {}\r\n", BODY.len());
        house.send("POST", "/v1/execute", &head, BODY).is_problem(media_type, 415, "unsupported_media_type");
    }
    // A bomb is never unpacked, so a small one shows it as well as a large one.
    for encoding in ["gzip", "deflate", "br", "zstd", "gzip, gzip"] {
        let head = format!(
            "content-type: application/json\r\ncontent-encoding: {encoding}\r\ncontent-length: {}\r\n",
            BODY.len()
        );
        let reply = house.send("POST", "/v1/execute", &head, BODY);
        reply.is_problem(encoding, 415, "unsupported_content_encoding");
        assert!(reply.head.contains("accept-encoding: identity"), "{reply:?}");
    }
    house.nothing_happened();
}

#[test]
fn lengths_that_lie_are_refused() {
    let house = House::open();
    let json = "content-type: application/json\r\n";
    house.send("POST", "/v1/execute", json, b"").is_problem("no length", 411, "length_required");
    let head = format!("{json}content-length: {}\r\n", 1u64 << 40);
    house.send("POST", "/v1/execute", &head, BODY).is_problem("a terabyte", 413, "body_too_large");
    let head = format!("{json}expect: 100-continue\r\ncontent-length: {}\r\n", 1u64 << 40);
    let reply = house.send("POST", "/v1/execute", &head, b"");
    reply.is_problem("a terabyte, politely", 413, "body_too_large");
    // More was announced than comes.
    let head = format!("{json}content-length: {}\r\n", BODY.len() + 10);
    let request = house.request("POST", "/v1/execute", &head, BODY);
    exchange_and_end(&house.server.url, &request).is_problem("too little", 400, "body_unreadable");
    let chunked = format!("{json}transfer-encoding: chunked\r\n");
    for (what, body) in [
        ("a chunk that is cut", b"ff\r\nabc".to_vec()),
        ("a size that is no number", b"zz\r\nabc\r\n".to_vec()),
        ("a size beyond counting", b"fffffffffffffffff\r\nabc\r\n".to_vec()),
        ("no end", chunks(&[10, 20])),
    ] {
        let request = house.request("POST", "/v1/execute", &chunked, &body);
        exchange_and_end(&house.server.url, &request).is_problem(what, 400, "body_unreadable");
    }
    // It never ends, so it is refused as soon as it is too long.
    let request = house.request("POST", "/v1/execute", &chunked, &chunks(&[1 << 20; 40]));
    let reply = exchange(&house.server.url, &request);
    assert!(matches!(reply.status, 0 | 413), "{reply:?}");
    house.nothing_happened();
}

#[test]
fn frames_that_can_be_read_in_two_ways_are_not_read() {
    let house = House::open();
    let json = "content-type: application/json\r\n";
    for framing in [
        format!("content-length: {}\r\ncontent-length: 5\r\n", BODY.len()),
        format!("content-length: {0}, {0}1\r\n", BODY.len()),
        "content-length: -5\r\n".to_owned(),
        "content-length: +5\r\n".to_owned(),
        "content-length: 0x21\r\n".to_owned(),
        "content-length: 99999999999999999999999\r\n".to_owned(),
        "transfer-encoding: gzip\r\n".to_owned(),
        "transfer-encoding: chunked, gzip\r\n".to_owned(),
        " folded: x\r\n".to_owned(),
        "na me: x\r\n".to_owned(),
        "name : x\r\n".to_owned(),
        "nul: a\0b\r\n".to_owned(),
    ] {
        let reply = house.send("POST", "/v1/execute", &format!("{json}{framing}"), BODY);
        reply.is_problem(&framing, 400, "not_http");
    }
    // Where both are there, the chunks count and no second request hides in what follows.
    let both = format!("{json}content-length: 4\r\ntransfer-encoding: chunked\r\n");
    let hidden =
        format!("0\r\n\r\nDELETE /v1/runs/x HTTP/1.1\r\nauthorization: Bearer {}\r\n\r\n", house.server.key);
    let reply = house.send("POST", "/v1/execute", &both, hidden.as_bytes());
    assert_eq!(reply.body.matches("HTTP/1.1").count(), 0, "{reply:?}");
    assert!((400..500).contains(&reply.status), "{reply:?}");
    house.nothing_happened();
}

#[test]
fn keys_and_hosts_that_can_be_read_in_two_ways_are_not_read() {
    let house = House::open();
    let json = format!("content-type: application/json\r\ncontent-length: {}\r\n", BODY.len());
    let other = "authorization: Bearer rf_live_other\r\n";
    for head in [other, "x-api-key: rf_live_other\r\n", "x-api-key: a\r\nx-api-key: b\r\n"] {
        let reply = house.send("POST", "/v1/execute", &format!("{json}{head}"), BODY);
        reply.is_problem(head, 400, "ambiguous_key");
    }
    let reply = house.send("POST", "/v1/execute", &format!("{json}host: y\r\n"), BODY);
    reply.is_problem("two hosts", 400, "invalid_host");
    let request = house.request("POST", "/v1/execute", &json, BODY);
    let request = String::from_utf8(request).unwrap().replace("host: x\r\n", "");
    exchange(&house.server.url, request.as_bytes()).is_problem("no host", 400, "invalid_host");
    house.nothing_happened();
}

#[test]
fn heads_and_paths_that_are_out_of_bounds_are_refused() {
    let house = House::open();
    let url = &house.server.url;
    let many: String = (0..1000).map(|number| format!("x-{number}: y\r\n")).collect();
    for (what, head) in [("a long header", format!("x: {}\r\n", "y".repeat(300_000))), ("many headers", many)]
    {
        let reply = house.send("GET", "/v1/runs", &head, b"");
        // It closes while the rest is on its way, and that can take the answer along.
        if reply.status != 0 {
            reply.is_problem(what, 431, "head_too_large");
        }
    }
    for line in [
        "GET",
        "GET /health",
        "GET  /health HTTP/1.1",
        "G\0T /health HTTP/1.1",
        "GET /health HTTP/9.9",
        "\x16\x03\x01",
    ] {
        let reply = exchange_and_end(url, format!("{line}\r\nhost: x\r\n\r\n").as_bytes());
        reply.is_problem(line, 400, "not_http");
    }
    for path in [
        "/v1/runs/..%2f..%2fetc%2fpasswd",
        "/v1/runs/%00",
        "/v1/runs/%ff%fe",
        "/v1/runs/00000000-0000-0000-0000-000000000000",
        "/v1/runs/%30",
        "/v1/runs/x/files/..%2F..%2Fetc%2Fpasswd",
        "/v1/runs/x/files/../../../etc/passwd",
        "/v1/runs/x/files/%ff",
        "/v1/runs/x/events/",
        "//v1/runs",
        "/v1/../v1/runs/x",
        "/nowhere",
    ] {
        let reply = house.send("GET", path, "", b"");
        let code = reply.json()["code"].as_str().unwrap_or_default().to_owned();
        reply.is_problem(path, 404, &code);
    }
    let long = format!("/v1/runs/{}", "x".repeat(50_000));
    house.send("GET", &long, "", b"").is_problem("a long path", 404, "run_not_found");
    for query in [
        "limit=0",
        "limit=101",
        "limit=-1",
        "limit=1e1",
        "limit=1&limit=2",
        "limit=%ff",
        "cursor=%00",
        "cursor=x",
        "colour=red",
    ] {
        house.send("GET", &format!("/v1/runs?{query}"), "", b"").is_problem(query, 400, "invalid_query");
    }
    for (method, path) in [
        ("PUT", "/v1/execute"),
        ("GET", "/v1/execute"),
        ("PATCH", "/v1/runs"),
        ("TRACE", "/health"),
        ("BREW", "/health"),
    ] {
        let reply = house.send(method, path, "", b"");
        reply.is_problem(method, 405, "method_not_allowed");
        assert!(reply.head.contains("allow: "), "{reply:?}");
    }
    house.nothing_happened();
}

#[test]
fn what_is_not_http_is_told_so_after_good_requests_too() {
    let house = House::open();
    let good = house.request("GET", "/v1/runs", "", b"");
    let good = String::from_utf8(good).unwrap().replace("connection: close\r\n", "");
    let reply = exchange_and_end(&house.server.url, format!("{good}{good}NOT HTTP\r\n\r\n").as_bytes());
    let answers: Vec<&str> = reply.body.split("HTTP/1.1 ").collect();
    assert_eq!(answers.len(), 3, "{reply:?}");
    assert!(reply.status == 200 && answers[1].starts_with("200 "), "{reply:?}");
    assert!(answers[2].starts_with("400 ") && answers[2].contains("\"not_http\""), "{reply:?}");
    house.nothing_happened();
}

#[test]
fn a_thousand_requests_in_one_go_are_answered_in_turn() {
    let house = House::open();
    let one =
        format!("GET /v1/runs/x HTTP/1.1\r\nhost: x\r\nauthorization: Bearer {}\r\n\r\n", house.server.key);
    let mut stream = connect(&house.server.url);
    let mut writer = stream.try_clone().unwrap();
    let sender = std::thread::spawn(move || {
        for _ in 0..999 {
            writer.write_all(one.as_bytes()).unwrap();
        }
        let last = one.replace("host: x", "host: x\r\nconnection: close");
        writer.write_all(last.as_bytes()).unwrap();
    });
    let reply = read(stream.try_clone().unwrap());
    sender.join().unwrap();
    stream.flush().unwrap();
    assert_eq!(reply.body.matches("run_not_found").count(), 1000);
    house.nothing_happened();
}
