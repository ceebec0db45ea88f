package media

import (
	"sync"
	"sync/atomic"
	"time"
)

// Writer puts a finished packet on the wire. It is called by one goroutine at
// a time and must not keep p.
type Writer interface {
	WritePacket(p *Packet) error
}

// OutConfig is what an OutStream begins with.
type OutConfig struct {
	SSRC   uint32 // 0 chooses one at random
	Law    Law
	Digits bool // the receiver understands telephone-events
	Writer Writer
	Now    func() time.Time // nil is time.Now
}

// OutStream is what one person hears during one call or at one seat. It owns
// the SSRC, the sequence numbers and the timestamps, so that announcement,
// music and agent can take turns and the far end hears one unbroken stream:
//
//   - within a source gaps are kept: the far end sees loss and silence as they are;
//   - at a switch the sequence goes on by one, the timestamp by the time that
//     passed (at least one frame), and the marker is set;
//   - another SSRC, or a jump, within a source counts as a switch;
//   - a sequence number leaves once at most, which SRTP relies on;
//   - timestamps of audio never go back.
//
// Sources may write from different goroutines.
type OutStream struct {
	selected atomic.Pointer[selection]
	tap      atomic.Pointer[Sink]
	format   atomic.Uint32
	packets  atomic.Uint64
	octets   atomic.Uint64
	failed   atomic.Uint64

	mu     sync.Mutex // held while one packet leaves; Writer does not block
	writer Writer
	now    func() time.Time
	number numbering
	out    Packet
	buffer [MaxDatagram]byte
}

// selection is one turn of one source.
type selection struct{ source *Source }

// Source is one entrance of an OutStream. Only the selected one is heard.
type Source struct{ stream *OutStream }

const (
	formatMuLaw uint32 = 1 << iota
	formatDigits
)

// NewOutStream returns a stream without a source. First numbers are random
// (RFC 3550 §5.1), the sequence in the lower half so that an SRTP receiver
// cannot miss the first roll-over (RFC 3711 §3.3.1).
func NewOutStream(c OutConfig) *OutStream {
	if c.Now == nil {
		c.Now = time.Now
	}
	if c.SSRC == 0 {
		c.SSRC = RandomNumber() | 1
	}
	o := &OutStream{writer: c.Writer, now: c.Now}
	o.number = numbering{seq: uint16(RandomNumber() >> 17), timestamp: RandomNumber()}
	o.out.SSRC = c.SSRC
	o.SetFormat(c.Law, c.Digits)
	return o
}

// SetFormat changes what the receiver understands; a re-INVITE may. Audio of
// the other law is converted, digits that it does not understand are left out.
func (o *OutStream) SetFormat(law Law, digits bool) {
	var f uint32
	if law == MuLaw {
		f |= formatMuLaw
	}
	if digits {
		f |= formatDigits
	}
	o.format.Store(f)
}

// NewSource returns a new entrance. It costs nothing when dropped.
func (o *OutStream) NewSource() *Source { return &Source{o} }

// Select lets s be heard from its next packet on; nil sends nothing. It is one
// atomic store. A packet that is leaving just now may still be of the source before.
func (o *OutStream) Select(s *Source) {
	if s == nil {
		o.selected.Store(nil)
		return
	}
	if o.Selected() != s {
		o.selected.Store(&selection{s})
	}
}

// Borrow lets s be heard if nobody else is, and says whether it is.
func (o *OutStream) Borrow(s *Source) bool {
	return o.selected.CompareAndSwap(nil, &selection{s})
}

// Release ends the turn of s, and nobody else's.
func (o *OutStream) Release(s *Source) {
	if turn := o.selected.Load(); turn != nil && turn.source == s {
		o.selected.CompareAndSwap(turn, nil)
	}
}

// Selected is the source that is heard now, or nil.
func (o *OutStream) Selected() *Source {
	if turn := o.selected.Load(); turn != nil {
		return turn.source
	}
	return nil
}

// Tap copies every packet, as it leaves, to the sink; nil ends it.
func (o *OutStream) Tap(to Sink) { store(&o.tap, to) }

// SSRC is the stream's synchronisation source.
func (o *OutStream) SSRC() uint32 { return o.out.SSRC }

// Fill writes what was sent into s.
func (o *OutStream) Fill(s *Stats) {
	s.Out, s.OutBytes = o.packets.Load(), o.octets.Load()
}

// Sent is what a sender report tells of a stream (RFC 3550 §6.4.1).
type Sent struct {
	Packets, Octets uint64
	Timestamp       uint32    // of the newest packet
	At              time.Time // when that left; zero before the first
}

// Sent returns what has left by now. It waits for a packet that is leaving.
func (o *OutStream) Sent() Sent {
	o.mu.Lock()
	defer o.mu.Unlock()
	return Sent{o.packets.Load(), o.octets.Load(), o.number.timestamp, o.number.sent}
}

// Failed counts packets that the Writer refused.
func (o *OutStream) Failed() uint64 { return o.failed.Load() }

// Write implements Sink: a packet of the selected source leaves, others are dropped.
func (s *Source) Write(p *Packet) {
	turn := s.stream.selected.Load()
	if turn == nil || turn.source != s {
		return
	}
	s.stream.write(turn, p)
}

func (o *OutStream) write(turn *selection, p *Packet) {
	format := o.format.Load()
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.selected.Load() != turn {
		return // another source took over while we waited
	}
	if !o.number.assign(turn, p, &o.out, format&formatDigits != 0, o.now()) {
		return
	}
	o.render(p, format)
	if tap := o.tap.Load(); tap != nil {
		(*tap).Write(&o.out)
	}
	if err := o.writer.WritePacket(&o.out); err != nil {
		o.failed.Add(1)
		return
	}
	o.packets.Add(1)
	o.octets.Add(uint64(len(o.out.Payload)))
}

// render fills in what the numbering did not.
func (o *OutStream) render(p *Packet, format uint32) {
	o.out.Kind, o.out.Law, o.out.Payload = p.Kind, p.Law, p.Payload
	law := ALaw
	if format&formatMuLaw != 0 {
		law = MuLaw
	}
	if p.Kind == Audio && p.Law != law && len(p.Payload) <= len(o.buffer) {
		o.out.Payload = p.Law.AppendConverted(o.buffer[:0], p.Payload, law)
		o.out.Law = law
	}
}
