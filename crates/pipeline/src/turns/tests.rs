//! The queue over random histories, and the tasks in it over random cancellations.

use std::{
    collections::BTreeMap,
    sync::atomic::{AtomicUsize, Ordering},
};

use proptest::{collection::vec, prelude::*};
use tokio::time::{advance, sleep};

use super::*;
use crate::keys::Scopes;

fn who(key: &str) -> Principal {
    let text = str::to_owned;
    Principal { tenant: text("t"), user: text("u"), scopes: Scopes::DEFAULT, key_id: text(key) }
}

/// Keys in a random history.
const KEYS: usize = 5;

/// What may happen to a queue. Numbers are taken modulo how many keys or tickets there are.
#[derive(Debug, Clone)]
enum Step {
    Enter(usize),
    Ask(usize),
    End(usize),
    Leave(usize),
    Wait(u64),
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        6 => (0..KEYS).prop_map(Step::Enter),
        6 => any::<usize>().prop_map(Step::Ask),
        5 => any::<usize>().prop_map(Step::End),
        2 => any::<usize>().prop_map(Step::Leave),
        1 => (0..70u64).prop_map(Step::Wait),
    ]
}

/// A queue beside a plain account of what should be in it.
struct Model {
    queue: Queue,
    now: Instant,
    /// Places that do not wait, by key.
    idle: Vec<String>,
    /// Places that wait or hold, by ticket.
    busy: BTreeMap<Ticket, String>,
    holding: BTreeSet<Ticket>,
    /// Grants to others since a key began to wait below its share.
    passed_over: BTreeMap<String, usize>,
}

impl Model {
    fn new(slots: usize, queue: usize, processors: usize) -> Model {
        let now = Instant::now();
        let (idle, busy, holding, passed_over) = Default::default();
        Model { queue: Queue::new(slots, queue, processors, now), now, idle, busy, holding, passed_over }
    }

    fn places(&self, key: &str) -> usize {
        self.idle.iter().chain(self.busy.values()).filter(|name| *name == key).count()
    }

    fn holds(&self, key: &str) -> usize {
        self.holding.iter().filter(|ticket| self.busy[ticket] == key).count()
    }

    fn waiting(&self, key: &str) -> Vec<Ticket> {
        let waiting = self.busy.iter().filter(|(ticket, _)| !self.holding.contains(ticket));
        waiting.filter(|(_, name)| *name == key).map(|(ticket, _)| *ticket).collect()
    }

    fn take(&mut self, step: &Step) {
        match step {
            Step::Enter(key) => {
                let key = format!("k{key}");
                let (taken, few) = (self.idle.len() + self.busy.len(), self.places(&key) < FEW_RUNS);
                let most = self.queue.slots + self.queue.queue;
                let entered = self.queue.enter(&key, self.now).is_ok();
                assert_eq!(entered, taken < most || few && taken < most + self.queue.queue.div_ceil(4));
                self.idle.extend(entered.then_some(key));
            }
            Step::Ask(at) if !self.idle.is_empty() => {
                let key = self.idle.swap_remove(at % self.idle.len());
                let ticket = self.queue.ask(&key, self.now);
                assert!(self.busy.insert(ticket, key).is_none(), "a ticket is given twice");
            }
            // Whoever waits gives up, and whoever holds has finished.
            Step::End(at) if !self.busy.is_empty() => {
                let ticket = *self.busy.keys().nth(at % self.busy.len()).unwrap();
                let key = self.busy.remove(&ticket).unwrap();
                self.holding.remove(&ticket);
                self.queue.end(&key, ticket);
                self.idle.push(key);
            }
            Step::Leave(at) if !self.idle.is_empty() => {
                let key = self.idle.swap_remove(at % self.idle.len());
                self.queue.leave(&key);
            }
            Step::Wait(seconds) => {
                self.now += Duration::from_secs(*seconds);
                // Keys may be forgotten; they come back as new ones, and new ones go first.
                self.passed_over.clear();
            }
            _ => {}
        }
        self.grant();
    }

