//! A database of an earlier version is brought to this one's layout, with everything in it.

use std::os::unix::fs::PermissionsExt;

use crate::audit::{execute, finding, verified};
use crate::common::{START_MS, World, new_run};
use crate::database::{Database, Pool};
use ringfence_pipeline::audit::Fault;
use ringfence_pipeline::keys::{KeyRequest, Scopes};
use ringfence_store::Store;
use sqlx::sqlite::{SqliteConnectOptions, SqlitePool};
use tempfile::TempDir;

/// A data directory with an empty database of an earlier layout.
async fn earlier(version: i64) -> (TempDir, Pool) {
    let private = std::fs::Permissions::from_mode(0o700);
    let dir = tempfile::Builder::new().permissions(private).tempdir().unwrap();
    let options =
        SqliteConnectOptions::new().filename(dir.path().join("ringfence.db")).create_if_missing(true);
    let old = SqlitePool::connect_with(options).await.unwrap();
    let mut earlier = sqlx::migrate!();
    earlier.migrations.to_mut().retain(|migration| migration.version <= version);
    earlier.run(&old).await.unwrap();
    (dir, old)
}

/// The last layout in which a key had a role.
const BEFORE_SCOPES: i64 = 3;

#[tokio::test]
async fn keys_with_roles_become_keys_with_scopes() {
    // The keys of today's layout, for their secrets.
    let today = World::new().await;
    let member = today.store.create_key("acme", &KeyRequest::new("ben"), START_MS).await.unwrap();
    let admin = today.store.create_key("acme", &KeyRequest::new("ana"), START_MS).await.unwrap();
    let hmacs: Vec<(String, Vec<u8>)> =
        sqlx::query_as("SELECT id, secret_hmac FROM keys").fetch_all(&today.raw().await).await.unwrap();

    let (dir, old) = earlier(BEFORE_SCOPES).await;
    std::fs::copy(today.dir.path().join("pepper"), dir.path().join("pepper")).unwrap();
    sqlx::raw_sql(
        "INSERT INTO tenants VALUES ('acme', 1);
         INSERT INTO users VALUES ('acme', 'ana', 1), ('acme', 'ben', 1);",
    )
    .execute(&old)
    .await
    .unwrap();
    for (id, hmac) in hmacs {
        let role = if id == admin.info.id { "admin" } else { "member" };
        sqlx::query(
            "INSERT INTO keys (id, tenant, user, role, label, secret_hmac, created_ms, last_used_ms)
             VALUES (?, 'acme', 'ana', ?, 'old', ?, 5, 6)",
        )
        .bind(&id)
        .bind(role)
        .bind(hmac)
        .execute(&old)
        .await
        .unwrap();
        sqlx::query(
            "INSERT INTO budgets (key_id, limit_runs, limit_sandbox_ms, spent_runs) VALUES (?, 9, 9, 2)",
        )
        .bind(&id)
        .execute(&old)
        .await
        .unwrap();
    }
    old.close().await;

    let store = Store::open(dir.path(), None).await.unwrap();
    let scopes = async |text: &str| store.authenticate(text, START_MS).await.unwrap().scopes;
    assert_eq!(scopes(&member.text).await, Scopes::DEFAULT);
    assert_eq!(scopes(&admin.text).await, Scopes::ALL);
    let listed = store.list_keys("acme", START_MS).await.unwrap();
    assert_eq!(listed.len(), 2);
    for key in listed {
        assert_eq!((key.label.as_str(), key.created_ms, key.expires_ms), ("old", 5, None));
        assert_eq!((key.budget.limit.runs, key.budget.spent.runs), (Some(9), 2));
    }
    // Opening it again changes nothing.
    store.close().await;
    let again = Store::open(dir.path(), None).await.unwrap();
    assert_eq!(again.list_keys("acme", START_MS).await.unwrap().len(), 2);
}

/// The last layout in which a content was held by its own time.
const BEFORE_SUMS: i64 = 5;

