-- Who there is. Names are text; tenant, user and role reach a request only through its key.
CREATE TABLE tenants (
    name       TEXT    NOT NULL PRIMARY KEY,
    created_ms INTEGER NOT NULL
) STRICT;

CREATE TABLE users (
    tenant     TEXT    NOT NULL REFERENCES tenants (name),
    name       TEXT    NOT NULL,
    created_ms INTEGER NOT NULL,
    PRIMARY KEY (tenant, name)
) STRICT;

-- A key is kept as HMAC-SHA256 of its secret. The built-in identity of this machine has no secret,
-- so nothing sent over a network can ever match it.
CREATE TABLE keys (
    id           TEXT    NOT NULL PRIMARY KEY,
    tenant       TEXT    NOT NULL,
    user         TEXT    NOT NULL,
    role         TEXT    NOT NULL CHECK (role IN ('member', 'admin')),
    label        TEXT    NOT NULL,
    secret_hmac  BLOB             CHECK (secret_hmac IS NULL OR length(secret_hmac) = 32),
    created_ms   INTEGER NOT NULL,
    last_used_ms INTEGER,
    revoked_ms   INTEGER,
    FOREIGN KEY (tenant, user) REFERENCES users (tenant, name)
) STRICT;

CREATE INDEX keys_by_tenant ON keys (tenant, created_ms);

-- What each key may use. STRICT columns refuse the floating-point value that SQLite makes of an
-- integer overflow, so a sum that does not fit fails instead of rounding.
CREATE TABLE budgets (
    key_id              TEXT    NOT NULL PRIMARY KEY REFERENCES keys (id),
    limit_runs          INTEGER NOT NULL CHECK (limit_runs >= 0),
    limit_sandbox_ms    INTEGER NOT NULL CHECK (limit_sandbox_ms >= 0),
    spent_runs          INTEGER NOT NULL DEFAULT 0 CHECK (spent_runs >= 0),
    spent_sandbox_ms    INTEGER NOT NULL DEFAULT 0 CHECK (spent_sandbox_ms >= 0),
    reserved_runs       INTEGER NOT NULL DEFAULT 0 CHECK (reserved_runs >= 0),
    reserved_sandbox_ms INTEGER NOT NULL DEFAULT 0 CHECK (reserved_sandbox_ms >= 0)
) STRICT;

-- A run belongs to the tenant that opened it, for good.
CREATE TABLE runs (
    id        TEXT    NOT NULL PRIMARY KEY,
    tenant    TEXT    NOT NULL,
    user      TEXT    NOT NULL,
    key_id    TEXT    NOT NULL,
    opened_ms INTEGER NOT NULL,
    UNIQUE (id, tenant)
) STRICT;

CREATE INDEX runs_by_tenant ON runs (tenant, opened_ms DESC, id DESC);

-- The record. The foreign key over (run, tenant) refuses an event for another tenant's run.
CREATE TABLE events (
    run    TEXT    NOT NULL,
    seq    INTEGER NOT NULL CHECK (seq >= 0),
    tenant TEXT    NOT NULL,
    kind   TEXT    NOT NULL,
    at_ms  INTEGER NOT NULL,
    body   TEXT    NOT NULL,
    PRIMARY KEY (run, seq),
    FOREIGN KEY (run, tenant) REFERENCES runs (id, tenant)
) STRICT, WITHOUT ROWID;

CREATE TRIGGER events_keep_what_was_said BEFORE UPDATE ON events
BEGIN
    SELECT RAISE(ABORT, 'events are append-only, they cannot be updated');
END;

CREATE TRIGGER events_forget_nothing BEFORE DELETE ON events
BEGIN
    SELECT RAISE(ABORT, 'events are append-only, they cannot be deleted');
END;

-- INSERT OR REPLACE deletes without firing a delete trigger, so it is refused before it gets there.
CREATE TRIGGER events_replace_nothing BEFORE INSERT ON events
WHEN EXISTS (SELECT 1 FROM events WHERE run = NEW.run AND seq = NEW.seq)
BEGIN
    SELECT RAISE(ABORT, 'events are append-only, this one is recorded already');
END;

-- What is held for a step until it is settled. A crash leaves it held; after lease_until_ms it is
-- settled at its bound, and the step counts as interrupted.
CREATE TABLE reservations (
    run             TEXT    NOT NULL,
    step            INTEGER NOT NULL CHECK (step >= 0),
    tenant          TEXT    NOT NULL,
    key_id          TEXT    NOT NULL REFERENCES budgets (key_id),
    runs            INTEGER NOT NULL CHECK (runs >= 0),
    sandbox_ms      INTEGER NOT NULL CHECK (sandbox_ms >= 0),
    lease_until_ms  INTEGER NOT NULL,
    state           TEXT    NOT NULL CHECK (state IN ('held', 'settled', 'interrupted')),
    used_runs       INTEGER CHECK (used_runs >= 0),
    used_sandbox_ms INTEGER CHECK (used_sandbox_ms >= 0),
    PRIMARY KEY (run, step),
    FOREIGN KEY (run, tenant) REFERENCES runs (id, tenant),
    CHECK ((state = 'held') = (used_runs IS NULL)),
    CHECK ((state = 'held') = (used_sandbox_ms IS NULL))
) STRICT, WITHOUT ROWID;

CREATE INDEX reservations_held ON reservations (lease_until_ms) WHERE state = 'held';
