//! The driver over a ledger and a record in memory and an executor that plays a script: what is
//! recorded, what is paid, and what becomes of it when something goes wrong.

use std::{
    collections::{BTreeMap, VecDeque},
    sync::{
        Mutex,
        atomic::{AtomicI64, Ordering},
    },
};

use async_trait::async_trait;
use ringfence_job::{Isolation, Language, LimitsPatch, LimitsPolicy, OutputFile, Progress, Runtime, Usage};
use uuid::Uuid;

use super::*;
use crate::live::Position;
use crate::pipeline::{Once, Pipeline};
use crate::results::{RESULTS_FILE, RunResult};
use crate::{
    audit::AuditEntry,
    budget::{BudgetScope, Period, Shortfall, Unit},
    files::{FileCursor, FileInfo, Files, FilesError, Incoming, QuotaExceeded},
    keys::Scopes,
    policy::Policy,
    ports::{
        Admitted, AppendError, Charge, Claim, Claimed, Clock, Executor, Kept, Ledger, Part, Put, Receipt,
        Record, StoreError,
    },
    run::{Principal, Recorded, Run, Stage},
    sessions::{Removal, SessionInfo, SessionView, Sessions},
};

/// Tokens that one step may use.
const TOKENS_MAX: i64 = 1000;

/// A record and a ledger in memory, with one limit for everybody.
struct Memory {
    limit_ms: i64,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    events: Vec<Recorded>,
    blobs: Vec<Vec<u8>>,
    /// Sizes of uploads by their ids.
    uploads: BTreeMap<String, u64>,
    held: BTreeMap<u32, Amount>,
    spent: Amount,
    /// Fail when a reservation is written that was admitted.
    refuses_reservations: bool,
    /// Refuse content that comes after a reservation.
    refuses_outputs: bool,
    /// Refuse the end of a question's run.
    refuses_answers: bool,
    /// Have no room for these contents.
    full: Option<Part>,
    /// Runs that left nothing.
    given_up: u32,
    /// The key was revoked.
    key_ended: bool,
    /// The one session.
    session: Option<Session>,
    /// The one request that is noted.
    claim: Option<Claim>,
}

#[async_trait]
impl Record for Memory {
    async fn append(&self, _: &Principal, _: RunId, events: &[Recorded]) -> Result<(), AppendError> {
        let mut state = self.state.lock().unwrap();
        if state.refuses_answers && events.iter().any(|event| event.kind == "run.settled") {
            return Err(StoreError::new("appending events", "disk full").into());
        }
        if events.first().is_some_and(|first| first.seq as usize != state.events.len()) {
            return Err(StoreError::new("appending events", "this one is recorded already").into());
        }
        state.events.extend_from_slice(events);
        Ok(())
    }

    async fn put_blob(&self, _: &Principal, _: RunId, part: Part, content: &[u8]) -> Result<Put, StoreError> {
        let mut state = self.state.lock().unwrap();
        if state.refuses_outputs && !state.held.is_empty() {
            return Err(StoreError::new("keeping content", "disk full"));
        }
        if state.full.is_some_and(|full| full == part) {
            let (of, advice) = ("contents", "wait");
            let quota = QuotaExceeded { of, scope: "key", unit: "bytes", limit: 1, used: 1, advice };
            return Ok(Put::NoRoom { sha256: "blob0".to_owned(), quota });
        }
        state.blobs.push(content.to_vec());
        let sha256 = format!("blob{}", state.blobs.len());
        Ok(Put::Kept(Kept { sha256, size: content.len() as u64, unwritten: None }))
    }

    async fn give_up(&self, _: &Principal, _: RunId) -> Result<(), StoreError> {
        self.state.lock().unwrap().given_up += 1;
        Ok(())
    }

    async fn get_blob(&self, sha256: &str) -> Result<Option<Vec<u8>>, StoreError> {
        let at: usize = sha256.trim_start_matches("blob").parse().unwrap();
        Ok(self.state.lock().unwrap().blobs.get(at - 1).cloned())
    }

    async fn claim(&self, _: &Principal, claim: &Claim) -> Result<Claimed, StoreError> {
        let mut state = self.state.lock().unwrap();
        if let Some(noted) = &state.claim {
            return Ok(Claimed::Same(noted.run));
        }
        state.claim = Some(claim.clone());
        Ok(Claimed::New)
    }

    async fn take_over(&self, _: &Principal, claim: &Claim, gone: RunId) -> Result<bool, StoreError> {
        let mut state = self.state.lock().unwrap();
        let free = state.events.is_empty() && state.claim.as_ref().is_some_and(|noted| noted.run == gone);
        if free {
            state.claim = Some(claim.clone());
        }
        Ok(free)
    }

    async fn release(&self, _: &Principal, _: RunId) -> Result<(), StoreError> {
        self.state.lock().unwrap().claim = None;
        Ok(())
    }

    async fn runs(&self, _: &Principal, _: Option<RunId>, _: u32) -> Result<Vec<RunId>, StoreError> {
        Ok(Vec::new())
    }

    async fn audit(&self, _: &Principal, _: Option<i64>, _: u32) -> Result<Vec<AuditEntry>, StoreError> {
        Ok(Vec::new())
    }

    async fn history(&self, _: &Principal, _: RunId) -> Result<Vec<Recorded>, StoreError> {
        Ok(self.state.lock().unwrap().events.clone())
    }
}

#[async_trait]
impl Ledger for Memory {
    async fn reserve_and_tell(
        &self,
        charge: Charge<'_>,
        amount: Amount,
        events: &[Recorded],
        admitted: Admitted<'_>,
    ) -> Result<(), LedgerError> {
        let Charge { principal, step, .. } = charge;
        let mut state = self.state.lock().unwrap();
        let held: i64 = state.held.values().map(|held| held.sandbox_ms).sum();
        if amount.tokens > TOKENS_MAX {
            let scope = BudgetScope::org();
            let (period, unit, missing) = (Period::Day, Unit::Tokens, amount.tokens - TOKENS_MAX);
            let shortfall = Shortfall { scope, period, unit, missing, limit: TOKENS_MAX };
            return Err(LedgerError::Exhausted(vec![shortfall]));
        }
        let missing = state.spent.sandbox_ms + held + amount.sandbox_ms - self.limit_ms;
        if missing > 0 {
            let scope = BudgetScope::key(&principal.tenant, &principal.key_id);
            let (period, unit, limit) = (Period::Total, Unit::SandboxMs, self.limit_ms);
            let shortfall = Shortfall { scope, period, unit, missing, limit };
            return Err(LedgerError::Exhausted(vec![shortfall]));
        }
        admitted();
        if state.refuses_reservations {
            return Err(StoreError::new("reserving", "disk full").into());
        }
        assert!(state.held.insert(step, amount).is_none(), "step {step} is reserved twice");
        state.events.extend_from_slice(events);
        Ok(())
    }

