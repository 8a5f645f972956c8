//! Gives account of a question: whatever was taken from its words must be found again in the finished query.

use ringfence_pipeline::ports::{ColumnKind, ColumnRole};

use super::{Choice, Partial, Reader};
use crate::analyst::{
    dates,
    query::{Agg, Col, Expr, Filter, Having, Key, Measure, Query, Task},
    spelling::normal_words,
    view::View,
    vocabulary::Class,
    words::Kind,
};

/// Words for a figure that a row is not: who says one does not ask how many rows there are.
const FIGURES: [&str; 20] = [
    "revenue",
    "turnover",
    "income",
    "takings",
    "earnings",
    "proceeds",
    "value",
    "worth",
    "amount",
    "cost",
    "costs",
    "rent",
    "weight",
    "volume",
    "energy",
    "consumption",
    "spend",
    "spent",
    "earned",
    "pay",
];

/// Units that are counted in columns, not in rows: "how many kg".
const UNITS: [&str; 18] = [
    "kg",
    "kilos",
    "kilograms",
    "tonnes",
    "tons",
    "litres",
    "liters",
    "kwh",
    "km",
    "kilometres",
    "kilometers",
    "miles",
    "hours",
    "minutes",
    "euros",
    "dollars",
    "pounds",
    "units",
];

/// What a figure does from one time to the next; no list of rows says it.
const MOVES: [&str; 10] =
    ["fall", "fell", "falls", "fallen", "declined", "rise", "rose", "risen", "shrink", "shrank"];

/// Days by which another column's newest date is another year's.
const OUTLIVED_DAYS: i64 = 300;

/// What a question said, each with its words.
#[derive(Debug, Clone, Default)]
pub(crate) struct Said {
    /// Mentions, with the columns that each may mean.
    pub(super) columns: Vec<(String, Vec<Col>)>,
    numbers: Vec<(String, f64)>,
    aggs: Vec<(usize, String, Agg)>,
    ranks: Option<String>,
    orders: Option<String>,
    selects: Option<String>,
    /// "per order": each row is a group of its own.
    pub(super) each_row: Option<String>,
    /// "the top 3 together"
    together: Option<String>,
    /// "remaining budget": what no column says.
    qualified: Option<String>,
    /// "A compared with B", where A and B are values of a column.
    pub(super) compares: Option<String>,
    /// A figure by its usual name, or by its unit.
    figure: Option<String>,
    /// "would that be": of what is not.
    supposed: Option<String>,
    /// "in one order": of a single row.
    single: Option<String>,
    /// "this year", where the newest date of the usual column is long past by another.
    elapsed: Option<String>,
    /// "percentage": a part of something.
    pub(super) part: Option<String>,
    /// "A vs B", whatever these are.
    pub(super) versus: bool,
    /// "she": somebody whom an earlier answer named, which is not known here.
    pronoun: Option<String>,
    /// "received": what came in, not what was to come.
    received: Option<String>,
    /// "how much": a sum.
    pub(super) how_much: bool,
    /// "what do they …": something is asked for, not how much.
    pub(super) things: bool,
    /// What is owed was asked for.
    pub(super) owed: bool,
    /// Two things are joined by "and".
    pub(super) both: bool,
    /// What was sold was asked for.
    pub(super) sold: bool,
    /// What is left after tax was asked for by its name.
    pub(super) net: bool,
    /// "average spend per month": of what comes in or goes out.
    pub(super) flow_per_period: bool,
    /// Every word, in lower case.
    pub(super) words: Vec<String>,
    /// "more than a year ago".
    pub(super) ago: bool,
    /// "per" is said.
    pub(super) per: bool,
    /// "per day", "monthly", "on an average Saturday": of each of which a mean is told.
    pub(super) per_time: bool,
    /// "daily", "monthly".
    pub(super) timed: bool,
    /// "wines that sold fewer than 10": of all that was sold of each.
    pub(super) things_sold: bool,
    /// How many means are asked for: "the average of the averages".
    pub(super) means: usize,
    /// "and when was it": another question in the same.
    pub(super) asks_again: bool,
    /// "nothing": what turns a question round and was not read.
    unread: Option<String>,
    /// What rows are called by a word that the data does not have: "stoppages" of a log.
    pub(super) called: Option<String>,
    /// "fall": what a figure does from one time to the next.
    moves: Option<String>,
    /// "longest": what lasts, not what is most.
    lasting: Option<String>,
}

