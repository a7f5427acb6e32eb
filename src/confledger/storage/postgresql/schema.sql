-- The schema of a store in PostgreSQL. `README.md` beside this file tells the rules it follows.
-- What stands in a key or an order has the collation "C": it is compared by its bytes, on each
-- server alike, and no update of its libraries breaks an index.

-- Facts about the store itself: its version, and which secret key its app keys are sealed with.
CREATE TABLE store_info (
    name  text COLLATE "C" NOT NULL PRIMARY KEY,
    value text             NOT NULL
);

-- ---------------------------------------------------------------- who there is

CREATE TABLE corp (
    corp_id       text COLLATE "C" NOT NULL PRIMARY KEY,
    name          text             NOT NULL,
    masks_numbers boolean          NOT NULL DEFAULT true,
    is_disabled   boolean          NOT NULL DEFAULT false
);

CREATE TABLE app (
    app_id          text COLLATE "C" NOT NULL PRIMARY KEY,
    corp_id         text COLLATE "C" NOT NULL REFERENCES corp (corp_id),
    name            text             NOT NULL,
    scopes          text             NOT NULL,            -- in order, with commas between: 'read,write'
    is_multi_tenant boolean          NOT NULL,
    encrypted_key   bytea            NOT NULL,
    created_time_ms bigint           NOT NULL,
    is_disabled     boolean          NOT NULL DEFAULT false
);

CREATE TABLE corp_user (
    corp_id       text COLLATE "C" NOT NULL REFERENCES corp (corp_id),
    account       text COLLATE "C" NOT NULL,              -- '' only of who was made on the fly
    user_id       text COLLATE "C" NOT NULL UNIQUE,
    admin_type    bigint           NOT NULL CHECK (admin_type IN (0, 1, 2)),
    name          text             NOT NULL,
    email         text             NOT NULL,
    phone         text             NOT NULL,
    dept_code     text             NOT NULL,
    password_hash text             NOT NULL DEFAULT '',   -- Argon2id in PHC form; '' is no password
    is_automatic  boolean          NOT NULL,
    is_disabled   boolean          NOT NULL DEFAULT false,
    PRIMARY KEY (corp_id, account)
);

-- Who logs in through an app and names no user is the default administrator, of whom there is one.
CREATE UNIQUE INDEX default_administrator ON corp_user (corp_id) WHERE admin_type = 0;

-- Who logs in with a password names no corp.
CREATE UNIQUE INDEX user_with_password ON corp_user (account) WHERE password_hash <> '';

CREATE INDEX app_of_corp ON app (corp_id);

-- Attempts to log in with a password that were not followed by a right one.
CREATE TABLE failed_login (
    account      text COLLATE "C" NOT NULL PRIMARY KEY,
    failures     bigint           NOT NULL,
    last_time_ms bigint           NOT NULL
);

CREATE INDEX failed_login_by_time ON failed_login (last_time_ms);

-- That somebody is logged in. Of the tokens only the hashes are here.
CREATE TABLE login_grant (
    access_hash            bytea            NOT NULL PRIMARY KEY,
    refresh_hash           bytea            NOT NULL UNIQUE,
    user_id                text COLLATE "C" NOT NULL REFERENCES corp_user (user_id) ON DELETE CASCADE,
    app_id                 text COLLATE "C" REFERENCES app (app_id) ON DELETE CASCADE, -- NULL: by password
    client_type            bigint           NOT NULL,
    created_time_ms        bigint           NOT NULL,
    expire_time_ms         bigint           NOT NULL,
    refresh_expire_time_ms bigint           NOT NULL
);

CREATE INDEX grant_of_user ON login_grant (user_id, client_type, created_time_ms);
CREATE INDEX grant_of_app ON login_grant (app_id);
CREATE INDEX grant_by_end ON login_grant (refresh_expire_time_ms);