    async fn start(
        &self,
        principal: &Principal,
        _: RunId,
        step: u32,
        events: &[Recorded],
    ) -> Result<(), LedgerError> {
        self.check_key(principal).await?;
        let mut state = self.state.lock().unwrap();
        if !state.held.contains_key(&step) {
            return Err(StoreError::new("starting a step", "nothing is held for it").into());
        }
        state.events.extend_from_slice(events);
        Ok(())
    }

    async fn adopt(&self, _: &Principal, _: RunId, step: u32) -> Result<bool, StoreError> {
        Ok(self.state.lock().unwrap().held.contains_key(&step))
    }

    async fn settle(
        &self,
        _: &Principal,
        _: RunId,
        step: u32,
        used: Amount,
        events: &[Recorded],
    ) -> Result<Receipt, LedgerError> {
        let mut state = self.state.lock().unwrap();
        let held = state.held.remove(&step).expect("only what is reserved is settled");
        assert!(used.sandbox_ms <= held.sandbox_ms && used.runs <= held.runs);
        state.spent = state.spent.plus(&used);
        state.events.extend_from_slice(events);
        Ok(Receipt { left_nano_usd: Some(1_000_000 - state.spent.nano_usd), crossed: Vec::new() })
    }

    async fn check_key(&self, principal: &Principal) -> Result<(), LedgerError> {
        let ended = self.state.lock().unwrap().key_ended;
        if ended { Err(LedgerError::KeyEnded(principal.key_id.clone())) } else { Ok(()) }
    }
}

/// What the executor does with the next job.
enum Play {
    End(Box<Outcome>),
    Fail(ExecutorError),
    Panic,
    Hang,
    /// Begins, and never ends by itself.
    Run,
}

#[derive(Default)]
struct Script {
    plays: Mutex<VecDeque<Play>>,
    jobs: Mutex<Vec<Job>>,
    /// Jobs that were put into a jail.
    loaded: AtomicI64,
}

impl Executor for Script {
    fn prepare(self: Arc<Self>, _: &Job) -> Box<dyn Prepared> {
        Box::new(self)
    }
}

#[async_trait]
impl Prepared for Arc<Script> {
    fn load(&self) {
        self.loaded.fetch_add(1, Ordering::SeqCst);
    }

    async fn execute(self: Box<Self>, cleared: Cleared, control: Control) -> Result<Outcome, ExecutorError> {
        self.jobs.lock().unwrap().push(cleared.into_job());
        let play = self.plays.lock().unwrap().pop_front().expect("the script has no more");
        match play {
            Play::End(outcome) => Ok(*outcome),
            Play::Fail(error) => Err(error),
            Play::Panic => panic!("the script says so"),
            Play::Hang | Play::Run => {
                if matches!(play, Play::Run) {
                    control.note(&Progress::Started);
                }
                control.stopped().await;
                Ok(outcome(Status::Cancelled, "half", 7))
            }
        }
    }
}

/// An author that gives its answers in order and remembers what it was asked.
struct Scribe {
    /// What asking it may use and has used, if it is not free.
    fee: Mutex<Option<(Amount, Option<Amount>)>>,
    answers: Mutex<VecDeque<Result<Draft, AuthorError>>>,
    asked: Mutex<Vec<Assignment>>,
}

#[async_trait]
impl CodeAuthor for Scribe {
    fn name(&self) -> String {
        "scribe".to_owned()
    }

    fn can_repair(&self) -> bool {
        true
    }

    fn bound(&self, _: &Assignment) -> Amount {
        self.fee.lock().unwrap().map_or_else(Amount::default, |fee| fee.0)
    }

    async fn write(&self, assignment: &Assignment) -> Written {
        self.asked.lock().unwrap().push(assignment.clone());
        let draft = self.answers.lock().unwrap().pop_front().expect("the author has no more");
        let used = self.fee.lock().unwrap().map_or_else(|| Some(Amount::default()), |fee| fee.1);
        Written { draft, used }
    }
}

struct World {
    memory: Arc<Memory>,
    script: Arc<Script>,
    scribe: Arc<Scribe>,
    pipeline: Pipeline,
}

fn world(plays: Vec<Play>, answers: Vec<Result<Draft, AuthorError>>) -> World {
    world_with(plays, answers, Policy::default(), 1_000_000)
}

fn world_with(
    plays: Vec<Play>,
    answers: Vec<Result<Draft, AuthorError>>,
    policy: Policy,
    limit_ms: i64,
) -> World {
    world_over(Arc::new(Memory { limit_ms, state: Mutex::default() }), plays, answers, policy)
}

/// A process over a memory that others may have as well.
fn world_over(
    memory: Arc<Memory>,
    plays: Vec<Play>,
    answers: Vec<Result<Draft, AuthorError>>,
    policy: Policy,
) -> World {
    let script = Arc::new(Script { plays: Mutex::new(plays.into()), ..Script::default() });
    let scribe = Arc::new(Scribe {
        fee: Mutex::default(),
        answers: Mutex::new(answers.into()),
        asked: Mutex::default(),
    });
    let ports = Ports {
        executor: Arc::clone(&script) as Arc<dyn Executor>,
        record: Arc::clone(&memory) as Arc<dyn Record>,
        ledger: Arc::clone(&memory) as Arc<dyn Ledger>,
        files: Arc::clone(&memory) as Arc<dyn Files>,
        sessions: Arc::clone(&memory) as Arc<dyn Sessions>,
        authors: vec![Arc::clone(&scribe) as Arc<dyn CodeAuthor>],
    };
    // Every look at the clock takes seven milliseconds.
    let now = AtomicI64::new(0);
    let clock = Clock::new(move || now.fetch_add(7, Ordering::Relaxed), || RunId(Uuid::nil()));
    let limits = LimitsPolicy::default();
    let config = PipelineConfig {
        policy,
        limits,
        prices: Prices::default(),
        clock,
        slots: 1,
        queue: 1,
        processors: 1,
        uploaded_bytes_max: 100 << 20,
    };
    let pipeline = Pipeline::new(ports, config);
    World { memory, script, scribe, pipeline }
}

impl World {
    fn place(&self) -> Place {
        self.pipeline.enter(&who()).unwrap()
    }

    /// The kinds of the recorded events, after checking that they are the history of a run in which
    /// nothing is left reserved.
    fn kinds(&self) -> String {
        let state = self.memory.state.lock().unwrap();
        let run = Run::replay(RunId(Uuid::nil()), &state.events).unwrap();
        assert!(run.stage().is_some_and(Stage::is_end), "the run stands at {:?}", run.stage());
        assert!(state.held.is_empty(), "left reserved: {:?}", state.held);
        state.events.iter().map(|event| event.kind.as_str()).collect::<Vec<_>>().join(" ")
    }

