//! What to run and what happened: plain types shared by every part of Ringfence.
//!
//! Nothing here does anything. A [`Job`] says what to run within which [`Limits`]; an [`Outcome`]
//! says what happened, how much it used and which protections were in force.

mod job;
mod limits;
mod months;
mod outcome;
pub mod table;

pub use job::{InputFile, Job, Language, NameError, Runtime, check_file_name};
pub use limits::{LimitError, LimitKind, LimitRange, Limits, LimitsPatch, LimitsPolicy};
pub use months::MonthLanguage;
pub use outcome::{
    DeniedSyscall, Isolation, Layer, LayerState, LimitHit, Outcome, OutputFile, Progress, Status, Stream,
    Usage,
};
