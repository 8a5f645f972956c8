//! What periods are about: the dates they limit, two that are compared, one from here to there.

use ringfence_pipeline::ports::ColumnKind;

use super::{Reader, Trouble, Want};
use crate::analyst::{
    dates::{self, Day, Range, Recurring},
    query::{Col, Filter, Period},
    vocabulary::Class,
};

/// Most days of a quarter.
const QUARTER_DAYS_MAX: i64 = 92;

/// How guests come and go.
const COMES_AND_GOES: [&[&str]; 2] = [
    &["checkin", "arrival", "arrivals", "arrive", "arrives", "arrived", "arriving"],
    &["checkout", "departure", "departures", "depart", "departed", "departing", "leave", "leaves", "leaving"],
];

/// What may have been done on a day, by the words for it.
const DONE_WORDS: [&[&str]; 11] = [
    &["sold", "sell", "sells", "sale", "sales", "selling"],
    &["bought", "buy", "buys", "purchased"],
    &["delivered", "deliver", "delivery", "deliveries"],
    &["shipped", "ship", "shipping"],
    &["returned", "returns"],
    &["hired", "hire", "hires", "start"],
    &["left", "quit", "quits", "resigned", "end"],
    &["closed", "won", "lost", "win", "wins", "lose", "losses"],
    COMES_AND_GOES[0],
    COMES_AND_GOES[1],
    &["joined", "join", "since", "signed", "registered", "registration", "enrolled", "enrolment"],
];

/// A period as it was said.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Said {
    Days(Range),
    /// A month or several, of no certain year.
    Months(i64, i64),
    /// A day of a month, of no certain year.
    MonthDay(i64, i64),
    Weekdays(Vec<u8>),
}

/// A period with its place in the question.
#[derive(Debug, Clone)]
pub(super) struct When {
    pub(super) start: usize,
    pub(super) end: usize,
    pub(super) said: Said,
    /// From the period before it: "and the month before".
    pub(super) told: bool,
}

/// True for a column that is called by one of the words, in one piece or in two: `Check-in`.
fn is_of_family(words: &[String], family: &[&str]) -> bool {
    words.iter().any(|word| family.contains(&word.as_str())) || family.contains(&words.concat().as_str())
}

