//! Carries a request from words or code to a recorded result.
//!
//! `run` and `policy` decide and are pure; `driver` does; `ports` is what they need from outside.

pub mod answer;
pub mod ask;
pub mod audit;
mod clearance;
mod driver;
mod error;
mod facts;
mod figures;
pub mod files;
mod journal;
pub mod keys;
mod live;
pub mod policy;
pub mod ports;
mod profile;
mod read;
pub mod run;
mod turns;
mod view;

pub use answer::Answer;
pub use ask::{AskAnswer, AskRequest};
pub use clearance::SETTLE_MARGIN_MS;
pub use driver::{Clock, Once, Pipeline, PipelineConfig, Ports};
pub use error::{ErrorKind, PipelineError};
pub use facts::CodeFacts;
pub use live::{Control, End, Live, News, Position, StopOnDrop};
pub use policy::{ExecuteRequest, Policy};
pub use turns::{Busy, Load, Place, WaitedTooLong};
pub use view::{RunKind, RunStatus, RunView};
