//! A run in progress as others see it: what it has printed, what it uses, how it ended, and a way to
//! stop it.
//!
//! Nothing is queued: whoever looks says how much of it they have seen, and gets what is new. A slow
//! reader costs no memory, and one that comes back goes on where it was.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Instant,
};

use ringfence_job::{Progress, Stream, Usage};
use tokio::sync::watch;

use crate::{
    answer::Answer,
    error::{ErrorKind, PipelineError},
    figures,
    run::{Principal, RunId},
};

/// How a run ended, for everybody who asks.
pub type End = Result<Arc<Answer>, Arc<PipelineError>>;

/// A run in progress. The executor tells it what happens; readers look at it.
#[derive(Debug)]
pub struct Live {
    run: RunId,
    principal: Principal,
    state: Mutex<State>,
    changed: watch::Sender<()>,
    stop: watch::Sender<bool>,
    /// True once the service stops.
    stopping: watch::Receiver<bool>,
}

// Bounded by the limits of the run: the executor tells no more than they allow.
#[derive(Debug, Default)]
struct State {
    accepted: bool,
    started: bool,
    stdout: Vec<u8>,
    stderr: Vec<u8>,
    usage: Option<Usage>,
    accounts: u64,
    end: Option<End>,
}

/// How much of a run a reader has seen. As text, `stdout.stderr.stage`, it names a place in the stream of
/// its events: readers that were cut off give it back.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Position {
    /// Bytes of standard output.
    pub stdout: usize,
    /// Bytes of standard error.
    pub stderr: usize,
    /// Whether its start was seen.
    pub started: bool,
    /// Accounts of what it used; not kept in the text, as the next one is as good.
    accounts: u64,
}

/// What a reader has not seen yet.
#[derive(Debug, Clone, PartialEq)]
pub enum News {
    /// The program has a slot, and its jail begins.
    Started,
    /// The program wrote something.
    Output(Stream, Vec<u8>),
    /// What it has used so far.
    Used(Usage),
}

impl std::fmt::Display for Position {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}.{}.{}", self.stdout, self.stderr, u8::from(self.started))
    }
}

impl std::str::FromStr for Position {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let parse = || {
            let mut parts = text.split('.');
            let stdout = count(parts.next()?)?;
            let stderr = count(parts.next()?)?;
            let started = ["0", "1"].iter().position(|stage| Some(*stage) == parts.clone().next())? == 1;
            (parts.count() == 1).then_some(Position { stdout, stderr, started, accounts: 0 })
        };
        parse().ok_or_else(|| format!("{text:?} is not the id of an event of a run, such as 120.0.1"))
    }
}

/// Most digits of a count in the text of a position.
const POSITION_DIGITS_MAX: usize = 15;

/// A count as a position's text writes it: nothing but digits.
fn count(text: &str) -> Option<usize> {
    let digits = text.len() <= POSITION_DIGITS_MAX && text.bytes().all(|byte| byte.is_ascii_digit());
    digits.then(|| text.parse().ok()).flatten()
}

impl Live {
    pub(crate) fn new(run: RunId, principal: Principal, stopping: watch::Receiver<bool>) -> Live {
        Live {
            run,
            principal,
            state: Mutex::default(),
            changed: watch::Sender::new(()),
            stop: watch::Sender::new(false),
            stopping,
        }
    }

    /// The run's identity.
    pub fn run(&self) -> RunId {
        self.run
    }

    /// Has the run stopped as soon as may be. Its answer holds what there was until then.
    pub fn stop(&self) {
        self.stop.send_replace(true);
    }

    /// Resolves once somebody wants the run stopped, or the service stops.
    pub async fn stopped(&self) {
        let (mut stop, mut stopping) = (self.stop.subscribe(), self.stopping.clone());
        tokio::select! {
            // Both senders outlive the run: its own lives as long as `self`.
            _ = stop.wait_for(|stop| *stop) => {}
            _ = stopping.wait_for(|stopping| *stopping) => {}
        }
    }

    /// True once the service stops.
    pub(crate) fn is_stopping(&self) -> bool {
        *self.stopping.borrow()
    }

    /// Why a run that was stopped has no answer.
    pub(crate) fn why(&self) -> ErrorKind {
        if self.is_stopping() { ErrorKind::Stopping } else { ErrorKind::Cancelled }
    }

