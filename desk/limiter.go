package desk

import (
	"sync"
	"time"

	"golang.org/x/time/rate"
)

// Sign-in attempts of one address: a hall behind one gateway signs in at the
// turn of a shift, a sprayer does not get far.
const (
	signInEvery  = 2 * time.Second
	signInBurst  = 30
	limiterLimit = 10000 // addresses remembered
	limiterAge   = 5 * time.Minute
)

// limiter slows attempts by key. It remembers no more than limiterLimit keys.
type limiter struct {
	now func() time.Time

	mu     sync.Mutex
	byKey  map[string]*tries
	sweeps time.Time
}

type tries struct {
	limit *rate.Limiter
	last  time.Time
}

func newLimiter(now func() time.Time) *limiter {
	return &limiter{now: now, byKey: make(map[string]*tries)}
}

// allow takes one attempt of the key.
func (l *limiter) allow(key string) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	now := l.now()
	l.sweep(now)
	t := l.byKey[key]
	if t == nil {
		if len(l.byKey) >= limiterLimit {
			return false
		}
		t = &tries{limit: rate.NewLimiter(rate.Every(signInEvery), signInBurst)}
		l.byKey[key] = t
	}
	t.last = now
	return t.limit.AllowN(now, 1)
}

// sweep forgets keys that were quiet, once a minute.
func (l *limiter) sweep(now time.Time) {
	if now.Sub(l.sweeps) < time.Minute {
		return
	}
	l.sweeps = now
	for key, t := range l.byKey {
		if now.Sub(t.last) > limiterAge {
			delete(l.byKey, key)
		}
	}
}
