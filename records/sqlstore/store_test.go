package sqlstore_test

import (
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"go.uber.org/goleak"

	"hotline/contact"
	"hotline/database"
	"hotline/database/databasetest"
	"hotline/media"
	"hotline/records"
	"hotline/records/sqlstore"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func start() time.Time { return time.Date(2026, 11, 24, 8, 0, 0, 125e6, time.UTC) }

func each(t *testing.T, test func(t *testing.T, s records.Store)) {
	t.Helper()
	databasetest.Each(t, func(t *testing.T, db *database.DB) {
		s, err := sqlstore.New(t.Context(), db)
		if err != nil {
			t.Fatal(err)
		}
		test(t, s)
	})
}

// record is the nth contact of a citizen, an hour after the one before.
func record(n int, ref string) records.Record {
	return records.Record{
		Contact: id(n), Channel: contact.Phone, Line: "citizen", Source: "12315", Trunk: "carrier-a", Origin: "01JDG3Z4V7Q8W9X0Y1Z2A39999",
		Citizen: contact.NewAddress("+8613812345678"), CitizenRef: ref, Node: "node-1",
		Accepted: start().Add(time.Duration(n) * time.Hour),
	}
}

func id(n int) contact.ID { return contact.ID(fmt.Sprintf("01JDG3Z4V7Q8W9X0Y1Z2A3%04d", n)) }

func diff(want, got any) string {
	return cmp.Diff(want, got, cmp.Comparer(func(a, b contact.Address) bool { return a.Reveal() == b.Reveal() }))
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func TestARecordGrowsWithItsContact(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, s records.Store) {
		ctx, r := t.Context(), record(1, "REF")
		must(t, s.Save(ctx, r, records.Event{Contact: r.Contact, At: r.Accepted, Kind: records.Accepted}))
		got, err := s.Find(ctx, r.Contact)
		must(t, err)
		if d := diff(r, got); d != "" {
			t.Errorf("fresh (-want +got):\n%s", d)
		}
		r.Queued, r.Connected = r.Accepted.Add(time.Second), r.Accepted.Add(5*time.Second)
		r.TalkEnded, r.Ended = r.Accepted.Add(time.Minute), r.Accepted.Add(2*time.Minute)
		r.Replied, r.Messages = r.Accepted.Add(6*time.Second), 7
		r.Held, r.Offers, r.Agent, r.Cause = 1500*time.Millisecond, 2, "1001", contact.CitizenEnded
		r.Recording = "2026-11-24/" + string(r.Contact) + ".wav"
		r.FromCitizen = media.Quality{Loss: 0.0125, Jitter: 3456 * time.Microsecond, Delay: 81 * time.Millisecond, MOS: 4.3}
		r.FromAgent = media.Quality{Loss: 1, Jitter: time.Minute, Delay: time.Microsecond, MOS: 1}
		must(t, s.Save(ctx, r))
		got, err = s.Find(ctx, r.Contact)
		must(t, err)
		if d := diff(r, got); d != "" {
			t.Errorf("ended (-want +got):\n%s", d)
		}
		if got.Citizen.Reveal() != "+8613812345678" {
			t.Error("the citizen's number came back masked: nobody can call them")
		}
	})
}

func TestEventsKeepTheirOrderAndRepeatHarmlessly(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, s records.Store) {
		ctx, r := t.Context(), record(1, "REF")
		want := []records.Event{ // three in one millisecond, not in order of name
			{Contact: r.Contact, At: start(), Kind: records.Queued},
			{Contact: r.Contact, At: start(), Kind: records.Accepted},
			{
				Contact: r.Contact, At: start(), Kind: records.Offered, Agent: "1001",
				Facts: map[string]string{records.FactBy: "entered", records.FactVia: "general", records.FactNext: `1"0\x03`},
			},
			{Contact: r.Contact, At: start().Add(time.Second), Kind: records.OfferEnded, Agent: "1001", Detail: "unanswered"},
			{Contact: r.Contact, At: start().Add(time.Second), Kind: records.OfferEnded, Agent: "1001", Detail: "revoked"},
		}
		must(t, s.Save(ctx, r, want[:3]...))
		must(t, s.Save(ctx, r, want[1:]...))
		must(t, s.Save(ctx, r, want...))
		got, err := s.Events(ctx, r.Contact)
		must(t, err)
		if d := diff(want, got); d != "" {
			t.Errorf("events (-want +got):\n%s", d)
		}
		if other, err := s.Events(ctx, id(9)); err != nil || len(other) != 0 {
			t.Errorf("events of another contact: %v, %v", other, err)
		}
	})
}

