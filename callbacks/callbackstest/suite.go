package callbackstest

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"testing"
	"time"

	"hotline/callbacks"
	"hotline/contact"
)

// Begin is the moment at which the suite's promises were made.
func Begin() time.Time { return time.Date(2026, 11, 24, 2, 0, 0, 125e6, time.UTC) }

// Of is the nth promise, of the nth citizen: the higher n, the later its place.
func Of(n int) callbacks.Promise {
	return callbacks.Promise{
		ID: fmt.Sprintf("01JDG3Z4V7Q8W9X0Y1Z2C3%04d", n), Contact: contact.ID(fmt.Sprintf("01JDG3Z4V7Q8W9X0Y1Z2A3%04d", n)),
		Citizen: contact.NewAddress(fmt.Sprintf("+861380000%04d", n)), CitizenRef: fmt.Sprintf("ref-%d", n),
		Line: "citizen", Source: "12315", Since: Begin().Add(time.Duration(n) * time.Second), Why: callbacks.Asked,
		State: callbacks.Waiting, MadeAt: Begin().Add(time.Hour),
	}
}

// Suite holds a store to its contract; open makes an empty one.
func Suite(t *testing.T, open func(t *testing.T) callbacks.Store) {
	t.Helper()
	tests := map[string]func(*testing.T, world){
		"one promise a contact, one open promise a citizen":       oneEach,
		"claims come in the order of places, each once":           inOrder,
		"claimed again once a claim has run out, the old is void": claimedAgain,
		"an attempt missed is due again later, or given up":       missed,
		"a promise kept is over":                                  reached,
		"who died while it rang":                                  diedDialling,
		"cancelled, whoever has it":                               cancelled,
		"released before anybody was dialled":                     released,
		"claims renewed do not run out":                           renewed,
		"two nodes never have the same":                           twoNodes,
		"a promise comes back as it was kept":                     asKept,
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) { test(t, world{t, open(t)}) })
	}
}

type world struct {
	*testing.T

	callbacks.Store
}

func (w world) keep(n int) callbacks.Promise {
	w.Helper()
	p, err := w.Keep(w.Context(), Of(n))
	w.must(err)
	return p
}

func (w world) must(err error) {
	w.Helper()
	if err != nil {
		w.Fatal(err)
	}
}

func (w world) lost(err error) {
	w.Helper()
	if !errors.Is(err, callbacks.ErrClaimLost) {
		w.Errorf("got %v, want ErrClaimLost", err)
	}
}

func (w world) notFound(err error) {
	w.Helper()
	if !errors.Is(err, callbacks.ErrNotFound) {
		w.Errorf("got %v, want ErrNotFound", err)
	}
}

// claim claims all that is due at a time after Begin, for 15 s.
func (w world) claim(by string, after time.Duration, limit int) []callbacks.Promise {
	w.Helper()
	now := Begin().Add(after)
	all, err := w.Claim(w.Context(), callbacks.Claim{By: by, Now: now, Until: now.Add(15 * time.Second), Limit: limit})
	w.must(err)
	return all
}

// one claims exactly one promise.
func (w world) one(by string, after time.Duration) callbacks.Promise {
	w.Helper()
	all := w.claim(by, after, 10)
	if len(all) != 1 {
		w.Fatalf("claimed %d promises after %s, want 1", len(all), after)
	}
	return all[0]
}

func oneEach(t *testing.T, w world) {
	ctx := t.Context()
	first := w.keep(1)
	again := Of(2)
	again.CitizenRef = first.CitizenRef
	if p, err := w.Keep(ctx, again); err != nil || p.ID != first.ID {
		t.Errorf("a second request of a citizen gives %s, %v", p.ID, err)
	}
	w.must(second(w.Cancel(ctx, first.ID, Begin())))
	if p := w.keep(1); p.ID != first.ID || p.State != callbacks.Cancelled {
		t.Errorf("a contact gets a second promise: %+v", p)
	}
	if p, err := w.Keep(ctx, again); err != nil || p.ID != again.ID {
		t.Errorf("after the first is over a citizen gets %s, %v", p.ID, err)
	}
}

