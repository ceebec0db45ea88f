-- +goose Up
ALTER TABLE contact_records ADD COLUMN origin TEXT NOT NULL DEFAULT ''; -- the contact that a call-back follows

-- +goose Down
ALTER TABLE contact_records DROP COLUMN origin;
