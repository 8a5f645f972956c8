//! What runs keep stays within the quotas of their key and tenant, is counted to the byte whatever happens in
//! whatever order, and nobody's contents go for another's.

use std::collections::BTreeMap;

use crate::common::{START_MS, World, amount, budget_of, charge, event, naming, new_run, put};
use crate::database;
use proptest::prelude::*;
use ringfence_pipeline::files::{Files, QuotaExceeded};
use ringfence_pipeline::ports::{AppendError, Kept, Ledger, LedgerError, Part, Put, Record};
use ringfence_pipeline::run::{Principal, RunId};
use ringfence_store::{ENTRY_BYTES, HOLD_WAIT_MS, Keeping, Store};

/// Largest content that is written with its events, in bytes.
const SMALL: usize = 16 * 1024;

fn content(number: u32, bytes: usize) -> Vec<u8> {
    number.to_le_bytes().into_iter().cycle().take(bytes).collect()
}

fn within(key: u64, tenant: u64) -> Keeping {
    Keeping { run_key_bytes_max: key, run_tenant_bytes_max: tenant, ..Keeping::default() }
}

/// Takes in an input; what has no room for it otherwise.
async fn input(store: &Store, who: &Principal, run: RunId, content: &[u8]) -> Result<Kept, QuotaExceeded> {
    match store.put_blob(who, run, Part::Input, content).await.unwrap() {
        Put::Kept(kept) => Ok(kept),
        Put::NoRoom { quota, .. } => Err(quota),
    }
}

/// A run that has ended, and kept this.
async fn ended(store: &Store, who: &Principal, content: &[u8]) -> Kept {
    let run = new_run();
    let kept = put(store, who, run, content).await;
    store.append(who, run, &[naming(0, "run.settled", &[&kept], START_MS)]).await.unwrap();
    kept
}

/// Bytes of the contents that are there: in the database, and as files.
async fn on_disk(world: &World) -> u64 {
    let small: i64 = sqlx::query_scalar("SELECT coalesce(sum(length(bytes)), 0) FROM contents")
        .fetch_one(&world.raw().await)
        .await
        .unwrap();
    let mut bytes = u64::try_from(small).unwrap();
    for directory in std::fs::read_dir(world.dir.path().join("blobs")).unwrap() {
        for file in std::fs::read_dir(directory.unwrap().path()).unwrap() {
            bytes += file.unwrap().metadata().unwrap().len();
        }
    }
    bytes
}

#[tokio::test]
async fn the_oldest_that_ended_are_erased_for_room_and_no_others() {
    let mut world = World::new().await;
    world.store = world.store.keeping(within(200_000, 300_000));
    let flood = world.principal("acme", amount(9, 9)).await;
    let colleague = world.principal("acme", amount(9, 9)).await;
    let other = world.principal("globex", amount(9, 9)).await;
    let theirs = ended(&world.store, &other, &content(1000, 150_000)).await;
    let colleagues = ended(&world.store, &colleague, &content(1001, 90_000)).await;
    let running = new_run();
    let held = input(&world.store, &flood, running, &content(1002, 50_000)).await.unwrap();
    let started = [naming(0, "run.requested", &[&held], START_MS)];
    world.store.reserve(charge(&flood, running, 0), amount(1, 1), &started).await.unwrap();
    let mut kept = Vec::new();
    for number in 0..60 {
        // Some are files, some are in the database.
        kept.push(
            ended(&world.store, &flood, &content(number, if number % 2 == 0 { 40_000 } else { 9_000 })).await,
        );
        assert!(on_disk(&world).await <= 150_000 + 300_000, "{number}");
    }
    for stays in [&theirs, &colleagues, &held, &kept[59], &kept[58], &kept[57]] {
        assert!(world.store.get_blob(&stays.sha256).await.unwrap().is_some());
    }
    for erased in &kept[..50] {
        assert!(world.store.get_blob(&erased.sha256).await.unwrap().is_none());
    }
}

