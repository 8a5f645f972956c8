//! A run: its identity, its events, and the value that only a cleared run can make.

use ringfence_job::Job;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

/// Identity of a run: a UUIDv7, so that ids sort by time.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub struct RunId(pub Uuid);

impl std::fmt::Display for RunId {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        self.0.fmt(f)
    }
}

/// What a person may do.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Role {
    /// Asks and executes.
    Member,
    /// Also manages keys and settings.
    Admin,
}

/// Who is asking, taken from the key and never from the request.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Principal {
    /// The organisation whose data and money this is.
    pub tenant: String,
    /// The person or program.
    pub user: String,
    /// What they may do.
    pub role: Role,
    /// The key that was shown, by its public id.
    pub key_id: String,
}

/// One recorded fact about a run, ready to be stored: `kind` names it, `body` holds its fields.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Recorded {
    /// Position in the run's history, from 0.
    pub seq: u32,
    /// The event's name, such as `run.started`.
    pub kind: String,
    /// When it happened, in milliseconds since the Unix epoch.
    pub at_ms: i64,
    /// Its fields.
    pub body: serde_json::Value,
}

/// A job that passed policy, approval and budget. Only this crate can make one, and the executor
/// accepts nothing else.
#[derive(Debug)]
pub struct Cleared {
    run: RunId,
    job: Job,
}

impl Cleared {
    /// The run this job belongs to.
    pub fn run(&self) -> RunId {
        self.run
    }

    /// Hands the job to the executor.
    pub fn into_job(self) -> Job {
        self.job
    }
}
