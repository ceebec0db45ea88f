package main

import (
	"math"
	"sync/atomic"
	"time"

	"hotline/media"
)

// stream is one direction of one call.
type stream struct {
	id     uint32
	toward direction
	send   func(packet []byte) error

	next     atomic.Uint32 // the sequence number of the next packet
	from, to atomic.Uint32 // those that count: from ≤ sequence < to
	got      atomic.Uint64
	refused  atomic.Uint64 // sends that failed

	packet [media.HeaderSize + media.FrameSamples]byte
}

// direction is who hears a stream: the end that was opened first, or second.
type direction int

const (
	towardFirst direction = iota
	towardSecond
)

func newStream(id int, toward direction, send func([]byte) error) *stream {
	s := &stream{id: uint32(id), toward: toward, send: send}
	s.from.Store(math.MaxUint32)
	s.to.Store(math.MaxUint32)
	for i := range s.packet {
		s.packet[i] = media.ALaw.Silence()
	}
	return s
}

// emit sends the next packet. One goroutine calls it.
func (s *stream) emit() {
	n := s.next.Add(1) - 1
	media.Header{
		Marker: n == 0, PayloadType: media.PayloadPCMA, Sequence: uint16(n),
		Timestamp: n * media.FrameSamples, SSRC: 0x12345000 + s.id,
	}.Put(s.packet[:])
	stamp{s.id, n, time.Now().UnixNano()}.put(s.packet[media.HeaderSize:])
	if err := s.send(s.packet[:]); err != nil {
		s.refused.Add(1)
	}
}

// ahead is how many packets later a window begins or ends, so that none is
// under way at that moment.
const ahead = 5

// mark begins a window.
func (s *stream) mark() {
	s.from.Store(math.MaxUint32)
	s.to.Store(math.MaxUint32)
	s.got.Store(0)
	s.refused.Store(0)
	s.from.Store(s.next.Load() + ahead)
}

// finish lets the window end, a few packets from now.
func (s *stream) finish() { s.to.Store(s.next.Load() + ahead) }

// counts says whether a packet belongs to the window, and counts it.
func (s *stream) counts(sequence uint32) bool {
	if sequence < s.from.Load() || sequence >= s.to.Load() {
		return false
	}
	s.got.Add(1)
	return true
}

// sent and lost are those of the window that is finished.
func (s *stream) sent() uint64 { return uint64(s.to.Load() - s.from.Load()) }

func (s *stream) lost() uint64 {
	sent, got := s.sent(), s.got.Load()
	if got > sent {
		return 0
	}
	return sent - got
}
