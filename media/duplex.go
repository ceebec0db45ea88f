package media

import "time"

// Duplex is both directions of one person's audio. It implements Stream for
// the legs that embed it.
type Duplex struct {
	in  *Inlet
	out *OutStream
}

var _ Stream = Duplex{}

// NewDuplex joins what a person says with what that person hears.
func NewDuplex(in *Inlet, out *OutStream) Duplex { return Duplex{in, out} }

// Out implements Stream.
func (d Duplex) Out() *OutStream { return d.out }

// Forward implements Stream.
func (d Duplex) Forward(to Sink) { d.in.Forward(to) }

// Tap implements Stream.
func (d Duplex) Tap(said, heard Sink) {
	d.in.Tap(said)
	d.out.Tap(heard)
}

// Digits implements Stream.
func (d Duplex) Digits() <-chan rune { return d.in.Digits() }

// Stats implements Stream.
func (d Duplex) Stats() Stats {
	var stats Stats
	d.in.Fill(&stats)
	d.out.Fill(&stats)
	return stats
}

// LastPacket is when the person was last heard; zero before the first packet.
func (d Duplex) LastPacket() time.Time { return d.in.Last() }
