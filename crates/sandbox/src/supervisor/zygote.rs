//! A zygote as the supervisor sees it: an interpreter with libraries loaded that forks guests into jails
//! which wait for them. Its forks are the supervisor's children, not its own.

use std::{
    collections::VecDeque,
    fs::{self, File},
    io,
    os::fd::{AsFd, BorrowedFd, OwnedFd},
    time::{Duration, Instant},
};

use seccompiler::sock_filter;
use serde::{Deserialize, Serialize};

use super::enclosure;
use crate::{
    imports::Imports,
    jail::cgroup::Group,
    wire::{self, Received},
};

/// Longest time until a zygote has its libraries loaded.
const READY_MAX: Duration = Duration::from_secs(60);

/// Longest time until it has forked; then it counts as dead.
const FORK_MAX: Duration = Duration::from_secs(4);

/// Forks before it is replaced, and age: what its forks share by their birth is not shared for long.
const FORKS_MAX: u32 = 2000;
const AGE_MAX: Duration = Duration::from_secs(3600);

/// From a zygote to the supervisor; `zygote.py` writes these frames by hand.
#[derive(Debug, Serialize, Deserialize)]
enum ZygoteReport {
    /// Its libraries are loaded.
    Ready,
    /// The attached pidfd is the guest that was asked for first.
    Forked,
    /// What was asked for first came to nothing.
    Failed { reason: String },
}

/// What a zygote has said.
#[derive(Debug)]
pub(super) enum Heard {
    Nothing,
    Ready,
    /// A guest of this jail, and how long that took.
    Forked(u64, OwnedFd, Duration),
    /// No guest for this jail, and why.
    Failed(u64, String),
    /// It is gone, or makes no sense.
    Gone,
}

/// A live zygote.
#[derive(Debug)]
pub(super) struct Zygote {
    /// No other of this supervisor has had it.
    pub(super) number: u64,
    pub(super) imports: Imports,
    /// Its libraries are loaded.
    pub(super) ready: bool,
    pid: i32,
    process: OwnedFd,
    line: OwnedFd,
    group: Option<Group>,
    born: Instant,
    /// When it last said something.
    heard: Instant,
    forks: u32,
    /// Jails for which it was asked to fork, and when.
    asked: VecDeque<(u64, Instant)>,
}

impl Zygote {
    /// One that has just been cloned as process `pid`, and is told the filter its guests get.
    pub(super) fn new(
        number: u64,
        imports: Imports,
        (pid, process): (i32, OwnedFd),
        line: OwnedFd,
        group: Option<Group>,
        filter: &[sock_filter],
        now: Instant,
    ) -> io::Result<Zygote> {
        let bytes: Vec<u8> = filter.iter().flat_map(instruction).collect();
        let zygote = Zygote {
            number,
            imports,
            ready: false,
            pid,
            process,
            line,
            group,
            born: now,
            heard: now,
            forks: 0,
            asked: VecDeque::new(),
        };
        wire::send(zygote.line(), &bytes, None)?;
        Ok(zygote)
    }

    /// Its number as a process, in our view.
    pub(super) fn pid(&self) -> i32 {
        self.pid
    }