#[tokio::test]
async fn what_runs_kept_before_is_counted_and_what_a_crash_left_goes() {
    let (dir, old) = earlier(BEFORE_SUMS).await;
    sqlx::raw_sql(
        "INSERT INTO tenants VALUES ('acme', 1);
         INSERT INTO runs VALUES ('r1', 'acme', 'ana', 'k1', 5), ('r2', 'acme', 'ana', 'k2', 6);
         INSERT INTO events VALUES ('r1', 0, 'acme', 'run.settled', 5, '{}'),
                                   ('r2', 0, 'acme', 'run.requested', 6, '{}');
         INSERT INTO contents VALUES ('small', x'0102', 5), ('lost', x'03', 5), ('older', x'04', 0);
         INSERT INTO holds VALUES ('small', 'r1', 70), ('large', 'r1', 80), ('small', 'r2', 90),
                                  ('upload', 'tenant:acme', 99);",
    )
    .execute(&old)
    .await
    .unwrap();
    old.close().await;

    Store::open(dir.path(), None).await.unwrap().close().await;
    let new = Database.raw(dir.path()).await;
    let kept: Vec<(String, String, i64, i64, i64)> =
        sqlx::query_as("SELECT run, key_id, bytes, ended, until_ms FROM kept ORDER BY run")
            .fetch_all(&new)
            .await
            .unwrap();
    let row =
        |run: &str, key: &str, bytes, ended, until| (run.to_owned(), key.to_owned(), bytes, ended, until);
    assert_eq!(kept, [row("r1", "k1", 2050, 1, 80), row("r2", "k2", 1026, 0, 90)]);
    let used: Vec<(String, i64)> =
        sqlx::query_as("SELECT id, bytes FROM used ORDER BY id").fetch_all(&new).await.unwrap();
    assert_eq!(used, [("acme".to_owned(), 3076), ("k1".to_owned(), 2050), ("k2".to_owned(), 1026)]);
    let contents: Vec<String> =
        sqlx::query_scalar("SELECT sha256 FROM contents ORDER BY sha256").fetch_all(&new).await.unwrap();
    assert_eq!(contents, ["older", "small"]);
}

/// The last layout without a chain.
const BEFORE_AUDIT: i64 = 7;

#[tokio::test]
async fn what_an_earlier_version_recorded_is_chained_at_the_first_opening_only() {
    let (dir, old) = earlier(BEFORE_AUDIT).await;
    for number in 0..450 {
        let (run, tenant) = (new_run(), ["acme", "globex"][number % 2]);
        let run = sqlx::AssertSqlSafe(format!(
            "INSERT INTO runs VALUES ('{run}', '{tenant}', 'ana', 'k', {number});
             WITH RECURSIVE seqs (seq) AS (SELECT 0 UNION ALL SELECT seq + 1 FROM seqs WHERE seq < {})
             INSERT INTO events SELECT '{run}', seq, '{tenant}', 'exec.started', 7, '{{}}' FROM seqs",
            number % 3
        ));
        sqlx::raw_sql(run).execute(&old).await.unwrap();
    }
    old.close().await;

    let store = Store::open(dir.path(), None).await.unwrap();
    let report = verified(&store).await;
    assert!(report.is_whole(), "{report:?}");
    assert_eq!(report.chains.iter().map(|chain| chain.entries).sum::<i64>(), 450 * 3);
    store.close().await;
    // Once more, with a crash in the middle of it.
    let raw = Database.unguarded(dir.path()).await;
    execute(&raw, "DELETE FROM audit").await;
    std::fs::remove_file(dir.path().join("audit.head")).unwrap();
    let crash = "CREATE TRIGGER crash BEFORE INSERT ON audit
                 WHEN NEW.run > (SELECT id FROM runs ORDER BY id LIMIT 1 OFFSET 420)
                 BEGIN SELECT RAISE(ABORT, 'crash'); END";
    execute(&raw, crash).await;
    assert!(Store::open(dir.path(), None).await.unwrap_err().to_string().contains("crash"));
    let chained: i64 = sqlx::query_scalar("SELECT count(*) FROM audit").fetch_one(&raw).await.unwrap();
    assert!((1..450 * 3).contains(&chained), "{chained}");
    execute(&raw, "DROP TRIGGER crash").await;
    raw.close().await;
    let store = Store::open(dir.path(), None).await.unwrap();
    assert_eq!(verified(&store).await, report);
    store.close().await;
    // From then on, what comes without an entry stays without.
    let raw = Database.unguarded(dir.path()).await;
    execute(&raw, "INSERT INTO runs VALUES ('f', 'acme', 'eve', 'k', 1)").await;
    raw.close().await;
    let store = Store::open(dir.path(), None).await.unwrap();
    assert_eq!(finding(&store, "acme").await.unwrap().fault, Fault::NotChained);
}

/// The last layout in which runs were found by their ids alone.
const BEFORE_RUNS_BY_TENANT: i64 = 12;

