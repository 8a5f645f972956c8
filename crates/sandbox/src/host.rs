//! The server's asynchronous end of the supervisor: start it, send it jobs, receive outcomes.

use std::{
    collections::{BTreeMap, BTreeSet, HashMap},
    fmt, io, mem,
    os::fd::{AsFd, OwnedFd},
    path::{Path, PathBuf},
    sync::{
        Arc, Mutex, MutexGuard, OnceLock, PoisonError,
        atomic::{AtomicU64, Ordering},
    },
    time::{Duration, Instant},
};

use ringfence_job::{
    Isolation, Job, Layer, Limits, LimitsPolicy, Outcome, OutputFile, Progress, Runtime, Stream,
};
use rustix::event::{PollFd, PollFlags, Timespec};
use tokio::{
    io::{Interest, unix::AsyncFd},
    sync::{OwnedSemaphorePermit, Semaphore, oneshot, watch},
};

use crate::{
    figures::PoolFigures,
    imports::Imports,
    jail::{RuntimeCommand, Source},
    reader, runtimes,
    supervisor::{self, Settings},
    sys,
    wire::{self, Ending, Received, Report, Request, RunSpec},
};

/// Longest time a supervisor may take to be ready.
const READY_MAX: Duration = Duration::from_secs(30);

/// Longest time without a word about a run; collecting what it left takes part of it.
const SILENCE_MAX: Duration = Duration::from_secs(10);

/// What a sandbox is started with.
#[derive(Debug, Clone)]
pub struct SandboxConfig {
    /// Names the data directory in control groups: letters and digits.
    pub instance: String,
    /// Where `runtimes build` put the runtimes.
    pub runtimes_dir: PathBuf,
    /// Runs at the same time.
    pub slots: u16,
    /// What is kept ready for the next runs, beside what is in use.
    pub pool: Pool,
    /// Ceilings that hold for every run.
    pub limits: LimitsPolicy,
    /// Layers without which the operator wants to start all the same.
    pub accept_missing: Vec<Layer>,
}

/// What is kept ready, so that the next runs start sooner. The default is nothing.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Pool {
    /// Empty jails for each runtime's tree.
    pub jails: usize,
    /// What waits of each runtime; nothing of one that is not named.
    pub waiting: BTreeMap<Runtime, Waiting>,
    /// Pythons with libraries loaded, of which those that wait are forks, and what nobody waits for is as
    /// well. Without them nobody waits for Python.
    pub zygotes: bool,
    /// Have the interpreter started first even if none waits: no quicker, but as where one does.
    pub insist: bool,
}

impl Pool {
    /// True if anything is kept ready.
    pub fn keeps_ready(&self) -> bool {
        self.jails > 0 || self.zygotes || self.waiting.values().any(|waiting| waiting.interpreters > 0)
    }
}

/// What may wait of one runtime.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Waiting {
    /// Interpreters, each confined in a jail of its own, that wait for a program, while the runtime is in use; of one
    /// that is not, one at most.
    pub interpreters: usize,
    /// Memory in bytes at which nothing more is made ready: that of all that waits of the runtime, its zygotes
    /// included. Without control groups nobody knows it.
    pub memory_bytes: u64,
}

/// Why a sandbox does not start.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// No process, no socket.
    #[error("cannot start the supervisor: {0}; run: ringfence doctor")]
    Spawn(#[from] io::Error),
    /// The supervisor could not set up what runs need, ended, or was silent.
    #[error("the supervisor did not come up{0}; run: ringfence doctor")]
    NotReady(String),
    /// Layers of the jail are missing.
    #[error(
        "refusing to run without {}: {}; run: ringfence doctor",
        layer_names(missing), problems.join("; ")
    )]
    MissingLayers {
        /// Which.
        missing: Vec<Layer>,
        /// Why, in words.
        problems: Vec<String>,
    },
}

