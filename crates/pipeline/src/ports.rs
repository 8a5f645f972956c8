//! What the pipeline needs from outside, where reality is slow, costly or dangerous.

use std::{fmt, sync::Arc};

use async_trait::async_trait;
use futures::future::BoxFuture;
pub use ringfence_job::table::{
    ColumnKind, ColumnProfile, ColumnRole, FileProfile, Stored, TableFormat, TableProfile, ValueCount,
};
use ringfence_job::{Job, Language, Outcome};
use serde::{Deserialize, Serialize};

use crate::{
    audit::AuditEntry,
    budget::{Amount, Crossing, Shortfall},
    files::{Content, Files, QuotaExceeded},
    live::Control,
    run::{Cleared, Principal, Recorded, RunId},
    sessions::Sessions,
};

/// What the pipeline works with.
pub struct Ports {
    /// Runs cleared jobs.
    pub executor: Arc<dyn Executor>,
    /// Remembers events and contents.
    pub record: Arc<dyn Record>,
    /// Keeps the budgets.
    pub ledger: Arc<dyn Ledger>,
    /// Keeps what was uploaded.
    pub files: Arc<dyn Files>,
    /// Keeps conversations.
    pub sessions: Arc<dyn Sessions>,
    /// Who is asked for code, in this order.
    pub authors: Vec<Arc<dyn CodeAuthor>>,
}

impl fmt::Debug for Ports {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let authors: Vec<String> = self.authors.iter().map(|author| author.name()).collect();
        f.debug_struct("Ports").field("authors", &authors).finish_non_exhaustive()
    }
}

/// Where time and identities come from.
#[derive(Clone)]
pub struct Clock {
    now_ms: Arc<dyn Fn() -> i64 + Send + Sync>,
    new_id: Arc<dyn Fn() -> RunId + Send + Sync>,
}

impl Clock {
    /// A clock of the given functions: milliseconds since the Unix epoch, and a new UUIDv7.
    pub fn new(
        now_ms: impl Fn() -> i64 + Send + Sync + 'static,
        new_id: impl Fn() -> RunId + Send + Sync + 'static,
    ) -> Clock {
        Clock { now_ms: Arc::new(now_ms), new_id: Arc::new(new_id) }
    }

    /// Milliseconds since the Unix epoch.
    pub fn now_ms(&self) -> i64 {
        (self.now_ms)()
    }

    /// A new identity for a run.
    pub(crate) fn new_id(&self) -> RunId {
        (self.new_id)()
    }
}

impl fmt::Debug for Clock {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Clock")
    }
}

/// Has jails for jobs.
pub trait Executor: Send + Sync {
    /// Describes a job as its jail gets it. Nothing is run, and nothing else used.
    fn prepare(self: Arc<Self>, job: &Job) -> Box<dyn Prepared>;
}

/// A job that waits for its clearance. Dropping it gives up what was made ready for it.
#[async_trait]
pub trait Prepared: Send + Sync {
    /// Has the job be put into a jail, where it waits, if there is one at once: it is admitted, and its reservation is
    /// being written. Returns at once; whatever fails, [`Prepared::execute`] does.
    fn load(&self);

    /// Runs the job, which was cleared, to its end and tells `control` what happens meanwhile. Once that is
    /// stopped, the outcome is a cancelled run, with what there was until then. Dropping the future cancels it as
    /// well.
    ///
    /// # Errors
    /// Our own failures only; whatever the guest does is an [`Outcome`].
    async fn execute(self: Box<Self>, cleared: Cleared, control: Control) -> Result<Outcome, ExecutorError>;
}

/// Our own failure to run a job.
#[derive(Debug, thiserror::Error)]
pub enum ExecutorError {
    /// The runtime the job needs is not there.
    #[error("runtime {0} is not built, run: ringfence runtimes build")]
    RuntimeMissing(String),
    /// It was stopped before it began.
    #[error("stopped before it began")]
    Stopped,
    /// Files of the runtime are gone or others; the text names one and says what to do.
    #[error("{0}")]
    RuntimeDamaged(String),
    /// The jail could not be set up.
    #[error("sandbox failed: {0}")]
    Sandbox(String),
}

