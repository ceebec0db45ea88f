-- +goose Up
ALTER TABLE contact_records ADD COLUMN replied_at BIGINT; -- an agent's first message; NULL for calls
-- What the board counts is read from the index alone.
CREATE INDEX contact_records_figures ON contact_records
    (accepted_at, channel, line, queued_at, connected_at, replied_at, talk_ended_at, ended_at, cause);
CREATE INDEX contact_records_waiting ON contact_records (queued_at)
    WHERE ended_at IS NULL AND connected_at IS NULL AND talk_ended_at IS NULL;

-- +goose Down
DROP INDEX contact_records_waiting;
DROP INDEX contact_records_figures;
ALTER TABLE contact_records DROP COLUMN replied_at;
