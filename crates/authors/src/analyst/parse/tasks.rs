//! What kind of answer is wanted: shares, growth, running totals, duplicates, charts, clean-ups.

use ringfence_pipeline::ports::{ColumnKind, ColumnRole};

use super::{Mention, Reader, Trouble, Want};
use crate::analyst::{
    query::{Agg, Chart, Cmp, Col, Expr, Filter, Having, Key, Measure, Period, Task, Unit},
    vocabulary::Class,
    words::Kind,
};

impl Reader<'_> {
    pub(super) fn charts_and_files(&mut self) {
        for at in 0..self.tokens.len() {
            if self.used[at] {
                continue;
            }
            let chart = self.class_of(at, |class| match class {
                Class::Chart(chart) => Some(chart),
                _ => None,
            });
            // "bars" may be sold, "figures" are asked for: one word of a chart needs no more than that if nothing is called so.
            if let Some((length, chart)) =
                chart.filter(|_| self.mention(at).is_none() && self.value(at).is_none())
            {
                let doubtful = length == 1 && self.word(at, &["figure", "line", "bar", "bars", "lines"]);
                let listed = doubtful
                    && !self.word(at + 1, &["chart", "graph", "plot"])
                    && self.out.chart.is_none()
                    && !(0..self.tokens.len())
                        .any(|other| self.class(other, |class| class == Class::Chart(Chart::Any)).is_some());
                if listed && self.word(at, &["figure", "line", "lines"]) {
                    continue;
                }
                let known = self.out.chart.filter(|known| *known != Chart::Any);
                self.out.chart = Some(known.unwrap_or(chart));
                let per = self.word(at + length - 1, &["per"]) || self.word(at + length - 1, &["each"]);
                self.spend(at..at + length - usize::from(per));
            }
            if let Some(length) = self
                .class(at, |class| class == Class::Save)
                .filter(|_| self.mention(at).is_none() && self.value(at).is_none())
            {
                // "in the file" names what is asked about.
                let given = at > 0
                    && self.word(at - 1, &["the", "this", "my", "our"])
                    && at > 1
                    && self.word(at - 2, &["in", "of", "from"]);
                let thing = self.word(at, &["file", "spreadsheet", "workbook"]) && length == 1;
                self.spend(at..at + length);
                self.out.save |= !(given && thing);
            }
        }
    }

    /// Words that decide the kind of answer.
    pub(super) fn kinds(&mut self) {
        for at in 0..self.tokens.len() {
            if self.used[at] {
                continue;
            }
            let found = self.class_of(at, |class| {
                matches!(
                    class,
                    Class::Share
                        | Class::Growth
                        | Class::Cagr
                        | Class::Running
                        | Class::Pivot
                        | Class::Versus
                        | Class::Correlation
                        | Class::Describe
                        | Class::Outlier
                        | Class::Duplicate
                        | Class::Ageing
                        | Class::Extent
                        | Class::DaysBetween
                )
                .then_some(class)
            });
            let Some((length, class)) = found else { continue };
            if class == Class::Growth && self.is_passive(at) {
                continue;
            }
            if class == Class::Outlier && self.word(at, &["abnormal"]) {
                // By bounds of their own or by the spread of all: it must be said.
                self.out.doubt(30);
            }
            if self
                .mention(at)
                .is_some_and(|mention| mention.best() >= super::EXACT && mention.end >= at + length)
                || self.value(at).is_some_and(|value| value.exact)
            {
                continue;
            }
            match class {
                Class::Share => self.share_at = Some(self.share_at.unwrap_or(at)),
                Class::Growth => {
                    // "changed" may only be said of a text.
                    self.growth_at = Some(self.growth_at.unwrap_or(at));
                    let unit = self.phrases[at].iter().find_map(|(same, class)| match class {
                        Class::Every(unit) if *same == length => Some(*unit),
                        _ => None,
                    });
                    if let Some(unit) = unit {
                        self.spend(at..at + length);
                        let _ = self.time_key(unit);
                    }
                }
                Class::Cagr => self.out.task = Some(Task::Cagr),
                Class::Running => self.running = true,
                Class::Pivot => self.pivot = true,
                Class::Versus => {
                    self.compares = true;
                    // The words are needed to see what is compared.
                    continue;
                }
                Class::Correlation => self.out.task = Some(Task::Correlation(Vec::new())),
                Class::Describe => self.out.task = Some(Task::Describe(Vec::new())),
                Class::Outlier => self.out.task = Some(Task::Outliers(usize::MAX)),
                Class::Duplicate if self.comes_again(at) => {}
                Class::Duplicate => {
                    self.out.task = self.out.task.take().or(Some(Task::Duplicates(Vec::new())))
                }
                Class::Ageing => self.ageing(at, length),
                Class::Extent => {
                    if let Some(col) = self.default_date() {
                        self.out.task = Some(Task::Span(col));
                    }
                }
                Class::DaysBetween if !self.days_between(at + length) => {
                    self.days_asked = self.days_asked.or(Some((at, length)));
                    continue;
                }
                _ => {}
            }
            self.spend(at..at + length);
        }
    }

    /// "customers who bought more than once": whoever has several rows, not rows that repeat others.
    fn comes_again(&mut self, at: usize) -> bool {
        let link = (0..at).find(|place| self.word(*place, &["who", "that", "which"]));
        let Some(group) = link
            .filter(|_| self.word(at, &["more", "several", "twice"]))
            .and_then(|link| self.mention_before(link))
            .filter(|group| self.can(group, Want::Key))
        else {
            return false;
        };
        let Some(col) = self.resolve(&group, Want::Key).ok().filter(|col| !self.tells_rows_apart(*col))
        else {
            return false;
        };
        self.take(&group);
        self.out.selects = true;
        self.push_key(Key::Column(col));
        self.out.measures.push(Measure::rows());
        self.out.having = Some(Having::Number { measure: 0, cmp: Cmp::Over, value: 1.0 });
        true
    }

    /// "which crops were grown": what somebody grew, not what became more.
    fn is_passive(&self, at: usize) -> bool {
        self.word(at, &["grown"])
            && !self.says(&["has", "have", "had"])
            && (0..at).any(|place| self.word(place, &["is", "are", "was", "were", "be"]))
    }

    /// "how many days pass between the invoice date and the payment"
    fn days_between(&mut self, from: usize) -> bool {
        let dates: Vec<Mention> = self
            .mentions
            .iter()
            .filter(|mention| {
                mention.start >= from
                    && mention.candidates.iter().any(|(col, _)| self.view.kind(*col) == ColumnKind::Date)
            })
            .cloned()
            .collect();
        let cols: Vec<Col> =
            dates.iter().filter_map(|mention| self.resolve(mention, Want::Date).ok()).collect();
        let pays = self.tokens.iter().any(|token| token.is_any(&["pay", "paid", "payment", "settle"]));
        let (first, second) = match &cols[..] {
            [first, second] => (*first, *second),
            _ if pays => {
                let paid = self.view.of_kind(ColumnKind::Date).find(|col| {
                    self.view.columns[*col]
                        .words
                        .iter()
                        .any(|word| ["paid", "payment", "settled"].contains(&word.as_str()))
                });
                let (Some(first), Some(second)) = (self.default_date(), paid) else { return false };
                for at in from..self.tokens.len() {
                    if self.word(at, &["pay", "paid", "payment"]) && !self.used[at] {
                        self.spend(at..at + 1);
                    }
                }
                (first, second)
            }
            _ => return false,
        };
        for mention in &dates {
            self.take(mention);
        }
        let mut measure = Measure::new(Agg::Mean, Expr::Days(first, second));
        measure.name = Some("days".to_owned());
        self.computed.push((from, measure));
        true
    }

    fn ageing(&mut self, at: usize, length: usize) {
        let asked = self.says(&["ageing", "aging", "aged", "age", "overdue", "days"]);
        let Some(due) = self.due_column().or_else(|| self.default_date().filter(|_| asked)) else { return };
        let mut edges: Vec<u32> = Vec::new();
        for place in at + length..self.tokens.len() {
            if let Some(number) = self.tokens[place].count().filter(|number| (1..=3650).contains(number))
                && !self.used[place]
            {
                edges.push(number);
            }
        }
        // 0-30, 31-60, 61-90, over 90: the edges are 30, 60 and 90.
        let mut upper: Vec<u32> =
            edges.iter().copied().filter(|edge| edge % 10 == 0 || edge % 7 == 0).collect();
        upper.sort_unstable();
        upper.dedup();
        if upper.is_empty() {
            upper = vec![30, 60, 90];
        } else {
            for place in at + length..self.tokens.len() {
                let number = matches!(self.tokens[place].kind, Kind::Number(_));
                if (number
                    || self.word(
                        place,
                        &[
                            "days", "over", "overdue", "due", "past", "buckets", "more", "than", "late",
                            "above",
                        ],
                    ))
                    && !self.used[place]
                {
                    self.spend(place..place + 1);
                }
            }
        }
        self.out.task = Some(Task::Ageing { due, edges: upper });
    }

    // ---- the end ----

    pub(super) fn settle_task(&mut self) -> Result<(), Trouble> {
        self.spend_versus();
        self.missing_values();
        self.remaining_columns()?;
        self.values_listed();
        self.either();
        let filters: Vec<Filter> = self.placed.iter().map(|(_, filter)| filter.clone()).collect();
        let time = self.out.keys.iter().any(|key| key.is_time() || self.view.is_calendar(key.column()));
        if self.out.task.is_none() {
            if self.growth_at.is_some()
                || (self.compares && self.periods.len() == 2 && self.share_at.is_some())
            {
                self.settle_growth(time)?;
            } else if self.periods.len() == 2 {
                self.compare_periods()?;
            } else if self.share_at.is_some()
                && !matches!(self.computed.first(), Some((_, measure)) if measure.of.is_ratio())
            {
                self.settle_share(&filters);
            } else if self.running {
                if !time {
                    self.time_key(Unit::Month)?;
                    self.sort_time_last();
                }
                self.out.task = Some(Task::Running);
            } else if self.pivot && self.out.keys.len() >= 2 {
                self.out.task = Some(Task::Pivot);
            }
        } else if self.out.task == Some(Task::Cagr) && !time {
            self.time_key(Unit::Year)?;
        } else if self.periods.len() == 2 {
            self.compare_periods()?;
        }
        if self.out.task.is_none() && self.over_time && !time {
            let unit = self.usual_unit();
            self.time_key(unit)?;
        }
        if self.out.filters.is_empty() {
            self.out.filters = self.placed.iter().map(|(_, filter)| filter.clone()).collect();
        }
        if let Some(Task::Share(part)) = &self.out.task {
            let part = part.clone();
            self.out.filters.retain(|filter| !part.contains(filter));
        }
        self.settle_ageing()?;
        // "how much of the budget is used" is of what it was used for, which is another column.
        let used = self.says(&["used", "spent", "consumed"])
            && self
                .out
                .measures
                .iter()
                .flat_map(|measure| measure.of.columns())
                .any(|col| self.counterpart(col).is_some());
        if used && matches!(self.out.task, Some(Task::Share(_))) {
            self.out.doubt(30);
        }
        // "was marketing over budget?" wants a yes or no of the whole, not the rows that were.
        let verdict = self.word(0, &["was", "were", "is", "are", "did", "does"]);
        if verdict && self.out.filters.iter().any(|filter| matches!(filter, Filter::Columns { .. })) {
            self.out.doubt(30);
        }
        self.removals();
        Ok(())
    }

    fn spend_versus(&mut self) {
        for at in 0..self.tokens.len() {
            if let Some(length) = self.class(at, |class| class == Class::Versus) {
                self.spend(at..at + length);
            }
        }
        for at in 0..self.tokens.len() {
            // How the answer is to look goes without saying.
            if let Some(length) = self
                .class(at, |class| class == Class::Share)
                .filter(|_| self.growth_at.is_some() || self.out.task.is_some())
            {
                self.spend(at..at + length);
            }
        }
    }

    fn sort_time_last(&mut self) {
        self.out.keys.sort_by_key(|key| key.is_time());
    }

    fn settle_growth(&mut self, time: bool) -> Result<(), Trouble> {
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
    fn usual_unit(&self) -> Unit {
        let days = self.default_date().and_then(|col| self.extent(col)).map(|(first, last)| last - first);
        if days.is_some_and(|days| days <= 62) { Unit::Day } else { Unit::Month }
    }

    /// How many years the data runs over.
    fn years(&self) -> i64 {
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

    fn is_calendar_filter(&self, filter: &Filter) -> bool {
        filter.columns().iter().all(|col| self.view.is_calendar(*col))
    }

    /// "2023 vs 2022" without growth: both, side by side.
    fn compare_periods(&mut self) -> Result<(), Trouble> {
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

    /// "cost as a share of sales": one figure over another.
    fn ratio_of_two(&mut self) -> bool {
        let [first, second] = &self.out.measures[..] else { return false };
        let (Expr::Column(above), Expr::Column(below)) = (&first.of, &second.of) else { return false };
        let mut measure = Measure::new(
            Agg::Sum,
            Expr::Op('/', Box::new(Expr::Column(*above)), Box::new(Expr::Column(*below))),
        );
        measure.percent = true;
        self.out.measures = vec![measure];
        true
    }

    fn settle_share(&mut self, filters: &[Filter]) {
        if self.ratio_of_two() {
            return;
        }
        if self.running {
            // A share of what has come so far is not told.
            self.out.doubt(30);
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
                        )
                        && !self.is_calendar_filter(filter)
                        && !filter.columns().iter().any(|col| keyed.contains(col))
                })
                .map(|(_, filter)| filter.clone())
                .collect();
            self.out.task = Some(Task::Share(part));
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
        let part = if !behind.is_empty() && !before.is_empty() {
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
        if !part.is_empty() || self.out.measures.is_empty() {
            self.out.task = Some(Task::Share(part));
        }
    }

    fn settle_ageing(&mut self) -> Result<(), Trouble> {
        let Some(Task::Ageing { due: _, .. }) = self.out.task else { return Ok(()) };
        let newest = self.newest();
        if self.out.today.is_none() {
            self.out.today = newest;
            if let Some(day) = newest {
                self.out.notes.push(format!(
                    "Days are counted to {}, the newest date of the data.",
                    crate::analyst::dates::iso(day)
                ));
                self.out.doubt(8);
            }
        }
        let Some(_today) = self.out.today else {
            return Err(Trouble::Cannot(format!(
                "there is no date to count from; {}",
                self.view.columns_said()
            )));
        };
        let paid = self.view.of_kind(ColumnKind::Date).find(|col| {
            self.view.columns[*col]
                .words
                .iter()
                .any(|word| ["paid", "payment", "settled"].contains(&word.as_str()))
        });
        let known = self.out.filters.iter().any(|filter| matches!(filter, Filter::Empty { .. }));
        if let Some(col) = paid.filter(|_| !known) {
            self.out.filters.push(Filter::Empty { col, not: false });
        }
        Ok(())
    }

    /// "which columns have missing values": what no condition has used.
    fn missing_values(&mut self) {
        for at in 0..self.tokens.len() {
            if let Some(length) = self.class(at, |class| matches!(class, Class::Missing | Class::Empty)) {
                self.spend(at..at + length);
                if !matches!(self.out.task, Some(Task::Clean(_))) {
                    self.out.task = Some(Task::Missing(Vec::new()));
                }
            }
            if self.out.task == Some(Task::Missing(Vec::new())) && self.word(at, &["column", "columns"]) {
                self.spend(at..at + 1);
            }
        }
        if matches!(self.out.task, Some(Task::Missing(_))) {
            self.out.keys.clear();
        }
    }

    /// "drop the entries with more than 24 hours": a new workbook without them.
    fn removals(&mut self) {
        let Some(at) =
            self.removes.filter(|_| self.out.task.is_none() || matches!(self.out.task, Some(Task::Rows(_))))
        else {
            return;
        };
        let filters = std::mem::take(&mut self.out.filters);
        let these = (at..self.tokens.len()).any(|place| self.word(place, &["those", "these", "them"]));
        if filters.is_empty() && !these {
            return;
        }
        if !filters.is_empty() {
            self.out.filters = vec![Filter::Not(filters)];
        }
        self.out.removes = true;
        self.out.measures.clear();
        self.out.counts = false;
        self.out.task = Some(Task::Rows(Vec::new()));
        self.out.save = true;
        self.spend(at..at + 1);
    }

    /// Columns that nothing has used yet.
    fn remaining_columns(&mut self) -> Result<(), Trouble> {
        let rest = self.mentions.clone();
        let wanted = match self.out.task {
            Some(Task::Duplicates(_) | Task::Missing(_)) => Want::Any,
            Some(Task::Correlation(_) | Task::Describe(_) | Task::Outliers(_)) => Want::Measure,
            _ => Want::Any,
        };
        let mut cols: Vec<Col> = Vec::new();
        let takes_all = matches!(
            self.out.task,
            Some(
                Task::Duplicates(_)
                    | Task::Missing(_)
                    | Task::Correlation(_)
                    | Task::Describe(_)
                    | Task::Outliers(_)
            )
        );
        if takes_all {
            cols = self.out.measures.iter().flat_map(|measure| measure.of.columns()).collect();
        }
        let shows = self.out.lists || (self.out.selects && self.out.keys.is_empty()) || self.lists_said();
        for mention in rest {
            if self.used[mention.start] || self.sells_unseen(mention.start) {
                continue;
            }
            if (self.is_rows(&mention) || (shows && self.names_rows(&mention)))
                && !(takes_all && mention.best() >= super::EXACT)
            {
                self.rows_said(mention.start..mention.end);
                continue;
            }
            let date = self.can(&mention, Want::Date) && !self.can(&mention, Want::Measure);
            if takes_all || shows {
                let col = self.resolve(&mention, wanted)?;
                if date && !takes_all && self.is_event(col) && !self.asks_for(&mention) {
                    self.take(&mention);
                    self.placed.push((mention.start, Filter::Empty { col, not: true }));
                    continue;
                }
                self.take(&mention);
                cols.push(col);
            } else if date {
                let col = self.resolve(&mention, Want::Date)?;
                self.take(&mention);
                if self.is_event(col)
                    && self.out.counts
                    && !self.placed.iter().any(|(_, filter)| filter.columns().contains(&col))
                {
                    self.placed.push((mention.start, Filter::Empty { col, not: true }));
                }
            } else if self.out.counts
                || self.tokens.get(mention.start).is_some_and(|token| self.view.is_named(&token.text))
            {
                self.out.doubt(5);
                let rows = !self.out.counts || self.names_kind(&mention);
                self.take(&mention);
                if rows {
                    self.out.repeat();
                }
            } else if self.is_named_row(&mention) {
                self.rows_said(mention.start..mention.end);
            } else if self.out.task.is_none()
                && self.out.measures.is_empty()
                && self.out.aggs.is_empty()
                && !self.can(&mention, Want::Measure)
                && self.out.keys.is_empty()
                && self.share_at.is_none()
                && self.growth_at.is_none()
            {
                let col = self.resolve(&mention, Want::Any)?;
                self.take(&mention);
                cols.push(col);
                self.out.task = Some(Task::Rows(Vec::new()));
            } else if mention.best() < 60 {
                // A word that may only stand beside what was meant: "customer orders".
                self.out.doubt(10);
                self.take(&mention);
            } else if self.is_said_before(&mention) {
                self.out.doubt(4);
                self.take(&mention);
                self.out.repeat();
            } else {
                // What was named in full and is not in the answer is asked about.
                self.out.doubt(25);
                self.take(&mention);
            }
        }
        cols.dedup();
        match &mut self.out.task {
            Some(
                Task::Duplicates(list) | Task::Missing(list) | Task::Correlation(list) | Task::Describe(list),
            ) => {
                *list = cols;
                self.out.measures.clear();
            }
            Some(Task::Outliers(col)) => {
                let measure = |col: &Col| self.view.is_number(*col);
                match cols.iter().find(|col| measure(col)) {
                    Some(one) => *col = *one,
                    None => {
                        let numbers: Vec<Col> =
                            (0..self.view.columns.len()).filter(|col| self.view.is_measure(*col)).collect();
                        match numbers[..] {
                            [one] => *col = one,
                            _ => {
                                return Err(super::ask_column(
                                    "Outliers of which column?",
                                    &numbers,
                                    self.view,
                                ));
                            }
                        }
                    }
                }
                self.out.measures.clear();
            }
            Some(Task::Rows(list)) => {
                for col in cols {
                    if !list.contains(&col) {
                        list.push(col);
                    }
                }
            }
            Some(Task::Span(col)) => {
                if let Some(date) = cols.iter().find(|col| self.view.kind(**col) == ColumnKind::Date) {
                    *col = *date;
                }
                self.out.measures.clear();
            }
            None if shows
                && self.out.keys.is_empty()
                && self.out.aggs.is_empty()
                && !self.out.counts
                && self.share_at.is_none()
                && self.growth_at.is_none()
                && !self.running
                && self.periods.is_empty()
                && self.computed.is_empty()
                && (self.out.lists || self.out.rank.is_none()) =>
            {
                let filtered = !self.placed.is_empty()
                    || self.out.lists
                    || cols.iter().any(|col| !self.view.is_measure(*col));
                if filtered && !self.out.keys.iter().any(|key| key.is_time()) && self.out.chart.is_none() {
                    self.out.task = Some(Task::Rows(cols));
                }
            }
            _ => {}
        }
        Ok(())
    }

    /// A list of one column that repeats itself is a list of its values.
    fn values_listed(&mut self) {
        let Some(Task::Rows(cols)) = &self.out.task else { return };
        let [col] = cols[..] else { return };
        let filtered = self.placed.iter().any(|(_, filter)| filter.columns().contains(&col));
        let plain = !filtered
            && self.view.kind(col) == ColumnKind::Text
            && !self.view.is_unique(col)
            && self.view.profile(col).is_some_and(|profile| profile.distinct * 10 < self.view.rows() * 9);
        if !plain || self.out.rows_named || self.out.rank.is_some() || self.out.lists && self.out.selects {
            return;
        }
        let against = self
            .placed
            .iter()
            .any(|(_, filter)| matches!(filter, Filter::Columns { left, .. } if self.view.is_number(*left)));
        if against {
            self.out.selects = true;
            self.push_key(Key::Column(col));
            self.out.task = None;
        } else {
            self.out.task = Some(Task::Values(col));
        }
    }

    /// A word for what is known: "all customers except A", "kitchen products".
    fn is_said_before(&self, mention: &Mention) -> bool {
        let known = self
            .placed
            .iter()
            .flat_map(|(_, filter)| filter.columns())
            .chain(self.out.keys.iter().map(|key| key.column()))
            .any(|col| mention.candidates.iter().any(|(one, _)| *one == col));
        let of_value = self.placed.iter().any(|(at, filter)| {
            matches!(filter, Filter::Is { .. })
                && *at < mention.start
                && (*at..mention.start).all(|place| self.used[place])
        });
        let all = mention.start > 0 && self.word(mention.start - 1, &["all", "every", "our"]);
        known || ((of_value || all) && self.can(mention, Want::Key))
    }

    /// A word for what is counted: each row has one.
    fn names_kind(&self, mention: &Mention) -> bool {
        let key = |col: Col| {
            matches!(self.view.role(col), ColumnRole::Key | ColumnRole::Name | ColumnRole::Category)
        };
        mention.candidates.first().is_some_and(|(col, _)| key(*col))
            && mention.start > 0
            && !self.word(mention.start - 1, &["a", "an", "have", "with"])
    }

    /// A name of what each row is about, beside groups or a share: "pupils per class", "share of items without stock".
    fn is_named_row(&self, mention: &Mention) -> bool {
        let apart = |col: Col| {
            self.view.profile(col).is_some_and(|profile| profile.distinct * 10 >= self.view.rows() * 8)
                && self.view.columns[col].table == self.view.base
        };
        let plural = self.tokens.get(mention.end - 1).is_some_and(|token| token.text.ends_with('s'))
            && mention.candidates.first().is_some_and(|(col, _)| !self.view.name(*col).ends_with('s'));
        let asked = !self.out.keys.is_empty() || self.share_at.is_some() || self.out.counts;
        (asked && self.out.measures.is_empty() || plural)
            && self.can(mention, Want::Key)
            && mention.candidates.first().is_some_and(|(col, _)| apart(*col))
    }

    fn lists_said(&self) -> bool {
        (0..self.tokens.len()).any(|at| self.phrases[at].iter().any(|(_, class)| *class == Class::List))
            && !self.out.agg_said
            && !self.out.counts
    }

    /// True for dates that only some rows have: what has happened to them.
    pub(super) fn is_event(&self, col: Col) -> bool {
        self.view.kind(col) == ColumnKind::Date
            && self.view.profile(col).is_some_and(|profile| profile.empty * 20 > self.view.rows())
    }

    fn asks_for(&self, mention: &Mention) -> bool {
        mention.best() >= super::EXACT
    }
}

/// The earlier of two periods first.
fn ordered(first: Period, second: Period) -> (Period, Period) {
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
