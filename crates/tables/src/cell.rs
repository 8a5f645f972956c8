//! One cell of a table, whatever the file's format.

use std::borrow::Cow;

use crate::date::Moment;

/// Whole numbers from here on are no longer written without an exponent, nor held exactly.
const WHOLE_MAX: f64 = 1e15;

/// A cell as it is stored.
#[derive(Debug, Clone, PartialEq, Default)]
pub(crate) enum Cell<'a> {
    #[default]
    Empty,
    /// Text, which may well be a number or a date that somebody typed.
    Text(Cow<'a, str>),
    Number(f64),
    Boolean(bool),
    Moment(Moment),
    /// A formula that failed, such as `#DIV/0!`.
    Error(&'static str),
}

impl Cell<'_> {
    pub(crate) fn text(text: &str) -> Cell<'_> {
        Cell::Text(Cow::Borrowed(text))
    }

    pub(crate) fn into_owned(self) -> Cell<'static> {
        match self {
            Cell::Empty => Cell::Empty,
            Cell::Text(text) => Cell::Text(Cow::Owned(text.into_owned())),
            Cell::Number(value) => Cell::Number(value),
            Cell::Boolean(value) => Cell::Boolean(value),
            Cell::Moment(moment) => Cell::Moment(moment),
            Cell::Error(name) => Cell::Error(name),
        }
    }

    /// True if a person sees nothing in it.
    pub(crate) fn is_blank(&self) -> bool {
        match self {
            Cell::Empty => true,
            Cell::Text(text) => text.trim().is_empty(),
            _ => false,
        }
    }

    /// The cell as text, as a program has it that takes every cell as text.
    pub(crate) fn as_text(&self) -> Cow<'_, str> {
        match self {
            Cell::Empty => Cow::Borrowed(""),
            Cell::Text(text) => Cow::Borrowed(text.trim()),
            Cell::Number(value) if is_whole(*value) => Cow::Owned(format!("{value:.0}")),
            Cell::Number(value) => Cow::Owned(value.to_string()),
            Cell::Boolean(value) => Cow::Borrowed(if *value { "True" } else { "False" }),
            Cell::Moment(moment) if moment.has_time() => Cow::Owned(moment.with_time(' ')),
            Cell::Moment(moment) => Cow::Owned(moment.day()),
            Cell::Error(name) => Cow::Borrowed(name),
        }
    }
}

/// True for whole numbers that are held exactly.
pub(crate) fn is_whole(value: f64) -> bool {
    value.fract() == 0.0 && value.abs() < WHOLE_MAX
}

/// `text` cut to so many bytes at a character, with a sign that it was.
pub(crate) fn cut(text: &str, bytes_max: usize) -> String {
    const MORE: char = '…';
    if text.len() <= bytes_max {
        return text.to_owned();
    }
    let end = text.floor_char_boundary(bytes_max.saturating_sub(MORE.len_utf8()));
    format!("{}{MORE}", &text[..end])
}
