//! States of rows that no value says: open is what has not come to its end, active who has not left.

use ringfence_pipeline::ports::{ColumnKind, ColumnRole};

use super::{
    Reader, Trouble, Want,
    delays::{DONE, PROMISED},
};
use crate::analyst::{
    query::{Agg, Cmp, Col, Expr, Filter, Having, Key, Measure},
    vocabulary::Class,
};

/// How a state is called in which something has come to its end.
const ENDED: [&str; 26] = [
    "won",
    "lost",
    "closed",
    "closed won",
    "closed lost",
    "done",
    "completed",
    "complete",
    "finished",
    "cancelled",
    "canceled",
    "resolved",
    "rejected",
    "declined",
    "paid",
    "delivered",
    "withdrawn",
    "abandoned",
    "solved",
    "settled",
    "refunded",
    "returned",
    "expired",
    "bezahlt",
    "erledigt",
    "storniert",
];

/// What can become of something that is won or lost, and how each is called.
const OUTCOMES: [[&str; 2]; 2] = [["won", "closed won"], ["lost", "closed lost"]];

impl Reader<'_> {
    /// Of a win rate, what is neither won nor lost yet is no part: the condition that leaves it out.
    pub(super) fn other_outcome(&self, col: Col, values: &[String]) -> Option<Filter> {
        let [value] = values else { return None };
        let said = value.to_lowercase();
        OUTCOMES.iter().find(|names| names.contains(&said.as_str()))?;
        let known = self.view.profile(col).filter(|profile| profile.all_values)?;
        let is = |value: &str| OUTCOMES.iter().flatten().any(|name| *name == value.to_lowercase());
        let values: Vec<String> =
            known.values.iter().filter(|one| is(&one.value)).map(|one| one.value.clone()).collect();
        (values.len() == 2).then_some(Filter::Is { col, values, not: false })
    }

    /// "open deals", where stages are won, lost and others: whatever has not ended.
    pub(super) fn open_states(&mut self, at: usize) {
        let open = self.word(at, &["open", "unresolved", "unfinished"])
            && !self.used[at]
            && self.value(at).is_none()
            && self.mention(at).is_none_or(|mention| mention.best() < super::EXACT);
        if !open {
            return;
        }
        let ended = |col: Col| -> Option<Vec<String>> {
            let profile = self.view.profile(col).filter(|profile| profile.all_values)?;
            let filled = profile.values.iter().filter(|value| !value.value.is_empty());
            let (over, on): (Vec<_>, Vec<_>) =
                filled.partition(|value| ENDED.contains(&value.value.to_lowercase().as_str()));
            (!over.is_empty() && !on.is_empty() && profile.distinct < 20)
                .then(|| over.iter().map(|value| value.value.clone()).collect())
        };
        let found: Vec<(Col, Vec<String>)> = self
            .view
            .of_kind(ColumnKind::Text)
            .filter(|col| self.view.role(*col) == ColumnRole::Category)
            .filter_map(|col| Some((col, ended(col)?)))
            .collect();
        let [(col, values)] = &found[..] else {
            if found.is_empty()
                && let Some(col) = self.end_column()
            {
                self.out.notes.push(format!(
                    "{:?} is taken as no {}.",
                    self.tokens[at].raw,
                    self.view.name(col)
                ));
                self.placed.push((at, Filter::Empty { col, not: false }));
                self.spend(at..at + 1);
            }
            return;
        };
        self.out.notes.push(format!(
            "{:?} is taken as a {} that is not {}.",
            self.tokens[at].raw,
            self.view.name(*col),
            values.join(" or ")
        ));
        let filter = Filter::Is { col: *col, values: values.clone(), not: true };
        self.placed.push((at, filter));
        self.spend(at..at + 1);
        self.explained(at, values);
    }

    /// "(everything that's neither won nor lost)" says the same once more.
    fn explained(&mut self, from: usize, values: &[String]) {
        let Some(start) = (from..self.tokens.len()).find(|at| self.mark(*at, '(')) else { return };
        let Some(end) = (start..self.tokens.len()).find(|at| self.mark(*at, ')')) else { return };
        let inside: Vec<_> =
            self.values.iter().filter(|value| value.start > start && value.end <= end).collect();
        let same = !inside.is_empty()
            && inside.iter().all(|value| value.candidates.iter().any(|(_, text)| values.contains(text)));
        if same && (start..end).any(|at| self.word(at, &["neither", "not", "except"])) {
            self.spend(start..end + 1);
        }
    }

    /// "unbilled", "uninvoiced": rows that a column says it of, whatever way it does, do not count.
    pub(super) fn undone(&mut self, at: usize) {
        if self.used[at] || self.is_mentioned(at) {
            return;
        }
        let Some(done) = self.tokens[at]
            .text
            .strip_prefix("un")
            .filter(|done| done.ends_with("ed") || ["sold", "sent", "done"].contains(done))
        else {
            return;
        };
        if let Some([_, undone]) = self.flag_called(&[done]) {
            self.placed.push((at, undone));
            self.spend(at..at + 1);
        }
    }

    /// That a truth value is yes, and that it is not: where only "yes" is written, nothing stands for no.
    pub(super) fn truths(&self, col: Col) -> [Filter; 2] {
        let one_value =
            self.view.profile(col).is_some_and(|profile| profile.distinct == 1 && profile.empty > 0);
        if one_value {
            [true, false].map(|not| Filter::Empty { col, not })
        } else {
            [true, false].map(|yes| Filter::Flag { col, yes })
        }
    }

    /// The conditions that a row is marked by the column called so, and that it is not: by yes and no, or by a day.
    pub(super) fn flag_called(&self, names: &[&str]) -> Option<[Filter; 2]> {
        let called =
            |col: &Col| self.view.columns[*col].words.iter().any(|word| names.contains(&word.as_str()));
        (0..self.view.columns.len()).filter(called).find_map(|col| match self.view.kind(col) {
            ColumnKind::Boolean => Some(self.truths(col)),
            ColumnKind::Date if self.is_event(col) => {
                Some([true, false].map(|not| Filter::Empty { col, not }))
            }
            ColumnKind::Text => {
                let profile = self.view.profile(col).filter(|profile| profile.all_values)?;
                let value = |words: &[&str]| {
                    let found = profile
                        .values
                        .iter()
                        .find(|value| words.contains(&value.value.to_lowercase().as_str()))?;
                    Some(Filter::Is { col, values: vec![found.value.clone()], not: false })
                };
                Some([value(&["y", "yes", "true", "ja", "j"])?, value(&["n", "no", "false", "nein"])?])
            }
            _ => None,
        })
    }

    /// "showed up", "did not turn up", "no-shows", "who are coming": whoever attended or said so, or did not.
    pub(super) fn attended(&mut self, at: usize) {
        const TURNED_UP: [&str; 4] = ["attended", "present", "showed", "appeared"];
        const ACCEPTED: [&str; 4] = ["rsvp", "attending", "coming", "attendance"];
        let hyphen = usize::from(self.mark(at + 1, '-'));
        let up = self.word(at, &["show", "showed", "turn", "turned"]) && self.word(at + 1, &["up"]);
        let absent = self.word(at, &["no"]) && self.word(at + 1 + hyphen, &["show", "shows"]);
        let (end, names) = match () {
            () if up => (at + 2, TURNED_UP),
            () if absent => (at + 2 + hyphen, TURNED_UP),
            () if self.word(at, &["attendee", "attendees"]) => (at + 1, TURNED_UP),
            () if self.word(at, &["coming", "attending"]) => (at + 1, ACCEPTED),
            () => return,
        };
        if !self.free(at..end) || self.value(at).is_some() {
            return;
        }
        let Some([marked, unmarked]) = self.flag_called(&names) else { return };
        let not = (at.saturating_sub(2)..at).find(|from| {
            self.class(*from, |class| class == Class::Not).is_some_and(|length| from + length == at)
        });
        self.placed.push((at, if not.is_some() || absent { unmarked } else { marked }));
        self.spend(not.unwrap_or(at)..end);
        self.out.rows_named = true;
        if self.word(end, &["rate", "ratio", "quota", "percentage"]) {
            self.share_at = Some(end);
            self.spend(end..end + 1);
        }
    }

    /// "late", "on time": what was done after, or by, the day for which it was promised.
    pub(super) fn punctual(&mut self, at: usize) {
        let hyphen = usize::from(self.mark(at + 1, '-'));
        let timely = self.word(at, &["on"]) && self.word(at + 1 + hyphen, &["time", "schedule"])
            || self.word(at, &["punctual", "punctually"]);
        let late = self.word(at, &["late"]);
        if self.used[at] || !(late || timely) || self.value(at).is_some() {
            return;
        }
        let Some(right) = self.date_named(&PROMISED, None) else { return };
        let Some(left) = self.date_named(&DONE, Some(right)) else { return };
        let mut start = at;
        let mut late = late;
        if at > 0 && self.class(at - 1, |class| class == Class::Not) == Some(1) {
            (start, late) = (at - 1, !late);
        }
        let cmp = if late { Cmp::Over } else { Cmp::AtMost };
        self.placed.push((at, Filter::Columns { left, cmp, right }));
        let end = at + 1 + if self.word(at, &["on"]) { 1 + hyphen } else { 0 };
        self.spend(start..end);
        // "on-time delivery rate": of what has been delivered.
        let rate = self.past(end, &["delivery", "arrival", "payment"]);
        if self.word(rate, &["rate", "ratio", "quota", "percentage"]) {
            self.decided = Some(Filter::Empty { col: left, not: true });
            self.share_at = Some(rate);
            self.spend(end..rate + 1);
        }
        // "delivered late" names the day once more.
        if let Some(mention) = self.mention_before(start).filter(|mention| {
            mention.candidates.first().is_some_and(|(col, _)| *col == left)
                && mention.end == mention.start + 1
        }) {
            self.spend(mention.start..mention.end);
        }
    }

    /// "still active": who has no day of leaving.
    pub(super) fn active_states(&mut self, at: usize) {
        let active = self.word(at, &["active"]) && !self.used[at] && self.value(at).is_none();
        if !active || self.mention(at).is_some() {
            return;
        }
        if let Some(col) = self.end_column() {
            self.placed.push((at, Filter::Empty { col, not: false }));
            self.out.notes.push(format!("{:?} is taken as no {}.", self.tokens[at].raw, self.view.name(col)));
            self.spend(at..at + 1);
        }
    }

    /// "patients who came only once", "how many customers ordered exactly twice": by how many rows they have.
    pub(super) fn times_said(&mut self) -> Result<(), Trouble> {
        let times = |reader: &Self, at: usize| match reader.tokens.get(at)? {
            token if token.is("once") => Some((1.0, at + 1)),
            token if token.is("twice") => Some((2.0, at + 1)),
            token => token
                .count()
                .filter(|_| reader.word(at + 1, &["times", "time"]))
                .map(|count| (f64::from(count), at + 2)),
        };
        for at in 0..self.tokens.len() {
            let said = [
                (&["only", "just", "exactly"][..], Cmp::Equal),
                (&["least"][..], Cmp::AtLeast),
                (&["than"][..], Cmp::Over),
            ];
            let Some((_, cmp)) = said.into_iter().find(|(words, _)| self.word(at, words)) else { continue };
            let start = if cmp == Cmp::Equal { at } else { at.saturating_sub(1) };
            let whole = match cmp {
                Cmp::Equal => true,
                Cmp::Over => self.word(start, &["more"]),
                _ => self.word(start, &["at"]),
            };
            let Some((count, end)) = times(self, at + 1).filter(|_| whole && self.free(start..at + 2)) else {
                continue;
            };
            let counted = (0..start).find(|place| self.is(*place, Class::HowMany));
            // "who has ordered more than once" is read where duplicates are.
            if cmp == Cmp::Over && counted.is_none() {
                continue;
            }
            let group = self.mentions.iter().rfind(|mention| {
                mention.end <= start
                    && self.can(mention, Want::Key)
                    && !self.is_rows(mention)
                    && mention.candidates.first().is_some_and(|(col, _)| !self.tells_rows_apart(*col))
            });
            let Some(group) = group.cloned() else { continue };
            let col = self.resolve(&group, Want::Key)?;
            self.take(&group);
            self.spend_verbs(group.end, start);
            self.spend(start..end);
            self.push_key(Key::Column(col));
            self.out.measures.push(Measure::new(Agg::Count, Expr::Rows));
            self.out.having = Some(Having::Number { measure: 0, cmp, value: count });
            match counted.and_then(|place| Some((place, self.class(place, |class| class == Class::HowMany)?)))
            {
                Some((place, length)) => {
                    self.spend(place..place + length);
                    self.out.groups_counted = true;
                }
                None => self.out.selects = true,
            }
            return Ok(());
        }
        Ok(())
    }

    /// What somebody did so often is no figure: "who rented once" beside `Days rented`.
    pub(super) fn spend_verbs(&mut self, from: usize, to: usize) {
        let weak = self
            .mentions
            .iter()
            .filter(|mention| mention.start >= from && mention.end <= to && mention.best() < super::EXACT);
        for (start, end) in weak.map(|mention| (mention.start, mention.end)).collect::<Vec<_>>() {
            self.spend(start..end);
        }
    }
}
