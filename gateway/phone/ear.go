package phone

import (
	"sync"
	"time"

	"hotline/media"
	"hotline/media/prompt"
)

// ear records what the phone hears, as A-law. Gaps in the time of the packets
// become silence, so that the record is as long as the call was.
type ear struct {
	keep bool
	most int
	next media.Sink // nil: nobody listens in

	mu      sync.Mutex
	samples []byte
	began   bool
	ssrc    uint32
	expect  uint32 // timestamp of what should come next
}

func newEar(o Options) *ear {
	return &ear{keep: o.Record, next: o.Hears, most: int(o.MaxRecord * media.SampleRate / time.Second)}
}

// Write implements media.Sink. Growth of the record is its only allocation;
// this is a phone, not the house's hot path.
func (e *ear) Write(p *media.Packet) {
	if e.next != nil {
		e.next.Write(p)
	}
	if !e.keep || p.Kind != media.Audio {
		return
	}
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.began && p.SSRC == e.ssrc {
		e.pad(int32(p.Timestamp - e.expect))
	}
	e.began, e.ssrc, e.expect = true, p.SSRC, p.Timestamp+uint32(len(p.Payload))
	if room := e.most - len(e.samples); room >= len(p.Payload) {
		e.samples = p.Law.AppendConverted(e.samples, p.Payload, media.ALaw)
	}
}

func (e *ear) pad(n int32) {
	for ; n > 0 && len(e.samples) < e.most; n-- {
		e.samples = append(e.samples, media.SilenceALaw)
	}
}

func (e *ear) audio() prompt.Audio {
	e.mu.Lock()
	defer e.mu.Unlock()
	return prompt.NewAudio(e.samples)
}
