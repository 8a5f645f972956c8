//! Places for requests at the same time, and who has them, so that one client cannot take them all.

use std::{
    collections::{HashMap, hash_map::Entry},
    hash::Hash,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use tokio::sync::{OwnedSemaphorePermit, Semaphore};

/// The share of the places that is kept for keys that have none yet: one in so many.
const PLACES_PER_KEPT: usize = 4;

/// So many places; the last of them go to keys that have none yet, so that a flood by one key does not shut
/// another out.
pub(crate) struct Places {
    all: usize,
    free: Arc<Semaphore>,
    crowds: Arc<Crowds<String>>,
}

/// A place, given back when it is dropped.
pub(crate) struct Place {
    _permit: OwnedSemaphorePermit,
    _seat: Seat<String>,
}

impl Places {
    pub(crate) fn new(all: usize) -> Places {
        Places { all, free: Arc::new(Semaphore::new(all)), crowds: Arc::default() }
    }

    /// How many there are.
    pub(crate) fn all(&self) -> usize {
        self.all
    }

    /// How many are taken.
    pub(crate) fn taken(&self) -> usize {
        self.all - self.free.available_permits()
    }

    /// A place for a request of this key; none if all that it may have are taken.
    pub(crate) fn enter(&self, key_id: &str) -> Option<Place> {
        let permit = Arc::clone(&self.free).try_acquire_owned().ok()?;
        // Looked at after one is taken: two at once cannot both have the last that is not kept.
        let left = self.free.available_permits();
        let may = |here| here == 0 || left >= self.all / PLACES_PER_KEPT;
        let seat = self.crowds.enter(key_id.to_owned(), may)?;
        Some(Place { _permit: permit, _seat: seat })
    }
}

/// How many of each kind are here.
pub(crate) struct Crowds<K: Eq + Hash>(Mutex<HashMap<K, usize>>);

impl<K: Eq + Hash> Default for Crowds<K> {
    fn default() -> Self {
        Crowds(Mutex::default())
    }
}

impl<K: Eq + Hash + Clone> Crowds<K> {
    /// A seat for one more of a kind, if it `may` have it beside those that are here.
    pub(crate) fn enter(self: &Arc<Self>, kind: K, may: impl FnOnce(usize) -> bool) -> Option<Seat<K>> {
        let mut crowds = self.map();
        if !may(crowds.get(&kind).copied().unwrap_or(0)) {
            return None;
        }
        *crowds.entry(kind.clone()).or_default() += 1;
        Some(Seat { crowds: Arc::clone(self), kind })
    }
}

impl<K: Eq + Hash> Crowds<K> {
    fn map(&self) -> MutexGuard<'_, HashMap<K, usize>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Counts one for as long as it lives.
pub(crate) struct Seat<K: Eq + Hash + Clone> {
    crowds: Arc<Crowds<K>>,
    kind: K,
}

impl<K: Eq + Hash + Clone> Drop for Seat<K> {
    fn drop(&mut self) {
        if let Entry::Occupied(mut crowd) = self.crowds.map().entry(self.kind.clone()) {
            *crowd.get_mut() -= 1;
            if *crowd.get() == 0 {
                crowd.remove();
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use std::{sync::Barrier, thread};

    use super::*;

    #[test]
    fn two_at_once_do_not_both_take_the_last_place_of_theirs() {
        const AT_ONCE: usize = 8;
        for _ in 0..500 {
            let (places, start) = (Places::new(8), Barrier::new(AT_ONCE));
            let enter = || {
                start.wait();
                places.enter("flood")
            };
            let flood: Vec<_> = thread::scope(|scope| {
                let entering: Vec<_> = (0..AT_ONCE).map(|_| scope.spawn(enter)).collect();
                entering.into_iter().filter_map(|one| one.join().unwrap()).collect()
            });
            assert!(flood.len() <= 6, "{} of 8 places are taken by one key", flood.len());
        }
    }

    #[test]
    fn the_last_places_are_for_keys_that_have_none() {
        let places = Places::new(8);
        let flood: Vec<_> = (0..100).map_while(|_| places.enter("flood")).collect();
        assert_eq!((flood.len(), places.taken()), (6, 6));
        let one = places.enter("one").expect("it has none yet");
        assert!(places.enter("one").is_none() && places.enter("flood").is_none());
        let _another = places.enter("another").expect("it has none yet");
        assert!(places.enter("third").is_none(), "there is no place at all");
        drop(one);
        assert!(places.enter("third").is_some());
        drop(flood);
        assert_eq!((places.taken(), places.crowds.map().len()), (1, 1), "those who left are forgotten");
    }
}
