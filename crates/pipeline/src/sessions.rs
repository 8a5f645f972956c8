//! Conversations: each question of one is asked with what was asked before, and of whose files it was.
//!
//! A session belongs to whoever began it; for everybody else there is none. One turn is taken at a time: whoever
//! comes while another is taken is told so at once, before anything is done for it.

use async_trait::async_trait;
use serde::{Deserialize, Serialize};

use crate::{
    ask::Decision,
    ports::{StoreError, Turn},
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
}

impl Session {
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
}
