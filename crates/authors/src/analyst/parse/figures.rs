//! Figures: what is added up, averaged, counted, and computed of several columns.

use ringfence_pipeline::ports::{ColumnKind, ColumnRole};

use super::{Choice, EXACT, Mention, Partial, Reader, Trouble, Want, ask_column};
use crate::analyst::{
    query::{Agg, Chart, Col, Expr, Having, Key, Measure, Query, Task, Filter},
    spelling::{normal_words, singular},
    view::View,
    vocabulary::Class,
    words::Kind,
};

/// Most groups by which one figure is broken down.
const KEYS_MAX: usize = 4;

/// What says something as an average, not as a sum, whatever the numbers look like.
const AVERAGED: [&str; 20] = [
    "satisfaction", "score", "rating", "recommend", "age", "temperature", "rate", "percent", "percentage", "grade", "height", "weight", "price", "nps", "share", "ratio",
    "speed", "humidity", "balance", "term",
];

/// What people do, which may stand for what it is measured by.
const VERBS: [&str; 30] = [
    "sell", "sold", "sells", "selling", "spend", "spent", "spends", "spending", "earn", "earned", "earns", "earning", "pay", "paid", "pays", "paying", "buy",
    "bought", "buys", "work", "worked", "works", "cost", "costs", "order", "ordered", "join", "joined", "use", "used",
];

