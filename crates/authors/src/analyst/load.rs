//! Writes the part of a program that reads a table: plain pandas, with everything that the jailed reader found out
//! written down, so that nothing is guessed a second time.
//!
//! What a column holds afterwards:
//!
//! | column | wanted as it means | wanted as it is written |
//! | --- | --- | --- |
//! | integer | `Int64` | text |
//! | number | `float64`, missing is NaN | text |
//! | date | `datetime64[ns]`, missing is NaT | text |
//! | boolean | `boolean`, missing is NA | text |
//! | text, empty | text without white space around it, missing is `""` | text |

use std::fmt::Write;

use ringfence_pipeline::ports::{ColumnKind, ColumnProfile, Stored, TableFormat, TableProfile};

use super::python::{list, literal};

/// Which columns of a table a program needs, by their places in [`TableProfile::columns`].
#[derive(Debug, Clone, Default)]
pub(crate) struct Wanted {
    /// As what they mean: numbers, dates, truth values.
    pub(crate) typed: Vec<usize>,
    /// As text, as they are written.
    pub(crate) written: Vec<usize>,
}

/// The part of a program that reads a table, in the order of the program.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Loading {
    /// What `import` lines name, beside pandas.
    pub(crate) imports: Vec<&'static str>,
    /// Functions, each followed by two empty lines.
    pub(crate) helpers: String,
    /// Statements that leave the data frame in the variable.
    pub(crate) read: String,
}

/// Writes what reads the wanted columns of `table` into `variable`, in the order of the file, without rows that are
/// no data, with an index from 0. At least one column must be wanted.
pub(crate) fn load(table: &TableProfile, variable: &str, wanted: &Wanted) -> Loading {
    let mut columns: Vec<usize> = wanted.typed.iter().chain(&wanted.written).copied().collect();
    columns.sort_unstable();
    columns.dedup();
    let loader = Loader { table, variable, wanted, columns };
    Loading { imports: loader.imports(), helpers: loader.helpers(), read: loader.read() }
}

struct Loader<'a> {
    table: &'a TableProfile,
    variable: &'a str,
    wanted: &'a Wanted,
    columns: Vec<usize>,
}

/// What has to be done with a column.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Step {
    Nothing,
    Strip,
    AsText,
    Number,
    Date,
    Boolean,
}

