//! Writes programs from plain words: a built-in analyst that needs no key, and models behind any
//! endpoint that speaks OpenAI's chat completions.
//!
//! Both are a [`ringfence_pipeline::ports::CodeAuthor`], so the pipeline can try them in any order. Neither sees a row
//! of a person's data: they know names, kinds and ranges of columns.

mod analyst;
mod openai;
#[cfg(feature = "scripted")]
pub mod scripted;

pub use analyst::Analyst;
pub use openai::{Endpoint, EndpointError, OpenAiCompatible};
