//! The runtimes: whether they are built, and still what was built.

use std::path::Path;

use super::{Check, CheckState};
use crate::runtimes;

/// Whether each runtime is built and complete; with `deep`, whether every file is as it was built.
pub fn check_runtimes(directory: &Path, deep: bool) -> Vec<Check> {
    runtimes::Name::ALL.into_iter().map(|name| check_runtime(directory, name, deep)).collect()
}

fn check_runtime(directory: &Path, runtime: runtimes::Name, deep: bool) -> Check {
    let name = format!("runtime {}", runtime.as_str());
    let loaded = match runtimes::load(directory, runtime) {
        Err(error @ runtimes::LoadError::NotBuilt { .. }) if runtime == runtimes::Name::JavaScript => {
            return Check::new(name, CheckState::Degraded, error.to_string())
                .mended_by("install Node 20.19 or later, then: ringfence runtimes build");
        }
        Ok(loaded) => loaded,
        Err(error) => {
            return Check::new(name, CheckState::Missing, error.to_string())
                .mended_by("ringfence runtimes build");
        }
    };
    let detail = format!("{} libraries, id {}", loaded.libraries.len(), &loaded.id[..12]);
    let (looked, how) = if deep {
        (runtimes::verify(&loaded).map(drop), ", every file verified")
    } else {
        (runtimes::check_complete(&loaded), "")
    };
    match looked {
        Err(error) => Check::new(name, CheckState::Missing, error.to_string())
            .mended_by("ringfence runtimes build --force"),
        Ok(()) => Check::new(name, CheckState::Ok, format!("{detail}{how}")),
    }
}
