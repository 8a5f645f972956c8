//! The guest's own process, before it is the guest: it gives up everything, waits for the jail's one
//! run, and becomes its program. No byte of a client is looked at before the last privilege is gone.

use std::{
    collections::BTreeMap,
    convert::Infallible,
    ffi::CString,
    fs, io,
    os::fd::{AsFd, BorrowedFd, OwnedFd},
};

use rustix::event::{PollFd, PollFlags};

use super::{
    Plan, RuntimeCommand, StepError, credentials, landlock, mounts, rlimits, step, tell, use_every_processor,
    wait_to_load, wait_to_start,
    warm::{self, WarmGuest},
    weaken,
};
use crate::{
    sys,
    wire::{self, InitReport, InitRequest, RunPayload, RunSpec},
};

/// Longest environment of a guest in bytes, its runtime's own included.
const ENVIRONMENT_BYTES_MAX: usize = 256 * 1024;

/// Longest account of a step that failed, in bytes.
const FAILURE_BYTES_MAX: usize = 4096;

/// The guest's process as init sees it.
#[derive(Debug)]
pub(super) struct Guest {
    /// Its pid in the jail.
    pub(super) pid: i32,
    /// Closed when the program is executed; a frame before that is the step that failed, or if it is
    /// empty, says that a warm one is ready.
    line: OwnedFd,
    /// If it is an interpreter already.
    warm: Option<WarmGuest>,
    /// True if it is not a child of this process.
    joined: bool,
    /// The other end of its line, until it is there: that nobody holds it does not mean that it is gone.
    guests: Option<OwnedFd>,
}

impl Guest {
    /// Forks the guest's process. `output` is where its standard output and error go.
    pub(super) fn fork(plan: &Plan<'_>, output: [OwnedFd; 2]) -> io::Result<Guest> {
        let (line, guests) = wire::socket_pair()?;
        let ahead = plan
            .ahead
            .as_ref()
            .map(|ahead| Ok::<_, io::Error>((ahead, wire::open_memory_file()?)))
            .transpose()?;
        let Some((pid, _pidfd)) = sys::clone_process(0, None)? else {
            let became = confine(plan, output).and_then(|()| match &ahead {
                Some((ahead, stdin)) => warm::become_warm(plan, ahead, stdin.as_fd(), guests.as_fd()),
                None => become_guest(plan, guests.as_fd()),
            });
            let error = match became {
                Ok(never) => match never {},
                Err(error) => error,
            };
            // If init is gone there is nobody to tell, and nothing has run.
            let _ =
                wire::encode(&error.to_string()).and_then(|frame| wire::send(guests.as_fd(), &frame, None));
            sys::exit_now(1)
        };
        Ok(Guest {
            pid,
            line,
            warm: ahead.map(|(_, stdin)| WarmGuest::new(stdin)),
            joined: false,
            guests: None,
        })
    }

    /// A guest that joins from outside, as process `pid`, with the end `guests` of its line.
    pub(super) fn joined(pid: i32, line: OwnedFd, guests: OwnedFd, warm: WarmGuest) -> Guest {
        Guest { pid, line, warm: Some(warm), joined: true, guests: Some(guests) }
    }

    /// True if it is not a child of this process.
    pub(super) fn is_joined(&self) -> bool {
        self.joined
    }

    /// Waits until the supervisor has something to say. A guest's process that ends before is a failure
    /// now: without a run yet, it is not that of the run that would have got it.
    pub(super) fn stand_by(&mut self, supervisor: BorrowedFd<'_>) -> Result<(), StepError> {
        loop {
            let mut waited = [
                PollFd::from_borrowed_fd(supervisor, PollFlags::IN),
                PollFd::from_borrowed_fd(self.line.as_fd(), PollFlags::IN),
            ];
            step("stand by", rustix::io::retry_on_intr(|| rustix::event::poll(&mut waited, None)))?;
            if waited[1].revents().is_empty() {
                return Ok(());
            }
            self.hear_ready(supervisor)?;
        }
    }

