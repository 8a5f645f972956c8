//! The edge where time and randomness come in.

use std::time::{SystemTime, UNIX_EPOCH};

use ringfence_pipeline::{Clock, run::RunId};
use uuid::Uuid;

/// Milliseconds since the Unix epoch.
#[allow(clippy::disallowed_methods)]
pub(crate) fn now_ms() -> i64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    i64::try_from(since.as_millis()).unwrap_or(i64::MAX)
}

/// The clock of this machine, and new ids.
#[allow(clippy::disallowed_methods)]
pub(crate) fn system() -> Clock {
    Clock::new(now_ms, || RunId(Uuid::now_v7()))
}
