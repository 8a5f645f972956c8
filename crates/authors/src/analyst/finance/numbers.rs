//! Numbers as people write them: separators, multipliers, units that follow, and number words.

use super::lexer::{CURRENCY_SIGNS, Kind, Number, Token};
use crate::analyst::numerals::{self, small, tens};

const CURRENCY_WORDS: [(&str, &str); 17] = [
    ("eur", "€"),
    ("euro", "€"),
    ("euros", "€"),
    ("usd", "$"),
    ("dollar", "$"),
    ("dollars", "$"),
    ("bucks", "$"),
    ("gbp", "£"),
    ("pound", "£"),
    ("pounds", "£"),
    ("quid", "£"),
    ("chf", "CHF"),
    ("francs", "CHF"),
    ("yen", "¥"),
    ("inr", "₹"),
    ("rupees", "₹"),
    ("sek", "SEK"),
];

/// The numbers of a run, each with its place in the run and whether it is plain: `1,000` is one and `1000,300` are two.
pub(super) fn separate(run: &str, comma: bool) -> Vec<(String, usize, bool)> {
    let plain = run.bytes().all(|byte| byte.is_ascii_digit());
    let whole = |text: String| vec![(text, 0, plain)];
    let bare: String =
        run.chars().filter(|char| char.is_ascii_digit() || matches!(char, '.' | ',')).collect();
    let (commas, dots) = (bare.matches(',').count(), bare.matches('.').count());
    let groups_of = |mark: char| {
        let whole = bare.split(if mark == ',' { '.' } else { ',' }).next().unwrap_or_default();
        let mut pieces = whole.split(mark);
        let leading = pieces.next().unwrap_or_default().len();
        (1..=3).contains(&leading) && pieces.all(|piece| piece.len() == 3)
    };
    let last_comma = bare.rfind(',').unwrap_or(0);
    let last_dot = bare.rfind('.').unwrap_or(0);
    match (commas, dots) {
        (0, 0) => whole(bare),
        (0, 1) if !(comma && groups_of('.')) => whole(bare),
        (0, _) if groups_of('.') => whole(bare.replace('.', "")),
        (1, _) if (dots > 0 && last_comma > last_dot && groups_of('.')) || (comma && dots == 0) => {
            whole(bare.replace('.', "").replace(',', "."))
        }
        (_, 0 | 1) if (dots == 0 || last_dot > last_comma) && groups_of(',') => whole(bare.replace(',', "")),
        _ => {
            let mut offset = 0;
            let mut numbers = Vec::new();
            for piece in run.split(',') {
                let digits: String =
                    piece.chars().filter(|char| char.is_ascii_digit() || *char == '.').collect();
                numbers.push((digits, offset, piece.bytes().all(|byte| byte.is_ascii_digit())));
                offset += piece.len() + 1;
            }
            numbers
        }
    }
}

/// What a number word adds or multiplies.
fn word_value(token: &Token) -> Option<f64> {
    if token.kind != Kind::Word {
        return None;
    }
    small(&token.text).or_else(|| tens(&token.text)).map(f64::from)
}

