//! Writes the pandas program that answers a [`Query`], as a person would keep it.

use std::{collections::BTreeSet, fmt::Write};

use ringfence_job::Language;
use ringfence_pipeline::ports::{ColumnKind, ColumnProfile, Draft, TableProfile};

use super::{
    columns::is_number,
    load::{Loading, Wanted, load},
    python::{comment, list, literal, number},
    query::{Filter, Key, Operation, Query, Unit},
};

/// Columns shown when whole rows are listed, beside those the question names.
const ROW_COLUMNS_SHOWN: usize = 12;

/// Bars or points drawn in one chart.
const CHART_POINTS_MAX: usize = 40;

/// Writes the program for `query` on `table`.
pub(crate) fn write(question: &str, query: &Query, table: &TableProfile) -> Draft {
    let writer = Writer::new(query, table);
    let explanation = writer.explanation();
    let mut code = comment(&format!("Question: {question}"));
    code += &comment(&explanation);
    code += &writer.program();
    Draft { language: Language::Python, code, explanation, confidence: None, memory: None }
}

struct Writer<'a> {
    query: &'a Query,
    table: &'a TableProfile,
    /// Positions of the columns to be read.
    columns: BTreeSet<usize>,
    /// The name of the computed column and of the result.
    label: String,
    /// One name for each key.
    key_names: Vec<String>,
}

