//! `/v1/audit`: who did what in the tenant, for those who hold the scope admin.

use std::sync::Arc;

use axum::{
    Json,
    extract::{Query, Request, State, rejection::QueryRejection},
};
use ringfence_pipeline::{audit::AuditEntry, keys::Scope};

use super::pages::{Page, PageQuery};
use crate::{App, openapi::BadRequest, problem::Problem};

/// Lists what was done in the organisation, the newest first: keys and other things that were changed, and runs
/// that began and ended.
#[utoipa::path(
    get,
    path = "/v1/audit",
    operation_id = "listAudit",
    tag = "audit",
    params(PageQuery),
    responses(
        (status = 200, description = "A page of entries.", body = Page<AuditEntry>, links(
            ("nextPage" = (operation_id = "listAudit", parameters(("cursor" = "$response.body#/nextCursor")))),
        )),
        BadRequest,
    ),
)]
pub(crate) async fn list(
    State(app): State<Arc<App>>,
    query: Result<Query<PageQuery>, QueryRejection>,
    request: Request,
) -> Result<Json<Page<AuditEntry>>, Problem> {
    let principal = app.principal(request.headers(), request.extensions(), Scope::Admin).await?;
    let query = PageQuery::read(query)?;
    let before: Option<i64> = match query.cursor() {
        Some(cursor) => Some(cursor.parse().map_err(|_| query.wrong_cursor())?),
        None => None,
    };
    let entries = app.pipeline.audit(&principal, before, query.limit()).await?;
    Ok(Json(Page::new(entries, query.limit(), |entry| entry.n.to_string())))
}
