//! A few hundred small programs of each language through the API, by 1, 2, 4 and 16 clients: how many a second, how long
//! each takes, and what they cost of the processors and of memory; beside them the bare interpreters.

// A report is what this program is for.
#![allow(clippy::print_stdout)]

use std::{
    fs,
    path::Path,
    sync::{
        Mutex,
        atomic::{AtomicBool, AtomicUsize, Ordering},
    },
    thread,
    time::Duration,
};

use ringfence_benches::{Load, bare, call, run_quietly, serve};
use ringfence_tests::{Server, processes, root};
use serde_json::{Value, json};

/// Clients at the same time.
const CLIENTS: [usize; 4] = [1, 2, 4, 16];

/// What a program has in the place of a number, and the numbers that it is run with.
const SEED: &str = "__SEED__";
const SEEDS: std::ops::RangeInclusive<u32> = 1..=12;

/// One in so many programs is run by the bare interpreter, one at a time.
const BARE_EVERY: usize = 6;

/// Between two looks at the memory.
const LOOK_EVERY: Duration = Duration::from_millis(500);

/// A language, its programs' file names, and how a bare interpreter runs a text, with its runtime.
type Tongue = (&'static str, &'static str, Option<(&'static str, [&'static str; 2])>);

const LANGUAGES: [Tongue; 4] = [
    ("python", "py", Some(("python", ["/usr/bin/python3", "-c"]))),
    ("javascript", "js", Some(("javascript", ["/usr/bin/node", "-e"]))),
    ("typescript", "ts", None),
    ("bash", "sh", Some(("shell", ["/usr/bin/bash", "-c"]))),
];

/// The texts of a language's programs, each with every number.
fn programs(language: &str, ending: &str) -> Vec<String> {
    let directory = root().join("benches/programs").join(language);
    let entries = fs::read_dir(&directory).expect("programs").map(|entry| entry.expect("a file").path());
    let mut paths: Vec<_> = entries.filter(|path| path.extension() == Some(ending.as_ref())).collect();
    paths.sort();
    let text = |path: &Path| fs::read_to_string(path).expect("a program");
    let texts: Vec<String> = paths.iter().map(|path| text(path)).collect();
    // All with one number, then all with the next: neighbours differ.
    SEEDS.flat_map(|seed| texts.iter().map(move |text| text.replace(SEED, &seed.to_string()))).collect()
}

/// Memory of a server and of all its processes in mebibytes; what they share counts once.
fn memory_mib(server: &Server) -> u64 {
    let (mut pids, mut kib) = (vec![server.pid(), server.supervisor()], 0);
    while let Some(pid) = pids.pop() {
        pids.extend(processes::children(pid).into_iter().filter(|child| *child != server.supervisor()));
        let smaps = fs::read_to_string(format!("/proc/{pid}/smaps_rollup")).unwrap_or_default();
        let line = smaps.lines().find_map(|line| line.strip_prefix("Pss:")).unwrap_or_default();
        kib += line.split_whitespace().next().and_then(|kib| kib.parse::<u64>().ok()).unwrap_or(0);
    }
    kib / 1024
}

/// Does something and gives the most memory that a server took meanwhile, in mebibytes.
fn with_memory<T>(server: &Server, work: impl FnOnce() -> T) -> (T, u64) {
    let (done, most) = (AtomicBool::new(false), Mutex::new(0));
    let result = thread::scope(|scope| {
        scope.spawn(|| {
            while !done.load(Ordering::Relaxed) {
                let now = memory_mib(server);
                most.lock().map(|mut most| *most = now.max(*most)).expect("one looks");
                thread::sleep(LOOK_EVERY);
            }
        });
        let result = work();
        done.store(true, Ordering::Relaxed);
        result
    });
    (result, most.into_inner().expect("nobody looks any more"))
}

/// Each job once, whoever takes it.
fn each<'a, T: Sync>(jobs: &'a [T]) -> impl Fn() -> Option<&'a T> + Sync {
    let next = AtomicUsize::new(0);
    move || jobs.get(next.fetch_add(1, Ordering::Relaxed))
}

fn main() {
    println!("{:<46} {:>8} {:>9} {:>9} {:>9} {:>9}", "", "per s", "cpu ms", "p50 ms", "p99 ms", "MiB");
    for (language, ending, interpreter) in LANGUAGES {
        let texts = programs(language, ending);
        let server = serve("");
        let bodies: Vec<Value> =
            texts.iter().map(|code| json!({ "language": language, "code": code })).collect();
        // The first of each fills caches, or starts what is then kept.
        bodies.iter().take(texts.len() / SEEDS.count()).for_each(|body| call(server, body));
        if let Some((runtime, [program, word])) = interpreter {
            let few: Vec<&String> = texts.iter().step_by(BARE_EVERY).collect();
            let load =
                Load::of_jobs(1, each(&few), |code| run_quietly(bare(runtime, &[program, word, code])));
            load.show(&format!("{language}, {} by the bare interpreter", few.len()));
            println!();
        }
        for clients in CLIENTS {
            let run = || Load::of_jobs(clients, each(&bodies), |body| call(server, body));
            let (load, memory) = with_memory(server, run);
            load.show(&format!("{language}, {} programs, {clients} in flight", bodies.len()));
            println!(" {memory:>9}");
        }
        server.terminate();
    }
}
