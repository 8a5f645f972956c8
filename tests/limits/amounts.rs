//! Bytes, inodes, tasks and open files: the limit itself works, one more does not.

use std::fs;

use ringfence_tests::Installation;

use crate::{MIB, PAGE_BYTES, PATIENCE_MS, assert_hit, assert_status, hits, number, run, run_with, stdout};

/// Writes `count` bytes to a stream in either language.
fn writer(language: &str, stream: &str, count: u64) -> String {
    match language {
        "python" => format!("import sys\nsys.{stream}.write('a' * {count})"),
        _ => format!("head -c {count} /dev/zero | tr '\\0' a >&{}", if stream == "stdout" { 1 } else { 2 }),
    }
}

#[test]
fn streams_keep_exactly_their_limit() {
    for language in ["python", "bash"] {
        for stream in ["stdout", "stderr"] {
            let limit = format!("{stream}Bytes");
            for (count, kept) in [(1000, 1000), (1001, 1000), (500_000, 1000)] {
                let answer = run(language, &writer(language, stream, count), &[(&limit, 1000)]);
                assert_status(&answer, "succeeded");
                assert_eq!(answer[stream].as_str().map(str::len), Some(kept), "{answer:#}");
                assert_eq!(number(&answer, &format!("/usage/{limit}")), count);
                let is_cut = count > 1000;
                assert_eq!(answer["truncated"][stream], is_cut);
                if is_cut {
                    assert_eq!(hits(&answer), [limit.as_str()]);
                    assert_hit(&answer, &limit, "truncated", 1000);
                } else {
                    assert!(hits(&answer).is_empty(), "{answer:#}");
                }
            }
        }
    }
}

#[test]
fn nothing_is_kept_of_a_stream_whose_limit_is_zero() {
    let answer = run("bash", "echo x", &[("stdoutBytes", 0)]);
    assert_eq!(stdout(&answer), "");
    assert_hit(&answer, "stdoutBytes", "truncated", 0);
}

/// Writes pages until there is no room, and prints how many there were.
const FILL_PAGES: &str = "
import errno, os
count = 0
files = [os.open(p + '/filler', os.O_CREAT | os.O_WRONLY) for p in ('/work', '/tmp', '/dev/shm')]
try:
    while True:
        os.write(files[count % 3], b'x' * 4096)
        count += 1
except OSError as error:
    print(count, errno.errorcode[error.errno])
";

#[test]
fn scratch_bytes_are_exact_to_the_page_over_all_directories() {
    let limit = MIB;
    let answer = run("python", FILL_PAGES, &[("scratchBytes", limit)]);
    assert_eq!(stdout(&answer), format!("{} ENOSPC", limit / PAGE_BYTES));
    assert_hit(&answer, "scratchBytes", "disk_full", limit);
}

#[test]
fn scratch_bytes_hold_for_bash() {
    let code = "head -c 1048576 /dev/zero > /tmp/whole && echo room; echo x > /tmp/more || echo full";
    let answer = run("bash", code, &[("scratchBytes", MIB)]);
    assert_eq!(stdout(&answer), "room\nfull", "{answer:#}");
    assert_hit(&answer, "scratchBytes", "disk_full", MIB);
}

#[test]
fn input_files_count_as_scratch_and_the_program_does_not() {
    let installation = Installation::new();
    let input = installation.path().join("input");
    fs::write(&input, vec![b'x'; 5000]).expect("an input file");
    let option = format!("in.txt={}", input.display());
    let code = format!("{FILL_PAGES}\n#{}", "x".repeat(50_000));
    let limits = [("scratchBytes", MIB)];
    let answer = run_with(&installation, "python", &code, &limits, &["--file", &option]);
    // 5 000 bytes are two pages.
    assert_eq!(stdout(&answer), format!("{} ENOSPC", MIB / PAGE_BYTES - 2));
}

/// Makes files and directories until there is no room, and prints how many there were.
const FILL_INODES: &str = "
import errno, os
count = 0
try:
    while True:
        path = f'/{(\"work\", \"tmp\", \"dev/shm\")[count % 3]}/f{count}'
        os.mkdir(path) if count % 2 else os.close(os.open(path, os.O_CREAT | os.O_WRONLY))
        count += 1
except OSError as error:
    print(count, errno.errorcode[error.errno])
";

