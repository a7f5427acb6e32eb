-- outside a transaction
-- What runs, for the list of the console.
CREATE INDEX CONCURRENTLY IF NOT EXISTS running_by_start ON conference (corp_id, start_time_ms, conference_uuid)
WHERE end_time_ms IS NULL;
