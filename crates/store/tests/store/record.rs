//! The record keeps what it was told: over restarts, from other tenants, and against changes.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use crate::common::{START_MS, World, amount, budget_of, caps, charge, event, naming, new_run, put};
use crate::database::{self, Database};
use ringfence_pipeline::keys::KeyRequest;
use ringfence_pipeline::ports::{Ledger, Record};
use ringfence_pipeline::run::Recorded;
use ringfence_store::{BlobError, OpenError, Store};

#[tokio::test]
async fn a_restart_keeps_everything() {
    let mut world = World::new().await;
    let key = world
        .store
        .create_key("acme", &KeyRequest { limit: caps(amount(9, 900)), ..KeyRequest::new("ana") }, 7)
        .await
        .unwrap();
    let principal = world.store.authenticate(&key.text, world.now()).await.unwrap();
    let run = new_run();
    let blob = put(&world.store, &principal, run, b"print(1)").await;
    let events = [naming(0, "run.received", &[&blob], START_MS), event(1, "run.started")];
    world.store.reserve(charge(&principal, run, 0), amount(1, 100), &events).await.unwrap();
    let events = events.map(|event| Recorded { contents: Vec::new(), ..event });
    let keys = world.store.list_keys("acme", world.now()).await.unwrap();
    assert_eq!(keys[0].budget.reserved, amount(1, 100));

    world.restart().await;

    assert_eq!(world.store.history(&principal, run).await.unwrap(), events);
    assert_eq!(world.store.read_blob(&blob.sha256).await.unwrap(), b"print(1)");
    assert_eq!(world.store.list_keys("acme", world.now()).await.unwrap(), keys);
    assert_eq!(world.store.authenticate(&key.text, world.now()).await.unwrap(), principal);
}

#[tokio::test]
async fn a_trial_leaves_nothing_and_says_what_fails() {
    let world = World::new().await;
    let contents = |raw| async move {
        sqlx::query_scalar::<_, i64>("SELECT count(*) FROM contents").fetch_one(&raw).await.unwrap()
    };
    world.store.try_out().await.unwrap();
    assert_eq!(contents(world.raw().await).await, 0);
    assert_eq!(fs::read_dir(world.dir.path().join("blobs")).unwrap().count(), 0);
    fs::remove_dir(world.dir.path().join("blobs")).unwrap();
    assert!(
        world.store.try_out().await.unwrap_err().to_string().contains("content cannot be read or written")
    );
    fs::create_dir(world.dir.path().join("blobs")).unwrap();
    sqlx::query("DROP TABLE contents").execute(&world.raw().await).await.unwrap();
    assert!(world.store.try_out().await.unwrap_err().to_string().contains("trying the store"));
}

#[tokio::test]
async fn events_cannot_be_updated_deleted_or_replaced() {
    let world = World::new().await;
    let principal = world.principal("acme", amount(9, 9)).await;
    let run = new_run();
    let events = [event(0, "run.received"), event(1, "run.finished")];
    world.store.append(&principal, run, &events).await.unwrap();
    let raw = world.raw().await;
    for sql in [
        "UPDATE events SET body = '{}'",
        "UPDATE events SET seq = 0",
        "DELETE FROM events",
        "DELETE FROM runs",
        &database::replacing("events"),
    ] {
        let refused = sqlx::query(sqlx::AssertSqlSafe(sql)).execute(&raw).await.unwrap_err().to_string();
        assert!(refused.contains("append-only") || refused.contains("FOREIGN KEY"), "{sql}: {refused}");
    }
    let again = world.store.append(&principal, run, &[event(1, "run.failed")]).await.unwrap_err();
    let said = again.to_string();
    assert!(said.contains("recorded already") || said.contains("duplicate key"), "{said}");
    assert_eq!(world.store.history(&principal, run).await.unwrap(), events);
}

#[tokio::test]
async fn events_that_cannot_all_be_appended_leave_nothing_behind() {
    let world = World::new().await;
    let principal = world.principal("acme", amount(9, 9)).await;
    let run = new_run();
    let twice = [event(0, "run.received"), event(0, "run.received")];
    world.store.append(&principal, run, &twice).await.unwrap_err();
    assert_eq!(world.store.history(&principal, run).await.unwrap(), []);
    assert_eq!(world.store.runs(&principal, None, 10).await.unwrap(), []);
}

