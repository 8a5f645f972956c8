//! Keys are accepted only whole, known and neither expired nor revoked, and stand for what they were made
//! for.

use crate::common::{START_MS, World, amount, budget_of, charge, event, new_run};
use ringfence_pipeline::budget::Caps;
use ringfence_pipeline::keys::{IdentityError, KeyRequest, Scope, Scopes};
use ringfence_pipeline::ports::{Ledger, LedgerError};
use ringfence_store::{KeyError, LAST_USED_RESOLUTION_MS};

#[tokio::test]
async fn a_key_stands_for_its_tenant_user_and_scopes() {
    let world = World::new().await;
    let scopes: Scopes = [Scope::Ask, Scope::Admin].into_iter().collect();
    let request = KeyRequest { scopes, label: "laptop".to_owned(), ..KeyRequest::new("ana") };
    let key = world.store.create_key("acme", &request, START_MS).await.unwrap();
    assert!(key.text.starts_with("rf_live_") && key.text.len() == 67, "{}", key.text);
    assert!(!format!("{key:?}").contains(&key.text));
    let principal = world.store.authenticate(&key.text, START_MS).await.unwrap();
    assert_eq!(
        (principal.tenant.as_str(), principal.user.as_str(), principal.scopes, &principal.key_id),
        ("acme", "ana", scopes, &key.info.id)
    );
}

#[tokio::test]
async fn a_typo_is_told_from_an_unknown_key_and_an_unknown_key_not_from_a_wrong_one() {
    let world = World::new().await;
    let other = World::new().await;
    let mine = world.store.create_key("acme", &KeyRequest::new("ana"), 1).await.unwrap();
    let theirs = other.store.create_key("acme", &KeyRequest::new("ana"), 1).await.unwrap();

    let typo = mine.text.replace(&mine.text[30..31], "!");
    assert!(matches!(world.store.authenticate(&typo, 1).await, Err(KeyError::Malformed)));
    let unknown = world.store.authenticate(&theirs.text, 1).await.unwrap_err();
    // The other store's key under an id that is known here: right checksum, wrong secret.
    let other = sqlx::query("UPDATE keys SET secret_hmac = $1").bind(vec![7_u8; 32]);
    other.execute(&world.raw().await).await.unwrap();
    let wrong = world.store.authenticate(&mine.text, 1).await.unwrap_err();
    assert!(matches!((&unknown, &wrong), (KeyError::Unknown, KeyError::Unknown)));
    assert_eq!(unknown.to_string(), wrong.to_string());
}

#[tokio::test]
async fn a_revoked_key_is_refused_and_its_runs_get_nothing_more() {
    let world = World::new().await;
    let key = world.store.create_key("acme", &KeyRequest::new("ana"), 1).await.unwrap();
    let (store, id) = (&world.store, &key.info.id);
    let principal = store.authenticate(&key.text, 1).await.unwrap();
    assert!(matches!(store.revoke_key("globex", id, false, 2).await, Err(IdentityError::NoSuchKey(_))));
    store.authenticate(&key.text, 3).await.unwrap();
    store.check_key(&principal).await.unwrap();
    store.revoke_key("acme", id, false, 4).await.unwrap();
    assert_eq!(store.revoke_key("acme", id, true, 5).await.unwrap().revoked_ms, Some(4));

    assert!(matches!(store.authenticate(&key.text, 6).await, Err(KeyError::Revoked(_))));
    let refused =
        store.reserve(charge(&principal, new_run(), 0), amount(1, 1), &[event(0, "a")]).await.unwrap_err();
    assert!(matches!(refused, LedgerError::KeyEnded(_)), "{refused}");
    assert!(matches!(store.check_key(&principal).await, Err(LedgerError::KeyEnded(_))));
}

#[tokio::test]
async fn an_expired_key_is_refused_to_the_millisecond_and_its_runs_get_nothing_more() {
    let world = World::new().await;
    let request = KeyRequest { lifetime_ms: Some(1_000), ..KeyRequest::new("ana") };
    let key = world.store.create_key("acme", &request, world.now()).await.unwrap();
    assert_eq!(key.info.expires_ms, Some(START_MS + 1_000));
    world.pass(999);
    let principal = world.store.authenticate(&key.text, world.now()).await.unwrap();
    world.store.reserve(charge(&principal, new_run(), 0), amount(1, 1), &[event(0, "a")]).await.unwrap();
    world.pass(1);
    assert!(matches!(world.store.authenticate(&key.text, world.now()).await, Err(KeyError::Expired(_))));
    let refused = world
        .store
        .reserve(charge(&principal, new_run(), 0), amount(1, 1), &[event(0, "a")])
        .await
        .unwrap_err();
    assert!(matches!(refused, LedgerError::KeyEnded(_)), "{refused}");
    assert!(matches!(world.store.check_key(&principal).await, Err(LedgerError::KeyEnded(_))));
}

#[tokio::test]
async fn use_is_noted_about_once_a_minute() {
    let world = World::new().await;
    let key = world.store.create_key("acme", &KeyRequest::new("ana"), 1).await.unwrap();
    let noted = async |now| {
        world.store.authenticate(&key.text, now).await.unwrap();
        world.store.list_keys("acme", now).await.unwrap()[0].last_used_ms
    };
    assert_eq!(noted(START_MS).await, Some(START_MS));
    assert_eq!(noted(START_MS + LAST_USED_RESOLUTION_MS - 1).await, Some(START_MS));
    let later = START_MS + LAST_USED_RESOLUTION_MS;
    assert_eq!(noted(later).await, Some(later));
}

#[tokio::test]
async fn the_local_identity_is_one_per_user_has_a_budget_and_no_text_opens_it() {
    let world = World::new().await;
    let ana = world.store.local_principal("ana", START_MS).await.unwrap();
    assert_eq!(world.store.local_principal("ana", START_MS + 1).await.unwrap(), ana);
    let ben = world.another().await.local_principal("ben", START_MS).await.unwrap();
    assert_ne!(ana.key_id, ben.key_id);
    assert_eq!(budget_of(&world.store, &ana).await.limit, Caps::default());
    world.store.reserve(charge(&ana, new_run(), 0), amount(1, 10), &[event(0, "a")]).await.unwrap();
    assert_eq!(budget_of(&world.store, &ana).await.reserved, amount(1, 10));
    for text in [ana.key_id.as_str(), "rf_live_local:ana__"] {
        assert!(matches!(world.store.authenticate(text, 1).await, Err(KeyError::Malformed)));
    }
    let secret = world.store.rotate_key(&ana.tenant, &ana.key_id, 0, START_MS).await;
    assert!(matches!(secret, Err(IdentityError::NoSuchKey(_))), "{secret:?}");
    for name in ["", "a\nb", &"x".repeat(129)] {
        assert!(matches!(
            world.store.local_principal(name, 1).await,
            Err(IdentityError::BadName { what: "user", .. })
        ));
    }
}
