//! Who may enter, and whose turn it is: a bounded queue in front of the slots, fair between keys.
//!
//! A run takes a [`Place`] before anything is done for it and keeps it to its end; each of its jailed
//! jobs waits there for a slot. [`Queue`] decides and knows neither clock nor task; [`Turns`] wakes
//! whoever it chose.

use std::{
    any::Any,
    collections::{BTreeSet, HashMap, VecDeque},
    fmt,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use tokio::{
    sync::oneshot,
    time::{Instant, timeout, timeout_at},
};

use crate::run::Principal;

/// Time for which a key has a share of the slots after it last asked for something.
const ACTIVE: Duration = Duration::from_secs(60);

/// Time for which the processors are divided as well after another key has asked: a key then leaves one
/// of them free. The other slots alone would let a run begin at once, but not proceed.
const CLOSE: Duration = Duration::from_secs(5);

/// Runs in the house below which a key may take an extra place.
const FEW_RUNS: usize = 4;

/// Places in the queue for each extra one.
const PLACES_PER_EXTRA: usize = 4;

/// Time between two looks at shares that grow because a key has fallen silent, and at the queue by who
/// waits in it: silence wakes nobody.
const LOOK_EVERY: Duration = Duration::from_secs(1);

/// Longest wait for a slot. A reservation is held for longer, so that nobody settles it meanwhile.
const SLOT_WAIT_MAX: Duration = Duration::from_secs(4 * 60);

/// Every place is taken; nothing was done.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("all {slots} slots and {queue} places in the queue are taken, try again later")]
pub struct Busy {
    /// Runs at the same time.
    pub slots: usize,
    /// Runs that may wait for a slot.
    pub queue: usize,
}

/// No slot came free in time.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("no slot was free within {} s, try again later", SLOT_WAIT_MAX.as_secs())]
pub struct WaitedTooLong;

/// How busy the slots are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Load {
    /// Jobs at the same time, at most.
    pub slots: usize,
    /// Slots that are taken.
    pub taken: usize,
    /// Jobs that wait for a slot.
    pub waiting: usize,
}

/// Names one wait for a slot, in the order in which they began.
type Ticket = u64;

/// The decisions. Places: `slots + queue` for anybody, and some more for keys that have few runs in the
/// house, so that a flood by one key never shuts another out. Slots: each active key has an equal share, of
/// which it may not hold all at close quarters; among those below theirs, the one that was served longest
/// ago goes first, and within a key the one that asked first.
#[derive(Debug)]
struct Queue {
    slots: usize,
    queue: usize,
    processors: usize,
    keys: HashMap<String, Key>,
    places_taken: usize,
    slots_taken: usize,
    tickets: Ticket,
    grants: u64,
    looked: Instant,
}

#[derive(Debug)]
struct Key {
    places: usize,
    waiting: VecDeque<Ticket>,
    holding: BTreeSet<Ticket>,
    asked: Instant,
    /// The number of the grant that it was last served with; 0 before the first.
    served: u64,
}

impl Queue {
    fn new(slots: usize, queue: usize, processors: usize, now: Instant) -> Queue {
        Queue {
            slots,
            queue,
            processors,
            keys: HashMap::new(),
            places_taken: 0,
            slots_taken: 0,
            tickets: 0,
            grants: 0,
            looked: now,
        }
    }

    /// Takes a place.
    fn enter(&mut self, name: &str, now: Instant) -> Result<(), Busy> {
        self.forget(now);
        let extra = if self.has_few(name) { self.queue.div_ceil(PLACES_PER_EXTRA) } else { 0 };
        if self.places_taken >= self.slots + self.queue + extra {
            return Err(Busy { slots: self.slots, queue: self.queue });
        }
        self.places_taken += 1;
        let key = self.keys.entry(name.to_owned()).or_insert_with(|| Key {
            places: 0,
            waiting: VecDeque::new(),
            holding: BTreeSet::new(),
            asked: now,
            served: 0,
        });
        key.places += 1;
        key.asked = now;
        Ok(())
    }

    /// Gives a place back.
    fn leave(&mut self, name: &str) {
        if let Some(key) = self.keys.get_mut(name) {
            key.places -= 1;
            self.places_taken -= 1;
        }
    }

    /// True if a key has so few runs in the house that others make way for it.
    fn has_few(&self, name: &str) -> bool {
        self.keys.get(name).is_none_or(|key| key.places < FEW_RUNS)
    }

    /// Begins to wait for a slot in a place.
    fn ask(&mut self, name: &str, now: Instant) -> Ticket {
        self.tickets += 1;
        if let Some(key) = self.keys.get_mut(name) {
            key.asked = now;
            key.waiting.push_back(self.tickets);
        }
        self.tickets
    }

    /// Gives the next slot away, if one is free and somebody may have it.
    fn grant(&mut self, now: Instant) -> Option<Ticket> {
        if self.slots_taken == self.slots {
            return None;
        }
        self.forget(now);
        let share = self.share(now);
        let eligible = self.keys.values_mut().filter(|key| key.holding.len() < share);
        let waiting = eligible.filter_map(|key| Some((*key.waiting.front()?, key)));
        let (ticket, key) = waiting.min_by_key(|(ticket, key)| (key.served, *ticket))?;
        key.waiting.pop_front();
        key.holding.insert(ticket);
        self.grants += 1;
        key.served = self.grants;
        self.slots_taken += 1;
        Some(ticket)
    }

