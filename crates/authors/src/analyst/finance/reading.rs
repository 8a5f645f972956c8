//! A question on its way to a calculation: what was found, what has been used, what was assumed.

use ringfence_pipeline::ports::Clarification;

use super::super::python;
use super::{
    facts::{self, Fact, Period, What},
    lexer::{self, Kind, Token},
};

/// Why there is no program.
#[derive(Debug)]
pub(super) enum Trouble {
    /// One question back.
    Ask(Clarification),
    /// It cannot be computed; why.
    Cannot(String),
    /// It is about something else.
    Other,
}

/// Asks back.
pub(super) fn ask<T>(question: impl Into<String>) -> Result<T, Trouble> {
    Err(Trouble::Ask(Clarification { question: question.into(), options: Vec::new() }))
}

/// Asks back with answers to choose from.
pub(super) fn choose<T>(question: impl Into<String>, options: &[&str]) -> Result<T, Trouble> {
    let options = options.iter().map(|option| (*option).to_owned()).collect();
    Err(Trouble::Ask(Clarification { question: question.into(), options }))
}

/// What a question holds.
#[derive(Debug, Clone)]
pub(super) struct Reading {
    /// The question itself.
    text: String,
    pub(super) tokens: Vec<Token>,
    pub(super) facts: Vec<Fact>,
    pub(super) currency: Option<&'static str>,
    /// What was taken for granted, for the explanation.
    pub(super) assumed: Vec<String>,
    /// In percent.
    pub(super) sure: u8,
}

impl Reading {
    pub(super) fn new(question: &str) -> Reading {
        let cut = lexer::cut(question);
        let facts = facts::facts(&cut.tokens);
        let sure = if cut.mended > 0 { 90 } else { 97 };
        Reading {
            text: question.to_owned(),
            tokens: cut.tokens,
            facts,
            currency: cut.currency,
            assumed: Vec::new(),
            sure,
        }
    }

    /// Notes what was taken for granted, and how much less sure that makes.
    pub(super) fn assume(&mut self, what: impl Into<String>, doubt: u8) {
        self.assumed.push(what.into());
        self.sure = self.sure.saturating_sub(doubt).max(50);
    }

    /// True if a word is in the question, in any form.
    pub(super) fn has(&self, stem: &str) -> bool {
        self.any(&[stem])
    }

    pub(super) fn any(&self, stems: &[&str]) -> bool {
        self.tokens.iter().any(|token| token.stems(stems))
    }

    /// True if the words follow each other.
    pub(super) fn seq(&self, stems: &[&str]) -> bool {
        let words: Vec<&Token> = self.tokens.iter().filter(|token| !token.is_mark('-')).collect();
        words.windows(stems.len()).any(|tokens| {
            tokens.iter().zip(stems).all(|(token, stem)| token.kind == Kind::Word && token.name() == *stem)
        })
    }

    /// True if one of the phrases, words with a space between them, is in the question.
    pub(super) fn says(&self, phrases: &[&str]) -> bool {
        phrases.iter().any(|phrase| {
            let words: Vec<&str> = phrase.split(' ').collect();
            self.seq(&words)
        })
    }

    /// True if the second word follows the first with at most `gap` pieces between them.
    pub(super) fn then(&self, first: &[&str], second: &[&str], gap: usize) -> bool {
        (0..self.tokens.len()).any(|at| {
            let after = self.tokens[at + 1..].iter().take(gap + 1);
            self.tokens[at].stems(first) && after.into_iter().any(|token| token.stems(second))
        })
    }

