package database

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
)

// DB is an open database. All methods may be called from many goroutines, and
// block until the database answers or the context ends.
type DB struct {
	engine Engine
	write  *sql.DB // one connection on SQLite: nobody meets SQLITE_BUSY
	read   *sql.DB // read-only on SQLite, the same pool on PostgreSQL
}

// Open opens the database and proves that it answers. A SQLite file is created
// with mode 0600 when it is missing; its folder must exist. The caller closes.
func Open(ctx context.Context, c Config) (*DB, error) {
	engine, target, err := c.split()
	if err != nil {
		return nil, fmt.Errorf("database: %w", err)
	}
	db, err := openEngine(engine, target, c.connections())
	if err != nil {
		return nil, fmt.Errorf("database: open %s: %w", engine, err)
	}
	if err := db.Ping(ctx); err != nil {
		return nil, errors.Join(err, db.Close())
	}
	return db, nil
}

func openEngine(engine Engine, target string, connections int) (*DB, error) {
	if engine == PostgreSQL {
		return openPostgres(target, connections)
	}
	return openSQLite(target, connections)
}

// Engine tells which engine answers, for the few who must know.
func (db *DB) Engine() Engine { return db.engine }

// Ping asks each pool for one answer; health checks call it.
func (db *DB) Ping(ctx context.Context) error {
	if err := errors.Join(db.write.PingContext(ctx), db.read.PingContext(ctx)); err != nil {
		return fmt.Errorf("database: ping %s: %w", db.engine, err)
	}
	return nil
}

// ExecContext runs one statement in a transaction of its own.
func (db *DB) ExecContext(ctx context.Context, query string, args ...any) (sql.Result, error) {
	return db.write.ExecContext(ctx, query, args...)
}

// QueryContext reads rows; a statement that writes (INSERT … RETURNING) belongs
// in Tx, and fails here on SQLite.
func (db *DB) QueryContext(ctx context.Context, query string, args ...any) (*sql.Rows, error) {
	return db.read.QueryContext(ctx, query, args...)
}

// QueryRowContext reads one row, under the rule of QueryContext.
func (db *DB) QueryRowContext(ctx context.Context, query string, args ...any) *sql.Row {
	return db.read.QueryRowContext(ctx, query, args...)
}

// Close ends all connections, after the statements that run. Safe to call twice.
func (db *DB) Close() error {
	if err := errors.Join(db.write.Close(), db.read.Close()); err != nil {
		return fmt.Errorf("database: close: %w", err)
	}
	return nil
}
