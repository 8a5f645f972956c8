//! The only unsafe code: thin wrappers around system calls, each with the invariant it relies on.
//!
//! Everything here is called from processes with a single thread (the supervisor, a run's init, the
//! guest before it executes) unless its comment says otherwise.

use std::{
    ffi::{CStr, CString},
    io,
    os::fd::{AsRawFd, BorrowedFd, FromRawFd, IntoRawFd, OwnedFd, RawFd},
    ptr,
    time::Duration,
};

use tokio::io::unix::AsyncFd;

/// Turns the -1 convention of libc into a result.
fn check(value: libc::c_long) -> io::Result<libc::c_long> {
    if value == -1 { Err(io::Error::last_os_error()) } else { Ok(value) }
}

/// A new process: in the parent its pid and a descriptor for it, in the child `None`.
///
/// Like fork(2), with `flags` naming the namespaces the child starts in, and `cgroup` the directory of a
/// cgroup v2 group other than ours to be born in.
pub(crate) fn clone_process(
    flags: libc::c_int,
    cgroup: Option<BorrowedFd<'_>>,
) -> io::Result<Option<(i32, OwnedFd)>> {
    /// linux/sched.h; wider than the type that libc gives it.
    const CLONE_INTO_CGROUP: u64 = 0x2_0000_0000;
    let mut pidfd: RawFd = -1;
    // SAFETY: a zeroed clone_args is valid: no new stack, so the child goes on with a copy of ours.
    let mut args: libc::clone_args = unsafe { std::mem::zeroed() };
    args.flags = (flags | libc::CLONE_PIDFD) as u64;
    args.pidfd = ptr::from_mut(&mut pidfd) as u64;
    args.exit_signal = libc::SIGCHLD as u64;
    if let Some(cgroup) = cgroup {
        args.flags |= CLONE_INTO_CGROUP;
        args.cgroup = cgroup.as_raw_fd() as u64;
    }
    // SAFETY: args and the descriptors in it outlive the call. The caller has one thread, so the child's copy of the heap and
    // of every lock is consistent and it may go on as an ordinary process.
    let pid = check(unsafe { libc::syscall(libc::SYS_clone3, &args, size_of::<libc::clone_args>()) })?;
    if pid == 0 {
        return Ok(None);
    }
    let pid = i32::try_from(pid).map_err(io::Error::other)?;
    // SAFETY: the kernel stored a new descriptor that nobody else owns.
    Ok(Some((pid, unsafe { OwnedFd::from_raw_fd(pidfd) })))
}

/// Ends the process at once, without destructors or atexit handlers.
pub(crate) fn exit_now(code: i32) -> ! {
    // SAFETY: _exit takes any value and does not return.
    unsafe { libc::_exit(code) }
}

/// Moves this process into new namespaces.
pub(crate) fn unshare(flags: libc::c_int) -> io::Result<()> {
    // SAFETY: no pointers; a process with one thread may leave any namespace.
    check(unsafe { libc::unshare(flags) }.into()).map(drop)
}

/// Joins the namespace behind `fd`.
pub(crate) fn setns(fd: BorrowedFd<'_>, kind: libc::c_int) -> io::Result<()> {
    // SAFETY: no pointers.
    check(unsafe { libc::setns(fd.as_raw_fd(), kind) }.into()).map(drop)
}

/// Makes the working directory the root and the old root its own mount point, stacked at ".".
pub(crate) fn pivot_root_here() -> io::Result<()> {
    // SAFETY: both paths are static C strings.
    check(unsafe { libc::syscall(libc::SYS_pivot_root, c".".as_ptr(), c".".as_ptr()) }).map(drop)
}

/// prctl(2) with plain numbers.
pub(crate) fn prctl(option: libc::c_int, value: libc::c_ulong) -> io::Result<()> {
    // SAFETY: used only with options whose arguments are numbers.
    check(unsafe { libc::prctl(option, value, 0, 0, 0) }.into()).map(drop)
}

/// Names this process in `ps`.
pub(crate) fn set_process_name(name: &CStr) {
    // SAFETY: the kernel copies at most 16 bytes of a C string. A failure only loses a name.
    unsafe { libc::prctl(libc::PR_SET_NAME, name.as_ptr()) };
}

