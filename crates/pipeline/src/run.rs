//! A run: who it is for, its events, and the state machine that says which event may follow which.
//!
//! ```text
//!                      ┌────────────────────────────── code.declined (next author) ─┐
//!                      v                                                            │
//!  run.requested ─> requested ── code.asked ───────────────────────────────────> drafting
//!                    │ ^   │                                                      │   ^
//!       read.started │ │   │                                         code.written │   │
//!                    v │   │                                                      v   │
//!               profiling  │ facts.started                                     drafted│
//!           read.finished  ├────────────────── inspecting <── facts.started ──────┤   │
//!                          │                       │ facts.finished               │   │
//!                          │                       v                              │   │
//!                          │                   inspected                          │   │
//!                          │ policy.passed         │ policy.passed  policy.passed │   │
//!                          └───────────────────> checked <────────────────────────┘   │
//!                                                  │ budget.reserved                  │
//!                                                  v                                  │
//!                                              reserved                               │
//!                                                  │ exec.started                     │
//!                                                  v                                  │
//!                                               started                               │
//!                                                  │ exec.finished         code.asked │
//!                                                  v                     (repair)     │
//!                                               finished ─────────────────────────────┘
//!                                                  │ run.settled
//!                                                  v
//!                                               settled
//! ```
//! - Direct code goes from `requested` straight to `policy.passed`; a question passes through
//!   `profiling`, once for each table, and `drafting`.
//! - `code.dropped` gives up a repair and returns to `finished`: the earlier answer stands.
//! - `run.refused` ends a run before it used anything it was not granted: from `requested`,
//!   `drafting`, `drafted`, `inspected`, `checked` and `reserved`, so long as nothing was executed.
//! - Between `budget.reserved` and `exec.started` the run waits for its turn. A run that is answered later
//!   goes on from there after a crash; everything else that was in progress is interrupted.
//! - `run.failed` (our own failure) and `run.interrupted` (found unfinished at the next start) end
//!   a run from every stage that is not an end itself.
//! - `settled`, `refused`, `failed` and `interrupted` are ends: nothing revives them.

use ringfence_job::{Language, Limits, Status, Usage};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

pub use crate::clearance::Cleared;
use crate::{budget::Amount, keys::Scopes, ports::Kept};

/// Identity of a run: a UUIDv7, so that ids sort by time.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
pub struct RunId(pub Uuid);

impl std::fmt::Display for RunId {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        self.0.fmt(f)
    }
}

/// Who is asking, taken from the key and never from the request.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Principal {
    /// The organisation whose data and money this is.
    pub tenant: String,
    /// The person or program.
    pub user: String,
    /// What they may do.
    pub scopes: Scopes,
    /// The key that was shown, by its public id.
    pub key_id: String,
}

/// One recorded fact about a run, ready to be stored: `kind` names it, `body` holds its fields.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Recorded {
    /// Position in the run's history, from 0.
    pub seq: u32,
    /// The event's name, such as `exec.started`.
    pub kind: String,
    /// When it happened, in milliseconds since the Unix epoch.
    pub at_ms: i64,
    /// Its fields.
    pub body: serde_json::Value,
    /// The contents that the fields name, told to whoever stores it, so that they are kept; empty when it is
    /// read back.
    #[serde(skip)]
    pub contents: Vec<Kept>,
}

impl Recorded {
    /// True if nothing follows it: the run has ended.
    pub fn is_end(&self) -> bool {
        matches!(self.kind.as_str(), "run.settled" | "run.refused" | "run.failed" | "run.interrupted")
    }
}

/// Where a run stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Stage {
    /// Accepted; nothing was done yet.
    Requested,
    /// A jailed reader looks at a table.
    Profiling,
    /// An author writes code.
    Drafting,
    /// An author's code is there.
    Drafted,
    /// A jailed reader looks at the code.
    Inspecting,
    /// The facts about the code are there.
    Inspected,
    /// The policy passed it.
    Checked,
    /// What it may use is reserved.
    Reserved,
    /// The code runs.
    Started,
    /// The code has run, and what it used is settled.
    Finished,
    /// The end: the result stands, and nothing more will be used.
    Settled,
    /// The end: policy, budget or authors said no.
    Refused,
    /// The end: we failed, not the guest.
    Failed,
    /// The end: we stopped in the middle of it; it was settled at its bound and never runs twice.
    Interrupted,
}

