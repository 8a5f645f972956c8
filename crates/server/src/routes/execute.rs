//! `POST /v1/execute`: runs code. The answer comes in one piece, as a stream of events, or later.
//!
//! A client that goes away stops its run, unless it asked for the answer later.

use std::{collections::BTreeMap, sync::Arc};

use axum::{
    Json,
    extract::{Request, State},
    http::{
        HeaderMap, HeaderName, HeaderValue, StatusCode,
        header::{ACCEPT, LOCATION},
    },
    response::{IntoResponse, Response},
};
use base64::{Engine, engine::general_purpose::STANDARD};
use ringfence_job::{InputFile, Language, LimitsPatch};
use ringfence_pipeline::{
    Answer, ExecuteRequest, Once, Position, RunStatus, StopOnDrop,
    keys::Scope,
    policy::variable_name_pattern,
    run::{Principal, RunId},
};
use serde::{Deserialize, Serialize};
use serde_json::json;
use sha2::{Digest, Sha256};
use utoipa::{
    ToSchema,
    openapi::{Array, ArrayBuilder, Object, ObjectBuilder, Type},
};

use crate::{
    App,
    body::{
        Encoding, FileBody, InputFileSchema, input_files, items, object, objects, read_request, unique_map,
        word,
    },
    multipart::files_schema,
    openapi::{BudgetExhausted, Busy, Refused, RequestInFlight, StoreFull, Unavailable},
    problem::Problem,
    routes::{
        download, says,
        stream::{Feed, RunEvent},
    },
};

/// Preferences of a client and of ours (RFC 7240).
const PREFER: HeaderName = HeaderName::from_static("prefer");
const PREFERENCE_APPLIED: HeaderName = HeaderName::from_static("preference-applied");
const RESPOND_ASYNC: &str = "respond-async";

/// A request's name, and that its answer was given before (draft-ietf-httpapi-idempotency-key-header).
const IDEMPOTENCY_KEY: HeaderName = HeaderName::from_static("idempotency-key");
const IDEMPOTENT_REPLAYED: HeaderName = HeaderName::from_static("idempotent-replayed");

/// Longest name of a request in bytes.
const REQUEST_NAME_BYTES_MAX: usize = 255;

/// A program and all it gets.
#[derive(Deserialize, ToSchema)]
#[schema(as = ExecuteRequest)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct ExecuteBody {
    /// The program's language.
    #[serde(deserialize_with = "word")]
    language: Language,
    /// The program; at most as many bytes as the operator's policy allows, and never more than 262144.
    #[schema(min_length = 1, max_length = 262_144, pattern = "\\S")]
    code: String,
    /// Its arguments.
    #[serde(default, deserialize_with = "items")]
    #[schema(schema_with = args_schema)]
    args: Vec<String>,
    /// Its environment variables.
    #[serde(default, deserialize_with = "unique_map")]
    #[schema(schema_with = env_schema)]
    env: BTreeMap<String, String>,
    /// Its standard input.
    #[serde(default)]
    stdin: String,
    /// How `stdin` holds its bytes.
    #[serde(default, deserialize_with = "word")]
    stdin_encoding: Encoding,
    /// Files in its working directory.
    #[serde(default, deserialize_with = "objects")]
    #[schema(value_type = Vec<InputFileSchema>)]
    files: Vec<FileBody>,
    /// Limits; what is absent takes the default.
    #[serde(default, deserialize_with = "object")]
    limits: LimitsPatch,
    /// Ask for a newly executed interpreter rather than a warm one.
    #[serde(default)]
    fresh: bool,
}

/// A program and all it gets, with files beside it.
#[derive(ToSchema)]
#[serde(deny_unknown_fields)]
#[allow(dead_code)]
struct ExecuteForm {
    /// What would be the body without them.
    request: ExecuteBody,
    #[serde(default)]
    #[schema(schema_with = files_schema)]
    file: Vec<Vec<u8>>,
}

/// What an argument and an environment variable can be.
fn without_nul() -> ObjectBuilder {
    ObjectBuilder::new().schema_type(Type::String).pattern(Some("^[^\\x00]*$"))
}

fn args_schema() -> Array {
    let description = "Its arguments; how many and how long, the operator's policy says.";
    ArrayBuilder::new().description(Some(description)).items(without_nul()).build()
}

fn env_schema() -> Object {
    let names = ObjectBuilder::new().schema_type(Type::String).pattern(Some(variable_name_pattern()));
    ObjectBuilder::new()
        .description(Some("Environment variables, added to the runtime's own, which cannot be changed."))
        .property_names(Some(names.build()))
        .additional_properties(Some(without_nul()))
        .build()
}

