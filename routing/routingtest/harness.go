package routingtest

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"testing"
	"time"

	"hotline/contact"
	"hotline/routing"
)

// Store is what the suite examines.
type Store interface {
	routing.Queue
	routing.Member
}

// Harness is one empty hall.
type Harness struct {
	Store Store
	Clock *Clock
	// Restart plays a loss of the store's process that keeps its data.
	Restart func()
}

// Clock is a time that only the test moves.
type Clock struct {
	mu  sync.Mutex
	now time.Time
}

// NewClock starts at the first minute of 2026, UTC.
func NewClock() *Clock {
	return &Clock{now: time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)}
}

// Now is the time.
func (c *Clock) Now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.now
}

// Advance moves the time on.
func (c *Clock) Advance(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.now = c.now.Add(d)
}

// ContactID makes the n-th contact's ID; IDs sort as their numbers.
func ContactID(n int) contact.ID { return contact.ID(fmt.Sprintf("01JDG3Z4V7Q8W9X0Y1Z2%06d", n)) }

const (
	node1 = routing.NodeID("node-1")
	node2 = routing.NodeID("node-2")
	node3 = routing.NodeID("node-3")

	general = routing.Bucket("general")
	tax     = routing.Bucket("tax")

	ring    = 15 * time.Second
	lease   = ring + routing.LeaseSlack
	patient = 10 * time.Second // real time: how long a test waits for an order
)

// hall is a harness with the words of the cases.
type hall struct {
	Harness
	t      *testing.T
	orders map[routing.NodeID]<-chan routing.Command
}

// newHall starts with two living nodes.
func newHall(t *testing.T, h Harness) *hall {
	t.Helper()
	ha := &hall{Harness: h, t: t, orders: map[routing.NodeID]<-chan routing.Command{}}
	for _, n := range []routing.NodeID{node1, node2} {
		ha.beat(n)
		ha.listen(n)
	}
	return ha
}

// listen opens the node's orders; they are closed before the test ends.
func (h *hall) listen(n routing.NodeID) {
	h.t.Helper()
	ctx, cancel := context.WithCancel(context.WithoutCancel(h.t.Context()))
	ch := h.Store.Commands(ctx, n)
	h.orders[n] = ch
	h.t.Cleanup(func() {
		cancel()
		for range ch {
		}
	})
}

func (h *hall) ctx() context.Context { return h.t.Context() }

func (h *hall) must(err error) {
	h.t.Helper()
	if err != nil {
		h.t.Fatal(err)
	}
}

func (h *hall) refused(err, want error) {
	h.t.Helper()
	if !errors.Is(err, want) {
		h.t.Errorf("error %v, want %v", err, want)
	}
}

func (h *hall) beat(n routing.NodeID) {
	h.t.Helper()
	h.must(h.Store.Beat(h.ctx(), n))
}

func (h *hall) tick() {
	h.t.Helper()
	h.must(h.Store.Tick(h.ctx()))
}

// entry is a call of node 1 that waits for the general bucket.
func entry(n int) routing.Entry {
	return routing.Entry{
		Contact: ContactID(n), Class: contact.Voice, Buckets: []routing.Bucket{general}, Anchor: node1, Ring: ring,
	}
}

// enqueue lets calls wait, one second apart.
func (h *hall) enqueue(numbers ...int) {
	h.t.Helper()
	for _, n := range numbers {
		h.enter(entry(n))
	}
}

// enter lets one contact wait and moves the clock on by a second.
func (h *hall) enter(e routing.Entry) {
	h.t.Helper()
	h.must(h.Store.Enqueue(h.ctx(), e))
	h.second()
}

// second lets a second pass in which node 2 renews.
func (h *hall) second() {
	h.t.Helper()
	h.Clock.Advance(time.Second)
	h.beat(node2)
}

// agent is a seat at node 1 for one call of the general bucket.
func agent(id contact.AgentID, status routing.Status) routing.Agent {
	return routing.Agent{
		ID: id, Node: node1, Status: status,
		Buckets: map[routing.Bucket]int{general: 0}, Slots: map[contact.Class]int{contact.Voice: 1},
	}
}

