//! The one execution path: every change, whichever door it came through, is carried out here.
//!
//! Decisions are made elsewhere (`policy`, `run`, `clearance`); this file only does them.

use std::{panic::AssertUnwindSafe, pin::pin, sync::Arc, task::Poll, time::Duration};

use futures::{FutureExt, poll};
use ringfence_job::{InputFile, Job, Language, Outcome, Status};
use tokio::sync::{OwnedSemaphorePermit, Semaphore, watch};
use uuid::Uuid;

use crate::{
    answer::Answer,
    ask::{AskAnswer, AskRequest, Decision, result_of},
    budget::{Amount, Prices},
    clearance::{Adopted, Cleared, bound},
    drift::{Change, Drift, drift},
    error::ErrorKind,
    facts::read_facts,
    files::UploadRef,
    journal::{Journal, Spent},
    keep::{keep_answer, keep_ask_answer, keep_call, keep_files, keep_inputs},
    live::{Control, Live},
    pipeline::PipelineConfig,
    policy::{Checked, Examined, ExecuteRequest, Violation, reader_job},
    ports::{
        Assignment, AuthorError, CodeAuthor, Draft, ExecutorError, FailedDraft, FileProfile, LedgerError,
        Ports, Prepared, Turn as Asked, Written,
    },
    profile::{is_table, read_profile},
    program::Program,
    repeat::{NoOriginal, Repeats},
    results::{first_value, single},
    run::{Event, Execution, FileRef, Paid, Principal, RunId, Stage},
    sessions::{Opened, Session, SessionTurn},
    turns::{Place, Slot, WaitedTooLong},
};

/// Executions of one question at most: the first, and one of the author's repair.
const EXECUTIONS_MAX: u32 = 2;

/// A run that takes longer does not notice that its reservation is written beside it.
const SHORT_RUN: Duration = Duration::from_millis(25);

/// Longest wait for an author, in seconds.
const AUTHOR_SECONDS_MAX: u64 = 180;

/// How much of the end of standard error an author is shown, in bytes.
const TRACEBACK_BYTES_MAX: usize = 8 * 1024;

/// The share of the memory for uploads that is kept for keys with few runs: one in so many parts.
const MEMORY_PER_FEW: usize = 4;

/// Longest explanation of an author that is passed on, in characters.
const EXPLANATION_CHARS_MAX: usize = 2000;

/// What a jailed job is for; it decides which events surround it.
enum Step<'a> {
    ReadTable(&'a str),
    ReadFacts,
    Execute,
}

/// A jailed job for which everything is reserved.
struct Reservation {
    step: u32,
    cleared: Cleared,
}

/// Whether a job has its slot.
enum Turn<'a, F> {
    /// It had one at once, and was prepared for its jail.
    Came(Slot<'a>, Box<dyn Prepared>),
    /// It waits for one.
    Waits(F),
}

/// A jailed job that ended, before it is settled.
pub(crate) struct Ran {
    pub(crate) step: u32,
    pub(crate) used: Amount,
    pub(crate) outcome: Outcome,
}

/// A run being driven: what others see of it, and what it has of the house.
pub(crate) struct Driven {
    pub(crate) live: Arc<Live>,
    pub(crate) place: Place,
    /// What its uploads take of the memory for them.
    pub(crate) memory: Option<OwnedSemaphorePermit>,
}

/// Drives runs, one call a run.
#[derive(Debug)]
pub(crate) struct Driver {
    pub(crate) ports: Arc<Ports>,
    pub(crate) config: PipelineConfig,
    /// Bytes of uploads that may still be read.
    pub(crate) uploads: Arc<Semaphore>,
    /// True once every run is to end.
    pub(crate) stopping: watch::Sender<bool>,
}

impl Driver {
    pub(crate) async fn execute(
        &self,
        journal: &mut Journal,
        mut request: ExecuteRequest,
        repeats: Option<Repeats>,
        driven: &mut Driven,
    ) -> Result<Answer, ErrorKind> {
        let of = repeats.as_ref().map(|repeats| repeats.of);
        let ExecuteRequest { language, fresh, later, .. } = request;
        let code = self.keep_code(journal, &request.code).await?;
        let requested = |job: Option<(Option<String>, Option<String>, Vec<FileRef>)>| {
            let (stdin, call, files) = job.unwrap_or_default();
            let (question, language) = (None, Some(language));
            Event::Requested { question, language, code, stdin, call, files, of, fresh, later }
        };
        let uploads = std::mem::take(&mut request.uploads);
        let attached = self.attach(driven, &mut request.files, uploads).await?;
        let examined = match attached.and_then(|()| self.config.policy.examine(request, &self.config.limits))
        {
            Ok(examined) => examined,
            Err(violations) => {
                journal.note(&requested(None))?;
                return Err(ErrorKind::Denied(violations));
            }
        };
        let inputs = keep_inputs(journal, examined.job()).await?;
        journal.note(&requested(Some(inputs)))?;
        if let Some(repeats) = repeats {
            self.check_drift(journal, repeats, &examined.job().files, driven).await?;
        }
        let checked = self.decide(journal, examined, driven).await?.map_err(ErrorKind::Denied)?;
        let control = Control::new(&driven.live, true);
        let ran = self.run_job(journal, Step::Execute, checked, control, &driven.place).await?;
        self.finish(journal, language, ran, true).await
    }

