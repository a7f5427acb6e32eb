-- The statements of the PostgreSQL adapter. Each has a name, and says what it is for. A parameter is
-- written as in SQLite, with a colon; the adapter numbers them.

-- name: page
-- A page of records and the count, of one moment. No row: there is no such
-- conference. One row without a seq: the page is past the end.
SELECT
    head.record_count, record.seq,
    operate_time_ms, source, operator, operator_basis, operation, operation_text,
    object, result, result_text, detail, event_id, received_time_ms
FROM head
LEFT JOIN record
    ON  record.conference_uuid = head.conference_uuid
    AND record.corp_id = head.corp_id
    AND record.seq >= :offset
    AND record.seq < :offset::bigint + :limit::bigint
WHERE head.conference_uuid = :conference_uuid AND head.corp_id = :corp_id
ORDER BY record.seq;

-- name: shown_page
-- What readers are shown of it, unless the count is known: then there is one row with nothing
-- but the count, as there is past the end.
SELECT
    head.record_count, operate_time_ms, operator, object, detail,
    source, operator_basis, operation, operation_text, result, result_text
FROM head
LEFT JOIN record
    ON  record.conference_uuid = head.conference_uuid
    AND record.corp_id = head.corp_id
    AND record.seq >= :offset
    AND record.seq < :offset::bigint + :limit::bigint
    AND head.record_count <> :known_count
WHERE head.conference_uuid = :conference_uuid AND head.corp_id = :corp_id
ORDER BY record.seq;

-- name: known_events
-- The records that some events became.
SELECT
    operate_time_ms, source, operator, operator_basis, operation, operation_text,
    object, result, result_text, detail, event.event_id, received_time_ms
FROM event
JOIN record USING (conference_uuid, corp_id, seq)
WHERE event.conference_uuid = :conference_uuid AND event.corp_id = :corp_id
    AND event.event_id = ANY(:event_ids::text[]);

-- name: any_event
-- Whether any event of some that are beside each other is known.
SELECT 1 FROM event
WHERE conference_uuid = :conference_uuid AND corp_id = :corp_id
    AND event_id >= :first AND event_id < :behind
LIMIT 1;

-- name: record_count
-- How many records a conference has.
SELECT record_count FROM head WHERE conference_uuid = :conference_uuid AND corp_id = :corp_id;

-- name: grow_head
-- Give a conference room for some records more; the answer is its new count. Whoever has done so
-- has the head locked, and so the conference, until their transaction ends.
INSERT INTO head (conference_uuid, corp_id, record_count)
VALUES (:conference_uuid, :corp_id, :accepted)
ON CONFLICT (conference_uuid, corp_id)
DO UPDATE SET record_count = head.record_count + excluded.record_count
RETURNING record_count;

-- name: shrink_head
-- Give back what was too much of it.
UPDATE head SET record_count = record_count - :too_many
WHERE conference_uuid = :conference_uuid AND corp_id = :corp_id
RETURNING record_count;

-- name: add_records
-- The values of each row follow; many rows go by COPY instead, with the same columns.
INSERT INTO record (
    conference_uuid, corp_id, seq,
    operate_time_ms, source, operator, operator_basis, operation, operation_text,
    object, result, result_text, detail, event_id, received_time_ms
) VALUES;

-- name: add_events
-- Likewise.
INSERT INTO event (conference_uuid, corp_id, event_id, seq) VALUES;

-- name: delivery
-- What came by a key.
SELECT digest FROM delivery
WHERE conference_uuid = :conference_uuid AND corp_id = :corp_id AND delivery_key = :delivery_key;

-- name: add_delivery
INSERT INTO delivery (conference_uuid, corp_id, delivery_key, digest)
VALUES (:conference_uuid, :corp_id, :delivery_key, :digest)
ON CONFLICT (conference_uuid, corp_id, delivery_key) DO NOTHING
RETURNING digest;

-- name: pin_secret_key
-- Remember which secret key the app keys are sealed with, unless that is settled.
INSERT INTO store_info (name, value) VALUES ('secret_key_id', :key_id)
ON CONFLICT (name) DO NOTHING;

-- name: secret_key_id
SELECT value FROM store_info WHERE name = 'secret_key_id';

-- name: add_corp
INSERT INTO corp (corp_id, name) VALUES (:corp_id, :name)
ON CONFLICT (corp_id) DO NOTHING
RETURNING corp_id;

-- name: corp
SELECT corp_id, name, masks_numbers, is_disabled FROM corp WHERE corp_id = :corp_id;

-- name: lock_corp
-- Whoever would give a corp its first conference waits until this transaction has ended.
SELECT corp_id FROM corp WHERE corp_id = :corp_id FOR UPDATE;

-- name: corps
SELECT corp_id, name, masks_numbers, is_disabled FROM corp ORDER BY corp_id;

-- name: change_corp
-- What is NULL stays as it is; here and in the other changes.
UPDATE corp SET
    is_disabled   = coalesce(:is_disabled, is_disabled),
    masks_numbers = coalesce(:masks_numbers, masks_numbers)
WHERE corp_id = :corp_id
RETURNING corp_id, name, masks_numbers, is_disabled;

-- name: conference_of_corp
-- Whether a corp has any conference.
SELECT 1 FROM head WHERE corp_id = :corp_id LIMIT 1;

-- name: delete_corp
DELETE FROM corp WHERE corp_id = :corp_id
RETURNING corp_id, name, masks_numbers, is_disabled;

-- name: delete_apps_of_corp
DELETE FROM app WHERE corp_id = :corp_id;

-- name: delete_users_of_corp
DELETE FROM corp_user WHERE corp_id = :corp_id;

-- name: end_grants_of_corp
-- Of the corp's users, and of those that its apps have logged in elsewhere.
DELETE FROM login_grant
WHERE user_id = ANY(ARRAY(SELECT user_id FROM corp_user WHERE corp_id = :corp_id))
    OR app_id = ANY(ARRAY(SELECT app_id FROM app WHERE corp_id = :corp_id));

