//! Figures that are computed of several columns: formulas, weights, profit, the months of a table together.

use super::{Reader, Want};
use crate::analyst::{
    query::{Agg, Col, Expr, Measure},
    vocabulary::Class,
    words::Kind,
};

impl Reader<'_> {
    pub(super) fn arithmetic(&mut self) {
        let mut at = 0;
        while at < self.tokens.len() {
            let found = self
                .sum_at(at, 0)
                .filter(|(expr, _, operations)| *operations > 0 && !expr.columns().is_empty());
            match found.filter(|_| !self.used[at]) {
                Some((expr, end, _)) => {
                    self.formula(at, end, expr);
                    at = end;
                }
                None => at += 1,
            }
        }
        self.months_together();
        self.listed_together();
        self.spans_named();
        self.weights();
        self.profits();
        self.products();
    }

    /// Takes a formula that was written out, with what it says it is.
    fn formula(&mut self, at: usize, end: usize, expr: Expr) {
        let said = |reader: &Self, class: Class| {
            (0..at)
                .chain(end..reader.tokens.len())
                .any(|place| reader.class(place, |one| one == class).is_some())
        };
        let asks_percent = said(self, Class::Share) || said(self, Class::Margin);
        let hundred = |one: &Expr| *one == Expr::Number(100.0);
        let (expr, percent) = match expr {
            Expr::Op('*', ratio, times) if ratio.is_ratio() && hundred(&times) => (*ratio, true),
            Expr::Op('*', times, ratio) if ratio.is_ratio() && hundred(&times) => (*ratio, true),
            other => (other, asks_percent),
        };
        let mut measure = Measure::new(Agg::Sum, self.hundredths(expr));
        if measure.of.is_ratio() {
            measure.percent = percent;
            if said(self, Class::Agg(Agg::Mean)) {
                measure.agg = Agg::Mean;
            }
            measure.by_row = said(self, Class::Agg(Agg::Sum));
        } else if measure.of.holds_ratio() {
            // Of sums or of each row: both are defensible.
            self.out.doubt(25);
        }
        measure.name = self.definition(at).or_else(|| self.bracketed(at, end, &measure.of));
        self.spend(at..end);
        self.computed.push((at, measure));
    }

    /// What a formula says it is: "margin by region: …", "where margin is …". The name is spent wherever it stands.
    fn definition(&mut self, at: usize) -> Option<String> {
        let mut before = at;
        while before > 0
            && (self.word(
                before - 1,
                &["is", "are", "being", "means", "as", "equals", "defined", "calculated", "computed"],
            ) || self.mark(before - 1, ':')
                || self.mark(before - 1, '='))
        {
            before -= 1;
        }
        let colon = (before..at).any(|place| self.mark(place, ':'));
        let (from, to) = if colon {
            let to = (0..before)
                .find(|place| {
                    self.class(*place, |class| {
                        matches!(class, Class::By | Class::Every(_))
                            && self.word(*place, &["by", "per", "for", "in", "of"])
                    })
                    .is_some()
                })
                .unwrap_or(before);
            let plain = |place: usize| {
                self.class(place, |class| {
                    matches!(class, Class::Agg(_) | Class::List | Class::Which | Class::HowMuch | Class::Is)
                })
                .is_some()
                    || self.word(place, &["the", "what", "our", "a"])
            };
            ((0..to).find(|place| !plain(*place)).unwrap_or(to), to)
        } else {
            let link = |place: &usize| {
                self.word(*place, &["where", "with", "if", "assuming", "taking"])
                    || self.mark(*place, ',')
                    || self.mark(*place, '(')
            };
            ((before.saturating_sub(5)..before).rev().find(link)? + 1, before)
        };
        let named = |place: usize| {
            self.mentions
                .iter()
                .any(|mention| (mention.start..mention.end).contains(&place) && mention.best() >= 60)
                // "total for Hans Weber: …" is his.
                || self.values.iter().any(|value| (value.start..value.end).contains(&place))
        };
        if before == at || from >= to || (from..to).any(|place| self.used[place] || named(place)) {
            return None;
        }
        let words: Vec<String> = self.tokens[from..to].iter().map(|token| token.text.clone()).collect();
        let name = self.raw(from..to);
        for start in 0..=self.tokens.len() - words.len() {
            if self.tokens[start..start + words.len()].iter().map(|token| &token.text).eq(&words) {
                self.spend(start..start + words.len());
            }
        }
        self.spend(before..at);
        Some(name)
    }

    /// Percents that are multiplied, or taken from one, are hundredths.
    fn hundredths(&self, expr: Expr) -> Expr {
        let Expr::Op(sign, left, right) = expr else { return expr };
        let percent = |one: &Expr| matches!(one, Expr::Column(col) if self.view.profile(*col).is_some_and(|profile| profile.unit.as_deref() == Some("%")));
        let (one_less, factor) = (*left == Expr::Number(1.0), sign == '*');
        let part = |one: Expr| match percent(&one) && (factor || one_less) {
            true => Expr::Op('/', Box::new(one), Box::new(Expr::Number(100.0))),
            false => self.hundredths(one),
        };
        Expr::Op(sign, Box::new(part(*left)), Box::new(part(*right)))
    }

    /// "annual revenue (mrr * 12)": what stands before the bracket says what the formula is.
    fn bracketed(&mut self, at: usize, end: usize, of: &Expr) -> Option<String> {
        let open = at
            .checked_sub(1)
            .filter(|open| self.mark(*open, '(') && self.mark(end, ')'))
            .or_else(|| self.mark(at, '(').then_some(at))?;
        let by = (0..open)
            .find(|place| self.class(*place, |class| matches!(class, Class::By | Class::Every(_))).is_some());
        let names = |place: usize| match self
            .mentions
            .iter()
            .find(|mention| (mention.start..mention.end).contains(&place))
        {
            Some(mention) => mention.candidates.iter().any(|(col, _)| of.columns().contains(col)),
            None => {
                !self.values.iter().any(|value| (value.start..value.end).contains(&place))
                    && self
                        .class(place, |class| {
                            matches!(
                                class,
                                Class::Agg(_)
                                    | Class::And
                                    | Class::By
                                    | Class::Every(_)
                                    | Class::List
                                    | Class::Which
                                    | Class::HowMuch
                                    | Class::HowMany
                                    | Class::Is
                                    | Class::Rank { .. }
                            )
                        })
                        .is_none()
            }
        };
        let begins = |stop: usize| {
            let mut from = stop;
            while from > 0
                && stop - from < 4
                && self.tokens[from - 1].kind == Kind::Word
                && !self.used[from - 1]
                && names(from - 1)
                && !self.word(from - 1, &["the", "of", "for", "in", "is", "what", "our"])
            {
                from -= 1;
            }
            (from < stop).then_some(from..stop)
        };
        let named = [Some(open), by].into_iter().flatten().find_map(begins)?;
        let name = self.raw(named.clone());
        self.spend(named);
        Some(name)
    }

    /// A sign of arithmetic between two terms, and where the next begins.
    fn sign(&self, at: usize, wanted: impl Fn(Class) -> Option<char>) -> Option<(char, usize)> {
        let next = |from: usize| self.past(from, &["the", "total", "our", "sum", "of", "its", "their"]);
        // "cost per unit" divides, "cost per region" groups; "hours x rate" multiplies.
        let measured = |place: usize| {
            self.mention(place).is_some_and(|mention| !self.can(&mention, Want::Key) && mention.best() >= 60)
                || self.nights(place).is_some() && !self.is_mentioned(place)
        };
        // "Jan-Mar" is from one month to another.
        let months = self.mark(at, '-')
            && at > 0
            && self.wide_month(at - 1).is_some()
            && self.wide_month(at + 1).is_some();
        if months {
            return None;
        }
        let written = self.class_of(at, &wanted).map(|(length, sign)| (sign, next(at + length)));
        // "under 100 per night" is a bound, and nothing divided.
        let bound = at > 1
            && matches!(self.tokens[at - 1].kind, Kind::Number(_))
            && self.class(at - 2, |class| matches!(class, Class::Cmp(_))).is_some();
        let per = (wanted(Class::Divided).is_some() && self.word(at, &["per"]) && measured(at + 1) && !bound)
            .then_some(('/', at + 1));
        let cross = (wanted(Class::Times).is_some() && self.word(at, &["x"]) && measured(next(at + 1)))
            .then(|| ('*', next(at + 1)));
        written.or(per).or(cross)
    }

    fn sum_at(&self, at: usize, depth: usize) -> Option<(Expr, usize, usize)> {
        let (mut left, mut end, mut operations) = self.product_at(at, depth)?;
        let wanted = |class: Class| match class {
            Class::Plus => Some('+'),
            Class::Minus => Some('-'),
            _ => None,
        };
        while let Some((sign, next)) = self.sign(end, wanted) {
            let Some((right, after, more)) = self.product_at(next, depth) else { break };
            left = Expr::Op(sign, Box::new(left), Box::new(right));
            (end, operations) = (after, operations + more + 1);
        }
        Some((left, end, operations))
    }

    fn product_at(&self, at: usize, depth: usize) -> Option<(Expr, usize, usize)> {
        let (mut left, mut end, mut operations) = self.factor_at(at, depth)?;
        let wanted = |class: Class| match class {
            Class::Times => Some('*'),
            Class::Divided => Some('/'),
            _ => None,
        };
        while let Some((sign, next)) = self.sign(end, wanted) {
            let Some((right, after, more)) = self.factor_at(next, depth) else { break };
            left = Expr::Op(sign, Box::new(left), Box::new(right));
            (end, operations) = (after, operations + more + 1);
        }
        Some((left, end, operations))
    }

    fn factor_at(&self, at: usize, depth: usize) -> Option<(Expr, usize, usize)> {
        // "difference between revenue and cost"
        if self.word(at, &["difference"]) && depth == 0 {
            let (left, end, more) =
                self.factor_at(self.past(at + 1, &["between", "of", "the", "total"]), 1)?;
            let (right, after, others) = self
                .factor_at(self.past(end + 1, &["the", "total"]), 1)
                .filter(|_| self.word(end, &["and", "to", "from"]))?;
            return Some((Expr::Op('-', Box::new(left), Box::new(right)), after, more + others + 1));
        }
        if self.mark(at, '(') && depth < 8 {
            let (expr, end, operations) = self.sum_at(at + 1, depth + 1)?;
            return (self.mark(end, ')') && operations > 0).then_some((expr, end + 1, operations));
        }
        // "the top 10 % of the orders" are orders.
        let part = at > 0 && self.word(at - 1, &super::numbers::TOPS);
        if let Some((value, percent)) = self.amount(at).filter(|(_, percent)| !(part && *percent)) {
            let number = Expr::Number(if percent { value / 100.0 } else { value });
            // "19 % of revenue"
            let of = self.past(at + 1, &["of", "the", "total", "our"]);
            return match self.factor_at(of, depth + 1).filter(|_| percent && of > at + 1 && depth < 8) {
                Some((right, end, more)) => {
                    Some((Expr::Op('*', Box::new(number), Box::new(right)), end, more + 1))
                }
                None => Some((number, at + 1, 0)),
            };
        }
        if let Some(nights) = self.nights(at).filter(|_| !self.is_mentioned(at)) {
            return Some((nights, at + 1, 0));
        }
        let mention = self.mention(at)?;
        let fitting = self.fitting(&mention.candidates, Want::Measure);
        let col = super::choose("", &fitting, self.view, self.choices).ok()?;
        self.view.is_number(col).then_some((Expr::Column(col), mention.end, 0))
    }

    /// "adults, children and seniors together": one figure of several columns.
    fn listed_together(&mut self) {
        for at in 0..self.tokens.len() {
            let (mut cols, mut end): (Vec<Col>, usize) = (Vec::new(), at);
            while let Some(mention) = self.mention(end).filter(|mention| self.can(mention, Want::Measure)) {
                let fitting = self.fitting(&mention.candidates, Want::Measure);
                let Ok(col) = super::choose("", &fitting, self.view, self.choices) else { break };
                cols.push(col);
                end = mention.end;
                let next = end + usize::from(self.mark(end, ','));
                let next = self.past(next, &["and", "plus", "&"]);
                if next == end || self.mention(next).is_none() {
                    break;
                }
                end = next;
            }
            if cols.len() < 2 || !self.word(end, &["together", "combined", "altogether"]) {
                continue;
            }
            self.spend(at..end + 1);
            let counted = (0..self.tokens.len()).find_map(|from| {
                let length = self.class(from, |class| class == Class::HowMany)?;
                Some((from, from + length))
            });
            if let Some((from, noun)) = counted {
                let named = self.tokens.get(noun).is_some_and(|token| self.view.is_named(&token.text));
                self.spend(from..noun + usize::from(named));
            }
            self.computed.push((at, Measure::new(Agg::Sum, Expr::Together(cols))));
            return;
        }
    }

    /// A table with a column for each month: "in March", "June to August", "all months".
    fn months_together(&mut self) {
        let months = self.wide_months();
        if months.is_empty() {
            return;
        }
        for at in 0..self.tokens.len() {
            let range = self.wide_month(at).filter(|_| !self.used[at]);
            // "Jan 2026 to Oct 2026" says the year of all columns.
            let year = self.view.months_year();
            let dated = |place: usize| usize::from(year.is_some() && self.year_at(place) == year);
            let link = at + 1 + dated(at + 1);
            let between = at > 0 && self.word(at - 1, &["between"]);
            let other = self.wide_month(link + 1).filter(|_| {
                self.word(link, &["to", "through", "until", "till"])
                    || self.mark(link, '-')
                    || between && self.word(link, &["and"])
            });
            if let (Some(first), Some(last)) = (range, other) {
                let place = |col: Col| months.iter().position(|(_, one)| *one == col).unwrap_or(0);
                let (from, to) = (place(first).min(place(last)), place(first).max(place(last)));
                let cols: Vec<Col> = months[from..=to].iter().map(|(_, col)| *col).collect();
                let end = link + 2 + dated(link + 2);
                self.computed.push((at, Measure::new(Agg::Sum, Expr::Together(cols))));
                self.spend(
                    at.saturating_sub(usize::from(at > 0 && self.word(at - 1, &["from", "between"])))..end,
                );
            } else if let Some(col) = range.filter(|_| self.mention(at).is_none()) {
                self.computed.push((at, Measure::new(Agg::Sum, Expr::Column(col))));
                self.spend(at..at + 1);
            } else if let Some(quarter) = self.tokens[at]
                .text
                .strip_prefix('q')
                .and_then(|number| number.parse::<i64>().ok())
                .filter(|quarter| (1..=4).contains(quarter))
            {
                let cols: Vec<Col> = months
                    .iter()
                    .filter(|(month, _)| (month + 2) / 3 == quarter)
                    .map(|(_, col)| *col)
                    .collect();
                if cols.len() == 3 && !self.used[at] {
                    self.spend(at..at + 1);
                    self.computed.push((at, Measure::new(Agg::Sum, Expr::Together(cols))));
                }
            }
        }
        self.join_months(&months);
        // "over the ten months" is all of them, if they are ten.
        let counted = |at: usize| {
            self.tokens[at].count().is_some_and(|count| usize::try_from(count) == Ok(months.len()))
                && self.word(at + 1, &["months"])
        };
        let number = (0..self.tokens.len()).find(|at| counted(*at));
        let all = (0..self.tokens.len()).find(|at| {
            (self.word(*at, &["all", "total", "whole", "full"]) || Some(*at) == number)
                && (*at..self.tokens.len().min(at + 3)).any(|next| self.word(next, &["months", "year"]))
        });
        let named = self.mentions.iter().any(|mention| {
            mention.candidates.iter().any(|(col, _)| months.iter().any(|(_, one)| one == col))
        });
        if self.computed.is_empty() && (all.is_some() || !named) {
            let cols: Vec<Col> = months.iter().map(|(_, col)| *col).collect();
            let beside = |col: Col| {
                cols.contains(&col)
                    || super::whole::is_total(self.view, col)
                    || self.view.looks_like_years(col)
            };
            let only = (0..self.view.columns.len()).filter(|col| self.view.is_measure(*col)).all(beside)
                && !self.mentions.iter().any(|mention| self.can(mention, Want::Measure));
            // "branches opened after 2015" are looked for, nothing is computed of them.
            let class = |wanted: &dyn Fn(Class) -> bool| {
                (0..self.tokens.len()).any(|at| self.class(at, wanted).is_some())
            };
            let conditioned = !self.placed.is_empty()
                    || class(&|class| matches!(class, Class::Cmp(_) | Class::Between))
                    // "and in Berlin?" is a condition, "hours in Berlin" asks for them.
                    || (!self.values.is_empty() && !self.tokens.iter().any(|token| self.view.is_named(&token.text)));
            let computes = class(&|class| {
                matches!(
                    class,
                    Class::Agg(_)
                        | Class::HowMuch
                        | Class::By
                        | Class::Every(_)
                        | Class::Rank { .. }
                        | Class::Best
                        | Class::Growth
                        | Class::Share
                        | Class::Running
                        | Class::Chart(_)
                )
            });
            if all.is_some() || (only && (computes || !conditioned)) {
                let at = all.unwrap_or(0);
                for place in at..self.tokens.len() {
                    let said = self.word(place, &["months", "year", "all"]) || Some(place) == number;
                    if said && !self.used[place] && all.is_some() {
                        self.spend(place..place + 1);
                    }
                }
                let mut measure = Measure::new(Agg::Sum, Expr::Together(cols));
                measure.name = Some("all months".to_owned());
                self.computed.push((at, measure));
            }
        }
    }

    /// "December, January and February together" is one figure.
    fn join_months(&mut self, months: &[(i64, Col)]) {
        let of_month = |measure: &Measure| match measure.of {
            Expr::Column(col) => months.iter().any(|(_, one)| *one == col).then_some(col),
            _ => None,
        };
        let named: Vec<(usize, Col)> = self
            .mentions
            .iter()
            .filter_map(|mention| Some((mention.start, mention.candidates.first()?.0)))
            .filter(|(_, col)| months.iter().any(|(_, one)| one == col))
            .collect();
        let mut cols: Vec<Col> = self.computed.iter().filter_map(|(_, measure)| of_month(measure)).collect();
        cols.extend(named.iter().map(|(_, col)| *col));
        let Some(at) = (0..self.tokens.len())
            .find(|at| self.word(*at, &["together", "combined", "altogether"]))
            .filter(|_| cols.len() > 1)
        else {
            return;
        };
        self.computed.retain(|(_, measure)| of_month(measure).is_none());
        named.iter().for_each(|(start, _)| self.spend(*start..*start + 1));
        self.spend(at..at + 1);
        self.computed.push((at, Measure::new(Agg::Sum, Expr::Together(cols))));
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
            if let (true, Some(first)) =
                (plain, self.mention_before(before).filter(|mention| self.can(mention, Want::Measure)))
                && let (Ok(weight), Ok(col)) =
                    (self.resolve(&first, Want::Measure), self.resolve(&mention, Want::Measure))
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
            let of = self.mentions.iter().rfind(|mention| self.can(mention, Want::Measure)).cloned();
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
}