impl Reader<'_> {
    /// Notes which words were taken, once all is read.
    pub(super) fn account(&mut self) {
        if self.out.lists && self.out.measures.is_empty() {
            // "list the sales": their rows, whatever the word was taken for before.
            let taken: Vec<String> =
                self.incomes.iter().map(|at| format!("{:?} is taken as ", self.raw(*at..at + 1))).collect();
            self.out.notes.retain(|note| !taken.iter().any(|taken| note.starts_with(taken.as_str())));
        }
        let mut said = std::mem::take(&mut self.out.said);
        said.net = self.choices.iter().any(|choice| matches!(choice, Choice::Column(_)));
        let anchored = |at: usize| self.anchors.iter().any(|(start, end)| (*start..*end).contains(&at));
        let in_phrase = |at: usize| {
            (at.saturating_sub(7)..at)
                .any(|from| self.phrases[from].iter().any(|(length, _)| from + length > at))
        };
        for at in 0..self.tokens.len() {
            let token = &self.tokens[at];
            said.sold |= token.is_any(&["sold", "sell"]);
            said.both |= token.is_any(&["and", "plus"]) || token.is_mark('&') || token.is_mark(',');
            said.net |= token.is_any(&["net", "nett"]);
            if !token.is_mark('?') {
                said.words.push(token.text.clone());
            }
            said.ago |= token.is_any(&["ago", "before", "after"]);
            said.per |= token.is("per");
            let timed = !anchored(at)
                && token.is_any(&["daily", "weekly", "monthly", "quarterly", "yearly", "annual", "hourly"]);
            let each = token.is_any(&["per", "a", "an", "each", "every"]);
            let typical = token.is_any(&["average", "typical", "normal"]);
            let unit = |at: usize| {
                self.tokens.get(at).is_some_and(|token| {
                    dates::weekday_of(&token.text).is_some()
                        || token.is_any(&[
                            "day", "week", "month", "quarter", "year", "hour", "night", "weekend", "weekday",
                        ])
                })
            };
            said.timed |= timed;
            said.per_time |= timed || each && unit(at + 1) || typical && unit(at + 1);
            said.things_sold |= !self.of_row
                && token.is_any(&["that", "who", "which"])
                && self.word(at + 1, &["sold", "bought", "ordered", "worked", "logged", "spent", "paid"]);
            let meant = at > 0 && self.word(at - 1, &["i", "you", "we", "they", "do", "does", "that"]);
            said.means += usize::from(token.is_any(&["average", "mean", "averages"]) && !meant);
            said.asks_again |=
                token.is("and") && self.word(at + 1, &["when", "where", "who", "why", "which"]);
            said.flow_per_period |= !self.incomes.is_empty() && token.is("per");
            if anchored(at) {
                continue;
            }
            if let (true, Kind::Number(_), Some(amount)) = (self.used[at], &token.kind, token.amount()) {
                said.numbers.push((token.raw.clone(), amount.value));
            }
            let class =
                self.phrases[at].first().map(|(_, class)| *class).filter(|_| self.used[at] && !in_phrase(at));
            match class {
                Some(Class::Rank { .. } | Class::Best) => said.ranks = Some(token.raw.clone()),
                Some(Class::Which) if token.is("which") && self.out.selects => {
                    said.selects = Some(token.raw.clone())
                }
                Some(Class::Who) if token.is("who") && self.out.selects => {
                    said.selects = Some(token.raw.clone())
                }
                _ => {}
            }
            if token.is_any(&["sort", "sorted", "rank", "ranked"]) {
                said.orders = Some(token.raw.clone());
            }
            let beside = self.anchors.iter().any(|(start, end)| *start == at + 1 || *end == at);
            if beside
                && token.is_any(&["remaining", "unused", "leftover", "rest", "outstanding"])
                && !self.used[at]
            {
                said.qualified = Some(token.raw.clone());
            }
            let numbered = at > 0 && matches!(self.tokens[at - 1].kind, Kind::Number(_));
            if token.is_any(&UNITS) && !numbered
                || (self.counting.is_none() || token.is("worth")) && token.is_any(&FIGURES)
            {
                said.figure = Some(token.raw.clone());
            }
            let next = |more: usize, words: &[&str]| self.word(at + more, words);
            if token.is("would") && next(1, &["that", "it", "this", "those"]) && next(2, &["be"]) {
                said.supposed = Some(self.raw(at..at + 3));
            }
            if !self.of_row
                && token.is("in")
                && (next(1, &["one", "single"]) || next(1, &["a"]) && next(2, &["single"]))
            {
                said.single = Some(self.raw(at..at + 3));
            }
            if token.is_any(&["this", "last"]) && next(1, &["year"]) && self.is_outlived() {
                said.elapsed = Some(self.raw(at..at + 2));
            }
            let behind = token.is("percentage") && self.anchors.iter().any(|(_, end)| *end == at);
            if token.is_any(&["percentage", "percent", "share", "proportion"]) && !behind {
                said.part = Some(token.raw.clone());
            }
            said.how_much |= token.is("how") && next(1, &["much"]) && !self.says(&["average", "mean"]);
            said.things |= token.is("what") && next(1, &["do", "did", "does"]);
            if token.is("columns") && at > 0 && self.word(at - 1, &["as"]) && !self.used[at] {
                said.unread = Some(self.raw(at - 1..at + 1));
            }
            said.owed |= token.is_any(&["owed", "owe", "owes", "owing", "outstanding", "unpaid"]);
            if token.is_any(&["nothing", "none", "else", "twice", "half"]) && !self.used[at] {
                said.unread = Some(token.raw.clone());
            }
            said.versus |= token.is_any(&["vs", "versus"]);
            if token.is_any(&["she", "he", "her", "his", "him"]) {
                said.pronoun = Some(token.raw.clone());
            }
            if token.is_any(&["received", "collected"]) && self.value(at).is_none() {
                said.received = Some(token.raw.clone());
            }
            if token.is_any(&MOVES) {
                said.moves = Some(token.raw.clone());
            }
            if token.is_any(&["longest", "shortest"]) {
                said.lasting = Some(token.raw.clone());
            }
            if token.is_any(&["together", "combined", "altogether"]) && at > 0 {
                said.together = Some(token.raw.clone());
            }
        }
        said.aggs =
            self.aggs_said.iter().map(|(at, agg)| (*at, self.tokens[*at].raw.clone(), *agg)).collect();
        said.compares = self
            .compares
            .then(|| {
                self.tokens.iter().find(|token| {
                    token.is_any(&["compare", "compared", "comparison", "versus", "vs", "against"])
                })
            })
            .flatten()
            .map(|token| token.raw.clone());
        // "how many days do customers take to pay": who does it is in every row.
        for (start, end) in &self.anchors {
            let asked = *start > 0 && self.word(start - 1, &["do", "does", "did", "have", "has"]);
            if asked && *end == start + 1 && self.word_ends_in_s(*start) {
                let phrase = self.raw(*start..*end);
                said.columns.retain(|(known, _)| *known != phrase);
            }
        }
        self.out.said = said;
    }

    /// True if some column of the table holds dates that are far newer than those by which "this year" is told.
    fn is_outlived(&self) -> bool {
        let latest = |col: Col| self.extent(col).map(|(_, last)| last);
        let own =
            self.view.of_kind(ColumnKind::Date).filter(|col| self.view.columns[*col].table == self.view.base);
        let newest = self.newest();
        own.filter_map(latest).any(|last| newest.is_some_and(|newest| last - newest > OUTLIVED_DAYS))
    }
}