/// Time for which a claim is kept, in milliseconds: a day, as clients of such interfaces expect.
pub const CLAIM_KEPT_MS: i64 = 24 * 3600 * 1000;

/// Age from which a claim whose run is neither in progress nor in the record may be taken over, in
/// milliseconds: whoever made it is gone.
pub const CLAIM_TAKEN_OVER_MS: i64 = 60 * 1000;

/// A request that its client may send twice and wants carried out once.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Claim {
    /// The name its client gave it.
    pub name: String,
    /// Hash of the request.
    pub fingerprint: String,
    /// The run that carries it out.
    pub run: RunId,
}

/// What became of a claim.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Claimed {
    /// It is the first under its name.
    New,
    /// The same request was noted before, with this run.
    Same(RunId),
    /// Another request has this name.
    Different,
}

/// A content that a run keeps, told to the store with the events that name it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Kept {
    /// The SHA-256 of its bytes as 64 lower-case hex digits.
    pub sha256: String,
    /// Its size in bytes.
    pub size: u64,
    /// Its bytes, if they are not on disk yet: they are written with the events.
    pub unwritten: Option<Arc<[u8]>>,
}

/// What a content is to its run.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Part {
    /// It came in: without room for it the run is refused.
    Input,
    /// It came of the run: without room for it, it is as good as erased.
    Output,
}

/// What became of a content that a run wants to keep.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Put {
    /// It is kept.
    Kept(Kept),
    /// A quota has no room for it.
    NoRoom {
        /// The SHA-256 of its bytes as 64 lower-case hex digits.
        sha256: String,
        /// Which one.
        quota: QuotaExceeded,
    },
}

/// Why events are not appended.
#[derive(Debug, thiserror::Error)]
pub enum AppendError {
    /// The contents that they name exceed what runs may keep.
    #[error(transparent)]
    Quota(#[from] QuotaExceeded),
    /// The store failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// Remembers: events are only ever appended, blobs are found by the hash of their content.
#[async_trait]
pub trait Record: Send + Sync {
    /// Appends events to a run's history, which its event number 0 opens, and keeps the contents that they name,
    /// in one transaction. To make room for them, those of runs that have ended are erased.
    ///
    /// # Errors
    /// [`AppendError::Quota`], unless the run ends with them: then what has no room is erased at once.
    async fn append(&self, principal: &Principal, run: RunId, events: &[Recorded])
    -> Result<(), AppendError>;

    /// Takes in content of a run. It counts and is kept from now on, or from when the events that name it
    /// are appended. Doing so twice is harmless.
    async fn put_blob(
        &self,
        principal: &Principal,
        run: RunId,
        part: Part,
        content: &[u8],
    ) -> Result<Put, StoreError>;

    /// Gives up what was taken in for a run that has no event and will have none.
    async fn give_up(&self, principal: &Principal, run: RunId) -> Result<(), StoreError>;

    /// Content by its hash, as [`Record::put_blob`] returned it; none if it was erased. Whoever knows a
    /// hash may read: it comes from a history, never from a request.
    async fn get_blob(&self, sha256: &str) -> Result<Option<Vec<u8>>, StoreError>;

    /// As [`Record::get_blob`], to be read in pieces.
    async fn open_blob(&self, sha256: &str) -> Result<Option<Content>, StoreError> {
        Ok(self.get_blob(sha256).await?.map(Content::from))
    }

    /// Notes that a request of the principal's key, known by the name its client gave it, is carried out
    /// as `claim.run`; unless it was noted before, in the last [`CLAIM_KEPT_MS`].
    async fn claim(&self, principal: &Principal, claim: &Claim) -> Result<Claimed, StoreError>;

    /// Puts `claim.run` in the place of `gone`, a run that is not in progress: true if that was the claim's
    /// run still, and came to no answer. It was refused or has failed then, or nothing of it is in the record
    /// and the claim is older than [`CLAIM_TAKEN_OVER_MS`].
    async fn take_over(&self, principal: &Principal, claim: &Claim, gone: RunId) -> Result<bool, StoreError>;

    /// Forgets the claim that a run carries out, so that the request may be sent again under its name.
    async fn release(&self, principal: &Principal, run: RunId) -> Result<(), StoreError>;

    /// The tenant's runs, newest first: at most `limit` of those before `before`.
    async fn runs(
        &self,
        principal: &Principal,
        before: Option<RunId>,
        limit: u32,
    ) -> Result<Vec<RunId>, StoreError>;

    /// A run's history in order, empty if the run does not exist or belongs to another tenant.
    async fn history(&self, principal: &Principal, run: RunId) -> Result<Vec<Recorded>, StoreError>;

    /// What was done in the tenant, newest first: at most `limit` of the entries before the one numbered `before`.
    async fn audit(
        &self,
        principal: &Principal,
        before: Option<i64>,
        limit: u32,
    ) -> Result<Vec<AuditEntry>, StoreError>;
}

/// What a reservation is for, and who pays.
#[derive(Debug, Clone, Copy)]
pub struct Charge<'a> {
    /// Whose run it is.
    pub principal: &'a Principal,
    /// The run.
    pub run: RunId,
    /// Its step; another attempt is another step.
    pub step: u32,
    /// The conversation that it belongs to.
    pub session: Option<&'a str>,
    /// Who wrote the code, or is asked for it; empty if the client sent it.
    pub author: &'a str,
}

/// What the ledger says when a step is settled.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Receipt {
    /// The least money that any of those who pay has left, in nano-dollars; none if no limit is in money.
    pub left_nano_usd: Option<i64>,
    /// Thresholds that were reached with this step.
    pub crossed: Vec<Crossing>,
}

