//! `ringfence rerun`: a recorded run's code on other files.

use std::{
    process::ExitCode,
    sync::{Arc, Mutex, PoisonError},
};

use ringfence_pipeline::{Answer, Drift, DriftReport, ErrorKind};
use ringfence_sandbox::Pool;
use serde::Serialize;

use super::{deliver, one_shot_runtime, print_json, print_output, read_bounded};
use crate::{args, config::Config, house, outbox::Outbox};

/// What has changed in tables, and what came of the code if it was executed.
#[derive(Serialize)]
struct Rerun<'a> {
    drift: &'a [Drift],
    #[serde(flatten)]
    answer: Option<&'a Answer>,
}

/// Repeats a run with other files. The exit code is the program's, or 1 if tables have changed so that it was
/// not executed.
pub(crate) fn rerun(config: &Config, command: args::Rerun) -> anyhow::Result<ExitCode> {
    // Everything that needs the caller's rights comes first.
    let read = |file: args::Replacement| Ok((file.name, read_bounded(&file.path)?));
    let files: Vec<_> = command.files.into_iter().map(read).collect::<anyhow::Result<_>>()?;
    let outbox = command.out.as_deref().map(Outbox::start).transpose()?;
    let entrance = house::enter(config, Pool::default())?;
    let runtime = one_shot_runtime()?;
    entrance.live(config, &runtime, async |house| {
        let principal = house.local_principal().await?;
        let original = house.original(&principal, command.run).await?;
        let files = original.place(files)?;
        let place = house.pipeline.enter(&principal)?;
        let told = Arc::new(Mutex::new(Vec::new()));
        let report = report(Arc::clone(&told), command.anyway);
        let ended = house.pipeline.rerun(place, original, files, command.anyway, report).await;
        let drift = told.lock().unwrap_or_else(PoisonError::into_inner).clone();
        let answer = match &ended {
            Ok(answer) => Some(&**answer),
            Err(error) if matches!(error.kind, ErrorKind::Drifted(_)) => None,
            Err(error) => return Err(Arc::clone(error).into()),
        };
        let kept = outbox.is_some();
        if let Some(answer) = answer {
            deliver(outbox, &answer.files)?;
        }
        if command.json {
            print_json(&Rerun { drift: &drift, answer })?;
        } else if let Some(answer) = answer {
            print_output(answer, kept)?;
        }
        let exit_code = answer.map_or(1, |answer| answer.exit_code);
        Ok(ExitCode::from(u8::try_from(exit_code).unwrap_or(1)))
    })
}

/// Says what has changed before the code is executed, and notes it.
fn report(told: Arc<Mutex<Vec<Drift>>>, anyway: bool) -> DriftReport {
    Arc::new(move |drift| {
        for changed in drift {
            let word = if changed.stops() { "changed" } else { "note" };
            eprintln!("ringfence: {word}: {changed}");
        }
        if !anyway && drift.iter().any(Drift::stops) {
            eprintln!(
                "ringfence: nothing was executed, the code was not made for this; to execute it: --anyway"
            );
        }
        *told.lock().unwrap_or_else(PoisonError::into_inner) = drift.to_vec();
    })
}
