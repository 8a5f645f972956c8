//! Understands a question on a view: what to compute, of which columns, for which rows, in which groups.
//!
//! Every word of the question must have been used in the end. A word that was not is reported back rather than
//! ignored: an answer to another question is worse than none.

mod account;
mod alternatives;
mod arithmetic;
mod balances;
mod bands;
mod cleaning;
mod conditions;
mod contests;
mod counting;
mod delays;
mod doubts;
mod figures;
mod groups;
mod growth;
mod leftovers;
mod margins;
mod never;
mod numbers;
mod periods;
mod presence;
mod ranks;
mod remains;
mod rounding;
mod selection;
mod senses;
mod spans;
mod states;
mod superlatives;
mod tasks;
mod time;
mod typical;
mod whole;
mod worth;

use std::ops::Range as Span;

pub(crate) use figures::is_averaged;

use ringfence_pipeline::ports::{ColumnKind, ColumnRole};
use serde::{Deserialize, Serialize};

use super::{
    dates::Day,
    mentions::{self, EXACT, Mention, TIE, ValueMention},
    query::*,
    view::View,
    vocabulary::{Class, MONEY_WORDS, phrases},
    words::{Kind, Token},
};

/// What a person has chosen where a question could mean several things.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) enum Choice {
    Column(String),
    Table(String),
    Phrase(String),
}

/// Why a question is not understood.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Trouble {
    /// One question back: what is asked, and each option with what it decides.
    Ask(String, Vec<(String, Choice)>),
    /// The data cannot say.
    Cannot(String),
    /// Nothing to compute was found.
    Lost(String),
}

/// What a question says; a part of a query, if it continues an earlier one.
#[derive(Debug, Clone, Default)]
pub(crate) struct Partial {
    pub(crate) task: Option<Task>,
    pub(crate) measures: Vec<Measure>,
    /// How to sum up what the measures do not say.
    pub(crate) aggs: Vec<Agg>,
    pub(crate) keys: Vec<Key>,
    pub(crate) filters: Vec<Filter>,
    pub(crate) having: Option<Having>,
    pub(crate) rank: Option<Rank>,
    pub(crate) sort: Option<Sort>,
    /// How many groups there are is asked: "in how many months".
    pub(crate) groups_counted: bool,
    /// Which part of all groups they are is asked: "what share of customers ordered twice".
    pub(crate) groups_shared: bool,
    /// Columns that were named.
    pub(crate) named: Vec<Col>,
    /// The conditions say which rows are left out.
    pub(crate) removes: bool,
    /// A condition is said to have never been met.
    pub(crate) never: bool,
    /// Of two periods only what has more in the second is wanted, or what has less.
    pub(crate) moved: Option<bool>,
    /// "customers who": of whom each may stand in several rows.
    pub(crate) who: Option<Col>,
    /// Several conditions are to be met, each in a row of its own: "both A and B".
    pub(crate) both: bool,
    /// Somebody did one thing "and" another.
    pub(crate) done_with_and: bool,
    /// Figures are rounded to so many decimals; less than none are tens.
    pub(crate) decimals: Option<i32>,
    /// Something is said to be lacking: "who did not buy A".
    pub(crate) denies: bool,
    /// The groups come in the order of their names.
    pub(crate) alphabetical: bool,
    pub(crate) chart: Option<Chart>,
    pub(crate) save: bool,
    pub(crate) today: Option<Day>,
    pub(crate) notes: Vec<String>,
    /// "which", "who": the answer is a group or a row.
    pub(crate) selects: bool,
    /// It asks to be shown rows.
    pub(crate) lists: bool,
    /// It asks how many.
    pub(crate) counts: bool,
    /// Words that nothing explains.
    pub(crate) unknown: Vec<String>,
    /// How much matched names in full, to choose between tables.
    pub(crate) exact: usize,
    /// How sure each reading of a phrase is, in percent.
    pub(crate) confidence: u32,
    /// "best": by what is not said.
    pub(crate) total_only: bool,
    /// An aggregate was named.
    pub(crate) agg_said: bool,
    /// Groups are ranked: "top 5 customers".
    pub(crate) entity_ranked: bool,
    /// Rows are ranked: "the 3 biggest orders".
    pub(crate) rows_ranked: bool,
    /// Rows are to be shown.
    pub(crate) lists_rows: bool,
    /// "average daily sessions": the mean of what each day has.
    pub(crate) mean_of_groups: bool,
    /// "most expensive": by price.
    pub(crate) prices: bool,
    /// "what categories are there": the values themselves are asked for.
    pub(crate) asks_what_there_is: bool,
    /// What a row is was named: orders, invoices.
    pub(crate) rows_named: bool,
    /// What must be found again in the query.
    pub(crate) said: account::Said,
    /// It was by a word for money that changes hands: donations may be counted or added up.
    pub(crate) money_named: bool,
    /// By how much one period exceeds another is asked.
    pub(crate) difference: bool,
    /// "units per order": what a row has on average.
    pub(crate) per_row: bool,
    /// "the same months of last year": the period of the question before, a year earlier.
    pub(crate) year_earlier: bool,
    /// The date column that was taken for a period because none was named.
    pub(crate) usual_date: Option<Col>,
}

