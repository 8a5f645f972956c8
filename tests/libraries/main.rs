//! The library matrix: what each runtime promises is used in the jail for a real computation.
//!
//! Each program checks its own results and prints `ok` last. None may run into a limit, and none may
//! have a call refused, but those that are here to be refused.

use std::{collections::BTreeSet, fs, path::PathBuf, thread};

use ringfence_tests::{Installation, Server, root};
use serde_json::{Value, json};

/// Programs under way at once.
const AT_ONCE: usize = 2;

/// Programs whose point is that something is refused, and the calls that are named then.
const REFUSED: [(&str, &[&str]); 2] = [
    ("network_is_absent.py", &["socket"]),
    // An identifier of version 1 holds a network card's address, so it looks for one.
    ("secrets_and_hashes.py", &["socket"]),
];

/// Files that programs return, as a check that they can be opened elsewhere: their first bytes.
const RETURNED: [(&str, &str, &str); 3] = [
    ("charts.py", "chart.png", "iVBORw0KGgo"),
    ("spreadsheets.py", "edited.xlsx", "UEsDB"),
    ("parquet.py", "table.parquet", "UEFSM"),
];

fn programs(language: &str) -> Vec<PathBuf> {
    let directory = root().join("tests/libraries").join(language);
    let mut found: Vec<PathBuf> =
        fs::read_dir(directory).expect("programs").flatten().map(|entry| entry.path()).collect();
    found.sort();
    found
}

fn name_of(program: &std::path::Path) -> String {
    program.file_name().expect("a name").to_string_lossy().into_owned()
}

/// What is wrong with the answer to a program; nothing if all went well.
fn verdict(name: &str, status: u16, answer: &Value) -> Result<(), String> {
    let refused = REFUSED.iter().find(|(program, _)| *program == name).map_or(&[][..], |(_, calls)| calls);
    let calls = answer["deniedSyscalls"].as_array().ok_or_else(|| format!("status {status}: {answer:#}"))?;
    let named: BTreeSet<&str> = calls.iter().filter_map(|call| call["name"].as_str()).collect();
    if named != refused.iter().copied().collect() {
        return Err(format!("refused calls {named:?}"));
    }
    let ended_well = answer["status"] == "succeeded"
        && answer["limitsHit"] == json!([])
        && answer["stdout"].as_str().is_some_and(|text| text.lines().last() == Some("ok"));
    if !ended_well {
        return Err(format!("{}, limits {}: {}", answer["status"], answer["limitsHit"], answer["stderr"]));
    }
    for (_, file, content) in RETURNED.iter().filter(|(program, ..)| *program == name) {
        let files = answer["files"].as_array().ok_or("no files")?;
        let found = files.iter().find(|returned| returned["name"] == *file);
        let begins = |file: &Value| file["content"].as_str().is_some_and(|text| text.starts_with(content));
        if !found.is_some_and(begins) {
            return Err(format!("{file} was not returned as it should be"));
        }
    }
    Ok(())
}

/// Runs every program of a language and tells of all that went wrong at once.
fn all_work(language: &str) {
    let installation = Installation::new();
    let server = installation.serve();
    let programs = programs(language);
    // What a program takes on a busy machine is not the point here.
    let limits = json!({ "wallMs": 60_000, "cpuMs": 60_000 });
    let run = |server: &Server, program: &PathBuf| {
        let code = fs::read_to_string(program).expect("a program");
        let (status, answer) =
            server.post("/v1/execute", &json!({ "language": language, "code": code, "limits": limits }));
        let name = name_of(program);
        verdict(&name, status, &answer).map_err(|why| format!("{name}: {why}"))
    };
    let wrong: Vec<String> = thread::scope(|scope| {
        let workers: Vec<_> = (0..AT_ONCE)
            .map(|worker| {
                let mine = programs.iter().skip(worker).step_by(AT_ONCE);
                let (run, server) = (&run, &server);
                scope.spawn(move || mine.filter_map(|program| run(server, program).err()).collect::<Vec<_>>())
            })
            .collect();
        workers.into_iter().flat_map(|worker| worker.join().expect("no panic")).collect()
    });
    assert!(programs.len() > 3 && wrong.is_empty(), "\n{}", wrong.join("\n"));
}

#[test]
fn pythons_libraries_work() {
    all_work("python");
}

#[test]
fn bashs_tools_work() {
    all_work("bash");
}

#[test]
fn every_python_library_is_used() {
    // Names by which libraries are imported, where they differ.
    let imported = |library: &str| match library {
        "pillow" => "PIL".to_owned(),
        "python-dateutil" => "dateutil".to_owned(),
        "scikit-learn" => "sklearn".to_owned(),
        "tzdata" => "zoneinfo".to_owned(),
        other => other.replace('-', "_"),
    };
    let text: String =
        programs("python").iter().map(|program| fs::read_to_string(program).expect("a program")).collect();
    let asked = fs::read_to_string(root().join("runtimes/python/requirements.in")).expect("the list");
    for library in asked.lines().filter(|line| !line.is_empty() && !line.starts_with('#')) {
        let name = imported(library);
        let used = [format!("import {name}"), format!("from {name}")].iter().any(|line| text.contains(line));
        assert!(used, "no program uses {library}");
    }
}
