package ticketstest

import (
	"context"
	"errors"
	"reflect"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"hotline/contact"
	"hotline/tickets"
)

// Drafts keeps drafts in memory, for tests of those who use a Desk.
type Drafts struct {
	mu     sync.Mutex
	drafts map[contact.ID]tickets.Draft
}

// Load returns the saved form.
func (m *Drafts) Load(_ context.Context, id contact.ID) (tickets.Draft, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	d, ok := m.drafts[id]
	if !ok {
		return d, tickets.ErrNotFound
	}
	return d, nil
}

// Save stores the form over its revision.
func (m *Drafts) Save(_ context.Context, d tickets.Draft) (tickets.Draft, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	kept := m.drafts[d.Contact]
	if kept.Revision == d.Revision+1 && reflect.DeepEqual(kept.Fields, d.Fields) && kept.Agent == d.Agent {
		return kept, nil
	}
	if kept.Revision > d.Revision {
		return tickets.Draft{}, &tickets.Conflict{Current: kept}
	}
	d.Revision++
	if m.drafts == nil {
		m.drafts = map[contact.ID]tickets.Draft{}
	}
	m.drafts[d.Contact] = d
	return d, nil
}

// TestDrafts is the suite of every tickets.Drafts; open gives an empty one.
func TestDrafts(t *testing.T, open func(t *testing.T) tickets.Drafts) {
	t.Helper()
	t.Run("what is saved comes back", func(t *testing.T) { testSaved(t, open(t)) })
	t.Run("an older revision is refused", func(t *testing.T) { testConflict(t, open(t)) })
	t.Run("a repeat is harmless", func(t *testing.T) { testRepeat(t, open(t)) })
	t.Run("one of many wins", func(t *testing.T) { testRace(t, open(t)) })
	t.Run("a lost draft can be saved again", func(t *testing.T) { testLost(t, open(t)) })
}

func draft(revision int, title string) tickets.Draft {
	return tickets.Draft{
		Contact: "01JDG3Z4V7Q8W9X0Y1Z2A3B4C5", Revision: revision, Agent: "1001",
		SavedAt: time.Date(2026, 11, 24, 8, 0, 0, 125e6, time.UTC),
		Fields:  tickets.Fields{Title: title, Content: "第一行\n第二行 \"引号\"", Requester: tickets.Requester{Phone: "+8613812345678"}},
	}
}

func save(t *testing.T, s tickets.Drafts, d tickets.Draft) tickets.Draft {
	t.Helper()
	got, err := s.Save(t.Context(), d)
	if err != nil {
		t.Fatal(err)
	}
	return got
}

func testSaved(t *testing.T, s tickets.Drafts) {
	t.Helper()
	if _, err := s.Load(t.Context(), draft(0, "").Contact); !errors.Is(err, tickets.ErrNotFound) {
		t.Errorf("before the first save: %v, want ErrNotFound", err)
	}
	for n := range 3 {
		want := draft(n, "第"+string(rune('一'+n))+"稿")
		got := save(t, s, want)
		want.Revision = n + 1
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("saved (-want +got):\n%s", diff)
		}
		loaded, err := s.Load(t.Context(), want.Contact)
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(want, loaded); diff != "" {
			t.Errorf("loaded (-want +got):\n%s", diff)
		}
	}
}

func testConflict(t *testing.T, s tickets.Drafts) {
	t.Helper()
	save(t, s, draft(0, "一"))
	current := save(t, s, draft(1, "二"))
	for _, revision := range []int{0, 1} {
		_, err := s.Save(t.Context(), draft(revision, "三"))
		c, ok := errors.AsType[*tickets.Conflict](err)
		if !ok {
			t.Fatalf("over revision %d: %v, want a conflict", revision, err)
		}
		if diff := cmp.Diff(current, c.Current); diff != "" {
			t.Errorf("the conflict's draft (-want +got):\n%s", diff)
		}
	}
}

func testRepeat(t *testing.T, s tickets.Drafts) {
	t.Helper()
	first := save(t, s, draft(0, "一"))
	late := draft(0, "一")
	late.SavedAt = late.SavedAt.Add(time.Second)
	if diff := cmp.Diff(first, save(t, s, late)); diff != "" {
		t.Errorf("a repeated save (-first +repeat):\n%s", diff)
	}
}

func testRace(t *testing.T, s tickets.Drafts) {
	t.Helper()
	var wg sync.WaitGroup
	won := make(chan tickets.Draft, 8)
	for n := range cap(won) {
		wg.Go(func() {
			d, err := s.Save(t.Context(), draft(0, string(rune('A'+n))))
			if err == nil {
				won <- d
			} else if _, ok := errors.AsType[*tickets.Conflict](err); !ok {
				t.Errorf("neither saved nor a conflict: %v", err)
			}
		})
	}
	wg.Wait()
	if len(won) != 1 {
		t.Errorf("%d of %d saves over one revision won, want 1", len(won), cap(won))
	}
}

func testLost(t *testing.T, s tickets.Drafts) {
	t.Helper()
	if got := save(t, s, draft(7, "还在")); got.Revision != 8 {
		t.Errorf("saved as revision %d, want 8: the desk's copy is the newest there is", got.Revision)
	}
}
