//! What a finished runtime says about itself: written by the builder, read at start, checked on demand.

use std::{
    collections::BTreeMap,
    fs, io,
    io::Read,
    os::unix::fs::{MetadataExt, PermissionsExt},
    path::{Path, PathBuf},
    time::UNIX_EPOCH,
};

use serde::{Deserialize, Serialize, de::DeserializeOwned};
use sha2::{Digest, Sha256};

use super::{
    build::BuildError,
    spec::{Name, Warm},
    tree::{failed, walk},
};

/// Layout of the manifest and its companions; another number is another layout.
pub(super) const FORMAT: u32 = 2;
pub(super) const MANIFEST: &str = "manifest.json";
const FILES: &str = "files.json";
const SOURCES: &str = "sources.json";

/// No manifest is longer; more is damage. In bytes.
const MANIFEST_BYTES_MAX: u64 = 1 << 20;
/// The same for the list of files, in bytes.
const FILES_BYTES_MAX: u64 = 64 << 20;
/// Differences that an answer names; the rest is counted.
const DIFFERENCES_NAMED_MAX: usize = 20;

/// `manifest.json`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(super) struct Manifest {
    pub(super) format: u32,
    pub(super) name: String,
    pub(super) language: String,
    pub(super) command: Vec<String>,
    pub(super) code_name: String,
    pub(super) warm: Warm,
    pub(super) env: BTreeMap<String, String>,
    /// Hash of everything the build was asked for.
    pub(super) inputs: String,
    /// Hash of `files.json`, so that the manifest's own hash stands for the whole tree.
    pub(super) files: String,
    pub(super) file_count: u64,
    pub(super) bytes: u64,
    /// `name==version`, sorted.
    pub(super) libraries: Vec<String>,
    /// Versions of what is no library: the interpreter, the C library's loader.
    pub(super) versions: BTreeMap<String, String>,
}

/// One entry of `files.json`: a file's size and hash, or a link's target.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(untagged, deny_unknown_fields)]
enum Entry {
    File { size: u64, sha256: String, executable: bool },
    Link { link: String },
}

type Entries = BTreeMap<String, Entry>;

/// One entry of `sources.json`: a file of the host that was copied.
#[derive(Debug, PartialEq, Eq, Serialize, Deserialize)]
struct Source {
    path: PathBuf,
    size: u64,
    modified_ns: u128,
}

impl Source {
    fn of(path: &Path) -> io::Result<Source> {
        let metadata = fs::metadata(path)?;
        let modified = metadata.modified()?.duration_since(UNIX_EPOCH).unwrap_or_default();
        Ok(Source { path: path.to_owned(), size: metadata.len(), modified_ns: modified.as_nanos() })
    }
}

/// A runtime that is ready to be mounted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Runtime {
    /// Which runtime it is.
    pub name: Name,
    /// The tree to mount read-only as the jail's root.
    pub root: PathBuf,
    /// The program and its first arguments; the script's path and the job's arguments follow.
    pub command: Vec<String>,
    /// The file name that the script gets.
    pub code_name: String,
    /// How it is started ahead of a script.
    pub warm: Warm,
    /// The runtime's environment, sorted by name.
    pub env: Vec<(String, String)>,
    /// SHA-256 of the manifest in hexadecimal; stands for every byte of the tree.
    pub id: String,
    /// Installed libraries as `name==version`, sorted.
    pub libraries: Vec<String>,
}

/// Why a runtime cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum LoadError {
    /// It was never built.
    #[error("runtime {name} is not built in {}: run `ringfence runtimes build`", dir.display())]
    NotBuilt {
        /// The runtime.
        name: Name,
        /// Where it was looked for.
        dir: PathBuf,
    },
    /// A file cannot be read.
    #[error("cannot read {}: {source}", path.display())]
    Io {
        /// The file.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// The manifest is damaged or of another version.
    #[error("runtime {name} has a manifest that {why}: run `ringfence runtimes build --force`")]
    Manifest {
        /// The runtime.
        name: Name,
        /// What is wrong, as the end of a sentence.
        why: String,
    },
    /// Someone else could change the tree.
    #[error(
        "{} could be changed by others: it must belong to root or to you and be writable only by its owner",
        path.display()
    )]
    Unsafe {
        /// The file or directory.
        path: PathBuf,
    },
}

