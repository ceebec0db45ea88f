package media

import (
	"sync/atomic"
	"time"
)

// keysBuffered is how many key presses wait for their reader; more are dropped.
const keysBuffered = 32

// Inlet is what one person says: it counts, finds the keys pressed, and hands
// the packets on. Take and Close are called by one goroutine at a time; the
// rest by any.
type Inlet struct {
	sink   atomic.Pointer[Sink]
	tap    atomic.Pointer[Sink]
	keys   chan rune
	meter  Meter
	digits DigitReceiver
}

// NewInlet returns an inlet that discards.
func NewInlet() *Inlet { return &Inlet{keys: make(chan rune, keysBuffered)} }

// Take handles one packet that arrived at now. It allocates nothing.
func (in *Inlet) Take(p *Packet, now time.Time) {
	in.meter.Receive(p, now)
	if p.Kind == Digit {
		in.press(p, now)
	}
	if sink := in.sink.Load(); sink != nil {
		(*sink).Write(p)
	}
	if tap := in.tap.Load(); tap != nil {
		(*tap).Write(p)
	}
}

func (in *Inlet) press(p *Packet, now time.Time) {
	key, fresh := in.digits.Receive(p, now)
	if !fresh {
		return
	}
	select {
	case in.keys <- key:
	default: // nobody reads: the press is lost, the audio goes on
	}
}

// Forward is Stream.Forward.
func (in *Inlet) Forward(to Sink) { store(&in.sink, to) }

// Tap copies every packet to the sink as well; nil ends it.
func (in *Inlet) Tap(to Sink) { store(&in.tap, to) }

func store(at *atomic.Pointer[Sink], to Sink) {
	if to == nil {
		at.Store(nil)
		return
	}
	at.Store(&to)
}

// Digits is Stream.Digits.
func (in *Inlet) Digits() <-chan rune { return in.keys }

// Fill writes what came in into s.
func (in *Inlet) Fill(s *Stats) { in.meter.Fill(s) }

// Highest is Meter.Highest.
func (in *Inlet) Highest() (ssrc, sequence uint32) { return in.meter.Highest() }

// Last is when the newest packet arrived; zero before the first.
func (in *Inlet) Last() time.Time { return in.meter.Last() }

// Close closes Digits. No Take may follow.
func (in *Inlet) Close() { close(in.keys) }
