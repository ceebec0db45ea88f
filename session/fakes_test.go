package session_test

import (
	"context"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/oklog/ulid/v2"

	"hotline/contact"
	"hotline/gateway"
	"hotline/media"
	"hotline/records"
	"hotline/session"
)

// guard ends a wait for what never comes, in the time of the test bubble.
const guard = 10 * time.Minute

// fakeVoice is a call whose citizen the test plays.
type fakeVoice struct {
	id      contact.ID
	arrival gateway.Arrival
	events  chan contact.Event
	did     chan string   // what the session ordered
	greeted chan struct{} // the greeting ends when this is closed
	once    sync.Once
	answer  error
	connect error

	mu    sync.Mutex
	stats gateway.Stats
}

// says lets packets come from both sides, as of now.
func (v *fakeVoice) says(citizen, agent uint64) {
	v.mu.Lock()
	defer v.mu.Unlock()
	for s, n := range map[*media.Stats]uint64{&v.stats.Citizen: citizen, &v.stats.Agent: agent} {
		if n > 0 {
			s.In, s.Last = s.In+n, time.Now()
		}
	}
}

// speaks lets both talk for so long, 50 packets a second each.
func (v *fakeVoice) speaks(d time.Duration) {
	for ; d > 0; d -= 100 * time.Millisecond {
		time.Sleep(100 * time.Millisecond) //nolint:forbidigo // the bubble's clock
		v.says(5, 5)
	}
}

func newVoice(called string) *fakeVoice {
	return &fakeVoice{
		id:      contact.ID(ulid.Make().String()),
		arrival: gateway.Arrival{Trunk: "test", Called: called, Caller: contact.NewAddress("+8613812345678")},
		events:  make(chan contact.Event, 1),
		did:     make(chan string, 64),
		greeted: make(chan struct{}),
	}
}

func (v *fakeVoice) ID() contact.ID { return v.id }

func (v *fakeVoice) Arrival() gateway.Arrival { return v.arrival }

func (v *fakeVoice) Answer(context.Context) error { v.did <- "answer"; return v.answer }

func (v *fakeVoice) Refuse(_ context.Context, why contact.Cause) error {
	v.did <- "refuse " + why.String()
	v.gone(why)
	return nil
}