    /// Answers a question as the next turn of its session, whose id is told once there is one.
    pub(crate) async fn ask(
        &self,
        journal: &mut Journal,
        request: AskRequest,
        driven: &mut Driven,
        told: &mut Option<Box<str>>,
    ) -> Result<AskAnswer, ErrorKind> {
        let principal = driven.place.principal().clone();
        let mut session = match &request.session {
            Some(id) => self.open_session(&principal, id).await?,
            None => Session::new(self.config.clock.new_id()),
        };
        journal.turn_of(&session.id);
        let question = request.question.clone();
        let mut files = Vec::new();
        let asked = self.answer(journal, request, driven, &session, &mut files).await;
        // What was made of the question; our own failures make nothing of it.
        let (decision, clarification, memory) = match &asked {
            Ok((_, memory)) => (Some(Decision::Answered), None, memory.clone()),
            Err(ErrorKind::Unclear(asked_back)) => {
                let (asked_back, memory) = (**asked_back).clone();
                (Some(Decision::Clarify), Some(asked_back), memory)
            }
            Err(kind) => (kind.decision(), None, None),
        };
        let sessions = self.ports.sessions.as_ref();
        let Some(decision) = decision else {
            if session.version > 0
                && let Err(error) = sessions.close_session(&principal, &session).await
            {
                tracing::warn!(%error, "a turn of a session could not be given up, it waits until it expires");
            }
            return asked.map(|(answer, _)| answer);
        };
        let turn = Asked { question, clarification, memory };
        session.push(SessionTurn { turn, decision, run: journal.run().id(), files });
        let kept = sessions.put_session(&principal, &session).await.map_err(ErrorKind::from);
        let kept = kept.map_err(if asked.is_ok() { unrecorded } else { |kind| kind })?;
        if !kept {
            tracing::warn!("a session was removed or went on during a turn, which is not part of it");
        }
        *told = Some(session.id.as_str().into());
        let (answer, _) = asked?;
        let answer = AskAnswer { session_id: session.id, ..answer };
        keep_ask_answer(journal, &answer).await.map_err(unrecorded)?;
        Ok(answer)
    }

    /// Begins the next turn of a session.
    async fn open_session(&self, principal: &Principal, id: &str) -> Result<Session, ErrorKind> {
        // Nothing else is a session's name.
        if id.parse::<Uuid>().is_err() {
            return Err(ErrorKind::NoSession);
        }
        match self.ports.sessions.open_session(principal, id).await? {
            Opened::Session(session) => Ok(session),
            Opened::Busy => Err(ErrorKind::SessionBusy),
            Opened::Missing => Err(ErrorKind::NoSession),
        }
    }

    /// The answer, and what its author wants to remember; `kept` is told which files it is about.
    async fn answer(
        &self,
        journal: &mut Journal,
        mut request: AskRequest,
        driven: &mut Driven,
        session: &Session,
        kept: &mut Vec<FileRef>,
    ) -> Result<(AskAnswer, Option<serde_json::Value>), ErrorKind> {
        let began_ms = self.config.clock.now_ms();
        let uploads = std::mem::take(&mut request.uploads);
        let attached = if request.files.is_empty() && uploads.is_empty() {
            self.attach_earlier(driven, &mut request.files, session.files()).await?
        } else {
            self.attach(driven, &mut request.files, uploads).await?
        };
        *kept = self.accept_question(journal, &request, attached).await?;
        let mut tables = Vec::new();
        for file in request.files.iter().filter(|file| is_table(&file.name)) {
            tables.extend(self.profile(journal, file, driven).await?.tables);
        }
        let mut assignment = Assignment {
            question: request.question.clone(),
            tables,
            files: request.files.iter().map(|file| file.name.clone()).collect(),
            failure: None,
            earlier: session.earlier(),
        };
        let (author, mut draft) = self.draft(journal, &assignment, driven).await?;
        let mut run = self.run_draft(journal, author.as_ref(), &draft, &request, driven).await?;
        for _ in 1..EXECUTIONS_MAX {
            if run.status != Status::Failed || !author.can_repair() {
                break;
            }
            let stderr = traceback(&run);
            assignment.failure = Some(FailedDraft { draft: draft.clone(), stderr });
            let Some(repaired) = self.repair(journal, author.as_ref(), &assignment, &request, driven).await?
            else {
                break;
            };
            (draft, run) = repaired;
        }
        let duration_ms = self.config.clock.now_ms().saturating_sub(began_ms);
        let memory = draft.memory.take();
        let answer = AskAnswer {
            cost: journal.cost().clone(),
            left_nano_usd: journal.left_nano_usd(),
            ..ask_answer(author.name(), draft, run, duration_ms)
        };
        Ok((answer, memory))
    }

