package e2e

import (
	"context"
	"log/slog"
	"strings"
	"testing"
	"time"

	"hotline/database/databasetest"
	"hotline/desk/headless"
	"hotline/gateway/gatewaytest"
	"hotline/gateway/phone"
	"hotline/media/tone"
	"hotline/node"
)

// call places one call with our own phone and waits for its end.
func (c *city) call(o phone.Options) phone.Report {
	c.t.Helper()
	ctx, cancel := context.WithTimeout(c.t.Context(), patience)
	defer cancel()
	p, err := phone.New(ctx, o.Target, slog.New(slog.DiscardHandler))
	if err != nil {
		c.t.Fatal(err)
	}
	if o.From == "" {
		o.From = "13812345678"
	}
	placed, err := p.Place(ctx, o)
	if err != nil {
		c.t.Fatal(err)
	}
	r, err := placed.Wait(ctx)
	if err != nil {
		c.t.Fatalf("the call went on: %v", err)
	}
	if err := p.Close(context.WithoutCancel(ctx)); err != nil {
		c.t.Error(err)
	}
	return r
}

// TestNobodyAtADesk: without an agent a citizen hears the greeting and then music,
// never silence, and keeps waiting.
func TestNobodyAtADesk(t *testing.T) {
	c := startCity(t, nil)
	citizen := gatewaytest.StartBaresip(t, c.dial("12345"), "13812345678", 600)
	rest := c.supervisor()
	waiting := c.await(rest, "that was accepted", func(r record) bool { return r.Caller == "+86138****5678" })
	time.AfterFunc(12*time.Second, func() { citizen.Stop() }) // greeting 6 s, then music
	ended := c.await(rest, "that was given up", func(r record) bool { return r.Contact == waiting.Contact && !r.Ended.IsZero() })
	if ended.Cause != "abandoned_queue" || ended.Offers != 0 {
		t.Errorf("record %+v, want it abandoned in the queue", ended)
	}
	const second = 8000
	heard := citizen.Heard()
	if len(heard) < 10*second {
		t.Fatalf("the citizen heard %d s, want 10 or more", len(heard)/second)
	}
	for at := second; at+second <= len(heard)-second; at += second {
		if p := tone.Power(heard[at : at+second]); p < 1e-4 {
			t.Errorf("second %d is silent (power %.1g)", at/second, p)
		}
	}
}

// TestUnknownNumber: a number that no line answers is refused with 404, and counted.
func TestUnknownNumber(t *testing.T) {
	c := startCity(t, nil)
	if r := c.call(phone.Options{Target: c.dial("99999")}); r.Status != 404 || !r.Answered.IsZero() {
		t.Errorf("status %d, want 404", r.Status)
	}
	c.await(c.supervisor(), "of a refusal", func(r record) bool { return r.Cause == "refused_unknown" })
}

// TestDrainKeepsTheCall: the first signal refuses new calls and lets the one in
// progress end by itself.
func TestDrainKeepsTheCall(t *testing.T) {
	c := startCity(t, func(cfg *node.Config) {
		cfg.Lines[0].Greeting = ""
		cfg.Node.DrainLimit = patience
	})
	agent := c.agent(headless.Options{Account: "1001", AnswerAfter: 10 * time.Millisecond, WrapUp: 10 * time.Millisecond})
	rest := c.supervisor()
	talk := make(chan phone.Report, 1)
	go func() {
		talk <- c.call(phone.Options{Target: c.dial("12345"), HangupAfter: 5 * time.Second})
	}()
	c.await(rest, "of the talk", func(r record) bool { return !r.Connected.IsZero() })
	c.drain()
	c.until("the drain has begun", func() bool { return strings.Contains(c.admin("/readyz"), "draining") }, func() string { return c.admin("/readyz") })
	if r := c.call(phone.Options{Target: c.dial("12345")}); r.Status != 503 {
		t.Errorf("a new call gets %d while draining, want 503", r.Status)
	}
	r := <-talk
	if lasted := r.Ended.Sub(r.Answered); lasted < 5*time.Second || r.Cause.String() != "citizen_ended" {
		t.Errorf("the talk ended after %s, %s: the drain cut it", lasted, r.Cause)
	}
	if got := c.report(agent); !got.Answered {
		t.Errorf("the agent reports %+v", got)
	}
}

// TestCityOnPostgreSQL: the same house on the other database.
func TestCityOnPostgreSQL(t *testing.T) {
	c := startCity(t, func(cfg *node.Config) {
		cfg.Lines[0].Greeting = ""
		cfg.Database.URL = databasetest.PostgresURL(t)
	})
	agent := c.agent(headless.Options{Account: "1001", AnswerAfter: 10 * time.Millisecond, WrapUp: 10 * time.Millisecond, Form: noise()})
	c.callAndHangUp()
	r := c.report(agent)
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	if err := c.unit.Wait(ctx, 1); err != nil || c.unit.Received()[0].Number != r.Ticket {
		t.Errorf("the unit has %+v (%v), want %s", c.unit.Received(), err, r.Ticket)
	}
}
