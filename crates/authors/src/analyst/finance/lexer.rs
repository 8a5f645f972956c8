//! Cuts a question about money into words, numbers and dates, and remembers where each of them stood.

use super::{
    dates::{self, Date},
    numbers::{join, separate},
    vocabulary,
};
use crate::analyst::numerals;

/// One piece of a question.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Kind {
    Word,
    Number(Number),
    /// `1st`, `second`: a position, from 1.
    Ordinal(u32),
    Date(Date),
    /// Any other single character that is not white space.
    Mark(char),
}

/// A number as it was written.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Number {
    /// With sign and multiplier; percent not yet divided.
    pub(super) value: f64,
    /// Written with `%`, `percent` or basis points; the value is in percent.
    pub(super) percent: bool,
    /// Written with nothing but digits: it may be a count or a year.
    pub(super) plain: bool,
    /// Written with a minus, or in brackets as accountants do.
    pub(super) negative: bool,
}

impl Number {
    /// The number as a count, such as a number of years.
    pub(super) fn count(&self) -> Option<u32> {
        numerals::count(self.value).filter(|_| self.plain && !self.percent)
    }
}

/// A piece with its text.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Token {
    pub(super) kind: Kind,
    /// In lower case, misspellings of known words mended.
    pub(super) text: String,
    /// The word without its ending: `paid`, `pays` and `paying` are all `pay`.
    pub(super) stem: &'static str,
    /// Where it stood, in bytes.
    pub(super) start: usize,
    pub(super) end: usize,
}

impl Token {
    pub(super) fn is(&self, word: &str) -> bool {
        self.kind == Kind::Word && self.text == word
    }

    pub(super) fn is_any(&self, words: &[&str]) -> bool {
        self.kind == Kind::Word && words.contains(&self.text.as_str())
    }

    /// True for any form of one of the words.
    pub(super) fn stems(&self, stems: &[&str]) -> bool {
        self.kind == Kind::Word && stems.contains(&self.name())
    }

    /// The word's stem, the word itself if it has none that is known.
    pub(super) fn name(&self) -> &str {
        if self.stem.is_empty() { &self.text } else { self.stem }
    }

    pub(super) fn is_mark(&self, mark: char) -> bool {
        self.kind == Kind::Mark(mark)
    }

    pub(super) fn number(&self) -> Option<Number> {
        match self.kind {
            Kind::Number(number) => Some(number),
            _ => None,
        }
    }

    pub(super) fn count(&self) -> Option<u32> {
        self.number()?.count()
    }
}

/// A question cut up.
#[derive(Debug, Clone, Default)]
pub(super) struct Cut {
    pub(super) tokens: Vec<Token>,
    /// The currency that was written, if one was.
    pub(super) currency: Option<&'static str>,
    /// Words that were taken for misspelt.
    pub(super) mended: usize,
}

pub(super) const CURRENCY_SIGNS: [(char, &str); 5] =
    [('$', "$"), ('€', "€"), ('£', "£"), ('¥', "¥"), ('₹', "₹")];

/// Cuts `question` into tokens.
pub(super) fn cut(question: &str) -> Cut {
    let mut cutter = Cutter {
        text: question,
        at: 0,
        style: dates::style(question),
        comma: writes_decimal_commas(question),
        cut: Cut::default(),
    };
    while cutter.at < question.len() {
        cutter.step();
    }
    let Cut { tokens, mut currency, mended } = cutter.cut;
    let tokens = join(tokens, &mut currency);
    Cut { tokens, currency, mended }
}

/// True if a number has a comma that can only be a decimal one: `4,5 %`, `1.234,50`.
fn writes_decimal_commas(text: &str) -> bool {
    let bytes = text.as_bytes();
    let digit = |at: usize| bytes.get(at).is_some_and(u8::is_ascii_digit);
    (1..bytes.len()).any(|at| {
        let decimals = (at + 1..bytes.len()).take_while(|at| digit(*at)).count();
        let end = at + 1 + decimals;
        let rest = text.get(end..).unwrap_or_default().trim_start();
        let unit = rest.starts_with(['%', '€']) || rest.starts_with("percent") || rest.starts_with("EUR");
        let grouped = at > 4
            && bytes[at - 4] == b'.'
            && (at - 3..at).all(digit)
            && bytes.get(end).is_none_or(|next| *next != b',');
        bytes[at] == b',' && digit(at - 1) && (1..=2).contains(&decimals) && (unit || grouped)
    })
}

struct Cutter<'a> {
    text: &'a str,
    at: usize,
    style: dates::Style,
    comma: bool,
    cut: Cut,
}

