//! `/v1/runs`: what became of runs, their events and files, and stopping those in progress.

use std::sync::Arc;

use axum::{
    Json,
    extract::{Path, Query, Request, State, rejection::QueryRejection},
    http::StatusCode,
    response::{IntoResponse, Response},
};
use ringfence_pipeline::{
    Position, RunKind, RunStatus, RunView,
    run::{Principal, RunId},
};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use uuid::Uuid;

use super::{
    download,
    stream::{self, Feed},
};
use crate::{App, problem::Problem};

/// Items in one page of a list, unless a client asks for fewer or more.
const PAGE_ITEMS: u32 = 20;

/// Most items in one page of a list.
const PAGE_ITEMS_MAX: u32 = 100;

/// A run and its answer, if it has one.
#[derive(Serialize)]
struct RunBody {
    #[serde(flatten)]
    view: RunView,
    answer: Option<Value>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct PageQuery {
    pub(super) cursor: Option<String>,
    limit: Option<u32>,
}

impl PageQuery {
    /// Items that the page holds at most.
    pub(super) fn limit(&self) -> Result<u32, Problem> {
        let limit = self.limit.unwrap_or(PAGE_ITEMS);
        if (1..=PAGE_ITEMS_MAX).contains(&limit) {
            return Ok(limit);
        }
        let detail = format!("limit is {limit}, send 1 to {PAGE_ITEMS_MAX}");
        Err(Problem::bad_request("invalid_query", detail))
    }

    /// What a cursor that is none of ours is answered with.
    pub(super) fn wrong_cursor(cursor: &str) -> Problem {
        let detail = format!("cursor {cursor:?} is not one of ours, take nextCursor of a page");
        Problem::bad_request("invalid_query", detail)
    }
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Page<T> {
    pub(super) data: Vec<T>,
    pub(super) next_cursor: Option<String>,
}

/// `GET /v1/runs`: the tenant's runs, newest first.
pub(crate) async fn list(
    State(app): State<Arc<App>>,
    query: Result<Query<PageQuery>, QueryRejection>,
    request: Request,
) -> Result<Json<Page<RunView>>, Problem> {
    let principal = app.principal(request.headers()).await?;
    let Query(query) = query.map_err(|error| Problem::bad_request("invalid_query", error.body_text()))?;
    let limit = query.limit()?;
    let before = query.cursor.map(|cursor| run_id(&cursor).ok_or_else(|| PageQuery::wrong_cursor(&cursor)));
    let before = before.transpose()?;
    let data = app.pipeline.list(&principal, before, limit).await?;
    let full = data.len() == usize::try_from(limit).unwrap_or(usize::MAX);
    let next_cursor = data.last().filter(|_| full).map(|view| view.id.to_string());
    Ok(Json(Page { data, next_cursor }))
}

/// `GET /v1/runs/{id}`: how far a run is, and its answer.
pub(crate) async fn one(
    State(app): State<Arc<App>>,
    Path(id): Path<String>,
    request: Request,
) -> Result<Response, Problem> {
    let principal = app.principal(request.headers()).await?;
    app.tell(&principal, &id).await
}

/// `DELETE /v1/runs/{id}`: stops a run at once and answers with what ran; a run that is over stays what
/// it was.
pub(crate) async fn stop(
    State(app): State<Arc<App>>,
    Path(id): Path<String>,
    request: Request,
) -> Result<Response, Problem> {
    let principal = app.principal(request.headers()).await?;
    let run = run_id(&id).ok_or_else(Problem::no_such_run)?;
    if let Some(live) = app.pipeline.live(&principal, run) {
        live.stop();
        // How it ended is read from the record below, as everybody will read it.
        let _ = live.ended().await;
    }
    app.tell(&principal, &id).await
}

/// `GET /v1/runs/{id}/events`: a run's events, from its beginning or from where a client was cut off.
pub(crate) async fn events(
    State(app): State<Arc<App>>,
    Path(id): Path<String>,
    request: Request,
) -> Result<Response, Problem> {
    let principal = app.principal(request.headers()).await?;
    let position = stream::position(request.headers())?;
    let run = run_id(&id).ok_or_else(Problem::no_such_run)?;
    // A reader waits as a request does.
    let place = app.enter()?;
    if let Some(live) = app.pipeline.live(&principal, run) {
        return Ok(Feed::of_live(live, position, place).into_response());
    }
    let view = app.view(&principal, &id).await?;
    Ok(app.feed(view, position, place).await?.into_response())
}

/// `GET /v1/runs/{id}/files/{name}`: a file that a run left behind.
pub(crate) async fn file(
    State(app): State<Arc<App>>,
    Path((id, name)): Path<(String, String)>,
    request: Request,
) -> Result<Response, Problem> {
    let principal = app.principal(request.headers()).await?;
    let view = app.view(&principal, &id).await?;
    let no_such_file =
        || Problem::new(StatusCode::NOT_FOUND, "file_not_found", "the run has left no such file");
    let kept = view.files.iter().find(|file| file.name == name).ok_or_else(no_such_file)?;
    let content = app.pipeline.open(&kept.sha256).await?.ok_or_else(Problem::erased)?;
    Ok(download::response(&name, &kept.sha256, content))
}

impl App {
    async fn tell(&self, principal: &Principal, id: &str) -> Result<Response, Problem> {
        let view = self.view(principal, id).await?;
        let answer = self.pipeline.answer(&view).await?;
        Ok(Json(RunBody { view, answer }).into_response())
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
