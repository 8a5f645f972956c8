//! Profiles the sheets of a workbook.

use std::{
    collections::{HashMap, HashSet},
    io::Cursor,
};

use calamine::{
    CellErrorType, Data, DataRef, Dimensions, ExcelDateTime, Ods, Reader, SheetType, SheetVisible, Xls, Xlsb,
    Xlsx,
};
use ringfence_job::table::{ColumnKind, ColumnRole, FileProfile, TableFormat, TableProfile};

use crate::{
    TableError,
    cell::{Cell, cut},
    date::Moment,
    limits::{AREA_CELLS_MAX, FILE_COLUMNS_MAX, HEADER_BYTES_MAX, MERGES_MAX, SHEETS_MAX, TABLES_MAX},
    number::MARKS,
    ods, ole,
    package::{self, Package},
    table::{Builder, Found, Hints, Merge, Notes},
};

/// Units of columns by the formats of their numbers.
type Units = HashMap<u32, Option<String>>;

/// The unit of durations.
const HOURS: &str = "h";

/// What shows a number that is stored as a share of one.
const FRACTION: &str = "fraction";

/// Profiles each sheet of the workbook in `bytes` that holds anything.
///
/// # Errors
/// Says why no sheet can be read; of a workbook of which some can, the profile says why others cannot.
pub(crate) fn profile(name: &str, bytes: &[u8]) -> Result<FileProfile, TableError> {
    let package = match bytes.starts_with(b"PK") {
        true => Some(package::inspect(bytes)?),
        false => None,
    };
    let format = package.map_or(TableFormat::Xls, |package| package.format);
    TableError::catch(format, || match (format, package) {
        (TableFormat::Xlsx, Some(package)) => read_xlsx(name, bytes, package),
        (TableFormat::Xlsb, _) => read_xlsb(name, bytes),
        (TableFormat::Ods, _) => read_ods(name, bytes),
        _ => read_xls(name, bytes),
    })
}

/// A sheet as the workbook lists it.
struct Sheet {
    name: String,
    hidden: bool,
}

/// What was read of a sheet beside its table.
#[derive(Default)]
struct Extra {
    units: Units,
    /// Formulas without result, by column; and all rows of them.
    uncalculated: HashMap<u32, Vec<u32>>,
}

/// Reads each sheet of `workbook` that is taken with `read`, which gets the sheet's place in the list too.
fn read_sheets<W, T>(
    (file, format): (&str, TableFormat),
    workbook: &mut W,
    mut read: impl FnMut(&mut W, usize, &str) -> Result<(Found, Extra), TableError>,
) -> Result<FileProfile, TableError>
where
    W: Reader<Cursor<T>>,
    T: AsRef<[u8]>,
{
    let mut tables = Tables::new(file, format);
    for (at, sheet) in sheets_of(workbook)?.into_iter().enumerate() {
        if !tables.has_room() {
            break;
        }
        let found = read(workbook, at, &sheet.name);
        tables.add(sheet, found);
    }
    tables.finish()
}

/// Collects the tables of a workbook.
struct Tables {
    file: String,
    format: TableFormat,
    tables: Vec<TableProfile>,
    columns: usize,
    notes: Notes,
    first_error: Option<TableError>,
}

impl Tables {
    fn new(file: &str, format: TableFormat) -> Tables {
        Tables {
            file: file.to_owned(),
            format,
            tables: Vec::new(),
            columns: 0,
            notes: Notes::default(),
            first_error: None,
        }
    }

    /// False once no more sheets are taken.
    fn has_room(&mut self) -> bool {
        let room = self.tables.len() < TABLES_MAX && self.columns < FILE_COLUMNS_MAX;
        if !room {
            self.notes.add("The workbook has more sheets or columns than are read; the last sheets are not.");
        }
        room
    }

    fn add(&mut self, sheet: Sheet, read: Result<(Found, Extra), TableError>) {
        match read {
            Ok((found, _)) if self.columns + found.columns.len() > FILE_COLUMNS_MAX => {
                self.columns = FILE_COLUMNS_MAX;
                self.has_room();
            }
            Ok((found, extra)) => {
                self.columns += found.columns.len();
                self.tables.push(self.table(sheet, found, &extra));
            }
            Err(TableError::NoHeader) => {}
            Err(error) => {
                self.notes
                    .add(format!("Sheet {:?} is not read: it {error}.", cut(&sheet.name, HEADER_BYTES_MAX)));
                self.first_error.get_or_insert(error);
            }
        }
    }