impl Said {
    /// The words that the query makes nothing of.
    pub(crate) fn lost(&self, query: &Query, view: &View<'_>) -> Vec<String> {
        let figures = query.task == Task::Figures;
        let cols = columns_of(query, view);
        let mut lost: Vec<String> = Vec::new();
        // What tells rows apart is counted by counting them: "how many orders" beside `Order`.
        let counts_rows = query.measures.iter().any(|measure| measure.of == Expr::Rows);
        let one_each = |col: &Col| {
            counts_rows
                && view
                    .profile(*col)
                    .is_some_and(|profile| view.is_unique(*col) || profile.distinct * 10 >= view.rows() * 9)
        };
        // "order amount by country of the customer": what is used of the customers says whose it is.
        let of_joined = |col: &Col| {
            !view.joins.is_empty()
                && matches!(view.role(*col), ColumnRole::Key | ColumnRole::Name)
                && cols.iter().any(|used| view.columns[*used].table != view.base)
                && (view.columns[*col].table != view.base
                    || view
                        .joins
                        .iter()
                        .any(|join| join.on.iter().any(|(left, _)| *left == view.columns[*col].at)))
        };
        for (phrase, meant) in &self.columns {
            if meant.iter().any(of_joined) {
                continue;
            }
            if !meant.is_empty() && !meant.iter().any(|col| cols.contains(col) || one_each(col)) {
                lost.push(phrase.clone());
            }
        }
        let numbers = numbers_of(query);
        let timed = query.columns().iter().any(|col| view.is_calendar(*col) || view.looks_like_years(*col))
            || query.filters.iter().any(holds_time)
            || matches!(query.task, Task::Growth(..) | Task::Ageing { .. } | Task::Share(_) | Task::Clean(_))
            || query.today.is_some();
        #[allow(clippy::cast_precision_loss)]
        let year = view.months_year().map(|year| year as f64);
        let known = |value: f64| {
            year == Some(value)
                // Percents as fractions, hours in minutes, weeks in days.
                || [1.0, 0.01, 60.0, 24.0, 7.0]
                    .iter()
                    .any(|scale| numbers.iter().any(|number| (number - value * scale).abs() < 1e-6))
        };
        lost.extend(
            self.numbers
                .iter()
                .filter(|(raw, value)| !timed && !known(*value) && !is_valued(query, raw))
                .map(|(raw, _)| raw.clone()),
        );
        if figures {
            lost.extend(self.figures_lost(query));
        }
        let shown = matches!(query.task, Task::Rows(_) | Task::Values(_));
        if shown && query.rank.is_none() {
            lost.extend(
                self.aggs
                    .iter()
                    .filter(|(_, _, agg)| *agg == Agg::Count)
                    .map(|(_, phrase, _)| phrase.clone()),
            );
        }
        let extreme =
            query.measures.iter().any(|measure| matches!(measure.agg, Agg::Min | Agg::Max | Agg::Range));
        let part = |agg: &Agg| matches!(agg, Agg::Quantile(_));
        let ends =
            query.filters.iter().any(|filter| matches!(filter, Filter::Typical { agg, .. } if part(agg)))
                || matches!(&query.having, Some(Having::Typical { agg, .. }) if part(agg));
        if (figures || shown) && query.rank.is_none() && query.sort.is_none() && !extreme && !ends {
            lost.extend(self.ranks.clone());
        }
        if figures && query.keys.is_empty() {
            lost.extend(self.orders.clone());
            if self.aggs.is_empty() {
                lost.extend(self.selects.clone());
            }
        }
        if query.keys.iter().any(|key| !matches!(key, Key::Column(col) if view.is_unique(*col)))
            && figures
            && !query.mean_of_groups
            && query.measures.iter().all(|measure| measure.agg != Agg::Mean)
        {
            lost.extend(self.each_row.clone());
        }
        // "charge per rental", where each row is one, is no total.
        let totals = |measure: &Measure| measure.agg == Agg::Sum && !measure.is_ratio();
        if figures && query.keys.is_empty() && query.measures.iter().any(totals) {
            lost.extend(self.each_row.clone());
        }
        let by_time = figures && query.keys.iter().any(|key| key.is_time());
        let bounded = query.having.is_some()
            || query
                .filters
                .iter()
                .any(|filter| matches!(filter, Filter::Number { .. } | Filter::Typical { .. }));
        if (shown || by_time) && query.rank.is_none() && !bounded {
            lost.extend(self.moves.clone());
        }
        lost.extend(self.pronoun.clone().into_iter().chain(self.unread.clone()).chain(self.called.clone()));
        // Rents that are due are not those that were received, where both are kept.
        let came_in = |col: &Col| {
            view.columns[*col]
                .words
                .iter()
                .any(|word| ["paid", "received", "collected", "receipt"].contains(&word.as_str()))
        };
        let named = ["received", "collected", "paid"].iter().any(|word| view.is_named(word));
        if !named
            && (0..view.columns.len()).any(|col| came_in(&col))
            && !cols.iter().any(came_in)
            && !query.measures.is_empty()
        {
            lost.extend(self.received.clone());
        }
        lost.extend(self.qualified.clone());
        lost.extend(self.supposed.clone().into_iter().chain(self.elapsed.clone()));
        if query.having.is_some() {
            lost.extend(self.single.clone());
        }
        // "energy" is no price of it.
        for measure in query.measures.iter().filter(|measure| measure.agg == Agg::Mean) {
            let Expr::Column(col) = measure.of else { continue };
            let is_price =
                |word: &String| ["price", "rate", "tariff", "fee", "cost"].contains(&word.as_str());
            let priced = view.columns[col].words.iter().any(is_price);
            let meant = self.columns.iter().find(|(_, meant)| meant.contains(&col));
            if let Some((phrase, _)) =
                meant.filter(|(phrase, _)| priced && !normal_words(phrase).iter().any(is_price))
            {
                lost.push(phrase.clone());
            }
        }
        if figures
            && !query.groups_shared
            && query.measures.iter().all(|measure| !measure.is_ratio() && !measure.of.holds_ratio())
        {
            lost.extend(self.part.clone());
        }
        // Of what tells rows apart there is one each: none of them is the most common.
        let unique = |key: &Key| matches!(key, Key::Column(col) if view.is_unique(*col));
        let counted = |measure: &Measure| measure.of == Expr::Rows;
        if query.rank.is_some()
            && query.keys.len() == 1
            && query.keys.iter().all(unique)
            && query.measures.iter().all(counted)
        {
            lost.extend(self.ranks.clone());
            let modes = self.aggs.iter().filter(|(_, _, agg)| *agg == Agg::Mode);
            lost.extend(modes.map(|(_, phrase, _)| phrase.clone()));
        }
        if !query.measures.is_empty() && query.measures.iter().all(counted) {
            lost.extend(self.figure.clone());
        }
        // Who has been there longest is not who has paid most.
        let lasts = |measure: &Measure| match measure.of {
            Expr::Column(col) => {
                measure.agg != Agg::Sum
                    || view.columns[col]
                        .words
                        .iter()
                        .any(|word| super::superlatives::DURATIONS.contains(&word.as_str()))
            }
            _ => true,
        };
        if query.rank.is_some() && !query.keys.is_empty() && !query.measures.iter().all(lasts) {
            lost.extend(self.lasting.clone());
        }
        // The strongest are not those of which there are most.
        let measured = [
            "strongest",
            "weakest",
            "heaviest",
            "lightest",
            "oldest",
            "youngest",
            "fastest",
            "quickest",
            "slowest",
        ];
        if query.rank.is_some() && !query.measures.is_empty() && query.measures.iter().all(counted) {
            lost.extend(self.ranks.clone().filter(|word| measured.contains(&word.to_lowercase().as_str())));
        }
        if query.rank.is_some() && !query.keys.is_empty() {
            lost.extend(self.together.clone());
        }
        // The worst "compared with what was expected" are the worst by both.
        let one = |measure: &Measure| matches!(measure.of, Expr::Column(_) | Expr::Rows);
        if query.rank.is_some()
            && query.having.is_none()
            && query.measures.len() < 2
            && query.measures.iter().all(one)
        {
            lost.extend(self.compares.clone().filter(|word| !word.eq_ignore_ascii_case("compare")));
        }
        let several = query.filters.iter().find_map(|filter| match filter {
            Filter::Is { col, values, not: false } if values.len() > 1 => Some(*col),
            _ => None,
        });
        if let Some(col) = several.filter(|col| figures && !query.keys.iter().any(|key| key.column() == *col))
        {
            lost.extend(self.compares.clone().filter(|_| {
                !query.filters.iter().any(|filter| filter.columns() != [col] && filter.is_time())
            }));
        }
        lost.dedup();
        lost
    }