-- name: users
SELECT
    user_id, corp_id, account, admin_type, name, email, phone, dept_code, is_automatic, is_disabled
FROM corp_user WHERE corp_id = :corp_id ORDER BY account;

-- name: add_user
INSERT INTO corp_user (
    user_id, corp_id, account, admin_type, name, email, phone, dept_code, is_automatic,
    password_hash
) VALUES (
    :user_id, :corp_id, :account, :admin_type, :name, :email, :phone, :dept_code, :is_automatic,
    :password_hash
);

-- name: change_user
UPDATE corp_user SET
    is_disabled   = coalesce(:is_disabled, is_disabled),
    password_hash = coalesce(:password_hash, password_hash)
WHERE corp_id = :corp_id AND account = :account
RETURNING
    user_id, corp_id, account, admin_type, name, email, phone, dept_code, is_automatic, is_disabled;

-- name: delete_user
DELETE FROM corp_user WHERE corp_id = :corp_id AND account = :account
RETURNING
    user_id, corp_id, account, admin_type, name, email, phone, dept_code, is_automatic, is_disabled;

-- name: end_grants_of_user
DELETE FROM login_grant WHERE user_id = (
    SELECT user_id FROM corp_user WHERE corp_id = :corp_id AND account = :account
);

-- name: apps
SELECT
    app_id, corp_id, name, scopes, is_multi_tenant, encrypted_key, created_time_ms, is_disabled
FROM app WHERE corp_id = :corp_id ORDER BY created_time_ms, app_id;

-- name: change_app
UPDATE app SET
    is_disabled   = coalesce(:is_disabled, is_disabled),
    encrypted_key = coalesce(:encrypted_key, encrypted_key)
WHERE app_id = :app_id
RETURNING
    app_id, corp_id, name, scopes, is_multi_tenant, encrypted_key, created_time_ms, is_disabled;

-- name: delete_app
DELETE FROM app WHERE app_id = :app_id
RETURNING
    app_id, corp_id, name, scopes, is_multi_tenant, encrypted_key, created_time_ms, is_disabled;

-- name: end_grants_of_app
DELETE FROM login_grant WHERE app_id = :app_id;

-- name: add_app
INSERT INTO app (app_id, corp_id, name, scopes, is_multi_tenant, encrypted_key, created_time_ms)
VALUES (:app_id, :corp_id, :name, :scopes, :is_multi_tenant, :encrypted_key, :created_time_ms);

-- name: app
SELECT
    app_id, corp_id, name, scopes, is_multi_tenant, encrypted_key, created_time_ms, is_disabled
FROM app WHERE app_id = :app_id;

-- name: user
SELECT
    user_id, corp_id, account, admin_type, name, email, phone, dept_code, is_automatic, is_disabled
FROM corp_user WHERE corp_id = :corp_id AND account = :account;

-- name: default_administrator
SELECT
    user_id, corp_id, account, admin_type, name, email, phone, dept_code, is_automatic, is_disabled
FROM corp_user WHERE corp_id = :corp_id AND admin_type = 0;

-- name: change_directory
-- What is empty stays as it is.
UPDATE corp_user SET
    name      = coalesce(nullif(:name, ''), name),
    email     = coalesce(nullif(:email, ''), email),
    phone     = coalesce(nullif(:phone, ''), phone),
    dept_code = coalesce(nullif(:dept_code, ''), dept_code)
WHERE user_id = :user_id;

-- name: app_of_grant
-- What a login is checked against, as it is now and stays until the transaction ends.
SELECT encrypted_key FROM app WHERE app_id = :app_id FOR SHARE;

-- name: user_of_grant
-- Likewise; and of one user's logins at once each waits for the others.
SELECT password_hash FROM corp_user WHERE user_id = :user_id FOR UPDATE;

-- name: add_grant
INSERT INTO login_grant (
    access_hash, refresh_hash, user_id, app_id, client_type,
    created_time_ms, expire_time_ms, refresh_expire_time_ms
) VALUES (
    :access_hash, :refresh_hash, :user_id, :app_id, :client_type,
    :created_time_ms, :expire_time_ms, :refresh_expire_time_ms
);

-- name: end_grant
DELETE FROM login_grant WHERE access_hash = :access_hash RETURNING access_hash;

-- name: end_oldest_grants
-- Leave a user the newest grants of a client type, `grants_max` of them.
DELETE FROM login_grant WHERE access_hash = ANY(ARRAY(
    SELECT access_hash FROM login_grant
    WHERE user_id = :user_id AND client_type = :client_type
    ORDER BY created_time_ms DESC, access_hash
    OFFSET :grants_max
));

-- name: ended_grants
-- What somebody else is ending just now is left to them, so that nobody waits. Looked for before
-- it is deleted, as each copy of the table has to lose the same rows (likewise for failed logins).
SELECT access_hash FROM login_grant WHERE refresh_expire_time_ms <= :now_ms
FOR UPDATE SKIP LOCKED;

-- name: forget_ended_grants
DELETE FROM login_grant WHERE access_hash = ANY(:access_hashes::bytea[]);

-- name: principal
-- Who an access token speaks for.
SELECT
    corp_user.corp_id, corp_user.user_id, corp_user.account, app.app_id, corp_user.admin_type, app.scopes,
    corp.masks_numbers, login_grant.expire_time_ms
FROM login_grant
JOIN corp_user USING (user_id)
JOIN corp USING (corp_id)
LEFT JOIN app ON app.app_id = login_grant.app_id
LEFT JOIN corp AS home ON home.corp_id = app.corp_id
WHERE login_grant.access_hash = :access_hash AND login_grant.expire_time_ms > :now_ms
    AND NOT (corp_user.is_disabled OR corp.is_disabled)
    AND NOT coalesce(app.is_disabled OR home.is_disabled, false);

