package sqlstore_test

import (
	"testing"

	"go.uber.org/goleak"

	"hotline/callbacks"
	"hotline/callbacks/callbackstest"
	"hotline/callbacks/sqlstore"
	"hotline/database"
	"hotline/database/databasetest"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func TestStore(t *testing.T) {
	t.Parallel()
	for name, fresh := range map[string]func(testing.TB) *database.DB{
		"sqlite": databasetest.SQLite, "postgres": databasetest.Postgres,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			callbackstest.Suite(t, func(t *testing.T) callbacks.Store {
				s, err := sqlstore.New(t.Context(), fresh(t), "12345")
				if err != nil {
					t.Fatal(err)
				}
				return s
			})
		})
	}
}

// TestHallsKnowNothingOfEachOther on one database.
func TestHallsKnowNothingOfEachOther(t *testing.T) {
	t.Parallel()
	databasetest.Each(t, func(t *testing.T, db *database.DB) {
		one, err := sqlstore.New(t.Context(), db, "12345")
		if err != nil {
			t.Fatal(err)
		}
		other, err := sqlstore.New(t.Context(), db, "enterprise")
		if err != nil {
			t.Fatal(err)
		}
		p := callbackstest.Of(1)
		if _, err := one.Keep(t.Context(), p); err != nil {
			t.Fatal(err)
		}
		p.ID = callbackstest.Of(2).ID
		if kept, err := other.Keep(t.Context(), p); err != nil || kept.ID != p.ID {
			t.Errorf("the other hall keeps %s, %v", kept.ID, err)
		}
		if all, err := other.Open(t.Context(), 10); err != nil || len(all) != 1 {
			t.Errorf("the other hall has %d promises, %v", len(all), err)
		}
	})
}
