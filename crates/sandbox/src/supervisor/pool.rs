//! What is kept ready for the next runs: empty jails, interpreters that wait in jails, and zygotes that such
//! interpreters are forks of.

use std::{
    collections::BTreeSet,
    io,
    os::fd::{AsFd as _, OwnedFd},
    time::{Duration, Instant},
};

use ringfence_job::Runtime;
use rustix::{
    event::epoll::{self, EventFlags},
    fs::Mode,
    pipe::PipeFlags,
    process::PidfdFlags,
};

use super::{
    PROCESSORS, Settings, Supervisor, Token,
    cell::{Cell, Kind, Lines, Within},
    complain,
    enclosure::{self, Enclosure},
    zygote::{self, Heard, Zygote},
};
use crate::{
    imports::Imports,
    jail::{
        self, Plan,
        cgroup::{CgroupError, Entrance, Group},
        namespaces,
        warm::{self, Ahead},
        weaken,
        zygote::{NAMESPACES, become_zygote},
    },
    sys,
    wire::{self, Report, RunSpec},
};

/// Age up to which nothing is made ready beside a run: a short one would be answered that much later, and a
/// longer one does not notice it.
pub(super) const ALONE_FOR: Duration = Duration::from_millis(30);

/// Wait before it is looked again whether a processor is free for an interpreter to start.
const LOOK_AGAIN_AFTER: Duration = Duration::from_millis(3);

/// Wait before a ready jail that died is replaced, or a zygote.
const REPLACE_AFTER: Duration = Duration::from_secs(1);

/// Wait after a zygote that could not even be started, or could not load its libraries: they may not be there.
const TRY_AGAIN_AFTER: Duration = Duration::from_secs(600);

/// What was used since then is kept ready in the number that was set; else one of it.
const IN_USE: Duration = Duration::from_secs(600);

/// Most memory of a zygote in bytes, and most tasks: its forks are in its group until they enter their own.
const ZYGOTE_MEMORY_BYTES_MAX: u64 = 1 << 30;
const ZYGOTE_TASKS_MAX: u64 = 64;

impl Supervisor {
    /// A jail for a run: the best that is ready, or a new one.
    pub(super) fn cell_for(&mut self, spec: &RunSpec, now: Instant) -> Result<Cell, String> {
        if self.settings.pool.keeps_ready() {
            self.refill_at.get_or_insert(now);
        }
        if self.can_be_warm(spec) {
            let kind = Self::warm_kind(spec);
            self.used.insert(kind, now);
            if let Some(cell) = self.take_counted(kind) {
                return Ok(cell);
            }
            if self.settings.pool.insist {
                self.wait_for_zygote(kind, now);
                return match self.make_cell(kind, false, now) {
                    Err(_) => self.make_cell(Kind::warm(spec.runtime), false, now),
                    made => made,
                };
            }
            // A fork is there as soon as an interpreter that is executed.
            if let Within::Fork(imports) = kind.within
                && self.ready_zygote(imports).is_some()
                && let Ok(cell) = self.make_cell(kind, false, now)
            {
                return Ok(cell);
            }
        }
        match self.take_counted(Kind::cold(spec.runtime)) {
            Some(cell) => Ok(cell),
            None => self.make_cell(Kind::cold(spec.runtime), false, now),
        }
    }

    fn can_be_warm(&self, spec: &RunSpec) -> bool {
        let command = self.settings.runtimes.get(&spec.runtime).map(|(_, command)| command);
        command.is_some_and(|command| warm::can_take(command, spec, &self.usual))
    }

    fn warm_kind(spec: &RunSpec) -> Kind {
        match spec.runtime {
            Runtime::Python => Kind::forked(spec.imports),
            runtime => Kind::warm(runtime),
        }
    }

    /// As [`Supervisor::take_spare`], and whether there was one goes into the figures.
    fn take_counted(&mut self, kind: Kind) -> Option<Cell> {
        let cell = self.take_spare(kind);
        let figures = self.figures.kinds.entry(kind.name()).or_default();
        if cell.is_some() {
            figures.hits += 1;
        } else {
            figures.misses += 1;
        }
        cell
    }

