package sqlstore

import (
	"cmp"
	"context"
	"database/sql"
	"embed"
	"errors"
	"fmt"
	"slices"
	"time"

	"hotline/callbacks"
	"hotline/contact"
	"hotline/database"
)

//go:embed migrations/*.sql
var migrations embed.FS

// Owner names the tables' version table.
const Owner = "callbacks"

// Store is callbacks.Store for one hall. All methods may be called from many
// goroutines and nodes, and block for the database.
type Store struct {
	db   *database.DB
	hall string
}

var _ callbacks.Store = (*Store)(nil)

// New brings the tables up to date and returns the store. The caller keeps db
// open as long as the store is used.
func New(ctx context.Context, db *database.DB, hall string) (*Store, error) {
	if err := db.Migrate(ctx, Owner, migrations); err != nil {
		return nil, err
	}
	return &Store{db: db, hall: hall}, nil
}

const columns = `id, contact_id, citizen, citizen_ref, line, source, since, why, state, attempts, next_at, made_at, claimed_by, claim_token`

// open is the text of the partial indexes, so that both engines use them.
const open = `state IN ('waiting', 'queued', 'dialling')`

// Keep implements callbacks.Store.
func (s *Store) Keep(ctx context.Context, p callbacks.Promise) (callbacks.Promise, error) {
	kept := p
	err := s.db.Tx(ctx, func(tx *sql.Tx) error {
		known, err := find(ctx, tx, `WHERE hall = $1 AND (contact_id = $2 OR (citizen_ref = $3 AND `+open+`))
			ORDER BY contact_id = $2 DESC LIMIT 1`, s.hall, string(p.Contact), p.CitizenRef)
		if err == nil || !errors.Is(err, callbacks.ErrNotFound) {
			kept = known
			return err
		}
		kept = p
		return s.insert(ctx, tx, p)
	})
	if database.IsUnique(err) { // another node was faster
		return s.OpenOf(ctx, p.CitizenRef)
	}
	if err != nil {
		return callbacks.Promise{}, fmt.Errorf("callbacks: keep: %w", err)
	}
	return kept, nil
}

func (s *Store) insert(ctx context.Context, tx *sql.Tx, p callbacks.Promise) error {
	_, err := tx.ExecContext(ctx, `INSERT INTO callbacks (hall, `+columns+`, claimed_until)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, 'waiting', 0, $10, $11, '', 0, 0)`,
		s.hall, p.ID, string(p.Contact), p.Citizen.Reveal(), p.CitizenRef, p.Line, p.Source,
		millis(p.Since), string(p.Why), millis(p.NextAt), millis(p.MadeAt))
	return err
}

// millis of a column that is never NULL.
func millis(t time.Time) int64 {
	if t.IsZero() {
		return 0
	}
	return t.UnixMilli()
}

