//! Files without which no program of a runtime starts: its interpreter, the loader, the libraries they
//! are linked to. Whoever deletes or replaces them under a running service makes every run fail, and
//! that is no fault of the programs.

use std::{
    fs,
    os::fd::OwnedFd,
    path::{Path, PathBuf},
};

use ringfence_job::Runtime;
use rustix::fs::{Mode, OFlags, ResolveFlags};

/// Directories of a runtime's tree that hold the loader and the libraries it finds by itself, beside
/// those in `usr/lib` that are named after a machine.
const LIBRARY_DIRS: [&str; 2] = ["usr/lib64", "usr/lib"];

/// What a machine's own directory in `usr/lib` ends with.
const MACHINE_DIR: &str = "-linux-gnu";

/// A file as it was when the service started.
#[derive(Debug, PartialEq, Eq)]
struct Vital {
    path: PathBuf,
    bytes: i64,
    mode: u32,
}

/// The vital files of one runtime.
#[derive(Debug)]
pub(super) struct Vitals {
    runtime: Runtime,
    root: PathBuf,
    files: Vec<Vital>,
}

impl Vitals {
    /// Notes what is there now, below the `root` of a runtime that starts `program`.
    pub(super) fn note(runtime: Runtime, root: &Path, program: &str) -> Vitals {
        let libraries = library_dirs(root).into_iter().flat_map(|dir| {
            let entries = fs::read_dir(root.join(&dir)).into_iter().flatten().flatten();
            let names =
                entries.map(|entry| entry.file_name()).filter(|name| is_library(&name.to_string_lossy()));
            names.map(move |name| dir.join(name)).collect::<Vec<_>>()
        });
        let program = PathBuf::from(program.trim_start_matches('/'));
        // One that is not even there now is damaged from the start.
        let program = look(root, program.clone()).unwrap_or(Vital { path: program, bytes: -1, mode: 0 });
        let libraries = libraries.filter_map(|path| look(root, path));
        let files = [program].into_iter().chain(libraries).collect();
        Vitals { runtime, root: root.to_owned(), files }
    }

    /// What is wrong now, and what to do; `None` if every file is as it was.
    pub(super) fn damage(&self) -> Option<String> {
        let runtime = self.runtime;
        // A directory that was deleted, by whatever name, holds nothing and never will.
        if rustix::fs::stat(&self.root).is_ok_and(|stat| stat.st_nlink == 0) {
            return Some(format!(
                "runtime {runtime:?} was removed or built anew while in use: start ringfence again, after \
                 ringfence runtimes build if it is not there"
            ));
        }
        let changed =
            self.files.iter().find(|file| look(&self.root, file.path.clone()).as_ref() != Some(file))?;
        Some(format!(
            "runtime {runtime:?} is damaged, /{} is not as it was: put it back, or run ringfence runtimes build \
             --force and start ringfence again",
            changed.path.display()
        ))
    }
}

fn library_dirs(root: &Path) -> Vec<PathBuf> {
    let machines = fs::read_dir(root.join("usr/lib")).into_iter().flatten().flatten();
    let machines =
        machines.map(|entry| entry.file_name()).filter(|name| name.to_string_lossy().ends_with(MACHINE_DIR));
    let machines = machines.map(|name| Path::new("usr/lib").join(name));
    LIBRARY_DIRS.into_iter().map(PathBuf::from).chain(machines).collect()
}

fn is_library(name: &str) -> bool {
    name.ends_with(".so") || name.contains(".so.")
}

/// A file below a root as it is now; links lead where they lead in there.
fn look(root: &Path, path: PathBuf) -> Option<Vital> {
    let flags = OFlags::PATH | OFlags::CLOEXEC;
    let root: OwnedFd = rustix::fs::open(root, flags | OFlags::DIRECTORY, Mode::empty()).ok()?;
    let file = rustix::fs::openat2(&root, &path, flags, Mode::empty(), ResolveFlags::IN_ROOT).ok()?;
    let stat = rustix::fs::fstat(file).ok()?;
    Some(Vital { path, bytes: stat.st_size, mode: stat.st_mode })
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::{PermissionsExt, symlink};

    use super::*;

    #[test]
    fn what_is_deleted_or_replaced_is_named_until_it_is_back() {
        let directory = tempfile::tempdir().unwrap();
        let root = directory.path().join("root");
        fs::create_dir_all(root.join("usr/lib/x86_64-linux-gnu")).unwrap();
        fs::create_dir_all(root.join("usr/bin")).unwrap();
        let (program, library) =
            (root.join("usr/bin/tool1"), root.join("usr/lib/x86_64-linux-gnu/libx.so.1"));
        fs::write(&program, "program").unwrap();
        fs::write(&library, "library").unwrap();
        // Absolute, as inside.
        symlink("/usr/bin/tool1", root.join("usr/bin/tool")).unwrap();
        let vitals = Vitals::note(Runtime::Bash, &root, "/usr/bin/tool");
        assert_eq!((vitals.files.len(), vitals.damage()), (2, None));

        let damaged = |by: &dyn Fn(), mended: &dyn Fn(), names: &str| {
            by();
            let damage = vitals.damage().unwrap();
            assert!(
                damage.contains(names) && damage.contains("ringfence runtimes build --force"),
                "{damage}"
            );
            mended();
            assert_eq!(vitals.damage(), None);
        };
        let restore = || {
            fs::write(&program, "program").unwrap();
            fs::set_permissions(&program, fs::Permissions::from_mode(0o644)).unwrap();
        };
        damaged(&|| fs::remove_file(&program).unwrap(), &restore, "/usr/bin/tool ");
        damaged(&|| fs::write(&program, "short").unwrap(), &restore, "/usr/bin/tool ");
        let forbid = || fs::set_permissions(&program, fs::Permissions::from_mode(0o600)).unwrap();
        damaged(&forbid, &restore, "/usr/bin/tool ");
        let aside = root.join("aside");
        damaged(
            &|| fs::rename(&library, &aside).unwrap(),
            &|| fs::rename(&aside, &library).unwrap(),
            "/usr/lib/x86_64-linux-gnu/libx.so.1",
        );
    }
}