// set says what an agent takes and moves the clock on by a second.
func (h *hall) set(a routing.Agent) {
	h.t.Helper()
	h.must(h.Store.SetAgent(h.ctx(), a))
	h.second()
}

// ready makes ordinary agents ready, one after the other.
func (h *hall) ready(ids ...contact.AgentID) {
	h.t.Helper()
	for _, id := range ids {
		h.set(agent(id, routing.Ready))
	}
}

// next is the node's next order.
func (h *hall) next(n routing.NodeID) routing.Command {
	h.t.Helper()
	select {
	case cmd, ok := <-h.orders[n]:
		if !ok {
			h.t.Fatalf("the orders of %s have ended", n)
		}
		return cmd
	case <-time.After(patient):
		h.t.Fatalf("no order for %s", n)
		return routing.Command{}
	}
}

// offered reads node 1's next order, which must be this offer.
func (h *hall) offered(n int, to contact.AgentID) routing.Token {
	h.t.Helper()
	return h.offeredAt(node1, n, to)
}

func (h *hall) offeredAt(node routing.NodeID, n int, to contact.AgentID) routing.Token {
	h.t.Helper()
	cmd := h.next(node)
	if cmd.Kind != routing.Offer || cmd.Contact != ContactID(n) || cmd.Agent != to {
		h.t.Fatalf("order %+v, want an offer of contact %d to agent %s", cmd, n, to)
	}
	return cmd.Token
}

// revoked reads node 1's next order, which must take this offer back.
func (h *hall) revoked(n int, from contact.AgentID, token routing.Token) {
	h.t.Helper()
	cmd := h.next(node1)
	if cmd.Kind != routing.Revoke || cmd.Contact != ContactID(n) || cmd.Agent != from || cmd.Token != token {
		h.t.Fatalf("order %+v, want contact %d revoked from agent %s under token %d", cmd, n, from, token)
	}
}

// told reads the node's next order, which must be of this kind.
func (h *hall) told(node routing.NodeID, kind routing.CommandKind, n int) routing.Command {
	h.t.Helper()
	cmd := h.next(node)
	if cmd.Kind != kind || cmd.Contact != ContactID(n) {
		h.t.Fatalf("order %+v, want %s of contact %d", cmd, kind, n)
	}
	return cmd
}

// served brings a call to an agent who has accepted it.
func (h *hall) served(n int, by contact.AgentID) routing.Token {
	h.t.Helper()
	h.ready(by)
	h.enqueue(n)
	token := h.offered(n, by)
	h.must(h.Store.Accept(h.ctx(), ContactID(n), token))
	return token
}

func (h *hall) finish(n int, token routing.Token) {
	h.t.Helper()
	h.must(h.Store.Finish(h.ctx(), ContactID(n), token, contact.CitizenEnded))
}

func (h *hall) decline(n int, token routing.Token, why routing.DeclineReason) {
	h.t.Helper()
	h.must(h.Store.Decline(h.ctx(), ContactID(n), token, why))
}

func (h *hall) withdraw(n int) {
	h.t.Helper()
	h.must(h.Store.Withdraw(h.ctx(), ContactID(n), contact.AbandonedQueue))
}

// place checks how many wait before the contact; -1 says it does not wait.
func (h *hall) place(n, want int) {
	h.t.Helper()
	o, err := h.Store.Outlook(h.ctx(), ContactID(n))
	got := o.Place
	if want < 0 {
		h.refused(err, routing.ErrUnknown)
		return
	}
	if err != nil || got != want {
		h.t.Errorf("contact %d has place %d (%v), want %d", n, got, err, want)
	}
}

// count checks the general bucket and the offers of the hall.
func (h *hall) count(waiting, free, offered int) {
	h.t.Helper()
	n, err := h.Store.Counts(h.ctx())
	if err != nil {
		h.t.Fatal(err)
	}
	if n.Waiting[general] != waiting || n.Free[general] != free || n.Offered != offered {
		h.t.Errorf("%d wait, %d seats are free, %d on offer; want %d, %d, %d",
			n.Waiting[general], n.Free[general], n.Offered, waiting, free, offered)
	}
}
