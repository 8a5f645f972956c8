//! Uploads and the life of contents: quotas hold, tenants do not see each other, nothing is lost that
//! anybody holds and nothing stays that nobody does.

use std::path::PathBuf;

use crate::common::{World, amount, charge, naming, new_run, put};
use ringfence_pipeline::files::{FileCursor, FileInfo, Files, FilesError};
use ringfence_pipeline::ports::{Ledger, Record};
use ringfence_pipeline::run::Principal;
use ringfence_store::{BlobError, HOLD_WAIT_MS, Keeping, Store, Swept};

const DAY_MS: i64 = 24 * 3600 * 1000;

async fn upload(store: &Store, who: &Principal, name: &str, content: &[u8]) -> Result<FileInfo, FilesError> {
    let mut incoming = store.receive(who, Some(content.len() as u64)).await?;
    for piece in content.chunks(7_000) {
        incoming.write(piece).await?;
    }
    incoming.end_file(name.to_owned()).await?;
    Ok(incoming.keep().await?.remove(0))
}

/// Content of this many bytes, unlike that of another number.
fn content(number: u32, bytes: usize) -> Vec<u8> {
    number.to_le_bytes().into_iter().cycle().take(bytes).collect()
}

/// Files below a directory of the store.
fn below(world: &World, directory: &str) -> Vec<PathBuf> {
    fn walk(path: PathBuf, found: &mut Vec<PathBuf>) {
        for entry in std::fs::read_dir(path).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() { walk(path, found) } else { found.push(path) }
        }
    }
    let mut found = Vec::new();
    walk(world.dir.path().join(directory), &mut found);
    found
}

/// Sweeps until nothing is left to do: the number of contents that were deleted.
async fn swept(world: &World) -> usize {
    let mut contents = 0;
    loop {
        let Swept { contents: more_contents, more, .. } = world.store.sweep(world.now()).await.unwrap();
        contents += more_contents;
        if !more {
            return contents;
        }
    }
}

#[tokio::test]
async fn an_upload_is_found_by_its_content_whatever_its_size() {
    let world = World::new().await;
    let who = world.principal("acme", amount(9, 9)).await;
    for bytes in [0, 1, 16 * 1024, 16 * 1024 + 1, 256 * 1024, 1_000_000] {
        let content = content(7, bytes);
        let file = upload(&world.store, &who, "a.csv", &content).await.unwrap();
        assert_eq!((file.name.as_str(), file.size), ("a.csv", bytes as u64));
        assert_eq!(file.expires_ms, world.now() + 7 * DAY_MS);
        assert_eq!(world.store.file(&who, &file.id).await.unwrap(), Some(file.clone()));
        assert_eq!(world.store.read_blob(&file.id).await.unwrap(), content);
        let mut opened = world.store.open_blob(&file.id).await.unwrap().unwrap();
        let mut read = Vec::new();
        std::io::Read::read_to_end(&mut opened.bytes, &mut read).unwrap();
        assert_eq!((read, opened.size), (content, file.size));
    }
    assert_eq!(below(&world, "incoming"), [] as [PathBuf; 0]);
}

#[tokio::test]
async fn the_same_content_again_is_the_same_file_with_another_name_and_more_time() {
    let world = World::new().await;
    let who = world.principal("acme", amount(9, 9)).await;
    let first = upload(&world.store, &who, "old", &content(1, 50_000)).await.unwrap();
    world.pass(DAY_MS);
    let again = upload(&world.store, &who, "new", &content(1, 50_000)).await.unwrap();
    let expected =
        FileInfo { name: "new".to_owned(), expires_ms: first.expires_ms + DAY_MS, ..first.clone() };
    assert_eq!(again, expected);
    assert_eq!(world.store.files(&who, None, 9).await.unwrap(), [expected]);
    // The first one's time is over, the content stays.
    world.pass(6 * DAY_MS + 1);
    assert_eq!(swept(&world).await, 0);
    assert_eq!(world.store.read_blob(&first.id).await.unwrap(), content(1, 50_000));
}

#[tokio::test]
async fn files_are_listed_newest_first_in_pages() {
    let world = World::new().await;
    let who = world.principal("acme", amount(9, 9)).await;
    let mut sent = Vec::new();
    for number in 0..5 {
        sent.insert(0, upload(&world.store, &who, "f", &content(number, 10)).await.unwrap().id);
        // Two of them at the same time.
        world.pass(i64::from(number != 2));
    }
    let mut listed = Vec::new();
    let mut cursor = None;
    loop {
        let page = world.store.files(&who, cursor.as_ref(), 2).await.unwrap();
        let Some(last) = page.last() else { break };
        cursor = Some(FileCursor::from(last));
        listed.extend(page.into_iter().map(|file| file.id));
    }
    sent[1..3].sort_unstable_by(|a, b| b.cmp(a));
    assert_eq!(listed, sent);
}

