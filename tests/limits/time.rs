//! Wall-clock and cpu time: how close to the limit a run ends. These tests run alone.

use std::time::Instant;

use ringfence_tests::Installation;
use serde_json::Value;

use crate::{assert_hit, assert_status, assert_within, number, run_with};

/// How far past the wall-clock limit a run may end, in milliseconds.
const WALL_SLACK_MS: u64 = 100;

fn elapsed_ms<T>(work: impl FnOnce() -> T) -> (T, u64) {
    let begun = Instant::now();
    let result = work();
    (result, u64::try_from(begun.elapsed().as_millis()).expect("a short time"))
}

#[test]
fn wall_time_is_within_100_ms() {
    let installation = Installation::new();
    let go = |language: &str, code: &str, limit| {
        elapsed_ms(|| run_with(&installation, language, code, &[("wallMs", limit)], &[]))
    };
    for (language, code) in [
        ("python", "import time; time.sleep(60)"),
        ("bash", "trap '' TERM INT HUP; while :; do read -rt 60 < /dev/zero; done"),
        ("bash", "kill -STOP $$; sleep 60"),
    ] {
        for limit in [300, 1000] {
            let (_, start_ms) = go("bash", "true", 10_000);
            let (answer, real_ms) = go(language, code, limit);
            assert_status(&answer, "timed_out");
            assert_eq!(answer["timedOut"], true);
            assert_eq!(answer["exitCode"], 124);
            assert_hit(&answer, "wallMs", "timed_out", limit);
            assert_within("usage.wallMs", number(&answer, "/usage/wallMs"), limit, limit + WALL_SLACK_MS);
            assert_within("the client's time", real_ms, limit, limit + WALL_SLACK_MS + start_ms);
        }
    }
}

/// Burns cpu in two processes at once.
const BURN_PYTHON: &str = "
import os
if os.fork() == 0:
    while True: pass
while True: pass
";

const BURN_BASH: &str = "(while :; do :; done) & (while :; do :; done) & wait";

fn burn(language: &str, code: &str, limit: u64) -> Value {
    run_with(&Installation::new(), language, code, &[("cpuMs", limit)], &[])
}

#[test]
fn cpu_time_of_the_tree_is_within_10_percent() {
    for (language, code) in [("python", BURN_PYTHON), ("bash", BURN_BASH), ("python", "while True: pass")] {
        for limit in [500, 1500] {
            let answer = burn(language, code, limit);
            assert_status(&answer, "timed_out");
            assert_hit(&answer, "cpuMs", "timed_out", limit);
            assert_within(
                "usage.cpuMs",
                number(&answer, "/usage/cpuMs"),
                limit - limit / 10,
                limit + limit / 10,
            );
        }
    }
}

#[test]
fn many_short_children_cannot_hide_their_cpu_time() {
    let answer = burn("bash", "while :; do (:); done", 500);
    assert_status(&answer, "timed_out");
    assert_within("usage.cpuMs", number(&answer, "/usage/cpuMs"), 450, 550);
}

#[test]
fn time_asleep_is_not_cpu_time() {
    let code = "import time; time.sleep(0.5)";
    let answer = run_with(&Installation::new(), "python", code, &[("cpuMs", 300)], &[]);
    assert_status(&answer, "succeeded");
    assert_within("usage.wallMs", number(&answer, "/usage/wallMs"), 500, 800);
    assert!(number(&answer, "/usage/cpuMs") < 300, "{answer:#}");
}
