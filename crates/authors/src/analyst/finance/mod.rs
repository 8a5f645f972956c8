//! Finance: what a question says about money, rates and time, without any file, or with cash flows in one.
//!
//! A question is cut into tokens ([`lexer`]), whose numbers become facts with the words beside them ([`facts`]). Its
//! words name the topic ([`topic`]), which takes the facts that it needs. A fact that nobody takes, or one that is
//! missing, is asked back. The calculation becomes a program ([`program`]).

mod bonds;
mod conversation;
mod dates;
mod depreciation;
mod facts;
mod flows;
mod growth;
mod inflation;
mod investments;
mod lexer;
mod loans;
mod numbers;
mod offers;
mod percent;
mod phrases;
mod program;
mod ranges;
mod rates;
mod reading;
mod savings;
mod schedules;
mod tables;
mod terms;
mod topic;
mod trade;
mod vocabulary;

use ringfence_job::Language;
use ringfence_pipeline::ports::{Assignment, AuthorError, Clarification, Draft};

use super::python::comment;
use conversation::Memory;
use program::Program;
use reading::{Reading, Trouble};
use topic::Topic;

/// Most values that are tried.
const TRIALS_MAX: usize = 500;

/// Largest number that is computed with.
const SUM_MAX: f64 = 1e15;

/// What finance can be asked, for those who asked something else.
pub(crate) const HELP: &str = "NPV, IRR, payback, loans and savings (payment, schedule, comparison, present and future value), CAGR, \
     break-even, margin and markup, depreciation, tax and percentages, such as \"monthly payment on 200,000 at 4% over 20 years\"";

/// Answers a question about finance; none if it is about something else.
pub(crate) fn read(assignment: &Assignment) -> Option<Result<Draft, AuthorError>> {
    let question = assignment.question.trim();
    let reading = Reading::new(question);
    if let Some(result) = carry_on(assignment, question, &reading) {
        return Some(result);
    }
    match Topic::of(&reading) {
        Some((topic, doubt)) => answer(assignment, question, topic, doubt),
        None if assignment.tables.is_empty() => {
            let memory = Memory { text: question.to_owned(), topic: None };
            Some(finish(Err(what_of_it(&reading)?), memory))
        }
        None => None,
    }
}

/// Answers a question that continues an earlier one, or that answers what was asked back.
fn carry_on(
    assignment: &Assignment,
    question: &str,
    reading: &Reading,
) -> Option<Result<Draft, AuthorError>> {
    let last = assignment.earlier.last()?;
    let memory = Memory::read(last.memory.as_ref()?)?;
    let asked = last.clarification.as_ref();
    let tables = !assignment.tables.is_empty();
    let named = tables::names(assignment, reading);
    let continues = match asked {
        Some(_) => !stands_alone(question, reading, tables),
        None => {
            conversation::may_continue(reading, named, tables)
                && !(tables && aggregates(reading))
                && (conversation::opens_as_more(reading) || !stands_alone(question, reading, tables))
        }
    };
    if !continues {
        return None;
    }
    let text = match conversation::merge(&memory.text, question, asked, named > 0) {
        Ok(text) => text,
        Err(trouble) => return Some(finish(Err(trouble), memory)),
    };
    // What was asked back may have been what to compute at all.
    let topic_of = |reading: &Reading| Topic::of(reading).map(|(topic, _)| topic);
    let (before, both) = (topic_of(&Reading::new(&memory.text)), topic_of(&Reading::new(&text)));
    // What is added may ask for something else: "and the balance after 4 years?"
    let moved = both.filter(|_| asked.is_none() && before == memory.topic);
    let topic = topic_of(reading).or(moved).or(memory.topic).or(both)?;
    let result = answer(assignment, &text, topic, 3);
    // An answer that does not help is a new question.
    match (&result, asked) {
        (Some(Err(AuthorError::Unclear(more, _))), Some(asked)) if more == asked => None,
        _ => result,
    }
}