impl Stage {
    /// True if nothing follows.
    pub fn is_end(self) -> bool {
        matches!(self, Stage::Settled | Stage::Refused | Stage::Failed | Stage::Interrupted)
    }
}

/// A file by its name and the hash of its content.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
pub struct FileRef {
    /// Its name.
    pub name: String,
    /// Its size in bytes.
    pub size: u64,
    /// The SHA-256 of its content.
    pub sha256: String,
}

/// What asking an author may use, or has used.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Paid {
    /// The ledger's step.
    pub step: u32,
    /// How much.
    #[serde(flatten)]
    pub amount: Amount,
    /// True if what was used is not known, and its bound was charged.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub estimated: bool,
}

/// What happened to a run. Contents (code, questions, outputs) are only named by their hash, so that
/// erasing them leaves the history whole.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "kind", content = "body", rename_all_fields = "camelCase")]
pub enum Event {
    /// A request was accepted.
    #[serde(rename = "run.requested")]
    Requested {
        /// Hash of the question, if words came in.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        question: Option<String>,
        /// The language, if code came in.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        language: Option<Language>,
        /// Hash of the code, if code came in that was not too large to keep.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        code: Option<String>,
        /// Hash of standard input, if there was any.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        stdin: Option<String>,
        /// Hash of the arguments and environment as JSON, if there were any.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        call: Option<String>,
        /// Input files.
        files: Vec<FileRef>,
        /// The run that this one repeats.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        of: Option<RunId>,
        /// True if a newly executed interpreter was asked for.
        #[serde(default, skip_serializing_if = "std::ops::Not::not")]
        fresh: bool,
        /// True if it is answered later: a crash before it begins does not end it.
        #[serde(default, skip_serializing_if = "std::ops::Not::not")]
        later: bool,
    },
    /// A jailed reader starts on a table; what it may use is reserved.
    #[serde(rename = "read.started")]
    ReadStarted {
        /// The ledger's step.
        step: u32,
        /// The table's name.
        file: String,
        /// What it may use.
        reserved: Amount,
    },
    /// The reader is done, and what it used is settled.
    #[serde(rename = "read.finished")]
    ReadFinished {
        /// The ledger's step.
        step: u32,
        /// How the reader ended.
        status: Status,
        /// What it used.
        used: Amount,
    },
    /// An author was asked for code.
    #[serde(rename = "code.asked")]
    CodeAsked {
        /// The author's name.
        author: String,
        /// The ledger's step and what it may use, if asking costs anything.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        paid: Option<Paid>,
    },
    /// The author wrote none.
    #[serde(rename = "code.declined")]
    CodeDeclined {
        /// The author's name.
        author: String,
        /// Why not.
        reason: String,
        /// What it used, if asking cost anything.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        paid: Option<Paid>,
    },
    /// The author wrote code.
    #[serde(rename = "code.written")]
    CodeWritten {
        /// The author's name.
        author: String,
        /// The code's language.
        language: Language,
        /// Hash of the code.
        code: String,
        /// What it used, if asking cost anything.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        paid: Option<Paid>,
    },
    /// A repair was given up; the earlier answer stands.
    #[serde(rename = "code.dropped")]
    CodeDropped {
        /// Why.
        reason: String,
    },
    /// A jailed reader starts on the code; what it may use is reserved.
    #[serde(rename = "facts.started")]
    FactsStarted {
        /// The ledger's step.
        step: u32,
        /// What it may use.
        reserved: Amount,
    },
    /// The facts about the code are there, and what reading them used is settled.
    #[serde(rename = "facts.finished")]
    FactsFinished {
        /// The ledger's step.
        step: u32,
        /// How the reader ended.
        status: Status,
        /// What it used.
        used: Amount,
    },
    /// The policy passed the code.
    #[serde(rename = "policy.passed")]
    PolicyPassed {
        /// The limits it will run within.
        limits: Limits,
    },
    /// The ledger admitted what the code may use.
    #[serde(rename = "budget.reserved")]
    BudgetReserved {
        /// The ledger's step.
        step: u32,
        /// What it may use.
        reserved: Amount,
    },
    /// The code is about to run. Durable before it does.
    #[serde(rename = "exec.started")]
    ExecStarted {
        /// The ledger's step.
        step: u32,
    },
    /// The code has run, and what it used is settled.
    #[serde(rename = "exec.finished")]
    ExecFinished(Box<Execution>),
    /// The end: the result stands.
    #[serde(rename = "run.settled")]
    Settled {
        /// Hash of the answer as it was given, in JSON without the contents that are kept by themselves.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        answer: Option<String>,
    },
    /// The end: somebody whose consent was needed said no.
    #[serde(rename = "run.refused")]
    Refused {
        /// `policy`, `budget`, `quota`, `reader` or `author`.
        by: String,
        /// Why.
        reason: String,
    },
    /// The end: we failed.
    #[serde(rename = "run.failed")]
    Failed {
        /// How.
        reason: String,
    },
    /// The end: found unfinished at a start, settled at its bound.
    #[serde(rename = "run.interrupted")]
    Interrupted {},
}

