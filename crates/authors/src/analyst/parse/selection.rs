//! What a question selects: "which region", "what month", "who".

use ringfence_pipeline::ports::{ColumnKind, ColumnRole};

use super::{EXACT, Reader, Trouble, Want, ranks::RANK_MAX};
use crate::analyst::{
    query::{Col, Filter, Key, Rank, Task},
    view::table_words,
    vocabulary::Class,
    words::{Kind, Token},
};

impl Reader<'_> {
    /// "which region", "what month": the answer is a group.
    pub(super) fn selection(&mut self, at: usize, from: usize) -> Result<(), Trouble> {
        let mut next =
            self.past(from, &["the", "of", "single", "our", "individual", "are", "is", "were", "was", "one"]);
        let count =
            self.tokens.get(next).and_then(Token::count).filter(|count| (2..=RANK_MAX).contains(count));
        let counted = next;
        if count.is_some() {
            next += 1;
        }
        if let Some((length, unit)) =
            self.unit(next).filter(|_| self.mention(next).is_none_or(|mention| mention.best() < EXACT))
        {
            self.spend(at..next + length);
            self.out.selects = true;
            return self.time_key(unit);
        }
        // "which juniors haven't paid their fee": those rows, not the sum of their fees.
        let stated = self.word_ends_in_s(next)
            && self
                .placed
                .iter()
                .any(|(place, filter)| *place == next && matches!(filter, Filter::Is { .. }))
            && self.word(
                next + 1,
                &["have", "haven't", "are", "aren't", "has", "were", "did", "didn't", "don't"],
            );
        if stated {
            self.spend(at..at + 1);
            self.out.selects = true;
            self.out.lists = true;
            self.out.task = Some(Task::Rows(Vec::new()));
            return Ok(());
        }
        if self.used.get(next) == Some(&true) {
            return Ok(());
        }
        if let Some(col) = self.entity_key(next).filter(|_| self.mention(next).is_none()) {
            // "which van has cost the most" in a sheet of repairs: each van by its plate.
            self.spend(at..next + 1);
            self.out.selects = true;
            self.rank_count(count);
            self.push_key(Key::Column(col));
            return Ok(());
        }
        let Some(mention) = self.mention(next) else {
            self.table_selection(at, next, counted, count);
            return Ok(());
        };
        if (self.is_rows(&mention)
            && !self.is_income(&mention)
            && self.view.is_named(&self.tokens[next].text))
            || self.names_rows(&mention)
        {
            self.table_selection(at, next, counted, count);
            return Ok(());
        }
        if !self.can(&mention, Want::Key) {
            return Ok(());
        }
        // "what category ... " asks for one; "what is the country" does too.
        let col = self.resolve(&mention, Want::Key)?;
        self.take(&mention);
        self.spend(at..next);
        self.out.selects = true;
        self.rank_count(count);
        let rows = self.view.is_unique(col) && self.view.columns[col].table == self.view.base;
        if rows {
            self.out.lists = true;
            self.out.task = Some(Task::Rows(vec![col]));
        } else {
            self.push_key(self.key_of(col));
        }
        Ok(())
    }

    fn rank_count(&mut self, count: Option<u32>) {
        if let Some(count) = count {
            self.out.rank = Some(Rank { count, lowest: false, within: false, nth: false });
            self.rank_lists = true;
        }
    }

    /// "which loan", "which 3 invoices": rows.
    fn table_selection(&mut self, at: usize, next: usize, counted: usize, count: Option<u32>) {
        let named = self.tokens.get(next).is_some_and(|token| self.view.is_named(&token.text))
            || self.is(next, Class::Row)
            || self.mention(next).is_some_and(|mention| self.names_rows(&mention));
        if named {
            self.rank_count(count);
            self.spend(at..at + 1);
            if count.is_some() {
                self.spend(counted..counted + 1);
            }
            self.spend(next..next + 1);
            self.out.selects = true;
            self.out.lists = true;
        } else if self.word(at, &["which"]) {
            self.out.selects = true;
        }
    }

    /// "who": people are named in some column.
    pub(super) fn persons(&mut self, at: usize, from: usize) -> Result<(), Trouble> {
        if at > 0 && self.word(at, &["whose", "whom"]) {
            // "regions whose sales …" says something of what was named.
            return Ok(());
        }
        // "who is our best customer": ranked is what is named behind it.
        let ahead = self.past(from, &["are", "is", "were", "was", "the", "our", "s"]);
        let rank = self.class(ahead, |class| matches!(class, Class::Rank { .. } | Class::Best));
        let ranked = rank.map(|length| self.past(ahead + length, &["of", "our", "the", "selling", "paying"]));
        if ranked.and_then(|place| self.mention(place)).is_some_and(|thing| self.can(&thing, Want::Key)) {
            self.spend(at..from);
            self.out.selects = true;
            return Ok(());
        }
        // "who of the sales reps", "customers who": the column is named.
        let next = self.past(from, &["of", "are", "is", "were", "was", "the", "our", "all", "s"]);
        if let Some(mention) =
            self.mention(next).filter(|mention| self.can(mention, Want::Key) && next > from.min(at + 1))
        {
            let number = self.tokens.get(next).is_some_and(|token| matches!(token.kind, Kind::Number(_)));
            if !number {
                let col = self.resolve(&mention, Want::Key)?;
                if self.view.kind(col) != ColumnKind::Date {
                    self.take(&mention);
                    self.spend(at..next);
                    return self.select_by(col);
                }
            }
        }
        let before = at > 0
            && (self.mention_before(at).is_some()
                || self.used[at - 1]
                || self.tokens.get(at - 1).is_some_and(|token| {
                    self.view.is_named(&token.text)
                        || token.is_any(&[
                            "people",
                            "those",
                            "persons",
                            "everyone",
                            "all",
                            "anyone",
                            "everybody",
                        ])
                }));
        if before {
            return Ok(());
        }
        let called = |names: &[&str]| {
            (0..self.view.columns.len()).find(|col| {
                self.view.kind(*col) == ColumnKind::Text
                    && self.view.role(*col) != ColumnRole::Date
                    && self.view.columns[*col].words.iter().any(|word| names.contains(&word.as_str()))
            })
        };
        // A number tells people apart, and does not say who they are.
        let numbered = |col: &Col| {
            let last = self.view.columns[*col].words.last().map(String::as_str);
            matches!(last, Some("id" | "no" | "nr" | "number" | "code" | "email" | "mail"))
        };
        let people = ["employee", "who", "rep", "salesperson", "person"];
        // Who bought is not who sold.
        let buys = self.says(&[
            "bought",
            "buys",
            "buy",
            "purchased",
            "ordered",
            "orders",
            "purchases",
            "spent",
            "spends",
            "spend",
        ]);
        let bought_by = ["customer", "client", "buyer"];
        // The list of customers says who they are, or at least their number does.
        let listed = || {
            (0..self.view.columns.len()).find(|col| {
                let column = &self.view.columns[*col];
                let table = &self.view.tables[column.table];
                column.words == ["name"]
                    && table_words(table).iter().any(|name| bought_by.contains(&name.as_str()))
            })
        };
        let mut col = called(&bought_by)
            .filter(|col| buys && !numbered(col))
            .or_else(|| listed().filter(|_| buys))
            .or_else(|| called(&bought_by).filter(|_| buys))
            .or_else(|| called(&people).filter(|col| !numbered(col)))
            .or_else(|| called(&["name"]))
            .or_else(|| called(&people))
            .or_else(|| {
                called(&[
                    "customer", "client", "borrower", "member", "player", "student", "pupil", "donor",
                    "patient", "guest", "teacher", "contact",
                ])
            })
            .or_else(|| called(&["manager", "driver", "agent", "author", "owner", "user"]))
            .or_else(|| self.only_person());
        // Who manages is not everybody, where another table has who else there is.
        let leads = col.is_some_and(|col| {
            self.view.columns[col]
                .words
                .iter()
                .any(|word| ["manager", "owner", "agent"].contains(&word.as_str()))
        });
        if leads && self.view.tables.len() > 1 {
            self.out.doubt(25);
        }
        let works =
            self.says(&["done", "did", "worked", "works", "work", "handled", "served", "drove", "completed"]);
        if let Some(worker) = self.worker_beside(col) {
            if works {
                col = Some(worker);
            } else if !buys
                && !self.says(&[
                    "owes", "owe", "paid", "pays", "pay", "booked", "missed", "visited", "came", "returned",
                ])
            {
                // "who has the best rating": whoever was served, or whoever did it?
                self.out.doubt(25);
            }
        }
        let names: Vec<Col> = (0..self.view.columns.len())
            .filter(|col| {
                self.view.kind(*col) == ColumnKind::Text
                    && self.view.columns[*col].words.last().is_some_and(|word| word == "name")
            })
            .collect();
        if names.len() == 2 && col.is_some_and(|col| names.contains(&col)) {
            // First and last name together say who.
            self.spend(at..from);
            self.out.selects = true;
            self.out.lists = true;
            self.out.task = Some(Task::Rows(names));
            return Ok(());
        }
        match col {
            Some(col) => {
                self.spend(at..from);
                self.select_by(col)
            }
            None => {
                self.out.unknown.push(self.raw(at..from));
                Ok(())
            }
        }
    }

    /// "who has done the least hours" where there are clients and cleaners: the one who works, not for whom.
    fn worker_beside(&self, col: Option<Col>) -> Option<Col> {
        const SERVED: [&str; 16] = [
            "customer", "client", "member", "patient", "guest", "player", "supplier", "buyer", "order",
            "number", "quarter", "letter", "borrower", "other", "owner", "partner",
        ];
        let last = |col: Col| self.view.columns[col].words.last().cloned().unwrap_or_default();
        col.filter(|col| SERVED[..5].contains(&last(*col).as_str()))?;
        let worker = |col: &Col| {
            let word = last(*col);
            let called = ["agent", "assignee", "staff", "employee", "rep"].contains(&word.as_str());
            self.view.kind(*col) == ColumnKind::Text
                && self.view.role(*col) == ColumnRole::Category
                && (called
                    || ["er", "or", "ist", "ian", "ic", "eer"].iter().any(|ending| word.ends_with(ending)))
                && !SERVED.contains(&word.as_str())
        };
        let mut found = (0..self.view.columns.len()).filter(worker);
        found.next().filter(|_| found.next().is_none())
    }

    /// The one column that is called by what somebody is.
    fn only_person(&self) -> Option<Col> {
        const PERSONS: [&str; 14] = [
            "child",
            "tenant",
            "lawyer",
            "mechanic",
            "vet",
            "doctor",
            "partner",
            "resident",
            "applicant",
            "candidate",
            "attendee",
            "subscriber",
            "company",
            "artist",
        ];
        let person = |col: &Col| {
            self.view.kind(*col) == ColumnKind::Text
                && self.view.columns[*col].words.last().is_some_and(|word| PERSONS.contains(&word.as_str()))
        };
        let mut found = (0..self.view.columns.len()).filter(person);
        found.next().filter(|_| found.next().is_none())
    }

    /// True if nearly every row has a value of its own there: a day, not only a moment.
    pub(super) fn tells_rows_apart(&self, col: Col) -> bool {
        self.view.columns[col].table == self.view.base
            && !self.view.is_timed(col)
            && (self.view.is_unique(col)
                || self
                    .view
                    .profile(col)
                    .is_some_and(|profile| profile.distinct * 10 >= self.view.rows() * 9))
    }

    /// "German customers who ordered in 2023" asks for customers, not for their orders.
    pub(super) fn who_is_asked_for(&self) -> Option<Col> {
        let who = (0..self.tokens.len()).find(|at| self.word(*at, &["who"]))?;
        let mention = self.mentions.iter().find(|mention| mention.end <= who && mention.best() >= 60)?;
        let (col, _) = *mention.candidates.first()?;
        let plural = self.tokens[mention.end - 1].text.ends_with('s');
        (plural
            && !self.is_rows(mention)
            && self.view.kind(col) == ColumnKind::Text
            && !self.tells_rows_apart(col))
        .then_some(col)
    }

    pub(super) fn select_by(&mut self, col: Col) -> Result<(), Trouble> {
        self.out.selects = true;
        if self.tells_rows_apart(col) {
            self.out.lists = true;
            self.out.task = Some(Task::Rows(vec![col]));
        } else {
            self.push_key(Key::Column(col));
        }
        Ok(())
    }
}
