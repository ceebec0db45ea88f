package webrtc

import (
	"errors"
	"strings"
	"testing"
	"time"

	pion "github.com/pion/webrtc/v4"

	"hotline/gateway"
	"hotline/media"
	"hotline/media/prompt"
	"hotline/media/tone"
)

var (
	_ media.Stream  = (*Seat)(nil)
	_ gateway.Seats = (*Gateway)(nil)
)

func sound(hz float64) prompt.Audio { return prompt.Tone(hz, time.Second, 0.3) }

func TestAudioBothWays(t *testing.T) {
	t.Parallel()
	for name, mimes := range map[string][]string{
		"PCMA": nil, "PCMU": {pion.MimeTypePCMU, mimeDigits}, "no digits": {pion.MimeTypePCMA},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			g := newGateway(t, loopback())
			s, b := g.Seat("1001"), newBrowser(t, mimes...)
			b.connect(s, 1)

			citizen := s.Out().NewSource()
			s.Out().Select(citizen)
			g.wheel.Play(citizen, sound(600), true)
			hears(t, "agent", b.ear, 600)

			if name == "PCMU" {
				return // the wheel says A-law; a browser of PCMU would not
			}
			ear := tone.NewEar(8000)
			s.Forward(ear)
			g.wheel.Play(b.mouth, sound(1004), true)
			hears(t, "citizen", ear, 1004)
			if got := s.Stats(); got.In == 0 || got.Out == 0 || got.Lost != 0 || s.LastPacket().IsZero() {
				t.Errorf("%+v", got)
			}
		})
	}
}

func TestAnswerIsWhatTheDesignSays(t *testing.T) {
	t.Parallel()
	s, b := newGateway(t, loopback()).Seat("1001"), newBrowser(t)
	answer := b.connect(s, 1)
	for _, want := range []string{"a=ice-lite\r\n", "a=setup:passive\r\n", "a=rtcp-mux\r\n", "a=sendrecv\r\n", "a=rtpmap:8 PCMA/8000"} {
		if !strings.Contains(answer, want) {
			t.Errorf("answer has no %q:\n%s", want, answer)
		}
	}
	if n := lines(answer, "a=candidate:"); n == 0 {
		t.Error("no candidates: the browser would wait for trickle")
	}
	if n := lines(answer, "m="); n != 1 {
		t.Errorf("%d m-lines", n)
	}
	if p := b.srtpProfile(); p != "SRTP_AEAD_AES_128_GCM" {
		t.Errorf("SRTP profile %s", p)
	}
}

func (b *browser) srtpProfile() string {
	for _, r := range b.pc.GetStats() {
		if s, ok := r.(pion.TransportStats); ok && s.SRTPCipher != "" {
			return s.SRTPCipher
		}
	}
	return ""
}

func TestDigitsBothWays(t *testing.T) {
	t.Parallel()
	s, b := newGateway(t, loopback()).Seat("1001"), newBrowser(t)
	b.connect(s, 1)
	citizen := s.Out().NewSource()
	s.Out().Select(citizen)
	event := media.Packet{Kind: media.Digit, Payload: media.Event{Code: 5, Duration: 160}.Append(nil)}
	for b.ear.Digits() == 0 {
		citizen.Write(&event)
		event.Sequence++
		<-time.After(media.FrameDuration)
	}
}

func TestReloadKeepsTheBridge(t *testing.T) {
	t.Parallel()
	g := newGateway(t, loopback())
	s, before := g.Seat("1001"), newBrowser(t)
	before.connect(s, 1)
	ear, citizen := tone.NewEar(8000), s.Out().NewSource()
	s.Forward(ear)
	s.Out().Select(citizen)
	g.wheel.Play(citizen, sound(600), true)
	g.wheel.Play(before.mouth, sound(1004), true)
	hears(t, "citizen", ear, 1004)

	after := newBrowser(t)
	after.connect(s, 2)
	g.wheel.Play(after.mouth, sound(1500), true)
	hears(t, "agent after the reload", after.ear, 600)
	hears(t, "citizen after the reload", ear, 1500)

	closed := time.After(10 * time.Second)
	for before.pc.ConnectionState() != pion.PeerConnectionStateClosed {
		select {
		case <-closed:
			t.Fatalf("the old connection is %v", before.pc.ConnectionState())
		case <-time.After(10 * time.Millisecond):
		}
	}
}

// A browser that never arrives takes nothing from the one that is there.
func TestANewConnectionTakesOverOnceConnected(t *testing.T) {
	t.Parallel()
	g := newGateway(t, loopback())
	s, here := g.Seat("1001"), newBrowser(t)
	here.connect(s, 1)
	for gen := 2; gen < 5; gen++ {
		absent := newBrowser(t)
		if _, err := s.Answer(t.Context(), gen, absent.offer(false)); err != nil {
			t.Fatal(err)
		}
	}
	ear := tone.NewEar(8000)
	s.Forward(ear)
	g.wheel.Play(here.mouth, sound(1004), true)
	hears(t, "citizen", ear, 1004)
}

