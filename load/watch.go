package load

import (
	"context"
	"errors"
	"sync"
)

// watch looks at the node before, at the height of, and after a run.
type watch struct {
	o      Options
	before footprint
	height footprint
	counts metrics

	mu  sync.Mutex
	err error // the first thing that went wrong
}

func (w *watch) begin(ctx context.Context) {
	if w.o.PID > 0 {
		f, err := footprintOf(w.o.PID)
		w.before = f
		w.fault(err)
	}
	if w.o.Admin != "" {
		m, err := scrape(ctx, w.o.Admin)
		w.counts = m
		w.fault(err)
	}
}

// peak is called when the last citizen has come.
func (w *watch) peak() {
	if w.o.PID == 0 {
		return
	}
	f, err := footprintOf(w.o.PID)
	w.height = f
	w.fault(err)
}

// end is nil when the node is not watched.
func (w *watch) end(ctx context.Context) *Node {
	if w.o.PID == 0 && w.o.Admin == "" {
		return nil
	}
	n := &Node{}
	if w.o.PID > 0 {
		f, err := footprintOf(w.o.PID)
		w.fault(err)
		n.CPUSeconds = (f.cpu - w.before.cpu).Seconds()
		n.RSS, n.RSSBefore = w.height.rss, w.before.rss
	}
	if w.o.Admin != "" {
		m, err := scrape(ctx, w.o.Admin)
		w.fault(err)
		n.read(m.since(w.counts))
		n.Goroutines = int(m["go_goroutines"])
		w.process(n, m)
	}
	return n
}

// process reads CPU and memory of a node elsewhere; its Redis is not in them.
func (w *watch) process(n *Node, m metrics) {
	if w.o.PID > 0 {
		return
	}
	n.CPUSeconds = m["process_cpu_seconds_total"] - w.counts["process_cpu_seconds_total"]
	n.RSS = int64(m["process_resident_memory_bytes"])
	n.RSSBefore = int64(w.counts["process_resident_memory_bytes"])
}

func (w *watch) fault(err error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.err = errors.Join(w.err, err)
}
