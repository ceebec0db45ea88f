package session_test

import (
	"context"
	"errors"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"hotline/contact"
	"hotline/routing"
	"hotline/routing/memstore"
	"hotline/session"
)

// flaky does what it is asked, may lose the answer, and may be away.
type flaky struct {
	*memstore.Store
	lost error

	mu      sync.Mutex
	away    error
	entered []contact.ID
	tries   int
	stale   bool                                  // somebody else has what is reasserted
	ring    func(contact.ID, routing.Token) error // before the queue's own word; nil: nothing
}

func (f *flaky) setAway(err error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.away = err
}

func (f *flaky) gone() error {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.away
}

func (f *flaky) Accept(ctx context.Context, id contact.ID, t routing.Token) error {
	if err := f.gone(); err != nil {
		return err
	}
	return errors.Join(f.Store.Accept(ctx, id, t), f.lost)
}

func (f *flaky) Enqueue(ctx context.Context, e routing.Entry) error {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.tries++
	if f.away != nil {
		return f.away
	}
	f.entered = append(f.entered, e.Contact)
	return f.Store.Enqueue(ctx, e)
}

func (f *flaky) Decline(ctx context.Context, id contact.ID, t routing.Token, why routing.DeclineReason) error {
	if err := f.gone(); err != nil {
		return err
	}
	return f.Store.Decline(ctx, id, t, why)
}

func (f *flaky) Withdraw(ctx context.Context, id contact.ID, why contact.Cause) error {
	if err := f.gone(); err != nil {
		return err
	}
	return f.Store.Withdraw(ctx, id, why)
}

func (f *flaky) Finish(ctx context.Context, id contact.ID, t routing.Token, why contact.Cause) error {
	if err := f.gone(); err != nil {
		return err
	}
	return f.Store.Finish(ctx, id, t, why)
}

func (f *flaky) Wrap(ctx context.Context, id contact.ID, t routing.Token) error {
	if err := f.gone(); err != nil {
		return err
	}
	return f.Store.Wrap(ctx, id, t)
}

func (f *flaky) entries() ([]contact.ID, int) {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.entered, f.tries
}

// TestWhoCameWhileTheQueueWasAwayIsServedInOrder: forty callers, one after the
// other, while nothing can be stored; one of them gives up. On return they enter
// in the order of their greeting's end, with that as their time of entry.
func TestWhoCameWhileTheQueueWasAwayIsServedInOrder(t *testing.T) {
	inHouse(t, func(h *house) {
		h.store.setAway(errors.New("away"))
		var want []contact.ID
		var voices []*fakeVoice
		for range 40 {
			v := h.call("12345")
			want, voices = append(want, v.id), append(voices, v)
			pass(500 * time.Millisecond)
		}
		voices[7].gone(contact.CitizenEnded)
		h.records.end(t)
		want = append(want[:7], want[8:]...)
		if _, tries := h.store.entries(); tries > 60 {
			t.Errorf("%d attempts in 20 s, want one a second and not one a caller", tries)
		}
		h.store.setAway(nil)
		last := h.call("12345") // comes after the return, before they are in
		pass(3 * time.Second)
		got, _ := h.store.entries()
		want = append(want, last.id)
		if len(got) != len(want) {
			t.Fatalf("%d entered, want %d", len(got), len(want))
		}
		for i, id := range want {
			if got[i] != id {
				t.Errorf("place %d is %s, want %s", i, got[i], id)
			}
			if o, err := h.queue.Outlook(h.life, id); err != nil || o.Place != i {
				t.Errorf("the queue has number %d at place %d (%v)", i, o.Place, err)
			}
		}
		for i, v := range append(voices, last) {
			v.gone(contact.CitizenEnded)
			if i != 7 {
				h.records.end(t)
			}
		}
	})
}

