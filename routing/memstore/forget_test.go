package memstore_test

import (
	"context"
	"errors"
	"testing"
	"time"

	"hotline/contact"
	"hotline/routing"
	"hotline/routing/memstore"
	"hotline/routing/routingtest"
)

const node = routing.NodeID("node-1")

// played is a hall where contact 1 has ended and contact 2 rings.
func played(t *testing.T) *memstore.Store {
	t.Helper()
	ctx := t.Context()
	s := memstore.New(routingtest.NewClock().Now)
	entry := func(n int) routing.Entry {
		return routing.Entry{
			Contact: routingtest.ContactID(n), Class: contact.Voice, Buckets: []routing.Bucket{"general"},
			Anchor: node, Ring: time.Second,
		}
	}
	seat := routing.Agent{
		ID: "1001", Node: node, Status: routing.Ready,
		Buckets: map[routing.Bucket]int{"general": 0}, Slots: map[contact.Class]int{contact.Voice: 1},
	}
	for _, err := range []error{
		s.Beat(ctx, node), s.SetAgent(ctx, seat), s.Enqueue(ctx, entry(1)), s.Enqueue(ctx, entry(2)),
		s.Accept(ctx, routingtest.ContactID(1), 1), s.Finish(ctx, routingtest.ContactID(1), 1, contact.CitizenEnded),
	} {
		if err != nil {
			t.Fatal(err)
		}
	}
	return s
}

func TestForgetDropsWhatIsOver(t *testing.T) {
	t.Parallel()
	s := played(t)
	s.Forget()
	h := s.Hall()
	if len(h.Contacts) != 1 || len(h.Log) != 0 || len(h.Orders[node]) != 0 {
		t.Errorf("after it the hall holds %+v", h)
	}
	if err := s.Finish(t.Context(), routingtest.ContactID(1), 1, contact.CitizenEnded); !errors.Is(err, routing.ErrUnknown) {
		t.Errorf("error %v, want the contact unknown", err)
	}
	if err := s.Accept(t.Context(), routingtest.ContactID(2), 1); err != nil {
		t.Errorf("the ringing contact: %v", err)
	}
}

func TestTakeTakesEachOrderOnce(t *testing.T) {
	t.Parallel()
	s := played(t)
	if got := s.Take("node-2"); got != nil {
		t.Errorf("another node takes %v", got)
	}
	orders := s.Take(node)
	if len(orders) != 2 || orders[0].Contact != routingtest.ContactID(1) || orders[1].Contact != routingtest.ContactID(2) {
		t.Errorf("took %+v, want both offers", orders)
	}
	if again := s.Take(node); len(again) != 0 {
		t.Errorf("took %+v again", again)
	}
}

func TestCommandsGoOnAfterForgetting(t *testing.T) {
	t.Parallel()
	s := played(t)
	ctx, cancel := context.WithCancel(t.Context())
	orders := s.Commands(ctx, node)
	first := <-orders
	s.Take(node)
	s.Forget()
	if err := s.Decline(t.Context(), routingtest.ContactID(2), 1, routing.Rejected); err != nil {
		t.Fatal(err)
	}
	if err := s.SetAgent(t.Context(), routing.Agent{
		ID: "1001", Node: node, Status: routing.Ready,
		Buckets: map[routing.Bucket]int{"general": 0}, Slots: map[contact.Class]int{contact.Voice: 1},
	}); err != nil {
		t.Fatal(err)
	}
	last := <-orders
	if last.Token == 1 { // it may have read the second before it was taken
		last = <-orders
	}
	if first.Contact != routingtest.ContactID(1) || last.Contact != routingtest.ContactID(2) || last.Token != 2 {
		t.Errorf("orders %+v and %+v", first, last)
	}
	cancel()
	for range orders {
	}
}