    /// Has the guest's process prepare to become the program of a run.
    pub(super) fn load(&mut self, plan: &Plan<'_>, payload: &RunPayload) -> Result<(), StepError> {
        if self.warm.is_none() {
            return self.tell(&InitRequest::Load, Some(payload.file().as_fd()));
        }
        // One that joins may not even be there yet.
        while self.warm.as_ref().is_some_and(|warm| !warm.ready) {
            self.hear_ready(plan.supervisor.as_fd())?;
        }
        if !weaken::is_off("rlimits") {
            let set = step("set resource limits", rlimits::set(self.pid, &payload.spec.limits));
            // It has not heard of its program yet.
            set.map_err(|error| StepError { harmless: true, ..error })?;
        }
        let told = self.warm.as_ref().map(|warm| warm.load(plan, payload, self.line.as_fd()));
        step("tell the interpreter of its program", told.transpose())?;
        Ok(())
    }

    /// Has the guest's process become the program, and reports it.
    pub(super) fn start(&self, plan: &Plan<'_>) -> Result<(), StepError> {
        let report = || step("report start", tell(plan.supervisor.as_fd(), &InitReport::Started, None));
        if self.warm.is_some() {
            // First: it may be over at once.
            report()?;
            return step("let the program begin", WarmGuest::start(self.line.as_fd()));
        }
        let told = self.tell(&InitRequest::Start, None);
        // What it says itself tells more than that it no longer listens.
        self.hear_failure()?;
        told?;
        report()
    }

    fn tell(&self, request: &InitRequest, attached: Option<BorrowedFd<'_>>) -> Result<(), StepError> {
        let told = wire::encode(request).and_then(|frame| wire::send(self.line.as_fd(), &frame, attached));
        step("tell the guest's process", told)
    }

    /// Waits until a warm guest says that it is ready, and passes that on.
    fn hear_ready(&mut self, supervisor: BorrowedFd<'_>) -> Result<(), StepError> {
        let heard = self.hear()?;
        match &mut self.warm {
            Some(warm) if heard && !warm.ready => {
                warm.ready = true;
                self.guests = None;
                step("report readiness", tell(supervisor, &InitReport::Ready, None))
            }
            _ => Err(StepError {
                step: "stand by",
                cause: "the guest's process is gone".to_owned(),
                // Nothing of a program has run before it may begin.
                harmless: true,
            }),
        }
    }

    /// Waits until the guest's process has closed its line: `Ok` unless it said what failed.
    fn hear_failure(&self) -> Result<(), StepError> {
        self.hear().map(drop)
    }

    /// Waits for a word of the guest's process: false if it has closed its line instead.
    fn hear(&self) -> Result<bool, StepError> {
        let mut buffer = [0; FAILURE_BYTES_MAX];
        match step("wait for the guest's process", wire::wait::<String>(self.line.as_fd(), &mut buffer))? {
            None => Ok(false),
            Some((cause, _)) if cause.is_empty() => Ok(true),
            Some((cause, _)) => Err(StepError { step: "start guest", cause, harmless: self.joined }),
        }
    }
}

/// Gives up everything but what a guest has. `output` is where it writes to.
fn confine(plan: &Plan<'_>, output: [OwnedFd; 2]) -> Result<(), StepError> {
    step("start session", rustix::process::setsid())?;
    step("connect standard output", sys::dup_to(output[0].as_fd(), 1))?;
    step("connect standard error", sys::dup_to(output[1].as_fd(), 2))?;
    step("enter working directory", mounts::enter_work())?;
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
    Ok(())
}

