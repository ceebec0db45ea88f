package memstore

import (
	"cmp"
	"maps"
	"slices"

	"hotline/contact"
	"hotline/routing"
)

// changed collects what one step has set free, to be matched at its end.
type changed struct {
	seats    []contact.AgentID
	contacts []contact.ID
}

// settle matches at the end of a step: each freed seat takes the longest
// waiters it may serve, then each contact that came back looks for a seat.
func (s *Store) settle(c changed) {
	slices.Sort(c.seats)
	for _, agent := range slices.Compact(c.seats) {
		s.feed(agent)
	}
	slices.SortFunc(c.contacts, s.byPlace)
	for _, id := range c.contacts {
		s.place(id)
	}
}

// byPlace is the one order of the queue.
func (s *Store) byPlace(a, b contact.ID) int {
	return cmp.Or(cmp.Compare(s.contacts[a].Score, s.contacts[b].Score), cmp.Compare(a, b))
}

// feed gives the seat contacts until it is full or nobody waits for it.
func (s *Store) feed(agent contact.AgentID) {
	for {
		var eligible []contact.ID
		for id, c := range s.contacts {
			if c.State == routing.Wait && s.serves(agent, c) {
				eligible = append(eligible, id)
			}
		}
		if len(eligible) == 0 {
			return
		}
		s.reserve(slices.MinFunc(eligible, s.byPlace), agent)
	}
}

// place finds the best free seat for a waiting contact.
func (s *Store) place(id contact.ID) {
	c := s.contacts[id]
	if c.State != routing.Wait {
		return
	}
	var able []contact.AgentID
	for agent := range s.seats {
		if s.serves(agent, c) {
			able = append(able, agent)
		}
	}
	if len(able) == 0 {
		return
	}
	s.reserve(id, slices.MinFunc(able, func(a, b contact.AgentID) int {
		return cmp.Or(
			cmp.Compare(s.tier(a, c), s.tier(b, c)),
			cmp.Compare(s.load(a, c.Class), s.load(b, c.Class)),
			cmp.Compare(s.seats[a].Idle, s.seats[b].Idle),
			cmp.Compare(a, b),
		)
	}))
}

// serves says that the seat is free for the contact.
func (s *Store) serves(agent contact.AgentID, c *Contact) bool {
	return s.free(agent, c.Class) && slices.ContainsFunc(c.Buckets, func(b routing.Bucket) bool {
		_, ok := s.seats[agent].Buckets[b]
		return ok
	})
}

func (s *Store) free(agent contact.AgentID, class contact.Class) bool {
	seat := s.seats[agent]
	return seat.Status == routing.Ready && s.used(agent, class) < seat.Slots[class]
}

func (s *Store) used(agent contact.AgentID, class contact.Class) int {
	n := 0
	for _, c := range s.contacts {
		if c.Agent == agent && c.Class == class {
			n++
		}
	}
	return n
}

// tier is the best of the seat's tiers for the contact.
func (s *Store) tier(agent contact.AgentID, c *Contact) int {
	best := -1
	for _, b := range c.Buckets {
		if tier, ok := s.seats[agent].Buckets[b]; ok && (best < 0 || tier < best) {
			best = tier
		}
	}
	return best
}

// load orders seats of one tier: the least busy takes the next conversation.
// For calls a free seat has, but for exotic settings, no load.
func (s *Store) load(agent contact.AgentID, class contact.Class) int {
	if class == contact.Voice {
		return 0
	}
	return s.used(agent, class)
}

// reserve is the only code that joins a contact and a seat.
func (s *Store) reserve(id contact.ID, agent contact.AgentID) {
	c := s.contacts[id]
	c.Token++
	c.Agent = agent
	c.Lease = s.ms() + c.Ring + routing.LeaseSlack.Milliseconds()
	s.move(id, routing.Reserved, agent)
	s.order(routing.Offer, id, agent, c.Lease)
}

// requeue parts contact and seat: the contact waits at its old place.
func (s *Store) requeue(id contact.ID, event routing.Event, ch *changed) {
	s.move(id, event, s.part(id, ch))
	ch.contacts = append(ch.contacts, id)
}

// end is the end of the contact, whatever its state; its seat is free.
func (s *Store) end(id contact.ID, event routing.Event, why contact.Cause, ch *changed) {
	s.move(id, event, s.part(id, ch))
	s.contacts[id].Cause = why.String()
}

// part frees the contact's seat, if it has one, and returns it.
func (s *Store) part(id contact.ID, ch *changed) contact.AgentID {
	c := s.contacts[id]
	agent := c.Agent
	c.Agent, c.Lease = "", 0
	if agent != "" {
		s.seats[agent].Idle = s.ms()
		ch.seats = append(ch.seats, agent)
	}
	return agent
}

// park keeps a seat that did not answer from getting the next contact.
func (s *Store) park(agent contact.AgentID) {
	if seat := s.seats[agent]; seat.Status == routing.Ready {
		seat.Status = routing.Away
	}
}

// offeredTo lists the contacts that ring at the seat, by ID.
func (s *Store) offeredTo(agent contact.AgentID) []contact.ID {
	var ids []contact.ID
	for _, id := range slices.Sorted(maps.Keys(s.contacts)) {
		if c := s.contacts[id]; c.Agent == agent && c.State == routing.Offered {
			ids = append(ids, id)
		}
	}
	return ids
}
