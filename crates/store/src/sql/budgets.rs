//! Budgets: what scopes may use, said by those who may say so.

use async_trait::async_trait;
use ringfence_pipeline::budget::{BudgetScope, Caps, Crossing, Period, ScopeKind};
use ringfence_pipeline::budgets::{BudgetError, Budgets, Standing, UsageQuery, UsageRow, check_limits};
use ringfence_pipeline::ports::StoreError;
use serde_json::{Map, Value, json};
use sha2::{Digest, Sha256};

use super::{Conn, accounts, failed, query};
use crate::blobs::hex;
use crate::{LOCAL_TENANT, Store};

/// Bytes of the hash that stands for a scope's limits.
const VERSION_BYTES: usize = 8;

/// Crossings told with a budget.
const CROSSINGS_MAX: i64 = 20;

#[async_trait]
impl Budgets for Store {
    async fn set_budget(
        &self,
        actor: &str,
        scope: &BudgetScope,
        limits: &[(Period, Caps)],
        expected: Option<&str>,
    ) -> Result<Standing, BudgetError> {
        let doing = "setting a budget";
        check_limits(limits)?;
        let now_ms = (self.clock)();
        let mut tx = self.write(doing).await?;
        if !exists(&mut tx, scope).await? {
            return Err(BudgetError::NoSuchScope(scope.clone()));
        }
        check_version(&mut tx, scope, expected).await?;
        delete(&mut tx, scope).await?;
        for (period, caps) in limits {
            limit(&mut tx, scope, *period, caps).await.map_err(failed(doing))?;
        }
        let path = std::slice::from_ref(scope);
        let accounts = accounts::open(&mut tx, doing, path, now_ms, &self.default_budget).await?;
        for note in accounts::tell(&accounts, None, now_ms).1 {
            note.execute(&mut tx).await.map_err(failed(doing))?;
        }
        let standing = self.standing(&mut tx, scope, now_ms).await?;
        let limits: Map<String, Value> =
            limits.iter().map(|(period, caps)| (period.name().to_owned(), json!(caps))).collect();
        self.note_budget(&mut tx, actor, "budget.set", scope, limits.into()).await?;
        tx.commit().await.map_err(failed(doing))?;
        self.seal_or_warn().await;
        Ok(standing)
    }

    async fn remove_budget(
        &self,
        actor: &str,
        scope: &BudgetScope,
        expected: Option<&str>,
    ) -> Result<(), BudgetError> {
        let doing = "removing a budget";
        let mut tx = self.write(doing).await?;
        check_version(&mut tx, scope, expected).await?;
        if !delete(&mut tx, scope).await? {
            return Err(BudgetError::NoBudget(scope.clone()));
        }
        self.note_budget(&mut tx, actor, "budget.removed", scope, Value::Null).await?;
        tx.commit().await.map_err(failed(doing))?;
        self.seal_or_warn().await;
        Ok(())
    }

    async fn budget(&self, scope: &BudgetScope) -> Result<Standing, BudgetError> {
        let mut conn = self.read().await.map_err(failed("reading a budget"))?;
        if !exists(&mut conn, scope).await? {
            return Err(BudgetError::NoSuchScope(scope.clone()));
        }
        let standing = self.standing(&mut conn, scope, (self.clock)()).await?;
        if standing.accounts.is_empty() { Err(BudgetError::NoBudget(scope.clone())) } else { Ok(standing) }
    }

    async fn budgets(
        &self,
        tenant: Option<&str>,
        after: Option<&BudgetScope>,
        limit: u32,
    ) -> Result<Vec<Standing>, StoreError> {
        let doing = "listing budgets";
        let mut conn = self.read().await.map_err(failed(doing))?;
        let mut sql = query("SELECT DISTINCT kind, tenant, name FROM budgets WHERE TRUE");
        if let Some(tenant) = tenant {
            sql.push(" AND tenant = ").push_bind(tenant);
        }
        if let Some(after) = after {
            sql.push(" AND (kind, tenant, name) > (").push_bind(after.kind as i64);
            sql.push(", ").push_bind(&after.tenant).push(", ").push_bind(&after.name).push(")");
        }
        sql.push(" ORDER BY kind, tenant, name LIMIT ").push_bind(limit);
        let rows: Vec<(i64, String, String)> = sql.fetch_all(&mut conn).await.map_err(failed(doing))?;
        let mut standings = Vec::new();
        for (kind, tenant, name) in rows {
            let kind = accounts::kind_from(kind).map_err(failed(doing))?;
            let scope = BudgetScope { kind, tenant, name };
            standings.push(self.standing(&mut conn, &scope, (self.clock)()).await?);
        }
        Ok(standings)
    }

