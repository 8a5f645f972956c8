//! Reads a cell as a number the way people write them: separators, currency signs, percent.
//!
//! What counts as a number here is exactly what a program gets by removing the column's marks,
//! turning the decimal separator into a point and parsing the rest.

/// Everything a number may hold beside digits, sign, decimal separator and exponent, in the order in
/// which a program removes it (`R$` before `$`).
pub(crate) const MARKS: [&str; 70] = [
    ",", ".", " ", "\u{a0}", "\u{202f}", "'", "\u{2019}", "%", "(", ")", "\u{2212}", "-", "R$", "A$", "C$",
    "NZ$", "HK$", "S$", "US$", "$", "€", "£", "¥", "₹", "₽", "₩", "₺", "₪", "₫", "₴", "₦", "฿", "zł", "Kč",
    "kr", "USD", "EUR", "GBP", "CHF", "JPY", "CAD", "AUD", "NZD", "SEK", "NOK", "DKK", "PLN", "CZK", "HUF",
    "INR", "CNY", "HKD", "SGD", "BRL", "MXN", "ZAR", "TRY", "RUB", "KRW", "Fr.", "Rs.", "Rs", "kg", "km",
    "hrs", "hours", "days", "pcs", "h", "min",
];
const SPACES: [usize; 3] = [2, 3, 4];
const APOSTROPHES: [usize; 2] = [5, 6];
const PERCENT: usize = 7;
const PAREN_OPEN: usize = 8;
const PAREN_CLOSE: usize = 9;
const MINUS_SIGN: usize = 10;
const TRAILING_MINUS: usize = 11;
const FIRST_CURRENCY: usize = 12;
/// From here on marks stand behind numbers only.
const FIRST_MEASURE: usize = 62;

/// Most letters of a mark before a number, and of one after it.
const PREFIX_LETTERS_MAX: usize = 3;
const SUFFIX_LETTERS_MAX: usize = 5;

/// Longest cell, in bytes, that is looked at as a number.
const NUMBER_BYTES_MAX: usize = 64;

/// Whole numbers with more digits are identifiers: a double could not hold them exactly.
const INTEGER_DIGITS_MAX: usize = 15;

/// A set of [`MARKS`], one bit for each.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Marks(u128);

impl Marks {
    fn insert(&mut self, mark: usize) {
        self.0 |= 1 << mark;
    }

    fn contains(self, mark: usize) -> bool {
        self.0 & (1 << mark) != 0
    }

    pub(crate) fn union(self, other: Marks) -> Marks {
        Marks(self.0 | other.0)
    }

    pub(crate) fn has_percent(self) -> bool {
        self.contains(PERCENT)
    }

    /// What the numbers count: a currency, a measure or percent.
    pub(crate) fn unit(self) -> Option<&'static str> {
        let unit = (FIRST_CURRENCY..MARKS.len()).find(|mark| self.contains(*mark));
        unit.or_else(|| self.has_percent().then_some(PERCENT)).map(|mark| MARKS[mark])
    }

    /// Different currencies and measures in the set; more than one must not be added up.
    pub(crate) fn currencies(self) -> u32 {
        (self.0 >> FIRST_CURRENCY).count_ones()
    }

    pub(crate) fn names(self) -> Vec<String> {
        (0..MARKS.len()).filter(|mark| self.contains(*mark)).map(|mark| MARKS[mark].to_owned()).collect()
    }
}

/// Which character separates the decimals.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Decimal {
    Point,
    Comma,
}

impl Decimal {
    pub(crate) fn char(self) -> char {
        match self {
            Decimal::Point => '.',
            Decimal::Comma => ',',
        }
    }

    /// The index in [`MARKS`] of the separator that then groups thousands.
    fn group_mark(self) -> usize {
        match self {
            Decimal::Point => 0,
            Decimal::Comma => 1,
        }
    }
}

/// How sure a cell makes us that its decimal separator was guessed right.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Evidence {
    /// It holds no separator, or one that says nothing.
    None,
    /// It could be read both ways, such as `1,234`.
    Ambiguous,
    /// It could be read in this way only.
    Clear,
}

/// A cell read as a number.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Number {
    pub(crate) value: f64,
    pub(crate) whole: bool,
    pub(crate) marks: Marks,
    pub(crate) evidence: Evidence,
}

