//! What the guest sees of files: a read-only runtime, a few devices, its own processes and a scratch.
//!
//! The supervisor prepares a template root for each runtime once, in a mount namespace of its own.
//! Each jail copies the template with one call and adds what is its own: /proc, and one tmpfs that
//! holds /work, /tmp, /dev/shm and the program's text in /job.

use std::{
    ffi::CString,
    fs, io,
    os::{
        fd::{AsRawFd, OwnedFd},
        unix::fs::{DirBuilderExt, symlink},
    },
    path::{Path, PathBuf},
};

use ringfence_job::{Limits, Runtime};
use rustix::{
    fs::{FileType, Gid, Mode, OFlags, Uid},
    mount::{
        MountFlags, MountPropagationFlags, UnmountFlags, mount, mount_bind, mount_bind_recursive,
        mount_change, mount_remount, unmount,
    },
};

use super::{credentials::GUEST_ID, weaken};
use crate::sys;

/// Where the supervisor keeps its templates; a private tmpfs covers the host's directory.
const STAGE: &str = "/tmp";

/// Where a jail's root is assembled, below the stage.
const NEW_ROOT: &str = "/tmp/root";

/// Devices that every root has.
const DEVICES: [&str; 5] = ["null", "zero", "full", "random", "urandom"];

/// Files and directories of ours on a run's tmpfs: its root, the four directories and the program.
const OWN_INODES: u64 = 6;

/// Room on the tmpfs of a jail that waits for its run, in bytes: nothing but directories is there.
const OWN_BYTES: u64 = PAGE_BYTES;

/// Size of a page of tmpfs in bytes.
const PAGE_BYTES: u64 = 4096;

/// The guest's working directory.
const WORK: &str = "/work";

/// Where the program's text is.
const JOB: &str = "/job";

/// A path of the new root, as it is called once that is entered.
pub(super) fn inside(path: &str) -> PathBuf {
    // Where the root is left out on purpose, it stays where it was assembled.
    PathBuf::from(if weaken::is_off("root") { format!("{NEW_ROOT}{path}") } else { path.to_owned() })
}

/// What a template root is made of.
#[derive(Debug, Clone)]
pub(crate) enum Source {
    /// A complete root file system.
    Tree(PathBuf),
    /// Single files of the host: where each is, and where it goes.
    Files(Vec<(PathBuf, PathBuf)>),
}

/// A source, held open so that it can be mounted from wherever it lies.
#[derive(Debug)]
pub(crate) enum OpenSource {
    /// See [`Source::Tree`].
    Tree(OwnedFd),
    /// See [`Source::Files`].
    Files(Vec<(OwnedFd, PathBuf)>),
}

impl Source {
    /// Opens everything. The caller is already in the mount namespace it will mount in.
    pub(crate) fn open(&self) -> io::Result<OpenSource> {
        let open = |path: &Path| -> io::Result<OwnedFd> {
            let opened = rustix::fs::open(path, OFlags::PATH | OFlags::CLOEXEC, Mode::empty());
            opened.map_err(|error| io::Error::new(error.kind(), format!("{}: {error}", path.display())))
        };
        Ok(match self {
            Source::Tree(tree) => OpenSource::Tree(open(tree)?),
            Source::Files(files) => OpenSource::Files(
                files.iter().map(|(from, to)| Ok((open(from)?, to.clone()))).collect::<io::Result<_>>()?,
            ),
        })
    }
}

/// Where the template of `runtime` is mounted, in the supervisor's own view.
pub(crate) fn template(runtime: Runtime) -> PathBuf {
    Path::new(STAGE).join(match runtime {
        Runtime::Python => "python",
        Runtime::JavaScript | Runtime::TypeScript => "javascript",
        Runtime::Bash => "bash",
        Runtime::Reader => "reader",
    })
}

/// Covers the stage with an empty tmpfs. The caller has just entered a mount namespace of its own.
pub(crate) fn prepare_stage() -> io::Result<()> {
    mount_change("/", MountPropagationFlags::PRIVATE | MountPropagationFlags::REC)?;
    mount_tmpfs(Path::new(STAGE), "mode=755,size=1m")?;
    make_directory(Path::new(NEW_ROOT))
}

/// Mounts the template root of a runtime, read-only.
pub(crate) fn prepare_template(runtime: Runtime, source: &OpenSource) -> io::Result<()> {
    let root = template(runtime);
    make_directory(&root)?;
    match source {
        OpenSource::Tree(tree) => bind_open(tree, &root)?,
        OpenSource::Files(files) => {
            mount_tmpfs(&root, "mode=755,size=1m")?;
            for directory in ["proc", "dev", "work", "tmp", "job"] {
                make_directory(&root.join(directory))?;
            }
            for (from, to) in files {
                let to = root.join(to.strip_prefix("/").unwrap_or(to));
                fs::create_dir_all(to.parent().unwrap_or(&root))?;
                fs::write(&to, [])?;
                bind_open(from, &to)?;
                remount_bind(&to, MountFlags::RDONLY | MountFlags::NOSUID | MountFlags::NODEV)?;
            }
        }
    }
    prepare_devices(&root.join("dev"))?;
    remount_bind(&root, read_only() | MountFlags::NOSUID | MountFlags::NODEV)
}

