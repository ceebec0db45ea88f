-- +goose Up
CREATE TABLE contact_records (
    contact_id  TEXT PRIMARY KEY,
    channel     TEXT NOT NULL,
    line        TEXT NOT NULL,
    source      TEXT NOT NULL,
    trunk       TEXT NOT NULL,
    citizen     TEXT NOT NULL, -- the full address; personal
    citizen_ref TEXT NOT NULL,
    node        TEXT NOT NULL,
    accepted_at   BIGINT,
    queued_at     BIGINT,
    connected_at  BIGINT,
    talk_ended_at BIGINT,
    ended_at      BIGINT,
    held_ms     BIGINT NOT NULL,
    offers      INTEGER NOT NULL,
    agent       TEXT NOT NULL,
    cause       TEXT NOT NULL
);
CREATE INDEX contact_records_by_time ON contact_records (accepted_at, contact_id);
CREATE INDEX contact_records_by_citizen ON contact_records (citizen_ref, accepted_at, contact_id);

CREATE TABLE contact_events (
    contact_id TEXT NOT NULL,
    seq        INTEGER NOT NULL, -- order of arrival
    at         BIGINT NOT NULL,
    kind       TEXT NOT NULL,
    agent      TEXT NOT NULL,
    detail     TEXT NOT NULL,
    PRIMARY KEY (contact_id, seq),
    UNIQUE (contact_id, at, kind, agent, detail)
);

-- +goose Down
DROP TABLE contact_events;
DROP TABLE contact_records;
