//! JavaScript and TypeScript as people write them: modules, positions, exit codes, limits, Node's own library.

mod endings;
mod limits;
mod modules;
mod node;
mod positions;

use std::fs;

use ringfence_tests::Installation;
use serde_json::Value;

/// Runs a program with input files beside it, given as name and content, and options of `ringfence run`.
fn run_with(language: &str, code: &str, files: &[(&str, &str)], options: &[&str]) -> Value {
    let installation = Installation::new();
    let named = files.iter().map(|(name, content)| {
        let path = installation.path().join(name);
        fs::write(&path, content).expect("an input file is written");
        format!("{name}={}", path.display())
    });
    let named: Vec<String> = named.collect();
    let mut words: Vec<&str> = named.iter().flat_map(|file| ["--file", file]).collect();
    words.extend(options);
    installation.run(language, code, &words)
}

fn run(language: &str, code: &str) -> Value {
    run_with(language, code, &[], &[])
}

/// Lines of standard output of a program that must succeed without a refused call.
fn lines(answer: &Value) -> Vec<&str> {
    assert_eq!(answer["status"], "succeeded", "{answer:#}");
    assert_eq!(answer["deniedSyscalls"], serde_json::json!([]), "{answer:#}");
    answer["stdout"].as_str().expect("stdout is text").lines().collect()
}

fn stderr(answer: &Value) -> &str {
    answer["stderr"].as_str().expect("stderr is text")
}