    fn spent(&self) -> (i64, i64) {
        let spent = self.memory.state.lock().unwrap().spent;
        (spent.runs, spent.sandbox_ms)
    }
}

const EXECUTED: &str = "policy.passed budget.reserved exec.started exec.finished";

fn who() -> Principal {
    let text = str::to_owned;
    Principal { tenant: text("t"), user: text("u"), scopes: Scopes::DEFAULT, key_id: text("k1") }
}

fn outcome(status: Status, stdout: &str, wall_ms: u64) -> Outcome {
    Outcome {
        status,
        exit_code: Some(i32::from(status != Status::Succeeded)),
        signal: None,
        stdout: stdout.as_bytes().to_vec(),
        stderr: Vec::new(),
        stdout_truncated: false,
        stderr_truncated: false,
        limits_hit: Vec::new(),
        denied_syscalls: Vec::new(),
        denied_truncated: false,
        usage: Usage { wall_ms, ..Usage::default() },
        limits: LimitsPolicy::default().resolve(&LimitsPatch::default()).unwrap(),
        files: Vec::new(),
        isolation: Isolation::default(),
        runtime_id: None,
    }
}

fn ends(stdout: &str) -> Play {
    Play::End(Box::new(outcome(Status::Succeeded, stdout, 12)))
}

fn fails(stderr: &str) -> Play {
    let mut failed = outcome(Status::Failed, "", 12);
    failed.stderr = stderr.as_bytes().to_vec();
    Play::End(Box::new(failed))
}

fn python(code: &str) -> ExecuteRequest {
    ExecuteRequest::new(Language::Python, code)
}

fn draft(code: &str) -> Result<Draft, AuthorError> {
    let explanation = "Adds.".to_owned();
    Ok(Draft {
        language: Language::Python,
        code: code.to_owned(),
        explanation,
        confidence: Some(90),
        memory: None,
    })
}

fn question(files: &[&str]) -> AskRequest {
    let file = |name: &&str| InputFile { name: (*name).to_owned(), content: b"a;b\n1;2\n".to_vec() };
    AskRequest {
        question: "What is the sum?".to_owned(),
        files: files.iter().map(file).collect(),
        ..AskRequest::default()
    }
}

fn profile(file: &str) -> String {
    let column = serde_json::json!({ "name": "a", "position": 0, "kind": "integer", "role": "quantity", "empty": 0,
        "distinct": 1 });
    let table = serde_json::json!({ "file": file, "format": "csv", "delimiter": ";", "encoding": "utf-8-sig",
        "decimal": ".", "rows": 1, "columns": [column] });
    serde_json::json!({ "file": file, "format": "csv", "tables": [table] }).to_string()
}

#[tokio::test]
async fn code_is_reserved_run_settled_and_answered() {
    let mut done = outcome(Status::Succeeded, "5050\n", 12);
    done.files = vec![OutputFile { name: "out.txt".to_owned(), content: b"x".to_vec() }];
    let world = world(vec![Play::End(Box::new(done))], vec![]);
    let mut request = python("print(5050)");
    request.files = vec![InputFile { name: "in.csv".to_owned(), content: b"1".to_vec() }];
    request.env.insert("A".to_owned(), "b".to_owned());
    let answer = world.pipeline.execute(world.place(), request).await.unwrap();
    assert_eq!((answer.stdout.as_str(), answer.exit_code), ("5050\n", 0));
    assert_eq!(answer.files[0].name, "out.txt");
    assert_eq!(world.kinds(), format!("run.requested {EXECUTED} run.settled"));
    assert_eq!(world.spent(), (1, 12));
    let job = &world.script.jobs.lock().unwrap()[0];
    assert_eq!((job.runtime, job.limits.wall_ms, job.env["A"].as_str()), (Runtime::Python, 10_000, "b"));
    // Code, call, input, output file, standard output and the outline of the answer were kept.
    assert_eq!(world.memory.state.lock().unwrap().blobs.len(), 6);
}

#[tokio::test]
async fn a_program_that_fails_is_an_answer() {
    let world = world(vec![fails("Traceback")], vec![]);
    let answer = world.pipeline.execute(world.place(), python("1/0")).await.unwrap();
    assert_eq!((answer.status, answer.exit_code), (Status::Failed, 1));
    assert_eq!(world.spent(), (1, 12));
}

#[tokio::test]
async fn what_the_policy_refuses_reaches_neither_ledger_nor_jail() {
    let world = world(vec![], vec![]);
    let error = world.pipeline.execute(world.place(), python(" ")).await.unwrap_err();
    assert!(matches!(&error.kind, ErrorKind::Denied(violations) if violations[0].code == "code_empty"));
    assert_eq!(world.kinds(), "run.requested run.refused");
    assert_eq!(world.spent(), (0, 0));
}

#[tokio::test]
async fn an_exhausted_budget_refuses() {
    let world = world_with(vec![], vec![], Policy::default(), 10_999);
    let error = world.pipeline.execute(world.place(), python("1")).await.unwrap_err();
    assert!(error.to_string().contains("1 ms of sandbox time missing of 10999 ms"), "{error}");
    assert_eq!(world.kinds(), "run.requested run.refused");
    assert_eq!(world.script.loaded.load(Ordering::SeqCst), 0, "it took a jail");
}

#[tokio::test]
async fn a_job_is_loaded_when_it_is_admitted_and_runs_only_when_that_is_written() {
    let world = world(vec![], vec![]);
    world.memory.state.lock().unwrap().refuses_reservations = true;
    let error = world.pipeline.execute(world.place(), python("1")).await.unwrap_err();
    assert!(matches!(error.kind, ErrorKind::Ledger(LedgerError::Store(_))), "{error}");
    assert_eq!(world.script.loaded.load(Ordering::SeqCst), 1);
    assert!(world.script.jobs.lock().unwrap().is_empty(), "it was executed");
}

#[tokio::test]
async fn our_own_failure_costs_nothing() {
    let failed = Play::Fail(ExecutorError::Sandbox("no jail".to_owned()));
    for play in [failed, Play::Panic] {
        let world = world(vec![play], vec![]);
        let error = world.pipeline.execute(world.place(), python("1")).await.unwrap_err();
        assert!(matches!(error.kind, ErrorKind::Executor(_)));
        assert!(world.kinds().ends_with("exec.started run.failed"));
        assert_eq!(world.spent(), (0, 0));
    }
}