/// What is left to be written of what was asked for, soon and by the caller.
pub type Rest = BoxFuture<'static, ()>;

/// Is called once an amount is known to fit, before that is written. It must not wait.
pub type Admitted<'a> = &'a (dyn Fn() + Send + Sync);

/// Keeps what everybody may use. A reservation is admitted only if it fits under every limit then in
/// force together with everything spent and reserved.
#[async_trait]
pub trait Ledger: Send + Sync {
    /// Reserves `amount` and appends `events`, in one durable transaction: after it returns, a crash cannot
    /// lose the reservation. Repeating it for the same step changes nothing.
    ///
    /// # Errors
    /// [`LedgerError::Exhausted`] if it does not fit, [`LedgerError::Quota`] if the contents that the events
    /// name do not, [`LedgerError::KeyEnded`] if its key is not accepted any more; then nothing was reserved
    /// and no event appended.
    async fn reserve(
        &self,
        charge: Charge<'_>,
        amount: Amount,
        events: &[Recorded],
    ) -> Result<(), LedgerError> {
        self.reserve_and_tell(charge, amount, events, &|| {}).await
    }

    /// As [`Ledger::reserve`], and calls `admitted` if it is known before the end that the amount fits: what can be
    /// given up again may begin then.
    async fn reserve_and_tell(
        &self,
        charge: Charge<'_>,
        amount: Amount,
        events: &[Recorded],
        admitted: Admitted<'_>,
    ) -> Result<(), LedgerError>;

    /// Begins a step that was reserved before and has waited since, and appends `events`, in one durable
    /// transaction.
    ///
    /// # Errors
    /// [`LedgerError::KeyEnded`] if its key is not accepted any more; [`LedgerError::Store`] also if nothing is
    /// held for it, or not in time. Then it must not begin.
    async fn start(
        &self,
        principal: &Principal,
        run: RunId,
        step: u32,
        events: &[Recorded],
    ) -> Result<(), LedgerError>;