#[tokio::test]
async fn runs_in_progress_take_half_and_one_more_is_refused_and_leaves_nothing() {
    let mut world = World::new().await;
    world.store = world.store.keeping(within(200_000, 1_000_000));
    let who = world.principal("acme", amount(9, 9)).await;
    let old = ended(&world.store, &who, &content(99, 90_000)).await;
    let first = new_run();
    let kept = input(&world.store, &who, first, &content(1, 60_000)).await.unwrap();
    let started = [naming(0, "run.requested", &[&kept], START_MS)];
    world.store.reserve(charge(&who, first, 0), amount(1, 1), &started).await.unwrap();
    let before = on_disk(&world).await;

    // A large one is refused before it is written, after one that fits, which is given up.
    let second = new_run();
    input(&world.store, &who, second, &content(2, 20_000)).await.unwrap();
    let quota = input(&world.store, &who, second, &content(3, 20_000)).await.unwrap_err();
    assert_eq!((quota.scope, quota.unit, quota.limit), ("key", "bytes", 100_000));
    assert_eq!(quota.used, 60_000 + ENTRY_BYTES, "of others");
    world.store.give_up(&who, second).await.unwrap();
    assert_eq!(on_disk(&world).await, before);

    // Small ones are refused with their events.
    let third = new_run();
    let mut small = Vec::new();
    for number in 0..3 {
        small.push(input(&world.store, &who, third, &content(10 + number, SMALL)).await.unwrap());
    }
    let named = [naming(0, "run.requested", &small.iter().collect::<Vec<_>>(), START_MS)];
    let refused = world.store.reserve(charge(&who, third, 0), amount(1, 1), &named).await;
    assert!(matches!(refused, Err(LedgerError::Quota(quota)) if quota.used == 60_000 + ENTRY_BYTES));
    assert!(matches!(world.store.append(&who, third, &named).await, Err(AppendError::Quota(_))));
    assert_eq!(world.store.history(&who, third).await.unwrap(), []);
    assert_eq!(budget_of(&world.store, &who).await.reserved, amount(1, 1));
    assert_eq!(on_disk(&world).await, before);
    assert!(world.store.get_blob(&old.sha256).await.unwrap().is_some(), "what is refused erases nothing");

    // What comes of the first one has room, and when it has ended the next one has.
    let output = put(&world.store, &who, first, &content(5, 90_000)).await;
    let end = [naming(1, "run.settled", &[&output], START_MS)];
    world.store.settle(&who, first, 0, amount(1, 1), &end).await.unwrap();
    assert!(world.store.get_blob(&output.sha256).await.unwrap().is_some());
    world.store.reserve(charge(&who, third, 0), amount(1, 1), &named).await.unwrap();
}

