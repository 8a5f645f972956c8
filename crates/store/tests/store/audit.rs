//! The audit chain finds whatever is done to the record behind its back, and nothing else.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use crate::common::{World, amount, charge, event, new_run, put};
use proptest::prelude::*;
use ringfence_pipeline::audit::{AuditHead, AuditReport, Fault, Finding};
use ringfence_pipeline::ports::{Ledger, Record};
use ringfence_pipeline::run::Principal;
use ringfence_store::Store;

use crate::database::{self, Database, Pool};

pub(crate) async fn verified(store: &Store) -> AuditReport {
    store.verify_audit(None, &[]).await.unwrap()
}

/// What is found first in the chain of `tenant`.
pub(crate) async fn finding(store: &Store, tenant: &str) -> Option<Finding> {
    let report = verified(store).await;
    report.chains.into_iter().find(|chain| chain.tenant == tenant)?.finding
}

async fn heads(store: &Store) -> Vec<AuditHead> {
    verified(store).await.chains.into_iter().filter_map(|chain| chain.head).collect()
}

pub(crate) async fn execute(raw: &Pool, sql: &str) -> u64 {
    let done = sqlx::query(sqlx::AssertSqlSafe(sql.to_owned())).execute(raw).await;
    done.unwrap_or_else(|error| panic!("{sql}: {error}")).rows_affected()
}

/// Three runs of two tenants, one of them with money.
async fn history(world: &World) -> [Principal; 2] {
    let acme = world.principal("acme", amount(9, 900)).await;
    let globex = world.principal("globex", amount(9, 900)).await;
    for who in [&acme, &globex, &acme] {
        let run = new_run();
        let begun = [event(0, "run.requested"), event(1, "budget.reserved")];
        world.store.reserve(charge(who, run, 0), amount(1, 10), &begun).await.unwrap();
        world.store.settle(who, run, 0, amount(1, 5), &[event(2, "exec.finished")]).await.unwrap();
        world.store.append(who, run, &[event(3, "run.settled")]).await.unwrap();
    }
    [acme, globex]
}

#[tokio::test]
async fn what_was_recorded_is_whole() {
    let mut world = World::new().await;
    assert!(verified(&world.store).await.is_whole());
    history(&world).await;
    let report = verified(&world.store).await;
    assert!(report.is_whole(), "{report:?}");
    let names: Vec<&str> = report.chains.iter().map(|chain| chain.tenant.as_str()).collect();
    assert_eq!(names, ["acme", "globex"]);
    // Each run's opening and four events, and the tenant's key.
    assert_eq!(report.chains[0].entries, 2 * 5 + 1);
    let head = report.chains[0].head.clone().unwrap();
    assert_eq!(head.n, 11);
    world.restart().await;
    assert_eq!(verified(&world.store).await, report);
    // What was kept elsewhere is still there, and what never was is not.
    world.store.append(&world.principal("acme", amount(1, 1)).await, new_run(), &[]).await.unwrap();
    assert!(world.store.verify_audit(None, std::slice::from_ref(&head)).await.unwrap().is_whole());
    let never = AuditHead { mac: [1; 32], ..head.clone() };
    let report = world.store.verify_audit(Some("acme"), &[never]).await.unwrap();
    assert_eq!(report.chains[0].finding.as_ref().unwrap().fault, Fault::RolledBack);
    let never = AuditHead { tenant: "initech".to_owned(), ..head };
    let report = world.store.verify_audit(None, &[never]).await.unwrap();
    assert_eq!(report.chains[2].finding.as_ref().unwrap().fault, Fault::Truncated);
}

#[tokio::test]
async fn nothing_of_the_chain_can_be_changed_in_passing() {
    let world = World::new().await;
    history(&world).await;
    let raw = world.raw().await;
    for sql in [
        "UPDATE audit SET n = n + 100",
        "DELETE FROM audit",
        &database::replacing("audit"),
        "INSERT INTO audit SELECT tenant, 3, run, seq, digest, mac FROM audit",
        "UPDATE runs SET \"user\" = 'eve'",
        "DELETE FROM runs",
        "UPDATE changes SET actor = 'eve'",
        "DELETE FROM changes",
        &database::replacing("changes"),
    ] {
        let refused = sqlx::query(sqlx::AssertSqlSafe(sql)).execute(&raw).await.unwrap_err().to_string();
        assert!(refused.contains("append-only"), "{sql}: {refused}");
    }
    assert!(verified(&world.store).await.is_whole());
}