-- name: grant
-- What an access token or a refresh token stands for.
SELECT
    access_hash, client_type, login_grant.created_time_ms, expire_time_ms, refresh_expire_time_ms,
    corp_user.user_id, corp_user.corp_id, account, admin_type, corp_user.name, email, phone, dept_code,
    is_automatic, corp_user.is_disabled,
    app.app_id, app.corp_id, app.name, scopes, is_multi_tenant, encrypted_key, app.created_time_ms,
    app.is_disabled
FROM login_grant
JOIN corp_user USING (user_id)
JOIN corp USING (corp_id)
LEFT JOIN app ON app.app_id = login_grant.app_id
LEFT JOIN corp AS home ON home.corp_id = app.corp_id
WHERE (
        access_hash = :token_hash AND expire_time_ms > :now_ms
        OR refresh_hash = :token_hash AND refresh_expire_time_ms > :now_ms
    )
    AND NOT (corp_user.is_disabled OR corp.is_disabled)
    AND NOT coalesce(app.is_disabled OR home.is_disabled, false);

-- name: login
-- Whoever may log in with an account and a password.
SELECT
    user_id, corp_id, account, admin_type, corp_user.name, email, phone, dept_code, is_automatic,
    corp_user.is_disabled, password_hash, corp_user.is_disabled OR corp.is_disabled
FROM corp_user JOIN corp USING (corp_id)
WHERE account = :account AND password_hash <> '';

-- name: add_link
INSERT INTO login_link (link_hash, user_id, expire_time_ms)
VALUES (:link_hash, :user_id, :expire_time_ms);

-- name: link
-- Whose link it is, if it may still be used.
SELECT user_id FROM login_link WHERE link_hash = :link_hash AND expire_time_ms > :now_ms;

-- name: take_link
-- Of two that take it at once one gets it.
DELETE FROM login_link WHERE link_hash = :link_hash AND expire_time_ms > :now_ms RETURNING user_id;

-- name: login_of_user
-- As `login`, of somebody who may have no password.
SELECT
    user_id, corp_id, account, admin_type, corp_user.name, email, phone, dept_code, is_automatic,
    corp_user.is_disabled, password_hash, corp_user.is_disabled OR corp.is_disabled
FROM corp_user JOIN corp USING (corp_id)
WHERE user_id = :user_id;

-- name: end_links_of_user
DELETE FROM login_link WHERE user_id = (
    SELECT user_id FROM corp_user WHERE corp_id = :corp_id AND account = :account
);

-- name: end_links_of_corp
DELETE FROM login_link
WHERE user_id = ANY(ARRAY(SELECT user_id FROM corp_user WHERE corp_id = :corp_id));

-- name: old_links
SELECT link_hash FROM login_link WHERE expire_time_ms <= :now_ms FOR UPDATE SKIP LOCKED;

-- name: forget_old_links
DELETE FROM login_link WHERE link_hash = ANY(:link_hashes::bytea[]);

-- name: count_attempt
-- Count an attempt as failed, if it may be made; a row says that it may.
INSERT INTO failed_login (account, failures, last_time_ms) VALUES (:account, 1, :now_ms)
ON CONFLICT (account) DO UPDATE SET
    failures = CASE
        WHEN failed_login.last_time_ms <= :before_ms THEN 1 ELSE failed_login.failures + 1
    END,
    last_time_ms = excluded.last_time_ms
WHERE failed_login.failures < :failures_max OR failed_login.last_time_ms <= :before_ms
RETURNING failures;

-- name: forget_failed_login
DELETE FROM failed_login WHERE account = :account;

-- name: old_failed_logins
SELECT account FROM failed_login WHERE last_time_ms <= :before_ms FOR UPDATE SKIP LOCKED;

-- name: forget_old_failed_logins
DELETE FROM failed_login WHERE account = ANY(:accounts::text[]);

-- name: conference
SELECT
    conference_uuid, conference_id, subject, start_time_ms, end_time_ms, scheduler_name,
    has_recording, details
FROM conference WHERE corp_id = :corp_id AND conference_uuid = :conference_uuid;

-- name: put_conference
INSERT INTO conference (
    corp_id, conference_uuid, conference_id, subject, start_time_ms, end_time_ms,
    scheduler_name, has_recording, search_text, details
) VALUES (
    :corp_id, :conference_uuid, :conference_id, :subject, :start_time_ms, :end_time_ms,
    :scheduler_name, :has_recording, :search_text, :details
) ON CONFLICT (corp_id, conference_uuid) DO UPDATE SET
    conference_id = excluded.conference_id, subject = excluded.subject,
    start_time_ms = excluded.start_time_ms, end_time_ms = excluded.end_time_ms,
    scheduler_name = excluded.scheduler_name, has_recording = excluded.has_recording,
    search_text = excluded.search_text, details = excluded.details;

-- name: count_day
-- One ended conference more, or less, that began on a day.
INSERT INTO conference_day (corp_id, has_recording, day, conference_count)
VALUES (:corp_id, :has_recording, :day, :change)
ON CONFLICT (corp_id, has_recording, day)
DO UPDATE SET conference_count = conference_day.conference_count + excluded.conference_count;

-- name: add_viewer
INSERT INTO viewer (corp_id, person, conference_uuid)
VALUES (:corp_id, :person, :conference_uuid)
ON CONFLICT (corp_id, person, conference_uuid) DO NOTHING;

-- name: date_viewers
-- Tell the viewers of a conference when it was, for their lists; NULL while it runs.
UPDATE viewer
SET start_time_ms = :start_time_ms, has_recording = :has_recording
WHERE corp_id = :corp_id AND conference_uuid = :conference_uuid;

