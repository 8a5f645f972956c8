//! The supervisor: a process with one thread that owns every jail, and the only one with privileges.
//!
//! It is forked before any thread exists, speaks with the server over one socket, and waits for
//! everything at once with epoll. It knows no HTTP, no SQL and no secret. When the server is gone it
//! kills every run, cleans up and ends.

mod cell;
mod enclosure;
mod pool;
mod run;
mod vital;
mod zygote;

use std::{
    collections::{BTreeMap, VecDeque},
    fmt::Display,
    fs,
    io::{self, Write as _},
    mem,
    os::fd::{AsFd, BorrowedFd, OwnedFd},
    sync::LazyLock,
    time::{Duration, Instant},
};

use ringfence_job::{Isolation, LimitKind, Limits, LimitsPatch, LimitsPolicy, Runtime, Status, Stream};
use rustix::{
    event::epoll::{self, EventData, EventFlags},
    fs::Mode,
    thread::CpuSet,
};
use seccompiler::BpfProgram;

use self::{
    cell::{Cell, Kind},
    enclosure::Enclosure,
    run::{Killed, Piece, Run, Verdict},
    vital::Vitals,
    zygote::Zygote,
};
use crate::{
    figures::PoolFigures,
    host::Pool,
    imports::Imports,
    jail::{self, RuntimeCommand, Source, cgroup::Hierarchies, weaken},
    layers::{self, Protections},
    outputs::Collected,
    server_side::take_short_turns,
    sys,
    wire::{self, Ending, Received, Report, Request, RunPayload, RunSpec},
};

/// Frames read from the server before runs get their turn again.
const FRAMES_PER_TURN: usize = 16;

/// Frames that wait for the server before nothing more is taken from it.
const OUTBOX_FRAMES_MAX: usize = 1024;

/// Time between two looks at the files of the runtimes.
const RUNTIMES_EVERY: Duration = Duration::from_secs(2);

/// Most pieces that a pipe holds: one for each of its pages, if it has the most an ordinary user may give it
/// (pipe(7), a megabyte).
const PIECES_MAX: u32 = 256;

/// Events handled in one turn.
const EVENTS_PER_TURN: usize = 64;

/// Processors that runs share: to find out takes longer than a look at a run does.
static PROCESSORS: LazyLock<usize> =
    LazyLock::new(|| std::thread::available_parallelism().map_or(1, usize::from));

/// What a supervisor is started with.
#[derive(Debug)]
pub(crate) struct Settings {
    /// Names the data directory, so that a later start finds what this one leaves.
    pub(crate) instance: String,
    /// Runs at the same time.
    pub(crate) slots: u16,
    /// What is kept ready.
    pub(crate) pool: Pool,
    /// Ceilings that no run may exceed, whatever the server says.
    pub(crate) ceilings: LimitsPolicy,
    /// What each runtime is made of and how it starts a program.
    pub(crate) runtimes: BTreeMap<Runtime, (Source, RuntimeCommand)>,
}

impl Settings {
    /// The runtimes with a tree of their own.
    pub(crate) fn trees(&self) -> impl Iterator<Item = (&Runtime, &(Source, RuntimeCommand))> {
        self.runtimes.iter().filter(|(runtime, _)| runtime.tree() == **runtime)
    }
}

/// What an epoll event is about: the low bits say which descriptor, the others which jail. Jails are
/// numbered for good, so that an event of one that is over is never taken for another's.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Token {
    Server,
    Init(u64),
    Line(u64),
    Stdout(u64),
    Stderr(u64),
    Listener(u64),
    /// A guest that has joined its jail.
    Guest(u64),
    /// By its own number.
    Zygote(u64),
}

impl Token {
    fn encode(self) -> EventData {
        let (kind, jail) = match self {
            Token::Server => (0, 0),
            Token::Init(jail) => (1, jail),
            Token::Line(jail) => (2, jail),
            Token::Stdout(jail) => (3, jail),
            Token::Stderr(jail) => (4, jail),
            Token::Listener(jail) => (5, jail),
            Token::Guest(jail) => (6, jail),
            Token::Zygote(number) => (7, number),
        };
        EventData::new_u64(jail << 8 | kind)
    }

    fn decode(data: EventData) -> Token {
        let jail = data.u64() >> 8;
        match data.u64() & 0xff {
            0 => Token::Server,
            1 => Token::Init(jail),
            2 => Token::Line(jail),
            3 => Token::Stdout(jail),
            4 => Token::Stderr(jail),
            5 => Token::Listener(jail),
            6 => Token::Guest(jail),
            _ => Token::Zygote(jail),
        }
    }
}

