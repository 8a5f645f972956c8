//! A question, understood: what stands between reading it and writing the program. It is also what a conversation
//! remembers.

use serde::{Deserialize, Serialize};

use super::{
    dates::{Day, Range, Recurring},
    view::View,
};

/// Days that a memory may speak of: some thousand years around 1970.
const DAYS_MAX: Day = 1_000_000;

/// Levels of conditions or formulas in one another that a memory may hold.
const DEPTH_MAX: usize = 12;

/// A column by its place in [`super::view::View::columns`].
pub(crate) type Col = usize;

/// How values become one figure.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum Agg {
    Count,
    Distinct,
    Sum,
    Mean,
    Median,
    Min,
    Max,
    Std,
    /// The greatest less the least.
    Range,
    /// A percentile, such as 90.
    Quantile(u8),
    /// The value that is there most often.
    Mode,
    /// The value of the latest row, by this date.
    Last(Col),
}

impl Agg {
    /// The date by which the last value is found.
    pub(crate) fn date(self) -> Option<Col> {
        match self {
            Agg::Last(date) => Some(date),
            _ => None,
        }
    }
}

/// What a figure is computed of.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) enum Expr {
    /// The rows themselves.
    Rows,
    Column(Col),
    /// A number that was said.
    Number(f64),
    /// `+ - * /` of two.
    Op(char, Box<Expr>, Box<Expr>),
    /// Several columns of a row together.
    Together(Vec<Col>),
    /// Days from one date to another.
    Days(Col, Col),
}

impl Expr {
    /// Every column in it.
    pub(crate) fn columns(&self) -> Vec<Col> {
        match self {
            Expr::Rows | Expr::Number(_) => Vec::new(),
            Expr::Column(col) => vec![*col],
            Expr::Op(_, left, right) => [left.columns(), right.columns()].concat(),
            Expr::Together(cols) => cols.clone(),
            Expr::Days(from, to) => vec![*from, *to],
        }
    }

    fn fits(&self, depth: usize) -> bool {
        match self {
            Expr::Op(sign, left, right) => {
                depth > 0 && "+-*/".contains(*sign) && left.fits(depth - 1) && right.fits(depth - 1)
            }
            Expr::Together(cols) => !cols.is_empty(),
            _ => true,
        }
    }

    /// True if there is a quotient of figures somewhere in it.
    pub(crate) fn holds_ratio(&self) -> bool {
        self.is_ratio()
            || matches!(self, Expr::Op(_, left, right) if left.holds_ratio() || right.holds_ratio())
    }

    /// True for a quotient of two figures, not of a figure and a number.
    pub(crate) fn is_ratio(&self) -> bool {
        matches!(self, Expr::Op('/', _, below) if !below.columns().is_empty())
    }
}

/// One figure.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct Measure {
    pub(crate) agg: Agg,
    pub(crate) of: Expr,
    /// By which a mean is weighted.
    pub(crate) weight: Option<Col>,
    /// What a computed figure is called, such as `revenue`.
    pub(crate) name: Option<String>,
    /// A ratio that is told in percent.
    pub(crate) percent: bool,
    /// What is formed in each row, then summed up: a ratio, which is otherwise one of sums, or a figure of another
    /// table, which otherwise counts once.
    #[serde(default)]
    pub(crate) by_row: bool,
}

impl Measure {
    pub(crate) fn new(agg: Agg, of: Expr) -> Measure {
        Measure { agg, of, weight: None, name: None, percent: false, by_row: false }
    }

    pub(crate) fn rows() -> Measure {
        Measure::new(Agg::Count, Expr::Rows)
    }

    /// True if a ratio is formed after adding up.
    pub(crate) fn is_ratio(&self) -> bool {
        self.agg == Agg::Sum && !self.by_row && self.of.is_ratio()
    }
}

/// A calendar unit by which dates are grouped.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum Unit {
    Day,
    Week,
    Month,
    Quarter,
    Year,
    Weekday,
    Hour,
}

