package desk

import (
	"context"
	"errors"

	"hotline/audit"
	"hotline/callbacks"
	"hotline/contact"
)

// callbacksListed is how many promises are shown at most.
const callbacksListed = 500

// Callbacks keeps the promises to call citizens back; *callbacks.Book is one.
type Callbacks interface {
	Open(ctx context.Context, limit int) ([]callbacks.Promise, error)
	Cancel(ctx context.Context, id string) (callbacks.Promise, error)
}

// promiseBody is one promise as supervisors see it.
type promiseBody struct {
	ID       string          `json:"id"`
	Contact  contact.ID      `json:"contact"`
	Caller   string          `json:"caller"` // masked
	Line     string          `json:"line"`
	Source   string          `json:"source"`
	Since    stamp           `json:"since"`
	Why      callbacks.Why   `json:"why"`
	State    callbacks.State `json:"state"`
	Attempts int             `json:"attempts"`
	NextAt   stamp           `json:"next_at,omitzero"`
}

type promisesBody struct {
	Callbacks []promiseBody `json:"callbacks"`
}

func promiseOf(p callbacks.Promise) promiseBody {
	return promiseBody{
		ID: p.ID, Contact: p.Contact, Caller: p.Citizen.String(), Line: p.Line, Source: p.Source, Since: stamp(p.Since),
		Why: p.Why, State: p.State, Attempts: p.Attempts, NextAt: stamp(p.NextAt),
	}
}

// callbacks lists the open promises in the order of their places.
func (d *Desk) callbacks(x *exchange) error {
	body := promisesBody{Callbacks: []promiseBody{}}
	if d.o.Callbacks == nil {
		return x.ok(body)
	}
	open, err := d.o.Callbacks.Open(x.r.Context(), callbacksListed)
	if err != nil {
		return unavailable("list call-backs", err)
	}
	for _, p := range open {
		body.Callbacks = append(body.Callbacks, promiseOf(p))
	}
	return x.ok(body)
}

// cancelCallback is a supervisor's order: the citizen is not called back. It is
// in the audit, whether it came about or not.
func (d *Desk) cancelCallback(x *exchange) error {
	id, err := contact.ParseID(x.r.PathValue("callback"))
	if err != nil || d.o.Callbacks == nil {
		return noCallback(err)
	}
	if err := d.look(x, audit.CallbackCancelled, "callback", string(id), ""); err != nil {
		return err
	}
	p, err := d.o.Callbacks.Cancel(x.r.Context(), string(id))
	switch {
	case errors.Is(err, callbacks.ErrNotFound):
		return noCallback(err)
	case err != nil:
		return unavailable("cancel a call-back", err)
	}
	return x.ok(promiseOf(p))
}

func noCallback(cause error) error {
	return &Problem{Code: NotFound, Message: "没有这个待回拨 / no such call-back, or it is over", Cause: cause}
}
