//! Health, for whoever watches the process; needs no key, so nothing here tells of keys, runs or places.
//!
//! `/livez` says that the process answers, `/readyz` that it takes work, `/startupz` that it came up;
//! `/health` is for people. All are cheap. `/health/deep` runs programs: once for everybody who asks
//! at that time, and not again before its result is old.

use std::{collections::BTreeMap, sync::Arc, time::Duration};

use axum::{Json, extract::State, http::StatusCode};
use futures::future::BoxFuture;
use serde::Serialize;
use tokio::{sync::Mutex, time::Instant};
use tracing::Instrument;
use utoipa::ToSchema;

use crate::{Ailment, App, problem::Problem};

/// Time for which the result of a deep look is given to everybody.
const DEEP_KEPT: Duration = Duration::from_secs(30);

/// The same for a result that says that something fails or is busy: whoever mends it wants to know.
const DEEP_KEPT_UNWELL: Duration = Duration::from_secs(5);

/// What is served here.
const SERVICE: &str = "ringfence";

/// One part of the service, tried.
#[derive(Debug, Clone, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Check {
    /// How it turned out.
    pub status: CheckStatus,
    /// Why, in words that are for everybody.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub detail: Option<&'static str>,
    /// How long it took, in milliseconds.
    pub duration_ms: u64,
}

/// How a check turned out; the worst comes last.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum CheckStatus {
    /// It works.
    Ok,
    /// It could not be tried, as others are using it.
    Busy,
    /// It does not work.
    Failing,
}

/// What a deep look found.
#[derive(Debug, Clone, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Examination {
    /// Every part by its name, such as `python` or `store`.
    pub checks: BTreeMap<&'static str, Check>,
    /// When it was made, in milliseconds since the Unix epoch.
    pub checked_ms: i64,
}

impl Examination {
    fn status(&self) -> CheckStatus {
        self.checks.values().map(|check| check.status).max().unwrap_or(CheckStatus::Ok)
    }

    fn kept(&self) -> Duration {
        if self.status() == CheckStatus::Ok { DEEP_KEPT } else { DEEP_KEPT_UNWELL }
    }
}

/// Makes a deep look at the service, within a bounded time.
pub(crate) type Examine = dyn Fn() -> BoxFuture<'static, Examination> + Send + Sync;

/// When a deep look ended, and what it found.
type Look = (Instant, Arc<Examination>);

/// The last deep look. Whoever holds the lock makes a new one; the others wait for it.
pub(crate) struct Deep {
    examine: Box<Examine>,
    last: Arc<Mutex<Option<Look>>>,
}

impl Deep {
    pub(crate) fn new(examine: Box<Examine>) -> Deep {
        Deep { examine, last: Arc::default() }
    }

    async fn look(&self) -> Result<Arc<Examination>, Problem> {
        let mut last = Arc::clone(&self.last).lock_owned().await;
        if let Some((made, found)) = &*last
            && made.elapsed() < found.kept()
        {
            return Ok(Arc::clone(found));
        }
        let looking = (self.examine)();
        // A task of its own: a caller that goes away neither ends it nor lets the next one begin anew.
        let task = async move {
            let found = Arc::new(looking.await);
            *last = Some((Instant::now(), Arc::clone(&found)));
            found
        };
        tokio::spawn(task.in_current_span()).await.map_err(|error| Problem::internal("internal", &error))
    }
}

/// The body of the cheap routes.
#[derive(Serialize, ToSchema)]
pub(crate) struct Health {
    /// `ok` or `failing`.
    status: &'static str,
    /// What is served here.
    service: &'static str,
    /// The program's version.
    version: &'static str,
    /// What is wrong, if anything is.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    problems: Vec<Ailment>,
}

impl Health {
    fn of(problems: Vec<Ailment>) -> (StatusCode, Json<Health>) {
        let (code, status) = if problems.is_empty() {
            (StatusCode::OK, "ok")
        } else {
            (StatusCode::SERVICE_UNAVAILABLE, "failing")
        };
        let version = env!("CARGO_PKG_VERSION");
        (code, Json(Health { status, service: SERVICE, version, problems }))
    }
}

/// Says what is known to be wrong.
#[utoipa::path(
    get,
    path = "/health",
    operation_id = "health",
    tag = "service",
    security(()),
    responses(
        (status = 200, description = "Nothing is.", body = Health),
        (status = 503, description = "`problems` says what.", body = Health),
    ),
)]
pub(crate) async fn handler(State(app): State<Arc<App>>) -> (StatusCode, Json<Health>) {
    Health::of((app.ailments)())
}

/// Says that the process answers.
///
/// Whatever else is wrong, starting it again would not mend it.
#[utoipa::path(
    get,
    path = "/livez",
    operation_id = "live",
    tag = "service",
    security(()),
    responses(
        (status = 200, description = "It does.", body = Health),
    ),
)]
pub(crate) async fn live() -> (StatusCode, Json<Health>) {
    Health::of(Vec::new())
}

/// Says that the service came up.
///
/// No connection is taken before every limit was tried, so an answer says it all.
#[utoipa::path(
    get,
    path = "/startupz",
    operation_id = "startup",
    tag = "service",
    security(()),
    responses(
        (status = 200, description = "It did.", body = Health),
    ),
)]
pub(crate) async fn startup() -> (StatusCode, Json<Health>) {
    Health::of(Vec::new())
}

/// Says whether work sent here now would be begun.
#[utoipa::path(
    get,
    path = "/readyz",
    operation_id = "ready",
    tag = "service",
    security(()),
    responses(
        (status = 200, description = "It would.", body = Health),
        (status = 503, description = "It would not; `problems` says why.", body = Health),
    ),
)]
pub(crate) async fn ready(State(app): State<Arc<App>>) -> (StatusCode, Json<Health>) {
    let mut problems = (app.ailments)();
    if app.is_stopping() {
        let detail = "the server stops and takes no more work".to_owned();
        problems.push(Ailment { code: "stopping", detail });
    }
    Health::of(problems)
}

/// What `/health/deep` answers.
#[derive(Serialize, ToSchema)]
pub(crate) struct DeepHealth {
    status: CheckStatus,
    #[serde(flatten)]
    found: Examination,
}

/// Runs a program in every language, and writes to the store and reads from it.
///
/// The result is kept for half a minute, or for 5 s if something fails.
#[utoipa::path(
    get,
    path = "/health/deep",
    operation_id = "healthDeep",
    tag = "service",
    security(()),
    responses(
        (status = 200, description = "Everything works, or is busy with others.", body = DeepHealth),
        (status = 503, description = "Something fails; `checks` says what.", body = DeepHealth),
    ),
)]
pub(crate) async fn deep(State(app): State<Arc<App>>) -> Result<(StatusCode, Json<DeepHealth>), Problem> {
    let found = app.deep.look().await?;
    let status = found.status();
    // Busy is no fault: others are being served.
    let code = if status == CheckStatus::Failing { StatusCode::SERVICE_UNAVAILABLE } else { StatusCode::OK };
    Ok((code, Json(DeepHealth { status, found: Examination::clone(&found) })))
}
