//! The built-in analyst: understands common questions by rules alone, needs no key and always answers alike.

mod columns;
mod finance;
mod load;
mod program;
mod python;
mod query;
mod vocabulary;
mod words;

use async_trait::async_trait;
use ringfence_pipeline::ports::{Assignment, AuthorError, CodeAuthor, Draft, TableProfile, Written};

use query::Query;
use words::Token;

/// Longest question, in bytes.
const QUESTION_BYTES_MAX: usize = 4096;

/// Most words and numbers of a question.
const QUESTION_TOKENS_MAX: usize = 400;

/// Writes programs for net present values and for common questions about tables.
#[derive(Debug, Clone, Copy, Default)]
pub struct Analyst;

#[async_trait]
impl CodeAuthor for Analyst {
    fn name(&self) -> String {
        "analyst".to_owned()
    }

    async fn write(&self, assignment: &Assignment) -> Written {
        Written::free(Analyst::draft(assignment))
    }
}

impl Analyst {
    /// Writes the program at once: nothing here waits.
    ///
    /// # Errors
    /// [`AuthorError::Unclear`] asks one question back; [`AuthorError::NotUnderstood`] says what can be asked.
    pub fn draft(assignment: &Assignment) -> Result<Draft, AuthorError> {
        let question = assignment.question.trim();
        if question.len() > QUESTION_BYTES_MAX {
            return Err(AuthorError::NotUnderstood(format!(
                "the question is longer than {QUESTION_BYTES_MAX} bytes, ask a shorter one"
            )));
        }
        let tokens = words::tokens(question);
        if tokens.len() > QUESTION_TOKENS_MAX {
            return Err(AuthorError::NotUnderstood(format!(
                "the question has more than {QUESTION_TOKENS_MAX} words, ask a shorter one"
            )));
        }
        if let Some(answer) = finance::read(assignment) {
            return answer;
        }
        let (query, table) = choose_table(&tokens, assignment)?;
        Ok(program::write(question, &query, table))
    }
}

/// The table that the question fits; where several fit, the one whose names it uses most.
fn choose_table<'a>(
    tokens: &[Token],
    assignment: &'a Assignment,
) -> Result<(Query, &'a TableProfile), AuthorError> {
    let readings: Vec<_> =
        assignment.tables.iter().map(|table| (query::parse(tokens, table), table)).collect();
    let mut understood: Vec<(&Query, &TableProfile)> =
        readings.iter().filter_map(|(reading, table)| Some((reading.as_ref().ok()?, *table))).collect();
    let most = understood.iter().map(|(query, _)| query.exact_names).max().unwrap_or(0);
    understood.retain(|(query, _)| query.exact_names == most);
    // What a workbook hides is asked for by its name only.
    if understood.iter().any(|(_, table)| !table.hidden) {
        understood.retain(|(_, table)| !table.hidden);
    }
    match understood[..] {
        [(query, table)] => Ok((query.clone(), table)),
        [] => Err(why_not(readings, assignment)),
        _ => {
            let tables: Vec<String> = understood.iter().map(|(_, table)| table.name()).collect();
            Err(AuthorError::unclear(format!("which table do you mean: {}?", tables.join(" or "))))
        }
    }
}

fn why_not(
    readings: Vec<(Result<Query, AuthorError>, &TableProfile)>,
    assignment: &Assignment,
) -> AuthorError {
    let mut errors: Vec<AuthorError> =
        readings.into_iter().filter_map(|(reading, _)| reading.err()).collect();
    match errors.len() {
        0 if assignment.files.is_empty() => AuthorError::NotUnderstood(format!(
            "I compute {}, and answer questions about a spreadsheet that comes with the question, such as \"total revenue by region\" or \
             \"top 5 customers by revenue\"",
            finance::HELP
        )),
        0 => AuthorError::NotUnderstood(format!(
            "none of the files is a table I can read: {}; send a spreadsheet or a CSV file",
            assignment.files.join(", ")
        )),
        // A table that was nearly understood says more than the others.
        _ => {
            let unclear = errors.iter().position(|error| matches!(error, AuthorError::Unclear(..)));
            errors.swap_remove(unclear.unwrap_or(0))
        }
    }
}
