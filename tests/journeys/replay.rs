//! `ringfence replay` and `rerun`: a recorded run's code once more, on its own inputs or on others.

use std::{fs, path::Path, process::Output};

use ringfence_tests::{Installation, output_of};
use serde_json::{Value, json};

use crate::record::events;

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

fn id(answer: &Value) -> String {
    answer["id"].as_str().unwrap_or_else(|| panic!("no answer: {answer}")).to_owned()
}

/// Replays a run: exit code and what is said on standard output.
fn replay(house: &Installation, run: &str) -> (Option<i32>, String) {
    let output = house.output(&["replay", run]);
    assert!(output.status.code() != Some(125), "{}", text(&output.stderr));
    (output.status.code(), text(&output.stdout))
}

fn rerun(house: &Installation, run: &str, file: &str, more: &[&str]) -> Output {
    house.output(&[&["rerun", run, "--file", file], more].concat())
}

/// The program's one line of refusal.
fn refusal(output: &Output) -> String {
    let said = text(&output.stderr);
    assert_eq!((output.status.code(), said.trim().lines().count()), (Some(125), 1), "{said}");
    said
}

fn write(house: &Installation, name: &str, content: &str) -> String {
    let path = house.path().join(name);
    fs::write(&path, content).unwrap();
    path.to_str().unwrap().to_owned()
}

#[test]
fn the_same_again_is_identical_in_every_language() {
    let house = Installation::new();
    let input = write(&house, "in.csv", "a,b\n1,2\n");
    let file = format!("in.csv={input}");
    for (language, code) in [
        (
            "python",
            "import sys; print(sys.argv[1:], open('in.csv').read()); open('out', 'w').write('x' * 20000)",
        ),
        ("javascript", "console.error(process.argv.slice(2)); process.exit(3)"),
        ("typescript", "const n: number = 42; console.log(n, process.argv.slice(2))"),
        ("bash", "echo \"$@\"; mkdir d; cp in.csv d/copy; kill -SEGV $$"),
    ] {
        let answer = house.run(language, code, &["--file", &file, "--", "one", "two"]);
        assert_ne!((&answer["stdout"], &answer["stderr"]), (&json!(""), &json!("")), "{answer}");
        assert_eq!(replay(&house, &id(&answer)), (Some(0), "identical\n".to_owned()), "{language}");
    }
}

#[test]
fn what_differs_is_shown_and_recorded_as_a_run_of_its_own() {
    let house = Installation::new();
    // Every second is another; the files and the end depend on it.
    let code = "import os, sys, time\n\
                print('always')\nprint(time.time_ns())\n\
                mark = os.urandom(8).hex()\n\
                open('same', 'w').write('same'); open(mark, 'w').write('x'); open('changed', 'w').write(mark)\n";
    let first = house.run("python", code, &["--limit", "wallMs=5000"]);
    let output = house.output(&["replay", &id(&first), "--json"]);
    let again: Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(output.status.code(), Some(1));
    let comparison = &again["comparison"];
    let mark = |answer: &Value| {
        let mut names = answer["files"].as_array().unwrap().iter().map(|file| file["name"].clone());
        names.find(|name| name != "same" && name != "changed").unwrap()
    };
    assert_eq!((&comparison["of"], &comparison["identical"]), (&first["id"], &json!(false)));
    let differences = comparison["differences"].as_array().unwrap();
    assert!(differences.iter().all(|d| ["file", "stdout"].contains(&d["what"].as_str().unwrap())));
    let files = |side: &str| -> Vec<&Value> {
        differences.iter().map(|d| &d[side]["name"]).filter(|name| !name.is_null()).collect()
    };
    let (gone, new) = (mark(&first), mark(&again));
    assert!(files("before").contains(&&gone) && files("before").contains(&&json!("changed")), "{comparison}");
    assert!(files("after").contains(&&new) && !files("after").contains(&&gone), "{comparison}");
    let stdout = differences.iter().find(|d| d["what"] == "stdout").unwrap();
    assert_eq!((&stdout["excerpt"]["line"], &stdout["excerpt"]["common"]), (&json!(2), &json!(["always"])));
    let line = first["stdout"].as_str().unwrap().lines().nth(1).unwrap();
    assert_eq!(stdout["excerpt"]["before"], json!([line]));

    // In words.
    let (code, said) = replay(&house, &id(&first));
    assert_eq!(code, Some(1));
    let shown = format!("standard output: differs from line 2\n    always\n  - {line}\n  + ");
    assert!(said.contains(&shown) && said.contains("file \"changed\": changed, 16 bytes then"), "{said}");
    assert!(!said.contains("\"same\"") && !said.contains("runtime"), "{said}");

    // The repetition names what it repeats, and ran within the same limits.
    let (before, after) = (events(&house, &id(&first)), events(&house, &id(&again)));
    assert_eq!((&after[0].1["of"], &before[0].1["of"]), (&first["id"], &Value::Null));
    assert_eq!(after[1], before[1]);
    assert_eq!(after[1].1["limits"]["wallMs"], 5000);
    // A repetition can be repeated.
    assert_eq!(house.output(&["replay", &id(&again)]).status.code(), Some(1));
}

