//! `/v1/budgets` and `/v1/usage`: what may be used, and what was.
//!
//! The budgets of the house and of whole organisations are the operator's: whoever is held by a limit does
//! not set it.

use std::sync::Arc;

use axum::{
    Json,
    extract::{Query, Request, State, rejection::QueryRejection},
    http::{
        HeaderMap, HeaderValue, StatusCode,
        header::{ACCEPT, CONTENT_TYPE, ETAG, IF_MATCH, IF_NONE_MATCH},
    },
    response::{IntoResponse, Response},
};
use ringfence_pipeline::{
    budget::{
        Account, Budget, BudgetScope, Caps, DAY_MS, Figures, Period, ScopeKind, Unit, date_of, day_of,
        nano_usd, usd_text,
    },
    budgets::{BudgetError, Standing, UsageGroup, UsageQuery, UsageRow},
    keys::Scope,
    run::Principal,
};
use serde::{Deserialize, Deserializer, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::{
    Named,
    pages::{Page, PageQuery},
    says,
};
use crate::{
    App,
    body::{given, object, read_json},
    openapi::{BadRequest, Forbidden, NotFound, PreconditionFailed},
    problem::Problem,
};

/// Most rows of usage in one answer.
const USAGE_ROWS_MAX: u32 = 10_000;

/// Limits by the periods in which they hold; at least one.
#[derive(Deserialize, ToSchema)]
#[schema(as = BudgetRequest)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct BudgetBody {
    #[serde(deserialize_with = "object")]
    limits: LimitsBody,
}

/// Limits by the periods in which they hold. Periods begin at midnight UTC, weeks on Monday.
#[derive(Default, Deserialize, ToSchema)]
#[schema(as = BudgetLimits, min_properties = 1)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct LimitsBody {
    /// For good.
    #[serde(default, deserialize_with = "some_object")]
    #[schema(nullable = false)]
    total: Option<CapsBody>,
    /// In a calendar month.
    #[serde(default, deserialize_with = "some_object")]
    #[schema(nullable = false)]
    month: Option<CapsBody>,
    /// From Monday to Sunday.
    #[serde(default, deserialize_with = "some_object")]
    #[schema(nullable = false)]
    week: Option<CapsBody>,
    /// In a day.
    #[serde(default, deserialize_with = "some_object")]
    #[schema(nullable = false)]
    day: Option<CapsBody>,
}

/// Limits; what is absent is not limited, but one of them is.
#[derive(Deserialize, ToSchema)]
#[schema(as = BudgetCaps, min_properties = 1)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(super) struct CapsBody {
    /// Money in dollars, to the nano-dollar.
    #[serde(default, deserialize_with = "given")]
    #[schema(minimum = 0, maximum = 1_000_000, nullable = false)]
    usd: Option<f64>,
    /// Tokens that models read and write.
    #[serde(default, deserialize_with = "given")]
    #[schema(minimum = 0, maximum = 1_000_000_000_000_000_u64, nullable = false)]
    tokens: Option<i64>,
    /// Runs.
    #[serde(default, deserialize_with = "given")]
    #[schema(minimum = 0, maximum = 1_000_000_000_000_000_u64, nullable = false)]
    runs: Option<i64>,
    /// Sandbox time in seconds.
    #[serde(default, deserialize_with = "given")]
    #[schema(minimum = 0, maximum = 1_000_000_000_000_u64, nullable = false)]
    sandbox_seconds: Option<i64>,
}

impl CapsBody {
    /// The limits; `at` points at them in the request.
    pub(super) fn read(&self, at: &str) -> Result<Caps, Problem> {
        let wrong = || {
            let detail = "this is no amount of money, send 0 to 1000000";
            Problem::bad_request("invalid_request", detail).at(format!("{at}/usd"))
        };
        let nano_usd = self.usd.map(|usd| nano_usd(usd).ok_or_else(wrong)).transpose()?;
        let sandbox_ms = self.sandbox_seconds.map(|seconds| seconds.saturating_mul(1000));
        let caps = Caps { nano_usd, tokens: self.tokens, runs: self.runs, sandbox_ms };
        if !caps.is_nothing() {
            return Ok(caps);
        }
        let detail = "this limits nothing, name usd, tokens, runs or sandboxSeconds, or leave it out";
        Err(Problem::bad_request("invalid_request", detail).at(at.to_owned()))
    }
}

