//! The built-in analyst: understands common questions by rules alone, needs no key and always answers alike.

mod before;
mod conversation;
mod dates;
mod describe;
mod finance;
mod german;
mod load;
mod mentions;
mod numerals;
mod overview;
mod parse;
mod phrasing;
mod program;
mod python;
mod query;
mod refuse;
mod spelling;
mod stack;
mod understand;
mod view;
mod vocabulary;
mod words;

use async_trait::async_trait;
use ringfence_pipeline::ports::{Assignment, AuthorError, CodeAuthor, Draft, Written};

use refuse::Refusal;

/// Longest question, in bytes.
const QUESTION_BYTES_MAX: usize = 4096;

/// Most words and numbers of a question.
const QUESTION_TOKENS_MAX: usize = 400;

/// Writes programs for questions of finance and for common questions about tables.
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
    /// [`AuthorError::Unclear`] asks one question back; [`AuthorError::Unanswerable`] says what the data cannot say,
    /// [`AuthorError::Destructive`] what is not done; [`AuthorError::NotUnderstood`] says what can be asked.
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
        // "which product line has a margin below 30 percent" asks of the table that came with it.
        let year = |token: &words::Token| {
            token.raw.len() == 4 && token.count().is_some_and(|year| (1900..2100).contains(&year))
        };
        // Nor does "what would 2023 sales be" tell a sum of 2023.
        let of_a_year = tokens.iter().any(|token| token.is("would")) && tokens.iter().any(year);
        let of_rows = !assignment.tables.is_empty()
            && (of_a_year || tokens.first().is_some_and(|token| token.is_any(&["which", "who"])));
        if let Some(answer) = finance::read(assignment).filter(|_| !of_rows) {
            return answer;
        }
        match refuse::check(&tokens) {
            Some(Refusal::Destructive(why)) => return Err(AuthorError::Destructive(why)),
            Some(Refusal::Unanswerable(why)) => {
                let columns: Vec<String> = assignment.tables.iter().take(3).map(view::columns_said).collect();
                let said = if columns.is_empty() { why } else { format!("{why}; {}", columns.join("; ")) };
                return Err(AuthorError::Unanswerable(said));
            }
            None => {}
        }
        if assignment.tables.is_empty() {
            return Err(AuthorError::NotUnderstood(no_table(assignment)));
        }
        if overview::is_asked(&tokens) {
            return Ok(overview::draft(question, &assignment.tables));
        }
        understand::draft(question, &phrasing::plain(tokens), assignment)
    }
}

fn no_table(assignment: &Assignment) -> String {
    if assignment.files.is_empty() {
        format!(
            "I compute {}, and answer questions about a spreadsheet that comes with the question, such as \"total revenue by region\" or \
             \"top 5 customers by revenue\"",
            finance::HELP
        )
    } else {
        format!(
            "none of the files is a table I can read: {}; send a spreadsheet or a CSV file",
            assignment.files.join(", ")
        )
    }
}
