//! Errors as RFC 9457 problem details.
//!
//! A handler returns a [`Problem`]; the outermost layer writes it, because only that knows the
//! request's id. What failed on our side is logged with that id and not told to the client.

use std::{fmt, sync::Arc};

use axum::{
    http::{
        HeaderValue, StatusCode,
        header::{ACCEPT_ENCODING, CONTENT_TYPE, RETRY_AFTER, WWW_AUTHENTICATE},
    },
    response::{IntoResponse, Response},
};
use ringfence_pipeline::{
    Busy, ErrorKind, PipelineError,
    ask::{AskedBack, Decision},
    budget::{NANO_USD, Shortfall, Unit},
    files::{FilesError, QuotaExceeded},
    keys::Scope,
    policy::Violation,
    ports::{ExecutorError, LedgerError, StoreError},
    run::RunId,
};
use serde::Serialize;
use utoipa::ToSchema;

/// Longest detail in bytes; parsers quote what they were given.
const DETAIL_BYTES_MAX: usize = 1000;

/// Seconds after which a client may try again when everything is taken.
const RETRY_AFTER_SECONDS: u64 = 1;

/// Why a request has no answer.
#[derive(Debug, Clone)]
pub(crate) struct Problem {
    status: StatusCode,
    code: &'static str,
    detail: String,
    run: Option<RunId>,
    errors: Vec<FieldError>,
    /// Whole seconds after which to try again, of a 429.
    retry_after: u64,
    /// What the key lacks.
    scope: Option<Scope>,
    more: More,
}

/// What was made of a question that has no answer.
#[derive(Debug, Clone)]
struct NoAnswer {
    decision: Decision,
    clarification: Option<AskedBack>,
    session: Option<Box<str>>,
}

/// What there is to tell beside the detail: of a request that met a limit which one, or of a question what was made of it.
#[derive(Debug, Clone)]
enum More {
    Nothing,
    /// A rate limit, by its name.
    Rate(&'static str),
    Quota(Box<QuotaExceeded>),
    /// The budgets that have too little left.
    Budgets(Vec<ViolatedScope>),
    /// What was made of a question that has no answer.
    Question(Box<NoAnswer>),
}

/// A budget that has too little left.
#[derive(Debug, Clone, Serialize, ToSchema)]
struct ViolatedScope {
    /// Whose it is, such as `user:ana`.
    scope: String,
    /// In which time: `total`, `month`, `week` or `day`.
    period: &'static str,
    /// What it counts: `usd`, `tokens`, `runs` or `sandboxMs`.
    unit: &'static str,
    /// How much is missing.
    missing: f64,
    /// The limit in force.
    limit: f64,
}

impl From<&Shortfall> for ViolatedScope {
    // Figures are at most 1e15, which a double holds.
    #[allow(clippy::cast_precision_loss)]
    fn from(shortfall: &Shortfall) -> ViolatedScope {
        let figure = |value: i64| match shortfall.unit {
            Unit::NanoUsd => value as f64 / NANO_USD as f64,
            Unit::Tokens | Unit::Runs | Unit::SandboxMs => value as f64,
        };
        ViolatedScope {
            scope: shortfall.scope.to_string(),
            period: shortfall.period.name(),
            unit: shortfall.unit.name(),
            missing: figure(shortfall.missing),
            limit: figure(shortfall.limit),
        }
    }
}

/// One wrong field of a request.
#[derive(Debug, Clone, Serialize, ToSchema)]
struct FieldError {
    /// A stable name of what is wrong, such as `limit_out_of_range`.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    code: Option<&'static str>,
    /// JSON pointer (RFC 6901) to the field.
    pointer: String,
    /// What is wrong and what would be right.
    detail: String,
}

/// Problem details (RFC 9457).
#[derive(Serialize, ToSchema)]
#[schema(as = Problem)]
pub(crate) struct Details<'a> {
    /// Names the kind of problem.
    #[serde(rename = "type")]
    #[schema(format = "uri-reference")]
    kind: String,
    /// The status in words.
    title: &'a str,
    /// The status of the response.
    #[schema(minimum = 400, maximum = 599)]
    status: u16,
    /// What is wrong and what to do.
    detail: &'a str,
    /// A stable name of what is wrong, such as `policy_denied`.
    #[schema(pattern = "^[a-z0-9_]+$")]
    code: &'a str,
    /// Names the request in the log.
    request_id: &'a str,
    /// The run, if there was one already.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    run_id: Option<RunId>,
    /// The fields that are wrong.
    #[serde(skip_serializing_if = "<[_]>::is_empty")]
    #[schema(required = false)]
    errors: &'a [FieldError],
    /// As in the problem type quota-exceeded of draft-ietf-httpapi-ratelimit-headers.
    #[serde(rename = "violated-policies", skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Vec<String>, required = false)]
    violated: Option<[&'a str; 1]>,
    /// Whose quota has no room: `key` or `tenant`.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    scope: Option<&'a str>,
    /// What the quota counts: `bytes` or `files`.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    unit: Option<&'a str>,
    /// How much of it may be kept.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    limit: Option<u64>,
    /// How much of it is kept.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    used: Option<u64>,
    /// The budgets that have too little left.
    #[serde(skip_serializing_if = "<[_]>::is_empty")]
    #[schema(required = false)]
    violated_scopes: &'a [ViolatedScope],
    /// What was made of a question that has no answer.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    decision: Option<Decision>,
    /// What has to be known first. The answer to it is asked as the next question of the session.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    clarification: Option<&'a AskedBack>,
    /// The conversation that such a question belongs to, to go on with.
    #[serde(rename = "sessionId", skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    session: Option<&'a str>,
}

impl Problem {
    pub(crate) fn new(status: StatusCode, code: &'static str, detail: impl Into<String>) -> Problem {
        let (run, errors) = (None, Vec::new());
        Problem {
            status,
            code,
            detail: cut(detail.into()),
            run,
            errors,
            retry_after: RETRY_AFTER_SECONDS,
            scope: None,
            more: More::Nothing,
        }
    }

