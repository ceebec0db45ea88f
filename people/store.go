package people

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"time"

	"hotline/contact"
	"hotline/database"
)

const columns = `id, name, role, skills, disabled, password`

// stored is an account's row.
type stored struct {
	Account
	password string
}

type scanner interface{ Scan(dest ...any) error }

func scanAccount(row scanner) (stored, error) {
	var s stored
	skills := database.AsJSON(s.Skills)
	err := row.Scan(&s.ID, &s.Name, &s.Role, &skills, &s.Disabled, &s.password)
	s.Skills = skills.V
	return s, err
}

// find returns ErrUnknown when there is no such account.
func (s *Staff) find(ctx context.Context, id contact.AgentID) (stored, error) {
	row := s.db.QueryRowContext(ctx, `SELECT `+columns+` FROM people_accounts WHERE id = $1`, string(id))
	found, err := scanAccount(row)
	if errors.Is(err, sql.ErrNoRows) {
		return stored{}, ErrUnknown
	}
	if err != nil {
		return stored{}, fmt.Errorf("people: read account: %w", err)
	}
	return found, nil
}

// Account returns one account, or ErrUnknown.
func (s *Staff) Account(ctx context.Context, id contact.AgentID) (Account, error) {
	found, err := s.find(ctx, id)
	return found.Account, err
}

// Accounts lists all accounts by ID.
func (s *Staff) Accounts(ctx context.Context) ([]Account, error) {
	all, err := database.Collect(ctx, s.db, func(rows *sql.Rows) (Account, error) {
		found, err := scanAccount(rows)
		return found.Account, err
	}, `SELECT `+columns+` FROM people_accounts ORDER BY id`)
	if err != nil {
		return nil, fmt.Errorf("people: list accounts: %w", err)
	}
	return all, nil
}

// insert says whether the account was new.
func (s *Staff) insert(ctx context.Context, a Account, password string) (bool, error) {
	const query = `INSERT INTO people_accounts (id, name, role, skills, disabled, password, created_at, changed_at)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $7) ON CONFLICT (id) DO NOTHING`
	result, err := s.db.ExecContext(ctx, query, string(a.ID), a.Name, string(a.Role), database.AsJSON(a.Skills),
		a.Disabled, password, s.time())
	if err != nil {
		return false, fmt.Errorf("people: insert account: %w", err)
	}
	n, err := result.RowsAffected()
	return n == 1, err
}

func (s *Staff) setDisabled(ctx context.Context, id contact.AgentID, disabled bool) error {
	const query = `UPDATE people_accounts SET disabled = $1, changed_at = $2 WHERE id = $3`
	result, err := s.db.ExecContext(ctx, query, disabled, s.time(), string(id))
	if err != nil {
		return fmt.Errorf("people: change account: %w", err)
	}
	if n, err := result.RowsAffected(); err != nil || n == 0 {
		return errors.Join(err, ErrUnknown)
	}
	return nil
}

func (s *Staff) time() database.Time { return database.At(s.now().Truncate(time.Millisecond)) }
