//! A jail that is built and holds no run yet: made before it is needed, it saves a run most of the
//! set-up. Nothing in it depends on what will run there, except the runtime.

use std::{
    os::fd::{AsFd, BorrowedFd, OwnedFd},
    time::Instant,
};

use ringfence_job::Runtime;

use super::{enclosure::Enclosure, run::Run};
use crate::{
    imports::Imports,
    jail::cgroup::Group,
    wire::{self, InitReport, InitRequest, Received, RunPayload},
};

/// What a jail can be built as.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Kind {
    /// Whose programs run in it; with nobody in it, those of every runtime with its tree.
    pub(super) runtime: Runtime,
    /// Who waits in it.
    pub(super) within: Within,
}

/// Who waits in a jail.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Within {
    /// Nobody: a program will be executed.
    Nobody,
    /// An interpreter that was executed in it.
    Interpreter,
    /// A fork of a zygote with these libraries loaded.
    Fork(Imports),
}

impl Kind {
    /// A jail in which nothing runs yet.
    pub(super) fn cold(runtime: Runtime) -> Kind {
        Kind { runtime: runtime.tree(), within: Within::Nobody }
    }

    /// A jail with an interpreter that waits.
    pub(super) fn warm(runtime: Runtime) -> Kind {
        Kind { runtime, within: Within::Interpreter }
    }

    /// A jail with a Python that has libraries loaded.
    pub(super) fn forked(imports: Imports) -> Kind {
        Kind { runtime: Runtime::Python, within: Within::Fork(imports) }
    }

    /// Its name in figures.
    pub(super) fn name(self) -> String {
        let runtime = match self.runtime {
            Runtime::Python => "python",
            Runtime::JavaScript => "javascript",
            Runtime::TypeScript => "typescript",
            Runtime::Bash => "bash",
            Runtime::Reader => "reader",
        };
        match self.within {
            Within::Nobody => format!("empty-{runtime}"),
            Within::Interpreter => runtime.to_owned(),
            Within::Fork(imports) => format!("{runtime}{}", imports.suffix()),
        }
    }

    pub(super) fn is_warm(self) -> bool {
        self.within != Within::Nobody
    }
}

/// A jail that waits for its run.
#[derive(Debug)]
pub(super) struct Cell {
    /// Its processes and groups.
    pub(super) enclosure: Enclosure,
    /// What it was built as.
    pub(super) kind: Kind,
    lines: Lines,
    /// Where refused calls of its guest arrive.
    listener: Option<OwnedFd>,
    /// True once who is to wait in it does.
    pub(super) is_ready: bool,
}

/// Our ends of what leads into a jail.
#[derive(Debug)]
pub(super) struct Lines {
    /// The line to init.
    pub(super) init: OwnedFd,
    /// The guest's standard output.
    pub(super) stdout: OwnedFd,
    /// The guest's standard error.
    pub(super) stderr: OwnedFd,
}

/// What is left of a jail in which a step failed, and which step and how.
pub(super) type Remains = (Box<Enclosure>, String);

impl Cell {
    /// A cell whose init has just been cloned, and has its ids: has it build the jail.
    ///
    /// # Errors
    /// A step failed.
    pub(super) fn build(enclosure: Enclosure, kind: Kind, lines: Lines) -> Result<Cell, Remains> {
        let is_ready = !kind.is_warm();
        let cell = Cell { enclosure, kind, lines, listener: None, is_ready };
        match cell.tell(&InitRequest::Build, None) {
            Ok(()) => Ok(cell),
            Err(reason) => Err((Box::new(cell.enclosure), reason)),
        }
    }

    /// The line to its init.
    pub(super) fn line(&self) -> BorrowedFd<'_> {
        self.lines.init.as_fd()
    }

    /// Hears what its init has said: false once that is all. One that cannot go on ends, which is heard
    /// elsewhere.
    pub(super) fn hear(&mut self, buffer: &mut [u8]) -> bool {
        loop {
            match wire::receive(self.line(), buffer) {
                Ok(Received::Frame(InitReport::Work, Some(work))) => self.enclosure.work = Some(work),
                Ok(Received::Frame(InitReport::Listener, Some(listener))) => self.listener = Some(listener),
                Ok(Received::Frame(InitReport::Ready, None)) => self.is_ready = true,
                Ok(Received::Frame(..)) => self.is_ready = false,
                Ok(Received::Nothing) => return true,
                Ok(Received::Closed) | Err(_) => return false,
            }
        }
    }

    /// Sets the limits of a run and has it be loaded.
    ///
    /// # Errors
    /// A step failed.
    pub(super) fn occupy(self, id: u64, payload: RunPayload, now: Instant) -> Result<Run, Remains> {
        let group = self.enclosure.group.as_ref();
        let limited = group.map_or(Ok(()), |group| {
            if self.kind.within == Within::Interpreter {
                group.step_forward()?;
            }
            group.limit(&payload.spec.limits)
        });
        let limited = limited.map_err(|error| format!("set limits: {error}"));
        // What an interpreter's own start has taken is not the program's.
        let cpu_before_us = group.filter(|_| self.kind.is_warm()).map_or(0, Group::cpu_us);
        match limited.and_then(|()| self.tell(&InitRequest::Load, Some(payload.file()))) {
            Ok(()) => {
                let Cell { enclosure, lines, listener, .. } = self;
                Ok(Run::new(id, enclosure, payload, lines, listener, cpu_before_us, now))
            }
            Err(reason) => Err((Box::new(self.enclosure), reason)),
        }
    }

    fn tell(&self, request: &InitRequest, attached: Option<&OwnedFd>) -> Result<(), String> {
        let frame = wire::encode(request).map_err(|error| error.to_string())?;
        wire::send_to_mortal(self.lines.init.as_fd(), &frame, attached.map(OwnedFd::as_fd))
            .map_err(|error| format!("tell init: {error}"))
    }
}