    /// Everything of a kind is taken; nothing was done.
    pub(crate) fn busy(detail: impl Into<String>) -> Problem {
        Problem::new(StatusCode::TOO_MANY_REQUESTS, "busy", detail)
    }

    /// Too many requests came under the limit `policy`.
    pub(crate) fn rate_limited(policy: &'static str, retry_after: u64) -> Problem {
        let detail = format!("too many requests under the limit {policy:?}, come back in {retry_after} s");
        let problem = Problem::new(StatusCode::TOO_MANY_REQUESTS, "rate_limited", detail);
        Problem { retry_after, more: More::Rate(policy), ..problem }
    }

    pub(crate) fn unauthenticated(detail: &str) -> Problem {
        Problem::new(StatusCode::UNAUTHORIZED, "unauthenticated", detail)
    }

    /// The key is good, but not for this.
    pub(crate) fn insufficient_scope(scope: Scope) -> Problem {
        let detail = format!("this needs a key with the scope {scope}, ask an administrator for one");
        Problem { scope: Some(scope), ..Problem::new(StatusCode::FORBIDDEN, "insufficient_scope", detail) }
    }

    pub(crate) fn bad_request(code: &'static str, detail: impl Into<String>) -> Problem {
        Problem::new(StatusCode::BAD_REQUEST, code, detail)
    }

    /// What is another tenant's is not there, as what never was.
    pub(crate) fn no_such_run() -> Problem {
        Problem::new(StatusCode::NOT_FOUND, "run_not_found", "there is no such run")
    }

    /// The same for sessions, those of others, and for what is no session's id.
    pub(crate) fn no_such_session() -> Problem {
        let detail = "there is no such session, or it has expired";
        Problem::new(StatusCode::NOT_FOUND, "session_not_found", detail)
    }

    /// The same for files, and for what is no file's id.
    pub(crate) fn no_such_file() -> Problem {
        Problem::new(StatusCode::NOT_FOUND, "file_not_found", "there is no such file, or it has expired")
    }

    /// It was there, and was deleted when its time was over.
    pub(crate) fn erased() -> Problem {
        let detail =
            "the content was deleted: the time for which it is kept was over, or its room was needed";
        Problem::new(StatusCode::GONE, "content_erased", detail)
    }

    /// Our own failure: logged, not told.
    pub(crate) fn internal(code: &'static str, error: &dyn fmt::Display) -> Problem {
        tracing::error!(code, %error, "request failed");
        let detail = "the server failed, the operator finds the reason in its log under this request's id";
        Problem::new(StatusCode::INTERNAL_SERVER_ERROR, code, detail)
    }

