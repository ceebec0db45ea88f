package session

import (
	"context"

	"hotline/routing"
)

// awaitReassert lets the session tell the queue how it stands, and waits until
// it has, is over, or ctx ends.
func (s *session) awaitReassert(ctx context.Context) {
	told := make(chan struct{})
	select {
	case s.renamed <- told:
	default:
		return // the session has not come to it since the last time
	}
	select {
	case <-told:
	case <-s.over:
	case <-ctx.Done():
	}
}

// reassert tells the queue how the contact stands, after the orders given
// before; told is closed when it has. A ring is stopped: the queue, which took
// the node for dead, may have offered the contact's agent to another.
func (s *session) reassert(told chan<- struct{}) {
	if s.state == Offered {
		s.ringOver(RingRevoked)
	}
	if as, known := s.asserted(); known {
		e, since := s.entry(), s.record.Queued
		token, agent := s.token, s.agent
		if as == routing.Wait {
			agent = ""
		}
		s.orders.give(s.life, "reassert", func(ctx context.Context) error {
			e.Anchor, e.Credit = *s.hall.node.Load(), s.hall.o.Now().Sub(since)
			return s.hall.o.Queue.Reassert(ctx, routing.Assertion{Entry: e, State: as, Agent: agent, Token: token})
		})
	}
	s.orders.give(context.Background(), "reasserted", func(context.Context) error { close(told); return nil })
}

// asserted is the queue's word for the session's state; known is false before
// the contact was in the queue.
func (s *session) asserted() (as routing.State, known bool) {
	switch s.state {
	case Queued, Offered:
		return routing.Wait, true
	case Serving, Holding, Reconnecting:
		return routing.Talking, true
	case Wrapping:
		return routing.Wrapping, true
	case Arriving, Greeting, Over:
	}
	return "", false
}
