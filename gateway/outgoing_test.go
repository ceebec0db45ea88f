package gateway_test

import (
	"context"
	"errors"
	"log/slog"
	"testing"
	"time"

	"hotline/contact"
	"hotline/gateway"
	"hotline/gateway/gatewaytest"
	"hotline/media/prompt"
	"hotline/media/tone"
)

// outgoing is a call to a citizen with everything around it.
type outgoing struct {
	*gateway.Outgoing

	leg   *gatewaytest.Leg
	seats *gatewaytest.Seats
}

func newOutgoing(t *testing.T, ring time.Duration, fault error) *outgoing {
	t.Helper()
	prompts, err := prompt.Embedded()
	if err != nil {
		t.Fatal(err)
	}
	wheel := prompt.NewWheel(slog.New(slog.DiscardHandler))
	o := &outgoing{leg: gatewaytest.NewLeg(gateway.Arrival{}), seats: &gatewaytest.Seats{}}
	o.Outgoing = gateway.NewOutgoing(gateway.OutgoingOptions{
		CallOptions: gateway.CallOptions{
			Seats: o.seats, Wheel: wheel, Prompts: prompts, ID: "01JDG3Z4V7Q8W9X0Y1Z2A3B4C5", Log: slog.New(slog.DiscardHandler),
		},
		Dial: func(context.Context) (gateway.Leg, error) { return o.leg, fault },
		Ring: ring, To: gateway.Arrival{Trunk: "carrier", Called: "12345"},
	})
	t.Cleanup(func() {
		_ = o.Close(context.Background(), contact.AgentEnded)
		o.leg.GiveUp()
		wheel.Close()
	})
	return o
}

// TestTheAgentHearsThatItRings, then the citizen; and the citizen nobody else.
func TestTheAgentHearsThatItRings(t *testing.T) {
	t.Parallel()
	o := newOutgoing(t, time.Minute, nil)
	seat := o.seats.Sit("1001")
	dialled := make(chan error, 1)
	go func() { dialled <- o.Dial(context.WithoutCancel(t.Context()), "1001") }()
	heard := make([]int16, 0, 8000*5)
	for tone.Power(heard) < 1e-4 {
		heard = append(heard, hears(t, seat, 8000)...)
		if len(heard) > 8000*6 {
			t.Fatal("the agent does not hear that it rings")
		}
	}
	o.leg.PickUp()
	if err := <-dialled; err != nil {
		t.Fatal(err)
	}
	if p := tone.Power(hears(t, o.leg.Stream(), 1600)); p > 1e-6 {
		t.Errorf("the citizen hears power %v before the agent is there", p)
	}
	if err := o.Connect(t.Context(), "1001"); err != nil {
		t.Fatal(err)
	}
	seat.Ear().Forget()
	say(o.leg.Stream(), citizenTone)
	if got := seat.Ear().Samples(); tone.Power(got) < 1e-3 {
		t.Error("the agent does not hear the citizen")
	}
	o.leg.Press('5')
	o.leg.GiveUp()
	if e := <-o.Events(); e.Kind != contact.Pressed || e.Digit != '5' {
		t.Errorf("first news %+v", e)
	}
	if e := <-o.Events(); e.Kind != contact.Gone || e.Cause != contact.CitizenEnded {
		t.Errorf("last news %+v", e)
	}
	if _, open := <-o.Events(); open {
		t.Error("news after the end")
	}
}

func TestACitizenIsNotReached(t *testing.T) {
	t.Parallel()
	fault := errors.New("no trunk")
	cases := map[string]struct {
		ring  time.Duration
		fault error
		sits  bool
		do    func(*outgoing, func())
		want  error
	}{
		"busy":             {time.Minute, nil, true, func(o *outgoing, _ func()) { o.leg.Lose(contact.RefusedFull) }, gateway.ErrNotReached},
		"no answer":        {20 * time.Millisecond, nil, true, func(*outgoing, func()) {}, gateway.ErrNotReached},
		"the agent leaves": {time.Minute, nil, true, func(_ *outgoing, stop func()) { stop() }, context.Canceled},
		"no way":           {time.Minute, fault, true, func(*outgoing, func()) {}, fault},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			o := newOutgoing(t, c.ring, c.fault)
			o.seats.Sit("1001")
			ctx, stop := context.WithCancel(context.WithoutCancel(t.Context()))
			defer stop()
			dialled := make(chan error, 1)
			go func() { dialled <- o.Dial(ctx, "1001") }()
			c.do(o, stop)
			if err := <-dialled; !errors.Is(err, c.want) {
				t.Errorf("got %v, want %v", err, c.want)
			}
			if err := o.Connect(t.Context(), "1001"); err == nil {
				t.Error("joined with nobody")
			}
			if err := o.Close(t.Context(), contact.Unreached); err != nil {
				t.Fatal(err)
			}
			if e := <-o.Events(); e.Kind != contact.Gone || e.Cause != contact.Unreached {
				t.Errorf("news %+v", e)
			}
		})
	}
}

func TestNobodyIsDialledWithoutTheAgentsAudio(t *testing.T) {
	t.Parallel()
	o := newOutgoing(t, time.Minute, nil)
	if err := o.Dial(t.Context(), "1001"); err == nil || errors.Is(err, gateway.ErrNotReached) {
		t.Errorf("got %v", err)
	}
	for name, err := range map[string]error{
		"answer": o.Answer(t.Context()), "play": o.Play(t.Context(), prompt.Greeting), "hold": o.Hold(t.Context()), "mute": o.Mute(t.Context(), true),
	} {
		if err == nil {
			t.Errorf("%s worked with nobody there", name)
		}
	}
	if o.Stats() != (gateway.Stats{}) || o.Recording() != "" {
		t.Error("something was counted or recorded")
	}
}

// TestClosedWhileItRings: an answer that crosses the end is hung up.
func TestClosedWhileItRings(t *testing.T) {
	t.Parallel()
	o := newOutgoing(t, time.Minute, nil)
	o.seats.Sit("1001")
	if err := o.Close(t.Context(), contact.Recalled); err != nil {
		t.Fatal(err)
	}
	o.leg.PickUp()
	if err := o.Dial(t.Context(), "1001"); !errors.Is(err, gateway.ErrNotReached) {
		t.Errorf("got %v", err)
	}
	for s := range o.leg.Steps() {
		if s == gatewaytest.Ended {
			return
		}
	}
}
