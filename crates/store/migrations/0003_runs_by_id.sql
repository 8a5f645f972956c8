-- Ids sort by time, so a list of runs is read along them.
CREATE INDEX runs_by_id ON runs (tenant, id DESC);
DROP INDEX runs_by_tenant;
