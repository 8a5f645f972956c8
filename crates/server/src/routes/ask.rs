//! `POST /v1/ask`: answers a question; the run goes on if the client goes away.

use std::sync::Arc;

use axum::{
    Json,
    extract::{Request, State},
};
use ringfence_job::LimitsPatch;
use ringfence_pipeline::{AskAnswer, AskRequest};
use serde::Deserialize;

use crate::{
    App,
    body::{FileBody, input_files, parse, read_json_bytes},
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

pub(crate) async fn handler(
    State(app): State<Arc<App>>,
    request: Request,
) -> Result<Json<AskAnswer>, Problem> {
    let principal = app.principal(request.headers(), request.extensions()).await?;
    let mut place = app.pipeline.enter(&principal)?;
    let body = read_json_bytes(request, &app, place.is_one_of_few()).await?;
    place.keep(body.room);
    let body: AskBody = parse(&body.bytes)?;
    let files = input_files(body.files)?;
    let request = AskRequest { question: body.question, files, limits: body.limits };
    Ok(Json(app.pipeline.ask(place, request).await?))
}
