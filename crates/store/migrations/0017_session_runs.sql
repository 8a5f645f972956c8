-- Which runs belong to a conversation, so that what they keep can be erased with it; and what it is called.
CREATE TABLE session_runs (
    session TEXT NOT NULL REFERENCES sessions (id) ON DELETE CASCADE,
    run     TEXT NOT NULL,
    PRIMARY KEY (session, run)
) STRICT, WITHOUT ROWID;

INSERT INTO session_runs
SELECT DISTINCT sessions.id, json_extract(turn.value, '$.run') FROM sessions, json_each(sessions.turns) AS turn;

-- Sessions of before have none: they are kept for a week.
ALTER TABLE sessions ADD COLUMN title TEXT NOT NULL DEFAULT '';

CREATE INDEX sessions_by_user ON sessions (tenant, "user", id);
