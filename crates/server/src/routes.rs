//! Every route on one page, and what surrounds each request.
//!
//! A new route is a handler with `#[utoipa::path(…)]` above it and a line in [`described`]; that is the only way
//! in, so that the description and the router cannot differ. The annotation says the method, the path, an
//! `operation_id`, a `tag` of `openapi.rs`, the parameters, the body with an example, each success with its
//! type, and the problems that are the route's own, by the names in `openapi.rs`. What all routes can meet (a
//! missing key, a bad body, a failure of ours) is added there. The first line of the handler's doc comment is the
//! summary. A route without a key says `security(())`. Types that are sent or read derive `ToSchema`; a serializer
//! written by hand has a schema written by hand. A path's names are read with [`Named`].
//!
//! Then `make openapi` renews `docs/openapi.json`, and `cargo nextest run -p ringfence-tests --test contract` tries
//! it all. If the path names something of a tenant, `tests/contract/tenants.rs` wants to know how one is made.

mod ask;
mod audit;
pub(crate) mod budgets;
mod coderunner;
pub(crate) mod docs;
mod download;
mod execute;
pub(crate) mod figures;
mod files;
pub(crate) mod health;
mod keys;
mod pages;
mod runs;
mod self_service;
mod sessions;
mod stream;

use std::{
    any::Any,
    mem,
    sync::{Arc, atomic::Ordering},
    time::Instant,
};

use axum::{
    Router,
    extract::{FromRequestParts, MatchedPath, Path, Request},
    http::{
        HeaderMap, HeaderName, HeaderValue, StatusCode, Version,
        header::{CACHE_CONTROL, HOST, X_CONTENT_TYPE_OPTIONS},
        request::Parts,
        uri::Authority,
    },
    middleware::{Next, from_fn, from_fn_with_state},
    response::{IntoResponse, Response},
};
use metrics::{counter, histogram};
use ringfence_pipeline::run::Principal;
use serde::de::DeserializeOwned;
use tower_http::catch_panic::CatchPanicLayer;
use tracing::Instrument;
use utoipa::OpenApi;
use utoipa_axum::{router::OpenApiRouter, routes};
use uuid::Uuid;

use crate::{App, metrics::method_label, openapi, places::Place, problem::Problem, rate};

/// True if a word is among those that a header lists, such as `Accept`, whatever its parameters.
fn says(headers: &HeaderMap, name: &HeaderName, word: &str) -> bool {
    let values = headers.get_all(name).iter().filter_map(|value| value.to_str().ok());
    let mut parts = values.flat_map(|value| value.split(','));
    parts.any(|part| part.split(';').next().unwrap_or_default().trim().eq_ignore_ascii_case(word))
}

/// Every route, and the description of all.
pub(crate) fn described() -> (Router<Arc<App>>, utoipa::openapi::OpenApi) {
    OpenApiRouter::with_openapi(openapi::Base::openapi())
        .routes(routes!(execute::handler))
        .routes(routes!(ask::handler))
        .routes(routes!(sessions::list))
        .routes(routes!(sessions::one, sessions::remove))
        .routes(routes!(runs::list))
        .routes(routes!(runs::one, runs::stop))
        .routes(routes!(runs::events))
        .routes(routes!(runs::file))
        .routes(routes!(files::list, files::create))
        .routes(routes!(files::one, files::remove))
        .routes(routes!(files::content))
        .routes(routes!(coderunner::handler))
        .routes(routes!(keys::list, keys::create))
        .routes(routes!(keys::one, keys::revoke))
        .routes(routes!(keys::rotate))
        .routes(routes!(budgets::list))
        .routes(routes!(budgets::one, budgets::set, budgets::remove))
        .routes(routes!(budgets::usage))
        .routes(routes!(audit::list))
        .routes(routes!(self_service::handler))
        .routes(routes!(health::handler))
        .routes(routes!(health::deep))
        .routes(routes!(health::live))
        .routes(routes!(health::ready))
        .routes(routes!(health::startup))
        .routes(routes!(figures::handler))
        .routes(routes!(docs::description))
        .routes(routes!(docs::page))
        .routes(routes!(docs::file))
        .split_for_parts()
}

/// Routes for whoever watches the service.
pub mod paths {
    /// How it is, for people.
    pub const HEALTH: &str = "/health";
    /// Whether programs really run.
    pub const DEEP: &str = "/health/deep";
    /// Whether the process answers.
    pub const LIVE: &str = "/livez";
    /// Whether it takes work.
    pub const READY: &str = "/readyz";
    /// Whether it came up.
    pub const STARTUP: &str = "/startupz";
    /// Figures for Prometheus.
    pub const METRICS: &str = "/metrics";
}

/// They are asked every few seconds; their good answers are not worth a line.
const WATCHED: [&str; 6] =
    [paths::HEALTH, paths::DEEP, paths::LIVE, paths::READY, paths::STARTUP, paths::METRICS];

