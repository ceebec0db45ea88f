package session

import (
	"context"
	"errors"

	"hotline/routing"
)

// awaitReassert lets the session tell the queue how it stands, and waits until
// it has, is over, or ctx ends.
func (v *visit) awaitReassert(ctx context.Context) {
	told := make(chan struct{})
	select {
	case v.renamed <- told:
	default:
		return // the session has not come to it since the last time
	}
	select {
	case <-told:
	case <-v.over:
	case <-ctx.Done():
	}
}

// reassert tells the queue how the contact stands, after the orders given
// before; told is closed when it has. A ring is stopped: the queue, which took
// the node for dead, may have offered the contact's agent to another.
func (v *visit) reassert(told chan<- struct{}) {
	if v.state == Offered {
		v.ringOver(RingRevoked)
	}
	if as, known := v.asserted(); known {
		e, since := v.entry(), v.since()
		token, agent := v.token, v.agent
		if as == routing.Wait {
			agent = ""
		}
		v.orders.give(v.life, "reassert", func(ctx context.Context) error {
			e.Anchor, e.Waited = *v.hall.node.Load(), waited(v.hall.o.Now(), since)
			err := v.hall.o.Queue.Reassert(ctx, routing.Assertion{Entry: e, State: as, Agent: agent, Token: token})
			if errors.Is(err, routing.ErrStale) {
				v.usurp()
			}
			return err
		})
	}
	v.orders.give(context.Background(), "reasserted", func(context.Context) error { close(told); return nil })
}

// usurp notes that somebody else has the contact by now.
func (v *visit) usurp() {
	select {
	case v.usurped <- struct{}{}:
	default:
	}
}

// asserted is the queue's word for the session's state; known is false before
// the contact was in the queue.
func (v *visit) asserted() (as routing.State, known bool) {
	switch v.state {
	case Queued, Offered:
		return routing.Wait, true
	case Serving, Holding, Reconnecting, Parked, Dialling:
		return routing.Talking, true
	case Wrapping:
		return routing.Wrapping, true
	case Arriving, Greeting, Parting, Over:
	}
	return "", false
}
