//! Why there is no answer: a refusal or a failure of ours, never the guest's own failure.

use crate::{
    ask::{AskedBack, Decision},
    drift::Drift,
    policy::Violation,
    ports::{AppendError, Clarification, ExecutorError, LedgerError, StoreError},
    run::{Event, RunId, TransitionError},
    turns::WaitedTooLong,
};

/// Changes of tables that one message names; the rest is counted.
const DRIFTS_NAMED_MAX: usize = 16;

/// Why a run has no answer.
#[derive(Debug, thiserror::Error)]
#[error("{kind}")]
pub struct PipelineError {
    /// The run, as far as it got; its history says more.
    pub run: RunId,
    /// What went wrong.
    pub kind: ErrorKind,
    /// The session of a question that has no answer, to go on with.
    pub session: Option<Box<str>>,
}

/// What went wrong.
#[derive(Debug, thiserror::Error)]
pub enum ErrorKind {
    /// The policy refuses the request.
    #[error("{}", list(.0))]
    Denied(Vec<Violation>),
    /// The policy refuses the code that an author wrote.
    #[error("the code written by {author} is not allowed: {}", list(.violations))]
    DraftDenied {
        /// Who wrote it.
        author: String,
        /// Why it is refused.
        violations: Vec<Violation>,
    },
    /// The budget is used up, or could not be asked.
    #[error(transparent)]
    Ledger(#[from] LedgerError),
    /// A table could not be read.
    #[error("file {file} could not be read as a table: {reason}")]
    Table {
        /// Its name.
        file: String,
        /// What is wrong with it.
        reason: String,
    },
    /// Tables have changed in ways that the code was not made for.
    #[error("{}", named(.0))]
    Drifted(Vec<Drift>),
    /// No author understood the question; the text says what can be asked.
    #[error("{0}")]
    NotUnderstood(String),
    /// The data cannot say; the text names what there is.
    #[error("{0}")]
    Unanswerable(String),
    /// It would destroy or send away something.
    #[error("{0}")]
    Destructive(String),
    /// A question back to the person, and what its author remembers of this one.
    #[error("{}", .0.0)]
    Unclear(Box<(Clarification, Option<serde_json::Value>)>),
    /// The session is not there for whoever asks.
    #[error("there is no such session, or it has expired: ask without one to begin another")]
    NoSession,
    /// Another question of the session is being answered.
    #[error("another question of this session is being answered, wait for it")]
    SessionBusy,
    /// What the turn before was about is kept no longer.
    #[error("file {0} of the question before is kept no longer, send it again")]
    SessionFileGone(String),
    /// Authors that might have understood could not be reached or gave nothing usable.
    #[error("no code could be written: {0}")]
    AuthorsFailed(String),
    /// It stood in the queue for too long.
    #[error(transparent)]
    Busy(#[from] WaitedTooLong),
    /// Uploads of other runs take the memory there is for them.
    #[error("the memory for uploads is taken, try again later")]
    NoMemory,
    /// The jail could not be had.
    #[error(transparent)]
    Executor(#[from] ExecutorError),
    /// The store failed.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The program ran, but the store failed before its result was recorded. If its settlement failed
    /// as well, what was reserved stays reserved until it is settled as interrupted.
    #[error("the program ran, but its result could not be recorded and is not given: {0}")]
    Unrecorded(StoreError),
    /// The client went away; the run was stopped.
    #[error("cancelled by the client")]
    Cancelled,
    /// The service stops; the run was stopped.
    #[error("cancelled because the server stops, send it again")]
    Stopping,
    /// A mistake in the pipeline itself.
    #[error("pipeline failed: {0}")]
    Internal(String),
}

impl PipelineError {
    /// What is asked back, if something is.
    pub fn clarification(&self) -> Option<AskedBack> {
        match &self.kind {
            ErrorKind::Unclear(asked) => {
                let (Clarification { question, options }, _) = &**asked;
                Some(AskedBack { id: self.run, question: question.clone(), options: options.clone() })
            }
            _ => None,
        }
    }
}

impl From<AppendError> for ErrorKind {
    fn from(error: AppendError) -> Self {
        match error {
            AppendError::Quota(quota) => ErrorKind::Ledger(LedgerError::Quota(quota)),
            AppendError::Store(error) => ErrorKind::Store(error),
        }
    }
}

impl From<TransitionError> for ErrorKind {
    fn from(error: TransitionError) -> Self {
        ErrorKind::Internal(error.to_string())
    }
}

impl ErrorKind {
    /// What was made of the question, if it was the question that has no answer.
    pub fn decision(&self) -> Option<Decision> {
        match self {
            ErrorKind::Unclear(..) => Some(Decision::Clarify),
            ErrorKind::NotUnderstood(_) | ErrorKind::Unanswerable(_) | ErrorKind::Destructive(_) => {
                Some(Decision::Refused)
            }
            _ => None,
        }
    }

    /// How the run's history ends with this error.
    pub(crate) fn end(&self) -> Event {
        let reason = self.to_string();
        let refused = |by: &str| Event::Refused { by: by.to_owned(), reason: reason.clone() };
        match self {
            ErrorKind::Denied(_) | ErrorKind::DraftDenied { .. } => refused("policy"),
            ErrorKind::Ledger(LedgerError::Exhausted(_) | LedgerError::TooManyWait(_)) => refused("budget"),
            ErrorKind::Ledger(LedgerError::Quota(_)) => refused("quota"),
            ErrorKind::Table { .. } | ErrorKind::Drifted(_) => refused("reader"),
            ErrorKind::NotUnderstood(_)
            | ErrorKind::Unanswerable(_)
            | ErrorKind::Destructive(_)
            | ErrorKind::Unclear(..)
            | ErrorKind::AuthorsFailed(_) => refused("author"),
            ErrorKind::Ledger(LedgerError::Store(_) | LedgerError::KeyEnded(_))
            | ErrorKind::Busy(_)
            | ErrorKind::NoMemory
            | ErrorKind::NoSession
            | ErrorKind::SessionBusy
            | ErrorKind::SessionFileGone(_)
            | ErrorKind::Executor(_)
            | ErrorKind::Store(_)
            | ErrorKind::Unrecorded(_)
            | ErrorKind::Cancelled
            | ErrorKind::Stopping
            | ErrorKind::Internal(_) => Event::Failed { reason },
        }
    }
}

/// Changes of tables, the first few by name.
fn named(drifts: &[Drift]) -> String {
    let stopping: Vec<String> = drifts.iter().filter(|drift| drift.stops()).map(Drift::to_string).collect();
    let (named, more) = stopping.split_at(stopping.len().min(DRIFTS_NAMED_MAX));
    let more = if more.is_empty() { String::new() } else { format!("; and {} more", more.len()) };
    format!("{}{more}", named.join("; "))
}

fn list(violations: &[Violation]) -> String {
    violations.iter().map(|violation| violation.detail.as_str()).collect::<Vec<_>>().join("; ")
}