/// The supervisor's whole state.
struct Supervisor {
    settings: Settings,
    server: OwnedFd,
    server_gone: bool,
    epoll: OwnedFd,
    null: OwnedFd,
    filter: BpfProgram,
    hierarchies: Option<Hierarchies>,
    /// Processors that runs may use; `None` where they are too many to be named.
    processors: Option<CpuSet>,
    protections: Protections,
    isolation: Isolation,
    /// A network per seat, made when the seat is first used.
    networks: BTreeMap<u16, OwnedFd>,
    /// Live runs by the numbers of their jails.
    runs: BTreeMap<u64, Run>,
    /// Jails that nobody needs any more, by their numbers, while the kernel takes their processes down.
    left: BTreeMap<u64, Enclosure>,
    /// Jails that are ready, the oldest first.
    cells: Vec<Cell>,
    /// Zygotes, ready or not.
    zygotes: Vec<Zygote>,
    zygotes_made: u64,
    /// When one of those that failed may be tried again.
    zygote_not_before: BTreeMap<Imports, Instant>,
    /// What is told about all that, but for what waits now.
    figures: PoolFigures,
    /// The same as it was told last.
    told: PoolFigures,
    /// When each kind of jail was last asked for.
    used: BTreeMap<Kind, Instant>,
    /// Limits of a run that asks for none.
    usual: Limits,
    /// Jails made so far: the number of the latest, which names its control group.
    jails_made: u64,
    /// When to make the next jail that should be ready; `None` if none is missing.
    refill_at: Option<Instant>,
    /// Without these files no program starts.
    vitals: BTreeMap<Runtime, Vitals>,
    /// Which runtimes are damaged, and how, as the server was told.
    damaged: BTreeMap<Runtime, String>,
    /// When to look at the runtimes again; `None` if only failed runs have us look.
    runtimes_at: Option<Instant>,
    /// Frames the server has not taken yet. Bounded: a run sends at most its output limits, and there is
    /// no new one from a server that takes nothing.
    outbox: VecDeque<(Vec<u8>, Option<OwnedFd>)>,
    /// What epoll tells us about the server.
    interest: EventFlags,
    buffer: Vec<u8>,
}

/// Everything the supervisor's process does, from its first instruction to its last.
pub(crate) fn main(settings: Settings, server: OwnedFd) -> ! {
    let Ok([server]) = sys::keep_only([server]) else { sys::exit_now(1) };
    let prepared = server.try_clone().and_then(|line| {
        Supervisor::prepare(settings, server).inspect_err(|error| tell_failure(line.as_fd(), error))
    });
    let code = match prepared.map(|mut supervisor| supervisor.serve()) {
        Ok(Ok(())) => 0,
        // It has been told.
        Err(_) => 1,
        Ok(Err(error)) => {
            complain(format_args!("{error}"));
            1
        }
    };
    sys::exit_now(code)
}

fn tell_failure(server: BorrowedFd<'_>, error: &io::Error) {
    let report = Report::NotReady { reason: error.to_string() };
    // Without a server there is nobody to tell.
    let _ = wire::encode(&report).and_then(|frame| wire::send(server, &frame, None));
}

