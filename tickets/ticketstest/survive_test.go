package ticketstest_test

import (
	"context"
	"encoding/json"
	"fmt"
	"log/slog"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"go.uber.org/goleak"

	"hotline/config"
	"hotline/contact"
	"hotline/tickets"
	"hotline/tickets/fakeunit"
	"hotline/tickets/ticketstest"
	"hotline/tickets/webhook"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// city is a service, its dispatcher and two units, on one clock.
type city struct {
	t       *testing.T
	ctx     context.Context // ends a test that hangs
	clock   *ticketstest.Clock
	service *tickets.Service
	near    *fakeunit.Unit // SUB-001
	others  *fakeunit.Unit // everybody else
	log     *logs

	mu   sync.Mutex
	news []string // number and state, as OnDelivery told them
	told chan struct{}
}

// logs keeps what was logged.
type logs struct {
	mu   sync.Mutex
	text strings.Builder
}

func (l *logs) Write(b []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.Write(b)
}

func (l *logs) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.String()
}

func newCity(t *testing.T, timeout time.Duration) *city {
	t.Helper()
	c := &city{t: t, clock: ticketstest.NewClock(time.Date(2026, 11, 24, 8, 0, 0, 0, time.UTC)), told: make(chan struct{}, 1000), log: &logs{}}
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	t.Cleanup(cancel)
	c.ctx = ctx
	secret := fakeunit.NewSecret()
	c.near, c.others = c.unit(secret), c.unit(secret)
	log := slog.New(slog.NewJSONHandler(c.log, nil))
	units := endpoints{
		near:  c.webhook(timeout, webhook.Endpoint{Code: "SUB-001", URL: c.near.URL(), Secret: secret}),
		Units: c.webhook(30*time.Second, webhook.Endpoint{Code: webhook.AnyUnit, URL: c.others.URL(), Secret: secret, PIIScope: tickets.ScopeNone}),
	}
	wake := func() {}
	service, store := ticketstest.NewService(t, func(o *tickets.Options) {
		o.Now, o.Units, o.Log, o.Wake = c.clock.Now, units, log, func() { wake() }
	})
	c.service = service
	d, err := tickets.NewDispatcher(tickets.DispatcherOptions{
		Outbox: c.clock.Outbox(store), Sinks: units, Node: "node-1", Clock: c.clock, Poll: 10 * time.Second, Timeout: time.Minute, Log: log, OnDelivery: c.onDelivery,
	})
	if err != nil {
		t.Fatal(err)
	}
	wake = d.Wake
	c.run(d)
	return c
}

// endpoints gives the near unit a timeout of its own: a test that waits for it
// must not make the others late.
type endpoints struct {
	near *webhook.Units
	*webhook.Units
}

func (e endpoints) Sink(unit string) (tickets.Sink, bool) {
	if s, ok := e.near.Sink(unit); ok {
		return s, true
	}
	return e.Units.Sink(unit)
}

func (e endpoints) Scope(unit string) tickets.PIIScope {
	if _, ok := e.near.Sink(unit); ok {
		return e.near.Scope(unit)
	}
	return e.Units.Scope(unit)
}

func (c *city) webhook(timeout time.Duration, e webhook.Endpoint) *webhook.Units {
	c.t.Helper()
	u, err := webhook.New(webhook.Options{Now: c.clock.Now, Config: webhook.Config{Timeout: timeout, Units: []webhook.Endpoint{e}}})
	if err != nil {
		c.t.Fatal(err)
	}
	c.t.Cleanup(u.Close)
	return u
}

func (c *city) unit(secret config.Secret) *fakeunit.Unit {
	c.t.Helper()
	u, err := fakeunit.Start(c.t.Context(), fakeunit.Options{Secrets: []config.Secret{secret}, Now: c.clock.Now})
	if err != nil {
		c.t.Fatal(err)
	}
	c.t.Cleanup(func() { _ = u.Close() })
	return u
}

func (c *city) run(d *tickets.Dispatcher) {
	ctx, cancel := context.WithCancel(context.WithoutCancel(c.t.Context()))
	done := make(chan struct{})
	go func() {
		defer close(done)
		_ = d.Run(ctx)
	}()
	c.t.Cleanup(func() { cancel(); <-done })
}

