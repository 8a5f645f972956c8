-- The layout of 0001 to 0011 of SQLite, where it is explained. Text is compared by its bytes there, and so it
-- is here; numbers have 64 bits and refuse what does not fit.

CREATE TABLE tenants (
    name       TEXT COLLATE "C" NOT NULL PRIMARY KEY,
    created_ms BIGINT           NOT NULL
);

CREATE TABLE users (
    tenant     TEXT COLLATE "C" NOT NULL REFERENCES tenants (name),
    name       TEXT COLLATE "C" NOT NULL,
    created_ms BIGINT           NOT NULL,
    PRIMARY KEY (tenant, name)
);

CREATE TABLE keys (
    id                TEXT COLLATE "C" NOT NULL PRIMARY KEY,
    tenant            TEXT COLLATE "C" NOT NULL,
    "user"            TEXT COLLATE "C" NOT NULL,
    label             TEXT COLLATE "C" NOT NULL,
    scopes            TEXT COLLATE "C" NOT NULL,
    secret_hmac       BYTEA CHECK (length(secret_hmac) = 32),
    previous_hmac     BYTEA CHECK (length(previous_hmac) = 32),
    previous_until_ms BIGINT CHECK ((previous_until_ms IS NULL) = (previous_hmac IS NULL)),
    created_ms        BIGINT           NOT NULL,
    expires_ms        BIGINT,
    last_used_ms      BIGINT,
    revoked_ms        BIGINT,
    FOREIGN KEY (tenant, "user") REFERENCES users (tenant, name)
);
CREATE INDEX keys_by_tenant ON keys (tenant, created_ms);

CREATE TABLE self_service (
    address  TEXT COLLATE "C" NOT NULL,
    given_ms BIGINT           NOT NULL
);
CREATE INDEX self_service_by_address ON self_service (address, given_ms);
CREATE INDEX self_service_by_age ON self_service (given_ms);

CREATE TABLE runs (
    id        TEXT COLLATE "C" NOT NULL PRIMARY KEY,
    tenant    TEXT COLLATE "C" NOT NULL,
    "user"    TEXT COLLATE "C" NOT NULL,
    key_id    TEXT COLLATE "C" NOT NULL,
    opened_ms BIGINT           NOT NULL,
    UNIQUE (id, tenant)
);
CREATE INDEX runs_by_id ON runs (tenant, id DESC);

-- The body is JSON as it was written: the audit chain covers its bytes.
CREATE TABLE events (
    run    TEXT COLLATE "C" NOT NULL,
    seq    BIGINT           NOT NULL CHECK (seq >= 0),
    tenant TEXT COLLATE "C" NOT NULL,
    kind   TEXT COLLATE "C" NOT NULL,
    at_ms  BIGINT           NOT NULL,
    body   TEXT COLLATE "C" NOT NULL,
    PRIMARY KEY (run, seq),
    FOREIGN KEY (run, tenant) REFERENCES runs (id, tenant)
);

CREATE TABLE changes (
    tenant TEXT COLLATE "C" NOT NULL,
    n      BIGINT           NOT NULL,
    at_ms  BIGINT           NOT NULL,
    actor  TEXT COLLATE "C" NOT NULL,
    kind   TEXT COLLATE "C" NOT NULL,
    body   TEXT COLLATE "C" NOT NULL,
    PRIMARY KEY (tenant, n)
);

CREATE TABLE audit (
    tenant TEXT COLLATE "C" NOT NULL,
    n      BIGINT           NOT NULL CHECK (n > 0),
    run    TEXT COLLATE "C",
    seq    BIGINT CHECK (seq IS NULL OR run IS NOT NULL),
    digest BYTEA            NOT NULL CHECK (length(digest) = 32),
    mac    BYTEA            NOT NULL CHECK (length(mac) = 32),
    PRIMARY KEY (tenant, n)
);

-- What was said stays. Nobody but the owner of the tables can turn these off.
CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS
$$ BEGIN RAISE EXCEPTION '%', TG_ARGV[0]; END $$;

CREATE TRIGGER events_keep_what_was_said BEFORE UPDATE ON events FOR EACH ROW
EXECUTE FUNCTION refuse('events are append-only, they cannot be updated');
CREATE TRIGGER events_forget_nothing BEFORE DELETE ON events FOR EACH ROW
EXECUTE FUNCTION refuse('events are append-only, they cannot be deleted');
CREATE TRIGGER events_forget_nothing_at_once BEFORE TRUNCATE ON events
EXECUTE FUNCTION refuse('events are append-only, they cannot be deleted');

CREATE TRIGGER changes_keep_what_was_said BEFORE UPDATE ON changes FOR EACH ROW
EXECUTE FUNCTION refuse('changes are append-only, they cannot be updated');
CREATE TRIGGER changes_forget_nothing BEFORE DELETE ON changes FOR EACH ROW
EXECUTE FUNCTION refuse('changes are append-only, they cannot be deleted');
CREATE TRIGGER changes_forget_nothing_at_once BEFORE TRUNCATE ON changes
EXECUTE FUNCTION refuse('changes are append-only, they cannot be deleted');

