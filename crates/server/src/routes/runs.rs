//! `/v1/runs`: what became of runs, their events and files, and stopping those in progress.

use std::sync::Arc;

use axum::{
    Json,
    extract::{Query, Request, State, rejection::QueryRejection},
    http::StatusCode,
    response::Response,
};
use ringfence_pipeline::{
    Answer, AskAnswer, Position, RunKind, RunStatus, RunView,
    keys::Scope,
    run::{Principal, RunId},
};
use serde::Serialize;
use serde_json::Value;
use utoipa::ToSchema;
use uuid::Uuid;

use super::{
    Named, download,
    pages::{Page, PageQuery},
    stream::{self, Feed, RunEvent},
};
use crate::{
    App,
    openapi::{BadRequest, Busy, Erased, NoAnswer, NotFound},
    problem::Problem,
};

/// A run and its answer, if it has one.
#[derive(Serialize, ToSchema)]
#[schema(as = Run)]
struct RunBody {
    #[serde(flatten)]
    view: RunView,
    /// Its answer; null if it has none, or none yet.
    #[schema(value_type = AnyAnswer, required, nullable)]
    answer: Option<Value>,
}

/// The answer of either kind of run.
#[derive(ToSchema)]
#[schema(as = AnyAnswer)]
#[serde(untagged)]
#[expect(dead_code, reason = "it is there for its schema")]
pub(crate) enum AnyAnswer {
    Execute(Box<Answer>),
    Ask(Box<AskAnswer>),
}

/// Lists the organisation's runs, the newest first.
#[utoipa::path(
    get,
    path = "/v1/runs",
    operation_id = "listRuns",
    tag = "runs",
    params(PageQuery),
    responses(
        (status = 200, description = "A page of runs.", body = Page<RunView>, links(
            ("nextPage" = (operation_id = "listRuns", parameters(("cursor" = "$response.body#/nextCursor")))),
            ("getRun" = (operation_id = "getRun", parameters(("id" = "$response.body#/data/0/id")))),
        )),
        BadRequest,
    ),
)]
pub(crate) async fn list(
    State(app): State<Arc<App>>,
    query: Result<Query<PageQuery>, QueryRejection>,
    request: Request,
) -> Result<Json<Page<RunView>>, Problem> {
    let principal = app.principal(request.headers(), request.extensions(), Scope::Read).await?;
    let query = PageQuery::read(query)?;
    let before =
        query.cursor().map(|cursor| run_id(cursor).ok_or_else(|| query.wrong_cursor())).transpose()?;
    let data = app.pipeline.list(&principal, before, query.limit()).await?;
    Ok(Json(Page::new(data, query.limit(), |view| view.id.to_string())))
}

/// Says how far a run is, and its answer.
#[utoipa::path(
    get,
    path = "/v1/runs/{id}",
    operation_id = "getRun",
    tag = "runs",
    params(("id" = RunId, Path, description = "The run's identity.")),
    responses((status = 200, description = "The run.", body = RunBody), NotFound, Busy),
)]
pub(crate) async fn one(
    State(app): State<Arc<App>>,
    Named(id): Named<String>,
    request: Request,
) -> Result<Response, Problem> {
    let principal = app.principal(request.headers(), request.extensions(), Scope::Read).await?;
    app.tell(&principal, &id).await
}

/// Stops a run at once, and answers with what ran.
///
/// A run that is over stays what it was. The run stays in the record.
#[utoipa::path(
    delete,
    path = "/v1/runs/{id}",
    operation_id = "stopRun",
    tag = "runs",
    params(("id" = RunId, Path, description = "The run's identity.")),
    responses((status = 200, description = "The run.", body = RunBody), NotFound, Busy),
)]
pub(crate) async fn stop(
    State(app): State<Arc<App>>,
    Named(id): Named<String>,
    request: Request,
) -> Result<Response, Problem> {
    let principal = app.principal(request.headers(), request.extensions(), Scope::Execute).await?;
    let run = run_id(&id).ok_or_else(Problem::no_such_run)?;
    if let Some(live) = app.pipeline.live(&principal, run) {
        live.stop();
        // How it ended is read from the record below, as everybody will read it.
        let _ = live.ended().await;
    }
    app.tell(&principal, &id).await
}

/// Tells a run's events, from its beginning or from where a client was cut off.
#[utoipa::path(
    get,
    path = "/v1/runs/{id}/events",
    operation_id = "getRunEvents",
    tag = "runs",
    params(
        ("id" = RunId, Path, description = "The run's identity."),
        ("Last-Event-ID" = Option<String>, Header, pattern = "^([0-9]{1,15}\\.[0-9]{1,15}\\.[01])?$",
            description = "The id of the last event that came; those after it follow.", example = "0.0.1"),
    ),
    responses(
        (status = 200, description = "Its events, until it is over.", content((RunEvent = "text/event-stream"))),
        BadRequest, NotFound, NoAnswer, Erased, Busy,
    ),
)]
pub(crate) async fn events(
    State(app): State<Arc<App>>,
    Named(id): Named<String>,
    request: Request,
) -> Result<Response, Problem> {
    let principal = app.principal(request.headers(), request.extensions(), Scope::Read).await?;
    let position = stream::position(request.headers())?;
    let run = run_id(&id).ok_or_else(Problem::no_such_run)?;
    // A reader waits as a request does.
    let place = app.enter(&principal)?;
    let key = app.watch_key(request.headers())?;
    if let Some(live) = app.pipeline.live(&principal, run) {
        return Ok(Feed::of_live(live, position, place).watched(key).into_response());
    }
    let view = app.view(&principal, &id).await?;
    Ok(app.feed(view, position, place).await?.watched(key).into_response())
}

