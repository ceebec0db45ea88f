package gatewaytest

import (
	"fmt"
	"sync"

	"hotline/contact"
	"hotline/gateway"
	"hotline/media"
)

// Seats are agents with audio. The zero value has none.
type Seats struct {
	mu    sync.Mutex
	seats map[contact.AgentID]*Stream
}

var _ gateway.Seats = (*Seats)(nil)

// Sit gives an agent a seat with audio.
func (s *Seats) Sit(agent contact.AgentID) *Stream {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.seats == nil {
		s.seats = map[contact.AgentID]*Stream{}
	}
	s.seats[agent] = NewStream()
	return s.seats[agent]
}

// SeatMedia implements gateway.Seats.
func (s *Seats) SeatMedia(agent contact.AgentID) (media.Stream, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if seat := s.seats[agent]; seat != nil {
		return seat, nil
	}
	return nil, fmt.Errorf("agent %s has no seat", agent)
}