impl Cutter<'_> {
    fn rest(&self) -> &str {
        &self.text[self.at..]
    }

    fn push(&mut self, kind: Kind, start: usize) {
        let text = self.text[start..self.at].to_lowercase();
        self.cut.tokens.push(Token { kind, text, stem: "", start, end: self.at });
    }

    fn after_word(&self) -> bool {
        self.text[..self.at].ends_with(|char: char| char.is_alphanumeric() || char == ')' || char == '%')
    }

    fn step(&mut self) {
        let Some(next) = self.rest().chars().next() else { return };
        let start = self.at;
        if next.is_whitespace() {
            self.at += next.len_utf8();
        } else if let Some((date, length)) =
            dates::date_at(self.rest(), self.style).filter(|_| !self.after_word())
        {
            self.at += length;
            self.push(Kind::Date(date), start);
        } else if self.number() {
        } else if next.is_alphanumeric() || next == '_' {
            self.word();
        } else {
            self.at += next.len_utf8();
            self.push(Kind::Mark(next), start);
        }
    }

    fn word(&mut self) {
        let start = self.at;
        let rest = self.rest();
        let mut end = rest.len();
        for (at, char) in rest.char_indices() {
            let apostrophe = (char == '\'' || char == '\u{2019}')
                && rest[at + char.len_utf8()..].starts_with(char::is_alphabetic);
            if !(char.is_alphanumeric() || char == '_' || apostrophe) {
                end = at;
                break;
            }
        }
        // "t1" is a word, "5y" a number and a word.
        self.at += end;
        self.push(Kind::Word, start);
        let Some(token) = self.cut.tokens.last_mut() else { return };
        if let Some(position) = numerals::ordinal(&token.text) {
            token.kind = Kind::Ordinal(position);
            return;
        }
        let (known, mended) = vocabulary::look_up(&token.text);
        if let Some((form, stem)) = known {
            token.stem = stem;
            if mended {
                token.text = form.to_owned();
                self.cut.mended += 1;
            }
        }
    }

    /// Sign, currency and digits.
    fn number(&mut self) -> bool {
        let start = self.at;
        let after_word = self.after_word();
        let rest = &self.text[start..];
        let (mut negative, mut bracket, mut currency, mut digits) = (false, false, None, None);
        for (at, char) in rest.char_indices() {
            let sign = CURRENCY_SIGNS.iter().find(|(sign, _)| *sign == char);
            match char {
                '(' if at == 0 => bracket = true,
                '-' | '\u{2212}' | '\u{2013}' if !negative && !after_word => negative = true,
                '+' if !after_word => {}
                ' ' if currency.is_some() => {}
                _ if let Some((_, name)) = sign => currency = Some(*name),
                '0'..='9' => digits = Some(at),
                '.' if rest[at + 1..].starts_with(|next: char| next.is_ascii_digit()) => digits = Some(at),
                _ => return false,
            }
            if digits.is_some() {
                break;
            }
        }
        let Some(from) = digits else { return false };
        // "t1", "Q3": digits within a word belong to it.
        if from == 0 && self.text[..start].ends_with(|char: char| char.is_alphanumeric() || char == '_') {
            return false;
        }
        let run = self.run(start + from, currency.is_some(), negative).to_owned();
        let mut end = start + from + run.len();
        if bracket {
            // Accountants write -1000 as (1000); any other bracket is only a bracket.
            if negative || !self.text[end..].starts_with(')') {
                return false;
            }
            (negative, end) = (true, end + 1);
        }
        self.cut.currency = self.cut.currency.or(currency);
        let dressed = negative || currency.is_some() || rest.starts_with('+');
        let numbers = separate(&run, self.comma);
        let last = numbers.len().saturating_sub(1);
        for (index, (text, offset, plain)) in numbers.iter().enumerate() {
            let first = index == 0;
            self.at = if index == last { end } else { start + from + offset + text.len() };
            let factor = if index == last { self.suffix() } else { 0 };
            let minus = if negative && first { "-" } else { "" };
            let plain = *plain && !(dressed && first) && factor == 0;
            let value = format!("{minus}{text}e{factor}").parse::<f64>().unwrap_or(f64::NAN);
            let number = Number { value, percent: false, plain, negative: negative && first };
            let value = value.clamp(f64::MIN, f64::MAX);
            let kind =
                if value.is_nan() { Kind::Mark('?') } else { Kind::Number(Number { value, ..number }) };
            let from = if first { start } else { start + from + offset };
            self.push(kind, from);
            if index < last {
                let token =
                    Token { kind: Kind::Mark(','), text: ",".into(), stem: "", start: self.at, end: self.at };
                self.cut.tokens.push(token);
            }
        }
        self.ordinal(start);
        true
    }

    /// The digits from `from`, with whatever separates them.
    fn run(&self, from: usize, money: bool, negative: bool) -> &str {
        let text = &self.text[from..];
        let digit = |at: usize| text.as_bytes().get(at).is_some_and(u8::is_ascii_digit);
        let digits = |at: usize| (at..text.len()).take_while(|at| digit(*at)).count();
        let mut end = 0;
        while end < text.len() {
            let next = text[end..].chars().next().unwrap_or(' ');
            match next {
                '0'..='9' => end += 1,
                ',' | '.' | '\'' | '\u{2019}' if digit(end + next.len_utf8()) => end += next.len_utf8(),
                _ => break,
            }
        }
        // "300 000": groups of three behind a space.
        let leading = digits(0);
        if end != leading || !(1..=3).contains(&leading) {
            return &text[..end];
        }
        let (mut grouped, mut groups, mut hard, mut zeros) = (end, 0, false, false);
        while let Some(space) =
            text[grouped..].chars().next().filter(|c| matches!(c, ' ' | '\u{a0}' | '\u{202f}' | '\u{2009}'))
        {
            let group = grouped + space.len_utf8();
            if digits(group) != 3 {
                break;
            }
            hard |= space != ' ';
            zeros |= &text[group..group + 3] == "000";
            (grouped, groups) = (group + 3, groups + 1);
        }
        let after = text[grouped..].trim_start();
        let money = money || after.starts_with(['€', '$', '£']);
        let listed = self.cut.tokens.last().is_some_and(|token| token.number().is_some());
        let alone = groups == 1 && !negative && !listed && !after.starts_with([',', '.', '-']);
        if groups > 0 && (hard || zeros || money || alone) { &text[..grouped] } else { &text[..end] }
    }

    /// How many zeros the letters glued to a number stand for: `k`, `m`, `bn`.
    fn suffix(&mut self) -> u32 {
        let rest = self.rest();
        let end = rest.find(|char: char| !char.is_alphanumeric()).unwrap_or(rest.len());
        let word = rest[..end].to_lowercase();
        // "1e6"
        let exponent = word.strip_prefix('e').and_then(|digits| digits.parse().ok());
        match exponent.or_else(|| numerals::zeros(&word)) {
            Some(zeros) => {
                self.at += end;
                zeros
            }
            None => 0,
        }
    }

    /// Turns `3` into a position if `rd` follows.
    fn ordinal(&mut self, start: usize) {
        let rest = self.rest();
        let end = rest.find(|char: char| !char.is_alphanumeric()).unwrap_or(rest.len());
        if !matches!(rest[..end].to_lowercase().as_str(), "st" | "nd" | "rd" | "th") {
            return;
        }
        let Some(position) = self.cut.tokens.last().and_then(Token::count) else { return };
        self.cut.tokens.pop();
        self.at += end;
        self.push(Kind::Ordinal(position), start);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn numbers(question: &str) -> Vec<(f64, bool)> {
        cut(question).tokens.iter().filter_map(Token::number).map(|n| (n.value, n.percent)).collect()
    }

    #[test]
    fn numbers_are_read_in_any_dress() {
        for (text, expected) in [
            ("1,000", (1000.0, false)),
            ("-$1,200.50", (-1200.5, false)),
            ("$-5", (-5.0, false)),
            ("(1,000)", (-1000.0, false)),
            ("5 percent", (5.0, true)),
            ("five per cent", (5.0, true)),
            ("250 basis points", (2.5, true)),
            ("4,5 %", (4.5, true)),
            ("1.234,50 €", (1234.5, false)),
            ("300 000", (300_000.0, false)),
            ("1 250 000", (1_250_000.0, false)),
            ("€ 12 500", (12_500.0, false)),
            ("CHF 1'000", (1000.0, false)),
            ("1.005 million", (1_005_000.0, false)),
            ("$250k", (250_000.0, false)),
            ("€3m", (3e6, false)),
            ("twenty-five", (25.0, false)),
            ("two hundred and fifty thousand", (250_000.0, false)),
            ("2 and a half", (2.5, false)),
            ("minus 40", (-40.0, false)),
            (".5", (0.5, false)),
        ] {
            assert_eq!(numbers(text), [expected], "{text}");
        }
    }

    #[test]
    fn lists_are_not_thousands() {
        let values = |text| numbers(text).into_iter().map(|(value, _)| value).collect::<Vec<_>>();
        assert_eq!(values("-1000,300,400,500"), [-1000.0, 300.0, 400.0, 500.0]);
        assert_eq!(values("[-1,000, 300, -400]"), [-1000.0, 300.0, -400.0]);
        assert_eq!(values("-250 100 100 100"), [-250.0, 100.0, 100.0, 100.0]);
        assert_eq!(values("-500,-200.5,10"), [-500.0, -200.5, 10.0]);
        assert_eq!(values("3-5%"), [3.0, 5.0]);
        assert_eq!(values("80 minus 15%"), [80.0, 15.0]);
    }

    #[test]
    fn currencies_and_positions_are_noticed() {
        assert_eq!(cut("costs 5 dollars").currency, Some("$"));
        assert_eq!(cut("€ 5").currency, Some("€"));
        assert!(cut("the 3rd year").tokens.iter().any(|token| token.kind == Kind::Ordinal(3)));
        assert!(cut("on 2024-03-15").tokens.iter().any(|token| matches!(token.kind, Kind::Date(_))));
    }
}
