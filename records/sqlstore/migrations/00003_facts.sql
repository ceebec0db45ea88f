-- +goose Up
ALTER TABLE contact_events ADD COLUMN facts TEXT NOT NULL DEFAULT ''; -- JSON object of strings; empty for none

-- +goose Down
ALTER TABLE contact_events DROP COLUMN facts;
