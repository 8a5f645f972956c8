//! Budgets: what may be used, by whom and in which time, and whether a step fits. Everything here is pure.
//!
//! A step is paid for by a path of scopes, from the whole house down to its run, and each of them that has a
//! limit must admit it:
//! ```text
//! org > tenant > user > key > session > run
//! ```
//! Money is in nano-dollars (1 USD = 1 000 000 000), so that the price of a single token is a whole number;
//! what is rounded is rounded up.

use std::fmt;

use jiff::{Timestamp, ToSpan, civil::Date, tz::TimeZone};
use serde::{Deserialize, Serialize, Serializer};

use crate::run::{Principal, RunId};

/// Nano-dollars in a dollar.
pub const NANO_USD: i64 = 1_000_000_000;

/// The most that one reservation, settlement or limit may say: a million dollars, and far above any real
/// figure of the others; small enough that thousands of them add up without leaving an `i64`.
pub const AMOUNT_MAX: i64 = 1_000_000 * NANO_USD;

/// Milliseconds in a day; days are those of UTC.
pub const DAY_MS: i64 = 24 * 3600 * 1000;

/// Shares of a limit, in percent, that are told when what is spent reaches them.
pub const THRESHOLDS: [u8; 3] = [50, 80, 100];

/// What a step may use at most, or has used.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
#[serde(rename_all = "camelCase")]
pub struct Amount {
    /// Money in nano-dollars.
    #[serde(default)]
    #[cfg_attr(feature = "schema", schema(required))]
    pub nano_usd: i64,
    /// Tokens that models read and wrote.
    #[serde(default)]
    #[cfg_attr(feature = "schema", schema(required))]
    pub tokens: i64,
    /// Runs.
    pub runs: i64,
    /// Sandbox time in milliseconds.
    pub sandbox_ms: i64,
}

/// What is counted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Unit {
    /// Money in nano-dollars.
    NanoUsd,
    /// Tokens of models.
    Tokens,
    /// Runs.
    Runs,
    /// Sandbox time in milliseconds.
    SandboxMs,
}

impl Unit {
    /// Every unit.
    pub const ALL: [Unit; 4] = [Unit::NanoUsd, Unit::Tokens, Unit::Runs, Unit::SandboxMs];

    /// Its name in answers.
    pub fn name(self) -> &'static str {
        match self {
            Unit::NanoUsd => "usd",
            Unit::Tokens => "tokens",
            Unit::Runs => "runs",
            Unit::SandboxMs => "sandboxMs",
        }
    }

    /// A figure of it as people read it.
    pub fn say(self, figure: i64) -> String {
        match self {
            Unit::NanoUsd => format!("{} USD", usd_text(figure)),
            Unit::Tokens => format!("{figure} tokens"),
            Unit::Runs => format!("{figure} runs"),
            Unit::SandboxMs => format!("{figure} ms of sandbox time"),
        }
    }
}

impl Amount {
    /// Its figure in a unit.
    pub fn get(&self, unit: Unit) -> i64 {
        match unit {
            Unit::NanoUsd => self.nano_usd,
            Unit::Tokens => self.tokens,
            Unit::Runs => self.runs,
            Unit::SandboxMs => self.sandbox_ms,
        }
    }

    /// An amount whose figure in each unit `figure` gives.
    pub fn each(figure: impl Fn(Unit) -> i64) -> Amount {
        Amount {
            nano_usd: figure(Unit::NanoUsd),
            tokens: figure(Unit::Tokens),
            runs: figure(Unit::Runs),
            sandbox_ms: figure(Unit::SandboxMs),
        }
    }

    /// Both together; a sum that leaves an `i64` stays at its end.
    pub fn plus(&self, other: &Amount) -> Amount {
        Amount::each(|unit| self.get(unit).saturating_add(other.get(unit)))
    }

    /// True if nothing is used.
    pub fn is_nothing(&self) -> bool {
        *self == Amount::default()
    }
}