func second[T any](_ T, err error) error { return err }

func inOrder(t *testing.T, w world) {
	for _, n := range []int{3, 1, 2} {
		w.keep(n)
	}
	all := w.claim("a", time.Minute, 2)
	if len(all) != 2 || all[0].ID != Of(1).ID || all[1].ID != Of(2).ID {
		t.Errorf("claimed %v", all)
	}
	for _, p := range all {
		if p.State != callbacks.Queued || p.By != "a" || p.Token != 1 {
			t.Errorf("claimed as %+v", p)
		}
	}
	if p := w.one("b", time.Minute); p.ID != Of(3).ID {
		t.Errorf("the next claim gets %s", p.ID)
	}
	open, err := w.Open(t.Context(), 2)
	if err != nil || len(open) != 2 || open[0].ID != Of(1).ID {
		t.Errorf("open: %v, %v", open, err)
	}
}

func claimedAgain(t *testing.T, w world) {
	w.keep(1)
	old := w.one("a", 0)
	if all := w.claim("b", 14*time.Second, 10); len(all) != 0 {
		t.Errorf("claimed under the claim of another: %v", all)
	}
	now := w.one("b", 15*time.Second)
	if now.Token <= old.Token {
		t.Errorf("token %d after %d", now.Token, old.Token)
	}
	ctx := t.Context()
	w.lost(w.Dial(ctx, old.Held()))
	w.lost(w.Release(ctx, old.Held()))
	if lost, err := w.Renew(ctx, []callbacks.Held{old.Held()}, Begin().Add(time.Hour)); err != nil || len(lost) != 1 {
		t.Errorf("renewed under an old token: %v, %v", lost, err)
	}
	w.must(w.Dial(ctx, now.Held()))
	w.lost(w.Dial(ctx, now.Held())) // none is dialled twice
	w.lost(w.Reached(ctx, old.Held(), Begin()))
}

func missed(t *testing.T, w world) {
	w.keep(1)
	p := w.one("a", 0)
	ctx := t.Context()
	w.lost(w.Missed(ctx, p.Held(), Begin(), Begin()))
	w.must(w.Dial(ctx, p.Held()))
	w.must(w.Missed(ctx, p.Held(), Begin(), Begin().Add(5*time.Minute)))
	if all := w.claim("a", 5*time.Minute-time.Millisecond, 10); len(all) != 0 {
		t.Errorf("due too early: %v", all)
	}
	p = w.one("a", 5*time.Minute)
	if p.Attempts != 1 || !p.Since.Equal(Of(1).Since) {
		t.Errorf("the second attempt of %+v", p)
	}
	w.must(w.Dial(ctx, p.Held()))
	w.must(w.Missed(ctx, p.Held(), Begin(), time.Time{}))
	if all := w.claim("a", 24*time.Hour, 10); len(all) != 0 {
		t.Errorf("claimed though given up: %v", all)
	}
}

func reached(t *testing.T, w world) {
	w.keep(1)
	p := w.one("a", 0)
	ctx := t.Context()
	w.lost(w.Reached(ctx, p.Held(), Begin()))
	w.must(w.Dial(ctx, p.Held()))
	w.must(w.Reached(ctx, p.Held(), Begin()))
	w.lost(w.Missed(ctx, p.Held(), Begin(), Begin()))
	w.notFound(second(w.Cancel(ctx, p.ID, Begin())))
	w.notFound(second(w.OpenOf(ctx, p.CitizenRef)))
	w.notFound(second(w.OpenFrom(ctx, p.Contact)))
	if all := w.claim("b", time.Hour, 10); len(all) != 0 {
		t.Errorf("claimed though kept: %v", all)
	}
}

