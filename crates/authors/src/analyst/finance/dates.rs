//! Days of the calendar, in the styles in which people write them.

use crate::analyst::dates::MONTHS;

/// A day.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Date {
    pub(super) year: u32,
    pub(super) month: u32,
    pub(super) day: u32,
    /// `03/04/2024`: day and month could be the other way round.
    pub(super) unsure: bool,
}

/// What day and month first mean where both could be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Style {
    DayFirst,
    MonthFirst,
    Unknown,
}

impl Date {
    fn new(year: u32, month: u32, day: u32) -> Option<Date> {
        let leap = year.is_multiple_of(4) && (!year.is_multiple_of(100) || year.is_multiple_of(400));
        let days = match month {
            2 => 28 + u32::from(leap),
            4 | 6 | 9 | 11 => 30,
            _ => 31,
        };
        let real = (1900..=2200).contains(&year) && (1..=12).contains(&month) && (1..=days).contains(&day);
        real.then_some(Date { year, month, day, unsure: false })
    }

    /// As a program writes it.
    pub(super) fn python(self) -> String {
        format!("date({}, {}, {})", self.year, self.month, self.day)
    }

    /// With day and month the other way round.
    pub(super) fn swapped(self) -> Date {
        Date { month: self.day, day: self.month, unsure: false, ..self }
    }
}

/// The month of a name or of its first three letters.
pub(super) fn month(word: &str) -> Option<u32> {
    let word = word.strip_suffix('.').unwrap_or(word);
    let named = |name: &str| *name == *word || (word == "sept" && name.starts_with(word));
    let short = |name: &str| word.len() == 3 && name.starts_with(word);
    let at = MONTHS.iter().position(|name| named(name) || short(name))?;
    u32::try_from(at + 1).ok()
}

/// The date at the start of `text`, and how many bytes it takes.
pub(super) fn date_at(text: &str, style: Style) -> Option<(Date, usize)> {
    let found = numeric(text, style).or_else(|| day_then_month(text)).or_else(|| month_first(text))?;
    let ends = !text[found.1..].starts_with(|char: char| char.is_alphanumeric());
    ends.then_some(found)
}

/// How the dates of a text put day and month, as far as one of them tells.
pub(super) fn style(text: &str) -> Style {
    let starts = |at: usize| !text[..at].ends_with(|char: char| char.is_ascii_digit());
    let said = text.to_lowercase();
    match (said.contains("day first"), said.contains("month first")) {
        (true, false) => return Style::DayFirst,
        (false, true) => return Style::MonthFirst,
        _ => {}
    }
    for (at, _) in text.char_indices().filter(|(at, char)| char.is_ascii_digit() && starts(*at)) {
        if let Some((first, '/', second, '/', 1000.., _)) = three(&text[at..]) {
            match (first, second) {
                (13.., 1..=12) => return Style::DayFirst,
                (1..=12, 13..=31) => return Style::MonthFirst,
                _ => {}
            }
        }
    }
    Style::Unknown
}

/// Three numbers with a mark between them, and their length.
fn three(text: &str) -> Option<(u32, char, u32, char, u32, usize)> {
    let (first, rest) = digits(text, 4)?;
    let (left, rest) = mark(rest)?;
    let (second, rest) = digits(rest, 2)?;
    let (right, rest) = mark(rest)?;
    let (third, rest) = digits(rest, 4)?;
    Some((first, left, second, right, third, text.len() - rest.len()))
}

fn numeric(text: &str, style: Style) -> Option<(Date, usize)> {
    let (first, left, second, right, third, length) = three(text)?;
    if left != right {
        return None;
    }
    if first >= 1000 {
        return Some((Date::new(first, second, third)?, length));
    }
    if third < 1000 {
        return None;
    }
    let (by_day, by_month) = (Date::new(third, second, first), Date::new(third, first, second));
    let date = match (by_day, by_month) {
        (Some(date), Some(_)) if left == '/' && first != second => match style {
            Style::DayFirst => date,
            Style::MonthFirst => date.swapped(),
            Style::Unknown => Date { unsure: true, ..date },
        },
        (Some(date), _) => date,
        (None, Some(date)) if left == '/' => date,
        _ => return None,
    };
    Some((date, length))
}

