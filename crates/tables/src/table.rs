//! Finds the table among rows of cells: the header below titles, the data, and what stands between and below it.
//!
//! Rows come in their order, are looked at once and not kept, but for those in which the header is looked for and
//! those at the end of which nobody knows yet whether data follows. A row's position is counted from 0 for the row
//! after the header; that is how a program finds the same rows.

use ringfence_job::table::{
    ColumnKind, ColumnProfile, LeftOut, LeftOutWhy, Stored, TableFormat, TableProfile,
};

use crate::{
    TableError,
    cell::{Cell, cut},
    column::{Column, Expected, Room, is_missing},
    date,
    limits::{COLUMNS_MAX, HEADER_BYTES_MAX, NOTES_MAX, ROWS_BYTES_MAX, SPANS_MAX, VALUE_BYTES_MAX},
    number::{self, Decimal},
    role,
};

/// Rows with anything in them among which the header is looked for.
const HEAD_ROWS_MAX: usize = 60;

/// Rows after a candidate that are compared with it.
const COMPARED_ROWS_MAX: usize = 20;

/// Rows of which it is not yet known whether they are data; more than that are.
const HELD_ROWS_MAX: usize = 30;

/// Words that say of a row that it adds up others.
const TOTALS: [&str; 21] = [
    "total",
    "totals",
    "subtotal",
    "subtotals",
    "sub-total",
    "sum",
    "sums",
    "summe",
    "summen",
    "gesamt",
    "gesamtsumme",
    "insgesamt",
    "zwischensumme",
    "endsumme",
    "totale",
    "totaal",
    "totaux",
    "suma",
    "somme",
    "ensemble",
    "итого",
];

/// Words that go with those and change nothing.
const TOTAL_COMPANIONS: [&str; 9] =
    ["grand", "overall", "all", "the", "general", "général", "all:", "of", "final"];

/// Words that say of a row at the end that it summarises the others in another way.
const SUMMARIES: [&str; 16] = [
    "average",
    "avg",
    "mean",
    "median",
    "min",
    "max",
    "minimum",
    "maximum",
    "count",
    "durchschnitt",
    "mittelwert",
    "schnitt",
    "anzahl",
    "moyenne",
    "promedio",
    "media",
];

/// How a line below a table begins that says something about it.
const REMARKS: [&str; 18] = [
    "*",
    "source",
    "note",
    "notes",
    "remark",
    "quelle",
    "hinweis",
    "anmerkung",
    "stand",
    "generated",
    "created",
    "printed",
    "erstellt",
    "legend",
    "legende",
    "data as of",
    "as of",
    "(",
];

/// What is known of how a file is written, before its cells are read.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Hints {
    /// `;` separates cells, so that the comma was probably needed for decimals.
    pub(crate) semicolons: bool,
    /// The file names its fields itself: there are no titles, totals or remarks.
    pub(crate) plain: bool,
    /// A cell beyond the header is a mistake of whoever wrote the file, and its row cannot be trusted.
    pub(crate) strict_width: bool,
}

/// A merged stretch of cells of a sheet: rows and columns, first and last.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Merge {
    pub(crate) rows: (u64, u64),
    pub(crate) columns: (usize, usize),
}

/// What was found.
#[derive(Debug)]
pub(crate) struct Found {
    pub(crate) decimal: Decimal,
    pub(crate) title: Option<String>,
    pub(crate) header_row: u64,
    pub(crate) headerless: bool,
    pub(crate) rows: u64,
    pub(crate) left_out: Vec<LeftOut>,
    pub(crate) tail: u64,
    pub(crate) blank_rows: u64,
    pub(crate) notes: Notes,
    pub(crate) columns: Vec<ColumnProfile>,
}

impl Found {
    /// The profile of a table without sheet, separator and encoding, after what `notes` already say of it.
    pub(crate) fn into_profile(self, file: &str, format: TableFormat, mut notes: Notes) -> TableProfile {
        self.notes.0.iter().for_each(|note| notes.add(note));
        TableProfile {
            file: file.to_owned(),
            format,
            sheet: None,
            hidden: false,
            delimiter: None,
            encoding: None,
            json: None,
            decimal: self.decimal.char(),
            title: self.title,
            header_row: self.header_row,
            headerless: self.headerless,
            rows: self.rows,
            left_out: self.left_out,
            tail: self.tail,
            blank_rows: self.blank_rows,
            notes: notes.into_inner(),
            columns: self.columns,
        }
    }
}

/// Remarks for a person, a sentence each, up to a bound.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Notes(Vec<String>);