impl Supervisor {
    fn prepare(settings: Settings, server: OwnedFd) -> io::Result<Supervisor> {
        sys::set_process_name(c"ringfence-super");
        take_short_turns();
        sys::ignore_terminal_signals();
        // Whatever the operator's is: guests have to reach what is made for them.
        rustix::process::umask(Mode::from_raw_mode(0o022));
        let null = fs::OpenOptions::new().read(true).write(true).open("/dev/null")?;
        sys::dup_to(null.as_fd(), 0)?;
        sys::dup_to(null.as_fd(), 1)?;
        let prepared = layers::prepare(&settings)?;
        // After the last look at the environment.
        if !weaken::is_off("env") {
            sys::forget_command_line()?;
        }
        let epoll = epoll::create(epoll::CreateFlags::CLOEXEC)?;
        epoll::add(&epoll, &server, Token::Server.encode(), EventFlags::IN)?;
        // Who keeps jails ready stays for long.
        let refill_at = settings.pool.keeps_ready().then(Instant::now);
        let vitals = settings.runtimes.iter().filter(|(_, (source, _))| matches!(source, Source::Tree(_)));
        let vitals = vitals.map(|(runtime, (_, command))| {
            (*runtime, Vitals::note(*runtime, &jail::template(*runtime), &command.words[0]))
        });
        let usual = settings.ceilings.resolve(&LimitsPatch::default()).map_err(io::Error::other)?;
        let mut supervisor = Supervisor {
            vitals: vitals.collect(),
            damaged: BTreeMap::new(),
            runtimes_at: refill_at,
            settings,
            server,
            server_gone: false,
            epoll,
            null: null.into(),
            filter: prepared.filter,
            hierarchies: prepared.hierarchies,
            processors: rustix::thread::sched_getaffinity(None).ok(),
            isolation: prepared.protections.isolation(),
            protections: prepared.protections,
            networks: BTreeMap::new(),
            runs: BTreeMap::new(),
            left: BTreeMap::new(),
            cells: Vec::new(),
            zygotes: Vec::new(),
            zygotes_made: 0,
            zygote_not_before: BTreeMap::new(),
            figures: PoolFigures::default(),
            told: PoolFigures::default(),
            used: BTreeMap::new(),
            usual,
            jails_made: 0,
            refill_at,
            outbox: VecDeque::new(),
            interest: EventFlags::IN,
            buffer: vec![0; wire::FRAME_BYTES_MAX],
        };
        let ready = Report::Ready { isolation: supervisor.isolation.clone(), problems: prepared.problems };
        supervisor.report(&ready, None);
        Ok(supervisor)
    }

    /// Serves until the server is gone and the last run has ended.
    fn serve(&mut self) -> io::Result<()> {
        while !(self.server_gone && self.runs.is_empty() && self.left.is_empty()) {
            let mut events = Vec::with_capacity(EVENTS_PER_TURN);
            let timeout = self.time_until_next_look();
            match epoll::wait(&self.epoll, rustix::buffer::spare_capacity(&mut events), timeout.as_ref()) {
                Ok(_) | Err(rustix::io::Errno::INTR) => {}
                Err(error) => return Err(error.into()),
            }
            for event in events {
                self.handle(Token::decode(event.data), event.flags);
            }
            let now = Instant::now();
            let mut accounts = Vec::new();
            for run in self.runs.values_mut().filter(|run| run.next_look() <= now) {
                run.look(now);
                accounts.extend(run.account(now).map(|usage| Report::Used { run: run.id, usage }));
            }
            for account in accounts {
                self.report(&account, None);
            }
            self.flush();
            self.look_at_zygotes(now);
            if !self.server_gone && self.refill_due().is_some_and(|at| at <= now) {
                self.refill_one(now);
            }
            if !self.server_gone && self.runtimes_at.is_some_and(|at| at <= now) {
                self.look_at_runtimes();
                self.tell_of_pool();
                self.runtimes_at = Some(now + RUNTIMES_EVERY);
            }
        }
        for zygote in self.zygotes.drain(..) {
            zygote.end().for_each(drop);
        }
        if let Some(hierarchies) = &self.hierarchies {
            hierarchies.remove();
        }
        Ok(())
    }

    fn time_until_next_look(&self) -> Option<rustix::event::Timespec> {
        let chores =
            [self.refill_due(), self.runtimes_at].into_iter().flatten().filter(|_| !self.server_gone);
        let zygotes = self.zygotes.iter().filter_map(Zygote::deadline);
        let next = self.runs.values().map(Run::next_look).chain(chores).chain(zygotes).min()?;
        // Rounded up to the millisecond: a moment later rather than a busy wait just before.
        let wait = next.saturating_duration_since(Instant::now()) + Duration::from_micros(200);
        rustix::event::Timespec::try_from(wait).ok()
    }

    fn handle(&mut self, token: Token, flags: EventFlags) {
        let now = Instant::now();
        match token {
            Token::Server if flags.intersects(EventFlags::IN | EventFlags::HUP | EventFlags::ERR) => {
                self.hear_server(now);
            }
            // It can take more, which every turn tries.
            Token::Server => {}
            Token::Init(jail) => {
                self.lose_spare(jail, now);
                self.finish(jail, now);
            }
            Token::Guest(jail) => {
                self.hear_guest(jail, now);
                self.leave(jail, now);
            }
            Token::Zygote(number) => self.hear_zygote(number, now),
            Token::Line(jail) => {
                self.hear_init(jail, now);
                self.leave(jail, now);
            }
            Token::Stdout(jail) => drop(self.forward(jail, Stream::Stdout)),
            Token::Stderr(jail) => drop(self.forward(jail, Stream::Stderr)),
            Token::Listener(jail) => {
                // Whether its program has begun was said before.
                self.hear_init(jail, now);
                let gone = flags.contains(EventFlags::HUP);
                let closed = self
                    .runs
                    .get_mut(&jail)
                    .and_then(|run| if gone { run.end_listening() } else { run.answer_refused_call(now) });
                if let Some(listener) = closed {
                    let _ = epoll::delete(&self.epoll, &listener);
                }
                self.leave(jail, now);
            }
        }
    }