func (v *fakeVoice) Play(ctx context.Context, name string) error {
	v.did <- "play " + name
	if name == "reconnect" {
		select {
		case <-time.After(4 * time.Second):
			return nil
		case <-ctx.Done():
			return ctx.Err()
		}
	}
	if name != "greeting" {
		return nil
	}
	select {
	case <-v.greeted:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

func (v *fakeVoice) Hold(context.Context) error { v.did <- "hold"; return nil }

func (v *fakeVoice) Connect(_ context.Context, a contact.AgentID) error {
	v.did <- "connect " + string(a)
	return v.connect
}

func (v *fakeVoice) Stats() gateway.Stats {
	v.mu.Lock()
	defer v.mu.Unlock()
	return v.stats
}

func (v *fakeVoice) Recording() string { return "2026/" + string(v.id) + ".wav" }

func (v *fakeVoice) Mute(_ context.Context, on bool) error {
	if on {
		v.did <- "mute"
	} else {
		v.did <- "unmute"
	}
	return nil
}

func (v *fakeVoice) Close(_ context.Context, why contact.Cause) error {
	v.did <- "close " + why.String()
	v.gone(why)
	return nil
}

func (v *fakeVoice) Events() <-chan contact.Event { return v.events }

// gone ends the call once, from whichever side.
func (v *fakeVoice) gone(why contact.Cause) {
	v.once.Do(func() {
		v.events <- contact.Event{Kind: contact.Gone, Cause: why}
		close(v.events)
	})
}

func (v *fakeVoice) wants(t *testing.T, want ...string) {
	t.Helper()
	for _, w := range want {
		select {
		case got := <-v.did:
			if got != w {
				t.Fatalf("the session ordered %q, want %q", got, w)
			}
		case <-time.After(guard):
			t.Fatalf("the session did not order %q", w)
		}
	}
}

// ring is one offer as a desk gets it.
type ring struct {
	agent contact.AgentID
	call  session.Call
}

// fakeSeats are desks that show every ring, or none.
type fakeSeats struct {
	rings chan ring
	news  chan session.News
	offer func(context.Context, contact.AgentID) error
}

func newSeats() *fakeSeats {
	return &fakeSeats{
		rings: make(chan ring, 16), news: make(chan session.News, 64),
		offer: func(context.Context, contact.AgentID) error { return nil },
	}
}

func (s *fakeSeats) Offer(ctx context.Context, a contact.AgentID, c session.Call) error {
	if err := s.offer(ctx, a); err != nil {
		return err
	}
	s.rings <- ring{a, c}
	return nil
}

func (s *fakeSeats) Tell(_ contact.AgentID, n session.News) { s.news <- n }

func (s *fakeSeats) ringing(t *testing.T) ring {
	t.Helper()
	select {
	case r := <-s.rings:
		return r
	case <-time.After(guard):
		t.Fatal("no desk rang")
		return ring{}
	}
}

func (s *fakeSeats) told(t *testing.T, want session.NewsKind) session.News {
	t.Helper()
	for {
		select {
		case n := <-s.news:
			if n.Kind == session.Measured && want != session.Measured {
				continue
			}
			if n.Kind != want {
				t.Fatalf("the seat was told %q (%s), want %q", n.Kind, n.Why, want)
			}
			return n
		case <-time.After(guard):
			t.Fatalf("the seat was not told %q", want)
			return session.News{}
		}
	}
}

// fakeRecords keeps what is filed, and can be away.
type fakeRecords struct {
	records.Store
	mu    sync.Mutex
	away  error
	saved map[contact.ID]records.Record
	steps map[contact.ID][]records.EventKind
	facts map[contact.ID]map[records.EventKind]map[string]string // of the newest event of the kind
	ended chan records.Record
}

func newRecords() *fakeRecords {
	return &fakeRecords{
		saved: map[contact.ID]records.Record{}, steps: map[contact.ID][]records.EventKind{},
		facts: map[contact.ID]map[records.EventKind]map[string]string{},
		ended: make(chan records.Record, 16),
	}
}

func (r *fakeRecords) Save(_ context.Context, rec records.Record, events ...records.Event) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.away != nil {
		return r.away
	}
	r.saved[rec.Contact] = rec
	for _, e := range events {
		r.steps[rec.Contact] = append(r.steps[rec.Contact], e.Kind)
		if r.facts[rec.Contact] == nil {
			r.facts[rec.Contact] = map[records.EventKind]map[string]string{}
		}
		r.facts[rec.Contact][e.Kind] = e.Facts
		if e.Kind == records.Ended {
			r.ended <- rec
		}
	}
	return nil
}

func (r *fakeRecords) SaveAll(ctx context.Context, all []records.Entry) error {
	for _, e := range all {
		if err := r.Save(ctx, e.Record, e.Events...); err != nil {
			return err
		}
	}
	return nil
}

func (r *fakeRecords) Find(_ context.Context, id contact.ID) (records.Record, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	rec, ok := r.saved[id]
	if !ok {
		return rec, records.ErrNotFound
	}
	return rec, nil
}

// OfCitizen tells the newest first.
func (r *fakeRecords) OfCitizen(_ context.Context, ref string, limit int) (all []records.Record, err error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, rec := range r.saved {
		if rec.CitizenRef == ref {
			all = append(all, rec)
		}
	}
	slices.SortFunc(all, func(a, b records.Record) int { return b.Accepted.Compare(a.Accepted) })
	return all[:min(limit, len(all))], r.away
}

func (r *fakeRecords) factsOf(id contact.ID, k records.EventKind) map[string]string {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.facts[id][k]
}

func (r *fakeRecords) setAway(err error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.away = err
}

func (r *fakeRecords) stepsOf(id contact.ID) []records.EventKind {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.steps[id]
}

func (r *fakeRecords) end(t *testing.T) records.Record {
	t.Helper()
	select {
	case rec := <-r.ended:
		return rec
	case <-time.After(guard):
		t.Fatal("no record was ended")
		return records.Record{}
	}
}