/// A run that is answered later.
#[derive(Serialize, ToSchema)]
struct Promise {
    /// The run's identity.
    id: RunId,
    /// How far it is.
    status: RunStatus,
    /// Where its events are told.
    #[schema(format = "uri-reference")]
    events: String,
}

impl ExecuteBody {
    fn into_request(self, beside: Vec<InputFile>, manner: &Manner) -> Result<ExecuteRequest, Problem> {
        let (files, uploads) = input_files(self.files, beside)?;
        Ok(ExecuteRequest {
            language: self.language,
            code: self.code,
            args: self.args,
            env: self.env,
            stdin: self.stdin_encoding.decode(self.stdin, || "/stdin".to_owned())?,
            files,
            uploads,
            limits: self.limits,
            fresh: self.fresh,
            later: matches!(manner, Manner::Asynchronous),
        })
    }
}

/// Runs a program.
///
/// The answer comes in one piece; as a stream of events with `Accept: text/event-stream`; or later, at
/// `Location`, with `Prefer: respond-async`. A client that goes away stops its run, unless it asked for the
/// answer later.
///
/// With files, the body may also be a form (`multipart/form-data`): a part `request` with this document, and
/// parts `file` whose file names are their names in the working directory.
#[utoipa::path(
    post,
    path = "/v1/execute",
    operation_id = "execute",
    tag = "execute",
    params(
        ("Prefer" = Option<String>, Header,
            description = "`respond-async` asks for the answer later (RFC 7240)."),
        ("Idempotency-Key" = Option<String>, Header, min_length = 1, max_length = 255,
            pattern = "^[!-~]([ -~]*[!-~])?$",
            description = "A name for this request, yours for a day: sent again it is answered with the first \
                answer."),
    ),
    request_body(content((ExecuteBody = "application/json", examples(
        ("print" = (summary = "A line of Python", value = json!({ "language": "python", "code": "print(6*7)" }))),
        ("everything" = (summary = "Input, files and limits", value = json!({
            "language": "bash",
            "code": "cat data.txt; echo \"$1 $GREETING\"; wc -c > count.txt",
            "args": ["one"],
            "env": { "GREETING": "hello" },
            "stdin": "AAEC",
            "stdinEncoding": "base64",
            "files": [{ "name": "data.txt", "content": "text\n", "encoding": "utf-8" }],
            "limits": { "wallMs": 2000, "memoryBytes": 67_108_864 },
            "fresh": true,
        }))),
    )), (ExecuteForm = "multipart/form-data",
        encoding(("request" = (content_type = "application/json")))))),
    responses(
        (status = 200, description = "What the program did, however it ended.",
            content((Answer = "application/json"), (RunEvent = "text/event-stream")),
            headers(
                ("Idempotent-Replayed" = String, description = "`true` if the answer was given before."),
                ("X-Cost-USD" = String, description = "What the run has cost, in dollars."),
                ("X-Budget-Remaining" = String, description = "The least that a budget which pays has left, in \
                    dollars; absent if none is in money."),
            ),
            links(
                ("getRun" = (operation_id = "getRun", parameters(("id" = "$response.body#/id")))),
                ("getRunEvents" = (operation_id = "getRunEvents", parameters(("id" = "$response.body#/id")))),
                ("getRunFile" = (operation_id = "getRunFile", parameters(
                    ("id" = "$response.body#/id"), ("name" = "$response.body#/files/0/name")))),
                ("stopRun" = (operation_id = "stopRun", parameters(("id" = "$response.body#/id")))),
            )),
        (status = 202, description = "The run is on disk and goes on, whoever looks.", body = Promise,
            headers(
                ("Location" = String, description = "Where the run is."),
                ("Preference-Applied" = String, description = "`respond-async`."),
                ("Idempotent-Replayed" = String, description = "`true` if the answer was given before."),
            ),
            links(
                ("getRun" = (operation_id = "getRun", parameters(("id" = "$response.body#/id")))),
                ("getRunEvents" = (operation_id = "getRunEvents", parameters(("id" = "$response.body#/id")))),
                ("stopRun" = (operation_id = "stopRun", parameters(("id" = "$response.body#/id")))),
            )),
        BudgetExhausted, RequestInFlight, Refused, Busy, Unavailable, StoreFull,
    ),
)]
pub(crate) async fn handler(State(app): State<Arc<App>>, request: Request) -> Result<Response, Problem> {
    let principal = app.principal(request.headers(), request.extensions(), Scope::Execute).await?;
    let mut place = app.pipeline.enter(&principal)?;
    let manner = Manner::of(request.headers());
    let name = request_name(request.headers())?;
    let (body, beside): (ExecuteBody, _) = read_request(request, &app, &mut place).await?;
    let request = body.into_request(beside, &manner)?;
    let taken = place.taken();
    let live = match name {
        None => app.pipeline.start(place, request),
        Some(name) => {
            let fingerprint = fingerprint(&request);
            match app.pipeline.start_once(place, &name, fingerprint, request).await? {
                Once::Begun(live) => live,
                Once::Before(run) => return app.again(&principal, run, &manner).await,
                Once::Different => {
                    let detail = "another request was sent with this Idempotency-Key, give this one its own";
                    let status = StatusCode::UNPROCESSABLE_ENTITY;
                    return Err(Problem::new(status, "idempotency_key_reused", detail));
                }
            }
        }
    };
    match manner {
        Manner::Asynchronous => {
            // What is promised is on disk; what is refused is not promised.
            if let Some(Err(error)) = live.accepted().await {
                return Err(error.into());
            }
            // Whoever wants to know reads it from the record.
            Ok(promise(live.run()))
        }
        // When the client goes away, the guard is dropped, and with it the run stops.
        Manner::Stream => {
            let guard = (StopOnDrop(Arc::clone(&live)), taken);
            Feed::of_live(live, Position::default(), guard).into_response_or_problem().await
        }
        Manner::Whole => {
            let _guard = StopOnDrop(Arc::clone(&live));
            let answer = live.ended().await?;
            let response = download::json(&answer.linked(), taken);
            Ok(download::priced(response, &answer.cost, answer.left_nano_usd))
        }
    }
}