    /// Takes what the server asks. A server that is gone, or that does not speak our language, ends
    /// every run.
    fn hear_server(&mut self, now: Instant) {
        for _ in 0..FRAMES_PER_TURN {
            match wire::receive(self.server.as_fd(), &mut self.buffer) {
                Ok(Received::Frame(Request::Load { run }, payload)) => self.load(run, payload, now),
                Ok(Received::Frame(Request::Start { run }, _)) => {
                    if let Some(run) = self.run(run) {
                        run.start(now);
                    }
                }
                Ok(Received::Frame(Request::Cancel { run }, _)) => {
                    if let Some(run) = self.run(run) {
                        run.kill(Killed::Cancelled, now);
                    }
                }
                Ok(Received::Nothing) => return,
                Ok(Received::Closed) | Err(_) => {
                    self.server_gone = true;
                    self.outbox.clear();
                    let _ = epoll::delete(&self.epoll, &self.server);
                    for run in self.runs.values_mut() {
                        run.kill(Killed::Cancelled, now);
                    }
                    for cell in mem::take(&mut self.cells) {
                        self.abandon(cell.enclosure);
                    }
                    return;
                }
            }
        }
    }

    /// The run that the server calls so, if it lives.
    fn run(&mut self, id: u64) -> Option<&mut Run> {
        self.runs.values_mut().find(|live| live.id == id)
    }

    fn load(&mut self, id: u64, payload: Option<OwnedFd>, now: Instant) {
        let failed = match self.accept(id, payload) {
            Ok(payload) => {
                let runtime = payload.spec.runtime;
                match self.try_load(id, payload, now) {
                    Ok(run) => {
                        self.runs.insert(run.enclosure.jail, run);
                        return;
                    }
                    Err(reason) => self.failed(id, runtime, reason),
                }
            }
            Err(reason) => Report::Failed { run: id, reason },
        };
        self.report(&failed, None);
    }

    /// The report on a run that came to no good end: the reason is the runtime's if that is damaged.
    fn failed(&mut self, run: u64, runtime: Runtime, reason: String) -> Report {
        self.look_at_runtimes();
        match self.damaged.get(&runtime) {
            Some(damage) => Report::RuntimeDamaged { run, reason: damage.clone() },
            None => Report::Failed { run, reason },
        }
    }

    /// Tells the server which runtimes are damaged if that has changed.
    fn look_at_runtimes(&mut self) {
        let damage = |(runtime, vitals): (&Runtime, &Vitals)| Some((*runtime, vitals.damage()?));
        let damaged: BTreeMap<Runtime, String> = self.vitals.iter().filter_map(damage).collect();
        if self.damaged != damaged {
            self.report(&Report::Runtimes { damaged: damaged.values().cloned().collect() }, None);
            self.damaged = damaged;
        }
    }

    /// The report on a run that ended. A program that failed may have failed for want of its runtime's
    /// files, and its result says nothing about it then.
    fn ended(&mut self, run: u64, runtime: Runtime, ending: Ending) -> Report {
        if matches!(ending.status, Status::Failed | Status::Signaled) {
            self.look_at_runtimes();
            if let Some(damage) = self.damaged.get(&runtime) {
                return Report::RuntimeDamaged { run, reason: damage.clone() };
            }
        }
        Report::Ended { run, ending }
    }

    /// A payload that a sound server could have sent.
    fn accept(&self, id: u64, payload: Option<OwnedFd>) -> Result<RunPayload, String> {
        let payload = payload.ok_or("a run without a payload")?;
        let payload = RunPayload::open(payload).map_err(|error| error.to_string())?;
        self.check(id, &payload.spec)?;
        Ok(payload)
    }

    /// Gives a run a jail that is ready, or a new one.
    fn try_load(&mut self, id: u64, payload: RunPayload, now: Instant) -> Result<Run, String> {
        let cell = self.cell_for(&payload.spec, now)?;
        self.occupy(cell, id, payload, now)
    }