/// What rows are grouped by.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum Key {
    Column(Col),
    Time(Col, Unit),
    /// The months that are columns, of which this is the first.
    Months(Col),
    /// The quarters of months that are columns, of which this is the first.
    Quarters(Col),
    /// Numbers in bands so wide, in thousandths: ages from 20 to 29.
    Band(Col, u64),
}

impl Key {
    pub(crate) fn column(self) -> Col {
        match self {
            Key::Column(col)
            | Key::Time(col, _)
            | Key::Months(col)
            | Key::Quarters(col)
            | Key::Band(col, _) => col,
        }
    }

    /// True if months are columns, of which each becomes rows.
    pub(crate) fn melts(self) -> bool {
        matches!(self, Key::Months(_) | Key::Quarters(_))
    }

    /// True if groups come in the order of time.
    pub(crate) fn is_time(self) -> bool {
        matches!(self, Key::Time(..)) || self.melts()
    }
}

/// Where a text stands in another.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum Part {
    Anywhere,
    Start,
    End,
}

/// How two values compare, as Python writes it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum Cmp {
    Over,
    AtLeast,
    Under,
    AtMost,
    Equal,
    Unequal,
}

impl Cmp {
    pub(crate) fn sign(self) -> &'static str {
        match self {
            Cmp::Over => ">",
            Cmp::AtLeast => ">=",
            Cmp::Under => "<",
            Cmp::AtMost => "<=",
            Cmp::Equal => "==",
            Cmp::Unequal => "!=",
        }
    }

    pub(crate) fn opposite(self) -> Cmp {
        match self {
            Cmp::Over => Cmp::AtMost,
            Cmp::AtLeast => Cmp::Under,
            Cmp::Under => Cmp::AtLeast,
            Cmp::AtMost => Cmp::Over,
            Cmp::Equal => Cmp::Unequal,
            Cmp::Unequal => Cmp::Equal,
        }
    }
}

/// Which rows count.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) enum Filter {
    Is {
        col: Col,
        values: Vec<String>,
        not: bool,
    },
    Contains {
        col: Col,
        text: String,
        part: Part,
        not: bool,
    },
    Number {
        col: Col,
        cmp: Cmp,
        value: f64,
    },
    Between {
        col: Col,
        low: f64,
        high: f64,
    },
    Columns {
        left: Col,
        cmp: Cmp,
        right: Col,
    },
    /// Compared with the mean or the median of all rows, or of those that are alike in another column.
    Typical {
        col: Col,
        cmp: Cmp,
        agg: Agg,
        #[serde(default)]
        within: Option<Col>,
    },
    /// So many days from one date of the row to another.
    Lasts {
        from: Col,
        to: Col,
        cmp: Cmp,
        days: f64,
    },
    During {
        col: Col,
        range: Range,
        not: bool,
    },
    Recurs {
        col: Col,
        when: Recurring,
        not: bool,
    },
    Empty {
        col: Col,
        not: bool,
    },
    Flag {
        col: Col,
        yes: bool,
    },
    /// Any of several.
    Any(Vec<Filter>),
    /// Not all of several.
    Not(Vec<Filter>),
    /// The value stands in no row that meets the conditions.
    Never {
        col: Col,
        of: Vec<Filter>,
    },
    /// The value stands in a row that meets the conditions.
    Ever {
        col: Col,
        of: Vec<Filter>,
    },
    /// The value is in a column of another table, or is not.
    Known {
        col: Col,
        table: usize,
        other: String,
        not: bool,
        /// Of the other table only the rows of a time count, by this date.
        #[serde(default)]
        during: Option<(String, Range)>,
    },
}