/// Answers a text about a topic; none if it is rather about a table.
fn answer(
    assignment: &Assignment,
    text: &str,
    topic: Topic,
    doubt: u8,
) -> Option<Result<Draft, AuthorError>> {
    let memory = Memory { text: text.to_owned(), topic: Some(topic) };
    if !assignment.tables.is_empty() {
        let reading = Reading::new(text);
        if topic.is_of_flows()
            && let Some(result) = tables::answer(assignment, text, &reading, topic)
        {
            let value = Some(memory.value());
            return Some(match result {
                Ok(draft) => Ok(Draft { memory: value, ..draft }),
                Err(AuthorError::Unclear(clarification, None)) => {
                    Err(AuthorError::Unclear(clarification, value))
                }
                Err(error) => Err(error),
            });
        }
        // "how did the yield change from 2024 to 2025" is of a table.
        let year = |value: &f64| (1900.0..=2100.0).contains(value) && value.fract() == 0.0;
        let numbers: Vec<f64> = super::words::tokens(text)
            .iter()
            .filter_map(super::words::Token::amount)
            .map(|amount| amount.value)
            .collect();
        if !numbers.is_empty() && numbers.iter().all(year) {
            return None;
        }
        // "items with a markup of more than 80 %" asks for rows; "(1 - discount / 100) * price" is of columns.
        let computed = text.contains('*') && tables::names(assignment, &reading) > 1;
        if computed || tables::names_rows(assignment, &reading) || !stands_alone(text, &reading, true) {
            return None;
        }
    }
    match draft(text, topic, doubt) {
        Err(Trouble::Other) => None,
        result => Some(finish(result, memory)),
    }
}

/// True for what is said of tables: a figure over rows, by groups.
fn aggregates(reading: &Reading) -> bool {
    let words = [
        "total", "average", "mean", "sum", "count", "top", "bottom", "highest", "lowest", "rows", "row",
        "column", "columns",
    ];
    reading.tokens.iter().any(|token| token.is_any(&words)) || reading.says(&["how many"])
}

/// Asks what to compute of a sum, a rate and a time.
fn what_of_it(reading: &Reading) -> Option<Trouble> {
    let loan = reading.any(&["loan", "mortgage", "borrow", "credit"]);
    let percents = reading.free(facts::What::Percent).count();
    let amounts: Vec<_> = reading.free(facts::What::Amount).collect();
    let spans = reading.facts.iter().filter(|fact| matches!(fact.what, facts::What::Span(_))).count();
    let [amount] = amounts[..] else { return None };
    let options: &[&str] = match amount.per {
        None => &["monthly payment of the loan", "future value", "present value"],
        Some(_) => &["future value", "present value"],
    };
    let enough = percents == 1 && spans == 1 || loan && percents + spans == 1;
    enough.then(|| reading::choose::<()>("What should I compute?", options).err())?
}

/// True if a question can be answered from its own words. Beside tables it must not look like one about them.
fn stands_alone(question: &str, reading: &Reading, tables: bool) -> bool {
    let about_tables = [
        "average",
        "sum",
        "count",
        "top",
        "bottom",
        "rows",
        "row",
        "column",
        "columns",
        "sheet",
        "file",
        "region",
        "customers",
        "customer",
        "product",
        "orders",
        "category",
    ];
    let grouped = reading.tokens.windows(2).any(|pair| {
        let by = pair[0].is_any(&["by", "per", "each"]) && pair[1].kind == lexer::Kind::Word;
        by && facts::unit(&pair[1]).is_none() && !pair[1].is_any(&["unit", "piece", "cent", "annum"])
    });
    if tables && (grouped || reading.tokens.iter().any(|token| token.is_any(&about_tables))) {
        return false;
    }
    Topic::of(reading).is_some_and(|(topic, _)| draft(question, topic, 0).is_ok())
}

