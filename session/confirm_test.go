package session_test

import (
	"context"
	"errors"
	"testing"
	"testing/synctest"
	"time"

	"hotline/contact"
	"hotline/routing"
	"hotline/session"
)

// Ring lets a test answer before the queue does.
func (f *flaky) Ring(ctx context.Context, id contact.ID, t routing.Token) error {
	f.mu.Lock()
	first := f.ring
	f.mu.Unlock()
	if first != nil {
		if err := first(id, t); err != nil {
			return err
		}
	}
	return f.Store.Ring(ctx, id, t)
}

// onRing answers the confirmation of a ring.
func (f *flaky) onRing(answer func(contact.ID, routing.Token) error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.ring = answer
}

// metric is a counter's sum.
func (h *house) metric(name string) (sum float64) {
	h.t.Helper()
	all, err := h.metrics.Gather()
	if err != nil {
		h.t.Fatal(err)
	}
	for _, f := range all {
		for _, m := range f.GetMetric() {
			if f.GetName() == name {
				sum += m.GetCounter().GetValue()
			}
		}
	}
	return sum
}

// silent wants no desk to have rung.
func (h *house) silent() {
	h.t.Helper()
	synctest.Wait()
	if n := len(h.seats.rings); n != 0 {
		h.t.Errorf("%d desks ring", n)
	}
}

// TestAnOfferThatIsOverRingsNoDesk: by the time that the ring is to be
// confirmed, the queue does not know of it. No desk rings under that token; the
// contact waits at its old place, and rings under the next.
func TestAnOfferThatIsOverRingsNoDesk(t *testing.T) {
	t.Parallel()
	for name, over := range map[string]func(*house, contact.ID) error{
		"it is taken back":            func(*house, contact.ID) error { return routing.ErrStale },
		"the queue lacks the contact": func(h *house, id contact.ID) error { h.forgets(id); return nil },
	} {
		t.Run(name, func(t *testing.T) {
			inHouse(t, func(h *house) {
				pass(time.Second)
				h.store.onRing(func(id contact.ID, token routing.Token) error {
					if token > 1 {
						return nil
					}
					return over(h, id)
				})
				first := h.call("12345")
				if n := h.seats.told(t, session.RingStopped); n.Contact != first.id || n.Why != session.RingRevoked || n.Token != 1 {
					t.Errorf("told %+v", n)
				}
				second := h.call("12345")
				if r := h.seats.ringing(t); r.call.Contact.ID != first.id || r.call.Token != 2 {
					t.Errorf("%s rings for %s under token %d, want the first caller", r.agent, r.call.Contact.ID, r.call.Token)
				}
				for _, v := range []*fakeVoice{first, second} {
					v.gone(contact.CitizenEnded)
					h.records.end(t)
				}
			}, "1001")
		})
	}
}