/// Limits of a budget, each absent if there is none. As JSON, null is no limit.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
#[serde(rename_all = "camelCase")]
pub struct Caps {
    /// Money in nano-dollars; in JSON, in dollars.
    #[serde(rename = "usd", serialize_with = "in_dollars")]
    #[cfg_attr(feature = "schema", schema(required, value_type = Option<f64>))]
    pub nano_usd: Option<i64>,
    /// Tokens that models read and wrote.
    #[cfg_attr(feature = "schema", schema(required))]
    pub tokens: Option<i64>,
    /// Runs.
    #[cfg_attr(feature = "schema", schema(required))]
    pub runs: Option<i64>,
    /// Sandbox time in milliseconds.
    #[cfg_attr(feature = "schema", schema(required))]
    pub sandbox_ms: Option<i64>,
}

impl Caps {
    /// The limit in a unit.
    pub fn get(&self, unit: Unit) -> Option<i64> {
        match unit {
            Unit::NanoUsd => self.nano_usd,
            Unit::Tokens => self.tokens,
            Unit::Runs => self.runs,
            Unit::SandboxMs => self.sandbox_ms,
        }
    }

    /// True if nothing is limited.
    pub fn is_nothing(&self) -> bool {
        *self == Caps::default()
    }
}

/// What may be used, has been used, and is held for steps that are not settled.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
pub struct Budget {
    /// What may be used.
    pub limit: Caps,
    /// What has been used.
    #[serde(serialize_with = "as_figures")]
    #[cfg_attr(feature = "schema", schema(value_type = Figures))]
    pub spent: Amount,
    /// What is held.
    #[serde(serialize_with = "as_figures")]
    #[cfg_attr(feature = "schema", schema(value_type = Figures))]
    pub reserved: Amount,
}

/// An amount as clients see it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
#[serde(rename_all = "camelCase")]
pub struct Figures {
    /// Money in dollars.
    #[cfg_attr(feature = "schema", schema(value_type = f64))]
    pub usd: Usd,
    /// Tokens that models read and wrote.
    pub tokens: i64,
    /// Runs.
    pub runs: i64,
    /// Sandbox time in milliseconds.
    pub sandbox_ms: i64,
}

impl From<Amount> for Figures {
    fn from(amount: Amount) -> Figures {
        let Amount { nano_usd, tokens, runs, sandbox_ms } = amount;
        Figures { usd: Usd(nano_usd), tokens, runs, sandbox_ms }
    }
}

fn as_figures<S: Serializer>(amount: &Amount, serializer: S) -> Result<S::Ok, S::Error> {
    Figures::from(*amount).serialize(serializer)
}

// The signature is serde's.
#[allow(clippy::ref_option)]
fn in_dollars<S: Serializer>(nano_usd: &Option<i64>, serializer: S) -> Result<S::Ok, S::Error> {
    nano_usd.map(Usd).serialize(serializer)
}

/// Nano-dollars, which are dollars in JSON.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Usd(pub i64);

impl Serialize for Usd {
    // Up to a million dollars, the nearest double prints as the exact decimal.
    #[allow(clippy::cast_precision_loss)]
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_f64(self.0 as f64 / NANO_USD as f64)
    }
}

/// Dollars as a number, in nano-dollars; none if that is no amount of money.
#[allow(clippy::cast_precision_loss, clippy::cast_possible_truncation)]
pub fn nano_usd(dollars: f64) -> Option<i64> {
    let nano_usd = (dollars * NANO_USD as f64).round();
    (0.0..=AMOUNT_MAX as f64).contains(&nano_usd).then_some(nano_usd as i64)
}

/// What kind of thing has a budget, from the widest to the narrowest. Budgets are locked in this order.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
#[serde(rename_all = "lowercase")]
pub enum ScopeKind {
    /// The whole house.
    Org,
    /// One organisation in it.
    Tenant,
    /// A person or program.
    User,
    /// A key.
    Key,
    /// A conversation.
    Session,
    /// A run.
    Run,
}

impl ScopeKind {
    /// Every kind, from the widest.
    pub const ALL: [ScopeKind; 6] = [
        ScopeKind::Org,
        ScopeKind::Tenant,
        ScopeKind::User,
        ScopeKind::Key,
        ScopeKind::Session,
        ScopeKind::Run,
    ];

    /// Its name.
    pub fn name(self) -> &'static str {
        match self {
            ScopeKind::Org => "org",
            ScopeKind::Tenant => "tenant",
            ScopeKind::User => "user",
            ScopeKind::Key => "key",
            ScopeKind::Session => "session",
            ScopeKind::Run => "run",
        }
    }
}

