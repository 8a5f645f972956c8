//! System calls by allow list: what the guest may ask of the kernel.
//!
//! Calls on the list are allowed, some only with certain arguments; harmless probes of libraries get
//! a plain errno; every other call, x32 numbers included, goes to the supervisor as a notification, is
//! named in the outcome and refused. Calls of another architecture (i386 on x86-64) get an errno:
//! seccompiler would kill, so that one instruction is replaced.
//!
//! What depends on the number alone is a search tree of ours before seccompiler's program. When a
//! filter is installed the kernel walks it once for every number there is, to remember which it always
//! allows; along seccompiler's one long chain that takes a millisecond of every run.

use std::collections::BTreeMap;

use libc::c_long;
use seccompiler::{
    BpfProgram, SeccompAction,
    SeccompCmpArgLen::{Dword, Qword},
    SeccompCmpOp, SeccompCondition, SeccompFilter, SeccompRule, TargetArch, sock_filter,
};

use crate::sys;

/// A list that contradicts itself; caught by a test.
#[derive(Debug, thiserror::Error)]
#[error("seccomp filter does not compile: {0}")]
pub(crate) struct FilterError(String);

/// Compiles the filter for the architecture this program was built for, to be installed with a
/// listener.
pub(crate) fn compile() -> Result<BpfProgram, FilterError> {
    // seccompiler has no action for notifications: compiled as "trace", replaced below.
    let mut checked = program(checked_calls()?, SeccompAction::Trace(0), SeccompAction::Allow)?;
    for instruction in &mut checked {
        if *instruction == ret(libc::SECCOMP_RET_TRACE) {
            instruction.k = libc::SECCOMP_RET_USER_NOTIF;
        }
    }
    let allowed = ALLOWED.iter().chain(ALLOWED_HERE).map(|nr| (*nr, libc::SECCOMP_RET_ALLOW));
    let probes = PROBES.iter().map(|nr| (*nr, libc::SECCOMP_RET_ERRNO | ENOSYS));
    let mut filter = checked.get(..ARCHITECTURE_CHECK).unwrap_or_default().to_vec();
    filter.push(LOAD_NUMBER);
    filter.extend(dispatch(allowed.chain(probes)));
    filter.extend(checked);
    Ok(filter)
}

const ENOSYS: u32 = libc::ENOSYS.unsigned_abs();

/// Instructions at the start of seccompiler's programs that refuse other architectures.
const ARCHITECTURE_CHECK: usize = 3;

/// `BPF_LD | BPF_W | BPF_ABS` of the call's number, the first member of `struct seccomp_data`.
const LOAD_NUMBER: sock_filter = sock_filter { code: 0x20, jt: 0, jf: 0, k: 0 };

/// `BPF_RET | BPF_K` with a seccomp action.
const fn ret(action: u32) -> sock_filter {
    sock_filter { code: 0x06, jt: 0, jf: 0, k: action }
}

/// `BPF_JMP | BPF_JA`: passes over the next `count` instructions.
const fn skip(count: u32) -> sock_filter {
    sock_filter { code: 0x05, jt: 0, jf: 0, k: count }
}

/// `BPF_JMP | BPF_JGE | BPF_K`: passes over one instruction if the number is below `least`.
const fn pass_one_below(least: u32) -> sock_filter {
    sock_filter { code: 0x35, jt: 0, jf: 1, k: least }
}

/// Returns the action of each call that is named; for the others it runs on to what follows it.
fn dispatch(actions: impl Iterator<Item = (c_long, u32)>) -> BpfProgram {
    // Where a number's action differs from that of the number before it.
    let mut changes = vec![(0, None)];
    for (nr, action) in
        actions.filter_map(|(nr, action)| Some((u32::try_from(nr).ok()?, action))).collect::<BTreeMap<_, _>>()
    {
        if changes.last().is_some_and(|(since, _)| *since == nr) {
            changes.pop();
        }
        if changes.last().is_none_or(|(_, before)| *before != Some(action)) {
            changes.push((nr, Some(action)));
        }
        changes.push((nr + 1, None));
    }
    let mut tree = search(&changes);
    let length = tree.len();
    for (at, instruction) in
        tree.iter_mut().enumerate().filter(|(_, instruction)| **instruction == skip(u32::MAX))
    {
        instruction.k = u32::try_from(length - at - 1).unwrap_or(u32::MAX);
    }
    tree
}

