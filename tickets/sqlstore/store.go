package sqlstore

import (
	"context"
	"database/sql"
	"embed"
	"errors"
	"fmt"

	"hotline/contact"
	"hotline/database"
	"hotline/tickets"
)

//go:embed migrations/*.sql
var migrations embed.FS

// Owner names the tables' version table.
const Owner = "tickets"

// Store is tickets.Store and tickets.Outbox. All methods may be called from
// many goroutines and nodes, and block for the database.
type Store struct{ db *database.DB }

// New brings the tables up to date and returns the store. The caller keeps db
// open as long as the store is used.
func New(ctx context.Context, db *database.DB) (*Store, error) {
	if err := db.Migrate(ctx, Owner, migrations); err != nil {
		return nil, err
	}
	return &Store{db: db}, nil
}

// Register writes ticket, history, key and parcel in one transaction.
func (s *Store) Register(ctx context.Context, e tickets.Entry) (tickets.Ticket, bool, error) {
	var number string
	var repeated bool
	err := s.db.Tx(ctx, func(tx *sql.Tx) error {
		var err error
		number, err = keyed(ctx, tx, e.Key, e.Digest)
		if repeated = err == nil; repeated || !errors.Is(err, tickets.ErrNotFound) {
			return err
		}
		number, err = register(ctx, tx, e)
		return err
	})
	if database.IsUnique(err) { // another node was faster with the same key
		t, err := s.Repeated(ctx, e.Key, e.Digest)
		return t, err == nil, err
	}
	if err != nil {
		return tickets.Ticket{}, false, fmt.Errorf("sqlstore: register: %w", err)
	}
	t, err := s.Find(ctx, number)
	return t, repeated, err
}

func register(ctx context.Context, tx *sql.Tx, e tickets.Entry) (string, error) {
	sequence, err := nextOf(ctx, tx, "ticket_days", "day", e.Day)
	if err != nil {
		return "", err
	}
	t, parcel, err := e.Make(int(sequence))
	if err != nil {
		return "", err
	}
	if err := insertTicket(ctx, tx, t); err != nil {
		return "", err
	}
	_, err = tx.ExecContext(ctx, `INSERT INTO ticket_keys (key, digest, number, created_at) VALUES ($1, $2, $3, $4)`,
		e.Key, e.Digest, t.Number, database.At(t.CreatedAt))
	if err != nil {
		return "", fmt.Errorf("keep key: %w", err)
	}
	if parcel == nil {
		return t.Number, nil
	}
	return t.Number, insertParcel(ctx, tx, *parcel)
}

// nextOf counts a row up; its lock is held until the transaction ends.
func nextOf(ctx context.Context, tx *sql.Tx, table, column, value string) (int64, error) {
	var last int64
	err := tx.QueryRowContext(ctx, `INSERT INTO `+table+` (`+column+`, last) VALUES ($1, 1)
		ON CONFLICT (`+column+`) DO UPDATE SET last = `+table+`.last + 1 RETURNING last`, value).Scan(&last)
	if err != nil {
		return 0, fmt.Errorf("count %s: %w", table, err)
	}
	return last, nil
}

func insertTicket(ctx context.Context, tx *sql.Tx, t tickets.Ticket) error {
	bare := t
	bare.History, bare.Delivery = nil, nil
	_, err := tx.ExecContext(ctx, `INSERT INTO tickets
		(number, contact_id, citizen_ref, created_at, state, lead_unit, document) VALUES ($1, $2, $3, $4, $5, $6, $7)`,
		t.Number, string(firstOf(t.Sessions)), t.Requester.Ref, database.At(t.CreatedAt), string(t.State), t.LeadUnit, database.AsJSON(bare))
	if err != nil {
		return fmt.Errorf("insert ticket: %w", err)
	}
	for _, h := range t.History {
		if err := insertStep(ctx, tx, t.Number, h); err != nil {
			return err
		}
	}
	return nil
}

func firstOf(sessions []contact.ID) contact.ID {
	if len(sessions) == 0 {
		return ""
	}
	return sessions[0]
}

func insertStep(ctx context.Context, tx *sql.Tx, number string, h tickets.HistoryEntry) error {
	_, err := tx.ExecContext(ctx, `INSERT INTO ticket_history
		(number, seq, at, actor, unit, action, from_state, to_state, reason, note) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)`,
		number, h.Seq, database.At(h.At), h.Actor, h.Unit, string(h.Action), string(h.From), string(h.To), h.Reason, h.Note)
	if err != nil {
		return fmt.Errorf("insert history: %w", err)
	}
	return nil
}

// keyed finds the number a key has made.
func keyed(ctx context.Context, q database.Querier, key, digest string) (string, error) {
	var number, kept string
	err := q.QueryRowContext(ctx, `SELECT number, digest FROM ticket_keys WHERE key = $1`, key).Scan(&number, &kept)
	switch {
	case errors.Is(err, sql.ErrNoRows):
		return "", tickets.ErrNotFound
	case err != nil:
		return "", fmt.Errorf("find key: %w", err)
	case kept != digest:
		return "", tickets.ErrKeyReused
	}
	return number, nil
}