#[tokio::test]
async fn each_kind_of_tampering_is_named() {
    let cases = [
        ("UPDATE events SET body = '{}' WHERE tenant = 'acme' AND seq = 2", Fault::Changed),
        ("UPDATE events SET at_ms = at_ms + 1 WHERE tenant = 'acme' AND seq = 0", Fault::Changed),
        ("UPDATE events SET tenant = 'globex' WHERE tenant = 'acme' AND seq = 0", Fault::Changed),
        ("UPDATE runs SET \"user\" = 'eve' WHERE tenant = 'acme'", Fault::Changed),
        ("UPDATE changes SET actor = 'eve' WHERE tenant = 'acme'", Fault::Changed),
        ("DELETE FROM events WHERE tenant = 'acme' AND seq = 3", Fault::Missing),
        ("DELETE FROM runs WHERE tenant = 'acme'", Fault::Missing),
        ("DELETE FROM changes WHERE tenant = 'acme'", Fault::Missing),
        ("DELETE FROM audit WHERE tenant = 'acme' AND n = 4", Fault::Missing),
        ("UPDATE audit SET mac = digest WHERE tenant = 'acme' AND n = 4", Fault::Forged),
        ("UPDATE audit SET digest = mac WHERE tenant = 'acme' AND n = 4", Fault::Forged),
        ("UPDATE audit SET seq = 5 WHERE tenant = 'acme' AND run IS NULL", Fault::Changed),
        (
            "INSERT INTO events SELECT run, 9, tenant, kind, at_ms, body FROM events WHERE tenant = 'acme' LIMIT 1",
            Fault::NotChained,
        ),
        ("INSERT INTO runs VALUES ('f', 'acme', 'eve', 'k', 1)", Fault::NotChained),
        ("INSERT INTO changes VALUES ('acme', 999, 1, 'eve', 'key.created', '{}')", Fault::NotChained),
        ("DELETE FROM audit WHERE tenant = 'acme' AND n = 11", Fault::Truncated),
    ];
    for (sql, fault) in cases {
        let world = World::new().await;
        history(&world).await;
        world.store.seal().await.unwrap();
        let raw = world.database.unguarded(world.dir.path()).await;
        assert!(execute(&raw, sql).await > 0, "{sql}");
        let found = finding(&world.store, "acme").await;
        assert_eq!(found.map(|finding| finding.fault), Some(fault), "{sql}");
    }
}

#[tokio::test]
async fn a_row_is_added_in_one_chain_while_one_is_lost_in_another() {
    let world = World::new().await;
    history(&world).await;
    let raw = world.database.unguarded(world.dir.path()).await;
    execute(&raw, "DELETE FROM events WHERE tenant = 'acme' AND seq = 3").await;
    let forged = "INSERT INTO events SELECT run, seq + 7, tenant, kind, at_ms, body FROM events
                  WHERE tenant = 'globex' AND seq IN (1, 2)";
    execute(&raw, forged).await;
    assert_eq!(finding(&world.store, "acme").await.unwrap().fault, Fault::Missing);
    let found = finding(&world.store, "globex").await.unwrap();
    assert_eq!((found.fault, found.n, found.seq), (Fault::NotChained, None, Some(8)));
}

