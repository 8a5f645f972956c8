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
    /// What the words mean in English, of those that are not.
    pub(crate) meanings: Vec<&'static str>,
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
    /// What only the other tables of the workbook are called.
    pub(crate) others: Vec<String>,
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

/// What is measured, whatever few values it has.
const DIMENSIONS: [&str; 9] =
    ["length", "width", "height", "depth", "weight", "mass", "size", "distance", "area"];

/// What rows are that have so many of some columns.
const ROWS_BY_COLUMNS: [(&[&str], &[&str], usize); 9] = [
    (&["job", "profession", "career", "role"], &["occupation", "jobtitle"], 1),
    (&["victim", "casualty", "fatality"], &["death", "died", "dead", "killed"], 1),
    (&["car", "vehicle"], &["reg", "registration", "mileage", "model", "make", "odometer", "mpg"], 2),
    (&["game", "match", "fixture"], &["hometeam", "awayteam", "homegoal", "awaygoal", "opponent"], 2),
    (&["house", "home", "property"], &["bedroom", "bathroom", "lotsize", "sqft"], 2),
    (&["film", "movie"], &["director", "genre", "mpaa", "imdb"], 2),
    (&["book"], &["author", "isbn", "publisher"], 2),
    (&["song", "track"], &["artist", "album", "lyric"], 2),
    (&["person", "people"], &["first", "last", "gender", "sex", "age", "birth"], 3),
];

/// Names of rows that mean the same: whoever keeps appointments asks for visits as well.
const ROW_NAMES: [&str; 15] = [
    "appointment visit consultation",
    "booking reservation stay",
    "donation gift contribution",
    "invoice bill",
    "order purchase",
    "deal opportunity",
    "survey response answer respondent",
    "payment transaction",
    "timesheet entry",
    "student pupil",
    "ticket issue",
    "trip ride journey",
    "employee staff",
    "movie film",
    "shipment delivery parcel",
];

/// Plural words of a title, which say what the rows are: "Donations ledger".
fn title_words(table: &TableProfile) -> Vec<String> {
    let text = table.title.as_deref().unwrap_or_default().to_lowercase();
    let words = text.split(|char: char| !char.is_alphabetic());
    let plural = |word: &&str| word.len() > 4 && word.ends_with('s') && singular(word) != **word;
    let plain = |word: &&str| {
        super::vocabulary::filler(&[word]) == 0 && super::vocabulary::phrases(&[word]).next().is_none()
    };
    let found: Vec<String> = words.filter(plural).filter(plain).map(singular).collect();
    // "Sales and returns" says of no row what it is.
    if found.len() == 1 { found } else { Vec::new() }
}