impl Notes {
    pub(crate) fn add(&mut self, note: impl AsRef<str>) {
        let note = cut(note.as_ref(), crate::limits::NOTE_BYTES_MAX);
        if self.0.len() < NOTES_MAX && !self.0.contains(&note) {
            self.0.push(note);
        }
    }

    pub(crate) fn into_inner(self) -> Vec<String> {
        self.0
    }
}

/// A row with anything in it.
#[derive(Debug)]
struct Row {
    number: u64,
    /// As a person counts, from 0.
    line: u64,
    cells: Vec<Cell<'static>>,
}

/// Takes the rows of one sheet or file.
#[derive(Debug)]
pub(crate) struct Builder {
    hints: Hints,
    merges: Vec<Merge>,
    head: Vec<Row>,
    head_bytes: usize,
    body: Option<Body>,
    /// Number of the last row that there is, empty or not.
    last_number: Option<u64>,
}

impl Builder {
    pub(crate) fn new(hints: Hints, merges: Vec<Merge>) -> Builder {
        Builder { hints, merges, head: Vec::new(), head_bytes: 0, body: None, last_number: None }
    }

    /// Takes the next row; numbers ascend, rows with nothing in them may be left out.
    pub(crate) fn row(&mut self, number: u64, cells: &[Cell<'_>]) -> Result<(), TableError> {
        self.line_row(number, number, cells)
    }

    /// As [`Builder::row`] for a row that a person finds in another line.
    pub(crate) fn line_row(&mut self, number: u64, line: u64, cells: &[Cell<'_>]) -> Result<(), TableError> {
        self.last_number = Some(number);
        if cells.iter().all(Cell::is_blank) {
            return Ok(());
        }
        if let Some(body) = &mut self.body {
            return body.row(number, line, cells);
        }
        let cells: Vec<Cell<'static>> = cells.iter().cloned().map(Cell::into_owned).collect();
        self.head_bytes +=
            cells.iter().map(|cell| size_of::<Cell<'_>>() + cell.as_text().len()).sum::<usize>();
        self.head.push(Row { number, line, cells });
        if self.head.len() >= HEAD_ROWS_MAX || self.head_bytes > ROWS_BYTES_MAX {
            self.begin()?;
        }
        Ok(())
    }

    /// Decides on the header, and reads on from the row after it.
    fn begin(&mut self) -> Result<(), TableError> {
        let head = std::mem::take(&mut self.head);
        let at = if self.hints.plain { 0 } else { header_of(&head) };
        let Some(header) = head.get(at) else { return Err(TableError::NoHeader) };
        let above = at.checked_sub(1).and_then(|above| head.get(above));
        let mut body = Body::new(header, above, self.hints, &self.merges)?;
        body.title = title_of(&head[..at]);
        if at > 0 {
            let (what, line) =
                if body.headerless { ("first row", header.line) } else { ("header", header.line) };
            body.notes.add(format!("The {what} is in row {}; what stands above it is no data.", line + 1));
        }
        let first = if body.headerless { at } else { at + 1 };
        for row in &head[first..] {
            body.row(row.number, row.line, &row.cells)?;
        }
        self.body = Some(body);
        Ok(())
    }

    /// What was found, once all rows have come.
    pub(crate) fn finish(mut self) -> Result<Found, TableError> {
        if self.body.is_none() {
            self.begin()?;
        }
        let last = self.last_number.unwrap_or_default();
        self.body.ok_or(TableError::NoHeader)?.finish(last)
    }
}

/// The text above the header, in one line.
fn title_of(rows: &[Row]) -> Option<String> {
    let texts = rows.iter().flat_map(|row| &row.cells).filter(|cell| !cell.is_blank());
    let text = texts.map(|cell| cell.as_text().into_owned()).collect::<Vec<_>>().join(" · ");
    (!text.is_empty()).then(|| cut(&text, VALUE_BYTES_MAX))
}

fn filled<'a>(cells: &'a [Cell<'a>]) -> impl Iterator<Item = (usize, &'a Cell<'a>)> {
    cells.iter().enumerate().filter(|(_, cell)| !cell.is_blank())
}

/// True for numbers and dates, in whatever dress.
fn is_typed(cell: &Cell<'_>) -> bool {
    match cell {
        Cell::Number(_) | Cell::Moment(_) | Cell::Boolean(_) | Cell::Error(_) => true,
        Cell::Text(text) => is_number(cell) || date::is_date(text.trim()),
        Cell::Empty => false,
    }
}

fn is_number(cell: &Cell<'_>) -> bool {
    [Decimal::Point, Decimal::Comma].into_iter().any(|decimal| value_of(cell, decimal).is_some())
}

/// The cell as a number, if it is one in this reading.
fn value_of(cell: &Cell<'_>, decimal: Decimal) -> Option<f64> {
    match cell {
        Cell::Number(value) => Some(*value),
        Cell::Text(text) => number::parse(text.trim(), decimal).map(|number| number.value),
        _ => None,
    }
}

/// True for what may name a column: text, a year, a month's date.
fn may_name(cell: &Cell<'_>) -> bool {
    match cell {
        Cell::Number(value) => is_year(*value),
        Cell::Moment(_) => true,
        Cell::Text(text) => {
            let year = number::parse(text.trim(), Decimal::Point).is_some_and(|number| is_year(number.value));
            year || !is_number(cell)
        }
        _ => false,
    }
}

/// True for a row that is more likely data than a header: most of its cells are numbers, and they do not count up.
fn is_data(row: &Row) -> bool {
    let numbers: Vec<f64> = filled(&row.cells)
        .filter(|(_, cell)| !may_name(cell))
        .filter_map(|(_, cell)| value_of(cell, Decimal::Point).or_else(|| value_of(cell, Decimal::Comma)))
        .collect();
    let counts_up = numbers.len() > 2
        && numbers.iter().all(|number| number.fract() == 0.0)
        && numbers.is_sorted_by(|left, right| left < right);
    numbers.len() * 2 > filled(&row.cells).count() && !counts_up
}

fn is_year(value: f64) -> bool {
    value.fract() == 0.0 && (1900.0..=2100.0).contains(&value)
}

/// The place of the header among the first rows: it fills most columns, with different texts, over values that are
/// of another kind. Among equals the first.
#[allow(clippy::cast_precision_loss)]
fn header_of(rows: &[Row]) -> usize {
    let counts: Vec<usize> = rows.iter().map(|row| filled(&row.cells).count()).collect();
    let mut sorted = counts.clone();
    sorted.sort_unstable();
    let Some(width) = sorted.get((sorted.len().saturating_sub(1)) * 3 / 4).copied() else { return 0 };
    let typed: Vec<Vec<bool>> = rows.iter().map(|row| row.cells.iter().map(is_typed).collect()).collect();
    let score = |at: usize| -> f64 {
        let cells = &rows[at].cells;
        let count = counts[at];
        if (count < 2 && width >= 2) || count * 2 < width {
            return f64::MIN;
        }
        let names = filled(cells).filter(|(_, cell)| may_name(cell)).count();
        let mut texts: Vec<_> = filled(cells).map(|(_, cell)| cell.as_text()).collect();
        texts.sort_unstable();
        texts.dedup();
        let below = at + 1..rows.len().min(at + 1 + COMPARED_ROWS_MAX);
        let stands_out = |column: usize, cell: &Cell<'_>| {
            let there =
                below.clone().filter(|row| rows[*row].cells.get(column).is_some_and(|cell| !cell.is_blank()));
            let (mut all, mut other) = (0, 0);
            for row in there {
                all += 1;
                other += usize::from(typed[row][column]);
            }
            may_name(cell) && all > 0 && other * 2 > all
        };
        let contrast = filled(cells).filter(|(column, cell)| stands_out(*column, cell)).count();
        let share = |part: usize| part as f64 / count as f64;
        let fill = (count as f64 / width.max(1) as f64).min(1.0);
        let last = if at + 1 == rows.len() && at > 0 { 2.0 } else { 0.0 };
        2.0 * fill + share(names) + share(texts.len()) + 1.5 * share(contrast) - 0.5 * at as f64 - last
    };
    let mut best = (0, f64::MIN);
    for at in 0..rows.len() {
        let score = score(at);
        if score > best.1 {
            best = (at, score);
        }
    }
    best.0
}

/// Names columns as pandas does, so that whoever writes the program can name them too.
fn pandas_names(headers: Vec<String>) -> Vec<String> {
    let mut taken = std::collections::HashSet::new();
    let mut repeats = std::collections::HashMap::new();
    let mut names = Vec::with_capacity(headers.len());
    for (index, header) in headers.into_iter().enumerate() {
        let header = if header.trim().is_empty() { format!("Unnamed: {index}") } else { header };
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

/// A merged stretch of one column, by positions.
#[derive(Debug, Clone, Copy)]
struct Span {
    column: usize,
    first: u64,
    last: u64,
}

/// What a row turns out to be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Meaning {
    Data,
    LeftOut(LeftOutWhy),
    /// Left out if no data follows.
    Perhaps(LeftOutWhy),
    /// Another table begins.
    Other,
}

/// The table below its header.
#[derive(Debug)]
struct Body {
    hints: Hints,
    /// Number of the row in which the header is, or the first data if there is none.
    header_number: u64,
    headerless: bool,
    title: Option<String>,
    names: Vec<String>,
    columns: Vec<Column>,
    room: Room,
    /// Merged cells that are still to come, the first last, and those whose rows have come.
    merges: Vec<Span>,
    open: Vec<(Span, Cell<'static>)>,
    filled: Vec<Vec<(u64, u64)>>,
    held: Vec<(Row, LeftOutWhy)>,
    left_out: Vec<LeftOut>,
    /// First and last line of each, as a person counts, from 0.
    left_out_lines: Vec<(u64, u64)>,
    rows: u64,
    /// Position after the last row that had anything in it.
    next: u64,
    /// Position after the last data row.
    end: u64,
    /// Another table begins here.
    stopped: Option<u64>,
    unproved_totals: bool,
    notes: Notes,
}

impl Body {
    fn new(header: &Row, above: Option<&Row>, hints: Hints, merges: &[Merge]) -> Result<Body, TableError> {
        let mut notes = Notes::default();
        let width = header.cells.iter().rposition(|cell| !cell.is_blank()).map_or(0, |last| last + 1);
        if width > COLUMNS_MAX {
            return Err(TableError::TooManyColumns);
        }
        let mut names = names_of(header, width, above.filter(|_| !hints.plain), hints.plain);
        if names.iter().any(|name| name.len() > HEADER_BYTES_MAX) {
            notes.add(format!("Names of more than {HEADER_BYTES_MAX} bytes are cut."));
            names = names.iter().map(|name| cut(name, HEADER_BYTES_MAX)).collect();
        }
        let headerless = !hints.plain && is_data(header);
        if headerless {
            notes.add("No row names the columns; they are called by their places.");
            names = (1..=width).map(|place| format!("Column {place}")).collect();
        }
        let room = Room::for_columns(width);
        let mut body = Body {
            hints,
            header_number: header.number,
            headerless,
            title: None,
            names,
            columns: (0..width).map(|_| Column::new(room)).collect(),
            room,
            merges: Vec::new(),
            open: Vec::new(),
            filled: vec![Vec::new(); width],
            held: Vec::new(),
            left_out: Vec::new(),
            left_out_lines: Vec::new(),
            rows: 0,
            next: 0,
            end: 0,
            stopped: None,
            unproved_totals: false,
            notes,
        };
        body.take_merges(merges);
        Ok(body)
    }

    fn first_row(&self) -> u64 {
        self.header_number + u64::from(!self.headerless)
    }

    /// Only cells that are merged over several rows of data hide values.
    fn take_merges(&mut self, merges: &[Merge]) {
        let first_row = self.first_row();
        let tall = merges.iter().filter(|merge| merge.rows.0 >= first_row && merge.rows.1 > merge.rows.0);
        self.merges = tall
            .map(|merge| Span {
                column: merge.columns.0,
                first: merge.rows.0 - first_row,
                last: merge.rows.1 - first_row,
            })
            .collect();
        let mut counts = std::collections::HashMap::new();
        self.merges.iter().for_each(|span| *counts.entry(span.column).or_insert(0) += 1);
        if counts.values().any(|count| *count > SPANS_MAX) {
            self.notes.add(format!(
                "A column has more than {SPANS_MAX} merged cells: their values count for the first row of each only."
            ));
            self.merges.retain(|span| counts[&span.column] <= SPANS_MAX);
        }
        self.merges.sort_unstable_by_key(|span| std::cmp::Reverse((span.first, span.column)));
    }

    fn row(&mut self, number: u64, line: u64, cells: &[Cell<'_>]) -> Result<(), TableError> {
        let position = number.saturating_sub(self.first_row());
        let after_blank = position > self.next;
        self.next = position + 1;
        if self.stopped.is_some() {
            return Ok(());
        }
        let meaning = if self.hints.plain { Meaning::Data } else { self.meaning(cells, after_blank) };
        match meaning {
            Meaning::Data => {
                self.release_held()?;
                self.data(position, line, cells)?;
            }
            Meaning::LeftOut(why) => {
                self.release_held()?;
                self.leave_out(position, line, why)?;
                if why == LeftOutWhy::Total {
                    self.columns.iter_mut().for_each(Column::begin_stretch);
                }
            }
            Meaning::Perhaps(why) => {
                if self.held.len() == HELD_ROWS_MAX {
                    self.release_held()?;
                }
                let cells = cells.iter().cloned().map(Cell::into_owned).collect();
                self.held.push((Row { number: position, line, cells }, why));
            }
            Meaning::Other => {
                self.stopped = Some(position);
                self.notes.add(format!(
                    "Another table begins in row {}; it is not read: put it on a sheet or into a file of its own.",
                    line + 1
                ));
            }
        }
        Ok(())
    }

    /// Data follows, so that what was held back is data as well.
    fn release_held(&mut self) -> Result<(), TableError> {
        for (row, _) in std::mem::take(&mut self.held) {
            self.data(row.number, row.line, &row.cells)?;
        }
        Ok(())
    }

    fn leave_out(&mut self, position: u64, line: u64, why: LeftOutWhy) -> Result<(), TableError> {
        if let Some(span) =
            self.left_out.last_mut().filter(|span| span.why == why && span.last + 1 == position)
        {
            span.last = position;
            self.left_out_lines.last_mut().into_iter().for_each(|lines| lines.1 = line);
            return Ok(());
        }
        if self.left_out.len() == SPANS_MAX {
            return Err(TableError::TooManyTotals);
        }
        self.left_out.push(LeftOut { first: position, last: position, why });
        self.left_out_lines.push((line, line));
        Ok(())
    }

    fn data(&mut self, position: u64, line: u64, cells: &[Cell<'_>]) -> Result<(), TableError> {
        let width = cells.iter().rposition(|cell| !cell.is_blank()).map_or(0, |last| last + 1);
        if width > self.columns.len() {
            self.widen(line, width)?;
        }
        self.open_merges(position, cells);
        for (at, column) in self.columns.iter_mut().enumerate() {
            let cell = cells.get(at).unwrap_or(&Cell::Empty);
            let open = self.open.iter().find(|(span, _)| span.column == at && span.first < position);
            match open.filter(|_| cell.is_blank()) {
                Some((_, value)) => column.add(value),
                None => column.add(cell),
            }
        }
        self.rows += 1;
        self.end = position + 1;
        Ok(())
    }

    /// Gives columns to cells right of the header.
    fn widen(&mut self, line: u64, width: usize) -> Result<(), TableError> {
        if self.hints.strict_width {
            return Err(TableError::RowTooWide { line: line + 1, columns: self.columns.len() });
        }
        if width > COLUMNS_MAX {
            return Err(TableError::TooManyColumns);
        }
        self.notes.add("Some rows have cells right of the header; they are columns without a name.");
        while self.columns.len() < width {
            let mut column = Column::new(self.room);
            column.empty = self.rows;
            self.columns.push(column);
            self.names.push(String::new());
            self.filled.push(Vec::new());
        }
        Ok(())
    }

    /// A merged cell whose first row is data gives its value to the other rows.
    fn open_merges(&mut self, position: u64, cells: &[Cell<'_>]) {
        self.open.retain(|(span, _)| span.last >= position);
        while let Some(span) = self.merges.pop_if(|span| span.first <= position) {
            let value = cells.get(span.column).filter(|cell| !cell.is_blank());
            if let Some(value) = value.filter(|_| span.first == position && span.column < self.columns.len())
            {
                self.filled[span.column].push((span.first, span.last));
                self.open.push((span, value.clone().into_owned()));
            }
        }
    }

    fn meaning(&self, cells: &[Cell<'_>], after_blank: bool) -> Meaning {
        let count = filled(cells).count();
        let label = filled(cells).next().map(|(_, cell)| cell.as_text().to_lowercase()).unwrap_or_default();
        // Nearly every row is data; whatever is not lacks a value, is called a total or begins like the header.
        let may_be_total =
            TOTALS.iter().chain(&SUMMARIES).any(|word| label.contains(word)) || label.starts_with("all ");
        let may_be_header = filled(cells)
            .next()
            .is_some_and(|(at, cell)| self.names.get(at).is_some_and(|name| *name == cell.as_text()));
        let is_text = |cell: &Cell<'_>| matches!(cell, Cell::Text(_)) && !is_typed(cell);
        let is_plain = !may_be_total && !may_be_header;
        let says_more = count >= 2 && !after_blank && filled(cells).any(|(_, cell)| is_text(cell));
        if is_plain && (count >= self.columns.len() || says_more) {
            return Meaning::Data;
        }
        if count >= 2 && self.repeats_header(cells) {
            return Meaning::LeftOut(LeftOutWhy::Header);
        }
        let numbers = filled(cells).filter(|(_, cell)| is_number(cell)).count();
        let texts = filled(cells).filter(|(_, cell)| is_text(cell)).count();
        if after_blank && numbers == 0 && texts >= 2 && self.rows > 0 && self.contradicts(cells) {
            return Meaning::Other;
        }
        if self.columns.len() < 2 {
            return Meaning::Data;
        }
        if numbers > 0 {
            return self.total(cells, &label, texts);
        }
        if texts == 1 && count == 1 && is_only_total(&label_words(&label)) {
            return Meaning::Perhaps(LeftOutWhy::Total);
        }
        let in_tail = after_blank || !self.held.is_empty();
        let begins = REMARKS.iter().any(|word| {
            label.strip_prefix(word).is_some_and(|rest| {
                word.len() == 1 || rest.is_empty() || rest.starts_with([':', ' ', '.', ',', '-', '('])
            })
        });
        if texts == 1
            && count == 1
            && (begins || (in_tail && self.columns.len() > 2) || label.len() > VALUE_BYTES_MAX)
        {
            return Meaning::Perhaps(LeftOutWhy::Remark);
        }
        Meaning::Data
    }

    fn repeats_header(&self, cells: &[Cell<'_>]) -> bool {
        filled(cells).all(|(at, cell)| self.names.get(at).is_some_and(|name| *name == cell.as_text()))
    }

    /// True if there is text where there were numbers only.
    fn contradicts(&self, cells: &[Cell<'_>]) -> bool {
        filled(cells).any(|(at, cell)| {
            let numbers = self.columns.get(at).is_some_and(Column::is_numeric);
            numbers && !is_typed(cell) && !is_missing(&cell.as_text())
        })
    }

    /// A row with numbers: does it add up those above?
    fn total(&self, cells: &[Cell<'_>], label: &str, texts: usize) -> Meaning {
        let words = label_words(label);
        let is_total = |word: &&&str| TOTALS.contains(*word);
        let named = words.first().filter(is_total).or_else(|| words.last().filter(is_total)).is_some()
            || words.iter().any(|word| TOTALS.contains(word) && words.len() <= 3);
        let only_total = is_only_total(&words);
        let has_text_columns =
            || self.columns.iter().any(|column| column.values() * 2 > self.rows && !column.is_numeric());
        let unlabelled = texts == 0 && has_text_columns();
        if !named && !unlabelled && texts != 1 {
            return Meaning::Data;
        }
        let (one, all) = self.adds_up(cells);
        match () {
            () if named && texts <= 2 && one => Meaning::LeftOut(LeftOutWhy::Total),
            () if only_total && texts == 1 => Meaning::Perhaps(LeftOutWhy::Total),
            () if texts == 1
                && words.len() <= 2
                && words.first().is_some_and(|word| SUMMARIES.contains(word)) =>
            {
                Meaning::Perhaps(LeftOutWhy::Total)
            }
            // "All sites" below the sites.
            () if all && (unlabelled || texts == 1 && words.first() == Some(&"all")) => {
                Meaning::LeftOut(LeftOutWhy::Total)
            }
            () => Meaning::Data,
        }
    }

    /// Whether one of the numbers, and whether each of them, is the sum of those above, or of those since the last
    /// row that was one.
    fn adds_up(&self, cells: &[Cell<'_>]) -> (bool, bool) {
        const ROUNDED: f64 = 0.011;
        const RELATIVE: f64 = 1e-6;
        let (mut one, mut all) = (false, true);
        for (at, cell) in filled(cells).filter(|(_, cell)| is_number(cell)) {
            let Some(column) = self.columns.get(at) else { return (one, false) };
            let fits = [Decimal::Point, Decimal::Comma].into_iter().any(|decimal| {
                let numbers = column.numbers(decimal);
                let sums = [(numbers.sum, numbers.count), (numbers.stretch_sum, numbers.stretch_count)];
                let close = |value: f64, sum: f64| {
                    (value - sum).abs() <= ROUNDED.min(sum.abs() / 100.0).max(RELATIVE * sum.abs())
                };
                value_of(cell, decimal).is_some_and(|value| {
                    numbers.is_column_among(true)
                        && sums.iter().any(|(sum, count)| *count > 1 && *sum != 0.0 && close(value, *sum))
                })
            });
            one |= fits;
            all &= fits;
        }
        (one, one && all)
    }

    fn finish(mut self, last_number: u64) -> Result<Found, TableError> {
        let positions = (last_number + 1).saturating_sub(self.first_row());
        for (row, why) in std::mem::take(&mut self.held) {
            self.unproved_totals |= why == LeftOutWhy::Total;
            self.leave_out(row.number, row.line, why)?;
        }
        if let Some(first) = self.stopped {
            if self.left_out.len() == SPANS_MAX {
                return Err(TableError::TooManyTotals);
            }
            self.left_out.push(LeftOut { first, last: positions - 1, why: LeftOutWhy::Remark });
            self.left_out_lines.push((first, positions - 1));
        }
        self.tell_left_out();
        let between: u64 = self.left_out.iter().filter(|span| span.last < self.end).map(LeftOut::rows).sum();
        let blank_rows = self.end - self.rows - between;
        let decimal = decimal_of(&self.columns, self.hints.semicolons);
        let mut found = Found {
            decimal,
            title: self.title.take(),
            header_row: self.header_number,
            headerless: self.headerless,
            rows: self.rows,
            tail: positions - self.end,
            blank_rows,
            left_out: std::mem::take(&mut self.left_out),
            notes: Notes::default(),
            columns: Vec::new(),
        };
        found.columns = self.profiles(decimal);
        found.notes = self.notes;
        if found.columns.is_empty() { Err(TableError::NoHeader) } else { Ok(found) }
    }

    fn tell_left_out(&mut self) {
        let of = |why| -> Vec<(u64, u64)> {
            let spans = self.left_out.iter().zip(&self.left_out_lines);
            spans.filter(|(span, _)| span.why == why).map(|(_, lines)| *lines).collect()
        };
        let rows = |spans: &[(u64, u64)]| -> String {
            const NAMED_MAX: usize = 5;
            let name = |(first, last): &(u64, u64)| match first == last {
                true => (first + 1).to_string(),
                false => format!("{} to {}", first + 1, last + 1),
            };
            let mut names: Vec<String> = spans.iter().take(NAMED_MAX).map(name).collect();
            if spans.len() > NAMED_MAX {
                names.push(format!("{} more", spans.len() - NAMED_MAX));
            }
            names.join(", ")
        };
        let (totals, headers, remarks) =
            (of(LeftOutWhy::Total), of(LeftOutWhy::Header), of(LeftOutWhy::Remark));
        let mut told = Vec::new();
        if !totals.is_empty() {
            told.push(format!("Rows that add up others are left out: row {}.", rows(&totals)));
        }
        if self.unproved_totals {
            told.push(
                "A row at the end is called a total, but is not the sum of the rows above it.".to_owned(),
            );
        }
        if !headers.is_empty() {
            told.push(format!("Rows that repeat the header are left out: row {}.", rows(&headers)));
        }
        if !remarks.is_empty() && self.stopped.is_none() {
            told.push(format!("Remarks below the table are left out: row {}.", rows(&remarks)));
        }
        told.iter().for_each(|note| self.notes.add(note));
    }

    fn profiles(&mut self, decimal: Decimal) -> Vec<ColumnProfile> {
        let orders: Vec<bool> =
            self.columns.iter().filter_map(Column::dates).filter_map(date::Formats::order).collect();
        let day_first = match orders[..] {
            [first, ..] => first,
            [] => decimal == Decimal::Comma || self.hints.semicolons,
        };
        let names = pandas_names(std::mem::take(&mut self.names));
        let month = |(name, column): (&String, &Column)| {
            role::is_month_name(name) && column.numbers(decimal).is_column()
        };
        let months = names.iter().zip(&self.columns).filter(|pair| month(*pair)).count();
        // Who writes NA for a number that is missing means no text by it either.
        let writes_na = self
            .columns
            .iter()
            .any(|column| column.has_missing_words() && column.numbers(decimal).is_column());
        let mut profiles = Vec::new();
        let (mut errors, mut as_text, mut ambiguous) = (0, Vec::new(), Vec::new());
        for (at, (name, column)) in names.into_iter().zip(&self.columns).enumerate() {
            let unnamed = name == format!("Unnamed: {at}");
            let expected = Expected {
                dates: role::is_date_name(&name),
                keys: role::is_key_name(&name),
                series: months >= MONTHS_MIN && role::is_month_name(&name),
            };
            let mut profile = column.profile(name.clone(), decimal, day_first, expected);
            if unnamed && profile.kind == ColumnKind::Empty {
                continue;
            }
            profile.position = u32::try_from(at).unwrap_or(u32::MAX);
            profile.merged = std::mem::take(&mut self.filled[at]);
            if profile.kind == ColumnKind::Text {
                crate::column::leave_out_missing(&mut profile, writes_na);
            }
            role::guess(&mut profile, column);
            errors += column.errors;
            let typed = matches!(profile.kind, ColumnKind::Integer | ColumnKind::Number | ColumnKind::Date);
            for word in &profile.no_value {
                let among = if profile.kind == ColumnKind::Text { "in" } else { "among the numbers of" };
                self.notes.add(format!("{:?} {among} {name:?} counts as no value.", word.value));
            }
            if typed && profile.stored == Stored::Mixed && column.reads_texts(&profile) {
                as_text.push(format!("{name:?}"));
            }
            if profile.kind == ColumnKind::Date
                && column.dates().is_some_and(date::Formats::is_ambiguous)
                && orders.is_empty()
            {
                ambiguous.push(format!("{name:?}"));
            }
            profiles.push(profile);
        }
        if errors > 0 {
            self.notes.add(format!("{errors} cells hold an error such as #DIV/0!; they count as empty."));
        }
        if !as_text.is_empty() {
            self.notes.add(format!(
                "Some cells are text, but are read as what they say: in {}.",
                as_text.join(", ")
            ));
        }
        if !ambiguous.is_empty() {
            let order = if day_first { "the day" } else { "the month" };
            self.notes.add(format!(
                "Dates are read with {order} first, which they do not tell: in {}.",
                ambiguous.join(", ")
            ));
        }
        if profiles.iter().any(|profile| !profile.merged.is_empty()) {
            self.notes.add("The value of merged cells counts for each of their rows.");
        }
        profiles
    }
}

/// Columns of months that hold numbers, from which on the others of the table do, too.
const MONTHS_MIN: usize = 3;

fn label_words(label: &str) -> Vec<&str> {
    let words = label.split(|char: char| char.is_whitespace() || ":()/".contains(char));
    words.filter(|word| !word.is_empty()).collect()
}

/// True if the words say that something is a total, and nothing else.
fn is_only_total(words: &[&str]) -> bool {
    words.iter().any(|word| TOTALS.contains(word))
        && words.iter().all(|word| TOTALS.contains(word) || TOTAL_COMPANIONS.contains(word))
}

/// The header's texts. Where they repeat and the row above groups them, its texts come first: `2023 Q1`.
fn names_of(header: &Row, width: usize, above: Option<&Row>, plain: bool) -> Vec<String> {
    let text = |cells: &[Cell<'_>], at: usize| match cells.get(at) {
        // What a file calls its fields is taken as it is.
        Some(Cell::Text(text)) if plain => text.clone().into_owned(),
        Some(cell) => cell.as_text().into_owned(),
        None => String::new(),
    };
    let names: Vec<String> = (0..width).map(|at| text(&header.cells, at)).collect();
    let mut different = std::collections::HashSet::new();
    let repeat = names.iter().filter(|name| !name.is_empty()).any(|name| !different.insert(name.clone()));
    let Some(above) = above
        .filter(|above| repeat && above.number + 1 == header.number && filled(&above.cells).count() >= 2)
    else {
        return names;
    };
    let mut group = String::new();
    let grouped = names.into_iter().enumerate().map(|(at, name)| {
        let own = text(&above.cells, at);
        if !own.is_empty() {
            group = own;
        }
        if group.is_empty() || name.is_empty() { name } else { format!("{group} {name}") }
    });
    grouped.collect()
}

/// The separator under which more columns are numbers, then the one with more proof. Where nothing
/// decides, `;` between cells means that the comma was needed for decimals.
fn decimal_of(columns: &[Column], semicolons: bool) -> Decimal {
    let weigh = |decimal| {
        let readable =
            columns.iter().map(|column| column.numbers(decimal)).filter(|numbers| numbers.is_column());
        readable.fold((0_u64, 0_u64), |(count, clear), numbers| (count + 1, clear + numbers.clear))
    };
    let ambiguous = columns.iter().any(|column| column.numbers(Decimal::Comma).ambiguous > 0);
    match weigh(Decimal::Comma).cmp(&weigh(Decimal::Point)) {
        std::cmp::Ordering::Greater => Decimal::Comma,
        std::cmp::Ordering::Less => Decimal::Point,
        std::cmp::Ordering::Equal if semicolons && ambiguous => Decimal::Comma,
        std::cmp::Ordering::Equal => Decimal::Point,
    }
}
