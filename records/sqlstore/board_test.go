package sqlstore_test

import (
	"database/sql"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"hotline/contact"
	"hotline/database"
	"hotline/database/databasetest"
	"hotline/records"
	"hotline/records/sqlstore"
)

// how one contact fared, in seconds after it was accepted.
type how struct {
	channel                           contact.Channel
	ago                               time.Duration // accepted before now
	queued, connected, replied, ended float64       // -1 for never
	cause                             contact.Cause
}

func (h how) record(n int, now time.Time) records.Record {
	r := records.Record{Contact: id(n), Channel: h.channel, Line: "citizen", Accepted: now.Add(-h.ago), Cause: h.cause}
	at := func(seconds float64) time.Time {
		if seconds < 0 {
			return time.Time{}
		}
		return r.Accepted.Add(time.Duration(seconds * float64(time.Second)))
	}
	r.Queued, r.Connected, r.Replied, r.Ended = at(h.queued), at(h.connected), at(h.replied), at(h.ended)
	return r
}

func TestContactsAreCountedByHowTheyFared(t *testing.T) {
	t.Parallel()
	tests := map[string]struct {
		how  how
		want records.Count
	}{
		"answered at 15 s of waiting":  {how{contact.Phone, time.Hour, 4, 19, -1, 60, contact.CitizenEnded}, records.Count{InTime: 1}},
		"answered a moment later":      {how{contact.Phone, time.Hour, 4, 19.001, -1, -1, contact.Internal}, records.Count{Late: 1}},
		"gave up within 5 s":           {how{contact.Phone, time.Hour, 4, -1, -1, 8.999, contact.AbandonedQueue}, records.Count{Short: 1}},
		"gave up at 5 s":               {how{contact.Phone, time.Hour, 4, -1, -1, 9, contact.AbandonedRinging}, records.Count{Lost: 1}},
		"our fault within 5 s":         {how{contact.Phone, time.Hour, 4, -1, -1, 5, contact.NodeLost}, records.Count{Lost: 1}},
		"gave up in the greeting":      {how{contact.Phone, time.Hour, -1, -1, -1, 3, contact.AbandonedGreeting}, records.Count{Refused: 1}},
		"wants a call back":            {how{contact.Phone, time.Hour, 4, -1, -1, 90, contact.CallbackTaken}, records.Count{Callback: 1}},
		"is not called back now":       {how{contact.Phone, time.Hour, 4, -1, -1, 90, contact.Recalled}, records.Count{Callback: 1}},
		"waits":                        {how{contact.Phone, 15 * time.Second, 1, -1, -1, -1, contact.Internal}, records.Count{Waiting: 1}},
		"waits for too long":           {how{contact.Phone, time.Minute, 1, -1, -1, -1, contact.Internal}, records.Count{Overdue: 1}},
		"hears the greeting":           {how{contact.Phone, 2 * time.Second, -1, -1, -1, -1, contact.Internal}, records.Count{Waiting: 1}},
		"a message, reply in 3 min":    {how{contact.Web, time.Hour, 0, 100, 180, 400, contact.AgentEnded}, records.Count{InTime: 1}},
		"a message, reply later":       {how{contact.Web, time.Hour, 0, 10, 181, -1, contact.Internal}, records.Count{Late: 1}},
		"a message, accepted only":     {how{contact.WeChat, 2 * time.Minute, 0, 10, -1, -1, contact.Internal}, records.Count{Waiting: 1}},
		"a message, nobody ever wrote": {how{contact.WeChat, time.Hour, 0, 10, -1, 60, contact.AgentEnded}, records.Count{Lost: 1}},
		"yesterday":                    {how{contact.Phone, 24*time.Hour + time.Millisecond, 4, 5, -1, 60, contact.CitizenEnded}, records.Count{}},
	}
	databasetest.Each(t, func(t *testing.T, db *database.DB) {
		s, err := sqlstore.New(t.Context(), db)
		must(t, err)
		now := start()
		for name, tt := range tests {
			must(t, s.Save(t.Context(), tt.how.record(1, now)))
			got, err := s.Tallies(t.Context(), now, now.Add(-30*time.Minute))
			must(t, err)
			if len(got) == 0 {
				got = []records.Tally{{}}
			}
			today := records.Count{}
			if tt.how.ago <= 30*time.Minute {
				today = tt.want
			}
			if got[0].Day != tt.want || got[0].Today != today {
				t.Errorf("%s: %+v", name, got)
			}
			if lost := tt.want.Lost + tt.want.Short + tt.want.Refused; got[0].Losses[tt.how.cause] != lost {
				t.Errorf("%s: losses %v, want %d", name, got[0].Losses, lost)
			}
			_, err = db.ExecContext(t.Context(), `DELETE FROM contact_records`)
			must(t, err)
		}
	})
}

func TestTalliesStandByLineAndClass(t *testing.T) {
	t.Parallel()
	databasetest.Each(t, func(t *testing.T, db *database.DB) {
		s, err := sqlstore.New(t.Context(), db)
		must(t, err)
		now := start()
		for n := range 6 {
			r := how{contact.Phone, time.Minute, 0, 5, 5, 30, contact.CitizenEnded}.record(n, now)
			r.Line = []string{"citizen", "enterprise"}[n%2]
			if n >= 3 {
				r.Channel = contact.Web
			}
			must(t, s.Save(t.Context(), r))
		}
		got, err := s.Tallies(t.Context(), now, now.Add(-time.Hour))
		must(t, err)
		line := func(name string, class contact.Class, n int) records.Tally {
			c := records.Count{InTime: n}
			return records.Tally{Line: name, Class: class, Today: c, Day: c, Losses: map[contact.Cause]int{}}
		}
		want := []records.Tally{
			line("citizen", contact.Voice, 2), line("citizen", contact.Text, 1),
			line("enterprise", contact.Voice, 1), line("enterprise", contact.Text, 2),
		}
		if d := cmp.Diff(want, got); d != "" {
			t.Errorf("tallies (-want +got):\n%s", d)
		}
	})
}