-- name: viewers
-- Which of two persons may see a conference.
SELECT person FROM viewer
WHERE corp_id = :corp_id AND person IN (:person_1, :person_2)
    AND conference_uuid = :conference_uuid;

-- name: sum_of_days
-- How many ended conferences, with and without a recording, began on some days.
SELECT
    coalesce(sum(conference_count) FILTER (WHERE has_recording), 0)::bigint,
    coalesce(sum(conference_count) FILTER (WHERE NOT has_recording), 0)::bigint
FROM conference_day
WHERE corp_id = :corp_id AND has_recording IN (true, false)
    AND day >= :first_day AND day <= :last_day;

-- name: count_ended
-- The same between two moments: for a part of a day, or with a search.
SELECT
    count(*) FILTER (WHERE has_recording), count(*) FILTER (WHERE NOT has_recording)
FROM conference
WHERE corp_id = :corp_id AND end_time_ms IS NOT NULL
    AND start_time_ms >= :since_ms AND start_time_ms <= :until_ms
    AND (:search = '' OR strpos(search_text, :search) > 0);

-- name: list_up
-- Ended conferences, the oldest first.
SELECT
    conference_uuid, conference_id, subject, start_time_ms, end_time_ms, scheduler_name,
    has_recording, details
FROM conference
WHERE corp_id = :corp_id AND end_time_ms IS NOT NULL
    AND start_time_ms >= :since_ms AND start_time_ms <= :until_ms
    AND (:search = '' OR strpos(search_text, :search) > 0)
ORDER BY start_time_ms, conference_uuid
LIMIT :limit OFFSET :offset;

-- name: list_down
-- The same, the newest first.
SELECT
    conference_uuid, conference_id, subject, start_time_ms, end_time_ms, scheduler_name,
    has_recording, details
FROM conference
WHERE corp_id = :corp_id AND end_time_ms IS NOT NULL
    AND start_time_ms >= :since_ms AND start_time_ms <= :until_ms
    AND (:search = '' OR strpos(search_text, :search) > 0)
ORDER BY start_time_ms DESC, conference_uuid DESC
LIMIT :limit OFFSET :offset;

-- name: list_recorded_up
-- Those with or those without a recording, the oldest first.
SELECT
    conference_uuid, conference_id, subject, start_time_ms, end_time_ms, scheduler_name,
    has_recording, details
FROM conference
WHERE corp_id = :corp_id AND end_time_ms IS NOT NULL
    AND has_recording = :has_recording
    AND start_time_ms >= :since_ms AND start_time_ms <= :until_ms
    AND (:search = '' OR strpos(search_text, :search) > 0)
ORDER BY start_time_ms, conference_uuid
LIMIT :limit OFFSET :offset;

-- name: list_recorded_down
-- The same, the newest first.
SELECT
    conference_uuid, conference_id, subject, start_time_ms, end_time_ms, scheduler_name,
    has_recording, details
FROM conference
WHERE corp_id = :corp_id AND end_time_ms IS NOT NULL
    AND has_recording = :has_recording
    AND start_time_ms >= :since_ms AND start_time_ms <= :until_ms
    AND (:search = '' OR strpos(search_text, :search) > 0)
ORDER BY start_time_ms DESC, conference_uuid DESC
LIMIT :limit OFFSET :offset;

-- name: list_own_up
-- What one of two persons may see of ended conferences, the oldest first. Each person's
-- part is a range of an index, and no more of it is read than the page needs. That the corp
-- is named once more tells a distributed server that all of it is in one place.
SELECT
    conference_uuid, conference_id, subject, conference.start_time_ms, end_time_ms,
    scheduler_name, conference.has_recording, details
FROM (
    (
        SELECT corp_id, conference_uuid, start_time_ms FROM viewer
        WHERE corp_id = :corp_id AND person = :person_1
            AND start_time_ms >= :since_ms AND start_time_ms <= :until_ms
        ORDER BY start_time_ms, conference_uuid
        LIMIT :offset::bigint + :limit::bigint
    )
    UNION
    (
        SELECT corp_id, conference_uuid, start_time_ms FROM viewer
        WHERE corp_id = :corp_id AND person = :person_2
            AND start_time_ms >= :since_ms AND start_time_ms <= :until_ms
        ORDER BY start_time_ms, conference_uuid
        LIMIT :offset::bigint + :limit::bigint
    )
    ORDER BY start_time_ms, conference_uuid
    LIMIT :limit OFFSET :offset
) AS own
JOIN conference USING (corp_id, conference_uuid)
WHERE conference.corp_id = :corp_id
ORDER BY own.start_time_ms, conference_uuid;

-- name: list_own_down
-- The same, the newest first.
SELECT
    conference_uuid, conference_id, subject, conference.start_time_ms, end_time_ms,
    scheduler_name, conference.has_recording, details
FROM (
    (
        SELECT corp_id, conference_uuid, start_time_ms FROM viewer
        WHERE corp_id = :corp_id AND person = :person_1
            AND start_time_ms >= :since_ms AND start_time_ms <= :until_ms
        ORDER BY start_time_ms DESC, conference_uuid DESC
        LIMIT :offset::bigint + :limit::bigint
    )
    UNION
    (
        SELECT corp_id, conference_uuid, start_time_ms FROM viewer
        WHERE corp_id = :corp_id AND person = :person_2
            AND start_time_ms >= :since_ms AND start_time_ms <= :until_ms
        ORDER BY start_time_ms DESC, conference_uuid DESC
        LIMIT :offset::bigint + :limit::bigint
    )
    ORDER BY start_time_ms DESC, conference_uuid DESC
    LIMIT :limit OFFSET :offset
) AS own
JOIN conference USING (corp_id, conference_uuid)
WHERE conference.corp_id = :corp_id
ORDER BY own.start_time_ms DESC, conference_uuid DESC;

