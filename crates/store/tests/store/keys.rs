//! Keys as they are managed: within their tenant, within their limits, and never to nobody's.

use std::net::IpAddr;

use crate::common::{START_MS, World, amount, caps, charge, event, missing, new_run};
use ringfence_pipeline::budget::Unit;
use ringfence_pipeline::keys::{
    Given, IdentityError, KEY_LIFETIME_MS_MAX, KEY_OVERLAP_MS_MAX, KeyRequest, KeyState, Scopes,
};
use ringfence_pipeline::ports::Ledger;
use ringfence_store::KeyError;

const DAY_MS: i64 = 24 * 3_600 * 1_000;

fn administrator() -> KeyRequest {
    KeyRequest { scopes: Scopes::ALL, ..KeyRequest::new("ana") }
}

#[tokio::test]
async fn keys_are_listed_and_limited_within_their_tenant() {
    let world = World::new().await;
    let store = &world.store;
    let mine = world.principal("acme", amount(1, 1)).await;
    world.principal("globex", amount(2, 2)).await;
    let listed = store.list_keys("acme", START_MS).await.unwrap();
    assert_eq!(listed.len(), 1);
    assert_eq!(listed[0].budget.limit, caps(amount(1, 1)));
    assert_eq!(store.key("acme", &mine.key_id, START_MS).await.unwrap(), listed[0]);
    for elsewhere in [
        store.key("globex", &mine.key_id, START_MS).await.map(drop),
        store.rotate_key("globex", &mine.key_id, 0, START_MS).await.map(drop),
        store.keys_before("globex", Some(&mine.key_id), 9, START_MS).await.map(drop),
    ] {
        assert!(matches!(elsewhere, Err(IdentityError::NoSuchKey(_))), "{elsewhere:?}");
    }
}

#[tokio::test]
async fn pages_hold_every_key_once_the_newest_first() {
    let world = World::new().await;
    let mut made = Vec::new();
    for at in 0..7 {
        // Two are made in each millisecond.
        let key = world.store.create_key("acme", &KeyRequest::new("ana"), START_MS + at / 2).await.unwrap();
        made.push((key.info.created_ms, key.info.id));
        world.store.create_key("globex", &KeyRequest::new("eve"), START_MS + at / 2).await.unwrap();
    }
    made.sort_unstable();
    made.reverse();
    let mut seen = Vec::new();
    loop {
        let before = seen.last().map(|(_, id): &(i64, String)| id.as_str());
        let page = world.store.keys_before("acme", before, 3, START_MS).await.unwrap();
        let last = page.len() < 3;
        seen.extend(page.into_iter().map(|key| (key.created_ms, key.id)));
        if last {
            break;
        }
    }
    assert_eq!(seen, made);
}

#[tokio::test]
async fn what_is_out_of_range_is_named() {
    let world = World::new().await;
    let good = KeyRequest::new("ana");
    for (what, wrong) in [
        ("runs", KeyRequest { limit: caps(amount(-1, 1)), ..good.clone() }),
        ("sandboxMs", KeyRequest { limit: caps(amount(1, i64::MAX)), ..good.clone() }),
        ("lifetime_ms", KeyRequest { lifetime_ms: Some(0), ..good.clone() }),
        ("lifetime_ms", KeyRequest { lifetime_ms: Some(KEY_LIFETIME_MS_MAX + 1), ..good.clone() }),
    ] {
        let refused = world.store.create_key("acme", &wrong, 1).await.unwrap_err();
        assert!(
            matches!(&refused, IdentityError::OutOfRange { what: named, .. } if *named == what),
            "{refused}"
        );
    }
    for (what, wrong) in
        [("user", KeyRequest::new("a\nb")), ("label", KeyRequest { label: "x".repeat(129), ..good.clone() })]
    {
        let refused = world.store.create_key("acme", &wrong, 1).await.unwrap_err();
        assert!(
            matches!(&refused, IdentityError::BadName { what: named, .. } if *named == what),
            "{refused}"
        );
    }
    assert!(world.store.list_keys("acme", 1).await.unwrap().is_empty());
    let key = world.store.create_key("acme", &good, 1).await.unwrap();
    for overlap_ms in [-1, KEY_OVERLAP_MS_MAX + 1] {
        let refused = world.store.rotate_key("acme", &key.info.id, overlap_ms, 1).await.unwrap_err();
        assert!(matches!(refused, IdentityError::OutOfRange { what: "overlap_ms", .. }), "{refused}");
    }
}

#[tokio::test]
async fn a_replaced_secret_is_accepted_for_the_overlap_and_no_longer() {
    let world = World::new().await;
    let (store, request) = (&world.store, KeyRequest { lifetime_ms: Some(DAY_MS), ..KeyRequest::new("ana") });
    let first = store.create_key("acme", &request, START_MS).await.unwrap();
    let id = &first.info.id;
    let works = async |text: &str, now_ms| match store.authenticate(text, now_ms).await {
        Ok(principal) => principal.key_id == *id,
        Err(KeyError::Unknown) => false,
        Err(error) => panic!("{error}"),
    };
    let second = store.rotate_key("acme", id, 1_000, START_MS).await.unwrap();
    assert_eq!((&second.info.id, second.info.expires_ms), (id, first.info.expires_ms));
    assert_ne!(first.text, second.text);
    assert!(works(&first.text, START_MS + 999).await && works(&second.text, START_MS).await);
    assert!(!works(&first.text, START_MS + 1_000).await);
    // Another one in the overlap ends the first at once.
    let third = store.rotate_key("acme", id, 1_000, START_MS + 10).await.unwrap();
    assert!(!works(&first.text, START_MS + 11).await);
    assert!(works(&second.text, START_MS + 11).await && works(&third.text, START_MS + 11).await);
    // Without an overlap nothing old is left.
    let fourth = store.rotate_key("acme", id, 0, START_MS + 20).await.unwrap();
    assert!(!works(&second.text, START_MS + 20).await && !works(&third.text, START_MS + 20).await);
    assert!(works(&fourth.text, START_MS + 20).await);

    store.rotate_key("acme", id, 1_000, START_MS + 30).await.unwrap();
    store.revoke_key("acme", id, false, START_MS + 40).await.unwrap();
    assert!(matches!(store.authenticate(&fourth.text, START_MS + 41).await, Err(KeyError::Revoked(_))));
    let refused = store.rotate_key("acme", id, 0, START_MS + 50).await.unwrap_err();
    assert!(matches!(refused, IdentityError::Ended { state: KeyState::Revoked, .. }), "{refused}");
}