    /// Tells the server what waits, if that has changed.
    pub(super) fn tell_of_pool(&mut self) {
        let mut figures = self.figures.clone();
        for cell in &self.cells {
            figures.kinds.entry(cell.kind.name()).or_default().waiting += 1;
        }
        if self.settings.pool.keeps_ready() && figures != self.told {
            self.report(&Report::Pool { figures: figures.clone() }, None);
            self.told = figures;
        }
    }

    /// The oldest ready jail of a kind. One whose init has died meanwhile is cleaned up instead.
    fn take_spare(&mut self, kind: Kind) -> Option<Cell> {
        // A fork is there soon; an interpreter may have hardly begun to start, and one of the run's own is
        // not kept back as it is.
        let may_come = kind.within != Within::Interpreter;
        let fits = |cell: &Cell| cell.kind == kind && (cell.is_ready || may_come);
        while let Some(at) = self.cells.iter().position(fits) {
            let cell = self.cells.remove(at);
            if cell.enclosure.is_alive() {
                return Some(cell);
            }
            self.abandon(cell.enclosure);
        }
        None
    }

    /// Cleans up a jail that was ready and in which somebody has died, and has it replaced after a while:
    /// what killed it may do so again.
    pub(super) fn lose_spare(&mut self, jail: u64, now: Instant) {
        if let Some(at) = self.cells.iter().position(|cell| cell.enclosure.jail == jail) {
            let cell = self.cells.remove(at);
            self.abandon(cell.enclosure);
            self.refill_at = Some(now + REPLACE_AFTER);
        }
    }

    /// Ends a jail whose processes have yet to be reaped.
    pub(super) fn abandon(&mut self, mut enclosure: Enclosure) {
        enclosure.kill();
        enclosure.killed = Some(Instant::now());
        self.left.insert(enclosure.jail, enclosure);
    }

    /// When one of the jails or zygotes that should be ready may be made; `None` if nothing is missing.
    pub(super) fn refill_due(&self) -> Option<Instant> {
        let alone = self.runs.values().map(|run| run.created + ALONE_FOR).max();
        self.refill_at.map(|at| alone.map_or(at, |until| at.max(until)))
    }

    /// Makes one of the jails or zygotes that should be ready, and notes whether it was the last.
    pub(super) fn refill_one(&mut self, now: Instant) {
        if let Some(imports) = self.missing_zygote(now) {
            return self.start_zygote(imports, now);
        }
        let lacks = |(kind, count): &(Kind, usize)| {
            self.cells.iter().filter(|cell| cell.kind == *kind).count() < *count
                && (!kind.is_warm() || self.has_room(kind.runtime))
        };
        let Some((kind, _)) = self.wanted(now).into_iter().find(lacks) else {
            self.refill_at = None;
            return;
        };
        if kind.is_warm() && self.runs.len() >= *PROCESSORS {
            // It would only take from those that run what they would give back as waiting.
            self.refill_at = Some(now + LOOK_AGAIN_AFTER);
            return;
        }
        match self.make_cell(kind, true, now) {
            Ok(cell) => self.cells.push(cell),
            Err(reason) => {
                // The next run tries again, and reports what is wrong to whoever waits for it.
                complain(format_args!("cannot keep a jail ready: {reason}"));
                self.refill_at = None;
            }
        }
    }

    /// How many jails of each kind should be ready, those that cost the least first.
    fn wanted(&self, now: Instant) -> Vec<(Kind, usize)> {
        let Settings { pool, runtimes, .. } = &self.settings;
        let cold = self.settings.trees().map(|(tree, _)| (Kind::cold(*tree), pool.jails));
        let executed = runtimes
            .iter()
            .filter(|(runtime, (_, command))| command.warm.is_some() && **runtime != Runtime::Python);
        let forked = Imports::ALL.into_iter().filter(|imports| self.ready_zygote(*imports).is_some());
        let warm = executed.map(|(runtime, _)| Kind::warm(*runtime)).chain(forked.map(Kind::forked));
        let warm = warm.map(|kind| {
            let most = pool.waiting.get(&kind.runtime).map_or(0, |waiting| waiting.interpreters);
            (kind, if self.is_used(kind, now) { most } else { most.min(1) })
        });
        cold.chain(warm).collect()
    }

