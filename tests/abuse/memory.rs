//! The server's memory under abuse: what one round leaves, ten more do not add to.

use std::{fs, io::Write, thread};

use super::{
    House,
    wire::{connect, read},
};

/// Rounds of abuse after the first.
const ROUNDS: usize = 5;

/// Clients of a round at the same time.
const CLIENTS: usize = 8;

/// What memory may grow by after the first round, in KiB: less than one of its requests.
const GROWTH_KIB_MAX: u64 = 16 * 1024;

/// What one request may take at its peak, in KiB: its body, its texts, and room for what the allocator keeps.
const PEAK_KIB_MAX: u64 = 96 * 1024;

/// The server's memory in KiB: `VmRSS` as it is, `VmHWM` at its peak.
fn memory_kib(house: &House, which: &str) -> u64 {
    let status = fs::read_to_string(format!("/proc/{}/status", house.server.pid())).unwrap();
    let value = status.lines().find_map(|found| found.strip_prefix(which)?.strip_prefix(':')).unwrap();
    value.trim().trim_end_matches(" kB").parse().unwrap()
}

/// Requests as large as they may be, or larger, that all come to nothing.
fn round(house: &House) {
    let json = "content-type: application/json\r\n";
    let chunked = format!("{json}transfer-encoding: chunked\r\n");
    let sized = |bytes: usize| format!("{json}content-length: {bytes}\r\n");
    let large = 30 << 20;
    let deep = format!("{{\"language\":{}", "[".repeat(large));
    let many =
        format!("{{\"language\":\"bash\",\"code\":\"true\",\"args\":[{}\"\"]}}", "\"\",".repeat(large / 3));
    let text = format!("{{\"language\":\"bash\",\"code\":\"{}\"}}", "x".repeat(large));
    let endless = format!("100000\r\n{}\r\n", " ".repeat(1 << 20)).repeat(40);
    let requests = [
        house.request("POST", "/v1/execute", &sized(deep.len()), deep.as_bytes()),
        house.request("POST", "/v1/execute", &sized(many.len()), many.as_bytes()),
        house.request("POST", "/v1/execute", &sized(text.len()), text.as_bytes()),
        house.request("POST", "/v1/execute", &chunked, endless.as_bytes()),
    ];
    thread::scope(|scope| {
        for client in 0..CLIENTS {
            let (url, request) = (&house.server.url, &requests[client % requests.len()]);
            scope.spawn(move || {
                let mut stream = connect(url);
                let _ = stream.write_all(request);
                let reply = read(stream);
                // It may have closed on what it will not take before we had sent it all.
                assert!(matches!(reply.status, 0 | 400 | 413 | 422 | 429), "{reply:?}");
            });
        }
    });
}

#[test]
fn memory_stays_flat() {
    let house = House::open();
    round(&house);
    let first = memory_kib(&house, "VmRSS");
    for _ in 0..ROUNDS {
        round(&house);
    }
    let last = memory_kib(&house, "VmRSS");
    assert!(last < first + GROWTH_KIB_MAX, "from {first} KiB to {last} KiB");
    house.nothing_happened();
}

#[test]
fn errors_take_no_more_memory_than_their_text() {
    let house = House::open();
    let before = memory_kib(&house, "VmHWM");
    let large = 30 << 20;
    // What is quoted of a control character is six times as long.
    for text in ["x".repeat(large), "\x7f".repeat(large), r"\u0041".repeat(large / 6)] {
        for body in [
            format!(r#"{{"{text}":1}}"#),
            format!(r#"{{"language":"{text}"}}"#),
            format!(r#"{{"language":"bash","code":"","limits":{{"wallMs":"{text}"}}}}"#),
            format!(r#""{text}""#),
        ] {
            house.post("/v1/execute", body.as_bytes()).is_problem("a long text", 400, "invalid_request");
        }
    }
    let peak = memory_kib(&house, "VmHWM");
    assert!(peak < before + PEAK_KIB_MAX, "from {before} KiB to {peak} KiB");
    house.nothing_happened();
}

#[test]
fn short_items_take_no_more_memory_than_their_text() {
    let house = House::open();
    let before = memory_kib(&house, "VmHWM");
    let large = 30 << 20;
    let times = |item: &str| item.repeat(large / item.len());
    let file = r#"{"name":"","content":""}"#;
    for (path, body) in [
        ("/v1/execute", format!(r#"{{"language":"bash","code":"true","args":[{}""]}}"#, times(r#""","#))),
        (
            "/v1/execute",
            format!(r#"{{"language":"bash","code":"true","files":[{}{file}]}}"#, times(&format!("{file},"))),
        ),
        ("/v1/ask", format!(r#"{{"question":"x","files":[{}{file}]}}"#, times(&format!("{file},")))),
    ] {
        house.post(path, body.as_bytes()).is_problem(path, 400, "invalid_request");
    }
    let peak = memory_kib(&house, "VmHWM");
    assert!(peak < before + PEAK_KIB_MAX, "from {before} KiB to {peak} KiB");
    house.nothing_happened();
}