#[tokio::test]
async fn another_tenant_neither_sees_nor_extends_a_run() {
    let world = World::new().await;
    let owner = world.principal("acme", amount(9, 9)).await;
    let other = world.principal("globex", amount(9, 9)).await;
    let run = new_run();
    world.store.append(&owner, run, &[event(0, "run.received")]).await.unwrap();

    assert_eq!(world.store.history(&other, run).await.unwrap(), []);
    assert_eq!(world.store.runs(&other, None, 10).await.unwrap(), []);
    world.store.append(&other, run, &[event(1, "run.finished")]).await.unwrap_err();
    world.store.reserve(charge(&other, run, 0), amount(1, 1), &[event(1, "x")]).await.unwrap_err();
    world.store.reserve(charge(&other, run, 0), amount(1, 1), &[]).await.unwrap_err();
    assert_eq!(world.store.history(&owner, run).await.unwrap().len(), 1);
    assert_eq!(budget_of(&world.store, &other).await.reserved, amount(0, 0));
}

#[tokio::test]
async fn another_tenant_does_not_open_a_run_of_the_same_id() {
    let world = World::new().await;
    let owner = world.principal("acme", amount(9, 9)).await;
    let other = world.principal("globex", amount(9, 9)).await;
    let run = new_run();
    assert_eq!(world.store.tenant_of(run).await.unwrap(), None);
    world.store.append(&owner, run, &[event(0, "run.received")]).await.unwrap();
    world.store.append(&other, run, &[event(0, "run.received")]).await.unwrap_err();
    world.store.reserve(charge(&other, run, 0), amount(1, 1), &[event(0, "run.received")]).await.unwrap_err();

    assert_eq!(world.store.runs(&other, None, 10).await.unwrap(), []);
    assert_eq!(world.store.history(&other, run).await.unwrap(), []);
    assert_eq!(budget_of(&world.store, &other).await.reserved, amount(0, 0));
    assert_eq!(world.store.runs(&owner, None, 10).await.unwrap(), [run]);
    assert_eq!(world.store.tenant_of(run).await.unwrap().as_deref(), Some("acme"));
    assert!(world.store.verify_audit(None, &[]).await.unwrap().is_whole());
}

#[tokio::test]
async fn runs_are_listed_newest_first_up_to_the_limit() {
    let world = World::new().await;
    let principal = world.principal("acme", amount(9, 9)).await;
    let mut opened = Vec::new();
    for _ in 0..5 {
        let run = new_run();
        world.store.append(&principal, run, &[event(0, "run.received")]).await.unwrap();
        opened.push(run);
    }
    let listed = world.store.runs(&principal, None, 3).await.unwrap();
    assert_eq!(listed, [opened[4], opened[3], opened[2]]);
    let older = world.store.runs(&principal, listed.last().copied(), 3).await.unwrap();
    assert_eq!(older, [opened[1], opened[0]]);
    assert_eq!(world.store.runs(&principal, Some(opened[0]), 3).await.unwrap(), []);
}

/// Too large for the database.
fn large() -> Vec<u8> {
    vec![42; 20_000]
}

#[tokio::test]
async fn altered_content_is_not_given_out() {
    let world = World::new().await;
    let who = world.principal("acme", amount(9, 9)).await;
    let keep = async |content: &[u8]| {
        let run = new_run();
        let kept = put(&world.store, &who, run, content).await;
        world.store.append(&who, run, &[naming(0, "run.requested", &[&kept], START_MS)]).await.unwrap();
        kept.sha256
    };
    let (small, large) = (keep(b"42").await, keep(&self::large()).await);
    fs::write(world.dir.path().join("blobs").join(&large[..2]).join(&large), b"43").unwrap();
    let other = sqlx::query("UPDATE contents SET bytes = $1").bind(vec![0_u8]);
    other.execute(&world.raw().await).await.unwrap();
    for hash in [&small, &large] {
        let refused = world.store.read_blob(hash).await.unwrap_err();
        assert!(matches!(refused, BlobError::Altered(_)), "{refused}");
    }
    assert!(matches!(world.store.read_blob("../pepper").await, Err(BlobError::NotAHash(_))));
    // Keeping it again mends it.
    keep(b"42").await;
    keep(&self::large()).await;
    assert_eq!(world.store.read_blob(&small).await.unwrap(), b"42");
    assert_eq!(world.store.read_blob(&large).await.unwrap(), self::large());
}

