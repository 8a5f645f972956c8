//! `POST /v1/execute`: runs code and waits for its end; a client that goes away cancels the run.

use std::{collections::BTreeMap, sync::Arc};

use axum::{
    Json,
    extract::{Request, State},
    response::{IntoResponse, Response},
};
use ringfence_job::{Language, LimitsPatch};
use ringfence_pipeline::ExecuteRequest;
use serde::Deserialize;

use crate::{
    App,
    body::{Encoding, FileBody, input_files, read_json, unique_map},
    problem::Problem,
};

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct ExecuteBody {
    language: Language,
    code: String,
    #[serde(default)]
    args: Vec<String>,
    #[serde(default, deserialize_with = "unique_map")]
    env: BTreeMap<String, String>,
    #[serde(default)]
    stdin: String,
    #[serde(default)]
    stdin_encoding: Encoding,
    #[serde(default)]
    files: Vec<FileBody>,
    #[serde(default)]
    limits: LimitsPatch,
    #[serde(default)]
    fresh: bool,
}

impl ExecuteBody {
    fn into_request(self) -> Result<ExecuteRequest, Problem> {
        Ok(ExecuteRequest {
            language: self.language,
            code: self.code,
            args: self.args,
            env: self.env,
            stdin: self.stdin_encoding.decode(self.stdin, || "/stdin".to_owned())?,
            files: input_files(self.files)?,
            limits: self.limits,
            fresh: self.fresh,
        })
    }
}

pub(crate) async fn handler(State(app): State<Arc<App>>, request: Request) -> Result<Response, Problem> {
    let principal = app.principal(request.headers()).await?;
    let _place = app.enter()?;
    let body: ExecuteBody = read_json(request, &app.options).await?;
    // When the client goes away, this future is dropped, and with it the run.
    let answer = app.pipeline.execute(&principal, body.into_request()?).await?;
    Ok(Json(&*answer).into_response())
}
