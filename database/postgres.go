package database

import (
	"errors"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/stdlib"
)

// The states PostgreSQL documents in its appendix A.
const (
	pgSerializationFailure = "40001"
	pgDeadlockDetected     = "40P01"
	pgUniqueViolation      = "23505"
)

// errPostgresURL hides pgx's text, which repeats parts of the URL.
var errPostgresURL = errors.New("url: not a valid postgres:// address")

func checkPostgres(url string) error {
	if _, err := pgx.ParseConfig(url); err != nil {
		return errPostgresURL
	}
	return nil
}

func openPostgres(url string, connections int) (*DB, error) {
	config, err := pgx.ParseConfig(url)
	if err != nil {
		return nil, errPostgresURL
	}
	if config.RuntimeParams["application_name"] == "" {
		config.RuntimeParams["application_name"] = "hotline"
	}
	pool := stdlib.OpenDB(*config)
	pool.SetMaxOpenConns(connections)
	pool.SetMaxIdleConns(connections)
	// A connection is renewed now and then, so that a primary that moved is found.
	pool.SetConnMaxIdleTime(5 * time.Minute)
	pool.SetConnMaxLifetime(time.Hour)
	return &DB{engine: PostgreSQL, write: pool, read: pool}, nil
}

// postgresBusy says that err passes when it is tried again.
func postgresBusy(err error) bool {
	state := postgresState(err)
	return state == pgSerializationFailure || state == pgDeadlockDetected
}

func postgresState(err error) string {
	if e, ok := errors.AsType[*pgconn.PgError](err); ok {
		return e.Code
	}
	return ""
}
