//! Profiles CSV text: two passes, one to learn how it is written, one to measure its columns.

use std::io::{Cursor, ErrorKind, Read, Seek};

use csv_core::{ReadFieldResult, Reader, ReaderBuilder};
use ringfence_job::table::{TableFormat, TableProfile};

use crate::{
    TableError,
    cell::Cell,
    input,
    limits::{CELL_BYTES_MAX, COLUMNS_MAX, ROWS_BYTES_MAX},
    sniff::{Dialect, Encoding, sniff},
    table::{Builder, Hints, Notes},
};

/// Profiles the CSV text in `file`, which is read twice from its beginning; `name` goes into the profile.
///
/// # Errors
/// Says what is wrong with the table and what to do, or which bound of [`crate::limits`] it exceeds.
pub(crate) fn profile_csv(name: &str, file: &mut (impl Read + Seek)) -> Result<TableProfile, TableError> {
    file.rewind()?;
    if let Some((encoding, text)) = decode_utf16(file)? {
        let mut text = Cursor::new(text.into_bytes());
        return profile_text(name, &mut text, Some(encoding));
    }
    profile_text(name, file, None)
}

fn profile_text(
    name: &str,
    file: &mut (impl Read + Seek),
    encoding: Option<&'static str>,
) -> Result<TableProfile, TableError> {
    file.rewind()?;
    let (dialect, lines) = sniff(file)?;
    file.rewind()?;
    let hints = Hints { semicolons: dialect.delimiter == b';', strict_width: true, ..Hints::default() };
    let mut rows = Rows::new(dialect.encoding, Builder::new(hints, Vec::new()));
    read_cells(file, dialect, |cell, record_end, line| rows.add(cell, record_end, line))?;
    let found = rows.builder.finish()?;
    let header = usize::try_from(found.header_row).unwrap_or(usize::MAX);
    let table = found.into_profile(name, TableFormat::Csv, Notes::default());
    Ok(TableProfile {
        delimiter: Some(char::from(dialect.delimiter)),
        encoding: Some(encoding.unwrap_or_else(|| dialect.encoding.python_name()).to_owned()),
        // Rows were counted without empty lines; a program skips lines.
        header_row: lines.get(header).copied().unwrap_or(table.header_row),
        ..table
    })
}

/// The text of a file in UTF-16 with the encoding's name, if that is what it is: by its byte order mark, or by
/// every other byte at its beginning being zero.
fn decode_utf16(file: &mut (impl Read + Seek)) -> Result<Option<(&'static str, String)>, TableError> {
    let start = input::start(file, 64)?;
    let start = &start[..start.len() & !1];
    let zero = |at: usize| start.len() >= 4 && start.iter().skip(at).step_by(2).all(|byte| *byte == 0);
    let text = |at: usize| start.iter().skip(at).step_by(2).all(|byte| *byte != 0);
    let (name, little) = match start {
        [0xff, 0xfe, ..] => ("utf-16", true),
        [0xfe, 0xff, ..] => ("utf-16", false),
        _ if zero(1) && text(0) => ("utf-16-le", true),
        _ if zero(0) && text(1) => ("utf-16-be", false),
        _ => return Ok(None),
    };
    file.rewind()?;
    let bytes = input::whole(file)?;
    let units = bytes.chunks_exact(2).map(|pair| match little {
        true => u16::from_le_bytes([pair[0], pair[1]]),
        false => u16::from_be_bytes([pair[0], pair[1]]),
    });
    let whole = bytes.len().is_multiple_of(2);
    let text: Result<String, _> = char::decode_utf16(units).collect();
    let text = text.ok().filter(|text| whole && !text.contains('\0')).ok_or(TableError::NotUtf16)?;
    Ok(Some((name, text)))
}

/// Hands every cell to `take`, with whether it ends its row and the line the parser has reached.
/// No more than one cell is ever held.
fn read_cells(
    file: &mut impl Read,
    dialect: Dialect,
    mut take: impl FnMut(&[u8], bool, u64) -> Result<(), TableError>,
) -> Result<(), TableError> {
    let mut parser = ReaderBuilder::new().delimiter(dialect.delimiter).build();
    let mut buffer = vec![0; 64 * 1024];
    let mut cell = vec![0; CELL_BYTES_MAX];
    let (mut start, mut end, mut length, mut begin_line) = (0, 0, 0, 1);
    loop {
        if start == end {
            (start, end) = (0, fill(file, &mut buffer)?);
        }
        let (result, read, written) = parser.read_field(&buffer[start..end], &mut cell[length..]);
        start += read;
        length += written;
        match result {
            ReadFieldResult::InputEmpty => {}
            ReadFieldResult::OutputFull => return Err(TableError::CellTooLong { line: begin_line }),
            ReadFieldResult::Field { record_end } => {
                take(&cell[..length], record_end, line_of(&parser, record_end))?;
                length = 0;
                begin_line = parser.line();
            }
            ReadFieldResult::End => return Ok(()),
        }
    }
}

