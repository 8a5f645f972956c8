//! Conditions on the days between two dates: "delivered more than 3 days late", "returned after more than 30 days".

use ringfence_pipeline::ports::ColumnKind;

use super::{Reader, Want};
use crate::analyst::{
    query::{Col, Filter},
    vocabulary::Class,
};

/// How the day is called for which something was promised.
pub(super) const PROMISED: [&str; 8] =
    ["promised", "due", "expected", "planned", "deadline", "target", "scheduled", "agreed"];

/// How the day is called on which it was done.
pub(super) const DONE: [&str; 9] =
    ["delivered", "delivery", "arrived", "arrival", "returned", "completed", "finished", "actual", "paid"];

impl Reader<'_> {
    /// The date that is called by one of the words.
    pub(super) fn date_named(&self, names: &[&str], other: Option<Col>) -> Option<Col> {
        self.view.of_kind(ColumnKind::Date).find(|col| {
            Some(*col) != other
                && self.view.columns[*col].words.iter().any(|word| names.contains(&word.as_str()))
        })
    }

    /// So many days from one date of a row to another.
    pub(super) fn delayed(&mut self, at: usize) {
        let Some((length, cmp)) = self.class_of(at, |class| match class {
            Class::Cmp(cmp) => Some(cmp),
            _ => None,
        }) else {
            return;
        };
        let Some((number, false)) = self.amount(at + length) else { return };
        let unit = at + length + 1;
        let days = match () {
            () if self.word(unit, &["days", "day"]) => number,
            () if self.word(unit, &["weeks", "week"]) => number * 7.0,
            () => return,
        };
        let Some((from, to, start, end)) = self.apart(at, unit + 1) else { return };
        self.spend(start..end);
        self.out.rows_named = true;
        self.placed.push((at, Filter::Lasts { from, to, cmp, days }));
    }

    /// Between which dates the days lie, and where the words for it begin and end.
    fn apart(&self, at: usize, end: usize) -> Option<(Col, Col, usize, usize)> {
        if self.word(end, &["late", "too"]) {
            let promised = self.date_named(&PROMISED, None)?;
            let done = self.date_named(&DONE, Some(promised))?;
            return Some((promised, done, at, self.past(end, &["too", "late"])));
        }
        let mut dates = self.view.of_kind(ColumnKind::Date);
        let pair = dates.next().zip(dates.next()).filter(|_| dates.next().is_none());
        // "more than 30 days after the order date"
        if self.word(end, &["after", "before", "from"]) {
            let next = self.past(end + 1, &["the", "their", "its"]);
            let mention = self.mention(next).filter(|mention| self.can(mention, Want::Date))?;
            let near = mention.candidates.first()?.0;
            let (one, other) = pair?;
            let far = if near == one { other } else { one };
            let before = self.word(end, &["before"]);
            let (from, to) = if before { (far, near) } else { (near, far) };
            return Some((from, to, at, mention.end));
        }
        // "returned after more than 30 days", "that took longer than 10 days"
        let said = at > 0 && self.word(at - 1, &["after", "took", "take", "lasted", "within"]);
        let (first, second) = pair.filter(|_| said)?;
        let begins = |col: Col| self.extent(col).map(|(first, _)| first);
        let (from, to) = if begins(second) < begins(first) { (second, first) } else { (first, second) };
        Some((from, to, at - 1, end))
    }
}
