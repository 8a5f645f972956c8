//! `POST /v1/agent-coderunner/execute`: runs code as the recipe of a hosted sandbox asks for it. The same
//! runs as `POST /v1/execute`, in a smaller shape.

use std::sync::Arc;

use axum::{
    extract::{Request, State},
    response::Response,
};
use ringfence_job::Language;
use ringfence_pipeline::{Answer, ExecuteRequest, StopOnDrop, keys::Scope, run::RunId};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::{
    App,
    body::{read_json_of_run, word},
    openapi::{BudgetExhausted, Busy, Refused, StoreFull, Unavailable},
    problem::Problem,
    routes::download,
};

/// Longest time of a program in milliseconds, unless the operator sets other bounds.
const WALL_MS: u64 = 10_000;

/// A program.
#[derive(Deserialize, ToSchema)]
#[schema(as = CoderunnerRequest)]
#[serde(deny_unknown_fields)]
struct RunBody {
    /// Its language.
    #[serde(deserialize_with = "word")]
    language: Language,
    /// Its text; at most as many bytes as the operator's policy allows, and never more than 262144.
    #[schema(min_length = 1, max_length = 262_144, pattern = "\\S")]
    code: String,
}

/// How a program ended.
#[derive(Serialize, ToSchema)]
#[schema(as = CoderunnerAnswer)]
#[serde(rename_all = "camelCase")]
pub(crate) struct RunAnswer {
    /// The run's identity.
    id: RunId,
    /// The program's language.
    language: Language,
    /// Its exit code, or what a shell would give it.
    exit_code: i32,
    /// Without the line ends and spaces at its end.
    stdout: String,
    /// What it wrote there.
    stderr: String,
    /// Milliseconds.
    duration: u64,
    /// True if its time was over.
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

/// Runs a program, in the shape of a recipe for a hosted sandbox.
///
/// The same run as `POST /v1/execute`, with less to say and less to hear.
#[utoipa::path(
    post,
    path = "/v1/agent-coderunner/execute",
    operation_id = "runCode",
    tag = "execute",
    request_body(content = RunBody, example = json!({ "language": "bash", "code": "echo $((6*7))" })),
    responses(
        (status = 200, description = "How it ended.", body = RunAnswer),
        BudgetExhausted, Refused, Busy, Unavailable, StoreFull,
    ),
)]
pub(crate) async fn handler(State(app): State<Arc<App>>, request: Request) -> Result<Response, Problem> {
    let principal = app.principal(request.headers(), request.extensions(), Scope::Execute).await?;
    let mut place = app.pipeline.enter(&principal)?;
    let body: RunBody = read_json_of_run(request, &app, &mut place).await?;
    let mut request = ExecuteRequest::new(body.language, body.code);
    let allowed = app.pipeline.limits().wall_ms;
    request.limits.wall_ms = Some(WALL_MS.max(allowed.floor).min(allowed.ceiling));
    let taken = place.taken();
    let live = app.pipeline.start(place, request);
    // When the client goes away, the guard is dropped, and with it the run stops.
    let _asked = StopOnDrop(Arc::clone(&live));
    let answer = live.ended().await?;
    let response = download::json(&RunAnswer::from(&*answer), taken);
    Ok(download::priced(response, &answer.cost, answer.left_nano_usd))
}