CREATE TRIGGER runs_keep_what_was_said BEFORE UPDATE ON runs FOR EACH ROW
EXECUTE FUNCTION refuse('runs are append-only, they cannot be updated');
CREATE TRIGGER runs_forget_nothing BEFORE DELETE ON runs FOR EACH ROW
EXECUTE FUNCTION refuse('runs are append-only, they cannot be deleted');
CREATE TRIGGER runs_forget_nothing_at_once BEFORE TRUNCATE ON runs
EXECUTE FUNCTION refuse('runs are append-only, they cannot be deleted');

CREATE TRIGGER audit_keeps_what_was_said BEFORE UPDATE ON audit FOR EACH ROW
EXECUTE FUNCTION refuse('the audit chain is append-only, it cannot be updated');
CREATE TRIGGER audit_forgets_nothing BEFORE DELETE ON audit FOR EACH ROW
EXECUTE FUNCTION refuse('the audit chain is append-only, nothing of it can be deleted');
CREATE TRIGGER audit_forgets_nothing_at_once BEFORE TRUNCATE ON audit
EXECUTE FUNCTION refuse('the audit chain is append-only, nothing of it can be deleted');

CREATE FUNCTION goes_on_at_its_end() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF NEW.n <= (SELECT max(n) FROM audit WHERE tenant = NEW.tenant) THEN
        RAISE EXCEPTION 'the audit chain is append-only, it goes on at its end';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER audit_goes_on_at_its_end BEFORE INSERT ON audit FOR EACH ROW
EXECUTE FUNCTION goes_on_at_its_end();

CREATE TABLE budgets (
    kind             BIGINT           NOT NULL CHECK (kind BETWEEN 0 AND 5),
    tenant           TEXT COLLATE "C" NOT NULL,
    name             TEXT COLLATE "C" NOT NULL,
    period           TEXT COLLATE "C" NOT NULL CHECK (period IN ('total', 'month', 'week', 'day')),
    limit_nano_usd   BIGINT CHECK (limit_nano_usd >= 0),
    limit_tokens     BIGINT CHECK (limit_tokens >= 0),
    limit_runs       BIGINT CHECK (limit_runs >= 0),
    limit_sandbox_ms BIGINT CHECK (limit_sandbox_ms >= 0),
    PRIMARY KEY (kind, tenant, name, period)
);

CREATE TABLE balances (
    kind                BIGINT           NOT NULL,
    tenant              TEXT COLLATE "C" NOT NULL,
    name                TEXT COLLATE "C" NOT NULL,
    period              TEXT COLLATE "C" NOT NULL,
    first_day           BIGINT           NOT NULL,
    spent_nano_usd      BIGINT           NOT NULL CHECK (spent_nano_usd >= 0),
    spent_tokens        BIGINT           NOT NULL CHECK (spent_tokens >= 0),
    spent_runs          BIGINT           NOT NULL CHECK (spent_runs >= 0),
    spent_sandbox_ms    BIGINT           NOT NULL CHECK (spent_sandbox_ms >= 0),
    reserved_nano_usd   BIGINT           NOT NULL CHECK (reserved_nano_usd >= 0),
    reserved_tokens     BIGINT           NOT NULL CHECK (reserved_tokens >= 0),
    reserved_runs       BIGINT           NOT NULL CHECK (reserved_runs >= 0),
    reserved_sandbox_ms BIGINT           NOT NULL CHECK (reserved_sandbox_ms >= 0),
    told                BIGINT           NOT NULL DEFAULT 0,
    PRIMARY KEY (kind, tenant, name, period, first_day)
);

CREATE TABLE reservations (
    run             TEXT COLLATE "C" NOT NULL,
    step            BIGINT           NOT NULL CHECK (step >= 0),
    tenant          TEXT COLLATE "C" NOT NULL,
    "user"          TEXT COLLATE "C" NOT NULL,
    key_id          TEXT COLLATE "C" NOT NULL REFERENCES keys (id),
    session         TEXT COLLATE "C" NOT NULL,
    author          TEXT COLLATE "C" NOT NULL,
    at_ms           BIGINT           NOT NULL,
    nano_usd        BIGINT           NOT NULL CHECK (nano_usd >= 0),
    tokens          BIGINT           NOT NULL CHECK (tokens >= 0),
    runs            BIGINT           NOT NULL CHECK (runs >= 0),
    sandbox_ms      BIGINT           NOT NULL CHECK (sandbox_ms >= 0),
    until_ms        BIGINT           NOT NULL,
    state           TEXT COLLATE "C" NOT NULL
        CHECK (state IN ('waiting', 'held', 'settled', 'interrupted', 'released')),
    used_nano_usd   BIGINT CHECK (used_nano_usd >= 0),
    used_tokens     BIGINT CHECK (used_tokens >= 0),
    used_runs       BIGINT CHECK (used_runs >= 0),
    used_sandbox_ms BIGINT CHECK (used_sandbox_ms >= 0),
    PRIMARY KEY (run, step),
    FOREIGN KEY (run, tenant) REFERENCES runs (id, tenant),
    CHECK ((state IN ('settled', 'interrupted')) = (used_nano_usd IS NOT NULL)),
    CHECK ((used_nano_usd IS NULL) = (used_tokens IS NULL)),
    CHECK ((used_nano_usd IS NULL) = (used_runs IS NULL)),
    CHECK ((used_nano_usd IS NULL) = (used_sandbox_ms IS NULL))
);
CREATE INDEX reservations_open ON reservations (until_ms) WHERE state IN ('held', 'waiting');

