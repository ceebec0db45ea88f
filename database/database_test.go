package database_test

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"hotline/database"
	"hotline/database/databasetest"
)

func execute(t *testing.T, db *database.DB, query string, args ...any) {
	t.Helper()
	if _, err := db.ExecContext(t.Context(), query, args...); err != nil {
		t.Fatal(err)
	}
}

func TestNumberedPlaceholdersInAnyOrder(t *testing.T) {
	t.Parallel()
	databasetest.Each(t, func(t *testing.T, db *database.DB) {
		execute(t, db, "CREATE TABLE a (x BIGINT, y TEXT, z TEXT)")
		execute(t, db, "INSERT INTO a (y, x, z) VALUES ($2, $1, $2)", 7, "seven")
		var x int
		var y, z string
		err := db.QueryRowContext(t.Context(), "SELECT x, y, z FROM a WHERE z = $2 AND x = $1 AND y = $2", 7, "seven").Scan(&x, &y, &z)
		if err != nil || x != 7 || y != "seven" || z != "seven" {
			t.Errorf("got %d %q %q, %v", x, y, z, err)
		}
	})
}

func TestReadsDoNotWriteOnSQLite(t *testing.T) {
	t.Parallel()
	db := databasetest.SQLite(t)
	execute(t, db, "CREATE TABLE a (x BIGINT)")
	var x int
	if err := db.QueryRowContext(t.Context(), "INSERT INTO a VALUES (1) RETURNING x").Scan(&x); err == nil {
		t.Error("a read connection wrote")
	}
}

func TestTxReturnsTheCallersErrorAndRollsBack(t *testing.T) {
	t.Parallel()
	mine := errors.New("mine")
	databasetest.Each(t, func(t *testing.T, db *database.DB) {
		execute(t, db, "CREATE TABLE a (x BIGINT)")
		err := db.Tx(t.Context(), func(tx *sql.Tx) error {
			if _, err := tx.ExecContext(t.Context(), "INSERT INTO a VALUES (1)"); err != nil {
				return err
			}
			return mine
		})
		if !errors.Is(err, mine) {
			t.Errorf("got %v, want mine", err)
		}
		if n := count(t, db, "a"); n != 0 {
			t.Errorf("%d rows stayed", n)
		}
	})
}

func TestTxRollsBackAPanic(t *testing.T) {
	t.Parallel()
	databasetest.Each(t, func(t *testing.T, db *database.DB) {
		execute(t, db, "CREATE TABLE a (x BIGINT)")
		func() {
			defer func() { _ = recover() }()
			_ = db.Tx(t.Context(), func(tx *sql.Tx) error {
				_, err := tx.ExecContext(t.Context(), "INSERT INTO a VALUES (1)")
				panic(fmt.Sprint("after the insert: ", err))
			})
		}()
		execute(t, db, "INSERT INTO a VALUES (2)") // hangs if the writer was lost
		if n := count(t, db, "a"); n != 1 {
			t.Errorf("%d rows, want 1", n)
		}
	})
}

// Each transaction reads and then writes what it read plus one: anything less
// than serializable, with repetition, loses some.
func TestTxIsSerializableAndRepeats(t *testing.T) {
	t.Parallel()
	const writers, rounds = 6, 10
	databasetest.Each(t, func(t *testing.T, db *database.DB) {
		execute(t, db, "CREATE TABLE a (x BIGINT)")
		execute(t, db, "INSERT INTO a VALUES (0)")
		var all sync.WaitGroup
		for range writers {
			all.Go(func() {
				for range rounds {
					if err := db.Tx(t.Context(), func(tx *sql.Tx) error { return readAndAdd(t.Context(), tx) }); err != nil {
						t.Error(err)
					}
				}
			})
		}
		all.Wait()
		var x int
		if err := db.QueryRowContext(t.Context(), "SELECT x FROM a").Scan(&x); err != nil || x != writers*rounds {
			t.Errorf("got %d, %v; want %d", x, err, writers*rounds)
		}
	})
}

func readAndAdd(ctx context.Context, tx *sql.Tx) error {
	var x int
	if err := tx.QueryRowContext(ctx, "SELECT x FROM a").Scan(&x); err != nil {
		return err
	}
	_, err := tx.ExecContext(ctx, "UPDATE a SET x = $1", x+1)
	return err
}

func TestReadersAndWritersDoNotMeetBusy(t *testing.T) {
	t.Parallel()
	path := "sqlite:" + filepath.Join(t.TempDir(), "two.db")
	one, two := databasetest.Open(t, path), databasetest.Open(t, path)
	execute(t, one, "CREATE TABLE a (x BIGINT)")
	var all sync.WaitGroup
	for _, db := range []*database.DB{one, two} {
		for range 3 {
			all.Go(func() {
				for i := range 20 {
					if _, err := db.ExecContext(t.Context(), "INSERT INTO a VALUES ($1)", i); err != nil {
						t.Error(err)
					}
					_ = count(t, db, "a")
				}
			})
		}
	}
	all.Wait()
	if n := count(t, one, "a"); n != 120 {
		t.Errorf("%d rows, want 120", n)
	}
}

func count(t *testing.T, db *database.DB, table string) int {
	t.Helper()
	var n int
	if err := db.QueryRowContext(t.Context(), "SELECT count(*) FROM "+table).Scan(&n); err != nil {
		t.Error(err)
	}
	return n
}

