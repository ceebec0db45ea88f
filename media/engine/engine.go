package engine

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"time"
)

// ErrClosed says that the engine has been closed.
var ErrClosed = errors.New("engine: closed")

// Options are what an Engine needs. Log is needed.
type Options struct {
	Config Config
	// Hold lets a loop in use keep its processor (Go's P) while it waits, which
	// spares the runtime's watchdog two thousand wake-ups a second and a quarter of
	// the cost of forwarding. Whoever sets it raises GOMAXPROCS by Loops().
	Hold       bool
	Log        *slog.Logger
	Registerer Registerer // nil: metrics stay unseen
}

// Engine is a set of event loops. Its methods may be called from any goroutine,
// except from within a ready function.
type Engine struct {
	loops []*loop
}

// New starts the loops; Close ends them.
func New(o Options) (*Engine, error) {
	if err := o.Config.Validate(); err != nil {
		return nil, fmt.Errorf("engine: %w", err)
	}
	e, err := open(o)
	if err != nil {
		return nil, fmt.Errorf("engine: %w", err)
	}
	m, err := newMetrics(o.Registerer, e.loops)
	if err != nil {
		e.abandon()
		return nil, fmt.Errorf("engine: register metrics: %w", err)
	}
	for _, l := range e.loops {
		l.panics = m.panics
		go l.run()
	}
	return e, nil
}

// open makes the loops; none runs yet.
func open(o Options) (*Engine, error) {
	e := &Engine{}
	for i := range o.Config.loops() {
		l, err := newLoop(o.Log.With("loop", i), o.Hold)
		if err != nil {
			e.abandon()
			return nil, err
		}
		e.loops = append(e.loops, l)
	}
	return e, nil
}

// abandon frees loops that never ran.
func (e *Engine) abandon() {
	for _, l := range e.loops {
		l.free()
	}
}

// Loops is how many loops there are.
func (e *Engine) Loops() int { return len(e.loops) }

// Watch calls ready whenever fd, which must not block, has something to read,
// an error included, until remove is called. It comes again for what ready
// leaves unread, after others had their turn: ready takes a few datagrams at
// most, and must not block. One goroutine calls it; now is when the loop woke.
//
// Once remove has returned, ready is not running and will not run again; only
// then may fd be closed. remove may be called twice, from any goroutine but not
// from within ready. A ready that panics is removed; others live on.
func (e *Engine) Watch(fd int, ready func(now time.Time)) (remove func(), err error) {
	w, err := e.idlest().watch(fd, ready)
	if err != nil {
		return nil, err
	}
	return w.remove, nil
}

// idlest is the loop with the fewest descriptors; of equals one by lot: those of
// a call come in pairs, busy and calm, and must not take turns.
func (e *Engine) idlest() *loop {
	first := rand.IntN(len(e.loops)) //nolint:gosec // a lot, no secret
	best, least := e.loops[first], e.loops[first].size()
	for _, l := range e.loops {
		if n := l.size(); n < least {
			best, least = l, n
		}
	}
	return best
}

// Close ends the loops; what is watched is called no more. It returns when they
// are gone, or with ctx's error when a ready function hangs. Safe to call twice.
func (e *Engine) Close(ctx context.Context) error {
	for _, l := range e.loops {
		l.stop()
	}
	for _, l := range e.loops {
		select {
		case <-l.done:
		case <-ctx.Done():
			return fmt.Errorf("engine: close: a loop is still busy: %w", ctx.Err())
		}
	}
	return nil
}