impl<'a> Writer<'a> {
    fn new(query: &'a Query, table: &'a TableProfile) -> Writer<'a> {
        let mut taken: Vec<String> = table.columns.iter().map(|column| column.name.clone()).collect();
        let mut fresh = |wanted: String| {
            let mut name = wanted;
            while taken.contains(&name) {
                name.push('\'');
            }
            taken.push(name.clone());
            name
        };
        let label = fresh(figure(query, table));
        let key_names = query
            .keys
            .iter()
            .map(|key| match key {
                Key::Column(column) => table.columns[*column].name.clone(),
                Key::Time { unit, .. } => fresh(unit_name(*unit).to_owned()),
            })
            .collect();
        let mut writer = Writer { query, table, columns: BTreeSet::new(), label, key_names };
        writer.columns = writer.columns_read();
        writer
    }

    fn column(&self, at: usize) -> &'a ColumnProfile {
        &self.table.columns[at]
    }

    fn name(&self, at: usize) -> String {
        literal(&self.column(at).name)
    }

    fn lists_rows(&self) -> bool {
        self.query.rank.is_some() && self.query.keys.is_empty()
    }

    fn columns_read(&self) -> BTreeSet<usize> {
        let query = self.query;
        let mut columns: BTreeSet<usize> = query.measure.into_iter().collect();
        columns.extend(query.keys.iter().map(|key| match key {
            Key::Column(column) | Key::Time { column, .. } => *column,
        }));
        for filter in &query.filters {
            match filter {
                Filter::Equals { column, .. }
                | Filter::Compare { column, .. }
                | Filter::Year { column, .. }
                | Filter::Month { column, .. } => {
                    columns.insert(*column);
                }
                Filter::Anywhere { .. } => columns.extend(self.text_columns()),
            }
        }
        if self.lists_rows() {
            columns.extend(0..self.table.columns.len().min(ROW_COLUMNS_SHOWN));
        }
        if columns.is_empty() {
            columns.insert(0);
        }
        columns
    }

    fn text_columns(&self) -> impl Iterator<Item = usize> + '_ {
        (0..self.table.columns.len()).filter(|at| self.column(*at).kind == ColumnKind::Text)
    }

    fn explanation(&self) -> String {
        let mut text = figure(self.query, self.table);
        if let Some(rank) = self.query.rank {
            let side = if rank.lowest { "lowest" } else { "highest" };
            let what = if self.lists_rows() { "rows" } else { "groups" };
            text = format!("The {} {what} with the {side} {text}", rank.count);
        }
        let keys: Vec<String> = self.key_names.iter().map(|name| literal(name)).collect();
        if !keys.is_empty() {
            let _ = write!(text, " by {}", keys.join(" and "));
        }
        for filter in &self.query.filters {
            let _ = write!(text, ", where {}", self.filter_words(filter));
        }
        match &self.table.sheet {
            Some(sheet) => {
                _ = write!(text, ", from sheet {} of {}.", literal(sheet), literal(&self.table.file))
            }
            None => _ = write!(text, ", from {}.", literal(&self.table.file)),
        }
        if let Some(at) =
            self.query.measure.filter(|at| is_number(self.column(*at).kind) && self.column(*at).empty > 0)
        {
            let _ = write!(
                text,
                " {} cells of {} hold no value and are left out.",
                self.column(at).empty,
                self.name(at)
            );
        }
        if self.query.operation == Operation::Count {
            text.push_str(" Each row is counted once.");
        }
        text
    }

    fn filter_words(&self, filter: &Filter) -> String {
        match filter {
            Filter::Equals { column, value } => format!("{} is {}", self.name(*column), literal(value)),
            Filter::Compare { column, operator, value } => {
                format!("{} {operator} {}", self.name(*column), number(*value))
            }
            Filter::Anywhere { value } => format!("a text column holds {}", literal(value)),
            Filter::Year { column, year } => format!("{} is in {year}", self.name(*column)),
            Filter::Month { column, month } => format!("{} is in month {month}", self.name(*column)),
        }
    }

    fn program(&self) -> String {
        let mut imports = self.loading().imports;
        imports.push("json");
        imports.sort_unstable();
        imports.dedup();
        let mut code: String = imports.iter().map(|name| format!("import {name}\n")).collect();
        code.push('\n');
        if self.query.chart {
            code += "import matplotlib\n\nmatplotlib.use(\"Agg\")\nimport matplotlib.pyplot as plt\n";
        }
        code += "import pandas as pd\n\n\n";
        code += SHOW;
        code += &self.helpers();
        code += &self.loading().read;
        self.query.filters.iter().for_each(|filter| code += &self.filter(filter));
        code += &self.compute();
        code
    }

    fn used(&self, wanted: impl Fn(&ColumnProfile) -> bool) -> Vec<usize> {
        let shown_only = |at: &usize| {
            let queried = self.query.measure == Some(*at)
                || self.query.filters.iter().any(|filter| matches!(filter, Filter::Compare { column, .. } if column == at))
                || self.query.filters.iter().any(|filter| matches!(filter, Filter::Year { column, .. } | Filter::Month { column, .. } if column == at))
                || self.query.keys.iter().any(|key| matches!(key, Key::Time { column, .. } if column == at));
            !queried
        };
        self.columns.iter().copied().filter(|at| !shown_only(at) && wanted(self.column(*at))).collect()
    }

    /// Columns that are turned into numbers; others stay as they were written.
    fn number_columns(&self) -> Vec<usize> {
        let distinct = self.query.operation == Operation::Distinct;
        self.used(|column| is_number(column.kind))
            .into_iter()
            .filter(|at| !(distinct && self.query.measure == Some(*at)))
            .collect()
    }

    fn date_columns(&self) -> Vec<usize> {
        self.used(|column| column.kind == ColumnKind::Date)
    }

    fn helpers(&self) -> String {
        let mut code = self.loading().helpers;
        if self
            .query
            .filters
            .iter()
            .any(|filter| matches!(filter, Filter::Equals { .. } | Filter::Anywhere { .. }))
        {
            code += MATCHES;
        }
        code
    }

    fn loading(&self) -> Loading {
        let typed: Vec<usize> = self.number_columns().into_iter().chain(self.date_columns()).collect();
        let written = self.columns.iter().copied().filter(|at| !typed.contains(at)).collect();
        load(self.table, "table", &Wanted { typed, written })
    }

    fn filter(&self, filter: &Filter) -> String {
        match filter {
            Filter::Equals { column, value } => {
                format!("table = rows_with(table, [{}], {})\n", self.name(*column), literal(value))
            }
            Filter::Anywhere { value } => {
                let names: Vec<&str> = self.text_columns().map(|at| self.column(at).name.as_str()).collect();
                format!("table = rows_with(table, {}, {})\n", list(names), literal(value))
            }
            Filter::Compare { column, operator, value } => {
                format!("table = table[table[{}] {operator} {}]\n", self.name(*column), number(*value))
            }
            Filter::Year { column, year } => {
                format!("table = table[table[{}].dt.year == {year}]\n", self.name(*column))
            }
            Filter::Month { column, month } => {
                format!("table = table[table[{}].dt.month == {month}]\n", self.name(*column))
            }
        }
    }

    fn compute(&self) -> String {
        if self.lists_rows() {
            return self.ranked_rows();
        }
        if self.query.keys.is_empty() { self.figure_of_all() } else { self.figure_by_group() }
    }

    fn figure_of_all(&self) -> String {
        let expression = match self.query.measure {
            None => "len(table)".to_owned(),
            Some(at) => format!("table[{}].{}", self.name(at), aggregate(self.query.operation)),
        };
        let drop_empty = self.drop_empty();
        format!(
            "{drop_empty}\nvalue = {expression}\nvalue = None if pd.isna(value) else float(value)\nlabel = {label}\nprint(f\"{{label}}: {{show(value)}}\")\n\n{save}",
            label = literal(&self.label),
            save = SAVE_VALUE,
        )
    }

    /// An empty cell is no value of its own when different values are counted.
    fn drop_empty(&self) -> String {
        match (self.query.operation, self.query.measure) {
            (Operation::Distinct, Some(at)) => format!(
                "table[{name}] = table[{name}].str.strip().replace(\"\", float(\"nan\"))\n",
                name = self.name(at)
            ),
            _ => String::new(),
        }
    }

    fn figure_by_group(&self) -> String {
        let mut code = String::from("\n");
        for (key, name) in self.query.keys.iter().zip(&self.key_names) {
            code += &match key {
                Key::Column(at) => format!(
                    "table[{name}] = table[{name}].{}str.strip().replace(\"\", \"(empty)\")\n",
                    if self.number_columns().contains(at) { "astype(str)." } else { "" },
                    name = literal(name)
                ),
                Key::Time { column, unit } => format!(
                    "table[{}] = table[{}]{}\n",
                    literal(name),
                    self.name(*column),
                    unit_code(*unit, self.column(*column))
                ),
            };
        }
        code += &self.drop_empty();
        let label = literal(&self.label);
        let aggregated = match self.query.measure {
            None => "size()".to_owned(),
            Some(at) => format!("[{}].{}", self.name(at), aggregate(self.query.operation)),
        };
        let aggregated = if aggregated.starts_with('[') { aggregated } else { format!(".{aggregated}") };
        let _ = writeln!(
            code,
            "answer = table.groupby({}){aggregated}.reset_index(name={label})",
            list(&self.key_names)
        );
        code += &self.order();
        code += &format!("label = {}\n", literal(&self.title()));
        code += "print(label)\nprint(answer.to_string(index=False, max_colwidth=60, formatters={";
        code += &format!("{label}: show}}))\n");
        if self.query.chart {
            code += &self.chart();
        }
        code + "\n" + SAVE_ROWS
    }

    fn order(&self) -> String {
        let label = literal(&self.label);
        match self.query.rank {
            // Who shares the first place is in the answer.
            Some(rank) if rank.count == 1 => format!(
                "answer = answer[answer[{label}] == answer[{label}].{}()]\n",
                if rank.lowest { "min" } else { "max" }
            ),
            Some(rank) => format!(
                "answer = answer.sort_values({label}, ascending={}, kind=\"stable\").head({})\n",
                if rank.lowest { "True" } else { "False" },
                rank.count
            ),
            None if self.query.keys.len() == 1 && matches!(self.query.keys[0], Key::Column(_)) => {
                format!("answer = answer.sort_values({label}, ascending=False, kind=\"stable\")\n")
            }
            None => String::new(),
        }
    }

    fn ranked_rows(&self) -> String {
        let Some((rank, measure)) = self.query.rank.zip(self.query.measure) else { return String::new() };
        let name = self.name(measure);
        format!(
            "\nanswer = table.sort_values({name}, ascending={ascending}, kind=\"stable\").head({count})\nlabel = {title}\nprint(label)\nprint(answer.to_string(index=False, max_colwidth=60, formatters={{{name}: show}}))\n\n{SAVE_ROWS}",
            ascending = if rank.lowest { "True" } else { "False" },
            count = rank.count,
            title = literal(&self.title()),
        )
    }

    fn title(&self) -> String {
        let figure = figure(self.query, self.table);
        let Some(rank) = self.query.rank else {
            return format!("{figure} by {}", self.key_names.join(", "));
        };
        let side = if rank.lowest { "Lowest" } else { "Highest" };
        let what = if self.lists_rows() { "rows".to_owned() } else { self.key_names.join(", ") };
        if rank.count == 1 {
            format!("{side} {figure}: {what}")
        } else {
            format!("{side} {} by {figure}: {what}", rank.count)
        }
    }

    fn chart(&self) -> String {
        let line = matches!(self.query.keys[..], [Key::Time { .. }]) && self.query.rank.is_none();
        let draw =
            if line { "axes.plot(positions, heights, marker=\"o\")" } else { "axes.bar(positions, heights)" };
        let shown = if line { "tail" } else { "head" };
        format!(
            r#"
# A chart of at most {CHART_POINTS_MAX} groups. Dollar signs would start a formula.
shown = answer.{shown}({CHART_POINTS_MAX})
names = shown[{keys}].astype(str).agg(" / ".join, axis=1).str.slice(0, 40).str.replace("$", r"\$", regex=False)
positions, heights = range(len(shown)), shown[{label}].astype(float)
figure, axes = plt.subplots(figsize=(max(8, 0.35 * len(shown) + 3), 5.5))
{draw}
axes.set_xticks(positions, names, rotation=45, ha="right")
axes.set_xlabel({xlabel})
axes.set_ylabel({ylabel})
axes.set_title({title})
axes.yaxis.set_major_formatter(lambda height, _: f"{{height:,g}}")
axes.grid(axis="y", alpha=0.3)
figure.tight_layout()
figure.savefig("chart.png", dpi=120)
"#,
            keys = list(&self.key_names),
            label = literal(&self.label),
            xlabel = literal(&plot_text(&self.key_names.join(", "))),
            ylabel = literal(&plot_text(&self.label)),
            title = literal(&plot_text(&self.title())),
        )
    }
}

