//! Collects the files a guest leaves, following nothing. Mostly everything in the jail is dead by then; of one
//! that has left, threads may still change what is looked at, and what they take away is not returned.

use std::{
    collections::BTreeMap,
    ffi::CStr,
    io,
    os::fd::{AsFd, OwnedFd},
};

use ringfence_job::{LimitKind, Limits, OutputFile};
use rustix::fs::{AtFlags, Dir, FileType, Mode, OFlags, ResolveFlags};

use crate::{
    jail::weaken,
    wire::{self, Place},
};

/// The input files of a run: what is unchanged is not returned.
#[derive(Debug)]
pub(crate) struct Inputs<'a> {
    /// Holds their contents.
    pub(crate) payload: &'a OwnedFd,
    /// Position and length in the payload, by name.
    pub(crate) places: BTreeMap<&'a str, Place>,
}

/// What was found.
#[derive(Debug, Default)]
pub(crate) struct Collected {
    /// New and changed files, sorted by name.
    pub(crate) files: Vec<OutputFile>,
    /// Limits because of which something was left out, each once.
    pub(crate) limits_hit: Vec<LimitKind>,
    /// True if a file has exactly the greatest size a file may have.
    pub(crate) file_at_limit: bool,
}

impl Collected {
    fn hit(&mut self, kind: LimitKind) {
        if !self.limits_hit.contains(&kind) {
            self.limits_hit.push(kind);
        }
    }
}

/// One walk through a working directory.
struct Walk<'a> {
    root: &'a OwnedFd,
    limits: &'a Limits,
    inputs: &'a Inputs<'a>,
    /// Directory entries that may still be looked at.
    entries_left: u64,
    bytes_left: u64,
    found: Collected,
}

/// Collects regular files below `root` with one link, within the limits on number, size, depth and
/// name. Everything else a guest can make (links, devices, pipes, sockets) is passed over.
pub(crate) fn collect(root: &OwnedFd, limits: &Limits, inputs: &Inputs<'_>) -> io::Result<Collected> {
    let mut walk = Walk {
        root,
        limits,
        inputs,
        entries_left: limits.scratch_inodes,
        bytes_left: limits.output_bytes,
        found: Collected::default(),
    };
    // Breadth first and sorted, so that what is left out does not depend on chance.
    let mut level = vec![String::new()];
    for depth in 1.. {
        let mut next = Vec::new();
        for directory in level {
            walk.directory(&directory, &mut next)?;
        }
        if next.is_empty() {
            break;
        }
        if depth >= limits.output_depth {
            walk.found.hit(LimitKind::OutputDepth);
            break;
        }
        level = next;
    }
    walk.found.files.sort_by(|a, b| a.name.cmp(&b.name));
    Ok(walk.found)
}

impl Walk<'_> {
    fn directory(&mut self, path: &str, subdirectories: &mut Vec<String>) -> io::Result<()> {
        let Some(directory) = self.open(path, OFlags::RDONLY | OFlags::DIRECTORY) else { return Ok(()) };
        let mut names = Vec::new();
        for entry in Dir::read_from(&directory)? {
            let entry = entry?;
            if entry.file_name() == c"." || entry.file_name() == c".." {
                continue;
            }
            if self.entries_left == 0 {
                break;
            }
            self.entries_left -= 1;
            names.push(entry.file_name().to_owned());
        }
        names.sort();
        // Of one that is renamed meanwhile, a kernel may tell twice.
        names.dedup();
        for name in names {
            self.entry(path, &directory, &name, subdirectories)?;
        }
        Ok(())
    }

    fn entry(
        &mut self,
        parent: &str,
        directory: &OwnedFd,
        name: &CStr,
        subdirectories: &mut Vec<String>,
    ) -> io::Result<()> {
        let follow = if weaken::is_off("outputs") { AtFlags::empty() } else { AtFlags::SYMLINK_NOFOLLOW };
        let Ok(stat) = rustix::fs::statat(directory, name, follow) else { return Ok(()) };
        let kind = FileType::from_raw_mode(stat.st_mode);
        let plain = kind == FileType::Directory || (kind == FileType::RegularFile && stat.st_nlink == 1);
        // A name that is not text cannot be told to anyone.
        let Some(name) = name.to_str().ok().filter(|_| plain) else { return Ok(()) };
        let path = if parent.is_empty() { name.to_owned() } else { format!("{parent}/{name}") };
        if path.len() as u64 > self.limits.output_name_bytes {
            self.found.hit(LimitKind::OutputNameBytes);
        } else if kind == FileType::Directory {
            subdirectories.push(path);
        } else {
            self.file(path)?;
        }
        Ok(())
    }

    fn file(&mut self, path: String) -> io::Result<()> {
        let Some(file) = self.open(&path, OFlags::RDONLY | OFlags::NONBLOCK) else { return Ok(()) };
        let stat = rustix::fs::fstat(&file)?;
        if FileType::from_raw_mode(stat.st_mode) != FileType::RegularFile {
            return Ok(());
        }
        let size = u64::try_from(stat.st_size).unwrap_or(u64::MAX);
        self.found.file_at_limit |= size == self.limits.file_bytes;
        if self.is_unchanged_input(&path, &file, size)? {
            return Ok(());
        }
        if self.found.files.len() as u64 >= self.limits.output_files {
            self.found.hit(LimitKind::OutputFiles);
        } else if size > self.bytes_left {
            self.found.hit(LimitKind::OutputBytes);
        } else {
            let Ok(content) = wire::read_at(&file, (0, size)) else { return Ok(()) };
            self.bytes_left -= size;
            self.found.files.push(OutputFile { name: path, content });
        }
        Ok(())
    }

    fn is_unchanged_input(&self, path: &str, file: &OwnedFd, size: u64) -> io::Result<bool> {
        match self.inputs.places.get(path) {
            Some(place) if place.1 == size => {
                let sent = wire::read_at(self.inputs.payload, *place)?;
                Ok(wire::read_at(file, (0, size)).is_ok_and(|left| left == sent))
            }
            _ => Ok(false),
        }
    }

    /// Opens a path below the root; `None` if the guest put something in the way.
    fn open(&self, path: &str, flags: OFlags) -> Option<OwnedFd> {
        let path = if path.is_empty() { "." } else { path };
        let (resolve, no_follow) = if weaken::is_off("outputs") {
            (ResolveFlags::empty(), OFlags::empty())
        } else {
            let beneath = ResolveFlags::BENEATH | ResolveFlags::NO_XDEV;
            (beneath | ResolveFlags::NO_SYMLINKS | ResolveFlags::NO_MAGICLINKS, OFlags::NOFOLLOW)
        };
        let flags = flags | no_follow | OFlags::CLOEXEC;
        // Whatever the error, it is the guest's doing: a tmpfs has none of its own.
        rustix::fs::openat2(self.root.as_fd(), path, flags, Mode::empty(), resolve).ok()
    }
}

