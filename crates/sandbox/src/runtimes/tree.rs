//! A root tree under construction: copies files of the host into it and keeps it plain.
//!
//! Paths inside are relative to the root and laid out as on a merged-/usr system. A finished tree has
//! directories (0755), regular files (0644 or 0755) and symbolic links that lead to something inside.

use std::{
    collections::BTreeMap,
    ffi::OsStr,
    fs, io,
    os::unix::fs::{PermissionsExt, symlink},
    path::{Component, Path, PathBuf},
};

use super::build::BuildError;

/// Directories that the jail mounts over.
/// Where a tree's own files are, inside.
pub(super) const OURS: &str = "usr/lib/ringfence";

const MOUNT_POINTS: [&str; 5] = ["proc", "dev", "work", "tmp", "job"];

/// Links of a merged-/usr system, relative to the root.
const MERGED: [(&str, &str); 4] =
    [("bin", "usr/bin"), ("sbin", "usr/bin"), ("lib", "usr/lib"), ("lib64", "usr/lib64")];

/// Where commands are looked for; not in PATH, which leads to a user's own programs.
const COMMAND_DIRS: [&str; 5] = ["/usr/bin", "/bin", "/usr/sbin", "/sbin", "/usr/local/bin"];

const ETC: [(&str, &str); 4] = [
    (
        "etc/passwd",
        "root:x:0:0:root:/:/usr/bin/false\n\
         guest:x:1000:1000:guest:/work:/bin/sh\n\
         nobody:x:65534:65534:nobody:/work:/bin/sh\n",
    ),
    ("etc/group", "root:x:0:\nguest:x:1000:\nnogroup:x:65534:\n"),
    ("etc/hosts", "127.0.0.1 localhost\n::1 localhost\n"),
    ("etc/nsswitch.conf", "passwd: files\ngroup: files\nhosts: files\n"),
];

/// A root tree and where its files came from.
#[derive(Debug)]
pub(super) struct Tree {
    root: PathBuf,
    origins: BTreeMap<PathBuf, PathBuf>,
}

/// Turns an I/O error into one that says what was being done to which file.
pub(super) fn failed(what: &'static str, path: &Path) -> impl FnOnce(io::Error) -> BuildError {
    let path = path.to_owned();
    move |source| BuildError::Io { what, path, source }
}

/// Everything below a directory, links not followed, parents before children, sorted by name.
pub(super) fn walk(dir: &Path) -> Result<Vec<(PathBuf, fs::Metadata)>, BuildError> {
    let mut found = Vec::new();
    let mut waiting = vec![dir.to_owned()];
    while let Some(dir) = waiting.pop() {
        for entry in fs::read_dir(&dir).map_err(failed("list", &dir))? {
            let entry = entry.map_err(failed("list", &dir))?;
            let path = entry.path();
            let metadata = entry.metadata().map_err(failed("inspect", &path))?;
            if metadata.is_dir() {
                waiting.push(path.clone());
            }
            found.push((path, metadata));
        }
    }
    found.sort_by(|a, b| a.0.cmp(&b.0));
    Ok(found)
}

/// Where a file of the host belongs inside, relative to the root.
pub(super) fn merged(host: &Path) -> PathBuf {
    let path: PathBuf = host.components().filter(|part| matches!(part, Component::Normal(_))).collect();
    for (link, target) in MERGED {
        if let Ok(rest) = path.strip_prefix(link) {
            return Path::new(target).join(rest);
        }
    }
    path
}

impl Tree {
    /// Makes the root with its mount points, links and `/etc`.
    pub(super) fn create(root: PathBuf) -> Result<Tree, BuildError> {
        let tree = Tree { root, origins: BTreeMap::new() };
        for dir in MOUNT_POINTS.into_iter().chain(MERGED.map(|(_, target)| target)) {
            tree.make_dir(Path::new(dir))?;
        }
        for (link, target) in MERGED {
            tree.link(Path::new(link), Path::new(target))?;
        }
        for (path, text) in ETC {
            tree.write(Path::new(path), text.as_bytes())?;
        }
        Ok(tree)
    }

    /// The root's path on the host.
    pub(super) fn root(&self) -> &Path {
        &self.root
    }

    /// The path on the host of something inside.
    pub(super) fn host_path(&self, inside: &Path) -> PathBuf {
        self.root.join(inside)
    }

    /// Whether something is at this path inside.
    pub(super) fn holds(&self, inside: &Path) -> bool {
        self.host_path(inside).symlink_metadata().is_ok()
    }

    /// The file of the host that was copied to this path.
    pub(super) fn origin(&self, inside: &Path) -> Option<&Path> {
        self.origins.get(inside).map(PathBuf::as_path)
    }

    /// Every single file of the host that is part of this tree.
    pub(super) fn sources(&self) -> impl Iterator<Item = &Path> {
        self.origins.values().map(PathBuf::as_path)
    }