impl Filter {
    /// Every column it looks at.
    pub(crate) fn columns(&self) -> Vec<Col> {
        match self {
            Filter::Columns { left, right, .. } => vec![*left, *right],
            Filter::Typical { col, within, .. } => std::iter::once(*col).chain(*within).collect(),
            Filter::Lasts { from, to, .. } => vec![*from, *to],
            Filter::Any(filters) | Filter::Not(filters) => filters.iter().flat_map(Filter::columns).collect(),
            Filter::Never { col, of } | Filter::Ever { col, of } => {
                std::iter::once(*col).chain(of.iter().flat_map(Filter::columns)).collect()
            }
            Filter::Is { col, .. }
            | Filter::Contains { col, .. }
            | Filter::Number { col, .. }
            | Filter::Between { col, .. }
            | Filter::During { col, .. }
            | Filter::Recurs { col, .. }
            | Filter::Empty { col, .. }
            | Filter::Flag { col, .. }
            | Filter::Known { col, .. } => vec![*col],
        }
    }

    /// The same condition on the column that stands for its own elsewhere; none if it is on more than one.
    pub(crate) fn on(&self, other: impl Fn(Col) -> Option<Col>) -> Option<Filter> {
        let mut filter = self.clone();
        match &mut filter {
            Filter::Is { col, .. }
            | Filter::Contains { col, .. }
            | Filter::Number { col, .. }
            | Filter::Between { col, .. }
            | Filter::During { col, .. }
            | Filter::Recurs { col, .. }
            | Filter::Empty { col, .. }
            | Filter::Flag { col, .. } => *col = other(*col)?,
            _ => return None,
        }
        Some(filter)
    }

    /// What no row meets beside it.
    pub(crate) fn opposite(&self) -> Option<Filter> {
        Some(match self {
            Filter::Flag { col, yes } => Filter::Flag { col: *col, yes: !yes },
            Filter::Empty { col, not } => Filter::Empty { col: *col, not: !not },
            Filter::Is { col, values, not } => Filter::Is { col: *col, values: values.clone(), not: !not },
            _ => return None,
        })
    }

    fn fits(&self, view: &View<'_>, depth: usize) -> bool {
        match self {
            Filter::During { range, .. } => {
                [range.from, range.to].into_iter().flatten().all(|day| day.abs() < DAYS_MAX)
            }
            Filter::Recurs { when: Recurring::Months(numbers), .. } => {
                numbers.iter().all(|month| (1..=12).contains(month))
            }
            Filter::Recurs { when: Recurring::Weekdays(numbers), .. } => numbers.iter().all(|day| *day < 7),
            Filter::Known { table, other, during, .. } => view.tables.get(*table).is_some_and(|table| {
                let has = |name: &String| table.columns.iter().any(|column| column.name == *name);
                has(other) && during.as_ref().is_none_or(|(date, _)| has(date))
            }),
            Filter::Any(filters)
            | Filter::Not(filters)
            | Filter::Never { of: filters, .. }
            | Filter::Ever { of: filters, .. } => {
                depth > 0 && filters.iter().all(|filter| filter.fits(view, depth - 1))
            }
            _ => true,
        }
    }

    /// The tables that it looks values up in, each with the columns.
    pub(crate) fn known(&self) -> Vec<(usize, Vec<String>)> {
        match self {
            Filter::Known { table, other, during, .. } => {
                let date = during.iter().map(|(date, _)| date.clone());
                vec![(*table, std::iter::once(other.clone()).chain(date).collect())]
            }
            Filter::Any(filters)
            | Filter::Not(filters)
            | Filter::Never { of: filters, .. }
            | Filter::Ever { of: filters, .. } => filters.iter().flat_map(Filter::known).collect(),
            _ => Vec::new(),
        }
    }

    pub(crate) fn is_time(&self) -> bool {
        matches!(self, Filter::During { .. } | Filter::Recurs { .. })
    }
}

/// The first so many, by value.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Rank {
    pub(crate) count: u32,
    pub(crate) lowest: bool,
    /// So many within each group of the first key.
    pub(crate) within: bool,
    /// Only the last of them: the second highest.
    #[serde(default)]
    pub(crate) nth: bool,
}

/// In which order the answer comes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Sort {
    /// By the first figure if no column is named.
    pub(crate) by: Option<Col>,
    pub(crate) rising: bool,
}