/// A binary search over ranges, each from its number to the next one's. A range without an action is
/// `skip(u32::MAX)`.
fn search(ranges: &[(u32, Option<u32>)]) -> BpfProgram {
    if let [(_, action)] = ranges {
        return vec![action.map_or(skip(u32::MAX), ret)];
    }
    let (lower, upper) = ranges.split_at(ranges.len() / 2);
    let (lower, least) = (search(lower), upper[0].0);
    let over = skip(u32::try_from(lower.len()).unwrap_or(u32::MAX));
    [vec![pass_one_below(least), over], lower, search(upper)].concat()
}

type Rules = BTreeMap<c_long, Vec<SeccompRule>>;

fn program(
    rules: Rules,
    otherwise: SeccompAction,
    matched: SeccompAction,
) -> Result<BpfProgram, FilterError> {
    let arch =
        TargetArch::try_from(std::env::consts::ARCH).map_err(|error| FilterError(error.to_string()))?;
    let filter = SeccompFilter::new(rules, otherwise, matched, arch)
        .map_err(|error| FilterError(error.to_string()))?;
    let mut program: BpfProgram =
        filter.try_into().map_err(|error: seccompiler::BackendError| FilterError(error.to_string()))?;
    // Its last instruction is what happens on another architecture.
    match program.get_mut(ARCHITECTURE_CHECK - 1) {
        Some(foreign) if *foreign == ret(libc::SECCOMP_RET_KILL_PROCESS) => {
            foreign.k = libc::SECCOMP_RET_ERRNO | ENOSYS;
            Ok(program)
        }
        _ => Err(FilterError("no architecture check where one was expected".to_owned())),
    }
}

/// Probes of libraries that are refused without a word in the outcome: each caller falls back.
const PROBES: &[c_long] = &[
    // glibc tries clone3 first and falls back to clone, whose flags a filter can see.
    libc::SYS_clone3,
    libc::SYS_io_uring_setup,
    libc::SYS_io_uring_enter,
    libc::SYS_io_uring_register,
    // Real-time scheduling, memory policy and similar hints that libraries try and do without.
    libc::SYS_sched_setscheduler,
    libc::SYS_sched_setattr,
    libc::SYS_set_mempolicy,
    libc::SYS_get_mempolicy,
    libc::SYS_mbind,
    libc::SYS_move_pages,
    libc::SYS_fanotify_init,
    // What of a file lies in memory shows what other runs read; libraries ask before they read ahead.
    CACHESTAT,
];

/// cachestat(2), which libc does not name yet; the newer calls have one number everywhere.
const CACHESTAT: c_long = 451;

