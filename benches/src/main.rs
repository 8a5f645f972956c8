//! Yardsticks and ours in one run, interleaved: medians, 99th percentiles and ratios against the goals.
//!
//! Absolute times on a shared machine say little; ratios taken in one run do. Ours is measured over HTTP
//! with every limit on and the record durable, and through `ringfence run` as a whole process.

// A report is what this program is for.
#![allow(clippy::print_stdout)]

use std::{
    fs,
    process::{Command, Stdio},
    thread,
    time::{Duration, Instant},
};

use ringfence_tests::{Installation, Server, output_of, runtimes_dir};
use serde_json::{Value, json};

/// Rounds of the small workloads, and of pandas, unless `RINGFENCE_BENCH_ROUNDS` says otherwise.
const ROUNDS: usize = 60;

/// One round of pandas for so many of the others.
const PANDAS_EVERY: usize = 6;

/// How long throughput is measured.
const THROUGHPUT: Duration = Duration::from_secs(4);

const PRINT: &str = "print('hello')";
const NODE_PRINT: &str = "console.log('hello')";
const PANDAS: &str = "import pandas as pd\n\
    df = pd.DataFrame({'k': [i % 7 for i in range(1000)], 'v': range(1000)})\n\
    print(df.groupby('k').v.sum().to_string())\n";

/// A way of running something, and how long it took each time.
struct Lane {
    name: &'static str,
    run: Box<dyn Fn()>,
    times: Vec<Duration>,
}

impl Lane {
    fn new(name: &'static str, run: impl Fn() + 'static) -> Lane {
        Lane { name, run: Box::new(run), times: Vec::new() }
    }

    fn measure(&mut self) {
        let begun = Instant::now();
        (self.run)();
        self.times.push(begun.elapsed());
    }

    /// The value below which `percent` of the times lie, in milliseconds.
    fn percentile(&self, percent: usize) -> f64 {
        let mut times = self.times.clone();
        times.sort();
        let at = (times.len() * percent / 100).min(times.len() - 1);
        times[at].as_secs_f64() * 1000.0
    }

    fn median(&self) -> f64 {
        self.percentile(50)
    }
}

fn quiet(program: &str, words: &[&str]) -> Command {
    let mut command = Command::new(program);
    command.args(words).stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
    command
}

fn run_quietly(mut command: Command) {
    let status = command.status().expect("the program starts");
    assert!(status.success(), "{command:?}");
}

/// The same runtime behind bubblewrap, with every namespace it offers.
fn bubblewrap(runtime: &str, words: &[&str]) -> Command {
    let root = runtimes_dir().join(runtime).join("root");
    let mut command = quiet("bwrap", &["--unshare-all", "--die-with-parent", "--new-session", "--ro-bind"]);
    command.arg(root).args(["/", "--proc", "/proc", "--dev", "/dev", "--tmpfs", "/tmp", "--tmpfs", "/work"]);
    command.args([
        "--chdir",
        "/work",
        "--clearenv",
        "--setenv",
        "PYTHONHOME",
        "/usr",
        "--setenv",
        "PATH",
        "/usr/bin",
    ]);
    command.args(words);
    command
}