/// Reads a runtime's manifest and checks that nobody else can change the tree. Hashes no file.
///
/// # Errors
/// Says what to do when it is not built, damaged, or open to changes by others.
pub fn load(dir: &Path, name: Name) -> Result<Runtime, LoadError> {
    let home = dir.join(name.as_str());
    let (manifest, id) = read_manifest(&home, name)?;
    let root = home.join("root");
    for path in [&home, &home.join(MANIFEST), &root] {
        check_owner(path)?;
    }
    Ok(Runtime {
        name,
        root,
        command: manifest.command,
        code_name: manifest.code_name,
        warm: manifest.warm,
        env: manifest.env.into_iter().collect(),
        id,
        libraries: manifest.libraries,
    })
}

fn read_manifest(home: &Path, name: Name) -> Result<(Manifest, String), LoadError> {
    let path = home.join(MANIFEST);
    let content = match read_capped(&path, MANIFEST_BYTES_MAX) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => {
            let dir = home.parent().unwrap_or(home).to_owned();
            return Err(LoadError::NotBuilt { name, dir });
        }
        other => other.map_err(|source| LoadError::Io { path, source })?,
    };
    let damaged = |why| LoadError::Manifest { name, why };
    // The version first: another layout is not damage.
    #[derive(Deserialize)]
    struct Version {
        format: u32,
    }
    let unreadable = |error| damaged(format!("cannot be read ({error})"));
    let Version { format } = serde_json::from_slice(&content).map_err(unreadable)?;
    if format != FORMAT {
        return Err(damaged(format!("has format {format} where this version needs {FORMAT}")));
    }
    let manifest: Manifest = serde_json::from_slice(&content).map_err(unreadable)?;
    if manifest.name != name.as_str() || manifest.command.is_empty() {
        return Err(damaged("does not describe it".to_owned()));
    }
    Ok((manifest, hex(&Sha256::digest(&content))))
}

/// Refuses what someone other than root or the caller could write to.
fn check_owner(path: &Path) -> Result<(), LoadError> {
    let metadata =
        path.symlink_metadata().map_err(|source| LoadError::Io { path: path.to_owned(), source })?;
    let ours = metadata.uid() == 0 || metadata.uid() == rustix::process::geteuid().as_raw();
    let shared = metadata.permissions().mode() & 0o022 != 0;
    if metadata.is_symlink() || !ours || shared {
        return Err(LoadError::Unsafe { path: path.to_owned() });
    }
    Ok(())
}

/// How much [`verify`] read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Verified {
    /// Files and links.
    pub files: u64,
    /// Bytes hashed.
    pub bytes: u64,
}

/// Why a tree is not the one that was built.
#[derive(Debug, thiserror::Error)]
pub enum VerifyError {
    /// A part cannot be read.
    #[error("cannot verify the tree: {0}")]
    Read(String),
    /// Something differs from the list of files.
    #[error(
        "{count} entries differ from what was built, first {}: run `ringfence runtimes build --force`",
        paths.join(", ")
    )]
    Differs {
        /// The first that differ, relative to the root.
        paths: Vec<String>,
        /// How many differ.
        count: usize,
    },
}

