//! Facts about code, as the jailed reader reports them; the report is not trusted.

use ringfence_job::{Outcome, Status};
use serde::Deserialize;

/// Most names believed in one report.
const NAMES_MAX: usize = 1000;
/// Longest name believed, in bytes.
const NAME_BYTES_MAX: usize = 400;

/// What is known about a program without running it.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct CodeFacts {
    /// Top-level names of imported packages.
    pub imports: Vec<String>,
    /// Ways in which the code may import something else while it runs.
    #[serde(default)]
    pub dynamic: Vec<String>,
    /// True if part of the text is not valid in its language.
    #[serde(default)]
    pub has_error: bool,
    /// True if there was more to list.
    #[serde(default)]
    pub incomplete: bool,
}

/// Reads the facts reader's outcome.
///
/// # Errors
/// Says why there are no facts; then nothing is known about the code.
pub(crate) fn read_facts(outcome: &Outcome) -> Result<CodeFacts, String> {
    if outcome.status != Status::Succeeded || outcome.stdout_truncated {
        return Err(format!("the code could not be inspected: the reader {}", outcome.status));
    }
    let facts: CodeFacts = serde_json::from_slice(&outcome.stdout)
        .map_err(|error| format!("the code could not be inspected: {error}"))?;
    let names = || facts.imports.iter().chain(&facts.dynamic);
    if names().count() > NAMES_MAX || names().any(|name| name.len() > NAME_BYTES_MAX) {
        return Err("the code could not be inspected: the reader's report is out of bounds".to_owned());
    }
    Ok(facts)
}
