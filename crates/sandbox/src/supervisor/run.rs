//! One live run as the supervisor sees it: its descriptors, what it has used, and how it ends.
//!
//! ```text
//!         Start              Started             Exited, or killed          init reaped
//! loaded ───────> starting ──────────> running ───────────────────> ending ────────────> over
//!    └────────────────┴───────── Failed, or init died ────────────────┘
//! ```

use std::{
    collections::BTreeMap,
    fs,
    os::fd::{AsFd, BorrowedFd, OwnedFd},
    time::{Duration, Instant},
};

use ringfence_job::{DeniedSyscall, Isolation, LimitHit, LimitKind, Runtime, Status, Stream, Usage};
use rustix::pipe::SpliceFlags;

use super::{PROCESSORS, cell::Lines, enclosure::Enclosure};
use crate::{
    jail::{cgroup::Group, seccomp},
    outputs::{self, Collected, Inputs},
    sys,
    wire::{self, Ending, InitReport, InitRequest, Received, RunPayload},
};

/// Longest time that a loaded run waits for the server before it counts as our failure; until a reservation is on
/// disk may take long.
const LOADED_MAX: Duration = Duration::from_secs(120);

/// Longest time until a program is executed before it counts as our failure.
const SETUP_MAX: Duration = Duration::from_secs(10);

/// Longest time between two looks at a run's cpu time and memory.
const LOOK_EVERY: Duration = Duration::from_millis(25);

/// Longest time between two accounts of what a run has used.
const TELL_EVERY: Duration = Duration::from_millis(500);

/// Refused calls that are looked at; then the listener is closed and the kernel refuses by itself.
const REFUSED_CALLS_MAX: u32 = 256;

/// How often its processes may say that they end while they are not alone, as those do that it forks.
const STAYED_MAX: u32 = 4096;

/// Bytes discarded in one go once an output has reached its limit.
const DISCARD_BYTES: usize = 1 << 20;

/// Why the supervisor ended a run.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Killed {
    Wall,
    Cpu,
    Memory,
    Cancelled,
}

/// What one read of an output gave.
#[derive(Debug)]
pub(super) enum Piece {
    /// Bytes to keep.
    Bytes(Vec<u8>),
    /// Bytes beyond the limit, thrown away.
    Discarded,
    /// Nothing now.
    Nothing,
    /// Nothing ever again: nobody holds the other end.
    Closed,
}

/// One of the guest's outputs.
#[derive(Debug)]
struct Output {
    pipe: OwnedFd,
    limit: u64,
    seen: u64,
}

impl Output {
    fn new(pipe: OwnedFd, limit: u64) -> Output {
        Output { pipe, limit, seen: 0 }
    }

    fn read(&mut self, discard_to: BorrowedFd<'_>) -> Piece {
        let left = usize::try_from(self.limit.saturating_sub(self.seen)).unwrap_or(usize::MAX);
        // Never a short buffer: from a pipe in packet mode the kernel drops what does not fit.
        let mut bytes = Vec::new();
        let result = if left == 0 {
            // Into /dev/null without copying: a flood costs the guest, not us.
            let flags = SpliceFlags::NONBLOCK;
            rustix::pipe::splice(&self.pipe, None, discard_to, None, DISCARD_BYTES, flags)
        } else {
            bytes.resize(wire::OUTPUT_BYTES_MAX, 0);
            rustix::io::read(&self.pipe, &mut bytes)
        };
        match result {
            Ok(0) => Piece::Closed,
            Ok(count) => {
                self.seen += count as u64;
                bytes.truncate(count.min(left));
                if left == 0 { Piece::Discarded } else { Piece::Bytes(bytes) }
            }
            Err(_) => Piece::Nothing,
        }
    }
}

/// What the run's init has told.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Stage {
    Loaded,
    Starting { since: Instant },
    Running { since: Instant },
    Exited { since: Instant, at: Instant, wait_status: i32 },
}

