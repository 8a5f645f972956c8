//! Conditions of which one is enough: "more than 6 guests or food above 100", "on Fridays and Saturdays".

use super::Reader;
use crate::analyst::{
    dates::{self, Range, Recurring},
    query::Filter,
};

/// What somebody does in several rows.
const DONE: [&str; 16] = [
    "bought",
    "buy",
    "ordered",
    "order",
    "purchased",
    "booked",
    "attended",
    "visited",
    "took",
    "rented",
    "borrowed",
    "used",
    "played",
    "sold",
    "paid",
    "joined",
];

impl Reader<'_> {
    /// "bought both A and B", and what may be meant so: "bought A and B".
    fn both(&mut self) {
        let both = (0..self.tokens.len()).find(|at| self.word(*at, &["both"]));
        let and = |from| (from..self.tokens.len()).any(|at| self.word(at, &["and"]));
        let or = self.says(&["or"]);
        let done = (0..self.tokens.len()).find(|at| self.word(*at, &DONE));
        let (both, done) = (both.is_some_and(and), done.is_some_and(and));
        (self.out.both, self.out.done_with_and) = (both && !or, done && !or);
    }

    /// Conditions that "or" joins, and times of one column that no day could meet together.
    pub(super) fn either(&mut self) {
        self.recurring_times();
        self.both();
        self.placed.sort_by_key(|(at, _)| *at);
        let mut place = 0;
        while place + 1 < self.placed.len() {
            let ((from, left), (to, right)) = (&self.placed[place], &self.placed[place + 1]);
            let between = *from + 1..*to;
            let or = between.clone().any(|at| {
                self.word(at, &["or"])
                    && !self.word(
                        at + 1,
                        &["more", "less", "over", "above", "below", "under", "fewer", "later", "earlier"],
                    )
            });
            let and = between.clone().any(|at| self.word(at, &["and"]));
            // "in A or B with more than 3": the word stands between values.
            let listed = matches!(left, Filter::Is { values, .. } if values.len() > 1);
            if or
                && !and
                && !listed
                && left.columns() != right.columns()
                && !left.is_time()
                && !right.is_time()
            {
                let (_, right) = self.placed.remove(place + 1);
                let left = &mut self.placed[place].1;
                *left = match std::mem::replace(left, Filter::Any(Vec::new())) {
                    Filter::Any(mut filters) => {
                        filters.push(right);
                        Filter::Any(filters)
                    }
                    one => Filter::Any(vec![one, right]),
                };
            } else {
                place += 1;
            }
        }
    }

    /// "in July and August 2026", "on Fridays and Saturdays": one of them.
    fn recurring_times(&mut self) {
        let mut at = 0;
        while at + 1 < self.placed.len() {
            let next = (at + 1..self.placed.len())
                .find_map(|other| Some((other, united(&self.placed[at].1, &self.placed[other].1)?)));
            match next {
                Some((other, filter)) => {
                    self.placed.remove(other);
                    self.placed[at].1 = filter;
                }
                None => at += 1,
            }
        }
    }
}

fn united(first: &Filter, second: &Filter) -> Option<Filter> {
    if let (
        Filter::Recurs { col, when: Recurring::Months(months), not: false },
        Filter::During { col: other, range, not: false },
    ) = (first, second)
        && col == other
        && let Some((year, month, 1)) = range.whole_months()
        && !months.iter().any(|one| i64::from(*one) == month)
    {
        let whole = |month: &u8| Filter::During {
            col: *col,
            range: Range::new(
                dates::month_start(year, i64::from(*month)),
                dates::month_start(year, i64::from(*month) + 1),
            ),
            not: false,
        };
        return Some(Filter::Any(months.iter().map(whole).chain([second.clone()]).collect()));
    }
    let (Filter::Recurs { col, when, not: false }, Filter::Recurs { col: other, when: more, not: false }) =
        (first, second)
    else {
        return None;
    };
    let both = |left: &[u8], right: &[u8]| {
        (!left.iter().any(|one| right.contains(one))).then(|| [left, right].concat())
    };
    let when = match (when, more) {
        (Recurring::Months(left), Recurring::Months(right)) => Recurring::Months(both(left, right)?),
        (Recurring::Weekdays(left), Recurring::Weekdays(right)) => Recurring::Weekdays(both(left, right)?),
        _ => return None,
    };
    (col == other).then_some(Filter::Recurs { col: *col, when, not: false })
}
