package database_test

import (
	"database/sql"
	"errors"
	"slices"
	"testing"

	"hotline/database"
	"hotline/database/databasetest"
)

func TestCollect(t *testing.T) {
	t.Parallel()
	broken := errors.New("broken")
	number := func(rows *sql.Rows) (n int, err error) { return n, rows.Scan(&n) }
	tests := map[string]struct {
		query string
		scan  func(*sql.Rows) (int, error)
		want  []int // nil: an error
		err   error // that it wraps, if any
	}{
		"rows":        {"SELECT 1 UNION ALL SELECT 2 ORDER BY 1", number, []int{1, 2}, nil},
		"no row":      {"SELECT 1 WHERE 1 = 2", number, []int{}, nil},
		"no query":    {"SELEKT", number, nil, nil},
		"a bad row":   {"SELECT 'x'", number, nil, nil},
		"a bad scan":  {"SELECT 1", func(*sql.Rows) (int, error) { return 0, broken }, nil, broken},
		"two columns": {"SELECT 1, 2", number, nil, nil},
	}
	databasetest.Each(t, func(t *testing.T, db *database.DB) {
		for name, tt := range tests {
			got, err := database.Collect(t.Context(), db, tt.scan, tt.query)
			if (err == nil) != (tt.want != nil) || (tt.err != nil && !errors.Is(err, tt.err)) {
				t.Errorf("%s: %v", name, err)
			}
			if !slices.Equal(got, tt.want) || (got == nil) != (tt.want == nil) {
				t.Errorf("%s: got %v, want %v", name, got, tt.want)
			}
		}
	})
}
