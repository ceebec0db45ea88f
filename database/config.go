package database

import (
	"errors"
	"fmt"
	"log/slog"
	"strings"
)

// Config says where the database is. It prints without its URL, which may
// hold a password.
type Config struct {
	URL            string `yaml:"url" default:"sqlite:hotline.db" secret:"true" doc:"Where history and promises are kept: sqlite:PATH for exactly one node, or postgres://USER@HOST/NAME."`
	MaxConnections int    `yaml:"max_connections" default:"20" doc:"Connections of this node at most; SQLite uses one writer beside its readers."`
}

// Validate names the field that is wrong. It does not open anything.
func (c Config) Validate() error {
	var errs []error
	if _, _, err := c.split(); err != nil {
		errs = append(errs, err)
	}
	if c.MaxConnections < 0 {
		errs = append(errs, fmt.Errorf("max_connections: %d is below 0", c.MaxConnections))
	}
	return errors.Join(errs...)
}

// Engine tells which engine the URL names; SQLite when it names none.
func (c Config) Engine() Engine {
	engine, _, _ := c.split()
	return engine
}

// Format keeps the URL out of whatever prints the configuration.
func (c Config) Format(f fmt.State, _ rune) {
	_, _ = fmt.Fprintf(f, "%s database", c.Engine())
}

// LogValue keeps the URL out of the log.
func (c Config) LogValue() slog.Value { return slog.StringValue(fmt.Sprint(c)) }

// split returns the engine and what it is opened with: a path, or the whole URL.
func (c Config) split() (Engine, string, error) {
	scheme, rest, _ := strings.Cut(c.URL, ":")
	switch scheme {
	case "sqlite":
		return splitSQLite(rest)
	case "postgres", "postgresql":
		return PostgreSQL, c.URL, checkPostgres(c.URL)
	default:
		return SQLite, "", errors.New("url: must begin with sqlite: or postgres://")
	}
}

func (c Config) connections() int {
	if c.MaxConnections == 0 {
		return 20
	}
	return c.MaxConnections
}

// Engine is the kind of database behind a DB.
type Engine uint8

// The engines.
const (
	SQLite Engine = iota
	PostgreSQL
)

// String is "sqlite" or "postgres", as in names of migrations.
func (e Engine) String() string {
	if e == PostgreSQL {
		return "postgres"
	}
	return "sqlite"
}
