//! Columns that were named and that nothing has used yet: shown, listed, drawn, or only said once more.

use ringfence_pipeline::ports::{ColumnKind, ColumnRole};

use super::{Mention, Reader, Trouble, Want};
use crate::analyst::{
    query::{Col, Filter, Key, Measure, Task},
    vocabulary::Class,
};

impl Reader<'_> {
    /// Columns that nothing has used yet.
    pub(super) fn remaining_columns(&mut self) -> Result<(), Trouble> {
        let rest = self.mentions.clone();
        let wanted = match self.out.task {
            Some(Task::Duplicates(_) | Task::Missing(_)) => Want::Any,
            Some(Task::Correlation(_) | Task::Describe(_) | Task::Outliers(_)) => Want::Measure,
            _ => Want::Any,
        };
        let mut cols: Vec<Col> = Vec::new();
        let takes_all = matches!(
            self.out.task,
            Some(
                Task::Duplicates(_)
                    | Task::Missing(_)
                    | Task::Correlation(_)
                    | Task::Describe(_)
                    | Task::Outliers(_)
            )
        );
        if takes_all {
            cols = self.out.measures.iter().flat_map(|measure| measure.of.columns()).collect();
        }
        let shows = self.out.lists || (self.out.selects && self.out.keys.is_empty()) || self.lists_said();
        for mention in rest {
            if self.used[mention.start] || self.sells_unseen(mention.start) {
                continue;
            }
            if (self.is_rows(&mention) || (shows && self.names_rows(&mention)))
                && !(takes_all && mention.best() >= super::EXACT)
            {
                self.rows_said(mention.start..mention.end);
                continue;
            }
            // "duplicate lines" are rows, whatever column is called `Line`.
            let lines =
                self.word(mention.start, &["line", "lines", "row", "rows", "record", "records", "entries"]);
            if matches!(self.out.task, Some(Task::Duplicates(_)))
                && lines
                && mention.end == mention.start + 1
                && mention.start > 0
                && self.word(mention.start - 1, &["duplicate", "duplicated", "repeated"])
            {
                self.rows_said(mention.start..mention.end);
                continue;
            }
            if self.charted_counts(&mention) {
                let col = self.resolve(&mention, Want::Key)?;
                self.take(&mention);
                self.push_key(Key::Column(col));
                self.out.measures.push(Measure::rows());
                continue;
            }
            let date = self.can(&mention, Want::Date) && !self.can(&mention, Want::Measure);
            if takes_all || shows {
                let col = self.resolve(&mention, wanted)?;
                if date && !takes_all && self.is_event(col) && !self.asks_for(&mention) {
                    self.take(&mention);
                    self.placed.push((mention.start, Filter::Empty { col, not: true }));
                    continue;
                }
                self.take(&mention);
                cols.push(col);
            } else if date {
                let col = self.resolve(&mention, Want::Date)?;
                self.take(&mention);
                if self.is_event(col)
                    && self.out.counts
                    && !self.placed.iter().any(|(_, filter)| filter.columns().contains(&col))
                {
                    self.placed.push((mention.start, Filter::Empty { col, not: true }));
                }
            } else if self.out.counts
                || self.tokens.get(mention.start).is_some_and(|token| self.view.is_named(&token.text))
            {
                self.out.doubt(5);
                // "races per month" in a file of races: its rows.
                self.out.rows_named |= self.view.is_named(&self.tokens[mention.start].text)
                    && self.tokens[mention.start].text.ends_with('s');
                let rows = !self.out.counts || self.names_kind(&mention);
                self.take(&mention);
                if rows {
                    self.out.repeat();
                }
            } else if self.is_named_row(&mention) {
                self.rows_said(mention.start..mention.end);
            } else if self.out.task.is_none()
                && self.out.measures.is_empty()
                && self.out.aggs.is_empty()
                && !self.can(&mention, Want::Measure)
                && self.out.keys.is_empty()
                && self.share_at.is_none()
                && self.growth_at.is_none()
            {
                let col = self.resolve(&mention, Want::Any)?;
                self.take(&mention);
                cols.push(col);
                self.out.task = Some(Task::Rows(Vec::new()));
            } else if mention.best() < 60 && self.says_rows(&mention) {
                self.rows_said(mention.start..mention.end);
            } else if mention.best() < 60 {
                // A word that may only stand beside what was meant: "customer orders".
                self.out.doubt(10);
                self.take(&mention);
            } else if self.is_said_before(&mention) {
                self.out.doubt(4);
                self.take(&mention);
                self.out.repeat();
            } else {
                // What was named in full and is not in the answer is asked about.
                self.out.doubt(25);
                self.take(&mention);
            }
        }
        cols.dedup();
        match &mut self.out.task {
            Some(
                Task::Duplicates(list) | Task::Missing(list) | Task::Correlation(list) | Task::Describe(list),
            ) => {
                *list = cols;
                self.out.measures.clear();
            }
            Some(Task::Outliers(col)) => {
                let measure = |col: &Col| self.view.is_number(*col);
                match cols.iter().find(|col| measure(col)) {
                    Some(one) => *col = *one,
                    None => {
                        let numbers: Vec<Col> =
                            (0..self.view.columns.len()).filter(|col| self.view.is_measure(*col)).collect();
                        match numbers[..] {
                            [one] => *col = one,
                            _ => {
                                return Err(super::ask_column(
                                    "Outliers of which column?",
                                    &numbers,
                                    self.view,
                                ));
                            }
                        }
                    }
                }
                self.out.measures.clear();
            }
            Some(Task::Rows(list)) => {
                for col in cols {
                    if !list.contains(&col) {
                        list.push(col);
                    }
                }
            }
            Some(Task::Span(col)) => {
                if let Some(date) = cols.iter().find(|col| self.view.kind(**col) == ColumnKind::Date) {
                    *col = *date;
                }
                self.out.measures.clear();
            }
            None if shows
                && self.out.keys.is_empty()
                && self.out.aggs.is_empty()
                && !self.out.counts
                && self.share_at.is_none()
                && self.growth_at.is_none()
                && !self.running
                && self.periods.is_empty()
                && self.computed.is_empty()
                && (self.out.lists || self.out.rank.is_none()) =>
            {
                let filtered = !self.placed.is_empty()
                    || self.out.lists
                    || cols.iter().any(|col| !self.view.is_measure(*col));
                if filtered && !self.out.keys.iter().any(|key| key.is_time()) && self.out.chart.is_none() {
                    self.out.task = Some(Task::Rows(cols));
                }
            }
            _ => {}
        }
        Ok(())
    }

    /// "bar chart of age group": a text column is drawn by how often each of its values is there.
    fn charted_counts(&self, mention: &Mention) -> bool {
        let held = |col: Col| {
            matches!(self.view.kind(col), ColumnKind::Text | ColumnKind::Boolean)
                && !self.tells_rows_apart(col)
        };
        self.out.chart.is_some()
            && self.out.keys.is_empty()
            && self.out.measures.is_empty()
            && self.out.task.is_none()
            && self.out.aggs.is_empty()
            && self.out.rank.is_none()
            && mention.best() >= 60
            && mention.candidates.first().is_some_and(|(col, _)| held(*col))
    }

    /// A list of one column that repeats itself is a list of its values.
    pub(super) fn values_listed(&mut self) {
        let Some(Task::Rows(cols)) = &self.out.task else { return };
        let [col] = cols[..] else { return };
        let filtered = self.placed.iter().any(|(_, filter)| filter.columns().contains(&col));
        let plain = !filtered
            && self.view.kind(col) == ColumnKind::Text
            && !self.view.is_unique(col)
            && self.view.profile(col).is_some_and(|profile| profile.distinct * 10 < self.view.rows() * 9);
        let rows = self.out.rows_named || self.out.lists && self.out.selects;
        if !plain || self.out.rank.is_some() || rows && self.out.who != Some(col) {
            return;
        }
        let against = self
            .placed
            .iter()
            .any(|(_, filter)| matches!(filter, Filter::Columns { left, .. } if self.view.is_number(*left)));
        if against {
            self.out.selects = true;
            self.push_key(Key::Column(col));
            self.out.task = None;
        } else {
            self.out.task = Some(Task::Values(col));
        }
    }

    /// A word for what is known: "all customers except A", "kitchen products".
    fn is_said_before(&self, mention: &Mention) -> bool {
        let known = self
            .placed
            .iter()
            .flat_map(|(_, filter)| filter.columns())
            .chain(self.out.keys.iter().map(|key| key.column()))
            .any(|col| mention.candidates.iter().any(|(one, _)| *one == col));
        let of_value = self.placed.iter().any(|(at, filter)| {
            matches!(filter, Filter::Is { .. })
                && *at < mention.start
                && (*at..mention.start).all(|place| self.used[place])
        });
        let all = mention.start > 0 && self.word(mention.start - 1, &["all", "every", "our"]);
        known || ((of_value || all) && self.can(mention, Want::Key))
    }

    /// "damaged items", "share of payments": a weak name in the plural stands for rows behind a value or a share.
    fn says_rows(&self, mention: &Mention) -> bool {
        let before = mention.start.checked_sub(1);
        let plural = self.word_ends_in_s(mention.end - 1) && mention.end == mention.start + 1;
        let of_value = before.is_some_and(|before| {
            self.used[before]
                && self.placed.iter().any(|(at, filter)| *at == before && matches!(filter, Filter::Is { .. }))
        });
        let of_share = self.share_at.is_some_and(|at| at < mention.start)
            && before.is_some_and(|before| self.word(before, &["of", "our", "the", "all"]))
            && self.out.measures.is_empty();
        plural && (of_value || of_share)
    }

    /// A word for what is counted: each row has one.
    fn names_kind(&self, mention: &Mention) -> bool {
        let key = |col: Col| {
            matches!(self.view.role(col), ColumnRole::Key | ColumnRole::Name | ColumnRole::Category)
        };
        mention.candidates.first().is_some_and(|(col, _)| key(*col))
            && mention.start > 0
            && !self.word(mention.start - 1, &["a", "an", "have", "with"])
    }

    /// A name of what each row is about, beside groups or a share: "pupils per class", "share of items without stock".
    fn is_named_row(&self, mention: &Mention) -> bool {
        let apart = |col: Col| {
            self.view.profile(col).is_some_and(|profile| profile.distinct * 10 >= self.view.rows() * 8)
                && self.view.columns[col].table == self.view.base
        };
        let plural = self.tokens.get(mention.end - 1).is_some_and(|token| token.text.ends_with('s'))
            && mention.candidates.first().is_some_and(|(col, _)| !self.view.name(*col).ends_with('s'));
        let asked = !self.out.keys.is_empty() || self.share_at.is_some() || self.out.counts;
        (asked && self.out.measures.is_empty() || plural)
            && self.can(mention, Want::Key)
            && mention.candidates.first().is_some_and(|(col, _)| apart(*col))
    }

    fn lists_said(&self) -> bool {
        (0..self.tokens.len())
            .any(|at| !self.used[at] && self.phrases[at].iter().any(|(_, class)| *class == Class::List))
            && !self.out.agg_said
            && !self.out.counts
    }

    /// True for dates that only some rows have: what has happened to them.
    pub(super) fn is_event(&self, col: Col) -> bool {
        self.view.kind(col) == ColumnKind::Date
            && self.view.profile(col).is_some_and(|profile| profile.empty * 20 > self.view.rows())
    }

    fn asks_for(&self, mention: &Mention) -> bool {
        mention.best() >= super::EXACT
    }
}
