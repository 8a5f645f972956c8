//! Figures: what is added up, averaged, counted, and computed of several columns.

use ringfence_pipeline::ports::{ColumnKind, ColumnRole};

use super::{EXACT, Mention, Reader, Trouble, Want};
use crate::analyst::{
    query::{Agg, Chart, Col, Expr, Filter, Key, Measure, Task, Unit},
    view::View,
    vocabulary::Class,
    words::Kind,
};

/// What says something as an average, not as a sum, whatever the numbers look like.
const AVERAGED: [&str; 27] = [
    "satisfaction",
    "score",
    "rating",
    "recommend",
    "age",
    "temperature",
    "rate",
    "percent",
    "percentage",
    "grade",
    "height",
    "weight",
    "price",
    "nps",
    "share",
    "ratio",
    "speed",
    "humidity",
    "term",
    "temp",
    "mark",
    "pressure",
    "voltage",
    "per",
    "average",
    "mean",
    "level",
];

/// What people do, which may stand for what it is measured by.
const VERBS: [&str; 30] = [
    "sell", "sold", "sells", "selling", "spend", "spent", "spends", "spending", "earn", "earned", "earns",
    "earning", "pay", "paid", "pays", "paying", "buy", "bought", "buys", "work", "worked", "works", "cost",
    "costs", "order", "ordered", "join", "joined", "use", "used",
];

/// True for what no one adds up.
pub(crate) fn is_averaged(view: &View<'_>, col: Col) -> bool {
    let called = view.columns.get(col).is_some_and(|column| {
        let total = column.words.iter().any(|word| word == "total") && view.role(col) == ColumnRole::Amount;
        // `Shares` of a company are pieces.
        let pieces = column.words == ["share"] && column.profile.name.to_lowercase().ends_with("shares");
        column.words.iter().any(|word| AVERAGED.contains(&word.as_str())) && !total && !pieces
    });
    called || super::balances::is_balance_in_time(view, col) || is_mark(view, col)
}

/// True for a column of a table of marks or scores, unless its numbers are far smaller than the others, as absences are.
fn is_mark(view: &View<'_>, col: Col) -> bool {
    let rated = view
        .names
        .iter()
        .any(|name| ["mark", "grade", "score", "rating", "temperature", "price"].contains(&name.as_str()));
    let greatest = |col: Col| {
        view.profile(col)
            .filter(|profile| profile.unit.is_none())
            .and_then(|profile| profile.max)
            .filter(|_| view.is_measure(col))
    };
    let most = (0..view.columns.len()).filter_map(greatest).fold(0.0, f64::max);
    let alike =
        (0..view.columns.len()).filter(|one| greatest(*one).is_some_and(|max| max * 2.0 >= most)).count();
    rated && alike > 1 && greatest(col).is_some_and(|max| max * 2.0 >= most)
}