/// What one execution did and used, without its contents.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Execution {
    /// The ledger's step.
    pub step: u32,
    /// How it ended.
    pub status: Status,
    /// The program's exit code if it exited by itself.
    pub exit_code: Option<i32>,
    /// The signal that ended it.
    pub signal: Option<i32>,
    /// What the jail measured.
    pub usage: Usage,
    /// What the ledger was told.
    pub used: Amount,
    /// Hash of standard output, if there was any.
    pub stdout: Option<String>,
    /// Hash of standard error, if there was any.
    pub stderr: Option<String>,
    /// Names of the limits that fired.
    pub limits_hit: Vec<String>,
    /// Names of the system calls that were refused.
    pub denied_syscalls: Vec<String>,
    /// Files it left behind.
    pub files: Vec<FileRef>,
    /// True if every layer of the jail was in force.
    pub isolation_complete: bool,
    /// The hash that stands for every byte of the tree it ran in, if that was recorded.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub runtime: Option<String>,
}

impl Event {
    /// The event's name, such as `exec.started`.
    pub fn kind(&self) -> &'static str {
        match self {
            Event::Requested { .. } => "run.requested",
            Event::ReadStarted { .. } => "read.started",
            Event::ReadFinished { .. } => "read.finished",
            Event::CodeAsked { .. } => "code.asked",
            Event::CodeDeclined { .. } => "code.declined",
            Event::CodeWritten { .. } => "code.written",
            Event::CodeDropped { .. } => "code.dropped",
            Event::FactsStarted { .. } => "facts.started",
            Event::FactsFinished { .. } => "facts.finished",
            Event::PolicyPassed { .. } => "policy.passed",
            Event::BudgetReserved { .. } => "budget.reserved",
            Event::ExecStarted { .. } => "exec.started",
            Event::ExecFinished(_) => "exec.finished",
            Event::Settled { .. } => "run.settled",
            Event::Refused { .. } => "run.refused",
            Event::Failed { .. } => "run.failed",
            Event::Interrupted {} => "run.interrupted",
        }
    }

    /// Hashes of the contents that it names.
    pub fn contents(&self) -> impl Iterator<Item = &str> {
        let (named, files): ([Option<&String>; 4], &[FileRef]) = match self {
            Event::Requested { question, code, stdin, call, files, .. } => {
                ([question.as_ref(), code.as_ref(), stdin.as_ref(), call.as_ref()], files)
            }
            Event::CodeWritten { code, .. } => ([Some(code), None, None, None], &[]),
            Event::ExecFinished(execution) => {
                ([execution.stdout.as_ref(), execution.stderr.as_ref(), None, None], &execution.files)
            }
            Event::Settled { answer } => ([answer.as_ref(), None, None, None], &[]),
            Event::ReadStarted { .. }
            | Event::ReadFinished { .. }
            | Event::CodeAsked { .. }
            | Event::CodeDeclined { .. }
            | Event::CodeDropped { .. }
            | Event::FactsStarted { .. }
            | Event::FactsFinished { .. }
            | Event::PolicyPassed { .. }
            | Event::BudgetReserved { .. }
            | Event::ExecStarted { .. }
            | Event::Refused { .. }
            | Event::Failed { .. }
            | Event::Interrupted {} => ([None; 4], &[]),
        };
        named.into_iter().flatten().chain(files.iter().map(|file| &file.sha256)).map(String::as_str)
    }

    /// Reads an event back from its record.
    ///
    /// # Errors
    /// If the record's kind or fields are not those of an event.
    pub fn from_recorded(recorded: &Recorded) -> Result<Event, serde_json::Error> {
        serde_json::from_value(serde_json::json!({ "kind": recorded.kind, "body": recorded.body }))
    }

    fn body(&self) -> serde_json::Value {
        match serde_json::to_value(self) {
            Ok(serde_json::Value::Object(mut event)) => event.remove("body").unwrap_or_default(),
            // An event is plain data with text keys: it always has a JSON form.
            _ => serde_json::Value::Null,
        }
    }
}

