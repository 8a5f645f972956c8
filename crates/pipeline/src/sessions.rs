//! Conversations: each question of one is asked with what was asked before, and of whose files it was.
//!
//! A session belongs to whoever began it; for everybody else there is none. One turn is taken at a time: whoever
//! comes while another is taken is told so at once, before anything is done for it.

use async_trait::async_trait;
use serde::{Deserialize, Serialize};

use crate::{
    ask::Decision,
    ports::{Clarification, StoreError, Turn},
    run::{FileRef, Principal, RunId},
};

/// Turns that are kept of a session; the newest.
pub const TURNS_MAX: usize = 20;

/// Largest memory of an author that is kept with a turn, in bytes; of a larger one there is none.
pub const MEMORY_BYTES_MAX: usize = 16 * 1024;

/// Time for which a session is kept since its last turn, in milliseconds: a week.
pub const SESSION_KEPT_MS: i64 = 7 * 24 * 3600 * 1000;

/// Time after which a turn that has not ended is given up, in milliseconds: far more than any takes.
pub const TURN_MS_MAX: i64 = 15 * 60 * 1000;

/// A conversation.
#[derive(Debug, Clone, PartialEq)]
pub struct Session {
    /// Its identity.
    pub id: String,
    /// Counts every change; 0 before it is kept.
    pub version: i64,
    /// What was asked, the newest last.
    pub turns: Vec<SessionTurn>,
}

/// A question of a session and what came of it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct SessionTurn {
    /// What the author is told of it.
    pub turn: Turn,
    /// What was made of it.
    pub decision: Decision,
    /// Its run.
    pub run: RunId,
    /// The files it was about.
    pub files: Vec<FileRef>,
}

/// A conversation as its owner finds it in a list.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
#[serde(rename_all = "camelCase")]
pub struct SessionInfo {
    /// Its identity.
    pub id: String,
    /// The question that began it, in one line and cut; empty if an earlier version of the program kept it.
    pub title: String,
    /// Questions that were asked in it.
    pub questions: u64,
    /// When what came of the last one was kept, in milliseconds since the Unix epoch.
    pub last_ms: i64,
    /// Until when it is kept unless it goes on, in milliseconds since the Unix epoch.
    pub expires_ms: i64,
}

/// A conversation and the newest of its questions.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
#[serde(rename_all = "camelCase")]
pub struct SessionView {
    /// What is in a list of it.
    #[serde(flatten)]
    pub info: SessionInfo,
    /// The questions that the next one is understood with, the newest last.
    pub turns: Vec<TurnView>,
}

/// A question of a session as its owner sees it.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
#[serde(rename_all = "camelCase")]
pub struct TurnView {
    /// The question, or the answer to the one that was asked back.
    pub question: String,
    /// What was asked back, if it was not answered.
    #[cfg_attr(feature = "schema", schema(required))]
    pub clarification: Option<Clarification>,
    /// What was made of it.
    pub decision: Decision,
    /// Its run.
    pub run: RunId,
    /// The files it was about.
    pub files: Vec<FileRef>,
}

impl From<SessionTurn> for TurnView {
    fn from(SessionTurn { turn, decision, run, files }: SessionTurn) -> TurnView {
        TurnView { question: turn.question, clarification: turn.clarification, decision, run, files }
    }
}

/// What removing a session came to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Removal {
    /// It is gone, and what its runs kept.
    Removed,
    /// A turn is being taken.
    Busy,
    /// There is none, or none of theirs.
    Missing,
}

/// What opening a session came to.
#[derive(Debug, Clone, PartialEq)]
pub enum Opened {
    /// It is there, and its next turn is the caller's.
    Session(Session),
    /// Another turn is being taken.
    Busy,
    /// There is none, or none of theirs.
    Missing,
}

/// Keeps sessions.
#[async_trait]
pub trait Sessions: Send + Sync {
    /// Begins the next turn of the principal's own session, unless another is being taken.
    async fn open_session(&self, principal: &Principal, id: &str) -> Result<Opened, StoreError>;