    /// Reads the files of the turn before, which its run has kept.
    async fn attach_earlier(
        &self,
        driven: &mut Driven,
        files: &mut Vec<InputFile>,
        earlier: &[FileRef],
    ) -> Result<Result<(), Vec<Violation>>, ErrorKind> {
        if earlier.is_empty() {
            return Ok(Ok(()));
        }
        let bytes = earlier.iter().fold(0_u64, |sum, file| sum.saturating_add(file.size));
        if let Err(violations) = self.config.policy.admit_files(earlier.len(), bytes) {
            return Ok(Err(violations));
        }
        driven.memory = Some(self.memory_for(bytes, &driven.place)?);
        for FileRef { name, sha256, .. } in earlier {
            let Some(content) = self.ports.record.get_blob(sha256).await? else {
                return Err(ErrorKind::SessionFileGone(name.clone()));
            };
            files.push(InputFile { name: name.clone(), content });
        }
        Ok(Ok(()))
    }

    /// Reads what was uploaded before and puts it among a request's files, each at its place. Sizes are
    /// decided on before anything is read.
    async fn attach(
        &self,
        driven: &mut Driven,
        files: &mut Vec<InputFile>,
        uploads: Vec<UploadRef>,
    ) -> Result<Result<(), Vec<Violation>>, ErrorKind> {
        let (policy, number) = (&self.config.policy, files.len() + uploads.len());
        if uploads.is_empty() {
            return Ok(Ok(()));
        }
        if let Err(violations) = policy.admit_files(number, 0) {
            return Ok(Err(violations));
        }
        let (mut missing, mut uploaded) = (Vec::new(), 0_u64);
        for upload in &uploads {
            match self.ports.files.file(driven.place.principal(), &upload.id).await? {
                Some(file) => uploaded = uploaded.saturating_add(file.size),
                None => missing.push(upload.unknown()),
            }
        }
        if !missing.is_empty() {
            return Ok(Err(missing));
        }
        let sent: u64 = files.iter().map(|file| file.content.len() as u64).sum();
        if let Err(violations) = policy.admit_files(number, sent.saturating_add(uploaded)) {
            return Ok(Err(violations));
        }
        driven.memory = Some(self.memory_for(uploaded, &driven.place)?);
        for upload in uploads {
            let Some(content) = self.ports.record.get_blob(&upload.id).await? else {
                return Ok(Err(vec![upload.unknown()]));
            };
            files.insert(upload.at.min(files.len()), InputFile { name: upload.name, content });
        }
        Ok(Ok(()))
    }

    /// Memory for uploads of so many bytes: a request that names them is small, however large they are.
    fn memory_for(&self, bytes: u64, place: &Place) -> Result<OwnedSemaphorePermit, ErrorKind> {
        let all = self.config.uploaded_bytes_max;
        // What no run could have beside another, one can have alone.
        let bytes = usize::try_from(bytes).unwrap_or(usize::MAX).min(all);
        let kept_free = if place.is_one_of_few() { 0 } else { all / MEMORY_PER_FEW };
        let permits = u32::try_from(bytes).ok();
        permits
            .and_then(|permits| Arc::clone(&self.uploads).try_acquire_many_owned(permits).ok())
            // Looked at after it is taken: two at once cannot both have the last that is not kept.
            .filter(|_| self.uploads.available_permits() >= kept_free)
            .ok_or(ErrorKind::NoMemory)
    }

    async fn accept_question(
        &self,
        journal: &mut Journal,
        request: &AskRequest,
        attached: Result<(), Vec<Violation>>,
    ) -> Result<Vec<FileRef>, ErrorKind> {
        let examined =
            attached.and_then(|()| self.config.policy.examine_question(request, &self.config.limits));
        let (mut question, mut call, mut files) = (None, None, Vec::new());
        if examined.is_ok() {
            question = Some(journal.keep_input(request.question.as_bytes()).await?);
            call = keep_call(journal, &[], &request.chart_format.env()).await?;
            files = keep_files(journal, &request.files).await?;
        }
        journal.note(&Event::Requested {
            question,
            language: None,
            code: None,
            stdin: None,
            call,
            files: files.clone(),
            of: None,
            fresh: false,
            later: false,
        })?;
        examined.map_err(ErrorKind::Denied)?;
        journal.save().await?;
        Ok(files)
    }