/// True if the scratch behind `work` has no byte or no inode left: which of the two limits.
pub(crate) fn full_scratch(work: &OwnedFd) -> io::Result<Option<LimitKind>> {
    let stat = rustix::fs::fstatvfs(work)?;
    Ok(if stat.f_bfree == 0 {
        Some(LimitKind::ScratchBytes)
    } else if stat.f_ffree == 0 {
        Some(LimitKind::ScratchInodes)
    } else {
        None
    })
}

#[cfg(test)]
mod tests {
    use std::{fs, os::unix::fs::symlink};

    use ringfence_job::{LimitsPatch, LimitsPolicy};

    use super::*;

    fn collect_in(
        prepare: impl Fn(&std::path::Path),
        asked: LimitsPatch,
        inputs: &[(&str, &[u8])],
    ) -> Collected {
        let directory = tempfile::tempdir().unwrap();
        for (name, content) in inputs {
            fs::write(directory.path().join(name), content).unwrap();
        }
        prepare(directory.path());
        let root = OwnedFd::from(fs::File::open(directory.path()).unwrap());
        let limits = LimitsPolicy::default().resolve(&asked).unwrap();
        let contents: Vec<&[u8]> = inputs.iter().map(|(_, content)| *content).collect();
        let payload = wire::memory_file(&contents).unwrap();
        let mut at = 0;
        let mut places = BTreeMap::new();
        for (name, content) in inputs {
            places.insert(*name, (at, content.len() as u64));
            at += content.len() as u64;
        }
        collect(&root, &limits, &Inputs { payload: &payload, places }).unwrap()
    }

    fn names(found: &Collected) -> Vec<&str> {
        found.files.iter().map(|file| file.name.as_str()).collect()
    }

    #[test]
    fn new_and_changed_files_are_found_and_links_are_not_followed() {
        let found = collect_in(
            |root| {
                fs::create_dir(root.join("sub")).unwrap();
                fs::write(root.join("sub/new.txt"), "new").unwrap();
                fs::write(root.join("changed.csv"), "after").unwrap();
                symlink("/etc/passwd", root.join("link")).unwrap();
                symlink("/etc", root.join("dirlink")).unwrap();
                fs::write(root.join("one"), "x").unwrap();
                fs::hard_link(root.join("one"), root.join("two")).unwrap();
            },
            LimitsPatch::default(),
            &[("same.csv", b"same"), ("changed.csv", b"befor")],
        );
        assert_eq!(names(&found), ["changed.csv", "sub/new.txt"]);
        assert!(found.limits_hit.is_empty());
    }

    #[test]
    fn every_output_limit_is_named() {
        let make = |root: &std::path::Path| {
            fs::create_dir_all(root.join("a/b/c")).unwrap();
            fs::write(root.join("a/b/c/deep"), "").unwrap();
            for index in 0..4 {
                fs::write(root.join(format!("f{index}")), [0; 10]).unwrap();
            }
        };
        let asked = LimitsPatch { output_files: Some(3), output_depth: Some(2), ..LimitsPatch::default() };
        let found = collect_in(make, asked, &[]);
        assert_eq!(names(&found), ["f0", "f1", "f2"]);
        assert_eq!(found.limits_hit, [LimitKind::OutputFiles, LimitKind::OutputDepth]);
        let asked =
            LimitsPatch { output_bytes: Some(20), output_name_bytes: Some(2), ..LimitsPatch::default() };
        let found = collect_in(make, asked, &[]);
        assert_eq!(names(&found), ["f0", "f1"]);
        assert_eq!(found.limits_hit, [LimitKind::OutputBytes, LimitKind::OutputNameBytes]);
    }
}
