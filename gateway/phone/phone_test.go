package phone_test

import (
	"context"
	"errors"
	"log/slog"
	"net/netip"
	"strings"
	"testing"
	"time"

	"go.uber.org/goleak"

	"hotline/contact"
	"hotline/gateway"
	"hotline/gateway/gatewaytest"
	"hotline/gateway/phone"
	"hotline/gateway/sip"
	"hotline/media"
	"hotline/media/prompt"
	"hotline/media/rtp"
	"hotline/media/tone"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

const (
	citizenTone = 440.0
	houseTone   = 1000.0
)

// house is a node that answers calls.
type house struct {
	target  string
	overTCP string
	heard   *tone.Ear
	digits  chan rune
	ended   chan contact.Cause
}

// newHouse starts a house; serve is what it does with a call.
func newHouse(t *testing.T, serve func(context.Context, gateway.Inbound)) *house {
	t.Helper()
	log := slog.New(slog.DiscardHandler)
	ports := gatewaytest.NewPorts(t, rtp.Config{Address: netip.MustParseAddr("127.0.0.1")})
	wheel := prompt.NewWheel(log)
	h := &house{heard: tone.NewEar(16000), digits: make(chan rune, 64), ended: make(chan contact.Cause, 8)}
	g, err := sip.New(sip.Options{
		Config: sip.Config{UDP: "127.0.0.1:0", TCP: "127.0.0.1:0", Trunks: []sip.Trunk{{
			Name: "carrier", Addresses: []string{"127.0.0.1"}, Media: []string{"127.0.0.1"},
		}}},
		Ports: ports, Log: log,
		OnCall: func(in gateway.Inbound) {
			go h.watch(in)
			serve(t.Context(), in)
			if m := in.Media(); m != nil {
				source := m.Out().NewSource()
				m.Out().Select(source)
				wheel.Play(source, prompt.Tone(houseTone, time.Second, 0.3), true)
				m.Forward(h.heard)
			}
		},
	})
	if err != nil {
		t.Fatal(err)
	}
	if err := g.Start(t.Context()); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := g.Close(context.Background()); err != nil {
			t.Error(err)
		}
		wheel.Close()
	})
	h.target = "sip:12345@" + g.Addrs().UDP.String()
	h.overTCP = "sip:12345@" + g.Addrs().TCP.String()
	return h
}

func (h *house) watch(in gateway.Inbound) {
	defer close(h.digits)
	for e := range in.Events() {
		switch e.Kind {
		case gateway.LegDigit:
			h.digits <- e.Digit
		case gateway.LegGone:
			h.ended <- e.Cause
		case gateway.LegAnswered:
		}
	}
}

func pickUp(ctx context.Context, in gateway.Inbound) { _ = in.Answer(ctx) }

