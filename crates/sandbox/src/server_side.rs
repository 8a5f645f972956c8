//! The server's side of the process pair: gives up every privilege before the first thread starts.

use std::{
    fs, io,
    os::{
        fd::{AsRawFd, OwnedFd},
        unix::fs::{DirBuilderExt, MetadataExt, PermissionsExt},
    },
    path::{Path, PathBuf},
    time::Duration,
};

use rustix::{
    fs::{Mode, OFlags},
    mount::{MountFlags, MountPropagationFlags, mount, mount_bind, mount_change},
};

use crate::{jail::credentials, sys};

/// Where a process that was root finds the data directory: its own view of a directory that every
/// system has, so that the data may lie below directories that only root can enter.
const DATA_MOUNT: &str = "/tmp";

/// Pieces of memory from this size on go back to the system as soon as they are freed, in bytes: parts
/// of requests and answers, whose largest would otherwise set what the process keeps.
const RETURNED_BYTES: i32 = 256 * 1024;

/// How long a thread of ours computes at a time while others want to: the least that the kernel knows. What we do
/// for a run is short, and beside what guests do it would wait for their turns to end.
const SLICE: Duration = Duration::from_micros(100);

/// Has the calling thread be let in at once when it has something to do, if the kernel can do that; a runtime's
/// threads call it when they start.
pub fn take_short_turns() {
    // Where there is no such thing, it only takes longer.
    let _ = sys::set_slice(SLICE);
}

/// Has the memory of large requests go back to the system when they are over.
///
/// Call it before any thread.
pub fn return_freed_memory() {
    sys::set_mapping_threshold(RETURNED_BYTES);
}

/// Makes the data directory if it is missing, and gives up what only the supervisor needs: as root,
/// the process becomes a user of its own that owns nothing but the data. Returns the path by which the
/// data directory is reached from now on.
///
/// Call it after [`crate::start`] and before any thread.
///
/// # Errors
/// The directory cannot be made or is open to others, or a privilege cannot be given up.
pub fn give_up_privileges(data_dir: &Path) -> io::Result<PathBuf> {
    fs::DirBuilder::new().recursive(true).mode(0o700).create(data_dir)?;
    let reached: PathBuf = if credentials::is_privileged() {
        own(data_dir)?;
        unshare_mounts()?;
        mount_bind(data_dir, DATA_MOUNT)?;
        become_service()?;
        DATA_MOUNT.into()
    } else {
        data_dir.into()
    };
    give_up_the_rest(&reached)?;
    Ok(reached)
}

/// As [`give_up_privileges`], with a second directory that the process owns as well. Returns the paths by
/// which the two are reached from now on.
///
/// # Errors
/// As [`give_up_privileges`]; both directories have to be there.
pub fn give_up_privileges_with(data_dir: &Path, other: &Path) -> io::Result<(PathBuf, PathBuf)> {
    let reached = if credentials::is_privileged() {
        own(data_dir)?;
        own(other)?;
        unshare_mounts()?;
        let reached = mount_both(data_dir, other)?;
        become_service()?;
        reached
    } else {
        (data_dir.into(), other.into())
    };
    give_up_the_rest(&reached.0)?;
    Ok(reached)
}

/// Mounts two directories in a file system that holds nothing else.
fn mount_both(data_dir: &Path, other: &Path) -> io::Result<(PathBuf, PathBuf)> {
    // Opened before anything is mounted over them: they may be anywhere.
    let open = |path: &Path| rustix::fs::open(path, OFlags::PATH | OFlags::CLOEXEC, Mode::empty());
    let (data, beside) = (open(data_dir)?, open(other)?);
    mount(
        "tmpfs",
        DATA_MOUNT,
        "tmpfs",
        MountFlags::NOSUID | MountFlags::NODEV | MountFlags::NOEXEC,
        c"mode=755",
    )?;
    let place = |name: &str, directory: OwnedFd| {
        let place = Path::new(DATA_MOUNT).join(name);
        fs::create_dir(&place)?;
        mount_bind(format!("/proc/self/fd/{}", directory.as_raw_fd()), &place)?;
        io::Result::Ok(place)
    };
    Ok((place("data", data)?, place("other", beside)?))
}

/// Sees to it that the user that the process becomes owns a directory.
fn own(directory: &Path) -> io::Result<()> {
    let id = credentials::SERVICE_HOST_ID;
    match fs::metadata(directory)?.uid() {
        owner if owner == id => Ok(()),
        0 => std::os::unix::fs::chown(directory, Some(id), Some(id)),
        owner => Err(io::Error::other(format!(
            "the data directory {} belongs to user {owner}; run as that user, or choose another with --data-dir",
            directory.display()
        ))),
    }
}

fn unshare_mounts() -> io::Result<()> {
    sys::unshare(libc::CLONE_NEWNS)?;
    Ok(mount_change("/", MountPropagationFlags::PRIVATE | MountPropagationFlags::REC)?)
}

fn become_service() -> io::Result<()> {
    let id = credentials::SERVICE_HOST_ID;
    sys::drop_groups()?;
    sys::drop_bounding_set_but(&[])?;
    sys::set_gid(id)?;
    sys::set_uid(id)?;
    sys::drop_capabilities()
}

fn give_up_the_rest(data_dir: &Path) -> io::Result<()> {
    sys::prctl(libc::PR_SET_NO_NEW_PRIVS, 1)?;
    // Provider keys are in this memory.
    sys::prctl(libc::PR_SET_DUMPABLE, 0)?;
    check_mode(data_dir)
}

fn check_mode(data_dir: &Path) -> io::Result<()> {
    let mode = fs::metadata(data_dir)?.permissions().mode() & 0o777;
    if mode & 0o077 != 0 {
        return Err(io::Error::other(format!(
            "the data directory is open to others (mode {mode:o}), run: chmod 700 on it"
        )));
    }
    Ok(())
}
