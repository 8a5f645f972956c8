//! Builds the runtimes into a directory: `build_runtimes DIR [--force] [--python PATH] [NAME]…`.

use std::{path::PathBuf, process::ExitCode};

use ringfence_sandbox::runtimes::{BuildOptions, Name, build};

fn main() -> ExitCode {
    let mut args = std::env::args().skip(1);
    let Some(dir) = args.next().map(PathBuf::from) else {
        eprintln!("usage: build_runtimes DIR [--force] [--python PATH] [NAME]...");
        return ExitCode::from(2);
    };
    let (mut options, mut which) = (BuildOptions::default(), Vec::new());
    while let Some(arg) = args.next() {
        match arg.as_str() {
            "--force" => options.force = true,
            "--python" => options.python = args.next().map(PathBuf::from),
            name => match name.parse() {
                Ok(name) => which.push(name),
                Err(error) => {
                    eprintln!("{error}");
                    return ExitCode::from(2);
                }
            },
        }
    }
    if which.is_empty() {
        which = Name::ALL.to_vec();
    }
    match build(&dir, &which, &options, &mut |line| eprintln!("{line}")) {
        Ok(_) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("cannot build the runtimes: {error}");
            ExitCode::FAILURE
        }
    }
}