impl App {
    /// The answer to a request that was sent before.
    async fn again(&self, principal: &Principal, run: RunId, manner: &Manner) -> Result<Response, Problem> {
        let in_flight = || {
            let detail = format!("this request is being carried out as /v1/runs/{run}, ask for it there");
            Problem::new(StatusCode::CONFLICT, "request_in_flight", detail)
        };
        if self.pipeline.live(principal, run).is_some() {
            return if matches!(manner, Manner::Asynchronous) { Ok(promise(run)) } else { Err(in_flight()) };
        }
        let view = self.pipeline.view(principal, run).await?.ok_or_else(in_flight)?;
        let mut response = match manner {
            Manner::Asynchronous => promise(run),
            Manner::Stream => {
                self.feed(view, Position::default(), self.enter(principal)?).await?.into_response()
            }
            Manner::Whole => {
                let place = self.enter(principal)?;
                match self.pipeline.answer(&view).await? {
                    Some(answer) => download::json(&answer, place),
                    None if view.status.is_end() => return Err(super::runs::over(&view)),
                    None => return Err(in_flight()),
                }
            }
        };
        response.headers_mut().insert(IDEMPOTENT_REPLAYED, HeaderValue::from_static("true"));
        Ok(response)
    }
}

/// A hash of what a request means, however it was written down.
fn fingerprint(request: &ExecuteRequest) -> String {
    let hash = |bytes: &[u8]| STANDARD.encode(Sha256::digest(bytes));
    let ExecuteRequest { language, code, args, env, stdin, files, uploads, limits, fresh, later: _ } =
        request;
    let files: Vec<_> = files.iter().map(|file| (&file.name, hash(&file.content))).collect();
    let uploads: Vec<_> = uploads.iter().map(|upload| (upload.at, &upload.name, &upload.id)).collect();
    let meaning = json!([language, code, args, env, hash(stdin), files, uploads, limits, fresh]);
    hash(meaning.to_string().as_bytes())
}

/// Says where the answer of a run will be.
fn promise(run: RunId) -> Response {
    let location = format!("/v1/runs/{run}");
    let body = Promise { id: run, status: RunStatus::Queued, events: format!("{location}/events") };
    let headers = [(LOCATION, location), (PREFERENCE_APPLIED, RESPOND_ASYNC.to_owned())];
    (StatusCode::ACCEPTED, headers, Json(body)).into_response()
}

/// The name a client gave its request, so that it may send it twice.
fn request_name(headers: &HeaderMap) -> Result<Option<String>, Problem> {
    let Some(value) = headers.get(IDEMPOTENCY_KEY) else { return Ok(None) };
    let name = value.to_str().unwrap_or_default();
    if name.is_empty() || name.len() > REQUEST_NAME_BYTES_MAX {
        let detail = format!("Idempotency-Key is not 1 to {REQUEST_NAME_BYTES_MAX} visible ASCII characters");
        return Err(Problem::bad_request("invalid_idempotency_key", detail));
    }
    Ok(Some(name.to_owned()))
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
        if says(headers, &PREFER, RESPOND_ASYNC) {
            Manner::Asynchronous
        } else if says(headers, &ACCEPT, "text/event-stream") {
            Manner::Stream
        } else {
            Manner::Whole
        }
    }
}
