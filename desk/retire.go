package desk

import (
	"context"
	"fmt"
	"time"
)

// retireLook is how often Retire looks whether all have left.
const retireLook = 100 * time.Millisecond

// Retire sends every desk to another node, not before after has passed: at once
// where nothing is at the seat, the others when they are done with it. No desk is
// let in any more. It returns once all have left, or with ctx's error.
func (d *Desk) Retire(ctx context.Context, after time.Duration) error {
	d.mu.Lock()
	d.retiring = true
	d.mu.Unlock()
	for _, s := range d.all() {
		s.post(func() { s.retire(after) })
	}
	look := time.NewTicker(retireLook)
	defer look.Stop()
	for {
		left := len(d.all())
		if left == 0 {
			return nil
		}
		select {
		case <-look.C:
		case <-ctx.Done():
			return fmt.Errorf("desk: %d seats still here: %w", left, ctx.Err())
		}
	}
}

// retire lets a seat take nothing more, and leave when it is free.
func (s *seat) retire(after time.Duration) {
	s.retiring, s.retireAfter = true, after
	s.pending = nil
	s.settle()
}

// leaveNode closes a free seat; its desk opens another elsewhere.
func (s *seat) leaveNode() {
	if len(s.texts) > 0 {
		return
	}
	s.drain(s.retireAfter)
	s.signOff()
}
