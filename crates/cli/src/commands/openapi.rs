//! `ringfence openapi`: the description of the HTTP API.

use std::{
    io::{self, Write as _},
    process::ExitCode,
};

use crate::config::Config;

/// Prints what `serve` would give at `/openapi.json`.
pub(crate) fn openapi(config: &Config) -> anyhow::Result<ExitCode> {
    io::stdout().write_all(ringfence_server::description(&config.sandbox.limits).as_bytes())?;
    Ok(ExitCode::SUCCESS)
}