    async fn usage(&self, query: UsageQuery<'_>) -> Result<Vec<UsageRow>, StoreError> {
        self.add_up(query).await
    }
}

impl Store {
    /// Records what became of a budget. That of the whole house is changed in the operator's own tenant.
    async fn note_budget(
        &self,
        conn: &mut Conn,
        actor: &str,
        kind: &str,
        scope: &BudgetScope,
        limits: Value,
    ) -> Result<(), StoreError> {
        let tenant = if scope.kind == ScopeKind::Org { LOCAL_TENANT } else { &scope.tenant };
        let body = json!({ "scope": scope.to_string(), "limits": limits });
        self.note_change(conn, tenant, actor, kind, &body).await
    }

    async fn standing(
        &self,
        conn: &mut Conn,
        scope: &BudgetScope,
        now_ms: i64,
    ) -> Result<Standing, StoreError> {
        let doing = "reading a budget";
        let path = std::slice::from_ref(scope);
        let mut accounts = accounts::look(conn, doing, path, now_ms, &self.default_budget).await?;
        accounts.retain(|account| !account.budget.limit.is_nothing());
        let crossed: Vec<(String, i64, i64)> = query(
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
            let (period, percent) = (period.parse().ok()?, u8::try_from(percent).ok()?);
            Some((Crossing { scope: scope.clone(), period, percent }, at_ms))
        });
        Ok(Standing {
            scope: scope.clone(),
            accounts,
            crossed: crossed.collect(),
            version: version(conn, scope).await?,
        })
    }
}

/// Sets the limits of a scope that has none for this period.
pub(super) async fn limit(
    conn: &mut Conn,
    scope: &BudgetScope,
    period: Period,
    caps: &Caps,
) -> Result<(), sqlx::Error> {
    query("INSERT INTO budgets VALUES (?, ?, ?, ?, ?, ?, ?, ?)")
        .bind(scope.kind as i64)
        .bind(&scope.tenant)
        .bind(&scope.name)
        .bind(period.name())
        .bind(caps.nano_usd)
        .bind(caps.tokens)
        .bind(caps.runs)
        .bind(caps.sandbox_ms)
        .execute(conn)
        .await?;
    Ok(())
}

/// True if there is what the scope names. Conversations are made by those who name them.
async fn exists(conn: &mut Conn, scope: &BudgetScope) -> Result<bool, StoreError> {
    let sql = match scope.kind {
        ScopeKind::Org | ScopeKind::Session => return Ok(true),
        ScopeKind::Tenant => "SELECT count(*) FROM tenants WHERE name = ?1 AND ?2 = ''",
        ScopeKind::User => "SELECT count(*) FROM users WHERE tenant = ?1 AND name = ?2",
        ScopeKind::Key => "SELECT count(*) FROM keys WHERE tenant = ?1 AND id = ?2",
        ScopeKind::Run => "SELECT count(*) FROM runs WHERE tenant = ?1 AND id = ?2",
    };
    let found: i64 = query(sql)
        .bind(&scope.tenant)
        .bind(&scope.name)
        .fetch_one(conn)
        .await
        .map_err(failed("reading a budget"))?;
    Ok(found > 0)
}

async fn check_version(
    conn: &mut Conn,
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
async fn version(conn: &mut Conn, scope: &BudgetScope) -> Result<Option<String>, StoreError> {
    type Row = (String, Option<i64>, Option<i64>, Option<i64>, Option<i64>);
    let rows: Vec<Row> = query(
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
    Ok(Some(hex(&Sha256::digest(format!("{rows:?}"))[..VERSION_BYTES])))
}

/// True if there was one.
async fn delete(conn: &mut Conn, scope: &BudgetScope) -> Result<bool, StoreError> {
    let deleted = query("DELETE FROM budgets WHERE kind = ? AND tenant = ? AND name = ?")
        .bind(scope.kind as i64)
        .bind(&scope.tenant)
        .bind(&scope.name)
        .execute(conn)
        .await
        .map_err(failed("removing a budget"))?;
    Ok(deleted > 0)
}
