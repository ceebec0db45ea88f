package sqlstore_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"go.uber.org/goleak"

	"hotline/contact"
	"hotline/database"
	"hotline/database/databasetest"
	"hotline/tickets"
	"hotline/tickets/sqlstore"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

const citizen = "CITIZENREF"

func start() time.Time { return time.Date(2026, 11, 24, 8, 0, 0, 0, time.UTC) }

// each runs test on a store of both engines.
func each(t *testing.T, test func(t *testing.T, s *sqlstore.Store)) {
	t.Helper()
	databasetest.Each(t, func(t *testing.T, db *database.DB) {
		s, err := sqlstore.New(t.Context(), db)
		if err != nil {
			t.Fatal(err)
		}
		test(t, s)
	})
}

// entry is a registration of one ticket for unit; "" answers at once.
func entry(key, unit string, at time.Time) tickets.Entry {
	return tickets.Entry{Key: key, Digest: "digest of " + key, Day: tickets.Day(at), Make: func(n int) (tickets.Ticket, *tickets.Parcel, error) {
		number, err := tickets.Number(at, n)
		t := tickets.Ticket{
			Schema: tickets.Schema, Number: number, Seq: 2, Round: 1, Sessions: []contact.ID{contact.ID("C-" + key)},
			CreatedAt: at, UpdatedAt: at, Requester: tickets.Requesting{Ref: citizen, Kind: "natural", Name: "张三"},
			State: tickets.HandedOff, StateSince: at, LeadUnit: unit, FollowupState: tickets.NotDue,
			History: []tickets.HistoryEntry{
				{Seq: 1, At: at, Actor: "1001", Action: tickets.ActRegister, From: tickets.Drafted, To: tickets.Accepted},
				{Seq: 2, At: at, Actor: "1001", Unit: unit, Action: tickets.ActDispatch, From: tickets.Accepted, To: tickets.HandedOff, Note: "因为"},
			},
		}
		if unit == "" {
			return t, nil, err
		}
		id := tickets.EventID(number, 2)
		return t, &tickets.Parcel{Unit: unit, ID: id, Number: number, Contact: t.Sessions[0], Body: []byte("body of " + key + "\x00"), Queued: at}, err
	}}
}

func register(t *testing.T, s *sqlstore.Store, key, unit string, at time.Time) tickets.Ticket {
	t.Helper()
	got, repeated, err := s.Register(t.Context(), entry(key, unit, at))
	if err != nil || repeated {
		t.Fatalf("register %s: repeated %v, %v", key, repeated, err)
	}
	return got
}

func claim(t *testing.T, s *sqlstore.Store, unit string, now time.Time) (tickets.Parcel, bool) {
	t.Helper()
	p, ok, err := s.Claim(t.Context(), tickets.Claim{Unit: unit, By: "node-1", Now: now, Until: now.Add(time.Minute)})
	if err != nil {
		t.Fatal(err)
	}
	return p, ok
}

func mustClaim(t *testing.T, s *sqlstore.Store, unit string, now time.Time) tickets.Parcel {
	t.Helper()
	p, ok := claim(t, s, unit, now)
	if !ok {
		t.Fatalf("nothing to claim for %s", unit)
	}
	return p
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func TestATicketComesBackWhole(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, s *sqlstore.Store) {
		got := register(t, s, "one", "SUB-001", start())
		want, _, err := entry("one", "SUB-001", start()).Make(1)
		must(t, err)
		want.Delivery = &tickets.Delivery{Target: "SUB-001", ID: want.Number + "/2", State: tickets.Pending}
		a, _ := json.Marshal(got)
		b, _ := json.Marshal(want)
		if diff := cmp.Diff(string(b), string(a)); diff != "" {
			t.Errorf("registered (-want +got):\n%s", diff)
		}
		again, err := s.Find(t.Context(), got.Number)
		must(t, err)
		c, _ := json.Marshal(again)
		if diff := cmp.Diff(string(a), string(c)); diff != "" {
			t.Errorf("found (-want +got):\n%s", diff)
		}
	})
}