    async fn profile(
        &self,
        journal: &mut Journal,
        file: &InputFile,
        driven: &Driven,
    ) -> Result<FileProfile, ErrorKind> {
        let args = vec!["profile".to_owned(), file.name.clone()];
        let job = reader_job(args, Vec::new(), vec![file.clone()]);
        let ran = self
            .run_job(
                journal,
                Step::ReadTable(&file.name),
                job,
                Control::new(&driven.live, false),
                &driven.place,
            )
            .await?;
        let finished = Event::ReadFinished { step: ran.step, status: ran.outcome.status, used: ran.used };
        journal.settle(&Spent::in_jail(ran.step, ran.used), &[finished]).await?;
        read_profile(&file.name, &ran.outcome)
            .map_err(|reason| ErrorKind::Table { file: file.name.clone(), reason })
    }

    /// Says what has changed in the tables of an execution that is repeated with others, and stops it if its
    /// code was not made for that.
    async fn check_drift(
        &self,
        journal: &mut Journal,
        repeats: Repeats,
        files: &[InputFile],
        driven: &Driven,
    ) -> Result<(), ErrorKind> {
        let mut drifts = Vec::new();
        for old in &repeats.replaced {
            let Some(new) = files.iter().find(|new| new.name == old.name && new.content != old.content)
            else {
                continue;
            };
            let before = readable(self.profile(journal, old, driven).await)?;
            let after = readable(self.profile(journal, new, driven).await)?;
            let unlike = |change| vec![Drift { file: old.name.clone(), sheet: None, change }];
            drifts.extend(match (before, after) {
                (Err(reason), _) => unlike(Change::Incomparable { reason }),
                (Ok(_), Err(reason)) => unlike(Change::Unreadable { reason }),
                (Ok(before), Ok(after)) => drift(&before, &after),
            });
        }
        (repeats.report)(&drifts);
        if !repeats.anyway && drifts.iter().any(Drift::stops) {
            return Err(ErrorKind::Drifted(drifts));
        }
        Ok(())
    }

    /// Asks the authors in their order; the first that writes code is kept.
    async fn draft(
        &self,
        journal: &mut Journal,
        assignment: &Assignment,
        driven: &Driven,
    ) -> Result<(Arc<dyn CodeAuthor>, Draft), ErrorKind> {
        let mut declined = Vec::new();
        for author in &self.ports.authors {
            match self.ask_author(journal, author.as_ref(), assignment, driven).await? {
                Ok(draft) => return Ok((Arc::clone(author), draft)),
                Err(error) => declined.push(error),
            }
        }
        Err(why_nobody_wrote(declined))
    }

    async fn ask_author(
        &self,
        journal: &mut Journal,
        author: &dyn CodeAuthor,
        assignment: &Assignment,
        driven: &Driven,
    ) -> Result<Result<Draft, AuthorError>, ErrorKind> {
        let (name, bound) = (author.name(), author.bound(assignment));
        let reserved = match self.reserve_author(journal, &name, bound).await? {
            Ok(reserved) => reserved,
            Err(error) => return Ok(Err(error)),
        };
        let wait = Duration::from_secs(AUTHOR_SECONDS_MAX);
        let late = || AuthorError::Unavailable(format!("no answer within {AUTHOR_SECONDS_MAX} s"));
        let written = tokio::select! {
            written = tokio::time::timeout(wait, author.write(assignment)) => {
                written.unwrap_or_else(|_| Written { draft: Err(late()), used: None })
            }
            () = driven.live.stopped() => {
                let kind = driven.live.why();
                if let Some(reserved) = reserved {
                    journal.settle(&spent_on(&name, &reserved), &[kind.end()]).await?;
                }
                return Err(kind);
            }
        };
        let paid = reserved.map(|reserved| match written.used {
            Some(amount) => Paid { amount, ..reserved },
            None => Paid { estimated: true, ..reserved },
        });
        let event = match &written.draft {
            Ok(draft) => {
                let code = self.keep_draft(journal, &draft.code).await?.unwrap_or_default();
                Event::CodeWritten { author: name.clone(), language: draft.language, code, paid }
            }
            Err(error) => Event::CodeDeclined { author: name.clone(), reason: error.to_string(), paid },
        };
        match paid {
            Some(paid) => journal.settle(&spent_on(&name, &paid), &[event]).await?,
            None => journal.note(&event)?,
        }
        Ok(written.draft)
    }

