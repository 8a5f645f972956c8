//! Cuts a question into words, numbers and quoted text, each with what stood beside it.

use super::numerals;

/// One piece of a question.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Kind {
    /// Letters and digits, in lower case.
    Word,
    /// A number with its unit.
    Number(Amount),
    /// `1st`, `second`: a position, from 1.
    Ordinal(u32),
    /// Text in quotation marks, without them.
    Quoted,
    /// Any other single character that is not white space.
    Mark(char),
}

/// A number as it was written.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Amount {
    /// With sign and multiplier; percent not yet divided.
    pub(crate) value: f64,
    /// Written with `%`, `percent` or basis points; the value is in percent.
    pub(crate) percent: bool,
    /// Written with a currency sign, a multiplier, decimals or a sign: no count, no year.
    pub(crate) money: bool,
}

impl Amount {
    /// The number as a count, such as a number of years.
    pub(crate) fn count(&self) -> Option<u32> {
        numerals::count(self.value).filter(|_| !self.money && !self.percent)
    }
}

/// A piece with its text.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Token {
    pub(crate) kind: Kind,
    /// In lower case.
    pub(crate) text: String,
    /// As it was written.
    pub(crate) raw: String,
}

impl Token {
    pub(crate) fn is(&self, word: &str) -> bool {
        self.kind == Kind::Word && self.text == word
    }

    pub(crate) fn is_any(&self, words: &[&str]) -> bool {
        self.kind == Kind::Word && words.contains(&self.text.as_str())
    }

    pub(crate) fn is_mark(&self, mark: char) -> bool {
        self.kind == Kind::Mark(mark)
    }

    pub(crate) fn amount(&self) -> Option<Amount> {
        match self.kind {
            Kind::Number(amount) => Some(amount),
            _ => None,
        }
    }

    pub(crate) fn count(&self) -> Option<u32> {
        self.amount()?.count()
    }
}

const CURRENCIES: &[char] = &['$', '€', '£', '¥', '₹'];
const QUOTES: [(char, char); 4] =
    [('"', '"'), ('\u{201c}', '\u{201d}'), ('\u{2018}', '\u{2019}'), ('`', '`')];

/// What a word is: a position in a row, or a plain word.
pub(crate) fn kind(word: &str) -> Kind {
    numerals::ordinal(word).map_or(Kind::Word, Kind::Ordinal)
}

/// Cuts `question` into tokens.
pub(crate) fn tokens(question: &str) -> Vec<Token> {
    let mut cutter = Cutter { chars: question.chars().collect(), at: 0, tokens: Vec::new() };
    while cutter.at < cutter.chars.len() {
        cutter.step();
    }
    join_units(cutter.tokens)
}

struct Cutter {
    chars: Vec<char>,
    at: usize,
    tokens: Vec<Token>,
}

impl Cutter {
    fn peek(&self, ahead: usize) -> Option<char> {
        self.chars.get(self.at + ahead).copied()
    }

    fn push(&mut self, kind: Kind, from: usize) {
        let raw: String = self.chars[from..self.at].iter().collect();
        self.tokens.push(Token { kind, text: raw.to_lowercase(), raw });
    }

    fn step(&mut self) {
        let Some(next) = self.peek(0) else { return };
        if next.is_whitespace() {
            self.at += 1;
        } else if self.quoted() || self.number() {
        } else if next.is_alphanumeric() || next == '_' {
            self.word();
        } else {
            self.at += 1;
            self.push(Kind::Mark(next), self.at - 1);
        }
    }

    fn quoted(&mut self) -> bool {
        let open = self.chars[self.at];
        // An apostrophe opens a quotation only where no word runs into it.
        let single = open == '\'' && (self.at == 0 || !self.chars[self.at - 1].is_alphanumeric());
        let close = match QUOTES.iter().find(|(start, _)| *start == open) {
            Some((_, close)) => *close,
            None if single => '\'',
            None => return false,
        };
        let inside = &self.chars[self.at + 1..];
        let ends = |(index, char): (usize, &char)| {
            *char == close && !inside.get(index + 1).is_some_and(|after| after.is_alphanumeric())
        };
        let Some(length) = inside.iter().enumerate().position(ends) else { return false };
        let raw: String = inside[..length].iter().collect();
        self.tokens.push(Token { kind: Kind::Quoted, text: raw.to_lowercase(), raw });
        self.at += length + 2;
        true
    }

