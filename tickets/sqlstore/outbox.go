package sqlstore

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"time"

	"hotline/database"
	"hotline/tickets"
)

// open holds the text of the partial index, so that both engines use it.
const open = `state IN ('pending', 'sent', 'failed')`

func insertParcel(ctx context.Context, tx *sql.Tx, p tickets.Parcel) error {
	position, err := nextOf(ctx, tx, "ticket_units", "unit", p.Unit)
	if err != nil {
		return err
	}
	_, err = tx.ExecContext(ctx, `INSERT INTO ticket_outbox
		(unit, position, event_id, number, contact_id, body, queued_at, state, attempts, failure, next_at, claimed_by, claimed_until, claim_token, ack_ref)
		VALUES ($1, $2, $3, $4, $5, $6, $7, 'pending', 0, '', 0, '', 0, 0, '')`,
		p.Unit, position, p.ID, p.Number, string(p.Contact), p.Body, database.At(p.Queued))
	if err != nil {
		return fmt.Errorf("insert parcel: %w", err)
	}
	return nil
}

// Heads lists the first undelivered parcel of every unit that has one.
func (s *Store) Heads(ctx context.Context) ([]tickets.Head, error) {
	heads, err := database.Collect(ctx, s.db, scanHead, `SELECT o.unit, o.next_at, o.claimed_until, o.attempts FROM ticket_outbox o
		JOIN (SELECT unit, MIN(position) AS position FROM ticket_outbox WHERE `+open+` GROUP BY unit) head
		ON o.unit = head.unit AND o.position = head.position ORDER BY o.next_at, o.unit`)
	if err != nil {
		return nil, fmt.Errorf("sqlstore: read outbox: %w", err)
	}
	return heads, nil
}

func scanHead(rows *sql.Rows) (tickets.Head, error) {
	var h tickets.Head
	var next, claimed int64
	err := rows.Scan(&h.Unit, &next, &claimed, &h.Attempts)
	h.Due = time.UnixMilli(max(next, claimed)).UTC()
	return h, err
}

// Claim takes the head of the unit until the claim runs out.
func (s *Store) Claim(ctx context.Context, c tickets.Claim) (tickets.Parcel, bool, error) {
	p := tickets.Parcel{Unit: c.Unit}
	var queued database.Time
	err := s.db.Tx(ctx, func(tx *sql.Tx) error {
		return tx.QueryRowContext(ctx, `UPDATE ticket_outbox
			SET state = 'sent', attempts = attempts + 1, claimed_by = $2, claimed_until = $3, claim_token = claim_token + 1
			WHERE unit = $1 AND next_at <= $4 AND claimed_until <= $4
			AND position = (SELECT MIN(position) FROM ticket_outbox WHERE unit = $1 AND `+open+`)
			RETURNING position, event_id, number, contact_id, body, queued_at, attempts, claim_token`,
			c.Unit, c.By, database.At(c.Until), database.At(c.Now)).
			Scan(&p.Position, &p.ID, &p.Number, &p.Contact, &p.Body, &queued, &p.Attempts, &p.Token)
	})
	if errors.Is(err, sql.ErrNoRows) {
		return tickets.Parcel{}, false, nil
	}
	if err != nil {
		return tickets.Parcel{}, false, fmt.Errorf("sqlstore: claim: %w", err)
	}
	p.Queued = queued.Time
	return p, true, nil
}

// Delivered ends the claim: the unit has it.
func (s *Store) Delivered(ctx context.Context, p tickets.Parcel, ack string, at time.Time) error {
	return s.end(ctx, p, `state = 'delivered', failure = '', ack_ref = $4, done_at = $5`, ack, database.At(at))
}

// Failed ends the claim: the parcel is due again at next.
func (s *Store) Failed(ctx context.Context, p tickets.Parcel, why tickets.Failure, next time.Time) error {
	return s.end(ctx, p, `state = 'failed', failure = $4, next_at = $5`, string(why), database.At(next))
}

// Bury ends the claim: the parcel is a dead letter.
func (s *Store) Bury(ctx context.Context, p tickets.Parcel, why tickets.Failure, at time.Time) error {
	return s.end(ctx, p, `state = 'dead_letter', failure = $4, done_at = $5`, string(why), database.At(at))
}

// end writes the outcome under the token of the claim, or ErrClaimLost.
func (s *Store) end(ctx context.Context, p tickets.Parcel, set string, args ...any) error {
	result, err := s.db.ExecContext(ctx, `UPDATE ticket_outbox SET claimed_until = 0, `+set+`
		WHERE unit = $1 AND position = $2 AND claim_token = $3 AND state = 'sent'`, append([]any{p.Unit, p.Position, p.Token}, args...)...)
	if err != nil {
		return fmt.Errorf("sqlstore: end claim: %w", err)
	}
	if n, err := result.RowsAffected(); err != nil || n == 0 {
		return errors.Join(tickets.ErrClaimLost, err)
	}
	return nil
}

// DeadLetters lists parcels that were given up, oldest first.
func (s *Store) DeadLetters(ctx context.Context, limit int) ([]tickets.Dead, error) {
	dead, err := database.Collect(ctx, s.db, scanDead, `SELECT event_id, number, unit, contact_id, attempts, failure, queued_at, done_at
		FROM ticket_outbox WHERE state = 'dead_letter' ORDER BY done_at, event_id LIMIT $1`, limit)
	if err != nil {
		return nil, fmt.Errorf("sqlstore: read dead letters: %w", err)
	}
	return dead, nil
}

func scanDead(rows *sql.Rows) (tickets.Dead, error) {
	var d tickets.Dead
	var queued, died database.Time
	err := rows.Scan(&d.ID, &d.Number, &d.Unit, &d.Contact, &d.Attempts, &d.Failure, &queued, &died)
	d.Queued, d.Died = queued.Time, died.Time
	return d, err
}

// Requeue makes a dead letter pending again, at its old place, and as young as
// if it were new; ErrNotFound when id is no dead letter.
func (s *Store) Requeue(ctx context.Context, id string, now time.Time) (string, error) {
	var unit string
	err := s.db.Tx(ctx, func(tx *sql.Tx) error {
		return tx.QueryRowContext(ctx, `UPDATE ticket_outbox
			SET state = 'pending', attempts = 0, failure = '', next_at = 0, claimed_until = 0, queued_at = $2, done_at = NULL
			WHERE event_id = $1 AND state = 'dead_letter' RETURNING unit`, id, database.At(now)).Scan(&unit)
	})
	if errors.Is(err, sql.ErrNoRows) {
		return "", tickets.ErrNotFound
	}
	if err != nil {
		return "", fmt.Errorf("sqlstore: requeue: %w", err)
	}
	return unit, nil
}