/// A live run.
#[derive(Debug)]
pub(super) struct Run {
    pub(super) id: u64,
    /// Its jail.
    pub(super) enclosure: Enclosure,
    payload: RunPayload,
    line: OwnedFd,
    /// True once nothing more can come over the line.
    pub(super) line_closed: bool,
    /// What the group had used before the run, in microseconds.
    cpu_before_us: u64,
    stdout: Output,
    stderr: Output,
    listener: Option<OwnedFd>,
    /// True if it was loaded before, into a jail that did not last.
    pub(super) elsewhere: bool,
    /// How a guest that had joined has ended; whether its program had begun, init says.
    guest_ended: Option<i32>,
    stage: Stage,
    killed: Option<(Killed, Instant)>,
    failure: Option<String>,
    denied: BTreeMap<i32, u32>,
    /// How often it has said that it ends, while it was not alone.
    stayed: u32,
    /// True if it has said so and was, or has ended and left nobody behind: the answer need not wait until it is taken
    /// down.
    pub(super) has_left: bool,
    /// True once refused calls are no longer counted.
    denied_truncated: bool,
    /// Greatest sum of anonymous and shared memory seen, in bytes.
    memory_seen_bytes: u64,
    /// The first limit of the scratch that was seen reached, even if the guest made room again.
    scratch_full: Option<LimitKind>,
    /// When it got its jail.
    pub(super) created: Instant,
    next_look: Instant,
    next_account: Instant,
}

/// What the guest's run turned out to be.
#[derive(Debug)]
pub(super) enum Verdict {
    /// The guest's result.
    Ended(Box<Ending>, Collected),
    /// Our failure.
    Failed(String),
}

impl Run {
    pub(super) fn new(
        id: u64,
        enclosure: Enclosure,
        payload: RunPayload,
        lines: Lines,
        listener: Option<OwnedFd>,
        cpu_before_us: u64,
        now: Instant,
    ) -> Run {
        Run {
            id,
            enclosure,
            stdout: Output::new(lines.stdout, payload.spec.limits.stdout_bytes),
            stderr: Output::new(lines.stderr, payload.spec.limits.stderr_bytes),
            payload,
            line: lines.init,
            line_closed: false,
            cpu_before_us,
            listener,
            elsewhere: false,
            guest_ended: None,
            stage: Stage::Loaded,
            killed: None,
            failure: None,
            denied: BTreeMap::new(),
            stayed: 0,
            has_left: false,
            denied_truncated: false,
            memory_seen_bytes: 0,
            scratch_full: None,
            created: now,
            next_look: now + LOOK_EVERY,
            next_account: now + TELL_EVERY,
        }
    }

    pub(super) fn runtime(&self) -> Runtime {
        self.payload.spec.runtime
    }