#[tokio::test]
async fn content_is_on_disk_with_the_events_that_name_it() {
    let world = World::new().await;
    let who = world.principal("acme", amount(9, 900)).await;
    let beside = world.another().await;
    let run = new_run();
    let kept = async |content: &[u8]| put(&world.store, &who, run, content).await;
    let (code, output, rest) = (kept(b"print(1)").await, kept(&large()).await, kept(&[]).await);
    assert!(matches!(beside.read_blob(&code.sha256).await, Err(BlobError::Missing(_))));

    let started = naming(0, "a", &[&code, &output, &rest], START_MS);
    world.store.reserve(charge(&who, run, 0), amount(1, 9), &[started]).await.unwrap();
    for (kept, content) in [(&code, b"print(1)".as_slice()), (&output, &large()), (&rest, &[])] {
        assert_eq!(beside.read_blob(&kept.sha256).await.unwrap(), content);
    }
    let stdout = kept(b"1\n").await;
    let ended = naming(1, "b", &[&stdout], START_MS);
    world.store.settle(&who, run, 0, amount(1, 1), &[ended]).await.unwrap();
    assert_eq!(beside.read_blob(&stdout.sha256).await.unwrap(), b"1\n");
    // A write that is refused takes nothing along, and loses nothing either.
    let late = kept(b"late").await;
    let named = [naming(2, "c", &[&late], START_MS)];
    world.store.reserve(charge(&who, run, 1), amount(99, 9), &named).await.unwrap_err();
    assert!(matches!(beside.read_blob(&late.sha256).await, Err(BlobError::Missing(_))));
    world.store.append(&who, run, &named).await.unwrap();
    assert_eq!(beside.read_blob(&late.sha256).await.unwrap(), b"late");
}

#[tokio::test(flavor = "multi_thread")]
async fn content_kept_by_many_at_once_is_kept() {
    let world = World::new().await;
    let principal = world.principal("acme", amount(900, 900)).await;
    let writers: Vec<_> = (0..100)
        .map(|number| {
            let (store, principal) = (world.store.clone(), principal.clone());
            tokio::spawn(async move {
                let content = vec![number; 16_340 + usize::from(number)];
                let contents: Vec<_> = (0..4).map(|n| [&content[..], &[n]].concat()).collect();
                let (run, mut kept) = (new_run(), Vec::new());
                for content in &contents {
                    kept.push(put(&store, &principal, run, content).await);
                }
                let named: Vec<_> = kept.iter().collect();
                store.append(&principal, run, &[naming(0, "run.requested", &named, START_MS)]).await.unwrap();
                (kept, contents)
            })
        })
        .collect();
    let beside = world.another().await;
    for writer in writers {
        let (kept, contents) = writer.await.unwrap();
        for (kept, content) in kept.iter().zip(contents) {
            assert_eq!(beside.read_blob(&kept.sha256).await.unwrap(), content);
        }
    }
}

#[tokio::test]
async fn everything_on_disk_is_private_to_its_owner() {
    let parent = tempfile::tempdir().unwrap();
    let dir = parent.path().join("made/by/us");
    let database = Database::new();
    let store = Store::open(&dir, database.url()).await.unwrap();
    let principal = store.local_principal("ana", 1).await.unwrap();
    put(&store, &principal, new_run(), &large()).await;
    store.append(&principal, new_run(), &[event(0, "run.received")]).await.unwrap();
    let mut seen = Vec::new();
    walk(&dir, &mut seen);
    for name in database::FILES {
        assert!(seen.iter().any(|path| path.ends_with(name)), "{name} is missing in {seen:?}");
    }
}

fn walk(path: &Path, seen: &mut Vec<String>) {
    let metadata = fs::symlink_metadata(path).unwrap();
    let mode = metadata.permissions().mode() & 0o777;
    assert_eq!(mode, if metadata.is_dir() { 0o700 } else { 0o600 }, "{}", path.display());
    seen.push(path.display().to_string());
    if metadata.is_dir() {
        fs::read_dir(path).unwrap().for_each(|entry| walk(&entry.unwrap().path(), seen));
    }
}

#[tokio::test]
async fn a_lost_pepper_is_reported_rather_than_replaced() {
    let world = World::new().await;
    world.principal("acme", amount(1, 1)).await;
    fs::remove_file(world.dir.path().join("pepper")).unwrap();
    let refused = Store::open(world.dir.path(), world.url()).await.unwrap_err();
    assert!(matches!(refused, OpenError::PepperMissing { keys: 1, .. }), "{refused}");
}

#[tokio::test(flavor = "multi_thread")]
async fn many_may_open_a_new_directory_at_once() {
    let dir = tempfile::tempdir().unwrap();
    let database = Database::new();
    let opening: Vec<_> = (0..8)
        .map(|_| {
            let (dir, url) = (dir.path().to_path_buf(), database.url().map(str::to_owned));
            tokio::spawn(async move { Store::open(&dir, url.as_deref()).await.unwrap() })
        })
        .collect();
    let mut stores = Vec::new();
    for store in opening {
        stores.push(store.await.unwrap());
    }
    let key = stores[0].create_key("acme", &KeyRequest::new("ana"), 1).await.unwrap();
    for store in &stores {
        store.authenticate(&key.text, 2).await.unwrap();
    }
}
