//! What rows are worth where no column says it: quantity times price, less a discount; profit, margin, the value of a stock.

use ringfence_pipeline::ports::{ColumnKind, ColumnRole};

use super::{EXACT, Mention, Reader, Want};
use crate::analyst::{
    query::{Agg, Col, Expr, Measure},
    spelling::{normal_words, singular},
    view::View,
    vocabulary::Class,
    words::Kind,
};

/// What things are priced by that are weighed or measured.
const PER: [&str; 14] =
    ["kg", "g", "t", "tonne", "ton", "l", "litre", "liter", "m", "m2", "sqm", "ha", "hectare", "kwh"];

impl Reader<'_> {
    pub(super) fn called(&self, names: &[&str]) -> Option<Col> {
        names.iter().find_map(|name| {
            let wanted = normal_words(name);
            let mut exact = (0..self.view.columns.len()).filter(|col| self.view.is_measure(*col));
            let of = |col: &Col| wanted.iter().all(|word| self.view.columns[*col].words.contains(word));
            exact.find(of)
        })
    }

    pub(super) fn revenue(&self) -> Option<Expr> {
        if let Some(col) = self.called(&["revenue", "sales", "turnover", "income"]) {
            return Some(Expr::Column(col));
        }
        if let Some(col) = self.price_of_row() {
            return Some(Expr::Column(col));
        }
        let price = self.called(&["unit price", "selling price", "sale price", "price", "rate"])?;
        let quantity = self
            .priced_per(price)
            .or_else(|| self.pieces_beside(price))
            .or_else(|| self.called(&["quantity", "qty", "units", "pieces", "sold", "hours", "shares"]))
            .or_else(|| self.quantity_beside(price))?;
        let worth = Expr::Op('*', Box::new(Expr::Column(quantity)), Box::new(Expr::Column(price)));
        Some(match self.discount_beside(quantity) {
            Some(discount) => Expr::Op('*', Box::new(worth), Box::new(discount)),
            None => worth,
        })
    }

    /// What a price is of by its own name: nights for a `Rate per night`, hours for an `Hourly wage`.
    fn priced_per(&self, price: Col) -> Option<Col> {
        const ADVERBS: [(&str, &str); 5] = [
            ("hourly", "hour"),
            ("daily", "day"),
            ("nightly", "night"),
            ("weekly", "week"),
            ("monthly", "month"),
        ];
        let column = &self.view.columns[price];
        let per = column
            .words
            .windows(2)
            .find(|pair| pair[0] == "per" || pair[0] == "a")
            .map(|pair| pair[1].as_str());
        let said = |adverb: &str| column.words.iter().any(|word| word == adverb);
        let unit = per.or_else(|| ADVERBS.iter().find(|(adverb, _)| said(adverb)).map(|(_, unit)| *unit))?;
        let counts = |col: &Col| {
            let words = &self.view.columns[*col].words;
            // `Yield (t)` beside `Price per t`
            let measured = words.len() > 1
                && words.last().is_some_and(|last| last == unit)
                && PER.contains(&unit)
                && !words.iter().any(|word| word == "per");
            *col != price && self.view.is_measure(*col) && (*words == [unit] || measured)
        };
        (0..self.view.columns.len()).find(counts)
    }

    /// Where a price stands in a list of its own, the pieces are those of the rows, not what is in stock.
    fn pieces_beside(&self, price: Col) -> Option<Col> {
        let own = self.view.columns[price].table == self.view.base;
        self.column_of_pieces().filter(|col| !own && self.view.columns[*col].table == self.view.base)
    }

    /// What a row brings where a list says what each kind costs, and nothing how many there were: an appointment, a booking.
    fn price_in_list(&self) -> Option<Col> {
        let base = self.view.base;
        let price = self.called(&["price", "fee"]).filter(|col| self.view.columns[*col].table != base)?;
        let own = |col: &Col| self.view.columns[*col].table == base;
        let plain = (0..self.view.columns.len())
            .filter(own)
            .all(|col| !self.view.is_measure(col) || self.view.role(col) == ColumnRole::Key);
        let dated = self.view.of_kind(ColumnKind::Date).any(|col| own(&col));
        (plain && dated).then_some(price)
    }

    /// True if some rows are of what did not take place.
    fn some_fell_through(&self) -> bool {
        const FELL: [&str; 5] = ["cancelled", "canceled", "no-show", "no show", "missed"];
        self.view.of_kind(ColumnKind::Text).any(|col| {
            self.view.columns[col].table == self.view.base
                && self.view.profile(col).is_some_and(|profile| {
                    profile.values.iter().any(|value| FELL.contains(&value.value.to_lowercase().as_str()))
                })
                && !self.placed.iter().any(|(_, filter)| filter.columns().contains(&col))
                && !self.values.iter().any(|value| value.candidates.iter().any(|(one, _)| *one == col))
        })
    }

    /// What is left of a price after the discount that a column of the same table gives in percent.
    ///
    /// Revenue is net of discounts (IFRS 15); who wants it without says "before discount", "gross" or "list".
    fn discount_beside(&self, quantity: Col) -> Option<Expr> {
        if self.says(&["before", "without", "gross", "list", "excluding", "ignoring"]) {
            return None;
        }
        let table = self.view.columns[quantity].table;
        let discount = (0..self.view.columns.len()).find(|col| {
            let column = &self.view.columns[*col];
            column.table == table
                && self.view.is_measure(*col)
                && column.words.iter().any(|word| word == "discount")
        })?;
        let profile = self.view.profile(discount).filter(|profile| profile.empty == 0)?;
        let max = profile.max?;
        let unit = profile.unit.as_deref();
        let part = match unit {
            Some("%") => 100.0,
            Some("fraction") => 1.0,
            None if max <= 1.0 => 1.0,
            None if profile.name.contains('%') || profile.name.to_lowercase().contains("percent") => 100.0,
            _ => return None,
        };
        let rate = Expr::Column(discount);
        let rate =
            if part > 1.0 { Expr::Op('/', Box::new(rate), Box::new(Expr::Number(part))) } else { rate };
        Some(Expr::Op('-', Box::new(Expr::Number(1.0)), Box::new(rate)))
    }

    /// "average order value", "the value of all orders": what a row is worth, where only its parts are known.
    pub(super) fn worth_of_rows(&mut self) {
        const WORTH: [&str; 4] = ["value", "values", "worth", "amount"];
        const SOLD: [&str; 5] = ["order", "sale", "basket", "purchase", "cart"];
        let Some(of @ Expr::Op(..)) = self.revenue().filter(|_| self.income(None).is_empty()) else { return };
        let trades = |at: usize| {
            self.tokens.get(at).is_some_and(|token| SOLD.contains(&singular(&token.text).as_str()))
        };
        let found = (0..self.tokens.len()).filter(|at| self.word(*at, &WORTH)).find_map(|at| {
            let after = self.past(at + 1, &["of", "the", "our", "all", "each", "an", "every"]);
            match () {
                () if at > 0 && trades(at - 1) => Some((at - 1, at + 1)),
                () if after > at + 1 && trades(after) => Some((at, after + 1)),
                () => None,
            }
        });
        let Some((start, end)) = found else { return };
        let named = |mention: &Mention| mention.end > start && mention.start < end && mention.best() >= EXACT;
        if self.mentions.iter().any(|mention| named(mention) && self.can(mention, Want::Measure)) {
            return;
        }
        self.mentions.retain(|mention| mention.end <= start || mention.start >= end);
        let mut measure = Measure::new(Agg::Sum, of);
        measure.name = Some("order value".to_owned());
        self.computed.push((start, measure));
        self.spend(start..end);
    }

    /// "total wages", "labour cost per month": hours times what is paid for one, where no column says it.
    pub(super) fn wages(&mut self) {
        const PAID: [&str; 4] = ["hourly wage", "hourly rate", "hourly pay", "wage per hour"];
        const WORK: [&str; 6] = ["wage", "labour", "labor", "payroll", "staff", "personnel"];
        const COST: [&str; 6] = ["cost", "costs", "bill", "expense", "expenses", "spend"];
        let Some(wage) = self.called(&PAID) else { return };
        let Some(hours) = self.priced_per(wage) else { return };
        let found = (0..self.tokens.len()).find_map(|at| {
            let alone = self.word(at, &["wages"]) || self.word(at, &["earn", "earned"]) && self.is_traded(at);
            let cost = self.word(at, &WORK) && self.word(at + 1, &COST);
            (alone || cost).then_some((at, at + 1 + usize::from(cost)))
        });
        let Some((start, end)) = found else { return };
        let named = |mention: &Mention| mention.end > start && mention.start < end && mention.best() >= EXACT;
        if start > 0 && self.word(start - 1, &["hourly"]) || self.mentions.iter().any(named) {
            return;
        }
        self.mentions.retain(|mention| mention.end <= start || mention.start >= end);
        let of = Expr::Op('*', Box::new(Expr::Column(hours)), Box::new(Expr::Column(wage)));
        let mut measure = Measure::new(Agg::Sum, of);
        measure.name = Some("wages".to_owned());
        self.computed.push((start, measure));
        self.spend(start..end);
    }

    /// The price of all that a row is of: beside what it cost, or alone, where nothing says how many there were.
    pub(super) fn price_of_row(&self) -> Option<Col> {
        let each = |col: &Col| {
            let words = &self.view.columns[*col].words;
            words.iter().any(|word| ["unit", "each", "per", "list", "piece"].contains(&word.as_str()))
        };
        let price = self.called(&["price"]).filter(|col| !each(col))?;
        let cost = self.called(&["cost"]).filter(|col| !each(col));
        let counted = ["quantity", "qty", "units", "pieces", "sold", "stock", "on hand", "ordered"];
        let table = self.view.columns[price].table;
        let own = |col: &Col| self.view.columns[*col].table == table;
        let dated = self.view.of_kind(ColumnKind::Date).any(|col| own(&col));
        // Where nothing beside it is measured, a row is of one.
        let extra = |col: Col| {
            let words = &self.view.columns[col].words;
            ["tip", "gratuity", "postage", "deposit", "tax", "vat"]
                .iter()
                .any(|name| words.iter().any(|word| word == name))
        };
        let alone = (0..self.view.columns.len())
            .all(|col| col == price || !own(&col) || !self.view.is_measure(col) || extra(col));
        (self.called(&counted).is_none() && (cost.is_some_and(|cost| own(&cost)) || alone) && dated)
            .then_some(price)
    }

    /// What a price of each is multiplied by, if one column only counts anything beside it: `Tickets`, `Price each`.
    fn quantity_beside(&self, price: Col) -> Option<Col> {
        let column = &self.view.columns[price];
        let each = column.words.iter().any(|word| ["unit", "each", "per"].contains(&word.as_str()));
        let counts = |col: &Col| {
            self.view.is_measure(*col)
                && *col != price
                && self.view.columns[*col].table == column.table
                && self.view.kind(*col) == ColumnKind::Integer
                && self.view.role(*col) == ColumnRole::Quantity
        };
        // Of what is priced by its weight, nothing else says how much there is.
        let by_weight =
            column.words.windows(2).any(|pair| pair[0] == "per" && PER.contains(&pair[1].as_str()));
        let mut found = (0..self.view.columns.len()).filter(counts);
        found.next().filter(|_| each && !by_weight && found.next().is_none())
    }

    pub(super) fn profits(&mut self) {
        for at in 0..self.tokens.len() {
            let found =
                self.class_of(at, |class| matches!(class, Class::Profit | Class::Margin).then_some(class));
            let Some((length, class)) = found else { continue };
            if self.mention(at).is_some_and(|mention| mention.best() >= 60) {
                continue;
            }
            if class == Class::Margin && self.computed.iter().any(|(_, measure)| measure.of.is_ratio()) {
                self.spend(at..at + length);
                continue;
            }
            let (Some(revenue), Some(cost)) =
                (self.revenue(), self.called(&["cost", "costs", "expenses", "expense", "cogs"]))
            else {
                continue;
            };
            let cost = match (&revenue, self.pieces_beside(cost)) {
                (Expr::Column(_), _) => Expr::Column(cost),
                // What a piece costs stands in the list that has its price.
                (_, Some(pieces)) => {
                    Expr::Op('*', Box::new(Expr::Column(pieces)), Box::new(Expr::Column(cost)))
                }
                _ => continue,
            };
            let profit = Expr::Op('-', Box::new(revenue.clone()), Box::new(cost));
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

    /// "click-through rate", "ROAS": a figure of advertising that goes by a name of its own, from its parts.
    fn advertising(&mut self, at: usize) {
        /// Its names, what is divided by what, and how many times that is told: in percent, for a thousand.
        type Known = (&'static [&'static str], &'static [&'static str], &'static [&'static str], f64);
        const SPENT: &[&str] = &["spend", "ad spend", "cost", "costs"];
        const EARNED: &[&str] = &["revenue", "sales", "conversion value"];
        const WON: &[&str] = &["conversions", "conversion", "leads", "sales"];
        const KNOWN: [Known; 6] = [
            (
                &["ctr", "click through rate", "clickthrough rate"],
                &["clicks"],
                &["impressions", "views"],
                100.0,
            ),
            (&["cpc", "cost per click"], SPENT, &["clicks"], 1.0),
            (&["roas", "return on ad spend", "return on advertising spend"], EARNED, SPENT, 1.0),
            (&["cpa", "cost per acquisition"], SPENT, WON, 1.0),
            (&["cpl", "cost per lead"], SPENT, &["leads"], 1.0),
            (
                &["cpm", "cost per mille", "cost per thousand impressions"],
                SPENT,
                &["impressions", "views"],
                1000.0,
            ),
        ];
        for (names, above, below, times) in KNOWN {
            let Some(end) = names.iter().find_map(|name| self.spelt(at, name)) else {
                continue;
            };
            let named = self.mentions.iter().any(|mention| {
                mention.start >= at
                    && mention.end <= end
                    && mention.best() >= EXACT
                    && mention.end - mention.start == end - at
            });
            let Some((above, below)) = self.called(above).zip(self.called(below)).filter(|_| !named) else {
                return;
            };
            let above = Expr::Column(above);
            let above = if times > 100.0 {
                Expr::Op('*', Box::new(above), Box::new(Expr::Number(times)))
            } else {
                above
            };
            let mut measure =
                Measure::new(Agg::Sum, Expr::Op('/', Box::new(above), Box::new(Expr::Column(below))));
            (measure.percent, measure.name) = (times == 100.0, Some(names[1].to_owned()));
            self.mentions.retain(|mention| mention.end <= at || mention.start >= end);
            self.spend(at..end);
            self.computed.push((at, measure));
            return;
        }
    }

    /// Where a name of several words ends that begins here, with or without hyphens.
    fn spelt(&self, at: usize, name: &str) -> Option<usize> {
        let mut end = at;
        for word in name.split(' ') {
            while end > at && self.mark(end, '-') {
                end += 1;
            }
            if !self.word(end, &[word])
                && self.tokens.get(end).is_none_or(|token| singular(&token.text) != word)
            {
                return None;
            }
            end += 1;
        }
        self.free(at..end).then_some(end)
    }

    /// Figures that are known by name: the conversion rate, the value of the stock.
    fn rates(&mut self) {
        (0..self.tokens.len()).for_each(|at| self.advertising(at));
        (0..self.tokens.len()).for_each(|at| self.fault_rate(at));
        (0..self.tokens.len()).for_each(|at| self.cash_flow(at));
        for at in 0..self.tokens.len().saturating_sub(1) {
            if self.used[at] || self.used[at + 1] {
                continue;
            }
            if self.word(at, &["conversion"]) && self.word(at + 1, &["rate", "rates"]) {
                let parts = self
                    .called(&["conversions", "conversion"])
                    .zip(self.called(&["sessions", "visits", "clicks", "visitors", "leads"]));
                if let Some((above, below)) = parts {
                    self.spend(at..at + 2);
                    let mut measure = Measure::new(
                        Agg::Sum,
                        Expr::Op('/', Box::new(Expr::Column(above)), Box::new(Expr::Column(below))),
                    );
                    (measure.percent, measure.name) = (true, Some("conversion rate".to_owned()));
                    self.computed.push((at, measure));
                }
            }
            let stock = ["stock", "inventory"];
            let after = self.past(at + 1, &["of", "the", "our"]);
            let value = (self.word(at, &stock) && self.word(at + 1, &["value", "worth"]))
                .then_some(at + 2)
                .or_else(|| {
                    (self.word(at, &["value", "worth"]) && self.word(after, &stock) && after > at + 1)
                        .then_some(after + 1)
                });
            let other = |mention: Mention| mention.best() >= EXACT && !self.word(mention.start, &stock);
            if let Some(end) = value.filter(|_| !self.mention(at).is_some_and(other)) {
                self.mentions.retain(|mention| mention.end <= at || mention.start >= end);
                let (end, prices) = self.valued_at(end);
                let parts = self.called(&["on hand", "stock", "quantity", "qty"]).zip(self.called(prices));
                if let Some((quantity, price)) = parts {
                    self.spend(at..end);
                    let mut measure = Measure::new(
                        Agg::Sum,
                        Expr::Op('*', Box::new(Expr::Column(quantity)), Box::new(Expr::Column(price))),
                    );
                    measure.name = Some("stock value".to_owned());
                    self.computed.push((at, measure));
                }
            }
        }
    }

    /// "defect rate": what was faulty of all that was made or looked at.
    fn fault_rate(&mut self, at: usize) {
        const FAULTS: [(&[&str], &[&str]); 3] = [
            (&["defect", "defects", "defective"], &["defect", "defective"]),
            (&["reject", "rejects", "rejection"], &["reject", "rejected"]),
            (&["scrap", "scrappage"], &["scrap", "scrapped"]),
        ];
        const ALL: [&str; 9] = [
            "produced",
            "made",
            "manufactured",
            "output",
            "production",
            "inspected",
            "checked",
            "tested",
            "total",
        ];
        let Some((said, names)) = FAULTS.iter().find(|(said, _)| self.word(at, said)) else { return };
        let rate = self.word(at + 1, &["rate", "rates", "ratio", "percentage", "percent", "share", "quota"]);
        if !rate || !self.free(at..at + 2) {
            return;
        }
        let pieces = |names: &[&str]| -> Vec<Col> {
            let has = |col: &Col| {
                self.view.is_measure(*col)
                    && self.view.role(*col) == ColumnRole::Quantity
                    && self.view.columns[*col].words.iter().any(|word| names.contains(&word.as_str()))
            };
            (0..self.view.columns.len()).filter(has).collect()
        };
        let ([faulty], [all]) = (&pieces(names)[..], &pieces(&ALL)[..]) else { return };
        if faulty == all {
            return;
        }
        let mut measure = Measure::new(
            Agg::Sum,
            Expr::Op('/', Box::new(Expr::Column(*faulty)), Box::new(Expr::Column(*all))),
        );
        (measure.percent, measure.name) = (true, Some(format!("{} rate", said[0])));
        self.mentions.retain(|mention| mention.end <= at || mention.start >= at + 2);
        self.spend(at..at + 2);
        self.computed.push((at, measure));
    }

    /// "net cash flow" of a statement: what came in less what went out.
    fn cash_flow(&mut self, at: usize) {
        let start = at;
        let at = self.past(at, &["net"]);
        let end = match () {
            () if self.word(at, &["cashflow"]) => at + 1,
            () if self.word(at, &["cash"]) && self.word(at + 1, &["flow"]) => at + 2,
            () => return,
        };
        let of = |names: &[&str]| -> Vec<Col> {
            let has = |col: &Col| {
                self.view.is_measure(*col)
                    && self.view.role(*col) == ColumnRole::Amount
                    && self.view.columns[*col].words.iter().any(|word| names.contains(&word.as_str()))
            };
            (0..self.view.columns.len()).filter(has).collect()
        };
        let (came, went) = (of(&["credit", "deposit", "in"]), of(&["debit", "withdrawal", "out"]));
        let ([came], [went], true) = (&came[..], &went[..], self.free(start..end)) else { return };
        let mut measure = Measure::new(
            Agg::Sum,
            Expr::Op('-', Box::new(Expr::Column(*came)), Box::new(Expr::Column(*went))),
        );
        measure.name = Some("net cash flow".to_owned());
        self.mentions.retain(|mention| mention.end <= start || mention.start >= end);
        self.spend(start..end);
        self.computed.push((start, measure));
    }

    /// "at cost", "at selling price": what a stock is valued by, and where the words for it end.
    fn valued_at(&self, end: usize) -> (usize, &'static [&'static str]) {
        let at = self
            .past(end + 1, &["full", "the", "our", "unit", "purchase", "selling", "sale", "retail", "list"]);
        let said = self.word(end, &["at"]);
        let sold =
            (end + 1..at).any(|place| self.word(place, &["selling", "sale", "retail", "list", "full"]));
        match () {
            () if said && !sold && self.word(at, &["cost", "costs"]) => {
                (self.past(at + 1, &["price", "prices"]), &["unit cost", "cost", "purchase price"])
            }
            () if said && self.word(at, &["price", "prices"]) => {
                (at + 1, &["retail price", "selling price", "unit price", "price"])
            }
            () if said && self.word(at - 1, &["retail"]) => {
                (at, &["retail price", "selling price", "unit price", "price"])
            }
            () => (end, &["unit cost", "cost", "unit price", "price"]),
        }
    }

    /// Revenue as quantity times price, if there is no column of it.
    pub(super) fn products(&mut self) {
        for at in 0..self.tokens.len() {
            let word = singular(&self.tokens[at].text);
            let wanted = ["revenue", "turnover", "sale", "taking", "income"].contains(&word.as_str())
                || ["value", "worth"].contains(&word.as_str()) && self.is_worth(at);
            if !wanted
                || self.used[at]
                || self.tokens[at].kind != Kind::Word
                || self
                    .mention(at)
                    .is_some_and(|mention| self.can(&mention, Want::Measure) || mention.best() >= EXACT)
                || self.view.is_named(&word)
            {
                continue;
            }
            // "shipping income" is what the column says.
            let beside = self
                .mention_before(at)
                .is_some_and(|mention| mention.best() >= 60 && self.can(&mention, Want::Measure));
            if beside {
                self.spend(at..at + 1);
                continue;
            }
            if let Some(price) = self.price_in_list() {
                self.spend(at..at + 1);
                let mut measure = Measure::new(Agg::Sum, Expr::Column(price));
                (measure.by_row, measure.name) = (true, Some("revenue".to_owned()));
                self.out.notes.push(format!("Each row is taken for one at its {}.", self.view.name(price)));
                if self.some_fell_through() {
                    self.out.doubt(25);
                }
                self.computed.push((at, measure));
            } else if let Some(of @ Expr::Op(..)) = self.revenue() {
                let wanted_worth = ["value", "worth"].contains(&word.as_str());
                self.spend(at..at + 1);
                let mut measure = Measure::new(Agg::Sum, of);
                measure.name = Some(if wanted_worth { "value" } else { "revenue" }.to_owned());
                self.computed.push((at, measure));
            }
        }
    }

    /// "value of the hours", where hours and their rate are known and no column says what they are worth.
    fn is_worth(&self, at: usize) -> bool {
        let amount = |col: Col| {
            self.view.is_measure(col)
                && self.view.role(col) == ColumnRole::Amount
                && !self.view.columns[col]
                    .words
                    .iter()
                    .any(|word| ["price", "rate", "cost", "unit"].contains(&word.as_str()))
        };
        let next = self.past(at + 1, &["of", "the", "our", "all"]);
        let other = next > at + 1
            && self.mention(next).is_some_and(|mention| {
                self.can(&mention, Want::Measure)
                    && !self.revenue().is_some_and(|of| {
                        mention.candidates.iter().any(|(col, _)| of.columns().contains(col))
                    })
            });
        !other && !self.tokens[at].text.ends_with('s') && !(0..self.view.columns.len()).any(amount)
    }
}

