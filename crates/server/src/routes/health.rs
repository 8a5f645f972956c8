//! `GET /health`: cheap, for whoever watches the process; needs no key.

use std::sync::Arc;

use axum::{Json, extract::State, http::StatusCode};
use serde::Serialize;

use crate::{Ailment, App};

#[derive(Serialize)]
pub(crate) struct Health {
    status: &'static str,
    version: &'static str,
    /// What is wrong, if anything is.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    problems: Vec<Ailment>,
}

pub(crate) async fn handler(State(app): State<Arc<App>>) -> (StatusCode, Json<Health>) {
    let problems = (app.ailments)();
    let (code, status) = if problems.is_empty() {
        (StatusCode::OK, "ok")
    } else {
        (StatusCode::SERVICE_UNAVAILABLE, "failing")
    };
    (code, Json(Health { status, version: env!("CARGO_PKG_VERSION"), problems }))
}
