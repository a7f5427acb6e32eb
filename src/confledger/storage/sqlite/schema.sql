-- The schema of a store in SQLite. `README.md` beside this file tells the rules it follows.

-- Facts about the store itself: which secret key its app keys are sealed with.
CREATE TABLE store_info (
    name  TEXT NOT NULL PRIMARY KEY,
    value TEXT NOT NULL
) STRICT, WITHOUT ROWID;

-- ---------------------------------------------------------------- who there is

CREATE TABLE corp (
    corp_id       TEXT    NOT NULL PRIMARY KEY,
    name          TEXT    NOT NULL,
    masks_numbers INTEGER NOT NULL DEFAULT 1 CHECK (masks_numbers IN (0, 1)),
    is_disabled   INTEGER NOT NULL DEFAULT 0 CHECK (is_disabled IN (0, 1))
) STRICT, WITHOUT ROWID;

CREATE TABLE app (
    app_id          TEXT    NOT NULL PRIMARY KEY,
    corp_id         TEXT    NOT NULL REFERENCES corp (corp_id),
    name            TEXT    NOT NULL,
    scopes          TEXT    NOT NULL,                 -- in order, with commas between: 'read,write'
    is_multi_tenant INTEGER NOT NULL CHECK (is_multi_tenant IN (0, 1)),
    encrypted_key   BLOB    NOT NULL,
    created_time_ms INTEGER NOT NULL,
    is_disabled     INTEGER NOT NULL DEFAULT 0 CHECK (is_disabled IN (0, 1))
) STRICT, WITHOUT ROWID;

CREATE TABLE user (
    corp_id    TEXT    NOT NULL REFERENCES corp (corp_id),
    account    TEXT    NOT NULL,                      -- '' only of who was made on the fly
    user_id    TEXT    NOT NULL UNIQUE,
    admin_type INTEGER NOT NULL CHECK (admin_type IN (0, 1, 2)),
    name       TEXT    NOT NULL,
    email      TEXT    NOT NULL,
    phone      TEXT    NOT NULL,
    dept_code  TEXT    NOT NULL,
    password_hash TEXT NOT NULL DEFAULT '',           -- Argon2id in PHC form; '' is no password
    is_automatic  INTEGER NOT NULL CHECK (is_automatic IN (0, 1)),
    is_disabled   INTEGER NOT NULL DEFAULT 0 CHECK (is_disabled IN (0, 1)),
    PRIMARY KEY (corp_id, account)
) STRICT, WITHOUT ROWID;

-- Who logs in through an app and names no user is the default administrator, of whom there is one.
CREATE UNIQUE INDEX default_administrator ON user (corp_id) WHERE admin_type = 0;

-- Who logs in with a password names no corp.
CREATE UNIQUE INDEX user_with_password ON user (account) WHERE password_hash <> '';

CREATE INDEX app_of_corp ON app (corp_id);