/// Calls allowed whatever their arguments.
const ALLOWED: &[c_long] = &[
    // Files and directories.
    libc::SYS_read,
    libc::SYS_write,
    libc::SYS_readv,
    libc::SYS_writev,
    libc::SYS_pread64,
    libc::SYS_pwrite64,
    libc::SYS_preadv,
    libc::SYS_pwritev,
    libc::SYS_preadv2,
    libc::SYS_pwritev2,
    libc::SYS_openat,
    libc::SYS_openat2,
    libc::SYS_close,
    libc::SYS_close_range,
    libc::SYS_fstat,
    libc::SYS_newfstatat,
    libc::SYS_statx,
    libc::SYS_statfs,
    libc::SYS_fstatfs,
    libc::SYS_lseek,
    libc::SYS_faccessat,
    libc::SYS_faccessat2,
    libc::SYS_getdents64,
    libc::SYS_getcwd,
    libc::SYS_chdir,
    libc::SYS_fchdir,
    libc::SYS_mkdirat,
    libc::SYS_unlinkat,
    libc::SYS_renameat,
    libc::SYS_renameat2,
    libc::SYS_linkat,
    libc::SYS_symlinkat,
    libc::SYS_readlinkat,
    libc::SYS_fchmod,
    libc::SYS_fchmodat,
    libc::SYS_fchmodat2,
    libc::SYS_fchown,
    libc::SYS_fchownat,
    libc::SYS_mknodat,
    libc::SYS_truncate,
    libc::SYS_ftruncate,
    libc::SYS_fallocate,
    libc::SYS_fadvise64,
    libc::SYS_readahead,
    libc::SYS_fsync,
    libc::SYS_fdatasync,
    libc::SYS_sync,
    libc::SYS_syncfs,
    libc::SYS_sync_file_range,
    libc::SYS_flock,
    libc::SYS_umask,
    libc::SYS_utimensat,
    libc::SYS_dup,
    libc::SYS_dup3,
    libc::SYS_pipe2,
    libc::SYS_splice,
    libc::SYS_tee,
    libc::SYS_vmsplice,
    libc::SYS_sendfile,
    libc::SYS_copy_file_range,
    libc::SYS_getxattr,
    libc::SYS_lgetxattr,
    libc::SYS_fgetxattr,
    libc::SYS_listxattr,
    libc::SYS_llistxattr,
    libc::SYS_flistxattr,
    libc::SYS_memfd_create,
    // Memory.
    libc::SYS_mmap,
    libc::SYS_munmap,
    libc::SYS_mprotect,
    libc::SYS_mremap,
    libc::SYS_madvise,
    libc::SYS_brk,
    libc::SYS_msync,
    libc::SYS_mincore,
    libc::SYS_mlock,
    libc::SYS_mlock2,
    libc::SYS_munlock,
    libc::SYS_mlockall,
    libc::SYS_munlockall,
    libc::SYS_membarrier,
    libc::SYS_pkey_alloc,
    libc::SYS_pkey_free,
    libc::SYS_pkey_mprotect,
    libc::SYS_shmget,
    libc::SYS_shmat,
    libc::SYS_shmdt,
    libc::SYS_shmctl,
    libc::SYS_semget,
    libc::SYS_semop,
    libc::SYS_semtimedop,
    libc::SYS_semctl,
    // Processes and threads, all within the pid namespace and the task limit.
    libc::SYS_execve,
    libc::SYS_execveat,
    libc::SYS_exit,
    libc::SYS_exit_group,
    libc::SYS_wait4,
    libc::SYS_waitid,
    libc::SYS_tkill,
    libc::SYS_tgkill,
    libc::SYS_pidfd_open,
    libc::SYS_pidfd_send_signal,
    libc::SYS_getpid,
    libc::SYS_getppid,
    libc::SYS_gettid,
    libc::SYS_getpgid,
    libc::SYS_setpgid,
    libc::SYS_getsid,
    libc::SYS_setsid,
    libc::SYS_getuid,
    libc::SYS_geteuid,
    libc::SYS_getgid,
    libc::SYS_getegid,
    libc::SYS_getgroups,
    libc::SYS_getresuid,
    libc::SYS_getresgid,
    libc::SYS_setuid,
    libc::SYS_setgid,
    libc::SYS_setreuid,
    libc::SYS_setregid,
    libc::SYS_setresuid,
    libc::SYS_setresgid,
    libc::SYS_setfsuid,
    libc::SYS_setfsgid,
    libc::SYS_capget,
    libc::SYS_getrusage,
    libc::SYS_times,
    libc::SYS_getrlimit,
    libc::SYS_getpriority,
    libc::SYS_setpriority,
    libc::SYS_ioprio_get,
    libc::SYS_ioprio_set,
    libc::SYS_sched_yield,
    libc::SYS_sched_getaffinity,
    libc::SYS_sched_setaffinity,
    libc::SYS_sched_getparam,
    libc::SYS_sched_getscheduler,
    libc::SYS_sched_getattr,
    libc::SYS_sched_get_priority_max,
    libc::SYS_sched_get_priority_min,
    libc::SYS_sched_rr_get_interval,
    libc::SYS_getcpu,
    libc::SYS_set_tid_address,
    libc::SYS_set_robust_list,
    libc::SYS_get_robust_list,
    libc::SYS_rseq,
    libc::SYS_futex,
    libc::SYS_futex_waitv,
    libc::SYS_uname,
    libc::SYS_sysinfo,
    // Signals.
    libc::SYS_rt_sigaction,
    libc::SYS_rt_sigprocmask,
    libc::SYS_rt_sigpending,
    libc::SYS_rt_sigtimedwait,
    libc::SYS_rt_sigqueueinfo,
    libc::SYS_rt_tgsigqueueinfo,
    libc::SYS_rt_sigsuspend,
    libc::SYS_rt_sigreturn,
    libc::SYS_sigaltstack,
    libc::SYS_restart_syscall,
    libc::SYS_signalfd4,
    // Time: reading and waiting, never setting.
    libc::SYS_clock_gettime,
    libc::SYS_clock_getres,
    libc::SYS_clock_nanosleep,
    libc::SYS_nanosleep,
    libc::SYS_gettimeofday,
    libc::SYS_getitimer,
    libc::SYS_setitimer,
    libc::SYS_timer_create,
    libc::SYS_timer_settime,
    libc::SYS_timer_gettime,
    libc::SYS_timer_getoverrun,
    libc::SYS_timer_delete,
    libc::SYS_timerfd_create,
    libc::SYS_timerfd_settime,
    libc::SYS_timerfd_gettime,
    // Waiting for descriptors.
    libc::SYS_ppoll,
    libc::SYS_pselect6,
    libc::SYS_epoll_create1,
    libc::SYS_epoll_ctl,
    libc::SYS_epoll_pwait,
    libc::SYS_epoll_pwait2,
    libc::SYS_eventfd2,
    // Sockets of the families allowed below.
    libc::SYS_bind,
    libc::SYS_listen,
    libc::SYS_accept,
    libc::SYS_accept4,
    libc::SYS_connect,
    libc::SYS_getsockname,
    libc::SYS_getpeername,
    libc::SYS_getsockopt,
    libc::SYS_shutdown,
    libc::SYS_sendto,
    libc::SYS_recvfrom,
    libc::SYS_sendmsg,
    libc::SYS_recvmsg,
    libc::SYS_sendmmsg,
    libc::SYS_recvmmsg,
    libc::SYS_getrandom,
];

