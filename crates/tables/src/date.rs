//! Recognises the date formats of spreadsheets, each by its `strptime` name.

use ringfence_job::MonthLanguage;

/// ISO 8601 without an offset other than `Z`, as pandas names it.
pub(crate) const ISO: &str = "ISO8601";

/// Formats in the order of preference; where a column fits both, the month comes first.
const FORMATS: [&str; 46] = [
    "%Y/%m/%d",
    "%Y.%m.%d",
    "%Y-%m",
    "%Y/%m",
    "%m/%d/%Y",
    "%d/%m/%Y",
    "%d.%m.%Y",
    "%m-%d-%Y",
    "%d-%m-%Y",
    "%m/%d/%y",
    "%d/%m/%y",
    "%d.%m.%y",
    "%d %b %Y",
    "%d %b %y",
    "%d-%b-%Y",
    "%d-%b-%y",
    "%d/%b/%Y",
    "%d %B %Y",
    "%d. %B %Y",
    "%b %d, %Y",
    "%B %d, %Y",
    "%b %d %Y",
    "%B %d %Y",
    "%b %Y",
    "%B %Y",
    "%b-%Y",
    "%b-%y",
    "%b %y",
    "%m/%Y",
    "%m.%Y",
    "%Y/%m/%d %H:%M",
    "%Y/%m/%d %H:%M:%S",
    "%m/%d/%Y %H:%M",
    "%d/%m/%Y %H:%M",
    "%d.%m.%Y %H:%M",
    "%d-%m-%Y %H:%M",
    "%m/%d/%Y %H:%M:%S",
    "%d/%m/%Y %H:%M:%S",
    "%d.%m.%Y %H:%M:%S",
    "%m/%d/%y %H:%M",
    "%d/%m/%y %H:%M",
    "%m/%d/%Y %I:%M %p",
    "%m/%d/%Y %I:%M:%S %p",
    "%d %b %Y %H:%M",
    "%d-%b-%Y %H:%M",
    "%b %d, %Y %H:%M",
];

/// Formats of dates in other languages; there `%B` is a month's name in any of its forms. A month alone has a year
/// of four digits: `Set 10` and `Gen-12` are things.
const FOREIGN_FORMATS: [&str; 12] = [
    "%d. %B %Y",
    "%d %B %Y",
    "%d. %B %y",
    "%d %B %y",
    "%d-%B-%Y",
    "%d-%B-%y",
    "%d de %B de %Y",
    "%B %Y",
    "%B-%Y",
    "%B de %Y",
    "%d. %B %Y %H:%M",
    "%d %B %Y %H:%M",
];

const MONTHS: [&str; 12] = [
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

/// Years that are written with four digits, and that pandas holds.
const YEARS: std::ops::RangeInclusive<u32> = 1000..=9999;

/// Longest cell, in bytes, that is looked at as a date.
const DATE_BYTES_MAX: usize = 40;

/// A day or a moment, ordered by time.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Moment {
    pub(crate) year: u16,
    pub(crate) month: u8,
    pub(crate) day: u8,
    pub(crate) hour: u8,
    pub(crate) minute: u8,
    pub(crate) second: u8,
}

impl Moment {
    /// None if there is no such moment.
    pub(crate) fn new(
        (year, month, day): (u32, u32, u32),
        (hour, minute, second): (u32, u32, u32),
    ) -> Option<Moment> {
        let real = YEARS.contains(&year) && (1..=days_in(year, month)?).contains(&day);
        let real = real && hour < 24 && minute < 60 && second < 60;
        let small = |value: u32| u8::try_from(value).ok();
        let moment = Moment {
            year: u16::try_from(year).ok()?,
            month: small(month)?,
            day: small(day)?,
            hour: small(hour)?,
            minute: small(minute)?,
            second: small(second)?,
        };
        real.then_some(moment)
    }

    pub(crate) fn has_time(self) -> bool {
        (self.hour, self.minute, self.second) != (0, 0, 0)
    }

    pub(crate) fn day(self) -> String {
        format!("{:04}-{:02}-{:02}", self.year, self.month, self.day)
    }

    /// ISO 8601 with the separator between day and time.
    pub(crate) fn with_time(self, separator: char) -> String {
        format!("{}{separator}{:02}:{:02}:{:02}", self.day(), self.hour, self.minute, self.second)
    }

