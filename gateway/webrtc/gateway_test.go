package webrtc

import (
	"log/slog"
	"strings"
	"testing"
	"time"

	pion "github.com/pion/webrtc/v4"
	"github.com/prometheus/client_golang/prometheus"

	"hotline/media"
)

func TestConfigValidate(t *testing.T) {
	t.Parallel()
	tests := map[string]struct {
		config Config
		want   string
	}{
		"as by default":  {Config{Listen: "0.0.0.0:8500", ListenTCP: "0.0.0.0:8500"}, ""},
		"no TCP":         {Config{Listen: "127.0.0.1:0"}, ""},
		"advertise":      {Config{Listen: "[::]:1", Advertise: []string{"203.0.113.7", "2001:db8::1"}}, ""},
		"nowhere":        {Config{}, "listen: "},
		"a name":         {Config{Listen: "localhost:8500"}, "listen: "},
		"no port":        {Config{Listen: "127.0.0.1:0", ListenTCP: "127.0.0.1"}, "listen_tcp: "},
		"advertise name": {Config{Listen: "127.0.0.1:0", Advertise: []string{"1.2.3.4", "node.example"}}, "advertise[1]: "},
		"advertise all":  {Config{Listen: "127.0.0.1:0", Advertise: []string{"0.0.0.0"}}, "advertise[0]: "},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			err := tt.config.Validate()
			if (err == nil) != (tt.want == "") || err != nil && !strings.Contains(err.Error(), tt.want) {
				t.Errorf("err = %v, want %q", err, tt.want)
			}
		})
	}
}

func TestNewRefuses(t *testing.T) {
	t.Parallel()
	log, reg := slog.New(slog.DiscardHandler), prometheus.NewRegistry()
	g, err := New(Options{Config: Config{Listen: "127.0.0.1:0", ListenTCP: "127.0.0.1:0"}, Log: log, Registerer: reg})
	if err != nil {
		t.Fatal(err)
	}
	taken := g.sockets.udp.GetListenAddresses()[0].String()
	tests := map[string]Options{
		"bad section":      {Config: Config{}, Log: log},
		"port taken":       {Config: Config{Listen: taken}, Log: log},
		"TCP port invalid": {Config: Config{Listen: "127.0.0.1:0", ListenTCP: "203.0.113.1:1"}, Log: log},
		"metrics twice":    {Config: loopback(), Log: log, Registerer: reg},
	}
	for name, o := range tests {
		if _, err := New(o); err == nil {
			t.Errorf("%s: no error", name)
		}
	}
	for range 2 {
		if err := g.Close(t.Context()); err != nil {
			t.Error(err)
		}
	}
}

func TestAudioOverTCP(t *testing.T) {
	t.Parallel()
	c := loopback()
	c.ListenTCP = "127.0.0.1:0"
	g := newGateway(t, c)
	s, b := g.Seat("1001"), newBrowser(t)
	answer, err := s.Answer(t.Context(), 1, b.offer(false))
	if err != nil {
		t.Fatal(err)
	}
	b.accept(withoutUDP(answer))
	awaitEvent(t, s, SeatEvent{Connected, 1})
	citizen := s.Out().NewSource()
	s.Out().Select(citizen)
	g.wheel.Play(citizen, sound(600), true)
	hears(t, "agent", b.ear, 600)
}

// withoutUDP is the answer as a network sees it that blocks UDP.
func withoutUDP(answer string) string {
	var kept strings.Builder
	for line := range strings.Lines(answer) {
		if !strings.HasPrefix(line, "a=candidate:") || strings.Contains(line, " tcp ") {
			kept.WriteString(line)
		}
	}
	return kept.String()
}

func TestAdvertise(t *testing.T) {
	t.Parallel()
	c := loopback()
	c.Advertise = []string{"203.0.113.7"}
	s := newGateway(t, c).Seat("1001")
	answer, err := s.Answer(t.Context(), 1, newBrowser(t).offer(false))
	if err != nil || !strings.Contains(answer, " 203.0.113.7 ") || !strings.Contains(answer, " 127.0.0.1 ") {
		t.Errorf("%v\n%s", err, answer)
	}
}

func TestCertificateIsShared(t *testing.T) {
	t.Parallel()
	g := newGateway(t, loopback())
	a, err := g.certificate()
	if err != nil {
		t.Fatal(err)
	}
	if b, _ := g.certificate(); !a.Equals(b) {
		t.Error("a certificate for each connection")
	}
	if left := time.Until(a.Expires()); left < renewal {
		t.Errorf("expires in %v", left)
	}
}

// BenchmarkToBrowser is one packet through the seat's stream, SRTP and the
// socket; the browser reads it on the same machine.
func BenchmarkToBrowser(b *testing.B) {
	s := newGateway(b, loopback()).Seat("1001")
	newBrowser(b).connect(s, 1)
	citizen := s.Out().NewSource()
	s.Out().Select(citizen)
	p := media.Packet{Payload: make([]byte, media.FrameSamples)}
	b.ReportAllocs()
	for b.Loop() {
		p.Sequence++
		p.Timestamp += media.FrameSamples
		citizen.Write(&p)
	}
	if s.Out().Failed() > 0 {
		b.Errorf("%d packets failed", s.Out().Failed())
	}
}

// BenchmarkFromBrowser is what the seat does with one packet after pion has
// decrypted it.
func BenchmarkFromBrowser(b *testing.B) {
	g := newGateway(b, loopback())
	s := g.Seat("1001")
	p := &peer{seat: s}
	s.active.Store(p)
	defer s.active.Store(nil)
	var in inbound
	s.Forward(discard{})
	b.ReportAllocs()
	for b.Loop() {
		h := media.Header{PayloadType: media.PayloadPCMA, Sequence: in.packet.Sequence + 1, Timestamp: in.packet.Timestamp + media.FrameSamples}
		h.Put(in.buffer[:])
		if in.parse(media.HeaderSize + media.FrameSamples) {
			s.take(p, &in.packet)
		}
	}
}

type discard struct{}

func (discard) Write(*media.Packet) {}

func TestTakingAllocatesNothing(t *testing.T) {
	s := newGateway(t, loopback()).Seat("1001")
	p := &peer{seat: s}
	s.active.Store(p)
	defer s.active.Store(nil)
	s.Forward(discard{})
	var in inbound
	in.learn([]pion.RTPCodecParameters{{RTPCodecCapability: pion.RTPCodecCapability{MimeType: mimeDigits}, PayloadType: 101}})
	n := testing.AllocsPerRun(1000, func() {
		h := media.Header{PayloadType: media.PayloadPCMA, Sequence: in.packet.Sequence + 1, Timestamp: in.packet.Timestamp + 160}
		h.Put(in.buffer[:])
		if in.parse(media.HeaderSize + media.FrameSamples) {
			s.take(p, &in.packet)
		}
	})
	if got := s.Stats(); n != 0 || got.In < 1000 {
		t.Errorf("%v allocations a packet, %d packets", n, got.In)
	}
}
