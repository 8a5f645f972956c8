//! `ringfence run` and `runtimes` on the command line.

use std::{fs, os::unix::fs::MetadataExt};

use ringfence_tests::{Installation, output_of};

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

#[test]
fn the_exit_code_and_the_output_are_the_programs() {
    let house = Installation::new();
    let file = house.path().join("program.sh");
    fs::write(&file, "echo out; echo err >&2; exit 3").unwrap();
    let output = house.output(&["run", file.to_str().unwrap()]);
    assert_eq!((output.status.code(), text(&output.stdout).as_str()), (Some(3), "out\n"));
    assert_eq!(text(&output.stderr), "err\n");
    for (code, words, exit) in [
        ("import sys; print(sys.argv[1:])", &["--", "a", "-b"][..], 0),
        ("while True: pass", &["--limit", "wallMs=200"], 124),
        ("x = bytearray(1 << 30)", &["--limit", "memoryBytes=64M"], 137),
        ("import os; os.kill(os.getpid(), 9)", &[], 137),
    ] {
        let all: Vec<&str> = ["run", "-", "--language", "python"].iter().chain(words).copied().collect();
        let output = output_of(house.command(&all), code.as_bytes());
        assert_eq!(output.status.code(), Some(exit), "{code}: {}", text(&output.stderr));
        if exit == 0 {
            assert_eq!(text(&output.stdout), "['a', '-b']\n");
        }
    }
}

#[test]
fn bad_input_is_one_line_and_runs_nothing() {
    let house = Installation::new();
    for (words, says) in [
        (&["run", "/nowhere/x.py"][..], "cannot open /nowhere/x.py"),
        (&["run", "-"], "--language"),
        (&["run", "-", "--language", "python", "--limit", "wallMs=300001"], "ceiling of 300000"),
        (&["run", "-", "--language", "python", "--limit", "memoryBytes=1M"], "floor of 16777216"),
        (&["run", "-", "--language", "python", "--file", "a=/nowhere"], "cannot open /nowhere"),
    ] {
        let output = output_of(house.command(words), b"print(1)");
        let said = text(&output.stderr);
        assert_eq!(output.status.code(), Some(125), "{words:?}: {said}");
        assert!(said.contains(says) && said.trim().lines().count() == 1, "{words:?}: {said}");
        assert!(output.stdout.is_empty());
    }
}

#[test]
fn files_go_in_and_come_out_as_the_callers() {
    let house = Installation::new();
    let (input, out) = (house.path().join("in.csv"), house.path().join("deep/out"));
    fs::write(&input, "a,b\n1,2\n").unwrap();
    let code = "import os, pandas as pd, matplotlib.pyplot as plt\n\
                table = pd.read_csv('data.csv'); os.makedirs('sub dir')\n\
                table.to_excel('sub dir/table.xlsx'); table.plot(); plt.savefig('chart.png')\n";
    let file = format!("data.csv={}", input.display());
    let words = ["run", "-", "--language", "python", "--file", &file, "--out", out.to_str().unwrap()];
    let output = output_of(house.command(&words), code.as_bytes());
    assert!(output.status.success(), "{}", text(&output.stderr));
    assert!(fs::read(out.join("chart.png")).unwrap().starts_with(b"\x89PNG"));
    assert!(fs::read(out.join("sub dir/table.xlsx")).unwrap().starts_with(b"PK"));
    assert!(!out.join("data.csv").exists(), "an unchanged input is not returned");
    let (file, directory) =
        (fs::metadata(out.join("chart.png")).unwrap(), fs::metadata(house.path()).unwrap());
    assert_eq!(file.uid(), directory.uid());
}

#[test]
fn the_answer_object_holds_what_clients_expect_and_more() {
    let house = Installation::new();
    let answer = house.run("python", "print(5050); open('f', 'wb').write(b'\\xff')", &[]);
    for key in ["id", "language", "exitCode", "stdout", "stderr", "duration", "timedOut"] {
        assert!(answer.get(key).is_some(), "{key}");
    }
    assert_eq!(answer["stdout"], "5050\n");
    assert_eq!(answer["status"], "succeeded");
    assert_eq!(answer["files"][0]["name"], "f");
    assert_eq!(answer["files"][0]["encoding"], "base64");
    assert_eq!(answer["limits"]["wallMs"], 10_000);
    assert_eq!(answer["isolation"]["complete"], true);
    let binary = house.run("bash", "printf '\\xff\\xfe'", &[]);
    assert_eq!((&binary["stdoutEncoding"], &binary["stdout"]), (&"base64".into(), &"//4=".into()));
}

#[test]
fn a_policy_that_restricts_libraries_reads_the_code_in_the_jail() {
    let house = Installation::new();
    let policy = fs::read_to_string(ringfence_tests::root().join("policies/default.toml")).unwrap();
    let (policy_file, config) = (house.path().join("policy.toml"), house.path().join("ringfence.toml"));
    fs::write(&policy_file, format!("{policy}\nallowed_libraries = [\"math\"]\n")).unwrap();
    fs::write(&config, format!("policy = {:?}\n", policy_file)).unwrap();
    let run = |code: &str| {
        let words = ["--config", config.to_str().unwrap(), "run", "-", "--language", "python"];
        output_of(house.command(&words), code.as_bytes())
    };
    let allowed = run("import math; print(math.pi)");
    assert!(allowed.status.success(), "{}", text(&allowed.stderr));
    let refused = run("import os; print(os.getpid())");
    assert_eq!(refused.status.code(), Some(125));
    assert!(text(&refused.stderr).contains("os"), "{}", text(&refused.stderr));
}
