//! `POST /v1/ask`: answers a question; the run goes on if the client goes away.

use std::sync::Arc;

use axum::{
    Json,
    extract::{Request, State},
};
use ringfence_job::LimitsPatch;
use ringfence_pipeline::AskRequest;
use serde::Deserialize;
use serde_json::Value;

use crate::{
    App,
    body::{FileBody, input_files, read_request},
    problem::Problem,
};

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct AskBody {
    question: String,
    #[serde(default)]
    files: Vec<FileBody>,
    #[serde(default)]
    limits: LimitsPatch,
}

pub(crate) async fn handler(State(app): State<Arc<App>>, request: Request) -> Result<Json<Value>, Problem> {
    let principal = app.principal(request.headers()).await?;
    let place = app.enter()?;
    let (body, beside): (AskBody, _) = read_request(request, &app.options).await?;
    let (files, uploads) = input_files(body.files, beside)?;
    let request = AskRequest { question: body.question, files, uploads, limits: body.limits };
    // The place stays taken while the run goes on, whether or not anybody waits for it.
    let run = tokio::spawn(async move {
        let _place = place;
        app.pipeline.ask(&principal, request).await
    });
    let answer = run.await.map_err(|error| Problem::internal("internal", &error))??;
    Ok(Json(answer.linked()))
}