    pub(super) fn free(&self, what: What) -> impl Iterator<Item = &Fact> + '_ {
        self.facts.iter().filter(move |fact| fact.what == what && fact.is_free())
    }

    /// The first unused amount that one of the words is said of.
    pub(super) fn amount(&self, stems: &[&str]) -> Option<&Fact> {
        self.free(What::Amount).find(|fact| fact.near(stems)).map(Fact::take)
    }

    /// The first unused amount that none of the words is said of.
    pub(super) fn other_amount(&self, not: &[&str]) -> Option<&Fact> {
        self.free(What::Amount).find(|fact| !fact.near(not)).map(Fact::take)
    }

    /// The first unused amount that falls again and again.
    pub(super) fn regular(&self) -> Option<&Fact> {
        self.free(What::Amount).find(|fact| fact.per.is_some()).map(Fact::take)
    }

    pub(super) fn percent(&self, stems: &[&str]) -> Option<&Fact> {
        self.free(What::Percent).find(|fact| fact.near(stems)).map(Fact::take)
    }

    /// The first unused length of time.
    pub(super) fn span(&self) -> Option<&Fact> {
        self.facts
            .iter()
            .find(|fact| matches!(fact.what, What::Span(_)) && fact.is_free() && !fact.point)
            .map(Fact::take)
    }

    /// The first unused point in time; without a unit it is a number of payments.
    pub(super) fn point(&self) -> Option<(&Fact, Option<Period>)> {
        let free = |fact: &&Fact| fact.point && fact.is_free();
        self.facts.iter().filter(free).find_map(|fact| match fact.what {
            What::Span(period) => Some((fact.take(), Some(period))),
            What::Count => Some((fact.take(), None)),
            _ => None,
        })
    }

    /// True if it is said that something is put aside.
    pub(super) fn saves(&self) -> bool {
        self.any(&["save", "contribute", "aside"]) || self.says(&["put away", "put in", "put by"])
    }

    /// The first unused amount that the words stand right beside, otherwise one that they are said of.
    pub(super) fn closest(&self, stems: &[&str]) -> Option<&Fact> {
        let beside = self.free(What::Amount).find(|fact| fact.beside(stems));
        beside.map(Fact::take).or_else(|| self.amount(stems))
    }

    /// A number of the question that nothing was done with.
    pub(super) fn unused(&self) -> Option<String> {
        // A large sum that is said twice is one sum.
        let again = |fact: &Fact| {
            let same =
                |other: &Fact| !other.is_free() && other.what == fact.what && other.values == fact.values;
            fact.what == What::Amount && fact.values[0].abs() >= 100.0 && self.facts.iter().any(same)
        };
        let fact = self.facts.iter().find(|fact| fact.is_free() && !again(fact))?;
        Some(self.words(fact))
    }

    /// The fact in the words of the question.
    pub(super) fn words(&self, fact: &Fact) -> String {
        let (first, last) = (self.tokens.get(fact.start), self.tokens.get(fact.end.saturating_sub(1)));
        let (Some(first), Some(last)) = (first, last) else { return String::new() };
        self.text.get(first.start..last.end).unwrap_or_default().to_owned()
    }

    /// How often something falls, where that is not said of a number: `monthly payment`, `paid once a year`.
    pub(super) fn frequency(&self) -> Option<Period> {
        self.frequency_at().map(|(period, ..)| period)
    }

    /// How often something falls, and the tokens that say so.
    pub(super) fn frequency_at(&self) -> Option<(Period, usize, usize)> {
        let rates =
            ["rate", "interest", "percentage", "growth", "return", "effective", "nominal", "discount"];
        let mut at = 0;
        while at < self.tokens.len() {
            let of_fact = self.facts.iter().find(|fact| (fact.start..fact.end).contains(&at));
            if let Some(fact) = of_fact {
                at = fact.end;
                continue;
            }
            let Some((period, used)) = facts::frequency(&self.tokens, at) else {
                at += 1;
                continue;
            };
            let compound = |token: Option<&Token>| token.is_some_and(|token| token.stems(&["compound"]));
            let after = self.tokens.get(at + used);
            let before = at.checked_sub(1).and_then(|before| self.tokens.get(before));
            let skip = compound(before)
                || compound(after)
                || after.is_some_and(|token| token.stems(&rates))
                || before.is_some_and(|token| token.stems(&["effective", "nominal"]));
            if !skip {
                return Some((period, at, used));
            }
            at += used;
        }
        None
    }

    /// How often interest is added, if that is said.
    pub(super) fn compounding(&self) -> Option<Compounding> {
        let places = (0..self.tokens.len()).filter(|at| self.tokens[*at].stems(&["compound"]));
        let often = |at: usize| facts::frequency(&self.tokens, at).map(|(period, _)| period);
        let mut said = places.filter_map(|at| {
            let mut after = at + 1..self.tokens.len().min(at + 4);
            let before = at.checked_sub(1);
            after
                .find_map(often)
                .or_else(|| before.and_then(|from| often(from).or_else(|| often(from.checked_sub(1)?))))
        });
        if self.has("continuous") && self.has("compound") {
            return Some(Compounding::Continuous);
        }
        said.next().map(Compounding::Each)
    }

    /// True if payments fall at the beginning of each period.
    pub(super) fn in_advance(&self) -> bool {
        let start = ["beginning"];
        let period = ["period", "month", "year", "quarter", "week", "each", "every"];
        self.says(&["in advance", "annuity due"])
            || self.then(&start, &period, 3) && self.seq(&["the", "beginning", "of"])
            || self.then(&["at"], &start, 1) && self.then(&start, &period, 3)
    }

    pub(super) fn wants_chart(&self) -> bool {
        self.tokens.iter().any(|token| token.is_any(&["chart", "plot", "graph", "draw", "diagram", "curve"]))
    }

    pub(super) fn wants_table(&self) -> bool {
        self.any(&["schedule", "table", "plan", "list"])
            || self.wants_chart()
            || self.says(&[
                "year by year",
                "month by month",
                "each year of",
                "per year breakdown",
                "by year",
                "breakdown",
            ])
    }
}

/// How often interest is added.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum Compounding {
    Each(Period),
    Continuous,
}

/// The first value of a fact, as it is written in Python and in a sentence.
pub(super) fn plain(fact: &Fact) -> String {
    let values: Vec<String> = fact.values.iter().map(|value| python::number(*value)).collect();
    values.join(", ")
}