#[tokio::test]
async fn a_caller_that_goes_away_cancels_the_run_and_still_pays() {
    let world = world(vec![Play::Hang], vec![]);
    let mut running = Box::pin(world.pipeline.execute(world.place(), python("while True: pass")));
    while world.script.jobs.lock().unwrap().is_empty() {
        let _ = futures::poll!(running.as_mut());
        tokio::task::yield_now().await;
    }
    drop(running);
    world.pipeline.idle().await;
    assert_eq!(world.kinds(), format!("run.requested {EXECUTED} run.settled"));
    assert_eq!(world.spent(), (1, 7));
    let events = &world.memory.state.lock().unwrap().events;
    assert_eq!(events[4].body["status"], "cancelled");
}

#[tokio::test]
async fn a_run_that_is_stopped_answers_with_what_there_was() {
    let world = world(vec![Play::Hang], vec![]);
    let live = world.pipeline.start(world.place(), python("while True: pass"));
    let found = world.pipeline.live(&who(), live.run()).expect("it is in progress");
    found.stop();
    let answer = live.ended().await.unwrap();
    assert_eq!((answer.status, answer.stdout.as_str()), (Status::Cancelled, "half"));
    world.pipeline.idle().await;
    assert_eq!(world.kinds(), format!("run.requested {EXECUTED} run.settled"));
    assert!(world.pipeline.live(&who(), live.run()).is_none());
}

#[tokio::test]
async fn a_run_in_progress_is_there_for_its_tenant_only() {
    let world = world(vec![Play::Hang], vec![]);
    let live = world.pipeline.start(world.place(), python("while True: pass"));
    let other = Principal { tenant: "another".to_owned(), ..who() };
    assert!(world.pipeline.live(&other, live.run()).is_none());
    live.stop();
    live.ended().await.unwrap();
}

#[tokio::test]
async fn usage_is_charged_up_to_what_was_reserved() {
    let long = Play::End(Box::new(outcome(Status::TimedOut, "", 60_000)));
    let world = world(vec![long], vec![]);
    world.pipeline.execute(world.place(), python("1")).await.unwrap();
    assert_eq!(world.spent(), (1, 10_000 + crate::SETTLE_MARGIN_MS));
}

#[tokio::test]
async fn outputs_that_cannot_be_kept_fail_the_run_but_settle_it() {
    let world = world(vec![ends("out")], vec![]);
    world.memory.state.lock().unwrap().refuses_outputs = true;
    let error = world.pipeline.execute(world.place(), python("1")).await.unwrap_err();
    assert!(matches!(error.kind, ErrorKind::Unrecorded(_)), "{error}");
    assert!(error.to_string().contains("the program ran, but its result could not be recorded"), "{error}");
    assert!(world.kinds().ends_with("exec.started run.failed"));
    assert_eq!(world.spent(), (1, 12));
}

fn strict() -> Policy {
    let text = include_str!("../../../../policies/default.toml");
    Policy::parse(&format!("{text}\nallowed_libraries = [\"math\"]\n")).unwrap()
}

#[tokio::test]
async fn a_policy_on_libraries_reads_facts_in_the_jail_first() {
    let facts = |imports: &str| ends(&format!("{{\"imports\":[{imports}]}}"));
    let world = world_with(vec![facts("\"math\""), ends("1")], vec![], strict(), 1_000_000);
    world.pipeline.execute(world.place(), python("import math")).await.unwrap();
    assert_eq!(world.kinds(), format!("run.requested facts.started facts.finished {EXECUTED} run.settled"));
    assert_eq!(world.spent(), (1, 24));
    {
        let job = &world.script.jobs.lock().unwrap()[0];
        assert_eq!((job.runtime, job.stdin.as_slice()), (Runtime::Reader, b"import math".as_slice()));
        assert_eq!(job.args, ["facts", "python"]);
    }

    let world = world_with(vec![facts("\"socket\"")], vec![], strict(), 1_000_000);
    let error = world.pipeline.execute(world.place(), python("import socket")).await.unwrap_err();
    assert!(error.to_string().contains("library socket is not allowed"), "{error}");
    assert_eq!(world.kinds(), "run.requested facts.started facts.finished run.refused");
}

#[tokio::test]
async fn a_facts_reader_that_lies_or_dies_refuses() {
    for play in [ends("{}"), ends("{\"imports\":[],\"x\":1}"), ends("["), fails("crashed")] {
        let world = world_with(vec![play], vec![], strict(), 1_000_000);
        let error = world.pipeline.execute(world.place(), python("import math")).await.unwrap_err();
        assert!(error.to_string().contains("could not be inspected"), "{error}");
        assert!(world.kinds().ends_with("run.refused"));
    }
}

#[tokio::test]
async fn a_question_is_profiled_written_run_and_answered() {
    let mut done = outcome(Status::Succeeded, " 3 \n", 12);
    let result = br#"{"value": 3, "label": "sum of a"}"#.to_vec();
    done.files = vec![OutputFile { name: "result.json".to_owned(), content: result }];
    let world = world(vec![ends(&profile("s.CSV")), Play::End(Box::new(done))], vec![draft("print(3)")]);
    let answer = world.pipeline.ask(world.place(), question(&["s.CSV", "notes.txt"])).await.unwrap();
    assert_eq!((answer.answer.as_str(), answer.value), ("3", Some(serde_json::json!(3))));
    assert_eq!(answer.label.as_deref(), Some("sum of a"));
    let three = RunResult::Number { value: Some(3.into()), label: Some("sum of a".to_owned()), unit: None };
    assert_eq!(answer.results, [three]);
    assert_eq!((answer.author.as_str(), answer.code.as_str()), ("scribe", "print(3)"));
    assert!(answer.duration_ms > 0);
    let read = "read.started read.finished";
    let wrote = "code.asked code.written";
    assert_eq!(world.kinds(), format!("run.requested {read} {wrote} {EXECUTED} run.settled"));
    assert_eq!(world.spent(), (1, 24));
    let asked = world.scribe.asked.lock().unwrap();
    assert_eq!((asked[0].tables.len(), asked[0].files.len()), (1, 2));
    let jobs = world.script.jobs.lock().unwrap();
    assert_eq!((jobs[0].args.join(" "), jobs[0].files.len()), ("profile s.CSV".to_owned(), 1));
    assert_eq!(jobs[1].files.len(), 2);
}

#[tokio::test]
async fn what_a_program_showed_is_the_answers_and_its_file_is_not() {
    let mut done = outcome(Status::Succeeded, "3\n", 12);
    let shown = br#"{"type": "number", "value": 3, "label": "rows", "more": 1}"#.to_vec();
    done.files = vec![OutputFile { name: RESULTS_FILE.to_owned(), content: shown }];
    let world = world(vec![Play::End(Box::new(done))], vec![draft("show(3)")]);
    let answer = world.pipeline.ask(world.place(), question(&[])).await.unwrap();
    assert_eq!((answer.value, answer.label.as_deref()), (Some(serde_json::json!(3)), Some("rows")));
    assert_eq!((answer.results.len(), answer.run.results, answer.run.files.len()), (1, None, 0));
    assert_eq!((answer.confidence, answer.decision), (Some(0.9), Decision::Answered));
    assert_eq!(answer.interpretation, answer.explanation);
}

