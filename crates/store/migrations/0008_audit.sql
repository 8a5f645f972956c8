-- What was changed that is no run's event: keys, uploads, budgets, contents that were erased.
CREATE TABLE changes (
    tenant TEXT    NOT NULL,
    n      INTEGER NOT NULL,
    at_ms  INTEGER NOT NULL,
    actor  TEXT    NOT NULL,
    kind   TEXT    NOT NULL,
    body   TEXT    NOT NULL,
    PRIMARY KEY (tenant, n)
) STRICT, WITHOUT ROWID;

-- One chain for each tenant. An entry vouches for one row: the opening of a run (seq is null), one of its
-- events, or the change with its own number (run is null). digest is the SHA-256 of that row, and mac is
-- keyed and covers the entry before. The key is not in here.
CREATE TABLE audit (
    tenant TEXT    NOT NULL,
    n      INTEGER NOT NULL CHECK (n > 0),
    run    TEXT,
    seq    INTEGER CHECK (seq IS NULL OR run IS NOT NULL),
    digest BLOB    NOT NULL CHECK (length(digest) = 32),
    mac    BLOB    NOT NULL CHECK (length(mac) = 32),
    PRIMARY KEY (tenant, n)
) STRICT, WITHOUT ROWID;

CREATE TRIGGER audit_keeps_what_was_said BEFORE UPDATE ON audit
BEGIN
    SELECT RAISE(ABORT, 'the audit chain is append-only, it cannot be updated');
END;

CREATE TRIGGER audit_forgets_nothing BEFORE DELETE ON audit
BEGIN
    SELECT RAISE(ABORT, 'the audit chain is append-only, nothing of it can be deleted');
END;

CREATE TRIGGER audit_goes_on_at_its_end BEFORE INSERT ON audit
WHEN NEW.n <= (SELECT max(n) FROM audit WHERE tenant = NEW.tenant)
BEGIN
    SELECT RAISE(ABORT, 'the audit chain is append-only, it goes on at its end');
END;

CREATE TRIGGER changes_keep_what_was_said BEFORE UPDATE ON changes
BEGIN
    SELECT RAISE(ABORT, 'changes are append-only, they cannot be updated');
END;

CREATE TRIGGER changes_forget_nothing BEFORE DELETE ON changes
BEGIN
    SELECT RAISE(ABORT, 'changes are append-only, they cannot be deleted');
END;

CREATE TRIGGER changes_replace_nothing BEFORE INSERT ON changes
WHEN EXISTS (SELECT 1 FROM changes WHERE tenant = NEW.tenant AND n = NEW.n)
BEGIN
    SELECT RAISE(ABORT, 'changes are append-only, this one is recorded already');
END;

-- Whose a run is belongs to the record as well.
CREATE TRIGGER runs_keep_what_was_said BEFORE UPDATE ON runs
BEGIN
    SELECT RAISE(ABORT, 'runs are append-only, they cannot be updated');
END;

CREATE TRIGGER runs_forget_nothing BEFORE DELETE ON runs
BEGIN
    SELECT RAISE(ABORT, 'runs are append-only, they cannot be deleted');
END;