/// Turns number words into numbers and joins numbers with the unit that follows them.
pub(super) fn join(tokens: Vec<Token>, currency: &mut Option<&'static str>) -> Vec<Token> {
    let mut joined: Vec<Token> = Vec::with_capacity(tokens.len());
    let mut at = 0;
    while at < tokens.len() {
        let mut token = tokens[at].clone();
        let next = |ahead: usize| tokens.get(at + ahead);
        let mut used = 1;
        if let Some((value, words)) = spelled(&tokens[at..]) {
            token.kind = Kind::Number(Number { value, percent: false, plain: true, negative: false });
            token.end = tokens[at + words - 1].end;
            used = words;
        }
        if let Kind::Number(number) = &mut token.kind {
            while let Some(unit) = next(used) {
                let long = [
                    "thousand", "million", "millions", "billion", "billions", "grand", "lakh", "crore",
                    "mio", "bn",
                ];
                let half = unit.is("and")
                    && next(used + 1).is_some_and(|t| t.is("a"))
                    && next(used + 2).is_some_and(|t| t.is("half"));
                let two = |first: &str, second: &str| {
                    unit.is(first) && next(used + 1).is_some_and(|token| token.is(second))
                };
                let length = if unit.is_any(&long)
                    && let Some(zeros) = numerals::zeros(&unit.text)
                {
                    let scaled = format!("{}e{zeros}", number.value).parse().unwrap_or(number.value);
                    (number.value, number.plain) = (scaled, false);
                    1
                } else if half && number.plain {
                    (number.value, number.plain) = (number.value + 0.5, false);
                    3
                } else if unit.is_mark('%') || unit.is_any(&["percent", "pct"]) {
                    number.percent = true;
                    1
                } else if two("per", "cent") || two("percentage", "points") || two("percentage", "point") {
                    number.percent = true;
                    2
                } else if unit.is_any(&["bps", "bp"]) || two("basis", "points") {
                    (number.value, number.percent) = (hundredth(number.value), true);
                    if unit.is("basis") { 2 } else { 1 }
                } else if let Some((_, name)) = currency_of(unit) {
                    *currency = currency.or(Some(name));
                    number.plain = false;
                    1
                } else {
                    break;
                };
                token.end = next(used + length - 1).map_or(token.end, |last| last.end);
                used += length;
            }
            let minus = joined.last().filter(|before| before.is_any(&["minus", "negative"]));
            // "80 minus 15%" is a subtraction.
            let operand = joined.len() > 1 && joined[joined.len() - 2].number().is_some();
            if let Some(minus) = minus.filter(|_| !operand) {
                token.start = minus.start;
                (number.value, number.negative, number.plain) = (-number.value, true, false);
                joined.pop();
            } else if let Some((_, name)) = joined.last().and_then(currency_of) {
                *currency = currency.or(Some(name));
                number.plain = false;
                token.start = joined.pop().map_or(token.start, |sign| sign.start);
            }
        }
        at += used;
        joined.push(token);
    }
    joined
}

fn currency_of(token: &Token) -> Option<(&'static str, &'static str)> {
    match &token.kind {
        Kind::Mark(mark) => CURRENCY_SIGNS.iter().find(|(sign, _)| sign == mark).map(|(_, name)| ("", *name)),
        Kind::Word => CURRENCY_WORDS.iter().find(|(word, _)| token.text == *word).copied(),
        _ => None,
    }
}

/// A hundredth, as the decimal that a person would write.
fn hundredth(value: f64) -> f64 {
    format!("{value}e-2").parse().unwrap_or(value / 100.0)
}

/// `twenty-five`, `two hundred and fifty`, `one year`: the value of number words and how many tokens they are.
fn spelled(tokens: &[Token]) -> Option<(f64, usize)> {
    let first = tokens.first()?;
    let hundred = |at: usize| tokens.get(at).is_some_and(|token| token.is("hundred"));
    if first.is("a") && hundred(1) {
        return Some((100.0, 2));
    }
    let mut value = word_value(first)?;
    let mut used = 1;
    // "one" alone is rather "a thing" than a number.
    let counted = [
        "year",
        "years",
        "month",
        "months",
        "percent",
        "period",
        "million",
        "thousand",
        "hundred",
        "payment",
        "quarter",
        "week",
        "percentage",
        "billion",
        "decade",
    ];
    if first.is("one") && !tokens.get(1).is_some_and(|token| token.is_any(&counted)) {
        return None;
    }
    let is_ten = tens(&first.text).is_some();
    let dash = usize::from(tokens.get(1).is_some_and(|token| token.is_mark('-')));
    if is_ten
        && let Some(unit) =
            tokens.get(1 + dash).and_then(word_value).filter(|unit| (1.0..10.0).contains(unit))
    {
        (value, used) = (value + unit, 2 + dash);
    }
    if hundred(used) && value < 100.0 {
        (value, used) = (value * 100.0, used + 1);
        let and = usize::from(tokens.get(used).is_some_and(|token| token.is("and")));
        if let Some((more, words)) =
            tokens.get(used + and..).and_then(spelled).filter(|(more, _)| *more < 100.0)
        {
            (value, used) = (value + more, used + and + words);
        }
    }
    Some((value, used))
}