    fn table(&self, sheet: Sheet, mut found: Found, extra: &Extra) -> TableProfile {
        let first_row = found.header_row + u64::from(!found.headerless);
        let end = first_row
            + found.rows
            + found.blank_rows
            + found.tail
            + found.left_out.iter().map(ringfence_job::table::LeftOut::rows).sum::<u64>();
        let mut uncalculated = 0;
        for column in &mut found.columns {
            if let Some(Some(unit)) = extra.units.get(&column.position)
                && matches!(column.kind, ColumnKind::Integer | ColumnKind::Number)
                && column.unit.as_ref().is_none_or(|unit| unit == "%")
            {
                column.unit = Some(unit.clone());
                column.role = match column.role {
                    ColumnRole::Key | ColumnRole::Quantity if unit != FRACTION => ColumnRole::Amount,
                    _ if unit == FRACTION => ColumnRole::Rate,
                    role => role,
                };
            }
            let rows = extra.uncalculated.get(&column.position).map(Vec::as_slice).unwrap_or_default();
            column.uncalculated =
                rows.iter().filter(|row| (first_row..end).contains(&u64::from(**row))).count() as u64;
            uncalculated += column.uncalculated;
        }
        if uncalculated > 0 {
            found.notes.add(format!(
                "{uncalculated} formulas have no stored result and count as empty: open the workbook in a spreadsheet program and save it."
            ));
        }
        TableProfile {
            sheet: Some(sheet.name),
            hidden: sheet.hidden,
            ..found.into_profile(&self.file, self.format, Notes::default())
        }
    }

    fn finish(self) -> Result<FileProfile, TableError> {
        if self.tables.is_empty() {
            return Err(self.first_error.unwrap_or(TableError::NoHeader));
        }
        Ok(FileProfile {
            file: self.file,
            format: self.format,
            tables: self.tables,
            notes: self.notes.into_inner(),
        })
    }
}

fn sheets_of<R: Reader<Cursor<T>>, T: AsRef<[u8]>>(workbook: &R) -> Result<Vec<Sheet>, TableError> {
    let listed = workbook.sheets_metadata();
    if listed.len() > SHEETS_MAX {
        return Err(TableError::Bomb { what: "too many sheets" });
    }
    let worksheets = listed.iter().filter(|sheet| sheet.typ == SheetType::WorkSheet);
    let sheet = |sheet: &calamine::Sheet| Sheet {
        name: sheet.name.clone(),
        hidden: sheet.visible != SheetVisible::Visible,
    };
    let sheets: Vec<Sheet> = worksheets.map(sheet).collect();
    match sheets.iter().find(|sheet| sheet.name.len() > HEADER_BYTES_MAX) {
        Some(_) => Err(TableError::Bomb { what: "a sheet with too long a name" }),
        None => Ok(sheets),
    }
}

/// Rows of one sheet, put together from cells that come one after the other.
struct Rows {
    builder: Builder,
    row: Vec<Cell<'static>>,
    number: Option<u32>,
    width: u64,
    format: TableFormat,
    /// Columns with durations.
    durations: HashSet<u32>,
}

impl Rows {
    fn new(format: TableFormat, merges: Vec<Merge>) -> Rows {
        Rows {
            builder: Builder::new(Hints::default(), merges),
            row: Vec::new(),
            number: None,
            width: 0,
            format,
            durations: HashSet::new(),
        }
    }

    fn cell(&mut self, (row, column): (u32, u32), cell: Cell<'_>) -> Result<(), TableError> {
        if self.number.is_some_and(|number| row < number) {
            return Err(TableError::damaged(self.format, "its rows are not in order"));
        }
        if self.number != Some(row) {
            self.flush()?;
            self.number = Some(row);
        }
        self.width = self.width.max(u64::from(column) + 1);
        if (u64::from(row) + 1) * self.width > AREA_CELLS_MAX {
            return Err(TableError::TooSparse { row: u64::from(row) + 1, column: self.width });
        }
        let at = usize::try_from(column).unwrap_or(usize::MAX);
        if self.row.len() <= at {
            self.row.resize(at + 1, Cell::Empty);
        }
        self.row[at] = cell.into_owned();
        Ok(())
    }

    fn flush(&mut self) -> Result<(), TableError> {
        if let Some(number) = self.number {
            self.builder.row(u64::from(number), &self.row)?;
            self.row.clear();
        }
        Ok(())
    }

    /// The table, and the units of columns by their formats.
    fn finish(mut self, mut units: Units) -> Result<(Found, Extra), TableError> {
        self.flush()?;
        units.extend(self.durations.into_iter().map(|column| (column, Some(HOURS.to_owned()))));
        Ok((self.builder.finish()?, Extra { units, ..Extra::default() }))
    }
}

fn read_xlsx(name: &str, bytes: &[u8], package: Package) -> Result<FileProfile, TableError> {
    let format = TableFormat::Xlsx;
    let mut workbook = Xlsx::new(Cursor::new(bytes)).map_err(|error| match error {
        calamine::XlsxError::Password => TableError::Encrypted,
        error => TableError::damaged(format, error),
    })?;
    read_sheets((name, format), &mut workbook, |workbook, _, sheet| {
        let merges = match package.merges {
            true => workbook
                .merge_cells_by_sheet_name(sheet)
                .map_err(|error| TableError::damaged(format, error))?,
            false => Vec::new(),
        };
        let (found, mut extra) = read_xlsx_cells(workbook, sheet, merges_of(&merges))?;
        if package.uncalculated {
            extra.uncalculated = uncalculated(workbook, sheet)?;
        }
        Ok((found, extra))
    })
}

type Workbook<'a> = Xlsx<Cursor<&'a [u8]>>;