func TestListsAreNewestFirst(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, s records.Store) {
		ctx := t.Context()
		for n, ref := range []string{"A", "B", "A", "", ""} {
			must(t, s.Save(ctx, record(n, ref)))
		}
		tests := map[string]struct {
			list func() ([]records.Record, error)
			want []int
		}{
			"recent":              {func() ([]records.Record, error) { return s.Recent(ctx, 10) }, []int{4, 3, 2, 1, 0}},
			"recent, limited":     {func() ([]records.Record, error) { return s.Recent(ctx, 2) }, []int{4, 3}},
			"limit below one":     {func() ([]records.Record, error) { return s.Recent(ctx, -5) }, []int{4}},
			"of a citizen":        {func() ([]records.Record, error) { return s.OfCitizen(ctx, "A", 10) }, []int{2, 0}},
			"of nobody":           {func() ([]records.Record, error) { return s.OfCitizen(ctx, "C", 10) }, []int{}},
			"of withheld numbers": {func() ([]records.Record, error) { return s.OfCitizen(ctx, "", 10) }, []int{}},
		}
		for name, tt := range tests {
			got, err := tt.list()
			must(t, err)
			numbers := []int{}
			for _, r := range got {
				numbers = append(numbers, int(r.Accepted.Sub(start())/time.Hour))
			}
			if d := cmp.Diff(tt.want, numbers); d != "" {
				t.Errorf("%s (-want +got):\n%s", name, d)
			}
		}
	})
}

func TestManySaveAtOnce(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, s records.Store) {
		var wg sync.WaitGroup
		for n := range 12 {
			wg.Go(func() {
				r := record(n%3, "REF")
				e := records.Event{Contact: r.Contact, At: start(), Kind: records.Offered, Agent: contact.AgentID(fmt.Sprint(n))}
				if err := s.Save(t.Context(), r, e); err != nil {
					t.Error(err)
				}
			})
		}
		wg.Wait()
		for n := range 3 {
			if got, err := s.Events(t.Context(), id(n)); err != nil || len(got) != 4 {
				t.Errorf("contact %d has %d events, %v; want 4", n, len(got), err)
			}
		}
	})
}

func TestAnUnknownContactIsNotFound(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, s records.Store) {
		if _, err := s.Find(t.Context(), id(1)); !errors.Is(err, records.ErrNotFound) {
			t.Errorf("error %v, want ErrNotFound", err)
		}
	})
}

func TestErrorsHoldNoNumber(t *testing.T) {
	t.Parallel()
	databasetest.Each(t, func(t *testing.T, db *database.DB) {
		s, err := sqlstore.New(t.Context(), db)
		must(t, err)
		r := record(1, "REF")
		r.Line = "nul \x00 and \xff" // PostgreSQL refuses it
		if err := s.Save(t.Context(), r); err != nil && strings.Contains(err.Error(), "13812345678") {
			t.Errorf("the error tells the number: %v", err)
		}
	})
}

func TestManyContactsAtOnce(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, s records.Store) {
		var all []records.Entry
		for n := range 40 {
			r := record(n, "someone")
			all = append(all, records.Entry{Record: r, Events: []records.Event{
				{Contact: r.Contact, At: r.Accepted, Kind: records.Accepted},
				{Contact: r.Contact, At: r.Accepted, Kind: records.Queued},
			}})
		}
		must(t, s.SaveAll(t.Context(), all))
		must(t, s.SaveAll(t.Context(), all[:3])) // repeating is harmless
		must(t, s.SaveAll(t.Context(), nil))
		got, err := s.Recent(t.Context(), 500)
		must(t, err)
		if len(got) != len(all) {
			t.Fatalf("%d records, want %d", len(got), len(all))
		}
		events, err := s.Events(t.Context(), all[1].Record.Contact)
		must(t, err)
		if d := diff(all[1].Events, events); d != "" {
			t.Errorf("events (-want +got):\n%s", d)
		}
	})
}
