//! The operator's ceilings and floors, and what answers say about the limits in force.

use std::fs;

use ringfence_tests::{Installation, output_of};

use crate::{assert_status, number, run};

/// `run --limit LIMIT=VALUE` is refused with `message`, and the program does not run.
fn refused(limit: &str, value: &str, message: &str) {
    let installation = Installation::new();
    let option = format!("{limit}={value}");
    let command = installation.command(&["run", "-", "--language", "bash", "--limit", &option]);
    let output = output_of(command, b"echo ran");
    let stderr = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(125), "{stderr}");
    assert!(stderr.contains(message), "{stderr}");
    assert!(output.stdout.is_empty());
}

#[test]
fn beyond_a_ceiling_is_refused_with_the_ceiling() {
    refused("wallMs", "300001", "limit wallMs = 300001 is above the ceiling of 300000");
    refused("cpuMs", "300001", "ceiling of 300000");
    refused("memoryBytes", "4294967297", "ceiling of 4294967296");
    refused("tasks", "1025", "ceiling of 1024");
    refused("outputFiles", "257", "ceiling of 256");
    refused("stdoutBytes", "18446744073709551615", "ceiling of 4194304");
}

#[test]
fn below_a_floor_is_refused_with_the_floor() {
    refused("wallMs", "9", "limit wallMs = 9 is below the floor of 10");
    refused("memoryBytes", "1", "floor of 16777216");
    refused("tasks", "0", "floor of 1");
}

#[test]
fn more_scratch_than_half_the_memory_is_refused() {
    let installation = Installation::new();
    let words =
        ["run", "-", "--language", "bash", "--limit", "memoryBytes=64M", "--limit", "scratchBytes=33M"];
    let output = output_of(installation.command(&words), b"echo ran");
    assert_eq!(output.status.code(), Some(125));
    let stderr = String::from_utf8_lossy(&output.stderr);
    assert!(stderr.contains("above 33554432, half of memoryBytes"), "{stderr}");
}

#[test]
fn the_operators_ceiling_is_the_one_that_holds() {
    let installation = Installation::new();
    let config = installation.path().join("ringfence.toml");
    let range = "[limits.wallMs]\ndefault = 700\nfloor = 100\nceiling = 2000\n";
    fs::write(&config, range).expect("a configuration file");
    let config = config.to_string_lossy();
    let answer = installation.run("bash", "true", &["--config", &config]);
    assert_eq!(number(&answer, "/limits/wallMs"), 700);
    let words = ["run", "-", "--language", "bash", "--config", &config, "--limit", "wallMs=2001"];
    let output = output_of(installation.command(&words), b"echo ran");
    assert_eq!(output.status.code(), Some(125));
    assert!(String::from_utf8_lossy(&output.stderr).contains("above the ceiling of 2000"));
}

#[test]
fn effective_values_are_in_every_answer() {
    let answer = run("bash", "exit 7", &[("wallMs", 1234), ("memoryBytes", 64 << 20), ("tasks", 5)]);
    assert_status(&answer, "failed");
    let expected = serde_json::json!({
        "wallMs": 1234, "cpuMs": 10_000, "memoryBytes": 64 << 20, "tasks": 5, "openFiles": 256,
        "fileBytes": 256 << 20, "scratchBytes": 32 << 20, "scratchInodes": 8192,
        "stdoutBytes": 65_536, "stderrBytes": 65_536, "outputFiles": 32, "outputBytes": 10 << 20,
        "outputDepth": 8, "outputNameBytes": 255,
    });
    assert_eq!(answer["limits"], expected);
}
