//! Clean-ups: blanks trimmed, repeated rows removed, gaps filled, numbers and dates made uniform.

use super::{Reader, Trouble, Want};
use crate::analyst::{
    query::{Cleaning, Task},
    vocabulary::Class,
};

impl Reader<'_> {
    /// Steps of a clean-up.
    pub(super) fn cleaning(&mut self) -> Result<(), Trouble> {
        self.exchanged()?;
        let mut steps: Vec<Cleaning> = Vec::new();
        let mut tidy = false;
        for at in 0..self.tokens.len() {
            let found = self.class_of(at, |class| {
                matches!(
                    class,
                    Class::Trim | Class::Dedupe | Class::Fill | Class::Remove | Class::Parse | Class::Tidy
                )
                .then_some(class)
            });
            let Some((length, class)) = found else { continue };
            match class {
                Class::Trim => {
                    let ignored = at > 0 && self.word(at - 1, &["ignoring", "ignore", "regardless", "of"]);
                    self.spend(at - usize::from(ignored)..at + length);
                    if !ignored {
                        steps.push(Cleaning::Trim);
                    }
                }
                // Figures are not computed of cleaned rows.
                Class::Dedupe if at == 0 && self.word(at, &["without"]) => {
                    return Err(Trouble::Cannot(
                        "I compute with the rows as they are; let me remove the duplicates first and send me the new file".to_owned(),
                    ));
                }
                Class::Dedupe => {
                    self.spend(at..at + length);
                    steps.push(Cleaning::Dedupe);
                }
                // "the cheapest fill-up" is bought, a "filling" may be what is done.
                Class::Fill if self.mark(at + length, '-') || self.value(at).is_some() => {}
                // "income from office cleaning" is of what is sold.
                Class::Tidy
                    if self.word(at, &["cleaning"])
                        && !(at > 0 && self.word(at - 1, &["data", "do", "some", "needs"])) => {}
                // "how many have no salesperson filled in" counts what is left to fill.
                Class::Fill if self.says_first(&["how", "which", "count", "number"]) => {
                    self.spend(at..at + length)
                }
                Class::Fill => {
                    let step = self.filling(at, length)?;
                    steps.push(step);
                }
                Class::Remove => {
                    let gone = self.columns_removed(at, length)?;
                    if gone.is_empty() {
                        match self.removing(at, length)? {
                            Some(step) => steps.push(step),
                            None => self.removes = self.removes.or(Some(at)),
                        }
                    }
                    steps.extend(gone);
                }
                Class::Parse if self.mentions_format() || self.out.save => {
                    self.spend(at..at + length);
                    tidy = true;
                }
                Class::Tidy => {
                    self.spend(at..at + length);
                    tidy = true;
                }
                _ => {}
            }
        }
        if tidy {
            let spelled = self
                .mentions
                .iter()
                .find(|mention| matches!(mention.candidates[..], [(col, _), ..] if self.is_kind_of_text(col)))
                .cloned();
            if let Some(mention) = spelled {
                let col = self.resolve(&mention, Want::Key)?;
                steps.push(Cleaning::Trim);
                steps.push(Cleaning::Alike(col));
                self.take(&mention);
                let end =
                    self.past(mention.end, &["names", "name", "values", "spelling", "spellings", "column"]);
                self.spend(mention.end..end);
            }
            for at in 0..self.tokens.len() {
                if self
                    .word(at, &["numbers", "number", "dates", "amounts", "text", "types", "formats", "excel"])
                    && !self.used[at]
                {
                    self.spend(at..at + 1);
                }
            }
            let all = steps.is_empty();
            if all {
                steps.push(Cleaning::Trim);
            }
            if !steps.contains(&Cleaning::Parse) {
                steps.push(Cleaning::Parse);
            }
            if all
                && self.says(&["clean", "cleanup", "tidy", "cleaned", "cleaning"])
                && !self.says(&["numbers", "dates"])
            {
                steps.push(Cleaning::Dedupe);
            }
        }
        if !steps.is_empty() {
            self.out.task = Some(Task::Clean(steps));
            self.out.save = true;
        }
        Ok(())
    }

    /// True for a text that comes again and again, such as a town.
    fn is_kind_of_text(&self, col: crate::analyst::query::Col) -> bool {
        use ringfence_pipeline::ports::{ColumnKind, ColumnRole};
        self.view.kind(col) == ColumnKind::Text && self.view.role(col) == ColumnRole::Category
    }

    /// True if the question begins so.
    fn says_first(&self, words: &[&str]) -> bool {
        self.tokens.first().is_some_and(|token| token.is_any(words))
    }

    /// "convert the amounts to US dollars": what that takes nobody has said.
    fn exchanged(&self) -> Result<(), Trouble> {
        let currencies =
            ["dollar", "dollars", "usd", "euro", "euros", "eur", "pounds", "gbp", "francs", "chf", "yen"];
        for at in 0..self.tokens.len() {
            let next = self.past(at + 1, &["us", "the", "british", "swiss"]);
            if self.word(at, &["to", "into", "in"])
                && self.word(next, &currencies)
                && self.says(&["convert", "exchange", "translate", "change", "recalculate"])
            {
                let what = "the files hold no rates of exchange; say how much one is worth, such as \"Amount * 1.08\"";
                return Err(Trouble::Cannot(what.to_owned()));
            }
        }
        Ok(())
    }

    pub(super) fn says(&self, words: &[&str]) -> bool {
        self.tokens.iter().any(|token| token.is_any(words))
    }

    fn mentions_format(&self) -> bool {
        self.says(&["dates", "numbers", "amounts", "format", "iso", "text"])
            && self.says(&[
                "real",
                "proper",
                "parse",
                "convert",
                "uniform",
                "consistent",
                "standardise",
                "standardize",
                "normalise",
                "normalize",
                "turn",
                "unify",
                "reformat",
                "format",
                "into",
                "as",
            ])
    }

    /// "fill empty cities with Unknown"
    fn filling(&mut self, at: usize, length: usize) -> Result<Cleaning, Trouble> {
        self.spend(at..at + length);
        let end = (at + length..self.tokens.len()).find(|place| self.word(*place, &["with", "by", "as"]));
        let mut col = None;
        let stop = end.unwrap_or(self.tokens.len());
        if let Some(mention) =
            self.mentions.iter().find(|mention| mention.start >= at && mention.start < stop).cloned()
        {
            col = Some(self.resolve(&mention, Want::Any)?);
            self.take(&mention);
        }
        for place in at..stop {
            if self.word(
                place,
                &["empty", "missing", "blank", "blanks", "gaps", "values", "cells", "the", "all", "any"],
            ) && !self.used[place]
            {
                self.spend(place..place + 1);
            }
        }
        let value = end.and_then(|with| {
            let start = self.past(with + 1, &["the", "a", "an", "value", "word"]);
            let token = self.tokens.get(start)?;
            self.used[with..=start].fill(true);
            Some(match token.amount() {
                Some(amount) => format!("{}", amount.value),
                None => token.raw.clone(),
            })
        });
        self.spend(0..0);
        if value.is_none() && col.is_some_and(|col| self.view.is_number(col)) {
            // A nought is as wrong as any other guess.
            self.out.doubt(25);
        }
        Ok(Cleaning::Fill(col, value))
    }

    /// "drop the Comments column", "remove columns A and B": of the new workbook only.
    fn columns_removed(&mut self, at: usize, length: usize) -> Result<Vec<Cleaning>, Trouble> {
        let column = ["column", "columns", "field", "fields"];
        let mut next = self.past(at + length, &["the"]);
        let before = self.word(next, &column);
        next += usize::from(before);
        let mut found = Vec::new();
        let mut end = next;
        while let Some(mention) = self.mention(end) {
            end = mention.end;
            found.push(mention);
            let more = self.past(end, &["and", "the"]) + usize::from(self.mark(end, ','));
            if self.mention(more).is_none() {
                break;
            }
            end = more;
        }
        let behind = self.word(end, &column);
        if found.is_empty() || !(before || behind) {
            return Ok(Vec::new());
        }
        let mut steps = Vec::new();
        for mention in &found {
            steps.push(Cleaning::DropColumn(self.resolve(mention, Want::Any)?));
            self.take(mention);
        }
        self.spend(at..end + usize::from(behind));
        Ok(steps)
    }

    /// "remove every row without an e-mail", "drop rows with missing values", "remove duplicates"
    fn removing(&mut self, at: usize, length: usize) -> Result<Option<Cleaning>, Trouble> {
        let near = |reader: &Self, wanted: &dyn Fn(Class) -> bool| {
            (at + length..(at + length + 7).min(reader.tokens.len()))
                .find_map(|place| reader.class(place, wanted).map(|found| (place, found)))
        };
        if let Some((place, found)) = near(self, &|class| class == Class::Duplicate) {
            self.spend(at..place + found);
            return Ok(Some(Cleaning::Dedupe));
        }
        if let Some((place, found)) =
            near(self, &|class| matches!(class, Class::Not | Class::Missing | Class::Empty))
        {
            let next = self.past(place + found, &["a", "an", "the", "any", "valid", "in", "values", "their"]);
            let before =
                self.mentions.iter().find(|mention| mention.start >= at && mention.end <= place).cloned();
            let mention = self.mention(next).or(before);
            let col = match mention {
                Some(mention) => {
                    let col = self.resolve(&mention, Want::Any)?;
                    self.take(&mention);
                    Some(col)
                }
                None => None,
            };
            self.spend(at..next.min(self.tokens.len()));
            return Ok(Some(Cleaning::DropMissing(col)));
        }
        Ok(None)
    }
}
