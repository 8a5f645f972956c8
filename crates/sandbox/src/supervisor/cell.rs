//! A jail that is built and holds nobody yet: made before it is needed, it saves a run most of the
//! set-up. Nothing in it depends on what will run there, except the runtime.

use std::{
    os::fd::{AsFd, BorrowedFd, OwnedFd},
    time::Instant,
};

use ringfence_job::Runtime;
use rustix::process::{WaitId, WaitIdOptions};

use super::run::Run;
use crate::{
    jail::{
        cgroup::{Entrance, Group},
        namespaces, weaken,
    },
    wire::{self, InitRequest, RunPayload},
};

/// A jail that waits for its run.
#[derive(Debug)]
pub(super) struct Cell {
    /// Its number, which no other jail of this supervisor has had.
    pub(super) jail: u64,
    /// No two live jails share a seat, and with it host ids and a network.
    pub(super) seat: u16,
    /// The tree that its root holds.
    pub(super) runtime: Runtime,
    lines: Lines,
    group: Option<Group>,
}

/// The descriptors of an init that has just been cloned.
#[derive(Debug)]
pub(super) struct Lines {
    /// Descriptor of the init process.
    pub(super) init: OwnedFd,
    /// Our end of the line to it.
    pub(super) line: OwnedFd,
    /// Our end of the guest's standard output.
    pub(super) stdout: OwnedFd,
    /// Our end of the guest's standard error.
    pub(super) stderr: OwnedFd,
}

impl Cell {
    /// A cell whose init, process `pid`, has just been cloned: maps its ids and has it build the jail.
    ///
    /// # Errors
    /// Which step failed and how. Nothing is left of the cell.
    pub(super) fn build(
        jail: u64,
        seat: u16,
        runtime: Runtime,
        (pid, lines): (i32, Lines),
        group: Option<Group>,
        privileged: bool,
    ) -> Result<Cell, String> {
        let cell = Cell { jail, seat, runtime, lines, group };
        let mapped = if weaken::is_off("user") { Ok(()) } else { namespaces::map_ids(pid, privileged, seat) };
        let mapped = mapped.map_err(|error| format!("map ids: {error}"));
        match mapped.and_then(|()| cell.tell(&InitRequest::Build, None)) {
            Ok(()) => Ok(cell),
            Err(reason) => {
                cell.abandon();
                Err(reason)
            }
        }
    }

    pub(super) fn init(&self) -> BorrowedFd<'_> {
        self.lines.init.as_fd()
    }

    /// True while its init lives.
    pub(super) fn is_alive(&self) -> bool {
        let options = WaitIdOptions::EXITED | WaitIdOptions::NOHANG | WaitIdOptions::NOWAIT;
        matches!(rustix::process::waitid(WaitId::PidFd(self.lines.init.as_fd()), options), Ok(None))
    }

    /// Sets the limits of a run and has it be loaded.
    ///
    /// # Errors
    /// Which step failed and how. Nothing is left of the cell.
    pub(super) fn occupy(self, id: u64, payload: RunPayload, now: Instant) -> Result<Run, String> {
        let limited = self.group.as_ref().map_or(Ok(()), |group| group.limit(&payload.spec.limits));
        let limited = limited.map_err(|error| format!("set limits: {error}"));
        if let Err(reason) = limited.and_then(|()| self.tell(&InitRequest::Load, Some(payload.file()))) {
            self.abandon();
            return Err(reason);
        }
        Ok(Run::new(id, (self.jail, self.seat), payload, self.lines, self.group, now))
    }

    /// Ends the cell's init and leaves nothing of it.
    pub(super) fn abandon(self) {
        super::dismantle(self.lines.init.as_fd(), self.group.as_ref());
    }

    fn tell(&self, request: &InitRequest, attached: Option<&OwnedFd>) -> Result<(), String> {
        let frame = wire::encode(request).map_err(|error| error.to_string())?;
        wire::send(self.lines.line.as_fd(), &frame, attached.map(OwnedFd::as_fd))
            .map_err(|error| format!("tell init: {error}"))
    }
}

/// What an init enters its control groups by.
pub(super) fn entrance(group: Option<&Group>) -> Result<Entrance, String> {
    let opened = group.map(Group::open_entrance).transpose();
    Ok(opened.map_err(|error| format!("open control group: {error}"))?.unwrap_or_default())
}
