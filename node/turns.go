package node

import (
	"context"
	"time"
)

// lookAhead is how long at most is slept towards the next turn: clocks are set.
const lookAhead = time.Hour

// turns tells the seats anew when groups of the policy begin or end.
type turns struct {
	next     func(now time.Time) time.Time // of the policy in force; zero for never
	now      func() time.Time
	tell     func(context.Context)
	replaced chan struct{} // holds a token once there is another policy
}

func newTurns(next func(time.Time) time.Time, now func() time.Time, tell func(context.Context)) *turns {
	return &turns{next: next, now: now, tell: tell, replaced: make(chan struct{}, 1)}
}

// again says that the policy was replaced. It never blocks.
func (t *turns) again() {
	select {
	case t.replaced <- struct{}{}:
	default:
	}
}

// run tells until ctx ends.
func (t *turns) run(ctx context.Context) {
	for {
		turn := t.next(t.now())
		wait := lookAhead
		if !turn.IsZero() {
			wait = min(max(turn.Sub(t.now()), 0), lookAhead)
		}
		timer := time.NewTimer(wait)
		select {
		case <-timer.C:
			if !turn.IsZero() && !t.now().Before(turn) {
				t.tell(ctx)
			}
		case <-t.replaced:
		case <-ctx.Done():
		}
		timer.Stop()
		if ctx.Err() != nil {
			return
		}
	}
}
