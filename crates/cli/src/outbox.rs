//! Writes returned files as the person who asked, while everything else runs without privileges.
//!
//! As root the program becomes a user of its own before it runs anything; files it wrote then would
//! belong to that user, if they could be written at all. So `--out DIR` starts this helper first: it
//! reads names and contents from a pipe and writes them below DIR, following no link.

use std::{
    ffi::OsString,
    fs,
    io::{self, BufReader, Read, Write},
    path::Path,
    process::{Child, ChildStdin, Command, Stdio},
};

use anyhow::{Context, bail};
use rustix::{
    fd::OwnedFd,
    fs::{Mode, OFlags, ResolveFlags},
};

/// The word that makes our program an outbox.
pub(crate) const COMMAND: &str = "__outbox";

/// Longest name in bytes; the limits' ceiling on output names is lower.
const NAME_BYTES_MAX: u64 = 4096;

/// A started helper.
pub(crate) struct Outbox {
    child: Child,
    pipe: Option<ChildStdin>,
}

impl Outbox {
    /// Makes the directory and starts the helper, still as the person who asked.
    pub(crate) fn start(directory: &Path) -> anyhow::Result<Outbox> {
        fs::create_dir_all(directory).with_context(|| format!("cannot make {}", directory.display()))?;
        let program = std::env::current_exe().context("cannot find this program")?;
        let mut child = Command::new(program)
            .arg(COMMAND)
            .arg(directory)
            .stdin(Stdio::piped())
            .stdout(Stdio::null())
            .spawn()
            .context("cannot start the helper that writes files")?;
        let pipe = child.stdin.take();
        Ok(Outbox { child, pipe })
    }

    /// Hands over one file.
    pub(crate) fn put(&mut self, name: &str, content: &[u8]) -> io::Result<()> {
        let Some(pipe) = &mut self.pipe else { return Ok(()) };
        for part in [name.as_bytes(), content] {
            pipe.write_all(&(part.len() as u64).to_le_bytes())?;
            pipe.write_all(part)?;
        }
        Ok(())
    }

    /// Waits until every file is written.
    pub(crate) fn finish(mut self) -> anyhow::Result<()> {
        self.pipe = None;
        if !self.child.wait()?.success() {
            bail!("not every returned file could be written");
        }
        Ok(())
    }
}

/// The helper's process: reads files until the end of the pipe.
pub(crate) fn main(args: &[OsString]) -> i32 {
    let [directory] = args else {
        eprintln!("ringfence: usage: {COMMAND} DIR");
        return 1;
    };
    match write_all(Path::new(directory), &mut BufReader::new(io::stdin().lock())) {
        Ok(()) => 0,
        Err(error) => {
            eprintln!("ringfence: {error:#}");
            1
        }
    }
}

fn write_all(directory: &Path, input: &mut impl Read) -> anyhow::Result<()> {
    let flags = OFlags::DIRECTORY | OFlags::RDONLY | OFlags::CLOEXEC;
    let root = rustix::fs::open(directory, flags, Mode::empty())
        .with_context(|| format!("cannot open {}", directory.display()))?;
    while let Some(length) = read_length(input)? {
        if length > NAME_BYTES_MAX {
            bail!("a file name of {length} bytes is too long");
        }
        let mut name = String::new();
        input.take(length).read_to_string(&mut name)?;
        let length = read_length(input)?.context("a file's content is missing")?;
        let mut file = create(&root, &name).with_context(|| format!("cannot write {name:?}"))?;
        let copied = io::copy(&mut input.take(length), &mut file)?;
        if copied != length {
            bail!("{name:?} is cut short");
        }
    }
    Ok(())
}

fn read_length(input: &mut impl Read) -> io::Result<Option<u64>> {
    let mut bytes = [0; 8];
    match input.read_exact(&mut bytes) {
        Ok(()) => Ok(Some(u64::from_le_bytes(bytes))),
        Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => Ok(None),
        Err(error) => Err(error),
    }
}

/// Creates or replaces a file below `root`, making directories on the way and following no link.
fn create(root: &OwnedFd, name: &str) -> io::Result<fs::File> {
    let resolve = ResolveFlags::BENEATH | ResolveFlags::NO_SYMLINKS;
    for (at, _) in name.match_indices('/') {
        match rustix::fs::mkdirat(root, &name[..at], Mode::from_raw_mode(0o755)) {
            Ok(()) | Err(rustix::io::Errno::EXIST) => {}
            Err(error) => return Err(error.into()),
        }
        // A link in the way ends here, before anything is made behind it.
        rustix::fs::openat2(
            root,
            &name[..at],
            OFlags::PATH | OFlags::DIRECTORY | OFlags::CLOEXEC,
            Mode::empty(),
            resolve,
        )?;
    }
    let flags = OFlags::WRONLY | OFlags::CREATE | OFlags::TRUNC | OFlags::NOFOLLOW | OFlags::CLOEXEC;
    Ok(rustix::fs::openat2(root, name, flags, Mode::from_raw_mode(0o644), resolve)?.into())
}
