//! `/v1/keys`: the tenant's keys, for those who hold the scope admin.

use std::sync::Arc;

use axum::{
    Json,
    extract::{Query, Request, State, rejection::QueryRejection},
    http::{StatusCode, header::LOCATION},
    response::{IntoResponse, Response},
};
use ringfence_pipeline::{
    keys::{IdentityError, IssuedKey, Key, KeyRequest, Scope, Scopes},
    run::Principal,
};
use serde::Deserialize;
use utoipa::ToSchema;

use super::{
    Named,
    budgets::{CapsBody, some_object},
    pages::{Page, PageQuery},
};
use crate::{
    App,
    body::{read_json, read_json_if_any},
    openapi::{BadRequest, KeyConflict, NotFound},
    problem::Problem,
};

/// A key as it is asked for.
#[derive(Deserialize, ToSchema)]
#[schema(as = KeyRequest)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct CreateBody {
    /// Who will hold it; at most 128 bytes without control characters.
    #[schema(min_length = 1, max_length = 128, pattern = r"^[^\x00-\x1f\x7f-\x9f]+$")]
    user: String,
    /// What it is for; at most 128 bytes without control characters.
    #[serde(default)]
    #[schema(max_length = 128, pattern = r"^[^\x00-\x1f\x7f-\x9f]*$")]
    label: String,
    /// What it may do, each named once; `execute`, `ask` and `read` if it is not said.
    #[serde(default = "ordinary")]
    #[schema(value_type = std::collections::BTreeSet<Scope>, min_items = 1)]
    scopes: Scopes,
    /// How long it is accepted, at most ten years; for ever if it is not said.
    #[schema(minimum = 1, maximum = 315_360_000)]
    expires_in_seconds: Option<u32>,
    /// What it may use in all; those who pay with it have limits of their own.
    #[serde(default, deserialize_with = "some_object")]
    #[schema(nullable = false)]
    limit: Option<CapsBody>,
}

fn ordinary() -> Scopes {
    Scopes::DEFAULT
}

impl CreateBody {
    fn into_request(self) -> Result<KeyRequest, Problem> {
        Ok(KeyRequest {
            user: self.user,
            label: self.label,
            scopes: self.scopes,
            lifetime_ms: self.expires_in_seconds.map(|seconds| i64::from(seconds) * 1000),
            limit: self.limit.map(|limit| limit.read("/limit")).transpose()?.unwrap_or_default(),
        })
    }
}

/// How a key's secret is replaced.
#[derive(Default, Deserialize, ToSchema)]
#[schema(as = KeyRotation)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct RotateBody {
    /// How long the secret that is replaced goes on being accepted, at most a week.
    #[serde(default)]
    #[schema(maximum = 604_800)]
    overlap_seconds: u32,
}

/// Makes a key, and shows it this once.
///
/// Nobody grants what they may not do themselves.
#[utoipa::path(
    post,
    path = "/v1/keys",
    operation_id = "createKey",
    tag = "keys",
    request_body(content = CreateBody, example = json!({ "user": "ada", "scopes": ["execute", "read"] })),
    responses(
        (status = 201, description = "The key.", body = IssuedKey,
            headers(("Location" = String, description = "Where the key is looked at.")),
            links(
                ("getKey" = (operation_id = "getKey", parameters(("id" = "$response.body#/id")))),
                ("revokeKey" = (operation_id = "revokeKey", parameters(("id" = "$response.body#/id")))),
                ("rotateKey" = (operation_id = "rotateKey", parameters(("id" = "$response.body#/id")))),
            )),
    ),
)]
pub(crate) async fn create(State(app): State<Arc<App>>, request: Request) -> Result<Response, Problem> {
    let principal = app.principal(request.headers(), request.extensions(), Scope::Admin).await?;
    let body: CreateBody = read_json(request, &app).await?;
    may_grant(&principal, body.scopes).map_err(|problem| problem.at("/scopes".to_owned()))?;
    let key = app.keys.create(&principal, &body.into_request()?).await.map_err(problem)?;
    let location = format!("/v1/keys/{}", key.info.id);
    Ok((StatusCode::CREATED, [(LOCATION, location)], Json(key)).into_response())
}