impl Reader<'_> {
    // ---- aggregates and what they are of ----

    /// "the lowest and the highest salary": both, and no rank.
    pub(super) fn both_ends(&mut self) {
        let (low, high) =
            (["lowest", "smallest", "least", "minimum"], ["highest", "largest", "greatest", "maximum"]);
        for at in 0..self.tokens.len() {
            let and = self.word(at + 1, &["and"]);
            let other = self.past(at + 2, &["the"]);
            let ends = if self.word(at, &low) && self.word(other, &high) {
                [Agg::Min, Agg::Max]
            } else if self.word(at, &high) && self.word(other, &low) {
                [Agg::Max, Agg::Min]
            } else {
                continue;
            };
            let figure = self.mention(other + 1).is_some_and(|mention| self.can(&mention, Want::Measure));
            // "the difference between the highest and the lowest price"
            let apart = (at.saturating_sub(4)..at)
                .find(|place| {
                    self.word(*place, &["difference", "gap", "range", "spread"])
                        && self.past(*place + 1, &["between", "from", "of", "the"]) == at
                })
                .filter(|place| self.free(*place..other + 1));
            if let Some(from) = apart.filter(|_| and && figure) {
                self.spend(from..other + 1);
                self.spoken.push((from, Agg::Range));
                self.aggs_said.push((from, Agg::Range));
            } else if and && figure && self.free(at..other + 1) {
                self.spend(at..other + 1);
                for (place, agg) in [at, other].into_iter().zip(ends) {
                    self.spoken.push((place, agg));
                    self.aggs_said.push((place, agg));
                }
            }
        }
    }

    pub(super) fn spoken_figures(&mut self) -> Result<(), Trouble> {
        self.percentiles();
        for at in 0..self.tokens.len() {
            if self.used[at] {
                continue;
            }
            let found = self.class_of(at, |class| match class {
                Class::Agg(agg) => Some((agg, false)),
                Class::HowMany => Some((Agg::Count, true)),
                Class::HowMuch => Some((Agg::Sum, false)),
                _ => None,
            });
            let Some((length, (agg, counts))) = found else { continue };
            let column = self.mention(at).filter(|mention| mention.best() >= EXACT && mention.end == at + 1);
            // "top 5 jobs by total" names the column `Total`, where no other figure is named.
            let alone = |mention: &Mention| {
                length == 1
                    && !self.is_row_word(at + 1)
                    && self.computed.is_empty()
                    && self.can(mention, Want::Measure)
                    && !self.mentions.iter().any(|other| {
                        other.start != at && self.can(other, Want::Measure) && !self.is_rows(other)
                    })
            };
            if column.is_some_and(|mention| !self.spoken.is_empty() || alone(&mention)) {
                continue;
            }
            self.spend(at..at + length);
            // In a table of headcounts by month it is what the columns hold.
            if self.word(at, &["headcount", "headcounts"]) && !self.wide_months().is_empty() {
                continue;
            }
            if counts && self.count_periods(at + length)? {
                continue;
            }
            if counts {
                self.counting = Some(at + length);
            }
            self.spoken.push((at, agg));
            self.aggs_said.push((at, agg));
        }
        // "how much do we pay on average" wants no total.
        let asked = |at: usize| self.phrases[at].iter().any(|(_, class)| *class == Class::HowMuch);
        if self.spoken.iter().any(|(at, agg)| matches!(agg, Agg::Mean | Agg::Median) && !asked(*at)) {
            let phrases = &self.phrases;
            self.spoken.retain(|(at, _)| !phrases[*at].iter().any(|(_, class)| *class == Class::HowMuch));
        }
        self.means_of_groups();
        // "total number of", "how many different"
        let aggs: Vec<Agg> = self.spoken.iter().map(|(_, agg)| *agg).collect();
        if aggs.contains(&Agg::Count) && aggs.contains(&Agg::Distinct) {
            self.spoken.retain(|(_, agg)| *agg != Agg::Count);
            self.counting = None;
        }
        if aggs.contains(&Agg::Count) && aggs.contains(&Agg::Sum) && self.spoken.len() == 2 {
            let adjacent = self
                .spoken
                .windows(2)
                .all(|pair| pair[1].0 - pair[0].0 <= 2 || !self.has_measure_after(pair[0].0));
            // "count and sum" wants both, "total number of" one.
            let apart = self.spoken.windows(2).all(|pair| {
                (pair[0].0 + 1..pair[1].0).any(|at| {
                    self.word(at, &["and", "plus", "with"]) || self.mark(at, ',') || self.mark(at, '&')
                })
            });
            if apart && self.counting.is_some_and(|at| self.is_listed(at)) {
                self.computed.push((self.spoken[0].0, Measure::rows()));
                self.spoken.retain(|(_, agg)| *agg != Agg::Count);
                self.counting = None;
            } else if adjacent {
                self.spoken.retain(|(_, agg)| *agg == Agg::Count);
            }
        }
        if aggs.len() > 1 && aggs.windows(2).all(|pair| pair[0] == pair[1]) && aggs[0] == Agg::Sum {
            self.spoken.truncate(1);
        }
        Ok(())
    }

    /// "90th percentile of", "upper quartile"
    fn percentiles(&mut self) {
        for at in 0..self.tokens.len() {
            let position = |at: usize| match self.tokens.get(at)?.kind {
                Kind::Ordinal(position) => Some(position),
                _ => self.tokens.get(at)?.count(),
            };
            let before = at.checked_sub(1).and_then(position).map(|number| (at - 1, at + 1, number));
            let (start, end, rank) = if self.word(at, &["percentile"]) {
                match before.or_else(|| position(at + 1).map(|number| (at, at + 2, number))) {
                    Some(found) => found,
                    None => continue,
                }
            } else if self.word(at, &["quartile"]) && at > 0 {
                match (self.tokens[at - 1].text.as_str(), before) {
                    ("upper", _) => (at - 1, at + 1, 75),
                    ("lower", _) => (at - 1, at + 1, 25),
                    (_, Some((start, end, number @ 1..=3))) => (start, end, number * 25),
                    _ => continue,
                }
            } else {
                continue;
            };
            if let Some(rank) = u8::try_from(rank).ok().filter(|rank| *rank <= 100 && self.free(start..end)) {
                self.spend(start..end);
                self.spoken.push((start, Agg::Quantile(rank)));
            }
        }
    }

    /// "downtime in hours", where the column holds minutes.
    pub(super) fn in_hours(&mut self) {
        let said = (0..self.tokens.len()).find(|at| {
            self.word(*at, &["in"]) && self.word(at + 1, &["hours", "hrs"]) && self.free(*at..at + 2)
        });
        let Some(at) = said else { return };
        let minutes = |col: Col| {
            let words = &self.view.columns[col].words;
            words.iter().any(|word| ["min", "mins", "minute"].contains(&word.as_str()))
        };
        let mut converted = false;
        for measure in &mut self.out.measures {
            if let Expr::Column(col) = measure.of
                && measure.name.is_none()
                && minutes(col)
            {
                measure.name = Some("hours".to_owned());
                measure.of = Expr::Op('/', Box::new(measure.of.clone()), Box::new(Expr::Number(60.0)));
                converted = true;
            }
        }
        if converted {
            self.spend(at..at + 2);
        }
    }

    /// "the total with 20% VAT added": so much more.
    pub(super) fn with_tax(&mut self) {
        let taxes = ["vat", "tax", "gst"];
        let found = (0..self.tokens.len()).find_map(|at| {
            let (percent, _) = self.amount(at + 1).filter(|(_, percent)| *percent)?;
            let tax = self.past(at + 2, &["percent"]);
            (self.word(at, &["with", "plus", "including", "incl", "adding", "add"])
                && self.word(tax, &taxes)
                && self.mention(tax).is_none())
            .then(|| (at, self.past(tax + 1, &["added", "on", "top"]), percent))
        });
        let Some((from, to, percent)) = found else { return };
        let plain = |measure: &Measure| !matches!(measure.of, Expr::Rows) && !measure.is_ratio();
        if self.out.measures.is_empty() || !self.out.measures.iter().all(plain) {
            return;
        }
        for measure in &mut self.out.measures {
            if let Expr::Column(col) = measure.of {
                measure.name = Some(format!("{} with {percent} % tax", self.view.name(col)));
            }
            let factor = Expr::Number(1.0 + percent / 100.0);
            measure.of = Expr::Op('*', Box::new(measure.of.clone()), Box::new(factor));
        }
        self.spend(from..to);
    }

    /// "how many days" of something else than between two dates.
    pub(super) fn counted_days(&mut self) -> Result<(), Trouble> {
        if let Some((at, length)) = self.days_asked
            && self.word(at + length - 1, &["days"])
            && self.free(at..at + length)
            && self.count_periods(at + length - 1)?
        {
            self.spend(at..at + length);
        }
        Ok(())
    }

    /// "in how many months was actual above budget", "number of days with more than 200 sessions".
    pub(super) fn count_periods(&mut self, from: usize) -> Result<bool, Trouble> {
        let at = self.past(from, &["the", "of", "different", "calendar"]);
        if self.word(at, &["working", "business", "weekend"]) && self.word(at + 1, &["day", "days"]) {
            self.out.doubt(30);
        }
        let Some((length, unit)) = self
            .unit(at)
            .filter(|_| self.mention(at).is_none_or(|mention| !self.can(&mention, Want::Measure)))
        else {
            return Ok(false);
        };
        if self.has_row_each(unit) {
            self.rows_said(at..at + length);
            return Ok(false);
        }
        let compared = self.placed.iter().any(|(_, filter)| {
            matches!(
                filter,
                Filter::Number { .. }
                    | Filter::Columns { .. }
                    | Filter::Between { .. }
                    | Filter::Typical { .. }
            )
        });
        let there = self.tokens.iter().any(|token| {
            token.is_any(&["data", "cover", "covers", "covered", "there", "different", "recorded"])
        });
        if !self.out.keys.is_empty() || !(compared || there) {
            // "how many days did each of them work": days are counted, not what was done on them.
            if self.computed.is_empty() && matches!(unit, Unit::Day | Unit::Week | Unit::Month) {
                self.out.doubt(30);
            }
            return Ok(false);
        }
        self.spend(at..at + length);
        self.time_key(unit)?;
        self.out.groups_counted = true;
        Ok(true)
    }

    /// True if each row is a day, a week or whatever is asked for: the dates differ by just that.
    fn has_row_each(&self, unit: Unit) -> bool {
        let Some(col) = self.default_date().filter(|col| self.tells_rows_apart(*col)) else { return false };
        let days = match unit {
            Unit::Day => 1.0..=1.05,
            Unit::Week => 6.9..=7.1,
            Unit::Month => 28.0..=31.0,
            Unit::Quarter => 89.0..=93.0,
            Unit::Year => 364.0..=367.0,
            _ => return false,
        };
        let rows = self.view.rows();
        #[allow(clippy::cast_precision_loss)]
        let apart = |(first, last): (i64, i64)| (last - first) as f64 / (rows - 1) as f64;
        rows > 2 && self.extent(col).is_some_and(|extent| days.contains(&apart(extent)))
    }

    /// "average daily sessions", "orders per customer on average": the mean of the groups' totals.
    fn means_of_groups(&mut self) {
        let mean = self.spoken.iter().find(|(_, agg)| *agg == Agg::Mean).map(|(at, _)| *at);
        let Some(at) = mean.filter(|_| !self.out.keys.is_empty()) else { return };
        let adverb = self.tokens.get(at + 1).is_some_and(|token| {
            token.is_any(&["daily", "weekly", "monthly", "quarterly", "yearly", "annual", "hourly"])
        });
        let counts = self.spoken.iter().any(|(_, agg)| *agg == Agg::Count) || self.counting.is_some();
        let single = self.out.keys.len() == 1;
        // "absences per pupil on average": of what each has in all.
        let additive = |mention: &Mention| {
            mention
                .candidates
                .first()
                .is_some_and(|(col, _)| self.view.is_measure(*col) && self.usual(*col) == Agg::Sum)
        };
        let last = self.word(at, &["on"]) || at + 1 == self.tokens.len();
        if single
            && last
            && at > 0
            && self.mentions.iter().any(additive)
            && (0..at).any(|place| self.word(place, &["per", "each", "every"]))
        {
            self.out.mean_of_groups = true;
            self.spoken.retain(|(_, agg)| *agg != Agg::Mean);
            return;
        }
        // "average revenue per customer by country": of rows, or of what each customer has in all?
        let per = (at..self.tokens.len()).find(|place| self.word(*place, &["per"]));
        let nested = per.is_some_and(|per| (per..self.tokens.len()).any(|place| self.word(place, &["by"])))
            && self.out.keys.len() == 2
            && self.mentions.iter().any(additive);
        if self.out.keys.len() == 2
            && self.out.keys.iter().any(
                |key| matches!(key, Key::Time(_, unit) if adverb || self.word(at, &["on"]) || matches!(unit, Unit::Day | Unit::Week)),
            )
            && self.word(at, &["average", "on"])
            && self.mentions.iter().any(additive)
        {
            // A mean of entries, or of what each day has in all.
            self.out.doubt(25);
        } else if nested {
            self.out.doubt(25);
        }
        // "average loans per borrower": rows are what each has so many of; an "average loan" is of so much.
        let rows = (at + 1..self.tokens.len().min(at + 4))
            .find(|place| !self.word(*place, &["number", "count", "of", "the"]))
            .is_some_and(|place| self.is_row_word(place) && (counts || self.word_ends_in_s(place)));
        let figured = self.computed.iter().any(|(_, measure)| measure.of != Expr::Rows);
        let plain = (counts || rows)
            && !figured
            && !self
                .mentions
                .iter()
                .any(|mention| self.can(mention, Want::Measure) && !self.is_rows(mention));
        if single && (adverb && self.out.keys[0].is_time() || plain) {
            if plain && !counts {
                self.out.counts = true;
                self.computed.push((at, Measure::rows()));
            }
            self.out.mean_of_groups = true;
            self.spoken.retain(|(_, agg)| *agg != Agg::Mean);
        }
    }

    /// True where "count" stands in a list of figures: nothing that is counted follows.
    fn is_listed(&self, at: usize) -> bool {
        at >= self.tokens.len()
            || self.word(at, &["and", "plus", "by", "per", "for", "in", "with"])
            || matches!(self.tokens[at].kind, Kind::Mark(_))
            || at > 0 && self.word(at - 1, &["and"])
    }

    fn has_measure_after(&self, at: usize) -> bool {
        self.mentions.iter().any(|mention| mention.start > at && self.can(mention, Want::Measure))
    }

    pub(super) fn measured(&mut self) -> Result<(), Trouble> {
        self.counted_things()?;
        let mut spoken: Vec<(usize, Agg)> =
            self.spoken.iter().copied().filter(|(_, agg)| *agg != Agg::Count || self.out.counts).collect();
        let mut found: Vec<(usize, Measure)> = std::mem::take(&mut self.computed);
        let takes_columns = matches!(
            self.out.task,
            Some(
                Task::Duplicates(_)
                    | Task::Missing(_)
                    | Task::Correlation(_)
                    | Task::Outliers(_)
                    | Task::Clean(_)
                    | Task::Span(_)
            )
        );
        let mut columns: Vec<(usize, Col)> = Vec::new();
        if let Some(at) = self.counted_beside() {
            found.push((at, Measure::rows()));
        }
        let all = self.mentions.clone();
        for mention in all.clone() {
            if self.used[mention.start] {
                continue;
            }
            let distinct = spoken
                .iter()
                .any(|(at, agg)| matches!(agg, Agg::Distinct | Agg::Mode) && *at < mention.start);
            let date = spoken.iter().any(|(_, agg)| matches!(agg, Agg::Min | Agg::Max))
                && self.can(&mention, Want::Date);
            if takes_columns || (!self.can(&mention, Want::Measure) && !distinct && !date) {
                continue;
            }
            // "gross amount", "units on hand": the weaker name only stands beside the other.
            // "pie of days per week": how many have each of a few numbers.
            let few = matches!(self.out.chart, Some(Chart::Pie | Chart::Bar))
                && self.out.keys.is_empty()
                && spoken.is_empty()
                && found.is_empty()
                && all.iter().filter(|other| self.can(other, Want::Measure)).count() == 1
                && self.view.profile(mention.candidates[0].0).is_some_and(|profile| profile.distinct <= 12)
                && self.view.kind(mention.candidates[0].0) == ColumnKind::Integer
                && self.view.role(mention.candidates[0].0) != ColumnRole::Amount;
            if few {
                let col = mention.candidates[0].0;
                self.take(&mention);
                self.push_key(Key::Column(col));
                found.push((mention.start, Measure::rows()));
                continue;
            }
            let stronger = |other: &Mention| {
                (other.end == mention.start || other.start == mention.end)
                    && other.best() > mention.best() + 20
                    && self.can(other, Want::Measure)
            };
            if mention.best() < 75
                && let Some(head) = all.iter().find(|other| stronger(other)).cloned()
            {
                // "lease cost" is `Lease p/m`, whatever else is called a cost.
                let [(col, _), ..] = mention.candidates[..] else { continue };
                let named = head.start == mention.end
                    && self.word(
                        head.start,
                        &["cost", "costs", "amount", "amounts", "value", "fee", "fees", "payment"],
                    )
                    && self.view.role(col) == ColumnRole::Amount
                    && self.view.is_measure(col)
                    && !head.candidates.iter().any(|(one, _)| *one == col);
                if !named {
                    self.spend(mention.start..mention.end);
                    continue;
                }
                self.spend(head.start..head.end);
            }
            let literal = mention.best() >= 60 && !self.spoken.is_empty();
            if self.is_rows(&mention)
                && !self.is_income(&mention)
                && (!literal
                    || all.iter().any(|other| other.start != mention.start && self.can(other, Want::Measure)))
            {
                if self.is_listed_beside(&mention, &all) {
                    found.push((mention.start, Measure::rows()));
                }
                self.rows_said(mention.start..mention.end);
                continue;
            }
            // "which product sold the most units": what is done is no second figure.
            let verb = self.tokens[mention.start].is_any(&VERBS)
                && mention.end - mention.start == 1
                && mention.best() < EXACT;
            let figured = all.iter().any(|other| {
                other.start != mention.start
                    && self.can(other, Want::Measure)
                    && !self.tokens[other.start].is_any(&VERBS)
            });
            if verb && self.sells_unseen(mention.start) {
                continue;
            }
            // "wait in minutes" wants another unit, not the column that is measured so.
            if mention.start > 0
                && self.word(mention.start - 1, &["in"])
                && !columns.is_empty()
                && self.word(mention.start, &["minutes", "seconds", "hours", "days", "tonnes", "kg", "km"])
            {
                self.out.doubt(30);
                continue;
            }
            if verb
                && (figured
                    || !found.is_empty()
                    || self.out.counts
                    || spoken.iter().any(|(_, agg)| *agg == Agg::Distinct))
            {
                self.spend(mention.start..mention.end);
                continue;
            }
            let want = if distinct {
                Want::Key
            } else if self.can(&mention, Want::Measure) {
                Want::Measure
            } else {
                Want::Date
            };
            let col = self.resolve(&mention, want)?;
            if distinct && self.out.keys.iter().any(|key| key.column() == col) {
                continue;
            }
            let beside = |other: &Mention| {
                other.start == mention.end
                    && self.can(other, Want::Measure)
                    && other.best() < EXACT
                    && other.best() + 20 >= mention.best()
                    && !self.tokens[other.start].is_any(&VERBS)
                    && !self.is_rows(other)
            };
            if want == Want::Measure
                && all.iter().any(beside)
                && !self.out.keys.iter().any(|key| key.column() == col)
            {
                self.out.doubt(30);
            }
            // "max temp by month" of `temp_max`: what it is the greatest of counts for the month, too.
            if spoken.is_empty()
                && let Some(agg) = self.extreme_in(&mention)
            {
                spoken.push((mention.start, agg));
            }
            // "high glucose" may say how much there is of it, not which bound it has.
            let bound = self.tokens[mention.start].is_any(&["high", "low"]) && spoken.is_empty();
            if bound
                && self
                    .placed
                    .iter()
                    .any(|(at, filter)| *at == mention.end && matches!(filter, Filter::Is { .. }))
            {
                self.out.doubt(30);
            }
            // "weight shipped" is of freight, and added up.
            let moved = self.word(
                mention.end,
                &[
                    "shipped",
                    "moved",
                    "transported",
                    "delivered",
                    "carried",
                    "sold",
                    "produced",
                    "harvested",
                    "handled",
                ],
            );
            if moved && spoken.is_empty() && self.view.columns[col].words.iter().any(|word| word == "weight")
            {
                spoken.push((mention.start, Agg::Sum));
            }
            self.take(&mention);
            columns.push((mention.start, col));
        }
        self.assign(&spoken, &columns, &mut found);
        found.sort_by_key(|(at, _)| *at);
        self.out.measures.extend(found.into_iter().map(|(_, measure)| measure));
        let mut kept: Vec<Measure> = Vec::new();
        for measure in std::mem::take(&mut self.out.measures) {
            if !kept.iter().any(|known| {
                known.of == measure.of && known.agg == measure.agg && known.weight == measure.weight
            }) {
                kept.push(measure);
            }
        }
        self.out.measures = kept;
        self.out.exact += self.out.measures.len();
        Ok(())
    }

    /// "customers and revenue by plan": how many, beside how much.
    fn counted_beside(&self) -> Option<usize> {
        let asked = !self.out.keys.is_empty() && self.counting.is_none() && self.spoken.is_empty();
        let figure = |at: usize| {
            self.mention(at).is_some_and(|mention| {
                mention.best() >= 60 && self.can(&mention, Want::Measure) && !self.is_rows(&mention)
            })
        };
        (0..self.tokens.len()).filter(|_| asked).find(|at| {
            let after_by = *at > 0 && self.is(*at - 1, Class::By);
            let plural = self.word_ends_in_s(*at) || self.word(*at, &["people", "children"]);
            plural
                && !self.used[*at]
                && !after_by
                && self.is_row_word(*at)
                && self.word(*at + 1, &["and", "&"])
                && figure(*at + 2)
        })
    }

    /// Each aggregate goes with the column after it, and with the one before if there is none.
    fn assign(
        &mut self,
        spoken: &[(usize, Agg)],
        columns: &[(usize, Col)],
        found: &mut Vec<(usize, Measure)>,
    ) {
        let figures: Vec<(usize, Agg)> =
            spoken.iter().copied().filter(|(_, agg)| *agg != Agg::Count).collect();
        self.out.agg_said = !spoken.is_empty();
        self.out.entity_ranked = self.rank_lists;
        if self.out.counts && spoken.iter().any(|(_, agg)| *agg == Agg::Count) {
            let at = spoken.iter().find(|(_, agg)| *agg == Agg::Count).map_or(0, |(at, _)| *at);
            found.push((at, Measure::rows()));
        }
        if let [(_, agg)] = figures[..] {
            for (_, measure) in
                found.iter_mut().filter(|(_, measure)| measure.of != Expr::Rows && !measure.of.is_ratio())
            {
                measure.agg =
                    if matches!(measure.of, Expr::Days(..)) && agg == Agg::Sum { measure.agg } else { agg };
            }
        }
        if columns.is_empty() {
            if found.iter().all(|(_, measure)| measure.of == Expr::Rows) {
                self.out.aggs = figures.iter().map(|(_, agg)| *agg).collect();
            }
            return;
        }
        if figures.is_empty() {
            found.extend(
                columns.iter().map(|(at, col)| (*at, Measure::new(self.usual(*col), Expr::Column(*col)))),
            );
            return;
        }
        // "min, max and mean of revenue" has one column; "total sessions and conversions" one aggregate.
        for (at, col) in columns {
            let next = columns.iter().map(|(place, _)| *place).find(|place| place > at).unwrap_or(usize::MAX);
            let previous = columns.iter().map(|(place, _)| *place).filter(|place| place < at).max();
            let mut mine: Vec<(usize, Agg)> = figures
                .iter()
                .copied()
                .filter(|(place, _)| place < at && previous.is_none_or(|previous| *place > previous))
                .collect();
            if mine.is_empty() {
                mine = figures.iter().copied().filter(|(place, _)| place > at && *place < next).collect();
                if previous.is_some() {
                    mine.clear();
                }
            }
            if mine.is_empty() {
                mine.extend(
                    figures.iter().rev().find(|(place, _)| place < at).or_else(|| figures.first()).copied(),
                );
            }
            for (place, agg) in mine {
                let agg = if agg == Agg::Sum
                    && self.view.role(*col) == ColumnRole::Rate
                    && self.usual(*col) == Agg::Mean
                    && !self.sum_said(place)
                {
                    Agg::Mean
                } else {
                    agg
                };
                found.push((place.max(*at), Measure::new(agg, Expr::Column(*col))));
            }
        }
    }

    /// "customers and revenue by plan": as many of the one as there are, and the other.
    fn is_listed_beside(&self, rows: &Mention, all: &[Mention]) -> bool {
        let figure = |one: &Mention| self.can(one, Want::Measure) && !self.is_rows(one);
        let after =
            self.word(rows.end, &["and"]) && all.iter().any(|one| one.start == rows.end + 1 && figure(one));
        let before = rows.start > 0
            && self.word(rows.start - 1, &["and"])
            && all.iter().any(|one| one.end + 1 == rows.start && figure(one));
        (after || before) && !self.out.keys.is_empty() && !self.out.counts
    }

    /// The extreme that is part of a name.
    fn extreme_in(&self, mention: &Mention) -> Option<Agg> {
        let said = |words: &[&str]| (mention.start..mention.end).any(|at| self.word(at, words));
        let most = said(&["max", "maximum", "highest"]).then_some(Agg::Max);
        most.or_else(|| said(&["min", "minimum", "lowest"]).then_some(Agg::Min))
            .filter(|_| mention.end - mention.start > 1)
    }

    /// A yield in tonnes is no rate, whatever it is called.
    fn is_weighed(&self, col: Col) -> bool {
        let weights = ["tonne", "ton", "kg", "litre", "liter", "kwh"];
        let words = &self.view.columns[col].words;
        words.last().is_some_and(|word| weights.contains(&word.as_str()))
            && !words.iter().any(|word| ["price", "preis", "je", "per"].contains(&word.as_str()))
    }

    fn sum_said(&self, at: usize) -> bool {
        self.word(at, &["total", "sum", "totals", "add", "adding", "added", "summing"])
    }

    /// What one does with a column if nothing is said.
    fn usual(&self, col: Col) -> Agg {
        match self.view.role(col) {
            _ if self.view.kind(col) == ColumnKind::Date => Agg::Max,
            _ if is_averaged(self.view, col) => Agg::Mean,
            ColumnRole::Rate if !self.is_weighed(col) => Agg::Mean,
            _ if self.out.per_row => Agg::Mean,
            _ => Agg::Sum,
        }
    }
}
