//! What a zygote's process does before it is an interpreter: it takes the runtime's tree for its root, keeps
//! the two rights it forks guests with, in the supervisor's own user namespace only, and lets everything
//! else go. It sees no byte of a client, and no host.

use std::{
    convert::Infallible,
    ffi::CString,
    io,
    os::fd::{AsFd as _, OwnedFd},
};

use ringfence_job::Runtime;

use super::{RuntimeCommand, StepError, credentials, guest, mounts, step};
use crate::{imports::Imports, sys};

/// Namespaces of its own: it is in the supervisor's for processes, below which the jails' are.
pub(crate) const NAMESPACES: libc::c_int =
    libc::CLONE_NEWNS | libc::CLONE_NEWIPC | libc::CLONE_NEWUTS | libc::CLONE_NEWNET;

/// The descriptor by which it hears of jails.
const LINE: i32 = 3;

/// The interpreter's first arguments.
const PROGRAM: &str = "/usr/lib/ringfence/zygote.py";

/// Becomes a zygote with `imports` loaded. Returns only on failure, which it has told then.
pub(crate) fn become_zygote(
    command: &RuntimeCommand,
    imports: Imports,
    entered: io::Result<()>,
    line: OwnedFd,
) -> ! {
    let error = match prepare(command, imports, entered, line) {
        Ok(never) => match never {},
        Err(error) => error,
    };
    // To the operator: whoever waits for it sees that it is gone.
    let _ = io::Write::write_fmt(&mut io::stderr(), format_args!("ringfence: zygote: {error}\n"));
    sys::exit_now(1)
}

fn prepare(
    command: &RuntimeCommand,
    imports: Imports,
    entered: io::Result<()>,
    line: OwnedFd,
) -> Result<Infallible, StepError> {
    step("follow the supervisor", sys::prctl(libc::PR_SET_PDEATHSIG, libc::SIGKILL as libc::c_ulong))?;
    step("enter control groups", entered)?;
    step("set signals", sys::reset_signals())?;
    step("assemble root", mounts::assemble_zygotes_root(Runtime::Python))?;
    step("enter root", mounts::enter_root())?;
    step("keep two rights", credentials::become_zygote())?;
    step("give up new privileges", sys::prctl(libc::PR_SET_NO_NEW_PRIVS, 1))?;
    let (path, argv, env) = step("prepare arguments", execution(command, imports))?;
    step("have it wait", rustix::io::ioctl_fionbio(&line, false))?;
    step("connect its line", sys::dup_to(line.as_fd(), LINE))?;
    step("close descriptors", sys::close_on_exec_from(LINE.unsigned_abs() + 1))?;
    step("execute", Err(sys::execve(&path, &argv, &env)))
}

fn execution(command: &RuntimeCommand, imports: Imports) -> io::Result<guest::Execution> {
    let interpreter = command.words.first().cloned().unwrap_or_default();
    let numbers = [
        libc::SYS_clone,
        libc::SYS_seccomp,
        libc::SYS_landlock_restrict_self,
        libc::SYS_capset,
        libc::SYS_close_range,
    ];
    let numbers = numbers.map(|number| number.to_string()).join(",");
    let words = [interpreter, PROGRAM.to_owned(), numbers].into_iter();
    let words = words.chain(imports.modules().iter().map(|&module| module.to_owned()));
    let argv = words.map(CString::new).collect::<Result<Vec<_>, _>>()?;
    let env = command.env.iter().map(|(name, value)| CString::new(format!("{name}={value}")));
    let path = argv.first().cloned().ok_or_else(|| io::Error::other("the runtime names no program"))?;
    Ok((path, argv, env.collect::<Result<Vec<_>, _>>()?))
}
