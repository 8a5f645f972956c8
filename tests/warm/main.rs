//! Interpreters that wait for their program: that a program cannot tell, that no run finds another in
//! them, and that nobody loses a run when they die.

mod ceilings;
mod death;
mod endings;
mod readers;
mod sharing;

use ringfence_tests::{Installation, Server};
use serde_json::{Value, json};

/// How a run is asked for, with the same program each time.
fn ask(server: &Server, language: &str, code: &str, fresh: bool) -> Value {
    let body = json!({
        "language": language, "code": code, "fresh": fresh, "stdin": "some\ninput\n",
        "files": [{ "name": "in.txt", "content": "x" }],
        // Machines are busy.
        "limits": { "wallMs": 30000, "cpuMs": 30000 },
    });
    let (status, answer) = server.post("/v1/execute", &body);
    assert_eq!((status, &answer["status"]), (200, &json!("succeeded")), "{answer:#}");
    answer
}

fn stdout(answer: &Value) -> &str {
    answer["stdout"].as_str().expect("stdout is text")
}

/// What two runs printed, line by line or name by name, where it differs.
fn differences(warm: &str, fresh: &str) -> Vec<String> {
    let parsed = |text: &str| serde_json::from_str::<serde_json::Map<String, Value>>(text);
    match (parsed(warm), parsed(fresh)) {
        (Ok(warm), Ok(fresh)) => {
            let differ = |name: &&String| warm.get(*name) != fresh.get(*name);
            let names = warm.keys().chain(fresh.keys()).filter(differ);
            names.map(|name| format!("{name}: {:?} and {:?}", warm.get(name), fresh.get(name))).collect()
        }
        _ => {
            let pairs = warm.lines().zip(fresh.lines()).filter(|(warm, fresh)| warm != fresh);
            let mut all: Vec<String> = pairs.map(|(warm, fresh)| format!("{warm} and {fresh}")).collect();
            if warm.lines().count() != fresh.lines().count() {
                all.push(format!("{warm}\n is not as long as\n{fresh}"));
            }
            all
        }
    }
}

#[test]
fn a_program_cannot_tell_that_it_was_waited_for() {
    let house = Installation::new();
    let server = house.serve();
    for (language, code) in [
        ("python", include_str!("programs/seen.py").to_owned()),
        // The largest zygote, where most could show.
        ("python", format!("import pandas\n{}", include_str!("programs/seen.py"))),
        ("javascript", include_str!("programs/seen.js").to_owned()),
        ("bash", include_str!("programs/seen.sh").to_owned()),
    ] {
        let fresh = ask(&server, language, &code, true);
        // The second has what was made ready after the first, and the first what was ready before.
        for _ in 0..2 {
            let warm = ask(&server, language, &code, false);
            let differences = differences(stdout(&warm), stdout(&fresh));
            assert!(differences.is_empty(), "{language}:\n{}", differences.join("\n"));
        }
    }
}

#[test]
fn a_fresh_run_is_one_of_a_new_process() {
    let house = Installation::new();
    let server = house.serve();
    let code = "print(open('/proc/self/cmdline').read().split('\\0'))";
    assert!(stdout(&ask(&server, "python", code, true)).contains("/job/main.py"));
    assert!(stdout(&ask(&server, "python", code, false)).contains("zygote.py"));
}
