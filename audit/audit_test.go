package audit_test

import (
	"context"
	"errors"
	"fmt"
	"net/netip"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"go.uber.org/goleak"

	"hotline/audit"
	"hotline/database"
	"hotline/database/databasetest"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func clock() time.Time {
	return time.Date(2026, 10, 1, 3, 0, 0, 123_456_789, time.FixedZone("CST", 8*3600))
}

func open(t *testing.T, db *database.DB, node string) *audit.Log {
	t.Helper()
	l, err := audit.Open(t.Context(), audit.Options{DB: db, Node: node, Now: clock})
	if err != nil {
		t.Fatal(err)
	}
	return l
}

func reveal(i int) audit.Entry {
	return audit.Entry{
		Who: "1001", Role: "agent", Action: audit.AddressRevealed, Kind: "contact", ID: fmt.Sprint(i),
		Reason: "回电 'quoted' | x", IP: netip.MustParseAddr("::ffff:10.0.0.7"),
	}
}

func fill(t *testing.T, l *audit.Log, n int) {
	t.Helper()
	for i := range n {
		if err := l.Append(t.Context(), reveal(i+1)); err != nil {
			t.Fatal(err)
		}
	}
}

func TestEntriesComeBackInOrder(t *testing.T) {
	t.Parallel()
	databasetest.Each(t, func(t *testing.T, db *database.DB) {
		l := open(t, db, "node-1")
		fill(t, l, 3)
		if err := l.Append(t.Context(), audit.Entry{Who: "system", Action: audit.DataErased}); err != nil {
			t.Fatal(err)
		}
		page, err := l.Page(t.Context(), 1, 2)
		if err != nil || len(page) != 2 {
			t.Fatalf("got %d records, %v; want 2", len(page), err)
		}
		want := reveal(2)
		want.IP = want.IP.Unmap()
		r := page[0]
		if d := cmp.Diff(want, r.Entry, cmp.Comparer(func(a, b netip.Addr) bool { return a == b })); d != "" {
			t.Errorf("-want +got\n%s", d)
		}
		if r.Seq != 2 || r.Node != "node-1" || !r.Time.Equal(time.UnixMilli(clock().UnixMilli())) || r.Hash != page[1].Previous {
			t.Errorf("got %+v", r)
		}
		if err := l.Verify(t.Context()); err != nil {
			t.Error(err)
		}
	})
}

func TestAppendRefusesWhatItDoesNotKnow(t *testing.T) {
	t.Parallel()
	l := open(t, databasetest.SQLite(t), "node-1")
	tests := map[string]struct {
		change func(*audit.Entry)
		want   string
	}{
		"an action of its own": {func(e *audit.Entry) { e.Action = "peeked" }, `action "peeked" is not known`},
		"no action":            {func(e *audit.Entry) { e.Action = "" }, "is not known"},
		"nobody":               {func(e *audit.Entry) { e.Who = "" }, "who: is empty"},
		"a long reason":        {func(e *audit.Entry) { e.Reason = strings.Repeat("x", 1001) }, "reason: want at most"},
		"a NUL":                {func(e *audit.Entry) { e.ID = "a\x00b" }, "id: want at most"},
		"broken UTF-8":         {func(e *audit.Entry) { e.Kind = "\xff" }, "kind: want at most"},
	}
	for name, tt := range tests {
		e := reveal(1)
		tt.change(&e)
		if err := l.Append(t.Context(), e); err == nil || !strings.Contains(err.Error(), tt.want) {
			t.Errorf("%s: got %v, want %s", name, err, tt.want)
		}
	}
	if head, err := l.Head(t.Context()); err != nil || head.Seq != 0 {
		t.Errorf("the head is at %d, %v; want nothing written", head.Seq, err)
	}
}

func TestAppendTellsWhenNothingIsWritten(t *testing.T) {
	t.Parallel()
	databasetest.Each(t, func(t *testing.T, db *database.DB) {
		l := open(t, db, "node-1")
		fill(t, l, 1)
		gone, cancel := context.WithCancel(t.Context())
		cancel()
		if err := l.Append(gone, reveal(2)); !errors.Is(err, context.Canceled) {
			t.Errorf("got %v, want context.Canceled", err)
		}
		if _, err := db.ExecContext(t.Context(), "ALTER TABLE audit_entries RENAME TO elsewhere"); err != nil {
			t.Fatal(err)
		}
		if err := l.Append(t.Context(), reveal(2)); err == nil {
			t.Error("an entry without a table was taken")
		}
		if _, err := db.ExecContext(t.Context(), "ALTER TABLE elsewhere RENAME TO audit_entries"); err != nil {
			t.Fatal(err)
		}
		if err := l.Append(t.Context(), reveal(2)); err != nil {
			t.Error(err)
		}
		if head, err := l.Head(t.Context()); err != nil || head.Seq != 2 {
			t.Errorf("the head is at %d, %v; want 2", head.Seq, err)
		}
		if err := l.Verify(t.Context()); err != nil {
			t.Error(err)
		}
	})
}

func TestManyWritersMakeOneChain(t *testing.T) {
	t.Parallel()
	const nodes, writers, each = 3, 3, 7
	urls := map[string]string{"sqlite": "sqlite:" + t.TempDir() + "/a.db", "postgres": databasetest.PostgresURL(t)}
	for name, url := range urls {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var all sync.WaitGroup
			var last *audit.Log
			for node := range nodes {
				l := open(t, databasetest.Open(t, url), fmt.Sprint("node-", node))
				last = l
				for range writers {
					all.Go(func() {
						for i := range each {
							if err := l.Append(t.Context(), reveal(i)); err != nil {
								t.Error(err)
							}
						}
					})
				}
			}
			all.Wait()
			if err := last.Verify(t.Context()); err != nil {
				t.Error(err)
			}
			if head, err := last.Head(t.Context()); err != nil || head.Seq != nodes*writers*each {
				t.Errorf("the head is at %d, %v; want %d", head.Seq, err, nodes*writers*each)
			}
		})
	}
}