fn read_xlsx_cells(
    workbook: &mut Workbook<'_>,
    sheet: &str,
    merges: Vec<Merge>,
) -> Result<(Found, Extra), TableError> {
    let format = TableFormat::Xlsx;
    let mut cells =
        workbook.worksheet_cells_reader(sheet).map_err(|error| TableError::damaged(format, error))?;
    let units: Vec<Option<String>> = cells
        .styles()
        .iter()
        .map(|style| style.number_format.as_ref().and_then(|format| unit_of_format(&format.format_code)))
        .collect();
    let mut rows = Rows::new(format, merges);
    let mut seen = Units::new();
    while let Some((cell, style)) =
        cells.next_cell_with_style_id().map_err(|error| TableError::damaged(format, error))?
    {
        let value = cell_of_ref(cell.get_value());
        if value == Cell::Empty {
            continue;
        }
        let position = cell.get_position();
        if is_duration(cell.get_value()) {
            rows.durations.insert(position.1);
        } else if matches!(value, Cell::Number(_)) {
            // Two units in one column are none; a number without a format says nothing.
            if let Some(unit) = units.get(style).cloned().flatten() {
                let unit = Some(unit);
                seen.entry(position.1)
                    .and_modify(|known| {
                        if *known != unit {
                            *known = None;
                        }
                    })
                    .or_insert(unit);
            }
        }
        rows.cell(position, value)?;
    }
    rows.finish(seen)
}

/// Formulas without a stored result, by column.
fn uncalculated(workbook: &mut Workbook<'_>, sheet: &str) -> Result<HashMap<u32, Vec<u32>>, TableError> {
    let format = TableFormat::Xlsx;
    let mut cells =
        workbook.worksheet_cells_reader(sheet).map_err(|error| TableError::damaged(format, error))?;
    let mut found: HashMap<u32, Vec<u32>> = HashMap::new();
    while let Some(cell) =
        cells.next_cell_with_formula_metadata().map_err(|error| TableError::damaged(format, error))?
    {
        let empty = match &cell.value {
            DataRef::Empty => true,
            DataRef::String(text) => text.is_empty(),
            _ => false,
        };
        if cell.formula.is_some() && empty {
            found.entry(cell.pos.1).or_default().push(cell.pos.0);
        }
    }
    Ok(found)
}

fn read_xlsb(name: &str, bytes: &[u8]) -> Result<FileProfile, TableError> {
    let format = TableFormat::Xlsb;
    let mut workbook = Xlsb::new(Cursor::new(bytes)).map_err(|error| TableError::damaged(format, error))?;
    read_sheets((name, format), &mut workbook, |workbook, _, sheet| read_xlsb_cells(workbook, sheet))
}

fn read_xlsb_cells(workbook: &mut Xlsb<Cursor<&[u8]>>, sheet: &str) -> Result<(Found, Extra), TableError> {
    let format = TableFormat::Xlsb;
    let mut cells =
        workbook.worksheet_cells_reader(sheet).map_err(|error| TableError::damaged(format, error))?;
    let mut rows = Rows::new(format, Vec::new());
    while let Some(cell) = cells.next_cell().map_err(|error| TableError::damaged(format, error))? {
        let value = cell_of_ref(cell.get_value());
        if is_duration(cell.get_value()) {
            rows.durations.insert(cell.get_position().1);
        }
        if value != Cell::Empty {
            rows.cell(cell.get_position(), value)?;
        }
    }
    rows.finish(Units::new())
}

fn read_ods(name: &str, bytes: &[u8]) -> Result<FileProfile, TableError> {
    let format = TableFormat::Ods;
    let mut merges = ods::inspect(bytes)?;
    let mut workbook = Ods::new(Cursor::new(bytes)).map_err(|error| match error {
        calamine::OdsError::Password => TableError::Encrypted,
        error => TableError::damaged(format, error),
    })?;
    read_sheets((name, format), &mut workbook, |workbook, at, sheet| {
        read_range(workbook, sheet, merges.get_mut(at).map(std::mem::take).unwrap_or_default(), format)
    })
}

fn read_xls(name: &str, bytes: &[u8]) -> Result<FileProfile, TableError> {
    let format = TableFormat::Xls;
    ole::inspect(bytes)?;
    let mut workbook = Xls::new(Cursor::new(bytes)).map_err(|error| match error {
        calamine::XlsError::Password => TableError::Encrypted,
        error => TableError::damaged(format, error),
    })?;
    read_sheets((name, format), &mut workbook, |workbook, _, sheet| {
        let merges = workbook.merge_cells_by_sheet_name(sheet).map(|merges| merges_of(&merges));
        read_range(workbook, sheet, merges.unwrap_or_default(), format)
    })
}