// TestARingThatNoReplicaConfirms: it rings only where those who watch still name
// this primary; otherwise the next agent is tried.
func TestARingThatNoReplicaConfirms(t *testing.T) {
	t.Parallel()
	unconfirmed := func(contact.ID, routing.Token) error { return routing.ErrUnconfirmed }
	t.Run("it is no primary any more", func(t *testing.T) {
		inHouse(t, func(h *house) {
			h.store.onRing(unconfirmed)
			v := h.call("12345")
			for range 2 { // 1001, then 1002
				if n := h.seats.told(t, session.RingStopped); n.Why != session.RingUnreachable {
					t.Errorf("the ring stopped as %s", n.Why)
				}
			}
			h.silent()
			if n := h.metric("hotline_session_rings_unconfirmed_total"); n != 0 {
				t.Errorf("%v rings are counted", n)
			}
			if c := h.queue.Hall().Contacts[v.id]; c.State != routing.Wait {
				t.Errorf("the queue has the contact as %s", c.State)
			}
			v.gone(contact.CitizenEnded)
			h.records.end(t)
		}, "1001", "1002")
	})
	t.Run("it still is the primary", func(t *testing.T) {
		inHouse(t, func(h *house) {
			h.store.onRing(unconfirmed)
			h.primary.Store(true)
			v, _ := h.talk()
			if n := h.metric("hotline_session_rings_unconfirmed_total"); n != 1 {
				t.Errorf("%v rings are counted, want 1", n)
			}
			v.gone(contact.CitizenEnded)
			h.must(h.hall.FinishWrapUp(h.life, v.id, "1001"))
			h.records.end(t)
		}, "1001")
	})
	t.Run("the store does not answer", func(t *testing.T) {
		inHouse(t, func(h *house) {
			h.primary.Store(true)
			h.store.onRing(func(contact.ID, routing.Token) error { return errors.New("away") })
			v := h.call("12345")
			if n := h.seats.told(t, session.RingStopped); n.Why != session.RingUnreachable {
				t.Errorf("the ring stopped as %s", n.Why)
			}
			h.silent()
			v.gone(contact.CitizenEnded)
			h.records.end(t)
		}, "1001")
	})
}

// forgets lets the store lose the contact, as a fail-over may.
func (h *house) forgets(id contact.ID) {
	h.t.Helper()
	h.must(h.queue.Withdraw(h.life, id, contact.Internal))
	h.queue.Forget()
}

// entered is how a replica may know the contact that another store had offered.
func entered(id contact.ID, waited time.Duration) routing.Entry {
	return routing.Entry{
		Contact: id, Class: contact.Voice, Line: "citizen", Buckets: []routing.Bucket{"general"}, Anchor: node,
		Ring: 15 * time.Second, Waited: waited,
	}
}

// TestAnOfferThatAReplicaDidNotKnow: the store that has taken over never heard
// of the ring that goes on, and offers under the same token again. The desk
// rings for what the queue knows, at once and not after a lease.
func TestAnOfferThatAReplicaDidNotKnow(t *testing.T) {
	inHouse(t, func(h *house) {
		v := h.call("12345")
		if r := h.seats.ringing(t); r.call.Token != 1 || r.agent != "1001" {
			t.Fatalf("%+v rings", r)
		}
		pass(time.Second)
		began := time.Now()
		h.forgets(v.id)
		h.must(h.queue.Enqueue(h.life, entered(v.id, time.Second)))
		if n := h.seats.told(t, session.RingStopped); n.Why != session.RingRevoked || n.Token != 1 {
			t.Errorf("told %+v", n)
		}
		r := h.seats.ringing(t)
		if took := time.Since(began); r.call.Token != 2 || took > time.Second {
			t.Errorf("%s rings under token %d after %s, want token 2 at once", r.agent, r.call.Token, took)
		}
		h.take(v, r)
		v.gone(contact.CitizenEnded)
		h.must(h.hall.FinishWrapUp(h.life, v.id, r.agent))
		if rec := h.records.end(t); rec.Agent != "1001" || rec.Cause != contact.CitizenEnded {
			t.Errorf("record %+v", rec)
		}
	}, "1001")
}

// TestAnOfferIsSeenTwice: orders arrive at least once; the second time nothing
// happens.
func TestAnOfferIsSeenTwice(t *testing.T) {
	inPromising(t, func(p *promising) {
		v := p.from("13800000001")
		r := p.seats.ringing(t)
		again := routing.Command{
			Kind: routing.Offer, Contact: v.id, Agent: r.agent, Token: r.call.Token, Seat: node,
			Expires: time.UnixMilli(p.queue.Hall().Contacts[v.id].Lease).UTC(),
		}
		p.orders <- again
		p.silent()
		if c := p.queue.Hall().Contacts[v.id]; c.State != routing.Offered || c.Token != 1 {
			t.Errorf("the queue has the contact as %s under token %d", c.State, c.Token)
		}
		v.gone(contact.CitizenEnded)
		p.records.end(t)
	}, "1001")
}

