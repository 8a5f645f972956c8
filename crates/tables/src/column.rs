//! Measures one column cell by cell, in memory that does not grow with the rows.

use std::{
    collections::{HashMap, HashSet},
    hash::{DefaultHasher, Hash, Hasher},
};

use ringfence_job::table::{ColumnKind, ColumnProfile, Quartiles, Stored, ValueCount};

use crate::{
    cell::{Cell, cut, is_whole},
    date::{Formats, Period},
    limits::{DISTINCT_ALL_MAX, SAMPLES_ALL_MAX, VALUE_BYTES_MAX, VALUES_MAX},
    number::{self, Decimal, Evidence, Marks},
};

/// Words that stand for a missing value in a column of numbers, dates or truth values.
const MISSING: [&str; 12] =
    ["-", "--", "\u{2013}", "\u{2014}", "na", "n/a", "n.a.", "#n/a", "nan", "null", "none", "?"];

/// Words that are a number, if one writes numbers so: a column that has them is no column of figures with gaps.
const NUMBERS_IN_WORDS: [&str; 12] = [
    "free",
    "zero",
    "nil",
    "nothing",
    "gratis",
    "inf",
    "infinity",
    "unlimited",
    "no charge",
    "not charged",
    "no cost",
    "no fee",
];

/// Words that say by themselves that a value is not there yet, or never came.
const WITHOUT_VALUE: [&str; 22] = [
    "absent",
    "tbd",
    "tba",
    "tbc",
    "pending",
    "missing",
    "unknown",
    "excused",
    "sick",
    "ill",
    "withdrawn",
    "open",
    "not available",
    "not yet",
    "no data",
    "not measured",
    "k.a.",
    "k. a.",
    "fehlt",
    "krank",
    "offen",
    "unbekannt",
];

/// Words with which such a remark begins: `no reading`, `not weighed`.
const DENIALS: [&str; 7] = ["no", "not", "non", "kein", "keine", "nicht", "ohne"];

const BOOLEANS: [&str; 4] = ["true", "false", "yes", "no"];

/// Fewest different values and samples that a column may keep, however many columns there are.
const KEPT_MIN: usize = 1_000;

/// Most different values and samples that a column may keep, however few columns there are.
const KEPT_MAX: usize = 100_000;

/// Most different texts that are counted one by one, to find the most frequent.
const COUNTED_MAX: usize = 1_000;

/// How much a column may keep.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Room {
    distinct: usize,
    samples: usize,
    counted: usize,
}

impl Room {
    /// What is left for each of so many columns.
    pub(crate) fn for_columns(columns: usize) -> Room {
        let share = |all: usize| (all / columns.max(1)).clamp(KEPT_MIN, KEPT_MAX);
        Room {
            distinct: share(DISTINCT_ALL_MAX),
            samples: share(SAMPLES_ALL_MAX),
            counted: (share(DISTINCT_ALL_MAX) / 10).clamp(VALUES_MAX + 1, COUNTED_MAX),
        }
    }
}

/// What the name of a column lets one expect.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Expected {
    /// Days, also as whole numbers.
    pub(crate) dates: bool,
    /// What tells things apart, where a word is a value as any other.
    pub(crate) keys: bool,
    /// What the other columns of its series hold, which are numbers.
    pub(crate) series: bool,
}

/// True for a word that stands for a missing value.
pub(crate) fn is_missing(text: &str) -> bool {
    MISSING.iter().any(|word| text.eq_ignore_ascii_case(word))
}

/// Takes words for a missing value out of the values of a text: `N/A` always, `NA` where numbers are missing by it.
pub(crate) fn leave_out_missing(profile: &mut ColumnProfile, writes_na: bool) {
    let missing = |value: &ValueCount| {
        ["N/A", "n/a", "#N/A", "NaN", "NULL"].contains(&value.value.as_str())
            || writes_na && value.value == "NA"
    };
    let (gone, kept): (Vec<ValueCount>, Vec<ValueCount>) =
        std::mem::take(&mut profile.values).into_iter().partition(missing);
    // A column of nothing else says what it says.
    if kept.is_empty() {
        profile.values = gone;
        return;
    }
    profile.values = kept;
    profile.empty += gone.iter().map(|value| value.count).sum::<u64>();
    profile.distinct -= gone.len() as u64;
    profile.no_value = gone;
}