/// The older spellings that only x86-64 still has.
#[cfg(target_arch = "x86_64")]
const ALLOWED_HERE: &[c_long] = &[
    libc::SYS_open,
    libc::SYS_creat,
    libc::SYS_stat,
    libc::SYS_lstat,
    libc::SYS_access,
    libc::SYS_getdents,
    libc::SYS_mkdir,
    libc::SYS_rmdir,
    libc::SYS_unlink,
    libc::SYS_rename,
    libc::SYS_link,
    libc::SYS_symlink,
    libc::SYS_readlink,
    libc::SYS_chmod,
    libc::SYS_chown,
    libc::SYS_lchown,
    libc::SYS_mknod,
    libc::SYS_utime,
    libc::SYS_utimes,
    libc::SYS_futimesat,
    libc::SYS_dup2,
    libc::SYS_pipe,
    libc::SYS_poll,
    libc::SYS_select,
    libc::SYS_epoll_create,
    libc::SYS_epoll_wait,
    libc::SYS_eventfd,
    libc::SYS_signalfd,
    libc::SYS_fork,
    libc::SYS_vfork,
    libc::SYS_getpgrp,
    libc::SYS_pause,
    libc::SYS_alarm,
    libc::SYS_time,
    libc::SYS_arch_prctl,
];