    /// The same, whatever columns were named.
    pub(crate) fn without_columns(self) -> Said {
        Said { columns: Vec::new(), ..self }
    }

    /// Aggregates that no figure has: "how many and what sum" wants two.
    fn figures_lost(&self, query: &Query) -> Vec<String> {
        let has = |agg: Agg| query.measures.iter().any(|measure| measure.agg == agg);
        let ratio = query.measures.iter().any(|measure| measure.of.holds_ratio() || measure.weight.is_some());
        let counts = has(Agg::Count) || has(Agg::Distinct) || query.groups_counted;
        let apart =
            |one: usize| self.aggs.iter().any(|(at, _, agg)| *agg == Agg::Count && at.abs_diff(one) > 2);
        let missing = |(at, _, agg): &&(usize, String, Agg)| match agg {
            Agg::Median | Agg::Std | Agg::Range | Agg::Quantile(_) => !has(*agg),
            Agg::Min | Agg::Max => !has(*agg) && query.rank.is_none(),
            Agg::Mean => !has(Agg::Mean) && !query.mean_of_groups && !ratio,
            Agg::Count => {
                !counts
                    && !has(Agg::Sum)
                    && !ratio
                    && (self.aggs.len() == 1
                        || self.aggs.iter().all(|(other, _, _)| other == at || other.abs_diff(*at) > 2))
            }
            Agg::Sum => apart(*at) && query.measures.iter().all(|measure| measure.of == Expr::Rows),
            Agg::Distinct | Agg::Mode | Agg::Last(_) => false,
        };
        self.aggs.iter().filter(missing).map(|(_, phrase, _)| phrase.clone()).collect()
    }
}