func (c *city) onDelivery(number string, _ contact.ID, state tickets.DeliveryState) {
	c.mu.Lock()
	c.news = append(c.news, number+" "+string(state))
	c.mu.Unlock()
	c.told <- struct{}{}
}

// await returns once the news holds what is wanted, passing no time.
func (c *city) await(number string, state tickets.DeliveryState) {
	c.t.Helper()
	for {
		c.mu.Lock()
		found := strings.Contains(strings.Join(c.news, "\n")+"\n", number+" "+string(state)+"\n")
		c.mu.Unlock()
		if found {
			return
		}
		select {
		case <-c.told:
		case <-c.ctx.Done():
			c.t.Fatalf("%s never became %s; the news: %v", number, state, c.news)
		}
	}
}

// file registers a ticket; SUB-001 is the near unit.
func (c *city) file(key, unit string) tickets.Ticket {
	c.t.Helper()
	f := ticketstest.Form()
	f.Title = "工单" + key
	if f.LeadUnit = unit; unit != "SUB-001" {
		f.OverrideReason = "该单位负责"
	}
	got, _, err := c.service.Register(c.t.Context(), tickets.Registration{Key: key, Contact: ticketstest.Call(contact.ID("01JDG3Z4V7Q8W9X0Y1Z2A3" + key)), Agent: "1001", Fields: f})
	if err != nil {
		c.t.Fatal(err)
	}
	return got
}

func (c *city) pass(d time.Duration) {
	c.t.Helper()
	if err := c.clock.Pass(c.ctx, d); err != nil {
		c.t.Fatal(err)
	}
}

// passUntil passes time until the unit has n events.
func (c *city) passUntil(u *fakeunit.Unit, n int, most time.Duration) {
	c.t.Helper()
	for end := c.clock.Now().Add(most); len(u.Received()) < n; {
		if c.clock.Now().After(end) {
			c.t.Fatalf("after %s the unit has %d events, want %d", most, len(u.Received()), n)
		}
		c.pass(time.Second)
	}
}

func (c *city) delivery(number string) tickets.Delivery {
	c.t.Helper()
	got, err := c.service.Ticket(c.t.Context(), number)
	if err != nil || got.Delivery == nil {
		c.t.Fatalf("ticket %s: %v, %v", number, got.Delivery, err)
	}
	return *got.Delivery
}

// TestTicketsSurviveAUnitDown: T1 of the catalogue of faults, in each way to be down.
func TestTicketsSurviveAUnitDown(t *testing.T) {
	t.Parallel()
	const patient = 20 * time.Second // on a machine with better things to do
	tests := map[fakeunit.Fault]struct {
		timeout, down time.Duration
		least         int // attempts meanwhile
	}{
		fakeunit.Unavailable: {patient, time.Hour, 12},
		fakeunit.Refusing:    {patient, time.Hour, 12},
		fakeunit.Limited:     {patient, time.Hour, 12},
		fakeunit.Hanging:     {500 * time.Millisecond, 10 * time.Minute, 5}, // each attempt takes real time
	}
	for fault, tt := range tests {
		t.Run(string(fault), func(t *testing.T) {
			t.Parallel()
			c := newCity(t, tt.timeout)
			c.near.Break(fault, 0)
			var want []string
			for n := range 5 {
				want = append(want, c.file(fmt.Sprintf("%04d", n), "SUB-001").Number)
			}
			other := c.file("0100", "SUB-002")
			c.await(other.Number, tickets.Delivered) // nobody else waits
			c.await(want[0], tickets.Failed)
			c.pass(tt.down)
			if got := c.near.Received(); len(got) != 0 {
				t.Fatalf("while down the unit received %d", len(got))
			}
			if n := c.near.Attempts(); n < tt.least || n > 60 {
				t.Errorf("%d attempts in %s, want between %d and 60", n, tt.down, tt.least)
			}
			c.near.Repair()
			c.passUntil(c.near, 5, 10*time.Minute)
			c.await(want[4], tickets.Delivered)
			c.check(want)
		})
	}
}

