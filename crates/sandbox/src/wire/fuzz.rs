//! Hostile frames and payloads: whatever comes, an answer, no panic, and no more memory than its length
//! justifies. `PROPTEST_CASES` makes the rounds longer.

use std::{
    fs::File,
    os::fd::{AsFd, BorrowedFd, OwnedFd},
};

use proptest::{collection::vec, prelude::*, sample::Index};
use ringfence_job::{Layer, LayerState, LimitKind, LimitsPatch, LimitsPolicy};

use super::*;

/// Bytes of memory for one byte that came, at most: an element of two bytes becomes one of 48, in a
/// list that may be growing.
const BYTES_PER_BYTE_MAX: u64 = 100;

/// Memory of an attempt whatever its length, in bytes: errors and their words.
const BYTES_ALWAYS: u64 = 16 * 1024;

/// What somebody does to bytes that were valid.
#[derive(Debug, Clone)]
enum Change {
    Set(Index, u8),
    Flip(Index, u8),
    Cut(Index),
    Append(Vec<u8>),
    Repeat(Index),
    Number(Index, u64),
}

impl Change {
    fn apply(&self, bytes: &mut Vec<u8>) {
        let at = |index: &Index| index.index(bytes.len().max(1));
        match self {
            Change::Append(more) => bytes.extend(more),
            _ if bytes.is_empty() => {}
            Change::Set(index, value) => {
                let at = at(index);
                bytes[at] = *value;
            }
            Change::Flip(index, bit) => {
                let at = at(index);
                bytes[at] ^= 1 << (bit % 8);
            }
            Change::Cut(index) => bytes.truncate(at(index)),
            Change::Repeat(index) => bytes.extend_from_within(at(index)..),
            Change::Number(index, number) => {
                let at = at(index);
                bytes.splice(at..at, postcard::to_stdvec(number).unwrap());
            }
        }
    }
}

fn change() -> impl Strategy<Value = Change> {
    let number = prop_oneof![any::<u64>(), Just(u64::MAX), Just(1 << 32), Just(FRAME_BYTES_MAX as u64)];
    prop_oneof![
        (any::<Index>(), any::<u8>()).prop_map(|(at, value)| Change::Set(at, value)),
        (any::<Index>(), any::<u8>()).prop_map(|(at, bit)| Change::Flip(at, bit)),
        any::<Index>().prop_map(Change::Cut),
        vec(any::<u8>(), 1..20).prop_map(Change::Append),
        any::<Index>().prop_map(Change::Repeat),
        (any::<Index>(), number).prop_map(|(at, number)| Change::Number(at, number)),
    ]
}

fn runtime() -> impl Strategy<Value = Runtime> {
    prop_oneof![Just(Runtime::Python), Just(Runtime::Bash), Just(Runtime::Reader)]
}

fn isolation() -> impl Strategy<Value = Isolation> {
    vec((0..Layer::ALL.len(), any::<bool>(), ".{0,8}"), 0..12).prop_map(|layers| {
        let state = |(at, in_force, detail)| LayerState { layer: Layer::ALL[at], in_force, detail };
        Isolation(layers.into_iter().map(state).collect())
    })
}

fn limits() -> Limits {
    LimitsPolicy::default().resolve(&LimitsPatch::default()).unwrap()
}

fn ending() -> impl Strategy<Value = Ending> {
    let status = prop_oneof![Just(Status::Succeeded), Just(Status::Failed), Just(Status::OutOfMemory)];
    let hits = vec((0..LimitKind::ALL.len(), any::<u64>()), 0..4);
    let denied = vec((".{0,8}", any::<u32>()), 0..4);
    let codes = (any::<Option<i32>>(), any::<Option<i32>>(), any::<[bool; 3]>(), any::<[u64; 5]>());
    (status, hits, denied, codes, isolation()).prop_map(|(status, hits, denied, codes, isolation)| {
        let (exit_code, signal, [stdout_truncated, stderr_truncated, denied_truncated], figures) = codes;
        let [wall_ms, cpu_ms, memory_peak_bytes, stdout_bytes, stderr_bytes] = figures;
        let hit = |(at, value): (usize, u64)| LimitHit { limit: LimitKind::ALL[at], value };
        Ending {
            status,
            exit_code,
            signal,
            stdout_truncated,
            stderr_truncated,
            limits_hit: hits.into_iter().map(hit).collect(),
            denied_syscalls: denied.into_iter().map(|(name, count)| DeniedSyscall { name, count }).collect(),
            denied_truncated,
            usage: Usage { wall_ms, cpu_ms, memory_peak_bytes, stdout_bytes, stderr_bytes },
            isolation,
        }
    })
}