    fn note(&self, progress: &Progress<'_>) {
        let mut state = self.state();
        match progress {
            Progress::Started => state.started = true,
            Progress::Output(Stream::Stdout, bytes) => state.stdout.extend_from_slice(bytes),
            Progress::Output(Stream::Stderr, bytes) => state.stderr.extend_from_slice(bytes),
            Progress::Used(usage) => {
                state.usage = Some(*usage);
                state.accounts += 1;
            }
        }
        drop(state);
        self.changed.send_replace(());
    }

    pub(crate) fn end(&self, end: End) {
        self.state().end = Some(end);
        self.changed.send_replace(());
    }

    /// Waits until there is something that a reader at `position` has not seen; gives it, with the new
    /// position. Nothing is left to see once the end comes, last and alone.
    pub async fn next(&self, position: &mut Position) -> Result<Vec<News>, End> {
        let mut changed = self.changed.subscribe();
        loop {
            let (news, end) = self.since(position);
            if !news.is_empty() {
                return Ok(news);
            }
            if let Some(end) = end {
                return Err(end);
            }
            // The sender lives as long as `self`.
            let _ = changed.changed().await;
        }
    }

    /// Waits until the run has passed policy and budget and is in the record for good; its end, if that
    /// comes before.
    pub async fn accepted(&self) -> Option<End> {
        let mut changed = self.changed.subscribe();
        loop {
            let (accepted, end) = {
                let state = self.state();
                (state.accepted, state.end.clone())
            };
            if accepted || end.is_some() {
                return end.filter(|_| !accepted);
            }
            // The sender lives as long as `self`.
            let _ = changed.changed().await;
        }
    }

    /// Waits for the end.
    pub async fn ended(&self) -> End {
        let mut changed = self.changed.subscribe();
        loop {
            if let Some(end) = self.state().end.clone() {
                return end;
            }
            let _ = changed.changed().await;
        }
    }

    fn since(&self, position: &mut Position) -> (Vec<News>, Option<End>) {
        let state = self.state();
        let mut news = Vec::new();
        if state.started && !position.started {
            position.started = true;
            news.push(News::Started);
        }
        for (stream, bytes, seen) in [
            (Stream::Stdout, &state.stdout, &mut position.stdout),
            (Stream::Stderr, &state.stderr, &mut position.stderr),
        ] {
            let more = bytes.get(*seen..).unwrap_or_default();
            let more = if state.end.is_some() { more } else { whole_characters(more) };
            if !more.is_empty() {
                news.push(News::Output(stream, more.to_vec()));
                *seen += more.len();
            }
        }
        if let Some(usage) = state.usage.filter(|_| state.accounts > position.accounts) {
            position.accounts = state.accounts;
            news.push(News::Used(usage));
        }
        (news, state.end.clone())
    }

    fn state(&self) -> MutexGuard<'_, State> {
        // No change is ever half-done, so a panic elsewhere does not spoil it.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Bytes without the beginning of a character whose rest is yet to come.
fn whole_characters(bytes: &[u8]) -> &[u8] {
    match std::str::from_utf8(bytes) {
        Err(error) if error.error_len().is_none() => &bytes[..error.valid_up_to()],
        _ => bytes,
    }
}

/// What an executor hears and tells of one job of a run.
#[derive(Debug, Clone)]
pub struct Control {
    live: Arc<Live>,
    /// False for a job that is our own reader's: what that prints is not the run's output.
    tells: bool,
    /// Since when it waits for its turn.
    waiting: Instant,
}

impl Control {
    pub(crate) fn new(live: &Arc<Live>, tells: bool) -> Control {
        Control { live: Arc::clone(live), tells, waiting: Instant::now() }
    }

    /// Takes note of what happens.
    pub fn note(&self, progress: &Progress<'_>) {
        if matches!(progress, Progress::Started) {
            figures::waited(self.waiting);
        }
        if self.tells {
            self.live.note(progress);
        }
    }

    /// Resolves once the job is to be stopped.
    pub async fn stopped(&self) {
        self.live.stopped().await;
    }