-- name: list_own_recorded_up
-- Of those, the ones with or without a recording, the oldest first.
SELECT
    conference_uuid, conference_id, subject, conference.start_time_ms, end_time_ms,
    scheduler_name, conference.has_recording, details
FROM (
    (
        SELECT corp_id, conference_uuid, start_time_ms FROM viewer
        WHERE corp_id = :corp_id AND person = :person_1
            AND has_recording = :has_recording
            AND start_time_ms >= :since_ms AND start_time_ms <= :until_ms
        ORDER BY start_time_ms, conference_uuid
        LIMIT :offset::bigint + :limit::bigint
    )
    UNION
    (
        SELECT corp_id, conference_uuid, start_time_ms FROM viewer
        WHERE corp_id = :corp_id AND person = :person_2
            AND has_recording = :has_recording
            AND start_time_ms >= :since_ms AND start_time_ms <= :until_ms
        ORDER BY start_time_ms, conference_uuid
        LIMIT :offset::bigint + :limit::bigint
    )
    ORDER BY start_time_ms, conference_uuid
    LIMIT :limit OFFSET :offset
) AS own
JOIN conference USING (corp_id, conference_uuid)
WHERE conference.corp_id = :corp_id
ORDER BY own.start_time_ms, conference_uuid;

-- name: list_own_recorded_down
-- The same, the newest first.
SELECT
    conference_uuid, conference_id, subject, conference.start_time_ms, end_time_ms,
    scheduler_name, conference.has_recording, details
FROM (
    (
        SELECT corp_id, conference_uuid, start_time_ms FROM viewer
        WHERE corp_id = :corp_id AND person = :person_1
            AND has_recording = :has_recording
            AND start_time_ms >= :since_ms AND start_time_ms <= :until_ms
        ORDER BY start_time_ms DESC, conference_uuid DESC
        LIMIT :offset::bigint + :limit::bigint
    )
    UNION
    (
        SELECT corp_id, conference_uuid, start_time_ms FROM viewer
        WHERE corp_id = :corp_id AND person = :person_2
            AND has_recording = :has_recording
            AND start_time_ms >= :since_ms AND start_time_ms <= :until_ms
        ORDER BY start_time_ms DESC, conference_uuid DESC
        LIMIT :offset::bigint + :limit::bigint
    )
    ORDER BY start_time_ms DESC, conference_uuid DESC
    LIMIT :limit OFFSET :offset
) AS own
JOIN conference USING (corp_id, conference_uuid)
WHERE conference.corp_id = :corp_id
ORDER BY own.start_time_ms DESC, conference_uuid DESC;

-- name: count_own
-- How many those are, with and without a recording.
SELECT count(*) FILTER (WHERE has_recording), count(*) FILTER (WHERE NOT has_recording)
FROM (
    SELECT conference_uuid, has_recording FROM viewer
    WHERE corp_id = :corp_id AND person = :person_1
        AND start_time_ms >= :since_ms AND start_time_ms <= :until_ms
    UNION
    SELECT conference_uuid, has_recording FROM viewer
    WHERE corp_id = :corp_id AND person = :person_2
        AND start_time_ms >= :since_ms AND start_time_ms <= :until_ms
) AS own;

-- name: search_own
-- Of those, the ones that have a text.
SELECT
    conference_uuid, conference_id, subject, start_time_ms, end_time_ms, scheduler_name,
    has_recording, details
FROM conference
WHERE corp_id = :corp_id AND end_time_ms IS NOT NULL AND strpos(search_text, :search) > 0
    AND conference_uuid IN (
        SELECT conference_uuid FROM viewer
        WHERE corp_id = :corp_id AND person IN (:person_1, :person_2)
            AND start_time_ms >= :since_ms AND start_time_ms <= :until_ms
    )
ORDER BY
    :by_recording::bigint * :direction::bigint * has_recording::int,
    :direction::bigint * start_time_ms,
    CASE :direction::bigint WHEN 1 THEN conference_uuid END, conference_uuid DESC
LIMIT :limit OFFSET :offset;

-- name: count_search_own
-- How many those are.
SELECT count(*) FROM conference
WHERE corp_id = :corp_id AND end_time_ms IS NOT NULL AND strpos(search_text, :search) > 0
    AND conference_uuid IN (
        SELECT conference_uuid FROM viewer
        WHERE corp_id = :corp_id AND person IN (:person_1, :person_2)
            AND start_time_ms >= :since_ms AND start_time_ms <= :until_ms
    );

-- name: newest_running
-- Conferences that run, the newest first, from one place down to another; with persons, of those they may see.
SELECT
    conference_uuid, conference_id, subject, start_time_ms, end_time_ms, scheduler_name,
    has_recording, '{}'
FROM conference
WHERE corp_id = :corp_id AND end_time_ms IS NULL
    AND (start_time_ms, conference_uuid) < (:before_ms::bigint, :before_uuid::text)
    AND (start_time_ms, conference_uuid) >= (:floor_ms::bigint, :floor_uuid::text)
    AND (:search = '' OR strpos(search_text, :search) > 0)
    AND (:all_of_corp::boolean OR EXISTS (
        SELECT 1 FROM viewer
        WHERE viewer.corp_id = :corp_id AND person IN (:person_1, :person_2)
            AND viewer.conference_uuid = conference.conference_uuid
    ))
ORDER BY start_time_ms DESC, conference_uuid DESC
LIMIT :limit;

-- name: floor_of_running
-- Where so many of them have been looked at.
SELECT start_time_ms, conference_uuid FROM conference
WHERE corp_id = :corp_id AND end_time_ms IS NULL
    AND (start_time_ms, conference_uuid) < (:before_ms::bigint, :before_uuid::text)
    AND (start_time_ms, conference_uuid) >= (:floor_ms::bigint, :floor_uuid::text)
ORDER BY start_time_ms DESC, conference_uuid DESC
LIMIT 1 OFFSET :looked_at_max::bigint - 1;

