package desk

import (
	"time"

	"hotline/session"
)

// misses is the memory of rings that came to nothing: by the policy a seat comes
// back by itself after some, and stays away after more in a row.
type misses struct {
	row    int       // rings not answered, one after the other
	backAt time.Time // when the seat gets ready by itself; zero: it does not
	serial uint64    // of waits, so that old timers are known
}

// missed counts a ring; the queue has set the seat away.
func (s *seat) missed(why session.RingEnd) {
	s.stay()
	rules := s.desk.o.Lines.Refusals()
	switch why {
	case session.RingUnreachable: // the page hangs: somebody must look at it
		return
	case session.RingUnanswered:
		if s.misses.row++; s.misses.row >= rules.Missed {
			return
		}
	default: // the agent is there, and said no
	}
	s.misses.backAt = s.desk.o.Now().Add(rules.CoolDown)
	mine := s.misses.serial
	s.after(rules.CoolDown, func() {
		if s.misses.serial == mine {
			s.comeBack()
		}
	})
}

// stay ends a wait: the seat does not come back by itself.
func (s *seat) stay() {
	s.misses.serial++
	s.misses.backAt = time.Time{}
}

// attended begins the count again.
func (s *seat) attended() {
	s.stay()
	s.misses.row = 0
}

// comeBack is the end of the cool-down.
func (s *seat) comeBack() {
	s.stay()
	switch {
	case s.pending != nil && s.pending.State == NotReady:
		s.pending = nil
	case s.state == NotReady && s.pending == nil:
		s.pending = &pending{State: Ready}
	default:
		return
	}
	s.herald.again()
}

// setBack takes the seat out of the queue, at once or after the call.
func (s *seat) setBack(reason string) {
	switch {
	case s.state == Ready:
		s.pending = nil
		s.move(RingFailed, reason)
	case s.state.busy() && (s.pending == nil || s.pending.State != Break):
		s.pending = &pending{State: NotReady, Reason: reason}
	case s.pending != nil && s.pending.State == Ready:
		s.pending = nil
	}
}
