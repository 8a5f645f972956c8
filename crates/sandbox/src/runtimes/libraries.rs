//! Brings into a tree the shared libraries that its programs and modules need.

use std::{
    collections::BTreeSet,
    ffi::OsString,
    fs,
    os::unix::fs::PermissionsExt,
    path::{Path, PathBuf},
    process::Command,
};

use super::{
    build::BuildError,
    elf::{self, Elf},
    python::run,
    tree::{Tree, failed, merged, walk},
};

/// The library whose directory every loader searches by default.
const C_LIBRARY: &str = "libc.so.6";

/// Opened by name while a program runs, so that no file says it needs them: the C library's way to end a
/// thread.
const OPENED_AT_RUN_TIME: [&str; 1] = ["libgcc_s.so.1"];

const LDCONFIG: [&str; 2] = ["/usr/sbin/ldconfig", "/sbin/ldconfig"];

/// What [`complete`] found.
#[derive(Debug)]
pub(super) struct Completed {
    /// The loader, inside.
    pub(super) interpreter: PathBuf,
    /// The directory of the copied libraries, inside.
    pub(super) library_dir: PathBuf,
    /// Libraries that the host lacks, each with the file that names it.
    pub(super) missing: Vec<(String, PathBuf)>,
}

/// Copies the loader and every library that something in the tree needs and the tree does not hold.
///
/// `program` is a program inside whose loader and instruction set count for the whole tree. Copies go
/// into the C library's directory, which the loader searches without being told.
///
/// # Errors
/// When the program is no dynamic ELF program, or the host lacks the C library.
pub(super) fn complete(tree: &mut Tree, program: &Path) -> Result<Completed, BuildError> {
    let program_path = tree.host_path(program);
    let unfit = |why| BuildError::Unfit { path: program_path.clone(), why };
    let program_elf = read(&program_path)?.ok_or_else(|| unfit("is not a 64-bit little-endian program"))?;
    let interpreter = program_elf.interpreter.ok_or_else(|| unfit("is not dynamically linked"))?;
    let loader = merged(Path::new(&interpreter));
    tree.copy(Path::new(&interpreter), &loader)?;

    let host = HostLibraries { dirs: system_dirs(), machine: program_elf.machine };
    let c_library = host.find(C_LIBRARY).ok_or_else(|| unfit("needs libc.so.6, which is not found"))?;
    let c_library = fs::canonicalize(&c_library).map_err(failed("resolve", &c_library))?;
    let library_dir = merged(c_library.parent().unwrap_or_else(|| Path::new("/")));

    let mut waiting = objects(tree)?;
    let mut bundled: BTreeSet<OsString> = waiting.iter().filter_map(|path| file_name(path)).collect();
    bundled.extend(file_name(&loader));
    let mut missing = Vec::new();
    for name in OPENED_AT_RUN_TIME {
        if let Some(found) = host.find(name) {
            bring(tree, &found, &library_dir, &mut waiting, &mut bundled)?;
        }
    }
    while let Some(object) = waiting.pop() {
        let Some(elf) = read(&tree.host_path(&object))? else { continue };
        if elf.machine != host.machine {
            continue;
        }
        for needed in &elf.needed {
            // Held already: a copy, or a library that a wheel ships and finds or loads by itself.
            if bundled.contains(&OsString::from(needed)) {
                continue;
            }
            match host.find_for(&elf, tree.origin(&object), needed) {
                Some(found) => bring(tree, &found, &library_dir, &mut waiting, &mut bundled)?,
                None => missing.push((needed.clone(), object.clone())),
            }
        }
    }
    write_cache(tree)?;
    Ok(Completed { interpreter: loader, library_dir, missing })
}

/// Lists the libraries for the loader, which would otherwise try some forty paths at every start.
///
/// A host without `ldconfig` gets a tree that works all the same.
fn write_cache(tree: &Tree) -> Result<(), BuildError> {
    let Some(ldconfig) = LDCONFIG.iter().find(|path| Path::new(path).exists()) else { return Ok(()) };
    // -X makes no links, -i keeps no cache of its own. It reads no configuration but the tree's.
    run("list the shared libraries", Command::new(ldconfig).args(["-X", "-i", "-r"]).arg(tree.root()))
}

/// Copies a library under the name it is asked for.
fn bring(
    tree: &mut Tree,
    host: &Path,
    library_dir: &Path,
    waiting: &mut Vec<PathBuf>,
    bundled: &mut BTreeSet<OsString>,
) -> Result<(), BuildError> {
    let Some(name) = file_name(host) else { return Ok(()) };
    let inside = library_dir.join(&name);
    tree.copy(host, &inside)?;
    bundled.insert(name);
    waiting.push(inside);
    Ok(())
}

fn file_name(path: &Path) -> Option<OsString> {
    path.file_name().map(OsString::from)
}

