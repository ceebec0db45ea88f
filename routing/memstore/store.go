package memstore

import (
	"maps"
	"slices"
	"sync"
	"time"

	"hotline/contact"
	"hotline/routing"
)

// Store implements routing.Queue and routing.Member.
type Store struct {
	now func() time.Time

	mu        sync.Mutex
	contacts  map[contact.ID]*Contact
	waiting   map[contact.Class][]*Contact // by place
	seats     map[contact.AgentID]*seat
	service   map[Pool]*Service
	nodes     map[routing.NodeID]int64
	dead      map[routing.NodeID]bool
	fenced    map[routing.NodeID]bool
	inboxes   map[routing.NodeID]*inbox
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
		contacts: map[contact.ID]*Contact{}, waiting: map[contact.Class][]*Contact{},
		seats: map[contact.AgentID]*seat{}, service: map[Pool]*Service{},
		nodes: map[routing.NodeID]int64{}, dead: map[routing.NodeID]bool{}, fenced: map[routing.NodeID]bool{},
		inboxes: map[routing.NodeID]*inbox{}, ordered: make(chan struct{}),
	}
}

// Restart plays the loss of the store: nodes get one lease of grace.
func (s *Store) Restart() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.restarted = true
}

// Forget drops the contacts that have ended, the log, and the orders so far. A
// command repeated after it finds its contact unknown.
func (s *Store) Forget() {
	s.mu.Lock()
	defer s.mu.Unlock()
	maps.DeleteFunc(s.contacts, func(_ contact.ID, c *Contact) bool { return c.State == routing.Ended })
	s.log = s.log[:0]
	for _, in := range s.inboxes {
		in.drop(len(in.orders))
	}
}

func (s *Store) ms() int64 { return s.now().UnixMilli() }

// since is the time passed from a moment in ms.
func (s *Store) since(ms int64) time.Duration { return time.Duration(s.ms()-ms) * time.Millisecond }

// move takes the contact along the table; false when there is no such arrow.
func (s *Store) move(c *Contact, event routing.Event, agent contact.AgentID) bool {
	to, ok := routing.Next(c.State, event)
	if !ok {
		return false
	}
	s.log = append(s.log, Transition{
		Contact: c.ID, Event: event, From: c.State, To: to, Agent: agent, Token: c.Token, At: s.ms(),
	})
	from := c.State
	c.State = to
	switch {
	case from == routing.Wait && to != routing.Wait:
		s.leaveLine(c)
	case from != routing.Wait && to == routing.Wait:
		s.joinLine(c)
	}
	return true
}

// joinLine puts the contact among those that wait, at its place.
func (s *Store) joinLine(c *Contact) {
	at, _ := slices.BinarySearchFunc(s.waiting[c.Class], c, byPlace)
	s.waiting[c.Class] = slices.Insert(s.waiting[c.Class], at, c)
}

func (s *Store) leaveLine(c *Contact) {
	at, found := slices.BinarySearchFunc(s.waiting[c.Class], c, byPlace)
	if found {
		s.waiting[c.Class] = slices.Delete(s.waiting[c.Class], at, at+1)
	}
}

func classes() []contact.Class { return []contact.Class{contact.Voice, contact.Text} }
