-- What each run keeps of contents, and until when; one that keeps nothing has no row. Its bytes are those of
-- its holds.
CREATE TABLE kept (
    run      TEXT    NOT NULL PRIMARY KEY,
    tenant   TEXT    NOT NULL,
    key_id   TEXT    NOT NULL,
    bytes    INTEGER NOT NULL CHECK (bytes >= 0),
    ended    INTEGER NOT NULL CHECK (ended IN (0, 1)),
    until_ms INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

-- What is in progress is added up, what has ended is erased from the oldest: ids sort by time.
CREATE INDEX kept_by_tenant ON kept (tenant, ended, run, bytes);
CREATE INDEX kept_by_key ON kept (key_id, ended, run, bytes);
CREATE INDEX kept_by_time ON kept (until_ms);

-- The sum of what the runs of a key and of a tenant keep, so that nobody needs to add it up.
CREATE TABLE used (
    scope TEXT    NOT NULL CHECK (scope IN ('key', 'tenant')),
    id    TEXT    NOT NULL,
    bytes INTEGER NOT NULL CHECK (bytes >= 0),
    PRIMARY KEY (scope, id)
) STRICT, WITHOUT ROWID;

-- Which contents a run holds, and what each counts. A content is wanted by whoever holds it, and by whoever
-- uploaded it; any other is deleted.
ALTER TABLE holds RENAME TO old_holds;
DROP INDEX holds_by_time;
CREATE TABLE holds (
    run    TEXT    NOT NULL,
    sha256 TEXT    NOT NULL,
    bytes  INTEGER NOT NULL CHECK (bytes >= 0),
    PRIMARY KEY (run, sha256)
) STRICT, WITHOUT ROWID;
CREATE INDEX holds_by_content ON holds (sha256);
CREATE INDEX files_by_content ON files (sha256);

-- Of earlier contents only the size of small ones is known.
INSERT INTO holds (run, sha256, bytes)
SELECT old_holds.holder, old_holds.sha256, 1024 + coalesce(length(contents.bytes), 0)
FROM old_holds JOIN runs ON runs.id = old_holds.holder
LEFT JOIN contents ON contents.sha256 = old_holds.sha256;

INSERT INTO kept (run, tenant, key_id, bytes, ended, until_ms)
SELECT runs.id, runs.tenant, runs.key_id,
       (SELECT sum(bytes) FROM holds WHERE holds.run = runs.id),
       EXISTS (SELECT 1 FROM events WHERE events.run = runs.id
               AND kind IN ('run.settled', 'run.refused', 'run.failed', 'run.interrupted')),
       max(old_holds.until_ms)
FROM old_holds JOIN runs ON runs.id = old_holds.holder
GROUP BY runs.id, runs.tenant, runs.key_id;

INSERT INTO used (scope, id, bytes) SELECT 'key', key_id, sum(bytes) FROM kept GROUP BY key_id;
INSERT INTO used (scope, id, bytes) SELECT 'tenant', tenant, sum(bytes) FROM kept GROUP BY tenant;
DROP TABLE old_holds;

-- A content was kept before its run came to hold it; what a crash left there, nobody names.
DELETE FROM contents WHERE put_ms > 0
    AND NOT EXISTS (SELECT 1 FROM holds WHERE holds.sha256 = contents.sha256)
    AND NOT EXISTS (SELECT 1 FROM files WHERE files.sha256 = contents.sha256);
ALTER TABLE contents DROP COLUMN put_ms;
