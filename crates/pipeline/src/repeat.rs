//! Runs again what the record says a run executed: on the same inputs, to compare, or on others.

use std::{collections::BTreeSet, fmt, sync::Arc};

use ringfence_job::InputFile;

use crate::{
    answer::Answer,
    compare::{Comparison, Difference, Output, differences, excerpt},
    drift::Drift,
    error::PipelineError,
    live::End,
    pipeline::Pipeline,
    policy::ExecuteRequest,
    ports::StoreError,
    profile::is_table,
    program::{Program, damaged},
    run::{Event, Execution, Principal, Recorded, RunId},
    turns::Place,
    view::{RunStatus, RunView},
};

/// What a run executed, with its contents.
#[derive(Debug)]
pub struct Original {
    run: RunId,
    request: ExecuteRequest,
    execution: Execution,
}

/// Why a run cannot be executed again.
#[derive(Debug, thiserror::Error)]
pub enum NoOriginal {
    /// There is none, or it is another tenant's.
    #[error("there is no run {0}")]
    Unknown(RunId),
    /// It has not ended.
    #[error("run {0} is not over yet, wait for its end")]
    NotOver(RunId),
    /// It ended without a result.
    #[error("run {run} has no result: it {how}")]
    NoResult {
        /// The run.
        run: RunId,
        /// How it ended.
        how: String,
    },
    /// Something that it needs is not kept any more.
    #[error("{what} of run {run} was erased, its time was over")]
    Erased {
        /// The run.
        run: RunId,
        /// What is missing.
        what: String,
    },
    /// The store failed, or holds what we did not write.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// Why other files cannot take the place of a run's own.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub enum Misplaced {
    /// It read no files.
    #[error("the run read no file that another could take the place of")]
    NoFiles,
    /// It is not said which file is meant.
    #[error("say whose place each file takes, as NAME=PATH; the run read {0}")]
    Unnamed(String),
    /// The run read no such file.
    #[error("the run read no file {name:?}, it read {read}")]
    Unknown {
        /// The name that was given.
        name: String,
        /// What it read.
        read: String,
    },
    /// Two files are to take the same place.
    #[error("two files are to take the place of {0:?}")]
    Twice(String),
}

/// Hears what has changed in tables, before anything is executed.
pub type DriftReport = Arc<dyn Fn(&[Drift]) + Send + Sync>;

/// That an execution repeats another.
pub(crate) struct Repeats {
    /// The run that is repeated.
    pub(crate) of: RunId,
    /// Tables in whose place others are now, as they were.
    pub(crate) replaced: Vec<InputFile>,
    /// Execute the code whatever has changed in them.
    pub(crate) anyway: bool,
    /// Hears what has changed.
    pub(crate) report: DriftReport,
}

impl fmt::Debug for Repeats {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Repeats({}, {:?})", self.of, self.replaced)
    }
}

impl Original {
    /// The run.
    pub fn run(&self) -> RunId {
        self.run
    }

    /// Puts other contents in the place of its files: each in that of the file it names, or of the only one.
    ///
    /// # Errors
    /// [`Misplaced`] says which places there are.
    pub fn place(&self, files: Vec<(Option<String>, Vec<u8>)>) -> Result<Vec<InputFile>, Misplaced> {
        let names: Vec<&str> = self.request.files.iter().map(|file| file.name.as_str()).collect();
        let read = || names.iter().map(|name| format!("{name:?}")).collect::<Vec<_>>().join(", ");
        let mut taken = BTreeSet::new();
        let mut placed = Vec::with_capacity(files.len());
        for (name, content) in files {
            let name = match (name, &*names) {
                (_, []) => return Err(Misplaced::NoFiles),
                (None, [only]) => (*only).to_owned(),
                (None, _) => return Err(Misplaced::Unnamed(read())),
                (Some(name), names) if names.contains(&name.as_str()) => name,
                (Some(name), _) => return Err(Misplaced::Unknown { name, read: read() }),
            };
            if !taken.insert(name.clone()) {
                return Err(Misplaced::Twice(name));
            }
            placed.push(InputFile { name, content });
        }
        Ok(placed)
    }
}

impl Pipeline {
    /// What a run executed: its last program, on the inputs and within the limits it had then.
    ///
    /// # Errors
    /// [`NoOriginal`].
    pub async fn original(&self, principal: &Principal, run: RunId) -> Result<Original, NoOriginal> {
        let history = self.record().history(principal, run).await?;
        let executed = Executed::read(run, &history)?;
        let request = executed.program.request(self.record(), run).await?;
        Ok(Original { run, request, execution: *executed.execution })
    }

