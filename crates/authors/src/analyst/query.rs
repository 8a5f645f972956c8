//! Understands a question about a table: what to compute, of which column, for which rows, in which groups.
//!
//! Every word of the question must have been used in the end. A word that was not is reported back rather
//! than ignored: an answer to another question is worse than none.

use ringfence_pipeline::ports::{AuthorError, ColumnKind, TableProfile};

use super::{
    columns::{Mention, is_number, mentions, normal_words, singular},
    vocabulary::*,
    words::{Kind, Token},
};

/// Most groups by which one figure is broken down.
const KEYS_MAX: usize = 3;

/// Most rows or groups a person can ask for.
const RANK_MAX: u32 = 1000;

/// What to compute.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Operation {
    Count,
    /// Different values.
    Distinct,
    Sum,
    Mean,
    Median,
    Min,
    Max,
}

/// A calendar unit by which dates are grouped.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Unit {
    Day,
    Week,
    Month,
    Quarter,
    Year,
}

/// What rows are grouped by; columns are positions in the file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Key {
    Column(usize),
    Time { column: usize, unit: Unit },
}

/// Which rows count.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Filter {
    Equals {
        column: usize,
        value: String,
    },
    Compare {
        column: usize,
        operator: &'static str,
        value: f64,
    },
    /// In whichever text column holds the value.
    Anywhere {
        value: String,
    },
    Year {
        column: usize,
        year: u32,
    },
    Month {
        column: usize,
        month: u32,
    },
}

/// The first so many, by value.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Rank {
    pub(crate) count: u32,
    pub(crate) lowest: bool,
}

/// A question, understood.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Query {
    pub(crate) operation: Operation,
    /// The column computed on; none when rows are counted.
    pub(crate) measure: Option<usize>,
    pub(crate) keys: Vec<Key>,
    pub(crate) filters: Vec<Filter>,
    pub(crate) rank: Option<Rank>,
    pub(crate) chart: bool,
    /// How much of the question matched names of columns in full, to choose between tables.
    pub(crate) exact_names: usize,
}

/// Understands `tokens` as a question about `table`.
pub(crate) fn parse(tokens: &[Token], table: &TableProfile) -> Result<Query, AuthorError> {
    let mut parser = Parser::new(tokens, table);
    parser.file_names();
    parser.chart();
    parser.operations()?;
    parser.rank()?;
    parser.settle_names_that_are_also_words();
    parser.comparisons()?;
    parser.keys()?;
    parser.filters()?;
    parser.counted_things()?;
    parser.finish()
}

struct Parser<'a> {
    tokens: &'a [Token],
    table: &'a TableProfile,
    used: Vec<bool>,
    mentions: Vec<Mention>,
    operations: Vec<Operation>,
    /// Where "how many" or "number of" ends.
    counting: Option<usize>,
    rank: Option<Rank>,
    /// The rank came with a number or as "top": it lists rows or groups, and is no maximum.
    rank_lists: bool,
    rank_end: usize,
    /// "which region": the answer is a group.
    selects: bool,
    measure: Option<usize>,
    keys: Vec<Key>,
    filters: Vec<Filter>,
    chart: bool,
    exact_names: usize,
}

