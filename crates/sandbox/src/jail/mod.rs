//! The jail: what happens between a new process and the guest's first byte.
//!
//! The supervisor clones a jail's init into new namespaces; [`init`] is everything that process does.
//! It builds the root, waits for its one run, starts the guest as its child, waits, and reports. Each
//! step below is named; if one fails, nothing of the guest has run, and the name and the kernel's
//! answer are the report.

pub(crate) mod cgroup;
pub(crate) mod credentials;
mod landlock;
mod mounts;
pub(crate) mod namespaces;
mod rlimits;
pub(crate) mod seccomp;
pub(crate) mod weaken;

use std::{
    ffi::CString,
    fs::{self, OpenOptions},
    io::{self, Read as _, Write as _},
    os::{
        fd::{AsFd, BorrowedFd, OwnedFd},
        unix::fs::OpenOptionsExt as _,
    },
};

use ringfence_job::Runtime;
use seccompiler::sock_filter;

pub(crate) use mounts::{Source, prepare_stage, prepare_template};

use crate::{
    sys,
    wire::{self, InitReport, InitRequest, Received, RunSpec},
};

/// Longest environment of a guest in bytes, its runtime's own included.
const ENVIRONMENT_BYTES_MAX: usize = 256 * 1024;

/// How a runtime starts a program.
#[derive(Debug, Clone)]
pub(crate) struct RuntimeCommand {
    /// The program and its first arguments.
    pub(crate) words: Vec<String>,
    /// True if the path of the guest's text comes next.
    pub(crate) takes_code: bool,
    /// File name of the guest's text.
    pub(crate) code_name: String,
    /// Environment.
    pub(crate) env: Vec<(String, String)>,
}

/// What a jail's init needs to know.
pub(crate) struct Plan<'a> {
    /// Whether this process could enter its control groups: it did so before anything else.
    pub(crate) entered: io::Result<()>,
    /// What the root holds.
    pub(crate) runtime: Runtime,
    /// How the runtime starts a program.
    pub(crate) command: &'a RuntimeCommand,
    /// The compiled system call filter.
    pub(crate) filter: &'a [sock_filter],
    /// Whether Landlock is applied: false only where the kernel has none.
    pub(crate) landlock: bool,
    /// Whether init has an id of its own, apart from the guest's.
    pub(crate) privileged: bool,
    /// Where the guest's standard output goes.
    pub(crate) stdout: OwnedFd,
    /// Where the guest's standard error goes.
    pub(crate) stderr: OwnedFd,
    /// Our line to the supervisor.
    pub(crate) supervisor: OwnedFd,
}

/// What runs in the jail.
struct Guest {
    spec: RunSpec,
    /// Holds the program, its standard input and its files, in this order, from `bodies_at` on.
    payload: OwnedFd,
    bodies_at: u64,
}

/// A step that failed.
struct StepError {
    step: &'static str,
    cause: String,
}

/// Names a step, so that an error says where it happened.
fn step<T, E: std::fmt::Display>(step: &'static str, result: Result<T, E>) -> Result<T, StepError> {
    result.map_err(|error| StepError { step, cause: error.to_string() })
}

/// Everything a jail's init does. It is pid 1 there; when it ends, the kernel ends the rest.
pub(crate) fn init(plan: &Plan<'_>) -> ! {
    let supervisor = plan.supervisor.as_fd();
    let started = build(plan).and_then(|()| receive_guest(plan)).and_then(|guest| start(plan, &guest));
    let report = match started {
        Ok(pid) => wait_for(pid),
        Err(error) => InitReport::Failed { reason: format!("{}: {}", error.step, error.cause) },
    };
    // Without a supervisor there is nobody to tell; the kernel ends the run either way.
    let _ = tell(supervisor, &report, None);
    sys::exit_now(0)
}

/// Builds the jail around this process, for whatever will run there.
fn build(plan: &Plan<'_>) -> Result<(), StepError> {
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
    // The guest may not look into us, whatever uid it has.
    step("hide from tracing", sys::prctl(libc::PR_SET_DUMPABLE, 0))?;
    step("set host name", rustix::system::sethostname(b"ringfence"))?;
    step("refuse user namespaces", namespaces::refuse_user_namespaces())?;
    step("assemble root", mounts::assemble_root(plan.runtime))?;
    step("enter root", mounts::enter_root())?;
    let work = step("open working directory", mounts::open_work())?;
    let handed_over = tell(plan.supervisor.as_fd(), &InitReport::Work, Some(work.as_fd()));
    step("hand over working directory", handed_over)
}