/// Something that may have a budget.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct BudgetScope {
    /// What it is.
    pub kind: ScopeKind,
    /// The tenant it belongs to; empty for the whole house.
    pub tenant: String,
    /// Its name among those of its kind and tenant; empty for the house and for a tenant.
    pub name: String,
}

impl BudgetScope {
    /// The whole house.
    pub fn org() -> BudgetScope {
        BudgetScope { kind: ScopeKind::Org, tenant: String::new(), name: String::new() }
    }

    /// A tenant.
    pub fn tenant(tenant: impl Into<String>) -> BudgetScope {
        BudgetScope { kind: ScopeKind::Tenant, tenant: tenant.into(), name: String::new() }
    }

    /// A key of a tenant, by its public id.
    pub fn key(tenant: impl Into<String>, id: impl Into<String>) -> BudgetScope {
        BudgetScope { kind: ScopeKind::Key, tenant: tenant.into(), name: id.into() }
    }

    /// A user of a tenant.
    pub fn user(tenant: impl Into<String>, name: impl Into<String>) -> BudgetScope {
        BudgetScope { kind: ScopeKind::User, tenant: tenant.into(), name: name.into() }
    }

    /// Every scope that pays for a step of `run`, from the widest.
    pub fn path(principal: &Principal, session: Option<&str>, run: RunId) -> Vec<BudgetScope> {
        let tenant = || principal.tenant.clone();
        let session = session.map(|session| BudgetScope {
            kind: ScopeKind::Session,
            tenant: tenant(),
            name: session.to_owned(),
        });
        [
            BudgetScope::org(),
            BudgetScope::tenant(tenant()),
            BudgetScope::user(tenant(), &principal.user),
            BudgetScope::key(tenant(), &principal.key_id),
        ]
        .into_iter()
        .chain(session)
        .chain([BudgetScope { kind: ScopeKind::Run, tenant: tenant(), name: run.to_string() }])
        .collect()
    }

    /// Reads what [`BudgetScope`]'s `Display` writes, for a scope of `tenant`.
    ///
    /// # Errors
    /// What to write instead.
    pub fn parse(text: &str, tenant: &str) -> Result<BudgetScope, String> {
        let unknown =
            || format!("{text:?} is not a scope, write org, tenant, user:NAME, key:ID, session:ID or run:ID");
        let (kind, name) = text.split_once(':').unwrap_or((text, ""));
        let kind = ScopeKind::ALL.into_iter().find(|one| one.name() == kind).ok_or_else(unknown)?;
        let named = kind > ScopeKind::Tenant;
        if named == name.is_empty() || text.ends_with(':') || text.chars().any(char::is_control) {
            return Err(unknown());
        }
        let tenant = if kind == ScopeKind::Org { "" } else { tenant };
        Ok(BudgetScope { kind, tenant: tenant.to_owned(), name: name.to_owned() })
    }
}

/// Within its tenant, such as `user:ana`.
impl fmt::Display for BudgetScope {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.kind {
            ScopeKind::Org | ScopeKind::Tenant => f.write_str(self.kind.name()),
            kind => write!(f, "{}:{}", kind.name(), self.name),
        }
    }
}

/// The time for which a limit holds; then it begins anew. Periods begin at midnight UTC, weeks on Monday.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
#[serde(rename_all = "lowercase")]
pub enum Period {
    /// For good.
    Total,
    /// A calendar month.
    Month,
    /// Monday to Sunday.
    Week,
    /// A day.
    Day,
}

impl Period {
    /// Every period.
    pub const ALL: [Period; 4] = [Period::Total, Period::Month, Period::Week, Period::Day];

    /// Its name.
    pub fn name(self) -> &'static str {
        match self {
            Period::Total => "total",
            Period::Month => "month",
            Period::Week => "week",
            Period::Day => "day",
        }
    }

    /// The first day of the period at `now_ms`, and the first one after it, in days since the Unix epoch.
    /// All time begins on day 0.
    pub fn days(self, now_ms: i64) -> (i64, i64) {
        let today = now_ms.div_euclid(DAY_MS);
        // 1970-01-01 was a Thursday.
        let monday = today - (today + 3).rem_euclid(7);
        match self {
            Period::Total => (0, i64::MAX / DAY_MS),
            Period::Day => (today, today + 1),
            Period::Week => (monday, monday + 7),
            Period::Month => {
                let date = date_of(today);
                let first = date.first_of_month();
                let next = first.saturating_add(1.month());
                (days_of(first), days_of(next))
            }
        }
    }
}

