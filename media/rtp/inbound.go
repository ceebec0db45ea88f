package rtp

import (
	"time"

	"hotline/media"
)

// inbound is the audio socket's reader: buffer and packet. A loop calls it.
type inbound struct {
	session *Session
	pace    pace
	packet  media.Packet
	buffer  [media.MaxDatagram]byte
}

// ready reads what a loop found waiting: one datagram. What is left is reported
// again after the other sockets had their turn; a socket that holds one, as they
// do at 50 packets a second, costs no second call to learn that it is empty.
func (in *inbound) ready(now time.Time) {
	n, ok := in.session.audio.read(in.buffer[:])
	if !ok {
		return
	}
	if !in.pace.allow(now) {
		in.session.ports.metrics.flooded.Inc()
		return
	}
	in.take(n, now)
}

// take handles the n octets that were read into the buffer.
func (in *inbound) take(n int, now time.Time) {
	header, payload, err := media.ParseRTP(in.buffer[:n])
	if err != nil || !in.classify(header.PayloadType, len(payload)) {
		in.session.ports.metrics.foreign.Inc()
		return
	}
	p := &in.packet
	p.Marker, p.Sequence, p.Timestamp = header.Marker, header.Sequence, header.Timestamp
	p.SSRC, p.Payload = header.SSRC, payload
	in.session.inlet.Take(p, now)
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
