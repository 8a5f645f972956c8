-- Budgets of scopes: 0 org, 1 tenant, 2 user, 3 key, 4 session, 5 run. A scope is its kind, its tenant (empty
-- for the org) and its name among those (empty for a tenant). Money is in nano-dollars; NULL is no limit.
ALTER TABLE budgets RENAME TO key_budgets;

-- What is limited, for a period: total, month, week, day.
CREATE TABLE budgets (
    kind             INTEGER NOT NULL CHECK (kind BETWEEN 0 AND 5),
    tenant           TEXT    NOT NULL,
    name             TEXT    NOT NULL,
    period           TEXT    NOT NULL CHECK (period IN ('total', 'month', 'week', 'day')),
    limit_nano_usd   INTEGER CHECK (limit_nano_usd >= 0),
    limit_tokens     INTEGER CHECK (limit_tokens >= 0),
    limit_runs       INTEGER CHECK (limit_runs >= 0),
    limit_sandbox_ms INTEGER CHECK (limit_sandbox_ms >= 0),
    PRIMARY KEY (kind, tenant, name, period)
) STRICT, WITHOUT ROWID;

-- What a scope has used and holds in the period that begins on a day (counted from 1970-01-01). There is one
-- where there is a budget, from its first use on, and it is kept up for as long as the period lasts: it is
-- always the sum over `usage` and over the reservations that are held. STRICT columns refuse the
-- floating-point value that SQLite makes of an integer overflow, so a sum that does not fit fails instead of
-- rounding.
CREATE TABLE balances (
    kind                INTEGER NOT NULL,
    tenant              TEXT    NOT NULL,
    name                TEXT    NOT NULL,
    period              TEXT    NOT NULL,
    first_day           INTEGER NOT NULL,
    spent_nano_usd      INTEGER NOT NULL CHECK (spent_nano_usd >= 0),
    spent_tokens        INTEGER NOT NULL CHECK (spent_tokens >= 0),
    spent_runs          INTEGER NOT NULL CHECK (spent_runs >= 0),
    spent_sandbox_ms    INTEGER NOT NULL CHECK (spent_sandbox_ms >= 0),
    reserved_nano_usd   INTEGER NOT NULL CHECK (reserved_nano_usd >= 0),
    reserved_tokens     INTEGER NOT NULL CHECK (reserved_tokens >= 0),
    reserved_runs       INTEGER NOT NULL CHECK (reserved_runs >= 0),
    reserved_sandbox_ms INTEGER NOT NULL CHECK (reserved_sandbox_ms >= 0),
    -- The highest threshold in percent that was told.
    told                INTEGER NOT NULL DEFAULT 0,
    PRIMARY KEY (kind, tenant, name, period, first_day)
) STRICT, WITHOUT ROWID;

-- What is held for a step until it is settled. A crash leaves it held; after until_ms it is settled at its
-- bound, and the step counts as interrupted. One that waits for a person has not begun: after until_ms it is
-- released.
CREATE TABLE new_reservations (
    run             TEXT    NOT NULL,
    step            INTEGER NOT NULL CHECK (step >= 0),
    tenant          TEXT    NOT NULL,
    user            TEXT    NOT NULL,
    key_id          TEXT    NOT NULL REFERENCES keys (id),
    session         TEXT    NOT NULL,
    author          TEXT    NOT NULL,
    at_ms           INTEGER NOT NULL,
    nano_usd        INTEGER NOT NULL CHECK (nano_usd >= 0),
    tokens          INTEGER NOT NULL CHECK (tokens >= 0),
    runs            INTEGER NOT NULL CHECK (runs >= 0),
    sandbox_ms      INTEGER NOT NULL CHECK (sandbox_ms >= 0),
    until_ms        INTEGER NOT NULL,
    state           TEXT    NOT NULL
        CHECK (state IN ('waiting', 'held', 'settled', 'interrupted', 'released')),
    used_nano_usd   INTEGER CHECK (used_nano_usd >= 0),
    used_tokens     INTEGER CHECK (used_tokens >= 0),
    used_runs       INTEGER CHECK (used_runs >= 0),
    used_sandbox_ms INTEGER CHECK (used_sandbox_ms >= 0),
    PRIMARY KEY (run, step),
    FOREIGN KEY (run, tenant) REFERENCES runs (id, tenant),
    CHECK ((state IN ('settled', 'interrupted')) = (used_nano_usd IS NOT NULL)),
    CHECK ((used_nano_usd IS NULL) = (used_tokens IS NULL)),
    CHECK ((used_nano_usd IS NULL) = (used_runs IS NULL)),
    CHECK ((used_nano_usd IS NULL) = (used_sandbox_ms IS NULL))
) STRICT, WITHOUT ROWID;

INSERT INTO new_reservations
SELECT r.run, r.step, r.tenant, runs.user, r.key_id, '', '', runs.opened_ms, 0, 0, r.runs, r.sandbox_ms,
       r.lease_until_ms, r.state, CASE WHEN r.state = 'held' THEN NULL ELSE 0 END,
       CASE WHEN r.state = 'held' THEN NULL ELSE 0 END, r.used_runs, r.used_sandbox_ms
FROM reservations AS r JOIN runs ON runs.id = r.run;

DROP TABLE reservations;
ALTER TABLE new_reservations RENAME TO reservations;
CREATE INDEX reservations_open ON reservations (until_ms) WHERE state IN ('held', 'waiting');

-- What was used, by the day on which it was reserved.
CREATE TABLE usage (
    day        INTEGER NOT NULL,
    tenant     TEXT    NOT NULL,
    user       TEXT    NOT NULL,
    key_id     TEXT    NOT NULL,
    session    TEXT    NOT NULL,
    author     TEXT    NOT NULL,
    nano_usd   INTEGER NOT NULL CHECK (nano_usd >= 0),
    tokens     INTEGER NOT NULL CHECK (tokens >= 0),
    runs       INTEGER NOT NULL CHECK (runs >= 0),
    sandbox_ms INTEGER NOT NULL CHECK (sandbox_ms >= 0),
    PRIMARY KEY (day, tenant, user, key_id, session, author)
) STRICT, WITHOUT ROWID;

INSERT INTO usage
SELECT at_ms / 86400000, tenant, user, key_id, session, author, 0, 0, sum(used_runs), sum(used_sandbox_ms)
FROM reservations WHERE state IN ('settled', 'interrupted')
GROUP BY 1, 2, 3, 4, 5, 6;

-- The limits that keys had are theirs for good.
INSERT INTO budgets
SELECT 3, keys.tenant, keys.id, 'total', NULL, NULL, k.limit_runs, k.limit_sandbox_ms
FROM key_budgets AS k JOIN keys ON keys.id = k.key_id;
INSERT INTO balances
SELECT 3, keys.tenant, keys.id, 'total', 0, 0, 0, k.spent_runs, k.spent_sandbox_ms,
       0, 0, k.reserved_runs, k.reserved_sandbox_ms, 0
FROM key_budgets AS k JOIN keys ON keys.id = k.key_id;
DROP TABLE key_budgets;

-- Thresholds that were reached, each once until its limit is changed.
CREATE TABLE crossings (
    kind      INTEGER NOT NULL,
    tenant    TEXT    NOT NULL,
    name      TEXT    NOT NULL,
    period    TEXT    NOT NULL,
    percent   INTEGER NOT NULL,
    at_ms     INTEGER NOT NULL,
    run       TEXT    NOT NULL
) STRICT;

CREATE INDEX crossings_by_scope ON crossings (kind, tenant, name, at_ms);
