//! The real supervisor against a hostile server: the test takes the server's end of their line out of
//! it, stops it, and speaks in its place. What is refused is reported; what makes no sense ends the
//! connection and every run; nothing hangs and nothing is left.
//!
//! The frames are written by hand here, from their description and not with the program's own code.

use std::{
    cell::Cell,
    fs::File,
    io::{IoSlice, Write as _},
    mem::MaybeUninit,
    os::fd::{AsFd, BorrowedFd, OwnedFd},
    thread,
    time::{Duration, Instant},
};

use proptest::{collection::vec, prelude::*, sample::Index, test_runner::TestRunner};
use ringfence_tests::{
    Installation, Server, commands_with,
    processes::{self, children, eventually, gone, groups_of, ready_jails, signal, status},
};
use rustix::{
    fs::{MemfdFlags, SealFlags},
    io::Errno,
    net::{RecvFlags, SendAncillaryBuffer, SendAncillaryMessage, SendFlags, SocketType},
    process::{Pid, PidfdFlags, PidfdGetfdFlags},
};

/// Longest wait for a report.
const REPORT_MAX: Duration = Duration::from_secs(15);

/// Runs at the same time.
const SLOTS: usize = 2;

/// A number as postcard writes it: seven bits a byte, the lowest first.
fn number(mut value: u64) -> Vec<u8> {
    let mut bytes = Vec::new();
    while value >= 0x80 {
        bytes.push(value.to_le_bytes()[0] | 0x80);
        value >>= 7;
    }
    bytes.push(value.to_le_bytes()[0]);
    bytes
}

fn read_number(bytes: &mut &[u8]) -> u64 {
    let mut value = 0;
    for shift in (0..64).step_by(7) {
        let (first, rest) = bytes.split_first().expect("a number");
        *bytes = rest;
        value |= u64::from(first & 0x7f) << shift;
        if first & 0x80 == 0 {
            break;
        }
    }
    value
}

fn text(value: &str) -> Vec<u8> {
    [number(value.len() as u64), value.as_bytes().to_vec()].concat()
}

fn list(items: Vec<Vec<u8>>) -> Vec<u8> {
    [number(items.len() as u64), items.concat()].concat()
}

/// The places of Python and Bash among the runtimes, and how many of those there are.
const PYTHON: u64 = 0;
const BASH: u64 = 3;
const RUNTIMES: u64 = 5;

/// How many sets of libraries a Python can have loaded.
const IMPORTS: u64 = 4;

/// The first number of the runs by which everything is used once; no test has as many of its own.
const USES: u64 = 1 << 32;

/// What a run's payload says of it.
#[derive(Clone)]
struct Spec {
    runtime: u64,
    args: Vec<String>,
    /// In the order of the documentation.
    limits: [u64; 14],
    /// The place of its libraries among the sets of them.
    imports: u64,
    code: String,
    code_bytes: u64,
    stdin_bytes: u64,
    files: Vec<(String, u64)>,
    /// What follows the program.
    rest: Vec<u8>,
}

impl Spec {
    /// A sound one of a Bash program.
    fn bash(code: &str) -> Spec {
        const MIB: u64 = 1 << 20;
        let (time, sizes) = ([10_000, 10_000], [256 * MIB, 256 * MIB]);
        let limits = [
            time[0],
            time[1],
            512 * MIB,
            128,
            256,
            sizes[0],
            sizes[1],
            8192,
            65_536,
            65_536,
            32,
            10 * MIB,
            8,
            255,
        ];
        Spec {
            runtime: BASH,
            args: Vec::new(),
            limits,
            imports: 0,
            code: code.to_owned(),
            code_bytes: code.len() as u64,
            stdin_bytes: 0,
            files: Vec::new(),
            rest: Vec::new(),
        }
    }

    fn with(mut self, change: impl FnOnce(&mut Spec)) -> Spec {
        change(&mut self);
        self
    }

    /// The payload's bytes: the head's length, the head, the bodies.
    fn bytes(&self) -> Vec<u8> {
        let head = [
            number(self.runtime),
            list(self.args.iter().map(|arg| text(arg)).collect()),
            list(Vec::new()),
            self.limits.map(number).concat(),
            // Not fresh.
            number(0),
            number(self.imports),
            number(self.code_bytes),
            number(self.stdin_bytes),
            list(self.files.iter().map(|(name, bytes)| [text(name), number(*bytes)].concat()).collect()),
        ]
        .concat();
        [&(head.len() as u64).to_le_bytes(), &head[..], self.code.as_bytes(), &self.rest].concat()
    }