/// What is known of a column so far, under both readings of its decimal separator.
#[derive(Debug)]
pub(crate) struct Column {
    room: Room,
    pub(crate) empty: u64,
    missing: u64,
    pub(crate) errors: u64,
    /// Values that are text, and that are not.
    texts: u64,
    natives: u64,
    /// Characters of all texts.
    letters: u64,
    distinct: HashSet<u64>,
    many_distinct: bool,
    counts: HashMap<Box<str>, u64>,
    many_counts: bool,
    by_point: Numbers,
    by_comma: Numbers,
    dates: Formats,
    /// What native dates and moments there are.
    native_dates: Option<Period>,
    not_date: bool,
    not_boolean: bool,
    /// Whole numbers of eight digits that are dates.
    compact: Compact,
}

impl Column {
    pub(crate) fn new(room: Room) -> Column {
        Column {
            room,
            empty: 0,
            missing: 0,
            errors: 0,
            texts: 0,
            natives: 0,
            letters: 0,
            distinct: HashSet::new(),
            many_distinct: false,
            counts: HashMap::new(),
            many_counts: false,
            by_point: Numbers::new(room.samples / 2),
            by_comma: Numbers::new(room.samples / 2),
            dates: Formats::default(),
            native_dates: None,
            not_date: false,
            not_boolean: false,
            compact: Compact::default(),
        }
    }

    /// Takes the next cell, as it is stored in the file.
    pub(crate) fn add(&mut self, cell: &Cell<'_>) {
        if cell.is_blank() {
            self.empty += 1;
            return;
        }
        if let Cell::Error(_) = cell {
            (self.errors, self.missing) = (self.errors + 1, self.missing + 1);
            return;
        }
        self.count(&cell.as_text());
        match cell {
            Cell::Text(text) => self.add_text(text.trim()),
            Cell::Number(value) => {
                self.natives += 1;
                self.by_point.add_native(*value);
                self.by_comma.add_native(*value);
                self.compact.add(&cell.as_text());
                (self.not_date, self.not_boolean) = (true, true);
            }
            Cell::Boolean(_) => {
                self.natives += 1;
                self.fail_numbers();
                self.not_date = true;
            }
            Cell::Moment(moment) => {
                self.natives += 1;
                self.fail_numbers();
                self.not_boolean = true;
                let period = Period::of(*moment);
                self.native_dates = Some(self.native_dates.map_or(period, |known| known.union(period)));
            }
            Cell::Empty | Cell::Error(_) => {}
        }
    }

    fn fail_numbers(&mut self) {
        (self.by_point.failed, self.by_comma.failed) = (true, true);
    }

    fn count(&mut self, text: &str) {
        let mut hasher = DefaultHasher::new();
        text.hash(&mut hasher);
        let hash = hasher.finish();
        if self.distinct.len() < self.room.distinct {
            self.distinct.insert(hash);
        } else if !self.many_distinct {
            self.many_distinct = !self.distinct.contains(&hash);
        }
        if let Some(count) = self.counts.get_mut(text) {
            *count += 1;
        } else if self.counts.len() < self.room.counted && text.len() <= VALUE_BYTES_MAX {
            self.counts.insert(text.into(), 1);
        } else {
            self.many_counts = true;
        }
    }

    fn add_text(&mut self, text: &str) {
        if is_missing(text) {
            self.missing += 1;
            return;
        }
        self.texts += 1;
        self.letters += text.chars().count() as u64;
        self.by_point.add_text(text, Decimal::Point);
        self.by_comma.add_text(text, Decimal::Comma);
        self.compact.add(text);
        if !self.not_date {
            self.dates.narrow(text);
            self.not_date = !self.dates.is_possible();
        }
        self.not_boolean |= !BOOLEANS.iter().any(|word| text.eq_ignore_ascii_case(word));
    }

    /// True if it holds numbers under one of the separators.
    pub(crate) fn is_numeric(&self) -> bool {
        [Decimal::Point, Decimal::Comma].into_iter().any(|decimal| self.numbers(decimal).is_column())
    }

    pub(crate) fn numbers(&self, decimal: Decimal) -> &Numbers {
        match decimal {
            Decimal::Point => &self.by_point,
            Decimal::Comma => &self.by_comma,
        }
    }

    /// Begins a new stretch of rows, after one that adds up those before.
    pub(crate) fn begin_stretch(&mut self) {
        for numbers in [&mut self.by_point, &mut self.by_comma] {
            (numbers.stretch_sum, numbers.stretch_count) = (0.0, 0);
        }
    }