-- Links by which somebody signs in to the console once. Of their secrets only the hashes are here.
CREATE TABLE login_link (
    link_hash      bytea            NOT NULL PRIMARY KEY,
    user_id        text COLLATE "C" NOT NULL REFERENCES corp_user (user_id) ON DELETE CASCADE,
    expire_time_ms bigint           NOT NULL
);

CREATE INDEX link_of_user ON login_link (user_id);
CREATE INDEX link_by_end ON login_link (expire_time_ms);

-- ------------------------------------------------------------------ the ledger

-- One row for each conference: how many records it has, which is also the next `seq`.
CREATE TABLE head (
    conference_uuid text COLLATE "C" NOT NULL,
    corp_id         text COLLATE "C" NOT NULL REFERENCES corp (corp_id),
    record_count    bigint           NOT NULL CHECK (record_count >= 0),
    PRIMARY KEY (conference_uuid, corp_id)
);

CREATE INDEX head_of_corp ON head (corp_id, conference_uuid);

-- The records, in the order of their arrival.
CREATE TABLE record (
    conference_uuid  text COLLATE "C" NOT NULL,
    corp_id          text COLLATE "C" NOT NULL,
    seq              bigint           NOT NULL,
    operate_time_ms  bigint           NOT NULL,
    source           text             NOT NULL,
    operator         text             NOT NULL,
    operator_basis   text             NOT NULL CHECK (operator_basis IN ('stated', 'inferred', 'system', 'unknown')),
    operation        text,                                -- a code of the catalogue, or NULL and:
    operation_text   text             NOT NULL,           -- the source's own words
    object           text             NOT NULL,
    result           text,                                -- likewise
    result_text      text             NOT NULL,
    detail           text             NOT NULL,
    event_id         text COLLATE "C" NOT NULL,
    received_time_ms bigint           NOT NULL,
    PRIMARY KEY (conference_uuid, corp_id, seq)
);

-- Which event became which record. It makes a repeated delivery harmless.
CREATE TABLE event (
    conference_uuid text COLLATE "C" NOT NULL,
    corp_id         text COLLATE "C" NOT NULL,
    event_id        text COLLATE "C" NOT NULL,
    seq             bigint           NOT NULL,
    PRIMARY KEY (conference_uuid, corp_id, event_id)
);

-- The keys by which records were brought, so that a repeated delivery is known at once.
CREATE TABLE delivery (
    conference_uuid text COLLATE "C" NOT NULL,
    corp_id         text COLLATE "C" NOT NULL,
    delivery_key    text COLLATE "C" NOT NULL,
    digest          bytea            NOT NULL,
    PRIMARY KEY (conference_uuid, corp_id, delivery_key)
);

-- Who stayed in a conference, and when.
CREATE TABLE attendance (
    conference_uuid text COLLATE "C" NOT NULL,
    corp_id         text COLLATE "C" NOT NULL,
    join_time_ms    bigint           NOT NULL,
    call_number     text COLLATE "C" NOT NULL,
    display_name    text COLLATE "C" NOT NULL,
    left_time_ms    bigint,                               -- NULL: still there
    device_type     text             NOT NULL,
    media_type      text             NOT NULL,
    dept_name       text             NOT NULL,
    search_text     text             NOT NULL,            -- what is searched, in lower case
    PRIMARY KEY (conference_uuid, corp_id, join_time_ms, call_number, display_name)
);

-- ----------------------------------------------------------------- the catalog

-- What is known of conferences, for lists: written when one is made, changed or ended.
CREATE TABLE conference (
    corp_id         text COLLATE "C" NOT NULL REFERENCES corp (corp_id),
    conference_uuid text COLLATE "C" NOT NULL,
    conference_id   text             NOT NULL,
    subject         text             NOT NULL,
    start_time_ms   bigint           NOT NULL,
    end_time_ms     bigint,                               -- NULL: it runs
    scheduler_name  text             NOT NULL,
    has_recording   boolean          NOT NULL,
    search_text     text             NOT NULL,            -- what is searched, in lower case
    details         text             NOT NULL,            -- JSON
    PRIMARY KEY (corp_id, conference_uuid)
);

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
    corp_id          text COLLATE "C" NOT NULL REFERENCES corp (corp_id),
    has_recording    boolean          NOT NULL,
    day              bigint           NOT NULL,           -- days since 1970, UTC
    conference_count bigint           NOT NULL,
    PRIMARY KEY (corp_id, has_recording, day)
);

