-- What a run may use is promised in one row, which is on disk before it starts; all else that a reservation writes
-- follows while it runs. Whoever writes keeps the promises that it finds first, so that there is hardly ever one.
CREATE TABLE promises (
    run      TEXT    NOT NULL,
    step     INTEGER NOT NULL,
    taking   TEXT    NOT NULL,
    contents BLOB    NOT NULL,
    PRIMARY KEY (run, step)
) STRICT, WITHOUT ROWID;