/// Drops every capability but `kept`, by number, from the bounding set, so that no program can bring one back.
pub(crate) fn drop_bounding_set_but(kept: &[u32]) -> io::Result<()> {
    // The kernel answers with an error past its last capability; 64 is all a set can hold.
    for capability in 0..64 {
        // SAFETY: a number only.
        let held = unsafe { libc::prctl(libc::PR_CAPBSET_READ, libc::c_ulong::from(capability), 0, 0, 0) };
        if held == 1 && !kept.contains(&capability) {
            prctl(libc::PR_CAPBSET_DROP, capability.into())?;
        }
    }
    Ok(())
}

/// Leaves only `capabilities`, by number, in the effective and permitted sets, and none to inherit.
pub(crate) fn keep_capabilities(capabilities: &[u32]) -> io::Result<()> {
    #[repr(C)]
    struct Header {
        version: u32,
        pid: i32,
    }
    #[repr(C)]
    #[derive(Clone, Copy)]
    struct Data {
        effective: u32,
        permitted: u32,
        inheritable: u32,
    }
    // _LINUX_CAPABILITY_VERSION_3: two words of 32 bits for each of the three sets.
    let header = Header { version: 0x2008_0522, pid: 0 };
    let mut data = [Data { effective: 0, permitted: 0, inheritable: 0 }; 2];
    for capability in capabilities {
        let word = &mut data[usize::from(*capability >= 32)];
        word.effective |= 1 << (capability % 32);
        word.permitted = word.effective;
    }
    // SAFETY: both point to structures of the layout that version 3 asks for.
    check(unsafe { libc::syscall(libc::SYS_capset, &header, data.as_ptr()) }).map(drop)
}

/// Empties the effective, permitted and inheritable capability sets.
pub(crate) fn drop_capabilities() -> io::Result<()> {
    keep_capabilities(&[])
}

/// Sets real, effective and saved user id.
///
/// Uses the raw call: only the calling thread changes, and callers have one thread.
pub(crate) fn set_uid(uid: u32) -> io::Result<()> {
    // SAFETY: numbers only.
    check(unsafe { libc::syscall(libc::SYS_setresuid, uid, uid, uid) }).map(drop)
}

/// Sets real, effective and saved group id.
pub(crate) fn set_gid(gid: u32) -> io::Result<()> {
    // SAFETY: numbers only.
    check(unsafe { libc::syscall(libc::SYS_setresgid, gid, gid, gid) }).map(drop)
}

/// Leaves every supplementary group.
pub(crate) fn drop_groups() -> io::Result<()> {
    // SAFETY: a count of zero reads nothing.
    check(unsafe { libc::syscall(libc::SYS_setgroups, 0usize, ptr::null::<libc::gid_t>()) }).map(drop)
}

/// Lowers soft and hard resource limit of a process, 0 for this one, to `value`; what is lower already stays.
pub(crate) fn lower_rlimit(pid: i32, resource: libc::__rlimit_resource_t, value: u64) -> io::Result<()> {
    let mut limit = libc::rlimit { rlim_cur: 0, rlim_max: 0 };
    // SAFETY: limit outlives the call.
    check(unsafe { libc::prlimit(pid, resource, ptr::null(), &mut limit) }.into())?;
    set_rlimit(pid, resource, value.min(limit.rlim_max))
}

/// Sets soft and hard resource limit of a process, 0 for this one.
pub(crate) fn set_rlimit(pid: i32, resource: libc::__rlimit_resource_t, value: u64) -> io::Result<()> {
    let limit = libc::rlimit { rlim_cur: value, rlim_max: value };
    // SAFETY: limit outlives the call.
    check(unsafe { libc::prlimit(pid, resource, &limit, ptr::null_mut()) }.into()).map(drop)
}

/// Marks every descriptor from `first` on to be closed by exec.
pub(crate) fn close_on_exec_from(first: u32) -> io::Result<()> {
    // SAFETY: numbers only; nothing is closed before exec, so no owner is left with a stale number.
    check(unsafe { libc::syscall(libc::SYS_close_range, first, u32::MAX, libc::CLOSE_RANGE_CLOEXEC) })
        .map(drop)
}

