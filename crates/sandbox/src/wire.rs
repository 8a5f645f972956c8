//! Our own frames: what server, supervisor and a run's init tell each other.
//!
//! Each frame is one datagram of a `SOCK_SEQPACKET` socket pair, at most [`FRAME_BYTES_MAX`] long and
//! with at most one descriptor. Anything large travels in a sealed memory file behind that
//! descriptor. A frame that does not decode ends the connection.

use std::{
    io::{self, IoSlice, IoSliceMut},
    mem::MaybeUninit,
    os::fd::{BorrowedFd, OwnedFd},
};

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

/// Longest part of a guest's output in one frame, in bytes.
pub(crate) const OUTPUT_BYTES_MAX: usize = 64 * 1024;

/// Longest header of a payload in bytes: arguments, environment and file names together.
const HEADER_BYTES_MAX: u64 = 1024 * 1024;

/// With these nobody can change a memory file, nor take them away.
const SEALS: SealFlags =
    SealFlags::WRITE.union(SealFlags::GROW).union(SealFlags::SHRINK).union(SealFlags::SEAL);

/// From the server to the supervisor.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) enum Request {
    /// Run what the attached payload describes.
    Run {
        /// Chosen by the server, unique among live runs.
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
    /// What the run has used so far; told now and then while it lasts.
    Used {
        /// Which run.
        run: u64,
        /// How much.
        usage: Usage,
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
    /// Limits are in force: run what the attached payload describes.
    Run,
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
    /// Length of the program's text in bytes.
    pub(crate) code_bytes: u64,
    /// Length of standard input in bytes.
    pub(crate) stdin_bytes: u64,
    /// Names and lengths of the input files.
    pub(crate) files: Vec<(String, u64)>,
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
    let mut space = [MaybeUninit::uninit(); rustix::cmsg_space!(ScmRights(1))];
    let mut ancillary = SendAncillaryBuffer::new(&mut space);
    let descriptors: Vec<BorrowedFd<'_>> = attached.into_iter().collect();
    if !descriptors.is_empty() {
        ancillary.push(SendAncillaryMessage::ScmRights(&descriptors));
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
/// `InvalidData` for a frame that is too long or does not decode.
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
    let mut attached = None;
    for item in ancillary.drain() {
        if let RecvAncillaryMessage::ScmRights(descriptors) = item {
            attached = descriptors.into_iter().next();
        }
    }
    if message.bytes == 0 {
        return Ok(Received::Closed);
    }
    let malformed = |why: &str| io::Error::new(io::ErrorKind::InvalidData, format!("malformed frame: {why}"));
    if message.flags.contains(ReturnFlags::TRUNC) {
        return Err(malformed("too long"));
    }
    let frame =
        postcard::from_bytes(&buffer[..message.bytes]).map_err(|error| malformed(&error.to_string()))?;
    Ok(Received::Frame(frame, attached))
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
pub(crate) fn payload(head: &impl Serialize, bodies: &[&[u8]]) -> io::Result<OwnedFd> {
    let head = postcard::to_stdvec(head).map_err(io::Error::other)?;
    if head.len() as u64 > HEADER_BYTES_MAX {
        return Err(io::Error::new(
            io::ErrorKind::InvalidInput,
            format!(
                "arguments, environment and file names take {} bytes, the limit is {HEADER_BYTES_MAX}",
                head.len()
            ),
        ));
    }
    let prefix = (head.len() as u64).to_le_bytes();
    memory_file(&[&[&prefix[..], &head], bodies].concat())
}

/// A sealed memory file that holds `parts` one after the other.
pub(crate) fn memory_file(parts: &[&[u8]]) -> io::Result<OwnedFd> {
    let fd = rustix::fs::memfd_create("ringfence", MemfdFlags::CLOEXEC | MemfdFlags::ALLOW_SEALING)?;
    let mut at = 0u64;
    for part in parts {
        write_all_at(&fd, part, at)?;
        at += part.len() as u64;
    }
    rustix::fs::fcntl_add_seals(&fd, SEALS)?;
    Ok(fd)
}

fn write_all_at(fd: &OwnedFd, mut bytes: &[u8], mut at: u64) -> io::Result<()> {
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
/// `InvalidData` if it is malformed, or if somebody could still change it: what is checked here must be
/// what init reads.
pub(crate) fn payload_head<H: DeserializeOwned>(fd: &OwnedFd) -> io::Result<(H, u64)> {
    if !rustix::fs::fcntl_get_seals(fd)?.contains(SEALS) {
        return Err(io::Error::new(io::ErrorKind::InvalidData, "payload is not sealed"));
    }
    let bytes = u64::from_le_bytes(read_at(fd, 0, 8)?.try_into().map_err(|_| cut_short())?);
    if bytes > HEADER_BYTES_MAX {
        return Err(io::Error::new(io::ErrorKind::InvalidData, "payload head is too long"));
    }
    let head = read_at(fd, 8, bytes)?;
    let head = postcard::from_bytes(&head)
        .map_err(|error| io::Error::new(io::ErrorKind::InvalidData, format!("malformed payload: {error}")))?;
    Ok((head, 8 + bytes))
}

/// Exactly `bytes` bytes at `at`. The length is checked against the file before anything is allocated.
pub(crate) fn read_at(fd: &OwnedFd, at: u64, bytes: u64) -> io::Result<Vec<u8>> {
    let size = u64::try_from(rustix::fs::fstat(fd)?.st_size).unwrap_or(0);
    if at.checked_add(bytes).is_none_or(|end| end > size) {
        return Err(cut_short());
    }
    let mut content = vec![0; usize::try_from(bytes).map_err(io::Error::other)?];
    let mut done = 0;
    while done < content.len() {
        match rustix::io::pread(fd, &mut content[done..], at + done as u64)? {
            0 => return Err(cut_short()),
            count => done += count,
        }
    }
    Ok(content)
}

fn cut_short() -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, "payload is cut short")
}

#[cfg(test)]
mod tests {
    use std::os::fd::AsFd;

    use super::*;

    #[test]
    fn a_frame_arrives_with_its_descriptor() {
        let (left, right) = socket_pair().unwrap();
        let file = memory_file(&[b"hello"]).unwrap();
        send(left.as_fd(), &encode(&Request::Run { run: 7 }).unwrap(), Some(file.as_fd())).unwrap();
        let mut buffer = vec![0; FRAME_BYTES_MAX];
        let Received::Frame(Request::Run { run: 7 }, Some(fd)) = receive(right.as_fd(), &mut buffer).unwrap()
        else {
            panic!("not the frame that was sent");
        };
        assert_eq!(read_at(&fd, 0, 5).unwrap(), b"hello");
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
        assert!(read_at(&short, u64::MAX, 2).is_err());
    }

    #[test]
    fn a_payload_that_can_still_be_changed_is_refused() {
        let open = rustix::fs::memfd_create("open", MemfdFlags::CLOEXEC | MemfdFlags::ALLOW_SEALING).unwrap();
        write_all_at(&open, &[0; 8], 0).unwrap();
        let refused = payload_head::<()>(&open).unwrap_err();
        assert!(refused.to_string().contains("not sealed"), "{refused}");
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
