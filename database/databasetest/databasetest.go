package databasetest

import (
	"path/filepath"
	"testing"

	"hotline/database"
)

// Each runs test on a fresh, empty database of each engine, as the parallel
// subtests "sqlite" and "postgres". They run after the caller has returned:
// what it holds for them is freed by t.Cleanup, never by defer.
func Each(t *testing.T, test func(t *testing.T, db *database.DB)) {
	t.Helper()
	kinds := map[string]func(testing.TB) *database.DB{"sqlite": SQLite, "postgres": Postgres}
	for name, open := range kinds {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			test(t, open(t))
		})
	}
}

// SQLite opens a fresh file, which goes with the test.
func SQLite(t testing.TB) *database.DB {
	t.Helper()
	return Open(t, "sqlite:"+filepath.Join(t.TempDir(), "test.db"))
}

// Postgres opens a fresh database of the private server, dropped with the test.
func Postgres(t testing.TB) *database.DB {
	t.Helper()
	return Open(t, PostgresURL(t))
}

// Open opens url until the test ends. A second Open on a URL is a second node.
func Open(t testing.TB, url string) *database.DB {
	t.Helper()
	db, err := database.Open(t.Context(), database.Config{URL: url, MaxConnections: 8})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := db.Close(); err != nil {
			t.Errorf("close the test database: %v", err)
		}
	})
	return db
}
