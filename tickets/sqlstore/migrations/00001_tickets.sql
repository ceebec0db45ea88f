-- +goose Up
CREATE TABLE tickets (
    number        TEXT PRIMARY KEY,
    contact_id    TEXT NOT NULL,
    citizen_ref   TEXT NOT NULL,
    created_at    BIGINT NOT NULL,
    state         TEXT NOT NULL,
    lead_unit     TEXT NOT NULL,
    document      TEXT NOT NULL -- citizen-ticket/1 without history and delivery
);
CREATE INDEX tickets_by_contact ON tickets (contact_id, number);
CREATE INDEX tickets_by_citizen ON tickets (citizen_ref, created_at, number);

CREATE TABLE ticket_history (
    number     TEXT NOT NULL REFERENCES tickets (number),
    seq        INTEGER NOT NULL,
    at         BIGINT NOT NULL,
    actor      TEXT NOT NULL,
    unit       TEXT NOT NULL,
    action     TEXT NOT NULL,
    from_state TEXT NOT NULL,
    to_state   TEXT NOT NULL,
    reason     TEXT NOT NULL,
    note       TEXT NOT NULL,
    PRIMARY KEY (number, seq)
);

-- What a registration key has made.
CREATE TABLE ticket_keys (
    key        TEXT PRIMARY KEY,
    digest     TEXT NOT NULL,
    number     TEXT NOT NULL REFERENCES tickets (number),
    created_at BIGINT NOT NULL
);

-- The last sequence of a day, the last position of a unit. Their rows are
-- written in the registering transaction: order of commit is order of number.
CREATE TABLE ticket_days (
    day  TEXT PRIMARY KEY,
    last BIGINT NOT NULL
);
CREATE TABLE ticket_units (
    unit TEXT PRIMARY KEY,
    last BIGINT NOT NULL
);

CREATE TABLE ticket_outbox (
    unit          TEXT NOT NULL,
    position      BIGINT NOT NULL,
    event_id      TEXT NOT NULL UNIQUE,
    number        TEXT NOT NULL REFERENCES tickets (number),
    contact_id    TEXT NOT NULL,
    body          BYTEA NOT NULL,
    queued_at     BIGINT NOT NULL,
    state         TEXT NOT NULL,
    attempts      INTEGER NOT NULL,
    failure       TEXT NOT NULL,
    next_at       BIGINT NOT NULL,
    claimed_by    TEXT NOT NULL,
    claimed_until BIGINT NOT NULL,
    claim_token   BIGINT NOT NULL,
    done_at       BIGINT, -- delivered or given up
    ack_ref       TEXT NOT NULL,
    PRIMARY KEY (unit, position)
);
CREATE INDEX ticket_outbox_open ON ticket_outbox (unit, position) WHERE state IN ('pending', 'sent', 'failed');
CREATE INDEX ticket_outbox_dead ON ticket_outbox (done_at, event_id) WHERE state = 'dead_letter';
CREATE INDEX ticket_outbox_by_number ON ticket_outbox (number, position);

-- +goose Down
DROP TABLE ticket_outbox;
DROP TABLE ticket_units;
DROP TABLE ticket_days;
DROP TABLE ticket_keys;
DROP TABLE ticket_history;
DROP TABLE tickets;