/// Waits for the jail's one run.
fn receive_guest(plan: &Plan<'_>) -> Result<Guest, StepError> {
    let payload = step("wait for a run", wait_for_run(plan.supervisor.as_fd()))?;
    let (spec, bodies_at) = step("read the run", wire::payload_head(&payload))?;
    Ok(Guest { spec, payload, bodies_at })
}

/// Starts the guest in the finished jail: its pid.
fn start(plan: &Plan<'_>, guest: &Guest) -> Result<i32, StepError> {
    step("size scratch", mounts::size_scratch(&guest.spec.limits, guest.spec.code_bytes))?;
    step("place program and files", place_files(plan, guest))?;
    step("close program's directory", mounts::close_job())?;
    let stdin = step("open standard input", open_stdin(guest))?;
    start_guest(plan, guest, &stdin)
}

/// Forks the guest's process and waits until it executes its program.
fn start_guest(plan: &Plan<'_>, guest: &Guest, stdin: &OwnedFd) -> Result<i32, StepError> {
    // Closed by exec without a word: the program runs. Anything written is the step that failed.
    let (read, write) = step("open error pipe", rustix::pipe::pipe_with(rustix::pipe::PipeFlags::CLOEXEC))?;
    let Some((pid, _pidfd)) = step("fork guest", sys::clone_process(0))? else {
        let error = enter_and_execute(plan, guest, stdin);
        let _ = fs::File::from(write).write_all(format!("{}: {}", error.step, error.cause).as_bytes());
        sys::exit_now(1)
    };
    drop(write);
    let mut failure = String::new();
    step("read error pipe", fs::File::from(read).read_to_string(&mut failure))?;
    if !failure.is_empty() {
        return Err(StepError { step: "start guest", cause: failure });
    }
    step("report start", tell(plan.supervisor.as_fd(), &InitReport::Started, None))?;
    // From here on nobody but the guest holds its output.
    step("let go of output", release_output())?;
    Ok(pid)
}

/// The guest's own process: gives up everything, then becomes the program. Returns only on failure.
fn enter_and_execute(plan: &Plan<'_>, guest: &Guest, stdin: &OwnedFd) -> StepError {
    match give_up_and_execute(plan, guest, stdin) {
        Ok(never) => match never {},
        Err(error) => error,
    }
}

fn give_up_and_execute(
    plan: &Plan<'_>,
    guest: &Guest,
    stdin: &OwnedFd,
) -> Result<std::convert::Infallible, StepError> {
    // No guest byte is looked at before the last of these steps.
    let (path, argv, env) = step("prepare arguments", arguments(plan, &guest.spec))?;
    step("start session", rustix::process::setsid())?;
    step("connect standard input", sys::dup_to(stdin.as_fd(), 0))?;
    step("connect standard output", sys::dup_to(plan.stdout.as_fd(), 1))?;
    step("connect standard error", sys::dup_to(plan.stderr.as_fd(), 2))?;
    step("enter working directory", mounts::enter_work())?;
    if !weaken::is_off("rlimits") {
        step("set resource limits", rlimits::set(&guest.spec.limits))?;
    }
    rustix::process::umask(rustix::fs::Mode::from_raw_mode(0o022));
    if !weaken::is_off("credentials") {
        step("give up privileges", credentials::become_guest())?;
    }
    if !weaken::is_off("no_new_privs") {
        step("give up new privileges", sys::prctl(libc::PR_SET_NO_NEW_PRIVS, 1))?;
    }
    if plan.landlock && !weaken::is_off("landlock") {
        step("restrict files", landlock::restrict_self())?;
    }
    if !weaken::is_off("seccomp") {
        step("restrict system calls", restrict_system_calls(plan))?;
    }
    if weaken::is_off("fds") {
        step("pass on our line", rustix::io::fcntl_setfd(&plan.supervisor, rustix::io::FdFlags::empty()))?;
    } else {
        step("close descriptors", sys::close_on_exec_from(3))?;
    }
    step("execute", Err(sys::execve(&path, &argv, &env)))
}

fn restrict_system_calls(plan: &Plan<'_>) -> io::Result<()> {
    let listener = sys::seccomp_with_listener(plan.filter)?;
    tell(plan.supervisor.as_fd(), &InitReport::Listener, Some(listener.as_fd()))
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
        (InitRequest::Run, _) => Err(io::Error::other("a run before the jail is built")),
    }
}

