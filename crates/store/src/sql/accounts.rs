//! Accounts: what the scopes of a path may use, have used and hold, and how that changes.
//!
//! A balance is always the sum over the usage and the open reservations of its scope and period; one that is
//! not there yet is summed up when it is first asked for.

use ringfence_pipeline::budget::{
    Account, Amount, Budget, BudgetScope, Caps, Crossing, DAY_MS, DefaultBudget, Period, ScopeKind,
};
use ringfence_pipeline::ports::StoreError;
use ringfence_pipeline::run::RunId;

use super::{Conn, Query, StoredRow, Value, failed, query};

/// Every account of these scopes that has a limit at `at_ms`, and the user's for the default budget, ready to
/// decide on. Balances that are missing are made.
pub(super) async fn open(
    conn: &mut Conn,
    doing: &'static str,
    path: &[BudgetScope],
    at_ms: i64,
    default: &DefaultBudget,
) -> Result<Vec<Account>, StoreError> {
    accounts(conn, path, at_ms, default, true).await.map_err(failed(doing))
}

/// As [`open`], for whoever only looks: a balance that is missing is summed up and not made.
pub(super) async fn look(
    conn: &mut Conn,
    doing: &'static str,
    path: &[BudgetScope],
    at_ms: i64,
    default: &DefaultBudget,
) -> Result<Vec<Account>, StoreError> {
    accounts(conn, path, at_ms, default, false).await.map_err(failed(doing))
}

async fn accounts(
    conn: &mut Conn,
    path: &[BudgetScope],
    at_ms: i64,
    default: &DefaultBudget,
    make: bool,
) -> Result<Vec<Account>, sqlx::Error> {
    let mut accounts = Vec::new();
    for Found { mut account, is_missing } in read(conn, path, at_ms, default).await? {
        if is_missing {
            let Account { scope, period, budget, .. } = &mut account;
            (budget.spent, budget.reserved) = sums(conn, scope, *period, at_ms).await?;
            if make {
                put(conn, scope, *period, at_ms, budget.spent, budget.reserved).await?;
            }
        }
        accounts.push(account);
    }
    default.apply(&mut accounts);
    Ok(accounts)
}

/// The statement that changes the balances of these scopes, whether they have a limit or not, in the periods of
/// `at_ms`.
pub(super) fn change(path: &[BudgetScope], at_ms: i64, spent: Amount, reserved: Amount) -> Query {
    let mut sql = query("UPDATE balances SET spent_nano_usd = spent_nano_usd + ");
    sql.push_bind(spent.nano_usd);
    sql.push(", spent_tokens = spent_tokens + ").push_bind(spent.tokens);
    sql.push(", spent_runs = spent_runs + ").push_bind(spent.runs);
    sql.push(", spent_sandbox_ms = spent_sandbox_ms + ").push_bind(spent.sandbox_ms);
    sql.push(", reserved_nano_usd = reserved_nano_usd + ").push_bind(reserved.nano_usd);
    sql.push(", reserved_tokens = reserved_tokens + ").push_bind(reserved.tokens);
    sql.push(", reserved_runs = reserved_runs + ").push_bind(reserved.runs);
    sql.push(", reserved_sandbox_ms = reserved_sandbox_ms + ").push_bind(reserved.sandbox_ms);
    // SQLite looks each of them up at once, but would read all balances for a list of them.
    for (at, scope) in path.iter().enumerate() {
        sql.push(if at == 0 { " WHERE (kind = " } else { " OR kind = " }).push_bind(scope.kind as i64);
        sql.push(" AND tenant = ").push_bind(&scope.tenant).push(" AND name = ").push_bind(&scope.name);
    }
    sql.push(") AND first_day = ");
    push_first_day(&mut sql, "period", at_ms);
    sql
}

/// The thresholds that accounts have reached and were not told of, and the statements that note them. One that a
/// limit has moved away from may be reached again.
pub(super) fn tell(accounts: &[Account], run: Option<RunId>, at_ms: i64) -> (Vec<Crossing>, Vec<Query>) {
    let (mut crossed, mut notes) = (Vec::new(), Vec::new());
    for account in accounts {
        let reached = account.reached();
        if reached == account.told {
            continue;
        }
        let Account { scope, period, .. } = account;
        let note = query(
            "UPDATE balances SET told = ?
             WHERE kind = ? AND tenant = ? AND name = ? AND period = ? AND first_day = ?",
        );
        let note = note.bind(reached).bind(scope.kind as i64).bind(&scope.tenant).bind(&scope.name);
        notes.push(note.bind(period.name()).bind(period.days(at_ms).0));
        if reached < account.told {
            continue;
        }
        let crossing = query(
            "INSERT INTO crossings (kind, tenant, name, period, percent, at_ms, run)
             VALUES (?, ?, ?, ?, ?, ?, ?)",
        );
        let crossing = crossing.bind(scope.kind as i64).bind(&scope.tenant).bind(&scope.name);
        let crossing = crossing.bind(period.name()).bind(reached).bind(at_ms);
        notes.push(crossing.bind(run.map(|run| run.to_string()).unwrap_or_default()));
        crossed.push(Crossing { scope: scope.clone(), period: *period, percent: reached });
    }
    (crossed, notes)
}

