//! What the record and the ledger cost a run: runs on demand through the whole pipeline, of a program that is over
//! at once, with the store and with one that keeps nothing, interleaved.

// A report is what this program is for.
#![allow(clippy::print_stdout)]

use std::{
    collections::BTreeMap,
    env,
    fs::File,
    os::unix::fs::FileExt as _,
    process::Command,
    sync::Arc,
    time::{Duration, Instant, SystemTime, UNIX_EPOCH},
};

use async_trait::async_trait;
use ringfence_job::{Job, Language, LimitsPolicy, Outcome, Status};
use ringfence_pipeline::{
    Clock, Control, ExecuteRequest, Pipeline, PipelineConfig, Policy, Ports,
    audit::AuditEntry,
    budget::{Amount, Prices},
    ports::{
        Admitted, AppendError, Charge, Claim, Claimed, Executor, ExecutorError, Kept, Ledger, LedgerError,
        Part, Prepared, Put, Receipt, Record, StoreError,
    },
    run::{Cleared, Principal, Recorded, RunId},
};
use ringfence_sandbox::{Pool, Sandbox, SandboxConfig, Started};
use ringfence_store::Store;
use uuid::Uuid;

/// Runs with each, unless `RINGFENCE_BENCH_ROUNDS` says otherwise.
const ROUNDS: usize = 400;

/// The most that the record may add to the median run, in milliseconds.
const ADDED_MS_MAX: f64 = 0.6;

/// What is run, with the record and without: a Bash that is executed in an empty jail, and a Python that is forked
/// into one.
const LANES: [Language; 2] = [Language::Bash, Language::Python];

/// How runs follow each other: at once, where each one meets what the last one left to be done (a record, another
/// jail), or when that is over, as for somebody who is alone.
const PAUSES: [(&str, Duration); 2] = [("at rest", Duration::from_millis(20)), ("in a row", Duration::ZERO)];

/// Until what forks is there.
const ZYGOTES: Duration = Duration::from_secs(3);

/// What is written before the disk alone is synced, in bytes: about as much as a reservation.
const SYNCED_BYTES: usize = 64 << 10;

/// The jail, as the server has it.
struct Jail(Sandbox);

impl Executor for Jail {
    fn prepare(self: Arc<Self>, job: &Job) -> Box<dyn Prepared> {
        Box::new(Jailed(self.0.prepare(job).expect("a job for a runtime that is there")))
    }
}

struct Jailed(ringfence_sandbox::Prepared);

#[async_trait]
impl Prepared for Jailed {
    fn load(&self) {
        self.0.load();
    }

    async fn execute(self: Box<Self>, _: Cleared, control: Control) -> Result<Outcome, ExecutorError> {
        let ran = self.0.run(|_| {}, control.stopped()).await;
        ran.map_err(|error| ExecutorError::Sandbox(error.to_string()))
    }
}

/// A record and a ledger that keep nothing.
struct Forgetful;

#[async_trait]
impl Record for Forgetful {
    async fn append(&self, _: &Principal, _: RunId, _: &[Recorded]) -> Result<(), AppendError> {
        Ok(())
    }

    async fn put_blob(&self, _: &Principal, _: RunId, _: Part, content: &[u8]) -> Result<Put, StoreError> {
        Ok(Put::Kept(Kept { sha256: "0".repeat(64), size: content.len() as u64, unwritten: None }))
    }

    async fn give_up(&self, _: &Principal, _: RunId) -> Result<(), StoreError> {
        Ok(())
    }

    async fn get_blob(&self, _: &str) -> Result<Option<Vec<u8>>, StoreError> {
        Ok(None)
    }

    async fn claim(&self, _: &Principal, _: &Claim) -> Result<Claimed, StoreError> {
        Ok(Claimed::New)
    }

    async fn take_over(&self, _: &Principal, _: &Claim, _: RunId) -> Result<bool, StoreError> {
        Ok(false)
    }

    async fn release(&self, _: &Principal, _: RunId) -> Result<(), StoreError> {
        Ok(())
    }

    async fn runs(&self, _: &Principal, _: Option<RunId>, _: u32) -> Result<Vec<RunId>, StoreError> {
        Ok(Vec::new())
    }

    async fn history(&self, _: &Principal, _: RunId) -> Result<Vec<Recorded>, StoreError> {
        Ok(Vec::new())
    }

    async fn audit(&self, _: &Principal, _: Option<i64>, _: u32) -> Result<Vec<AuditEntry>, StoreError> {
        Ok(Vec::new())
    }
}

#[async_trait]
impl Ledger for Forgetful {
    async fn reserve_and_tell(
        &self,
        _: Charge<'_>,
        _: Amount,
        _: &[Recorded],
        _: Admitted<'_>,
    ) -> Result<(), LedgerError> {
        Ok(())
    }

    async fn settle(
        &self,
        _: &Principal,
        _: RunId,
        _: u32,
        _: Amount,
        _: &[Recorded],
    ) -> Result<Receipt, LedgerError> {
        Ok(Receipt::default())
    }

    async fn start(&self, _: &Principal, _: RunId, _: u32, _: &[Recorded]) -> Result<(), LedgerError> {
        Ok(())
    }

    async fn adopt(&self, _: &Principal, _: RunId, _: u32) -> Result<bool, StoreError> {
        Ok(false)
    }

    async fn check_key(&self, _: &Principal) -> Result<(), LedgerError> {
        Ok(())
    }
}

// Only here, where it is measured.
#[allow(clippy::disallowed_methods)]
fn clock() -> Clock {
    let now_ms = || {
        let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        i64::try_from(since.as_millis()).unwrap_or(i64::MAX)
    };
    Clock::new(now_ms, || RunId(Uuid::now_v7()))
}

