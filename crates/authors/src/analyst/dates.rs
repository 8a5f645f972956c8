//! Days and periods: the calendar the analyst counts with, and what a question says of it.

use serde::{Deserialize, Serialize};

/// Days since 1970-01-01.
pub(crate) type Day = i64;

/// Names of the months, in English.
pub(crate) const MONTHS: [&str; 12] = [
    "january",
    "february",
    "march",
    "april",
    "may",
    "june",
    "july",
    "august",
    "september",
    "october",
    "november",
    "december",
];

/// Names of the days of the week, Monday first.
pub(crate) const WEEKDAYS: [&str; 7] =
    ["monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday"];

/// The day of a date of the proleptic Gregorian calendar.
pub(crate) fn day_of(year: i64, month: i64, day: i64) -> Day {
    let year = if month <= 2 { year - 1 } else { year };
    let era = year.div_euclid(400);
    let of_era = year.rem_euclid(400);
    let of_year = (153 * ((month + 9) % 12) + 2) / 5 + day - 1;
    era * 146_097 + of_era * 365 + of_era / 4 - of_era / 100 + of_year - 719_468
}

/// Year, month and day.
pub(crate) fn date_of(day: Day) -> (i64, i64, i64) {
    let days = day + 719_468;
    let era = days.div_euclid(146_097);
    let of_era = days.rem_euclid(146_097);
    let year = (of_era - of_era / 1460 + of_era / 36_524 - of_era / 146_096) / 365;
    let of_year = of_era - (365 * year + year / 4 - year / 100);
    let month = (5 * of_year + 2) / 153;
    let (day, month) = (of_year - (153 * month + 2) / 5 + 1, if month < 10 { month + 3 } else { month - 9 });
    (year + era * 400 + i64::from(month <= 2), month, day)
}

/// The first day of a month; months beyond 12 run into later years, below 1 into earlier ones.
pub(crate) fn month_start(year: i64, month: i64) -> Day {
    let months = year * 12 + month - 1;
    day_of(months.div_euclid(12), months.rem_euclid(12) + 1, 1)
}

/// Days of a month.
#[cfg(test)]
pub(crate) fn month_days(year: i64, month: i64) -> i64 {
    month_start(year, month + 1) - month_start(year, month)
}

/// `2024-01-31`
pub(crate) fn iso(day: Day) -> String {
    let (year, month, day) = date_of(day);
    format!("{year:04}-{month:02}-{day:02}")
}

/// The day of a text that begins as `2024-01-31`.
pub(crate) fn parse_iso(text: &str) -> Option<Day> {
    let mut parts = text.get(..10)?.splitn(3, '-');
    let mut next = || parts.next()?.parse::<i64>().ok();
    let (year, month, day) = (next()?, next()?, next()?);
    ((1..=12).contains(&month) && (1..=31).contains(&day)).then(|| day_of(year, month, day))
}

/// From one day to the day before another; either may be open.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Range {
    pub(crate) from: Option<Day>,
    /// The first day that is not in it.
    pub(crate) to: Option<Day>,
}

impl Range {
    pub(crate) fn new(from: Day, to: Day) -> Range {
        Range { from: Some(from), to: Some(to) }
    }

    pub(crate) fn year(year: i64) -> Range {
        Range::new(day_of(year, 1, 1), day_of(year + 1, 1, 1))
    }

    /// So many months from one on.
    pub(crate) fn months(year: i64, month: i64, count: i64) -> Range {
        Range::new(month_start(year, month), month_start(year, month + count))
    }

    /// `(year, first month, months)` if it is whole months.
    pub(crate) fn whole_months(&self) -> Option<(i64, i64, i64)> {
        let (from, to) = (date_of(self.from?), date_of(self.to?));
        let months = (to.0 - from.0) * 12 + to.1 - from.1;
        (from.2 == 1 && to.2 == 1 && months > 0).then_some((from.0, from.1, months))
    }

