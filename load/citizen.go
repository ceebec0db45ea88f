package load

import (
	"context"
	"time"

	"hotline/gateway/phone"
)

// fate is what became of one citizen, as the citizen saw it.
type fate string

const (
	served    fate = "served"             // an agent was heard
	gaveUp    fate = "gave_up"            // by plan, or patience was over, before an agent was heard
	refused   fate = "refused"            // a final answer that is no 200
	cut       fate = "cut"                // the house ended it before an agent was heard
	unplaced  fate = "unplaced"           // our phone could not call
	cancelled fate = "stopped_by_load"    // the run was interrupted
	leftAlone fate = "ended_without_talk" // the house has not ended it, nor did we
)

// citizen is one visit as it happens.
type citizen struct {
	visit

	ear     *listener
	ringing chan struct{} // gets a token when a desk rings for this citizen
	report  phone.Report
	fate    fate
	err     error
}

func newCitizen(v visit, want []byte) *citizen {
	return &citizen{visit: v, ear: newListener(want), ringing: make(chan struct{}, 1)}
}

// rings tells that a desk rings; any goroutine may call it.
func (c *citizen) rings() {
	select {
	case c.ringing <- struct{}{}:
	default:
	}
}

// call lives the visit through; it returns when the call has ended.
func (c *citizen) call(ctx context.Context, p *phone.Phone, target string) {
	late := context.WithoutCancel(ctx) // a call that is offered is also ended in order
	placed, err := p.Place(late, phone.Options{Target: target, From: c.number, Play: murmur(), Hears: c.ear})
	if err != nil {
		c.fate, c.err = unplaced, err
		return
	}
	c.fate = c.wait(ctx, placed)
	late, cancel := context.WithTimeout(late, goodbye)
	defer cancel()
	if err := placed.Hangup(late); err != nil {
		c.err = err
	}
	if c.report, err = placed.Wait(late); err != nil {
		c.fate, c.err = leftAlone, err
	}
}

// goodbye bounds the end of a call.
const goodbye = 40 * time.Second // a BYE gives up after 64·T1 = 32 s

// wait returns when the citizen wants to hang up, or has no call any more.
func (c *citizen) wait(ctx context.Context, call *phone.Call) fate {
	select {
	case <-call.Answered():
	case <-call.Done():
		return c.ended(call)
	case <-time.After(c.patience):
		return gaveUp
	case <-ctx.Done():
		return cancelled
	}
	ringing, leave := c.ringing, c.patience
	switch c.leaves {
	case atRing:
	case inGreeting, inQueue:
		ringing, leave = nil, c.after
	case stays:
		ringing = nil
	}
	select {
	case <-c.ear.now:
		return c.talking(ctx, call)
	case <-ringing:
		return gaveUp
	case <-time.After(leave):
		return gaveUp
	case <-call.Done():
		return c.ended(call)
	case <-ctx.Done():
		return cancelled
	}
}

func (c *citizen) talking(ctx context.Context, call *phone.Call) fate {
	select {
	case <-time.After(c.talk):
	case <-call.Done():
	case <-ctx.Done():
	}
	return served
}

// ended names the fate of a call that the house has ended.
func (c *citizen) ended(call *phone.Call) fate {
	r := call.Report()
	switch {
	case !c.ear.at().IsZero():
		return served
	case r.Answered.IsZero() && r.Status >= 300:
		return refused
	default:
		return cut
	}
}
