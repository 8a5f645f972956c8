//! What is computed for each kind of answer.

use std::fmt::Write;

use ringfence_pipeline::ports::{ColumnKind, ColumnRole};

use super::Writer;
use crate::analyst::{
    dates::iso,
    describe,
    python::{list, literal},
    query::{Agg, Chart, Cleaning, Col, Expr, Filter, Period},
};

impl Writer<'_> {
    // ---- rows ----

    pub(super) fn rows(&mut self, cols: &[Col]) -> String {
        let mut code = String::from("\n");
        let mut shown: Vec<Col> = cols.to_vec();
        let whole = cols.is_empty() || (self.query.save && cols.len() < 2);
        if !whole {
            // What tells the rows apart comes first.
            if let Some(key) = self.row_key(cols) {
                shown.insert(0, key);
            }
            shown.extend(self.query.filters.iter().flat_map(Filter::columns));
            shown.extend(self.query.measures.iter().flat_map(|measure| measure.of.columns()));
            shown.extend(self.query.sort.and_then(|sort| sort.by));
        } else {
            shown.clear();
            shown.extend(
                (0..self.view.columns.len())
                    .filter(|col| self.view.columns[*col].table == self.view.base)
                    .take(40),
            );
            shown.extend(self.query.columns());
        }
        let mut names: Vec<String> = Vec::new();
        for col in shown {
            let name = self.view.name(col).to_owned();
            if !names.contains(&name) {
                names.push(name);
            }
        }
        if let (Some(rank), Some(measure)) = (self.query.rank, self.query.measures.first()) {
            let by = match &measure.of {
                Expr::Column(col) => self.name(*col),
                of => {
                    let label = literal(&self.labels[0]);
                    let _ = writeln!(
                        code,
                        "table[{label}] = {}{}",
                        self.percent_factor(measure),
                        self.expression(of, "table")
                    );
                    names.push(self.labels[0].clone());
                    label
                }
            };
            let ascending = if rank.lowest { "True" } else { "False" };
            if rank.within && !self.key_names.is_empty() {
                code += &self.keys(&self.query.keys);
                let keys = list(&self.key_names);
                names.splice(
                    0..0,
                    self.key_names.iter().filter(|name| !names.contains(name)).cloned().collect::<Vec<_>>(),
                );
                let _ = writeln!(
                    code,
                    "table = table.sort_values({by}, ascending={ascending}, kind=\"stable\").groupby({keys}, dropna=False, observed=True).head({})",
                    rank.count
                );
            } else if rank.nth {
                let figure = super::frame::place(&format!("table[{by}]"), rank);
                let _ = writeln!(code, "table = table[table[{by}] == {figure}]");
            } else if rank.count == 1 {
                let side = if rank.lowest { "min" } else { "max" };
                let _ = writeln!(
                    code,
                    "# Who shares the first place is in the answer.\ntable = table[table[{by}] == table[{by}].{side}()]"
                );
            } else {
                let _ = writeln!(
                    code,
                    "table = table.sort_values({by}, ascending={ascending}, kind=\"stable\").head({})",
                    rank.count
                );
            }
        }
        if let Some(sort) = self.query.sort.filter(|sort| sort.by.is_some() || self.query.rank.is_none()) {
            let by = sort.by.or_else(|| {
                self.query.measures.first().and_then(|measure| measure.of.columns().first().copied())
            });
            if let Some(col) = by {
                let _ = writeln!(
                    code,
                    "table = table.sort_values({}, ascending={}, kind=\"stable\")",
                    self.name(col),
                    if sort.rising { "True" } else { "False" }
                );
            }
        }
        let _ = writeln!(code, "answer = table[{}]", list(&names));
        if self.query.save {
            code += &self.percent_as_shares("answer");
        }
        let show = self.call("show");
        code += &self.said_if_empty("answer");
        let _ = writeln!(code, "{show}(answer)");
        code + &self.saved("answer", true)
    }

    /// A workbook holds 12 % as 0.12.
    fn percent_as_shares(&self, frame: &str) -> String {
        let percent: Vec<&str> = self
            .view
            .columns
            .iter()
            .filter(|column| {
                column.table == self.view.base
                    && column.profile.unit.as_deref() == Some("%")
                    // What is 12 below a header with the sign stays 12.
                    && column.profile.marks.iter().any(|mark| mark == "%")
                    && crate::analyst::view::is_number(column.profile.kind)
            })
            .map(|column| column.name.as_str())
            .collect();
        if percent.is_empty() {
            return String::new();
        }
        format!(
            "# A workbook holds 12 % as 0.12.\n{frame} = {frame}.assign(**{{name: {frame}[name] / 100 for name in {} if name in {frame}}})\n",
            list(percent)
        )
    }

    pub(super) fn values(&mut self, col: Col) -> String {
        let name = self.name(col);
        let show = self.call("show");
        let rising = self.query.sort.is_none_or(|sort| sort.rising);
        let mut code = format!(
            "\nanswer = table[[{name}]].drop_duplicates().sort_values({name}, ascending={})\n",
            if rising { "True" } else { "False" }
        );
        if self.view.kind(col) == ColumnKind::Text {
            let _ = writeln!(code, "answer = answer[answer[{name}] != \"\"]");
        }
        code += &self.said_if_empty("answer");
        let _ = writeln!(code, "{show}(answer)");
        code + &self.saved("answer", true)
    }

    // ---- shares and growth ----

    pub(super) fn share(&mut self, part: &[Filter]) -> String {
        let Some(measure) = self.query.measures.first().cloned() else { return String::new() };
        let show = self.call("show");
        if self.query.keys.is_empty() {
            let mut code = format!("\npart = table[{}]\n", self.masks(part, "table"));
            let _ = writeln!(
                code,
                "share = 100 * {} / {}",
                self.figure(&measure, "part"),
                self.figure(&measure, "table")
            );
            let label = literal(&format!("Share of {}", describe::lower_first(&self.labels[0])));
            let _ = writeln!(code, "{show}(share, label={label}, unit=\"%\")");
            return code;
        }
        let mut code = String::from("\n");
        code += &self.keys(&self.query.keys);
        let label = literal(&self.labels[0]);
        if part.is_empty() {
            code += &self.grouped();
            let _ = writeln!(code, "answer[\"Share (%)\"] = 100 * answer[{label}] / answer[{label}].sum()");
        } else {
            let _ = writeln!(code, "part = table[{}].copy()", self.masks(part, "table"));
            code += &self.grouped_of("part", "parts");
            code += &self.grouped();
            let keys = list(&self.key_names);
            let _ = writeln!(
                code,
                "answer = answer.merge(parts, on={keys}, how=\"left\", suffixes=(\"\", \" of that\")).fillna({{{label} + \" of that\": 0}})"
            );
            let _ = writeln!(
                code,
                "answer[\"Share (%)\"] = 100 * answer[{label} + \" of that\"] / answer[{label}]"
            );
        }
        let ranked = std::mem::replace(&mut self.labels[0], "Share (%)".to_owned());
        code += &self.order();
        self.labels[0] = ranked;
        let shares = self.labels[0].clone();
        if let Some(rank) = self.query.rank.filter(|rank| part.is_empty() && rank.count > 1 && !rank.within) {
            let label = literal(&format!("Share of the {} together", rank.count));
            let _ = writeln!(code, "{show}(answer[\"Share (%)\"].sum(), label={label}, unit=\"%\")");
        }
        code += &format!("{show}(answer)\n");
        self.labels[0] = "Share (%)".to_owned();
        code += &self.charted("answer");
        self.labels[0] = shares;
        code + &self.saved("answer", true)
    }

    pub(super) fn growth_each(&mut self) -> String {
        let mut code = String::from("\n");
        code += &self.keys(&self.query.keys);
        code += &self.grouped();
        let label = literal(&self.labels[0]);
        // The calendar may be in several columns: year and quarter.
        let others: Vec<&String> = self
            .query
            .keys
            .iter()
            .zip(&self.key_names)
            .filter(|(key, _)| !key.is_time() && !self.view.is_calendar(key.column()))
            .map(|(_, name)| name)
            .collect();
        let of = if others.is_empty() {
            format!("answer[{label}]")
        } else {
            format!("answer.groupby({})[{label}]", list(others))
        };
        let _ = writeln!(
            code,
            "# Against the period before; the first has none.\nanswer[\"Growth (%)\"] = 100 * {of}.pct_change()"
        );
        code += &self.shown_growth();
        code + &self.saved("answer", true)
    }

    fn shown_growth(&mut self) -> String {
        let show = self.call("show");
        format!("{show}(answer)\n") + &self.charted("answer")
    }

    pub(super) fn growth(&mut self, before: &Period, after: &Period) -> String {
        let Some(measure) = self.query.measures.first().cloned() else { return String::new() };
        let show = self.call("show");
        let (first, second) = (literal(&before.name), literal(&after.name));
        let mut code = String::from("\n");
        code += &self.keys(&self.query.keys);
        let _ = writeln!(code, "before = table[{}].copy()", self.masks(&before.filters, "table"));
        let _ = writeln!(code, "after = table[{}].copy()", self.masks(&after.filters, "table"));
        if self.query.keys.is_empty() {
            let _ = writeln!(
                code,
                "first, second = {}, {}",
                self.figure(&measure, "before"),
                self.figure(&measure, "after")
            );
            let label = literal(&format!(
                "Growth of {} from {} to {}",
                describe::lower_first(&self.labels[0]),
                before.name,
                after.name
            ));
            if self.query.difference {
                let label = literal(&format!(
                    "Difference of {} from {} to {}",
                    describe::lower_first(&self.labels[0]),
                    before.name,
                    after.name
                ));
                let _ = writeln!(code, "{show}(second - first, label={label})");
            }
            let _ = writeln!(
                code,
                "if first:\n    {show}(100 * (second / first - 1), label={label}, unit=\"%\")\nelse:\n    {show}(\"There is nothing to compare with in the first period.\", label={label})"
            );
            let _ = writeln!(
                code,
                "{show}(pd.DataFrame({{\"Period\": [{first}, {second}], {}: [first, second]}}))",
                literal(&self.labels[0])
            );
            return code;
        }
        let label = literal(&self.labels[0]);
        code += &self.grouped_of("before", "first");
        code += &self.grouped_of("after", "second");
        let keys = list(&self.key_names);
        let _ = writeln!(
            code,
            "answer = first.merge(second, on={keys}, how=\"outer\", suffixes=(\"\", \" after\"))"
        );
        let _ = writeln!(
            code,
            "answer = answer.rename(columns={{{label}: {first}, {label} + \" after\": {second}}})"
        );
        if let Some(rises) = self.query.moved {
            let sign = if rises { '>' } else { '<' };
            let _ = writeln!(
                code,
                "answer = answer[answer[{second}].fillna(0) {sign} answer[{first}].fillna(0)].copy()"
            );
        }
        let _ = writeln!(code, "answer[\"Growth (%)\"] = 100 * (answer[{second}] / answer[{first}] - 1)");
        code += &self.ranked_growth();
        let _ = writeln!(code, "{show}(answer)");
        let label = std::mem::replace(&mut self.labels[0], "Growth (%)".to_owned());
        code += &self.charted("answer");
        self.labels[0] = label;
        code + &self.saved("answer", true)
    }

    fn ranked_growth(&self) -> String {
        let lowest = self.query.rank.is_some_and(|rank| rank.lowest);
        let head = self.query.rank.map(|rank| format!(".head({})", rank.count)).unwrap_or_default();
        format!(
            "answer = answer.sort_values(\"Growth (%)\", ascending={}){head}\n",
            if lowest { "True" } else { "False" }
        )
    }

    pub(super) fn growth_columns(&mut self, before: Col, after: Col) -> String {
        let (first, second) = (self.name(before), self.name(after));
        let show = self.call("show");
        if self.query.keys.is_empty() {
            return format!(
                "\nfirst, second = table[{first}].sum(), table[{second}].sum()\n{show}(100 * (second / first - 1), label=\"Growth\", unit=\"%\")\n{show}(pd.DataFrame({{\"Column\": [{first}, {second}], \"Total\": [first, second]}}))\n"
            );
        }
        let keys = list(&self.key_names);
        let mut code = format!(
            "\n{}answer = table.groupby({keys}, dropna=False)[[{first}, {second}]].sum().reset_index()\n",
            self.keys(&self.query.keys)
        );
        let _ = writeln!(code, "answer[\"Change\"] = answer[{second}] - answer[{first}]");
        let _ = writeln!(code, "answer[\"Growth (%)\"] = 100 * (answer[{second}] / answer[{first}] - 1)");
        code += &self.ranked_growth();
        let _ = writeln!(code, "{show}(answer)");
        code + &self.saved("answer", true)
    }

    pub(super) fn cagr(&mut self) -> String {
        let Some(measure) = self.query.measures.first().cloned() else { return String::new() };
        let year = self.query.keys.iter().find(|key| !key.is_time() && self.view.is_calendar(key.column()));
        let date = (0..self.view.columns.len()).find(|col| self.view.kind(*col) == ColumnKind::Date);
        let years = match (
            year,
            self.query.keys.iter().find(|key| key.is_time()),
            date,
            self.view.calendar_column("year"),
        ) {
            (Some(key), ..) => format!("table[{}]", self.name(key.column())),
            (_, Some(key), ..) => format!("table[{}].dt.year", self.name(key.column())),
            (_, _, _, Some(col)) => format!("table[{}]", self.name(col)),
            (_, _, Some(col), _) => format!("table[{}].dt.year", self.name(col)),
            _ => return String::new(),
        };
        let show = self.call("show");
        let label = literal(&format!("CAGR of {}", describe::lower_first(&self.labels[0])));
        format!(
            "\nyears = {}.groupby({years}).sum().sort_index()\nspan = int(years.index[-1] - years.index[0])\nrate = 100 * ((years.iloc[-1] / years.iloc[0]) ** (1 / span) - 1) if span else float(\"nan\")\n{show}(rate, label={label}, unit=\"%\")\n{show}(years.rename_axis(\"Year\").reset_index(name={}))\n",
            self.expression(&measure.of, "table"),
            literal(&self.labels[0])
        )
    }

    pub(super) fn running(&mut self) -> String {
        let mut code = String::from("\n");
        code += &self.keys(&self.query.keys);
        code += &self.grouped();
        let running = literal(&format!("Running {}", describe::lower_first(&self.labels[0])));
        let label = literal(&self.labels[0]);
        let others: Vec<&String> = self
            .query
            .keys
            .iter()
            .zip(&self.key_names)
            .filter(|(key, _)| !key.is_time() && !self.view.is_calendar(key.column()))
            .map(|(_, name)| name)
            .collect();
        let of = if others.is_empty() {
            format!("answer[{label}]")
        } else {
            format!("answer.groupby({})[{label}]", list(others))
        };
        let _ = writeln!(code, "answer[{running}] = {of}.cumsum()");
        let show = self.call("show");
        let _ = writeln!(code, "{show}(answer)");
        let running = format!("Running {}", describe::lower_first(&self.labels[0]));
        let label = std::mem::replace(&mut self.labels[0], running);
        code += &self.charted("answer");
        self.labels[0] = label;
        code + &self.saved("answer", true)
    }

    pub(super) fn pivot(&mut self) -> String {
        let mut code = String::from("\n");
        code += &self.drop_empty();
        code += &self.keys(&self.query.keys);
        code += &self.grouped();
        let (rows, across) = self.key_names.split_at(self.key_names.len().saturating_sub(1));
        let additive =
            self.query.measures.first().is_some_and(|measure| matches!(measure.agg, Agg::Sum | Agg::Count));
        let fill = if additive { ".fillna(0)" } else { "" };
        let _ = writeln!(
            code,
            "matrix = answer.pivot(index={}, columns={}, values={}){fill}.reset_index()\nmatrix.columns = [str(name) for name in matrix.columns]",
            list(rows),
            literal(across.first().map_or("", String::as_str)),
            literal(&self.labels[0])
        );
        let show = self.call("show");
        let _ = writeln!(code, "{show}(matrix)");
        code += &self.charted("answer");
        code + &self.saved("matrix", true)
    }

    // ---- quality ----

    pub(super) fn duplicates(&mut self, cols: &[Col]) -> String {
        let show = self.call("show");
        let subset = if cols.is_empty() {
            String::new()
        } else {
            format!("{}, ", list(cols.iter().map(|col| self.view.name(*col))))
        };
        let label = if cols.is_empty() {
            "Duplicate rows".to_owned()
        } else {
            format!("Rows that repeat {}", describe::names(cols, self.view))
        };
        let mut code = String::from(
            "\n# White space around a value makes no difference.\ntable = table.apply(lambda column: column.str.strip() if column.dtype == object or str(column.dtype) == \"str\" else column)\n",
        );
        if !cols.is_empty() {
            for col in cols {
                if self.view.kind(*col) == ColumnKind::Text {
                    let _ = writeln!(code, "table = table[table[{}] != \"\"]", self.name(*col));
                }
            }
        }
        let _ = writeln!(code, "repeated = table.duplicated({subset}keep=\"first\")");
        let _ = writeln!(code, "{show}(int(repeated.sum()), label={})", literal(&label));
        let _ = writeln!(
            code,
            "answer = table[table.duplicated({subset}keep=False)]\nif len(answer):\n    {show}(answer)"
        );
        code + &self.saved("answer", true)
    }

    pub(super) fn missing(&mut self, cols: &[Col]) -> String {
        let show = self.call("show");
        let chosen = if cols.is_empty() {
            String::new()
        } else {
            format!("table = table[{}]\n", list(cols.iter().map(|col| self.view.name(*col))))
        };
        let mut code = format!("\n{chosen}missing = table.isna() | (table.astype(str) == \"\")\n");
        code += "answer = missing.sum().sort_values(ascending=False, kind=\"stable\").rename_axis(\"Column\").reset_index(name=\"Missing\")\n";
        let _ = writeln!(code, "{show}(answer)");
        code += &self.charted_missing();
        code + &self.saved("answer", true)
    }

    fn charted_missing(&mut self) -> String {
        if self.query.chart.is_none() {
            return String::new();
        }
        let chart = self.call("chart");
        format!("{chart}(\"bar\", answer, x=\"Column\", y=\"Missing\", title=\"Missing values\")\n")
    }

    pub(super) fn outliers(&mut self, col: Col) -> String {
        let name = self.name(col);
        let show = self.call("show");
        let mut code = format!(
            "\n# An outlier is further from the middle half of the values than one and a half times its width.\nlower, upper = table[{name}].quantile(0.25), table[{name}].quantile(0.75)\nmargin = 1.5 * (upper - lower)\nanswer = table[(table[{name}] < lower - margin) | (table[{name}] > upper + margin)]\n{show}(answer)\n"
        );
        if matches!(self.query.chart, Some(Chart::Box | Chart::Any)) {
            let chart = self.call("chart");
            let _ = writeln!(
                code,
                "{chart}(\"box\", table, y={name}, title={})",
                literal(&format!("Spread of {}", self.view.name(col)))
            );
        }
        code + &self.saved("answer", true)
    }

    pub(super) fn correlation(&mut self, cols: &[Col]) -> String {
        let show = self.call("show");
        let mut code = String::from("\n");
        if let [first, second] = cols {
            let (first, second) = (self.name(*first), self.name(*second));
            let label = literal(&format!("Correlation of {}", describe::names(cols, self.view)));
            let _ = writeln!(
                code,
                "value = table[{first}].astype(float).corr(table[{second}].astype(float))\n{show}(value, label={label})"
            );
            if self.query.chart.is_some() {
                let chart = self.call("chart");
                let _ = writeln!(code, "{chart}(\"scatter\", table, x={first}, y={second})");
            }
            return code;
        }
        let names = list(cols.iter().map(|col| self.view.name(*col)));
        let _ = writeln!(
            code,
            "answer = table[{names}].astype(float).corr().rename_axis(\"Column\").reset_index()\n{show}(answer)"
        );
        code + &self.saved("answer", true)
    }

    pub(super) fn describe(&mut self, cols: &[Col]) -> String {
        let show = self.call("show");
        let names =
            list(cols.iter().filter(|col| self.view.is_number(**col)).map(|col| self.view.name(*col)));
        if names == "[]" {
            return self.missing(&[]);
        }
        let mut code = format!(
            "\nanswer = table[{names}].astype(float).describe().T.rename_axis(\"Column\").reset_index()\n"
        );
        code += "answer[\"count\"] = answer[\"count\"].astype(int)\nanswer = answer.rename(columns={\"50%\": \"median\"})\n";
        let _ = writeln!(code, "{show}(answer)");
        code + &self.saved("answer", true)
    }

    pub(super) fn span(&mut self, col: Col) -> String {
        let name = self.name(col);
        let show = self.call("show");
        format!(
            "\nfirst, last = table[{name}].min(), table[{name}].max()\nanswer = pd.DataFrame({{\"First\": [str(first)[:10]], \"Last\": [str(last)[:10]]}})\n{show}(answer)\n"
        )
    }

    pub(super) fn ageing(&mut self, due: Col, edges: &[u32]) -> String {
        let today = literal(&iso(self.query.today.unwrap_or_default()));
        let mut labels = vec!["not due".to_owned()];
        let mut from = 0;
        for edge in edges {
            labels.push(format!("{from}-{edge}"));
            from = edge + 1;
        }
        labels.push(format!("over {}", edges.last().copied().unwrap_or(0)));
        let bins: Vec<String> = edges.iter().map(u32::to_string).collect();
        let mut code = format!("\ndays = (pd.Timestamp({today}) - table[{}]).dt.days\n", self.name(due));
        let _ = writeln!(
            code,
            "table[\"Days overdue\"] = pd.cut(days, [float(\"-inf\"), -1, {}, float(\"inf\")], labels={})\ntable = table[table[\"Days overdue\"].notna()]",
            bins.join(", "),
            list(&labels)
        );
        self.key_names.push("Days overdue".to_owned());
        code += &self.keys(&self.query.keys);
        code += &self.grouped();
        self.key_names.pop();
        if !self.query.keys.is_empty() {
            let _ = writeln!(
                code,
                "answer = answer.pivot(index={}, columns=\"Days overdue\", values={}).fillna(0).reset_index()\nanswer.columns = [str(name) for name in answer.columns]",
                list(&self.key_names),
                literal(&self.labels[0])
            );
        }
        let show = self.call("show");
        let _ = writeln!(code, "{show}(answer)");
        if self.query.chart.is_some() && self.query.keys.is_empty() {
            let chart = self.call("chart");
            let _ = writeln!(
                code,
                "{chart}(\"bar\", answer, x=\"Days overdue\", y={})",
                literal(&self.labels[0])
            );
        }
        code + &self.saved("answer", true)
    }

    // ---- drawing values ----

    pub(super) fn draw(&mut self) -> String {
        let cols: Vec<Col> = self
            .query
            .measures
            .iter()
            .filter_map(|measure| match measure.of {
                Expr::Column(col) => Some(col),
                _ => None,
            })
            .collect();
        let chart = self.call("chart");
        let title = literal(&describe::title(self.query, self.view));
        let mut code = String::from("\n");
        match (self.query.chart, &cols[..]) {
            (Some(Chart::Scatter), [x, y, ..]) => {
                let (x, y) = (self.name(*x), self.name(*y));
                let _ = writeln!(
                    code,
                    "# A point has both values.\ntable = table.dropna(subset=[{x}, {y}])\n{chart}(\"scatter\", table, x={x}, y={y}, title={title})"
                );
            }
            (Some(Chart::Box), [y, ..]) => {
                code += &self.keys(&self.query.keys);
                let _ = match self.key_names.first() {
                    Some(name) => writeln!(
                        code,
                        "# A box for each group.\nwide = table.astype({{{0}: float}}).pivot(columns={1}, values={0})\nwide.columns = [str(name) for name in wide.columns]\n{chart}(\"box\", wide, y=list(wide.columns), title={title})",
                        self.name(*y),
                        literal(name)
                    ),
                    None => writeln!(code, "{chart}(\"box\", table, y={}, title={title})", self.name(*y)),
                };
            }
            (_, [y, ..]) => {
                let _ = writeln!(code, "{chart}(\"histogram\", table, y={}, title={title})", self.name(*y));
            }
            _ => {}
        }
        code
    }

    // ---- clean-ups ----

    pub(super) fn clean(&mut self, steps: &[Cleaning]) -> String {
        let mut code =
            String::from("\nbefore = len(table)\n# White space around text is removed in reading.\n");
        // Rows may only be the same once their dates and numbers are.
        let parsed = steps.contains(&Cleaning::Parse);
        let gone = list(steps.iter().filter_map(|step| match step {
            Cleaning::DropColumn(col) => Some(self.view.name(*col)),
            _ => None,
        }));
        let mut steps: Vec<&Cleaning> = steps.iter().collect();
        steps.sort_by_key(|step| match step {
            Cleaning::Alike(_) => 0,
            Cleaning::Dedupe => 2,
            _ => 1,
        });
        for step in steps {
            code += &match step {
                Cleaning::Trim | Cleaning::DropColumn(_) => String::new(),
                Cleaning::Parse => self.parse_text(),
                Cleaning::Alike(col) => format!(
                    "folded = table[{0}].str.casefold()\nusual = table.groupby(folded)[{0}].agg(lambda names: names.mode().iat[0])\ntable[{0}] = folded.map(usual)\n",
                    self.name(*col)
                ),
                Cleaning::Dedupe => self.dedupe(parsed),
                Cleaning::DropMissing(Some(col)) => match self.view.kind(*col) {
                    ColumnKind::Text => format!("table = table[table[{}] != \"\"]\n", self.name(*col)),
                    _ => format!("table = table[table[{}].notna()]\n", self.name(*col)),
                },
                Cleaning::DropMissing(None) => {
                    "table = table[~(table.isna() | (table.astype(str) == \"\")).any(axis=1)]\n".to_owned()
                }
                Cleaning::Fill(col, value) => self.fill(*col, value.as_deref()),
            };
        }
        let stem = self.view.tables[self.view.base].file.rsplit_once('.').map_or("table", |(stem, _)| stem);
        let stem: String =
            stem.chars().map(|char| if char.is_ascii_alphanumeric() { char } else { '_' }).take(40).collect();
        let (save, show) = (self.call("save"), self.call("show"));
        code += &self.percent_as_shares("table");
        if gone != "[]" {
            let _ = writeln!(code, "table = table.drop(columns={gone})");
        }
        let _ = writeln!(code, "{save}(table, {})", literal(&format!("{stem}_clean.xlsx")));
        let _ = writeln!(
            code,
            "{show}(len(table), label=\"Rows kept\")\n{show}(before - len(table), label=\"Rows removed\")"
        );
        code
    }

    fn fill(&self, col: Option<Col>, value: Option<&str>) -> String {
        let number = value.and_then(|value| value.parse::<f64>().ok());
        let one = |col: Col| {
            let name = self.name(col);
            match self.view.kind(col) {
                ColumnKind::Text | ColumnKind::Empty => format!(
                    "table[{name}] = table[{name}].replace(\"\", {})\n",
                    literal(value.unwrap_or("Unknown"))
                ),
                ColumnKind::Integer | ColumnKind::Number => match (number, value) {
                    (Some(number), _) => format!(
                        "table[{name}] = table[{name}].fillna({})\n",
                        crate::analyst::python::number(number)
                    ),
                    (None, Some("mean" | "average")) => {
                        format!("table[{name}] = table[{name}].astype(float).fillna(table[{name}].mean())\n")
                    }
                    (None, Some("median")) => format!(
                        "table[{name}] = table[{name}].astype(float).fillna(table[{name}].median())\n"
                    ),
                    (None, None) => format!("table[{name}] = table[{name}].fillna(0)\n"),
                    (None, Some(text)) => {
                        format!("table[{name}] = table[{name}].astype(object).fillna({})\n", literal(text))
                    }
                },
                ColumnKind::Boolean => match value {
                    Some(text) => {
                        format!("table[{name}] = table[{name}].astype(object).fillna({})\n", literal(text))
                    }
                    None => String::new(),
                },
                _ => String::new(),
            }
        };
        match col {
            Some(col) => one(col),
            None => (0..self.view.columns.len())
                .filter(|col| self.view.columns[*col].table == self.view.base)
                .map(one)
                .collect(),
        }
    }

    /// Text columns that hold dates or amounts in several styles.
    fn parse_text(&self) -> String {
        let texts: Vec<Col> = (0..self.view.columns.len())
            .filter(|col| {
                self.view.columns[*col].table == self.view.base && self.view.kind(*col) == ColumnKind::Text
            })
            .filter(|col| !matches!(self.view.role(*col), ColumnRole::Category | ColumnRole::Key))
            .collect();
        let mut code = String::new();
        for name in self.loose_dates() {
            let _ = writeln!(
                code,
                "# Dates in several styles become dates; what is none stays.\ndates = to_date(table[{name}])\ntable[{name}] = dates.astype(object).where(dates.notna(), table[{name}].replace(\"\", None))"
            );
        }
        if texts.is_empty() {
            return code;
        }
        let names = list(texts.iter().map(|col| self.view.name(*col)));
        code + &format!(
            "# Text that is nearly all numbers or dates becomes that.\nfor name in {names}:\n    text = table[name].replace(\"\", None)\n    filled = text.notna().sum()\n    numbers = pd.to_numeric(text.str.replace(r\"[^0-9.\\-]\", \"\", regex=True).where(~text.str.contains(r\"[A-Za-z]{{4}}|[/:]|-.*-|\\..*\\.|[A-Za-z]-?[0-9]|(?:^|[^0-9.,])0[0-9]\", regex=True, na=False)), errors=\"coerce\")\n    dates = to_date(table[name])\n    if filled and numbers.notna().sum() >= 0.9 * filled:\n        table[name] = numbers\n    elif filled and dates.notna().sum() >= 0.9 * filled:\n        table[name] = dates\n"
        )
    }

    /// Takes away what comes again. Dates in several styles are the same days, also where they stay as they are.
    fn dedupe(&self, parsed: bool) -> String {
        let loose: Vec<String> = self.loose_dates().collect();
        if parsed || loose.is_empty() {
            return "table = table.drop_duplicates()\n".to_owned();
        }
        let mut code = String::from("# A day is the same however it is written.\nplain = table.copy()\n");
        for name in loose {
            let _ = writeln!(
                code,
                "plain[{name}] = to_date(table[{name}]).dt.strftime(\"%Y-%m-%d %H:%M:%S\").fillna(table[{name}])"
            );
        }
        code + "table = table[~plain.duplicated()]\n"
    }

    /// Names of columns whose dates are written in several styles.
    fn loose_dates(&self) -> impl Iterator<Item = String> + '_ {
        let base = |col: &Col| {
            self.view.columns[*col].table == self.view.base && self.view.columns[*col].loose_dates
        };
        (0..self.view.columns.len()).filter(base).map(|col| self.name(col))
    }
}