/// Reads `cell`, already trimmed, as a number.
pub(crate) fn parse(cell: &str, decimal: Decimal) -> Option<Number> {
    if cell.len() > NUMBER_BYTES_MAX || !cell.bytes().any(|byte| byte.is_ascii_digit()) {
        return None;
    }
    // No mark is longer: most text is told by its first or last word.
    let letters = |bytes: &mut dyn Iterator<Item = u8>| bytes.take_while(u8::is_ascii_alphabetic).count();
    if letters(&mut cell.bytes()) > PREFIX_LETTERS_MAX
        || letters(&mut cell.bytes().rev()) > SUFFIX_LETTERS_MAX
    {
        return None;
    }
    let mut marks = Marks::default();
    let (body, negative) = strip_signs(cell, &mut marks)?;
    let (mantissa, exponent) = match body.find(['e', 'E']) {
        Some(at) => (&body[..at], Some(&body[at + 1..])),
        None => (body, None),
    };
    let mut digits = Digits::read(mantissa, decimal, &mut marks)?;
    if let Some(exponent) = exponent {
        let unsigned = exponent.strip_prefix(['-', '+']).unwrap_or(exponent);
        if unsigned.is_empty() || unsigned.len() > 3 || !unsigned.bytes().all(|byte| byte.is_ascii_digit()) {
            return None;
        }
        digits.text.push('e');
        digits.text.push_str(exponent);
    }
    let value: f64 = digits.text.parse().ok()?;
    let value = if negative { -value } else { value };
    let whole = digits.decimals.is_none() && exponent.is_none();
    value.is_finite().then_some(Number { value, whole, marks, evidence: digits.evidence() })
}

/// Removes brackets, sign, currency, percent and the spaces between them from both ends.
fn strip_signs<'a>(cell: &'a str, marks: &mut Marks) -> Option<(&'a str, bool)> {
    let mut body = cell;
    let mut negative = false;
    let mut signed = false;
    let mut seen = Marks::default();
    // Most numbers have nothing around them.
    let is_bare = |body: &str| {
        body.bytes().next().is_some_and(|byte| byte.is_ascii_digit())
            && body.bytes().next_back().is_some_and(|byte| byte.is_ascii_digit())
    };
    while !is_bare(body) {
        let before = body;
        if let Some(rest) = body.strip_prefix(['-', '+', '\u{2212}']) {
            if signed {
                return None;
            }
            if body.starts_with('\u{2212}') {
                marks.insert(MINUS_SIGN);
            }
            (negative, signed) = (!body.starts_with('+'), true);
            body = rest;
        }
        if let Some(inner) = body.strip_prefix('(').and_then(|rest| rest.strip_suffix(')')) {
            if signed {
                return None;
            }
            marks.insert(PAREN_OPEN);
            marks.insert(PAREN_CLOSE);
            (negative, signed, body) = (true, true, inner);
        }
        if let Some(rest) = body.strip_suffix('-') {
            if signed {
                return None;
            }
            marks.insert(TRAILING_MINUS);
            (negative, signed, body) = (true, true, rest);
        }
        for mark in SPACES.into_iter().chain([PERCENT]).chain(FIRST_CURRENCY..MARKS.len()) {
            let prefix =
                (mark != PERCENT && mark < FIRST_MEASURE).then(|| body.strip_prefix(MARKS[mark])).flatten();
            if let Some(rest) = prefix.or_else(|| body.strip_suffix(MARKS[mark])) {
                // One currency, one percent sign; spaces as they come.
                if seen.contains(mark) && !SPACES.contains(&mark) {
                    return None;
                }
                seen.insert(mark);
                body = rest;
                break;
            }
        }
        if body == before {
            break;
        }
    }
    *marks = marks.union(seen);
    Some((body, negative))
}

/// The digits of a mantissa with what stood between them.
struct Digits {
    /// Ready for `str::parse`.
    text: String,
    /// Digits before the decimal separator.
    integers: usize,
    /// Digits after it, if there is one.
    decimals: Option<usize>,
    /// Groups of thousands after the first digits.
    groups: usize,
    /// True if point or comma separates the thousands.
    grouped_by_point_or_comma: bool,
}

impl Digits {
    fn read(mantissa: &str, decimal: Decimal, marks: &mut Marks) -> Option<Digits> {
        let (integer, fraction) = match mantissa.split_once(decimal.char()) {
            Some((integer, fraction)) => (integer, Some(fraction)),
            None => (mantissa, None),
        };
        let separators = SPACES.into_iter().chain(APOSTROPHES).chain([decimal.group_mark()]);
        let separator = separators.into_iter().find(|mark| integer.contains(MARKS[*mark]));
        let parts: Vec<&str> = match separator {
            Some(mark) => {
                marks.insert(mark);
                integer.split(MARKS[mark]).collect()
            }
            None => vec![integer],
        };
        let all_digits = parts.iter().chain(fraction.iter()).all(|p| p.bytes().all(|b| b.is_ascii_digit()));
        if !all_digits || !well_grouped(&parts) {
            return None;
        }
        let mut text = parts.concat();
        let integers = text.len();
        // `007` names something; `0.5` and `0` are numbers.
        let padded = integers > 1 && text.starts_with('0');
        let long = fraction.is_none() && integers > INTEGER_DIGITS_MAX;
        if padded || long || (integers == 0 && fraction.is_none_or(str::is_empty)) {
            return None;
        }
        if let Some(fraction) = fraction {
            text.push('.');
            text.push_str(fraction);
        }
        Some(Digits {
            text,
            integers,
            decimals: fraction.map(str::len),
            groups: parts.len() - 1,
            grouped_by_point_or_comma: separator == Some(decimal.group_mark()),
        })
    }

