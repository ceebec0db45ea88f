package rtp

import (
	"context"
	"errors"
	"log/slog"
	"net"
	"net/netip"
	"slices"
	"strings"
	"testing"
	"time"

	"go.uber.org/goleak"

	"hotline/media"
	"hotline/media/engine"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func silentLog() *slog.Logger { return slog.New(slog.DiscardHandler) }

func local() Config { return Config{Address: netip.MustParseAddr("127.0.0.1")} }

// openPorts opens ports on an engine of their own.
func openPorts(t testing.TB, c Config) *Ports {
	t.Helper()
	p, err := NewPorts(Options{Config: c, Engine: startEngine(t), Log: silentLog()})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(p.Close)
	return p
}

func startEngine(t testing.TB) *engine.Engine {
	t.Helper()
	e, err := engine.New(engine.Options{Config: engine.Config{Loops: 1}, Log: silentLog()})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
		defer cancel()
		if err := e.Close(ctx); err != nil {
			t.Error(err)
		}
	})
	return e
}

func openSession(t testing.TB, p *Ports) *Session {
	t.Helper()
	s, err := p.Open()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = s.Close() })
	return s
}

// phone is the carrier's end of a call.
type phone struct {
	t    testing.TB
	conn *net.UDPConn
	seq  uint16
}

func newPhone(t testing.TB) *phone {
	t.Helper()
	conn, err := net.ListenUDP("udp", net.UDPAddrFromAddrPort(netip.MustParseAddrPort("127.0.0.1:0")))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = conn.Close() })
	return &phone{t: t, conn: conn}
}

func (p *phone) addr() netip.AddrPort { return p.conn.LocalAddr().(*net.UDPAddr).AddrPort() }

func (p *phone) params() Params { return Params{Remote: p.addr(), DigitPayload: 101} }

func (p *phone) send(to *Session, payloadType uint8, payload []byte) {
	p.t.Helper()
	p.seq++
	b := make([]byte, media.HeaderSize)
	media.Header{PayloadType: payloadType, Sequence: p.seq, Timestamp: uint32(p.seq) * 160, SSRC: 5}.Put(b)
	p.raw(to, slices.Concat(b, payload))
}

func (p *phone) raw(to *Session, b []byte) {
	p.t.Helper()
	if _, err := p.conn.WriteToUDPAddrPort(b, to.LocalAddr()); err != nil {
		p.t.Fatal(err)
	}
}

func (p *phone) receive() (media.Header, []byte) {
	p.t.Helper()
	b := make([]byte, media.MaxDatagram)
	_ = p.conn.SetReadDeadline(time.Now().Add(5 * time.Second))
	n, err := p.conn.Read(b)
	if err != nil {
		p.t.Fatal(err)
	}
	h, payload, err := media.ParseRTP(b[:n])
	if err != nil {
		p.t.Fatal(err)
	}
	return h, payload
}

// hearing hands over what a session forwards.
type hearing chan media.Packet

func (h hearing) Write(p *media.Packet) {
	kept := *p
	kept.Payload = append([]byte(nil), p.Payload...)
	h <- kept
}

func (h hearing) next(t *testing.T) media.Packet {
	t.Helper()
	select {
	case p := <-h:
		return p
	case <-time.After(5 * time.Second):
		t.Fatal("nothing heard")
		return media.Packet{}
	}
}

