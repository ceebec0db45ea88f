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