    /// True if more of a runtime may wait: what does has not taken all of its memory. An interpreter that starts has
    /// yet to take most of its own.
    fn has_room(&self, runtime: Runtime) -> bool {
        let Some(waiting) = self.settings.pool.waiting.get(&runtime) else { return true };
        let warm = |cell: &&Cell| cell.kind.is_warm() && cell.kind.runtime == runtime;
        let warm = || self.cells.iter().filter(warm);
        if warm().any(|cell| cell.kind.within == Within::Interpreter && !cell.is_ready) {
            return false;
        }
        let cells = warm().filter_map(|cell| cell.enclosure.group.as_ref());
        let zygotes = self.zygotes.iter().filter(|_| runtime == Runtime::Python);
        let groups = cells.chain(zygotes.filter_map(Zygote::group));
        groups.map(Group::memory_bytes).sum::<u64>() < waiting.memory_bytes
    }

    fn is_used(&self, kind: Kind, now: Instant) -> bool {
        self.used.get(&kind).is_some_and(|at| now.duration_since(*at) < IN_USE)
    }

    /// Clones a jail's init and sets what only we can set: ids, groups, network.
    fn make_cell(&mut self, kind: Kind, spare: bool, now: Instant) -> Result<Cell, String> {
        let taken: BTreeSet<u16> = self.enclosures().map(|enclosure| enclosure.seat).collect();
        let seat = (0..u16::MAX).find(|seat| !taken.contains(seat)).ok_or("every seat is taken")?;
        self.join_network(seat).map_err(|error| format!("join network: {error}"))?;
        self.jails_made += 1;
        let jail = self.jails_made;
        let line = matches!(kind.within, Within::Fork(_)).then(wire::socket_pair).transpose();
        let line = line.map_err(|error| format!("make a line: {error}"))?;
        let (ours, inits) = line.unzip();
        let set = |group: &Group| {
            if kind.within == Within::Interpreter {
                // At worst it takes its share of the processors. A fork is soon there, and its zygote
                // has to wait for the jail: that must not wait for everybody else.
                let _ = group.stand_back();
            }
            Ok(())
        };
        let name = format!("jail-{jail}");
        let cloned = self.clone_into_group(&name, set, |entrance| self.clone_init(kind, entrance, inits));
        let (group, ((pid, init), lines)) = cloned.map_err(|error| format!("clone init: {error}"))?;
        let enclosure = Enclosure { jail, seat, pid, init, guest: None, group, work: None, killed: None };
        let watched = epoll::add(&self.epoll, enclosure.init(), Token::Init(jail).encode(), EventFlags::IN);
        let mapped = watched.map_err(|error| format!("watch init: {error}")).and_then(|()| {
            if weaken::is_off("user") {
                return Ok(());
            }
            let mapped = namespaces::map_ids(pid, self.protections.privileged, seat);
            mapped.map_err(|error| format!("map ids: {error}"))
        });
        let built = match mapped {
            Ok(()) => Cell::build(enclosure, kind, lines),
            Err(reason) => Err((Box::new(enclosure), reason)),
        };
        let invited =
            built.and_then(|cell| match ours.map(|line| self.ask_zygote(&cell, spare, &line, now)) {
                Some(Err(reason)) => Err((Box::new(cell.enclosure), format!("ask a zygote: {reason}"))),
                Some(Ok(())) | None => Ok(cell),
            });
        let watched = invited.and_then(|cell| {
            match epoll::add(&self.epoll, cell.line(), Token::Line(jail).encode(), EventFlags::IN) {
                Ok(()) => Ok(cell),
                Err(error) => Err((Box::new(cell.enclosure), format!("watch the line to init: {error}"))),
            }
        });
        watched.map_err(|(enclosure, reason)| {
            self.abandon(*enclosure);
            reason
        })
    }

