//! What the server bears: its peak, what is left of it at ten times as many clients, how many of 200
//! simultaneous requests succeed, and what a flood by one key costs another. All are ratios of one run.
//!
//! The clients share the machine with the server, and come back at once when they are sent away.

// A report is what this program is for.
#![allow(clippy::print_stdout)]

use std::{
    fs,
    io::{self, BufRead, BufReader, Read, Write},
    net::TcpStream,
    sync::{
        Barrier,
        atomic::{AtomicBool, Ordering},
    },
    thread,
    time::{Duration, Instant},
};

use ringfence_benches::goal;
use ringfence_tests::{Installation, Server};
use serde_json::{Value, json};

/// Clients among whom the peak is looked for.
const CLIENTS: [usize; 5] = [1, 2, 4, 8, 32];

/// How long throughput is measured, each time, and how often.
const THROUGHPUT: Duration = Duration::from_secs(4);
const ROUNDS: usize = 3;

/// Runs of the light key, alone and beside the flood; taken in turns, so that both meet the same machine.
const LIGHT_RUNS: usize = 60;
const LIGHT_ROUNDS: usize = 5;

/// Time between two runs of the light key.
const LIGHT_PAUSE: Duration = Duration::from_millis(20);

/// Connections of the flooding key.
const FLOOD: usize = 64;

/// Places in the queue, and requests at once.
const QUEUE: usize = 200;

/// A connection that stays open as long as the server lets it.
struct Client {
    address: String,
    key: String,
    stream: Option<BufReader<TcpStream>>,
}

impl Client {
    fn new(server: &Server, key: &str) -> Client {
        let address = server.url.trim_start_matches("http://").to_owned();
        Client { address, key: key.to_owned(), stream: None }
    }

    /// Runs a program: the answer's status code; 0 if there is none.
    fn execute(&mut self, body: &Value) -> u16 {
        self.try_execute(&body.to_string()).unwrap_or_else(|_| {
            self.stream = None;
            0
        })
    }

    fn try_execute(&mut self, body: &str) -> io::Result<u16> {
        let stream = match &mut self.stream {
            Some(stream) => stream,
            none => none.insert(BufReader::new(TcpStream::connect(&self.address)?)),
        };
        let (length, key) = (body.len(), &self.key);
        let head = "POST /v1/execute HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\n";
        let request = format!("{head}x-api-key: {key}\r\ncontent-length: {length}\r\n\r\n{body}");
        stream.get_mut().write_all(request.as_bytes())?;
        let (mut status, mut length, mut closes) = (0, 0, false);
        for line in stream.lines() {
            let line = line?.to_ascii_lowercase();
            match line.split_once([':', ' ']) {
                None => break,
                Some(("content-length", bytes)) => length = bytes.trim().parse().unwrap_or(0),
                Some(("connection", what)) => closes = what.trim() == "close",
                Some(("http/1.1", code)) => status = code[..3].parse().unwrap_or(0),
                Some(_) => {}
            }
        }
        io::copy(&mut stream.take(length), &mut io::sink())?;
        if closes || status == 0 {
            self.stream = None;
        }
        Ok(status)
    }
}

/// Answers by status, a second.
#[derive(Default, Clone, Copy)]
struct Rates {
    succeeded: f64,
    busy: f64,
    other: f64,
}

/// What so many clients of one key get, each coming back at once.
fn rates(server: &Server, program: &Value, clients: usize) -> Rates {
    let begun = Instant::now();
    let client = || {
        let (mut client, mut counts) = (Client::new(server, &server.key), [0u32; 3]);
        while begun.elapsed() < THROUGHPUT {
            match client.execute(program) {
                200 => counts[0] += 1,
                429 => counts[1] += 1,
                _ => counts[2] += 1,
            }
        }
        counts
    };
    let all: Vec<[u32; 3]> = thread::scope(|scope| {
        let handles: Vec<_> = (0..clients).map(|_| scope.spawn(client)).collect();
        handles.into_iter().map(|handle| handle.join().expect("a client")).collect()
    });
    let seconds = begun.elapsed().as_secs_f64();
    let [succeeded, busy, other] =
        [0, 1, 2].map(|at| all.iter().map(|counts| f64::from(counts[at])).sum::<f64>() / seconds);
    Rates { succeeded, busy, other }
}

