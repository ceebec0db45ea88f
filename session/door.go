package session

import (
	"cmp"
	"context"
	"errors"
	"log/slog"
	"slices"
	"sync"
	"time"

	"hotline/routing"
)

const (
	abreast      = 32 // contacts that enter at once while the queue answers
	doorPause    = 100 * time.Millisecond
	doorLongest  = time.Second
	doorPatience = 2 * time.Second // with one attempt

	longestWait = 30 * 24 * time.Hour // that the queue takes
)

// door lets the contacts of one hall into the queue. While the queue answers,
// they enter as they come. After it was away, those who came meanwhile enter
// one by one, the earliest first and before all who came later: otherwise a
// free agent would be given whoever tried again first.
type door struct {
	hall *Hall
	log  *slog.Logger

	mu      sync.Mutex
	outside []*entrant // the earliest first
	inside  int        // attempts under way
	alone   bool       // one of them came while the queue was away
	away    time.Time  // who came until then came while the queue was away
	resting bool       // between two attempts
	pause   time.Duration
}

// entrant is a contact at the door.
type entrant struct {
	entry routing.Entry
	since time.Time
	turn  chan struct{} // holds a token once it may try
}

func newDoor(h *Hall) *door { return &door{hall: h, log: h.o.Log, pause: doorPause} }

// pass returns once the queue has the contact or has refused it for good, or
// with the context's error; an attempt that is under way is waited for. since
// is the contact's time of entry, whenever the queue hears of it.
func (d *door) pass(ctx context.Context, e routing.Entry, since time.Time) error {
	w := &entrant{entry: e, since: since, turn: make(chan struct{}, 1)}
	d.line(w)
	for {
		select {
		case <-w.turn:
		case <-ctx.Done():
			d.giveUp(w)
			return ctx.Err()
		}
		err := d.try(ctx, w)
		if d.tried(w, err) {
			return err
		}
	}
}

// line puts the contact where it belongs.
func (d *door) line(w *entrant) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.resting {
		d.away = d.hall.o.Now()
	}
	d.insert(w)
	d.next()
}

func (d *door) insert(w *entrant) {
	at, _ := slices.BinarySearchFunc(d.outside, w, func(a, b *entrant) int {
		return cmp.Or(a.since.Compare(b.since), cmp.Compare(a.entry.Contact, b.entry.Contact))
	})
	d.outside = slices.Insert(d.outside, at, w)
}

// next gives turns; the mutex is held.
func (d *door) next() {
	for !d.resting && !d.alone && len(d.outside) > 0 {
		w := d.outside[0]
		late := !w.since.After(d.away)
		if late && d.inside > 0 || d.inside >= abreast {
			return
		}
		d.outside = slices.Delete(d.outside, 0, 1)
		d.inside++
		d.alone = late
		w.turn <- struct{}{}
	}
}

func (d *door) try(ctx context.Context, w *entrant) error {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), doorPatience)
	defer cancel()
	e := w.entry
	e.Anchor, e.Waited = *d.hall.node.Load(), waited(d.hall.o.Now(), w.since)
	return d.hall.o.Queue.Enqueue(ctx, e)
}

// waited is what has passed since then; clocks of two nodes may differ.
func waited(now, since time.Time) time.Duration {
	return min(max(now.Sub(since), 0), longestWait)
}

// tried takes the outcome; false: the contact lines up again.
func (d *door) tried(w *entrant, err error) (done bool) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.inside--
	d.alone = false
	done = err == nil || errors.Is(err, routing.ErrFenced) || errors.Is(err, routing.ErrBad)
	if done {
		d.pause = doorPause
	} else {
		d.rest(err)
		d.insert(w)
	}
	d.next()
	return done
}

// rest waits before the next attempt of anybody; the mutex is held.
func (d *door) rest(err error) {
	d.away = d.hall.o.Now()
	if d.resting {
		return
	}
	if d.pause == doorPause {
		d.log.Warn("the queue is away, contacts wait outside", "contacts", len(d.outside)+1, "error", err)
	}
	d.resting = true
	time.AfterFunc(d.pause, d.rested)
	d.pause = min(2*d.pause, doorLongest)
}

func (d *door) rested() {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.resting = false
	d.next()
}

// giveUp takes a contact out whose citizen is gone; its turn passes on.
func (d *door) giveUp(w *entrant) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if at := slices.Index(d.outside, w); at >= 0 {
		d.outside = slices.Delete(d.outside, at, at+1)
		return
	}
	d.inside-- // the turn had come
	d.alone = false
	d.next()
}