    /// Puts a run into a jail.
    fn occupy(&mut self, cell: Cell, id: u64, payload: RunPayload, now: Instant) -> Result<Run, String> {
        let occupied = cell.occupy(id, payload, now);
        let watched = occupied.and_then(|run| match self.watch(&run) {
            Ok(()) => Ok(run),
            Err(error) => {
                self.unwatch(&run);
                Err((Box::new(run.enclosure), error.to_string()))
            }
        });
        watched.map_err(|(enclosure, reason)| {
            self.abandon(*enclosure);
            reason
        })
    }

    /// Refuses what a sound server never asks.
    fn check(&self, id: u64, spec: &RunSpec) -> Result<(), String> {
        if self.runs.values().any(|run| run.id == id) {
            return Err("there is such a run already".to_owned());
        }
        if self.runs.len() >= usize::from(self.settings.slots) {
            return Err("every slot is taken".to_owned());
        }
        if !self.settings.runtimes.contains_key(&spec.runtime) {
            return Err(format!("runtime {:?} is not there", spec.runtime));
        }
        for kind in LimitKind::ALL {
            let ceiling = self.settings.ceilings.range(*kind).ceiling;
            if spec.limits.get(*kind) > ceiling {
                return Err(format!("limit {kind} is above the ceiling of {ceiling}"));
            }
        }
        Ok(())
    }

    /// Watches what a run adds to its jail's init and the line to that, which are watched already.
    fn watch(&self, run: &Run) -> io::Result<()> {
        let jail = run.enclosure.jail;
        for (fd, token) in
            [(run.pipe(Stream::Stdout), Token::Stdout(jail)), (run.pipe(Stream::Stderr), Token::Stderr(jail))]
        {
            epoll::add(&self.epoll, fd, token.encode(), EventFlags::IN)?;
        }
        run.listener().map_or(Ok(()), |listener| watch_listener(&self.epoll, listener, jail))
    }

    /// Forgets a run's descriptors, but for its init, by name: a copy that somebody still holds would keep
    /// them in epoll.
    fn unwatch(&self, run: &Run) {
        let ends = [run.line(), run.pipe(Stream::Stdout), run.pipe(Stream::Stderr)];
        for fd in ends.into_iter().chain(run.listener()) {
            // The error would be that it was forgotten before.
            let _ = epoll::delete(&self.epoll, fd);
        }
    }

    fn hear_init(&mut self, jail: u64, now: Instant) {
        if let Some(cell) = self.cells.iter_mut().find(|cell| cell.enclosure.jail == jail) {
            let was_ready = cell.is_ready;
            if !cell.hear(&mut self.buffer) {
                // Its death is what matters; a closed line would wake us again and again.
                let _ = epoll::delete(&self.epoll, cell.line());
            }
            if cell.is_ready && !was_ready {
                // It may have been waited for to make another.
                self.refill_at.get_or_insert(now);
            }
            return;
        }
        let Some(run) = self.runs.get_mut(&jail) else { return };
        let listener_arrived = run.hear(now, &mut self.buffer);
        if let Some(listener) = run.listener().filter(|_| listener_arrived) {
            // Without it the calls that it would tell of wait for ever, and the run for its time.
            let _ = watch_listener(&self.epoll, listener, jail);
        }
        if run.line_closed {
            // Its death is what matters; a closed line would wake us again and again.
            let _ = epoll::delete(&self.epoll, run.line());
        }
    }

    /// Passes one piece of output on; false if there was none. A pipe at its end wakes us no more.
    fn forward(&mut self, jail: u64, stream: Stream) -> bool {
        let Some(run) = self.runs.get_mut(&jail) else { return false };
        let id = run.id;
        match run.read_output(stream, self.null.as_fd()) {
            Piece::Bytes(bytes) => {
                self.report(&Report::Output { run: id, stream, bytes }, None);
                true
            }
            Piece::Discarded => true,
            Piece::Nothing => false,
            Piece::Closed => {
                let _ = epoll::delete(&self.epoll, run.pipe(stream));
                false
            }
        }
    }

    /// Init is dead, and with it everything in the jail: reap, answer, clean up.
    fn finish(&mut self, jail: u64, now: Instant) {
        let run = self.runs.get(&jail).map(|run| &run.enclosure);
        let Some(enclosure) = run.or_else(|| self.left.get(&jail)) else { return };
        if enclosure::reap(enclosure.init()).is_none() {
            return;
        }
        self.hear_init(jail, now);
        if self.runs.get(&jail).is_some_and(Run::can_go_elsewhere) {
            return self.go_on_without(jail, now);
        }
        let left = self.left.remove(&jail);
        if let Some(since) = left.as_ref().and_then(|enclosure| enclosure.killed) {
            self.figures.takedowns.add(since.elapsed());
        }
        let Some(enclosure) = left.or_else(|| self.answer(jail, now)) else { return };
        let _ = epoll::delete(&self.epoll, enclosure.init());
        if let Err(error) = enclosure.clean_up() {
            complain(format_args!("cannot remove control group: {error}"));
        }
    }

