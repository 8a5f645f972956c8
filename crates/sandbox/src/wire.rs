//! Our own frames: what server, supervisor and a run's init tell each other.
//!
//! Each frame is one datagram of a `SOCK_SEQPACKET` socket pair, at most [`FRAME_BYTES_MAX`] long and
//! with at most one descriptor. Anything large travels in a sealed memory file behind that
//! descriptor. A frame that does not decode, to its last byte, ends the connection.

use std::{
    collections::BTreeSet,
    io::{self, IoSlice, IoSliceMut},
    mem::MaybeUninit,
    os::fd::{BorrowedFd, OwnedFd},
};

use crate::{figures::PoolFigures, imports::Imports};
use ringfence_job::{DeniedSyscall, Isolation, LimitHit, Limits, Runtime, Status, Stream, Usage};
use rustix::{
    event::{PollFd, PollFlags},
    fs::{MemfdFlags, SealFlags},
    io::Errno,
    net::{
        AddressFamily, RecvAncillaryBuffer, RecvAncillaryMessage, RecvFlags, ReturnFlags,
        SendAncillaryBuffer, SendAncillaryMessage, SendFlags, SocketFlags, SocketType,
    },
};
use serde::{Deserialize, Serialize, de::DeserializeOwned};

/// Longest frame in bytes.
pub(crate) const FRAME_BYTES_MAX: usize = 128 * 1024;

/// Most descriptors that go with a frame.
pub(crate) const DESCRIPTORS_MAX: usize = 16;

/// Longest part of a guest's output in one frame, in bytes.
pub(crate) const OUTPUT_BYTES_MAX: usize = 64 * 1024;

/// Longest header of a payload in bytes: arguments, environment and file names together.
const HEADER_BYTES_MAX: u64 = 1024 * 1024;

/// Longest payload in bytes. A sparse file costs its maker nothing, so its length alone is no bound.
const PAYLOAD_BYTES_MAX: u64 = 1024 * 1024 * 1024;

/// Length of the number that says how long a payload's head is, in bytes.
const PREFIX_BYTES: u64 = 8;

/// With these nobody can change a memory file, nor take them away.
const SEALS: SealFlags =
    SealFlags::WRITE.union(SealFlags::GROW).union(SealFlags::SHRINK).union(SealFlags::SEAL);

/// From the server to the supervisor.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) enum Request {
    /// Put what the attached payload describes into a jail, where it waits.
    Load {
        /// Chosen by the server, unique among live runs.
        run: u64,
    },
    /// Let a run that is loaded begin.
    Start {
        /// Which.
        run: u64,
    },
    /// End a run.
    Cancel {
        /// Which.
        run: u64,
    },
}

/// From the supervisor to the server.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) enum Report {
    /// The supervisor is ready: the first frame.
    Ready {
        /// The protections every run will have.
        isolation: Isolation,
        /// What could not be set up, in words.
        problems: Vec<String>,
    },
    /// The supervisor cannot come up: the first and last frame.
    NotReady {
        /// Which step failed and how.
        reason: String,
    },
    /// The guest wrote something.
    Output {
        /// Which run.
        run: u64,
        /// Where to.
        stream: Stream,
        /// At most [`OUTPUT_BYTES_MAX`] bytes.
        bytes: Vec<u8>,
    },
    /// The run is over and everything in its jail is dead; returned files, if any, are in the attached
    /// payload.
    Ended {
        /// Which run.
        run: u64,
        /// What happened.
        ending: Ending,
    },
    /// The run could not be started or carried through: our own failure.
    Failed {
        /// Which run.
        run: u64,
        /// Which step failed and how.
        reason: String,
    },
    /// The run could not be carried through because its runtime is damaged.
    RuntimeDamaged {
        /// Which run.
        run: u64,
        /// What is wrong and what to do.
        reason: String,
    },
    /// Which runtimes are damaged from now on.
    Runtimes {
        /// What is wrong with each and what to do; none is listed that is as it was.
        damaged: Vec<String>,
    },
    /// What waits for runs, and how it has done so far; told now and then.
    Pool {
        /// All of it.
        figures: PoolFigures,
    },
    /// What the run has used so far; told now and then while it lasts.
    Used {
        /// Which run.
        run: u64,
        /// How much.
        usage: Usage,
    },
}

