//! The description of the API (OpenAPI 3.1): the handlers' annotations, and what is true of every route.
//!
//! `routes.rs` says how a route gets into it.

use std::collections::BTreeMap;

use ringfence_job::{LimitKind, LimitsPolicy};
use serde_json::{Map, Value, json};
use utoipa::{
    IntoResponses, Modify, OpenApi,
    openapi::{
        self, Components, Ref, RefOr, Response,
        security::{ApiKey, ApiKeyValue, Http, HttpAuthScheme, SecurityRequirement, SecurityScheme},
    },
};

use crate::problem::Details;

/// What the description says before any route is in it.
#[derive(OpenApi)]
#[openapi(
    info(
        title = "Ringfence",
        description = "A safe, self-hosted place for generated code. Every request but those marked so shows a \
            key. Errors are problem details (RFC 9457) with a stable `code`. A program that fails is an answer; \
            a refusal or a failure of the service is a problem."
    ),
    tags(
        (name = "execute", description = "Run code."),
        (name = "runs", description = "What became of runs, and stopping them."),
        (name = "ask", description = "Answer questions in plain words."),
        (name = "files", description = "Contents that are uploaded once and used by many runs."),
        (name = "keys", description = "Keys, for administrators."),
        (name = "budgets", description = "What may be used, and what was."),
        (name = "audit", description = "Who did what, for administrators."),
        (name = "service", description = "The service itself; no key is needed."),
    ),
    components(schemas(Details)),
    modifiers(&Keys),
)]
pub(crate) struct Base;

/// How a request shows its key.
struct Keys;

const BEARER: &str = "bearer";
const X_API_KEY: &str = "x-api-key";

impl Modify for Keys {
    fn modify(&self, api: &mut openapi::OpenApi) {
        let components = api.components.get_or_insert_with(Components::new);
        let bearer = Http::builder()
            .scheme(HttpAuthScheme::Bearer)
            .description(Some("`Authorization: Bearer KEY`; an `x-api-key` beside it has to be the same key"))
            .build();
        components.add_security_scheme(BEARER, SecurityScheme::Http(bearer));
        let header = ApiKey::Header(ApiKeyValue::with_description(X_API_KEY, "`x-api-key: KEY`"));
        components.add_security_scheme(X_API_KEY, SecurityScheme::ApiKey(header));
        let alone = |name: &str| SecurityRequirement::new(name, Vec::<String>::new());
        api.security = Some(vec![alone(BEARER), alone(X_API_KEY)]);
    }
}

/// A kind of problem as a response that routes refer to.
struct ProblemResponse {
    name: &'static str,
    status: u16,
    description: &'static str,
}

macro_rules! problems {
    ($($name:ident = $status:literal, $description:literal;)*) => {
        $(
            #[doc = $description]
            pub(crate) struct $name;

            impl IntoResponses for $name {
                fn responses() -> BTreeMap<String, RefOr<Response>> {
                    let here = Ref::from_response_name(stringify!($name));
                    BTreeMap::from([($status.to_string(), RefOr::Ref(here))])
                }
            }
        )*

        const PROBLEMS: &[ProblemResponse] =
            &[$(ProblemResponse { name: stringify!($name), status: $status, description: $description },)*];
    };
}

problems! {
    BadRequest = 400, "The request is not as described here, shows two keys or names no host; `errors` points at the field that is wrong.";
    Unauthenticated = 401, "There is no key, or it is unknown, expired or revoked.";
    Forbidden = 403, "The key lacks the scope that this needs.";
    BudgetExhausted = 402, "A budget that pays for the run does not cover it; nothing ran. `violated_scopes` says which.";
    NotFound = 404, "There is no such thing, or it is not yours.";
    Erased = 410, "Its content was erased when its time was over.";
    BodyTimeout = 408, "The body took too long to arrive.";
    RequestInFlight = 409, "The same request is being carried out, or came to no answer.";
    SessionBusy = 409, "Another question of the session is being answered.";
    KeyConflict = 409, "The key has ended, or is the last that can manage keys.";
    NoAnswer = 409, "The run has no answer that could be told.";
    PreconditionFailed = 412, "It is not as the client has seen it; nothing was changed.";
    LengthRequired = 411, "The body has neither Content-Length nor Transfer-Encoding.";
    BodyTooLarge = 413, "The body is above the operator's limit.";
    UnsupportedMediaType = 415, "The body is not announced as what is read here, or is packed.";
    Refused = 422, "Policy, limits or an earlier use of the Idempotency-Key say no; `errors` says what and why. \
        Nothing ran.";
    Unanswered = 422, "The question or a file of it was refused or not understood.";
    Busy = 429, "Everything is taken, or the limit named in `violated-policies` was met; try again after the seconds in \
        Retry-After.";
    Internal = 500, "The service failed; its log knows the `request_id`.";
    Unavailable = 503, "The service stops, or lacks what this needs.";
    QuotaExceeded = 507, "A quota has no room for the file, or the data directory has none.";
    StoreFull = 507, "A quota has no room for what the run would keep, or the data directory has none; nothing ran.";
}

/// Name of the header by which a request is found in the log.
const REQUEST_ID: &str = "X-Request-Id";

/// Names of the headers that tell limits.
const RATE_LIMIT: [&str; 2] = ["RateLimit-Policy", "RateLimit"];

/// Headers of successes that are not always there.
const SOMETIMES: &[&str] = &["Idempotent-Replayed", "X-Budget-Remaining", "X-Cost-USD"];

