//! `ringfence budget`: sets and shows what may be used and what was, whether a server is running or not.

use std::process::ExitCode;

use anyhow::{Context, anyhow};
use ringfence_pipeline::{
    budget::{Account, BudgetScope, Caps, DAY_MS, Period, Unit, day_of, usd_text},
    budgets::{BudgetError, Budgets, Standing, UsageGroup, UsageQuery, UsageRow},
};
use ringfence_server::{BudgetAnswer, usage_csv};
use ringfence_store::Store;
use serde_json::json;

use super::{print_json, print_line, with_store};
use crate::{
    args::{Budget, BudgetLimits, OneBudget},
    clock,
    config::Config,
    house,
};

/// Budgets read at once for a list.
const LISTED_AT_ONCE: u32 = 100;

/// Days of usage told unless others are asked for.
const USAGE_DAYS: i64 = 30;

/// Manages budgets.
pub(crate) fn budget(config: &Config, command: Budget) -> anyhow::Result<ExitCode> {
    with_store(config, async |store| carry_out(store, command).await)
}

async fn carry_out(store: &Store, command: Budget) -> anyhow::Result<()> {
    match command {
        Budget::Set { budget, period, limits } => {
            let scope = scope(&budget)?;
            show(&set(store, &scope, period, limits).await?, budget.json)
        }
        Budget::Show(budget) => show(&store.budget(&scope(&budget)?).await?, budget.json),
        Budget::Remove { budget, period } => remove(store, &scope(&budget)?, period).await,
        Budget::List { tenant, json } => list(store, tenant.as_deref(), json).await,
        Budget::Usage { by, from, to, tenant, json, csv } => {
            let day = |text: Option<String>, default: i64| {
                text.map_or(Ok(default), |text| {
                    day_of(&text).with_context(|| format!("{text:?} is no date, write such as 2026-11-01"))
                })
            };
            let last_day = day(to, clock::now_ms().div_euclid(DAY_MS))?;
            let first_day = day(from, last_day - USAGE_DAYS)?;
            let (user, next_day, limit) = (None, last_day + 1, u32::MAX);
            let rows =
                store.usage(UsageQuery { tenant: &tenant, user, by, first_day, next_day, limit }).await?;
            print_usage(by, &rows, json, csv)
        }
    }
}

fn scope(budget: &OneBudget) -> anyhow::Result<BudgetScope> {
    BudgetScope::parse(&budget.scope, &budget.tenant).map_err(|error| anyhow!(error))
}

/// Sets the limits of one period and leaves those of the others as they are.
async fn set(
    store: &Store,
    scope: &BudgetScope,
    period: Period,
    asked: BudgetLimits,
) -> Result<Standing, BudgetError> {
    loop {
        let (mut limits, version) = said(store, scope).await?;
        limits.retain(|(other, _)| *other != period);
        limits.push((period, caps(&asked)));
        match store.set_budget(&house::local_key(), scope, &limits, Some(&version)).await {
            // Somebody else was quicker, with another period perhaps.
            Err(BudgetError::Changed(_)) => {}
            other => return other,
        }
    }
}

async fn remove(store: &Store, scope: &BudgetScope, period: Option<Period>) -> anyhow::Result<()> {
    let Some(period) = period else {
        return Ok(store.remove_budget(&house::local_key(), scope, None).await?);
    };
    loop {
        let (mut limits, version) = said(store, scope).await?;
        let before = limits.len();
        limits.retain(|(other, _)| *other != period);
        if limits.len() == before {
            return Err(anyhow!("no budget is set for {scope} in a {period}"));
        }
        let removed = match limits.is_empty() {
            true => store.remove_budget(&house::local_key(), scope, Some(&version)).await,
            false => store.set_budget(&house::local_key(), scope, &limits, Some(&version)).await.map(drop),
        };
        match removed {
            Err(BudgetError::Changed(_)) => {}
            other => return Ok(other?),
        }
    }
}