#[tokio::test]
async fn what_was_sealed_cannot_be_cut_off_even_if_the_record_goes_on() {
    let mut world = World::new().await;
    let [acme, _] = history(&world).await;
    world.restart().await;
    let raw = world.database.unguarded(world.dir.path()).await;
    execute(&raw, "DELETE FROM events WHERE tenant = 'acme' AND seq = 3").await;
    // Events, entries and all.
    let cut = "DELETE FROM audit WHERE tenant = 'acme' AND n >= (SELECT min(n) FROM audit
               WHERE tenant = 'acme' AND NOT EXISTS
                   (SELECT 1 FROM events e WHERE e.run = audit.run AND e.seq = audit.seq) AND seq IS NOT NULL)";
    execute(&raw, cut).await;
    execute(&raw, "DELETE FROM events WHERE NOT EXISTS (SELECT 1 FROM audit a WHERE a.run = events.run AND a.seq = events.seq)").await;
    execute(
        &raw,
        "DELETE FROM runs WHERE NOT EXISTS (SELECT 1 FROM audit a WHERE a.run = id AND a.seq IS NULL)",
    )
    .await;
    assert_eq!(finding(&world.store, "acme").await.unwrap().fault, Fault::Truncated);
    // Neither does a process that goes on writing, or that starts, cover it up.
    for _ in 0..10 {
        world.store.append(&acme, new_run(), &[event(0, "run.requested")]).await.unwrap();
    }
    world.store.seal().await.unwrap();
    world.restart().await;
    assert_eq!(finding(&world.store, "acme").await.unwrap().fault, Fault::RolledBack);
    // Only somebody's word ends that, and the word is in the record.
    world.store.on_behalf_of("k1").accept_audit().await.unwrap();
    assert!(verified(&world.store).await.is_whole());
    let done = world.store.audit_entries("acme", None, i64::MIN, 2).await.unwrap();
    assert_eq!((done[0].kind.as_str(), done[0].actor.as_str()), ("audit.accepted", "k1"));
    assert_eq!((done[1].kind.as_str(), done[1].run.is_some()), ("run.requested", true));
    let others = world.store.audit_entries("globex", None, i64::MIN, 99).await.unwrap();
    assert!(others.iter().all(|entry| entry.kind != "audit.accepted"));
}

#[tokio::test]
async fn an_older_database_beside_a_newer_head_is_found() {
    let mut world = World::new().await;
    let [acme, _] = history(&world).await;
    world.store.close().await;
    world.database.keep(world.dir.path());
    let older = fs::read(world.dir.path().join("audit.head")).unwrap();
    world.restart().await;
    world.store.append(&acme, new_run(), &[event(0, "run.requested")]).await.unwrap();
    let head = heads(&world.store).await.remove(0);
    world.store.close().await;
    world.database.restore(world.dir.path());
    world.restart().await;
    assert_eq!(finding(&world.store, "acme").await.unwrap().fault, Fault::Truncated);
    // With the older head as well, only what was kept elsewhere tells.
    fs::write(world.dir.path().join("audit.head"), older).unwrap();
    assert!(verified(&world.store).await.is_whole());
    let report = world.store.verify_audit(None, &[head]).await.unwrap();
    assert_eq!(report.chains[0].finding.as_ref().unwrap().fault, Fault::Truncated);
}

#[tokio::test]
async fn a_head_that_is_gone_or_changed_is_told_and_not_made_anew() {
    let mut world = World::new().await;
    let [acme, _] = history(&world).await;
    world.restart().await;
    let path = world.dir.path().join("audit.head");
    let text = fs::read_to_string(&path).unwrap();
    assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
    for damage in [None, Some(text.replace("\n11 ", "\n1 "))] {
        match &damage {
            Some(text) => fs::write(&path, text).unwrap(),
            None => fs::remove_file(&path).unwrap(),
        }
        world.store.append(&acme, new_run(), &[event(0, "run.requested")]).await.unwrap();
        world.restart().await;
        let said = verified(&world.store).await.checkpoint.unwrap();
        assert!(said.contains("audit.head"), "{said}");
        assert_eq!(fs::read_to_string(&path).ok(), damage);
    }
}

#[tokio::test]
async fn a_crash_before_the_head_is_renewed_leaves_a_whole_record() {
    let mut world = World::new().await;
    let [acme, _] = history(&world).await;
    world.store.seal().await.unwrap();
    world.store.append(&acme, new_run(), &[event(0, "run.requested")]).await.unwrap();
    // Not closed: the head stays behind.
    world.store = world.another().await;
    assert!(verified(&world.store).await.is_whole());
    world.store.append(&acme, new_run(), &[event(0, "run.requested")]).await.unwrap();
    world.store.seal().await.unwrap();
    assert!(verified(&world.store).await.is_whole());
}