/// Any report a supervisor can make.
pub(crate) fn report() -> impl Strategy<Value = Report> {
    let run = || 0u64..3;
    let stream = prop_oneof![Just(Stream::Stdout), Just(Stream::Stderr)];
    prop_oneof![
        1 => (isolation(), vec(".{0,20}", 0..3))
            .prop_map(|(isolation, problems)| Report::Ready { isolation, problems }),
        1 => ".{0,20}".prop_map(|reason| Report::NotReady { reason }),
        6 => (run(), stream, vec(any::<u8>(), 0..2000))
            .prop_map(|(run, stream, bytes)| Report::Output { run, stream, bytes }),
        2 => (run(), ending()).prop_map(|(run, ending)| Report::Ended { run, ending }),
        2 => (run(), ".{0,20}").prop_map(|(run, reason)| Report::Failed { run, reason }),
        2 => (run(), ".{0,20}").prop_map(|(run, reason)| Report::RuntimeDamaged { run, reason }),
        1 => vec(".{0,20}", 0..3).prop_map(|damaged| Report::Runtimes { damaged }),
    ]
}

fn request() -> impl Strategy<Value = Request> {
    (any::<u64>(), 0..3).prop_map(|(run, which)| match which {
        0 => Request::Load { run },
        1 => Request::Start { run },
        _ => Request::Cancel { run },
    })
}

/// Any report an init can make.
pub(crate) fn init_report() -> impl Strategy<Value = InitReport> {
    (0..7, any::<i32>(), ".{0,20}").prop_map(|(which, wait_status, reason)| match which {
        0 => InitReport::Work,
        1 => InitReport::Listener,
        2 => InitReport::Started,
        4 => InitReport::Gone,
        5 => InitReport::Ready,
        3 => InitReport::Exited { wait_status },
        _ => InitReport::Failed { reason },
    })
}

fn run_spec() -> impl Strategy<Value = RunSpec> {
    let name = prop_oneof![4 => "[a-z]{1,8}", 1 => Just("../x".to_owned()), 1 => Just("/etc".to_owned())];
    let bytes = || prop_oneof![8 => 0u64..200, 1 => any::<u64>(), 1 => (0u64..3).prop_map(|n| u64::MAX - n)];
    let words = (vec(".{0,8}", 0..3), vec(("[A-Z]{1,4}", ".{0,8}"), 0..3));
    (runtime(), words, bytes(), bytes(), vec((name, bytes()), 0..4)).prop_map(
        |(runtime, (args, env), code_bytes, stdin_bytes, files)| RunSpec {
            runtime,
            args,
            env,
            limits: limits(),
            fresh: code_bytes % 2 == 0,
            imports: Imports::ALL[(code_bytes % 4) as usize],
            code_bytes,
            stdin_bytes,
            files,
        },
    )
}

/// Sends bytes as one frame and takes it as the other end would, counting what that allocates.
fn take<F: DeserializeOwned>(frame: &[u8]) -> io::Result<Received<F>> {
    let (left, right) = socket_pair().unwrap();
    send(left.as_fd(), frame, None).unwrap();
    let mut buffer = vec![0; FRAME_BYTES_MAX];
    let mut taken = None;
    let memory = allocation_counter::measure(|| taken = Some(receive(right.as_fd(), &mut buffer)));
    let most = frame.len() as u64 * BYTES_PER_BYTE_MAX + BYTES_ALWAYS;
    assert!(memory.bytes_max <= most, "{} bytes for a frame of {}", memory.bytes_max, frame.len());
    taken.unwrap()
}

fn take_as_everything(frame: &[u8]) {
    // Whether it decodes is chance; that it comes back is the test.
    let _ = take::<Request>(frame);
    let _ = take::<Report>(frame);
    let _ = take::<InitReport>(frame);
    let _ = take::<InitRequest>(frame);
    let _ = take::<String>(frame);
}