/// The description as JSON text: what the annotations say, what holds for every route, and the
/// operator's limits.
pub(crate) fn text(api: &openapi::OpenApi, limits: &LimitsPolicy) -> Result<String, serde_json::Error> {
    let mut api = serde_json::to_value(api)?;
    let paths = object(&mut api["paths"]);
    for (path, item) in std::mem::take(paths) {
        // The router's sign for the rest of a path is not one of OpenAPI.
        paths.insert(path.replace("{*", "{"), item);
    }
    for item in paths.values_mut() {
        object(item).values_mut().for_each(complete);
    }
    let components = object(&mut api["components"]);
    components.insert(
        "headers".to_owned(),
        json!({
            REQUEST_ID: {
                "description": "Names the request in the log.",
                "required": true,
                "schema": { "type": "string", "format": "uuid" },
            },
            "RateLimit-Policy": {
                "description": "The limits that the request met (draft-ietf-httpapi-ratelimit-headers): how \
                    many may come at once, and in how many seconds so many come back.",
                "schema": { "type": "string", "pattern": "^\"[a-z-]+\";q=[0-9]+;w=[0-9]+(, |$)" },
                "example": "\"address\";q=60000;w=6, \"key\";q=6000;w=6",
            },
            "RateLimit": {
                "description": "How many may still come at once, and in how many seconds all may again.",
                "schema": { "type": "string", "pattern": "^\"[a-z-]+\";r=[0-9]+;t=[0-9]+(, |$)" },
                "example": "\"address\";r=59999;t=1, \"key\";r=5999;t=1",
            },
        }),
    );
    let responses = PROBLEMS.iter().map(|problem| (problem.name.to_owned(), problem.response()));
    components.insert("responses".to_owned(), Value::Object(responses.collect()));
    bound(&mut components["schemas"], limits);
    Ok(serde_json::to_string_pretty(&api)? + "\n")
}

/// Says of an operation what is true of all of its kind.
fn complete(operation: &mut Value) {
    let mut common = Internal::responses();
    // Every request names its host.
    common.extend(BadRequest::responses());
    common.extend(Busy::responses());
    // A route without a key says so.
    if operation.get("security").is_none() {
        common.extend(Unauthenticated::responses());
        common.extend(Forbidden::responses());
    }
    if let Some(body) = operation.get_mut("requestBody") {
        may_be_left_out(body);
        common.extend(BodyTimeout::responses());
        common.extend(LengthRequired::responses());
        common.extend(BodyTooLarge::responses());
        common.extend(UnsupportedMediaType::responses());
    }
    for parameter in operation.get_mut("parameters").and_then(Value::as_array_mut).into_iter().flatten() {
        cannot_be_null(&mut parameter["schema"]);
    }
    let responses = object(&mut operation["responses"]);
    for (status, problem) in common {
        responses.entry(status).or_insert_with(|| json!(problem));
    }
    for response in responses.values_mut().filter(|response| response.get("$ref").is_none()) {
        let headers = object(&mut response["headers"]);
        for (_, header) in headers.iter_mut().filter(|(name, _)| !SOMETIMES.contains(&name.as_str())) {
            header["required"] = true.into();
        }
        headers.extend(headers_of_all());
    }
}

/// A body that may be left out is written as one that may be null, which it is not.
fn may_be_left_out(body: &mut Value) {
    for content in body["content"].as_object_mut().into_iter().flat_map(Map::values_mut) {
        if let Some([one, null]) = content["schema"]["oneOf"].as_array().map(Vec::as_slice)
            && null["type"] == "null"
        {
            content["schema"] = one.clone();
        }
    }
}

/// A parameter may be absent, but there is no null in paths, queries and headers.
fn cannot_be_null(schema: &mut Value) {
    if let Some([only, null]) = schema["type"].as_array().map(Vec::as_slice)
        && null == "null"
    {
        schema["type"] = only.clone();
    }
}

impl ProblemResponse {
    fn response(&self) -> Value {
        let mut headers = headers_of_all();
        let own = match self.status {
            401 => Some(("WWW-Authenticate", "How a key is shown.", json!({ "type": "string" }))),
            429 => Some(("Retry-After", "Seconds to wait.", json!({ "type": "integer", "minimum": 0 }))),
            _ => None,
        };
        if let Some((name, description, schema)) = own {
            let header = json!({ "description": description, "required": true, "schema": schema });
            headers.insert(name.to_owned(), header);
        }
        json!({
            "description": self.description,
            "headers": headers,
            "content": { "application/problem+json": { "schema": { "$ref": "#/components/schemas/Problem" } } },
        })
    }
}

/// Headers that every answer may have.
fn headers_of_all() -> Map<String, Value> {
    let names = [REQUEST_ID].into_iter().chain(RATE_LIMIT);
    names.map(|name| (name.to_owned(), json!({ "$ref": format!("#/components/headers/{name}") }))).collect()
}

/// Writes the operator's limits into the schemas.
fn bound(schemas: &mut Value, limits: &LimitsPolicy) {
    let asked = &mut schemas["LimitsPatch"]["properties"];
    for kind in LimitKind::ALL {
        let range = limits.range(*kind);
        let schema = object(&mut asked[kind.name()]);
        schema.insert("minimum".to_owned(), range.floor.into());
        schema.insert("maximum".to_owned(), range.ceiling.into());
        schema.insert("default".to_owned(), range.default.into());
    }
}

/// The object that a value of the description is, made if missing.
fn object(value: &mut Value) -> &mut Map<String, Value> {
    if !value.is_object() {
        *value = Value::Object(Map::new());
    }
    value.as_object_mut().unwrap_or_else(|| unreachable!("it was just made one"))
}