fn pipeline(sandbox: &Sandbox, record: Arc<dyn Record>, ledger: Arc<dyn Ledger>, store: &Store) -> Pipeline {
    let ports = Ports {
        executor: Arc::new(Jail(sandbox.clone())),
        record,
        ledger,
        files: Arc::new(store.clone()),
        sessions: Arc::new(store.clone()),
        authors: Vec::new(),
    };
    let config = PipelineConfig {
        policy: Policy::default(),
        limits: LimitsPolicy::default(),
        prices: Prices::default(),
        clock: clock(),
        slots: 2,
        queue: 4,
        processors: 2,
        uploaded_bytes_max: 1 << 20,
    };
    Pipeline::new(ports, config)
}

async fn run(pipeline: &Pipeline, who: &Principal, language: Language, number: usize) -> Duration {
    let code = match language {
        Language::Python => format!("print({number})"),
        _ => format!("echo {number}"),
    };
    let request = ExecuteRequest::new(language, code);
    let begun = Instant::now();
    let place = pipeline.enter(who).expect("a place");
    let answer = pipeline.execute(place, request).await.expect("an answer");
    assert_eq!(answer.status, Status::Succeeded);
    begun.elapsed()
}

/// The time below which so many percent lie, in milliseconds.
fn percentile(times: &mut [Duration], percent: usize) -> f64 {
    times.sort_unstable();
    times[(times.len() * percent / 100).min(times.len() - 1)].as_secs_f64() * 1000.0
}

fn main() {
    let rounds = env::var("RINGFENCE_BENCH_ROUNDS").ok().and_then(|n| n.parse().ok()).unwrap_or(ROUNDS);
    let config = SandboxConfig {
        instance: "benchrecord".to_owned(),
        runtimes_dir: ringfence_tests::runtimes_dir(),
        slots: 2,
        pool: Pool { jails: 2, zygotes: true, ..Pool::default() },
        limits: LimitsPolicy::default(),
        accept_missing: Vec::new(),
    };
    let ready = ringfence_sandbox::start(config).and_then(Started::ready).expect("a sandbox");
    // As the server has it.
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .on_thread_start(ringfence_sandbox::take_short_turns)
        .build()
        .expect("a runtime");
    let process = runtime.block_on(async {
        let (sandbox, process) = ready.connect().expect("a sandbox");
        measure(&sandbox, rounds).await;
        sandbox.close();
        process
    });
    process.wait();
}

fn lane(language: Language, record: &str, manner: &str) -> String {
    format!("{language}, record {record}, {manner}")
}

async fn measure(sandbox: &Sandbox, rounds: usize) {
    // Beside the program rather than in a temporary directory that may be memory.
    let beside = env::current_exe().expect("this program");
    let directory = tempfile::tempdir_in(beside.parent().expect("its directory")).expect("a directory");
    let store = Store::open(directory.path(), None).await.expect("a store");
    let who = store.local_principal("ana", 1).await.expect("an identity");
    let kept: Arc<Store> = Arc::new(store.clone());
    let with = pipeline(sandbox, kept.clone(), kept, &store);
    let without = pipeline(sandbox, Arc::new(Forgetful), Arc::new(Forgetful), &store);
    let disk = File::create(directory.path().join("synced")).expect("a file");
    let mut times: BTreeMap<String, Vec<Duration>> = BTreeMap::new();
    // The zygotes load their libraries.
    tokio::time::sleep(ZYGOTES).await;
    for number in 0..rounds {
        let mut took = Duration::ZERO;
        for (manner, pause) in PAUSES {
            for language in LANES {
                // Who comes first meets what another language left; each does every other time.
                let mut both = [("on", &with), ("off", &without)];
                both.rotate_left(number % 2);
                for (record, pipeline) in both {
                    tokio::time::sleep(pause).await;
                    took = run(pipeline, &who, language, number).await;
                    times.entry(lane(language, record, manner)).or_default().push(took);
                }
            }
        }
        let begun = Instant::now();
        assert!(Command::new("bash").args(["-c", ":"]).status().expect("Bash").success());
        times.entry("bare bash :".to_owned()).or_default().push(begun.elapsed());
        // As long after the last one as with the record.
        tokio::time::sleep(took).await;
        let begun = Instant::now();
        disk.write_all_at(&[1; SYNCED_BYTES], 0).expect("room");
        disk.sync_data().expect("a disk");
        times.entry("bare sync of 64 KiB".to_owned()).or_default().push(begun.elapsed());
    }
    println!("{:<28} {:>10} {:>10} {:>8}", "", "median ms", "p99 ms", "rounds");
    for (name, times) in &mut times {
        let (median, p99) = (percentile(times, 50), percentile(times, 99));
        println!("{name:<28} {median:>10.3} {p99:>10.3} {rounds:>8}");
    }
    let median = |name: &str| times.get(name).map_or(f64::NAN, |times| percentile(&mut times.clone(), 50));
    println!("the disk's own sync takes {:.3} ms", median("bare sync of 64 KiB"));
    for (manner, _) in PAUSES {
        for language in LANES {
            let [on, off] = ["on", "off"].map(|record| median(&lane(language, record, manner)));
            let (added, word) = (on - off, if on - off <= ADDED_MS_MAX { "PASS" } else { "MISS" });
            println!(
                "{word}  D. the durable record adds {added:.3} ms to the median {language} run on demand, {manner} \
                 (must be <= {ADDED_MS_MAX})"
            );
        }
    }
    store.close().await;
}