    /// Reserves what asking an author may use, if anything. A budget that has too little left for it is the
    /// author's refusal: another may cost less.
    async fn reserve_author(
        &self,
        journal: &mut Journal,
        author: &str,
        bound: Amount,
    ) -> Result<Result<Option<Paid>, AuthorError>, ErrorKind> {
        let asked = |paid| Event::CodeAsked { author: author.to_owned(), paid };
        if bound.is_nothing() {
            journal.note(&asked(None))?;
            return Ok(Ok(None));
        }
        let paid = Paid { step: journal.run().next_step(), amount: bound, estimated: false };
        match journal.reserve_author(author, bound, &asked(Some(paid))).await {
            Ok(()) => Ok(Ok(Some(paid))),
            Err(ErrorKind::Ledger(error @ LedgerError::Exhausted(_))) => {
                journal.note(&asked(None))?;
                let (author, reason) = (author.to_owned(), error.to_string());
                journal.note(&Event::CodeDeclined { author, reason, paid: None })?;
                Ok(Err(AuthorError::TooDear(error)))
            }
            Err(kind) => Err(kind),
        }
    }

    /// Runs an author's code like any other code.
    async fn run_draft(
        &self,
        journal: &mut Journal,
        author: &dyn CodeAuthor,
        draft: &Draft,
        request: &AskRequest,
        driven: &Driven,
    ) -> Result<Answer, ErrorKind> {
        let denied = |violations| ErrorKind::DraftDenied { author: author.name(), violations };
        let mut execute = ExecuteRequest::new(draft.language, draft.code.as_str());
        execute.files.clone_from(&request.files);
        execute.env = request.chart_format.env();
        execute.limits = request.limits;
        journal.written_by(&author.name());
        let examined = self.config.policy.examine(execute, &self.config.limits).map_err(denied)?;
        let checked = self.decide(journal, examined, driven).await?.map_err(denied)?;
        let ran = self
            .run_job(journal, Step::Execute, checked, Control::new(&driven.live, false), &driven.place)
            .await?;
        self.finish(journal, draft.language, ran, false).await
    }

    /// Lets the author mend its failed code once. None if that came to nothing: the failed run then
    /// stands, for the person has a right to see it.
    async fn repair(
        &self,
        journal: &mut Journal,
        author: &dyn CodeAuthor,
        assignment: &Assignment,
        request: &AskRequest,
        driven: &Driven,
    ) -> Result<Option<(Draft, Answer)>, ErrorKind> {
        let Ok(draft) = self.ask_author(journal, author, assignment, driven).await? else {
            return Ok(None);
        };
        let unchanged = assignment.failure.as_ref().is_some_and(|failed| failed.draft.code == draft.code);
        if unchanged {
            journal.note(&Event::CodeDropped { reason: "the repair changes nothing".to_owned() })?;
            return Ok(None);
        }
        match self.run_draft(journal, author, &draft, request, driven).await {
            Ok(answer) => Ok(Some((draft, answer))),
            Err(
                kind @ (ErrorKind::DraftDenied { .. }
                | ErrorKind::Ledger(LedgerError::Exhausted(_) | LedgerError::Quota(_))),
            ) => {
                journal.note(&Event::CodeDropped { reason: kind.to_string() })?;
                Ok(None)
            }
            Err(kind) => Err(kind),
        }
    }

    /// The policy's decision, after facts about the code were read if it needs any.
    async fn decide(
        &self,
        journal: &mut Journal,
        examined: Examined<'_>,
        driven: &Driven,
    ) -> Result<Result<Checked, Vec<Violation>>, ErrorKind> {
        if !examined.needs_facts() {
            return Ok(examined.decide(None));
        }
        let args = vec!["facts".to_owned(), "python".to_owned()];
        let job = reader_job(args, examined.job().code.clone().into_bytes(), Vec::new());
        let ran = self
            .run_job(journal, Step::ReadFacts, job, Control::new(&driven.live, false), &driven.place)
            .await?;
        let finished = Event::FactsFinished { step: ran.step, status: ran.outcome.status, used: ran.used };
        journal.settle(&Spent::in_jail(ran.step, ran.used), &[finished]).await?;
        Ok(match read_facts(&ran.outcome) {
            Ok(facts) => examined.decide(Some(&facts)),
            Err(detail) => Err(vec![Violation { code: "code_unreadable", pointer: "/code".into(), detail }]),
        })
    }

    /// Begins what a process that is gone has accepted.
    pub(crate) async fn go_on(
        &self,
        journal: &mut Journal,
        program: &Program,
        (step, reserved): (u32, Adopted),
        driven: &mut Driven,
    ) -> Result<Answer, ErrorKind> {
        let (language, checked) = match self.pass_again(journal.run().id(), program, driven).await {
            Ok(passed) => passed,
            Err(kind) => {
                journal.settle(&Spent::in_jail(step, Amount::default()), &[kind.end()]).await?;
                return Err(kind);
            }
        };
        let cleared = reserved.with(checked, &self.config.prices).clear();
        let reserved = Reservation { step, cleared };
        let mut control = Control::new(&driven.live, true);
        control.accept();
        let turn = Turn::Waits(pin!(driven.place.slot()));
        let ran = self.run_reserved(journal, &Step::Execute, reserved, control, &driven.place, turn).await?;
        self.finish(journal, language, ran, true).await
    }

