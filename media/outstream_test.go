package media

import (
	"errors"
	"sync"
	"testing"
	"time"

	"pgregory.net/rapid"
)

// wire keeps what left.
type wire struct {
	packets []Packet
	fail    error
}

func (w *wire) WritePacket(p *Packet) error {
	if w.fail != nil {
		return w.fail
	}
	kept := *p
	kept.Payload = append([]byte(nil), p.Payload...)
	w.packets = append(w.packets, kept)
	return nil
}

func (w *wire) last() Packet { return w.packets[len(w.packets)-1] }

// clock is a time that tests move.
type clock struct{ now time.Time }

func newClock() *clock { return &clock{time.Unix(1_000_000, 0)} }

func (c *clock) Now() time.Time          { return c.now }
func (c *clock) advance(d time.Duration) { c.now = c.now.Add(d) }

// talker makes the packets of one source.
type talker struct {
	to *Source
	p  Packet
}

func newTalker(to *Source, ssrc uint32, seq uint16, ts uint32) *talker {
	return &talker{to, Packet{SSRC: ssrc, Sequence: seq, Timestamp: ts, Payload: make([]byte, 160)}}
}

func (t *talker) say() {
	t.to.Write(&t.p)
	t.p.Sequence++
	t.p.Timestamp += FrameSamples
}

// skip leaves n packets out, as loss does.
func (t *talker) skip(n int) {
	t.p.Sequence += uint16(n)
	t.p.Timestamp += uint32(n) * FrameSamples
}

func testStream(law Law, digits bool) (*OutStream, *wire, *clock) {
	w, c := &wire{}, newClock()
	return NewOutStream(OutConfig{SSRC: 77, Law: law, Digits: digits, Writer: w, Now: c.Now}), w, c
}

func TestOutStreamSwitch(t *testing.T) {
	t.Parallel()
	tests := map[string]struct {
		pause time.Duration
		want  uint32 // step of the timestamp
	}{
		"at once":        {0, 160},
		"after a frame":  {20 * time.Millisecond, 160},
		"rounded down":   {29 * time.Millisecond, 160},
		"rounded up":     {30 * time.Millisecond, 320},
		"after a second": {time.Second, 8000},
		"clock went back": {
			-time.Minute, 160,
		},
		"after a weekend": {72 * time.Hour, 3600 * 8000},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			o, w, c := testStream(ALaw, true)
			a, b := newTalker(o.NewSource(), 1, 65535, 5), newTalker(o.NewSource(), 2, 100, 0xfffffff0)
			o.Select(a.to)
			a.say()
			before := w.last()
			o.Select(b.to)
			c.advance(tt.pause)
			a.say() // not selected any more
			b.say()
			got := w.last()
			if len(w.packets) != 2 || got.SSRC != 77 {
				t.Fatalf("%d packets, SSRC %d", len(w.packets), got.SSRC)
			}
			if got.Sequence != before.Sequence+1 || got.Timestamp-before.Timestamp != tt.want || !got.Marker {
				t.Errorf("sequence +%d, timestamp +%d, marker %v; want +1, +%d, true",
					got.Sequence-before.Sequence, got.Timestamp-before.Timestamp, got.Marker, tt.want)
			}
		})
	}
}

func TestOutStreamKeepsGapsWithinASource(t *testing.T) {
	t.Parallel()
	o, w, _ := testStream(ALaw, true)
	a := newTalker(o.NewSource(), 1, 10, 0)
	o.Select(a.to)
	a.say()
	a.skip(3)
	a.say()
	first, second := w.packets[0], w.packets[1]
	if second.Sequence-first.Sequence != 4 || second.Timestamp-first.Timestamp != 640 || second.Marker {
		t.Errorf("gap not kept: %+v then %+v", first, second)
	}
}

