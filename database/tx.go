package database

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"math/rand/v2"
	"time"
)

// A transaction that meets another one is tried again, at most this often and
// after a random pause of up to maxPause.
const (
	maxTries = 30
	maxPause = 100 * time.Millisecond
)

// Tx runs do in one serializable transaction: as if nobody else worked at that
// time, on both engines. An error of do rolls back and is returned as it is
// (errors.Is works). Where PostgreSQL finds a conflict, or SQLite is busy, do
// runs again from its start: it must change nothing outside the transaction.
// On SQLite one transaction runs at a time, so do neither calls db nor waits
// for anything but tx.
func (db *DB) Tx(ctx context.Context, do func(tx *sql.Tx) error) error {
	for try := 1; ; try++ {
		err := db.once(ctx, do)
		if err == nil || !conflict(err) {
			return err
		}
		if try == maxTries {
			return fmt.Errorf("database: gave up after %d conflicts: %w", try, err)
		}
		if pauseErr := pause(ctx, try); pauseErr != nil {
			return errors.Join(pauseErr, err)
		}
	}
}

func (db *DB) once(ctx context.Context, do func(tx *sql.Tx) error) error {
	tx, err := db.write.BeginTx(ctx, db.isolation())
	if err != nil {
		return fmt.Errorf("database: begin: %w", err)
	}
	defer func() { _ = tx.Rollback() }() // does nothing after a commit; undoes a panic
	if err := do(tx); err != nil {
		return err
	}
	if err := tx.Commit(); err != nil {
		return fmt.Errorf("database: commit: %w", err)
	}
	return nil
}

// isolation: SQLite's only level is serializable.
func (db *DB) isolation() *sql.TxOptions {
	if db.engine == SQLite {
		return nil
	}
	return &sql.TxOptions{Isolation: sql.LevelSerializable}
}

func conflict(err error) bool { return sqliteBusy(err) || postgresBusy(err) }

// IsUnique says that err is a broken unique or primary key: the row is there.
// Inside Tx nothing more can be done on PostgreSQL then; ON CONFLICT avoids it.
func IsUnique(err error) bool {
	return sqliteUnique(err) || postgresState(err) == pgUniqueViolation
}

func pause(ctx context.Context, try int) error {
	longest := min(maxPause, time.Millisecond<<min(try, 10))
	timer := time.NewTimer(rand.N(longest)) //nolint:gosec // G404: the wait only spreads retries; whoever guesses it gains nothing
	defer timer.Stop()
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-timer.C:
		return nil
	}
}
