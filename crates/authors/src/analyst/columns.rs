//! Finds the columns a question speaks of, whatever way it spells them.

use ringfence_pipeline::ports::{ColumnKind, TableProfile};

use super::words::{Kind, Token};

/// Longest phrase, in words, that is compared with a column's name.
const PHRASE_WORDS_MAX: usize = 6;

/// Words that say nothing about which column is meant.
const EMPTY_WORDS: [&str; 12] = ["the", "of", "a", "an", "in", "and", "for", "per", "by", "to", "is", "on"];

/// A phrase of the question that names a column, or several that it could mean.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Mention {
    /// First token.
    pub(crate) start: usize,
    /// One past the last token.
    pub(crate) end: usize,
    /// Positions of the columns in the file.
    pub(crate) candidates: Vec<usize>,
    /// The phrase is the whole name of the column.
    pub(crate) exact: bool,
}

/// What makes two spellings the same: lower case, words apart, no plural.
pub(crate) fn normal_words(name: &str) -> Vec<String> {
    let mut words: Vec<String> = Vec::new();
    let mut previous_lower = false;
    let mut fresh = true;
    for char in name.chars() {
        if !char.is_alphanumeric() {
            (fresh, previous_lower) = (true, false);
            continue;
        }
        if fresh || (previous_lower && char.is_uppercase()) {
            words.push(String::new());
        }
        if let Some(word) = words.last_mut() {
            word.extend(char.to_lowercase());
        }
        (fresh, previous_lower) = (false, char.is_lowercase() || char.is_numeric());
    }
    words.iter().map(|word| singular(word)).collect()
}

/// `countries` and `country`, `boxes` and `box`, `sales` and `sale` become alike; nothing needs to be a real word.
pub(crate) fn singular(word: &str) -> String {
    let word = word.strip_suffix("'s").or_else(|| word.strip_suffix("\u{2019}s")).unwrap_or(word);
    let long = word.chars().count() > 3;
    if let Some(stem) = word.strip_suffix("ies").filter(|_| long) {
        return format!("{stem}y");
    }
    for ending in ["sses", "shes", "ches", "xes"] {
        if word.ends_with(ending) {
            return word[..word.len() - 2].to_owned();
        }
    }
    match word.strip_suffix('s') {
        Some(stem) if long && !word.ends_with("ss") && !word.ends_with("us") && !word.ends_with("is") => {
            stem.to_owned()
        }
        _ => word.to_owned(),
    }
}

/// Finds every mention, longest and most exact first, without overlaps, in the order of the question.
pub(crate) fn mentions(tokens: &[Token], table: &TableProfile) -> Vec<Mention> {
    let names: Vec<Vec<String>> = table.columns.iter().map(|column| normal_words(&column.name)).collect();
    let mut found: Vec<Mention> = Vec::new();
    for exact in [true, false] {
        for length in (1..=PHRASE_WORDS_MAX.min(tokens.len())).rev() {
            for start in 0..=tokens.len() - length {
                let end = start + length;
                let free = found.iter().all(|mention| end <= mention.start || mention.end <= start);
                if !free {
                    continue;
                }
                let candidates = candidates(&tokens[start..end], table, &names, exact);
                if !candidates.is_empty() {
                    found.push(Mention { start, end, candidates, exact });
                }
            }
        }
    }
    found.sort_by_key(|mention| mention.start);
    found
}

fn candidates(phrase: &[Token], table: &TableProfile, names: &[Vec<String>], exact: bool) -> Vec<usize> {
    let quoted = matches!(phrase, [token] if token.kind == Kind::Quoted);
    let separator = |token: &Token| {
        matches!(token.kind, Kind::Mark(_))
            && !matches!(token.kind, Kind::Mark('_' | '-' | '(' | ')' | '/' | '%' | '.' | '&' | '#'))
    };
    let (Some(first), Some(last)) = (phrase.first(), phrase.last()) else { return Vec::new() };
    let outer_mark = [first, last]
        .iter()
        .any(|token| matches!(token.kind, Kind::Mark(mark) if mark != ')' && mark != '%'));
    if phrase.iter().any(separator) || outer_mark || matches!(first.kind, Kind::Mark(_)) {
        return Vec::new();
    }
    if quoted {
        return (0..names.len()).filter(|at| exact && table.columns[*at].name == phrase[0].raw).collect();
    }
    let words: Vec<String> = phrase.iter().flat_map(|token| normal_words(&token.raw)).collect();
    if words.is_empty() || phrase.iter().any(|token| token.kind == Kind::Quoted) {
        return Vec::new();
    }
    let joined = words.concat();
    let matches = |name: &Vec<String>| match exact {
        true => *name == words || name.concat() == joined || singular(&name.concat()) == joined,
        // A bare number or "the" is no name.
        false => {
            let telling = words
                .iter()
                .all(|word| !EMPTY_WORDS.contains(&word.as_str()) && word.chars().any(char::is_alphabetic));
            telling && words.iter().all(|word| word.chars().count() > 1 && name.contains(word))
        }
    };
    let mut found: Vec<usize> = (0..names.len()).filter(|at| matches(&names[*at])).collect();
    // Two columns may differ in case or plural only; then the spelling decides.
    let raw = phrase.iter().map(|token| token.raw.as_str()).collect::<Vec<_>>().join(" ");
    if found.len() > 1
        && let Some(same) = found.iter().find(|at| table.columns[**at].name == raw)
    {
        found = vec![*same];
    }
    found
}

/// True for columns one can add up.
pub(crate) fn is_number(kind: ColumnKind) -> bool {
    matches!(kind, ColumnKind::Integer | ColumnKind::Number)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn spellings_become_alike() {
        for (left, right) in [
            ("UnitPrice", "unit_price"),
            ("unit price", "Unit-Prices"),
            ("Countries", "country"),
            ("Revenue (USD)", "revenue usd"),
            ("customerID", "customer id"),
        ] {
            assert_eq!(normal_words(left), normal_words(right), "{left} {right}");
        }
        assert_eq!(normal_words("status"), ["status"]);
        assert_eq!(normal_words("Q1Sales"), ["q1", "sale"]);
    }
}
