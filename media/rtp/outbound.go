package rtp

import (
	"errors"

	"hotline/media"
)

var (
	errTooLong = errors.New("rtp: payload too long")
	errNoRoom  = errors.New("rtp: packet dropped by the kernel")
)

// WritePacket implements media.Writer. The session's OutStream is its only
// caller. A packet that the kernel has no room for is dropped and counted: late
// audio is of no use.
func (s *Session) WritePacket(p *media.Packet) error {
	if !s.sending.Load() {
		return nil
	}
	size := media.HeaderSize + len(p.Payload)
	if size > len(s.wire) {
		return errTooLong
	}
	media.Header{
		Marker: p.Marker, PayloadType: s.payloadType(p),
		Sequence: p.Sequence, Timestamp: p.Timestamp, SSRC: p.SSRC,
	}.Put(s.wire[:])
	copy(s.wire[media.HeaderSize:], p.Payload)
	if !s.audio.write(s.wire[:size]) {
		s.ports.metrics.unsent.Inc()
		return errNoRoom
	}
	return nil
}

func (s *Session) payloadType(p *media.Packet) uint8 {
	if p.Kind == media.Digit {
		return uint8(s.format.Load() >> 8)
	}
	return p.Law.PayloadType()
}
