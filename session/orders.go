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
	once  bool // do waits and repeats by itself, until until ends
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

// entrust gives an order that waits and repeats by itself.
func (o *orders) entrust(until context.Context, what string, do func(context.Context) error) {
	o.list <- order{what: what, until: until, do: do, once: true}
}

func (o *orders) close() { close(o.list) }

// insist repeats an idempotent command until it is taken, refused for good, or
// no longer wanted: the store may be away, the citizen is not.
func (o *orders) insist(next order) {
	if next.once {
		o.refused(next.what, next.do(next.until))
		return
	}
	for wait := 100 * time.Millisecond; ; wait = min(2*wait, 2*time.Second) {
		err := attempt(next)
		if err == nil || o.refused(next.what, err) {
			return
		}
		o.away(next.what, err, wait)
		select {
		case <-time.After(wait):
		case <-next.until.Done():
			return
		}
	}
}

// refused says whether the queue will never take the command. A node that has
// lost its lease tells the queue anew how its contacts stand: the command is
// part of that.
func (o *orders) refused(what string, err error) bool {
	if errors.Is(err, routing.ErrStale) || errors.Is(err, routing.ErrUnknown) || errors.Is(err, routing.ErrFenced) {
		o.log.Warn("the queue refused", "command", what, "error", err)
		return true
	}
	return false
}

// away is told loudly once a command.
func (o *orders) away(what string, err error, waited time.Duration) {
	level := slog.LevelDebug
	if waited == 100*time.Millisecond {
		level = slog.LevelWarn
	}
	o.log.Log(context.Background(), level, "the queue is away, trying again", "command", what, "error", err)
}

func attempt(next order) error {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(next.until), 2*time.Second)
	defer cancel()
	return next.do(ctx)
}
