//! What every outside test needs: the built program, a data directory of its own, and a server.
//!
//! The tests start the program as its users do and look only at what it prints, answers and leaves.

mod delegation;
mod machine;
pub mod postgres;
pub mod processes;
mod scripted;

use std::{
    fs,
    io::{BufRead, BufReader, Write},
    os::unix::fs::MetadataExt as _,
    path::{Path, PathBuf},
    process::{Child, ChildStdout, Command, Output, Stdio},
    time::{Duration, Instant},
};

pub use delegation::{Delegation, ORDINARY_ID};
pub use machine::Machine;
pub use scripted::ScriptedEndpoint;
use serde_json::Value;
use tempfile::TempDir;

/// Longest wait for a server to say that it listens.
const START_MAX: Duration = Duration::from_secs(60);

/// Largest answer a test reads: every returned file in base64, and more.
const BODY_BYTES_MAX: u64 = 128 * 1024 * 1024;

/// The workspace's directory.
pub fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..").canonicalize().expect("the workspace is there")
}

/// The built program: `RINGFENCE_BIN`, or what the build left in the target directory.
pub fn program() -> PathBuf {
    built("RINGFENCE_BIN", "ringfence")
}

/// The build in which layers can be left out: `RINGFENCE_WEAKENED_BIN`, or the target directory's.
pub fn weakened_program() -> PathBuf {
    built("RINGFENCE_WEAKENED_BIN", "ringfence-weakened")
}

fn built(variable: &str, name: &str) -> PathBuf {
    let path = std::env::var_os(variable).map_or_else(
        || {
            let target =
                std::env::var_os("CARGO_TARGET_DIR").map_or_else(|| root().join("target"), PathBuf::from);
            target.join("debug").join(name)
        },
        PathBuf::from,
    );
    assert!(path.exists(), "{} is not built, run: make build", path.display());
    path
}

/// The built runtimes: `RINGFENCE_RUNTIMES_DIR`, or where `make` puts them.
pub fn runtimes_dir() -> PathBuf {
    let path = std::env::var_os("RINGFENCE_RUNTIMES_DIR")
        .map_or_else(|| root().join(".ringfence/runtimes"), PathBuf::from);
    assert!(
        path.join("python/manifest.json").exists(),
        "{} holds no runtimes, run: make runtimes",
        path.display()
    );
    path
}

/// An installation of its own: a data directory that ends with the test.
#[derive(Debug)]
pub struct Installation {
    program: PathBuf,
    directory: TempDir,
    runtimes: PathBuf,
}

impl Default for Installation {
    fn default() -> Self {
        Installation::new()
    }
}

impl Installation {
    /// An empty installation of the built program.
    pub fn new() -> Installation {
        Installation::of(program())
    }

    /// An empty installation of another build.
    pub fn of(program: PathBuf) -> Installation {
        let directory = tempfile::tempdir().expect("a temporary directory");
        Installation { program, directory, runtimes: runtimes_dir() }
    }

    /// An empty installation with a copy of the runtimes in which a test may delete files, and change
    /// none: they are linked.
    pub fn with_own_runtimes() -> Installation {
        let mut house = Installation::new();
        let copy = house.path().join("runtimes");
        let copied = Command::new("cp").arg("-al").args([&house.runtimes, &copy]).status();
        assert!(copied.expect("cp").success());
        house.runtimes = copy;
        house
    }

    /// Its runtimes.
    pub fn runtimes_dir(&self) -> &Path {
        &self.runtimes
    }

    /// A directory for the test's own files.
    pub fn path(&self) -> &Path {
        self.directory.path()
    }

    /// The program with this installation's directories, and nothing else in its environment.
    pub fn command(&self, words: &[&str]) -> Command {
        let mut command = Command::new(&self.program);
        command
            .env_clear()
            .env("PATH", "/usr/sbin:/usr/bin:/sbin:/bin")
            .env("RINGFENCE_DATA_DIR", self.path().join("data"))
            .env("RINGFENCE_RUNTIMES_DIR", &self.runtimes)
            .args(words);
        command
    }

    /// Runs the program to its end.
    pub fn output(&self, words: &[&str]) -> Output {
        self.command(words).output().expect("the program starts")
    }

    /// `ringfence run --json` on code given on standard input: the answer object. With `RINGFENCE_TESTS_WARM`
    /// in the environment its interpreter is started first, as that of most runs of a server.
    pub fn run(&self, language: &str, code: &str, options: &[&str]) -> Value {
        let warm = std::env::var_os("RINGFENCE_TESTS_WARM").filter(|_| !options.contains(&"--fresh"));
        let mut words = vec!["run", "-", "--language", language, "--json"];
        words.extend(options);
        // Words after `--` are the program's.
        words.splice(1..1, warm.map(|_| "--warm"));
        let output = output_of(self.command(&words), code.as_bytes());
        serde_json::from_slice(&output.stdout).unwrap_or_else(|error| {
            panic!("no answer object ({error}): {}", String::from_utf8_lossy(&output.stderr))
        })
    }

    /// Starts `ringfence serve` on a free port of the loopback.
    pub fn serve(&self) -> Server {
        Server::start(self.command(&["serve", "--listen", "127.0.0.1:0"]))
    }

    /// As [`Installation::serve`], with this configuration, in TOML.
    pub fn serve_with(&self, config: &str) -> Server {
        let file = self.path().join("ringfence.toml");
        fs::write(&file, config).expect("a configuration");
        let file = file.to_str().expect("a path in UTF-8");
        Server::start(self.command(&["--config", file, "serve", "--listen", "127.0.0.1:0"]))
    }
}