fn comes_back<F: Serialize + DeserializeOwned>(frame: &F) {
    let sent = encode(frame).unwrap();
    let Received::Frame(back, None) = take::<F>(&sent).unwrap() else { panic!("it was sent") };
    assert_eq!(encode(&back).unwrap(), sent);
}

/// A sealed memory file of `content`, made longer to `length` without using memory.
pub(crate) fn sealed(content: &[u8], length: u64) -> OwnedFd {
    let fd = rustix::fs::memfd_create("fuzz", MemfdFlags::CLOEXEC | MemfdFlags::ALLOW_SEALING).unwrap();
    write_all_at(&fd, content, 0).unwrap();
    if length > content.len() as u64 {
        rustix::fs::ftruncate(&fd, length).unwrap();
    }
    rustix::fs::fcntl_add_seals(&fd, SEALS).unwrap();
    fd
}

/// Opens a payload, counting what that allocates, and reads all of one that is accepted.
fn open(payload: OwnedFd) -> io::Result<RunPayload> {
    let length = size(&payload).unwrap().min(HEADER_BYTES_MAX);
    let mut opened = None;
    let memory = allocation_counter::measure(|| opened = Some(RunPayload::open(payload)));
    let most = length * BYTES_PER_BYTE_MAX + BYTES_ALWAYS;
    assert!(memory.bytes_max <= most, "{} bytes for a payload of {length}", memory.bytes_max);
    let opened = opened.unwrap()?;
    let (code, stdin) = (opened.code().unwrap(), opened.stdin().unwrap());
    assert_eq!((code.len() as u64, stdin.len() as u64), (opened.spec.code_bytes, opened.spec.stdin_bytes));
    for (name, place) in opened.files() {
        ringfence_job::check_file_name(name).unwrap();
        read_at(opened.file(), place).unwrap();
    }
    Ok(opened)
}

/// A payload whose head is `head`, announced as `announced` bytes long.
fn with_head(head: &[u8], announced: u64, bodies: &[u8]) -> Vec<u8> {
    [&announced.to_le_bytes()[..], head, bodies].concat()
}

proptest! {
    #[test]
    fn any_bytes_are_a_frame_or_an_error(frame in vec(any::<u8>(), 1..600)) {
        take_as_everything(&frame);
    }

    #[test]
    fn a_changed_frame_is_a_frame_or_an_error(
        request in request(),
        report in report(),
        init in init_report(),
        changes in vec(change(), 1..6),
    ) {
        for mut frame in [encode(&request).unwrap(), encode(&report).unwrap(), encode(&init).unwrap()] {
            changes.iter().for_each(|change| change.apply(&mut frame));
            frame.truncate(FRAME_BYTES_MAX);
            if !frame.is_empty() {
                take_as_everything(&frame);
            }
        }
    }

    #[test]
    fn a_frame_comes_back_as_it_was(request in request(), report in report(), init in init_report()) {
        comes_back(&request);
        comes_back(&report);
        comes_back(&init);
        comes_back(&InitRequest::Build);
        comes_back(&InitRequest::Load);
        comes_back(&InitRequest::Start);
    }

    #[test]
    fn something_after_a_frame_is_refused(report in report(), more in vec(any::<u8>(), 1..9)) {
        let frame = [encode(&report).unwrap(), more].concat();
        prop_assert!(take::<Report>(&frame).is_err());
    }

    #[test]
    fn any_bytes_are_a_payload_or_an_error(
        content in vec(any::<u8>(), 0..400),
        length in prop_oneof![Just(0u64), any::<u32>().prop_map(u64::from), Just(1 << 50)],
    ) {
        let _ = open(sealed(&content, length));
        let _ = payload_head::<Vec<(String, u64)>>(&sealed(&content, length));
    }

    #[test]
    fn a_changed_payload_is_a_payload_or_an_error(
        spec in run_spec(),
        changes in vec(change(), 0..4),
        lie in prop_oneof![Just(0u64), any::<u64>(), 0u64..40],
        bodies in vec(any::<u8>(), 0..400),
        length in prop_oneof![Just(0u64), Just(4096), Just(1 << 40)],
    ) {
        let mut head = postcard::to_stdvec(&spec).unwrap();
        changes.iter().for_each(|change| change.apply(&mut head));
        let announced = (head.len() as u64).wrapping_add(lie);
        let _ = open(sealed(&with_head(&head, announced, &bodies), length));
    }

    #[test]
    fn a_payload_is_accepted_exactly_if_its_bodies_fill_it(spec in run_spec(), missing in -2i64..3) {
        let plain = spec.files.iter().all(|(name, _)| ringfence_job::check_file_name(name).is_ok());
        let names: BTreeSet<_> = spec.files.iter().map(|(name, _)| name).collect();
        let words = spec.args.iter().chain(spec.env.iter().map(|(_, value)| value));
        let sound = plain && names.len() == spec.files.len() && !words.clone().any(|word| word.contains('\0'));
        let head = postcard::to_stdvec(&spec).unwrap();
        let mut lengths = [spec.code_bytes, spec.stdin_bytes].into_iter().chain(spec.files.iter().map(|f| f.1));
        let sum = lengths.try_fold(0u64, u64::checked_add);
        let start = with_head(&head, head.len() as u64, &[]);
        let fits = sum.filter(|sum| *sum <= 1000).map(|sum| start.len() as u64 + sum);
        let length = fits.unwrap_or(5000).saturating_add_signed(missing).max(start.len() as u64);
        let opened = open(sealed(&start, length));
        prop_assert_eq!(opened.is_ok(), sound && fits == Some(length), "{:?}", opened);
    }

    #[test]
    fn a_place_outside_a_file_is_refused(at in any::<u64>(), bytes in any::<u64>(), content in vec(any::<u8>(), 0..99)) {
        let file = memory_file(&[&content]).unwrap();
        let inside = at.checked_add(bytes).is_some_and(|end| end <= content.len() as u64);
        prop_assert_eq!(read_at(&file, (at, bytes)).is_ok(), inside);
    }
}

