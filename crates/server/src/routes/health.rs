//! `GET /health`: cheap, for whoever watches the process; needs no key.

use std::sync::Arc;

use axum::{Json, extract::State, http::StatusCode};
use serde::Serialize;
use utoipa::ToSchema;

use crate::{Ailment, App};

/// Whether the service works.
#[derive(Serialize, ToSchema)]
pub(crate) struct Health {
    /// `ok` or `failing`.
    status: &'static str,
    /// The program's version.
    version: &'static str,
    /// What is wrong, if anything is.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    problems: Vec<Ailment>,
}

/// Says whether the service works.
#[utoipa::path(
    get,
    path = "/health",
    operation_id = "health",
    tag = "service",
    security(()),
    responses(
        (status = 200, description = "It works.", body = Health),
        (status = 503, description = "It does not; `problems` says why.", body = Health),
    ),
)]
pub(crate) async fn handler(State(app): State<Arc<App>>) -> (StatusCode, Json<Health>) {
    let problems = (app.ailments)();
    let (code, status) = if problems.is_empty() {
        (StatusCode::OK, "ok")
    } else {
        (StatusCode::SERVICE_UNAVAILABLE, "failing")
    };
    (code, Json(Health { status, version: env!("CARGO_PKG_VERSION"), problems }))
}
