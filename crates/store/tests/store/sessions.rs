//! A session is its owner's, one turn at a time, and for a week.

use crate::common::{World, amount, naming, new_run, put};
use ringfence_pipeline::ask::Decision;
use ringfence_pipeline::keys::KeyRequest;
use ringfence_pipeline::ports::{Record, Turn};
use ringfence_pipeline::run::{FileRef, Principal};
use ringfence_pipeline::sessions::{
    Opened, Removal, SESSION_KEPT_MS, Session, SessionTurn, Sessions, TURN_MS_MAX,
};

fn turn(question: &str) -> SessionTurn {
    let file = FileRef { name: "sales.csv".to_owned(), size: 3, sha256: "a".repeat(64) };
    let memory = Some(serde_json::json!({ "filters": [question, 1, null] }));
    let clarification = (question == "unclear").then(|| "Which?".into());
    SessionTurn {
        turn: Turn { question: question.to_owned(), clarification, memory },
        decision: Decision::Answered,
        run: new_run(),
        files: vec![file],
    }
}

fn session(turns: Vec<SessionTurn>) -> Session {
    Session { id: new_run().to_string(), version: 0, turns }
}

async fn opened(world: &World, who: &Principal, id: &str) -> Session {
    match world.store.open_session(who, id).await.unwrap() {
        Opened::Session(session) => session,
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn a_session_comes_back_as_it_was_kept() {
    let mut world = World::new().await;
    let ana = world.principal("acme", amount(9, 9)).await;
    let new = session(vec![turn("total"), turn("unclear")]);
    assert!(world.store.put_session(&ana, &new).await.unwrap());
    assert!(!world.store.put_session(&ana, &new).await.unwrap(), "it is there already");
    world.restart().await;
    let mut open = opened(&world, &ana, &new.id).await;
    assert_eq!((&open.id, &open.turns), (&new.id, &new.turns));
    open.turns.push(turn("by month"));
    assert!(world.store.put_session(&ana, &open).await.unwrap());
    assert_eq!(opened(&world, &ana, &new.id).await.turns.len(), 3);
}

#[tokio::test]
async fn for_others_there_is_none() {
    let world = World::new().await;
    let ana = world.principal("acme", amount(9, 9)).await;
    // The same name in another house, and another person in the same one.
    let other = world.principal("rival", amount(9, 9)).await;
    let key = world.store.create_key("acme", &KeyRequest::new("ben"), world.now()).await.unwrap();
    let ben = world.store.authenticate(&key.text, world.now()).await.unwrap();
    let new = session(vec![turn("total")]);
    world.store.put_session(&ana, &new).await.unwrap();
    for who in [&other, &ben] {
        assert_eq!(world.store.open_session(who, &new.id).await.unwrap(), Opened::Missing);
        let theirs = Session { version: 1, ..new.clone() };
        assert!(!world.store.put_session(who, &theirs).await.unwrap());
        assert!(!world.store.put_session(who, &new).await.unwrap());
        world.store.close_session(who, &theirs).await.unwrap();
    }
    // Another key of the same person is as good.
    let again = world.principal("acme", amount(9, 9)).await;
    assert_eq!(opened(&world, &again, &new.id).await.turns, new.turns);
}

#[tokio::test]
async fn one_turn_is_taken_at_a_time() {
    let world = World::new().await;
    let ana = world.principal("acme", amount(9, 9)).await;
    let new = session(vec![turn("total")]);
    world.store.put_session(&ana, &new).await.unwrap();
    let first = opened(&world, &ana, &new.id).await;
    assert_eq!(world.store.open_session(&ana, &new.id).await.unwrap(), Opened::Busy);
    world.store.close_session(&ana, &first).await.unwrap();
    let second = opened(&world, &ana, &new.id).await;
    // What nobody ends is given up, and cannot be kept any more.
    world.pass(TURN_MS_MAX);
    let third = opened(&world, &ana, &new.id).await;
    assert!(!world.store.put_session(&ana, &second).await.unwrap());
    world.store.close_session(&ana, &second).await.unwrap();
    assert_eq!(world.store.open_session(&ana, &new.id).await.unwrap(), Opened::Busy);
    assert!(world.store.put_session(&ana, &third).await.unwrap());
}

#[tokio::test]
async fn a_session_is_kept_for_a_week_since_its_last_turn() {
    let world = World::new().await;
    let ana = world.principal("acme", amount(9, 9)).await;
    let new = session(vec![turn("total")]);
    world.store.put_session(&ana, &new).await.unwrap();
    world.pass(SESSION_KEPT_MS - 1);
    let open = opened(&world, &ana, &new.id).await;
    world.store.put_session(&ana, &open).await.unwrap();
    world.pass(SESSION_KEPT_MS - 1);
    let open = opened(&world, &ana, &new.id).await;
    world.store.close_session(&ana, &open).await.unwrap();
    world.pass(1);
    assert_eq!(world.store.open_session(&ana, &new.id).await.unwrap(), Opened::Missing);
    // The next one takes what has expired away.
    world.store.put_session(&ana, &session(Vec::new())).await.unwrap();
    assert!(world.store.put_session(&ana, &new).await.unwrap());
}

#[tokio::test]
async fn sessions_are_listed_to_their_owner_the_newest_first() {
    let world = World::new().await;
    let ana = world.principal("acme", amount(9, 9)).await;
    let other = world.principal("rival", amount(9, 9)).await;
    let mut ids = Vec::new();
    for question in ["first\u{0}\none", "second", "third"] {
        let new = session(vec![turn(question)]);
        world.store.put_session(&ana, &new).await.unwrap();
        ids.push(new.id);
        world.pass(1000);
    }
    let mut open = opened(&world, &ana, &ids[0]).await;
    open.turns.push(turn("and then"));
    world.store.put_session(&ana, &open).await.unwrap();
    world.store.put_session(&other, &session(vec![turn("theirs")])).await.unwrap();
    let listed = async |before: Option<&str>, limit| {
        let listed = world.store.sessions(&ana, before, limit).await.unwrap();
        listed.into_iter().map(|info| (info.title, info.questions)).collect::<Vec<_>>()
    };
    assert_eq!(listed(None, 2).await, [("third".to_owned(), 1), ("second".to_owned(), 1)]);
    assert_eq!(listed(Some(&ids[1]), 9).await, [("first one".to_owned(), 2)]);
    let view = world.store.session(&ana, &ids[0]).await.unwrap().unwrap();
    let questions: Vec<_> = view.turns.iter().map(|turn| turn.question.as_str()).collect();
    assert_eq!(questions, ["first\u{0}\none", "and then"]);
    assert_eq!((view.info.last_ms, view.info.expires_ms), (world.now(), world.now() + SESSION_KEPT_MS));
    assert_eq!(world.store.session(&other, &ids[0]).await.unwrap(), None);
    world.pass(SESSION_KEPT_MS);
    assert_eq!((listed(None, 9).await, world.store.session(&ana, &ids[0]).await.unwrap()), (vec![], None));
}

#[tokio::test]
async fn with_a_session_goes_what_its_runs_have_kept() {
    let world = World::new().await;
    let ana = world.principal("acme", amount(9, 9)).await;
    let other = world.principal("rival", amount(9, 9)).await;
    let (first, second) = (turn("total"), turn("by month"));
    let (apart, shared) = (new_run(), b"in both".as_slice());
    let mut hashes = Vec::new();
    for (run, content) in [(first.run, b"first".as_slice()), (second.run, shared), (apart, shared)] {
        let kept = put(&world.store, &ana, run, content).await;
        world.store.append(&ana, run, &[naming(0, "note", &[&kept], world.now())]).await.unwrap();
        hashes.push(kept.sha256);
    }
    let new = session(vec![first, second]);
    world.store.put_session(&ana, &new).await.unwrap();
    let remove = async |who: &Principal| world.store.remove_session(who, &new.id).await.unwrap();
    assert_eq!(remove(&other).await, Removal::Missing);
    let open = opened(&world, &ana, &new.id).await;
    assert_eq!(remove(&ana).await, Removal::Busy);
    world.store.close_session(&ana, &open).await.unwrap();
    assert_eq!((remove(&ana).await, remove(&ana).await), (Removal::Removed, Removal::Missing));
    assert_eq!(world.store.open_session(&ana, &new.id).await.unwrap(), Opened::Missing);
    assert!(world.store.get_blob(&hashes[0]).await.unwrap().is_none());
    // Another run holds the same content, and keeps it.
    assert!(world.store.get_blob(&hashes[1]).await.unwrap().is_some());
    let told: Vec<_> =
        world.store.audit(&ana, None, 2).await.unwrap().into_iter().map(|entry| entry.kind).collect();
    assert_eq!(told, ["session.deleted", "contents.erased"]);
}

#[tokio::test]
async fn a_session_of_many_runs_goes_whole() {
    let world = World::new().await;
    let ana = world.principal("acme", amount(9, 9)).await;
    let mut new = session(vec![turn("0")]);
    world.store.put_session(&ana, &new).await.unwrap();
    for number in 1..450 {
        new = opened(&world, &ana, &new.id).await;
        new.turns = vec![turn(&number.to_string())];
        world.store.put_session(&ana, &new).await.unwrap();
    }
    assert_eq!(world.store.session(&ana, &new.id).await.unwrap().unwrap().info.questions, 450);
    assert_eq!(world.store.remove_session(&ana, &new.id).await.unwrap(), Removal::Removed);
}
