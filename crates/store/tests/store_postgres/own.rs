//! What is Postgres' own: a database that is gone for a while, and names that it cannot hold.

use std::time::{Duration, Instant};

use ringfence_pipeline::files::Files;
use ringfence_pipeline::keys::IdentityError;
use ringfence_pipeline::ports::{Charge, Ledger, Record};
use ringfence_store::{BackupError, OpenError, Store, check_postgres};

use crate::common::{START_MS, World, amount, budget_of, charge, event, new_run};
use crate::database::Database;

/// The longest wait for a connection, with some to spare.
const ANSWER_MAX: Duration = Duration::from_secs(20);

#[tokio::test]
async fn a_database_that_is_gone_is_told_and_found_again_with_nothing_half_done() {
    let database = Database::durable();
    let dir = tempfile::tempdir().unwrap();
    let store = Store::open(dir.path(), database.url()).await.unwrap();
    let who = store.local_principal("ana", 1).await.unwrap();
    let (before, during, after) = (new_run(), new_run(), new_run());
    store.reserve(charge(&who, before, 0), amount(1, 10), &[event(0, "run.requested")]).await.unwrap();
    database.cluster().kill();
    let began = Instant::now();
    let refused = store.reserve(charge(&who, during, 0), amount(1, 10), &[event(0, "run.requested")]).await;
    let refused = refused.unwrap_err().to_string();
    assert!(refused.contains("the database did not answer while"), "{refused}");
    store.settle(&who, before, 0, amount(1, 5), &[event(1, "exec.finished")]).await.unwrap_err();
    store.history(&who, before).await.unwrap_err();
    assert!(store.check_database().is_err());
    assert!(Store::open(dir.path(), database.url()).await.is_err());
    assert!(began.elapsed() < ANSWER_MAX * 4, "{:?}", began.elapsed());

    database.cluster().start_again();
    assert_eq!(budget_of(&store, &who).await.reserved, amount(1, 10));
    store.check_database().unwrap();
    assert!(store.history(&who, during).await.unwrap().is_empty());
    store.settle(&who, before, 0, amount(1, 5), &[event(1, "exec.finished")]).await.unwrap();
    store.reserve(charge(&who, after, 0), amount(1, 10), &[event(0, "run.requested")]).await.unwrap();
    assert_eq!(budget_of(&store, &who).await.spent, amount(1, 5));
    assert!(store.verify_audit(None, &[]).await.unwrap().is_whole());
}

#[tokio::test]
async fn another_pepper_is_refused() {
    let world = World::new().await;
    world.store.close().await;
    let elsewhere = tempfile::tempdir().unwrap();
    let refused = Store::open(elsewhere.path(), world.url()).await.unwrap_err();
    assert!(matches!(refused, OpenError::PepperDiffers(_)), "{refused}");
}

#[tokio::test]
async fn it_is_backed_up_with_its_own_programs() {
    let world = World::new().await;
    assert!(check_postgres(world.url().unwrap()).await.unwrap().contains("Postgres 1"));
    let target = tempfile::tempdir().unwrap();
    let refused = world.store.back_up(target.path()).await.unwrap_err();
    assert!(matches!(refused, BackupError::Postgres) && refused.to_string().contains("pg_dump"), "{refused}");
}

#[tokio::test]
async fn a_password_is_never_told() {
    let world = World::new().await;
    let url = world.url().unwrap().replace("postgres@", "nobody:s3cret@");
    let dir = tempfile::tempdir().unwrap();
    let refused = Store::open(dir.path(), Some(&url)).await.unwrap_err();
    let told = format!("{refused} {refused:?} {}", check_postgres(&url).await.unwrap_err());
    assert!(told.contains("nobody") && !told.contains("s3cret"), "{told}");
    for wrong in ["mysql://ana:s3cret@host/db", "postgres://ana:s3cret@host:x/db"] {
        let told = Store::open(dir.path(), Some(wrong)).await.unwrap_err();
        assert!(matches!(told, OpenError::DatabaseUrl(_)) && !told.to_string().contains("s3cret"), "{told}");
    }
}

#[tokio::test]
async fn what_it_cannot_hold_is_nobodys_name() {
    let world = World::new().await;
    let who = world.principal("acme", amount(9, 9)).await;
    let unknown = world.store.key("acme", "a\0b", 1).await.unwrap_err();
    assert!(matches!(unknown, IdentityError::NoSuchKey(_)), "{unknown}");
    assert_eq!(world.store.file(&who, "a\0b").await.unwrap(), None);
    let session = Charge { session: Some("a\0b"), ..charge(&who, new_run(), 0) };
    world.store.reserve(session, amount(1, 1), &[event(0, "run.requested")]).await.unwrap_err();
    assert_eq!(world.store.runs(&who, None, 9).await.unwrap(), []);
}

/// The last layout in which runs were found by their ids alone.
const BEFORE_RUNS_BY_TENANT: i64 = 2;

#[tokio::test]
async fn a_database_of_an_earlier_layout_keeps_all_that_refers_to_its_runs() {
    let database = Database::new();
    let dir = tempfile::tempdir().unwrap();
    let raw = database.raw(dir.path()).await;
    let mut earlier = sqlx::migrate!("./migrations_postgres");
    earlier.migrations.to_mut().retain(|migration| migration.version <= BEFORE_RUNS_BY_TENANT);
    earlier.run(&raw).await.unwrap();
    let run = new_run();
    let rows = format!(
        "INSERT INTO tenants VALUES ('acme', 1);
         INSERT INTO users VALUES ('acme', 'ana', 1);
         INSERT INTO keys (id, tenant, \"user\", label, scopes, created_ms) VALUES ('k', 'acme', 'ana', '', '', 1);
         INSERT INTO runs VALUES ('{run}', 'acme', 'ana', 'k', 1);
         INSERT INTO events VALUES ('{run}', 0, 'acme', 'run.requested', 1, '{{}}');
         INSERT INTO reservations VALUES ('{run}', 0, 'acme', 'ana', 'k', '', '', 1, 1, 2, 3, 4, 5, 'held');
         INSERT INTO kept VALUES ('{run}', 'acme', 'k', 7, 0, 8);"
    );
    sqlx::raw_sql(sqlx::AssertSqlSafe(rows)).execute(&raw).await.unwrap();

    let store = Store::open(dir.path(), database.url()).await.unwrap();
    assert_eq!(store.tenant_of(run).await.unwrap().as_deref(), Some("acme"));
    assert_eq!(store.recover(START_MS).await.unwrap().ended.len(), 1);
    assert!(store.verify_audit(None, &[]).await.unwrap().is_whole());
    for sql in [
        "UPDATE runs SET \"user\" = 'eve'",
        "DELETE FROM runs",
        "TRUNCATE runs CASCADE",
        "INSERT INTO runs SELECT * FROM runs",
        "INSERT INTO events SELECT run, 7, 'globex', kind, at_ms, body FROM events",
        "UPDATE reservations SET tenant = 'globex'",
    ] {
        let refused = sqlx::query(sql).execute(&raw).await.unwrap_err().to_string();
        let reasons = ["append-only", "foreign key", "duplicate key"];
        assert!(reasons.iter().any(|reason| refused.contains(reason)), "{sql}: {refused}");
    }
}
