-- What tenants uploaded. The same content is a file of its own for each tenant that has it.
CREATE TABLE files (
    tenant     TEXT    NOT NULL REFERENCES tenants (name),
    sha256     TEXT    NOT NULL,
    key_id     TEXT    NOT NULL REFERENCES keys (id),
    name       TEXT    NOT NULL,
    bytes      INTEGER NOT NULL CHECK (bytes >= 0),
    created_ms INTEGER NOT NULL,
    expires_ms INTEGER NOT NULL,
    PRIMARY KEY (tenant, sha256)
) STRICT, WITHOUT ROWID;

CREATE INDEX files_by_age ON files (tenant, created_ms DESC, sha256 DESC);
CREATE INDEX files_used ON files (tenant, expires_ms, key_id, bytes);
CREATE INDEX files_by_expiry ON files (expires_ms);

-- Until when a content is kept, and for whom: a run by its id, or the uploads of a tenant. A content
-- that nobody holds any more is deleted; one that nobody ever held is older than this table, and stays.
CREATE TABLE holds (
    sha256   TEXT    NOT NULL,
    holder   TEXT    NOT NULL,
    until_ms INTEGER NOT NULL,
    PRIMARY KEY (sha256, holder)
) STRICT, WITHOUT ROWID;

CREATE INDEX holds_by_time ON holds (until_ms);

-- When a content was kept last: whoever did so may not have come to hold it.
ALTER TABLE contents ADD COLUMN put_ms INTEGER NOT NULL DEFAULT 0;
