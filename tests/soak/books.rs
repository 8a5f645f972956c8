//! The books: what must be true of the record and of the ledger, looked up in the database beside the
//! program. What Postgres holds is put into an SQLite database first, so that both are asked the same.

use std::{path::PathBuf, process::Command};

use ringfence_tests::output_of;
use serde_json::{Value, json};

use crate::{
    clients::{Told, Work},
    database::Database,
};

/// Tables that are looked at.
const TABLES: [&str; 6] = ["runs", "events", "reservations", "usage", "balances", "budgets"];

/// Answers questions in SQL in one transaction that reads, or on the tables it is given.
const SCRIPT: &str = "
import hashlib, json, sqlite3, sys
tables, questions = json.load(sys.stdin)
base = sqlite3.connect(sys.argv[1], uri=True, isolation_level=None)
for name, (columns, rows) in tables.items():
    base.execute(f'CREATE TABLE {name} ({\", \".join(columns)})')
    base.execute(f'CREATE INDEX {name}_by_key ON {name} ({\", \".join(columns[:2])})')
    base.executemany(f'INSERT INTO {name} VALUES (:{\", :\".join(columns)})', rows)
base.create_function('sha256', 1, lambda text: hashlib.sha256(text.encode()).hexdigest())
base.execute('BEGIN')
json.dump([base.execute(*question).fetchall() for question in questions], sys.stdout)
";

/// A promise, and what finds whatever breaks it.
type Promise = (&'static str, &'static str);

/// What is true at every moment.
const ALWAYS: &[Promise] = &[
    (
        "a step begins once",
        "SELECT run, json_extract(body, '$.step') AS step FROM events WHERE kind = 'exec.started'
         GROUP BY run, step HAVING count(*) > 1",
    ),
    (
        "a program that was sent runs once, under however many runs it is known",
        "SELECT json_extract(r.body, '$.code') AS code, group_concat(r.run) FROM events AS r
         JOIN events AS s ON s.run = r.run AND s.kind = 'exec.started'
         WHERE r.kind = 'run.requested' AND json_extract(r.body, '$.language') IS NOT NULL
           AND NOT EXISTS (SELECT 1 FROM events AS f WHERE f.run = r.run AND f.kind = 'run.failed')
         GROUP BY code HAVING count(*) > 1",
    ),
    (
        "an execution is paid for",
        "SELECT run FROM events AS e WHERE kind = 'exec.started' AND NOT EXISTS
           (SELECT 1 FROM reservations AS r WHERE r.run = e.run AND r.step = json_extract(e.body, '$.step'))",
    ),
    (
        "an execution costs what its history says",
        "SELECT e.run FROM events AS e
         JOIN reservations AS r ON r.run = e.run AND r.step = json_extract(e.body, '$.step')
         WHERE e.kind = 'exec.finished' AND (r.state != 'settled'
           OR r.used_nano_usd != json_extract(e.body, '$.used.nanoUsd')
           OR r.used_sandbox_ms != json_extract(e.body, '$.used.sandboxMs'))",
    ),
    (
        "a step that was interrupted costs what was held for it",
        "SELECT run, step FROM reservations WHERE state = 'interrupted'
           AND (used_nano_usd, used_runs, used_sandbox_ms) IS NOT (nano_usd, runs, sandbox_ms)",
    ),
    (
        "usage is the sum of what was settled",
        "SELECT *, sum(nano_usd), sum(runs), sum(ms) FROM (
           SELECT at_ms / 86400000 AS day, tenant, user, key_id, session, author,
                  used_nano_usd AS nano_usd, used_runs AS runs, used_sandbox_ms AS ms
           FROM reservations WHERE state IN ('settled', 'interrupted')
           UNION ALL
           SELECT day, tenant, user, key_id, session, author, -nano_usd, -runs, -sandbox_ms FROM usage)
         GROUP BY day, tenant, user, key_id, session, author
         HAVING (sum(nano_usd), sum(runs), sum(ms)) IS NOT (0, 0, 0)",
    ),
    (
        "a balance is the usage and the open reservations of its scope and period",
        "WITH moved AS (
           SELECT day, tenant, user, key_id, session, nano_usd, runs, sandbox_ms, 0 AS held FROM usage
           UNION ALL
           SELECT at_ms / 86400000, tenant, user, key_id, session, nano_usd, runs, sandbox_ms, 1
           FROM reservations WHERE state IN ('held', 'waiting')
         )
         SELECT b.kind, b.tenant, b.name, b.period, b.first_day,
                spent_nano_usd, spent_runs, spent_sandbox_ms,
                reserved_nano_usd, reserved_runs, reserved_sandbox_ms
         FROM balances AS b LEFT JOIN moved AS m
           ON (b.kind = 0 OR b.tenant = m.tenant)
          AND CASE b.kind WHEN 2 THEN b.name = m.user WHEN 3 THEN b.name = m.key_id
                          WHEN 4 THEN b.name = m.session ELSE 1 END
          AND m.day >= b.first_day
          AND m.day < CASE b.period WHEN 'total' THEN 9e9 WHEN 'day' THEN b.first_day + 1
            WHEN 'week' THEN b.first_day + 7
            ELSE julianday(date(b.first_day * 86400, 'unixepoch', '+1 month')) - 2440587.5 END
         WHERE b.kind < 5
         GROUP BY 1, 2, 3, 4, 5
         HAVING (spent_nano_usd, spent_runs, spent_sandbox_ms) IS NOT
                (coalesce(sum(m.nano_usd * (1 - held)), 0), coalesce(sum(m.runs * (1 - held)), 0),
                 coalesce(sum(m.sandbox_ms * (1 - held)), 0))
             OR (reserved_nano_usd, reserved_runs, reserved_sandbox_ms) IS NOT
                (coalesce(sum(m.nano_usd * held), 0), coalesce(sum(m.runs * held), 0),
                 coalesce(sum(m.sandbox_ms * held), 0))",
    ),
    (
        "nobody was admitted beyond a limit",
        "SELECT kind, tenant, name, period FROM balances JOIN budgets USING (kind, tenant, name, period)
         WHERE spent_nano_usd + reserved_nano_usd > limit_nano_usd
            OR spent_runs + reserved_runs > limit_runs
            OR spent_sandbox_ms + reserved_sandbox_ms > limit_sandbox_ms",
    ),
    (
        "a run ends once, and nothing follows",
        "SELECT run FROM events AS e
         WHERE kind IN ('run.settled', 'run.refused', 'run.failed', 'run.interrupted')
           AND EXISTS (SELECT 1 FROM events AS f WHERE f.run = e.run AND f.seq > e.seq)",
    ),
];

