//! Usage: what was used, by whom and when.

use ringfence_pipeline::budget::Amount;
use ringfence_pipeline::ports::StoreError;
use sqlx::QueryBuilder;

use super::failed;
use crate::Store;

/// By what usage is added up.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum UsageGroup {
    /// By user.
    User,
    /// By key.
    Key,
    /// By conversation.
    Session,
    /// By who wrote the code.
    Author,
    /// By day.
    Day,
}

/// Which usage.
#[derive(Debug, Clone, Copy)]
pub struct UsageQuery<'a> {
    /// The tenant's.
    pub tenant: &'a str,
    /// Only this user's.
    pub user: Option<&'a str>,
    /// By what it is added up.
    pub by: UsageGroup,
    /// From this day on, in days since the Unix epoch.
    pub first_day: i64,
    /// Before this day.
    pub next_day: i64,
    /// Most rows.
    pub limit: u32,
}

/// What was used by one of a group.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UsageRow {
    /// Its name: a user, a key's id, a conversation, an author, or a day since the Unix epoch.
    pub name: String,
    /// How much.
    pub used: Amount,
}

impl Store {
    /// What was used, those who cost most first, or the days in their order. Each step counts on the day on
    /// which it was reserved, once it is settled.
    ///
    /// # Errors
    /// [`StoreError`] if the database fails.
    pub async fn usage(&self, query: UsageQuery<'_>) -> Result<Vec<UsageRow>, StoreError> {
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
        let row = |(name, nano_usd, tokens, runs, sandbox_ms)| UsageRow {
            name,
            used: Amount { nano_usd, tokens, runs, sandbox_ms },
        };
        Ok(rows.into_iter().map(row).collect())
    }
}
