//! The jail: what happens between a new process and the guest's first byte.
//!
//! The supervisor clones a jail's init into new namespaces; [`init`] is everything that process does.
//! It builds the root, waits for its one run, starts the guest as its child, waits, and reports. Each
//! step below is named; if one fails, nothing of the guest has run, and the name and the kernel's
//! answer are the report.

pub(crate) mod cgroup;
pub(crate) mod credentials;
mod guest;
mod join;
mod landlock;
mod mounts;
pub(crate) mod namespaces;
pub(crate) mod rlimits;
pub(crate) mod seccomp;
pub(crate) mod warm;
pub(crate) mod weaken;
pub(crate) mod zygote;

use std::{
    collections::BTreeMap,
    fmt,
    fs::OpenOptions,
    io::{self, Write as _},
    os::{
        fd::{AsFd, BorrowedFd, OwnedFd},
        unix::fs::OpenOptionsExt as _,
    },
};

use ringfence_job::Runtime;
use rustix::thread::{CpuSet, sched_getcpu, sched_setaffinity};
use seccompiler::sock_filter;

use guest::Guest;
pub(crate) use mounts::{Source, mount_own_processes, prepare_stage, prepare_template, template};
use warm::Ahead;

use crate::{
    runtimes::Warm,
    sys,
    wire::{self, InitReport, InitRequest, RunPayload},
};

/// How a runtime starts a program.
#[derive(Debug, Clone)]
pub(crate) struct RuntimeCommand {
    /// The program and its first arguments, in which `{memoryMiB}` stands for the run's memory limit.
    pub(crate) words: Vec<String>,
    /// True if the path of the guest's text comes next.
    pub(crate) takes_code: bool,
    /// File name of the guest's text.
    pub(crate) code_name: String,
    /// Environment.
    pub(crate) env: Vec<(String, String)>,
    /// How it is started before there is a program, if it can be.
    pub(crate) warm: Option<Warm>,
}

/// What a jail's init needs to know.
pub(crate) struct Plan<'a> {
    /// Whether this process could enter its control groups: it did so before anything else.
    pub(crate) entered: io::Result<()>,
    /// The tree that the root holds.
    pub(crate) runtime: Runtime,
    /// What is started at once, to wait for a run.
    pub(crate) ahead: Option<Ahead>,
    /// How each runtime starts a program.
    pub(crate) runtimes: &'a BTreeMap<Runtime, (Source, RuntimeCommand)>,
    /// The compiled system call filter.
    pub(crate) filter: &'a [sock_filter],
    /// Whether Landlock is applied: false only where the kernel has none.
    pub(crate) landlock: bool,
    /// The processors a run may use; `None` leaves them as they are.
    pub(crate) processors: Option<CpuSet>,
    /// Whether init has an id of its own, apart from the guest's.
    pub(crate) privileged: bool,
    /// Our line to the supervisor.
    pub(crate) supervisor: OwnedFd,
}

impl Plan<'_> {
    /// How a program is started: only its own jail's tree has what that takes.
    fn command(&self, runtime: Runtime) -> io::Result<&RuntimeCommand> {
        let known = self.runtimes.get(&runtime).filter(|_| runtime.tree() == self.runtime);
        known.map(|(_, command)| command).ok_or_else(|| io::Error::other("a run for another runtime"))
    }
}

/// A step that failed.
struct StepError {
    step: &'static str,
    cause: String,
    /// True if no run has come to harm: another jail can take it.
    harmless: bool,
}

impl fmt::Display for StepError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.step, self.cause)
    }
}

/// Names a step, so that an error says where it happened.
fn step<T, E: std::fmt::Display>(step: &'static str, result: Result<T, E>) -> Result<T, StepError> {
    result.map_err(|error| StepError { step, cause: error.to_string(), harmless: false })
}

