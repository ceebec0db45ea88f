package desk_test

import (
	"context"
	"errors"
	"strings"
	"sync"
	"testing"
	"time"

	"hotline/audit"
	"hotline/callbacks"
	"hotline/contact"
	"hotline/desk/headless"
)

// promises are what the desk can see of call-backs.
type promises struct {
	mu   sync.Mutex
	open []callbacks.Promise
	fail error
}

func (p *promises) Open(context.Context, int) ([]callbacks.Promise, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.open, p.fail
}

func (p *promises) Cancel(_ context.Context, id string) (callbacks.Promise, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	for i, one := range p.open {
		if one.ID == id && p.fail == nil {
			p.open = append(p.open[:i:i], p.open[i+1:]...)
			one.State = callbacks.Cancelled
			return one, nil
		}
	}
	return callbacks.Promise{}, errors.Join(p.fail, callbacks.ErrNotFound)
}

func TestASupervisorSeesAndCancelsCallbacks(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	since := time.Date(2026, 11, 24, 2, 0, 0, 0, time.UTC)
	w.promises.open = []callbacks.Promise{{
		ID: "01JDG3Z4V7Q8W9X0Y1Z2C30001", Contact: "01JDG3Z4V7Q8W9X0Y1Z2A30001", Citizen: contact.NewAddress("+8613812345678"),
		Line: "citizen", Source: "12315", Since: since, Why: callbacks.Asked, State: callbacks.Waiting, Attempts: 1, NextAt: since.Add(time.Hour),
	}}
	list := ask{method: "GET", path: "/api/v1/callbacks", token: w.signIn("2001").Token()}
	r := w.send(t, list)
	want := `{"callbacks":[{"id":"01JDG3Z4V7Q8W9X0Y1Z2C30001","contact":"01JDG3Z4V7Q8W9X0Y1Z2A30001","caller":"+86138****5678",` +
		`"line":"citizen","source":"12315","since":"2026-11-24T02:00:00.000Z","why":"asked","state":"waiting","attempts":1,"next_at":"2026-11-24T03:00:00.000Z"}]}`
	if r.status != 200 || r.body != want {
		t.Errorf("got %d %s\nwant %s", r.status, r.body, want)
	}
	cancel := ask{method: "POST", path: "/api/v1/callbacks/01JDG3Z4V7Q8W9X0Y1Z2C30001/cancel", token: list.token}
	if r := w.send(t, cancel); r.status != 200 || !strings.Contains(r.body, `"state":"cancelled"`) {
		t.Errorf("got %d %s", r.status, r.body)
	}
	if e := w.looks.all[0]; e.Action != audit.CallbackCancelled || e.ID != "01JDG3Z4V7Q8W9X0Y1Z2C30001" || e.Who != "2001" {
		t.Errorf("audit has %+v", e)
	}
	if r := w.send(t, cancel); r.status != 404 || r.error.Code != "not_found" {
		t.Errorf("cancelled twice: %d %s", r.status, r.body)
	}
	if r := w.send(t, ask{method: "POST", path: "/api/v1/callbacks/x/cancel", token: list.token}); r.status != 404 {
		t.Errorf("no ID: %d %s", r.status, r.body)
	}
	w.promises.fail = errors.New("away")
	if r := w.send(t, list); r.status != 503 {
		t.Errorf("without the database: %d %s", r.status, r.body)
	}
}

// TestADeskShowsACallback from the ring on.
func TestADeskShowsACallback(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	s := w.ready("1001")
	c := newCall(1)
	c.Callback = true
	offered := w.offer("1001", c)
	if f := s.awaitType("call.offered"); !strings.Contains(string(f.Data), `"callback":true`) {
		t.Errorf("the ring says %s", f.Data)
	}
	s.do("offer.shown", object{"contact": c.Contact.ID, "token": c.Token})
	if err := <-offered; err != nil {
		t.Fatal(err)
	}
	s.do("call.accept", object{"contact": c.Contact.ID, "token": c.Token})
	s.await("a call-back in a talk", func(f headless.Frame) bool {
		return f.Type == "call.changed" && strings.Contains(string(f.Data), `"state":"talking"`) && strings.Contains(string(f.Data), `"callback":true`)
	})
}
