package memstore

import (
	"slices"
	"time"

	"hotline/contact"
	"hotline/routing"
)

// changed collects what one step has set free, to be matched at its end.
type changed struct {
	seats    []contact.AgentID
	contacts []*Contact
}

// settle matches at the end of a step: each freed seat takes the longest
// waiters it may serve, then each contact that came back looks for a seat.
func (s *Store) settle(ch changed) {
	slices.Sort(ch.seats)
	for _, agent := range slices.Compact(ch.seats) {
		s.feed(s.seats[agent])
	}
	slices.SortFunc(ch.contacts, byPlace)
	for _, c := range ch.contacts {
		if c.State == routing.Wait {
			s.widen(c)
			s.place(c)
		}
	}
}

// feed gives the seat contacts until it is full or nobody waits for it. Those
// that borrow come after all that wait in what the seat serves itself.
func (s *Store) feed(a *seat) {
	for {
		c, m := s.longest(a, false)
		if c == nil {
			c, m = s.longest(a, true)
		}
		if c == nil {
			return
		}
		s.reserve(c, m, routing.Freed)
	}
}

// longest finds the contact first in order that the seat may serve now, of
// those that borrow or of those that do not.
func (s *Store) longest(a *seat, borrowed bool) (best *Contact, at meeting) {
	for _, class := range classes() {
		if !a.free(class) {
			continue
		}
		for _, c := range s.waiting[class] {
			if m, ok := s.via(a, c, borrowed); ok {
				if best == nil || byPlace(c, best) < 0 {
					best, at = c, m
				}
				break
			}
		}
	}
	return best, at
}

// via finds the bucket in which seat and contact meet: the one of the best
// tier, of equals the contact's first.
func (s *Store) via(a *seat, c *Contact, borrowed bool) (best meeting, found bool) {
	for _, name := range c.Buckets {
		b := read(name)
		tier, ok := a.tier(b)
		if !ok || b.borrowed != borrowed || !s.serves(b, c.Class) {
			continue
		}
		if m := (meeting{seat: a, via: b, tier: tier}); !found || m.tier < best.tier {
			best, found = m, true
		}
	}
	return best, found
}

// place finds the best free seat for a waiting contact.
func (s *Store) place(c *Contact) {
	var best meeting
	for _, name := range c.Buckets {
		b := read(name)
		if !s.serves(b, c.Class) {
			continue
		}
		for _, a := range s.seats {
			tier, ok := a.tier(b)
			if !ok || !a.free(c.Class) {
				continue
			}
			if m := (meeting{seat: a, via: b, tier: tier}); best.seat == nil || m.compare(best, c.Class) < 0 {
				best = m
			}
		}
	}
	if best.seat != nil {
		s.reserve(c, best, routing.Entered)
	}
}

// reserve is the only code that joins a contact and a seat.
func (s *Store) reserve(c *Contact, m meeting, by routing.Meeting) {
	a := m.seat
	why := routing.Reason{
		By: by, Via: m.via.name, Waited: s.since(c.Enqueued), Score: c.Score,
		Tier: max(m.tier, 0), Load: a.used[c.Class], Idle: s.since(a.Idle),
	}
	c.Token++
	c.Agent, c.Via, c.Accepted = a.id, m.via.name, 0
	c.Lease = s.ms() + c.Ring + routing.LeaseSlack.Milliseconds()
	a.take(c)
	s.move(c, routing.Reserved, a.id)
	why.Others, why.Next = s.others(m.via, c.Class, by)
	s.send(c.Anchor, routing.Command{
		Kind: routing.Offer, Contact: c.ID, Agent: a.id, Seat: a.Node, Token: c.Token,
		Expires: time.UnixMilli(c.Lease).UTC(), Why: why,
	})
}

// others counts who else could have met in the bucket, as it stands after a
// reservation, and names the next.
func (s *Store) others(via bucket, class contact.Class, by routing.Meeting) (n int, next string) {
	switch {
	case via.name == "" || via.agent != "":
		return 0, ""
	case by == routing.Freed:
		return s.queued(via, class)
	default:
		return s.idle(via, class)
	}
}

// queued counts the contacts that wait in the bucket and names the first.
func (s *Store) queued(b bucket, class contact.Class) (n int, first string) {
	for _, c := range s.waiting[class] {
		if slices.Contains(c.Buckets, b.name) {
			if n++; n == 1 {
				first = string(c.ID)
			}
		}
	}
	return n, first
}

// idle counts the free seats of the bucket and names the first.
func (s *Store) idle(b bucket, class contact.Class) (n int, first string) {
	var best meeting
	free := s.freeAt(b, class)
	for _, a := range free {
		if m := (meeting{seat: a, tier: a.Buckets[b.seats]}); best.seat == nil || m.compare(best, class) < 0 {
			best = m
		}
	}
	if best.seat != nil {
		first = string(best.seat.id)
	}
	return len(free), first
}

// requeue parts contact and seat: the contact waits at its old place.
func (s *Store) requeue(c *Contact, event routing.Event, ch *changed) {
	s.move(c, event, s.part(c, ch))
	ch.contacts = append(ch.contacts, c)
}

// end is the end of the contact, whatever its state; its seat is free.
func (s *Store) end(c *Contact, event routing.Event, why contact.Cause, ch *changed) {
	s.move(c, event, s.part(c, ch))
	c.Cause = why.String()
}

// part frees the contact's seat, if it has one, and returns it.
func (s *Store) part(c *Contact, ch *changed) contact.AgentID {
	agent := c.Agent
	c.Agent, c.Lease = "", 0
	if agent != "" {
		a := s.seats[agent]
		a.release(c)
		a.Idle = s.ms()
		ch.seats = append(ch.seats, agent)
	}
	return agent
}
