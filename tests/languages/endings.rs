//! How a program ends is how Node ends it.

use crate::{lines, run, run_with, stderr};

fn ends(language: &str, code: &str, status: &str, exit_code: i32, said: &str) {
    let answer = run(language, code);
    assert_eq!(
        (&answer["status"], &answer["exitCode"]),
        (&status.into(), &exit_code.into()),
        "{code}: {answer:#}"
    );
    assert!(stderr(&answer).contains(said), "{code}: {answer:#}");
}

#[test]
fn exit_codes_are_the_programs_own() {
    for language in ["javascript", "typescript"] {
        ends(language, "process.exit(3)", "failed", 3, "");
        ends(language, "process.exitCode = 4;", "failed", 4, "");
        ends(language, "process.exitCode = 5; await 1;", "failed", 5, "");
        ends(language, "setTimeout(() => { throw new Error('late') }, 5)", "failed", 1, "Error: late");
        ends(language, "Promise.reject(new Error('nobody'))", "failed", 1, "Error: nobody");
        ends(language, "await Promise.reject(5)", "failed", 1, "5");
        ends(language, "await new Promise(() => {})", "failed", 13, "Detected unsettled top-level await");
        ends(language, "process.on('uncaughtException', () => process.exit(9)); throw 1", "failed", 9, "");
        ends(language, "await 1; process.exit()", "succeeded", 0, "");
    }
    ends(
        "javascript",
        "process.kill(process.pid, 'SIGTERM'); setTimeout(() => {}, 1e6)",
        "signaled",
        143,
        "",
    );
    ends("javascript", "process.abort()", "signaled", 134, "");
    ends("javascript", "require('lodash')", "failed", 1, "Cannot find module 'lodash'");
}

#[test]
fn what_was_printed_before_the_end_is_kept() {
    for end in ["process.exit(0)", "throw new Error('the end')", "process.exitCode = 0"] {
        let code = format!("process.stdout.write('x'.repeat(2e6)); console.error('y'.repeat(2e5)); {end}");
        let options = ["--limit", "stdoutBytes=4M", "--limit", "stderrBytes=4M"];
        let answer = run_with("javascript", &code, &[], &options);
        assert_eq!(answer["stdout"].as_str().map(str::len), Some(2_000_000), "{end}");
        assert!(stderr(&answer).len() > 200_000, "{end}");
    }
    let code = "
        const { spawn, spawnSync } = require('child_process');
        console.log('first');
        spawnSync('seq', ['100000'], { stdio: 'inherit' });
        spawn('seq', ['100000']).stdout.pipe(process.stdout);";
    let answer = run_with("javascript", code, &[], &["--limit", "stdoutBytes=4M"]);
    assert_eq!(lines(&answer).len(), 200_001);
}
