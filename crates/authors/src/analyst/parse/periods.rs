//! Periods as they are said: "in Q3 2023", "since March", "last month", "between 15 May and 15 June 2022".

use super::{
    Reader,
    time::{Said, When},
};
use crate::analyst::{
    before,
    dates::{self, Day, Range},
    query::{Col, Unit},
    vocabulary::Class,
    words::{Kind, Token},
};

impl Reader<'_> {
    pub(super) fn periods_said(&self) -> Vec<When> {
        let mut found: Vec<When> = Vec::new();
        let mut at = 0;
        while at < self.tokens.len() {
            let known = found.last().and_then(|when| self.days(&when.said));
            let told = known.and_then(|known| Some((known, before::told(&self.tokens, at, &known)?)));
            if let Some((known, (end, range))) = told.filter(|(_, (end, _))| self.free(at..*end)) {
                if let Some(last) = found.last_mut() {
                    last.said = Said::Days(known);
                }
                found.push(When { start: at, end, said: Said::Days(range), told: true });
                at = end;
                continue;
            }
            match self.period_at(at) {
                Some((length, said)) if self.free(at..at + length) && !self.is_wide_month(at, &said) => {
                    found.push(When { start: at, end: at + length, said, told: false });
                    at += length;
                }
                _ => at += 1,
            }
        }
        found
    }

    /// The days of a period; those of a month without a year are of the one year there is.
    fn days(&self, said: &Said) -> Option<Range> {
        match said {
            Said::Days(range) => Some(*range),
            Said::Months(first, count) => {
                let newest = self.newest().filter(|_| self.years() == 1)?;
                Some(Range::months(dates::date_of(newest).0, *first, *count))
            }
            _ => None,
        }
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
        let number = |col: Col| self.view.month(col).map(|month| (month, col));
        self.view.months().into_iter().filter_map(number).collect()
    }

    /// The year that stands there.
    pub(super) fn year_at(&self, at: usize) -> Option<i64> {
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
            .or_else(|| self.part_of_month(at))
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

    /// "the first week of March 2025", "the second half of June": seven days each, the last seven, or up to the 15th.
    fn part_of_month(&self, at: usize) -> Option<(usize, Said)> {
        let said = at;
        let at = self.past(at, &["the"]);
        let last = self.word(at, &["last", "final"]);
        let position = match self.tokens.get(at)?.kind {
            Kind::Ordinal(position) => i64::from(position),
            _ if last => 0,
            _ => return None,
        };
        let (week, half) = (self.word(at + 1, &["week"]), self.word(at + 1, &["half"]));
        if !(week && position <= 4 || half && position <= 2) || !self.word(at + 2, &["of", "in"]) {
            return None;
        }
        let place = self.past(at + 3, &["the"]);
        let month = self.month_word(place)?;
        let (end, year) = self.year_after(place + 1).or_else(|| {
            let newest = self.newest().filter(|_| self.years() == 1)?;
            Some((place + 1, dates::date_of(newest).0))
        })?;
        let (first, next) = (dates::month_start(year, month), dates::month_start(year, month + 1));
        let range = match (week, last, position) {
            (true, true, _) => Range::new(next - 7, next),
            (true, false, _) => Range::new(first + 7 * (position - 1), first + 7 * position),
            (false, false, 1) => Range::new(first, first + 15),
            _ => Range::new(first + 15, next),
        };
        Some((end - said, Said::Days(range)))
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
        // "the 1990s"
        if self.word(at + 1, &["s"]) && year % 10 == 0 {
            return Some((2, Said::Days(Range::months(year, 1, 120))));
        }
        Some((1, Said::Days(Range::year(year))))
    }
}

/// `30.06.2024`, which is no number.
fn dotted(token: &Token) -> Option<Day> {
    let parts: Vec<i64> = token.raw.split('.').map(|part| part.parse().ok()).collect::<Option<_>>()?;
    let [first, second, year] = parts[..] else { return None };
    let (day, month) = if second > 12 { (second, first) } else { (first, second) };
    ((1..=12).contains(&month) && (1..=31).contains(&day) && (1900..2100).contains(&year))
        .then(|| dates::day_of(year, month, day))
}
