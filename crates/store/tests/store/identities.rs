//! Keys are accepted only whole, known and not revoked, and stay within their tenant.

use crate::common::{START_MS, World, amount, new_run};
use ringfence_pipeline::ports::{Ledger, LedgerError};
use ringfence_pipeline::run::Role;
use ringfence_store::{DEFAULT_KEY_LIMIT, IdentityError, KeyError, LAST_USED_RESOLUTION_MS};

#[tokio::test]
async fn a_key_stands_for_its_tenant_user_and_role() {
    let world = World::new().await;
    let key = world
        .store
        .create_key("acme", "ana", Role::Admin, "laptop", DEFAULT_KEY_LIMIT, START_MS)
        .await
        .unwrap();
    assert!(key.text.starts_with("rf_live_") && key.text.len() == 67, "{}", key.text);
    assert!(!format!("{key:?}").contains(&key.text));
    let principal = world.store.authenticate(&key.text, START_MS).await.unwrap();
    assert_eq!(
        (principal.tenant.as_str(), principal.user.as_str(), principal.role, &principal.key_id),
        ("acme", "ana", Role::Admin, &key.id)
    );
}

#[tokio::test]
async fn a_typo_is_told_from_an_unknown_key_and_an_unknown_key_not_from_a_wrong_one() {
    let world = World::new().await;
    let other = World::new().await;
    let mine = world.store.create_key("acme", "ana", Role::Member, "a", amount(1, 1), 1).await.unwrap();
    let theirs = other.store.create_key("acme", "ana", Role::Member, "a", amount(1, 1), 1).await.unwrap();

    let typo = mine.text.replace(&mine.text[30..31], "!");
    assert!(matches!(world.store.authenticate(&typo, 1).await, Err(KeyError::Malformed)));
    let unknown = world.store.authenticate(&theirs.text, 1).await.unwrap_err();
    // The other store's key under an id that is known here: right checksum, wrong secret.
    sqlx::query("UPDATE keys SET secret_hmac = randomblob(32)").execute(&world.raw().await).await.unwrap();
    let wrong = world.store.authenticate(&mine.text, 1).await.unwrap_err();
    assert!(matches!((&unknown, &wrong), (KeyError::Unknown, KeyError::Unknown)));
    assert_eq!(unknown.to_string(), wrong.to_string());
}

#[tokio::test]
async fn a_revoked_key_is_refused_and_its_runs_get_nothing_more() {
    let world = World::new().await;
    let key = world.store.create_key("acme", "ana", Role::Member, "a", amount(9, 9), 1).await.unwrap();
    let principal = world.store.authenticate(&key.text, 1).await.unwrap();
    assert!(matches!(world.store.revoke_key("globex", &key.id, 2).await, Err(IdentityError::NoSuchKey(_))));
    world.store.authenticate(&key.text, 3).await.unwrap();
    world.store.revoke_key("acme", &key.id, 4).await.unwrap();
    world.store.revoke_key("acme", &key.id, 5).await.unwrap();

    assert!(matches!(world.store.authenticate(&key.text, 6).await, Err(KeyError::Revoked(_))));
    let refused = world.store.reserve(&principal, new_run(), 0, amount(1, 1), &[]).await.unwrap_err();
    assert!(matches!(refused, LedgerError::Store(_)), "{refused}");
    assert_eq!(world.store.list_keys("acme").await.unwrap()[0].revoked_ms, Some(4));
}

#[tokio::test]
async fn keys_are_listed_and_limited_within_their_tenant() {
    let world = World::new().await;
    let mine = world.principal("acme", amount(1, 1)).await;
    world.principal("globex", amount(2, 2)).await;
    let listed = world.store.list_keys("acme").await.unwrap();
    assert_eq!(listed.len(), 1);
    assert_eq!(listed[0].budget.limit, amount(1, 1));
    assert!(matches!(
        world.store.set_limit("globex", &mine.key_id, amount(5, 5)).await,
        Err(IdentityError::NoSuchKey(_))
    ));
    world.store.set_limit("acme", &mine.key_id, amount(5, 5)).await.unwrap();
    assert_eq!(world.store.budget(&mine).await.unwrap().unwrap().limit, amount(5, 5));
    world.store.set_limit("acme", &mine.key_id, amount(-1, 5)).await.unwrap_err();
}

#[tokio::test]
async fn use_is_noted_about_once_a_minute() {
    let world = World::new().await;
    let key = world.store.create_key("acme", "ana", Role::Member, "a", amount(1, 1), 1).await.unwrap();
    let noted = async |now| {
        world.store.authenticate(&key.text, now).await.unwrap();
        world.store.list_keys("acme").await.unwrap()[0].last_used_ms
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
    assert_eq!(world.store.budget(&ana).await.unwrap().unwrap().limit, DEFAULT_KEY_LIMIT);
    world.store.reserve(&ana, new_run(), 0, amount(1, 10), &[]).await.unwrap();
    assert_eq!(world.store.budget(&ana).await.unwrap().unwrap().reserved, amount(1, 10));
    for text in [ana.key_id.as_str(), "rf_live_local:ana__"] {
        assert!(matches!(world.store.authenticate(text, 1).await, Err(KeyError::Malformed)));
    }
    for name in ["", "a\nb", &"x".repeat(129)] {
        assert!(matches!(
            world.store.local_principal(name, 1).await,
            Err(IdentityError::BadName { what: "user", .. })
        ));
    }
}
