//! Profiles a CSV file: two passes, one to learn how it is written, one to measure its columns.

use std::io::{ErrorKind, Read, Seek};

use csv_core::{ReadFieldResult, Reader, ReaderBuilder};
use ringfence_job::table::{ColumnProfile, TableFormat, TableProfile};

use crate::{
    TableError,
    column::Column,
    limits::{CELL_BYTES_MAX, COLUMNS_MAX, HEADER_BYTES_MAX},
    number::Decimal,
    sniff::{Dialect, Encoding, sniff},
};

/// Profiles the CSV text in `file`, which is read twice from its beginning; `name` goes into the profile.
///
/// # Errors
/// Says what is wrong with the table and what to do, or which bound of [`crate::limits`] it exceeds.
pub fn profile_csv(name: &str, file: &mut (impl Read + Seek)) -> Result<TableProfile, TableError> {
    file.rewind()?;
    let dialect = sniff(file)?;
    file.rewind()?;
    let mut table = Table::new(dialect.encoding);
    read_cells(file, dialect, |cell, record_end, line| table.add(cell, record_end, line))?;
    table.profile(name, dialect)
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

/// The table as far as it has been read.
struct Table {
    encoding: Encoding,
    headers: Vec<String>,
    columns: Vec<Column>,
    in_header: bool,
    rows: u64,
    /// Cells of the current row that came before.
    width: usize,
}

impl Table {
    fn new(encoding: Encoding) -> Table {
        Table { encoding, headers: Vec::new(), columns: Vec::new(), in_header: true, rows: 0, width: 0 }
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
        if self.in_header {
            self.add_header(cell)?
        } else {
            self.add_value(cell, line)?
        }
        self.width += 1;
        if record_end {
            self.end_row();
        }
        Ok(())
    }

    fn add_header(&mut self, cell: &[u8]) -> Result<(), TableError> {
        if self.headers.len() == COLUMNS_MAX {
            return Err(TableError::TooManyColumns);
        }
        let header = self.encoding.decode(&cell[..cell.len().min(4 * HEADER_BYTES_MAX)]);
        if header.len() > HEADER_BYTES_MAX {
            return Err(TableError::HeaderTooLong { column: self.headers.len() + 1 });
        }
        self.headers.push(header);
        self.columns.push(Column::default());
        Ok(())
    }

    fn add_value(&mut self, cell: &[u8], line: u64) -> Result<(), TableError> {
        let text = self.encoding.decode(cell);
        match self.columns.get_mut(self.width) {
            Some(column) => column.add(&text),
            // Spreadsheets pad rows with separators; only a value without a column is wrong.
            None if text.trim().is_empty() => {}
            None => return Err(TableError::RowTooWide { line, columns: self.columns.len() }),
        }
        Ok(())
    }

    fn end_row(&mut self) {
        if self.in_header {
            self.in_header = false;
        } else {
            self.rows += 1;
            self.columns.iter_mut().skip(self.width).for_each(|column| column.add(""));
        }
        self.width = 0;
    }

    fn profile(self, name: &str, dialect: Dialect) -> Result<TableProfile, TableError> {
        if self.headers.iter().all(|header| header.trim().is_empty()) {
            return Err(TableError::NoHeader);
        }
        let decimal = decimal_of(&self.columns, dialect.delimiter);
        let day_first = dialect.delimiter == b';';
        let names = pandas_names(self.headers);
        let profile_column = |(position, (column, name)): (u32, (&Column, String))| ColumnProfile {
            position,
            ..column.profile(name, decimal, day_first)
        };
        Ok(TableProfile {
            file: name.to_owned(),
            format: TableFormat::Csv,
            sheet: None,
            hidden: false,
            delimiter: Some(char::from(dialect.delimiter)),
            encoding: Some(dialect.encoding.python_name().to_owned()),
            json: None,
            decimal: decimal.char(),
            title: None,
            header_row: 0,
            rows: self.rows,
            left_out: Vec::new(),
            blank_rows: 0,
            notes: Vec::new(),
            columns: (0..).zip(self.columns.iter().zip(names)).map(profile_column).collect(),
        })
    }
}

/// The separator under which more columns are numbers, then the one with more proof. Where nothing
/// decides, `;` between cells means that the comma was needed for decimals.
fn decimal_of(columns: &[Column], delimiter: u8) -> Decimal {
    let weigh = |decimal| {
        let readable =
            columns.iter().map(|column| column.numbers(decimal)).filter(|numbers| numbers.is_column());
        readable.fold((0_u64, 0_u64), |(count, clear), numbers| (count + 1, clear + numbers.clear))
    };
    let ambiguous = columns.iter().any(|column| column.numbers(Decimal::Comma).ambiguous > 0);
    match weigh(Decimal::Comma).cmp(&weigh(Decimal::Point)) {
        std::cmp::Ordering::Greater => Decimal::Comma,
        std::cmp::Ordering::Less => Decimal::Point,
        std::cmp::Ordering::Equal if delimiter == b';' && ambiguous => Decimal::Comma,
        std::cmp::Ordering::Equal => Decimal::Point,
    }
}

/// Names columns as pandas does, so that whoever writes the program can name them too.
fn pandas_names(headers: Vec<String>) -> Vec<String> {
    let mut taken = std::collections::HashSet::new();
    let mut repeats = std::collections::HashMap::new();
    let mut names = Vec::with_capacity(headers.len());
    for (index, header) in headers.into_iter().enumerate() {
        let header = if header.is_empty() { format!("Unnamed: {index}") } else { header };
        let mut name = header.clone();
        let repeat = repeats.entry(header.clone()).or_insert(0_usize);
        while !taken.insert(name.clone()) {
            *repeat += 1;
            name = format!("{header}.{repeat}");
        }
        names.push(name);
    }
    names
}

#[cfg(test)]
mod tests {
    use std::io::Cursor;

    use proptest::prelude::*;
    use ringfence_job::table::ColumnKind;

    use super::*;

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
        assert_eq!(names("x,,x,x,\n"), ["x", "Unnamed: 1", "x.1", "x.2", "Unnamed: 4"]);
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
        assert!(profile(format!("{},b\n1,2", "h".repeat(HEADER_BYTES_MAX))).is_ok());
        let long = profile(format!("a,{}\n1,2", "h".repeat(HEADER_BYTES_MAX + 1)));
        assert!(matches!(long, Err(TableError::HeaderTooLong { column: 2 })));
        assert!(profile(format!("a\n{}\n", "x".repeat(CELL_BYTES_MAX - 1))).is_ok());
        let unclosed = profile(format!("a\n1\n\"{}", "x\n".repeat(CELL_BYTES_MAX)));
        assert!(matches!(unclosed, Err(TableError::CellTooLong { line: 3 })), "{unclosed:?}");
        for empty in ["", "\n\n", "  \n", ",,\n"] {
            assert!(matches!(profile(empty), Err(TableError::NoHeader)), "{empty:?}");
        }
    }

    #[test]
    fn the_longest_profile_fits_its_bound() {
        let header = "\u{1}".repeat(HEADER_BYTES_MAX);
        let text = format!("{header};b\n\u{2212}1.234.567,8 US$;1\n");
        let one = serde_json::to_vec(&profile(text).unwrap().columns[0]).unwrap().len();
        assert!(COLUMNS_MAX * one < crate::limits::PROFILE_BYTES_MAX);
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
            prop_assert_eq!(table.rows, rows.len() as u64);
            prop_assert_eq!(table.columns.len(), 3);
        }
    }
}
