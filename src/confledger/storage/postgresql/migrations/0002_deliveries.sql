-- The keys by which records were brought, so that a repeated delivery is known at once.
CREATE TABLE delivery (
    conference_uuid text COLLATE "C" NOT NULL,
    corp_id         text COLLATE "C" NOT NULL,
    delivery_key    text COLLATE "C" NOT NULL,
    digest          bytea            NOT NULL,
    PRIMARY KEY (conference_uuid, corp_id, delivery_key)
);