    /// If the guest has ended but for the kernel's work on it: answers, and has it taken down.
    fn leave(&mut self, jail: u64, now: Instant) {
        if !self.runs.get(&jail).is_some_and(|run| run.has_left) {
            return;
        }
        if self.left.len() < usize::from(self.settings.slots) {
            // Its end comes after the answer, which it would delay. Until then its threads and signal handlers may
            // still do something, of which whoever collects is aware.
            if let Some(enclosure) = self.answer(jail, now) {
                self.abandon(enclosure);
            }
        } else if let Some(run) = self.runs.get(&jail) {
            // The kernel is behind: it is answered when it is gone.
            run.enclosure.kill();
        }
    }

    /// The program has ended: drain, judge, answer. What is left is to be cleaned up.
    fn answer(&mut self, jail: u64, now: Instant) -> Option<Enclosure> {
        self.hear_init(jail, now);
        for stream in [Stream::Stdout, Stream::Stderr] {
            // More does not fit into a pipe, and who could still write is dead or dying.
            let mut pieces = 0..PIECES_MAX;
            while pieces.next().is_some() && self.forward(jail, stream) {}
        }
        let mut run = self.runs.remove(&jail)?;
        self.unwatch(&run);
        let id = run.id;
        let verdict = run.finish(&self.isolation, now);
        let runtime = run.runtime();
        let (report, files) = match verdict {
            Verdict::Ended(ending, collected) => match returned_files(&collected) {
                Ok(files) => (self.ended(id, runtime, *ending), files),
                Err(error) => (Report::Failed { run: id, reason: format!("hand over files: {error}") }, None),
            },
            Verdict::Failed(reason) => (self.failed(id, runtime, reason), None),
        };
        self.report(&report, files);
        Some(run.enclosure)
    }

    fn report(&mut self, report: &Report, attached: Option<OwnedFd>) {
        if self.server_gone {
            return;
        }
        match wire::encode(report) {
            Ok(frame) => self.outbox.push_back((frame, attached)),
            Err(error) => complain(format_args!("cannot report: {error}")),
        }
        self.flush();
    }

    /// Sends what the server can take now; the rest waits until it can take more.
    fn flush(&mut self) {
        while let Some((frame, attached)) = self.outbox.front() {
            match wire::send(self.server.as_fd(), frame, attached.as_ref().map(OwnedFd::as_fd)) {
                Ok(()) => drop(self.outbox.pop_front()),
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => break,
                // Its end of the line will say that it is gone.
                Err(_) => self.outbox.clear(),
            }
        }
        let mut interest = EventFlags::empty();
        interest.set(EventFlags::IN, self.outbox.len() < OUTBOX_FRAMES_MAX);
        interest.set(EventFlags::OUT, !self.outbox.is_empty());
        if !self.server_gone && self.interest != interest {
            self.interest = interest;
            let _ = epoll::modify(&self.epoll, &self.server, Token::Server.encode(), interest);
        }
    }
}

fn watch_listener(epoll: &OwnedFd, listener: BorrowedFd<'_>, jail: u64) -> io::Result<()> {
    Ok(epoll::add(epoll, listener, Token::Listener(jail).encode(), EventFlags::IN)?)
}

/// Tells the operator. Unlike `eprintln!` it does no harm when nobody listens, and is one write: the server's
/// own lines go to the same place.
fn complain(what: impl Display) {
    let _ = io::stderr().write_all(format!("ringfence: supervisor: {what}\n").as_bytes());
}

/// Names, sizes and contents of the files a run returns, if there are any.
fn returned_files(collected: &Collected) -> io::Result<Option<OwnedFd>> {
    if collected.files.is_empty() {
        return Ok(None);
    }
    let index: Vec<(&str, u64)> =
        collected.files.iter().map(|file| (file.name.as_str(), file.content.len() as u64)).collect();
    let contents: Vec<&[u8]> = collected.files.iter().map(|file| &*file.content).collect();
    wire::payload(&index, &contents).map(Some)
}