/// As [`given`], for a field that is an object.
pub(super) fn some_object<'de, D: Deserializer<'de>, T: Deserialize<'de>>(
    deserializer: D,
) -> Result<Option<T>, D::Error> {
    object(deserializer).map(Some)
}

/// A budget as it stands.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = BudgetStanding)]
#[serde(rename_all = "camelCase")]
pub struct BudgetAnswer {
    /// Whose it is, such as `user:ana`.
    scope: String,
    /// True if nobody has set it, and the operator's default holds.
    is_default: bool,
    /// `active`, `warned` from 80 % of a limit on, `stopped` at 100 %.
    #[schema(pattern = "^(active|warned|stopped)$")]
    state: &'static str,
    /// Its limits, and how far they are used; one for each period.
    limits: Vec<LimitAnswer>,
    /// Thresholds that were reached last, the newest first.
    reached: Vec<ReachedAnswer>,
}

/// Limits in a period, and how far they are used.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = BudgetLimit)]
#[serde(rename_all = "camelCase")]
struct LimitAnswer {
    /// In which time.
    period: Period,
    /// When it began, in milliseconds since the Unix epoch; null for all time.
    #[schema(required)]
    begins_ms: Option<i64>,
    /// When it ends.
    #[schema(required)]
    ends_ms: Option<i64>,
    #[serde(flatten)]
    budget: Budget,
    /// What is left, less than nothing after an overrun; null where there is no limit.
    left: Caps,
}

/// A threshold that was reached.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = BudgetThreshold)]
#[serde(rename_all = "camelCase")]
struct ReachedAnswer {
    /// Of the limit of which period.
    period: Period,
    /// Which share of the limit, in percent: 50, 80 or 100.
    percent: u8,
    /// When, in milliseconds since the Unix epoch.
    at_ms: i64,
}

impl LimitAnswer {
    fn new(account: &Account, now_ms: i64) -> LimitAnswer {
        let (first, next) = account.period.days(now_ms);
        let bounded = |day: i64| (account.period != Period::Total).then_some(day * DAY_MS);
        LimitAnswer {
            period: account.period,
            begins_ms: bounded(first),
            ends_ms: bounded(next),
            budget: account.budget,
            left: Caps {
                nano_usd: account.left(Unit::NanoUsd),
                tokens: account.left(Unit::Tokens),
                runs: account.left(Unit::Runs),
                sandbox_ms: account.left(Unit::SandboxMs),
            },
        }
    }
}

impl BudgetAnswer {
    /// What is told of a budget at `now_ms`.
    pub fn new(standing: &Standing, now_ms: i64) -> BudgetAnswer {
        let state = match standing.accounts.iter().map(Account::reached).max() {
            Some(100..) => "stopped",
            Some(80..) => "warned",
            _ => "active",
        };
        let reached = standing.crossed.iter().map(|(crossing, at_ms)| ReachedAnswer {
            period: crossing.period,
            percent: crossing.percent,
            at_ms: *at_ms,
        });
        BudgetAnswer {
            scope: standing.scope.to_string(),
            is_default: standing.version.is_none(),
            state,
            limits: standing.accounts.iter().map(|account| LimitAnswer::new(account, now_ms)).collect(),
            reached: reached.collect(),
        }
    }
}

