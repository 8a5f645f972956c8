//! Finds out how a file is written before it is parsed: its encoding and its field separator.

use std::{
    cmp::Reverse,
    io::{ErrorKind, Read},
};

use csv_core::{ReadFieldResult, ReaderBuilder};

use crate::{
    TableError,
    limits::{FILE_BYTES_MAX, SAMPLE_BYTES},
};

/// Separators in the order of preference.
const DELIMITERS: [u8; 4] = [b',', b';', b'\t', b'|'];

/// Rows of the sample that are compared.
const SAMPLE_ROWS_MAX: usize = 200;

/// How the bytes of a file become text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Encoding {
    /// UTF-8, with a byte order mark or without.
    Utf8,
    /// Windows-1252, what Western spreadsheets write otherwise.
    Cp1252,
}

/// The characters of the bytes 0x80 to 0x9f in Windows-1252; five bytes have none.
const CP1252: [Option<char>; 32] = [
    Some('€'),
    None,
    Some('‚'),
    Some('ƒ'),
    Some('„'),
    Some('…'),
    Some('†'),
    Some('‡'),
    Some('ˆ'),
    Some('‰'),
    Some('Š'),
    Some('‹'),
    Some('Œ'),
    None,
    Some('Ž'),
    None,
    None,
    Some('‘'),
    Some('’'),
    Some('“'),
    Some('”'),
    Some('•'),
    Some('–'),
    Some('—'),
    Some('˜'),
    Some('™'),
    Some('š'),
    Some('›'),
    Some('œ'),
    None,
    Some('ž'),
    Some('Ÿ'),
];

fn cp1252_char(byte: u8) -> Option<char> {
    match byte {
        0x80..=0x9f => CP1252[usize::from(byte - 0x80)],
        _ => Some(char::from(byte)),
    }
}

impl Encoding {
    /// The name Python knows it by.
    pub(crate) fn python_name(self) -> &'static str {
        match self {
            Encoding::Utf8 => "utf-8-sig",
            Encoding::Cp1252 => "cp1252",
        }
    }

    /// Decodes bytes of a file that [`sniff`] accepted.
    pub(crate) fn decode(self, bytes: &[u8]) -> String {
        match self {
            Encoding::Utf8 => String::from_utf8_lossy(bytes).into_owned(),
            Encoding::Cp1252 => bytes.iter().filter_map(|byte| cp1252_char(*byte)).collect(),
        }
    }
}

/// How a file is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Dialect {
    pub(crate) encoding: Encoding,
    pub(crate) delimiter: u8,
}

/// Reads the whole file once: its encoding can only be told from all of it. Of the rows at the beginning it says
/// before which line each stands, as far as it has looked.
pub(crate) fn sniff(file: &mut impl Read) -> Result<(Dialect, Vec<u64>), TableError> {
    let mut scan = Scan::default();
    let mut sample = Vec::new();
    let mut buffer = vec![0; 64 * 1024];
    loop {
        let count = match file.read(&mut buffer) {
            Ok(0) => break,
            Ok(count) => count,
            Err(error) if error.kind() == ErrorKind::Interrupted => continue,
            Err(error) => return Err(error.into()),
        };
        let chunk = &buffer[..count];
        sample.extend_from_slice(&chunk[..count.min(SAMPLE_BYTES - sample.len())]);
        scan.add(chunk)?;
    }
    let complete = scan.bytes <= SAMPLE_BYTES as u64;
    let delimiter = delimiter_of(&sample, complete);
    Ok((Dialect { encoding: scan.encoding()?, delimiter }, row_lines(&sample, delimiter)))
}

/// What has been seen of the encoding so far.
#[derive(Debug, Default)]
struct Scan {
    bytes: u64,
    /// Bytes of a character that the end of a chunk cut in two, at most three.
    cut: Vec<u8>,
    not_utf8: bool,
    /// The first byte that is not text, or not in Windows-1252.
    not_text: Option<(u64, u8)>,
    not_cp1252: Option<(u64, u8)>,
}

impl Scan {
    fn add(&mut self, chunk: &[u8]) -> Result<(), TableError> {
        let at = |index: usize| self.bytes + index as u64;
        if self.not_text.is_none() {
            self.not_text = chunk.iter().position(|byte| *byte == 0).map(|index| (at(index), 0));
        }
        if self.not_cp1252.is_none() {
            let missing = chunk.iter().position(|byte| cp1252_char(*byte).is_none());
            self.not_cp1252 = missing.map(|index| (at(index), chunk[index]));
        }
        self.bytes += chunk.len() as u64;
        if self.bytes > FILE_BYTES_MAX {
            return Err(TableError::FileTooLarge);
        }
        if !self.not_utf8 {
            self.check_utf8(chunk);
        }
        Ok(())
    }

    fn check_utf8(&mut self, chunk: &[u8]) {
        let mut bytes = std::mem::take(&mut self.cut);
        bytes.extend_from_slice(chunk);
        if let Err(error) = std::str::from_utf8(&bytes) {
            match error.error_len() {
                Some(_) => self.not_utf8 = true,
                None => self.cut = bytes[error.valid_up_to()..].to_vec(),
            }
        }
    }

    fn encoding(&self) -> Result<Encoding, TableError> {
        let not_text = |(at, byte)| TableError::NotText { at, byte };
        if let Some(found) = self.not_text {
            return Err(not_text(found));
        }
        if !self.not_utf8 && self.cut.is_empty() {
            return Ok(Encoding::Utf8);
        }
        self.not_cp1252.map_or(Ok(Encoding::Cp1252), |found| Err(not_text(found)))
    }
}

