//! A place for our groups in the hierarchy of cgroup v2, where a group that divides its resources among
//! groups below it may hold no process itself.

use std::{
    fs, io,
    path::{Path, PathBuf},
};

use super::{CgroupError, make_group, place::Unified, write};

/// Controllers that a run needs.
const CONTROLLERS: [&str; 3] = ["memory", "pids", "cpu"];

/// The group for the processes that were in the group we divide, ours among them.
const SERVER: &str = "ringfence-server";

/// How often processes are moved out of the group we divide, in case new ones are born meanwhile.
const MOVES_MAX: u32 = 20;

/// Marks that systemd leaves on a group whose owner may divide it.
const DELEGATION_MARKS: [&str; 2] = ["user.delegate", "trusted.delegate"];

/// Finds the group below which ours may be, and divides it.
///
/// A group of our own is divided, once its processes have moved to a group beside ours. That holds for
/// an ordinary user, who cannot use any other, for a service with `Delegate=yes` and for a container.
/// Root of a host who calls us from a shell is in a group that others rule, and gets the topmost one,
/// which may hold processes.
pub(super) fn divide(unified: &Unified, privileged: bool) -> Result<PathBuf, CgroupError> {
    let own = if unified.own.ends_with(SERVER) { unified.own.parent() } else { None };
    let own = own.unwrap_or(&unified.own);
    let home = if !privileged || is_delegated(own) { own } else { &unified.top };
    let mut moves = 0;
    loop {
        match enable_controllers(home) {
            Err(CgroupError::Unusable { source, .. })
                if source.raw_os_error() == Some(libc::EBUSY) && moves < MOVES_MAX =>
            {
                moves += 1;
                move_processes(home)?;
            }
            result => return result.map(|()| home.to_owned()),
        }
    }
}

/// Lets the groups below `group` have limits of their own.
pub(super) fn enable_controllers(group: &Path) -> Result<(), CgroupError> {
    let list = CONTROLLERS.map(|controller| format!("+{controller}")).join(" ");
    write(&group.join("cgroup.subtree_control"), list).map_err(|error| {
        let offered = fs::read_to_string(group.join("cgroup.controllers")).unwrap_or_default();
        let is_missing = |name: &&str| !offered.split_whitespace().any(|one| one == *name);
        match (&error, CONTROLLERS.into_iter().find(is_missing)) {
            (CgroupError::Unusable { .. }, Some(controller)) => {
                CgroupError::NotOffered { controller, group: group.to_owned() }
            }
            _ => error,
        }
    })
}

fn is_delegated(group: &Path) -> bool {
    let is_marked = |mark: &str| {
        let mut value = [0; 1];
        matches!(rustix::fs::getxattr(group, mark, &mut value), Ok(1)) && value == *b"1"
    };
    DELEGATION_MARKS.into_iter().any(is_marked)
}

/// Moves every process of `home` into a group below it.
fn move_processes(home: &Path) -> Result<(), CgroupError> {
    let server = home.join(SERVER);
    make_group(&server)?;
    let path = home.join("cgroup.procs");
    let members = fs::read_to_string(&path).map_err(|source| CgroupError::unusable(&path, source))?;
    let entrance = server.join("cgroup.procs");
    for pid in members.lines() {
        match fs::write(&entrance, pid) {
            // It has ended meanwhile.
            Err(error) if error.raw_os_error() == Some(libc::ESRCH) => {}
            result => result.map_err(|source: io::Error| CgroupError::unusable(&entrance, source))?,
        }
    }
    Ok(())
}