-- Who may see a conference beside the administrators.
CREATE TABLE viewer (
    corp_id         text COLLATE "C" NOT NULL,
    person          text COLLATE "C" NOT NULL,            -- 'id:...' or 'account:...'
    conference_uuid text COLLATE "C" NOT NULL,
    start_time_ms   bigint,                               -- of an ended conference, for their list
    has_recording   boolean,                              -- likewise
    PRIMARY KEY (corp_id, person, conference_uuid)
);

CREATE INDEX viewer_of_conference ON viewer (corp_id, conference_uuid);
CREATE INDEX viewer_by_start ON viewer (corp_id, person, start_time_ms, conference_uuid)
WHERE start_time_ms IS NOT NULL;
CREATE INDEX viewer_by_recording
ON viewer (corp_id, person, has_recording, start_time_ms, conference_uuid)
WHERE start_time_ms IS NOT NULL;

-- Who was invited.
CREATE TABLE participant (
    corp_id         text COLLATE "C" NOT NULL,
    conference_uuid text COLLATE "C" NOT NULL,
    identity        text COLLATE "C" NOT NULL,            -- 'id:...', 'account:...' or 'number:...'
    place           bigint           NOT NULL,
    name            text             NOT NULL,
    number          text             NOT NULL,
    is_terminal     boolean          NOT NULL,
    search_text     text             NOT NULL,            -- what is searched, in lower case
    details         text             NOT NULL,            -- JSON
    PRIMARY KEY (corp_id, conference_uuid, identity)
);

CREATE INDEX participant_by_place
ON participant (corp_id, conference_uuid, place, identity);
CREATE INDEX participant_by_kind
ON participant (corp_id, conference_uuid, is_terminal, place, identity);

-- What a text that the catalogue does not know is called in another language.
CREATE TABLE phrase (
    corp_id  text COLLATE "C" NOT NULL REFERENCES corp (corp_id) ON DELETE CASCADE,
    text     text COLLATE "C" NOT NULL,
    language text COLLATE "C" NOT NULL,
    words    text             NOT NULL,
    PRIMARY KEY (corp_id, text, language)
);

-- From where conferences are archived, when last, and how far.
CREATE TABLE archive_source (
    corp_id         text COLLATE "C" NOT NULL REFERENCES corp (corp_id) ON DELETE CASCADE,
    source          text COLLATE "C" NOT NULL,            -- an address
    since_ms        bigint           NOT NULL,
    until_ms        bigint           NOT NULL,
    reached_ms      bigint           NOT NULL,
    started_time_ms bigint           NOT NULL,
    ended_time_ms   bigint,                               -- NULL: it runs, or was killed
    problem         text             NOT NULL,
    PRIMARY KEY (corp_id, source)
);

-- How far each of their conferences is here.
CREATE TABLE archived_conference (
    corp_id         text COLLATE "C" NOT NULL REFERENCES corp (corp_id) ON DELETE CASCADE,
    source          text COLLATE "C" NOT NULL,
    conference_uuid text COLLATE "C" NOT NULL,
    start_time_ms   bigint           NOT NULL,
    record_count    bigint           NOT NULL,
    is_whole        boolean          NOT NULL,
    problem         text             NOT NULL,
    checked_time_ms bigint           NOT NULL,
    PRIMARY KEY (corp_id, source, conference_uuid)
);

CREATE INDEX archive_problem ON archived_conference (corp_id, source, conference_uuid)
WHERE problem <> '';

INSERT INTO corp (corp_id, name) VALUES ('default', 'default');
