-- Runs that have not ended. Whoever carries one out says so with each of its events, for a time; after
-- until_ms, and if nothing is reserved for it, it counts as interrupted.
CREATE TABLE in_progress (
    run      TEXT    NOT NULL PRIMARY KEY,
    until_ms INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

CREATE INDEX in_progress_by_time ON in_progress (until_ms);

-- What an earlier version left unfinished, nobody carries out any more.
INSERT INTO in_progress
SELECT id, 0 FROM runs WHERE NOT EXISTS (SELECT 1 FROM events WHERE events.run = runs.id
    AND kind IN ('run.settled', 'run.refused', 'run.failed', 'run.interrupted'));

CREATE INDEX claims_by_run ON claims (run);