func TestOutStreamBeginsAnew(t *testing.T) {
	t.Parallel()
	tests := map[string]func(*talker){
		"other SSRC":             func(a *talker) { a.p.SSRC, a.p.Sequence, a.p.Timestamp = 9, 500, 12345 },
		"sequence jumps ahead":   func(a *talker) { a.p.Sequence += 2000; a.p.Timestamp += 7 },
		"sequence jumps back":    func(a *talker) { a.p.Sequence -= 2000 },
		"timestamp goes back":    func(a *talker) { a.p.Timestamp -= 8000 },
		"timestamp jumps a year": func(a *talker) { a.p.Timestamp += 1 << 30 },
	}
	for name, jump := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			o, w, c := testStream(ALaw, true)
			a := newTalker(o.NewSource(), 1, 3000, 50000)
			o.Select(a.to)
			a.say()
			before := w.last()
			jump(a)
			c.advance(FrameDuration)
			a.say()
			got := w.last()
			if got.Sequence != before.Sequence+1 || got.Timestamp != before.Timestamp+160 || !got.Marker {
				t.Errorf("%+v after %+v", got, before)
			}
		})
	}
}

func TestOutStreamDropsWhatIsLate(t *testing.T) {
	t.Parallel()
	o, w, _ := testStream(ALaw, true)
	a := newTalker(o.NewSource(), 1, 10, 1600)
	o.Select(a.to)
	a.say()
	late := newTalker(a.to, 1, 9, 1440)
	late.say() // before the first of the turn
	a.skip(1)
	a.say()
	again := newTalker(a.to, 1, 12, 1920)
	again.say() // a duplicate
	reordered := newTalker(a.to, 1, 11, 1760)
	reordered.say() // late, but of this turn
	if len(w.packets) != 3 || w.packets[2].Sequence != w.packets[0].Sequence+1 {
		t.Errorf("%d packets left: %+v", len(w.packets), w.packets)
	}
}

func TestOutStreamSameSourceAfterAPause(t *testing.T) {
	t.Parallel()
	o, w, c := testStream(ALaw, true)
	a := newTalker(o.NewSource(), 1, 10, 0)
	o.Select(a.to)
	a.say()
	o.Select(nil) // held
	for range 50 {
		a.say()
		c.advance(FrameDuration)
	}
	o.Select(a.to)
	a.say()
	if len(w.packets) != 2 || w.packets[1].Sequence != w.packets[0].Sequence+1 {
		t.Fatalf("the hold looks like loss: %d packets", len(w.packets))
	}
	if step := w.packets[1].Timestamp - w.packets[0].Timestamp; step != 8000 {
		t.Errorf("timestamp +%d, want 8000", step)
	}
}

func TestOutStreamConverts(t *testing.T) {
	t.Parallel()
	o, w, _ := testStream(MuLaw, true)
	s := o.NewSource()
	o.Select(s)
	in := []byte{SilenceALaw, 0x2a}
	s.Write(&Packet{Law: ALaw, Payload: in})
	got := w.last()
	if want := ALaw.AppendConverted(nil, in, MuLaw); got.Law != MuLaw || string(got.Payload) != string(want) {
		t.Errorf("%v %v", got.Law, got.Payload)
	}
	o.SetFormat(ALaw, true)
	s.Write(&Packet{Law: ALaw, Sequence: 1, Timestamp: 160, Payload: in})
	if got := w.last(); got.Law != ALaw || string(got.Payload) != string(in) {
		t.Errorf("after SetFormat: %v %v", got.Law, got.Payload)
	}
}

func TestOutStreamDigits(t *testing.T) {
	t.Parallel()
	for name, understood := range map[string]bool{"understood": true, "not understood": false} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			o, w, _ := testStream(ALaw, understood)
			a := newTalker(o.NewSource(), 1, 10, 1600)
			o.Select(a.to)
			a.say()
			event := Packet{Kind: Digit, SSRC: 1, Timestamp: a.p.Timestamp, Payload: Event{Code: 5}.Append(nil)}
			for range 3 {
				event.Sequence = a.p.Sequence
				a.to.Write(&event)
				a.skip(1)
			}
			a.say()
			first, last := w.packets[0], w.last()
			if understood && (len(w.packets) != 5 || w.packets[1].Timestamp != w.packets[3].Timestamp ||
				w.packets[1].Timestamp != first.Timestamp+160 || last.Sequence != first.Sequence+4) {
				t.Errorf("%+v", w.packets)
			}
			if !understood && (len(w.packets) != 2 || last.Sequence != first.Sequence+1) {
				t.Errorf("left-out digits look like loss: %+v", w.packets)
			}
			if last.Timestamp != first.Timestamp+640 {
				t.Errorf("timestamp +%d, want 640", last.Timestamp-first.Timestamp)
			}
		})
	}
}

