//! Conditions on numbers: "over 500", "between 10 and 20", "actual above budget", "customers 101 and 102".

use ringfence_pipeline::ports::{ColumnKind, ColumnRole};

use super::{Mention, Reader, Trouble, Want, conditions::LINKS};
use crate::analyst::{
    query::{Agg, Cmp, Col, Expr, Filter, Having, Key, Measure},
    vocabulary::Class,
    words::Kind,
};

/// What holds more is in percent already, whatever its name says.
const FRACTIONS_MAX: f64 = 2.0;

/// How far before "more than" the groups stand of which it is a condition.
const APART_MAX: usize = 7;

/// The same where rows are counted: "which product has the lowest average price among those with more than 50 orders".
const ROWS_APART_MAX: usize = 14;

/// Units in which a number of a condition may be said.
const UNITS: [&str; 20] = [
    "days", "hours", "minutes", "weeks", "months", "years", "kg", "litres", "nights", "g", "lb", "lbs", "oz",
    "km", "miles", "cm", "mm", "ml", "kwh", "m",
];

/// Words that begin a part at one end: "the top 10 %".
pub(super) const TOPS: [&str; 9] =
    ["top", "best", "highest", "largest", "biggest", "bottom", "lowest", "worst", "smallest"];

impl Reader<'_> {
    pub(super) fn comparisons(&mut self) -> Result<(), Trouble> {
        // "more than 8 hours in one entry" is a condition on a row.
        let compares =
            (0..self.tokens.len()).any(|at| self.class(at, |class| matches!(class, Class::Cmp(_))).is_some());
        let single = self.single_row().filter(|_| compares);
        if let Some((from, to)) = single {
            self.of_row = true;
            self.rows_said(from..to);
        }
        for at in 0..self.tokens.len() {
            if self.used[at] {
                continue;
            }
            self.top_part(at)?;
            self.between(at)?;
            self.compared(at)?;
        }
        for at in 0..self.tokens.len() {
            self.numbered(at);
            self.scored(at);
            self.stated(at)?;
        }
        Ok(())
    }

    /// "the top 10 % of the orders by value", "the bottom 5 percent of customers by revenue".
    fn top_part(&mut self, at: usize) -> Result<(), Trouble> {
        let Some((percent, true)) = self.amount(at + 1).filter(|_| self.word(at, &TOPS)) else {
            return Ok(());
        };
        let of = self.past(at + 2, &["percent", "of", "the", "our", "all"]);
        let by = (of..self.tokens.len()).find_map(|place| {
            let length = self.class(place, |class| class == Class::By)?;
            self.mention(self.past(place + length, &["the", "total"]))
                .filter(|mention| self.can(mention, Want::Measure))
                .map(|mention| (place, mention))
        });
        let (Some((by, mention)), 1.0..=99.0) = (by, percent) else { return Ok(()) };
        let col = self.resolve(&mention, Want::Measure)?;
        let lowest = self.word(at, &TOPS[5..]);
        #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss)]
        let edge = if lowest { percent } else { 100.0 - percent }.round() as u8;
        let cmp = if lowest { Cmp::AtMost } else { Cmp::AtLeast };
        let group = self.mention(of).filter(|group| self.can(group, Want::Key) && !self.is_row_word(of));
        self.take(&mention);
        self.spend(by..mention.end);
        self.spend(at..of);
        self.out.lists = true;
        match group {
            Some(group) => {
                let key = self.resolve(&group, Want::Key)?;
                self.take(&group);
                self.out.selects = true;
                self.push_key(Key::Column(key));
            }
            None => self.out.rows_named = true,
        }
        self.placed.push((at, Filter::Typical { col, cmp, agg: Agg::Quantile(edge), within: None }));
        Ok(())
    }

    /// "gave us a 9 or a 10": of the one score there is.
    fn scored(&mut self, at: usize) {
        if !self.word(at, &["gave", "give", "gives", "given", "rated", "scored"]) {
            return;
        }
        let score = |col: &Col| {
            let bounds = self.view.profile(*col).and_then(|profile| profile.min.zip(profile.max));
            self.view.is_measure(*col)
                && super::figures::is_averaged(self.view, *col)
                && bounds.is_some_and(|(min, max)| min >= 0.0 && (5.0..=10.0).contains(&max))
        };
        let mut cols = (0..self.view.columns.len()).filter(score);
        let (Some(col), None) = (cols.next(), cols.next()) else { return };
        let mut place = self.past(at + 1, &["us", "it", "them", "a", "an", "the"]);
        let mut any: Vec<Filter> = Vec::new();
        while let Some((value, false)) = self.amount(place).filter(|(value, _)| (0.0..=10.0).contains(value))
        {
            any.push(Filter::Number { col, cmp: Cmp::Equal, value });
            self.spend(place..place + 1);
            place = self.past(place + 1, &["or", "and", "a", "an"]);
        }
        match any.len() {
            0 => {}
            1 => self.placed.extend(any.pop().map(|one| (at, one))),
            _ => self.placed.push((at, Filter::Any(any))),
        }
        self.out.notes.push(format!("The score is taken as {:?}.", self.view.name(col)));
    }

    pub(super) fn amount(&self, at: usize) -> Option<(f64, bool)> {
        let token = self.tokens.get(at).filter(|_| self.used.get(at) == Some(&false))?;
        let amount = token.amount()?;
        Some((amount.value, amount.percent))
    }

    fn between(&mut self, at: usize) -> Result<(), Trouble> {
        let Some(length) = self.class(at, |class| class == Class::Between) else {
            // "500 to 1000" or "500-1000" after a column.
            return Ok(());
        };
        let first = at + length;
        let (Some((low, percent)), Some((high, other))) = (self.amount(first), self.amount(first + 2)) else {
            return Ok(());
        };
        if !self.word(first + 1, &["and", "to"]) && !self.mark(first + 1, '-') {
            return Ok(());
        }
        let (col, start, end) = self.compared_column(at, first + 3)?;
        let scale = self.scale(col, percent || other);
        self.spend(start..end);
        self.placed
            .push((at, Filter::Between { col, low: low.min(high) * scale, high: low.max(high) * scale }));
        Ok(())
    }

    /// Percent are hundredths in a column of fractions, and what they say where more is held than fractions are.
    fn scale(&mut self, col: Col, percent: bool) -> f64 {
        let profile = self.view.profile(col);
        let unit = profile.and_then(|profile| profile.unit.as_deref());
        let beyond = profile.and_then(|profile| profile.max).is_some_and(|max| max > FRACTIONS_MAX);
        let rated = self.view.columns[col].words.iter().any(|word| {
            [
                "percent",
                "percentage",
                "pct",
                "rate",
                "discount",
                "margin",
                "share",
                "probability",
                "vat",
                "tax",
                "commission",
                "interest",
                "change",
                "growth",
                "progress",
                "complete",
                "completion",
                "occupancy",
            ]
            .contains(&word.as_str())
        });
        if percent && unit.is_none() && beyond_one(profile) && !rated {
            // Points out of so many are no percents.
            self.out.doubt(30);
        }
        if percent && unit.is_some_and(|unit| !["%", "fraction"].contains(&unit)) {
            // Of what, nobody has said.
            self.out.doubt(30);
        }
        if percent && unit != Some("%") && !beyond { 0.01 } else { 1.0 }
    }

    fn compared(&mut self, at: usize) -> Result<(), Trouble> {
        let sign = |at: usize| match (self.tokens.get(at).map(|token| &token.kind), self.mark(at + 1, '=')) {
            (Some(Kind::Mark('>')), true) => Some((2, Cmp::AtLeast)),
            (Some(Kind::Mark('<')), true) => Some((2, Cmp::AtMost)),
            (Some(Kind::Mark('>')), _) => Some((1, Cmp::Over)),
            (Some(Kind::Mark('<')), _) => Some((1, Cmp::Under)),
            (Some(Kind::Mark('=')), true) => Some((2, Cmp::Equal)),
            (Some(Kind::Mark('=')), _) => Some((1, Cmp::Equal)),
            (Some(Kind::Mark('\u{2265}')), _) => Some((1, Cmp::AtLeast)),
            (Some(Kind::Mark('\u{2264}')), _) => Some((1, Cmp::AtMost)),
            _ => None,
        };
        let found = sign(at).filter(|_| !self.used[at]).or_else(|| {
            self.class_of(at, |class| match class {
                Class::Cmp(cmp) => Some(cmp),
                _ => None,
            })
        });
        let Some((length, cmp)) = found else { return Ok(()) };
        // "500 or more"
        if matches!(cmp, Cmp::AtLeast | Cmp::AtMost) && at > 0 && self.word(at, &["or", "and"]) {
            let money = ["euro", "euros", "eur", "usd", "dollars", "pounds", "\u{20ac}", "$", "\u{a3}"];
            let unit = usize::from(at > 1 && money.contains(&self.tokens[at - 1].text.as_str()));
            if let Some((value, percent)) = self.amount(at - 1 - unit) {
                if unit == 0 && self.of_groups(at - 1, at + length, cmp, value)? {
                    return Ok(());
                }
                let (col, start, end) = self.compared_column(at - 1 - unit, at + length)?;
                let scale = self.scale(col, percent);
                self.spend(start..end);
                self.placed.push((at, Filter::Number { col, cmp, value: value * scale }));
            }
            return Ok(());
        }
        let next =
            self.past(at + length, &["a", "the", "of", "an", "their", "its", "our", "than", "to", "about"]);
        if let Some((value, percent)) = self.amount(next) {
            if self.of_groups(at, next + 1, cmp, value)? {
                return Ok(());
            }
            // "number of orders per customer, at least 10": of what is counted.
            let counted = (0..at).any(|place| self.is(place, Class::HowMany))
                && (0..at).any(|place| self.word(place, &["per", "by", "each"]))
                && (next + 1 >= self.tokens.len() || self.mark(next + 1, '?'))
                && at > 0
                && self.mark(at - 1, ',');
            if counted {
                self.out.doubt(30);
            }
            // "with at least 35 orders" is no sum of an order.
            let number_of_rows = self.tokens.get(next + 1).is_some_and(|token| {
                self.view.is_named(&token.text)
                    && token.text.ends_with('s')
                    && self.mention(next + 1).is_none_or(|mention| self.is_rows(&mention))
            });
            // "markup above 100%" is of what was computed.
            let computed = self.computed.iter().any(|(place, measure)| {
                *place < at
                    && at - place <= 3
                    && !matches!(measure.of, Expr::Column(_))
                    && self.mention_before(at).is_none()
            });
            // "more than 2 unexcused absences": so many of them, not so much of one.
            let of_those = self.tokens.get(next + 2).is_some_and(|token| {
                self.view.is_named(&token.text)
                    && token.text.ends_with('s')
                    && !self.word(next + 1, &["of", "in", "for", "per", "on", "from", "by"])
            });
            if number_of_rows || of_those || computed || self.word(next + 1, &["rows"]) {
                self.out.doubt(30);
            }
            let (col, start, mut end) = self.compared_column(at, next + 1)?;
            // "less than 500 hours logged" is no budget of hours.
            let planned = |word: &String| ["budget", "planned", "target", "reorder"].contains(&word.as_str());
            let done = self.says(&["logged", "worked", "spent", "sold", "used", "booked", "done"]);
            if done
                && self.view.columns[col]
                    .words
                    .iter()
                    .any(|word| planned(word) && !self.says(&[word.as_str()]))
            {
                self.out.doubt(25);
            }
            // "with less than 10 sales": as many, or so much?
            if (next + 1..end).any(|place| self.incomes.contains(&place)) {
                self.out.doubt(25);
            }
            // "waited more than 10 minutes": the unit is no second figure.
            let unit = ["minutes", "seconds", "hours", "days", "years", "km", "kg"];
            let own = |mention: Mention| {
                mention.best() < super::EXACT && mention.candidates.iter().any(|(one, _)| *one == col)
            };
            if end == next + 1 && self.word(end, &unit) {
                let named = |word: &str| self.view.columns[col].words.iter().any(|one| one == word);
                let said = crate::analyst::spelling::singular(&self.tokens[end].text);
                if self.mention(end).is_some_and(own) {
                    end += 1;
                } else if !named(&said) && ["second", "minute", "hour", "day"].into_iter().any(named) {
                    // A wait in seconds is over 5 minutes from 300 on.
                    self.out.doubt(30);
                }
            }
            let scale = self.scale(col, percent) * self.factor.take().unwrap_or(1.0);
            let not = start > 0 && self.class(start - 1, |class| class == Class::Not) == Some(1)
                || at > start && at > 0 && self.class(at - 1, |class| class == Class::Not) == Some(1);
            if not {
                self.spend(at - 1..at);
            }
            self.spend(start..end);
            self.placed.push((
                at,
                Filter::Number { col, cmp: if not { cmp.opposite() } else { cmp }, value: value * scale },
            ));
            return Ok(());
        }
        if self.typical(at, next, cmp)? {
            return Ok(());
        }
        self.against_column(at, next, cmp)
    }

    /// "countries with more than 200 orders", "reps with an average revenue above 900", "customers who spent over 5000
    /// in total": a condition on groups.
    fn of_groups(&mut self, at: usize, after: usize, cmp: Cmp, value: f64) -> Result<bool, Trouble> {
        // A column in full is what it says, even if the table is called so: "more than 100 tickets".
        let own = self.mention(after).filter(|mention| {
            mention.best() >= super::EXACT && self.can(mention, Want::Measure) && !self.is_rows(mention)
        });
        // "more than 3 won deals", "more than 3 repairs": of one kind, which is a condition of its own.
        let kind = self.value(after).map(|value| value.end);
        let noun = kind.unwrap_or(after);
        let of_kind = kind.is_some() && self.word_ends_in_s(noun - 1);
        let called = own.is_none()
            && self.tokens.get(noun).is_some_and(|token| {
                self.view.is_named(&token.text)
                    || token.is_any(&["times", "rows", "records", "entries", "transactions"])
            })
            || self.mention(noun).is_some_and(|mention| self.is_rows(&mention));
        let rows = called || of_kind;
        let apart = if rows { ROWS_APART_MAX } else { APART_MAX };
        let group = self
            .mentions
            .iter()
            .filter(|mention| mention.end <= at && at - mention.end <= apart)
            .rfind(|mention| {
                self.can(mention, Want::Key)
                    && !self.is_rows(mention)
                    && !(self.can(mention, Want::Measure) && mention.best() >= super::EXACT)
            })
            .cloned();
        // "vehicles with more than 3 services": told apart by a key that is not called so.
        let group = group.or_else(|| {
            let mut places = (at.saturating_sub(apart)..at).rev();
            let (place, col) = places.find_map(|place| Some((place, self.entity_key(place)?)))?;
            Some(Mention { start: place, end: place + 1, candidates: vec![(col, super::EXACT)] })
        });
        let Some(group) = group else { return Ok(false) };
        let linked = (group.end..at).any(|place| {
            self.word(
                place,
                &["with", "that", "who", "which", "having", "where", "have", "has", "had", "whose", "did"],
            )
        });
        let grouped = (0..group.start).any(|from| {
            self.class(from, |class| class == Class::By).is_some_and(|length| from + length == group.start)
        });

        let unique = group.candidates.first().is_some_and(|(col, _)| self.view.is_unique(*col));
        if self.of_row {
            return Ok(false);
        }
        if !linked && self.mentions.iter().any(|mention| mention.start >= group.end && mention.end <= at)
            || grouped && !rows
            || unique
        {
            return Ok(false);
        }
        // "average price by customer with at least 20 orders"
        if grouped {
            self.spend(at..if kind.is_some() { after } else { after + 1 });
            self.out.measures.push(Measure::rows());
            self.out.having = Some(Having::Number { measure: 0, cmp, value });
            return Ok(true);
        }
        let agg = (group.end..at)
            .find_map(|place| {
                self.class_of(place, |class| match class {
                    Class::Agg(agg) => Some((place, agg)),
                    _ => None,
                })
            })
            .map(|(length, (place, agg))| (place, place + length, agg));
        let total = ["total", "overall", "altogether"].iter().find_map(|word| {
            (after..self.tokens.len().min(after + 3)).find(|place| self.word(*place, &[word]))
        });
        let measure = self
            .mentions
            .iter()
            .find(|mention| {
                mention.start >= group.end && mention.end <= at + 1 && self.can(mention, Want::Measure)
            })
            .cloned();
        let (measure, end) = if kind.is_some() && rows {
            if called {
                self.spend(noun..noun + 1);
            }
            (Measure::rows(), after)
        } else if rows {
            (Measure::rows(), after + 1)
        } else if let Some(mention) =
            own.filter(|_| agg.is_none() && self.view.is_named(&self.tokens[after].text))
        {
            let col = self.resolve(&mention, Want::Measure)?;
            self.take(&mention);
            (Measure::new(Agg::Sum, Expr::Column(col)), mention.end)
        } else if let (Some(mention), true) = (&measure, agg.is_some() || total.is_some()) {
            let col = self.resolve(mention, Want::Measure)?;
            self.take(mention);
            let agg = agg.map_or(Agg::Sum, |(_, _, agg)| agg);
            (Measure::new(agg, Expr::Column(col)), total.map_or(after, |place| place + 1))
        } else {
            return Ok(false);
        };
        let col = self.resolve(&group, Want::Key)?;
        self.take(&group);
        if let Some((from, to, _)) = agg.filter(|_| !rows) {
            self.spend(from..to);
        }
        // "how many clients have more than 1 policy" asks how many they are.
        let asked = (0..group.start).find_map(|from| {
            let length = self.class(from, |class| class == Class::HowMany)?;
            (self.past(from + length, &["of", "the", "our", "different"]) == group.start)
                .then_some((from, length))
        });
        if let Some((from, length)) = asked {
            self.spend(from..from + length);
            self.out.groups_counted = true;
        }
        self.share_of_groups(group.start);
        self.spend(at..end);
        self.out.selects = true;
        self.out.keys.push(Key::Column(col));
        self.out.measures.insert(0, measure);
        self.out.having = Some(Having::Number { measure: 0, cmp, value });
        Ok(true)
    }

    /// "what share of customers spent over 500": of all of them, how many in a hundred. True if it was that.
    pub(super) fn share_of_groups(&mut self, start: usize) -> bool {
        let asked = (0..start).find_map(|from| {
            let (length, _) = self.phrases[from].iter().find(|(_, class)| *class == Class::Share)?;
            (self.past(from + length, &["of", "the", "our", "all"]) == start).then_some(from)
        });
        let Some(from) = asked else { return false };
        self.spend(from..start);
        self.share_at = None;
        self.out.groups_shared = true;
        true
    }

    /// "below their reorder level", "actual over budget"
    fn against_column(&mut self, at: usize, next: usize, cmp: Cmp) -> Result<(), Trouble> {
        let Some(mention) = self.mention(next) else { return Ok(()) };
        if !self.can(&mention, Want::Measure) && !self.can(&mention, Want::Date) {
            return Ok(());
        }
        let right = self.resolve(&mention, Want::Measure)?;
        let same = |reader: &Self, col: Col| {
            reader.view.is_number(col) == reader.view.is_number(right) && col != right
        };
        let before = self.mentions.iter().rfind(|one| one.end <= at && at - one.end <= 4).cloned();
        let left = match before {
            Some(one) if self.can(&one, Want::Measure) || self.can(&one, Want::Date) => {
                let col = self.resolve(&one, Want::Measure)?;
                if same(self, col) {
                    self.take(&one);
                    Some(col)
                } else {
                    None
                }
            }
            _ => None,
        };
        let Some(left) = left.or_else(|| self.counterpart(right)) else { return Ok(()) };
        self.take(&mention);
        self.spend(at..mention.end);
        self.placed.push((at, Filter::Columns { left, cmp, right }));
        Ok(())
    }

    /// What is set against a plan or a limit if nothing is said: what is there, what was spent.
    pub(super) fn counterpart(&self, right: Col) -> Option<Col> {
        let words = &self.view.columns[right].words;
        let plans = [
            "budget",
            "plan",
            "planned",
            "estimated",
            "estimate",
            "target",
            "forecast",
            "max",
            "maximum",
            "limit",
            "expected",
        ];
        let rest: Vec<&String> = words.iter().filter(|word| !plans.contains(&word.as_str())).collect();
        if rest.len() < words.len() && !rest.is_empty() {
            let same = |col: &Col| {
                self.view.is_measure(*col) && self.view.columns[*col].words.iter().collect::<Vec<_>>() == rest
            };
            if let Some(col) = (0..self.view.columns.len()).find(same) {
                return Some(col);
            }
        }
        let has = |names: &[&str]| words.iter().any(|word| names.contains(&word.as_str()));
        let wanted: &[&str] =
            if has(&["budget", "plan", "planned", "target", "forecast", "estimated", "estimate"]) {
                &["actual", "spent", "sale", "revenue", "cost", "real"]
            } else if has(&["level", "reorder", "minimum", "min", "threshold", "safety"]) {
                &["hand", "stock", "quantity", "qty", "inventory", "available"]
            } else {
                return None;
            };
        wanted.iter().find_map(|name| {
            (0..self.view.columns.len()).find(|col| {
                *col != right
                    && self.view.is_measure(*col)
                    && self.view.columns[*col].words.iter().any(|word| word == name)
            })
        })
    }

    /// The column that a number between `from` and `to` is compared with, and the whole stretch.
    pub(super) fn compared_column(&mut self, from: usize, to: usize) -> Result<(Col, usize, usize), Trouble> {
        let mut start = from;
        // "a co2 value" may be the name as a whole.
        let named =
            |end: usize| self.mention_before(end).is_some_and(|mention| mention.best() >= super::EXACT);
        while start > 0 && self.tokens[start - 1].is_any(&LINKS) && !self.used[start - 1] && !named(start) {
            start -= 1;
        }
        // "sold fewer than 10 bottles", where a column is called `Bottles`.
        let after = self.mention(to).filter(|one| one.best() >= super::EXACT && self.can(one, Want::Measure));
        let weaker = |mention: &Mention| after.is_some() && mention.best() < super::EXACT;
        if let Some(mention) =
            self.mention_before(start).filter(|mention| self.can(mention, Want::Measure) && !weaker(mention))
        {
            let col = self.resolve(&mention, Want::Measure)?;
            self.take(&mention);
            return Ok((col, mention.start, self.past_unit(col, to)));
        }
        let after = self.past(
            to,
            &["a", "in", "of", "euro", "euros", "eur", "usd", "dollars", "\u{20ac}", "$", "the", "year"],
        );
        let marks = usize::from(
            self.tokens
                .get(after)
                .is_some_and(|token| matches!(token.kind, Kind::Mark('\u{20ac}' | '$' | '\u{a3}'))),
        );
        let after = after + marks;
        if let Some(mention) = self.mention(after).filter(|mention| self.can(mention, Want::Measure)) {
            let col = self.resolve(&mention, Want::Measure)?;
            self.take(&mention);
            return Ok((col, from, mention.end));
        }
        let month = self.past(to, &["in", "for", "during"]);
        if let Some(place) = self
            .computed
            .iter()
            .position(|(at, measure)| *at == month && matches!(measure.of, Expr::Column(_)))
        {
            let (_, measure) = self.computed.remove(place);
            if let Some(col) = measure.of.columns().first() {
                return Ok((*col, from, month.max(to)));
            }
        }
        // "less than 4 days": what is in days.
        if let Some(col) = self.measured_in(to) {
            return Ok((col, from, to + 1));
        }
        if let Some((col, factor)) = self.converted(to) {
            self.factor = Some(factor);
            return Ok((col, from, to + 1));
        }
        if self.word(to, &UNITS) {
            self.out.doubt(25);
        }
        // "older than 60", "earn more than 3000", "orders over 500"
        if let Some(col) = self.implied_column(from) {
            let end = if self.word(to, &["a"]) && self.word(to + 1, &["month", "year", "week", "day"]) {
                to + 2
            } else {
                to
            };
            return Ok((col, from, end.max(after.min(end))));
        }
        // What nobody named is of the rows, not of what is joined with them.
        let numbers: Vec<(Col, u32)> = (0..self.view.columns.len())
            .filter(|col| self.view.is_measure(*col) && self.view.columns[*col].table == self.view.base)
            .map(|col| (col, 50))
            .collect();
        let amounts: Vec<(Col, u32)> =
            numbers.iter().copied().filter(|(col, _)| self.view.role(*col) == ColumnRole::Amount).collect();
        let phrase = self.raw(from..to);
        let mentioned: Vec<(Col, u32)> = self
            .mentions
            .iter()
            .filter(|mention| self.can(mention, Want::Measure))
            .flat_map(|mention| self.fitting(&mention.candidates, Want::Measure))
            .collect();
        let candidates = if !mentioned.is_empty() {
            mentioned
        } else if amounts.is_empty() {
            numbers
        } else {
            amounts
        };
        if candidates.is_empty() {
            return Err(Trouble::Cannot(format!(
                "no column holds numbers to compare with {phrase:?}; {}",
                self.view.columns_said()
            )));
        }
        let only = candidates.len() == 1;
        // "orders over 50" are rather worth so much than of so many pieces.
        let pieces = candidates.iter().any(|(col, _)| self.column_of_pieces() == Some(*col));
        let said = self.word(to, &["pieces", "units", "items", "pcs"]);
        let worth = matches!(self.revenue(), Some(Expr::Op(..))) || pieces && !said;
        self.out.doubt(match only {
            true if worth => 30,
            true => 6,
            false => 15,
        });
        let col = super::choose(&phrase, &candidates, self.view, self.choices)?;
        if only && super::worth::is_one_of_several(self.view, col) {
            self.out.doubt(30);
        }
        Ok((col, from, to))
    }

    /// "longer than 10 hours" of what is kept in minutes: the one column that is, and how many of them an hour has.
    fn converted(&mut self, at: usize) -> Option<(Col, f64)> {
        let view = self.view;
        const FACTORS: [(&str, &str, f64); 5] = [
            ("hours", "minute", 60.0),
            ("hours", "min", 60.0),
            ("minutes", "second", 60.0),
            ("minutes", "sec", 60.0),
            ("days", "hour", 24.0),
        ];
        let found: Vec<(Col, f64)> = FACTORS
            .iter()
            .filter(|(unit, _, _)| self.word(at, &[unit]))
            .flat_map(|(_, kept, factor)| {
                let called = move |col: &Col| {
                    view.is_measure(*col) && view.columns[*col].words.iter().any(|word| word == kept)
                };
                (0..view.columns.len()).filter(called).map(|col| (col, *factor))
            })
            .collect();
        match found[..] {
            [one] => {
                self.out.notes.push(format!("{:?} is compared in its own unit.", self.view.name(one.0)));
                Some(one)
            }
            _ => None,
        }
    }

    /// "in one entry", "in a single order": where it stands.
    fn single_row(&self) -> Option<(usize, usize)> {
        (0..self.tokens.len()).find_map(|at| {
            let next = self.past(at + 1, &["a", "any"]);
            let one = self.word(at, &["in"]) && self.word(next, &["one", "single"]);
            (one && self.is_row_word(next + 1)).then_some((at, next + 2))
        })
    }

    /// The one column that is called by a unit behind a number; no other can be meant.
    /// Behind the unit of the column, if that stands there: "4000 g" of `Body Mass (g)`.
    fn past_unit(&self, col: Col, at: usize) -> usize {
        let own = self.tokens.get(at).is_some_and(|token| {
            let word = crate::analyst::spelling::singular(&token.text);
            token.is_any(&UNITS[9..])
                && (self.view.columns[col].words.iter().any(|part| *part == word || *part == token.text)
                    || self.view.profile(col).is_some_and(|profile| profile.unit.as_deref() == Some(&word)))
        });
        at + usize::from(own && self.free(at..at + 1))
    }

    fn measured_in(&self, at: usize) -> Option<Col> {
        if self.word(at, &["items", "pieces", "units"]) {
            let counted = ["quantity", "qty", "items", "pieces", "units"];
            let called = |col: &Col| {
                let words = &self.view.columns[*col].words;
                self.view.is_measure(*col) && words.iter().any(|word| counted.contains(&word.as_str()))
            };
            let mut found = (0..self.view.columns.len()).filter(called);
            return found.next().filter(|_| found.next().is_none());
        }
        let unit = self.tokens.get(at).filter(|token| token.is_any(&UNITS))?;
        let word = crate::analyst::spelling::singular(&unit.text);
        let called = |col: &Col| {
            let words = &self.view.columns[*col].words;
            let per = words.iter().position(|word| word == "per").unwrap_or(words.len());
            self.view.is_measure(*col) && words[..per].contains(&word)
        };
        let mut found = (0..self.view.columns.len()).filter(called);
        found.next().filter(|_| found.next().is_none())
    }

    fn implied_column(&self, at: usize) -> Option<Col> {
        let said = |words: &[&str]| {
            (at.saturating_sub(3)..(at + 2).min(self.tokens.len()))
                .any(|place| self.tokens[place].is_any(words))
        };
        let called = |names: &[&str]| {
            let fits = |col: &Col| {
                self.view.is_measure(*col)
                    && self.view.columns[*col].words.iter().any(|word| names.contains(&word.as_str()))
            };
            let mut found = (0..self.view.columns.len()).filter(fits);
            found.next().filter(|_| found.next().is_none())
        };
        let people = self.tokens.iter().any(|token| {
            token.is_any(&[
                "respondents",
                "people",
                "users",
                "persons",
                "participants",
                "members",
                "customers",
                "employees",
                "anyone",
                "everyone",
            ])
        });
        let plain = self
            .tokens
            .get(at + 1)
            .or_else(|| self.tokens.get(at))
            .is_some_and(|token| token.is_any(&["over", "under", "above", "below"]))
            || said(&["over", "under", "above", "below"]);
        if (said(&["older", "younger", "aged", "old"]) || (people && plain))
            && let Some(col) = called(&["age"])
        {
            return Some(col);
        }
        if said(&["earn", "earns", "earning", "earned", "paid"]) {
            return called(&["salary", "wage", "pay"]);
        }
        if said(&["cost", "costs", "costing", "cheaper", "expensive"]) {
            return called(&["price"]).or_else(|| called(&["cost"]));
        }
        None
    }

    /// "discount is 0", "discount of 15%", "term 24"
    fn stated(&mut self, at: usize) -> Result<(), Trouble> {
        let Some(mention) = self.mention(at) else { return Ok(()) };
        let next = self.past(mention.end, &["is", "of", "was", "are", "equals", "="]);
        let before = at
            .checked_sub(1)
            .filter(|_| self.counts_things(at, &mention))
            .and_then(|before| self.amount(before))
            .map(|found| (found, at - 1));
        let Some(((value, percent), next)) = self.amount(next).map(|found| (found, next)).or(before) else {
            return Ok(());
        };
        let key = mention.candidates.iter().all(|(col, _)| !self.view.is_number(*col));
        let ranked = next > 0
            && next == mention.end
            && at > 0
            && self.class(at - 1, |class| matches!(class, Class::Rank { .. })).is_some();
        if key || ranked {
            return Ok(());
        }
        let col = self.resolve(&mention, Want::Any)?;
        if !self.view.is_number(col) {
            return Ok(());
        }
        let scale = self.scale(col, percent);
        self.take(&mention);
        self.spend(at.min(next)..at.max(next) + 1);
        let one = |value: f64| Filter::Number { col, cmp: Cmp::Equal, value: value * scale };
        let mut any = vec![one(value)];
        let mut end = at.max(next) + 1;
        // "rating 1 or 2"
        while let Some((more, _)) = self.amount(end + 1).filter(|_| {
            (self.word(end, &["or", "and"]) || self.mark(end, ',')) && self.mention(end + 2).is_none()
        }) {
            any.push(one(more));
            self.spend(end..end + 2);
            end += 2;
        }
        self.placed.push((at, if any.len() == 1 { one(value) } else { Filter::Any(any) }));
        Ok(())
    }

    /// "SKU 025596", "customers 101, 102 and 103": rows by what tells them apart.
    fn numbered(&mut self, at: usize) {
        let Some(mention) =
            self.mention(at).filter(|mention| mention.end == at + 1 || mention.best() >= super::EXACT)
        else {
            return;
        };
        let Some((col, _)) = mention.candidates.iter().copied().find(|(col, _)| {
            let text = self.view.kind(*col) == ColumnKind::Text
                && matches!(self.view.role(*col), ColumnRole::Key | ColumnRole::Name);
            text || (self.view.is_number(*col) && !self.view.is_measure(*col) && !self.view.is_calendar(*col))
        }) else {
            return;
        };
        let mut end = mention.end;
        let mut values: Vec<String> = Vec::new();
        loop {
            let mut next = self.past(end, &["is", "no", "nr", "number", "and", "or", "="]);
            while self.mark(next, ',') || self.mark(next, '.') || self.mark(next, '#') {
                next = self.past(next + 1, &["and", "or"]);
            }
            let digits = self.tokens.get(next).filter(|token| {
                self.used.get(next) == Some(&false) && token.raw.chars().all(|char| char.is_ascii_digit())
            });
            match digits {
                Some(token) => values.push(token.raw.clone()),
                None => break,
            }
            end = next + 1;
        }
        if values.is_empty() || (values.len() == 1 && self.word(end, &["times", "or", "and"])) {
            return;
        }
        self.take(&mention);
        self.spend(at..end);
        let filter = if self.view.is_number(col) {
            let one = |value: &String| Filter::Number {
                col,
                cmp: Cmp::Equal,
                value: value.parse().unwrap_or_default(),
            };
            if let [value] = &values[..] { one(value) } else { Filter::Any(values.iter().map(one).collect()) }
        } else {
            Filter::Is { col, values, not: false }
        };
        self.placed.push((at, filter));
    }

    /// "8 cylinder cars": a number of what a column of few whole numbers counts.
    fn counts_things(&self, at: usize, mention: &Mention) -> bool {
        let ranked = at > 1
            && self
                .class(at - 2, |class| {
                    matches!(
                        class,
                        Class::Rank { .. } | Class::Previous | Class::Earliest { .. } | Class::Best
                    )
                })
                .is_some();
        let few = |col: Col| {
            self.view.profile(col).is_some_and(|profile| {
                profile.kind == ColumnKind::Integer && profile.distinct <= 30 && !profile.many_distinct
            })
        };
        !ranked
            && self.amount(mention.end).is_none()
            && mention.best() >= 60
            && matches!(mention.candidates[..], [(col, _)] if few(col) && self.view.is_measure(col))
    }
}

/// True for numbers that are no parts of one.
fn beyond_one(profile: Option<&ringfence_pipeline::ports::ColumnProfile>) -> bool {
    profile.and_then(|profile| profile.max).is_some_and(|max| max > FRACTIONS_MAX)
}