/// Lists the budgets that were set in the organisation, from the widest scope to the narrowest.
#[utoipa::path(
    get,
    path = "/v1/budgets",
    operation_id = "listBudgets",
    tag = "budgets",
    params(PageQuery),
    responses(
        (status = 200, description = "A page of budgets.", body = Page<BudgetAnswer>, links(
            ("nextPage" = (operation_id = "listBudgets", parameters(("cursor" = "$response.body#/nextCursor")))),
        )),
        BadRequest,
    ),
)]
pub(crate) async fn list(
    State(app): State<Arc<App>>,
    query: Result<Query<PageQuery>, QueryRejection>,
    request: Request,
) -> Result<Json<Page<BudgetAnswer>>, Problem> {
    let principal = app.principal(request.headers(), request.extensions(), Scope::Admin).await?;
    let query = PageQuery::read(query)?;
    let after = query.cursor().map(|cursor| BudgetScope::parse(cursor, &principal.tenant));
    let after = after.transpose().map_err(|_| query.wrong_cursor())?;
    let found = app.budgets.budgets(Some(&principal.tenant), after.as_ref(), query.limit()).await?;
    let now_ms = app.pipeline.now_ms();
    let data = found.iter().map(|standing| BudgetAnswer::new(standing, now_ms)).collect();
    Ok(Json(Page::new(data, query.limit(), |budget: &BudgetAnswer| budget.scope.clone())))
}

/// Tells a budget as it stands.
///
/// A scope is `tenant`, `user:NAME`, `key:ID`, `session:ID` or `run:ID`. Everybody sees their own user's and
/// key's, and the organisation's; administrators see all of them.
#[utoipa::path(
    get,
    path = "/v1/budgets/{scope}",
    operation_id = "getBudget",
    tag = "budgets",
    params(("scope" = String, Path, description = "Whose budget.", example = "user:ana")),
    responses(
        (status = 200, description = "The budget.", body = BudgetAnswer,
            headers(("ETag" = String, description = "Stands for its limits."))),
        NotFound,
    ),
)]
pub(crate) async fn one(
    State(app): State<Arc<App>>,
    Named(scope): Named<String>,
    request: Request,
) -> Result<Response, Problem> {
    let principal = app.principal(request.headers(), request.extensions(), Scope::Read).await?;
    let scope = named(&scope, &principal)?;
    let own = [
        BudgetScope::tenant(&principal.tenant),
        BudgetScope::user(&principal.tenant, &principal.user),
        BudgetScope::key(&principal.tenant, &principal.key_id),
    ];
    if !own.contains(&scope) && !principal.scopes.contains(Scope::Admin) {
        return Err(no_such_budget());
    }
    Ok(answer(&app, &app.budgets.budget(&scope).await.map_err(problem)?))
}

/// Sets a budget's limits in place of those it has.
///
/// What was used before counts. With `If-Match`, only if its limits are those that were seen; with
/// `If-None-Match: *`, only if there are none. The budget of `tenant` is the operator's to set.
#[utoipa::path(
    put,
    path = "/v1/budgets/{scope}",
    operation_id = "setBudget",
    tag = "budgets",
    params(
        ("scope" = String, Path, description = "Whose budget.", example = "user:ana"),
        ("If-Match" = Option<String>, Header, pattern = "^\"[a-z0-9]{1,64}\"$",
            example = "\"default\"", description = "The `ETag` that was seen."),
        ("If-None-Match" = Option<String>, Header, pattern = "^\\*$", example = "*", description = "`*`: only if there is none."),
    ),
    request_body(content = BudgetBody, example = json!({ "limits": { "month": { "usd": 25, "runs": 1000 } } })),
    responses(
        (status = 200, description = "The budget.", body = BudgetAnswer,
            headers(("ETag" = String, description = "Stands for its limits."))),
        Forbidden, NotFound, PreconditionFailed,
    ),
)]
pub(crate) async fn set(
    State(app): State<Arc<App>>,
    Named(scope): Named<String>,
    request: Request,
) -> Result<Response, Problem> {
    let principal = app.principal(request.headers(), request.extensions(), Scope::Admin).await?;
    let scope = settable(&scope, &principal)?;
    let expected = expected(request.headers())?;
    if let Err(error @ BudgetError::NoSuchScope(_)) = app.budgets.budget(&scope).await {
        return Err(problem(error));
    }
    let BudgetBody { limits } = read_json(request, &app).await?;
    let LimitsBody { total, month, week, day } = limits;
    let mut read = Vec::new();
    let bodies = [(Period::Total, total), (Period::Month, month), (Period::Week, week), (Period::Day, day)];
    for (period, body) in bodies {
        let Some(body) = body else { continue };
        read.push((period, body.read(&format!("/limits/{period}"))?));
    }
    let standing = app
        .budgets
        .set_budget(&principal.key_id, &scope, &read, expected.as_deref())
        .await
        .map_err(problem)?;
    Ok(answer(&app, &standing))
}

