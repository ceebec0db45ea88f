package session

import (
	"context"
	"errors"
	"time"

	"hotline/callbacks"
	"hotline/contact"
	"hotline/gateway"
	"hotline/records"
	"hotline/routing"
)

// dialWithin bounds the question whether a citizen may be dialled.
const dialWithin = 2 * time.Second

// Outgoing is a call to a citizen who was promised one; *gateway.Outgoing is
// one. Before Dial has returned nil only Close has a meaning.
type Outgoing interface {
	Voice
	// Dial rings the citizen, while the agent hears that it rings. It returns
	// nil at the answer, gateway.ErrNotReached, the context's error, or that of
	// the agent's audio. The citizen hears nothing before Connect.
	Dial(ctx context.Context, agent contact.AgentID) error
}

// back is what a session of a call-back has besides.
type back struct {
	call     *callbacks.Call
	medium   Outgoing
	recalled <-chan struct{} // nil once the citizen is being dialled
	stop     func()          // ends the dialling; nil when there is none
	reached  bool
}

// CallBack lets a promise wait as a contact, at its true place, dials the
// citizen once an agent has accepted, and blocks until the contact is over.
// ctx bounds its life as in Receive.
func (h *Hall) CallBack(ctx context.Context, v Outgoing, c *callbacks.Call) {
	s := h.openBack(v, c)
	over := make(chan struct{})
	h.running.Go(func() {
		defer close(over)
		defer h.forget(s.contact.ID)
		s.run(ctx)
	})
	<-over
}

func (h *Hall) openBack(v Outgoing, c *callbacks.Call) *session {
	p := c.Promise()
	line, known := h.o.Lines.Line(p.Line)
	s := newSession(h, v, contact.Contact{
		ID: v.ID(), Channel: contact.Phone, Line: p.Line, Source: p.Source, Citizen: p.Citizen, Accepted: h.o.Now().UTC(),
	}, line)
	s.known, s.place = known, p.Since
	s.back = &back{call: c, medium: v, recalled: c.Recalled()}
	s.record.Origin = p.Contact
	s.dress = func(c *Call) { c.Callback = true }
	h.mu.Lock()
	defer h.mu.Unlock()
	h.sessions[s.contact.ID] = s
	return s
}

// comesBack enters the queue without a greeting: nobody is there to hear it.
func (s *session) comesBack(ctx context.Context) error {
	if !s.known { // the line is gone from the policy
		s.move(Refused)
		s.cause = contact.RefusedUnknown
		return s.medium.Close(ctx, s.cause)
	}
	s.move(Promised)
	s.record.Queued = s.now()
	s.noteQueued()
	s.enqueue(ctx)
	return nil
}

// recalls is closed when the promise is not to be kept now; nil for calls of
// citizens, and once the citizen is dialled.
func (s *session) recalls() <-chan struct{} {
	if s.back == nil {
		return nil
	}
	return s.back.recalled
}

// recall takes the contact out: nobody was dialled.
func (s *session) recall() error {
	s.back.recalled = nil
	if s.state != Queued && s.state != Offered {
		return nil
	}
	if s.state == Offered {
		s.stopRing(RingRevoked)
	}
	s.cause = contact.Recalled
	s.leave()
	return s.medium.Close(context.WithoutCancel(s.life), s.cause)
}

// dials says whether the agent's yes leads to the dialling.
func (s *session) dials() bool { return s.back != nil && !s.back.reached }

// dial rings the citizen, once the promise's claim is confirmed. The desk shows
// the talk meanwhile.
func (s *session) dial() {
	s.timer.Stop()
	s.move(DialledBy)
	s.back.recalled = nil
	s.tell(News{Kind: Connected})
	s.note(records.Dialled, "")
	ctx, stop := context.WithCancel(s.life)
	s.back.stop = stop
	b, agent, token := s.back, s.agent, s.token
	s.beside(func() error {
		defer stop()
		asking, cancel := context.WithTimeout(ctx, dialWithin)
		defer cancel()
		if err := b.call.Dial(asking); err != nil {
			return err
		}
		return b.medium.Dial(ctx, agent)
	}, func(err error) error { return s.dialled(token, err) })
}

// dialled joins the two, or lets the agent go at once.
func (s *session) dialled(token routing.Token, err error) error {
	if s.state != Dialling || s.token != token {
		return nil // over already
	}
	s.back.stop = nil
	if err == nil {
		s.back.reached = true
		s.back.call.Reached()
		err = s.medium.Connect(s.life, s.agent)
		if err != nil && !errors.Is(err, gateway.ErrGone) {
			s.log.Error("bridge failed", "agent_id", string(s.agent), "error", err)
			s.takeBack()
			return nil
		}
	}
	if err != nil {
		if !errors.Is(err, gateway.ErrNotReached) && !errors.Is(err, gateway.ErrGone) {
			s.log.Warn("citizen not dialled", "error", err)
		}
		return s.notReached()
	}
	s.move(ReachedBy)
	s.connected()
	return nil
}

// notReached frees the agent at once; the promise is kept later.
func (s *session) notReached() error {
	s.endDial()
	s.cause = contact.Unreached
	s.note(records.NotReached, "")
	id, token, why := s.contact.ID, s.token, s.cause
	s.orders.give(context.Background(), "finish", func(ctx context.Context) error {
		return s.hall.o.Queue.Finish(ctx, id, token, why)
	})
	s.tell(News{Kind: Ended, Cause: why, Until: s.now()})
	s.tell(News{Kind: Finished})
	s.move(Missed)
	return s.medium.Close(context.WithoutCancel(s.life), why)
}

func (s *session) endDial() {
	if s.back != nil && s.back.stop != nil {
		s.back.stop()
		s.back.stop = nil
	}
}

// seatLostDialling is a desk that has gone before the citizen answered.
func (s *session) seatLostDialling() error {
	s.endDial()
	s.cause = contact.Unreached
	s.note(records.AgentLost, "")
	id, token := s.contact.ID, s.token
	s.orders.give(context.Background(), "take back", func(ctx context.Context) error {
		return s.hall.o.Queue.Decline(ctx, id, token, routing.Disconnected)
	})
	s.withdraw()
	s.tell(News{Kind: TakenBack})
	s.move(Missed)
	return s.medium.Close(context.WithoutCancel(s.life), s.cause)
}
