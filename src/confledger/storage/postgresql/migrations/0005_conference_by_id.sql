-- outside a transaction
-- By what people dial, which is used again and again. One too long for an index is no number.
CREATE INDEX CONCURRENTLY IF NOT EXISTS conference_by_id
ON conference (corp_id, conference_id, start_time_ms, conference_uuid)
WHERE length(conference_id) <= 64;