/// What happened to a run, without its output.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct Ending {
    /// How it ended.
    pub(crate) status: Status,
    /// Exit code of the guest's first process.
    pub(crate) exit_code: Option<i32>,
    /// Signal that ended it.
    pub(crate) signal: Option<i32>,
    /// Standard output had more than its limit.
    pub(crate) stdout_truncated: bool,
    /// Standard error had more than its limit.
    pub(crate) stderr_truncated: bool,
    /// Limits that fired.
    pub(crate) limits_hit: Vec<LimitHit>,
    /// Refused calls.
    pub(crate) denied_syscalls: Vec<DeniedSyscall>,
    /// There were more refused calls than are counted.
    pub(crate) denied_truncated: bool,
    /// What was used.
    pub(crate) usage: Usage,
    /// The protections that were in force.
    pub(crate) isolation: Isolation,
}

/// From a run's init, or from the guest's process before it executes, to the supervisor.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) enum InitReport {
    /// The attached descriptor is the working directory.
    Work,
    /// The attached descriptor is where refused calls arrive.
    Listener,
    /// An interpreter waits for its program.
    Ready,
    /// The guest's process is gone before its program could begin: our own failure, but another jail will do.
    Gone,
    /// The guest's program is being executed.
    Started,
    /// The guest's first process ended with this raw wait status.
    Exited {
        /// As waitpid(2) gave it.
        wait_status: i32,
    },
    /// A step of the set-up failed: our own failure.
    Failed {
        /// Which step and how.
        reason: String,
    },
}

/// From the supervisor to a run's init.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) enum InitRequest {
    /// Ids are mapped: build the jail.
    Build,
    /// Limits are in force: take in what the attached payload describes.
    Load,
    /// Execute it.
    Start,
}

/// What to run: the head of a payload.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct RunSpec {
    /// What the jail holds.
    pub(crate) runtime: Runtime,
    /// Arguments after the program's name.
    pub(crate) args: Vec<String>,
    /// Variables added to the runtime's own.
    pub(crate) env: Vec<(String, String)>,
    /// Effective limits.
    pub(crate) limits: Limits,
    /// Have a program executed that was not started before.
    pub(crate) fresh: bool,
    /// What it is likely to import, if it is Python.
    pub(crate) imports: Imports,
    /// Length of the program's text in bytes.
    pub(crate) code_bytes: u64,
    /// Length of standard input in bytes.
    pub(crate) stdin_bytes: u64,
    /// Names and lengths of the input files.
    pub(crate) files: Vec<(String, u64)>,
}

/// A stretch of a payload: its position and its length in bytes.
pub(crate) type Place = (u64, u64);

/// A run's payload, found sound: its bodies fill it exactly and its names are plain and different.
#[derive(Debug)]
pub(crate) struct RunPayload {
    /// What its head says.
    pub(crate) spec: RunSpec,
    file: OwnedFd,
    code: Place,
    stdin: Place,
    files: Vec<Place>,
}

impl RunPayload {
    /// Looks at a payload before anything is done with it.
    ///
    /// # Errors
    /// `InvalidData` for what a sound server never sends.
    pub(crate) fn open(file: OwnedFd) -> io::Result<RunPayload> {
        let (spec, bodies_at) = payload_head::<RunSpec>(&file)?;
        let mut names = BTreeSet::new();
        for (name, _) in &spec.files {
            ringfence_job::check_file_name(name).map_err(|error| invalid(&error.to_string()))?;
            if !names.insert(name) {
                return Err(invalid("two files have the same name"));
            }
        }
        let words = spec.args.iter().chain(spec.env.iter().flat_map(|(name, value)| [name, value]));
        if words.into_iter().any(|word| word.contains('\0')) {
            return Err(invalid("an argument or a variable contains a NUL character"));
        }
        let sizes = spec.files.iter().map(|(_, bytes)| *bytes);
        let bodies = places(&file, bodies_at, [spec.code_bytes, spec.stdin_bytes].into_iter().chain(sizes))?;
        let (code, stdin, files) = (bodies[0], bodies[1], bodies[2..].to_vec());
        Ok(RunPayload { spec, file, code, stdin, files })
    }

    /// The memory file itself.
    pub(crate) fn file(&self) -> &OwnedFd {
        &self.file
    }

    /// The program's text.
    pub(crate) fn code(&self) -> io::Result<Vec<u8>> {
        read_at(&self.file, self.code)
    }

    /// Standard input.
    pub(crate) fn stdin(&self) -> io::Result<Vec<u8>> {
        read_at(&self.file, self.stdin)
    }