/// An event that may not happen where the run stands.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("event {event} cannot follow stage {stage:?}")]
pub struct TransitionError {
    /// Where the run stands; none before its first event.
    pub stage: Option<Stage>,
    /// The event's name.
    pub event: &'static str,
}

/// Why a stored history is not the history of a run.
#[derive(Debug, thiserror::Error)]
pub enum ReplayError {
    /// A record is not an event.
    #[error("record {seq} is not an event: {reason}")]
    Unreadable {
        /// The record's position.
        seq: u32,
        /// The parser's words.
        reason: serde_json::Error,
    },
    /// A record is missing or doubled.
    #[error("record {found} stands where record {expected} belongs")]
    OutOfOrder {
        /// The position that should come.
        expected: u32,
        /// The position that is there.
        found: u32,
    },
    /// An event may not happen there.
    #[error(transparent)]
    Transition(#[from] TransitionError),
}

/// A run as its events made it. Pure: it neither stores nor executes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Run {
    id: RunId,
    stage: Option<Stage>,
    seq: u32,
    steps: u32,
    executions: u32,
    /// The step that was reserved for the code last, if it has not begun.
    waiting: Option<u32>,
    /// True if it is answered later.
    later: bool,
}

/// What is to become of a step whose process is gone.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Left {
    /// It may have begun: it is settled at its bound, and the run ends.
    Interrupted,
    /// It has not begun, and nobody waits for it any more: it costs nothing, and the run ends.
    GivenBack,
    /// It has not begun, and is to.
    ToBegin,
}

impl Run {
    /// A run to which nothing has happened yet.
    pub fn new(id: RunId) -> Run {
        Run { id, stage: None, seq: 0, steps: 0, executions: 0, waiting: None, later: false }
    }

    /// Its identity.
    pub fn id(&self) -> RunId {
        self.id
    }

    /// Where it stands; none before its first event.
    pub fn stage(&self) -> Option<Stage> {
        self.stage
    }

    /// The number of the next step for the ledger.
    pub fn next_step(&self) -> u32 {
        self.steps
    }

    /// True if it waits for its turn, and is to begin even if the process that carries it out ends before.
    pub fn is_to_begin(&self) -> bool {
        self.later && self.stage == Some(Stage::Reserved)
    }

    /// What is to become of a step that is reserved, once the process that carries the run out is gone.
    pub fn left(&self, step: u32) -> Left {
        if self.waiting != Some(step) {
            Left::Interrupted
        } else if self.is_to_begin() {
            Left::ToBegin
        } else {
            Left::GivenBack
        }
    }

