//! A run as people look at it afterwards: read from its history, with the contents it names.

use ringfence_job::{Language, Status};
use serde::Serialize;

use crate::run::{Event, Execution, FileRef, Recorded, RunId};

/// A run as its history tells it.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
#[serde(rename_all = "camelCase")]
pub struct RunView {
    /// Its identity.
    pub id: RunId,
    /// What came in.
    pub kind: RunKind,
    /// How far it is, or how it ended.
    pub status: RunStatus,
    /// The program's language, once there is one.
    #[cfg_attr(feature = "schema", schema(required))]
    pub language: Option<Language>,
    /// When it was accepted, in milliseconds since the Unix epoch.
    pub created_ms: i64,
    /// When it ended, in milliseconds since the Unix epoch.
    #[cfg_attr(feature = "schema", schema(required))]
    pub ended_ms: Option<i64>,
    /// Files the program left behind.
    pub files: Vec<FileRef>,
    /// Why it was refused, or how we failed.
    #[cfg_attr(feature = "schema", schema(required))]
    pub reason: Option<String>,
    /// What the last execution did.
    #[serde(skip)]
    pub execution: Option<Box<Execution>>,
    /// Hash of the outline of its answer.
    #[serde(skip)]
    pub answer: Option<String>,
}

/// What came in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
#[serde(rename_all = "lowercase")]
pub enum RunKind {
    /// Code.
    Execute,
    /// A question.
    Ask,
}

/// How far a run is, or how it ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum RunStatus {
    /// It waits, or is being prepared.
    Queued,
    /// A program runs.
    Running,
    /// Policy, budget, reader or author said no.
    Refused,
    /// We failed, not the program.
    Error,
    /// We stopped in the middle of it.
    Interrupted,
    /// The program ended, and this is how.
    #[serde(untagged)]
    Ended(Status),
}

impl RunStatus {
    /// True if nothing follows.
    pub fn is_end(self) -> bool {
        !matches!(self, RunStatus::Queued | RunStatus::Running)
    }
}

/// In words what `serde` writes; the variant that holds a status is one of its names.
#[cfg(feature = "schema")]
mod schema {
    use ringfence_job::Status;
    use utoipa::{
        PartialSchema, ToSchema,
        openapi::{ObjectBuilder, RefOr, Schema, Type},
    };

    use super::RunStatus;

    impl PartialSchema for RunStatus {
        fn schema() -> RefOr<Schema> {
            let own = [
                RunStatus::Queued,
                RunStatus::Running,
                RunStatus::Refused,
                RunStatus::Error,
                RunStatus::Interrupted,
            ];
            let ended = Status::ALL.map(RunStatus::Ended);
            let names = own.into_iter().chain(ended).map(|status| serde_json::json!(status));
            ObjectBuilder::new()
                .schema_type(Type::String)
                .description(Some("How far a run is, or how it ended."))
                .enum_values(Some(names))
                .into()
        }
    }

    impl ToSchema for RunStatus {}
}

impl RunView {
    /// Reads a history; none if it holds no event.
    ///
    /// # Errors
    /// A record is not an event.
    pub fn read(id: RunId, history: &[Recorded]) -> Result<Option<RunView>, serde_json::Error> {
        let Some(first) = history.first() else { return Ok(None) };
        let mut view = RunView {
            id,
            kind: RunKind::Execute,
            status: RunStatus::Queued,
            language: None,
            created_ms: first.at_ms,
            ended_ms: None,
            files: Vec::new(),
            reason: None,
            execution: None,
            answer: None,
        };
        for recorded in history {
            view.see(Event::from_recorded(recorded)?, recorded.at_ms);
        }
        Ok(Some(view))
    }

    fn see(&mut self, event: Event, at_ms: i64) {
        match event {
            Event::Requested { question, language, .. } => {
                self.language = language;
                if question.is_some() || language.is_none() {
                    self.kind = RunKind::Ask;
                }
            }
            Event::CodeWritten { language, .. } => self.language = Some(language),
            Event::ExecStarted { .. } => self.status = RunStatus::Running,
            Event::ExecFinished(execution) => {
                self.files.clone_from(&execution.files);
                self.execution = Some(execution);
                self.status = RunStatus::Queued;
            }
            Event::Settled { answer } => {
                self.answer = answer;
                let status = self.execution.as_ref().map(|execution| execution.status);
                self.end(status.map_or(RunStatus::Error, RunStatus::Ended), None, at_ms);
            }
            Event::Refused { reason, .. } => self.end(RunStatus::Refused, Some(reason), at_ms),
            Event::Failed { reason } => self.end(RunStatus::Error, Some(reason), at_ms),
            Event::Interrupted {} => self.end(RunStatus::Interrupted, None, at_ms),
            Event::ReadStarted { .. }
            | Event::ReadFinished { .. }
            | Event::CodeAsked { .. }
            | Event::CodeDeclined { .. }
            | Event::CodeDropped { .. }
            | Event::FactsStarted { .. }
            | Event::FactsFinished { .. }
            | Event::PolicyPassed { .. }
            | Event::BudgetReserved { .. } => {}
        }
    }

    fn end(&mut self, status: RunStatus, reason: Option<String>, at_ms: i64) {
        self.status = status;
        self.reason = reason;
        self.ended_ms = Some(at_ms);
    }
}

#[cfg(test)]
mod tests {
    use uuid::Uuid;

    use super::*;

    fn view(events: &[(&str, serde_json::Value)]) -> RunView {
        let recorded = |(seq, (kind, body)): (usize, &(&str, serde_json::Value))| Recorded {
            seq: u32::try_from(seq).unwrap(),
            kind: (*kind).to_owned(),
            at_ms: 100 + i64::try_from(seq).unwrap(),
            body: body.clone(),
            contents: Vec::new(),
        };
        let history: Vec<Recorded> = events.iter().enumerate().map(recorded).collect();
        RunView::read(RunId(Uuid::nil()), &history).unwrap().unwrap()
    }

    #[test]
    fn a_history_is_told_in_one_word() {
        use serde_json::json;
        let requested = ("run.requested", json!({ "language": "bash", "files": [] }));
        let asked = view(&[("run.requested", json!({ "question": "hash", "files": [] }))]);
        assert_eq!((asked.kind, asked.status, asked.ended_ms), (RunKind::Ask, RunStatus::Queued, None));
        let running = view(&[requested.clone(), ("exec.started", json!({ "step": 0 }))]);
        assert_eq!((running.kind, running.status), (RunKind::Execute, RunStatus::Running));
        assert_eq!(running.language, Some(Language::Bash));
        let refused = view(&[requested, ("run.refused", json!({ "by": "policy", "reason": "no" }))]);
        assert_eq!((refused.status, refused.ended_ms), (RunStatus::Refused, Some(101)));
        let json = serde_json::to_value(&refused).unwrap();
        assert_eq!((&json["status"], &json["reason"]), (&json!("refused"), &json!("no")));
        let ended = serde_json::to_value(RunStatus::Ended(Status::OutOfMemory)).unwrap();
        assert_eq!(ended, "out_of_memory");
    }

    #[test]
    fn an_empty_history_is_no_run() {
        assert_eq!(RunView::read(RunId(Uuid::nil()), &[]).unwrap(), None);
    }
}
