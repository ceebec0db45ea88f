package database_test

import (
	"math"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"hotline/database"
	"hotline/database/databasetest"
)

func TestTimesComeBackInUTC(t *testing.T) {
	t.Parallel()
	beijing := time.FixedZone("CST", 8*60*60)
	tests := map[string]struct{ in, want time.Time }{
		"zero is NULL":        {time.Time{}, time.Time{}},
		"in Beijing":          {time.Date(2026, 10, 1, 3, 0, 0, 0, beijing), time.Date(2026, 9, 30, 19, 0, 0, 0, time.UTC)},
		"finer than a milli":  {time.Date(2026, 1, 2, 3, 4, 5, 6_999_999, time.UTC), time.Date(2026, 1, 2, 3, 4, 5, 6_000_000, time.UTC)},
		"the epoch":           {time.Unix(0, 0), time.Unix(0, 0).UTC()},
		"before the epoch":    {time.UnixMilli(-1500), time.UnixMilli(-1500).UTC()},
		"with monotonic part": {time.Now(), time.UnixMilli(time.Now().UnixMilli()).UTC()},
	}
	databasetest.Each(t, func(t *testing.T, db *database.DB) {
		execute(t, db, "CREATE TABLE a (name TEXT, at BIGINT)")
		for name, tt := range tests {
			execute(t, db, "INSERT INTO a VALUES ($1, $2)", name, database.At(tt.in))
			var got database.Time
			if err := db.QueryRowContext(t.Context(), "SELECT at FROM a WHERE name = $1", name).Scan(&got); err != nil {
				t.Fatal(err)
			}
			slack := time.Duration(0)
			if name == "with monotonic part" {
				slack = time.Minute
			}
			if d := got.Sub(tt.want).Abs(); d > slack || got.Location() != time.UTC && !got.IsZero() || !got.Equal(database.At(tt.in).Time) {
				t.Errorf("%s: got %v, want %v", name, got, tt.want)
			}
		}
	})
}

func TestDocumentsComeBack(t *testing.T) {
	t.Parallel()
	type note struct {
		Text string   `json:"text"`
		Tags []string `json:"tags"`
	}
	in := note{Text: `路灯不亮 "quoted" \ %s $1`, Tags: []string{"灯", "b"}}
	databasetest.Each(t, func(t *testing.T, db *database.DB) {
		execute(t, db, "CREATE TABLE a (x BIGINT, doc TEXT)")
		execute(t, db, "INSERT INTO a VALUES (1, $1), (2, NULL), (3, 'not json')", database.AsJSON(in))
		got := database.AsJSON(note{Text: "overwritten"})
		for row, want := range map[int]note{1: in, 2: {}} {
			if err := db.QueryRowContext(t.Context(), "SELECT doc FROM a WHERE x = $1", row).Scan(&got); err != nil {
				t.Fatal(err)
			}
			if d := cmp.Diff(want, got.V); d != "" {
				t.Errorf("row %d: -want +got\n%s", row, d)
			}
		}
		if err := db.QueryRowContext(t.Context(), "SELECT doc FROM a WHERE x = 3").Scan(&got); err == nil {
			t.Error("text that is no JSON was read")
		}
		if _, err := db.ExecContext(t.Context(), "INSERT INTO a VALUES (4, $1)", database.AsJSON(math.NaN())); err == nil {
			t.Error("NaN was written as JSON")
		}
	})
}

func TestValuesRefuseOtherColumns(t *testing.T) {
	t.Parallel()
	var at database.Time
	if err := at.Scan("2026-10-01"); err == nil {
		t.Error("a text was read as a time")
	}
	doc := database.AsJSON(0)
	if err := doc.Scan(int64(1)); err == nil {
		t.Error("a number column was read as a document")
	}
}