/// Removes a budget's limits.
///
/// What was used stays known. A user without a budget has the operator's default. With `If-Match`, only if its
/// limits are those that were seen.
#[utoipa::path(
    delete,
    path = "/v1/budgets/{scope}",
    operation_id = "removeBudget",
    tag = "budgets",
    params(
        ("scope" = String, Path, description = "Whose budget.", example = "user:ana"),
        ("If-Match" = Option<String>, Header, pattern = "^\"[a-z0-9]{1,64}\"$",
            example = "\"default\"", description = "The `ETag` that was seen."),
    ),
    responses((status = 204, description = "It has none now."), Forbidden, NotFound, PreconditionFailed),
)]
pub(crate) async fn remove(
    State(app): State<Arc<App>>,
    Named(scope): Named<String>,
    request: Request,
) -> Result<StatusCode, Problem> {
    let principal = app.principal(request.headers(), request.extensions(), Scope::Admin).await?;
    let scope = settable(&scope, &principal)?;
    let expected = expected(request.headers())?;
    app.budgets.remove_budget(&principal.key_id, &scope, expected.as_deref()).await.map_err(problem)?;
    Ok(StatusCode::NO_CONTENT)
}

/// Which usage.
#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct UsageParams {
    /// By what it is added up: `user`, `key`, `session`, `author` or `day`.
    #[param(pattern = "^(user|key|session|author|day)$", default = "day")]
    by: Option<String>,
    /// The first day (UTC), such as `2026-11-01`; 30 days ago if it is not said.
    #[param(format = Date)]
    from: Option<String>,
    /// The last day; today if it is not said.
    #[param(format = Date)]
    to: Option<String>,
}

/// What was used.
#[derive(Serialize, ToSchema)]
#[schema(as = UsageReport)]
#[serde(rename_all = "camelCase")]
struct UsageAnswer {
    /// By what it is added up.
    #[schema(pattern = "^(user|key|session|author|day)$")]
    by: &'static str,
    /// The first day.
    #[schema(format = Date)]
    from: String,
    /// The last day.
    #[schema(format = Date)]
    to: String,
    /// Those who cost most first, or the days in their order.
    rows: Vec<UsageRowAnswer>,
}

/// What was used by one of a group.
#[derive(Serialize, ToSchema)]
#[schema(as = UsageReportRow)]
struct UsageRowAnswer {
    /// A user, a key's id, a conversation, an author or a day. Empty for code that a client sent, and outside
    /// a conversation.
    name: String,
    #[serde(flatten)]
    used: Figures,
}

/// Stands for the operator's default in place of limits that were set.
const DEFAULT: &str = "default";

/// Days of usage told unless a client asks for others.
const USAGE_DAYS: i64 = 30;

