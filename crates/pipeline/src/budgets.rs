//! Budgets as they are managed, and what was used: the port, and what it says.

use async_trait::async_trait;

use crate::{
    budget::{AMOUNT_MAX, Account, Amount, BudgetScope, Caps, Crossing, Period, Unit},
    ports::StoreError,
};

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
    #[error("a limit of {value} {unit} cannot be set, set it to 0 to {AMOUNT_MAX}", unit = .unit.name())]
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

impl UsageGroup {
    /// Every group.
    pub const ALL: [UsageGroup; 5] =
        [UsageGroup::User, UsageGroup::Key, UsageGroup::Session, UsageGroup::Author, UsageGroup::Day];

    /// Its name.
    pub fn name(self) -> &'static str {
        match self {
            UsageGroup::User => "user",
            UsageGroup::Key => "key",
            UsageGroup::Session => "session",
            UsageGroup::Author => "author",
            UsageGroup::Day => "day",
        }
    }
}

impl std::str::FromStr for UsageGroup {
    type Err = String;

    fn from_str(text: &str) -> Result<UsageGroup, String> {
        UsageGroup::ALL
            .into_iter()
            .find(|group| group.name() == text)
            .ok_or_else(|| format!("{text:?} is no such group, write user, key, session, author or day"))
    }
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
    /// Its name: a user, a key's id, a conversation, an author, or a day such as `2026-11-21`.
    pub name: String,
    /// How much.
    pub used: Amount,
}

/// Keeps the budgets of scopes. Whether a principal may do what is asked is decided before.
#[async_trait]
pub trait Budgets: Send + Sync {
    /// Sets a scope's limits in place of those it has; `actor`, the id of a key, is recorded with it. With
    /// `expected`, only if its version is that one; an empty text expects that there is none.
    ///
    /// # Errors
    /// [`BudgetError`]; then nothing was changed.
    async fn set_budget(
        &self,
        actor: &str,
        scope: &BudgetScope,
        limits: &[(Period, Caps)],
        expected: Option<&str>,
    ) -> Result<Standing, BudgetError>;

    /// Removes a scope's limits; what it has used stays known. `actor` is recorded with it.
    ///
    /// # Errors
    /// [`BudgetError::NoBudget`] if it has none, [`BudgetError::Changed`] if it is not the `expected` one.
    async fn remove_budget(
        &self,
        actor: &str,
        scope: &BudgetScope,
        expected: Option<&str>,
    ) -> Result<(), BudgetError>;

    /// A scope's budget: the one that was set or, for a user without one, the operator's default.
    ///
    /// # Errors
    /// [`BudgetError::NoBudget`], [`BudgetError::NoSuchScope`].
    async fn budget(&self, scope: &BudgetScope) -> Result<Standing, BudgetError>;

    /// Budgets that were set, in the order of their scopes: at most `limit` of those after `after`; those of
    /// a tenant, or all there are.
    ///
    /// # Errors
    /// The store fails.
    async fn budgets(
        &self,
        tenant: Option<&str>,
        after: Option<&BudgetScope>,
        limit: u32,
    ) -> Result<Vec<Standing>, StoreError>;

    /// What was used, those who cost most first, or the days in their order. Each step counts on the day on
    /// which it was reserved, once it is settled.
    ///
    /// # Errors
    /// The store fails.
    async fn usage(&self, query: UsageQuery<'_>) -> Result<Vec<UsageRow>, StoreError>;
}

/// Refuses limits that say nothing, or too much.
///
/// # Errors
/// [`BudgetError`] says what is wrong.
pub fn check_limits(limits: &[(Period, Caps)]) -> Result<(), BudgetError> {
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