/// Lists the organisation's keys, the newest first.
#[utoipa::path(
    get,
    path = "/v1/keys",
    operation_id = "listKeys",
    tag = "keys",
    params(PageQuery),
    responses(
        (status = 200, description = "A page of keys.", body = Page<Key>, links(
            ("nextPage" = (operation_id = "listKeys", parameters(("cursor" = "$response.body#/nextCursor")))),
        )),
        BadRequest,
    ),
)]
pub(crate) async fn list(
    State(app): State<Arc<App>>,
    query: Result<Query<PageQuery>, QueryRejection>,
    request: Request,
) -> Result<Json<Page<Key>>, Problem> {
    let principal = app.principal(request.headers(), request.extensions(), Scope::Admin).await?;
    let query = PageQuery::read(query)?;
    let data = match app.keys.list(&principal, query.cursor(), query.limit()).await {
        Err(IdentityError::NoSuchKey(_)) => return Err(query.wrong_cursor()),
        listed => listed.map_err(problem)?,
    };
    Ok(Json(Page::new(data, query.limit(), |key| key.id.clone())))
}

/// Tells a key as it is now.
#[utoipa::path(
    get,
    path = "/v1/keys/{id}",
    operation_id = "getKey",
    tag = "keys",
    params(("id" = String, Path, description = "The key's public id.", example = "a1b2c3d4")),
    responses((status = 200, description = "The key.", body = Key), NotFound),
)]
pub(crate) async fn one(
    State(app): State<Arc<App>>,
    Named(id): Named<String>,
    request: Request,
) -> Result<Json<Key>, Problem> {
    let principal = app.principal(request.headers(), request.extensions(), Scope::Admin).await?;
    Ok(Json(app.keys.find(&principal, &id).await.map_err(problem)?))
}

/// Revokes a key at once and for good.
///
/// A key that is revoked stays so. The last active key with the scope `admin` is not revoked here.
#[utoipa::path(
    delete,
    path = "/v1/keys/{id}",
    operation_id = "revokeKey",
    tag = "keys",
    params(("id" = String, Path, description = "The key's public id.", example = "a1b2c3d4")),
    responses((status = 200, description = "The key.", body = Key), NotFound, KeyConflict),
)]
pub(crate) async fn revoke(
    State(app): State<Arc<App>>,
    Named(id): Named<String>,
    request: Request,
) -> Result<Json<Key>, Problem> {
    let principal = app.principal(request.headers(), request.extensions(), Scope::Admin).await?;
    Ok(Json(app.keys.revoke(&principal, &id).await.map_err(problem)?))
}

/// Gives a key a new secret, and shows it this once.
#[utoipa::path(
    post,
    path = "/v1/keys/{id}/rotate",
    operation_id = "rotateKey",
    tag = "keys",
    params(("id" = String, Path, description = "The key's public id.", example = "a1b2c3d4")),
    request_body(content = Option<RotateBody>, example = json!({ "overlapSeconds": 3600 })),
    responses((status = 200, description = "The key.", body = IssuedKey), NotFound, KeyConflict),
)]
pub(crate) async fn rotate(
    State(app): State<Arc<App>>,
    Named(id): Named<String>,
    request: Request,
) -> Result<Response, Problem> {
    let principal = app.principal(request.headers(), request.extensions(), Scope::Admin).await?;
    let body: RotateBody = read_json_if_any(request, &app).await?;
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
        IdentityError::OutOfRange { what: "tokens", .. } => "/limit/tokens",
        IdentityError::OutOfRange { what: "runs", .. } => "/limit/runs",
        IdentityError::OutOfRange { what: "sandboxMs", .. } => "/limit/sandboxSeconds",
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
