package rtp

import (
	"time"

	"hotline/media"
)

// inbound is the reader's own state: the buffer and the packet.
type inbound struct {
	session *Session
	packet  media.Packet
	buffer  [media.MaxDatagram]byte
}

// take handles the n octets that were read into the buffer.
func (in *inbound) take(n int) {
	s := in.session
	if !s.joined.Load() {
		return
	}
	header, payload, err := media.ParseRTP(in.buffer[:n])
	if err != nil || !in.classify(header.PayloadType, len(payload)) {
		s.ports.metrics.foreign.Inc()
		return
	}
	p := &in.packet
	p.Marker, p.Sequence, p.Timestamp = header.Marker, header.Sequence, header.Timestamp
	p.SSRC, p.Payload = header.SSRC, payload
	s.inlet.Take(p, time.Now())
}

// classify tells what a payload type carries; false for what was not agreed.
// Either law is taken: some carriers send the other one after a transfer.
func (in *inbound) classify(payloadType uint8, size int) bool {
	p := &in.packet
	switch {
	case size == 0:
		return false
	case payloadType == media.PayloadPCMA:
		p.Kind, p.Law = media.Audio, media.ALaw
	case payloadType == media.PayloadPCMU:
		p.Kind, p.Law = media.Audio, media.MuLaw
	case uint32(payloadType) == in.session.format.Load()>>8 && payloadType != 0:
		p.Kind = media.Digit
	default:
		return false
	}
	return true
}