func TestTxEndsWithItsContext(t *testing.T) {
	t.Parallel()
	databasetest.Each(t, func(t *testing.T, db *database.DB) {
		ctx, cancel := context.WithCancel(t.Context())
		err := db.Tx(ctx, func(tx *sql.Tx) error {
			cancel()
			_, err := tx.ExecContext(ctx, "SELECT 1")
			return err
		})
		if !errors.Is(err, context.Canceled) {
			t.Errorf("got %v, want context.Canceled", err)
		}
	})
}

func TestConstraintsHold(t *testing.T) {
	t.Parallel()
	databasetest.Each(t, func(t *testing.T, db *database.DB) {
		execute(t, db, "CREATE TABLE a (x BIGINT PRIMARY KEY, y TEXT UNIQUE)")
		execute(t, db, "CREATE TABLE b (x BIGINT NOT NULL REFERENCES a (x))")
		execute(t, db, "INSERT INTO a VALUES (1, 'one')")
		tests := map[string]struct {
			query  string
			unique bool
		}{
			"primary key": {"INSERT INTO a VALUES (1, 'two')", true},
			"unique":      {"INSERT INTO a VALUES (2, 'one')", true},
			"foreign key": {"INSERT INTO b VALUES (9)", false},
			"not null":    {"INSERT INTO b VALUES (NULL)", false},
		}
		for name, tt := range tests {
			_, err := db.ExecContext(t.Context(), tt.query)
			if err == nil || database.IsUnique(err) != tt.unique {
				t.Errorf("%s: error %v, unique %v; want %v", name, err, database.IsUnique(err), tt.unique)
			}
		}
	})
}

func TestSQLiteFilesArePrivate(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "a name?with&marks%20#.db")
	if err := os.WriteFile(path, nil, 0o644); err != nil {
		t.Fatal(err)
	}
	db := databasetest.Open(t, "sqlite:"+path)
	execute(t, db, "CREATE TABLE a (x BIGINT)")
	for _, suffix := range []string{"", "-wal", "-shm"} {
		info, err := os.Stat(path + suffix)
		if err != nil {
			t.Fatal(err)
		}
		if mode := info.Mode().Perm(); mode != 0o600 {
			t.Errorf("%q has mode %o, want 600", suffix, mode)
		}
	}
}

func TestSQLitePragmas(t *testing.T) {
	t.Parallel()
	db := databasetest.SQLite(t)
	for pragma, want := range map[string]string{"journal_mode": "wal", "foreign_keys": "1", "synchronous": "2", "busy_timeout": "10000"} {
		var got string
		err := db.Tx(t.Context(), func(tx *sql.Tx) error {
			return tx.QueryRowContext(t.Context(), "PRAGMA "+pragma).Scan(&got)
		})
		if err != nil || got != want {
			t.Errorf("%s is %q, %v; want %q", pragma, got, err, want)
		}
	}
}

func TestConfigNamesItsFields(t *testing.T) {
	t.Parallel()
	tests := map[string]struct {
		config database.Config
		want   string // "" when valid
	}{
		"sqlite":               {database.Config{URL: "sqlite:a.db"}, ""},
		"postgres":             {database.Config{URL: "postgres://h:secret@db/hotline"}, ""},
		"none":                 {database.Config{}, "url: "},
		"other scheme":         {database.Config{URL: "mysql://secret@db"}, "url: "},
		"sqlite without path":  {database.Config{URL: "sqlite:"}, "url: "},
		"sqlite in memory":     {database.Config{URL: "sqlite::memory:"}, "url: "},
		"broken postgres":      {database.Config{URL: "postgres://h:secret@db:port/hotline"}, "url: "},
		"negative connections": {database.Config{URL: "sqlite:a.db", MaxConnections: -1}, "max_connections: "},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			err := tt.config.Validate()
			if (err == nil) != (tt.want == "") || err != nil && !strings.HasPrefix(err.Error(), tt.want) {
				t.Fatalf("got %v, want %q", err, tt.want)
			}
			if err != nil && strings.Contains(err.Error(), "secret") {
				t.Errorf("%q holds the password", err)
			}
		})
	}
}

func TestThePasswordIsNotPrinted(t *testing.T) {
	t.Parallel()
	c := database.Config{URL: "postgres://h:secret@127.0.0.1:1/hotline?connect_timeout=1"}
	_, err := database.Open(t.Context(), c)
	if err == nil {
		t.Fatal("opened a database at port 1")
	}
	var log strings.Builder
	slog.New(slog.NewJSONHandler(&log, nil)).Info("open", "config", c)
	for _, printed := range []string{err.Error(), fmt.Sprintf("%v %+v %#v %s", c, c, c, c), log.String()} {
		if strings.Contains(printed, "secret") {
			t.Errorf("%q holds the password", printed)
		}
	}
}

func TestOpenSaysWhatIsWrong(t *testing.T) {
	t.Parallel()
	missing := filepath.Join(t.TempDir(), "missing", "a.db")
	if _, err := database.Open(t.Context(), database.Config{URL: "sqlite:" + missing}); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("got %v, want that the folder does not exist", err)
	}
	notADatabase := filepath.Join(t.TempDir(), "text.db")
	if err := os.WriteFile(notADatabase, []byte(strings.Repeat("not a database ", 100)), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := database.Open(t.Context(), database.Config{URL: "sqlite:" + notADatabase}); err == nil {
		t.Error("opened a text file")
	}
}

func TestCloseTwice(t *testing.T) {
	t.Parallel()
	databasetest.Each(t, func(t *testing.T, db *database.DB) {
		for range 2 {
			if err := db.Close(); err != nil {
				t.Error(err)
			}
		}
		if err := db.Ping(t.Context()); err == nil {
			t.Error("a closed database answered")
		}
	})
}
