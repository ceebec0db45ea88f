package tickets

import (
	"math/rand/v2"
	"time"
)

// Backoff spaces attempts: doubling from First to Most, each somewhere in the
// upper half of its span, so that units that failed together do not return together.
type Backoff struct {
	First time.Duration // 1 s when zero
	Most  time.Duration // 5 min when zero
}

// mostRetryAfter limits what a unit may ask for: a slip of one must not park
// its tickets for a year.
const mostRetryAfter = time.Hour

func (b Backoff) withDefaults() Backoff {
	if b.First <= 0 {
		b.First = time.Second
	}
	if b.Most <= 0 {
		b.Most = 5 * time.Minute
	}
	return b
}

// after is the pause after the nth failure (from 1), r in [0,1).
func (b Backoff) after(n int, asked time.Duration, r float64) time.Duration {
	span := b.Most
	if n < 32 {
		span = min(b.Most, b.First<<(max(n, 1)-1))
	}
	if span <= 0 { // the shift ran over
		span = b.Most
	}
	pause := span/2 + time.Duration(r*float64(span/2))
	return max(pause, min(asked, mostRetryAfter))
}

func chance() float64 { return rand.Float64() } //nolint:gosec // spreads load, guards nothing
