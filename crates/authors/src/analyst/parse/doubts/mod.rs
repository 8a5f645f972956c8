//! Readings that are rarely what was meant: they are asked about before anything is computed.

mod amounts;
mod levels;
mod people;
mod periods;
mod shares;
mod wording;

use ringfence_pipeline::ports::ColumnRole;

use super::Partial;
use crate::analyst::{
    query::{Agg, Col, Expr, Filter, Having, Key, Measure, Task},
    view::View,
};

/// What each kind of doubt takes from the confidence of a reading, in percent: any one is enough to ask.
const DOUBTED_BY: u32 = 25;

/// One reason to ask: true where the question may well mean something else than its reading.
type Doubt = fn(&Reading<'_>) -> bool;

/// Every reason to ask, by what it is about.
const DOUBTS: [&[Doubt]; 6] =
    [amounts::DOUBTS, levels::DOUBTS, people::DOUBTS, periods::DOUBTS, shares::DOUBTS, wording::DOUBTS];

/// Makes a reading unsure for each kind of doubt there is about it.
pub(super) fn doubts(partial: &mut Partial, view: &View<'_>) {
    let reading = Reading { partial, view };
    let kinds = DOUBTS.iter().filter(|kind| kind.iter().any(|doubt| doubt(&reading))).count();
    for _ in 0..kinds {
        partial.doubt(DOUBTED_BY);
    }
}

/// True for what a meter shows, added up or averaged, where no figure was named.
pub(super) fn is_of_a_meter(partial: &Partial, view: &View<'_>) -> bool {
    amounts::adds_what_a_meter_shows(&Reading { partial, view })
}

/// A reading beside the words it was read from.
struct Reading<'a> {
    partial: &'a Partial,
    view: &'a View<'a>,
}

impl Reading<'_> {
    fn words(&self) -> &[String] {
        &self.partial.said.words
    }

    /// True if any of the words is said.
    fn says(&self, any: &[&str]) -> bool {
        self.words().iter().any(|word| any.contains(&word.as_str()))
    }

    /// True if one of the first words stands right before one of the second.
    fn says_next(&self, first: &[&str], second: &[&str]) -> bool {
        let among = |words: &[&str], word: &String| words.contains(&word.as_str());
        self.words().windows(2).any(|pair| among(first, &pair[0]) && among(second, &pair[1]))
    }

    /// "per", "each", "every".
    fn says_per(&self) -> bool {
        self.says(&["per", "each", "every"])
    }

    /// True if one of the first so many words is "who".
    fn asks_who(&self, within: usize) -> bool {
        self.words().iter().take(within).any(|word| word == "who")
    }

    /// True if the name of a column has one of the words.
    fn named(&self, col: Col, any: &[&str]) -> bool {
        self.view.columns[col].words.iter().any(|word| any.contains(&word.as_str()))
    }

    /// True if what is measured is a column that is as told, with the aggregate.
    fn measures(&self, of: impl Fn(Agg, Col) -> bool) -> bool {
        self.partial
            .measures
            .iter()
            .any(|measure| matches!(measure.of, Expr::Column(col) if of(measure.agg, col)))
    }

    fn measured(&self, of: impl Fn(&Measure) -> bool) -> bool {
        self.partial.measures.iter().any(of)
    }

    fn averages(&self) -> bool {
        self.measured(|measure| measure.agg == Agg::Mean)
    }

    fn filtered(&self, by: impl Fn(&Filter) -> bool) -> bool {
        self.partial.filters.iter().any(by)
    }

    fn grouped(&self, by: impl Fn(&Key) -> bool) -> bool {
        self.partial.keys.iter().any(by)
    }

    fn in_time(&self) -> bool {
        self.grouped(|key| key.is_time())
    }

    fn is_ranked(&self) -> bool {
        self.partial.rank.is_some()
    }

    /// True if all groups or rows are ranked against each other, not those within each group.
    fn is_ranked_overall(&self) -> bool {
        self.partial.rank.is_some_and(|rank| !rank.within)
    }

    /// True if the first few are wanted, not the first.
    fn ranks_several(&self) -> bool {
        self.partial.rank.is_some_and(|rank| rank.count > 1)
    }

    fn lists_rows(&self) -> bool {
        matches!(self.partial.task, Some(Task::Rows(_)))
    }

    fn lists_values(&self) -> bool {
        matches!(self.partial.task, Some(Task::Values(_)))
    }

    fn grows(&self) -> bool {
        matches!(self.partial.task, Some(Task::Growth(..) | Task::GrowthEach))
    }

    fn shares(&self) -> bool {
        matches!(self.partial.task, Some(Task::Share(_)))
    }

    /// The conditions on what a share is of.
    fn part(&self) -> &[Filter] {
        match &self.partial.task {
            Some(Task::Share(part)) => part,
            _ => &[],
        }
    }

    fn on_all(&self, is: impl Fn(&Filter) -> bool) -> bool {
        self.partial.filters.iter().chain(self.part()).any(is)
    }

    /// True for a column whose cells may be added up: money or pieces, no price and no rate.
    fn adds_up(&self, col: Col) -> bool {
        self.is_additive(col) && !super::figures::is_averaged(self.view, col)
    }

    fn is_additive(&self, col: Col) -> bool {
        matches!(self.view.role(col), ColumnRole::Amount | ColumnRole::Quantity)
    }

    /// True for a bound on what may be added up: "sales above 2 million".
    fn bounds_sum(&self, filter: &Filter) -> bool {
        matches!(filter, Filter::Number { col, .. } if self.view.is_measure(*col) && self.adds_up(*col))
    }

    /// True if groups or rows are compared with what is usual among them.
    fn is_typical(&self) -> bool {
        self.filtered(|filter| matches!(filter, Filter::Typical { .. }))
            || matches!(self.partial.having, Some(Having::Typical { .. }))
    }
}
