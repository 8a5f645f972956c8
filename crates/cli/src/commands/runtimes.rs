//! `ringfence runtimes`: build and list what the jail holds.

use std::process::ExitCode;

use ringfence_sandbox::runtimes::{self, BuildOptions, Name};

use super::print_line;
use crate::{args::Runtimes, config::Config};

/// Builds or lists runtimes.
pub(crate) fn runtimes(config: &Config, command: Runtimes) -> anyhow::Result<ExitCode> {
    let directory = &config.sandbox.runtimes_dir;
    match command {
        Runtimes::Build { python, node, force } => {
            let options = BuildOptions { python, node, force };
            for built in runtimes::build(directory, &Name::ALL, &options, &mut |line| eprintln!("{line}"))? {
                let word = if built.unchanged { "up to date" } else { "built" };
                print_line(format_args!(
                    "{}: {word}, {} files, {} MiB, {:.1} s",
                    built.name.as_str(),
                    built.files,
                    built.bytes >> 20,
                    built.elapsed.as_secs_f64()
                ))?;
            }
            Ok(ExitCode::SUCCESS)
        }
        Runtimes::List => {
            let mut code = ExitCode::SUCCESS;
            for name in Name::ALL {
                match runtimes::load(directory, name) {
                    Ok(runtime) => print_line(format_args!(
                        "{} {}\n  {}",
                        name.as_str(),
                        runtime.id,
                        runtime.libraries.join(" ")
                    ))?,
                    Err(error) => {
                        eprintln!("ringfence: {error}");
                        code = ExitCode::FAILURE;
                    }
                }
            }
            Ok(code)
        }
    }
}
