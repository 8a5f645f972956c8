//! Builds runtimes: beside their place first, then moved there in one step, one builder at a time.

use std::{
    collections::BTreeMap,
    fmt, fs, io,
    os::unix::fs::PermissionsExt,
    path::{Path, PathBuf},
    time::{Duration, Instant},
};

use rustix::fs::{CWD, FlockOperation, RenameFlags, flock, renameat_with, syncfs};
use sha2::{Digest, Sha256};

use super::{
    libraries, manifest,
    manifest::{FORMAT, Manifest, hex},
    node, python,
    spec::{Name, Package, SHELL_START, Spec, spec},
    tree::{OURS, Tree, failed, merged},
};

/// How to build.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct BuildOptions {
    /// The interpreter to copy; without it `/usr/bin/python3`, then `python3` on PATH.
    pub python: Option<PathBuf>,
    /// The Node to copy; without it `/usr/bin/node`, `/usr/local/bin/node`, then `node` on PATH.
    pub node: Option<PathBuf>,
    /// Build even when nothing has changed.
    pub force: bool,
}

/// A runtime that is in its place.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Built {
    /// Which runtime.
    pub name: Name,
    /// Whether it was there already, from the same inputs.
    pub unchanged: bool,
    /// Files and links.
    pub files: u64,
    /// Size of all files in bytes.
    pub bytes: u64,
    /// How long it took.
    pub elapsed: Duration,
}

/// Why a runtime cannot be built.
#[derive(Debug, thiserror::Error)]
pub enum BuildError {
    /// A file operation failed.
    #[error("cannot {what} {}: {source}", path.display())]
    Io {
        /// What was being done.
        what: &'static str,
        /// To which file.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// The host lacks commands that the runtime promises.
    #[error("cannot find {}: run `apt-get install {}`", commands.join(", "), packages.join(" "))]
    MissingCommands {
        /// The commands.
        commands: Vec<String>,
        /// The Debian packages that hold them.
        packages: Vec<String>,
    },
    /// The host has no interpreter of an accepted version.
    #[error("cannot find CPython {accepted} ({}): run `apt-get install python3` or name one with --python", tried.join("; "))]
    NoPython {
        /// The versions that would do.
        accepted: String,
        /// What was tried and what was wrong with it.
        tried: Vec<String>,
    },
    /// The host has no Node of an accepted version.
    #[error("cannot find Node {accepted} or later ({}): install nodejs and npm of such a release, or name one with --node", tried.join("; "))]
    NoNode {
        /// The releases that would do.
        accepted: String,
        /// What was tried and what was wrong with it.
        tried: Vec<String>,
    },
    /// No interpreter of the host has pip.
    #[error("cannot run pip with {}: run `apt-get install python3-pip python3-venv`", tried.join(" or "))]
    NoPip {
        /// The interpreters that were tried.
        tried: Vec<String>,
    },
    /// A program that the build runs failed.
    #[error("cannot {what}: {output}")]
    Step {
        /// What the program was to do.
        what: String,
        /// The end of what it printed.
        output: String,
    },
    /// Something in the tree does not belong there.
    #[error("{} {why}", path.display())]
    Unfit {
        /// The entry.
        path: PathBuf,
        /// What is wrong, as the end of a sentence.
        why: &'static str,
    },
}

/// Tells a person what is being done and how long it has taken so far.
pub(super) struct Progress<'a> {
    name: Name,
    started: Instant,
    sink: &'a mut dyn FnMut(&str),
}

impl Progress<'_> {
    pub(super) fn say(&mut self, what: impl fmt::Display) {
        let seconds = self.started.elapsed().as_secs_f64();
        (self.sink)(&format!("{seconds:6.1} s  {}: {what}", self.name));
    }
}

/// Builds the runtimes that are missing or out of date in `dir`, which is made if need be.
///
/// `progress` gets a line before every step. A second builder waits for the first. A build that is
/// interrupted leaves the former runtime as it was. A replaced tree is deleted, so programs that run in
/// it lose their files: stop the server first. JavaScript is left out where no Node is named or found.
///
/// # Errors
/// Says what is missing on the host and which package has it, or which step failed and what it printed.
pub fn build(
    dir: &Path,
    which: &[Name],
    options: &BuildOptions,
    progress: &mut dyn FnMut(&str),
) -> Result<Vec<Built>, BuildError> {
    fs::create_dir_all(dir).map_err(failed("create", dir))?;
    let dir = fs::canonicalize(dir).map_err(failed("resolve", dir))?;
    let _lock = lock(&dir, progress)?;
    let mut all = Vec::new();
    for name in which {
        match build_one(&dir, *name, options, progress) {
            Ok(built) => all.push(built),
            // Debian 12 has none that is new enough: its users get the other languages.
            Err(error @ BuildError::NoNode { .. }) if options.node.is_none() => {
                progress(&format!("left out {name}: {error}"));
            }
            Err(error) => return Err(error),
        }
    }
    Ok(all)
}