    fn payload(&self) -> OwnedFd {
        sealed(&self.bytes())
    }
}

fn sealed(content: &[u8]) -> OwnedFd {
    let file = unsealed(content);
    let seals = SealFlags::WRITE | SealFlags::GROW | SealFlags::SHRINK | SealFlags::SEAL;
    rustix::fs::fcntl_add_seals(&file, seals).unwrap();
    file
}

fn unsealed(content: &[u8]) -> OwnedFd {
    let flags = MemfdFlags::CLOEXEC | MemfdFlags::ALLOW_SEALING;
    let mut file = File::from(rustix::fs::memfd_create("test", flags).unwrap());
    file.write_all(content).unwrap();
    file.into()
}

fn load_frame(run: u64) -> Vec<u8> {
    [number(0), number(run)].concat()
}

fn start_frame(run: u64) -> Vec<u8> {
    [number(1), number(run)].concat()
}

fn cancel_frame(run: u64) -> Vec<u8> {
    [number(2), number(run)].concat()
}

/// What the supervisor told, as far as these tests look.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Told {
    Output(u64, Vec<u8>),
    /// The run and its status: the number of its name in the order of the documentation.
    Ended(u64, u64),
    Failed(u64, String),
}

impl Told {
    /// None for figures: of the pool, and of what a run has used so far, which come when a run takes long.
    fn parse(mut frame: &[u8]) -> Option<Told> {
        let kind = read_number(&mut frame);
        let run = read_number(&mut frame);
        Some(match kind {
            2 => {
                let _stream = read_number(&mut frame);
                let _length = read_number(&mut frame);
                Told::Output(run, frame.to_vec())
            }
            3 => Told::Ended(run, read_number(&mut frame)),
            4 => {
                let _length = read_number(&mut frame);
                Told::Failed(run, String::from_utf8_lossy(frame).into_owned())
            }
            7 | 8 => return None,
            other => panic!("a report of kind {other}"),
        })
    }
}

/// The server's place on the line to a supervisor.
struct Line {
    server: Server,
    supervisor: u32,
    socket: OwnedFd,
}

impl Line {
    fn take(house: &Installation) -> Line {
        let slots = SLOTS.to_string();
        let server = Server::start(house.command(&["serve", "--listen", "127.0.0.1:0", "--slots", &slots]));
        let supervisor = server.supervisor();
        signal("STOP", &[server.pid()]);
        // From here on it hears nothing and says nothing.
        eventually("each of its threads stands still", || {
            let threads = std::fs::read_dir(format!("/proc/{}/task", server.pid())).unwrap();
            let state =
                |path: std::path::PathBuf| std::fs::read_to_string(path.join("stat")).unwrap_or_default();
            threads.flatten().all(|thread| state(thread.path()).contains(") T "))
        });
        let pid = Pid::from_raw(server.pid().cast_signed()).unwrap();
        let process = rustix::process::pidfd_open(pid, PidfdFlags::empty()).unwrap();
        let socket = std::fs::read_dir(format!("/proc/{}/fd", server.pid()))
            .unwrap()
            .filter_map(|entry| entry.unwrap().file_name().to_str()?.parse().ok())
            .filter_map(|fd| rustix::process::pidfd_getfd(&process, fd, PidfdGetfdFlags::empty()).ok())
            .find(|fd| rustix::net::sockopt::socket_type(fd) == Ok(SocketType::SEQPACKET));
        Line { server, supervisor, socket: socket.expect("the line to the supervisor") }
    }

