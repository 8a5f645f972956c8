//! What a question can be about: one table, or two that share a key, seen as one list of columns.

use ringfence_pipeline::ports::{ColumnKind, ColumnProfile, ColumnRole, TableProfile};

use super::{
    query::Col,
    spelling::{normal_words, singular},
    stack::{self, Stack},
};

/// Most tables that are tried in pairs.
const JOINED_TABLES_MAX: usize = 6;

/// A column of a view.
#[derive(Debug, Clone)]
pub(crate) struct ViewColumn<'a> {
    /// Which table it is in.
    pub(crate) table: usize,
    /// Its place in [`TableProfile::columns`].
    pub(crate) at: usize,
    /// Its name in the data frame: that of the file, unless another table of the view has the same.
    pub(crate) name: String,
    /// The name as words.
    pub(crate) words: Vec<String>,
    pub(crate) profile: &'a ColumnProfile,
    /// Text that is nearly all dates, in several styles.
    pub(crate) loose_dates: bool,
}

/// How another table is joined to the first.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Join {
    pub(crate) table: usize,
    /// Pairs of columns that hold the same, in the first and in the second table.
    pub(crate) on: Vec<(usize, usize)>,
}

/// One table, or several that share a key with it.
#[derive(Debug, Clone)]
pub(crate) struct View<'a> {
    pub(crate) tables: &'a [TableProfile],
    pub(crate) base: usize,
    pub(crate) joins: Vec<Join>,
    /// What the first table is made of, if it is no table of a file.
    pub(crate) stack: Option<&'a Stack>,
    pub(crate) columns: Vec<ViewColumn<'a>>,
    /// Words by which the table itself is called: of the file's and the sheet's name.
    pub(crate) names: Vec<String>,
}

pub(crate) fn is_number(kind: ColumnKind) -> bool {
    matches!(kind, ColumnKind::Integer | ColumnKind::Number)
}

/// Words of the file's name without its ending, and of the sheet's.
pub(crate) fn table_words(table: &TableProfile) -> Vec<String> {
    let stem = table.file.rsplit_once('.').map_or(table.file.as_str(), |(stem, _)| stem);
    let sheet = table.sheet.as_deref().unwrap_or_default();
    let generic = |word: &String| ["sheet", "sheet1", "data", "table", "tabelle1"].contains(&word.as_str());
    let plain = |word: String| word.trim_end_matches(|char: char| char.is_ascii_digit()).to_owned();
    let mut words: Vec<String> = normal_words(sheet);
    if table.sheet.is_none()
        || words.iter().all(|word| generic(word) || !word.chars().any(char::is_alphabetic))
    {
        words.extend(normal_words(stem).into_iter().map(plain).map(|word| singular(&word)));
    }
    words.retain(|word| word.chars().any(char::is_alphabetic) && word.chars().count() > 2 && !generic(word));
    words
}

