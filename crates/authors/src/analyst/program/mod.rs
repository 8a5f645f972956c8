//! Writes the pandas program that answers a [`Query`], as a person would keep it.

mod frame;
mod tasks;

use std::fmt::Write;

use ringfence_job::Language;
use ringfence_pipeline::ports::{ColumnKind, Draft, Stored};

use super::{
    describe::{self, figure_name},
    python::{comment, list, literal},
    query::{Agg, Chart, Col, Expr, Filter, Having, Key, Measure, Query, Task, Unit},
    view::View,
};

/// What is said where the conditions leave nothing, as Python.
const NOTHING: &str = "\"No row meets the conditions.\"";

/// Groups of a pie at most; more are drawn as bars.
const PIE_PARTS_MAX: u64 = 8;

/// Writes the program for `query`.
pub(crate) fn write(question: &str, query: &Query, view: &View<'_>, confidence: u8) -> Draft {
    let explanation = describe::sentence(query, view);
    let code = Writer::new(query, view).program(question, &explanation);
    Draft { language: Language::Python, code, explanation, confidence: Some(confidence), memory: None }
}

/// Writes one program.
struct Writer<'a> {
    query: &'a Query,
    view: &'a View<'a>,
    /// One name for each key, in the order of the query.
    key_names: Vec<String>,
    /// One name for each figure.
    labels: Vec<String>,
    /// The functions of the helper module that are used.
    uses: Vec<&'static str>,
}

/// What is not a name of a column yet.
fn fresh(taken: &mut Vec<String>, wanted: String) -> String {
    let mut name = wanted;
    while taken.contains(&name) {
        name.push('\'');
    }
    taken.push(name.clone());
    name
}

