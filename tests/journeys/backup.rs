//! `ringfence backup`: a copy of everything while it is in use, and using the copy.

use std::{
    fs,
    os::unix::fs::{MetadataExt, PermissionsExt},
    path::{Path, PathBuf},
    process::{Output, Stdio},
    sync::{
        Mutex,
        atomic::{AtomicBool, Ordering},
    },
    thread,
};

use ringfence_tests::{
    Installation, Server, is_root,
    processes::{eventually, kill},
    wrapped,
};
use serde_json::{Value, json};

use crate::runs::get;

/// Clients that execute while the backup is made.
const CLIENTS: usize = 4;

/// Backups until one takes as long as a run.
const BACKUPS_MAX: usize = 20;

/// Leaves more than fits into the database, printed and in a file, other than any other run.
const CODE: &str = "echo $1; seq $1 10000; seq $1 9000 > left.txt";

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

fn backup(house: &Installation, directory: &Path) -> Output {
    house.output(&["backup", directory.to_str().unwrap()])
}

/// The installation's program on a copy of its data.
fn on_copy(house: &Installation, copy: &Path, words: &[&str]) -> std::process::Command {
    let mut command = house.command(words);
    command.env("RINGFENCE_DATA_DIR", copy);
    command
}

fn execute(server: &Server, number: usize) -> Value {
    let body = json!({ "language": "bash", "code": CODE, "args": [number.to_string()] });
    let (status, answer) = server.post("/v1/execute", &body);
    assert_eq!((status, &answer["status"]), (200, &json!("succeeded")), "{answer}");
    answer
}

/// The run's program, on the copy too, prints what it printed and leaves what it left.
fn is_kept(server: &Server, answer: &Value) {
    let path = format!("/v1/runs/{}", answer["id"].as_str().unwrap());
    let (status, run) = get(server, &path);
    assert_eq!((status, &run["status"]), (200, &json!("succeeded")), "{run}");
    for field in ["stdout", "files", "exitCode", "usage"] {
        assert_eq!(run["answer"][field], answer[field]);
    }
}

fn blobs(data: &Path) -> Vec<PathBuf> {
    let directories = fs::read_dir(data.join("blobs")).unwrap().flatten().map(|entry| entry.path());
    directories.flat_map(|path| fs::read_dir(path).unwrap().flatten().map(|entry| entry.path())).collect()
}

#[test]
fn a_backup_under_load_has_every_run_that_had_ended_and_serves() {
    let house = Installation::new();
    let mut server = house.serve();
    let (ended, stop) = (Mutex::new(Vec::new()), AtomicBool::new(false));
    let copy = house.path().join("copy");
    let before = thread::scope(|scope| {
        for client in 1..=CLIENTS {
            let (server, ended, stop) = (&server, &ended, &stop);
            scope.spawn(move || {
                for number in 0.. {
                    if stop.load(Ordering::Relaxed) {
                        return;
                    }
                    let answer = execute(server, client + CLIENTS * number);
                    ended.lock().unwrap().push(answer);
                }
            });
        }
        let count = || ended.lock().unwrap().len();
        eventually("some runs have ended", || count() >= 3 * CLIENTS);
        // A quick backup may be done before any of the clients is answered.
        let (before, output) = (0..BACKUPS_MAX)
            .find_map(|_| {
                let before = ended.lock().unwrap().clone();
                let _ = fs::remove_dir_all(&copy);
                let output = backup(&house, &copy);
                (count() > before.len()).then_some((before, output))
            })
            .unwrap_or_else(|| {
                stop.store(true, Ordering::Relaxed);
                panic!("nothing was executed meanwhile");
            });
        stop.store(true, Ordering::Relaxed);
        assert!(output.status.success(), "{}", text(&output.stderr));
        before
    });
    let key = server.key.clone();
    // What comes afterwards is not in it.
    let after = execute(&server, 1);
    assert!(server.stop());
    let mode = |path: &Path| fs::metadata(path).unwrap().permissions().mode() & 0o777;
    assert_eq!((mode(&copy), mode(&copy.join("pepper"))), (0o700, 0o600));
    let owner = |path: &Path| fs::metadata(path).unwrap().uid();
    let data = house.path().join("data");
    assert_eq!(owner(&copy.join("pepper")), owner(&data.join("pepper")));
    assert!(!house.path().join("copy.partial").exists());

    let verified = on_copy(&house, &copy, &["audit", "verify"]).output().unwrap();
    assert!(verified.status.success(), "{}{}", text(&verified.stdout), text(&verified.stderr));
    server = Server::start(on_copy(&house, &copy, &["serve", "--listen", "127.0.0.1:0"]));
    assert!(server.key.is_empty(), "the keys are there");
    server.key = key;
    before.iter().for_each(|answer| is_kept(&server, answer));
    let (status, _) = get(&server, &format!("/v1/runs/{}", after["id"].as_str().unwrap()));
    assert_eq!(status, 404);
    is_kept(&server, &execute(&server, 2));
    assert!(server.stop());
    let run = before[0]["id"].as_str().unwrap();
    let replayed = on_copy(&house, &copy, &["replay", run]).output().unwrap();
    assert_eq!(text(&replayed.stdout), "identical\n");
}