#[tokio::test]
async fn a_failed_program_says_why_as_a_result() {
    let world = world(vec![fails("Traceback:\nValueError: no")], vec![]);
    let answer = world.pipeline.execute(world.place(), python("x")).await.unwrap();
    let message = "ValueError: no".to_owned();
    assert_eq!(answer.results, Some(vec![RunResult::Error { message }]));
}

#[tokio::test]
async fn a_session_goes_on_with_its_files_and_what_was_remembered() {
    let remembers =
        |code: &str, memory: &str| draft(code).map(|draft| Draft { memory: Some(memory.into()), ..draft });
    let asks = AuthorError::Unclear("Which column?".into(), Some("asked".into()));
    let answers = vec![remembers("a", "first"), Err(asks), remembers("b", "third")];
    let table = || ends(&profile("s.csv"));
    let world = world(vec![table(), ends("1"), table(), table(), ends("2")], answers);
    let first = world.pipeline.ask(world.place(), question(&["s.csv"])).await.unwrap();
    let next = |text: &str| AskRequest {
        question: text.to_owned(),
        session: Some(first.session_id.clone()),
        ..AskRequest::default()
    };
    // This memory has one run at a time.
    let forget = || world.memory.state.lock().unwrap().events.clear();
    forget();
    let error = world.pipeline.ask(world.place(), next("and the other?")).await.unwrap_err();
    assert_eq!(error.session.as_deref(), Some(first.session_id.as_str()), "{error:?}");
    assert_eq!(error.clarification().unwrap().question, "Which column?");
    forget();
    let third = world.pipeline.ask(world.place(), next("a")).await.unwrap();
    assert_eq!(third.session_id, first.session_id);

    let asked = world.scribe.asked.lock().unwrap();
    let told = asked[2].earlier.iter().map(|turn| {
        let asked_back = turn.clarification.as_ref().map(|asked| asked.question.as_str());
        (turn.question.as_str(), asked_back, turn.memory.clone())
    });
    assert_eq!(
        told.collect::<Vec<_>>(),
        [
            ("What is the sum?", None, Some("first".into())),
            ("and the other?", Some("Which column?"), Some("asked".into())),
        ]
    );
    assert_eq!((asked[2].files.as_slice(), asked[2].tables.len()), (&["s.csv".to_owned()][..], 1));
}

#[tokio::test]
async fn a_session_that_is_not_there_or_lost_its_files_says_so() {
    let world = world(vec![ends(&profile("s.csv")), ends("1")], vec![draft("a")]);
    let first = world.pipeline.ask(world.place(), question(&["s.csv"])).await.unwrap();
    let next = |session: &str| {
        let session = Some(session.to_owned());
        let request = AskRequest { question: "more".to_owned(), session, ..AskRequest::default() };
        world.pipeline.ask(world.place(), request)
    };
    let recorded = world.kinds();
    for unknown in ["", "\0", &Uuid::max().to_string()] {
        assert!(matches!(next(unknown).await.unwrap_err().kind, ErrorKind::NoSession));
    }
    world.memory.state.lock().unwrap().blobs.clear();
    let error = next(&first.session_id).await.unwrap_err();
    assert!(matches!(&error.kind, ErrorKind::SessionFileGone(name) if name == "s.csv"));
    // The turn was given up, so the next one is as free.
    let error = next(&first.session_id).await.unwrap_err();
    assert!(matches!(error.kind, ErrorKind::SessionFileGone(_)));
    assert_eq!(world.kinds(), recorded);
    world.memory.state.lock().unwrap().session.as_mut().unwrap().version += 1;
    assert!(matches!(next(&first.session_id).await.unwrap_err().kind, ErrorKind::SessionBusy));
}

#[tokio::test]
async fn a_table_that_cannot_be_read_is_named() {
    let other = ends(&profile("other.csv"));
    let noisy = fails("at cell 3\nrow 7 has more values \u{1b}[31mthan columns\n");
    let timed_out = Play::End(Box::new(outcome(Status::TimedOut, "", 10_000)));
    for (play, reason) in [
        (noisy, "row 7 has more values [31mthan columns"),
        (timed_out, "takes too long"),
        (other, "out of bounds"),
        (ends("{\"rows\": NaN}"), "not valid"),
    ] {
        let world = world(vec![play], vec![]);
        let error = world.pipeline.ask(world.place(), question(&["s.csv"])).await.unwrap_err().to_string();
        assert!(error.starts_with("file s.csv could not be read") && error.contains(reason), "{error}");
        assert_eq!(world.kinds(), "run.requested read.started read.finished run.refused");
    }
}

#[tokio::test]
async fn a_failed_program_goes_back_to_its_author_once() {
    let world = world(vec![fails("NameError: x"), ends("3")], vec![draft("x"), draft("print(3)")]);
    let answer = world.pipeline.ask(world.place(), question(&[])).await.unwrap();
    assert_eq!((answer.answer.as_str(), answer.code.as_str()), ("3", "print(3)"));
    let wrote = "code.asked code.written";
    assert_eq!(world.kinds(), format!("run.requested {wrote} {EXECUTED} {wrote} {EXECUTED} run.settled"));
    assert_eq!(world.spent(), (2, 24));
    let asked = world.scribe.asked.lock().unwrap();
    let failure = asked[1].failure.as_ref().unwrap();
    assert_eq!((failure.draft.code.as_str(), failure.stderr.as_str()), ("x", "NameError: x"));
}

#[tokio::test]
async fn a_repair_that_comes_to_nothing_leaves_the_failed_run_as_the_answer() {
    let gone = || Err(AuthorError::Unavailable("gone".to_owned()));
    for (second, kind) in [
        (draft("x"), "code.written code.dropped"),
        (draft(""), "code.written code.dropped"),
        (gone(), "code.declined"),
    ] {
        let world = world(vec![fails("NameError: x")], vec![draft("x"), second]);
        let answer = world.pipeline.ask(world.place(), question(&[])).await.unwrap();
        assert_eq!((answer.run.status, answer.code.as_str()), (Status::Failed, "x"));
        assert!(world.kinds().ends_with(&format!("code.asked {kind} run.settled")), "{}", world.kinds());
    }
}

#[tokio::test]
async fn a_repair_beyond_the_budget_is_dropped() {
    let answers = vec![draft("x"), draft("y")];
    let world = world_with(vec![fails("NameError")], answers, Policy::default(), 11_005);
    let answer = world.pipeline.ask(world.place(), question(&[])).await.unwrap();
    assert_eq!(answer.run.status, Status::Failed);
    assert!(world.kinds().ends_with("code.written code.dropped run.settled"));
}

