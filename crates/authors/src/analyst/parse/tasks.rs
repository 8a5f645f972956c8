//! What kind of answer is wanted: shares, growth, running totals, duplicates, charts, clean-ups.

use ringfence_pipeline::ports::ColumnKind;

use super::{Mention, Reader, Trouble, Want};
use crate::analyst::{
    query::{Agg, Chart, Cmp, Col, Expr, Filter, Having, Key, Measure, Task, Unit},
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
                    let counted = (0..at).any(|place| self.is(place, Class::HowMany));
                    if counted && self.word(at, &["more", "twice", "several"]) {
                        // What came several times is not what stands there twice.
                        self.out.doubt(25);
                    }
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
        let link = link.filter(|_| self.word(at, &["more", "several", "twice"]));
        // "which titles appear more than once"
        let behind = link
            .filter(|link| {
                self.word(*link, &["which", "that"]) && self.says(&["appear", "appears", "occur", "occurs"])
            })
            .and_then(|link| self.mention(link + 1))
            .filter(|group| group.best() >= 60);
        let whole = behind.is_some();
        // "what share of customers ordered more than once"
        let shared = (0..at).find_map(|from| {
            let (length, _) = self.phrases[from].iter().find(|(_, class)| *class == Class::Share)?;
            self.mention(self.past(from + length, &["of", "the", "our", "all"]))
        });
        let Some(group) = behind
            .or_else(|| link.and_then(|link| self.mention_before(link)))
            .or(shared)
            .filter(|group| self.can(group, Want::Key))
        else {
            return false;
        };
        let named = self.resolve(&group, Want::Key).ok();
        let Some(col) = named.filter(|col| whole || !self.tells_rows_apart(*col)) else {
            return false;
        };
        self.take(&group);
        self.spend_verbs(group.end, at);
        if self.share_of_groups(group.start) {
            self.spend(group.end..at);
        }
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
            // "how many days before the event": from the other day there is.
            [one] if self.word(from, &["before", "after", "until"]) => {
                let mut others = self.view.of_kind(ColumnKind::Date).filter(|col| col != one);
                let (Some(other), None) = (others.next(), others.next()) else { return false };
                let after = self.word(from, &["after"]);
                self.spend(from..from + 1);
                if after { (*one, other) } else { (other, *one) }
            }
            // "average time to close", "resolution time": from the day on which it was opened.
            _ if let Some(pair) = self.opened_and_closed(from, &cols) => pair,
            // "how many days does a car stay": from the day it came in to the day it went out.
            _ if let Some(pair) = self.stay(from) => pair,
            // "how many days were they members": from the day they came to the day they left.
            _ if self.says(&["member", "members", "employed", "stay", "stayed", "subscribed"]) => {
                let (Some(first), Some(second)) = (self.default_date(), self.end_column()) else {
                    return false;
                };
                (first, second)
            }
            _ => return false,
        };
        for mention in &dates {
            self.take(mention);
        }
        // "took more than 3 days to close" is a condition, and no figure.
        let limit = from.checked_sub(3).is_some_and(|at| self.tokens[at].amount().is_some())
            && self.word(from - 2, &["days"])
            && self.word(from - 1, &["to"]);
        if limit {
            return true;
        }
        let mut measure = Measure::new(Agg::Mean, Expr::Days(first, second));
        measure.name = Some("days".to_owned());
        self.computed.push((from, measure));
        true
    }

    /// The days on which something was opened and on which it was done, where the table has one of each.
    fn opened_and_closed(&mut self, from: usize, named: &[Col]) -> Option<(Col, Col)> {
        const OPENED: [&str; 9] = [
            "opened",
            "created",
            "received",
            "reported",
            "raised",
            "submitted",
            "requested",
            "logged",
            "scheduled",
        ];
        const CLOSED: [&str; 6] = ["closed", "resolved", "completed", "solved", "finished", "fixed"];
        const VERBS: [&str; 14] = [
            "close",
            "closed",
            "resolve",
            "resolved",
            "resolution",
            "complete",
            "completion",
            "completed",
            "solve",
            "solved",
            "finish",
            "fix",
            "closing",
            "open",
        ];
        let called = |names: &[&str]| {
            let is =
                |col: &Col| self.view.columns[*col].words.iter().any(|word| names.contains(&word.as_str()));
            let mut cols = self.view.of_kind(ColumnKind::Date).filter(is);
            cols.next().filter(|_| cols.next().is_none())
        };
        let pair = called(&OPENED).zip(called(&CLOSED))?;
        let said = (from.saturating_sub(4)..self.tokens.len()).any(|at| self.word(at, &VERBS));
        if !said || named.iter().any(|col| *col != pair.0 && *col != pair.1) {
            return None;
        }
        for at in from..self.tokens.len() {
            if self.word(at, &VERBS) && !self.used[at] && self.value(at).is_none() {
                self.spend(at..at + 1);
            }
        }
        Some(pair)
    }

    /// The days of coming and going, where the table has one pair of them and somebody asks how long it was.
    fn stay(&mut self, from: usize) -> Option<(Col, Col)> {
        const PAIRS: [(&str, &str); 13] = [
            ("order", "delivered"),
            ("ordered", "delivered"),
            ("order", "shipped"),
            ("received", "shipped"),
            ("in", "out"),
            ("arrival", "departure"),
            ("checkin", "checkout"),
            ("admission", "discharge"),
            ("admitted", "discharged"),
            ("pickup", "delivered"),
            ("shipped", "delivered"),
            ("received", "completed"),
            ("start", "end"),
        ];
        let verbs = ["stay", "stays", "stayed", "take", "takes", "last", "lasts", "here", "transit"];
        let named = from > 0 && self.word(from - 1, &["time", "times"]);
        if !named && !self.says(&verbs) {
            return None;
        }
        let called = |name: &str| {
            let mut cols = self
                .view
                .of_kind(ColumnKind::Date)
                .filter(|col| self.view.columns[*col].words.iter().any(|word| word == name));
            cols.next().filter(|_| cols.next().is_none())
        };
        let pair = PAIRS.iter().find_map(|(first, last)| called(first).zip(called(last)))?;
        for at in from..self.tokens.len() {
            if self.word(at, &verbs) && !self.used[at] {
                self.spend(at..at + 1);
            }
        }
        Some(pair)
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
        // "which museum grew the most": of each, though each has but one row.
        if let (Some(_), Some(Task::Rows(cols))) = (self.growth_at, &self.out.task)
            && let [col] = cols[..]
        {
            self.out.task = None;
            self.push_key(Key::Column(col));
        }
        if self.out.task.is_none() {
            if self.growth_at.is_some()
                || (self.compares && self.periods.len() == 2 && self.share_at.is_some())
            {
                self.settle_growth(time)?;
            } else if self.periods.len() == 2 {
                self.compare_periods()?;
            } else if self.share_at.is_some()
                && !self.out.measures.first().is_some_and(|measure| measure.of.is_ratio() && measure.percent)
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
        // A price over time may be drawn as it is, or by its months' averages.
        let mean = |measure: &Measure| matches!(measure.of, Expr::Column(_)) && measure.agg == Agg::Mean;
        if self.over_time && !time && !self.out.agg_said && self.out.measures.iter().any(mean) {
            self.out.doubt(25);
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
        // "revenue per month as columns" is drawn so, if nothing goes across.
        if self.pivot && self.out.keys.len() == 1 && self.out.chart.is_none() && self.says(&["columns"]) {
            self.out.chart = Some(Chart::Bar);
        }
        self.removals();
        let grows = matches!(
            self.out.task,
            Some(Task::Growth(..) | Task::GrowthEach | Task::GrowthColumns(..) | Task::Cagr)
        );
        if self.growth_at.is_some() && !grows && !self.out.removes {
            self.out.doubt(25);
        }
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
                let flag = self.out.filters.iter().chain(self.placed.iter().map(|(_, filter)| filter));
                if flag.clone().any(|filter| matches!(filter, Filter::Flag { yes: true, .. })) {
                    // "receipts missing" are those that say no.
                    for filter in
                        self.out.filters.iter_mut().chain(self.placed.iter_mut().map(|(_, filter)| filter))
                    {
                        if let Filter::Flag { yes, .. } = filter {
                            *yes = false;
                        }
                    }
                    continue;
                }
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
}
