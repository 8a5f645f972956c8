//! What a process that is gone left in progress comes to an end, or is begun by another one.

use crate::common::{START_MS, World, amount, budget_of, charge, new_run, requested};
use ringfence_pipeline::budget::Amount;
use ringfence_pipeline::ports::{Claim, Claimed, Ledger, Record};
use ringfence_pipeline::run::{Event, Principal, Recorded, Run, RunId, Stage};
use ringfence_store::{LEASE_MARGIN_MS, Recovered, Reservation, Store};

/// What is reserved for each step.
const BOUND: Amount = Amount { nano_usd: 0, tokens: 0, runs: 1, sandbox_ms: 100 };

/// A run's history that grows.
struct History(Run);

impl History {
    fn new() -> History {
        History(Run::new(new_run()))
    }

    fn id(&self) -> RunId {
        self.0.id()
    }

    fn next(&mut self, events: &[Event]) -> Vec<Recorded> {
        events.iter().map(|event| self.0.apply(event, START_MS).unwrap()).collect()
    }
}

/// A run that waits for its turn.
async fn waiting(world: &World, principal: &Principal, later: bool) -> History {
    let mut history = History::new();
    let limits = ringfence_job::LimitsPolicy::default().resolve(&ringfence_job::LimitsPatch::default());
    let reserved = Event::BudgetReserved { step: 0, reserved: BOUND };
    let events = [requested(later), Event::PolicyPassed { limits: limits.unwrap() }, reserved];
    let events = history.next(&events);
    world.store.reserve(charge(principal, history.id(), 0), BOUND, &events).await.unwrap();
    history
}

async fn stage(store: &Store, principal: &Principal, run: RunId) -> Option<Stage> {
    Run::replay(run, &store.history(principal, run).await.unwrap()).unwrap().stage()
}

fn ids(reservations: &[Reservation]) -> Vec<RunId> {
    reservations.iter().map(|reservation| reservation.run).collect()
}

#[tokio::test]
async fn an_accepted_run_that_has_not_begun_is_begun_by_one_process() {
    let mut world = World::new().await;
    let principal = world.principal("acme", amount(9, 900)).await;
    let mut run = waiting(&world, &principal, true).await;
    assert_eq!(world.store.recover(world.now()).await.unwrap(), Recovered::default());
    world.restart().await;
    let other = world.another().await;
    let late = world.store.start(&principal, run.id(), 0, &[]).await.unwrap_err();
    assert!(late.to_string().contains("nothing is held"), "{late}");
    for store in [&world.store, &other] {
        let recovered = store.recover(world.now()).await.unwrap();
        assert_eq!((ids(&recovered.to_begin), recovered.ended), (vec![run.id()], vec![]));
    }
    assert!(world.store.adopt(&principal, run.id(), 0).await.unwrap());
    assert!(!other.adopt(&principal, run.id(), 0).await.unwrap());
    assert_eq!(other.recover(world.now()).await.unwrap(), Recovered::default());
    let started = run.next(&[Event::ExecStarted { step: 0 }]);
    world.store.start(&principal, run.id(), 0, &started).await.unwrap();
    other.start(&principal, run.id(), 0, &started).await.unwrap_err();
    // It may have done anything from now on.
    world.pass(LEASE_MARGIN_MS + BOUND.sandbox_ms);
    let recovered = other.recover(world.now()).await.unwrap();
    assert_eq!((ids(&recovered.ended), recovered.to_begin), (vec![run.id()], vec![]));
    assert_eq!(stage(&other, &principal, run.id()).await, Some(Stage::Interrupted));
    assert_eq!(budget_of(&other, &principal).await.spent, BOUND);
}

#[tokio::test]
async fn a_run_that_nobody_waits_for_costs_nothing_if_it_has_not_begun() {
    let mut world = World::new().await;
    let principal = world.principal("acme", amount(9, 900)).await;
    let run = waiting(&world, &principal, false).await;
    let claim = Claim { name: "n".to_owned(), fingerprint: "f".to_owned(), run: run.id() };
    world.store.claim(&principal, &claim).await.unwrap();
    world.restart().await;
    let recovered = world.store.recover(world.now()).await.unwrap();
    assert_eq!((ids(&recovered.ended), recovered.to_begin), (vec![run.id()], vec![]));
    assert_eq!(stage(&world.store, &principal, run.id()).await, Some(Stage::Interrupted));
    let budget = budget_of(&world.store, &principal).await;
    assert_eq!((budget.spent, budget.reserved), (amount(0, 0), amount(0, 0)));
    assert_eq!(world.store.claim(&principal, &claim).await.unwrap(), Claimed::New, "it may be sent again");
    world.store.start(&principal, run.id(), 0, &[]).await.unwrap_err();
}

#[tokio::test]
async fn a_run_between_two_steps_is_ended_once_nobody_goes_on_with_it() {
    let mut world = World::new().await;
    let principal = world.principal("acme", amount(9, 900)).await;
    let mut read = History::new();
    let events = read.next(&[requested(false), Event::FactsStarted { step: 0, reserved: BOUND }]);
    world.store.reserve(charge(&principal, read.id(), 0), BOUND, &events).await.unwrap();
    let used = amount(0, 5);
    let status = ringfence_job::Status::Succeeded;
    let events = read.next(&[Event::FactsFinished { step: 0, status, used }]);
    world.store.settle(&principal, read.id(), 0, used, &events).await.unwrap();
    let mut asked = History::new();
    world.store.append(&principal, asked.id(), &asked.next(&[requested(false)])).await.unwrap();

    world.pass(LEASE_MARGIN_MS - 1);
    assert_eq!(world.store.recover(world.now()).await.unwrap(), Recovered::default());
    world.pass(1);
    let recovered = world.store.recover(world.now()).await.unwrap();
    assert_eq!((recovered.runs.len(), recovered.ended.len()), (2, 0));
    for run in [read.id(), asked.id()] {
        assert_eq!(stage(&world.store, &principal, run).await, Some(Stage::Interrupted));
    }
    assert_eq!(budget_of(&world.store, &principal).await.spent, used, "what it cost is what it was");
    let late = asked.next(&[Event::Failed { reason: "late".to_owned() }]);
    world.store.append(&principal, asked.id(), &late).await.unwrap_err();

    // Nobody else has the directory open after a restart, so there is nobody to wait for.
    let mut left = History::new();
    world.store.append(&principal, left.id(), &left.next(&[requested(false)])).await.unwrap();
    let other = world.another().await;
    world.restart().await;
    assert_eq!(world.store.recover(START_MS).await.unwrap(), Recovered::default());
    other.close().await;
    world.restart().await;
    assert_eq!(world.store.recover(START_MS).await.unwrap().runs, [left.id()]);
}
