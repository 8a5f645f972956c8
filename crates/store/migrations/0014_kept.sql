-- Every run changes what it keeps twice, so that few trees are to know of it: runs in progress, which are few, come
-- first in the table, and those that have ended follow in the order in which they make room. Only these are
-- in the index. Whose time is over is found by looking at them in turn.
ALTER TABLE kept RENAME TO old_kept;
DROP INDEX kept_by_tenant;
DROP INDEX kept_by_key;
DROP INDEX kept_by_time;

CREATE TABLE kept (
    run      TEXT    NOT NULL,
    tenant   TEXT    NOT NULL,
    key_id   TEXT    NOT NULL,
    bytes    INTEGER NOT NULL CHECK (bytes >= 0),
    ended    INTEGER NOT NULL CHECK (ended IN (0, 1)),
    until_ms INTEGER NOT NULL,
    PRIMARY KEY (ended, tenant, run)
) STRICT, WITHOUT ROWID;

INSERT INTO kept SELECT * FROM old_kept ORDER BY ended, tenant, run;
DROP TABLE old_kept;
CREATE INDEX kept_by_key ON kept (key_id, run) WHERE ended = 1;