/// The parser already counts the line end of a row that it has just finished.
fn line_of(parser: &Reader, record_end: bool) -> u64 {
    parser.line().saturating_sub(u64::from(record_end)).max(1)
}

fn fill(file: &mut impl Read, buffer: &mut [u8]) -> Result<usize, TableError> {
    loop {
        match file.read(buffer) {
            Err(error) if error.kind() == ErrorKind::Interrupted => {}
            result => return Ok(result?),
        }
    }
}

/// Puts cells together to rows.
struct Rows {
    encoding: Encoding,
    builder: Builder,
    row: Vec<String>,
    /// Cells of the row, and bytes of those that are kept.
    width: usize,
    bytes: usize,
    /// Rows so far, lines with nothing on them not counted.
    count: u64,
}

impl Rows {
    fn new(encoding: Encoding, builder: Builder) -> Rows {
        Rows { encoding, builder, row: Vec::new(), width: 0, bytes: 0, count: 0 }
    }

    fn add(&mut self, cell: &[u8], record_end: bool, line: u64) -> Result<(), TableError> {
        // Like a line with nothing on it, which the parser skips.
        if record_end
            && self.width == 0
            && cell.iter().all(|byte| matches!(byte, b' ' | b'\t'))
            && !cell.is_empty()
        {
            return Ok(());
        }
        let text = self.encoding.decode(cell);
        self.width += 1;
        self.bytes += text.len();
        if self.bytes > ROWS_BYTES_MAX {
            return Err(TableError::RowTooLong { line });
        }
        if self.width <= COLUMNS_MAX {
            self.row.push(text);
        } else if !text.trim().is_empty() {
            return Err(TableError::TooManyColumns);
        }
        if record_end {
            self.end_row(line)?;
        }
        Ok(())
    }

