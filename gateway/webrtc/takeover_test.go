package webrtc

import (
	"errors"
	"strings"
	"sync"
	"testing"

	"hotline/media/tone"
)

// Whoever cannot show the certificate that the offer named is not heard
// (RFC 8122 §6.2), and the browser that was there stays.
func TestWrongFingerprintIsNotHeard(t *testing.T) {
	t.Parallel()
	g := newGateway(t, loopback())
	s, here, liar := g.Seat("1001"), newBrowser(t), newBrowser(t)
	here.connect(s, 1)
	ear := tone.NewEar(8000)
	s.Forward(ear)

	answer, err := s.Answer(t.Context(), 2, otherFingerprint(liar.offer(false)))
	if err != nil {
		t.Fatal(err)
	}
	liar.accept(answer)
	g.wheel.Play(liar.mouth, sound(1500), true)
	awaitEvent(t, s, SeatEvent{Failed, 2})
	if !s.Connected() {
		t.Error("the liar cut the browser that was there")
	}
	g.wheel.Play(here.mouth, sound(1004), true)
	hears(t, "citizen", ear, 1004)
	if tone.Hears(ear.Samples(), 1500) {
		t.Error("the liar is heard")
	}
}

// otherFingerprint turns the last digit of the certificate's hash.
func otherFingerprint(offer string) string {
	before, rest, _ := strings.Cut(offer, "a=fingerprint:sha-256 ")
	hash, after, _ := strings.Cut(rest, "\r\n")
	last := "0"
	if strings.HasSuffix(hash, "0") {
		last = "1"
	}
	return before + "a=fingerprint:sha-256 " + hash[:len(hash)-1] + last + "\r\n" + after
}

// Offers from many tabs at once: each is answered or stale, and the newest wins.
func TestOffersAtOnce(t *testing.T) {
	t.Parallel()
	s := newGateway(t, loopback()).Seat("1001")
	offers := make([]string, 8)
	for i := range offers {
		offers[i] = newBrowser(t).offer(false)
	}
	var asking sync.WaitGroup
	for i, offer := range offers {
		asking.Go(func() {
			if _, err := s.Answer(t.Context(), i+1, offer); err != nil && !errors.Is(err, ErrStale) {
				t.Error(err)
			}
		})
	}
	asking.Wait()
	if s.generation != len(offers) {
		t.Errorf("generation %d", s.generation)
	}
	newBrowser(t).connect(s, len(offers)+1)
}

func TestAnswerGivesUpWithItsContext(t *testing.T) {
	t.Parallel()
	s := newGateway(t, loopback()).Seat("1001")
	s.turn <- struct{}{} // another answer is under way
	if _, err := s.Answer(within(t, 1), 1, chromium(t)); err == nil {
		t.Error("no error")
	}
	<-s.turn
	if _, err := s.Answer(t.Context(), 1, chromium(t)); err != nil {
		t.Error(err)
	}
}

func TestSeatsDoNotHearEachOther(t *testing.T) {
	t.Parallel()
	g := newGateway(t, loopback())
	one, two := newBrowser(t), newBrowser(t)
	one.connect(g.Seat("1001"), 1)
	two.connect(g.Seat("1002"), 1)
	ear1, ear2 := tone.NewEar(8000), tone.NewEar(8000)
	g.Seat("1001").Forward(ear1)
	g.Seat("1002").Forward(ear2)
	g.wheel.Play(one.mouth, sound(600), true)
	g.wheel.Play(two.mouth, sound(1400), true)
	hears(t, "the first citizen", ear1, 600)
	hears(t, "the second citizen", ear2, 1400)
}
