//! What no reading has used: harmless words are passed over, all others are reported back.

use ringfence_pipeline::ports::ColumnRole;

use super::Reader;
use crate::analyst::{
    query::{Col, Expr, Filter, Key},
    spelling::singular,
    view::ViewColumn,
    vocabulary::{Class, MONEY_WORDS, PEOPLE, filler},
    words::Kind,
};

/// Things that are counted as often as they are added up.
const PAID: [&str; 14] = [
    "donation",
    "sale",
    "payment",
    "expense",
    "contribution",
    "grant",
    "refund",
    "cost",
    "spending",
    "earning",
    "gift",
    "deposit",
    "purchase",
    "withdrawal",
];

impl Reader<'_> {
    /// Whatever no reading has used must be harmless, or it is unknown.
    pub(super) fn leftovers(&mut self) {
        let words: Vec<String> = self.tokens.iter().map(|token| token.text.clone()).collect();
        let words: Vec<&str> = words.iter().map(String::as_str).collect();
        let cols = self.columns_used();
        let mut at = 0;
        while at < self.tokens.len() {
            let token = &self.tokens[at];
            let ignorable = match &token.kind {
                _ if self.used[at] => 1,
                Kind::Mark(mark) => usize::from(!matches!(mark, '>' | '<' | '=' | '*' | '^')),
                Kind::Word | Kind::Ordinal(_) => self.harmless(at, &words, &cols),
                _ => 0,
            };
            if (ignorable == 0 || self.is_dropped(at)) && self.calls_rows(at) {
                self.out.rows_named = true;
                self.out.counts |= self.out.measures.is_empty() && self.out.rank.is_some();
                self.out.said.called = Some(token.raw.clone());
            } else if ignorable == 0 || self.is_dropped(at) {
                self.out.unknown.push(token.raw.clone());
            } else if !self.used[at]
                && (self.phrases[at].iter().any(|(_, class)| *class == Class::Row)
                    || PEOPLE.contains(&singular(words[at]).as_str()))
            {
                self.out.rows_named = true;
            } else if !self.used[at] && self.view.is_named(words[at]) {
                self.out.exact += 2;
                self.out.rows_named = true;
                self.out.money_named |= PAID.contains(&singular(words[at]).as_str());
            }
            at += ignorable.max(1);
        }
    }

    /// True for what must not be passed over: groups that were not found, another table's column, a condition after "when".
    fn is_dropped(&self, at: usize) -> bool {
        let token = &self.tokens[at];
        if self.used[at] || token.kind != Kind::Word {
            return false;
        }
        let small =
            ["the", "each", "every", "a", "an", "our", "of", "all", "single", "individual", "individually"];
        let next = self.past(at + 1, &small);
        let plain = |place: usize| {
            self.tokens.get(place).is_none_or(|token| {
                token.kind != Kind::Word || self.view.is_named(&token.text) || self.is(place, Class::Row)
            })
        };
        let grouped = token.is_any(&["by", "per", "each", "every"])
            && self.used.get(next) == Some(&false)
            && !plain(next)
            && !(self.tokens[next]
                .is_any(&["default", "hand", "year", "month", "week", "day", "any", "far", "now"])
                || self.tokens[next].text.ends_with("ing"));
        let generic = [
            "name", "date", "number", "value", "total", "amount", "id", "data", "list", "sheet", "day",
            "month", "year", "time", "who", "all", "order", "customer",
        ];
        let word = singular(&token.text);
        let elsewhere = !generic.contains(&word.as_str())
            && !self.view.is_named(&word)
            && !self.view.columns.iter().any(|column| column.words.contains(&word))
            && self
                .view
                .tables
                .iter()
                .flat_map(|table| &table.columns)
                .any(|column| crate::analyst::spelling::normal_words(&column.name) == [word.as_str()]);
        let condition = token.is("when") && at > 0 && !self.used.get(at + 1).copied().unwrap_or(false);
        let asked_now = token.is("now")
            && at > 0
            && !self.out.counts
            && self.tokens.get(at + 1).is_none_or(|next| next.is_mark('?'));
        // "what do guests like most" is no figure; "add a column" is not done.
        let opinion = token.is_any(&["like", "prefer", "love"])
            && (self.word(at + 1, &["most", "best", "least"])
                || self.word(at + 2, &["most", "best", "least"]));
        let column = token.is_any(&["add", "append", "insert"])
            && self.word(self.past(at + 1, &["a", "another", "one", "new"]), &["column"]);
        grouped || elsewhere || condition || asked_now || opinion || column
    }

    /// True for a plural that nothing explains where the rows are named: "how many stoppages", "jobs per technician".
    fn calls_rows(&self, at: usize) -> bool {
        let token = &self.tokens[at];
        let plural = token.kind == Kind::Word && singular(&token.text) != token.text;
        let figure = MONEY_WORDS.contains(&singular(&token.text).as_str());
        let one = self.out.said.called.is_none() && self.out.unknown.is_empty();
        if !plural || figure || !one || self.used[at] {
            return false;
        }
        let start = (0..at)
            .rev()
            .take_while(|before| self.word(*before, &["the", "our", "all", "of", "any"]))
            .count();
        let before = (at - start).checked_sub(1);
        let grouped = self.class(at + 1, |class| class == Class::By).is_some()
            || self.used.get(at + 1) == Some(&true) && self.word(at + 1, &["per", "by", "each"]);
        let asked = before.is_some_and(|before| {
            self.counting == Some(before + 1)
                || self.word(before, &["most", "fewest", "list", "show", "which", "names", "name"])
        });
        let no_figure =
            self.out.measures.iter().all(|measure| measure.of == Expr::Rows) && self.computed.is_empty();
        no_figure && (asked || before.is_none() && grouped)
    }

    /// Every column that the question has led to.
    fn columns_used(&self) -> Vec<Col> {
        let mut cols: Vec<Col> = self.out.measures.iter().flat_map(|measure| measure.of.columns()).collect();
        cols.extend(self.out.keys.iter().map(|key| key.column()));
        cols.extend(self.out.filters.iter().flat_map(Filter::columns));
        cols
    }

    /// True if a column of the answer was named there.
    fn mention_used(&self, at: usize) -> bool {
        self.anchors.iter().any(|(start, end)| (*start..*end).contains(&at))
    }

    /// True if a figure was named there: "over the estimate" is no place.
    fn is_measured(&self, at: usize) -> bool {
        self.anchors.iter().any(|(start, _)| *start == at)
            && self.out.measures.iter().any(|measure| measure.of != Expr::Rows)
    }

    /// "what did A buy" is nothing that a list of customers tells, where the orders stand in another table.
    fn trades_elsewhere(&self, at: usize) -> bool {
        const TRADES: [&str; 6] = ["buy", "buys", "bought", "buying", "purchased", "spent"];
        const KEPT_IN: [&str; 5] = ["order", "sale", "purchase", "transaction", "invoice"];
        let kept = |names: &[String]| names.iter().any(|name| KEPT_IN.contains(&name.as_str()));
        self.word(at, &TRADES) && !kept(&self.view.names) && kept(&self.view.others)
    }

    /// "sold" says nothing only where the data is of what was sold.
    pub(super) fn sells_unseen(&self, at: usize) -> bool {
        let traded = [
            "sale",
            "revenue",
            "quantity",
            "qty",
            "order",
            "unit",
            "piece",
            "sold",
            "turnover",
            "price total",
            "amount",
            "invoice",
            "customer",
        ];
        let known = |words: &[String]| words.iter().any(|word| traded.contains(&word.as_str()));
        let priced = self.word(at, &["sell", "sells"]) && self.out.prices;
        self.word(at, &["sell", "sells", "sold", "selling"])
            && !priced
            && !self.view.columns.iter().any(|column| {
                known(&column.words) && !column.words.iter().any(|word| word == "cost" || word == "price")
            })
            && !known(&self.view.names)
    }

    /// "CO2 level", "contract type", "MSFT price": a noun that says no more than the column before it.
    fn is_plain_noun(&self, at: usize, word: &str) -> bool {
        const NOUNS: [&str; 10] =
            ["level", "type", "kind", "slot", "figure", "price", "vote", "reading", "group", "percentage"];
        let named = |name: &str| crate::analyst::spelling::normal_words(name).iter().any(|one| one == word);
        let elsewhere =
            self.view.tables.iter().flat_map(|table| &table.columns).any(|column| named(&column.name));
        // "average wait time" of `Wait (s)`.
        let lasts = |col: Col| {
            const UNITS: [&str; 9] = ["s", "sec", "second", "min", "minute", "h", "hour", "hr", "day"];
            self.view.columns[col].words.iter().any(|part| UNITS.contains(&part.as_str()))
        };
        let time = word == "time"
            && self.out.measures.iter().any(|measure| matches!(measure.of, Expr::Column(col) if lasts(col)));
        (NOUNS.contains(&word) || time)
            && !elsewhere
            && self.anchors.iter().any(|(_, end)| *end == at)
            && !self.word(at + 1, &["of"])
    }

    /// "how many people answered" of a survey, of which each row is somebody's answer.
    fn has_answered(&self, at: usize) -> bool {
        const SURVEYED: [&str; 6] =
            ["respondent", "submitted", "response", "satisfaction", "recommend", "survey"];
        let surveyed =
            |column: &ViewColumn<'_>| column.words.iter().any(|word| SURVEYED.contains(&word.as_str()));
        self.word(at, &["answered", "responded", "replied", "participated"])
            && self.view.columns.iter().any(surveyed)
    }

    /// How many words from here carry nothing that must be known.
    fn harmless(&self, at: usize, words: &[&str], cols: &[Col]) -> usize {
        // What would change the answer is not passed over because it is also a small word.
        let meaningful = |class: Class| {
            matches!(
                class,
                Class::Agg(_)
                    | Class::Rank { .. }
                    | Class::Best
                    | Class::Cmp(_)
                    | Class::Between
                    | Class::Not
                    | Class::Share
                    | Class::Growth
                    | Class::Cagr
                    | Class::Running
                    | Class::Outlier
                    | Class::Correlation
                    | Class::Never
                    | Class::Late
                    | Class::Weighted
                    | Class::Overdue
                    | Class::Unpaid
                    | Class::OutOfStock
                    | Class::Weekend { .. }
                    | Class::Earliest { .. }
            )
        };
        let longest = self.phrases[at]
            .iter()
            .filter(|(length, _)| self.free(at..at + length))
            .map(|(length, _)| *length)
            .max()
            .unwrap_or(0);
        let spatial = self.word(at, &["over", "under", "in", "on"])
            && (self.word(at + 1, &["the", "all", "time", "each", "every"])
                && !self.is_measured(self.past(at + 1, &["the", "all", "each", "every"]))
                || self.used.get(at + 1) == Some(&true) && !self.mention_used(at + 1));
        let small = self.word(
            at,
            &[
                "last",
                "first",
                "recent",
                "latest",
                "lead",
                "most",
                "like",
                "as",
                "change",
                "changed",
                "together",
                "overall",
                "different",
                "combined",
                "%",
                "part",
                "unique",
                "shares",
            ],
        );
        // What stands between two things that were understood says nothing more.
        let between = self.is(at, Class::Between)
            && self.used.get(self.past(at + 1, &["the", "a", "an"])) == Some(&true);
        if longest > 0
            && !between
            && !spatial
            && !small
            && self.phrases[at].iter().any(|(length, class)| *length == longest && meaningful(*class))
        {
            return 0;
        }
        let carries_nothing = |class: Class| {
            matches!(
                class,
                Class::Preposition
                    | Class::Is
                    | Class::Have
                    | Class::And
                    | Class::Or
                    | Class::List
                    | Class::Column
                    | Class::Table
                    | Class::Row
                    | Class::Only
                    | Class::Now
                    | Class::During
                    | Class::Everything
                    | Class::By
                    | Class::This
            )
        };
        if self.sells_unseen(at) || self.trades_elsewhere(at) {
            return 0;
        }
        let known = self.phrases[at]
            .iter()
            .filter(|(_, class)| carries_nothing(*class))
            .map(|(length, _)| *length)
            .max()
            .unwrap_or(0);
        let word = singular(words[at]);
        let table = usize::from(self.view.is_named(&word));
        let plain = filler(&words[at..]).max(known).max(table);
        if plain > 0 {
            return plain;
        }
        let money = |col: &Col| match self.view.profile(*col).and_then(|profile| profile.unit.as_deref()) {
            Some(unit) => ["€", "$", "£", "EUR", "USD", "GBP", "CHF"].contains(&unit),
            None => self.view.role(*col) == ColumnRole::Amount,
        };
        let measured =
            self.out.measures.iter().flat_map(|measure| measure.of.columns()).collect::<Vec<Col>>();
        let beside_used = self.anchors.iter().any(|(start, end)| *end == at || *start == at + 1);
        let spent =
            ["cost", "spend", "spent", "pay", "paying", "earn", "earned", "worth", "earning", "spending"]
                .contains(&word.as_str());
        // What was sold for so much has cost something else.
        let sold = |col: &Col| {
            let words = &self.view.columns[*col].words;
            words.iter().any(|word| ["sale", "revenue", "turnover", "income"].contains(&word.as_str()))
        };
        let spent = spent
            && !(word == "cost"
                && (0..self.view.columns.len())
                    .any(|col| self.view.is_measure(col) && money(&col) && sold(&col)));
        let figure = [
            "sale", "revenue", "amount", "value", "figure", "total", "sum", "bill", "cost", "turnover",
            "money", "spend", "spending",
        ]
        .contains(&word.as_str());
        // "what can we invoice: hours times rate" says itself what the amount is.
        let product = self.out.measures.iter().any(|measure| matches!(measure.of, Expr::Op('*', ..)));
        let formula = product && (figure || word == "invoice");
        let timed =
            self.out.keys.iter().any(|key| key.is_time()) || self.out.filters.iter().any(Filter::is_time);
        let fresh = word == "new" && timed && self.newcomer(at).is_none();
        let people = fresh || PEOPLE.contains(&word.as_str());
        // "in days", "on days with more than 5 visits": of days, where each has a row; and what a headcount counts.
        let day = word == "day"
            && (self.out.measures.iter().any(|measure| matches!(measure.of, Expr::Days(..)))
                || self.default_date().is_some_and(|col| self.tells_rows_apart(col))
                    && !self.out.filters.is_empty());
        let heads = ["head", "person", "staff", "employee", "fte"].contains(&word.as_str())
            && self.view.is_named("headcount");
        // "each year … by year" says it twice.
        let repeated = self.out.keys.iter().any(
            |key| matches!(key, Key::Time(_, unit) if crate::analyst::vocabulary::unit_word(*unit) == word),
        );
        // "overspend (variance)" says itself what is meant.
        // "how many jobs did they order"
        let bought = ["order", "buy", "purchase", "book"].contains(&word.as_str())
            && (0..at).any(|place| self.word(place, &["did", "do", "does"]))
            && (self.out.counts || measured.iter().any(money) || self.says(&["much"]));
        let explained = self.mark(at + 1, '(')
            && self.used.get(at + 2) == Some(&true)
            && !(at > 0 && self.word(at - 1, &["by", "per"]));
        let whole_year = ["year", "period", "time"].contains(&word.as_str())
            && at > 1
            && self.word(at - 1, &["the", "whole", "full", "entire"]);
        let noun = self.is_plain_noun(at, &word);
        let answered = self.has_answered(at);
        let related = cols.iter().any(|col| {
            self.view.columns[*col]
                .words
                .iter()
                .any(|part| crate::analyst::vocabulary::same_concept(part, &word))
        });
        usize::from(
            between
                || day
                || bought
                || formula
                || heads
                || people
                || repeated
                || explained
                || whole_year
                || related
                || noun
                || answered
                || (spent
                    && measured.is_empty()
                    && (0..self.view.columns.len())
                        .filter(|col| self.view.is_measure(*col) && money(col))
                        .count()
                        == 1)
                || (spent && (measured.iter().any(money) || cols.iter().any(money)))
                || (figure && beside_used && measured.iter().any(money)),
        )
    }
}
