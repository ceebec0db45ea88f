package remote

import (
	"context"
	"errors"
	"log/slog"
	"sync"
	"time"

	"hotline/cluster"
)

const (
	outboxLimit  = 4096 // letters that wait for one node
	letterWithin = 2 * time.Second
	letterPause  = 200 * time.Millisecond
	letterAge    = 30 * time.Second
)

// outbox tells other nodes things in order, and never blocks who tells.
type outbox struct {
	bus     cluster.Bus
	log     *slog.Logger
	metrics *metrics
	life    context.Context
	running *sync.WaitGroup

	mu    sync.Mutex
	lines map[cluster.Node][]letter // a line that is there has somebody who works it off
}

type letter struct {
	subject string
	body    []byte
	once    bool // not worth a second attempt
	since   time.Time
}

func (o *outbox) post(to cluster.Node, l letter) {
	l.since = time.Now()
	o.mu.Lock()
	defer o.mu.Unlock()
	line, worked := o.lines[to]
	if len(line) >= outboxLimit {
		o.metrics.dropped.Inc()
		return
	}
	o.lines[to] = append(line, l)
	if !worked {
		o.running.Go(func() { o.work(to) })
	}
}

// work sends a node's letters until none is left.
func (o *outbox) work(to cluster.Node) {
	for {
		l, ok := o.first(to)
		if !ok {
			return
		}
		if o.send(to, l) {
			o.drop(to)
			continue
		}
		select {
		case <-time.After(letterPause):
		case <-o.life.Done():
		}
	}
}

// first is the next letter; false, and the line is gone, when there is none or
// the bus is closed.
func (o *outbox) first(to cluster.Node) (letter, bool) {
	o.mu.Lock()
	defer o.mu.Unlock()
	if line := o.lines[to]; len(line) > 0 && o.life.Err() == nil {
		return line[0], true
	}
	delete(o.lines, to)
	return letter{}, false
}

func (o *outbox) drop(to cluster.Node) {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.lines[to] = o.lines[to][1:]
}

// send says whether the letter is done with, sent or not.
func (o *outbox) send(to cluster.Node, l letter) bool {
	ctx, cancel := context.WithTimeout(o.life, letterWithin)
	defer cancel()
	err := o.bus.Tell(ctx, to, l.subject, l.body)
	switch {
	case err == nil:
		return true
	case errors.Is(err, cluster.ErrNoNode), l.once, time.Since(l.since) > letterAge:
		o.metrics.dropped.Inc()
		if !l.once {
			o.log.Warn("news not delivered", "to", string(to), "subject", l.subject, "error", err)
		}
		return true
	default:
		return false
	}
}
