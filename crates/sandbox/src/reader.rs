//! The reader's root: this program itself and the libraries it is linked to, nothing else.

use std::{
    collections::{BTreeMap, BTreeSet},
    fs, io,
    path::{Path, PathBuf},
};

use crate::{
    jail::{RuntimeCommand, Source},
    runtimes::Warm,
};

/// Where the program is in the reader's root.
const PROGRAM: &str = "/ringfence";

/// The word that makes our program a reader; what follows are the reader's own arguments.
pub const READER_COMMAND: &str = "__reader";

/// The word that makes our program a reader that is started ahead of its arguments, and waits for them.
pub const WAITING_READER_COMMAND: &str = "__waiting-reader";

/// What the reader's root is made of and how it is started.
pub(crate) fn source() -> io::Result<(Source, RuntimeCommand)> {
    let program = fs::read_link("/proc/self/exe")?;
    let mut files: Vec<(PathBuf, PathBuf)> = vec![(program, PROGRAM.into())];
    for library in loaded_libraries(&fs::read_to_string("/proc/self/maps")?) {
        let name = library.file_name().unwrap_or_default();
        // The loader is looked for by its fixed path, the others where the loader looks first.
        let target = if name.to_string_lossy().starts_with("ld-") {
            Path::new(LOADER_DIR).join(name)
        } else {
            Path::new("/lib").join(name)
        };
        files.push((library, target));
    }
    let command = RuntimeCommand {
        words: vec![PROGRAM.to_owned(), READER_COMMAND.to_owned()],
        takes_code: false,
        code_name: "empty".to_owned(),
        env: vec![("LD_LIBRARY_PATH".to_owned(), "/lib".to_owned())],
        warm: Some(Warm {
            command: vec![PROGRAM.to_owned(), WAITING_READER_COMMAND.to_owned()],
            env: BTreeMap::new(),
            takes_args: true,
        }),
    };
    Ok((Source::Files(files), command))
}

#[cfg(target_arch = "x86_64")]
const LOADER_DIR: &str = "/lib64";
#[cfg(not(target_arch = "x86_64"))]
const LOADER_DIR: &str = "/lib";

/// The shared libraries this process has mapped, the loader included.
fn loaded_libraries(maps: &str) -> BTreeSet<PathBuf> {
    maps.lines()
        .filter_map(|line| line.split_once('/').map(|(_, path)| format!("/{path}")))
        .filter(|path| {
            let name = path.rsplit('/').next().unwrap_or_default();
            name.ends_with(".so") || name.contains(".so.")
        })
        .map(PathBuf::from)
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn libraries_are_told_from_other_mappings() {
        let maps = "7f-80 r-xp 00000000 08:01 1 /usr/lib/libc.so.6\n\
                    80-81 r--p 00001000 08:01 1 /usr/lib/libc.so.6\n\
                    55-56 r-xp 00000000 08:01 2 /opt/ringfence\n\
                    7e-7f rw-p 00000000 00:00 0 [stack]\n\
                    81-82 r-xp 00000000 08:01 3 /lib64/ld-linux-x86-64.so.2\n";
        let found: Vec<PathBuf> = loaded_libraries(maps).into_iter().collect();
        assert_eq!(found, [PathBuf::from("/lib64/ld-linux-x86-64.so.2"), "/usr/lib/libc.so.6".into()]);
    }
}