    pub(super) fn line(&self) -> BorrowedFd<'_> {
        self.line.as_fd()
    }

    pub(super) fn listener(&self) -> Option<BorrowedFd<'_>> {
        self.listener.as_ref().map(OwnedFd::as_fd)
    }

    pub(super) fn pipe(&self, stream: Stream) -> BorrowedFd<'_> {
        match stream {
            Stream::Stdout => self.stdout.pipe.as_fd(),
            Stream::Stderr => self.stderr.pipe.as_fd(),
        }
    }

    fn output(&mut self, stream: Stream) -> &mut Output {
        match stream {
            Stream::Stdout => &mut self.stdout,
            Stream::Stderr => &mut self.stderr,
        }
    }

    /// Has the program be executed, once: that it is loaded already is not waited for.
    pub(super) fn start(&mut self, now: Instant) {
        if self.stage != Stage::Loaded {
            return;
        }
        self.stage = Stage::Starting { since: now };
        let told = wire::encode(&InitRequest::Start)
            .and_then(|frame| wire::send_to_mortal(self.line(), &frame, None));
        if let Err(error) = told {
            self.fail(format!("tell init: {error}"));
        }
    }

    /// Hears what init has to say. True if a listener has arrived.
    pub(super) fn hear(&mut self, now: Instant, buffer: &mut [u8]) -> bool {
        let mut listener_arrived = false;
        loop {
            let (report, attached) = match wire::receive(self.line.as_fd(), buffer) {
                Ok(Received::Frame(report, attached)) => (report, attached),
                Ok(Received::Nothing) => return listener_arrived,
                Ok(Received::Closed) | Err(_) => {
                    self.line_closed = true;
                    return listener_arrived;
                }
            };
            match (report, attached) {
                (InitReport::Work, Some(work)) if self.enclosure.work.is_none() => {
                    self.enclosure.work = Some(work);
                }
                (InitReport::Listener, Some(listener))
                    if self.listener.is_none()
                        && matches!(self.stage, Stage::Loaded | Stage::Starting { .. }) =>
                {
                    self.listener = Some(listener);
                    listener_arrived = true;
                }
                (InitReport::Started, None) if matches!(self.stage, Stage::Starting { .. }) => {
                    self.stage = Stage::Running { since: now };
                    self.next_look = next_look(now, self.payload.spec.limits.cpu_ms.saturating_mul(1000));
                    self.settle(now);
                }
                (InitReport::Exited { wait_status }, None) => {
                    let since = match self.stage {
                        Stage::Loaded | Stage::Starting { .. } => now,
                        Stage::Running { since } | Stage::Exited { since, .. } => since,
                    };
                    self.end(Stage::Exited { since, at: now, wait_status });
                }
                // Whoever waits for it knows; of one that is gone, init ends now.
                (InitReport::Ready | InitReport::Gone, None) if self.has_not_begun() => {}
                (InitReport::Failed { reason }, None) => self.fail(reason),
                _ => self.fail("the run's init reports out of order".to_owned()),
            }
        }
    }

    /// A guest that had joined has ended, and was reaped.
    pub(super) fn guest_ended(&mut self, wait_status: i32, now: Instant) {
        self.guest_ended = Some(wait_status);
        self.settle(now);
    }

    /// Before its program has begun, how it ended is for init to tell; afterwards it is the program's end.
    fn settle(&mut self, now: Instant) {
        let Some(wait_status) = self.guest_ended else { return };
        // With its init, which is dead, everything in the jail is: this is not the program's end.
        let dragged_along = self.line_closed && wait_status == libc::SIGKILL;
        if let (Stage::Running { since }, false) = (self.stage, dragged_along) {
            self.end(Stage::Exited { since, at: now, wait_status });
        }
    }

    /// Its first process has ended and was reaped. What is left of it, background processes or only init, ends now;
    /// init alone need not be waited for.
    fn end(&mut self, exited: Stage) {
        let by_itself =
            matches!(self.stage, Stage::Running { .. }) && self.killed.is_none() && self.failure.is_none();
        self.stage = exited;
        self.has_left = by_itself && self.enclosure.is_deserted();
        if !self.has_left {
            self.enclosure.kill();
        }
    }

    /// True while nothing of the program can have run.
    fn has_not_begun(&self) -> bool {
        matches!(self.stage, Stage::Loaded | Stage::Starting { .. })
    }

    /// True if its jail is over and nobody has said why: another will do, once.
    pub(super) fn can_go_elsewhere(&self) -> bool {
        self.has_not_begun() && self.killed.is_none() && self.failure.is_none() && !self.elsewhere
    }

    /// Takes the run out of its jail, to be loaded elsewhere: its number, what it is, whether it was started,
    /// and what is left of the jail.
    pub(super) fn unload(self) -> (u64, RunPayload, bool, Enclosure) {
        (self.id, self.payload, self.stage != Stage::Loaded, self.enclosure)
    }

    /// Its interpreter is lost, and nobody can say how it would have ended.
    pub(super) fn lose(&mut self) {
        if self.killed.is_none() {
            self.fail("the run's interpreter is lost".to_owned());
        }
        self.enclosure.kill();
    }

    fn fail(&mut self, reason: String) {
        self.failure.get_or_insert(reason);
        self.enclosure.kill();
    }

    /// Reads what waits on an output, once.
    pub(super) fn read_output(&mut self, stream: Stream, discard_to: BorrowedFd<'_>) -> Piece {
        self.output(stream).read(discard_to)
    }

    /// Answers a refused call. After a bound the kernel refuses them without asking us: then the
    /// listener is returned, to be forgotten and closed.
    pub(super) fn answer_refused_call(&mut self, now: Instant) -> Option<OwnedFd> {
        let listener = self.listener.as_ref()?;
        match sys::seccomp_receive(listener.as_fd()) {
            Ok(call) => match seccomp::told_exit_code(&call) {
                // Its call is never answered: it ends in it.
                Some(code) if self.is_alone(&call) => self.leave(code, now),
                Some(_) => {
                    self.stayed += 1;
                    sys::seccomp_refuse(listener.as_fd(), call, libc::ESRCH);
                }
                None => {
                    *self.denied.entry(call.nr).or_default() += 1;
                    sys::seccomp_refuse(listener.as_fd(), call, seccomp::errno(call.nr));
                }
            },
            // The caller has died meanwhile.
            Err(error) if sys::may_pass(&error) => {}
            // It would wake us again and again.
            Err(_) => return self.listener.take(),
        }
        if self.denied.values().sum::<u32>() < REFUSED_CALLS_MAX && self.stayed < STAYED_MAX {
            return None;
        }
        self.denied_truncated = true;
        self.listener.take()
    }

    /// True if a call comes from the only process in the jail beside init: once that ends, everything has.
    fn is_alone(&self, call: &sys::Notification) -> bool {
        let running = matches!(self.stage, Stage::Running { .. });
        let Some(group) = self.enclosure.group.as_ref().filter(|_| running) else { return false };
        let mut processes = group.processes();
        processes.retain(|pid| *pid != self.enclosure.pid);
        processes == [call.thread] && is_first(call.thread)
    }

    /// The guest's last process has ended, but for the kernel's work on it.
    fn leave(&mut self, code: i32, now: Instant) {
        if let (Stage::Running { since }, None, None) = (self.stage, self.killed, &self.failure) {
            self.stage = Stage::Exited { since, at: now, wait_status: code << 8 };
            self.has_left = true;
        }
    }

    /// Nobody is left who could call: the listener, to be forgotten and closed. Left in epoll it would
    /// wake us again and again, and take the processor on which init is to report the end.
    pub(super) fn end_listening(&mut self) -> Option<OwnedFd> {
        self.listener.take()
    }

    /// When [`Run::look`] is next needed.
    pub(super) fn next_look(&self) -> Instant {
        match self.stage {
            // Only the reaping is waited for.
            _ if self.killed.is_some() || self.failure.is_some() => self.next_look,
            Stage::Exited { .. } => self.next_look,
            Stage::Loaded => self.created + LOADED_MAX,
            Stage::Starting { since } => since + SETUP_MAX,
            Stage::Running { since } => {
                self.next_look.min(since + Duration::from_millis(self.payload.spec.limits.wall_ms))
            }
        }
    }

    /// Compares what the run has used with its limits, and ends it if one is reached.
    pub(super) fn look(&mut self, now: Instant) {
        let limits = self.payload.spec.limits;
        self.next_look = now + LOOK_EVERY;
        match self.stage {
            _ if self.killed.is_some() || self.failure.is_some() => self.enclosure.kill(),
            Stage::Loaded if now >= self.created + LOADED_MAX => {
                self.fail(format!("it was loaded and not started for {} s", LOADED_MAX.as_secs()));
            }
            Stage::Starting { since } if now >= since + SETUP_MAX => {
                self.fail(format!("the jail was not ready after {} s", SETUP_MAX.as_secs()));
            }
            Stage::Running { since } if now >= since + Duration::from_millis(limits.wall_ms) => {
                self.kill(Killed::Wall, now);
            }
            Stage::Running { .. } => {
                self.look_at_scratch();
                let Some(group) = &self.enclosure.group else { return };
                self.memory_seen_bytes = self.memory_seen_bytes.max(group.memory_bytes());
                let cpu_left = limits.cpu_ms.saturating_mul(1000).saturating_sub(self.cpu_us(group));
                if group.oom_kills() > 0 {
                    self.kill(Killed::Memory, now);
                } else if cpu_left == 0 {
                    self.kill(Killed::Cpu, now);
                } else {
                    self.next_look = next_look(now, cpu_left);
                }
            }
            Stage::Loaded | Stage::Starting { .. } | Stage::Exited { .. } => {}
        }
    }

    /// What a running program has used so far, now and then.
    pub(super) fn account(&mut self, now: Instant) -> Option<Usage> {
        let due = now >= self.next_account && matches!(self.stage, Stage::Running { .. });
        due.then(|| {
            self.next_account = now + TELL_EVERY;
            self.measure(now).0
        })
    }

    fn look_at_scratch(&mut self) {
        if let (None, Some(work)) = (self.scratch_full, &self.enclosure.work) {
            self.scratch_full = outputs::full_scratch(work).ok().flatten();
        }
    }

    /// Ends the run for a reason that will be its status. A program that has ended stays ended.
    pub(super) fn kill(&mut self, why: Killed, now: Instant) {
        if self.killed.is_none() && !matches!(self.stage, Stage::Exited { .. }) {
            self.killed = Some((why, now));
        }
        self.enclosure.kill();
    }

    /// What happened. Everything in the jail is dead and reaped, or has left, and the pipes are empty.
    pub(super) fn finish(&mut self, isolation: &Isolation, now: Instant) -> Verdict {
        let measured = self.measure(now);
        self.look_at_scratch();
        self.judge(measured, isolation)
    }

    fn judge(&self, (usage, oom_kills, tasks_refused): (Usage, u64, u64), isolation: &Isolation) -> Verdict {
        if let Some(reason) = &self.failure {
            return Verdict::Failed(reason.clone());
        }
        let ending = match self.stage {
            Stage::Exited { wait_status, .. } => Some(sys::decode_wait_status(wait_status)),
            Stage::Loaded | Stage::Starting { .. } | Stage::Running { .. } => None,
        };
        let killed = self.killed.map(|(why, _)| why);
        let Some((status, exit_code, signal)) = decide(killed, oom_kills, ending) else {
            return Verdict::Failed("the run's init died without a word".to_owned());
        };
        let collected = match &self.enclosure.work {
            Some(work) => match outputs::collect(work, &self.payload.spec.limits, &self.inputs()) {
                Ok(collected) => collected,
                Err(error) => return Verdict::Failed(format!("collect files: {error}")),
            },
            None => Collected::default(),
        };
        let ending = Ending {
            status,
            exit_code,
            signal,
            stdout_truncated: self.stdout.seen > self.stdout.limit,
            stderr_truncated: self.stderr.seen > self.stderr.limit,
            limits_hit: self.limits_hit(status, killed, signal, tasks_refused, &collected),
            denied_syscalls: self.denied_syscalls(),
            denied_truncated: self.denied_truncated,
            usage,
            isolation: isolation.clone(),
        };
        Verdict::Ended(Box::new(ending), collected)
    }

    fn measure(&self, now: Instant) -> (Usage, u64, u64) {
        let wall = match self.stage {
            Stage::Loaded | Stage::Starting { .. } => Duration::ZERO,
            Stage::Running { since } => self.killed.map_or(now, |(_, at)| at) - since,
            Stage::Exited { since, at, .. } => at - since,
        };
        let group = self.enclosure.group.as_ref();
        let usage = Usage {
            wall_ms: u64::try_from(wall.as_millis()).unwrap_or(u64::MAX),
            cpu_ms: group.map_or(0, |group| self.cpu_us(group) / 1000),
            memory_peak_bytes: group.map_or(0, |group| group.memory_peak_bytes().max(self.memory_seen_bytes)),
            stdout_bytes: self.stdout.seen,
            stderr_bytes: self.stderr.seen,
        };
        (usage, group.map_or(0, Group::oom_kills), group.map_or(0, Group::tasks_refused))
    }

    fn cpu_us(&self, group: &Group) -> u64 {
        group.cpu_us().saturating_sub(self.cpu_before_us)
    }

    fn inputs(&self) -> Inputs<'_> {
        Inputs { payload: self.payload.file(), places: self.payload.files().collect() }
    }

    fn limits_hit(
        &self,
        status: Status,
        killed: Option<Killed>,
        signal: Option<i32>,
        tasks_refused: u64,
        collected: &Collected,
    ) -> Vec<LimitHit> {
        let mut kinds = Vec::new();
        match status {
            Status::TimedOut if killed == Some(Killed::Wall) => kinds.push(LimitKind::WallMs),
            Status::TimedOut => kinds.push(LimitKind::CpuMs),
            Status::OutOfMemory => kinds.push(LimitKind::MemoryBytes),
            _ => {}
        }
        if tasks_refused > 0 {
            kinds.push(LimitKind::Tasks);
        }
        if signal == Some(libc::SIGXFSZ) || collected.file_at_limit {
            kinds.push(LimitKind::FileBytes);
        }
        kinds.extend(self.scratch_full);
        if self.stdout.seen > self.stdout.limit {
            kinds.push(LimitKind::StdoutBytes);
        }
        if self.stderr.seen > self.stderr.limit {
            kinds.push(LimitKind::StderrBytes);
        }
        kinds.extend(&collected.limits_hit);
        kinds
            .into_iter()
            .map(|limit| LimitHit { limit, value: self.payload.spec.limits.get(limit) })
            .collect()
    }

    fn denied_syscalls(&self) -> Vec<DeniedSyscall> {
        self.denied
            .iter()
            .map(|(nr, count)| DeniedSyscall { name: seccomp::name(*nr), count: *count })
            .collect()
    }
}