fn finish(result: Result<Draft, Trouble>, memory: Memory) -> Result<Draft, AuthorError> {
    let value = Some(memory.value());
    match result {
        Ok(draft) => Ok(Draft { memory: value, ..draft }),
        Err(Trouble::Ask(clarification)) => Err(AuthorError::Unclear(clarification, value)),
        Err(Trouble::Cannot(why)) => Err(AuthorError::Unanswerable(why)),
        Err(Trouble::Other) => Err(AuthorError::NotUnderstood(format!("I compute {HELP}"))),
    }
}

/// Writes the program for a text.
fn draft(text: &str, topic: Topic, doubt: u8) -> Result<Draft, Trouble> {
    let mut reading = Reading::new(text);
    reading.sure = reading.sure.saturating_sub(doubt);
    if reading.facts.iter().any(|fact| fact.values.iter().any(|value| value.abs() > SUM_MAX)) {
        return Err(Trouble::Cannot("I compute with numbers up to a thousand million million".into()));
    }
    let joined = !topic.is_of_flows()
        && !matches!(topic, Topic::Comparison | Topic::Cagr | Topic::Percentage | Topic::Depreciation);
    if joined && !reading.has("refinance") {
        let what_if = reading.says(&["what if"])
            || reading.any(&["step", "steps", "prices", "between", "range"])
            || reading
                .tokens
                .iter()
                .any(|t| t.is_any(&["prices", "amounts", "steps", "costs", "range", "vary"]));
        reading.facts = ranges::join_ranges(&reading.tokens, std::mem::take(&mut reading.facts), what_if);
    }
    let program = match topic {
        Topic::Npv | Topic::Irr | Topic::Mirr | Topic::Payback | Topic::ProfitabilityIndex => {
            investments::investment(&mut reading, topic)
        }
        Topic::Depreciation => depreciation::depreciation(&mut reading),
        Topic::BreakEven => trade::break_even(&mut reading),
        Topic::Cagr => growth::cagr(&mut reading),
        Topic::EffectiveRate => growth::effective(&mut reading),
        Topic::Comparison => match offers::comparison(&mut reading) {
            // "compare 3% and 4% on 100k": one loan with several values.
            Err(Trouble::Other) => return draft(text, Topic::Payment, doubt.saturating_add(3)),
            result => result,
        },
        Topic::Affordability => loans::affordability(&mut reading),
        Topic::Amortisation => schedules::amortisation(&mut reading),
        Topic::Periods => savings::how_long(&mut reading),
        Topic::Rate => savings::rate(&mut reading),
        Topic::Payment => loans::payment(&mut reading),
        Topic::Present => savings::present(&mut reading),
        Topic::Future => savings::future(&mut reading),
        Topic::Inflation => inflation::inflation(&mut reading),
        Topic::Bond => bonds::bond(&mut reading),
        Topic::Tax => trade::tax(&mut reading),
        Topic::Margin => trade::margin(&mut reading),
        Topic::Roi => growth::roi(&mut reading),
        Topic::Percentage => percent::percentage(&mut reading),
    }?;
    if let Some(unused) = reading.unused() {
        return reading::ask(format!("What does {unused} stand for?"));
    }
    if program.trials() > TRIALS_MAX {
        return reading::ask(format!(
            "That is {} calculations, I try up to {TRIALS_MAX}; which values matter?",
            program.trials()
        ));
    }
    Ok(written(text, &program, &reading))
}

fn written(text: &str, program: &Program, reading: &Reading) -> Draft {
    let mut explanation = loans::capital(&program.said);
    if !reading.assumed.is_empty() {
        explanation += &format!(" (taken for granted: {})", reading.assumed.join("; "));
    }
    explanation.push('.');
    let mut code = comment(&format!("Question: {text}"));
    code += &comment(&explanation);
    code += &program.render(reading.currency, reading.wants_chart());
    Draft { language: Language::Python, code, explanation, confidence: Some(reading.sure), memory: None }
}

/// One question back that options answer.
fn clarify(question: String, options: Vec<String>) -> AuthorError {
    AuthorError::unclear(Clarification { question, options })
}
