//! Processes that are killed: the server, its supervisor, both, or all of them at once; and Postgres.

use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    ops::Range,
    sync::atomic::{AtomicBool, Ordering},
    thread,
    time::Duration,
};

use ringfence_tests::{
    Server,
    postgres::Cluster,
    processes::{command_line, eventually, gone, groups_of, kill, kill_group, pids_of},
};
use serde_json::json;

use crate::{
    clients::{Note, Notes, Tally, Told, Work, last_answered, press},
    database::Database,
    dice::Dice,
    house::House,
};

/// Rounds unless `RINGFENCE_SOAK_KILLS` says otherwise.
const ROUNDS: u64 = 4;

/// Rounds from which everything that can happen has happened.
const ROUNDS_OF_A_SOAK: u64 = 50;

/// Time under load before something is killed, in milliseconds.
const LOAD_MS: Range<u64> = 50..1_500;

/// The database is killed in one round of so many, if it has a process of its own.
const CRASH_EVERY: u64 = 3;

/// Time that it is gone, in milliseconds, if it is back before something else is killed.
const CRASH_MS: Range<u64> = 0..1_000;

/// Time between two looks at what runs.
const LOOK_EVERY: Duration = Duration::from_millis(5);

/// What all users may spend in a round, in nano-dollars: a few runs, as each reserves 3 000 000.
const ROUND_NANO_USD: i64 = 26_000_000;

/// Accepted runs that wait for their turn.
const TO_BEGIN: &str = "SELECT count(*) FROM events AS r JOIN events AS b ON b.run = r.run
    WHERE r.kind = 'run.requested' AND json_extract(r.body, '$.later') AND b.kind = 'budget.reserved'
      AND NOT EXISTS (SELECT 1 FROM events AS s WHERE s.run = r.run AND s.seq > b.seq)";

/// What is killed.
#[derive(Debug, Clone, Copy)]
enum Victim {
    Server,
    Supervisor,
    Both,
    Group,
}

/// Programs of requests with these numbers that run: their numbers and pids.
fn naps(numbers: &Range<u64>) -> Vec<(u64, u32)> {
    let pids = pids_of("sleep 0.").into_iter();
    let naps = pids.filter_map(|pid| Some((Work::of_command(&command_line(pid))?, pid)));
    naps.filter(|(number, _)| numbers.contains(number)).collect()
}

/// Processes in which programs of requests were seen to run: by the request's number, pids with the times
/// when they were started.
type Seen = BTreeMap<u64, BTreeSet<(u32, String)>>;

/// Has threads stop that would be waited for, if a check fails.
struct StopWhenDropped<'a>(&'a AtomicBool);

impl Drop for StopWhenDropped<'_> {
    fn drop(&mut self) {
        self.0.store(true, Ordering::Relaxed);
    }
}

/// Looks at what runs until `stop`.
fn watch(numbers: &Range<u64>, stop: &AtomicBool) -> Seen {
    let mut seen = Seen::new();
    while !stop.load(Ordering::Relaxed) {
        for (number, pid) in naps(numbers) {
            let started = started(pid);
            if !started.is_empty() {
                seen.entry(number).or_default().insert((pid, started));
            }
        }
        thread::sleep(LOOK_EVERY);
    }
    seen
}

/// When a process was started, in ticks since the machine was; empty if it has ended.
fn started(pid: u32) -> String {
    let stat = fs::read_to_string(format!("/proc/{pid}/stat")).unwrap_or_default();
    let after_name = stat.rsplit_once(')').map_or("", |(_, rest)| rest);
    after_name.split_whitespace().nth(19).unwrap_or_default().to_owned()
}

/// Ends a server with its supervisor, by killing what chance picks.
fn strike(server: &Server, supervisor: u32, dice: &mut Dice) -> Victim {
    let victim =
        *dice.one_of(&[Victim::Server, Victim::Server, Victim::Supervisor, Victim::Both, Victim::Group]);
    match victim {
        Victim::Server => kill(&[server.pid()]),
        Victim::Supervisor => kill(&[supervisor]),
        Victim::Both => kill(&[server.pid(), supervisor]),
        Victim::Group => kill_group(server.pid()),
    }
    victim
}

/// Kills the database under load, and has it back before the server ends, or not.
fn crash(house: &House, cluster: &Cluster, dice: &mut Dice) {
    cluster.kill();
    thread::sleep(dice.time(CRASH_MS.start, CRASH_MS.end));
    if dice.percent(50) {
        cluster.start_again();
        // Perhaps before the server is back.
        house.verify();
        thread::sleep(dice.time(LOAD_MS.start, LOAD_MS.end));
        house.books().check();
    }
}