/// When to look again at a run that has so much of its processor time left, in microseconds: all processors together
/// cannot use that up before.
fn next_look(now: Instant, cpu_left_us: u64) -> Instant {
    now + LOOK_EVERY.min(Duration::from_micros(cpu_left_us / *PROCESSORS as u64 + 500))
}

/// True for the first process of a jail beside init, by its number there.
fn is_first(pid: i32) -> bool {
    let status = fs::read_to_string(format!("/proc/{pid}/status")).unwrap_or_default();
    let numbers = status.lines().find_map(|line| line.strip_prefix("NSpid:"));
    numbers.and_then(|numbers| numbers.split_whitespace().last()) == Some("2")
}

/// Status, exit code and signal of a run; `None` if nothing explains its end.
///
/// A task that the kernel ended for want of memory decides, whatever the first process made of it.
fn decide(
    killed: Option<Killed>,
    oom_kills: u64,
    ending: Option<sys::Ending>,
) -> Option<(Status, Option<i32>, Option<i32>)> {
    let (exit_code, signal) = match ending {
        Some(sys::Ending::Exited(code)) => (Some(code), None),
        Some(sys::Ending::Signaled(signal)) => (None, Some(signal)),
        None => (None, Some(libc::SIGKILL)),
    };
    let status = match (killed, ending) {
        (Some(Killed::Cancelled), _) => Status::Cancelled,
        _ if oom_kills > 0 => Status::OutOfMemory,
        (Some(Killed::Wall | Killed::Cpu), _) => Status::TimedOut,
        (_, Some(sys::Ending::Exited(0))) => Status::Succeeded,
        (_, Some(sys::Ending::Exited(_))) => Status::Failed,
        (_, Some(sys::Ending::Signaled(_))) => Status::Signaled,
        (Some(Killed::Memory), None) | (None, None) => return None,
    };
    Some((status, exit_code, signal))
}