fn fee(nano_usd: i64, tokens: i64) -> Amount {
    Amount { nano_usd, tokens, ..Amount::default() }
}

#[tokio::test]
async fn asking_an_author_is_paid_for_and_told() {
    for (used, charged, estimated) in [(Some(fee(300, 70)), fee(300, 70), false), (None, fee(500, 100), true)]
    {
        let world = world(vec![ends("3")], vec![draft("print(3)")]);
        *world.scribe.fee.lock().unwrap() = Some((fee(500, 100), used));
        let answer = world.pipeline.ask(world.place(), question(&[])).await.unwrap();
        let asked = "code.asked code.written";
        assert_eq!(world.kinds(), format!("run.requested {asked} {EXECUTED} run.settled"));
        let spent = world.memory.state.lock().unwrap().spent;
        assert_eq!((spent.tokens, spent.nano_usd), (charged.tokens, charged.nano_usd + 12_000));
        assert_eq!(answer.cost.actual_usd.0, spent.nano_usd);
        assert_eq!(answer.cost.estimated_usd.0, 500 + 11_000_000);
        let parts: Vec<_> = answer.cost.breakdown.iter().map(|part| (&*part.what, part.usd.0)).collect();
        assert_eq!(parts, [("scribe", charged.nano_usd), ("sandbox", 12_000)]);
        assert_eq!(answer.cost.breakdown[0].estimated, estimated);
        assert_eq!(answer.left_nano_usd, Some(1_000_000 - spent.nano_usd));
    }
}

#[tokio::test]
async fn a_refusal_is_paid_for_as_well() {
    let says = AuthorError::Unusable("prose".to_owned());
    let world = world(vec![], vec![Err(says)]);
    *world.scribe.fee.lock().unwrap() = Some((fee(500, 100), Some(fee(7, 7))));
    world.pipeline.ask(world.place(), question(&[])).await.unwrap_err();
    assert_eq!(world.kinds(), "run.requested code.asked code.declined run.refused");
    assert_eq!(world.memory.state.lock().unwrap().spent, fee(7, 7));
}

#[tokio::test]
async fn an_author_beyond_the_budget_is_not_asked() {
    let world = world(vec![], vec![]);
    *world.scribe.fee.lock().unwrap() = Some((fee(0, TOKENS_MAX + 1), None));
    let error = world.pipeline.ask(world.place(), question(&[])).await.unwrap_err();
    assert!(matches!(error.kind, ErrorKind::Ledger(LedgerError::Exhausted(_))), "{error}");
    assert_eq!(world.kinds(), "run.requested code.asked code.declined run.refused");
    assert!(world.scribe.asked.lock().unwrap().is_empty());
}

#[tokio::test]
async fn what_nobody_understood_is_said() {
    let says = AuthorError::NotUnderstood("ask for a sum, a mean or an NPV".to_owned());
    let world = world(vec![], vec![Err(says)]);
    let error = world.pipeline.ask(world.place(), question(&[])).await.unwrap_err();
    assert_eq!(error.to_string(), "ask for a sum, a mean or an NPV");
    assert_eq!(world.kinds(), "run.requested code.asked code.declined run.refused");
}

#[tokio::test]
async fn a_question_whose_answer_cannot_be_recorded_has_failed() {
    let world = world(vec![ends("3")], vec![draft("print(3)")]);
    world.memory.state.lock().unwrap().refuses_answers = true;
    let error = world.pipeline.ask(world.place(), question(&[])).await.unwrap_err();
    assert!(world.kinds().ends_with("exec.finished run.failed"), "{}", world.kinds());
    assert!(matches!(error.kind, ErrorKind::Unrecorded(_)), "{error}");
}

#[tokio::test]
async fn a_question_goes_on_when_nobody_waits() {
    let world = world(vec![ends("3")], vec![draft("print(3)")]);
    let mut asking = Box::pin(world.pipeline.ask(world.place(), question(&[])));
    let _ = futures::poll!(asking.as_mut());
    drop(asking);
    world.pipeline.idle().await;
    assert!(world.kinds().ends_with("exec.finished run.settled"));
}

#[test]
fn the_reason_that_helps_most_is_told() {
    let unavailable = || AuthorError::Unavailable("connection refused".to_owned());
    let not_understood = || AuthorError::NotUnderstood("ask for a sum".to_owned());
    let unclear = || AuthorError::unclear("Which column?".to_owned());
    let told = |declined| why_nobody_wrote(declined).to_string();
    assert_eq!(told(vec![not_understood(), unclear()]), "Which column?");
    assert!(told(vec![not_understood(), unavailable()]).contains("connection refused; ask for a sum"));
    assert!(told(vec![]).contains("no author is configured"));
}

#[tokio::test]
async fn whoever_waits_for_a_slot_is_promised_can_be_stopped_and_never_runs() {
    let world = world(vec![], vec![]);
    let [first, second, _extra] = [world.place(), world.place(), world.place()];
    assert!(world.pipeline.enter(&who()).is_err(), "a slot, a place in the queue and an extra one are taken");
    let slot = first.slot().await.unwrap();
    let live = world.pipeline.start(second, python("1"));
    assert!(live.accepted().await.is_none(), "it is promised before it has a slot");
    live.stop();
    assert!(matches!(live.ended().await.unwrap_err().kind, ErrorKind::Cancelled));
    assert!(world.pipeline.enter(&who()).is_ok(), "its place is free before it is told");
    assert_eq!(world.kinds(), format!("run.requested {EXECUTED} run.settled"));
    drop(slot);
}

/// A request with all that a request can have.
fn everything() -> ExecuteRequest {
    let file = |name: &str| InputFile { name: name.to_owned(), content: name.as_bytes().to_vec() };
    ExecuteRequest {
        args: vec!["an argument".to_owned()],
        env: BTreeMap::from([("A".to_owned(), "b".to_owned())]),
        stdin: b"input".to_vec(),
        files: vec![file("one"), file("two")],
        limits: LimitsPatch { wall_ms: Some(1234), ..LimitsPatch::default() },
        fresh: true,
        later: true,
        ..python("1")
    }
}

