package memstore

import (
	"maps"
	"slices"
	"sync"
	"time"

	"hotline/contact"
	"hotline/routing"
)

// Contact is what the queue knows of one contact.
type Contact struct {
	State    routing.State
	Class    contact.Class
	Buckets  []routing.Bucket
	Score    int64 // band·1e13 + enqueue_ms − credit_ms; the lowest is first
	Anchor   routing.NodeID
	Token    routing.Token
	Agent    contact.AgentID // who is offered, talks or writes; else empty
	Ring     int64           // ms
	Lease    int64           // ms, while offered; else 0
	Enqueued int64           // ms
	Cause    string          // once ended or lost
}

// open says whether the contact still needs somebody.
func (c *Contact) open() bool { return c.State != routing.Ended && c.State != routing.Lost }

// Seat is what the queue knows of one agent.
type Seat struct {
	Node    routing.NodeID
	Status  routing.Status
	Buckets map[routing.Bucket]int
	Slots   map[contact.Class]int
	Idle    int64 // ms, since when the seat has had nothing to do
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
	Nodes    map[routing.NodeID]int64 // end of the lease, ms
	Dead     map[routing.NodeID]bool  // being swept
	Fenced   map[routing.NodeID]bool  // may never beat again
	Orders   map[routing.NodeID][]routing.Command
	Log      []Transition
}

// Store implements routing.Queue and routing.Member.
type Store struct {
	now func() time.Time

	mu        sync.Mutex
	contacts  map[contact.ID]*Contact
	seats     map[contact.AgentID]*Seat
	nodes     map[routing.NodeID]int64
	dead      map[routing.NodeID]bool
	fenced    map[routing.NodeID]bool
	orders    map[routing.NodeID][]routing.Command
	log       []Transition
	ordered   chan struct{} // closed at the next order
	restarted bool
	grace     int64 // no node is declared dead before, ms
}

var (
	_ routing.Queue  = (*Store)(nil)
	_ routing.Member = (*Store)(nil)
)

// New makes an empty hall whose time is now's.
func New(now func() time.Time) *Store {
	return &Store{
		now:      now,
		contacts: map[contact.ID]*Contact{}, seats: map[contact.AgentID]*Seat{},
		nodes: map[routing.NodeID]int64{}, dead: map[routing.NodeID]bool{}, fenced: map[routing.NodeID]bool{},
		orders: map[routing.NodeID][]routing.Command{}, ordered: make(chan struct{}),
	}
}

// Restart plays the loss of the store: nodes get one lease of grace.
func (s *Store) Restart() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.restarted = true
}

// Hall copies the state, for tests and the simulator.
func (s *Store) Hall() Hall {
	s.mu.Lock()
	defer s.mu.Unlock()
	h := Hall{
		Contacts: map[contact.ID]Contact{}, Seats: map[contact.AgentID]Seat{},
		Nodes: maps.Clone(s.nodes), Dead: maps.Clone(s.dead), Fenced: maps.Clone(s.fenced),
		Orders: map[routing.NodeID][]routing.Command{}, Log: slices.Clone(s.log),
	}
	for id, c := range s.contacts {
		h.Contacts[id] = *c
	}
	for id, a := range s.seats {
		h.Seats[id] = *a
	}
	for n, orders := range s.orders {
		h.Orders[n] = slices.Clone(orders)
	}
	return h
}

func (s *Store) ms() int64 { return s.now().UnixMilli() }

// move takes the contact along the table; false when there is no such arrow.
func (s *Store) move(id contact.ID, event routing.Event, agent contact.AgentID) bool {
	c := s.contacts[id]
	to, ok := routing.Next(c.State, event)
	if !ok {
		return false
	}
	s.log = append(s.log, Transition{
		Contact: id, Event: event, From: c.State, To: to, Agent: agent, Token: c.Token, At: s.ms(),
	})
	c.State = to
	return true
}

// order sends a command to the node that anchors the contact, if it lives.
func (s *Store) order(kind routing.CommandKind, id contact.ID, agent contact.AgentID, expires int64) {
	c := s.contacts[id]
	if _, alive := s.nodes[c.Anchor]; !alive {
		return
	}
	s.orders[c.Anchor] = append(s.orders[c.Anchor], routing.Command{
		Kind: kind, Contact: id, Agent: agent, Token: c.Token, Expires: time.UnixMilli(expires).UTC(),
	})
	close(s.ordered)
	s.ordered = make(chan struct{})
}