impl<'a> Writer<'a> {
    fn new(query: &'a Query, view: &'a View<'a>) -> Writer<'a> {
        let mut taken: Vec<String> = view.columns.iter().map(|column| column.name.clone()).collect();
        let labels =
            query.measures.iter().map(|measure| fresh(&mut taken, figure_name(measure, view))).collect();
        let key_names = query
            .keys
            .iter()
            .map(|key| match key {
                Key::Column(col) => view.name(*col).to_owned(),
                Key::Months(_) => fresh(&mut taken, "Month".to_owned()),
                Key::Quarters(_) => fresh(&mut taken, "Quarter".to_owned()),
                Key::Band(col, 10_000) if view.looks_like_years(*col) => {
                    fresh(&mut taken, "Decade".to_owned())
                }
                Key::Band(col, _) => fresh(&mut taken, format!("{} band", view.name(*col))),
                Key::Time(col, unit) if view.name(*col) == unit_name(*unit) => view.name(*col).to_owned(),
                Key::Time(col, unit) if taken.iter().any(|name| name == unit_name(*unit)) => {
                    fresh(&mut taken, format!("{} of {}", unit_name(*unit), view.name(*col)))
                }
                Key::Time(_, unit) => fresh(&mut taken, unit_name(*unit).to_owned()),
            })
            .collect();
        Writer { query, view, key_names, labels, uses: Vec::new() }
    }

    fn name(&self, col: usize) -> String {
        literal(self.view.name(col))
    }

    fn call(&mut self, function: &'static str) -> &'static str {
        if !self.uses.contains(&function) {
            self.uses.push(function);
        }
        function
    }

    fn program(mut self, question: &str, explanation: &str) -> String {
        let frame = self.frame();
        let mut body = frame.read;
        // What is in no row of a kind is looked up among all rows, and an average is one of all rows.
        let (never, others): (Vec<&Filter>, Vec<&Filter>) = self.query.filters.iter().partition(|filter| {
            matches!(filter, Filter::Never { .. } | Filter::Ever { .. } | Filter::Typical { .. })
        });
        for filter in never.into_iter().chain(others) {
            let _ = writeln!(body, "table = table[{}]", self.mask(filter, "table"));
        }
        if !self.query.filters.is_empty() {
            body.push_str("table = table.copy()\n");
        }
        body += &self.as_yes_and_no();
        body += &self.once();
        if let Some(date) = self.query.measures.iter().find_map(|measure| measure.agg.date()) {
            let _ = writeln!(
                body,
                "# In the order of time; of one day as in the file, which may begin with the newest.\nif len(table) and table[{0}].iloc[0] > table[{0}].iloc[-1]:\n    table = table[::-1]\ntable = table.sort_values({0}, kind=\"stable\")",
                self.name(date)
            );
        }
        body += &self.answer();
        let mut code = comment(&format!("Question: {question}"));
        code += &comment(explanation);
        let mut imports = frame.imports;
        imports.sort_unstable();
        imports.dedup();
        for name in &imports {
            let _ = writeln!(code, "import {name}");
        }
        if !imports.is_empty() {
            code.push('\n');
        }
        self.uses.sort_unstable();
        let _ = write!(code, "import pandas as pd\nfrom ringfence import {}\n\n\n", self.uses.join(", "));
        code += &frame.helpers;
        code += &body;
        code
    }

    /// Truth values as the file says them, once the conditions are met: who writes `Yes` reads no `True`.
    fn as_yes_and_no(&self) -> String {
        let conditions = match &self.query.task {
            Task::Share(part) => part.clone(),
            _ => Vec::new(),
        };
        let computed = |col: &usize| {
            conditions.iter().any(|filter| filter.columns().contains(col))
                || self.query.measures.iter().any(|measure| measure.of.columns().contains(col))
        };
        let mut code = String::new();
        for col in self.columns_read() {
            let Some(profile) = self.view.profile(col).filter(|_| !computed(&col)) else { continue };
            let word = |meant: &str| {
                profile
                    .values
                    .iter()
                    .map(|value| value.value.trim())
                    .find(|word| word.eq_ignore_ascii_case(meant))
            };
            let written = profile.kind == ColumnKind::Boolean && profile.stored == Stored::Text;
            if let (true, Some(yes), Some(no)) = (written, word("yes"), word("no")) {
                let _ = writeln!(
                    code,
                    "table[{0}] = table[{0}].map({{True: {1}, False: {2}}})",
                    self.name(col),
                    literal(yes),
                    literal(no)
                );
            }
        }
        code
    }

    /// A figure of another table stands beside each row of the first that has its key; it counts once.
    fn once(&self) -> String {
        let mut code = String::new();
        for join in &self.view.joins {
            let of_other = |col: &usize| {
                self.view.columns.get(*col).is_some_and(|column| column.table == join.table)
                    && self.view.is_measure(*col)
            };
            // In a formula beside columns of the first table it is told of each of its rows.
            let whole = |measure: &&Measure| {
                measure.weight.is_none() && !measure.by_row && measure.of.columns().iter().all(of_other)
            };
            let cols: Vec<usize> =
                self.query.measures.iter().filter(whole).flat_map(|measure| measure.of.columns()).collect();
            if !cols.is_empty() {
                let mut names: Vec<&str> = Vec::new();
                for name in cols.iter().map(|col| self.view.name(*col)) {
                    if !names.contains(&name) {
                        names.push(name);
                    }
                }
                let names = list(names);
                let keys = list(
                    join.on
                        .iter()
                        .map(|(left, _)| self.view.tables[self.view.base].columns[*left].name.as_str()),
                );
                let _ = writeln!(
                    code,
                    "# A figure of the other table counts once for each of its rows.\ntable.loc[table.duplicated({keys}), {names}] = None"
                );
            }
        }
        code
    }

    fn answer(&mut self) -> String {
        match &self.query.task {
            Task::Figures if self.query.keys.is_empty() => self.figures(),
            Task::Figures => self.figures_by_group(),
            Task::Rows(cols) => self.rows(cols),
            Task::Values(col) => self.values(*col),
            Task::Share(part) => self.share(part),
            Task::GrowthEach => self.growth_each(),
            Task::Growth(before, after) => self.growth(before, after),
            Task::GrowthColumns(before, after) => self.growth_columns(*before, *after),
            Task::Cagr => self.cagr(),
            Task::Running => self.running(),
            Task::Pivot => self.pivot(),
            Task::Duplicates(cols) => self.duplicates(cols),
            Task::Missing(cols) => self.missing(cols),
            Task::Outliers(col) => self.outliers(*col),
            Task::Correlation(cols) => self.correlation(cols),
            Task::Describe(cols) => self.describe(cols),
            Task::Span(col) => self.span(*col),
            Task::Ageing { due, edges } => self.ageing(*due, edges),
            Task::Clean(steps) => self.clean(steps),
            Task::Draw => self.draw(),
        }
    }

    // ---- figures ----

    /// A column of the frame, or what is computed of several.
    fn expression(&self, of: &Expr, frame: &str) -> String {
        match of {
            Expr::Rows => format!("len({frame})"),
            Expr::Column(col) => format!("{frame}[{}]", self.name(*col)),
            Expr::Number(value) => super::python::number(*value),
            Expr::Op(sign, left, right) => {
                // What is empty adds nothing; less than a number it is unknown: nobody without a year of birth is 2024 years old.
                // So it is of what has no price yet.
                let unknown = |one: &Expr| match one {
                    Expr::Number(_) => true,
                    Expr::Column(col) => crate::analyst::parse::is_averaged(self.view, *col),
                    _ => false,
                };
                let fills = ![left, right].iter().any(|one| unknown(one));
                let part = |one: &Expr| {
                    let text = self.expression(one, frame);
                    if fills && matches!(sign, '+' | '-') && matches!(one, Expr::Column(_)) {
                        format!("{text}.fillna(0)")
                    } else {
                        text
                    }
                };
                format!("({} {sign} {})", part(left), part(right))
            }
            Expr::Together(_) if self.query.keys.iter().any(|key| key.melts()) => {
                format!("{frame}[\"Value of the month\"]")
            }
            Expr::Together(cols) => {
                format!("{frame}[{}].sum(axis=1)", list(cols.iter().map(|col| self.view.name(*col))))
            }
            Expr::Days(from, to) => {
                let cell = |col: usize| format!("{frame}[{}]", self.name(col));
                frame::days_from(self.view, (*from, &cell(*from)), (*to, &cell(*to)))
            }
        }
    }

    /// What is summed up of each row: of several columns together their mean, greatest or least, if that is wanted.
    fn across(&self, of: &Expr, agg: Agg, frame: &str) -> String {
        let text = self.expression(of, frame);
        match (of, agg) {
            (Expr::Together(_), Agg::Mean | Agg::Max | Agg::Min) => {
                text.replace(".sum(axis=1)", &format!(".{}(axis=1)", aggregate(agg).trim_end_matches("()")))
            }
            _ => text,
        }
    }

    /// The figure of a frame, as an expression.
    fn figure(&self, measure: &Measure, frame: &str) -> String {
        if let Some(weight) = measure.weight {
            let (of, weight) = (self.expression(&measure.of, frame), self.name(weight));
            return format!(
                "{}({of} * {frame}[{weight}]).sum() / {frame}[{weight}].where({of}.notna()).sum()",
                self.percent_factor(measure)
            );
        }
        match (&measure.of, measure.agg) {
            (Expr::Rows, _) => format!("len({frame})"),
            (Expr::Op('/', above, below), _) if measure.is_ratio() => {
                let factor = if measure.percent { "100 * " } else { "" };
                format!(
                    "{factor}{}.sum() / {}.sum()",
                    self.expression(above, frame),
                    self.expression(below, frame)
                )
            }
            (of, Agg::Last(_)) => format!(
                "{}{}.dropna().tail(1).max()",
                self.percent_factor(measure),
                self.expression(of, frame)
            ),
            (of, agg) => {
                format!("{}{}.{}", self.percent_factor(measure), self.across(of, agg, frame), aggregate(agg))
            }
        }
    }

    /// Fractions that are shown as percent are told so.
    pub(super) fn percent_factor(&self, measure: &Measure) -> &'static str {
        let one = match &measure.of {
            Expr::Column(col) => {
                self.view.profile(*col).and_then(|profile| profile.unit.as_deref()) == Some("fraction")
            }
            Expr::Op('/', ..) => measure.percent,
            _ => false,
        };
        if one && !matches!(measure.agg, Agg::Count | Agg::Distinct) { "100 * " } else { "" }
    }

    fn figures(&mut self) -> String {
        let mut code = String::from("\n");
        code += &self.drop_empty();
        if let [measure] = &self.query.measures[..] {
            let value = self.figure(measure, "table");
            let date = describe::is_date(measure, self.view) && matches!(measure.agg, Agg::Min | Agg::Max);
            let _ = writeln!(code, "value = {value}");
            if date {
                code += "value = str(value)[:10]\n";
            } else if let Some(decimals) = self.query.decimals {
                let _ = writeln!(code, "value = round(value, {decimals})");
            }
            let label = literal(&self.labels[0]);
            let unit = describe::unit(measure, self.view)
                .map(|unit| format!(", unit={}", literal(&unit)))
                .unwrap_or_default();
            let show = self.call("show");
            if measure.agg == Agg::Sum && !measure.is_ratio() && !self.query.filters.is_empty() {
                let _ = writeln!(
                    code,
                    "if table.empty:\n    {show}({NOTHING})\n{show}(value, label={label}{unit})"
                );
            } else if matches!(measure.agg, Agg::Sum | Agg::Count | Agg::Distinct) && !measure.is_ratio() {
                let _ = writeln!(code, "{show}(value, label={label}{unit})");
            } else {
                let _ = writeln!(
                    code,
                    "if pd.isna(value):\n    {show}(\"No row has a value for this.\", label={label})\nelse:\n    {show}(value, label={label}{unit})"
                );
            }
        } else {
            code += "answer = pd.DataFrame({\n";
            for (measure, label) in self.query.measures.iter().zip(&self.labels) {
                let _ = writeln!(code, "    {}: [{}],", literal(label), self.figure(measure, "table"));
            }
            let show = self.call("show");
            let _ = writeln!(code, "}}){}\n{show}(answer)", self.round());
        }
        code + &self.saved("answer", self.query.measures.len() > 1)
    }

    /// An empty cell is no value of its own when different values are counted.
    fn drop_empty(&self) -> String {
        let mut code = String::new();
        for measure in &self.query.measures {
            if let (Agg::Distinct | Agg::Count, Expr::Column(col)) = (measure.agg, &measure.of) {
                let name = self.name(*col);
                if !self.view.is_number(*col) {
                    let _ = writeln!(code, "table[{name}] = table[{name}].replace(\"\", None)");
                }
            }
        }
        code
    }

    /// Statements that make the columns of the keys.
    fn keys(&self, keys: &[Key]) -> String {
        let mut code = String::new();
        for (key, name) in self.query.keys.iter().zip(&self.key_names).filter(|(key, _)| keys.contains(key)) {
            let text = literal(name);
            let source = self.name(key.column());
            let empty = self.view.profile(key.column()).is_some_and(|profile| profile.empty > 0)
                || !self.view.joins.is_empty();
            if matches!(key, Key::Column(col) if self.view.is_spelled_unlike(*col)) {
                // Each spelling becomes the most usual one.
                let cell = format!("table[{text}]");
                let alike = format!("{cell}.str.strip().str.casefold()");
                let _ =
                    writeln!(code, "{cell} = {cell}.groupby({alike}).transform(lambda same: same.mode()[0])");
            }
            match key {
                Key::Time(col, unit) => {
                    if empty {
                        let _ = writeln!(code, "table = table[table[{source}].notna()].copy()");
                    }
                    let _ = writeln!(
                        code,
                        "table[{text}] = {}",
                        unit_code(*unit, &format!("table[{}]", self.name(*col)))
                    );
                }
                // Nothing is no answer to who or what has the most.
                Key::Column(col) if empty && self.query.leaves_nameless_out() => {
                    let cell = format!("table[{text}]");
                    let filled = if self.view.kind(*col) == ringfence_pipeline::ports::ColumnKind::Text {
                        format!("{cell}.fillna(\"\") != \"\"")
                    } else {
                        format!("{cell}.notna()")
                    };
                    let _ = writeln!(code, "table = table[{filled}].copy()");
                }
                Key::Column(col) if empty && !self.view.is_number(*col) => {
                    let _ = match self.view.kind(*col) {
                        ringfence_pipeline::ports::ColumnKind::Text => writeln!(
                            code,
                            "table[{text}] = table[{text}].replace(\"\", None).fillna(\"(empty)\")"
                        ),
                        ringfence_pipeline::ports::ColumnKind::Date => writeln!(
                            code,
                            "table[{text}] = table[{text}].dt.strftime(\"%Y-%m-%d\").fillna(\"(empty)\")"
                        ),
                        _ => writeln!(
                            code,
                            "table[{text}] = table[{text}].map({{True: \"yes\", False: \"no\"}}).fillna(\"(empty)\")"
                        ),
                    };
                }
                Key::Months(_) => code += &self.melted(&text),
                Key::Quarters(_) => {
                    code += &self.melted(&text);
                    let quarter = |col: usize| self.view.month(col).map_or(0, |month| (month + 2) / 3);
                    let named: Vec<String> = self
                        .view
                        .months()
                        .into_iter()
                        .map(|col| format!("{}: \"Q{}\"", self.name(col), quarter(col)))
                        .collect();
                    let _ = writeln!(
                        code,
                        "table[{text}] = table[{text}].astype(str).map({{{}}})",
                        named.join(", ")
                    );
                }
                Key::Band(col, width) => code += &self.bands(*col, *width, &text),
                Key::Column(_) => {}
            }
        }
        code
    }

    /// Statements that put each row into the band of its number; bands come in the order of their numbers.
    fn bands(&self, col: Col, width: u64, name: &str) -> String {
        let source = format!("table[{}]", self.name(col));
        let whole = width.is_multiple_of(1000) && self.view.kind(col) == ColumnKind::Integer;
        let width = describe::thousandths(width);
        if whole && self.view.looks_like_years(col) {
            let width = super::python::number(width);
            return format!(
                "table = table[{source}.notna()].copy()\ntable[{name}] = {source} // {width} * {width}\n"
            );
        }
        let label = match whole {
            true => format!("f\"{{low:.0f}} to {{low + {}:.0f}}\"", super::python::number(width - 1.0)),
            false => format!("f\"{{low:g}} to under {{low + {}:g}}\"", super::python::number(width)),
        };
        let width = super::python::number(width);
        format!(
            "table = table[{source}.notna()].copy()\nlowest = ({source} // {width}) * {width}\nbands = {{low: {label} for low in sorted(lowest.unique())}}\ntable[{name}] = pd.Categorical(lowest.map(bands), categories=list(bands.values()), ordered=True)\n"
        )
    }

    /// A row for each month, of a table that has a column for each.
    fn melted(&self, name: &str) -> String {
        let months = self.query.measures.iter().find_map(|measure| match &measure.of {
            Expr::Together(cols) => Some(cols.clone()),
            _ => None,
        });
        let names: Vec<&str> = months.iter().flatten().map(|col| self.view.name(*col)).collect();
        let months = list(&names);
        format!(
            "# A row for each month, in place of a column for each.\nmonths = {months}\ntable = table.melt(id_vars=[name for name in table.columns if name not in months], value_vars=months, var_name={name}, value_name=\"Value of the month\")\ntable[{name}] = pd.Categorical(table[{name}], categories=months, ordered=True)\n"
        )
    }

    /// Statements that leave a row for each group in `answer`.
    fn grouped(&mut self) -> String {
        self.grouped_of("table", "answer")
    }

    fn grouped_of(&mut self, frame: &str, answer: &str) -> String {
        let mut code = String::new();
        let keys = list(&self.key_names);
        let mut figures: Vec<String> = Vec::new();
        for (measure, label) in self.query.measures.iter().zip(&self.labels) {
            let label = literal(label);
            let column = |code: &mut String, of: &Expr, agg: Agg, suffix: &str| -> String {
                match of {
                    Expr::Column(col) => self.name(*col),
                    _ => {
                        let name = format!("{label}{suffix}");
                        let _ = writeln!(code, "{frame}[{name}] = {}", self.across(of, agg, frame));
                        name
                    }
                }
            };
            let figure = match (&measure.of, measure.agg, measure.weight) {
                (Expr::Rows, _, _) => "groups.size()".to_owned(),
                (of, _, Some(weight)) => {
                    let name = literal(&format!("{} weighted", self.labels[0]));
                    let _ = writeln!(
                        code,
                        "{frame}[{name}] = {} * {frame}[{}]",
                        self.expression(of, frame),
                        self.name(weight)
                    );
                    format!(
                        "{}groups[{name}].sum() / groups[{}].sum()",
                        self.percent_factor(measure),
                        self.name(weight)
                    )
                }
                (Expr::Op('/', above, below), ..) if measure.is_ratio() => {
                    let above = column(&mut code, above, Agg::Sum, " + \" above\"");
                    let below = column(&mut code, below, Agg::Sum, " + \" below\"");
                    let factor = if measure.percent { "100 * " } else { "" };
                    format!("{factor}groups[{above}].sum() / groups[{below}].sum()")
                }
                (of, agg, _) => {
                    let name = column(&mut code, of, agg, "");
                    format!("{}groups[{name}].{}", self.percent_factor(measure), aggregate(agg))
                }
            };
            figures.push(format!("    {label}: {figure},"));
        }
        let _ = writeln!(code, "groups = {frame}.groupby({keys}, dropna=False, observed=True)");
        let _ = writeln!(code, "{answer} = pd.DataFrame({{\n{}\n}}).reset_index()", figures.join("\n"));
        code
    }

    fn figures_by_group(&mut self) -> String {
        let mut code = String::from("\n");
        code += &self.drop_empty();
        code += &self.keys(&self.query.keys);
        code += &self.grouped();
        if self.query.mean_of_groups {
            let label = self.ranked_label();
            let show = self.call("show");
            let name = literal(&format!(
                "Average of {} by {}",
                describe::lower_first(&self.labels[0]),
                self.key_names.join(" and ")
            ));
            let _ = writeln!(code, "value = answer[{label}].astype(float).mean()");
            if let Some(decimals) = self.query.decimals {
                let _ = writeln!(code, "value = round(value, {decimals})");
            }
            let _ = writeln!(code, "{show}(value, label={name})");
            return code;
        }
        if self.query.groups_shared {
            code += "groups = len(answer)\n";
            code += &self.having();
            let show = self.call("show");
            let label = literal(&describe::shared_label(self.query, self.view));
            let _ = writeln!(
                code,
                "{show}(100 * len(answer) / groups if groups else {NOTHING}, label={label}, unit=\"%\")"
            );
            return code;
        }
        code += &self.having();
        if self.query.groups_counted {
            let show = self.call("show");
            let _ = writeln!(
                code,
                "{show}(len(answer), label={})",
                literal(&describe::groups_label(self.query, self.view))
            );
            return code;
        }
        code += &self.order();
        if self.query.decimals.is_some() {
            let _ = writeln!(code, "answer = answer{}", self.round());
        }
        code += &self.shown("answer");
        code + &self.saved("answer", true)
    }

    /// What rounds the numbers of a table.
    fn round(&self) -> String {
        self.query.decimals.map_or_else(String::new, |decimals| format!(".round({decimals})"))
    }

    fn having(&self) -> String {
        let label = |at: usize| literal(self.labels.get(at).map_or("", String::as_str));
        match &self.query.having {
            Some(Having::Number { measure, cmp, value }) => {
                format!(
                    "answer = answer[answer[{}] {} {}]\n",
                    label(*measure),
                    cmp.sign(),
                    super::python::number(*value)
                )
            }
            Some(Having::Typical { measure, cmp, agg }) => {
                let of_rows = match self.query.measures.get(*measure) {
                    Some(Measure { agg: Agg::Mean, of: Expr::Column(col), .. }) => {
                        Some(format!("table[{}]", self.name(*col)))
                    }
                    _ => None,
                };
                format!(
                    "answer = answer[answer[{0}] {1} {2}.{3}]\n",
                    label(*measure),
                    cmp.sign(),
                    of_rows.unwrap_or_else(|| format!("answer[{}]", label(*measure))),
                    aggregate(*agg)
                )
            }
            Some(Having::Measures { left, cmp, right }) => {
                format!(
                    "answer = answer[answer[{}] {} answer[{}]]\n",
                    label(*left),
                    cmp.sign(),
                    label(*right)
                )
            }
            None => String::new(),
        }
    }

    /// The label by which groups are ranked.
    fn ranked_label(&self) -> String {
        literal(self.labels.first().map_or("", String::as_str))
    }

    /// Ranks and sorts the groups.
    fn order(&self) -> String {
        self.ranked_groups() + &self.sorted_groups()
    }

    /// The order that was asked for.
    fn sorted_groups(&self) -> String {
        let Some(sort) = self.query.sort else { return String::new() };
        let key = |col| {
            self.query.keys.iter().position(|key| key.column() == col).and_then(|at| self.key_names.get(at))
        };
        let figure = |col| {
            self.query
                .measures
                .iter()
                .position(|measure| measure.of.columns().contains(&col))
                .and_then(|at| self.labels.get(at))
        };
        let name = sort
            .by
            .and_then(|col| key(col).or_else(|| figure(col)).map(|name| literal(name)))
            .unwrap_or_else(|| self.ranked_label());
        format!(
            "answer = answer.sort_values({name}, ascending={}, kind=\"stable\")\n",
            if sort.rising { "True" } else { "False" }
        )
    }

    fn ranked_groups(&self) -> String {
        let label = self.ranked_label();
        match self.query.rank {
            Some(rank) if rank.within && rank.count == 1 && self.query.keys.len() > 1 => format!(
                "best = answer.groupby({first})[{label}].transform(\"{}\")\nanswer = answer[answer[{label}] == best].sort_values({first})\n",
                if rank.lowest { "min" } else { "max" },
                first = literal(&self.key_names[0]),
            ),
            Some(rank) if rank.within && self.query.keys.len() > 1 => format!(
                "answer = answer.sort_values([{first}, {label}], ascending=[True, {}], kind=\"stable\").groupby({first}).head({})\n",
                if rank.lowest { "True" } else { "False" },
                rank.count,
                first = literal(&self.key_names[0]),
            ),
            Some(rank) if rank.nth => format!(
                "answer = answer[answer[{label}] == {}]\n",
                frame::place(&format!("answer[{label}]"), rank)
            ),
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
            None if self.query.sort.is_none() && self.sorts_by_figure() => {
                format!("answer = answer.sort_values({label}, ascending=False, kind=\"stable\")\n")
            }
            None => String::new(),
        }
    }

    fn sorts_by_figure(&self) -> bool {
        matches!(self.query.keys[..], [Key::Column(col)] if !self.view.is_calendar(col) && !self.view.is_number(col))
            && !self.labels.is_empty()
    }

    /// Shows a frame, and draws it if that was asked for.
    fn shown(&mut self, frame: &str) -> String {
        let show = self.call("show");
        let mut code = self.said_if_empty(frame);
        let _ = writeln!(code, "{show}({frame})");
        let chart = self.charted(frame);
        if self.query.filters.is_empty() || chart.is_empty() {
            return code + &chart;
        }
        // Nothing cannot be drawn.
        let drawn: String = chart.lines().map(|line| format!("    {line}\n")).collect();
        code + &format!("if not {frame}.empty:\n{drawn}")
    }

    /// A table without rows looks like a fault: why it has none is said.
    fn said_if_empty(&mut self, frame: &str) -> String {
        if self.query.filters.is_empty() && self.query.having.is_none() {
            return String::new();
        }
        let show = self.call("show");
        format!("if {frame}.empty:\n    {show}({NOTHING})\n")
    }

    fn charted(&mut self, frame: &str) -> String {
        let Some(chart) = self.query.chart else { return String::new() };
        let time = self.time_key();
        let kind = match chart {
            Chart::Any if matches!(self.query.task, Task::Share(_)) && self.few_groups() => "pie",
            Chart::Any if time.is_some() => "line",
            Chart::Line => "line",
            Chart::Pie => "pie",
            Chart::Scatter => "scatter",
            Chart::Histogram => "histogram",
            Chart::Box => "box",
            Chart::Any | Chart::Bar => "bar",
        };
        let title = literal(&describe::title(self.query, self.view));
        let call = self.call("chart");
        let Some(first) = self.labels.first() else { return String::new() };
        if self.key_names.len() == 2 && self.labels.len() == 1 {
            // One line or bar colour for each value of the other key.
            let x = time.unwrap_or(0);
            let (x, series) = (literal(&self.key_names[x]), literal(&self.key_names[1 - x]));
            return format!(
                "wide = {frame}.pivot(index={x}, columns={series}, values={}).fillna(0).reset_index()\nwide.columns = [str(name) for name in wide.columns]\n{call}({}, wide, x={x}, y=list(wide.columns[1:]), title={title})\n",
                literal(first),
                literal(kind)
            );
        }
        let Some(x) = self.key_names.first() else { return String::new() };
        let y = if self.labels.len() == 1 { literal(first) } else { list(&self.labels) };
        format!("{call}({}, {frame}, x={}, y={y}, title={title})\n", literal(kind), literal(x))
    }

    fn few_groups(&self) -> bool {
        self.query.keys.iter().all(|key| {
            self.view.profile(key.column()).is_some_and(|profile| profile.distinct <= PIE_PARTS_MAX)
        })
    }

    fn time_key(&self) -> Option<usize> {
        self.query.keys.iter().position(|key| key.is_time() || self.view.is_calendar(key.column()))
    }

    fn saved(&mut self, frame: &str, is_frame: bool) -> String {
        if !self.query.save || !is_frame {
            return String::new();
        }
        let save = self.call("save");
        format!("{save}({frame}, \"answer.xlsx\")\n")
    }
}

pub(super) fn aggregate(agg: Agg) -> String {
    let call = match agg {
        Agg::Count => "count()",
        Agg::Distinct => "nunique()",
        Agg::Sum => "sum()",
        Agg::Mean => "mean()",
        Agg::Median => "median()",
        Agg::Min => "min()",
        Agg::Max => "max()",
        Agg::Std => "std()",
        Agg::Range => "agg(lambda values: values.max() - values.min())",
        Agg::Last(_) => "last()",
        Agg::Mode => "agg(lambda values: values.mode().iloc[0])",
        Agg::Quantile(percent) => return format!("quantile({})", f64::from(percent) / 100.0),
    };
    call.to_owned()
}

fn unit_name(unit: Unit) -> &'static str {
    match unit {
        Unit::Day => "Day",
        Unit::Week => "Week",
        Unit::Month => "Month",
        Unit::Quarter => "Quarter",
        Unit::Year => "Year",
        Unit::Weekday => "Weekday",
        Unit::Hour => "Hour",
    }
}

fn unit_code(unit: Unit, dates: &str) -> String {
    match unit {
        Unit::Day => format!("{dates}.dt.strftime(\"%Y-%m-%d\")"),
        // A week is called by its Monday.
        Unit::Week => format!("{dates}.dt.to_period(\"W\").dt.start_time.dt.strftime(\"%Y-%m-%d\")"),
        Unit::Month => format!("{dates}.dt.to_period(\"M\").astype(str)"),
        Unit::Quarter => format!("{dates}.dt.to_period(\"Q\").astype(str)"),
        Unit::Year => format!("{dates}.dt.year"),
        Unit::Weekday => format!(
            "pd.Categorical({dates}.dt.day_name(), ordered=True,\n    categories=[\"Monday\", \"Tuesday\", \"Wednesday\", \"Thursday\", \"Friday\", \"Saturday\", \"Sunday\"])"
        ),
        Unit::Hour => format!("{dates}.dt.hour"),
    }
}