#[tokio::test]
async fn a_write_that_is_rolled_back_leaves_no_gap() {
    let world = World::new().await;
    let [acme, _] = history(&world).await;
    for _ in 0..3 {
        let twice = [event(0, "run.requested"), event(0, "run.requested")];
        world.store.append(&acme, new_run(), &twice).await.unwrap_err();
        world.store.append(&acme, new_run(), &[event(0, "run.requested")]).await.unwrap();
    }
    assert!(verified(&world.store).await.is_whole());
}

#[tokio::test(flavor = "multi_thread")]
async fn several_processes_extend_one_chain() {
    let world = World::new().await;
    let [acme, globex] = history(&world).await;
    let mut writers = Vec::new();
    for number in 0..4 {
        let (store, who) = (world.another().await, if number < 3 { &acme } else { &globex }.clone());
        writers.push(tokio::spawn(async move {
            for _ in 0..25 {
                let run = new_run();
                let begun = [event(0, "run.requested"), event(1, "exec.started")];
                store.append(&who, run, &begun).await.unwrap();
                store.append(&who, run, &[event(2, "run.settled")]).await.unwrap();
                store.seal().await.unwrap();
            }
            store.close().await;
        }));
    }
    // The record is looked at while it grows.
    for _ in 0..5 {
        assert!(verified(&world.store).await.is_whole());
    }
    for writer in writers {
        writer.await.unwrap();
    }
    let report = verified(&world.store).await;
    assert!(report.is_whole(), "{report:?}");
    assert_eq!(report.chains[0].entries, 11 + 3 * 25 * 4);
}

#[tokio::test]
async fn erasing_contents_leaves_the_chain_whole_and_altering_them_is_found() {
    let world = World::new().await;
    let [acme, _] = history(&world).await;
    let (run, mut told) = (new_run(), event(0, "run.requested"));
    for content in [b"print(1)".to_vec(), vec![7; 100_000]] {
        told.contents.push(put(&world.store, &acme, run, &content).await);
    }
    let contents: Vec<String> = told.contents.iter().map(|kept| kept.sha256.clone()).collect();
    world.store.append(&acme, run, &[told]).await.unwrap();
    assert_eq!(world.store.altered_contents().await.unwrap(), [""; 0]);
    let raw = world.database.unguarded(world.dir.path()).await;
    execute(&raw, "UPDATE contents SET bytes = (SELECT mac FROM audit LIMIT 1)").await;
    let blob = world.dir.path().join("blobs").join(&contents[1][..2]).join(&contents[1]);
    fs::write(&blob, b"others").unwrap();
    let mut altered = contents.clone();
    altered.sort();
    assert_eq!(world.store.altered_contents().await.unwrap(), altered);

    world.pass(40 * ringfence_store::DAY_MS);
    while world.store.sweep(world.now()).await.unwrap().more {}
    assert!(!blob.exists());
    assert_eq!(world.store.altered_contents().await.unwrap(), [""; 0]);
    let entries = world.store.audit_entries("acme", None, 0, 1).await.unwrap();
    assert_eq!((entries[0].kind.as_str(), entries[0].actor.as_str()), ("contents.erased", "ringfence"));
    assert_eq!(entries[0].details.as_ref().unwrap()["contents"], 2);
    assert!(verified(&world.store).await.is_whole());
}

/// What happens to a record.
#[derive(Debug, Clone)]
enum Op {
    Append { tenant: usize, events: u32 },
    CreateKey { tenant: usize },
    FailToAppend { tenant: usize },
    Seal,
    Restart,
}

/// What somebody does to it behind its back: `row` and `other` count from the first, and begin again at the end.
#[derive(Debug, Clone)]
enum Tampering {
    Change { table: usize, column: usize, row: i64 },
    Delete { table: usize, row: i64 },
    Copy { table: usize, row: i64 },
    SwapEvents { row: i64, other: i64 },
    SwapEntries { row: i64, other: i64 },
    CutOff { tenant: usize, entries: i64 },
    Restore,
}

const TENANTS: [&str; 3] = ["acme", "globex", "self-service:x"];