/// Closes every descriptor but standard input, output, error and `kept`, which get other numbers.
///
/// For a process just forked: what its parent had open is not its business, and a copy would keep
/// alive what others wait to see closed.
pub(crate) fn keep_only<const N: usize>(kept: [OwnedFd; N]) -> io::Result<[OwnedFd; N]> {
    /// Above every number that is given out below.
    const ASIDE: RawFd = 64;
    let aside = kept.map(IntoRawFd::into_raw_fd);
    let mut numbers = [0; N];
    // SAFETY: numbers only. Owners of the closed numbers are in variables of the parent's code, which
    // this process never returns to; each number given out is owned once, by what is returned.
    unsafe {
        for (number, fd) in numbers.iter_mut().zip(aside) {
            *number = libc::fcntl(fd, libc::F_DUPFD_CLOEXEC, ASIDE);
            check((*number).into())?;
        }
        for (target, number) in (3..).zip(&mut numbers) {
            check(libc::dup3(*number, target, libc::O_CLOEXEC).into())?;
            *number = target;
        }
        let first = numbers.last().map_or(3, |last| last + 1);
        check(libc::syscall(libc::SYS_close_range, first, u32::MAX, 0))?;
        Ok(numbers.map(|number| OwnedFd::from_raw_fd(number)))
    }
}

/// A descriptor that this process was started with, under an agreed number. To be called once, for nobody else knows it.
pub(crate) fn inherited(number: RawFd) -> OwnedFd {
    // SAFETY: whoever executed us left it open for us, and no other part of the program uses the number.
    unsafe { OwnedFd::from_raw_fd(number) }
}

/// Duplicates `fd` to the number `target`, which exec will not close.
pub(crate) fn dup_to(fd: BorrowedFd<'_>, target: RawFd) -> io::Result<()> {
    if fd.as_raw_fd() == target {
        // SAFETY: a valid descriptor; only its close-on-exec flag is cleared.
        return check(unsafe { libc::fcntl(target, libc::F_SETFD, 0) }.into()).map(drop);
    }
    // SAFETY: used for numbers that nothing in this program owns, or right before it executes another.
    check(unsafe { libc::dup2(fd.as_raw_fd(), target) }.into()).map(drop)
}

/// Replaces this process by a program. Returns only on failure.
pub(crate) fn execve(path: &CStr, argv: &[CString], env: &[CString]) -> io::Error {
    let pointers = |list: &[CString]| -> Vec<*const libc::c_char> {
        list.iter().map(|item| item.as_ptr()).chain([ptr::null()]).collect()
    };
    let (argv, env) = (pointers(argv), pointers(env));
    // SAFETY: both arrays end with a null pointer and their strings outlive the call.
    unsafe { libc::execve(path.as_ptr(), argv.as_ptr(), env.as_ptr()) };
    io::Error::last_os_error()
}

/// Installs a seccomp filter on this thread and returns the descriptor on which its notifications
/// arrive. no_new_privs must be set.
pub(crate) fn seccomp_with_listener(program: &[seccompiler::sock_filter]) -> io::Result<OwnedFd> {
    let len = libc::c_ushort::try_from(program.len()).map_err(io::Error::other)?;
    let program = libc::sock_fprog { len, filter: program.as_ptr().cast_mut().cast() };
    // SAFETY: the kernel copies the program and does not write through the pointer; the two types of
    // an instruction have the kernel's layout.
    let fd = check(unsafe {
        libc::syscall(
            libc::SYS_seccomp,
            libc::SECCOMP_SET_MODE_FILTER,
            libc::SECCOMP_FILTER_FLAG_NEW_LISTENER,
            &program,
        )
    })?;
    let fd = RawFd::try_from(fd).map_err(io::Error::other)?;
    // SAFETY: the kernel returned a new descriptor that nobody else owns.
    Ok(unsafe { OwnedFd::from_raw_fd(fd) })
}

/// True if the kernel knows the seccomp action `action` (a `SECCOMP_RET_` value).
pub(crate) fn seccomp_knows(action: u32) -> bool {
    // SAFETY: the kernel reads the u32 behind the pointer, which outlives the call.
    unsafe { libc::syscall(libc::SYS_seccomp, libc::SECCOMP_GET_ACTION_AVAIL, 0, &action) == 0 }
}

/// A refused system call, waiting for its answer.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Notification {
    id: u64,
    /// The thread that called, by its number in the supervisor's view.
    pub(crate) thread: i32,
    /// The system call's number.
    pub(crate) nr: i32,
    /// Its first argument.
    pub(crate) argument: u64,
}

/// Reads one notification; the errors are "no longer there" (the caller died) or "would block".
pub(crate) fn seccomp_receive(listener: BorrowedFd<'_>) -> io::Result<Notification> {
    // SAFETY: a zeroed seccomp_notif is what the kernel asks for.
    let mut notification: libc::seccomp_notif = unsafe { std::mem::zeroed() };
    let fd = listener.as_raw_fd();
    // SAFETY: the kernel writes one structure of exactly this type.
    let result = unsafe { libc::ioctl(fd, libc::SECCOMP_IOCTL_NOTIF_RECV as _, &mut notification) };
    check(result.into())?;
    Ok(Notification {
        id: notification.id,
        // No number of a process is that large.
        thread: i32::try_from(notification.pid).unwrap_or(i32::MAX),
        nr: notification.data.nr,
        argument: notification.data.args[0],
    })
}

