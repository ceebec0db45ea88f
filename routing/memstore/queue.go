package memstore

import (
	"context"
	"fmt"
	"maps"
	"slices"

	"hotline/contact"
	"hotline/routing"
)

const bandWidth = 1e13 // ms; wider than any time of entry

// Enqueue implements routing.Queue.
func (s *Store) Enqueue(_ context.Context, e routing.Entry) error {
	if err := e.Validate(); err != nil {
		return err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	c, known := s.contacts[e.Contact]
	if known && c.State != routing.Lost {
		return nil
	}
	if !s.alive(e.Anchor) {
		return routing.ErrFenced
	}
	if !known {
		c = s.meet(e)
	}
	c.Anchor, c.Cause = e.Anchor, ""
	s.move(e.Contact, routing.Enqueued, "")
	s.settle(changed{contacts: []contact.ID{e.Contact}})
	return nil
}

// meet notes a contact that the queue never saw.
func (s *Store) meet(e routing.Entry) *Contact {
	c := &Contact{
		State: routing.New, Class: e.Class, Buckets: slices.Clone(e.Buckets), Anchor: e.Anchor,
		Score: int64(e.Band)*bandWidth + s.ms() - e.Credit.Milliseconds(),
		Ring:  e.Ring.Milliseconds(), Enqueued: s.ms(),
	}
	s.contacts[e.Contact] = c
	return c
}

// Withdraw implements routing.Queue.
func (s *Store) Withdraw(_ context.Context, id contact.ID, why contact.Cause) error {
	return s.step(id, func(c *Contact, ch *changed) error {
		if c == nil { // an Enqueue still under way must not revive it
			s.contacts[id] = &Contact{State: routing.New}
			s.end(id, routing.Withdrawn, why, ch)
			return nil
		}
		if c.State != routing.Ended {
			s.end(id, routing.Withdrawn, why, ch)
		}
		return nil
	})
}

// Accept implements routing.Queue.
func (s *Store) Accept(_ context.Context, id contact.ID, t routing.Token) error {
	return s.held(id, t, func(c *Contact, _ *changed) error {
		if c.State == routing.Talking || c.State == routing.Wrapping {
			return nil
		}
		if !s.move(id, routing.Accepted, c.Agent) {
			return routing.ErrStale
		}
		c.Lease = 0
		return nil
	})
}

// Decline implements routing.Queue.
func (s *Store) Decline(_ context.Context, id contact.ID, t routing.Token, why routing.DeclineReason) error {
	if err := why.Validate(); err != nil {
		return err
	}
	event := routing.Declined
	if why == routing.Disconnected {
		event = routing.SeatLost
	}
	return s.held(id, t, func(c *Contact, ch *changed) error {
		if _, ok := routing.Next(c.State, event); !ok {
			return routing.ErrStale
		}
		s.park(c.Agent)
		s.requeue(id, event, ch)
		return nil
	})
}

// Wrap implements routing.Queue.
func (s *Store) Wrap(_ context.Context, id contact.ID, t routing.Token) error {
	return s.held(id, t, func(c *Contact, _ *changed) error {
		if c.State == routing.Wrapping || s.move(id, routing.Wrapped, c.Agent) {
			return nil
		}
		return routing.ErrStale
	})
}

// Finish implements routing.Queue.
func (s *Store) Finish(_ context.Context, id contact.ID, t routing.Token, why contact.Cause) error {
	return s.held(id, t, func(c *Contact, ch *changed) error {
		if c.State == routing.Ended {
			return nil
		}
		if _, ok := routing.Next(c.State, routing.Completed); !ok {
			return routing.ErrStale
		}
		s.end(id, routing.Completed, why, ch)
		return nil
	})
}

// SetAgent implements routing.Queue.
func (s *Store) SetAgent(_ context.Context, a routing.Agent) error {
	if err := a.Validate(); err != nil {
		return err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if !s.alive(a.Node) {
		return routing.ErrFenced
	}
	old, known := s.seats[a.ID]
	if known && a.Status == routing.Offline && old.Node != a.Node {
		return nil // the agent has moved to another node; this is the old one's news
	}
	seat := &Seat{Node: a.Node, Status: a.Status, Buckets: copied(a.Buckets), Slots: copied(a.Slots), Idle: s.ms()}
	if known && (old.Status == routing.Ready || a.Status != routing.Ready) {
		seat.Idle = old.Idle
	}
	s.seats[a.ID] = seat
	ch := changed{seats: []contact.AgentID{a.ID}}
	if a.Status == routing.Offline {
		s.revokeAll(a.ID, &ch)
	}
	s.settle(ch)
	return nil
}

// revokeAll takes back what rings at a seat that is gone.
func (s *Store) revokeAll(agent contact.AgentID, ch *changed) {
	for _, id := range s.offeredTo(agent) {
		s.requeue(id, routing.SeatLost, ch)
		s.order(routing.Revoke, id, agent, 0)
	}
}

// Place implements routing.Queue.
func (s *Store) Place(_ context.Context, id contact.ID) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	c := s.contacts[id]
	if c == nil || c.State != routing.Wait {
		return 0, fmt.Errorf("place: %w", routing.ErrUnknown)
	}
	best := len(s.contacts)
	for _, b := range c.Buckets {
		best = min(best, s.before(id, b))
	}
	return best, nil
}

func (s *Store) before(id contact.ID, b routing.Bucket) int {
	n := 0
	for other, c := range s.contacts {
		if c.State == routing.Wait && c.Class == s.contacts[id].Class && slices.Contains(c.Buckets, b) && s.byPlace(other, id) < 0 {
			n++
		}
	}
	return n
}

// Counts implements routing.Queue.
func (s *Store) Counts(context.Context) (routing.Counts, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	n := routing.Counts{Waiting: map[routing.Bucket]int{}, Free: map[routing.Bucket]int{}}
	for _, c := range s.contacts {
		if c.State == routing.Offered {
			n.Offered++
		}
		if c.State != routing.Wait {
			continue
		}
		for _, b := range c.Buckets {
			n.Waiting[b]++
		}
	}
	for agent, seat := range s.seats {
		if !s.free(agent, contact.Voice) {
			continue
		}
		for b := range seat.Buckets {
			n.Free[b]++
		}
	}
	return n, nil
}

// step runs one command on a contact, which is nil when unknown, and matches.
func (s *Store) step(id contact.ID, do func(*Contact, *changed) error) error {
	if _, err := contact.ParseID(string(id)); err != nil {
		return fmt.Errorf("%w: %w", routing.ErrBad, err)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	c := s.contacts[id]
	if c != nil && c.Anchor != "" && !s.alive(c.Anchor) {
		return routing.ErrFenced
	}
	var ch changed
	err := do(c, &ch)
	s.settle(ch)
	return err
}

// held runs one command of whoever holds the token.
func (s *Store) held(id contact.ID, t routing.Token, do func(*Contact, *changed) error) error {
	return s.step(id, func(c *Contact, ch *changed) error {
		if c == nil {
			return routing.ErrUnknown
		}
		if c.Token != t || t == 0 {
			return routing.ErrStale
		}
		return do(c, ch)
	})
}

func copied[K comparable](m map[K]int) map[K]int {
	out := make(map[K]int, len(m))
	maps.Copy(out, m)
	return out
}
