package headless

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"time"

	"github.com/oklog/ulid/v2"
)

func (a *Agent) offered(ctx context.Context, f Frame) error {
	var d CallState
	if err := json.Unmarshal(f.Data, &d); err != nil {
		return err
	}
	a.rang(ctx, d)
	return nil
}

func (a *Agent) rang(ctx context.Context, d CallState) {
	a.begin(d)
	a.reach(ctx, d.Node)
	if a.o.Rings != nil {
		a.o.Rings(a.call.Report)
	}
	a.try(ctx, "offer.shown", a.ring())
	a.answer.Reset(a.o.AnswerAfter)
}

func (a *Agent) begin(d CallState) {
	a.call = &talk{
		Report: Report{Contact: d.Contact, Caller: d.Caller, Source: d.Source, Waited: time.Duration(d.WaitedMS) * time.Millisecond},
		token:  d.Token, node: d.Node,
	}
}

// accept takes the call: from now on every packet is the citizen's.
func (a *Agent) accept(ctx context.Context) {
	if a.call != nil {
		a.call.Accepted = time.Now()
		if l := a.speaking(); l != nil {
			l.begin()
			a.call.before = l.stats()
		}
	}
	a.try(ctx, "call.accept", a.ring())
}

func (a *Agent) callChanged(ctx context.Context, f Frame) error {
	var d CallState
	if err := json.Unmarshal(f.Data, &d); err != nil {
		return err
	}
	a.follow(ctx, d)
	return nil
}

// follow does what the call's new state asks for.
func (a *Agent) follow(ctx context.Context, d CallState) {
	switch {
	case a.call == nil || d.Contact != a.call.Contact:
	case d.State == "talking" && !a.call.Answered:
		a.talking()
	case d.State == "wrapup" && !a.call.wrapping:
		a.wrapUp(ctx, d)
	}
}

func (a *Agent) talking() {
	a.call.Answered, a.call.since = true, time.Now()
	if l := a.speaking(); l != nil {
		l.ear.Forget()
		l.speak(a.o.Play)
	}
	if a.o.TalkFor > 0 {
		a.hangup.Reset(a.o.TalkFor)
	}
}

// wrapUp tells what was heard and writes the ticket.
func (a *Agent) wrapUp(ctx context.Context, d CallState) {
	a.hangup.Stop()
	a.call.wrapping = true
	a.call.Cause = d.Cause
	if a.call.Answered {
		a.call.Talked = time.Since(a.call.since)
	}
	if l := a.speaking(); l != nil {
		l.hush()
		a.listened(l)
	}
	if a.o.Form != nil {
		number, err := a.write(ctx, a.call.Contact)
		if err != nil {
			a.o.Log.Warn("no ticket", "contact_id", a.call.Contact, "error", err)
			a.call.Err = err.Error()
		}
		a.call.Ticket = number
	}
	a.finish.Reset(a.o.WrapUp)
}

func (a *Agent) listened(l *line) {
	samples := l.ear.Samples()
	now := l.stats()
	a.call.Packets = now.In - a.call.before.In
	a.call.Lost = max(now.Lost, a.call.before.Lost) - a.call.before.Lost // a late one may be found again
	if first, ok := l.firstHeard(); ok {
		a.call.HeardAfter = max(first.Sub(a.call.Accepted), 1)
	}
	last := samples[max(0, len(samples)-8000):]
	if len(last) >= 800 {
		a.call.HeardHz = loudest(last)
		a.call.Level = level(last)
	}
	if a.o.Heard != nil {
		a.o.Heard(a.call.Report, samples)
	}
}

// write saves the form as a draft, then registers it.
func (a *Agent) write(ctx context.Context, contact string) (number string, err error) {
	ctx, cancel := context.WithTimeout(ctx, 15*time.Second)
	defer cancel()
	path := "/contacts/" + contact
	draft := map[string]any{"revision": 0, "fields": a.o.Form}
	var refusal *Error
	if err := a.rest.Call(ctx, http.MethodPut, path+"/draft", draft, nil); err != nil &&
		(!errors.As(err, &refusal) || refusal.Code != "conflict") { // a person's draft stays
		return "", err
	}
	var ticket struct {
		Number string `json:"ticket_no"`
	}
	key := http.Header{"Idempotency-Key": {ulid.Make().String()}}
	form := map[string]any{"fields": a.o.Form}
	err = a.rest.CallWith(ctx, http.MethodPost, path+"/ticket", form, &ticket, key)
	return ticket.Number, err
}

func (a *Agent) callStopped(f Frame) error {
	var d struct {
		Why string `json:"why"`
	}
	if err := json.Unmarshal(f.Data, &d); err != nil {
		return err
	}
	if a.call != nil {
		a.call.Cause = d.Why
	}
	a.report()
	return nil
}

// report closes the call at hand.
func (a *Agent) report() {
	a.answer.Stop()
	a.hangup.Stop()
	a.finish.Stop()
	if a.call == nil {
		return
	}
	r := a.call.Report
	a.call = nil
	select {
	case a.reports <- r:
	default:
		a.o.Log.Warn("nobody reads the reports")
	}
}