/// A command that ends in another one: `wrapper` with the program and its words after it.
pub fn wrapped(plain: &Command, wrapper: &[&str]) -> Command {
    let mut command = Command::new(wrapper[0]);
    command.args(&wrapper[1..]).arg(plain.get_program()).args(plain.get_args());
    command.env_clear().envs(plain.get_envs().filter_map(|(name, value)| Some((name, value?))));
    command
}

/// Runs a command to its end with bytes on its standard input.
pub fn output_of(mut command: Command, input: &[u8]) -> Output {
    command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = command.spawn().expect("the program starts");
    let mut stdin = child.stdin.take().expect("a pipe");
    let input = input.to_vec();
    // A program that refuses before it reads closes the pipe.
    let writer = std::thread::spawn(move || drop(stdin.write_all(&input)));
    let output = child.wait_with_output().expect("the program ends");
    writer.join().expect("the writer ends");
    output
}

/// The rows of the first table that an answer shows, each by the names of its columns.
pub fn rows(answer: &Value) -> Vec<Value> {
    let shown = answer["results"].as_array().map(Vec::as_slice).unwrap_or_default();
    let table = shown.iter().find(|result| result["type"] == "table").unwrap_or_else(|| panic!("{answer:#}"));
    let names = |row: &Value| {
        let named =
            table["columns"].as_array().into_iter().flatten().zip(row.as_array().into_iter().flatten());
        named
            .map(|(column, cell)| (column["name"].as_str().unwrap_or_default().to_owned(), cell.clone()))
            .collect()
    };
    table["rows"].as_array().into_iter().flatten().map(names).map(Value::Object).collect()
}

/// Command lines of this machine's processes that hold `marker`, words joined by spaces.
pub fn commands_with(marker: &str) -> Vec<String> {
    processes::pids_of(marker).into_iter().map(processes::command_line).collect()
}

/// True if root runs the tests, who alone can make places for ordinary users.
pub fn is_root() -> bool {
    fs::metadata("/proc/self").expect("/proc is there").uid() == 0
}

/// A running server, stopped when dropped.
#[derive(Debug)]
pub struct Server {
    child: Child,
    /// Kept open, so that the server can go on printing.
    stdout: Option<BufReader<ChildStdout>>,
    /// `http://127.0.0.1:PORT`.
    pub url: String,
    /// The key of the first start; empty at later starts.
    pub key: String,
}

impl Server {
    /// Starts a server and waits until it listens.
    pub fn start(mut command: Command) -> Server {
        command.stdout(Stdio::piped()).stderr(Stdio::inherit());
        let mut child = command.spawn().expect("the server starts");
        let stdout = child.stdout.take().map(BufReader::new);
        let mut server = Server { child, stdout, url: String::new(), key: String::new() };
        server.wait_until_it_listens();
        server
    }

    fn wait_until_it_listens(&mut self) {
        let stdout = self.stdout.as_mut().expect("a pipe");
        let begun = Instant::now();
        while self.url.is_empty() {
            let mut line = String::new();
            let count = stdout.read_line(&mut line).expect("the server prints");
            assert!(count > 0 && begun.elapsed() < START_MAX, "the server did not start");
            if let Some(url) = line.trim().strip_prefix("ringfence: listening on ") {
                self.url = url.to_owned();
            }
            if let Some((_, shown)) = line.trim().split_once("shown only this once: ") {
                self.key = shown.to_owned();
            }
        }
    }

    /// The server's process id.
    pub fn pid(&self) -> u32 {
        self.child.id()
    }

    /// The process id of its supervisor.
    pub fn supervisor(&self) -> u32 {
        *processes::children(self.pid()).first().expect("the server has a supervisor")
    }

    /// POST with the first key: status and JSON body.
    pub fn post(&self, path: &str, body: &Value) -> (u16, Value) {
        let request = agent()
            .post(format!("{}{path}", self.url))
            .header("authorization", format!("Bearer {}", self.key));
        answer_of(request.send_json(body))
    }

    /// GET without a key: status and JSON body.
    pub fn get(&self, path: &str) -> (u16, Value) {
        answer_of(agent().get(format!("{}{path}", self.url)).call())
    }

    /// Asks the server to stop and waits for its end: true if it ended well.
    pub fn stop(mut self) -> bool {
        self.terminate();
        self.child.wait().expect("the server ends").success()
    }

    /// Asks the server to stop, and does not wait.
    pub fn terminate(&self) {
        let pid = self.child.id().to_string();
        drop(Command::new("kill").args(["-TERM", &pid]).status());
    }
}

/// A client that takes a problem for an answer.
pub fn agent() -> ureq::Agent {
    ureq::Agent::config_builder().http_status_as_error(false).build().new_agent()
}

fn answer_of(response: Result<ureq::http::Response<ureq::Body>, ureq::Error>) -> (u16, Value) {
    let mut response = response.expect("the server answers");
    let status = response.status().as_u16();
    (status, response.body_mut().with_config().limit(BODY_BYTES_MAX).read_json().expect("a JSON body"))
}

impl Drop for Server {
    fn drop(&mut self) {
        if matches!(self.child.try_wait(), Ok(None)) {
            self.terminate();
            drop(self.child.wait());
        }
    }
}