/// What is true once everything has come to its end.
const AT_REST: &[Promise] = &[
    (
        "every run has ended",
        "SELECT id FROM runs AS r WHERE NOT EXISTS (SELECT 1 FROM events AS e WHERE e.run = r.id
           AND e.kind IN ('run.settled', 'run.refused', 'run.failed', 'run.interrupted'))",
    ),
    ("nothing is held", "SELECT run, step FROM reservations WHERE state IN ('held', 'waiting')"),
];

/// What clients were told is true. Each gets a list of `[run, nano-dollars, standard output]` or, for the
/// last, of `[code, times]`.
const AS_TOLD: [Promise; 6] = [
    (
        "what was answered is in the record",
        "SELECT value FROM json_each(?) WHERE NOT EXISTS (SELECT 1 FROM events
           WHERE run = json_extract(value, '$[0]') AND kind = 'run.settled')",
    ),
    (
        "what was answered costs what was told",
        "SELECT value FROM json_each(?) WHERE json_extract(value, '$[1]') IS NOT
           (SELECT sum(used_nano_usd) FROM reservations WHERE run = json_extract(value, '$[0]'))",
    ),
    (
        "the record holds the output that was told",
        "SELECT json_extract(value, '$[0]') FROM json_each(?)
         WHERE json_extract(value, '$[2]') != '' AND NOT EXISTS (SELECT 1 FROM events
           WHERE run = json_extract(value, '$[0]') AND kind = 'exec.finished'
           AND json_extract(body, '$.stdout') = sha256(json_extract(value, '$[2]')))",
    ),
    (
        "what was refused is in the record",
        "SELECT value FROM json_each(?) WHERE NOT EXISTS (SELECT 1 FROM events
           WHERE run = json_extract(value, '$[0]') AND kind = 'run.refused')",
    ),
    (
        "what was promised is done, unless it had begun",
        "SELECT value FROM json_each(?) WHERE NOT EXISTS (SELECT 1 FROM events
           WHERE run = json_extract(value, '$[0]') AND kind IN ('exec.started', 'run.failed'))",
    ),
    (
        "what was seen to run is in the record as often",
        "WITH begun AS MATERIALIZED (SELECT json_extract(r.body, '$.code') AS code FROM events AS r
           JOIN events AS s ON s.run = r.run AND s.kind = 'exec.started' WHERE r.kind = 'run.requested')
         SELECT value FROM json_each(?) WHERE json_extract(value, '$[1]') >
           (SELECT count(*) FROM begun WHERE code = sha256(json_extract(value, '$[0]')))",
    ),
];

