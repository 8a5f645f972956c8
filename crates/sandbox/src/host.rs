//! The server's asynchronous end of the supervisor: start it, send it jobs, receive outcomes.

use std::{
    collections::{BTreeMap, HashMap},
    io,
    os::fd::{AsFd, OwnedFd},
    path::{Path, PathBuf},
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use ringfence_job::{
    Isolation, Job, Layer, Limits, LimitsPolicy, Outcome, OutputFile, Progress, Runtime, Stream,
};
use rustix::event::{PollFd, PollFlags, Timespec};
use tokio::{
    io::{Interest, unix::AsyncFd},
    sync::{OwnedSemaphorePermit, Semaphore, TryAcquireError, mpsc, watch},
};

use crate::{
    jail::{RuntimeCommand, Source},
    reader, runtimes,
    supervisor::{self, Settings},
    sys,
    wire::{self, Ending, Received, Report, Request, RunSpec},
};

/// Longest time a supervisor may take to be ready.
const READY_MAX: Duration = Duration::from_secs(30);

/// What a sandbox is started with.
#[derive(Debug, Clone)]
pub struct SandboxConfig {
    /// Names the data directory in control groups: letters and digits.
    pub instance: String,
    /// Where `runtimes build` put the runtimes.
    pub runtimes_dir: PathBuf,
    /// Runs at the same time.
    pub slots: u16,
    /// Runs that may wait for a slot.
    pub queue: usize,
    /// Jails kept ready for each runtime, beside those in use: they make the next runs start sooner.
    pub spares: usize,
    /// Ceilings that hold for every run.
    pub limits: LimitsPolicy,
    /// Layers without which the operator wants to start all the same.
    pub accept_missing: Vec<Layer>,
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
    present: Vec<Runtime>,
}

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
    let settings = Settings {
        instance: config.instance.clone(),
        slots: config.slots,
        spares: config.spares,
        ceilings: config.limits,
        runtimes: present_runtimes(&config.runtimes_dir)?,
    };
    let present = settings.runtimes.keys().copied().collect();
    match sys::clone_process(0)? {
        None => supervisor::main(settings, supervisors),
        Some((_, pidfd)) => Ok(Started { socket, process: SupervisorProcess(pidfd), config, present }),
    }
}

/// The runtimes that are built, and the reader, which is this program itself.
fn present_runtimes(directory: &Path) -> io::Result<BTreeMap<Runtime, (Source, RuntimeCommand)>> {
    let mut present = BTreeMap::from([(Runtime::Reader, reader::source()?)]);
    for (runtime, name) in [(Runtime::Python, runtimes::Name::Python), (Runtime::Bash, runtimes::Name::Shell)]
    {
        if let Ok(loaded) = runtimes::load(directory, name) {
            let command = RuntimeCommand {
                words: loaded.command,
                takes_code: true,
                code_name: loaded.code_name,
                env: loaded.env,
            };
            present.insert(runtime, (Source::Tree(loaded.root), command));
        }
    }
    Ok(present)
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
            queue: self.config.queue,
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
    queue: usize,
    present: Vec<Runtime>,
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
            closed: watch::Sender::new(false),
        });
        tokio::spawn(receive_reports(Arc::clone(&shared)));
        let sandbox = Sandbox {
            shared,
            slots: Arc::new(Semaphore::new(usize::from(self.slots))),
            places: Arc::new(Semaphore::new(usize::from(self.slots) + self.queue)),
            slot_count: usize::from(self.slots),
            queue: self.queue,
            present: self.present,
        };
        Ok((sandbox, self.process))
    }
}

/// Runs jobs. Cloning it is cheap; [`Sandbox::close`] ends the supervisor.
#[derive(Debug, Clone)]
pub struct Sandbox {
    shared: Arc<Shared>,
    slots: Arc<Semaphore>,
    places: Arc<Semaphore>,
    slot_count: usize,
    queue: usize,
    present: Vec<Runtime>,
}

/// Our own failure to run a job.
#[derive(Debug, thiserror::Error)]
pub enum SandboxError {
    /// Every slot and every place in the queue is taken.
    #[error("all {slots} slots and {queue} places in the queue are taken")]
    Busy {
        /// Slots there are.
        slots: usize,
        /// Places in the queue.
        queue: usize,
    },
    /// The runtime is not built.
    #[error("runtime {0:?} is not built, run: ringfence runtimes build")]
    RuntimeMissing(Runtime),
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
    /// True once nothing can be run any more.
    closed: watch::Sender<bool>,
}

/// A run that the supervisor knows. Its slot is free again when this is dropped.
#[derive(Debug)]
struct Live {
    // Without a bound of its own: a run sends no more than its output limits.
    reports: mpsc::UnboundedSender<(Report, Option<OwnedFd>)>,
    _slot: OwnedSemaphorePermit,
    _place: OwnedSemaphorePermit,
}

impl Sandbox {
    /// True if jobs of this runtime can run.
    pub fn has(&self, runtime: Runtime) -> bool {
        self.present.contains(&runtime)
    }

    /// Ends the supervisor, and with it every run that is left.
    pub fn close(&self) {
        // The supervisor reads the end of the line.
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
        self.run_watched(job, &mut |_| {}, std::future::pending()).await
    }