#[tokio::test]
async fn a_new_secret_is_no_new_budget() {
    let world = World::new().await;
    let principal = world.principal("acme", amount(1, 100)).await;
    world.store.reserve(charge(&principal, new_run(), 0), amount(1, 10), &[event(0, "a")]).await.unwrap();
    let key = world.store.rotate_key("acme", &principal.key_id, 0, world.now()).await.unwrap();
    let again = world.store.authenticate(&key.text, world.now()).await.unwrap();
    let refused =
        world.store.reserve(charge(&again, new_run(), 0), amount(1, 10), &[event(0, "a")]).await.unwrap_err();
    assert_eq!(missing(&refused).0, Unit::Runs);
}

#[tokio::test]
async fn the_last_active_administrator_stays() {
    let world = World::new().await;
    let store = &world.store;
    let first = store.create_key("acme", &administrator(), START_MS).await.unwrap().info.id;
    let ordinary = store.create_key("acme", &KeyRequest::new("ben"), START_MS).await.unwrap().info.id;
    let brief = KeyRequest { lifetime_ms: Some(10), ..administrator() };
    let second = store.create_key("acme", &brief, START_MS).await.unwrap().info.id;
    store.create_key("globex", &administrator(), START_MS).await.unwrap();
    let revoke = async |id: &str, now_ms| store.revoke_key("acme", id, true, now_ms).await;

    // The second one has expired by then, so it may go and does not count.
    let refused = revoke(&first, START_MS + 10).await.unwrap_err();
    assert!(matches!(refused, IdentityError::LastAdmin(_)), "{refused}");
    assert_eq!(revoke(&second, START_MS + 10).await.unwrap().state, KeyState::Revoked);
    revoke(&ordinary, START_MS + 10).await.unwrap();
    let third = store.create_key("acme", &administrator(), START_MS).await.unwrap().info.id;
    revoke(&first, START_MS + 20).await.unwrap();
    revoke(&first, START_MS + 21).await.unwrap();
    assert!(revoke(&third, START_MS + 30).await.is_err());
    // The operator may.
    store.revoke_key("acme", &third, false, START_MS + 31).await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn administrators_that_revoke_each_other_at_once_leave_one() {
    let world = World::new().await;
    let mut ids = Vec::new();
    for _ in 0..8 {
        ids.push(world.store.create_key("acme", &administrator(), START_MS).await.unwrap().info.id);
    }
    let beside = world.another().await;
    let tasks: Vec<_> = ids
        .into_iter()
        .enumerate()
        .map(|(at, id)| {
            let store = if at % 2 == 0 { world.store.clone() } else { beside.clone() };
            tokio::spawn(async move { store.revoke_key("acme", &id, true, START_MS).await.is_ok() })
        })
        .collect();
    let mut revoked = 0;
    for task in tasks {
        revoked += usize::from(task.await.unwrap());
    }
    assert_eq!(revoked, 7);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_address_gets_its_keys_a_day_each_in_a_tenant_of_its_own() {
    let world = World::new().await;
    let (here, there): (IpAddr, IpAddr) = ("192.0.2.1".parse().unwrap(), "2001:db8::".parse().unwrap());
    let request = KeyRequest::new("self-service");
    let tasks: Vec<_> = (0..10)
        .map(|_| {
            let (store, request) = (world.store.clone(), request.clone());
            tokio::spawn(async move { store.give_key(here, 3, &request, START_MS).await.unwrap() })
        })
        .collect();
    let mut tenants = Vec::new();
    for task in tasks {
        match task.await.unwrap() {
            Given::Key(key) => {
                let principal = world.store.authenticate(&key.text, START_MS).await.unwrap();
                tenants.push(principal.tenant);
            }
            Given::NotNow { wait_ms } => assert_eq!(wait_ms, DAY_MS),
        }
    }
    tenants.sort();
    tenants.dedup();
    assert_eq!(tenants.len(), 3, "{tenants:?}");
    let give = async |address, now_ms| world.store.give_key(address, 3, &request, now_ms).await.unwrap();
    assert!(matches!(give(there, START_MS).await, Given::Key(_)));
    assert_eq!(give(here, START_MS + DAY_MS - 1).await, Given::NotNow { wait_ms: 1 });
    assert!(matches!(give(here, START_MS + DAY_MS).await, Given::Key(_)));
    let kept: i64 =
        sqlx::query_scalar("SELECT count(*) FROM self_service").fetch_one(&world.raw().await).await.unwrap();
    assert_eq!(kept, 1, "addresses are forgotten after a day");
}