impl Reader<'_> {
    // ---- computing with columns ----

    pub(super) fn arithmetic(&mut self) {
        let mut at = 0;
        while at < self.tokens.len() {
            if !self.used[at]
                && let Some((expr, end, operations)) = self.sum_at(at, 0).filter(|(_, _, operations)| *operations > 0)
            {
                let _ = operations;
                self.spend(at..end);
                let said = |class: Class| (0..self.tokens.len()).any(|place| self.class(place, |one| one == class).is_some());
                let percent = expr.is_ratio() && (said(Class::Share) || said(Class::Margin));
                let mut measure = Measure::new(Agg::Sum, expr);
                measure.percent = percent;
                self.computed.push((at, measure));
                at = end;
            } else {
                at += 1;
            }
        }
        self.months_together();
        self.weights();
        self.profits();
        self.products();
    }

    fn sum_at(&self, at: usize, depth: usize) -> Option<(Expr, usize, usize)> {
        let (mut left, mut end, mut operations) = self.product_at(at, depth)?;
        loop {
            let sign = self.class_of(end, |class| match class {
                Class::Plus => Some('+'),
                Class::Minus => Some('-'),
                _ => None,
            });
            let Some((length, sign)) = sign else { break };
            let next = self.past(end + length, &["the"]);
            let Some((right, after, more)) = self.product_at(next, depth) else { break };
            left = Expr::Op(sign, Box::new(left), Box::new(right));
            (end, operations) = (after, operations + more + 1);
        }
        Some((left, end, operations))
    }

    fn product_at(&self, at: usize, depth: usize) -> Option<(Expr, usize, usize)> {
        let (mut left, mut end, mut operations) = self.factor_at(at, depth)?;
        loop {
            let sign = self.class_of(end, |class| match class {
                Class::Times => Some('*'),
                Class::Divided => Some('/'),
                _ => None,
            });
            // "cost per unit" divides, "cost per region" groups.
            let per = self.word(end, &["per"]) && self.mention(end + 1).is_some_and(|mention| !self.can(&mention, Want::Key) && mention.best() >= 60);
            let Some((length, sign)) = sign.or(per.then_some((1, '/'))) else { break };
            let next = self.past(end + length, &["the"]);
            let Some((right, after, more)) = self.factor_at(next, depth) else { break };
            left = Expr::Op(sign, Box::new(left), Box::new(right));
            (end, operations) = (after, operations + more + 1);
        }
        Some((left, end, operations))
    }

    fn factor_at(&self, at: usize, depth: usize) -> Option<(Expr, usize, usize)> {
        if self.mark(at, '(') && depth < 8 {
            let (expr, end, operations) = self.sum_at(at + 1, depth + 1)?;
            return (self.mark(end, ')') && operations > 0).then_some((expr, end + 1, operations));
        }
        let mention = self.mention(at)?;
        let fitting = self.fitting(&mention.candidates, Want::Measure);
        let col = super::choose("", &fitting, self.view, self.choices).ok()?;
        self.view.is_number(col).then_some((Expr::Column(col), mention.end, 0))
    }

    /// A table with a column for each month: "in March", "June to August", "all months".
    fn months_together(&mut self) {
        let months = self.wide_months();
        if months.is_empty() {
            return;
        }
        for at in 0..self.tokens.len() {
            let range = self.wide_month(at).filter(|_| !self.used[at]);
            let other = self.wide_month(at + 2).filter(|_| self.word(at + 1, &["to", "through", "until", "till"]) || self.mark(at + 1, '-'));
            if let (Some(first), Some(last)) = (range, other) {
                let place = |col: Col| months.iter().position(|(_, one)| *one == col).unwrap_or(0);
                let (from, to) = (place(first).min(place(last)), place(first).max(place(last)));
                let cols: Vec<Col> = months[from..=to].iter().map(|(_, col)| *col).collect();
                self.computed.push((at, Measure::new(Agg::Sum, Expr::Together(cols))));
                self.spend(at.saturating_sub(usize::from(at > 0 && self.word(at - 1, &["from"])))..at + 3);
            } else if let Some(col) = range.filter(|_| self.mention(at).is_none()) {
                self.computed.push((at, Measure::new(Agg::Sum, Expr::Column(col))));
                self.spend(at..at + 1);
            } else if let Some(quarter) = self.tokens[at].text.strip_prefix('q').and_then(|number| number.parse::<i64>().ok()).filter(|quarter| (1..=4).contains(quarter)) {
                let cols: Vec<Col> = months.iter().filter(|(month, _)| (month + 2) / 3 == quarter).map(|(_, col)| *col).collect();
                if cols.len() == 3 && !self.used[at] {
                    self.spend(at..at + 1);
                    self.computed.push((at, Measure::new(Agg::Sum, Expr::Together(cols))));
                }
            }
        }
        let all = (0..self.tokens.len()).find(|at| {
            self.word(*at, &["all", "total", "whole", "full"]) && (*at..self.tokens.len().min(at + 3)).any(|next| self.word(next, &["months", "year"]))
        });
        let named = self.mentions.iter().any(|mention| mention.candidates.iter().any(|(col, _)| months.iter().any(|(_, one)| one == col)));
        if self.computed.is_empty() && (all.is_some() || !named) {
            let cols: Vec<Col> = months.iter().map(|(_, col)| *col).collect();
            let only = (0..self.view.columns.len()).filter(|col| self.view.is_measure(*col)).all(|col| cols.contains(&col));
            if all.is_some() || only {
                let at = all.unwrap_or(0);
                for place in at..self.tokens.len() {
                    if self.word(place, &["months", "year", "all"]) && !self.used[place] && all.is_some() {
                        self.spend(place..place + 1);
                    }
                }
                let mut measure = Measure::new(Agg::Sum, Expr::Together(cols));
                measure.name = Some("all months".to_owned());
                self.computed.push((at, measure));
            }
        }
    }

    fn weights(&mut self) {
        for at in 0..self.tokens.len() {
            let Some(length) = self.class(at, |class| class == Class::Weighted) else { continue };
            let next = self.past(at + length, &["the", "by", "with", "their"]);
            let Some(mention) = self.mention(next) else { continue };
            let mut before = at;
            while before > 0 && self.mark(before - 1, '-') {
                before -= 1;
            }
            // "principal weighted rate" names the weight first.
            let plain = length == 1 && next == at + 1;
            if let (true, Some(first)) = (plain, self.mention_before(before).filter(|mention| self.can(mention, Want::Measure)))
                && let (Ok(weight), Ok(col)) = (self.resolve(&first, Want::Measure), self.resolve(&mention, Want::Measure))
            {
                self.take(&first);
                self.take(&mention);
                self.spend(before..next);
                let mut measure = Measure::new(Agg::Mean, Expr::Column(col));
                measure.weight = Some(weight);
                self.computed.push((mention.start, measure));
                continue;
            }
            let Ok(weight) = self.resolve(&mention, Want::Measure) else { continue };
            self.take(&mention);
            self.spend(at..next);
            let of = self.mentions.iter().filter(|mention| self.can(mention, Want::Measure)).next_back().cloned();
            if let Some(mention) = of
                && let Ok(col) = self.resolve(&mention, Want::Measure)
            {
                self.take(&mention);
                let mut measure = Measure::new(Agg::Mean, Expr::Column(col));
                measure.weight = Some(weight);
                self.computed.push((mention.start, measure));
            }
        }
    }

    fn called(&self, names: &[&str]) -> Option<Col> {
        names.iter().find_map(|name| {
            let wanted = normal_words(name);
            let mut exact = (0..self.view.columns.len()).filter(|col| self.view.is_number(*col));
            let of = |col: &Col| wanted.iter().all(|word| self.view.columns[*col].words.contains(word));
            exact.find(of)
        })
    }

    fn revenue(&self) -> Option<Expr> {
        if let Some(col) = self.called(&["revenue", "sales", "turnover", "income"]) {
            return Some(Expr::Column(col));
        }
        let quantity = self.called(&["quantity", "qty", "units", "pieces", "sold", "hours"])?;
        let price = self.called(&["unit price", "selling price", "sale price", "price", "rate"])?;
        Some(Expr::Op('*', Box::new(Expr::Column(quantity)), Box::new(Expr::Column(price))))
    }

    fn profits(&mut self) {
        for at in 0..self.tokens.len() {
            let found = self.class_of(at, |class| matches!(class, Class::Profit | Class::Margin).then_some(class));
            let Some((length, class)) = found else { continue };
            if self.mention(at).is_some_and(|mention| mention.best() >= 60) {
                continue;
            }
            if class == Class::Margin && self.computed.iter().any(|(_, measure)| measure.of.is_ratio()) {
                self.spend(at..at + length);
                continue;
            }
            let (Some(revenue), Some(cost)) = (self.revenue(), self.called(&["cost", "costs", "expenses", "expense", "cogs"])) else { continue };
            let profit = Expr::Op('-', Box::new(revenue.clone()), Box::new(Expr::Column(cost)));
            if revenue.columns().len() > 1 {
                continue;
            }
            let (of, name) = match class {
                Class::Margin => (Expr::Op('/', Box::new(profit), Box::new(revenue)), "margin"),
                _ => (profit, "profit"),
            };
            self.spend(at..at + length);
            let mut measure = Measure::new(Agg::Sum, of);
            measure.percent = measure.of.is_ratio();
            measure.name = Some(name.to_owned());
            self.computed.push((at, measure));
        }
        self.rates();
    }

    /// Figures that are known by name: the conversion rate, the value of the stock.
    fn rates(&mut self) {
        for at in 0..self.tokens.len().saturating_sub(1) {
            if self.used[at] || self.used[at + 1] {
                continue;
            }
            if self.word(at, &["conversion"]) && self.word(at + 1, &["rate", "rates"]) {
                let parts = self.called(&["conversions", "conversion"]).zip(self.called(&["sessions", "visits", "clicks", "visitors", "leads"]));
                if let Some((above, below)) = parts {
                    self.spend(at..at + 2);
                    let mut measure = Measure::new(Agg::Sum, Expr::Op('/', Box::new(Expr::Column(above)), Box::new(Expr::Column(below))));
                    (measure.percent, measure.name) = (true, Some("conversion rate".to_owned()));
                    self.computed.push((at, measure));
                }
            }
            let stock = ["stock", "inventory"];
            let after = self.past(at + 1, &["of", "the", "our"]);
            let value = (self.word(at, &stock) && self.word(at + 1, &["value", "worth"])).then_some(at + 2)
                .or_else(|| (self.word(at, &["value", "worth"]) && self.word(after, &stock) && after > at + 1).then_some(after + 1));
            if let Some(end) = value.filter(|_| self.mention(at).is_none_or(|mention| mention.best() < EXACT)) {
                let parts = self.called(&["on hand", "stock", "quantity", "qty"]).zip(self.called(&["unit cost", "cost", "unit price", "price"]));
                if let Some((quantity, price)) = parts {
                    self.spend(at..end);
                    let mut measure = Measure::new(Agg::Sum, Expr::Op('*', Box::new(Expr::Column(quantity)), Box::new(Expr::Column(price))));
                    measure.name = Some("stock value".to_owned());
                    self.computed.push((at, measure));
                }
            }
        }
    }

    /// Revenue as quantity times price, if there is no column of it.
    fn products(&mut self) {
        for at in 0..self.tokens.len() {
            let word = singular(&self.tokens[at].text);
            let wanted = ["revenue", "turnover", "sale"].contains(&word.as_str());
            if !wanted || self.used[at] || self.tokens[at].kind != Kind::Word || self.mention(at).is_some_and(|mention| self.can(&mention, Want::Measure) || mention.best() >= EXACT) || self.view.is_named(&word) {
                continue;
            }
            if let Some(of @ Expr::Op(..)) = self.revenue() {
                self.spend(at..at + 1);
                let mut measure = Measure::new(Agg::Sum, of);
                measure.name = Some("revenue".to_owned());
                self.computed.push((at, measure));
            }
        }
    }

    // ---- aggregates and what they are of ----

    pub(super) fn spoken_figures(&mut self) {
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
            if self.mention(at).is_some_and(|mention| mention.best() >= EXACT && mention.end == at + 1) && !self.spoken.is_empty() {
                continue;
            }
            self.spend(at..at + length);
            if counts {
                self.counting = Some(at + length);
            }
            self.spoken.push((at, agg));
        }
        self.means_of_groups();
        // "total number of", "how many different"
        let aggs: Vec<Agg> = self.spoken.iter().map(|(_, agg)| *agg).collect();
        if aggs.contains(&Agg::Count) && aggs.contains(&Agg::Distinct) {
            self.spoken.retain(|(_, agg)| *agg != Agg::Count);
            self.counting = None;
        }
        if aggs.contains(&Agg::Count) && aggs.contains(&Agg::Sum) && self.spoken.len() == 2 {
            let adjacent = self.spoken.windows(2).all(|pair| pair[1].0 - pair[0].0 <= 2 || !self.has_measure_after(pair[0].0));
            if adjacent {
                self.spoken.retain(|(_, agg)| *agg == Agg::Count);
            }
        }
        if aggs.len() > 1 && aggs.windows(2).all(|pair| pair[0] == pair[1]) && aggs[0] == Agg::Sum {
            self.spoken.truncate(1);
        }
    }

    /// "average daily sessions", "orders per customer on average": the mean of the groups' totals.
    fn means_of_groups(&mut self) {
        let mean = self.spoken.iter().find(|(_, agg)| *agg == Agg::Mean).map(|(at, _)| *at);
        let Some(at) = mean.filter(|_| !self.out.keys.is_empty()) else { return };
        let adverb = self.tokens.get(at + 1).is_some_and(|token| token.is_any(&["daily", "weekly", "monthly", "quarterly", "yearly", "annual", "hourly"]));
        let counts = self.spoken.iter().any(|(_, agg)| *agg == Agg::Count) || self.counting.is_some();
        let single = self.out.keys.len() == 1;
        let plain = counts && !self.mentions.iter().any(|mention| self.can(mention, Want::Measure) && !self.is_rows(mention));
        if single && (adverb && self.out.keys[0].is_time() || plain) {
            self.out.mean_of_groups = true;
            self.spoken.retain(|(_, agg)| *agg != Agg::Mean);
        }
    }

    fn has_measure_after(&self, at: usize) -> bool {
        self.mentions.iter().any(|mention| mention.start > at && self.can(mention, Want::Measure))
    }

    pub(super) fn measured(&mut self) -> Result<(), Trouble> {
        self.counted_things()?;
        let spoken: Vec<(usize, Agg)> = self.spoken.iter().copied().filter(|(_, agg)| *agg != Agg::Count || self.out.counts).collect();
        let mut found: Vec<(usize, Measure)> = std::mem::take(&mut self.computed);
        let takes_columns = matches!(self.out.task, Some(Task::Duplicates(_) | Task::Missing(_) | Task::Correlation(_) | Task::Outliers(_) | Task::Clean(_) | Task::Span(_)));
        let mut columns: Vec<(usize, Col)> = Vec::new();
        let all = self.mentions.clone();
        for mention in all.clone() {
            if self.used[mention.start] {
                continue;
            }
            let distinct = spoken.iter().any(|(at, agg)| matches!(agg, Agg::Distinct | Agg::Mode) && *at < mention.start);
            let date = spoken.iter().any(|(_, agg)| matches!(agg, Agg::Min | Agg::Max)) && self.can(&mention, Want::Date);
            if takes_columns || (!self.can(&mention, Want::Measure) && !distinct && !date) {
                continue;
            }
            // "gross amount", "units on hand": the weaker name only stands beside the other.
            let stronger = |other: &Mention| (other.end == mention.start || other.start == mention.end) && other.best() > mention.best() + 20 && self.can(other, Want::Measure);
            if mention.best() < 75 && all.iter().any(stronger) {
                self.spend(mention.start..mention.end);
                continue;
            }
            let literal = mention.best() >= 60 && !self.spoken.is_empty();
            if self.is_rows(&mention) && (!literal || all.iter().any(|other| other.start != mention.start && self.can(other, Want::Measure))) {
                self.rows_said(mention.start..mention.end);
                continue;
            }
            // "which product sold the most units": what is done is no second figure.
            let verb = self.tokens[mention.start].is_any(&VERBS) && mention.end - mention.start == 1 && mention.best() < EXACT;
            let figured = all.iter().any(|other| other.start != mention.start && self.can(other, Want::Measure) && !self.tokens[other.start].is_any(&VERBS));
            if verb && (figured || !found.is_empty() || self.out.counts || spoken.iter().any(|(_, agg)| *agg == Agg::Distinct)) {
                self.spend(mention.start..mention.end);
                continue;
            }
            let want = if distinct { Want::Key } else if self.can(&mention, Want::Measure) { Want::Measure } else { Want::Date };
            let col = self.resolve(&mention, want)?;
            if distinct && self.out.keys.iter().any(|key| key.column() == col) {
                continue;
            }
            let beside = |other: &Mention| other.start == mention.end && self.can(other, Want::Measure) && other.best() < EXACT
                && other.best() + 20 >= mention.best() && !self.tokens[other.start].is_any(&VERBS) && !self.is_rows(other);
            if want == Want::Measure && all.iter().any(beside) && !self.out.keys.iter().any(|key| key.column() == col) {
                self.out.confidence = self.out.confidence.saturating_sub(30);
            }
            self.take(&mention);
            columns.push((mention.start, col));
        }
        self.assign(&spoken, &columns, &mut found);
        found.sort_by_key(|(at, _)| *at);
        self.out.measures.extend(found.into_iter().map(|(_, measure)| measure));
        let mut kept: Vec<Measure> = Vec::new();
        for measure in std::mem::take(&mut self.out.measures) {
            if !kept.iter().any(|known| known.of == measure.of && known.agg == measure.agg && known.weight == measure.weight) {
                kept.push(measure);
            }
        }
        self.out.measures = kept;
        self.out.exact += self.out.measures.len();
        Ok(())
    }

    /// Each aggregate goes with the column after it, and with the one before if there is none.
    fn assign(&mut self, spoken: &[(usize, Agg)], columns: &[(usize, Col)], found: &mut Vec<(usize, Measure)>) {
        let figures: Vec<(usize, Agg)> = spoken.iter().copied().filter(|(_, agg)| *agg != Agg::Count).collect();
        self.out.agg_said = !spoken.is_empty();
        self.out.entity_ranked = self.rank_lists;
        if self.out.counts && spoken.iter().any(|(_, agg)| *agg == Agg::Count) {
            let at = spoken.iter().find(|(_, agg)| *agg == Agg::Count).map_or(0, |(at, _)| *at);
            found.push((at, Measure::rows()));
        }
        if let [(_, agg)] = figures[..] {
            for (_, measure) in found.iter_mut().filter(|(_, measure)| measure.of != Expr::Rows && !measure.of.is_ratio()) {
                measure.agg = if matches!(measure.of, Expr::Days(..)) && agg == Agg::Sum { measure.agg } else { agg };
            }
        }
        if columns.is_empty() {
            if found.iter().all(|(_, measure)| measure.of == Expr::Rows) {
                self.out.aggs = figures.iter().map(|(_, agg)| *agg).collect();
            }
            return;
        }
        if figures.is_empty() {
            found.extend(columns.iter().map(|(at, col)| (*at, Measure::new(self.usual(*col), Expr::Column(*col)))));
            return;
        }
        // "min, max and mean of revenue" has one column; "total sessions and conversions" one aggregate.
        for (at, col) in columns {
            let next = columns.iter().map(|(place, _)| *place).find(|place| place > at).unwrap_or(usize::MAX);
            let previous = columns.iter().map(|(place, _)| *place).filter(|place| place < at).max();
            let mut mine: Vec<(usize, Agg)> = figures.iter().copied().filter(|(place, _)| place < at && previous.is_none_or(|previous| *place > previous)).collect();
            if mine.is_empty() {
                mine = figures.iter().copied().filter(|(place, _)| place > at && *place < next).collect();
                if previous.is_some() {
                    mine.clear();
                }
            }
            if mine.is_empty() {
                mine.extend(figures.iter().rev().find(|(place, _)| place < at).or(figures.first()).copied());
            }
            for (place, agg) in mine {
                let agg = if agg == Agg::Sum && self.view.role(*col) == ColumnRole::Rate && self.usual(*col) == Agg::Mean && !self.sum_said(place) { Agg::Mean } else { agg };
                found.push((place.max(*at), Measure::new(agg, Expr::Column(*col))));
            }
        }
    }

    fn sum_said(&self, at: usize) -> bool {
        self.word(at, &["total", "sum", "totals"])
    }

    /// What one does with a column if nothing is said.
    fn usual(&self, col: Col) -> Agg {
        match self.view.role(col) {
            _ if self.view.kind(col) == ColumnKind::Date => Agg::Max,
            _ if self.view.columns[col].words.iter().any(|word| AVERAGED.contains(&word.as_str())) => Agg::Mean,
            ColumnRole::Rate => Agg::Mean,
            _ => Agg::Sum,
        }
    }

    /// "how many orders": rows, the different values of a column, or the total of one.
    fn counted_things(&mut self) -> Result<(), Trouble> {
        let Some(start) = self.counting else { return Ok(()) };
        self.out.counts = true;
        let mut at = self.past(start, &["the", "of", "our", "all", "these", "those", "total", "different"]);
        while at < self.tokens.len() && self.used[at] && at < start + 3 {
            at += 1;
        }
        if self.tokens.get(at).is_some_and(|token| self.view.is_named(&token.text)) {
            self.out.exact += 2;
        }
        let Some(mention) = self.mention(at) else {
            self.count_rows_called(at);
            return Ok(());
        };
        if self.is_rows(&mention) {
            self.out.exact += 1;
            self.spend(mention.start..mention.end);
            return Ok(());
        }
        let measure = self.can(&mention, Want::Measure);
        if measure && (mention.best() >= 60 || !self.can(&mention, Want::Key)) {
            let col = self.resolve(&mention, Want::Measure)?;
            self.take(&mention);
            let filtered = self.view.role(col) == ColumnRole::Rate;
            let agg = if filtered { Agg::Count } else { Agg::Sum };
            self.out.counts = false;
            self.spoken.retain(|(_, agg)| *agg != Agg::Count);
            self.computed.push((at, Measure::new(agg, Expr::Column(col))));
            return Ok(());
        }
        if !self.can(&mention, Want::Key) {
            // "number of hires": what has a date of it.
            return Ok(());
        }
        let col = self.resolve(&mention, Want::Key)?;
        self.take(&mention);
        let distinct = self.view.profile(col).map_or(0, |profile| profile.distinct);
        let word = singular(&self.tokens[mention.start].text);
        if self.view.names.iter().any(|name| super::super::vocabulary::same_concept(name, &word)) {
            self.out.exact += 2;
        }
        let nearly_rows = self.names_rows(&mention) || self.view.columns[col].table == self.view.base && distinct * 2 >= self.view.rows();
        if self.view.is_unique(col) || nearly_rows {
            return Ok(());
        }
        // A table of one kind of thing has a row for each: employees, items.
        self.out.counts = false;
        self.spoken.retain(|(_, agg)| *agg != Agg::Count);
        self.computed.push((at, Measure::new(Agg::Distinct, Expr::Column(col))));
        Ok(())
    }

    /// A row may be called by what stands in it: "machines" by `Machine 03`.
    fn count_rows_called(&mut self, at: usize) {
        let Some(token) = self.tokens.get(at).filter(|token| token.kind == Kind::Word) else { return };
        let word = singular(&token.text);
        let held = self.view.of_kind(ColumnKind::Text).any(|col| {
            let values = self.view.profile(col).map(|profile| profile.values.as_slice()).unwrap_or_default();
            let with = values.iter().filter(|value| normal_words(&value.value).contains(&word)).count();
            with > 0 && with * 5 >= values.len()
        });
        let things = ["people", "person", "item", "thing", "record", "entry", "row", "line", "case", "respondent", "participant", "member", "reading",
            "measurement", "transaction", "booking", "answer", "response", "observation", "contact", "hire", "sale", "employee", "purchase", "posting", "movement", "submission", "payment"];
        let employs = self.view.names.iter().any(|name| super::super::vocabulary::same_concept(name, &word));
        if employs {
            self.out.exact += 2;
        }
        if (held || employs || things.contains(&word.as_str())) && !self.used[at] && self.value(at).is_none() {
            self.spend(at..at + 1);
            if !held {
                self.out.confidence = self.out.confidence.saturating_sub(4);
            }
        }
    }
}

