//! Margin and markup of a price over a cost, where each row has both.

use super::{Choice, Reader, Trouble};
use crate::analyst::{
    query::{Agg, Col, Expr, Measure},
    vocabulary::Class,
};

/// What a margin is in, once it was said.
const IN_PERCENT: &str = "margin in percent";
const IN_MONEY: &str = "margin in money";

impl Reader<'_> {
    /// "the highest markup": the price over the cost, in percent of the cost. A margin may be in percent of the price,
    /// or in money, which is asked.
    pub(super) fn margins(&mut self) -> Result<(), Trouble> {
        for at in 0..self.tokens.len() {
            let markup = self.word(at, &["markup", "markups"]).then_some(1);
            let margin = self.class(at, |class| class == Class::Margin);
            let named = self.mention(at).is_some_and(|mention| mention.best() >= 60);
            let (Some(length), false) = (markup.or(margin), self.used[at] || named) else { continue };
            let Some((price, cost)) = self.price_and_cost().filter(|_| self.computed.is_empty()) else {
                continue;
            };
            let (above, below) = (Box::new(Expr::Column(price)), Box::new(Expr::Column(cost)));
            let profit = Expr::Op('-', above.clone(), below.clone());
            let (of, name) = if markup.is_some() {
                (Expr::Op('/', Box::new(profit), below), "markup")
            } else if self.is_in_percent(price, cost)? {
                (Expr::Op('/', Box::new(profit), above), "margin")
            } else {
                (profit, "margin")
            };
            self.spend(at..at + length);
            // Of several things it is the mean of what each has, for these are prices of one.
            let mut measure = Measure::new(Agg::Mean, of);
            measure.percent = measure.of.is_ratio();
            measure.name = Some(name.to_owned());
            self.computed.push((at, measure));
        }
        Ok(())
    }

    fn is_in_percent(&self, price: Col, cost: Col) -> Result<bool, Trouble> {
        let chosen = |phrase: &str| self.choices.contains(&Choice::Phrase(phrase.to_owned()));
        let sign = self.tokens.iter().any(|token| token.is_mark('%'));
        if chosen(IN_PERCENT) || sign || self.says(&["percent", "percentage"]) {
            return Ok(true);
        }
        if chosen(IN_MONEY) {
            return Ok(false);
        }
        let (price, cost) = (self.view.name(price), self.view.name(cost));
        let options = vec![
            (format!("In percent of {price}"), Choice::Phrase(IN_PERCENT.to_owned())),
            (format!("In money: {price} less {cost}"), Choice::Phrase(IN_MONEY.to_owned())),
        ];
        Err(Trouble::Ask("The margin in percent, or in money?".to_owned(), options))
    }

    /// What one is sold for, and what it has cost.
    fn price_and_cost(&self) -> Option<(Col, Col)> {
        let cost = self.called(&[
            "unit cost",
            "cost price",
            "purchase price",
            "buying price",
            "wholesale price",
            "cost",
        ])?;
        let names = [
            "selling price",
            "sale price",
            "sales price",
            "retail price",
            "list price",
            "unit price",
            "price",
        ];
        let price = self.called(&names).filter(|price| *price != cost)?;
        (self.view.columns[price].table == self.view.columns[cost].table).then_some((price, cost))
    }
}