/// Everything in the tree that may be a program or a library, relative to the root.
fn objects(tree: &Tree) -> Result<Vec<PathBuf>, BuildError> {
    let mut found = Vec::new();
    for (path, metadata) in walk(tree.root())? {
        let named_library = path.file_name().is_some_and(|name| name.to_string_lossy().contains(".so"));
        let executable = metadata.permissions().mode() & 0o111 != 0;
        if metadata.is_file() && (named_library || executable) {
            found.extend(path.strip_prefix(tree.root()).map(Path::to_owned));
        }
    }
    Ok(found)
}

fn read(path: &Path) -> Result<Option<Elf>, BuildError> {
    Ok(elf::parse(&fs::read(path).map_err(failed("read", path))?))
}

/// Where the host keeps libraries for one instruction set.
struct HostLibraries {
    dirs: Vec<PathBuf>,
    machine: u16,
}

impl HostLibraries {
    fn find(&self, name: &str) -> Option<PathBuf> {
        self.find_in(self.dirs.iter().cloned(), name)
    }

    /// As the loader would look for it: the object's own search path, then the system's directories.
    fn find_for(&self, elf: &Elf, origin: Option<&Path>, name: &str) -> Option<PathBuf> {
        let origin_dir = origin.and_then(Path::parent);
        let own = elf.search.iter().filter_map(|dir| expand_origin(dir, origin_dir));
        self.find_in(own.chain(self.dirs.iter().cloned()), name)
    }

    fn find_in(&self, mut dirs: impl Iterator<Item = PathBuf>, name: &str) -> Option<PathBuf> {
        dirs.find_map(|dir| {
            let path = dir.join(name);
            let elf = elf::parse(&fs::read(&path).ok()?)?;
            (elf.machine == self.machine).then_some(path)
        })
    }
}

/// A search directory on the host; nothing when it is relative to a file that did not come from it.
fn expand_origin(dir: &str, origin: Option<&Path>) -> Option<PathBuf> {
    let relative = dir.strip_prefix("$ORIGIN").or_else(|| dir.strip_prefix("${ORIGIN}"));
    match relative {
        Some(rest) => Some(origin?.join(rest.trim_start_matches('/'))),
        None => dir.starts_with('/').then(|| PathBuf::from(dir)),
    }
}

/// The loader's default directories, then those that the host's configuration adds.
fn system_dirs() -> Vec<PathBuf> {
    let multiarch = format!("{}-linux-gnu", std::env::consts::ARCH);
    let mut dirs: Vec<PathBuf> = [
        &format!("/lib/{multiarch}"),
        &format!("/usr/lib/{multiarch}"),
        "/lib64",
        "/usr/lib64",
        "/lib",
        "/usr/lib",
    ]
    .map(PathBuf::from)
    .to_vec();
    let mut files: Vec<PathBuf> =
        fs::read_dir("/etc/ld.so.conf.d").into_iter().flatten().flatten().map(|entry| entry.path()).collect();
    files.sort();
    for file in files {
        let text = fs::read_to_string(file).unwrap_or_default();
        dirs.extend(text.lines().map(str::trim).filter(|line| line.starts_with('/')).map(PathBuf::from));
    }
    dirs
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn origin_means_the_directory_a_file_was_copied_from() {
        let origin = Some(Path::new("/opt/py/bin"));
        assert_eq!(expand_origin("$ORIGIN/../lib", origin), Some("/opt/py/bin/../lib".into()));
        assert_eq!(expand_origin("${ORIGIN}", origin), Some("/opt/py/bin".into()));
        assert_eq!(expand_origin("$ORIGIN", None), None);
        assert_eq!(expand_origin("/opt/lib", None), Some("/opt/lib".into()));
        assert_eq!(expand_origin("lib", origin), None);
    }

    #[test]
    fn a_copied_program_runs_with_only_the_libraries_of_its_tree() {
        let dir = tempfile::tempdir().unwrap();
        let mut tree = Tree::create(dir.path().join("root")).unwrap();
        assert!(tree.copy_command("ls").unwrap());
        let completed = complete(&mut tree, Path::new("usr/bin/ls")).unwrap();
        assert_eq!(completed.missing, []);
        tree.finish().unwrap();
        let output = std::process::Command::new(tree.host_path(&completed.interpreter))
            .arg("--inhibit-cache")
            .arg("--library-path")
            .arg(tree.host_path(&completed.library_dir))
            .arg("--list")
            .arg(tree.host_path(Path::new("usr/bin/ls")))
            .output()
            .unwrap();
        let listed = String::from_utf8(output.stdout).unwrap();
        let inside = tree.root().to_str().unwrap();
        for line in listed.lines().filter(|line| line.contains("=> /")) {
            assert!(line.contains(inside), "{line} is not from the tree");
        }
        assert!(listed.contains(C_LIBRARY));
    }
}