/// Makes a whole query of what was said.
pub(super) fn complete(mut partial: Partial, view: &View<'_>, choices: &[Choice]) -> Result<(Query, u32), Trouble> {
    if partial.keys.len() > KEYS_MAX {
        return Err(Trouble::Cannot(format!("I group by at most {KEYS_MAX} columns")));
    }
    let mode = partial.aggs.iter().any(|agg| *agg == Agg::Mode) || partial.measures.iter().any(|measure| measure.agg == Agg::Mode);
    if mode {
        most_common(&mut partial);
    }
    let task = partial.task.clone();
    let having = having(&mut partial, view);
    match &task {
        Some(Task::Correlation(_) | Task::Describe(_) | Task::Missing(_) | Task::Duplicates(_) | Task::Outliers(_) | Task::Span(_) | Task::Clean(_) | Task::GrowthColumns(..)) => {}
        Some(Task::Values(_)) => {}
        Some(Task::Rows(_)) => rows_ranked(&mut partial, view, choices)?,
        _ => {
            if let Some(drawn) = drawn(&partial) {
                partial.task = Some(drawn);
            } else {
                figures(&mut partial, view, choices)?;
            }
        }
    }
    let task = partial.task.take().unwrap_or(Task::Figures);
    let task = correlated(task, view)?;
    let confidence = partial.confidence;
    let query = Query {
        task,
        measures: partial.measures,
        keys: partial.keys,
        filters: partial.filters,
        having,
        rank: partial.rank,
        chart: partial.chart,
        save: partial.save,
        today: partial.today,
        mean_of_groups: partial.mean_of_groups,
        notes: partial.notes,
    };
    Ok((query, confidence))
}

