package sip

import (
	"context"
	"fmt"
	"log/slog"
	"testing"
	"time"

	"hotline/gateway/gatewaytest"
	"hotline/media/prompt"
	"hotline/media/tone"
)

// baresip calls and plays 440 Hz: that is measured here. We play 1,000 Hz:
// that is measured in what baresip wrote down.
func TestBaresipHearsAndIsHeard(t *testing.T) {
	t.Parallel()
	gatewaytest.Tried(t, gatewaytest.PeerBaresip, "RFC 3551 §4.5.14", "a call with A-law: a tone each way, each at the other's ear and nowhere else")
	wheel := prompt.NewWheel(slog.New(slog.DiscardHandler))
	t.Cleanup(wheel.Close)
	ear := tone.NewEar(16000)
	n := startNode(t, func(ctx context.Context, in *Inbound) {
		if err := in.Answer(ctx); err != nil {
			return
		}
		source := in.Media().Out().NewSource()
		in.Media().Out().Select(source)
		wheel.Play(source, prompt.Tone(1000, time.Second, 0.3), true)
		in.Media().Forward(ear)
	})
	phone := gatewaytest.StartBaresip(t, fmt.Sprintf("sip:12345@%s", n.Addrs().UDP), "13812345678", 440)
	hears(t, ear, 440)
	heard := phone.Heard()
	heard = heard[max(0, len(heard)-16000):]
	if !tone.Hears(heard, 1000) {
		t.Error("baresip did not hear our tone")
	}
	if tone.Hears(heard, 440) {
		t.Error("baresip heard itself")
	}
}

// A phone that knows no session timers takes our refreshes, and the audio goes
// on through them.
func TestBaresipIsRefreshed(t *testing.T) {
	t.Parallel()
	gatewaytest.Tried(t, gatewaytest.PeerBaresip, "RFC 3261 §14.2", "our re-INVITE with the description unchanged, again and again: accepted, the audio goes on")
	ear := tone.NewEar(16000)
	n := startNode(t, func(ctx context.Context, in *Inbound) {
		if in.Answer(ctx) == nil {
			in.Media().Forward(ear)
		}
	}, timed)
	gatewaytest.StartBaresip(t, fmt.Sprintf("sip:12345@%s", n.Addrs().UDP), "13812345678", 440)
	in := n.call(t)
	if in.Answered(t) == nil {
		t.Fatal("not talking")
	}
	hears(t, ear, 440)
	for range 3 {
		ask := func() error {
			in.clock.set(terms{expires: time.Hour, ours: true})
			in.refresh()
			return nil
		}
		if err := in.do(t.Context(), ask); err != nil {
			t.Fatal(err)
		}
		in.wantRefreshed(t)
		hears(t, ear, 440)
	}
}

// wantRefreshed waits until our request has been answered with a 2xx, which
// says nothing of timers and so ends them (RFC 4028 §7.2).
func (i *Inbound) wantRefreshed(t *testing.T) {
	t.Helper()
	tick := time.NewTicker(10 * time.Millisecond)
	defer tick.Stop()
	for end := time.Now().Add(10 * time.Second); ; <-tick.C {
		var state State
		var watched time.Duration
		look := func() error {
			state, watched = i.state, i.clock.expires
			return nil
		}
		if err := i.do(t.Context(), look); err != nil {
			t.Fatalf("the call ended: %v", err)
		}
		switch {
		case state == Talking && watched == 0:
			return
		case time.Now().After(end):
			t.Fatalf("the call is still %s", state)
		}
	}
}

// hears listens until two seconds at the ear hold hz: a call takes a moment.
func hears(t *testing.T, ear *tone.Ear, hz float64) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
	defer cancel()
	for {
		samples, err := ear.Await(ctx, 16000)
		if err != nil {
			t.Fatalf("we did not hear baresip's tone in %d packets", ear.Packets())
		}
		if tone.Hears(samples, hz) {
			return
		}
	}
}
