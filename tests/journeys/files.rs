//! Files over HTTP: uploaded once, used by reference, sent in forms, fetched by link, within quotas.

use std::{
    fs,
    io::Write as _,
    net::TcpStream,
    path::{Path, PathBuf},
    process::Command,
    thread,
};

use ringfence_tests::{Installation, Server, agent, processes::eventually};
use serde_json::{Value, json};

/// Largest file a server takes that is told nothing else, in bytes.
const FILE_BYTES_MAX: usize = 64 << 20;

struct Reply {
    status: u16,
    headers: ureq::http::HeaderMap,
    body: Vec<u8>,
}

impl Reply {
    fn json(&self) -> Value {
        serde_json::from_slice(&self.body)
            .unwrap_or_else(|_| panic!("{}", String::from_utf8_lossy(&self.body)))
    }

    fn id(&self) -> String {
        assert_eq!(self.status, 201, "{}", self.json());
        self.json()["id"].as_str().unwrap().to_owned()
    }
}

/// Sends a request with a key.
fn send(
    server: &Server,
    key: &str,
    method: &str,
    path: &str,
    headers: &[(&str, &str)],
    body: &[u8],
) -> Reply {
    let mut request = ureq::http::Request::builder()
        .method(method)
        .uri(format!("{}{path}", server.url))
        .header("authorization", format!("Bearer {key}"));
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    let mut response = agent().run(request.body(body.to_vec()).unwrap()).expect("the server answers");
    let (status, headers) = (response.status().as_u16(), response.headers().clone());
    let body = response.body_mut().with_config().limit(1 << 30).read_to_vec().expect("a body");
    Reply { status, headers, body }
}

fn upload(server: &Server, name: &str, content: &[u8]) -> Reply {
    send(server, &server.key, "POST", &format!("/v1/files?name={name}"), &[], content)
}

fn get(server: &Server, path: &str) -> Reply {
    send(server, &server.key, "GET", path, &[], b"")
}

fn key_of(house: &Installation, tenant: &str) -> String {
    let made = house.output(&["keys", "create", "--user", "u", "--tenant", tenant]);
    String::from_utf8(made.stdout).unwrap().trim().to_owned()
}

/// Starts a server with these settings.
fn serve_with(house: &Installation, settings: &str) -> Server {
    let file = house.path().join("ringfence.toml");
    fs::write(&file, settings).unwrap();
    Server::start(house.command(&["--config", file.to_str().unwrap(), "serve", "--listen", "127.0.0.1:0"]))
}

/// Files below a directory of the data.
fn kept(house: &Installation, directory: &str) -> Vec<PathBuf> {
    fn walk(path: &Path, found: &mut Vec<PathBuf>) {
        for entry in fs::read_dir(path).into_iter().flatten().flatten() {
            let path = entry.path();
            if path.is_dir() { walk(&path, found) } else { found.push(path) }
        }
    }
    let mut found = Vec::new();
    walk(&house.path().join("data").join(directory), &mut found);
    found
}

/// The most memory a process has had so far, in bytes.
fn most_memory(pid: u32) -> u64 {
    let status = fs::read_to_string(format!("/proc/{pid}/status")).unwrap();
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).expect("a line");
    1024 * line.trim().trim_end_matches(" kB").parse::<u64>().expect("a number")
}

