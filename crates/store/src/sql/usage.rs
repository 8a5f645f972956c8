//! Usage: what was used, by whom and when.

use ringfence_pipeline::budget::{Amount, date_of};
use ringfence_pipeline::budgets::{UsageGroup, UsageQuery, UsageRow};
use ringfence_pipeline::ports::StoreError;

use super::{failed, query};
use crate::Store;

impl Store {
    pub(super) async fn add_up(&self, asked: UsageQuery<'_>) -> Result<Vec<UsageRow>, StoreError> {
        let doing = "adding up usage";
        let column = match asked.by {
            UsageGroup::User => "\"user\"",
            UsageGroup::Key => "key_id",
            UsageGroup::Session => "session",
            UsageGroup::Author => "author",
            UsageGroup::Day => "CAST(day AS TEXT)",
        };
        let mut sql = query("SELECT ");
        sql.push(column)
            // Postgres makes a decimal of a sum.
            .push(
                ", CAST(sum(nano_usd) AS BIGINT), CAST(sum(tokens) AS BIGINT), CAST(sum(runs) AS BIGINT),
                 CAST(sum(sandbox_ms) AS BIGINT) FROM usage WHERE day >= ",
            );
        sql.push_bind(asked.first_day).push(" AND day < ").push_bind(asked.next_day);
        sql.push(" AND tenant = ").push_bind(asked.tenant);
        if let Some(user) = asked.user {
            sql.push(" AND \"user\" = ").push_bind(user);
        }
        sql.push(match asked.by {
            UsageGroup::Day => " GROUP BY day ORDER BY day LIMIT ",
            _ => " GROUP BY 1 ORDER BY 2 DESC, 3 DESC, 5 DESC, 1 LIMIT ",
        });
        sql.push_bind(asked.limit);
        let rows: Vec<(String, i64, i64, i64, i64)> = sql.fetch_all(self).await.map_err(failed(doing))?;
        let named = |name: String| match (asked.by, name.parse()) {
            (UsageGroup::Day, Ok(day)) => date_of(day).to_string(),
            _ => name,
        };
        let row = |(name, nano_usd, tokens, runs, sandbox_ms)| UsageRow {
            name: named(name),
            used: Amount { nano_usd, tokens, runs, sandbox_ms },
        };
        Ok(rows.into_iter().map(row).collect())
    }
}