-- name: newest_ended
-- Conferences that have ended, the newest first, from one place down to another.
SELECT
    conference_uuid, conference_id, subject, start_time_ms, end_time_ms, scheduler_name,
    has_recording, '{}'
FROM conference
WHERE corp_id = :corp_id AND end_time_ms IS NOT NULL
    AND (start_time_ms, conference_uuid) < (:before_ms::bigint, :before_uuid::text)
    AND (start_time_ms, conference_uuid) >= (:floor_ms::bigint, :floor_uuid::text)
    AND (:search = '' OR strpos(search_text, :search) > 0)
ORDER BY start_time_ms DESC, conference_uuid DESC
LIMIT :limit;

-- name: floor_of_ended
-- Where so many of them have been looked at.
SELECT start_time_ms, conference_uuid FROM conference
WHERE corp_id = :corp_id AND end_time_ms IS NOT NULL
    AND (start_time_ms, conference_uuid) < (:before_ms::bigint, :before_uuid::text)
    AND (start_time_ms, conference_uuid) >= (:floor_ms::bigint, :floor_uuid::text)
ORDER BY start_time_ms DESC, conference_uuid DESC
LIMIT 1 OFFSET :looked_at_max::bigint - 1;

-- name: newest_own
-- What one of two persons may see of ended conferences, the newest first, from one place down
-- to another. Each person's part is a range of an index.
SELECT
    conference_uuid, conference_id, subject, conference.start_time_ms, end_time_ms,
    scheduler_name, conference.has_recording, '{}'
FROM (
    SELECT * FROM (
        SELECT corp_id, conference_uuid, start_time_ms FROM viewer
        WHERE corp_id = :corp_id AND person = :person_1 AND start_time_ms IS NOT NULL
            AND (start_time_ms, conference_uuid) < (:before_ms::bigint, :before_uuid::text)
            AND (start_time_ms, conference_uuid) >= (:floor_ms::bigint, :floor_uuid::text)
        ORDER BY start_time_ms DESC, conference_uuid DESC
        LIMIT :own_max::bigint
    ) AS part_1
    UNION
    SELECT * FROM (
        SELECT corp_id, conference_uuid, start_time_ms FROM viewer
        WHERE corp_id = :corp_id AND person = :person_2 AND start_time_ms IS NOT NULL
            AND (start_time_ms, conference_uuid) < (:before_ms::bigint, :before_uuid::text)
            AND (start_time_ms, conference_uuid) >= (:floor_ms::bigint, :floor_uuid::text)
        ORDER BY start_time_ms DESC, conference_uuid DESC
        LIMIT :own_max::bigint
    ) AS part_2
    ORDER BY start_time_ms DESC, conference_uuid DESC
) AS own
JOIN conference USING (corp_id, conference_uuid)
WHERE conference.corp_id = :corp_id AND (:search = '' OR strpos(search_text, :search) > 0)
ORDER BY own.start_time_ms DESC, conference_uuid DESC
LIMIT :limit;

-- name: floor_of_own
-- Where so many of them have been looked at.
SELECT start_time_ms, conference_uuid FROM (
    SELECT * FROM (
        SELECT corp_id, conference_uuid, start_time_ms FROM viewer
        WHERE corp_id = :corp_id AND person = :person_1 AND start_time_ms IS NOT NULL
            AND (start_time_ms, conference_uuid) < (:before_ms::bigint, :before_uuid::text)
            AND (start_time_ms, conference_uuid) >= (:floor_ms::bigint, :floor_uuid::text)
        ORDER BY start_time_ms DESC, conference_uuid DESC
        LIMIT :own_max::bigint
    ) AS part_1
    UNION
    SELECT * FROM (
        SELECT corp_id, conference_uuid, start_time_ms FROM viewer
        WHERE corp_id = :corp_id AND person = :person_2 AND start_time_ms IS NOT NULL
            AND (start_time_ms, conference_uuid) < (:before_ms::bigint, :before_uuid::text)
            AND (start_time_ms, conference_uuid) >= (:floor_ms::bigint, :floor_uuid::text)
        ORDER BY start_time_ms DESC, conference_uuid DESC
        LIMIT :own_max::bigint
    ) AS part_2
    ORDER BY start_time_ms DESC, conference_uuid DESC
) AS own
LIMIT 1 OFFSET :own_max::bigint - 1;

-- name: newest_of_id
-- Conferences of one conference id, the newest first, from one place down to another; with persons, of those they may see.
SELECT
    conference_uuid, conference_id, subject, start_time_ms, end_time_ms, scheduler_name,
    has_recording, '{}'
FROM conference
WHERE corp_id = :corp_id AND conference_id = :conference_id AND length(conference_id) <= 64
    AND (start_time_ms, conference_uuid) < (:before_ms::bigint, :before_uuid::text)
    AND (start_time_ms, conference_uuid) >= (:floor_ms::bigint, :floor_uuid::text)
    AND (:all_of_corp::boolean OR EXISTS (
        SELECT 1 FROM viewer
        WHERE viewer.corp_id = :corp_id AND person IN (:person_1, :person_2)
            AND viewer.conference_uuid = conference.conference_uuid
    ))
ORDER BY start_time_ms DESC, conference_uuid DESC
LIMIT :limit;

-- name: floor_of_id
-- Where so many of them have been looked at.
SELECT start_time_ms, conference_uuid FROM conference
WHERE corp_id = :corp_id AND conference_id = :conference_id AND length(conference_id) <= 64
    AND (start_time_ms, conference_uuid) < (:before_ms::bigint, :before_uuid::text)
    AND (start_time_ms, conference_uuid) >= (:floor_ms::bigint, :floor_uuid::text)
ORDER BY start_time_ms DESC, conference_uuid DESC
LIMIT 1 OFFSET :looked_at_max::bigint - 1;

