//! `POST /v1/ask`: answers a question; the run goes on if the client goes away.

use std::sync::Arc;

use axum::{
    extract::{Request, State},
    response::Response,
};
use ringfence_job::LimitsPatch;
use ringfence_pipeline::{AskAnswer, AskRequest, ask::ChartFormat, keys::Scope};
use serde::Deserialize;
use utoipa::ToSchema;

use crate::{
    App,
    body::{FileBody, InputFileSchema, input_files, object, objects, read_request},
    multipart::files_schema,
    openapi::{BudgetExhausted, Busy, Erased, NotFound, SessionBusy, StoreFull, Unanswered, Unavailable},
    problem::Problem,
    routes::download,
};

/// A question and the files it is about.
#[derive(Deserialize, ToSchema)]
#[schema(as = AskRequest)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct AskBody {
    /// The question in plain words; at most 8192 bytes.
    #[schema(min_length = 1, max_length = 8192, pattern = "\\S")]
    question: String,
    /// Files in the program's working directory; those that are tables are looked at first.
    #[serde(default, deserialize_with = "objects")]
    #[schema(value_type = Vec<InputFileSchema>)]
    files: Vec<FileBody>,
    /// Limits of the program's run; what is absent takes the default.
    #[serde(default, deserialize_with = "object")]
    limits: LimitsPatch,
    /// The session that the question goes on with, as an answer has named it: it is understood with what was asked
    /// before, or answers what was asked back, and is about the files of the question before unless it has its own.
    /// Without it, or with null, another session begins.
    #[serde(default)]
    #[schema(max_length = 100)]
    session_id: Option<String>,
    /// What charts are saved as.
    #[serde(default)]
    #[schema(default = "png")]
    chart_format: ChartFormat,
}

/// A question with files beside it.
#[derive(ToSchema)]
#[serde(deny_unknown_fields)]
#[allow(dead_code)]
struct AskForm {
    /// What would be the body without them.
    request: AskBody,
    #[serde(default)]
    #[schema(schema_with = files_schema)]
    file: Vec<Vec<u8>>,
}

/// Answers a question.
///
/// A program is written that computes the answer, held to policy, budget and limits, and run. The run goes on
/// if the client goes away; it is then found in the list of runs. With files, the body may also be a form, as
/// that of `POST /v1/execute`.
#[utoipa::path(
    post,
    path = "/v1/ask",
    operation_id = "ask",
    tag = "ask",
    request_body(content((AskBody = "application/json", example = json!({
        "question": "total amount by region",
        "files": [{ "name": "sales.csv", "content": "region,amount\nnorth,3\nsouth,4\n" }],
    })), (AskForm = "multipart/form-data",
        encoding(("request" = (content_type = "application/json")))))),
    responses(
        (status = 200, description = "The answer, the program and its run.", body = AskAnswer, links(
            ("getRun" = (operation_id = "getRun", parameters(("id" = "$response.body#/id")))),
            ("getRunEvents" = (operation_id = "getRunEvents", parameters(("id" = "$response.body#/id")))),
        )),
        BudgetExhausted, NotFound, SessionBusy, Erased, Unanswered, Busy, Unavailable, StoreFull,
    ),
)]
pub(crate) async fn handler(State(app): State<Arc<App>>, request: Request) -> Result<Response, Problem> {
    let principal = app.principal(request.headers(), request.extensions(), Scope::Ask).await?;
    let mut place = app.pipeline.enter(&principal)?;
    let (mut body, beside): (AskBody, _) = read_request(request, &app, &mut place).await?;
    let (files, uploads) = input_files(std::mem::take(&mut body.files), beside)?;
    let AskBody { question, limits, session_id: session, chart_format, .. } = body;
    let request = AskRequest { question, files, uploads, limits, session, chart_format };
    let taken = place.taken();
    let answer = app.pipeline.ask(place, request).await?;
    Ok(download::priced(download::json(&answer.linked(), taken), &answer.cost, answer.left_nano_usd))
}
