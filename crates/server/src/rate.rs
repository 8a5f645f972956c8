//! How often an address and a key may come (GCRA), and the headers that tell them
//! (draft-ietf-httpapi-ratelimit-headers).

use std::{
    collections::HashMap,
    hash::{BuildHasher, Hash, RandomState},
    mem,
    net::IpAddr,
    num::NonZeroU32,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use axum::{
    extract::{Request, State},
    http::{Extensions, HeaderName, HeaderValue, StatusCode},
    middleware::Next,
    response::{IntoResponse, Response},
};
use governor::{
    Quota, RateLimiter,
    clock::{Clock, MonotonicClock},
    middleware::{StateInformationMiddleware, StateSnapshot},
    nanos::Nanos,
    state::StateStore,
};
use ringfence_pipeline::run::Principal;
use serde::Deserialize;
use tokio::time::sleep;

use crate::{
    App,
    address::{ClientAddress, holder},
    problem::Problem,
    routes::paths,
};

/// Addresses, keys or texts of keys that one limit remembers, twice over at most. Those that came longest
/// ago are forgotten first.
const REMEMBERED_MAX: usize = 32 * 1024;

/// Paths that whoever watches the process asks, as often as it likes.
const EXEMPT: [&str; 4] = [paths::HEALTH, paths::LIVE, paths::READY, paths::STARTUP];

/// Time before a client hears that it came too often, or that everything is taken: those that come back at
/// once shall not cost the time of those that are served. A connection waits, and nothing else.
const REFUSAL_PAUSE: Duration = Duration::from_millis(200);

const RATELIMIT_POLICY: HeaderName = HeaderName::from_static("ratelimit-policy");
const RATELIMIT: HeaderName = HeaderName::from_static("ratelimit");

/// How often one may come: so many requests a minute, and so many at once. 0 a minute: as often as one likes.
#[derive(Debug, Clone, Copy, Deserialize)]
#[serde(default, deny_unknown_fields)]
#[non_exhaustive]
pub struct RateLimits {
    /// Requests of one key.
    pub key_per_minute: u32,
    /// Requests of one key at once.
    pub key_burst: u32,
    /// Requests from one address.
    pub address_per_minute: u32,
    /// Requests from one address at once.
    pub address_burst: u32,
    /// Requests from one address with keys that were not found valid lately.
    pub unknown_keys_per_minute: u32,
    /// The same at once.
    pub unknown_keys_burst: u32,
}

impl Default for RateLimits {
    fn default() -> Self {
        RateLimits {
            key_per_minute: 60_000,
            key_burst: 6_000,
            address_per_minute: 600_000,
            address_burst: 60_000,
            unknown_keys_per_minute: 6_000,
            unknown_keys_burst: 1_000,
        }
    }
}

/// The limits in force.
pub(crate) struct Gates {
    key: Gate<String>,
    address: Gate<IpAddr>,
    unknown_key: Gate<IpAddr>,
    /// Hashes of keys that were found valid lately. They open nothing: they only spare their holders
    /// what is meant for guesses from the same address.
    known: Mutex<Recent<u64, ()>>,
    hasher: RandomState,
}

impl Gates {
    pub(crate) fn new(limits: &RateLimits) -> Gates {
        let RateLimits { key_per_minute, key_burst, address_per_minute, address_burst, .. } = *limits;
        let RateLimits { unknown_keys_per_minute, unknown_keys_burst, .. } = *limits;
        Gates {
            key: Gate::new("key", key_per_minute, key_burst, MonotonicClock),
            address: Gate::new("address", address_per_minute, address_burst, MonotonicClock),
            unknown_key: Gate::new(
                "unknown-key",
                unknown_keys_per_minute,
                unknown_keys_burst,
                MonotonicClock,
            ),
            known: Mutex::default(),
            hasher: RandomState::new(),
        }
    }

    /// Lets a key be looked up, so that a flood of keys that do not exist stays cheap.
    pub(crate) fn before_look_up(&self, key: &str, request: &Extensions) -> Result<(), Problem> {
        let known = self.known().get(&self.hasher.hash_one(key)).is_some();
        let client = request.get::<ClientAddress>().filter(|_| !known);
        client.map_or(Ok(()), |client| self.unknown_key.pass(&holder(client.0), request))
    }

    /// Lets the request of a key pass that was found valid.
    pub(crate) fn found(
        &self,
        key: &str,
        principal: &Principal,
        request: &Extensions,
    ) -> Result<(), Problem> {
        self.known().insert(self.hasher.hash_one(key), ());
        self.key.pass(&principal.key_id, request)
    }

    /// Takes note of a key that is not valid, or not any more.
    pub(crate) fn not_found(&self, key: &str) {
        self.known().remove(&self.hasher.hash_one(key));
    }

    fn known(&self) -> MutexGuard<'_, Recent<u64, ()>> {
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// One limit for everyone of a kind.
struct Gate<K: Clone + Eq + Hash, C: Clock = MonotonicClock> {
    name: &'static str,
    /// None: as often as one likes.
    limiter: Option<RateLimiter<K, Arrivals<K>, C, StateInformationMiddleware>>,
}

impl<K: Clone + Eq + Hash, C: Clock> Gate<K, C> {
    fn new(name: &'static str, per_minute: u32, burst: u32, clock: C) -> Gate<K, C> {
        let quota = NonZeroU32::new(per_minute).map(|per_minute| {
            Quota::per_minute(per_minute).allow_burst(NonZeroU32::new(burst).unwrap_or(NonZeroU32::MIN))
        });
        Gate { name, limiter: quota.map(|quota| RateLimiter::new(quota, Arrivals(Mutex::default()), clock)) }
    }

    /// Lets a request of `who` pass, and notes down for its answer how many more may come.
    fn pass(&self, who: &K, request: &Extensions) -> Result<(), Problem> {
        let Some(limiter) = &self.limiter else { return Ok(()) };
        let checked = limiter.check_key(who);
        let (quota, left, reset) = match &checked {
            Ok(state) => (state.quota(), state.remaining_burst_capacity(), until_full(state)),
            Err(until) => (until.quota(), 0, until.wait_time_from(limiter.clock().now())),
        };
        let (name, reset) = (self.name, seconds(reset));
        if let Some(told) = request.get::<Told>() {
            let (burst, window) = (quota.burst_size(), seconds(quota.burst_size_replenished_in()));
            let mut lines = told.0.lock().unwrap_or_else(PoisonError::into_inner);
            lines.policies.push(format!("\"{name}\";q={burst};w={window}"));
            lines.left.push(format!("\"{name}\";r={left};t={reset}"));
        }
        checked.map(drop).map_err(|_| Problem::rate_limited(name, reset))
    }
}

/// Time until as many may come at once as at first.
fn until_full(state: &StateSnapshot) -> Duration {
    let quota = state.quota();
    quota.replenish_interval() * quota.burst_size().get().saturating_sub(state.remaining_burst_capacity())
}

/// Whole seconds, at least one: whoever comes back then does not come too early.
fn seconds(time: Duration) -> u64 {
    time.as_secs() + u64::from(time.subsec_nanos() > 0 || time.is_zero())
}

/// When the next request of each is due.
struct Arrivals<K>(Mutex<Recent<K, Nanos>>);

impl<K: Clone + Eq + Hash> StateStore for Arrivals<K> {
    type Key = K;

    fn measure_and_replace<T, F, E>(&self, key: &K, measure: F) -> Result<T, E>
    where
        F: Fn(Option<Nanos>) -> Result<(T, Nanos), E>,
    {
        let mut recent = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let (outcome, due) = measure(recent.get(key))?;
        recent.insert(key.clone(), due);
        Ok(outcome)
    }
}

/// A map that forgets: once the young half is full, it becomes the old one, whose entries are lost unless
/// they were looked at.
struct Recent<K, V> {
    young: HashMap<K, V>,
    old: HashMap<K, V>,
}

impl<K, V> Default for Recent<K, V> {
    fn default() -> Self {
        Recent { young: HashMap::new(), old: HashMap::new() }
    }
}

impl<K: Clone + Eq + Hash, V: Copy> Recent<K, V> {
    fn get(&mut self, key: &K) -> Option<V> {
        if let Some(value) = self.young.get(key) {
            return Some(*value);
        }
        let value = self.old.remove(key)?;
        self.insert(key.clone(), value);
        Some(value)
    }

    fn insert(&mut self, key: K, value: V) {
        if self.young.len() >= REMEMBERED_MAX {
            self.old = mem::take(&mut self.young);
        }
        self.young.insert(key, value);
    }

    fn remove(&mut self, key: &K) {
        self.young.remove(key);
        self.old.remove(key);
    }
}

/// What a request's answer tells about limits, gathered while it is worked on.
#[derive(Clone, Default)]
struct Told(Arc<Mutex<Lines>>);

#[derive(Default)]
struct Lines {
    policies: Vec<String>,
    left: Vec<String>,
}

/// Limits how often an address may come, tells in each answer which limits it met, and slows down who is
/// sent away.
pub(crate) async fn limit(State(app): State<Arc<App>>, mut request: Request, next: Next) -> Response {
    if EXEMPT.contains(&request.uri().path()) {
        return next.run(request).await;
    }
    let told = Told::default();
    request.extensions_mut().insert(told.clone());
    let client = request.extensions().get::<ClientAddress>().map(|client| holder(client.0));
    let passed = client.map_or(Ok(()), |client| app.gates.address.pass(&client, request.extensions()));
    let mut response = match passed {
        Ok(()) => next.run(request).await,
        Err(problem) => problem.into_response(),
    };
    let lines = mem::take(&mut *told.0.lock().unwrap_or_else(PoisonError::into_inner));
    for (name, values) in [(RATELIMIT_POLICY, lines.policies), (RATELIMIT, lines.left)] {
        if let Ok(value) = HeaderValue::try_from(values.join(", "))
            && !value.is_empty()
        {
            response.headers_mut().insert(name, value);
        }
    }
    if response.status() == StatusCode::TOO_MANY_REQUESTS {
        sleep(REFUSAL_PAUSE).await;
    }
    response
}

#[cfg(test)]
mod tests {
    use governor::clock::FakeRelativeClock;

    use super::*;

    /// A gate of 60 a minute, three at once, and its clock.
    fn gate() -> (Gate<u32, FakeRelativeClock>, FakeRelativeClock) {
        let clock = FakeRelativeClock::default();
        (Gate::new("key", 60, 3, clock.clone()), clock)
    }

    fn pass(gate: &Gate<u32, FakeRelativeClock>, who: u32) -> (bool, String, String) {
        let (told, mut request) = (Told::default(), Extensions::new());
        request.insert(told.clone());
        let passed = gate.pass(&who, &request).is_ok();
        let lines = told.0.lock().unwrap();
        (passed, lines.policies[0].clone(), lines.left[0].clone())
    }

    #[test]
    fn what_is_left_is_told_and_comes_back() {
        let (gate, clock) = gate();
        let seen: Vec<(bool, String)> =
            (0..4).map(|_| pass(&gate, 1)).map(|(ok, _, left)| (ok, left)).collect();
        let left = |ok, text: &str| (ok, format!("\"key\";{text}"));
        let expected =
            [left(true, "r=2;t=1"), left(true, "r=1;t=2"), left(true, "r=0;t=3"), left(false, "r=0;t=1")];
        assert_eq!(seen, expected);
        assert_eq!(pass(&gate, 2), (true, "\"key\";q=3;w=3".to_owned(), "\"key\";r=2;t=1".to_owned()));
        clock.advance(Duration::from_secs(1));
        assert!(pass(&gate, 1).0 && !pass(&gate, 1).0, "one a second comes back");
    }

    #[test]
    fn no_limit_says_nothing() {
        let gate = Gate::new("key", 0, 0, FakeRelativeClock::default());
        let (told, mut request) = (Told::default(), Extensions::new());
        request.insert(told.clone());
        assert!((0..1000).all(|_| gate.pass(&1, &request).is_ok()));
        assert!(told.0.lock().unwrap().left.is_empty());
    }

    #[test]
    fn a_million_addresses_are_forgotten_but_not_one_that_keeps_coming() {
        let (gate, _clock) = gate();
        while pass(&gate, 0).0 {}
        for who in 1..1_000_000 {
            assert!(gate.pass(&who, &Extensions::new()).is_ok());
            if who % 10_000 == 0 {
                assert!(gate.pass(&0, &Extensions::new()).is_err(), "it is forgotten after {who} others");
            }
        }
        let recent = gate.limiter.unwrap().into_state_store().0.into_inner().unwrap();
        assert!(recent.young.len() + recent.old.len() <= 2 * REMEMBERED_MAX);
    }

    #[test]
    fn guesses_are_limited_and_good_keys_from_the_same_address_are_not() {
        let gates = Gates::new(&RateLimits {
            unknown_keys_per_minute: 1,
            unknown_keys_burst: 2,
            ..RateLimits::default()
        });
        let text = str::to_owned;
        let scopes = ringfence_pipeline::keys::Scopes::DEFAULT;
        let who = Principal { tenant: text("t"), user: text("u"), scopes, key_id: text("k") };
        let mut request = Extensions::new();
        request.insert(ClientAddress([192, 0, 2, 1].into()));
        assert!(gates.before_look_up("good", &request).is_ok());
        assert!(gates.found("good", &who, &request).is_ok());
        assert!(gates.before_look_up("guess", &request).is_ok());
        assert!(gates.before_look_up("another", &request).is_err());
        assert!((0..100).all(|_| gates.before_look_up("good", &request).is_ok()));
        gates.not_found("good");
        assert!(gates.before_look_up("good", &request).is_err(), "it is revoked, and as any guess");
    }
}