func TestSessionBothWays(t *testing.T) {
	t.Parallel()
	s, far, heard := openSession(t, openPorts(t, local())), newPhone(t), make(hearing, 10)
	if s.LocalPort()%2 != 0 {
		t.Errorf("port %d is odd", s.LocalPort())
	}
	if err := s.Start(far.params()); err != nil {
		t.Fatal(err)
	}
	s.Forward(heard)
	far.send(s, media.PayloadPCMA, []byte{1, 2, 3})
	if p := heard.next(t); p.Kind != media.Audio || p.Law != media.ALaw || string(p.Payload) != "\x01\x02\x03" || p.SSRC != 5 {
		t.Errorf("heard %+v", p)
	}
	far.send(s, media.PayloadPCMU, []byte{1})
	if p := heard.next(t); p.Law != media.MuLaw {
		t.Errorf("heard %+v", p)
	}

	source := s.Out().NewSource()
	s.Out().Select(source)
	source.Write(&media.Packet{Law: media.ALaw, Payload: []byte{7, 8}})
	h, payload := far.receive()
	if h.PayloadType != media.PayloadPCMA || h.SSRC != s.Out().SSRC() || !h.Marker || string(payload) != "\x07\x08" {
		t.Errorf("phone got %+v %v", h, payload)
	}
	source.Write(&media.Packet{Kind: media.Digit, Sequence: 1, Timestamp: 160, Payload: media.Event{Code: 1}.Append(nil)})
	if h, _ := far.receive(); h.PayloadType != 101 {
		t.Errorf("digit with payload type %d", h.PayloadType)
	}
	if got := s.Stats(); got.In != 2 || got.Out != 2 || got.InBytes != 4 || got.OutBytes != 6 {
		t.Errorf("%+v", got)
	}
	if s.LastPacket().IsZero() {
		t.Error("no last packet")
	}
}

func TestSessionReportsDigits(t *testing.T) {
	t.Parallel()
	s, far := openSession(t, openPorts(t, local())), newPhone(t)
	if err := s.Start(far.params()); err != nil {
		t.Fatal(err)
	}
	far.send(s, 101, media.Event{Code: 11}.Append(nil))
	select {
	case key := <-s.Digits():
		if key != '#' {
			t.Errorf("key %q", key)
		}
	case <-time.After(5 * time.Second):
		t.Fatal("no digit")
	}
	_ = s.Close()
	if _, open := <-s.Digits(); open {
		t.Error("digits outlive the session")
	}
}

// Only the peer of the session description is heard; what came before Start is not.
func TestSessionHearsNobodyElse(t *testing.T) {
	t.Parallel()
	s, far, stranger, heard := openSession(t, openPorts(t, local())), newPhone(t), newPhone(t), make(hearing, 10)
	s.Forward(heard)
	stranger.send(s, media.PayloadPCMA, []byte{66})
	if err := s.Start(far.params()); err != nil {
		t.Fatal(err)
	}
	stranger.send(s, media.PayloadPCMA, []byte{66})
	far.send(s, media.PayloadPCMA, []byte{1})
	if p := heard.next(t); p.Payload[0] != 1 {
		t.Errorf("heard a stranger: %v", p.Payload)
	}
}

func TestSessionIgnoresWhatWasNotAgreed(t *testing.T) {
	t.Parallel()
	s, far, heard := openSession(t, openPorts(t, local())), newPhone(t), make(hearing, 10)
	if err := s.Start(Params{Remote: far.addr()}); err != nil {
		t.Fatal(err)
	}
	s.Forward(heard)
	far.send(s, 13, []byte{40})                              // comfort noise
	far.send(s, 101, media.Event{Code: 1}.Append(nil))       // no digits agreed
	far.send(s, media.PayloadPCMA, nil)                      // empty
	far.raw(s, []byte("\x00\x01\x00\x00 not RTP, but STUN")) // ICE of a confused peer
	far.send(s, media.PayloadPCMA, []byte{1})
	if p := heard.next(t); p.Payload[0] != 1 {
		t.Errorf("heard %+v", p)
	}
}

