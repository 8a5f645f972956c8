//! Clients that send mixed work at once, and note what they were told.

use std::{
    collections::BTreeMap,
    sync::{
        Mutex,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
    thread,
    time::{Duration, Instant},
};

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::dice::Dice;

/// Clients at the same time: more than there are slots, so that some wait.
pub(crate) const CLIENTS: usize = 8;

/// Longest wait for an answer.
const ANSWER_MAX: Duration = Duration::from_secs(60);

/// Wait of a client that was refused.
const AFTER_REFUSAL: Duration = Duration::from_millis(100);

/// Wall-clock limit of a program, in milliseconds.
const WALL_MS: u64 = 2_000;

/// Bytes of an output that is too large for the database, and becomes a file.
const LARGE_BYTES: u64 = 40_000;

/// Longest output that a client repeats, in bytes.
const TOLD_BYTES_MAX: usize = 4096;

/// How a client wants its answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Manner {
    /// In one piece.
    Whole,
    /// As a stream of events.
    Stream,
    /// Later.
    Later,
    /// To a question.
    Question,
}

/// A request. Its number makes it unlike every other.
#[derive(Debug, Clone)]
pub(crate) struct Work {
    pub(crate) number: u64,
    /// The key it is sent with.
    key: String,
    manner: Manner,
    /// True if it has an `Idempotency-Key`.
    pub(crate) named: bool,
    /// Time that its program takes at least.
    millis: u64,
    language: &'static str,
}

impl Work {
    fn pick(number: u64, keys: &[String], dice: &mut Dice) -> Work {
        let manner =
            *dice.one_of(&[Manner::Whole, Manner::Stream, Manner::Later, Manner::Later, Manner::Question]);
        Work {
            number,
            key: dice.one_of(keys).clone(),
            manner,
            named: manner != Manner::Question && dice.percent(50),
            millis: dice.between(10, 200),
            language: if dice.percent(75) { "bash" } else { "python" },
        }
    }

    /// What the program is given to `sleep`: no other request's program has the same.
    fn nap(&self) -> String {
        format!("0.{:03}{:08}", self.millis, self.number)
    }

    /// The request's number, if a command line is that of a nap.
    pub(crate) fn of_command(line: &str) -> Option<u64> {
        let digits = line.split_once("sleep 0.")?.1.trim();
        (digits.len() == 11).then(|| digits[3..].parse().ok())?
    }

    /// The program. What it prints is another thing each time it runs.
    pub(crate) fn code(&self) -> String {
        let nap = self.nap();
        match self.language {
            "bash" if self.number.is_multiple_of(4) => {
                format!("sleep {nap}; head -c {LARGE_BYTES} /dev/zero | tr '\\0' x; echo $SRANDOM$SRANDOM")
            }
            "bash" => format!("sleep {nap}; echo $SRANDOM$SRANDOM"),
            _ => format!("import secrets, time\ntime.sleep({nap})\nprint(secrets.token_hex())"),
        }
    }

    fn body(&self) -> Value {
        match self.manner {
            Manner::Question => {
                json!({ "question": format!("What is the NPV of -1000, 300, 400, {} at 5%?", self.number) })
            }
            _ => json!({ "language": self.language, "code": self.code(), "limits": { "wallMs": WALL_MS } }),
        }
    }

    fn send(&self, url: &str) -> Result<Told, ureq::Error> {
        let agent = ureq::Agent::config_builder()
            .http_status_as_error(false)
            .timeout_global(Some(ANSWER_MAX))
            .build()
            .new_agent();
        let path = if self.manner == Manner::Question { "/v1/ask" } else { "/v1/execute" };
        let mut request = agent.post(format!("{url}{path}")).header("x-api-key", &self.key);
        if self.named {
            request = request.header("idempotency-key", format!("request-{}", self.number));
        }
        request = match self.manner {
            Manner::Stream => request.header("accept", "text/event-stream"),
            Manner::Later => request.header("prefer", "respond-async"),
            Manner::Whole | Manner::Question => request,
        };
        let mut response = request.send_json(self.body())?;
        let status = response.status().as_u16();
        let text = response.body_mut().read_to_string()?;
        Ok(match (status, self.manner) {
            (200, Manner::Stream) => completed(&text),
            (200 | 202, _) => told(&read(&text)),
            _ => refused(status, &read(&text)),
        })
    }
}

fn read(text: &str) -> Value {
    serde_json::from_str(text).unwrap_or_default()
}

/// The last event of a stream.
fn completed(text: &str) -> Told {
    let data = |event: &str| {
        let (_, rest) = text.split_once(&format!("event: {event}\n"))?;
        let line = rest.lines().find_map(|line| line.strip_prefix("data: "))?;
        Some(read(line))
    };
    match (data("exec.completed"), data("error")) {
        (Some(answer), _) => told(&answer),
        (None, Some(problem)) => refused(200, &problem),
        // It broke off.
        (None, None) => Told::Nothing,
    }
}