func TestWhoHangsUpWhileTheQueueIsAwayIsNeverRung(t *testing.T) {
	inHouse(t, func(h *house) {
		h.store.setAway(errors.New("away"))
		v := h.call("12345")
		pass(5 * time.Second)
		v.gone(contact.CitizenEnded)
		if rec := h.records.end(t); rec.Cause != contact.AbandonedQueue {
			t.Errorf("cause %s", rec.Cause)
		}
		pass(5 * time.Second)
		h.store.setAway(nil)
		pass(5 * time.Second)
		if c := h.queue.Hall().Contacts[v.id]; c.State != routing.Ended || c.Token != 0 {
			t.Errorf("the queue has the contact as %+v", c)
		}
	}, "1001")
}

func TestATalkThatEndsWhileTheQueueIsAwayFreesItsAgent(t *testing.T) {
	inHouse(t, func(h *house) {
		v, r := h.talk()
		h.store.setAway(errors.New("away"))
		v.gone(contact.CitizenEnded)
		h.must(h.hall.FinishWrapUp(h.life, r.call.Contact.ID, r.agent))
		h.records.end(t)
		pass(30 * time.Second)
		h.store.setAway(nil)
		next := h.call("12345")
		if again := h.seats.ringing(t); again.agent != r.agent || again.call.Contact.ID != next.id {
			t.Errorf("%+v rings", again)
		}
		next.gone(contact.CitizenEnded)
		h.records.end(t)
	}, "1001")
}

// reborn lets the node be declared dead while another lives, and come back.
func (h *house) reborn() {
	h.t.Helper()
	h.must(h.queue.Beat(h.life, "node-9"))
	for range 8 {
		pass(time.Second)
		h.must(h.queue.Beat(h.life, "node-9"))
		h.must(h.queue.Tick(h.life))
	}
	h.wantErr(h.queue.Beat(h.life, node), routing.ErrFenced)
	h.must(h.queue.Beat(h.life, "node-2"))
	h.hall.Rename(h.life, "node-2")
}

func TestANodeThatWasTakenForDeadKeepsItsCalls(t *testing.T) {
	inHouse(t, func(h *house) {
		first := h.call("12345")
		ringing := h.seats.ringing(t)
		talker, r := h.talk()                                 // with 1002
		h.must(h.hall.Mute(h.life, talker.id, r.agent, true)) // so that silence means nothing
		h.seats.told(t, session.Muted)
		written := h.call("12345")
		pass(time.Millisecond)
		h.ready("1003")
		w := h.seats.ringing(t)
		h.take(written, w)
		written.gone(contact.CitizenEnded)
		h.seats.told(t, session.Ended)
		waiting := h.call("12345")
		greeted := newVoice("12345")
		h.hall.Receive(h.life, greeted)
		h.reborn()
		if n := h.seats.told(t, session.RingStopped); n.Contact != first.id || n.Why != session.RingRevoked || n.Token != ringing.call.Token {
			t.Errorf("told %+v", n)
		}
		hall := h.queue.Hall()
		for id, want := range map[contact.ID]routing.State{
			first.id: routing.Wait, talker.id: routing.Talking, written.id: routing.Wrapping, waiting.id: routing.Wait,
		} {
			if c := hall.Contacts[id]; c.State != want || c.Anchor != "node-2" {
				t.Errorf("the queue has %s as %+v, want %s at node-2", id, c, want)
			}
		}
		if o, err := h.queue.Outlook(h.life, first.id); err != nil || o.Place != 0 {
			t.Errorf("the first caller has place %d (%v)", o.Place, err)
		}
		talker.gone(contact.CitizenEnded)
		h.must(h.hall.FinishWrapUp(h.life, talker.id, r.agent))
		h.must(h.hall.FinishWrapUp(h.life, written.id, w.agent))
		for _, v := range []*fakeVoice{first, waiting, greeted} {
			v.gone(contact.CitizenEnded)
		}
		for range 5 {
			h.records.end(t)
		}
		synctest.Wait()
		for id, c := range h.queue.Hall().Contacts {
			if c.State != routing.Ended {
				t.Errorf("the queue still has %s as %s", id, c.State)
			}
		}
	}, "1001", "1002")
}

func (f *flaky) Reassert(ctx context.Context, a routing.Assertion) error {
	if f.stale {
		return routing.ErrStale
	}
	return f.Store.Reassert(ctx, a)
}