-- Attempts to log in with a password that were not followed by a right one.
CREATE TABLE failed_login (
    account      TEXT    NOT NULL PRIMARY KEY,
    failures     INTEGER NOT NULL,
    last_time_ms INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

CREATE INDEX failed_login_by_time ON failed_login (last_time_ms);

-- That somebody is logged in. Of the tokens only the hashes are here.
CREATE TABLE login_grant (
    access_hash            BLOB    NOT NULL PRIMARY KEY,
    refresh_hash           BLOB    NOT NULL UNIQUE,
    user_id                TEXT    NOT NULL REFERENCES user (user_id) ON DELETE CASCADE,
    app_id                 TEXT    REFERENCES app (app_id) ON DELETE CASCADE,  -- NULL: by password
    client_type            INTEGER NOT NULL,
    created_time_ms        INTEGER NOT NULL,
    expire_time_ms         INTEGER NOT NULL,
    refresh_expire_time_ms INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

CREATE INDEX grant_of_user ON login_grant (user_id, client_type, created_time_ms);
CREATE INDEX grant_of_app ON login_grant (app_id);
CREATE INDEX grant_by_end ON login_grant (refresh_expire_time_ms);

-- Links by which somebody signs in to the console once. Of their secrets only the hashes are here.
CREATE TABLE login_link (
    link_hash      BLOB    NOT NULL PRIMARY KEY,
    user_id        TEXT    NOT NULL REFERENCES user (user_id) ON DELETE CASCADE,
    expire_time_ms INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

CREATE INDEX link_of_user ON login_link (user_id);
CREATE INDEX link_by_end ON login_link (expire_time_ms);

-- ------------------------------------------------------------------ the ledger

-- One row for each conference: how many records it has, which is also the next `seq`.
-- Its number, which is this file's own, stands in place of its key where there are many rows.
CREATE TABLE head (
    head_id         INTEGER NOT NULL PRIMARY KEY,
    conference_uuid TEXT    NOT NULL,
    corp_id         TEXT    NOT NULL REFERENCES corp (corp_id),
    record_count    INTEGER NOT NULL CHECK (record_count >= 0),
    UNIQUE (conference_uuid, corp_id)
) STRICT;

CREATE INDEX head_of_corp ON head (corp_id, conference_uuid);

-- What many records have in common, once for all of them. '' stands for no code.
CREATE TABLE manner (
    manner_id      INTEGER NOT NULL PRIMARY KEY,
    source         TEXT    NOT NULL,
    operator_basis TEXT    NOT NULL CHECK (operator_basis IN ('stated', 'inferred', 'system', 'unknown')),
    operation      TEXT    NOT NULL,                  -- a code of the catalogue, or '' and:
    operation_text TEXT    NOT NULL,                  -- the source's own words
    result         TEXT    NOT NULL,                  -- likewise
    result_text    TEXT    NOT NULL,
    UNIQUE (source, operator_basis, operation, operation_text, result, result_text)
) STRICT;

-- The records, in the order of their arrival. People read `readable_record`.
CREATE TABLE record (
    head_id          INTEGER NOT NULL,
    seq              INTEGER NOT NULL,
    operate_time_ms  INTEGER NOT NULL,
    manner_id        INTEGER NOT NULL,
    operator         TEXT    NOT NULL,
    object           TEXT    NOT NULL,
    detail           TEXT    NOT NULL,
    event_id         ANY,                             -- in short, as `events.py` tells
    received_time_ms INTEGER NOT NULL,
    PRIMARY KEY (head_id, seq)
) STRICT, WITHOUT ROWID;

CREATE VIEW readable_record AS
SELECT
    head.head_id, conference_uuid, corp_id, seq, operate_time_ms, source, operator, operator_basis,
    nullif(operation, '') AS operation, operation_text, object, nullif(result, '') AS result,
    result_text, detail,
    CASE typeof(event_id)
        WHEN 'null' THEN 'page:' || seq
        WHEN 'blob' THEN 'content:' || lower(hex(event_id))
        WHEN 'text' THEN event_id
        ELSE CASE
            WHEN event_id >= 0 THEN 'page:' || event_id
            ELSE format('key:%012x:%d', (-1 - event_id) >> 14, (-1 - event_id) & 16383)
        END
    END AS event_id,
    received_time_ms
FROM head CROSS JOIN record USING (head_id) CROSS JOIN manner USING (manner_id);

-- Which event became which record, by a number made of its id. It makes a repeated delivery
-- harmless. The id itself stands in the record, and what has the number is held against it.
CREATE TABLE event (
    head_id    INTEGER NOT NULL,
    event_hash INTEGER NOT NULL,
    seq        INTEGER NOT NULL,
    PRIMARY KEY (head_id, event_hash)
) STRICT, WITHOUT ROWID;

-- The keys by which records were brought, so that a repeated delivery is known at once.
CREATE TABLE delivery (
    conference_uuid TEXT NOT NULL,
    corp_id         TEXT NOT NULL,
    delivery_key    TEXT NOT NULL,
    digest          BLOB NOT NULL,
    PRIMARY KEY (conference_uuid, corp_id, delivery_key)
) STRICT, WITHOUT ROWID;

-- Who stayed in a conference, and when.
CREATE TABLE attendance (
    conference_uuid TEXT    NOT NULL,
    corp_id         TEXT    NOT NULL,
    join_time_ms    INTEGER NOT NULL,
    call_number     TEXT    NOT NULL,
    display_name    TEXT    NOT NULL,
    left_time_ms    INTEGER,                          -- NULL: still there
    device_type     TEXT    NOT NULL,
    media_type      TEXT    NOT NULL,
    dept_name       TEXT    NOT NULL,
    search_text     TEXT    NOT NULL,                 -- what is searched, in lower case
    PRIMARY KEY (conference_uuid, corp_id, join_time_ms, call_number, display_name)
) STRICT, WITHOUT ROWID;

-- ----------------------------------------------------------------- the catalog

-- What is known of conferences, for lists: written when one is made, changed or ended.
CREATE TABLE conference (
    corp_id         TEXT    NOT NULL REFERENCES corp (corp_id),
    conference_uuid TEXT    NOT NULL,
    conference_id   TEXT    NOT NULL,
    subject         TEXT    NOT NULL,
    start_time_ms   INTEGER NOT NULL,
    end_time_ms     INTEGER,                          -- NULL: it runs
    scheduler_name  TEXT    NOT NULL,
    has_recording   INTEGER NOT NULL CHECK (has_recording IN (0, 1)),
    search_text     TEXT    NOT NULL,                 -- what is searched, in lower case
    details         TEXT    NOT NULL,                 -- JSON
    PRIMARY KEY (corp_id, conference_uuid)
) STRICT, WITHOUT ROWID;

CREATE INDEX ended_by_start ON conference (corp_id, start_time_ms, conference_uuid)
WHERE end_time_ms IS NOT NULL;
CREATE INDEX running_by_start ON conference (corp_id, start_time_ms, conference_uuid)
WHERE end_time_ms IS NULL;
-- By what people dial, which is used again and again. One too long for an index is no number.
CREATE INDEX conference_by_id
ON conference (corp_id, conference_id, start_time_ms, conference_uuid)
WHERE length(conference_id) <= 64;
CREATE INDEX ended_by_recording
ON conference (corp_id, has_recording, start_time_ms, conference_uuid)
WHERE end_time_ms IS NOT NULL;

-- How many conferences ended of those that began on a day, so that a list's total
-- is a sum over days and not over conferences.
CREATE TABLE conference_day (
    corp_id          TEXT    NOT NULL REFERENCES corp (corp_id),
    has_recording    INTEGER NOT NULL,
    day              INTEGER NOT NULL,                -- days since 1970, UTC
    conference_count INTEGER NOT NULL,
    PRIMARY KEY (corp_id, has_recording, day)
) STRICT, WITHOUT ROWID;

-- Who may see a conference beside the administrators.
CREATE TABLE viewer (
    corp_id         TEXT NOT NULL,
    person          TEXT NOT NULL,                    -- 'id:...' or 'account:...'
    conference_uuid TEXT NOT NULL,
    start_time_ms   INTEGER,                          -- of an ended conference, for their list
    has_recording   INTEGER,                          -- likewise
    PRIMARY KEY (corp_id, person, conference_uuid)
) STRICT, WITHOUT ROWID;

CREATE INDEX viewer_of_conference ON viewer (corp_id, conference_uuid);
CREATE INDEX viewer_by_start ON viewer (corp_id, person, start_time_ms, conference_uuid)
WHERE start_time_ms IS NOT NULL;
CREATE INDEX viewer_by_recording
ON viewer (corp_id, person, has_recording, start_time_ms, conference_uuid)
WHERE start_time_ms IS NOT NULL;

-- Who was invited.
CREATE TABLE participant (
    corp_id         TEXT    NOT NULL,
    conference_uuid TEXT    NOT NULL,
    identity        TEXT    NOT NULL,                 -- 'id:...', 'account:...' or 'number:...'
    place           INTEGER NOT NULL,
    name            TEXT    NOT NULL,
    number          TEXT    NOT NULL,
    is_terminal     INTEGER NOT NULL CHECK (is_terminal IN (0, 1)),
    search_text     TEXT    NOT NULL,                 -- what is searched, in lower case
    details         TEXT    NOT NULL,                 -- JSON
    PRIMARY KEY (corp_id, conference_uuid, identity)
) STRICT, WITHOUT ROWID;

CREATE INDEX participant_by_place
ON participant (corp_id, conference_uuid, place, identity);
CREATE INDEX participant_by_kind
ON participant (corp_id, conference_uuid, is_terminal, place, identity);

-- What a text that the catalogue does not know is called in another language.
CREATE TABLE phrase (
    corp_id  TEXT NOT NULL REFERENCES corp (corp_id) ON DELETE CASCADE,
    text     TEXT NOT NULL,
    language TEXT NOT NULL,
    words    TEXT NOT NULL,
    PRIMARY KEY (corp_id, text, language)
) STRICT, WITHOUT ROWID;

-- From where conferences are archived, when last, and how far.
CREATE TABLE archive_source (
    corp_id         TEXT    NOT NULL REFERENCES corp (corp_id) ON DELETE CASCADE,
    source          TEXT    NOT NULL,                 -- an address
    since_ms        INTEGER NOT NULL,
    until_ms        INTEGER NOT NULL,
    reached_ms      INTEGER NOT NULL,
    started_time_ms INTEGER NOT NULL,
    ended_time_ms   INTEGER,                          -- NULL: it runs, or was killed
    problem         TEXT    NOT NULL,
    PRIMARY KEY (corp_id, source)
) STRICT, WITHOUT ROWID;

-- How far each of their conferences is here.
CREATE TABLE archived_conference (
    corp_id         TEXT    NOT NULL REFERENCES corp (corp_id) ON DELETE CASCADE,
    source          TEXT    NOT NULL,
    conference_uuid TEXT    NOT NULL,
    start_time_ms   INTEGER NOT NULL,
    record_count    INTEGER NOT NULL,
    is_whole        INTEGER NOT NULL CHECK (is_whole IN (0, 1)),
    problem         TEXT    NOT NULL,
    checked_time_ms INTEGER NOT NULL,
    PRIMARY KEY (corp_id, source, conference_uuid)
) STRICT, WITHOUT ROWID;

CREATE INDEX archive_problem ON archived_conference (corp_id, source, conference_uuid)
WHERE problem <> '';

INSERT INTO corp (corp_id, name) VALUES ('default', 'default');
