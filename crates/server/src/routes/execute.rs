//! `POST /v1/execute`: runs code. The answer comes in one piece, as a stream of events, or later.
//!
//! A client that goes away stops its run, unless it asked for the answer later.

use std::{collections::BTreeMap, sync::Arc};

use axum::{
    Json,
    extract::{Request, State},
    http::{
        HeaderMap, HeaderName, StatusCode,
        header::{ACCEPT, LOCATION},
    },
    response::{IntoResponse, Response},
};
use ringfence_job::{Language, LimitsPatch};
use ringfence_pipeline::{ExecuteRequest, Live, Position};
use serde::Deserialize;
use serde_json::json;

use crate::{
    App,
    body::{Encoding, FileBody, input_files, read_json, unique_map},
    problem::Problem,
    routes::stream::Feed,
};

/// Preferences of a client and of ours (RFC 7240).
const PREFER: HeaderName = HeaderName::from_static("prefer");
const PREFERENCE_APPLIED: HeaderName = HeaderName::from_static("preference-applied");
const RESPOND_ASYNC: &str = "respond-async";

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
    let place = app.enter()?;
    let manner = Manner::of(request.headers());
    let body: ExecuteBody = read_json(request, &app.options).await?;
    let live = app.pipeline.start(&principal, body.into_request()?);
    match manner {
        Manner::Asynchronous => {
            // What is promised is on disk; what is refused is not promised.
            if let Some(Err(error)) = live.accepted().await {
                return Err(error.into());
            }
            let location = format!("/v1/runs/{}", live.run());
            let body =
                json!({ "id": live.run(), "status": "queued", "events": format!("{location}/events") });
            tokio::spawn(async move {
                let _place = place;
                // Whoever wants to know reads it from the record.
                let _ = live.ended().await;
            });
            let headers = [(LOCATION, location), (PREFERENCE_APPLIED, RESPOND_ASYNC.to_owned())];
            Ok((StatusCode::ACCEPTED, headers, Json(body)).into_response())
        }
        // When the client goes away, the guard is dropped, and with it the run stops.
        Manner::Stream => {
            let guard = (place, StopOnDrop(Arc::clone(&live)));
            Feed::of_live(live, Position::default(), guard).into_response_or_problem().await
        }
        Manner::Whole => {
            let _guard = (place, StopOnDrop(Arc::clone(&live)));
            Ok(Json(&*live.ended().await?).into_response())
        }
    }
}

/// How a client wants its answer.
enum Manner {
    /// At the end, in one piece.
    Whole,
    /// As it comes.
    Stream,
    /// Later, on request.
    Asynchronous,
}

impl Manner {
    fn of(headers: &HeaderMap) -> Manner {
        let says = |name: &HeaderName, word: &str| {
            let values = headers.get_all(name).iter().filter_map(|value| value.to_str().ok());
            let mut parts = values.flat_map(|value| value.split(','));
            parts.any(|part| part.split(';').next().unwrap_or_default().trim().eq_ignore_ascii_case(word))
        };
        if says(&PREFER, RESPOND_ASYNC) {
            Manner::Asynchronous
        } else if says(&ACCEPT, "text/event-stream") {
            Manner::Stream
        } else {
            Manner::Whole
        }
    }
}

/// Stops a run when its client has gone; one that has ended is not disturbed.
struct StopOnDrop(Arc<Live>);

impl Drop for StopOnDrop {
    fn drop(&mut self) {
        self.0.stop();
    }
}
