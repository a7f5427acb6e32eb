-- Links by which somebody signs in to the console once. Of their secrets only the hashes are here.
CREATE TABLE login_link (
    link_hash      BLOB    NOT NULL PRIMARY KEY,
    user_id        TEXT    NOT NULL REFERENCES user (user_id) ON DELETE CASCADE,
    expire_time_ms INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

CREATE INDEX link_of_user ON login_link (user_id);
CREATE INDEX link_by_end ON login_link (expire_time_ms);

-- What runs, for the list of the console.
CREATE INDEX running_by_start ON conference (corp_id, start_time_ms, conference_uuid)
WHERE end_time_ms IS NULL;

-- By what people dial, which is used again and again. One too long for an index is no number.
CREATE INDEX conference_by_id
ON conference (corp_id, conference_id, start_time_ms, conference_uuid)
WHERE length(conference_id) <= 64;
