//! Counts: rows, the different values of a column, or the total of one that counts things itself.

use ringfence_pipeline::ports::{ColumnKind, ColumnRole};

use super::{Reader, Trouble, Want, choose};
use crate::analyst::{
    query::{Agg, Col, Expr, Filter, Measure, Part},
    spelling::{normal_words, singular, stem},
    vocabulary::Class,
    words::Kind,
};

/// What the second half of "how many were cancelled, and how much do they add up to" is made of.
const WORTH: [&str; 25] = [
    "what",
    "how",
    "much",
    "were",
    "was",
    "are",
    "is",
    "do",
    "did",
    "does",
    "they",
    "it",
    "these",
    "those",
    "worth",
    "add",
    "adds",
    "up",
    "to",
    "come",
    "total",
    "altogether",
    "their",
    "value",
    "the",
];

impl Reader<'_> {
    /// "how many were cancelled and what were they worth": their number, and the sum of the one amount.
    pub(super) fn worth_as_well(&mut self) -> Result<(), Trouble> {
        let counts = (0..self.tokens.len()).find(|at| self.is(*at, Class::HowMany));
        let whole = |words: &[&str]| self.tokens.iter().any(|token| token.is_any(words));
        if counts.is_none()
            && self.tokens.iter().all(|token| token.is_any(&WORTH) || token.is("and") || token.is_mark('?'))
            && whole(&["worth", "total", "value", "altogether"])
            && whole(&["they", "these", "those", "it"])
        {
            // "and what were they worth?" of those that were spoken of.
            self.spend(0..self.tokens.len());
            self.spoken.push((0, Agg::Sum));
            self.aggs_said.push((0, Agg::Sum));
            return Ok(());
        }
        let Some(counted) = counts else { return Ok(()) };
        let end = self.tokens.len() - usize::from(self.mark(self.tokens.len() - 1, '?'));
        let Some(and) = (counted..end).rfind(|at| self.word(*at, &["and"])) else { return Ok(()) };
        let said = |words: &[&str]| (and + 1..end).any(|at| self.word(at, words));
        if !(and + 1..end).all(|at| self.word(at, &WORTH))
            || !said(&["worth", "add", "adds", "come", "value", "total"])
            || !said(&["they", "these", "those", "their"])
        {
            return Ok(());
        }
        let amounts: Vec<Col> = (0..self.view.columns.len())
            .filter(|col| {
                self.view.is_measure(*col)
                    && self.view.role(*col) == ColumnRole::Amount
                    && self.view.columns[*col].table == self.view.base
            })
            .collect();
        let col = match amounts[..] {
            [] => return Ok(()),
            [one] => one,
            _ => choose(
                &self.raw(and + 1..end),
                &amounts.iter().map(|col| (*col, 60)).collect::<Vec<_>>(),
                self.view,
                self.choices,
            )?,
        };
        self.spend(and..end);
        self.computed.push((and, Measure::new(Agg::Sum, Expr::Column(col))));
        Ok(())
    }

    /// "how many orders": rows, the different values of a column, or the total of one.
    pub(super) fn counted_things(&mut self) -> Result<(), Trouble> {
        let Some(start) = self.counting else { return Ok(()) };
        self.out.counts = true;
        if start > 0 && self.word(start - 1, &["and"]) {
            // "number and net": rows, and a figure of its own.
            return Ok(());
        }
        let mut at = self.past(start, &["the", "of", "our", "all", "these", "those", "total", "different"]);
        while at < self.tokens.len() && self.used[at] && at < start + 3 {
            at += 1;
        }
        if self.word(at, &["columns", "fields", "sheets", "tables"]) {
            return Err(Trouble::Cannot(self.view.columns_said()));
        }
        if self.spoken.iter().filter(|(_, agg)| *agg == Agg::Count).count() > 1 {
            // Two counts in one question: only one of them would be told.
            self.out.doubt(30);
        }
        if self.tokens.get(at).is_some_and(|token| self.view.is_named(&token.text)) {
            self.out.exact += 2;
        }
        // "how many visitors in June", where months are columns: what they hold is how many.
        let months = self.view.months();
        let of_months =
            |of: &Expr| !of.columns().is_empty() && of.columns().iter().all(|col| months.contains(col));
        let month_said = self.computed.iter().any(|(_, measure)| of_months(&measure.of))
            || self
                .mentions
                .iter()
                .any(|mention| mention.candidates.iter().all(|(col, _)| months.contains(col)));
        if self.mention(at).is_none() && month_said {
            self.out.counts = false;
            self.spoken.retain(|(_, agg)| *agg != Agg::Count);
            if self.tokens.get(at).is_some_and(|token| self.view.is_named(&token.text)) {
                self.spend(at..at + 1);
            }
            return Ok(());
        }
        let Some(mention) = self.mention(at) else {
            if self.pieces(start) {
                return Ok(());
            }
            self.count_rows_called(at);
            return Ok(());
        };
        // "how many readings" are so many, whatever each of them shows.
        let shown = self.word(at, &["readings", "measurements"])
            && mention.end == at + 1
            && mention.candidates.first().is_some_and(|(col, _)| super::balances::is_meter(self.view, *col));
        if self.is_rows(&mention) || shown {
            self.out.exact += 1;
            self.spend(mention.start..mention.end);
            return Ok(());
        }
        // "how many bonuses were paid": rows with one.
        const GIVEN: [&str; 9] =
            ["bonus", "bonuse", "fine", "refund", "discount", "penalty", "tip", "deposit", "surcharge"];
        let given = GIVEN.contains(&singular(&self.tokens[at].text).as_str()) && mention.end == at + 1;
        if let ([(col, _)], true) = (&mention.candidates[..], given)
            && let Some(filter) = self.having_any(*col)
        {
            self.take(&mention);
            self.spend(at..at + 1);
            self.out.rows_named = true;
            self.placed.push((at, filter));
            return Ok(());
        }
        let measure = self.can(&mention, Want::Measure);
        let sums = mention.best() < 60
            && mention
                .candidates
                .iter()
                .filter(|(col, _)| self.view.is_measure(*col))
                .all(|(col, _)| self.view.role(*col) == ColumnRole::Amount);
        if measure && sums {
            // "number of payments": not how much.
            self.rows_said(mention.start..mention.end);
            return Ok(());
        }
        if measure && (mention.best() >= 60 || !self.can(&mention, Want::Key)) {
            let col = self.resolve(&mention, Want::Measure)?;
            self.take(&mention);
            let filtered = self.view.role(col) == ColumnRole::Rate;
            let agg = if filtered { Agg::Count } else { Agg::Sum };
            self.out.counts = false;
            self.spoken.retain(|(_, agg)| *agg != Agg::Count);
            self.computed.push((at, Measure::new(agg, Expr::Column(col))));
            return Ok(());
        }
        if !self.can(&mention, Want::Key) {
            // "number of hires": what has a date of it.
            return Ok(());
        }
        let col = self.resolve(&mention, Want::Key)?;
        self.take(&mention);
        let distinct = self.view.profile(col).map_or(0, |profile| profile.distinct);
        let word = singular(&self.tokens[mention.start].text);
        if self.view.names.iter().any(|name| crate::analyst::vocabulary::same_concept(name, &word)) {
            self.out.exact += 2;
        }
        let nearly_rows = self.names_rows(&mention)
            || self.view.columns[col].table == self.view.base && distinct * 2 >= self.view.rows();
        if self.view.is_unique(col) || nearly_rows {
            // The rows themselves are what is counted; of pets, some owners have two.
            let twice = !self.view.is_unique(col)
                && !self.names_rows(&mention)
                && distinct < self.view.rows()
                && (!self.view.is_named(&word) || self.begins_rows(col, &word));
            if twice {
                self.out.doubt(25);
            }
            self.out.repeat();
            return Ok(());
        }
        // "how many jobs" of a table of jobs with a column `Job` of a few kinds.
        let kinds = self.view.is_named(&word)
            && self.view.columns[col].words == [word.clone()]
            && self.view.role(col) == ColumnRole::Category
            && distinct * 4 < self.view.rows()
            && !self.spoken.iter().any(|(_, agg)| *agg == Agg::Distinct);
        // "how many bikes came in": whether one that came twice counts twice is asked.
        if kinds || self.happened_to(mention.end, col) {
            self.out.doubt(25);
        }
        // A table of one kind of thing has a row for each: employees, items.
        self.out.counts = false;
        self.spoken.retain(|(_, agg)| *agg != Agg::Count);
        self.computed.push((at, Measure::new(Agg::Distinct, Expr::Column(col))));
        Ok(())
    }

    /// True for the first column of its table, called so: an event's rows, of which there is one for each kind of ticket.
    fn begins_rows(&self, col: Col, word: &str) -> bool {
        let column = &self.view.columns[col];
        column.at == 0 && column.words == [word] && self.view.kind(col) == ColumnKind::Text
    }

    /// True if something is said to have happened to what is counted, which is nobody and no place: to "bikes", not to
    /// "customers", of whom each counts once.
    fn happened_to(&self, from: usize, col: Col) -> bool {
        const ONCE: [&str; 22] = [
            "customer", "client", "supplier", "vendor", "employee", "staff", "member", "student", "patient",
            "guest", "user", "driver", "country", "city", "town", "state", "region", "company", "account",
            "name", "person", "team",
        ];
        const HAPPENED: [&str; 25] = [
            "returned",
            "borrowed",
            "rented",
            "lent",
            "booked",
            "come",
            "came",
            "work",
            "worked",
            "repair",
            "repaired",
            "fix",
            "fixed",
            "do",
            "done",
            "service",
            "serviced",
            "deliver",
            "delivered",
            "ship",
            "shipped",
            "handled",
            "completed",
            "made",
            "sold",
        ];
        let once = self.view.columns[col].words.iter().any(|word| ONCE.contains(&word.as_str()));
        let each = self.out.keys.iter().any(|key| key.is_time());
        let kind = self.view.profile(col).is_some_and(|profile| profile.distinct * 4 < self.view.rows());
        let different = self.spoken.iter().any(|(_, agg)| *agg == Agg::Distinct);
        !once && !different && kind && (each || (from..self.tokens.len()).any(|at| self.word(at, &HAPPENED)))
    }

    /// "how many stoneware mugs have we sold": how many pieces, where a column says so.
    fn pieces(&mut self, at: usize) -> bool {
        const SOLD: [&str; 23] = [
            "print",
            "printed",
            "produce",
            "made",
            "make",
            "bake",
            "sold",
            "sell",
            "order",
            "ordered",
            "buy",
            "bought",
            "ship",
            "shipped",
            "use",
            "used",
            "produced",
            "deliver",
            "delivered",
            "stock",
            "left",
            "returned",
            "return",
        ];
        let thing = self.placed.iter().any(|(place, filter)| {
            let directly = *place == at
                || self.word(at, &["units", "pieces", "packs", "bottles", "boxes"]) && *place <= at + 2;
            directly && matches!(filter, Filter::Is { not: false, .. } | Filter::Contains { not: false, .. })
        });
        // "how many units of skin care do we have"
        let units = self.word(at, &["units", "pieces", "packs", "bottles", "boxes"]);
        let sold = (at..self.tokens.len()).any(|place| self.word(place, &SOLD));
        let rows = (at..self.tokens.len()).any(|place| {
            self.is_row_word(place) || self.word(place, &["times", "customers", "clients", "people"])
        });
        // "how many flyers did we print": how many pieces, or how often?
        let did = (at..self.tokens.len()).any(|place| {
            self.word(place, &["did", "have", "has"])
                && self.word(place + 1, &["we", "they", "i", "he", "she"])
                || self.word(place, &["we"]) && self.word(place + 1, &["have", "hold", "stock"])
        });
        if !(units || thing && (sold || did && !rows)) {
            return false;
        }
        let Some(col) = self.column_of_pieces() else { return false };
        if !units && !sold {
            self.out.doubt(25);
        }
        self.out.notes.push(format!("How many is taken as the total of {}.", self.view.name(col)));
        self.out.counts = false;
        self.spoken.retain(|(_, agg)| *agg != Agg::Count);
        self.computed.push((at, Measure::new(Agg::Sum, Expr::Column(col))));
        self.spend(at..at + usize::from(units));
        true
    }

    /// How many pieces a row is of, where one column says so.
    pub(super) fn column_of_pieces(&self) -> Option<Col> {
        let counted = |col: &Col| {
            let has = |names: &[&str]| {
                self.view.columns[*col].words.iter().any(|word| names.contains(&word.as_str()))
            };
            self.view.is_measure(*col)
                && self.view.role(*col) == ColumnRole::Quantity
                && has(&[
                    "qty", "quantity", "unit", "piece", "pcs", "sold", "stock", "pack", "bottle", "menge",
                ])
                && !has(&[
                    "price",
                    "cost",
                    "per",
                    "reorder",
                    "level",
                    "min",
                    "max",
                    "target",
                    "for",
                    "at",
                    "by",
                    "defective",
                    "rejected",
                    "damaged",
                    "scrapped",
                    "faulty",
                ])
        };
        // Beside what was sold, what lies in stock in another table is not counted.
        let own = |col: &Col| self.view.columns[*col].table == self.view.base;
        let mut found: Vec<Col> = (0..self.view.columns.len()).filter(counted).collect();
        if found.len() > 1 && found.iter().any(own) {
            found.retain(own);
        }
        if found.len() > 1 {
            found.retain(|col| self.is_done(*col));
        }
        (found.len() == 1).then(|| found[0])
    }

    /// True if the question says what was done to what a column counts: "did we deliver" of `Qty delivered`.
    pub(super) fn is_done(&self, col: Col) -> bool {
        let done = self.view.columns[col].words.iter().filter(|word| word.ends_with("ed") || *word == "sold");
        // What "deliver" and "delivered" share.
        let root = |word: &str| stem(&stem(word));
        let said = |word: &String| {
            self.tokens.iter().any(|token| {
                token.kind == Kind::Word && root(&token.text) == root(word)
                    || word == "sold" && token.is("sell")
                    || word == "produced" && token.is_any(&["make", "made", "manufacture", "build", "built"])
            })
        };
        done.into_iter().any(said)
    }

    /// A row may be called by what stands in it: "machines" by `Machine 03`.
    fn count_rows_called(&mut self, at: usize) {
        let Some(token) = self.tokens.get(at).filter(|token| token.kind == Kind::Word) else { return };
        let word = singular(&token.text);
        let called = |col: Col| {
            let values = self.view.profile(col).map(|profile| profile.values.as_slice()).unwrap_or_default();
            let with = values.iter().filter(|value| normal_words(&value.value).contains(&word)).count();
            (with, values.len())
        };
        let held = self.view.of_kind(ColumnKind::Text).any(|col| {
            let (with, all) = called(col);
            with > 0 && with * 5 >= all * 4
        });
        // "managers" are those whose job has the word, not everybody.
        let kinds: Vec<Col> = self
            .view
            .of_kind(ColumnKind::Text)
            .filter(|col| self.view.role(*col) == ColumnRole::Category && called(*col).0 > 0)
            .collect();
        let generic = ["company", "firm", "business", "product", "item", "service", "good", "thing", "name"];
        if let ([col], false, None) = (
            &kinds[..],
            generic.contains(&word.as_str()) || held || self.view.is_named(&word),
            self.value(at),
        ) && !self.used[at]
        {
            let (col, text) = (*col, word);
            self.spend(at..at + 1);
            self.out.exact += 2;
            self.placed.push((at, Filter::Contains { col, text, part: Part::Anywhere, not: false }));
            return;
        }
        let things = [
            "item",
            "thing",
            "record",
            "entry",
            "row",
            "line",
            "case",
            "respondent",
            "participant",
            "member",
            "reading",
            "measurement",
            "transaction",
            "booking",
            "answer",
            "response",
            "observation",
            "contact",
            "sale",
            "purchase",
            "posting",
            "movement",
            "submission",
            "payment",
        ];
        let employs =
            self.view.names.iter().any(|name| crate::analyst::vocabulary::same_concept(name, &word));
        if employs {
            self.out.exact += 2;
        }
        let person =
            ["person", "employee", "contact", "hire", "member", "participant", "respondent", "guest", "user"]
                .contains(&word.as_str())
                && self.view.columns.iter().any(|column| {
                    column.words.iter().any(|part| {
                        crate::analyst::vocabulary::same_concept(part, "employee")
                            || crate::analyst::vocabulary::same_concept(part, "customer")
                            || ["age", "gender", "sex"].contains(&part.as_str())
                    })
                });
        self.out.rows_named |= ["row", "record", "entry"].contains(&word.as_str());
        if (held || employs || person || things.contains(&word.as_str()))
            && !self.used[at]
            && self.value(at).is_none()
        {
            self.spend(at..at + 1);
            if !held {
                self.out.doubt(4);
            }
        }
    }
}
