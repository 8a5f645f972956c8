//! The part of a program that makes the data frame: reading, joining, conditions.

use std::fmt::Write;

use ringfence_pipeline::ports::{ColumnKind, ColumnRole};

use super::Writer;
use crate::analyst::{
    dates::{Recurring, iso},
    load::{Loading, Wanted, load},
    python::{list, literal, number},
    query::{Cleaning, Filter, Part, Rank, Task},
    stack::Stack,
    view::View,
};

/// Columns shown when whole rows are listed and none is named.
const ROW_COLUMNS_MAX: usize = 40;

/// The figure at a place among those of others: the second highest. Who shares a place does not push others back.
pub(super) fn place(figures: &str, rank: Rank) -> String {
    let (take, last) = if rank.lowest { ("nsmallest", "max") } else { ("nlargest", "min") };
    format!("{figures}.drop_duplicates().{take}({}).{last}()", rank.count)
}

impl Writer<'_> {
    /// Reads what the query needs into `table`, joined if two tables are needed.
    pub(super) fn frame(&self) -> Loading {
        let columns = self.columns_read();
        let mut loading = self.read(self.view.base, "table", &columns);
        let needed = |table: usize| {
            columns.iter().any(|col| self.view.columns.get(*col).is_some_and(|column| column.table == table))
        };
        for join in self.view.joins.iter().filter(|join| needed(join.table)) {
            let mut other = self.read(join.table, "other", &columns);
            separate(&loading, &mut other);
            loading.imports.extend(other.imports);
            loading.helpers += &other.helpers;
            loading.read += "\n";
            loading.read += &other.read;
            loading.read += &self.merge(join.table, &join.on);
        }
        for (at, (table, names)) in self.known_tables().into_iter().enumerate() {
            let place = |name: &String| {
                self.view.tables[table].columns.iter().position(|column| column.name == *name)
            };
            let typed = names.iter().filter_map(place).collect();
            let variable = known_name(at);
            let mut other = load(&self.view.tables[table], &variable, &Wanted { typed, written: Vec::new() });
            separate(&loading, &mut other);
            loading.imports.extend(other.imports);
            loading.helpers += &other.helpers;
            loading.read += "\n";
            loading.read += &other.read;
        }
        loading.helpers = without_repeats(&loading.helpers);
        if matches!(&self.query.task, Task::Clean(steps) if steps.contains(&Cleaning::Parse) || steps.contains(&Cleaning::Dedupe))
        {
            loading.helpers += TO_DATE;
        }
        if !matches!(self.query.task, Task::Clean(_)) {
            let as_text = matches!(self.query.task, Task::Duplicates(_));
            for col in columns
                .iter()
                .filter(|col| self.view.columns.get(**col).is_some_and(|column| column.loose_dates))
            {
                let name = self.name(*col);
                if !loading.helpers.contains("def to_date(") {
                    loading.helpers += TO_DATE;
                }
                let _ = match as_text {
                    // What is no date stays what it is, and differs.
                    true => writeln!(
                        loading.read,
                        "dates = to_date(table[{name}])\ntable[{name}] = dates.dt.strftime(\"%Y-%m-%d %H:%M:%S\").str.removesuffix(\" 00:00:00\").fillna(table[{name}])"
                    ),
                    false => writeln!(loading.read, "table[{name}] = to_date(table[{name}])"),
                };
            }
        }
        loading
    }

    /// Tables that conditions look values up in.
    fn known_tables(&self) -> Vec<(usize, Vec<String>)> {
        let part = match &self.query.task {
            Task::Share(part) => part.as_slice(),
            _ => &[],
        };
        let mut tables: Vec<(usize, Vec<String>)> =
            self.query.filters.iter().chain(part).flat_map(Filter::known).collect();
        tables.sort_unstable();
        tables.dedup();
        tables
    }

    /// Every column that is read, by its place in the view.
    pub(super) fn columns_read(&self) -> Vec<usize> {
        let all = || 0..self.view.columns.len();
        let base = || all().filter(|col| self.view.columns[*col].table == self.view.base);
        let mut columns = self.query.columns();
        match &self.query.task {
            Task::Rows(cols) if cols.is_empty() || (self.query.save && cols.len() < 2) => {
                columns.extend(base().take(ROW_COLUMNS_MAX))
            }
            Task::Rows(cols) => columns.extend(self.row_key(cols)),
            Task::Duplicates(_) | Task::Clean(_) => columns.extend(base()),
            Task::Missing(cols) if cols.is_empty() => columns.extend(base()),
            Task::Outliers(_) => columns.extend(base().take(ROW_COLUMNS_MAX)),
            _ => {}
        }
        if !columns
            .iter()
            .any(|col| self.view.columns.get(*col).is_some_and(|column| column.table == self.view.base))
        {
            columns.extend(base().next());
        }
        columns.sort_unstable();
        columns.dedup();
        columns
    }

    /// What tells rows apart, if none of the columns does.
    pub(super) fn row_key(&self, cols: &[usize]) -> Option<usize> {
        let told = |col: &usize| matches!(self.view.role(*col), ColumnRole::Name | ColumnRole::Key);
        if cols.is_empty() || cols.iter().any(told) {
            return None;
        }
        (0..self.view.columns.len()).find(|col| self.view.is_unique(*col) && told(col))
    }

    fn read(&self, table: usize, variable: &str, columns: &[usize]) -> Loading {
        let mut wanted = Wanted::default();
        let as_written = matches!(self.query.task, Task::Duplicates(_));
        for col in columns {
            if let Some(column) = self.view.columns.get(*col).filter(|column| column.table == table) {
                let queried = self.query.filters.iter().any(|filter| filter.columns().contains(col));
                // A day is the same however it is written.
                let dated = self.view.kind(*col) == ColumnKind::Date;
                if as_written && !queried && !dated {
                    wanted.written.push(column.at)
                } else {
                    wanted.typed.push(column.at)
                }
            }
        }
        for join in self.view.joins.iter().filter(|join| table == self.view.base || table == join.table) {
            let keys =
                join.on.iter().map(|(left, right)| if table == self.view.base { *left } else { *right });
            for at in keys {
                if !wanted.typed.contains(&at) && !wanted.written.contains(&at) {
                    wanted.typed.push(at);
                }
            }
        }
        match self.view.stack.filter(|stack| stack.table == table) {
            Some(stack) => self.stacked(stack, variable, &wanted),
            None => load(&self.view.tables[table], variable, &wanted),
        }
    }

    /// Reads tables of the same columns and sets them below one another, each told apart by its name.
    fn stacked(&self, stack: &Stack, variable: &str, wanted: &Wanted) -> Loading {
        let whole = &self.view.tables[stack.table];
        let last = whole.columns.len() - 1;
        let told = &whole.columns[last];
        let mut loading = Loading::default();
        let mut parts: Vec<String> = Vec::new();
        for (number, (part, told_as)) in stack.parts.iter().zip(&told.values).enumerate() {
            let table = &self.view.tables[*part];
            let place =
                |at: &usize| table.columns.iter().position(|column| column.name == whole.columns[*at].name);
            let mut mine = Wanted {
                typed: wanted.typed.iter().filter_map(place).collect(),
                written: wanted.written.iter().filter_map(place).collect(),
            };
            if mine.typed.is_empty() && mine.written.is_empty() {
                mine.typed.push(0);
            }
            let name = format!("part{}", number + 1);
            let mut read = load(table, &name, &mine);
            separate(&loading, &mut read);
            loading.imports.extend(read.imports);
            loading.helpers += &read.helpers;
            loading.read += &read.read;
            let value = if told.kind == ColumnKind::Integer {
                told_as.value.clone()
            } else {
                literal(&told_as.value)
            };
            let named = wanted.typed.contains(&last) || wanted.written.contains(&last);
            parts.push(if named {
                format!("{name}.assign(**{{{}: {value}}})", literal(&told.name))
            } else {
                name
            });
        }
        let _ = writeln!(
            loading.read,
            "# Tables with the same columns, one below the other.\n{variable} = pd.concat([{}], ignore_index=True)",
            parts.join(", ")
        );
        loading
    }

    fn merge(&self, table: usize, on: &[(usize, usize)]) -> String {
        let base = &self.view.tables[self.view.base];
        let other = &self.view.tables[table];
        let mut renamed: Vec<String> = Vec::new();
        for column in self.view.columns.iter().filter(|column| column.table == table) {
            let name = &other.columns[column.at].name;
            if *name != column.name {
                renamed.push(format!("{}: {}", literal(name), literal(&column.name)));
            }
        }
        let mut keys = Vec::new();
        for (left, right) in on {
            let (left, right) = (&base.columns[*left].name, &other.columns[*right].name);
            if left != right {
                renamed.push(format!("{}: {}", literal(right), literal(left)));
            }
            keys.push(left.as_str());
        }
        let rename = if renamed.is_empty() {
            String::new()
        } else {
            format!(".rename(columns={{{}}})", renamed.join(", "))
        };
        format!(
            "# What the second table says of the same key is set beside each row.\ntable = table.merge(other{rename}, on={}, how=\"left\")\n",
            list(keys)
        )
    }

    /// A condition as a mask over `frame`.
    pub(super) fn mask(&self, filter: &Filter, frame: &str) -> String {
        let cell = |col: usize| format!("{frame}[{}]", self.name(col));
        let negated = |not: bool, mask: String| if not { format!("~({mask})") } else { mask };
        match filter {
            Filter::Is { col, values, not } => {
                let folded: Vec<String> = values.iter().map(|value| value.to_lowercase()).collect();
                let text = format!("{}.str.lower()", cell(*col));
                let mask = match &folded[..] {
                    [one] => format!("{text} == {}", literal(one)),
                    _ => format!("{text}.isin({})", list(&folded)),
                };
                negated(*not, mask)
            }
            Filter::Contains { col, text, part, not } => {
                let lowered = literal(&text.to_lowercase());
                let cell = format!("{}.str.lower()", cell(*col));
                negated(
                    *not,
                    match part {
                        Part::Anywhere => format!("{cell}.str.contains({lowered}, regex=False)"),
                        Part::Start => format!("{cell}.str.startswith({lowered})"),
                        Part::End => format!("{cell}.str.endswith({lowered})"),
                    },
                )
            }
            Filter::Number { col, cmp, value } => format!("{} {} {}", cell(*col), cmp.sign(), number(*value)),
            Filter::Between { col, low, high } if low == high => {
                format!("{} == {}", cell(*col), number(*low))
            }
            Filter::Between { col, low, high } => {
                format!("{}.between({}, {})", cell(*col), number(*low), number(*high))
            }
            Filter::Columns { left, cmp, right } => {
                // A moment of a day is not after that day.
                let dates = [*left, *right].iter().all(|col| self.view.kind(*col) == ColumnKind::Date);
                let mixed = dates && self.view.is_timed(*left) != self.view.is_timed(*right);
                let day = if mixed { ".dt.normalize()" } else { "" };
                format!("{}{day} {} {}{day}", cell(*left), cmp.sign(), cell(*right))
            }
            Filter::Typical { col, cmp, agg, within: None } => {
                format!("{0} {1} {0}.{2}", cell(*col), cmp.sign(), super::aggregate(*agg))
            }
            Filter::Typical { col, cmp, agg, within: Some(group) } => {
                let middle = if *agg == crate::analyst::query::Agg::Median { "median" } else { "mean" };
                let groups = cell(*group);
                format!("{0} {1} {0}.groupby({groups}).transform(\"{middle}\")", cell(*col), cmp.sign())
            }
            Filter::Lasts { from, to, cmp, days } => {
                let lasts = days_from(self.view, (*from, &cell(*from)), (*to, &cell(*to)));
                format!("{lasts} {} {}", cmp.sign(), number(*days))
            }
            Filter::During { col, range, not } => {
                let from = range.from.map(|day| format!("({} >= {})", cell(*col), literal(&iso(day))));
                let to = range.to.map(|day| format!("({} < {})", cell(*col), literal(&iso(day))));
                let parts: Vec<String> = from.into_iter().chain(to).collect();
                let mask =
                    if parts.is_empty() { format!("{}.notna()", cell(*col)) } else { parts.join(" & ") };
                negated(*not, mask)
            }
            Filter::Recurs { col, when, not } => {
                let (part, numbers) = match when {
                    Recurring::Months(months) => ("month", months),
                    Recurring::Weekdays(days) => ("dayofweek", days),
                };
                let numbers: Vec<String> = numbers.iter().map(u8::to_string).collect();
                negated(*not, format!("{}.dt.{part}.isin([{}])", cell(*col), numbers.join(", ")))
            }
            Filter::Empty { col, not } => match (self.view.kind(*col), not) {
                (ColumnKind::Text | ColumnKind::Empty, false) if !self.view.joins.is_empty() => {
                    format!("{}.fillna(\"\") == \"\"", cell(*col))
                }
                (ColumnKind::Text | ColumnKind::Empty, true) if !self.view.joins.is_empty() => {
                    format!("{}.fillna(\"\") != \"\"", cell(*col))
                }
                (ColumnKind::Text | ColumnKind::Empty, false) => format!("{} == \"\"", cell(*col)),
                (ColumnKind::Text | ColumnKind::Empty, true) => format!("{} != \"\"", cell(*col)),
                (_, false) => format!("{}.isna()", cell(*col)),
                (_, true) => format!("{}.notna()", cell(*col)),
            },
            Filter::Flag { col, yes: true } => format!("{}.fillna(False)", cell(*col)),
            Filter::Flag { col, yes: false } => format!("~{}.fillna(True)", cell(*col)),
            Filter::Any(filters) => {
                let masks: Vec<String> =
                    filters.iter().map(|one| format!("({})", self.mask(one, frame))).collect();
                if masks.is_empty() { format!("{frame}.index == {frame}.index") } else { masks.join(" | ") }
            }
            // What is empty meets no condition.
            Filter::Not(filters) => format!("~({}).fillna(False)", self.masks(filters, frame)),
            Filter::Never { col, of } => {
                format!("~{}.isin(table.loc[{}, {}])", cell(*col), self.masks(of, "table"), self.name(*col))
            }
            Filter::Ever { col, of } => {
                format!("{}.isin(table.loc[{}, {}])", cell(*col), self.masks(of, "table"), self.name(*col))
            }
            Filter::Known { col, other, not, during, .. } => {
                let at = filter
                    .known()
                    .first()
                    .and_then(|one| self.known_tables().iter().position(|known| known == one))
                    .unwrap_or(0);
                let known = known_name(at);
                let rows = during.as_ref().map(|(date, range)| {
                    let date = format!("{known}[{}]", literal(date));
                    let from = range.from.map(|day| format!("({date} >= {})", literal(&iso(day))));
                    let to = range.to.map(|day| format!("({date} < {})", literal(&iso(day))));
                    from.into_iter().chain(to).collect::<Vec<_>>().join(" & ")
                });
                let values = match rows.filter(|rows| !rows.is_empty()) {
                    Some(rows) => format!("{known}.loc[{rows}, {}]", literal(other)),
                    None => format!("{known}[{}]", literal(other)),
                };
                negated(*not, format!("{}.isin({values})", cell(*col)))
            }
        }
    }

    /// Several conditions as one mask.
    pub(super) fn masks(&self, filters: &[Filter], frame: &str) -> String {
        match filters {
            [] => format!("{frame}.index == {frame}.index"),
            [one] => self.mask(one, frame),
            many => {
                many.iter().map(|one| format!("({})", self.mask(one, frame))).collect::<Vec<_>>().join(" & ")
            }
        }
    }
}

