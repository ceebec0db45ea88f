package gatewaytest

import (
	"sync"
	"time"

	"hotline/media"
	"hotline/media/tone"
)

// earLength is how many samples an ear keeps: two seconds.
const earLength = 2 * media.SampleRate

// Stream is the audio of one person. What the person hears comes to Ear; Say
// is what the person says.
type Stream struct {
	media.Duplex
	ear *tone.Ear
	in  *media.Inlet

	mu   sync.Mutex
	said media.Packet
}

var _ media.Stream = (*Stream)(nil)

// NewStream returns the audio of a person who says nothing yet.
func NewStream() *Stream {
	ear, in := tone.NewEar(earLength), media.NewInlet()
	out := media.NewOutStream(media.OutConfig{Writer: writer{ear}, Digits: true})
	return &Stream{Duplex: media.NewDuplex(in, out), ear: ear, in: in}
}

type writer struct{ ear *tone.Ear }

// WritePacket implements media.Writer.
func (w writer) WritePacket(p *media.Packet) error {
	w.ear.Write(p)
	return nil
}

// Ear is what the person has heard.
func (s *Stream) Ear() *tone.Ear { return s.ear }

// Say says A-law samples at once, in frames of 20 ms.
func (s *Stream) Say(alaw []byte) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.said.Kind, s.said.Law = media.Audio, media.ALaw
	for ; len(alaw) >= media.FrameSamples; alaw = alaw[media.FrameSamples:] {
		s.said.Sequence++
		s.said.Timestamp += media.FrameSamples
		s.said.Payload = alaw[:media.FrameSamples]
		s.in.Take(&s.said, time.Now())
	}
}