impl<'a> Parser<'a> {
    fn new(tokens: &'a [Token], table: &'a TableProfile) -> Parser<'a> {
        Parser {
            tokens,
            table,
            used: vec![false; tokens.len()],
            mentions: mentions(tokens, table),
            operations: Vec::new(),
            counting: None,
            rank: None,
            rank_lists: false,
            rank_end: 0,
            selects: false,
            measure: None,
            keys: Vec::new(),
            filters: Vec::new(),
            chart: false,
            exact_names: 0,
        }
    }

    fn word(&self, at: usize, words: &[&str]) -> bool {
        self.tokens.get(at).is_some_and(|token| token.is_any(words))
    }

    fn mark(&self, at: usize, mark: char) -> bool {
        self.tokens.get(at).is_some_and(|token| token.is_mark(mark))
    }

    fn spend(&mut self, from: usize, to: usize) {
        self.used[from..to].fill(true);
    }

    /// The longest exact name wins over any word of the vocabulary inside it.
    fn in_long_name(&self, at: usize) -> bool {
        self.mentions.iter().any(|m| m.exact && m.end - m.start > 1 && (m.start..m.end).contains(&at))
    }

    fn take_mention(&mut self, at: usize) -> Option<Mention> {
        let index = self.mentions.iter().position(|mention| mention.start == at)?;
        let mention = self.mentions.remove(index);
        self.spend(mention.start, mention.end);
        self.exact_names += usize::from(mention.exact);
        Some(mention)
    }

    /// "in orders.csv", "in the orders table": names the file and asks nothing.
    fn file_names(&mut self) {
        let stem = self.table.file.rsplit_once('.').map_or(self.table.file.as_str(), |(stem, _)| stem);
        let stem = normal_words(stem);
        for at in 0..self.tokens.len() {
            let end = at + stem.len();
            let words = |range: std::ops::Range<usize>| -> Vec<String> {
                self.tokens[range].iter().flat_map(|token| normal_words(&token.raw)).collect()
            };
            if stem.is_empty() || end > self.tokens.len() || words(at..end) != stem {
                continue;
            }
            let extension = self.mark(end, '.') && self.word(end + 1, &["csv", "tsv", "txt"]);
            let called = self.word(end, &["file", "table", "data", "dataset", "sheet"]);
            if extension || called {
                let end = end + if extension { 2 } else { 1 };
                self.spend(at, end);
                self.mentions.retain(|mention| mention.end <= at || mention.start >= end);
                self.exact_names += 10;
            }
        }
    }

    fn chart(&mut self) {
        for at in 0..self.tokens.len() {
            if self.word(at, &CHART_WORDS) && !self.in_long_name(at) {
                self.chart = true;
                self.spend(at, at + 1);
                if at > 0 && self.word(at - 1, &["bar", "line", "column"]) {
                    self.spend(at - 1, at);
                }
                self.mentions.retain(|mention| mention.exact || !(mention.start..mention.end).contains(&at));
            }
        }
    }

    fn operations(&mut self) -> Result<(), AuthorError> {
        for at in 0..self.tokens.len() {
            if self.used[at] || self.in_long_name(at) {
                continue;
            }
            let (operation, length) = match () {
                () if self.word(at, &["how"]) && self.word(at + 1, &["many"]) => (Operation::Count, 2),
                () if self.word(at, &["how"]) && self.word(at + 1, &["much"]) => (Operation::Sum, 2),
                () if self.word(at, &["number", "count", "counts", "#"]) && self.word(at + 1, &["of"]) => {
                    (Operation::Count, 2)
                }
                () if self.word(at, &["count", "counts"]) => (Operation::Count, 1),
                () if self.word(at, &["total", "sum", "totals", "summed"]) => (Operation::Sum, 1),
                () if self.word(at, &["average", "mean", "avg", "averages"]) => (Operation::Mean, 1),
                () if self.word(at, &["median"]) => (Operation::Median, 1),
                () if self.word(at, &["maximum", "max"]) => (Operation::Max, 1),
                () if self.word(at, &["minimum", "min"]) => (Operation::Min, 1),
                () if self.word(at, &["distinct", "unique", "different"]) => (Operation::Distinct, 1),
                () => continue,
            };
            // A second operation may be the name of a column: "sum of count".
            let is_name = self
                .mentions
                .iter()
                .any(|mention| mention.exact && mention.start == at && mention.end == at + 1);
            if is_name && !self.operations.is_empty() {
                continue;
            }
            if operation == Operation::Count {
                self.counting = Some(at + length);
            }
            if operation == Operation::Distinct && self.counting == Some(at) {
                self.counting = Some(at + length);
            }
            self.operations.push(operation);
            self.spend(at, at + length);
            self.mentions.retain(|mention| {
                mention.end <= at
                    || mention.start >= at + length
                    || (mention.exact && mention.end - mention.start > 1)
            });
        }
        Ok(())
    }

    /// The one operation asked for, if any.
    fn operation(&self) -> Result<Option<Operation>, AuthorError> {
        let mut operations = self.operations.clone();
        operations.dedup();
        let has = |operation| operations.contains(&operation);
        match operations[..] {
            [] => Ok(None),
            [one] => Ok(Some(one)),
            // "how many different", "total number of"
            _ if has(Operation::Distinct) => Ok(Some(Operation::Distinct)),
            [Operation::Sum, Operation::Count] => Ok(Some(Operation::Count)),
            _ => Err(AuthorError::unclear(
                "I compute one figure at a time: do you want the count, the total, the average, the median, the least or the greatest?",
            )),
        }
    }

    fn rank(&mut self) -> Result<(), AuthorError> {
        for at in 0..self.tokens.len() {
            let highest = self.word(at, &HIGHEST_WORDS);
            let lowest = self.word(at, &LOWEST_WORDS);
            if (!highest && !lowest) || self.used[at] || self.in_long_name(at) {
                continue;
            }
            if self.rank.is_some() {
                return Err(AuthorError::unclear(
                    "do you want the highest or the lowest? I answer one at a time",
                ));
            }
            let number = |at: usize| {
                self.tokens.get(at).and_then(Token::count).filter(|count| (1..=RANK_MAX).contains(count))
            };
            let after = number(at + 1);
            let before = at.checked_sub(1).and_then(number);
            let listing = self.word(at, &LISTING_WORDS);
            let count = after.or(before);
            let start = if after.is_none() && before.is_some() { at - 1 } else { at };
            self.rank_end = at + 1 + usize::from(after.is_some());
            self.spend(start, self.rank_end);
            self.mentions.retain(|mention| mention.end <= start || mention.start >= self.rank_end);
            self.rank_lists = count.is_some() || listing;
            let default = if listing && !self.word(at, &["best", "worst"]) { 10 } else { 1 };
            self.rank = Some(Rank { count: count.unwrap_or(default), lowest });
        }
        Ok(())
    }

    /// "total" alone is no mention of `Total Amount`; `May` after "in" is a month.
    fn settle_names_that_are_also_words(&mut self) {
        let tokens = self.tokens;
        let common = |at: usize| {
            tokens[at].is_any(&STOP_WORDS) || tokens[at].is_any(&KEYWORDS) || unit_of(&tokens[at]).is_some()
        };
        let used = self.used.clone();
        self.mentions.retain(|mention| {
            let range = mention.start..mention.end;
            let free = !range.clone().any(|at| used[at]);
            let one_small_word = mention.end - mention.start == 1
                && tokens[mention.start].is_any(&["in", "by", "per", "for", "a", "the", "of", "is"]);
            free && if mention.exact { !one_small_word } else { !range.clone().all(common) }
        });
    }

    /// "where price > 100", "with quantity of at least 5".
    fn comparisons(&mut self) -> Result<(), AuthorError> {
        for at in 0..self.tokens.len() {
            let Some(mention) = self.mentions.iter().find(|mention| mention.start == at).cloned() else {
                continue;
            };
            let mut next = mention.end;
            while self.word(next, &["is", "are", "was", "were", "of", "value"]) {
                next += 1;
            }
            let Some((operator, length)) = self.comparator(next) else { continue };
            let Some(amount) = self.tokens.get(next + length).and_then(Token::amount) else { continue };
            let column = self.resolve(&mention, Role::Measure)?;
            self.take_mention(at);
            let start = if at > 0 && self.word(at - 1, &CONDITION_WORDS) { at - 1 } else { at };
            self.spend(start, next + length + 1);
            self.filters.push(Filter::Compare { column, operator, value: amount.value });
        }
        Ok(())
    }

    fn comparator(&self, at: usize) -> Option<(&'static str, usize)> {
        let two = |first: &[&str], second: &str| self.word(at, first) && self.word(at + 1, &[second]);
        Some(match () {
            () if self.mark(at, '>') && self.mark(at + 1, '=') => (">=", 2),
            () if self.mark(at, '<') && self.mark(at + 1, '=') => ("<=", 2),
            () if self.mark(at, '=') && self.mark(at + 1, '=') => ("==", 2),
            () if self.mark(at, '>') => (">", 1),
            () if self.mark(at, '<') => ("<", 1),
            () if self.mark(at, '=') => ("==", 1),
            () if two(&["greater", "more", "higher", "larger"], "than") => (">", 2),
            () if two(&["less", "lower", "fewer", "smaller"], "than") => ("<", 2),
            () if two(&["at"], "least") => (">=", 2),
            () if two(&["at"], "most") => ("<=", 2),
            () if two(&["equal"], "to") => ("==", 2),
            () if self.word(at, &["above", "over", "exceeding", "exceeds"]) => (">", 1),
            () if self.word(at, &["below", "under"]) => ("<", 1),
            () if self.word(at, &["equals"]) => ("==", 1),
            () if at > 0 && self.word(at - 1, &["is", "was", "are"]) => ("==", 0),
            () => return None,
        })
    }

    fn keys(&mut self) -> Result<(), AuthorError> {
        for at in 0..self.tokens.len() {
            if self.used[at] || self.in_long_name(at) {
                continue;
            }
            if let Some(unit) = adverb_unit(&self.tokens[at]) {
                self.spend(at, at + 1);
                self.time_key(unit)?;
            } else if self.word(at, &["over"]) && self.word(at + 1, &["time"]) {
                self.spend(at, at + 2);
                self.time_key(Unit::Month)?;
            } else if self.word(at, &GROUP_WORDS) {
                self.key_list(at + 1)?;
            } else if self.word(at, &["which", "what", "who"]) {
                self.selection(at)?;
            }
        }
        Ok(())
    }

    /// What follows "by", "per", "for each": a column, a calendar unit, or several of them.
    fn key_list(&mut self, from: usize) -> Result<(), AuthorError> {
        let mut at = from;
        loop {
            while self.word(at, &["the", "each", "every", "by", "of", "its", "their"])
                || (self.tokens.get(at).is_some() && self.used[at] && self.is_operation_word(at))
            {
                at += 1;
            }
            if let Some(mention) = self.mentions.iter().find(|mention| mention.start == at).cloned() {
                let column_is_measure = self.is_measure_of_rank(&mention);
                self.take_mention(at);
                if column_is_measure {
                    self.measure = Some(self.resolve(&mention, Role::Measure)?);
                } else {
                    let column = self.resolve(&mention, Role::Key)?;
                    self.push_key(self.key_of(column));
                }
                at = mention.end;
            } else if let Some(unit) = self.tokens.get(at).and_then(unit_of) {
                self.spend(at, at + 1);
                self.time_key(unit)?;
                at += 1;
            } else {
                return Ok(());
            }
            let glue = self.tokens[at..]
                .iter()
                .take_while(|token| {
                    token.is_mark(',') || token.is_mark('&') || token.is("and") || token.is("then")
                })
                .count();
            if glue == 0 {
                return Ok(());
            }
            at += glue;
        }
    }

    fn is_operation_word(&self, at: usize) -> bool {
        self.word(at, &OPERATION_WORDS)
    }

    /// In "top 5 customers by revenue" the column after "by" is what ranks.
    fn is_measure_of_rank(&self, mention: &Mention) -> bool {
        self.rank.is_some()
            && self.measure.is_none()
            && mention.candidates.iter().any(|column| is_number(self.table.columns[*column].kind))
            && (self.rank_lists || self.selects)
            && !self.other_measure(mention)
    }

    fn other_measure(&self, but: &Mention) -> bool {
        let measurable =
            |mention: &&Mention| mention.candidates.iter().any(|at| is_number(self.table.columns[*at].kind));
        self.mentions
            .iter()
            .filter(measurable)
            .any(|mention| mention != but && mention.start > self.rank_end && mention.start < but.start)
    }

    /// "which region", "which 3 products", "what month".
    fn selection(&mut self, at: usize) -> Result<(), AuthorError> {
        let mut next = at + 1;
        while self.tokens.get(next).is_some()
            && (self.used[next] || self.word(next, &["the", "are", "is"]))
            && self.rank.is_some()
        {
            next += 1;
        }
        if let Some(count) = self.tokens.get(next).and_then(Token::count)
            && let Some(rank) = &mut self.rank
            && (1..=RANK_MAX).contains(&count)
        {
            (rank.count, self.rank_lists) = (count, true);
            self.spend(next, next + 1);
            next += 1;
        }
        if self.rank.is_none() {
            return Ok(());
        }
        if let Some(mention) = self.mentions.iter().find(|mention| mention.start == next).cloned() {
            let text = mention.candidates.iter().any(|column| !is_number(self.table.columns[*column].kind));
            // "what is the highest price" asks for a price, "which year has" for a year.
            if text || self.word(at, &["which"]) {
                self.take_mention(next);
                let column = self.resolve(&mention, Role::Key)?;
                self.push_key(self.key_of(column));
                self.selects = true;
            }
        } else if let Some(unit) = self.tokens.get(next).and_then(unit_of) {
            self.spend(next, next + 1);
            self.time_key(unit)?;
            self.selects = true;
        } else if self.word(at, &["who"]) {
            self.rank_lists = true;
        }
        Ok(())
    }

    fn key_of(&self, column: usize) -> Key {
        match self.table.columns[column].kind {
            ColumnKind::Date => Key::Time { column, unit: Unit::Day },
            _ => Key::Column(column),
        }
    }

    fn push_key(&mut self, key: Key) {
        if !self.keys.contains(&key) {
            self.keys.push(key);
        }
    }

    fn time_key(&mut self, unit: Unit) -> Result<(), AuthorError> {
        let column = self.date_column()?;
        self.push_key(Key::Time { column, unit });
        Ok(())
    }

    /// The column of dates that the question names, or the only one there is.
    fn date_column(&self) -> Result<usize, AuthorError> {
        let dates: Vec<usize> = (0..self.table.columns.len())
            .filter(|at| self.table.columns[*at].kind == ColumnKind::Date)
            .collect();
        let named: Vec<usize> = dates
            .iter()
            .copied()
            .filter(|at| self.mentions.iter().any(|m| m.candidates.contains(at)))
            .collect();
        match (&dates[..], &named[..]) {
            (_, [one]) | ([one], _) => Ok(*one),
            ([], _) => Err(AuthorError::NotUnderstood(format!(
                "no column of {:?} holds dates; {}",
                self.table.file,
                columns_of(self.table)
            ))),
            _ => Err(AuthorError::unclear(format!("by which date: {}?", self.names(&dates)))),
        }
    }

    fn names(&self, columns: &[usize]) -> String {
        let names: Vec<String> =
            columns.iter().take(12).map(|at| format!("{:?}", self.table.columns[*at].name)).collect();
        names.join(" or ")
    }

    fn filters(&mut self) -> Result<(), AuthorError> {
        for at in 0..self.tokens.len() {
            if self.used[at] {
                continue;
            }
            if self.word(at, &CONDITION_WORDS)
                || self.word(at, &PLACE_WORDS)
                || (self.word(at, &["and"]) && !self.filters.is_empty())
            {
                self.filter_after(at)?;
            }
        }
        Ok(())
    }

    fn filter_after(&mut self, at: usize) -> Result<(), AuthorError> {
        let mut start = at + 1;
        while self.word(start, &["the", "only", "all", "where", "for", "in", "rows", "orders"])
            && !self.mentions.iter().any(|m| m.start == start)
        {
            start += 1;
        }
        if self.calendar(at, start)? {
            return Ok(());
        }
        if let Some(mention) = self.mentions.iter().find(|mention| mention.start == start).cloned() {
            return self.named_value(at, &mention);
        }
        let condition = self.word(at, &CONDITION_WORDS) || self.word(at, &["of", "and"]);
        let end = self.value_end(start);
        let quoted = self.tokens.get(start).is_some_and(|token| token.kind == Kind::Quoted);
        if end == start
            || (condition && !quoted)
            || (self.tokens[start..end].iter().all(|token| token.is_any(&STOP_WORDS) && !is_capital(token)))
        {
            return Ok(());
        }
        let value = raw_text(&self.tokens[start..end]);
        // "in the North region": the column follows its value.
        if let Some(mention) = self.mentions.iter().find(|mention| mention.start == end).cloned()
            && mention.candidates.iter().any(|column| !is_number(self.table.columns[*column].kind))
            && self.word(at, &PLACE_WORDS)
        {
            let column = self.resolve(&mention, Role::Key)?;
            self.take_mention(end);
            self.spend(at, end);
            self.filters.push(Filter::Equals { column, value });
            return Ok(());
        }
        self.spend(at, end);
        self.filters.push(Filter::Anywhere { value });
        Ok(())
    }

    /// "where region is North", "in region North", "for customer 'Acme Ltd'".
    fn named_value(&mut self, at: usize, mention: &Mention) -> Result<(), AuthorError> {
        let mut start = mention.end;
        while self.word(start, &["is", "was", "equals", "are", "equal", "to", "called", "named"])
            || self.mark(start, '=')
            || self.mark(start, ':')
        {
            start += 1;
        }
        let end = self.value_end(start);
        let stop = self.tokens.get(start).is_none_or(|token| {
            token.is_any(&STOP_WORDS) && !is_capital(token) && !self.word(at, &CONDITION_WORDS)
        });
        if end == start || stop {
            return Ok(());
        }
        let column = self.resolve(mention, Role::Key)?;
        self.take_mention(mention.start);
        let value = raw_text(&self.tokens[start..end]);
        let number = self.tokens[start]
            .amount()
            .filter(|_| end == start + 1 && is_number(self.table.columns[column].kind));
        self.spend(at, end);
        self.filters.push(match number {
            Some(amount) => Filter::Compare { column, operator: "==", value: amount.value },
            None => Filter::Equals { column, value },
        });
        Ok(())
    }

    /// "in 2024", "in March", "in March 2024".
    fn calendar(&mut self, at: usize, start: usize) -> Result<bool, AuthorError> {
        let month = self.tokens.get(start).and_then(month_of);
        let year_at = start + usize::from(month.is_some());
        let year =
            self.tokens.get(year_at).and_then(Token::count).filter(|year| (1900..=2100).contains(year));
        let has_dates = self.table.columns.iter().any(|column| column.kind == ColumnKind::Date);
        if month.is_none() && year.is_none() || !self.word(at, &PLACE_WORDS) {
            return Ok(false);
        }
        if !has_dates {
            let named_year = |at: &usize| normal_words(&self.table.columns[*at].name) == ["year"];
            let (Some(year), None, Some(column)) =
                (year, month, (0..self.table.columns.len()).find(named_year))
            else {
                return Ok(false);
            };
            self.filters.push(Filter::Compare { column, operator: "==", value: f64::from(year) });
            self.spend(at, start + 1);
            return Ok(true);
        }
        let column = self.date_column()?;
        self.filters.extend(month.map(|month| Filter::Month { column, month }));
        self.filters.extend(year.map(|year| Filter::Year { column, year }));
        self.spend(at, year_at + usize::from(year.is_some()));
        Ok(true)
    }

    /// Where a value that starts at `start` ends: before the next column, keyword or stop.
    fn value_end(&self, start: usize) -> usize {
        let mut end = start;
        while let Some(token) = self.tokens.get(end) {
            let is_name = self.mentions.iter().any(|mention| mention.start == end);
            let stops = matches!(token.kind, Kind::Mark(mark) if !matches!(mark, '-' | '&' | '\'' | '/'))
                || (token.is_any(&VALUE_ENDS) && !(is_capital(token) && end == start));
            if self.used[end] || is_name || stops {
                break;
            }
            end += 1;
            if token.kind == Kind::Quoted {
                break;
            }
        }
        end
    }

    /// "how many orders": rows, or the different values of a column, or the total of one.
    fn counted_things(&mut self) -> Result<(), AuthorError> {
        let Some(at) = self.counting else { return Ok(()) };
        let at = at + usize::from(self.word(at, &["the"]));
        if let Some(mention) = self.mentions.iter().find(|mention| mention.start == at).cloned() {
            self.take_mention(at);
            if let Some(column) = self.identifier_among(&mention) {
                self.operations = vec![Operation::Distinct];
                self.measure = Some(column);
            } else if mention.candidates.iter().any(|column| is_number(self.table.columns[*column].kind)) {
                self.operations = vec![Operation::Sum];
                self.measure = Some(self.resolve(&mention, Role::Measure)?);
            }
            return Ok(());
        }
        // Whatever a row is called: orders, passengers, sales reps.
        let free = |at: &usize| {
            self.tokens.get(*at).is_some_and(|token| {
                token.kind == Kind::Word && !token.is_any(&KEYWORDS) && !token.is_any(&STOP_WORDS)
            }) && !self.used[*at]
        };
        let words = (at..at + 2).take_while(free).count();
        self.spend(at.min(self.tokens.len()), at.min(self.tokens.len()) + words);
        Ok(())
    }

    /// The column whose different values are the things counted.
    fn identifier_among(&self, mention: &Mention) -> Option<usize> {
        let kind = |at: usize| self.table.columns[at].kind;
        let is_id = |at: &usize| {
            normal_words(&self.table.columns[*at].name).iter().any(|word| ID_WORDS.contains(&word.as_str()))
        };
        let ids = || mention.candidates.iter().copied().filter(is_id);
        let texts: Vec<usize> = mention
            .candidates
            .iter()
            .copied()
            .filter(|at| matches!(kind(*at), ColumnKind::Text | ColumnKind::Boolean))
            .collect();
        match (ids().next(), &texts[..]) {
            (Some(id), _) => Some(id),
            (None, [text]) => Some(*text),
            (None, _) => None,
        }
    }

    fn resolve(&self, mention: &Mention, role: Role) -> Result<usize, AuthorError> {
        let number = |at: &usize| is_number(self.table.columns[*at].kind);
        let fitting: Vec<usize> = match role {
            Role::Measure => mention.candidates.iter().copied().filter(number).collect(),
            Role::Key => mention.candidates.iter().copied().filter(|at| !number(at)).collect(),
        };
        let fitting = match (fitting.is_empty(), role) {
            (true, Role::Measure) => {
                let name = &self.table.columns[mention.candidates[0]].name;
                return Err(AuthorError::NotUnderstood(format!(
                    "column {name:?} does not hold numbers of one unit; {}",
                    columns_of(self.table)
                )));
            }
            (true, Role::Key) => mention.candidates.clone(),
            (false, _) => fitting,
        };
        let is_name =
            |at: &usize| normal_words(&self.table.columns[*at].name).iter().any(|word| word == "name");
        let named: Vec<usize> = fitting.iter().copied().filter(is_name).collect();
        match (&fitting[..], &named[..]) {
            ([one], _) => Ok(*one),
            (_, [one]) if role == Role::Key => Ok(*one),
            _ => {
                let asked = raw_text(&self.tokens[mention.start..mention.end]);
                Err(AuthorError::unclear(format!(
                    "which column do you mean by {asked:?}: {}?",
                    self.names(&fitting)
                )))
            }
        }
    }

    fn finish(mut self) -> Result<Query, AuthorError> {
        let mut operation = self.operation()?;
        self.rank_entity()?;
        self.remaining_mentions(operation)?;
        self.check_leftovers()?;
        let counts = matches!(operation, Some(Operation::Count | Operation::Distinct));
        if let Some(rank) = self.rank
            && !self.rank_lists
            && !self.selects
        {
            // "the highest price", "the lowest price by region"
            if operation.is_some_and(|operation| operation != Operation::Max && operation != Operation::Min) {
                if self.keys.is_empty() {
                    return Err(AuthorError::unclear(format!(
                        "the highest or lowest of which groups? Say for example: which region has it; {}",
                        columns_of(self.table)
                    )));
                }
            } else {
                operation = Some(if rank.lowest { Operation::Min } else { Operation::Max });
                self.rank = None;
            }
        }
        if self.rank.is_some()
            && operation.is_none()
            && !self.keys.is_empty()
            && self.measure.is_none()
            && self.says_most_rows()
        {
            operation = Some(Operation::Count);
        }
        let operation = match operation {
            Some(operation) => operation,
            None if self.rank.is_some() => Operation::Sum,
            None if self.chart && self.measure.is_some() && !self.keys.is_empty() => Operation::Sum,
            None if !self.keys.is_empty() && self.measure.is_some() => Operation::Sum,
            None => return Err(self.no_operation()),
        };
        if self.measure.is_none() && operation != Operation::Count {
            self.measure = Some(self.only_measure(operation)?);
        }
        if self.chart && self.keys.is_empty() {
            return Err(AuthorError::unclear(format!("a chart by which column? {}", columns_of(self.table))));
        }
        if self.keys.len() > KEYS_MAX {
            return Err(AuthorError::unclear(format!("by which {KEYS_MAX} columns at most should I group?")));
        }
        let measure = if operation == Operation::Count && counts { None } else { self.measure };
        Ok(Query {
            operation,
            measure,
            keys: self.keys,
            filters: self.filters,
            rank: self.rank,
            chart: self.chart,
            exact_names: self.exact_names,
        })
    }

    fn says_most_rows(&self) -> bool {
        self.tokens.iter().enumerate().any(|(at, token)| {
            token.is_any(&["most", "fewest", "least"])
                && self
                    .tokens
                    .get(at + 1)
                    .is_some_and(|next| ROW_WORDS.contains(&singular(&next.text).as_str()))
        })
    }

    fn no_operation(&self) -> AuthorError {
        AuthorError::NotUnderstood(format!("I do not see what to compute; {}", help(self.table)))
    }

    /// What is ranked: "top 5 customers", "3 largest orders".
    fn rank_entity(&mut self) -> Result<(), AuthorError> {
        if self.rank.is_none() || !self.rank_lists || self.selects {
            return Ok(());
        }
        let mut at = self.rank_end;
        while self.word(at, &["of", "the", "selling", "performing"]) {
            self.spend(at, at + 1);
            at += 1;
        }
        if let Some(mention) = self.mentions.iter().find(|mention| mention.start == at).cloned() {
            let is_number_only =
                mention.candidates.iter().all(|column| is_number(self.table.columns[*column].kind));
            let plural_thing = self.identifier_among(&mention).is_some();
            if !is_number_only || (plural_thing && self.measure.is_some()) {
                // "3 largest orders" beside a column `Order ID` that differs in every row means rows.
                let column = self.identifier_among(&mention);
                let rows = column.is_some_and(|column| {
                    self.table.columns[column].distinct >= self.table.rows.min(1000) && !mention.exact
                });
                self.take_mention(at);
                if !rows {
                    let column = self.resolve(&mention, Role::Key)?;
                    self.push_key(self.key_of(column));
                }
            }
        } else if let Some(unit) = self.tokens.get(at).and_then(unit_of) {
            self.spend(at, at + 1);
            self.time_key(unit)?;
        }
        Ok(())
    }

    /// What is left unassigned is the measure.
    fn remaining_mentions(&mut self, operation: Option<Operation>) -> Result<(), AuthorError> {
        let mut rest = std::mem::take(&mut self.mentions);
        rest.retain(|mention| !(mention.start..mention.end).any(|at| self.used[at]));
        // A word for a row beside a measure, such as "orders" near `Order Date`, is no second measure.
        let row_word = |mention: &Mention| {
            !mention.exact
                && mention.end - mention.start == 1
                && ROW_WORDS.contains(&singular(&self.tokens[mention.start].text).as_str())
        };
        let (row_words, rest): (Vec<_>, Vec<_>) = rest.into_iter().partition(row_word);
        if rest.is_empty() && self.measure.is_none() && operation != Some(Operation::Count) {
            let numeric = |mention: &&Mention| {
                mention.candidates.iter().any(|column| is_number(self.table.columns[*column].kind))
            };
            if let Some(mention) = row_words.iter().find(numeric) {
                self.measure = Some(self.resolve(mention, Role::Measure)?);
            }
        }
        row_words.iter().for_each(|mention| self.spend(mention.start, mention.end));
        for mention in rest {
            let distinct = operation == Some(Operation::Distinct);
            if self.measure.is_some() || operation == Some(Operation::Count) {
                let date = mention.candidates.iter().any(|column| {
                    self.table.columns[*column].kind == ColumnKind::Date
                        && self
                            .keys
                            .iter()
                            .any(|key| matches!(key, Key::Time { column: used, .. } if used == column))
                });
                if date {
                    self.spend(mention.start, mention.end);
                }
                continue;
            }
            let column = if distinct {
                self.resolve(&mention, Role::Key)?
            } else {
                self.resolve(&mention, Role::Measure)?
            };
            self.measure = Some(column);
            self.exact_names += usize::from(mention.exact);
            self.spend(mention.start, mention.end);
        }
        Ok(())
    }

    fn check_leftovers(&self) -> Result<(), AuthorError> {
        let mut left: Vec<&str> = Vec::new();
        for (at, token) in self.tokens.iter().enumerate() {
            let ignorable = match &token.kind {
                Kind::Mark(mark) => !matches!(mark, '>' | '<' | '=' | '%' | '*' | '+' | '^'),
                Kind::Word => {
                    token.is_any(&STOP_WORDS) || (ROW_WORDS.contains(&singular(&token.text).as_str()))
                }
                _ => false,
            };
            if !self.used[at] && !ignorable {
                left.push(&token.raw);
            }
        }
        if left.is_empty() {
            return Ok(());
        }
        Err(AuthorError::NotUnderstood(format!(
            "I do not know what {:?} means here; {}",
            left.join(" "),
            help(self.table)
        )))
    }

    fn only_measure(&self, operation: Operation) -> Result<usize, AuthorError> {
        let is_id = |at: usize| {
            normal_words(&self.table.columns[at].name)
                .iter()
                .any(|word| ID_WORDS.contains(&word.as_str()) || word == "year")
        };
        let fits = |at: &usize| match operation {
            Operation::Distinct => !is_number(self.table.columns[*at].kind),
            _ => {
                is_number(self.table.columns[*at].kind)
                    && !is_id(*at)
                    && !self.keys.contains(&Key::Column(*at))
            }
        };
        let columns: Vec<usize> = (0..self.table.columns.len()).filter(fits).collect();
        match columns[..] {
            [one] => Ok(one),
            [] => Err(AuthorError::NotUnderstood(format!(
                "no column of {:?} fits; {}",
                self.table.file,
                columns_of(self.table)
            ))),
            _ => Err(AuthorError::unclear(format!("of which column: {}?", self.names(&columns)))),
        }
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Role {
    Measure,
    Key,
}

fn is_capital(token: &Token) -> bool {
    token.raw.chars().next().is_some_and(char::is_uppercase)
}

/// The question's own spelling of some of its tokens.
fn raw_text(tokens: &[Token]) -> String {
    let mut text = String::new();
    for token in tokens {
        let glued = matches!(token.kind, Kind::Mark('-' | '/' | '\'')) || text.ends_with(['-', '/', '\'']);
        if !text.is_empty() && !glued {
            text.push(' ');
        }
        text.push_str(&token.raw);
    }
    text
}

/// The columns of a table, for messages.
pub(crate) fn columns_of(table: &TableProfile) -> String {
    const SHOWN: usize = 20;
    let name = |column: &ringfence_pipeline::ports::ColumnProfile| {
        let kind = if is_number(column.kind) {
            " (number)"
        } else if column.kind == ColumnKind::Date {
            " (date)"
        } else {
            ""
        };
        format!("{:?}{kind}", column.name)
    };
    let names: Vec<String> = table.columns.iter().take(SHOWN).map(name).collect();
    let more = table.columns.len().saturating_sub(SHOWN);
    let more = if more > 0 { format!(" and {more} more") } else { String::new() };
    format!("{:?} has the columns {}{more}", table.file, names.join(", "))
}

/// What can be asked of a table.
pub(crate) fn help(table: &TableProfile) -> String {
    format!(
        "I can count rows, and give the total, average, median, least, greatest or top few of a column, for all rows or by another column, \
         such as \"total revenue by region\", \"top 5 customers by revenue\" or \"average price where country is Germany\"; {}",
        columns_of(table)
    )
}