// TestAnAcceptOfALostOffer: the agent accepts a ring that the store has lost.
// The contact waits again, under a token that the queue takes.
func TestAnAcceptOfALostOffer(t *testing.T) {
	inHouse(t, func(h *house) {
		v := h.call("12345")
		r := h.seats.ringing(t)
		h.store.setAway(routing.ErrStale)
		h.wantErr(h.hall.Accept(h.life, v.id, r.agent, r.call.Token), routing.ErrStale)
		h.store.setAway(nil)
		if n := h.seats.told(t, session.RingStopped); n.Why != session.RingRevoked {
			t.Errorf("told %+v", n)
		}
		if next := h.seats.ringing(t); next.call.Contact.ID != v.id || next.call.Token != 2 {
			t.Errorf("%+v rings", next)
		}
		v.gone(contact.CitizenEnded)
		h.records.end(t)
	}, "1001")
}

// TestStrays: what only one side knows is brought together again, and what
// comes and goes between two looks is left alone.
func TestStrays(t *testing.T) {
	t.Parallel()
	const counted = "hotline_session_strays_total"
	look := func(h *house, s *session.Strays, times int) {
		for range times {
			pass(time.Second)
			h.must(h.queue.Beat(h.life, node))
			h.must(s.Look(h.life))
			synctest.Wait()
		}
	}
	t.Run("the queue has lost a contact", func(t *testing.T) {
		inHouse(t, func(h *house) {
			s := session.NewStrays(h.hall, h.queue)
			first, second := h.call("12345"), h.call("12345")
			pass(time.Second)
			h.forgets(first.id)
			look(h, s, 1)
			if _, err := h.queue.Outlook(h.life, first.id); !errors.Is(err, routing.ErrUnknown) || h.metric(counted) != 0 {
				t.Errorf("one look is enough (%v)", err)
			}
			look(h, s, 1)
			for place, v := range []*fakeVoice{first, second} {
				if o, err := h.queue.Outlook(h.life, v.id); err != nil || o.Place != place {
					t.Errorf("caller %d has place %d (%v)", place, o.Place, err)
				}
			}
			look(h, s, 5)
			if n := h.metric(counted); n != 1 {
				t.Errorf("%v strays are counted, want 1", n)
			}
			for _, v := range []*fakeVoice{first, second} {
				v.gone(contact.CitizenEnded)
				h.records.end(t)
			}
		})
	})
	t.Run("no session has a contact", func(t *testing.T) {
		inHouse(t, func(h *house) {
			s, id := session.NewStrays(h.hall, h.queue), newVoice("12345").id
			h.must(h.queue.Enqueue(h.life, entered(id, 0)))
			look(h, s, 9)
			if c := h.queue.Hall().Contacts[id]; c.State != routing.Wait {
				t.Errorf("after nine looks the queue has it as %s", c.State)
			}
			look(h, s, 1)
			if c := h.queue.Hall().Contacts[id]; c.State != routing.Ended || h.metric(counted) != 1 {
				t.Errorf("after ten looks the queue has it as %s", c.State)
			}
		})
	})
	t.Run("it comes and goes", func(t *testing.T) {
		inHouse(t, func(h *house) {
			s, id, v := session.NewStrays(h.hall, h.queue), newVoice("12345").id, h.call("12345")
			pass(time.Second)
			for range 3 {
				h.forgets(v.id)
				h.must(h.queue.Enqueue(h.life, entered(id, 0)))
				look(h, s, 1) // both are found
				h.must(h.queue.Enqueue(h.life, entered(v.id, time.Second)))
				h.forgets(id)
				look(h, s, 1) // neither is
			}
			if n := h.metric(counted); n != 0 {
				t.Errorf("%v strays are counted, want none", n)
			}
			v.gone(contact.CitizenEnded)
			h.records.end(t)
		})
	})
}
