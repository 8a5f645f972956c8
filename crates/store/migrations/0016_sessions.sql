-- Conversations: what was asked and answered in each, the newest turns as one text, for whoever asked it only.
CREATE TABLE sessions (
    id            TEXT    NOT NULL PRIMARY KEY,
    tenant        TEXT    NOT NULL,
    "user"        TEXT    NOT NULL,
    version       INTEGER NOT NULL CHECK (version >= 1),
    turns         TEXT    NOT NULL,
    busy_until_ms INTEGER NOT NULL,
    expires_ms    INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

CREATE INDEX sessions_by_age ON sessions (expires_ms);
