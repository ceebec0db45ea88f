package session

import (
	"context"
	"errors"

	"hotline/contact"
	"hotline/gateway"
	"hotline/records"
	"hotline/routing"
)

// wrap ends the talk: the agent writes, the slot stays taken.
func (s *session) wrap(ctx context.Context, why Happening) {
	s.talked()
	s.move(why)
	s.record.Cause = s.cause
	s.note(records.TalkEnded, s.cause.String())
	s.timer.Reset(s.line.WrapUp)
	id, token := s.contact.ID, s.token
	s.orders.give(ctx, "wrap", func(ctx context.Context) error {
		return s.hall.o.Queue.Wrap(ctx, id, token)
	})
	s.tell(News{Kind: Ended, Cause: s.cause, Until: s.now().Add(s.line.WrapUp)})
}

// wrapped is the end of wrap-up: the seat is free.
func (s *session) wrapped() {
	s.timer.Stop()
	id, token, why := s.contact.ID, s.token, s.cause
	s.orders.give(context.Background(), "finish", func(ctx context.Context) error {
		return s.hall.o.Queue.Finish(ctx, id, token, why)
	})
	s.tell(News{Kind: Finished})
	s.move(Wrapped)
}

// talked closes the account of a talk, while its state still tells of it.
func (s *session) talked() {
	s.hush()
	s.look.Stop()
	s.countHold()
	s.ear.take(s.medium.Stats())
	whole := s.ear.whole()
	s.record.FromCitizen, s.record.FromAgent = whole.FromCitizen, whole.FromAgent
	s.record.TalkEnded, s.record.Recording = s.now(), s.medium.Recording()
}

// farewell plays the goodbye to a citizen whom the agent has left, then ends
// the call, while the agent already writes.
func (s *session) farewell(ctx context.Context) {
	if s.gone {
		return
	}
	if err := s.medium.Hold(ctx); err != nil {
		s.log.Warn("no music before the goodbye", "error", err)
	}
	ctx = context.WithoutCancel(ctx)
	why := s.cause
	s.hall.running.Go(func() {
		if err := s.medium.Play(ctx, promptGoodbye); err != nil && !errors.Is(err, gateway.ErrGone) {
			s.log.Warn("goodbye broke off", "error", err)
		}
		if err := s.medium.Close(ctx, why); err != nil {
			s.log.Warn("hang-up failed", "error", err)
		}
	})
}

// hangup releases the agent, then the citizen.
func (s *session) hangup(r request) error {
	switch {
	case r.agent != s.agent:
		return ErrNotYours
	case !s.talks():
		return ErrState
	}
	s.cause = contact.AgentEnded
	s.wrap(s.life, AgentLeft)
	s.farewell(s.life)
	return nil
}

// seatLost takes the contact from an agent whose desk is gone for good. A
// citizen in a talk waits for another, at the old place.
func (s *session) seatLost(r request) error {
	if r.agent != s.agent {
		return ErrNotYours
	}
	switch s.state {
	case Offered:
		s.decline(RingUnreachable, routing.Disconnected)
	case Serving, Holding, Reconnecting:
		s.takeBack()
	case Wrapping:
		s.wrapped()
	default:
		return ErrState
	}
	return nil
}

// takeBack returns the citizen to the queue: the place is the old one, the
// agent is set away, and the next one gets the same contact, draft and all.
func (s *session) takeBack() {
	s.talked()
	s.note(records.AgentLost, "")
	id, token := s.contact.ID, s.token
	s.orders.give(s.life, "take back", func(ctx context.Context) error {
		return s.hall.o.Queue.Decline(ctx, id, token, routing.Disconnected)
	})
	s.move(SeatGone)
	s.note(records.Requeued, "")
	s.tell(News{Kind: TakenBack})
	s.announce(promptReconnect)
}

// extendWrapUp gives the agent one step more.
func (s *session) extendWrapUp(r request) error {
	switch {
	case r.agent != s.agent:
		return ErrNotYours
	case s.state != Wrapping || s.extended >= s.line.WrapExtensions:
		return ErrState
	}
	s.extended++
	s.note(records.WrapExtended, "")
	s.timer.Reset(s.line.WrapExtend)
	s.tell(News{Kind: WrappingUp, Until: s.now().Add(s.line.WrapExtend), Extended: s.extended})
	return nil
}

// finishWrapUp frees the agent now.
func (s *session) finishWrapUp(r request) error {
	switch {
	case r.agent != s.agent:
		return ErrNotYours
	case s.state != Wrapping:
		return ErrState
	}
	s.wrapped()
	return nil
}
