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

use ringfence_job::MonthLanguage;
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
            _ if typed || !self.column(at).no_value.is_empty() => Step::Strip,
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
        let mut imports = match self.table.format {
            TableFormat::Json | TableFormat::Jsonl => return vec!["json"],
            TableFormat::Parquet => vec!["pyarrow.parquet"],
            _ => Vec::new(),
        };
        let durations = |at, step| step == Step::Number && self.has_durations(at);
        if self.steps().any(|(at, step)| step == Step::AsText || durations(at, step)) {
            imports.insert(0, "datetime");
        }
        imports
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
        code += &self.month_numbers();
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

    /// What reads dates with months in other languages: an interpreter knows English ones only.
    fn month_numbers(&self) -> String {
        let dated = |at, step| if step == Step::Date { self.column(at).month_language } else { None };
        let mut code = String::new();
        for language in MonthLanguage::ALL {
            if self.steps().any(|(at, step)| dated(at, step) == Some(language)) {
                let names: String =
                    language.months().map(|names| format!("    {},\n", literal(&names.join(" ")))).concat();
                let _ = write!(code, "{} = [\n{names}]\n\n\n", months_name(language));
            }
        }
        if code.is_empty() { code } else { code + MONTH_NUMBERS }
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
            // What pandas noted in the file would turn columns into row names.
            TableFormat::Parquet => format!(
                "{} = pyarrow.parquet.read_table({}, columns={names}).to_pandas(ignore_metadata=True).astype(object)\n",
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
            "# Every cell is read as text first, so that nothing is guessed.\n{variable} = pd.read_csv(\n    {file},\n    sep={sep},\n    encoding={encoding},\n{skip}    header={header},\n    usecols=[{positions}],\n    names={names},\n    index_col=False,\n    dtype=str,\n    keep_default_na=False,\n).fillna(\"\")\n",
            variable = self.variable,
            file = literal(&table.file),
            header = if table.headerless { "None" } else { "0" },
            sep = literal(&table.delimiter.unwrap_or(',').to_string()),
            encoding = literal(table.encoding.as_deref().unwrap_or("utf-8-sig")),
            positions = self.positions(columns),
        )
    }

    fn read_sheet(&self, columns: &[usize], names: &str) -> String {
        format!(
            "# Every cell is taken as it is stored, so that nothing is guessed.\n{variable} = pd.read_excel(\n    {file},\n    sheet_name={sheet},\n    engine=\"calamine\",\n{header}    usecols=[{positions}],\n    names={names},\n    dtype=object,\n    na_filter=False,\n)\n",
            variable = self.variable,
            file = literal(&self.table.file),
            sheet = literal(self.table.sheet.as_deref().unwrap_or_default()),
            header = match (self.table.headerless, self.table.header_row) {
                (false, row) => format!("    header={row},\n"),
                (true, 0) => "    header=None,\n".to_owned(),
                (true, rows) => format!("    header=None,\n    skiprows={rows},\n"),
            },
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
            Step::Strip => format!("{cells}.str.strip(){}", without_missing(column)),
            Step::AsText => format!("{cells}.map(as_text){}", without_missing(column)),
            Step::Number | Step::Date | Step::Boolean => self.typed(column, step, &cells),
        };
        format!("{target} = {read}\n")
    }

    fn typed(&self, column: &ColumnProfile, step: Step, cells: &str) -> String {
        let native = |cells: &str| match step {
            Step::Number => format!("pd.to_numeric({cells}, errors=\"coerce\")"),
            Step::Date if self.table.format == TableFormat::Parquet => {
                format!("pd.to_datetime({cells}, errors=\"coerce\", utc=True).dt.tz_localize(None)")
            }
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
                let (cells, format) = match column.month_language {
                    Some(language) => (
                        format!("month_numbers({cells}, {})", months_name(language)),
                        format.replace("%B", "%m"),
                    ),
                    None => (format!("{cells}{trimmed}"), format.to_owned()),
                };
                format!("pd.to_datetime({cells}, format={}, errors=\"coerce\")", literal(&format))
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

/// What makes words for no value empty in a column of texts.
fn without_missing(column: &ColumnProfile) -> String {
    if column.kind != ColumnKind::Text || column.no_value.is_empty() {
        return String::new();
    }
    format!(".replace({}, \"\")", list(column.no_value.iter().map(|word| word.value.as_str())))
}

/// The variable of a program in which a language's months are.
fn months_name(language: MonthLanguage) -> String {
    format!("MONTHS_{}", language.code().to_uppercase())
}

const MONTH_NUMBERS: &str = r#"def month_numbers(column, months):
    """Dates with the numbers of their months in place of the names."""
    numbers = {name: str(number) for number, names in enumerate(months, 1) for name in names.split()}
    text = column.str.strip().str.lower().str.replace(r"^1er\b", "1", regex=True)
    number = lambda word: numbers.get(word.group().removesuffix("."), word.group())
    return text.str.replace(r"[^\W\d_]+\.?", number, regex=True)


"#;

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

#[cfg(test)]
mod tests {
    use std::{fs, io::Cursor, path::Path, process::Command};

    use serde_json::{Value, json};

    use super::*;

    /// An interpreter with pandas, if the machine names one.
    fn python() -> Option<String> {
        std::env::var("RINGFENCE_TEST_PYTHON").ok().filter(|python| Path::new(python).exists())
    }

    fn run(python: &str, folder: &Path, program: &str) -> String {
        fs::write(folder.join("program.py"), program).unwrap();
        let output = Command::new(python).arg("program.py").current_dir(folder).output().unwrap();
        assert!(output.status.success(), "{program}\n{}", String::from_utf8_lossy(&output.stderr));
        String::from_utf8(output.stdout).unwrap()
    }

    /// What the frame holds, as the reader's report has it.
    const MEASURE: &str = r#"
import json
import pandas as pd

def measure(kind, column):
    if kind in ("text", "empty"):
        held = column[column != ""]
    else:
        held = column.dropna()
    told = {"rows": len(column), "empty": len(column) - len(held), "dtype": str(column.dtype)}
    if kind in ("integer", "number"):
        told |= {"min": float(held.min()), "max": float(held.max()), "sum": float(held.sum())}
        told |= {"median": float(held.median()), "lower": float(held.quantile(0.25))}
    elif kind == "date":
        told |= {"earliest": held.min().isoformat()[:19], "latest": held.max().isoformat()[:19]}
    else:
        told["values"] = {str(value): int(count) for value, count in held.value_counts().items()}
    return told

print(json.dumps([measure(kind, table[name]) for name, kind in wanted]))
"#;

    /// Reads a file's tables as the jailed reader and as the program, and compares them.
    fn agree(python: &str, folder: &Path, file: &str) -> Vec<TableProfile> {
        let bytes = fs::read(folder.join(file)).unwrap();
        let profile = ringfence_tables::profile(file, &mut Cursor::new(bytes))
            .unwrap_or_else(|error| panic!("{file} {error}"));
        for table in &profile.tables {
            let all = Wanted { typed: (0..table.columns.len()).collect(), written: Vec::new() };
            let loading = load(table, "table", &all);
            let imports: String = loading.imports.iter().map(|name| format!("import {name}\n")).collect();
            let kinds: Vec<(&str, Value)> =
                table.columns.iter().map(|column| (column.name.as_str(), json!(column.kind))).collect();
            let kinds = serde_json::to_string(&kinds).unwrap();
            let program = format!(
                "{imports}import pandas as pd\n\n\n{}{}wanted = {kinds}\n{MEASURE}",
                loading.helpers, loading.read
            );
            let told: Vec<Value> = serde_json::from_str(&run(python, folder, &program)).unwrap();
            for (column, told) in table.columns.iter().zip(&told) {
                let about =
                    format!("{file} {:?} {:?}: {told} {column:?}\n{program}", table.sheet, column.name);
                assert_eq!(
                    (told["rows"].as_u64(), told["empty"].as_u64()),
                    (Some(table.rows), Some(column.empty)),
                    "{about}"
                );
                let close = |name: &str, expected: Option<f64>| {
                    let (told, expected) = (told[name].as_f64().unwrap(), expected.unwrap());
                    assert!((told - expected).abs() <= 1e-9 * expected.abs().max(1.0), "{name} {about}");
                };
                match column.kind {
                    ColumnKind::Integer | ColumnKind::Number => {
                        close("min", column.min);
                        close("max", column.max);
                        close("sum", column.sum);
                        close("median", column.quartiles.map(|three| three.median));
                        close("lower", column.quartiles.map(|three| three.lower));
                        assert_eq!(
                            told["dtype"],
                            if column.kind == ColumnKind::Integer { "Int64" } else { "float64" }
                        );
                    }
                    ColumnKind::Date => {
                        for (name, expected) in [("earliest", &column.earliest), ("latest", &column.latest)] {
                            assert!(
                                told[name].as_str().unwrap().starts_with(expected.as_deref().unwrap()),
                                "{about}"
                            );
                        }
                        assert!(told["dtype"].as_str().unwrap().starts_with("datetime64["), "{about}");
                    }
                    ColumnKind::Text | ColumnKind::Boolean => {
                        for value in column.values.iter().filter(|_| column.all_values) {
                            let key = match column.kind {
                                ColumnKind::Boolean => {
                                    if ["true", "yes"].contains(&value.value.to_lowercase().as_str()) {
                                        "True"
                                    } else {
                                        "False"
                                    }
                                }
                                _ => value.value.as_str(),
                            };
                            assert_eq!(told["values"][key].as_u64(), Some(value.count), "{about}");
                        }
                    }
                    ColumnKind::Empty => {}
                }
            }
        }
        profile.tables
    }

    #[test]
    fn text_is_read_as_the_reader_understood_it() {
        let Some(python) = python() else { return };
        let folder = tempfile::tempdir().unwrap();
        let utf16: Vec<u8> = std::iter::once(0xfeff)
            .chain("Ort\tWert\r\nKöln\t5\r\nBonn\t7\r\n".encode_utf16())
            .flat_map(u16::to_le_bytes)
            .collect();
        let files: [(&str, &[u8]); 17] = [
            ("plain.csv", b"Region,Day,Amount,Paid\nNorth,2024-01-31,1.5,yes\nSouth,,2,no\n,2024-02-29T10:00:00Z,n/a,\n"),
            ("european.csv", "Filiale;Umsatz;Marge;Tag;Saldo\nK\u{f6}ln;1.234,50 \u{20ac};12,5%;03.04.2024;(1.000,00)\nBonn;-7,25 \u{20ac};7,5%;14.05.2024;n/a\nBonn;;10%;14.05.2024;\u{2212}5\n".as_bytes()),
            ("cp1252.csv", b"Stra\xdfe;Betrag\nA;1\xa0234,50\nB;0,50\n"),
            ("titles.csv", b"Sales report\n\n\"made by\nBob\",,\n\nRegion,Amount,Note\nNorth,\"1,200.50\",a\nSouth,300,\n\n  \nTotal,\"1,500.50\",\n,,\nSource: the till,,\n"),
            ("subtotals.csv", b"Region,City,Amount\nNorth,A,1\nNorth,B,2\nTotal North,,3\nRegion,City,Amount\nSouth,C,4\n,,\nSouth,D,6\nTotal South,,10\nGrand total,,13\n"),
            ("pipes.txt.csv", b"a|b|c\n1'000|$1,200.50|12-\n2'500|($3.00)|7\n"),
            ("months.csv", b"Month,When,Visits\nJan 2024,\"January 5, 2024\",5\nFeb 2024,\"March 6, 2024\",\"1,006\"\n"),
            ("foreign.csv", "Datum,Jour,Fecha,Mese,Dag\n12. März 2025,1er janvier 2024,12 de enero de 2025,gen 2025,3 mei 2024\n3. Okt. 2024,3 févr. 2024,1 de Agosto de 2025,ott 2024,12 mrt. 2024\n".as_bytes()),
            ("times.csv", b"At,Ends\n1/5/2024 3:07 PM,05.01.2024 15:07\n12/31/2024 12:00 AM,31.12.2024 00:00\n"),
            ("compact.csv", b"Date,Units\n20240131,5\n20240229,6\n"),
            ("codes.csv", b"Code,Zip,Amount\n007,01234,EUR 5.00\n008,99999,\"EUR 1,000.00\"\n"),
            ("utf16.csv", &utf16),
            ("header.tsv", b"x\tx\t\ty\n1\t2\t3\t4\n\t\t\t\n5\t6\t7\t8\n"),
            ("quotes.csv", b"a,b\n\"x \"\"y\"\", z\",1\n\"two\nlines\",2\n"),
            ("bare.csv", b"569,3,benign\n1.5,2,a\n2.5,4,b\n"),
            ("bare too.csv", b"measured today\n\n1.5;2;10\n2.5;4;8\n"),
            ("units.csv", b"Weight,Worked\n5 kg,7.5h\n12.5 kg,8h\n"),
        ];
        for (name, content) in files {
            fs::write(folder.path().join(name), content).unwrap();
        }
        let read = |name: &str| agree(&python, folder.path(), name).remove(0);
        for (name, _) in files {
            read(name);
        }
        assert!(read("foreign.csv").columns.iter().all(|column| column.kind == ColumnKind::Date));
        let table = read("titles.csv");
        assert_eq!((table.rows, table.columns[1].sum), (2, Some(1500.5)));
        let table = read("subtotals.csv");
        assert_eq!((table.rows, table.blank_rows, table.columns[2].sum), (4, 1, Some(13.0)));
        assert_eq!(read("pipes.txt.csv").columns[2].min, Some(-12.0));
        let bare = read("bare too.csv");
        assert_eq!(
            (bare.headerless, bare.rows, bare.columns[0].name.as_str(), bare.columns[0].sum),
            (true, 2, "Column 1", Some(4.0))
        );
        assert_eq!(read("compact.csv").columns[0].kind, ColumnKind::Date);
    }

    #[test]
    fn workbooks_are_read_as_the_reader_understood_them() {
        let Some(python) = python() else { return };
        let folder = tempfile::tempdir().unwrap();
        run(&python, folder.path(), WORKBOOKS);
        fs::write(folder.path().join("old.xls"), include_bytes!("../../../tables/tests/files/regions.xls"))
            .unwrap();
        let report = &agree(&python, folder.path(), "report.xlsx")[0];
        assert_eq!((report.rows, report.columns[2].sum), (4, Some(1345.0)));
        let grouped = &agree(&python, folder.path(), "merged.xlsx")[0];
        assert_eq!(grouped.columns[0].empty, 0);
        for file in ["old.xls", "mixed.xlsx", "misnamed.csv", "frame.parquet", "indexed.parquet"] {
            agree(&python, folder.path(), file);
        }
        for file in ["records.json", "data.json", "columns.json", "lines.jsonl"] {
            let table = &agree(&python, folder.path(), file)[0];
            assert_eq!(table.rows, 3, "{file}");
        }
    }

    /// Writes workbooks and other files as pandas, openpyxl and pyarrow do.
    const WORKBOOKS: &str = r#"
import datetime as dt, decimal, json
import openpyxl, pandas as pd

book = openpyxl.Workbook()
sheet = book.active
sheet.title = "Sales 'n' \"more\""
for row in [["Sales 2024"], [], ["", "Region", "Day", "Amount", "Worked"],
            ["", "North", dt.date(2024, 1, 31), 1.5, dt.timedelta(hours=30)],
            ["", "South", "2024-02-29", "1,200.50", dt.timedelta(minutes=90)],
            ["", "", None, None, None],
            ["", "East", dt.datetime(2024, 3, 1), 143, None],
            ["", "West", None, "n/a", dt.timedelta(hours=1)],
            ["", "Total", None, 1345], [], ["", "Source: till"]]:
    sheet.append(row)
for cell in sheet["E"]:
    cell.number_format = "[h]:mm"
sheet["A13"] = " "
book.save("report.xlsx")

book = openpyxl.Workbook()
sheet = book.active
for row in [["Region", "City", "Amount"], ["North", "A", 1], [None, "B", 2], [None, "C", 3], ["South", "D", 4], [None, "E", 5]]:
    sheet.append(row)
sheet.merge_cells("A2:A4")
sheet.merge_cells("A5:A6")
book.save("merged.xlsx")

book = openpyxl.Workbook()
sheet = book.active
for row in [["Code", "Flag", "When", "Share"], [1001, True, dt.time(8, 30), 0.125], ["A17", False, "noon", 0.5],
            [2.5, None, dt.datetime(2024, 1, 31, 10, 5, 7), None], [dt.date(2024, 1, 31), True, dt.time(9), 1]]:
    sheet.append(row)
hidden = book.create_sheet("Hidden")
hidden.sheet_state = "hidden"
for row in [["x", "y"], [1, 2]]:
    hidden.append(row)
book.create_sheet("Empty")
bare = book.create_sheet("Bare")
for row in [["numbers"], [1.5, 20, 3], [2.5, 4, None]]:
    bare.append(row)
book.save("mixed.xlsx")
book.save("mixed.bin")
open("misnamed.csv", "wb").write(open("mixed.bin", "rb").read())

frame = pd.DataFrame({"region": ["a", "b", None], "day": pd.to_datetime(["2024-01-31", "2024-02-29 10:00", None], format="ISO8601"),
                      "amount": [1.5, None, 2.0], "units": pd.array([1, None, 3], dtype="Int64"), "paid": [True, False, True],
                      "price": [decimal.Decimal("1.10"), None, decimal.Decimal("2.25")], "kind": pd.Categorical(["x", "y", "x"]),
                      "date": [dt.date(2024, 1, 1), dt.date(2024, 5, 1), None],
                      "utc": pd.to_datetime(["2024-01-31T23:30:00+02:00"] * 3, utc=True)})
frame.to_parquet("frame.parquet")
nano = frame.set_index("region")
nano["day"] = nano["day"].astype("datetime64[ns]")
nano.to_parquet("indexed.parquet")

records = [{"name": "Ann", "day": "2024-01-31", "amount": 1.5, "paid": True, "at": {"city": "Rome", "zip": 5}},
           {"name": None, "amount": 2, "at": {"city": "Bonn"}, "tags": ["a", 1]},
           {"name": "12", "day": "2024-02-29", "amount": "3.25", "paid": False, "id": 12345678901234567}]
json.dump(records, open("records.json", "w"))
json.dump({"count": 3, "data": records}, open("data.json", "w", encoding="utf-8-sig"))
json.dump({"a": [1, 2, None], "b": ["x", "y", "z"], "c": [1.5]}, open("columns.json", "w"))
open("lines.jsonl", "w").write("\n".join(json.dumps(record) for record in records) + "\n\n")
"#;
}
