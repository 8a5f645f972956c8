//! The server's end against a supervisor that lies: whatever it reports, a run ends in an answer or an
//! error, and keeps no more than its limits.

use proptest::{collection::vec, prelude::*};
use ringfence_job::{LimitsPatch, Status, Usage};
use tokio::{task::JoinHandle, time::timeout};

use super::*;
use crate::wire::fuzz;

/// Longest wait for anything in this file.
const WAIT: Duration = Duration::from_secs(10);

/// A sandbox with one slot, and the other end of its line, which a test holds.
fn sandbox() -> (Sandbox, OwnedFd) {
    let (socket, peer) = wire::socket_pair().unwrap();
    let ourselves =
        rustix::process::pidfd_open(rustix::process::getpid(), rustix::process::PidfdFlags::empty());
    let ready = Ready {
        socket,
        process: SupervisorProcess(ourselves.unwrap()),
        slots: 1,
        present: Present::from([(Runtime::Bash, None)]),
        isolation: Isolation::default(),
        problems: Vec::new(),
    };
    (ready.connect().unwrap().0, peer)
}

fn job(asked: LimitsPatch) -> Job {
    Job {
        runtime: Runtime::Bash,
        code: "echo".to_owned(),
        args: Vec::new(),
        stdin: Vec::new(),
        env: BTreeMap::new(),
        files: Vec::new(),
        limits: LimitsPolicy::default().resolve(&asked).unwrap(),
        fresh: false,
    }
}

fn started(sandbox: &Sandbox, asked: LimitsPatch) -> JoinHandle<Result<Outcome, SandboxError>> {
    let sandbox = sandbox.clone();
    tokio::spawn(async move { sandbox.run(&job(asked)).await })
}

async fn ended(run: JoinHandle<Result<Outcome, SandboxError>>) -> Result<Outcome, SandboxError> {
    timeout(WAIT, run).await.expect("the run hangs").expect("the run panics")
}

/// The next request the server makes.
async fn heard(peer: &OwnedFd) -> Request {
    let mut buffer = vec![0; wire::FRAME_BYTES_MAX];
    let hear = async {
        loop {
            match wire::receive(peer.as_fd(), &mut buffer).unwrap() {
                Received::Frame(request, _) => return request,
                Received::Nothing => tokio::time::sleep(Duration::from_millis(1)).await,
                Received::Closed => panic!("the server has hung up"),
            }
        }
    };
    timeout(WAIT, hear).await.expect("the server says nothing")
}

/// That the server begins a run.
async fn hear_begin(peer: &OwnedFd, number: u64) {
    assert!(matches!(heard(peer).await, Request::Load { run } if run == number));
    assert!(matches!(heard(peer).await, Request::Start { run } if run == number));
}

fn say(peer: &OwnedFd, report: &Report, files: Option<&OwnedFd>) {
    wire::send(peer.as_fd(), &wire::encode(report).unwrap(), files.map(OwnedFd::as_fd)).unwrap();
}

fn output(run: u64, text: &str) -> Report {
    Report::Output { run, stream: Stream::Stdout, bytes: text.as_bytes().to_vec() }
}

fn end(run: u64) -> Report {
    let ending = Ending {
        status: Status::Succeeded,
        exit_code: Some(0),
        signal: None,
        stdout_truncated: false,
        stderr_truncated: false,
        limits_hit: Vec::new(),
        denied_syscalls: Vec::new(),
        denied_truncated: false,
        usage: Usage::default(),
        isolation: Isolation::default(),
    };
    Report::Ended { run, ending }
}

#[tokio::test]
async fn reports_about_other_runs_and_after_the_end_are_nobodys() {
    let (sandbox, peer) = sandbox();
    let run = started(&sandbox, LimitsPatch::default());
    hear_begin(&peer, 0).await;
    for report in [output(7, "other"), end(7), Report::Failed { run: 8, reason: "x".into() }] {
        say(&peer, &report, None);
    }
    for report in [output(0, "mine"), end(0), output(0, "late"), end(0)] {
        say(&peer, &report, None);
    }
    assert_eq!(ended(run).await.unwrap().stdout, b"mine");
    let next = started(&sandbox, LimitsPatch::default());
    hear_begin(&peer, 1).await;
    say(&peer, &end(1), None);
    assert!(ended(next).await.unwrap().stdout.is_empty());
}

#[tokio::test]
async fn more_output_than_the_limit_is_our_failure_and_cancels() {
    let (sandbox, peer) = sandbox();
    let limits = LimitsPatch { stdout_bytes: Some(10), ..LimitsPatch::default() };
    let run = started(&sandbox, limits);
    hear_begin(&peer, 0).await;
    say(&peer, &output(0, "0123456789"), None);
    say(&peer, &output(0, "x"), None);
    let refused = ended(run).await.unwrap_err();
    assert!(refused.to_string().contains("more output than the limit"), "{refused}");
    assert!(matches!(heard(&peer).await, Request::Cancel { run: 0 }));
    // The jail may still be there: its slot is free when the supervisor says so, and not before.
    let next = started(&sandbox, LimitsPatch::default());
    tokio::time::sleep(Duration::from_millis(100)).await;
    assert!(!next.is_finished() && sandbox.slots.available_permits() == 0);
    say(&peer, &end(0), None);
    hear_begin(&peer, 1).await;
    say(&peer, &end(1), None);
    ended(next).await.unwrap();
}

