//! Conditions: values, numbers, text, what is empty, unpaid, overdue.

use ringfence_pipeline::ports::{ColumnKind, ColumnRole};

use super::{Choice, Mention, Reader, Trouble, ValueMention, Want};
use crate::analyst::{
    dates::{self, Range},
    query::{Agg, Cmp, Col, Filter, Key},
    vocabulary::{Class, filler},
    words::Kind,
};

/// Words that may stand between a column and what is said of it.
pub(super) const LINKS: [&str; 22] = [
    "is", "are", "was", "were", "of", "value", "be", "has", "have", "had", "a", "an", "the", "that", "which",
    "being", "name", "names", "with", "equal", "its", "their",
];

impl Reader<'_> {
    pub(super) fn special_conditions(&mut self) -> Result<(), Trouble> {
        self.missing_tables();
        for at in 0..self.tokens.len() {
            if self.used[at] {
                continue;
            }
            self.owed(at)?;
            self.with_any(at)?;
            self.ordered_again(at);
            self.filled(at);
            self.date_against(at);
            self.stock(at);
            self.present(at);
            self.open_states(at);
            self.undone(at);
            self.delayed(at);
            self.done_within(at);
            self.punctual(at);
            self.attended(at);
            self.active_states(at);
            self.emptiness(at)?;
            self.text_parts(at)?;
            self.flags(at);
        }
        Ok(())
    }

    /// "sold at a discount": more than nothing of what is nought elsewhere.
    fn with_any(&mut self, at: usize) -> Result<(), Trouble> {
        let article = self.word(at, &["at", "with"]) && self.word(at + 1, &["a", "any", "some"]);
        let Some(mention) = self.mention(at + 2).filter(|_| article && !self.word(at + 3, &["of"])) else {
            return Ok(());
        };
        let next = self.tokens.get(mention.end);
        let ends = next.is_none_or(|token| matches!(token.kind, Kind::Mark('?' | '.' | ',')))
            || self.word(mention.end, &["in", "by", "per", "and", "for", "last", "this"]);
        let nought = |col: Col| self.view.profile(col).is_some_and(|profile| profile.min == Some(0.0));
        if !ends || !mention.candidates.iter().any(|(col, _)| self.view.is_number(*col) && nought(*col)) {
            return Ok(());
        }
        let col = self.resolve(&mention, Want::Measure)?;
        self.take(&mention);
        self.spend(at..mention.end);
        self.placed.push((at, Filter::Number { col, cmp: Cmp::Over, value: 0.0 }));
        Ok(())
    }

    /// "which courses are full": as many have come as there is room for.
    fn filled(&mut self, at: usize) {
        let end =
            self.tokens.get(at + 1).is_none_or(|token| matches!(token.kind, Kind::Mark('?' | '.' | '!')));
        let state = at > 0 && self.word(at - 1, &["are", "is", "were", "was", "already"]);
        let length = match () {
            () if self.word(at, &["full"]) && (end || state) => 1,
            () if self.word(at, &["fully", "sold", "booked"])
                && self.word(at + 1, &["booked", "out", "full"]) =>
            {
                2
            }
            () => return,
        };
        let called = |names: &[&str]| {
            (0..self.view.columns.len()).find(|col| {
                self.view.is_measure(*col)
                    && self.view.columns[*col].words.iter().any(|word| names.contains(&word.as_str()))
            })
        };
        let room = called(&["capacity", "place", "seat", "space", "max", "maximum", "limit"]);
        let taken = called(&[
            "taken",
            "booked",
            "sold",
            "student",
            "participant",
            "attendee",
            "enrolled",
            "registered",
            "guest",
            "booking",
            "ticket",
            "pupil",
            "registration",
        ]);
        let Some((left, right)) = taken.zip(room).filter(|(left, right)| left != right) else { return };
        self.spend(at - usize::from(state)..at + length);
        self.placed.push((at, Filter::Columns { left, cmp: Cmp::AtLeast, right }));
    }

    /// "which items need to be reordered": of which no more is there than the level that says so.
    fn ordered_again(&mut self, at: usize) {
        let before = ["need", "needs", "should", "must", "to", "be", "have", "has", "needed", "due", "for"];
        let again =
            ["reordered", "reordering", "reorder", "restocked", "restocking", "restock", "replenished"];
        if !self.word(at, &again) || at == 0 || !self.word(at - 1, &before) || self.mention(at + 1).is_some()
        {
            return;
        }
        let level = |col: &Col| {
            let words = &self.view.columns[*col].words;
            self.view.is_measure(*col)
                && words.iter().any(|word| ["reorder", "minimum", "min", "safety"].contains(&word.as_str()))
        };
        let Some(right) = (0..self.view.columns.len()).find(level) else { return };
        let Some(left) = self.counterpart(right) else { return };
        let mut start = at;
        while start > 0 && self.word(start - 1, &before) {
            start -= 1;
        }
        self.spend(start..at + 1);
        self.out.notes.push(format!(
            "What is to be ordered again has a {} of no more than its {}.",
            self.view.name(left),
            self.view.name(right)
        ));
        self.placed.push((at, Filter::Columns { left, cmp: Cmp::AtMost, right }));
    }

    /// A date column of payments, which is empty while nothing is paid.
    fn paid_column(&self) -> Option<Col> {
        self.date_called(&["paid", "payment", "settled", "received"])
    }

    pub(super) fn due_column(&self) -> Option<Col> {
        self.date_called(&["due", "deadline", "payable"])
    }

    fn date_called(&self, words: &[&str]) -> Option<Col> {
        self.view.of_kind(ColumnKind::Date).find(|col| {
            let column = &self.view.columns[*col];
            column.words.iter().any(|word| words.contains(&word.as_str()))
                || column.meanings.iter().any(|word| words.contains(word))
        })
    }

    /// Unpaid, paid, overdue, late.
    fn owed(&mut self, at: usize) -> Result<(), Trouble> {
        if self.value(at).is_some() || self.mention(at).is_some_and(|mention| mention.best() >= super::EXACT)
        {
            return Ok(());
        }
        let found = self.class_of(at, |class| {
            matches!(class, Class::Unpaid | Class::Paid | Class::Overdue | Class::Late).then_some(class)
        });
        let Some((length, class)) = found else { return Ok(()) };
        let (paid, due) = (self.paid_column(), self.due_column());
        let unpaid = |col: Col| Filter::Empty { col, not: false };
        let filters = match (class, paid, due) {
            (Class::Unpaid, None, _) => match self.flag_called(&["paid", "settled", "payment"]) {
                Some([_, unpaid]) => vec![unpaid],
                None => return Ok(()),
            },
            (Class::Overdue, None, Some(due)) => {
                let today = self.today(due)?;
                let overdue =
                    Filter::During { col: due, range: Range { from: None, to: Some(today) }, not: false };
                self.flag_called(&["paid", "settled", "payment"])
                    .map(|[_, unpaid]| unpaid)
                    .into_iter()
                    .chain([overdue])
                    .collect()
            }
            (Class::Unpaid, Some(paid), _) => vec![unpaid(paid)],
            (Class::Paid, Some(col), _) => vec![Filter::Empty { col, not: true }],
            (Class::Late, Some(left), Some(right)) => vec![Filter::Columns { left, cmp: Cmp::Over, right }],
            (Class::Overdue, paid, Some(due)) => {
                let today = self.today(due)?;
                let overdue =
                    Filter::During { col: due, range: Range { from: None, to: Some(today) }, not: false };
                paid.map(unpaid).into_iter().chain([overdue]).collect()
            }
            _ => return Ok(()),
        };
        self.spend(at..at + length);
        for filter in filters {
            if !self.placed.iter().any(|(_, known)| *known == filter) {
                self.placed.push((at, filter));
            }
        }
        Ok(())
    }

    /// The day from which overdue is counted: what was named or chosen, otherwise it is asked for.
    pub(super) fn today(&mut self, due: Col) -> Result<i64, Trouble> {
        if let Some(day) = self.out.today {
            return Ok(day);
        }
        let chosen = self.choices.iter().find_map(|choice| match choice {
            Choice::Phrase(text) => dates::parse_iso(text.strip_prefix("as of ")?),
            _ => None,
        });
        let newest = self
            .view
            .of_kind(ColumnKind::Date)
            .filter(|col| *col != due)
            .filter_map(|col| self.extent(col))
            .map(|(_, last)| last)
            .max()
            .or_else(|| self.extent(due).map(|(_, last)| last));
        let Some(day) = chosen.or(newest) else {
            return Err(Trouble::Cannot(format!(
                "there is no date to count from; {}",
                self.view.columns_said()
            )));
        };
        if chosen.is_none() {
            let (year, month, _) = dates::date_of(day);
            let end = dates::month_start(year, month + 1) - 1;
            let mut days = vec![day];
            if end != day {
                days.push(end);
            }
            days.push(dates::day_of(year, 12, 31));
            days.dedup();
            let options = days.into_iter().map(|one| {
                let said = if one == day {
                    format!("as of {}, the newest date of the data", dates::iso(one))
                } else {
                    format!("as of {}", dates::iso(one))
                };
                (said, Choice::Phrase(format!("as of {}", dates::iso(one))))
            });
            return Err(Trouble::Ask("Overdue as of which day?".to_owned(), options.collect()));
        }
        self.out.today = Some(day);
        Ok(day)
    }

    /// "right now": what has left or ended does not count.
    fn present(&mut self, at: usize) {
        let Some(length) = self.class(at, |class| class == Class::Now) else { return };
        if let Some(col) = self.end_column() {
            self.placed.push((at, Filter::Empty { col, not: false }));
            self.spend(at..at + length);
        }
    }

    /// The day on which something or somebody left, which is empty until then.
    pub(super) fn end_column(&self) -> Option<Col> {
        let ended = self.date_called(&[
            "left",
            "leave",
            "leaving",
            "end",
            "exit",
            "ended",
            "terminated",
            "termination",
            "departure",
            "resigned",
            "cancelled",
            "closed",
            "quit",
            "out",
            "discharged",
        ]);
        ended.filter(|col| self.is_event(*col))
    }

    fn stock(&mut self, at: usize) {
        let Some(length) = self.class(at, |class| class == Class::OutOfStock) else { return };
        let called = |col: &Col| {
            let words = self.view.columns[*col].words.join(" ");
            self.view.is_measure(*col)
                && ["on hand", "stock", "in stock", "quantity", "qty", "inventory", "available"]
                    .iter()
                    .any(|name| words.contains(name))
        };
        let found = (0..self.view.columns.len()).find(called);
        if let Some(col) = found {
            self.placed.push((at, Filter::Number { col, cmp: Cmp::AtMost, value: 0.0 }));
            self.spend(at..at + length);
        }
    }

    /// "with no e-mail address", "did not state their age", "an empty comment", "without any discount".
    fn emptiness(&mut self, at: usize) -> Result<(), Trouble> {
        let missing = self
            .class(at, |class| matches!(class, Class::Missing | Class::Empty))
            .or_else(|| self.no_value_word(at));
        let nothing = self.word(at, &["nothing", "none"]).then_some(1).filter(|_| !self.used[at]);
        let none = self.class(at, |class| class == Class::Not).or(nothing);
        let Some(length) = missing.or(none) else { return Ok(()) };
        let skip = [
            "a", "an", "the", "their", "any", "its", "in", "of", "for", "all", "have", "has", "had", "give",
            "given", "on", "answer", "answered", "respond", "to", "been", "be", "yet",
        ];
        let next = match self.mention(at + length) {
            Some(_) => at + length,
            None => self.past(at + length, &skip),
        };
        let before = missing.and_then(|_| {
            let mut end = at;
            while end > 0 && self.word(end - 1, &["is", "are", "was", "were", "has", "been", "the"]) {
                end -= 1;
            }
            let kind = end > 0 && self.word(end - 1, &["number", "address", "value", "date", "field"]);
            self.mention_before(end).or_else(|| self.mention_before(end - usize::from(kind)))
        });
        let Some(mention) = self.mention(next).or(before) else { return Ok(()) };
        if missing.is_none() && self.mention(next).is_none() {
            return Ok(());
        }
        // "not a permanent contract": the value, which follows, is what is not.
        if missing.is_none() && self.value(mention.end).is_some() {
            return Ok(());
        }
        let col = self.resolve(&mention, Want::Any)?;
        if missing.is_none()
            && self.marks_of(col, &mention).is_some_and(|[marked, _]| !matches!(marked, Filter::Empty { .. }))
        {
            return Ok(());
        }
        let zero = self.view.is_measure(col)
            && missing.is_none()
            && self.view.profile(col).is_some_and(|profile| profile.empty == 0);
        let mut end = mention.end;
        let more = [
            "address",
            "value",
            "values",
            "number",
            "given",
            "recorded",
            "at",
            "exam",
            "test",
            "yet",
            "question",
            "date",
            "dates",
            "noted",
            "entered",
            "named",
            "assigned",
            "specified",
            "known",
        ];
        if self.word(end, &more) {
            end = self.past(end, &[&more[..], &["all"]].concat());
        }
        if self.mark(end, '(')
            && self
                .tokens
                .get(end + 1)
                .and_then(super::Token::amount)
                .is_some_and(|amount| amount.value == 0.0)
        {
            end += 2 + usize::from(self.mark(end + 2, ')'));
        }
        self.take(&mention);
        if mention.end < at {
            self.spend(mention.end..at);
        }
        // "ignoring those without a supplier"
        let not = self.value_negation(at);
        self.spend(not.unwrap_or(at)..at + length);
        self.spend(mention.start..end);
        self.out.denies |= zero && self.denies(at);
        // "sessions that were not from new users" are the others, not those of rows without any.
        if zero && self.word(at, &["not"]) && !self.denies(at) {
            self.out.doubt(25);
        }
        let filter = if not.is_some() {
            Filter::Empty { col, not: true }
        } else if zero {
            Filter::Number { col, cmp: Cmp::Equal, value: 0.0 }
        } else {
            Filter::Empty { col, not: false }
        };
        self.placed.push((at, filter));
        Ok(())
    }

    /// A word that stands in place of a number in some column, as "absent" does, or says that one was missed.
    fn no_value_word(&self, at: usize) -> Option<usize> {
        let held = |word: &str| {
            self.view
                .columns
                .iter()
                .flat_map(|column| &column.profile.no_value)
                .any(|known| known.value.eq_ignore_ascii_case(word))
        };
        let missed = self.word(at, &["missed", "skipped"])
            && self.view.columns.iter().any(|column| !column.profile.no_value.is_empty());
        let word = self.tokens.get(at).filter(|_| self.used.get(at) == Some(&false))?;
        (missed || held(&word.text)).then_some(1)
    }

    /// "whose name contains lamp"
    fn text_parts(&mut self, at: usize) -> Result<(), Trouble> {
        let found = self.class_of(at, |class| match class {
            Class::Text(part) => Some(part),
            _ => None,
        });
        let Some((length, part)) = found else { return Ok(()) };
        if self.word(at, &["including", "like", "includes", "include"])
            && self.tokens.get(at + length).is_none_or(|token| token.kind != Kind::Quoted)
        {
            return Ok(());
        }
        let articled = self.past(at + length, &["the", "word", "text", "letter", "letters", "string", "a"]);
        // "starting with A": what is an article elsewhere is the letter here.
        let ends =
            self.tokens.get(articled).is_none_or(|token| matches!(token.kind, Kind::Mark('?' | '.' | '!')));
        let start = if ends && articled > at + length { articled - 1 } else { articled };
        let Some(token) = self.tokens.get(start) else { return Ok(()) };
        if self.value(start).is_some_and(|value| value.exact)
            && at > 0
            && (self.tokens.get(at - 1).is_some_and(|token| self.view.is_named(&token.text)))
        {
            self.spend(at..start);
            return Ok(());
        }
        let mut text = token.raw.clone();
        let mut past = start + 1;
        // "example.com", "@post"
        while let Some(more) = self.tokens.get(past).filter(|more| {
            matches!(more.kind, Kind::Mark('.' | '@' | '-' | '_' | '/'))
                || text.ends_with(['.', '@', '-', '_', '/'])
        }) {
            if matches!(more.kind, Kind::Mark('.'))
                && self.tokens.get(past + 1).is_none_or(|next| matches!(next.kind, Kind::Mark(_)))
            {
                break;
            }
            text += &more.raw;
            past += 1;
        }
        let mut end = at;
        while end > 0
            && (self.tokens[end - 1].is_any(&LINKS)
                || self.word(end - 1, &["whose", "where", "name", "names", "do", "does", "not", "that"]))
        {
            end -= 1;
        }
        let mention = self.mention_before(end).or_else(|| {
            self.mentions.iter().rfind(|mention| mention.end <= at && self.can(mention, Want::Key)).cloned()
        });
        let Some(mention) = mention else { return Ok(()) };
        let col = self.resolve(&mention, Want::Key)?;
        let not = (end..at).any(|place| self.word(place, &["not", "don't", "doesn't"]))
            || (at > 0 && self.word(at - 1, &["not", "doesn't", "don't"]));
        self.take(&mention);
        self.spend(end.min(at)..past);
        self.placed.push((at, Filter::Contains { col, text, part, not }));
        Ok(())
    }

    /// "billable", "not billable", "were cancelled": rows that a column marks, whatever way it does.
    fn flags(&mut self, at: usize) {
        let Some(mention) = self.mention(at) else { return };
        let [(col, _), ..] = mention.candidates[..] else { return };
        // "median gift" is of gifts, not of `Gift Aid`.
        let summed = |class| matches!(class, Class::Agg(Agg::Mean | Agg::Median | Agg::Max | Agg::Min));
        let part = mention.end == at + 1 && mention.best() < 60;
        if part && at > 0 && self.phrases[at - 1].iter().any(|(length, class)| *length == 1 && summed(*class))
        {
            return;
        }
        let grouped = at > 0
            && (0..at).any(|from| {
                self.class(from, |class| matches!(class, Class::By | Class::Which))
                    .is_some_and(|length| self.past(from + length, &["the"]) == at)
            });
        let different =
            (0..at).any(|from| self.class(from, |class| class == Class::Agg(Agg::Distinct)).is_some());
        // "by bedrooms and airco"
        let listed = at > 1
            && self.word(at - 1, &["and"])
            && self.mention_before(at - 1).is_some_and(|before| {
                before.start > 0 && self.class(before.start - 1, |class| class == Class::By).is_some()
            });
        if grouped || listed || different || self.word(mention.end, &["column", "or"]) {
            return;
        }
        // "would not buy again" of `Would buy again`: the word stands within the name.
        let denied = (mention.start + 1..mention.end).any(|place| self.word(place, &["not"]))
            && !self.view.columns[col].words.iter().any(|word| word == "not");
        let Some([marked, unmarked]) = self.marks_of(col, &mention) else { return };
        let [marked, unmarked] = if denied { [unmarked, marked] } else { [marked, unmarked] };
        let mut start = at;
        while start > 0
            && self.word(start - 1, &["is", "are", "be", "a", "were", "was", "been", "have", "has", "being"])
        {
            start -= 1;
        }
        let glued = (at > 1 && self.mark(at - 1, '-') && self.word(at - 2, &["non"])).then(|| at - 2);
        let not = glued.or_else(|| self.value_negation(start));
        self.out.never |= not.is_some_and(|from| self.is(from, Class::Never));
        self.take(&mention);
        if let Some(from) = not {
            self.spend(from..at);
        }
        // "returns by product" are counted.
        self.out.rows_named |= self.word_ends_in_s(mention.start) && mention.end == mention.start + 1;
        let mut yes = not.is_none();
        if self.word(mention.end, &["no", "false"]) {
            yes = false;
            self.spend(mention.end..mention.end + 1);
        } else if self.word(mention.end, &["yes", "true"]) {
            self.spend(mention.end..mention.end + 1);
        }
        // "cancellation rate"
        if self.word(mention.end, &["rate", "ratio", "quota", "share", "percentage"]) {
            self.share_at = Some(mention.end);
            self.spend(mention.end..mention.end + 1);
        }
        self.placed.push((at, if yes { marked } else { unmarked }));
    }

    fn is_asked_how_many(&self, before: usize) -> bool {
        (0..before).any(|at| self.class(at, |class| matches!(class, Class::HowMany | Class::Share)).is_some())
            || self.share_at.is_some_and(|at| at < before)
    }

    /// The conditions that a column marks a row, and that it does not: by yes and no, by a sign or nothing, by the
    /// day on which it happened.
    fn marks_of(&self, col: Col, mention: &Mention) -> Option<[Filter; 2]> {
        let profile = self.view.profile(col)?;
        let emptiness = || [true, false].map(|not| Filter::Empty { col, not });
        let participle = mention.end - mention.start == 1
            && self.tokens.get(mention.start).is_some_and(|token| {
                token.text.ends_with("ed")
                    || token.is_any(&["paid", "sent", "sold", "left", "done", "lost", "won"])
                    || self.word(mention.end, &["rate", "ratio", "quota", "share", "percentage"])
            });
        match self.view.kind(col) {
            ColumnKind::Boolean => Some(self.truths(col)),
            ColumnKind::Date => (participle && self.is_event(col)).then(emptiness),
            ColumnKind::Integer => {
                (profile.min == Some(0.0) && profile.max == Some(1.0) && profile.distinct == 2)
                    .then(|| [1.0, 0.0].map(|value| Filter::Number { col, cmp: Cmp::Equal, value }))
            }
            ColumnKind::Text if profile.all_values => {
                let values: Vec<&str> = profile
                    .values
                    .iter()
                    .map(|value| value.value.as_str())
                    .filter(|value| !value.is_empty())
                    .collect();
                let is = |words: &[&str], value: &str| words.contains(&value.to_lowercase().as_str());
                let yes = values
                    .iter()
                    .find(|value| is(&["y", "yes", "true", "x", "1", "ja", "j", "\u{2713}"], value))?;
                match values.len() {
                    1 if profile.empty > 0 => Some(emptiness()),
                    2 => Some([false, true].map(|not| Filter::Is {
                        col,
                        values: vec![(*yes).to_owned()],
                        not,
                    })),
                    // "maybe" is neither, where it is asked how many would.
                    3 if self.is_asked_how_many(mention.start) => {
                        let no = values.iter().find(|value| is(&["n", "no", "false", "nein", "0"], value))?;
                        let value = |one: &str| Filter::Is { col, values: vec![one.to_owned()], not: false };
                        Some([value(yes), value(no)])
                    }
                    _ => None,
                }
            }
            _ => None,
        }
    }

    // ---- values ----

    pub(super) fn value_conditions(&mut self) -> Result<(), Trouble> {
        while let Some(first) = self.values.first().cloned() {
            let mut group = vec![first.clone()];
            let mut end = first.end;
            let mut versus = false;
            // "Lighting and Textiles", "A, B or C", "A vs B"
            loop {
                let mut next = end;
                while self.mark(next, ',')
                    || self
                        .class(next, |class| matches!(class, Class::And | Class::Or | Class::Versus))
                        .is_some()
                    || self.word(next, &["nor", "neither", "the", "in", "for", "from", "to", "both", "of"])
                {
                    // "of the men and of the women": of each.
                    versus |= next > end && self.word(next - 1, &["and"]) && self.word(next, &["of", "for"]);
                    versus |= self.class(next, |class| class == Class::Versus).is_some();
                    next += 1;
                }
                let Some(value) = self.value(next).filter(|value| next > end && shares_column(&group, value))
                else {
                    break;
                };
                end = value.end;
                group.push(value);
            }
            let start = first.start;
            let (col, near) = self.column_of(&group)?;
            let values: Vec<String> = group
                .iter()
                .flat_map(|value| {
                    value.candidates.iter().filter(|(one, _)| *one == col).map(|(_, text)| text.clone())
                })
                .collect();
            let not = self.value_negation(start);
            self.out.never |= not.is_some_and(|from| self.is(from, Class::Never));
            self.out.denies |= not.is_some_and(|from| self.denies(from));
            if let Some(mention) = near {
                self.take(&mention);
                if mention.end < start && (mention.end..start).any(|place| self.mark(place, '=')) {
                    self.spend(mention.end..start);
                }
            }
            if let Some(from) = not {
                self.spend(from..start);
            }
            // "not contacted since June": a state, or what has not happened since then.
            if not.is_some() && self.word(end, &["since"]) {
                self.out.doubt(30);
            }
            if group.iter().any(|value| !value.exact) {
                self.out.doubt(6);
            }
            // "Tank & Go" is not only "Tank & Go 239".
            let digits = |text: &str| text.chars().any(|one| one.is_ascii_digit());
            let said = self.raw(start..end);
            if group.iter().any(|value| !value.exact)
                && !digits(&said)
                && values.iter().any(|text| digits(text))
            {
                self.out.doubt(25);
            }
            self.out.exact += 1;
            // "apprentices by department" are counted.
            let plural = self.tokens[end - 1].text.ends_with('s')
                && group.iter().all(|value| value.candidates.iter().all(|(_, text)| !text.ends_with('s')));
            self.out.rows_named |= plural && group.len() == 1;
            // "no-show rate": the share of those rows; "missed call rate" says once more what they are.
            let rate =
                end + usize::from(self.tokens.get(end).is_some_and(|token| self.view.is_named(&token.text)));
            let named = self.mentions.iter().any(|mention| {
                (mention.start..mention.end).contains(&rate)
                    && (mention.end > rate + 1 || mention.best() >= super::EXACT)
            });
            if group.len() == 1 && self.word(rate, &["rate", "rates", "ratio", "quota"]) && !named {
                self.mentions.retain(|mention| mention.end <= end || mention.start > rate);
                self.decided = self.other_outcome(col, &values);
                self.share_at = Some(rate);
                end = rate + 1;
            }
            self.spend(start..end);
            // "number of males and females" tells both.
            let counted = values.len() > 1
                && (start.saturating_sub(4)..start).any(|from| {
                    self.class(from, |class| class == Class::HowMany)
                        .is_some_and(|length| self.past(from + length, &["the", "of", "all"]) == start)
                })
                && (start..end).any(|place| self.word(place, &["and"]));
            let compared = (versus || self.compares || counted) && values.len() > 1;
            if compared {
                self.out.keys.push(Key::Column(col));
            }
            self.placed.push((start, Filter::Is { col, values, not: not.is_some() }));
        }
        self.unite_values();
        Ok(())
    }

    /// Two conditions on one column, said apart, are alternatives: no row could meet both.
    fn unite_values(&mut self) {
        let mut united: Vec<(usize, Filter)> = Vec::new();
        for (at, filter) in std::mem::take(&mut self.placed) {
            let number = match &filter {
                Filter::Number { col, cmp: Cmp::Equal, .. } => Some(*col),
                _ => None,
            };
            let same = |known: &Filter| matches!(known, Filter::Number { col, cmp: Cmp::Equal, .. } if Some(*col) == number);
            if let Some((_, known)) = united.iter_mut().find(|(_, known)| same(known)) {
                *known = Filter::Any(vec![known.clone(), filter]);
                if let Some(col) = number.filter(|_| self.compares) {
                    self.out.keys.push(Key::Column(col));
                }
                continue;
            }
            let twin = united.iter_mut().find_map(|(_, known)| match (known, &filter) {
                (Filter::Is { col, values, not }, Filter::Is { col: other, values: more, not: negated })
                    if *col == *other && *not == *negated =>
                {
                    Some((values, more.clone()))
                }
                _ => None,
            });
            match twin {
                Some((values, more)) => values.extend(more),
                None => united.push((at, filter)),
            }
        }
        self.placed = united;
        // "card payments compared with cash": each of them is wanted.
        if self.compares {
            let several = |filter: &Filter| match filter {
                Filter::Is { col, values, not: false } if values.len() > 1 => Some(*col),
                _ => None,
            };
            let compared: Vec<Col> = self.placed.iter().filter_map(|(_, filter)| several(filter)).collect();
            for col in compared {
                self.push_key(Key::Column(col));
            }
        }
    }

    /// Where a negation begins that ends right before the value.
    /// "did not buy A", "has no A", "neither A nor B": of whoever it is, not of each row.
    fn denies(&self, from: usize) -> bool {
        let did = ["did", "does", "do", "has", "have", "had", "holds", "sells", "with"];
        self.word(
            from,
            &["didn't", "doesn't", "don't", "haven't", "hasn't", "neither", "without", "no", "lacks", "lack"],
        ) || self.word(from, &did) && self.word(from + 1, &["not", "no", "neither"])
            || self.word(from, &["not"]) && (from.saturating_sub(4)..from).any(|at| self.word(at, &did[..3]))
    }

    fn value_negation(&self, start: usize) -> Option<usize> {
        let skip = [
            "the", "a", "an", "in", "from", "for", "of", "on", "customer", "any", "category", "being", "all",
            "product",
        ];
        (start.saturating_sub(6)..start).find(|from| {
            self.class(*from, |class| matches!(class, Class::Not | Class::Never)).is_some_and(|length| {
                let mut at = from + length;
                let small = |at: usize| {
                    self.tokens[at].is_any(&skip)
                        || filler(&[self.tokens[at].text.as_str()]) > 0
                        || self.class(at, |class| class == Class::Preposition) == Some(1)
                };
                while at < start
                    && (small(at)
                        || self.used[at]
                        || self.mention(at).is_some_and(|mention| mention.end <= start))
                {
                    at += self.mention(at).map_or(1, |mention| mention.end - at).max(1);
                }
                at == start
            })
        })
    }

    /// The column that the values are meant of: the one named beside them, otherwise the likeliest.
    fn column_of(&mut self, group: &[ValueMention]) -> Result<(Col, Option<Mention>), Trouble> {
        let (Some(first), Some(last)) = (group.first(), group.last()) else {
            return Err(Trouble::Lost(String::new()));
        };
        let shared: Vec<Col> = {
            let mut cols: Vec<Col> = first
                .candidates
                .iter()
                .map(|(col, _)| *col)
                .filter(|col| group.iter().all(|value| value.candidates.iter().any(|(one, _)| one == col)))
                .collect();
            cols.dedup();
            cols
        };
        let mut before = first.start;
        while before > 0
            && (self.tokens[before - 1].is_any(&LINKS)
                || self.mark(before - 1, '=')
                || self.mark(before - 1, ':'))
        {
            before -= 1;
        }
        let fits = |mention: &Mention| {
            mention.candidates.iter().map(|(col, _)| *col).find(|col| shared.contains(col))
        };
        // "student tickets" are `Tickets sold` of a ticket type, not the type.
        let counted = |mention: &Mention| self.can(mention, Want::Measure) && !self.can(mention, Want::Key);
        let near = self
            .mention(last.end)
            .filter(|mention| !counted(mention))
            .or_else(|| self.mention_before(before));
        if let Some((mention, col)) = near.and_then(|mention| fits(&mention).map(|col| (mention, col))) {
            // "customers in Vienna" names no column of the value; "orders by country: Germany" does.
            let keyed = mention.start > 0
                && (0..mention.start).any(|from| {
                    self.class(from, |class| matches!(class, Class::By | Class::Which))
                        .is_some_and(|length| from + length == mention.start)
                });
            return Ok((col, (!keyed).then_some(mention)));
        }
        if let [one] = shared[..] {
            return Ok((one, None));
        }
        let weigh = |col: Col| match self.view.role(col) {
            ColumnRole::Category | ColumnRole::Flag => 60,
            ColumnRole::Name => 58,
            ColumnRole::Key => 50,
            _ => 55,
        } - u32::from(self.view.columns[col].table != self.view.base) * 3;
        let weighed: Vec<(Col, u32)> = shared.iter().map(|col| (*col, weigh(*col))).collect();
        let phrase = self.raw(first.start..last.end);
        super::choose(&phrase, &weighed, self.view, self.choices).map(|col| (col, None))
    }
}

fn shares_column(group: &[ValueMention], value: &ValueMention) -> bool {
    value
        .candidates
        .iter()
        .any(|(col, _)| group.iter().all(|one| one.candidates.iter().any(|(other, _)| other == col)))
}