/// Everything a jail's init does. It is pid 1 there; when it ends, the kernel ends the rest. `output` is
/// where the guest's standard output and error go.
pub(crate) fn init(plan: &Plan<'_>, output: [OwnedFd; 2]) -> ! {
    let started = build(plan, output).and_then(|mut guest| start(plan, &mut guest).map(|()| guest));
    let report = match started {
        Ok(guest) if guest.is_joined() => wait_for_the_end(),
        Ok(guest) => wait_for(guest.pid),
        Err(error) if error.harmless => InitReport::Gone,
        Err(error) => InitReport::Failed { reason: error.to_string() },
    };
    // Without a supervisor there is nobody to tell; the kernel ends the run either way.
    let _ = tell(plan.supervisor.as_fd(), &report, None);
    sys::exit_now(0)
}

/// Builds the jail around this process, for whatever will run there: the guest's process, which waits.
fn build(plan: &Plan<'_>, output: [OwnedFd; 2]) -> Result<Guest, StepError> {
    sys::set_process_name(c"ringfence-init");
    // If the supervisor dies, so do we. It has one thread, so the signal means its death.
    step("follow the supervisor", sys::prctl(libc::PR_SET_PDEATHSIG, signal_number(libc::SIGKILL)))?;
    step("enter control groups", plan.entered.as_ref())?;
    step("wait for ids", wait_for_ids(plan.supervisor.as_fd()))?;
    step("set signals", sys::reset_signals())?;
    // Only now, as the group is entered: its path would otherwise show in /proc/self/cgroup.
    step("hide control groups", namespaces::new_cgroup_view())?;
    if plan.privileged {
        step("become init's group", sys::set_gid(credentials::INIT_ID))?;
        step("become init's user", sys::set_uid(credentials::INIT_ID))?;
        // Changing ids has cleared it.
        step("follow the supervisor", sys::prctl(libc::PR_SET_PDEATHSIG, signal_number(libc::SIGKILL)))?;
    }
    // Built ahead of its need, a jail must not take a processor from what runs already.
    step("stay on this processor", stay_here(plan))?;
    // The guest may not look into us, whatever uid it has.
    step("hide from tracing", sys::prctl(libc::PR_SET_DUMPABLE, 0))?;
    step("set host name", rustix::system::sethostname(b"ringfence"))?;
    step("refuse user namespaces", namespaces::refuse_user_namespaces())?;
    step("assemble root", mounts::assemble_root(plan.runtime))?;
    step("enter root", mounts::enter_root())?;
    let work = step("open working directory", mounts::open_work())?;
    let handed_over = tell(plan.supervisor.as_fd(), &InitReport::Work, Some(work.as_fd()));
    step("hand over working directory", handed_over)?;
    step("let go of the supervisor's output", release_output())?;
    match plan.ahead.as_ref().and_then(|ahead| ahead.invites.as_ref()) {
        Some(line) => {
            // Whoever joins is not our child, and of others' children nobody asks.
            sys::ignore_children();
            let guest = step("invite the guest", join::invite(plan, &output, line.as_fd()));
            // The zygote may be gone.
            guest.map_err(|error| StepError { harmless: true, ..error })
        }
        None => step("fork the guest's process", Guest::fork(plan, output)),
    }
}

/// Waits for the jail's one run and starts it.
fn start(plan: &Plan<'_>, guest: &mut Guest) -> Result<(), StepError> {
    guest.stand_by(plan.supervisor.as_fd())?;
    let payload = step("wait for a run", wait_to_load(plan.supervisor.as_fd()))?;
    step("use every processor", use_every_processor(plan))?;
    step("size scratch", mounts::size_scratch(&payload.spec.limits, payload.spec.code_bytes))?;
    step("place program and files", place_files(plan, &payload))?;
    step("close the program's directory", mounts::close_job())?;
    guest.load(plan, &payload)?;
    guest.stand_by(plan.supervisor.as_fd())?;
    step("wait for its start", wait_to_start(plan.supervisor.as_fd()))?;
    guest.start(plan)
}

