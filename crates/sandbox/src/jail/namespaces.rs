//! The namespaces a run lives in, and the ids it has there.

use std::{
    fs, io,
    os::fd::{AsFd as _, OwnedFd},
};

use rustix::process::{WaitId, WaitIdOptions};

use super::{credentials, weaken};
use crate::sys;

/// Namespaces that every run's init is cloned into. The network is joined before: one per seat, as a
/// new one costs more than all the others together.
pub(crate) fn clone_flags() -> libc::c_int {
    let all = [
        ("user", libc::CLONE_NEWUSER),
        ("pid", libc::CLONE_NEWPID),
        ("mount", libc::CLONE_NEWNS),
        ("ipc", libc::CLONE_NEWIPC),
        ("uts", libc::CLONE_NEWUTS),
    ];
    all.into_iter().filter(|(name, _)| !weaken::is_off(name)).fold(0, |flags, (_, flag)| flags | flag)
}

/// Makes the control groups this process is in the root of what it and its children see.
pub(crate) fn new_cgroup_view() -> io::Result<()> {
    sys::unshare(libc::CLONE_NEWCGROUP)
}

/// Leaves the host's network for a new, empty one and returns a descriptor by which to join it again.
pub(crate) fn new_network() -> io::Result<OwnedFd> {
    sys::unshare(libc::CLONE_NEWNET)?;
    Ok(fs::File::open("/proc/self/ns/net")?.into())
}

/// Joins a network made by [`new_network`]; children are born in it.
pub(crate) fn join_network(network: &OwnedFd) -> io::Result<()> {
    sys::setns(network.as_fd(), libc::CLONE_NEWNET)
}

/// Gives the process `pid`, alone in its new user namespace, its ids there.
pub(crate) fn map_ids(pid: i32, privileged: bool, seat: u16) -> io::Result<()> {
    let map = credentials::id_map(privileged, seat);
    // Without privileges the kernel wants this before it takes a group map; with them it does no harm.
    fs::write(format!("/proc/{pid}/setgroups"), "deny")?;
    fs::write(format!("/proc/{pid}/uid_map"), &map)?;
    fs::write(format!("/proc/{pid}/gid_map"), &map)
}

/// Second to the system call filter: no further user namespace can be made below this one.
pub(crate) fn refuse_user_namespaces() -> io::Result<()> {
    if weaken::is_off("seccomp") {
        return Ok(());
    }
    fs::write("/proc/sys/user/max_user_namespaces", "0")
}

/// Leaves root's rights on the host behind: this process becomes root of a user namespace of its own, in which
/// root and the ids of every seat are what they were.
pub(crate) fn leave_hosts_root() -> io::Result<()> {
    let map = credentials::supervisors_map();
    let supervisor = std::process::id();
    let (ours, helpers) = rustix::pipe::pipe()?;
    // Only who stays behind has the right to map ids for those who have left.
    let Some((_, helper)) = sys::clone_process(0, None)? else {
        drop(helpers);
        let left = rustix::io::read(&ours, &mut [0; 1]).is_ok_and(|count| count == 1);
        let files = ["uid_map", "gid_map"].map(|file| format!("/proc/{supervisor}/{file}"));
        let mapped = left && files.iter().all(|file| fs::write(file, &map).is_ok());
        sys::exit_now(i32::from(!mapped))
    };
    drop(ours);
    let left =
        sys::unshare(libc::CLONE_NEWUSER).and_then(|()| Ok(rustix::io::write(&helpers, b"\n").map(drop)?));
    drop(helpers);
    let ended = rustix::process::waitid(WaitId::PidFd(helper.as_fd()), WaitIdOptions::EXITED)?;
    left?;
    match ended.and_then(|ended| ended.exit_status()) {
        Some(0) => Ok(()),
        _ => Err(io::Error::other("ids cannot be mapped")),
    }
}

/// Becomes root of an own user namespace, for a supervisor that an ordinary user started.
pub(crate) fn become_root_of_own(uid: u32, gid: u32) -> io::Result<()> {
    sys::unshare(libc::CLONE_NEWUSER)?;
    fs::write("/proc/self/setgroups", "deny")?;
    fs::write("/proc/self/uid_map", format!("0 {uid} 1\n"))?;
    fs::write("/proc/self/gid_map", format!("0 {gid} 1\n"))
}