/// The separator that cuts most rows of the sample into the same number of cells, and into most cells.
fn delimiter_of(sample: &[u8], complete: bool) -> u8 {
    let score = |delimiter: u8| {
        let mut widths = row_widths(sample, delimiter);
        if !complete && widths.len() > 1 {
            widths.pop();
        }
        // Titles above the table and remarks below it are of other widths.
        let alike = |width: usize| widths.iter().filter(|other| **other == width).count();
        let (count, width) = widths
            .iter()
            .filter(|width| **width > 1)
            .map(|width| (alike(*width), *width))
            .max()
            .unwrap_or((0, 0));
        let percent = count * 100 / widths.len().max(1);
        // A few odd rows do not outweigh more columns.
        let changes = widths.windows(2).filter(|pair| pair[0] != pair[1]).count();
        if count == 0 { (0, 0, Reverse(0)) } else { (percent.min(90), width, Reverse(changes)) }
    };
    let mut best = (DELIMITERS[0], (0, 0, Reverse(0)));
    for delimiter in DELIMITERS {
        let score = score(delimiter);
        if score > best.1 {
            best = (delimiter, score);
        }
    }
    best.0
}

/// The number of lines before each row of the sample, a row of several lines counted as one.
fn row_lines(sample: &[u8], delimiter: u8) -> Vec<u64> {
    let mut rows = Vec::new();
    let mut line = 0;
    let mut rest = sample.strip_prefix(b"\xef\xbb\xbf").unwrap_or(sample);
    while !rest.is_empty() && rows.len() < SAMPLE_ROWS_MAX {
        let (mut quoted, mut cell_begins, mut blank, mut at) = (false, true, true, 0);
        while let Some(byte) = rest.get(at) {
            match byte {
                b'"' if quoted || cell_begins => (quoted, cell_begins, blank) = (!quoted, false, false),
                b'\n' | b'\r' if !quoted => break,
                byte if *byte == delimiter && !quoted => (cell_begins, blank) = (true, false),
                byte => (cell_begins, blank) = (false, blank && matches!(byte, b' ' | b'\t')),
            }
            at += 1;
        }
        if !blank {
            rows.push(line);
        }
        line += 1;
        let end = if rest[at..].starts_with(b"\r\n") { at + 2 } else { at + 1 };
        rest = rest.get(end..).unwrap_or_default();
    }
    rows
}

fn row_widths(sample: &[u8], delimiter: u8) -> Vec<usize> {
    let mut reader = ReaderBuilder::new().delimiter(delimiter).build();
    let (mut input, mut widths, mut width) = (sample, Vec::new(), 0);
    // Cells do not matter here, so they may overwrite each other.
    let mut cell = [0; 1024];
    while widths.len() < SAMPLE_ROWS_MAX {
        let (result, read, _) = reader.read_field(input, &mut cell);
        input = &input[read..];
        match result {
            ReadFieldResult::InputEmpty | ReadFieldResult::OutputFull => {}
            ReadFieldResult::Field { record_end } => {
                width += 1;
                if record_end {
                    widths.push(std::mem::take(&mut width));
                }
            }
            ReadFieldResult::End => break,
        }
    }
    widths
}

#[cfg(test)]
mod tests {
    use super::*;

    fn dialect(mut bytes: &[u8]) -> Result<Dialect, TableError> {
        sniff(&mut bytes).map(|(dialect, _)| dialect)
    }

    #[test]
    fn lines_with_nothing_on_them_are_counted_but_are_no_rows() {
        assert_eq!(row_lines(b"t\n\n  \r\na,b\r\n\"x\n\"\"y\",2\n,\n", b','), [0, 3, 4, 5]);
        assert_eq!(row_lines(b"t\r\ra,b\r1,2", b','), [0, 2, 3]);
        assert_eq!(row_lines(b"", b','), [0_u64; 0]);
    }

    #[test]
    fn separators_are_told_from_punctuation() {
        for (text, delimiter) in [
            ("a,b\n1,2\n", b','),
            ("a;b\n1,5;2,5\n", b';'),
            ("a\tb\n1,5\t2,5\n", b'\t'),
            ("a|b|c\n1|2|3\n", b'|'),
            ("name, given;price\nx;1,0\ny, z;2,0\n", b';'),
            ("note,amount\n\"a;b;c\",1\n\"d;e\",2\n", b','),
            ("only\n1\n2\n", b','),
            ("Report, by Ann\n\na;b\n1,5;x\n2,5;y\n3,5;z\n", b';'),
            ("a;b;c\n\"x\ny\";2;3\n4;5;6\n", b';'),
            ("", b','),
        ] {
            assert_eq!(dialect(text.as_bytes()).unwrap().delimiter, delimiter, "{text:?}");
        }
    }

    #[test]
    fn encodings_are_told_from_all_bytes() {
        assert_eq!(dialect("größe,b\n".as_bytes()).unwrap().encoding, Encoding::Utf8);
        assert_eq!(dialect(b"gr\xf6\xdfe,b\n").unwrap().encoding, Encoding::Cp1252);
        assert_eq!(dialect(b"a,b\n\xe2\x82").unwrap().encoding, Encoding::Cp1252);
        assert!(matches!(dialect(b"a\x81,b\n"), Err(TableError::NotText { at: 1, byte: 0x81 })));
        assert!(matches!(dialect(b"a,b\n\0"), Err(TableError::NotText { at: 4, byte: 0 })));
        assert!(matches!(dialect(b"\xff\xfea\0"), Err(TableError::NotText { .. })));
        assert_eq!(Encoding::Cp1252.decode(b"\x80 \xe9"), "€ é");
    }

    #[test]
    fn a_character_cut_by_the_buffer_is_still_utf8() {
        let text = format!("a{}", "ö".repeat(100_000));
        assert_eq!(dialect(text.as_bytes()).unwrap().encoding, Encoding::Utf8);
    }
}