    pub(super) fn line(&self) -> BorrowedFd<'_> {
        self.line.as_fd()
    }

    /// Its control group, where there are any.
    pub(super) fn group(&self) -> Option<&Group> {
        self.group.as_ref()
    }

    /// Has a guest be forked for a jail, whose init says the rest on `invites`. A spare one has time to get
    /// ready more than others.
    pub(super) fn ask(
        &mut self,
        jail: u64,
        spare: bool,
        invites: &OwnedFd,
        doors: &[File],
        now: Instant,
    ) -> io::Result<()> {
        let descriptors: Vec<BorrowedFd<'_>> =
            [invites.as_fd()].into_iter().chain(doors.iter().map(File::as_fd)).collect();
        wire::send_with(self.line(), if spare { ASK_FOR_SPARE } else { ASK_FOR_RUN }, &descriptors)?;
        self.asked.push_back((jail, now));
        self.forks += 1;
        Ok(())
    }

    /// Hears one word of it.
    pub(super) fn hear(&mut self, buffer: &mut [u8]) -> Heard {
        let received = wire::receive(self.line(), buffer);
        if !matches!(received, Ok(Received::Nothing)) {
            self.heard = Instant::now();
        }
        match received {
            Ok(Received::Nothing) => Heard::Nothing,
            Ok(Received::Frame(ZygoteReport::Ready, None)) if !self.ready => self.is_ready(),
            Ok(Received::Frame(ZygoteReport::Forked, Some(guest))) => match self.asked.pop_front() {
                Some((jail, since)) => Heard::Forked(jail, guest, since.elapsed()),
                None => Heard::Gone,
            },
            Ok(Received::Frame(ZygoteReport::Failed { reason }, None)) => match self.asked.pop_front() {
                Some((jail, _)) => Heard::Failed(jail, reason),
                None => Heard::Gone,
            },
            _ => Heard::Gone,
        }
    }

    /// A process with several threads forks with locks held that nobody will ever release.
    fn is_ready(&mut self) -> Heard {
        let threads = fs::read_dir(format!("/proc/{}/task", self.pid)).map(Iterator::count);
        self.ready = threads.is_ok_and(|count| count == 1);
        if let Some(group) = &self.group {
            // At worst it goes on taking little of the processors.
            let _ = group.step_forward();
        }
        if self.ready { Heard::Ready } else { Heard::Gone }
    }

    /// True if it can fork what has these libraries loaded.
    pub(super) fn serves(&self, imports: Imports) -> bool {
        self.ready && self.imports == imports
    }

    /// True once another is to take its place.
    pub(super) fn is_worn(&self, now: Instant) -> bool {
        self.forks >= FORKS_MAX || now.duration_since(self.born) >= AGE_MAX
    }

    /// True if nobody waits for a fork of it.
    pub(super) fn is_idle(&self) -> bool {
        self.asked.is_empty()
    }

    /// When it counts as dead unless it says something.
    pub(super) fn deadline(&self) -> Option<Instant> {
        match self.asked.front() {
            _ if !self.ready => Some(self.born + READY_MAX),
            Some((_, since)) => Some((*since).max(self.heard) + FORK_MAX),
            None => None,
        }
    }

    /// Ends it. The jails for which it was asked and has not answered may have a guest all the same.
    pub(super) fn end(self) -> impl Iterator<Item = u64> {
        enclosure::end(self.process.as_fd());
        // The next start sweeps what cannot be removed.
        let _ = self.group.map(|group| group.remove());
        self.asked.into_iter().map(|(jail, _)| jail)
    }
}

/// What has a zygote fork; `zygote.py` has the same.
const ASK_FOR_SPARE: &[u8] = b"s";
const ASK_FOR_RUN: &[u8] = b"r";

/// `struct sock_filter` as the kernel reads it.
fn instruction(filter: &sock_filter) -> Vec<u8> {
    [&filter.code.to_ne_bytes()[..], &[filter.jt, filter.jf], &filter.k.to_ne_bytes()].concat()
}

/// Children of this process that are none of `known`, by their pids.
pub(super) fn strays(known: &[i32]) -> Vec<i32> {
    let parent = std::process::id().to_string();
    let is_ours = |pid: &i32| {
        let stat = fs::read_to_string(format!("/proc/{pid}/stat")).unwrap_or_default();
        // Field 4 of proc_pid_stat(5).
        let fields = stat.rsplit_once(')').map(|(_, rest)| rest.split_whitespace().nth(1) == Some(&parent));
        fields == Some(true)
    };
    let entries = fs::read_dir("/proc").into_iter().flatten().flatten();
    let pids = entries.filter_map(|entry| entry.file_name().to_str()?.parse().ok());
    pids.filter(|pid| !known.contains(pid)).filter(is_ours).collect()
}

/// The process behind a pidfd, as /proc tells it.
pub(super) fn pid_of(process: BorrowedFd<'_>) -> Option<i32> {
    use std::os::fd::AsRawFd as _;
    let about = fs::read_to_string(format!("/proc/self/fdinfo/{}", process.as_raw_fd())).ok()?;
    about.lines().find_map(|line| line.strip_prefix("Pid:")?.trim().parse().ok())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn frames_are_as_zygote_py_writes_them() {
        assert_eq!(wire::encode(&ZygoteReport::Ready).unwrap(), [0]);
        assert_eq!(wire::encode(&ZygoteReport::Forked).unwrap(), [1]);
        let failed = ZygoteReport::Failed { reason: "no".to_owned() };
        assert_eq!(wire::encode(&failed).unwrap(), [2, 2, b'n', b'o']);
    }

    #[test]
    fn a_child_that_nobody_knows_is_found() {
        let mut child = std::process::Command::new("sleep").arg("9").spawn().unwrap();
        let pid = i32::try_from(child.id()).unwrap();
        assert!(strays(&[]).contains(&pid) && !strays(&[pid]).contains(&pid));
        let known = rustix::process::Pid::from_child(&child);
        let process = rustix::process::pidfd_open(known, rustix::process::PidfdFlags::empty()).unwrap();
        assert_eq!(pid_of(process.as_fd()), Some(pid));
        child.kill().unwrap();
        child.wait().unwrap();
    }
}