    fn make_dir(&self, inside: &Path) -> Result<(), BuildError> {
        let path = self.host_path(inside);
        fs::create_dir_all(&path).map_err(failed("create", &path))
    }

    fn make_parent(&self, inside: &Path) -> Result<(), BuildError> {
        inside.parent().map_or(Ok(()), |parent| self.make_dir(parent))
    }

    /// Writes a small file.
    pub(super) fn write(&self, inside: &Path, content: &[u8]) -> Result<(), BuildError> {
        self.make_parent(inside)?;
        let path = self.host_path(inside);
        fs::write(&path, content).map_err(failed("write", &path))
    }

    /// Makes a symbolic link with this target.
    pub(super) fn link(&self, inside: &Path, target: &Path) -> Result<(), BuildError> {
        self.make_parent(inside)?;
        let path = self.host_path(inside);
        symlink(target, &path).map_err(failed("link", &path))
    }

    /// Copies one file of the host and remembers it as a source; once is enough.
    pub(super) fn copy(&mut self, host: &Path, inside: &Path) -> Result<(), BuildError> {
        if self.holds(inside) {
            return Ok(());
        }
        self.make_parent(inside)?;
        let path = self.host_path(inside);
        fs::copy(host, &path).map_err(failed("copy", host))?;
        self.origins.insert(inside.to_owned(), host.to_owned());
        Ok(())
    }

    /// Copies a directory of the host, leaving out what `skip` says of paths relative to it. Links are
    /// copied as what they lead to, so that none leads outside.
    pub(super) fn copy_dir(
        &mut self,
        host: &Path,
        inside: &Path,
        skip: &dyn Fn(&Path) -> bool,
    ) -> Result<(), BuildError> {
        let mut waiting = vec![PathBuf::new()];
        while let Some(relative) = waiting.pop() {
            let dir = host.join(&relative);
            self.make_dir(&inside.join(&relative))?;
            for entry in fs::read_dir(&dir).map_err(failed("list", &dir))? {
                let entry = entry.map_err(failed("list", &dir))?;
                let relative = relative.join(entry.file_name());
                // A dangling link has no metadata: there is nothing to copy.
                let Ok(metadata) = fs::metadata(entry.path()) else { continue };
                if skip(&relative) {
                    continue;
                }
                if metadata.is_dir() && !entry.path().is_symlink() {
                    waiting.push(relative);
                } else if metadata.is_file() {
                    let to = self.host_path(&inside.join(&relative));
                    fs::copy(entry.path(), &to).map_err(failed("copy", &entry.path()))?;
                }
            }
        }
        Ok(())
    }

    /// Copies a command of the host under its real name, with a link for the name asked for. Says
    /// whether the host has it.
    pub(super) fn copy_command(&mut self, name: &str) -> Result<bool, BuildError> {
        let found = COMMAND_DIRS.iter().find_map(|dir| fs::canonicalize(Path::new(dir).join(name)).ok());
        let Some(real) = found else { return Ok(false) };
        let real_name = real.file_name().unwrap_or_else(|| OsStr::new(name)).to_owned();
        self.copy(&real, &Path::new("usr/bin").join(&real_name))?;
        let alias = Path::new("usr/bin").join(name);
        if real_name != OsStr::new(name) && !self.holds(&alias) {
            self.link(&alias, Path::new(&real_name))?;
        }
        Ok(true)
    }

    /// Copies a file or a directory to the path it has on the host; what is not there is left out.
    pub(super) fn copy_data(&mut self, host: &Path) -> Result<(), BuildError> {
        match fs::metadata(host) {
            // In zone information the host's own zone goes by this name.
            Ok(about) if about.is_dir() => {
                self.copy_dir(host, &merged(host), &|path| path == Path::new("localtime"))
            }
            Ok(_) => self.copy(host, &merged(host)),
            Err(_) => Ok(()),
        }
    }

    /// Makes local time UTC, if the tree knows time zones.
    pub(super) fn link_local_time(&self) -> Result<(), BuildError> {
        if !self.holds(Path::new("usr/share/zoneinfo/UTC")) {
            return Ok(());
        }
        self.link(Path::new("etc/localtime"), Path::new("../usr/share/zoneinfo/UTC"))
    }

    /// Gives every entry its mode and refuses what does not belong in a tree.
    pub(super) fn finish(&self) -> Result<(), BuildError> {
        set_mode(&self.root, 0o755)?;
        for (path, metadata) in walk(&self.root)? {
            let kind = metadata.file_type();
            if kind.is_symlink() {
                self.check_link(&path)?;
            } else if kind.is_dir() {
                set_mode(&path, 0o755)?;
            } else if kind.is_file() {
                let executable = metadata.permissions().mode() & 0o111 != 0;
                set_mode(&path, if executable { 0o755 } else { 0o644 })?;
                self.check_script(&path, executable)?;
            } else {
                return Err(BuildError::Unfit { path, why: "is neither a file, a directory nor a link" });
            }
        }
        Ok(())
    }