#[tokio::test]
async fn an_output_beyond_the_quota_is_not_written_and_its_run_ends_all_the_same() {
    let mut world = World::new().await;
    world.store = world.store.keeping(within(100_000, 1_000_000));
    let who = world.principal("acme", amount(9, 9)).await;
    let run = new_run();
    world.store.reserve(charge(&who, run, 0), amount(1, 1), &[event(0, "run.requested")]).await.unwrap();
    let put = world.store.put_blob(&who, run, Part::Output, &content(1, 120_000)).await.unwrap();
    assert!(matches!(put, Put::NoRoom { .. }));
    assert_eq!(on_disk(&world).await, 0);
    let small: Vec<Kept> = (0..8_u8)
        .map(|number| Kept {
            sha256: format!("{number:064x}"),
            size: 16_000,
            unwritten: Some(vec![number; 16_000].into()),
        })
        .collect();
    let end = [naming(1, "run.settled", &small.iter().collect::<Vec<_>>(), START_MS)];
    world.store.settle(&who, run, 0, amount(1, 1), &end).await.unwrap();
    assert_eq!(world.store.history(&who, run).await.unwrap().len(), 2);
    assert_eq!(on_disk(&world).await, 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_flood_by_two_processes_stays_within_the_quota_at_every_moment() {
    let mut world = World::new().await;
    let keeping = within(400_000, 500_000);
    world.store = world.store.keeping(keeping);
    let beside = world.another().await.keeping(keeping);
    let who = world.principal("acme", amount(900, 900)).await;
    let runs: Vec<_> = (0..120_u32)
        .map(|number| {
            let (store, who) = ([&world.store, &beside][number as usize % 2].clone(), who.clone());
            tokio::spawn(async move {
                // Sent again until it is admitted.
                let (run, kept) = loop {
                    let run = new_run();
                    match input(&store, &who, run, &content(number, 40_000)).await {
                        Ok(kept) => break (run, kept),
                        Err(_) => store.give_up(&who, run).await.unwrap(),
                    }
                };
                let started = [naming(0, "run.requested", &[&kept], START_MS)];
                store.reserve(charge(&who, run, 0), amount(1, 1), &started).await.unwrap();
                let end = [naming(1, "run.settled", &[], START_MS)];
                store.settle(&who, run, 0, amount(1, 1), &end).await.unwrap();
            })
        })
        .collect();
    let mut most = 0;
    while runs.iter().any(|run| !run.is_finished()) {
        most = most.max(on_disk_now(&world));
        tokio::task::yield_now().await;
    }
    for run in runs {
        run.await.unwrap();
    }
    let last = on_disk(&world).await;
    assert!(most <= 400_000 && (200_000..=400_000).contains(&last), "{most} at most, {last} at last");
}

/// Bytes of files that are there while others come and go.
fn on_disk_now(world: &World) -> u64 {
    let files = |path| std::fs::read_dir(path).into_iter().flatten().flatten();
    let directories = files(world.dir.path().join("blobs"));
    directories.flat_map(|dir| files(dir.path())).filter_map(|file| Some(file.metadata().ok()?.len())).sum()
}

#[tokio::test]
async fn what_nobody_names_is_swept_after_a_while_and_not_while_it_may_be_named() {
    let world = World::new().await;
    let who = world.principal("acme", amount(9, 9)).await;
    // A crash came between put and name; the other run is about to name.
    let crashed = put(&world.store, &who, new_run(), &content(1, 50_000)).await;
    world.pass(HOLD_WAIT_MS - 1);
    let run = new_run();
    let kept = put(&world.store, &who, run, &content(2, 50_000)).await;
    let there = async |kept: &Kept| world.store.get_blob(&kept.sha256).await.unwrap().is_some();
    assert_eq!(world.store.sweep(world.now()).await.unwrap().contents, 0);
    world.pass(1);
    assert_eq!(world.store.sweep(world.now()).await.unwrap().contents, 1);
    assert!(!there(&crashed).await && there(&kept).await);
    world.store.append(&who, run, &[naming(0, "run.requested", &[&kept], world.now())]).await.unwrap();
    // What is named with an end is kept for as long, put at once or before.
    let (early, ended) = (new_run(), ended(&world.store, &who, &content(3, 50_000)).await);
    let output = put(&world.store, &who, early, &content(4, 50_000)).await;
    world.store.append(&who, early, &[event(0, "run.requested")]).await.unwrap();
    world.store.append(&who, early, &[naming(1, "run.settled", &[&output], world.now())]).await.unwrap();
    world.pass(2 * HOLD_WAIT_MS);
    assert_eq!(world.store.sweep(world.now()).await.unwrap().contents, 0);
    assert!(there(&kept).await && there(&ended).await && there(&output).await);
}

#[tokio::test]
async fn whoever_ended_a_run_does_not_begin_it_again_by_what_it_puts() {
    let world = World::new().await;
    let who = world.principal("acme", amount(9, 9)).await;
    let run = new_run();
    let named = put(&world.store, &who, run, &content(1, 20_000)).await;
    world.store.append(&who, run, &[naming(0, "run.interrupted", &[&named], START_MS)]).await.unwrap();
    // Another process carried it out until then.
    let late = put(&world.store, &who, run, &content(2, 20_000)).await;
    check(&world).await;
    let kept: Vec<(i64, i64)> =
        sqlx::query_as("SELECT ended, bytes FROM kept").fetch_all(&world.raw().await).await.unwrap();
    assert_eq!(kept, [(1, i64::try_from(40_000 + 2 * ENTRY_BYTES).unwrap())]);
    world.store.give_up(&who, run).await.unwrap();
    assert!(world.store.get_blob(&late.sha256).await.unwrap().is_some());
}

#[tokio::test]
async fn runs_whose_time_is_over_are_found_among_many_whose_time_is_not() {
    let mut world = World::new().await;
    let who = world.principal("acme", amount(9, 9)).await;
    let other = world.principal("globex", amount(9, 9)).await;
    // Retention was shortened, so that the younger ones go first.
    let kept = ended(&world.store, &who, &content(1, 50_000)).await;
    for tenant in ["acme", "globex"] {
        let many = format!(
            "WITH RECURSIVE n (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM n WHERE n < 8000)
             INSERT INTO kept (run, tenant, key_id, bytes, ended, until_ms)
             SELECT '00' || n, '{tenant}', 'none', 0, 1, {START_MS} + 999999999999 FROM n"
        );
        sqlx::query(sqlx::AssertSqlSafe(many)).execute(&world.raw().await).await.unwrap();
    }
    world.store = world.store.keeping(Keeping { run_ms: 1, ..Keeping::default() });
    let over = [
        ended(&world.store, &who, &content(2, 50_000)).await,
        ended(&world.store, &other, &content(3, 50_000)).await,
    ];
    world.pass(HOLD_WAIT_MS);
    let mut contents = 0;
    for _ in 0..2 {
        contents += world.store.sweep(world.now()).await.unwrap().contents;
    }
    assert_eq!(contents, 2);
    assert!(world.store.get_blob(&kept.sha256).await.unwrap().is_some());
    assert!(world.store.get_blob(&over[0].sha256).await.unwrap().is_none());
    assert_eq!(world.store.sweep(world.now()).await.unwrap().contents, 0);
    let late = ended(&world.store, &who, &content(4, 50_000)).await;
    world.pass(HOLD_WAIT_MS);
    for _ in 0..2 {
        world.store.sweep(world.now()).await.unwrap();
    }
    assert!(world.store.get_blob(&late.sha256).await.unwrap().is_none(), "it begins again");
}

#[tokio::test]
async fn files_that_the_database_does_not_know_are_found_once_they_are_old() {
    let world = World::new().await;
    let directory = world.dir.path().join("blobs/00");
    std::fs::create_dir(&directory).unwrap();
    // The first of the directories has its turn when the minutes are a multiple of 256.
    world.pass(256 * 60_000 - world.now() % (256 * 60_000));
    let stray = |name: &str, age_ms: i64| {
        let path = directory.join(format!("00{}", name.repeat(31)));
        std::fs::write(&path, b"stray").unwrap();
        let put_ms = std::time::Duration::from_millis(u64::try_from(world.now() - age_ms).unwrap());
        let file = std::fs::File::options().write(true).open(&path).unwrap();
        file.set_modified(std::time::UNIX_EPOCH + put_ms).unwrap();
        path
    };
    let (old, recent) = (stray("00", HOLD_WAIT_MS + 1), stray("01", HOLD_WAIT_MS - 1));
    assert_eq!(world.store.sweep(world.now()).await.unwrap().contents, 1);
    assert!(!old.exists() && recent.exists());
}

#[tokio::test]
async fn a_lowered_quota_is_enforced_by_the_next_sweep() {
    let mut world = World::new().await;
    let who = world.principal("acme", amount(9, 9)).await;
    let mut kept = Vec::new();
    for number in 0..5 {
        kept.push(ended(&world.store, &who, &content(number, 50_000)).await);
    }
    world.store = world.store.keeping(within(120_000, 1_000_000));
    while world.store.sweep(world.now()).await.unwrap().more {}
    let there = async |kept: &Kept| world.store.get_blob(&kept.sha256).await.unwrap().is_some();
    assert!(!there(&kept[2]).await && there(&kept[3]).await);
}

#[tokio::test]
async fn content_of_one_stays_while_another_run_or_an_upload_has_it() {
    let mut world = World::new().await;
    world.store = world.store.keeping(within(100_000, 100_000));
    let (who, other) =
        (world.principal("acme", amount(9, 9)).await, world.principal("globex", amount(9, 9)).await);
    let shared = ended(&world.store, &who, &content(1, 60_000)).await;
    assert_eq!(ended(&world.store, &other, &content(1, 60_000)).await, shared);
    ended(&world.store, &who, &content(2, 60_000)).await;
    assert!(world.store.get_blob(&shared.sha256).await.unwrap().is_some(), "another tenant has it");
    ended(&world.store, &other, &content(3, 60_000)).await;
    assert!(world.store.get_blob(&shared.sha256).await.unwrap().is_none());

    let mut incoming = world.store.receive(&who, None).await.unwrap();
    incoming.write(&content(4, 60_000)).await.unwrap();
    incoming.end_file("f".to_owned()).await.unwrap();
    let upload = incoming.keep().await.unwrap().remove(0).id;
    ended(&world.store, &who, &content(4, 60_000)).await;
    ended(&world.store, &who, &content(5, 60_000)).await;
    assert!(world.store.get_blob(&upload).await.unwrap().is_some(), "it was uploaded");
}

#[derive(Debug, Clone)]
enum Op {
    Put { run: usize, part: Part, content: u32 },
    Name { run: usize },
    End { run: usize },
    GiveUp { run: usize },
    Pass { ms: i64 },
    Sweep,
    Upload { content: u32 },
    Remove { content: u32 },
}

fn op() -> impl Strategy<Value = Op> {
    let part = || prop_oneof![Just(Part::Input), Just(Part::Output)];
    prop_oneof![
        6 => (0..6_usize, part(), 0..8_u32).prop_map(|(run, part, content)| Op::Put { run, part, content }),
        3 => (0..6_usize).prop_map(|run| Op::Name { run }),
        3 => (0..6_usize).prop_map(|run| Op::End { run }),
        1 => (0..6_usize).prop_map(|run| Op::GiveUp { run }),
        1 => (0..HOLD_WAIT_MS).prop_map(|ms| Op::Pass { ms }),
        1 => Just(Op::Sweep),
        1 => (0..8_u32).prop_map(|content| Op::Upload { content }),
        1 => (0..8_u32).prop_map(|content| Op::Remove { content }),
    ]
}

/// A run of the test: whose it is, what it has put and not named, and its next event.
struct Try {
    id: RunId,
    who: usize,
    put: BTreeMap<String, Kept>,
    seq: u32,
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 32 / database::TIMES_SLOWER, failure_persistence: None, ..Default::default() })]

    // Whatever is tried in whatever order: sums are those of the holds, no quota is exceeded, what somebody
    // holds and has written is there, and nothing is there that nobody wants.
    #[test]
    fn sums_are_exact_and_nothing_is_lost_or_left(ops in prop::collection::vec(op(), 1..60)) {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(async {
            let mut world = World::new().await;
            world.store = world.store.keeping(within(90_000, 120_000));
            let keys = [
                world.principal("acme", amount(900, 900)).await,
                world.principal("acme", amount(900, 900)).await,
                world.principal("globex", amount(900, 900)).await,
            ];
            let fresh = |who| Try { id: new_run(), who, put: BTreeMap::new(), seq: 0 };
            let mut runs: Vec<Try> = (0..6).map(|n| fresh(n % 3)).collect();
            for op in ops {
                apply(&world, &keys, &mut runs, &op).await;
                check(&world).await;
            }
        });
    }
}