/// Tells what was used: by all of the organisation to administrators, by their own user to others.
///
/// With `Accept: text/csv` as a table. A step counts on the day (UTC) on which it was reserved, once it is
/// settled; at most 10 000 rows are told.
#[utoipa::path(
    get,
    path = "/v1/usage",
    operation_id = "getUsage",
    tag = "budgets",
    params(UsageParams),
    responses(
        (status = 200, description = "What was used.",
            content((UsageAnswer = "application/json"), (String = "text/csv"))),
        BadRequest,
    ),
)]
pub(crate) async fn usage(
    State(app): State<Arc<App>>,
    query: Result<Query<UsageParams>, QueryRejection>,
    request: Request,
) -> Result<Response, Problem> {
    let principal = app.principal(request.headers(), request.extensions(), Scope::Read).await?;
    let wrong = |detail: String| Problem::bad_request("invalid_query", detail);
    let Query(params) = query.map_err(|error| wrong(error.body_text()))?;
    let by = params.by.as_deref().map_or(Ok(UsageGroup::Day), str::parse).map_err(wrong)?;
    let today = app.pipeline.now_ms().div_euclid(DAY_MS);
    let day = |text: &Option<String>, default: i64| {
        text.as_deref().map_or(Ok(default), |text| {
            day_of(text).ok_or_else(|| wrong(format!("{text:?} is no date, write such as 2026-11-01")))
        })
    };
    let last_day = day(&params.to, today)?;
    let first_day = day(&params.from, last_day - USAGE_DAYS)?;
    let query = UsageQuery {
        tenant: &principal.tenant,
        user: (!principal.scopes.contains(Scope::Admin)).then_some(&*principal.user),
        by,
        first_day,
        next_day: last_day + 1,
        limit: USAGE_ROWS_MAX,
    };
    let rows = app.budgets.usage(query).await?;
    if says(request.headers(), &ACCEPT, "text/csv") {
        return Ok(([(CONTENT_TYPE, "text/csv; charset=utf-8")], csv(by, &rows)).into_response());
    }
    let rows = rows.into_iter().map(|row| UsageRowAnswer { name: row.name, used: row.used.into() });
    Ok(Json(UsageAnswer {
        by: by.name(),
        from: date_of(first_day).to_string(),
        to: date_of(last_day).to_string(),
        rows: rows.collect(),
    })
    .into_response())
}

/// Usage as a table (RFC 4180).
pub fn csv(by: UsageGroup, rows: &[UsageRow]) -> String {
    let mut table = format!("{},usd,tokens,runs,sandbox_ms\r\n", by.name());
    for UsageRow { name, used } in rows {
        // A spreadsheet takes what begins like this for a formula.
        let formula = name.starts_with(['=', '+', '-', '@', '\t', '\r']);
        let name = format!("{}{}", if formula { "'" } else { "" }, name.replace('"', "\"\""));
        table.push_str(&format!(
            "\"{name}\",{},{},{},{}\r\n",
            usd_text(used.nano_usd),
            used.tokens,
            used.runs,
            used.sandbox_ms
        ));
    }
    table
}

fn answer(app: &App, standing: &Standing) -> Response {
    let mut response = Json(BudgetAnswer::new(standing, app.pipeline.now_ms())).into_response();
    let version = standing.version.as_deref().unwrap_or(DEFAULT);
    let tag = HeaderValue::try_from(format!("\"{version}\"")).ok();
    response.headers_mut().extend(tag.map(|tag| (ETAG, tag)));
    response
}

/// The scope of the principal's tenant that a path names. The house is nobody's.
fn named(text: &str, principal: &Principal) -> Result<BudgetScope, Problem> {
    let scope = BudgetScope::parse(text, &principal.tenant).map_err(|_| no_such_budget())?;
    if scope.kind == ScopeKind::Org { Err(no_such_budget()) } else { Ok(scope) }
}

fn settable(text: &str, principal: &Principal) -> Result<BudgetScope, Problem> {
    let scope = named(text, principal)?;
    if scope.kind > ScopeKind::Tenant {
        return Ok(scope);
    }
    let detail = "this budget is the operator's to set, with: ringfence budget set tenant";
    Err(Problem::new(StatusCode::FORBIDDEN, "operator_only", detail))
}

