-- 0016 of SQLite, where it is explained.
CREATE TABLE sessions (
    id            TEXT   NOT NULL PRIMARY KEY,
    tenant        TEXT   NOT NULL,
    "user"        TEXT   NOT NULL,
    version       BIGINT NOT NULL CHECK (version >= 1),
    turns         TEXT   NOT NULL,
    busy_until_ms BIGINT NOT NULL,
    expires_ms    BIGINT NOT NULL
);

CREATE INDEX sessions_by_age ON sessions (expires_ms);
