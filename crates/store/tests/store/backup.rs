//! A backup holds what was recorded before, with its contents, and nothing that nobody would ever delete.

use std::fs::{self, Permissions};
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use ringfence_pipeline::keys::KeyRequest;
use ringfence_pipeline::ports::{Ledger, Record};
use ringfence_pipeline::run::{Principal, RunId};
use ringfence_store::{DAY_MS, Store};

use tempfile::TempDir;

use crate::common::{World, amount, budget_of, caps, charge, event, naming, new_run, put};

/// More than is kept in the database.
fn large(byte: u8) -> Vec<u8> {
    vec![byte; 20_000]
}

/// An empty directory that others may not look into.
fn private() -> TempDir {
    tempfile::Builder::new().permissions(Permissions::from_mode(0o700)).tempdir().unwrap()
}

/// Keeps content that a run names.
async fn hold(world: &World, principal: &Principal, run: RunId, seq: u32, content: &[u8]) -> String {
    let kept = put(&world.store, principal, run, content).await;
    let named = [naming(seq, "run.received", &[&kept], world.now())];
    world.store.append(principal, run, &named).await.unwrap();
    kept.sha256
}

fn is_file(data_dir: &Path, hash: &str) -> bool {
    data_dir.join("blobs").join(&hash[..2]).join(hash).exists()
}

#[tokio::test]
async fn a_copy_is_a_store_with_everything_in_it() {
    let world = World::new().await;
    let request = KeyRequest { limit: caps(amount(9, 900)), ..KeyRequest::new("ana") };
    let key = world.store.create_key("acme", &request, world.now()).await.unwrap();
    let principal = world.store.authenticate(&key.text, world.now()).await.unwrap();
    let (run, target) = (new_run(), private());
    let small = hold(&world, &principal, run, 0, b"print(1)").await;
    let file = hold(&world, &principal, run, 1, &large(1)).await;
    world.store.reserve(charge(&principal, run, 0), amount(1, 100), &[event(2, "x")]).await.unwrap();
    // Its run has not come so far as to name it.
    let fresh = put(&world.store, &principal, new_run(), &large(2)).await.sha256;
    // The database does not know it.
    let stray = format!("{:064x}", 3);
    fs::create_dir(world.dir.path().join("blobs/00")).unwrap();
    fs::write(world.dir.path().join("blobs/00").join(&stray), large(3)).unwrap();

    let copied = world.store.back_up(target.path()).await.unwrap();
    assert_eq!((copied.runs, copied.contents, copied.damaged.len()), (1, 3, 0));
    // Whatever comes later is not in it.
    world.store.append(&principal, run, &[event(3, "later")]).await.unwrap();

    let store = Store::open(target.path(), None).await.unwrap();
    assert_eq!(store.authenticate(&key.text, world.now()).await.unwrap(), principal);
    assert_eq!(budget_of(&store, &principal).await.reserved, amount(1, 100));
    assert_eq!(store.history(&principal, run).await.unwrap().len(), 3);
    for (hash, content) in [(&small, b"print(1)".to_vec()), (&file, large(1)), (&fresh, large(2))] {
        assert_eq!(store.read_blob(hash).await.unwrap(), content);
    }
    assert!(is_file(world.dir.path(), &stray) && !is_file(target.path(), &stray));
}

#[tokio::test]
async fn what_was_erased_is_not_missing_and_what_is_gone_is() {
    let world = World::new().await;
    let (principal, run) = (world.principal("acme", amount(9, 9)).await, new_run());
    let mut lost = Vec::new();
    for number in 0..=1 {
        lost.push(hold(&world, &principal, run, number, &large(1 + u8::try_from(number).unwrap())).await);
    }
    lost.sort();
    // What a run in progress puts may not be there yet.
    let fresh = put(&world.store, &principal, new_run(), &large(3)).await.sha256;
    world.store.append(&principal, run, &[event(2, "run.settled")]).await.unwrap();
    fs::remove_dir_all(world.dir.path().join("blobs")).unwrap();
    fs::create_dir(world.dir.path().join("blobs")).unwrap();
    assert!(!is_file(world.dir.path(), &fresh));
    let target = private();
    assert_eq!(world.store.back_up(target.path()).await.unwrap().damaged, lost);
    // Nobody holds them any more.
    world.pass(31 * DAY_MS);
    let target = private();
    assert_eq!(world.store.back_up(target.path()).await.unwrap().damaged, Vec::<String>::new());
}
