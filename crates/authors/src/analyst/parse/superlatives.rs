//! Superlatives that name no figure: "most borrowed title", "busiest month", "longest stop", "second highest cost".

use ringfence_pipeline::ports::{ColumnKind, ColumnRole};

use super::{EXACT, Mention, Reader, Trouble, Want};
use crate::analyst::{
    query::{Agg, Col, Expr, Filter, Measure},
    spelling::singular,
    view::table_words,
    vocabulary::Class,
    words::Kind,
};

/// What lasts is measured in these, or called so.
pub(super) const DURATIONS: [&str; 13] = [
    "minute", "min", "second", "sec", "hour", "hr", "duration", "length", "day", "runtime", "time",
    "downtime", "delay",
];

/// What is said of those who have been there for long.
const TENURE: [&str; 9] =
    ["been", "serving", "employed", "standing", "there", "us", "here", "tenure", "service"];

/// What is greatest, or least, of whatever is called so.
const SUPERLATIVES: [(&[&str], &[&str], Agg); 8] = [
    (&["hottest", "warmest"], &["temperature", "temp", "maximum"], Agg::Max),
    (&["coldest"], &["temperature", "temp", "minimum"], Agg::Min),
    (&["wettest", "rainiest"], &["precipitation", "rain", "rainfall"], Agg::Max),
    (&["driest"], &["precipitation", "rain", "rainfall"], Agg::Min),
    (&["windiest", "windyest"], &["wind", "windspeed", "gust"], Agg::Max),
    (&["sunniest"], &["sun", "sunshine"], Agg::Max),
    (&["tallest"], &["height"], Agg::Max),
    (&["heaviest"], &["weight", "kg", "mass", "gram", "tonne"], Agg::Max),
];

