//! `POST /v1/agent-coderunner/execute`: runs code as the recipe of a hosted sandbox asks for it. The same
//! runs as `POST /v1/execute`, in a smaller shape.

use std::sync::Arc;

use axum::{
    Json,
    extract::{Request, State},
};
use ringfence_job::Language;
use ringfence_pipeline::{Answer, ExecuteRequest, StopOnDrop, keys::Scope, run::RunId};
use serde::{Deserialize, Serialize};

use crate::{App, body::read_json, problem::Problem};

/// Longest time of a program in milliseconds, unless the operator sets other bounds.
const WALL_MS: u64 = 10_000;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RunBody {
    language: Language,
    code: String,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct RunAnswer {
    id: RunId,
    language: Language,
    exit_code: i32,
    /// Without the line ends and spaces at its end.
    stdout: String,
    stderr: String,
    /// Milliseconds.
    duration: u64,
    timed_out: bool,
}

impl From<&Answer> for RunAnswer {
    fn from(answer: &Answer) -> RunAnswer {
        RunAnswer {
            id: answer.id,
            language: answer.language,
            exit_code: answer.exit_code,
            stdout: String::from_utf8_lossy(&answer.stdout_bytes()).trim_end().to_owned(),
            stderr: String::from_utf8_lossy(&answer.stderr_bytes()).into_owned(),
            duration: answer.duration,
            timed_out: answer.timed_out,
        }
    }
}

pub(crate) async fn handler(
    State(app): State<Arc<App>>,
    request: Request,
) -> Result<Json<RunAnswer>, Problem> {
    let principal = app.principal(request.headers(), Scope::Execute).await?;
    let _place = app.enter()?;
    let body: RunBody = read_json(request, &app.options).await?;
    let mut request = ExecuteRequest::new(body.language, body.code);
    let allowed = app.pipeline.limits().wall_ms;
    request.limits.wall_ms = Some(WALL_MS.max(allowed.floor).min(allowed.ceiling));
    let live = app.pipeline.start(&principal, request);
    // When the client goes away, the guard is dropped, and with it the run stops.
    let _asked = StopOnDrop(Arc::clone(&live));
    let answer = live.ended().await?;
    Ok(Json(RunAnswer::from(&*answer)))
}