/// The same runtime without any jail.
fn bare(runtime: &str, words: &[&str]) -> Command {
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

/// A request over a connection that stays open.
fn execute(agent: &ureq::Agent, server: &Server, body: &Value) -> Value {
    let mut response = agent
        .post(format!("{}/v1/execute", server.url))
        .header("x-api-key", &server.key)
        .send_json(body)
        .expect("the server answers");
    let answer: Value = response.body_mut().read_json().expect("an answer");
    assert_eq!(answer["status"], "succeeded", "{answer}");
    answer
}

fn python(code: &str) -> Value {
    json!({"language": "python", "code": code})
}

/// Runs per second with so many clients at once.
fn throughput(server: &Server, clients: usize) -> f64 {
    let begun = Instant::now();
    let count: usize = thread::scope(|scope| {
        let client = || {
            let (agent, body, mut count) = (ureq::Agent::new_with_defaults(), python(PRINT), 0);
            while begun.elapsed() < THROUGHPUT {
                execute(&agent, server, &body);
                count += 1;
            }
            count
        };
        let handles: Vec<_> = (0..clients).map(|_| scope.spawn(client)).collect();
        handles.into_iter().map(|handle| handle.join().expect("a client")).sum()
    });
    count as f64 / begun.elapsed().as_secs_f64()
}

fn goal(name: &str, value: f64, must: f64, at_most: bool) {
    let met = if at_most { value <= must } else { value >= must };
    let (word, sign) = (if met { "PASS" } else { "MISS" }, if at_most { "<=" } else { ">=" });
    println!("{word}  {name}: {value:.2} (must be {sign} {must})");
}

fn main() {
    let rounds = std::env::var("RINGFENCE_BENCH_ROUNDS").ok().and_then(|n| n.parse().ok()).unwrap_or(ROUNDS);
    let with_bubblewrap = quiet("bwrap", &["--version"]).status().is_ok_and(|status| status.success());
    if !with_bubblewrap {
        println!("bubblewrap skipped: it is not installed (apt-get install bubblewrap)");
    }
    let house: &'static Installation = Box::leak(Box::new(Installation::new()));
    let mut command = house.command(&["serve", "--listen", "127.0.0.1:0"]);
    command.env("RINGFENCE_LOG", "error");
    let server: &'static Server = Box::leak(Box::new(Server::start(command)));
    let http = |body: Value| {
        let agent = ureq::Agent::new_with_defaults();
        move || drop(execute(&agent, server, &body))
    };
    let file = house.path().join("print.py");
    fs::write(&file, PRINT).expect("a file");
    let mut small = vec![
        Lane::new("bare python print (B)", || {
            run_quietly(bare("python", &["/usr/bin/python3", "-c", PRINT]))
        }),
        Lane::new("python print, HTTP", http(python(PRINT))),
        Lane::new("python print, `ringfence run`", move || {
            let output = output_of(house.command(&["run", file.to_str().unwrap_or_default()]), b"");
            assert!(output.status.success());
        }),
        Lane::new("bare bash : (H)", || run_quietly(bare("shell", &["/usr/bin/bash", "-c", ":"]))),
        Lane::new("bash :, HTTP", http(json!({"language": "bash", "code": ":"}))),
    ];
    if runtimes_dir().join("javascript").exists() {
        small.push(Lane::new("bare node print (N)", || {
            run_quietly(bare("javascript", &["/usr/bin/node", "-e", NODE_PRINT]));
        }));
        for (name, language) in
            [("javascript print, HTTP", "javascript"), ("typescript print, HTTP", "typescript")]
        {
            small.push(Lane::new(name, http(json!({ "language": language, "code": NODE_PRINT }))));
        }
    } else {
        println!("JavaScript skipped: its runtime is not built");
    }
    let mut large = vec![
        Lane::new("bare python pandas (P)", || {
            run_quietly(bare("python", &["/usr/bin/python3", "-c", PANDAS]))
        }),
        Lane::new("python pandas, HTTP", http(python(PANDAS))),
    ];
    if with_bubblewrap {
        small.push(Lane::new("bubblewrap python print", || {
            run_quietly(bubblewrap("python", &["/usr/bin/python3", "-c", PRINT]));
        }));
        small.push(Lane::new("bubblewrap bash :", || {
            run_quietly(bubblewrap("shell", &["/usr/bin/bash", "-c", ":"]))
        }));
        large.push(Lane::new("bubblewrap python pandas", || {
            run_quietly(bubblewrap("python", &["/usr/bin/python3", "-c", PANDAS]));
        }));
    }
    // The first of each fills caches and is not counted.
    small.iter().chain(&large).for_each(|lane| (lane.run)());
    for round in 0..rounds {
        small.iter_mut().for_each(Lane::measure);
        if round % PANDAS_EVERY == 0 {
            large.iter_mut().for_each(Lane::measure);
        }
    }

    println!("{:<32} {:>10} {:>10} {:>8}", "", "median ms", "p99 ms", "rounds");
    for lane in small.iter().chain(&large) {
        println!(
            "{:<32} {:>10.2} {:>10.2} {:>8}",
            lane.name,
            lane.median(),
            lane.percentile(99),
            lane.times.len()
        );
    }
    let median = |name: &str| {
        let lane = small.iter().chain(&large).find(|lane| lane.name.starts_with(name));
        lane.map_or(f64::NAN, Lane::median)
    };
    let cpu = execute(&ureq::Agent::new_with_defaults(), server, &python(PRINT))["usage"]["cpuMs"].clone();
    println!("\ncpu of one python print, as the run's control group counts it: {cpu} ms");
    let (one, two) = (throughput(server, 1), throughput(server, 2));
    println!("python prints per second: {one:.0} with one client, {two:.0} with two\n");
    let print = median("python print, HTTP");
    goal("3. on demand: python print / bare python", print / median("bare python print"), 0.8, true);
    if with_bubblewrap {
        goal(
            "3. on demand: bubblewrap / python print",
            median("bubblewrap python print") / print,
            1.5,
            false,
        );
        goal("4. bash / bubblewrap", median("bash :, HTTP") / median("bubblewrap bash"), 0.6, true);
    }
    goal("4. bash / bare bash", median("bash :, HTTP") / median("bare bash"), 2.2, true);
    goal("10. two clients / one client", two / one, 1.3, false);
    println!("pending: goals 1, 2, 5-9, 11 and 12 need warm interpreters or Node");
    server.terminate();
}
