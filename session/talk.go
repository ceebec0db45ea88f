package session

import (
	"errors"
	"time"

	"hotline/contact"
	"hotline/gateway"
	"hotline/records"
	"hotline/routing"
)

// acceptWithin bounds the queue's answer to an accept: the citizen may hang up
// meanwhile, and is not heard before.
const acceptWithin = time.Second

// accept joins the two, once the queue has confirmed the token.
func (s *session) accept(r request) error {
	if err := s.claim(r); err != nil {
		return err
	}
	s.hush()
	if s.dials() {
		s.dial()
		return nil
	}
	err := s.medium.Connect(r.ctx, s.agent)
	if errors.Is(err, gateway.ErrGone) {
		return routing.ErrStale // the citizen has just hung up; the news of it comes next
	}
	if err != nil {
		// The seat's audio is at fault: the citizen waits for another agent.
		s.log.Error("bridge failed", "agent_id", string(s.agent), "error", err)
		s.decline(RingUnreachable, routing.Disconnected)
		return err
	}
	s.hall.metrics.joined(time.Since(r.asked))
	s.timer.Stop()
	s.move(AcceptedBy)
	s.connected()
	s.tell(News{Kind: Connected})
	return nil
}

// connected begins a talk. One that follows a lost agent's goes on with the
// first: the wait was over then.
func (s *session) connected() {
	first := s.record.Connected.IsZero()
	if first {
		s.record.Connected = s.now()
	}
	s.record.Agent, s.record.TalkEnded = s.agent, time.Time{}
	s.record.Recording = s.medium.Recording()
	s.muted, s.extended = false, 0
	s.ear.begin(s.medium.Stats(), time.Now())
	s.look.Reset(lookEvery)
	s.note(records.Connected, "")
	if first {
		s.hall.metrics.answered(s.record)
	}
}

// hold gives the citizen music.
func (s *session) hold(r request) error {
	if err := s.serves(r.agent); err != nil {
		return err
	}
	if s.state == Holding {
		return nil
	}
	if err := s.medium.Hold(r.ctx); err != nil {
		return err
	}
	s.move(HeldBy)
	s.heldAt = s.now()
	s.note(records.Held, "")
	s.tell(News{Kind: Held})
	return nil
}

// resume joins both again.
func (s *session) resume(r request) error {
	if err := s.serves(r.agent); err != nil {
		return err
	}
	if s.state == Serving {
		return nil
	}
	if err := s.medium.Connect(r.ctx, s.agent); err != nil {
		return err
	}
	s.countHold()
	s.muted = false
	s.ear.since = time.Now()
	s.move(ResumedBy)
	s.note(records.Resumed, "")
	s.tell(News{Kind: Resumed})
	return nil
}

// mute lets the citizen hear silence.
func (s *session) mute(r request, on bool) error {
	if err := s.serves(r.agent); err != nil {
		return err
	}
	if err := s.medium.Mute(r.ctx, on); err != nil {
		return err
	}
	s.muted = on
	kind := Unmuted
	if on {
		kind = Muted
	}
	s.tell(News{Kind: kind})
	return nil
}

// serves says whether the agent has the citizen now.
func (s *session) serves(agent contact.AgentID) error {
	switch {
	case agent != s.agent:
		return ErrNotYours
	case s.state != Serving && s.state != Holding:
		return ErrState
	default:
		return nil
	}
}

// talks says whether the citizen is with an agent.
func (s *session) talks() bool {
	return s.state == Serving || s.state == Holding || s.state == Reconnecting
}

func (s *session) countHold() {
	if s.state == Holding {
		s.record.Held += s.now().Sub(s.heldAt)
	}
}