impl Reader<'_> {
    /// "second highest": which place is meant, and where the words for it begin.
    pub(super) fn place_before(&self, at: usize) -> Option<(u32, usize)> {
        let before = at.checked_sub(1)?;
        match self.tokens[before].kind {
            Kind::Ordinal(place) if place > 1 && !self.used[before] => Some((place, before)),
            _ => None,
        }
    }

    /// "most borrowed title", "busiest month": rows are counted, unless each is one of what is ranked.
    pub(super) fn counted_superlative(&mut self, at: usize, end: usize) -> Result<Option<usize>, Trouble> {
        let busiest = self.word(at, &["busiest", "quietest"])
            || self.word(at, &["least", "most"]) && self.word(at + 1, &["busy"]);
        let figured = self
            .mentions
            .iter()
            .any(|mention| mention.start > end && self.can(mention, Want::Measure) && !self.is_rows(mention));
        if figured || !self.computed.is_empty() {
            return Ok(None);
        }
        let most = self.word(at, &["most", "least"]);
        let done = self.tokens.get(end).is_some_and(|token| {
            token.kind == Kind::Word
                && (token.text.ends_with("ed") && token.text.len() > 4 || token.is_any(&["used", "lent"]))
        });
        // "who sold the most desks": pieces, where each row says how many.
        let of_thing = self.placed.iter().any(|(place, filter)| {
            *place >= end
                && *place <= end + 1
                && matches!(
                    filter,
                    Filter::Is { not: false, .. }
                        | Filter::Empty { not: true, .. }
                        | Filter::Flag { yes: true, .. }
                )
        });
        let sold = self.tokens.iter().any(|token| {
            token.is_any(&["sold", "sell", "sells", "bought", "buy", "buys", "ordered", "purchased"])
        });
        // "who teaches the most pilates": rows of it, where nothing says how much each is of.
        let counts = |col: Col| self.view.is_measure(col) && self.view.role(col) == ColumnRole::Quantity;
        if (at..end).any(|place| self.word(place, &["most", "least", "fewest"]))
            && (self.out.selects || !self.out.keys.is_empty())
            && (self.value(end).is_some() || of_thing && !sold)
            && !(0..self.view.columns.len()).any(counts)
        {
            self.out.counts = true;
            self.computed.push((at, Measure::rows()));
            return Ok(None);
        }
        if (at..end).any(|place| self.word(place, &["most", "least", "fewest"]))
            && (self.out.selects || !self.out.keys.is_empty())
            && of_thing
            && sold
            && let Some(col) = self.column_of_pieces()
        {
            self.out.notes.push(format!("How many is taken as the total of {}.", self.view.name(col)));
            self.computed.push((at, Measure::new(Agg::Sum, Expr::Column(col))));
            return Ok(None);
        }
        let named = |mention: &Mention| self.can(mention, Want::Key) && !self.is_rows(mention);
        if most && done {
            let Some(thing) = self.mention(end + 1).filter(named) else { return Ok(None) };
            let verb = self.mention(end).filter(|verb| verb.best() >= EXACT && self.can(verb, Want::Measure));
            if verb.is_some() || thing.candidates.first().is_some_and(|(col, _)| self.tells_rows_apart(*col))
            {
                return Ok(None);
            }
            self.spend(end..end + 1);
            self.out.counts = true;
            self.computed.push((at, Measure::rows()));
            return Ok(Some(end + 1));
        }
        // Where every day has a row of its own, a figure must say how busy it was.
        let dated = self.default_date().is_some_and(|col| !self.is_regular(col));
        let timed = self.unit(end).is_some() || self.out.keys.iter().any(|key| key.is_time());
        if busiest && (timed && dated || self.mention(end).is_some_and(|one| named(&one))) {
            self.out.counts = true;
            self.out.selects |= self.out.keys.iter().any(|key| key.is_time());
            self.computed.push((at, Measure::rows()));
        } else if busiest && timed {
            self.out.doubt(30);
        }
        Ok(None)
    }

    /// True if there is a row for every day, week or month: then rows say nothing of how busy it was.
    fn is_regular(&self, col: Col) -> bool {
        let days = self.extent(col).map_or(0, |(first, last)| last - first + 1);
        let rows = i64::try_from(self.view.rows()).unwrap_or(i64::MAX);
        let spaced = |step: i64| {
            let covered = rows.saturating_mul(step).saturating_mul(10);
            covered >= days * 8 && covered <= days * 12
        };
        self.tells_rows_apart(col) && [1, 7, 30].into_iter().any(spaced)
    }

    /// What is longest or shortest is measured by what lasts, what is oldest by its age; a date only says when
    /// somebody came.
    pub(super) fn measured_superlative(&mut self, at: usize) -> Result<bool, Trouble> {
        let called = |reader: &Self, words: &[&str]| -> Vec<Col> {
            let fits = |col: &Col| {
                reader.view.is_measure(*col)
                    && reader.view.columns[*col].words.iter().any(|word| words.contains(&word.as_str()))
            };
            (0..reader.view.columns.len()).filter(fits).collect()
        };
        let called_years = |reader: &Self| {
            (0..reader.view.columns.len()).find(|col| {
                reader.view.looks_like_years(*col)
                    && reader.view.columns[*col].words.iter().any(|word| word == "birth" || word == "born")
            })
        };
        let long = self.word(at, &["longest", "shortest"]);
        let figured =
            self.mentions.iter().any(|mention| self.can(mention, Want::Measure) && !self.is_rows(mention));
        if figured || !self.computed.is_empty() {
            return Ok(false);
        }
        let told = SUPERLATIVES.iter().find(|(words, _, _)| self.word(at, words));
        if let Some((_, names, agg)) = told {
            let mut cols = called(self, names);
            // The hottest day is that of the highest of highs.
            let end = if *agg == Agg::Max { "max" } else { "min" };
            if cols.len() > 1 {
                cols.retain(|col| self.view.columns[*col].words.iter().any(|word| word == end));
            }
            let [col] = cols[..] else {
                self.out.doubt(30);
                return Ok(false);
            };
            self.computed.push((at, Measure::new(*agg, Expr::Column(col))));
            self.out.lists = true;
            return Ok(true);
        }
        if self.word(at, &["richest", "poorest"]) {
            self.out.doubt(30);
        }
        // The heaviest has a weight; how fast something was is asked where nothing says it.
        if self.word(at, &["lightest"]) {
            match called(self, &["weight", "kg", "mass", "gram", "tonne"])[..] {
                [col] => {
                    self.computed.push((at, Measure::new(Agg::Min, Expr::Column(col))));
                    self.out.lists = true;
                    return Ok(true);
                }
                _ => self.out.doubt(30),
            }
        }
        if self.word(at, &["fastest", "quickest", "slowest"]) {
            self.out.doubt(30);
        }
        if !long {
            let born = called_years(self).or_else(|| self.made_in());
            if let (Some(col), true) = (born, self.word(at, &["oldest", "youngest"])) {
                self.by_date(col, self.word(at, &["oldest"]));
                return Ok(true);
            }
            let ages = called(self, &["age"]);
            if let [col] = ages[..]
                && self.word(at, &["oldest", "youngest"])
            {
                let agg = if self.word(at, &["oldest"]) { Agg::Max } else { Agg::Min };
                self.computed.push((at, Measure::new(agg, Expr::Column(col))));
                return Ok(true);
            }
            return Ok(false);
        }
        if self.tokens.iter().any(|token| token.is_any(&TENURE)) || self.out.lists && self.out.selects {
            return Ok(false);
        }
        let dates: Vec<Col> = self
            .view
            .of_kind(ColumnKind::Date)
            .filter(|col| self.view.role(*col) == ColumnRole::Date)
            .collect();
        let lasting = called(self, &DURATIONS);
        let choose = |reader: &Self, cols: &[Col]| {
            let weighed: Vec<(Col, u32)> = cols.iter().map(|col| (*col, 50)).collect();
            let phrase = reader.raw(at..at + 1);
            super::choose(&phrase, &weighed, reader.view, reader.choices)
        };
        if !lasting.is_empty() {
            let col = choose(self, &lasting)?;
            let counted = self.tokens.get(at + 1).is_some_and(|token| token.count().is_some());
            let place = at + 1 + usize::from(counted);
            let kind = self.mention(place).filter(|thing| self.can(thing, Want::Key) && !self.is_rows(thing));
            if let Some(thing) = kind.filter(|_| !self.out.selects) {
                if self.view.is_named(&self.tokens[place].text) {
                    self.take(&thing);
                    self.out.lists = true;
                } else {
                    // "longest job" where jobs are of a few kinds: the longest entry, or what most time went into?
                    self.out.doubt(25);
                }
            }
            self.computed.push((at, Measure::new(Agg::Sum, Expr::Column(col))));
            return Ok(true);
        }
        if dates.len() > 1 && !self.is(at + 1, Class::Row) {
            return Err(Trouble::Cannot(format!(
                "no column says how long it took; name the two dates, such as \"days between {} and {}\"",
                self.view.name(dates[0]),
                self.view.name(dates[1])
            )));
        }
        Ok(false)
    }

    /// The year in which each thing of a list was made: of vehicles, of houses.
    pub(super) fn made_in(&self) -> Option<Col> {
        let plain = self.view.joins.is_empty() && self.view.of_kind(ColumnKind::Date).next().is_none();
        let made = |col: &Col| {
            let words = &self.view.columns[*col].words;
            let of = ["year", "model", "made", "built", "manufacture", "production", "construction"];
            self.view.looks_like_years(*col)
                && words.iter().any(|word| word == "year")
                && words.iter().all(|word| of.contains(&word.as_str()))
        };
        (0..self.view.columns.len()).find(made).filter(|_| plain)
    }

    /// True if what is ranked by a day stands in another table: its day is not that of the rows.
    pub(super) fn is_dated_elsewhere(&self, thing: usize) -> bool {
        let Some(token) = self.tokens.get(thing) else { return false };
        let word = singular(&token.text);
        let named = |table: usize| table_words(&self.view.tables[table]).contains(&word);
        (self.view.joins.iter().any(|join| named(join.table)) || self.view.others.contains(&word))
            && !named(self.view.base)
    }
}
