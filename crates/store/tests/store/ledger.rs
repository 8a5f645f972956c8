//! The ledger never admits more than the limit, whoever asks at once, and a crash loses nothing.

use std::process::{Command, Stdio};
use std::sync::Arc;

use crate::common::{START_MS, World, amount, budget_of, caps, charge, event, missing, new_run, requested};
use ringfence_pipeline::budget::{Amount, BudgetScope, Period, Unit};
use ringfence_pipeline::budgets::Budgets;
use ringfence_pipeline::ports::{Ledger, Record};
use ringfence_pipeline::run::{Event, Principal, Recorded, Run, RunId, Stage};
use ringfence_store::{LEASE_MARGIN_MS, Store};

use crate::database::Pool;
use tokio::sync::Barrier;

const TASKS: usize = 64;
const LIMIT_RUNS: i64 = 10;
/// Names the directory for the tests that are started as processes of their own.
const CHILD_DIR: &str = "RINGFENCE_STORE_TEST_DIR";
const CHILD_URL: &str = "RINGFENCE_TEST_URL";
const CHILD_USER: &str = "child";

#[tokio::test]
async fn what_is_used_replaces_what_was_held() {
    let world = World::new().await;
    let principal = world.principal("acme", amount(2, 100)).await;
    let run = new_run();
    world.store.reserve(charge(&principal, run, 0), amount(1, 60), &[event(0, "a")]).await.unwrap();
    let refused = world.store.reserve(charge(&principal, run, 1), amount(1, 60), &[event(1, "b")]).await;
    assert_eq!(missing(&refused.unwrap_err()), (Unit::SandboxMs, 20, 100));
    world.store.settle(&principal, run, 0, amount(1, 25), &[event(1, "c")]).await.unwrap();
    let budget = budget_of(&world.store, &principal).await;
    assert_eq!((budget.spent, budget.reserved), (amount(1, 25), amount(0, 0)));
    world.store.reserve(charge(&principal, run, 1), amount(1, 75), &[event(2, "d")]).await.unwrap();
    let kinds: Vec<_> =
        world.store.history(&principal, run).await.unwrap().into_iter().map(|e| e.kind).collect();
    assert_eq!(kinds, ["a", "c", "d"]);
}

#[tokio::test]
async fn what_is_settled_soon_is_settled_for_whoever_asks_next() {
    const STEPS: i64 = 50;
    let mut world = World::new().await;
    // The last ones fit only if all before have been settled.
    let principal = world.principal("acme", amount(STEPS, STEPS * 10 + 90)).await;
    let run = new_run();
    for step in 0..u32::try_from(STEPS).unwrap() {
        let seq = step * 2;
        let begun = [event(seq, "begun")];
        world.store.reserve(charge(&principal, run, step), amount(1, 100), &begun).await.unwrap();
        let ended = [event(seq + 1, "ended")];
        let used = amount(1, 10);
        let (_, rest) = world.store.settle_soon(&principal, run, step, used, &ended).await.unwrap();
        rest.map(tokio::spawn);
        let history = world.store.history(&principal, run).await.unwrap();
        assert_eq!(history.last(), Some(&ended[0]));
    }
    // Nor does a store close before.
    world.restart().await;
    assert_eq!(budget_of(&world.store, &principal).await.spent, amount(STEPS, STEPS * 10));
}

#[tokio::test]
async fn more_than_was_held_is_recorded_in_full() {
    let world = World::new().await;
    let principal = world.principal("acme", amount(5, 100)).await;
    let run = new_run();
    world.store.reserve(charge(&principal, run, 0), amount(1, 60), &[event(0, "a")]).await.unwrap();
    world.store.settle(&principal, run, 0, amount(1, 250), &[]).await.unwrap();
    assert_eq!(budget_of(&world.store, &principal).await.spent, amount(1, 250));
    let refused =
        world.store.reserve(charge(&principal, run, 1), amount(1, 0), &[event(0, "a")]).await.unwrap_err();
    assert_eq!(missing(&refused).1, 150);
}

