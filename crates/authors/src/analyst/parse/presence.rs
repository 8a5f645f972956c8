//! Conditions that a row has something at all: "loans with a fine", "discounted bookings", "with and without tax".

use ringfence_pipeline::ports::{ColumnKind, ColumnRole};

use super::{Mention, Reader, Trouble, Want};
use crate::analyst::{
    query::{Agg, Cmp, Col, Filter, Key},
    vocabulary::Class,
};

impl Reader<'_> {
    /// What rows have: of a number that may be nought, more than that, of anything else a value.
    pub(super) fn presence(&mut self) -> Result<(), Trouble> {
        for at in 0..self.tokens.len() {
            if self.used[at] {
                continue;
            }
            if self.with_and_without(at)? {
                continue;
            }
            if let Some((end, filter)) = self.who_did(at) {
                self.spend(at + 1..end);
                self.out.rows_named = true;
                self.placed.push((at, filter));
                continue;
            }
            let Some((from, mention)) = self.had(at).or_else(|| self.participle(at)) else { continue };
            let col = self.resolve(&mention, Want::Any)?;
            if let Some(filter) = self.having_any(col) {
                self.take(&mention);
                self.spend(from..mention.end);
                self.out.rows_named = true;
                self.placed.push((from, filter));
            }
        }
        Ok(())
    }

    /// The condition that a row has any of it; none where every row has.
    pub(super) fn having_any(&self, col: Col) -> Option<Filter> {
        let profile = self.view.profile(col)?;
        if self.view.is_measure(col) && profile.min == Some(0.0) {
            return Some(Filter::Number { col, cmp: Cmp::Over, value: 0.0 });
        }
        let plain = !matches!(self.view.kind(col), ColumnKind::Boolean | ColumnKind::Empty);
        (plain && profile.empty > 0).then_some(Filter::Empty { col, not: true })
    }

    /// "who did overtime in December": those who have more than none of it.
    fn who_did(&mut self, at: usize) -> Option<(usize, Filter)> {
        let did =
            ["did", "does", "do", "had", "has", "have", "worked", "works", "took", "takes", "got", "gets"];
        let asked = self.word(at, &["who"]) && self.word(at + 1, &did);
        let mention = self.mention(self.past(at + 2, &["a", "an", "any", "some"])).filter(|_| asked)?;
        let end = mention.end;
        let closed = end == self.tokens.len()
            || matches!(self.tokens[end].kind, crate::analyst::words::Kind::Mark('?' | '.'))
            || self.word(end, &["in", "on", "last", "this", "during", "since"]);
        let [(col, _)] = mention.candidates[..] else { return None };
        let measured = self.view.is_measure(col);
        // "who has allergies"
        let written = self.view.kind(col) == ColumnKind::Text && self.word(at + 1, &["has", "have", "had"]);
        let filter = self.having_any(col).filter(|filter| match filter {
            Filter::Number { .. } => measured,
            _ => written,
        })?;
        (closed && mention.best() >= 60).then_some((end, filter))
    }

    /// "loans with a fine", "how many calls have a rating": an article, or nothing more to come.
    fn had(&self, at: usize) -> Option<(usize, Mention)> {
        // "bookings by phone with children": the rows may stand before a value.
        let named = |before: &usize| {
            self.is_row_word(*before)
                || self.values.iter().any(|value| value.end == at)
                    && (0..at).any(|place| self.is_row_word(place))
        };
        let rows = at.checked_sub(1).filter(named)?;
        if !self.word(at, &["with", "have", "having", "had"]) || self.is_selected(rows) {
            return None;
        }
        let next = self.past(at + 1, &["a", "an", "any"]);
        let mention = self.mention(next)?;
        let plural = self.tokens.get(mention.end - 1).is_some_and(|token| token.text.ends_with('s'));
        let closed = mention.end == self.tokens.len()
            || self.mark(mention.end, '?')
            || self.mark(mention.end, '.')
            || self.class(mention.end, |class| matches!(class, Class::By | Class::Every(_))).is_some()
            || self.word(mention.end, &["in", "and", "at", "from"]) && next > at + 1;
        // "bookings with children": some of them, where a row may have none.
        let some = mention.candidates.iter().any(|(col, _)| {
            self.view.role(*col) == ColumnRole::Quantity
                && self.view.profile(*col).is_some_and(|profile| profile.min == Some(0.0))
        });
        let one = (next > at + 1 || !plural || some || self.word(at, &["have", "had"])) && closed;
        let aggregated = (0..self.tokens.len()).any(|place| {
            self.class(place, |class| matches!(class, Class::Agg(_) | Class::HowMuch | Class::Rank { .. }))
                .is_some()
        });
        (one && !aggregated).then_some((at, mention))
    }

    /// "discounted bookings": a participle of what the column says, right before the rows.
    fn participle(&self, at: usize) -> Option<(usize, Mention)> {
        let mention = self.mention(at).filter(|mention| mention.end == at + 1)?;
        let token = &self.tokens[at];
        let fits = token.text.ends_with("ed")
            && self.can(&mention, Want::Measure)
            && !mention.candidates.iter().any(|(col, _)| self.view.columns[*col].words.contains(&token.text))
            && self.is_row_word(mention.end)
            && !(at > 0 && self.class(at - 1, |class| class == Class::Not).is_some());
        fits.then_some((at, mention))
    }

    /// "yield with and without irrigation": both, side by side.
    fn with_and_without(&mut self, at: usize) -> Result<bool, Trouble> {
        if !(self.word(at, &["with"])
            && self.word(at + 1, &["and", "or", "versus", "vs"])
            && self.word(at + 2, &["without"]))
        {
            return Ok(false);
        }
        let Some(mention) = self.mention(self.past(at + 3, &["a", "an", "any", "the"])) else {
            return Ok(false);
        };
        let col = self.resolve(&mention, Want::Any)?;
        if self.view.kind(col) != ColumnKind::Boolean {
            return Err(Trouble::Cannot(format!(
                "I do not set rows with and without {:?} side by side; ask for one of them",
                self.view.name(col)
            )));
        }
        self.take(&mention);
        self.spend(at..mention.end);
        self.push_key(Key::Column(col));
        Ok(true)
    }

    /// True for a word that stands for the rows of the table.
    pub(super) fn is_row_word(&self, at: usize) -> bool {
        self.tokens.get(at).is_some_and(|token| self.view.is_named(&token.text))
            || self.is(at, Class::Row)
            || self.mention(at).is_some_and(|mention| {
                let apart = |col: Col| self.tells_rows_apart(col) && !self.view.is_measure(col);
                self.is_rows(&mention) || mention.candidates.first().is_some_and(|(col, _)| apart(*col))
            })
    }

    /// True if a group or a figure is asked for there: "average loans", "which loans".
    fn is_selected(&self, at: usize) -> bool {
        at > 0 && self.class(at - 1, |class| matches!(class, Class::By | Class::Agg(Agg::Mean))).is_some()
    }
}
