//! Contests: which of two is more, by how much one period exceeds another, when something was at its highest.

use ringfence_pipeline::ports::{ColumnKind, ColumnRole};

use super::{Reader, Want};
use crate::analyst::{
    query::{Agg, Col, Expr, Filter, Key, Measure, Period, Task},
    vocabulary::Class,
};

/// Words that set one thing above or below another.
const MORE: [&str; 12] = [
    "more", "less", "fewer", "better", "worse", "bigger", "smaller", "higher", "lower", "cheaper", "dearer",
    "busier",
];

/// What may stand between the two.
const BETWEEN: [&str; 12] = ["or", "than", "from", "for", "to", "the", "in", "of", "with", "a", "an", "by"];

impl Reader<'_> {
    pub(super) fn contests(&mut self) {
        self.two_values();
        self.exceeds();
        self.peaks();
    }

    /// "do we make more from oak or from pine", "are cats cheaper than dogs": each of the two, side by side.
    fn two_values(&mut self) {
        let asked = self.word(0, &["do", "does", "did", "is", "are", "was", "were", "which", "what", "who"]);
        let Some(at) = (0..self.tokens.len()).find(|at| asked && !self.used[*at] && self.word(*at, &MORE))
        else {
            return;
        };
        let pair = self.values.windows(2).find_map(|pair| {
            let (left, right) = (&pair[0], &pair[1]);
            let joined = (left.end..right.start).all(|place| self.word(place, &BETWEEN) || place == at)
                && (left.end..right.start).any(|place| self.word(place, &["or", "than"]));
            let shared: Vec<Col> = left
                .candidates
                .iter()
                .map(|(col, _)| *col)
                .filter(|col| right.candidates.iter().any(|(other, _)| other == col))
                .collect();
            let col = *shared.first().filter(|first| shared.iter().all(|col| col == *first))?;
            (joined && (at < right.start || at >= right.end)).then(|| (col, left.clone(), right.clone()))
        });
        let Some((col, left, right)) = pair.filter(|_| self.values.len() == 2) else { return };
        let values = left.candidates.iter().chain(&right.candidates);
        let values = values.filter(|(one, _)| *one == col).map(|(_, text)| text.clone()).collect();
        self.placed.push((left.start, Filter::Is { col, values, not: false }));
        self.push_key(Key::Column(col));
        let figured = self.mentions.iter().any(|one| self.can(one, Want::Measure) && !self.is_rows(one));
        if !figured && self.computed.is_empty() {
            let cheap = self.word(at, &["cheaper", "dearer"]);
            let earns = self.says(&["make", "earn", "earned", "made", "take", "bring", "spend", "spent"]);
            let (agg, col) = match cheap {
                true => (Agg::Mean, self.one_price().or_else(|| self.one_amount())),
                false => (Agg::Sum, self.one_amount()),
            };
            if let Some(col) = col.filter(|_| cheap || earns) {
                self.out.notes.push(format!("No figure is named; {:?} is taken.", self.view.name(col)));
                self.computed.push((at, Measure::new(agg, Expr::Column(col))));
            }
        }
        self.spend(at..at + 1);
        self.spend(left.start..right.end);
    }

    /// "for new clients compared to existing ones": both sides of what is yes or no.
    pub(super) fn flag_compared(&mut self) {
        let others =
            ["existing", "old", "other", "others", "regular", "returning", "rest", "non", "not", "ones"];
        let Some((at, length)) = (0..self.tokens.len()).find_map(|at| {
            let length = self.class(at, |class| class == Class::Versus)?;
            (at + length..(at + length + 4).min(self.tokens.len()))
                .any(|place| self.word(place, &others))
                .then_some((at, length))
        }) else {
            return;
        };
        let flags: Vec<(usize, Col)> = self
            .placed
            .iter()
            .filter_map(|(place, filter)| match filter {
                Filter::Flag { col, .. } if *place < at => Some((*place, *col)),
                _ => None,
            })
            .collect();
        let [(place, col)] = flags[..] else { return };
        if !self.out.keys.is_empty() || !self.periods.is_empty() {
            return;
        }
        self.placed.retain(|(other, filter)| !(*other == place && matches!(filter, Filter::Flag { .. })));
        self.push_key(Key::Column(col));
        let end = (at + length..self.tokens.len())
            .rfind(|one| self.word(*one, &others) && *one < at + length + 4)
            .map_or(at + length, |one| one + 1);
        self.spend(at..end);
    }

    /// The one column of prices.
    fn one_price(&self) -> Option<Col> {
        let price = |col: &Col| {
            self.view.is_measure(*col) && self.view.columns[*col].words.iter().any(|word| word == "price")
        };
        let mut prices = (0..self.view.columns.len()).filter(price);
        prices.next().filter(|_| prices.next().is_none())
    }

    /// The one amount of the table, or the one that is a total.
    fn one_amount(&self) -> Option<Col> {
        let amounts: Vec<Col> = (0..self.view.columns.len())
            .filter(|col| {
                self.view.is_measure(*col)
                    && self.view.role(*col) == ColumnRole::Amount
                    && self.view.columns[*col].table == self.view.base
                    && !self.view.columns[*col]
                        .words
                        .iter()
                        .any(|word| ["unit", "per", "each"].contains(&word.as_str()))
            })
            .collect();
        match amounts[..] {
            [one] => Some(one),
            _ => amounts.into_iter().find(|col| {
                self.view.columns[*col].words.iter().any(|word| ["total", "amount"].contains(&word.as_str()))
            }),
        }
    }

    /// "how much more in September than in August": the growth, and the difference itself.
    fn exceeds(&mut self) {
        let more = (0..self.tokens.len()).find_map(|at| {
            let length = self.class(at, |class| matches!(class, Class::HowMuch | Class::HowMany))?;
            // "how many hours more did A log than B"
            (at + length..at + length + 3)
                .find(|place| self.word(*place, &["more", "less", "fewer", "higher", "lower"]))
        });
        if let (Some(at), true) = (more, self.periods.is_empty()) {
            self.exceeding_value(at);
        }
        if let Some(at) = more.filter(|_| self.periods.len() == 2) {
            self.growth_at = Some(at);
            self.out.difference = true;
            self.spend(at..at + 1);
        } else if more.is_none() {
            self.moved();
        }
    }

    /// "products that sold less in 2023 than in 2022", "customers whose revenue fell from 2022 to 2023": those only.
    fn moved(&mut self) {
        let [first, second] = &self.periods[..] else { return };
        let than = (0..self.tokens.len()).find(|at| self.word(*at, &["than"]));
        let more = than.and_then(|than| (0..than).find(|at| self.word(*at, &["more", "less", "fewer"])));
        let whose =
            (0..self.tokens.len()).find(|at| self.word(*at, &["whose", "which", "that", "who", "where"]));
        let (at, rises) = if let Some(at) = more {
            // The first that is said has more; what is told is from the earlier to the later.
            let (before, _) = super::growth::ordered(first.clone(), second.clone());
            (at, self.word(at, &["more"]) != (before == *first))
        } else if let (Some(_), Some(at)) = (whose, self.growth_at) {
            let down =
                ["fell", "dropped", "declined", "decreased", "shrank", "fall", "decline", "decrease", "down"];
            let up = ["rose", "grew", "increased", "risen", "grown", "rise", "grow", "increase", "up"];
            let moves = (at..self.tokens.len().min(at + 2)).find_map(|place| {
                self.word(place, &down).then_some(false).or_else(|| self.word(place, &up).then_some(true))
            });
            let Some(rises) = moves else { return };
            (at, rises)
        } else {
            return;
        };
        if more.is_some() {
            self.spend(at..at + 1);
        }
        self.growth_at = Some(at);
        let ranked = (0..self.tokens.len())
            .any(|at| self.class(at, |class| matches!(class, Class::Rank { .. })).is_some());
        let thing = self.mentions.iter().find(|mention| {
            mention.end <= at
                && self.can(mention, Want::Key)
                && !self.can(mention, Want::Measure)
                && !self.is_rows(mention)
        });
        let Some((thing, col)) = thing.and_then(|thing| Some((thing.clone(), thing.candidates.first()?.0)))
        else {
            return;
        };
        if ranked || self.view.kind(col) != ColumnKind::Text {
            return;
        }
        // "did Nordlicht buy more in 2023 than in 2022" is of one.
        if whose.is_none() && thing.start > 1 {
            return;
        }
        self.take(&thing);
        if let Some(place) = whose.filter(|place| *place < at) {
            self.spend(place..place + 1);
        }
        self.push_key(Key::Column(col));
        self.out.moved = Some(rises);
    }

    /// "how many more orders came from Germany than from France": by how much the first exceeds the second.
    fn exceeding_value(&mut self, from: usize) {
        let than = (from..self.tokens.len()).find(|at| self.word(*at, &["than"]));
        let [left, right] = &self.values[..] else { return };
        let Some(than) = than.filter(|than| left.end <= *than && *than < right.start) else { return };
        let shared = left.candidates.iter().find_map(|(col, text)| {
            let (_, other) = right.candidates.iter().find(|(one, _)| one == col)?;
            Some((*col, text.clone(), other.clone()))
        });
        let Some((col, more, less)) = shared else { return };
        let period = |text: String| Period {
            name: text.clone(),
            filters: vec![Filter::Is { col, values: vec![text], not: false }],
        };
        self.periods = vec![period(less), period(more)];
        let (left, right) = (left.start..left.end, than..right.end);
        self.spend(left);
        self.spend(right);
    }

    /// "when was IBM at its highest", where each row has a day of its own: that row.
    fn peaks(&mut self) {
        let Some(date) = self.default_date().filter(|col| self.tells_rows_apart(*col)) else { return };
        let ranked = (0..self.tokens.len())
            .any(|at| self.class(at, |class| matches!(class, Class::Rank { .. })).is_some());
        let figures = self.mentions.iter().filter(|one| self.can(one, Want::Measure)).count();
        if self.word(0, &["when"]) && ranked && figures == 1 {
            self.out.task = Some(Task::Rows(vec![date]));
            self.out.lists = true;
            self.spend(0..1);
        }
    }
}