// check: each once, in order, the same bytes, signed.
func (c *city) check(want []string) {
	c.t.Helper()
	var got []string
	for _, d := range c.near.Received() {
		got = append(got, d.Number)
		if d.Repeats != 0 || d.BytesChanged || !d.SignatureOK || d.ID != d.Number+"/2" {
			c.t.Errorf("delivered %+v: want once, signed, ID ticket_no/2", d)
		}
		if s := c.delivery(d.Number); s.State != tickets.Delivered || s.AckRef != d.AckRef || s.AckedAt == nil {
			c.t.Errorf("ticket says %+v, the unit acknowledged as %s", s, d.AckRef)
		}
	}
	if diff := cmp.Diff(want, got); diff != "" {
		c.t.Errorf("order at the unit (-want +got):\n%s", diff)
	}
}

func TestALostAcknowledgementMakesNoSecondTicket(t *testing.T) {
	t.Parallel()
	c := newCity(t, 20*time.Second)
	c.near.Break(fakeunit.Forgetful, 0)
	number := c.file("0001", "SUB-001").Number
	c.await(number, tickets.Failed)
	c.near.Repair()
	for c.delivery(number).State != tickets.Delivered {
		c.pass(time.Second)
	}
	got := c.near.Received()
	if len(got) != 1 || got[0].Repeats != 1 || got[0].BytesChanged {
		t.Errorf("received %+v, want one event, repeated once with the same bytes", got)
	}
}

// TestWhatIsRejectedLetsOthersPass: T5 and T7 of the catalogue.
func TestWhatIsRejectedLetsOthersPass(t *testing.T) {
	t.Parallel()
	tests := map[fakeunit.Fault]tickets.Failure{
		fakeunit.Rejecting: tickets.Rejected, fakeunit.Page: tickets.BadReply, fakeunit.Flooding: tickets.BadReply,
	}
	for fault, why := range tests {
		t.Run(string(fault), func(t *testing.T) {
			t.Parallel()
			c := newCity(t, 20*time.Second)
			c.near.Break(fault, 0)
			bad := c.file("0001", "SUB-001")
			c.await(bad.Number, tickets.DeadLetter)
			c.near.Repair()
			good := c.file("0002", "SUB-001")
			c.await(good.Number, tickets.Delivered)
			dead, err := c.service.DeadLetters(t.Context(), 10)
			if err != nil || len(dead) != 1 || dead[0].Number != bad.Number || dead[0].Failure != why {
				t.Fatalf("dead letters %+v, %v; want %s for %s", dead, err, bad.Number, why)
			}
			if err := c.service.Requeue(t.Context(), dead[0].ID); err != nil {
				t.Fatal(err)
			}
			c.await(bad.Number, tickets.Delivered)
			if got := c.near.Received(); len(got) != 2 || got[1].ID != dead[0].ID {
				t.Errorf("after requeueing the unit has %+v", got)
			}
		})
	}
}

func TestAUnitSeesNoMoreThanItsScope(t *testing.T) {
	t.Parallel()
	c := newCity(t, 20*time.Second)
	c.await(c.file("0001", "SUB-001").Number, tickets.Delivered) // masked, by the directory
	c.await(c.file("0002", "SUB-002").Number, tickets.Delivered) // none, by the configuration
	for name, tt := range map[string]struct {
		unit  *fakeunit.Unit
		phone string
		scope tickets.PIIScope
	}{
		"masked": {c.near, "+86138****5678", tickets.ScopeMasked},
		"none":   {c.others, "", tickets.ScopeNone},
	} {
		body := tt.unit.Received()[0].Body
		var e tickets.Event
		if err := json.Unmarshal(body, &e); err != nil {
			t.Fatal(err)
		}
		if e.Data.Requester.Phone != tt.phone || e.Data.PIIScope != tt.scope || strings.Contains(string(body), "13812345678") {
			t.Errorf("%s: phone %q, scope %s", name, e.Data.Requester.Phone, e.Data.PIIScope)
		}
	}
	if text := c.log.String(); strings.Contains(text, "1381234") || strings.Contains(text, "张") || strings.Contains(text, "柳荫") {
		t.Error("the log tells of the citizen")
	}
}