impl<'a> Loader<'a> {
    fn column(&self, at: usize) -> &'a ColumnProfile {
        &self.table.columns[at]
    }

    /// True if every cell comes as text.
    fn is_text(&self) -> bool {
        self.table.format == TableFormat::Csv
    }

    fn step(&self, at: usize) -> Step {
        let typed = self.wanted.typed.contains(&at);
        match self.column(at).kind {
            ColumnKind::Integer | ColumnKind::Number if typed => Step::Number,
            ColumnKind::Date if typed => Step::Date,
            ColumnKind::Boolean if typed => Step::Boolean,
            _ if !self.is_text() => Step::AsText,
            _ if typed => Step::Strip,
            _ => Step::Nothing,
        }
    }

    fn steps(&self) -> impl Iterator<Item = (usize, Step)> + '_ {
        self.columns.iter().map(|at| (*at, self.step(*at)))
    }

    /// True if a column wanted for `step` holds text cells.
    fn reads_text(&self, step: Step) -> bool {
        self.steps().any(|(at, its)| its == step && self.column(at).stored != Stored::Native)
    }

    fn is_mixed(&self) -> bool {
        let mixed = |at: usize| self.column(at).stored == Stored::Mixed;
        self.steps().any(|(at, step)| mixed(at) && matches!(step, Step::Number | Step::Date | Step::Boolean))
    }

    /// True if a column may hold durations, which a workbook's reader gives as such.
    fn has_durations(&self, at: usize) -> bool {
        let column = self.column(at);
        self.table.format.is_workbook()
            && column.stored != Stored::Text
            && column.unit.as_deref() == Some("h")
    }

    fn imports(&self) -> Vec<&'static str> {
        match self.table.format {
            TableFormat::Json | TableFormat::Jsonl => vec!["json"],
            _ if self.steps().any(|(at, step)| {
                step == Step::AsText || (step == Step::Number && self.has_durations(at))
            }) =>
            {
                vec!["datetime"]
            }
            _ => Vec::new(),
        }
    }

    fn helpers(&self) -> String {
        let mut code = String::new();
        let json = matches!(self.table.format, TableFormat::Json | TableFormat::Jsonl);
        if json && !self.by_column() {
            code += FLAT;
        }
        if self.steps().any(|(_, step)| step == Step::AsText) {
            code += if json { AS_TEXT_JSON } else { AS_TEXT };
        }
        if self.reads_text(Step::Number) {
            code += &self.to_number();
        }
        if self.reads_text(Step::Boolean) {
            code += TO_BOOLEAN;
        }
        if self.steps().any(|(at, step)| step == Step::Number && self.has_durations(at)) {
            code += AS_HOURS;
        }
        if self.is_mixed() {
            code += TEXT_CELLS;
        }
        code
    }

    fn to_number(&self) -> String {
        let marks = |mark: &str| {
            let has = |at: usize| self.column(at).marks.iter().any(|known| known == mark);
            self.steps().any(|(at, step)| step == Step::Number && has(at))
        };
        let (brackets, trailing) = (marks("("), marks("-"));
        let mut code = String::from(
            "def to_number(column, marks):\n    \"\"\"Text as numbers, once the marks are removed; anything else becomes missing.\"\"\"\n    text = column.str.strip()\n",
        );
        if brackets {
            code += "    negative = text.str.contains(\"(\", regex=False)\n";
        }
        code += "    for mark in marks:\n        text = text.str.replace(mark, \"-\" if mark == \"\\u2212\" else \"\", regex=False)\n    text = text.str.strip()\n";
        if trailing {
            let before = if brackets { "negative | " } else { "" };
            let _ = writeln!(code, "    negative = {before}text.str.endswith(\"-\")");
            code += "    text = text.str.removesuffix(\"-\")\n";
        }
        if self.table.decimal == ',' {
            code += "    text = text.str.replace(\",\", \".\", regex=False)\n";
        }
        code += "    number = pd.to_numeric(text, errors=\"coerce\")\n";
        code += if brackets || trailing {
            "    return number.where(~negative, -number)\n\n\n"
        } else {
            "    return number\n\n\n"
        };
        code
    }

    /// All columns, if rows without any value have to be found.
    fn columns_read(&self) -> Vec<usize> {
        if self.table.blank_rows > 0 { (0..self.table.columns.len()).collect() } else { self.columns.clone() }
    }

    fn read(&self) -> String {
        let read = self.columns_read();
        let names = list(read.iter().map(|at| self.column(*at).name.as_str()));
        let mut code = match self.table.format {
            TableFormat::Csv => self.read_csv(&read, &names),
            TableFormat::Json | TableFormat::Jsonl => self.read_json(&names),
            TableFormat::Parquet => format!(
                "{} = pd.read_parquet({}, columns={names}).astype(object)\n",
                self.variable,
                literal(&self.table.file)
            ),
            _ => self.read_sheet(&read, &names),
        };
        if !self.is_text() {
            let variable = self.variable;
            let _ = writeln!(code, "{variable} = {variable}.where({variable}.notna(), \"\")");
        }
        code += &self.leave_out();
        if self.table.blank_rows > 0 {
            let variable = self.variable;
            let _ = writeln!(
                code,
                "# Rows with nothing in them are no data.\n{variable} = {variable}[{variable}.astype(str).apply(lambda column: column.str.strip() != \"\").any(axis=1)]"
            );
        }
        code += &self.fill_merged();
        if read != self.columns {
            let names = list(self.columns.iter().map(|at| self.column(*at).name.as_str()));
            let _ = writeln!(code, "{0} = {0}[{names}]", self.variable);
        }
        if self.table.blank_rows > 0 || !self.table.left_out.is_empty() {
            let _ = writeln!(code, "{0} = {0}.reset_index(drop=True)", self.variable);
        }
        for (at, step) in self.steps() {
            code += &self.convert(at, step);
        }
        code
    }

    fn positions(&self, columns: &[usize]) -> String {
        columns.iter().map(|at| self.column(*at).position.to_string()).collect::<Vec<_>>().join(", ")
    }

    fn read_csv(&self, columns: &[usize], names: &str) -> String {
        let table = self.table;
        let skip = match table.header_row {
            0 => String::new(),
            rows => format!("    skiprows={rows},\n"),
        };
        format!(
            "# Every cell is read as text first, so that nothing is guessed.\n{variable} = pd.read_csv(\n    {file},\n    sep={sep},\n    encoding={encoding},\n{skip}    header=0,\n    usecols=[{positions}],\n    names={names},\n    index_col=False,\n    dtype=str,\n    keep_default_na=False,\n).fillna(\"\")\n",
            variable = self.variable,
            file = literal(&table.file),
            sep = literal(&table.delimiter.unwrap_or(',').to_string()),
            encoding = literal(table.encoding.as_deref().unwrap_or("utf-8-sig")),
            positions = self.positions(columns),
        )
    }

    fn read_sheet(&self, columns: &[usize], names: &str) -> String {
        format!(
            "# Every cell is taken as it is stored, so that nothing is guessed.\n{variable} = pd.read_excel(\n    {file},\n    sheet_name={sheet},\n    engine=\"calamine\",\n    header={header},\n    usecols=[{positions}],\n    names={names},\n    dtype=object,\n    na_filter=False,\n)\n",
            variable = self.variable,
            file = literal(&self.table.file),
            sheet = literal(self.table.sheet.as_deref().unwrap_or_default()),
            header = self.table.header_row,
            positions = self.positions(columns),
        )
    }

    fn by_column(&self) -> bool {
        self.table.json.as_ref().is_some_and(|shape| shape.columns)
    }

    fn read_json(&self, names: &str) -> String {
        let file = literal(&self.table.file);
        let variable = self.variable;
        let under = self.table.json.as_ref().and_then(|shape| shape.under.as_deref());
        let under = under.map(|name| format!("[{}]", literal(name))).unwrap_or_default();
        let mut code = format!("with open({file}, encoding=\"utf-8-sig\") as file:\n");
        if self.by_column() {
            let _ = writeln!(code, "    columns = json.load(file){under}");
            let _ = writeln!(
                code,
                "{variable} = pd.DataFrame({{name: pd.Series(columns[name], dtype=object) for name in {names}}})"
            );
            return code;
        }
        code += &match self.table.format {
            TableFormat::Jsonl => {
                "    records = [flat(json.loads(line)) for line in file if line.strip()]\n".to_owned()
            }
            _ => format!("    records = [flat(record) for record in json.load(file){under}]\n"),
        };
        let _ = writeln!(
            code,
            "{variable} = pd.DataFrame(\n    {{name: pd.Series([record.get(name) for record in records], dtype=object) for name in {names}}}\n)"
        );
        code
    }

    /// Rows below the data are counted from the end: then the program is right for a longer table as well.
    fn leave_out(&self) -> String {
        let (inner, tail) = (self.table.left_out_between().0, self.table.tail);
        let variable = self.variable;
        let mut code = String::new();
        if tail > 0 {
            let _ = writeln!(code, "# What stands below the data, such as totals, is left out.");
            let _ = writeln!(code, "{variable} = {variable}.iloc[:-{tail}]");
        }
        if !inner.is_empty() {
            let rows = inner.iter().flat_map(|span| span.first..=span.last);
            let rows: Vec<String> = rows.map(|row| row.to_string()).collect();
            let _ = writeln!(code, "# Rows that add up others or repeat the header are left out.");
            let _ = writeln!(code, "{variable} = {variable}.drop(index=[{}])", rows.join(", "));
        }
        code
    }

    fn fill_merged(&self) -> String {
        let mut code = String::new();
        for at in &self.columns {
            let column = self.column(*at);
            if column.merged.is_empty() {
                continue;
            }
            let spans: Vec<String> =
                column.merged.iter().map(|(first, last)| format!("({first}, {last})")).collect();
            let _ = writeln!(
                code,
                "# The value of merged cells is in the first of them.\nfor first, last in [{spans}]:\n    {variable}.loc[first:last, {name}] = {variable}.at[first, {name}]",
                spans = spans.join(", "),
                variable = self.variable,
                name = literal(&column.name),
            );
        }
        code
    }

    fn convert(&self, at: usize, step: Step) -> String {
        let column = self.column(at);
        let mut cells = format!("{}[{}]", self.variable, literal(&column.name));
        let target = cells.clone();
        if step == Step::Number && self.has_durations(at) {
            cells += ".map(as_hours)";
        }
        let read = match step {
            Step::Nothing => return String::new(),
            Step::Strip => format!("{cells}.str.strip()"),
            Step::AsText => format!("{cells}.map(as_text)"),
            Step::Number | Step::Date | Step::Boolean => self.typed(column, step, &cells),
        };
        format!("{target} = {read}\n")
    }

    fn typed(&self, column: &ColumnProfile, step: Step, cells: &str) -> String {
        let native = |cells: &str| match step {
            Step::Number => format!("pd.to_numeric({cells}, errors=\"coerce\")"),
            Step::Date => format!("pd.to_datetime({cells}, errors=\"coerce\")"),
            _ => format!("{cells}.replace(\"\", None)"),
        };
        let text = |cells: &str| match step {
            // A minus sign at the end is no mark that can be removed anywhere.
            Step::Number => {
                let marks = column.marks.iter().filter(|mark| *mark != "-");
                format!("to_number({cells}, {})", list(marks))
            }
            Step::Date => {
                let format = column.date_format.as_deref().unwrap_or("ISO8601");
                let trimmed =
                    if format == "ISO8601" { ".str.strip().str.rstrip(\"Z\")" } else { ".str.strip()" };
                format!("pd.to_datetime({cells}{trimmed}, format={}, errors=\"coerce\")", literal(format))
            }
            _ => format!("to_boolean({cells})"),
        };
        let read = match column.stored {
            Stored::Text => text(cells),
            Stored::Native => native(cells),
            Stored::Mixed => {
                format!(
                    "{}.fillna({})",
                    native(&format!("other_cells({cells})")),
                    text(&format!("text_cells({cells})"))
                )
            }
        };
        match (step, column.kind) {
            (Step::Number, ColumnKind::Integer) => format!("{read}.astype(\"Int64\")"),
            (Step::Number, _) => format!("{read}.astype(float)"),
            (Step::Date, _) => read,
            _ => format!("{read}.astype(\"boolean\")"),
        }
    }
}