/// Reads a sheet of which the workbook's reader holds all cells.
fn read_range<'a, R>(
    workbook: &mut R,
    sheet: &str,
    merges: Vec<Merge>,
    format: TableFormat,
) -> Result<(Found, Extra), TableError>
where
    R: Reader<Cursor<&'a [u8]>>,
{
    let range =
        workbook.worksheet_range(sheet).map_err(|error| TableError::damaged(format, format!("{error:?}")))?;
    let Some((top, left)) = range.start() else { return Err(TableError::NoHeader) };
    let mut rows = Rows::new(format, merges);
    for (row, cells) in (top..).zip(range.rows()) {
        for (column, cell) in (left..).zip(cells) {
            if matches!(cell, Data::DateTime(moment) if moment.is_duration()) {
                rows.durations.insert(column);
            }
            if *cell != Data::Empty {
                rows.cell((row, column), cell_of(cell))?;
            }
        }
    }
    rows.finish(Units::new())
}

fn is_duration(value: &DataRef<'_>) -> bool {
    matches!(value, DataRef::DateTime(moment) if moment.is_duration())
}

fn merges_of(merges: &[Dimensions]) -> Vec<Merge> {
    let at = |column: u32| usize::try_from(column).unwrap_or(usize::MAX);
    let merge = |merge: &Dimensions| Merge {
        rows: (merge.start.0.into(), merge.end.0.into()),
        columns: (at(merge.start.1), at(merge.end.1)),
    };
    merges.iter().take(MERGES_MAX).map(merge).collect()
}

fn cell_of_ref<'a>(value: &'a DataRef<'_>) -> Cell<'a> {
    #[allow(clippy::cast_precision_loss)]
    match value {
        DataRef::Int(value) => Cell::Number(*value as f64),
        DataRef::Float(value) => number(*value),
        DataRef::String(text) => Cell::text(text),
        DataRef::SharedString(text) => Cell::text(text),
        DataRef::Bool(value) => Cell::Boolean(*value),
        DataRef::DateTime(moment) => moment_of(moment),
        DataRef::DateTimeIso(text) => iso(text),
        DataRef::DurationIso(text) => Cell::text(text),
        DataRef::Error(error) => Cell::Error(error_name(error)),
        DataRef::Empty => Cell::Empty,
    }
}

fn cell_of(value: &Data) -> Cell<'_> {
    #[allow(clippy::cast_precision_loss)]
    match value {
        Data::Int(value) => Cell::Number(*value as f64),
        Data::Float(value) => number(*value),
        Data::String(text) => Cell::text(text),
        Data::Bool(value) => Cell::Boolean(*value),
        Data::DateTime(moment) => moment_of(moment),
        Data::DateTimeIso(text) => iso(text),
        Data::DurationIso(text) => Cell::text(text),
        Data::Error(error) => Cell::Error(error_name(error)),
        Data::Empty => Cell::Empty,
    }
}

fn number(value: f64) -> Cell<'static> {
    if value.is_finite() { Cell::Number(value) } else { Cell::Error("#NUM!") }
}

fn iso(text: &str) -> Cell<'_> {
    Moment::from_iso(text).map_or_else(|| Cell::text(text), Cell::Moment)
}

/// A day or a moment; a time of day or a duration becomes text, as a program has it.
fn moment_of(moment: &ExcelDateTime) -> Cell<'static> {
    const SECONDS_PER_DAY: f64 = 86_400.0;
    let value = moment.as_f64();
    let (year, month, day, hour, minute, second, _) = moment.to_ymd_hms_milli();
    if moment.is_datetime() && value >= 1.0 {
        let date = (u32::from(year), u32::from(month), u32::from(day));
        let time = (u32::from(hour), u32::from(minute), u32::from(second));
        return Moment::new(date, time).map_or_else(|| number(value), Cell::Moment);
    }
    if moment.is_datetime() && value >= 0.0 {
        return Cell::Text(format!("{hour:02}:{minute:02}:{second:02}").into());
    }
    // Durations are hours, so that they can be added up.
    let seconds = (value * SECONDS_PER_DAY).round();
    number(seconds / 3600.0)
}

fn error_name(error: &CellErrorType) -> &'static str {
    match error {
        CellErrorType::Div0 => "#DIV/0!",
        CellErrorType::NA => "#N/A",
        CellErrorType::Name => "#NAME?",
        CellErrorType::Null => "#NULL!",
        CellErrorType::Num => "#NUM!",
        CellErrorType::Ref => "#REF!",
        CellErrorType::Value => "#VALUE!",
        _ => "#ERROR!",
    }
}

/// The unit that a number format shows: a currency's sign or code, or a percent sign.
fn unit_of_format(code: &str) -> Option<String> {
    let shown = code.split(';').next().unwrap_or_default();
    if shown.contains('%') {
        return Some(FRACTION.to_owned());
    }
    let currency = |mark: &&&str| {
        let code = mark.len() == 3 && mark.chars().all(|char| char.is_ascii_uppercase());
        let sign = mark.chars().any(|char| "$€£¥₹₽₩₺₪₫₴₦฿".contains(char));
        code || sign || ["zł", "Kč", "kr", "Fr."].contains(*mark)
    };
    // `[$€-407]` and `[$-407]` hold a dollar sign that is none.
    let shown = shown.replace("[$$", "$").replace("[$", "[");
    MARKS.iter().filter(currency).find(|mark| shown.contains(**mark)).map(|mark| (*mark).to_owned())
}

#[cfg(test)]
mod tests {
    use std::io::{Read as _, Write as _};

