package rtp

import "time"

// rest is a port in quarantine. Its sockets stay bound and connected, unread:
// what the last peer still sends goes nowhere, and nobody else gets the port.
type rest struct {
	pair
	until time.Time
}

// release sends a session's ports to rest.
func (p *Ports) release(s *Session) {
	s.rest()
	p.mu.Lock()
	defer p.mu.Unlock()
	delete(p.open, s)
	p.metrics.open.Dec()
	if p.closed || p.config.Quarantine == 0 {
		s.close()
		delete(p.taken, s.port)
		return
	}
	p.resting = append(p.resting, rest{s.pair, time.Now().Add(p.config.Quarantine)})
	p.metrics.resting.Inc()
}

// wake ends the quarantine of those whose time has come; they stand in order.
func (p *Ports) wake(now time.Time) {
	p.mu.Lock()
	defer p.mu.Unlock()
	n := 0
	for n < len(p.resting) && !p.resting[n].until.After(now) {
		p.rouse(p.resting[n])
		n++
	}
	p.resting = append(p.resting[:0], p.resting[n:]...)
}

// rouse frees one port; p.mu is held.
func (p *Ports) rouse(r rest) {
	r.close()
	delete(p.taken, r.port)
	p.metrics.resting.Dec()
}