impl std::str::FromStr for Period {
    type Err = String;

    fn from_str(text: &str) -> Result<Period, String> {
        Period::ALL
            .into_iter()
            .find(|period| period.name() == text)
            .ok_or_else(|| format!("{text:?} is not a period, write total, month, week or day"))
    }
}

impl fmt::Display for Period {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}

/// The date of a day since the Unix epoch, in UTC.
pub fn date_of(day: i64) -> Date {
    let timestamp = Timestamp::from_millisecond(day.saturating_mul(DAY_MS)).unwrap_or(Timestamp::MAX);
    timestamp.to_zoned(TimeZone::UTC).date()
}

/// The day, since the Unix epoch, of a date such as `2026-11-21`; none if it is no date.
pub fn day_of(text: &str) -> Option<i64> {
    // The parser would take a time of day and a zone as well.
    let date: Date = (text.len() == 10).then_some(text)?.parse().ok()?;
    Some(days_of(date))
}

fn days_of(date: Date) -> i64 {
    let zoned = date.to_zoned(TimeZone::UTC).map(|zoned| zoned.timestamp().as_millisecond());
    zoned.unwrap_or(i64::MAX).div_euclid(DAY_MS)
}

/// What a scope may use in a period, has used, and holds for steps that are not settled.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Account {
    /// Whose it is.
    pub scope: BudgetScope,
    /// For how long its limits hold.
    pub period: Period,
    /// What it may use, has used and holds.
    pub budget: Budget,
    /// The highest of [`THRESHOLDS`] that was told; 0 if none was.
    pub told: u8,
}

impl Account {
    /// What may still be reserved in a unit, less than nothing after an overrun; none if it has no limit.
    pub fn left(&self, unit: Unit) -> Option<i64> {
        let Budget { limit, spent, reserved } = &self.budget;
        Some(limit.get(unit)?.saturating_sub(spent.get(unit)).saturating_sub(reserved.get(unit)))
    }

    /// The highest threshold that what is spent has reached, of whichever unit is nearest to its limit; 0 if
    /// none.
    pub fn reached(&self) -> u8 {
        let Budget { limit, spent, .. } = &self.budget;
        let reached = |percent: u8| {
            Unit::ALL.into_iter().any(|unit| {
                let share = |limit: i64| i128::from(limit) * i128::from(percent);
                limit.get(unit).is_some_and(|limit| i128::from(spent.get(unit)) * 100 >= share(limit))
            })
        };
        THRESHOLDS.into_iter().rev().find(|percent| reached(*percent)).unwrap_or(0)
    }

    /// The limits that `amount` exceeds. After an overrun nothing fits, not even nothing.
    fn shortfalls(&self, amount: &Amount) -> impl Iterator<Item = Shortfall> {
        Unit::ALL.into_iter().filter_map(move |unit| {
            let missing = amount.get(unit).saturating_sub(self.left(unit)?);
            let limit = self.budget.limit.get(unit)?;
            (missing > 0).then(|| Shortfall {
                scope: self.scope.clone(),
                period: self.period,
                unit,
                missing,
                limit,
            })
        })
    }
}

/// A limit that a step exceeds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Shortfall {
    /// Whose it is.
    pub scope: BudgetScope,
    /// For how long it holds.
    pub period: Period,
    /// What it counts.
    pub unit: Unit,
    /// How much is missing.
    pub missing: i64,
    /// The limit in force.
    pub limit: i64,
}

impl fmt::Display for Shortfall {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Shortfall { scope, period, unit, missing, limit } = self;
        let period = if *period == Period::Total { String::new() } else { format!(" a {period}") };
        write!(f, "budget of {scope}: {} missing of {}{period}", unit.say(*missing), unit.say(*limit))
    }
}

/// A threshold that was reached.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Crossing {
    /// Whose budget.
    pub scope: BudgetScope,
    /// For how long its limits hold.
    pub period: Period,
    /// Which of [`THRESHOLDS`].
    pub percent: u8,
}

