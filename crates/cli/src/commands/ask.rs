//! `ringfence ask`: a question in plain words, no server.

use std::{
    io::{self, IsTerminal as _},
    process::ExitCode,
};

use ringfence_job::Status;
use ringfence_pipeline::{
    AskAnswer, AskRequest, PipelineError,
    ask::{AskedBack, Decision},
    ports::Record as _,
    results::RunResult,
    run::{Event, Principal, RunId},
};
use ringfence_sandbox::Pool;
use serde::Serialize;

use super::{Charts, deliver, explain, is_chart, one_shot_runtime, print_json, print_line, read_files};
use crate::{
    args::{self, EXIT_OURS},
    config::Config,
    house::{self, House},
    outbox::Outbox,
    render,
};

/// Answers a question. The exit code is that of the program which computed the answer.
pub(crate) fn ask(config: &Config, command: args::Ask) -> anyhow::Result<ExitCode> {
    let request = AskRequest {
        question: command.question,
        files: read_files(&command.files)?,
        limits: args::limits_patch(&command.limits),
        session: command.session,
        chart_format: command.chart.as_ref().map(|chart| chart.format).unwrap_or_default(),
        ..AskRequest::default()
    };
    let outbox = command.out.as_deref().map(Outbox::start).transpose()?;
    let charts = command.chart.map(Charts::start).transpose()?;
    let entrance = house::enter(config, Pool::default())?;
    let runtime = one_shot_runtime()?;
    entrance.live(config, &runtime, async |house| {
        let principal = house.local_principal().await?;
        let place = house.pipeline.enter(&principal)?;
        let answer = match house.pipeline.ask(place, request).await {
            Ok(answer) => answer,
            Err(error) => return no_answer(error, command.json),
        };
        let (kept, format) = (outbox.is_some(), charts.as_ref().map(|charts| charts.to.format));
        let is_kept =
            |name: &str| kept || format.is_some_and(|format| is_chart(&answer.results, name, format));
        deliver(outbox, &answer.run.files)?;
        if command.json {
            print_json(&answer)?;
        } else {
            print_answer(&answer, command.code, is_kept)?;
            explain_stages(house, &principal, &answer).await;
            eprintln!("ringfence: go on with --session {}", answer.session_id);
        }
        if let Some(charts) = charts {
            charts.deliver(&answer.results, &answer.run.files)?;
        }
        Ok(ExitCode::from(u8::try_from(answer.run.exit_code).unwrap_or(1)))
    })
}

/// What was made of a question that has no answer.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct NoAnswer {
    id: RunId,
    session_id: Option<Box<str>>,
    decision: Decision,
    /// Why.
    answer: String,
    clarification: Option<AskedBack>,
}

/// Asks back, or says why there is no answer.
fn no_answer(error: PipelineError, json: bool) -> anyhow::Result<ExitCode> {
    let Some(decision) = error.kind.decision() else { return Err(error.into()) };
    let clarification = error.clarification();
    if json {
        let (id, answer) = (error.run, error.to_string());
        print_json(&NoAnswer {
            id,
            session_id: error.session.clone(),
            decision,
            answer,
            clarification: clarification.clone(),
        })?;
    }
    eprintln!("ringfence: {error}");
    if let Some(asked) = clarification {
        for (number, option) in asked.options.iter().enumerate() {
            eprintln!("  {}. {option}", number + 1);
        }
        if let Some(session) = &error.session {
            eprintln!("ringfence: answer with --session {session}");
        }
    }
    Ok(ExitCode::from(EXIT_OURS))
}

fn print_answer(answer: &AskAnswer, code: bool, is_kept: impl Fn(&str) -> bool) -> anyhow::Result<()> {
    let color = io::stdout().is_terminal();
    if !answer.answer.is_empty() {
        print_line(format_args!("{}", answer.answer))?;
    }
    for result in &answer.results {
        // What a program showed by itself it has printed as well, but for charts.
        let shown = match result {
            RunResult::Chart { .. } => render::chart(result, color),
            _ if answer.answer.is_empty() => render::result(result, color),
            _ => continue,
        };
        if !shown.is_empty() {
            print_line(format_args!("\n{shown}"))?;
        }
    }
    print_line(format_args!("\n{} ({})", answer.explanation, answer.author))?;
    if code {
        print_line(format_args!("\n--- {} ---\n{}\n---", answer.language, answer.code.trim_end()))?;
    }
    if answer.run.status != Status::Succeeded {
        eprint!("{}", answer.run.stderr);
        eprintln!("ringfence: the program ended as {}", answer.run.status);
    }
    for note in &answer.run.notes {
        eprintln!("ringfence: {note}");
    }
    explain(&answer.run, is_kept);
    Ok(())
}

/// One line on standard error: how long it took, and each stage of it, as the history tells it.
async fn explain_stages(house: &House, principal: &Principal, answer: &AskAnswer) {
    let Ok(history) = house.store.history(principal, answer.id).await else { return };
    let mut stages: Vec<(String, i64)> = Vec::new();
    let mut before = history.first().map_or(0, |first| first.at_ms);
    for recorded in &history {
        let stage = match Event::from_recorded(recorded) {
            Ok(Event::ReadFinished { .. }) => "read".to_owned(),
            Ok(Event::CodeWritten { author, .. }) => format!("written by {author}"),
            Ok(Event::FactsFinished { .. }) => "checked".to_owned(),
            Ok(Event::ExecFinished(_)) => "executed".to_owned(),
            _ => continue,
        };
        let took = recorded.at_ms.saturating_sub(before);
        before = recorded.at_ms;
        match stages.last_mut().filter(|(last, _)| *last == stage) {
            Some((_, sum)) => *sum += took,
            None => stages.push((stage, took)),
        }
    }
    let told: Vec<String> = stages.iter().map(|(stage, took)| format!("{stage} {took} ms")).collect();
    eprintln!("ringfence: answered in {} ms: {}", answer.duration_ms, told.join(", "));
}