impl Reader<'_> {
    /// Finds every period, chooses the dates they are about, and makes conditions of them.
    pub(super) fn times(&mut self) -> Result<(), Trouble> {
        self.against_the_one_before();
        let mut found = self.periods_said();
        if found.is_empty() {
            return Ok(());
        }
        self.reference_day(&mut found);
        self.years_beside(&mut found);
        let mut compared = self.compares_periods(&found) || found.len() == 2 && found[1].told;
        if !compared && found.len() == 4 {
            // "Jan to May 2025 versus Jan to May 2026"
            let paired = |first: usize| self.joined(&found[first], found.get(first + 1), false);
            let ((first, one), (second, two)) = (paired(0), paired(2));
            if one == 2 && two == 2 && self.sets_against() {
                found = vec![first, second];
                compared = true;
            }
        }
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
        for (start, end, said, mut not) in ranges {
            if let Said::Days(range @ Range { from: Some(_), to: None }) = said {
                if self.missing_since(start, end, range)? {
                    continue;
                }
                // "have not been counted since May"
                if let Some(at) = self.negation_of(start).filter(|_| !not) {
                    not = true;
                    self.out.never = true;
                    self.spend(at..at + 1);
                }
            }
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
        let times = self.placed.iter().filter(|(_, filter)| filter.is_time());
        let dates: Vec<Col> = times.flat_map(|(_, filter)| filter.columns()).collect();
        self.done_on(&dates, &DONE_WORDS);
        Ok(())
    }

    /// "arrivals per month": of the day that there are groups of.
    pub(super) fn come_and_gone(&mut self) {
        let times = self.out.keys.iter().filter(|key| key.is_time());
        let dates: Vec<Col> = times.map(|key| key.column()).collect();
        let before = self.used.iter().filter(|used| **used).count();
        self.done_on(&dates, &COMES_AND_GOES);
        self.out.rows_named |= self.used.iter().filter(|used| **used).count() > before;
    }

    /// "customers who joined in 2023": what `Customer Since` is the day of.
    fn done_on(&mut self, dates: &[Col], families: &[&[&str]]) {
        for family in families {
            let named = |col: &Col| is_of_family(&self.view.columns[*col].words, family);
            if !dates.iter().any(named) {
                continue;
            }
            for at in 0..self.tokens.len() {
                if self.word(at, family)
                    && !self.used[at]
                    && self.mention(at).is_none()
                    && self.value(at).is_none()
                {
                    self.spend(
                        at..at + 1 + usize::from(self.word(at, &["signed"]) && self.word(at + 1, &["up"])),
                    );
                }
            }
        }
    }

    /// "by month, with the change against the previous month": what growth is anyway.
    fn against_the_one_before(&mut self) {
        let grows = ["change", "changes", "growth", "difference", "increase", "decrease", "development"];
        for at in 1..self.tokens.len() {
            let before = ["previous", "last", "prior", "preceding"];
            let set = self.word(at, &["against", "versus", "vs", "over", "on", "from", "to", "with", "than"]);
            let next = self.past(at + 1, &["the"]);
            let Some((length, unit)) = self.unit(next + 1).filter(|_| set && self.word(next, &before)) else {
                continue;
            };
            let told = (0..at).any(|place| {
                let each = self.word(place, &["by", "per", "each", "every"])
                    && self.unit(place + 1).is_some_and(|(_, other)| other == unit);
                each || self.class(place, |class| class == Class::Every(unit)).is_some()
            });
            if told && self.says(&grows) {
                self.spend(at..next + 1 + length);
            }
        }
    }

    /// "in the same months of last year", "the same period a year earlier": only who knows the period can tell.
    pub(super) fn same_period(&mut self) {
        let units = ["month", "months", "period", "time", "quarter", "quarters", "week", "weeks", "days"];
        for at in 1..self.tokens.len() {
            if !(self.word(at, &units) && self.word(at - 1, &["same"])) {
                continue;
            }
            let next = self.past(at + 1, &["of", "in", "for", "from", "the", "a"]);
            if self.periods_said().iter().any(|when| when.told && (when.start..when.end).contains(&at)) {
                continue;
            }
            let earlier = self.word(next, &["last", "previous", "prior"]) && self.word(next + 1, &["year"])
                || self.word(next, &["year"]) && self.word(next + 1, &["before", "earlier", "ago"]);
            if earlier {
                let start = at - 1 - usize::from(at > 1 && self.word(at - 2, &["the"]));
                self.spend(start..next + 2);
                self.out.year_earlier = true;
            }
        }
    }

    /// "from May to June 2025", "March 2025 with April": both months are of the year that is said once.
    fn years_beside(&self, found: &mut [When]) {
        let links = ["and", "to", "or", "vs", "versus", "with", "against", "compared", "than", "in"];
        for at in 1..found.len() {
            let (left, right) = (found[at - 1].clone(), found[at].clone());
            let linked = (left.end..right.start).all(|place| {
                self.word(place, &links)
                    || [',', '-', '\u{2013}', '&'].iter().any(|mark| self.mark(place, *mark))
            });
            if !linked || right.start == left.end {
                continue;
            }
            match (&left.said, &right.said) {
                (Said::Months(month, count), Said::Days(Range { from: Some(from), to: Some(to) }))
                    if to - from <= QUARTER_DAYS_MAX =>
                {
                    let (year, next, _) = dates::date_of(*from);
                    let year = if *month > next { year - 1 } else { year };
                    found[at - 1].said = Said::Days(Range::months(year, *month, *count));
                }
                (Said::Days(Range { from: Some(from), to: Some(to) }), Said::Months(month, count))
                    if to - from <= QUARTER_DAYS_MAX =>
                {
                    let (year, before, _) = dates::date_of(*from);
                    let year = if *month < before { year + 1 } else { year };
                    found[at].said = Said::Days(Range::months(year, *month, *count));
                }
                _ => {}
            }
        }
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
        // "1952 and 2007" where years are numbers: of each column, any of them.
        let single = |filter: &Filter| matches!(filter, Filter::Between { low, high, .. } if low == high);
        let years: Vec<Filter> =
            self.placed.iter().map(|(_, filter)| filter.clone()).filter(|filter| single(filter)).collect();
        if years.len() > 1
            && years.windows(2).all(|pair| pair[0] != pair[1] && pair[0].columns() == pair[1].columns())
            && years[0].columns().iter().all(|col| self.view.looks_like_years(*col))
        {
            let at = self.placed.iter().find(|(_, filter)| single(filter)).map_or(0, |(at, _)| *at);
            self.placed.retain(|(_, filter)| !years.contains(filter));
            self.placed.push((at, Filter::Any(years)));
        }
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
        let nested = matches!(
            (&found[0].said, &found[1].said),
            (Said::Months(..) | Said::MonthDay(..), Said::Days(_))
        ) && found[0].end == found[1].start;
        self.sets_against() && !nested
    }

    /// True if two things are compared, or one has grown to the other.
    fn sets_against(&self) -> bool {
        let any = |wanted: &dyn Fn(Class) -> bool| {
            (0..self.tokens.len()).any(|at| self.class(at, wanted).is_some())
        };
        // "growth by month between March and June" has a range.
        any(&|class| class == Class::Versus)
            || any(&|class| class == Class::Growth) && !any(&|class| matches!(class, Class::Every(_)))
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
                    return (When { start, end: second.end, said, told: false }, 2);
                }
            }
        }
        let open =
            |from: usize, said: Said| (When { start: from, end: first.end, said, told: first.told }, 1);
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
                    When {
                        start: from,
                        end: onward,
                        said: Said::Days(Range { from: range.from, to: None }),
                        told: false,
                    },
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
        if let Some(filters) = self.calendar_conditions(said, start, not) {
            let named = self.mentions.iter().find(|mention| {
                filters
                    .iter()
                    .flat_map(Filter::columns)
                    .any(|col| mention.candidates.iter().any(|(one, _)| *one == col))
            });
            // "per year since 2000" groups by what "since 2000" limits.
            let grouped = |mention: &super::Mention| {
                mention.start > 0
                    && self
                        .class(mention.start - 1, |class| matches!(class, Class::By | Class::Every(_)))
                        .is_some()
            };
            let missed = filters.iter().find(|filter| self.is_beyond(filter));
            if let Some(Filter::Between { col, .. }) = missed.filter(|_| !not) {
                let profile = self.view.profile(*col);
                let ends = profile.and_then(|profile| profile.min.zip(profile.max)).unwrap_or_default();
                return Err(Trouble::Cannot(format!(
                    "{:?} goes from {} to {}; nothing is of {}",
                    self.view.name(*col),
                    ends.0,
                    ends.1,
                    self.raw(start..end)
                )));
            }
            if let Some(mention) = named.filter(|mention| mention.end <= start && !grouped(mention)).cloned()
            {
                self.take(&mention);
            }
            return Ok(filters);
        }
        // Where the months of that year are columns, the year is all there is.
        if let Said::Days(range) = said
            && !not
            && self.view.of_kind(ColumnKind::Date).next().is_none()
            && range.whole_months().is_some_and(|(year, month, count)| {
                (month, count) == (1, 12) && self.view.months_year() == Some(year)
            })
        {
            return Ok(Vec::new());
        }
        let Some(col) = self.date_near(start, end)? else {
            return Err(Trouble::Cannot(format!(
                "there is no date to find {:?} by; {}",
                self.raw(start..end),
                self.view.columns_said()
            )));
        };
        let col = match self.certain(said) {
            Some(range) if !not => self.reached(col, range),
            _ => col,
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

    /// True for years of which there is no row.
    fn is_beyond(&self, filter: &Filter) -> bool {
        let Filter::Between { col, low, high } = filter else { return false };
        let ends = self.view.profile(*col).and_then(|profile| profile.min.zip(profile.max));
        self.view.looks_like_years(*col) && ends.is_some_and(|(min, max)| *high < min || *low > max)
    }

    /// The one date that reaches a period, if the usual one does not; whether it is meant is asked.
    fn reached(&mut self, col: Col, range: Range) -> Col {
        let reaches = |reader: &Self, col: Col| {
            reader.extent(col).is_some_and(|(first, last)| {
                range.from.is_none_or(|from| from <= last) && range.to.is_none_or(|to| to > first)
            })
        };
        if reaches(self, col) || self.out.named.contains(&col) || self.default_date() != Some(col) {
            return col;
        }
        let others: Vec<Col> =
            self.view.of_kind(ColumnKind::Date).filter(|one| reaches(self, *one)).collect();
        let [other] = others[..] else { return col };
        self.out.doubt(25);
        other
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
    fn calendar_conditions(&self, said: &Said, start: usize, not: bool) -> Option<Vec<Filter>> {
        // Beside dates, years are meant only where they are named: "born before 1980".
        let dated = self.view.of_kind(ColumnKind::Date).next().is_some();
        let near = |mention: &&super::Mention| !dated || (mention.end <= start && start - mention.end <= 2);
        // "opened after 2015", where `Opened` holds years.
        let named = || {
            self.mentions
                .iter()
                .filter(near)
                .flat_map(|mention| &mention.candidates)
                .map(|(col, _)| *col)
                .find(|col| self.view.looks_like_years(*col))
        };
        let whole = matches!(said, Said::Days(range) if range.whole_months().is_some_and(|(_, first, count)| first == 1 && count % 12 == 0));
        let dates_named = self.mentions.iter().any(|mention| {
            mention.best() >= 60
                && mention.candidates.iter().all(|(col, _)| self.view.kind(*col) == ColumnKind::Date)
        });
        let named = named().or_else(|| self.view.leading_year().filter(|_| dated && whole && !dates_named));
        if dated && named.is_none() {
            return None;
        }
        let year = named.or_else(|| self.view.calendar_column("year"));
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
            "due",
            "paid",
            "end",
            "left",
            "delivery",
            "shipped",
            "closed",
            "last",
            "expiry",
            "return",
            "birth",
            "born",
            "birthday",
            "updated",
            "valid",
            "payment",
            "delivered",
            "returned",
            "resolved",
            "completed",
            "cancelled",
            "back",
        ];
        let weight = |col: Col| {
            let column = &self.view.columns[col];
            let word = column.words.iter().any(|word| later.contains(&word.as_str()))
                || column.meanings.iter().any(|word| later.contains(word));
            let other = usize::from(column.table != self.view.base);
            // Returns happen when things are returned, whenever they were ordered.
            let own = column.words.iter().any(|word| word != "date" && self.view.is_named(word));
            // "how many did he sell last quarter" is of the day of the sale.
            let kin = self
                .values
                .iter()
                .any(|value| value.candidates.first().is_some_and(|(one, _)| self.view.is_day_of(col, *one)));
            let done = kin
                || DONE_WORDS.iter().any(|family| {
                    is_of_family(&column.words, family)
                        && self.tokens.iter().any(|token| token.is_any(family))
                });
            // "did we sell in March" is of the sale, wherever its day stands.
            let verbs = ["sell", "sold", "buy", "bought", "deliver", "delivered", "ship", "shipped"];
            let acted = done
                && column.profile.empty == 0
                && self.tokens.iter().any(|token| token.is_any(&verbs))
                && !self.tokens.iter().any(|token| token.is_any(&["stock", "inventory"]));
            (
                !acted,
                other,
                !own,
                !done,
                usize::from(word),
                u64::from(column.profile.empty * 5 > self.view.rows()),
                col,
            )
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
            let only_dates = mention
                .candidates
                .iter()
                .filter(|(_, score)| *score + super::TIE >= mention.best())
                .all(|(col, _)| self.view.kind(*col) == ColumnKind::Date);
            only_dates
                && !(mention.end - mention.start == 1 && (self.view.is_named(&words) || words == "date"))
                && distance(mention) <= 8
        };
        let Some(mention) = dates.iter().filter(telling).min_by_key(|mention| distance(mention)) else {
            self.out.usual_date = self.default_date();
            return Ok(self.out.usual_date);
        };
        let col = self.resolve(mention, Want::Date)?;
        self.take(mention);
        Ok(Some(col))
    }
}

fn months(first: i64, count: i64) -> Vec<u8> {
    (0..count.clamp(0, 12)).filter_map(|at| u8::try_from((first - 1 + at).rem_euclid(12) + 1).ok()).collect()
}