func place(t *testing.T, h *house, o phone.Options) phone.Report {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
	defer cancel()
	p, err := phone.New(ctx, h.target, slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	defer func() {
		if err := errors.Join(p.Close(context.Background()), p.Close(context.Background())); err != nil {
			t.Error(err)
		}
	}()
	o.Target = h.target
	c, err := p.Place(ctx, o)
	if err != nil {
		t.Fatal(err)
	}
	r, err := c.Wait(ctx)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

func TestBothHearEachOther(t *testing.T) {
	t.Parallel()
	for _, transport := range []string{"udp", "tcp"} {
		t.Run(transport, func(t *testing.T) {
			t.Parallel()
			h := newHouse(t, pickUp)
			if transport == "tcp" {
				h.target = h.overTCP
			}
			r := place(t, h, phone.Options{
				From: "13812345678", Transport: transport, Play: prompt.Tone(citizenTone, time.Second, 0.3),
				HangupAfter: 1500 * time.Millisecond, Record: true,
			})
			if r.Status != 200 || r.Answered.IsZero() || r.Cause != contact.CitizenEnded {
				t.Errorf("status %d, answered %v, cause %s", r.Status, r.Answered, r.Cause)
			}
			heard := r.Heard.Linear()
			if len(heard) < media.SampleRate || !tone.Hears(heard, houseTone) {
				t.Errorf("the phone heard %d samples, not the house's tone", len(heard))
			}
			if !tone.Hears(h.heard.Samples(), citizenTone) {
				t.Error("the house did not hear the phone")
			}
			if got := <-h.ended; got != contact.CitizenEnded {
				t.Errorf("the house saw %s", got)
			}
		})
	}
}

func TestDigitsArriveOnce(t *testing.T) {
	t.Parallel()
	h := newHouse(t, pickUp)
	const keys = "1234567890*#11"
	place(t, h, phone.Options{Digits: keys, DigitGap: 40 * time.Millisecond, HangupAfter: 2500 * time.Millisecond})
	var got strings.Builder
	for d := range h.digits {
		got.WriteRune(d)
	}
	if got.String() != keys {
		t.Errorf("the house heard %q, want %q", got.String(), keys)
	}
}

func TestRefusals(t *testing.T) {
	t.Parallel()
	tests := map[contact.Cause]int{
		contact.RefusedUnknown:  404,
		contact.RefusedClosed:   480,
		contact.RefusedFull:     503,
		contact.RefusedNuisance: 603,
	}
	for why, status := range tests {
		t.Run(why.String(), func(t *testing.T) {
			t.Parallel()
			h := newHouse(t, func(ctx context.Context, in gateway.Inbound) { _ = in.Refuse(ctx, why) })
			r := place(t, h, phone.Options{})
			if r.Status != status || r.Cause != why || !r.Answered.IsZero() {
				t.Errorf("status %d, cause %s, answered %v", r.Status, r.Cause, r.Answered)
			}
		})
	}
}

func TestTheHouseHangsUp(t *testing.T) {
	t.Parallel()
	h := newHouse(t, func(ctx context.Context, in gateway.Inbound) {
		_ = in.Answer(ctx)
		_ = in.Hangup(ctx, contact.AgentEnded)
	})
	if r := place(t, h, phone.Options{}); r.Status != 200 || r.Answered.IsZero() {
		t.Errorf("status %d, answered %v", r.Status, r.Answered)
	}
	if got := <-h.ended; got != contact.AgentEnded {
		t.Errorf("the house's cause is %s", got)
	}
}

// Whoever loses patience cancels, and leaves nothing ringing.
func TestGivingUpCancels(t *testing.T) {
	t.Parallel()
	ringing := make(chan struct{})
	h := newHouse(t, func(ctx context.Context, in gateway.Inbound) {
		_ = in.Ring(ctx)
		close(ringing)
	})
	p, err := phone.New(t.Context(), h.target, slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = p.Close(context.Background()) }()
	ctx, cancel := context.WithCancel(t.Context())
	c, err := p.Place(ctx, phone.Options{Target: h.target})
	if err != nil {
		t.Fatal(err)
	}
	<-ringing
	cancel()
	if got := <-h.ended; got != contact.CitizenEnded {
		t.Errorf("the house saw %s", got)
	}
	<-c.Done()
	if r := c.Report(); r.Status != 487 || r.Cause != contact.CitizenEnded {
		t.Errorf("status %d, cause %s", r.Status, r.Cause)
	}
}

func TestBadOptions(t *testing.T) {
	t.Parallel()
	if _, err := phone.New(t.Context(), "tel:12345", slog.New(slog.DiscardHandler)); err == nil {
		t.Error("a tel URI has no host to call")
	}
	h := newHouse(t, pickUp)
	p, err := phone.New(t.Context(), h.target, slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = p.Close(context.Background()) }()
	for name, o := range map[string]phone.Options{
		"no key":        {Target: h.target, Digits: "12x"},
		"negative time": {Target: h.target, HangupAfter: -1},
		"header break":  {Target: h.target, From: "1\r\nX: y"},
		"no target":     {},
	} {
		if _, err := p.Place(t.Context(), o); err == nil {
			t.Errorf("%s: placed", name)
		}
	}
}