CREATE TABLE usage (
    day        BIGINT           NOT NULL,
    tenant     TEXT COLLATE "C" NOT NULL,
    "user"     TEXT COLLATE "C" NOT NULL,
    key_id     TEXT COLLATE "C" NOT NULL,
    session    TEXT COLLATE "C" NOT NULL,
    author     TEXT COLLATE "C" NOT NULL,
    nano_usd   BIGINT           NOT NULL CHECK (nano_usd >= 0),
    tokens     BIGINT           NOT NULL CHECK (tokens >= 0),
    runs       BIGINT           NOT NULL CHECK (runs >= 0),
    sandbox_ms BIGINT           NOT NULL CHECK (sandbox_ms >= 0),
    PRIMARY KEY (day, tenant, "user", key_id, session, author)
);

CREATE TABLE crossings (
    kind    BIGINT           NOT NULL,
    tenant  TEXT COLLATE "C" NOT NULL,
    name    TEXT COLLATE "C" NOT NULL,
    period  TEXT COLLATE "C" NOT NULL,
    percent BIGINT           NOT NULL,
    at_ms   BIGINT           NOT NULL,
    run     TEXT COLLATE "C" NOT NULL
);
CREATE INDEX crossings_by_scope ON crossings (kind, tenant, name, at_ms);

CREATE TABLE claims (
    key_id      TEXT COLLATE "C" NOT NULL REFERENCES keys (id),
    name        TEXT COLLATE "C" NOT NULL,
    fingerprint TEXT COLLATE "C" NOT NULL,
    run         TEXT COLLATE "C" NOT NULL,
    created_ms  BIGINT           NOT NULL,
    PRIMARY KEY (key_id, name)
);
CREATE INDEX claims_by_age ON claims (created_ms);
CREATE INDEX claims_by_run ON claims (run);

CREATE TABLE files (
    tenant     TEXT COLLATE "C" NOT NULL REFERENCES tenants (name),
    sha256     TEXT COLLATE "C" NOT NULL,
    key_id     TEXT COLLATE "C" NOT NULL REFERENCES keys (id),
    name       TEXT COLLATE "C" NOT NULL,
    bytes      BIGINT           NOT NULL CHECK (bytes >= 0),
    created_ms BIGINT           NOT NULL,
    expires_ms BIGINT           NOT NULL,
    PRIMARY KEY (tenant, sha256)
);
CREATE INDEX files_by_age ON files (tenant, created_ms DESC, sha256 DESC);
CREATE INDEX files_used ON files (tenant, expires_ms, key_id, bytes);
CREATE INDEX files_by_expiry ON files (expires_ms);
CREATE INDEX files_by_content ON files (sha256);

CREATE TABLE contents (
    sha256 TEXT COLLATE "C" NOT NULL PRIMARY KEY,
    bytes  BYTEA            NOT NULL
);

CREATE TABLE kept (
    run      TEXT COLLATE "C" NOT NULL PRIMARY KEY,
    tenant   TEXT COLLATE "C" NOT NULL,
    key_id   TEXT COLLATE "C" NOT NULL,
    bytes    BIGINT           NOT NULL CHECK (bytes >= 0),
    ended    BIGINT           NOT NULL CHECK (ended IN (0, 1)),
    until_ms BIGINT           NOT NULL
);
CREATE INDEX kept_by_tenant ON kept (tenant, ended, run, bytes);
CREATE INDEX kept_by_key ON kept (key_id, ended, run, bytes);
CREATE INDEX kept_by_time ON kept (until_ms);

CREATE TABLE used (
    scope TEXT COLLATE "C" NOT NULL CHECK (scope IN ('key', 'tenant')),
    id    TEXT COLLATE "C" NOT NULL,
    bytes BIGINT           NOT NULL CHECK (bytes >= 0),
    PRIMARY KEY (scope, id)
);

CREATE TABLE holds (
    run    TEXT COLLATE "C" NOT NULL,
    sha256 TEXT COLLATE "C" NOT NULL,
    bytes  BIGINT           NOT NULL CHECK (bytes >= 0),
    PRIMARY KEY (run, sha256)
);
CREATE INDEX holds_by_content ON holds (sha256);

CREATE TABLE in_progress (
    run      TEXT COLLATE "C" NOT NULL PRIMARY KEY,
    until_ms BIGINT           NOT NULL
);
CREATE INDEX in_progress_by_time ON in_progress (until_ms);

CREATE TABLE pepper_check (
    id  BIGINT NOT NULL PRIMARY KEY CHECK (id = 1),
    mac BYTEA  NOT NULL CHECK (length(mac) = 32)
);