fn most_common(partial: &mut Partial) {
    let col = partial.measures.iter().find(|measure| measure.agg == Agg::Mode).and_then(|measure| measure.of.columns().first().copied());
    partial.aggs.retain(|agg| *agg != Agg::Mode);
    partial.measures.retain(|measure| measure.agg != Agg::Mode);
    if let Some(col) = col {
        partial.keys.push(Key::Column(col));
        partial.filters.push(Filter::Empty { col, not: true });
    }
    partial.measures = vec![Measure::rows()];
    if partial.rank.is_none() {
        partial.rank = Some(super::Rank { count: 1, lowest: false, within: false });
    }
}

/// Histograms, scatter and box plots show values, not figures.
fn drawn(partial: &Partial) -> Option<Task> {
    let plain = |measure: &Measure| matches!(measure.of, Expr::Column(_));
    match partial.chart {
        Some(Chart::Histogram | Chart::Box) if partial.measures.iter().any(plain) => Some(Task::Draw),
        Some(Chart::Scatter) if partial.measures.iter().filter(|measure| plain(measure)).count() >= 2 => Some(Task::Draw),
        _ => None,
    }
}

fn correlated(task: Task, view: &View<'_>) -> Result<Task, Trouble> {
    let numbers = || (0..view.columns.len()).filter(|col| view.is_measure(*col)).collect::<Vec<Col>>();
    Ok(match task {
        Task::Correlation(cols) => {
            let cols: Vec<Col> = cols.into_iter().filter(|col| view.is_number(*col)).collect();
            let cols = if cols.len() < 2 { numbers() } else { cols };
            if cols.len() < 2 {
                return Err(Trouble::Cannot(format!("there are no two columns of numbers to compare; {}", view.columns_said())));
            }
            Task::Correlation(cols)
        }
        Task::Describe(cols) if cols.is_empty() => Task::Describe(numbers()),
        other => other,
    })
}

