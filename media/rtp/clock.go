package rtp

import "time"

// tickEvery is how often the clock looks at every call: often enough for
// silence, which is counted in seconds, and to spread the reports.
const tickEvery = 200 * time.Millisecond

// run is the clock: one goroutine for all calls.
func (p *Ports) run() {
	defer close(p.stopped)
	every := time.NewTicker(tickEvery)
	defer every.Stop()
	for {
		select {
		case now := <-every.C:
			p.tick(now)
		case <-p.stop:
			return
		}
	}
}

// tick serves all calls once, without the lock that opening a call needs.
func (p *Ports) tick(now time.Time) {
	p.mu.Lock()
	p.walk = p.walk[:0]
	for s := range p.open {
		p.walk = append(p.walk, s)
	}
	p.mu.Unlock()
	for _, s := range p.walk {
		s.tick(now)
	}
	clear(p.walk)
	p.wake(now)
}

// tick is one call's turn.
func (s *Session) tick(now time.Time) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed || !s.started {
		return
	}
	s.listen(now)
	s.attend(now)
	if s.joined {
		s.reports.report(now)
		s.overrun()
	}
}

// overrun counts what the kernel had no room for.
func (s *Session) overrun() {
	n := s.audio.dropped()
	s.ports.metrics.overrun.Add(float64(n - s.dropped))
	s.dropped = n
}