/// Holds the directory until the file is dropped.
fn lock(dir: &Path, progress: &mut dyn FnMut(&str)) -> Result<fs::File, BuildError> {
    let path = dir.join(".lock");
    let file = fs::File::options().create(true).append(true).open(&path).map_err(failed("open", &path))?;
    if flock(&file, FlockOperation::NonBlockingLockExclusive).is_err() {
        progress("waiting for another build of the runtimes to end");
        flock(&file, FlockOperation::LockExclusive)
            .map_err(|errno| failed("lock", &path)(io::Error::from(errno)))?;
    }
    Ok(file)
}

fn build_one(
    dir: &Path,
    name: Name,
    options: &BuildOptions,
    sink: &mut dyn FnMut(&str),
) -> Result<Built, BuildError> {
    let started = Instant::now();
    let mut progress = Progress { name, started, sink };
    let inputs = hash_inputs(name, options);
    let built = |manifest: &Manifest, unchanged| Built {
        name,
        unchanged,
        files: manifest.file_count,
        bytes: manifest.bytes,
        elapsed: started.elapsed(),
    };
    if !options.force
        && let Some(manifest) = manifest::up_to_date(dir, name, &inputs)
    {
        progress.say("up to date");
        return Ok(built(&manifest, true));
    }

    let home = dir.join(format!(".building-{name}"));
    remove(&home)?;
    fs::create_dir(&home).map_err(failed("create", &home))?;
    let manifest = build_in(dir, &home, name, inputs, options, &mut progress)?;
    progress.say("writing everything to disk");
    put_in_place(&home, &dir.join(name.as_str()))?;
    progress.say(format_args!(
        "done, {} files, {} MiB, {} libraries",
        manifest.file_count,
        manifest.bytes >> 20,
        manifest.libraries.len()
    ));
    Ok(built(&manifest, false))
}

/// Everything that decides what a build produces, apart from the host's files.
fn hash_inputs(name: Name, options: &BuildOptions) -> String {
    let mut hash = Sha256::new();
    hash.update(FORMAT.to_le_bytes());
    for input in name.inputs() {
        hash.update((input.len() as u64).to_le_bytes());
        hash.update(input);
    }
    let asked = match name {
        Name::Python => &options.python,
        Name::JavaScript => &options.node,
        Name::Shell => &None,
    };
    hash.update(asked.as_ref().map_or(String::new(), |path| path.to_string_lossy().into_owned()));
    hex(&hash.finalize())
}

fn build_in(
    dir: &Path,
    home: &Path,
    name: Name,
    inputs: String,
    options: &BuildOptions,
    progress: &mut Progress<'_>,
) -> Result<Manifest, BuildError> {
    let spec = spec(name);
    let mut tree = Tree::create(home.join("root"))?;
    progress.say("copying commands");
    copy_packages(&mut tree, &spec.packages, progress)?;
    let cache = dir.join(".cache");
    let mut parts = python::Parts::default();
    if let Some(wanted) = &spec.python {
        parts = python::install(&mut tree, wanted, options.python.as_deref(), &cache, progress)?;
    } else if let Some(wanted) = &spec.node {
        parts = node::install(&mut tree, wanted, options.node.as_deref(), &cache, progress)?;
    } else {
        tree.write(&Path::new(OURS).join("start.sh"), SHELL_START.as_bytes())?;
        progress.say("copying shared libraries");
        copy_libraries(&mut tree, &spec, progress)?;
    }
    tree.link_local_time()?;
    tree.finish()?;
    progress.say("hashing files");
    let mut manifest = describe(spec, inputs, parts);
    manifest::write(home, &mut manifest, tree.sources())?;
    Ok(manifest)
}

/// Copies the commands and files of every package.
fn copy_packages(
    tree: &mut Tree,
    packages: &BTreeMap<String, Package>,
    progress: &mut Progress<'_>,
) -> Result<(), BuildError> {
    let (mut missing, mut holders, mut left_out) = (Vec::new(), Vec::new(), Vec::new());
    for (name, package) in packages {
        for command in &package.commands {
            if tree.copy_command(command)? {
                continue;
            }
            let list = if package.optional { &mut left_out } else { &mut missing };
            list.push(command.clone());
            if !package.optional && !holders.contains(name) {
                holders.push(name.clone());
            }
        }
        for file in &package.files {
            tree.copy_data(Path::new(file))?;
        }
    }
    if !missing.is_empty() {
        return Err(BuildError::MissingCommands { commands: missing, packages: holders });
    }
    if !left_out.is_empty() {
        progress.say(format_args!("without {}: not on this machine", left_out.join(", ")));
    }
    Ok(())
}