fn layer_names(layers: &[Layer]) -> String {
    layers.iter().map(|layer| layer.name()).collect::<Vec<_>>().join(", ")
}

/// A supervisor that has been forked and may not be ready yet.
#[derive(Debug)]
pub struct Started {
    socket: OwnedFd,
    process: SupervisorProcess,
    config: SandboxConfig,
    present: Present,
}

/// Where each runtime's tree is, and what is executed in it.
type Sources = BTreeMap<Runtime, (Source, RuntimeCommand)>;

/// The runtimes that there are, with the hash that stands for each one's tree; our own reader has none.
type Present = BTreeMap<Runtime, Option<String>>;

/// The supervisor's process, to be waited for once its [`Sandbox`] is gone.
#[derive(Debug)]
pub struct SupervisorProcess(OwnedFd);

impl SupervisorProcess {
    /// Waits until the supervisor has killed every run, cleaned up and ended.
    pub fn wait(self) {
        let _ = rustix::process::waitid(
            rustix::process::WaitId::PidFd(self.0.as_fd()),
            rustix::process::WaitIdOptions::EXITED,
        );
    }
}

/// Forks the supervisor. The caller must have one thread only.
///
/// # Errors
/// [`StartError::Spawn`].
pub fn start(config: SandboxConfig) -> Result<Started, StartError> {
    let (socket, supervisors) = wire::socket_pair()?;
    let (runtimes, present) = present_runtimes(&config.runtimes_dir)?;
    let settings = Settings {
        instance: config.instance.clone(),
        slots: config.slots,
        pool: config.pool.clone(),
        ceilings: config.limits,
        runtimes,
    };
    match sys::clone_process(0, None)? {
        None => supervisor::main(settings, supervisors),
        Some((_, pidfd)) => Ok(Started { socket, process: SupervisorProcess(pidfd), config, present }),
    }
}

/// The runtimes that are built, and the reader, which is this program itself.
fn present_runtimes(directory: &Path) -> io::Result<(Sources, Present)> {
    let mut sources = Sources::from([(Runtime::Reader, reader::source()?)]);
    let mut present = Present::from([(Runtime::Reader, None)]);
    for (runtime, name) in [
        (Runtime::Python, runtimes::Name::Python),
        (Runtime::JavaScript, runtimes::Name::JavaScript),
        (Runtime::TypeScript, runtimes::Name::JavaScript),
        (Runtime::Bash, runtimes::Name::Shell),
    ] {
        if let Ok(mut loaded) = runtimes::load(directory, name) {
            if runtime == Runtime::TypeScript {
                // All that tells the one from the other.
                loaded.code_name = "main.ts".to_owned();
            }
            let command = RuntimeCommand {
                words: loaded.command,
                takes_code: true,
                code_name: loaded.code_name,
                env: loaded.env,
                warm: Some(loaded.warm),
            };
            sources.insert(runtime, (Source::Tree(loaded.root), command));
            present.insert(runtime, Some(loaded.id));
        }
    }
    Ok((sources, present))
}

impl Started {
    /// Waits until the supervisor is ready, and refuses if a layer is missing that the configuration
    /// does not name.
    ///
    /// # Errors
    /// [`StartError::NotReady`] or [`StartError::MissingLayers`].
    pub fn ready(self) -> Result<Ready, StartError> {
        let accepted = self.config.accept_missing.clone();
        let ready = self.ready_as_it_is()?;
        let missing: Vec<Layer> = ready
            .isolation
            .0
            .iter()
            .filter(|state| !state.in_force && !accepted.contains(&state.layer))
            .map(|state| state.layer)
            .collect();
        if missing.is_empty() {
            Ok(ready)
        } else {
            Err(StartError::MissingLayers { missing, problems: ready.problems })
        }
    }

