package e2e

import (
	"context"
	"log/slog"
	"testing"
	"time"

	"hotline/desk/headless"
	"hotline/gateway/gatewaytest"
)

// agent signs a headless agent in and returns once it is ready.
func (c *city) agent(o headless.Options) *headless.Agent {
	c.t.Helper()
	o.URL, o.Password, o.Log = c.url(), password(o.Account), slog.New(slog.DiscardHandler)
	ctx, cancel := context.WithTimeout(c.t.Context(), patience)
	defer cancel()
	a, err := headless.Dial(ctx, o)
	if err != nil {
		c.t.Fatal(err)
	}
	c.t.Cleanup(func() {
		ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
		defer cancel()
		if err := a.Close(ctx); err != nil && !c.drained.Load() {
			c.t.Errorf("agent %s: %v", o.Account, err)
		}
	})
	return a
}

func (c *city) report(a *headless.Agent) headless.Report {
	c.t.Helper()
	select {
	case r := <-a.Reports():
		return r
	case <-time.After(patience):
		c.t.Fatal("the agent reports no call")
		return headless.Report{}
	}
}

// TestRingTimeoutKeepsPlace: an agent lets it ring. After 15 s the call is the
// next agent's, before a citizen who called later, and the silent agent gets no
// further call.
func TestRingTimeoutKeepsPlace(t *testing.T) {
	c := startCity(t, nil)
	rest := c.supervisor()
	asleep := c.agent(headless.Options{Account: "1001", AnswerAfter: time.Hour})

	first := gatewaytest.StartBaresip(t, c.dial("12345"), "13800000001", 600)
	one := c.await(rest, "of the first citizen", func(r record) bool { return r.Caller == "+86138****0001" && r.Offers == 1 })
	second := gatewaytest.StartBaresip(t, c.dial("12345"), "13800000002", 700)
	two := c.await(rest, "of the second citizen", func(r record) bool { return r.Caller == "+86138****0002" })

	if r := c.report(asleep); r.Contact != one.Contact || r.Answered || r.Cause != "unanswered" {
		t.Errorf("the silent agent reports %+v", r)
	}
	awake := c.agent(headless.Options{Account: "1002", TalkFor: 2 * time.Second, WrapUp: 100 * time.Millisecond})
	for i, want := range []record{one, two} {
		r := c.report(awake)
		if r.Contact != want.Contact || !r.Answered {
			t.Errorf("call %d of the second agent is %s, want %s", i+1, r.Contact, want.Contact)
		}
	}
	one = c.await(rest, "of the first citizen's end", func(r record) bool { return r.Contact == one.Contact && !r.Ended.IsZero() })
	two = c.await(rest, "of the second citizen's end", func(r record) bool { return r.Contact == two.Contact && !r.Ended.IsZero() })
	if one.Offers != 2 || one.Agent != "1002" || two.Offers != 1 || !one.Connected.Before(two.Connected) {
		t.Errorf("first %+v\nsecond %+v", one, two)
	}
	if rang := one.Connected.Sub(one.Accepted); rang < 15*time.Second {
		t.Errorf("the first citizen was with an agent %s after the call, want 15 s of ringing before", rang)
	}
	first.Stop()
	second.Stop()
}
