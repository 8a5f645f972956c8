//! An interpreter that is started before there is a run, in a jail that is finished and confined like any
//! guest: it waits for its program by itself and goes on as that.
//!
//! It is told on [`LINE`], by init: the words of its program's command line, each followed by a NUL, once
//! the program is in its place, and a newline once it may begin. It says a NUL, which is a frame with an
//! empty text, once it is ready. `runtimes/*/` hold the interpreters' side of this.

use std::{
    convert::Infallible,
    ffi::OsString,
    io,
    os::{
        fd::{BorrowedFd, OwnedFd},
        unix::ffi::OsStringExt as _,
    },
};

use ringfence_job::{Limits, Runtime};

use super::{Plan, RuntimeCommand, StepError, guest, mounts, step, use_every_processor, weaken};
use crate::{
    sys,
    wire::{self, RunPayload, RunSpec},
};

/// The descriptor by which an interpreter hears of its program.
const LINE: i32 = 3;

/// What lets a program begin.
const BEGIN: &[u8] = b"\n";

/// Longest list of arguments that is told, in bytes.
const ARGUMENTS_BYTES_MAX: usize = 64 * 1024;

/// Room for the path that is told before them, in bytes.
const TOLD_BESIDE_BYTES: usize = 4 * 1024;

/// What is in a jail before there is a run.
#[derive(Debug)]
pub(crate) struct Ahead {
    /// Whose interpreter.
    pub(crate) runtime: Runtime,
    /// The memory that a run of it will have, in bytes.
    pub(crate) memory_bytes: u64,
    /// Where a zygote hears of the jail, if a fork of it is to be the interpreter.
    pub(crate) invites: Option<OwnedFd>,
}

/// Whether a run can be had by what was started before it: nothing is asked for that an interpreter finds
/// at its start only, as its environment, or its memory if its command names that. `usual` are the limits of a run
/// that asks for none.
pub(crate) fn can_take(command: &RuntimeCommand, spec: &RunSpec, usual: &Limits) -> bool {
    let arguments = spec.args.iter().map(|word| word.len() + 1).sum::<usize>();
    !spec.fresh
        && spec.env.is_empty()
        && arguments <= ARGUMENTS_BYTES_MAX
        && command.warm.as_ref().is_some_and(|warm| {
            (warm.takes_args || spec.args.is_empty())
                && (spec.limits.memory_bytes == usual.memory_bytes || !guest::names_memory(&warm.command))
        })
}

/// An interpreter that waits for its program, as init sees it.
#[derive(Debug)]
pub(super) struct WarmGuest {
    /// Its standard input, empty until there is a run.
    stdin: OwnedFd,
    /// It has said that it is ready.
    pub(super) ready: bool,
}

impl WarmGuest {
    pub(super) fn new(stdin: OwnedFd) -> WarmGuest {
        WarmGuest { stdin, ready: false }
    }

    /// Gives it a run's standard input and tells it of its program.
    pub(super) fn load(&self, plan: &Plan<'_>, payload: &RunPayload, line: BorrowedFd<'_>) -> io::Result<()> {
        if payload.spec.stdin_bytes > 0 {
            wire::write_all_at(&self.stdin, &payload.stdin()?, 0)?;
        }
        wire::seal(&self.stdin)?;
        let command = plan.command(payload.spec.runtime)?;
        if !command.warm.as_ref().is_some_and(|warm| warm.takes_args) {
            return Ok(());
        }
        let path = mounts::code_path(&command.code_name).display().to_string();
        let words = [&path].into_iter().chain(&payload.spec.args);
        let told: Vec<u8> = words.flat_map(|word| [word.as_bytes(), b"\0"].concat()).collect();
        wire::send_to_mortal(line, &told, None)
    }

    /// Lets its program begin.
    pub(super) fn start(line: BorrowedFd<'_>) -> io::Result<()> {
        wire::send_to_mortal(line, BEGIN, None)
    }
}

/// The guest's process becomes an interpreter that waits for its program. Returns only on failure.
pub(super) fn become_warm(
    plan: &Plan<'_>,
    ahead: &Ahead,
    stdin: BorrowedFd<'_>,
    init: BorrowedFd<'_>,
) -> Result<Infallible, StepError> {
    step("use every processor", use_every_processor(plan))?;
    let (path, argv, env) = step("prepare arguments", execution(plan, ahead))?;
    step("connect standard input", sys::dup_to(stdin, 0))?;
    step("have it wait for init", rustix::io::ioctl_fionbio(init, false))?;
    step("connect the line to init", sys::dup_to(init, LINE))?;
    if weaken::is_off("fds") {
        step("pass on our line", rustix::io::fcntl_setfd(&plan.supervisor, rustix::io::FdFlags::empty()))?;
    } else {
        step("close descriptors", sys::close_on_exec_from(LINE.unsigned_abs() + 1))?;
    }
    step("execute", Err(sys::execve(&path, &argv, &env)))
}

fn execution(plan: &Plan<'_>, ahead: &Ahead) -> io::Result<guest::Execution> {
    let command = plan.command(ahead.runtime)?;
    let warm = command.warm.as_ref().ok_or_else(|| io::Error::other("the runtime cannot be warm"))?;
    let env: Vec<_> = warm.env.clone().into_iter().collect();
    guest::execution(command, &warm.command, &[], &env, ahead.memory_bytes)
}

/// The interpreter's side of the line, for a program of ours: says that it is ready, and gives the arguments of its run
/// once it may begin.
///
/// # Errors
/// Nobody is left to tell it.
pub fn wait_for_arguments() -> io::Result<Vec<OsString>> {
    let line = sys::inherited(LINE);
    rustix::io::write(&line, b"\0")?;
    let told = hear(&line)?;
    hear(&line)?;
    let words = told.strip_suffix(b"\0").unwrap_or_default().split(|byte| *byte == 0);
    // The first is where a program's text would be.
    Ok(words.skip(1).map(|word| OsString::from_vec(word.to_vec())).collect())
}

fn hear(line: &OwnedFd) -> io::Result<Vec<u8>> {
    let mut told = vec![0; ARGUMENTS_BYTES_MAX + TOLD_BESIDE_BYTES];
    let length = rustix::io::retry_on_intr(|| rustix::io::read(line, &mut told))?;
    told.truncate(length);
    if told.is_empty() { Err(io::ErrorKind::UnexpectedEof.into()) } else { Ok(told) }
}