/// Reads `tokens` as far as it goes.
pub(crate) fn read(tokens: &[Token], view: &View<'_>, choices: &[Choice]) -> Result<Partial, Trouble> {
    let mut reader = Reader::new(tokens.to_vec(), view, choices);
    reader.run()?;
    Ok(reader.out)
}

/// Makes a whole query of it.
pub(crate) fn complete(
    partial: Partial,
    view: &View<'_>,
    choices: &[Choice],
) -> Result<(Query, u32), Trouble> {
    whole::complete(partial, view, choices)
}

pub(crate) struct Reader<'a> {
    tokens: Vec<Token>,
    view: &'a View<'a>,
    choices: &'a [Choice],
    used: Vec<bool>,
    mentions: Vec<Mention>,
    values: Vec<ValueMention>,
    phrases: Vec<Vec<(usize, Class)>>,
    out: Partial,
    /// Period before and after, if two are compared.
    periods: Vec<Period>,
    /// Figures that come from computing with columns: where they stand, and what they are.
    computed: Vec<(usize, Measure)>,
    /// Aggregates in the order of the question.
    spoken: Vec<(usize, Agg)>,
    /// The same, whatever becomes of them.
    aggs_said: Vec<(usize, Agg)>,
    /// Where "how many" ends.
    counting: Option<usize>,
    rank_at: Option<Span<usize>>,
    rank_lists: bool,
    share_at: Option<usize>,
    growth_at: Option<usize>,
    running: bool,
    pivot: bool,
    compares: bool,
    over_time: bool,
    /// "how many days", where it is not between two dates.
    days_asked: Option<(usize, usize)>,
    /// Where rows are told to be left out of a new workbook.
    removes: Option<usize>,
    /// Where a word for what came in was taken for a column.
    incomes: Vec<usize>,
    /// By what the number of a condition is multiplied, to be in the column's unit.
    factor: Option<f64>,
    /// A condition is on a single row: "in one order".
    of_row: bool,
    /// Where columns were named.
    anchors: Vec<(usize, usize)>,
    /// A win rate is asked for: what has been decided, of which it is a share.
    decided: Option<Filter>,
    /// Filters with the place of what they were read from.
    placed: Vec<(usize, Filter)>,
}

/// What a mentioned column is wanted for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Want {
    Measure,
    Key,
    Date,
    Any,
}

