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
	s.move(c, routing.Enqueued, "")
	s.settle(changed{contacts: []*Contact{c}})
	return nil
}

// meet notes a contact that the queue never saw.
func (s *Store) meet(e routing.Entry) *Contact {
	c := &Contact{
		ID: e.Contact, State: routing.New, Class: e.Class, Anchor: e.Anchor,
		Enqueued: s.ms() - e.Waited.Milliseconds(),
	}
	c.follow(e)
	s.contacts[e.Contact] = c
	return c
}

// follow takes over what the policy says of the contact.
func (c *Contact) follow(e routing.Entry) {
	c.Line, c.Buckets, c.Steps = e.Line, slices.Clone(e.Buckets), slices.Clone(e.Steps)
	c.Score = int64(e.Band)*bandWidth + c.Enqueued - e.Credit.Milliseconds()
	c.Ring = e.Ring.Milliseconds()
}

// Reroute implements routing.Queue.
func (s *Store) Reroute(_ context.Context, e routing.Entry) error {
	if err := e.Validate(); err != nil {
		return err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	c := s.contacts[e.Contact]
	switch {
	case !s.alive(e.Anchor):
		return routing.ErrFenced
	case c == nil:
		return routing.ErrUnknown
	case c.State == routing.Ended:
		return nil
	case c.State == routing.Lost, c.Anchor != e.Anchor && s.alive(c.Anchor):
		return routing.ErrStale
	case c.State != routing.Wait:
		c.follow(e)
		return nil
	}
	s.leaveLine(c)
	c.follow(e)
	s.joinLine(c)
	s.move(c, routing.Rerouted, "")
	s.settle(changed{contacts: []*Contact{c}})
	return nil
}

// Assign implements routing.Queue.
func (s *Store) Assign(_ context.Context, id contact.ID, agent contact.AgentID) error {
	return s.command(id, func(c *Contact, _ *changed) error {
		a := s.seats[agent]
		switch {
		case c == nil:
			return routing.ErrUnknown
		case c.State != routing.Wait:
			return routing.ErrStale
		case a == nil || !a.free(c.Class):
			return routing.ErrBusy
		}
		s.reserve(c, meeting{seat: a}, routing.Assigned)
		return nil
	})
}

// Withdraw implements routing.Queue.
func (s *Store) Withdraw(_ context.Context, id contact.ID, why contact.Cause) error {
	return s.command(id, func(c *Contact, ch *changed) error {
		if c == nil { // an Enqueue still under way must not revive it
			c = &Contact{ID: id, State: routing.New}
			s.contacts[id] = c
		}
		if c.State != routing.Ended {
			s.end(c, routing.Withdrawn, why, ch)
		}
		return nil
	})
}

// Ring implements routing.Queue. There is nobody who could fail to confirm.
func (s *Store) Ring(_ context.Context, id contact.ID, t routing.Token) error {
	return s.held(id, t, func(c *Contact, _ *changed) error {
		if c.State != routing.Offered {
			return routing.ErrStale
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
		if !s.move(c, routing.Accepted, c.Agent) {
			return routing.ErrStale
		}
		c.Lease = 0
		s.noteAccept(c)
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
		s.seats[c.Agent].park()
		s.requeue(c, event, ch)
		return nil
	})
}

// Wrap implements routing.Queue.
func (s *Store) Wrap(_ context.Context, id contact.ID, t routing.Token) error {
	return s.held(id, t, func(c *Contact, _ *changed) error {
		if c.State == routing.Wrapping || s.move(c, routing.Wrapped, c.Agent) {
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
		s.noteFinish(c)
		s.end(c, routing.Completed, why, ch)
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
	seat, known := s.seats[a.ID]
	if known && a.Status == routing.Offline && seat.Node != a.Node {
		return nil // the agent has moved to another node; this is the old one's news
	}
	if !known {
		seat = newSeat(a.ID, Seat{})
		s.seats[a.ID] = seat
	}
	if !known || seat.Status != routing.Ready && a.Status == routing.Ready {
		seat.Idle = s.ms()
	}
	seat.Node, seat.Status = a.Node, a.Status
	seat.Buckets, seat.Slots, seat.Excludes = copied(a.Buckets), copied(a.Slots), copied(a.Excludes)
	maps.DeleteFunc(seat.Excludes, func(_ contact.Class, on bool) bool { return !on })
	ch := changed{seats: []contact.AgentID{a.ID}}
	if a.Status == routing.Offline {
		s.revokeAll(seat, &ch)
	}
	s.settle(ch)
	return nil
}

// revokeAll takes back what rings at a seat that is gone.
func (s *Store) revokeAll(a *seat, ch *changed) {
	for _, c := range a.ringing() {
		s.requeue(c, routing.SeatLost, ch)
		s.order(c, routing.Revoke, a.id)
	}
}

// command runs one command on a contact, which is nil when unknown, and matches.
func (s *Store) command(id contact.ID, do func(*Contact, *changed) error) error {
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
	return s.command(id, func(c *Contact, ch *changed) error {
		if c == nil {
			return routing.ErrUnknown
		}
		if c.Token != t || t == 0 {
			return routing.ErrStale
		}
		return do(c, ch)
	})
}