    use proptest::prelude::*;
    use ringfence_job::table::{ColumnKind, ColumnRole, LeftOutWhy, Stored};
    use rust_xlsxwriter::{ExcelDateTime as Date, Format, Formula, Workbook as Writer, Worksheet};
    use zip::{ZipWriter, write::SimpleFileOptions};

    use super::*;

    fn read(writer: &mut Writer) -> Result<FileProfile, TableError> {
        profile("b.xlsx", &writer.save_to_buffer().unwrap())
    }

    fn put(sheet: &mut Worksheet, row: u32, cells: &[&str]) {
        for (column, cell) in (0..).zip(cells) {
            match cell.parse::<f64>() {
                Ok(value) => sheet.write(row, column, value).unwrap(),
                Err(_) if cell.is_empty() => continue,
                Err(_) => sheet.write(row, column, *cell).unwrap(),
            };
        }
    }

    /// A report as people keep it: a title, an empty row, the table, its total, a remark.
    fn report() -> Writer {
        let mut writer = Writer::new();
        let sheet = writer.add_worksheet().set_name("Umsatz 2024").unwrap();
        put(sheet, 0, &["Umsatz nach Filiale"]);
        put(sheet, 1, &["in Euro"]);
        put(sheet, 3, &["", "Filiale", "Monat", "Umsatz", "Marge", "Stück"]);
        let (date, money, percent) = (
            Format::new().set_num_format("yyyy-mm-dd"),
            Format::new().set_num_format("#,##0.00 [$€-407]"),
            Format::new().set_num_format("0.0%"),
        );
        for (row, (name, month, amount, share, count)) in (4..).zip([
            ("Köln", 1, 100.5, 0.125, 3.0),
            ("Bonn", 2, -20.0, 0.5, 4.0),
            ("Köln", 3, 30.25, 0.25, 5.0),
        ]) {
            sheet.write(row, 1, name).unwrap();
            sheet.write_with_format(row, 2, Date::from_ymd(2024, month, 1).unwrap(), &date).unwrap();
            sheet.write_with_format(row, 3, amount, &money).unwrap();
            sheet.write_with_format(row, 4, share, &percent).unwrap();
            sheet.write(row, 5, count).unwrap();
        }
        sheet.write(7, 1, "Summe").unwrap();
        sheet.write_formula(7, 3, Formula::new("=SUM(D5:D7)").set_result("110.75")).unwrap();
        put(sheet, 9, &["", "Quelle: Kasse"]);
        writer
    }

    #[test]
    fn a_report_is_read_without_its_title_total_and_remark() {
        let profile = read(&mut report()).unwrap();
        let table = &profile.tables[0];
        assert_eq!(
            (table.sheet.as_deref(), table.header_row, table.rows, table.tail),
            (Some("Umsatz 2024"), 3, 3, 3)
        );
        assert_eq!(table.title.as_deref(), Some("Umsatz nach Filiale · in Euro"));
        let why: Vec<_> = table.left_out.iter().map(|span| (span.first, span.last, span.why)).collect();
        assert_eq!(why, [(3, 3, LeftOutWhy::Total), (5, 5, LeftOutWhy::Remark)]);
        let names: Vec<_> =
            table.columns.iter().map(|column| (column.name.as_str(), column.position)).collect();
        assert_eq!(names, [("Filiale", 1), ("Monat", 2), ("Umsatz", 3), ("Marge", 4), ("Stück", 5)]);
        let [branch, month, amount, share, count] = &table.columns[..] else { panic!() };
        assert_eq!(
            (branch.kind, branch.role, branch.all_values),
            (ColumnKind::Text, ColumnRole::Category, true)
        );
        assert_eq!((branch.values[0].value.as_str(), branch.values[0].count), ("Köln", 2));
        assert_eq!(
            (month.kind, month.earliest.as_deref(), month.latest.as_deref()),
            (ColumnKind::Date, Some("2024-01-01"), Some("2024-03-01"))
        );
        assert_eq!(
            (amount.sum, amount.unit.as_deref(), amount.stored),
            (Some(110.75), Some("€"), Stored::Native)
        );
        assert_eq!((share.unit.as_deref(), share.role), (Some("fraction"), ColumnRole::Rate));
        assert_eq!(
            (count.kind, count.role, count.quartiles.unwrap().median),
            (ColumnKind::Integer, ColumnRole::Quantity, 4.0)
        );
    }

    #[test]
    fn sheets_are_told_apart() {
        let mut writer = report();
        put(writer.add_worksheet().set_name("Alt").unwrap().set_hidden(true), 0, &["a", "b"]);
        writer.add_worksheet().set_name("Leer").unwrap();
        let profile = read(&mut writer).unwrap();
        let sheets: Vec<_> =
            profile.tables.iter().map(|table| (table.sheet.as_deref().unwrap(), table.hidden)).collect();
        assert_eq!(sheets, [("Umsatz 2024", false), ("Alt", true)]);
        let mut empty = Writer::new();
        empty.add_worksheet();
        assert!(matches!(read(&mut empty), Err(TableError::NoHeader)));
    }