/// The version that a client expects, empty if it expects none; none if it does not say.
fn expected(headers: &HeaderMap) -> Result<Option<String>, Problem> {
    let wrong = |name: &str, what: &str| {
        Problem::bad_request("invalid_precondition", format!("{name} is not {what}"))
    };
    let text = |name| headers.get(name).map(|value| value.to_str().unwrap_or_default());
    let (tag, none) = (text(IF_MATCH), text(IF_NONE_MATCH));
    if none.is_some_and(|none| none != "*") {
        return Err(wrong("If-None-Match", "*"));
    }
    match (tag, none) {
        (None, None) => Ok(None),
        (None, Some(_)) => Ok(Some(String::new())),
        (Some(tag), none) => {
            let version = tag.strip_prefix('"').and_then(|tag| tag.strip_suffix('"'));
            let version = version.filter(|version| !version.is_empty() && !version.contains('"'));
            // Both at once can never hold, and no version is like this.
            let version = version.map(|version| match version {
                _ if none.is_some() => "*",
                DEFAULT => "",
                version => version,
            });
            version
                .map(|version| Some(version.to_owned()))
                .ok_or_else(|| wrong("If-Match", "one ETag of ours"))
        }
    }
}

fn no_such_budget() -> Problem {
    Problem::new(StatusCode::NOT_FOUND, "budget_not_found", "there is no such budget")
}

fn problem(error: BudgetError) -> Problem {
    let text = error.to_string();
    match error {
        BudgetError::NoSuchScope(_) | BudgetError::NoBudget(_) => no_such_budget(),
        BudgetError::Changed(_) => Problem::new(StatusCode::PRECONDITION_FAILED, "budget_changed", text),
        BudgetError::OutOfRange { .. } | BudgetError::Empty | BudgetError::Twice(_) => {
            Problem::bad_request("invalid_request", text).at("/limits".to_owned())
        }
        BudgetError::Store(error) => Problem::store(&error, &text),
    }
}

#[cfg(test)]
mod tests {
    use ringfence_pipeline::budget::Amount;

    use super::*;

    #[test]
    fn names_stay_in_their_cells() {
        let row = |name: &str| UsageRow {
            name: name.to_owned(),
            used: Amount { nano_usd: 1_500_000_000, tokens: 2, runs: 3, sandbox_ms: 4 },
        };
        let table = csv(UsageGroup::User, &[row("a\"b,c"), row("=1+1"), row("2026-11-01")]);
        assert_eq!(
            table,
            "user,usd,tokens,runs,sandbox_ms\r\n\"a\"\"b,c\",1.5,2,3,4\r\n\"'=1+1\",1.5,2,3,4\r\n\
             \"2026-11-01\",1.5,2,3,4\r\n"
        );
    }

    #[test]
    fn a_precondition_is_read_or_refused() {
        let read = |pairs: &[(axum::http::HeaderName, &str)]| {
            let headers = pairs.iter().map(|(name, value)| (name.clone(), value.parse().unwrap()));
            expected(&headers.collect()).map_err(|problem| problem.code())
        };
        assert_eq!(read(&[]), Ok(None));
        assert_eq!(read(&[(IF_MATCH, "\"ab\"")]), Ok(Some("ab".to_owned())));
        for none in [(IF_NONE_MATCH, "*"), (IF_MATCH, "\"default\"")] {
            assert_eq!(read(&[none]), Ok(Some(String::new())));
        }
        for wrong in ["", "ab", "\"\"", "W/\"ab\"", "\"a\", \"b\"", "*"] {
            assert_eq!(read(&[(IF_MATCH, wrong)]), Err("invalid_precondition"), "{wrong}");
        }
        assert!(read(&[(IF_NONE_MATCH, "\"ab\"")]).is_err());
        assert_eq!(read(&[(IF_MATCH, "\"ab\""), (IF_NONE_MATCH, "*")]), Ok(Some("*".to_owned())));
    }
}
