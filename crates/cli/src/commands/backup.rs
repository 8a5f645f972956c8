//! `ringfence backup`: a copy of everything, whether a server is running or not.

use std::{
    path::{Path, absolute},
    process::ExitCode,
};

use anyhow::{Context, bail};
use ringfence_store::{BackedUp, BackupError, Store, holds_data};

use super::{one_shot_runtime, print_json, print_line};
use crate::{args, config::Config, stage::Stage};

/// Damaged contents that are named; the rest is counted.
const DAMAGED_NAMED_MAX: usize = 10;

/// Copies the data directory. The exit code is 1 if contents are damaged there; the copy is made all the same.
pub(crate) fn backup(config: &Config, command: &args::Backup) -> anyhow::Result<ExitCode> {
    if config.database_url.is_some() {
        return Err(BackupError::Postgres.into());
    }
    let directory = absolute(&command.directory)
        .with_context(|| format!("cannot resolve {}", command.directory.display()))?;
    let data_dir = &config.data_dir;
    if !holds_data(data_dir).with_context(|| format!("cannot look into {}", data_dir.display()))? {
        bail!(
            "there is nothing to back up in {}, choose the data directory with --data-dir",
            data_dir.display()
        );
    }
    if is_within(&directory, data_dir) {
        bail!("{} is within the data directory, give a place elsewhere", directory.display());
    }
    let stage = Stage::begin(&directory)?;
    let failed = || format!("cannot back up to {}", directory.display());
    let (data_dir, target) =
        ringfence_sandbox::give_up_privileges_with(data_dir, stage.path()).with_context(failed)?;
    let copied = one_shot_runtime()?.block_on(async {
        let store = Store::open(&data_dir, None).await?;
        let copied = store.back_up(&target).await;
        store.close().await;
        copied.with_context(failed)
    })?;
    stage.finish()?;
    if command.json {
        print_json(&copied)?;
    } else {
        let BackedUp { runs, contents, bytes, .. } = copied;
        print_line(format_args!("{}: {runs} runs, {contents} contents, {bytes} bytes", directory.display()))?;
    }
    Ok(complain(&copied.damaged))
}

fn complain(damaged: &[String]) -> ExitCode {
    if damaged.is_empty() {
        return ExitCode::SUCCESS;
    }
    let named = &damaged[..damaged.len().min(DAMAGED_NAMED_MAX)];
    eprintln!(
        "ringfence: {} contents are missing or altered in the data directory, so the backup lacks them: {}{}",
        damaged.len(),
        named.join(", "),
        if named.len() < damaged.len() { ", …" } else { "" }
    );
    ExitCode::FAILURE
}

/// True if a directory that may not be there yet would be within another one.
fn is_within(directory: &Path, other: &Path) -> bool {
    let parent = directory.parent().and_then(|parent| parent.canonicalize().ok());
    parent.zip(other.canonicalize().ok()).is_some_and(|(parent, other)| parent.starts_with(other))
}