async fn apply(world: &World, keys: &[Principal], runs: &mut [Try], op: &Op) {
    let store = &world.store;
    let size = |number: u32| if number.is_multiple_of(2) { 9_000 } else { 25_000 };
    match *op {
        Op::Put { run, part, content: number } => {
            let run = &mut runs[run];
            let content = content(number, size(number));
            if let Put::Kept(kept) = store.put_blob(&keys[run.who], run.id, part, &content).await.unwrap() {
                run.put.insert(kept.sha256.clone(), kept);
            }
        }
        Op::Name { run } | Op::End { run } => {
            let ends = matches!(op, Op::End { .. });
            let run = &mut runs[run];
            let kind = if ends { "run.settled" } else { "run.requested" };
            let event = naming(run.seq, kind, &run.put.values().collect::<Vec<_>>(), world.now());
            match store.append(&keys[run.who], run.id, &[event]).await {
                Ok(()) if ends => *run = Try { id: new_run(), who: run.who, put: BTreeMap::new(), seq: 0 },
                Ok(()) => (run.put, run.seq) = (BTreeMap::new(), run.seq + 1),
                Err(AppendError::Quota(_)) if !ends => {}
                Err(error) => panic!("{error}"),
            }
        }
        Op::GiveUp { run } => {
            let run = &mut runs[run];
            store.give_up(&keys[run.who], run.id).await.unwrap();
            run.put.clear();
        }
        Op::Pass { ms } => {
            world.pass(ms);
            // Nobody takes as long.
            runs.iter_mut().for_each(|run| run.put.clear());
        }
        Op::Sweep => while store.sweep(world.now()).await.unwrap().more {},
        Op::Upload { content: number } => {
            let mut incoming = store.receive(&keys[0], None).await.unwrap();
            incoming.write(&content(number, size(number))).await.unwrap();
            incoming.end_file("f".to_owned()).await.unwrap();
            incoming.keep().await.unwrap();
        }
        Op::Remove { content: number } => {
            for file in store.files(&keys[0], None, 99).await.unwrap() {
                if store.get_blob(&file.id).await.unwrap() == Some(content(number, size(number))) {
                    assert!(store.remove_file(&keys[0], &file.id).await.unwrap());
                }
            }
        }
    }
}

