package rtp

import "time"

// Silent is closed when the peer has sent nothing for the configured time
// since Start, or since its last packet, and is not held.
func (s *Session) Silent() <-chan struct{} { return s.silent }

// guard starts the watch. It costs one timer a minute, none a packet.
func (s *Session) guard() {
	if limit := s.ports.config.Silence; limit > 0 {
		s.since = time.Now()
		s.watch = time.AfterFunc(limit, s.look)
	}
}

// look closes Silent, or comes back when that may be due.
func (s *Session) look() {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed {
		return
	}
	limit := s.ports.config.Silence
	if s.held.Load() {
		s.watch.Reset(limit)
		return
	}
	heard := s.since
	if last := s.inlet.Last(); last.After(heard) {
		heard = last
	}
	if left := limit - time.Since(heard); left > 0 {
		s.watch.Reset(left)
		return
	}
	s.ports.metrics.silent.Inc()
	close(s.silent)
}