    /// Executes the same again, as a run of its own, and compares. Dropping the future stops the run.
    ///
    /// # Errors
    /// As [`Pipeline::execute`]: refusals, such as of limits that the operator has lowered since, and our
    /// own failures.
    pub async fn replay(
        &self,
        place: Place,
        original: Original,
    ) -> Result<(Arc<Answer>, Comparison), Arc<PipelineError>> {
        let principal = place.principal().clone();
        let Original { run: of, request, execution: before } = original;
        let repeats = Repeats { of, replaced: Vec::new(), anyway: true, report: Arc::new(|_| {}) };
        let answer = self.repeat(place, request, repeats).await?;
        let compared = self.compare(&principal, of, &before, answer.id).await;
        match compared {
            Ok(comparison) => Ok((answer, comparison)),
            Err(error) => Err(Arc::new(PipelineError { run: answer.id, kind: error.into(), session: None })),
        }
    }

    /// Executes the same code with other files, as [`Original::place`] gives them, in the place of those it
    /// had. Tables among them are compared with those before anything is executed; `report` hears what has
    /// changed. Dropping the future stops the run.
    ///
    /// # Errors
    /// As [`Pipeline::execute`], and [`crate::ErrorKind::Drifted`] if a table has changed in a way that
    /// stops, unless it is to be executed `anyway`.
    pub async fn rerun(
        &self,
        place: Place,
        original: Original,
        files: Vec<InputFile>,
        anyway: bool,
        report: DriftReport,
    ) -> End {
        let Original { run: of, mut request, .. } = original;
        let mut replaced = Vec::new();
        for file in files {
            let Some(old) = request.files.iter_mut().find(|old| old.name == file.name) else { continue };
            let old = std::mem::replace(old, file);
            if is_table(&old.name) {
                replaced.push(old);
            }
        }
        self.repeat(place, request, Repeats { of, replaced, anyway, report }).await
    }

    /// Compares what a run executed with what another one did.
    async fn compare(
        &self,
        principal: &Principal,
        of: RunId,
        before: &Execution,
        run: RunId,
    ) -> Result<Comparison, StoreError> {
        let view = self.view(principal, run).await?;
        let after = view
            .and_then(|view| view.execution)
            .ok_or_else(|| StoreError::new("reading a history", format!("run {run} is not there")))?;
        let mut differences = differences(before, &after);
        let (was, is) = (before.usage.stdout_bytes, after.usage.stdout_bytes);
        let stdout = self.compare_output((&before.stdout, was), (&after.stdout, is)).await?;
        differences.extend(stdout.map(Difference::Stdout));
        let (was, is) = (before.usage.stderr_bytes, after.usage.stderr_bytes);
        let stderr = self.compare_output((&before.stderr, was), (&after.stderr, is)).await?;
        differences.extend(stderr.map(Difference::Stderr));
        Ok(Comparison {
            of,
            identical: differences.is_empty(),
            differences,
            runtime_changed: before.runtime.is_some() && before.runtime != after.runtime,
        })
    }

    /// Compares two outputs, each the hash of what was kept and the bytes that were printed.
    async fn compare_output(
        &self,
        before: (&Option<String>, u64),
        after: (&Option<String>, u64),
    ) -> Result<Option<Output>, StoreError> {
        if before == after {
            return Ok(None);
        }
        let kept = async |hash: &Option<String>| match hash {
            Some(hash) => self.record().get_blob(hash).await,
            None => Ok(Some(Vec::new())),
        };
        let texts = kept(before.0).await?.zip(kept(after.0).await?);
        let excerpt = texts.and_then(|(before, after)| excerpt(&before, &after));
        Ok(Some(Output { bytes_before: before.1, bytes_after: after.1, excerpt }))
    }
}

/// What a run executed, as its history has it.
#[derive(Debug)]
struct Executed {
    program: Program,
    execution: Box<Execution>,
}

impl Executed {
    fn read(run: RunId, history: &[Recorded]) -> Result<Executed, NoOriginal> {
        let unreadable = |error: serde_json::Error| damaged(&error.to_string());
        let view = RunView::read(run, history).map_err(unreadable)?.ok_or(NoOriginal::Unknown(run))?;
        let because = view.reason.map_or_else(String::new, |reason| format!(": {reason}"));
        let how = match view.status {
            RunStatus::Ended(_) => None,
            RunStatus::Queued | RunStatus::Running => return Err(NoOriginal::NotOver(run)),
            RunStatus::Refused => Some(format!("was refused{because}")),
            RunStatus::Error => Some(format!("failed{because}")),
            RunStatus::Interrupted => Some("was interrupted".to_owned()),
        };
        if let Some(how) = how {
            return Err(NoOriginal::NoResult { run, how });
        }
        let (mut program, mut executed) = (Program::default(), None);
        for recorded in history {
            match Event::from_recorded(recorded).map_err(unreadable)? {
                // The program that a repair wrote later may have been dropped.
                Event::ExecFinished(execution) => {
                    executed = Some(Executed { program: program.clone(), execution });
                }
                event => program.see(&event),
            }
        }
        executed
            .filter(|executed| executed.program.is_whole())
            .ok_or_else(|| damaged("its events are not those of a run that executed something").into())
    }
}

