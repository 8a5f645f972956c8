//! Limits the kernel keeps for each process, beside the cgroup's for the whole tree.

use std::io;

use ringfence_job::Limits;

use crate::sys;

/// Most locked memory of a process in bytes: what small key buffers need.
const LOCKED_BYTES_MAX: u64 = 8 * 1024 * 1024;

/// Most pending signals of the guest's user.
const PENDING_SIGNALS_MAX: u64 = 1024;

/// Sets the limits of the guest's first process; all others inherit them.
pub(crate) fn set(limits: &Limits) -> io::Result<()> {
    sys::lower_rlimit(libc::RLIMIT_NOFILE, limits.open_files)?;
    sys::lower_rlimit(libc::RLIMIT_FSIZE, limits.file_bytes)?;
    // Second to the cgroup's count, rounded up; a process gets SIGXCPU, and then SIGKILL.
    sys::lower_rlimit(libc::RLIMIT_CPU, limits.cpu_ms.div_ceil(1000) + 1)?;
    sys::lower_rlimit(libc::RLIMIT_CORE, 0)?;
    sys::lower_rlimit(libc::RLIMIT_MEMLOCK, LOCKED_BYTES_MAX)?;
    sys::lower_rlimit(libc::RLIMIT_MSGQUEUE, 0)?;
    sys::lower_rlimit(libc::RLIMIT_SIGPENDING, PENDING_SIGNALS_MAX)?;
    sys::lower_rlimit(libc::RLIMIT_NICE, 0)?;
    sys::lower_rlimit(libc::RLIMIT_RTPRIO, 0)
}
