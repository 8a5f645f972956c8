//! Reads from an ELF file what the dynamic loader would: interpreter, needed libraries, search paths.
//!
//! Only 64-bit little-endian files are read (x86-64, AArch64). Offsets come from the file, so each is
//! checked before use.

/// What the loader is told by one program or library.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Elf {
    /// The instruction set, as numbered by the format.
    pub(super) machine: u16,
    /// The loader's path; programs have one, libraries mostly do not.
    pub(super) interpreter: Option<String>,
    /// Names of the libraries it needs.
    pub(super) needed: Vec<String>,
    /// Directories to search first; may start with `$ORIGIN`.
    pub(super) search: Vec<String>,
}

const HEADER_BYTES: usize = 64;
const SEGMENT_BYTES: usize = 56;
const SEGMENT_LOAD: u32 = 1;
const SEGMENT_DYNAMIC: u32 = 2;
const SEGMENT_INTERPRETER: u32 = 3;
const TAG_NEEDED: u64 = 1;
const TAG_STRINGS: u64 = 5;
const TAG_RPATH: u64 = 15;
const TAG_RUNPATH: u64 = 29;

/// One program header.
struct Segment {
    kind: u32,
    offset: u64,
    address: u64,
    bytes: u64,
}

/// Reads a file's content; nothing when it is not an ELF file of the kind we copy, or is damaged.
pub(super) fn parse(file: &[u8]) -> Option<Elf> {
    let header = file.get(..HEADER_BYTES)?;
    let class_64_little_endian = header.starts_with(b"\x7fELF\x02\x01");
    if !class_64_little_endian {
        return None;
    }
    let segments = segments(file)?;
    let mut elf = Elf { machine: u16_at(header, 18)?, ..Elf::default() };
    for segment in &segments {
        match segment.kind {
            SEGMENT_INTERPRETER => elf.interpreter = Some(string_at(file, segment.offset)?),
            SEGMENT_DYNAMIC => read_dynamic(file, segment, &segments, &mut elf)?,
            _ => {}
        }
    }
    Some(elf)
}

fn segments(file: &[u8]) -> Option<Vec<Segment>> {
    let start = usize::try_from(u64_at(file, 32)?).ok()?;
    let (size, count) = (u16_at(file, 54)?, u16_at(file, 56)?);
    if usize::from(size) != SEGMENT_BYTES {
        return None;
    }
    (0..usize::from(count))
        .map(|index| {
            let header = file.get(start.checked_add(index * SEGMENT_BYTES)?..)?;
            Some(Segment {
                kind: u32_at(header, 0)?,
                offset: u64_at(header, 8)?,
                address: u64_at(header, 16)?,
                bytes: u64_at(header, 32)?,
            })
        })
        .collect()
}

fn read_dynamic(file: &[u8], dynamic: &Segment, segments: &[Segment], elf: &mut Elf) -> Option<()> {
    let start = usize::try_from(dynamic.offset).ok()?;
    let end = start.checked_add(usize::try_from(dynamic.bytes).ok()?)?;
    let entries: Vec<(u64, u64)> = file
        .get(start..end)?
        .chunks_exact(16)
        .map_while(|entry| Some((u64_at(entry, 0)?, u64_at(entry, 8)?)))
        .take_while(|(tag, _)| *tag != 0)
        .collect();
    let strings = entries.iter().find(|(tag, _)| *tag == TAG_STRINGS)?.1;
    let strings = file_offset(strings, segments)?;
    for (tag, value) in entries {
        let text = || string_at(file, strings.checked_add(value)?);
        match tag {
            TAG_NEEDED => elf.needed.push(text()?),
            TAG_RPATH | TAG_RUNPATH => elf.search.extend(text()?.split(':').map(str::to_owned)),
            _ => {}
        }
    }
    Some(())
}

/// Where in the file the byte is that the loader maps at an address.
fn file_offset(address: u64, segments: &[Segment]) -> Option<u64> {
    let holds = |segment: &&Segment| {
        segment.kind == SEGMENT_LOAD
            && address.checked_sub(segment.address).is_some_and(|distance| distance < segment.bytes)
    };
    let segment = segments.iter().find(holds)?;
    segment.offset.checked_add(address - segment.address)
}