/// Copies the libraries of a runtime made of programs only.
fn copy_libraries(tree: &mut Tree, spec: &Spec, progress: &mut Progress<'_>) -> Result<(), BuildError> {
    let program = merged(Path::new(&spec.command[0]));
    let completed = libraries::complete(tree, &program)?;
    warn_of_missing(&completed, progress);
    Ok(())
}

/// Names libraries that the host lacks; whether that matters is found out by running the programs.
pub(super) fn warn_of_missing(completed: &libraries::Completed, progress: &mut Progress<'_>) {
    for (library, object) in &completed.missing {
        progress.say(format_args!("warning: {} needs {library}, which is not found", object.display()));
    }
}

fn describe(spec: Spec, inputs: String, parts: python::Parts) -> Manifest {
    Manifest {
        format: FORMAT,
        name: spec.name,
        language: spec.language,
        command: spec.command,
        code_name: spec.code_name,
        warm: spec.warm,
        env: spec.env,
        inputs,
        files: String::new(),
        file_count: 0,
        bytes: 0,
        libraries: parts.libraries,
        versions: parts.versions,
    }
}

/// Makes the new tree durable, then swaps it with the former one, which is deleted.
fn put_in_place(new: &Path, place: &Path) -> Result<(), BuildError> {
    fs::set_permissions(new, fs::Permissions::from_mode(0o755)).map_err(failed("set the mode of", new))?;
    let dir = fs::File::open(new).map_err(failed("open", new))?;
    syncfs(&dir).map_err(|errno| failed("write to disk", new)(io::Error::from(errno)))?;
    let flags = if place.exists() { RenameFlags::EXCHANGE } else { RenameFlags::NOREPLACE };
    renameat_with(CWD, new, CWD, place, flags)
        .map_err(|errno| failed("move into place", new)(io::Error::from(errno)))?;
    remove(new)
}

/// Deletes a directory if it is there.
pub(super) fn remove(dir: &Path) -> Result<(), BuildError> {
    match fs::remove_dir_all(dir) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(failed("delete", dir)(error)),
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn build_shell(dir: &Path, force: bool) -> Built {
        let options = BuildOptions { force, ..BuildOptions::default() };
        build(dir, &[Name::Shell], &options, &mut |_| {}).unwrap().remove(0)
    }

    #[test]
    fn the_shell_builds_once_and_again_when_forced() {
        let dir = tempfile::tempdir().unwrap();
        fs::create_dir(dir.path().join(".building-shell")).unwrap();
        assert!(!build_shell(dir.path(), false).unchanged);
        let first = manifest::load(dir.path(), Name::Shell).unwrap();
        manifest::verify(&first).unwrap();
        assert!(build_shell(dir.path(), false).unchanged);
        assert!(!build_shell(dir.path(), true).unchanged);
        let second = manifest::load(dir.path(), Name::Shell).unwrap();
        assert_eq!(first.id, second.id, "the same inputs give the same tree");
        assert!(!dir.path().join(".building-shell").exists());
    }

    #[test]
    fn missing_commands_name_the_package() {
        let dir = tempfile::tempdir().unwrap();
        let mut tree = Tree::create(dir.path().join("root")).unwrap();
        let package = |command: &str, optional| Package {
            commands: vec![command.to_owned()],
            files: Vec::new(),
            optional,
        };
        let mut said = Vec::new();
        let mut sink = |line: &str| said.push(line.to_owned());
        let mut progress = Progress { name: Name::Shell, started: Instant::now(), sink: &mut sink };
        let mut packages = BTreeMap::from([("nice-to-have".to_owned(), package("no-such-a", true))]);
        copy_packages(&mut tree, &packages, &mut progress).unwrap();
        packages.insert("needed".to_owned(), package("no-such-b", false));
        let error = copy_packages(&mut tree, &packages, &mut progress).unwrap_err().to_string();
        assert_eq!(error, "cannot find no-such-b: run `apt-get install needed`");
        assert!(said[0].contains("without no-such-a"));
    }

    #[test]
    fn other_inputs_have_another_hash() {
        let plain = BuildOptions::default();
        let other = BuildOptions { python: Some("/opt/python3".into()), ..BuildOptions::default() };
        assert_ne!(hash_inputs(Name::Python, &plain), hash_inputs(Name::Python, &other));
        assert_eq!(hash_inputs(Name::Shell, &plain), hash_inputs(Name::Shell, &other));
        assert_eq!(hash_inputs(Name::JavaScript, &plain), hash_inputs(Name::JavaScript, &other));
    }
}