#[tokio::test]
async fn tenants_do_not_see_each_others_files_and_share_their_content() {
    let world = World::new().await;
    let (acme, globex) =
        (world.principal("acme", amount(9, 9)).await, world.principal("globex", amount(9, 9)).await);
    let theirs = upload(&world.store, &acme, "secret name", &content(1, 50_000)).await.unwrap();
    assert_eq!(world.store.file(&globex, &theirs.id).await.unwrap(), None);
    assert_eq!(world.store.files(&globex, None, 9).await.unwrap(), []);
    assert!(!world.store.remove_file(&globex, &theirs.id).await.unwrap());
    world.pass(5);
    let ours = upload(&world.store, &globex, "mine", &content(1, 50_000)).await.unwrap();
    assert_eq!((ours.name.as_str(), ours.created_ms), ("mine", theirs.created_ms + 5));
    // One of them is gone, the content is not.
    assert!(world.store.remove_file(&acme, &theirs.id).await.unwrap());
    assert!(!world.store.remove_file(&acme, &theirs.id).await.unwrap());
    world.pass(2 * HOLD_WAIT_MS);
    assert_eq!(swept(&world).await, 0);
    assert_eq!(world.store.read_blob(&ours.id).await.unwrap(), content(1, 50_000));
    assert!(world.store.remove_file(&globex, &ours.id).await.unwrap());
    assert_eq!(below(&world, "blobs"), [] as [PathBuf; 0]);
}

#[tokio::test(flavor = "multi_thread")]
async fn no_number_of_uploads_at_once_exceeds_a_quota() {
    let mut world = World::new().await;
    let keeping = Keeping { key_bytes_max: 105_000, tenant_bytes_max: 205_000, ..Keeping::default() };
    world.store = world.store.keeping(keeping);
    let beside = world.another().await.keeping(keeping);
    let keys = [world.principal("acme", amount(9, 9)).await, world.principal("acme", amount(9, 9)).await];
    let third = world.principal("acme", amount(9, 9)).await;
    // Twenty for each key of two, by two processes; ten of each fit.
    let sending: Vec<_> = (0..40_u32)
        .map(|number| {
            let (store, who) = (
                [&world.store, &beside][usize::from(number % 2 == 1)].clone(),
                keys[usize::from(number / 2 % 2 == 1)].clone(),
            );
            tokio::spawn(async move { upload(&store, &who, "f", &content(number, 10_000)).await })
        })
        .collect();
    let mut kept = 0;
    for sent in sending {
        match sent.await.unwrap() {
            Ok(_) => kept += 1,
            Err(FilesError::Quota(quota)) => assert_eq!((quota.scope, quota.limit), ("key", 105_000)),
            Err(error) => panic!("{error}"),
        }
    }
    assert_eq!(kept, 20);
    let bytes: u64 = world.store.files(&keys[0], None, 99).await.unwrap().iter().map(|file| file.size).sum();
    assert_eq!(bytes, 200_000);
    let Err(FilesError::Quota(full)) = upload(&world.store, &third, "f", &content(99, 5_001)).await else {
        panic!("it fits");
    };
    assert_eq!((full.scope, full.unit, full.limit, full.used), ("tenant", "bytes", 205_000, 200_000));
    // What is there already takes no more room, and what is refused leaves nothing.
    let again = upload(&world.store, &keys[0], "g", &content(0, 10_000)).await;
    assert!(again.is_ok() || matches!(again, Err(FilesError::Quota(quota)) if quota.used > 95_000));
    assert_eq!(below(&world, "incoming"), [] as [PathBuf; 0]);
    // Another tenant has all of its own.
    let other = world.principal("globex", amount(9, 9)).await;
    upload(&world.store, &other, "f", &content(0, 100_000)).await.unwrap();
}

#[tokio::test]
async fn several_files_are_kept_together_or_not_at_all() {
    let mut world = World::new().await;
    world.store = world.store.keeping(Keeping { key_files_max: 2, ..Keeping::default() });
    let who = world.principal("acme", amount(9, 9)).await;
    let mut incoming = world.store.receive(&who, None).await.unwrap();
    for number in 0..3 {
        incoming.write(&content(number, 20_000)).await.unwrap();
        let ended = incoming.end_file(format!("{number}")).await;
        assert_eq!(ended.is_ok(), number < 2, "{number}");
    }
    drop(incoming);
    assert_eq!(world.store.files(&who, None, 9).await.unwrap(), []);
    assert_eq!(below(&world, "incoming").len() + below(&world, "blobs").len(), 0);
    // The same content twice counts once.
    let mut incoming = world.store.receive(&who, None).await.unwrap();
    for name in ["a", "b", "c"] {
        incoming.write(b"same").await.unwrap();
        incoming.end_file(name.to_owned()).await.unwrap();
    }
    assert_eq!(incoming.keep().await.unwrap().len(), 3);
    assert_eq!(world.store.files(&who, None, 9).await.unwrap()[0].name, "c");
}