func TestSessionUpdateMovesThePeer(t *testing.T) {
	t.Parallel()
	s, one, two, heard := openSession(t, openPorts(t, local())), newPhone(t), newPhone(t), make(hearing, 10)
	if err := s.Start(one.params()); err != nil {
		t.Fatal(err)
	}
	s.Forward(heard)
	source := s.Out().NewSource()
	s.Out().Select(source)
	source.Write(&media.Packet{Payload: []byte{1}})
	before, _ := one.receive()

	if err := s.Update(Params{Remote: two.addr(), Law: media.MuLaw}); err != nil {
		t.Fatal(err)
	}
	source.Write(&media.Packet{Sequence: 1, Timestamp: 160, Payload: []byte{media.SilenceALaw}})
	after, _ := two.receive()
	if after.Sequence != before.Sequence+1 || after.SSRC != before.SSRC || after.PayloadType != media.PayloadPCMU {
		t.Errorf("%+v after %+v", after, before)
	}
	one.send(s, media.PayloadPCMA, []byte{66})
	two.send(s, media.PayloadPCMA, []byte{2})
	if p := heard.next(t); p.Payload[0] != 2 {
		t.Errorf("heard the old peer: %v", p.Payload)
	}
}

func TestSessionPausesForTheUnspecifiedAddress(t *testing.T) {
	t.Parallel()
	s, far := openSession(t, openPorts(t, local())), newPhone(t)
	if err := s.Start(Params{Remote: netip.MustParseAddrPort("0.0.0.0:9")}); err != nil {
		t.Fatal(err)
	}
	source := s.Out().NewSource()
	s.Out().Select(source)
	source.Write(&media.Packet{Payload: []byte{1}})
	if err := s.Update(far.params()); err != nil {
		t.Fatal(err)
	}
	source.Write(&media.Packet{Sequence: 1, Timestamp: 160, Payload: []byte{2}})
	if _, payload := far.receive(); payload[0] != 2 {
		t.Errorf("got %v", payload)
	}
}

func TestSessionSurvivesAnUnreachablePeer(t *testing.T) {
	t.Parallel()
	s, gone, far, heard := openSession(t, openPorts(t, local())), newPhone(t), newPhone(t), make(hearing, 10)
	nowhere := gone.params()
	_ = gone.conn.Close()
	if err := s.Start(nowhere); err != nil {
		t.Fatal(err)
	}
	s.Forward(heard)
	source := s.Out().NewSource()
	s.Out().Select(source)
	for i := range 5 {
		source.Write(&media.Packet{Sequence: uint16(i), Timestamp: uint32(i) * 160, Payload: []byte{1}})
	}
	if err := s.Update(far.params()); err != nil {
		t.Fatal(err)
	}
	far.send(s, media.PayloadPCMA, []byte{3})
	if p := heard.next(t); p.Payload[0] != 3 {
		t.Errorf("heard %v", p.Payload)
	}
}

func TestSessionRefusesBadParams(t *testing.T) {
	t.Parallel()
	good := netip.MustParseAddrPort("127.0.0.1:4000")
	tests := map[string]struct {
		params Params
		want   string
	}{
		"no address":    {Params{}, "remote"},
		"multicast":     {Params{Remote: netip.MustParseAddrPort("224.0.0.1:4000")}, "multicast"},
		"port 0":        {Params{Remote: netip.MustParseAddrPort("127.0.0.1:0")}, "port 0"},
		"static digits": {Params{Remote: good, DigitPayload: 8}, "digit payload"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := openSession(t, openPorts(t, local()))
			if err := s.Start(tt.params); err == nil || !strings.Contains(err.Error(), tt.want) {
				t.Errorf("err = %v", err)
			}
		})
	}
}

func TestSessionOrderOfCalls(t *testing.T) {
	t.Parallel()
	s, far := openSession(t, openPorts(t, local())), newPhone(t)
	if err := s.Update(far.params()); err == nil {
		t.Error("update before start")
	}
	if err := s.Start(far.params()); err != nil {
		t.Error(err)
	}
	if err := s.Start(far.params()); err == nil {
		t.Error("started twice")
	}
	if err := s.Close(); err != nil {
		t.Error(err)
	}
	if err := s.Close(); err != nil {
		t.Error(err)
	}
	if err := s.Update(far.params()); !errors.Is(err, ErrClosed) {
		t.Errorf("update after close: %v", err)
	}
	if err := openSession(t, openPorts(t, local())).Close(); err != nil {
		t.Errorf("close before start: %v", err)
	}
}
