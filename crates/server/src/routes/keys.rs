//! `/v1/keys`: the tenant's keys, for those who hold the scope admin.

use std::sync::Arc;

use axum::{
    Json,
    extract::{Path, Query, Request, State, rejection::QueryRejection},
    http::{StatusCode, header::LOCATION},
    response::{IntoResponse, Response},
};
use ringfence_pipeline::{
    keys::{DEFAULT_KEY_LIMIT, IdentityError, Key, KeyRequest, Scope, Scopes},
    ports::Amount,
    run::Principal,
};
use serde::Deserialize;

use super::runs::{Page, PageQuery};
use crate::{
    App,
    body::{read_json, read_json_if_any},
    problem::Problem,
};

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct CreateBody {
    user: String,
    #[serde(default)]
    label: String,
    #[serde(default = "ordinary")]
    scopes: Scopes,
    expires_in_seconds: Option<u32>,
    #[serde(default)]
    limit: LimitBody,
}

fn ordinary() -> Scopes {
    Scopes::DEFAULT
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct LimitBody {
    runs: Option<i64>,
    sandbox_seconds: Option<i64>,
}

impl From<CreateBody> for KeyRequest {
    fn from(body: CreateBody) -> KeyRequest {
        let LimitBody { runs, sandbox_seconds } = body.limit;
        KeyRequest {
            user: body.user,
            label: body.label,
            scopes: body.scopes,
            lifetime_ms: body.expires_in_seconds.map(|seconds| i64::from(seconds) * 1000),
            limit: Amount {
                runs: runs.unwrap_or(DEFAULT_KEY_LIMIT.runs),
                sandbox_ms: sandbox_seconds
                    .map_or(DEFAULT_KEY_LIMIT.sandbox_ms, |seconds| seconds.saturating_mul(1000)),
            },
        }
    }
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct RotateBody {
    #[serde(default)]
    overlap_seconds: u32,
}

/// `POST /v1/keys`: makes a key, and shows it this once.
pub(crate) async fn create(State(app): State<Arc<App>>, request: Request) -> Result<Response, Problem> {
    let principal = app.principal(request.headers(), Scope::Admin).await?;
    let body: CreateBody = read_json(request, &app.options).await?;
    may_grant(&principal, body.scopes).map_err(|problem| problem.at("/scopes".to_owned()))?;
    let key = app.keys.create(&principal, &body.into()).await.map_err(problem)?;
    let location = format!("/v1/keys/{}", key.info.id);
    Ok((StatusCode::CREATED, [(LOCATION, location)], Json(key)).into_response())
}

/// `GET /v1/keys`: the tenant's keys, newest first.
pub(crate) async fn list(
    State(app): State<Arc<App>>,
    query: Result<Query<PageQuery>, QueryRejection>,
    request: Request,
) -> Result<Json<Page<Key>>, Problem> {
    let principal = app.principal(request.headers(), Scope::Admin).await?;
    let query = PageQuery::read(query)?;
    let data = match app.keys.list(&principal, query.cursor(), query.limit()).await {
        Err(IdentityError::NoSuchKey(_)) => return Err(query.wrong_cursor()),
        listed => listed.map_err(problem)?,
    };
    Ok(Json(Page::new(data, query.limit(), |key| key.id.clone())))
}

/// `GET /v1/keys/{id}`: a key as it is now.
pub(crate) async fn one(
    State(app): State<Arc<App>>,
    Path(id): Path<String>,
    request: Request,
) -> Result<Json<Key>, Problem> {
    let principal = app.principal(request.headers(), Scope::Admin).await?;
    Ok(Json(app.keys.find(&principal, &id).await.map_err(problem)?))
}

/// `DELETE /v1/keys/{id}`: revokes a key at once and for good; a key that is revoked stays so.
pub(crate) async fn revoke(
    State(app): State<Arc<App>>,
    Path(id): Path<String>,
    request: Request,
) -> Result<Json<Key>, Problem> {
    let principal = app.principal(request.headers(), Scope::Admin).await?;
    Ok(Json(app.keys.revoke(&principal, &id).await.map_err(problem)?))
}

/// `POST /v1/keys/{id}/rotate`: gives a key a new secret, and shows it this once.
pub(crate) async fn rotate(
    State(app): State<Arc<App>>,
    Path(id): Path<String>,
    request: Request,
) -> Result<Response, Problem> {
    let principal = app.principal(request.headers(), Scope::Admin).await?;
    let body: RotateBody = read_json_if_any(request, &app.options).await?;
    // Whoever gets the new secret gets what the key may do.
    let key = app.keys.find(&principal, &id).await.map_err(problem)?;
    may_grant(&principal, key.scopes)?;
    let overlap_ms = i64::from(body.overlap_seconds) * 1000;
    Ok(Json(app.keys.rotate(&principal, &id, overlap_ms).await.map_err(problem)?).into_response())
}

/// Nobody grants what they may not do themselves.
fn may_grant(principal: &Principal, scopes: Scopes) -> Result<(), Problem> {
    principal.scopes.lacks(scopes).map_or(Ok(()), |scope| Err(Problem::insufficient_scope(scope)))
}

fn problem(error: IdentityError) -> Problem {
    let text = error.to_string();
    let field = match &error {
        IdentityError::BadName { what: "label", .. } => "/label",
        IdentityError::BadName { .. } => "/user",
        IdentityError::OutOfRange { what: "runs", .. } => "/limit/runs",
        IdentityError::OutOfRange { what: "sandbox_ms", .. } => "/limit/sandboxSeconds",
        IdentityError::OutOfRange { what: "overlap_ms", .. } => "/overlapSeconds",
        IdentityError::OutOfRange { .. } => "/expiresInSeconds",
        IdentityError::NoSuchKey(_) => {
            return Problem::new(StatusCode::NOT_FOUND, "key_not_found", "there is no such key");
        }
        IdentityError::Ended { .. } => return Problem::new(StatusCode::CONFLICT, "key_ended", text),
        IdentityError::LastAdmin(_) => return Problem::new(StatusCode::CONFLICT, "last_admin_key", text),
        IdentityError::Store(error) => return Problem::store(error, &text),
    };
    Problem::bad_request("invalid_request", text).at(field.to_owned())
}
