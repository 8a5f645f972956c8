-- Only what is in progress is in it, which is little.
DROP INDEX in_progress_by_time;