/// Gives a file that a run left behind.
#[utoipa::path(
    get,
    path = "/v1/runs/{id}/files/{*name}",
    operation_id = "getRunFile",
    tag = "runs",
    params(
        ("id" = RunId, Path, description = "The run's identity."),
        ("name" = String, Path, min_length = 1, description = "The file's name, with `/` between components."),
    ),
    responses(
        (status = 200, description = "The file, byte for byte, as the type that its name suggests.",
            content_type = "*/*",
            headers(
                ("ETag" = String, description = "SHA-256 of the content."),
                ("Content-Disposition" = String, description = "`attachment`."),
                ("Content-Security-Policy" = String, description = "A page or picture that is shown all the same may do nothing."),
            )),
        NotFound, Erased,
    ),
)]
pub(crate) async fn file(
    State(app): State<Arc<App>>,
    Named((id, name)): Named<(String, String)>,
    request: Request,
) -> Result<Response, Problem> {
    let principal = app.principal(request.headers(), request.extensions(), Scope::Read).await?;
    let view = app.view(&principal, &id).await?;
    let no_such_file =
        || Problem::new(StatusCode::NOT_FOUND, "file_not_found", "the run has left no such file");
    let kept = view.files.iter().find(|file| file.name == name).ok_or_else(no_such_file)?;
    let content = app.pipeline.open(&kept.sha256).await?.ok_or_else(Problem::erased)?;
    Ok(download::response(&name, &kept.sha256, content))
}

impl App {
    async fn tell(&self, principal: &Principal, id: &str) -> Result<Response, Problem> {
        let place = self.enter(principal)?;
        let view = self.view(principal, id).await?;
        // Whoever may stop a run may not also read what it told somebody else.
        let answer = match principal.scopes.contains(Scope::Read) {
            true => self.pipeline.answer(&view).await?,
            false => None,
        };
        Ok(download::json(&RunBody { view, answer }, place))
    }

    async fn view(&self, principal: &Principal, id: &str) -> Result<RunView, Problem> {
        let run = run_id(id).ok_or_else(Problem::no_such_run)?;
        self.pipeline.view(principal, run).await?.ok_or_else(Problem::no_such_run)
    }

    /// The events of a run that is over, after `position`.
    pub(super) async fn feed<G: Send + 'static>(
        &self,
        view: RunView,
        position: Position,
        guard: G,
    ) -> Result<Feed<G>, Problem> {
        if !view.status.is_end() {
            let detail =
                "this run's events are not told here: another process carries it out, or it is a question";
            return Err(Problem::new(StatusCode::CONFLICT, "not_here", detail));
        }
        let last = self.pipeline.answer(&view).await?.ok_or_else(|| over(&view));
        let outputs = match &view.execution {
            Some(_) => Some(self.outputs(&view).await?),
            None => None,
        };
        let executed = view.execution.as_deref().zip(outputs);
        Ok(Feed::of_record(view.id, position, executed, last, guard))
    }

    async fn outputs(&self, view: &RunView) -> Result<[Vec<u8>; 2], Problem> {
        let Some(execution) = &view.execution else { return Ok([Vec::new(), Vec::new()]) };
        let mut outputs = [Vec::new(), Vec::new()];
        for (output, hash) in outputs.iter_mut().zip([&execution.stdout, &execution.stderr]) {
            if let Some(hash) = hash {
                *output = self.pipeline.content(hash).await?.unwrap_or_default();
            }
        }
        Ok(outputs)
    }
}

/// Why a run that is over has no answer.
pub(super) fn over(view: &RunView) -> Problem {
    if view.answer.is_some() {
        return Problem::erased();
    }
    let detail = view.reason.clone().unwrap_or_else(|| match view.status {
        RunStatus::Interrupted => "the server stopped in the middle of it".to_owned(),
        _ => "it was stopped before it began".to_owned(),
    });
    let what = if view.kind == RunKind::Ask { "question" } else { "run" };
    Problem::new(StatusCode::CONFLICT, "no_answer", format!("the {what} has no answer: {detail}"))
}

/// A run's identity as clients write it.
fn run_id(text: &str) -> Option<RunId> {
    // One way to write an id, so that it can be compared as text.
    Uuid::try_parse(text).ok().filter(|id| id.to_string() == text).map(RunId)
}