fn told(answer: &Value) -> Told {
    let run = answer["id"].as_str().expect("a run has an id").to_owned();
    let Some(dollars) = answer["cost"]["actualUsd"].as_f64() else { return Told::Promise { run } };
    let result = if answer["run"].is_object() { &answer["run"] } else { answer };
    #[allow(clippy::cast_possible_truncation)]
    let nano_usd = (dollars * 1e9).round() as i64;
    let stdout = result["stdout"].as_str().filter(|text| text.len() < TOLD_BYTES_MAX).map(str::to_owned);
    Told::Answer { run, nano_usd, stdout }
}

fn refused(status: u16, problem: &Value) -> Told {
    let word = |name: &str| problem[name].as_str().map(str::to_owned);
    Told::Problem { what: format!("{status} {}", word("code").unwrap_or_default()), run: word("run_id") }
}

/// What a client was told about its request.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum Told {
    /// It is done. A long output is not repeated.
    Answer { run: String, nano_usd: i64, stdout: Option<String> },
    /// It will be done.
    Promise { run: String },
    /// Why there is no answer.
    Problem { what: String, run: Option<String> },
    /// The connection broke.
    Nothing,
}

impl Told {
    /// True if it is done.
    pub(crate) fn is_answer(&self) -> bool {
        matches!(self, Told::Answer { .. })
    }

    /// True if nobody could pay for it.
    pub(crate) fn is_refusal(&self) -> bool {
        matches!(self, Told::Problem { what, run: Some(_) } if what == "402 budget_exhausted")
    }
}

/// What a client was told about a request, and when.
#[derive(Debug)]
pub(crate) struct Note {
    pub(crate) work: Work,
    pub(crate) told: Told,
    sent: Instant,
    heard: Instant,
}

/// Everything that clients were told.
#[derive(Debug)]
pub(crate) struct Notes {
    /// Numbers of requests that have been sent; all smaller ones have been.
    next: AtomicU64,
    told: Mutex<Vec<Note>>,
}

impl Notes {
    /// No notes; the first request has this number.
    pub(crate) fn beginning_at(number: u64) -> Notes {
        Notes { next: AtomicU64::new(number), told: Mutex::default() }
    }

    /// How much was noted since it was taken last.
    pub(crate) fn count(&self) -> usize {
        self.told.lock().expect("no client panicked").len()
    }

    /// What was noted since this was asked last.
    pub(crate) fn take(&self) -> Vec<Note> {
        std::mem::take(&mut self.told.lock().expect("no client panicked"))
    }
}

/// When the last of those requests was sent that were answered: what was told before is in the record then, even
/// if it was told a moment before it was written.
pub(crate) fn last_answered(notes: &[Note]) -> Option<Instant> {
    notes.iter().filter(|note| note.told.is_answer()).map(|note| note.sent).max()
}

impl Note {
    /// True if it was told before.
    pub(crate) fn is_before(&self, time: Option<Instant>) -> bool {
        time.is_some_and(|time| self.heard <= time)
    }
}

/// Sends work to a server from several clients until `stop`: first `again`, then new work. `hear` is told of
/// every answer when it is there.
pub(crate) fn press(
    url: &str,
    keys: &[String],
    again: Vec<Work>,
    notes: &Notes,
    dice: &mut Dice,
    stop: &AtomicBool,
    hear: &(dyn Fn(&Work, &Told) + Sync),
) {
    let again = Mutex::new(again);
    thread::scope(|scope| {
        for _ in 0..CLIENTS {
            let (mut dice, again) = (dice.split(), &again);
            scope.spawn(move || {
                while !stop.load(Ordering::Relaxed) {
                    let old = again.lock().expect("no client panicked").pop();
                    let work = old.unwrap_or_else(|| {
                        Work::pick(notes.next.fetch_add(1, Ordering::Relaxed), keys, &mut dice)
                    });
                    let sent = Instant::now();
                    let told = work.send(url).unwrap_or(Told::Nothing);
                    let heard = Instant::now();
                    hear(&work, &told);
                    let (refused, broken) = (matches!(told, Told::Problem { .. }), told == Told::Nothing);
                    notes.told.lock().expect("no client panicked").push(Note { work, told, sent, heard });
                    if broken {
                        // Nobody is there any more.
                        return;
                    }
                    if refused {
                        thread::sleep(AFTER_REFUSAL);
                    }
                }
            });
        }
    });
}

/// How often each thing happened.
#[derive(Debug, Default)]
pub(crate) struct Tally(BTreeMap<String, u64>);

impl Tally {
    pub(crate) fn add(&mut self, what: &str, times: u64) {
        *self.0.entry(what.to_owned()).or_default() += times;
    }

    pub(crate) fn of(&self, what: &str) -> u64 {
        self.0.get(what).copied().unwrap_or_default()
    }

    pub(crate) fn told(&mut self, told: &Told) {
        self.add(
            match told {
                Told::Answer { .. } => "answered",
                Told::Promise { .. } => "promised",
                Told::Problem { what, .. } => what,
                Told::Nothing => "no answer",
            },
            1,
        );
    }
}
