package database

import (
	"database/sql"
	"errors"
	"fmt"
	"net/url"
	"os"
	"path/filepath"

	"modernc.org/sqlite"
	sqlite3 "modernc.org/sqlite/lib"
)

func splitSQLite(path string) (Engine, string, error) {
	switch path {
	case "":
		return SQLite, "", errors.New("url: sqlite: wants a path")
	case ":memory:":
		return SQLite, "", errors.New("url: sqlite keeps nothing in memory here; give a file")
	default:
		return SQLite, path, nil
	}
}

func openSQLite(path string, connections int) (*DB, error) {
	path, err := filepath.Abs(path)
	if err != nil {
		return nil, fmt.Errorf("find the file: %w", err)
	}
	if err := privateFile(path); err != nil {
		return nil, err
	}
	write, err := sqlitePool(path, url.Values{"_txlock": {"immediate"}, "_journal_mode": {"WAL"}})
	if err != nil {
		return nil, err
	}
	read, err := sqlitePool(path, url.Values{"_query_only": {"1"}})
	if err != nil {
		return nil, errors.Join(err, write.Close())
	}
	write.SetMaxOpenConns(1)
	read.SetMaxOpenConns(connections)
	read.SetMaxIdleConns(connections)
	return &DB{engine: SQLite, write: write, read: read}, nil
}

// privateFile makes the file if needed and takes it from everybody else; the
// -wal and -shm files take their mode from it.
func privateFile(path string) error {
	f, err := os.OpenFile(path, os.O_CREATE|os.O_RDWR, 0o600) //nolint:gosec // G304: the operator's configuration names the database
	if err != nil {
		return fmt.Errorf("create the file: %w", err)
	}
	return errors.Join(f.Chmod(0o600), f.Close())
}

// sqlitePool opens path. The writer keeps FULL: a commit survives a power cut.
func sqlitePool(path string, options url.Values) (*sql.DB, error) {
	options.Set("_busy_timeout", "10000")
	options.Set("_foreign_keys", "1")
	options.Set("_synchronous", "FULL")
	options.Set("_dqs", "0")
	options.Set("_defensive", "1")
	options.Set("_error_rc", "1")
	name := url.URL{Scheme: "file", Path: path, RawQuery: options.Encode()}
	connector, err := sqlite.NewConnector(name.String())
	if err != nil {
		return nil, err
	}
	return sql.OpenDB(connector), nil
}

// sqliteBusy says that err passes when it is tried again.
func sqliteBusy(err error) bool {
	e, ok := errors.AsType[*sqlite.Error](err)
	if !ok {
		return false
	}
	primary := e.Code() & 0xff
	return primary == sqlite3.SQLITE_BUSY || primary == sqlite3.SQLITE_LOCKED
}

func sqliteUnique(err error) bool {
	e, ok := errors.AsType[*sqlite.Error](err)
	return ok && (e.Code() == sqlite3.SQLITE_CONSTRAINT_UNIQUE || e.Code() == sqlite3.SQLITE_CONSTRAINT_PRIMARYKEY)
}
