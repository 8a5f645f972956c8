//! Says what protects a run on this host, what is missing and what mends it, and tries the limits.

mod host;
mod languages;
mod layers;
mod runtimes;
mod trials;

use serde::Serialize;

pub use host::check_host;
pub use languages::{LanguageTrial, Tried, try_languages};
pub use layers::check_layers;
pub use runtimes::check_runtimes;
pub use trials::{self_test, self_test_pool};

/// How a check turned out.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum CheckState {
    /// In force.
    Ok,
    /// In force in a weaker form.
    Degraded,
    /// Not in force.
    Missing,
    /// Could not be tried.
    Skipped,
}

/// One thing that was looked at.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Check {
    /// What.
    pub name: String,
    /// How it turned out.
    pub state: CheckState,
    /// Why, or in which form.
    pub detail: String,
    /// The command or setting that mends it.
    pub fix: Option<String>,
}

impl Check {
    /// A check without a remedy.
    pub fn new(name: impl Into<String>, state: CheckState, detail: impl Into<String>) -> Check {
        Check { name: name.into(), state, detail: detail.into(), fix: None }
    }

    /// The same with what mends it.
    pub fn mended_by(mut self, fix: impl Into<String>) -> Check {
        self.fix = Some(fix.into());
        self
    }
}