func TestGuardsRefuseEverybody(t *testing.T) {
	t.Parallel()
	forbidden := []string{
		"UPDATE audit_entries SET who = 'x' WHERE seq = 1",
		"UPDATE audit_entries SET seq = 9 WHERE seq = 1",
		"DELETE FROM audit_entries WHERE seq = 2",
		"DELETE FROM audit_entries",
		"UPDATE audit_head SET seq = 1",
		"DELETE FROM audit_head",
	}
	only := map[database.Engine][]string{
		database.SQLite: {
			"INSERT OR REPLACE INTO audit_entries SELECT seq, at, node, 'x', role, action, kind, object, reason, ip, previous, hash FROM audit_entries WHERE seq = 1",
			"REPLACE INTO audit_entries SELECT * FROM audit_entries WHERE seq = 1",
		},
		database.PostgreSQL: {"TRUNCATE audit_entries", "TRUNCATE audit_head"},
	}
	databasetest.Each(t, func(t *testing.T, db *database.DB) {
		l := open(t, db, "node-1")
		fill(t, l, 3)
		for _, statement := range append(forbidden, only[db.Engine()]...) {
			if _, err := db.ExecContext(t.Context(), statement); err == nil || !strings.Contains(err.Error(), "audit") {
				t.Errorf("%s: got %v, want a refusal", statement, err)
			}
		}
		if err := l.Verify(t.Context()); err != nil {
			t.Error(err)
		}
	})
}

// unguarded takes the triggers away, as a thief with the owner's rights would.
func unguarded(t *testing.T, db *database.DB) {
	t.Helper()
	statements := []string{"ALTER TABLE audit_entries DISABLE TRIGGER ALL", "ALTER TABLE audit_head DISABLE TRIGGER ALL"}
	if db.Engine() == database.SQLite {
		statements = nil
		for _, name := range []string{"audit_entries_no_update", "audit_entries_no_delete", "audit_entries_no_replace", "audit_head_forward", "audit_head_no_delete"} {
			statements = append(statements, "DROP TRIGGER "+name)
		}
	}
	for _, s := range statements {
		if _, err := db.ExecContext(t.Context(), s); err != nil {
			t.Fatal(err)
		}
	}
}