fn string_at(file: &[u8], offset: u64) -> Option<String> {
    let rest = file.get(usize::try_from(offset).ok()?..)?;
    let end = rest.iter().position(|byte| *byte == 0)?;
    String::from_utf8(rest[..end].to_vec()).ok()
}

fn u16_at(bytes: &[u8], at: usize) -> Option<u16> {
    Some(u16::from_le_bytes(bytes.get(at..at.checked_add(2)?)?.try_into().ok()?))
}

fn u32_at(bytes: &[u8], at: usize) -> Option<u32> {
    Some(u32::from_le_bytes(bytes.get(at..at.checked_add(4)?)?.try_into().ok()?))
}

fn u64_at(bytes: &[u8], at: usize) -> Option<u64> {
    Some(u64::from_le_bytes(bytes.get(at..at.checked_add(8)?)?.try_into().ok()?))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A file of one load segment at address 0x1000, an interpreter and a dynamic section.
    fn small_elf() -> Vec<u8> {
        let strings = b"\0libm.so.6\0libc.so.6\0$ORIGIN/../lib:/opt/lib\0";
        let interpreter = b"/lib64/ld.so\0";
        let strings_at = HEADER_BYTES + 3 * SEGMENT_BYTES;
        let interpreter_at = strings_at + strings.len();
        let dynamic_at = interpreter_at + interpreter.len();
        let dynamic: Vec<u64> = vec![1, 1, 1, 11, 29, 21, 5, 0x1000 + strings_at as u64, 0, 0];
        let total = dynamic_at + dynamic.len() * 8;

        let mut file = b"\x7fELF\x02\x01\x01".to_vec();
        file.resize(HEADER_BYTES, 0);
        file[18..20].copy_from_slice(&62_u16.to_le_bytes());
        file[32..40].copy_from_slice(&(HEADER_BYTES as u64).to_le_bytes());
        file[54..56].copy_from_slice(&56_u16.to_le_bytes());
        file[56..58].copy_from_slice(&3_u16.to_le_bytes());
        for (kind, at, address, bytes) in [
            (SEGMENT_LOAD, 0, 0x1000, total),
            (SEGMENT_INTERPRETER, interpreter_at, 0, interpreter.len()),
            (SEGMENT_DYNAMIC, dynamic_at, 0, dynamic.len() * 8),
        ] {
            file.extend(kind.to_le_bytes());
            file.extend([0; 4]);
            for value in [at, address, address, bytes, bytes, 1] {
                file.extend((value as u64).to_le_bytes());
            }
        }
        file.extend(strings);
        file.extend(interpreter);
        file.extend(dynamic.into_iter().flat_map(u64::to_le_bytes));
        file
    }

    #[test]
    fn reads_what_the_loader_reads() {
        let elf = parse(&small_elf()).unwrap();
        assert_eq!(elf.machine, 62);
        assert_eq!(elf.interpreter.as_deref(), Some("/lib64/ld.so"));
        assert_eq!(elf.needed, ["libm.so.6", "libc.so.6"]);
        assert_eq!(elf.search, ["$ORIGIN/../lib", "/opt/lib"]);
    }

    #[test]
    fn reads_a_real_program() {
        let elf = parse(&std::fs::read("/proc/self/exe").unwrap()).unwrap();
        assert!(elf.interpreter.is_some_and(|path| path.contains("ld")));
        assert!(elf.needed.iter().any(|name| name.starts_with("libc.")));
    }

    #[test]
    fn a_damaged_file_never_panics() {
        let whole = small_elf();
        for length in 0..whole.len() {
            parse(&whole[..length]);
        }
        for at in 0..whole.len() {
            for byte in [0, 0x7f, 0xff] {
                let mut damaged = whole.clone();
                damaged[at] = byte;
                parse(&damaged);
            }
        }
        assert_eq!(parse(b"#!/bin/sh\n"), None);
    }
}