    /// Has the caller hold what is reserved for a step, if nobody holds it in time: true then.
    async fn adopt(&self, principal: &Principal, run: RunId, step: u32) -> Result<bool, StoreError>;

    /// Replaces the reservation by what was used and appends `events`, in one transaction. More than was
    /// reserved is recorded in full. After the step was settled as interrupted, what was used beyond its
    /// bound is added, no event is appended, and it fails.
    async fn settle(
        &self,
        principal: &Principal,
        run: RunId,
        step: u32,
        used: Amount,
        events: &[Recorded],
    ) -> Result<Receipt, LedgerError>;

    /// As [`Ledger::settle`], and may leave the writing to the caller, unless there may be no room for it: whoever
    /// asks the same process for anything meanwhile waits for that. A crash before leaves the step held, and it
    /// counts as interrupted.
    async fn settle_soon(
        &self,
        principal: &Principal,
        run: RunId,
        step: u32,
        used: Amount,
        events: &[Recorded],
    ) -> Result<(Receipt, Option<Rest>), LedgerError> {
        Ok((self.settle(principal, run, step, used, events).await?, None))
    }

    /// Writes the rest of what was reserved, for whoever has started what it is for. If nobody calls it, whoever
    /// asks for anything next does it first.
    async fn catch_up(&self) {}

    /// Fine while the principal's key is accepted.
    ///
    /// # Errors
    /// [`LedgerError::KeyEnded`] once it is revoked or expired.
    async fn check_key(&self, principal: &Principal) -> Result<(), LedgerError>;
}

/// Why the ledger refuses.
#[derive(Debug, thiserror::Error)]
pub enum LedgerError {
    /// Some of those who pay have too little left.
    #[error("{}, ask an administrator to raise it", list(.0))]
    Exhausted(Vec<Shortfall>),
    /// The user has too many steps that wait for a person.
    #[error("{0} steps wait for a person's decision, as many as may; decide on some of them first")]
    TooManyWait(i64),
    /// The key is not accepted any more.
    #[error("key {0} was revoked or has expired")]
    KeyEnded(String),
    /// What the run would keep exceeds what runs may keep.
    #[error(transparent)]
    Quota(#[from] QuotaExceeded),
    /// The store failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

fn list(shortfalls: &[Shortfall]) -> String {
    shortfalls.iter().map(ToString::to_string).collect::<Vec<_>>().join("; ")
}

impl From<AppendError> for LedgerError {
    fn from(error: AppendError) -> Self {
        match error {
            AppendError::Quota(quota) => LedgerError::Quota(quota),
            AppendError::Store(error) => LedgerError::Store(error),
        }
    }
}

/// The store failed; nothing was half-done.
#[derive(Debug, thiserror::Error)]
#[error("{}", if *full {
    format!("no room is left for the data while {doing}, free space where the data directory is")
} else if *gone {
    format!("the database did not answer while {doing}, try again")
} else {
    format!("store failed while {doing}: {reason}")
})]
pub struct StoreError {
    /// What was being done, such as "appending events".
    pub doing: &'static str,
    /// The database's or the file system's own words.
    pub reason: String,
    /// True if there is no room left: freeing space mends it, and nothing else needs to be done.
    pub full: bool,
    /// True if the database does not answer: it may do so again, and nothing else needs to be done.
    pub gone: bool,
}

impl StoreError {
    /// A failure that more room would not have prevented.
    pub fn new(doing: &'static str, reason: impl Into<String>) -> StoreError {
        StoreError { doing, reason: reason.into(), full: false, gone: false }
    }
}

/// Writes code from words.
#[async_trait]
pub trait CodeAuthor: Send + Sync {
    /// Who it is, as recorded, such as `analyst` or `openai:gpt-4o`.
    fn name(&self) -> String;

    /// True if it can mend its own program when it is shown what the program wrote on standard error.
    fn can_repair(&self) -> bool {
        false
    }

