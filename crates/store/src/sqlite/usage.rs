//! Usage: what was used, by whom and when.

use ringfence_pipeline::budget::{Amount, date_of};
use ringfence_pipeline::budgets::{UsageGroup, UsageQuery, UsageRow};
use ringfence_pipeline::ports::StoreError;
use sqlx::QueryBuilder;

use super::failed;
use crate::Store;

impl Store {
    pub(super) async fn add_up(&self, query: UsageQuery<'_>) -> Result<Vec<UsageRow>, StoreError> {
        let doing = "adding up usage";
        let column = match query.by {
            UsageGroup::User => "user",
            UsageGroup::Key => "key_id",
            UsageGroup::Session => "session",
            UsageGroup::Author => "author",
            UsageGroup::Day => "CAST(day AS TEXT)",
        };
        let mut sql = QueryBuilder::new("SELECT ");
        sql.push(column)
            .push(", sum(nano_usd), sum(tokens), sum(runs), sum(sandbox_ms) FROM usage WHERE day >= ");
        sql.push_bind(query.first_day).push(" AND day < ").push_bind(query.next_day);
        sql.push(" AND tenant = ").push_bind(query.tenant);
        if let Some(user) = query.user {
            sql.push(" AND user = ").push_bind(user);
        }
        sql.push(match query.by {
            UsageGroup::Day => " GROUP BY day ORDER BY day LIMIT ",
            _ => " GROUP BY 1 ORDER BY 2 DESC, 3 DESC, 5 DESC, 1 LIMIT ",
        });
        sql.push_bind(query.limit);
        let rows: Vec<(String, i64, i64, i64, i64)> =
            sql.build_query_as().fetch_all(&self.database.readers).await.map_err(failed(doing))?;
        let named = |name: String| match (query.by, name.parse()) {
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
