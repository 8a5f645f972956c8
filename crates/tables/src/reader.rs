//! The jailed role: reads one file of the working directory and prints its profile as JSON.

use std::{
    ffi::OsString,
    fs::File,
    io::{self, Write},
    path::Path,
};

use crate::{FileProfile, TableError, profile};

/// Runs the role with its arguments (`profile FILE`) and returns the exit code: 0 with one JSON
/// object on standard output, or 1 with one line on standard error.
pub fn reader_main(args: &[OsString]) -> i32 {
    let printed = match args {
        [verb, file] if verb == "profile" => print_profile(Path::new(file)),
        _ => Err("usage: profile FILE".to_owned()),
    };
    match printed {
        Ok(()) => 0,
        Err(message) => {
            // Without a standard error there is nobody left to tell.
            let _ = writeln!(io::stderr(), "{message}");
            1
        }
    }
}

fn print_profile(file: &Path) -> Result<(), String> {
    let name = file.to_string_lossy();
    let profile = profile_file(file).map_err(|error| format!("{name:?} {error}"))?;
    let mut json = serde_json::to_vec(&profile).map_err(|error| format!("{name:?}: {error}"))?;
    json.push(b'\n');
    let mut stdout = io::stdout().lock();
    stdout.write_all(&json).and_then(|()| stdout.flush()).map_err(|error| format!("cannot print: {error}"))
}

fn profile_file(path: &Path) -> Result<FileProfile, TableError> {
    profile(&path.to_string_lossy(), &mut File::open(path)?)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn run(args: &[&str]) -> i32 {
        reader_main(&args.iter().map(OsString::from).collect::<Vec<_>>())
    }

    #[test]
    fn the_exit_code_tells_a_profile_from_a_refusal() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("sales, \"Q1\".csv");
        std::fs::write(&path, "a,b\n1,2\n").unwrap();
        assert_eq!(run(&["profile", path.to_str().unwrap()]), 0);
        assert_eq!(run(&["profile", folder.path().to_str().unwrap()]), 1);
        assert_eq!(run(&["profile", "no such file.csv"]), 1);
        assert_eq!(run(&["profile"]), 1);
        assert_eq!(run(&["write", path.to_str().unwrap()]), 1);
    }

    #[test]
    fn a_refusal_is_one_line_that_says_what_to_do() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a\nb.csv");
        std::fs::write(&path, "a,b\n1,2,3\n").unwrap();
        let message = print_profile(&path).unwrap_err();
        assert!(
            !message.contains('\n') && message.contains("line 2") && message.contains("quote"),
            "{message}"
        );
    }
}