    /// The same days or months a year earlier.
    pub(crate) fn year_earlier(&self) -> Range {
        let back = |day: Day| {
            let (year, month, date) = date_of(day);
            // The last of February is the last of February.
            day_of(year - 1, month, date).min(month_start(year - 1, month + 1))
        };
        Range { from: self.from.map(back), to: self.to.map(back) }
    }

    /// As people say it.
    pub(crate) fn words(&self) -> String {
        if let Some((year, month, months)) = self.whole_months() {
            let name =
                |month: i64| capital(MONTHS[usize::try_from((month + 11).rem_euclid(12)).unwrap_or(0)]);
            match months {
                1 => return format!("{} {year}", name(month)),
                3 if month % 3 == 1 => return format!("Q{} {year}", (month + 2) / 3),
                12 if month == 1 => return format!("{year}"),
                6 if month == 1 || month == 7 => return format!("H{} {year}", (month + 5) / 6),
                _ => {}
            }
        }
        match (self.from, self.to) {
            (Some(from), Some(to)) if to == from + 1 => iso(from),
            (Some(from), Some(to)) => format!("{} to {}", iso(from), iso(to - 1)),
            (Some(from), None) => format!("from {} on", iso(from)),
            (None, Some(to)) => format!("before {}", iso(to)),
            (None, None) => "any time".to_owned(),
        }
    }

    /// The period of the same length before it.
    pub(crate) fn before(&self) -> Option<Range> {
        if let Some((year, month, months)) = self.whole_months() {
            return Some(Range::months(year, month - months, months));
        }
        let (from, to) = (self.from?, self.to?);
        Some(Range::new(from - (to - from), from))
    }
}

/// A part of every year, week or both.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum Recurring {
    /// From 1.
    Months(Vec<u8>),
    /// Monday is 0.
    Weekdays(Vec<u8>),
}

impl Recurring {
    pub(crate) fn words(&self) -> String {
        let (names, places): (&[&str], Vec<usize>) = match self {
            Recurring::Months(months) => {
                (&MONTHS, months.iter().map(|m| usize::from(*m).wrapping_sub(1)).collect())
            }
            Recurring::Weekdays(days) => (&WEEKDAYS, days.iter().map(|d| usize::from(*d)).collect()),
        };
        let names: Vec<String> =
            places.iter().filter_map(|at| names.get(*at)).map(|name| capital(name)).collect();
        names.join(", ")
    }
}

/// `march` as `March`.
pub(crate) fn capital(word: &str) -> String {
    let mut chars = word.chars();
    chars.next().map(|first| first.to_uppercase().chain(chars).collect()).unwrap_or_default()
}

/// The month, from 1, of a word: `march`, `mar`.
pub(crate) fn month_of(word: &str) -> Option<i64> {
    let at = MONTHS
        .iter()
        .position(|name| *name == word || (word.len() >= 3 && name.get(..3) == Some(word)))
        .or_else(|| (word == "sept").then_some(8))?;
    i64::try_from(at + 1).ok()
}

/// The day of the week, Monday is 0, of a word in singular or plural.
pub(crate) fn weekday_of(word: &str) -> Option<u8> {
    let word = word.strip_suffix('s').filter(|stem| stem.ends_with("day")).unwrap_or(word);
    let at = WEEKDAYS.iter().position(|name| *name == word)?;
    u8::try_from(at).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn days_are_counted_as_calendars_do() {
        for (date, day) in
            [((1970, 1, 1), 0), ((2000, 3, 1), 11_017), ((2024, 2, 29), 19_782), ((1969, 12, 31), -1)]
        {
            assert_eq!(day_of(date.0, date.1, date.2), day);
            assert_eq!(date_of(day), date);
        }
        assert_eq!(parse_iso("2024-02-29T10:00:00"), Some(19_782));
        assert_eq!(month_days(2024, 2), 29);
    }

    #[test]
    fn periods_are_said_as_people_do() {
        assert_eq!(Range::months(2023, 7, 3).words(), "Q3 2023");
        assert_eq!(Range::months(2024, 1, 1).words(), "January 2024");
        assert_eq!(Range::months(2024, 1, 1).before(), Some(Range::months(2023, 12, 1)));
    }
}