    /// Waits until the supervisor is ready, whatever it lacks: for a doctor only.
    ///
    /// # Errors
    /// [`StartError::NotReady`].
    pub fn ready_as_it_is(self) -> Result<Ready, StartError> {
        let not_ready = |why: String| StartError::NotReady(why);
        let mut waited = [PollFd::new(&self.socket, PollFlags::IN)];
        let timeout = Timespec::try_from(READY_MAX).map_err(|error| not_ready(format!(": {error}")))?;
        let count = rustix::event::poll(&mut waited, Some(&timeout)).map_err(io::Error::from)?;
        if count == 0 {
            return Err(not_ready(format!(" within {} s", READY_MAX.as_secs())));
        }
        let mut buffer = vec![0; wire::FRAME_BYTES_MAX];
        let (isolation, problems) = match wire::receive(self.socket.as_fd(), &mut buffer)? {
            Received::Frame(Report::Ready { isolation, problems }, _) => (isolation, problems),
            Received::Frame(Report::NotReady { reason }, _) => return Err(not_ready(format!(": {reason}"))),
            _ => return Err(not_ready(String::new())),
        };
        Ok(Ready {
            socket: self.socket,
            process: self.process,
            slots: self.config.slots,
            present: self.present,
            isolation,
            problems,
        })
    }
}

/// A supervisor that is ready.
#[derive(Debug)]
pub struct Ready {
    socket: OwnedFd,
    process: SupervisorProcess,
    slots: u16,
    present: Present,
    isolation: Isolation,
    problems: Vec<String>,
}

impl Ready {
    /// The protections every run will have.
    pub fn isolation(&self) -> &Isolation {
        &self.isolation
    }

    /// What could not be set up, in words.
    pub fn problems(&self) -> &[String] {
        &self.problems
    }

    /// Connects to the supervisor from within a tokio runtime.
    ///
    /// # Errors
    /// The socket cannot be watched.
    pub fn connect(self) -> io::Result<(Sandbox, SupervisorProcess)> {
        let shared = Arc::new(Shared {
            socket: sys::watch(self.socket)?,
            live: Mutex::new(HashMap::new()),
            next_run: AtomicU64::new(0),
            damaged: watch::Sender::default(),
            pool: watch::Sender::default(),
            closed: watch::Sender::new(false),
        });
        tokio::spawn(receive_reports(Arc::clone(&shared)));
        let sandbox = Sandbox {
            shared,
            slots: Arc::new(Semaphore::new(usize::from(self.slots))),
            present: self.present,
        };
        Ok((sandbox, self.process))
    }
}

/// Runs jobs. Cloning it is cheap; [`Sandbox::close`] ends the supervisor.
#[derive(Debug, Clone)]
pub struct Sandbox {
    shared: Arc<Shared>,
    /// A last bound: whoever hands jobs in is expected to share the slots out by itself.
    slots: Arc<Semaphore>,
    present: Present,
}