#[tokio::test(start_paused = true)]
async fn what_was_accepted_and_has_not_begun_is_begun_by_another_process() {
    let gone = world(vec![], vec![]);
    let [first, second] = [gone.place(), gone.place()];
    let slot = first.slot().await.unwrap();
    let lost = gone.pipeline.start(second, everything());
    assert!(lost.accepted().await.is_none());

    let next = world_over(Arc::clone(&gone.memory), vec![ends("done")], vec![], Policy::default());
    assert!(next.pipeline.go_on(next.place(), lost.run(), 0).await.unwrap());
    let live = next.pipeline.live(&who(), lost.run()).unwrap();
    assert!(live.accepted().await.is_none());
    let answer = live.ended().await.unwrap();
    assert_eq!((answer.stdout.as_str(), answer.cost.estimated_usd.0), ("done", 2_234_000));
    assert_eq!(next.kinds(), format!("run.requested {EXECUTED} run.settled"));
    assert_eq!(next.spent(), (1, 12));
    assert!(!next.pipeline.go_on(next.place(), lost.run(), 0).await.unwrap(), "nothing is left of it");

    // The same job as if nothing had happened.
    let same = world(vec![ends("done")], vec![]);
    same.pipeline.execute(same.place(), everything()).await.unwrap();
    let [job, expected] = [&next, &same].map(|world| format!("{:?}", world.script.jobs.lock().unwrap()));
    assert_eq!(job, expected);

    // Its first process was only slow: it does not run it as well, nor change what became of it.
    drop(slot);
    let late = lost.ended().await.unwrap_err();
    assert!(matches!(&late.kind, ErrorKind::Ledger(LedgerError::Store(_))), "{late}");
    assert!(gone.script.jobs.lock().unwrap().is_empty());
    assert_eq!(next.kinds(), format!("run.requested {EXECUTED} run.settled"));
}

#[tokio::test]
async fn what_was_accepted_waits_over_a_stop_and_is_decided_on_again() {
    let stopped = world(vec![], vec![]);
    let [first, second] = [stopped.place(), stopped.place()];
    let slot = first.slot().await.unwrap();
    let live = stopped.pipeline.start(second, everything());
    assert!(live.accepted().await.is_none());
    stopped.pipeline.stop();
    assert!(matches!(live.ended().await.unwrap_err().kind, ErrorKind::Stopping));
    drop(slot);
    let memory = Arc::clone(&stopped.memory);
    assert_eq!(memory.state.lock().unwrap().events.last().unwrap().kind, "budget.reserved");
    assert_eq!(memory.state.lock().unwrap().held.len(), 1);

    let bash_only = include_str!("../../../../policies/default.toml")
        .lines()
        .map(|line| if line.starts_with("languages") { "languages = [\"bash\"]" } else { line })
        .fold(String::new(), |text, line| text + line + "\n");
    let stricter = world_over(memory, vec![], vec![], Policy::parse(&bash_only).unwrap());
    let place = stricter.place();
    assert!(stricter.pipeline.go_on(place, live.run(), 0).await.unwrap());
    stricter.pipeline.idle().await;
    assert_eq!(stricter.kinds(), "run.requested policy.passed budget.reserved run.refused");
    assert_eq!(stricter.spent(), (0, 0));
}

#[tokio::test(start_paused = true)]
async fn a_run_that_is_stopped_while_it_waits_has_used_nothing() {
    let world = world(vec![], vec![]);
    let [first, second] = [world.place(), world.place()];
    let _slot = first.slot().await.unwrap();
    let live = world.pipeline.start(second, python("1"));
    assert!(live.accepted().await.is_none());
    live.stop();
    assert!(matches!(live.ended().await.unwrap_err().kind, ErrorKind::Cancelled));
    assert!(world.kinds().ends_with("exec.started exec.finished run.settled"));
    assert_eq!(world.spent(), (0, 0));
}

#[tokio::test(start_paused = true)]
async fn a_run_that_waits_is_given_up_when_its_key_ends_and_one_that_runs_is_not() {
    let waiting = world(vec![], vec![]);
    let [first, second] = [waiting.place(), waiting.place()];
    let slot = first.slot().await.unwrap();
    let live = waiting.pipeline.start(second, python("1"));
    assert!(live.accepted().await.is_none());
    waiting.memory.state.lock().unwrap().key_ended = true;
    tokio::time::sleep(Duration::from_secs(1)).await;
    drop(slot);
    let error = live.ended().await.unwrap_err();
    assert!(matches!(&error.kind, ErrorKind::Ledger(LedgerError::KeyEnded(key)) if key == "k1"), "{error}");
    assert!(waiting.kinds().ends_with("budget.reserved run.failed"));
    assert_eq!(waiting.spent(), (0, 0));

    let running = world(vec![Play::Run], vec![]);
    let live = running.pipeline.start(running.place(), python("1"));
    assert!(live.next(&mut Position::default()).await.is_ok());
    running.memory.state.lock().unwrap().key_ended = true;
    assert!(tokio::time::timeout(Duration::from_secs(60), live.ended()).await.is_err());
    live.stop();
    live.ended().await.unwrap();
}

#[tokio::test]
async fn a_request_whose_run_left_nothing_is_carried_out_by_the_next_one() {
    let world = world(vec![Play::Hang, ends("again")], vec![]);
    let claim = Claim { name: "n".to_owned(), fingerprint: "f".to_owned(), run: RunId(Uuid::max()) };
    world.memory.state.lock().unwrap().claim = Some(claim);
    let once =
        async || world.pipeline.start_once(world.place(), "n", "f".to_owned(), python("1")).await.unwrap();
    let Once::Begun(live) = once().await else { panic!("its run is gone, and the name with it") };
    // Nothing is in the record yet, but this one is in progress.
    assert!(matches!(once().await, Once::Before(run) if run == live.run()));
    live.stop();
    live.ended().await.unwrap();
    assert!(matches!(once().await, Once::Before(run) if run == live.run()));
}

#[async_trait]
impl Sessions for Memory {
    async fn open_session(&self, _: &Principal, id: &str) -> Result<Opened, StoreError> {
        let mut state = self.state.lock().unwrap();
        let Some(session) = state.session.as_mut().filter(|session| session.id == id) else {
            return Ok(Opened::Missing);
        };
        session.version += 1;
        // Odd while a turn is taken.
        Ok(if session.version % 2 == 0 { Opened::Busy } else { Opened::Session(session.clone()) })
    }

    async fn put_session(&self, _: &Principal, session: &Session) -> Result<bool, StoreError> {
        let version = (session.version + 1) / 2 * 2;
        self.state.lock().unwrap().session = Some(Session { version, ..session.clone() });
        Ok(true)
    }

    async fn close_session(&self, _: &Principal, session: &Session) -> Result<(), StoreError> {
        self.put_session(&who(), session).await.map(drop)
    }

    async fn sessions(&self, _: &Principal, _: Option<&str>, _: u32) -> Result<Vec<SessionInfo>, StoreError> {
        Ok(Vec::new())
    }

    async fn session(&self, _: &Principal, _: &str) -> Result<Option<SessionView>, StoreError> {
        Ok(None)
    }

    async fn remove_session(&self, _: &Principal, _: &str) -> Result<Removal, StoreError> {
        Ok(Removal::Missing)
    }
}

/// The blob that `uploaded` was kept as is the upload.
#[async_trait]
impl Files for Memory {
    async fn receive(&self, _: &Principal, _: Option<u64>) -> Result<Box<dyn Incoming>, FilesError> {
        Err(StoreError::new("receiving", "not in this memory").into())
    }

