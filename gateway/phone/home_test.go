package phone_test

import (
	"context"
	"log/slog"
	"net/netip"
	"testing"
	"time"

	"hotline/contact"
	"hotline/gateway/phone"
	"hotline/media/prompt"
	"hotline/media/tone"
)

// atHome is a phone that can be called from this machine.
func atHome(t *testing.T, h phone.Home) (*phone.Phone, <-chan *phone.Call) {
	t.Helper()
	calls := make(chan *phone.Call, 8)
	h.At, h.Callers = netip.MustParseAddrPort("127.0.0.1:0"), []string{"127.0.0.0/8"}
	h.Log, h.OnCall = slog.New(slog.DiscardHandler), func(c *phone.Call) { calls <- c }
	p, err := phone.Listen(t.Context(), h)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := p.Close(context.Background()); err != nil {
			t.Error(err)
		}
	})
	return p, calls
}

func TestAPhoneThatIsCalled(t *testing.T) {
	t.Parallel()
	home, calls := atHome(t, phone.Home{Ring: 50 * time.Millisecond, Options: phone.Options{Play: prompt.Tone(600, time.Second, 0.3), Record: true}})
	ctx, cancel := context.WithTimeout(context.WithoutCancel(t.Context()), 20*time.Second)
	defer cancel()
	caller, err := phone.New(ctx, "sip:1@"+home.Addr().String(), slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	placed, err := caller.Place(ctx, phone.Options{
		Target: "sip:13812345678@" + home.Addr().String(), From: "12345", Record: true,
		Play: prompt.Tone(1000, time.Second, 0.3), HangupAfter: time.Second,
	})
	if err != nil {
		t.Fatal(err)
	}
	here := <-calls
	there, err := placed.Wait(ctx)
	if err != nil || there.Answered.IsZero() || there.Status != 200 {
		t.Fatalf("%+v, %v", there, err)
	}
	got, err := here.Wait(ctx)
	if err != nil || got.Answered.IsZero() || got.Cause != contact.CitizenEnded || got.Status != 200 {
		t.Fatalf("%+v, %v", got, err)
	}
	for who, heard := range map[string]prompt.Audio{"caller": there.Heard, "called": got.Heard} {
		if p := tone.Power(heard.Linear()); p < 1e-3 {
			t.Errorf("the %s heard power %v", who, p)
		}
	}
	if err := caller.Close(ctx); err != nil {
		t.Error(err)
	}
}

func TestAPhoneThatIsBusy(t *testing.T) {
	t.Parallel()
	home, calls := atHome(t, phone.Home{Busy: true})
	ctx, cancel := context.WithTimeout(context.WithoutCancel(t.Context()), 20*time.Second)
	defer cancel()
	caller, err := phone.New(ctx, "sip:1@"+home.Addr().String(), slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	placed, err := caller.Place(ctx, phone.Options{Target: "sip:13812345678@" + home.Addr().String()})
	if err != nil {
		t.Fatal(err)
	}
	r, err := placed.Wait(ctx)
	if err != nil || r.Status != 480 || !r.Answered.IsZero() {
		t.Errorf("%+v, %v", r, err)
	}
	if got, err := (<-calls).Wait(ctx); err != nil || !got.Answered.IsZero() {
		t.Errorf("%+v, %v", got, err)
	}
	if err := caller.Close(ctx); err != nil {
		t.Error(err)
	}
}
