//! A directory in the making: it gets its name when it is whole, and is removed if it does not come to that.
//!
//! As root the program becomes a user of its own, who may neither rename nor remove a directory among the
//! caller's. So a helper with the caller's rights waits for its word, however the program ends.

use std::{
    ffi::OsString,
    fs::{self, DirBuilder, File},
    io::{self, Read, Write},
    os::unix::{fs::DirBuilderExt, process::CommandExt},
    path::{Path, PathBuf},
    process::{Child, ChildStdin, Command, Stdio},
};

use anyhow::{Context, bail};

/// The word that makes our program the helper.
pub(crate) const COMMAND: &str = "__stage";

/// What the helper is told when the directory is whole.
const WHOLE: &[u8] = b"whole";

/// Ends the name of a directory in the making.
const PARTIAL: &str = ".partial";

/// A directory in the making, and the helper that waits for it. Dropped, it is removed.
pub(crate) struct Stage {
    partial: PathBuf,
    child: Child,
    pipe: Option<ChildStdin>,
}

impl Stage {
    /// Makes a private directory beside `directory`, which has to be new or empty, and starts the helper.
    pub(crate) fn begin(directory: &Path) -> anyhow::Result<Stage> {
        check(directory)?;
        let mut partial = directory.as_os_str().to_owned();
        partial.push(PARTIAL);
        let partial = PathBuf::from(partial);
        match DirBuilder::new().mode(0o700).create(&partial) {
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {
                let path = partial.display();
                bail!("{path} is there: one is being made, or was when the power failed; then remove it")
            }
            other => other.with_context(|| format!("cannot make {}", partial.display()))?,
        }
        let program = std::env::current_exe().context("cannot find this program")?;
        let helper = Command::new(program)
            .arg(COMMAND)
            .args([&partial, directory])
            .stdin(Stdio::piped())
            .stdout(Stdio::null())
            // What interrupts the program at a terminal is not to interrupt its tidying up.
            .process_group(0)
            .spawn();
        let mut child = match helper {
            Ok(child) => child,
            Err(error) => {
                fs::remove_dir(&partial)?;
                return Err(error).context("cannot start the helper that names directories");
            }
        };
        let pipe = child.stdin.take();
        Ok(Stage { partial, child, pipe })
    }

    /// Where to write.
    pub(crate) fn path(&self) -> &Path {
        &self.partial
    }

    /// Gives the directory its name, durably. What is in it is on disk already.
    pub(crate) fn finish(mut self) -> anyhow::Result<()> {
        if let Some(mut pipe) = self.pipe.take() {
            pipe.write_all(WHOLE)?;
        }
        if !self.child.wait()?.success() {
            bail!("{} could not be given its name", self.partial.display());
        }
        Ok(())
    }
}

impl Drop for Stage {
    fn drop(&mut self) {
        self.pipe = None;
        // After `finish` it has ended already.
        let _ = self.child.wait();
    }
}

/// Refuses what could not be renamed to, before there is anything to rename.
fn check(directory: &Path) -> anyhow::Result<()> {
    let shown = directory.display();
    match fs::symlink_metadata(directory) {
        Ok(metadata) if !metadata.is_dir() => bail!("{shown} is not a directory, give a new one"),
        Ok(_) => {
            let mut entries = fs::read_dir(directory).with_context(|| format!("cannot look into {shown}"))?;
            if entries.next().is_some() {
                bail!("{shown} is not empty, give a new directory");
            }
            Ok(())
        }
        Err(error) if error.kind() == io::ErrorKind::NotFound => match directory.parent() {
            Some(parent) if parent.is_dir() && directory.file_name().is_some() => Ok(()),
            _ => bail!("there is no directory to make {shown} in"),
        },
        Err(error) => Err(error).with_context(|| format!("cannot look at {shown}")),
    }
}

/// The helper's process: names or removes the directory once it knows what became of it.
pub(crate) fn main(args: &[OsString]) -> i32 {
    let [partial, directory] = args else {
        eprintln!("ringfence: usage: {COMMAND} PARTIAL DIRECTORY");
        return 1;
    };
    let mut word = Vec::new();
    let told = io::stdin().take(WHOLE.len() as u64 + 1).read_to_end(&mut word);
    let done = if told.is_ok() && word == WHOLE {
        name(Path::new(partial), Path::new(directory))
    } else {
        fs::remove_dir_all(partial)
    };
    match done {
        Ok(()) => 0,
        Err(error) => {
            eprintln!("ringfence: {}: {error}", Path::new(partial).display());
            1
        }
    }
}

fn name(partial: &Path, directory: &Path) -> io::Result<()> {
    // An empty directory is replaced; one that somebody has put something into meanwhile is not.
    fs::rename(partial, directory)?;
    File::open(directory.parent().unwrap_or_else(|| Path::new("/")))?.sync_all()
}