func TestOutStreamDropsTheRestOfAnEarlierPress(t *testing.T) {
	t.Parallel()
	o, w, _ := testStream(ALaw, true)
	s := o.NewSource()
	o.Select(s)
	s.Write(&Packet{SSRC: 1, Sequence: 5, Timestamp: 1600, Payload: make([]byte, 160)})
	s.Write(&Packet{Kind: Digit, SSRC: 1, Sequence: 6, Timestamp: 800, Payload: Event{}.Append(nil)})
	if len(w.packets) != 1 {
		t.Errorf("%d packets left", len(w.packets))
	}
}

func TestOutStreamIsBorrowed(t *testing.T) {
	t.Parallel()
	o, _, _ := testStream(ALaw, true)
	call, proof := o.NewSource(), o.NewSource()
	if !o.Borrow(proof) || o.Selected() != proof {
		t.Error("an idle stream was not lent")
	}
	o.Release(call)
	if o.Selected() != proof {
		t.Error("released by another")
	}
	o.Select(call)
	if o.Borrow(proof) {
		t.Error("lent during a call")
	}
	o.Release(proof)
	if o.Selected() != call {
		t.Error("the call was cut")
	}
	o.Release(call)
	if o.Selected() != nil {
		t.Error("not released")
	}
}

func TestOutStreamCounts(t *testing.T) {
	t.Parallel()
	o, w, _ := testStream(ALaw, true)
	a := newTalker(o.NewSource(), 1, 0, 0)
	o.Select(a.to)
	a.say()
	w.fail = errors.New("no route")
	a.say()
	var got Stats
	o.Fill(&got)
	if got.Out != 1 || got.OutBytes != 160 || o.Failed() != 1 {
		t.Errorf("%+v, failed %d", got, o.Failed())
	}
}

func TestOutStreamSent(t *testing.T) {
	t.Parallel()
	o, w, clock := testStream(ALaw, true)
	if got := o.Sent(); !got.At.IsZero() || got.Packets != 0 {
		t.Errorf("before the first packet: %+v", got)
	}
	a := newTalker(o.NewSource(), 1, 0, 0)
	o.Select(a.to)
	a.say()
	clock.advance(FrameDuration)
	a.say()
	if got, want := o.Sent(), (Sent{2, 320, w.last().Timestamp, clock.now}); got != want {
		t.Errorf("%+v, want %+v", got, want)
	}
}

func TestOutStreamChoosesItsSSRC(t *testing.T) {
	t.Parallel()
	a, b := NewOutStream(OutConfig{Writer: &wire{}}), NewOutStream(OutConfig{Writer: &wire{}})
	if a.SSRC() == 0 || a.SSRC() == b.SSRC() {
		t.Errorf("%d, %d", a.SSRC(), b.SSRC())
	}
}

// Whatever sources do — loss, reordering, duplicates, jumps, digits, any
// switching — a number leaves once, and audio never goes back in time.
func TestOutStreamContinuity(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		o, w, c := testStream(ALaw, rapid.Bool().Draw(t, "digits"))
		var talkers []*talker
		for i := range 3 {
			seq, ts := rapid.Uint16().Draw(t, "seq"), rapid.Uint32().Draw(t, "ts")
			talkers = append(talkers, newTalker(o.NewSource(), uint32(i), seq, ts))
		}
		for range rapid.IntRange(1, 300).Draw(t, "steps") {
			disturb(t, o, c, talkers)
		}
		checkContinuity(t, w.packets)
	})
}