    /// Ends a wait, or gives the slot back that it ended with.
    fn end(&mut self, name: &str, ticket: Ticket) {
        let Some(key) = self.keys.get_mut(name) else { return };
        if key.holding.remove(&ticket) {
            self.slots_taken -= 1;
        } else {
            key.waiting.retain(|waiting| *waiting != ticket);
        }
    }

    fn load(&self) -> Load {
        let waiting = self.keys.values().map(|key| key.waiting.len()).sum();
        Load { slots: self.slots, taken: self.slots_taken, waiting }
    }

    /// Slots that one key may hold at most.
    fn share(&self, now: Instant) -> usize {
        let share = self.slots.div_ceil(self.keys.len().max(1));
        let is_close = |key: &&Key| key.places > 0 || now.saturating_duration_since(key.asked) < CLOSE;
        match self.keys.values().filter(is_close).nth(1) {
            Some(_) => share.min(self.processors.saturating_sub(1)).max(1),
            None => share,
        }
    }

    /// Forgets keys that are not active any more.
    fn forget(&mut self, now: Instant) {
        if now.saturating_duration_since(self.looked) >= LOOK_EVERY {
            self.looked = now;
            self.keys.retain(|_, key| key.places > 0 || now.saturating_duration_since(key.asked) < ACTIVE);
        }
    }
}

/// The queue, and whoever waits in it.
#[derive(Debug)]
pub(crate) struct Turns(Mutex<State>);

#[derive(Debug)]
struct State {
    queue: Queue,
    waiting: HashMap<Ticket, oneshot::Sender<()>>,
}

impl Turns {
    pub(crate) fn new(slots: usize, queue: usize, processors: usize) -> Arc<Turns> {
        let queue = Queue::new(slots, queue, processors, Instant::now());
        Arc::new(Turns(Mutex::new(State { queue, waiting: HashMap::new() })))
    }

    /// Takes a place for a run of the principal's key.
    pub(crate) fn enter(self: &Arc<Self>, principal: &Principal) -> Result<Place, Busy> {
        self.change(|state, now| state.queue.enter(&principal.key_id, now))?;
        let taken = Taken { turns: Arc::clone(self), key_id: principal.key_id.clone() };
        Ok(Place { taken: Arc::new(taken), principal: principal.clone(), kept: None })
    }

    pub(crate) fn load(&self) -> Load {
        self.change(|state, _| state.queue.load())
    }

    /// Changes the queue, and wakes everybody who has a slot now.
    fn change<T>(&self, change: impl FnOnce(&mut State, Instant) -> T) -> T {
        // No change is ever half-done, so a panic elsewhere does not spoil it.
        let mut state = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let now = Instant::now();
        let changed = change(&mut state, now);
        while let Some(ticket) = state.queue.grant(now) {
            if let Some(waiting) = state.waiting.remove(&ticket) {
                // Whoever has gone away gives the slot back next.
                let _ = waiting.send(());
            }
        }
        changed
    }
}

/// A run's place in the house, from before anything is done for it to its end.
#[must_use = "the place is given back when it is dropped"]
pub struct Place {
    taken: Arc<Taken>,
    principal: Principal,
    kept: Option<Box<dyn Any + Send + Sync>>,
}

impl Place {
    /// Whose run it is for.
    pub fn principal(&self) -> &Principal {
        &self.principal
    }

    /// What keeps the place taken after the run's end, too: an answer that nobody reads takes memory as its
    /// run did.
    pub fn taken(&self) -> Arc<Taken> {
        Arc::clone(&self.taken)
    }

    /// True if the key has few runs in the house, this one included, so that others make way for it.
    pub fn is_one_of_few(&self) -> bool {
        let name = &self.principal.key_id;
        self.taken
            .turns
            .change(|state, _| state.queue.keys.get(name).is_none_or(|key| key.places <= FEW_RUNS))
    }

    /// Has the place keep something until the run's end, such as what the run's request is counted by.
    pub fn keep(&mut self, kept: impl Any + Send + Sync) {
        self.kept = Some(Box::new(kept));
    }

    /// Waits for a slot. Dropping the future ends the wait.
    pub(crate) async fn slot(&self) -> Result<Slot<'_>, WaitedTooLong> {
        let (waiting, mut called) = oneshot::channel();
        let ticket = self.taken.turns.change(|state, now| {
            let ticket = state.queue.ask(&self.principal.key_id, now);
            state.waiting.insert(ticket, waiting);
            ticket
        });
        // From here on, whatever happens, the ticket is given back.
        let slot = Slot { place: self, ticket };
        let wait = async {
            while timeout(LOOK_EVERY, &mut called).await.is_err() {
                self.taken.turns.change(|_, _| ());
            }
        };
        timeout_at(Instant::now() + SLOT_WAIT_MAX, wait).await.map_err(|_| WaitedTooLong)?;
        Ok(slot)
    }
}

/// A place that is taken, given back when nobody holds this any more.
#[derive(Debug)]
pub struct Taken {
    turns: Arc<Turns>,
    key_id: String,
}

impl Drop for Taken {
    fn drop(&mut self) {
        self.turns.change(|state, _| state.queue.leave(&self.key_id));
    }
}

impl fmt::Debug for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Place").field("key", &self.principal.key_id).finish_non_exhaustive()
    }
}

/// The right to run one jailed job, until it is dropped.
#[derive(Debug)]
pub(crate) struct Slot<'a> {
    place: &'a Place,
    ticket: Ticket,
}

impl Drop for Slot<'_> {
    fn drop(&mut self) {
        self.place.taken.turns.change(|state, _| {
            state.waiting.remove(&self.ticket);
            state.queue.end(&self.place.principal.key_id, self.ticket);
        });
    }
}

#[cfg(test)]
mod tests;
