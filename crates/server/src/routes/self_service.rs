//! `POST /api/keys/create`: a key with credits for whoever asks, if the operator wants that.

use std::{net::IpAddr, sync::Arc};

use axum::{
    Extension, Json,
    extract::State,
    http::StatusCode,
    response::{IntoResponse, Response},
};
use ringfence_pipeline::keys::{Given, IdentityError};
use serde::Serialize;
use utoipa::ToSchema;

use crate::{
    App,
    address::{ClientAddress, holder},
    openapi::{Busy, NotFound},
    problem::Problem,
};

/// A key just given away.
#[derive(Serialize, ToSchema)]
pub(crate) struct GivenKey {
    /// What its holder sends; it is shown this once.
    key: String,
}

/// Gives a key with credits to whoever asks, if the operator wants that.
///
/// Each key has an organisation of its own. Where self-service is off it is not there (`404`).
#[utoipa::path(
    post,
    path = "/api/keys/create",
    operation_id = "giveKey",
    tag = "keys",
    security(()),
    responses((status = 201, description = "A key.", body = GivenKey), NotFound, Busy),
)]
pub(crate) async fn handler(
    State(app): State<Arc<App>>,
    Extension(ClientAddress(address)): Extension<ClientAddress>,
) -> Result<Response, Problem> {
    let given = app.keys.give(holder(address)).await.map_err(|error| match &error {
        IdentityError::Store(store) => Problem::store(store, &error.to_string()),
        // The operator's numbers, and not the client's.
        _ => Problem::internal("self_service_misconfigured", &error),
    })?;
    match given {
        Some(Given::Key(key)) => Ok((StatusCode::CREATED, Json(GivenKey { key: key.text })).into_response()),
        Some(Given::NotNow { wait_ms }) => Err(not_now(holder(address), wait_ms)),
        // As any path at which there is nothing.
        None => Err(super::nothing_here()),
    }
}

fn not_now(address: IpAddr, wait_ms: i64) -> Problem {
    let wait_seconds = u64::try_from(wait_ms).unwrap_or(0).div_ceil(1000);
    let detail = format!("{address} has had its keys for now, ask again in {wait_seconds} s");
    Problem::new(StatusCode::TOO_MANY_REQUESTS, "key_quota_reached", detail).again_in(wait_seconds)
}
