package load

import (
	"bytes"
	"sync/atomic"
	"time"

	"hotline/media"
	"hotline/media/prompt"
	"hotline/media/tone"
)

// agentHz is what agents say. Its period divides a packet, so that all of their
// packets are alike and the house's music is like none of them.
const agentHz = 1000

// speech is one packet of an agent's voice.
func speech() []int16 { return tone.Sine(agentHz, 0.3, media.SampleRate, media.FrameSamples) }

// signature is that packet as it is heard, since nothing is transcoded.
func signature() []byte {
	var octets []byte
	for _, s := range speech() {
		octets = append(octets, media.ALaw.Encode(s))
	}
	return octets
}

// murmur is what citizens say.
func murmur() prompt.Audio { return prompt.Tone(440, time.Second, 0.3) }

// listener waits for an agent's first packet. It is a media.Sink.
type listener struct {
	want  []byte
	heard atomic.Int64 // Unix ns; 0: not yet
	now   chan struct{}
}

func newListener(want []byte) *listener { return &listener{want: want, now: make(chan struct{})} }

// Write implements media.Sink.
func (l *listener) Write(p *media.Packet) {
	if l.heard.Load() != 0 || !bytes.Equal(p.Payload, l.want) {
		return
	}
	if l.heard.CompareAndSwap(0, time.Now().UnixNano()) {
		close(l.now)
	}
}

// at is when it was; zero: never.
func (l *listener) at() time.Time {
	if ns := l.heard.Load(); ns != 0 {
		return time.Unix(0, ns)
	}
	return time.Time{}
}