#[tokio::test]
async fn files_that_the_limits_do_not_allow_are_our_failure() {
    let limits = LimitsPatch {
        output_files: Some(2),
        output_bytes: Some(10),
        output_name_bytes: Some(8),
        ..LimitsPatch::default()
    };
    let (sandbox, peer) = sandbox();
    let cases = [
        (&["a", "d/b"][..], 5u64, true),
        (&["..."], 10, true),
        (&["a", "b", "c"], 1, false),
        (&["a"], 11, false),
        (&["a", "a"], 1, false),
        (&["/etc"], 1, false),
        (&["../x"], 1, false),
        (&["a/../b"], 1, false),
        (&["a//b"], 1, false),
        (&["."], 1, false),
        (&[""], 1, false),
        (&["a\0b"], 1, false),
        (&["ninebytes"], 1, false),
    ];
    for (number, (names, bytes, allowed)) in (0..).zip(cases) {
        let run = started(&sandbox, limits);
        hear_begin(&peer, number).await;
        let index: Vec<(&str, u64)> = names.iter().map(|name| (*name, bytes)).collect();
        let content = vec![b'x'; usize::try_from(bytes).unwrap()];
        let contents: Vec<&[u8]> = names.iter().map(|_| &*content).collect();
        say(&peer, &end(number), Some(&wire::payload(&index, &contents).unwrap()));
        let result = ended(run).await;
        assert_eq!(result.is_ok(), allowed, "{names:?} {bytes}: {result:?}");
    }
}

#[tokio::test]
async fn a_supervisor_that_speaks_another_language_is_as_good_as_gone() {
    for hang_up in [false, true] {
        let (sandbox, peer) = sandbox();
        let run = started(&sandbox, LimitsPatch::default());
        heard(&peer).await;
        if hang_up {
            drop(peer);
        } else {
            wire::send(peer.as_fd(), &[0xff; 40], None).unwrap();
        }
        assert!(matches!(ended(run).await, Err(SandboxError::SupervisorGone)));
        timeout(WAIT, sandbox.closed()).await.expect("it is closed");
        // Not even while the other end is still there.
        assert!(matches!(
            ended(started(&sandbox, LimitsPatch::default())).await,
            Err(SandboxError::SupervisorGone)
        ));
    }
}

/// What a hostile supervisor sends: a report, with a file or without, or anything.
#[derive(Debug, Clone)]
enum Said {
    Frame(Vec<u8>),
    WithFile(Vec<u8>, Vec<u8>, u64),
}

fn said() -> impl Strategy<Value = Said> {
    let report = || fuzz::report().prop_map(|report| wire::encode(&report).unwrap());
    let names = prop_oneof!["[a-z/.]{0,9}", Just("../../etc/passwd".to_owned())];
    let bytes = prop_oneof![0u64..60, any::<u64>()];
    let index = vec((names, bytes), 0..40).prop_map(|index| {
        let head = postcard::to_stdvec(&index).unwrap();
        [&(head.len() as u64).to_le_bytes()[..], &head].concat()
    });
    let length = prop_oneof![Just(0u64), 0u64..3000, Just(1 << 45)];
    prop_oneof![
        8 => report().prop_map(Said::Frame),
        3 => (report(), prop_oneof![index, vec(any::<u8>(), 0..100)], length)
            .prop_map(|(report, content, length)| Said::WithFile(report, content, length)),
        1 => vec(any::<u8>(), 1..60).prop_map(Said::Frame),
    ]
}

proptest! {
    #[test]
    fn whatever_it_says_a_run_ends(all in vec(said(), 0..30)) {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(async {
            let (sandbox, peer) = sandbox();
            let limits = LimitsPatch { stdout_bytes: Some(3000), ..LimitsPatch::default() };
            let run = started(&sandbox, limits);
            heard(&peer).await;
            for said in &all {
                // Once it has hung up, it hears nothing.
                let _ = match said {
                    Said::Frame(frame) => wire::send(peer.as_fd(), frame, None),
                    Said::WithFile(frame, content, length) => {
                        wire::send(peer.as_fd(), frame, Some(fuzz::sealed(content, *length).as_fd()))
                    }
                };
                tokio::task::yield_now().await;
            }
            drop(peer);
            if let Ok(outcome) = ended(run).await {
                assert!(outcome.stdout.len() <= 3000);
                assert!(outcome.files.len() as u64 <= outcome.limits.output_files);
                assert!(outcome.files.iter().all(|file| is_returned_name(&file.name, &outcome.limits)));
            }
            timeout(WAIT, sandbox.closed()).await.expect("it is closed");
        });
    }
}
