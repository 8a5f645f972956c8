//! Usual words of business for the only column that can be meant: "revenue" where there is `line_total`, "raised" in a
//! ledger of donations. What they are taken for is always said.

use ringfence_pipeline::ports::{ColumnKind, ColumnRole};

use super::{Mention, Reader, Want};
use crate::analyst::{
    query::{Agg, Col, Expr, Measure},
    spelling::singular,
    view::{View, table_words},
    vocabulary::Class,
    words::Kind,
};

/// Words for money that comes in.
const INCOME: [&str; 9] =
    ["revenue", "sale", "turnover", "taking", "income", "earning", "proceed", "billing", "invoiced"];

/// Words for money that goes out.
const SPENT: [&str; 6] = ["spend", "spending", "spent", "expenditure", "outlay", "outgoing"];

/// Words for what was given, where gifts are kept.
const GIVEN: [&str; 6] = ["raised", "donated", "given", "collected", "donation", "contributed"];

/// Tables of what was given, and of what goes out or lies about.
const GIFTS: [&str; 6] = ["donation", "fundraising", "gift", "pledge", "contribution", "spende"];
const OUTGOING: [&str; 14] = [
    "expense",
    "cost",
    "supplier",
    "salary",
    "payroll",
    "budget",
    "loan",
    "stock",
    "inventory",
    "warehouse",
    "donation",
    "gift",
    "expenditure",
    "wage",
];

/// Parts of names of what is money, but not what a sale or a booking brought.
const OTHER_MONEY: [&str; 37] = [
    "claim",
    "payout",
    "cost",
    "expense",
    "budget",
    "target",
    "plan",
    "planned",
    "expected",
    "forecast",
    "tax",
    "vat",
    "discount",
    "salary",
    "wage",
    "balance",
    "unit",
    "per",
    "rate",
    "refund",
    "shipping",
    "fine",
    "deposit",
    "limit",
    "debt",
    "loan",
    "spend",
    "paid",
    "outstanding",
    "commission",
    "tip",
    "gratuity",
    "postage",
    "out",
    "withdrawal",
    "debit",
    "charity",
];

/// Parts of names of what goes out, beside what comes in.
const GOES_OUT: [&str; 6] = ["out", "withdrawal", "debit", "expense", "spent", "spend"];

/// What a value may be of, if it is what was paid for it.
const SOLD_AS: [&str; 8] = ["order", "line", "sale", "deal", "booking", "job", "invoice", "basket"];

/// What a figure of a mark or a score is called beside the column that holds it.
const MARKS: [&str; 6] = ["mark", "score", "grade", "result", "rating", "point"];

/// What a sum of money is called beside the column that holds it: "lease cost" of `Lease p/m`.
const MONEY_HEADS: [&str; 5] = ["cost", "amount", "fee", "charge", "payment"];