    fn try_send(&self, frame: &[u8], attached: &[BorrowedFd<'_>]) -> Result<(), Errno> {
        let mut space = [MaybeUninit::uninit(); rustix::cmsg_space!(ScmRights(16))];
        let mut ancillary = SendAncillaryBuffer::new(&mut space);
        if !attached.is_empty() {
            assert!(ancillary.push(SendAncillaryMessage::ScmRights(attached)));
        }
        let flags = SendFlags::NOSIGNAL | SendFlags::DONTWAIT;
        rustix::net::sendmsg(&self.socket, &[IoSlice::new(frame)], &mut ancillary, flags).map(drop)
    }

    fn send(&self, frame: &[u8], attached: &[BorrowedFd<'_>]) {
        let begun = Instant::now();
        while let Err(error) = self.try_send(frame, attached) {
            assert!(error == Errno::AGAIN && begun.elapsed() < REPORT_MAX, "cannot send: {error}");
            thread::sleep(Duration::from_millis(1));
        }
    }

    /// The next report; none if the supervisor has hung up.
    fn hear(&self) -> Option<Told> {
        let begun = Instant::now();
        let mut buffer = vec![0; 128 * 1024];
        loop {
            match rustix::net::recv(&self.socket, &mut buffer[..], RecvFlags::DONTWAIT) {
                Ok((_, 0)) | Err(Errno::CONNRESET) => return None,
                Ok((_, count)) => match Told::parse(&buffer[..count]) {
                    Some(told) => return Some(told),
                    None => continue,
                },
                Err(Errno::AGAIN) => {}
                Err(error) => panic!("cannot receive: {error}"),
            }
            assert!(begun.elapsed() < REPORT_MAX, "the supervisor says nothing");
            thread::sleep(Duration::from_millis(1));
        }
    }

    /// The report that ends a run, and what the run wrote before.
    fn end_of(&self, run: u64) -> (Vec<u8>, Told) {
        let mut written = Vec::new();
        loop {
            match self.hear().expect("the supervisor is there") {
                Told::Output(about, bytes) if about == run => written.extend(bytes),
                told @ (Told::Ended(about, _) | Told::Failed(about, _)) if about == run => {
                    return (written, told);
                }
                other => panic!("{other:?} while waiting for run {run}"),
            }
        }
    }

    /// Has a run be loaded, and started at once.
    fn run(&self, run: u64, attached: &[BorrowedFd<'_>]) {
        self.send(&load_frame(run), attached);
        self.send(&start_frame(run), &[]);
    }

    /// How many jails and zygotes there are at rest: what is in use has more of them, so everything is used before.
    fn at_rest(&self) -> usize {
        let others = (0..RUNTIMES).map(|runtime| (runtime, 0));
        let uses = others.chain((1..IMPORTS).map(|imports| (PYTHON, imports)));
        for (run, (runtime, imports)) in (USES..).zip(uses) {
            let spec = Spec::bash("").with(|spec| (spec.runtime, spec.imports) = (runtime, imports));
            self.run(run, &[spec.payload().as_fd()]);
            // A reader without arguments ends with an error.
            assert!(matches!(self.end_of(run), (_, Told::Ended(..))), "runtime {runtime}");
        }
        // The largest zygote takes longest, and has forks once it is there.
        let drawing = |pid: &u32| processes::command_line(*pid).contains("matplotlib");
        eventually("what draws is loaded", || {
            children(self.supervisor).iter().filter(|pid| drawing(pid)).count() > 1
        });
        ready_jails(self.supervisor)
    }

    /// That the supervisor does its work.
    fn works(&self, run: u64) {
        self.run(run, &[Spec::bash("echo fine").payload().as_fd()]);
        assert_eq!(self.end_of(run), (b"fine\n".to_vec(), Told::Ended(run, 0)));
    }

    fn refuses(&self, run: u64, attached: &[BorrowedFd<'_>], why: &str) {
        self.run(run, attached);
        match self.end_of(run) {
            (_, Told::Failed(_, reason)) if reason.contains(why) => {}
            other => panic!("{other:?}, and not {why:?}"),
        }
    }

    /// Waits until the supervisor has hung up, ended every run, cleaned up and ended itself.
    fn expect_the_end(self) {
        while self.hear().is_some() {}
        eventually("the supervisor ends", || gone(self.supervisor));
        assert!(groups_of(self.supervisor).is_empty());
    }
}

impl Drop for Line {
    fn drop(&mut self) {
        signal("CONT", &[self.server.pid()]);
        let _ = rustix::net::shutdown(&self.socket, rustix::net::Shutdown::Both);
    }
}

#[test]
fn what_a_sound_server_never_asks_is_refused_with_a_report() {
    let house = Installation::new();
    let line = Line::take(&house);
    let sound = Spec::bash("echo x");
    let refused = |spec: Spec, why: &str| line.refuses(7, &[spec.payload().as_fd()], why);

    line.refuses(7, &[], "without a payload");
    let (pipe, _write) = rustix::pipe::pipe().unwrap();
    line.refuses(7, &[pipe.as_fd()], "not a sealed memory file");
    for path in ["/dev/zero", "/", "/proc/self/exe"] {
        line.refuses(7, &[File::open(path).unwrap().as_fd()], "not a sealed memory file");
    }
    line.refuses(7, &[line.socket.as_fd()], "not a sealed memory file");
    line.refuses(7, &[unsealed(&sound.bytes()).as_fd()], "not a sealed memory file");
    line.refuses(7, &[sealed(b"").as_fd()], "cut short");
    line.refuses(7, &[sealed(&u64::MAX.to_le_bytes()).as_fd()], "too long");
    line.refuses(7, &[sealed(&sound.bytes()[..20]).as_fd()], "cut short");

    let with_file = |name: &str| {
        let file = |spec: &mut Spec| (spec.files, spec.rest) = (vec![(name.to_owned(), 3)], b"abc".to_vec());
        sound.clone().with(file)
    };
    for name in ["../x", "/etc/passwd", "a/b", "..", ".", "", "a\0b", "a\nb"] {
        refused(with_file(name), "file name");
    }
    let twice = |spec: &mut Spec| {
        (spec.files, spec.rest) = (vec![("a".to_owned(), 1), ("a".to_owned(), 1)], b"ab".to_vec());
    };
    refused(sound.clone().with(twice), "same name");
    refused(sound.clone().with(|spec| spec.args = vec!["a\0b".to_owned()]), "NUL");
    refused(sound.clone().with(|spec| spec.runtime = 9), "malformed payload");
    for lie in [1, u64::MAX, u64::MAX - 5, 1 << 62] {
        refused(sound.clone().with(|spec| spec.code_bytes = lie), "lies about its length");
        refused(sound.clone().with(|spec| spec.stdin_bytes = lie), "lies about its length");
        refused(with_file("a").with(|spec| spec.files[0].1 = lie), "lies about its length");
    }
    refused(sound.clone().with(|spec| spec.rest = b"more".to_vec()), "lies about its length");
    for limit in 0..14 {
        refused(sound.clone().with(|spec| spec.limits[limit] = u64::MAX), "above the ceiling");
    }
    line.works(8);
}

#[test]
fn a_loaded_run_waits_for_its_start_and_takes_a_slot() {
    let house = Installation::new();
    let line = Line::take(&house);
    let ready = line.at_rest();
    line.send(&load_frame(1), &[Spec::bash("echo on").payload().as_fd()]);
    line.send(&load_frame(2), &[Spec::bash("sleep 9.3125").payload().as_fd()]);
    line.refuses(3, &[Spec::bash("echo").payload().as_fd()], "every slot is taken");
    thread::sleep(Duration::from_millis(300));
    assert!(commands_with("sleep 9.3125").is_empty(), "it began before it was told to");
    line.send(&start_frame(7), &[]);
    line.send(&start_frame(1), &[]);
    assert_eq!(line.end_of(1), (b"on\n".to_vec(), Told::Ended(1, 0)));
    // One that is told twice runs once.
    line.run(4, &[Spec::bash("echo four").payload().as_fd()]);
    line.send(&start_frame(4), &[]);
    assert_eq!(line.end_of(4), (b"four\n".to_vec(), Told::Ended(4, 0)));
    line.send(&cancel_frame(2), &[]);
    assert_eq!(line.end_of(2), (Vec::new(), Told::Ended(2, 5)));
    line.works(5);
    eventually("nothing is left", || children(line.supervisor).len() == ready);
}

#[test]
fn runs_beyond_the_slots_and_twice_the_same_are_refused() {
    let house = Installation::new();
    let line = Line::take(&house);
    let ready = line.at_rest();
    let sleeper = Spec::bash("echo on; sleep 9.0625").payload();
    line.run(1, &[sleeper.as_fd()]);
    assert_eq!(line.hear(), Some(Told::Output(1, b"on\n".to_vec())));
    line.refuses(1, &[sleeper.as_fd()], "such a run already");
    line.run(2, &[sleeper.as_fd()]);
    assert_eq!(line.hear(), Some(Told::Output(2, b"on\n".to_vec())));
    line.refuses(3, &[sleeper.as_fd()], "every slot is taken");
    for unknown in [0, 3, 4, u64::MAX] {
        line.send(&cancel_frame(unknown), &[]);
    }
    // A descriptor that is not asked for is closed and nothing else.
    line.send(&cancel_frame(1), &[sleeper.as_fd()]);
    line.send(&cancel_frame(2), &[]);
    for run in [1, 2] {
        assert!(matches!(line.hear(), Some(Told::Ended(_, 5))), "run {run} was cancelled");
    }
    line.works(1);
    eventually("nothing is left", || {
        children(line.supervisor).len() == ready && commands_with("sleep 9.0625").is_empty()
    });
}

#[test]
fn what_is_no_frame_ends_the_connection_and_every_run() {
    let long = vec![0; 128 * 1024 + 1];
    let (run, cancel) = (load_frame(5), cancel_frame(5));
    let trailing = [&cancel[..], b"x"].concat();
    let fd = sealed(b"");
    let two = [fd.as_fd(), fd.as_fd()];
    let cases: [(&str, &[u8], &[BorrowedFd<'_>]); 7] = [
        ("garbage", &[0xff; 40], &[]),
        ("an unknown request", &[3, 0], &[]),
        ("a frame cut short", &run[..1], &[]),
        ("an empty frame", &[], &[]),
        ("something after a frame", &trailing, &[]),
        ("a frame above the longest", &long, &[]),
        ("two descriptors", &run, &two),
    ];
    for (what, frame, attached) in cases {
        let house = Installation::new();
        let line = Line::take(&house);
        line.run(1, &[Spec::bash("echo on; sleep 9.1875").payload().as_fd()]);
        assert_eq!(line.hear(), Some(Told::Output(1, b"on\n".to_vec())), "before {what}");
        line.send(frame, attached);
        line.expect_the_end();
        assert!(commands_with("sleep 9.1875").is_empty(), "{what} left its run");
    }
}

#[test]
fn a_server_that_asks_and_never_listens_fills_no_memory() {
    const ASKED_MAX: u64 = 20_000;
    let house = Installation::new();
    let line = Line::take(&house);
    let memory =
        || -> u64 { status(line.supervisor, "VmRSS").split_whitespace().next().unwrap().parse().unwrap() };
    let before = memory();
    let mut asked = 0;
    let mut refused_since = Instant::now();
    while asked < ASKED_MAX && refused_since.elapsed() < Duration::from_millis(500) {
        match line.try_send(&load_frame(asked), &[]) {
            Ok(()) => {
                asked += 1;
                refused_since = Instant::now();
            }
            Err(error) => assert_eq!(error, Errno::AGAIN),
        }
    }
    assert!(asked < ASKED_MAX, "it takes requests without end");
    assert!(memory() < before + 4096, "{} KiB more", memory() - before);
    for run in 0..asked {
        assert!(matches!(line.hear(), Some(Told::Failed(about, _)) if about == run));
    }
    line.works(asked);
}

#[test]
fn a_changed_payload_runs_or_is_refused() {
    let house = Installation::new();
    let line = Line::take(&house);
    let ready = line.at_rest();
    let spec = Spec::bash("read -r line; echo \"$line\" > out; cat in").with(|spec| {
        spec.args = vec!["one".to_owned(), "two".to_owned()];
        spec.stdin_bytes = 6;
        spec.files = vec![("in".to_owned(), 4), ("two".to_owned(), 2)];
        spec.rest = b"input\nfileok".to_vec();
        // So that a changed program does not take long.
        spec.limits[0] = 1000;
    });
    let change = (any::<Index>(), prop_oneof![any::<u8>(), Just(0x7f), Just(0x80), Just(0xff)]);
    let run = Cell::new(0);
    let outcome = TestRunner::default().run(&vec(change, 0..4), |changes| {
        let mut bytes = spec.bytes();
        for (at, value) in changes {
            let at = at.index(bytes.len());
            bytes[at] = value;
        }
        line.run(run.get(), &[sealed(&bytes).as_fd()]);
        line.end_of(run.get());
        run.set(run.get() + 1);
        Ok(())
    });
    outcome.unwrap();
    line.works(run.get());
    eventually("nothing is left", || children(line.supervisor).len() == ready);
}
