//! The one binary: `ringfence serve · run · ask · replay · rerun · backup · keys · sessions · budget · audit
//! · doctor · runtimes · openapi · health · probes`.
//!
//! It wires the parts together and holds no logic of its own. Nothing here starts a thread before
//! the supervisor is forked.

// A program's output is what this binary is for.
#![allow(clippy::print_stdout)]

mod args;
mod clock;
mod commands;
mod config;
mod health;
mod house;
mod outbox;
mod render;
mod stage;

use std::{ffi::OsString, io, process::ExitCode};

use clap::Parser;

use crate::args::{Cli, Command};

/// Everything the program does; the exit code is the guest's where there is one.
pub fn main() -> ExitCode {
    // Roles first: a jailed reader has no configuration, no data directory and no time to lose.
    let words: Vec<OsString> = std::env::args_os().collect();
    if let Some(code) = role(&words) {
        return ExitCode::from(u8::try_from(code).unwrap_or(1));
    }
    let cli = Cli::parse();
    let result = config::load(&cli.settings).and_then(|config| match cli.command {
        Command::Run(command) => commands::run::run(&config, command),
        Command::Ask(command) => commands::ask::ask(&config, command),
        Command::Replay(command) => commands::replay::replay(&config, &command),
        Command::Rerun(command) => commands::rerun::rerun(&config, command),
        Command::Serve(command) => commands::serve::serve(&config, &command),
        Command::Backup(command) => commands::backup::backup(&config, &command),
        Command::Keys(command) => commands::keys::keys(&config, command),
        Command::Sessions(command) => commands::sessions::sessions(&config, command),
        Command::Budget(command) => commands::budget::budget(&config, command),
        Command::Audit(command) => commands::audit::audit(&config, command),
        Command::Doctor(command) => commands::doctor::doctor(&config, &command),
        Command::Runtimes(command) => commands::runtimes::runtimes(&config, command),
        Command::Openapi => commands::openapi::openapi(&config),
        Command::Health(command) => commands::health::health(&config, &command),
        Command::Probes(command) => commands::probes::probes(&config, &command),
    });
    match result {
        Ok(code) => code,
        Err(error) if reader_is_gone(&error) => ExitCode::from(args::EXIT_BROKEN_PIPE),
        Err(error) => {
            eprintln!("ringfence: {error:#}");
            ExitCode::from(args::EXIT_OURS)
        }
    }
}

/// True if printing failed because nobody reads it any more, as with `ringfence doctor | head -1`.
fn reader_is_gone(error: &anyhow::Error) -> bool {
    error.downcast_ref::<io::Error>().is_some_and(|error| error.kind() == io::ErrorKind::BrokenPipe)
}

/// Runs this process as one of our own helpers if its first argument names one.
fn role(words: &[OsString]) -> Option<i32> {
    let (name, rest) = words.get(1..)?.split_first()?;
    if name == outbox::COMMAND {
        return Some(outbox::main(rest));
    }
    if name == stage::COMMAND {
        return Some(stage::main(rest));
    }
    if name == ringfence_sandbox::WAITING_READER_COMMAND {
        // Without anybody to tell what to read there is nothing to live for.
        return Some(ringfence_sandbox::wait_for_arguments().map_or(1, |words| read(&words)));
    }
    (name == ringfence_sandbox::READER_COMMAND).then(|| read(rest))
}

/// Reads what a jailed reader is for.
fn read(words: &[OsString]) -> i32 {
    match words.split_first() {
        Some((facts, rest)) if facts == "facts" => {
            let rest: Vec<String> = rest.iter().map(|word| word.to_string_lossy().into_owned()).collect();
            ringfence_facts::facts_main(&rest)
        }
        _ => ringfence_tables::reader_main(words),
    }
}
