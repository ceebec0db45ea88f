package webrtc

import (
	"strings"

	pion "github.com/pion/webrtc/v4"

	"hotline/media"
)

// inbound is a reader's own state.
type inbound struct {
	digits uint8 // payload type; 0 for none
	packet media.Packet
	buffer [media.MaxDatagram]byte
}

func (in *inbound) learn(codecs []pion.RTPCodecParameters) {
	for _, c := range codecs {
		if strings.EqualFold(c.MimeType, mimeDigits) {
			in.digits = uint8(c.PayloadType)
		}
	}
}

// parse reads the n octets of the buffer into the packet; false for what is
// neither G.711 nor a telephone-event.
func (in *inbound) parse(n int) bool {
	h, payload, err := media.ParseRTP(in.buffer[:n])
	if err != nil || len(payload) == 0 {
		return false
	}
	p := &in.packet
	switch {
	case h.PayloadType == media.PayloadPCMA:
		p.Kind, p.Law = media.Audio, media.ALaw
	case h.PayloadType == media.PayloadPCMU:
		p.Kind, p.Law = media.Audio, media.MuLaw
	case h.PayloadType == in.digits && in.digits != 0:
		p.Kind = media.Digit
	default:
		return false
	}
	p.Marker, p.Sequence, p.Timestamp, p.SSRC, p.Payload = h.Marker, h.Sequence, h.Timestamp, h.SSRC, payload
	return true
}
