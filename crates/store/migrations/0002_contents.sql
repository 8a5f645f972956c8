-- Contents of a few KiB, by the SHA-256 of their bytes: they are written with the events that name
-- them, in one commit. Larger ones are files.
CREATE TABLE contents (
    sha256 TEXT NOT NULL PRIMARY KEY,
    bytes  BLOB NOT NULL
) STRICT, WITHOUT ROWID;