#[tokio::test]
async fn a_file_that_is_too_large_is_refused_as_soon_as_that_is_known() {
    let mut world = World::new().await;
    world.store = world.store.keeping(Keeping { file_bytes_max: 300_000, ..Keeping::default() });
    let who = world.principal("acme", amount(9, 9)).await;
    assert!(matches!(
        world.store.receive(&who, Some(300_001)).await,
        Err(FilesError::TooLarge { limit: 300_000 })
    ));
    let mut incoming = world.store.receive(&who, None).await.unwrap();
    incoming.write(&[0; 300_000]).await.unwrap();
    assert_eq!(below(&world, "incoming").len(), 1);
    assert!(matches!(incoming.write(&[0]).await, Err(FilesError::TooLarge { .. })));
    drop(incoming);
    assert_eq!(below(&world, "incoming"), [] as [PathBuf; 0]);
    upload(&world.store, &who, "f", &content(1, 300_000)).await.unwrap();
}

#[tokio::test]
async fn what_a_crash_left_in_the_making_is_swept_and_what_is_being_made_is_not() {
    let world = World::new().await;
    let who = world.principal("acme", amount(9, 9)).await;
    let mut incoming = world.store.receive(&who, None).await.unwrap();
    incoming.write(&content(1, 300_000)).await.unwrap();
    std::fs::write(world.dir.path().join("incoming/left"), b"half").unwrap();
    let beside = world.another().await;
    assert_eq!(beside.sweep(world.now()).await.unwrap().partials, 1);
    incoming.end_file("f".to_owned()).await.unwrap();
    let file = incoming.keep().await.unwrap().remove(0);
    assert_eq!(world.store.read_blob(&file.id).await.unwrap(), content(1, 300_000));
}

#[tokio::test]
async fn uploads_and_contents_of_runs_are_deleted_when_their_time_is_over() {
    let world = World::new().await;
    let who = world.principal("acme", amount(9, 900)).await;
    let large = upload(&world.store, &who, "large", &content(1, 50_000)).await.unwrap().id;
    let small = upload(&world.store, &who, "small", &content(2, 50)).await.unwrap().id;
    let both = upload(&world.store, &who, "both", &content(3, 50_000)).await.unwrap().id;
    // A run uses one of the uploads, and prints something.
    let run = new_run();
    let input = put(&world.store, &who, run, &content(3, 50_000)).await;
    assert_eq!(input.sha256, both);
    let started = [naming(0, "run.requested", &[&input], world.now())];
    world.store.reserve(charge(&who, run, 0), amount(1, 9), &started).await.unwrap();
    let stdout = put(&world.store, &who, run, b"printed").await;
    let finished = [naming(1, "exec.finished", &[&stdout], world.now())];
    world.store.settle(&who, run, 0, amount(1, 9), &finished).await.unwrap();

    world.pass(7 * DAY_MS - 1);
    assert_eq!(swept(&world).await, 0);
    world.pass(1);
    // Their time is over before they are swept.
    assert_eq!(world.store.file(&who, &large).await.unwrap(), None);
    assert_eq!(world.store.files(&who, None, 9).await.unwrap(), []);
    assert_eq!(swept(&world).await, 2);
    for hash in [&large, &small] {
        assert!(matches!(world.store.read_blob(hash).await, Err(BlobError::Missing(_))));
    }
    world.pass(23 * DAY_MS - 1);
    assert_eq!(swept(&world).await, 0);
    assert_eq!(world.store.read_blob(&both).await.unwrap(), content(3, 50_000));
    world.pass(1);
    assert_eq!(swept(&world).await, 2);
    for hash in [&both, &stdout.sha256] {
        assert!(matches!(world.store.read_blob(hash).await, Err(BlobError::Missing(_))));
        assert!(world.store.open_blob(hash).await.unwrap().is_none());
    }
    assert_eq!(below(&world, "blobs"), [] as [PathBuf; 0]);
    // The history stays as it was.
    assert_eq!(world.store.history(&who, run).await.unwrap().len(), 2);
    let left: i64 = sqlx::query_scalar("SELECT (SELECT count(*) FROM holds) + (SELECT count(*) FROM files)")
        .fetch_one(&world.raw().await)
        .await
        .unwrap();
    assert_eq!(left, 0);
}
