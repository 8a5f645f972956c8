-- What a key may do is said scope by scope; the default is what members could do.
ALTER TABLE keys ADD COLUMN scopes TEXT NOT NULL DEFAULT 'execute,ask,read';
UPDATE keys SET scopes = 'execute,ask,read,approve,admin' WHERE role = 'admin';
ALTER TABLE keys DROP COLUMN role;

ALTER TABLE keys ADD COLUMN expires_ms INTEGER;

-- A replaced secret is accepted until previous_until_ms.
ALTER TABLE keys ADD COLUMN previous_hmac BLOB
    CHECK (previous_hmac IS NULL OR length(previous_hmac) = 32);
ALTER TABLE keys ADD COLUMN previous_until_ms INTEGER
    CHECK ((previous_until_ms IS NULL) = (previous_hmac IS NULL));

-- Addresses that were given a key without asking anybody, for a day.
CREATE TABLE self_service (
    address  TEXT    NOT NULL,
    given_ms INTEGER NOT NULL
) STRICT;

CREATE INDEX self_service_by_address ON self_service (address, given_ms);
CREATE INDEX self_service_by_age ON self_service (given_ms);
