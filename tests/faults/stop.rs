//! SIGTERM and SIGINT: what is in progress is waited for within a bound, the log says for what, and what
//! takes longer is cancelled, answered and settled.

use std::{
    fs,
    net::TcpStream,
    path::PathBuf,
    thread,
    time::{Duration, Instant},
};

use ringfence_tests::{
    Installation, Server, commands_with,
    processes::{eventually, gone, groups_of, signal},
    wrapped,
};
use serde_json::{Value, json};

/// The longest that a stop waits for requests in progress, in seconds.
const STOP_WAIT_SECONDS: u64 = 10;

/// A server whose log a test can read.
struct Logged {
    server: Server,
    log: PathBuf,
}

impl Logged {
    fn start(house: &Installation) -> Logged {
        let log = house.path().join("log");
        let script = format!("exec \"$@\" 2>{}", log.display());
        let command =
            wrapped(&house.command(&["serve", "--listen", "127.0.0.1:0"]), &["sh", "-c", &script, "sh"]);
        Logged { server: Server::start(command), log }
    }

    /// What the log says about the stop: message and the other fields of each line.
    fn words(&self) -> Vec<(String, Value)> {
        let log = fs::read_to_string(&self.log).unwrap();
        // The last line may still be on its way into the file.
        let written = log.rfind('\n').map_or("", |end| &log[..end]);
        let line = |line| serde_json::from_str::<Value>(line).unwrap_or_else(|_| panic!("no JSON: {line}"));
        let lines = written.lines().map(line);
        lines
            .filter_map(|line| {
                let fields = line["fields"].clone();
                let message = fields["message"].as_str().unwrap_or_default();
                message.starts_with("stop").then(|| (message.to_owned(), fields.clone()))
            })
            .collect()
    }

    fn execute(&self, code: &str) -> (u16, Value) {
        let body = json!({ "language": "bash", "code": code, "limits": { "wallMs": 60_000 } });
        self.server.post("/v1/execute", &body)
    }
}

/// What the first key has spent and what is held from it, in runs.
fn runs(house: &Installation) -> (Value, Value) {
    let listed = house.output(&["keys", "list", "--json"]).stdout;
    let keys: Value = serde_json::from_slice(&listed).unwrap();
    (keys[0]["spent"]["runs"].clone(), keys[0]["reserved"]["runs"].clone())
}

#[test]
fn what_is_in_progress_is_waited_for_and_named() {
    let house = Installation::new();
    let logged = Logged::start(&house);
    let supervisor = logged.server.supervisor();
    thread::scope(|scope| {
        let execute = || scope.spawn(|| logged.execute("sleep 5.0703125; echo done"));
        let running = [execute(), execute()];
        eventually("both run", || commands_with("sleep 5.0703125").len() == 2);
        logged.server.terminate();
        eventually("it says so at once", || logged.words().len() == 1);
        let address = logged.server.url.trim_start_matches("http://");
        assert!(TcpStream::connect(address).is_err(), "it takes new connections");
        for run in running {
            let (status, answer) = run.join().unwrap();
            assert_eq!((status, &answer["stdout"]), (200, &json!("done\n")), "{answer}");
        }
    });
    eventually("it has stopped", || logged.words().last().is_some_and(|(word, _)| word == "stopped"));
    let words = logged.words();
    // And again every two seconds, and nothing else.
    assert!((3..=5).contains(&words.len()), "{words:?}");
    for (word, _) in &words[..words.len() - 1] {
        assert!(word.starts_with("stopping: waiting for requests in progress"), "{word}");
    }
    assert_eq!(words[0].1["requests"], 2);
    assert_eq!(words[0].1["seconds_at_most"].as_f64(), Some(STOP_WAIT_SECONDS as f64));
    assert!(words[1].1["seconds_at_most"].as_f64() < Some(9.0), "{words:?}");
    assert!(logged.server.stop(), "an orderly stop ends with 0");
    assert!(gone(supervisor) && groups_of(supervisor).is_empty());
    assert_eq!(runs(&house), (json!(2), json!(0)));
}

/// Stops a server that has a long run, by `stop`, and looks at what became of the run.
fn cancelled_by(stop: impl FnOnce(&Logged)) {
    let house = Installation::new();
    let logged = Logged::start(&house);
    let supervisor = logged.server.supervisor();
    thread::scope(|scope| {
        let running = scope.spawn(|| logged.execute("sleep 30.0859375"));
        eventually("it runs", || !commands_with("sleep 30.0859375").is_empty());
        stop(&logged);
        let (status, problem) = running.join().unwrap();
        assert_eq!((status, &problem["code"]), (503, &json!("stopping")), "{problem}");
        assert!(problem["detail"].as_str().unwrap().contains("send it again"), "{problem}");
    });
    eventually("it has stopped", || logged.words().last().is_some_and(|(word, _)| word == "stopped"));
    let words = logged.words();
    let (word, fields) = &words[words.len() - 2];
    assert!(word.contains("requests in progress are cancelled") && fields["requests"] == 1, "{words:?}");
    assert!(logged.server.stop(), "an orderly stop ends with 0");
    assert!(gone(supervisor) && groups_of(supervisor).is_empty());
    assert!(commands_with("sleep 30.0859375").is_empty());
    assert_eq!(runs(&house), (json!(1), json!(0)), "it is settled");
}

#[test]
fn a_second_signal_waits_for_nothing() {
    cancelled_by(|logged| {
        let begun = Instant::now();
        logged.server.terminate();
        eventually("it says that it waits", || !logged.words().is_empty());
        signal("INT", &[logged.server.pid()]);
        eventually("the program is ended", || commands_with("sleep 30.0859375").is_empty());
        assert!(begun.elapsed() < Duration::from_secs(3));
    });
}

#[test]
fn what_takes_too_long_is_cancelled() {
    cancelled_by(|logged| {
        let begun = Instant::now();
        signal("INT", &[logged.server.pid()]);
        eventually("the program is ended", || commands_with("sleep 30.0859375").is_empty());
        let seconds = begun.elapsed().as_secs();
        assert!((STOP_WAIT_SECONDS - 1..STOP_WAIT_SECONDS + 3).contains(&seconds), "after {seconds} s");
    });
}
