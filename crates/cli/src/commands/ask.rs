//! `ringfence ask`: a question in plain words, no server.

use std::process::ExitCode;

use ringfence_job::Status;
use ringfence_pipeline::{AskAnswer, AskRequest};
use ringfence_sandbox::Pool;

use super::{deliver, explain, one_shot_runtime, print_json, print_line, read_files};
use crate::{args, config::Config, house, outbox::Outbox};

/// Answers a question. The exit code is that of the program which computed the answer.
pub(crate) fn ask(config: &Config, command: args::Ask) -> anyhow::Result<ExitCode> {
    let request = AskRequest {
        question: command.question,
        files: read_files(&command.files)?,
        limits: args::limits_patch(&command.limits),
        ..AskRequest::default()
    };
    let outbox = command.out.as_deref().map(Outbox::start).transpose()?;
    let entrance = house::enter(config, Pool::default())?;
    let runtime = one_shot_runtime()?;
    entrance.live(config, &runtime, async |house| {
        let principal = house.local_principal().await?;
        let place = house.pipeline.enter(&principal)?;
        let answer = house.pipeline.ask(place, request).await?;
        let kept = outbox.is_some();
        deliver(outbox, &answer.run.files)?;
        if command.json {
            print_json(&answer)?;
        } else {
            print_answer(&answer, kept)?;
        }
        Ok(ExitCode::from(u8::try_from(answer.run.exit_code).unwrap_or(1)))
    })
}

fn print_answer(answer: &AskAnswer, kept: bool) -> anyhow::Result<()> {
    print_line(format_args!("{}", answer.answer))?;
    print_line(format_args!("\n{} ({})", answer.explanation, answer.author))?;
    print_line(format_args!("\n--- {} ---\n{}", answer.language, answer.code.trim_end()))?;
    print_line(format_args!(
        "--- answered in {} ms, {} ms of them in the jail ---",
        answer.duration_ms, answer.run.duration
    ))?;
    if answer.run.status != Status::Succeeded {
        eprint!("{}", answer.run.stderr);
        eprintln!("ringfence: the program ended as {}", answer.run.status);
    }
    explain(&answer.run, kept);
    Ok(())
}
