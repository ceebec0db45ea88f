package session

import (
	"context"
	"sync"
	"time"

	"hotline/routing"
)

// Bounds of what overflow rules are judged by.
const (
	loadWithin = 200 * time.Millisecond // that a contact waits for the counts
	loadFresh  = 2 * time.Second        // how long they hold, those that failed too
)

// loads keeps the hall's counts for a moment: a flood of contacts asks the queue
// once.
type loads struct {
	count  func(context.Context) (routing.Counts, error)
	beside func(func())

	mu     sync.Mutex
	counts routing.Counts
	at     time.Time
	asking chan struct{} // closed when the question under way is over; nil: none is
}

// now is the hall, two seconds old at most; nothing is known when the queue has
// not answered in time. It may block for loadWithin.
func (l *loads) now() routing.Counts {
	counts, asked := l.look()
	if asked == nil {
		return counts
	}
	late := time.NewTimer(loadWithin)
	defer late.Stop()
	select {
	case <-asked:
		l.mu.Lock()
		defer l.mu.Unlock()
		return l.counts
	case <-late.C:
		return routing.Counts{}
	}
}

// look returns what is fresh, or what to wait for.
func (l *loads) look() (routing.Counts, <-chan struct{}) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.asking == nil {
		if !l.at.IsZero() && time.Since(l.at) < loadFresh {
			return l.counts, nil
		}
		asking := make(chan struct{})
		l.asking = asking
		l.beside(func() { l.ask(asking) })
	}
	return routing.Counts{}, l.asking
}

func (l *loads) ask(over chan struct{}) {
	ctx, cancel := context.WithTimeout(context.Background(), loadWithin)
	defer cancel()
	counts, err := l.count(ctx)
	if err != nil {
		counts = routing.Counts{}
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	l.counts, l.at, l.asking = counts, time.Now(), nil
	close(over)
}

// loadOf tells how a queue of the policy stands.
func (h *Hall) loadOf(queue string) routing.Load {
	return h.o.Lines.LoadOf(queue, h.loads.now())
}
