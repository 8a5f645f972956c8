//! Every route on one page, and what surrounds each request.

mod ask;
mod download;
mod execute;
mod files;
mod health;
mod runs;
mod stream;

use std::{any::Any, sync::Arc, time::Instant};

use axum::{
    Router,
    extract::{MatchedPath, Request},
    http::{
        HeaderValue, StatusCode,
        header::{ALLOW, CACHE_CONTROL, X_CONTENT_TYPE_OPTIONS},
    },
    middleware::{Next, from_fn},
    response::{IntoResponse, Response},
    routing::{get, post},
};
use tokio::sync::OwnedSemaphorePermit;
use tower_http::catch_panic::CatchPanicLayer;
use tracing::Instrument;
use uuid::Uuid;

use crate::{App, problem::Problem};

pub(crate) fn router(app: Arc<App>) -> Router {
    Router::new()
        .route("/v1/execute", post(execute::handler))
        .route("/v1/ask", post(ask::handler))
        .route("/v1/runs", get(runs::list))
        .route("/v1/runs/{id}", get(runs::one).delete(runs::stop))
        .route("/v1/runs/{id}/events", get(runs::events))
        .route("/v1/runs/{id}/files/{*name}", get(runs::file))
        .route("/v1/files", post(files::create).get(files::list))
        .route("/v1/files/{id}", get(files::one).delete(files::remove))
        .route("/v1/files/{id}/content", get(files::content))
        .route("/health", get(health::handler))
        .fallback(not_found)
        .method_not_allowed_fallback(method_not_allowed)
        .layer(CatchPanicLayer::custom(panicked))
        .layer(from_fn(identify))
        .with_state(app)
}

impl App {
    /// Requests being worked on.
    pub(crate) fn in_progress(&self) -> usize {
        self.options.in_flight_max - self.in_flight.available_permits()
    }

    /// A place among the requests being worked on, held until it is dropped.
    fn enter(&self) -> Result<OwnedSemaphorePermit, Problem> {
        Arc::clone(&self.in_flight).try_acquire_owned().map_err(|_| {
            let most = self.options.in_flight_max;
            let detail =
                format!("{most} requests are being worked on, the most there may be; try again later");
            Problem::new(StatusCode::TOO_MANY_REQUESTS, "busy", detail)
        })
    }

    /// A place among the uploads being taken in, held until it is dropped.
    fn enter_upload(&self) -> Result<OwnedSemaphorePermit, Problem> {
        Arc::clone(&self.uploads).try_acquire_owned().map_err(|_| {
            let most = self.options.uploads_max;
            let detail = format!("{most} uploads are being taken in, the most there may be; try again later");
            Problem::new(StatusCode::TOO_MANY_REQUESTS, "busy", detail)
        })
    }
}

/// A name for one request in logs and problems; nothing is decided by it.
#[allow(clippy::disallowed_methods)]
fn request_id() -> String {
    Uuid::now_v7().to_string()
}

/// Gives the request an id, writes problems down with it, and logs what became of the request:
/// never its body, its key or its answer.
async fn identify(request: Request, next: Next) -> Response {
    let began = Instant::now();
    let id = request_id();
    let path = request.extensions().get::<MatchedPath>().cloned();
    let route = path.as_ref().map_or("none", |path| path.as_str()).to_owned();
    let span = tracing::info_span!("request", request_id = %id, method = %request.method(), route);
    let respond = async {
        let mut response = next.run(request).await;
        if let Some(problem) = response.extensions_mut().remove::<Problem>() {
            let allow = response.headers_mut().remove(ALLOW);
            response = problem.render(&id);
            response.headers_mut().extend(allow.map(|methods| (ALLOW, methods)));
        }
        let duration_ms = u64::try_from(began.elapsed().as_millis()).unwrap_or(u64::MAX);
        tracing::info!(status = response.status().as_u16(), duration_ms, "request answered");
        response
    };
    let mut response = respond.instrument(span).await;
    let headers = response.headers_mut();
    if let Ok(id) = HeaderValue::try_from(id) {
        headers.insert("x-request-id", id);
    }
    headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    headers.insert(X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    response
}

async fn not_found() -> Problem {
    Problem::new(StatusCode::NOT_FOUND, "not_found", "there is nothing at this path")
}

async fn method_not_allowed() -> Problem {
    Problem::new(StatusCode::METHOD_NOT_ALLOWED, "method_not_allowed", "this path does not take this method")
}

fn panicked(_: Box<dyn Any + Send>) -> Response {
    Problem::internal("internal", &"a handler panicked").into_response()
}