func diedDialling(t *testing.T, w world) {
	w.keep(1)
	p := w.one("a", 0)
	w.must(w.Dial(t.Context(), p.Held()))
	p = w.one("b", 15*time.Second)
	if p.State != callbacks.Dialling || p.Attempts != 1 {
		t.Errorf("comes back as %+v", p)
	}
	w.lost(w.Dial(t.Context(), p.Held()))
	w.must(w.Missed(t.Context(), p.Held(), Begin(), Begin().Add(time.Hour)))
}

func cancelled(t *testing.T, w world) {
	ctx := t.Context()
	for n := range 3 {
		w.keep(n)
	}
	held := w.claim("a", time.Minute, 2)
	w.must(w.Dial(ctx, held[0].Held()))
	for n := range 3 {
		p, err := w.OpenFrom(ctx, Of(n).Contact)
		w.must(err)
		p, err = w.Cancel(ctx, p.ID, Begin())
		if err != nil || p.State != callbacks.Cancelled || !p.Since.Equal(Of(n).Since) {
			t.Errorf("cancelled: %+v, %v", p, err)
		}
		w.notFound(second(w.Cancel(ctx, p.ID, Begin())))
	}
	w.lost(w.Reached(ctx, held[0].Held(), Begin()))
	w.lost(w.Dial(ctx, held[1].Held()))
	lost, err := w.Renew(ctx, []callbacks.Held{held[0].Held(), held[1].Held()}, Begin().Add(time.Hour))
	if err != nil || len(lost) != 2 {
		t.Errorf("renewed though cancelled: %v, %v", lost, err)
	}
}

func released(t *testing.T, w world) {
	w.keep(1)
	p := w.one("a", 0)
	w.must(w.Release(t.Context(), p.Held()))
	w.lost(w.Release(t.Context(), p.Held()))
	if again := w.one("b", 0); again.State != callbacks.Queued || again.Attempts != 0 || again.Token <= p.Token {
		t.Errorf("claimed after the release: %+v", again)
	}
}

func renewed(t *testing.T, w world) {
	w.keep(1)
	p := w.one("a", 0)
	lost, err := w.Renew(t.Context(), []callbacks.Held{p.Held()}, Begin().Add(time.Minute))
	if err != nil || len(lost) != 0 {
		t.Fatalf("lost %v, %v", lost, err)
	}
	if all := w.claim("b", 59*time.Second, 10); len(all) != 0 {
		t.Errorf("claimed though renewed: %v", all)
	}
	w.one("b", time.Minute)
}

func twoNodes(t *testing.T, w world) {
	for n := range 20 {
		w.keep(n)
	}
	var mu sync.Mutex
	var nodes sync.WaitGroup
	got := map[string]string{}
	for _, by := range []string{"a", "b", "c"} {
		nodes.Go(func() {
			for range 5 {
				all, err := w.Claim(context.WithoutCancel(t.Context()), callbacks.Claim{By: by, Now: Begin().Add(time.Minute), Until: Begin().Add(2 * time.Minute), Limit: 3})
				if err != nil {
					t.Error(err)
				}
				mu.Lock()
				for _, p := range all {
					if other, ok := got[p.ID]; ok {
						t.Errorf("%s has what %s has: %s", by, other, p.ID)
					}
					got[p.ID] = by
				}
				mu.Unlock()
			}
		})
	}
	nodes.Wait()
	if len(got) != 20 {
		t.Errorf("%d of 20 promises were claimed", len(got))
	}
}

func asKept(t *testing.T, w world) {
	w.keep(1)
	got, err := w.OpenOf(t.Context(), Of(1).CitizenRef)
	if err != nil || got.Citizen.Reveal() != Of(1).Citizen.Reveal() {
		t.Fatalf("%+v, %v", got, err)
	}
	want := Of(1)
	want.Citizen, got.Citizen = contact.Address{}, contact.Address{}
	if got != want {
		t.Errorf("got %+v\nwant %+v", got, want)
	}
}