    fn word(&mut self) {
        let from = self.at;
        while self.peek(0).is_some_and(|c| c.is_alphanumeric() || c == '_')
            || (self.peek(0).is_some_and(|c| c == '\'' || c == '\u{2019}')
                && self.peek(1).is_some_and(char::is_alphabetic))
        {
            self.at += 1;
        }
        self.push(Kind::Word, from);
        let Some(token) = self.tokens.last_mut() else { return };
        if let Some(whole) = contraction(&token.text) {
            token.text = whole;
        }
        token.kind = kind(&token.text);
    }

    /// Sign, currency and digits; `1,000` is one number and `1000,300` are two.
    fn number(&mut self) -> bool {
        let from = self.at;
        let after_word =
            self.at > 0 && (self.chars[self.at - 1].is_alphanumeric() || self.chars[self.at - 1] == ')');
        let mut at = self.at;
        let (mut negative, mut money, mut bracket) = (false, false, false);
        loop {
            match self.chars.get(at) {
                Some('(') if !bracket && at == self.at => bracket = true,
                Some('-' | '\u{2212}' | '\u{2013}') if !negative && !after_word => {
                    (negative, money) = (true, true)
                }
                Some('+') if !after_word => {}
                Some(c) if CURRENCIES.contains(c) => money = true,
                Some(c) if c.is_ascii_digit() => break,
                Some('.') if self.chars.get(at + 1).is_some_and(char::is_ascii_digit) => break,
                _ => return false,
            }
            at += 1;
        }
        let end = at
            + self.chars[at..]
                .iter()
                .enumerate()
                .take_while(|(index, c)| {
                    let next_is_digit = self.chars.get(at + index + 1).is_some_and(char::is_ascii_digit);
                    c.is_ascii_digit() || (matches!(c, ',' | '.') && next_is_digit)
                })
                .count();
        if bracket {
            // Accountants write -1000 as (1000); any other bracket is only a bracket.
            if self.chars.get(end) != Some(&')') {
                return false;
            }
            (negative, money) = (true, true);
        }
        let run: String = self.chars[at..end].iter().collect();
        self.at = end + usize::from(bracket);
        self.push_run(&run, from, negative, money);
        true
    }

    fn push_run(&mut self, run: &str, from: usize, negative: bool, money: bool) {
        let pieces: Vec<&str> = run.split(',').collect();
        let grouped = pieces.len() > 1
            && (1..=3).contains(&pieces[0].len())
            && pieces[1..].iter().all(|piece| piece.split('.').next().is_some_and(|whole| whole.len() == 3));
        let numbers =
            if grouped { vec![pieces.concat()] } else { pieces.iter().map(|p| (*p).to_owned()).collect() };
        let many = numbers.len();
        for (index, number) in numbers.iter().enumerate() {
            let Ok(value) = number.parse::<f64>() else {
                self.push(Kind::Mark('?'), from);
                continue;
            };
            let negative = negative && index == 0;
            let value = if negative { -value } else { value };
            let money = grouped || number.contains('.') || (money && index == 0);
            let amount = Amount { value, percent: false, money };
            if index + 1 == many {
                self.push_suffixed(amount, from);
            } else {
                self.tokens.push(Token {
                    kind: Kind::Number(amount),
                    text: number.clone(),
                    raw: number.clone(),
                });
                self.tokens.push(Token { kind: Kind::Mark(','), text: ",".into(), raw: ",".into() });
            }
        }
    }

    /// The number with what is glued to its end: `k`, `m`, `bn`, `st`.
    fn push_suffixed(&mut self, mut amount: Amount, from: usize) {
        let letters = self.chars[self.at..].iter().take_while(|c| c.is_alphanumeric()).count();
        let suffix: String = self.chars[self.at..self.at + letters].iter().collect::<String>().to_lowercase();
        if let Some(factor) = multiplier(&suffix) {
            self.at += letters;
            amount = Amount { value: amount.value * factor, money: true, ..amount };
        } else if matches!(suffix.as_str(), "st" | "nd" | "rd" | "th") {
            self.at += letters;
            if let Some(position) = amount.count() {
                return self.push(Kind::Ordinal(position), from);
            }
        }
        self.push(Kind::Number(amount), from);
    }
}

/// "hasnt" as it is spelled with its apostrophe.
fn contraction(word: &str) -> Option<String> {
    const SHORT: [&str; 10] =
        ["hasnt", "havent", "hadnt", "dont", "doesnt", "didnt", "isnt", "arent", "wasnt", "werent"];
    SHORT.contains(&word).then(|| format!("{}'t", &word[..word.len() - 1]))
}