/// True for a price or a cost that stands once in a list of its own beside rows of so many pieces.
pub(super) fn is_of_a_list(view: &View<'_>, col: Col) -> bool {
    const OF_ONE: [&str; 4] = ["price", "cost", "rate", "fee"];
    const PIECES: [&str; 5] = ["qty", "quantity", "unit", "piece", "menge"];
    let has =
        |col: Col, names: &[&str]| view.columns[col].words.iter().any(|word| names.contains(&word.as_str()));
    let counted =
        |one: Col| view.columns[one].table == view.base && view.is_measure(one) && has(one, &PIECES);
    view.columns[col].table != view.base && has(col, &OF_ONE) && (0..view.columns.len()).any(counted)
}

/// True if a sum of money that nobody named is not the only one of its rows: a trade-in beside the price of a sale.
pub(super) fn is_one_of_several(view: &View<'_>, col: Col) -> bool {
    const ALL: [&str; 8] = ["total", "amount", "sum", "net", "gross", "revenue", "sales", "salary"];
    const MONEY: [&str; 5] = ["price", "cost", "fee", "value", "worth"];
    const OF_EACH: [&str; 4] = ["unit", "per", "each", "hourly"];
    let has =
        |col: Col, names: &[&str]| view.columns[col].words.iter().any(|word| names.contains(&word.as_str()));
    let beside = |one: &Col| {
        *one != col
            && view.is_measure(*one)
            && view.columns[*one].table == view.columns[col].table
            && has(*one, &MONEY)
            && !has(*one, &OF_EACH)
    };
    !has(col, &ALL) && (0..view.columns.len()).any(|one| beside(&one))
}