/// What is drawn.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum Chart {
    /// Whatever fits.
    Any,
    Line,
    Bar,
    Pie,
    Scatter,
    Histogram,
    Box,
}

/// A step of a clean-up.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) enum Cleaning {
    Trim,
    Dedupe,
    /// In one column or in all; none fills numbers with 0 and text with `Unknown`.
    Fill(Option<Col>, Option<String>),
    /// Rows that lack a value in the column, or in any.
    DropMissing(Option<Col>),
    Parse,
    /// Values of a column that differ in case only take the most frequent spelling.
    Alike(Col),
    /// The new workbook is without the column.
    DropColumn(Col),
}

/// One of the two periods that a growth compares.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct Period {
    pub(crate) name: String,
    pub(crate) filters: Vec<Filter>,
}

/// What kind of answer is wanted.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) enum Task {
    /// The figures, for all rows or by group.
    Figures,
    /// The rows; which columns are shown, all if none is named.
    Rows(Vec<Col>),
    /// The different values of a column.
    Values(Col),
    /// The figure's share of that of all rows, in percent: by group, or of the rows that meet the filters.
    Share(Vec<Filter>),
    /// Growth from one period of the last key to the next.
    GrowthEach,
    /// Growth between two periods.
    Growth(Box<Period>, Box<Period>),
    /// Growth between the values of two columns.
    GrowthColumns(Col, Col),
    /// Yearly growth between the first and the last year.
    Cagr,
    Running,
    /// The first key down, the second across.
    Pivot,
    Duplicates(Vec<Col>),
    Missing(Vec<Col>),
    Outliers(Col),
    Correlation(Vec<Col>),
    Describe(Vec<Col>),
    /// From the first date to the last.
    Span(Col),
    /// Days past due in buckets.
    Ageing {
        due: Col,
        edges: Vec<u32>,
    },
    Clean(Vec<Cleaning>),
    /// The values as they are drawn: scatter, histogram, box.
    Draw,
}

/// A condition on a group's figures.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) enum Having {
    Number {
        measure: usize,
        cmp: Cmp,
        value: f64,
    },
    Measures {
        left: usize,
        cmp: Cmp,
        right: usize,
    },
    /// Compared with the mean or the median of all groups; a mean, with that of all rows.
    Typical {
        measure: usize,
        cmp: Cmp,
        agg: Agg,
    },
}

/// A question, understood.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct Query {
    pub(crate) task: Task,
    pub(crate) measures: Vec<Measure>,
    pub(crate) keys: Vec<Key>,
    pub(crate) filters: Vec<Filter>,
    pub(crate) having: Option<Having>,
    pub(crate) rank: Option<Rank>,
    #[serde(default)]
    pub(crate) sort: Option<Sort>,
    pub(crate) chart: Option<Chart>,
    /// The answer goes into a workbook.
    pub(crate) save: bool,
    /// The day from which is counted what is overdue.
    pub(crate) today: Option<i64>,
    /// The mean of the groups' figures is wanted, not each of them.
    #[serde(default)]
    pub(crate) mean_of_groups: bool,
    /// How many groups there are is wanted, not each of them.
    #[serde(default)]
    pub(crate) groups_counted: bool,
    /// Which part of all groups they are is asked, in percent.
    #[serde(default)]
    pub(crate) groups_shared: bool,
    /// Of two periods the difference is wanted, too.
    #[serde(default)]
    pub(crate) difference: bool,
    /// Of two periods only what has more in the second is wanted, or what has less.
    #[serde(default)]
    pub(crate) moved: Option<bool>,
    /// Figures are rounded to so many decimals; less than none are tens.
    #[serde(default)]
    pub(crate) decimals: Option<i32>,
    /// What was assumed, a sentence each.
    pub(crate) notes: Vec<String>,
}

impl Query {
    /// True if rows without a name are no group: they are not who has the most, nor one of those who are counted.
    pub(crate) fn leaves_nameless_out(&self) -> bool {
        self.rank.is_some() || self.groups_counted || self.groups_shared || self.having.is_some()
    }