/// Nothing but the calls that every architecture has.
#[cfg(not(target_arch = "x86_64"))]
const ALLOWED_HERE: &[c_long] = &[];

/// Every bit that makes clone(2) create a namespace, the one that asks for tracing, and the one that makes a
/// sibling: of a guest that has joined its jail, that would be the supervisor's child, whom it does not know.
const CLONE_REFUSED: i32 = libc::CLONE_NEWUSER
    | libc::CLONE_NEWNS
    | libc::CLONE_NEWPID
    | libc::CLONE_NEWNET
    | libc::CLONE_NEWIPC
    | libc::CLONE_NEWUTS
    | libc::CLONE_NEWCGROUP
    | CLONE_NEWTIME
    | libc::CLONE_PTRACE
    | libc::CLONE_PARENT;

/// Missing in libc; from linux/sched.h. In clone(2) these bits are part of the exit signal.
const CLONE_NEWTIME: i32 = 0x80;

/// Requests of ioctl(2) that put characters into a terminal or change its console.
const IOCTL_REFUSED: [u64; 4] = [libc::TIOCSTI, libc::TIOCLINUX, libc::TIOCSCTTY, TIOCSETD];

/// Missing in libc for some targets; from asm-generic/ioctls.h.
const TIOCSETD: u64 = 0x5423;

/// Commands of fcntl(2) that have the kernel wait for or tell about other openers: leases, and
/// notes on directories, which other runs share.
const FCNTL_REFUSED: [u64; 2] = [libc::F_SETLEASE as u64, libc::F_NOTIFY as u64];

/// A kill(2) of a process that cannot be, above the greatest pid there is (PID_MAX_LIMIT in linux/threads.h),
/// comes to the supervisor: with it the first process of a jail says that it ends, and with which of the
/// [`EXIT_CODES`].
const EXIT_DOOR: u32 = 0x5246_0000;

/// Exit codes a process can have.
const EXIT_CODES: u32 = 0x100;

/// Options of sockets that load filter programs, whose memory no control group counts.
const SOCKET_OPTIONS_REFUSED: [i32; 4] = [
    libc::SO_ATTACH_FILTER,
    libc::SO_ATTACH_BPF,
    libc::SO_ATTACH_REUSEPORT_CBPF,
    libc::SO_ATTACH_REUSEPORT_EBPF,
];

/// Options of prctl(2) that only read, or that name and tune the caller itself.
const PRCTL_ALLOWED: [i32; 15] = [
    libc::PR_SET_NAME,
    libc::PR_GET_NAME,
    libc::PR_SET_PDEATHSIG,
    libc::PR_GET_PDEATHSIG,
    libc::PR_GET_DUMPABLE,
    libc::PR_GET_KEEPCAPS,
    libc::PR_GET_SECCOMP,
    libc::PR_CAPBSET_READ,
    libc::PR_GET_NO_NEW_PRIVS,
    libc::PR_SET_NO_NEW_PRIVS,
    libc::PR_SET_TIMERSLACK,
    libc::PR_GET_TIMERSLACK,
    libc::PR_SET_THP_DISABLE,
    libc::PR_GET_THP_DISABLE,
    libc::PR_SET_VMA,
];

