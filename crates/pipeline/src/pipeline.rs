//! The pipeline as others see it: it begins runs, has each driven by a task of its own, and knows those in progress.
//!
//! So a run is settled and recorded even if whoever asked goes away: a dropped [`Pipeline::execute`] stops the program,
//! a dropped [`Pipeline::ask`] does not, and neither does whoever looks at a [`Live`] run.

use std::{panic::AssertUnwindSafe, sync::Arc};

use futures::FutureExt;
use ringfence_job::LimitsPolicy;
use tokio::sync::{Semaphore, watch};
use tracing::{Instrument, Span};

use crate::{
    ask::{AskAnswer, AskRequest},
    budget::Prices,
    clearance::Adopted,
    driver::{Driven, Driver},
    error::{ErrorKind, PipelineError},
    journal::Journal,
    live::{End, Live, Lives, StopOnDrop},
    policy::{ExecuteRequest, Policy},
    ports::{Claim, Claimed, Clock, Ports, StoreError},
    program::Program,
    repeat::Repeats,
    run::{Principal, RunId},
    turns::{Busy, Load, Place, Turns},
};

/// What the operator decided.
#[derive(Debug, Clone)]
pub struct PipelineConfig {
    /// What may be executed.
    pub policy: Policy,
    /// Default, floor and ceiling of every limit.
    pub limits: LimitsPolicy,
    /// What things cost.
    pub prices: Prices,
    /// Where time and identities come from.
    pub clock: Clock,
    /// Runs at the same time.
    pub slots: usize,
    /// Runs that may wait for a slot.
    pub queue: usize,
    /// Processors that the runs share.
    pub processors: usize,
    /// Bytes of uploads in memory, from when a run reads them to its end.
    pub uploaded_bytes_max: usize,
}

/// Carries requests to recorded results.
#[derive(Debug, Clone)]
pub struct Pipeline {
    driver: Arc<Driver>,
    /// Counts the runs in progress.
    active: Arc<watch::Sender<usize>>,
    lives: Arc<Lives>,
    turns: Arc<Turns>,
}

impl Pipeline {
    /// A pipeline over these ports.
    pub fn new(ports: Ports, config: PipelineConfig) -> Pipeline {
        let turns = Turns::new(config.slots, config.queue, config.processors);
        let driver = Driver {
            ports: Arc::new(ports),
            uploads: Arc::new(Semaphore::new(config.uploaded_bytes_max)),
            config,
            stopping: watch::Sender::new(false),
        };
        let active = Arc::new(watch::Sender::new(0));
        Pipeline { driver: Arc::new(driver), active, lives: Arc::default(), turns }
    }

    /// A place for one run of the principal. It comes before everything else: who gets none has left no
    /// trace, and costs nothing.
    ///
    /// # Errors
    /// Every place is taken.
    pub fn enter(&self, principal: &Principal) -> Result<Place, Busy> {
        self.turns.enter(principal)
    }

    /// The time, in milliseconds since the Unix epoch.
    pub fn now_ms(&self) -> i64 {
        self.driver.config.clock.now_ms()
    }

    /// The operator's limits.
    pub fn limits(&self) -> &LimitsPolicy {
        &self.driver.config.limits
    }

    /// Begins to execute code; it goes on whoever looks.
    ///
    /// # Panics
    /// If called outside a tokio runtime.
    pub fn start(&self, place: Place, request: ExecuteRequest) -> Arc<Live> {
        self.begin(
            place,
            self.driver.config.clock.new_id(),
            Work::New { request, repeats: None, named: false },
        )
    }

    /// As [`Pipeline::start`], unless a request with this name was begun before. A run that comes to no
    /// answer gives its name back, so that its client may try again; so does, after a while, one that left
    /// nothing because its process crashed.
    ///
    /// # Errors
    /// The store fails.
    ///
    /// # Panics
    /// If called outside a tokio runtime.
    pub async fn start_once(
        &self,
        place: Place,
        name: &str,
        fingerprint: String,
        request: ExecuteRequest,
    ) -> Result<Once, StoreError> {
        let run = self.driver.config.clock.new_id();
        let claim = Claim { name: name.to_owned(), fingerprint, run };
        let (record, principal) = (&self.driver.ports.record, place.principal().clone());
        Ok(match record.claim(&principal, &claim).await? {
            Claimed::Same(before)
                if self.live(&principal, before).is_some()
                    || !record.take_over(&principal, &claim, before).await? =>
            {
                Once::Before(before)
            }
            Claimed::New | Claimed::Same(_) => {
                Once::Begun(self.begin(place, run, Work::New { request, repeats: None, named: true }))
            }
            Claimed::Different => Once::Different,
        })
    }