    /// Lets an event happen and returns it ready to be stored.
    ///
    /// # Errors
    /// If the event may not happen where the run stands; the run is then unchanged.
    pub fn apply(&mut self, event: &Event, at_ms: i64) -> Result<Recorded, TransitionError> {
        let wrong = || TransitionError { stage: self.stage, event: event.kind() };
        let stage = next_stage(self.stage, self.executions > 0, event).ok_or_else(wrong)?;
        let recorded = Recorded {
            seq: self.seq,
            kind: event.kind().to_owned(),
            at_ms,
            body: event.body(),
            contents: Vec::new(),
        };
        self.stage = Some(stage);
        self.seq += 1;
        match event {
            Event::Requested { later, .. } => self.later = *later,
            Event::ReadStarted { .. }
            | Event::FactsStarted { .. }
            | Event::CodeAsked { paid: Some(_), .. } => {
                self.steps += 1;
            }
            Event::BudgetReserved { step, .. } => {
                self.steps += 1;
                self.waiting = Some(*step);
            }
            Event::ExecStarted { .. } => self.waiting = None,
            Event::ExecFinished(_) => self.executions += 1,
            _ => {}
        }
        Ok(recorded)
    }

    /// Builds a run from its stored history.
    ///
    /// # Errors
    /// If the history is not one that [`Run::apply`] can have written.
    pub fn replay(id: RunId, history: &[Recorded]) -> Result<Run, ReplayError> {
        let mut run = Run::new(id);
        for recorded in history {
            if recorded.seq != run.seq {
                return Err(ReplayError::OutOfOrder { expected: run.seq, found: recorded.seq });
            }
            let event = Event::from_recorded(recorded)
                .map_err(|reason| ReplayError::Unreadable { seq: recorded.seq, reason })?;
            run.apply(&event, recorded.at_ms)?;
        }
        Ok(run)
    }
}

