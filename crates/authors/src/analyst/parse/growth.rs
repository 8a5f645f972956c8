//! Growth and comparisons of periods, and shares.

use super::{Reader, Trouble};
use crate::analyst::{
    query::{Agg, Col, Expr, Filter, Key, Measure, Period, Task, Unit},
    vocabulary::Class,
};
use ringfence_pipeline::ports::ColumnKind;

impl Reader<'_> {
    pub(super) fn sort_time_last(&mut self) {
        self.out.keys.sort_by_key(|key| key.is_time());
    }

    pub(super) fn settle_growth(&mut self, time: bool) -> Result<(), Trouble> {
        self.out.task = Some(if let [before, after] = &self.periods[..] {
            let (before, after) = ordered(before.clone(), after.clone());
            Task::Growth(Box::new(before), Box::new(after))
        } else if self.out.keys.iter().any(|key| key.melts()) {
            Task::GrowthEach
        } else if let Some((from, to)) = self.growth_columns() {
            Task::GrowthColumns(from, to)
        } else if time {
            self.sort_time_last();
            Task::GrowthEach
        } else if let Some((before, after)) = self.single_period() {
            Task::Growth(Box::new(before), Box::new(after))
        } else {
            let unit = if self.years() > 1 { Unit::Year } else { Unit::Month };
            self.time_key(unit)?;
            self.sort_time_last();
            Task::GrowthEach
        });
        Ok(())
    }

    /// By what a development is told: days, if the data is of no more than two months.
    pub(super) fn usual_unit(&self) -> Unit {
        let days = self.default_date().and_then(|col| self.extent(col)).map(|(first, last)| last - first);
        if days.is_some_and(|days| days <= 62) { Unit::Day } else { Unit::Month }
    }

    /// How many years the data runs over.
    pub(super) fn years(&self) -> i64 {
        if self.view.of_kind(ColumnKind::Date).next().is_none() {
            return if self.view.calendar_column("year").is_some() { 2 } else { 0 };
        }
        self.default_date().and_then(|col| self.extent(col)).map_or(0, |(first, last)| {
            crate::analyst::dates::date_of(last).0 - crate::analyst::dates::date_of(first).0 + 1
        })
    }

    /// "from Jan to Dec" in a table with a column for each month.
    fn growth_columns(&mut self) -> Option<(Col, Col)> {
        let cols: Vec<Col> = self
            .out
            .measures
            .iter()
            .filter_map(|measure| match &measure.of {
                Expr::Column(col) => Some(*col),
                _ => None,
            })
            .collect();
        if cols.is_empty() && self.out.measures.len() > 1 {
            // Of sums of several months each, growth is not told.
            self.out.unknown.push("growth".to_owned());
        }
        let pair = match (&cols[..], self.out.measures.first().map(|measure| &measure.of)) {
            ([from, to], _) => Some((*from, *to)),
            (_, Some(Expr::Together(all))) => Some((*all.first()?, *all.last()?)),
            _ => None,
        };
        if pair.is_some() {
            self.out.measures.clear();
        }
        pair
    }

    /// "how much did revenue grow in 2023": against the year before.
    fn single_period(&mut self) -> Option<(Period, Period)> {
        let time: Vec<(usize, Filter)> = self
            .placed
            .iter()
            .filter(|(_, filter)| filter.is_time() || self.is_calendar_filter(filter))
            .cloned()
            .collect();
        let [(_, filter)] = &time[..] else { return None };
        let (name, before) = match filter {
            Filter::During { col, range, not: false } => {
                let earlier = range.before()?;
                (
                    range.words(),
                    Period {
                        name: earlier.words(),
                        filters: vec![Filter::During { col: *col, range: earlier, not: false }],
                    },
                )
            }
            Filter::Between { col, low, high } if low == high => (
                format!("{low}"),
                Period {
                    name: format!("{}", low - 1.0),
                    filters: vec![Filter::Between { col: *col, low: low - 1.0, high: high - 1.0 }],
                },
            ),
            _ => return None,
        };
        let after = Period { name, filters: vec![filter.clone()] };
        self.placed.retain(|(_, one)| one != filter);
        Some((before, after))
    }

    pub(super) fn is_calendar_filter(&self, filter: &Filter) -> bool {
        filter.columns().iter().all(|col| self.view.is_calendar(*col))
    }

    /// "2023 vs 2022" without growth: both, side by side.
    pub(super) fn compare_periods(&mut self) -> Result<(), Trouble> {
        let periods = std::mem::take(&mut self.periods);
        let single: Option<Vec<Filter>> = periods
            .iter()
            .map(|period| match &period.filters[..] {
                [one] => Some(one.clone()),
                _ => None,
            })
            .collect();
        let Some(filters) = single else {
            if let [before, after] = &periods[..] {
                let (before, after) = ordered(before.clone(), after.clone());
                self.out.task = Some(Task::Growth(Box::new(before), Box::new(after)));
            }
            return Ok(());
        };
        let unit = match &filters[0] {
            Filter::During { range, .. } => match range.whole_months() {
                Some((_, _, 12)) => Some(Unit::Year),
                Some((_, _, 3)) => Some(Unit::Quarter),
                Some((_, _, 1)) => Some(Unit::Month),
                _ => None,
            },
            Filter::Recurs { when: crate::analyst::dates::Recurring::Months(months), .. }
                if months.len() == 1 =>
            {
                Some(Unit::Month)
            }
            Filter::Between { col, .. } => {
                let col = *col;
                self.push_key(Key::Column(col));
                None
            }
            _ => None,
        };
        if let ([before, after], None, false) =
            (&periods[..], unit, matches!(filters[0], Filter::Between { .. }))
        {
            let (before, after) = ordered(before.clone(), after.clone());
            self.out.task = Some(Task::Growth(Box::new(before), Box::new(after)));
            return Ok(());
        }
        if let Some(unit) = unit.filter(|_| !self.out.keys.iter().any(|key| key.is_time())) {
            self.time_key(unit)?;
        }
        self.placed.push((0, Filter::Any(filters)));
        Ok(())
    }

    /// "how many products make up 80% of revenue", "customers beside each row": what no answer here has.
    pub(super) fn cannot(&self) -> Result<(), Trouble> {
        for at in 0..self.tokens.len() {
            let percent = self.amount(at).is_some_and(|(_, percent)| percent);
            let makes = (at.saturating_sub(4)..at).any(|place| {
                self.word(
                    place,
                    &[
                        "make",
                        "makes",
                        "account",
                        "accounts",
                        "generate",
                        "generates",
                        "bring",
                        "brings",
                        "contribute",
                        "responsible",
                        "produce",
                        "drive",
                    ],
                )
            });
            if percent
                && makes
                && (0..at).any(|place| self.is(place, Class::HowMany) || self.word(place, &["which", "what"]))
            {
                return Err(Trouble::Cannot(
                    "I do not tell how many make up a part of the whole; ask for the share of each, such as \"share of revenue by customer\"".to_owned(),
                ));
            }
            let beside = self
                .word(at, &["beside", "alongside"])
                .then_some(at + 1)
                .or_else(|| (self.word(at, &["next"]) && self.word(at + 1, &["to"])).then_some(at + 2));
            if beside.is_some_and(|next| {
                self.is_row_word(self.past(next, &["each", "every", "the", "all", "single"]))
            }) {
                return Err(Trouble::Cannot(
                    "I do not put a figure beside each row; ask for the figures, or for the rows".to_owned(),
                ));
            }
        }
        Ok(())
    }

    /// "cost as a share of sales": one figure over another.
    fn ratio_of_two(&mut self) -> bool {
        let [first, second] = &self.out.measures[..] else { return false };
        let (Expr::Column(above), Expr::Column(below)) = (&first.of, &second.of) else { return false };
        // "percentage of sessions that were new users": of the first, as "share of cost in sales" is not.
        let of = self.share_at.filter(|at| self.word(at + 1, &["of"]) || self.word(at + 2, &["of"]));
        let after = of.map_or(0..0, |at| at..self.tokens.len());
        let turned =
            after.clone().any(|at| self.word(at, &["that", "which", "were", "are", "was", "is", "came"]))
                && !after.clone().any(|at| self.word(at, &["in", "as", "to"]) && self.used[at]);
        let (above, below) = if turned { (*below, *above) } else { (*above, *below) };
        let mut measure = Measure::new(
            Agg::Sum,
            Expr::Op('/', Box::new(Expr::Column(above)), Box::new(Expr::Column(below))),
        );
        measure.percent = true;
        self.out.measures = vec![measure];
        true
    }

    pub(super) fn settle_share(&mut self, filters: &[Filter]) {
        if self.ratio_of_two() {
            return;
        }
        if self.running {
            // A share of what has come so far is not told.
            self.out.doubt(30);
        }
        let decided = self.decided.take();
        if let Some(Filter::Is { values, .. }) = &decided {
            self.out.notes.push(format!("It is a share of what is {}.", values.join(" or ")));
        }
        let placed_by = |at: usize| {
            at > 0 && self.word(at - 1, &["in", "for", "from", "at", "within", "by", "during", "on"])
        };
        if !self.out.keys.is_empty() {
            // "billable share by employee" is a share of each employee's own.
            let keyed: Vec<Col> = self.out.keys.iter().map(|key| key.column()).collect();
            let part: Vec<Filter> = self
                .placed
                .iter()
                .filter(|(at, filter)| {
                    !placed_by(*at)
                        && matches!(
                            filter,
                            Filter::Is { .. }
                                | Filter::Flag { .. }
                                | Filter::Number { .. }
                                | Filter::Between { .. }
                                | Filter::Empty { .. }
                                | Filter::Columns { .. }
                        )
                        && !self.is_calendar_filter(filter)
                        && !filter.columns().iter().any(|col| keyed.contains(col))
                })
                .map(|(_, filter)| filter.clone())
                .collect();
            self.out.task = Some(Task::Share(part));
            self.placed.extend(decided.map(|filter| (0, filter)));
            return;
        }
        // "what percentage of the German orders was returned": the part is behind the verb.
        let verb = (0..self.tokens.len())
            .filter(|at| {
                self.word(
                    *at,
                    &[
                        "was", "were", "is", "are", "went", "came", "come", "has", "have", "did", "go",
                        "comes", "goes", "had",
                    ],
                )
            })
            .find(|at| *at > self.share_at.unwrap_or(0));
        let behind: Vec<Filter> = self
            .placed
            .iter()
            .filter(|(at, _)| verb.is_some_and(|verb| *at > verb))
            .map(|(_, filter)| filter.clone())
            .filter(|filter| !filter.is_time())
            .collect();
        let before: Vec<Filter> = self
            .placed
            .iter()
            .filter(|(at, _)| verb.is_some_and(|verb| *at < verb))
            .map(|(_, filter)| filter.clone())
            .collect();
        let all: Vec<Filter> = filters
            .iter()
            .filter(|filter| !filter.is_time() && !self.is_calendar_filter(filter))
            .cloned()
            .collect();
        let unplaced: Vec<Filter> = self
            .placed
            .iter()
            .filter(|(at, filter)| !placed_by(*at) && all.contains(filter))
            .map(|(_, filter)| filter.clone())
            .collect();
        let won = |filter: &&Filter| matches!((filter, &decided), (Filter::Is { col, .. }, Some(Filter::Is { col: of, .. })) if col == of);
        let outcome = matches!(decided, Some(Filter::Is { .. }));
        let part = if outcome {
            filters.iter().filter(won).cloned().collect()
        } else if !behind.is_empty() && !before.is_empty() {
            behind
        } else if !unplaced.is_empty() {
            unplaced
        } else if all.is_empty() {
            filters.to_vec()
        } else {
            all
        };
        // "of each cost type within each department": of the department, not of all.
        if part.is_empty() && self.out.keys.len() > 1 && self.says(&["within"]) {
            self.out.doubt(30);
        }
        // What has not come yet is neither late nor on time.
        let days: Vec<Col> = part
            .iter()
            .filter(|filter| matches!(filter, Filter::Columns { left, .. } if self.view.kind(*left) == ColumnKind::Date))
            .flat_map(Filter::columns)
            .filter(|col| self.view.profile(*col).is_some_and(|profile| profile.empty > 0))
            .collect();
        self.placed.extend(days.into_iter().map(|col| (0, Filter::Empty { col, not: true })));
        self.placed.extend(decided.filter(|_| outcome).map(|filter| (0, filter)));
        if !part.is_empty() || self.out.measures.is_empty() {
            self.out.task = Some(Task::Share(part));
        }
    }
}

/// The earlier of two periods first.
pub(super) fn ordered(first: Period, second: Period) -> (Period, Period) {
    let start = |period: &Period| {
        period
            .filters
            .iter()
            .map(|filter| match filter {
                Filter::During { range, .. } => range.from.unwrap_or(i64::MIN) as f64,
                Filter::Between { low, .. } => *low,
                Filter::Recurs { when: crate::analyst::dates::Recurring::Months(months), .. } => {
                    f64::from(months.first().copied().unwrap_or(0))
                }
                Filter::Is { values, .. } => values
                    .first()
                    .and_then(|value| value.trim_start_matches(['Q', 'q']).parse().ok())
                    .unwrap_or(0.0),
                _ => 0.0,
            })
            .fold(0.0, |sum: f64, start| sum * 100.0 + start)
    };
    if start(&second) < start(&first) { (second, first) } else { (first, second) }
}
