package session

import (
	"context"
	"log/slog"
	"slices"
	"sync"
	"time"

	"hotline/contact"
	"hotline/records"
)

const (
	// gather is how long records wait for others: a commit costs more than all
	// it holds, and a call's first steps come within this time.
	gather = 100 * time.Millisecond
	// together is how many contacts one write holds at most.
	together = 500
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
		if !f.stopping() {
			<-time.After(gather)
		}
		for part := range slices.Chunk(merge(f.take()), together) {
			f.write(part)
		}
		if f.finished() {
			return
		}
	}
}

// merge makes one entry of all steps of one contact.
func merge(all []filed) []records.Entry {
	entries := make([]records.Entry, 0, len(all))
	at := make(map[contact.ID]int, len(all))
	for _, f := range all {
		i, known := at[f.record.Contact]
		if !known {
			i = len(entries)
			at[f.record.Contact] = i
			entries = append(entries, records.Entry{})
		}
		entries[i].Record = f.record
		entries[i].Events = append(entries[i].Events, f.event)
	}
	return entries
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
func (f *filing) write(part []records.Entry) {
	tries := 0
	for wait := 100 * time.Millisecond; ; wait = min(2*wait, 2*time.Second) {
		err := f.save(part)
		if err == nil {
			return
		}
		f.log.Error("records not written, trying again", "contacts", len(part), "error", err)
		if f.stopping() {
			if tries++; tries > 8 {
				f.giveUp(part)
				return
			}
		}
		<-time.After(wait)
	}
}

func (f *filing) giveUp(part []records.Entry) {
	for _, e := range part {
		f.log.Error("record given up at the stop", "contact_id", string(e.Record.Contact))
	}
}

func (f *filing) save(part []records.Entry) error {
	ctx, cancel := context.WithTimeout(context.Background(), 5*time.Second)
	defer cancel()
	return f.store.SaveAll(ctx, part)
}

func (f *filing) stopping() bool {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.closed
}
