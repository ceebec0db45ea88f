package recorder

import (
	"log/slog"
	"sync"
	"time"

	"hotline/media"
)

// The channels of a recording.
const (
	left  = iota // what the citizen said
	right        // what the citizen heard
)

// Recording is one call that is written down. Any goroutine may call its
// methods; none waits for the disk.
type Recording struct {
	recorder    *Recorder
	log         *slog.Logger
	name        string // of the finished file, below the folder
	began       time.Time
	said, heard side
	done        chan struct{}

	mu     sync.Mutex
	ring   ring
	marks  marks
	ended  bool
	end    int64 // valid once ended
	result result

	file writing // of the writer's goroutine
}

// side is one channel's entrance.
type side struct {
	of      *Recording
	channel int
	track   track
}

// Write implements media.Sink.
func (s *side) Write(p *media.Packet) { s.of.take(s, p) }

// Said is where the packets go that the citizen sends.
func (rec *Recording) Said() media.Sink { return &rec.said }

// Heard is where the packets go that the citizen is sent.
func (rec *Recording) Heard() media.Sink { return &rec.heard }

// Path names the finished file below the recordings' folder, such as
// "2026-11-24/01JDG3Z4V7Q8W9X0Y1Z2A3B4C5.wav", from the beginning on; empty
// when it turned out that nothing could be written.
func (rec *Recording) Path() string {
	rec.mu.Lock()
	defer rec.mu.Unlock()
	if rec.result == lost {
		return ""
	}
	return rec.name
}

// End ends the recording; the file has its name once Done is closed. Safe to
// call twice.
func (rec *Recording) End() {
	rec.mu.Lock()
	defer rec.mu.Unlock()
	if rec.ended {
		return
	}
	rec.end = rec.position(rec.recorder.now())
	rec.ended = true
	rec.recorder.nudge()
}

// Done is closed when nothing more is written.
func (rec *Recording) Done() <-chan struct{} { return rec.done }

// position is a time on the axis of the call, in samples.
func (rec *Recording) position(t time.Time) int64 {
	const perSample = int64(time.Second / media.SampleRate)
	return min(max(int64(t.Sub(rec.began))/perSample, 0), maxFrames)
}

// take places one packet. It allocates nothing.
func (rec *Recording) take(s *side, p *media.Packet) {
	rec.mu.Lock()
	defer rec.mu.Unlock()
	if rec.ended || p.Kind != media.Audio { // a key pressed is silence
		return
	}
	at, ok := s.track.place(p, rec.position(rec.recorder.now()))
	if !ok {
		return
	}
	if to := at + int64(len(p.Payload)); to > rec.ring.end() { // the disk stands still
		rec.marks.add(mark{at, to, to})
	}
	if p.Law == media.ALaw {
		rec.ring.put(at, s.channel, p.Payload)
		return
	}
	rec.convert(at, s.channel, p)
}

// convert places what is not A-law.
func (rec *Recording) convert(at int64, channel int, p *media.Packet) {
	var converted [media.MaxDatagram]byte
	if len(p.Payload) <= len(converted) {
		rec.ring.put(at, channel, p.Law.AppendConverted(converted[:0], p.Payload, media.ALaw))
	}
}