    /// Ends a turn: keeps the session's turns, and it itself if it is new. False if it was changed by others since it
    /// was opened; then nothing is kept.
    async fn put_session(&self, principal: &Principal, session: &Session) -> Result<bool, StoreError>;

    /// Ends a turn of which nothing is kept.
    async fn close_session(&self, principal: &Principal, session: &Session) -> Result<(), StoreError>;

    /// The principal's own sessions, the one that began last first: at most `limit` of those that began before the
    /// one called `before`.
    async fn sessions(
        &self,
        principal: &Principal,
        before: Option<&str>,
        limit: u32,
    ) -> Result<Vec<SessionInfo>, StoreError>;

    /// A session of the principal's own; none if there is no such one any more.
    async fn session(&self, principal: &Principal, id: &str) -> Result<Option<SessionView>, StoreError>;

    /// Removes a session of the principal's own, and erases what its runs keep: questions, programs, inputs and
    /// outputs. Their histories stay.
    async fn remove_session(&self, principal: &Principal, id: &str) -> Result<Removal, StoreError>;
}

/// Longest title of a session, in bytes.
const TITLE_BYTES_MAX: usize = 200;

impl Session {
    /// What it is called in a list: its oldest question, in one line without control characters.
    pub fn title(&self) -> String {
        let question = self.turns.first().map_or("", |turn| turn.turn.question.as_str());
        let words = question.split(|letter: char| letter.is_whitespace() || letter.is_control());
        let mut title = words.filter(|word| !word.is_empty()).collect::<Vec<_>>().join(" ");
        if title.len() > TITLE_BYTES_MAX {
            title.truncate(title.floor_char_boundary(TITLE_BYTES_MAX - '…'.len_utf8()));
            title.push('…');
        }
        title
    }

    /// A session without a turn.
    pub(crate) fn new(id: RunId) -> Session {
        Session { id: id.to_string(), version: 0, turns: Vec::new() }
    }

    /// What an author is told.
    pub(crate) fn earlier(&self) -> Vec<Turn> {
        self.turns.iter().map(|turn| turn.turn.clone()).collect()
    }

    /// The files that a question without any is about.
    pub(crate) fn files(&self) -> &[FileRef] {
        self.turns.last().map_or(&[], |turn| &turn.files)
    }

    /// Adds a turn; the oldest make room for it.
    pub(crate) fn push(&mut self, mut turn: SessionTurn) {
        turn.turn.memory = turn.turn.memory.filter(|memory| memory.to_string().len() <= MEMORY_BYTES_MAX);
        self.turns.push(turn);
        self.turns.drain(..self.turns.len().saturating_sub(TURNS_MAX));
    }
}

#[cfg(test)]
mod tests {
    use uuid::Uuid;

    use super::*;

    #[test]
    fn the_newest_turns_are_kept_and_small_memories() {
        let mut session = Session::new(RunId(Uuid::nil()));
        for number in 0..=TURNS_MAX {
            let memory = "m".repeat(if number % 2 == 0 { MEMORY_BYTES_MAX } else { 10 });
            session.push(SessionTurn {
                turn: Turn { question: number.to_string(), clarification: None, memory: Some(memory.into()) },
                decision: Decision::Answered,
                run: RunId(Uuid::nil()),
                files: Vec::new(),
            });
        }
        assert_eq!(session.turns.len(), TURNS_MAX);
        assert_eq!(session.earlier()[0].question, "1");
        assert!(session.earlier()[0].memory.is_some() && session.earlier()[1].memory.is_none());
    }

    #[test]
    fn a_title_is_one_short_line() {
        let title = |question: &str| {
            let turn = Turn { question: question.to_owned(), clarification: None, memory: None };
            let (decision, run) = (Decision::Answered, RunId(Uuid::nil()));
            Session {
                turns: vec![SessionTurn { turn, decision, run, files: Vec::new() }],
                ..Session::new(run)
            }
            .title()
        };
        assert_eq!(title("total\n\tby\u{0} region "), "total by region");
        assert_eq!((title(&"é".repeat(100)).len(), title(&"é".repeat(101)).len()), (200, 199));
        assert_eq!(Session::new(RunId(Uuid::nil())).title(), "");
    }
}
