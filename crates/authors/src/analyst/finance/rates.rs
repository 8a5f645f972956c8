//! Takes the rates out of a question about cash flows, so that amounts are left.

use super::{
    facts::{self, Fact, What},
    lexer::{Kind, Token},
    ranges::join_ranges,
};

pub(super) const RATE_WORDS: [&str; 9] =
    ["rate", "discounted", "discounting", "discount", "hurdle", "wacc", "capital", "interest", "r"];
/// Takes the rate at `at..end` out of the question.
fn without(tokens: &[Token], at: usize, end: usize) -> Vec<Token> {
    // "5% a year" and "5% rate": the words belong to the rate, not to the flows.
    let mut end = end;
    while tokens.get(end).is_some_and(|t| {
        t.is_any(&["a", "per", "p", "annual", "annually", "yearly", "each", "every"]) || t.is_mark('/')
    }) && tokens.get(end + 1).is_some_and(|t| t.is_any(&["year", "annum", "yr", "a"]))
    {
        end += 2;
    }
    let mut start = at;
    while start > 0
        && (tokens[start - 1].is_any(&RATE_WORDS)
            || tokens[start - 1].is_any(&[
                "at", "of", "is", "cost", "a", "an", "the", "using", "with", "yearly", "annual", "required",
                "return", "on", "equity",
            ])
            || tokens[start - 1].is_mark('=')
            || tokens[start - 1].is_mark(':'))
    {
        start -= 1;
    }
    let mut rest = tokens[..start].to_vec();
    // A stop between what stood before and after, so that they do not run together.
    rest.push(stop());
    let after = tokens.get(end..).unwrap_or_default();
    let named_after = [
        "discount", "rate", "hurdle", "cost", "of", "capital", "interest", "required", "return", "wacc",
        "annual", "yearly",
    ];
    let skip = after.iter().take_while(|token| token.is_any(&named_after)).count();
    let named = after[..skip].iter().any(|token| token.is_any(&RATE_WORDS) || token.is("return"));
    rest.extend_from_slice(&after[if named { skip } else { 0 }..]);
    rest
}

fn stop() -> Token {
    Token { kind: Kind::Mark(';'), text: ";".into(), stem: "", start: 0, end: 0 }
}

/// Takes the rates out of the question, each with the words beside it.
pub(super) fn take_rates(tokens: &[Token]) -> (Vec<Fact>, Vec<Token>) {
    let mut rest = tokens.to_vec();
    let mut rates = Vec::new();
    loop {
        let found = join_ranges(&rest, facts::facts(&rest), false);
        let Some(fact) = found.into_iter().find(|fact| fact.what == What::Percent) else { break };
        let steps = rest.get(fact.end).is_some_and(|token| token.is_any(&["step", "steps"]));
        let from = fact.start.saturating_sub(usize::from(
            fact.values.len() > 1 && fact.start > 0 && rest[fact.start - 1].is_any(&["from", "between"]),
        ));
        rest = without(&rest, from, fact.end + usize::from(steps));
        rates.push(fact);
    }
    if rates.is_empty()
        && let Some(at) = plain_rate(&rest)
        && let Some(number) = rest[at].number()
    {
        let percent =
            if number.value.abs() >= 1.0 { number.value } else { (number.value * 1e14).round() / 1e12 };
        let mut fact = facts::facts(&rest).into_iter().find(|fact| fact.start == at);
        if let Some(fact) = &mut fact {
            (fact.what, fact.values) = (What::Percent, vec![percent]);
        }
        rest = without(&rest, at, at + 1);
        rates.extend(fact);
    }
    (rates, rest)
}

/// A rate without a percent sign: `rate of 0.05`, `discounted at 5`, `r = 0.08`, `at 0.05`.
fn plain_rate(tokens: &[Token]) -> Option<usize> {
    let filler =
        ["of", "is", "at", "being", "equal", "to", "equals", "a", "by", "using", "with", "factor", "cost"];
    let number_after = |from: usize| {
        let skipped = tokens[from..]
            .iter()
            .take_while(|t| t.is_any(&filler) || t.is_any(&RATE_WORDS) || t.is_mark('=') || t.is_mark(':'))
            .count();
        let at = from + skipped;
        tokens.get(at).and_then(Token::number).map(|amount| (at, amount.value))
    };
    // As a function is called: npv(0.05, [-100, 60, 60]).
    if let [name, bracket, rate, ..] = tokens
        && name.is_any(&["npv", "mirr"])
        && bracket.is_mark('(')
        && rate.number().is_some_and(|amount| amount.value.abs() < 1.0)
    {
        return Some(2);
    }
    let keyword = (0..tokens.len()).filter(|at| tokens[*at].is_any(&RATE_WORDS));
    let by_keyword =
        keyword.filter_map(|at| number_after(at + 1)).find(|(_, value)| (-0.99..=100.0).contains(value));
    let by_preposition = (0..tokens.len())
        .filter(|at| tokens[*at].is_any(&["at", "using", "with", "@"]) || tokens[*at].is_mark('@'))
        .filter_map(|at| number_after(at + 1))
        .find(|(_, value)| value.abs() < 1.0 && *value != 0.0);
    by_keyword.or(by_preposition).map(|(at, _)| at)
}
