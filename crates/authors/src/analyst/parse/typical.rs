//! What is set against the usual: "priced above average", "who earns more than their department's average".

use super::{Mention, Reader, Trouble, Want};
use crate::analyst::{
    query::{Agg, Cmp, Filter},
    vocabulary::Class,
};

/// What makes a group that of the row itself.
const OWN: [&str; 9] = ["their", "its", "his", "her", "own", "the", "same", "that", "respective"];

impl Reader<'_> {
    /// Reads a mean or a median that is compared with: of all rows, or of those in the row's own group.
    pub(super) fn typical(&mut self, at: usize, next: usize, cmp: Cmp) -> Result<bool, Trouble> {
        // "more than their department's average"
        let named = self.past(next, &OWN);
        let before = self.group(named).filter(|group| self.middle(group.end).is_some());
        let from = before.as_ref().map_or(next, |group| group.end);
        let Some((length, agg)) = self.middle(from) else { return Ok(false) };
        let after = from + length;
        let of = self.past(after, &["of", "the"]);
        // "an above average tip", "the average salary in their department"
        let measure = self.mention(of).filter(|mention| self.can(mention, Want::Measure));
        let said = measure.as_ref().map_or(after, |mention| mention.end);
        let group = before.or_else(|| self.own_group(said));
        let end = group.as_ref().map_or(said, |group| group.end.max(said));
        let within = match &group {
            Some(group) => Some(self.resolve(group, Want::Key)?),
            None => None,
        };
        if let Some(group) = &group {
            self.take(group);
        }
        let (col, start, end) = match measure {
            Some(mention) => {
                let col = self.resolve(&mention, Want::Measure)?;
                self.take(&mention);
                (col, at, end)
            }
            None => self.compared_column(at, if group.is_some() { end } else { of })?,
        };
        self.spend(start..end);
        self.placed.push((at, Filter::Typical { col, cmp, agg, within }));
        Ok(true)
    }

    fn middle(&self, at: usize) -> Option<(usize, Agg)> {
        self.class_of(at, |class| match class {
            Class::Agg(agg @ (Agg::Mean | Agg::Median)) => Some(agg),
            _ => None,
        })
    }

    /// "of their department", "in the same city".
    fn own_group(&self, at: usize) -> Option<Mention> {
        const INSIDE: [&str; 7] = ["of", "in", "for", "within", "among", "inside", "at"];
        let own = self.past(at, &INSIDE);
        let named = self.past(own, &OWN);
        let inside = own > at || at > 0 && self.word(at - 1, &INSIDE);
        (inside && named > own).then(|| self.group(named))?
    }

    /// A column that several rows share a value of.
    fn group(&self, at: usize) -> Option<Mention> {
        self.mention(at).filter(|mention| {
            self.can(mention, Want::Key)
                && !self.is_rows(mention)
                && mention.candidates.iter().all(|(col, _)| !self.view.is_unique(*col))
        })
    }
}
