//! Contents of a run are kept before the events that name them.

use std::collections::BTreeMap;

use ringfence_job::{InputFile, Job, Language};

use crate::{
    answer::Answer,
    ask::AskAnswer,
    cost::Cost,
    driver::Ran,
    error::ErrorKind,
    journal::Journal,
    results,
    run::{Event, Execution, FileRef},
};

/// Keeps all that a job gets beside its code.
pub(crate) async fn keep_inputs(
    journal: &mut Journal,
    job: &Job,
) -> Result<(Option<String>, Option<String>, Vec<FileRef>), ErrorKind> {
    let stdin = match job.stdin.as_slice() {
        [] => None,
        stdin => Some(journal.keep_input(stdin).await?),
    };
    let call = keep_call(journal, &job.args, &job.env).await?;
    Ok((stdin, call, keep_files(journal, &job.files).await?))
}

/// Keeps arguments and environment, if there are any.
pub(crate) async fn keep_call(
    journal: &mut Journal,
    args: &[String],
    env: &BTreeMap<String, String>,
) -> Result<Option<String>, ErrorKind> {
    if args.is_empty() && env.is_empty() {
        return Ok(None);
    }
    let call = serde_json::json!({ "args": args, "env": env });
    Ok(Some(journal.keep_input(call.to_string().as_bytes()).await?))
}

pub(crate) async fn keep_files(
    journal: &mut Journal,
    files: &[InputFile],
) -> Result<Vec<FileRef>, ErrorKind> {
    let mut kept = Vec::with_capacity(files.len());
    for InputFile { name, content } in files {
        let sha256 = journal.keep_input(content).await?;
        kept.push(FileRef { name: name.clone(), size: content.len() as u64, sha256 });
    }
    Ok(kept)
}

/// Keeps every content of an answer for which there is room, and gives the events that name them.
pub(crate) async fn keep_answer(
    journal: &mut Journal,
    language: Language,
    mut ran: Ran,
    cost: Cost,
    last: bool,
) -> Result<(Answer, Vec<Event>), ErrorKind> {
    let shown = results::take(&mut ran.outcome);
    let execution = keep_outputs(journal, &ran).await?;
    let hashes = execution.files.iter().map(|file| file.sha256.clone()).collect();
    let answer = Answer::new(journal.run().id(), language, ran.outcome, hashes, shown, cost);
    let mut events = vec![Event::ExecFinished(Box::new(execution))];
    if last {
        let outline = keep_outline(journal, &answer.outline()).await?;
        events.push(Event::Settled { answer: Some(outline) });
    }
    Ok((answer, events))
}

/// Ends a question's run with its answer.
pub(crate) async fn keep_ask_answer(journal: &mut Journal, answer: &AskAnswer) -> Result<(), ErrorKind> {
    let outline = keep_outline(journal, &answer.outline()).await?;
    journal.append(&[Event::Settled { answer: Some(outline) }]).await
}

pub(crate) async fn keep_outline(
    journal: &mut Journal,
    outline: &serde_json::Value,
) -> Result<String, ErrorKind> {
    journal.keep_output(outline.to_string().as_bytes()).await
}

pub(crate) async fn keep_outputs(journal: &mut Journal, ran: &Ran) -> Result<Execution, ErrorKind> {
    let outcome = &ran.outcome;
    let mut files = Vec::with_capacity(outcome.files.len());
    for file in &outcome.files {
        let sha256 = journal.keep_output(&file.content).await?;
        files.push(FileRef { name: file.name.clone(), size: file.content.len() as u64, sha256 });
    }
    Ok(Execution {
        step: ran.step,
        status: outcome.status,
        exit_code: outcome.exit_code,
        signal: outcome.signal,
        usage: outcome.usage,
        used: ran.used,
        stdout: keep_printed(journal, &outcome.stdout).await?,
        stderr: keep_printed(journal, &outcome.stderr).await?,
        limits_hit: outcome.limits_hit.iter().map(|hit| hit.limit.name().to_owned()).collect(),
        denied_syscalls: outcome.denied_syscalls.iter().map(|call| call.name.clone()).collect(),
        files,
        isolation_complete: outcome.isolation.is_complete(),
        runtime: outcome.runtime_id.clone(),
    })
}

pub(crate) async fn keep_printed(journal: &mut Journal, content: &[u8]) -> Result<Option<String>, ErrorKind> {
    if content.is_empty() {
        return Ok(None);
    }
    journal.keep_output(content).await.map(Some)
}