-- name: counts
-- How many records some conferences have.
SELECT conference_uuid, record_count FROM head
WHERE corp_id = :corp_id AND conference_uuid = ANY(:uuids::text[]);

-- name: ended
-- Which of some conferences have ended.
SELECT conference_uuid FROM conference
WHERE corp_id = :corp_id AND conference_uuid = ANY(:uuids::text[])
    AND end_time_ms IS NOT NULL;

-- name: invited_to
-- Who was invited to some conferences, of those that are looked for.
SELECT conference_uuid, identity, place, name, number, is_terminal, details
FROM participant
WHERE corp_id = :corp_id AND conference_uuid = ANY(:uuids::text[])
    AND (
        :part::text <> '' AND strpos(search_text, :part) > 0 OR identity = :identity::text
        OR name = :name::text AND name <> '' OR number = :number::text AND number <> ''
    )
LIMIT :limit;

-- name: stays_in
-- Stays in some conferences, of those that are looked for.
SELECT
    conference_uuid, display_name, call_number, device_type, join_time_ms, left_time_ms, media_type,
    dept_name
FROM attendance
WHERE corp_id = :corp_id AND conference_uuid = ANY(:uuids::text[])
    AND (
        :part::text <> '' AND strpos(search_text, :part) > 0
        OR display_name = :name::text AND display_name <> ''
        OR call_number = :number::text AND call_number <> ''
    )
LIMIT :limit;

-- name: with_invited
-- To which of some conferences somebody was invited who is looked for.
SELECT DISTINCT conference_uuid
FROM participant
WHERE corp_id = :corp_id AND conference_uuid = ANY(:uuids::text[])
    AND (
        :part::text <> '' AND strpos(search_text, :part) > 0 OR identity = :identity::text
        OR name = :name::text AND name <> '' OR number = :number::text AND number <> ''
    );

-- name: with_viewer
-- Which of some conferences somebody may see as a viewer.
SELECT conference_uuid
FROM viewer
WHERE corp_id = :corp_id AND person = :identity AND conference_uuid = ANY(:uuids::text[]);

-- name: with_stays
-- In which of some conferences somebody was who is looked for.
SELECT DISTINCT conference_uuid
FROM attendance
WHERE corp_id = :corp_id AND conference_uuid = ANY(:uuids::text[])
    AND (
        :part::text <> '' AND strpos(search_text, :part) > 0
        OR display_name = :name::text AND display_name <> ''
        OR call_number = :number::text AND call_number <> ''
    );

-- name: forget_viewers
DELETE FROM viewer WHERE corp_id = :corp_id AND conference_uuid = :conference_uuid;

-- name: forget_viewer
-- Unless they were invited.
DELETE FROM viewer
WHERE corp_id = :corp_id AND person = :person AND conference_uuid = :conference_uuid
    AND NOT EXISTS (
        SELECT 1 FROM participant
        WHERE corp_id = :corp_id AND conference_uuid = :conference_uuid AND identity = :person
    );

-- name: forget_participants
DELETE FROM participant WHERE corp_id = :corp_id AND conference_uuid = :conference_uuid;

-- name: put_participant
-- Somebody who is there already keeps their place.
INSERT INTO participant (
    corp_id, conference_uuid, identity, place, name, number, is_terminal, search_text, details
) VALUES (
    :corp_id, :conference_uuid, :identity, :place, :name, :number, :is_terminal, :search_text,
    :details
) ON CONFLICT (corp_id, conference_uuid, identity) DO UPDATE SET
    name = excluded.name, number = excluded.number, is_terminal = excluded.is_terminal,
    search_text = excluded.search_text, details = excluded.details;

-- name: participants
-- A page of the participants of a conference, by place; with a search, of those that fit.
SELECT identity, place, name, number, is_terminal, details
FROM participant
WHERE corp_id = :corp_id AND conference_uuid = :conference_uuid
    AND (:search = '' OR strpos(search_text, :search) > 0)
ORDER BY place, identity
LIMIT :limit OFFSET :offset;

-- name: participants_of_kinds
-- The same of people, of terminals, or of the ones behind the others.
SELECT identity, place, name, number, is_terminal, details
FROM participant
WHERE corp_id = :corp_id AND conference_uuid = :conference_uuid
    AND is_terminal >= :kind_least AND is_terminal <= :kind_most
    AND (:search = '' OR strpos(search_text, :search) > 0)
ORDER BY is_terminal, place, identity
LIMIT :limit OFFSET :offset;

-- name: count_participants
SELECT count(*) FROM participant
WHERE corp_id = :corp_id AND conference_uuid = :conference_uuid
    AND is_terminal >= :kind_least AND is_terminal <= :kind_most
    AND (:search = '' OR strpos(search_text, :search) > 0);

-- name: put_attendance
-- What is empty or NULL says nothing of a stay that is known.
INSERT INTO attendance (
    conference_uuid, corp_id, join_time_ms, call_number, display_name, left_time_ms,
    device_type, media_type, dept_name, search_text
) VALUES (
    :conference_uuid, :corp_id, :join_time_ms, :call_number, :display_name, :left_time_ms,
    :device_type, :media_type, :dept_name, :search_text
) ON CONFLICT (conference_uuid, corp_id, join_time_ms, call_number, display_name) DO UPDATE SET
    left_time_ms = coalesce(excluded.left_time_ms, attendance.left_time_ms),
    device_type  = coalesce(nullif(excluded.device_type, ''), attendance.device_type),
    media_type   = coalesce(nullif(excluded.media_type, ''), attendance.media_type),
    dept_name    = coalesce(nullif(excluded.dept_name, ''), attendance.dept_name);

-- name: count_ended_stays
-- How many stays of somebody ended at a moment.
SELECT count(*) FROM attendance
WHERE conference_uuid = :conference_uuid AND corp_id = :corp_id
    AND call_number = :call_number AND display_name = :display_name
    AND left_time_ms = :left_time_ms;

