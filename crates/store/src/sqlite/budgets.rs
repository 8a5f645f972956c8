//! Budgets: what scopes may use, said by those who may say so.

use ringfence_pipeline::budget::{AMOUNT_MAX, Account, BudgetScope, Caps, Crossing, Period, ScopeKind, Unit};
use ringfence_pipeline::ports::StoreError;
use sha2::{Digest, Sha256};
use sqlx::{QueryBuilder, SqliteConnection};

use super::{accounts, failed};
use crate::Store;

/// Why a budget cannot be changed or read.
#[derive(Debug, thiserror::Error)]
pub enum BudgetError {
    /// There is nothing that it could be the budget of.
    #[error("there is no {0} here that could have a budget")]
    NoSuchScope(BudgetScope),
    /// Nobody has set one.
    #[error("no budget is set for {0}")]
    NoBudget(BudgetScope),
    /// It is not the one that its writer has seen.
    #[error("the budget of {0} was changed meanwhile, look at it and try again")]
    Changed(BudgetScope),
    /// A limit is out of range.
    #[error("{unit} is {value}, set it to 0 to {AMOUNT_MAX}", unit = .unit.name())]
    OutOfRange {
        /// What it counts.
        unit: Unit,
        /// The figure.
        value: i64,
    },
    /// It limits nothing.
    #[error("a budget without a limit limits nothing, set one or remove the budget")]
    Empty,
    /// A period comes twice.
    #[error("the period {0} is there twice, say its limits once")]
    Twice(Period),
    /// The store failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// A scope's budget as it stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Standing {
    /// Whose it is.
    pub scope: BudgetScope,
    /// Its limits, and how far they are used; one for each period.
    pub accounts: Vec<Account>,
    /// Stands for its limits, whatever is used of them; none if nobody has set any, and the operator's
    /// default holds.
    pub version: Option<String>,
    /// Thresholds that were reached last, the newest first, with their times in milliseconds since the Unix
    /// epoch.
    pub crossed: Vec<(Crossing, i64)>,
}

/// Crossings told with a budget.
const CROSSINGS_MAX: i64 = 20;

impl Store {
    /// Sets a scope's limits in place of those it has. With `expected`, only if its version is that one; an
    /// empty text expects that there is none.
    ///
    /// # Errors
    /// [`BudgetError`]; then nothing was changed.
    pub async fn set_budget(
        &self,
        scope: &BudgetScope,
        limits: &[(Period, Caps)],
        expected: Option<&str>,
    ) -> Result<Standing, BudgetError> {
        let doing = "setting a budget";
        check(limits)?;
        let now_ms = (self.clock)();
        let mut tx = self.database.write().await.map_err(failed(doing))?;
        if !exists(&mut tx, scope).await? {
            return Err(BudgetError::NoSuchScope(scope.clone()));
        }
        check_version(&mut tx, scope, expected).await?;
        delete(&mut tx, scope).await?;
        for (period, caps) in limits {
            sqlx::query("INSERT INTO budgets VALUES (?, ?, ?, ?, ?, ?, ?, ?)")
                .bind(scope.kind as i64)
                .bind(&scope.tenant)
                .bind(&scope.name)
                .bind(period.name())
                .bind(caps.nano_usd)
                .bind(caps.tokens)
                .bind(caps.runs)
                .bind(caps.sandbox_ms)
                .execute(&mut *tx)
                .await
                .map_err(failed(doing))?;
        }
        let path = std::slice::from_ref(scope);
        let accounts = accounts::open(&mut tx, doing, path, now_ms, &self.default_budget).await?;
        accounts::tell(&mut tx, doing, &accounts, None, now_ms).await?;
        let standing = self.standing(&mut tx, scope, now_ms).await?;
        self.database.commit(tx).await.map_err(failed(doing))?;
        Ok(standing)
    }