#[test]
fn what_came_over_http_is_replayed_with_all_it_had() {
    let house = Installation::new();
    let server = house.serve();
    let (_, answer) = server.post(
        "/v1/execute",
        &json!({ "language": "bash", "code": "cat; echo \"$1 $GREETING\"; strace -V || printf '\\xff' >&2; exit 4",
            "args": ["one"], "env": { "GREETING": "hello" }, "stdin": "AP8K", "stdinEncoding": "base64" }),
    );
    assert_eq!((&answer["exitCode"], &answer["stdoutEncoding"]), (&json!(4), &json!("base64")), "{answer}");
    // Another tenant's, while the server runs.
    assert_eq!(replay(&house, &id(&answer)), (Some(0), "identical\n".to_owned()));
}

#[test]
fn a_runtime_that_was_built_anew_is_named_beside_a_difference() {
    let house = Installation::with_own_runtimes();
    let same = house.run("bash", "echo same", &[]);
    let other = house.run("bash", "date +%N", &[]);
    let manifest = house.runtimes_dir().join("shell/manifest.json");
    let content = fs::read_to_string(&manifest).unwrap();
    fs::remove_file(&manifest).unwrap();
    fs::write(&manifest, format!("{content}\n")).unwrap();
    let (code, said) = replay(&house, &id(&other));
    assert!(code == Some(1) && said.contains("runtime: it was built anew since"), "{said}");
    assert_eq!(replay(&house, &id(&same)), (Some(0), "identical\n".to_owned()));
}

#[test]
fn what_cannot_be_repeated_is_one_line_and_runs_nothing() {
    let house = Installation::new();
    let unknown = house.output(&["replay", "00000000-0000-7000-8000-000000000000"]);
    assert!(refusal(&unknown).contains("there is no run 00000000-0000-7000-8000-000000000000"));

    let refused = house.output(&["ask", "please write a poem"]);
    assert_eq!(refused.status.code(), Some(125));
    let rows = crate::record::query(&house, "select run from events where kind = 'run.refused'");
    let run = rows[0]["run"].as_str().unwrap();
    assert!(refusal(&house.output(&["replay", run])).contains("has no result: it was refused"));

    // Content that is kept as a file of its own, gone as when its time is over.
    let input = write(&house, "in.txt", &"x".repeat(20_000));
    let file = format!("in.txt={input}");
    let answer = house.run("bash", "wc -c in.txt", &["--file", &file]);
    let blobs = house.path().join("data/blobs");
    let erased = fs::read_dir(&blobs).unwrap().flatten().map(|entry| entry.path());
    erased.for_each(|directory| fs::remove_dir_all(directory).unwrap());
    let said = refusal(&house.output(&["replay", &id(&answer)]));
    assert!(said.contains("file \"in.txt\" of run") && said.contains("was erased"), "{said}");
    let said = refusal(&rerun(&house, &id(&answer), &input, &[]));
    assert!(said.contains("was erased"), "{said}");

    // The limits it had are beyond what the operator allows now.
    let answer = house.run("bash", "echo", &["--limit", "wallMs=9000"]);
    let config = write(&house, "r.toml", "[limits.wallMs]\ndefault = 1000\nfloor = 10\nceiling = 5000\n");
    let output = house.output(&["--config", &config, "replay", &id(&answer)]);
    assert!(refusal(&output).contains("wallMs = 9000 is above the ceiling of 5000"));
}