/// Hashes every file of a tree and compares it with what was built.
///
/// # Errors
/// Names entries that are changed, missing or extra.
pub fn verify(runtime: &Runtime) -> Result<Verified, VerifyError> {
    let (manifest, expected) = read_files(runtime)?;
    let found = entries(&runtime.root).map_err(|error| VerifyError::Read(error.to_string()))?;
    same(
        expected
            .iter()
            .filter(|(path, entry)| found.get(*path) != Some(entry))
            .map(|(path, _)| path)
            .chain(found.keys().filter(|path| !expected.contains_key(*path))),
    )?;
    Ok(Verified { files: manifest.file_count, bytes: manifest.bytes })
}

/// Looks whether every file of a tree is there and as long as it was built. Reads none.
///
/// # Errors
/// Names entries that are missing or of another length.
pub fn check_complete(runtime: &Runtime) -> Result<(), VerifyError> {
    let (_, expected) = read_files(runtime)?;
    let is_there = |path: &str, entry: &Entry| {
        let Ok(metadata) = runtime.root.join(path).symlink_metadata() else { return false };
        match entry {
            Entry::File { size, .. } => metadata.is_file() && metadata.len() == *size,
            Entry::Link { .. } => metadata.is_symlink(),
        }
    };
    same(expected.iter().filter(|(path, entry)| !is_there(path, entry)).map(|(path, _)| path))
}

/// The manifest and the list of files, which must belong to each other.
fn read_files(runtime: &Runtime) -> Result<(Manifest, Entries), VerifyError> {
    let unreadable = |error: &dyn std::fmt::Display| VerifyError::Read(error.to_string());
    let home = runtime.root.parent().unwrap_or(&runtime.root);
    let (manifest, id) = read_manifest(home, runtime.name).map_err(|error| unreadable(&error))?;
    let list = read_capped(&home.join(FILES), FILES_BYTES_MAX).map_err(|error| unreadable(&error))?;
    if id != runtime.id || hex(&Sha256::digest(&list)) != manifest.files {
        return Err(VerifyError::Differs { paths: vec![MANIFEST.to_owned(), FILES.to_owned()], count: 2 });
    }
    Ok((manifest, serde_json::from_slice(&list).map_err(|error| unreadable(&error))?))
}

fn same<'a>(differing: impl Iterator<Item = &'a String>) -> Result<(), VerifyError> {
    let differing: Vec<&String> = differing.collect();
    if differing.is_empty() {
        return Ok(());
    }
    let paths = differing.iter().take(DIFFERENCES_NAMED_MAX).map(|path| (*path).clone()).collect();
    Err(VerifyError::Differs { paths, count: differing.len() })
}

/// Lists and hashes every file and link of a tree, by its path relative to the root.
fn entries(root: &Path) -> Result<Entries, BuildError> {
    let found = walk(root)?;
    let workers = std::thread::available_parallelism().map_or(1, usize::from);
    let share = found.len().div_ceil(workers).max(1);
    // Neighbours in the list are alike, so every worker takes each so-many-th entry.
    std::thread::scope(|scope| {
        let handles: Vec<_> = (0..workers.min(found.len().max(1)))
            .map(|worker| {
                let mine = found.iter().skip(worker).step_by(workers).take(share);
                scope.spawn(move || mine.filter_map(|(path, about)| entry(root, path, about)).collect())
            })
            .collect();
        let mut all = Entries::new();
        for handle in handles {
            let part: Result<Entries, BuildError> = handle.join().expect("hashing does not panic");
            all.extend(part?);
        }
        Ok(all)
    })
}

fn entry(root: &Path, path: &Path, metadata: &fs::Metadata) -> Option<Result<(String, Entry), BuildError>> {
    let relative = path.strip_prefix(root).unwrap_or(path).to_string_lossy().into_owned();
    let described = if metadata.is_symlink() {
        fs::read_link(path).map(|target| Entry::Link { link: target.to_string_lossy().into_owned() })
    } else if metadata.is_file() {
        let executable = metadata.permissions().mode() & 0o111 != 0;
        hash_file(path).map(|sha256| Entry::File { size: metadata.len(), sha256, executable })
    } else {
        return None;
    };
    Some(described.map(|entry| (relative, entry)).map_err(failed("read", path)))
}