/// The guest's process becomes the program of the run it waits for. Returns only on failure.
fn become_guest(plan: &Plan<'_>, init: BorrowedFd<'_>) -> Result<Infallible, StepError> {
    let payload = step("wait for a run", wait_to_load(init))?;
    step("use every processor", use_every_processor(plan))?;
    let (path, argv, env) = step("prepare arguments", arguments(plan, &payload.spec))?;
    let stdin = step("open standard input", open_stdin(&payload))?;
    step("connect standard input", sys::dup_to(stdin.as_fd(), 0))?;
    if !weaken::is_off("rlimits") {
        step("set resource limits", rlimits::set(0, &payload.spec.limits))?;
    }
    if weaken::is_off("fds") {
        step("pass on our line", rustix::io::fcntl_setfd(&plan.supervisor, rustix::io::FdFlags::empty()))?;
    } else {
        step("close descriptors", sys::close_on_exec_from(3))?;
    }
    step("wait for its start", wait_to_start(init))?;
    step("execute", Err(sys::execve(&path, &argv, &env)))
}

fn restrict_system_calls(plan: &Plan<'_>) -> io::Result<()> {
    let listener = sys::seccomp_with_listener(plan.filter)?;
    tell(plan.supervisor.as_fd(), &InitReport::Listener, Some(listener.as_fd()))
}

/// Standard input: nothing, or a sealed memory file of this run.
fn open_stdin(payload: &RunPayload) -> io::Result<OwnedFd> {
    if payload.spec.stdin_bytes == 0 {
        return Ok(fs::File::open("/dev/null")?.into());
    }
    wire::memory_file(&[&payload.stdin()?])
}

/// Where a runtime's own programs are.
const OURS: &str = "/usr/lib/ringfence/";

/// What stands for a run's memory limit in a runtime's words, in mebibytes.
const MEMORY_MIB: &str = "{memoryMiB}";

/// True if a runtime's words name a run's memory limit.
pub(super) fn names_memory(words: &[String]) -> bool {
    words.iter().any(|word| word.contains(MEMORY_MIB))
}

/// Program, arguments and environment.
pub(super) type Execution = (CString, Vec<CString>, Vec<CString>);

/// What a run executes.
fn arguments(plan: &Plan<'_>, spec: &RunSpec) -> io::Result<Execution> {
    let command = plan.command(spec.runtime)?;
    execution(command, &command.words, &spec.args, &spec.env, spec.limits.memory_bytes)
}

/// What is executed: the runtime's `words`, the program's text, the client's `args`, and on top of the
/// runtime's environment, `env`.
pub(super) fn execution(
    command: &RuntimeCommand,
    words: &[String],
    args: &[String],
    env: &[(String, String)],
    memory_bytes: u64,
) -> io::Result<Execution> {
    let memory_mib = (memory_bytes >> 20).to_string();
    let word = |word: &String| match word.starts_with(OURS) {
        true => mounts::inside(word).display().to_string(),
        false => word.replace(MEMORY_MIB, &memory_mib),
    };
    let mut words: Vec<_> = words.iter().map(word).collect();
    words.extend(command.takes_code.then(|| mounts::code_path(&command.code_name).display().to_string()));
    let words = words.iter().chain(args);
    let argv = words.map(|word| CString::new(word.as_bytes())).collect::<Result<Vec<_>, _>>()?;
    let path = argv.first().cloned().ok_or_else(|| io::Error::other("the runtime names no program"))?;
    let ours: Vec<_> = if weaken::is_off("env") { std::env::vars().collect() } else { Vec::new() };
    // The client's variables come last and replace the runtime's.
    let variables = ours.iter().chain(&command.env).chain(env);
    let variables: BTreeMap<&str, &str> =
        variables.map(|(name, value)| (name.as_str(), value.as_str())).collect();
    let env = variables
        .into_iter()
        .map(|(name, value)| CString::new([name.as_bytes(), value.as_bytes()].join(&b'=')))
        .collect::<Result<Vec<_>, _>>()?;
    if env.iter().map(|entry| entry.as_bytes_with_nul().len()).sum::<usize>() > ENVIRONMENT_BYTES_MAX {
        return Err(io::Error::other(format!("the environment is above {ENVIRONMENT_BYTES_MAX} bytes")));
    }
    Ok((path, argv, env))
}