    /// ISO 8601, alone or followed by a time of day.
    pub(crate) fn from_iso(text: &str) -> Option<Moment> {
        let (date, time) = text.split_at_checked(10)?;
        let padded = date.as_bytes()[4] == b'-' && date.as_bytes()[7] == b'-';
        let day = parse(date, "%Y-%m-%d").filter(|_| padded)?;
        let Some(time) = time.strip_prefix(['T', ' ']) else { return time.is_empty().then_some(day) };
        let time = time.strip_suffix('Z').unwrap_or(time);
        let (clock, fraction) = time.split_once('.').unwrap_or((time, "0"));
        let format = match clock.len() {
            8 => "%H:%M:%S",
            5 => "%H:%M",
            _ => return None,
        };
        let clock = parse(clock, format)?;
        let fraction_fits =
            (1..=9).contains(&fraction.len()) && fraction.bytes().all(|byte| byte.is_ascii_digit());
        let (hour, minute, second) = (clock.hour, clock.minute, clock.second);
        fraction_fits.then_some(Moment { hour, minute, second, ..day })
    }
}

/// First and last of some moments, and whether any has a time of day.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Period {
    pub(crate) earliest: Moment,
    pub(crate) latest: Moment,
    pub(crate) timed: bool,
}

impl Period {
    pub(crate) fn of(moment: Moment) -> Period {
        Period { earliest: moment, latest: moment, timed: moment.has_time() }
    }

    pub(crate) fn union(self, other: Period) -> Period {
        Period {
            earliest: self.earliest.min(other.earliest),
            latest: self.latest.max(other.latest),
            timed: self.timed || other.timed,
        }
    }

    /// Both ends as the report has them.
    pub(crate) fn ends(self) -> (String, String) {
        let text = |moment: Moment| if self.timed { moment.with_time('T') } else { moment.day() };
        (text(self.earliest), text(self.latest))
    }
}

/// A way in which dates may be written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Format {
    pub(crate) text: &'static str,
    /// The language of its months, if they have names and it is not English.
    pub(crate) language: Option<MonthLanguage>,
}

impl Format {
    /// Every format in the order of preference: ISO 8601, then English, then other languages.
    fn all() -> impl Iterator<Item = Format> {
        let english = std::iter::once(ISO).chain(FORMATS).map(|text| Format { text, language: None });
        let foreign = MonthLanguage::ALL.into_iter().flat_map(|language| {
            FOREIGN_FORMATS.into_iter().map(move |text| Format { text, language: Some(language) })
        });
        english.chain(foreign)
    }

    fn parse(self, cell: &str) -> Option<Moment> {
        if self.text == ISO { Moment::from_iso(cell) } else { parse_in(cell, self.text, self.language) }
    }
}

/// The formats that every date of a column has fitted so far, each with the period that it makes of them.
#[derive(Debug, Clone)]
pub(crate) struct Formats {
    /// ISO 8601 is the first.
    left: Vec<(Format, Option<Period>)>,
}

impl Default for Formats {
    fn default() -> Self {
        Formats { left: Format::all().map(|format| (format, None)).collect() }
    }
}

impl Formats {
    /// Keeps the formats that `cell`, already trimmed, fits.
    pub(crate) fn narrow(&mut self, cell: &str) {
        // `May` is a word; every date has a digit.
        let plausible = cell.len() <= DATE_BYTES_MAX && cell.bytes().any(|byte| byte.is_ascii_digit());
        if !plausible {
            self.left = Vec::new();
        }
        self.left.retain_mut(|(format, period)| {
            let Some(moment) = format.parse(cell) else { return false };
            *period = Some(period.map_or(Period::of(moment), |period| period.union(Period::of(moment))));
            true
        });
    }

    pub(crate) fn is_possible(&self) -> bool {
        !self.left.is_empty()
    }

    /// True if the day must come first, or cannot: only one of the two orders is left.
    pub(crate) fn order(&self) -> Option<bool> {
        let has = |starts: [&str; 2]| {
            self.left.iter().any(|(format, _)| starts.iter().any(|start| format.text.starts_with(start)))
        };
        let (day, month) = (has(["%d/", "%d-%m"]), has(["%m/%d", "%m-%d"]));
        (day != month).then_some(day)
    }

    /// True if the values do not tell whether the day comes first.
    pub(crate) fn is_ambiguous(&self) -> bool {
        let has = |start: &str| self.left.iter().any(|(format, _)| format.text.starts_with(start));
        (has("%d/%m") && has("%m/%d")) || (has("%d-%m") && has("%m-%d"))
    }

    /// The best format left, with the period. `day_first` decides where the column fits both orders.
    pub(crate) fn best(&self, day_first: bool) -> Option<(Format, Option<Period>)> {
        let first = self.left.first().copied();
        if first.is_some_and(|(format, _)| format.text == ISO) {
            return first;
        }
        let day = self.left.iter().find(|(format, _)| format.text.starts_with("%d"));
        if day_first { day.copied().or(first) } else { first }
    }
}

