-- 0013 of SQLite, where it is explained. It looks at all events, which may take a while.
SET LOCAL statement_timeout = 0;

-- The references of events and reservations go with what they rest on.
ALTER TABLE runs DROP CONSTRAINT runs_id_tenant_key CASCADE;
ALTER TABLE runs DROP CONSTRAINT runs_pkey;
DROP INDEX runs_by_id;
ALTER TABLE runs ADD PRIMARY KEY (tenant, id);
ALTER TABLE events ADD FOREIGN KEY (run, tenant) REFERENCES runs (id, tenant);
ALTER TABLE reservations ADD FOREIGN KEY (run, tenant) REFERENCES runs (id, tenant);