func TestVerifyNamesTheFirstBadEntry(t *testing.T) {
	t.Parallel()
	tests := map[string]struct {
		tamper []string
		seq    int64
		why    string
	}{
		"a letter changed": {[]string{"UPDATE audit_entries SET who = '1002' WHERE seq = 3"}, 3, "was changed"},
		"a time changed":   {[]string{"UPDATE audit_entries SET at = at + 1 WHERE seq = 1"}, 1, "was changed"},
		"text moved between fields": {
			[]string{"UPDATE audit_entries SET kind = kind || '4', object = '' WHERE seq = 4"}, 4, "was changed",
		},
		"the address":    {[]string{"UPDATE audit_entries SET ip = 'nonsense' WHERE seq = 2"}, 2, "was changed"},
		"a row deleted":  {[]string{"DELETE FROM audit_entries WHERE seq = 2"}, 2, "is missing"},
		"the first gone": {[]string{"DELETE FROM audit_entries WHERE seq = 1"}, 1, "is missing"},
		"two rows swapped": {[]string{
			"UPDATE audit_entries SET seq = 99 WHERE seq = 2",
			"UPDATE audit_entries SET seq = 2 WHERE seq = 3",
			"UPDATE audit_entries SET seq = 3 WHERE seq = 99",
		}, 2, "does not follow"},
		"a row closed over": {[]string{
			"DELETE FROM audit_entries WHERE seq = 3",
			"UPDATE audit_entries SET seq = 3 WHERE seq = 4",
		}, 3, "does not follow"},
		"the end cut off": {[]string{"DELETE FROM audit_entries WHERE seq = 5"}, 5, "cut off"},
		"the end cut off with its head": {[]string{
			"DELETE FROM audit_entries WHERE seq = 5",
			"UPDATE audit_head SET seq = 4, hash = (SELECT hash FROM audit_entries WHERE seq = 4)",
		}, 5, "cut off"},
		"all gone": {[]string{"DELETE FROM audit_entries", "UPDATE audit_head SET seq = 0"}, 1, "cut off"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			databasetest.Each(t, func(t *testing.T, db *database.DB) {
				l := open(t, db, "node-1")
				fill(t, l, 5)
				noted, err := l.Head(t.Context())
				if err != nil {
					t.Fatal(err)
				}
				unguarded(t, db)
				for _, s := range tt.tamper {
					if _, err := db.ExecContext(t.Context(), s); err != nil {
						t.Fatal(err)
					}
				}
				broken, ok := errors.AsType[*audit.BrokenError](l.Verify(t.Context(), noted))
				if !ok || broken.Seq != tt.seq || !strings.Contains(broken.Error(), tt.why) {
					t.Errorf("got %v, want entry %d %s", broken, tt.seq, tt.why)
				}
			})
		})
	}
}

func TestVerifyComparesWithNotedHeads(t *testing.T) {
	t.Parallel()
	l := open(t, databasetest.SQLite(t), "node-1")
	fill(t, l, 3)
	noted, err := l.Head(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	fill(t, l, 2)
	if err := l.Verify(t.Context(), noted); err != nil {
		t.Error(err)
	}
	noted.Hash[0]++
	broken, ok := errors.AsType[*audit.BrokenError](l.Verify(t.Context(), noted))
	if !ok || broken.Seq != 3 {
		t.Errorf("got %v, want entry 3", broken)
	}
}

func TestVerifyWalksManyPages(t *testing.T) {
	t.Parallel()
	l := open(t, databasetest.SQLite(t), "node-1")
	fill(t, l, 1201)
	if err := l.Verify(t.Context()); err != nil {
		t.Error(err)
	}
}

func TestActionsAreDistinct(t *testing.T) {
	t.Parallel()
	seen := map[audit.Action]bool{}
	for _, a := range audit.Actions() {
		if seen[a] || a == "" {
			t.Errorf("%q is there twice, or empty", a)
		}
		seen[a] = true
	}
}