#[test]
fn what_cannot_be_a_backup_is_refused_in_one_line() {
    let house = Installation::new();
    let place = |name: &str| house.path().join(name);
    let refused = |output: Output, says: &str| {
        let said = text(&output.stderr);
        assert_eq!((output.status.code(), said.trim().lines().count()), (Some(125), 1), "{said}");
        assert!(said.contains(says), "{says}: {said}");
    };
    refused(backup(&house, &place("copy")), "nothing to back up");
    assert!(!place("data").exists(), "it was made");
    house.run("bash", "seq 10000", &[]);
    fs::create_dir(place("full")).unwrap();
    fs::write(place("full/file"), "x").unwrap();
    refused(backup(&house, &place("full")), "is not empty");
    refused(backup(&house, &place("full/file")), "is not a directory");
    refused(backup(&house, &place("nowhere/copy")), "there is no directory to make");
    refused(backup(&house, &place("data/copy")), "within the data directory");
    fs::create_dir(place("copy.partial")).unwrap();
    refused(backup(&house, &place("copy")), "copy.partial is there");
    fs::remove_dir(place("copy.partial")).unwrap();
    if is_root() {
        fs::create_dir(place("small")).unwrap();
        let script = format!(
            "mount -t tmpfs -o size=1m none {0}; \"$@\" || code=$?; ls {0}; exit $code",
            place("small").display()
        );
        let plain = house.command(&["backup", place("small/copy").to_str().unwrap()]);
        let output = wrapped(&plain, &["unshare", "-m", "sh", "-c", &script, "sh"]).output().unwrap();
        assert_eq!(text(&output.stdout), "", "something is left");
        refused(output, "too little room");
    }
    // An empty directory will do, and takes the backup's mode.
    fs::create_dir(place("copy")).unwrap();
    let output = backup(&house, &place("copy"));
    assert!(output.status.success(), "{}", text(&output.stderr));
    assert!(text(&output.stdout).contains("1 runs, "), "{}", text(&output.stdout));
    assert_eq!(fs::metadata(place("copy")).unwrap().permissions().mode() & 0o777, 0o700);
}

#[test]
fn one_that_is_killed_leaves_nothing() {
    let house = Installation::new();
    // Enough that it takes a while to copy.
    for _ in 0..8 {
        house.run("bash", "head -c 5M /dev/urandom > left", &[]);
    }
    let (copy, partial) = (house.path().join("copy"), house.path().join("copy.partial"));
    let killed = (0..20).any(|_| {
        let mut command = house.command(&["backup", copy.to_str().unwrap()]);
        let mut child = command.stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
        while !partial.exists() && !copy.exists() && child.try_wait().unwrap().is_none() {
            thread::yield_now();
        }
        kill(&[child.id()]);
        child.wait().unwrap();
        eventually("what it made is gone", || !partial.exists());
        let killed = !copy.exists();
        if !killed {
            fs::remove_dir_all(&copy).unwrap();
        }
        killed
    });
    assert!(killed, "every one of them was done before it was killed");
}

#[test]
fn content_that_is_damaged_is_named_and_the_rest_is_kept() {
    let house = Installation::new();
    let answer = house.run("bash", CODE, &["--", "7"]);
    let hash = answer["files"][0]["sha256"].as_str().unwrap();
    let kept = blobs(&house.path().join("data"));
    let damaged = kept.iter().find(|path| path.ends_with(hash)).unwrap();
    fs::write(damaged, "altered").unwrap();
    let copy = house.path().join("copy");
    let output = backup(&house, &copy);
    let said = text(&output.stderr);
    assert_eq!(output.status.code(), Some(1), "{said}");
    assert!(said.contains(hash) && said.contains("1 contents are missing or altered"), "{said}");
    assert_eq!(blobs(&copy).len(), kept.len() - 1);
}