#[tokio::test]
async fn a_final_step_is_not_admitted_again_and_amounts_out_of_range_are_refused() {
    let world = World::new().await;
    let principal = world.principal("acme", amount(9, 900)).await;
    let other = world.principal("acme", amount(9, 900)).await;
    let run = new_run();
    let reserve = async |who: &Principal, runs, ms| {
        world
            .store
            .reserve(charge(who, run, 0), amount(runs, ms), &[event(0, "a")])
            .await
            .map_err(|e| e.to_string())
    };
    for (runs, ms) in [(-1, 1), (1, -1), (i64::MAX, 1), (1, i64::MIN)] {
        assert!(reserve(&principal, runs, ms).await.unwrap_err().contains("is not between"));
    }
    reserve(&principal, 1, 60).await.unwrap();
    assert!(reserve(&other, 1, 60).await.unwrap_err().contains("another key's"));
    world.store.settle(&other, run, 0, amount(1, 1), &[]).await.unwrap_err();
    world.store.settle(&principal, run, 7, amount(1, 1), &[]).await.unwrap_err();
    world.store.settle(&principal, run, 0, amount(1, 1), &[]).await.unwrap();
    world.store.settle(&principal, run, 0, amount(1, 1), &[]).await.unwrap();
    world.store.settle(&principal, run, 0, amount(1, 2), &[]).await.unwrap_err();
    assert!(reserve(&principal, 1, 60).await.unwrap_err().contains("settled already"));
    assert_eq!(budget_of(&world.store, &other).await.reserved, amount(0, 0));
}

#[tokio::test]
async fn a_sum_that_leaves_an_integer_is_refused_rather_than_rounded() {
    let world = World::new().await;
    let principal = world.principal("acme", amount(9, 900)).await;
    for near in [
        format!("UPDATE budgets SET limit_runs = {} WHERE kind = 3", i64::MAX),
        format!("UPDATE balances SET spent_runs = {} - 1 WHERE kind = 3", i64::MAX),
    ] {
        sqlx::query(sqlx::AssertSqlSafe(near)).execute(&world.raw().await).await.unwrap();
    }
    let run = new_run();
    let refused =
        world.store.reserve(charge(&principal, run, 0), amount(2, 1), &[event(0, "a")]).await.unwrap_err();
    assert_eq!(missing(&refused).1, 1);
    world.store.reserve(charge(&principal, run, 0), amount(1, 1), &[event(0, "a")]).await.unwrap();
    world.store.settle(&principal, run, 0, amount(5, 1), &[]).await.unwrap_err();
    assert_eq!(budget_of(&world.store, &principal).await.reserved, amount(1, 1));
}

#[tokio::test]
async fn what_a_crash_left_held_is_settled_at_its_bound_once_its_lease_is_over() {
    let mut world = World::new().await;
    let principal = world.principal("acme", amount(9, 900)).await;
    let (lost, alive) = (new_run(), new_run());
    let started = started(lost, amount(1, 100));
    world.store.reserve(charge(&principal, lost, 0), amount(1, 100), &started).await.unwrap();
    world.pass(LEASE_MARGIN_MS + 99);
    world.store.reserve(charge(&principal, alive, 0), amount(1, 50), &[event(0, "a")]).await.unwrap();
    // Whoever holds it may be this one.
    let _other = world.another().await;
    world.restart().await;
    assert_eq!(world.store.recover(world.now()).await.unwrap().ended, []);
    world.pass(1);

    let interrupted = world.store.interrupted(world.now()).await.unwrap();
    assert_eq!(interrupted.len(), 1);
    assert_eq!((interrupted[0].run, interrupted[0].amount), (lost, amount(1, 100)));
    assert_eq!(world.store.recover(world.now()).await.unwrap().ended, interrupted);
    assert_eq!(world.store.recover(world.now()).await.unwrap().ended, []);

    let budget = budget_of(&world.store, &principal).await;
    assert_eq!((budget.spent, budget.reserved), (amount(1, 100), amount(1, 50)));
    let history = world.store.history(&principal, lost).await.unwrap();
    assert_eq!(Run::replay(lost, &history).unwrap().stage(), Some(Stage::Interrupted));
    assert_eq!(history.last().unwrap().at_ms, world.now());
    let late = world.store.settle(&principal, lost, 0, amount(1, 5), &[event(1, "b")]).await;
    assert!(late.unwrap_err().to_string().contains("was interrupted"));
}