/// Two figures of a group compared, such as actual over budget by department.
fn having(partial: &mut Partial, view: &View<'_>) -> Option<Having> {
    if partial.having.is_some() {
        return partial.having.clone();
    }
    let grouped = partial.selects && !partial.keys.is_empty();
    let at = partial.filters.iter().position(|filter| matches!(filter, Filter::Columns { left, .. } if view.is_number(*left)))?;
    if !grouped {
        return None;
    }
    let Filter::Columns { left, cmp, right } = partial.filters.remove(at) else { return None };
    partial.measures.retain(|measure| measure.of != Expr::Rows);
    let mut place = |col: Col| {
        let measure = Measure::new(Agg::Sum, Expr::Column(col));
        partial.measures.iter().position(|known| *known == measure).unwrap_or_else(|| {
            partial.measures.push(measure);
            partial.measures.len() - 1
        })
    };
    Some(Having::Measures { left: place(left), cmp, right: place(right) })
}

fn rows_ranked(partial: &mut Partial, view: &View<'_>, choices: &[Choice]) -> Result<(), Trouble> {
    if partial.rank.is_some() && partial.measures.is_empty() {
        let col = main_amount(partial, view, choices)?;
        partial.measures.push(Measure::new(Agg::Sum, Expr::Column(col)));
    }
    Ok(())
}