    /// Lets the queue give away what it can, and checks each choice.
    fn grant(&mut self) {
        while let Some(ticket) = self.queue.grant(self.now) {
            let key = self.busy.get(&ticket).expect("a slot goes to somebody who waits").clone();
            assert_eq!(self.waiting(&key).first(), Some(&ticket), "{key} overtakes itself");
            let share = self.queue.share(self.now);
            let below: BTreeSet<String> = self.busy.values().cloned().collect();
            let below =
                below.into_iter().filter(|key| !self.waiting(key).is_empty() && self.holds(key) < share);
            let below: Vec<String> = below.collect();
            assert!(below.contains(&key), "{key} has its share already");
            self.passed_over.retain(|key, _| below.contains(key));
            for other in below.iter().filter(|other| **other != key) {
                let times = self.passed_over.entry(other.clone()).or_default();
                *times += 1;
                assert!(*times < KEYS, "{other} is passed over again and again");
            }
            self.passed_over.remove(&key);
            assert!(self.holding.insert(ticket), "a slot is given twice");
        }
        assert!(self.holding.len() <= self.queue.slots);
        assert_eq!(self.holding.len(), self.queue.slots_taken);
        assert_eq!(self.idle.len() + self.busy.len(), self.queue.places_taken);
        let share = self.queue.share(self.now);
        let idle_slot = self.holding.len() < self.queue.slots;
        for key in self.busy.values() {
            let could = !self.waiting(key).is_empty() && self.holds(key) < share;
            assert!(!(idle_slot && could), "a slot is idle and {key} waits");
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..Default::default() })]
    #[test]
    fn slots_are_shared_and_nothing_is_lost(
        (slots, queue, processors) in (1..6usize, 0..20usize, 1..5usize),
        steps in vec(step(), 0..300),
    ) {
        let mut model = Model::new(slots, queue, processors);
        steps.iter().for_each(|step| model.take(step));
        // Everybody comes through, and then nothing is left.
        while !model.busy.is_empty() {
            let held: Vec<Ticket> = model.holding.iter().copied().collect();
            assert!(!held.is_empty(), "everybody waits for nothing");
            for ticket in held {
                let at = model.busy.keys().position(|busy| *busy == ticket).unwrap();
                model.take(&Step::End(at));
            }
        }
        while !model.idle.is_empty() {
            model.take(&Step::Leave(0));
        }
        model.take(&Step::Wait(ACTIVE.as_secs() + 1));
        model.queue.forget(model.now);
        assert!(model.queue.keys.is_empty() && model.queue.slots_taken == 0 && model.queue.places_taken == 0);
    }
}

#[test]
fn a_flood_leaves_a_place_half_of_the_slots_and_a_processor_to_another() {
    let now = Instant::now();
    let mut queue = Queue::new(4, 8, 2, now);
    let granted = |queue: &mut Queue, at| std::iter::from_fn(|| queue.grant(at)).collect::<Vec<_>>();
    while queue.enter("flood", now).is_ok() {
        queue.ask("flood", now);
    }
    assert_eq!(queue.places_taken, 12, "one key alone may fill the queue");
    assert_eq!(granted(&mut queue, now), [1, 2, 3, 4], "and have every slot");
    assert_eq!((0..4).filter(|_| queue.enter("light", now).is_ok()).count(), 2, "an extra share for others");
    let light = queue.ask("light", now);
    queue.end("flood", 1);
    assert_eq!(granted(&mut queue, now), [light]);
    queue.end("flood", 2);
    queue.end("flood", 3);
    queue.end("light", light);
    assert!(granted(&mut queue, now).is_empty(), "one processor is left free at close quarters");
    queue.leave("light");
    queue.leave("light");
    assert_eq!(granted(&mut queue, now + CLOSE), [5], "half of the slots after that");
    assert_eq!(granted(&mut queue, now + ACTIVE), [6, 7], "and all of them after a while");
}

#[tokio::test(start_paused = true)]
async fn a_share_grows_when_another_key_falls_silent() {
    let turns = Turns::new(2, 2, 2);
    drop(turns.enter(&who("other")).unwrap());
    let places = [turns.enter(&who("k")).unwrap(), turns.enter(&who("k")).unwrap()];
    let _first = places[0].slot().await.unwrap();
    let begun = Instant::now();
    let _second = places[1].slot().await.unwrap();
    assert!(begun.elapsed() >= ACTIVE - LOOK_EVERY && begun.elapsed() <= ACTIVE + LOOK_EVERY);
}

#[tokio::test(start_paused = true)]
async fn nobody_waits_for_ever() {
    let turns = Turns::new(1, 1, 1);
    let places = [turns.enter(&who("k")).unwrap(), turns.enter(&who("k")).unwrap()];
    let _first = places[0].slot().await.unwrap();
    assert!(places[1].slot().await.is_err());
    advance(LOOK_EVERY).await;
    assert!(turns.0.lock().unwrap().waiting.is_empty(), "it has left the queue");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn whoever_goes_away_leaves_nothing_behind() {
    const RUNS: usize = 900;
    let turns = Turns::new(3, RUNS, 4);
    let inside = Arc::new(AtomicUsize::new(0));
    let runs: Vec<_> = (0..RUNS)
        .map(|run| {
            let (place, inside) = (turns.enter(&who(&format!("k{}", run % 3))).unwrap(), Arc::clone(&inside));
            let work = async move {
                let _slot = place.slot().await.unwrap();
                assert!(inside.fetch_add(1, Ordering::SeqCst) < 3, "more than there are slots");
                let _out = Guard(|| {
                    inside.fetch_sub(1, Ordering::SeqCst);
                });
                sleep(Duration::from_micros(run as u64 % 3 * 100)).await;
            };
            // Two in three lose patience, in the queue or in their slot.
            let patience = Duration::from_millis(if run % 3 == 0 { 60_000 } else { run as u64 % 50 });
            tokio::spawn(async move { timeout(patience, work).await.is_ok() || run % 3 != 0 })
        })
        .collect();
    for run in runs {
        assert!(run.await.unwrap(), "a patient one was forgotten");
    }
    let state = turns.0.lock().unwrap();
    assert!(state.waiting.is_empty());
    assert_eq!((state.queue.slots_taken, state.queue.places_taken), (0, 0));
}

/// Does something when it is dropped.
struct Guard<F: FnMut()>(F);

impl<F: FnMut()> Drop for Guard<F> {
    fn drop(&mut self) {
        (self.0)();
    }
}