#[cfg(test)]
mod tests {
    use std::process::Command;

    use proptest::{collection::vec, prelude::*};
    use ringfence_job::{LimitsPatch, LimitsPolicy};
    use sys::Ending::{Exited, Signaled};

    use super::*;
    use crate::wire::{RunSpec, fuzz};

    fn status(killed: Option<Killed>, oom: u64, ending: Option<sys::Ending>) -> Option<Status> {
        decide(killed, oom, ending).map(|(status, ..)| status)
    }

    #[test]
    fn the_kernel_decides_what_happened() {
        assert_eq!(status(None, 0, Some(Exited(0))), Some(Status::Succeeded));
        assert_eq!(status(None, 0, Some(Exited(3))), Some(Status::Failed));
        assert_eq!(status(None, 0, Some(Signaled(11))), Some(Status::Signaled));
        assert_eq!(status(None, 1, Some(Exited(0))), Some(Status::OutOfMemory));
        assert_eq!(status(Some(Killed::Memory), 1, None), Some(Status::OutOfMemory));
        assert_eq!(status(Some(Killed::Wall), 0, None), Some(Status::TimedOut));
        assert_eq!(status(Some(Killed::Cpu), 2, None), Some(Status::OutOfMemory));
        assert_eq!(status(Some(Killed::Cancelled), 1, None), Some(Status::Cancelled));
        assert_eq!(status(None, 0, None), None);
    }

