//! The host: what its kernel, its settings and a container around us offer or refuse.
//!
//! [`Host::read`] looks, [`Host::checks`] decides, so that every condition can be tried on every host.

use std::{
    collections::BTreeMap,
    fs, io,
    os::fd::AsFd,
    path::Path,
    time::{Duration, SystemTime},
};

use rustix::process::{Resource, WaitId, WaitIdOptions};

use super::{Check, CheckState};
use crate::{
    jail::{self, credentials},
    sys,
};

/// The first kernel, as major and minor, with every call the jail is made with.
const KERNEL_MIN: (u32, u32) = (5, 10);

/// Kinds of namespaces a jail is made of, by their names in /proc/self/ns and in sysctl.
const NAMESPACES: [&str; 7] = ["user", "pid", "mnt", "net", "ipc", "uts", "cgroup"];

/// How far a file may lie in the future, as clocks of file systems and processors differ.
const SKEW_MAX: Duration = Duration::from_secs(60);

/// What came of making the namespaces of a jail.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Trial {
    /// They were made, and hold a process list of their own.
    Works,
    /// They were refused with this errno.
    NoNamespaces(i32),
    /// They were made, but mounting a process list in them was refused with this errno.
    NoProcessList(i32),
}

/// What was found.
#[derive(Debug, Clone)]
struct Host {
    root: bool,
    /// As `uname -r` says it.
    release: String,
    /// Names of the kinds of namespaces this kernel lacks.
    kinds_missing: Vec<&'static str>,
    /// How many namespaces of each kind there may be, where the kernel says.
    maximums: BTreeMap<&'static str, u64>,
    /// Debian's switch for ordinary users: 0 is off.
    ordinary_users: Option<u64>,
    /// Ubuntu's switch for ordinary users: 1 is restricted.
    apparmor_restricts: Option<u64>,
    /// Whether somebody filters our own system calls.
    filtered: bool,
    reports_refusals: bool,
    trial: Trial,
    mounts: String,
    /// Where the kernel puts crash dumps.
    core_pattern: String,
    /// Our hard limit on them in bytes.
    core_limit: Option<u64>,
    now: SystemTime,
    /// When the data was last written.
    data_written: Option<SystemTime>,
    synchronised: bool,
}

/// What the host offers, and what mends it where it does not. Forks, so the caller has one thread.
///
/// `now_ms` is milliseconds since the Unix epoch.
pub fn check_host(data_dir: &Path, now_ms: i64) -> Vec<Check> {
    let now = SystemTime::UNIX_EPOCH + Duration::from_millis(u64::try_from(now_ms).unwrap_or(0));
    Host::read(data_dir, now).checks()
}

impl Host {
    fn read(data_dir: &Path, now: SystemTime) -> Host {
        let number = |path: &str| fs::read_to_string(path).ok()?.trim().parse::<u64>().ok();
        let maximum = |kind| Some((kind, number(&format!("/proc/sys/user/max_{kind}_namespaces"))?));
        Host {
            root: credentials::is_privileged(),
            release: rustix::system::uname().release().to_string_lossy().into_owned(),
            kinds_missing: NAMESPACES
                .into_iter()
                .filter(|kind| !Path::new("/proc/self/ns").join(kind).exists())
                .collect(),
            maximums: NAMESPACES.into_iter().filter_map(maximum).collect(),
            ordinary_users: number("/proc/sys/kernel/unprivileged_userns_clone"),
            apparmor_restricts: number("/proc/sys/kernel/apparmor_restrict_unprivileged_userns"),
            filtered: fs::read_to_string("/proc/self/status")
                .is_ok_and(|status| status.lines().any(|line| line == "Seccomp:\t2")),
            reports_refusals: sys::seccomp_knows(libc::SECCOMP_RET_USER_NOTIF),
            trial: try_namespaces(),
            mounts: fs::read_to_string("/proc/self/mountinfo").unwrap_or_default(),
            core_pattern: fs::read_to_string("/proc/sys/kernel/core_pattern").unwrap_or_default(),
            core_limit: rustix::process::getrlimit(Resource::Core).maximum,
            now,
            data_written: last_written(data_dir),
            synchronised: sys::clock_is_synchronised(),
        }
    }