fn figures(partial: &mut Partial, view: &View<'_>, choices: &[Choice]) -> Result<(), Trouble> {
    if partial.measures.is_empty() {
        let grouped = !partial.keys.is_empty();
        let task = partial.task.is_some();
        if partial.total_only && partial.aggs.is_empty() && grouped && !partial.counts {
            return Err(best_by(view));
        }
        let ranked = partial.rank.is_some();
        if !partial.aggs.is_empty() {
            let col = main_measure(&partial.aggs, view, choices)?;
            partial.measures = partial.aggs.iter().map(|agg| Measure::new(*agg, Expr::Column(col))).collect();
        } else if partial.counts || (matches!(partial.task, Some(Task::Share(_))) && (partial.rows_named || !grouped || matches!(&partial.task, Some(Task::Share(part)) if !part.is_empty()))) || (partial.rows_named && grouped && !matches!(partial.task, Some(Task::Ageing { .. }))) {
            partial.measures.push(Measure::rows());
        } else if !grouped && !task && !ranked && (!partial.filters.is_empty() || partial.save) && (partial.rows_named || partial.lists || partial.selects || partial.save) {
            partial.task = Some(Task::Rows(Vec::new()));
            return Ok(());
        } else if !grouped && !task && !ranked && !partial.filters.is_empty() && partial.chart.is_none() {
            partial.confidence = partial.confidence.saturating_sub(6);
            partial.task = Some(Task::Rows(Vec::new()));
            return Ok(());
        } else if grouped && partial.selects && !ranked && !task {
            if partial.filters.is_empty() && !partial.asks_what_there_is {
                return Err(Trouble::Lost(String::new()));
            }
            let col = partial.keys[0].column();
            partial.task = Some(Task::Values(col));
        } else if task || ranked || grouped || partial.chart.is_some() {
            let col = main_amount(partial, view, choices)?;
            partial.measures.push(Measure::new(Agg::Sum, Expr::Column(col)));
        } else {
            return Err(Trouble::Lost(String::new()));
        }
    }
    // The greatest of a column is its maximum, of a group's figures the group.
    if let Some(rank) = partial.rank
        && partial.keys.is_empty()
        && partial.task.is_none()
    {
        let [measure] = &mut partial.measures[..] else { return Ok(()) };
        if partial.lists || rank.count > 1 {
            partial.task = Some(Task::Rows(Vec::new()));
        } else if matches!(measure.agg, Agg::Sum | Agg::Mean | Agg::Max | Agg::Min) {
            measure.agg = if rank.lowest { Agg::Min } else { Agg::Max };
            partial.rank = None;
        }
    }
    // "highest price by category": the maximum of each, unless a group is asked for.
    if let Some(rank) = partial.rank.filter(|rank| rank.count == 1 && !partial.selects && !partial.keys.is_empty())
        && partial.task.is_none()
        && !partial.aggs_said()
    {
        for measure in &mut partial.measures {
            if measure.of != Expr::Rows && measure.agg == Agg::Sum {
                measure.agg = if rank.lowest { Agg::Min } else { Agg::Max };
            }
        }
        partial.rank = None;
    }
    Ok(())
}