    /// Begins a run that was accepted by a process that is gone, in its place: `step` is what is reserved for
    /// it. False if another process was quicker.
    ///
    /// # Errors
    /// The store fails, or what it holds is damaged.
    ///
    /// # Panics
    /// If called outside a tokio runtime.
    pub async fn go_on(&self, place: Place, run: RunId, step: u32) -> Result<bool, StoreError> {
        let mut journal = self.journal(place.principal(), run);
        let history = self.driver.ports.record.history(place.principal(), run).await?;
        let program = journal.go_on(&history)?;
        let Some(reserved) = journal.adopt(step).await? else { return Ok(false) };
        self.drive(place, journal, Work::Accepted { program, step, reserved });
        Ok(true)
    }

    fn begin(&self, place: Place, run: RunId, work: Work) -> Arc<Live> {
        let journal = self.journal(place.principal(), run);
        self.drive(place, journal, work)
    }

    fn drive(&self, place: Place, mut journal: Journal, work: Work) -> Arc<Live> {
        let (run, principal) = (journal.run().id(), place.principal().clone());
        let driver = Arc::clone(&self.driver);
        let entered = self.lives.enter(Live::new(run, principal.clone(), self.driver.stopping.subscribe()));
        let live = Arc::clone(&entered.live);
        let active = Active::enter(Arc::clone(&self.active));
        let mut driven = Driven { live: Arc::clone(&live), place, memory: None };
        let named = work.may_be_named();
        let task = async move {
            let _active = active;
            let work = AssertUnwindSafe(async {
                let result = match work {
                    Work::New { request, repeats, .. } => {
                        driver.execute(&mut journal, request, repeats, &mut driven).await
                    }
                    Work::Accepted { program, step, reserved } => {
                        driver.go_on(&mut journal, &program, (step, reserved), &mut driven).await
                    }
                };
                close(&mut journal, result).await
            });
            let result = work.catch_unwind().await.unwrap_or_else(|_| Err(panicked(run)));
            if named
                && result.is_err()
                && let Err(error) = driver.ports.record.release(&principal, run).await
            {
                tracing::error!(%run, %error, "the name of a request could not be given back");
            }
            // Whoever hears the answer may come again at once.
            drop(driven);
            entered.live.end(result.map(Arc::new).map_err(Arc::new));
            // First whoever waits for the answer.
            tokio::task::yield_now().await;
            journal.write_rest().await;
        };
        tokio::spawn(task.instrument(span_of(run)));
        live
    }

    /// Executes code. Dropping the future stops the run, which is still settled and recorded.
    ///
    /// # Errors
    /// Refusals and our own failures; what the program does is an [`Answer`].
    ///
    /// # Panics
    /// If called outside a tokio runtime.
    pub async fn execute(&self, place: Place, request: ExecuteRequest) -> End {
        let live = self.start(place, request);
        let _asked = StopOnDrop(Arc::clone(&live));
        live.ended().await
    }

    /// As [`Pipeline::execute`], as a repetition of another run.
    pub(crate) async fn repeat(&self, place: Place, request: ExecuteRequest, repeats: Repeats) -> End {
        let run = self.driver.config.clock.new_id();
        let live = self.begin(place, run, Work::New { request, repeats: Some(repeats), named: false });
        let _asked = StopOnDrop(Arc::clone(&live));
        live.ended().await
    }

    /// A run in progress, if it is the principal's tenant's.
    pub fn live(&self, principal: &Principal, run: RunId) -> Option<Arc<Live>> {
        self.lives.find(principal, run)
    }