    fn checks(&self) -> Vec<Check> {
        vec![self.kernel(), self.namespaces(), self.control_groups(), self.crash_dumps(), self.clock()]
    }

    fn kernel(&self) -> Check {
        let missing = |why: String| {
            Check::new("kernel", CheckState::Missing, why)
                .mended_by("start a kernel as distributions ship it, Linux 5.10 or later")
        };
        let mut parts =
            self.release.split(|c: char| !c.is_ascii_digit()).map(|part| part.parse().unwrap_or(0));
        let version = (parts.next().unwrap_or(0), parts.next().unwrap_or(0));
        if version < KERNEL_MIN {
            return missing(format!(
                "Linux {} is older than {}.{}",
                self.release, KERNEL_MIN.0, KERNEL_MIN.1
            ));
        }
        if !self.kinds_missing.is_empty() {
            let kinds = self.kinds_missing.join(", ");
            return missing(format!("Linux {} was built without namespaces: {kinds}", self.release));
        }
        if !self.reports_refusals {
            return missing(format!("Linux {} cannot report refused system calls", self.release));
        }
        Check::new("kernel", CheckState::Ok, format!("Linux {}", self.release))
    }

    fn namespaces(&self) -> Check {
        let errno = match self.trial {
            Trial::Works => return Check::new("namespaces", CheckState::Ok, ""),
            Trial::NoNamespaces(errno) | Trial::NoProcessList(errno) => errno,
        };
        let missing =
            |why: &str, fix: &str| Check::new("namespaces", CheckState::Missing, why).mended_by(fix);
        if let Some((kind, _)) = self.maximums.iter().find(|(_, maximum)| **maximum == 0) {
            let setting = format!("user.max_{kind}_namespaces");
            return missing(&format!("{setting} is 0"), &format!("sysctl -w {setting}=10000"));
        }
        if !self.root && self.ordinary_users == Some(0) {
            return missing(
                "this host keeps them from ordinary users",
                "sysctl -w kernel.unprivileged_userns_clone=1, or start ringfence as root",
            );
        }
        if !self.root && self.apparmor_restricts == Some(1) {
            return missing(
                "AppArmor keeps them from ordinary users",
                "sysctl -w kernel.apparmor_restrict_unprivileged_userns=0, or start ringfence as root",
            );
        }
        if self.filtered {
            return missing(
                "a system call filter around us refuses them, a container's most likely",
                "start the container with --security-opt seccomp=unconfined: the jail has a stricter filter",
            );
        }
        let why = format!("refused: {}", io::Error::from_raw_os_error(errno));
        match self.trial {
            Trial::NoProcessList(_) => missing(
                &format!("their process list is {why}; a container hides parts of /proc, most likely"),
                "start the container with --security-opt systempaths=unconfined",
            ),
            _ => {
                missing(&why, "start the container with --security-opt apparmor=unconfined, or outside of it")
            }
        }
    }

    /// Whether runs get theirs is said by the layers; this says which kind the host has.
    fn control_groups(&self) -> Check {
        let mut kinds = self.mounts.lines().filter_map(|line| line.split_once(" - ")?.1.split(' ').next());
        let (v1, v2) = (kinds.clone().any(|kind| kind == "cgroup"), kinds.any(|kind| kind == "cgroup2"));
        let layout = match (v1, v2) {
            (true, true) => "hybrid: version 1, with version 2 beside it",
            (true, false) => "version 1",
            (false, true) => "version 2",
            (false, false) => {
                return Check::new("control groups", CheckState::Missing, "not mounted")
                    .mended_by("mount -t cgroup2 none /sys/fs/cgroup");
            }
        };
        Check::new("control groups", CheckState::Ok, layout)
    }

