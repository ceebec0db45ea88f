-- +goose Up
CREATE TABLE callbacks (
    id            TEXT PRIMARY KEY,
    hall          TEXT NOT NULL,
    contact_id    TEXT NOT NULL,
    citizen       TEXT NOT NULL,
    citizen_ref   TEXT NOT NULL,
    line          TEXT NOT NULL,
    source        TEXT NOT NULL,
    since         BIGINT NOT NULL,
    why           TEXT NOT NULL,
    state         TEXT NOT NULL,
    attempts      INTEGER NOT NULL,
    next_at       BIGINT NOT NULL,
    made_at       BIGINT NOT NULL,
    done_at       BIGINT, -- reached, given up or cancelled
    claimed_by    TEXT NOT NULL,
    claimed_until BIGINT NOT NULL,
    claim_token   BIGINT NOT NULL
);
-- One open promise a citizen, one promise a contact.
CREATE UNIQUE INDEX callbacks_open ON callbacks (hall, citizen_ref) WHERE state IN ('waiting', 'queued', 'dialling');
CREATE UNIQUE INDEX callbacks_by_contact ON callbacks (hall, contact_id);
CREATE INDEX callbacks_due ON callbacks (hall, since) WHERE state IN ('waiting', 'queued', 'dialling');

-- +goose Down
DROP TABLE callbacks;