fn wait_for_run(supervisor: BorrowedFd<'_>) -> io::Result<OwnedFd> {
    match wait_for_request(supervisor)? {
        (InitRequest::Run, Some(payload)) => Ok(payload),
        (InitRequest::Run | InitRequest::Build, _) => Err(io::Error::other("a run without a payload")),
    }
}

fn wait_for_request(supervisor: BorrowedFd<'_>) -> io::Result<(InitRequest, Option<OwnedFd>)> {
    let mut buffer = [0; 16];
    let mut waited = [rustix::event::PollFd::from_borrowed_fd(supervisor, rustix::event::PollFlags::IN)];
    loop {
        rustix::event::poll(&mut waited, None)?;
        match wire::receive(supervisor, &mut buffer)? {
            Received::Frame(request, attached) => return Ok((request, attached)),
            Received::Nothing => {}
            Received::Closed => return Err(io::Error::other("the supervisor is gone")),
        }
    }
}

fn tell(supervisor: BorrowedFd<'_>, report: &InitReport, attached: Option<BorrowedFd<'_>>) -> io::Result<()> {
    wire::send(supervisor, &wire::encode(report)?, attached)
}

/// Puts the program into /job and the input files into the working directory.
fn place_files(plan: &Plan<'_>, guest: &Guest) -> io::Result<()> {
    let Guest { spec, payload, bodies_at } = guest;
    let mut at = *bodies_at;
    write_new(&mounts::code_path(&plan.command.code_name), &wire::read_at(payload, at, spec.code_bytes)?)?;
    at += spec.code_bytes + spec.stdin_bytes;
    for (name, bytes) in &spec.files {
        ringfence_job::check_file_name(name).map_err(io::Error::other)?;
        let path = mounts::input_path(name);
        write_new(&path, &wire::read_at(payload, at, *bytes)?)?;
        mounts::give_to_guest(&path)?;
        at += bytes;
    }
    Ok(())
}

fn write_new(path: &std::path::Path, content: &[u8]) -> io::Result<()> {
    let mut file = OpenOptions::new().write(true).create_new(true).mode(0o644).open(path)?;
    file.write_all(content)
}

/// Standard input: nothing, or a sealed memory file of this run.
fn open_stdin(guest: &Guest) -> io::Result<OwnedFd> {
    let Guest { spec, payload, bodies_at } = guest;
    if spec.stdin_bytes == 0 {
        return Ok(fs::File::open("/dev/null")?.into());
    }
    let content = wire::read_at(payload, bodies_at + spec.code_bytes, spec.stdin_bytes)?;
    wire::memory_file(&[&content])
}

/// Program, arguments and environment: the runtime's command, the program's text, the client's words.
fn arguments(plan: &Plan<'_>, spec: &RunSpec) -> io::Result<(CString, Vec<CString>, Vec<CString>)> {
    let code = mounts::code_path(&plan.command.code_name).display().to_string();
    let words = plan.command.words.iter().chain(plan.command.takes_code.then_some(&code)).chain(&spec.args);
    let argv = words.map(|word| CString::new(word.as_bytes())).collect::<Result<Vec<_>, _>>()?;
    let path = argv.first().cloned().ok_or_else(|| io::Error::other("the runtime names no program"))?;
    let ours: Vec<_> = if weaken::is_off("env") { std::env::vars().collect() } else { Vec::new() };
    // The client's variables come last and replace the runtime's.
    let mut env: std::collections::BTreeMap<&str, &str> = std::collections::BTreeMap::new();
    for (name, value) in ours.iter().chain(&plan.command.env).chain(&spec.env) {
        env.insert(name, value);
    }
    let env = env
        .into_iter()
        .map(|(name, value)| CString::new([name.as_bytes(), value.as_bytes()].join(&b'=')))
        .collect::<Result<Vec<_>, _>>()?;
    if env.iter().map(|entry| entry.as_bytes_with_nul().len()).sum::<usize>() > ENVIRONMENT_BYTES_MAX {
        return Err(io::Error::other(format!("the environment is above {ENVIRONMENT_BYTES_MAX} bytes")));
    }
    Ok((path, argv, env))
}

/// Puts /dev/null in place of the descriptors that keep the guest's output open.
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