/// What a word or what is glued to a number multiplies it by.
fn multiplier(word: &str) -> Option<f64> {
    let zeros = numerals::zeros(word)?;
    Some(10_f64.powi(i32::try_from(zeros).ok()?))
}

/// Turns number words into numbers and joins numbers with the unit that follows them.
fn join_units(tokens: Vec<Token>) -> Vec<Token> {
    let mut joined: Vec<Token> = Vec::with_capacity(tokens.len());
    let mut rest = tokens.into_iter().peekable();
    while let Some(mut token) = rest.next() {
        let one_of_something =
            |next: &Token| next.is_any(&["year", "percent", "period", "million", "thousand"]);
        if token.kind == Kind::Word
            && let Some(value) = numerals::small(&token.text)
            && (value != 1 || rest.peek().is_some_and(one_of_something))
        {
            token.kind = Kind::Number(Amount { value: f64::from(value), percent: false, money: false });
        }
        if let Kind::Number(amount) = &mut token.kind {
            while let Some(unit) = rest.peek() {
                let long = ["thousand", "million", "millions", "billion", "billions"];
                if unit.is_any(&long)
                    && let Some(factor) = multiplier(&unit.text)
                {
                    (amount.value, amount.money) = (amount.value * factor, true);
                } else if unit.is_mark('%') || unit.is_any(&["percent", "pct"]) {
                    amount.percent = true;
                } else if unit.is_any(&["bps", "bp"]) {
                    (amount.value, amount.percent) = (amount.value / 100.0, true);
                } else {
                    break;
                }
                rest.next();
            }
        } else if token.is("cent")
            && let Some([number, per]) = joined.last_chunk_mut::<2>()
        {
            // `5 per cent`
            if per.is("per")
                && let Kind::Number(amount) = &mut number.kind
            {
                amount.percent = true;
                joined.pop();
                continue;
            }
        } else if token.is("points")
            && let Some([number, basis]) = joined.last_chunk_mut::<2>()
            && basis.is("basis")
            && let Kind::Number(amount) = &mut number.kind
        {
            (amount.value, amount.percent) = (amount.value / 100.0, true);
            joined.pop();
            continue;
        }
        if let Kind::Number(amount) = &mut token.kind
            && joined.last().is_some_and(|before| before.is_any(&["minus", "negative"]))
        {
            (amount.value, amount.money) = (-amount.value, true);
            joined.pop();
        }
        joined.push(token);
    }
    joined
}

#[cfg(test)]
mod tests {
    use super::*;

    fn numbers(question: &str) -> Vec<(f64, bool)> {
        tokens(question).iter().filter_map(Token::amount).map(|a| (a.value, a.percent)).collect()
    }

    #[test]
    fn numbers_are_read_in_any_dress() {
        for (text, expected) in [
            ("1,000", (1000.0, false)),
            ("-$1,200.50", (-1200.5, false)),
            ("$-5", (-5.0, false)),
            ("(1,000)", (-1000.0, false)),
            ("5%", (5.0, true)),
            ("5 percent", (5.0, true)),
            ("five per cent", (5.0, true)),
            ("250 basis points", (2.5, true)),
            ("0.05", (0.05, false)),
            ("1.5k", (1500.0, false)),
            ("2 million", (2e6, false)),
            ("€3m", (3e6, false)),
            ("twelve", (12.0, false)),
        ] {
            assert_eq!(numbers(text), [expected], "{text}");
        }
    }

    #[test]
    fn lists_are_not_thousands() {
        let values = |text| numbers(text).into_iter().map(|(value, _)| value).collect::<Vec<_>>();
        assert_eq!(values("-1000,300,400,500"), [-1000.0, 300.0, 400.0, 500.0]);
        assert_eq!(values("[-1,000, 300, -400]"), [-1000.0, 300.0, -400.0]);
        assert_eq!(values("-500,-200.5,10"), [-500.0, -200.5, 10.0]);
        assert_eq!(values("years 1-3"), [1.0, 3.0]);
    }

    #[test]
    fn words_keep_their_apostrophes_and_quotes_their_text() {
        let kinds: Vec<_> =
            tokens("what's \"New York\" 2nd 'x y'").into_iter().map(|t| (t.kind, t.raw)).collect();
        assert_eq!(kinds[0], (Kind::Word, "what's".into()));
        assert_eq!(kinds[1], (Kind::Quoted, "New York".into()));
        assert_eq!(kinds[2].0, Kind::Ordinal(2));
        assert_eq!(kinds[3], (Kind::Quoted, "x y".into()));
    }
}