/// Our own failure to run a job.
#[derive(Debug, thiserror::Error)]
pub enum SandboxError {
    /// The runtime is not built.
    #[error("runtime {0:?} is not built, run: ringfence runtimes build")]
    RuntimeMissing(Runtime),
    /// Files of the runtime are gone or others; the text names one and says what to do.
    #[error("{0}")]
    RuntimeDamaged(String),
    /// The supervisor is gone; the service must be started again.
    #[error("the supervisor is gone, start ringfence again")]
    SupervisorGone,
    /// It was stopped while it waited for a slot.
    #[error("stopped before it began")]
    Stopped,
    /// The supervisor could not carry the run through.
    #[error("{0}")]
    Failed(String),
    /// A job that cannot be told to the supervisor, or an answer that makes no sense.
    #[error(transparent)]
    Io(#[from] io::Error),
}

#[derive(Debug)]
struct Shared {
    socket: AsyncFd<OwnedFd>,
    live: Mutex<HashMap<u64, Live>>,
    next_run: AtomicU64,
    /// What is wrong with runtimes, one text for each that is damaged.
    damaged: watch::Sender<Vec<String>>,
    /// What waits for runs.
    pool: watch::Sender<PoolFigures>,
    /// True once nothing can be run any more.
    closed: watch::Sender<bool>,
}

/// Hears what happens to a run while it lasts.
type Watcher = Box<dyn Fn(Progress<'_>) + Send>;

/// A run that the supervisor knows. Its slot is free again when this is dropped.
struct Live {
    limits: Limits,
    stdout: Vec<u8>,
    stderr: Vec<u8>,
    /// None until it is started.
    watcher: Option<Watcher>,
    /// When the supervisor last said something about it, or was told to start it.
    heard: Instant,
    /// Where the end is waited for; none once it was told.
    end: Option<oneshot::Sender<Result<End, SandboxError>>>,
    _slot: OwnedSemaphorePermit,
}

/// The end of a run, with everything the supervisor sent for it.
#[derive(Debug)]
struct End {
    ending: Ending,
    stdout: Vec<u8>,
    stderr: Vec<u8>,
    files: Option<OwnedFd>,
}

impl fmt::Debug for Live {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Live").field("limits", &self.limits).finish_non_exhaustive()
    }
}

impl Live {
    /// Keeps output. More than the run's limit cannot come from a sound supervisor and ends the wait.
    fn keep(&mut self, stream: Stream, bytes: &[u8]) {
        let (kept, limit) = match stream {
            Stream::Stdout => (&mut self.stdout, self.limits.stdout_bytes),
            Stream::Stderr => (&mut self.stderr, self.limits.stderr_bytes),
        };
        if (kept.len() + bytes.len()) as u64 <= limit {
            kept.extend(bytes);
            self.note(Progress::Output(stream, bytes));
        } else {
            self.tell(Err(SandboxError::Failed("the supervisor sent more output than the limit".to_owned())));
        }
    }

    fn note(&self, progress: Progress<'_>) {
        if let Some(watcher) = &self.watcher {
            watcher(progress);
        }
    }

    fn tell(&mut self, end: Result<End, SandboxError>) {
        if let Some(waiting) = self.end.take() {
            // The receiver is gone if the run was cancelled.
            let _ = waiting.send(end);
        }
    }

    fn finish(mut self, ending: Ending, files: Option<OwnedFd>) {
        let (stdout, stderr) = (mem::take(&mut self.stdout), mem::take(&mut self.stderr));
        self.tell(Ok(End { ending, stdout, stderr, files }));
    }
}

impl Sandbox {
    /// True if jobs of this runtime can run.
    pub fn has(&self, runtime: Runtime) -> bool {
        self.present.contains_key(&runtime)
    }

    /// What is wrong with the runtimes at the moment and what to do, one text for each that is damaged.
    pub fn damaged_runtimes(&self) -> Vec<String> {
        self.shared.damaged.borrow().clone()
    }

    /// What waits for runs, as the supervisor said last; at most a few seconds old.
    pub fn pool(&self) -> PoolFigures {
        self.shared.pool.borrow().clone()
    }

    /// True if the supervisor has said nothing for long about a run that it has, of which it gives an
    /// account twice a second: it is stopped, or hangs.
    pub fn is_silent(&self) -> bool {
        let is_silent = |live: &Live| live.watcher.is_some() && live.heard.elapsed() > SILENCE_MAX;
        self.shared.live().values().any(is_silent)
    }

    /// True once nothing can be run any more, because the supervisor is gone.
    pub fn is_closed(&self) -> bool {
        *self.shared.closed.borrow()
    }

    /// Ends the supervisor, and with it every run that is left.
    pub fn close(&self) {
        // The supervisor reads the end of the line, and so do we.
        let _ = rustix::net::shutdown(self.shared.socket.get_ref(), rustix::net::Shutdown::Both);
    }

