//! `ringfence replay`: a recorded run's code on its inputs again, and what differs.

use std::process::ExitCode;

use ringfence_pipeline::{Answer, Comparison};
use ringfence_sandbox::Pool;
use serde::Serialize;

use super::{one_shot_runtime, print_json, print_line};
use crate::{args, config::Config, house};

/// The answer of the repetition, and how it compares.
#[derive(Serialize)]
struct Replayed<'a> {
    #[serde(flatten)]
    answer: &'a Answer,
    comparison: &'a Comparison,
}

/// Repeats a run. The exit code is 0 if nothing differs.
pub(crate) fn replay(config: &Config, command: &args::Replay) -> anyhow::Result<ExitCode> {
    let entrance = house::enter(config, Pool::default())?;
    let runtime = one_shot_runtime()?;
    entrance.live(config, &runtime, async |house| {
        let principal = house.local_principal().await?;
        let original = house.original(&principal, command.run).await?;
        let place = house.pipeline.enter(&principal)?;
        let (answer, comparison) = house.pipeline.replay(place, original).await?;
        if command.json {
            print_json(&Replayed { answer: &answer, comparison: &comparison })?;
        } else {
            print_line(&comparison)?;
        }
        Ok(if comparison.identical { ExitCode::SUCCESS } else { ExitCode::FAILURE })
    })
}
