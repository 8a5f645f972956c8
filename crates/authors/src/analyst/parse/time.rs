//! Periods: "in Q3 2023", "since March", "last month", "between 15 May and 15 June 2022".

use ringfence_pipeline::ports::ColumnKind;

use super::{Reader, Trouble, Want};
use crate::analyst::{
    dates::{self, Day, Range, Recurring},
    query::{Col, Filter, Period, Unit},
    vocabulary::Class,
    words::{Kind, Token},
};

/// A period as it was said.
#[derive(Debug, Clone, PartialEq)]
enum Said {
    Days(Range),
    /// A month or several, of no certain year.
    Months(i64, i64),
    /// A day of a month, of no certain year.
    MonthDay(i64, i64),
    Weekdays(Vec<u8>),
}

#[derive(Debug, Clone)]
struct When {
    start: usize,
    end: usize,
    said: Said,
}

impl Reader<'_> {
    /// Finds every period, chooses the dates they are about, and makes conditions of them.
    pub(super) fn times(&mut self) -> Result<(), Trouble> {
        let mut found = self.periods_said();
        if found.is_empty() {
            return Ok(());
        }
        self.reference_day(&mut found);
        let compared = self.compares_periods(&found);
        let mut at = 0;
        let mut ranges: Vec<(usize, usize, Said, bool)> = Vec::new();
        while at < found.len() {
            let next = found.get(at + 1);
            let (when, taken) = self.joined(&found[at], next, compared);
            // "excluding January and February"
            let goes_on = ranges.last().is_some_and(|(_, end, _, not): &(usize, usize, Said, bool)| {
                *not && *end + 1 == when.start
                    && (self.word(*end, &["and", "or", "nor"]) || self.mark(*end, ','))
            });
            ranges.push((when.start, when.end, when.said, goes_on || self.is_negated(when.start)));
            at += taken;
        }
        for (start, end, said, not) in ranges {
            let filters = self.conditions_of(&said, start, end, not)?;
            let name = self.name_of(&said);
            self.spend(start..end);
            if not && self.is_negated(start) {
                self.spend(self.negation_start(start)..start);
            }
            if compared {
                self.periods.push(Period { name, filters });
            } else {
                self.placed.extend(filters.into_iter().map(|filter| (start, filter)));
            }
        }
        if compared && self.periods.len() != 2 {
            let periods = std::mem::take(&mut self.periods);
            self.alternatives(periods.into_iter().map(|period| period.filters).collect());
        } else if !compared {
            self.merge_alternatives();
        }
        Ok(())
    }

    /// Several periods of one column are alternatives: "in May and June".
    fn merge_alternatives(&mut self) {
        let ranges: Vec<Filter> = self
            .placed
            .iter()
            .map(|(_, filter)| filter.clone())
            .filter(|filter| {
                matches!(
                    filter,
                    Filter::During { range: Range { from: Some(_), to: Some(_) }, not: false, .. }
                )
            })
            .collect();
        let same_length = ranges.windows(2).all(|pair| match pair {
            [Filter::During { range: left, .. }, Filter::During { range: right, .. }] => {
                left.from != right.from && (right.from >= left.to || left.from >= right.to)
            }
            _ => false,
        });
        if ranges.len() > 1 && same_length {
            let at = self.placed.first().map_or(0, |(at, _)| *at);
            self.placed.retain(|(_, filter)| !ranges.contains(filter));
            self.placed.push((at, Filter::Any(ranges)));
        }
    }

    fn alternatives(&mut self, mut groups: Vec<Vec<Filter>>) {
        if groups.len() > 1 && groups.iter().all(|filters| filters.len() == 1) {
            let filters = groups.drain(..).flatten().collect();
            self.placed.push((0, Filter::Any(filters)));
        } else {
            self.placed.extend(groups.into_iter().flatten().map(|filter| (0, filter)));
        }
    }

    fn is_negated(&self, start: usize) -> bool {
        self.negation_start(start) < start
    }

    fn negation_start(&self, start: usize) -> usize {
        let mut at = start;
        while at > 0 && self.word(at - 1, &["in", "on", "the", "for", "of", "at", "during"]) {
            at -= 1;
        }
        let not = |from: usize| {
            self.class(from, |class| class == Class::Not).is_some_and(|length| from + length == at)
        };
        (at.saturating_sub(3)..at).find(|from| not(*from)).unwrap_or(start)
    }

    /// "as of 30 June 2024" is the day from which overdue is counted.
    fn reference_day(&mut self, found: &mut Vec<When>) {
        let overdue = (0..self.tokens.len())
            .any(|at| self.class(at, |class| matches!(class, Class::Overdue | Class::Ageing)).is_some());
        let mut kept = Vec::new();
        for when in found.drain(..) {
            let as_of = when.start >= 2
                && self.word(when.start - 2, &["as"])
                && self.word(when.start - 1, &["of", "at", "on"]);
            let on =
                when.start >= 1 && self.word(when.start - 1, &["on", "at", "by", "per", "to"]) && overdue;
            let single = match when.said {
                Said::Days(Range { from: Some(from), to: Some(to) }) if to == from + 1 => Some(from),
                Said::Days(Range { to: Some(to), .. }) if as_of && overdue => Some(to - 1),
                _ => None,
            };
            match single {
                Some(day) if (as_of && overdue) || on => {
                    self.out.today = Some(day);
                    let before = if as_of { 2 } else { 1 };
                    self.spend(when.start - before..when.end);
                }
                _ => kept.push(when),
            }
        }
        *found = kept;
    }

    /// Two periods set against each other, not one from here to there.
    fn compares_periods(&self, found: &[When]) -> bool {
        if found.len() != 2 {
            return false;
        }
        let growth =
            (0..self.tokens.len()).any(|at| self.class(at, |class| class == Class::Growth).is_some());
        let versus =
            (0..self.tokens.len()).any(|at| self.class(at, |class| class == Class::Versus).is_some());
        // "growth by month between March and June" has a range.
        let each = (0..self.tokens.len())
            .any(|at| self.class(at, |class| matches!(class, Class::Every(_))).is_some());
        let nested = matches!(
            (&found[0].said, &found[1].said),
            (Said::Months(..) | Said::MonthDay(..), Said::Days(_))
        ) && found[0].end == found[1].start;
        (versus || (growth && !each)) && !nested
    }

    /// A period with the words before it and, if it is one end of a longer one, the other end.
    fn joined(&self, first: &When, second: Option<&When>, compared: bool) -> (When, usize) {
        let before = |classes: &[Class]| {
            (first.start.saturating_sub(3)..first.start).find(|from| {
                self.class(*from, |class| classes.contains(&class)).is_some_and(|length| {
                    self.past(from + length, &["the", "of", "end", "start", "beginning"]) == first.start
                })
            })
        };
        if let Some(second) = second.filter(|_| !compared) {
            let between = first.end + 1 == second.start
                || (self.past(first.end + 1, &["the", "of", "until", "in"]) == second.start);
            let dash = self.mark(first.end, '-') || self.mark(first.end, '\u{2013}');
            let link = self.class(first.end, |class| class == Class::To).is_some() || dash;
            let opened = before(&[Class::Between]).is_some()
                || self.word(first.start.wrapping_sub(1), &["from", "between"]);
            let ranged = opened || dash || self.word(first.end, &["to", "through", "until", "till", "thru"]);
            if between && link && ranged {
                let start = if opened { first.start - 1 } else { first.start };
                if let Some(said) = self.between_two(&first.said, &second.said) {
                    return (When { start, end: second.end, said }, 2);
                }
            }
        }
        let open = |from: usize, said: Said| (When { start: from, end: first.end, said }, 1);
        if let Some(range) = self.certain(&first.said) {
            if let Some(from) = before(&[Class::Before]) {
                return open(from, Said::Days(Range { from: None, to: range.from }));
            }
            if first.start > 0 && self.word(first.start - 1, &["since"]) {
                let inside = self
                    .mentions
                    .iter()
                    .any(|mention| mention.end == first.start && mention.end - mention.start > 1);
                return open(
                    first.start - usize::from(!inside),
                    Said::Days(Range { from: range.from, to: None }),
                );
            }
            if let Some(from) = before(&[Class::After]) {
                return open(from, Said::Days(Range { from: range.to, to: None }));
            }
            let since = before(&[Class::Since]).filter(|from| {
                !self.word(*from, &["from", "as", "starting", "beginning"])
                    || self.word(first.end, &["on", "onwards", "onward"])
                    || self.word(*from + 1, &["from"])
            });
            if let Some(from) = since {
                let onward = self.past(first.end, &["on", "onwards", "onward"]);
                return (
                    When { start: from, end: onward, said: Said::Days(Range { from: range.from, to: None }) },
                    1,
                );
            }
            if let Some(from) = before(&[Class::Until]) {
                return open(from, Said::Days(Range { from: None, to: range.to }));
            }
        }
        (first.clone(), 1)
    }

    fn between_two(&self, first: &Said, second: &Said) -> Option<Said> {
        match (first, second) {
            (Said::Months(from, 1), Said::Months(to, 1)) => {
                Some(Said::Months(*from, (to - from).rem_euclid(12) + 1))
            }
            (Said::Months(from, _), Said::Days(range)) => {
                let (year, _, _) = dates::date_of(range.to? - 1);
                Some(Said::Days(Range { from: Some(dates::month_start(year, *from)), to: range.to }))
            }
            (Said::MonthDay(month, day), Said::Days(range)) => {
                let (year, _, _) = dates::date_of(range.from?);
                Some(Said::Days(Range { from: Some(dates::day_of(year, *month, *day)), to: range.to }))
            }
            _ => {
                let (from, to) = (self.certain(first)?, self.certain(second)?);
                Some(Said::Days(Range { from: from.from, to: to.to }))
            }
        }
    }

    /// The days, if the year is said or there is only one.
    fn certain(&self, said: &Said) -> Option<Range> {
        let year = || {
            let col = self.default_date()?;
            let (from, to) = self.extent(col)?;
            (dates::date_of(from).0 == dates::date_of(to).0).then(|| dates::date_of(to).0)
        };
        match said {
            Said::Days(range) => Some(*range),
            Said::Months(month, count) => Some(Range::months(year()?, *month, *count)),
            Said::MonthDay(month, day) => {
                let day = dates::day_of(year()?, *month, *day);
                Some(Range::new(day, day + 1))
            }
            Said::Weekdays(_) => None,
        }
    }

    fn name_of(&self, said: &Said) -> String {
        match said {
            Said::Days(range) => range.words(),
            Said::Months(month, count) => Recurring::Months(months(*month, *count)).words(),
            Said::MonthDay(month, day) => format!("{day} {}", Recurring::Months(months(*month, 1)).words()),
            Said::Weekdays(days) => Recurring::Weekdays(days.clone()).words(),
        }
    }

    fn conditions_of(
        &mut self,
        said: &Said,
        start: usize,
        end: usize,
        not: bool,
    ) -> Result<Vec<Filter>, Trouble> {
        if let Some(filters) = self.calendar_conditions(said, not) {
            let named = self.mentions.iter().find(|mention| {
                filters
                    .iter()
                    .flat_map(Filter::columns)
                    .any(|col| mention.candidates.iter().any(|(one, _)| *one == col))
            });
            if let Some(mention) = named.filter(|mention| mention.end <= start).cloned() {
                self.take(&mention);
            }
            return Ok(filters);
        }
        let Some(col) = self.date_near(start, end)? else {
            return Err(Trouble::Cannot(format!(
                "there is no date to find {:?} by; {}",
                self.raw(start..end),
                self.view.columns_said()
            )));
        };
        let filter = match (said, self.certain(said)) {
            (Said::Weekdays(days), _) => Filter::Recurs { col, when: Recurring::Weekdays(days.clone()), not },
            (_, Some(range)) => self.checked(col, range, not)?,
            (Said::Months(month, count), None) => {
                if *count < 12 {
                    self.out.notes.push(format!("{} of every year counts.", self.name_of(said)));
                    self.out.doubt(5);
                }
                Filter::Recurs { col, when: Recurring::Months(months(*month, *count)), not }
            }
            _ => {
                let newest = self.extent(col).map_or(0, |(_, to)| dates::date_of(to).0);
                let Said::MonthDay(month, day) = said else { return Ok(Vec::new()) };
                let day = dates::day_of(newest, *month, *day);
                self.out.notes.push(format!("{} is taken to be meant.", dates::iso(day)));
                Filter::During { col, range: Range::new(day, day + 1), not }
            }
        };
        Ok(vec![filter])
    }

    /// A period that the data does not reach is an answer of its own.
    fn checked(&self, col: Col, range: Range, not: bool) -> Result<Filter, Trouble> {
        if let Some((first, last)) = self.extent(col).filter(|_| !not)
            && (range.from.is_some_and(|from| from > last) || range.to.is_some_and(|to| to <= first))
        {
            return Err(Trouble::Cannot(format!(
                "the data has nothing for {}: {:?} runs from {} to {}",
                range.words(),
                self.view.name(col),
                dates::iso(first),
                dates::iso(last)
            )));
        }
        Ok(Filter::During { col, range, not })
    }

    /// Conditions on columns that hold years, quarters or months as plain values.
    fn calendar_conditions(&self, said: &Said, not: bool) -> Option<Vec<Filter>> {
        if self.view.of_kind(ColumnKind::Date).next().is_some() {
            return None;
        }
        // "opened after 2015", where `Opened` holds years.
        let named = || {
            self.mentions
                .iter()
                .flat_map(|mention| &mention.candidates)
                .map(|(col, _)| *col)
                .find(|col| self.view.looks_like_years(*col))
        };
        let year = named().or_else(|| self.view.calendar_column("year"));
        let quarter = self.view.calendar_column("quarter");
        let month = self.view.calendar_column("month");
        let text = |col: Col, number: i64, names: &[String]| {
            let values = self.view.profile(col).map(|profile| profile.values.clone()).unwrap_or_default();
            let held =
                values.iter().find(|value| names.iter().any(|name| name.eq_ignore_ascii_case(&value.value)));
            match held {
                Some(value) if !self.view.is_number(col) => {
                    Some(Filter::Is { col, values: vec![value.value.clone()], not })
                }
                _ if self.view.is_number(col) => {
                    Some(Filter::Between { col, low: number as f64, high: number as f64 })
                }
                _ => None,
            }
        };
        let one_month = |col: Col, number: i64| {
            let name = Recurring::Months(months(number, 1)).words();
            let short: String = name.chars().take(3).collect();
            text(col, number, &[name, short, format!("{number}"), format!("{number:02}")])
        };
        let one_quarter =
            |col: Col, number: i64| text(col, number, &[format!("Q{number}"), format!("{number}")]);
        let parts = |first: i64, count: i64| -> Option<Option<Filter>> {
            match (quarter, month) {
                _ if count == 12 => Some(None),
                (Some(col), _) if count % 3 == 0 && first % 3 == 1 => {
                    let all: Vec<Filter> = (0..count / 3)
                        .map(|at| one_quarter(col, (first + 2) / 3 + at))
                        .collect::<Option<_>>()?;
                    Some(Some(if all.len() == 1 { all.into_iter().next()? } else { Filter::Any(all) }))
                }
                (_, Some(col)) => {
                    let all: Vec<Filter> =
                        (0..count).map(|at| one_month(col, first + at)).collect::<Option<_>>()?;
                    Some(Some(if all.len() == 1 { all.into_iter().next()? } else { Filter::Any(all) }))
                }
                _ => None,
            }
        };
        match said {
            Said::Days(range) => {
                let year = year?;
                if let Some((first_year, first, count)) = range.whole_months() {
                    if first == 1 && count % 12 == 0 {
                        let (low, high) = (first_year as f64, (first_year + count / 12 - 1) as f64);
                        return Some(vec![Filter::Between { col: year, low, high }]);
                    }
                    let part = parts(first, count)?;
                    return Some(
                        std::iter::once(Filter::Between {
                            col: year,
                            low: first_year as f64,
                            high: first_year as f64,
                        })
                        .chain(part)
                        .collect(),
                    );
                }
                let low = range.from.map_or(f64::MIN, |day| dates::date_of(day).0 as f64);
                let high = range.to.map_or(f64::MAX, |day| dates::date_of(day - 1).0 as f64);
                let filter = match (range.from, range.to) {
                    (Some(_), None) => {
                        Filter::Number { col: year, cmp: crate::analyst::query::Cmp::AtLeast, value: low }
                    }
                    (None, Some(_)) => {
                        Filter::Number { col: year, cmp: crate::analyst::query::Cmp::AtMost, value: high }
                    }
                    _ => Filter::Between { col: year, low, high },
                };
                Some(vec![filter])
            }
            Said::Months(first, count) => parts(*first, *count).map(|part| part.into_iter().collect()),
            _ => None,
        }
    }

    /// First and last day of a date column.
    pub(super) fn extent(&self, col: Col) -> Option<(Day, Day)> {
        let profile = self.view.profile(col)?;
        Some((dates::parse_iso(profile.earliest.as_deref()?)?, dates::parse_iso(profile.latest.as_deref()?)?))
    }

    /// The day from which is counted: one that is named, or the newest date of the data that is no plan.
    pub(super) fn newest(&self) -> Option<Day> {
        self.default_date().and_then(|col| self.extent(col)).map(|(_, last)| last)
    }

    /// The date column that is meant if none is named: the first that is filled and says when the row came about.
    pub(super) fn default_date(&self) -> Option<Col> {
        let later = [
            "due", "paid", "end", "left", "delivery", "shipped", "closed", "last", "expiry", "return",
            "birth", "updated", "valid", "payment",
        ];
        let weight = |col: Col| {
            let column = &self.view.columns[col];
            let word = column.words.iter().any(|word| later.contains(&word.as_str()));
            let other = usize::from(column.table != self.view.base);
            (other, usize::from(word), u64::from(column.profile.empty * 5 > self.view.rows()), col)
        };
        let mut dates: Vec<Col> = self.view.of_kind(ColumnKind::Date).collect();
        dates.sort_by_key(|col| weight(*col));
        dates.first().copied()
    }

    /// The date column that the words around a period name, otherwise the usual one.
    fn date_near(&mut self, start: usize, end: usize) -> Result<Option<Col>, Trouble> {
        let dates: Vec<_> =
            self.mentions.iter().filter(|mention| self.can(mention, Want::Date)).cloned().collect();
        let distance = |mention: &super::Mention| {
            if mention.end <= start { start - mention.end } else { mention.start.saturating_sub(end) * 2 }
        };
        // A word for rows, such as "orders", is in the name of a date as well.
        let telling = |mention: &&super::Mention| {
            let words = self.raw(mention.start..mention.end).to_lowercase();
            let only_dates =
                mention.candidates.iter().all(|(col, _)| self.view.kind(*col) == ColumnKind::Date);
            only_dates
                && !(mention.end - mention.start == 1 && (self.view.is_named(&words) || words == "date"))
                && distance(mention) <= 8
        };
        let Some(mention) = dates.iter().filter(telling).min_by_key(|mention| distance(mention)) else {
            return Ok(self.default_date());
        };
        let col = self.resolve(mention, Want::Date)?;
        self.take(mention);
        Ok(Some(col))
    }

    // ---- what is said ----

    fn periods_said(&self) -> Vec<When> {
        let mut found = Vec::new();
        let mut at = 0;
        while at < self.tokens.len() {
            match self.period_at(at) {
                Some((length, said)) if self.free(at..at + length) && !self.is_wide_month(at, &said) => {
                    found.push(When { start: at, end: at + length, said });
                    at += length;
                }
                _ => at += 1,
            }
        }
        found
    }

    /// A month that is the name of a column is that column.
    fn is_wide_month(&self, at: usize, said: &Said) -> bool {
        matches!(said, Said::Months(..)) && (self.wide_month(at).is_some() || !self.wide_months().is_empty())
    }

    pub(super) fn wide_month(&self, at: usize) -> Option<Col> {
        let month = dates::month_of(&self.tokens.get(at)?.text)?;
        self.wide_months().into_iter().find(|(number, _)| *number == month).map(|(_, col)| col)
    }

    /// Number columns that are called by months, if there are several.
    pub(super) fn wide_months(&self) -> Vec<(i64, Col)> {
        let number =
            |col: Col| dates::month_of(self.view.columns[col].words.first()?).map(|month| (month, col));
        self.view.months().into_iter().filter_map(number).collect()
    }

    fn year_at(&self, at: usize) -> Option<i64> {
        let token = self.tokens.get(at).filter(|token| matches!(token.kind, Kind::Number(_)))?;
        // In brackets, accountants would read it as less than nothing.
        let digits = token.raw.trim_matches(['(', ')']);
        let year = digits.parse::<i64>().ok()?;
        (digits.len() == 4 && (1900..2100).contains(&year)).then_some(year)
    }

    /// A year after "of", "in", a comma, a slash or nothing, and where it ends.
    fn year_after(&self, at: usize) -> Option<(usize, i64)> {
        let next =
            if self.word(at, &["of", "in"]) || self.mark(at, ',') || self.mark(at, '/') || self.mark(at, '-')
            {
                at + 1
            } else {
                at
            };
        let next = self.past(next, &["the", "year"]);
        self.year_at(next).map(|year| (next + 1, year))
    }

    fn small(&self, at: usize, most: i64) -> Option<i64> {
        let token = self.tokens.get(at)?;
        let number = match token.kind {
            Kind::Ordinal(position) => i64::from(position),
            _ => i64::from(token.count()?),
        };
        (1..=most).contains(&number).then_some(number)
    }

    fn period_at(&self, at: usize) -> Option<(usize, Said)> {
        if self.is_named(at) {
            return None;
        }
        self.numeric_date(at)
            .or_else(|| self.day_and_month(at))
            .or_else(|| self.month_said(at))
            .or_else(|| self.quarter_or_half(at))
            .or_else(|| self.relative(at))
            .or_else(|| self.days_of_week(at))
            .or_else(|| self.plain_year(at))
    }

    fn numeric_date(&self, at: usize) -> Option<(usize, Said)> {
        let one = |day: Day| Said::Days(Range::new(day, day + 1));
        let token = self.tokens.get(at)?;
        if let Some(day) = dotted(token) {
            return Some((1, one(day)));
        }
        let number = |at: usize| self.tokens.get(at)?.count().map(i64::from);
        let separated = |mark: char| self.mark(at + 1, mark);
        if let Some(year) = self.year_at(at).filter(|_| separated('-') || separated('/')) {
            let month = number(at + 2).filter(|month| (1..=12).contains(month))?;
            if self.tokens.get(at + 2)?.raw.len() > 2 {
                return None;
            }
            let day = number(at + 4)
                .filter(|day| (1..=31).contains(day) && (self.mark(at + 3, '-') || self.mark(at + 3, '/')));
            return Some(match day {
                Some(day) => (5, one(dates::day_of(year, month, day))),
                None => (3, Said::Days(Range::months(year, month, 1))),
            });
        }
        if (separated('/') && self.mark(at + 3, '/')) || (separated('-') && self.mark(at + 3, '-')) {
            let (first, second, year) = (number(at)?, number(at + 2)?, self.year_at(at + 4)?);
            let (day, month) = if second > 12 || (self.month_first() && first <= 12) {
                (second, first)
            } else {
                (first, second)
            };
            if (1..=12).contains(&month) && (1..=31).contains(&day) {
                return Some((5, one(dates::day_of(year, month, day))));
            }
        }
        None
    }

    /// True if the dates of the data have the month before the day.
    fn month_first(&self) -> bool {
        let formats = self.view.columns.iter().filter_map(|column| column.profile.date_format.as_deref());
        formats.into_iter().any(|format| format.starts_with("%m/") || format.starts_with("%m-%d"))
    }

    fn month_word(&self, at: usize) -> Option<i64> {
        let token = self.tokens.get(at).filter(|token| token.kind == Kind::Word)?;
        let month = dates::month_of(&token.text)?;
        // "may" and "mar" are other words too.
        let doubtful = matches!(token.text.as_str(), "may" | "mar" | "dec" | "jan");
        let after_preposition = at > 0
            && self.word(
                at - 1,
                &[
                    "in", "for", "of", "during", "since", "from", "to", "until", "before", "after", "and",
                    "per", "between", "through", "was", "or", "vs", "versus",
                ],
            );
        let dated = self.year_after(at + 1).is_some()
            || self.small(at + 1, 31).is_some()
            || at.checked_sub(1).and_then(|before| self.small(before, 31)).is_some();
        let capital = token.raw.chars().next().is_some_and(char::is_uppercase) && at > 0;
        (!doubtful || token.text != "may" || after_preposition || dated || capital).then_some(month)
    }

    fn day_and_month(&self, at: usize) -> Option<(usize, Said)> {
        let said = |year: Option<(usize, i64)>, month: i64, day: i64, end: usize| {
            Some(match year {
                Some((end, year)) => {
                    let day = dates::day_of(year, month, day);
                    (end - at, Said::Days(Range::new(day, day + 1)))
                }
                None => (end - at, Said::MonthDay(month, day)),
            })
        };
        if let Some(day) = self.small(at, 31) {
            let next = self.past(at + 1, &["of"]);
            if let Some(month) = self.month_word(next) {
                return said(
                    self.year_after(next + 1).filter(|_| !self.word(next + 1, &["in"])),
                    month,
                    day,
                    next + 1,
                );
            }
        }
        let month = self.month_word(at)?;
        let day_at = self.past(at + 1, &["the"]);
        let day = self.small(day_at, 31)?;
        said(self.year_after(day_at + 1), month, day, day_at + 1)
    }

    fn month_said(&self, at: usize) -> Option<(usize, Said)> {
        let season =
            [("spring", 3), ("summer", 6), ("autumn", 9)].iter().find(|(name, _)| self.word(at, &[name]));
        if let Some((_, first)) = season.filter(|_| self.mention(at).is_none() && self.value(at).is_none()) {
            return Some(match self.year_after(at + 1) {
                Some((end, year)) => (end - at, Said::Days(Range::months(year, *first, 3))),
                None => (1, Said::Months(*first, 3)),
            });
        }
        let month = self.month_word(at)?;
        Some(match self.year_after(at + 1) {
            Some((end, year)) => (end - at, Said::Days(Range::months(year, month, 1))),
            None => (1, Said::Months(month, 1)),
        })
    }

    fn quarter_or_half(&self, at: usize) -> Option<(usize, Said)> {
        let token = self.tokens.get(at)?;
        let lettered = |letter: char, most: i64| {
            let number = token.text.strip_prefix(letter)?.parse::<i64>().ok()?;
            (token.kind == Kind::Word && (1..=most).contains(&number)).then_some((at + 1, number))
        };
        let unit = |at: usize, name: &[&str]| self.word(at, name);
        let position = match token.kind {
            Kind::Ordinal(number) => Some(i64::from(number)),
            Kind::Word if token.text == "last" || token.text == "final" => Some(4),
            _ => None,
        };
        let (end, first, count) = if let Some((end, quarter)) = lettered('q', 4) {
            (end, quarter * 3 - 2, 3)
        } else if let Some((end, half)) = lettered('h', 2) {
            (end, half * 6 - 5, 6)
        } else if let Some(number) = position.filter(|number| {
            (1..=4).contains(number)
                && unit(at + 1, &["quarter"])
                && (token.text != "last" || self.year_after(at + 2).is_some())
        }) {
            (at + 2, number * 3 - 2, 3)
        } else if let Some(number) = position.filter(|_| unit(at + 1, &["half"])).map(|number| number.min(2))
        {
            (at + 2, number * 6 - 5, 6)
        } else if let (true, Some(number)) = (unit(at, &["quarter"]), self.small(at + 1, 4)) {
            (at + 2, number * 3 - 2, 3)
        } else {
            return self.year_then_quarter(at);
        };
        Some(match self.year_after(end) {
            Some((end, year)) => (end - at, Said::Days(Range::months(year, first, count))),
            None => (end - at, Said::Months(first, count)),
        })
    }

    /// `2023 Q3`, `2023-Q3`
    fn year_then_quarter(&self, at: usize) -> Option<(usize, Said)> {
        let year = self.year_at(at)?;
        let next = at + 1 + usize::from(self.mark(at + 1, '-'));
        let quarter = self
            .tokens
            .get(next)?
            .text
            .strip_prefix('q')?
            .parse::<i64>()
            .ok()
            .filter(|quarter| (1..=4).contains(quarter))?;
        Some((next + 1 - at, Said::Days(Range::months(year, quarter * 3 - 2, 3))))
    }

    fn relative(&self, at: usize) -> Option<(usize, Said)> {
        let newest = self.newest()?;
        let (year, month, _) = dates::date_of(newest);
        if let Some(length) = self.class(at, |class| class == Class::YearToDate) {
            let bracket = usize::from(self.mark(at + length, '('));
            let named = self.year_at(at + length + bracket);
            let end = at + length + named.map_or(0, |_| 1 + 2 * bracket);
            let year = named.unwrap_or(year);
            return Some((
                end - at,
                Said::Days(Range {
                    from: Some(dates::day_of(year, 1, 1)),
                    to: Some(
                        dates::day_of(year + 1, 1, 1).min(newest + 1).max(dates::day_of(year, 1, 1) + 1),
                    ),
                }),
            ));
        }
        let this = self.class(at, |class| class == Class::This);
        let previous = self.class(at, |class| class == Class::Previous);
        let next = at + this.or(previous)?;
        let count = self
            .tokens
            .get(next)
            .and_then(Token::count)
            .map(i64::from)
            .filter(|count| (1..=1000).contains(count));
        let unit_at = next + usize::from(count.is_some());
        let (length, unit) = self.class_of(unit_at, |class| match class {
            Class::Unit(unit) => Some(unit),
            _ => None,
        })?;
        let plural = count.is_some();
        let back = if this.is_some() { 0 } else { 1 };
        let monday = newest - (newest + 3).rem_euclid(7);
        let span = count.unwrap_or(1);
        let range = match (unit, plural) {
            (Unit::Day, true) => Range::new(newest + 1 - span, newest + 1),
            (Unit::Week, true) => Range::new(newest + 1 - 7 * span, newest + 1),
            // Whole months up to and with that of the newest date.
            (Unit::Month, true) => Range::months(year, month + 1 - span, span),
            (Unit::Quarter, true) => Range::months(year, (month - 1) / 3 * 3 + 1 - 3 * (span - 1), 3 * span),
            (Unit::Year, true) => Range::months(year + 1 - span, 1, 12 * span),
            (Unit::Day, false) => Range::new(newest - back, newest + 1 - back),
            (Unit::Week, false) => Range::new(monday - 7 * back, monday + 7 - 7 * back),
            (Unit::Month, false) => Range::months(year, month - back, 1),
            (Unit::Quarter, false) => Range::months(year, (month - 1) / 3 * 3 + 1 - 3 * back, 3),
            (Unit::Year, false) => Range::year(year - back),
            _ => return None,
        };
        Some((unit_at + length - at, Said::Days(range)))
    }

    fn days_of_week(&self, at: usize) -> Option<(usize, Said)> {
        if let Some((length, not)) = self.class_of(at, |class| match class {
            Class::Weekend { not } => Some(not),
            _ => None,
        }) {
            return Some((length, Said::Weekdays(if not { vec![0, 1, 2, 3, 4] } else { vec![5, 6] })));
        }
        let weekend = self.tokens.iter().any(|token| token.is_any(&["weekend", "weekends"]));
        if weekend && self.word(at, &["weekdays", "weekday"]) {
            return Some((1, Said::Weekdays(vec![0, 1, 2, 3, 4])));
        }
        let day = |at: usize| {
            let token = self.tokens.get(at).filter(|token| token.kind == Kind::Word)?;
            dates::weekday_of(&token.text)
        };
        // "on Mondays and Fridays" is either.
        let mut days = vec![day(at)?];
        let mut end = at + 1;
        while let Some(next) = day(end + 1).filter(|_| self.word(end, &["and", "or"]) || self.mark(end, ','))
        {
            days.push(next);
            end += 2;
        }
        Some((end - at, Said::Weekdays(days)))
    }

    fn plain_year(&self, at: usize) -> Option<(usize, Said)> {
        let year = self.year_at(at)?;
        // "over 2000" with a column of numbers is no year, nor is "2000 euros".
        let compared = at > 0 && self.class(at - 1, |class| matches!(class, Class::Cmp(_))).is_some();
        let compared = compared
            || (at > 1 && self.class(at - 2, |class| matches!(class, Class::Cmp(_))) == Some(2))
            || (at > 0 && matches!(self.tokens[at - 1].kind, Kind::Mark('>' | '<' | '=')));
        let unit = self.word(
            at + 1,
            &["euro", "euros", "eur", "usd", "dollars", "units", "pieces", "kwh", "hours", "km", "kg"],
        );
        let between = at > 0
            && self.word(at - 1, &["between"])
            && self
                .tokens
                .get(at + 2)
                .and_then(Token::count)
                .is_some_and(|other| !(1900..2100).contains(&other));
        let and = at > 2
            && self.word(at - 1, &["and"])
            && self.word(at.saturating_sub(3), &["between"])
            && self.year_at(at - 2).is_none();
        if compared || unit || between || and {
            return None;
        }
        Some((1, Said::Days(Range::year(year))))
    }
}

fn months(first: i64, count: i64) -> Vec<u8> {
    (0..count.clamp(0, 12)).filter_map(|at| u8::try_from((first - 1 + at).rem_euclid(12) + 1).ok()).collect()
}

/// `30.06.2024`, which is no number.
fn dotted(token: &Token) -> Option<Day> {
    let parts: Vec<i64> = token.raw.split('.').map(|part| part.parse().ok()).collect::<Option<_>>()?;
    let [first, second, year] = parts[..] else { return None };
    let (day, month) = if second > 12 { (second, first) } else { (first, second) };
    ((1..=12).contains(&month) && (1..=31).contains(&day) && (1900..2100).contains(&year))
        .then(|| dates::day_of(year, month, day))
}
