//! Yardsticks and ours in one run, interleaved: medians, 99th percentiles and ratios against the goals.
//!
//! Absolute times on a shared machine say little; ratios taken in one run do. Ours is measured over HTTP
//! with every limit on and the record durable.

// A report is what this program is for.
#![allow(clippy::print_stdout, clippy::cast_precision_loss)]

use std::{
    fs,
    io::{BufRead as _, BufReader, Write as _},
    process::{Child, ChildStdin, ChildStdout, Command, Stdio},
    sync::Mutex,
    thread,
    time::{Duration, Instant},
};

use ringfence_benches::{Load, bare, caller, goal, quiet, run_quietly, serve};
use ringfence_tests::{Server, processes, runtimes_dir};
use serde_json::{Value, json};

/// Rounds of the small workloads, and of pandas, unless `RINGFENCE_BENCH_ROUNDS` says otherwise.
const ROUNDS: usize = 60;

/// One round of pandas for so many of the others.
const PANDAS_EVERY: usize = 6;

/// The yardsticks, as the goals name them.
const B: &str = "bare python (B)";
const P: &str = "bare python pandas (P)";
const H: &str = "bare bash : (H)";
const N: &str = "bare node (N)";

/// Until what was used first is kept ready.
const SETTLE: Duration = Duration::from_secs(3);

/// Before each measurement: what the one before has used is replaced by then. What that costs is in the processor time
/// of a run, and in how many there are a second.
const REST: Duration = Duration::from_millis(150);

const PRINT: &str = "print('hello')";
const NODE_PRINT: &str = "console.log('hello')";
const TYPED_PRINT: &str = "const word: string = 'hello';\nconsole.log(word);";
const PANDAS: &str = "import pandas as pd\n\
    df = pd.DataFrame({'k': [i % 7 for i in range(1000)], 'v': range(1000)})\n\
    print(df.groupby('k').v.sum().to_string())\n";

/// Prints as well, and has the jail's Python be one with pandas loaded: the parent that [`FORKS`] forks.
const PANDAS_PRINT: &str = "import pandas\nprint('hello')";

/// A Python with pandas loaded that forks a child which prints, as often as it is told, and waits for it.
const FORKS: &str = "import gc, os, sys, pandas\n\
    gc.freeze()\n\
    print('ready', flush=True)\n\
    for line in sys.stdin:\n    \
        pid = os.fork()\n    \
        if pid == 0:\n        \
            exec(compile(\"print('hello', file=sys.stderr)\", 'x', 'exec'))\n        \
            os._exit(0)\n    \
        os.waitpid(pid, 0)\n    \
        print('done', flush=True)\n";

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
        thread::sleep(REST);
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

fn python(code: &str) -> Value {
    json!({"language": "python", "code": code})
}

/// Memory in kilobytes that nobody else has, of each fork that waits in one of a server's jails.
fn private_kib(server: &Server) -> Vec<u64> {
    let children = processes::children(server.supervisor()).into_iter();
    let in_jail = |pid: &u32| processes::status(*pid, "NSpid").split_whitespace().count() > 1;
    let forks = children.filter(|pid| processes::command_line(*pid).contains("zygote.py")).filter(in_jail);
    let private = |pid| {
        let smaps = fs::read_to_string(format!("/proc/{pid}/smaps_rollup")).ok()?;
        let lines = smaps.lines().filter(|line| line.starts_with("Private_"));
        Some(lines.filter_map(|line| line.split_whitespace().nth(1)?.parse::<u64>().ok()).sum())
    };
    forks.filter_map(private).collect()
}

/// Forks of a warm Python, and nothing else: the yardstick for what a jail adds.
struct Forks {
    _parent: Child,
    line: Mutex<(ChildStdin, BufReader<ChildStdout>)>,
}

impl Forks {
    fn start() -> Forks {
        let mut command = bare("python", &["/usr/bin/python3", "-c", FORKS]);
        command.env("JE_ARROW_MALLOC_CONF", "background_thread:false").env("OPENBLAS_NUM_THREADS", "1");
        let mut parent = command.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().expect("python starts");
        let (stdin, stdout) = (parent.stdin.take(), parent.stdout.take());
        let line = (stdin.expect("a pipe"), BufReader::new(stdout.expect("a pipe")));
        let forks = Forks { _parent: parent, line: Mutex::new(line) };
        forks.hear();
        forks
    }

    fn hear(&self) {
        let mut word = String::new();
        self.line.lock().expect("one thread").1.read_line(&mut word).expect("a word");
    }

    fn one(&self) {
        self.line.lock().expect("one thread").0.write_all(b"\n").expect("it listens");
        self.hear();
    }
}