/// The state machine: which stage an event leads to from where the run stands, if it may happen.
fn next_stage(stage: Option<Stage>, executed: bool, event: &Event) -> Option<Stage> {
    let Some(stage) = stage else {
        return matches!(event, Event::Requested { .. }).then_some(Stage::Requested);
    };
    Some(match (stage, event) {
        (Stage::Requested, Event::ReadStarted { .. }) => Stage::Profiling,
        (Stage::Profiling, Event::ReadFinished { .. }) => Stage::Requested,

        (Stage::Requested | Stage::Finished, Event::CodeAsked { .. }) => Stage::Drafting,
        (Stage::Drafting, Event::CodeDeclined { .. }) if executed => Stage::Finished,
        (Stage::Drafting, Event::CodeDeclined { .. }) => Stage::Requested,
        (Stage::Drafting, Event::CodeWritten { .. }) => Stage::Drafted,

        (Stage::Requested | Stage::Drafted, Event::FactsStarted { .. }) => Stage::Inspecting,
        (Stage::Inspecting, Event::FactsFinished { .. }) => Stage::Inspected,

        (Stage::Requested | Stage::Drafted | Stage::Inspected, Event::PolicyPassed { .. }) => Stage::Checked,
        (Stage::Checked, Event::BudgetReserved { .. }) => Stage::Reserved,
        (Stage::Reserved, Event::ExecStarted { .. }) => Stage::Started,
        (Stage::Started, Event::ExecFinished(_)) => Stage::Finished,
        (Stage::Finished, Event::Settled { .. }) => Stage::Settled,

        (Stage::Drafted | Stage::Inspected | Stage::Checked, Event::CodeDropped { .. }) if executed => {
            Stage::Finished
        }
        (
            Stage::Requested
            | Stage::Drafting
            | Stage::Drafted
            | Stage::Inspected
            | Stage::Checked
            | Stage::Reserved,
            Event::Refused { .. },
        ) if !executed => Stage::Refused,
        (stage, Event::Failed { .. }) if !stage.is_end() => Stage::Failed,
        (stage, Event::Interrupted {}) if !stage.is_end() => Stage::Interrupted,
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use ringfence_job::{LimitsPatch, LimitsPolicy};

    use super::*;

    fn every_event() -> Vec<Event> {
        let text = || "x".to_owned();
        let used = Amount { runs: 1, sandbox_ms: 5, ..Amount::default() };
        let paid = Some(Paid { step: 3, amount: used, estimated: true });
        let limits = LimitsPolicy::default().resolve(&LimitsPatch::default()).unwrap();
        let status = Status::Succeeded;
        vec![
            Event::Requested {
                question: None,
                language: Some(Language::Python),
                code: Some(text()),
                stdin: None,
                call: None,
                files: vec![],
                of: Some(RunId(Uuid::nil())),
                fresh: true,
                later: true,
            },
            Event::ReadStarted { step: 0, file: text(), reserved: used },
            Event::ReadFinished { step: 0, status, used },
            Event::CodeAsked { author: text(), paid: None },
            Event::CodeDeclined { author: text(), reason: text(), paid: None },
            Event::CodeWritten { author: text(), language: Language::Bash, code: text(), paid },
            Event::CodeDropped { reason: text() },
            Event::FactsStarted { step: 0, reserved: used },
            Event::FactsFinished { step: 0, status, used },
            Event::PolicyPassed { limits },
            Event::BudgetReserved { step: 0, reserved: used },
            Event::ExecStarted { step: 0 },
            Event::ExecFinished(Box::new(Execution {
                step: 0,
                status,
                exit_code: Some(0),
                signal: None,
                usage: Usage::default(),
                used,
                stdout: None,
                stderr: None,
                limits_hit: vec![],
                denied_syscalls: vec![],
                files: vec![FileRef { name: text(), size: 1, sha256: text() }],
                isolation_complete: true,
                runtime: Some(text()),
            })),
            Event::Settled { answer: None },
            Event::Refused { by: text(), reason: text() },
            Event::Failed { reason: text() },
            Event::Interrupted {},
        ]
    }

    fn by_kind(kind: &str) -> Event {
        every_event().into_iter().find(|event| event.kind() == kind).unwrap()
    }

    fn walk(kinds: &[&str]) -> Result<Run, TransitionError> {
        let mut run = Run::new(RunId(Uuid::nil()));
        for kind in kinds {
            run.apply(&by_kind(kind), 0)?;
        }
        Ok(run)
    }

    const EXECUTED: [&str; 4] = ["policy.passed", "budget.reserved", "exec.started", "exec.finished"];

    #[test]
    fn direct_code_goes_from_request_to_settlement() {
        let run = walk(&[&["run.requested"], &EXECUTED[..], &["run.settled"]].concat()).unwrap();
        assert_eq!(run.stage(), Some(Stage::Settled));
        assert_eq!(run.next_step(), 1);
    }

    #[test]
    fn a_question_is_profiled_drafted_and_repaired() {
        let asked = ["code.asked", "code.declined", "code.asked", "code.written"];
        let tables = ["run.requested", "read.started", "read.finished", "read.started", "read.finished"];
        let inspected = ["facts.started", "facts.finished"];
        let repair = ["code.asked", "code.written", "code.dropped", "run.settled"];
        let run = walk(&[&tables[..], &asked, &inspected, &EXECUTED, &repair].concat()).unwrap();
        assert_eq!((run.stage(), run.next_step()), (Some(Stage::Settled), 4));
    }

    #[test]
    fn nothing_skips_policy_or_budget() {
        for before in ["run.requested", "run.requested code.asked code.written"] {
            for jump in ["budget.reserved", "exec.started", "exec.finished", "run.settled"] {
                let kinds: Vec<&str> = before.split(' ').chain([jump]).collect();
                assert_eq!(walk(&kinds).unwrap_err().event, jump);
            }
        }
        walk(&["run.requested", "policy.passed", "exec.started"]).unwrap_err();
    }

    #[test]
    fn what_a_crash_leaves_depends_on_whether_it_has_begun_and_is_awaited() {
        let left = |first: Event, kinds: &[&str]| {
            let mut run = Run::new(RunId(Uuid::nil()));
            run.apply(&first, 0).unwrap();
            kinds.iter().for_each(|kind| drop(run.apply(&by_kind(kind), 0).unwrap()));
            run.left(0)
        };
        let later = by_kind("run.requested");
        let mut now = later.clone();
        if let Event::Requested { later, .. } = &mut now {
            *later = false;
        }
        let reserved = &EXECUTED[..2];
        assert_eq!(left(later.clone(), reserved), Left::ToBegin);
        assert_eq!(left(now.clone(), reserved), Left::GivenBack);
        // Somebody has said what became of the run, and could not say it of the money.
        assert_eq!(left(later.clone(), &[reserved, &["run.failed"]].concat()), Left::GivenBack);
        for begun in [&EXECUTED[..3], &["facts.started"], &["code.asked"]] {
            assert_eq!(left(later.clone(), begun), Left::Interrupted);
        }
        assert_eq!(left(now, &[&EXECUTED[..3], &["run.failed"]].concat()), Left::Interrupted);
    }

    #[test]
    fn a_run_that_executed_cannot_be_called_refused() {
        let kinds = [&["run.requested"], &EXECUTED[..], &["code.asked", "run.refused"]].concat();
        walk(&kinds).unwrap_err();
    }

    #[test]
    fn every_content_that_an_event_names_is_told() {
        let hash = |n: u8| format!("{n:x}").repeat(64);
        let file = |n| FileRef { name: "f".to_owned(), size: 1, sha256: hash(n) };
        let requested = Event::Requested {
            question: Some(hash(1)),
            language: None,
            code: Some(hash(2)),
            stdin: Some(hash(3)),
            call: Some(hash(4)),
            files: vec![file(5), file(6)],
            of: None,
            fresh: false,
            later: false,
        };
        let Event::ExecFinished(mut execution) = by_kind("exec.finished") else { unreachable!() };
        (execution.stdout, execution.stderr) = (Some(hash(1)), Some(hash(2)));
        execution.files = vec![file(3), file(4)];
        let written = Event::CodeWritten {
            author: "a".to_owned(),
            language: Language::Bash,
            code: hash(1),
            paid: None,
        };
        let settled = Event::Settled { answer: Some(hash(1)) };
        for event in [requested, Event::ExecFinished(execution), written, settled] {
            // Whatever looks like a hash in the record.
            let body = event.body().to_string();
            let hashes: Vec<&str> = body.split('"').filter(|word| word.len() == 64).collect();
            let mut named: Vec<&str> = event.contents().collect();
            named.sort_by_key(|hash| body.find(hash));
            assert_eq!(named, hashes, "{}", event.kind());
        }
    }

    #[test]
    fn an_event_survives_its_record() {
        for event in every_event() {
            let body = event.body();
            let recorded =
                Recorded { seq: 0, kind: event.kind().to_owned(), at_ms: 0, body, contents: vec![] };
            assert!(recorded.body.is_object(), "{}", event.kind());
            assert_eq!(Event::from_recorded(&recorded).unwrap(), event);
        }
    }

    proptest! {
        // Whatever is tried in whatever order: an end is final, execution comes after a pass and a
        // reservation, a wrong event changes nothing, and the history replays to the same run. Half of
        // the tries are picked among the events that may happen, or few runs would get far.
        #[test]
        fn no_order_of_events_breaks_the_rules(
            tries in proptest::collection::vec((0..17_usize, any::<bool>()), 0..80),
        ) {
            let events = every_event();
            let mut run = Run::new(RunId(Uuid::nil()));
            let mut history: Vec<Recorded> = Vec::new();
            for (index, guided) in std::iter::once((0, false)).chain(tries) {
                let may = |at: &usize| run.clone().apply(&events[*at], 7).is_ok();
                let possible: Vec<usize> = (0..events.len()).filter(may).collect();
                let index = match possible.len() {
                    0 => index,
                    count if guided => possible[index % count],
                    _ => index,
                };
                let before = run.clone();
                match run.apply(&events[index], 7) {
                    Ok(recorded) => {
                        prop_assert!(!before.stage().is_some_and(Stage::is_end));
                        if recorded.kind == "exec.started" {
                            let last: Vec<&str> =
                                history.iter().rev().take(2).map(|r| r.kind.as_str()).collect();
                            prop_assert_eq!(last, ["budget.reserved", "policy.passed"]);
                        }
                        prop_assert_eq!(recorded.seq as usize, history.len());
                        history.push(recorded);
                    }
                    Err(_) => prop_assert_eq!(&before, &run),
                }
            }
            prop_assert_eq!(Run::replay(run.id(), &history).unwrap(), run);
        }
    }
}