/// Text for a chart: short, on one line, and without the sign that starts a formula.
fn plot_text(text: &str) -> String {
    let short: String =
        text.chars().map(|char| if char.is_control() { ' ' } else { char }).take(80).collect();
    short.replace('$', "\\$")
}

/// The figure in words, such as `Average Price ($)`.
fn figure(query: &Query, table: &TableProfile) -> String {
    let what = match query.operation {
        Operation::Count => return "Number of rows".to_owned(),
        Operation::Distinct => "Number of different",
        _ if query.rank.is_some() && query.keys.is_empty() => "",
        Operation::Sum => "Total",
        Operation::Mean => "Average",
        Operation::Median => "Median",
        Operation::Min => "Least",
        Operation::Max => "Greatest",
    };
    let Some(column) = query.measure.map(|at| &table.columns[at]) else { return what.to_owned() };
    let unit = column.marks.iter().find(|mark| {
        !matches!(mark.as_str(), "," | "." | "'" | "\u{2019}" | "(" | ")" | "\u{2212}")
            && !mark.trim().is_empty()
    });
    let unit = unit
        .filter(|_| query.operation != Operation::Distinct)
        .map(|unit| format!(" ({unit})"))
        .unwrap_or_default();
    format!("{what} {}{unit}", column.name).trim_start().to_owned()
}

