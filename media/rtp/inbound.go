package rtp

import (
	"time"

	"hotline/media"
)

// inbound is the reader's own state: the buffer, the packet, the digits.
type inbound struct {
	session *Session
	packet  media.Packet
	digits  media.DigitReceiver
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
	now := time.Now()
	s.meter.Receive(p, now)
	if p.Kind == media.Digit {
		in.press(now)
	}
	if sink := s.sink.Load(); sink != nil {
		(*sink).Write(p)
	}
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

func (in *inbound) press(now time.Time) {
	key, fresh := in.digits.Receive(&in.packet, now)
	if !fresh {
		return
	}
	select {
	case in.session.keys <- key:
	default: // nobody reads: the press is lost, the audio goes on
	}
}