    #[test]
    fn text_cells_are_read_as_what_they_say() {
        let mut writer = Writer::new();
        let sheet = writer.add_worksheet();
        let date = Format::new().set_num_format("dd.mm.yyyy");
        put(sheet, 0, &["Day", "Amount", "Paid"]);
        sheet.write_with_format(1, 0, Date::from_ymd(2024, 1, 31).unwrap(), &date).unwrap();
        sheet.write(2, 0, "29.02.2024").unwrap();
        sheet.write(1, 1, "1.234,50 €").unwrap();
        sheet.write(2, 1, 0.5).unwrap();
        sheet.write(1, 2, true).unwrap();
        sheet.write(2, 2, false).unwrap();
        let table = read(&mut writer).unwrap().tables.remove(0);
        let kinds: Vec<_> = table.columns.iter().map(|column| (column.kind, column.stored)).collect();
        assert_eq!(
            kinds,
            [
                (ColumnKind::Date, Stored::Mixed),
                (ColumnKind::Number, Stored::Mixed),
                (ColumnKind::Boolean, Stored::Native)
            ]
        );
        assert_eq!(table.columns[0].latest.as_deref(), Some("2024-02-29"));
        assert_eq!((table.columns[1].sum, table.decimal), (Some(1235.0), ','));
        assert!(table.notes.iter().any(|note| note.contains("\"Day\", \"Amount\"")), "{:?}", table.notes);
    }

    #[test]
    fn merged_cells_count_for_each_row_and_missing_results_are_told() {
        let mut writer = Writer::new();
        let sheet = writer.add_worksheet();
        put(sheet, 0, &["Region", "City", "Sum"]);
        sheet.merge_range(1, 0, 2, 0, "North", &Format::new()).unwrap();
        put(sheet, 1, &["North", "A", "1"]);
        put(sheet, 2, &["", "B", "2"]);
        put(sheet, 3, &["South", "C"]);
        sheet.write_formula(3, 2, Formula::new("=C2+C3").set_result("77")).unwrap();
        let without_result = |name: &str, content: Vec<u8>| match name {
            "xl/worksheets/sheet1.xml" => {
                String::from_utf8(content).unwrap().replace("<v>77</v>", "").into_bytes()
            }
            _ => content,
        };
        let bytes = rebuilt(&writer.save_to_buffer().unwrap(), without_result);
        let table = profile("b.xlsx", &bytes).unwrap().tables.remove(0);
        assert_eq!((table.columns[0].empty, table.columns[0].values[0].count), (0, 2));
        assert_eq!(table.columns[0].merged, [(0, 1)]);
        assert_eq!((table.columns[2].uncalculated, table.columns[2].empty), (1, 1));
        assert!(table.notes.iter().any(|note| note.contains("no stored result")), "{:?}", table.notes);
    }

    #[test]
    fn a_cell_far_away_is_refused_before_anything_is_held() {
        let mut writer = Writer::new();
        let sheet = writer.add_worksheet();
        put(sheet, 0, &["a", "b"]);
        sheet.write(1_048_575, 16_383, 1).unwrap();
        let error = read(&mut writer).unwrap_err();
        assert!(matches!(error, TableError::TooSparse { row: 1_048_576, column: 16_384 }), "{error}");
        assert!(error.to_string().contains("far from the table"));
    }

    /// A package of the given parts.
    fn package(parts: &[(&str, &[u8])]) -> Vec<u8> {
        let mut writer = ZipWriter::new(Cursor::new(Vec::new()));
        for (name, content) in parts {
            writer.start_file(*name, SimpleFileOptions::default()).unwrap();
            writer.write_all(content).unwrap();
        }
        writer.finish().unwrap().into_inner()
    }

    /// The same package with other content in its parts.
    fn rebuilt(bytes: &[u8], mut part: impl FnMut(&str, Vec<u8>) -> Vec<u8>) -> Vec<u8> {
        let mut archive = zip::ZipArchive::new(Cursor::new(bytes)).unwrap();
        let mut parts = Vec::new();
        for at in 0..archive.len() {
            let mut file = archive.by_index(at).unwrap();
            let name = file.name().unwrap().to_string();
            let mut content = Vec::new();
            file.read_to_end(&mut content).unwrap();
            drop(file);
            let content = part(&name, content);
            parts.push((name, content));
        }
        let parts: Vec<_> = parts.iter().map(|(name, content)| (name.as_str(), content.as_slice())).collect();
        package(&parts)
    }

    #[test]
    fn bombs_are_refused_while_they_are_unpacked() {
        let zeros = vec![b' '; 64 * 1024 * 1024];
        let bomb = package(&[("xl/workbook.xml", b"<x/>"), ("xl/worksheets/sheet1.xml", &zeros)]);
        assert!(matches!(profile("b.xlsx", &bomb), Err(TableError::Bomb { what: "too many bytes" })));
        let strings = b"<si/>".repeat(3_000_001);
        let bomb = package(&[("xl/workbook.xml", b"<x/>"), ("xl/sharedStrings.xml", &strings)]);
        assert!(matches!(profile("b.xlsx", &bomb), Err(TableError::Bomb { .. })));
        assert!(matches!(profile("b.xlsx", &package(&[("a.txt", b"x")])), Err(TableError::Archive)));
        let word = package(&[("word/document.xml", b"x")]);
        assert!(matches!(profile("b.xlsx", &word), Err(TableError::Document { .. })));
    }

