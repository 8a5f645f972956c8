//! Time between two days that goes by a name of its own: nights, days in advance, how old somebody is.

use ringfence_pipeline::ports::ColumnKind;

use super::Reader;
use crate::analyst::{
    dates,
    query::{Agg, Col, Expr, Measure},
    vocabulary::Class,
};

/// How days are called on which something was agreed upon, on which it begins, and on which it ends.
const AGREED: [&str; 6] = ["booked", "booking", "ordered", "order", "reserved", "created"];
const BEGINS: [&str; 9] =
    ["arrival", "arrive", "checkin", "start", "event", "travel", "departure", "delivery", "appointment"];
const ENDS: [&str; 5] = ["departure", "depart", "checkout", "leave", "end"];

impl Reader<'_> {
    /// "nights", "how far in advance", "average age" of those whose year of birth is known.
    pub(super) fn spans_named(&mut self) {
        for at in 0..self.tokens.len() {
            let free = !self.used[at] && !self.is_mentioned(at);
            if !free {
                continue;
            }
            // "longer than 5 nights" is a condition, which columns only can be in.
            let limits = at > 0 && self.amount(at - 1).is_some();
            if let Some(of) = self.nights(at).filter(|_| !limits) {
                let start = self.counted_from(at);
                self.span(start..at + 1, Agg::Sum, of, "nights");
            } else if let Some((end, of)) = self.in_advance(at) {
                self.span(at..end, Agg::Mean, of, "days in advance");
            } else if self.word(at, &["age", "ages"])
                && let Some((of, year)) = self.age()
            {
                // A row of visits has its pet's age more than once.
                if !self.view.joins.is_empty() {
                    self.out.doubt(25);
                }
                self.out.notes.push(format!("Ages are those of {year}, the newest year of the data."));
                self.span(at..at + 1, Agg::Mean, of, "age");
            }
        }
    }

    fn span(&mut self, said: std::ops::Range<usize>, agg: Agg, of: Expr, name: &str) {
        let mut measure = Measure::new(agg, of);
        measure.name = Some(name.to_owned());
        self.computed.push((said.start, measure));
        self.spend(said);
    }

    /// The nights between arrival and departure.
    pub(super) fn nights(&self, at: usize) -> Option<Expr> {
        let said = self.word(at, &["night", "nights"]);
        let (from, to) = self
            .day_called(&BEGINS[..4], None)
            .filter(|_| said)
            .and_then(|from| self.day_called(&ENDS, Some(from)).map(|to| (from, to)))?;
        Some(Expr::Days(from, to))
    }

    fn in_advance(&self, at: usize) -> Option<(usize, Expr)> {
        let end = if self.word(at, &["in"]) && self.word(at + 1, &["advance"]) {
            at + 2
        } else if self.word(at, &["ahead", "beforehand"]) {
            at + 1
        } else {
            return None;
        };
        let from = self.day_called(&AGREED, None)?;
        let to = self.day_called(&BEGINS, Some(from))?;
        Some((end, Expr::Days(from, to)))
    }

    /// The years since birth, at the end of the data.
    fn age(&self) -> Option<(Expr, i64)> {
        let born = |col: &Col| {
            self.view.looks_like_years(*col)
                && self.view.columns[*col].words.iter().any(|word| word == "birth" || word == "born")
        };
        let col = (0..self.view.columns.len()).find(born)?;
        let year = dates::date_of(self.newest()?).0;
        #[allow(clippy::cast_precision_loss)]
        let now = Expr::Number(year as f64);
        Some((Expr::Op('-', Box::new(now), Box::new(Expr::Column(col))), year))
    }

    /// Where "how many" begins before what is counted there.
    fn counted_from(&self, at: usize) -> usize {
        let counts = |from: &usize| {
            self.class(*from, |class| class == Class::HowMany).is_some_and(|length| from + length == at)
        };
        (at.saturating_sub(3)..at).find(counts).unwrap_or(at)
    }

    fn day_called(&self, names: &[&str], other: Option<Col>) -> Option<Col> {
        names.iter().find_map(|name| {
            self.view.of_kind(ColumnKind::Date).find(|col| {
                Some(*col) != other && {
                    let words = &self.view.columns[*col].words;
                    words.iter().any(|word| word == name) || words.concat().starts_with(name)
                }
            })
        })
    }
}
