package rtp

import (
	"net"
	"testing"
	"time"

	"hotline/media"
	"hotline/media/engine"
)

// talk is two calls joined as the gateway joins a citizen and an agent, with a
// phone at each end.
type talk struct {
	citizen, agent *Session
	one, two       *net.UDPConn
}

func newTalk(t testing.TB, p *Ports) *talk {
	t.Helper()
	k := &talk{citizen: openSession(t, p), agent: openSession(t, p), one: newPhone(t).conn, two: newPhone(t).conn}
	for s, conn := range map[*Session]*net.UDPConn{k.citizen: k.one, k.agent: k.two} {
		if err := s.Start(Params{Remote: conn.LocalAddr().(*net.UDPAddr).AddrPort(), DigitPayload: 101}); err != nil {
			t.Fatal(err)
		}
	}
	bridge(k.citizen, k.agent)
	bridge(k.agent, k.citizen)
	return k
}

// bridge lets what one says be heard by the other (gateway/bridge.go).
func bridge(from, to media.Stream) {
	source := to.Out().NewSource()
	to.Out().Select(source)
	from.Forward(source)
}

// frame is 20 ms of A-law with its header; advance makes it the next one.
type frame [media.HeaderSize + media.FrameSamples]byte

func (f *frame) advance(h *media.Header) {
	h.Sequence++
	h.Timestamp += media.FrameSamples
	h.Put(f[:])
}

// inside returns one packet's way through a session and out of the other one,
// without the call that read it.
func inside(t testing.TB) (once func(), k *talk) {
	k = newTalk(t, openPorts(t, local()))
	header, in, now := media.Header{PayloadType: media.PayloadPCMA, SSRC: 1}, &k.citizen.in, time.Now()
	frame := (*frame)(in.buffer[:])
	return func() {
		frame.advance(&header)
		in.take(len(frame), now)
	}, k
}

func TestForwardingAllocatesNothing(t *testing.T) {
	once, k := inside(t)
	n := testing.AllocsPerRun(1000, once)
	if got := k.agent.Stats(); n != 0 || got.Out < 1000 {
		t.Errorf("%v allocations a packet, %d sent", n, got.Out)
	}
}

// The socket's reading and the loop's call are part of this one.
func TestReadingAllocatesNothing(t *testing.T) {
	m, _ := newMetrics(nil)
	p := newPorts(Options{Config: local(), Engine: byHand{}, Log: silentLog()}, m)
	s, far := openSession(t, p), newPhone(t)
	if err := s.Start(far.params()); err != nil {
		t.Fatal(err)
	}
	bridge(s, s)
	header, f, now := media.Header{PayloadType: media.PayloadPCMA, SSRC: 1}, frame{}, time.Now()
	to := s.LocalAddr()
	n := testing.AllocsPerRun(1000, func() {
		f.advance(&header)
		if _, err := far.conn.WriteToUDPAddrPort(f[:], to); err != nil {
			t.Error(err)
		}
		now = now.Add(media.FrameDuration)
		s.in.ready(now)
	})
	if got := s.Stats(); n != 0 || got.In < 1000 || got.Out < 1000 {
		t.Errorf("%v allocations a packet: %+v", n, got)
	}
}

// byHand is an engine whose part the test plays.
type byHand struct{}

func (byHand) Watch(int, func(time.Time)) (func(), error) { return func() {}, nil }

// BenchmarkForward is one packet from a phone's socket through the engine and
// both sessions to the other phone's, over loopback: four system calls of ours
// and two of the phones'.
func BenchmarkForward(b *testing.B) {
	for name, hold := range map[string]bool{"hold": true, "yield": false} {
		b.Run(name, func(b *testing.B) {
			e, err := engine.New(engine.Options{Config: engine.Config{Loops: 1}, Hold: hold, Log: silentLog()})
			if err != nil {
				b.Fatal(err)
			}
			defer func() { _ = e.Close(b.Context()) }()
			p, err := NewPorts(Options{Config: local(), Engine: e, Log: silentLog()})
			if err != nil {
				b.Fatal(err)
			}
			defer p.Close()
			forward(b, newTalk(b, p))
		})
	}
}

func forward(b *testing.B, k *talk) {
	header, f, got := media.Header{PayloadType: media.PayloadPCMA, SSRC: 1}, frame{}, frame{}
	to := k.citizen.LocalAddr()
	k.citizen.in.pace = pace{spacing: 0, slack: time.Hour}
	b.ReportAllocs()
	for b.Loop() {
		f.advance(&header)
		if _, err := k.one.WriteToUDPAddrPort(f[:], to); err != nil {
			b.Fatal(err)
		}
		if _, err := k.two.Read(got[:]); err != nil {
			b.Fatal(err)
		}
	}
}

// BenchmarkInside is a packet's way without the call that read it.
func BenchmarkInside(b *testing.B) {
	once, _ := inside(b)
	b.ReportAllocs()
	for b.Loop() {
		once()
	}
}
