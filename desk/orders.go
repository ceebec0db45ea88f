package desk

import (
	"context"
	"time"
)

// orderTimeout bounds one command on a contact.
const orderTimeout = 5 * time.Second

// orders carries a seat's commands to its session in the order given, outside
// the seat's goroutine: the session may be telling the seat something.
type orders struct {
	list  chan func(context.Context)
	ended bool // the seat's goroutine owns it
}

func newOrders() *orders { return &orders{list: make(chan func(context.Context), 16)} }

// end lets run return once all that was given is done.
func (o *orders) end() {
	if !o.ended {
		o.ended = true
		close(o.list)
	}
}

// give adds a command; false when too many wait, or after end.
func (o *orders) give(do func(context.Context)) bool {
	if o.ended {
		return false
	}
	select {
	case o.list <- do:
		return true
	default:
		return false
	}
}

func (o *orders) run(ctx context.Context) {
	for {
		select {
		case do, open := <-o.list:
			if !open {
				return
			}
			bounded(ctx, do)
		case <-ctx.Done():
			return
		}
	}
}

func bounded(ctx context.Context, do func(context.Context)) {
	ctx, cancel := context.WithTimeout(ctx, orderTimeout)
	defer cancel()
	do(ctx)
}
