//! `ringfence run`: one program, no server.

use std::{
    io::{self, Read},
    process::ExitCode,
};

use anyhow::Context;
use ringfence_job::Language;
use ringfence_pipeline::ExecuteRequest;
use ringfence_sandbox::Pool;

use super::{deliver, one_shot_runtime, print_json, print_output, read_bounded, read_files};
use crate::{args, config::Config, house, outbox::Outbox};

/// Runs a program. The exit code is the program's.
pub(crate) fn run(config: &Config, command: args::Run) -> anyhow::Result<ExitCode> {
    // Everything that needs the caller's rights comes first.
    let request = read_request(&command)?;
    let outbox = command.out.as_deref().map(Outbox::start).transpose()?;
    let entrance = house::enter(config, Pool { insist: command.warm, ..Pool::default() })?;
    let runtime = one_shot_runtime()?;
    entrance.live(config, &runtime, async |house| {
        let principal = house.local_principal().await?;
        let place = house.pipeline.enter(&principal)?;
        let answer = house.pipeline.execute(place, request).await?;
        let kept = outbox.is_some();
        deliver(outbox, &answer.files)?;
        if command.json {
            print_json(&answer)?;
        } else {
            print_output(&answer, kept)?;
        }
        Ok(ExitCode::from(u8::try_from(answer.exit_code).unwrap_or(1)))
    })
}

fn read_request(command: &args::Run) -> anyhow::Result<ExecuteRequest> {
    let name = command.file.to_string_lossy();
    let language = command.language.or_else(|| Language::from_file_name(&name)).with_context(|| {
        format!("cannot tell the language of {name:?}, add --language python or --language bash")
    })?;
    let code = if name == "-" {
        let mut code = Vec::new();
        io::stdin()
            .take(super::INPUT_BYTES_MAX)
            .read_to_end(&mut code)
            .context("cannot read standard input")?;
        code
    } else {
        read_bounded(&command.file)?
    };
    let code = String::from_utf8(code).with_context(|| format!("{name:?} is not UTF-8 text"))?;
    Ok(ExecuteRequest {
        args: command.args.clone(),
        files: read_files(&command.files)?,
        limits: args::limits_patch(&command.limits),
        fresh: command.fresh,
        ..ExecuteRequest::new(language, code)
    })
}