    /// An OpenDocument spreadsheet with the given rows.
    fn ods(rows: &str) -> Vec<u8> {
        let content = format!(
            "<office:document-content xmlns:office=\"o\" xmlns:table=\"t\" xmlns:text=\"x\"><office:body><office:spreadsheet><table:table table:name=\"S\">{rows}</table:table></office:spreadsheet></office:body></office:document-content>"
        );
        package(&[
            ("mimetype", b"application/vnd.oasis.opendocument.spreadsheet"),
            ("content.xml", content.as_bytes()),
            ("META-INF/manifest.xml", b"<manifest:manifest xmlns:manifest=\"m\"/>"),
        ])
    }

    fn text(text: &str) -> String {
        format!("<table:table-cell office:value-type=\"string\"><text:p>{text}</text:p></table:table-cell>")
    }

    fn figure(value: &str) -> String {
        format!("<table:table-cell office:value-type=\"float\" office:value=\"{value}\"/>")
    }

    fn row(cells: &[String]) -> String {
        format!("<table:table-row>{}</table:table-row>", cells.concat())
    }

    #[test]
    fn open_document_spreadsheets_are_read_and_their_repeats_bounded() {
        let day = |day: &str| {
            format!(
                "<table:table-cell office:value-type=\"date\" office:date-value=\"{day}\"><text:p>x</text:p></table:table-cell>"
            )
        };
        let merged = "<table:table-cell office:value-type=\"string\" table:number-rows-spanned=\"2\"><text:p>North</text:p></table:table-cell>";
        let rows = [
            row(&[text("Region"), text("Day"), text("Amount")]),
            row(&[merged.to_owned(), day("2024-01-31"), figure("1.5")]),
            row(&["<table:covered-table-cell/>".to_owned(), day("2024-02-29"), figure("2")]),
            row(&[text("Total"), "<table:table-cell/>".to_owned(), figure("3.5")]),
        ];
        let table = profile("b.ods", &ods(&rows.concat())).unwrap().tables.remove(0);
        assert_eq!((table.rows, table.tail, table.columns[2].sum), (2, 1, Some(3.5)));
        assert_eq!((table.columns[0].empty, table.columns[1].latest.as_deref()), (0, Some("2024-02-29")));
        let wide = "<table:table-row table:number-rows-repeated=\"1000000\"><table:table-cell office:value-type=\"float\" office:value=\"1\" table:number-columns-repeated=\"16000\"/></table:table-row>";
        assert!(matches!(profile("b.ods", &ods(wide)), Err(TableError::TooSparse { .. })));
        let cut = ods(&rows.concat()).len();
        let broken = package(&[
            ("mimetype", b"application/vnd.oasis.opendocument.spreadsheet"),
            ("content.xml", b"<a><table:table table:name=\"S\">"),
        ]);
        assert!(matches!(profile("b.ods", &broken), Err(TableError::Damaged { .. })), "{cut}");
    }

    #[test]
    fn old_workbooks_are_read_and_damaged_ones_refused() {
        let bytes = include_bytes!("../tests/files/regions.xls");
        let tables = profile("regions.xls", bytes).unwrap().tables;
        let table = &tables[0];
        assert_eq!((table.format, table.header_row, table.rows, table.tail), (TableFormat::Xls, 2, 3, 1));
        assert_eq!((table.columns[0].empty, table.columns[0].merged.as_slice()), (0, &[(0, 1)][..]));
        assert_eq!(
            (table.columns[1].kind, table.columns[1].latest.as_deref()),
            (ColumnKind::Date, Some("2024-03-31"))
        );
        assert_eq!((table.columns[2].sum, table.columns[3].kind), (Some(60.75), ColumnKind::Boolean));
        assert_eq!((tables[1].hidden, tables[1].columns[0].kind), (true, ColumnKind::Text));
        assert!(matches!(profile("r.xls", &bytes[..3000]), Err(TableError::Damaged { .. })));
        let mut far = bytes.to_vec();
        // The first truth value of the first sheet moves to row 65 536 and column 256.
        let value = [0x05, 0x02, 8, 0, 3, 0, 3, 0];
        let at = far.windows(8).position(|window| window == value).unwrap();
        far[at + 4..at + 8].copy_from_slice(&[0xff, 0xff, 0xff, 0x00]);
        assert!(matches!(profile("r.xls", &far), Err(TableError::TooSparse { row: 65_536, column: 256 })));
    }

    /// A binary record.
    fn record(kind: u8, data: &[u8]) -> Vec<u8> {
        [&[kind, u8::try_from(data.len()).unwrap()][..], data].concat()
    }

    fn wide(text: &str) -> Vec<u8> {
        let units: Vec<u8> = text.encode_utf16().flat_map(u16::to_le_bytes).collect();
        [&u32::try_from(units.len() / 2).unwrap().to_le_bytes()[..], &units].concat()
    }