    pub(crate) fn dates(&self) -> Option<&Formats> {
        let has_texts = self.texts > 0 && !self.not_date && !self.by_point.is_column();
        has_texts.then_some(&self.dates)
    }

    /// Values, missing ones not counted.
    pub(crate) fn values(&self) -> u64 {
        self.texts + self.natives
    }

    /// Characters of a text value on average.
    pub(crate) fn letters_mean(&self) -> u64 {
        self.letters / self.texts.max(1)
    }

    /// The most that is kept of one column's different values.
    pub(crate) fn has_many_distinct(&self) -> bool {
        self.many_distinct
    }

    /// What is in the column.
    pub(crate) fn profile(
        &self,
        name: String,
        decimal: Decimal,
        day_first: bool,
        expected: Expected,
    ) -> ColumnProfile {
        let numbers = self.numbers(decimal);
        let mut kind = self.kind(numbers, expected);
        let (mut date_format, mut month_language, mut period) = (None, None, None);
        if kind == ColumnKind::Date {
            let best = (self.texts > 0).then(|| self.dates.best(day_first)).flatten();
            date_format = best.map(|(format, _)| format.text);
            month_language = best.and_then(|(format, _)| format.language);
            period = best.and_then(|(_, period)| period);
            period = match (period, self.native_dates) {
                (Some(texts), Some(natives)) => Some(texts.union(natives)),
                (texts, natives) => texts.or(natives),
            };
        } else if kind == ColumnKind::Integer
            && expected.dates
            && self.natives == 0
            && let Some(dates) = self.compact.period()
        {
            (kind, date_format, period) = (ColumnKind::Date, Some(Compact::FORMAT), Some(dates));
        }
        let is_number = matches!(kind, ColumnKind::Integer | ColumnKind::Number);
        let odd = if is_number { &numbers.odd[..] } else { &[] };
        let odd_cells: u64 = odd.iter().map(|(_, count)| count).sum();
        let missing = if kind == ColumnKind::Text { self.errors } else { self.missing + odd_cells };
        let (earliest, latest) = period.map(Period::ends).unzip();
        let (values, all_values) = self.frequent(kind, odd);
        ColumnProfile {
            stored: self.stored(),
            unit: if is_number { numbers.marks.unit().map(str::to_owned) } else { None },
            empty: self.empty + missing,
            distinct: (self.distinct.len() - odd.len()) as u64,
            many_distinct: self.many_distinct,
            min: is_number.then_some(numbers.min),
            max: is_number.then_some(numbers.max),
            sum: (is_number && numbers.sum.is_finite()).then_some(numbers.sum),
            quartiles: if is_number { numbers.sample.quartiles() } else { None },
            earliest,
            latest,
            values,
            all_values,
            marks: if is_number { numbers.marks.names() } else { Vec::new() },
            date_format: date_format.map(str::to_owned),
            month_language,
            no_value: odd
                .iter()
                .map(|(word, count)| ValueCount { value: word.to_string(), count: *count })
                .collect(),
            ..ColumnProfile::new(name, kind)
        }
    }

    /// True if some cells hold a word for a missing value.
    pub(crate) fn has_missing_words(&self) -> bool {
        self.missing > self.errors
    }

    /// True if some of its text cells are read as what they say, beside words that stand for no value.
    pub(crate) fn reads_texts(&self, profile: &ColumnProfile) -> bool {
        self.texts > profile.no_value.iter().map(|word| word.count).sum()
    }

    fn stored(&self) -> Stored {
        match (self.texts, self.natives) {
            (_, 0) => Stored::Text,
            (0, _) if self.missing == self.errors => Stored::Native,
            _ => Stored::Mixed,
        }
    }

    /// The values that are worth naming, most frequent first, and whether they are all.
    fn frequent(&self, kind: ColumnKind, odd: &[(Box<str>, u64)]) -> (Vec<ValueCount>, bool) {
        let named = matches!(kind, ColumnKind::Text | ColumnKind::Boolean);
        // Whole numbers are named if they are few: years, months, classes.
        let few = kind == ColumnKind::Integer && !self.many_counts && self.counts.len() <= FEW_NUMBERS;
        if !named && !few {
            return (Vec::new(), false);
        }
        let mut counts: Vec<(&str, u64)> =
            self.counts.iter().map(|(text, count)| (&**text, *count)).collect();
        counts.retain(|(text, _)| !odd.iter().any(|(word, _)| **word == **text));
        counts.sort_unstable_by(|left, right| right.1.cmp(&left.1).then(left.0.cmp(right.0)));
        let all = !self.many_counts && counts.len() <= VALUES_MAX;
        counts.truncate(if all { VALUES_MAX } else { EXAMPLES });
        let value = |(text, count): (&str, u64)| ValueCount { value: cut(text, VALUE_BYTES_MAX), count };
        (counts.into_iter().map(value).collect(), all)
    }