#[test]
fn a_question_is_answered_again_without_its_author() {
    let house = Installation::new();
    let csv = write(&house, "books.csv", "shelf,copies\nnorth,3\nsouth,4\n");
    let asked = house.output(&["ask", "total copies", "--json", "--file", &csv]);
    let answer: Value = serde_json::from_slice(&asked.stdout).unwrap();
    let output = house.output(&["replay", &id(&answer), "--json"]);
    let again: Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(again["comparison"]["identical"], true, "{again}");
    let history = events(&house, &id(&again));
    let kinds: Vec<&str> = history.iter().map(|(kind, _)| kind.as_str()).collect();
    assert!(!kinds.contains(&"code.asked") && kinds.contains(&"exec.finished"), "{kinds:?}");

    // The same question of next month's table, under another name and with another column.
    let next = write(&house, "next.csv", "shelf,copies,room\nnorth,30,1\nsouth,41,2\n");
    let output = rerun(&house, &id(&answer), &next, &["--json"]);
    let rerun: Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(output.status.code(), Some(0), "{}", text(&output.stderr));
    assert_eq!(rerun["stdout"].as_str().unwrap().trim(), "Total copies: 71");
    assert_eq!(rerun["drift"], json!([{ "file": "books.csv", "change": "added", "column": "room" }]));
    assert_eq!(events(&house, &id(&rerun))[0].1["of"], answer["id"]);
}

#[test]
fn a_table_that_has_changed_stops_the_code_that_was_made_for_it() {
    let house = Installation::new();
    let csv = write(&house, "sales.csv", "day,region,amount\n2026-01-31,east,1.5\n2026-02-01,west,2\n");
    let code = "echo ran; cut -d, -f3 sales.csv";
    let file = format!("sales.csv={csv}");
    let answer = house.run("bash", code, &["--file", &file]);
    let next = |content: &str| write(&house, "next.csv", content);
    let changes = [
        ("day,amount\n2026-03-01,1.5\n", "column \"region\" is missing"),
        ("day,region,amount\n2026-03-01,east,much\n", "column \"amount\" held numbers, now holds text"),
        (
            "day,region,amount\n31.03.2026,east,1.5\n",
            "dates in column \"day\" were written \"ISO8601\", now \"%d.%m.%Y\"",
        ),
        ("day;region;amount\n2026-03-01;east;1,5\n", "decimals were separated by '.', now by ','"),
        ("region,amount,day\neast,3.5,2026-03-01\n", "the columns stand in other places"),
        ("", "it cannot be read as a table"),
    ];
    for (content, says) in changes {
        let output = rerun(&house, &id(&answer), &next(content), &[]);
        let said = text(&output.stderr);
        assert_eq!((output.status.code(), text(&output.stdout)), (Some(1), String::new()), "{said}");
        assert!(said.contains(says) && said.contains("--anyway"), "{says}: {said}");
    }
    let started = "select count(*) as n from events where kind = 'exec.started'";
    // The first run is all that was executed.
    assert_eq!(crate::record::query(&house, started)[0]["n"], 1);

    let output = rerun(&house, &id(&answer), &next(changes[0].0), &["--anyway"]);
    assert_eq!((output.status.code(), text(&output.stdout)), (Some(0), "ran\n".to_owned() + "\n\n"));
    assert!(text(&output.stderr).contains(changes[0].1));
}

#[test]
fn each_file_takes_the_place_that_is_said() {
    let house = Installation::new();
    let (a, b) = (write(&house, "a.txt", "a1\n"), write(&house, "b.txt", "b1\n"));
    let words = [
        "run",
        "-",
        "--language",
        "bash",
        "--json",
        "--file",
        &format!("a={a}"),
        "--file",
        &format!("b={b}"),
    ];
    let output = output_of(house.command(&words), b"cat a b | tee out");
    let run = id(&serde_json::from_slice(&output.stdout).unwrap());
    let new = write(&house, "new.txt", "new\n");
    assert!(refusal(&rerun(&house, &run, &new, &[])).contains("NAME=PATH; the run read \"a\", \"b\""));
    assert!(refusal(&rerun(&house, &run, &format!("c={new}"), &[])).contains("no file \"c\""));
    assert!(refusal(&rerun(&house, &run, "b=/nowhere", &[])).contains("cannot open /nowhere"));
    let out = house.path().join("out");
    let output = rerun(&house, &run, &format!("b={new}"), &["--out", out.to_str().unwrap()]);
    assert_eq!((output.status.code(), text(&output.stdout)), (Some(0), "a1\nnew\n".to_owned()));
    assert_eq!(fs::read_to_string(Path::new(&out).join("out")).unwrap(), "a1\nnew\n");
    let output = rerun(&house, &run, &format!("a={new}"), &["--file", &format!("b={new}")]);
    assert_eq!(text(&output.stdout), "new\nnew\n");
}