    /// True if everything in it is there and in bounds: a memory may be old, or not ours.
    pub(crate) fn fits(&self, view: &View<'_>) -> bool {
        let measure =
            |measure: &Measure| measure.of.fits(DEPTH_MAX) && !matches!(measure.agg, Agg::Quantile(101..));
        let having = match self.having {
            Some(Having::Number { measure, .. } | Having::Typical { measure, .. }) => {
                measure < self.measures.len()
            }
            Some(Having::Measures { left, right, .. }) => left.max(right) < self.measures.len(),
            None => true,
        };
        let banded = self.keys.iter().all(|key| !matches!(key, Key::Band(_, 0)));
        let period = |period: &Period| period.filters.iter().all(|filter| filter.fits(view, DEPTH_MAX));
        let task = banded
            && match &self.task {
                Task::Share(filters) => filters.iter().all(|filter| filter.fits(view, DEPTH_MAX)),
                Task::Growth(before, after) => period(before) && period(after),
                _ => true,
            };
        self.columns().iter().all(|col| *col < view.columns.len())
            && self.measures.iter().all(measure)
            && self.filters.iter().all(|filter| filter.fits(view, DEPTH_MAX))
            && having
            && task
            && !self.lacks_figure()
            && self.today.is_none_or(|day| day.abs() < DAYS_MAX)
    }

    /// True if all it does is list rows that meet conditions.
    pub(crate) fn lists_all(&self) -> bool {
        self.task == Task::Rows(Vec::new()) && self.rank.is_none() && !self.filters.is_empty()
    }

    /// True if its task works on a figure, and it has none.
    pub(crate) fn lacks_figure(&self) -> bool {
        let works_on_one = match self.task {
            Task::Figures
            | Task::Share(_)
            | Task::GrowthEach
            | Task::Growth(..)
            | Task::Cagr
            | Task::Running
            | Task::Pivot
            | Task::Ageing { .. } => true,
            Task::Rows(_)
            | Task::Values(_)
            | Task::GrowthColumns(..)
            | Task::Duplicates(_)
            | Task::Missing(_)
            | Task::Outliers(_)
            | Task::Correlation(_)
            | Task::Describe(_)
            | Task::Span(_)
            | Task::Clean(_)
            | Task::Draw => false,
        };
        works_on_one && self.measures.is_empty()
    }

    /// Every column that it needs to know the meaning of.
    pub(crate) fn columns(&self) -> Vec<Col> {
        let mut columns: Vec<Col> = self
            .measures
            .iter()
            .flat_map(|one| {
                let mut columns = one.of.columns();
                columns.extend(one.weight);
                columns.extend(one.agg.date());
                columns
            })
            .collect();
        columns.extend(self.keys.iter().map(|key| key.column()));
        columns.extend(self.filters.iter().flat_map(Filter::columns));
        columns.extend(self.sort.and_then(|sort| sort.by));
        match &self.task {
            Task::Rows(cols)
            | Task::Duplicates(cols)
            | Task::Missing(cols)
            | Task::Correlation(cols)
            | Task::Describe(cols) => columns.extend(cols),
            Task::Values(col) | Task::Outliers(col) | Task::Span(col) | Task::Ageing { due: col, .. } => {
                columns.push(*col)
            }
            Task::Share(filters) => columns.extend(filters.iter().flat_map(Filter::columns)),
            Task::Growth(before, after) => {
                columns.extend(before.filters.iter().chain(&after.filters).flat_map(Filter::columns));
            }
            Task::GrowthColumns(before, after) => columns.extend([*before, *after]),
            Task::Clean(steps) => columns.extend(steps.iter().filter_map(|step| match step {
                Cleaning::Fill(col, _) | Cleaning::DropMissing(col) => *col,
                Cleaning::Alike(col) | Cleaning::DropColumn(col) => Some(*col),
                _ => None,
            })),
            Task::Figures | Task::GrowthEach | Task::Cagr | Task::Running | Task::Pivot | Task::Draw => {}
        }
        columns
    }
}
