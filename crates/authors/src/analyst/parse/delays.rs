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

    /// "closed within a day", "delivered within 2 weeks": so many days at most from one date of a row to another.
    pub(super) fn done_within(&mut self, at: usize) {
        if !self.word(at, &["within", "inside"]) || self.used[at] {
            return;
        }
        let (number, unit) = match self.amount(at + 1) {
            Some((number, false)) => (number, at + 2),
            _ if self.word(at + 1, &["a", "one", "the"]) => {
                (1.0, at + 2 + usize::from(self.word(at + 2, &["same"])))
            }
            _ if self.word(at + 1, &["24h"]) => (1.0, at + 1),
            _ => return,
        };
        let days = match () {
            () if self.word(unit, &["days", "day", "24h"]) => number,
            () if self.word(unit, &["weeks", "week"]) => number * 7.0,
            () if self.word(unit, &["hours", "hour", "hrs", "h"]) => number / 24.0,
            () => return,
        };
        let done = self.mention_before(at).and_then(|mention| {
            mention
                .candidates
                .iter()
                .map(|(col, _)| *col)
                .find(|col| self.view.kind(*col) == ColumnKind::Date)
        });
        // What is promised is neither begun nor done.
        let promised = |col: &Col| {
            self.view.columns[*col].words.iter().any(|word| PROMISED[..4].contains(&word.as_str()))
        };
        let dates: Vec<Col> =
            self.view.of_kind(ColumnKind::Date).filter(|col| done == Some(*col) || !promised(col)).collect();
        let [one, other] = dates[..] else {
            // Between which days, nobody says.
            self.out.doubt(25);
            return;
        };
        let begins = |col: Col| self.extent(col).map(|(first, _)| first);
        let (from, to) = if begins(other) < begins(one) { (other, one) } else { (one, other) };
        let end = unit + 1;
        let day_only = |col: Col| {
            self.view
                .profile(col)
                .and_then(|profile| profile.earliest.as_deref())
                .is_some_and(|at| !at.contains('T'))
        };
        if days < 1.0 && (day_only(from) || day_only(to)) {
            self.out.doubt(25);
        }
        if let Some(mention) =
            self.mention_before(at).filter(|mention| mention.candidates.iter().any(|(col, _)| *col == to))
        {
            self.take(&mention);
        }
        self.spend(at..end);
        self.out.rows_named = true;
        self.placed.push((at, Filter::Lasts { from, to, cmp: Cmp::AtMost, days }));
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
