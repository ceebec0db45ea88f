package desk

import "time"

// The memory of a stream (docs/desk-protocol.md, "Opening").
const (
	streamEvents = 1000
	streamAge    = 10 * time.Minute
)

// stream remembers a seat's last events, so that a desk that was cut off can
// be told what it missed.
type stream struct {
	seq    uint64 // of the newest event; 0 before the first
	events []event
}

type event struct {
	seq   uint64
	at    time.Time
	frame []byte
}

// add gives the next number to the event that render writes.
func (s *stream) add(now time.Time, render func(seq uint64) []byte) []byte {
	s.seq++
	frame := render(s.seq)
	s.events = append(s.events, event{s.seq, now, frame})
	s.forget(now)
	return frame
}

// forget drops what is too old or too much.
func (s *stream) forget(now time.Time) {
	drop := max(len(s.events)-streamEvents, 0)
	for drop < len(s.events) && now.Sub(s.events[drop].at) > streamAge {
		drop++
	}
	s.events = s.events[drop:]
}

// since returns the events after seq; ok is false when some are forgotten, or
// seq is none of ours.
func (s *stream) since(now time.Time, seq uint64) (frames [][]byte, ok bool) {
	s.forget(now)
	if seq > s.seq {
		return nil, false
	}
	first := s.seq + 1 - uint64(len(s.events))
	if seq+1 < first {
		return nil, false
	}
	for _, e := range s.events[seq+1-first:] {
		frames = append(frames, e.frame)
	}
	return frames, true
}
