package main

import (
	"fmt"
	"sync"
	"time"

	"hotline/contact"
)

// truth is what happens to people, whatever Redis believes.
type truth struct {
	mu       sync.Mutex
	citizens map[contact.ID]*citizen
	talks    map[contact.AgentID]contact.ID // whom an agent speaks with
	breaches []breach
	counts   map[string]int
	pairs    []pair
}

// pair is a citizen and an agent who spoke.
type pair struct {
	id    contact.ID
	agent contact.AgentID
}

// citizen is one caller.
type citizen struct {
	node  string // that holds the call
	agent contact.AgentID
	came  time.Time
	left  time.Time // hung up, or was cut; zero while there
	cut   bool      // the node died: the citizen is to be called back
	taken bool      // a living node was told to call back
}

func newTruth() *truth {
	return &truth{citizens: map[contact.ID]*citizen{}, talks: map[contact.AgentID]contact.ID{}, counts: map[string]int{}}
}

// breach is one broken promise.
type breach struct {
	contact contact.ID // empty when it is of none
	what    string
}

func (t *truth) breach(id contact.ID, format string, a ...any) {
	t.breaches = append(t.breaches, breach{id, fmt.Sprintf(format, a...)})
}

// tell adds what the log says of the contact to each breach.
func (t *truth) tell(l *ledger) {
	for i, b := range t.breaches {
		if b.contact != "" {
			t.breaches[i].what += ": " + l.story(b.contact)
		}
	}
}

func (t *truth) count(what string) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.counts[what]++
}

func (t *truth) came(id contact.ID, node string) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.citizens[id] = &citizen{node: node, came: time.Now()}
	t.counts["citizens"]++
}

// rang is a ring at a desk.
func (t *truth) rang(id contact.ID, agent contact.AgentID) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.counts["rings"]++
	if c := t.citizens[id]; !c.left.IsZero() && time.Since(c.left) > lateRing {
		t.breach(id, "%s rang at %s %s after the citizen had left", id, agent, time.Since(c.left).Round(time.Millisecond))
	}
}

// lateRing is how long news of a hang-up may take through a busy process.
const lateRing = 500 * time.Millisecond

// longestWait is how long a citizen may wait where agents are free: a node that
// is cut off says how its citizens stand when it is back, a new Redis is there
// within seconds.
const longestWait = 22 * time.Second

// joined lets a citizen and an agent speak; false when the citizen has left.
func (t *truth) joined(id contact.ID, agent contact.AgentID) bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	c := t.citizens[id]
	if !c.left.IsZero() {
		return false
	}
	t.counts["talks"]++
	t.pairs = append(t.pairs, pair{id, agent})
	if waited := time.Since(c.came); c.agent == "" && waited > longestWait {
		t.breach(id, "%s waited for %s", id, waited.Round(time.Millisecond))
	}
	if other, busy := t.talks[agent]; busy && other != id {
		t.breach(id, "%s speaks with two citizens, %s and %s", agent, other, id)
	}
	if c.agent != "" && c.agent != agent {
		t.breach(id, "%s speaks with two agents, %s and %s", id, c.agent, agent)
	}
	c.agent, t.talks[agent] = agent, id
	return true
}

// part ends the talk of a citizen, if there is one; the mutex is held.
func (t *truth) part(c *citizen, id contact.ID) {
	if c.agent != "" && t.talks[c.agent] == id {
		delete(t.talks, c.agent)
	}
	c.agent = ""
}

// left is a citizen who has hung up, or was hung up on.
func (t *truth) left(id contact.ID) {
	t.mu.Lock()
	defer t.mu.Unlock()
	c := t.citizens[id]
	t.part(c, id)
	if c.left.IsZero() {
		c.left = time.Now()
	}
}

// died cuts every call of a node.
func (t *truth) died(node string) {
	t.mu.Lock()
	defer t.mu.Unlock()
	for id, c := range t.citizens {
		if c.node == node && c.left.IsZero() {
			t.part(c, id)
			c.left, c.cut = time.Now(), true
			t.counts["cut by a dead node"]++
		}
	}
}

// orphaned is a living node's order to call a citizen back.
func (t *truth) orphaned(id contact.ID) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.citizens[id].taken = true
	t.counts["to be called back"]++
}

// speaks says whom the agent speaks with.
func (t *truth) speaks(agent contact.AgentID) (contact.ID, bool) {
	t.mu.Lock()
	defer t.mu.Unlock()
	id, busy := t.talks[agent]
	return id, busy
}

// open counts citizens who are still there.
func (t *truth) open() int {
	t.mu.Lock()
	defer t.mu.Unlock()
	n := 0
	for _, c := range t.citizens {
		if c.left.IsZero() {
			n++
		}
	}
	return n
}

// stuck looks for who is still there when everybody had time to be served.
func (t *truth) stuck() {
	t.mu.Lock()
	defer t.mu.Unlock()
	for id, c := range t.citizens {
		if c.left.IsZero() {
			t.breach(id, "%s is still there %s after coming to %s", id, time.Since(c.came).Round(time.Second), c.node)
		}
	}
}

// verdict looks at how everybody left. A call
// whose node died before the queue heard of it is known to nobody.
func (t *truth) verdict(l *ledger) {
	t.mu.Lock()
	defer t.mu.Unlock()
	for id, c := range t.citizens {
		switch {
		case c.left.Sub(c.came) > 2*longestWait:
			t.breach(id, "%s was in the house for %s", id, c.left.Sub(c.came).Round(time.Second))
		case c.cut && !c.taken && l.knows(id):
			t.breach(id, "%s was cut by a dead node, and nobody was told to call back", id)
		}
	}
	for agent, id := range t.talks {
		t.breach(id, "%s still speaks with %s", agent, id)
	}
}
