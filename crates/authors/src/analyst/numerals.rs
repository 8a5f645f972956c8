//! Words and letters that stand for numbers, wherever a question holds them.

const SMALL: [&str; 21] = [
    "zero",
    "one",
    "two",
    "three",
    "four",
    "five",
    "six",
    "seven",
    "eight",
    "nine",
    "ten",
    "eleven",
    "twelve",
    "thirteen",
    "fourteen",
    "fifteen",
    "sixteen",
    "seventeen",
    "eighteen",
    "nineteen",
    "twenty",
];
const TENS: [&str; 8] = ["twenty", "thirty", "forty", "fifty", "sixty", "seventy", "eighty", "ninety"];
pub(super) const ORDINALS: [&str; 12] = [
    "first", "second", "third", "fourth", "fifth", "sixth", "seventh", "eighth", "ninth", "tenth",
    "eleventh", "twelfth",
];

/// The greatest count that is not taken for an amount.
const COUNT_MAX: f64 = 9999.0;

/// The number that a word up to `twenty` is.
pub(super) fn small(word: &str) -> Option<u32> {
    SMALL.iter().position(|small| *small == word).and_then(|at| u32::try_from(at).ok())
}

/// The number that `twenty`, `thirty` and so on are.
pub(super) fn tens(word: &str) -> Option<u32> {
    TENS.iter().position(|tens| *tens == word).and_then(|at| u32::try_from((at + 2) * 10).ok())
}

/// The position, from 1, that a word such as `second` is.
pub(super) fn ordinal(word: &str) -> Option<u32> {
    ORDINALS.iter().position(|ordinal| *ordinal == word).and_then(|at| u32::try_from(at + 1).ok())
}

/// How many zeros a word or what is glued to a number stands for.
pub(super) fn zeros(word: &str) -> Option<u32> {
    Some(match word {
        "k" | "thousand" | "grand" => 3,
        "lakh" => 5,
        "m" | "mm" | "mn" | "mio" | "million" | "millions" => 6,
        "crore" => 7,
        "b" | "bn" | "billion" | "billions" => 9,
        _ => return None,
    })
}

/// A whole number as a count, such as a number of years.
pub(super) fn count(value: f64) -> Option<u32> {
    let is_count = value.fract() == 0.0 && (0.0..=COUNT_MAX).contains(&value);
    is_count.then(|| format!("{value}").parse().ok())?
}