const FLAT: &str = r#"def flat(record):
    """A record with the fields of records inside it beside its own, named as outer.inner."""
    fields = {}
    for name, value in record.items():
        if isinstance(value, dict):
            fields.update({f"{name}.{inner}": field for inner, field in value.items()})
        else:
            fields[name] = value
    return fields


"#;

const AS_TEXT: &str = r#"def as_text(cell):
    """A cell as text: days without a time of day, whole numbers without decimals."""
    if isinstance(cell, datetime.datetime):
        return str(cell.replace(microsecond=0)).removesuffix(" 00:00:00")
    if isinstance(cell, datetime.timedelta):
        cell = cell / datetime.timedelta(hours=1)
    if isinstance(cell, float) and cell.is_integer() and abs(cell) < 1e15:
        cell = int(cell)
    return str(cell).strip()


"#;

const AS_TEXT_JSON: &str = r#"def as_text(cell):
    """A cell as text: lists and records as JSON, whole numbers without decimals."""
    if isinstance(cell, (dict, list)):
        return json.dumps(cell, ensure_ascii=False)
    if isinstance(cell, float) and cell.is_integer() and abs(cell) < 1e15:
        cell = int(cell)
    return str(cell).strip()


"#;

const AS_HOURS: &str = r#"def as_hours(cell):
    """A duration as hours; other cells are what they are."""
    return cell / datetime.timedelta(hours=1) if isinstance(cell, datetime.timedelta) else cell


"#;

const TO_BOOLEAN: &str = r#"def to_boolean(column):
    """Text as truth values; anything else becomes missing."""
    words = {"true": True, "yes": True, "false": False, "no": False}
    return column.str.strip().str.casefold().map(words)


"#;

const TEXT_CELLS: &str = r#"def text_cells(column):
    """The cells that hold text; the others are empty."""
    return column.map(lambda cell: cell if isinstance(cell, str) else "")


def other_cells(column):
    """The cells that hold numbers, dates or truth values; the others are empty."""
    return column.map(lambda cell: None if isinstance(cell, str) else cell)


"#;