async fn check(world: &World) {
    let raw = world.raw().await;
    let wrong: i64 = sqlx::query_scalar(
        "SELECT (SELECT count(*) FROM kept WHERE bytes !=
                    (SELECT coalesce(sum(bytes), 0) FROM holds WHERE holds.run = kept.run))
              + (SELECT count(*) FROM holds WHERE run NOT IN (SELECT run FROM kept))
              + (SELECT count(*) FROM used WHERE bytes != (SELECT coalesce(sum(bytes), 0) FROM kept
                    WHERE CASE used.scope WHEN 'key' THEN key_id ELSE tenant END = used.id))
              + (SELECT count(*) FROM used WHERE bytes > CASE scope WHEN 'key' THEN 90000 ELSE 120000 END)",
    )
    .fetch_one(&raw)
    .await
    .unwrap();
    assert_eq!(wrong, 0);
    let wanted: Vec<String> = sqlx::query_scalar("SELECT sha256 FROM holds UNION SELECT sha256 FROM files")
        .fetch_all(&raw)
        .await
        .unwrap();
    for hash in &wanted {
        world.store.read_blob(hash).await.unwrap();
    }
    let small: Vec<String> = sqlx::query_scalar("SELECT sha256 FROM contents").fetch_all(&raw).await.unwrap();
    let directories = std::fs::read_dir(world.dir.path().join("blobs")).unwrap();
    let files = directories.flat_map(|dir| std::fs::read_dir(dir.unwrap().path()).unwrap());
    let files = files.map(|file| file.unwrap().file_name().into_string().unwrap());
    for hash in small.into_iter().chain(files) {
        assert!(wanted.contains(&hash), "nobody wants {hash}");
    }
    raw.close().await;
}