    /// Names of the input files and where they are in the memory file.
    pub(crate) fn files(&self) -> impl Iterator<Item = (&str, Place)> {
        self.spec.files.iter().map(|(name, _)| name.as_str()).zip(self.files.iter().copied())
    }
}

/// A pair of connected sockets for frames.
pub(crate) fn socket_pair() -> io::Result<(OwnedFd, OwnedFd)> {
    Ok(rustix::net::socketpair(
        AddressFamily::UNIX,
        SocketType::SEQPACKET,
        SocketFlags::CLOEXEC | SocketFlags::NONBLOCK,
        None,
    )?)
}

/// Encodes a frame.
pub(crate) fn encode(frame: &impl Serialize) -> io::Result<Vec<u8>> {
    let bytes = postcard::to_stdvec(frame).map_err(io::Error::other)?;
    if bytes.len() > FRAME_BYTES_MAX {
        return Err(io::Error::other(format!("frame of {} bytes is too long", bytes.len())));
    }
    Ok(bytes)
}

/// Sends one encoded frame, with a descriptor if there is one. Never blocks.
pub(crate) fn send(socket: BorrowedFd<'_>, frame: &[u8], attached: Option<BorrowedFd<'_>>) -> io::Result<()> {
    send_with(socket, frame, attached.as_slice())
}

/// As [`send`], to somebody who may have ended: then the end is what there is to hear of.
pub(crate) fn send_to_mortal(
    socket: BorrowedFd<'_>,
    frame: &[u8],
    attached: Option<BorrowedFd<'_>>,
) -> io::Result<()> {
    match send(socket, frame, attached) {
        Err(error) if matches!(error.kind(), io::ErrorKind::BrokenPipe | io::ErrorKind::ConnectionReset) => {
            Ok(())
        }
        sent => sent,
    }
}