/// What a user may spend if nobody who pays for a step has a limit in money.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct DefaultBudget {
    /// How much, in nano-dollars.
    pub nano_usd: i64,
    /// In which time.
    pub period: Period,
}

impl Default for DefaultBudget {
    /// 10 USD, as recipe 002 has it, a month.
    fn default() -> Self {
        DefaultBudget { nano_usd: 10 * NANO_USD, period: Period::Month }
    }
}

impl DefaultBudget {
    /// Puts it in force where nobody has said what may be spent: on the user's account for its period, which
    /// must be there.
    pub fn apply(&self, accounts: &mut [Account]) {
        if accounts.iter().any(|account| account.budget.limit.nano_usd.is_some()) {
            return;
        }
        let of_user =
            |account: &&mut Account| account.scope.kind == ScopeKind::User && account.period == self.period;
        if let Some(account) = accounts.iter_mut().find(of_user) {
            account.budget.limit.nano_usd = Some(self.nano_usd);
        }
    }
}

/// Whether all accounts that pay for it admit an amount.
///
/// # Errors
/// Every limit that it exceeds.
pub fn admit(accounts: &[Account], amount: &Amount) -> Result<(), Vec<Shortfall>> {
    let short: Vec<Shortfall> = accounts.iter().flat_map(|account| account.shortfalls(amount)).collect();
    if short.is_empty() { Ok(()) } else { Err(short) }
}

/// The least money that any of the accounts has left, in nano-dollars; none if no limit is in money.
pub fn money_left(accounts: &[Account]) -> Option<i64> {
    accounts.iter().filter_map(|account| account.left(Unit::NanoUsd)).min()
}

/// What things cost.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Prices {
    /// A second of sandbox time, in nano-dollars.
    pub sandbox_second: i64,
}

impl Default for Prices {
    /// 0.001 USD a second, as recipe 001 has it.
    fn default() -> Self {
        Prices { sandbox_second: NANO_USD / 1000 }
    }
}

impl Prices {
    /// What sandbox time costs, in nano-dollars, rounded up.
    pub fn sandbox(&self, ms: i64) -> i64 {
        parts(ms, self.sandbox_second, 1000)
    }
}

/// What tokens of a model cost, in nano-dollars a million of them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TokenPrices {
    /// A million that it reads.
    pub input: i64,
    /// A million that it writes, those it thinks with included.
    pub output: i64,
}

impl TokenPrices {
    /// What so many tokens cost, in nano-dollars, rounded up.
    pub fn of(&self, input: i64, output: i64) -> i64 {
        const MILLION: i64 = 1_000_000;
        parts(input, self.input, MILLION).saturating_add(parts(output, self.output, MILLION))
    }
}

/// `number` times `price` divided by `per`, rounded up.
fn parts(number: i64, price: i64, per: i64) -> i64 {
    let product = i128::from(number.max(0)) * i128::from(price.max(0));
    let per = i128::from(per);
    i64::try_from((product + per - 1) / per).unwrap_or(i64::MAX)
}

/// Nano-dollars in dollars, exactly, without zeros at the end: `0.0312`.
pub fn usd_text(nano_usd: i64) -> String {
    let sign = if nano_usd < 0 { "-" } else { "" };
    let (whole, rest) = (nano_usd.unsigned_abs() / 1_000_000_000, nano_usd.unsigned_abs() % 1_000_000_000);
    let text = format!("{sign}{whole}.{rest:09}");
    text.trim_end_matches('0').trim_end_matches('.').to_owned()
}