#[test]
fn whatever_is_killed_the_books_balance_and_nothing_runs_twice() {
    kill_under_load(Database::Sqlite, 0..50_000_000);
}

#[test]
fn whatever_is_killed_the_books_balance_and_nothing_runs_twice_on_postgres() {
    if let Some(postgres) = Database::postgres() {
        kill_under_load(postgres, 50_000_000..100_000_000);
    }
}

/// The rounds, with requests that nothing else on this machine sends at the same time.
fn kill_under_load(database: Database, numbers: Range<u64>) {
    let rounds = std::env::var("RINGFENCE_SOAK_KILLS").map_or(ROUNDS, |text| text.parse().expect("a number"));
    let mut dice = Dice::new();
    let house = House::new(database);
    let books = house.books();
    let notes = Notes::beginning_at(numbers.start);
    let (mut tally, mut lost) = (Tally::default(), Vec::new());
    let mounts = || fs::read_to_string("/proc/self/mountinfo").expect("mounts").lines().count();
    let mounts_before = mounts();
    let mut server = house.serve();
    for round in 1..=rounds {
        let supervisor = server.supervisor();
        house.allow(ROUND_NANO_USD);
        let stop = AtomicBool::new(false);
        let again = std::mem::take(&mut lost);
        tally.add("sent again", again.len() as u64);
        let crashes = house.database().cluster().filter(|_| round.is_multiple_of(CRASH_EVERY));
        // A refusal is told even if the database is gone meanwhile, and cannot record it.
        let mut refusals_recorded = usize::MAX;
        let seen = thread::scope(|scope| {
            let stopping = StopWhenDropped(&stop);
            let watcher = scope.spawn(|| watch(&numbers, &stop));
            let mut their_dice = dice.split();
            let (server, stop, notes, keys) = (&server, &stop, &notes, &house.keys);
            scope.spawn(move || press(&server.url, keys, again, notes, &mut their_dice, stop, &|_, _| {}));
            thread::sleep(dice.time(LOAD_MS.start, LOAD_MS.end));
            books.check();
            if let Some(cluster) = crashes {
                refusals_recorded = notes.count();
                crash(&house, cluster, &mut dice);
                tally.add("killed: Postgres", 1);
            }
            let victim = strike(server, supervisor, &mut dice);
            tally.add(&format!("killed: {victim:?}"), 1);
            if let Some(cluster) = crashes.filter(|cluster| !cluster.is_running()) {
                tally.add("killed after Postgres", 1);
                cluster.start_again();
            }
            eventually("both processes have ended", || gone(server.pid()) && gone(supervisor));
            drop(stopping);
            watcher.join().expect("the watcher ends")
        });
        drop(server);
        tally.add("left to begin", books.numbers(TO_BEGIN)[0].unsigned_abs());
        let told = notes.take();
        told.iter().for_each(|note| tally.told(&note.told));

        server = house.serve();
        eventually(&format!("round {round}: all has come to its end"), || books.open() == 0);
        let seen: Vec<(Work, usize)> = told
            .iter()
            .filter_map(|Note { work, .. }| Some((work.clone(), seen.get(&work.number)?.len())))
            .collect();
        tally.add("seen to run", seen.len() as u64);
        let (is_at_once, written) = (house.database().cluster().is_some(), last_answered(&told));
        let words: Vec<Told> = told
            .iter()
            .enumerate()
            .filter(|(at, Note { told, .. })| *at < refusals_recorded || !told.is_refusal())
            .filter(|(_, note)| is_at_once || note.is_before(written) || !note.told.is_answer())
            .map(|(_, note)| note.told.clone())
            .collect();
        tally.add("answered and looked for", words.iter().filter(|told| told.is_answer()).count() as u64);
        books.check_at_rest(&words, &seen);
        house.verify();
        eventually("nothing of the dead is left", || {
            groups_of(supervisor).is_empty() && naps(&numbers).is_empty()
        });
        assert_eq!(mounts(), mounts_before, "mounts are left");
        let unanswered = told.into_iter().filter(|note| note.work.named && note.told == Told::Nothing);
        lost = unanswered.map(|note| note.work).filter(|_| dice.percent(70)).collect();
    }
    assert!(server.stop(), "the server ends well");
    house.verify();
    let ends = books.ask(&[("SELECT kind, count(*) FROM events GROUP BY kind", json!([]))]);
    eprintln!("{rounds} rounds: {tally:?}, in the record {}", json!(ends[0]));
    if rounds >= ROUNDS_OF_A_SOAK {
        for what in [
            "answered and looked for",
            "promised",
            "no answer",
            "402 budget_exhausted",
            "sent again",
            "seen to run",
            "left to begin",
        ] {
            assert!(tally.of(what) > 0, "it never happened: {what}");
        }
    }
}