/// True for an error of [`seccomp_receive`] after which there may be more to receive.
pub(crate) fn may_pass(error: &io::Error) -> bool {
    matches!(error.raw_os_error(), Some(libc::ENOENT | libc::EAGAIN | libc::EINTR))
}

/// Answers a notification with an errno. A caller that died meanwhile needs no answer.
pub(crate) fn seccomp_refuse(listener: BorrowedFd<'_>, notification: Notification, errno: i32) {
    let mut answer = libc::seccomp_notif_resp { id: notification.id, val: 0, error: -errno, flags: 0 };
    // SAFETY: the kernel reads one structure of exactly this type.
    unsafe { libc::ioctl(listener.as_raw_fd(), libc::SECCOMP_IOCTL_NOTIF_SEND as _, &mut answer) };
}

/// Overwrites the memory behind /proc/PID/cmdline and /proc/PID/environ with zeros, so that no
/// process forked from here shows what we were started with.
///
/// The environment must not be read afterwards.
pub(crate) fn forget_command_line() -> io::Result<()> {
    let stat = std::fs::read_to_string("/proc/self/stat")?;
    let (arguments, environment) = parse_string_areas(&stat)
        .ok_or_else(|| io::Error::other("/proc/self/stat lacks the argument and environment areas"))?;
    for area in [arguments, environment] {
        // SAFETY: the kernel says that these addresses of our own stack hold the initial argument and
        // environment strings: writable memory that nothing in this process reads any more.
        unsafe { ptr::write_bytes(ptr::with_exposed_provenance_mut::<u8>(area.start), 0, area.len()) };
    }
    Ok(())
}

/// Fields 48 to 51 of proc_pid_stat(5): where the argument and environment strings are.
fn parse_string_areas(stat: &str) -> Option<(std::ops::Range<usize>, std::ops::Range<usize>)> {
    // The second field may hold spaces and parentheses; the third comes after the last ")".
    let fields: Vec<&str> = stat.rsplit_once(')')?.1.split_whitespace().collect();
    let field = |number: usize| fields.get(number - 3)?.parse::<usize>().ok();
    let (arguments, environment) = (field(48)?..field(49)?, field(50)?..field(51)?);
    (arguments.start != 0 && arguments.start <= arguments.end && environment.start <= environment.end)
        .then_some((arguments, environment))
}

/// Gives every signal its default action and empties the mask.
pub(crate) fn reset_signals() -> io::Result<()> {
    // SAFETY: changing dispositions of a process with one thread; numbers that cannot be changed are
    // refused, and the mask outlives its calls.
    unsafe {
        for signal in 1..=64 {
            libc::signal(signal, libc::SIG_DFL);
        }
        let mut none: libc::sigset_t = std::mem::zeroed();
        check(libc::sigemptyset(&mut none).into())?;
        check(libc::sigprocmask(libc::SIG_SETMASK, &none, ptr::null_mut()).into()).map(drop)
    }
}

/// Has the kernel reap every child from now on.
pub(crate) fn ignore_children() {
    // SAFETY: SIG_IGN is a valid disposition.
    unsafe { libc::signal(libc::SIGCHLD, libc::SIG_IGN) };
}

/// Ignores the signals a terminal sends, so that ending the server is what ends the supervisor.
pub(crate) fn ignore_terminal_signals() {
    for signal in [libc::SIGINT, libc::SIGQUIT, libc::SIGTERM, libc::SIGHUP, libc::SIGPIPE] {
        // SAFETY: SIG_IGN is a valid disposition for each of these.
        unsafe { libc::signal(signal, libc::SIG_IGN) };
    }
}

/// Waits for any child: its pid and raw wait status, or `None` if there is no child left.
pub(crate) fn wait_any() -> io::Result<Option<(i32, i32)>> {
    loop {
        let mut status = 0;
        // SAFETY: status outlives the call.
        match check(unsafe { libc::waitpid(-1, &mut status, libc::__WALL) }.into()) {
            Ok(pid) => return Ok(Some((i32::try_from(pid).map_err(io::Error::other)?, status))),
            Err(error) if error.raw_os_error() == Some(libc::EINTR) => {}
            Err(error) if error.raw_os_error() == Some(libc::ECHILD) => return Ok(None),
            Err(error) => return Err(error),
        }
    }
}