/// The peak and what is left of it at ten times as many clients: their ratio. Each number of clients has
/// its turn in every round, so that all meet the same machine.
fn overload(server: &Server, name: &str, program: &Value) -> f64 {
    let crowd = 10 * CLIENTS[CLIENTS.len() - 1];
    let mut lanes: Vec<(usize, Vec<Rates>)> = CLIENTS.map(|clients| (clients, Vec::new())).into();
    lanes.push((crowd, Vec::new()));
    for _ in 0..ROUNDS {
        for (clients, measured) in &mut lanes {
            measured.push(rates(server, program, *clients));
        }
    }
    let mut medians = Vec::new();
    for (clients, mut measured) in lanes {
        measured.sort_by(|one, other| one.succeeded.total_cmp(&other.succeeded));
        let Rates { succeeded, busy, other } = measured[measured.len() / 2];
        println!(
            "{name}, {clients:>3} clients: {succeeded:>6.0} runs a second, {busy:.0} sent away, {other:.0} others"
        );
        medians.push(succeeded);
    }
    let left = medians.pop().unwrap_or_default();
    left / medians.into_iter().fold(0.0, f64::max)
}

/// How many of so many requests at once succeed.
fn at_once(server: &Server, program: &Value, requests: usize) -> usize {
    let start = Barrier::new(requests);
    thread::scope(|scope| {
        let request = || {
            let mut client = Client::new(server, &server.key);
            start.wait();
            client.execute(program) == 200
        };
        let handles: Vec<_> = (0..requests).map(|_| scope.spawn(request)).collect();
        handles.into_iter().filter_map(|handle| handle.join().ok()).filter(|succeeded| *succeeded).count()
    })
}

/// Times of the light key's runs.
fn light(client: &mut Client, program: &Value, times: &mut Vec<Duration>) {
    for _ in 0..LIGHT_RUNS {
        let begun = Instant::now();
        assert_eq!(client.execute(program), 200, "the light key is sent away");
        times.push(begun.elapsed());
        thread::sleep(LIGHT_PAUSE);
    }
}

/// Median and 99th percentile in milliseconds.
fn percentiles(times: &mut [Duration]) -> (f64, f64) {
    times.sort();
    let at =
        |percent: usize| times[(times.len() * percent / 100).min(times.len() - 1)].as_secs_f64() * 1000.0;
    (at(50), at(99))
}

/// What a flood by one key costs another: the ratio of its 99th percentiles.
fn flood(server: &Server, light_key: &str, name: &str, program: &Value) -> f64 {
    let (mut alone, mut beside) = (Vec::new(), Vec::new());
    let mut client = Client::new(server, light_key);
    for _ in 0..LIGHT_ROUNDS {
        light(&mut client, program, &mut alone);
        let over = AtomicBool::new(false);
        thread::scope(|scope| {
            for _ in 0..FLOOD {
                scope.spawn(|| {
                    let mut client = Client::new(server, &server.key);
                    while !over.load(Ordering::Relaxed) {
                        client.execute(program);
                    }
                });
            }
            thread::sleep(Duration::from_millis(500));
            light(&mut client, program, &mut beside);
            over.store(true, Ordering::Relaxed);
        });
    }
    let ((p50, p99), (p50_beside, p99_beside)) = (percentiles(&mut alone), percentiles(&mut beside));
    println!("{name}, a light key alone: p50 {p50:.1} ms, p99 {p99:.1} ms");
    println!("{name}, beside a flood:    p50 {p50_beside:.1} ms, p99 {p99_beside:.1} ms");
    p99_beside / p99
}

fn main() {
    let house = Installation::new();
    let config = house.path().join("ringfence.toml");
    fs::write(&config, format!("queue = {QUEUE}\n")).expect("a configuration");
    let mut command = house.command(&["serve", "--listen", "127.0.0.1:0"]);
    command.env("RINGFENCE_LOG", "error").env("RINGFENCE_CONFIG", &config);
    let server = Server::start(command);
    let made = house.output(&["keys", "create", "--user", "light"]);
    let light_key = String::from_utf8_lossy(&made.stdout).trim().to_owned();
    let mut goals = Vec::new();
    for (name, language, code) in [("bash", "bash", ":"), ("python", "python", "print('hello')")] {
        let program = json!({ "language": language, "code": code });
        Client::new(&server, &server.key).execute(&program);
        goals.push((
            format!("{name}, ten times as many clients / peak"),
            overload(&server, name, &program),
            0.8,
            false,
        ));
        let succeeded = at_once(&server, &program, QUEUE) as f64;
        goals.push((format!("{name}, successes of {QUEUE} at once"), succeeded / QUEUE as f64, 0.95, false));
        let ratio = flood(&server, &light_key, name, &program);
        goals.push((format!("{name}, p99 beside a flood / alone"), ratio, 2.0, true));
    }
    println!();
    for (name, value, must, at_most) in goals {
        goal(&name, value, must, at_most);
    }
    server.terminate();
}
