package database_test

import (
	"errors"
	"path"
	"strings"
	"sync"
	"testing"
	"testing/fstest"

	"hotline/database"
	"hotline/database/databasetest"
)

func migrations(files map[string]string) fstest.MapFS {
	fsys := fstest.MapFS{}
	for name, up := range files {
		fsys["migrations/"+name] = &fstest.MapFile{Data: []byte("-- +goose Up\n" + up)}
	}
	return fsys
}

func TestMigrateGoesForwardAndRepeats(t *testing.T) {
	t.Parallel()
	one := map[string]string{"00001_a.sql": "CREATE TABLE a (id BIGINT PRIMARY KEY);"}
	two := map[string]string{"00001_a.sql": one["00001_a.sql"], "00002_b.sql": "ALTER TABLE a ADD COLUMN note TEXT;"}
	databasetest.Each(t, func(t *testing.T, db *database.DB) {
		for _, step := range []map[string]string{one, one, two, two} {
			if err := db.Migrate(t.Context(), "tickets", migrations(step)); err != nil {
				t.Fatal(err)
			}
		}
		if _, err := db.ExecContext(t.Context(), "INSERT INTO a (id, note) VALUES ($1, $2)", 1, "x"); err != nil {
			t.Error(err)
		}
	})
}

func TestMigrateRefusesANewerSchema(t *testing.T) {
	t.Parallel()
	old := map[string]string{"00001_a.sql": "CREATE TABLE a (id BIGINT);"}
	later := map[string]string{"00001_a.sql": old["00001_a.sql"], "00002_b.sql": "CREATE TABLE b (id BIGINT);"}
	databasetest.Each(t, func(t *testing.T, db *database.DB) {
		if err := db.Migrate(t.Context(), "records", migrations(later)); err != nil {
			t.Fatal(err)
		}
		err := db.Migrate(t.Context(), "records", migrations(old))
		if !errors.Is(err, database.ErrNewerSchema) {
			t.Fatalf("got %v, want ErrNewerSchema", err)
		}
		for _, word := range []string{"records", "version 2", "knows 1"} {
			if !strings.Contains(err.Error(), word) {
				t.Errorf("%q does not say %q", err, word)
			}
		}
	})
}

func TestOwnersHaveVersionsOfTheirOwn(t *testing.T) {
	t.Parallel()
	databasetest.Each(t, func(t *testing.T, db *database.DB) {
		for owner, sql := range map[string]string{"people": "CREATE TABLE p (id BIGINT);", "audit": "CREATE TABLE q (id BIGINT);"} {
			if err := db.Migrate(t.Context(), owner, migrations(map[string]string{"00001_a.sql": sql})); err != nil {
				t.Fatal(err)
			}
			var version int
			if err := db.QueryRowContext(t.Context(), "SELECT MAX(version_id) FROM schema_"+owner).Scan(&version); err != nil || version != 1 {
				t.Errorf("%s is at version %d, %v; want 1", owner, version, err)
			}
		}
	})
}

func TestMigrationForOneEngine(t *testing.T) {
	t.Parallel()
	files := migrations(map[string]string{
		"00001_a.sqlite.sql":   "CREATE TABLE a (sqlite BIGINT);",
		"00001_a.postgres.sql": "CREATE TABLE a (postgres BIGINT);",
	})
	databasetest.Each(t, func(t *testing.T, db *database.DB) {
		if err := db.Migrate(t.Context(), "audit", files); err != nil {
			t.Fatal(err)
		}
		if _, err := db.ExecContext(t.Context(), "INSERT INTO a ("+path.Base(t.Name())+") VALUES (1)"); err != nil {
			t.Error(err)
		}
	})
}

func TestFailedMigrationLeavesNothing(t *testing.T) {
	t.Parallel()
	bad := migrations(map[string]string{"00001_a.sql": "CREATE TABLE a (id BIGINT);\nCREATE TABLE a (id BIGINT);"})
	good := migrations(map[string]string{"00001_a.sql": "CREATE TABLE a (id BIGINT);"})
	databasetest.Each(t, func(t *testing.T, db *database.DB) {
		if err := db.Migrate(t.Context(), "audit", bad); err == nil {
			t.Fatal("a migration that makes a table twice went through")
		}
		if err := db.Migrate(t.Context(), "audit", good); err != nil {
			t.Errorf("the mended migration: %v", err)
		}
	})
}

func TestMigrateWantsAnOwner(t *testing.T) {
	t.Parallel()
	db := databasetest.SQLite(t)
	for _, owner := range []string{"", "Tickets", "a b", "x;drop", "a1"} {
		if err := db.Migrate(t.Context(), owner, migrations(map[string]string{"00001_a.sql": "SELECT 1;"})); err == nil {
			t.Errorf("owner %q was taken", owner)
		}
	}
}

func TestNodesMigrateAtOnce(t *testing.T) {
	t.Parallel()
	url := databasetest.PostgresURL(t)
	files := migrations(map[string]string{"00001_a.sql": "CREATE TABLE a (id BIGINT);"})
	var nodes sync.WaitGroup
	for range 4 {
		db := databasetest.Open(t, url)
		nodes.Go(func() {
			if err := db.Migrate(t.Context(), "audit", files); err != nil {
				t.Error(err)
			}
		})
	}
	nodes.Wait()
}
