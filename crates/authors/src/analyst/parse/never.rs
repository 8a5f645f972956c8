//! What has never happened, or not since a day: rows whose key is in no row of another table, dates before a day.

use super::{Reader, Trouble, Want};
use crate::analyst::{
    dates::Range,
    query::{Col, Filter, Task},
    spelling::{normal_words, singular, stem},
    view::{shared_key, table_words},
    vocabulary::{Class, same_concept},
};
use ringfence_pipeline::ports::{ColumnKind, TableProfile};

/// How far from the negation the word for the other table may stand.
const APART_MAX: usize = 7;

impl Reader<'_> {
    /// "customers who have never placed an order", "orders whose customer is not in the customer sheet".
    pub(super) fn missing_tables(&mut self) {
        for at in 0..self.tokens.len() {
            let never = self.class(at, |class| class == Class::Never);
            let not = self.class(at, |class| class == Class::Not).filter(|_| never.is_none());
            // "hasn't sold anything"
            let anything = (at..self.tokens.len().min(at + 5)).any(|place| self.word(place, &["anything"]));
            let never = never.or_else(|| not.filter(|_| anything));
            let Some(length) = never.or(not) else { continue };
            let Some((place, table)) = self.other_table(at, at + length, never.is_some()) else { continue };
            // Whatever is joined with it is in it.
            if self.view.joins.iter().any(|join| join.table == table) {
                continue;
            }
            let called = self.word(place + 1, &["sheet", "table", "file", "list", "tab", "data"]);
            // "not in the X sheet" names a sheet; "never ordered" and "without orders" name what is missing.
            let lacks = (at..at + length).any(|word| self.word(word, &["without", "no"]))
                && self.past(at + length, &["any", "a", "an", "single"]) == place;
            if never.is_none() && !called && !lacks {
                continue;
            }
            let Some((col, other)) = self.key_of_other(table) else { continue };
            // Who has never missed one may have many.
            if (at..place)
                .any(|place| self.word(place, &["missed", "skipped", "cancelled", "lost", "returned"]))
            {
                self.out.doubt(30);
            }
            // "suppliers without orders" is of suppliers, not of the items that were not ordered.
            let asked = self.mentions.iter().rfind(|mention| mention.end <= at && mention.end + 2 >= at);
            let another = asked.is_some_and(|mention| {
                !self.is_rows(mention)
                    && self.can(mention, Want::Key)
                    && mention.candidates.iter().all(|(one, _)| *one != col)
            });
            if another && !called {
                continue;
            }
            // "orders whose customer number is not in the list" names the column.
            let key = self.mentions.iter().rfind(|mention| {
                mention.end <= at
                    && mention.candidates.iter().any(|(one, _)| *one == col)
                    && !self.is_rows(mention)
            });
            if let Some(key) = key.cloned() {
                self.take(&key);
            }
            let mut end = self.past(place + 1 + usize::from(called), &["anything"]);
            let words = table_words(&self.view.tables[table]);
            while self.tokens.get(end).is_some_and(|token| words.contains(&singular(&token.text))) {
                end += 1;
            }
            self.spend(at..end.min(self.tokens.len()));
            self.placed.push((at, Filter::Known { col, table, other, not: true, during: None }));
            self.out.exact += 4;
            return;
        }
    }

    /// "who haven't ordered since July": no row of the other table since then. True if it was that.
    pub(super) fn missing_since(&mut self, start: usize, end: usize, range: Range) -> Result<bool, Trouble> {
        let Some(at) = self.negation_of(start) else { return Ok(false) };
        let Some((place, table)) = self.other_table(at, at + 1, true).filter(|(place, _)| *place < start)
        else {
            return Ok(self.not_since(at, start, end, range));
        };
        let Some((col, other)) = self.key_of_other(table) else { return Ok(false) };
        let dates: Vec<&str> = self.view.tables[table]
            .columns
            .iter()
            .filter(|column| column.kind == ColumnKind::Date)
            .map(|column| column.name.as_str())
            .collect();
        let [date] = dates[..] else {
            return Err(Trouble::Cannot(format!(
                "{} has no single date to tell it by; {}",
                self.view.tables[table].name(),
                self.view.columns_said()
            )));
        };
        let during = Some((date.to_owned(), range));
        self.placed.push((at, Filter::Known { col, table, other, not: true, during }));
        self.spend(at..at + 1);
        self.spend(place..place + 1);
        self.spend(start..end);
        self.out.exact += 4;
        Ok(true)
    }

    /// "which customers have not ordered since March", where each order is a row: those without a row since then.
    fn not_since(&mut self, at: usize, start: usize, end: usize, range: Range) -> bool {
        let asked = self.word(0, &["which", "who", "what", "list", "show", "how"]);
        let group = self.mentions.iter().rfind(|mention| {
            mention.end <= at
                && mention.candidates.first().is_some_and(|(col, _)| {
                    self.view.kind(*col) == ColumnKind::Text && !self.tells_rows_apart(*col)
                })
        });
        let verbs = (at + 1..start).filter(|place| !self.is_row_word(*place)).count();
        let since = range.to.is_none();
        let (Some(_), Some(col), true) = (group, self.default_date(), asked && since && verbs <= 2) else {
            return false;
        };
        self.spend(at..end);
        self.out.never = true;
        self.placed.push((at, Filter::During { col, range, not: true }));
        true
    }

    /// True for "new" before somebody who is in several rows: "new customers", where each order is a row.
    pub(super) fn newcomer(&self, at: usize) -> Option<Col> {
        let mention = self.word(at, &["new", "first-time"]).then(|| self.mention(at + 1)).flatten()?;
        let (col, _) = *mention.candidates.first()?;
        let profile = self.view.profile(col)?;
        (self.view.kind(col) == ColumnKind::Text && profile.distinct * 10 < self.view.rows() * 9)
            .then_some(col)
    }

    /// "new customers in 2025": those without a row before.
    pub(super) fn newcomers(&mut self) {
        for at in 0..self.tokens.len() {
            let Some(col) = self.newcomer(at).filter(|_| !self.used[at]) else { continue };
            let since = self.placed.iter().find_map(|(_, filter)| match filter {
                Filter::During { col, range, not: false } => Some((*col, range.from?)),
                _ => None,
            });
            let Some((date, from)) = since else { continue };
            let earlier =
                Filter::During { col: date, range: Range { from: None, to: Some(from) }, not: false };
            // "list new customers in 2025" asks for them, not for their rows.
            let listed = at == 0 || self.word(at - 1, &["list", "show", "all", "the", "our", "which", "any"]);
            if let Some(mention) = self.mention(at + 1).filter(|_| listed) {
                self.take(&mention);
                self.out.task = Some(Task::Values(col));
            }
            self.spend(at..at + 1);
            self.placed.push((at, Filter::Never { col, of: vec![earlier] }));
        }
    }

    /// Where "not" begins in "have not been counted since May", before the words of the period.
    pub(super) fn negation_of(&self, start: usize) -> Option<usize> {
        (start.saturating_sub(5)..start).rev().find(|at| {
            self.class(*at, |class| matches!(class, Class::Not | Class::Never)).is_some()
                && !(*at..start).any(|place| self.word(place, &["and", "or", "but", "who", "which", "that"]))
                // "not contacted since June" may be a state, or a date of its own.
                && !self.values.iter().any(|value| value.start >= *at && value.end <= start)
        })
    }

    /// The word that names another table, behind a negation, and the table: by what was done if nothing was.
    fn other_table(&self, at: usize, from: usize, done: bool) -> Option<(usize, usize)> {
        let base = self.view.base;
        let tables = self.view.tables;
        (at..self.tokens.len().min(from + APART_MAX)).find_map(|place| {
            let word = singular(&self.tokens[place].text);
            let verb = done && place >= from && self.value(place).is_none();
            let named = |table: &usize| {
                *table != base
                    && table_words(&tables[*table]).iter().any(|name| {
                        *name == word || verb && (root(name) == root(&word) || same_concept(name, &word))
                    })
                    || verb && *table != base && self.does_in(*table, &word)
                    || verb && *table != base && is_traded_in(&tables[*table], &word)
            };
            (0..tables.len()).find(named).map(|table| (place, table))
        })
    }

    /// True if a column of another table says who did it: `Sold by` of who has sold.
    fn does_in(&self, table: usize, word: &str) -> bool {
        self.key_of_other(table).is_some_and(
            |(_, other)| matches!(&normal_words(&other)[..], [done, by] if by == "by" && done == word),
        )
    }

    /// The column of this table whose values stand in a column of the other.
    fn key_of_other(&self, table: usize) -> Option<(Col, String)> {
        let (base, tables) = (self.view.base, self.view.tables);
        let first = |left: &TableProfile, right: &TableProfile| {
            shared_key(left, right).and_then(|on| on.first().copied())
        };
        let (left, right) = first(&tables[base], &tables[table])
            .or_else(|| first(&tables[table], &tables[base]).map(|(left, right)| (right, left)))?;
        let col = self.view.columns.iter().position(|column| column.table == base && column.at == left)?;
        Some((col, tables[table].columns[right].name.clone()))
    }
}

/// True for "sold" and "bought" where each row of the table is an order or a sale.
fn is_traded_in(table: &TableProfile, verb: &str) -> bool {
    const TRADES: [&str; 6] = ["order", "sale", "purchase", "invoice", "transaction", "booking"];
    const TRADED: [&str; 6] = ["sold", "bought", "ordered", "purchased", "sell", "buy"];
    TRADED.contains(&verb) && table_words(table).iter().any(|name| TRADES.contains(&name.as_str()))
}

/// What "order", "orders" and "ordered" share.
fn root(word: &str) -> String {
    stem(&stem(word))
}