    /// Decides again on what has passed before.
    async fn pass_again(
        &self,
        run: RunId,
        program: &Program,
        driven: &mut Driven,
    ) -> Result<(Language, Checked), ErrorKind> {
        driven.memory = Some(self.memory_for(program.files_bytes(), &driven.place)?);
        let request =
            program.request(self.ports.record.as_ref(), run).await.map_err(|error| match error {
                NoOriginal::Store(error) => ErrorKind::Store(error),
                other => ErrorKind::Internal(other.to_string()),
            })?;
        let language = request.language;
        let checked = self.config.policy.pass_again(request, &self.config.limits);
        Ok((language, checked.map_err(ErrorKind::Denied)?))
    }

    /// Reserves, runs in the jail, and hands back what is to be settled. What ends in an error is
    /// settled here.
    async fn run_job(
        &self,
        journal: &mut Journal,
        purpose: Step<'_>,
        checked: Checked,
        mut control: Control,
        place: &Place,
    ) -> Result<Ran, ErrorKind> {
        let step = journal.run().next_step();
        let bound = bound(checked.job(), &self.config.prices);
        let mut events = start_events(&purpose, step, bound, checked.job());
        let mut turn = pin!(place.slot());
        let slot = match poll!(&mut turn) {
            Poll::Ready(slot) => Some(slot?),
            Poll::Pending => None,
        };
        // Whoever need not wait is spared a second durable write.
        if slot.is_some() && matches!(purpose, Step::Execute) {
            events.push(Event::ExecStarted { step });
        }
        // What the jail needs is made ready while the reservation is written.
        let prepared = slot.is_some().then(|| self.prepare(checked.job()));
        let admitted = || prepared.iter().for_each(|prepared| prepared.load());
        let cleared = journal.reserve(checked, &self.config.prices, &events, &admitted).await?;
        control.accept();
        let reserved = Reservation { step, cleared };
        let turn = match slot.zip(prepared) {
            Some((slot, prepared)) => Turn::Came(slot, prepared),
            None => Turn::Waits(turn),
        };
        self.run_reserved(journal, &purpose, reserved, control, place, turn).await
    }

    /// Runs in the jail what is reserved, once it has its turn.
    async fn run_reserved(
        &self,
        journal: &mut Journal,
        purpose: &Step<'_>,
        reserved: Reservation,
        control: Control,
        place: &Place,
        turn: Turn<'_, impl Future<Output = Result<Slot<'_>, WaitedTooLong>>>,
    ) -> Result<Ran, ErrorKind> {
        let live = Arc::clone(control.live());
        let Reservation { step, cleared } = reserved;
        let reserved = cleared.amount();
        let prices = &self.config.prices;
        let slot = match turn {
            Turn::Came(slot, prepared) => Ok((slot, prepared)),
            Turn::Waits(turn) => {
                let slot = tokio::select! {
                    biased;
                    slot = turn => slot.map_err(ErrorKind::from),
                    () = live.stopped() => Err(live.why()),
                };
                match slot {
                    Ok(slot) => {
                        let prepared = self.prepare(cleared.job());
                        prepared.load();
                        self.begin(journal, purpose, step, place).await.map(|()| (slot, prepared))
                    }
                    Err(kind) => Err(kind),
                }
            }
        };
        // The time in the queue is nobody's.
        let began_ms = self.config.clock.now_ms();
        let ended = match slot {
            Ok((_slot, prepared)) => {
                let mut ended = pin!(jail(prepared, cleared, control));
                // What is left of the reservation is written with the end of a short run, and while a longer one
                // runs.
                let ended = tokio::select! {
                    biased;
                    ended = &mut ended => ended,
                    () = tokio::time::sleep(SHORT_RUN) => {
                        tokio::join!(biased; ended, self.ports.ledger.catch_up()).0
                    }
                };
                ended.map_err(ErrorKind::from)
            }
            Err(kind) => Err(kind),
        };
        let kind = match ended {
            Ok(outcome)
                if outcome.status == Status::Cancelled
                    && (live.is_stopping() || !matches!(purpose, Step::Execute)) =>
            {
                live.why()
            }
            Ok(outcome) => {
                return Ok(Ran { step, used: used(outcome.usage.wall_ms, reserved, prices), outcome });
            }
            Err(ErrorKind::Executor(ExecutorError::Stopped)) => live.why(),
            Err(kind) => kind,
        };
        let waits = journal.run().stage() == Some(Stage::Reserved);
        let goes_on = matches!(kind, ErrorKind::Stopping) && journal.run().is_to_begin();
        // If the ledger does not let it begin, what is held may be another's by now.
        if goes_on || (waits && matches!(kind, ErrorKind::Ledger(LedgerError::Store(_)))) {
            return Err(kind);
        }
        let elapsed_ms = self.config.clock.now_ms().saturating_sub(began_ms);
        // What has never begun has used nothing.
        let used = if waits {
            Amount::default()
        } else {
            used(u64::try_from(elapsed_ms).unwrap_or(0), reserved, prices)
        };
        let (used, mut events) = stopped(purpose, &kind, step, used);
        if waits && matches!(events[0], Event::ExecFinished(_)) {
            events.insert(0, Event::ExecStarted { step });
        }
        journal.settle(&Spent::in_jail(step, used), &events).await?;
        Err(kind)
    }

