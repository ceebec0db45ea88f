package prompt

import (
	"log/slog"
	"sync"
	"sync/atomic"
	"time"

	"hotline/media"
)

const (
	// slots spread what is played over the 20 ms of a frame, so that packets do
	// not leave in bursts.
	slots    = 20
	slotTime = media.FrameDuration / slots
	// maxLag is how late the wheel makes good for: beyond it (the machine was
	// suspended) the lost time is skipped.
	maxLag = 200 * time.Millisecond
)

// Wheel is the clock of all that is played. Deadlines are counted from an
// epoch, so that no drift adds up.
type Wheel struct {
	log  *slog.Logger
	wake chan struct{}
	stop chan struct{}
	done chan struct{}

	mu     sync.Mutex
	closed bool
	added  []*Playing
}

// Playing is one audio on its way to one sink.
type Playing struct {
	to      media.Sink
	audio   []byte
	loop    bool
	next    int // offset of the next frame
	packet  media.Packet
	stopped atomic.Bool
	done    chan struct{}
}

// NewWheel starts the wheel's goroutine; Close ends it.
func NewWheel(log *slog.Logger) *Wheel {
	w := &Wheel{
		log:  log,
		wake: make(chan struct{}, 1),
		stop: make(chan struct{}),
		done: make(chan struct{}),
	}
	go w.run()
	return w
}

// Play sends a to the sink, a frame each 20 ms, beginning within a frame; loop
// repeats it until Stop. It never blocks. On a closed wheel, or with empty
// audio, Done is closed at once.
func (w *Wheel) Play(to media.Sink, a Audio, loop bool) *Playing {
	p := &Playing{to: to, audio: a.alaw, loop: loop, done: make(chan struct{})}
	p.packet = media.Packet{
		Kind: media.Audio, Law: media.ALaw, SSRC: media.RandomNumber(),
		Sequence: uint16(media.RandomNumber()), Timestamp: media.RandomNumber(),
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.closed || len(a.alaw) == 0 {
		close(p.done)
		return p
	}
	w.added = append(w.added, p)
	select {
	case w.wake <- struct{}{}:
	default:
	}
	return p
}

// Done is closed when the audio has been heard to its end, or was stopped: no
// packet is written after it.
func (p *Playing) Done() <-chan struct{} { return p.done }

// Stop ends it within a frame. It does not wait and is safe to call twice.
func (p *Playing) Stop() { p.stopped.Store(true) }

// Close ends all that is played and returns when the goroutine is gone. It is
// safe to call twice, and must not be called from within a Sink.
func (w *Wheel) Close() {
	w.mu.Lock()
	if !w.closed {
		w.closed = true
		close(w.stop)
	}
	w.mu.Unlock()
	<-w.done
}

// step writes the next frame; false when there is none.
func (p *Playing) step() bool {
	if p.next == len(p.audio) && p.loop {
		p.next = 0
	}
	if p.stopped.Load() || p.next == len(p.audio) {
		close(p.done)
		return false
	}
	p.packet.Payload = p.audio[p.next : p.next+media.FrameSamples]
	p.packet.Sequence++
	p.packet.Timestamp += media.FrameSamples
	p.next += media.FrameSamples
	p.to.Write(&p.packet)
	return true
}