    fn crash_dumps(&self) -> Check {
        let Some(program) = self.core_pattern.trim().strip_prefix('|') else {
            return Check::new("crash dumps", CheckState::Ok, "none of a guest");
        };
        let program = program.split(' ').next().unwrap_or_default();
        // Lowering to 1 byte is what keeps the program from being started; 0 does not.
        if self.core_limit == Some(0) {
            let why = format!("a guest that crashes has the host start {program}, as root, with its memory");
            return Check::new("crash dumps", CheckState::Degraded, why).mended_by(
                "start ringfence with a hard limit above 0: ulimit -Hc unlimited, or LimitCORE=0:infinity in its unit",
            );
        }
        Check::new("crash dumps", CheckState::Ok, format!("kept from {program}"))
    }

    fn clock(&self) -> Check {
        if let Some(ahead) = self.data_written.and_then(|at| at.duration_since(self.now).ok())
            && ahead > SKEW_MAX
        {
            let why = format!("{} s behind the data, which was last written then", ahead.as_secs());
            return Check::new("clock", CheckState::Missing, why)
                .mended_by("set the clock: timedatectl set-ntp true; times and budgets go by it");
        }
        if !self.synchronised {
            return Check::new("clock", CheckState::Degraded, "the kernel says that nothing keeps it right")
                .mended_by("timedatectl set-ntp true");
        }
        Check::new("clock", CheckState::Ok, "synchronised")
    }
}

/// Makes a jail's namespaces around a child that mounts its own process list, and ends.
fn try_namespaces() -> Trial {
    let errno = |error: &io::Error| error.raw_os_error().unwrap_or(libc::EIO);
    match sys::clone_process(jail::namespaces::clone_flags(), None) {
        Err(error) => Trial::NoNamespaces(errno(&error)),
        Ok(None) => sys::exit_now(jail::mount_own_processes().map_or_else(|error| errno(&error), |()| 0)),
        Ok(Some((_, child))) => {
            let ended = rustix::process::waitid(WaitId::PidFd(child.as_fd()), WaitIdOptions::EXITED);
            match ended.ok().flatten().and_then(|status| status.exit_status()) {
                Some(0) => Trial::Works,
                Some(errno) => Trial::NoProcessList(errno),
                None => Trial::NoProcessList(libc::EIO),
            }
        }
    }
}