#[tokio::test]
async fn runs_get_a_table_of_their_own_kind_and_keep_all_that_refers_to_them() {
    let (dir, old) = earlier(BEFORE_RUNS_BY_TENANT).await;
    sqlx::raw_sql(
        "INSERT INTO tenants VALUES ('acme', 1), ('globex', 1);
         INSERT INTO users VALUES ('acme', 'ana', 1), ('globex', 'ana', 1);
         INSERT INTO keys (id, tenant, user, label, created_ms)
             VALUES ('acme', 'acme', 'ana', '', 1), ('globex', 'globex', 'ana', '', 1);",
    )
    .execute(&old)
    .await
    .unwrap();
    for number in 0..300 {
        let (run, tenant) = (new_run(), ["acme", "globex"][number % 2]);
        let (state, used) = if number % 3 > 0 { ("settled", "3") } else { ("held", "NULL") };
        let run = format!(
            "INSERT INTO runs VALUES ('{run}', '{tenant}', 'ana', '{tenant}', {number});
             INSERT INTO events VALUES ('{run}', 0, '{tenant}', 'run.requested', {number}, '{{}}'),
                                       ('{run}', 1, '{tenant}', 'exec.started', {number}, '{{}}');
             INSERT INTO reservations VALUES ('{run}', 0, '{tenant}', 'ana', '{tenant}', '', '', {number}, 1, 2,
                                              3, 4, 5, '{state}', {used}, {used}, {used}, {used});
             INSERT INTO in_progress VALUES ('{run}', 0);
             INSERT INTO kept VALUES ('{run}', '{tenant}', '{tenant}', 7, {number} % 3 > 0, {number});"
        );
        sqlx::raw_sql(sqlx::AssertSqlSafe(run)).execute(&old).await.unwrap();
    }
    // When a lease ends is what opening a database changes.
    let all = async |raw: &Pool| -> Vec<String> {
        sqlx::query_scalar(
            "SELECT concat_ws(' ', tenant, id, user, key_id, opened_ms) FROM runs
             UNION ALL SELECT concat_ws(' ', run, seq, tenant, kind, at_ms, body) FROM events
             UNION ALL SELECT concat_ws(' ', run, step, tenant, user, key_id, session, author, at_ms, nano_usd, tokens,
                 runs, sandbox_ms, state, used_nano_usd, used_tokens, used_runs, used_sandbox_ms) FROM reservations
             UNION ALL SELECT concat_ws(' ', run, tenant, key_id, bytes, ended, until_ms) FROM kept
             ORDER BY 1",
        )
        .fetch_all(raw)
        .await
        .unwrap()
    };
    let before = all(&old).await;
    assert_eq!(before.len(), 300 * 5);
    old.close().await;

    let store = Store::open(dir.path(), None).await.unwrap();
    let raw = Database.raw(dir.path()).await;
    assert_eq!(all(&raw).await, before);
    for sql in [
        "UPDATE runs SET user = 'eve'",
        "DELETE FROM runs",
        "UPDATE events SET body = ''",
        "DELETE FROM events",
        "INSERT INTO runs SELECT * FROM runs",
        "INSERT INTO events SELECT id, 7, 'globex', 'x', 1, '' FROM runs WHERE tenant = 'acme'",
        "UPDATE reservations SET tenant = 'globex' WHERE tenant = 'acme'",
        "INSERT INTO reservations SELECT 'none', step, tenant, user, key_id, session, author, at_ms, nano_usd,
             tokens, runs, sandbox_ms, until_ms, 'held', NULL, NULL, NULL, NULL FROM reservations LIMIT 1",
    ] {
        let refused = sqlx::query(sql).execute(&raw).await.unwrap_err().to_string();
        let reasons = ["append-only", "FOREIGN KEY", "UNIQUE"];
        assert!(reasons.iter().any(|reason| refused.contains(reason)), "{sql}: {refused}");
    }
    let flaws: Vec<String> =
        sqlx::query_scalar("SELECT \"table\" FROM pragma_foreign_key_check").fetch_all(&raw).await.unwrap();
    assert!(flaws.is_empty(), "{flaws:?}");
    assert!(verified(&store).await.is_whole());
    let recovered = store.recover(START_MS).await.unwrap();
    assert_eq!((recovered.ended.len(), recovered.runs.len()), (100, 300));
}

/// The last layout in which a session did not name its runs.
const BEFORE_SESSION_RUNS: i64 = 16;

#[tokio::test]
async fn sessions_come_to_name_their_runs() {
    let (dir, old) = earlier(BEFORE_SESSION_RUNS).await;
    sqlx::raw_sql(
        r#"INSERT INTO sessions VALUES
               ('s', 'acme', 'ana', 1, '[{"run": "r1"}, {"run": "r2"}, {"run": "r1"}]', 0, 9),
               ('t', 'acme', 'ana', 1, '[]', 0, 9)"#,
    )
    .execute(&old)
    .await
    .unwrap();
    old.close().await;
    Store::open(dir.path(), None).await.unwrap().close().await;
    let raw = Database.raw(dir.path()).await;
    let runs: Vec<(String, String)> =
        sqlx::query_as("SELECT session, run FROM session_runs ORDER BY run").fetch_all(&raw).await.unwrap();
    assert_eq!(runs, [("s".to_owned(), "r1".to_owned()), ("s".to_owned(), "r2".to_owned())]);
}