/// Tables of the record, their keys, and their columns, each with what becomes of it.
const TABLES: [(&str, &str, &[&str]); 4] = [
    ("runs", "id", &["id || 'x'", "tenant || 'x'", "\"user\" || 'x'", "key_id || 'x'", "opened_ms + 1"]),
    (
        "events",
        "run, seq",
        &["run || 'x'", "seq + 1000", "tenant || 'x'", "kind || 'x'", "at_ms - 1", "body || ' '"],
    ),
    (
        "changes",
        "tenant, n",
        &["tenant || 'x'", "n + 1000", "at_ms + 1", "actor || 'x'", "kind || 'x'", "body || ' '"],
    ),
    (
        "audit",
        "tenant, n",
        &[
            "tenant || 'x'",
            "n + 1000",
            "coalesce(run, '') || 'x'",
            "coalesce(seq, 0) + 1000",
            database::ZEROS,
            database::ZEROS,
        ],
    ),
];

fn op() -> impl Strategy<Value = Op> {
    prop_oneof![
        6 => (0..TENANTS.len(), 1..5_u32).prop_map(|(tenant, events)| Op::Append { tenant, events }),
        2 => (0..TENANTS.len()).prop_map(|tenant| Op::CreateKey { tenant }),
        1 => (0..TENANTS.len()).prop_map(|tenant| Op::FailToAppend { tenant }),
        1 => Just(Op::Seal),
        1 => Just(Op::Restart),
    ]
}

fn tampering() -> impl Strategy<Value = Tampering> {
    let (table, row) = (0..TABLES.len(), 0..1000_i64);
    prop_oneof![
        8 => (table.clone(), 0..6_usize, row.clone())
            .prop_map(|(table, column, row)| Tampering::Change { table, column, row }),
        3 => (table.clone(), row.clone()).prop_map(|(table, row)| Tampering::Delete { table, row }),
        3 => (table, row.clone()).prop_map(|(table, row)| Tampering::Copy { table, row }),
        2 => (row.clone(), row.clone()).prop_map(|(row, other)| Tampering::SwapEvents { row, other }),
        2 => (row.clone(), row).prop_map(|(row, other)| Tampering::SwapEntries { row, other }),
        2 => (0..TENANTS.len(), 1..9_i64).prop_map(|(tenant, entries)| Tampering::CutOff { tenant, entries }),
        1 => Just(Tampering::Restore),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 64 / database::TIMES_SLOWER, failure_persistence: None, ..Default::default() })]

    #[test]
    fn whatever_is_done_to_a_record_behind_its_back_is_found(
        ops in prop::collection::vec(op(), 1..25),
        tampering in tampering(),
    ) {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(async {
            let mut world = World::new().await;
            let mut principals = Vec::new();
            for tenant in TENANTS {
                principals.push(world.principal(tenant, amount(9, 9)).await);
            }
            world.store.close().await;
            world.database.keep(world.dir.path());
            world.restart().await;
            let who = principals[0].clone();
            world.store.append(&who, new_run(), &[event(0, "run.requested")]).await.unwrap();
            for op in &ops {
                apply(&mut world, &principals, op).await;
            }
            let report = verified(&world.store).await;
            assert!(report.is_whole(), "{report:?}");
            world.store.close().await;
            if tamper(&world.database, world.dir.path(), &tampering).await {
                world.restart().await;
                let report = verified(&world.store).await;
                assert!(!report.is_whole(), "{tampering:?} after {ops:?}: {report:?}");
            }
        });
    }
}

async fn apply(world: &mut World, principals: &[Principal], op: &Op) {
    match *op {
        Op::Append { tenant, events } => {
            let events: Vec<_> = (0..events).map(|seq| event(seq, "run.requested")).collect();
            world.store.append(&principals[tenant], new_run(), &events).await.unwrap();
        }
        Op::CreateKey { tenant } => drop(world.principal(TENANTS[tenant], amount(1, 1)).await),
        Op::FailToAppend { tenant } => {
            let twice = [event(0, "run.requested"), event(0, "run.requested")];
            world.store.append(&principals[tenant], new_run(), &twice).await.unwrap_err();
        }
        Op::Seal => world.store.seal().await.unwrap(),
        Op::Restart => world.restart().await,
    }
}

