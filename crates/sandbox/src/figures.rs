//! Figures about what waits for runs.

use std::{collections::BTreeMap, time::Duration};

use serde::{Deserialize, Serialize};

/// What waits for runs, and how it has done since the start.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct PoolFigures {
    /// By the name of what waits: `empty-` and a runtime for a jail with nobody in it, a runtime for its
    /// interpreter, and for Python the libraries that are loaded as well.
    pub kinds: BTreeMap<String, KindFigures>,
    /// How long zygotes took to fork.
    pub forks: Times,
    /// How long the kernel took to take down what was answered already.
    pub takedowns: Times,
}

/// What waits of one kind, and how runs that could have it were had.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct KindFigures {
    /// Number that waits now.
    pub waiting: u64,
    /// Runs that got one that waited.
    pub hits: u64,
    /// Runs for which none waited.
    pub misses: u64,
}

/// How often something was done, and how long it took altogether.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Times {
    /// How often.
    pub count: u64,
    /// Their sum in microseconds.
    pub total_us: u64,
}

impl Times {
    pub(crate) fn add(&mut self, took: Duration) {
        self.count += 1;
        self.total_us += u64::try_from(took.as_micros()).unwrap_or(u64::MAX);
    }
}