/// True if `text`, already trimmed, is a date in any format.
pub(crate) fn is_date(text: &str) -> bool {
    let plausible = text.len() <= DATE_BYTES_MAX && text.bytes().any(|byte| byte.is_ascii_digit());
    plausible && Format::all().any(|format| format.parse(text).is_some())
}

/// Reads `cell` in the `strptime` format, if it is a real date.
pub(crate) fn parse(cell: &str, format: &str) -> Option<Moment> {
    parse_in(cell, format, None)
}

/// As [`parse`], with months in this language; without one they are English.
fn parse_in(cell: &str, format: &str, language: Option<MonthLanguage>) -> Option<Moment> {
    let (mut year, mut month, mut day) = (2000, 1, 1);
    let (mut hour, mut minute, mut second) = (0, 0, 0);
    let mut rest = cell;
    let mut directives = format.chars();
    while let Some(expected) = directives.next() {
        if expected != '%' {
            rest = rest.strip_prefix(expected)?;
            continue;
        }
        match directives.next()? {
            'Y' => year = number(&mut rest, 4, 4)?,
            // As C and Python have it.
            'y' => {
                year =
                    number(&mut rest, 2, 2).map(|year| if year < 69 { 2000 + year } else { 1900 + year })?
            }
            'm' => month = number(&mut rest, 1, 2)?,
            'd' => {
                day = number(&mut rest, 1, 2)?;
                // The first of a month is "1er" in French.
                if (language, day) == (Some(MonthLanguage::French), 1) {
                    rest = rest.strip_prefix("er").unwrap_or(rest);
                }
            }
            'b' => month = month_name(&mut rest, true)?,
            'B' => {
                month = match language {
                    Some(language) => foreign_month(&mut rest, language)?,
                    None => month_name(&mut rest, false)?,
                }
            }
            'H' => hour = number(&mut rest, 1, 2)?,
            'I' => hour = number(&mut rest, 1, 2).filter(|hour| (1..=12).contains(hour))? % 12,
            'M' => minute = number(&mut rest, 2, 2)?,
            'S' => second = number(&mut rest, 2, 2)?,
            'p' => {
                let (half, after) = rest.split_at_checked(2)?;
                match half.to_ascii_lowercase().as_str() {
                    "am" => {}
                    "pm" => hour += 12,
                    _ => return None,
                }
                rest = after;
            }
            _ => return None,
        }
    }
    Moment::new((year, month, day), (hour, minute, second)).filter(|_| rest.is_empty())
}

fn number(rest: &mut &str, digits_min: usize, digits_max: usize) -> Option<u32> {
    let digits = rest.bytes().take(digits_max).take_while(u8::is_ascii_digit).count();
    if digits < digits_min {
        return None;
    }
    let (value, after) = rest.split_at(digits);
    *rest = after;
    value.parse().ok()
}

fn month_name(rest: &mut &str, short: bool) -> Option<u32> {
    let letters = rest.bytes().take_while(u8::is_ascii_alphabetic).count();
    let (name, after) = rest.split_at(letters);
    let name = name.to_ascii_lowercase();
    let found = MONTHS.iter().position(|month| name == if short { &month[..3] } else { *month })?;
    *rest = after;
    u32::try_from(found + 1).ok()
}

/// A month's name in any of its forms, with the point after one that is cut.
fn foreign_month(rest: &mut &str, language: MonthLanguage) -> Option<u32> {
    let (name, after) =
        rest.split_at(rest.find(|letter: char| !letter.is_alphabetic()).unwrap_or(rest.len()));
    let month = language.month(&name.to_lowercase())?;
    *rest = after.strip_prefix('.').unwrap_or(after);
    Some(month)
}

