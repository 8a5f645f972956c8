//! A request that its client named is carried out once, also when whoever began it has crashed.

use crate::common::{World, amount, event, new_run};
use ringfence_pipeline::ports::{CLAIM_KEPT_MS, CLAIM_TAKEN_OVER_MS, Claim, Claimed, Record};
use ringfence_pipeline::run::RunId;

fn claim(fingerprint: &str) -> Claim {
    Claim { name: "one".to_owned(), fingerprint: fingerprint.to_owned(), run: new_run() }
}

#[tokio::test]
async fn the_first_run_keeps_the_name_for_a_day() {
    let world = World::new().await;
    let principal = world.principal("acme", amount(9, 9)).await;
    let other = world.principal("acme", amount(9, 9)).await;
    let first = claim("a");
    assert_eq!(world.store.claim(&principal, &first).await.unwrap(), Claimed::New);
    assert_eq!(world.store.claim(&principal, &claim("a")).await.unwrap(), Claimed::Same(first.run));
    assert_eq!(world.store.claim(&principal, &claim("b")).await.unwrap(), Claimed::Different);
    assert_eq!(world.store.claim(&other, &claim("b")).await.unwrap(), Claimed::New);
    world.pass(CLAIM_KEPT_MS + 1);
    assert_eq!(world.store.claim(&principal, &claim("b")).await.unwrap(), Claimed::New);
}

#[tokio::test]
async fn the_name_of_a_run_that_left_nothing_is_taken_over_once_and_not_too_soon() {
    let world = World::new().await;
    let principal = world.principal("acme", amount(9, 9)).await;
    let gone = claim("a");
    world.store.claim(&principal, &gone).await.unwrap();
    let take =
        async |claim: &Claim, from: RunId| world.store.take_over(&principal, claim, from).await.unwrap();
    let (second, third) = (claim("a"), claim("a"));
    world.pass(CLAIM_TAKEN_OVER_MS - 1);
    assert!(!take(&second, gone.run).await, "whoever began may be at work");
    world.pass(1);
    assert!(!take(&claim("b"), gone.run).await, "it is another request");
    assert!(!take(&second, new_run()).await, "the name is another run's");
    assert!(take(&second, gone.run).await);
    assert!(!take(&third, gone.run).await, "somebody was faster");
    assert!(!take(&third, second.run).await, "it has just begun");
    assert_eq!(world.store.claim(&principal, &third).await.unwrap(), Claimed::Same(second.run));

    // What comes of the first one after all takes nothing away from the second.
    world.store.release(&principal, gone.run).await.unwrap();
    assert_eq!(world.store.claim(&principal, &third).await.unwrap(), Claimed::Same(second.run));
    world.store.append(&principal, second.run, &[event(0, "run.requested")]).await.unwrap();
    world.pass(CLAIM_TAKEN_OVER_MS);
    assert!(!take(&third, second.run).await, "it is in the record");
    // Whoever refused it had no time to give the name back.
    world.store.append(&principal, second.run, &[event(1, "run.refused")]).await.unwrap();
    assert!(take(&third, second.run).await);
    world.store.release(&principal, third.run).await.unwrap();
    assert_eq!(world.store.claim(&principal, &second).await.unwrap(), Claimed::New);
}
