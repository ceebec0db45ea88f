package main

import (
	"context"
	"sync"
	"time"

	"hotline/contact"
	"hotline/routing"
	"hotline/session"
)

// agent is one desk, connected to one node after the other.
type agent struct {
	id      contact.AgentID
	buckets map[routing.Bucket]int

	mu    sync.Mutex
	node  *node
	name  routing.NodeID // the node's, when the seat was told last
	known bool           // the queue knows what the seat takes
}

// tend keeps the seat ready at a living node, until ctx ends.
func (a *agent) tend(ctx context.Context, city *city) {
	look := time.NewTicker(200 * time.Millisecond)
	defer look.Stop()
	for {
		a.settle(ctx, city)
		select {
		case <-look.C:
		case <-ctx.Done():
			return
		}
	}
}

// settle says what the seat takes when the queue cannot know it.
func (a *agent) settle(ctx context.Context, city *city) {
	a.mu.Lock()
	if a.node == nil || a.node.dead.Load() {
		a.node, a.known = city.living(), false
	}
	n := a.node
	if n == nil {
		a.mu.Unlock()
		return
	}
	name := n.called()
	told := a.known && a.name == name
	a.name, a.known = name, true
	a.mu.Unlock()
	if told {
		return
	}
	err := n.store.SetAgent(ctx, routing.Agent{
		ID: a.id, Node: name, Status: routing.Ready, Buckets: a.buckets, Slots: map[contact.Class]int{contact.Voice: 1},
	})
	if err != nil {
		a.unknown()
	}
}

// unknown lets the next look tell the queue again.
func (a *agent) unknown() {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.known = false
}

// seats are all desks as one node's sessions reach them: session.Seats.
type seats struct {
	city *city
	node *node
}

// Offer rings. A desk in a call refuses, whatever the queue believes.
func (s seats) Offer(ctx context.Context, id contact.AgentID, c session.Call) error {
	if s.node.dead.Load() {
		<-ctx.Done()
		return ctx.Err()
	}
	if _, busy := s.city.truth.speaks(id); busy && !s.city.without("guard") {
		s.city.truth.count("refused by a desk in a call")
		return session.ErrNoDesk
	}
	s.city.truth.rang(c.Contact.ID, id)
	dice := roll(100)
	if dice < 3 {
		return nil // rings to the end
	}
	time.AfterFunc(time.Duration(roll(40))*time.Millisecond, func() {
		ctx, cancel := context.WithTimeout(context.Background(), 2*time.Second)
		defer cancel()
		if dice < 7 {
			_ = s.node.hall.Decline(ctx, c.Contact.ID, id, c.Token) // over by now, or the session says so
			return
		}
		_ = s.node.hall.Accept(ctx, c.Contact.ID, id, c.Token) // the same
	})
	return nil
}

// Tell lets the agent write nothing, and be ready again after a missed ring.
func (s seats) Tell(id contact.AgentID, n session.News) {
	if s.node.dead.Load() {
		return
	}
	switch n.Kind {
	case session.Ended:
		go func() {
			ctx, cancel := context.WithTimeout(context.Background(), 2*time.Second)
			defer cancel()
			_ = s.node.hall.FinishWrapUp(ctx, n.Contact, id) // else it runs out
		}()
	case session.RingStopped, session.TakenBack:
		time.AfterFunc(300*time.Millisecond, s.city.agents[id].unknown)
	default:
	}
}