func disturb(t *rapid.T, o *OutStream, c *clock, talkers []*talker) {
	who := rapid.SampledFrom(talkers).Draw(t, "who")
	switch rapid.IntRange(0, 11).Draw(t, "what") {
	case 0:
		o.Select(who.to)
	case 1:
		o.Select(nil)
	case 2:
		who.skip(rapid.IntRange(1, 60).Draw(t, "lost"))
	case 3:
		p := who.p // late or duplicate
		back := rapid.IntRange(1, 80).Draw(t, "back")
		p.Sequence -= uint16(back)
		if rapid.Bool().Draw(t, "honest") {
			p.Timestamp -= uint32(back) * FrameSamples
		}
		who.to.Write(&p)
	case 4:
		who.p.SSRC = rapid.Uint32().Draw(t, "ssrc")
	case 5:
		who.p.Sequence, who.p.Timestamp = rapid.Uint16().Draw(t, "jump"), rapid.Uint32().Draw(t, "when")
	case 6:
		p := who.p
		p.Kind, p.Payload = Digit, Event{Code: 1}.Append(nil)
		p.Timestamp -= uint32(rapid.IntRange(0, 5).Draw(t, "held")) * FrameSamples
		who.to.Write(&p)
		who.p.Sequence++
	case 7:
		c.advance(time.Duration(rapid.IntRange(-100, 5000).Draw(t, "ms")) * time.Millisecond)
	case 8:
		who.p.Timestamp -= uint32(rapid.IntRange(1, 100000).Draw(t, "restarted"))
	default:
		who.say()
		c.advance(FrameDuration)
	}
}

func checkContinuity(t *rapid.T, packets []Packet) {
	seen := map[uint16]uint32{} // sequence numbers; a run is shorter than a wrap
	var newest *Packet
	for i := range packets {
		p := &packets[i]
		if _, twice := seen[p.Sequence]; twice {
			t.Fatalf("packet %d: sequence %d left twice", i, p.Sequence)
		}
		seen[p.Sequence] = p.Timestamp
		if p.SSRC != 77 {
			t.Fatalf("packet %d: SSRC %d", i, p.SSRC)
		}
		if p.Kind != Audio {
			continue
		}
		if newest != nil {
			order, ahead := int16(p.Sequence-newest.Sequence), int32(p.Timestamp-newest.Timestamp)
			if order > 0 && ahead < 0 {
				t.Fatalf("packet %d: sequence +%d, timestamp %d", i, order, ahead)
			}
			if order < 0 {
				continue // reordered on the way in
			}
		}
		newest = p
	}
}

// Sources on their own goroutines take turns; the race detector watches.
func TestOutStreamConcurrentSources(t *testing.T) {
	t.Parallel()
	w := &wire{}
	o := NewOutStream(OutConfig{Writer: w})
	var talking sync.WaitGroup
	for i := range 4 {
		a := newTalker(o.NewSource(), uint32(i), uint16(i*1000), 0)
		talking.Go(func() {
			for range 500 {
				o.Select(a.to)
				a.say()
			}
		})
	}
	talking.Wait()
	for i := 1; i < len(w.packets); i++ {
		if step := w.packets[i].Sequence - w.packets[i-1].Sequence; step == 0 || step > 500 {
			t.Fatalf("packet %d: sequence +%d", i, step)
		}
	}
}

// nowhere is a Writer for measuring.
type nowhere struct{}

func (nowhere) WritePacket(*Packet) error { return nil }

func TestOutStreamAllocatesNothing(t *testing.T) {
	o := NewOutStream(OutConfig{Law: MuLaw, Writer: nowhere{}})
	a := newTalker(o.NewSource(), 1, 0, 0)
	o.Select(a.to)
	if n := testing.AllocsPerRun(1000, a.say); n != 0 {
		t.Errorf("%v allocations a packet", n)
	}
	wire := make([]byte, 172)
	Header{PayloadType: 8}.Put(wire)
	if n := testing.AllocsPerRun(1000, func() { _, _, _ = ParseRTP(wire) }); n != 0 {
		t.Errorf("%v allocations a header", n)
	}
}

func BenchmarkOutStream(b *testing.B) {
	for name, law := range map[string]Law{"same law": ALaw, "converted": MuLaw} {
		b.Run(name, func(b *testing.B) {
			o := NewOutStream(OutConfig{Law: law, Writer: nowhere{}})
			a := newTalker(o.NewSource(), 1, 0, 0)
			o.Select(a.to)
			b.ReportAllocs()
			for b.Loop() {
				a.say()
			}
		})
	}
}