fn days_in(year: u32, month: u32) -> Option<u32> {
    let leap = year.is_multiple_of(4) && (!year.is_multiple_of(100) || year.is_multiple_of(400));
    match month {
        2 => Some(if leap { 29 } else { 28 }),
        4 | 6 | 9 | 11 => Some(30),
        1..=12 => Some(31),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn best(cells: &[&str], day_first: bool) -> Option<&'static str> {
        let mut formats = Formats::default();
        cells.iter().for_each(|cell| formats.narrow(cell));
        formats.best(day_first).map(|(format, _)| format.text)
    }

    /// The language of the months, and the first and last day.
    fn foreign(cells: &[&str]) -> Option<(Option<MonthLanguage>, String)> {
        let mut formats = Formats::default();
        cells.iter().for_each(|cell| formats.narrow(cell));
        let (earliest, latest) = formats
            .best(true)
            .map(|(format, period)| (format, period.unwrap().ends()))
            .map(|(format, (earliest, latest))| (format.language, format!("{earliest} {latest}")))?;
        Some((earliest, latest))
    }

    #[test]
    fn months_are_named_in_six_languages() {
        use MonthLanguage::{Dutch, French, German, Italian, Spanish};
        for (language, cells, days) in [
            (Some(German), ["12. März 2025", "3. Okt. 2024"], "2024-10-03 2025-03-12"),
            (Some(German), ["12 Jan 2025", "3 DEZ 2024"], "2024-12-03 2025-01-12"),
            (Some(German), ["Mai 2025", "Mrz 2025"], "2025-03-01 2025-05-01"),
            (
                Some(German),
                ["1. Mai 2025 09:30", "2. Juni 2025 10:00"],
                "2025-05-01T09:30:00 2025-06-02T10:00:00",
            ),
            (Some(French), ["1er janvier 2024", "3 févr. 2024"], "2024-01-01 2024-02-03"),
            (Some(French), ["mars 2025", "août 2025"], "2025-03-01 2025-08-01"),
            (Some(Spanish), ["12 de enero de 2025", "1 de Agosto de 2025"], "2025-01-12 2025-08-01"),
            (Some(Spanish), ["mar-2025", "dic-2025"], "2025-03-01 2025-12-01"),
            (Some(Italian), ["12 gen 2025", "3 ott 2025"], "2025-01-12 2025-10-03"),
            (Some(Dutch), ["3 mei 2024", "12 mrt 2024"], "2024-03-12 2024-05-03"),
            // What is English in all of its cells stays so.
            (None, ["12 Jan 2025", "3 Mar 2025"], "2025-01-12 2025-03-03"),
            (None, ["12. April 2025", "3. August 2025"], "2025-04-12 2025-08-03"),
        ] {
            assert_eq!(foreign(&cells), Some((language, days.to_owned())), "{cells:?}");
        }
        for mixed in [
            ["12. März 2025", "3 mai 2025"],
            ["3 mei 2024", "4 mai 2024"],
            ["30. Februar 2025", "März"],
            ["Set 10", "Gen-12"],
        ] {
            assert_eq!(foreign(&mixed), None, "{mixed:?}");
        }
    }

    #[test]
    fn formats_are_told_by_all_values_together() {
        assert_eq!(best(&["2024-01-31", "2024-02-29"], false), Some(ISO));
        assert_eq!(best(&["2024-01-31T10:00:00Z", "2024-01-31 10:00:00.123"], false), Some(ISO));
        assert_eq!(best(&["01/02/2024", "13/02/2024"], false), Some("%d/%m/%Y"));
        assert_eq!(best(&["01/02/2024", "02/13/2024"], true), Some("%m/%d/%Y"));
        assert_eq!(best(&["01/02/2024"], false), Some("%m/%d/%Y"));
        assert_eq!(best(&["01/02/2024"], true), Some("%d/%m/%Y"));
        assert_eq!(best(&["1.2.2024"], false), Some("%d.%m.%Y"));
        assert_eq!(best(&["Jan 3, 2024"], false), Some("%b %d, %Y"));
        assert_eq!(best(&["May 3, 2024", "June 4, 2024"], false), Some("%B %d, %Y"));
        assert_eq!(best(&["2024-01"], false), Some("%Y-%m"));
        assert_eq!(best(&["1/5/2024 3:07 PM"], false), Some("%m/%d/%Y %I:%M %p"));
    }

    #[test]
    fn what_is_no_date_is_none() {
        for cell in [
            "2023-02-29",
            "2024-13-01",
            "May",
            "12",
            "2024-1-é",
            "0999-01-01",
            "2024-01-01T25:00",
            "é024-01-01",
        ] {
            assert_eq!(best(&[cell], false), None, "{cell:?}");
        }
        assert_eq!(best(&["2024-01-01", "31.12.2024"], false), None);
    }

    #[test]
    fn moments_are_ordered_and_written_as_pandas_reads_them() {
        let moment = |cell, format| parse(cell, format).unwrap().with_time('T');
        assert_eq!(moment("1/5/2024 3:07 PM", "%m/%d/%Y %I:%M %p"), "2024-01-05T15:07:00");
        assert_eq!(moment("12/31/2023 12:00 am", "%m/%d/%Y %I:%M %p"), "2023-12-31T00:00:00");
        assert_eq!(moment("3-Feb-71", "%d-%b-%y"), "1971-02-03T00:00:00");
        let mut formats = Formats::default();
        ["2024-05-01", "2023-12-31T10:00:05.5Z", "2024-01-01 09:30"]
            .iter()
            .for_each(|cell| formats.narrow(cell));
        let (format, period) = formats.best(false).unwrap();
        assert_eq!(format.text, ISO);
        assert_eq!(period.unwrap().ends(), ("2023-12-31T10:00:05".into(), "2024-05-01T00:00:00".into()));
    }
}