    /// A run whose init is dead, and the end of the line that was the init's.
    fn run_of(init: BorrowedFd<'_>) -> (Run, OwnedFd) {
        let spec = RunSpec {
            runtime: Runtime::Bash,
            args: Vec::new(),
            env: Vec::new(),
            limits: LimitsPolicy::default().resolve(&LimitsPatch::default()).unwrap(),
            fresh: false,
            imports: crate::imports::Imports::Standard,
            code_bytes: 0,
            stdin_bytes: 0,
            files: Vec::new(),
        };
        let payload = RunPayload::open(wire::payload(&spec, &[]).unwrap()).unwrap();
        let (line, inits) = wire::socket_pair().unwrap();
        let (stdout, _) = rustix::pipe::pipe().unwrap();
        let (stderr, _) = rustix::pipe::pipe().unwrap();
        let lines = Lines { init: line, stdout, stderr };
        let init = init.try_clone_to_owned().unwrap();
        let enclosure =
            Enclosure { jail: 1, seat: 0, pid: 0, init, guest: None, group: None, work: None, killed: None };
        (Run::new(1, enclosure, payload, lines, None, 0, Instant::now()), inits)
    }

    proptest! {
        #[test]
        fn whatever_an_init_reports_the_run_has_a_verdict(
            said in vec((prop_oneof![
                4 => fuzz::init_report().prop_map(|report| wire::encode(&report).unwrap()),
                1 => vec(any::<u8>(), 1..40),
            ], 0usize..4), 0..12),
        ) {
            let mut child = Command::new("true").spawn().unwrap();
            let pid = rustix::process::Pid::from_child(&child);
            let init = rustix::process::pidfd_open(pid, rustix::process::PidfdFlags::empty()).unwrap();
            let (mut run, inits) = run_of(init.as_fd());
            let zero = std::fs::File::open("/dev/zero").unwrap();
            let directory = OwnedFd::from(std::fs::File::open("/proc/self/fdinfo").unwrap());
            {
                let file = run.payload.file().as_fd();
                let attached = [None, Some(zero.as_fd()), Some(directory.as_fd()), Some(file)];
                for (frame, with) in &said {
                    wire::send(inits.as_fd(), frame, attached[*with]).unwrap();
                }
            }
            drop(inits);
            let now = Instant::now();
            while !run.line_closed {
                run.hear(now, &mut vec![0; wire::FRAME_BYTES_MAX]);
                // A listener that is none must not wake us for ever.
                run.answer_refused_call(now);
                run.look(now);
            }
            run.finish(&Isolation::default(), now);
            child.wait().unwrap();
        }
    }
}
