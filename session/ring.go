package session

import (
	"context"
	"time"

	"hotline/records"
	"hotline/routing"
)

// commanded acts on an order of the queue, and only on a token not seen yet.
func (s *session) commanded(ctx context.Context, c routing.Command) {
	switch {
	case c.Kind == routing.Revoke && c.Token == s.token && s.state == Offered:
		s.ringOver(RingRevoked)
	case c.Kind == routing.Offer && c.Token > s.token && s.state == Queued:
		s.ring(ctx, c)
	}
}

// ring offers the contact to the agent's desk. The agent may accept before the
// desk's acknowledgement is back.
func (s *session) ring(ctx context.Context, c routing.Command) {
	s.token, s.agent = c.Token, c.Agent
	s.move(Matched)
	s.record.Offers++
	s.note(records.Offered, "")
	s.timer.Reset(s.line.Ring)
	call := Call{
		Contact: s.contact, Token: c.Token, Record: s.medium.Recording(), Until: time.Now().Add(s.line.Ring),
	}
	token := c.Token
	s.beside(func() error {
		ctx, cancel := context.WithTimeout(ctx, offerAck)
		defer cancel()
		return s.hall.o.Seats.Offer(ctx, c.Agent, call)
	}, func(err error) error {
		if err != nil && s.state == Offered && s.token == token {
			s.decline(RingUnreachable, routing.Unreachable)
		}
		return nil
	})
}

// timeUp is the end of the ring, or of the wrap-up.
func (s *session) timeUp() {
	switch s.state {
	case Offered:
		s.decline(RingUnanswered, routing.Unanswered)
	case Wrapping:
		s.wrapped()
	default: // fired as the state changed
	}
}

// decline ends the ring on our side, then tells the queue, which sets the agent
// away and offers the contact to the next.
func (s *session) decline(why RingEnd, reason routing.DeclineReason) {
	id, token := s.contact.ID, s.token
	s.ringOver(why)
	s.orders.give(s.life, "decline", func(ctx context.Context) error {
		return s.hall.o.Queue.Decline(ctx, id, token, reason)
	})
}

// ringOver lets the contact wait again at its old place.
func (s *session) ringOver(why RingEnd) {
	s.stopRing(why)
	s.move(RingOver)
}

func (s *session) stopRing(why RingEnd) {
	s.timer.Stop()
	s.hall.metrics.ringOver(why)
	s.note(records.OfferEnded, string(why))
	s.tell(News{Kind: RingStopped, Why: why})
}
