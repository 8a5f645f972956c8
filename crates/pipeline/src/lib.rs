//! Carries a request from words or code to a recorded result.
//!
//! `run` and `policy` decide and are pure; `pipeline` begins runs and `driver` drives them; `ports` and `files` are
//! what they need from outside.

pub mod answer;
pub mod ask;
pub mod audit;
pub mod budget;
pub mod budgets;
mod clearance;
mod compare;
pub mod cost;
mod drift;
mod driver;
mod error;
mod facts;
mod figures;
pub mod files;
mod journal;
mod keep;
pub mod keys;
mod live;
mod pipeline;
pub mod policy;
pub mod ports;
mod profile;
mod program;
mod read;
mod repeat;
pub mod results;
pub mod run;
pub mod sessions;
mod turns;
mod view;

pub use answer::Answer;
pub use ask::{AskAnswer, AskRequest};
pub use clearance::SETTLE_MARGIN_MS;
pub use compare::{Comparison, Difference, Excerpt, Output};
pub use drift::{Change, Drift};
pub use error::{ErrorKind, PipelineError};
pub use facts::CodeFacts;
pub use live::{Control, End, Live, News, Position, StopOnDrop};
pub use pipeline::{Once, Pipeline, PipelineConfig};
pub use policy::{ExecuteRequest, Policy};
pub use ports::{Clock, Ports};
pub use repeat::{DriftReport, Misplaced, NoOriginal, Original};
pub use turns::{Busy, Load, Place, Taken, WaitedTooLong};
pub use view::{RunKind, RunStatus, RunView};
