//! Ranks and orders: "top 3 products", "the latest order", "biggest first".

use ringfence_pipeline::ports::ColumnKind;

use super::{EXACT, Mention, Reader, Trouble, Want};
use crate::analyst::{
    query::{Agg, Col, Expr, Filter, Key, Measure, Rank, Sort, Task, Unit},
    vocabulary::Class,
    words::Kind,
};

/// Most rows or groups a person can ask for.
pub(super) const RANK_MAX: u32 = 10_000;

/// Words that ask for an order by what follows.
const SORTED: [&str; 8] = ["sorted", "ordered", "ranked", "sort", "order", "rank", "arranged", "arrange"];

impl Reader<'_> {
    // ---- order ----

    /// "biggest first", "from low to high", "sorted by name", "in descending order".
    pub(super) fn sorting(&mut self) -> Result<(), Trouble> {
        for at in 0..self.tokens.len() {
            if self.used[at] {
                continue;
            }
            // "average quantity per order by country" has an order of somebody.
            let thing = at > 0 && self.word(at - 1, &["per", "each", "every", "an", "one", "single", "of"]);
            if self.word(at, &SORTED) && self.word(at + 1, &["by", "on"]) && !thing {
                self.sorted_by(at)?;
            } else if let Some((length, sort)) = self.by_age(at) {
                self.out.sort = Some(sort);
                self.spend(at..at + length);
            } else if let Some(Sort { by: Some(col), .. }) = self.out.sort
                && self.view.kind(col) == ColumnKind::Date
                && self.word(at, &["oldest", "newest", "latest", "earliest"])
                && self.word(at + 1, &["first"])
            {
                let rising = self.word(at, &["oldest", "earliest"]);
                self.out.sort = Some(Sort { by: Some(col), rising });
                self.spend(at..at + 2);
            } else if let Some((length, rising)) = self.direction(at) {
                let start = at - usize::from(at > 0 && self.word(at - 1, &["in", "from"]));
                let by = self.out.sort.and_then(|sort| sort.by);
                self.out.sort = Some(Sort { by, rising });
                self.spend(start..at + length);
            } else if let Some((length, latest)) = self.dated(at) {
                self.out.sort = self.default_date().map(|col| Sort { by: Some(col), rising: !latest });
                self.spend(at..at + length);
            } else if self.word(at, &["alphabetically", "alphabetical"]) {
                self.out.alphabetical = true;
                self.spend(
                    at - usize::from(at > 0 && self.word(at - 1, &["in"]))
                        ..at + 1 + usize::from(self.word(at + 1, &["order"])),
                );
            }
        }
        Ok(())
    }

    /// A direction in words: how many, and whether the least comes first.
    fn direction(&self, at: usize) -> Option<(usize, bool)> {
        let side = |at: usize| {
            let ranked = self.class_of(at, |class| match class {
                Class::Rank { lowest, .. } => Some(lowest),
                Class::Best => Some(self.word(at, &["worst"])),
                _ => None,
            });
            ranked.or_else(|| {
                match self.tokens.get(at).filter(|_| self.used.get(at) == Some(&false))?.text.as_str() {
                    "high" | "large" | "big" => Some((1, false)),
                    "low" | "small" => Some((1, true)),
                    _ => None,
                }
            })
        };
        let order = |end: usize| usize::from(self.word(end, &["order"]));
        if self.word(at, &["descending", "desc", "decreasing"]) {
            return Some((1 + order(at + 1), false));
        }
        if self.word(at, &["ascending", "asc"]) {
            return Some((1 + order(at + 1), true));
        }
        let (length, lowest) = side(at)?;
        let end = at + length;
        if self.tokens.get(end).is_some_and(|token| token.text == "first") {
            return Some((length + 1, lowest));
        }
        let next = self.past(end + 1, &["the"]);
        let (other, _) = side(next).filter(|(_, other)| self.word(end, &["to"]) && *other != lowest)?;
        Some((next + other - at, lowest))
    }

    /// "oldest first" of those whose day of birth is known: who was born first.
    fn by_age(&self, at: usize) -> Option<(usize, Sort)> {
        let rising = self.word(at, &["oldest"]);
        let born = self.view.of_kind(ColumnKind::Date).find(|col| {
            self.view.columns[*col]
                .words
                .iter()
                .any(|word| ["born", "birth", "birthday"].contains(&word.as_str()))
        })?;
        let said = (rising || self.word(at, &["youngest"]))
            && self.tokens.get(at + 1).is_some_and(|token| token.text == "first");
        said.then_some((2, Sort { by: Some(born), rising }))
    }

    /// "newest first", "chronologically"
    fn dated(&self, at: usize) -> Option<(usize, bool)> {
        if self.word(at, &["chronologically"]) {
            return Some((1, false));
        }
        let (length, latest) = self
            .class_of(at, |class| match class {
                Class::Earliest { latest } => Some(latest),
                _ => None,
            })
            .or_else(|| self.word(at, &["oldest"]).then_some((1, false)))?;
        self.tokens
            .get(at + length)
            .is_some_and(|token| token.text == "first")
            .then_some((length + 1, latest))
    }

    /// What stands behind "sorted by": a figure stays to be computed, a name is only sorted by.
    fn sorted_by(&mut self, at: usize) -> Result<(), Trouble> {
        let next = self.past(at + 2, &["the", "their", "its", "total"]);
        let Some(mention) = self.mention(next) else { return Ok(()) };
        let measure = self.can(&mention, Want::Measure);
        if let Some(thing) = self
            .mention_before(at)
            .filter(|thing| measure && self.out.keys.is_empty() && self.can(thing, Want::Key))
        {
            return self.listed_by(&thing, at, next);
        }
        let want = if measure {
            Want::Measure
        } else if self.can(&mention, Want::Key) {
            Want::Key
        } else {
            Want::Date
        };
        let col = self.resolve(&mention, want)?;
        self.out.sort = Some(Sort { by: Some(col), rising: !measure });
        self.spend(at..next);
        if !measure {
            self.take(&mention);
        }
        Ok(())
    }

    // ---- ranks ----

    pub(super) fn ranking(&mut self) -> Result<(), Trouble> {
        for at in 0..self.tokens.len() {
            let found = self.class_of(at, |class| match class {
                Class::Rank { lowest, lists } => Some((lowest, lists, false)),
                // The best win rate is the highest.
                Class::Best if self.decided.is_some() => Some((self.word(at, &["worst"]), false, false)),
                Class::Best => Some((false, false, true)),
                _ => None,
            });
            // "the most common" is what is there most often.
            let common = found.is_some_and(|(length, _)| {
                (at..at + length).any(|place| self.is(place, Class::Agg(Agg::Mode)))
            });
            if let Some((length, (lowest, lists, best))) = found.filter(|_| !common) {
                self.ranked(at, length, lowest, lists, best)?;
            } else if let Some((length, latest)) = self.class_of(at, |class| match class {
                Class::Earliest { latest } => Some(latest),
                _ => None,
            }) {
                self.first_or_last(at, length, latest)?;
            }
        }
        self.done_first()?;
        self.count_apart();
        self.ranked_before();
        self.figure_of_the_best();
        Ok(())
    }

    /// "who was hired first", "which customer joined last": the day of it is a column.
    fn done_first(&mut self) -> Result<(), Trouble> {
        let end = self.tokens.len() - usize::from(self.tokens.last().is_some_and(|token| token.is_mark('?')));
        let Some(at) = end.checked_sub(1).filter(|at| *at > 1 && !self.used[*at]) else { return Ok(()) };
        let recently = self.word(at, &["recently"]) && self.word(at - 1, &["most"]);
        let first = self.tokens[at].text == "first" || self.word(at, &["earliest"]);
        let last = self.word(at, &["last", "latest"]);
        let start = at - usize::from(recently);
        let asks = self.word(0, &["who", "which", "what"]);
        let done = self.mention_before(start).filter(|mention| {
            mention.candidates.iter().all(|(col, _)| self.view.kind(*col) == ColumnKind::Date)
        });
        let Some(done) = done.filter(|_| asks && (first || last || recently)) else { return Ok(()) };
        if self.out.rank.is_some() && !recently {
            return Ok(());
        }
        let col = self.resolve(&done, Want::Date)?;
        self.take(&done);
        self.spend(start..end);
        self.rank_at = Some(start..end);
        self.out.rank = Some(Rank { count: 1, lowest: first, within: false, nth: false });
        self.by_date(col, first);
        Ok(())
    }

    /// "the average order value of the top 5 customers", "revenue per order in the best month": of those who are best by
    /// that, or by something else?
    fn figure_of_the_best(&mut self) {
        let Some(rank) = self.rank_at.clone() else { return };
        let the =
            rank.start - usize::from(rank.start > 0 && self.word(rank.start - 1, &["the", "our", "your"]));
        let Some(link) = the.checked_sub(1) else { return };
        let averaged = (0..link)
            .any(|at| self.class(at, |class| matches!(class, Class::Agg(Agg::Mean | Agg::Median))).is_some());
        let measured =
            self.mentions.iter().any(|mention| mention.end <= link && self.can(mention, Want::Measure));
        let of = self.word(link, &["of", "from", "for", "among"]) && averaged;
        let period = self.out.keys.iter().any(|key| key.is_time());
        let during = self.word(link, &["in", "during", "on"]) && period && (averaged || measured);
        if of || during {
            self.out.doubt(25);
        }
    }

    /// "the department with the greatest variance"
    fn ranked_before(&mut self) {
        let Some(rank) = self.rank_at.clone() else { return };
        if !self.out.keys.is_empty() || self.out.selects || self.out.lists || self.out.task.is_some() {
            return;
        }
        let unit = (rank.start.saturating_sub(4)..rank.start)
            .find_map(|at| self.unit(at).map(|(length, unit)| (at, length, unit)));
        if let Some((at, length, unit)) = unit
            && (at + length..rank.start)
                .any(|place| self.word(place, &["with", "that", "which", "had", "has", "having"]))
        {
            self.spend(at..at + length);
            self.out.selects = self.time_key(unit).is_ok();
            return;
        }
        let near = |mention: &&Mention| mention.end <= rank.start && rank.start - mention.end <= 4;
        let linked = |mention: &&Mention| {
            (mention.end..rank.start).any(|at| {
                self.word(at, &["with", "that", "which", "who", "having", "has", "had", "whose", "of"])
            })
        };
        let found = self
            .mentions
            .iter()
            .filter(near)
            .filter(linked)
            .find(|mention| self.can(mention, Want::Key))
            .cloned();
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
            let thing = self.tokens.get(at + 1).is_some_and(|token| {
                token.kind == Kind::Word && token.text.ends_with('s') || token.is("people")
            });
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
                    self.out.task = Some(Task::Rows(vec![col]));
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

    fn ranked(
        &mut self,
        at: usize,
        length: usize,
        mut lowest: bool,
        lists: bool,
        best: bool,
    ) -> Result<(), Trouble> {
        if self.rank_at.is_some() {
            return Ok(());
        }
        lowest |= best && self.word(at, &["worst"]);
        if self.ranks_times() {
            // The fastest takes the least time; whether the best does, is asked.
            let speed = ["fastest", "quickest", "slowest"];
            lowest ^= self.word(at, &speed);
            if best {
                self.out.doubt(25);
            }
        }
        let after = self.number_at(at + length);
        let before = at.checked_sub(1).and_then(|before| self.number_at(before));
        let known = self.out.rank.map(|rank| rank.count);
        let place = self.place_before(at).filter(|_| after.is_none());
        let count = place.map(|(place, _)| place).or(after).or(before).or(known);
        let start = if after.is_none() && (before.is_some() || place.is_some()) { at - 1 } else { at };
        let mut end = at + length + usize::from(after.is_some());
        self.spend(start..end);
        // "the biggest single payment" is a row.
        if self.word(end, &["single", "individual"]) {
            self.spend(end..end + 1);
            end += 1;
            self.out.lists = true;
            if let Some(thing) = self.mention(end).filter(|thing| !self.can(thing, Want::Measure)) {
                self.rows_said(thing.start..thing.end);
            }
        }
        // "the longest PG film", "the biggest unpaid invoice": of the rows of that kind, one.
        let mut kind = end;
        while kind < end + 4
            && (self.used.get(kind) == Some(&true)
                || self.value(kind).is_some()
                || self.word(kind, &["rated", "priced", "paid", "scored"]))
        {
            kind = self.value(kind).map_or(kind + 1, |value| value.end);
        }
        let lasting =
            self.word(at, &["longest", "shortest", "oldest", "heaviest", "lightest", "tallest", "fastest"]);
        if (kind > end || lasting)
            && !self.word_ends_in_s(kind)
            && self.tokens.get(kind).is_some_and(|token| self.view.is_named(&token.text))
            && self.entity_key(kind).is_none()
        {
            self.out.lists = true;
        }
        self.rank_at = Some(start..end);
        self.rank_lists |= (count.is_some() && place.is_none()) || lists;
        if self.word(end, &["per"])
            || (self.word(end, &["in", "for"]) && self.word(end + 1, &["each", "every"]))
        {
            // "top 3 per class": of what is not said.
            self.out.doubt(30);
        }
        let default = if lists { if self.plural_follows(end) { 10 } else { 1 } } else { 1 };
        self.out.rank =
            Some(Rank { count: count.unwrap_or(default), lowest, within: false, nth: place.is_some() });
        let here = self.says(&["here", "us"]) && self.word(at, &["longest", "shortest"]);
        let work = (0..at).find(|place| here && self.word(*place, &["work", "works", "worked", "working"]));
        // "worked here longest" is of years, not of the hours of a week.
        if let Some(place) = work {
            self.spend(place..place + 1);
        }
        if !self.measured_superlative(at)? {
            self.age_means_dates(at);
        }
        if best {
            self.out.total_only = true;
        }
        if let Some(past) = self.counted_superlative(at, end)? {
            end = past;
        }
        self.ranked_things(end)
    }

    /// True if what is ranked is how long something took.
    fn ranks_times(&self) -> bool {
        self.mentions.iter().any(|mention| {
            (mention.start..mention.end).any(|at| self.word(at, &["time", "times", "duration", "lap"]))
                && self.can(mention, Want::Measure)
        })
    }

    fn plural_follows(&self, at: usize) -> bool {
        self.word_ends_in_s(at)
    }

    /// Who has been there longest came earliest.
    fn age_means_dates(&mut self, at: usize) {
        // Who is oldest was born first; when somebody came says nothing of that.
        if self.word(at, &["oldest", "youngest"]) {
            let born = self.date_named(&["born", "birth", "birthday"], None);
            if let Some(col) = born {
                return self.by_date(col, self.word(at, &["oldest"]));
            }
            if (0..at).any(|place| self.is(place, Class::Who) || self.word(place, &["who", "who's"])) {
                self.out.doubt(30);
            }
        }
        if self.word(at, &["longest", "oldest", "youngest", "shortest"]) {
            let date = self
                .mentions
                .iter()
                .find(|mention| self.can(mention, Want::Date) && !self.can(mention, Want::Measure))
                .cloned();
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
                if self.is_dated_elsewhere(at + 1) {
                    self.out.doubt(30);
                }
                self.by_date(col, self.word(at, &["oldest", "longest"]));
            }
        }
    }

    pub(super) fn by_date(&mut self, col: Col, earliest: bool) {
        if let Some(rank) = &mut self.out.rank {
            rank.lowest = earliest;
        }
        let agg = if earliest { Agg::Min } else { Agg::Max };
        self.computed.push((0, Measure::new(agg, Expr::Column(col))));
        self.out.lists = true;
    }

    /// What is ranked: "top 5 customers", "3 largest orders", "the highest price".
    fn ranked_things(&mut self, from: usize) -> Result<(), Trouble> {
        let at = self.past(
            from,
            &[
                "of",
                "the",
                "selling",
                "performing",
                "our",
                "all",
                "different",
                "paying",
                "single",
                "individual",
                "earning",
            ],
        );
        if let Some((length, unit)) = self.unit(at).filter(|_| self.mention(at).is_none()) {
            if self.out.selects && !self.out.keys.is_empty() {
                // "who worked the most days" counts days, not what is on them.
                self.out.doubt(30);
            }
            return self.periods_ranked(at, length, unit);
        }
        let Some(mention) = self.mention(at) else {
            let rows = self.tokens.get(at).is_some_and(|token| self.view.is_named(&token.text))
                || self.is(at, Class::Row);
            self.out.rows_ranked |= rows;
            if rows && (self.rank_lists || self.word(at.saturating_sub(1), &["single", "individual"])) {
                self.out.lists = true;
                self.spend(at..at + 1);
            }
            return Ok(());
        };
        let entity = self.is_rows(&mention) || self.names_rows(&mention);
        // "the highest revenue month"
        if self.can(&mention, Want::Measure)
            && let Some((length, unit)) =
                self.unit(mention.end).filter(|_| self.mention(mention.end).is_none())
        {
            return self.periods_ranked(mention.end, length, unit);
        }
        // "biggest expense category", "highest paid person"
        if self.can(&mention, Want::Measure)
            && let Some(thing) = self.mention(mention.end).filter(|thing| {
                self.can(thing, Want::Key) && !self.can(thing, Want::Measure) && !self.is_rows(thing)
            })
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
        let apart = mention
            .candidates
            .first()
            .is_some_and(|(col, _)| self.tells_rows_apart(*col) && !self.view.is_measure(*col));
        if (entity || apart) && self.counts_for(from) {
            self.spoken.push((at, Agg::Count));
            self.counting = Some(at);
            return Ok(());
        }
        if entity {
            self.out.rows_ranked = true;
            // Beside "which customer" it is what is counted; after a number, rows.
            let counted = self.out.selects && !self.out.lists;
            if !counted && (self.rank_lists || at > from || !self.can(&mention, Want::Measure)) {
                self.out.lists = true;
                self.spend(mention.start..mention.end);
            }
            return Ok(());
        }
        let exact_key =
            mention.candidates.iter().any(|(col, score)| *score >= EXACT && !self.view.is_measure(*col));
        if self.can(&mention, Want::Key)
            && (exact_key || !(self.can(&mention, Want::Measure) && mention.best() >= EXACT))
        {
            let col = self.resolve(&mention, Want::Key)?;
            if self.out.keys.contains(&Key::Column(col)) {
                // "who are the top 2 reps": said twice.
                self.take(&mention);
                self.rank_lists = true;
                return Ok(());
            }
            let selected = self.out.selects && !self.out.keys.is_empty();
            if selected && self.view.kind(col) != ColumnKind::Date && mention.start == at {
                self.counting = Some(at);
                self.spoken.push((at, Agg::Count));
                return Ok(());
            }
            if self.view.kind(col) == ColumnKind::Date || selected {
                return Ok(());
            }
            self.take(&mention);
            if self.tells_rows_apart(col) {
                self.out.lists = true;
                self.out.task = Some(Task::Rows(vec![col]));
            } else {
                self.rank_lists = true;
                // "top 3 products per category": so many in each.
                let each =
                    (0..self.tokens.len()).any(|place| self.tokens[place].is_any(&["each", "every", "per"]));
                if let Some(rank) = self.out.rank.as_mut().filter(|_| each && self.out.keys.len() == 1) {
                    rank.within = true;
                }
                self.push_key(Key::Column(col));
            }
        }
        Ok(())
    }

    /// "the best month for each product"
    fn periods_ranked(&mut self, at: usize, length: usize, unit: Unit) -> Result<(), Trouble> {
        self.spend(at..at + length);
        self.rank_lists = true;
        let each = (at + length..self.tokens.len()).any(|place| self.word(place, &["each", "every", "per"]));
        if let Some(rank) = self.out.rank.as_mut().filter(|_| each && self.out.keys.len() == 1) {
            rank.within = true;
        }
        self.time_key(unit)
    }

    /// "the supplier with the most items": rows are counted for what stands before.
    fn counts_for(&self, from: usize) -> bool {
        let rank = self.rank_at.as_ref().map_or(from, |rank| rank.start);
        let link = (rank.saturating_sub(3)..rank)
            .find(|at| self.word(*at, &["with", "has", "have", "having", "had", "got"]));
        link.is_some_and(|link| {
            self.mentions.iter().any(|mention| {
                mention.end <= link
                    && link - mention.end <= 1
                    && self.can(mention, Want::Key)
                    && !self.is_rows(mention)
                    && !self.names_rows(mention)
            })
        })
    }

    /// A name for what has a key of its own: items by their SKU.
    pub(super) fn names_rows(&self, mention: &Mention) -> bool {
        let Some(token) = self.tokens.get(mention.start).filter(|_| mention.end - mention.start == 1) else {
            return false;
        };
        let word = crate::analyst::spelling::singular(&token.text);
        let text = mention
            .candidates
            .first()
            .is_some_and(|(col, _)| self.view.kind(*col) == ColumnKind::Text && !self.view.is_unique(*col));
        let keyed = |col: usize| {
            let column = &self.view.columns[col];
            column.table == self.view.base
                && self.view.is_unique(col)
                && column
                    .words
                    .iter()
                    .any(|part| *part != word && crate::analyst::vocabulary::same_concept(part, &word))
        };
        text && (0..self.view.columns.len()).any(keyed)
    }

    /// A word for a row of the table, such as "orders" beside `Order ID`.
    pub(super) fn is_rows(&self, mention: &Mention) -> bool {
        let one = mention.end - mention.start == 1;
        let base = crate::analyst::view::table_words(&self.view.tables[self.view.base]);
        let table = self
            .tokens
            .get(mention.start)
            .is_some_and(|token| base.contains(&crate::analyst::spelling::singular(&token.text)));
        let key = mention.candidates.iter().any(|(col, _)| {
            self.view.is_unique(*col)
                && !self.view.is_measure(*col)
                && self.view.kind(*col) != ColumnKind::Date
                && self.view.columns[*col].table == self.view.base
        });
        // "tickets" in a file of tickets are its rows, though a column is called `Ticket`.
        let several = mention.candidates.first().is_some_and(|(col, _)| {
            self.word_ends_in_s(mention.start) && !self.view.name(*col).ends_with('s')
        });
        let rows = mention.best() < EXACT && (table || key) || table && key && several;
        one && (rows || self.names_findings(mention))
    }

    pub(super) fn word_ends_in_s(&self, at: usize) -> bool {
        self.tokens.get(at).is_some_and(|token| token.text.ends_with('s') && !token.text.ends_with("ss"))
    }

    /// "results per ward" beside `Result`: several of what each row holds one of, unless they are computed with.
    fn names_findings(&self, mention: &Mention) -> bool {
        let plural =
            self.word(mention.start, &["results", "readings", "measurements", "observations", "responses"]);
        let single = |col: Col| self.view.is_measure(col) && !self.view.name(col).ends_with('s');
        plural
            && mention.candidates.first().is_some_and(|(col, _)| single(*col))
            && self.aggs_said.iter().all(|(_, agg)| matches!(agg, Agg::Count | Agg::Distinct))
            && (0..self.tokens.len()).all(|at| {
                self.class(at, |class| {
                    matches!(class, Class::Rank { .. } | Class::Best | Class::Outlier)
                        || matches!(class, Class::Agg(agg) if !matches!(agg, Agg::Distinct))
                })
                .is_none()
            })
    }

    /// "last delivery date", where there is but one date: it, and where the words for it end.
    fn single_date(&self, at: usize) -> Option<(Col, usize)> {
        let mut dates = self.view.of_kind(ColumnKind::Date);
        let only = dates.next().filter(|_| dates.next().is_none())?;
        let end = (at..at + 2).find(|place| self.word(*place, &["date", "day"]))?;
        let plain = (at..end).all(|place| self.tokens[place].kind == Kind::Word && !self.is_mentioned(place));
        plain.then_some((only, end + 1))
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
        let date =
            self.mention(thing).filter(|mention| self.can(mention, Want::Date) && !self.is_rows(mention));
        let rows = self.tokens.get(thing).is_some_and(|token| self.view.is_named(&token.text))
            || self.is(thing, Class::Row)
            || self.mention(thing).is_some_and(|mention| self.is_rows(&mention));
        let rows = rows && date.as_ref().is_none_or(|mention| mention.best() < EXACT);
        let col = match &date {
            Some(mention) => {
                let col = self.resolve(mention, Want::Date)?;
                self.take(mention);
                col
            }
            None if rows => match self.default_date().or_else(|| self.made_in()) {
                Some(col) => {
                    if self.is_dated_elsewhere(thing) {
                        self.out.doubt(30);
                    }
                    self.spend(thing..thing + 1);
                    col
                }
                None => return Ok(()),
            },
            None => match self.single_date(thing) {
                Some((col, end)) => {
                    self.spend(thing..end);
                    col
                }
                None => return Ok(()),
            },
        };
        // "the first appointment on the 26th of May": what comes first within a day, no day says.
        let one_day = |filter: &Filter| matches!(filter, Filter::During { range, .. } if range.from.zip(range.to).is_some_and(|(from, to)| to - from == 1));
        if rows && self.placed.iter().any(|(_, filter)| one_day(filter)) {
            self.out.doubt(25);
        }
        self.spend(start..thing);
        self.rank_at = Some(start..thing);
        let known = self.out.rank.map(|rank| rank.count);
        let alone = !self.out.selects && !rows && count.is_none();
        if alone {
            let agg = if latest { Agg::Max } else { Agg::Min };
            self.computed.push((at, Measure::new(agg, Expr::Column(col))));
            return Ok(());
        }
        self.out.rank =
            Some(Rank { count: count.or(known).unwrap_or(1), lowest: !latest, within: false, nth: false });
        self.rank_lists |= count.is_some();
        self.by_date(col, !latest);
        Ok(())
    }
}