/// As [`send`], with up to [`DESCRIPTORS_MAX`] descriptors: for a zygote, which is the only one to take more
/// than one.
pub(crate) fn send_with(
    socket: BorrowedFd<'_>,
    frame: &[u8],
    descriptors: &[BorrowedFd<'_>],
) -> io::Result<()> {
    let mut space = [MaybeUninit::uninit(); rustix::cmsg_space!(ScmRights(DESCRIPTORS_MAX))];
    let mut ancillary = SendAncillaryBuffer::new(&mut space);
    if !descriptors.is_empty() && !ancillary.push(SendAncillaryMessage::ScmRights(descriptors)) {
        return Err(io::Error::other("too many descriptors for a frame"));
    }
    let flags = SendFlags::NOSIGNAL | SendFlags::DONTWAIT;
    rustix::net::sendmsg(socket, &[IoSlice::new(frame)], &mut ancillary, flags)?;
    Ok(())
}

/// A received frame.
#[derive(Debug)]
pub(crate) enum Received<F> {
    /// A frame and the descriptor that came with it.
    Frame(F, Option<OwnedFd>),
    /// Nothing waits.
    Nothing,
    /// The other end is gone.
    Closed,
}

/// Receives one frame if one waits.
///
/// # Errors
/// `InvalidData` for a frame that is too long, has more than one descriptor, or does not decode.
pub(crate) fn receive<F: DeserializeOwned>(
    socket: BorrowedFd<'_>,
    buffer: &mut [u8],
) -> io::Result<Received<F>> {
    let mut space = [MaybeUninit::uninit(); rustix::cmsg_space!(ScmRights(1))];
    let mut ancillary = RecvAncillaryBuffer::new(&mut space);
    let flags = RecvFlags::CMSG_CLOEXEC | RecvFlags::DONTWAIT;
    let message = match rustix::net::recvmsg(socket, &mut [IoSliceMut::new(buffer)], &mut ancillary, flags) {
        Ok(message) => message,
        Err(Errno::AGAIN | Errno::INTR) => return Ok(Received::Nothing),
        Err(Errno::CONNRESET) => return Ok(Received::Closed),
        Err(error) => return Err(error.into()),
    };
    // Whatever came is owned, and so closed, whether or not it belongs to a frame.
    let mut attached: Vec<OwnedFd> = Vec::new();
    for item in ancillary.drain() {
        if let RecvAncillaryMessage::ScmRights(descriptors) = item {
            attached.extend(descriptors);
        }
    }
    if message.bytes == 0 {
        return Ok(Received::Closed);
    }
    if message.flags.intersects(ReturnFlags::TRUNC | ReturnFlags::CTRUNC) || attached.len() > 1 {
        return Err(invalid("malformed frame: too long, or too many descriptors"));
    }
    Ok(Received::Frame(decode(&buffer[..message.bytes], "frame")?, attached.pop()))
}

/// Decodes all of `bytes`.
fn decode<T: DeserializeOwned>(bytes: &[u8], what: &str) -> io::Result<T> {
    match postcard::take_from_bytes(bytes) {
        Ok((value, [])) => Ok(value),
        Ok(_) => Err(invalid(&format!("malformed {what}: something follows it"))),
        Err(error) => Err(invalid(&format!("malformed {what}: {error}"))),
    }
}

/// Waits for one frame; `None` if the other end is gone.
///
/// # Errors
/// As [`receive`].
pub(crate) fn wait<F: DeserializeOwned>(
    socket: BorrowedFd<'_>,
    buffer: &mut [u8],
) -> io::Result<Option<(F, Option<OwnedFd>)>> {
    let mut waited = [PollFd::from_borrowed_fd(socket, PollFlags::IN)];
    loop {
        match rustix::event::poll(&mut waited, None) {
            Ok(_) | Err(Errno::INTR) => {}
            Err(error) => return Err(error.into()),
        }
        match receive(socket, buffer)? {
            Received::Frame(frame, attached) => return Ok(Some((frame, attached))),
            Received::Nothing => {}
            Received::Closed => return Ok(None),
        }
    }
}

/// A memory file with a length-prefixed head and then bodies; sealed, so that nobody changes it.
///
/// # Errors
/// `InvalidInput` if the head or the whole is longer than the other end accepts.
pub(crate) fn payload(head: &impl Serialize, bodies: &[&[u8]]) -> io::Result<OwnedFd> {
    let head = postcard::to_stdvec(head).map_err(io::Error::other)?;
    let bytes = bodies.iter().map(|body| body.len() as u64).sum::<u64>() + head.len() as u64 + PREFIX_BYTES;
    for (what, bytes, limit) in [
        ("arguments, environment and file names take", head.len() as u64, HEADER_BYTES_MAX),
        ("program, input and files take", bytes, PAYLOAD_BYTES_MAX),
    ] {
        if bytes > limit {
            let why = format!("{what} {bytes} bytes, the limit is {limit}");
            return Err(io::Error::new(io::ErrorKind::InvalidInput, why));
        }
    }
    let prefix = (head.len() as u64).to_le_bytes();
    memory_file(&[&[&prefix[..], &head], bodies].concat())
}

/// A sealed memory file that holds `parts` one after the other.
pub(crate) fn memory_file(parts: &[&[u8]]) -> io::Result<OwnedFd> {
    let fd = open_memory_file()?;
    let mut at = 0u64;
    for part in parts {
        write_all_at(&fd, part, at)?;
        at += part.len() as u64;
    }
    seal(&fd)?;
    Ok(fd)
}

/// An empty memory file that is not sealed yet.
pub(crate) fn open_memory_file() -> io::Result<OwnedFd> {
    Ok(rustix::fs::memfd_create("ringfence", MemfdFlags::CLOEXEC | MemfdFlags::ALLOW_SEALING)?)
}

/// Makes a memory file one that nobody can change any more.
pub(crate) fn seal(fd: &OwnedFd) -> io::Result<()> {
    Ok(rustix::fs::fcntl_add_seals(fd, SEALS)?)
}

/// Writes all of `bytes`, from position `at` on.
pub(crate) fn write_all_at(fd: &OwnedFd, mut bytes: &[u8], mut at: u64) -> io::Result<()> {
    while !bytes.is_empty() {
        let count = rustix::io::pwrite(fd, bytes, at)?;
        bytes = &bytes[count..];
        at += count as u64;
    }
    Ok(())
}

/// The head of a payload, and where its bodies begin.
///
/// # Errors
/// `InvalidData` if it is malformed or too long, or if somebody could still change it: what is checked
/// here must be what init reads.
pub(crate) fn payload_head<H: DeserializeOwned>(fd: &OwnedFd) -> io::Result<(H, u64)> {
    // Only memory files have seals, so this refuses pipes, devices and directories as well.
    if !rustix::fs::fcntl_get_seals(fd).is_ok_and(|seals| seals.contains(SEALS)) {
        return Err(invalid("payload is not a sealed memory file"));
    }
    if size(fd)? > PAYLOAD_BYTES_MAX {
        return Err(invalid("payload is too long"));
    }
    let prefix = read_at(fd, (0, PREFIX_BYTES))?;
    let bytes = u64::from_le_bytes(prefix.try_into().map_err(|_| invalid("payload is cut short"))?);
    if bytes > HEADER_BYTES_MAX {
        return Err(invalid("payload head is too long"));
    }
    let head = decode(&read_at(fd, (PREFIX_BYTES, bytes))?, "payload")?;
    Ok((head, PREFIX_BYTES + bytes))
}

/// Where bodies of these lengths are in a payload, one after the other from `at` on.
///
/// # Errors
/// `InvalidData` unless they fill it to its end.
pub(crate) fn places(
    fd: &OwnedFd,
    mut at: u64,
    lengths: impl Iterator<Item = u64>,
) -> io::Result<Vec<Place>> {
    let mut places = Vec::new();
    for length in lengths {
        places.push((at, length));
        at = at.checked_add(length).ok_or_else(|| invalid("payload lies about its length"))?;
    }
    if at == size(fd)? { Ok(places) } else { Err(invalid("payload lies about its length")) }
}

/// Exactly the bytes of a place. Its length is checked against the file before anything is allocated.
pub(crate) fn read_at(fd: &OwnedFd, (at, bytes): Place) -> io::Result<Vec<u8>> {
    let size = size(fd)?;
    if at.checked_add(bytes).is_none_or(|end| end > size) {
        return Err(invalid("payload is cut short"));
    }
    let mut content = vec![0; usize::try_from(bytes).map_err(io::Error::other)?];
    let mut done = 0;
    while done < content.len() {
        match rustix::io::pread(fd, &mut content[done..], at + done as u64)? {
            0 => return Err(invalid("payload is cut short")),
            count => done += count,
        }
    }
    Ok(content)
}

fn size(fd: &OwnedFd) -> io::Result<u64> {
    Ok(u64::try_from(rustix::fs::fstat(fd)?.st_size).unwrap_or(0))
}

fn invalid(why: &str) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, why)
}

