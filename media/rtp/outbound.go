package rtp

import (
	"errors"

	"hotline/media"
)

var errTooLong = errors.New("rtp: payload too long")

// WritePacket implements media.Writer. The session's OutStream is its only caller.
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
	_, err := s.conn.Write(s.wire[:size])
	return err
}

func (s *Session) payloadType(p *media.Packet) uint8 {
	if p.Kind == media.Digit {
		return uint8(s.format.Load() >> 8)
	}
	return p.Law.PayloadType()
}
