//! Limits the kernel keeps for each process, beside the cgroup's for the whole tree.

use std::io;

use ringfence_job::Limits;

use crate::sys;

/// Most locked memory of a process in bytes: what small key buffers need.
const LOCKED_BYTES_MAX: u64 = 8 * 1024 * 1024;

/// Most pending signals of the guest's user.
const PENDING_SIGNALS_MAX: u64 = 1024;

/// Largest core dump in bytes. Not 0: where the host pipes dumps into a program, the kernel would still
/// start that program, as root of the host, and feed it what the guest wishes. 1 is its own sign for a
/// process whose dump goes nowhere (do_coredump in fs/coredump.c), and too little for a file.
const CORE_BYTES: u64 = 1;

/// Has crashes of this process and of all its children leave no dump anywhere. The guest's filter
/// refuses to change this again.
///
/// # Errors
/// The hard limit is 0, as a shell or service manager may have set it, and only root may raise it.
pub(crate) fn forbid_dumps() -> io::Result<()> {
    sys::set_rlimit(0, libc::RLIMIT_CORE, CORE_BYTES)
}

/// Sets the limits of the guest's first process, by its pid, or 0 for this one; all others inherit them.
pub(crate) fn set(pid: i32, limits: &Limits) -> io::Result<()> {
    sys::lower_rlimit(pid, libc::RLIMIT_NOFILE, limits.open_files)?;
    sys::lower_rlimit(pid, libc::RLIMIT_FSIZE, limits.file_bytes)?;
    // Second to the cgroup's count, rounded up; a process gets SIGXCPU, and then SIGKILL.
    sys::lower_rlimit(pid, libc::RLIMIT_CPU, limits.cpu_ms.div_ceil(1000) + 1)?;
    sys::lower_rlimit(pid, libc::RLIMIT_MEMLOCK, LOCKED_BYTES_MAX)?;
    sys::lower_rlimit(pid, libc::RLIMIT_MSGQUEUE, 0)?;
    sys::lower_rlimit(pid, libc::RLIMIT_SIGPENDING, PENDING_SIGNALS_MAX)?;
    sys::lower_rlimit(pid, libc::RLIMIT_NICE, 0)?;
    sys::lower_rlimit(pid, libc::RLIMIT_RTPRIO, 0)
}