/// What makes the finished root read-only.
fn read_only() -> MountFlags {
    if weaken::is_off("readonly") { MountFlags::empty() } else { MountFlags::RDONLY }
}

fn prepare_devices(dev: &Path) -> io::Result<()> {
    // Devices work here; to make one takes a privilege that no guest has.
    mount("tmpfs", dev, "tmpfs", MountFlags::NOSUID, c"mode=755,size=64k")?;
    for device in DEVICES {
        let (hosts, ours) = (Path::new("/dev").join(device), dev.join(device));
        // Locks on the host's would have every process of the host that closes it look through them.
        if make_device(&hosts, &ours).is_ok() {
            continue;
        }
        // Only root of the host may make devices.
        fs::write(&ours, [])?;
        mount_bind(hosts, &ours)?;
        // Writing to a device needs no writable mount; changing the times of the host's inode would.
        remount_bind(&ours, MountFlags::RDONLY | MountFlags::NOSUID | MountFlags::NOEXEC)?;
    }
    for (name, target) in [("fd", "/proc/self/fd"), ("stdin", "fd/0"), ("stdout", "fd/1"), ("stderr", "fd/2")]
    {
        symlink(target, dev.join(name))?;
    }
    make_directory(&dev.join("shm"))?;
    remount_bind(dev, read_only() | MountFlags::NOSUID | MountFlags::NOEXEC)
}

/// Makes a device of the same kind and number as another.
fn make_device(of: &Path, at: &Path) -> io::Result<()> {
    let number = rustix::fs::stat(of)?.st_rdev;
    let anyone = Mode::from_raw_mode(0o666);
    rustix::fs::mknodat(rustix::fs::CWD, at, FileType::CharacterDevice, anyone, number)?;
    Ok(rustix::fs::chmod(at, anyone)?)
}

/// Copies the template into this jail's mount namespace and adds what is the jail's own.
pub(crate) fn assemble_root(runtime: Runtime) -> io::Result<()> {
    mount_bind_recursive(template(runtime), NEW_ROOT)?;
    let root = Path::new(NEW_ROOT);
    mount_proc(&root.join("proc"))?;
    let job = root.join("job");
    mount_tmpfs(&job, &scratch_options(OWN_BYTES, OWN_INODES))?;
    for (name, mode, target) in [("work", 0o755, "work"), ("tmp", 0o1777, "tmp"), ("shm", 0o1777, "dev/shm")]
    {
        let directory = job.join(name);
        make_directory(&directory)?;
        give_to_guest(&directory)?;
        rustix::fs::chmod(&directory, Mode::from_raw_mode(mode))?;
        mount_bind(&directory, root.join(target))?;
    }
    make_directory(&job.join("job"))?;
    mount_bind(job.join("job"), &job)?;
    Ok(())
}

/// The same for a zygote: the template, and a directory for what libraries write when they are loaded.
pub(crate) fn assemble_zygotes_root(runtime: Runtime) -> io::Result<()> {
    mount_bind_recursive(template(runtime), NEW_ROOT)?;
    mount_tmpfs(&Path::new(NEW_ROOT).join("tmp"), "mode=700,size=1m")
}

/// Makes the assembled root the root and leaves nothing of the old one.
pub(crate) fn enter_root() -> io::Result<()> {
    if weaken::is_off("root") {
        return Ok(());
    }
    std::env::set_current_dir(NEW_ROOT)?;
    sys::pivot_root_here()?;
    unmount(".", UnmountFlags::DETACH)?;
    std::env::set_current_dir("/")
}

/// Gives the scratch the size that leaves exactly the limits to the guest.
pub(crate) fn size_scratch(limits: &Limits, code_bytes: u64) -> io::Result<()> {
    if weaken::is_off("scratch") {
        return Ok(());
    }
    let (bytes, inodes) = scratch_quota(limits, code_bytes);
    let flags = MountFlags::NOSUID | MountFlags::NODEV;
    Ok(mount_remount(inside(JOB), flags, CString::new(quota_options(bytes, inodes))?.as_c_str())?)
}

/// The program's text is in its place: from here on nobody writes there.
pub(crate) fn close_job() -> io::Result<()> {
    remount_bind(&inside(JOB), read_only() | MountFlags::NOSUID | MountFlags::NODEV)
}