#[tokio::test]
async fn what_a_run_that_has_ended_left_held_is_settled_without_another_end() {
    let world = World::new().await;
    let principal = world.principal("acme", amount(9, 900)).await;
    let run = new_run();
    let mut events = started(run, amount(1, 100));
    let failed = Event::Failed { reason: "the settlement failed".to_owned() };
    events.push(Run::replay(run, &events).unwrap().apply(&failed, START_MS).unwrap());
    world.store.reserve(charge(&principal, run, 0), amount(1, 100), &events).await.unwrap();
    assert_eq!(world.store.recover(i64::MAX).await.unwrap().ended.len(), 1);
    assert_eq!(world.store.history(&principal, run).await.unwrap(), events);
    assert_eq!(budget_of(&world.store, &principal).await.spent, amount(1, 100));
}

#[tokio::test]
async fn many_interrupted_steps_are_all_recovered() {
    let world = World::new().await;
    let principal = world.principal("acme", amount(1000, 0)).await;
    for _ in 0..230 {
        world.store.reserve(charge(&principal, new_run(), 0), amount(1, 0), &[event(0, "a")]).await.unwrap();
    }
    let later = world.now() + LEASE_MARGIN_MS;
    let other = world.another().await;
    let (one, two) = tokio::join!(world.store.recover(later), other.recover(later));
    assert_eq!(one.unwrap().ended.len() + two.unwrap().ended.len(), 230);
    assert_eq!(budget_of(&world.store, &principal).await.spent, amount(230, 0));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn many_at_once_through_two_instances_never_exceed_the_limit() {
    let world = World::new().await;
    let other = world.another().await;
    let principal = world.principal("acme", amount(LIMIT_RUNS, 1_000_000)).await;
    let start = Arc::new(Barrier::new(TASKS));
    let tasks: Vec<_> = (0..TASKS)
        .map(|at| {
            let store = if at % 2 == 0 { world.store.clone() } else { other.clone() };
            let (principal, start) = (principal.clone(), Arc::clone(&start));
            tokio::spawn(async move {
                start.wait().await;
                reserve_and_settle(&store, &principal, 5).await
            })
        })
        .collect();
    let mut admitted = 0;
    for task in tasks {
        admitted += task.await.unwrap();
    }
    let budget = budget_of(&world.store, &principal).await;
    assert_eq!((admitted, budget.spent.runs, budget.reserved.runs), (LIMIT_RUNS, LIMIT_RUNS, 0));
}

/// The contrast: what the ledger must not do. All tasks look before any of them records.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn checking_first_and_recording_after_overspends() {
    let world = World::new().await;
    let principal = world.principal("acme", amount(LIMIT_RUNS, 1_000_000)).await;
    let raw = world.raw().await;
    let looked = Arc::new(Barrier::new(TASKS));
    let tasks: Vec<_> = (0..TASKS)
        .map(|_| {
            let (store, raw) = (world.store.clone(), raw.clone());
            let (principal, looked) = (principal.clone(), Arc::clone(&looked));
            tokio::spawn(async move { check_then_record(&store, &raw, &principal, &looked).await })
        })
        .collect();
    for task in tasks {
        task.await.unwrap();
    }
    let spent = budget_of(&world.store, &principal).await.spent.runs;
    assert_eq!(spent, i64::try_from(TASKS).unwrap(), "the contrast no longer overspends");
}