    fn evidence(&self) -> Evidence {
        match (self.decimals, self.grouped_by_point_or_comma) {
            (None, false) => Evidence::None,
            (None, true) if self.groups == 1 => Evidence::Ambiguous,
            (Some(3), false) if (1..=3).contains(&self.integers) && !self.text.starts_with('0') => {
                Evidence::Ambiguous
            }
            _ => Evidence::Clear,
        }
    }
}

/// Groups of three, or of two before the last three as in India.
fn well_grouped(parts: &[&str]) -> bool {
    let [first, middle @ .., last] = parts else { return true };
    (1..=3).contains(&first.len())
        && last.len() == 3
        && middle.iter().all(|group| (2..=3).contains(&group.len()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn value(cell: &str, decimal: Decimal) -> Option<f64> {
        parse(cell, decimal).map(|number| number.value)
    }

    #[test]
    fn reads_numbers_as_people_write_them() {
        for (cell, expected) in [
            ("0", 0.0),
            ("-12", -12.0),
            ("+3.5", 3.5),
            (".5", 0.5),
            ("5.", 5.0),
            ("1,234.50", 1234.5),
            ("12,34,567", 1_234_567.0),
            ("1 234", 1234.0),
            ("1\u{202f}234.5", 1234.5),
            ("1'234", 1234.0),
            ("$1,200.50", 1200.5),
            ("-$5", -5.0),
            ("$-5", -5.0),
            ("$ 5", 5.0),
            ("(1,200)", -1200.0),
            ("€ (1,200)", -1200.0),
            ("(3) €", -3.0),
            ("12.50-", -12.5),
            ("$12-", -12.0),
            ("7 kg", 7.0),
            ("7.5h", 7.5),
            ("($3)", -3.0),
            ("12.5%", 12.5),
            ("12 %", 12.0),
            ("7 EUR", 7.0),
            ("R$ 9", 9.0),
            ("\u{2212}4", -4.0),
            ("1.5e3", 1500.0),
            ("2E-2", 0.02),
        ] {
            assert_eq!(value(cell, Decimal::Point), Some(expected), "{cell:?}");
        }
        for (cell, expected) in
            [("1,5", 1.5), ("1.234,56", 1234.56), ("1.234.567", 1_234_567.0), ("€ 0,99", 0.99)]
        {
            assert_eq!(value(cell, Decimal::Comma), Some(expected), "{cell:?}");
        }
    }

    #[test]
    fn names_and_dates_are_not_numbers() {
        for cell in [
            "",
            "-",
            "abc",
            "12a",
            "007",
            "1,23",
            "1,2345",
            ",5",
            "1,,234",
            "1.2.3",
            "--5",
            "(-5)",
            "-5-",
            "5--",
            "(5-)",
            "kg 5",
            "(5",
            "$$5",
            "5%%",
            "e5",
            "1e",
            "1e9999",
            "1e999",
            "01.02.2024",
            "2024-01-02",
            "1234567890123456",
            "inf",
            "nan",
            "0x10",
            "%5",
            "1_000",
            "٣",
        ] {
            assert_eq!(value(cell, Decimal::Point), None, "{cell:?}");
        }
    }

    #[test]
    fn evidence_tells_the_separators_apart() {
        let evidence = |cell, decimal| parse(cell, decimal).map(|number| number.evidence);
        assert_eq!(evidence("1234", Decimal::Point), Some(Evidence::None));
        assert_eq!(evidence("1,234", Decimal::Point), Some(Evidence::Ambiguous));
        assert_eq!(evidence("1,234", Decimal::Comma), Some(Evidence::Ambiguous));
        assert_eq!(evidence("0,234", Decimal::Comma), Some(Evidence::Clear));
        assert_eq!(evidence("1,5", Decimal::Comma), Some(Evidence::Clear));
        assert_eq!(evidence("1,5", Decimal::Point), None);
    }
}