/// Reads dollars such as `10`, `0.5` or `0.000000001`, exactly.
///
/// # Errors
/// What to write instead.
pub fn parse_usd(text: &str) -> Result<i64, String> {
    let wrong = || format!("{text:?} is no amount of dollars, write such as 10 or 0.25, up to 1000000");
    let (whole, rest) = text.split_once('.').unwrap_or((text, ""));
    let digits = |part: &str| part.bytes().all(|byte| byte.is_ascii_digit());
    if whole.is_empty() || rest.len() > 9 || !digits(whole) || !digits(rest) || text.ends_with('.') {
        return Err(wrong());
    }
    let whole: i64 = whole.parse().map_err(|_| wrong())?;
    let rest: i64 = format!("{rest:0<9}").parse().map_err(|_| wrong())?;
    let nano_usd = whole.checked_mul(NANO_USD).and_then(|nano_usd| nano_usd.checked_add(rest));
    nano_usd.filter(|nano_usd| *nano_usd <= AMOUNT_MAX).ok_or_else(wrong)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn ms(text: &str) -> i64 {
        text.parse::<Timestamp>().unwrap().as_millisecond()
    }

    fn account(limit: Caps, spent: i64, reserved: i64) -> Account {
        let amount = |figure| Amount { nano_usd: figure, ..Amount::default() };
        Account {
            scope: BudgetScope::user("acme", "ana"),
            period: Period::Month,
            budget: Budget { limit, spent: amount(spent), reserved: amount(reserved) },
            told: 0,
        }
    }

    fn usd(limit: i64) -> Caps {
        Caps { nano_usd: Some(limit), ..Caps::default() }
    }

    #[test]
    fn periods_begin_where_the_calendar_has_them_begin() {
        // A Saturday.
        let now = ms("2026-11-21T23:59:59.999Z");
        let span = |period: Period, now_ms: i64| {
            let (first, next) = period.days(now_ms);
            (date_of(first).to_string(), date_of(next).to_string())
        };
        let days = |first: &str, next: &str| (first.to_owned(), next.to_owned());
        assert_eq!(span(Period::Month, now), days("2026-11-01", "2026-12-01"));
        assert_eq!(span(Period::Week, now), days("2026-11-16", "2026-11-23"));
        assert_eq!(span(Period::Day, now), days("2026-11-21", "2026-11-22"));
        assert_eq!(span(Period::Day, now + 1), days("2026-11-22", "2026-11-23"));
        assert_eq!(span(Period::Week, ms("2026-11-23T00:00:00Z")), days("2026-11-23", "2026-11-30"));
        assert_eq!(span(Period::Week, ms("2027-01-01T12:00:00Z")), days("2026-12-28", "2027-01-04"));
        assert_eq!(span(Period::Month, ms("2026-12-31T12:00:00Z")), days("2026-12-01", "2027-01-01"));
        assert_eq!(span(Period::Month, ms("2028-02-10T00:00:00Z")), days("2028-02-01", "2028-03-01"));
        assert_eq!(span(Period::Day, -1), days("1969-12-31", "1970-01-01"));
    }

    #[test]
    fn a_date_is_read_as_it_is_written() {
        for day in [0, 1, 20_778, -400] {
            assert_eq!(day_of(&date_of(day).to_string()), Some(day));
        }
        for wrong in ["", "2026-11", "2026-13-01", "20261121  ", "2026-11-21T00:00:00Z", "21.11.2026"] {
            assert_eq!(day_of(wrong), None, "{wrong}");
        }
    }

    #[test]
    fn money_is_written_and_read_exactly() {
        for (nano_usd, text) in [
            (0, "0"),
            (1, "0.000000001"),
            (31_200_000, "0.0312"),
            (10 * NANO_USD, "10"),
            (AMOUNT_MAX, "1000000"),
        ] {
            assert_eq!(usd_text(nano_usd), text);
            assert_eq!(parse_usd(text), Ok(nano_usd));
        }
        assert_eq!(usd_text(-1_500_000_000), "-1.5");
        for wrong in [-0.1, f64::NAN, f64::INFINITY, 1_000_000.1] {
            assert_eq!(nano_usd(wrong), None);
        }
        for wrong in ["", ".", "1.", ".5", "-1", "+1", "1e3", "1,5", "0.0000000001", "1000000.1", "NaN", "٣"]
        {
            assert!(parse_usd(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn prices_are_rounded_up() {
        let prices = Prices::default();
        assert_eq!((prices.sandbox(0), prices.sandbox(1), prices.sandbox(1001)), (0, 1_000, 1_001_000));
        assert_eq!(Prices { sandbox_second: 1 }.sandbox(1), 1);
        let tokens = TokenPrices { input: 1, output: 30 * NANO_USD };
        assert_eq!((tokens.of(1, 0), tokens.of(0, 1), tokens.of(0, 0)), (1, 30_000, 0));
        assert_eq!(Prices { sandbox_second: i64::MAX }.sandbox(i64::MAX), i64::MAX);
    }

    #[test]
    fn scopes_are_read_as_they_are_written() {
        for text in ["org", "tenant", "user:ana", "key:k1", "session:s", "run:r", "user:a:b/c d"] {
            assert_eq!(BudgetScope::parse(text, "acme").unwrap().to_string(), text);
        }
        for wrong in ["", "user", "user:", "org:x", "tenant:x", "users:x", "user:a\n", ":x", "User:x"] {
            assert!(BudgetScope::parse(wrong, "acme").is_err(), "{wrong}");
        }
    }

    #[test]
    fn all_who_pay_must_admit() {
        let wide = account(usd(100), 10, 20);
        let narrow = Account { scope: BudgetScope::key("acme", "k"), ..account(usd(50), 10, 20) };
        let cost = |nano_usd| Amount { nano_usd, ..Amount::default() };
        let accounts = [wide, narrow];
        assert_eq!(admit(&accounts, &cost(20)), Ok(()));
        let short = admit(&accounts, &cost(21)).unwrap_err();
        assert_eq!((short.len(), short[0].missing, short[0].scope.to_string()), (1, 1, "key:k".to_owned()));
        assert_eq!(admit(&accounts, &cost(71)).unwrap_err().len(), 2);
        assert_eq!(money_left(&accounts), Some(20));
        let unlimited = [account(Caps::default(), i64::MAX, 0)];
        assert_eq!((admit(&unlimited, &cost(i64::MAX)), money_left(&unlimited)), (Ok(()), None));
    }

    #[test]
    fn after_an_overrun_nothing_fits() {
        let short = admit(&[account(usd(100), 101, 0)], &Amount::default()).unwrap_err();
        assert_eq!(short[0].missing, 1);
        assert_eq!(admit(&[account(usd(100), 100, 0)], &Amount::default()), Ok(()));
    }

    #[test]
    fn nobody_spends_without_a_limit_by_accident() {
        let default = DefaultBudget { nano_usd: 5, period: Period::Month };
        let mut accounts = [account(Caps { runs: Some(1), ..Caps::default() }, 0, 0)];
        default.apply(&mut accounts);
        assert_eq!(accounts[0].budget.limit, Caps { nano_usd: Some(5), runs: Some(1), ..Caps::default() });
        let mut said = [account(usd(70), 0, 0), account(Caps::default(), 0, 0)];
        default.apply(&mut said);
        assert_eq!(said[1].budget.limit, Caps::default());
    }

    #[test]
    fn thresholds_are_reached_exactly() {
        for (spent, reached) in
            [(0, 0), (49, 0), (50, 50), (79, 50), (80, 80), (99, 80), (100, 100), (500, 100)]
        {
            assert_eq!(account(usd(100), spent, 0).reached(), reached, "{spent}");
        }
        assert_eq!(account(usd(i64::MAX), i64::MAX / 2, 0).reached(), 0);
        assert_eq!(account(usd(i64::MAX), i64::MAX / 2 + 1, 0).reached(), 50);
        // A budget of nothing is used up from the start.
        assert_eq!(account(usd(0), 0, 0).reached(), 100);
    }

    proptest! {
        #[test]
        fn periods_follow_each_other_without_a_gap(now_ms in -4_000_000_000_000..200_000_000_000_000_i64) {
            for period in [Period::Day, Period::Week, Period::Month] {
                let (first, next) = period.days(now_ms);
                let today = now_ms.div_euclid(DAY_MS);
                prop_assert!(first <= today && today < next && next - first <= 31);
                prop_assert_eq!(period.days(first * DAY_MS), (first, next));
                prop_assert_eq!(period.days(next * DAY_MS - 1), (first, next));
                prop_assert_eq!(period.days(next * DAY_MS).0, next);
            }
        }

        #[test]
        fn dollars_survive_text_and_json(amount in 0..=AMOUNT_MAX) {
            prop_assert_eq!(parse_usd(&usd_text(amount)), Ok(amount));
            let json = serde_json::to_string(&Usd(amount)).unwrap();
            prop_assert_eq!(nano_usd(serde_json::from_str(&json).unwrap()), Some(amount));
        }
    }
}