    /// Removes a scope's limits; what it has used stays known.
    ///
    /// # Errors
    /// [`BudgetError::NoBudget`] if it has none, [`BudgetError::Changed`] if it is not the `expected` one.
    pub async fn remove_budget(
        &self,
        scope: &BudgetScope,
        expected: Option<&str>,
    ) -> Result<(), BudgetError> {
        let doing = "removing a budget";
        let mut tx = self.database.write().await.map_err(failed(doing))?;
        check_version(&mut tx, scope, expected).await?;
        if !delete(&mut tx, scope).await? {
            return Err(BudgetError::NoBudget(scope.clone()));
        }
        Ok(self.database.commit(tx).await.map_err(failed(doing))?)
    }

    /// A scope's budget: the one that was set or, for a user without one, the operator's default.
    ///
    /// # Errors
    /// [`BudgetError::NoBudget`], [`BudgetError::NoSuchScope`].
    pub async fn budget(&self, scope: &BudgetScope) -> Result<Standing, BudgetError> {
        let mut conn = self.database.readers.acquire().await.map_err(failed("reading a budget"))?;
        if !exists(&mut conn, scope).await? {
            return Err(BudgetError::NoSuchScope(scope.clone()));
        }
        let standing = self.standing(&mut conn, scope, (self.clock)()).await?;
        if standing.accounts.is_empty() { Err(BudgetError::NoBudget(scope.clone())) } else { Ok(standing) }
    }

    /// Budgets that were set, in the order of their scopes: at most `limit` of those after `after`; those of
    /// a tenant, or all there are.
    ///
    /// # Errors
    /// [`StoreError`] if the database fails.
    pub async fn budgets(
        &self,
        tenant: Option<&str>,
        after: Option<&BudgetScope>,
        limit: u32,
    ) -> Result<Vec<Standing>, StoreError> {
        let doing = "listing budgets";
        let mut conn = self.database.readers.acquire().await.map_err(failed(doing))?;
        let mut sql = QueryBuilder::new("SELECT DISTINCT kind, tenant, name FROM budgets WHERE TRUE");
        if let Some(tenant) = tenant {
            sql.push(" AND tenant = ").push_bind(tenant);
        }
        if let Some(after) = after {
            sql.push(" AND (kind, tenant, name) > (").push_bind(after.kind as i64);
            sql.push(", ").push_bind(&after.tenant).push(", ").push_bind(&after.name).push(")");
        }
        sql.push(" ORDER BY kind, tenant, name LIMIT ").push_bind(limit);
        let rows: Vec<(i64, String, String)> =
            sql.build_query_as().fetch_all(&mut *conn).await.map_err(failed(doing))?;
        let mut standings = Vec::new();
        for (kind, tenant, name) in rows {
            let kind = usize::try_from(kind).ok().and_then(|kind| ScopeKind::ALL.get(kind).copied());
            let Some(kind) = kind else { continue };
            let scope = BudgetScope { kind, tenant, name };
            standings.push(self.standing(&mut conn, &scope, (self.clock)()).await?);
        }
        Ok(standings)
    }

    async fn standing(
        &self,
        conn: &mut SqliteConnection,
        scope: &BudgetScope,
        now_ms: i64,
    ) -> Result<Standing, StoreError> {
        let doing = "reading a budget";
        let path = std::slice::from_ref(scope);
        let mut accounts = accounts::look(conn, doing, path, now_ms, &self.default_budget).await?;
        accounts.retain(|account| !account.budget.limit.is_nothing());
        let crossed: Vec<(String, u8, i64)> = sqlx::query_as(
            "SELECT period, percent, at_ms FROM crossings WHERE kind = ? AND tenant = ? AND name = ?
             ORDER BY at_ms DESC LIMIT ?",
        )
        .bind(scope.kind as i64)
        .bind(&scope.tenant)
        .bind(&scope.name)
        .bind(CROSSINGS_MAX)
        .fetch_all(&mut *conn)
        .await
        .map_err(failed(doing))?;
        let crossed = crossed.into_iter().filter_map(|(period, percent, at_ms)| {
            Some((Crossing { scope: scope.clone(), period: period.parse().ok()?, percent }, at_ms))
        });
        Ok(Standing {
            scope: scope.clone(),
            accounts,
            crossed: crossed.collect(),
            version: version(conn, scope).await?,
        })
    }
}