/// An account as it is found.
struct Found {
    account: Account,
    /// True if nobody has asked for its balance yet.
    is_missing: bool,
}

async fn read(
    conn: &mut Conn,
    path: &[BudgetScope],
    at_ms: i64,
    default: &DefaultBudget,
) -> Result<Vec<Found>, sqlx::Error> {
    let mut sql = Query::default();
    for (at, scope) in path.iter().enumerate() {
        sql.push(if at == 0 { "" } else { " UNION ALL " }).push(BALANCED).push("budgets AS limits");
        push_balance(&mut sql, at_ms);
        sql.push(" WHERE limits.kind = ").push_bind(scope.kind as i64);
        sql.push(" AND limits.tenant = ").push_bind(&scope.tenant);
        sql.push(" AND limits.name = ").push_bind(&scope.name);
    }
    // Where nobody has said what a user may spend in the default's period.
    for user in path.iter().filter(|scope| scope.kind == ScopeKind::User) {
        sql.push(" UNION ALL ").push(BALANCED);
        sql.push("(SELECT CAST(").push_bind(user.kind as i64).push(" AS BIGINT) AS kind, ");
        sql.push_bind(&user.tenant).push(" AS tenant, ").push_bind(&user.name).push(" AS name, ");
        sql.push_bind(default.period.name());
        sql.push(
            " AS period, CAST(NULL AS BIGINT), CAST(NULL AS BIGINT), CAST(NULL AS BIGINT), CAST(NULL AS BIGINT))
             AS limits",
        );
        push_balance(&mut sql, at_ms);
        sql.push(
            " WHERE NOT EXISTS (SELECT 1 FROM budgets AS b WHERE b.kind = limits.kind
                  AND b.tenant = limits.tenant AND b.name = limits.name AND b.period = limits.period)",
        );
    }
    let mut found: Vec<Found> = sql.fetch_all(conn).await?.iter().map(found).collect::<Result<_, _>>()?;
    found.sort_by_key(|Found { account, .. }| (account.scope.kind as i64, account.period.name()));
    Ok(found)
}

/// The start of a statement that reads limits with their balances: one for each scope, for SQLite looks each of
/// them up at once, but makes tables of its own of what they have in common.
const BALANCED: &str = "SELECT limits.*, a.first_day, a.told, a.spent_nano_usd, a.spent_tokens, a.spent_runs,
         a.spent_sandbox_ms, a.reserved_nano_usd, a.reserved_tokens, a.reserved_runs, a.reserved_sandbox_ms
     FROM ";

/// Joins the balances of the periods of a time.
fn push_balance(sql: &mut Query, at_ms: i64) {
    sql.push(
        " LEFT JOIN balances AS a ON a.kind = limits.kind AND a.tenant = limits.tenant
             AND a.name = limits.name AND a.period = limits.period AND a.first_day = ",
    );
    push_first_day(sql, "limits.period", at_ms);
}

/// The day on which a period begins that holds a time, by the column that names the period.
fn push_first_day(sql: &mut Query, period: &str, at_ms: i64) {
    sql.push("CASE ").push(period);
    for period in Period::ALL {
        sql.push(" WHEN ").push_bind(period.name());
        sql.push(" THEN CAST(").push_bind(period.days(at_ms).0).push(" AS BIGINT)");
    }
    sql.push(" END");
}

fn found(row: &StoredRow) -> Result<Found, sqlx::Error> {
    let unknown = |text: String| sqlx::Error::Decode(text.into());
    let told: Option<i64> = row.try_get("told")?;
    Ok(Found {
        account: Account {
            scope: BudgetScope {
                kind: kind_from(row.try_get("kind")?)?,
                tenant: row.try_get("tenant")?,
                name: row.try_get("name")?,
            },
            period: row.try_get::<&str, _>("period")?.parse().map_err(unknown)?,
            budget: budget_from(row)?,
            told: told.and_then(|told| u8::try_from(told).ok()).unwrap_or(0),
        },
        is_missing: row.try_get::<Option<i64>, _>("first_day")?.is_none(),
    })
}

/// A kind of scope as it is stored: its place among all.
pub(super) fn kind_from(stored: i64) -> Result<ScopeKind, sqlx::Error> {
    let kind = usize::try_from(stored).ok().and_then(|at| ScopeKind::ALL.get(at).copied());
    kind.ok_or_else(|| sqlx::Error::Decode(format!("a scope of kind {stored} is not known").into()))
}