// Claim implements callbacks.Store.
func (s *Store) Claim(ctx context.Context, c callbacks.Claim) ([]callbacks.Promise, error) {
	var all []callbacks.Promise
	err := s.db.Tx(ctx, func(tx *sql.Tx) (err error) {
		all, err = database.Collect(ctx, tx, scan, `UPDATE callbacks SET
			state = CASE WHEN state = 'dialling' THEN state ELSE 'queued' END,
			claimed_by = $2, claimed_until = $3, claim_token = claim_token + 1
			WHERE id IN (SELECT id FROM callbacks WHERE hall = $1 AND `+open+` AND next_at <= $4 AND claimed_until <= $4
				ORDER BY since, id LIMIT $5)
			RETURNING `+columns, s.hall, c.By, millis(c.Until), millis(c.Now), c.Limit)
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("callbacks: claim: %w", err)
	}
	slices.SortFunc(all, func(a, b callbacks.Promise) int {
		return cmp.Or(a.Since.Compare(b.Since), cmp.Compare(a.ID, b.ID))
	})
	return all, nil
}

// Renew implements callbacks.Store.
func (s *Store) Renew(ctx context.Context, all []callbacks.Held, until time.Time) (lost []callbacks.Held, err error) {
	err = s.db.Tx(ctx, func(tx *sql.Tx) error {
		lost = nil
		for _, h := range all {
			n, err := changed(tx.ExecContext(ctx, `UPDATE callbacks SET claimed_until = $3
				WHERE id = $1 AND claim_token = $2 AND `+open, h.ID, h.Token, millis(until)))
			if err != nil {
				return err
			}
			if n == 0 {
				lost = append(lost, h)
			}
		}
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("callbacks: renew: %w", err)
	}
	return lost, nil
}

// Dial implements callbacks.Store.
func (s *Store) Dial(ctx context.Context, h callbacks.Held) error {
	return s.under(ctx, h, `state = 'dialling', attempts = attempts + 1`, callbacks.Queued)
}

// Reached implements callbacks.Store.
func (s *Store) Reached(ctx context.Context, h callbacks.Held, at time.Time) error {
	return s.under(ctx, h, `state = 'done', claimed_until = 0, done_at = $4`, callbacks.Dialling, millis(at))
}

// Missed implements callbacks.Store.
func (s *Store) Missed(ctx context.Context, h callbacks.Held, at, next time.Time) error {
	if next.IsZero() {
		return s.under(ctx, h, `state = 'given_up', claimed_until = 0, done_at = $4`, callbacks.Dialling, millis(at))
	}
	return s.under(ctx, h, `state = 'waiting', claimed_until = 0, next_at = $4`, callbacks.Dialling, millis(next))
}

// Release implements callbacks.Store.
func (s *Store) Release(ctx context.Context, h callbacks.Held) error {
	return s.under(ctx, h, `state = 'waiting', claimed_until = 0`, callbacks.Queued)
}

// under changes a promise in that state under the token, or ErrClaimLost.
func (s *Store) under(ctx context.Context, h callbacks.Held, set string, in callbacks.State, more ...any) error {
	n, err := changed(s.db.ExecContext(ctx, `UPDATE callbacks SET `+set+` WHERE id = $1 AND claim_token = $2 AND state = $3`,
		append([]any{h.ID, h.Token, string(in)}, more...)...))
	if err != nil {
		return fmt.Errorf("callbacks: change %s: %w", h.ID, err)
	}
	if n == 0 {
		return callbacks.ErrClaimLost
	}
	return nil
}

func changed(r sql.Result, err error) (int64, error) {
	if err != nil {
		return 0, err
	}
	return r.RowsAffected()
}

// Cancel implements callbacks.Store.
func (s *Store) Cancel(ctx context.Context, id string, at time.Time) (callbacks.Promise, error) {
	var all []callbacks.Promise
	err := s.db.Tx(ctx, func(tx *sql.Tx) (err error) {
		all, err = database.Collect(ctx, tx, scan, `UPDATE callbacks SET state = 'cancelled', claimed_until = 0, done_at = $3
			WHERE hall = $1 AND id = $2 AND `+open+` RETURNING `+columns, s.hall, id, millis(at))
		return err
	})
	if err != nil {
		return callbacks.Promise{}, fmt.Errorf("callbacks: cancel: %w", err)
	}
	return first(all)
}

// OpenOf implements callbacks.Store.
func (s *Store) OpenOf(ctx context.Context, ref string) (callbacks.Promise, error) {
	return find(ctx, s.db, `WHERE hall = $1 AND citizen_ref = $2 AND `+open, s.hall, ref)
}

// OpenFrom implements callbacks.Store.
func (s *Store) OpenFrom(ctx context.Context, id contact.ID) (callbacks.Promise, error) {
	return find(ctx, s.db, `WHERE hall = $1 AND contact_id = $2 AND `+open, s.hall, string(id))
}

// Open implements callbacks.Store.
func (s *Store) Open(ctx context.Context, limit int) ([]callbacks.Promise, error) {
	return list(ctx, s.db, `WHERE hall = $1 AND `+open+` ORDER BY since, id LIMIT $2`, s.hall, min(max(limit, 1), 500))
}

func find(ctx context.Context, q database.Querier, tail string, args ...any) (callbacks.Promise, error) {
	all, err := list(ctx, q, tail, args...)
	if err != nil {
		return callbacks.Promise{}, err
	}
	return first(all)
}

func first(all []callbacks.Promise) (callbacks.Promise, error) {
	if len(all) == 0 {
		return callbacks.Promise{}, callbacks.ErrNotFound
	}
	return all[0], nil
}

func list(ctx context.Context, q database.Querier, tail string, args ...any) ([]callbacks.Promise, error) {
	all, err := database.Collect(ctx, q, scan, `SELECT `+columns+` FROM callbacks `+tail, args...)
	if err != nil {
		return nil, fmt.Errorf("callbacks: read: %w", err)
	}
	return all, nil
}

func scan(rows *sql.Rows) (callbacks.Promise, error) {
	var p callbacks.Promise
	var citizen string
	var since, next, made int64
	err := rows.Scan(&p.ID, &p.Contact, &citizen, &p.CitizenRef, &p.Line, &p.Source, &since, &p.Why, &p.State,
		&p.Attempts, &next, &made, &p.By, &p.Token)
	p.Citizen = contact.NewAddress(citizen)
	p.Since, p.NextAt, p.MadeAt = at(since), at(next), at(made)
	return p, err
}

func at(ms int64) time.Time {
	if ms == 0 {
		return time.Time{}
	}
	return time.UnixMilli(ms).UTC()
}
