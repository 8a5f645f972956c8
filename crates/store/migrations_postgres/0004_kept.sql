-- 0014 of SQLite, where it is explained.
ALTER TABLE kept DROP CONSTRAINT kept_pkey;
ALTER TABLE kept ADD PRIMARY KEY (ended, tenant, run);
DROP INDEX kept_by_tenant;
DROP INDEX kept_by_key;
DROP INDEX kept_by_time;
CREATE INDEX kept_by_key ON kept (key_id, run) WHERE ended = 1;
