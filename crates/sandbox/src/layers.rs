//! Which layers of the jail this host offers, and setting up those that every run shares.

use std::io;

use ringfence_job::{Isolation, Layer, LayerState};
use seccompiler::BpfProgram;

use crate::{
    jail::{
        self,
        cgroup::{Hierarchies, Version},
        credentials, namespaces, rlimits, seccomp, weaken,
    },
    supervisor::Settings,
    sys,
};

/// What the supervisor has to give to every run.
#[derive(Debug)]
pub(crate) struct Prepared {
    /// The compiled system call filter.
    pub(crate) filter: BpfProgram,
    /// Where runs get their control groups; `None` if there are none to be had.
    pub(crate) hierarchies: Option<Hierarchies>,
    /// Which protections hold.
    pub(crate) protections: Protections,
    /// What could not be set up, in words an operator can act on.
    pub(crate) problems: Vec<String>,
}

/// Which protections hold on this host.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Protections {
    /// The supervisor is root: init and guest get host ids of their own.
    pub(crate) privileged: bool,
    /// Runs get an empty network.
    pub(crate) network: bool,
    /// Landlock version, 0 for none.
    pub(crate) landlock_abi: i64,
    /// The form of the control groups that limit and measure; `None` for none.
    pub(crate) cgroups: Option<Version>,
}

impl Protections {
    /// The same, as answers show it.
    pub(crate) fn isolation(&self) -> Isolation {
        let states = Layer::ALL.map(|layer| {
            let (in_force, detail) = match layer {
                Layer::UserNamespace => (
                    !weaken::is_off("user"),
                    if self.privileged { "own host uid per jail" } else { "own user's uid" },
                ),
                Layer::PidNamespace => (!weaken::is_off("pid"), ""),
                Layer::MountNamespace => (!weaken::is_off("mount") && !weaken::is_off("root"), ""),
                Layer::NetworkNamespace => (self.network, ""),
                Layer::IpcNamespace => (!weaken::is_off("ipc"), ""),
                Layer::NoNewPrivileges => (!weaken::is_off("no_new_privs"), ""),
                Layer::Seccomp => (!weaken::is_off("seccomp"), "allow list"),
                Layer::Landlock => (self.landlock_abi > 0 && !weaken::is_off("landlock"), ""),
                Layer::CgroupMemory | Layer::CgroupTasks | Layer::CgroupCpu => {
                    (self.cgroups.is_some(), self.cgroups.map_or("", Version::name))
                }
            };
            let detail = match layer {
                Layer::Landlock if in_force => format!("abi {}", self.landlock_abi),
                _ if in_force => detail.to_owned(),
                _ => String::new(),
            };
            LayerState { layer, in_force, detail }
        });
        Isolation(states.into())
    }
}

/// Sets up what every run shares. The caller is the supervisor's process, with one thread.
///
/// # Errors
/// What no run can do without: mounts, and filters the kernel can report from.
pub(crate) fn prepare(settings: &Settings) -> io::Result<Prepared> {
    let mut problems = Vec::new();
    let named = |step: &str, error: io::Error| io::Error::new(error.kind(), format!("{step}: {error}"));
    let (uid, gid) = (rustix::process::geteuid(), rustix::process::getegid());
    let privileged = credentials::is_privileged();
    if privileged {
        sys::drop_groups().map_err(|error| named("leave supplementary groups", error))?;
    } else {
        namespaces::become_root_of_own(uid.as_raw(), gid.as_raw())
            .map_err(|error| named("make a user namespace", error))?;
    }
    if !weaken::is_off("rlimits") {
        // Where it fails the host may dump a crashing guest: the doctor says so.
        let _ = rlimits::forbid_dumps();
    }
    sys::unshare(libc::CLONE_NEWNS).map_err(|error| named("make a mount namespace", error))?;
    // Found before the stage covers the host's /tmp, in case something is mounted there.
    let hierarchies = prepare_cgroups(settings, privileged, &mut problems);
    prepare_roots(settings).map_err(|error| named("prepare the runtimes' roots", error))?;
    let network = !weaken::is_off("network") && prepare_network(&mut problems);
    if !sys::seccomp_knows(libc::SECCOMP_RET_USER_NOTIF) {
        return Err(io::Error::other(
            "this kernel cannot report refused system calls, use Linux 5.10 or later",
        ));
    }
    let landlock_abi = sys::landlock_abi();
    if landlock_abi == 0 {
        problems.push("Landlock is off, add lsm=landlock,… to the kernel's command line".to_owned());
    }
    if privileged && !weaken::is_off("user") {
        namespaces::leave_hosts_root().map_err(|error| named("leave the host's root behind", error))?;
    }
    if privileged {
        credentials::trim_supervisor().map_err(|error| named("give up capabilities", error))?;
    }
    let protections = Protections {
        privileged,
        network,
        landlock_abi,
        cgroups: hierarchies.as_ref().map(Hierarchies::version),
    };
    Ok(Prepared { filter: seccomp::compile().map_err(io::Error::other)?, hierarchies, protections, problems })
}

fn prepare_cgroups(settings: &Settings, privileged: bool, problems: &mut Vec<String>) -> Option<Hierarchies> {
    if weaken::is_off("cgroup") {
        return None;
    }
    match Hierarchies::prepare(&settings.instance, privileged) {
        Ok(hierarchies) => Some(hierarchies),
        Err(error) => {
            problems.push(format!("no control groups: {error}"));
            None
        }
    }
}

fn prepare_roots(settings: &Settings) -> io::Result<()> {
    let named = |runtime, error: io::Error| io::Error::new(error.kind(), format!("{runtime:?}: {error}"));
    // Opened before the stage covers the host's directory, where they may lie.
    let mut opened = Vec::new();
    for (runtime, (source, _)) in settings.trees() {
        opened.push((*runtime, source.open().map_err(|error| named(*runtime, error))?));
    }
    jail::prepare_stage()?;
    for (runtime, source) in opened {
        jail::prepare_template(runtime, &source).map_err(|error| named(runtime, error))?;
    }
    Ok(())
}

/// Leaves the host's network: the supervisor needs none, and its children are born outside it.
fn prepare_network(problems: &mut Vec<String>) -> bool {
    match namespaces::new_network() {
        Ok(_) => true,
        Err(error) => {
            problems.push(format!("no network namespaces: {error}"));
            false
        }
    }
}