    /// Makes control groups, if there are any to be had, sets them, and has a process be cloned that enters
    /// them.
    ///
    /// # Errors
    /// A step failed; nothing is left of the groups.
    fn clone_into_group<T>(
        &self,
        name: &str,
        set: impl FnOnce(&Group) -> Result<(), CgroupError>,
        clone: impl FnOnce(&Entrance) -> io::Result<T>,
    ) -> io::Result<(Option<Group>, T)> {
        let Some(hierarchies) = &self.hierarchies else { return Ok((None, clone(&Entrance::default())?)) };
        let named = |error: CgroupError| io::Error::other(format!("control group: {error}"));
        let group = hierarchies.create(name).map_err(named)?;
        let entrance = set(&group).and_then(|()| group.open_entrance()).map_err(named);
        match entrance.and_then(|entrance| clone(&entrance)) {
            Ok(cloned) => Ok((Some(group), cloned)),
            Err(error) => {
                // The next start sweeps what cannot be removed.
                let _ = group.remove();
                Err(error)
            }
        }
    }

    fn join_network(&mut self, seat: u16) -> io::Result<()> {
        if !self.protections.network {
            return Ok(());
        }
        match self.networks.get(&seat) {
            Some(network) => namespaces::join_network(network),
            None => {
                self.networks.insert(seat, namespaces::new_network()?);
                Ok(())
            }
        }
    }

    fn clone_init(
        &self,
        kind: Kind,
        entrance: &Entrance,
        invites: Option<OwnedFd>,
    ) -> io::Result<((i32, OwnedFd), Lines)> {
        let (line, supervisor) = wire::socket_pair()?;
        let (stdout, stdout_in) = output_pipe()?;
        let (stderr, stderr_in) = output_pipe()?;
        // The child never returns from here.
        let Some(process) = sys::clone_process(namespaces::clone_flags(), entrance.birthplace())? else {
            let entered = entrance.enter();
            // Before anything else: other runs' descriptors are not this run's business.
            let kept = [stdout_in, stderr_in, supervisor];
            let Ok((stdout, stderr, supervisor, invites)) = keep(kept, invites) else { sys::exit_now(1) };
            let ahead = kind.is_warm().then_some(Ahead {
                runtime: kind.runtime,
                memory_bytes: self.usual.memory_bytes,
                invites,
            });
            let plan = Plan {
                entered,
                runtime: kind.runtime.tree(),
                ahead,
                runtimes: &self.settings.runtimes,
                filter: &self.filter,
                landlock: self.protections.landlock_abi > 0,
                processors: self.processors,
                privileged: self.protections.privileged,
                supervisor,
            };
            jail::init(&plan, [stdout, stderr])
        };
        Ok((process, Lines { init: line, stdout, stderr }))
    }

    fn ready_zygote(&self, imports: Imports) -> Option<&Zygote> {
        self.zygotes.iter().find(|zygote| zygote.serves(imports))
    }

    fn ask_zygote(&mut self, cell: &Cell, spare: bool, line: &OwnedFd, now: Instant) -> io::Result<()> {
        let Within::Fork(imports) = cell.kind.within else { return Ok(()) };
        let doors =
            cell.enclosure.group.as_ref().map(Group::open_doors).transpose().map_err(io::Error::other)?;
        let zygote = self.zygotes.iter_mut().find(|zygote| zygote.serves(imports));
        let zygote = zygote.ok_or_else(|| io::Error::other("there is none"))?;
        zygote.ask(cell.enclosure.jail, spare, line, &doors.unwrap_or_default(), now)
    }

    /// A zygote that is to be started: none has these libraries loaded, or one that is worn.
    fn missing_zygote(&self, now: Instant) -> Option<Imports> {
        if !self.settings.pool.zygotes || !self.settings.runtimes.contains_key(&Runtime::Python) {
            return None;
        }
        if self.zygotes.iter().any(|zygote| !zygote.ready) || weaken::any() {
            return None;
        }
        Imports::ALL.into_iter().find(|imports| {
            let usual = matches!(imports, Imports::Standard | Imports::Pandas);
            let failed = self.zygote_not_before.get(imports).is_some_and(|at| now < *at);
            let zygote = self.ready_zygote(*imports);
            let is_there = zygote.is_some_and(|zygote| !zygote.is_worn(now));
            let wanted = !is_there && !failed && (usual || self.is_used(Kind::forked(*imports), now));
            // One that is worn makes room for the one in its place.
            wanted && (zygote.is_some() || self.has_room(Runtime::Python))
        })
    }

