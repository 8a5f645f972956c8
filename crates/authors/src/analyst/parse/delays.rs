//! Conditions on the days between two dates: "delivered more than 3 days late", "returned after more than 30 days".

use ringfence_pipeline::ports::ColumnKind;

use super::{Reader, Want};
use crate::analyst::{
    query::{Cmp, Col, Filter},
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

    /// "delivered after the deadline", "paid before the due date": one date of a row against another.
    pub(super) fn date_against(&mut self, at: usize) {
        let cmp = match () {
            () if self.word(at, &["after", "past"]) => Cmp::Over,
            () if self.word(at, &["before"]) => Cmp::Under,
            () => return,
        };
        let dates = |mention: &super::Mention| {
            mention.candidates.iter().all(|(col, _)| self.view.kind(*col) == ColumnKind::Date)
        };
        let next = self.past(at + 1, &["the", "their", "its", "our"]);
        let Some(limit) = self.mention(next).filter(dates) else { return };
        let Some(done) = self.mention_before(at).filter(dates) else { return };
        let (Ok(left), Ok(right)) = (self.resolve(&done, Want::Date), self.resolve(&limit, Want::Date))
        else {
            return;
        };
        if left == right || self.used[at] {
            return;
        }
        self.take(&done);
        self.take(&limit);
        self.spend(at..next);
        self.out.rows_named = true;
        self.placed.push((at, Filter::Columns { left, cmp, right }));
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
