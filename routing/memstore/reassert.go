package memstore

import (
	"context"

	"hotline/contact"
	"hotline/routing"
)

// Reassert implements routing.Queue.
func (s *Store) Reassert(_ context.Context, a routing.Assertion) error {
	if err := a.Validate(); err != nil {
		return err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if !s.alive(a.Anchor) {
		return routing.ErrFenced
	}
	c := s.contacts[a.Contact]
	switch {
	case c == nil:
	case c.State == routing.Ended, c.Anchor == a.Anchor && c.Token > a.Token: // late: things went on since
		return nil
	case !s.yields(c, a):
		return routing.ErrStale
	}
	if c != nil {
		a.Class = c.Class
	}
	var ch changed
	if a.State != routing.Wait && !s.seatFor(a, &ch) {
		return routing.ErrStale
	}
	if c == nil {
		c = s.meet(a.Entry)
	}
	c.Anchor, c.Cause = a.Anchor, ""
	c.Token = max(c.Token, a.Token)
	s.assert(a, c, &ch)
	s.settle(ch)
	return nil
}

// yields says whether what the queue knows gives way to what the anchor says.
func (s *Store) yields(c *Contact, a routing.Assertion) bool {
	_, possible := routing.Next(c.State, assertion(a.State))
	taken := c.Token > a.Token && (a.State != routing.Wait || c.State == routing.Talking)
	return possible && !taken && (c.Anchor == a.Anchor || !s.alive(c.Anchor))
}

func assertion(as routing.State) routing.Event {
	switch as {
	case routing.Talking:
		return routing.AssertedTalking
	case routing.Wrapping:
		return routing.AssertedWrapping
	default:
		return routing.AssertedWaiting
	}
}

// seatFor makes room at the agent's seat; false when the agent has another
// talk. An unknown seat is met, offline: its desk will say more.
func (s *Store) seatFor(a routing.Assertion, ch *changed) bool {
	seat := s.seats[a.Agent]
	if seat == nil {
		s.seats[a.Agent] = newSeat(a.Agent, Seat{
			Node: a.Anchor, Status: routing.Offline, Idle: s.ms(), Buckets: map[routing.Bucket]int{},
			Slots: map[contact.Class]int{a.Class: 1}, Excludes: map[contact.Class]bool{},
		})
		return true
	}
	if _, has := seat.holds[a.Contact]; has {
		return true
	}
	return seat.used[a.Class] < seat.Slots[a.Class] || s.takeOffer(seat, a.Class, ch)
}

// takeOffer takes the seat's first offer of the class back.
func (s *Store) takeOffer(a *seat, class contact.Class, ch *changed) bool {
	for _, c := range a.ringing() {
		if c.Class == class {
			s.requeue(c, routing.SeatLost, ch)
			s.order(c, routing.Revoke, a.id)
			return true
		}
	}
	return false
}

// assert moves the contact to where its anchor has it.
func (s *Store) assert(a routing.Assertion, c *Contact, ch *changed) {
	if a.State == routing.Wait {
		s.requeue(c, routing.AssertedWaiting, ch)
		return
	}
	if c.Agent != a.Agent {
		if c.State != routing.Lost {
			c.Via, c.Accepted = "", 0
		}
		s.part(c, ch)
		c.Agent = a.Agent
		s.seats[a.Agent].take(c)
	}
	c.Lease = 0
	s.move(c, assertion(a.State), a.Agent)
	ch.seats = append(ch.seats, a.Agent)
}
