//! The control groups of one run: its limits, what it has used, and its end.

use std::{
    fs::{self, File, OpenOptions},
    io::{self, Write as _},
    os::fd::{AsFd as _, BorrowedFd},
    path::Path,
    time::Instant,
};

use ringfence_job::Limits;

use super::{
    CgroupError, Directories, REMOVE_FOR, Version, beginning, keyed, keyed_number, number, remove_group,
    write,
};

/// Tasks of a run that are ours: its init.
const OWN_TASKS: u64 = 1;

/// The least share of the processors, and the kernel's own choice, of v1 and v2.
const LEAST_CPU_SHARES: u32 = 2;
const LEAST_CPU_WEIGHT: u32 = 1;
const USUAL_CPU_SHARES: u32 = 1024;
const USUAL_CPU_WEIGHT: u32 = 100;

/// The control groups of one run; [`Group::remove`] ends them.
#[derive(Debug)]
pub(crate) struct Group {
    pub(super) version: Version,
    /// One and the same for every controller with v2.
    pub(super) directories: Directories,
}

impl Group {
    /// Has what runs here leave the processors to everybody else, until a run begins.
    pub(crate) fn stand_back(&self) -> Result<(), CgroupError> {
        self.weigh(LEAST_CPU_SHARES, LEAST_CPU_WEIGHT)
    }

    /// Has what runs here take an eighth of what others do.
    pub(crate) fn give_way(&self) -> Result<(), CgroupError> {
        self.weigh(USUAL_CPU_SHARES / 8, USUAL_CPU_WEIGHT / 8)
    }

    /// Takes back [`Group::stand_back`] or [`Group::give_way`].
    pub(crate) fn step_forward(&self) -> Result<(), CgroupError> {
        self.weigh(USUAL_CPU_SHARES, USUAL_CPU_WEIGHT)
    }

    fn weigh(&self, shares: u32, weight: u32) -> Result<(), CgroupError> {
        match self.version {
            Version::V1 => write(&self.directories.cpu.join("cpu.shares"), shares),
            Version::V2 => write_if_there(&self.directories.cpu.join("cpu.weight"), weight.into()),
        }
    }

    /// Sets the limits of the run that is to begin.
    pub(crate) fn limit(&self, limits: &Limits) -> Result<(), CgroupError> {
        self.bound(limits.memory_bytes, limits.tasks + OWN_TASKS)
    }

    /// Sets the limits on memory, in bytes, and on tasks.
    pub(crate) fn bound(&self, memory_bytes: u64, tasks: u64) -> Result<(), CgroupError> {
        let Directories { memory, pids, .. } = &self.directories;
        match self.version {
            Version::V1 => {
                write(&memory.join("memory.limit_in_bytes"), memory_bytes)?;
                // Memory and swap together: as much as memory alone, so none.
                write_if_there(&memory.join("memory.memsw.limit_in_bytes"), memory_bytes)?;
            }
            Version::V2 => {
                write(&memory.join("memory.max"), memory_bytes)?;
                write_if_there(&memory.join("memory.swap.max"), 0)?;
                // A tree that has lost one process for want of memory is over: its run is out of memory.
                write(&memory.join("memory.oom.group"), 1)?;
            }
        }
        write(&pids.join("pids.max"), tasks)
    }

    /// Opens what a process enters the groups by.
    pub(crate) fn open_entrance(&self) -> Result<Entrance, CgroupError> {
        match self.version {
            Version::V1 => Ok(Entrance { birthplace: None, tasks: self.open_doors()? }),
            Version::V2 => {
                let directory = &self.directories.memory;
                let opened = File::open(directory);
                let birthplace = opened.map_err(|source| CgroupError::unusable(directory, source))?;
                Ok(Entrance { birthplace: Some(birthplace), tasks: Vec::new() })
            }
        }
    }

    /// Opens the files by which a process that was born elsewhere enters the groups, with a line of "0".
    pub(crate) fn open_doors(&self) -> Result<Vec<File>, CgroupError> {
        let file = match self.version {
            Version::V1 => "tasks",
            Version::V2 => "cgroup.procs",
        };
        let open = |directory: &Path| {
            let path = directory.join(file);
            let opened = OpenOptions::new().write(true).open(&path);
            opened.map_err(|source| CgroupError::unusable(&path, source))
        };
        self.directories.each().into_iter().map(open).collect()
    }