    /// The store's failure: one that more room or time mends is told, for there is something to do.
    pub(crate) fn store(error: &StoreError, text: &str) -> Problem {
        let (status, code) = match error {
            StoreError { full: true, .. } => (StatusCode::INSUFFICIENT_STORAGE, "store_full"),
            StoreError { gone: true, .. } => (StatusCode::SERVICE_UNAVAILABLE, "store_unavailable"),
            StoreError { .. } => return Problem::internal("store_failed", &text),
        };
        tracing::error!(code, error = text, reason = error.reason, "request failed");
        Problem::new(status, code, text)
    }

    /// A quota has no room, as RFC 4331 has it.
    fn quota(quota: QuotaExceeded) -> Problem {
        let problem = Problem::new(StatusCode::INSUFFICIENT_STORAGE, "quota_exceeded", quota.to_string());
        Problem { more: More::Quota(Box::new(quota)), ..problem }
    }

    /// Which one it is, from a fixed list.
    pub(crate) fn code(&self) -> &'static str {
        self.code
    }

    /// Says when a client may try again.
    pub(crate) fn again_in(self, seconds: u64) -> Problem {
        Problem { retry_after: seconds, ..self }
    }

    /// Names the field that is wrong.
    pub(crate) fn at(mut self, pointer: String) -> Problem {
        self.errors.push(FieldError { code: None, pointer: cut(pointer), detail: self.detail.clone() });
        self
    }

    fn with_violations(mut self, violations: Vec<Violation>) -> Problem {
        self.errors = violations
            .into_iter()
            .map(|v| FieldError { code: Some(v.code), pointer: v.pointer, detail: cut(v.detail) })
            .collect();
        self
    }

    /// The problem in JSON.
    pub(crate) fn body(&self, request_id: &str) -> Vec<u8> {
        let (mut rate, mut quota, mut budgets, mut question) = (None, None, [].as_slice(), None);
        match &self.more {
            More::Nothing => {}
            More::Rate(policy) => rate = Some([*policy]),
            More::Quota(exceeded) => quota = Some(exceeded),
            More::Budgets(short) => budgets = short.as_slice(),
            More::Question(told) => question = Some(told.as_ref()),
        }
        let details = Details {
            kind: format!("/problems/{}", self.code.replace('_', "-")),
            title: self.status.canonical_reason().unwrap_or("Error"),
            status: self.status.as_u16(),
            detail: &self.detail,
            code: self.code,
            request_id,
            run_id: self.run,
            errors: &self.errors,
            violated: rate,
            scope: quota.map(|quota| quota.scope),
            unit: quota.map(|quota| quota.unit),
            limit: quota.map(|quota| quota.limit),
            used: quota.map(|quota| quota.used),
            violated_scopes: budgets,
            decision: question.map(|question| question.decision),
            clarification: question.and_then(|question| question.clarification.as_ref()),
            session: question.and_then(|question| question.session.as_deref()),
        };
        serde_json::to_vec(&details).unwrap_or_default()
    }

    /// Writes the problem down.
    pub(crate) fn render(&self, request_id: &str) -> Response {
        let mut response = (self.status, self.body(request_id)).into_response();
        let headers = response.headers_mut();
        headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/problem+json"));
        match self.status {
            StatusCode::UNAUTHORIZED => {
                headers.insert(WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"));
            }
            StatusCode::TOO_MANY_REQUESTS => {
                headers.insert(RETRY_AFTER, HeaderValue::from(self.retry_after));
            }
            // What may be sent instead (RFC 9110, section 15.5.16).
            StatusCode::UNSUPPORTED_MEDIA_TYPE => {
                headers.insert(ACCEPT_ENCODING, HeaderValue::from_static("identity"));
            }
            _ => {}
        }
        if let Some(scope) = self.scope {
            // RFC 6750. A scope's name is plain ASCII.
            let challenge = format!("Bearer error=\"insufficient_scope\", scope=\"{scope}\"");
            headers.extend(HeaderValue::try_from(challenge).ok().map(|value| (WWW_AUTHENTICATE, value)));
        }
        response
    }
}

impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        let mut response = self.status.into_response();
        response.extensions_mut().insert(self);
        response
    }
}