func TestICERestart(t *testing.T) {
	t.Parallel()
	g := newGateway(t, loopback())
	s, b := g.Seat("1001"), newBrowser(t)
	first := b.connect(s, 1)
	peer := s.active.Load()
	second := b.negotiate(s, 2, true)
	if ufrag(first) == ufrag(second) {
		t.Error("ICE was not restarted")
	}
	if s.active.Load() != peer {
		t.Error("a restart made a new connection")
	}
	citizen := s.Out().NewSource()
	s.Out().Select(citizen)
	g.wheel.Play(citizen, sound(600), true)
	hears(t, "agent", b.ear, 600)
}

func ufrag(description string) string {
	_, rest, _ := strings.Cut(description, "a=ice-ufrag:")
	line, _, _ := strings.Cut(rest, "\r\n")
	return line
}

func TestStaleOffersAreRefused(t *testing.T) {
	t.Parallel()
	s, b := newGateway(t, loopback()).Seat("1001"), newBrowser(t)
	b.connect(s, 7)
	for _, gen := range []int{7, 6, 0} {
		if _, err := s.Answer(t.Context(), gen, newBrowser(t).offer(false)); !errors.Is(err, ErrStale) {
			t.Errorf("generation %d: %v", gen, err)
		}
	}
}

func TestTheBrowserLeaves(t *testing.T) {
	t.Parallel()
	s, b := newGateway(t, loopback()).Seat("1001"), newBrowser(t)
	b.connect(s, 1)
	b.close()
	awaitEvent(t, s, SeatEvent{Disconnected, 1})
	if s.Connected() {
		t.Error("still connected")
	}
	newBrowser(t).connect(s, 2)
}

func TestForget(t *testing.T) {
	t.Parallel()
	g := newGateway(t, loopback())
	s, b := g.Seat("1001"), newBrowser(t)
	b.connect(s, 1)
	if again, err := g.SeatMedia("1001"); err != nil || again != media.Stream(s) {
		t.Errorf("%v, %v", again, err)
	}
	g.Forget("1001")
	g.Forget("1001")
	if _, open := <-s.Digits(); open {
		t.Error("digits outlive the seat")
	}
	for range s.Events() {
		t.Log("news left")
	}
	if _, err := s.Answer(t.Context(), 2, newBrowser(t).offer(false)); !errors.Is(err, ErrClosed) {
		t.Errorf("answered after Forget: %v", err)
	}
	if _, err := g.SeatMedia("1001"); !errors.Is(err, ErrNoSeat) {
		t.Errorf("err = %v", err)
	}
	if g.Seat("1001") == s {
		t.Error("the old seat came back")
	}
}

func TestAfterClose(t *testing.T) {
	t.Parallel()
	g := newGateway(t, loopback())
	if err := g.Close(t.Context()); err != nil {
		t.Fatal(err)
	}
	if _, err := g.Seat("1001").Answer(t.Context(), 1, newBrowser(t).offer(false)); !errors.Is(err, ErrClosed) {
		t.Errorf("err = %v", err)
	}
}

func TestProve(t *testing.T) {
	t.Parallel()
	g := newGateway(t, loopback())
	s, b := g.Seat("1001"), newBrowser(t)
	if _, err := s.Prove(t.Context()); !errors.Is(err, ErrNotConnected) {
		t.Errorf("err = %v", err)
	}
	b.connect(s, 1)
	mute, err := s.Prove(t.Context())
	if err != nil || !mute.Toned || mute.PacketsIn != 0 || mute.PacketsOut != 50 || mute.Peak != 0 {
		t.Errorf("silent browser: %+v, %v", mute, err)
	}
	g.wheel.Play(b.mouth, sound(1004), true)
	heard := make(chan struct{})
	go func() {
		defer close(heard)
		hears(t, "browser", b.ear, proofTone)
	}()
	full, err := s.Prove(t.Context())
	<-heard
	if err != nil || full.PacketsIn < 40 || full.Peak < 8000 {
		t.Errorf("%+v, %v", full, err)
	}
	if s.Out().Selected() != nil {
		t.Error("the proof's source stays")
	}
}

func TestProveDuringACall(t *testing.T) {
	t.Parallel()
	g := newGateway(t, loopback())
	s, b := g.Seat("1001"), newBrowser(t)
	b.connect(s, 1)
	citizen := s.Out().NewSource()
	s.Out().Select(citizen)
	g.wheel.Play(citizen, sound(600), true)
	proof, err := s.Prove(t.Context())
	if err != nil || proof.Toned || s.Out().Selected() != citizen {
		t.Errorf("%+v, %v", proof, err)
	}
}

func TestProveOneAtATime(t *testing.T) {
	t.Parallel()
	g := newGateway(t, loopback())
	s, b := g.Seat("1001"), newBrowser(t)
	b.connect(s, 1)
	taken := &Proof{}
	s.beginProof(taken)
	if _, err := s.Prove(t.Context()); !errors.Is(err, ErrProving) {
		t.Errorf("err = %v", err)
	}
	s.endProof(taken)
	short := within(t, 50*time.Millisecond)
	if _, err := s.Prove(short); err == nil {
		t.Error("the context's end is no error")
	}
	if s.Out().Selected() != nil {
		t.Error("the proof's source stays")
	}
}

func TestNews(t *testing.T) {
	t.Parallel()
	c := make(chan SeatEvent, 2)
	for gen := range 5 {
		emit(c, SeatEvent{Connected, gen})
	}
	if a, b := <-c, <-c; a.Generation != 3 || b.Generation != 4 {
		t.Errorf("kept %v and %v, want the newest", a, b)
	}
}
