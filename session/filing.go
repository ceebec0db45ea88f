package session

import (
	"context"
	"log/slog"
	"sync"
	"time"

	"hotline/records"
)

// filing writes records behind the sessions' backs, in order, and repeats what
// the database refused: a call never waits for it, and no record is dropped.
type filing struct {
	store records.Store
	log   *slog.Logger

	mu      sync.Mutex
	waiting []filed
	closed  bool
	more    chan struct{} // holds a token while something changed
}

type filed struct {
	record records.Record
	event  records.Event
}

func newFiling(s records.Store, log *slog.Logger) *filing {
	return &filing{store: s, log: log, more: make(chan struct{}, 1)}
}

// put adds the record as it stands now, with the event that made it so.
func (f *filing) put(r records.Record, e records.Event) {
	f.mu.Lock()
	f.waiting = append(f.waiting, filed{r, e})
	f.mu.Unlock()
	f.wake()
}

// close lets run return once all is written, or after 10 s of trying.
func (f *filing) close() {
	f.mu.Lock()
	f.closed = true
	f.mu.Unlock()
	f.wake()
}

func (f *filing) wake() {
	select {
	case f.more <- struct{}{}:
	default:
	}
}

func (f *filing) run() {
	for range f.more {
		for _, next := range f.take() {
			f.write(next)
		}
		if f.finished() {
			return
		}
	}
}

func (f *filing) take() []filed {
	f.mu.Lock()
	defer f.mu.Unlock()
	all := f.waiting
	f.waiting = nil
	return all
}

func (f *filing) finished() bool {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.closed && len(f.waiting) == 0
}

// write insists while the node lives, and tries for 10 s more once it stops.
func (f *filing) write(next filed) {
	tries := 0
	for wait := 100 * time.Millisecond; ; wait = min(2*wait, 2*time.Second) {
		err := f.save(next)
		if err == nil {
			return
		}
		f.log.Error("record not written, trying again", "contact_id", string(next.record.Contact), "error", err)
		if f.stopping() {
			if tries++; tries > 8 {
				f.log.Error("record given up at the stop", "contact_id", string(next.record.Contact))
				return
			}
		}
		<-time.After(wait)
	}
}

func (f *filing) save(next filed) error {
	ctx, cancel := context.WithTimeout(context.Background(), 5*time.Second)
	defer cancel()
	return f.store.Save(ctx, next.record, next.event)
}

func (f *filing) stopping() bool {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.closed
}