/// `1 Jan 2024`, `1st of January 2024`.
fn day_then_month(text: &str) -> Option<(Date, usize)> {
    let (day, rest) = digits(text, 2)?;
    let rest = ["st", "nd", "rd", "th", "."].iter().find_map(|end| rest.strip_prefix(end)).unwrap_or(rest);
    let rest = rest.trim_start_matches([' ', '-']);
    let rest = rest.strip_prefix("of ").unwrap_or(rest);
    let (month, rest) = named_month(rest)?;
    let (year, rest) =
        digits(rest.trim_start_matches([' ', ',', '-']), 4).filter(|(year, _)| *year >= 1000)?;
    Some((Date::new(year, month, day)?, text.len() - rest.len()))
}

/// `Jan 1, 2024`, `January 2024`.
fn month_first(text: &str) -> Option<(Date, usize)> {
    let (month, rest) = named_month(text)?;
    let rest = rest.trim_start_matches([' ', ',']);
    let (number, after) = digits(rest, 4)?;
    if number >= 1000 {
        return Some((Date::new(number, month, 1)?, text.len() - after.len()));
    }
    let after = ["st", "nd", "rd", "th"].iter().find_map(|end| after.strip_prefix(end)).unwrap_or(after);
    let (year, after) = digits(after.trim_start_matches([' ', ',']), 4).filter(|(year, _)| *year >= 1000)?;
    Some((Date::new(year, month, number)?, text.len() - after.len()))
}

fn named_month(text: &str) -> Option<(u32, &str)> {
    let end = text.find(|char: char| !char.is_alphabetic()).unwrap_or(text.len());
    let month = month(&text[..end].to_lowercase())?;
    let rest = &text[end..];
    Some((month, rest.strip_prefix('.').unwrap_or(rest)))
}

fn digits(text: &str, most: usize) -> Option<(u32, &str)> {
    let end = text.find(|char: char| !char.is_ascii_digit()).unwrap_or(text.len());
    (1..=most).contains(&end).then(|| Some((text[..end].parse().ok()?, &text[end..])))?
}

fn mark(text: &str) -> Option<(char, &str)> {
    let mark = text.chars().next().filter(|char| matches!(char, '-' | '/' | '.'))?;
    Some((mark, &text[1..]))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dates_are_read_in_many_styles() {
        for (text, expected) in [
            ("2024-03-15", (2024, 3, 15)),
            ("15/03/2024", (2024, 3, 15)),
            ("03/15/2024", (2024, 3, 15)),
            ("15.3.2024", (2024, 3, 15)),
            ("1 Jan 2024", (2024, 1, 1)),
            ("1st of January, 2024", (2024, 1, 1)),
            ("Jan 1, 2024", (2024, 1, 1)),
            ("Sept. 2024", (2024, 9, 1)),
        ] {
            let (date, length) = date_at(text, Style::Unknown).unwrap_or_else(|| panic!("{text}"));
            assert_eq!(((date.year, date.month, date.day), length), (expected, text.len()), "{text}");
        }
        for text in ["2024-13-01", "30.02.2024", "12", "2024-2026", "may I", "1 apple 2024"] {
            assert_eq!(date_at(text, Style::Unknown), None, "{text}");
        }
    }

    #[test]
    fn one_date_tells_how_the_others_are_written() {
        assert!(date_at("03/04/2024", style("03/04/2024")).is_some_and(|(date, _)| date.unsure));
        let (date, _) = date_at("03/04/2024", style("03/04/2024 and 15/04/2024")).unwrap();
        assert_eq!((date.month, date.unsure), (4, false));
    }
}