#[test]
fn only_a_sealed_memory_file_is_a_payload() {
    let (pipe, _write) = rustix::pipe::pipe().unwrap();
    let (socket, _other) = socket_pair().unwrap();
    let open_file = |path: &str| OwnedFd::from(File::open(path).unwrap());
    let unsealed = rustix::fs::memfd_create("open", MemfdFlags::CLOEXEC).unwrap();
    for fd in [pipe, socket, open_file("/dev/zero"), open_file("/"), open_file("/proc/self/exe"), unsealed] {
        let refused = RunPayload::open(fd).unwrap_err();
        assert!(refused.to_string().contains("not a sealed memory file"), "{refused}");
    }
}

#[test]
fn several_descriptors_are_refused_and_closed() {
    let (left, right) = socket_pair().unwrap();
    let (read, write) = rustix::pipe::pipe().unwrap();
    let mut buffer = vec![0; FRAME_BYTES_MAX];
    for count in [2, 3, 60] {
        let many: Vec<BorrowedFd<'_>> = vec![write.as_fd(); count];
        let mut space = vec![MaybeUninit::uninit(); rustix::cmsg_space!(ScmRights(60))];
        let mut ancillary = SendAncillaryBuffer::new(&mut space);
        assert!(ancillary.push(SendAncillaryMessage::ScmRights(&many)));
        let frame = encode(&Request::Load { run: 1 }).unwrap();
        rustix::net::sendmsg(&left, &[IoSlice::new(&frame)], &mut ancillary, SendFlags::empty()).unwrap();
        assert!(receive::<Request>(right.as_fd(), &mut buffer).is_err());
    }
    drop(write);
    // At its end only if every copy is closed; otherwise this would wait for ever.
    assert_eq!(rustix::io::read(&read, &mut [0; 1]).unwrap(), 0);
}

#[test]
fn a_frame_longer_than_the_longest_is_refused() {
    let (left, right) = socket_pair().unwrap();
    send(left.as_fd(), &vec![0; FRAME_BYTES_MAX + 1], None).unwrap();
    let refused = receive::<Request>(right.as_fd(), &mut vec![0; FRAME_BYTES_MAX]).unwrap_err();
    assert_eq!(refused.kind(), io::ErrorKind::InvalidData);
}