#[test]
fn what_is_uploaded_is_listed_fetched_and_deleted() {
    let house = Installation::new();
    let server = house.serve();
    let content = "größe\n1\n".as_bytes();
    let sent = upload(&server, "d%20%C3%B6.csv", content);
    let id = sent.id();
    assert_eq!(sent.headers["location"], format!("/v1/files/{id}"));
    let file = sent.json();
    assert_eq!(
        (&file["name"], &file["size"], &file["mime"]),
        (&json!("d ö.csv"), &json!(10), &json!("text/csv"))
    );
    assert_eq!(id, "6037a307b20548bd52507af43eb67008c97e8dc91a6bec8fd3aa5251db02e944");
    assert_eq!(get(&server, &format!("/v1/files/{id}")).json(), file);
    let fetched = get(&server, &format!("/v1/files/{id}/content"));
    assert_eq!((fetched.status, fetched.body.as_slice()), (200, content));
    for (header, value) in [
        ("content-type", "text/csv"),
        ("content-disposition", "attachment; filename=\"d _.csv\"; filename*=UTF-8''d%20%C3%B6.csv"),
        ("etag", &format!("\"{id}\"")),
        ("content-length", "10"),
        ("x-content-type-options", "nosniff"),
    ] {
        assert_eq!(fetched.headers[header], value, "{header}");
    }
    // The same content again has the last name.
    assert_eq!(upload(&server, "b", content).id(), id);
    upload(&server, "other", b"other");
    let first = get(&server, "/v1/files?limit=1").json();
    assert_eq!((&first["data"][0]["name"], first["data"].as_array().unwrap().len()), (&json!("other"), 1));
    let cursor = first["nextCursor"].as_str().unwrap();
    let second = get(&server, &format!("/v1/files?limit=1&cursor={cursor}")).json();
    assert_eq!((&second["data"][0]["id"], &second["data"][0]["name"]), (&json!(id), &json!("b")));
    for wrong in ["cursor=x", "limit=0", "colour=red"] {
        assert_eq!(get(&server, &format!("/v1/files?{wrong}")).json()["code"], "invalid_query", "{wrong}");
    }
    let delete = || send(&server, &server.key, "DELETE", &format!("/v1/files/{id}"), &[], b"").status;
    assert_eq!((delete(), delete()), (204, 404));
    for path in [format!("/v1/files/{id}"), format!("/v1/files/{id}/content"), "/v1/files/..%2Fx".to_owned()]
    {
        assert_eq!(
            (get(&server, &path).status, &get(&server, &path).json()["code"]),
            (404, &json!("file_not_found"))
        );
    }
}