/// The limits that were set, and their version; none and an empty one if nobody has.
async fn said(store: &Store, scope: &BudgetScope) -> Result<(Vec<(Period, Caps)>, String), BudgetError> {
    match store.budget(scope).await {
        Ok(Standing { accounts, version: Some(version), .. }) => {
            let limits = accounts.iter().map(|account| (account.period, account.budget.limit));
            Ok((limits.collect(), version))
        }
        Ok(_) | Err(BudgetError::NoBudget(_)) => Ok((Vec::new(), String::new())),
        Err(other) => Err(other),
    }
}

/// The limits that flags name.
pub(super) fn caps(limits: &BudgetLimits) -> Caps {
    Caps {
        nano_usd: limits.usd,
        tokens: limits.tokens,
        runs: limits.runs,
        sandbox_ms: limits.sandbox_seconds.map(|seconds| seconds.saturating_mul(1000)),
    }
}

async fn list(store: &Store, tenant: Option<&str>, json: bool) -> anyhow::Result<()> {
    let (mut found, mut after) = (Vec::new(), None);
    loop {
        let page = store.budgets(tenant, after.as_ref(), LISTED_AT_ONCE).await?;
        let Some(last) = page.last() else { break };
        after = Some(last.scope.clone());
        found.extend(page);
    }
    if json {
        let now_ms = clock::now_ms();
        let told = found.iter().map(|standing| {
            let budget = BudgetAnswer::new(standing, now_ms);
            json!({ "tenant": standing.scope.tenant, "budget": budget })
        });
        return print_json(&told.collect::<Vec<_>>());
    }
    print_line(HEAD)?;
    found.iter().try_for_each(print_rows)
}

fn show(standing: &Standing, json: bool) -> anyhow::Result<()> {
    if json {
        return print_json(&BudgetAnswer::new(standing, clock::now_ms()));
    }
    print_line(HEAD)?;
    print_rows(standing)?;
    if standing.version.is_none() {
        eprintln!(
            "ringfence: this is the operator's default, nobody has set a budget for {}",
            standing.scope
        );
    }
    Ok(())
}

const HEAD: &str = "TENANT           SCOPE                    PERIOD  UNIT              LIMIT          SPENT       RESERVED           LEFT";

/// A line for each limit.
fn print_rows(standing: &Standing) -> anyhow::Result<()> {
    for account in &standing.accounts {
        for unit in Unit::ALL {
            let (Some(limit), Some(left)) = (account.budget.limit.get(unit), account.left(unit)) else {
                continue;
            };
            let Account { scope, period, budget, .. } = account;
            let [limit, spent, reserved, left] =
                [limit, budget.spent.get(unit), budget.reserved.get(unit), left]
                    .map(|value| figure(unit, value));
            print_line(format_args!(
                "{:<16} {:<24} {:<7} {:<9} {limit:>13} {spent:>14} {reserved:>14} {left:>14}",
                scope.tenant,
                scope.to_string(),
                period,
                unit.name(),
            ))?;
        }
    }
    Ok(())
}

fn figure(unit: Unit, value: i64) -> String {
    if unit == Unit::NanoUsd { usd_text(value) } else { value.to_string() }
}

fn print_usage(by: UsageGroup, rows: &[UsageRow], json: bool, csv: bool) -> anyhow::Result<()> {
    if csv {
        return print_line(usage_csv(by, rows).trim_end());
    }
    if json {
        let row = |row: &UsageRow| {
            let figures = ringfence_pipeline::budget::Figures::from(row.used);
            json!({ by.name(): row.name, "used": figures })
        };
        return print_json(&rows.iter().map(row).collect::<Vec<_>>());
    }
    let head = by.name().to_uppercase();
    print_line(format_args!("{head:<24} {:>14} {:>12} {:>10} {:>14}", "USD", "TOKENS", "RUNS", "SANDBOX s"))?;
    for UsageRow { name, used } in rows {
        print_line(format_args!(
            "{:<24} {:>14} {:>12} {:>10} {:>14.3}",
            if name.is_empty() { "-" } else { name },
            usd_text(used.nano_usd),
            used.tokens,
            used.runs,
            std::time::Duration::from_millis(u64::try_from(used.sandbox_ms).unwrap_or(0)).as_secs_f64(),
        ))?;
    }
    Ok(())
}