    fn start_zygote(&mut self, imports: Imports, now: Instant) {
        self.zygotes_made += 1;
        if let Err(reason) = self.try_start_zygote(self.zygotes_made, imports, now) {
            complain(format_args!("cannot start a zygote: {reason}"));
            self.zygote_not_before.insert(imports, now + TRY_AGAIN_AFTER);
            self.refill_at = Some(now + REPLACE_AFTER);
        }
    }

    fn try_start_zygote(&mut self, number: u64, imports: Imports, now: Instant) -> Result<(), String> {
        let (_, command) = self.settings.runtimes.get(&Runtime::Python).ok_or("there is no Python")?;
        let set = |group: &Group| {
            group.bound(ZYGOTE_MEMORY_BYTES_MAX, ZYGOTE_TASKS_MAX)?;
            // Loading libraries takes long; forking is waited for.
            group.give_way()
        };
        let cloned = self.clone_into_group(&format!("zygote-{number}"), set, |entrance| {
            let (line, theirs) = wire::socket_pair()?;
            let Some(process) = sys::clone_process(NAMESPACES, entrance.birthplace())? else {
                let entered = entrance.enter();
                let Ok([line]) = sys::keep_only([theirs]) else { sys::exit_now(1) };
                become_zygote(command, imports, entered, line)
            };
            Ok((process, line))
        });
        let (group, (process, line)) = cloned.map_err(|error| error.to_string())?;
        let zygote = Zygote::new(number, imports, process, line, group, &self.filter, now);
        let zygote = zygote.map_err(|error| error.to_string())?;
        let token = Token::Zygote(number).encode();
        let watched = epoll::add(&self.epoll, zygote.line(), token, EventFlags::IN);
        self.zygotes.push(zygote);
        watched.map_err(|error| {
            self.lose_zygote(number, TRY_AGAIN_AFTER, now);
            error.to_string()
        })
    }

    /// Has a kind's zygote be there, if it takes one: only where one run is all there is to do.
    fn wait_for_zygote(&mut self, kind: Kind, now: Instant) {
        let Within::Fork(imports) = kind.within else { return };
        self.start_zygote(imports, now);
        while let Some(zygote) = self.zygotes.iter().find(|zygote| !zygote.ready) {
            let number = zygote.number;
            let mut waited =
                [rustix::event::PollFd::from_borrowed_fd(zygote.line(), rustix::event::PollFlags::IN)];
            let left = zygote.deadline().map_or(Duration::ZERO, |at| at.duration_since(Instant::now()));
            let left = rustix::event::Timespec::try_from(left).unwrap_or_default();
            let _ = rustix::io::retry_on_intr(|| rustix::event::poll(&mut waited, Some(&left)));
            self.hear_zygote(number, Instant::now());
            self.look_at_zygotes(Instant::now());
        }
    }

    /// Hears what a zygote has to say.
    pub(super) fn hear_zygote(&mut self, number: u64, now: Instant) {
        loop {
            let zygote = self.zygotes.iter_mut().find(|zygote| zygote.number == number);
            let Some(zygote) = zygote else { return };
            match zygote.hear(&mut self.buffer) {
                Heard::Nothing => break,
                Heard::Ready => self.refill_at = Some(now),
                Heard::Forked(jail, guest, took) => {
                    self.figures.forks.add(took);
                    self.take_in(jail, guest, now);
                }
                Heard::Failed(jail, reason) => {
                    // Nobody is forked into a jail that was given up, as every spare one is at a stop.
                    if self.cells.iter().any(|cell| cell.enclosure.jail == jail)
                        || self.runs.contains_key(&jail)
                    {
                        complain(format_args!("a zygote did not fork: {reason}"));
                    }
                    self.go_on_without(jail, now);
                }
                Heard::Gone => {
                    // One that came to no good by itself will do so again.
                    let wait = if zygote.ready { REPLACE_AFTER } else { TRY_AGAIN_AFTER };
                    return self.lose_zygote(number, wait, now);
                }
            }
        }
        self.retire_zygotes();
    }