#[test]
fn a_digest_that_is_sent_along_is_compared() {
    let house = Installation::new();
    let server = house.serve();
    let send = |digest: &str| {
        let headers = [("content-digest", digest)];
        send(&server, &server.key, "POST", "/v1/files", &headers, br#"{"hello": "world"}"#)
    };
    // The example of RFC 9530.
    assert_eq!(send("sha-256=:X48E9qOokqqrvdts8nOJRJN3OWDUoyWxBf7kbu9DBPE=:").status, 201);
    let other = send("sha-512=:AA==:, sha-256=:AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=:");
    assert_eq!((other.status, &other.json()["code"]), (400, &json!("digest_mismatch")));
    assert_eq!(get(&server, "/v1/files").json()["data"].as_array().unwrap().len(), 1);
}

#[test]
fn other_tenants_learn_nothing_of_a_file() {
    let house = Installation::new();
    let server = house.serve();
    let eve = key_of(&house, "other");
    let content = vec![7; 100_000];
    let id = upload(&server, "secret.csv", &content).id();
    let as_eve = |method: &str, path: &str, body: &[u8]| send(&server, &eve, method, path, &[], body);
    let unknown = "0".repeat(64);
    for (method, path) in [("GET", ""), ("GET", "/content"), ("DELETE", "")] {
        let (theirs, nobodys) = (
            as_eve(method, &format!("/v1/files/{id}{path}"), b""),
            as_eve(method, &format!("/v1/files/{unknown}{path}"), b""),
        );
        let (mut told, mut told_of_none) = (theirs.json(), nobodys.json());
        told["request_id"].take();
        told_of_none["request_id"].take();
        assert_eq!((theirs.status, told), (404, told_of_none), "{method} {path}");
    }
    let body = json!({ "language": "bash", "code": "cat *", "files": [{ "name": "f", "upload": id }] });
    let headers = [("content-type", "application/json")];
    let execute =
        |key: &str| send(&server, key, "POST", "/v1/execute", &headers, body.to_string().as_bytes());
    let refused = execute(&eve);
    assert_eq!((refused.status, &refused.json()["code"]), (422, &json!("policy_denied")));
    assert_eq!(refused.json()["errors"][0]["pointer"], "/files/0/upload");
    assert_eq!(refused.json()["errors"][0]["code"], "upload_unknown");
    // What she uploads herself is hers, under her name and with her own quota.
    assert_eq!(as_eve("POST", "/v1/files?name=mine", &content).id(), id);
    assert_eq!(as_eve("GET", "/v1/files", b"").json()["data"][0]["name"], "mine");
    assert_eq!(as_eve("DELETE", &format!("/v1/files/{id}"), b"").status, 204);
    assert_eq!(get(&server, &format!("/v1/files/{id}/content")).body, content);
    assert_eq!(execute(&server.key).status, 200);
}

#[test]
fn uploads_are_used_by_runs_and_questions() {
    let house = Installation::new();
    let server = house.serve();
    let csv = upload(&server, "sales.csv", b"region,amount\nnorth,3\nsouth,4\n").id();
    let large: Vec<u8> = (0..=250).cycle().take(3_000_000).collect();
    let large_id = upload(&server, "large", &large).id();
    let (status, answer) = server.post(
        "/v1/execute",
        &json!({ "language": "bash", "code": "sha256sum big; cat a b", "files": [
            { "name": "a", "content": "A\n" }, { "name": "big", "upload": large_id },
            { "name": "b", "upload": csv },
        ]}),
    );
    assert_eq!(status, 200, "{answer}");
    assert_eq!(answer["stdout"], format!("{large_id}  big\nA\nregion,amount\nnorth,3\nsouth,4\n"));
    let question = json!({ "question": "total amount", "files": [{ "name": "sales.csv", "upload": csv }] });
    let (status, answer) = server.post("/v1/ask", &question);
    assert_eq!((status, answer["value"].as_f64()), (200, Some(7.0)), "{answer}");
    // Names are checked as those of contents are, twice the same one included.
    for (name, pointer) in [("../x", "/files/1/name"), ("a", "/files/1/name")] {
        let files = json!([{ "name": "a", "content": "" }, { "name": name, "upload": csv }]);
        let (status, problem) =
            server.post("/v1/execute", &json!({ "language": "bash", "code": "ls", "files": files }));
        assert_eq!((status, &problem["errors"][0]["pointer"]), (422, &json!(pointer)), "{problem}");
    }
    // Twenty-three of three megabytes are too many together, and are not read.
    let files: Vec<Value> = (0..23).map(|n| json!({ "name": n.to_string(), "upload": large_id })).collect();
    let (status, problem) =
        server.post("/v1/execute", &json!({ "language": "bash", "code": "ls", "files": files }));
    assert_eq!((status, &problem["errors"][0]["code"]), (422, &json!("files_too_large")), "{problem}");
    // A run that uses one that is deleted meanwhile finishes.
    let server = &server;
    thread::scope(|scope| {
        let code = "touch begun; sleep 1; cat f";
        let body = json!({ "language": "bash", "code": code, "files": [{ "name": "f", "upload": csv }] });
        let run = scope.spawn(move || server.post("/v1/execute", &body));
        eventually("the run begins", || !ringfence_tests::commands_with("sleep 1").is_empty());
        assert_eq!(send(server, &server.key, "DELETE", &format!("/v1/files/{csv}"), &[], b"").status, 204);
        assert_eq!(run.join().unwrap().1["stdout"], "region,amount\nnorth,3\nsouth,4\n");
    });
    let (status, problem) = server.post("/v1/ask", &question);
    assert_eq!((status, &problem["errors"][0]["pointer"]), (422, &json!("/files/0/upload")));
}

/// `curl` with a key and its own way of sending forms.
fn curl(server: &Server, path: &str, options: &[&str]) -> (u16, Value) {
    let output = Command::new("curl")
        .args(["-s", "-w", "\n%{http_code}", "-H", &format!("x-api-key: {}", server.key)])
        .args(options)
        .arg(format!("{}{path}", server.url))
        .output()
        .expect("curl");
    let text = String::from_utf8(output.stdout).unwrap();
    let (body, status) = text.rsplit_once('\n').unwrap();
    (status.parse().unwrap(), serde_json::from_str(body).unwrap_or_else(|_| panic!("{text}")))
}

#[test]
fn curl_sends_a_form() {
    let house = Installation::new();
    let server = house.serve();
    let path = |name: &str, content: &str| {
        let path = house.path().join(name);
        fs::write(&path, content).unwrap();
        path.display().to_string()
    };
    let (csv, other) = (path("ü b.csv", "a\n1\n"), path("other", "--\r\n--"));
    let request =
        r#"request={"language":"bash","code":"ls && cat *","files":[{"name":"0","content":"zero\n"}]}"#;
    let file = file_of;
    let (status, answer) = curl(
        &server,
        "/v1/execute",
        &["-F", &format!("{request};type=application/json"), "-F", &file(&csv), "-F", &file(&other)],
    );
    assert_eq!(status, 200, "{answer}");
    assert_eq!(answer["stdout"], "0\nother\nü b.csv\nzero\n--\r\n--a\n1\n");
    let (status, problem) = curl(
        &server,
        "/v1/execute",
        &["-F", request, "-F", &file(&csv), "-F", &format!("{};filename=../x", file(&other))],
    );
    assert_eq!((status, &problem["errors"][0]["pointer"]), (422, &json!("/files/2/name")), "{problem}");
    let (status, answer) =
        curl(&server, "/v1/ask", &["-F", r#"request={"question":"sum of a"}"#, "-F", &file(&csv)]);
    assert_eq!((status, answer["value"].as_f64()), (200, Some(1.0)), "{answer}");
    let (status, kept) = curl(&server, "/v1/files", &["-F", &file(&csv), "-F", &file(&other)]);
    assert_eq!(status, 201, "{kept}");
    let names: Vec<&Value> = kept["data"].as_array().unwrap().iter().map(|file| &file["name"]).collect();
    assert_eq!(names, ["ü b.csv", "other"]);
    let (status, file) = curl(&server, "/v1/files?name=o", &["--data-binary", &format!("@{other}")]);
    assert_eq!((status, &file["id"]), (201, &kept["data"][1]["id"]));

    // The same form has another boundary each time; what counts is what it means.
    let once = |content: &str| {
        let code = r#"request={"language":"bash","code":"echo $RANDOM$RANDOM"}"#;
        let path = path("f", content);
        curl(&server, "/v1/execute", &["-H", "idempotency-key: one", "-F", code, "-F", &file_of(&path)])
    };
    let (first, again, other) = (once("x"), once("x"), once("y"));
    assert_eq!((first.0, &first.1), (200, &again.1));
    assert_eq!((other.0, &other.1["code"]), (422, &json!("idempotency_key_reused")));
}

fn file_of(path: &str) -> String {
    format!("file=@{path}")
}

#[test]
fn small_outputs_are_in_the_answer_and_large_ones_behind_a_link() {
    let house = Installation::new();
    let server = house.serve();
    let code = "printf small > 'a b%.txt'; mkdir d; head -c 262144 /dev/zero > d/most; \
                head -c 262145 /dev/zero > more; for n in 1 2 3 4; do head -c 200000 /dev/zero > z$n; done";
    let body = json!({ "language": "bash", "code": code });
    let (status, answer) = server.post("/v1/execute", &body);
    assert_eq!(status, 200, "{answer}");
    let files = answer["files"].as_array().unwrap();
    let inline = |name: &str| {
        let file = files.iter().find(|file| file["name"] == name).unwrap();
        assert_eq!(file["content"].is_null(), file.get("encoding").is_none(), "{name}");
        !file["content"].is_null()
    };
    assert!(inline("a b%.txt") && inline("d/most") && !inline("more"));
    // As many as fit into a megabyte together.
    assert_eq!([1, 2, 3, 4].map(|n| inline(&format!("z{n}"))), [true, true, true, false]);
    for file in files {
        let fetched = get(&server, file["url"].as_str().unwrap());
        assert_eq!(
            (fetched.status, fetched.body.len() as u64),
            (200, file["size"].as_u64().unwrap()),
            "{file}"
        );
    }
    let run = answer["id"].as_str().unwrap();
    assert!(files.iter().any(|file| file["url"] == format!("/v1/runs/{run}/files/a%20b%25.txt")));
    // The same in the record and in a stream.
    assert_eq!(get(&server, &format!("/v1/runs/{run}")).json()["answer"], answer);
    let events = String::from_utf8(get(&server, &format!("/v1/runs/{run}/events")).body).unwrap();
    let last = events.lines().rev().find_map(|line| line.strip_prefix("data: ")).unwrap();
    assert_eq!(serde_json::from_str::<Value>(last).unwrap(), answer);
    let streamed = send(
        &server,
        &server.key,
        "POST",
        "/v1/execute",
        &[("content-type", "application/json"), ("accept", "text/event-stream")],
        body.to_string().as_bytes(),
    );
    let events = String::from_utf8(streamed.body).unwrap();
    let last: Value =
        serde_json::from_str(events.lines().rev().find_map(|line| line.strip_prefix("data: ")).unwrap())
            .unwrap();
    let shapes = |answer: &Value| -> Vec<bool> {
        answer["files"].as_array().unwrap().iter().map(|file| file["content"].is_null()).collect()
    };
    assert_eq!(shapes(&last), shapes(&answer));
    // The command line has no links, and all contents.
    let local = house.run("bash", code, &[]);
    assert!(local["files"].as_array().unwrap().iter().all(|file| file["content"].is_string()));
}

#[test]
fn no_number_of_uploads_at_once_exceeds_a_quota() {
    let house = Installation::new();
    let settings = "[files]\nfile_bytes_max = 200_000\nkey_bytes_max = 1_000_000\ntenant_files_max = 12\n";
    let server = serve_with(&house, settings);
    let replies: Vec<Reply> = thread::scope(|scope| {
        let send = |n: u8| upload(&server, "f", &vec![n; 100_000]);
        let sending: Vec<_> = (0..20).map(|n| scope.spawn(move || (n, send(n)))).collect();
        // More than sixteen at once are asked to come again.
        let ended = sending.into_iter().map(|sent| sent.join().unwrap());
        ended
            .map(
                |(n, reply)| {
                    if reply.status == 429 { upload(&server, "f", &vec![n; 100_000]) } else { reply }
                },
            )
            .collect()
    });
    let kept = replies.iter().filter(|reply| reply.status == 201).count();
    assert_eq!(kept, 10);
    let full = replies.iter().find(|reply| reply.status == 507).unwrap().json();
    assert_eq!(
        (&full["code"], &full["scope"], &full["unit"], &full["limit"]),
        (&json!("quota_exceeded"), &json!("key"), &json!("bytes"), &json!(1_000_000)),
        "{full}"
    );
    assert!(full["used"].as_u64().unwrap() > 900_000, "{full}");
    let large = upload(&server, "f", &[0; 200_001]);
    assert_eq!((large.status, &large.json()["code"]), (413, &json!("file_too_large")));
    assert!(large.json()["detail"].as_str().unwrap().contains("file_bytes_max = 200000"));
    // Another key of the tenant, then another tenant.
    let (sister, other) = (key_of(&house, "default"), key_of(&house, "other"));
    let by = |key: &str, n: u8| send(&server, key, "POST", "/v1/files", &[], &[n; 50]);
    assert_eq!((by(&sister, 1).status, by(&sister, 2).status), (201, 201));
    let many = by(&sister, 3);
    assert_eq!(
        (many.status, &many.json()["scope"], &many.json()["unit"]),
        (507, &json!("tenant"), &json!("files"))
    );
    assert_eq!(by(&other, 3).status, 201);
    eventually("nothing is in the making", || nothing_is_made(&house));
}

fn nothing_is_made(house: &Installation) -> bool {
    kept(house, "incoming").is_empty()
}

#[test]
fn an_upload_that_breaks_off_leaves_nothing() {
    let house = Installation::new();
    let server = house.serve();
    let begin = || {
        let mut stream = TcpStream::connect(server.url.trim_start_matches("http://")).unwrap();
        let head = format!(
            "POST /v1/files HTTP/1.1\r\nhost: x\r\nx-api-key: {}\r\ncontent-length: 9000000",
            server.key
        );
        write!(stream, "{head}\r\n\r\n").unwrap();
        stream.write_all(&vec![1; 1_000_000]).unwrap();
        eventually("it is on its way", || !nothing_is_made(&house));
        stream
    };
    drop(begin());
    eventually("it is gone", || nothing_is_made(&house));
    assert_eq!(kept(&house, "blobs"), [] as [PathBuf; 0]);
    // A crash leaves it until the next start.
    let stream = begin();
    let pids = [server.pid(), server.supervisor()];
    ringfence_tests::processes::kill(&pids);
    eventually("they are dead", || pids.iter().all(|pid| ringfence_tests::processes::gone(*pid)));
    drop(stream);
    assert_eq!(kept(&house, "incoming").len(), 1);
    drop(server);
    let _server = house.serve();
    eventually("it is swept", || nothing_is_made(&house));
}

#[test]
fn memory_stays_flat_however_large_a_file_is() {
    let house = Installation::new();
    let server = house.serve();
    let content: Vec<u8> = (0..FILE_BYTES_MAX / 8).flat_map(|n| (n as u64).to_le_bytes()).collect();
    // What a server needs anyway, answers of some size included.
    let small = upload(&server, "small", &content[..1 << 20]).id();
    get(&server, &format!("/v1/files/{small}/content"));
    let before = most_memory(server.pid());
    let id = upload(&server, "large", &content).id();
    let path = house.path().join("large");
    fs::write(&path, &content).unwrap();
    let (status, sent) = curl(&server, "/v1/files", &["-F", &file_of(path.to_str().unwrap())]);
    assert_eq!((status, &sent["data"][0]["id"]), (201, &json!(id)));
    assert!(get(&server, &format!("/v1/files/{id}/content")).body == content);
    let grown = most_memory(server.pid()).saturating_sub(before);
    assert!(grown < 8 << 20, "the server took {grown} bytes more");
    // A client that waits to be asked for its body is told before it sends any.
    fs::write(&path, [&content[..], b"x"].concat()).unwrap();
    let body = format!("@{}", path.display());
    let (status, problem) = curl(&server, "/v1/files", &["--data-binary", &body]);
    assert_eq!((status, &problem["code"]), (413, &json!("file_too_large")));
}

#[test]
fn what_was_erased_is_told_so() {
    let house = Installation::new();
    let server = house.serve();
    let code = "head -c 50000 /dev/zero > large; echo printed";
    let (_, answer) = server.post("/v1/execute", &json!({ "language": "bash", "code": code }));
    let run = answer["id"].as_str().unwrap();
    let id = upload(&server, "f", &[9; 50_000]).id();
    for blob in kept(&house, "blobs") {
        fs::remove_file(blob).unwrap();
    }
    for path in [answer["files"][0]["url"].as_str().unwrap(), &format!("/v1/files/{id}/content")] {
        let reply = get(&server, path);
        assert_eq!((reply.status, &reply.json()["code"]), (410, &json!("content_erased")), "{path}");
    }
    let told = get(&server, &format!("/v1/runs/{run}")).json();
    let file = &told["answer"]["files"][0];
    assert_eq!((&file["content"], file.get("encoding"), &file["size"]), (&json!(null), None, &json!(50_000)));
    assert_eq!(told["answer"]["stdout"], "printed\n");
}

#[test]
fn days_of_nothing_are_refused_at_the_start() {
    let house = Installation::new();
    let file = house.path().join("ringfence.toml");
    for (settings, named) in [("[retention]\nrun_days = 0\n", "run_days"), ("[files]\nbytes = 1\n", "bytes")]
    {
        fs::write(&file, settings).unwrap();
        let output = house.output(&["--config", file.to_str().unwrap(), "serve"]);
        assert!(!output.status.success());
        assert!(String::from_utf8_lossy(&output.stderr).contains(named));
    }
}