/// Refuses limits that say nothing, or too much.
fn check(limits: &[(Period, Caps)]) -> Result<(), BudgetError> {
    if limits.is_empty() {
        return Err(BudgetError::Empty);
    }
    for (at, (period, caps)) in limits.iter().enumerate() {
        if caps.is_nothing() {
            return Err(BudgetError::Empty);
        }
        if limits[..at].iter().any(|(before, _)| before == period) {
            return Err(BudgetError::Twice(*period));
        }
        for unit in Unit::ALL {
            let value = caps.get(unit).unwrap_or(0);
            if !(0..=AMOUNT_MAX).contains(&value) {
                return Err(BudgetError::OutOfRange { unit, value });
            }
        }
    }
    Ok(())
}

/// True if there is what the scope names. Conversations are made by those who name them.
async fn exists(conn: &mut SqliteConnection, scope: &BudgetScope) -> Result<bool, StoreError> {
    let sql = match scope.kind {
        ScopeKind::Org | ScopeKind::Session => return Ok(true),
        ScopeKind::Tenant => "SELECT count(*) FROM tenants WHERE name = ?1 AND ?2 = ''",
        ScopeKind::User => "SELECT count(*) FROM users WHERE tenant = ?1 AND name = ?2",
        ScopeKind::Key => "SELECT count(*) FROM keys WHERE tenant = ?1 AND id = ?2",
        ScopeKind::Run => "SELECT count(*) FROM runs WHERE tenant = ?1 AND id = ?2",
    };
    let found: i64 = sqlx::query_scalar(sql)
        .bind(&scope.tenant)
        .bind(&scope.name)
        .fetch_one(conn)
        .await
        .map_err(failed("reading a budget"))?;
    Ok(found > 0)
}

async fn check_version(
    conn: &mut SqliteConnection,
    scope: &BudgetScope,
    expected: Option<&str>,
) -> Result<(), BudgetError> {
    let Some(expected) = expected else { return Ok(()) };
    if version(conn, scope).await?.unwrap_or_default() == expected {
        return Ok(());
    }
    Err(BudgetError::Changed(scope.clone()))
}

/// Stands for the limits of a scope; none if it has none.
async fn version(conn: &mut SqliteConnection, scope: &BudgetScope) -> Result<Option<String>, StoreError> {
    type Row = (String, Option<i64>, Option<i64>, Option<i64>, Option<i64>);
    let rows: Vec<Row> = sqlx::query_as(
        "SELECT period, limit_nano_usd, limit_tokens, limit_runs, limit_sandbox_ms FROM budgets
         WHERE kind = ? AND tenant = ? AND name = ? ORDER BY period",
    )
    .bind(scope.kind as i64)
    .bind(&scope.tenant)
    .bind(&scope.name)
    .fetch_all(conn)
    .await
    .map_err(failed("reading a budget"))?;
    if rows.is_empty() {
        return Ok(None);
    }
    let digest = Sha256::digest(format!("{rows:?}"));
    Ok(Some(digest.iter().take(8).map(|byte| format!("{byte:02x}")).collect()))
}

/// True if there was one.
async fn delete(conn: &mut SqliteConnection, scope: &BudgetScope) -> Result<bool, StoreError> {
    let deleted = sqlx::query("DELETE FROM budgets WHERE kind = ? AND tenant = ? AND name = ?")
        .bind(scope.kind as i64)
        .bind(&scope.tenant)
        .bind(&scope.name)
        .execute(conn)
        .await
        .map_err(failed("removing a budget"))?;
    Ok(deleted.rows_affected() > 0)
}