/// Calls allowed only with certain arguments.
fn checked_calls() -> Result<Rules, FilterError> {
    let mut rules = Rules::new();
    let refused = u64::from(CLONE_REFUSED.unsigned_abs());
    rules.insert(libc::SYS_clone, vec![rule(vec![argument(0, SeccompCmpOp::MaskedEq(refused), 0)?])?]);
    let unix = u64::from(libc::AF_UNIX.unsigned_abs());
    for nr in [libc::SYS_socket, libc::SYS_socketpair] {
        rules.insert(nr, vec![rule(vec![argument(0, SeccompCmpOp::Eq, unix)?])?]);
    }
    let not_refused = IOCTL_REFUSED
        .iter()
        .map(|request| argument(1, SeccompCmpOp::Ne, *request))
        .collect::<Result<_, _>>()?;
    rules.insert(libc::SYS_ioctl, vec![rule(not_refused)?]);
    // Its own limits, or reading anybody's: an ordinary user's init has the guest's uid. The limit on
    // core dumps stays: lowered to 0 it would have the host's program for dumps started.
    let core = u64::from(libc::RLIMIT_CORE);
    rules.insert(libc::SYS_setrlimit, vec![rule(vec![argument(0, SeccompCmpOp::Ne, core)?])?]);
    let own = rule(vec![argument(0, SeccompCmpOp::Eq, 0)?, argument(1, SeccompCmpOp::Ne, core)?])?;
    let reading = rule(vec![
        SeccompCondition::new(2, Qword, SeccompCmpOp::Eq, 0)
            .map_err(|error| FilterError(error.to_string()))?,
    ])?;
    rules.insert(libc::SYS_prlimit64, vec![own, reading]);
    let not_refused = FCNTL_REFUSED
        .iter()
        .map(|command| argument(1, SeccompCmpOp::Ne, *command))
        .collect::<Result<_, _>>()?;
    rules.insert(libc::SYS_fcntl, vec![rule(not_refused)?]);
    let socket_level = u64::from(libc::SOL_SOCKET.unsigned_abs());
    let other_level = rule(vec![argument(1, SeccompCmpOp::Ne, socket_level)?])?;
    let no_filter = SOCKET_OPTIONS_REFUSED
        .iter()
        .map(|option| argument(2, SeccompCmpOp::Ne, u64::from(option.unsigned_abs())))
        .collect::<Result<_, _>>()?;
    rules.insert(libc::SYS_setsockopt, vec![other_level, rule(no_filter)?]);
    let options = PRCTL_ALLOWED
        .iter()
        .map(|option| rule(vec![argument(0, SeccompCmpOp::Eq, u64::from(option.unsigned_abs()))?]))
        .collect::<Result<_, _>>()?;
    rules.insert(libc::SYS_prctl, options);
    let below = rule(vec![argument(0, SeccompCmpOp::Lt, u64::from(EXIT_DOOR))?])?;
    let above = rule(vec![argument(0, SeccompCmpOp::Ge, u64::from(EXIT_DOOR + EXIT_CODES))?])?;
    rules.insert(libc::SYS_kill, vec![below, above]);
    // Asking for the personality, and setting the ordinary one.
    let personalities = [0, 0xffff_ffff]
        .iter()
        .map(|persona| rule(vec![argument(0, SeccompCmpOp::Eq, *persona)?]))
        .collect::<Result<_, _>>()?;
    rules.insert(libc::SYS_personality, personalities);
    Ok(rules)
}

fn rule(conditions: Vec<SeccompCondition>) -> Result<SeccompRule, FilterError> {
    SeccompRule::new(conditions).map_err(|error| FilterError(error.to_string()))
}

/// Compares the low 32 bits of an argument; the kernel ignores the others for every call above.
fn argument(index: u8, op: SeccompCmpOp, value: u64) -> Result<SeccompCondition, FilterError> {
    SeccompCondition::new(index, Dword, op, value).map_err(|error| FilterError(error.to_string()))
}

/// Bit of x32 system call numbers on x86-64.
const X32_BIT: i32 = 0x4000_0000;

/// The kernel's name of a call that the filters can refuse.
pub(crate) fn name(nr: i32) -> String {
    if nr & X32_BIT != 0 && nr > 0 {
        return format!("x32:{}", name(nr & !X32_BIT));
    }
    let mut names = REFUSED_NAMES.iter().chain(REFUSED_NAMES_HERE);
    match names.find(|(number, _)| *number == c_long::from(nr)) {
        Some((_, constant)) => constant.trim_start_matches("SYS_").to_owned(),
        None => format!("syscall_{nr}"),
    }
}