    /// A step that has waited for its slot begins, unless its key has ended meanwhile.
    async fn begin(
        &self,
        journal: &mut Journal,
        purpose: &Step<'_>,
        step: u32,
        place: &Place,
    ) -> Result<(), ErrorKind> {
        match purpose {
            Step::Execute => journal.start(step).await,
            Step::ReadTable(_) | Step::ReadFacts => {
                Ok(self.ports.ledger.check_key(place.principal()).await?)
            }
        }
    }

    fn prepare(&self, job: &Job) -> Box<dyn Prepared> {
        Arc::clone(&self.ports.executor).prepare(job)
    }

    /// Keeps what a program left behind, settles what it used, and puts the answer together; `last` says
    /// that it is the run's. What is known not to be recorded is not given out: nobody could ever look it up.
    async fn finish(
        &self,
        journal: &mut Journal,
        language: Language,
        ran: Ran,
        last: bool,
    ) -> Result<Answer, ErrorKind> {
        let spent = Spent::in_jail(ran.step, ran.used);
        let cost = journal.cost_with(&spent);
        let recorded = match keep_answer(journal, language, ran, cost, last).await {
            Ok((answer, events)) if last => journal.settle_soon(&spent, &events).await.map(|()| answer),
            Ok((answer, events)) => journal.settle(&spent, &events).await.map(|()| answer),
            Err(kind) => {
                let settled = journal.settle(&spent, &[kind.end()]).await;
                Err(settled.err().unwrap_or(kind))
            }
        };
        let recorded = recorded.map(|answer| Answer { left_nano_usd: journal.left_nano_usd(), ..answer });
        recorded.map_err(unrecorded)
    }

    /// Keeps code that came in, refused or not, unless it is too large for that.
    async fn keep_code(&self, journal: &mut Journal, code: &str) -> Result<Option<String>, ErrorKind> {
        if !self.config.policy.keeps_code(code) {
            return Ok(None);
        }
        journal.keep_input(code.as_bytes()).await.map(Some)
    }

    /// As [`Driver::keep_code`], for code that an author wrote.
    async fn keep_draft(&self, journal: &mut Journal, code: &str) -> Result<Option<String>, ErrorKind> {
        if !self.config.policy.keeps_code(code) {
            return Ok(None);
        }
        journal.keep_output(code.as_bytes()).await.map(Some)
    }
}

/// A panic in the executor must not take the settlement with it.
async fn jail(
    prepared: Box<dyn Prepared>,
    cleared: Cleared,
    control: Control,
) -> Result<Outcome, ExecutorError> {
    let panicked = |_| Err(ExecutorError::Sandbox("the executor panicked".to_owned()));
    AssertUnwindSafe(prepared.execute(cleared, control)).catch_unwind().await.unwrap_or_else(panicked)
}

/// The store's failure once a program has run.
fn unrecorded(kind: ErrorKind) -> ErrorKind {
    match kind {
        ErrorKind::Store(error) | ErrorKind::Ledger(LedgerError::Store(error)) => {
            ErrorKind::Unrecorded(error)
        }
        other => other,
    }
}

fn start_events(purpose: &Step<'_>, step: u32, reserved: Amount, job: &Job) -> Vec<Event> {
    match purpose {
        Step::ReadTable(file) => vec![Event::ReadStarted { step, file: (*file).to_owned(), reserved }],
        Step::ReadFacts => vec![Event::FactsStarted { step, reserved }],
        Step::Execute => {
            vec![Event::PolicyPassed { limits: job.limits }, Event::BudgetReserved { step, reserved }]
        }
    }
}

