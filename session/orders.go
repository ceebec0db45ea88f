package session

import (
	"context"
	"errors"
	"log/slog"
	"time"

	"hotline/routing"
)

// orders carries one session's commands to the queue, in the order given: a
// withdrawal never overtakes its enqueue. The session does not wait for them.
type orders struct {
	log  *slog.Logger
	list chan order
}

type order struct {
	what string
	// until ends the repeating, never an attempt that is under way: what the
	// store may have done already must be followed by the next order.
	until context.Context
	do    func(context.Context) error
}

func newOrders(log *slog.Logger) *orders {
	return &orders{log: log, list: make(chan order, 16)}
}

// run works the list off until it is closed.
func (o *orders) run() {
	for next := range o.list {
		o.insist(next)
	}
}

func (o *orders) give(until context.Context, what string, do func(context.Context) error) {
	o.list <- order{what: what, until: until, do: do}
}

func (o *orders) close() { close(o.list) }

// insist repeats an idempotent command until it is taken, refused for good, or
// no longer wanted: the store may be away, the citizen is not.
func (o *orders) insist(next order) {
	wait := 100 * time.Millisecond
	for {
		err := attempt(next)
		switch {
		case err == nil:
			return
		case errors.Is(err, routing.ErrStale), errors.Is(err, routing.ErrUnknown):
			o.log.Warn("the queue refused", "command", next.what, "error", err)
			return
		}
		o.log.Warn("the queue is away, trying again", "command", next.what, "error", err)
		select {
		case <-time.After(wait):
		case <-next.until.Done():
			return
		}
		wait = min(2*wait, 2*time.Second)
	}
}

func attempt(next order) error {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(next.until), 2*time.Second)
	defer cancel()
	return next.do(ctx)
}
