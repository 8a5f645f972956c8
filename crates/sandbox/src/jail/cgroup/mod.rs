//! Limits for the whole process tree: a fresh control group per run, in each hierarchy of cgroup v1 or in
//! the one of v2.
//!
//! All groups of a supervisor lie below one named after the data directory and the supervisor's
//! process, so that a later start can sweep what a crash left behind.

mod group;
mod place;
mod v2;

use std::{
    collections::BTreeSet,
    fs,
    io::{self, Read as _},
    path::{Path, PathBuf},
    thread,
    time::{Duration, Instant},
};

pub(crate) use group::{Entrance, Group};
use rustix::process::{Pid, Signal, kill_process};

/// CPU weight of all guests together with v1; the supervisor and the server have 1024 each.
const CPU_SHARES: u64 = 256;

/// The same with v2; the server's group has 100.
const CPU_WEIGHT: u64 = 25;

/// Bytes of a file that are read for its figures.
const FIGURES_BYTES: usize = 4096;

/// How long removing a group is tried while the kernel still counts a dead process.
const REMOVE_FOR: Duration = Duration::from_millis(100);

/// The same for all that dead supervisors left, whose processes have only just been killed.
const SWEEP_FOR: Duration = Duration::from_secs(3);

/// Wait between two tries.
const REMOVE_WAIT: Duration = Duration::from_millis(2);

/// Why limits for a whole tree cannot be had, in words an operator can act on.
#[derive(Debug, thiserror::Error)]
pub(crate) enum CgroupError {
    /// A controller is not mounted.
    #[error("no control groups with the controller {0} are mounted")]
    NotMounted(&'static str),
    /// A group does not pass a controller on to the groups below it.
    #[error("the control group {} was not given the controller {controller}", group.display())]
    NotOffered {
        /// Which controller.
        controller: &'static str,
        /// The group.
        group: PathBuf,
    },
    /// The group belongs to somebody else.
    #[error("{} is not ours to change: this needs a control group that is delegated to us", path.display())]
    NotDelegated {
        /// What could not be changed.
        path: PathBuf,
    },
    /// The file system cannot be written to, as in most containers.
    #[error("{} is mounted read-only", path.display())]
    ReadOnly {
        /// What could not be changed.
        path: PathBuf,
    },
    /// A file or directory cannot be used.
    #[error("cannot use {}: {source}", path.display())]
    Unusable {
        /// Which.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
}

impl CgroupError {
    fn unusable(path: &Path, source: io::Error) -> CgroupError {
        let path = path.to_owned();
        match source.kind() {
            io::ErrorKind::PermissionDenied => CgroupError::NotDelegated { path },
            io::ErrorKind::ReadOnlyFilesystem => CgroupError::ReadOnly { path },
            _ => CgroupError::Unusable { path, source },
        }
    }
}

/// Which form of control groups a host has.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Version {
    /// A hierarchy for each controller.
    V1,
    /// One hierarchy for all of them.
    V2,
}

impl Version {
    /// As answers show it.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Version::V1 => "v1",
            Version::V2 => "v2",
        }
    }
}

/// A group's directory for each controller; with v2 they are one and the same.
#[derive(Debug)]
struct Directories {
    memory: PathBuf,
    pids: PathBuf,
    cpu: PathBuf,
    cpuacct: PathBuf,
}

impl Directories {
    fn find<E>(find: impl Fn(&'static str) -> Result<PathBuf, E>) -> Result<Directories, E> {
        Ok(Directories {
            memory: find("memory")?,
            pids: find("pids")?,
            cpu: find("cpu")?,
            cpuacct: find("cpuacct")?,
        })
    }

    fn one(directory: &Path) -> Directories {
        let [memory, pids, cpu, cpuacct] = [(); 4].map(|()| directory.to_owned());
        Directories { memory, pids, cpu, cpuacct }
    }

    fn join(&self, name: &str) -> Directories {
        Directories {
            memory: self.memory.join(name),
            pids: self.pids.join(name),
            cpu: self.cpu.join(name),
            cpuacct: self.cpuacct.join(name),
        }
    }

    /// Each directory once.
    fn each(&self) -> BTreeSet<&Path> {
        BTreeSet::from([&*self.memory, &*self.pids, &*self.cpu, &*self.cpuacct])
    }
}

/// The base groups, in which a supervisor makes its runs' groups.
#[derive(Debug)]
pub(crate) struct Hierarchies {
    version: Version,
    bases: Directories,
}

impl Hierarchies {
    /// Finds a place, sweeps what dead supervisors of `instance` left there, and makes our own base.
    /// `privileged` says that root called us.
    pub(crate) fn prepare(instance: &str, privileged: bool) -> Result<Hierarchies, CgroupError> {
        let (version, homes) = find_homes(privileged)?;
        let until = Instant::now() + SWEEP_FOR;
        homes.each().into_iter().for_each(|home| sweep(home, instance, until));
        let start = start_time(std::process::id()).unwrap_or(0);
        let bases = homes.join(&format!("{}{}-{start}", base_prefix(instance), std::process::id()));
        bases.each().into_iter().try_for_each(make_group)?;
        match version {
            Version::V1 => write(&bases.cpu.join("cpu.shares"), CPU_SHARES)?,
            Version::V2 => {
                v2::enable_controllers(&bases.memory)?;
                write(&bases.cpu.join("cpu.weight"), CPU_WEIGHT)?;
            }
        }
        Ok(Hierarchies { version, bases })
    }