    /// Runs a job to its end and tells `watcher` what happens meanwhile. Once `stop` resolves, the run
    /// is cancelled; its outcome holds what there was until then.
    ///
    /// # Errors
    /// As [`Sandbox::run`], and [`SandboxError::Stopped`] if it was stopped before it began.
    pub async fn run_watched(
        &self,
        job: &Job,
        watcher: &mut (dyn FnMut(Progress<'_>) + Send),
        stop: impl Future<Output = ()> + Send,
    ) -> Result<Outcome, SandboxError> {
        if !self.has(job.runtime) {
            return Err(SandboxError::RuntimeMissing(job.runtime));
        }
        let mut stop = std::pin::pin!(stop);
        let busy = |_: TryAcquireError| SandboxError::Busy { slots: self.slot_count, queue: self.queue };
        let place = Arc::clone(&self.places).try_acquire_owned().map_err(busy)?;
        let slot = tokio::select! {
            slot = Arc::clone(&self.slots).acquire_owned() => slot.map_err(|_| SandboxError::SupervisorGone)?,
            () = &mut stop => return Err(SandboxError::Stopped),
        };
        let payload = describe(job)?;
        let run = self.shared.next_run.fetch_add(1, Ordering::Relaxed);
        let (reports, mut inbox) = mpsc::unbounded_channel();
        self.shared.live().insert(run, Live { reports, _slot: slot, _place: place });
        let mut cancel = CancelOnDrop { shared: &self.shared, run, armed: true };
        self.shared.send(&Request::Run { run }, Some(&payload)).await?;
        watcher(Progress::Started);
        let (mut stdout, mut stderr) = (Vec::new(), Vec::new());
        let mut stopping = false;
        loop {
            let report = tokio::select! {
                report = inbox.recv() => report,
                () = &mut stop, if !stopping => {
                    stopping = true;
                    self.shared.send(&Request::Cancel { run }, None).await?;
                    continue;
                }
            };
            match report {
                Some((Report::Output { stream, bytes, .. }, _)) => {
                    watcher(Progress::Output(stream, &bytes));
                    match stream {
                        Stream::Stdout => stdout.extend(bytes),
                        Stream::Stderr => stderr.extend(bytes),
                    }
                }
                Some((Report::Used { usage, .. }, _)) => watcher(Progress::Used(usage)),
                Some((Report::Ended { ending, .. }, files)) => {
                    cancel.armed = false;
                    let files = returned_files(files)?;
                    return Ok(outcome(ending, job.limits, stdout, stderr, files));
                }
                Some((Report::Failed { reason, .. }, _)) => {
                    cancel.armed = false;
                    return Err(SandboxError::Failed(reason));
                }
                Some((Report::Ready { .. } | Report::NotReady { .. }, _)) | None => {
                    return Err(SandboxError::SupervisorGone);
                }
            }
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
        code_bytes: job.code.len() as u64,
        stdin_bytes: job.stdin.len() as u64,
        files: job.files.iter().map(|file| (file.name.clone(), file.content.len() as u64)).collect(),
    };
    let mut bodies: Vec<&[u8]> = vec![job.code.as_bytes(), &job.stdin];
    bodies.extend(job.files.iter().map(|file| &*file.content));
    wire::payload(&spec, &bodies)
}

fn returned_files(payload: Option<OwnedFd>) -> io::Result<Vec<OutputFile>> {
    let Some(payload) = payload else { return Ok(Vec::new()) };
    let (index, mut at) = wire::payload_head::<Vec<(String, u64)>>(&payload)?;
    index
        .into_iter()
        .map(|(name, bytes)| {
            let content = wire::read_at(&payload, at, bytes)?;
            at += bytes;
            Ok(OutputFile { name, content })
        })
        .collect()
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
    }
}

/// Tells the supervisor to end a run whose caller has gone away.
struct CancelOnDrop<'a> {
    shared: &'a Arc<Shared>,
    run: u64,
    armed: bool,
}

impl Drop for CancelOnDrop<'_> {
    fn drop(&mut self) {
        if self.armed && self.shared.live().contains_key(&self.run) {
            let (shared, run) = (Arc::clone(self.shared), self.run);
            // The slot stays taken until the supervisor says that the run is over.
            tokio::spawn(async move { shared.send(&Request::Cancel { run }, None).await });
        }
    }
}

impl Shared {
    fn live(&self) -> MutexGuard<'_, HashMap<u64, Live>> {
        // The map is never left half-changed, so a panic elsewhere does not spoil it.
        self.live.lock().unwrap_or_else(PoisonError::into_inner)
    }

    async fn send(&self, request: &Request, attached: Option<&OwnedFd>) -> Result<(), SandboxError> {
        let frame = wire::encode(request)?;
        let attached = attached.map(OwnedFd::as_fd);
        self.socket
            .async_io(Interest::WRITABLE, |socket| wire::send(socket.as_fd(), &frame, attached))
            .await
            .map_err(|_| SandboxError::SupervisorGone)
    }

    /// Passes a report to the run it is about; the last one ends it.
    fn dispatch(&self, report: Report, attached: Option<OwnedFd>) {
        let (run, last) = match &report {
            Report::Output { run, .. } | Report::Used { run, .. } => (*run, false),
            Report::Ended { run, .. } | Report::Failed { run, .. } => (*run, true),
            Report::Ready { .. } | Report::NotReady { .. } => return,
        };
        let mut live = self.live();
        if let Some(known) = live.get(&run) {
            // The receiver is gone if the run was cancelled.
            let _ = known.reports.send((report, attached));
        }
        if last {
            live.remove(&run);
        }
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
            Ok(Received::Closed) | Err(_) => {
                shared.closed.send_replace(true);
                // Every waiting run learns it by the end of its channel.
                shared.live().clear();
                return;
            }
        }
    }
}
