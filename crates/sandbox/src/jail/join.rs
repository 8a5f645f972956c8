//! A jail whose guest is not forked by its init but joins it from outside, as a fork of a zygote: init hands
//! over everything that takes, while nobody is there yet.

use std::{
    io,
    os::fd::{AsFd as _, BorrowedFd, OwnedFd},
};

use rustix::fs::{Mode, OFlags};

use super::{Plan, landlock, warm::WarmGuest};
use crate::{jail::guest::Guest, wire};

/// The namespaces to join, by the names that /proc gives them. `zygote.py` has the same order.
const NAMESPACES: [&str; 7] = ["user", "mnt", "pid", "net", "ipc", "uts", "cgroup"];

/// The first process of a jail after its init: nobody else has ever been there.
const FIRST_PID: i32 = 2;

/// Says `to` whom the guest will come all that it needs: the jail's namespaces, its end of the line to init,
/// its standard streams, the line to the supervisor, and what restricts its files.
pub(super) fn invite(plan: &Plan<'_>, output: &[OwnedFd; 2], to: BorrowedFd<'_>) -> io::Result<Guest> {
    let (line, guests) = wire::socket_pair()?;
    rustix::io::ioctl_fionbio(&guests, false)?;
    let stdin = wire::open_memory_file()?;
    let namespace = |name| {
        let path = format!("/proc/self/ns/{name}");
        rustix::fs::open(path, OFlags::RDONLY | OFlags::CLOEXEC, Mode::empty())
    };
    let namespaces = NAMESPACES.into_iter().map(namespace).collect::<Result<Vec<_>, _>>()?;
    let ruleset = if plan.landlock { Some(landlock::ruleset().map_err(io::Error::other)?) } else { None };
    let [stdout, stderr] = output;
    let others = [guests.as_fd(), stdin.as_fd(), stdout.as_fd(), stderr.as_fd(), plan.supervisor.as_fd()];
    let all: Vec<BorrowedFd<'_>> = namespaces
        .iter()
        .map(OwnedFd::as_fd)
        .chain(others)
        .chain(ruleset.as_ref().map(OwnedFd::as_fd))
        .collect();
    wire::send_with(to, INVITATION, &all)?;
    Ok(Guest::joined(FIRST_PID, line, guests, WarmGuest::new(stdin)))
}

/// A frame needs a byte.
const INVITATION: &[u8] = b"\0";