    /// Which form of control groups it is.
    pub(crate) fn version(&self) -> Version {
        self.version
    }

    /// Removes the base groups; they are empty once every run has ended.
    pub(crate) fn remove(&self) {
        let until = Instant::now() + REMOVE_FOR;
        for directory in self.bases.each() {
            // What cannot be removed now is swept by the next start.
            let _ = remove_group(directory, until);
        }
    }

    /// Makes the groups of a jail, without limits.
    pub(crate) fn create(&self, name: &str) -> Result<Group, CgroupError> {
        let directories = self.bases.join(name);
        for directory in directories.each() {
            fs::create_dir(directory).map_err(|source| CgroupError::unusable(directory, source))?;
        }
        Ok(Group { version: self.version, directories })
    }
}

/// The groups below which a base may be made. Where v1 has the memory controller, v2 does not.
fn find_homes(privileged: bool) -> Result<(Version, Directories), CgroupError> {
    let mounts = read("/proc/self/mountinfo")?;
    let own = read("/proc/self/cgroup")?;
    let find =
        |controller| place::locate_v1(&mounts, &own, controller).ok_or(CgroupError::NotMounted(controller));
    match (find("memory"), place::locate_v2(&mounts, &own)) {
        (Err(_), Some(unified)) => {
            let home = v2::divide(&unified, privileged)?;
            Ok((Version::V2, Directories::one(&home)))
        }
        _ => Ok((Version::V1, Directories::find(find)?)),
    }
}

/// Makes a group, unless it is there.
fn make_group(directory: &Path) -> Result<(), CgroupError> {
    match fs::create_dir(directory) {
        Err(error) if error.kind() != io::ErrorKind::AlreadyExists => {
            Err(CgroupError::unusable(directory, error))
        }
        _ => Ok(()),
    }
}

fn base_prefix(instance: &str) -> String {
    format!("ringfence-{instance}-")
}

/// Ends what supervisors of `instance` that are no longer alive left in `parent`; what the kernel still counts at
/// `until`, the next start ends.
fn sweep(parent: &Path, instance: &str, until: Instant) {
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
                    let _ = remove_group(&run.path(), until);
                }
            }
            let _ = remove_group(&entry.path(), until);
        }
    }
}

fn kill_members(group: &Path) {
    if group::kill_at_once(group) {
        return;
    }
    for pid in group::members(group).into_iter().filter_map(Pid::from_raw) {
        let _ = kill_process(pid, Signal::KILL);
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

fn remove_group(directory: &Path, until: Instant) -> Result<(), CgroupError> {
    loop {
        match fs::remove_dir(directory) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
            Err(error) if error.raw_os_error() == Some(libc::EBUSY) && Instant::now() < until => {
                thread::sleep(REMOVE_WAIT);
            }
            Err(source) => return Err(CgroupError::unusable(directory, source)),
            Ok(()) => return Ok(()),
        }
    }
}

fn read(path: &str) -> Result<String, CgroupError> {
    fs::read_to_string(path).map_err(|source| CgroupError::unusable(Path::new(path), source))
}

fn write(path: &Path, value: impl ToString) -> Result<(), CgroupError> {
    fs::write(path, value.to_string()).map_err(|source| CgroupError::unusable(path, source))
}

/// The number in a file, or 0 if the kernel does not offer it.
fn number(path: &Path) -> u64 {
    beginning(path).trim().parse().unwrap_or(0)
}

/// The number after `key` in a file of "key number" lines, or 0.
fn keyed_number(path: &Path, key: &str) -> u64 {
    keyed(&beginning(path), key)
}

/// The number after `key` in "key number" lines, or 0.
fn keyed(text: &str, key: &str) -> u64 {
    text.lines().find_map(|line| line.strip_prefix(key)?.strip_prefix(' ')?.trim().parse().ok()).unwrap_or(0)
}

/// The first [`FIGURES_BYTES`] of a file, which holds every figure that is looked for here; nothing if it cannot be
/// read. Between the end of a run and its answer, each further call counts.
fn beginning(path: &Path) -> String {
    let mut text = vec![0; FIGURES_BYTES];
    let read = fs::File::open(path).and_then(|mut file| file.read(&mut text)).unwrap_or(0);
    text.truncate(read);
    String::from_utf8(text).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

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
