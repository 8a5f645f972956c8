-- A run is one row in one tree: ids sort by time, so that a tenant's runs are listed along its key. That no two
-- tenants have one id, its first event sees to, whose key is the run.
--
-- Events and reservations refer to runs by name. While the table is replaced they refer to nothing, and the
-- transaction is only committed if each of them has its run again.
PRAGMA defer_foreign_keys = on;

CREATE TABLE old_runs AS SELECT * FROM runs;
DROP TABLE runs;

-- A run belongs to the tenant that opened it, for good.
CREATE TABLE runs (
    id        TEXT    NOT NULL,
    tenant    TEXT    NOT NULL,
    user      TEXT    NOT NULL,
    key_id    TEXT    NOT NULL,
    opened_ms INTEGER NOT NULL,
    PRIMARY KEY (tenant, id)
) STRICT, WITHOUT ROWID;

INSERT INTO runs SELECT * FROM old_runs ORDER BY tenant, id;
DROP TABLE old_runs;

CREATE TRIGGER runs_keep_what_was_said BEFORE UPDATE ON runs
BEGIN
    SELECT RAISE(ABORT, 'runs are append-only, they cannot be updated');
END;

CREATE TRIGGER runs_forget_nothing BEFORE DELETE ON runs
BEGIN
    SELECT RAISE(ABORT, 'runs are append-only, they cannot be deleted');
END;