fn hash_file(path: &Path) -> io::Result<String> {
    let mut file = fs::File::open(path)?;
    let mut hash = Sha256::new();
    let mut buffer = vec![0; 256 * 1024];
    loop {
        match file.read(&mut buffer)? {
            0 => return Ok(hex(&hash.finalize())),
            read => hash.update(&buffer[..read]),
        }
    }
}

/// Lists the tree's files, completes the manifest with them and writes both and the sources.
pub(super) fn write<'a>(
    home: &Path,
    manifest: &mut Manifest,
    sources: impl Iterator<Item = &'a Path>,
) -> Result<(), BuildError> {
    let files = entries(&home.join("root"))?;
    let size = |entry: &Entry| if let Entry::File { size, .. } = entry { *size } else { 0 };
    manifest.file_count = files.len() as u64;
    manifest.bytes = files.values().map(size).sum();
    let list = serde_json::to_vec(&files).expect("a map of strings has a JSON form");
    manifest.files = hex(&Sha256::digest(&list));
    let sources: Vec<Source> =
        sources.map(|path| Source::of(path).map_err(failed("inspect", path))).collect::<Result<_, _>>()?;
    write_json(&home.join(SOURCES), &sources)?;
    write_file(&home.join(FILES), &list)?;
    write_json(&home.join(MANIFEST), manifest)
}

fn write_json(path: &Path, value: &impl Serialize) -> Result<(), BuildError> {
    write_file(path, &serde_json::to_vec_pretty(value).expect("plain data has a JSON form"))
}

fn write_file(path: &Path, content: &[u8]) -> Result<(), BuildError> {
    fs::write(path, content).map_err(failed("write", path))?;
    fs::set_permissions(path, fs::Permissions::from_mode(0o644)).map_err(failed("set the mode of", path))
}

/// The finished runtime, when it was built from these inputs and from files of the host that are
/// unchanged since.
pub(super) fn up_to_date(dir: &Path, name: Name, inputs: &str) -> Option<Manifest> {
    let home = dir.join(name.as_str());
    load(dir, name).ok()?;
    let (manifest, _) = read_manifest(&home, name).ok()?;
    let sources: Vec<Source> = read_json(&home.join(SOURCES))?;
    let unchanged = |source: &Source| Source::of(&source.path).is_ok_and(|now| now == *source);
    (manifest.inputs == inputs && sources.iter().all(unchanged)).then_some(manifest)
}

fn read_json<T: DeserializeOwned>(path: &Path) -> Option<T> {
    serde_json::from_slice(&read_capped(path, MANIFEST_BYTES_MAX).ok()?).ok()
}

fn read_capped(path: &Path, bytes_max: u64) -> io::Result<Vec<u8>> {
    let mut content = Vec::new();
    let read = fs::File::open(path)?.take(bytes_max + 1).read_to_end(&mut content)?;
    if read as u64 > bytes_max {
        return Err(io::Error::other(format!("longer than {bytes_max} bytes")));
    }
    Ok(content)
}

