//! Chance that a seed repeats.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

/// Numbers that look random (SplitMix64).
#[derive(Debug)]
pub(crate) struct Dice(u64);

impl Dice {
    /// Dice of the seed in `RINGFENCE_SOAK_SEED`, or of a new one, which is printed.
    pub(crate) fn new() -> Dice {
        let seed = std::env::var("RINGFENCE_SOAK_SEED")
            .map_or_else(|_| fresh(), |text| text.parse().expect("a number"));
        eprintln!("RINGFENCE_SOAK_SEED={seed}");
        Dice(seed)
    }

    /// More dice, for somebody who throws at the same time.
    pub(crate) fn split(&mut self) -> Dice {
        Dice(self.next())
    }

    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    /// A number from `least` to below `end`.
    pub(crate) fn between(&mut self, least: u64, end: u64) -> u64 {
        least + self.next() % (end - least)
    }

    /// One of these.
    pub(crate) fn one_of<'a, T>(&mut self, items: &'a [T]) -> &'a T {
        let at = self.between(0, items.len() as u64);
        &items[usize::try_from(at).expect("an index")]
    }

    /// True in so many of a hundred throws.
    pub(crate) fn percent(&mut self, chance: u64) -> bool {
        self.between(0, 100) < chance
    }

    /// A time from `least_ms` to below `end_ms`.
    pub(crate) fn time(&mut self, least_ms: u64, end_ms: u64) -> Duration {
        Duration::from_millis(self.between(least_ms, end_ms))
    }
}

#[allow(clippy::disallowed_methods)]
fn fresh() -> u64 {
    SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .map_or(0, |since| u64::from(since.subsec_nanos()) ^ since.as_secs())
}
