package webrtc

import (
	"context"
	"log/slog"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/pion/interceptor"
	"github.com/pion/rtp"
	pion "github.com/pion/webrtc/v4"
	"go.uber.org/goleak"

	"hotline/media"
	"hotline/media/prompt"
	"hotline/media/tone"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func within(t testing.TB, d time.Duration) context.Context {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), d)
	t.Cleanup(cancel)
	return ctx
}

func newWheel(t testing.TB) *prompt.Wheel {
	t.Helper()
	w := prompt.NewWheel(slog.New(slog.DiscardHandler))
	t.Cleanup(w.Close)
	return w
}

func newGateway(t testing.TB, c Config) *Gateway {
	t.Helper()
	g, err := New(Options{Config: c, Log: slog.New(slog.DiscardHandler), Wheel: newWheel(t)})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := g.Close(within(t, 10*time.Second)); err != nil {
			t.Error(err)
		}
	})
	return g
}

func loopback() Config { return Config{Listen: "127.0.0.1:0"} }

// browser is an agent's browser, made of pion: it offers, says what it is
// told to, and keeps what it hears.
type browser struct {
	t     testing.TB
	pc    *pion.PeerConnection
	ear   *tone.Ear
	mouth *mouth
	up    chan struct{} // closed when connected
	once  sync.Once
}

// mouth is the browser's microphone.
type mouth struct{ track *pion.TrackLocalStaticRTP }

func (m *mouth) Write(p *media.Packet) {
	h := rtp.Header{Version: 2, Marker: p.Marker, SequenceNumber: p.Sequence, Timestamp: p.Timestamp}
	_ = m.track.WriteRTP(&rtp.Packet{Header: h, Payload: p.Payload})
}

func newBrowser(t testing.TB, mimes ...string) *browser {
	t.Helper()
	if len(mimes) == 0 {
		mimes = []string{pion.MimeTypePCMA, pion.MimeTypePCMU, mimeDigits}
	}
	engine := &pion.MediaEngine{}
	for _, c := range codecParameters() {
		for _, mime := range mimes {
			if c.MimeType == mime {
				_ = engine.RegisterCodec(c, pion.RTPCodecTypeAudio)
			}
		}
	}
	var settings pion.SettingEngine
	settings.SetIncludeLoopbackCandidate(true)
	settings.SetNetworkTypes([]pion.NetworkType{pion.NetworkTypeUDP4, pion.NetworkTypeTCP4})
	settings.LoggerFactory = pionLoggers{slog.New(slog.DiscardHandler)}
	api := pion.NewAPI(pion.WithMediaEngine(engine), pion.WithInterceptorRegistry(&interceptor.Registry{}), pion.WithSettingEngine(settings))
	pc, err := api.NewPeerConnection(pion.Configuration{})
	if err != nil {
		t.Fatal(err)
	}
	b := &browser{t: t, pc: pc, ear: tone.NewEar(8 * media.SampleRate), up: make(chan struct{})}
	b.speak(mimes[0])
	pc.OnTrack(b.listen)
	pc.OnConnectionStateChange(func(s pion.PeerConnectionState) {
		if s == pion.PeerConnectionStateConnected {
			b.once.Do(func() { close(b.up) })
		}
	})
	t.Cleanup(b.close)
	return b
}

func (b *browser) speak(mime string) {
	b.t.Helper()
	track, err := pion.NewTrackLocalStaticRTP(pion.RTPCodecCapability{MimeType: mime, ClockRate: 8000}, "mic", "agent")
	if err != nil {
		b.t.Fatal(err)
	}
	if _, err := b.pc.AddTrack(track); err != nil {
		b.t.Fatal(err)
	}
	b.mouth = &mouth{track}
}

func (b *browser) listen(from *pion.TrackRemote, _ *pion.RTPReceiver) {
	in := inbound{digits: digitPayload}
	for {
		n, _, err := from.Read(in.buffer[:])
		if n == 0 && err != nil {
			return
		}
		if in.parse(n) {
			b.ear.Write(&in.packet)
		}
	}
}

func (b *browser) close() { _ = b.pc.GracefulClose() }

// offer makes an offer with all candidates in it.
func (b *browser) offer(restart bool) string {
	b.t.Helper()
	o, err := b.pc.CreateOffer(&pion.OfferOptions{ICERestart: restart})
	if err != nil {
		b.t.Fatal(err)
	}
	gathered := pion.GatheringCompletePromise(b.pc)
	if err := b.pc.SetLocalDescription(o); err != nil {
		b.t.Fatal(err)
	}
	<-gathered
	return b.pc.LocalDescription().SDP
}

func (b *browser) accept(answer string) {
	b.t.Helper()
	if err := b.pc.SetRemoteDescription(pion.SessionDescription{Type: pion.SDPTypeAnswer, SDP: answer}); err != nil {
		b.t.Fatal(err)
	}
}

// negotiate offers to the seat and takes its answer.
func (b *browser) negotiate(s *Seat, gen int, restart bool) string {
	b.t.Helper()
	answer, err := s.Answer(within(b.t, 10*time.Second), gen, b.offer(restart))
	if err != nil {
		b.t.Fatal(err)
	}
	b.accept(answer)
	return answer
}

// connect negotiates and waits until both sides are connected.
func (b *browser) connect(s *Seat, gen int) string {
	b.t.Helper()
	answer := b.negotiate(s, gen, false)
	select {
	case <-b.up:
	case <-time.After(10 * time.Second):
		b.t.Fatal("the browser does not connect")
	}
	awaitEvent(b.t, s, SeatEvent{Connected, gen})
	return answer
}

func awaitEvent(t testing.TB, s *Seat, want SeatEvent) {
	t.Helper()
	timeout := time.After(10 * time.Second)
	for {
		select {
		case got, open := <-s.Events():
			if got == want {
				return
			}
			if !open {
				t.Fatalf("events ended before %+v", want)
			}
		case <-timeout:
			t.Fatalf("no event %+v", want)
		}
	}
}

// hears checks that the next half second of an ear is a clean tone of hz.
func hears(t testing.TB, who string, e *tone.Ear, hz float64) {
	t.Helper()
	s, err := e.Await(within(t, 10*time.Second), 4000)
	if err != nil {
		t.Fatalf("%s hears %d packets: %v", who, e.Packets(), err)
	}
	if share := tone.Share(s, media.SampleRate, hz); share < 0.9 {
		peak, power := tone.Peak(s, media.SampleRate)
		t.Errorf("%s: %v Hz has a share of %.3f; loudest %.1f Hz with %.4f", who, hz, share, peak, power)
	}
}

func lines(s, prefix string) int {
	n := 0
	for line := range strings.Lines(s) {
		if strings.HasPrefix(line, prefix) {
			n++
		}
	}
	return n
}