impl Partial {
    /// True if an average, a sum or the like was named beside how many there are.
    pub(super) fn agg_said_beside_count(&self) -> bool {
        self.said.aggs.iter().any(|(_, _, agg)| !matches!(agg, Agg::Count | Agg::Distinct))
    }

    /// Forgets the newest mention: it only says once more what is known.
    pub(super) fn repeat(&mut self) {
        self.said.columns.pop();
    }
}

/// Every column that has a part in the answer.
fn columns_of(query: &Query, view: &View<'_>) -> Vec<Col> {
    let mut cols = query.columns();
    if query.keys.iter().any(|key| key.melts()) {
        cols.extend(view.months());
    }
    let all = match &query.task {
        // Whole rows are shown.
        Task::Rows(shown) => shown.is_empty() || query.save,
        Task::Duplicates(_)
        | Task::Missing(_)
        | Task::Correlation(_)
        | Task::Describe(_)
        | Task::Clean(_)
        | Task::Ageing { .. } => true,
        _ => false,
    };
    if all {
        cols.extend(0..view.columns.len());
    }
    cols
}

fn holds_time(filter: &Filter) -> bool {
    match filter {
        Filter::Any(filters)
        | Filter::Not(filters)
        | Filter::Never { of: filters, .. }
        | Filter::Ever { of: filters, .. } => filters.iter().any(holds_time),
        Filter::Known { during, .. } => during.is_some(),
        _ => filter.is_time(),
    }
}