/// How a process ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Ending {
    /// It exited with this code.
    Exited(i32),
    /// This signal ended it.
    Signaled(i32),
}

/// Decodes a raw wait status.
pub(crate) fn decode_wait_status(status: i32) -> Ending {
    if libc::WIFSIGNALED(status) {
        Ending::Signaled(libc::WTERMSIG(status))
    } else {
        Ending::Exited(libc::WEXITSTATUS(status))
    }
}

/// The Landlock version of this kernel, or 0 where there is none.
pub(crate) fn landlock_abi() -> i64 {
    const LANDLOCK_CREATE_RULESET_VERSION: u32 = 1;
    // SAFETY: with this flag the kernel wants a null pointer and a size of zero.
    unsafe {
        libc::syscall(
            libc::SYS_landlock_create_ruleset,
            ptr::null::<u8>(),
            0usize,
            LANDLOCK_CREATE_RULESET_VERSION,
        )
    }
    .max(0)
}

/// True if the kernel has heard from a time service that the clock is right.
pub(crate) fn clock_is_synchronised() -> bool {
    // SAFETY: a zeroed timex only asks, and outlives the call.
    let state = unsafe { libc::adjtimex(&mut std::mem::zeroed()) };
    state >= 0 && state != libc::TIME_ERROR
}

/// Lets tokio watch a descriptor.
pub(crate) fn watch(fd: OwnedFd) -> io::Result<AsyncFd<OwnedFd>> {
    // SAFETY: an OwnedFd keeps the same descriptor open until it is dropped, and as_fd always
    // returns that one.
    unsafe { AsyncFd::register(fd) }.map_err(|error| error.into_parts().1)
}

/// Gives allocations of this many bytes or more a mapping of their own, for this process.
///
/// By itself the allocator of glibc raises this threshold up to 32 MiB with what is freed, and keeps the
/// rest for later (mallopt(3), M_MMAP_THRESHOLD); others have no such habit.
#[cfg(target_env = "gnu")]
pub(crate) fn set_mapping_threshold(bytes: libc::c_int) {
    // SAFETY: it changes a number inside the allocator; the caller has no other thread yet.
    unsafe { libc::mallopt(libc::M_MMAP_THRESHOLD, bytes) };
}

/// As above, where the allocator has no such threshold.
#[cfg(not(target_env = "gnu"))]
pub(crate) fn set_mapping_threshold(_: libc::c_int) {}

/// Has the scheduler give this thread, and none that comes of it, short turns (sched_setattr(2), Linux since
/// 6.12; others have one length for all). Whoever asks for less at a time is sooner let in when it wakes up.
pub(crate) fn set_slice(slice: Duration) -> io::Result<()> {
    /// The first version of the kernel's structure.
    #[repr(C)]
    struct SchedAttr {
        size: u32,
        policy: u32,
        flags: u64,
        nice: i32,
        priority: u32,
        runtime_ns: u64,
        deadline_ns: u64,
        period_ns: u64,
    }
    const RESET_ON_FORK: u64 = 1;
    let attributes = SchedAttr {
        size: 48,
        policy: libc::SCHED_OTHER.cast_unsigned(),
        flags: RESET_ON_FORK,
        nice: 0,
        priority: 0,
        runtime_ns: u64::try_from(slice.as_nanos()).unwrap_or(u64::MAX),
        deadline_ns: 0,
        period_ns: 0,
    };
    // SAFETY: the structure is as long as it says and outlives the call; 0 is the calling thread.
    check(unsafe { libc::syscall(libc::SYS_sched_setattr, 0, &raw const attributes, 0u32) }).map(drop)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn areas_are_found_behind_a_hostile_process_name() {
        let fields: Vec<String> = (3..=52).map(|n| n.to_string()).collect();
        let stat = format!("1 (a) b (c)) {}", fields.join(" "));
        assert_eq!(parse_string_areas(&stat), Some((48..49, 50..51)));
        assert_eq!(parse_string_areas("1 (a) S 1 2"), None);
    }

    #[test]
    fn wait_statuses_are_told_apart() {
        assert_eq!(decode_wait_status(3 << 8), Ending::Exited(3));
        assert_eq!(decode_wait_status(9), Ending::Signaled(9));
    }
}