pub(crate) fn router(app: Arc<App>) -> Router {
    described()
        .0
        .fallback(not_found)
        .method_not_allowed_fallback(method_not_allowed)
        .layer(CatchPanicLayer::custom(panicked))
        .layer(from_fn(check_host))
        .layer(from_fn_with_state(Arc::clone(&app), rate::limit))
        .layer(from_fn(identify))
        .with_state(app)
}

/// The names in a request's path. What is not UTF-8 names nothing there is.
pub(crate) struct Named<T>(pub(crate) T);

impl<T: DeserializeOwned + Send, S: Send + Sync> FromRequestParts<S> for Named<T> {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Problem> {
        Path::from_request_parts(parts, state)
            .await
            .map(|Path(names)| Named(names))
            .map_err(|_| nothing_here())
    }
}

impl App {
    /// Requests being worked on, and runs that go on without theirs.
    pub(crate) fn in_progress(&self) -> usize {
        self.pipeline.in_progress() + self.in_flight.taken()
    }

    /// True once no more connections are taken.
    pub(crate) fn is_stopping(&self) -> bool {
        self.stopping.load(Ordering::Relaxed)
    }

    /// A place among the requests being worked on that are no runs, held until it is dropped.
    fn enter(&self, principal: &Principal) -> Result<Place, Problem> {
        self.in_flight.enter(&principal.key_id).ok_or_else(|| {
            let most = self.in_flight.all();
            Problem::busy(format!("{most} requests are worked on at once, fewer of one key; try again later"))
        })
    }

    /// A place among the uploads being taken in, held until it is dropped.
    fn enter_upload(&self, principal: &Principal) -> Result<Place, Problem> {
        self.uploads.enter(&principal.key_id).ok_or_else(|| {
            let most = self.uploads.all();
            Problem::busy(format!("{most} uploads are taken in at once, fewer of one key; try again later"))
        })
    }
}

/// A name for one request in logs and problems; nothing is decided by it.
#[allow(clippy::disallowed_methods)]
pub(crate) fn request_id() -> String {
    Uuid::now_v7().to_string()
}

/// Gives the request an id, writes problems down with it, and logs and counts what became of the
/// request: never its body, its key or its answer.
async fn identify(request: Request, next: Next) -> Response {
    let began = Instant::now();
    let id = request_id();
    let path = request.extensions().get::<MatchedPath>().cloned();
    let route = path.as_ref().map_or("none", |path| path.as_str()).to_owned();
    let method = method_label(request.method());
    let span = tracing::info_span!("request", request_id = %id, method, route);
    let respond = async {
        let mut response = next.run(request).await;
        if let Some(problem) = response.extensions_mut().remove::<Problem>() {
            counter!("ringfence_refusals_total", "reason" => problem.code()).increment(1);
            let told = mem::take(response.headers_mut());
            response = problem.render(&id);
            response.headers_mut().extend(told);
        }
        let (took, status) = (began.elapsed(), response.status());
        let duration_ms = u64::try_from(took.as_millis()).unwrap_or(u64::MAX);
        if status.is_success() && WATCHED.contains(&route.as_str()) {
            tracing::debug!(status = status.as_u16(), duration_ms, "request answered");
        } else {
            tracing::info!(status = status.as_u16(), duration_ms, "request answered");
        }
        histogram!("ringfence_http_request_seconds", "route" => route.clone()).record(took);
        let labels =
            [("route", route.clone()), ("method", method.to_owned()), ("status", status.as_str().to_owned())];
        counter!("ringfence_http_requests_total", &labels).increment(1);
        response
    };
    let mut response = respond.instrument(span).await;
    let headers = response.headers_mut();
    if let Ok(id) = HeaderValue::try_from(id) {
        headers.insert("x-request-id", id);
    }
    headers.entry(CACHE_CONTROL).or_insert(HeaderValue::from_static("no-store"));
    headers.insert(X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    response
}

/// Refuses a request that does not say for which host it is, or says it twice (RFC 9112, section 3.2).
async fn check_host(request: Request, next: Next) -> Response {
    let mut hosts = request.headers().get_all(HOST).iter();
    let is_told = match (hosts.next(), hosts.next()) {
        (Some(host), None) => is_host(host),
        (None, _) => request.version() < Version::HTTP_11,
        (Some(_), Some(_)) => false,
    };
    if is_told {
        return next.run(request).await;
    }
    let detail = "send one header Host with the name of this server";
    Problem::bad_request("invalid_host", detail).into_response()
}

/// A host and its port, or nothing.
fn is_host(value: &HeaderValue) -> bool {
    let value = value.as_bytes();
    value.is_empty() || !value.contains(&b'@') && Authority::try_from(value).is_ok()
}

async fn not_found() -> Problem {
    nothing_here()
}

fn nothing_here() -> Problem {
    Problem::new(StatusCode::NOT_FOUND, "not_found", "there is nothing at this path")
}

async fn method_not_allowed() -> Problem {
    Problem::new(StatusCode::METHOD_NOT_ALLOWED, "method_not_allowed", "this path does not take this method")
}

fn panicked(_: Box<dyn Any + Send>) -> Response {
    Problem::internal("internal", &"a handler panicked").into_response()
}
