//! Facts about source code for the policy: what it imports, and whether that can be known.
//!
//! Source code is hostile, so this runs as a role of our own binary inside the jail, within limits;
//! the pipeline reads only the bounded JSON it prints. The walk is iterative: however deeply the
//! code is nested, it cannot exhaust the stack.

mod python;

use std::io::{Read, Write};

use serde::Serialize;

pub use python::python_facts;

/// Most bytes of source code read; the policy's own limit is not above it.
pub const SOURCE_BYTES_MAX: usize = 1024 * 1024;

/// Most names listed; code that imports more is marked as [`CodeFacts::incomplete`].
pub const NAMES_MAX: usize = 1000;

/// What is known about a program without running it.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct CodeFacts {
    /// Top-level names of imported packages, sorted, each once; a relative import is `.`.
    pub imports: Vec<String>,
    /// Ways in which the code may import something else while it runs, such as `__import__`.
    pub dynamic: Vec<String>,
    /// True if part of the text is not valid in its language.
    pub has_error: bool,
    /// True if there was more to list than [`NAMES_MAX`].
    pub incomplete: bool,
}

/// The jailed role: reads source code from standard input and prints its facts as one line of JSON.
///
/// `args` are what follows the role's name: the language. Returns the exit code.
pub fn facts_main(args: &[String]) -> i32 {
    match read_facts(args) {
        Ok(()) => 0,
        Err(reason) => {
            // Standard error may be closed; there is nobody left to tell.
            let _ = writeln!(std::io::stderr(), "{reason}");
            1
        }
    }
}

fn read_facts(args: &[String]) -> Result<(), String> {
    if args != ["python"] {
        return Err("usage: facts python, with the code on standard input".to_owned());
    }
    let mut code = Vec::new();
    let most = SOURCE_BYTES_MAX as u64 + 1;
    std::io::stdin().lock().take(most).read_to_end(&mut code).map_err(|error| error.to_string())?;
    if code.len() > SOURCE_BYTES_MAX {
        return Err(format!("code is larger than {SOURCE_BYTES_MAX} bytes"));
    }
    let facts = python_facts(&code)?;
    let mut json = serde_json::to_vec(&facts).map_err(|error| error.to_string())?;
    json.push(b'\n');
    std::io::stdout().lock().write_all(&json).map_err(|error| error.to_string())
}
