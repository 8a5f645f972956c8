-- Ids sort by time, so a list of runs is read along them.
CREATE INDEX runs_by_id ON runs (tenant, id DESC);
DROP INDEX runs_by_tenant;

-- Requests that their clients named, so that sending one twice carries it out once.
CREATE TABLE claims (
    key_id      TEXT    NOT NULL REFERENCES keys (id),
    name        TEXT    NOT NULL,
    fingerprint TEXT    NOT NULL,
    run         TEXT    NOT NULL,
    created_ms  INTEGER NOT NULL,
    PRIMARY KEY (key_id, name)
) STRICT, WITHOUT ROWID;

CREATE INDEX claims_by_age ON claims (created_ms);