/// A guest that has joined is its parent's to wait for, the supervisor's, which then ends us.
fn wait_for_the_end() -> ! {
    loop {
        rustix::event::pause();
    }
}

/// Reaps whatever ends until the guest's first process has.
fn wait_for(guest: i32) -> InitReport {
    loop {
        match sys::wait_any() {
            Ok(Some((pid, wait_status))) if pid == guest => return InitReport::Exited { wait_status },
            Ok(Some(_)) => {}
            Ok(None) => return InitReport::Failed { reason: "wait for guest: it is gone".to_owned() },
            Err(error) => return InitReport::Failed { reason: format!("wait for guest: {error}") },
        }
    }
}

fn wait_for_ids(supervisor: BorrowedFd<'_>) -> io::Result<()> {
    match wait_for_request(supervisor)? {
        (InitRequest::Build, _) => Ok(()),
        (InitRequest::Load | InitRequest::Start, _) => {
            Err(io::Error::other("a run before the jail is built"))
        }
    }
}

fn wait_to_load(teller: BorrowedFd<'_>) -> io::Result<RunPayload> {
    match wait_for_request(teller)? {
        (InitRequest::Load, Some(payload)) => RunPayload::open(payload),
        (InitRequest::Load | InitRequest::Start | InitRequest::Build, _) => {
            Err(io::Error::other("a run without a payload"))
        }
    }
}

fn wait_to_start(teller: BorrowedFd<'_>) -> io::Result<()> {
    match wait_for_request(teller)? {
        (InitRequest::Start, _) => Ok(()),
        (InitRequest::Load | InitRequest::Build, _) => Err(io::Error::other("a run that is loaded already")),
    }
}

/// Of the supervisor, or of init by the guest's process.
fn wait_for_request(teller: BorrowedFd<'_>) -> io::Result<(InitRequest, Option<OwnedFd>)> {
    wire::wait(teller, &mut [0; 16])?.ok_or_else(|| io::Error::other("whoever is to tell it is gone"))
}

fn tell(supervisor: BorrowedFd<'_>, report: &InitReport, attached: Option<BorrowedFd<'_>>) -> io::Result<()> {
    wire::send(supervisor, &wire::encode(report)?, attached)
}

/// The guest's process, forked later, stays as well.
fn stay_here(plan: &Plan<'_>) -> io::Result<()> {
    if plan.processors.is_some() {
        let mut here = CpuSet::new();
        here.set(sched_getcpu());
        sched_setaffinity(None, &here)?;
    }
    Ok(())
}

fn use_every_processor(plan: &Plan<'_>) -> io::Result<()> {
    Ok(plan.processors.as_ref().map_or(Ok(()), |processors| sched_setaffinity(None, processors))?)
}

/// Puts the program into /job and the input files into the working directory.
fn place_files(plan: &Plan<'_>, payload: &RunPayload) -> io::Result<()> {
    let code_name = &plan.command(payload.spec.runtime)?.code_name;
    write_new(&mounts::code_path(code_name), &payload.code()?)?;
    for (name, place) in payload.files() {
        let path = mounts::input_path(name);
        write_new(&path, &wire::read_at(payload.file(), place)?)?;
        mounts::give_to_guest(&path)?;
    }
    Ok(())
}

fn write_new(path: &std::path::Path, content: &[u8]) -> io::Result<()> {
    let mut file = OpenOptions::new().write(true).create_new(true).mode(0o644).open(path)?;
    file.write_all(content)
}

/// Puts /dev/null in place of the supervisor's standard streams.
fn release_output() -> io::Result<()> {
    let null = OpenOptions::new().read(true).write(true).open("/dev/null")?;
    for number in 0..3 {
        sys::dup_to(null.as_fd(), number)?;
    }
    Ok(())
}

fn signal_number(signal: i32) -> libc::c_ulong {
    libc::c_ulong::from(signal.unsigned_abs())
}
