//! What is promised counts as much as what it stands for, whoever asks and whatever becomes of who promised it.

use ringfence_pipeline::budget::{Amount, Caps};
use ringfence_pipeline::keys::KeyRequest;
use ringfence_pipeline::ports::{Ledger, LedgerError, Record};
use ringfence_pipeline::run::{Principal, Run, Stage};

use crate::common::{
    START_MS, World, amount, budget_of, charge, event, missing, naming, new_run, put, requested,
};

async fn promises(world: &World) -> i64 {
    sqlx::query_scalar("SELECT count(*) FROM promises").fetch_one(&world.raw().await).await.unwrap()
}

/// Somebody with money for nine runs.
async fn rich() -> (World, Principal) {
    let world = World::new().await;
    let who = world.principal("acme", amount(9, 900)).await;
    (world, who)
}

#[tokio::test]
async fn a_promise_is_on_its_own_until_somebody_asks_for_anything() {
    let (world, who) = rich().await;
    let run = new_run();
    let code = put(&world.store, &who, run, b"print(1)").await;
    let begun = naming(0, "begun", &[&code], START_MS);
    world.store.reserve(charge(&who, run, 0), amount(1, 100), std::slice::from_ref(&begun)).await.unwrap();
    assert_eq!(promises(&world).await, 1, "nothing else is written before the run starts");
    let beside = world.another().await;
    assert_eq!(promises(&world).await, 0, "whoever opens the database keeps it");
    let events = beside.history(&who, run).await.unwrap();
    assert_eq!((events.len(), &events[0].body, events[0].at_ms), (1, &begun.body, begun.at_ms));
    assert_eq!(beside.read_blob(&code.sha256).await.unwrap(), b"print(1)");
    assert_eq!(budget_of(&beside, &who).await.reserved, amount(1, 100));
    assert!(world.store.verify_audit(None, &[]).await.unwrap().is_whole());
    world.store.settle(&who, run, 0, amount(1, 60), &[event(1, "ended")]).await.unwrap();
    assert_eq!(budget_of(&beside, &who).await.spent, amount(1, 60));
}

#[tokio::test]
async fn another_process_admits_nothing_that_is_promised() {
    let world = World::new().await;
    let who = world.principal("acme", amount(1, 900)).await;
    let beside = world.another().await;
    world.store.reserve(charge(&who, new_run(), 0), amount(1, 9), &[event(0, "a")]).await.unwrap();
    assert_eq!(promises(&world).await, 1);
    let refused = beside.reserve(charge(&who, new_run(), 0), amount(1, 9), &[event(0, "a")]).await;
    assert_eq!(missing(&refused.unwrap_err()).1, 1);
    // What was refused has not undone it.
    assert_eq!(budget_of(&world.store, &who).await.reserved, amount(1, 9));
}

#[tokio::test]
async fn who_settles_what_was_just_promised_is_told_what_others_have_taken_since() {
    const LIMIT: i64 = 1_000_000;
    let money = |nano_usd| Amount { nano_usd, runs: 1, ..Amount::default() };
    for others in ["nobody", "this process", "another process"] {
        let world = World::new().await;
        let limit = Caps { nano_usd: Some(LIMIT), ..Caps::default() };
        let request = KeyRequest { limit, ..KeyRequest::new("ana") };
        let key = world.store.create_key("acme", &request, world.now()).await.unwrap();
        let who = world.store.authenticate(&key.text, world.now()).await.unwrap();
        let beside = world.another().await;
        let run = new_run();
        world.store.reserve(charge(&who, run, 0), money(500), &[event(0, "begun")]).await.unwrap();
        assert_eq!(promises(&world).await, 1);
        let taken = match others {
            "this process" => Some(&world.store),
            "another process" => Some(&beside),
            _ => None,
        };
        if let Some(store) = taken {
            store.reserve(charge(&who, new_run(), 0), money(70), &[event(0, "begun")]).await.unwrap();
        }
        let taken = if taken.is_some() { 70 } else { 0 };
        let receipt = world.store.settle(&who, run, 0, money(300), &[event(1, "ended")]).await.unwrap();
        assert_eq!(receipt.left_nano_usd, Some(LIMIT - 300 - taken), "{others}");
        let budget = budget_of(&beside, &who).await;
        assert_eq!((budget.spent, budget.reserved.nano_usd), (money(300), taken), "{others}");
        assert_eq!(world.store.history(&who, run).await.unwrap().len(), 2);
        // It is final, and nobody can settle it at another amount.
        let again = world.store.settle(&who, run, 0, money(1), &[event(2, "ended")]).await;
        assert!(again.unwrap_err().to_string().contains("settled at another amount"));
    }
}

