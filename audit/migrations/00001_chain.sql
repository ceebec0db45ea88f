-- +goose Up
CREATE TABLE audit_entries (
    seq      BIGINT PRIMARY KEY,
    at       BIGINT NOT NULL,
    node     TEXT   NOT NULL,
    who      TEXT   NOT NULL,
    role     TEXT   NOT NULL,
    action   TEXT   NOT NULL,
    kind     TEXT   NOT NULL,
    object   TEXT   NOT NULL,
    reason   TEXT   NOT NULL,
    ip       TEXT   NOT NULL,
    previous BYTEA  NOT NULL,
    hash     BYTEA  NOT NULL
);
CREATE INDEX audit_entries_who ON audit_entries (who, at);
CREATE INDEX audit_entries_object ON audit_entries (kind, object, at);

-- One row: the end of the chain. Its lock orders the writers.
CREATE TABLE audit_head (
    id   BIGINT PRIMARY KEY CHECK (id = 1),
    seq  BIGINT NOT NULL,
    hash BYTEA  NOT NULL
);
