package rtp

import (
	"encoding/binary"
	"errors"
	"net"
	"slices"
	"testing"
	"time"

	"hotline/media"
)

// M9: whatever the carrier does with its numbers, audio goes on, and what leaves
// is one unbroken stream.
func TestAudioGoesOnThroughOddNumbers(t *testing.T) {
	t.Parallel()
	next := func(h *media.Header) { h.Sequence++; h.Timestamp += media.FrameSamples }
	tests := map[string]func(h *media.Header){
		"another source":          func(h *media.Header) { h.SSRC, h.Sequence, h.Timestamp = 77, 9, 9 },
		"the sequence wraps":      func(h *media.Header) { h.Sequence = 65535 },
		"the timestamp wraps":     func(h *media.Header) { next(h); h.Timestamp = 1<<32 - 80 },
		"30 s later":              func(h *media.Header) { next(h); h.Timestamp += 30 * media.SampleRate },
		"30 s earlier":            func(h *media.Header) { next(h); h.Timestamp -= 30 * media.SampleRate },
		"the other law":           func(h *media.Header) { next(h); h.PayloadType = media.PayloadPCMU },
		"a payload of no meaning": func(h *media.Header) { next(h); h.PayloadType = 111 },
	}
	for name, happen := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			k := newTalk(t, openPorts(t, local()))
			h := media.Header{PayloadType: media.PayloadPCMA, SSRC: 5, Sequence: 65530, Timestamp: 1 << 31}
			from, to := &phone{t: t, conn: k.one}, &phone{t: t, conn: k.two}
			say := func() { from.frame(k.citizen, h) }
			for range 3 {
				say()
				to.receive()
				next(&h)
			}
			happen(&h)
			say()
			if h.PayloadType == 111 { // alone is not heard, and nothing after it suffers
				h.PayloadType = media.PayloadPCMA
				next(&h)
				say()
			}
			last, _ := to.receive()
			for range 5 {
				next(&h)
				say()
				got, payload := to.receive()
				if got.SSRC != last.SSRC || got.Sequence != last.Sequence+1 || got.Timestamp != last.Timestamp+media.FrameSamples || len(payload) != media.FrameSamples {
					t.Fatalf("%+v after %+v", got, last)
				}
				last = got
			}
		})
	}
}

func (p *phone) frame(to *Session, h media.Header) {
	b := make([]byte, media.HeaderSize+media.FrameSamples)
	h.Put(b)
	p.raw(to, b)
}

// M7: what floods one call's port is cut there, and no other call loses a packet.
func TestAFloodStaysOnItsPort(t *testing.T) {
	t.Parallel()
	p := openPorts(t, local())
	flooded, calm := newTalk(t, p), newTalk(t, p)
	stop, stopped := make(chan struct{}), make(chan struct{})
	attack := &phone{t: t, conn: flooded.one} // the peer's own address: forged, the kernel lets it in
	go func() {
		defer close(stopped)
		for {
			select {
			case <-stop:
				return
			default:
				attack.send(flooded.citizen, media.PayloadPCMA, make([]byte, media.FrameSamples))
			}
		}
	}()
	citizen, agent := &phone{t: t, conn: calm.one}, &phone{t: t, conn: calm.two}
	for i := range byte(100) {
		citizen.send(calm.citizen, media.PayloadPCMA, []byte{i})
		if _, payload := agent.receive(); payload[0] != i {
			t.Fatalf("packet %d is lost, %d came", i, payload[0])
		}
	}
	until(t, "cut", func() bool { return count(t, p.metrics.flooded) > 0 })
	close(stop)
	<-stopped
	passed, most := flooded.agent.Stats().Out, uint64(audioSlack/audioSpacing)
	t.Logf("%d packets of the flood passed, %v were cut", passed, count(t, p.metrics.flooded))
	if in := flooded.citizen.Stats().In; in > most+uint64(time.Minute/audioSpacing) {
		t.Errorf("%d packets taken", in)
	}
}

func TestPace(t *testing.T) {
	t.Parallel()
	now := time.Unix(100, 0)
	tests := map[string]struct {
		every time.Duration
		n     int
		want  int
	}{
		"of audio":        {20 * time.Millisecond, 1000, 1000},
		"of short frames": {5 * time.Millisecond, 1000, 1000},
		"all at once":     {0, 1000, 251},
		"a flood":         {20 * time.Microsecond, 50_000, 751}, // a second of it
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			p, passed := pace{spacing: audioSpacing, slack: audioSlack}, 0
			for i := range tt.n {
				if p.allow(now.Add(time.Duration(i) * tt.every)) {
					passed++
				}
			}
			if passed < tt.want-1 || passed > tt.want+1 {
				t.Errorf("%d passed, want %d", passed, tt.want)
			}
		})
	}
}

// M14: the next call on a port hears nothing of what the last one's peer still sends.
func TestLatePacketsAreNeverHeard(t *testing.T) {
	t.Parallel()
	c := few(t)
	c.PortMax = c.PortMin + 1 // one pair
	c.Quarantine = 20 * time.Millisecond
	p := openPorts(t, c)
	first, old := openSession(t, p), newPhone(t)
	if err := first.Start(old.params()); err != nil {
		t.Fatal(err)
	}
	to := first.LocalAddr()
	late := func(n byte) {
		b := make([]byte, media.HeaderSize+1)
		media.Header{PayloadType: media.PayloadPCMA, Sequence: uint16(n), SSRC: 5}.Put(b)
		b[media.HeaderSize] = 66
		_, _ = old.conn.WriteToUDPAddrPort(b, to)
	}
	late(1)
	_ = first.Close()
	late(2) // into the quarantine
	var second *Session
	until(t, "free again", func() bool {
		s, err := p.Open()
		if err != nil && !errors.Is(err, ErrExhausted) {
			t.Fatal(err)
		}
		second = s
		return err == nil
	})
	late(3) // before it is connected
	heard, far := make(hearing, 10), newPhone(t)
	second.Forward(heard)
	if err := second.Start(far.params()); err != nil {
		t.Fatal(err)
	}
	late(4)
	far.send(second, media.PayloadPCMA, []byte{1})
	if got := heard.next(t); got.Payload[0] != 1 {
		t.Errorf("heard %v of the call before", got.Payload)
	}
}

