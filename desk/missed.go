package desk

import (
	"time"

	"hotline/session"
)

// misses is the memory of rings that came to nothing: a seat comes back by
// itself after the first, and stays away after some in a row.
type misses struct {
	row    int       // rings not answered or declined, one after the other
	backAt time.Time // when the seat gets ready by itself; zero: it does not
	serial uint64    // of waits, so that old timers are known
}

// missed counts a ring; the queue has set the seat away.
func (s *seat) missed(why session.RingEnd) {
	s.stay()
	if why == session.RingUnreachable {
		return // the page hangs: somebody must look at it
	}
	s.misses.row++
	c := s.desk.o.Config
	if c.Missed > 0 && s.misses.row >= c.Missed {
		return
	}
	s.misses.backAt = s.desk.o.Now().Add(c.CoolDown)
	mine := s.misses.serial
	s.after(c.CoolDown, func() {
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