    /// Waits until the supervisor is gone.
    pub fn closed(&self) -> impl Future<Output = ()> + use<> {
        let mut closed = self.shared.closed.subscribe();
        async move {
            // The sender is never dropped before it has said so.
            let _ = closed.wait_for(|closed| *closed).await;
        }
    }

    /// Runs a job to its end. Dropping the future cancels the run.
    ///
    /// # Errors
    /// Our own failures; what the guest does is in the [`Outcome`].
    pub async fn run(&self, job: &Job) -> Result<Outcome, SandboxError> {
        self.prepare(job)?.run(|_| {}, std::future::pending()).await
    }

    /// Describes a job as a jail gets it.
    ///
    /// # Errors
    /// The runtime is missing, or the job is larger than what can be told.
    pub fn prepare(&self, job: &Job) -> Result<Prepared, SandboxError> {
        let Some(runtime_id) = self.present.get(&job.runtime) else {
            return Err(SandboxError::RuntimeMissing(job.runtime));
        };
        Ok(Prepared {
            sandbox: self.clone(),
            runtime_id: runtime_id.clone(),
            payload: describe(job)?,
            limits: job.limits,
            loaded: OnceLock::new(),
        })
    }
}

/// A job as a jail gets it. Dropping it gives up the jail that it was loaded into.
#[derive(Debug)]
pub struct Prepared {
    sandbox: Sandbox,
    runtime_id: Option<String>,
    payload: OwnedFd,
    limits: Limits,
    loaded: OnceLock<Loaded>,
}

impl Prepared {
    /// Has the job be put into a jail, where it waits for its start. Does not wait itself: what cannot be done at
    /// once, [`Prepared::run`] does.
    pub fn load(&self) {
        if self.loaded.get().is_some() {
            return;
        }
        let Ok(slot) = Arc::clone(&self.sandbox.slots).try_acquire_owned() else { return };
        let loaded = self.enter(slot);
        let frame = wire::encode(&loaded.request());
        let socket = self.sandbox.shared.socket.get_ref().as_fd();
        match frame.and_then(|frame| wire::send(socket, &frame, Some(self.payload.as_fd()))) {
            Ok(()) => drop(self.loaded.set(loaded)),
            Err(_) => loaded.forget(),
        }
    }

    /// Runs the job to its end and tells `watcher` what happens meanwhile. Once `stop` resolves, the run
    /// is cancelled; its outcome holds what there was until then.
    ///
    /// # Errors
    /// As [`Sandbox::run`], and [`SandboxError::Stopped`] if it was stopped before it began.
    pub async fn run(
        mut self,
        watcher: impl Fn(Progress<'_>) + Send + 'static,
        stop: impl Future<Output = ()> + Send,
    ) -> Result<Outcome, SandboxError> {
        let mut stop = std::pin::pin!(stop);
        let mut loaded = match self.loaded.take() {
            Some(loaded) => loaded,
            None => {
                let slot = Arc::clone(&self.sandbox.slots).acquire_owned();
                let slot = tokio::select! {
                    slot = slot => slot.map_err(|_| SandboxError::SupervisorGone)?,
                    () = &mut stop => return Err(SandboxError::Stopped),
                };
                let loaded = self.enter(slot);
                self.sandbox.shared.send(&loaded.request(), Some(&self.payload)).await?;
                loaded
            }
        };
        let (shared, run) = (Arc::clone(&loaded.shared), loaded.run);
        watcher(Progress::Started);
        shared.watch(run, Box::new(watcher));
        shared.send(&Request::Start { run }, None).await?;
        let mut stopping = false;
        let end = loop {
            tokio::select! {
                end = &mut loaded.end => break end.map_err(|_| SandboxError::SupervisorGone)??,
                () = &mut stop, if !stopping => {
                    stopping = true;
                    shared.send(&Request::Cancel { run }, None).await?;
                }
            }
        };
        let files = returned_files(end.files, &self.limits)?;
        let outcome = outcome(end.ending, self.limits, end.stdout, end.stderr, files);
        Ok(Outcome { runtime_id: self.runtime_id.take(), ..outcome })
    }

    /// Puts the run among those that the supervisor knows, just before it is told.
    fn enter(&self, slot: OwnedSemaphorePermit) -> Loaded {
        let shared = Arc::clone(&self.sandbox.shared);
        let run = shared.next_run.fetch_add(1, Ordering::Relaxed);
        let (end, told) = oneshot::channel();
        let live = Live {
            limits: self.limits,
            stdout: Vec::new(),
            stderr: Vec::new(),
            watcher: None,
            heard: Instant::now(),
            end: Some(end),
            _slot: slot,
        };
        shared.live().insert(run, live);
        Loaded { shared, run, end: told }
    }
}

/// A run that the supervisor was told of. Dropped before its end, it is cancelled.
#[derive(Debug)]
struct Loaded {
    shared: Arc<Shared>,
    run: u64,
    end: oneshot::Receiver<Result<End, SandboxError>>,
}

impl Loaded {
    fn request(&self) -> Request {
        Request::Load { run: self.run }
    }

