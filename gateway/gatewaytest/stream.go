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
	ear *tone.Ear
	out *media.OutStream
	in  *media.Inlet

	mu   sync.Mutex
	said media.Packet
}

var _ media.Stream = (*Stream)(nil)

// NewStream returns the audio of a person who says nothing yet.
func NewStream() *Stream {
	ear := tone.NewEar(earLength)
	return &Stream{
		ear: ear, in: media.NewInlet(),
		out: media.NewOutStream(media.OutConfig{Writer: writer{ear}, Digits: true}),
	}
}

type writer struct{ ear *tone.Ear }

// WritePacket implements media.Writer.
func (w writer) WritePacket(p *media.Packet) error {
	w.ear.Write(p)
	return nil
}

// Out implements media.Stream.
func (s *Stream) Out() *media.OutStream { return s.out }

// Forward implements media.Stream.
func (s *Stream) Forward(to media.Sink) { s.in.Forward(to) }

// Digits implements media.Stream.
func (s *Stream) Digits() <-chan rune { return s.in.Digits() }

// Stats implements media.Stream.
func (s *Stream) Stats() media.Stats {
	var stats media.Stats
	s.in.Fill(&stats)
	s.out.Fill(&stats)
	return stats
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