impl<'a> View<'a> {
    fn new(tables: &'a [TableProfile], stacks: &'a [Stack], base: usize, joins: Vec<Join>) -> View<'a> {
        let stack = stacks.iter().find(|stack| stack.table == base);
        let mut view =
            View { tables, base, joins: Vec::new(), stack, columns: Vec::new(), names: Vec::new() };
        for part in stack.map_or(&[base][..], |stack| &stack.parts) {
            view.names.extend(table_words(&tables[*part]));
        }
        view.add(base, &[]);
        for join in &joins {
            let shared: Vec<usize> = join.on.iter().map(|(_, other)| *other).collect();
            view.add(join.table, &shared);
            view.names.extend(table_words(&tables[join.table]));
        }
        view.joins = joins;
        view
    }

    fn add(&mut self, table: usize, without: &[usize]) {
        let tables = self.tables;
        for (at, profile) in tables[table].columns.iter().enumerate() {
            if without.contains(&at) {
                continue;
            }
            let mut name = profile.name.clone();
            if self.columns.iter().any(|column| column.name == name) {
                let source = tables[table].sheet.as_deref().unwrap_or(&tables[table].file);
                name = format!("{name} ({source})");
            }
            while self.columns.iter().any(|column| column.name == name) {
                name.push('\'');
            }
            self.columns.push(ViewColumn {
                table,
                at,
                name,
                words: normal_words(own_name(&profile.name, &tables[table])),
                profile,
                loose_dates: looks_like_dates(profile),
            });
        }
    }

    pub(crate) fn profile(&self, col: Col) -> Option<&'a ColumnProfile> {
        self.columns.get(col).map(|column| column.profile)
    }

    pub(crate) fn name(&self, col: Col) -> &str {
        self.columns.get(col).map_or("", |column| column.name.as_str())
    }

    pub(crate) fn kind(&self, col: Col) -> ColumnKind {
        match self.columns.get(col) {
            Some(column) if column.loose_dates => ColumnKind::Date,
            Some(column) => column.profile.kind,
            None => ColumnKind::Empty,
        }
    }

    pub(crate) fn role(&self, col: Col) -> ColumnRole {
        self.profile(col).map_or(ColumnRole::Text, |profile| profile.role)
    }

    pub(crate) fn is_number(&self, col: Col) -> bool {
        is_number(self.kind(col))
    }

    /// A number one would add up or average: no key, no year, no number of a store.
    pub(crate) fn is_measure(&self, col: Col) -> bool {
        self.is_number(col)
            && !matches!(self.role(col), ColumnRole::Key | ColumnRole::Category)
            && !self.is_calendar(col)
            && !self.is_code(col)
    }

    /// Whole numbers of three digits and more that lie close together and come again and again: who was at the till.
    fn is_code(&self, col: Col) -> bool {
        let Some((min, max, profile)) =
            self.profile(col).and_then(|profile| Some((profile.min?, profile.max?, profile)))
        else {
            return false;
        };
        profile.kind == ColumnKind::Integer
            && profile.unit.is_none()
            && profile.role == ColumnRole::Quantity
            && min >= 100.0
            && max - min < 100.0
            && profile.distinct as f64 * 10.0 >= (max - min + 1.0) * 9.0
            && profile.distinct * 4 <= self.rows()
    }

    /// A number or text column that holds years, quarters or months.
    pub(crate) fn is_calendar(&self, col: Col) -> bool {
        let words = self.columns.get(col).map(|column| column.words.as_slice()).unwrap_or_default();
        matches!(words, [one] if ["year", "quarter", "month", "jahr", "week", "day", "weekday"].contains(&one.as_str()))
            || (words.last().is_some_and(|word| word == "year") && self.looks_like_years(col))
    }

    pub(crate) fn looks_like_years(&self, col: Col) -> bool {
        let Some(profile) = self.profile(col) else { return false };
        profile.kind == ColumnKind::Integer
            && profile.min.is_some_and(|min| min >= 1800.0)
            && profile.max.is_some_and(|max| max <= 2200.0)
    }

    /// The column that is called by one of the words and holds years or their parts as plain values.
    pub(crate) fn calendar_column(&self, word: &str) -> Option<Col> {
        (0..self.columns.len()).find(|col| {
            self.kind(*col) != ColumnKind::Date
                && self.columns[*col].words.last().is_some_and(|last| last == word)
                && self.columns[*col].words.len() <= 2
                && (word != "year" || self.looks_like_years(*col))
                && self.is_calendar(*col)
        })
    }

    /// Number columns that are called by months, if there are several.
    pub(crate) fn months(&self) -> Vec<Col> {
        let month = |col: &Col| matches!(&self.columns[*col].words[..], [one] if self.is_number(*col) && super::dates::month_of(one).is_some());
        let months: Vec<Col> = (0..self.columns.len()).filter(month).collect();
        if months.len() > 2 { months } else { Vec::new() }
    }

    pub(crate) fn of_kind(&self, kind: ColumnKind) -> impl Iterator<Item = Col> + '_ {
        (0..self.columns.len()).filter(move |col| self.kind(*col) == kind)
    }

    pub(crate) fn rows(&self) -> u64 {
        self.tables[self.base].rows
    }

    /// True if no two rows of the first table hold the same value.
    pub(crate) fn is_unique(&self, col: Col) -> bool {
        self.columns.get(col).is_some_and(|column| {
            let rows = self.tables[column.table].rows;
            column.profile.empty == 0
                && rows > 0
                && (column.profile.distinct == rows
                    || (column.profile.many_distinct && column.profile.role == ColumnRole::Key))
        })
    }

    /// True if a word names the table, in whatever number.
    pub(crate) fn is_named(&self, word: &str) -> bool {
        let word = singular(word);
        self.names.contains(&word)
    }

    /// The columns, for messages.
    pub(crate) fn columns_said(&self) -> String {
        columns_said(&self.tables[self.base])
    }
}

/// A name without the number that pandas gives to the second column of that name.
fn own_name<'t>(name: &'t str, table: &TableProfile) -> &'t str {
    match name.rsplit_once('.') {
        Some((first, number))
            if number.parse::<u32>().is_ok() && table.columns.iter().any(|column| column.name == first) =>
        {
            first
        }
        _ => name,
    }
}

/// True for text of which most values are days, however they are written.
fn looks_like_dates(profile: &ColumnProfile) -> bool {
    let dated = |text: &str| {
        let parts: Vec<&str> =
            text.split(|char: char| !char.is_alphanumeric()).filter(|part| !part.is_empty()).collect();
        let month = |part: &str| super::dates::month_of(&part.to_lowercase()).is_some();
        let number = |part: &str| part.parse::<u32>().ok().filter(|number| *number < 3000);
        let year = |part: &str| part.len() == 4 && number(part).is_some_and(|number| number > 1800);
        (3..=6).contains(&parts.len())
            && parts.iter().any(|part| year(part))
            && parts.iter().take(3).all(|part| month(part) || number(part).is_some())
    };
    let filled = profile.values.iter().filter(|value| !value.value.is_empty());
    let (dates, all) = filled
        .fold((0_usize, 0_usize), |(dates, all), value| (dates + usize::from(dated(&value.value)), all + 1));
    profile.kind == ColumnKind::Text && all >= 3 && dates * 10 >= all * 9
}