    async fn files(
        &self,
        _: &Principal,
        _: Option<&FileCursor>,
        _: u32,
    ) -> Result<Vec<FileInfo>, StoreError> {
        Ok(Vec::new())
    }

    async fn file(&self, _: &Principal, id: &str) -> Result<Option<FileInfo>, StoreError> {
        let size = self.state.lock().unwrap().uploads.get(id).copied();
        let info =
            |size| FileInfo { id: id.to_owned(), name: String::new(), size, created_ms: 0, expires_ms: 1 };
        Ok(size.map(info))
    }

    async fn remove_file(&self, _: &Principal, _: &str) -> Result<bool, StoreError> {
        Ok(false)
    }
}

impl Memory {
    /// Has content as an upload, and says that it has `size` bytes.
    async fn uploaded(&self, content: &[u8], size: u64) -> String {
        let Put::Kept(Kept { sha256: id, .. }) =
            self.put_blob(&who(), RunId(Uuid::nil()), Part::Input, content).await.unwrap()
        else {
            panic!("it is full")
        };
        self.state.lock().unwrap().uploads.insert(id.clone(), size);
        id
    }
}

fn upload(at: usize, name: &str, id: &str) -> UploadRef {
    UploadRef { at, name: name.to_owned(), id: id.to_owned() }
}

#[tokio::test]
async fn uploads_join_the_files_at_their_places() {
    let world = world(vec![ends("")], vec![]);
    let (a, c) = (world.memory.uploaded(b"A", 1).await, world.memory.uploaded(b"C", 1).await);
    let mut request = python("1");
    request.files = vec![InputFile { name: "b".to_owned(), content: b"B".to_vec() }];
    request.uploads = vec![upload(0, "a", &a), upload(2, "c", &c)];
    world.pipeline.execute(world.place(), request).await.unwrap();
    let jobs = world.script.jobs.lock().unwrap();
    let files: Vec<(&str, &[u8])> =
        jobs[0].files.iter().map(|file| (file.name.as_str(), file.content.as_slice())).collect();
    assert_eq!(files, [("a", &b"A"[..]), ("b", b"B"), ("c", b"C")]);
}

#[tokio::test]
async fn an_unknown_upload_is_refused_by_its_place() {
    let world = world(vec![], vec![]);
    let mut request = python("1");
    request.files = vec![InputFile { name: "b".to_owned(), content: b"B".to_vec() }];
    request.uploads = vec![upload(1, "a", &"0".repeat(64))];
    let refused = world.pipeline.execute(world.place(), request).await.unwrap_err();
    let ErrorKind::Denied(violations) = &refused.kind else { panic!("{refused}") };
    assert_eq!((violations[0].code, violations[0].pointer.as_str()), ("upload_unknown", "/files/1/upload"));
    assert_eq!(world.kinds(), "run.requested run.refused");
    let nobody = world_with(vec![], vec![], Policy::default(), 1);
    let mut asked = question(&[]);
    asked.uploads = vec![upload(0, "a", "x")];
    let refused = nobody.pipeline.ask(nobody.place(), asked).await.unwrap_err();
    assert!(matches!(&refused.kind, ErrorKind::Denied(violations) if violations[0].code == "upload_unknown"));
}

#[tokio::test]
async fn uploads_have_a_bounded_memory_until_their_runs_end() {
    let world = world(vec![Play::Run, ends("")], vec![]);
    let id = world.memory.uploaded(b"x", 60 << 20).await;
    let with_upload = || ExecuteRequest { uploads: vec![upload(0, "a", &id)], ..python("1") };
    let first = world.pipeline.start(world.place(), with_upload());
    assert!(first.next(&mut Position::default()).await.is_ok());
    let recorded = world.memory.state.lock().unwrap().events.len();
    let refused = world.pipeline.execute(world.place(), with_upload()).await.unwrap_err();
    assert!(matches!(refused.kind, ErrorKind::NoMemory), "{refused}");
    assert_eq!(world.memory.state.lock().unwrap().events.len(), recorded, "it has left a trace");
    first.stop();
    first.ended().await.unwrap();
    world.pipeline.execute(world.place(), with_upload()).await.unwrap();
}

#[tokio::test]
async fn uploads_that_are_too_large_together_are_refused_unread() {
    let world = world(vec![], vec![]);
    // Nobody could read these: they are 40 MiB by their size only.
    let id = world.memory.uploaded(b"", 40 << 20).await;
    world.memory.state.lock().unwrap().blobs.clear();
    let mut request = python("1");
    request.uploads = vec![upload(0, "a", &id), upload(1, "b", &id)];
    let refused = world.pipeline.execute(world.place(), request).await.unwrap_err();
    assert!(
        matches!(&refused.kind, ErrorKind::Denied(violations) if violations[0].code == "files_too_large"),
        "{refused}"
    );
    let mut many = python("1");
    many.uploads = (0..33).map(|at| upload(at, &at.to_string(), "x")).collect();
    let refused = world.pipeline.execute(world.place(), many).await.unwrap_err();
    assert!(
        matches!(&refused.kind, ErrorKind::Denied(violations) if violations[0].code == "too_many_files"),
        "{refused}"
    );
}

#[tokio::test]
async fn a_run_whose_inputs_have_no_room_leaves_nothing() {
    let world = world(vec![], vec![]);
    world.memory.state.lock().unwrap().full = Some(Part::Input);
    let mut request = python("1");
    request.stdin = b"much".to_vec();
    let error = world.pipeline.execute(world.place(), request).await.unwrap_err();
    assert!(matches!(error.kind, ErrorKind::Ledger(LedgerError::Quota(_))), "{error}");
    assert!(world.script.jobs.lock().unwrap().is_empty());
    let state = world.memory.state.lock().unwrap();
    assert!(state.events.is_empty() && state.held.is_empty());
    assert_eq!((state.spent, state.given_up), (Amount::default(), 1));
}

#[tokio::test]
async fn a_run_whose_outputs_have_no_room_is_answered_and_recorded_all_the_same() {
    let world = world(vec![ends("42\n")], vec![]);
    world.memory.state.lock().unwrap().full = Some(Part::Output);
    let answer = world.pipeline.execute(world.place(), python("1")).await.unwrap();
    assert_eq!(answer.stdout_bytes(), b"42\n");
    let state = world.memory.state.lock().unwrap();
    let last = state.events.last().unwrap();
    assert_eq!((last.kind.as_str(), last.contents.len(), state.given_up), ("run.settled", 0, 0));
    assert_eq!(last.body["answer"], "blob0", "it is named, as what was erased");
    assert_eq!(state.events[0].contents.len(), 1, "the code is kept");
}
