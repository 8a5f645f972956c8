//! One file a command.

pub(crate) mod ask;
pub(crate) mod audit;
pub(crate) mod backup;
pub(crate) mod budget;
pub(crate) mod doctor;
pub(crate) mod health;
pub(crate) mod keys;
pub(crate) mod openapi;
pub(crate) mod probes;
pub(crate) mod replay;
pub(crate) mod rerun;
pub(crate) mod run;
pub(crate) mod runtimes;
pub(crate) mod serve;
pub(crate) mod sessions;

use std::{
    fmt::Display,
    fs::File,
    io::{self, IsTerminal as _, Read as _, Write as _},
    path::Path,
    process::ExitCode,
};

use anyhow::{Context, bail};
use ringfence_job::InputFile;
use ringfence_pipeline::{
    answer::{Answer, AnswerFile},
    ask::{ChartFormat, RESULT_FILE},
    results::RunResult,
};
use ringfence_store::Store;
use serde::Serialize;
use tokio::runtime::{Builder, Runtime};

use crate::{
    args::{ChartPath, NamedPath},
    config::Config,
    house,
    outbox::Outbox,
    render,
};

/// Largest file or program read from disk, in bytes; the policy's bounds are lower.
const INPUT_BYTES_MAX: u64 = 256 * 1024 * 1024;

/// A runtime for a command that does one thing.
fn one_shot_runtime() -> anyhow::Result<Runtime> {
    Ok(Builder::new_current_thread().enable_all().build()?)
}

/// Does `work` with the store of a command that runs nothing, whether a server is running or not.
fn with_store(
    config: &Config,
    work: impl AsyncFnOnce(&Store) -> anyhow::Result<()>,
) -> anyhow::Result<ExitCode> {
    let data_dir = house::give_up_privileges(config)?;
    one_shot_runtime()?.block_on(async {
        let store = house::open_store(config, &data_dir).await?;
        let done = work(&store).await;
        store.close().await;
        done.map(|()| ExitCode::SUCCESS)
    })
}

fn read_bounded(path: &Path) -> anyhow::Result<Vec<u8>> {
    let file = File::open(path).with_context(|| format!("cannot open {}", path.display()))?;
    let mut content = Vec::new();
    file.take(INPUT_BYTES_MAX + 1)
        .read_to_end(&mut content)
        .with_context(|| format!("cannot read {}", path.display()))?;
    if content.len() as u64 > INPUT_BYTES_MAX {
        bail!("{} is larger than {INPUT_BYTES_MAX} bytes", path.display());
    }
    Ok(content)
}

fn read_files(files: &[NamedPath]) -> anyhow::Result<Vec<InputFile>> {
    files
        .iter()
        .map(|file| Ok(InputFile { name: file.name.clone(), content: read_bounded(&file.path)? }))
        .collect()
}

/// Prints a line; unlike `println!`, it fails if whoever reads our output has gone away.
fn print_line(line: impl Display) -> anyhow::Result<()> {
    Ok(writeln!(io::stdout(), "{line}")?)
}

fn print_json(value: &impl Serialize) -> anyhow::Result<()> {
    print_line(serde_json::to_string_pretty(value)?)
}

/// Hands returned files to the outbox, if there is one.
fn deliver(outbox: Option<Outbox>, files: &[AnswerFile]) -> anyhow::Result<()> {
    let Some(mut outbox) = outbox else { return Ok(()) };
    for file in files {
        outbox.put(&file.name, &file.bytes()).context("cannot write returned files")?;
    }
    outbox.finish()
}

/// Where an answer's charts go, by a name that a person chose.
struct Charts {
    outbox: Outbox,
    to: ChartPath,
}

impl Charts {
    /// Starts what writes them, still as the person who asked.
    fn start(to: ChartPath) -> anyhow::Result<Charts> {
        let directory = to.path.parent().filter(|directory| !directory.as_os_str().is_empty());
        Ok(Charts { outbox: Outbox::start(directory.unwrap_or_else(|| Path::new(".")))?, to })
    }

    /// Writes the charts of the format that was asked for, the first by the name itself.
    fn deliver(mut self, results: &[RunResult], files: &[AnswerFile]) -> anyhow::Result<()> {
        let (stem, ending) = (self.to.path.file_stem(), self.to.path.extension());
        let (stem, ending) = stem
            .and_then(|stem| stem.to_str())
            .zip(ending.and_then(|ending| ending.to_str()))
            .context("the name of a chart is not UTF-8 text")?;
        let charts: Vec<&AnswerFile> =
            files.iter().filter(|file| is_chart(results, &file.name, self.to.format)).collect();
        for (chart, number) in charts.iter().zip(1..) {
            let name =
                if number == 1 { format!("{stem}.{ending}") } else { format!("{stem}-{number}.{ending}") };
            self.outbox.put(&name, &chart.bytes()).context("cannot write a chart")?;
        }
        self.outbox.finish()?;
        if charts.is_empty() {
            bail!("{} is not written: no such chart was drawn, ask for one", self.to.path.display());
        }
        eprintln!("ringfence: the chart is saved as {}", self.to.path.display());
        Ok(())
    }
}

/// True if the results show a chart that is saved as this file, in this format.
fn is_chart(results: &[RunResult], name: &str, format: ChartFormat) -> bool {
    let shown =
        |result: &RunResult| matches!(result, RunResult::Chart { file: Some(file), .. } if file == name);
    let ending = Path::new(name).extension().is_some_and(|ending| ending.eq_ignore_ascii_case(format.name()));
    ending && results.iter().any(shown)
}

/// Shows what a program printed and left.
fn print_output(answer: &Answer, kept: bool) -> anyhow::Result<()> {
    io::stdout().write_all(&answer.stdout_bytes())?;
    io::stdout().flush()?;
    io::stderr().write_all(&answer.stderr_bytes())?;
    // For a person only: whoever reads the output as data gets what the program printed.
    if io::stdout().is_terminal() {
        for chart in
            answer.results.iter().flatten().filter(|result| matches!(result, RunResult::Chart { .. }))
        {
            print_line(format_args!("\n{}", render::chart(chart, true)))?;
        }
    }
    explain(answer, |_| kept);
    Ok(())
}

/// One line on standard error for everything a person should know about a run, of which some files are kept.
fn explain(answer: &Answer, is_kept: impl Fn(&str) -> bool) {
    for hit in &answer.limits_hit {
        eprintln!("ringfence: {}: {} = {} (set {})", hit.event, hit.limit, hit.value, hit.setting);
    }
    for call in &answer.denied_syscalls {
        eprintln!("ringfence: the jail refused the system call {} ({} times)", call.name, call.count);
    }
    // The value file is part of an answer, not something a person would miss.
    let left = answer.files.iter().filter(|file| file.name != RESULT_FILE && !is_kept(&file.name));
    let names: Vec<String> = left.map(|file| format!("{:?}", file.name)).collect();
    if !names.is_empty() {
        eprintln!("ringfence: files left behind: {} (keep them with --out DIR)", names.join(", "));
    }
}