/// What a refused call returns: that it is not permitted, or for a number from after our time that there
/// is no such call, upon which a newer library does without.
pub(crate) fn errno(nr: i32) -> i32 {
    if (NEWEST_CALL + 1..X32_BIT).contains(&nr) { libc::ENOSYS } else { libc::EPERM }
}

/// The exit code that a call tells in the way of [`EXIT_DOOR`].
pub(crate) fn told_exit_code(call: &sys::Notification) -> Option<i32> {
    let code = u32::try_from(call.argument & 0xffff_ffff).ok()?.checked_sub(EXIT_DOOR)?;
    let told = c_long::from(call.nr) == libc::SYS_kill && code < EXIT_CODES;
    told.then(|| i32::try_from(code).unwrap_or_default())
}

/// The newest call whose number was looked at for this filter: mseal(2).
const NEWEST_CALL: i32 = 462;

/// Pairs of a call's number and the name of its constant in libc.
macro_rules! named {
    ($($constant:ident)*) => { &[$((libc::$constant, stringify!($constant)),)*] };
}

const REFUSED_NAMES: &[(c_long, &str)] = named! {
    SYS_acct SYS_add_key SYS_adjtimex SYS_bpf SYS_capset SYS_chroot SYS_clock_adjtime
    SYS_clock_settime SYS_clone SYS_delete_module SYS_fanotify_mark SYS_fcntl SYS_finit_module SYS_fsconfig
    SYS_fsmount SYS_fsopen SYS_fspick SYS_fsetxattr SYS_fremovexattr SYS_init_module
    SYS_inotify_add_watch SYS_inotify_init1 SYS_inotify_rm_watch SYS_ioctl
    SYS_kcmp SYS_kexec_file_load SYS_kexec_load SYS_keyctl SYS_landlock_add_rule
    SYS_landlock_create_ruleset SYS_landlock_restrict_self SYS_lookup_dcookie SYS_lremovexattr
    SYS_lsetxattr SYS_memfd_secret SYS_migrate_pages SYS_mount SYS_mount_setattr SYS_move_mount
    SYS_mq_open SYS_mq_unlink SYS_msgctl SYS_msgget SYS_msgrcv SYS_msgsnd SYS_name_to_handle_at
    SYS_nfsservctl SYS_open_by_handle_at SYS_open_tree SYS_perf_event_open SYS_personality
    SYS_pidfd_getfd SYS_pivot_root SYS_prctl SYS_prlimit64 SYS_process_madvise SYS_process_mrelease
    SYS_process_vm_readv SYS_process_vm_writev SYS_ptrace SYS_quotactl SYS_reboot
    SYS_remap_file_pages SYS_removexattr SYS_request_key SYS_seccomp SYS_setdomainname SYS_setgroups
    SYS_sethostname SYS_setns SYS_setrlimit SYS_setsockopt SYS_settimeofday SYS_setxattr SYS_socket SYS_socketpair SYS_swapoff
    SYS_swapon SYS_syslog SYS_umount2 SYS_unshare SYS_userfaultfd SYS_vhangup
};

#[cfg(target_arch = "x86_64")]
const REFUSED_NAMES_HERE: &[(c_long, &str)] = named! {
    SYS_inotify_init SYS_ioperm SYS_iopl SYS_modify_ldt SYS_sysfs SYS_uselib SYS_ustat
};