#[tokio::test]
async fn what_is_promised_to_one_is_not_settled_by_another() {
    let (world, who) = rich().await;
    let other = world.principal("acme", amount(9, 900)).await;
    let run = new_run();
    world.store.reserve(charge(&who, run, 0), amount(1, 100), &[event(0, "begun")]).await.unwrap();
    let refused = world.store.settle(&other, run, 0, amount(1, 1), &[event(1, "ended")]).await;
    assert!(refused.unwrap_err().to_string().contains("nothing is reserved"));
    world.store.settle(&who, run, 0, amount(1, 60), &[event(1, "ended")]).await.unwrap();
    assert_eq!(budget_of(&world.store, &who).await.spent, amount(1, 60));
}

#[tokio::test]
async fn what_a_crash_left_promised_is_interrupted_and_settled_at_its_bound() {
    let bound = amount(1, 100);
    let (mut world, who) = rich().await;
    let run = new_run();
    let requested = Run::new(run).apply(&requested(false), START_MS).unwrap();
    world.store.reserve(charge(&who, run, 0), bound, &[requested]).await.unwrap();
    assert_eq!(promises(&world).await, 1);
    // Its lease ends with its process, as that of any other; its program may have begun.
    world.restart().await;
    let recovered = world.store.recover(world.now()).await.unwrap();
    assert_eq!(recovered.ended.len(), 1);
    let history = world.store.history(&who, run).await.unwrap();
    assert_eq!(Run::replay(run, &history).unwrap().stage(), Some(Stage::Interrupted));
    let budget = budget_of(&world.store, &who).await;
    assert_eq!((budget.reserved, budget.spent), (amount(0, 0), bound));
}

#[tokio::test]
async fn nothing_is_promised_that_could_not_be_kept() {
    let (world, who) = rich().await;
    let run = new_run();
    world.store.append(&who, run, &[event(0, "begun")]).await.unwrap();
    // An event that is there, one of no run, and a key that has ended.
    let (none, there) = (new_run(), [event(0, "again")]);
    world.store.reserve(charge(&who, run, 0), amount(1, 9), &there).await.unwrap_err();
    world.store.reserve(charge(&who, none, 0), amount(1, 9), &[event(1, "late")]).await.unwrap_err();
    world.store.revoke_key(&who.tenant, &who.key_id, true, world.now()).await.unwrap();
    let ended = world.store.reserve(charge(&who, new_run(), 0), amount(1, 9), &[event(0, "a")]).await;
    assert!(matches!(ended, Err(LedgerError::KeyEnded(_))), "{ended:?}");
    assert_eq!(promises(&world).await, 0);
    assert_eq!(budget_of(&world.store, &who).await.reserved, amount(0, 0));
}

#[tokio::test]
async fn a_promise_that_was_damaged_stops_whoever_writes() {
    let (world, who) = rich().await;
    let beside = world.another().await;
    world.store.reserve(charge(&who, new_run(), 0), amount(1, 9), &[event(0, "a")]).await.unwrap();
    let raw = world.raw().await;
    sqlx::query("UPDATE promises SET taking = substr(taking, 2)").execute(&raw).await.unwrap();
    let refused = beside.reserve(charge(&who, new_run(), 0), amount(1, 9), &[event(0, "a")]).await;
    let refused = refused.unwrap_err().to_string();
    assert!(refused.contains("promise") && refused.contains("damaged"), "{refused}");
    // Whoever reads is told the rest.
    assert!(beside.runs(&who, None, 10).await.unwrap().is_empty());
}