-- name: end_stay
-- End the last stay of somebody that had begun by then and has no end.
UPDATE attendance SET left_time_ms = :left_time_ms
WHERE conference_uuid = :conference_uuid AND corp_id = :corp_id
    AND call_number = :call_number AND display_name = :display_name
    AND join_time_ms = (
        SELECT max(join_time_ms) FROM attendance
        WHERE conference_uuid = :conference_uuid AND corp_id = :corp_id
            AND call_number = :call_number AND display_name = :display_name
            AND join_time_ms <= :left_time_ms
            AND left_time_ms IS NULL
    )
RETURNING join_time_ms;

-- name: attendance
-- A page of the stays of a conference; with a search, of those that fit.
SELECT
    display_name, call_number, device_type, join_time_ms, left_time_ms, media_type, dept_name
FROM attendance
WHERE conference_uuid = :conference_uuid AND corp_id = :corp_id
    AND (:search = '' OR strpos(search_text, :search) > 0)
ORDER BY join_time_ms, call_number, display_name
LIMIT :limit OFFSET :offset;

-- name: count_attendance
SELECT count(*) FROM attendance
WHERE conference_uuid = :conference_uuid AND corp_id = :corp_id
    AND (:search = '' OR strpos(search_text, :search) > 0);

-- name: add_phrase
-- What was learned first stays.
INSERT INTO phrase (corp_id, text, language, words) VALUES (:corp_id, :text, :language, :words)
ON CONFLICT (corp_id, text, language) DO NOTHING;

-- name: phrases
-- Those of some texts that are known in a language.
SELECT text, words FROM phrase
WHERE corp_id = :corp_id AND text = ANY(:texts::text[]) AND language = :language;

-- name: begin_archive
INSERT INTO archive_source (
    corp_id, source, since_ms, until_ms, reached_ms, started_time_ms, ended_time_ms, problem
) VALUES (:corp_id, :source, :since_ms, :until_ms, :since_ms, :now_ms, NULL, '')
ON CONFLICT (corp_id, source) DO UPDATE SET
    since_ms = CASE
        WHEN archive_source.reached_ms > archive_source.since_ms THEN archive_source.since_ms
        ELSE excluded.since_ms
    END,
    reached_ms = CASE
        WHEN archive_source.reached_ms > archive_source.since_ms THEN archive_source.reached_ms
        ELSE excluded.reached_ms
    END,
    until_ms = excluded.until_ms, started_time_ms = excluded.started_time_ms,
    ended_time_ms = NULL, problem = '';

-- name: reach_archive
UPDATE archive_source SET
    since_ms = least(since_ms, :since_ms), reached_ms = greatest(reached_ms, :reached_ms)
WHERE corp_id = :corp_id AND source = :source
    AND :since_ms <= reached_ms AND :reached_ms >= since_ms;

-- name: end_archive
UPDATE archive_source SET ended_time_ms = :now_ms, problem = :problem
WHERE corp_id = :corp_id AND source = :source;

-- name: put_archived
INSERT INTO archived_conference (
    corp_id, source, conference_uuid, start_time_ms, record_count, is_whole, problem,
    checked_time_ms
) VALUES (
    :corp_id, :source, :conference_uuid, :start_time_ms, :record_count, :is_whole, :problem,
    :checked_time_ms
) ON CONFLICT (corp_id, source, conference_uuid) DO UPDATE SET
    start_time_ms = excluded.start_time_ms, record_count = excluded.record_count,
    is_whole = excluded.is_whole, problem = excluded.problem, checked_time_ms = excluded.checked_time_ms;

-- name: archived
SELECT conference_uuid, start_time_ms, record_count, is_whole, problem, checked_time_ms
FROM archived_conference
WHERE corp_id = :corp_id AND source = :source AND conference_uuid = :conference_uuid;

-- name: archive_sources
SELECT
    source, since_ms, reached_ms, until_ms, started_time_ms, ended_time_ms,
    archive_source.problem, count(conference_uuid), coalesce(sum(record_count), 0)::bigint
FROM archive_source
LEFT JOIN archived_conference USING (corp_id, source)
WHERE archive_source.corp_id = :corp_id
GROUP BY archive_source.corp_id, archive_source.source
ORDER BY archive_source.source;

-- name: archive_problems
SELECT conference_uuid, start_time_ms, record_count, is_whole, problem, checked_time_ms
FROM archived_conference
WHERE corp_id = :corp_id AND source = :source AND problem <> ''
ORDER BY conference_uuid
LIMIT :limit;

-- name: count_archive_problems
SELECT count(*) FROM archived_conference
WHERE corp_id = :corp_id AND source = :source AND problem <> '';

-- name: walk
-- The conferences of a corp behind one, by id, and when the first record of each was made.
SELECT head.conference_uuid, record.operate_time_ms
FROM head
LEFT JOIN record
    ON  record.conference_uuid = head.conference_uuid
    AND record.corp_id = head.corp_id
    AND record.seq = 0
WHERE head.corp_id = :corp_id AND head.conference_uuid > :after
ORDER BY head.conference_uuid
LIMIT :limit;

-- name: starts
-- When the conferences behind one, up to another, began, as was told. Not joined to the
-- walk: a distributed server keeps the two in different places.
SELECT conference_uuid, start_time_ms FROM conference
WHERE corp_id = :corp_id AND conference_uuid > :after AND conference_uuid <= :last;

-- name: records_at
-- The records at some places.
SELECT
    seq,
    operate_time_ms, source, operator, operator_basis, operation, operation_text,
    object, result, result_text, detail, event_id, received_time_ms
FROM record
WHERE conference_uuid = :conference_uuid AND corp_id = :corp_id
    AND seq = ANY(:seqs::bigint[]);