/// The columns of a table, for messages.
pub(crate) fn columns_said(table: &TableProfile) -> String {
    const SHOWN: usize = 20;
    let said = |column: &ColumnProfile| {
        let kind = match column.kind {
            kind if is_number(kind) => " (number)",
            ColumnKind::Date => " (date)",
            _ => "",
        };
        format!("{:?}{kind}", column.name)
    };
    let names: Vec<String> = table.columns.iter().take(SHOWN).map(said).collect();
    let more = table.columns.len().saturating_sub(SHOWN);
    let more = if more > 0 { format!(" and {more} more") } else { String::new() };
    format!("{} has the columns {}{more}", table.name(), names.join(", "))
}

/// Every table alone, then every pair that shares a key, then each table with all that share one with it.
pub(crate) fn views<'a>(tables: &'a [TableProfile], stacks: &'a [Stack]) -> Vec<View<'a>> {
    let mut views: Vec<View<'_>> = (0..tables.len())
        .filter(|at| !tables[*at].columns.is_empty())
        .map(|at| View::new(tables, stacks, at, Vec::new()))
        .collect();
    let of_files = tables.len() - stacks.len();
    let joined = |at: &usize| !tables[*at].hidden && (*at < JOINED_TABLES_MAX || *at >= of_files);
    for base in (0..tables.len()).filter(joined) {
        let mut joins: Vec<Join> = Vec::new();
        for other in (0..of_files).filter(|other| joined(other) && *other != base) {
            // What is alike goes below one another, not beside.
            if let Some(on) = shared_key(&tables[base], &tables[other])
                .filter(|_| base < of_files || !stack::are_part(stacks, base, other))
            {
                joins.push(Join { table: other, on });
            }
        }
        views.extend(joins.iter().map(|join| View::new(tables, stacks, base, vec![join.clone()])));
        if joins.len() > 1 {
            views.push(View::new(tables, stacks, base, joins));
        }
    }
    views
}

/// Columns that hold the same in both tables and tell the rows of the second apart.
pub(crate) fn shared_key(base: &TableProfile, other: &TableProfile) -> Option<Vec<(usize, usize)>> {
    let mut named: Vec<(usize, usize)> = Vec::new();
    for (at, column) in base.columns.iter().enumerate() {
        let words = normal_words(&column.name);
        let fits = |twin: &ColumnProfile| normal_words(&twin.name) == words && joinable(column, twin);
        if let Some(twin) = other.columns.iter().position(fits) {
            named.push((at, twin));
        }
    }
    let unique = |at: usize| {
        let column = &other.columns[at];
        column.distinct == other.rows && column.empty == 0 && !column.many_distinct && other.rows > 0
    };
    if let Some(pair) = named.iter().find(|(_, twin)| unique(*twin)) {
        return Some(vec![*pair]);
    }
    let combinations: u64 =
        named.iter().map(|(_, twin)| other.columns[*twin].distinct.max(1)).fold(1, u64::saturating_mul);
    if named.len() > 1 && other.rows > 0 && combinations == other.rows {
        return Some(named);
    }
    // Other names, but the same values.
    for (at, column) in base.columns.iter().enumerate() {
        let text = |column: &ColumnProfile| column.kind == ColumnKind::Text && !column.values.is_empty();
        let holds = |twin: &ColumnProfile| {
            let known =
                column.values.iter().filter(|value| twin.values.iter().any(|one| one.value == value.value));
            known.count() * 10 >= column.values.len() * 8
        };
        let fits = |twin: &usize| {
            unique(*twin) && text(column) && text(&other.columns[*twin]) && holds(&other.columns[*twin])
        };
        if let Some(twin) = (0..other.columns.len()).find(fits) {
            return Some(vec![(at, twin)]);
        }
    }
    None
}

fn joinable(left: &ColumnProfile, right: &ColumnProfile) -> bool {
    let number = is_number(left.kind) && is_number(right.kind);
    let key = |column: &ColumnProfile| {
        matches!(column.role, ColumnRole::Key | ColumnRole::Category | ColumnRole::Name)
            || !is_number(column.kind)
            || column.kind == ColumnKind::Integer
    };
    (left.kind == right.kind || number)
        && key(left)
        && key(right)
        && !matches!(left.kind, ColumnKind::Date | ColumnKind::Boolean | ColumnKind::Empty)
}