/// When something below a directory was last written.
fn last_written(directory: &Path) -> Option<SystemTime> {
    let modified = |entry: fs::DirEntry| entry.metadata().ok()?.modified().ok();
    fs::read_dir(directory).ok()?.flatten().filter_map(modified).max()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A host with nothing wrong.
    fn sound() -> Host {
        Host {
            root: false,
            release: "6.1.0-18-amd64".to_owned(),
            kinds_missing: Vec::new(),
            maximums: BTreeMap::from([("user", 1000), ("net", 1000)]),
            ordinary_users: Some(1),
            apparmor_restricts: Some(0),
            filtered: false,
            reports_refusals: true,
            trial: Trial::Works,
            mounts: "30 24 0:26 / /sys/fs/cgroup rw,nosuid - cgroup2 cgroup2 rw".to_owned(),
            core_pattern: "core\n".to_owned(),
            core_limit: None,
            now: SystemTime::UNIX_EPOCH + Duration::from_secs(1_000_000),
            data_written: Some(SystemTime::UNIX_EPOCH + Duration::from_secs(1_000_030)),
            synchronised: true,
        }
    }

    fn check(host: &Host, name: &str) -> Check {
        host.checks().into_iter().find(|check| check.name == name).unwrap()
    }

    /// That a check says `why` and is mended by `fix`, in part.
    fn says(host: &Host, name: &str, state: CheckState, why: &str, fix: &str) {
        let found = check(host, name);
        assert_eq!(found.state, state, "{found:?}");
        assert!(found.detail.contains(why), "{found:?}");
        assert!(found.fix.as_ref().is_some_and(|text| text.contains(fix)), "{found:?}");
    }

    #[test]
    fn a_sound_host_has_nothing_to_mend() {
        for check in sound().checks() {
            assert_eq!((check.state, &check.fix), (CheckState::Ok, &None), "{check:?}");
        }
    }

    #[test]
    fn each_lack_of_the_kernel_is_named() {
        let missing = CheckState::Missing;
        let old = Host { release: "5.4.0-1-generic".to_owned(), ..sound() };
        says(&old, "kernel", missing, "Linux 5.4.0-1-generic is older than 5.10", "5.10");
        let small = Host { kinds_missing: vec!["net", "user"], ..sound() };
        says(&small, "kernel", missing, "without namespaces: net, user", "kernel");
        let silent = Host { reports_refusals: false, ..sound() };
        says(&silent, "kernel", missing, "cannot report refused", "kernel");
        assert_eq!(check(&Host { release: "10.0".to_owned(), ..sound() }, "kernel").state, CheckState::Ok);
    }

    #[test]
    fn each_cause_of_refused_namespaces_is_told_apart() {
        let refused = Host { trial: Trial::NoNamespaces(libc::EPERM), ..sound() };
        let missing = CheckState::Missing;
        let none = Host { maximums: BTreeMap::from([("user", 0)]), ..refused.clone() };
        says(&none, "namespaces", missing, "user.max_user_namespaces is 0", "sysctl -w user.max_user");
        let debian = Host { ordinary_users: Some(0), ..refused.clone() };
        says(&debian, "namespaces", missing, "from ordinary users", "unprivileged_userns_clone=1");
        let ubuntu = Host { apparmor_restricts: Some(1), ..refused.clone() };
        says(&ubuntu, "namespaces", missing, "AppArmor", "apparmor_restrict_unprivileged_userns=0");
        let container = Host { filtered: true, root: true, apparmor_restricts: Some(1), ..refused.clone() };
        says(&container, "namespaces", missing, "system call filter", "seccomp=unconfined");
        let masked = Host { trial: Trial::NoProcessList(libc::EPERM), ..sound() };
        says(&masked, "namespaces", missing, "hides parts of /proc", "systempaths=unconfined");
        says(&refused, "namespaces", missing, "not permitted", "apparmor=unconfined");
    }

    #[test]
    fn control_groups_are_told_by_version() {
        let host = |mounts: &str| Host { mounts: mounts.to_owned(), ..sound() };
        let v1 = "31 24 0:27 / /sys/fs/cgroup/memory rw - cgroup cgroup rw,memory\n";
        let v2 = "30 24 0:26 / /sys/fs/cgroup/unified rw - cgroup2 cgroup2 rw\n";
        assert_eq!(check(&host(v1), "control groups").detail, "version 1");
        assert_eq!(check(&host(v2), "control groups").detail, "version 2");
        assert!(check(&host(&[v1, v2].concat()), "control groups").detail.starts_with("hybrid"));
        says(&host(""), "control groups", CheckState::Missing, "not mounted", "mount -t cgroup2");
    }

    #[test]
    fn a_program_for_dumps_matters_only_where_it_cannot_be_kept_away() {
        let piped = Host { core_pattern: "|/usr/share/apport/apport -p%p\n".to_owned(), ..sound() };
        assert_eq!(check(&piped, "crash dumps").detail, "kept from /usr/share/apport/apport");
        let open = Host { core_limit: Some(0), ..piped };
        says(&open, "crash dumps", CheckState::Degraded, "/usr/share/apport/apport", "LimitCORE=");
    }

    #[test]
    fn a_clock_behind_its_own_data_is_wrong() {
        let host = |seconds| Host { now: SystemTime::UNIX_EPOCH + Duration::from_secs(seconds), ..sound() };
        says(&host(999_900), "clock", CheckState::Missing, "130 s behind the data", "timedatectl");
        assert_eq!(check(&host(2_000_000), "clock").state, CheckState::Ok);
        let alone = Host { synchronised: false, ..sound() };
        says(&alone, "clock", CheckState::Degraded, "keeps it right", "timedatectl");
    }
}