fn main() {
    let rounds = std::env::var("RINGFENCE_BENCH_ROUNDS").ok().and_then(|n| n.parse().ok()).unwrap_or(ROUNDS);
    let with_bubblewrap = quiet("bwrap", &["--version"]).status().is_ok_and(|status| status.success());
    if !with_bubblewrap {
        println!("bubblewrap skipped: it is not installed (apt-get install bubblewrap)");
    }
    let warm = serve("");
    let on_demand = serve("[pool]\ninterpreters = 0\n");
    let http = |server: &'static Server, body: Value| caller(server, body);
    let (bash, typed) =
        (json!({"language": "bash", "code": ":"}), json!({"language": "typescript", "code": TYPED_PRINT}));
    let node = json!({"language": "javascript", "code": NODE_PRINT});
    let forks = Forks::start();
    let mut small = vec![
        Lane::new(B, || run_quietly(bare("python", &["/usr/bin/python3", "-c", "pass"]))),
        Lane::new("python print, warm", http(warm, python(PRINT))),
        Lane::new("python print, on demand", http(on_demand, python(PRINT))),
        Lane::new(H, || run_quietly(bare("shell", &["/usr/bin/bash", "-c", ":"]))),
        Lane::new("bash :, warm", http(warm, bash.clone())),
        Lane::new(N, || run_quietly(bare("javascript", &["/usr/bin/node", "-e", "0"]))),
        Lane::new("javascript print, warm", http(warm, node)),
        Lane::new("typescript print, warm", http(warm, typed)),
        Lane::new("fork of a warm python, print", move || forks.one()),
        Lane::new("python with pandas, print, on demand", http(on_demand, python(PANDAS_PRINT))),
    ];
    let mut large = vec![
        Lane::new(P, || run_quietly(bare("python", &["/usr/bin/python3", "-c", PANDAS]))),
        Lane::new("python pandas, warm", http(warm, python(PANDAS))),
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
    // The first of each fills caches, or starts what is then kept, and is not counted.
    small.iter().chain(&large).for_each(|lane| (lane.run)());
    thread::sleep(SETTLE);
    small.iter().chain(&large).for_each(|lane| (lane.run)());
    for round in 0..rounds {
        small.iter_mut().for_each(Lane::measure);
        if round % PANDAS_EVERY == 0 {
            large.iter_mut().for_each(Lane::measure);
        }
    }

    println!("{:<40} {:>10} {:>10} {:>8}", "", "median ms", "p99 ms", "rounds");
    for lane in small.iter().chain(&large) {
        let (median, p99) = (lane.median(), lane.percentile(99));
        println!("{:<40} {median:>10.2} {p99:>10.2} {:>8}", lane.name, lane.times.len());
    }
    let median = |name: &str| {
        let lane = small.iter().chain(&large).find(|lane| lane.name == name);
        lane.map_or(f64::NAN, Lane::median)
    };
    println!("\n{:<46} {:>8} {:>9} {:>9} {:>9}", "", "per s", "cpu ms", "p50 ms", "p99 ms");
    let loaded = |what: &str, clients: usize, work: &(dyn Fn() + Sync)| {
        let load = Load::of(clients, work);
        load.show(&format!("{what}, {clients} in flight"));
        println!();
        load
    };
    let bare_print = || run_quietly(bare("python", &["/usr/bin/python3", "-c", PRINT]));
    let bare_pandas = || run_quietly(bare("python", &["/usr/bin/python3", "-c", PANDAS]));
    let cores = thread::available_parallelism().map_or(2, usize::from);
    let starts = loaded("bare python print", cores, &bare_print);
    let spawns = loaded("bare python pandas", cores, &bare_pandas);
    let prints = loaded("python print", cores, &caller(warm, python(PRINT)));
    let frames = loaded("python pandas", cores, &caller(warm, python(PANDAS)));
    let one = loaded("python print, on demand", 1, &caller(on_demand, python(PRINT)));
    let both = loaded("python print, on demand", cores, &caller(on_demand, python(PRINT)));
    let crowd = loaded("python print", 2 * cores, &caller(warm, python(PRINT)));
    thread::sleep(SETTLE);
    let private = private_kib(warm);
    println!("private memory of the forks that wait: {private:?} kB\n");

    let print = median("python print, warm");
    goal("1. python print, warm / bare python", print / median(B), 0.12, true);
    goal("2. pandas, warm: bare / ours", median(P) / median("python pandas, warm"), 30.0, false);
    let demanded = median("python print, on demand");
    goal("3. python print, on demand / bare python", demanded / median(B), 0.8, true);
    goal("4. bash / bare bash", median("bash :, warm") / median(H), 2.2, true);
    if with_bubblewrap {
        goal(
            "3. bubblewrap / python print, on demand",
            median("bubblewrap python print") / demanded,
            1.5,
            false,
        );
        goal("4. bash / bubblewrap", median("bash :, warm") / median("bubblewrap bash :"), 0.6, true);
    }
    goal("5. javascript print / bare node", median("javascript print, warm") / median(N), 0.10, true);
    goal("6. typescript / bare node", median("typescript print, warm") / median(N), 0.15, true);
    goal("7. pandas runs per second / bare", frames.per_second / spawns.per_second, 12.0, false);
    goal("8. prints per second / bare", prints.per_second / starts.per_second, 1.2, false);
    let (fork, jailed) =
        (median("fork of a warm python, print"), median("python with pandas, print, on demand"));
    goal("9. on demand / fork of the same", jailed / fork, 1.35, true);
    goal("10. two in flight / one, on demand", both.per_second / one.per_second, 1.3, false);
    let largest = private.iter().max().map_or(f64::NAN, |kib| *kib as f64 / 1024.0);
    goal("11. private MiB of what waits", largest, 4.0, true);
    goal("12. p99 / p50 at twice the cores", crowd.percentile(99) / crowd.percentile(50), 6.0, true);
    warm.terminate();
    on_demand.terminate();
}
