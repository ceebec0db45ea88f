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
	s.visit.wrap(ctx, why)
}

func (v *visit) wrap(ctx context.Context, why Happening) {
	v.move(why)
	v.record.Cause = v.cause
	v.note(records.TalkEnded, v.cause.String())
	limit := v.line.WrapUpOf(v.contact.Channel.Class())
	v.timer.Reset(limit)
	id, token := v.contact.ID, v.token
	v.orders.give(ctx, "wrap", func(ctx context.Context) error {
		return v.hall.o.Queue.Wrap(ctx, id, token)
	})
	v.tell(News{Kind: Ended, Cause: v.cause, Until: v.now().Add(limit)})
}

// wrapped is the end of wrap-up: the seat is free.
func (v *visit) wrapped() {
	v.timer.Stop()
	id, token, why := v.contact.ID, v.token, v.cause
	v.orders.give(context.Background(), "finish", func(ctx context.Context) error {
		return v.hall.o.Queue.Finish(ctx, id, token, why)
	})
	v.tell(News{Kind: Finished})
	v.move(Wrapped)
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
	case s.state == Dialling:
		return s.notReached()
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
	case Dialling:
		return s.seatLostDialling()
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
	s.requeue()
	s.announce(promptReconnect)
}

// extendWrapUp gives the agent one step more.
func (v *visit) extendWrapUp(r request) error {
	switch {
	case r.agent != v.agent:
		return ErrNotYours
	case v.state != Wrapping || v.extended >= v.line.WrapExtensions:
		return ErrState
	}
	v.extended++
	v.note(records.WrapExtended, "")
	v.timer.Reset(v.line.WrapExtend)
	v.tell(News{Kind: WrappingUp, Until: v.now().Add(v.line.WrapExtend), Extended: v.extended})
	return nil
}

// finishWrapUp frees the agent now.
func (v *visit) finishWrapUp(r request) error {
	switch {
	case r.agent != v.agent:
		return ErrNotYours
	case v.state != Wrapping:
		return ErrState
	}
	v.wrapped()
	return nil
}

// requeue gives the contact back to the queue, which sets the agent away.
func (v *visit) requeue() {
	v.note(records.AgentLost, "")
	id, token := v.contact.ID, v.token
	v.orders.give(v.life, "take back", func(ctx context.Context) error {
		return v.hall.o.Queue.Decline(ctx, id, token, routing.Disconnected)
	})
	v.move(SeatGone)
	v.note(records.Requeued, "")
	v.tell(News{Kind: TakenBack})
	v.reroute()
}