#[cfg(not(target_arch = "x86_64"))]
const REFUSED_NAMES_HERE: &[(c_long, &str)] = &[];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_compiles_and_never_kills() {
        let filter = compile().unwrap();
        assert!(!filter.contains(&ret(libc::SECCOMP_RET_KILL_PROCESS)));
        assert!(!filter.contains(&ret(libc::SECCOMP_RET_TRACE)));
        assert!(filter.len() < 4096, "the kernel's BPF_MAXINSNS");
    }

    /// What the filter answers to a call whose arguments are all 0xdead0001, and after how many steps.
    fn answer(filter: &[sock_filter], arch: u32, nr: u32) -> (u32, usize) {
        let (mut accumulator, mut at) = (0, 0);
        for steps in 1.. {
            let sock_filter { code, jt, jf, k } = filter[at];
            at += 1;
            let taken = |is: bool| usize::from(if is { jt } else { jf });
            match code {
                0x20 => {
                    accumulator = match k {
                        0 => nr,
                        4 => arch,
                        _ => 0xdead_0001,
                    }
                }
                0x54 => accumulator &= k,
                0x05 => at += k as usize,
                0x15 => at += taken(accumulator == k),
                0x25 => at += taken(accumulator > k),
                0x35 => at += taken(accumulator >= k),
                0x06 => return (k, steps),
                _ => panic!("unknown instruction {code:#x}"),
            }
        }
        unreachable!()
    }

    #[test]
    fn every_number_gets_the_answer_of_its_list() {
        let filter = compile().unwrap();
        // The second instruction compares with the architecture's number, from linux/audit.h.
        let arch = filter[1].k;
        let allowed = [ALLOWED, ALLOWED_HERE].concat();
        let checked = checked_calls().unwrap();
        let x32 = X32_BIT.unsigned_abs();
        for nr in (0..700).chain(x32..x32 + 700).chain([u32::MAX, u32::MAX >> 1]) {
            let (action, steps) = answer(&filter, arch, nr);
            if allowed.contains(&c_long::from(nr)) {
                assert_eq!(action, libc::SECCOMP_RET_ALLOW, "{nr}");
            } else if PROBES.contains(&c_long::from(nr)) {
                assert_eq!(action, libc::SECCOMP_RET_ERRNO | ENOSYS, "{nr}");
            } else if !checked.contains_key(&c_long::from(nr)) {
                assert_eq!(action, libc::SECCOMP_RET_USER_NOTIF, "{nr}");
            }
            assert!(steps < 100, "{nr} takes {steps} steps");
            assert_eq!(answer(&filter, arch ^ 1, nr).0, libc::SECCOMP_RET_ERRNO | ENOSYS, "{nr}");
        }
        for (refused, nr) in [(true, libc::SYS_socket), (true, libc::SYS_prctl), (false, libc::SYS_ioctl)] {
            let action = answer(&filter, arch, u32::try_from(nr).unwrap()).0;
            assert_eq!(action == libc::SECCOMP_RET_USER_NOTIF, refused, "{nr}");
        }
    }

    #[test]
    fn a_call_is_on_one_list_only() {
        let checked = checked_calls().unwrap();
        let lists = [ALLOWED, ALLOWED_HERE, PROBES].concat();
        let distinct: std::collections::BTreeSet<_> = lists.iter().collect();
        assert_eq!(distinct.len(), lists.len());
        assert!(lists.iter().all(|nr| !checked.contains_key(nr)));
    }

    #[test]
    fn what_is_named_as_refused_is_not_on_the_list() {
        for (nr, name) in REFUSED_NAMES.iter().chain(REFUSED_NAMES_HERE) {
            assert!(!ALLOWED.contains(nr) && !ALLOWED_HERE.contains(nr), "{name}");
        }
    }

    #[test]
    fn numbers_have_names() {
        assert_eq!(name(i32::try_from(libc::SYS_ptrace).unwrap()), "ptrace");
        assert_eq!(name(0x4000_0000 | 101), "x32:ptrace");
        assert_eq!(name(9999), "syscall_9999");
    }

    #[test]
    fn calls_from_after_our_time_do_not_exist() {
        assert_eq!(errno(i32::try_from(libc::SYS_ptrace).unwrap()), libc::EPERM);
        assert_eq!([errno(462), errno(463), errno(9999)], [libc::EPERM, libc::ENOSYS, libc::ENOSYS]);
        assert_eq!([errno(X32_BIT), errno(X32_BIT | 101), errno(-1)], [libc::EPERM; 3]);
    }
}
