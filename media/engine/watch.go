package engine

import (
	"sync"
	"sync/atomic"
	"time"
)

// watch is one descriptor of one loop.
type watch struct {
	loop  *loop
	id    uint64
	fd    int
	ready func(now time.Time)
	gone  atomic.Bool
	mu    sync.Mutex // held while ready runs
}

// serve calls ready, unless the watch was removed meanwhile.
func (w *watch) serve(now time.Time) {
	if w.gone.Load() {
		return // remove waits for mu: do not compete with it
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.gone.Load() {
		return
	}
	defer w.contain()
	w.ready(now)
}

// contain keeps a panic to this descriptor. Its owner hears nothing of it any
// more, and takes that for the silence it is.
func (w *watch) contain() {
	value := recover()
	if value == nil {
		return
	}
	w.gone.Store(true)
	w.loop.forget(w)
	w.loop.panicked(value)
}

func (w *watch) remove() {
	first := !w.gone.Swap(true)
	w.mu.Lock()
	defer w.mu.Unlock()
	if first {
		w.loop.forget(w)
	}
}