    /// A guest has joined its jail.
    fn take_in(&mut self, jail: u64, guest: OwnedFd, now: Instant) {
        let watched = epoll::add(&self.epoll, &guest, Token::Guest(jail).encode(), EventFlags::IN);
        match (watched, self.enclosure(jail)) {
            (Ok(()), Some(enclosure)) => enclosure.guest = Some(guest),
            // One that is not waited for would keep its jail for ever.
            _ => {
                enclosure::end(guest.as_fd());
                self.go_on_without(jail, now);
            }
        }
    }

    /// Every jail, whatever is in it.
    fn enclosures(&self) -> impl Iterator<Item = &Enclosure> {
        let cells = self.cells.iter().map(|cell| &cell.enclosure);
        cells.chain(self.runs.values().map(|run| &run.enclosure)).chain(self.left.values())
    }

    /// A jail by its number, whatever is in it.
    fn enclosure(&mut self, jail: u64) -> Option<&mut Enclosure> {
        let cells = self.cells.iter_mut().map(|cell| &mut cell.enclosure);
        let runs = self.runs.values_mut().map(|run| &mut run.enclosure);
        cells.chain(runs).chain(self.left.values_mut()).find(|enclosure| enclosure.jail == jail)
    }

    /// A guest that had joined may be dead.
    pub(super) fn hear_guest(&mut self, jail: u64, now: Instant) {
        if let Some(cell) = self.cells.iter_mut().find(|cell| cell.enclosure.jail == jail) {
            if cell.enclosure.reap_guest().is_some() {
                self.lose_spare(jail, now);
            }
        } else if self.runs.contains_key(&jail) {
            // Whether its program has begun was said before.
            self.hear_init(jail, now);
            let Some(run) = self.runs.get_mut(&jail) else { return };
            match run.enclosure.reap_guest() {
                Some(_) if run.can_go_elsewhere() => self.go_on_without(jail, now),
                Some(wait_status) => run.guest_ended(wait_status, now),
                None => {}
            }
        } else if let Some(enclosure) = self.left.get_mut(&jail) {
            enclosure.reap_guest();
        }
    }

    /// A zygote is gone: what it was asked for is had without it, and another is started after `wait`.
    fn lose_zygote(&mut self, number: u64, wait: Duration, now: Instant) {
        let Some(at) = self.zygotes.iter().position(|zygote| zygote.number == number) else { return };
        let zygote = self.zygotes.remove(at);
        let _ = epoll::delete(&self.epoll, zygote.line());
        complain(format_args!("a zygote is gone: {:?}", zygote.imports));
        self.zygote_not_before.insert(zygote.imports, now + wait);
        let jails: Vec<u64> = zygote.end().collect();
        // What the others have forked is known after this.
        let others: Vec<u64> = self.zygotes.iter().map(|zygote| zygote.number).collect();
        for number in others {
            self.hear_zygote(number, now);
        }
        // It may have forked and not said so.
        for pid in zygote::strays(&self.known_children()) {
            let stray = rustix::process::Pid::from_raw(pid);
            let stray = stray.and_then(|pid| rustix::process::pidfd_open(pid, PidfdFlags::empty()).ok());
            let Some(stray) = stray else { continue };
            match jails.iter().find(|jail| self.holds(**jail, pid)) {
                Some(jail) => self.take_in(*jail, stray, now),
                None => enclosure::end(stray.as_fd()),
            }
        }
        for jail in jails {
            if self.enclosure(jail).is_some_and(|enclosure| enclosure.guest.is_none()) {
                self.go_on_without(jail, now);
            }
        }
        self.refill_at = Some(now + REPLACE_AFTER);
    }

