-- +goose Up
ALTER TABLE contact_records ADD COLUMN messages INTEGER NOT NULL DEFAULT 0; -- of citizen and agents; 0 for calls

-- +goose Down
ALTER TABLE contact_records DROP COLUMN messages;