    fn end_row(&mut self, line: u64) -> Result<(), TableError> {
        let cells: Vec<Cell<'_>> = self.row.iter().map(|text| Cell::text(text)).collect();
        self.builder.line_row(self.count, line.saturating_sub(1), &cells)?;
        self.count += 1;
        self.row.clear();
        (self.width, self.bytes) = (0, 0);
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use std::io::Cursor;

    use proptest::prelude::*;
    use ringfence_job::table::ColumnKind;

    use super::*;
    use crate::limits::HEADER_BYTES_MAX;

    fn profile(bytes: impl AsRef<[u8]>) -> Result<TableProfile, TableError> {
        profile_csv("t.csv", &mut Cursor::new(bytes.as_ref()))
    }

    fn kinds(text: &str) -> Vec<ColumnKind> {
        profile(text).unwrap().columns.into_iter().map(|column| column.kind).collect()
    }

    #[test]
    fn a_plain_table_is_measured() {
        let table = profile(
            "Region,Units,Price,Day,Paid,Note\nNorth,3,1.5,2024-01-31,yes,\nSouth,4,2,2024-02-01,no,\n",
        )
        .unwrap();
        use ColumnKind::{Boolean, Date, Empty, Integer, Number, Text};
        let kinds: Vec<_> = table.columns.iter().map(|column| column.kind).collect();
        assert_eq!(kinds, [Text, Integer, Number, Date, Boolean, Empty]);
        assert_eq!((table.rows, table.delimiter, table.decimal), (2, Some(','), '.'));
        assert_eq!(table.encoding.as_deref(), Some("utf-8-sig"));
        assert_eq!((table.columns[2].min, table.columns[2].max), (Some(1.5), Some(2.0)));
        assert_eq!((table.columns[5].empty, table.columns[0].distinct), (2, 2));
        assert_eq!(table.columns[3].date_format.as_deref(), Some("ISO8601"));
    }

    #[test]
    fn a_word_in_a_month_is_no_value_and_all_of_something_is_a_total() {
        let table = profile(
            "Site,Meter,Jan,Feb,Mar,Apr\nA,m1,1,2,3,4\nB,m2,5,6,no reading,8\nC,m3,9,broken,11,12\nD,m4,1,1,1,1\nAll sites,,16,9,15,25\n",
        )
        .unwrap();
        let months: Vec<_> = table.columns[2..].iter().map(|column| (column.kind, column.sum)).collect();
        let whole = |sum| (ColumnKind::Integer, Some(sum));
        assert_eq!(months, [whole(16.0), whole(9.0), whole(15.0), whole(25.0)]);
        assert_eq!((table.rows, table.columns[3].no_value[0].value.as_str()), (4, "broken"));
        // A fee that is none is a number, and a column that is no month stays what it holds.
        assert_eq!(kinds("A,Fee\n1,4\n2,5\n3,no charge\n4,6\n5,7\n")[1], ColumnKind::Text);
        assert_eq!(kinds("A,Size\n1,4\n2,5\n3,broken\n4,6\n")[1], ColumnKind::Text);
    }

    #[test]
    fn european_files_are_understood() {
        let table = profile("Ort;Umsatz;Tag\nKöln;1.234,50 €;03.04.2024\nBonn;-7,25 €;04.04.2024\n").unwrap();
        assert_eq!((table.delimiter, table.decimal), (Some(';'), ','));
        assert_eq!((table.columns[1].min, table.columns[1].max), (Some(-7.25), Some(1234.5)));
        assert_eq!(table.columns[1].marks, [".", " ", "€"]);
        assert_eq!(table.columns[2].date_format.as_deref(), Some("%d.%m.%Y"));
        assert_eq!(profile("a;b\n1.234;x\n").unwrap().decimal, ',');
        assert_eq!(profile("a,b\n\"1,234\",x\n").unwrap().decimal, '.');
        assert_eq!(profile("a;b\n1.5;0.25\n").unwrap().decimal, '.');
        assert_eq!(profile(b"caf\xe9;b\n\x80;1\n").unwrap().columns[0].name, "café");
    }

    #[test]
    fn units_that_do_not_add_up_are_text() {
        use ColumnKind::{Integer, Text};
        assert_eq!(kinds("a,b\n$5,x\n€5,y\n"), [Text, Text]);
        assert_eq!(kinds("a,b\n5%,x\n5,y\n"), [Text, Text]);
        assert_eq!(kinds("a,b\n5%,x\n7%,y\n"), [Integer, Text]);
        assert_eq!(kinds("a,zip\n$5,01234\n6,99999\n"), [Integer, Text]);
        assert_eq!(kinds("a,b\n5,NA\nn/a,North\n"), [Integer, Text]);
    }

    #[test]
    fn names_are_those_of_pandas() {
        let names = |text: &str| -> Vec<String> {
            profile(text).unwrap().columns.into_iter().map(|c| c.name).collect()
        };
        assert_eq!(names("x,,x,x,\n1,2,,,\n"), ["x", "Unnamed: 1", "x.1", "x.2"]);
        assert_eq!(names("x,x.1,x\n"), ["x", "x.1", "x.2"]);
        assert_eq!(names("\u{feff}\"a\nb\",\"c\"\"d\"\n"), ["a\nb", "c\"d"]);
    }

    #[test]
    fn ragged_and_blank_rows_are_kept_apart() {
        let table = profile("a,b\n1\n\n  \n2,3,,\r\n").unwrap();
        assert_eq!((table.rows, table.columns[1].empty), (2, 1));
        let error = profile("a,b\n1,2\n3,4,5\n").unwrap_err();
        assert!(matches!(error, TableError::RowTooWide { line: 3, columns: 2 }), "{error}");
        assert_eq!(profile("a,b\n\"x\ny\",1\n").unwrap().rows, 1);
        assert_eq!(profile("a,b").unwrap().rows, 0);
    }

    #[test]
    fn every_bound_is_exact_and_named() {
        let wide = |count: usize| vec!["c"; count].join(",");
        assert_eq!(profile(wide(COLUMNS_MAX)).unwrap().columns.len(), COLUMNS_MAX);
        assert!(matches!(profile(wide(COLUMNS_MAX + 1)), Err(TableError::TooManyColumns)));
        let long = profile(format!("a,{}\n1,2", "h".repeat(HEADER_BYTES_MAX + 1))).unwrap();
        assert_eq!((long.columns[1].name.len(), long.notes.len()), (HEADER_BYTES_MAX, 1));
        assert!(profile(format!("a\n{}\n", "x".repeat(CELL_BYTES_MAX - 1))).is_ok());
        let unclosed = profile(format!("a\n1\n\"{}", "x\n".repeat(CELL_BYTES_MAX)));
        assert!(matches!(unclosed, Err(TableError::CellTooLong { line: 3 })), "{unclosed:?}");
        for empty in ["", "\n\n", "  \n", ",,\n"] {
            assert!(matches!(profile(empty), Err(TableError::NoHeader)), "{empty:?}");
        }
    }

    proptest! {
        #[test]
        fn no_bytes_make_it_panic(bytes in proptest::collection::vec(any::<u8>(), 0..400)) {
            let _ = profile(bytes);
        }

        #[test]
        fn a_table_written_by_another_hand_is_read_back(
            rows in proptest::collection::vec(proptest::collection::vec("[ -~\n\r\"é€]{0,12}", 3), 1..8),
        ) {
            let mut writer = csv::Writer::from_writer(Vec::new());
            writer.write_record(["left", "middle", "right"]).unwrap();
            for row in &rows {
                writer.write_record(row).unwrap();
            }
            let table = profile(writer.into_inner().unwrap()).unwrap();
            let (_, end) = table.left_out_between();
            let first = table.header_row + u64::from(!table.headerless);
            prop_assert_eq!(first + end + table.tail, rows.len() as u64 + 1);
        }
    }
}
