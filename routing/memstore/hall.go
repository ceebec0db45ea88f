package memstore

import (
	"cmp"
	"maps"
	"slices"

	"hotline/contact"
	"hotline/routing"
)

// Contact is what the queue knows of one contact.
type Contact struct {
	ID       contact.ID
	State    routing.State
	Class    contact.Class
	Line     string
	Buckets  []routing.Bucket // where it waits; a step adds to them
	Steps    []routing.Step   // not taken yet
	Score    int64            // band·1e13 + enqueued − credit, ms; the lowest is first
	Anchor   routing.NodeID
	Token    routing.Token
	Agent    contact.AgentID // who is offered, talks or writes; else empty
	Via      routing.Bucket  // of the last reservation; empty when assigned or asserted
	Ring     int64           // ms
	Lease    int64           // ms, while offered; else 0
	Enqueued int64           // ms, since when it waits: place and steps count from then
	Accepted int64           // ms, of the last reservation; 0 when it is not, or unseen
	Cause    string          // once ended or lost
}

// open says whether the contact still needs somebody.
func (c *Contact) open() bool { return c.State != routing.Ended && c.State != routing.Lost }

// byPlace is the one order of the queue.
func byPlace(a, b *Contact) int {
	return cmp.Or(cmp.Compare(a.Score, b.Score), cmp.Compare(a.ID, b.ID))
}

// byID is the order of those that need no other.
func byID(a, b *Contact) int { return cmp.Compare(a.ID, b.ID) }

// Seat is what the queue knows of one agent.
type Seat struct {
	Node     routing.NodeID
	Status   routing.Status
	Buckets  map[routing.Bucket]int
	Slots    map[contact.Class]int
	Excludes map[contact.Class]bool
	Idle     int64 // ms, since when the seat has had nothing to do
}

// Pool is the contacts of one class in one bucket.
type Pool struct {
	Class  contact.Class
	Bucket routing.Bucket
}

// Service is how a pool was served; all in ms, 0 for not yet.
type Service struct {
	Last     int64 // wait of the contact accepted last
	LastAt   int64 // when it was accepted
	Handling int64 // moving mean from accept to finish
}

// Transition is one step of one contact.
type Transition struct {
	Contact contact.ID
	Event   routing.Event
	From    routing.State
	To      routing.State
	Agent   contact.AgentID // involved in the step
	Token   routing.Token   // after the step
	At      int64           // ms
}

// Hall is the whole state at one moment.
type Hall struct {
	Contacts map[contact.ID]Contact
	Seats    map[contact.AgentID]Seat
	Service  map[Pool]Service
	Nodes    map[routing.NodeID]int64 // end of the lease, ms
	Dead     map[routing.NodeID]bool  // being swept
	Fenced   map[routing.NodeID]bool  // may never beat again
	Orders   map[routing.NodeID][]routing.Command
	Log      []Transition
}

// Hall copies the state, for tests.
func (s *Store) Hall() Hall {
	s.mu.Lock()
	defer s.mu.Unlock()
	h := Hall{
		Contacts: map[contact.ID]Contact{}, Seats: map[contact.AgentID]Seat{}, Service: map[Pool]Service{},
		Nodes: maps.Clone(s.nodes), Dead: maps.Clone(s.dead), Fenced: maps.Clone(s.fenced),
		Orders: map[routing.NodeID][]routing.Command{}, Log: slices.Clone(s.log),
	}
	for id, c := range s.contacts {
		h.Contacts[id] = *c
	}
	for id, a := range s.seats {
		h.Seats[id] = a.Seat
	}
	for pool, served := range s.service {
		h.Service[pool] = *served
	}
	for n, in := range s.inboxes {
		h.Orders[n] = slices.Clone(in.orders)
	}
	return h
}