/// Reads limits and a balance; of one that is not there, nothing is used.
pub(super) fn budget_from(row: &StoredRow) -> Result<Budget, sqlx::Error> {
    let figure = |name: &str| row.try_get::<Option<i64>, _>(name);
    let amount = |names: [&str; 4]| -> Result<Amount, sqlx::Error> {
        let [nano_usd, tokens, runs, sandbox_ms] =
            names.map(|name| figure(name).map(Option::unwrap_or_default));
        Ok(Amount { nano_usd: nano_usd?, tokens: tokens?, runs: runs?, sandbox_ms: sandbox_ms? })
    };
    Ok(Budget {
        limit: Caps {
            nano_usd: figure("limit_nano_usd")?,
            tokens: figure("limit_tokens")?,
            runs: figure("limit_runs")?,
            sandbox_ms: figure("limit_sandbox_ms")?,
        },
        spent: amount(["spent_nano_usd", "spent_tokens", "spent_runs", "spent_sandbox_ms"])?,
        reserved: amount(["reserved_nano_usd", "reserved_tokens", "reserved_runs", "reserved_sandbox_ms"])?,
    })
}

/// Makes the balance of the period at `at_ms`.
pub(super) async fn put(
    conn: &mut Conn,
    scope: &BudgetScope,
    period: Period,
    at_ms: i64,
    spent: Amount,
    reserved: Amount,
) -> Result<(), sqlx::Error> {
    let mut insert = query("INSERT INTO balances ");
    insert.push_values([()], |()| {
        let mut values = vec![(scope.kind as i64).into(), (&scope.tenant).into(), (&scope.name).into()];
        values.extend([period.name().into(), period.days(at_ms).0.into()]);
        for Amount { nano_usd, tokens, runs, sandbox_ms } in [spent, reserved] {
            values.extend([nano_usd, tokens, runs, sandbox_ms].map(Value::from));
        }
        values.push(0_i64.into());
        values
    });
    insert.execute(conn).await?;
    Ok(())
}

/// What a scope has used, and holds, in the period at `at_ms`.
async fn sums(
    conn: &mut Conn,
    scope: &BudgetScope,
    period: Period,
    at_ms: i64,
) -> Result<(Amount, Amount), sqlx::Error> {
    let (first_day, next_day) = period.days(at_ms);
    let of_run = scope.kind == ScopeKind::Run;
    let mut spent = query("SELECT ");
    if of_run {
        // Usage does not say which run it was; a run has few steps.
        spent.push(
            "CAST(coalesce(sum(used_nano_usd), 0) AS BIGINT), CAST(coalesce(sum(used_tokens), 0) AS BIGINT),
             CAST(coalesce(sum(used_runs), 0) AS BIGINT), CAST(coalesce(sum(used_sandbox_ms), 0) AS BIGINT)
             FROM reservations
             WHERE state IN ('settled', 'interrupted') AND at_ms >= ",
        );
        spent.push_bind(first_day * DAY_MS).push(" AND at_ms < ").push_bind(next_day * DAY_MS);
    } else {
        spent.push(SUMS).push(" FROM usage WHERE day >= ").push_bind(first_day);
        spent.push(" AND day < ").push_bind(next_day);
    }
    push_scope(&mut spent, scope);
    let spent: (i64, i64, i64, i64) = spent.fetch_one(&mut *conn).await?;
    let mut held = query("SELECT ");
    held.push(SUMS).push(" FROM reservations WHERE state IN ('held', 'waiting') AND at_ms >= ");
    held.push_bind(first_day * DAY_MS).push(" AND at_ms < ").push_bind(next_day * DAY_MS);
    push_scope(&mut held, scope);
    let held: (i64, i64, i64, i64) = held.fetch_one(conn).await?;
    let amount = |(nano_usd, tokens, runs, sandbox_ms)| Amount { nano_usd, tokens, runs, sandbox_ms };
    Ok((amount(spent), amount(held)))
}

/// Postgres makes a decimal of a sum.
const SUMS: &str = "CAST(coalesce(sum(nano_usd), 0) AS BIGINT), CAST(coalesce(sum(tokens), 0) AS BIGINT), \
                    CAST(coalesce(sum(runs), 0) AS BIGINT), CAST(coalesce(sum(sandbox_ms), 0) AS BIGINT)";

/// Only what a scope pays for.
fn push_scope(sql: &mut Query, scope: &BudgetScope) {
    if scope.kind != ScopeKind::Org {
        sql.push(" AND tenant = ").push_bind(&scope.tenant);
    }
    let column = match scope.kind {
        ScopeKind::Org | ScopeKind::Tenant => return,
        ScopeKind::User => "\"user\"",
        ScopeKind::Key => "key_id",
        ScopeKind::Session => "session",
        ScopeKind::Run => "run",
    };
    sql.push(" AND ").push(column).push(" = ").push_bind(&scope.name);
}