/// Whatever happened to the runs that a text names.
const HISTORIES: &str = "SELECT run, group_concat((at_ms % 1000000) || ' ' || kind, ', ') FROM events
    WHERE instr(?, run) GROUP BY run";

/// Rows shown of those that break a promise.
const ROWS_SHOWN_MAX: usize = 5;

/// The books of a house.
#[derive(Debug)]
pub(crate) struct Books<'a> {
    /// Its data directory.
    pub(crate) data: PathBuf,
    pub(crate) database: &'a Database,
}

impl Books<'_> {
    /// The rows that answer each question: SQL, with its parameters.
    pub(crate) fn ask(&self, questions: &[(&str, Value)]) -> Vec<Vec<Value>> {
        let file = match self.database {
            Database::Sqlite => format!("file:{}?mode=ro", self.data.join("ringfence.db").display()),
            Database::Postgres(_) => "file::memory:".to_owned(),
        };
        let mut command = Command::new("python3");
        command.args(["-c", SCRIPT, &file]);
        let input = format!("[{},{}]", self.database.tables(&TABLES), json!(questions));
        let output = output_of(command, input.as_bytes());
        serde_json::from_slice(&output.stdout)
            .unwrap_or_else(|error| panic!("{error}: {}", String::from_utf8_lossy(&output.stderr)))
    }

    /// Numbers that answer a question.
    pub(crate) fn numbers(&self, sql: &str) -> Vec<i64> {
        let rows = self.ask(&[(sql, json!([]))]).remove(0);
        rows[0].as_array().expect("a row").iter().map(|number| number.as_i64().expect("a number")).collect()
    }

    /// Panics if something is not as it always is.
    pub(crate) fn check(&self) {
        self.hold(&without_parameters(ALWAYS));
    }

    /// How many runs and reservations are still open.
    pub(crate) fn open(&self) -> usize {
        self.ask(&AT_REST.iter().map(|(_, sql)| (*sql, json!([]))).collect::<Vec<_>>())
            .iter()
            .map(Vec::len)
            .sum()
    }

    /// Panics if something is not as it is at rest, or as clients were told. `seen` says how often the
    /// program of each request was seen to run.
    pub(crate) fn check_at_rest(&self, told: &[Told], seen: &[(Work, usize)]) {
        let (mut answered, mut refused, mut promised) = (Vec::new(), Vec::new(), Vec::new());
        for told in told {
            match told {
                Told::Answer { run, nano_usd, stdout } => answered.push(json!([run, nano_usd, stdout])),
                Told::Promise { run } => promised.push(json!([run])),
                Told::Problem { run, .. } if told.is_refusal() => refused.push(json!([run])),
                Told::Problem { .. } | Told::Nothing => {}
            }
        }
        let seen: Vec<_> = seen.iter().map(|(work, times)| json!([work.code(), times])).collect();
        let answered = json!(answered);
        let lists =
            [answered.clone(), answered.clone(), answered, json!(refused), json!(promised), json!(seen)];
        let as_told = AS_TOLD
            .iter()
            .zip(lists)
            .map(|((promise, sql), list)| (*promise, *sql, json!([list.to_string()])));
        let all = [without_parameters(ALWAYS), without_parameters(AT_REST), as_told.collect()].concat();
        self.hold(&all);
    }

    fn hold(&self, promises: &[(&str, &str, Value)]) {
        let questions: Vec<_> =
            promises.iter().map(|(_, sql, parameters)| (*sql, parameters.clone())).collect();
        let answers = self.ask(&questions);
        let broken: Vec<String> = promises
            .iter()
            .zip(answers)
            .filter(|(_, rows)| !rows.is_empty())
            .map(|((promise, ..), rows)| {
                format!("{promise}: {}", json!(&rows[..rows.len().min(ROWS_SHOWN_MAX)]))
            })
            .collect();
        if !broken.is_empty() {
            let histories = self.ask(&[(HISTORIES, json!([json!(broken).to_string()]))]).remove(0);
            panic!("{broken:#?}\n{}", json!(histories));
        }
    }
}

fn without_parameters(promises: &'static [Promise]) -> Vec<(&'static str, &'static str, Value)> {
    promises.iter().map(|(promise, sql)| (*promise, *sql, json!([]))).collect()
}