func TestSharesOfACount(t *testing.T) {
	t.Parallel()
	c := records.Count{InTime: 6, Late: 2, Lost: 1, Overdue: 1, Short: 9, Refused: 9, Callback: 9, Waiting: 9}
	if level, ok := c.ServiceLevel(); !ok || level != 0.6 {
		t.Errorf("service level %v %v, want 0.6", level, ok)
	}
	if rate, ok := c.ConnectRate(); !ok || rate != 8.0/9 {
		t.Errorf("connect rate %v %v, want 8 of 9", rate, ok)
	}
	if _, ok := (records.Count{Short: 3, Waiting: 1}).ServiceLevel(); ok {
		t.Error("nobody was offered, and yet there is a service level")
	}
}

func TestWhoWaitsStandsInOrder(t *testing.T) {
	t.Parallel()
	databasetest.Each(t, func(t *testing.T, db *database.DB) {
		s, err := sqlstore.New(t.Context(), db)
		must(t, err)
		now := start()
		for n, h := range []how{
			{contact.Phone, time.Minute, 2, -1, -1, -1, contact.Internal},
			{contact.Web, time.Hour, 0, -1, -1, -1, contact.Internal},
			{contact.Phone, time.Minute, 2, 5, -1, -1, contact.Internal},            // talks
			{contact.Phone, time.Minute, 2, -1, -1, 20, contact.AbandonedQueue},     // has left
			{contact.Phone, time.Minute, -1, -1, -1, -1, contact.Internal},          // hears the greeting
			{contact.Phone, 48 * time.Hour, 2, -1, -1, -1, contact.Internal},        // nobody knows
			{contact.Phone, 2 * time.Minute, 2, -1, -1, -1, contact.AbandonedQueue}, // waits
		} {
			must(t, s.Save(t.Context(), h.record(n, now)))
		}
		for limit, want := range map[int][]contact.ID{10: {id(1), id(6), id(0)}, 2: {id(1), id(6)}} {
			list, err := s.Waiting(t.Context(), now.Add(-24*time.Hour), limit)
			must(t, err)
			got := []contact.ID{}
			for _, r := range list {
				got = append(got, r.Contact)
			}
			if d := cmp.Diff(want, got); d != "" {
				t.Errorf("limit %d (-want +got):\n%s", limit, d)
			}
		}
	})
}

// TestFiguresComeFromIndexes: at a city's size the board must not read the table.
func TestFiguresComeFromIndexes(t *testing.T) {
	t.Parallel()
	db := databasetest.SQLite(t)
	s, err := sqlstore.New(t.Context(), db)
	must(t, err)
	var all []records.Entry
	for n := range 5000 {
		r := how{contact.Phone, time.Duration(n) * time.Second, 1, 4, -1, 60, contact.CitizenEnded}.record(0, start())
		r.Contact = contact.ID(fmt.Sprintf("01JDG3Z4V7Q8W9X0Y1Z%07d", n))
		all = append(all, records.Entry{Record: r})
	}
	must(t, s.SaveAll(t.Context(), all))
	for name, query := range map[string]string{
		"USING COVERING INDEX contact_records_figures": sqlstore.CountContacts,
		"contact_records_waiting":                      sqlstore.ListWaiting,
	} {
		if plan := explain(t, db, query); !strings.Contains(plan, name) {
			t.Errorf("the plan is %q, want %s", plan, name)
		}
	}
}

func explain(t *testing.T, db *database.DB, query string) string {
	t.Helper()
	plan, err := database.Collect(t.Context(), db, func(rows *sql.Rows) (string, error) {
		var id, parent, unused int
		var detail string
		err := rows.Scan(&id, &parent, &unused, &detail)
		return detail, err
	}, "EXPLAIN QUERY PLAN "+query, 1, 1, 1, 1, 1, 1)
	must(t, err)
	return strings.Join(plan, "; ")
}

// BenchmarkTallies counts a day of 100,000 contacts.
func BenchmarkTallies(b *testing.B) {
	for name, open := range map[string]func(testing.TB) *database.DB{"sqlite": databasetest.SQLite, "postgres": databasetest.Postgres} {
		b.Run(name, func(b *testing.B) {
			s, err := sqlstore.New(b.Context(), open(b))
			if err != nil {
				b.Fatal(err)
			}
			all := make([]records.Entry, 100_000)
			for n := range all {
				r := how{contact.Phone, time.Duration(n) * 800 * time.Millisecond, 1, 4, -1, 60, contact.CitizenEnded}.record(0, start())
				r.Contact = contact.ID(fmt.Sprintf("01JDG3Z4V7Q8W9X0Y1Z%07d", n))
				all[n] = records.Entry{Record: r}
			}
			if err := s.SaveAll(b.Context(), all); err != nil {
				b.Fatal(err)
			}
			for b.Loop() {
				if _, err := s.Tallies(b.Context(), start(), start().Add(-10*time.Hour)); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