impl Partial {
    /// True if it says nothing of what to compute or to list.
    pub(crate) fn is_fragment(&self) -> bool {
        self.measures.is_empty() && self.aggs.is_empty() && !self.counts && self.task.is_none() && !self.rows_named && !self.lists && !self.selects
    }


    /// True if an aggregate was named, rather than taken as usual.
    fn aggs_said(&self) -> bool {
        self.entity_ranked || self.agg_said
    }
}

fn best_by(view: &View<'_>) -> Trouble {
    let mut options: Vec<(String, Choice)> = (0..view.columns.len())
        .filter(|col| view.is_measure(*col) && view.role(*col) != ColumnRole::Rate)
        .take(3)
        .map(|col| (format!("by {}", view.name(col)), Choice::Column(view.name(col).to_owned())))
        .collect();
    options.push(("by number of rows".to_owned(), Choice::Phrase("number of rows".to_owned())));
    Trouble::Ask("Best by which figure?".to_owned(), options)
}

/// The one amount there is, if no figure is named.
fn main_amount(partial: &mut Partial, view: &View<'_>, choices: &[Choice]) -> Result<Col, Trouble> {
    let amounts: Vec<Col> = (0..view.columns.len())
        .filter(|col| view.role(*col) == ColumnRole::Amount && view.is_measure(*col) && view.columns[*col].table == view.base)
        .collect();
    let priced = |names: &[&str]| (0..view.columns.len()).find(|col| view.is_measure(*col) && view.columns[*col].words.iter().any(|word| names.contains(&word.as_str())));
    let dear = partial.prices.then(|| priced(&["price"]).or_else(|| priced(&["cost"])).or_else(|| priced(&["salary", "amount"]))).flatten();
    let col = match (dear, &amounts[..]) {
        (Some(col), _) => col,
        (None, [one]) => *one,
        _ => return main_measure(&[], view, choices),
    };
    partial.notes.push(format!("No figure is named; {:?} is taken.", view.name(col)));
    partial.confidence = partial.confidence.saturating_sub(10);
    Ok(col)
}

/// The one column that can be meant if none is named.
fn main_measure(aggs: &[Agg], view: &View<'_>, choices: &[Choice]) -> Result<Col, Trouble> {
    let numbers: Vec<Col> = (0..view.columns.len()).filter(|col| view.is_measure(*col)).collect();
    let chosen = numbers.iter().find(|col| choices.iter().any(|choice| matches!(choice, Choice::Column(name) if name == view.name(**col))));
    if let Some(col) = chosen {
        return Ok(*col);
    }
    match numbers[..] {
        [] => Err(Trouble::Cannot(format!("no column holds numbers; {}", view.columns_said()))),
        [one] => Ok(one),
        _ => {
            let what = match aggs.first() {
                Some(Agg::Mean) => "The average",
                Some(Agg::Median) => "The median",
                Some(Agg::Max) => "The greatest",
                Some(Agg::Min) => "The least",
                Some(Agg::Sum) => "The total",
                _ => "The figure",
            };
            Err(ask_column(&format!("{what} of which column?"), &numbers, view))
        }
    }
}

/// A mention is only needed for its type here.
#[allow(dead_code)]
fn best(mention: &Mention) -> u32 {
    mention.best()
}