/// Only this run's processes, and of them only those it may inspect: not our init.
/// Mounts a process list as a jail gets it, over the one of a process alone in its new namespaces.
pub(crate) fn mount_own_processes() -> io::Result<()> {
    mount_change("/", MountPropagationFlags::PRIVATE | MountPropagationFlags::REC)?;
    mount_proc(Path::new("/proc"))
}

fn mount_proc(target: &Path) -> io::Result<()> {
    if weaken::is_off("proc") || weaken::is_off("pid") {
        return Ok(mount_bind_recursive("/proc", target)?);
    }
    let options = CString::new("hidepid=invisible,subset=pid")?;
    let hardened = MountFlags::NOSUID | MountFlags::NODEV | MountFlags::NOEXEC;
    Ok(mount("proc", target, "proc", hardened, options.as_c_str())?)
}

/// Makes the guest the owner of a file or directory.
pub(crate) fn give_to_guest(path: &Path) -> io::Result<()> {
    if weaken::is_off("user") {
        // Then it is its maker's already, and there is no other id.
        return Ok(());
    }
    Ok(rustix::fs::chown(path, Some(Uid::from_raw(GUEST_ID)), Some(Gid::from_raw(GUEST_ID)))?)
}

/// Bytes and inodes of the scratch such that exactly the limits are left to the guest.
fn scratch_quota(limits: &Limits, code_bytes: u64) -> (u64, u64) {
    // Never zero, which a tmpfs takes for "no limit".
    let bytes = limits.scratch_bytes.max(PAGE_BYTES) + code_bytes.next_multiple_of(PAGE_BYTES);
    (bytes, limits.scratch_inodes + OWN_INODES)
}

fn quota_options(bytes: u64, inodes: u64) -> String {
    format!("size={bytes},nr_inodes={inodes}")
}

fn scratch_options(bytes: u64, inodes: u64) -> String {
    if weaken::is_off("scratch") {
        return "mode=755".to_owned();
    }
    format!("mode=755,{}", quota_options(bytes, inodes))
}

/// The path of the program's text.
pub(crate) fn code_path(name: &str) -> PathBuf {
    inside(JOB).join(name)
}

/// Where an input file goes.
pub(crate) fn input_path(name: &str) -> PathBuf {
    inside(WORK).join(name)
}

/// Opens the working directory, through which the supervisor collects what the guest leaves.
pub(crate) fn open_work() -> io::Result<OwnedFd> {
    let flags = OFlags::DIRECTORY | OFlags::RDONLY | OFlags::CLOEXEC | OFlags::NOFOLLOW;
    Ok(rustix::fs::open(inside(WORK), flags, Mode::empty())?)
}

/// Enters the working directory and makes sure that it is the one in the new root.
pub(crate) fn enter_work() -> io::Result<()> {
    std::env::set_current_dir(inside(WORK))?;
    if std::env::current_dir()? == inside(WORK) {
        Ok(())
    } else {
        Err(io::Error::other("the working directory lies outside the jail's root"))
    }
}

fn bind_open(source: &OwnedFd, target: &Path) -> io::Result<()> {
    Ok(mount_bind(format!("/proc/self/fd/{}", source.as_raw_fd()), target)?)
}

fn mount_tmpfs(target: &Path, options: &str) -> io::Result<()> {
    let options = CString::new(options)?;
    Ok(mount("tmpfs", target, "tmpfs", MountFlags::NOSUID | MountFlags::NODEV, options.as_c_str())?)
}

fn remount_bind(target: &Path, flags: MountFlags) -> io::Result<()> {
    Ok(mount_remount(target, flags | MountFlags::BIND, "")?)
}

fn make_directory(path: &Path) -> io::Result<()> {
    fs::DirBuilder::new().mode(0o755).create(path)
}

#[cfg(test)]
mod tests {
    use ringfence_job::{LimitsPatch, LimitsPolicy};

    use super::*;

    #[test]
    fn the_program_does_not_count_against_the_scratch() {
        let asked = LimitsPatch { scratch_bytes: Some(1 << 20), ..LimitsPatch::default() };
        let limits = LimitsPolicy::default().resolve(&asked).unwrap();
        assert_eq!(scratch_quota(&limits, 0), (1 << 20, 8198));
        assert_eq!(scratch_quota(&limits, 1), ((1 << 20) + 4096, 8198));
    }

    #[test]
    fn a_scratch_always_has_a_bound() {
        let mut limits = LimitsPolicy::default().resolve(&LimitsPatch::default()).unwrap();
        limits.scratch_bytes = 0;
        assert_eq!(scratch_quota(&limits, 0).0, PAGE_BYTES);
    }
}
