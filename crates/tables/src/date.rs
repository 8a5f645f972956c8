//! Recognises the date formats of spreadsheets, each by its `strptime` name.

/// ISO 8601 without an offset other than `Z`, as pandas names it.
pub(crate) const ISO: &str = "ISO8601";

/// Formats in the order of preference; where a column fits both, the month comes first.
const FORMATS: [&str; 22] = [
    "%Y/%m/%d",
    "%Y-%m",
    "%m/%d/%Y",
    "%d/%m/%Y",
    "%d.%m.%Y",
    "%m-%d-%Y",
    "%d-%m-%Y",
    "%m/%d/%y",
    "%d/%m/%y",
    "%d.%m.%y",
    "%d %b %Y",
    "%d-%b-%Y",
    "%d-%b-%y",
    "%d %B %Y",
    "%b %d, %Y",
    "%B %d, %Y",
    "%b %Y",
    "%B %Y",
    "%m/%d/%Y %H:%M",
    "%d/%m/%Y %H:%M",
    "%d.%m.%Y %H:%M",
    "%m/%d/%Y %I:%M %p",
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

/// Years that a nanosecond timestamp of 64 bits can hold in full.
const YEARS: std::ops::RangeInclusive<u32> = 1678..=2261;

/// Longest cell, in bytes, that is looked at as a date.
const DATE_BYTES_MAX: usize = 40;

/// The formats that every date of a column has fitted so far.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Formats {
    iso: bool,
    others: u32,
}

impl Default for Formats {
    fn default() -> Self {
        Formats { iso: true, others: (1 << FORMATS.len()) - 1 }
    }
}

impl Formats {
    /// Keeps the formats that `cell`, already trimmed, fits.
    pub(crate) fn narrow(&mut self, cell: &str) {
        if !self.is_possible() {
            return;
        }
        // `May` is a word; every date has a digit.
        let plausible = cell.len() <= DATE_BYTES_MAX && cell.bytes().any(|byte| byte.is_ascii_digit());
        self.iso = self.iso && plausible && is_iso(cell);
        for (bit, format) in FORMATS.iter().enumerate() {
            if self.others & (1 << bit) != 0 && !(plausible && fits(cell, format)) {
                self.others &= !(1 << bit);
            }
        }
    }

    pub(crate) fn is_possible(&self) -> bool {
        self.iso || self.others != 0
    }

    /// The best format left. `day_first` decides where the column fits both orders.
    pub(crate) fn best(&self, day_first: bool) -> Option<&'static str> {
        if self.iso {
            return Some(ISO);
        }
        let left = || (0..FORMATS.len()).filter(|bit| self.others & (1 << bit) != 0).map(|bit| FORMATS[bit]);
        let day = left().find(|format| format.starts_with("%d"));
        if day_first { day.or_else(|| left().next()) } else { left().next() }
    }
}

/// A date, alone or followed by a time of day.
fn is_iso(cell: &str) -> bool {
    let Some((date, time)) = cell.split_at_checked(10) else { return false };
    let padded = date.as_bytes()[4] == b'-' && date.as_bytes()[7] == b'-';
    if !padded || !fits(date, "%Y-%m-%d") {
        return false;
    }
    let Some(time) = time.strip_prefix(['T', ' ']) else { return time.is_empty() };
    let time = time.strip_suffix('Z').unwrap_or(time);
    let (clock, fraction) = time.split_once('.').unwrap_or((time, "0"));
    let clock_fits =
        (clock.len() == 8 && fits(clock, "%H:%M:%S")) || (clock.len() == 5 && fits(clock, "%H:%M"));
    clock_fits && (1..=9).contains(&fraction.len()) && fraction.bytes().all(|byte| byte.is_ascii_digit())
}

/// True if `cell` is a real date in the `strptime` format.
fn fits(cell: &str, format: &str) -> bool {
    parse(cell, format).is_some()
}

fn parse(cell: &str, format: &str) -> Option<()> {
    let (mut year, mut month, mut day) = (2000, 1, 1);
    let mut rest = cell;
    let mut directives = format.chars();
    while let Some(expected) = directives.next() {
        if expected != '%' {
            rest = rest.strip_prefix(expected)?;
            continue;
        }
        match directives.next()? {
            'Y' => year = number(&mut rest, 4, 4)?,
            'y' => year = 2000 + number(&mut rest, 2, 2)?,
            'm' => month = number(&mut rest, 1, 2)?,
            'd' => day = number(&mut rest, 1, 2)?,
            'b' => month = month_name(&mut rest, true)?,
            'B' => month = month_name(&mut rest, false)?,
            'H' => _ = number(&mut rest, 1, 2).filter(|hour| *hour < 24)?,
            'I' => _ = number(&mut rest, 1, 2).filter(|hour| (1..=12).contains(hour))?,
            'M' | 'S' => _ = number(&mut rest, 2, 2).filter(|sixtieth| *sixtieth < 60)?,
            'p' => {
                let (half, after) = rest.split_at_checked(2)?;
                ["am", "pm"].contains(&half.to_ascii_lowercase().as_str()).then_some(())?;
                rest = after;
            }
            _ => return None,
        }
    }
    let real = YEARS.contains(&year) && (1..=days_in(year, month)?).contains(&day);
    (rest.is_empty() && real).then_some(())
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
        formats.best(day_first)
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
            "1600-01-01",
            "2024-01-01T25:00",
            "é024-01-01",
        ] {
            assert_eq!(best(&[cell], false), None, "{cell:?}");
        }
        assert_eq!(best(&["2024-01-01", "31.12.2024"], false), None);
    }
}