impl Reader<'_> {
    /// Takes a word that names no column for the one that it can only mean, or for those between which is asked.
    pub(super) fn senses(&mut self) {
        self.worth_of_rows();
        self.wages();
        self.stays();
        for at in 0..self.tokens.len() {
            let mentioned = self.is_mentioned(at) && !self.is_beside(at);
            // "turnover: food + drinks" says itself what it is.
            let defined = matches!(self.tokens.get(at + 1), Some(next) if next.is_mark(':') || next.is_mark('(') || next.is_mark('='));
            if self.used[at] || mentioned || defined || self.tokens[at].kind != Kind::Word {
                continue;
            }
            let word = singular(&self.tokens[at].text);
            // "how many sales" asks how often something was sold.
            let counted = word == "sale"
                && (0..at).any(|from| {
                    self.class(from, |class| class == Class::HowMany)
                        .is_some_and(|length| from + length == at)
                });
            if counted {
                self.rows_said(at..at + 1);
                continue;
            }
            // "total invoiced" is of the invoices, if another table keeps them.
            if word == "invoiced" && self.view.others.iter().any(|name| name == "invoice") {
                continue;
            }
            let side = at.checked_sub(1).and_then(|before| self.side(before));
            let cols: Vec<Col> = if INCOME.contains(&word.as_str()) {
                self.or_other_amounts(self.income(side))
            } else if self.is_traded(at) {
                let out = self.goes_out();
                let spends = self.word(at, &["spend", "spent", "pay", "paid"]) && out.is_some();
                Some(if spends { out.into_iter().collect() } else { self.income(side) })
                    .filter(|cols| !cols.is_empty())
                    .unwrap_or_else(|| self.spent_or_sold(at))
            } else if SPENT.contains(&word.as_str()) {
                self.spent()
            } else if GIVEN.contains(&word.as_str()) && self.is_called(&GIFTS) {
                self.given(&word)
            } else {
                continue;
            };
            // Quantity times price is computed where no column says it: what customers spent, what products made.
            let spends = SPENT.contains(&word.as_str()) || self.is_traded(at);
            if let Some(of @ Expr::Op(..)) = self.revenue().filter(|_| spends && cols.is_empty()) {
                self.mentions.retain(|mention| mention.end <= at || mention.start > at);
                let mut measure = Measure::new(Agg::Sum, of);
                measure.name = Some("value".to_owned());
                self.computed.push((at, measure));
                self.spend(at..at + 1);
                continue;
            }
            // Of several amounts none is meant more than the others: it is asked.
            let unsaid = cols.is_empty() && spends && !self.is_mentioned(at);
            let cols = match unsaid && self.revenue().is_none() {
                true => self.own_amounts(),
                false => cols,
            };
            let widened = INCOME.contains(&word.as_str()) && cols.len() > self.income(side).len();
            let computed = !widened && side.is_none() && self.revenue().is_some();
            if cols.is_empty() || cols.len() > 1 && computed {
                continue;
            }
            let start = at - usize::from(side.is_some());
            let phrase = self.raw(start..at + 1);
            if let [col] = cols[..] {
                self.out.notes.push(format!("{phrase:?} is taken as {}.", self.view.name(col)));
            }
            self.mentions.retain(|mention| mention.end <= start || mention.start > at);
            if let [col] = cols[..]
                && self.price_of_row() == Some(col)
            {
                let mut measure = Measure::new(Agg::Sum, Expr::Column(col));
                measure.name = Some("revenue".to_owned());
                self.computed.push((start, measure));
                self.spend(start..at + 1);
                continue;
            }
            self.incomes.push(at);
            let candidates = cols.into_iter().map(|col| (col, 60)).collect();
            // "sales value", "revenue figures"
            let end = self.past(at + 1, &["value", "values", "amount", "amounts", "figures"]);
            self.mentions.retain(|mention| mention.end <= at || mention.start >= end);
            self.mentions.push(Mention { start, end, candidates });
            self.mentions.sort_by_key(|mention| mention.start);
        }
        self.marks();
        self.money_asked();
    }

    /// "longest stay", "average length of stay", "who stayed the longest": nights, where a column counts them.
    fn stays(&mut self) {
        let nights = |col: &Col| self.view.is_measure(*col) && self.view.columns[*col].words == ["night"];
        let Some(col) = (0..self.view.columns.len()).find(nights) else { return };
        const LONG: [&str; 8] =
            ["average", "mean", "avg", "typical", "median", "longest", "shortest", "long"];
        for at in 0..self.tokens.len() {
            let said = self.word(at, &["stay", "stays", "stayed", "staying"]) && !self.is_mentioned(at);
            if !said || self.used[at] {
                continue;
            }
            let length = (at.saturating_sub(4)..at).find(|from| {
                self.word(*from, &["length", "lengths", "duration"])
                    && self.past(from + 1, &["of", "the", "a", "their", "our"]) == at
            });
            let before = at > 0 && self.word(at - 1, &LONG);
            let after = self.word(self.past(at + 1, &["the", "for"]), &LONG[5..]);
            let asked = (0..at).any(|from| self.word(from, &["how"]) && self.word(from + 1, &["long"]));
            if length.is_none() && !before && !after || asked {
                if self.word(at, &["stays"]) && !asked {
                    self.rows_said(at..at + 1);
                }
                continue;
            }
            let start = length.unwrap_or(at);
            self.out.notes.push(format!(
                "{:?} is taken as {}.",
                self.raw(start..at + 1),
                self.view.name(col)
            ));
            self.mentions.retain(|mention| mention.end <= start || mention.start > at);
            self.mentions.push(Mention { start, end: at + 1, candidates: vec![(col, super::EXACT)] });
            self.mentions.sort_by_key(|mention| mention.start);
        }
    }

    /// "how much is unpaid", "… and how much is that in total": the one amount there is, where no figure is named.
    fn money_asked(&mut self) {
        let Some((at, length)) = (0..self.tokens.len())
            .find_map(|at| self.class(at, |class| class == Class::HowMuch).map(|length| (at, length)))
        else {
            return;
        };
        let owed = (0..self.tokens.len()).any(|place| {
            self.class(place, |class| matches!(class, Class::Unpaid | Class::Paid | Class::Overdue)).is_some()
        });
        let next = at + length;
        let said_before = at > 0
            && self.word(at - 1, &["and"])
            && self.word(next, &["is", "was", "are", "were", "do", "did"])
            && self.word(next + 1, &["that", "it", "this", "they", "those", "we"]);
        let cols = Some(self.income(None)).filter(|cols| !cols.is_empty()).unwrap_or_else(|| self.spent());
        let [col] = cols[..] else { return };
        if self.is_figured() || !self.computed.is_empty() || !(owed || said_before) {
            return;
        }
        self.out.notes.push(format!("The amount is taken as {}.", self.view.name(col)));
        self.computed.push((at, Measure::new(Agg::Sum, Expr::Column(col))));
        if said_before {
            self.spend(next..next + 2);
        }
    }

    /// "how much did they buy", "what did we earn": money, where no figure is named.
    pub(super) fn is_traded(&self, at: usize) -> bool {
        const TRADED: [&str; 14] = [
            "buy", "bought", "spend", "spent", "earn", "earned", "make", "made", "pay", "paid", "sell",
            "sold", "charge", "charged",
        ];
        let asked = (0..at).any(|from| {
            self.class(from, |class| class == Class::HowMuch).is_some_and(|length| {
                let next = self.past(from + length, &["more", "less"]);
                self.word(next, &["did", "do", "does", "have", "has", "had"])
            })
        });
        // "who paid us the most"
        let most = self.word(at, &["pay", "paid", "spend", "spent", "earn", "earned"])
            && self.word(self.past(at + 1, &["us", "the"]), &["most", "least"]);
        self.word(at, &TRADED) && (asked || most) && !self.is_figured()
    }

    /// True if a figure is named; "in total" names none.
    fn is_figured(&self) -> bool {
        self.mentions.iter().any(|mention| {
            let total = mention.start > 0
                && self.word(mention.start, &["total"])
                && self.word(mention.start - 1, &["in"]);
            mention.best() >= 60 && self.can(mention, Want::Measure) && !total
        })
    }

    /// True if a word of the same field names only money that is not meant: "income" a deposit.
    fn is_beside(&self, at: usize) -> bool {
        let income = if INCOME.contains(&singular(&self.tokens[at].text).as_str()) {
            self.income(None)
        } else {
            Vec::new()
        };
        // "sales" where there is a `Sale date` is not the date.
        let other = |col: Col| {
            self.view.kind(col) == ColumnKind::Date
                || income == [col]
                || self.view.columns[col].words.iter().any(|word| OTHER_MONEY.contains(&word.as_str()))
        };
        // "spend" beside `Payment method` names no text.
        let text = |mention: &Mention| !self.can(mention, Want::Measure) && !self.can(mention, Want::Date);
        self.mention(at).is_some_and(|mention| {
            let dated = mention.candidates.iter().all(|(col, _)| self.view.kind(*col) == ColumnKind::Date);
            mention.end == at + 1
                && (dated || mention.best() < 60)
                && (mention.candidates.iter().all(|(col, score)| score + 10 < mention.best() || other(*col))
                    || text(&mention))
        })
    }

    /// True if a word of the table's name is meant as money: "sales by quarter" in a file of sales. Where they are
    /// counted or listed, it is rows.
    pub(super) fn is_income(&self, mention: &Mention) -> bool {
        let shown = self.out.lists || self.out.lists_rows || self.out.selects;
        let grouped = !self.out.keys.is_empty() || self.says(&["by", "per", "each"]);
        let told = grouped || self.share_at.is_some() || self.growth_at.is_some();
        self.incomes.contains(&(mention.end - 1)) && self.counting.is_none() && (told || !shown)
    }

    pub(super) fn is_mentioned(&self, at: usize) -> bool {
        self.mentions.iter().any(|mention| (mention.start..mention.end).contains(&at))
            || self.values.iter().any(|value| (value.start..value.end).contains(&at))
    }

    /// "net" or "gross" before a word for money.
    fn side(&self, at: usize) -> Option<&'static str> {
        ["net", "gross"].into_iter().find(|side| self.word(at, &[side]))
    }

    /// True if the table of the view, or its title, is called by one of the words.
    fn is_called(&self, words: &[&str]) -> bool {
        let table = &self.view.tables[self.view.base];
        let own = table_words(table);
        let by_title =
            self.view.joins.is_empty() && self.view.names.iter().any(|name| words.contains(&name.as_str()));
        own.iter().any(|name| words.contains(&name.as_str())) || by_title
    }

    /// The columns that say what came in, of the side that was said.
    pub(super) fn income(&self, side: Option<&str>) -> Vec<Col> {
        if self.is_called(&OUTGOING) {
            return Vec::new();
        }
        let says = |col: &Col, word: &str| {
            let column = &self.view.columns[*col];
            column.words.iter().any(|one| one == word) || column.meanings.contains(&word)
        };
        let cols: Vec<Col> = self.view_cols().filter(|col| is_income(self.view, *col)).collect();
        if cols.is_empty() && side.is_none() {
            return self.price_of_row().into_iter().collect();
        }
        // Beside parts of it, the total is what came in.
        let totals: Vec<Col> = cols.iter().copied().filter(|col| says(col, "total")).collect();
        if let ([total], None) = (&totals[..], side) {
            return vec![*total];
        }
        cols.into_iter().filter(|col| side.is_none_or(|side| says(col, side))).collect()
    }

    /// The one amount of what goes out, beside another of what comes in.
    fn goes_out(&self) -> Option<Col> {
        let out = |col: &Col| {
            self.view.is_measure(*col)
                && self.view.columns[*col].table == self.view.base
                && self.view.columns[*col].words.iter().any(|word| GOES_OUT.contains(&word.as_str()))
        };
        let mut found = self.view_cols().filter(out);
        found.next().filter(|_| found.next().is_none())
    }

    /// Every amount of the rows themselves.
    fn own_amounts(&self) -> Vec<Col> {
        let amount = |col: &Col| {
            self.view.is_measure(*col)
                && self.view.role(*col) == ColumnRole::Amount
                && self.view.columns[*col].table == self.view.base
        };
        self.view_cols().filter(amount).collect()
    }

    /// The one amount of the table.
    fn spent(&self) -> Vec<Col> {
        let amounts = self.own_amounts();
        if let Some(out) = self.goes_out() {
            return vec![out];
        }
        let called = |names: &[&str]| -> Vec<Col> {
            let has =
                |col: &&Col| self.view.columns[**col].words.iter().any(|word| names.contains(&word.as_str()));
            amounts.iter().filter(has).copied().collect()
        };
        // Beside its parts, the total.
        [called(&["total"]), amounts.clone()].into_iter().find(|found| found.len() == 1).unwrap_or_default()
    }

    /// The one amount there is; what is claimed or refunded was not sold.
    fn spent_or_sold(&self, at: usize) -> Vec<Col> {
        let sold = self.word(at, &["sell", "sold", "earn", "earned", "make", "made"]);
        let beside =
            |col: &Col| self.view.columns[*col].words.iter().any(|word| OTHER_MONEY.contains(&word.as_str()));
        self.spent().into_iter().filter(|col| !sold || !beside(col)).collect()
    }

    /// The one amount of a table of gifts; "donations" alone may be counted as well.
    fn given(&self, word: &str) -> Vec<Col> {
        let counted = word == "donation";
        let amounts: Vec<Col> = self
            .view_cols()
            .filter(|col| self.view.is_measure(*col) && self.view.role(*col) == ColumnRole::Amount)
            .collect();
        if counted || amounts.len() > 1 { Vec::new() } else { amounts }
    }

    /// "revenue" beside `Snack sales` and `Box office` may be either: a word before it says of what it is a part.
    fn or_other_amounts(&self, cols: Vec<Col>) -> Vec<Col> {
        const GENERIC: [&str; 24] = [
            "total", "net", "gross", "sale", "revenue", "turnover", "income", "amount", "sum", "value",
            "order", "line", "invoice", "price", "eur", "usd", "gbp", "item", "annual", "monthly", "in",
            "of", "year", "paid",
        ];
        let [col] = cols[..] else { return cols };
        let column = &self.view.columns[col];
        let part = column.words.len() > 1
            && !column.words.iter().all(|word| GENERIC.contains(&word.as_str()))
            && column.words.iter().any(|word| word == "sale");
        let other = |one: &Col| {
            let words = &self.view.columns[*one].words;
            !words.iter().any(|word| OTHER_MONEY.contains(&word.as_str()) || word == "price")
        };
        let all: Vec<Col> = self.own_amounts().into_iter().filter(other).collect();
        if part && all.len() > 1 { all } else { cols }
    }

    fn view_cols(&self) -> impl Iterator<Item = Col> + '_ {
        0..self.view.columns.len()
    }

    /// "maths marks", "friendliness ratings": a word for what the column beside it holds.
    fn marks(&mut self) {
        for at in 0..self.tokens.len() {
            // "units in stock": of what the column counts.
            let counted = self.mention(at + 1).is_some_and(|mention| {
                mention.best() >= 60
                    && mention.candidates.iter().all(|(col, _)| self.view.role(*col) == ColumnRole::Quantity)
            });
            if self.word(at, &["units", "pieces", "items"])
                && !self.used[at]
                && !self.is_mentioned(at)
                && counted
            {
                self.spend(at..at + 1);
            }
        }
        for at in 1..self.tokens.len() {
            let word = singular(&self.tokens[at].text);
            // A weak name for another column does not stand beside the one that is named.
            let named = self.mention(at).is_some_and(|mention| mention.best() >= 60);
            let Some(mention) = self.mention_before(at).filter(|mention| {
                (MARKS.contains(&word.as_str()) || MONEY_HEADS.contains(&word.as_str()))
                    && !self.used[at]
                    && !named
                    && mention.best() >= 60
            }) else {
                continue;
            };
            let paid = MONEY_HEADS.contains(&word.as_str())
                && matches!(mention.candidates[..], [(col, _), ..] if self.view.role(col) == ColumnRole::Amount);
            let held = paid
                || mention.candidates.iter().any(|(col, _)| {
                    super::figures::is_averaged(self.view, *col)
                        || self.view.role(*col) == ColumnRole::Category
                });
            if held {
                self.spend(at..at + 1);
            }
        }
    }
}

/// True for money that each row brought: a total, a fee, an amount in a currency, no price of one and no cost.
fn is_income(view: &View<'_>, col: Col) -> bool {
    let column = &view.columns[col];
    let has = |words: &[&str]| {
        column.words.iter().any(|word| words.contains(&word.as_str()))
            || column.meanings.iter().any(|word| words.contains(word))
    };
    let total = has(&[
        "total", "sum", "amount", "revenue", "sale", "turnover", "net", "gross", "income", "fee", "charge",
        "premium",
    ]) || has(&["value"]) && has(&SOLD_AS);
    let currency = column
        .profile
        .unit
        .as_deref()
        .is_some_and(|unit| ["\u{20ac}", "$", "\u{a3}", "EUR", "USD", "GBP", "CHF"].contains(&unit));
    view.is_measure(col)
        && view.role(col) == ColumnRole::Amount
        && !column.profile.name.contains('/')
        && (total || currency)
        && !has(&OTHER_MONEY)
        && (!has(&["price"]) || has(&["total"]))
}