    /// The run has passed policy and budget and is in the record for good; now it waits for its turn.
    pub(crate) fn accept(&mut self) {
        self.waiting = Instant::now();
        if self.tells {
            self.live.state().accepted = true;
            self.live.changed.send_replace(());
        }
    }

    pub(crate) fn live(&self) -> &Arc<Live> {
        &self.live
    }
}

/// Stops a run when whoever asked for it has gone; one that has ended is not disturbed.
#[derive(Debug)]
pub struct StopOnDrop(pub Arc<Live>);

impl Drop for StopOnDrop {
    fn drop(&mut self) {
        self.0.stop();
    }
}

/// Every run in progress.
#[derive(Debug, Default)]
pub(crate) struct Lives(Mutex<HashMap<RunId, Arc<Live>>>);

impl Lives {
    pub(crate) fn enter(self: &Arc<Self>, live: Live) -> Entered {
        let live = Arc::new(live);
        self.map().insert(live.run, Arc::clone(&live));
        Entered { lives: Arc::clone(self), live }
    }

    /// A run in progress, if it is the principal's tenant's.
    pub(crate) fn find(&self, principal: &Principal, run: RunId) -> Option<Arc<Live>> {
        self.map().get(&run).filter(|live| live.principal.tenant == principal.tenant).cloned()
    }

    fn map(&self) -> MutexGuard<'_, HashMap<RunId, Arc<Live>>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A run's place among those in progress, for as long as it lives.
#[derive(Debug)]
pub(crate) struct Entered {
    lives: Arc<Lives>,
    pub(crate) live: Arc<Live>,
}

impl Drop for Entered {
    fn drop(&mut self) {
        self.lives.map().remove(&self.live.run);
    }
}

#[cfg(test)]
mod tests {
    use uuid::Uuid;

    use super::*;
    use crate::keys::Scopes;

    fn live() -> Live {
        let text = |text: &str| text.to_owned();
        let principal =
            Principal { tenant: text("t"), user: text("u"), scopes: Scopes::DEFAULT, key_id: text("k") };
        Live::new(RunId(Uuid::nil()), principal, watch::Sender::new(false).subscribe())
    }

    #[tokio::test]
    async fn a_reader_gets_what_it_has_not_seen_and_goes_on_where_it_was() {
        let live = live();
        live.note(&Progress::Started);
        live.note(&Progress::Output(Stream::Stdout, b"one"));
        let mut position = Position::default();
        let news = live.next(&mut position).await.unwrap();
        assert_eq!(news, [News::Started, News::Output(Stream::Stdout, b"one".to_vec())]);
        live.note(&Progress::Output(Stream::Stdout, b" two"));
        live.note(&Progress::Output(Stream::Stderr, b"!"));
        let mut again: Position = position.to_string().parse().unwrap();
        let news = live.next(&mut again).await.unwrap();
        let wrote = |stream, text: &[u8]| News::Output(stream, text.to_vec());
        assert_eq!(news, [wrote(Stream::Stdout, b" two"), wrote(Stream::Stderr, b"!")]);
        assert_eq!(again.to_string(), "7.1.1");
    }

    #[tokio::test]
    async fn characters_come_whole() {
        let live = live();
        let mut position = Position::default();
        live.note(&Progress::Output(Stream::Stdout, b"a\xc3"));
        assert_eq!(live.next(&mut position).await.unwrap(), [News::Output(Stream::Stdout, b"a".to_vec())]);
        live.note(&Progress::Output(Stream::Stdout, b"\xa4\xff\xc3"));
        let news = live.next(&mut position).await.unwrap();
        assert_eq!(news, [News::Output(Stream::Stdout, b"\xc3\xa4\xff\xc3".to_vec())]);
    }

    #[tokio::test]
    async fn stopping_is_heard_before_and_after() {
        let live = live();
        live.stop();
        live.stopped().await;
    }

    #[test]
    fn other_text_is_no_position() {
        for text in [
            "",
            "1",
            "1.2",
            "1.2.3",
            "1.2.1.0",
            "-1.0.0",
            "a.b.c",
            "1..1",
            "+1.0.1",
            "1.0.01",
            "1.0.1.",
            "99999999999999999999.0.0",
        ] {
            assert!(text.parse::<Position>().is_err(), "{text}");
        }
    }
}
