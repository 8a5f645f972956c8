//! Numbers in bands: "by age group", "orders by price band", "in steps of 50", "films per decade".

use super::{Mention, Reader, Trouble, Want};
use crate::analyst::{
    query::{Col, Key},
    vocabulary::Class,
};

/// Words for a stretch of numbers, behind what is measured.
const BANDS: [&str; 16] = [
    "band",
    "bands",
    "bracket",
    "brackets",
    "range",
    "ranges",
    "group",
    "groups",
    "bucket",
    "buckets",
    "bin",
    "bins",
    "interval",
    "intervals",
    "tier",
    "tiers",
];

/// Most bands that are made where nobody says how wide they are.
const BANDS_MAX: f64 = 10.0;

/// Fewest different numbers of which bands are made: fewer are groups of their own.
const DISTINCT_MIN: u64 = 12;

impl Reader<'_> {
    /// Groups by the bands of a number.
    pub(super) fn bands(&mut self) -> Result<(), Trouble> {
        for at in 0..self.tokens.len() {
            if self.word(at, &["decade", "decades"]) && !self.used[at] {
                self.decades(at);
            }
            let Some(mention) = self.mention(at).filter(|mention| self.can(mention, Want::Measure)) else {
                continue;
            };
            let called = self.word(mention.end, &BANDS);
            let grouped = self.grouped_at(at).is_some();
            let width = self.width_said(mention.end + usize::from(called));
            if !(called || grouped && width.is_some()) {
                continue;
            }
            let col = self.resolve(&mention, Want::Measure)?;
            let step = width.map(|(_, _, step)| step).or_else(|| self.usual_step(col));
            self.take_band(&mention, col, step);
            self.spend(mention.end..mention.end + usize::from(called));
            if let Some((from, to, _)) = width {
                self.spend(from..to);
            }
        }
        Ok(())
    }

    /// Groups by the bands; by the numbers themselves if they are few.
    fn take_band(&mut self, mention: &Mention, col: Col, step: Option<u64>) {
        if let Some(from) = self.grouped_at(mention.start) {
            self.spend(from..mention.start);
        }
        self.take(mention);
        self.push_key(step.map_or(Key::Column(col), |step| Key::Band(col, step)));
    }

    /// Where "by" or "per" begins that ends there.
    fn grouped_at(&self, at: usize) -> Option<usize> {
        (at.saturating_sub(4)..at).find(|from| {
            self.class(*from, |class| class == Class::By)
                .is_some_and(|length| self.past(from + length, &["the", "different"]) == at)
        })
    }

    /// "per decade" of a column of years.
    fn decades(&mut self, at: usize) {
        let years = (0..self.view.columns.len()).find(|col| self.view.looks_like_years(*col));
        let (Some(col), Some(from)) = (years, self.grouped_at(at)) else { return };
        self.spend(from..at + 1);
        self.push_key(Key::Band(col, 10_000));
    }

    /// "in steps of 50", "of 10 years", "in 10-year steps": where it begins and ends, and how wide a band is.
    fn width_said(&self, from: usize) -> Option<(usize, usize, u64)> {
        let thousandths = |at: usize| {
            let (value, percent) = self.amount(at)?;
            let thousandths = (value * 1000.0).round();
            #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss)]
            (!percent && (1.0..1e15).contains(&thousandths)).then_some(thousandths as u64)
        };
        let unit = |at: usize| {
            self.past(
                at,
                &[
                    "years", "year", "euros", "euro", "dollars", "pounds", "days", "hours", "minutes",
                    "points",
                ],
            )
        };
        let start = self.past(from, &["in", "by", "with", "using", "of"]);
        let steps =
            ["steps", "bands", "groups", "intervals", "bins", "ranges", "brackets", "buckets", "step"];
        if self.word(start, &steps) {
            let number = self.past(start + 1, &["of"]);
            return thousandths(number).map(|step| (from, unit(number + 1), step));
        }
        let step = thousandths(start).filter(|_| start > from)?;
        let hyphen = start + 1 + usize::from(self.mark(start + 1, '-'));
        let end = unit(hyphen);
        if self.word(end, &steps) {
            return Some((from, end + 1, step));
        }
        (self.word(start - 1, &["of"])).then_some((from, end, step))
    }

    /// A round width that makes no more than ten bands of what there is.
    fn usual_step(&self, col: Col) -> Option<u64> {
        let profile = self.view.profile(col)?;
        let (min, max) = (profile.min?, profile.max?);
        let many = profile.many_distinct || profile.distinct >= DISTINCT_MIN;
        if !many || max <= min {
            return None;
        }
        let rough = (max - min) / BANDS_MAX;
        let ten = 10_f64.powf(rough.log10().floor());
        let step = [1.0, 2.0, 5.0, 10.0].into_iter().map(|times| times * ten).find(|step| *step >= rough)?;
        let thousandths = (step * 1000.0).round();
        #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss)]
        (1.0..1e15).contains(&thousandths).then_some(thousandths as u64)
    }
}
