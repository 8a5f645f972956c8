//! Balances: they are never added up, what was last is what there is.

use ringfence_pipeline::ports::ColumnKind;

use super::Reader;
use crate::analyst::{
    query::{Agg, Col, Expr, Filter, Rank},
    view::View,
};

/// What is left after each movement.
const BALANCES: [&str; 3] = ["balance", "saldo", "kontostand"];

/// What moves a balance.
const MOVEMENTS: [&str; 11] = [
    "amount",
    "betrag",
    "debit",
    "credit",
    "deposit",
    "withdrawal",
    "change",
    "movement",
    "umsatz",
    "soll",
    "haben",
];

/// True for balances of several days, which no one adds up.
pub(super) fn is_balance_in_time(view: &View<'_>, col: Col) -> bool {
    let dated =
        || (0..view.columns.len()).any(|one| view.kind(one) == ColumnKind::Date || view.is_calendar(one));
    has_word(view, col, &BALANCES) && dated()
}

/// What there is at a time, for which one year is as good as another: no one adds up the people of two years.
const LEVELS: [&str; 8] =
    ["population", "pop", "inhabitant", "headcount", "subscriber", "follower", "balance", "employee"];

/// What a meter shows, which only goes up: what was used is what lies between two of them.
const METERS: [&str; 3] = ["reading", "odometer", "tachometer"];

/// True for what a meter shows at a time.
pub(super) fn is_meter(view: &View<'_>, col: Col) -> bool {
    has_word(view, col, &METERS) && view.is_measure(col)
}

/// True for what there is at a time, in rows of several times for each of some things.
pub(super) fn is_level_in_time(view: &View<'_>, col: Col) -> bool {
    let several = |one: Col| {
        view.is_calendar(one) && view.profile(one).is_some_and(|profile| profile.distinct > 1)
            || view.kind(one) == ColumnKind::Date
    };
    has_word(view, col, &LEVELS)
        && view.is_number(col)
        && (0..view.columns.len()).any(|one| {
            several(one) && view.profile(one).is_some_and(|profile| profile.distinct * 2 <= view.rows())
        })
}

fn has_word(view: &View<'_>, col: Col, words: &[&str]) -> bool {
    view.columns.get(col).is_some_and(|column| column.words.iter().any(|word| words.contains(&word.as_str())))
}

impl Reader<'_> {
    /// "balance on 31 March", "the last balance", "balance at the end of each month": that after the last movement.
    pub(super) fn balances(&mut self) {
        let of_ledger = |col: Col| {
            has_word(self.view, col, &BALANCES)
                && (0..self.view.columns.len()).any(|one| {
                    one != col && self.view.is_measure(one) && has_word(self.view, one, &MOVEMENTS)
                })
        };
        let place = self.out.measures.iter().position(|measure| {
            measure.agg == Agg::Mean && matches!(measure.of, Expr::Column(col) if of_ledger(col))
        });
        let one = matches!(self.out.rank, None | Some(Rank { count: 1, .. }))
            && self.rank_at.is_none()
            && self.out.sort.is_none();
        let (Some(place), Some(date), true) = (place, self.default_date(), one) else { return };
        let spoken = self.spoken.iter().any(|(_, agg)| !matches!(agg, Agg::Count | Agg::Sum));
        if spoken || self.out.task.is_some() {
            return;
        }
        self.out.measures[place].agg = Agg::Last(date);
        for (_, filter) in &mut self.placed {
            if let Filter::During { col, range, not: false } = filter
                && *col == date
            {
                range.from = None;
            }
        }
        for at in 0..self.tokens.len() {
            if self.word(
                at,
                &["last", "latest", "current", "closing", "final", "ending", "newest", "end", "now", "today"],
            ) && !self.used[at]
            {
                self.spend(at..at + 1);
            }
        }
    }
}