impl<'a> View<'a> {
    fn new(tables: &'a [TableProfile], stacks: &'a [Stack], base: usize, joins: Vec<Join>) -> View<'a> {
        let stack = stacks.iter().find(|stack| stack.table == base);
        let mut view = View {
            tables,
            base,
            joins: Vec::new(),
            stack,
            columns: Vec::new(),
            names: Vec::new(),
            others: Vec::new(),
        };
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
        view.name_rows();
        view
    }

    /// Adds what else the rows may be called: by the file of a single sheet, by its title, by words of the same
    /// meaning that no column has.
    fn name_rows(&mut self) {
        let table = &self.tables[self.base];
        let alone = table.sheet.is_some()
            && self.tables.iter().filter(|other| other.file == table.file).count() == 1
            && self.joins.is_empty();
        let mut more = title_words(table);
        if alone {
            more.extend(table_words(&TableProfile { sheet: None, ..table.clone() }));
        }
        // `Housing` is of houses, a list of names with sales and profits of companies.
        let of = |word: &String| {
            word.strip_suffix("ing").filter(|stem| stem.len() > 3).map(|stem| format!("{stem}e"))
        };
        let things: Vec<String> = self.names.iter().chain(&more).filter_map(of).collect();
        more.extend(things);
        let daily = |col: Col| self.kind(col) == ColumnKind::Date && self.is_unique(col);
        if (0..self.columns.len()).any(daily) && self.rows() > 27 && self.joins.is_empty() {
            more.push("day".to_owned());
        }
        for (nouns, names, fewest) in ROWS_BY_COLUMNS {
            let held = |name: &&&str| {
                self.columns.iter().any(|column| column.words.iter().any(|word| word == **name))
            };
            if names.iter().filter(held).count() >= fewest {
                more.extend(nouns.iter().map(|noun| (*noun).to_owned()));
            }
        }
        if self.lists_companies() {
            more.extend(["company", "firm", "business"].map(str::to_owned));
        }
        let known: Vec<&String> = self.names.iter().chain(&more).collect();
        let same =
            ROW_NAMES.iter().filter(|list| list.split(' ').any(|one| known.iter().any(|name| *name == one)));
        let same: Vec<String> = same.flat_map(|list| list.split(' ')).map(str::to_owned).collect();
        more.extend(same);
        more.retain(|word| !self.columns.iter().any(|column| column.words.contains(word)));
        self.names.extend(more);
    }

    /// True for a list of names, each once, beside what only companies have.
    fn lists_companies(&self) -> bool {
        let has = |names: &[&str]| {
            self.columns
                .iter()
                .filter(|column| column.words.iter().any(|word| names.contains(&word.as_str())))
                .count()
        };
        let figures = has(&[
            "sale",
            "revenue",
            "profit",
            "asset",
            "turnover",
            "industry",
            "sector",
            "marketvalue",
            "employee",
        ]);
        let called = (0..self.columns.len()).any(|col| {
            self.columns[col].words == ["name"]
                && self.profile(col).is_some_and(|profile| profile.distinct * 10 >= self.rows() * 9)
        });
        called && figures > 1 && has(&["age", "salary", "birth", "email"]) == 0
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
                meanings: normal_words(&profile.name)
                    .iter()
                    .flat_map(|word| super::german::meanings(word))
                    .collect(),
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
        let number = self.columns.get(col).is_some_and(|column| column.meanings.last() == Some(&"number"));
        match self.profile(col) {
            Some(profile) if number && profile.kind == ColumnKind::Integer => ColumnRole::Key,
            Some(profile) => profile.role,
            None => ColumnRole::Text,
        }
    }

    /// True for moments, not days.
    pub(crate) fn is_timed(&self, col: Col) -> bool {
        self.profile(col).and_then(|profile| profile.earliest.as_deref()).is_some_and(|at| at.contains('T'))
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
            && !self.columns[col].words.iter().any(|word| DIMENSIONS.contains(&word.as_str()))
            && min >= 100.0
            && max - min < 100.0
            && profile.distinct as f64 * 10.0 >= (max - min + 1.0) * 9.0
            && profile.distinct * 4 <= self.rows()
    }

    /// A number or text column that holds years, quarters or months.
    pub(crate) fn is_calendar(&self, col: Col) -> bool {
        let words = self.columns.get(col).map(|column| column.words.as_slice()).unwrap_or_default();
        // `Days` are counted, `Day` is one.
        if self.is_number(col) && self.name(col).to_lowercase().ends_with('s') {
            return false;
        }
        matches!(words, [one] if ["year", "quarter", "month", "jahr", "week", "day", "weekday"].contains(&one.as_str()))
            || (words.last().is_some_and(|word| word == "year") && self.looks_like_years(col))
    }

    /// True if texts of a column are the same but for case and spaces around them.
    pub(crate) fn is_spelled_unlike(&self, col: Col) -> bool {
        let values = self
            .profile(col)
            .filter(|profile| profile.kind == ColumnKind::Text)
            .map(|profile| &profile.values);
        let mut seen = std::collections::BTreeSet::new();
        values.into_iter().flatten().any(|value| !seen.insert(value.value.trim().to_lowercase()))
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

    /// The year that stands first in every row, before any date: that of the harvest, of the season.
    pub(crate) fn leading_year(&self) -> Option<Col> {
        self.calendar_column("year").filter(|col| {
            let column = &self.columns[*col];
            column.table == self.base && column.at == 0 && self.looks_like_years(*col)
        })
    }

    /// Number columns that are called by months, if there are several: `Oct` or, of a single year, `Oct 2026`.
    pub(crate) fn months(&self) -> Vec<Col> {
        let called = |col: &Col| self.month(*col).is_some() && self.kind(*col) != ColumnKind::Empty;
        let months: Vec<Col> = (0..self.columns.len()).filter(called).collect();
        // Without one that holds words a year would be told as if it were whole.
        if !months.iter().all(|col| self.is_number(*col)) {
            return Vec::new();
        }
        let years = |col: &Col| self.columns[*col].words.iter().find_map(|word| year_of(word));
        let one_year = months.windows(2).all(|pair| years(&pair[0]) == years(&pair[1]));
        if months.len() > 2 && one_year { months } else { Vec::new() }
    }

    /// The month by which a column is called.
    pub(crate) fn month(&self, col: Col) -> Option<i64> {
        match &self.columns[col].words[..] {
            [one] => super::dates::month_of(one),
            [one, other] => match (year_of(one), year_of(other)) {
                (None, Some(_)) => super::dates::month_of(one),
                (Some(_), None) => super::dates::month_of(other),
                _ => None,
            },
            _ => None,
        }
    }

    /// The year that the columns of months are of, if they say so.
    pub(crate) fn months_year(&self) -> Option<i64> {
        self.columns[*self.months().first()?].words.iter().find_map(|word| year_of(word))
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

    /// True for the date of what another column is about: `Sold` of `Sold by`.
    pub(crate) fn is_day_of(&self, date: Col, other: Col) -> bool {
        let mut words =
            self.columns[date].words.iter().filter(|word| *word != "date" && *word != "on").peekable();
        date != other
            && self.kind(date) == ColumnKind::Date
            && words.peek().is_some()
            && words.all(|word| self.columns[other].words.contains(word))
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

/// The year that a word beside a month's name says: 2025, or 25.
fn year_of(word: &str) -> Option<i64> {
    let number: i64 = word.parse().ok()?;
    if word.len() == 2 {
        Some(2000 + number)
    } else {
        Some(number).filter(|year| (1900..2100).contains(year))
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

/// Tables that a table is joined with in pairs; of more, there would be too many.
const PAIRED_JOINS_MAX: usize = 4;

/// Every table alone, then every pair that shares a key, then each table with two and with all that share one with it.
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
        // Of several, any two may be enough: what the others add makes words mean more than one thing.
        if (3..=PAIRED_JOINS_MAX).contains(&joins.len()) {
            for (at, one) in joins.iter().enumerate() {
                let pairs = joins[at + 1..].iter().map(|other| vec![one.clone(), other.clone()]);
                views.extend(pairs.map(|pair| View::new(tables, stacks, base, pair)));
            }
        }
        if joins.len() > 1 {
            views.push(View::new(tables, stacks, base, joins));
        }
    }
    let names: Vec<(usize, Vec<String>)> = views
        .iter()
        .filter(|view| view.joins.is_empty())
        .map(|view| (view.base, view.names.clone()))
        .collect();
    for view in &mut views {
        let joined: Vec<usize> = view.joins.iter().map(|join| join.table).collect();
        view.others = names
            .iter()
            .filter(|(table, _)| *table != view.base && !joined.contains(table))
            .flat_map(|(_, names)| names)
            .filter(|name| !view.names.contains(name))
            .cloned()
            .collect();
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