    /// An xlsb workbook of one sheet, with rows of texts and numbers.
    fn xlsb(rows: &[Vec<Result<f64, &str>>], start: u32) -> Vec<u8> {
        let sheet = [&0_u32.to_le_bytes()[..], &1_u32.to_le_bytes(), &wide("rId1"), &wide("Sheet1")].concat();
        let workbook = [
            vec![0x8f, 1, 0],
            vec![0x9c, 1],
            vec![u8::try_from(sheet.len()).unwrap()],
            sheet,
            vec![0x90, 1, 0],
            vec![0x84, 1, 0],
        ]
        .concat();
        let mut cells = vec![0x81, 1, 0, 0x94, 1, 16];
        cells.extend([0; 16]);
        cells.extend([0x91, 1, 0]);
        for (number, row) in (start..).zip(rows) {
            cells.extend(record(0, &[&number.to_le_bytes()[..], &[0; 13]].concat()));
            for (column, cell) in (0_u32..).zip(row) {
                let head = [column.to_le_bytes(), [0; 4]].concat();
                cells.extend(match cell {
                    Ok(value) => record(5, &[&head[..], &value.to_le_bytes()].concat()),
                    Err(text) => record(6, &[&head[..], &wide(text)].concat()),
                });
            }
        }
        cells.extend([0x92, 1, 0, 0x82, 1, 0]);
        let relations = "<Relationships xmlns=\"r\"><Relationship Id=\"rId1\" Type=\"http://schemas.openxmlformats.org/officeDocument/2006/relationships/worksheet\" Target=\"worksheets/sheet1.bin\"/></Relationships>";
        package(&[
            ("[Content_Types].xml", b"<Types/>"),
            ("xl/workbook.bin", &workbook),
            ("xl/_rels/workbook.bin.rels", relations.as_bytes()),
            ("xl/worksheets/sheet1.bin", &cells),
        ])
    }

    #[test]
    fn binary_workbooks_are_read() {
        let rows =
            [vec![Err("Region"), Err("Amount")], vec![Err("North"), Ok(1.5)], vec![Err("South"), Ok(2.0)]];
        let table = profile("b.xlsb", &xlsb(&rows, 0)).unwrap().tables.remove(0);
        assert_eq!((table.format, table.rows, table.columns[1].sum), (TableFormat::Xlsb, 2, Some(3.5)));
        let wide: Vec<Result<f64, &str>> = vec![Ok(1.0); 100];
        assert!(matches!(profile("b.xlsb", &xlsb(&[wide], 1_000_000)), Err(TableError::TooSparse { .. })));
    }

    #[test]
    fn protected_workbooks_are_refused_in_words() {
        let mut file = cfb::CompoundFile::create(Cursor::new(Vec::new())).unwrap();
        file.create_stream("EncryptedPackage").unwrap().write_all(b"x").unwrap();
        let bytes = file.into_inner().into_inner();
        let error = profile("b.xlsx", &bytes).unwrap_err();
        assert!(matches!(error, TableError::Encrypted) && error.to_string().contains("without one"));
    }

    #[test]
    fn units_are_told_by_formats() {
        for (code, unit) in [
            ("#,##0.00 [$€-407]", Some("€")),
            ("[$$-409]#,##0.00", Some("$")),
            ("\"$\"#,##0", Some("$")),
            ("_-[$£-809]* #,##0.00_-", Some("£")),
            ("#,##0.00 \"CHF\"", Some("CHF")),
            ("[$-407]#,##0", None),
            ("0.0%", Some("fraction")),
            ("General", None),
        ] {
            assert_eq!(unit_of_format(code).as_deref(), unit, "{code}");
        }
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(300))]
        #[test]
        fn no_mutation_of_a_workbook_makes_it_panic(
            changes in proptest::collection::vec((any::<proptest::sample::Index>(), any::<u8>()), 1..12),
            length in any::<proptest::sample::Index>(),
            kind in 0..4_usize,
        ) {
            static BOOKS: std::sync::OnceLock<[Vec<u8>; 2]> = std::sync::OnceLock::new();
            let books = BOOKS.get_or_init(|| {
                [report().save_to_buffer().unwrap(), ods(&row(&[text("a"), figure("1")]).repeat(4))]
            });
            let mut bytes = books[kind % 2].clone();
            if kind < 2 {
                change(&mut bytes, &changes);
                if changes.len() == 1 {
                    bytes.truncate(length.index(bytes.len()));
                }
            } else {
                // A part is damaged, and the archive around it is whole.
                let (chosen, mut at) = (length.index(8), 0);
                bytes = rebuilt(&bytes, |_, mut content| {
                    if at == chosen {
                        change(&mut content, &changes);
                    }
                    at += 1;
                    content
                });
            }
            let _ = profile("b.xlsx", &bytes);
        }
    }

    fn change(bytes: &mut [u8], changes: &[(proptest::sample::Index, u8)]) {
        for (at, byte) in changes {
            if !bytes.is_empty() {
                let at = at.index(bytes.len());
                bytes[at] = *byte;
            }
        }
    }
}