/// False if there was nothing to be done.
async fn tamper(database: &Database, dir: &Path, tampering: &Tampering) -> bool {
    if let Tampering::Restore = tampering {
        database.restore(dir);
        return true;
    }
    let raw = database.unguarded(dir).await;
    let which = |table: &str, key: &str, row: i64| {
        format!(
            "(SELECT {key} FROM {table} ORDER BY {key} LIMIT 1 OFFSET {row} % (SELECT count(*) FROM {table}))"
        )
    };
    let statements = match *tampering {
        Tampering::Change { table, column, row } => {
            let (table, key, columns) = TABLES[table];
            let change = columns[column % columns.len()];
            let names: Vec<String> =
                sqlx::query_scalar(database::COLUMNS).bind(table).fetch_all(&raw).await.unwrap();
            let column = &names[column % columns.len()];
            vec![format!(
                "UPDATE {table} SET \"{column}\" = {change} WHERE ({key}) = {}",
                which(table, key, row)
            )]
        }
        Tampering::Delete { table, row } => {
            let (table, key, _) = TABLES[table];
            vec![format!("DELETE FROM {table} WHERE ({key}) = {}", which(table, key, row))]
        }
        Tampering::Copy { table, row } => {
            let (table, key, _) = TABLES[table];
            let copied = match table {
                "runs" => "id || 'x', tenant, \"user\", key_id, opened_ms",
                "events" => "run, seq + 50, tenant, kind, at_ms, body",
                "changes" => "tenant, n + 500, at_ms, actor, kind, body",
                _ => "tenant, n + 500, run, seq, digest, mac",
            };
            vec![format!(
                "INSERT INTO {table} SELECT {copied} FROM {table} WHERE ({key}) = {}",
                which(table, key, row)
            )]
        }
        Tampering::SwapEvents { row, other } => {
            let pair = |row| which("events", "run, seq", row);
            vec![swap("events", "run, seq", &["kind", "at_ms", "body"], &pair(row), &pair(other))]
        }
        Tampering::SwapEntries { row, other } => {
            let pair = |row| which("audit", "tenant, n", row);
            vec![swap("audit", "tenant, n", &["run", "seq", "digest", "mac"], &pair(row), &pair(other))]
        }
        Tampering::CutOff { tenant, entries } => {
            let tail = format!(
                "tenant = '{0}' AND n > (SELECT max(n) FROM audit WHERE tenant = '{0}') - {entries}",
                TENANTS[tenant]
            );
            vec![
                format!("DELETE FROM events WHERE (run, seq) IN (SELECT run, seq FROM audit WHERE {tail})"),
                format!("DELETE FROM runs WHERE id IN (SELECT run FROM audit WHERE seq IS NULL AND {tail})"),
                format!(
                    "DELETE FROM changes WHERE (tenant, n) IN (SELECT tenant, n FROM audit WHERE {tail})"
                ),
                format!("DELETE FROM audit WHERE {tail}"),
            ]
        }
        Tampering::Restore => unreachable!(),
    };
    let mut done = 0;
    for statement in &statements {
        done += execute(&raw, statement).await;
    }
    raw.close().await;
    done > 0
}

/// Exchanges columns of two rows, unless the last of them is the same.
fn swap(table: &str, key: &str, columns: &[&str], one: &str, other: &str) -> String {
    let sets: Vec<String> = columns.iter().map(|column| format!("{column} = theirs.{column}")).collect();
    let (sets, last) = (sets.join(", "), columns[columns.len() - 1]);
    let pairs = [(one, other), (other, one)].map(|(mine, theirs)| {
        format!(
            "SELECT mine.key AS key, theirs.* FROM
                 (SELECT ({key_text}) AS key, {last} AS old FROM {table} WHERE ({key}) = {mine}) AS mine,
                 (SELECT * FROM {table} WHERE ({key}) = {theirs}) AS theirs
             WHERE old IS DISTINCT FROM theirs.{last}",
            key_text = key.replace(", ", " || ' ' || "),
        )
    });
    let key_text =
        key.split(", ").map(|part| format!("{table}.{part}")).collect::<Vec<_>>().join(" || ' ' || ");
    format!(
        "UPDATE {table} SET {sets} FROM ({}) AS theirs WHERE {key_text} = theirs.key",
        pairs.join(" UNION ALL ")
    )
}
