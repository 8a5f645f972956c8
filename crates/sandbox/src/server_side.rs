//! The server's side of the process pair: gives up every privilege before the first thread starts.

use std::{
    fs, io,
    os::unix::fs::{DirBuilderExt, MetadataExt, PermissionsExt},
    path::{Path, PathBuf},
};

use rustix::mount::{MountPropagationFlags, mount_bind, mount_change};

use crate::{jail::credentials, sys};

/// Where a process that was root finds the data directory: its own view of a directory that every
/// system has, so that the data may lie below directories that only root can enter.
const DATA_MOUNT: &str = "/tmp";

/// Pieces of memory from this size on go back to the system as soon as they are freed, in bytes: parts
/// of requests and answers, whose largest would otherwise set what the process keeps.
const RETURNED_BYTES: i32 = 256 * 1024;

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
    let reached = if credentials::is_privileged() { become_service(data_dir)? } else { data_dir.into() };
    sys::prctl(libc::PR_SET_NO_NEW_PRIVS, 1)?;
    // Provider keys are in this memory.
    sys::prctl(libc::PR_SET_DUMPABLE, 0)?;
    check_mode(&reached)?;
    Ok(reached)
}

fn become_service(data_dir: &Path) -> io::Result<PathBuf> {
    let id = credentials::SERVICE_HOST_ID;
    let owner = fs::metadata(data_dir)?.uid();
    if owner != id {
        if owner != 0 {
            return Err(io::Error::other(format!(
                "the data directory {} belongs to user {owner}; run as that user, or choose another with --data-dir",
                data_dir.display()
            )));
        }
        std::os::unix::fs::chown(data_dir, Some(id), Some(id))?;
    }
    sys::unshare(libc::CLONE_NEWNS)?;
    mount_change("/", MountPropagationFlags::PRIVATE | MountPropagationFlags::REC)?;
    mount_bind(data_dir, DATA_MOUNT)?;
    sys::drop_groups()?;
    sys::drop_bounding_set()?;
    sys::set_gid(id)?;
    sys::set_uid(id)?;
    sys::drop_capabilities()?;
    Ok(DATA_MOUNT.into())
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
