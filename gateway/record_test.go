package gateway_test

import (
	"context"
	"errors"
	"log/slog"
	"os"
	"path/filepath"
	"testing"
	"time"

	"hotline/gateway/gatewaytest"
	"hotline/media"
	"hotline/media/prompt"
	"hotline/media/recorder"
	"hotline/media/tone"
)

func newTape(t *testing.T) (tape *recorder.Recorder, folder string) {
	t.Helper()
	folder = t.TempDir()
	tape, err := recorder.New(recorder.Options{
		Config: recorder.Config{Folder: folder, Enabled: true}, Log: slog.New(slog.DiscardHandler),
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := tape.Close(context.Background()); err != nil {
			t.Error(err)
		}
	})
	return tape, folder
}

// talk lets both speak for a second, in real time.
func talk(citizen, agent *gatewaytest.Stream) {
	low, high := prompt.Tone(citizenTone, time.Second, 0.3).AppendALaw(nil), prompt.Tone(agentTone, time.Second, 0.3).AppendALaw(nil)
	tick := time.NewTicker(media.FrameDuration)
	defer tick.Stop()
	for i := 0; i < len(low); i += media.FrameSamples {
		citizen.Say(low[i : i+media.FrameSamples])
		agent.Say(high[i : i+media.FrameSamples])
		<-tick.C
	}
}

// TestTheWholeLegIsRecorded: announcement, music, talk, mute, each where the
// citizen heard it, and what the citizen said beside it.
func TestTheWholeLegIsRecorded(t *testing.T) {
	t.Parallel()
	tape, folder := newTape(t)
	h := recorded(t, tape)
	agent := h.seats.Sit("1001")
	if h.Recording() != "" {
		t.Error("recorded before the answer")
	}
	began := time.Now()
	ctx := t.Context()
	steps := []func() error{
		func() error { return h.Answer(ctx) },
		func() error { return h.Play(ctx, prompt.Quiet) },
		func() error { return h.Connect(ctx, "1001") },
		func() error { talk(h.leg.Stream(), agent); return nil },
		func() error { return h.Mute(ctx, true) },
		func() error { talk(h.leg.Stream(), agent); return nil },
		func() error { return h.Hold(ctx) },
		func() error { talk(h.leg.Stream(), agent); return nil },
	}
	starts := make([]int, 0, len(steps)) // in samples
	for _, step := range steps {
		starts = append(starts, int(time.Since(began).Seconds()*media.SampleRate))
		if err := step(); err != nil {
			t.Fatal(err)
		}
	}
	lasted := time.Since(began)
	h.leg.GiveUp()
	for range h.Events() {
	}
	if h.Recording() != "2024-11-25/01JDG3Z4V7Q8W9X0Y1Z2A3B4C5.wav" {
		t.Errorf("it is called %s", h.Recording())
	}
	if err := tape.Close(ctx); err != nil {
		t.Fatal(err)
	}
	said, heard := gatewaytest.ReadRecording(t, filepath.Join(folder, h.Recording()))
	if off := float64(len(said))/media.SampleRate - lasted.Seconds(); off < -0.1 || off > 0.1 {
		t.Errorf("%d samples of a call of %s", len(said), lasted)
	}
	part := func(channel []int16, step int) []int16 { // from the middle of a second
		return channel[starts[step]+1600:][:4800]
	}
	for name, got := range map[string]bool{
		"the citizen in the talk":             tone.Hears(part(said, 3), citizenTone),
		"the citizen while the agent is mute": tone.Hears(part(said, 5), citizenTone),
		"the citizen on hold":                 tone.Hears(part(said, 7), citizenTone),
		"the agent in the talk":               tone.Hears(part(heard, 3), agentTone),
		"silence of a muted agent":            tone.Power(part(heard, 5)) < 1e-6,
		"music on hold":                       tone.Power(part(heard, 7)) > 1e-4,
		"no agent on hold":                    !tone.Hears(part(heard, 7), agentTone),
		"no agent in what the citizen says":   !tone.Hears(part(said, 3), agentTone),
		"no citizen in what they hear":        !tone.Hears(part(heard, 3), citizenTone),
	} {
		if !got {
			t.Errorf("not recorded: %s", name)
		}
	}
}

// TestACallThatCannotBeRecordedGoesOn: its recording is refused, nothing else.
func TestACallThatCannotBeRecordedGoesOn(t *testing.T) {
	t.Parallel()
	tape, folder := newTape(t)
	if err := tape.Close(t.Context()); err != nil {
		t.Fatal(err)
	}
	h := recorded(t, tape)
	if err := errors.Join(h.Answer(t.Context()), h.Hold(t.Context())); err != nil {
		t.Fatal(err)
	}
	if p := tone.Power(hears(t, h.leg.Stream(), 8000)); p < 1e-4 || h.Recording() != "" {
		t.Errorf("power %v, recording %q; want music and none", p, h.Recording())
	}
	if names, err := os.ReadDir(folder); err != nil || len(names) != 0 {
		t.Errorf("%v, %v", names, err)
	}
}