    fn kind(&self, numbers: &Numbers, expected: Expected) -> ColumnKind {
        let values = self.values();
        let figures = numbers.is_column_among(expected.series) && (!expected.keys || numbers.odd.is_empty());
        match () {
            () if values + self.missing == 0 => ColumnKind::Empty,
            () if values == 0 => ColumnKind::Text,
            () if figures && !numbers.fractions => ColumnKind::Integer,
            () if figures => ColumnKind::Number,
            () if !self.not_boolean => ColumnKind::Boolean,
            () if !self.not_date => ColumnKind::Date,
            () => ColumnKind::Text,
        }
    }
}

/// Most different whole numbers that are named.
const FEW_NUMBERS: usize = 40;

/// Values named where there are too many to name all.
const EXAMPLES: usize = 20;

/// Whole numbers of eight digits that are dates, such as 20240131.
#[derive(Debug, Default)]
struct Compact {
    failed: bool,
    period: Option<Period>,
}

impl Compact {
    const FORMAT: &str = "%Y%m%d";

    fn add(&mut self, text: &str) {
        if self.failed {
            return;
        }
        let dated = text.split_at_checked(4).and_then(|(year, rest)| {
            let (month, day) = rest.split_at_checked(2).filter(|_| text.len() == 8)?;
            crate::date::parse(&format!("{year}/{month}/{day}"), "%Y/%m/%d")
        });
        match dated {
            Some(moment) => {
                let period = Period::of(moment);
                self.period = Some(self.period.map_or(period, |known| known.union(period)));
            }
            None => self.failed = true,
        }
    }

    fn period(&self) -> Option<Period> {
        self.period.filter(|_| !self.failed)
    }
}

/// Most different words among numbers that stand for no value, and their length in bytes.
const ODD_WORDS_MAX: usize = 2;
const ODD_BYTES_MAX: usize = 24;

/// How many numbers a word must stand among to be the exception: of those that say so by themselves, and of others.
const NUMBERS_FOR_WORD_MIN: u64 = 3;
const NUMBERS_FOR_ANY_WORD_MIN: u64 = 10;

/// A column read as numbers.
#[derive(Debug)]
pub(crate) struct Numbers {
    pub(crate) count: u64,
    percents: u64,
    /// A cell that is no number was seen.
    failed: bool,
    /// Words among the numbers, such as `absent`: no value if they are few.
    odd: Vec<(Box<str>, u64)>,
    fractions: bool,
    marks: Marks,
    min: f64,
    max: f64,
    pub(crate) sum: f64,
    /// Sum and number of those since the last row that added some up.
    pub(crate) stretch_sum: f64,
    pub(crate) stretch_count: u64,
    sample: Sample,
    pub(crate) clear: u64,
    pub(crate) ambiguous: u64,
}

impl Numbers {
    fn new(samples: usize) -> Numbers {
        Numbers {
            count: 0,
            percents: 0,
            failed: false,
            odd: Vec::new(),
            fractions: false,
            marks: Marks::default(),
            min: 0.0,
            max: 0.0,
            sum: 0.0,
            stretch_sum: 0.0,
            stretch_count: 0,
            sample: Sample::new(samples),
            clear: 0,
            ambiguous: 0,
        }
    }

    fn add_text(&mut self, text: &str, decimal: Decimal) {
        if self.failed {
            return;
        }
        let Some(number) = number::parse(text, decimal) else {
            if self.add_odd(text) {
                return;
            }
            // What is known of a column that is none is of no use any more.
            (self.failed, self.sample) = (true, Sample::new(0));
            return;
        };
        self.add(number.value);
        self.percents += u64::from(number.marks.has_percent());
        self.fractions |= !number.whole;
        self.marks = self.marks.union(number.marks);
        self.clear += u64::from(number.evidence == Evidence::Clear);
        self.ambiguous += u64::from(number.evidence == Evidence::Ambiguous);
    }

