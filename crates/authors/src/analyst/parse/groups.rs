//! Groups and ranks: "by region and month", "which store", "top 3 products".

use ringfence_pipeline::ports::{ColumnKind, ColumnRole};

use super::{EXACT, Mention, Reader, Trouble, Want};
use crate::analyst::{
    query::{Col, Key, Rank, Unit},
    vocabulary::Class,
    words::{Kind, Token},
};

/// Most rows or groups a person can ask for.
const RANK_MAX: u32 = 10_000;

impl Reader<'_> {
    pub(super) fn group_keys(&mut self) -> Result<(), Trouble> {
        self.rows_and_columns()?;
        for at in 0..self.tokens.len() {
            if self.used[at] {
                continue;
            }
            if let Some((length, unit)) = self.every(at) {
                self.spend(at..at + length);
                self.time_key(unit)?;
                self.more_keys(at + length)?;
            } else if let Some(length) = self.class(at, |class| class == Class::By) {
                self.key_list(at, at + length)?;
            } else if let Some((length, unit)) = self.unit(at).filter(|(length, _)| self.word(at + length, &["where", "when"]) || (self.word(at + length, &["in"]) && self.word(at + length + 1, &["which"]))) {
                self.spend(at..at + length);
                self.out.selects = true;
                self.time_key(unit)?;
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

    fn every(&self, at: usize) -> Option<(usize, Unit)> {
        self.class_of(at, |class| match class {
            Class::Every(unit) => Some(unit),
            _ => None,
        })
    }

    fn unit(&self, at: usize) -> Option<(usize, Unit)> {
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
        if let Some(col) = self.view.calendar_column(named).filter(|_| !dated) {
            // A quarter belongs to its year, unless there is but one.
            if matches!(unit, Unit::Quarter | Unit::Month)
                && let Some(year) = self.view.calendar_column("year").filter(|_| !self.one_year())
            {
                self.push_key(Key::Column(year));
            }
            self.push_key(Key::Column(col));
            return Ok(());
        }
        let dates: Vec<Mention> = self.mentions.iter().filter(|mention| {
            let words = self.raw(mention.start..mention.end).to_lowercase();
            self.can(mention, Want::Date) && mention.candidates.iter().all(|(col, _)| self.view.kind(*col) == ColumnKind::Date)
                && (!self.view.is_named(&words) || mention.best() >= EXACT)
        }).cloned().collect();
        let col = match dates.first() {
            Some(mention) => {
                let col = self.resolve(mention, Want::Date)?;
                // "hires per year" are counted.
                self.out.rows_named |= mention.best() < EXACT && !(mention.start..mention.end).any(|at| self.word(at, &["date", "day"]));
                self.take(mention);
                Some(col)
            }
            // What a condition is about is rather what is meant than any other date.
            None => self.placed.iter().filter(|(_, filter)| filter.is_time()).flat_map(|(_, filter)| filter.columns())
                .find(|col| self.view.kind(*col) == ColumnKind::Date).or_else(|| self.default_date()),
        };
        if let (None, Unit::Month, Some((_, first))) = (col, unit, self.wide_months().first()) {
            self.push_key(Key::Months(*first));
            return Ok(());
        }
        let Some(col) = col else {
            return Err(Trouble::Cannot(format!("there is no date to group by; {}", self.view.columns_said())));
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
    fn key_of(&self, col: Col) -> Key {
        match self.view.kind(col) {
            ColumnKind::Date => Key::Time(col, Unit::Day),
            _ => Key::Column(col),
        }
    }

    /// What follows "by": columns, calendar units, or what is ranked by.
    fn key_list(&mut self, at: usize, from: usize) -> Result<(), Trouble> {
        let next = self.past(from, &["the", "each", "every", "of", "its", "their", "respective", "different", "a", "individual", "single"]);
        if self.one_key(next)?.is_some() {
            self.spend(at..next);
            let end = next + 1;
            self.more_keys(end)?;
        } else if self.mention(next).is_some_and(|mention| !self.can(&mention, Want::Key) && !self.can(&mention, Want::Date)) {
            let ranked = (0..self.tokens.len()).any(|place| self.class(place, |class| matches!(class, Class::Rank { .. } | Class::Best | Class::Earliest { .. })).is_some());
            let sorted = at > 0 && self.word(at - 1, &["sorted", "ordered", "ranked", "sort", "order", "weighted", "multiplied", "divided", "measured", "judged"]);
            if !ranked && !sorted && self.word(at, &["by", "per", "across"]) {
                self.out.unknown.push(self.raw(at..next + 1));
            }
        }
        Ok(())
    }

    fn more_keys(&mut self, from: usize) -> Result<(), Trouble> {
        let mut at = from;
        while at < self.tokens.len() && self.used[at] {
            at += 1;
        }
        let mut next = at;
        while self.mark(next, ',') || self.word(next, &["and", "then", "by", "the", "per", "also", "each", "&"]) || self.mark(next, '&') {
            next += 1;
        }
        if next == at || next >= self.tokens.len() {
            return Ok(());
        }
        // "by region and total cost": a figure of its own follows.
        if self.mention(next).is_some_and(|mention| !self.can(&mention, Want::Key)) {
            return Ok(());
        }
        if self.one_key(next)?.is_some() {
            self.spend(at..next);
            return self.more_keys(next + 1);
        }
        Ok(())
    }

    /// A key that begins here.
    fn one_key(&mut self, at: usize) -> Result<Option<()>, Trouble> {
        if let Some((length, unit)) = self.unit(at).filter(|_| self.mention(at).is_none_or(|mention| mention.best() < EXACT || mention.end == at + 1)) {
            self.spend(at..at + length);
            self.time_key(unit)?;
            return Ok(Some(()));
        }
        let mut start = at;
        // "by country of the customer", "by customer segment"
        while self.mention(start).is_none() && self.tokens.get(start).is_some_and(|token| self.view.is_named(&token.text)) {
            start += 1;
        }
        let Some(mention) = self.mention(start) else {
            // "per order" is each row on its own.
            if start > at {
                self.spend(at..start);
                return Ok(Some(()));
            }
            return Ok(None);
        };
        if self.is_rows(&mention) && mention.best() < EXACT {
            self.out.rows_named = true;
            self.spend(at..mention.end);
            return Ok(Some(()));
        }
        // "the longest, by hire date": ranked by it.
        let ranked = (0..self.tokens.len()).any(|place| self.class(place, |class| matches!(class, Class::Rank { .. } | Class::Earliest { .. })).is_some());
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
        let low = |col: Col| self.view.profile(col).is_some_and(|profile| profile.kind == ColumnKind::Integer && profile.distinct <= 20 && !profile.many_distinct);
        if only_measures && !(mention.best() >= 60 && mention.candidates.iter().any(|(col, _)| low(*col))) {
            return Ok(None);
        }
        let want = if self.can(&mention, Want::Key) { Want::Key } else { Want::Any };
        let col = self.resolve(&mention, want)?;
        self.take(&mention);
        self.spend(at..start);
        let key = if self.view.kind(col) == ColumnKind::Date && self.view.columns[col].words.iter().any(|word| word == "month") {
            Key::Time(col, Unit::Month)
        } else {
            self.key_of(col)
        };
        self.push_key(key);
        // "order date by month" has its unit behind it, "month of the order date" before it.
        Ok(Some(()))
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
                (Some(mention), _) if self.can(&mention, Want::Key) || self.can(&mention, Want::Date) => mention.end,
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

    /// "which region", "what month": the answer is a group.
    fn selection(&mut self, at: usize, from: usize) -> Result<(), Trouble> {
        let mut next = self.past(from, &["the", "of", "single", "our", "individual", "are", "is", "were", "was", "one"]);
        let count = self.tokens.get(next).and_then(Token::count).filter(|count| (2..=RANK_MAX).contains(count));
        let counted = next;
        if count.is_some() {
            next += 1;
        }
        if let Some((length, unit)) = self.unit(next).filter(|_| self.mention(next).is_none_or(|mention| mention.best() < EXACT)) {
            self.spend(at..next + length);
            self.out.selects = true;
            return self.time_key(unit);
        }
        let Some(mention) = self.mention(next) else {
            self.table_selection(at, next, counted, count);
            return Ok(());
        };
        if (self.is_rows(&mention) && self.view.is_named(&self.tokens[next].text)) || self.names_rows(&mention) {
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
            self.out.task = Some(crate::analyst::query::Task::Rows(vec![col]));
        } else {
            self.push_key(self.key_of(col));
        }
        Ok(())
    }

    fn rank_count(&mut self, count: Option<u32>) {
        if let Some(count) = count {
            self.out.rank = Some(Rank { count, lowest: false, within: false });
            self.rank_lists = true;
        }
    }

    /// "which loan", "which 3 invoices": rows.
    fn table_selection(&mut self, at: usize, next: usize, counted: usize, count: Option<u32>) {
        let named = self.tokens.get(next).is_some_and(|token| self.view.is_named(&token.text)) || self.is(next, Class::Row)
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
    fn persons(&mut self, at: usize, from: usize) -> Result<(), Trouble> {
        // "who of the sales reps", "customers who": the column is named.
        let next = self.past(from, &["of", "are", "is", "were", "was", "the", "our", "all", "s"]);
        if let Some(mention) = self.mention(next).filter(|mention| self.can(mention, Want::Key) && next > from.min(at + 1)) {
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
        let before = at > 0 && (self.mention_before(at).is_some() || self.used[at - 1]
            || self.tokens.get(at - 1).is_some_and(|token| self.view.is_named(&token.text) || token.is_any(&["people", "those", "persons", "everyone", "all", "anyone", "everybody"])));
        if before {
            return Ok(());
        }
        let called = |names: &[&str]| {
            (0..self.view.columns.len()).find(|col| {
                self.view.kind(*col) == ColumnKind::Text && self.view.role(*col) != ColumnRole::Date
                    && self.view.columns[*col].words.iter().any(|word| names.contains(&word.as_str()))
            })
        };
        let col = called(&["employee", "rep", "salesperson", "person"]).or_else(|| called(&["name"])).or_else(|| called(&["customer", "client", "borrower", "member", "player", "student"]))
            .or_else(|| called(&["manager", "driver", "agent", "author", "owner", "user"]));
        let names: Vec<Col> = (0..self.view.columns.len()).filter(|col| self.view.kind(*col) == ColumnKind::Text && self.view.columns[*col].words.last().is_some_and(|word| word == "name")).collect();
        if names.len() == 2 && col.is_some_and(|col| names.contains(&col)) {
            // First and last name together say who.
            self.spend(at..from);
            self.out.selects = true;
            self.out.lists = true;
            self.out.task = Some(crate::analyst::query::Task::Rows(names));
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

    fn select_by(&mut self, col: Col) -> Result<(), Trouble> {
        self.out.selects = true;
        let profile = self.view.profile(col);
        let rows = self.view.is_unique(col)
            || profile.is_some_and(|profile| profile.distinct * 10 >= self.view.rows() * 9 && self.view.columns[col].table == self.view.base);
        if rows {
            self.out.lists = true;
            self.out.task = Some(crate::analyst::query::Task::Rows(vec![col]));
        } else {
            self.push_key(Key::Column(col));
        }
        Ok(())
    }

    // ---- ranks ----

    pub(super) fn ranking(&mut self) -> Result<(), Trouble> {
        for at in 0..self.tokens.len() {
            let found = self.class_of(at, |class| match class {
                Class::Rank { lowest, lists } => Some((lowest, lists, false)),
                Class::Best => Some((false, false, true)),
                _ => None,
            });
            if let Some((length, (lowest, lists, best))) = found {
                self.ranked(at, length, lowest, lists, best)?;
            } else if let Some((length, latest)) = self.class_of(at, |class| match class {
                Class::Earliest { latest } => Some(latest),
                _ => None,
            }) {
                self.first_or_last(at, length, latest)?;
            }
        }
        self.count_apart();
        self.ranked_before();
        Ok(())
    }

    /// "the department with the greatest variance"
    fn ranked_before(&mut self) {
        let Some(rank) = self.rank_at.clone() else { return };
        if !self.out.keys.is_empty() || self.out.selects || self.out.lists || self.out.task.is_some() {
            return;
        }
        let unit = (rank.start.saturating_sub(4)..rank.start).find_map(|at| self.unit(at).map(|(length, unit)| (at, length, unit)));
        if let Some((at, length, unit)) = unit
            && (at + length..rank.start).any(|place| self.word(place, &["with", "that", "which", "had", "has", "having"]))
        {
            self.spend(at..at + length);
            self.out.selects = self.time_key(unit).is_ok();
            return;
        }
        let near = |mention: &&Mention| mention.end <= rank.start && rank.start - mention.end <= 4;
        let linked = |mention: &&Mention| (mention.end..rank.start).any(|at| self.word(at, &["with", "that", "which", "who", "having", "has", "had", "whose", "of"]));
        let found = self.mentions.iter().filter(near).filter(linked).find(|mention| self.can(mention, Want::Key)).cloned();
        if let Some(mention) = found
            && let Ok(col) = self.resolve(&mention, Want::Key)
        {
            self.take(&mention);
            let _ = self.select_by(col);
        }
    }

    /// "the 3 projects with the fewest hours", "the four employees who have been with us longest"
    fn count_apart(&mut self) {
        let Some(rank) = self.out.rank.filter(|rank| rank.count == 1 && !self.rank_lists) else { return };
        let found = (0..self.tokens.len()).find(|at| {
            let thing = self.tokens.get(at + 1).is_some_and(|token| token.kind == Kind::Word && token.text.ends_with('s') || token.is("people"));
            self.number_at(*at).is_some_and(|count| count > 1) && thing
        });
        if let Some((at, count)) = found.and_then(|at| Some((at, self.number_at(at)?))) {
            self.spend(at..at + 1);
            self.rank_lists = true;
            self.out.rank = Some(Rank { count, ..rank });
            if let Some(mention) = self.mention(at + 1).filter(|_| self.out.keys.is_empty())
                && self.can(&mention, Want::Key)
                && !self.is_rows(&mention)
                && let Ok(col) = self.resolve(&mention, Want::Key)
            {
                self.take(&mention);
                let distinct = self.view.profile(col).map_or(0, |profile| profile.distinct);
                if self.view.is_unique(col) || distinct * 10 >= self.view.rows() * 9 {
                    self.out.lists = true;
                    self.out.task = Some(crate::analyst::query::Task::Rows(vec![col]));
                } else {
                    self.push_key(Key::Column(col));
                }
            } else if self.out.keys.is_empty() {
                self.out.lists = true;
            }
        }
    }

    fn number_at(&self, at: usize) -> Option<u32> {
        let token = self.tokens.get(at).filter(|_| self.used.get(at) == Some(&false))?;
        token.count().filter(|count| (1..=RANK_MAX).contains(count))
    }

    fn ranked(&mut self, at: usize, length: usize, mut lowest: bool, lists: bool, best: bool) -> Result<(), Trouble> {
        if self.rank_at.is_some() {
            return Ok(());
        }
        lowest |= best && self.word(at, &["worst"]);
        let after = self.number_at(at + length);
        let before = at.checked_sub(1).and_then(|before| self.number_at(before));
        let known = self.out.rank.map(|rank| rank.count);
        let count = after.or(before).or(known);
        let start = if after.is_none() && before.is_some() { at - 1 } else { at };
        let end = at + length + usize::from(after.is_some());
        self.spend(start..end);
        self.rank_at = Some(start..end);
        self.rank_lists |= count.is_some() || lists;
        let default = if lists { if self.plural_follows(end) { 10 } else { 1 } } else { 1 };
        self.out.rank = Some(Rank { count: count.unwrap_or(default), lowest, within: false });
        self.age_means_dates(at);
        if best {
            self.out.total_only = true;
        }
        self.ranked_things(end)
    }

    fn plural_follows(&self, at: usize) -> bool {
        self.tokens.get(at).is_some_and(|token| token.text.ends_with('s') && !token.text.ends_with("ss"))
    }

    /// Who has been there longest came earliest.
    fn age_means_dates(&mut self, at: usize) {
        if self.word(at, &["longest", "oldest", "youngest", "shortest"]) {
            let date = self.mentions.iter().find(|mention| self.can(mention, Want::Date) && !self.can(mention, Want::Measure)).cloned();
            let measure = self.mentions.iter().any(|mention| self.can(mention, Want::Measure));
            if let (Some(mention), false) = (date, measure)
                && let Ok(col) = self.resolve(&mention, Want::Date)
            {
                self.take(&mention);
                self.by_date(col, self.word(at, &["longest", "oldest"]));
            } else if !measure
                && (self.word(at, &["oldest", "youngest"]) || (self.word(at, &["longest"]) && self.out.lists))
                && let Some(col) = self.default_date()
            {
                self.by_date(col, self.word(at, &["oldest", "longest"]));
            }
        }
    }

    fn by_date(&mut self, col: Col, earliest: bool) {
        if let Some(rank) = &mut self.out.rank {
            rank.lowest = earliest;
        }
        let agg = if earliest { crate::analyst::query::Agg::Min } else { crate::analyst::query::Agg::Max };
        self.computed.push((0, crate::analyst::query::Measure::new(agg, crate::analyst::query::Expr::Column(col))));
        self.out.lists = true;
    }

    /// What is ranked: "top 5 customers", "3 largest orders", "the highest price".
    fn ranked_things(&mut self, from: usize) -> Result<(), Trouble> {
        let at = self.past(from, &["of", "the", "selling", "performing", "our", "all", "different", "paying", "single", "individual", "earning"]);
        if let Some((length, unit)) = self.unit(at).filter(|_| self.mention(at).is_none()) {
            self.spend(at..at + length);
            self.rank_lists = true;
            return self.time_key(unit);
        }
        let Some(mention) = self.mention(at) else {
            let rows = self.tokens.get(at).is_some_and(|token| self.view.is_named(&token.text)) || self.is(at, Class::Row);
            if rows && (self.rank_lists || self.word(at.saturating_sub(1), &["single", "individual"])) {
                self.out.lists = true;
                self.spend(at..at + 1);
            }
            return Ok(());
        };
        let entity = self.is_rows(&mention) || self.names_rows(&mention);
        // "biggest expense category", "highest paid person"
        if self.can(&mention, Want::Measure)
            && let Some(thing) = self.mention(mention.end).filter(|thing| self.can(thing, Want::Key) && !self.can(thing, Want::Measure) && !self.is_rows(thing))
        {
            let col = self.resolve(&thing, Want::Key)?;
            self.take(&thing);
            self.rank_lists = true;
            let grouped = self.out.keys.clone();
            self.select_by(col)?;
            if !grouped.is_empty()
                && let Some(rank) = self.out.rank.as_mut()
            {
                rank.within = true;
            }
            return Ok(());
        }
        if entity {
            // Beside "which customer" it is what is counted; after a number, rows.
            let counted = self.out.selects && !self.out.lists;
            if !counted && (self.rank_lists || at > from || !self.can(&mention, Want::Measure)) {
                self.out.lists = true;
                self.spend(mention.start..mention.end);
            }
            return Ok(());
        }
        if self.can(&mention, Want::Key) && !(self.can(&mention, Want::Measure) && mention.best() >= EXACT) {
            let col = self.resolve(&mention, Want::Key)?;
            let selected = self.out.selects && !self.out.keys.is_empty();
            if selected && self.view.kind(col) != ColumnKind::Date && mention.start == at {
                self.counting = Some(at);
                self.spoken.push((at, crate::analyst::query::Agg::Count));
                return Ok(());
            }
            if self.view.kind(col) == ColumnKind::Date || selected {
                return Ok(());
            }
            self.take(&mention);
            if self.view.is_unique(col) && self.view.columns[col].table == self.view.base {
                self.out.lists = true;
                self.out.task = Some(crate::analyst::query::Task::Rows(vec![col]));
            } else {
                self.rank_lists = true;
                // "top 3 products per category": so many in each.
                let each = (0..self.tokens.len()).any(|place| self.tokens[place].is_any(&["each", "every", "per"]));
                if let Some(rank) = self.out.rank.as_mut().filter(|_| each && self.out.keys.len() == 1) {
                    rank.within = true;
                }
                self.push_key(Key::Column(col));
            }
        }
        Ok(())
    }

    /// A name for what has a key of its own: items by their SKU.
    pub(super) fn names_rows(&self, mention: &Mention) -> bool {
        let Some(token) = self.tokens.get(mention.start).filter(|_| mention.end - mention.start == 1) else { return false };
        let word = crate::analyst::spelling::singular(&token.text);
        let text = mention.candidates.first().is_some_and(|(col, _)| self.view.kind(*col) == ColumnKind::Text && !self.view.is_unique(*col));
        let keyed = |col: usize| {
            let column = &self.view.columns[col];
            column.table == self.view.base && self.view.is_unique(col) && column.words.iter().any(|part| *part != word && crate::analyst::vocabulary::same_concept(part, &word))
        };
        text && (0..self.view.columns.len()).any(keyed)
    }

    /// A word for a row of the table, such as "orders" beside `Order ID`.
    pub(super) fn is_rows(&self, mention: &Mention) -> bool {
        let one = mention.end - mention.start == 1;
        let base = crate::analyst::view::table_words(&self.view.tables[self.view.base]);
        let table = self.tokens.get(mention.start).is_some_and(|token| base.contains(&crate::analyst::spelling::singular(&token.text)));
        let key = mention.candidates.iter().any(|(col, _)| {
            self.view.is_unique(*col) && !self.view.is_measure(*col) && self.view.kind(*col) != ColumnKind::Date && self.view.columns[*col].table == self.view.base
        });
        one && mention.best() < EXACT && (table || key)
    }

    /// "earliest due date", "the latest 5 orders", "most recent order"
    fn first_or_last(&mut self, at: usize, length: usize, latest: bool) -> Result<(), Trouble> {
        if self.out.rank.is_some() && self.rank_at.is_some() {
            return Ok(());
        }
        let next = at + length;
        let before = at.checked_sub(1).and_then(|before| self.number_at(before));
        let count = self.number_at(next).or(before);
        let thing = next + usize::from(self.number_at(next).is_some());
        let start = if before.is_some() && self.number_at(next).is_none() { at - 1 } else { at };
        let date = self.mention(thing).filter(|mention| self.can(mention, Want::Date) && !self.is_rows(mention));
        let rows = self.tokens.get(thing).is_some_and(|token| self.view.is_named(&token.text)) || self.is(thing, Class::Row)
            || self.mention(thing).is_some_and(|mention| self.is_rows(&mention));
        let rows = rows && date.as_ref().is_none_or(|mention| mention.best() < EXACT);
        let col = match &date {
            Some(mention) => {
                let col = self.resolve(mention, Want::Date)?;
                self.take(mention);
                col
            }
            None if rows => match self.default_date() {
                Some(col) => {
                    self.spend(thing..thing + 1);
                    col
                }
                None => return Ok(()),
            },
            None => return Ok(()),
        };
        self.spend(start..thing);
        self.rank_at = Some(start..thing);
        let known = self.out.rank.map(|rank| rank.count);
        let alone = !self.out.selects && !rows && count.is_none();
        if alone {
            let agg = if latest { crate::analyst::query::Agg::Max } else { crate::analyst::query::Agg::Min };
            self.computed.push((at, crate::analyst::query::Measure::new(agg, crate::analyst::query::Expr::Column(col))));
            return Ok(());
        }
        self.out.rank = Some(Rank { count: count.or(known).unwrap_or(1), lowest: !latest, within: false });
        self.rank_lists |= count.is_some();
        self.by_date(col, !latest);
        Ok(())
    }
}
