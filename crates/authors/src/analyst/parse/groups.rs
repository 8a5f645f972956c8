//! Groups: "by region and month", "per day", "departments as rows".

use ringfence_pipeline::ports::{ColumnKind, ColumnRole};

use super::{EXACT, Mention, Reader, Trouble, Want};
use crate::analyst::{
    query::{Agg, Col, Expr, Key, Measure, Sort, Unit},
    view::{shared_key, table_words},
    vocabulary::Class,
    words::Kind,
};

impl Reader<'_> {
    pub(super) fn group_keys(&mut self) -> Result<(), Trouble> {
        self.rows_and_columns()?;
        self.crossed()?;
        for at in 0..self.tokens.len() {
            if self.used[at] {
                continue;
            }
            if let Some((length, unit)) = self.every(at) {
                if self.said_by_column(at, length, unit) {
                    continue;
                }
                // A column that is called so and is no date is what is meant.
                let own = self
                    .mentions
                    .iter()
                    .find(|mention| mention.end == at + length && mention.best() >= EXACT)
                    .map(|mention| mention.candidates[0].0)
                    .filter(|col| {
                        self.view.kind(*col) != ColumnKind::Date && !self.view.is_calendar(*col)
                            || self.view.calendar_column("year") != Some(*col)
                                && self.view.is_number(*col)
                                && unit == Unit::Year
                    });
                if let Some(col) = own {
                    self.spend(at..at + length);
                    self.push_key(Key::Column(col));
                    continue;
                }
                self.spend(at..at + length);
                // "per month of return"
                let of = self.past(at + length, &["of", "the"]);
                match self.mention(of).filter(|mention| of > at + length && self.can(mention, Want::Date)) {
                    Some(mention) => {
                        let col = self.resolve(&mention, Want::Date)?;
                        self.take(&mention);
                        self.push_key(Key::Time(col, unit));
                    }
                    None => self.time_key(unit)?,
                }
                self.more_keys(at + length)?;
            } else if let Some(length) = self.class(at, |class| class == Class::By) {
                self.key_list(at, at + length)?;
            } else if let Some((length, unit)) = self.unit(at).filter(|(length, _)| {
                self.word(at + length, &["where", "when"])
                    || (self.word(at + length, &["in"]) && self.word(at + length + 1, &["which"]))
            }) {
                self.spend(at..at + length);
                self.out.selects = true;
                self.time_key(unit)?;
            } else if self.mark(at, '/')
                && self
                    .mention(at + 1)
                    .is_some_and(|mention| self.can(&mention, Want::Key) && mention.best() >= EXACT)
            {
                // "revenue / country"
                self.key_list(at, at + 1)?;
            } else if let Some(length) = self.class(at, |class| class == Class::OverTime) {
                self.spend(at..at + length);
                self.over_time = true;
            } else if let Some(length) = self.class(at, |class| class == Class::Which) {
                self.selection(at, at + length)?;
            } else if let Some(length) = self.class(at, |class| class == Class::Who) {
                self.persons(at, at + length)?;
            }
        }
        Ok(())
    }

    /// "what do they pay per month" beside `Monthly fee`: no groups, but what the column says.
    fn said_by_column(&mut self, at: usize, length: usize, unit: Unit) -> bool {
        let name = match unit {
            Unit::Month => "monthly",
            Unit::Year => "annual",
            Unit::Week => "weekly",
            _ => return false,
        };
        let short: &[&str] = match unit {
            Unit::Month => &["p/m", "pcm", "/month", "/mo", "per month", "p.m."],
            Unit::Year => &["p/a", "p.a.", "/year", "/yr", "per year", "per annum"],
            _ => &["p/w", "/week", "/wk", "per week"],
        };
        let called = |col: &Col| {
            let column = &self.view.columns[*col];
            let full = column.profile.name.to_lowercase();
            self.view.is_measure(*col)
                && (column.words.iter().any(|word| word == name)
                    || short.iter().any(|mark| full.contains(mark)))
        };
        // "hours per week" is what `Weekly hours` says by itself.
        let own = |mention: &Mention| mention.candidates.iter().any(|(col, _)| called(col));
        if self.word(at, &["per", "each", "every", "a"])
            && self.mention_before(at).is_some_and(|one| own(&one))
        {
            self.spend(at..at + length);
            return true;
        }
        // "monthly lease" is what `Lease p/m` says.
        if self.mention(at + length).is_some_and(|one| own(&one)) {
            self.spend(at..at + length);
            return true;
        }
        let money = |col: &Col| called(col) && self.view.role(*col) == ColumnRole::Amount;
        let mut cols = (0..self.view.columns.len()).filter(money);
        let (Some(col), None) = (cols.next(), cols.next()) else { return false };
        let pays = self.word(at, &["per", "each", "every", "a"])
            && self.says(&["pay", "pays", "paying", "earn", "earns", "cost", "costs", "owe"]);
        let figured = self.mentions.iter().any(|mention| {
            self.can(mention, Want::Measure) && mention.best() >= 60 && mention.candidates[0].0 != col
        });
        if !pays || figured || !self.computed.is_empty() {
            return false;
        }
        self.out.notes.push(format!("What is paid is taken as {}.", self.view.name(col)));
        self.computed.push((at, Measure::new(Agg::Sum, Expr::Column(col))));
        self.spend(at..at + length);
        let verb = (0..self.tokens.len()).find(|place| {
            self.word(*place, &["pay", "pays", "paying", "earn", "earns", "cost", "costs", "owe"])
        });
        if let Some(verb) = verb {
            self.spend(verb..verb + 1);
        }
        true
    }

    fn every(&self, at: usize) -> Option<(usize, Unit)> {
        self.class_of(at, |class| match class {
            Class::Every(unit) => Some(unit),
            _ => None,
        })
    }

    pub(super) fn unit(&self, at: usize) -> Option<(usize, Unit)> {
        self.class_of(at, |class| match class {
            Class::Unit(unit) | Class::Every(unit) => Some(unit),
            _ => None,
        })
    }

    /// Adds the key of a calendar unit: of a column that is called so, or of the dates.
    pub(super) fn time_key(&mut self, unit: Unit) -> Result<(), Trouble> {
        let named = match unit {
            Unit::Year => "year",
            Unit::Quarter => "quarter",
            Unit::Month => "month",
            Unit::Week => "week",
            Unit::Weekday => "weekday",
            Unit::Day | Unit::Hour => "day",
        };
        let dated = self.view.of_kind(ColumnKind::Date).next().is_some();
        // Of every year together, or of each?
        if unit == Unit::Month && self.says(&["calendar"]) && self.years() > 1 {
            self.out.doubt(25);
        }
        // A week of the year and one of the calendar are not the same.
        let own_week = unit == Unit::Week
            && self.mentions.iter().any(|mention| {
                mention.best() >= EXACT
                    && mention
                        .candidates
                        .iter()
                        .any(|(col, _)| self.view.calendar_column(named) == Some(*col))
            });
        let own_year = unit == Unit::Year && self.view.leading_year().is_some();
        if let Some(col) = self.view.calendar_column(named).filter(|_| !dated || own_week || own_year) {
            // A quarter belongs to its year, unless there is but one.
            if matches!(unit, Unit::Quarter | Unit::Month)
                && let Some(year) = self.view.calendar_column("year").filter(|_| !self.one_year())
            {
                self.push_key(Key::Column(year));
            }
            self.push_key(Key::Column(col));
            return Ok(());
        }
        let dates: Vec<Mention> = self
            .mentions
            .iter()
            .filter(|mention| {
                let words = self.raw(mention.start..mention.end).to_lowercase();
                // "what do they pay per month" names no day of payment.
                let verb = ["pay", "pays", "paying", "earn", "cost", "costs"].contains(&words.as_str());
                self.can(mention, Want::Date)
                    && !verb
                    && mention.candidates.iter().all(|(col, _)| self.view.kind(*col) == ColumnKind::Date)
                    && (!self.view.is_named(&words) || mention.best() >= EXACT)
            })
            .cloned()
            .collect();
        let col = match dates.first() {
            Some(mention) => {
                let col = self.resolve(mention, Want::Date)?;
                // "hires per year" are counted.
                self.out.rows_named |= mention.best() < EXACT
                    && !(mention.start..mention.end).any(|at| self.word(at, &["date", "day"]));
                self.take(mention);
                Some(col)
            }
            // What a condition is about is rather what is meant than any other date.
            None => self
                .placed
                .iter()
                .filter(|(_, filter)| filter.is_time())
                .flat_map(|(_, filter)| filter.columns())
                .find(|col| self.view.kind(*col) == ColumnKind::Date)
                .or_else(|| self.default_date()),
        };
        if let (None, Unit::Month, Some((_, first))) = (col, unit, self.wide_months().first()) {
            self.push_key(Key::Months(*first));
            return Ok(());
        }
        if let (None, Unit::Quarter, Some((1, first))) =
            (col, unit, self.wide_months().first().filter(|_| self.wide_months().len() == 12))
        {
            self.push_key(Key::Quarters(*first));
            return Ok(());
        }
        // "annual usage", where the months of one year are columns: all of them together.
        if let (None, Unit::Year, true) = (col, unit, self.wide_months().len() > 3) {
            let cols = self.wide_months().into_iter().map(|(_, col)| col).collect();
            if self.computed.is_empty() {
                let mut measure = Measure::new(Agg::Sum, Expr::Together(cols));
                measure.name = Some("all months".to_owned());
                self.computed.push((0, measure));
            }
            return Ok(());
        }
        // A day has no hours where the column holds none.
        if let (Unit::Hour, Some(col)) = (unit, col)
            && self
                .view
                .profile(col)
                .is_none_or(|profile| !profile.latest.as_deref().unwrap_or_default().contains('T'))
        {
            return Err(Trouble::Cannot(format!(
                "{:?} has no time of day; {}",
                self.view.name(col),
                self.view.columns_said()
            )));
        }
        let Some(col) = col else {
            return Err(Trouble::Cannot(format!(
                "there is no date to group by; {}",
                self.view.columns_said()
            )));
        };
        self.push_key(Key::Time(col, unit));
        Ok(())
    }

    /// True if the conditions leave one year only.
    fn one_year(&self) -> bool {
        let Some(year) = self.view.calendar_column("year") else { return true };
        self.placed.iter().any(|(_, filter)| matches!(filter, crate::analyst::query::Filter::Between { col, low, high } if *col == year && low == high))
    }

    pub(super) fn push_key(&mut self, key: Key) {
        if !self.out.keys.contains(&key) {
            self.out.keys.push(key);
        }
    }

    /// A date is grouped by month, unless it is of days only.
    pub(super) fn key_of(&self, col: Col) -> Key {
        match self.view.kind(col) {
            ColumnKind::Date => Key::Time(col, Unit::Day),
            _ => Key::Column(col),
        }
    }

    /// Past small words, unless a name begins with them.
    fn past_to_name(&self, at: usize, words: &[&str]) -> usize {
        if self.mention(at).is_some() { at } else { self.past(at, words) }
    }

    /// What follows "by": columns, calendar units, or what is ranked by.
    fn key_list(&mut self, at: usize, from: usize) -> Result<(), Trouble> {
        let next = self.past_to_name(
            from,
            &[
                "the",
                "each",
                "every",
                "of",
                "its",
                "their",
                "respective",
                "different",
                "a",
                "individual",
                "single",
            ],
        );
        // "by what they were charged", "by how much they spent"
        let asked = self.past(next, &["what", "how", "much"]);
        let clause =
            ["they", "we", "it", "each", "was", "were", "have", "has", "had", "is", "are", "did", "been"];
        let next = if asked > next { self.past(asked, &clause) } else { self.past_kind(next) };
        if self.averaged_per_row(at, next) || self.is_agent(at, next) {
            return Ok(());
        }
        // "sort pupils by absences"
        let sorts =
            (at.saturating_sub(4)..at).any(|place| self.word(place, &["sort", "rank", "sorted", "ranked"]));
        let computed = self.computed.iter().any(|(place, _)| *place == next);
        if let (true, Some(thing)) = (sorts && computed, self.mention_before(at))
            && self.is_dimension(&thing)
        {
            return self.listed_by(&thing, at, next);
        }
        if let (true, Some(thing)) = (
            sorts && self.mention(next).is_some_and(|mention| self.can(&mention, Want::Measure)),
            self.mention_before(at),
        ) && self.can(&thing, Want::Key)
        {
            return self.listed_by(&thing, at, next);
        }
        if self.one_key(next)?.is_some() {
            self.spend(at..next);
            let end = next + 1;
            self.more_keys(end)?;
        } else if let Some(length) = self
            .class(next, |class| matches!(class, Class::Agg(_) | Class::HowMany))
            .filter(|_| self.word(at, &["by"]))
            && let Some(thing) =
                self.mention_before(at).filter(|thing| self.out.keys.is_empty() && self.can(thing, Want::Key))
            && (self.is(next, Class::HowMany)
                || self.mention(next + length).is_some_and(|mention| self.can(&mention, Want::Measure)))
            && (0..self.tokens.len()).all(|place| {
                self.class(place, |class| matches!(class, Class::Rank { .. } | Class::Best)).is_none()
            })
        {
            return self.listed_by(&thing, at, next);
        } else if self
            .mention(next)
            .is_some_and(|mention| !self.can(&mention, Want::Key) && !self.can(&mention, Want::Date))
        {
            let ranked = (0..self.tokens.len()).any(|place| {
                self.class(place, |class| {
                    matches!(class, Class::Rank { .. } | Class::Best | Class::Earliest { .. })
                })
                .is_some()
            });
            let sorted = at > 0
                && self.word(
                    at - 1,
                    &[
                        "sorted",
                        "ordered",
                        "ranked",
                        "sort",
                        "order",
                        "weighted",
                        "multiplied",
                        "divided",
                        "measured",
                        "judged",
                    ],
                );
            if let Some(thing) = self.mention_before(at).filter(|thing| {
                !ranked && self.out.keys.is_empty() && self.can(thing, Want::Key) && self.word(at, &["by"])
            }) {
                return self.listed_by(&thing, at, next);
            }
            if !ranked && !sorted && self.word(at, &["by", "per", "across"]) {
                self.out.unknown.push(self.raw(at..next + 1));
            }
        }
        Ok(())
    }

    /// Past "number of" in "by number of bedrooms", past "kind of" in "for each kind of work".
    fn past_kind(&self, at: usize) -> usize {
        let Some(thing) = self.mention(at + 2).filter(|_| self.word(at + 1, &["of"])) else { return at };
        let kind = self.word(at, &["kind", "kinds", "type", "types", "sort"])
            && self.mention(at).is_none_or(|mention| mention.best() < 60)
            && self.can(&thing, Want::Key);
        let number = self.word(at, &["number"]) && self.is_grouping(&thing) && thing.best() >= 60;
        if kind || number { at + 2 } else { at }
    }

    /// "paid by members from each city": who did it is no group where another is named.
    fn is_agent(&mut self, at: usize, next: usize) -> bool {
        let done = at > 0
            && self.word(at, &["by"])
            && self.tokens.get(at - 1).is_some_and(|token| {
                token.kind == Kind::Word && token.text.ends_with("ed")
                    || token
                        .is_any(&["paid", "made", "spent", "bought", "sold", "given", "done", "won", "lost"])
            });
        let Some(mention) = self.mention(next).filter(|_| done) else { return false };
        let grouped = (mention.end..self.tokens.len())
            .any(|place| self.is(place, Class::By) && self.word(place, &["each", "every", "per"]))
            || (mention.end..self.tokens.len()).any(|place| {
                self.word(place, &["from", "in", "of", "for"]) && self.word(place + 1, &["each", "every"])
            });
        if grouped {
            self.spend(at..mention.end);
        }
        grouped
    }

    /// "average pieces per order", where each row is an order: what a row has on average, no groups.
    fn averaged_per_row(&mut self, at: usize, next: usize) -> bool {
        let mean = (0..self.tokens.len()).any(|place| self.is(place, Class::Agg(Agg::Mean)));
        let row = |mention: &Mention| {
            mention.candidates.first().is_some_and(|(col, _)| {
                self.view.is_unique(*col) && self.view.columns[*col].table == self.view.base
            })
        };
        let Some(mention) =
            self.mention(next).filter(|mention| mean && self.word(at, &["per"]) && row(mention))
        else {
            return false;
        };
        if !self.mentions.iter().any(|other| other.end <= at && self.can(other, Want::Measure)) {
            return false;
        }
        self.out.per_row = true;
        self.rows_said(at..mention.end);
        true
    }

    /// "rank the reps by revenue": each of them, the greatest first.
    pub(super) fn listed_by(&mut self, thing: &Mention, at: usize, next: usize) -> Result<(), Trouble> {
        let rows = self.is_rows(thing) || self.names_rows(thing);
        let col = self.resolve(thing, Want::Key)?;
        self.take(thing);
        self.spend(at..next);
        if rows || self.tells_rows_apart(col) {
            let Some(figure) = self.mention(next) else { return Ok(()) };
            let by = self.resolve(&figure, Want::Measure)?;
            self.take(&figure);
            self.out.lists = true;
            self.out.task = Some(crate::analyst::query::Task::Rows(vec![col, by]));
            self.out.sort =
                Some(Sort { by: Some(by), rising: self.out.sort.is_some_and(|sort| sort.rising) });
        } else {
            self.push_key(Key::Column(col));
        }
        Ok(())
    }

    fn more_keys(&mut self, from: usize) -> Result<(), Trouble> {
        let mut at = from;
        while at < self.tokens.len() && self.used[at] {
            at += 1;
        }
        let mut next = at;
        while self.mark(next, ',')
            || self.word(next, &["and", "then", "by", "the", "per", "also", "each", "&"])
            || self.mark(next, '&')
        {
            next += 1;
        }
        if next == at || next >= self.tokens.len() {
            return Ok(());
        }
        // "by region and total cost": a figure of its own follows.
        if self.mention(next).is_some_and(|mention| {
            !self.can(&mention, Want::Key) && !self.can(&mention, Want::Date) && !self.is_grouping(&mention)
        }) {
            return Ok(());
        }
        if self.one_key(next)?.is_some() {
            self.spend(at..next);
            return self.more_keys(next + 1);
        }
        Ok(())
    }

    /// The column by which the rows of another table are told apart here: `Reg` for "van" in a sheet of fuel.
    pub(super) fn entity_key(&self, at: usize) -> Option<Col> {
        let token = self.tokens.get(at).filter(|token| token.kind == Kind::Word && !self.used[at])?;
        let word = crate::analyst::spelling::singular(&token.text);
        let base = &self.view.tables[self.view.base];
        if table_words(base).contains(&word) {
            return None;
        }
        let mut found = self
            .view
            .tables
            .iter()
            .enumerate()
            .filter(|(place, table)| *place != self.view.base && table_words(table).contains(&word))
            .filter_map(|(_, table)| match shared_key(base, table)?[..] {
                [(own, _)] => Some(own),
                _ => None,
            });
        let own = found.next().filter(|_| found.next().is_none())?;
        (0..self.view.columns.len())
            .find(|col| self.view.columns[*col].table == self.view.base && self.view.columns[*col].at == own)
    }

    /// A key that begins here.
    fn one_key(&mut self, at: usize) -> Result<Option<()>, Trouble> {
        if let Some((length, unit)) = self.unit(at).filter(|_| {
            self.mention(at).is_none_or(|mention| mention.best() < EXACT || mention.end == at + 1)
        }) {
            self.spend(at..at + length);
            self.time_key(unit)?;
            return Ok(Some(()));
        }
        if let Some(col) =
            self.entity_key(at).filter(|_| self.mention(at).is_none() && self.mention(at + 1).is_none())
        {
            self.spend(at..at + 1);
            self.push_key(Key::Column(col));
            return Ok(Some(()));
        }
        let mut start = at;
        // "by country of the customer", "by customer segment"
        while self.mention(start).is_none()
            && self.tokens.get(start).is_some_and(|token| self.view.is_named(&token.text))
        {
            start += 1;
        }
        let Some(mention) = self.mention(start) else {
            // "per order" is each row on its own.
            if start > at {
                // "by stock" says of what there are groups, and no column is called so.
                let ranked = (0..self.tokens.len())
                    .any(|place| self.class(place, |class| matches!(class, Class::Rank { .. })).is_some());
                let date = self.word(start, &["date", "dates", "number", "time"]);
                if at > 0 && self.word(at - 1, &["by"]) && !ranked && !date {
                    self.out.doubt(25);
                }
                let per = at > 0 && self.word(at - 1, &["per", "each", "every"]);
                self.out.said.each_row = per.then(|| self.raw(at - 1..start));
                self.spend(at..start);
                return Ok(Some(()));
            }
            return Ok(None);
        };
        if self.is_rows(&mention) && mention.best() < EXACT {
            self.out.per_row |= at > 0 && self.word(at - 1, &["per"]);
            self.out.rows_named = true;
            let per = at > 0 && self.word(at - 1, &["per", "each", "every"]);
            self.out.said.each_row = per.then(|| self.raw(at - 1..mention.end));
            self.spend(at..mention.end);
            return Ok(Some(()));
        }
        // "the longest, by hire date": ranked by it.
        let ranked = (0..self.tokens.len()).any(|place| {
            self.class(place, |class| matches!(class, Class::Rank { .. } | Class::Earliest { .. })).is_some()
        });
        if ranked && mention.best() >= EXACT && self.view.kind(mention.candidates[0].0) == ColumnKind::Date {
            return Ok(None);
        }
        // "by purchase year"
        if self.can(&mention, Want::Date)
            && let Some((length, unit)) = self.unit(mention.end)
            && mention.candidates.iter().all(|(col, _)| self.view.kind(*col) == ColumnKind::Date)
        {
            let col = self.resolve(&mention, Want::Date)?;
            self.take(&mention);
            self.spend(at..mention.end + length);
            self.push_key(Key::Time(col, unit));
            return Ok(Some(()));
        }
        let only_measures = !self.can(&mention, Want::Key) && !self.can(&mention, Want::Date);
        if only_measures && !self.is_grouping(&mention) {
            return Ok(None);
        }
        let want = if self.can(&mention, Want::Key) { Want::Key } else { Want::Any };
        let col = self.resolve(&mention, want)?;
        self.take(&mention);
        self.spend(at..start);
        let key = if self.view.kind(col) == ColumnKind::Date
            && self.view.columns[col].words.iter().any(|word| word == "month")
        {
            Key::Time(col, Unit::Month)
        } else {
            self.key_of(col)
        };
        self.push_key(key);
        // "order date by month" has its unit behind it, "month of the order date" before it.
        Ok(Some(()))
    }

    /// "category by supplier, number of items", "job title against contract", "line x year": two dimensions.
    fn crossed(&mut self) -> Result<(), Trouble> {
        for at in 0..self.tokens.len() {
            let Some(down) = self
                .mention(at)
                .filter(|mention| self.is_dimension(mention) && (self.can(mention, Want::Key) || self.pivot))
            else {
                continue;
            };
            let cross =
                self.word(down.end, &["x", "against", "vs", "versus"]) || self.mark(down.end, '\u{d7}');
            let by = self.word(down.end, &["by"])
                && (at == 0 || !matches!(self.tokens[at - 1].kind, Kind::Word) || self.used[at - 1])
                && (self.pivot || self.figure_said());
            let next = self.past(down.end + 1, &["the"]);
            let across = self.unit(next).is_some()
                || self
                    .mention(next)
                    .is_some_and(|mention| self.is_dimension(&mention) || self.can(&mention, Want::Date));
            if !(cross || by) || !across {
                continue;
            }
            self.one_key(at)?;
            self.spend(down.end..next);
            self.one_key(next)?;
            self.pivot = true;
            // A cross table without a figure counts.
            let table = (0..at).any(|before| {
                self.word(before, &["crosstab", "crosstable"])
                    || self.word(before, &["cross"]) && self.word(before + 1, &["table", "tab", "tabulation"])
            });
            if table && !self.figure_said() {
                self.out.counts = true;
            }
        }
        Ok(())
    }

    fn is_dimension(&self, mention: &Mention) -> bool {
        let apart = mention.candidates.first().is_some_and(|(col, _)| self.tells_rows_apart(*col));
        (self.can(mention, Want::Key) || self.is_grouping(mention))
            && !self.is_rows(mention)
            && mention.best() >= 60
            && !apart
    }

    /// True if anything says what to compute.
    fn figure_said(&self) -> bool {
        let said =
            |at: usize| self.class(at, |class| matches!(class, Class::Agg(_) | Class::HowMany)).is_some();
        !self.computed.is_empty()
            || (0..self.tokens.len()).any(said)
            || self.mentions.iter().any(|mention| self.can(mention, Want::Measure))
    }

    /// A number of few values, named in full, groups as well: zones, stars.
    fn is_grouping(&self, mention: &Mention) -> bool {
        let low = |col: Col| {
            self.view.role(col) != ColumnRole::Amount
                && self.view.profile(col).is_some_and(|profile| {
                    profile.kind == ColumnKind::Integer && profile.distinct <= 20 && !profile.many_distinct
                })
        };
        // "top 5 by GDP": what is ranked by is a figure.
        let ranked = self.word(mention.start.wrapping_sub(1), &["by"])
            && (0..mention.start)
                .any(|at| self.class(at, |class| matches!(class, Class::Rank { lists: true, .. })).is_some());
        mention.best() >= 60 && !ranked && mention.candidates.iter().any(|(col, _)| low(*col))
    }

    /// "departments as rows, quarters as columns"
    fn rows_and_columns(&mut self) -> Result<(), Trouble> {
        let marker = |reader: &Self, at: usize| -> Option<(usize, bool)> {
            let at = at + usize::from(reader.mark(at, '('));
            let at = reader.past(at, &["going", "as", "in", "on", "the"]);
            if reader.word(at, &["rows", "row", "lines", "down"]) {
                return Some((at + 1, false));
            }
            reader.word(at, &["columns", "column", "across"]).then_some((at + 1, true))
        };
        let mut down = None;
        let mut across = None;
        for at in 0..self.tokens.len() {
            let end = match (self.mention(at), self.unit(at)) {
                (Some(mention), _) if self.can(&mention, Want::Key) || self.can(&mention, Want::Date) => {
                    mention.end
                }
                (None, Some((length, _))) => at + length,
                _ => continue,
            };
            if let Some((after, is_across)) = marker(self, end) {
                let slot = if is_across { &mut across } else { &mut down };
                *slot = Some((at, end, after));
            }
        }
        for slot in [down, across].into_iter().flatten() {
            let (at, end, after) = slot;
            let before = self.out.keys.len();
            self.one_key(at)?;
            self.spend(at..end);
            self.spend(end..after + usize::from(self.mark(after, ')')));
            self.pivot |= self.out.keys.len() > before;
        }
        Ok(())
    }
}
