//! `/v1/sessions`: conversations, each for whoever began it.

use std::sync::Arc;

use axum::{
    Json,
    extract::{Query, Request, State, rejection::QueryRejection},
    http::StatusCode,
};
use ringfence_pipeline::{
    ErrorKind,
    keys::Scope,
    sessions::{Removal, SessionInfo, SessionView},
};
use uuid::Uuid;

use super::{
    Named,
    pages::{Page, PageQuery},
};
use crate::{
    App,
    openapi::{BadRequest, NotFound, SessionBusy},
    problem::Problem,
};

/// Lists the user's conversations, the one that began last first.
#[utoipa::path(
    get,
    path = "/v1/sessions",
    operation_id = "listSessions",
    tag = "ask",
    params(PageQuery),
    responses(
        (status = 200, description = "A page of conversations.", body = Page<SessionInfo>, links(
            ("nextPage" = (operation_id = "listSessions", parameters(("cursor" = "$response.body#/nextCursor")))),
            ("getSession" = (operation_id = "getSession", parameters(("id" = "$response.body#/data/0/id")))),
        )),
        BadRequest,
    ),
)]
pub(crate) async fn list(
    State(app): State<Arc<App>>,
    query: Result<Query<PageQuery>, QueryRejection>,
    request: Request,
) -> Result<Json<Page<SessionInfo>>, Problem> {
    let principal = app.principal(request.headers(), request.extensions(), Scope::Read).await?;
    let query = PageQuery::read(query)?;
    if query.cursor().is_some_and(|cursor| !is_session_id(cursor)) {
        return Err(query.wrong_cursor());
    }
    let sessions = app.pipeline.sessions().sessions(&principal, query.cursor(), query.limit()).await?;
    Ok(Json(Page::new(sessions, query.limit(), |session| session.id.clone())))
}

/// Tells a conversation: the newest 20 of its questions.
#[utoipa::path(
    get,
    path = "/v1/sessions/{id}",
    operation_id = "getSession",
    tag = "ask",
    params(("id" = Uuid, Path, description = "The conversation, as an answer has named it.")),
    responses((status = 200, description = "The conversation.", body = SessionView), NotFound),
)]
pub(crate) async fn one(
    State(app): State<Arc<App>>,
    Named(id): Named<String>,
    request: Request,
) -> Result<Json<SessionView>, Problem> {
    let principal = app.principal(request.headers(), request.extensions(), Scope::Read).await?;
    let found = match is_session_id(&id) {
        true => app.pipeline.sessions().session(&principal, &id).await?,
        false => None,
    };
    found.map(Json).ok_or_else(Problem::no_such_session)
}

/// Forgets a conversation, and erases what its runs have kept.
///
/// Their histories stay, without contents: when what was done, and what it cost.
#[utoipa::path(
    delete,
    path = "/v1/sessions/{id}",
    operation_id = "deleteSession",
    tag = "ask",
    params(("id" = Uuid, Path, description = "The conversation, as an answer has named it.")),
    responses((status = 204, description = "It is forgotten."), NotFound, SessionBusy),
)]
pub(crate) async fn remove(
    State(app): State<Arc<App>>,
    Named(id): Named<String>,
    request: Request,
) -> Result<StatusCode, Problem> {
    let principal = app.principal(request.headers(), request.extensions(), Scope::Ask).await?;
    let removal = match is_session_id(&id) {
        true => app.pipeline.sessions().remove_session(&principal, &id).await?,
        false => Removal::Missing,
    };
    match removal {
        Removal::Removed => Ok(StatusCode::NO_CONTENT),
        Removal::Missing => Err(Problem::no_such_session()),
        Removal::Busy => {
            let detail = ErrorKind::SessionBusy.to_string();
            Err(Problem::new(StatusCode::CONFLICT, "session_busy", detail))
        }
    }
}

/// True for the one way in which ids are written.
fn is_session_id(text: &str) -> bool {
    Uuid::try_parse(text).is_ok_and(|id| id.to_string() == text)
}
