package routingtest

import (
	"context"
	"testing"
	"time"

	"hotline/contact"
	"hotline/routing"
)

// Load is a hall of busy agents in which lives can be measured. It knows who
// is next, because the queue is first in, first out.
type Load struct {
	b                           *testing.B
	h                           Harness
	entered, accepted, finished int
}

// NewLoad fills a hall: so many wait, and all agents talk.
func NewLoad(b *testing.B, h Harness, waiting, agents int) *Load {
	b.Helper()
	l := &Load{b: b, h: h}
	l.must(h.Store.Beat(b.Context(), node1))
	for range waiting + agents {
		l.enqueue()
	}
	for n := range agents {
		l.must(h.Store.SetAgent(b.Context(), agent(benchAgent(n), routing.Ready)))
		l.accept()
	}
	return l
}

// Life is one contact's: enqueue, accept, finish. The finish makes a match.
func (l *Load) Life() {
	l.b.Helper()
	l.enqueue()
	l.finish()
	l.accept()
}

func benchAgent(n int) contact.AgentID { return contact.AgentID("agent-" + string(ContactID(n))) }

func (l *Load) ctx() context.Context { return l.b.Context() }

func (l *Load) must(err error) {
	l.b.Helper()
	if err != nil {
		l.b.Fatal(err)
	}
}

func (l *Load) enqueue() {
	l.b.Helper()
	if l.h.Clock != nil {
		l.h.Clock.Advance(time.Millisecond)
	}
	l.must(l.h.Store.Enqueue(l.ctx(), entry(l.entered)))
	l.entered++
}

func (l *Load) accept() {
	l.b.Helper()
	l.must(l.h.Store.Accept(l.ctx(), ContactID(l.accepted), 1))
	l.accepted++
}

func (l *Load) finish() {
	l.b.Helper()
	l.must(l.h.Store.Finish(l.ctx(), ContactID(l.finished), 1, contact.CitizenEnded))
	l.finished++
}
