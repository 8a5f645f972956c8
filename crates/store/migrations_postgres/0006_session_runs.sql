-- 0017 of SQLite, where it is explained.
CREATE TABLE session_runs (
    session TEXT NOT NULL REFERENCES sessions (id) ON DELETE CASCADE,
    run     TEXT NOT NULL,
    PRIMARY KEY (session, run)
);

INSERT INTO session_runs
SELECT DISTINCT sessions.id, turn.value ->> 'run' FROM sessions, json_array_elements(sessions.turns::json) AS turn;

ALTER TABLE sessions ADD COLUMN title TEXT NOT NULL DEFAULT '';

CREATE INDEX sessions_by_user ON sessions (tenant, "user", id);
