package main

import (
	"context"
	"sync"
	"time"

	"hotline/contact"
	"hotline/gateway"
	"hotline/media"
)

// call is one citizen's call, played: session.Voice.
type call struct {
	id     contact.ID
	called string
	truth  *truth
	events chan contact.Event
	once   sync.Once
	began  time.Time
}

func newCall(id contact.ID, called string, t *truth) *call {
	return &call{id: id, called: called, truth: t, events: make(chan contact.Event, 1), began: time.Now()}
}

// ID implements session.Voice, as do the rest.
func (c *call) ID() contact.ID { return c.id }

// Arrival is from a number nobody has.
func (c *call) Arrival() gateway.Arrival {
	return gateway.Arrival{Trunk: "chaos", Called: c.called, Caller: contact.NewAddress("+8613800000000")}
}

// Answer takes no time.
func (c *call) Answer(context.Context) error { return nil }

// Refuse ends the call.
func (c *call) Refuse(_ context.Context, why contact.Cause) error { c.gone(why); return nil }

// Play is a prompt of no length.
func (c *call) Play(context.Context, string) error { return nil }

// Hold parts both.
func (c *call) Hold(context.Context) error { return nil }

// Mute changes nothing that is looked at.
func (c *call) Mute(context.Context, bool) error { return nil }

// Recording is none.
func (c *call) Recording() string { return "" }

// Stats are those of two who speak all the time.
func (c *call) Stats() gateway.Stats {
	now := time.Now()
	n := uint64(now.Sub(c.began) / (20 * time.Millisecond))
	s := media.Stats{In: n, Last: now}
	return gateway.Stats{Citizen: s, Agent: s}
}

// Connect joins both in truth; the talk lasts a while, then the citizen hangs
// up. One of seven outlasts the lease of a node that is cut off.
func (c *call) Connect(_ context.Context, agent contact.AgentID) error {
	if !c.truth.joined(c.id, agent) {
		return gateway.ErrGone
	}
	lasts := 200 + roll(600)
	if roll(7) == 0 {
		lasts += 9000
	}
	time.AfterFunc(time.Duration(lasts)*time.Millisecond, func() { c.gone(contact.CitizenEnded) })
	return nil
}

// Close hangs up on the citizen.
func (c *call) Close(_ context.Context, why contact.Cause) error { c.gone(why); return nil }

// Events implements contact.Medium.
func (c *call) Events() <-chan contact.Event { return c.events }

// gone ends the call once.
func (c *call) gone(why contact.Cause) {
	c.once.Do(func() {
		c.truth.left(c.id)
		c.events <- contact.Event{Kind: contact.Gone, Cause: why}
		close(c.events)
	})
}
