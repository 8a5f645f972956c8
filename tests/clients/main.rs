//! The examples of clients, run as their reader would run them.

use std::{
    fs,
    io::Write,
    path::{Path, PathBuf},
    process::{Command, Output, Stdio},
};

use ringfence_tests::{Installation, ScriptedEndpoint, Server, root};
use serde_json::{Value, json};

/// Prints, waits to be seen, and fails in a way of its own.
const PROGRAM: &str =
    "import sys\nprint('grüß \"dich\"', flush=True)\nprint('oh', file=sys.stderr)\nsys.exit(3)\n";

/// What the examples need was installed here: `RINGFENCE_CLIENTS_DIR`, or where `make` puts it.
fn installed(client: &str) -> PathBuf {
    let directory = std::env::var_os("RINGFENCE_CLIENTS_DIR")
        .map_or_else(|| root().join(".ringfence/clients"), PathBuf::from)
        .join(client);
    assert!(directory.join("installed").exists(), "{} is missing, run: make clients", directory.display());
    directory
}

fn example(path: &str) -> PathBuf {
    root().join("examples/clients").join(path)
}

/// Runs a client with `input`; it knows the server only by what its environment says.
fn client(server: &Server, command: &mut Command, input: &str) -> Output {
    command.env("RINGFENCE_URL", &server.url).env("RINGFENCE_KEY", &server.key);
    let mut child = command
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("the client starts");
    child.stdin.take().expect("a pipe").write_all(input.as_bytes()).expect("the client reads");
    child.wait_with_output().expect("the client ends")
}

/// A client that streams a program: output and exit code come through, and so does a refusal.
fn streams(command: impl Fn() -> Command) {
    let house = Installation::new();
    let server = house.serve();
    let output = client(&server, &mut command(), PROGRAM);
    let (stdout, stderr) = (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    assert_eq!((&*stdout, &*stderr, output.status.code()), ("grüß \"dich\"\n", "oh\n", Some(3)));
    let refused = client(&server, &mut command(), "");
    let stderr = String::from_utf8_lossy(&refused.stderr);
    assert!(stderr.contains("code is empty"), "{stderr}");
    assert_eq!(refused.status.code(), Some(1));
}

#[test]
fn curl_streams() {
    streams(|| {
        let mut command = Command::new("sh");
        command.arg(example("stream.sh"));
        command
    });
}

#[test]
fn python_streams() {
    let python = installed("python").join("bin/python");
    streams(|| {
        let mut command = Command::new(&python);
        command.arg(example("python/stream.py"));
        command
    });
}

#[test]
fn typescript_streams() {
    let place = installed("typescript");
    for file in ["stream.ts", "tsconfig.json"] {
        fs::copy(example("typescript").join(file), place.join(file)).expect("a copy");
    }
    let built =
        Command::new("npm").args(["run", "--silent", "build"]).current_dir(&place).output().expect("npm");
    assert!(built.status.success(), "{}", String::from_utf8_lossy(&built.stdout));
    streams(|| {
        let mut command = Command::new("node");
        command.arg(place.join("dist/stream.js"));
        command
    });
}

#[test]
fn a_model_mends_its_code_until_it_runs() {
    let call =
        |code: &str| json!({ "tool": "execute_code", "arguments": { "language": "python", "code": code } });
    let script = json!([call("print(sum(rnage(101)))"), call("print(sum(range(101)))"), "The sum is 5050."]);
    let model = ScriptedEndpoint::start(&script);
    let house = Installation::new();
    let server = house.serve();
    let mut command = Command::new(installed("python").join("bin/python"));
    command
        .arg(example("python/tool_loop.py"))
        .arg("What is the sum of the numbers from 1 to 100?")
        .env("OPENAI_BASE_URL", &model.url)
        .env("OPENAI_API_KEY", "scripted");
    let output = client(&server, &mut command, "");
    let stderr = String::from_utf8_lossy(&output.stderr);
    assert_eq!(String::from_utf8_lossy(&output.stdout), "The sum is 5050.\n", "{stderr}");
    let requests = model.requests();
    let last = |request: &Value| {
        let messages = request["messages"].as_array().expect("messages");
        messages.last().expect("a message").to_string()
    };
    assert_eq!(requests.len(), 3, "{stderr}");
    assert!(last(&requests[1]).contains("NameError"), "{}", requests[1]);
    assert!(last(&requests[2]).contains("5050"), "{}", requests[2]);
}

#[test]
fn the_examples_are_short_enough_to_read() {
    for file in ["stream.sh", "python/stream.py", "typescript/stream.ts"] {
        let lines = fs::read_to_string(example(file)).expect("an example").lines().count();
        assert!(lines <= 60, "{file} has {lines} lines");
    }
    assert!(Path::new(&example("README.md")).exists());
}