    /// A link must mean the same from outside as from inside: be relative and stay below the root.
    fn check_link(&self, path: &Path) -> Result<(), BuildError> {
        let unfit = |why| Err(BuildError::Unfit { path: path.to_owned(), why });
        let target = fs::read_link(path).map_err(failed("read the link", path))?;
        let root = fs::canonicalize(&self.root).map_err(failed("resolve", &self.root))?;
        match fs::canonicalize(path) {
            _ if target.is_absolute() => unfit("is a link with an absolute target"),
            Err(_) => unfit("is a link that leads nowhere"),
            Ok(end) if !end.starts_with(&root) => unfit("is a link that leads outside the tree"),
            Ok(_) => Ok(()),
        }
    }

    fn check_script(&self, path: &Path, executable: bool) -> Result<(), BuildError> {
        if !executable || !path.starts_with(self.host_path(Path::new("usr/bin"))) {
            return Ok(());
        }
        let content = fs::read(path).map_err(failed("read", path))?;
        let Some(line) =
            content.strip_prefix(b"#!").and_then(|rest| rest.split(|byte| *byte == b'\n').next())
        else {
            return Ok(());
        };
        let line = String::from_utf8_lossy(line);
        let interpreter = line.split_whitespace().next().unwrap_or_default();
        if self.holds(&merged(Path::new(interpreter))) {
            return Ok(());
        }
        Err(BuildError::Unfit {
            path: path.to_owned(),
            why: "is a script whose interpreter is not in the tree",
        })
    }
}

fn set_mode(path: &Path, mode: u32) -> Result<(), BuildError> {
    fs::set_permissions(path, fs::Permissions::from_mode(mode)).map_err(failed("set the mode of", path))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn host_paths_are_merged_under_usr() {
        for (host, inside) in [
            ("/bin/sh", "usr/bin/sh"),
            ("/sbin/ldconfig", "usr/bin/ldconfig"),
            ("/lib/x86_64-linux-gnu/libc.so.6", "usr/lib/x86_64-linux-gnu/libc.so.6"),
            ("/lib64/ld-linux-x86-64.so.2", "usr/lib64/ld-linux-x86-64.so.2"),
            ("/usr/libexec/x", "usr/libexec/x"),
            ("/../etc/passwd", "etc/passwd"),
        ] {
            assert_eq!(merged(Path::new(host)), Path::new(inside));
        }
    }

    #[test]
    fn a_finished_tree_has_plain_modes() {
        let dir = tempfile::tempdir().unwrap();
        let tree = Tree::create(dir.path().join("root")).unwrap();
        let tool = Path::new("usr/bin/tool");
        tree.write(tool, b"\x7fELF").unwrap();
        set_mode(&tree.host_path(tool), 0o6775).unwrap();
        tree.finish().unwrap();
        let mode =
            |path: &str| tree.host_path(Path::new(path)).metadata().unwrap().permissions().mode() & 0o7777;
        assert_eq!(mode("usr/bin/tool"), 0o755);
        assert_eq!(mode("etc/passwd"), 0o644);
        assert_eq!(mode("work"), 0o755);
    }

    #[test]
    fn links_that_lead_nowhere_or_outside_are_refused() {
        for (target, fits) in [
            ("../../etc/passwd", true),
            ("/etc/passwd", false),
            ("../../bin", true),
            ("../../etc/shadow", false),
            ("../../../../../../etc/passwd", false),
            ("link", false),
        ] {
            let dir = tempfile::tempdir().unwrap();
            let tree = Tree::create(dir.path().join("root")).unwrap();
            tree.link(Path::new("usr/bin/link"), Path::new(target)).unwrap();
            assert_eq!(tree.finish().is_ok(), fits, "{target}");
        }
    }

    #[test]
    fn scripts_need_their_interpreter() {
        let dir = tempfile::tempdir().unwrap();
        let tree = Tree::create(dir.path().join("root")).unwrap();
        let script = Path::new("usr/bin/script");
        tree.write(script, b"#! /bin/sh -e\n").unwrap();
        set_mode(&tree.host_path(script), 0o755).unwrap();
        assert!(tree.finish().is_err());
        tree.write(Path::new("usr/bin/sh"), b"").unwrap();
        tree.finish().unwrap();
    }

    #[test]
    fn a_command_keeps_its_real_name() {
        let dir = tempfile::tempdir().unwrap();
        let mut tree = Tree::create(dir.path().join("root")).unwrap();
        assert!(tree.copy_command("sh").unwrap());
        assert!(!tree.copy_command("no-such-command").unwrap());
        tree.finish().unwrap();
        assert_eq!(tree.sources().count(), 1);
    }
}