impl From<&PipelineError> for Problem {
    fn from(error: &PipelineError) -> Self {
        let text = error.to_string();
        let refused = |status, code| Problem::new(status, code, text.as_str());
        let unprocessable = |code| refused(StatusCode::UNPROCESSABLE_ENTITY, code);
        let mut problem = match &error.kind {
            ErrorKind::Denied(violations) => {
                unprocessable("policy_denied").with_violations(violations.clone())
            }
            ErrorKind::DraftDenied { .. } => unprocessable("draft_denied"),
            ErrorKind::Table { .. } => unprocessable("table_unreadable"),
            ErrorKind::Drifted(_) => unprocessable("table_drifted"),
            ErrorKind::NotUnderstood(_) => unprocessable("question_not_understood"),
            ErrorKind::Unanswerable(_) => unprocessable("question_unanswerable"),
            ErrorKind::Destructive(_) => unprocessable("question_refused"),
            ErrorKind::Unclear(..) => unprocessable("clarification_required"),
            ErrorKind::Ledger(LedgerError::Exhausted(shortfalls)) => {
                let short = shortfalls.iter().map(ViolatedScope::from).collect();
                let more = More::Budgets(short);
                Problem { more, ..refused(StatusCode::PAYMENT_REQUIRED, "budget_exhausted") }
            }
            ErrorKind::Ledger(LedgerError::TooManyWait(_)) => {
                refused(StatusCode::PAYMENT_REQUIRED, "too_many_wait")
            }
            ErrorKind::Ledger(LedgerError::KeyEnded(_)) => Problem::unauthenticated(&text),
            ErrorKind::Ledger(LedgerError::Quota(quota)) => Problem::quota(*quota),
            ErrorKind::AuthorsFailed(_) => refused(StatusCode::SERVICE_UNAVAILABLE, "authors_failed"),
            ErrorKind::Busy(_) => Problem::busy(text),
            // Nothing is in the record.
            ErrorKind::NoMemory => return Problem::busy(text),
            ErrorKind::NoSession => return refused(StatusCode::NOT_FOUND, "session_not_found"),
            ErrorKind::SessionBusy => return refused(StatusCode::CONFLICT, "session_busy"),
            ErrorKind::SessionFileGone(_) => return refused(StatusCode::GONE, "session_file_erased"),
            ErrorKind::Executor(ExecutorError::RuntimeMissing(_)) => {
                refused(StatusCode::SERVICE_UNAVAILABLE, "runtime_missing")
            }
            ErrorKind::Cancelled | ErrorKind::Executor(ExecutorError::Stopped) => {
                refused(StatusCode::SERVICE_UNAVAILABLE, "cancelled")
            }
            ErrorKind::Executor(ExecutorError::RuntimeDamaged(_)) => {
                refused(StatusCode::SERVICE_UNAVAILABLE, "runtime_damaged")
            }
            ErrorKind::Stopping => refused(StatusCode::SERVICE_UNAVAILABLE, "stopping"),
            ErrorKind::Executor(ExecutorError::Sandbox(_)) => Problem::internal("sandbox_failed", &text),
            ErrorKind::Ledger(LedgerError::Store(error))
            | ErrorKind::Store(error)
            | ErrorKind::Unrecorded(error) => Problem::store(error, &text),
            ErrorKind::Internal(_) => Problem::internal("internal", &text),
        };
        problem.run = Some(error.run);
        if let Some(decision) = error.kind.decision() {
            let (clarification, session) = (error.clarification(), error.session.clone());
            problem.more = More::Question(Box::new(NoAnswer { decision, clarification, session }));
        }
        problem
    }
}

impl From<FilesError> for Problem {
    fn from(error: FilesError) -> Self {
        let text = error.to_string();
        match error {
            FilesError::TooLarge { .. } => {
                Problem::new(StatusCode::PAYLOAD_TOO_LARGE, "file_too_large", text)
            }
            FilesError::Quota(quota) => Problem::quota(quota),
            FilesError::Store(error) => Problem::store(&error, &text),
        }
    }
}

impl From<PipelineError> for Problem {
    fn from(error: PipelineError) -> Self {
        Problem::from(&error)
    }
}

impl From<Busy> for Problem {
    fn from(error: Busy) -> Self {
        Problem::busy(error.to_string())
    }
}

impl From<StoreError> for Problem {
    fn from(error: StoreError) -> Self {
        Problem::store(&error, &error.to_string())
    }
}

impl From<Arc<PipelineError>> for Problem {
    fn from(error: Arc<PipelineError>) -> Self {
        Problem::from(&*error)
    }
}

fn cut(mut text: String) -> String {
    if text.len() > DETAIL_BYTES_MAX {
        text.truncate(text.floor_char_boundary(DETAIL_BYTES_MAX));
        text.push('…');
    }
    text
}