/// Hexadecimal digits of a hash.
pub(super) fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn small_runtime(dir: &Path) -> Manifest {
        let home = dir.join("shell");
        fs::create_dir_all(home.join("root/usr")).unwrap();
        fs::write(home.join("root/usr/a"), "content").unwrap();
        std::os::unix::fs::symlink("a", home.join("root/usr/b")).unwrap();
        for path in [home.clone(), home.join("root")] {
            fs::set_permissions(path, fs::Permissions::from_mode(0o755)).unwrap();
        }
        let mut manifest = Manifest {
            format: FORMAT,
            name: "shell".to_owned(),
            language: "bash".to_owned(),
            command: vec!["/usr/bin/bash".to_owned()],
            code_name: "main.sh".to_owned(),
            warm: Warm { command: vec!["/usr/bin/bash".to_owned()], env: BTreeMap::new(), takes_args: false },
            env: BTreeMap::from([("HOME".to_owned(), "/work".to_owned())]),
            inputs: "asked".to_owned(),
            files: String::new(),
            file_count: 0,
            bytes: 0,
            libraries: Vec::new(),
            versions: BTreeMap::new(),
        };
        let source = dir.join("source");
        fs::write(&source, "host").unwrap();
        write(&home, &mut manifest, std::iter::once(source.as_path())).unwrap();
        manifest
    }

    #[test]
    fn what_is_written_loads_and_verifies() {
        let dir = tempfile::tempdir().unwrap();
        let manifest = small_runtime(dir.path());
        let runtime = load(dir.path(), Name::Shell).unwrap();
        assert_eq!(runtime.command, manifest.command);
        assert_eq!(runtime.env, [("HOME".to_owned(), "/work".to_owned())]);
        assert_eq!(runtime.id.len(), 64);
        assert_eq!(verify(&runtime).unwrap(), Verified { files: 2, bytes: 7 });
    }

    #[test]
    fn changed_missing_and_extra_files_are_named() {
        let dir = tempfile::tempdir().unwrap();
        small_runtime(dir.path());
        let runtime = load(dir.path(), Name::Shell).unwrap();
        fs::write(runtime.root.join("usr/a"), "CONTENT").unwrap();
        fs::remove_file(runtime.root.join("usr/b")).unwrap();
        fs::write(runtime.root.join("extra"), "").unwrap();
        let Err(VerifyError::Differs { paths, count }) = verify(&runtime) else { panic!("not noticed") };
        assert_eq!(count, 3);
        assert_eq!(paths, ["usr/a", "usr/b", "extra"]);
    }

    #[test]
    fn a_tree_that_others_can_change_is_refused() {
        let dir = tempfile::tempdir().unwrap();
        small_runtime(dir.path());
        for path in ["shell", "shell/root", "shell/manifest.json"] {
            let path = dir.path().join(path);
            let mode = path.metadata().unwrap().permissions();
            fs::set_permissions(&path, fs::Permissions::from_mode(mode.mode() | 0o020)).unwrap();
            assert!(matches!(load(dir.path(), Name::Shell), Err(LoadError::Unsafe { .. })), "{path:?}");
            fs::set_permissions(&path, mode).unwrap();
        }
        load(dir.path(), Name::Shell).unwrap();
    }

    #[test]
    fn absent_foreign_and_damaged_manifests_say_what_to_do() {
        let dir = tempfile::tempdir().unwrap();
        let message = || load(dir.path(), Name::Shell).unwrap_err().to_string();
        assert!(message().contains("ringfence runtimes build"));
        small_runtime(dir.path());
        let path = dir.path().join("shell/manifest.json");
        for (content, needle) in [
            ("{\"format\": 99}", "has format 99"),
            ("{\"format\": 2}", "cannot be read"),
            ("not json", "cannot be read"),
            ("", "cannot be read"),
        ] {
            fs::write(&path, content).unwrap();
            assert!(message().contains(needle), "{content}: {}", message());
        }
        fs::write(&path, vec![b' '; 1 << 21]).unwrap();
        assert!(message().contains("longer than"));
    }

    #[test]
    fn a_changed_host_file_or_request_asks_for_a_new_build() {
        let dir = tempfile::tempdir().unwrap();
        small_runtime(dir.path());
        assert!(up_to_date(dir.path(), Name::Shell, "asked").is_some());
        assert!(up_to_date(dir.path(), Name::Shell, "something else").is_none());
        assert!(up_to_date(dir.path(), Name::Python, "asked").is_none());
        fs::write(dir.path().join("source"), "upgraded").unwrap();
        assert!(up_to_date(dir.path(), Name::Shell, "asked").is_none());
    }
}
