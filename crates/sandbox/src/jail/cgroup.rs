//! Limits for the whole process tree: a fresh control group per run in each hierarchy (cgroup v1).
//!
//! All groups of a supervisor lie below one named after the data directory and the supervisor's
//! process, so that a later start can sweep what a crash left behind.

use std::{
    collections::BTreeSet,
    fs,
    io::{self, Write as _},
    path::{Path, PathBuf},
    thread,
    time::Duration,
};

use ringfence_job::Limits;
use rustix::process::{Pid, Signal, kill_process};

/// CPU weight of all guests together; the supervisor and the server have 1024 each.
const CPU_SHARES: u64 = 256;

/// How often removing a group is tried again while the kernel still counts a dead process.
const REMOVE_TRIES_MAX: u32 = 50;

/// Wait between two tries.
const REMOVE_WAIT: Duration = Duration::from_millis(2);

/// Tasks of a run that are ours: its init.
const OWN_TASKS: u64 = 1;

/// Why limits for a whole tree cannot be had, in words an operator can act on.
#[derive(Debug, thiserror::Error)]
pub(crate) enum CgroupError {
    /// A controller is not mounted.
    #[error("the cgroup v1 controller {0} is not mounted")]
    NotMounted(&'static str),
    /// A file or directory cannot be used.
    #[error("cannot use {path}: {source}")]
    Unusable {
        /// Which.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
}

/// The directories in which a supervisor makes its runs' groups.
#[derive(Debug)]
pub(crate) struct Hierarchies {
    memory: PathBuf,
    pids: PathBuf,
    cpu: PathBuf,
    cpuacct: PathBuf,
}

impl Hierarchies {
    /// Finds the controllers, sweeps what dead supervisors of `instance` left, and makes our own base.
    pub(crate) fn prepare(instance: &str) -> Result<Hierarchies, CgroupError> {
        let mounts = read("/proc/self/mountinfo")?;
        let own = read("/proc/self/cgroup")?;
        let start = start_time(std::process::id()).unwrap_or(0);
        let name = format!("{}{}-{start}", base_prefix(instance), std::process::id());
        let base = |controller| -> Result<PathBuf, CgroupError> {
            let parent = locate(&mounts, &own, controller).ok_or(CgroupError::NotMounted(controller))?;
            sweep(&parent, instance);
            let base = parent.join(&name);
            match fs::create_dir(&base) {
                Err(error) if error.kind() == io::ErrorKind::AlreadyExists => Ok(base),
                Err(source) => Err(CgroupError::Unusable { path: base, source }),
                Ok(()) => Ok(base),
            }
        };
        let hierarchies = Hierarchies {
            memory: base("memory")?,
            pids: base("pids")?,
            cpu: base("cpu")?,
            cpuacct: base("cpuacct")?,
        };
        write(&hierarchies.cpu.join("cpu.shares"), CPU_SHARES)?;
        Ok(hierarchies)
    }

    /// Removes the base groups; they are empty once every run has ended.
    pub(crate) fn remove(&self) {
        for directory in self.directories() {
            // What cannot be removed now is swept by the next start.
            let _ = remove_group(directory);
        }
    }

    /// Makes the groups of a jail, without limits.
    pub(crate) fn create(&self, name: &str) -> Result<Group, CgroupError> {
        let group = Group {
            memory: self.memory.join(name),
            pids: self.pids.join(name),
            cpu: self.cpu.join(name),
            cpuacct: self.cpuacct.join(name),
        };
        for path in group.directories() {
            fs::create_dir(path).map_err(|source| CgroupError::Unusable { path: path.to_owned(), source })?;
        }
        Ok(group)
    }

    fn directories(&self) -> BTreeSet<&Path> {
        BTreeSet::from([&*self.memory, &*self.pids, &*self.cpu, &*self.cpuacct])
    }
}

/// The control groups of one run; [`Group::remove`] ends them.
#[derive(Debug)]
pub(crate) struct Group {
    memory: PathBuf,
    pids: PathBuf,
    cpu: PathBuf,
    cpuacct: PathBuf,
}

impl Group {
    /// Sets the limits of the run that is to begin.
    pub(crate) fn limit(&self, limits: &Limits) -> Result<(), CgroupError> {
        write(&self.memory.join("memory.limit_in_bytes"), limits.memory_bytes)?;
        // Memory and swap together, where the kernel counts swap: as much as memory alone, so none.
        let with_swap = self.memory.join("memory.memsw.limit_in_bytes");
        if with_swap.exists() {
            write(&with_swap, limits.memory_bytes)?;
        }
        write(&self.pids.join("pids.max"), limits.tasks + OWN_TASKS)
    }

    /// Opens the files by which a process enters the groups, with [`enter`].
    pub(crate) fn open_entrances(&self) -> Result<Vec<fs::File>, CgroupError> {
        let open = |directory: &Path| {
            let path = directory.join("tasks");
            fs::OpenOptions::new()
                .write(true)
                .open(&path)
                .map_err(|source| CgroupError::Unusable { path, source })
        };
        self.directories().into_iter().map(open).collect()
    }

    /// CPU time used so far by the whole tree, in microseconds.
    pub(crate) fn cpu_us(&self) -> u64 {
        number(&self.cpuacct.join("cpuacct.usage")) / 1000
    }

    /// How many tasks of the tree the kernel ended for want of memory.
    pub(crate) fn oom_kills(&self) -> u64 {
        keyed_number(&self.memory.join("memory.oom_control"), "oom_kill")
    }

    /// How often the task limit refused a new one.
    pub(crate) fn tasks_refused(&self) -> u64 {
        keyed_number(&self.pids.join("pids.events"), "max")
    }

    /// Anonymous and shared memory of the whole tree now, in bytes.
    pub(crate) fn memory_bytes(&self) -> u64 {
        let stat = self.memory.join("memory.stat");
        keyed_number(&stat, "rss") + keyed_number(&stat, "shmem")
    }

    /// Peak memory in bytes without the file cache that is still charged.
    pub(crate) fn memory_peak_bytes(&self) -> u64 {
        let peak = number(&self.memory.join("memory.max_usage_in_bytes"));
        let stat = self.memory.join("memory.stat");
        let cache = keyed_number(&stat, "cache").saturating_sub(keyed_number(&stat, "shmem"));
        peak.saturating_sub(cache)
    }

    /// Removes the groups. Every process must be reaped and every tmpfs freed.
    pub(crate) fn remove(&self) -> Result<(), CgroupError> {
        for directory in self.directories() {
            remove_group(directory)?;
        }
        Ok(())
    }

    fn directories(&self) -> BTreeSet<&Path> {
        BTreeSet::from([&*self.memory, &*self.pids, &*self.cpu, &*self.cpuacct])
    }
}

/// Moves the calling process, with its one thread, into the groups.
///
/// A thread that moves itself is spared the kernel's lock on all processes' starts, for which moving
/// another process waits up to 20 ms.
pub(crate) fn enter(entrances: &[fs::File]) -> io::Result<()> {
    entrances.iter().try_for_each(|mut entrance| entrance.write_all(b"0"))
}

/// Directory of our own group in the hierarchy of `controller`.
fn locate(mountinfo: &str, own: &str, controller: &str) -> Option<PathBuf> {
    let own_path = own.lines().find_map(|line| {
        let mut fields = line.splitn(3, ':').skip(1);
        fields.next()?.split(',').any(|name| name == controller).then(|| fields.next())?
    })?;
    mountinfo.lines().find_map(|line| {
        let (mount, file_system) = line.split_once(" - ")?;
        let mut file_system = file_system.split(' ');
        let is_v1 = file_system.next()? == "cgroup";
        let options = file_system.nth(1)?;
        if !is_v1 || !options.split(',').any(|name| name == controller) {
            return None;
        }
        let mut fields = mount.split(' ').skip(3);
        let (root, mount_point) = (fields.next()?, fields.next()?);
        // In a container the mount may show only a part of the hierarchy.
        let below = Path::new(own_path).strip_prefix(root).unwrap_or_else(|_| Path::new(""));
        Some(Path::new(mount_point).join(below))
    })
}

fn base_prefix(instance: &str) -> String {
    format!("ringfence-{instance}-")
}

/// Ends what supervisors of `instance` that are no longer alive left in `parent`.
fn sweep(parent: &Path, instance: &str) {
    let prefix = base_prefix(instance);
    for entry in fs::read_dir(parent).into_iter().flatten().flatten() {
        let name = entry.file_name();
        let Some(owner) = name.to_str().and_then(|name| name.strip_prefix(&prefix)) else { continue };
        let Some((pid, start)) = owner.split_once('-') else { continue };
        let alive = pid.parse().ok().and_then(start_time).is_some_and(|time| time.to_string() == start);
        if !alive {
            for run in fs::read_dir(entry.path()).into_iter().flatten().flatten() {
                if run.path().is_dir() {
                    kill_members(&run.path());
                    let _ = remove_group(&run.path());
                }
            }
            let _ = remove_group(&entry.path());
        }
    }
}

fn kill_members(group: &Path) {
    for pid in fs::read_to_string(group.join("cgroup.procs")).unwrap_or_default().lines() {
        if let Some(pid) = pid.parse().ok().and_then(Pid::from_raw) {
            let _ = kill_process(pid, Signal::KILL);
        }
    }
}

/// When a live process started, which with the pid names it for good; `None` if there is none.
fn start_time(pid: u32) -> Option<u64> {
    parse_start_time(&fs::read_to_string(format!("/proc/{pid}/stat")).ok()?)
}

/// Field 22 of proc_pid_stat(5), unless field 3 says that only its parent still knows the process.
fn parse_start_time(stat: &str) -> Option<u64> {
    let mut fields = stat.rsplit_once(')')?.1.split_whitespace();
    let state = fields.next()?;
    if state == "Z" || state == "X" { None } else { fields.nth(18)?.parse().ok() }
}

fn remove_group(directory: &Path) -> Result<(), CgroupError> {
    let mut tries = 0;
    loop {
        match fs::remove_dir(directory) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
            Err(error) if error.raw_os_error() == Some(libc::EBUSY) && tries < REMOVE_TRIES_MAX => {
                tries += 1;
                thread::sleep(REMOVE_WAIT);
            }
            Err(source) => return Err(CgroupError::Unusable { path: directory.to_owned(), source }),
            Ok(()) => return Ok(()),
        }
    }
}

fn read(path: &str) -> Result<String, CgroupError> {
    fs::read_to_string(path).map_err(|source| CgroupError::Unusable { path: path.into(), source })
}

fn write(path: &Path, value: impl ToString) -> Result<(), CgroupError> {
    fs::write(path, value.to_string())
        .map_err(|source| CgroupError::Unusable { path: path.to_owned(), source })
}

/// The number in a file, or 0 if the kernel does not offer it.
fn number(path: &Path) -> u64 {
    fs::read_to_string(path).ok().and_then(|text| text.trim().parse().ok()).unwrap_or(0)
}

/// The number after `key` in a file of "key number" lines, or 0.
fn keyed_number(path: &Path, key: &str) -> u64 {
    let text = fs::read_to_string(path).unwrap_or_default();
    text.lines().find_map(|line| line.strip_prefix(key)?.strip_prefix(' ')?.trim().parse().ok()).unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    const OWN: &str = "4:memory:/a/b\n2:cpu,cpuacct:/\n0::/\n";

    #[test]
    fn controllers_are_found_where_they_are_mounted() {
        let mounts = "30 23 0:26 / /sys/fs/cgroup/memory rw,relatime - cgroup cgroup rw,memory\n\
                      31 23 0:27 / /sys/fs/cgroup/cpu,cpuacct rw - cgroup cgroup rw,cpu,cpuacct\n\
                      32 23 0:28 / /sys/fs/cgroup/unified rw - cgroup2 cgroup2 rw\n";
        let find = |controller| locate(mounts, OWN, controller);
        assert_eq!(find("memory"), Some("/sys/fs/cgroup/memory/a/b".into()));
        assert_eq!(find("cpuacct"), Some("/sys/fs/cgroup/cpu,cpuacct".into()));
        assert_eq!(find("pids"), None);
    }

    #[test]
    fn a_container_sees_its_group_at_the_mount_point() {
        let mounts = "30 23 0:26 /a/b /sys/fs/cgroup/memory rw - cgroup cgroup rw,memory\n";
        assert_eq!(locate(mounts, OWN, "memory"), Some("/sys/fs/cgroup/memory/".into()));
    }

    #[test]
    fn our_own_start_time_is_known() {
        assert!(start_time(std::process::id()).is_some_and(|time| time > 0));
    }

    #[test]
    fn the_dead_that_nobody_has_reaped_are_dead() {
        let stat = |state: &str| {
            let rest: Vec<String> = (4..=52).map(|field| field.to_string()).collect();
            format!("7 (a) Z (b) {state} {}", rest.join(" "))
        };
        assert_eq!(parse_start_time(&stat("S")), Some(22));
        assert_eq!(parse_start_time(&stat("Z")), None);
    }
}