impl<'a> Reader<'a> {
    fn new(mut tokens: Vec<Token>, view: &'a View<'a>, choices: &'a [Choice]) -> Reader<'a> {
        let mended = mentions::mend(&mut tokens, view);
        let count = tokens.len();
        let words: Vec<&str> = tokens
            .iter()
            .map(|token| if token.kind == Kind::Quoted { "\"" } else { token.text.as_str() })
            .collect();
        let phrases: Vec<Vec<(usize, Class)>> = (0..count)
            .map(|at| {
                let mut found: Vec<(usize, Class)> = phrases(&words[at..(at + 8).min(count)]).collect();
                found.sort_by_key(|(length, _)| std::cmp::Reverse(*length));
                found
            })
            .collect();
        let mut out = Partial { confidence: 100, ..Partial::default() };
        for (from, to) in mended {
            out.notes.push(format!("I read {from:?} as {to:?}."));
            out.doubt(3);
        }
        Reader {
            used: vec![false; count],
            mentions: Vec::new(),
            values: Vec::new(),
            tokens,
            view,
            choices,
            phrases,
            out,
            periods: Vec::new(),
            computed: Vec::new(),
            spoken: Vec::new(),
            aggs_said: Vec::new(),
            counting: None,
            rank_at: None,
            rank_lists: false,
            share_at: None,
            growth_at: None,
            running: false,
            pivot: false,
            compares: false,
            over_time: false,
            days_asked: None,
            removes: None,
            incomes: Vec::new(),
            factor: None,
            of_row: false,
            anchors: Vec::new(),
            decided: None,
            placed: Vec::new(),
        }
    }

    fn run(&mut self) -> Result<(), Trouble> {
        self.purpose();
        self.names_of_files();
        self.same_period();
        self.find_mentions();
        self.senses();
        self.out.prices = self
            .tokens
            .iter()
            .any(|token| token.is_any(&["expensive", "cheapest", "dearest", "priciest", "costliest"]));
        self.out.asks_what_there_is = self.tokens.len() <= 14
            && self.tokens.iter().any(|token| {
                token.is_any(&[
                    "there",
                    "have",
                    "exist",
                    "exists",
                    "list",
                    "are",
                    "available",
                    "different",
                    "appear",
                ])
            });
        self.out.who = self.who_is_asked_for();
        self.worth_as_well()?;
        self.times()?;
        self.charts_and_files();
        self.rounding();
        self.cleaning()?;
        self.cannot()?;
        self.arithmetic();
        self.margins()?;
        self.times_said()?;
        self.newcomers();
        self.kinds();
        self.contests();
        self.presence()?;
        self.special_conditions()?;
        self.comparisons()?;
        self.value_conditions()?;
        self.both_ends();
        self.flag_compared();
        self.sorting()?;
        self.bands()?;
        self.group_keys()?;
        self.come_and_gone();
        self.ranking()?;
        self.counted_days()?;
        self.spoken_figures()?;
        self.measured()?;
        self.balances();
        self.in_hours();
        self.with_tax();
        self.settle_task()?;
        self.leftovers();
        self.account();
        Ok(())
    }

    // ---- helpers ----

    fn free(&self, span: Span<usize>) -> bool {
        span.end <= self.used.len() && !self.used[span].contains(&true)
    }

    fn spend(&mut self, span: Span<usize>) {
        let end = span.end.min(self.used.len());
        if span.start < end {
            self.used[span.start..end].fill(true);
        }
        let used = &self.used;
        self.mentions.retain(|mention| !used[mention.start..mention.end].contains(&true));
        self.values.retain(|value| !used[value.start..value.end].contains(&true));
    }

    /// True if a name in full, of several words or no word of the vocabulary, covers the place.
    fn is_named(&self, at: usize) -> bool {
        let strong =
            |start: usize, end: usize, exact: bool| exact && (start..end).contains(&at) && end - start > 1;
        self.mentions.iter().any(|mention| strong(mention.start, mention.end, true))
            || self.values.iter().any(|value| strong(value.start, value.end, value.exact))
    }

    /// How many tokens the longest phrase has that begins here, is free, and does what is wanted.
    fn class(&self, at: usize, wanted: impl Fn(Class) -> bool) -> Option<usize> {
        self.class_of(at, |class| wanted(class).then_some(())).map(|(length, ())| length)
    }

    fn class_of<T>(&self, at: usize, wanted: impl Fn(Class) -> Option<T>) -> Option<(usize, T)> {
        let known = self.phrases.get(at)?;
        if self.is_named(at) {
            return None;
        }
        let longest = |length: usize| {
            // A longer phrase with another use hides a shorter one.
            known.iter().all(|(other, _)| *other <= length || !self.free(at..at + other))
        };
        known.iter().find_map(|(length, class)| {
            let fits = self.free(at..at + length)
                && longest(*length)
                && (*length > 3 || !(at + 1..at + length).any(|place| self.is_named(place)));
            if fits { wanted(*class).map(|found| (*length, found)) } else { None }
        })
    }

    fn is(&self, at: usize, class: Class) -> bool {
        self.class(at, |one| one == class).is_some()
    }

    fn word(&self, at: usize, words: &[&str]) -> bool {
        self.tokens.get(at).is_some_and(|token| token.is_any(words))
    }

    fn mark(&self, at: usize, mark: char) -> bool {
        self.tokens.get(at).is_some_and(|token| token.is_mark(mark))
    }

    /// Past words that carry nothing: articles, prepositions.
    fn past(&self, mut at: usize, words: &[&str]) -> usize {
        while self.word(at, words) {
            at += 1;
        }
        at
    }

    fn mention(&self, at: usize) -> Option<Mention> {
        self.mentions.iter().find(|mention| mention.start == at).cloned()
    }

    /// Notes that a word for the table's rows was said.
    fn rows_said(&mut self, span: Span<usize>) {
        self.out.rows_named = true;
        let taken = format!("{:?} is taken as ", self.raw(span.clone()));
        self.out.notes.retain(|note| !note.starts_with(&taken));
        self.spend(span);
    }

    fn mention_before(&self, end: usize) -> Option<Mention> {
        self.mentions.iter().find(|mention| mention.end == end).cloned()
    }

    fn value(&self, at: usize) -> Option<ValueMention> {
        self.values.iter().find(|value| value.start == at).cloned()
    }

    fn take(&mut self, mention: &Mention) {
        self.out.exact += usize::from(mention.best() >= EXACT) + usize::from(mention.best() >= 60);
        let numbers = mention
            .candidates
            .iter()
            .filter(|(col, _)| self.view.is_measure(*col))
            .map(|(_, score)| *score)
            .max();
        match numbers.unwrap_or_else(|| mention.best()) {
            EXACT.. => {}
            60.. => self.out.doubt(4),
            // Part of a name, but not what it is about: "reorder" for `Reorder Level`.
            56..60 if self.can(mention, Want::Measure) => self.out.doubt(25),
            _ => self.out.doubt(8),
        }
        self.anchors.push((mention.start, mention.end));
        let likely =
            mention.candidates.iter().filter(|(_, score)| *score + 30 >= mention.best()).map(|(col, _)| *col);
        self.out.said.columns.push((self.raw(mention.start..mention.end), likely.collect()));
        self.out.named.extend(mention.candidates.first().map(|(col, _)| *col));
        self.spend(mention.start..mention.end);
    }

    fn raw(&self, span: Span<usize>) -> String {
        let end = span.end.min(self.tokens.len());
        let mut text = String::new();
        for token in self.tokens.get(span.start..end).unwrap_or_default() {
            let glued = matches!(token.kind, Kind::Mark('-' | '/' | '\'' | '.'))
                || text.ends_with(['-', '/', '\'', '.']);
            if !text.is_empty() && !glued {
                text.push(' ');
            }
            text.push_str(&token.raw);
        }
        text
    }

    /// What the answer is wanted for changes nothing: "so I can send it to purchasing".
    fn purpose(&mut self) {
        for at in 1..self.tokens.len() {
            let so = self.word(at, &["so"]) && self.word(at + 1, &["i", "we", "that", "they", "my", "our"]);
            let order = self.word(at, &["in"]) && self.word(at + 1, &["order"]) && self.word(at + 2, &["to"]);
            // "because it is too small" says which rows are meant, if that is a value.
            let because = self.word(at, &["because"]) && {
                let rest = &self.tokens[at..];
                !mentions::values(rest, self.view, &vec![false; rest.len()]).iter().any(|value| value.exact)
            };
            if so || order || because {
                let count = self.tokens.len();
                self.spend(at..count);
                return;
            }
        }
    }

    fn names_of_files(&mut self) {
        // "in both years", "over all sheets": what one below the other is.
        for at in 1..self.tokens.len() {
            let several = self.word(at - 1, &["both", "all", "two", "three", "four"])
                && self
                    .word(at, &["years", "sheets", "files", "tabs", "tables", "months", "quarters", "lists"]);
            if several && self.view.stack.is_some() {
                self.spend(at - 1..at + 1);
            }
            let each = self.word(at - 1, &["by", "per", "each", "every"])
                && self.word(at, &["sheet", "file", "tab", "worksheet"]);
            if let Some(stack) = self.view.stack.filter(|_| each) {
                self.spend(at - 1..at + 1);
                self.push_key(Key::Column(self.view.tables[stack.table].columns.len() - 1));
            }
        }
        let table = &self.view.tables[self.view.base];
        let stem = table.file.rsplit_once('.').map_or(table.file.as_str(), |(stem, _)| stem);
        for name in [Some(stem), table.sheet.as_deref()].into_iter().flatten() {
            let words = super::spelling::normal_words(name);
            for at in 0..self.tokens.len() {
                let end = at + words.len();
                let here: Vec<String> = self
                    .tokens
                    .get(at..end)
                    .unwrap_or_default()
                    .iter()
                    .flat_map(|token| super::spelling::normal_words(&token.raw))
                    .collect();
                let one_token = self
                    .tokens
                    .get(at)
                    .is_some_and(|token| super::spelling::normal_words(&token.raw) == words);
                let end = if one_token { at + 1 } else { end };
                if words.is_empty() || (here != words && !one_token) {
                    continue;
                }
                let extension = self.mark(end, '.')
                    && self
                        .tokens
                        .get(end + 1)
                        .is_some_and(|token| token.kind == Kind::Word && token.text.len() <= 5);
                let called =
                    self.word(end, &["file", "table", "data", "dataset", "sheet", "tab", "worksheet"]);
                let plain = one_token
                    && name.contains('_')
                    && at > 0
                    && self.word(at - 1, &["in", "from", "of", "for"]);
                if extension || called || plain {
                    self.out.exact += 10;
                    self.spend(at..end + if extension { 2 } else { 1 });
                }
            }
        }
    }

    fn find_mentions(&mut self) {
        self.mentions = mentions::columns(&self.tokens, self.view, &self.used);
        self.values = mentions::values(&self.tokens, self.view, &self.used);
        // "did we sell" names no `Seller`.
        let tokens = &self.tokens;
        let done = |mention: &Mention| {
            mention.end == mention.start + 1
                && mention.best() < EXACT
                && tokens[mention.start].is_any(&["sell", "sold", "buy", "bought"])
                && mention.start > 0
                && tokens[mention.start - 1].is_any(&["we", "they", "i", "you", "he", "she"])
        };
        self.mentions.retain(|mention| !done(mention));
        // "did we close" is of the day on which something was closed, not of the one that was expected.
        let closed = (0..self.view.columns.len()).find(|col| {
            self.view.kind(*col) == ColumnKind::Date
                && self.view.columns[*col].words.iter().any(|word| word == "closed")
        });
        if let Some(col) = closed {
            for mention in &mut self.mentions {
                let verb = mention.end == mention.start + 1 && self.tokens[mention.start].is("close");
                if verb
                    && mention.start > 0
                    && self.tokens[mention.start - 1].is_any(&["we", "they", "i", "you", "he", "she"])
                {
                    mention.candidates = vec![(col, EXACT)];
                }
            }
        }
        // What came in is money: "revenue" is no number of `Tickets sold`.
        let earned = matches!(self.revenue(), Some(Expr::Op(..)));
        let (tokens, view) = (&self.tokens, self.view);
        self.mentions.retain_mut(|mention| {
            let word = crate::analyst::spelling::singular(&tokens[mention.start].text);
            let income = ["revenue", "turnover", "income", "taking", "earning", "proceed"]
                .contains(&word.as_str())
                || word == "sale" && earned;
            if mention.end == mention.start + 1 && income && mention.best() < EXACT {
                mention.candidates.retain(|(col, _)| {
                    view.role(*col) != ColumnRole::Quantity || view.columns[*col].words.contains(&word)
                });
            }
            !mention.candidates.is_empty()
        });
        // "how many pieces did we deliver" is of what was delivered, not of what came back.
        for at in 0..self.mentions.len() {
            let mention = &self.mentions[at];
            if mention.end == mention.start + 1 && self.word(mention.start, &["pieces", "units", "items"]) {
                let done: Vec<(Col, u32)> =
                    mention.candidates.iter().copied().filter(|(col, _)| self.is_done(*col)).collect();
                if let [one] = done[..] {
                    self.mentions[at].candidates = vec![one];
                }
            }
        }
        // "values" in "missing values" is no column.
        let fixed = |start: usize, end: usize| {
            (0..=start).any(|at| {
                self.phrases[at].iter().any(|(length, class)| {
                    let telling = matches!(
                        class,
                        Class::Missing
                            | Class::HowMany
                            | Class::Duplicate
                            | Class::DaysBetween
                            | Class::Growth
                            | Class::Share
                            | Class::Running
                            | Class::Outlier
                            | Class::Late
                            | Class::Extent
                            | Class::Every(_)
                    );
                    telling && *length > 1 && at + length >= end
                })
            })
        };
        // "from Q2 to Q3" is of no column `From`.
        let linked = |mention: &Mention| {
            let dated = self.tokens.get(mention.end).is_some_and(|next| {
                super::dates::month_of(&next.text).is_some()
                    || next.amount().is_some()
                    || matches!(next.text.as_bytes(), [b'q', b'1'..=b'4'])
            });
            mention.end == mention.start + 1 && self.word(mention.start, &["from", "to", "until"]) && dated
        };
        let kept: Vec<Mention> = self
            .mentions
            .iter()
            .filter(|mention| !linked(mention))
            .filter(|mention| mention.best() >= EXACT || !fixed(mention.start, mention.end))
            .cloned()
            .collect();
        self.mentions = kept;
        // What could be both is what it is more exactly; a name in full is rather a column.
        let values = self.values.clone();
        self.mentions.retain(|mention| {
            !values.iter().any(|value| {
                let overlap = value.start < mention.end && mention.start < value.end;
                let longer = value.end - value.start > mention.end - mention.start;
                overlap && value.exact && (longer || mention.best() < EXACT)
            })
        });
        let mentions = self.mentions.clone();
        self.values.retain(|value| {
            !mentions.iter().any(|mention| value.start < mention.end && mention.start < value.end)
        });
    }

    // ---- choosing columns ----

    /// The column that is meant, for what it is wanted for.
    fn resolve(&mut self, mention: &Mention, want: Want) -> Result<Col, Trouble> {
        let phrase = self.raw(mention.start..mention.end);
        let candidates = self.fitting(&mention.candidates, want);
        if let [(one, _)] = candidates[..] {
            return Ok(one);
        }
        choose(&phrase, &candidates, self.view, self.choices)
    }

    /// Those of the candidates that can be used so, best first.
    fn fitting(&self, candidates: &[(Col, u32)], want: Want) -> Vec<(Col, u32)> {
        let date = |col: Col| self.view.kind(col) == ColumnKind::Date;
        let others = candidates.iter().any(|(col, _)| !self.view.is_measure(*col) && !date(*col));
        let fits = |col: Col| match want {
            Want::Measure => self.view.is_measure(col),
            Want::Date => date(col),
            Want::Key => !(self.view.is_measure(col) || (others && date(col))),
            Want::Any => true,
        };
        let some: Vec<(Col, u32)> = candidates.iter().copied().filter(|(col, _)| fits(*col)).collect();
        if some.is_empty() { candidates.to_vec() } else { some }
    }

    fn can(&self, mention: &Mention, want: Want) -> bool {
        // "tickets by venue" are `Tickets sold`, though there is a `Ticket type` as well.
        let counted = mention
            .candidates
            .iter()
            .filter(|(col, _)| self.view.is_measure(*col) && self.view.role(*col) == ColumnRole::Quantity)
            .map(|(_, score)| *score)
            .max()
            .filter(|score| want == Want::Key && *score >= 60)
            .unwrap_or(0);
        mention.candidates.iter().any(|(col, score)| {
            *score + 30 >= mention.best()
                && *score + 3 * TIE >= counted
                && match want {
                    Want::Measure => self.view.is_measure(*col),
                    Want::Date => self.view.kind(*col) == ColumnKind::Date,
                    Want::Key => !self.view.is_measure(*col) && self.view.kind(*col) != ColumnKind::Date,
                    Want::Any => true,
                }
        })
    }
}

/// The best of some columns, or a question if several are as good.
pub(crate) fn choose(
    phrase: &str,
    candidates: &[(Col, u32)],
    view: &View<'_>,
    choices: &[Choice],
) -> Result<Col, Trouble> {
    let best = candidates.iter().map(|(_, score)| *score).max().unwrap_or(0);
    let near: Vec<Col> =
        candidates.iter().filter(|(_, score)| *score + TIE >= best).map(|(col, _)| *col).collect();
    let chosen = |col: &&Col| {
        choices.iter().any(|choice| matches!(choice, Choice::Column(name) if name == view.name(**col)))
    };
    if let Some(col) = candidates.iter().map(|(col, _)| col).find(chosen).or_else(|| near.iter().find(chosen))
    {
        return Ok(*col);
    }
    // "the most money" is the total, beside its parts.
    let totals: Vec<Col> = near
        .iter()
        .copied()
        .filter(|col| view.columns[*col].words.iter().any(|word| word == "total"))
        .collect();
    if let ([total], true) = (&totals[..], MONEY_WORDS.contains(&phrase.to_lowercase().as_str())) {
        return Ok(*total);
    }
    let is_name = |col: &&Col| view.columns[**col].words.iter().any(|word| word == "name");
    let names: Vec<&Col> = near.iter().filter(is_name).collect();
    match (&near[..], &names[..]) {
        ([], _) => Err(Trouble::Cannot(format!("I found no column for {phrase:?}; {}", view.columns_said()))),
        ([one], _) => Ok(*one),
        (_, [one]) => Ok(**one),
        _ => {
            // A column that tells the rows apart by number is second to one that says what they are called.
            let plain: Vec<Col> =
                near.iter().copied().filter(|col| view.role(*col) != ColumnRole::Key).collect();
            if let [one] = plain[..] {
                return Ok(one);
            }
            Err(ask_column(&format!("Which column do you mean by {phrase:?}?"), &near, view))
        }
    }
}

/// A question back with columns to choose from.
pub(crate) fn ask_column(question: &str, cols: &[Col], view: &View<'_>) -> Trouble {
    let options = cols.iter().take(4).map(|col| {
        let name = view.name(*col).to_owned();
        (name.clone(), Choice::Column(name))
    });
    Trouble::Ask(question.to_owned(), options.collect())
}