    /// The supervisor was not told after all.
    fn forget(self) {
        self.shared.live().remove(&self.run);
    }
}

impl Drop for Loaded {
    fn drop(&mut self) {
        if self.shared.live().contains_key(&self.run) {
            let (shared, run) = (Arc::clone(&self.shared), self.run);
            // The slot stays taken until the supervisor says that the run is over.
            tokio::spawn(async move { shared.send(&Request::Cancel { run }, None).await });
        }
    }
}

/// The payload that tells the supervisor about a job.
fn describe(job: &Job) -> io::Result<OwnedFd> {
    let spec = RunSpec {
        runtime: job.runtime,
        args: job.args.clone(),
        env: job.env.clone().into_iter().collect(),
        limits: job.limits,
        fresh: job.fresh,
        imports: Imports::guess(&job.code),
        code_bytes: job.code.len() as u64,
        stdin_bytes: job.stdin.len() as u64,
        files: job.files.iter().map(|file| (file.name.clone(), file.content.len() as u64)).collect(),
    };
    let mut bodies: Vec<&[u8]> = vec![job.code.as_bytes(), &job.stdin];
    bodies.extend(job.files.iter().map(|file| &*file.content));
    wire::payload(&spec, &bodies)
}

/// The files a run returns. What the limits do not allow cannot come from a sound supervisor.
fn returned_files(payload: Option<OwnedFd>, limits: &Limits) -> io::Result<Vec<OutputFile>> {
    let Some(payload) = payload else { return Ok(Vec::new()) };
    let (index, bodies_at) = wire::payload_head::<Vec<(String, u64)>>(&payload)?;
    let places = wire::places(&payload, bodies_at, index.iter().map(|(_, bytes)| *bytes))?;
    let bytes = places.iter().map(|(_, bytes)| bytes).sum::<u64>();
    let mut names = BTreeSet::new();
    let plain = index.iter().all(|(name, _)| is_returned_name(name, limits) && names.insert(name));
    if !plain || index.len() as u64 > limits.output_files || bytes > limits.output_bytes {
        let why = "the supervisor returned files that the limits do not allow";
        return Err(io::Error::new(io::ErrorKind::InvalidData, why));
    }
    let read = |((name, _), place)| Ok(OutputFile { name, content: wire::read_at(&payload, place)? });
    index.into_iter().zip(places).map(read).collect()
}

/// True for a path that stays below the working directory, wherever that is.
fn is_returned_name(name: &str, limits: &Limits) -> bool {
    name.len() as u64 <= limits.output_name_bytes
        && !name.contains('\0')
        && name.split('/').all(|part| !matches!(part, "" | "." | ".."))
}

fn outcome(
    ending: Ending,
    limits: Limits,
    stdout: Vec<u8>,
    stderr: Vec<u8>,
    files: Vec<OutputFile>,
) -> Outcome {
    Outcome {
        status: ending.status,
        exit_code: ending.exit_code,
        signal: ending.signal,
        stdout,
        stderr,
        stdout_truncated: ending.stdout_truncated,
        stderr_truncated: ending.stderr_truncated,
        limits_hit: ending.limits_hit,
        denied_syscalls: ending.denied_syscalls,
        denied_truncated: ending.denied_truncated,
        usage: ending.usage,
        limits,
        files,
        isolation: ending.isolation,
        runtime_id: None,
    }
}

impl Shared {
    fn live(&self) -> MutexGuard<'_, HashMap<u64, Live>> {
        // The map is never left half-changed, so a panic elsewhere does not spoil it.
        self.live.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// A run is about to begin: from now on somebody hears what happens to it.
    fn watch(&self, run: u64, watcher: Watcher) {
        if let Some(live) = self.live().get_mut(&run) {
            (live.watcher, live.heard) = (Some(watcher), Instant::now());
        }
    }

