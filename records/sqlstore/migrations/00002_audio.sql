-- +goose Up
ALTER TABLE contact_records ADD COLUMN recording TEXT NOT NULL DEFAULT ''; -- file below the recordings' folder
ALTER TABLE contact_records ADD COLUMN citizen_loss DOUBLE PRECISION NOT NULL DEFAULT 0; -- share, 0-1
ALTER TABLE contact_records ADD COLUMN citizen_jitter_us BIGINT NOT NULL DEFAULT 0;
ALTER TABLE contact_records ADD COLUMN citizen_delay_us BIGINT NOT NULL DEFAULT 0;
ALTER TABLE contact_records ADD COLUMN citizen_mos DOUBLE PRECISION NOT NULL DEFAULT 0;
ALTER TABLE contact_records ADD COLUMN agent_loss DOUBLE PRECISION NOT NULL DEFAULT 0;
ALTER TABLE contact_records ADD COLUMN agent_jitter_us BIGINT NOT NULL DEFAULT 0;
ALTER TABLE contact_records ADD COLUMN agent_delay_us BIGINT NOT NULL DEFAULT 0;
ALTER TABLE contact_records ADD COLUMN agent_mos DOUBLE PRECISION NOT NULL DEFAULT 0;

-- +goose Down
ALTER TABLE contact_records DROP COLUMN recording;
ALTER TABLE contact_records DROP COLUMN citizen_loss;
ALTER TABLE contact_records DROP COLUMN citizen_jitter_us;
ALTER TABLE contact_records DROP COLUMN citizen_delay_us;
ALTER TABLE contact_records DROP COLUMN citizen_mos;
ALTER TABLE contact_records DROP COLUMN agent_loss;
ALTER TABLE contact_records DROP COLUMN agent_jitter_us;
ALTER TABLE contact_records DROP COLUMN agent_delay_us;
ALTER TABLE contact_records DROP COLUMN agent_mos;