/// Dates that are written in several styles in one column.
pub(super) const TO_DATE: &str = r#"def to_date(column):
    """Dates in several styles: 2024-01-31 as it is, otherwise the day comes before the month."""
    text = column.astype(object).where(column.notna() & (column != ""), None)
    iso = text.where(text.astype(str).str.match(r"\d{4}-\d"), None)
    dates = pd.to_datetime(iso, format="ISO8601", errors="coerce")
    others = text.where(iso.isna(), None)
    return dates.fillna(pd.to_datetime(others, format="mixed", dayfirst=True, errors="coerce"))


"#;

fn known_name(at: usize) -> String {
    if at == 0 { "known".to_owned() } else { format!("known{}", at + 1) }
}

/// Two tables may write numbers in different ways; then each has its own function.
fn separate(first: &Loading, second: &mut Loading) {
    let body = |helpers: &str| {
        helpers.split("\n\n\n").find(|part| part.starts_with("def to_number(")).map(str::to_owned)
    };
    if let (Some(left), Some(right)) = (body(&first.helpers), body(&second.helpers))
        && left != right
    {
        second.helpers = second.helpers.replace("def to_number(", "def to_other_number(");
        second.read = second
            .read
            .replace("= to_number(", "= to_other_number(")
            .replace("(to_number(", "(to_other_number(");
    }
}

fn without_repeats(helpers: &str) -> String {
    let mut kept: Vec<&str> = Vec::new();
    for part in helpers.split("\n\n\n").filter(|part| !part.trim().is_empty()) {
        if !kept.contains(&part) {
            kept.push(part);
        }
    }
    kept.iter().fold(String::new(), |mut code, part| {
        let _ = write!(code, "{part}\n\n\n");
        code
    })
}

/// The days from one column to another: parts of days as well where both say the time, whole ones otherwise.
pub(super) fn days_from(view: &View<'_>, from: (usize, &str), to: (usize, &str)) -> String {
    match (view.is_timed(from.0), view.is_timed(to.0)) {
        (true, true) => format!("(({} - {}).dt.total_seconds() / 86400)", to.1, from.1),
        (false, false) => format!("({} - {}).dt.days", to.1, from.1),
        _ => format!("({}.dt.normalize() - {}.dt.normalize()).dt.days", to.1, from.1),
    }
}