#[cfg(test)]
pub(crate) mod fuzz;

#[cfg(test)]
mod tests {
    use std::os::fd::AsFd;

    use super::*;

    #[test]
    fn a_frame_arrives_with_its_descriptor() {
        let (left, right) = socket_pair().unwrap();
        let file = memory_file(&[b"hello"]).unwrap();
        send(left.as_fd(), &encode(&Request::Load { run: 7 }).unwrap(), Some(file.as_fd())).unwrap();
        let mut buffer = vec![0; FRAME_BYTES_MAX];
        let Received::Frame(Request::Load { run: 7 }, Some(fd)) =
            receive(right.as_fd(), &mut buffer).unwrap()
        else {
            panic!("not the frame that was sent");
        };
        assert_eq!(read_at(&fd, (0, 5)).unwrap(), b"hello");
        assert!(matches!(receive::<Request>(right.as_fd(), &mut buffer).unwrap(), Received::Nothing));
        drop(left);
        assert!(matches!(receive::<Request>(right.as_fd(), &mut buffer).unwrap(), Received::Closed));
    }

    #[test]
    fn lengths_are_checked_before_allocation() {
        let lying = memory_file(&[&u64::MAX.to_le_bytes()]).unwrap();
        assert!(payload_head::<RunSpec>(&lying).is_err());
        let short = memory_file(&[&1000u64.to_le_bytes(), b"abc"]).unwrap();
        assert!(payload_head::<RunSpec>(&short).is_err());
        assert!(read_at(&short, (u64::MAX, 2)).is_err());
    }

    #[test]
    fn a_payload_that_can_still_be_changed_is_refused() {
        let open = rustix::fs::memfd_create("open", MemfdFlags::CLOEXEC | MemfdFlags::ALLOW_SEALING).unwrap();
        write_all_at(&open, &[0; 8], 0).unwrap();
        let refused = payload_head::<()>(&open).unwrap_err();
        assert!(refused.to_string().contains("not a sealed"), "{refused}");
        rustix::fs::fcntl_add_seals(&open, SEALS).unwrap();
        payload_head::<()>(&open).unwrap();
    }

    #[test]
    fn a_malformed_frame_is_an_error() {
        let (left, right) = socket_pair().unwrap();
        send(left.as_fd(), &[0xff; 40], None).unwrap();
        let mut buffer = vec![0; FRAME_BYTES_MAX];
        assert!(receive::<Report>(right.as_fd(), &mut buffer).is_err());
    }
}