// M13: a range that is used up refuses, counts it, and recovers.
func TestExhaustionIsCounted(t *testing.T) {
	t.Parallel()
	p := openPorts(t, few(t))
	one, _ := openSession(t, p), openSession(t, p)
	for range 3 {
		if _, err := p.Open(); !errors.Is(err, ErrExhausted) {
			t.Fatalf("err = %v", err)
		}
	}
	if got := count(t, p.metrics.exhausted); got != 3 {
		t.Errorf("%v counted", got)
	}
	_ = one.Close()
	if s := openSession(t, p); s.LocalPort() != one.LocalPort() {
		t.Errorf("port %d, want %d", s.LocalPort(), one.LocalPort())
	}
}

// A peer whose phone restarts on the same port refuses packets for a while:
// nothing ends, and the next ones arrive.
func TestARefusingPeerMayComeBack(t *testing.T) {
	t.Parallel()
	s, far := openSession(t, openPorts(t, local())), newPhone(t)
	at := far.conn.LocalAddr().(*net.UDPAddr)
	if err := s.Start(far.params()); err != nil {
		t.Fatal(err)
	}
	source, p := s.Out().NewSource(), &media.Packet{Payload: []byte{1}}
	s.Out().Select(source)
	_ = far.conn.Close()
	for range 5 {
		p.Sequence++
		p.Timestamp += media.FrameSamples
		source.Write(p)
	}
	conn, err := net.ListenUDP("udp", at)
	if err != nil {
		t.Fatal(err)
	}
	back := &phone{t: t, conn: conn}
	defer func() { _ = conn.Close() }()
	p.Sequence++
	p.Timestamp += media.FrameSamples
	source.Write(p) // though the ICMP error of the last one is pending
	if got, _ := back.receive(); got.SSRC != s.Out().SSRC() {
		t.Errorf("%+v", got)
	}
	if s.Out().Failed() != 0 {
		t.Errorf("%d failed", s.Out().Failed())
	}
}

// A kernel that takes no more loses packets, never time.
func TestAFullSocketDropsAndCounts(t *testing.T) {
	t.Parallel()
	m, _ := newMetrics(nil)
	s := newSession(newPorts(Options{Config: local(), Log: silentLog()}, m), pair{audio: full(t), control: -1})
	s.sending.Store(true)
	source, p := s.Out().NewSource(), &media.Packet{Payload: make([]byte, media.FrameSamples)}
	s.Out().Select(source)
	for range 2000 {
		p.Sequence++
		p.Timestamp += media.FrameSamples
		source.Write(p)
	}
	if failed := s.Out().Failed(); failed == 0 || count(t, m.unsent) != float64(failed) {
		t.Errorf("%d failed, %v counted", failed, count(t, m.unsent))
	}
	if got := s.Stats(); got.Out+s.Out().Failed() != 2000 {
		t.Errorf("%+v", got)
	}
}

// What the queue has no room for is counted.
func TestOverrunIsCounted(t *testing.T) {
	t.Parallel()
	m, _ := newMetrics(nil)
	p := newPorts(Options{Config: local(), Engine: byHand{}, Log: silentLog()}, m) // nobody reads
	s, far := openSession(t, p), newPhone(t)
	if err := s.Start(far.params()); err != nil {
		t.Fatal(err)
	}
	for range 1000 {
		far.send(s, media.PayloadPCMA, make([]byte, media.FrameSamples))
	}
	s.tick(time.Now())
	if got := count(t, m.overrun); got == 0 || got > 1000 {
		t.Errorf("%v counted", got)
	}
}

// FuzzInbound feeds datagrams of any kind to a running session.
func FuzzInbound(f *testing.F) {
	f.Add([]byte{0x80, 8, 0, 1, 0, 0, 0, 160, 0, 0, 0, 1, 0xd5})
	f.Add([]byte{0x80, 101, 0, 1, 0, 0, 0, 160, 0, 0, 0, 1, 5, 0x8a, 0, 160})
	f.Add([]byte{0x90, 8, 0, 1, 0, 0, 0, 160, 0, 0, 0, 1, 0xbe, 0xde, 0, 1, 0x10, 0xff, 0, 0, 0xd5}) // header extension
	f.Add([]byte{0xa0, 0, 0, 1, 0, 0, 0, 160, 0, 0, 0, 1, 0xd5, 2})                                  // padding
	m, _ := newMetrics(nil)
	ports := newPorts(Options{Config: local(), Log: silentLog()}, m)
	f.Fuzz(func(t *testing.T, b []byte) {
		s := newSession(ports, pair{audio: -1, control: -1})
		s.format.Store(101 << 8)
		heard := make(hearing, 1)
		s.Forward(heard)
		s.in.take(copy(s.in.buffer[:], b), time.Now())
		if len(heard) == 0 {
			return
		}
		got := <-heard
		if len(got.Payload) == 0 || got.SSRC != binary.BigEndian.Uint32(b[8:]) || !slices.Contains([]uint8{0, 8, 101}, b[1]&0x7f) {
			t.Fatalf("% x was forwarded as %+v", b, got)
		}
	})
}
