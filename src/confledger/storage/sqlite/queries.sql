-- The statements of the SQLite adapter. Each has a name, and says what it is for.

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
    AND record.seq < :offset + :limit
WHERE head.conference_uuid = :conference_uuid AND head.corp_id = :corp_id
ORDER BY record.seq;

-- name: record_of_event
-- The record that an event became.
SELECT
    operate_time_ms, source, operator, operator_basis, operation, operation_text,
    object, result, result_text, detail, event.event_id, received_time_ms
FROM event
JOIN record USING (conference_uuid, corp_id, seq)
WHERE event.conference_uuid = :conference_uuid AND event.corp_id = :corp_id
    AND event.event_id = :event_id;

-- name: record_count
-- How many records a conference has.
SELECT record_count FROM head WHERE conference_uuid = :conference_uuid AND corp_id = :corp_id;

-- name: grow_head
-- Give a conference room for some records more; the answer is its new count.
INSERT INTO head (conference_uuid, corp_id, record_count)
VALUES (:conference_uuid, :corp_id, :accepted)
ON CONFLICT (conference_uuid, corp_id) DO UPDATE SET record_count = record_count + :accepted
RETURNING record_count;

-- name: add_record
INSERT INTO record (
    conference_uuid, corp_id, seq,
    operate_time_ms, source, operator, operator_basis, operation, operation_text,
    object, result, result_text, detail, event_id, received_time_ms
) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?);

-- name: add_event
INSERT INTO event (conference_uuid, corp_id, event_id, seq) VALUES (?, ?, ?, ?);

-- name: pin_secret_key
-- Remember which secret key the app keys are sealed with, unless that is settled.
INSERT INTO store_info (name, value) VALUES ('secret_key_id', :key_id)
ON CONFLICT (name) DO NOTHING;

-- name: secret_key_id
SELECT value FROM store_info WHERE name = 'secret_key_id';

-- name: add_corp
INSERT INTO corp (corp_id, name) VALUES (:corp_id, :name)
ON CONFLICT (corp_id) DO NOTHING;

-- name: corp
SELECT corp_id, name, masks_numbers FROM corp WHERE corp_id = :corp_id;

-- name: add_app
INSERT INTO app (app_id, corp_id, name, scopes, is_multi_tenant, encrypted_key, created_time_ms)
VALUES (:app_id, :corp_id, :name, :scopes, :is_multi_tenant, :encrypted_key, :created_time_ms);

-- name: app
SELECT app_id, corp_id, name, scopes, is_multi_tenant, encrypted_key, created_time_ms
FROM app WHERE app_id = :app_id;

-- name: user
SELECT user_id, corp_id, account, admin_type, name, email, phone, dept_code
FROM user WHERE corp_id = :corp_id AND account = :account;

-- name: put_user
-- Make a user, or write what is said of one who is there over what was known.
INSERT INTO user (user_id, corp_id, account, admin_type, name, email, phone, dept_code)
VALUES (:user_id, :corp_id, :account, :admin_type, :name, :email, :phone, :dept_code)
ON CONFLICT (corp_id, account) DO UPDATE SET
    name      = CASE excluded.name      WHEN '' THEN user.name      ELSE excluded.name      END,
    email     = CASE excluded.email     WHEN '' THEN user.email     ELSE excluded.email     END,
    phone     = CASE excluded.phone     WHEN '' THEN user.phone     ELSE excluded.phone     END,
    dept_code = CASE excluded.dept_code WHEN '' THEN user.dept_code ELSE excluded.dept_code END;

-- name: add_session
INSERT INTO session (
    access_hash, refresh_hash, user_id, app_id, client_type,
    created_time_ms, expire_time_ms, refresh_expire_time_ms
) VALUES (
    :access_hash, :refresh_hash, :user_id, :app_id, :client_type,
    :created_time_ms, :expire_time_ms, :refresh_expire_time_ms
);

-- name: end_oldest_sessions
-- Leave a user the newest sessions of a client type, `sessions_max` of them.
DELETE FROM session WHERE access_hash IN (
    SELECT access_hash FROM session
    WHERE user_id = :user_id AND client_type = :client_type
    ORDER BY created_time_ms DESC, access_hash
    LIMIT -1 OFFSET :sessions_max
);

-- name: forget_ended_sessions
DELETE FROM session WHERE refresh_expire_time_ms <= :now_ms;

-- name: principal
-- Who an access token speaks for.
SELECT user.corp_id, user.user_id, session.app_id, user.admin_type, app.scopes, corp.masks_numbers
FROM session
JOIN user USING (user_id)
JOIN app  ON app.app_id = session.app_id
JOIN corp ON corp.corp_id = user.corp_id
WHERE session.access_hash = :access_hash AND session.expire_time_ms > :now_ms;