    /// Answers a question. The run begins with the call, and dropping the future does not stop it.
    ///
    /// # Errors
    /// Refusals, questions that nobody understood, and our own failures; a program that fails is an
    /// [`AskAnswer`] whose `run` says so.
    ///
    /// # Panics
    /// If called outside a tokio runtime.
    pub fn ask(
        &self,
        place: Place,
        request: AskRequest,
    ) -> impl Future<Output = Result<AskAnswer, PipelineError>> + use<> {
        let run = self.driver.config.clock.new_id();
        let mut journal = self.journal(place.principal(), run);
        let driver = Arc::clone(&self.driver);
        let live = Arc::new(Live::new(run, place.principal().clone(), self.driver.stopping.subscribe()));
        let mut driven = Driven { live, place, memory: None };
        let active = Active::enter(Arc::clone(&self.active));
        let task = async move {
            let _active = active;
            let mut session = None;
            let result = driver.ask(&mut journal, request, &mut driven, &mut session).await;
            let result = close(&mut journal, result).await;
            result.map_err(|error| PipelineError { session, ..error })
        };
        let task = tokio::spawn(task.instrument(span_of(run)));
        async move { task.await.unwrap_or_else(|_| Err(panicked(run))) }
    }

    /// Cancels every run in progress, and those that come after; each is still settled and recorded.
    pub fn stop(&self) {
        self.driver.stopping.send_replace(true);
    }

    /// Runs in progress.
    pub fn in_progress(&self) -> usize {
        *self.active.borrow()
    }

    /// How busy the slots are.
    pub fn load(&self) -> Load {
        self.turns.load()
    }

    /// Waits until no run is in progress, for an orderly end of the process.
    pub async fn idle(&self) {
        // The sender lives as long as `self`, so waiting cannot fail.
        let _ = self.active.subscribe().wait_for(|active| *active == 0).await;
    }

    pub(crate) fn driver(&self) -> &Driver {
        &self.driver
    }

    fn journal(&self, principal: &Principal, run: RunId) -> Journal {
        let clock = self.driver.config.clock.clone();
        Journal::new(principal.clone(), run, Arc::clone(&self.driver.ports), clock)
    }
}

/// What a run begins with.
enum Work {
    /// A request.
    New {
        request: ExecuteRequest,
        repeats: Option<Repeats>,
        /// True if its client gave it a name.
        named: bool,
    },
    /// What a process that is gone has accepted.
    Accepted {
        program: Program,
        /// The step that it is to begin with.
        step: u32,
        reserved: Adopted,
    },
}

impl Work {
    /// True if its client may have given it a name.
    fn may_be_named(&self) -> bool {
        matches!(self, Work::New { named: true, .. } | Work::Accepted { .. })
    }
}

/// What became of a request that is to be carried out once.
#[derive(Debug)]
pub enum Once {
    /// It has begun.
    Begun(Arc<Live>),
    /// It was begun before, as this run.
    Before(RunId),
    /// Another request was begun under its name.
    Different,
}

/// Names the run in what its task logs, below whatever request it is for.
fn span_of(run: RunId) -> Span {
    tracing::info_span!("run", run_id = %run)
}

fn panicked(run: RunId) -> PipelineError {
    let kind = ErrorKind::Internal("the task of a run panicked".to_owned());
    PipelineError { run, kind, session: None }
}

/// Counts a run as in progress for as long as it lives.
struct Active(Arc<watch::Sender<usize>>);

impl Active {
    fn enter(active: Arc<watch::Sender<usize>>) -> Active {
        active.send_modify(|count| *count += 1);
        Active(active)
    }
}

impl Drop for Active {
    fn drop(&mut self) {
        self.0.send_modify(|count| *count -= 1);
    }
}

/// Ends the run's history if it ended in an error.
async fn close<T>(journal: &mut Journal, result: Result<T, ErrorKind>) -> Result<T, PipelineError> {
    let run = journal.run().id();
    match result {
        Ok(answer) => Ok(answer),
        Err(kind) => {
            if let Err(error) = journal.end(&kind).await {
                tracing::error!(%run, %error, "the end of a run could not be recorded");
            }
            Err(PipelineError { run, kind, session: None })
        }
    }
}
