package webrtc

import (
	"time"

	"hotline/media"
)

// Events reports what becomes of the seat's connection. It is closed with the
// seat. Who does not read loses the oldest news, never audio.
func (s *Seat) Events() <-chan SeatEvent { return s.events }

// Connected says whether the browser is connected.
func (s *Seat) Connected() bool { return s.active.Load() != nil }

// WritePacket implements media.Writer. The seat's OutStream is its only caller.
func (s *Seat) WritePacket(p *media.Packet) error {
	if current := s.active.Load(); current != nil {
		return current.track.write(p)
	}
	return nil
}

// take handles one packet of a browser. What a connection sends that is not,
// or no longer, the active one is dropped.
func (s *Seat) take(from *peer, p *media.Packet) {
	s.in.Lock()
	defer s.in.Unlock()
	if s.ended || s.active.Load() != from {
		return
	}
	s.inlet.Take(p, time.Now())
	if s.proof != nil {
		s.proof.add(p)
	}
}
