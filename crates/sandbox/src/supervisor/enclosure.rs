//! What the supervisor holds of a jail, from its making until nothing of it is left: its first processes, its
//! control groups, its place.

use std::{
    os::fd::{AsFd as _, BorrowedFd, OwnedFd},
    time::Instant,
};

use rustix::process::{Signal, WaitId, WaitIdOptions};

use crate::jail::cgroup::{CgroupError, Group};

/// A jail's processes and groups.
#[derive(Debug)]
pub(super) struct Enclosure {
    /// The number of the jail, which no other jail of this supervisor has had: it names the control group.
    pub(super) jail: u64,
    /// No two jails share a seat at a time, and with it host ids and a network.
    pub(super) seat: u16,
    /// Number of the init process in our view.
    pub(super) pid: i32,
    /// Descriptor of the init process.
    pub(super) init: OwnedFd,
    /// A guest that has joined from outside: our child, as init is. Until it is reaped, init cannot end.
    pub(super) guest: Option<OwnedFd>,
    /// The control groups, if there are any.
    pub(super) group: Option<Group>,
    /// The guest's working directory.
    pub(super) work: Option<OwnedFd>,
    /// When it was given up, if it was before it had ended.
    pub(super) killed: Option<Instant>,
}

impl Enclosure {
    pub(super) fn init(&self) -> BorrowedFd<'_> {
        self.init.as_fd()
    }

    /// True while init lives.
    pub(super) fn is_alive(&self) -> bool {
        let options = WaitIdOptions::EXITED | WaitIdOptions::NOHANG | WaitIdOptions::NOWAIT;
        matches!(rustix::process::waitid(WaitId::PidFd(self.init()), options), Ok(None))
    }

    /// Kills init, and with it everything in its pid namespace; for good measure also by the group.
    pub(super) fn kill(&self) {
        // The error would be that it is already dead.
        let _ = rustix::process::pidfd_send_signal(&self.init, Signal::KILL);
        if let Some(group) = &self.group {
            group.kill();
        }
    }

    /// True if nobody but init is left in it, or not even init; false where there are no groups to tell.
    pub(super) fn is_deserted(&self) -> bool {
        self.group.as_ref().is_some_and(|group| group.processes().iter().all(|pid| *pid == self.pid))
    }

    /// Reaps a guest that has joined, if it is dead: its raw wait status.
    pub(super) fn reap_guest(&mut self) -> Option<i32> {
        let wait_status = reap(self.guest.as_ref()?.as_fd())?;
        // With its descriptor goes what watches it.
        self.guest = None;
        Some(wait_status)
    }

    /// Gives back what is left, once every process is reaped.
    ///
    /// # Errors
    /// A control group cannot be removed; the next start sweeps it.
    pub(super) fn clean_up(self) -> Result<(), CgroupError> {
        // The tmpfs first: its pages are charged to the group.
        drop(self.work);
        self.group.map_or(Ok(()), |group| group.remove())
    }
}

/// Reaps a child if it is dead: its raw wait status, as waitpid(2) gives it.
pub(super) fn reap(child: BorrowedFd<'_>) -> Option<i32> {
    wait(child, WaitIdOptions::NOHANG)
}

/// Kills a child that is no jail's init and reaps it.
pub(super) fn end(child: BorrowedFd<'_>) {
    // The error would be that it is already dead.
    let _ = rustix::process::pidfd_send_signal(child, Signal::KILL);
    wait(child, WaitIdOptions::empty());
}

fn wait(child: BorrowedFd<'_>, options: WaitIdOptions) -> Option<i32> {
    let ended = match rustix::process::waitid(WaitId::PidFd(child), WaitIdOptions::EXITED | options) {
        Ok(ended) => ended?,
        // Somebody reaped it before, who has killed it.
        Err(_) => return Some(libc::SIGKILL),
    };
    let code = ended.exit_status().map(|code| code << 8);
    code.or_else(|| ended.terminating_signal()).or(Some(0))
}
