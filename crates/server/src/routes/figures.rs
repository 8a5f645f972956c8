//! `GET /metrics`: figures for Prometheus, for an operator's key; on a listener of its own for whoever
//! reaches that.

use std::sync::Arc;

use axum::{
    Router,
    extract::{Request, State},
    http::{HeaderName, header::CONTENT_TYPE},
    middleware::from_fn,
    routing::get,
};
use ringfence_pipeline::keys::Scope;

use super::{check_host, identify, method_not_allowed, not_found};
use crate::{App, problem::Problem};

/// Prometheus' text format.
const TEXT: &str = "text/plain; version=0.0.4; charset=utf-8";

type Figures = ([(HeaderName, &'static str); 1], String);

/// Gives figures in Prometheus' text format, to an administrator's key.
#[utoipa::path(
    get,
    path = "/metrics",
    operation_id = "metrics",
    tag = "service",
    responses((status = 200, description = "The figures.", body = String, content_type = "text/plain")),
)]
pub(crate) async fn handler(State(app): State<Arc<App>>, request: Request) -> Result<Figures, Problem> {
    app.principal(request.headers(), request.extensions(), Scope::Admin).await?;
    Ok(open(State(app)).await)
}

async fn open(State(app): State<Arc<App>>) -> Figures {
    ([(CONTENT_TYPE, TEXT)], (app.figures)())
}

/// What a listener of its own serves: the figures, without a key, and nothing else.
pub(crate) fn router(app: Arc<App>) -> Router {
    Router::new()
        .route(super::paths::METRICS, get(open))
        .fallback(not_found)
        .method_not_allowed_fallback(method_not_allowed)
        .layer(from_fn(check_host))
        .layer(from_fn(identify))
        .with_state(app)
}