#[cfg(test)]
mod tests {
    use ringfence_job::Language;
    use serde_json::json;
    use uuid::Uuid;

    use super::*;

    const RUN: RunId = RunId(Uuid::nil());

    fn history(events: &[(&str, serde_json::Value)]) -> Vec<Recorded> {
        let recorded = |(seq, (kind, body)): (usize, &(&str, serde_json::Value))| Recorded {
            seq: u32::try_from(seq).unwrap(),
            kind: (*kind).to_owned(),
            at_ms: 0,
            body: body.clone(),
            contents: Vec::new(),
        };
        events.iter().enumerate().map(recorded).collect()
    }

    fn finished(stdout: &str) -> (&'static str, serde_json::Value) {
        let usage =
            json!({ "wallMs": 1, "cpuMs": 1, "memoryPeakBytes": 1, "stdoutBytes": 1, "stderrBytes": 0 });
        let body = json!({ "step": 0, "status": "succeeded", "exitCode": 0, "signal": null, "usage": usage,
            "used": { "runs": 1, "sandboxMs": 1 }, "stdout": stdout, "stderr": null, "limitsHit": [],
            "deniedSyscalls": [], "files": [], "isolationComplete": true });
        ("exec.finished", body)
    }

    fn passed() -> (&'static str, serde_json::Value) {
        let limits = ringfence_job::LimitsPolicy::default().resolve(&Default::default()).unwrap();
        ("policy.passed", json!({ "limits": limits }))
    }

    fn written(code: &str) -> (&'static str, serde_json::Value) {
        ("code.written", json!({ "author": "a", "language": "python", "code": code }))
    }

    #[test]
    fn the_program_of_the_last_execution_is_meant() {
        let asked = ("run.requested", json!({ "question": "q", "files": [] }));
        let first = [asked, written("one"), passed(), finished("out")];
        let settled = ("run.settled", json!({}));
        let of = |more: &[(&str, serde_json::Value)]| {
            let events = [&first[..], more, std::slice::from_ref(&settled)].concat();
            Executed::read(RUN, &history(&events)).unwrap()
        };
        let repaired = of(&[written("two"), passed(), finished("better")]);
        assert_eq!(
            (repaired.program.code_hash(), repaired.execution.stdout.as_deref()),
            (Some("two"), Some("better"))
        );
        let dropped = of(&[written("two"), ("code.dropped", json!({ "reason": "r" }))]);
        assert_eq!(
            (dropped.program.code_hash(), dropped.execution.stdout.as_deref()),
            (Some("one"), Some("out"))
        );
    }

    #[test]
    fn a_run_without_a_result_says_why() {
        let requested = ("run.requested", json!({ "language": "bash", "code": "c", "files": [] }));
        let why = |more: &[(&str, serde_json::Value)]| {
            let events = [std::slice::from_ref(&requested), more].concat();
            Executed::read(RUN, &history(&events)).unwrap_err().to_string()
        };
        assert!(why(&[]).ends_with("is not over yet, wait for its end"));
        assert!(why(&[passed(), finished("o"), ("run.interrupted", json!({}))]).ends_with("was interrupted"));
        let refused = ("run.refused", json!({ "by": "policy", "reason": "no" }));
        assert!(why(&[refused]).ends_with("has no result: it was refused: no"));
        let unknown = Executed::read(RUN, &[]).unwrap_err().to_string();
        assert!(unknown.starts_with("there is no run 00000000"), "{unknown}");
    }

    #[test]
    fn files_take_the_place_of_those_that_they_name() {
        let original = |names: &[&str]| {
            let mut request = ExecuteRequest::new(Language::Bash, "x");
            let file = |name: &&str| InputFile { name: (*name).to_owned(), content: Vec::new() };
            request.files = names.iter().map(file).collect();
            let executed = [
                ("run.requested", json!({ "language": "bash", "code": "c", "files": [] })),
                passed(),
                finished("o"),
                ("run.settled", json!({})),
            ];
            let execution = *Executed::read(RUN, &history(&executed)).unwrap().execution;
            Original { run: RUN, request, execution }
        };
        let new = |name: Option<&str>| (name.map(str::to_owned), b"new".to_vec());
        let placed = original(&["a"]).place(vec![new(None)]).unwrap();
        assert_eq!(placed, [InputFile { name: "a".to_owned(), content: b"new".to_vec() }]);
        assert_eq!(original(&["a", "b"]).place(vec![new(Some("b"))]).unwrap()[0].name, "b");
        for (names, files, says) in [
            (&[][..], vec![new(None)], "no file that another"),
            (&["a", "b"], vec![new(None)], "as NAME=PATH; the run read \"a\", \"b\""),
            (&["a"], vec![new(Some("c"))], "no file \"c\", it read \"a\""),
            (&["a"], vec![new(None), new(Some("a"))], "two files"),
        ] {
            let error = original(names).place(files).unwrap_err().to_string();
            assert!(error.contains(says), "{error}");
        }
    }
}
