//! What the benchmarks share: a server of ours, bare yardsticks beside it, and how many runs a second a number of clients
//! gets done.

// A report is what these programs are for.
#![allow(clippy::print_stdout, clippy::cast_precision_loss)]

use std::{
    fs,
    process::{Command, Stdio},
    thread,
    time::{Duration, Instant},
};

use ringfence_tests::{Installation, Server, runtimes_dir};
use serde_json::Value;

/// How long throughput is measured.
const THROUGHPUT: Duration = Duration::from_secs(4);

/// A program without input whose output nobody reads.
pub fn quiet(program: &str, words: &[&str]) -> Command {
    let mut command = Command::new(program);
    command.args(words).stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
    command
}

/// Runs a program to its end.
///
/// # Panics
/// It fails.
pub fn run_quietly(mut command: Command) {
    let status = command.status().expect("the program starts");
    assert!(status.success(), "{command:?}");
}

/// The same runtime without any jail.
pub fn bare(runtime: &str, words: &[&str]) -> Command {
    let root = runtimes_dir().join(runtime).join("root");
    let mut command = quiet("chroot", &[]);
    command
        .env_clear()
        .env("PYTHONHOME", "/usr")
        .env("PATH", "/usr/sbin:/usr/bin:/bin")
        .arg(root)
        .args(words);
    command
}

fn execute(agent: &ureq::Agent, server: &Server, body: &Value) {
    let mut response = agent
        .post(format!("{}/v1/execute", server.url))
        .header("x-api-key", &server.key)
        .send_json(body)
        .expect("the server answers");
    let answer: Value = response.body_mut().read_json().expect("an answer");
    assert_eq!(answer["status"], "succeeded", "{answer}");
}

/// What so many clients at once get done.
#[derive(Debug)]
pub struct Load {
    /// Runs a second.
    pub per_second: f64,
    /// Of the whole machine, for each run, in milliseconds.
    pub cpu_ms: f64,
    /// How long each run took in milliseconds, sorted.
    times: Vec<f64>,
}

impl Load {
    /// So many clients do the same for a while.
    pub fn of(clients: usize, work: impl Fn() + Sync) -> Load {
        let begun = Instant::now();
        Load::of_jobs(clients, || (begun.elapsed() < THROUGHPUT).then_some(()), |()| work())
    }

    /// So many clients do one job after the other, as long as `next` has one.
    pub fn of_jobs<T>(clients: usize, next: impl Fn() -> Option<T> + Sync, work: impl Fn(T) + Sync) -> Load {
        let (begun, busy) = (Instant::now(), busy_ticks());
        let client = || {
            let mut times = Vec::new();
            while let Some(job) = next() {
                let since = Instant::now();
                work(job);
                times.push(since.elapsed().as_secs_f64() * 1000.0);
            }
            times
        };
        let mut times: Vec<f64> = thread::scope(|scope| {
            let handles: Vec<_> = (0..clients).map(|_| scope.spawn(client)).collect();
            handles.into_iter().flat_map(|handle| handle.join().expect("a client")).collect()
        });
        times.sort_by(f64::total_cmp);
        let runs = times.len() as f64;
        let cpu_ms = (busy_ticks() - busy) as f64 * 10.0 / runs;
        Load { per_second: runs / begun.elapsed().as_secs_f64(), cpu_ms, times }
    }

    /// The value below which `percent` of the times lie, in milliseconds.
    pub fn percentile(&self, percent: usize) -> f64 {
        self.times[(self.times.len() * percent / 100).min(self.times.len() - 1)]
    }

    /// Prints the beginning of a line of a table: runs a second, processor time, median and 99th percentile.
    pub fn show(&self, what: &str) {
        let (p50, p99) = (self.percentile(50), self.percentile(99));
        print!("{what:<46} {:>8.1} {:>9.2} {p50:>9.2} {p99:>9.2}", self.per_second, self.cpu_ms);
    }
}

/// Hundredths of a second that the processors were busy (proc_stat(5)).
pub fn busy_ticks() -> u64 {
    let stat = fs::read_to_string("/proc/stat").expect("/proc/stat");
    let numbers: Vec<u64> = stat
        .lines()
        .next()
        .unwrap_or_default()
        .split_whitespace()
        .skip(1)
        .map_while(|n| n.parse().ok())
        .collect();
    // All but idle and waiting for disks; guests' time is in user time already.
    numbers.iter().take(8).sum::<u64>() - numbers[3] - numbers[4]
}

/// A client with a connection of its own for each thread that uses it.
pub fn caller(server: &'static Server, body: Value) -> impl Fn() + Sync {
    move || call(server, &body)
}

/// Has a program be run, over the connection of this thread.
///
/// # Panics
/// It does not succeed.
pub fn call(server: &Server, body: &Value) {
    thread_local!(static AGENT: ureq::Agent = ureq::Agent::new_with_defaults());
    AGENT.with(|agent| execute(agent, server, body));
}

/// A server with this configuration that stays until the end.
pub fn serve(config: &str) -> &'static Server {
    let house: &'static Installation = Box::leak(Box::new(Installation::new()));
    let file = house.path().join("ringfence.toml");
    fs::write(&file, config).expect("a configuration");
    let mut command =
        house.command(&["--config", file.to_str().unwrap_or_default(), "serve", "--listen", "127.0.0.1:0"]);
    command.env("RINGFENCE_LOG", "error");
    Box::leak(Box::new(Server::start(command)))
}

/// Says whether a goal is met.
pub fn goal(name: &str, value: f64, must: f64, at_most: bool) {
    let met = if at_most { value <= must } else { value >= must };
    let (word, sign) = (if met { "PASS" } else { "MISS" }, if at_most { "<=" } else { ">=" });
    println!("{word}  {name}: {value:.2} (must be {sign} {must})");
}