    /// Takes a word that may stand for no value; false if it cannot.
    fn add_odd(&mut self, text: &str) -> bool {
        if let Some((_, count)) = self.odd.iter_mut().find(|(word, _)| **word == *text) {
            *count += 1;
            return true;
        }
        let is_word = text.len() <= ODD_BYTES_MAX
            && text.chars().filter(|char| char.is_alphabetic()).count() > 1
            && text.chars().all(|char| char.is_alphabetic() || " .-/()".contains(char))
            && !NUMBERS_IN_WORDS.iter().any(|word| text.eq_ignore_ascii_case(word));
        if is_word && self.odd.len() < ODD_WORDS_MAX {
            self.odd.push((text.into(), 1));
            return true;
        }
        false
    }

    /// True if the words among the numbers are few enough to be no values.
    /// `told_by_all` is true where other columns of the same kind tell that this one holds numbers.
    fn odd_is_few(&self, told_by_all: bool) -> bool {
        let denies = |word: &str| {
            word.split_once(' ')
                .is_some_and(|(first, _)| DENIALS.iter().any(|one| first.eq_ignore_ascii_case(one)))
        };
        let told = |(word, _): &(Box<str>, u64)| {
            denies(word) || WITHOUT_VALUE.iter().any(|one| word.eq_ignore_ascii_case(one))
        };
        let least = if told_by_all || self.odd.iter().all(told) {
            NUMBERS_FOR_WORD_MIN
        } else {
            NUMBERS_FOR_ANY_WORD_MIN
        };
        self.odd.iter().map(|(_, count)| count * least).sum::<u64>() <= self.count
    }

    fn add_native(&mut self, value: f64) {
        if !self.failed {
            self.fractions |= !is_whole(value);
            self.add(value);
        }
    }

    fn add(&mut self, value: f64) {
        (self.min, self.max) = match self.count {
            0 => (value, value),
            _ => (self.min.min(value), self.max.max(value)),
        };
        self.count += 1;
        self.sum += value;
        self.stretch_sum += value;
        self.stretch_count += 1;
        self.sample.add(value);
    }

    /// True if the cells are numbers of one unit: `5 %` and `5`, or `$5` and `€5`, do not add up.
    pub(crate) fn is_column(&self) -> bool {
        self.is_column_among(false)
    }

    /// The same, for one of a series of columns, such as months, of which the others hold numbers.
    pub(crate) fn is_column_among(&self, series: bool) -> bool {
        let one_unit = self.marks.currencies() <= 1 && (self.percents == 0 || self.percents == self.count);
        self.count > 0 && !self.failed && one_unit && self.odd_is_few(series)
    }
}

/// Values of a column: all of them, or where they are too many as many, each with the same chance.
#[derive(Debug)]
struct Sample {
    kept: Vec<f64>,
    room: usize,
    seen: u64,
    dice: u64,
}

impl Sample {
    fn new(room: usize) -> Sample {
        Sample { kept: Vec::new(), room, seen: 0, dice: 0x9e37_79b9_7f4a_7c15 }
    }

    fn add(&mut self, value: f64) {
        self.seen += 1;
        if self.kept.len() < self.room {
            self.kept.push(value);
            return;
        }
        // Xorshift: the same file gives the same report.
        self.dice ^= self.dice << 13;
        self.dice ^= self.dice >> 7;
        self.dice ^= self.dice << 17;
        let at = usize::try_from(self.dice % self.seen).unwrap_or(usize::MAX);
        if let Some(kept) = self.kept.get_mut(at) {
            *kept = value;
        }
    }

    fn quartiles(&self) -> Option<Quartiles> {
        let mut sorted = self.kept.clone();
        sorted.sort_unstable_by(f64::total_cmp);
        let last = sorted.len().checked_sub(1)?;
        let at = |quarters: usize| {
            let (whole, rest) = (last * quarters / 4, last * quarters % 4);
            let below = sorted[whole];
            let above = sorted[(whole + 1).min(last)];
            #[allow(clippy::cast_precision_loss)]
            let share = rest as f64 / 4.0;
            // Halves first: the difference of two finite numbers may not be finite.
            below * (1.0 - share) + above * share
        };
        Some(Quartiles {
            lower: at(1),
            median: at(2),
            upper: at(3),
            sampled: self.seen > sorted.len() as u64,
        })
    }
}