    /// Whether a process has entered a jail's groups.
    fn holds(&mut self, jail: u64, pid: i32) -> bool {
        let group = self.enclosure(jail).and_then(|enclosure| enclosure.group.as_ref());
        group.is_some_and(|group| group.processes().contains(&pid))
    }

    fn known_children(&self) -> Vec<i32> {
        let inits = self.enclosures().map(|enclosure| enclosure.pid);
        let guests =
            self.enclosures().filter_map(|enclosure| zygote::pid_of(enclosure.guest.as_ref()?.as_fd()));
        inits.chain(guests).chain(self.zygotes.iter().map(Zygote::pid)).collect()
    }

    /// Nobody will begin in this jail: a run that is loaded there gets another, unless it was ended or has
    /// begun, and its interpreter is lost.
    pub(super) fn go_on_without(&mut self, jail: u64, now: Instant) {
        self.lose_spare(jail, now);
        match self.runs.get_mut(&jail) {
            Some(run) if !run.can_go_elsewhere() || self.server_gone => return run.lose(),
            Some(_) => {}
            None => return,
        }
        let Some(run) = self.runs.remove(&jail) else { return };
        self.unwatch(&run);
        let (id, payload, started, enclosure) = run.unload();
        self.abandon(enclosure);
        let runtime = payload.spec.runtime;
        // Not one that is ready: what has ended this one may have ended all.
        let cell = self.make_cell(Kind::cold(runtime), false, now);
        match cell.and_then(|cell| self.occupy(cell, id, payload, now)) {
            Ok(mut run) => {
                run.elsewhere = true;
                if started {
                    run.start(now);
                }
                self.runs.insert(run.enclosure.jail, run);
            }
            Err(reason) => {
                let failed = self.failed(id, runtime, reason);
                self.report(&failed, None);
            }
        }
    }

    /// Ends zygotes in whose place another is ready.
    fn retire_zygotes(&mut self) {
        let newest = |of: &Zygote| {
            let same = self.zygotes.iter().filter(|other| other.serves(of.imports));
            same.map(|other| other.number).max()
        };
        let is_old = |zygote: &Zygote| zygote.is_idle() && newest(zygote) > Some(zygote.number);
        if let Some(at) = self.zygotes.iter().position(is_old) {
            let zygote = self.zygotes.remove(at);
            let _ = epoll::delete(&self.epoll, zygote.line());
            zygote.end().for_each(drop);
        }
    }

    /// Gives up zygotes that have said nothing for too long.
    pub(super) fn look_at_zygotes(&mut self, now: Instant) {
        let silent = |zygote: &&Zygote| zygote.deadline().is_some_and(|at| at <= now);
        if let Some(number) = self.zygotes.iter().find(silent).map(|zygote| zygote.number) {
            self.lose_zygote(number, REPLACE_AFTER, now);
        }
    }
}

/// The ends of its lines that an init keeps, and nothing else.
fn keep(
    kept: [OwnedFd; 3],
    invites: Option<OwnedFd>,
) -> io::Result<(OwnedFd, OwnedFd, OwnedFd, Option<OwnedFd>)> {
    let [stdout, stderr, supervisor] = kept;
    Ok(match invites {
        Some(invites) => {
            let [stdout, stderr, supervisor, invites] =
                sys::keep_only([stdout, stderr, supervisor, invites])?;
            (stdout, stderr, supervisor, Some(invites))
        }
        None => {
            let [stdout, stderr, supervisor] = sys::keep_only([stdout, stderr, supervisor])?;
            (stdout, stderr, supervisor, None)
        }
    })
}

/// A pipe for a guest's output: the end we read without waiting, and the end it writes to. Whoever
/// the guest is, it may open the latter again by name, as `echo >/dev/stderr` does.
fn output_pipe() -> io::Result<(OwnedFd, OwnedFd)> {
    let (read, write) = rustix::pipe::pipe_with(PipeFlags::CLOEXEC)?;
    rustix::io::ioctl_fionbio(&read, true)?;
    rustix::fs::fchmod(&write, Mode::WUSR | Mode::WGRP | Mode::WOTH)?;
    Ok((read, write))
}