    /// CPU time used so far by the whole tree, in microseconds.
    pub(crate) fn cpu_us(&self) -> u64 {
        match self.version {
            Version::V1 => number(&self.directories.cpuacct.join("cpuacct.usage")) / 1000,
            Version::V2 => keyed_number(&self.directories.cpuacct.join("cpu.stat"), "usage_usec"),
        }
    }

    /// How many tasks of the tree the kernel ended for want of memory.
    pub(crate) fn oom_kills(&self) -> u64 {
        let file = match self.version {
            Version::V1 => "memory.oom_control",
            Version::V2 => "memory.events",
        };
        keyed_number(&self.directories.memory.join(file), "oom_kill")
    }

    /// How often the task limit refused a new one.
    pub(crate) fn tasks_refused(&self) -> u64 {
        keyed_number(&self.directories.pids.join("pids.events"), "max")
    }

    /// Anonymous and shared memory of the whole tree now, in bytes.
    pub(crate) fn memory_bytes(&self) -> u64 {
        let anonymous = match self.version {
            Version::V1 => "rss",
            Version::V2 => "anon",
        };
        let stat = beginning(&self.directories.memory.join("memory.stat"));
        keyed(&stat, anonymous) + keyed(&stat, "shmem")
    }

    /// Peak memory in bytes without the file cache that is still charged; 0 where the kernel keeps no
    /// peak (v2 before Linux 5.19).
    pub(crate) fn memory_peak_bytes(&self) -> u64 {
        let (peak, cache) = match self.version {
            Version::V1 => ("memory.max_usage_in_bytes", "cache"),
            Version::V2 => ("memory.peak", "file"),
        };
        let stat = beginning(&self.directories.memory.join("memory.stat"));
        let cache = keyed(&stat, cache).saturating_sub(keyed(&stat, "shmem"));
        number(&self.directories.memory.join(peak)).saturating_sub(cache)
    }

    /// The processes in the groups, by their numbers in the caller's view; empty if they cannot be read.
    pub(crate) fn processes(&self) -> Vec<i32> {
        members(&self.directories.pids)
    }

    /// Kills every process in the groups, where the kernel can do that (v2 since Linux 5.14).
    pub(crate) fn kill(&self) {
        kill_at_once(&self.directories.memory);
    }

    /// Removes the groups. Every process must be reaped and every tmpfs freed.
    pub(crate) fn remove(&self) -> Result<(), CgroupError> {
        let until = Instant::now() + REMOVE_FOR;
        self.directories.each().into_iter().try_for_each(|directory| remove_group(directory, until))
    }
}

/// How a new process gets into the groups of its run.
#[derive(Debug, Default)]
pub(crate) struct Entrance {
    birthplace: Option<File>,
    tasks: Vec<File>,
}

impl Entrance {
    /// The group to be born in, if one is enough.
    pub(crate) fn birthplace(&self) -> Option<BorrowedFd<'_>> {
        self.birthplace.as_ref().map(|group| group.as_fd())
    }

    /// Moves the calling process, with its one thread, into the groups it was not born in.
    ///
    /// A thread that moves itself is spared the kernel's lock on all processes' starts, for which moving
    /// another process waits up to 20 ms.
    pub(crate) fn enter(&self) -> io::Result<()> {
        self.tasks.iter().try_for_each(|mut tasks| tasks.write_all(b"0"))
    }
}

/// The processes in a group's directory; none if they cannot be read.
pub(super) fn members(directory: &Path) -> Vec<i32> {
    let listed = fs::read_to_string(directory.join("cgroup.procs")).unwrap_or_default();
    listed.lines().filter_map(|pid| pid.parse().ok()).collect()
}

/// Kills every process of a v2 group and below; false where the kernel has no such file.
pub(super) fn kill_at_once(directory: &Path) -> bool {
    OpenOptions::new()
        .write(true)
        .open(directory.join("cgroup.kill"))
        .is_ok_and(|mut file| file.write_all(b"1").is_ok())
}

/// Sets a limit on what not every kernel counts.
fn write_if_there(path: &Path, value: u64) -> Result<(), CgroupError> {
    match fs::exists(path) {
        Ok(false) => Ok(()),
        _ => write(path, value),
    }
}
