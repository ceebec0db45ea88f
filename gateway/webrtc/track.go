package webrtc

import (
	"errors"
	"strings"
	"sync/atomic"

	"github.com/pion/rtp"
	pion "github.com/pion/webrtc/v4"

	"hotline/media"
)

var errNoG711 = errors.New("webrtc: no G.711 was negotiated")

// track is what the browser plays. pion's own tracks force one payload type on
// all packets; ours gives each its own, so that digits share the stream.
type track struct {
	bound  atomic.Pointer[binding]
	header rtp.Header // of the packet that leaves; the OutStream's lock guards it
}

// binding is what was negotiated.
type binding struct {
	id     string
	ssrc   uint32
	writer pion.TrackLocalWriter
	law    media.Law
	digits uint8 // payload type; 0 for none
}

// Bind implements pion.TrackLocal.
func (t *track) Bind(c pion.TrackLocalContext) (pion.RTPCodecParameters, error) {
	b := &binding{id: c.ID(), ssrc: uint32(c.SSRC()), writer: c.WriteStream()}
	codec, ok := pick(c.CodecParameters(), pion.MimeTypePCMA)
	if !ok {
		b.law = media.MuLaw
		codec, ok = pick(c.CodecParameters(), pion.MimeTypePCMU)
	}
	if !ok {
		return pion.RTPCodecParameters{}, errNoG711
	}
	if events, ok := pick(c.CodecParameters(), mimeDigits); ok {
		b.digits = uint8(events.PayloadType)
	}
	t.bound.Store(b)
	return codec, nil
}

func pick(codecs []pion.RTPCodecParameters, mime string) (pion.RTPCodecParameters, bool) {
	for _, c := range codecs {
		if strings.EqualFold(c.MimeType, mime) {
			return c, true
		}
	}
	return pion.RTPCodecParameters{}, false
}

// Unbind implements pion.TrackLocal.
func (t *track) Unbind(pion.TrackLocalContext) error {
	t.bound.Store(nil)
	return nil
}

// ID implements pion.TrackLocal.
func (*track) ID() string { return "citizen" }

// RID implements pion.TrackLocal.
func (*track) RID() string { return "" }

// StreamID implements pion.TrackLocal.
func (*track) StreamID() string { return "hotline" }

// Kind implements pion.TrackLocal.
func (*track) Kind() pion.RTPCodecType { return pion.RTPCodecTypeAudio }

// write sends one packet of the seat's stream under the connection's own SSRC.
func (t *track) write(p *media.Packet) error {
	b := t.bound.Load()
	if b == nil {
		return nil
	}
	t.header = rtp.Header{
		Version: 2, Marker: p.Marker, PayloadType: p.Law.PayloadType(),
		SequenceNumber: p.Sequence, Timestamp: p.Timestamp, SSRC: b.ssrc,
	}
	if p.Kind == media.Digit {
		t.header.PayloadType = b.digits
	}
	_, err := b.writer.WriteRTP(&t.header, p.Payload)
	return err
}
