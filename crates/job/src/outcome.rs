//! What happened to a job: the guest's result, never our own failure.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::{LimitKind, Limits};

/// How a run ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum Status {
    /// The program exited with 0.
    Succeeded,
    /// The program exited with another code.
    Failed,
    /// A signal that was not ours ended the program.
    Signaled,
    /// The wall-clock or cpu limit ended the run.
    TimedOut,
    /// The memory limit ended the run.
    OutOfMemory,
    /// The client or the operator ended the run.
    Cancelled,
}

impl Status {
    /// Every status, in the order of the documentation.
    pub const ALL: [Status; 6] = [
        Status::Succeeded,
        Status::Failed,
        Status::Signaled,
        Status::TimedOut,
        Status::OutOfMemory,
        Status::Cancelled,
    ];

    /// The name used in answers.
    pub fn name(self) -> &'static str {
        match self {
            Status::Succeeded => "succeeded",
            Status::Failed => "failed",
            Status::Signaled => "signaled",
            Status::TimedOut => "timed_out",
            Status::OutOfMemory => "out_of_memory",
            Status::Cancelled => "cancelled",
        }
    }
}

/// A limit that fired during the run.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct LimitHit {
    /// Which limit; its name is also the setting that moves it.
    pub limit: LimitKind,
    /// The value that was in force.
    pub value: u64,
}

/// A system call that the jail refused.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
pub struct DeniedSyscall {
    /// The kernel's name of the call, or `syscall_N` for numbers without one.
    pub name: String,
    /// How often it was seen; counting stops at a bound.
    pub count: u32,
}

/// What a run used, measured by the supervisor.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
#[serde(rename_all = "camelCase")]
pub struct Usage {
    /// Wall-clock time from the program's start to its end, in milliseconds.
    pub wall_ms: u64,
    /// CPU time of the whole tree in milliseconds.
    pub cpu_ms: u64,
    /// Peak memory of the whole tree in bytes, without file cache.
    pub memory_peak_bytes: u64,
    /// Bytes written to standard output, kept or not.
    pub stdout_bytes: u64,
    /// Bytes written to standard error, kept or not.
    pub stderr_bytes: u64,
}

/// A file the program left in its working directory.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct OutputFile {
    /// Path below the working directory, with `/` between components.
    pub name: String,
    /// The content, byte for byte.
    pub content: Vec<u8>,
}

impl fmt::Debug for OutputFile {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "OutputFile({:?}, {} bytes)", self.name, self.content.len())
    }
}

/// One layer of the jail.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum Layer {
    /// The guest's uid is neither root nor the server's, in a user namespace of its own.
    UserNamespace,
    /// Own process ids; killing its init kills the whole tree.
    PidNamespace,
    /// Own mounts, a read-only root, nothing of the host.
    MountNamespace,
    /// Own, empty network.
    NetworkNamespace,
    /// Own System V IPC and POSIX message queues.
    IpcNamespace,
    /// No capabilities and no way to gain any.
    NoNewPrivileges,
    /// System calls by allow list.
    Seccomp,
    /// A second fence around the same files.
    Landlock,
    /// Memory of the whole tree limited.
    CgroupMemory,
    /// Tasks of the whole tree limited.
    CgroupTasks,
    /// CPU time of the whole tree measured and limited.
    CgroupCpu,
}

impl Layer {
    /// Every layer, outermost first.
    pub const ALL: [Layer; 11] = [
        Layer::UserNamespace,
        Layer::PidNamespace,
        Layer::MountNamespace,
        Layer::NetworkNamespace,
        Layer::IpcNamespace,
        Layer::NoNewPrivileges,
        Layer::Seccomp,
        Layer::Landlock,
        Layer::CgroupMemory,
        Layer::CgroupTasks,
        Layer::CgroupCpu,
    ];

    /// The name used in answers, in `doctor` and in the configuration.
    pub fn name(self) -> &'static str {
        match self {
            Layer::UserNamespace => "userNamespace",
            Layer::PidNamespace => "pidNamespace",
            Layer::MountNamespace => "mountNamespace",
            Layer::NetworkNamespace => "networkNamespace",
            Layer::IpcNamespace => "ipcNamespace",
            Layer::NoNewPrivileges => "noNewPrivileges",
            Layer::Seccomp => "seccomp",
            Layer::Landlock => "landlock",
            Layer::CgroupMemory => "cgroupMemory",
            Layer::CgroupTasks => "cgroupTasks",
            Layer::CgroupCpu => "cgroupCpu",
        }
    }
}

/// Whether a layer held during the run.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct LayerState {
    /// The layer.
    pub layer: Layer,
    /// True if it was in force for the whole run.
    pub in_force: bool,
    /// Which form it took, such as `abi 7` or `v1`; empty if there is only one.
    pub detail: String,
}

/// Every layer of the jail, in force or not.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Isolation(pub Vec<LayerState>);

impl Isolation {
    /// True if every layer was in force.
    pub fn is_complete(&self) -> bool {
        Layer::ALL.iter().all(|layer| self.0.iter().any(|state| state.layer == *layer && state.in_force))
    }
}

/// What happened, as the supervisor saw it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Outcome {
    /// How the run ended.
    pub status: Status,
    /// The program's exit code if it exited by itself.
    pub exit_code: Option<i32>,
    /// The signal that ended the program, ours included.
    pub signal: Option<i32>,
    /// Standard output up to its limit.
    pub stdout: Vec<u8>,
    /// Standard error up to its limit.
    pub stderr: Vec<u8>,
    /// True if standard output had more than its limit.
    pub stdout_truncated: bool,
    /// True if standard error had more than its limit.
    pub stderr_truncated: bool,
    /// Limits that fired, each once.
    pub limits_hit: Vec<LimitHit>,
    /// Refused system calls, each name once.
    pub denied_syscalls: Vec<DeniedSyscall>,
    /// True if more calls were refused than are counted.
    pub denied_truncated: bool,
    /// What was used.
    pub usage: Usage,
    /// The limits that were in force.
    pub limits: Limits,
    /// Files the program left behind that are new or changed.
    pub files: Vec<OutputFile>,
    /// The protections that were in force.
    pub isolation: Isolation,
    /// The hash that stands for every byte of the tree it ran in; none for our own reader.
    pub runtime_id: Option<String>,
}

impl LimitKind {
    /// What happens to a run that reaches this limit, as named in `limitsHit`.
    pub fn event(self) -> &'static str {
        match self {
            LimitKind::WallMs | LimitKind::CpuMs => "timed_out",
            LimitKind::MemoryBytes => "out_of_memory",
            LimitKind::Tasks => "too_many_tasks",
            LimitKind::OpenFiles => "too_many_open_files",
            LimitKind::FileBytes => "file_too_large",
            LimitKind::ScratchBytes | LimitKind::ScratchInodes => "disk_full",
            LimitKind::StdoutBytes
            | LimitKind::StderrBytes
            | LimitKind::OutputFiles
            | LimitKind::OutputBytes
            | LimitKind::OutputDepth
            | LimitKind::OutputNameBytes => "truncated",
        }
    }
}

impl fmt::Display for Status {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// One of the guest's output streams.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum Stream {
    /// Standard output.
    Stdout,
    /// Standard error.
    Stderr,
}

/// What happens to a job while it lasts.
#[derive(Debug)]
pub enum Progress<'a> {
    /// It has a slot, and its jail begins.
    Started,
    /// The guest wrote something.
    Output(Stream, &'a [u8]),
    /// What it has used so far; told a few times a second at most.
    Used(Usage),
}