/// True if the number is part of a value that is looked for: `Machine 03`.
fn is_valued(query: &Query, raw: &str) -> bool {
    fn within(filter: &Filter, raw: &str) -> bool {
        match filter {
            Filter::Is { values, .. } => values.iter().any(|value| value.contains(raw)),
            Filter::Contains { text, .. } => text.contains(raw),
            Filter::Any(filters)
            | Filter::Not(filters)
            | Filter::Never { of: filters, .. }
            | Filter::Ever { of: filters, .. } => filters.iter().any(|filter| within(filter, raw)),
            _ => false,
        }
    }
    query.filters.iter().any(|filter| within(filter, raw))
}

/// A percentile, as the part below it and as the part above.
fn both_parts(percent: u8) -> [f64; 2] {
    [f64::from(percent), 100.0 - f64::from(percent)]
}

/// Every number that has a part in the answer.
fn numbers_of(query: &Query) -> Vec<f64> {
    fn of_filter(filter: &Filter, found: &mut Vec<f64>) {
        match filter {
            Filter::Number { value, .. } => found.push(*value),
            Filter::Between { low, high, .. } => found.extend([*low, *high]),
            // In days, hours or weeks.
            Filter::Lasts { days, .. } => found.extend([*days, (*days * 24.0).round(), *days / 7.0]),
            Filter::Typical { agg: Agg::Quantile(percent), .. } => found.extend(both_parts(*percent)),
            Filter::Any(filters)
            | Filter::Not(filters)
            | Filter::Never { of: filters, .. }
            | Filter::Ever { of: filters, .. } => filters.iter().for_each(|filter| of_filter(filter, found)),
            _ => {}
        }
    }
    fn of_formula(of: &Expr, found: &mut Vec<f64>) {
        match of {
            // "with 20 % VAT" multiplies by 1.2.
            Expr::Number(value) => found.extend([*value, (*value - 1.0) * 100.0]),
            // "over the ten months"
            #[allow(clippy::cast_precision_loss)]
            Expr::Together(cols) => found.push(cols.len() as f64),
            Expr::Op(_, left, right) => {
                of_formula(left, found);
                of_formula(right, found);
            }
            _ => {}
        }
    }
    let mut found: Vec<f64> = Vec::new();
    query.filters.iter().for_each(|filter| of_filter(filter, &mut found));
    for measure in &query.measures {
        of_formula(&measure.of, &mut found);
        if let Agg::Quantile(percent) = measure.agg {
            found.push(f64::from(percent));
        }
    }
    match query.having {
        Some(Having::Number { value, .. }) => found.push(value),
        Some(Having::Typical { agg: Agg::Quantile(percent), .. }) => found.extend(both_parts(percent)),
        _ => {}
    }
    found.extend(query.rank.map(|rank| f64::from(rank.count)));
    found.extend(query.decimals.map(|decimals| f64::from(decimals).max(10f64.powi(-decimals).round())));
    found.extend(query.keys.iter().filter_map(|key| match key {
        Key::Band(_, width) => Some(crate::analyst::describe::thousandths(*width)),
        _ => None,
    }));
    found
}
