-- What the pepper makes of a constant: a database is never used with another one.
CREATE TABLE pepper_check (
    id  INTEGER NOT NULL PRIMARY KEY CHECK (id = 1),
    mac BLOB    NOT NULL CHECK (length(mac) = 32)
) STRICT;