    /// What asking it may use at most: money and tokens. Nothing if it is free.
    fn bound(&self, _assignment: &Assignment) -> Amount {
        Amount::default()
    }

    /// Writes a program that answers the question, or says why not.
    async fn write(&self, assignment: &Assignment) -> Written;
}

/// What came of asking an author.
#[derive(Debug)]
pub struct Written {
    /// The program, or why there is none.
    pub draft: Result<Draft, AuthorError>,
    /// What asking used: money and tokens; none if nobody knows, and its bound is charged.
    pub used: Option<Amount>,
}

impl Written {
    /// What comes of an author that costs nothing.
    pub fn free(draft: Result<Draft, AuthorError>) -> Written {
        Written { draft, used: Some(Amount::default()) }
    }
}

/// What an author is asked to do. It never sees rows, only what a jailed reader measured.
#[derive(Debug, Clone, Default)]
pub struct Assignment {
    /// The question in plain words.
    pub question: String,
    /// One profile for each table of each input file: a workbook has one on each sheet.
    pub tables: Vec<TableProfile>,
    /// Names of all input files, tables or not.
    pub files: Vec<String>,
    /// The author's own program that failed, if it is asked again.
    pub failure: Option<FailedDraft>,
    /// What was asked before in the same conversation, the newest last.
    pub earlier: Vec<Turn>,
}

/// An earlier question of a conversation.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Turn {
    /// The question, or the answer to the one that was asked back.
    pub question: String,
    /// What was asked back, if it was not answered.
    pub clarification: Option<Clarification>,
    /// What the author wanted to remember of it.
    pub memory: Option<serde_json::Value>,
}

/// One question back to the person.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
#[serde(rename_all = "camelCase")]
pub struct Clarification {
    /// The question.
    pub question: String,
    /// Answers to choose from, two to four; none if there is no such choice.
    pub options: Vec<String>,
}

impl<T: Into<String>> From<T> for Clarification {
    fn from(question: T) -> Self {
        Clarification { question: question.into(), options: Vec::new() }
    }
}

impl fmt::Display for Clarification {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.question)
    }
}

/// A program that ran and failed, shown to the author that wrote it.
#[derive(Debug, Clone)]
pub struct FailedDraft {
    /// The program.
    pub draft: Draft,
    /// The end of its standard error, a few KiB at most.
    pub stderr: String,
}

/// An author's program.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Draft {
    /// Its language.
    pub language: Language,
    /// Its text.
    pub code: String,
    /// What it does, in a sentence: how the question was understood.
    pub explanation: String,
    /// How sure the author is that this was meant, in percent; none if it does not say.
    #[serde(default)]
    pub confidence: Option<u8>,
    /// What the author wants to be shown when the conversation goes on.
    #[serde(default)]
    pub memory: Option<serde_json::Value>,
}

/// Why there is no program.
#[derive(Debug, thiserror::Error)]
pub enum AuthorError {
    /// The question was not understood; the message says what can be asked.
    #[error("{0}")]
    NotUnderstood(String),
    /// The data cannot say; the message names what there is.
    #[error("{0}")]
    Unanswerable(String),
    /// It would destroy or send away something.
    #[error("{0}")]
    Destructive(String),
    /// One question back to the person, and what to remember of this one.
    #[error("{0}")]
    Unclear(Clarification, Option<serde_json::Value>),
    /// The model's endpoint failed; another author may be tried.
    #[error("model endpoint failed: {0}")]
    Unavailable(String),
    /// Too little is left to ask it.
    #[error(transparent)]
    TooDear(LedgerError),
    /// The model's answer held no usable program.
    #[error("model answer is unusable: {0}")]
    Unusable(String),
}

impl AuthorError {
    /// One question back, of which nothing is to be remembered.
    pub fn unclear(question: impl Into<Clarification>) -> AuthorError {
        AuthorError::Unclear(question.into(), None)
    }
}
