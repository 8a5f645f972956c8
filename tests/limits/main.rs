//! Every limit, tried from outside: exact at its boundary, named when it fires, and nothing left behind.

mod amounts;
mod groups;
mod guest;
mod leftovers;
mod memory;
mod ordinary;
mod outputs;
mod ranges;
mod statuses;
mod time;

use ringfence_tests::Installation;
use serde_json::Value;

/// One page of tmpfs in bytes.
const PAGE_BYTES: u64 = 4096;

/// One mebibyte in bytes.
const MIB: u64 = 1024 * 1024;

/// Wall-clock limit in milliseconds where time is not what is tried: some machines are emulated.
const PATIENCE_MS: u64 = 60_000;

/// Runs code under limits in an installation of its own.
fn run(language: &str, code: &str, limits: &[(&str, u64)]) -> Value {
    run_with(&Installation::new(), language, code, limits, &[])
}

/// Runs code under limits, with more options of `ringfence run`.
fn run_with(
    installation: &Installation,
    language: &str,
    code: &str,
    limits: &[(&str, u64)],
    options: &[&str],
) -> Value {
    let limits: Vec<String> = limits.iter().map(|(name, value)| format!("{name}={value}")).collect();
    let mut words: Vec<&str> = limits.iter().flat_map(|limit| ["--limit", limit]).collect();
    // Last, as they may hold the program's own arguments.
    words.extend(options);
    installation.run(language, code, &words)
}

/// Names of the limits that fired, in the answer's order.
fn hits(answer: &Value) -> Vec<&str> {
    let hits = answer["limitsHit"].as_array().expect("limitsHit is a list");
    hits.iter().map(|hit| hit["limit"].as_str().expect("a limit has a name")).collect()
}

/// The answer names `limit` with what it did and the value in force.
fn assert_hit(answer: &Value, limit: &str, event: &str, value: u64) {
    let hit = serde_json::json!({
        "limit": limit, "event": event, "value": value, "setting": format!("limits.{limit}") });
    let found = answer["limitsHit"].as_array().is_some_and(|hits| hits.contains(&hit));
    assert!(found, "{limit} is not named: {answer:#}");
}

fn assert_status(answer: &Value, status: &str) {
    assert_eq!(answer["status"], status, "{answer:#}");
}

fn stdout(answer: &Value) -> &str {
    answer["stdout"].as_str().expect("stdout is text").trim()
}

/// A number somewhere in the answer.
fn number(answer: &Value, pointer: &str) -> u64 {
    answer.pointer(pointer).and_then(Value::as_u64).unwrap_or_else(|| panic!("no {pointer}: {answer:#}"))
}

/// `value` lies within `least..=most`.
fn assert_within(what: &str, value: u64, least: u64, most: u64) {
    assert!((least..=most).contains(&value), "{what} is {value}, not within {least} to {most}");
}

/// Also a long round of `make soak`: `RINGFENCE_SOAK_RUNS` sets how many.
#[test]
fn nothing_is_left_behind() {
    leftovers::many_mixed_runs();
}
