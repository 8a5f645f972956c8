//! How long durable calls take; run with `--ignored --nocapture` to see the figures.

use std::time::{Duration, Instant};

use crate::common::{amount, charge, event, new_run, put};
use crate::database::Database;
use ringfence_pipeline::ports::Ledger;
use ringfence_store::Store;

const ROUNDS: usize = 2_000;
/// A warm run takes a few milliseconds; reserving must not be what one waits for.
const RESERVE_P50_MAX: Duration = Duration::from_millis(5);

#[tokio::test(flavor = "multi_thread")]
#[ignore = "measures, so it wants the machine to itself"]
async fn reserving_durably_is_quick() {
    // Beside the build's output rather than in a temporary directory that may be memory.
    let dir = tempfile::tempdir_in(env!("CARGO_TARGET_TMPDIR")).unwrap();
    let database = Database::durable();
    let store = Store::open(dir.path(), database.url()).await.unwrap();
    let who = store.local_principal("ana", 1).await.unwrap();
    let (mut reserve, mut settle, mut blob) = (Vec::new(), Vec::new(), Vec::new());
    for round in 0..ROUNDS {
        let run = new_run();
        let mut events = [event(0, "run.received"), event(1, "run.reserved"), event(2, "run.started")];
        // As of an ordinary run: its code, then what it printed and the outline of its answer.
        let code = put(&store, &who, run, format!("print({run})").as_bytes()).await;
        events[0].contents.push(code);
        let start = Instant::now();
        store.reserve(charge(&who, run, 0), amount(1, 1), &events).await.unwrap();
        reserve.push(start.elapsed());
        let mut finished = event(3, "run.finished");
        for content in [format!("{run}\n"), format!("{{\"id\":\"{run}\"}}")] {
            finished.contents.push(put(&store, &who, run, content.as_bytes()).await);
        }
        let start = Instant::now();
        store.settle(&who, run, 0, amount(1, 1), &[finished]).await.unwrap();
        settle.push(start.elapsed());
        if round % 10 == 0 {
            let start = Instant::now();
            put(&store, &who, run, &run.to_string().as_bytes().repeat(1000)).await;
            blob.push(start.elapsed());
        }
    }
    let p50 = report("reserve", &mut reserve);
    report("settle", &mut settle);
    report("put_blob", &mut blob);
    assert!(p50 < RESERVE_P50_MAX, "reserve took {p50:?} at the median");
}

fn report(name: &str, times: &mut [Duration]) -> Duration {
    times.sort_unstable();
    let at = |percent: usize| times[times.len() * percent / 100];
    eprintln!("{name}: p50 {:?}, p95 {:?}, p99 {:?}", at(50), at(95), at(99));
    at(50)
}