#[test]
fn scratch_inodes_are_exact_to_one() {
    let installation = Installation::new();
    let limits = [("scratchInodes", 50), ("outputFiles", 256)];
    let answer = run_with(&installation, "python", FILL_INODES, &limits, &[]);
    assert_eq!(stdout(&answer), "50 ENOSPC");
    assert_hit(&answer, "scratchInodes", "disk_full", 50);
    let input = installation.path().join("input");
    fs::write(&input, "x").expect("an input file");
    let (one, two) = (format!("1={}", input.display()), format!("2={}", input.display()));
    let answer = run_with(&installation, "python", FILL_INODES, &limits, &["--file", &one, "--file", &two]);
    assert_eq!(stdout(&answer), "48 ENOSPC");
}

/// Starts children (or threads) that wait, until one is refused, and prints how many tasks there were.
const FILL_TASKS: &str = "
import errno, os, sys, threading, time
count = 1
try:
    while count < 64:
        if sys.argv[1] == 'threads':
            threading.Thread(target=time.sleep, args=(60,), daemon=True).start()
        elif os.fork() == 0:
            time.sleep(60)
            os._exit(0)
        count += 1
except (OSError, RuntimeError):
    pass
print(count, flush=True)
os._exit(0)
";

#[test]
fn tasks_are_exact_for_processes_and_threads() {
    for kind in ["processes", "threads"] {
        for limit in [1, 8, 33] {
            let limits = [("tasks", limit), ("wallMs", PATIENCE_MS), ("cpuMs", PATIENCE_MS)];
            let answer = run_with(&Installation::new(), "python", FILL_TASKS, &limits, &["--", kind]);
            assert_eq!(stdout(&answer), limit.to_string(), "{answer:#}");
            assert_status(&answer, "succeeded");
            assert_hit(&answer, "tasks", "too_many_tasks", limit);
        }
    }
    let limits = [("tasks", 64), ("wallMs", PATIENCE_MS), ("cpuMs", PATIENCE_MS)];
    let answer = run_with(&Installation::new(), "python", FILL_TASKS, &limits, &["--", "processes"]);
    assert_eq!(stdout(&answer), "64");
    assert!(hits(&answer).is_empty(), "{answer:#}");
}

#[test]
fn open_files_are_exact() {
    let code = "
import errno, os
fds = []
try:
    while True:
        fds.append(os.open('/dev/null', os.O_RDONLY))
except OSError as error:
    print(fds[-1] + 1, len(fds) + 3, errno.errorcode[error.errno])
";
    let answer = run("python", code, &[("openFiles", 40)]);
    assert_eq!(stdout(&answer), "40 40 EMFILE");
    let answer =
        run("bash", "exec 39</dev/null && echo room; exec 40</dev/null || echo full", &[("openFiles", 40)]);
    assert_eq!(stdout(&answer), "room\nfull", "{answer:#}");
}

#[test]
fn a_file_is_at_most_as_large_as_its_limit() {
    let code = "
import errno, os, sys
file = os.open('big', os.O_CREAT | os.O_WRONLY)
print(os.write(file, b'x' * int(sys.argv[1])), flush=True)
try:
    print(os.write(file, b'x' * int(sys.argv[2])))
except OSError as error:
    print(errno.errorcode[error.errno])
";
    let limits = [("fileBytes", MIB)];
    let go = |first: &str, second: &str| {
        run_with(&Installation::new(), "python", code, &limits, &["--", first, second])
    };
    let answer = go("1048575", "0");
    assert_eq!(stdout(&answer), "1048575\n0");
    assert!(hits(&answer).is_empty(), "{answer:#}");
    let answer = go("1048575", "1");
    assert_eq!(stdout(&answer), "1048575\n1");
    assert_eq!(number(&answer, "/files/0/size"), MIB);
    let answer = go("1048576", "1");
    assert_eq!(stdout(&answer), "1048576\nEFBIG");
    assert_hit(&answer, "fileBytes", "file_too_large", MIB);
}

#[test]
fn a_program_ended_by_its_file_size_says_so() {
    let answer = run("bash", "exec head -c 1048577 /dev/zero > big", &[("fileBytes", MIB)]);
    assert_hit(&answer, "fileBytes", "file_too_large", MIB);
    assert_ne!(answer["status"], "succeeded");
}
