-- Links by which somebody signs in to the console once. Of their secrets only the hashes are here.
CREATE TABLE login_link (
    link_hash      bytea            NOT NULL PRIMARY KEY,
    user_id        text COLLATE "C" NOT NULL REFERENCES corp_user (user_id) ON DELETE CASCADE,
    expire_time_ms bigint           NOT NULL
);

CREATE INDEX link_of_user ON login_link (user_id);
CREATE INDEX link_by_end ON login_link (expire_time_ms);
