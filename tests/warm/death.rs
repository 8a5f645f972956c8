//! What waits may die at any time: nobody loses a run for it.

use std::{
    process::{Command, Stdio},
    sync::atomic::{AtomicBool, Ordering},
    thread,
    time::{Duration, Instant},
};

use ringfence_tests::{Installation, Server, processes};
use serde_json::json;

use super::{ask, stdout};

/// How long it is tried.
const TRIED: Duration = Duration::from_secs(6);

/// Between two deaths.
const PAUSE: Duration = Duration::from_millis(60);

/// The supervisor's children whose command line names `word`; without one, all that wait.
fn waiting(server: &Server, word: &str) -> Vec<u32> {
    let children = processes::children(server.supervisor());
    children.into_iter().filter(|pid| processes::command_line(*pid).contains(word)).collect()
}

/// Kills processes; some may have died meanwhile.
fn kill(pids: &[u32]) {
    let words = pids.iter().map(u32::to_string);
    drop(Command::new("kill").arg("-KILL").args(words).stderr(Stdio::null()).status());
}

/// Has programs be run while `kill` is done again and again; each must succeed, however it was had.
fn nobody_loses_a_run(language: &'static str, code: &'static str, printed: &str, kill: fn(&Server)) {
    let house = Installation::new();
    let server = house.serve();
    assert_eq!(stdout(&ask(&server, language, code, false)), printed);
    let done = AtomicBool::new(false);
    let begun = Instant::now();
    let runs = thread::scope(|scope| {
        let clients: Vec<_> = (0..3)
            .map(|_| {
                scope.spawn(|| {
                    let mut runs = 0;
                    while !done.load(Ordering::Relaxed) {
                        let body = json!({ "language": language, "code": code });
                        let (status, answer) = server.post("/v1/execute", &body);
                        assert_eq!((status, &answer["stdout"]), (200, &json!(printed)), "{answer:#}");
                        runs += 1;
                    }
                    runs
                })
            })
            .collect();
        while begun.elapsed() < TRIED {
            kill(&server);
            thread::sleep(PAUSE);
        }
        done.store(true, Ordering::Relaxed);
        clients.into_iter().map(|client| client.join().expect("a client")).sum::<u32>()
    });
    assert!(runs > 1, "{runs}");
    assert!(server.stop(), "the server ends well");
}

fn kill_zygotes(server: &Server) {
    // Forks of them are the supervisor's children as well, but in jails: those may have a program.
    let zygotes = waiting(server, "zygote.py").into_iter();
    let zygotes = zygotes.filter(|pid| processes::status(*pid, "NSpid").split_whitespace().count() == 1);
    let zygotes: Vec<u32> = zygotes.collect();
    kill(&zygotes);
}

#[test]
fn killing_the_zygotes_loses_no_run() {
    nobody_loses_a_run("python", "print(6 * 7)", "42\n", kill_zygotes);
}

#[test]
fn killing_the_zygotes_of_pandas_loses_no_run() {
    nobody_loses_a_run("python", "import pandas\nprint(pandas.Series([42]).sum())", "42\n", kill_zygotes);
}

/// Everything in jails: nothing runs there when this is asked.
pub(crate) fn kill_what_waits(server: &Server, whole_jails: bool) {
    let in_jail = |pid: &u32| processes::status(*pid, "NSpid").split_whitespace().count() > 1;
    let inits: Vec<u32> = processes::children(server.supervisor()).into_iter().filter(in_jail).collect();
    let guests: Vec<u32> = inits.iter().flat_map(|init| processes::children(*init)).collect();
    let killed = if whole_jails { inits } else { guests };
    kill(&killed);
    let lives =
        |pid: &u32| !matches!(processes::status(*pid, "State").chars().next(), None | Some('Z' | 'X'));
    while killed.iter().any(lives) {
        thread::sleep(Duration::from_millis(1));
    }
}

#[test]
fn a_run_is_had_after_all_that_waited_is_dead() {
    let house = Installation::new();
    let server = house.serve();
    let programs =
        [("python", "print(6 * 7)"), ("javascript", "console.log(42)"), ("bash", "echo $((6 * 7))")];
    for round in 0..6 {
        for (language, code) in programs {
            thread::sleep(Duration::from_millis(150));
            kill_what_waits(&server, round % 2 == 0);
            assert_eq!(stdout(&ask(&server, language, code, false)), "42\n");
        }
    }
    assert!(server.stop(), "the server ends well");
}