func TestARepeatedKeyMakesNoSecondTicket(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, s *sqlstore.Store) {
		first := register(t, s, "key", "SUB-001", start())
		again, repeated, err := s.Register(t.Context(), entry("key", "SUB-001", start().Add(time.Hour)))
		if err != nil || !repeated || again.Number != first.Number {
			t.Errorf("repeat: %s, repeated %v, %v; want %s", again.Number, repeated, err, first.Number)
		}
		other := entry("key", "SUB-001", start())
		other.Digest = "another form"
		if _, _, err := s.Register(t.Context(), other); !errors.Is(err, tickets.ErrKeyReused) {
			t.Errorf("another form under the key: %v, want ErrKeyReused", err)
		}
		heads, err := s.Heads(t.Context())
		if err != nil || len(heads) != 1 {
			t.Errorf("heads %v, %v: want one parcel's", heads, err)
		}
		if _, err := s.Repeated(t.Context(), "unused", "x"); !errors.Is(err, tickets.ErrNotFound) {
			t.Errorf("an unused key: %v, want ErrNotFound", err)
		}
	})
}

func TestNumbersHaveNoGapsAndOneKeyWinsOnce(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, s *sqlstore.Store) {
		const distinct, each = 8, 3
		var wg sync.WaitGroup
		var mu sync.Mutex
		numbers, firsts := map[string]string{}, 0
		for i := range distinct * each {
			wg.Go(func() {
				key := fmt.Sprintf("key-%d", i%distinct)
				got, repeated, err := s.Register(t.Context(), entry(key, "SUB-001", start()))
				if err != nil {
					t.Errorf("register %s: %v", key, err)
					return
				}
				mu.Lock()
				defer mu.Unlock()
				if before, ok := numbers[key]; ok && before != got.Number {
					t.Errorf("%s made %s and %s", key, before, got.Number)
				}
				numbers[key] = got.Number
				if !repeated {
					firsts++
				}
			})
		}
		wg.Wait()
		if firsts != distinct {
			t.Errorf("%d registrations were first, want %d", firsts, distinct)
		}
		for n := 1; n <= distinct; n++ { // in order of the outbox, without gaps
			want, _ := tickets.Number(start(), n)
			p := mustClaim(t, s, "SUB-001", start())
			if p.Number != want || p.Position != int64(n) {
				t.Errorf("position %d holds %s, want %s", p.Position, p.Number, want)
			}
			must(t, s.Delivered(t.Context(), p, "ack", start()))
		}
	})
}

func TestAFailedMakeLeavesNothing(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, s *sqlstore.Store) {
		broken := errors.New("broken")
		e := entry("key", "SUB-001", start())
		e.Make = func(int) (tickets.Ticket, *tickets.Parcel, error) { return tickets.Ticket{}, nil, broken }
		if _, _, err := s.Register(t.Context(), e); !errors.Is(err, broken) {
			t.Fatalf("error %v, want the maker's", err)
		}
		want, _ := tickets.Number(start(), 1)
		if got := register(t, s, "key", "SUB-001", start()); got.Number != want {
			t.Errorf("the next ticket is %s, want %s: no gap, key unused", got.Number, want)
		}
	})
}

func TestListsByContactAndCitizen(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, s *sqlstore.Store) {
		var want []string
		for i := range 3 {
			want = append(want, register(t, s, fmt.Sprint(i), "", start().Add(time.Duration(i)*time.Hour)).Number)
		}
		of, err := s.OfCitizen(t.Context(), citizen, 2)
		if err != nil || len(of) != 2 || of[0].Number != want[2] || of[1].Number != want[1] || len(of[0].History) != 2 {
			t.Errorf("of the citizen: %v, %v; want the newest two with history", of, err)
		}
		by, err := s.OfContact(t.Context(), "C-1")
		if err != nil || len(by) != 1 || by[0].Number != want[1] || by[0].Delivery != nil {
			t.Errorf("of the contact: %v, %v", by, err)
		}
		none, err := s.OfCitizen(t.Context(), "nobody", 5)
		if err != nil || none == nil || len(none) != 0 {
			t.Errorf("of nobody: %v, %v; want an empty list", none, err)
		}
		if _, err := s.Find(t.Context(), "20261124-0000009-9"); !errors.Is(err, tickets.ErrNotFound) {
			t.Errorf("no such ticket: %v", err)
		}
	})
}

