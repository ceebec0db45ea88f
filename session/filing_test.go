package session

import (
	"context"
	"errors"
	"log/slog"
	"testing"
	"testing/synctest"
	"time"

	"hotline/contact"
	"hotline/records"
)

// shelf keeps each write, and refuses the first few.
type shelf struct {
	records.Store
	refuse int
	writes [][]records.Entry
}

func (s *shelf) SaveAll(_ context.Context, all []records.Entry) error {
	if s.refuse > 0 {
		s.refuse--
		return errors.New("the database is away")
	}
	s.writes = append(s.writes, all)
	return nil
}

// file puts steps of contacts 0 to n-1 twice and returns what was written.
func file(t *testing.T, n, refuse int) [][]records.Entry {
	t.Helper()
	store := &shelf{refuse: refuse}
	f := newFiling(store, slog.New(slog.DiscardHandler))
	over := make(chan struct{})
	go func() { defer close(over); f.run() }()
	for _, step := range []records.EventKind{records.Accepted, records.Queued} {
		for i := range n {
			id := contact.ID(rune('A' + i))
			f.put(records.Record{Contact: id, Offers: len(step)}, records.Event{Contact: id, Kind: step})
		}
	}
	time.Sleep(time.Minute) //nolint:forbidigo // the bubble's clock
	f.close()
	<-over
	return store.writes
}

func TestStepsOfManyContactsAreOneWrite(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		writes := file(t, 3, 0)
		if len(writes) != 1 || len(writes[0]) != 3 {
			t.Fatalf("written %v, want one write of three contacts", writes)
		}
		for i, e := range writes[0] {
			if e.Record.Contact != contact.ID(rune('A'+i)) || e.Record.Offers != len(records.Queued) {
				t.Errorf("entry %d is %s as it was before its last step", i, e.Record.Contact)
			}
			if len(e.Events) != 2 || e.Events[0].Kind != records.Accepted || e.Events[1].Kind != records.Queued {
				t.Errorf("entry %d has steps %v", i, e.Events)
			}
		}
	})
}

func TestManyContactsAreWrittenInParts(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		writes := file(t, together+1, 0)
		if len(writes) != 2 || len(writes[0]) != together || len(writes[1]) != 1 {
			t.Errorf("%d writes", len(writes))
		}
	})
}

func TestARefusedWriteIsRepeatedWhole(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		writes := file(t, 2, 3)
		if len(writes) != 1 || len(writes[0]) != 2 {
			t.Errorf("written %v, want both contacts once", writes)
		}
	})
}