async fn check_then_record(store: &Store, raw: &Pool, who: &Principal, looked: &Barrier) {
    let budget = budget_of(store, who).await;
    looked.wait().await;
    if Some(budget.spent.runs) < budget.limit.runs {
        sqlx::query("UPDATE balances SET spent_runs = spent_runs + 1 WHERE name = $1")
            .bind(&who.key_id)
            .execute(raw)
            .await
            .unwrap();
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn several_processes_share_one_budget() {
    let world = World::new().await;
    let principal = world.store.local_principal(CHILD_USER, START_MS).await.unwrap();
    let scope = BudgetScope::key(&principal.tenant, &principal.key_id);
    let limits = [(Period::Total, caps(amount(LIMIT_RUNS, 1_000_000)))];
    world.store.set_budget("test", &scope, &limits, None).await.unwrap();
    let children: Vec<_> = (0..3).map(|_| child(&world, "ledger::as_a_child_reserve_and_settle")).collect();
    reserve_and_settle(&world.store, &principal, 20).await;
    for mut child in children {
        assert!(child.wait().unwrap().success());
    }
    let admitted = i64::try_from(world.store.runs(&principal, None, 100).await.unwrap().len()).unwrap();
    let budget = budget_of(&world.store, &principal).await;
    assert_eq!((admitted, budget.spent.runs, budget.reserved.runs), (LIMIT_RUNS, LIMIT_RUNS, 0));
}

#[tokio::test]
async fn a_killed_process_leaves_its_reservation_behind() {
    let world = World::new().await;
    let principal = world.store.local_principal(CHILD_USER, START_MS).await.unwrap();
    assert!(!child(&world, "ledger::as_a_child_reserve_and_die").wait().unwrap().success());
    assert_eq!(budget_of(&world.store, &principal).await.reserved, amount(1, 700));
    let recovered = world.store.recover(i64::MAX).await.unwrap().ended;
    assert_eq!(recovered.len(), 1);
    assert_eq!(budget_of(&world.store, &principal).await.spent, amount(1, 700));
}

#[tokio::test]
#[ignore = "is started by several_processes_share_one_budget"]
async fn as_a_child_reserve_and_settle() {
    let (store, principal) = parents_store().await;
    reserve_and_settle(&store, &principal, 20).await;
}

#[tokio::test]
#[ignore = "is started by a_killed_process_leaves_its_reservation_behind"]
async fn as_a_child_reserve_and_die() {
    let (store, principal) = parents_store().await;
    store.reserve(charge(&principal, new_run(), 0), amount(1, 700), &[event(0, "a")]).await.unwrap();
    std::process::abort();
}

/// Tries to reserve and settle one run so many times; says how often it was admitted.
async fn reserve_and_settle(store: &Store, principal: &Principal, times: u32) -> i64 {
    let mut admitted = 0;
    for _ in 0..times {
        let run: RunId = new_run();
        match store.reserve(charge(principal, run, 0), amount(1, 10), &[event(0, "a")]).await {
            Ok(()) => {
                admitted += 1;
                store.settle(principal, run, 0, amount(1, 3), &[event(1, "b")]).await.unwrap();
            }
            Err(refusal) => assert_eq!(missing(&refusal), (Unit::Runs, 1, LIMIT_RUNS)),
        }
    }
    admitted
}

/// The history of a run whose first step has just started.
fn started(id: RunId, reserved: Amount) -> Vec<Recorded> {
    let mut run = Run::new(id);
    [requested(false), Event::FactsStarted { step: 0, reserved }]
        .iter()
        .map(|event| run.apply(event, START_MS).unwrap())
        .collect()
}

fn child(world: &World, test: &str) -> std::process::Child {
    Command::new(std::env::current_exe().unwrap())
        .args(["--ignored", "--exact", test])
        .env(CHILD_DIR, world.dir.path())
        .envs(world.url().map(|url| (CHILD_URL, url)))
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .unwrap()
}

/// In a child: the parent's store, and the identity both use.
async fn parents_store() -> (Store, Principal) {
    let dir = std::env::var_os(CHILD_DIR).expect("is started by another test only");
    let url = std::env::var(CHILD_URL).ok();
    let store = Store::open(dir.as_ref(), url.as_deref()).await.unwrap();
    let principal = store.local_principal(CHILD_USER, START_MS).await.unwrap();
    (store, principal)
}