/// What a job that never ended by itself is charged, and how its run ends: what it had used until it was
/// cancelled, or nothing if the failure is ours.
fn stopped(purpose: &Step<'_>, kind: &ErrorKind, step: u32, used: Amount) -> (Amount, Vec<Event>) {
    if !matches!(kind, ErrorKind::Cancelled | ErrorKind::Stopping) {
        return (Amount::default(), vec![kind.end()]);
    }
    match purpose {
        Step::Execute => {
            let execution = Box::new(cancelled(step, used));
            (used, vec![Event::ExecFinished(execution), Event::Settled { answer: None }])
        }
        Step::ReadTable(_) | Step::ReadFacts => (used, vec![kind.end()]),
    }
}

/// A profile, or why the table cannot be read.
fn readable(profile: Result<FileProfile, ErrorKind>) -> Result<Result<FileProfile, String>, ErrorKind> {
    match profile {
        Ok(profile) => Ok(Ok(profile)),
        Err(ErrorKind::Table { reason, .. }) => Ok(Err(reason)),
        Err(kind) => Err(kind),
    }
}

/// What a job used: at least a millisecond, at most what was reserved.
fn used(wall_ms: u64, reserved: Amount, prices: &Prices) -> Amount {
    let wall_ms = i64::try_from(wall_ms).unwrap_or(i64::MAX);
    let sandbox_ms = wall_ms.clamp(1, reserved.sandbox_ms.max(1));
    Amount { nano_usd: prices.sandbox(sandbox_ms), tokens: 0, runs: reserved.runs, sandbox_ms }
}

/// What asking an author used.
fn spent_on<'a>(author: &'a str, paid: &Paid) -> Spent<'a> {
    Spent { step: paid.step, what: author, used: paid.amount, estimated: paid.estimated }
}

/// A program that was stopped because nobody waits for it; the jail's own figures are lost with it.
fn cancelled(step: u32, used: Amount) -> Execution {
    Execution {
        step,
        status: Status::Cancelled,
        exit_code: None,
        signal: None,
        usage: ringfence_job::Usage::default(),
        used,
        stdout: None,
        stderr: None,
        limits_hit: Vec::new(),
        denied_syscalls: Vec::new(),
        files: Vec::new(),
        isolation_complete: false,
        runtime: None,
    }
}

/// A question back to the person comes first; then authors that failed, for mending them may help;
/// then what the last one said it can do.
fn why_nobody_wrote(declined: Vec<AuthorError>) -> ErrorKind {
    let mut failed = Vec::new();
    let (mut not_understood, mut too_dear) = (None, None);
    for error in declined {
        match error {
            AuthorError::TooDear(error) => too_dear = Some(error),
            AuthorError::Unclear(question, memory) => {
                return ErrorKind::Unclear(Box::new((question, memory)));
            }
            AuthorError::Unanswerable(reason) => return ErrorKind::Unanswerable(reason),
            AuthorError::Destructive(reason) => return ErrorKind::Destructive(reason),
            AuthorError::NotUnderstood(reason) => not_understood = Some(reason),
            AuthorError::Unavailable(_) | AuthorError::Unusable(_) => failed.push(error.to_string()),
        }
    }
    if !failed.is_empty() {
        return ErrorKind::AuthorsFailed(
            failed.into_iter().chain(not_understood).collect::<Vec<_>>().join("; "),
        );
    }
    if let Some(error) = too_dear {
        return ErrorKind::Ledger(error);
    }
    ErrorKind::NotUnderstood(
        not_understood.unwrap_or_else(|| "no author is configured, so only code can be executed".to_owned()),
    )
}

/// The end of standard error, cut at a character.
fn traceback(run: &Answer) -> String {
    let stderr = run.stderr_bytes();
    let start = stderr.len().saturating_sub(TRACEBACK_BYTES_MAX);
    String::from_utf8_lossy(&stderr[start..]).trim_start_matches('\u{fffd}').to_owned()
}

fn ask_answer(author: String, draft: Draft, mut run: Answer, duration_ms: i64) -> AskAnswer {
    let mut results = run.results.take().unwrap_or_default();
    let (value, label) = match result_of(&run) {
        (None, None) => first_value(&results),
        (value, label) => {
            if results.is_empty() {
                results.extend(value.clone().and_then(|value| single(value, label.clone())));
            }
            (value, label)
        }
    };
    let explanation: String = draft.explanation.chars().take(EXPLANATION_CHARS_MAX).collect();
    AskAnswer {
        id: run.id,
        session_id: String::new(),
        decision: Decision::Answered,
        results,
        interpretation: explanation.clone(),
        confidence: draft.confidence.map(|percent| f64::from(percent.min(100)) / 100.0),
        answer: String::from_utf8_lossy(&run.stdout_bytes()).trim().to_owned(),
        value,
        label,
        code: draft.code,
        language: draft.language,
        explanation,
        clarification: None,
        author,
        duration_ms,
        cost: run.cost.clone(),
        left_nano_usd: run.left_nano_usd,
        run,
    }
}

#[cfg(test)]
mod tests;
