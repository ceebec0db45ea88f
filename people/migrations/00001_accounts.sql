-- +goose Up
CREATE TABLE people_accounts (
    id         TEXT    PRIMARY KEY,
    name       TEXT    NOT NULL,
    role       TEXT    NOT NULL CHECK (role IN ('agent', 'supervisor', 'administrator')),
    skills     TEXT    NOT NULL,
    disabled   BOOLEAN NOT NULL,
    password   TEXT    NOT NULL,
    created_at BIGINT  NOT NULL,
    changed_at BIGINT  NOT NULL
);