    async fn send(&self, request: &Request, attached: Option<&OwnedFd>) -> Result<(), SandboxError> {
        let frame = wire::encode(request)?;
        let attached = attached.map(OwnedFd::as_fd);
        self.socket
            .async_io(Interest::WRITABLE, |socket| wire::send(socket.as_fd(), &frame, attached))
            .await
            .map_err(|_| SandboxError::SupervisorGone)
    }

    /// Passes a report to the run it is about; the last one ends it. One about a run that is over, or
    /// never was, is nobody's.
    fn dispatch(&self, report: Report, attached: Option<OwnedFd>) {
        let mut live = self.live();
        match report {
            Report::Output { run, stream, bytes } => {
                if let Some(run) = live.get_mut(&run) {
                    run.heard = Instant::now();
                    run.keep(stream, &bytes);
                }
            }
            Report::Used { run, usage } => {
                if let Some(run) = live.get_mut(&run) {
                    run.heard = Instant::now();
                    run.note(Progress::Used(usage));
                }
            }
            Report::Ended { run, ending } => {
                if let Some(run) = live.remove(&run) {
                    run.finish(ending, attached);
                }
            }
            Report::Failed { run, reason } => {
                if let Some(mut run) = live.remove(&run) {
                    run.tell(Err(SandboxError::Failed(reason)));
                }
            }
            Report::RuntimeDamaged { run, reason } => {
                if let Some(mut run) = live.remove(&run) {
                    run.tell(Err(SandboxError::RuntimeDamaged(reason)));
                }
            }
            Report::Runtimes { damaged } => {
                tracing::warn!(damaged = damaged.join("; "), "state of the runtimes has changed");
                self.damaged.send_replace(damaged);
            }
            Report::Pool { figures } => drop(self.pool.send_replace(figures)),
            Report::Ready { .. } | Report::NotReady { .. } => {}
        }
    }

    /// Nothing can be run any more: whoever waits, or asks later, learns it.
    fn close(&self) {
        // Both ends read the end of the line. The error would be that it has been closed before.
        let _ = rustix::net::shutdown(self.socket.get_ref(), rustix::net::Shutdown::Both);
        self.closed.send_replace(true);
        self.live().clear();
    }
}

/// Receives reports until the supervisor is gone.
async fn receive_reports(shared: Arc<Shared>) {
    let mut buffer = vec![0; wire::FRAME_BYTES_MAX];
    loop {
        let Ok(mut guard) = shared.socket.readable().await else { return };
        match wire::receive(shared.socket.as_fd(), &mut buffer) {
            Ok(Received::Frame(report, attached)) => shared.dispatch(report, attached),
            Ok(Received::Nothing) => guard.clear_ready(),
            Ok(Received::Closed) => return shared.close(),
            Err(error) => {
                tracing::error!(%error, "the supervisor does not speak our language");
                return shared.close();
            }
        }
    }
}

#[cfg(test)]
mod tests;
