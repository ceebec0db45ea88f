package database

import (
	"context"
	"errors"
	"fmt"
	"hash/fnv"
	"io/fs"
	"strings"

	"github.com/pressly/goose/v3"
	"github.com/pressly/goose/v3/lock"
)

// ErrNewerSchema says that the database was migrated by a newer binary; this one stays out.
var ErrNewerSchema = errors.New("schema is newer than this binary")

// Migrate brings one owner's tables forward. fsys holds goose SQL files
// (00001_name.sql) in its folder migrations; NAME.sqlite.sql and NAME.postgres.sql run on
// one engine only. Each owner (a lower-case word) has its own version table,
// schema_<owner>. Several nodes may call it at once. It returns ErrNewerSchema,
// and touches nothing, when the database knows more than fsys.
func (db *DB) Migrate(ctx context.Context, owner string, fsys fs.FS) error {
	if err := db.migrate(ctx, owner, fsys); err != nil {
		return fmt.Errorf("database: migrate %s: %w", owner, err)
	}
	return nil
}

func (db *DB) migrate(ctx context.Context, owner string, fsys fs.FS) error {
	files, err := fs.Sub(fsys, "migrations")
	if err != nil {
		return err
	}
	options, err := db.gooseOptions(owner, files)
	if err != nil {
		return err
	}
	provider, err := goose.NewProvider(db.dialect(), db.write, files, options...)
	if err != nil {
		return err
	}
	// Up first: it makes the version table under the lock, and does nothing to
	// a newer schema.
	if _, err := provider.Up(ctx); err != nil {
		return err
	}
	return refuseNewer(ctx, provider)
}

func (db *DB) dialect() goose.Dialect {
	if db.engine == PostgreSQL {
		return goose.DialectPostgres
	}
	return goose.DialectSQLite3
}

func (db *DB) gooseOptions(owner string, fsys fs.FS) ([]goose.ProviderOption, error) {
	if !ownerName(owner) {
		return nil, fmt.Errorf("owner %q: want lower-case letters", owner)
	}
	others, err := fs.Glob(fsys, "*."+db.other().String()+".sql")
	if err != nil {
		return nil, err
	}
	options := []goose.ProviderOption{
		goose.WithTableName("schema_" + owner),
		goose.WithDisableGlobalRegistry(true),
		goose.WithExcludeNames(others),
	}
	if db.engine == SQLite {
		return options, nil
	}
	locker, err := lock.NewPostgresSessionLocker(lock.WithLockID(lockID(owner)), lock.WithLockTimeout(1, 300), lock.WithUnlockTimeout(1, 10))
	return append(options, goose.WithSessionLocker(locker)), err
}

func (db *DB) other() Engine {
	if db.engine == SQLite {
		return PostgreSQL
	}
	return SQLite
}

// ownerName holds the name to what may stand in a table's name.
func ownerName(owner string) bool {
	return owner != "" && strings.Trim(owner, "abcdefghijklmnopqrstuvwxyz") == ""
}

// lockID keeps owners from waiting for each other.
func lockID(owner string) int64 {
	h := fnv.New32a()
	_, _ = h.Write([]byte("hotline schema " + owner))
	return int64(h.Sum32())
}

func refuseNewer(ctx context.Context, p *goose.Provider) error {
	current, known, err := p.GetVersions(ctx)
	if err != nil {
		return fmt.Errorf("read the version: %w", err)
	}
	if current > known {
		return fmt.Errorf("%w: the database is at version %d, this binary knows %d", ErrNewerSchema, current, known)
	}
	return nil
}