fn aggregate(operation: Operation) -> &'static str {
    match operation {
        Operation::Count => "count()",
        Operation::Distinct => "nunique()",
        // Without a single value there is no total.
        Operation::Sum => "sum(min_count=1)",
        Operation::Mean => "mean()",
        Operation::Median => "median()",
        Operation::Min => "min()",
        Operation::Max => "max()",
    }
}

fn unit_name(unit: Unit) -> &'static str {
    match unit {
        Unit::Day => "Day",
        Unit::Week => "Week from",
        Unit::Month => "Month",
        Unit::Quarter => "Quarter",
        Unit::Year => "Year",
    }
}

fn unit_code(unit: Unit, column: &ColumnProfile) -> String {
    let months_only = matches!(column.date_format.as_deref(), Some("%Y-%m" | "%b %Y" | "%B %Y"));
    let text = match unit {
        Unit::Day if months_only => ".dt.strftime(\"%Y-%m\")",
        Unit::Day => ".dt.strftime(\"%Y-%m-%d\")",
        Unit::Week => ".dt.to_period(\"W\").dt.start_time.dt.strftime(\"%Y-%m-%d\")",
        Unit::Month => ".dt.strftime(\"%Y-%m\")",
        Unit::Quarter => ".dt.to_period(\"Q\").astype(str).replace(\"NaT\", float(\"nan\"))",
        Unit::Year => ".dt.strftime(\"%Y\")",
    };
    format!("{text}.fillna(\"(no date)\")")
}

const SHOW: &str = r#"def show(value):
    """A number as a person writes it."""
    if value is None or pd.isna(value):
        return "n/a"
    if value == int(value):
        return f"{value:,.0f}"
    return f"{value:,.2f}" if abs(value) >= 1 else f"{value:.4g}"


"#;

const MATCHES: &str = r#"def rows_with(table, names, wanted):
    """The rows with the wanted text in one of the named columns, whatever the case."""
    def matching(name):
        return table[name].str.strip().str.casefold() == wanted.strip().casefold()

    found = [name for name in names if matching(name).any()]
    if len(found) == 1:
        return table[matching(found[0])]
    if found:
        raise SystemExit(f"{wanted!r} is in several columns, say which one: {', '.join(found)}")
    if len(names) == 1:
        known = ", ".join(sorted(set(table[names[0]]))[:10])
        raise SystemExit(f"no row has {names[0]} = {wanted!r}; there are for example: {known}")
    raise SystemExit(f"no text column holds {wanted!r}")


"#;

const SAVE_VALUE: &str = r#"with open("result.json", "w", encoding="utf-8") as file:
    json.dump({"value": value, "label": label}, file, allow_nan=False)
"#;

const SAVE_ROWS: &str = r#"# pandas writes missing values as null, which json alone does not.
rows = json.loads(answer.to_json(orient="records", double_precision=15))
with open("result.json", "w", encoding="utf-8") as file:
    json.dump({"value": rows, "label": label}, file, allow_nan=False)
"#;
