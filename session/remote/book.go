package remote

import (
	"sync"
	"time"

	"hotline/contact"
	"hotline/routing"
	"hotline/session"
)

// phase is how far a shared contact has come.
type phase uint8

const (
	ringing phase = iota
	talking
	wrapping
)

// entry is one contact that this node shares with another.
type entry struct {
	share
	node   routing.NodeID // the other
	since  time.Time
	phase  phase
	missed int  // checks in a row that found the other node gone
	apart  bool // the desk was told that its citizen is not heard
	text   bool // a conversation
}

func entryOf(agent contact.AgentID, c session.Call, other routing.NodeID) entry {
	e := entry{share: share{c.Contact.ID, agent, c.Token}, node: other, text: c.Contact.Channel.Class() == contact.Text}
	if c.Serving {
		e.phase = talking
	}
	return e
}

// book holds what one side shares with other nodes.
type book struct {
	mu  sync.Mutex
	all map[contact.ID]entry
}

func (b *book) put(e entry) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.all == nil {
		b.all = make(map[contact.ID]entry)
	}
	e.since = time.Now()
	b.all[e.Contact] = e
}

func (b *book) find(id contact.ID) (entry, bool) {
	b.mu.Lock()
	defer b.mu.Unlock()
	e, ok := b.all[id]
	return e, ok
}

// drop forgets a contact unless a later token has it.
func (b *book) drop(id contact.ID, t routing.Token) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.all[id].Token == t {
		delete(b.all, id)
	}
}

func (b *book) forget(id contact.ID) {
	b.mu.Lock()
	defer b.mu.Unlock()
	delete(b.all, id)
}

// change alters an entry that is there under that token.
func (b *book) change(s share, do func(*entry)) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if e, ok := b.all[s.Contact]; ok && e.Token == s.Token {
		do(&e)
		b.all[s.Contact] = e
	}
}

// follow notes what news says of a contact.
func (b *book) follow(n session.News) {
	to := func(p phase) {
		b.change(share{Contact: n.Contact, Token: n.Token}, func(e *entry) { e.phase = p })
	}
	switch n.Kind {
	case session.Connected, session.Held, session.Resumed:
		to(talking)
	case session.Ended, session.WrappingUp:
		to(wrapping)
	case session.RingStopped, session.Finished, session.TakenBack:
		b.drop(n.Contact, n.Token)
	default:
	}
}

// settling is how long both sides may take until they agree on a new offer.
const settling = 3 * time.Second

// byNode sorts all entries by the other node, but for those that are too new to
// be judged.
func (b *book) byNode(now time.Time) map[routing.NodeID][]entry {
	b.mu.Lock()
	defer b.mu.Unlock()
	nodes := make(map[routing.NodeID][]entry)
	for _, e := range b.all {
		if now.Sub(e.since) >= settling {
			nodes[e.node] = append(nodes[e.node], e)
		}
	}
	return nodes
}