func TestAClaimIsAloneUntilItRunsOut(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, s *sqlstore.Store) {
		ctx, now := t.Context(), start()
		register(t, s, "one", "SUB-001", now)
		register(t, s, "two", "SUB-001", now)
		first := mustClaim(t, s, "SUB-001", now)
		if string(first.Body) != "body of one\x00" || first.Attempts != 1 || !first.Queued.Equal(now) {
			t.Errorf("claimed %+v", first)
		}
		if p, ok := claim(t, s, "SUB-001", now.Add(59*time.Second)); ok {
			t.Errorf("claimed %s beside a living claim", p.ID)
		}
		heads, err := s.Heads(ctx)
		if err != nil || len(heads) != 1 || !heads[0].Due.Equal(now.Add(time.Minute)) {
			t.Errorf("heads %v, %v: want due when the claim runs out", heads, err)
		}
		second := mustClaim(t, s, "SUB-001", now.Add(time.Minute))
		if second.ID != first.ID || second.Token <= first.Token || second.Attempts != 2 {
			t.Errorf("after %+v comes %+v", first, second)
		}
		for name, err := range map[string]error{
			"delivered": s.Delivered(ctx, first, "late", now), "failed": s.Failed(ctx, first, tickets.TimedOut, now), "buried": s.Bury(ctx, first, tickets.Rejected, now),
		} {
			if !errors.Is(err, tickets.ErrClaimLost) {
				t.Errorf("%s under an old token: %v, want ErrClaimLost", name, err)
			}
		}
		must(t, s.Delivered(ctx, second, "ack-1", now.Add(2*time.Minute)))
		got, err := s.Find(ctx, second.Number)
		must(t, err)
		want := &tickets.Delivery{Target: "SUB-001", ID: second.ID, State: tickets.Delivered, Attempts: 2, AckedAt: new(now.Add(2 * time.Minute)), AckRef: "ack-1"}
		if diff := cmp.Diff(want, got.Delivery); diff != "" {
			t.Errorf("delivery (-want +got):\n%s", diff)
		}
	})
}

func TestTheHeadIsRetriedBeforeLaterOnes(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, s *sqlstore.Store) {
		now := start()
		register(t, s, "one", "SUB-001", now)
		register(t, s, "two", "SUB-001", now)
		register(t, s, "three", "SUB-002", now)
		p := mustClaim(t, s, "SUB-001", now)
		must(t, s.Failed(t.Context(), p, tickets.UnitFault, now.Add(10*time.Second)))
		if q, ok := claim(t, s, "SUB-001", now.Add(9*time.Second)); ok {
			t.Errorf("%s was claimed before the head is due", q.ID)
		}
		if q := mustClaim(t, s, "SUB-001", now.Add(10*time.Second)); q.ID != p.ID || string(q.Body) != string(p.Body) {
			t.Errorf("retried %s, want the same %s and bytes", q.ID, p.ID)
		}
		if q := mustClaim(t, s, "SUB-002", now); q.Attempts != 1 {
			t.Errorf("the other unit's parcel: %+v", q)
		}
	})
}

func TestDeadLettersAreSeenAndComeBack(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, s *sqlstore.Store) {
		ctx, now := t.Context(), start()
		register(t, s, "one", "SUB-001", now)
		register(t, s, "two", "SUB-001", now)
		p := mustClaim(t, s, "SUB-001", now)
		must(t, s.Bury(ctx, p, tickets.Rejected, now))
		next := mustClaim(t, s, "SUB-001", now)
		if next.Position != 2 {
			t.Errorf("after a dead letter comes position %d, want 2", next.Position)
		}
		must(t, s.Delivered(ctx, next, "a", now))
		dead, err := s.DeadLetters(ctx, 10)
		must(t, err)
		want := []tickets.Dead{{ID: p.ID, Number: p.Number, Unit: "SUB-001", Contact: "C-one", Attempts: 1, Failure: tickets.Rejected, Queued: now, Died: now}}
		if diff := cmp.Diff(want, dead); diff != "" {
			t.Errorf("dead letters (-want +got):\n%s", diff)
		}
		unit, err := s.Requeue(ctx, p.ID, now.Add(time.Hour))
		if err != nil || unit != "SUB-001" {
			t.Errorf("requeue: %s, %v", unit, err)
		}
		if _, err := s.Requeue(ctx, p.ID, now); !errors.Is(err, tickets.ErrNotFound) {
			t.Errorf("requeue twice: %v, want ErrNotFound", err)
		}
		if q := mustClaim(t, s, "SUB-001", now.Add(time.Hour)); q.ID != p.ID || string(q.Body) != string(p.Body) || q.Attempts != 1 {
			t.Errorf("requeued as %+v, want the same ID and bytes", q)
		}
	})
}

func TestANodeGoneMidwayLosesNothing(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, s *sqlstore.Store) {
		ctx, cancel := context.WithCancel(t.Context())
		cancel()
		if _, _, err := s.Register(ctx, entry("one", "SUB-001", start())); err == nil {
			t.Fatal("registered under a context that had ended")
		}
		if heads, err := s.Heads(t.Context()); err != nil || len(heads) != 0 {
			t.Errorf("heads %v, %v: want none", heads, err)
		}
	})
}
